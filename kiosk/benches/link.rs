//! The link at work: what is noted drained by the station's core, its journal on disk and a link
//! over loopback to the practice library system; a live patron meanwhile; and a thousand stations.
//! The library system is this program again, as a process of its own: both keep their data in
//! SQLite, whose one lock in a process would let each wait for the other.
//!
//! The bare loop is one TCP client that sends the same messages, built before, one after another to
//! a library of the same data and settings. A unit found open at a start is two messages: was it
//! done (17), and the return (09).
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command as Program, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use drivers::printer::device::SubmitError as PrintError;
use drivers::printer::job::JobId;
use drivers::printer::slip::Slip;
use kiosk::clock::{Clock, Now};
use kiosk::config::Config;
use kiosk::journal::{GROUPS_MAX, Journal, JournalError, KeyError, Sealer, draw_codes};
use kiosk::practice;
use kiosk::practice::{Fault, Kind, Practice};
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
/// Milliseconds for an answer, units and drains of that: the waits for the socket stand beside what
/// the practice library takes, some hundredths of a millisecond, and one link is shown against a
/// library system that takes longer too.
const LATE_MS: u64 = 2;
const LATE_UNITS: usize = 2_000;
const LATE_ROUNDS: usize = 3;
/// Most a live answer may take during a drain, against an idle link.
const LIVE_MAX: f64 = 1.5;
/// Units drained.
const UNITS: usize = 10_000;
/// Drains.
const ROUNDS: usize = 5;
/// The drain stands still after so many units, with nothing under way, and the bare loop sends as
/// many: what else a machine does comes and goes, and meets both.
const SLICE: usize = 500;
/// Stations connected at once.
const STATIONS: usize = 1_000;
/// Questions each of them asks.
const QUESTIONS: usize = 5;
/// Pause between two live questions.
const LIVE_PAUSE: Duration = Duration::from_millis(10);
/// Most answers the station takes into one write, as its loop does.
const ANSWERS_MAX: usize = 64;
/// How long the station waits for an event at most.
const TICK: Duration = Duration::from_millis(20);
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

/// The argument that makes this program a library system of the data named next.
const LIBRARY: &str = "--library";

/// A library system in a process of its own.
struct Library {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Library {
    /// `late`: milliseconds it takes for each answer.
    fn start(data: &Path, late: u64) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut process = Program::new(program)
            .arg(LIBRARY)
            .arg(data)
            .arg(late.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let input = process.stdin.take();
        let mut output = BufReader::new(process.stdout.take().expect("it was asked for"));
        let address = Self::line(&mut output).parse().expect("an address");
        Self { process, input, output, address }
    }

    fn line(output: &mut impl BufRead) -> String {
        let mut line = String::new();
        output.read_line(&mut line).expect("the library system speaks");
        line.trim_end().to_owned()
    }

    /// Ends it; how many returns are in its ledger.
    fn returns(mut self) -> usize {
        self.input = None;
        Self::line(&mut self.output).parse().expect("a number")
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.process.wait();
    }
}

/// What the library system's process does: says where it is, serves until its input ends, and says
/// how many returns it has.
fn be_library(data: PathBuf, late: u64) {
    let config = practice::Config {
        source: practice::Source::File(data),
        connections: 2 * STATIONS,
        ..practice::Config::default()
    };
    let library = Practice::start(config).expect("a library");
    library.set_fault(Fault::Late(late));
    println!("{}", library.addr());
    let _ = std::io::stdin().read(&mut [0]);
    let ledger = library.ledger().expect("a ledger");
    println!("{}", ledger.iter().filter(|entry| entry.kind == Kind::Return).count());
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

    /// Asks one after the other; seconds.
    fn ask_all(&mut self, messages: &[Vec<u8>]) -> f64 {
        let start = Instant::now();
        for message in messages {
            self.ask(message);
        }
        start.elapsed().as_secs_f64()
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
        all.push(build(&Ask::Checkin {
            item,
            at,
            already_done: true,
            cancel: false,
            branch: String::new(),
        }));
    }
    all
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
    /// Requests handed over.
    asked: usize,
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

    fn ask(
        &mut self,
        requests: Vec<(RequestId, Request)>,
        of: Priority,
    ) -> Result<(), SubmitError> {
        let asked = requests.len();
        self.sip.requests(requests, of)?;
        self.asked += asked;
        Ok(())
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
    is_live: bool,
    /// Answers that came, and those of them not taken yet.
    heard: usize,
    waiting: Vec<LinkAnswer>,
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
        let shared = clock.clone();
        let time = Arc::new(move || shared.mono_at(Instant::now()));
        let sip = SipHandle::start(sip, Some(time), None, move |event| {
            let _ = events.send((Instant::now(), event));
        });
        let ports = Ports { clock, sip: sip.expect("a thread"), asked: 0 };
        Self {
            core: Core::new(config, journal, false, ports).expect("a station"),
            inbox,
            config: config.clone(),
            item: ItemId::new(item(units)).expect("a barcode"),
            asked: None,
            next: Instant::now(),
            lives: Vec::new(),
            is_live: false,
            heard: 0,
            waiting: Vec::new(),
        }
    }

    /// As the station's loop: one event, and the answers that wait behind it.
    fn turn(&mut self) {
        let _ = self.core.view();
        self.core.tidy();
        let now = self.core.outside().now().mono;
        let due = self.core.deadline().map_or(TICK, |at| at.saturating_sub(now).min(TICK));
        // A live question has its own time.
        let asks = self.is_live && self.asked.is_none();
        let next = self.next.saturating_duration_since(Instant::now());
        let wait = if asks { due.min(next) } else { due };
        if !self.waiting.is_empty() {
            let rest = self.waiting.split_off(self.waiting.len().min(ANSWERS_MAX));
            return self.core.answered(std::mem::replace(&mut self.waiting, rest));
        }
        match self.inbox.recv_timeout(wait) {
            Ok((at, Event::Answer(end))) => {
                let mut ends = Vec::new();
                self.sort_answer(at, *end, &mut ends);
                let mut other = None;
                while ends.len() < ANSWERS_MAX && other.is_none() {
                    match self.inbox.try_recv() {
                        Ok((at, Event::Answer(end))) => self.sort_answer(at, *end, &mut ends),
                        Ok((_, event)) => other = Some(event),
                        Err(_) => break,
                    }
                }
                self.core.answered(ends);
                if let Some(Event::Status(status)) = other {
                    self.core.link_told(&status);
                }
            }
            Ok((_, Event::Status(status))) => self.core.link_told(&status),
            Ok(_) => {}
            Err(_) => self.core.wake(),
        }
    }

    fn sort_answer(&mut self, at: Instant, end: LinkAnswer, ends: &mut Vec<LinkAnswer>) {
        if end.id.0 < LIVE_IDS {
            self.heard += 1;
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
        // It waited from when it was due: the loop may have been at the disk.
        self.asked = Some(self.next);
        ports.sip.request(id, request, Priority::Live).expect("the link takes it");
    }

    /// Seconds until nothing is owed any more and all of it is on disk, from when the link was up.
    /// After each [`SLICE`] it stands still for `meanwhile`, which does not count.
    fn drain(&mut self, live: bool, mut meanwhile: impl FnMut()) -> f64 {
        self.is_live = live;
        self.core.wake();
        while !self.core.is_online() {
            self.turn();
        }
        let mut start = Instant::now();
        let mut spent = Duration::ZERO;
        let mut halt = self.core.stats().queued.saturating_sub(SLICE as u64);
        while self.core.stats().queued > 0 || self.core.is_busy() {
            assert!(start.elapsed() < PATIENCE, "{} are left", self.core.stats().queued);
            if live {
                self.ask_live();
            } else if self.core.stats().queued < halt {
                halt = halt.saturating_sub(SLICE as u64);
                self.let_end();
                spent += start.elapsed();
                meanwhile();
                start = Instant::now();
            }
            self.turn();
        }
        (spent + start.elapsed()).as_secs_f64()
    }

    /// Waits until the link has nothing under way, and takes no answer.
    fn let_end(&mut self) {
        let mut ends = std::mem::take(&mut self.waiting);
        while self.heard < self.core.outside().asked {
            match self.inbox.recv_timeout(PATIENCE) {
                Ok((at, Event::Answer(end))) => self.sort_answer(at, *end, &mut ends),
                Ok((_, Event::Status(status))) => self.core.link_told(&status),
                other => assert!(other.is_ok(), "the link answers"),
            }
        }
        self.waiting = ends;
    }

    /// What live questions take while nothing else goes on.
    fn idle(&mut self, questions: usize) -> Vec<Duration> {
        self.is_live = true;
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

fn check(library: Library, units: usize) {
    assert_eq!(library.returns(), units, "each return is in the ledger, once");
}

/// Units a second of the bare loop and of the drain.
fn round(dir: &Path, config: &Config, of: Drained, number: usize) -> [f64; 2] {
    let Drained { units, late } = of;
    let data = data(dir, units);
    let other = Library::start(&data, late);
    let all = messages(config, 0..units);
    let mut slices = all.chunks(2 * SLICE);
    let mut client = Bare::connect(other.address);
    let (mut sent, mut seconds) = (0, 0.0);

    let target = Library::start(&data, late);
    let name = format!("drained-{}-{late}-{number}", config.library.links);
    let journal = noted(dir, &name, units);
    let mut station = Station::start(config, journal, target.address, units);
    let drain = station.drain(false, || {
        let Some(slice) = slices.next() else { return };
        sent += slice.len();
        seconds += client.ask_all(slice);
    });
    check(target, units);
    [sent as f64 / 2.0 / seconds, units as f64 / drain]
}

/// What is drained, and from whom.
#[derive(Clone, Copy)]
struct Drained {
    units: usize,
    /// Milliseconds the library system takes for each answer, besides its work.
    late: u64,
}

fn drained(dir: &Path, config: &Config, of: Drained, rounds: usize) {
    let links = config.library.links;
    let Drained { units, late } = of;
    println!(
        "{units} noted returns drained over {links} link(s), journal on disk; the bare loop has one"
    );
    if late > 0 {
        println!("each answer {late} ms late");
    }
    println!("{:<8} {:>18} {:>18} {:>8}", "units/s", "bare loop", "the station", "ratio");
    let mut ratios = Vec::new();
    for number in 1..=rounds {
        let [bare, drain] = round(dir, config, of, number);
        println!("{number:<8} {bare:>18.0} {drain:>18.0} {:>8.2}", drain / bare);
        ratios.push(drain / bare);
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[rounds / 2];
    println!("a unit is two messages");
    println!();
    let what = format!("drained over {links} link(s), of the loop, median");
    limit(&what, ratio, ratio >= DRAIN_MIN, "at least 0.95");
    println!();
}

fn live(dir: &Path, config: &Config, units: usize, questions: usize) {
    let data = data(dir, units);
    let links = config.library.links;
    let target = Library::start(&data, 0);
    let journal = noted(dir, &format!("live-{links}"), units);
    let mut station = Station::start(config, journal, target.address, units);
    let drain = units as f64 / station.drain(true, || {});
    let mut idle = station.idle(questions);
    check(target, units);
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
    let library = Library::start(&data(dir, stations), 0);
    let address = library.address;
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
    let mut arguments = std::env::args_os().skip_while(|argument| argument != LIBRARY);
    if let Some(data) = arguments.nth(1) {
        let late = arguments.next().and_then(|ms| ms.to_str()?.parse().ok()).unwrap_or(0);
        return be_library(data.into(), late);
    }
    // Under `cargo test`, which passes no `--bench`, few show that all of it works.
    let bench = std::env::args().any(|argument| argument == "--bench");
    let part = |of: usize| if bench { of } else { of / 50 };
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a writable target");
    let dir = dir.path();
    let mut config: Config = toml::from_str(CONFIG).expect("a set-up");
    // Some slices at least, so that standing still is tried too.
    let units = part(UNITS).max(3 * SLICE);
    for links in [1, 2] {
        config.library.links = links;
        drained(dir, &config, Drained { units, late: 0 }, if bench { ROUNDS } else { 1 });
    }
    config.library.links = 1;
    let few = Drained { units: part(LATE_UNITS).max(10), late: LATE_MS };
    drained(dir, &config, few, if bench { LATE_ROUNDS } else { 1 });
    for links in [1, 2] {
        config.library.links = links;
        live(dir, &config, part(UNITS) / 2, part(LIVE_IDLE));
    }
    crowd(dir, part(STATIONS));
}
