//! From the first tag in the field to all items known, on each simulated reader, against the floor
//! that air and line set (readers.md section 8), computed in the same run.
//!
//! The tags are laid down at any moment of an empty look, as readers do: the rounds are spread
//! evenly over it. (A UHF module hears tags while it searches; there they are laid when a search
//! begins, the worst moment.) The floor is half an empty look (for a UHF module nothing), one inventory without luck or bad luck (the very UIDs that are laid) and one read of
//! 8 blocks per tag, each with its bytes on the line; nothing the station could leave out.
use std::time::{Duration, Instant};

use super::support::{Bench, MODELS, pile_floor, shelf, wait_floor};
use drivers::rfid::TagReader;
use drivers::rfid::pn5180::{Pn5180Reader, Pn5180Setup};
use drivers::rfid::setup::ReaderModel;
use drivers::sim::field::{Field, air};
use kiosk::session::{Content, Rules};
use kiosk::station::device::{About, Board, Device, Role};
use kiosk::station::reader::{Classify, Command, ReaderWork, Told, read_pile};

use std::sync::mpsc::{Receiver, channel};

/// Longest wait for anything here.
const PATIENCE: Duration = Duration::from_secs(60);

/// A reader at work, and what it tells.
struct AtWork {
    _device: Device<Command>,
    told: Receiver<Told>,
}

fn at_work(bench: &Bench) -> AtWork {
    let (tell, told) = channel();
    let (setup, model, spec) = (bench.setup.clone(), bench.model, bench.sim.port_spec());
    let port = spec.clone();
    let work = ReaderWork::new(
        Box::new(move || setup.open(model, &spec, None).map_err(|e| e.to_string())),
        Some(port.clone()),
        bench.security,
        Classify::new(&Rules::default()),
        Box::new(move |news| {
            // The measurement may have ended.
            let _ = tell.send(news);
        }),
    );
    let about = About {
        name: "bench".to_owned(),
        role: Role::Pad,
        model: model.name().to_owned(),
        port: port.to_string(),
    };
    let device = Device::start(&Board::default(), about, work).expect("a thread");
    AtWork { _device: device, told }
}

impl AtWork {
    fn wait(&self, what: &str, mut done: impl FnMut(&Told) -> bool) -> Instant {
        let until = Instant::now() + PATIENCE;
        while let Ok(news) = self.told.recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            if done(&news) {
                return Instant::now();
            }
        }
        panic!("never {what}");
    }
}

/// One pile, laid down so long after the end of an empty look: from then to every item known.
fn pile(bench: &Bench, station: &AtWork, ids: &[String], after: Duration) -> Duration {
    let mut known = std::collections::BTreeSet::new();
    while station.told.try_recv().is_ok() {}
    let look = station.wait("looked", |news| matches!(news, Told::Pad(..)));
    while let Some(rest) = (look + after).checked_duration_since(Instant::now()) {
        std::thread::park_timeout(rest);
    }
    let begin = Instant::now();
    bench.sim.lay(ids).expect("the tags exist");
    let end = station.wait("all known", |news| {
        let mut note = |tag: &kiosk::session::TagRead| {
            if matches!(tag.content, Content::Item { .. }) {
                known.insert(tag.uid);
            }
        };
        match news {
            Told::Read(tag) => note(tag),
            Told::Pad(tags, _) => tags.iter().for_each(note),
            _ => {}
        }
        known.len() == ids.len()
    });
    bench.sim.lift(ids).expect("the tags exist");
    let mut empty = 0;
    station.wait("forgotten", |news| {
        if let Told::Pad(tags, _) = news {
            empty = if tags.is_empty() { empty + 1 } else { 0 };
        }
        empty > 10
    });
    end - begin
}

/// The bare chip through embedded-hal, on virtual time: over a socket its pins would be measured,
/// not the reader.
fn chip(sizes: &[u32]) {
    for &n in sizes {
        let mut field = Field::new(7, air::WRITE_MAX);
        let tags = shelf(ReaderModel::Pn5180, n);
        let uids: Vec<_> = tags.iter().map(|placed| placed.tag.uid).collect();
        for placed in tags {
            let id = placed.tag.id.clone();
            field.add(placed.tag);
            field.lay(&id);
        }
        let setup = Pn5180Setup::default();
        let bench = drivers::sim::pn5180::bench::Bench::new(field, 7, setup.spi_hz);
        let (spi, busy, reset, delay) = bench.pins();
        let mut reader = Pn5180Reader::new(spi, busy, reset, delay, setup);
        reader.identify().expect("the chip answers");
        let begin = bench.now();
        let now = || bench.now() - begin;
        let known = read_pile(&mut reader, Classify::new(&Rules::default()), now);
        assert_eq!(known.expect("it reads").len(), uids.len());
        say(ReaderModel::Pn5180, n, now(), pile_floor(ReaderModel::Pn5180, &uids));
    }
}

fn say(model: ReaderModel, n: u32, took: Duration, floor: Duration) {
    println!(
        "{:<8} {n:>4} {:>10.1} {:>10.1} {:>7.2}",
        model.name(),
        floor.as_secs_f64() * 1e3,
        took.as_secs_f64() * 1e3,
        took.as_secs_f64() / floor.as_secs_f64(),
    );
}

pub(super) fn run(bench: bool) {
    let (rounds, sizes) = if bench { (7, &[1, 5, 10, 20][..]) } else { (1, &[2][..]) };
    println!(
        "time from the first tag in the field to all items known (floor: readers.md section 8)"
    );
    println!("{:<8} {:>4} {:>10} {:>10} {:>7}", "reader", "tags", "floor ms", "ms", "ratio");
    chip(sizes);
    for model in MODELS.into_iter().filter(|model| *model != ReaderModel::Pn5180) {
        let bench = Bench::start(model, shelf(model, 20));
        let station = at_work(&bench);
        station.wait("up", |news| matches!(news, Told::Pad(..)));
        for &n in sizes {
            let ids: Vec<String> = (0..n).map(|i| format!("book{i}")).collect();
            let uids: Vec<_> =
                ids.iter().map(|id| bench.sim.tag(id).expect("it exists").uid).collect();
            let floor = wait_floor(model) + pile_floor(model, &uids);
            // From the middle of the first part of a look to the middle of the last.
            let after = |round: u32| wait_floor(model) * (2 * round + 1) / rounds;
            let times = (0..rounds).map(|round| pile(&bench, &station, &ids, after(round)));
            let mean = times.sum::<Duration>() / rounds;
            say(model, n, mean, floor);
        }
    }
}
