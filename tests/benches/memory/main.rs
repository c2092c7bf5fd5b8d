//! Memory of a working day: eight simulated hours at 200 sessions an hour, on a virtual clock.
//!
//! Measured are the station's real parts (session, core, links, reader's work, spooler, journal
//! and event log on a disk), with the simulated pad and printer around them. The library system is
//! this program again as a process of its own: its ledger grows by nature. So a figure of this
//! process is the station's, or too high by the simulators.
//!
//! Heap is what Rust code holds, counted by an allocator on the one thread that does all. What
//! SQLite holds is C's: it is in the resident set, and so is what the allocator keeps for later.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod library;
mod station;

use std::collections::VecDeque;
use std::path::Path;
use std::time::Instant;

use allocation_counter::measure;
use kiosk::config::Config;
use library::{LIBRARY, Library, Tally};
use station::{SECOND, Station};
use tests::storm::ports::beginning;
use ui::view::{Finish, Line, LineState, Receipt, Screen, Touch, Work};

/// Most growth from the warm-up to the end, in bytes.
const GROWTH_MAX: i64 = 20_000_000;
/// Time of one session: 200 in an hour.
const SESSION: u64 = 18 * SECOND;
/// Time from a look at the screen to a touch.
const THINK: u64 = SECOND / 2;
/// Books on loan at the end, at least.
const LENT: u32 = 30;

const CONFIG: &str = r#"
[station]
id = "BENCH"
data_dir = "DIR/data"
key_file = "DIR/key"
name = { zh-CN = "馆", en = "Library" }
[library.profile]
institution_id = "YZLIB"
[printer]
[session]
language = "en"
[session.offline]
lending = true
items_per_session = 5
"#;

/// How long, and how much.
#[derive(Clone, Copy)]
struct Plan {
    hours: u32,
    /// Sessions in each.
    sessions: u32,
    /// Those of an hour in which the library system is away.
    away: (u32, u32),
    /// Sessions of the warm-up.
    warm: u32,
}

/// The day.
const DAY: Plan = Plan { hours: 8, sessions: 200, away: (140, 160), warm: 100 };
/// Minutes that show that all of it works.
const MINUTES: Plan = Plan { hours: 2, sessions: 30, away: (10, 20), warm: 10 };

/// What a session is for. The numbers are books.
#[derive(Clone, Copy)]
enum Kind {
    Return(u32),
    Borrow(u32),
    Renew,
}

/// Ten sessions, again and again. Returns come first: nobody can borrow in the first half minute
/// without a library system.
const ROUND: [Kind; 10] = [
    Kind::Return(3),
    Kind::Return(4),
    Kind::Return(4),
    Kind::Return(4),
    Kind::Borrow(1),
    Kind::Borrow(2),
    Kind::Borrow(3),
    Kind::Borrow(4),
    Kind::Borrow(5),
    Kind::Renew,
];

impl Plan {
    fn is_away(&self, session: u32) -> bool {
        let (from, to) = self.away;
        (from..to).contains(&(session % self.sessions))
    }

    fn kind(&self, session: u32) -> Kind {
        match ROUND[session as usize % ROUND.len()] {
            // No list can be had then.
            Kind::Renew if self.is_away(session) => Kind::Return(1),
            kind => kind,
        }
    }

    fn all(&self) -> u32 {
        self.hours * self.sessions
    }

    /// Books lent and returned in all sessions.
    fn books(&self) -> (u32, u32) {
        (0..self.all()).fold((0, 0), |(lent, back), n| match self.kind(n) {
            Kind::Borrow(books) => (lent + books, back),
            Kind::Return(books) => (lent, back + books),
            Kind::Renew => (lent, back),
        })
    }

    /// Books on loan at the start: enough for all that come back before as many were lent.
    fn lent(&self) -> u32 {
        let (lent, back) = self.books();
        LENT + back.saturating_sub(lent)
    }
}

/// What was asked for, session by session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Done {
    sessions: u64,
    loans: u64,
    returns: u64,
    renewals: u64,
    receipts: u64,
    /// Of loans and returns those noted while the library system was away.
    noted: u64,
}

/// The day's people.
struct People {
    plan: Plan,
    next: u32,
    /// The next book that was never lent. Each is lent once: what is remembered of it adds up.
    fresh: u32,
    /// Books that come back, the oldest first.
    lent: VecDeque<u32>,
    /// Who borrowed last, and how many.
    last: (u32, u32),
    done: Done,
}

impl People {
    fn new(plan: Plan) -> Self {
        let fresh = plan.lent();
        let lent = (0..fresh).collect();
        Self { plan, next: 0, fresh, lent, last: (0, 0), done: Done::default() }
    }

    /// One session, and the pause behind it.
    fn session(&mut self, station: &mut Station) {
        let end = station.now() + SESSION;
        let number = self.next;
        self.next += 1;
        station.set_network(!self.plan.is_away(number));
        station.until("the start screen", |screen| matches!(screen, Screen::Attract { .. }));
        let before = self.done;
        let finish = match self.plan.kind(number) {
            Kind::Borrow(books) => self.borrow(station, number, books),
            Kind::Return(books) => self.give_back(station, books),
            Kind::Renew => self.renew(station),
        };
        let wanted = (self.done.loans + self.done.returns + self.done.renewals)
            - (before.loans + before.returns + before.renewals);
        let said = finish.borrowed + finish.returned + finish.renewed + finish.queued;
        assert_eq!(u64::from(said), wanted, "session {number}: {finish:?}");
        assert!(finish.not_done.is_empty(), "session {number}: {finish:?}");
        let noted = u64::from(finish.queued);
        assert!(!self.plan.is_away(number) || noted == wanted, "session {number}: {finish:?}");
        self.done.noted += noted;
        self.done.sessions += 1;
        assert!(station.now() < end, "session {number} takes too long");
        station.run_to(end);
    }

    /// A patron never seen before lays down a pile.
    fn borrow(&mut self, station: &mut Station, session: u32, books: u32) -> Finish {
        station.touch(Touch::Borrow);
        station.run_for(THINK);
        station.show_card(session, |screen| matches!(screen, Screen::Borrow(_)));
        let pile = self.fresh..self.fresh + books;
        self.fresh += books;
        for n in pile.clone() {
            station.lay(n, false);
        }
        station
            .until("the pile lent", |s| matches!(s, Screen::Borrow(work) if is_done(work, books)));
        let finish = self.receipt(station);
        for n in pile {
            assert!(station.lift(n).is_released(), "a book that was lent leaves silently");
            self.lent.push_back(n);
        }
        self.done.loans += u64::from(books);
        self.last = (session, books);
        self.leave(station);
        finish
    }

    fn give_back(&mut self, station: &mut Station, books: u32) -> Finish {
        station.touch(Touch::GiveBack);
        station.run_for(THINK);
        let pile: Vec<u32> = self.lent.drain(..books as usize).collect();
        for &n in &pile {
            station.lay(n, true);
        }
        station.until(
            "the pile returned",
            |s| matches!(s, Screen::GiveBack(work) if is_done(work, books)),
        );
        let finish = self.receipt(station);
        for n in pile {
            assert!(station.lift(n).is_secured(), "a book that was returned is armed");
        }
        self.done.returns += u64::from(books);
        self.leave(station);
        finish
    }

    /// The last to borrow comes again.
    fn renew(&mut self, station: &mut Station) -> Finish {
        let (who, books) = self.last;
        station.touch(Touch::Account);
        station.run_for(THINK);
        station.show_card(who, |s| matches!(s, Screen::Loans(loans) if !loans.loading));
        station.touch(Touch::RenewAll);
        station.until(
            "all renewed",
            |s| matches!(s, Screen::Loans(loans) if loans.renewed == Some((books, 0)) && !loans.busy),
        );
        let finish = self.receipt(station);
        self.done.renewals += u64::from(books);
        self.leave(station);
        finish
    }

    /// Finish, how many it was, and a receipt on paper; what the page said.
    fn receipt(&mut self, station: &mut Station) -> Finish {
        station.run_for(THINK);
        station.touch(Touch::Finish);
        let next = station.until("the finish page", |screen| {
            matches!(screen, Screen::Count { .. } | Screen::Finish(_))
        });
        if let Screen::Count { found, .. } = next {
            station.run_for(THINK);
            station.touch(Touch::Count(u8::try_from(found).expect("a pile")));
        }
        station.until("the receipt question", |screen| {
            matches!(screen, Screen::Finish(page) if page.receipt == Receipt::Ask { paper: true })
        });
        station.run_for(THINK);
        station.touch(Touch::Paper);
        let page = station.until(
            "the receipt",
            |screen| matches!(screen, Screen::Finish(page) if page.receipt == Receipt::Printed),
        );
        self.done.receipts += 1;
        let Screen::Finish(page) = page else { unreachable!("it was looked at") };
        page
    }

    fn leave(&self, station: &mut Station) {
        station.run_for(THINK);
        station.touch(Touch::Finish);
        station.until("the start screen", |screen| matches!(screen, Screen::Attract { .. }));
    }
}

/// Every book of the pile is done, and nothing else lies there.
fn is_done(work: &Work, books: u32) -> bool {
    let done = |line: &Line| {
        matches!(line.state, LineState::Borrowed | LineState::Returned | LineState::Queued)
    };
    work.lines.len() == books as usize && work.lines.iter().all(done) && !work.busy
}

/// What this process holds.
#[derive(Clone, Copy)]
struct Held {
    /// Rust's heap, in bytes.
    heap: i64,
    /// Resident set, in bytes.
    resident: i64,
}

/// Counts the heap over stretches of the day.
#[derive(Default)]
struct Meter {
    heap: i64,
    /// Most held at once.
    most: i64,
}

impl Meter {
    fn stretch(&mut self, run: impl FnOnce()) -> Held {
        let seen = measure(run);
        let most = i64::try_from(seen.bytes_max).expect("no such memory");
        self.most = self.most.max(self.heap + most);
        self.heap += seen.bytes_current;
        Held { heap: self.heap, resident: of_process("VmRSS:") }
    }
}

/// A size the system says of this process, in bytes.
fn of_process(name: &str) -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a known size");
    let kib: i64 = line.trim().trim_end_matches(" kB").parse().expect("KiB");
    kib * 1024
}

/// Everything asked for was done, as session, journal, library and paper say.
fn check(station: &mut Station, done: &Done) {
    let stats = station.core_stats();
    let figures = station.figures();
    let Tally { loans, returns, renewals, others } = station.library.tally();
    let wanted = (done.loans, done.returns, done.renewals);
    assert_eq!((stats.loans, stats.returns, stats.renewals), wanted, "the session: {stats:?}");
    assert_eq!((figures.loans, figures.returns, figures.renewals), wanted, "{figures:?}");
    assert_eq!((loans, returns, renewals, others), (wanted.0, wanted.1, wanted.2, 0), "the ledger");
    assert_eq!((stats.sessions, stats.receipts), (done.sessions, done.receipts), "{stats:?}");
    assert_eq!((figures.receipts, station.slips), (done.receipts, done.receipts), "{figures:?}");
    let left = (stats.queued, stats.refused, figures.open, figures.repair, figures.for_staff);
    assert_eq!(left, (0, 0, 0, 0, 0), "nothing is left over: {stats:?} {figures:?}");
}

fn row(name: &str, done: &Done, held: Held, from: Held) {
    let mb = |bytes: i64| bytes as f64 / 1e6;
    println!(
        "{name:<10} {:>8} {:>6} {:>7} {:>8} {:>8} {:>6} {:>8.3} {:>8.3} {:>8.2} {:>8.2}",
        done.sessions,
        done.loans,
        done.returns,
        done.renewals,
        done.receipts,
        done.noted,
        mb(held.heap),
        mb(held.heap - from.heap),
        mb(held.resident),
        mb(held.resident - from.resident),
    );
}

fn limit(what: &str, seen: i64) {
    let held = if seen < GROWTH_MAX { "holds" } else { "MISSED" };
    let mb = |bytes: i64| bytes as f64 / 1e6;
    println!("{what:<30} {:>8.3}   limit {:>5.1}   {held}", mb(seen), mb(GROWTH_MAX));
}

fn day(dir: &Path, plan: Plan) {
    let data = dir.join("library.json");
    let (patrons, items) = (plan.all(), plan.lent() + plan.books().0);
    std::fs::write(&data, library::data(patrons, items, plan.lent())).expect("room for the data");
    let text = CONFIG.replace("DIR", &dir.display().to_string());
    let mut config: Config = toml::from_str(&text).expect("a set-up");
    config.use_practice_words();
    assert_eq!(config.check(), Vec::<String>::new(), "a possible set-up");
    std::fs::create_dir_all(&config.station.data_dir).expect("a directory");
    let cards: Vec<u32> = (0..plan.all()).filter(|&n| plan.is_away(n)).collect();
    let library = Library::start(&data, beginning());

    println!(
        "Memory of {} simulated hours, {} sessions in each, MB",
        f64::from(plan.all()) * SESSION as f64 / (3600 * SECOND) as f64,
        plan.sessions,
    );
    println!(
        "{:<10} {:>8} {:>6} {:>7} {:>8} {:>8} {:>6} {:>8} {:>8} {:>8} {:>8}",
        "",
        "sessions",
        "loans",
        "returns",
        "renewals",
        "receipts",
        "noted",
        "heap",
        "growth",
        "RSS",
        "growth"
    );
    let start = Instant::now();
    let (mut meter, mut people) = (Meter::default(), People::new(plan));
    let mut station = None;
    let begun = meter.stretch(|| {
        let mut new = Station::start(&config.station.data_dir, &config, library, &cards);
        new.run_for(5 * SECOND);
        station = Some(new);
    });
    let mut station = station.expect("it was started");
    row("start", &people.done, begun, begun);
    let mut sessions = |to: u32, people: &mut People, station: &mut Station| {
        meter.stretch(|| {
            while people.next < to {
                people.session(station);
            }
        })
    };
    let warm = sessions(plan.warm, &mut people, &mut station);
    row("warm-up", &people.done, warm, warm);
    let mut last = warm;
    for hour in 1..=plan.hours {
        last = sessions(hour * plan.sessions, &mut people, &mut station);
        row(&format!("hour {hour}"), &people.done, last, warm);
        check(&mut station, &people.done);
    }
    println!();
    println!(
        "most heap held at once {:.3}, most resident {:.2}; {} views; {:.0} s of real time",
        meter.most as f64 / 1e6,
        of_process("VmHWM:") as f64 / 1e6,
        station.views,
        start.elapsed().as_secs_f64(),
    );
    println!();
    limit("growth of the heap", last.heap - warm.heap);
    limit("growth of the resident set", last.resident - warm.resident);
    println!();
}

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, data, now] = &arguments[..]
        && role == LIBRARY
    {
        return library::serve(Path::new(data), now);
    }
    // Under `cargo test`, which passes no `--bench`, minutes show that all of it works.
    let bench = arguments.iter().any(|argument| argument == "--bench");
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    day(dir.path(), if bench { DAY } else { MINUTES });
    Ok(())
}
