//! The link at work: what is noted drained by the station's core, its journal on disk and a link
//! over loopback to the practice library system; a live patron meanwhile; and a thousand stations.
//!
//! The bare loop is one TCP client that sends the same messages, built before, one after another to
//! a library of the same data and settings. A unit found open at a start is two messages: was it
//! done (17), and the return (09).
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use drivers::printer::device::SubmitError as PrintError;
use drivers::printer::job::JobId;
use drivers::printer::slip::Slip;
use kiosk::clock::{Clock, Now};
use kiosk::config::Config;
use kiosk::journal::{GROUPS_MAX, Journal, JournalError, KeyError, Sealer, draw_codes};
use kiosk::practice;
use kiosk::practice::{Kind, Practice};
use kiosk::session::{Ask, ItemId, JobKind, Record, Room, SessionCode, TxnId, TxnOutcome};
use kiosk::sip2::conn::{Event, SipConfig, SipHandle, SubmitError};
use kiosk::sip2::link::Answer as LinkAnswer;
use kiosk::sip2::{ErrorDetection, Priority, Request, RequestId, Sequence, SipDate};
use kiosk::station::core::{Core, Outside};
use kiosk::station::ils;
use kiosk::station::reader::Command;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Least rate of the drain against the bare loop.
const DRAIN_MIN: f64 = 0.95;
/// Most a live answer may take during a drain, against an idle link.
const LIVE_MAX: f64 = 1.5;
/// Units drained.
const UNITS: usize = 10_000;
/// Drains, each amid a bare loop: what else a machine does moves single ones by a tenth.
const ROUNDS: usize = 5;
/// Units sent by the bare loop before a drain, and again behind it.
const BARE: usize = 2_500;
/// Stations connected at once.
const STATIONS: usize = 1_000;
/// Questions each of them asks.
const QUESTIONS: usize = 5;
/// Pause between two live questions.
const LIVE_PAUSE: Duration = Duration::from_millis(10);
/// Live questions asked of an idle link.
const LIVE_IDLE: usize = 200;
/// Live questions have numbers of their own.
const LIVE_IDS: u64 = 1 << 40;
/// Most that a drain, or a station, may take.
const PATIENCE: Duration = Duration::from_secs(100);
/// Loans of one patron in the data.
const LOANS: usize = 500;

const CONFIG: &str = r#"
[station]
id = "BENCH"
data_dir = "/data"
key_file = "/key"
name = { zh-CN = "馆", en = "Library" }
[library.profile]
institution_id = "YZLIB"
"#;

fn item(n: usize) -> String {
    format!("YZ{n:07}")
}

/// A library in which every item is on loan, but for a last one that live patrons ask about.
fn data(dir: &Path, items: usize) -> PathBuf {
    let patron = |n: usize| {
        format!(
            r#"{{"number":"02{n:08}","name":"P","pin":"739146","class":"adult","expires":"2036-12-31","language":"en"}}"#
        )
    };
    let book = |n: usize| {
        let number = item(n);
        format!(
            r#"{{"barcode":"{number}","title":"Book {n}","owner":"CN-321182-YZ","home":"YZ-MAIN","parts":1}}"#
        )
    };
    let loan = |n: usize| {
        let (number, patron) = (item(n), n / LOANS);
        format!(r#"{{"item":"{number}","patron":"02{patron:08}","lent":"-10","due":"+20"}}"#)
    };
    let all = |f: &dyn Fn(usize) -> String, to: usize| (0..to).map(f).collect::<Vec<_>>().join(",");
    let text = format!(
        r#"{{"format":1,"institution":"YZLIB","library":{{"zh":"馆","en":"Library"}},
        "classes":[{{"code":"adult","zh":"成人","en":"Adult","loan_limit":{LOANS},"hold_limit":5,"fee_limit":"10.00"}}],
        "branches":[{{"code":"YZ-MAIN","zh":"馆","en":"Library"}}],
        "patrons":[{}],"items":[{}],"loans":[{}]}}"#,
        all(&patron, items.div_ceil(LOANS)),
        all(&book, items + 1),
        all(&loan, items),
    );
    let path = dir.join("library.json");
    std::fs::write(&path, text).expect("room for the data");
    path
}

fn library(data: &Path) -> Practice {
    let config = practice::Config {
        source: practice::Source::File(data.to_owned()),
        connections: 2 * STATIONS,
        ..practice::Config::default()
    };
    Practice::start(config).expect("a library")
}

/// One client's connection, without any of the product's own.
struct Bare {
    stream: TcpStream,
    buffer: [u8; 4096],
}

impl Bare {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the library listens");
        stream.set_nodelay(true).expect("a socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Self { stream, buffer: [0; 4096] }
    }

    fn ask(&mut self, message: &[u8]) {
        self.stream.write_all(message).expect("the library takes it");
        loop {
            let n = self.stream.read(&mut self.buffer).expect("the library answers");
            assert!(n > 0, "the library answers");
            if self.buffer[..n].contains(&b'\r') {
                return;
            }
        }
    }
}

/// What the station sends for these units, in its own bytes.
fn messages(config: &Config, units: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    let profile = &config.library.profile;
    let at = "2026-11-22T10:30:00".parse().expect("a moment");
    let mut digit = Sequence::default();
    let mut build = |ask: &Ask| {
        let mut bytes =
            ils::request(ask, profile, at).encode(profile.charset, ErrorDetection::On(digit));
        bytes.extend_from_slice(profile.terminator.bytes());
        digit = digit.next();
        bytes
    };
    let mut all = Vec::new();
    for n in units {
        let item = ItemId::new(item(n)).expect("a barcode");
        all.push(build(&Ask::Item { item: item.clone() }));
        all.push(build(&Ask::Checkin { item, at, already_done: true, cancel: false }));
    }
    all
}

/// Seconds of the bare loop for these messages.
fn bare(address: SocketAddr, messages: &[Vec<u8>]) -> f64 {
    let mut client = Bare::connect(address);
    let start = Instant::now();
    for message in messages {
        client.ask(message);
    }
    start.elapsed().as_secs_f64()
}

/// A journal in which so many returns are noted.
fn noted(dir: &Path, name: &str, units: usize) -> Journal {
    let sealer = Sealer::from_file(&dir.join("key")).expect("the key is made");
    let mut journal =
        Journal::open(&dir.join(name).with_extension("sqlite"), sealer).expect("a journal");
    let note = |n: usize| {
        let txn = TxnId(n as u64 + 1);
        let intent = Record::Intent {
            txn,
            session: SessionCode("7K4-M92".to_owned()),
            kind: JobKind::Checkin,
            item: ItemId::new(item(n)).expect("a barcode"),
            patron: None,
            tags: Vec::new(),
            at: "2026-11-22T10:30:00".parse().expect("a moment"),
        };
        [intent, Record::Outcome { txn, outcome: TxnOutcome::Queued { want: None } }]
    };
    let units: Vec<_> = (0..units).map(note).collect();
    for some in units.chunks(GROUPS_MAX) {
        let groups: Vec<&[Record]> = some.iter().map(<[Record; 2]>::as_slice).collect();
        assert!(journal.write_all(&groups).iter().all(Result::is_ok), "the journal is written");
    }
    journal
}

/// The core's outside: the link, and no devices.
struct Ports {
    clock: Clock,
    sip: SipHandle,
}

impl Outside for Ports {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn mono_at(&self, moment: Instant) -> Duration {
        self.clock.mono_at(moment)
    }

    fn has_power(&self) -> bool {
        true
    }

    fn codes(&mut self, n: usize) -> Result<Vec<SessionCode>, KeyError> {
        draw_codes(n)
    }

    fn ask(&mut self, id: RequestId, request: Request, of: Priority) -> Result<(), SubmitError> {
        self.sip.request(id, request, of)
    }

    fn read(&mut self, _number: usize, _command: Command) -> bool {
        false
    }

    fn print(&mut self, _slip: &Slip) -> Option<Result<JobId, PrintError>> {
        None
    }

    fn forget(&mut self) {}

    fn recorded(&mut self, _records: &[Record], _error: Option<&JournalError>) {}

    fn room_told(&mut self, _room: Room) {}

    fn library_time(&self, told: SipDate) -> Option<jiff::civil::DateTime> {
        told.civil()
    }

    fn call_staff(&mut self) {}

    fn today(&mut self) -> jiff::civil::Date {
        self.clock.now().wall.date()
    }
}

/// A station, and its live patron.
struct Station {
    core: Core<Ports>,
    inbox: Receiver<(Instant, Event)>,
    config: Config,
    item: ItemId,
    /// When the live question under way was asked, and when the next one may be.
    asked: Option<Instant>,
    next: Instant,
    lives: Vec<Duration>,
}

impl Station {
    fn start(config: &Config, journal: Journal, address: SocketAddr, units: usize) -> Self {
        let clock = Clock::new("Asia/Shanghai").expect("a zone");
        let (events, inbox): (SyncSender<(Instant, Event)>, _) = sync_channel(1024);
        let sip = SipConfig {
            host: address.ip().to_string(),
            port: address.port(),
            tls: None,
            profile: config.library.profile.clone(),
            links: config.library.links,
        };
        let sip = SipHandle::start(sip, None, None, move |event| {
            let _ = events.send((Instant::now(), event));
        });
        let ports = Ports { clock, sip: sip.expect("a thread") };
        Self {
            core: Core::new(config, journal, false, ports).expect("a station"),
            inbox,
            config: config.clone(),
            item: ItemId::new(item(units)).expect("a barcode"),
            asked: None,
            next: Instant::now(),
            lives: Vec::new(),
        }
    }

    /// As the station's loop: one event, and the answers that wait behind it.
    fn turn(&mut self) {
        let _ = self.core.view();
        self.core.tidy();
        let wait = Duration::from_millis(1);
        match self.inbox.recv_timeout(wait) {
            Ok((at, Event::Answer(end))) => {
                let mut ends = Vec::new();
                self.sort_answer(at, *end, &mut ends);
                while let Ok((at, Event::Answer(end))) = self.inbox.try_recv() {
                    self.sort_answer(at, *end, &mut ends);
                }
                self.core.answered(ends);
            }
            Ok((_, Event::Status(status))) => self.core.link_told(&status),
            Ok(_) => {}
            Err(_) => self.core.wake(),
        }
    }

    fn sort_answer(&mut self, at: Instant, end: LinkAnswer, ends: &mut Vec<LinkAnswer>) {
        if end.id.0 < LIVE_IDS {
            return ends.push(end);
        }
        if let Some(asked) = self.asked.take() {
            self.lives.push(at.saturating_duration_since(asked));
        }
        self.next = Instant::now() + LIVE_PAUSE;
    }

    fn ask_live(&mut self) {
        if self.asked.is_some() || Instant::now() < self.next {
            return;
        }
        let ask = Ask::Item { item: self.item.clone() };
        let ports = self.core.outside_mut();
        let request = ils::request(&ask, &self.config.library.profile, ports.clock.now().wall);
        let id = RequestId(LIVE_IDS + self.lives.len() as u64);
        self.asked = Some(Instant::now());
        ports.sip.request(id, request, Priority::Live).expect("the link takes it");
    }

    /// Seconds until nothing is owed any more and all of it is on disk, from when the link was up.
    fn drain(&mut self, live: bool) -> f64 {
        self.core.wake();
        while !self.core.is_online() {
            self.turn();
        }
        let start = Instant::now();
        while self.core.stats().queued > 0 || self.core.is_busy() {
            assert!(start.elapsed() < PATIENCE, "{} are left", self.core.stats().queued);
            if live {
                self.ask_live();
            }
            self.turn();
        }
        start.elapsed().as_secs_f64()
    }

    /// What live questions take while nothing else goes on.
    fn idle(&mut self, questions: usize) -> Vec<Duration> {
        let drained = std::mem::take(&mut self.lives);
        while self.lives.len() < questions {
            self.ask_live();
            self.turn();
        }
        std::mem::replace(&mut self.lives, drained)
    }
}

/// The part of sorted times below which so many per cent lie, in milliseconds.
fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

fn limit(what: &str, seen: f64, holds: bool, limit: &str) {
    let held = if holds { "holds" } else { "MISSED" };
    println!("{what:<44} {seen:>8.2}   limit {limit:<11} {held}");
}

fn check(library: &Practice, units: usize) {
    let ledger = library.ledger().expect("a ledger");
    let returns = ledger.iter().filter(|entry| entry.kind == Kind::Return).count();
    assert_eq!(returns, units, "each return is in the ledger, once");
}

/// Units a second of the bare loop and of the drain.
fn round(dir: &Path, config: &Config, units: usize, bare_units: usize, number: usize) -> [f64; 2] {
    let data = data(dir, units);
    let other = library(&data);
    let all = messages(config, 0..2 * bare_units);
    let (before, behind) = all.split_at(all.len() / 2);
    let mut seconds = bare(other.addr(), before);

    let target = library(&data);
    let journal = noted(dir, &format!("drained-{number}"), units);
    let mut station = Station::start(config, journal, target.addr(), units);
    let drain = units as f64 / station.drain(false);
    check(&target, units);
    drop(station);

    seconds += bare(other.addr(), behind);
    [2.0 * bare_units as f64 / seconds, drain]
}

fn drained(dir: &Path, config: &Config, units: usize, bare_units: usize, rounds: usize) {
    println!("{units} noted returns drained, journal on disk, library system in memory");
    println!("{:<8} {:>18} {:>18} {:>8}", "units/s", "bare loop", "the station", "ratio");
    let mut ratios = Vec::new();
    for number in 1..=rounds {
        let [bare, drain] = round(dir, config, units, bare_units, number);
        println!("{number:<8} {bare:>18.0} {drain:>18.0} {:>8.2}", drain / bare);
        ratios.push(drain / bare);
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[rounds / 2];
    println!("a unit is two messages");
    println!();
    limit("drained, of the bare loop, median", ratio, ratio >= DRAIN_MIN, "at least 0.95");
    println!();
}

fn live(dir: &Path, config: &Config, units: usize, questions: usize) {
    let data = data(dir, units);
    let links = config.library.links;
    let target = library(&data);
    let journal = noted(dir, &format!("live-{links}"), units);
    let mut station = Station::start(config, journal, target.addr(), units);
    let drain = units as f64 / station.drain(true);
    let mut idle = station.idle(questions);
    check(&target, units);
    let mut busy = std::mem::take(&mut station.lives);
    println!(
        "A live patron's answer, {links} link(s), {} while {drain:.0} units/s are drained, {} idle",
        busy.len(),
        idle.len()
    );
    println!("{:<12} {:>10} {:>10} {:>8}", "", "drain, ms", "idle, ms", "ratio");
    let mut median = f64::NAN;
    for (name, percent) in [("median", 50), ("p95", 95)] {
        let (busy, idle) = (percentile(&mut busy, percent), percentile(&mut idle, percent));
        println!("{name:<12} {busy:>10.2} {idle:>10.2} {:>8.2}", busy / idle);
        if percent == 50 {
            median = busy / idle;
        }
    }
    println!();
    limit("live answer, median, of idle", median, median < LIVE_MAX, "below 1.5");
    println!();
}

/// What one station of many met: the time of each answer, or `None` when it was refused.
async fn visit(mut stream: tokio::net::TcpStream, number: usize) -> Option<Vec<Duration>> {
    let book = item(number);
    let question = format!("1720261122    103000AOYZLIB|AB{book}|AC|\r");
    let mut messages = vec![
        (format!("9300CNsc{number}|COsc|CPYZ-MAIN|\r"), "941"),
        ("9900802.00\r".to_owned(), "98Y"),
    ];
    messages.extend((0..QUESTIONS).map(|_| (question.clone(), "18")));
    let mut times = Vec::new();
    let mut buffer = [0; 4096];
    for (message, answer) in messages {
        let start = Instant::now();
        stream.write_all(message.as_bytes()).await.ok()?;
        let mut heard = Vec::new();
        while !heard.contains(&b'\r') {
            match stream.read(&mut buffer).await {
                Ok(n @ 1..) => heard.extend_from_slice(&buffer[..n]),
                _ => return None,
            }
        }
        if !heard.starts_with(answer.as_bytes()) {
            return None;
        }
        times.push(start.elapsed());
    }
    Some(times)
}

fn crowd(dir: &Path, stations: usize) {
    let library = library(&data(dir, stations));
    let address = library.addr();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let start = Instant::now();
    let ends = runtime.block_on(async {
        let mut streams = Vec::new();
        for _ in 0..stations {
            streams.push(tokio::net::TcpStream::connect(address).await.expect("a connection"));
        }
        let mut visits = tokio::task::JoinSet::new();
        for (number, stream) in streams.into_iter().enumerate() {
            visits.spawn(async move {
                tokio::time::timeout(PATIENCE, visit(stream, number)).await.ok().flatten()
            });
        }
        visits.join_all().await
    });
    let refused = ends.iter().filter(|end| end.is_none()).count();
    let mut times: Vec<Duration> = ends.into_iter().flatten().flatten().collect();
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    println!(
        "{stations} stations at once, each 93, 99 and {QUESTIONS} questions: {rate:.0} answers/s"
    );
    let (p50, p99) = (percentile(&mut times, 50), percentile(&mut times, 99));
    println!("p50 {p50:.1} ms, p99 {p99:.1} ms");
    println!();
    limit("stations refused", refused as f64, refused == 0, "0");
    println!();
}

fn main() {
    // Under `cargo test`, which passes no `--bench`, few show that all of it works.
    let bench = std::env::args().any(|argument| argument == "--bench");
    let part = |of: usize| if bench { of } else { of / 50 };
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a writable target");
    let dir = dir.path();
    let mut config: Config = toml::from_str(CONFIG).expect("a set-up");
    drained(dir, &config, part(UNITS), part(BARE), if bench { ROUNDS } else { 1 });
    for links in [1, 2] {
        config.library.links = links;
        live(dir, &config, part(UNITS) / 2, part(LIVE_IDLE));
    }
    crowd(dir, part(STATIONS));
}
