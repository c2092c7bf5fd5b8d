//! Ten books laid down to all ten lent and secured, against a practice library that answers after
//! 20 ms, with the floor computed in the same run.
//!
//! The floor lets air, line and library system overlap as far as the rules allow: one inventory
//! and one read per book (or the time a book must lie still, if that is longer); one more look,
//! without which nothing can lie still; the first book's answer, for no tag is released before it;
//! and then the reader alone, writing and reading back ten tags without a pause.
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::support::{MODELS, Shelf, look_floor, pile_floor, secure_floor};
use kiosk::clock::Clock;
use kiosk::config::Config;
use kiosk::demo::rig::{Rig, RigOptions};
use kiosk::practice::Fault;
use kiosk::station::{Event, Listeners, StationHandle};
use ui::view::{LineState, Screen, Touch, View};

/// The library system's answer time.
const ROUND_TRIP: Duration = Duration::from_millis(20);
/// Books of the practice library nobody has borrowed.
const BOOKS: [&str; 10] = [
    "YZ0000101",
    "YZ0000102",
    "YZ0000103",
    "YZ0000104",
    "YZ0000105",
    "YZ0000106",
    "YZ0000107",
    "YZ0000108",
    "YZ0000109",
    "YZ0000110",
];
/// One of its readers, who may borrow fifteen.
const CARD: &str = "0200006789";
/// Longest wait for anything here.
const PATIENCE: Duration = Duration::from_secs(60);

type Seen = Arc<Mutex<(Option<View>, Option<Instant>)>>;

fn lent(view: &View) -> usize {
    let Screen::Borrow(work) = &view.screen else { return 0 };
    work.lines.iter().filter(|line| line.state == LineState::Borrowed).count()
}

fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "never {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// One session; from laying the pile to the tenth "borrowed" on the screen.
fn session(shelf: &Shelf) -> (Duration, Duration) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("station.toml");
    std::fs::write(&path, shelf.station_file()).expect("written");
    let config = Config::load(&path).expect("a good configuration");
    let stable = Duration::from_secs_f64(config.session.times.pad_stable_s);
    let clock = Clock::new(&config.station.zone).expect("a zone");
    let seen: Seen = Arc::default();
    let listeners = Listeners {
        view: {
            let seen = Arc::clone(&seen);
            Arc::new(move |view| {
                let mut seen = seen.lock().expect("no panic elsewhere");
                if lent(view) == BOOKS.len() && seen.1.is_none() {
                    seen.1 = Some(Instant::now());
                }
                seen.0 = Some(view.clone());
            })
        },
        ..Listeners::default()
    };
    let rig = Rig::start(config, clock, listeners, RigOptions::default()).expect("a station");
    rig.practice().expect("simulated").set_fault(Fault::Late(20));
    let station = rig.station().expect("it is on");
    let snapshot = |station: &StationHandle| station.snapshot().expect("it answers");
    wait("up", || snapshot(station).online && snapshot(station).reader);
    station.send(Event::Touch(Touch::Borrow));
    rig.pads().lay(&[CARD]).expect("the card exists");
    wait("known", || snapshot(station).view.screen.name() == "borrow");
    rig.pads().lift(&[CARD]).expect("the card exists");
    let scans = snapshot(station).scans;
    wait("lifted", || snapshot(station).scans > scans + 3);
    let begin = Instant::now();
    rig.pads().lay(&BOOKS).expect("the books exist");
    wait("all lent", || seen.lock().expect("no panic elsewhere").1.is_some());
    let end = seen.lock().expect("no panic elsewhere").1.expect("just seen");
    for book in BOOKS {
        let tag = rig.pads().tag(book).expect("it exists");
        let profile = rig.config().security;
        assert!(kiosk::demo::pads::is_in_state(&tag, &profile, true), "{book} is not released");
    }
    let uids: Vec<_> = BOOKS.iter().map(|book| rig.uid(book).expect("it exists")).collect();
    let known = pile_floor(shelf.model, &uids).max(stable);
    let floor =
        known + look_floor(shelf.model, &uids) + ROUND_TRIP + secure_floor(shelf.model) * 10;
    (end - begin, floor)
}

pub(super) fn run(bench: bool) {
    let rounds = if bench { 5 } else { 1 };
    println!("ten books laid down to ten lent and secured, library system at 20 ms");
    println!("{:<8} {:>10} {:>10} {:>7}", "reader", "floor ms", "ms", "ratio");
    for model in MODELS {
        let shelf = Shelf { model };
        let mut times: Vec<(Duration, Duration)> = (0..rounds).map(|_| session(&shelf)).collect();
        times.sort_unstable();
        let (time, floor) = times[times.len() / 2];
        println!(
            "{:<8} {:>10.1} {:>10.1} {:>7.2}",
            model.name(),
            floor.as_secs_f64() * 1e3,
            time.as_secs_f64() * 1e3,
            time.as_secs_f64() / floor.as_secs_f64(),
        );
    }
}
