//! A deterministic world around a [`Station`]: clock, library system, pad, journal, printer. One
//! thread, no waiting; every step is judged from outside.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;
use jiff::civil::date;
use ui::view::{Advice, Line, LineState, Note, Screen, Touch, View};

use super::library::{Heard, Library};
use crate::clock::Now;
use crate::journal::Journal;
use crate::privacy::PatronId;
use crate::session::{
    Ask, AskId, Content, Effect, Input, ItemId, JobKind, LinkState, Names, NoAnswer, OpId,
    PrintResult, PrinterState, Record, Room, Rules, SessionCode, SlipRequest, Start, Station,
    TagRead, TagResult, Token, TxnId, TxnOutcome,
};

/// Time between two scans of the pad.
const SCAN_MS: u64 = 100;
/// Time of one tag write.
const WRITE_MS: u64 = 60;
/// Time of one journal write.
const RECORD_MS: u64 = 5;
/// Time of one slip.
const PRINT_MS: u64 = 900;

/// A tag in the world.
#[derive(Debug, Clone)]
pub(super) struct Tag {
    pub(super) content: Content,
    pub(super) state: Security,
    pub(super) on_pad: bool,
}

/// How one tag write goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    Fail,
    /// Pulled away before it took effect, or after.
    Pulled {
        took: bool,
    },
}

/// One unit as the journal holds it.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) kind: JobKind,
    pub(super) item: ItemId,
    pub(super) outcome: Option<TxnOutcome>,
    pub(super) closed: bool,
    /// A loan noted here, until that day.
    pub(super) noted: Option<jiff::civil::Date>,
}

enum Due {
    Input(Input),
    Record(Token, Vec<Record>),
    Write(OpId, Vec<Uid>, Security),
}

pub(super) struct World {
    pub(super) station: Station,
    pub(super) rules: Rules,
    pub(super) lib: Library,
    pub(super) tags: BTreeMap<Uid, Tag>,
    pub(super) writes: VecDeque<Write>,
    pub(super) journal: Journal,
    pub(super) units: BTreeMap<TxnId, Unit>,
    /// Units that are payments.
    pub(super) fees: BTreeSet<TxnId>,
    /// Journal writes to fail.
    pub(super) fail_records: u32,
    /// Journal writes that became durable.
    pub(super) durable: u32,
    /// The power goes right after this many of them.
    pub(super) cut_after: Option<u32>,
    pub(super) dark: bool,
    /// The power goes after this many events.
    pub(super) cut_in: Option<u32>,
    /// Time between two scans of the pad, in milliseconds.
    pub(super) scan_ms: u64,
    /// How far the station's clock is off, in seconds.
    pub(super) clock_off_s: i64,
    /// Starts after the first.
    pub(super) boots: u32,
    pub(super) reader_up: bool,
    pub(super) link: LinkState,
    pub(super) print: PrintResult,
    pub(super) slips: Vec<SlipRequest>,
    pub(super) sort_slips: Vec<crate::session::SortSlip>,
    pub(super) calls: u32,
    pub(super) secrets: Vec<String>,
    pub(super) double_ids: bool,
    /// Items named by the scanner: their tag follows when it is laid.
    pub(super) scanned: BTreeSet<ItemId>,
    due: BTreeMap<(u64, u64), Due>,
    order: u64,
    answer_at: u64,
    write_at: u64,
    now: u64,
    scan_at: u64,
}

pub(super) const UP: LinkState =
    LinkState { online: true, checkout_ok: true, checkin_ok: true, renewal_ok: true, ever: true };

pub(super) fn uid(n: u8) -> Uid {
    Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, n])
}

pub(super) fn item(n: u8) -> ItemId {
    ItemId::new(format!("YZ{n:07}")).unwrap()
}

pub(super) const CARD: &str = "0200001234";
pub(super) const OTHER: &str = "0200005678";

impl World {
    pub(super) fn new(rules: Rules) -> Self {
        let journal = Journal::in_memory().unwrap();
        let station = Station::new(rules.clone(), Start::default());
        let mut world = Self {
            station,
            rules,
            lib: Library::new(),
            tags: BTreeMap::new(),
            writes: VecDeque::new(),
            journal,
            units: BTreeMap::new(),
            fees: BTreeSet::new(),
            fail_records: 0,
            durable: 0,
            cut_after: None,
            dark: false,
            cut_in: None,
            scan_ms: SCAN_MS,
            clock_off_s: 0,
            boots: 0,
            reader_up: true,
            link: UP,
            print: PrintResult::Done,
            slips: Vec::new(),
            sort_slips: Vec::new(),
            calls: 0,
            secrets: [CARD, OTHER, "张三丰", "Ada Lovelace", "4711"].map(String::from).to_vec(),
            double_ids: false,
            scanned: BTreeSet::new(),
            due: BTreeMap::new(),
            order: 0,
            answer_at: 0,
            write_at: 0,
            now: 1_000,
            scan_at: 1_000,
        };
        for n in 1..=9 {
            world.tag(n, item_of(n, 1, 1));
        }
        world.boot();
        world
    }

    /// A station starts from what the journal holds.
    pub(super) fn boot(&mut self) {
        let codes = (0..200).map(|n| SessionCode(format!("AAA-{n:03}"))).collect();
        let start = Start {
            next_txn: self.journal.next_txn().unwrap(),
            open: self.journal.open_units().unwrap(),
            repairs: self.journal.repairs().unwrap(),
            fees: self.journal.fee_start(false).unwrap(),
            codes,
            printer: PrinterState::Ready,
            lists: Some(self.journal.lists().unwrap()),
            newest: self.journal.newest().unwrap(),
        };
        self.station = Station::new(self.rules.clone(), start);
        self.due.clear();
        self.dark = false;
        self.cut_after = None;
        self.cut_in = None;
        self.boots += 1;
        self.answer_at = 0;
        self.write_at = 0;
        self.feed(Input::Link(self.link));
        self.feed(Input::Reader { up: self.reader_up });
        self.feed(Input::Printer(PrinterState::Ready));
    }

    pub(super) fn tag(&mut self, n: u8, content: Content) {
        self.tags.insert(uid(n), Tag { content, state: Security::Secured, on_pad: false });
    }

    pub(super) fn lay(&mut self, ns: &[u8]) {
        for &n in ns {
            self.tags.get_mut(&uid(n)).unwrap().on_pad = true;
        }
    }

    pub(super) fn lift(&mut self, ns: &[u8]) {
        for &n in ns {
            self.tags.get_mut(&uid(n)).unwrap().on_pad = false;
        }
    }

    pub(super) fn state(&self, n: u8) -> Security {
        self.tags[&uid(n)].state
    }

    /// Holds a card at the light for a moment.
    pub(super) fn card(&mut self, number: &str) {
        let id = uid(200 + number.as_bytes()[9] % 40);
        let content = Content::Card(PatronId::new(number));
        self.tags.insert(id, Tag { content, state: Security::Secured, on_pad: true });
        self.run(Duration::from_millis(SCAN_MS + 10));
        self.tags.get_mut(&id).unwrap().on_pad = false;
        self.run(Duration::from_millis(500));
    }

    pub(super) fn touch(&mut self, touch: Touch) {
        self.feed(Input::Touch(touch));
    }

    pub(super) fn link(&mut self, online: bool) {
        self.link = LinkState { online, ..UP };
        self.feed(Input::Link(self.link));
    }

    pub(super) fn reader(&mut self, up: bool) {
        self.reader_up = up;
        self.feed(Input::Reader { up });
    }

    pub(super) fn now(&self) -> Now {
        let ms = i64::try_from(self.now).unwrap();
        let wall = date(2026, 11, 22).at(10, 0, 0, 0) + jiff::SignedDuration::from_millis(ms);
        let wall = wall + jiff::SignedDuration::from_secs(self.clock_off_s);
        Now { mono: Duration::from_millis(self.now), wall }
    }

    pub(super) fn view(&self) -> View {
        self.station.view(&Names::default(), self.now())
    }

    pub(super) fn page(&self) -> &'static str {
        self.view().screen.name()
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        match self.view().screen {
            Screen::Borrow(work) | Screen::GiveBack(work) => work.lines,
            Screen::Finish(finish) => finish.not_done,
            _ => Vec::new(),
        }
    }

    pub(super) fn line(&self, n: u8) -> Line {
        let number = item(n).to_string();
        let found = self.lines().into_iter().find(|l| l.title == number);
        found.unwrap_or_else(|| {
            panic!("no line for {number} on {}: {:?}", self.page(), self.lines())
        })
    }

    pub(super) fn advises(&self, n: u8, advice: Advice) -> bool {
        let number = item(n).to_string();
        self.lines().iter().any(|l| l.title == number && l.note == Note::Advice(advice))
    }

    pub(super) fn is(&self, n: u8, state: LineState) -> bool {
        let number = item(n).to_string();
        self.lines().iter().any(|l| l.title == number && l.state == state)
    }

    /// Lets time pass.
    pub(super) fn run(&mut self, by: Duration) {
        let end = self.now + u64::try_from(by.as_millis()).unwrap();
        while self.next_at() <= end && !self.dark {
            self.step();
        }
        self.now = self.now.max(end);
    }

    pub(super) fn secs(&mut self, s: u64) {
        self.run(Duration::from_secs(s));
    }

    /// Steps until `done`, at most `limit_s` seconds of the world's time.
    #[track_caller]
    pub(super) fn until(&mut self, what: &str, limit_s: u64, done: impl Fn(&Self) -> bool) {
        let end = self.now + limit_s * 1000;
        while !done(self) {
            assert!(
                self.now <= end && !self.dark,
                "not within {limit_s} s: {what}; page {} lines {:?}",
                self.page(),
                self.lines()
            );
            self.step();
        }
    }

    #[track_caller]
    pub(super) fn until_line(&mut self, n: u8, state: LineState) {
        self.until(&format!("line {n} {state:?}"), 20, |w| w.is(n, state));
    }

    #[track_caller]
    pub(super) fn until_page(&mut self, page: &'static str) {
        self.until(page, 400, |w| w.page() == page);
    }

    fn next_at(&self) -> u64 {
        let due = self.due.keys().next().map(|k| k.0);
        let deadline = self.station.deadline().map(|d| u64::try_from(d.as_millis()).unwrap() + 1);
        [due, deadline].into_iter().flatten().chain([self.scan_at]).min().unwrap().max(self.now)
    }

    /// One event.
    pub(super) fn step(&mut self) {
        let next = self.next_at();
        // A scan leaves nothing behind but what the events after it do.
        let scan_only = self.scan_at < next || self.due.keys().next().is_none_or(|k| k.0 > next);
        match &mut self.cut_in {
            Some(0) if !scan_only => return self.dark = true,
            Some(n) if !scan_only => *n -= 1,
            _ => {}
        }
        self.now = next;
        if let Some(entry) = self.due.first_entry().filter(|e| e.key().0 <= self.now) {
            match entry.remove() {
                Due::Input(input) => self.feed(input),
                Due::Record(token, records) => self.write_records(token, &records),
                Due::Write(op, tags, want) => self.write_tags(op, &tags, want),
            }
        } else if self.scan_at <= self.now {
            self.scan_at = self.now + self.scan_ms;
            let seen = self.tags.iter().filter(|(_, t)| t.on_pad);
            let seen = seen.map(|(&uid, t)| TagRead { uid, content: t.content.clone() }).collect();
            if self.reader_up {
                self.feed(Input::Pad(seen, Duration::from_millis(self.now)));
            }
        } else {
            let before = self.station.deadline();
            self.feed(Input::Tick);
            assert!(before != self.station.deadline(), "a deadline that does nothing: {before:?}");
        }
    }

    /// Answers and results nobody asked for.
    pub(super) fn stray(&mut self) {
        self.feed(Input::Answer(AskId(9_999), Err(NoAnswer::Unknown)));
        self.feed(Input::Tag(OpId(9_999), TagResult::Done));
        self.feed(Input::Recorded(Token(99_999), true));
        self.feed(Input::Printed(PrintResult::Unknown));
        self.feed(Input::Codes(Vec::new()));
        self.feed(Input::Tick);
    }

    /// The power comes back. `took`: a tag being written when it went has taken the write.
    pub(super) fn power(&mut self, took: bool) {
        let due = std::mem::take(&mut self.due);
        for event in due.into_values().filter(|_| took) {
            if let Due::Write(_, tags, want) = event
                && tags.iter().all(|uid| self.tags[uid].on_pad)
            {
                self.set_tags(&tags, want);
            }
        }
        self.boot();
    }

    pub(super) fn feed(&mut self, input: Input) {
        if self.dark {
            return;
        }
        let now = self.now();
        for effect in self.station.handle(input, now) {
            self.no_leak(&format!("{effect:?}"));
            self.carry_out(effect);
        }
        self.judge();
    }

    fn later(&mut self, at: u64, due: Due) {
        self.order += 1;
        self.due.insert((at, self.order), due);
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Record(token, records) => {
                self.later(self.now + RECORD_MS, Due::Record(token, records));
            }
            Effect::Ask { id, ask, .. } => {
                self.judge_ask(&ask);
                let Heard { answer, after_ms } = self.lib.hear(&ask, self.link.online);
                // One connection, one question at a time.
                self.answer_at = self.answer_at.max(self.now) + after_ms;
                if !matches!(ask, Ask::Goodbye { .. }) {
                    self.later(self.answer_at, Due::Input(Input::Answer(id, answer)));
                }
            }
            Effect::SetSecurity { op, tags, want } => {
                self.write_at = self.write_at.max(self.now) + WRITE_MS;
                self.later(self.write_at, Due::Write(op, tags, want));
            }
            Effect::Print(slip) => {
                self.slips.push(slip);
                self.later(self.now + PRINT_MS, Due::Input(Input::Printed(self.print)));
            }
            Effect::PrintSort(slip) => {
                let ended = Input::SlipPrinted(slip.txn, self.print);
                self.sort_slips.push(slip);
                self.later(self.now + PRINT_MS, Due::Input(ended));
            }
            Effect::CallStaff => self.calls += 1,
            Effect::Forget => {}
        }
    }

    fn write_records(&mut self, token: Token, records: &[Record]) {
        if self.fail_records > 0 {
            self.fail_records -= 1;
            return self.feed(Input::Recorded(token, false));
        }
        let room = self.journal.room();
        let written = self.journal.write(records);
        if self.journal.room() != room {
            self.feed(Input::Room(self.journal.room()));
        }
        if self.journal.room() == Room::All {
            written.unwrap();
        } else if written.is_err() {
            return self.feed(Input::Recorded(token, false));
        }
        for record in records {
            match record.clone() {
                Record::Intent { txn, kind, item, .. } => {
                    let unit = Unit { kind, item, outcome: None, closed: false, noted: None };
                    assert!(self.units.insert(txn, unit).is_none(), "{txn:?} twice");
                }
                Record::FeeIntent { txn, .. } => assert!(self.fees.insert(txn), "{txn:?} twice"),
                Record::Outcome { txn, .. } if self.fees.contains(&txn) => {}
                Record::Outcome { txn, outcome } => {
                    let unit = self.units.get_mut(&txn).expect("an outcome has an intent");
                    if let TxnOutcome::LentHere { due, .. } = outcome {
                        unit.noted = Some(due);
                    }
                    unit.outcome = Some(outcome);
                }
                Record::Secured { txn } => self.units.get_mut(&txn).unwrap().closed = true,
                Record::Repair { txn, .. } => {
                    self.units.get_mut(&txn).unwrap();
                }
                Record::Repaired { .. }
                | Record::Receipt { .. }
                | Record::FeeSent { .. }
                | Record::Owner { .. }
                | Record::Branch { .. }
                | Record::SortSlip { .. }
                | Record::Remark { .. }
                | Record::Card { .. }
                | Record::Held { .. } => {}
            }
        }
        self.durable += 1;
        if self.cut_after == Some(self.durable) {
            self.dark = true;
        }
        self.feed(Input::Recorded(token, true));
    }

    fn write_tags(&mut self, op: OpId, tags: &[Uid], want: Security) {
        if !self.reader_up {
            return self.feed(Input::Tag(op, TagResult::ReaderDown));
        }
        let mut result = TagResult::Done;
        match self.writes.pop_front() {
            Some(Write::Fail) => return self.feed(Input::Tag(op, TagResult::Failed)),
            Some(Write::Pulled { took }) => {
                if took && tags.iter().all(|u| self.tags[u].on_pad) {
                    self.set_tags(tags, want);
                }
                for uid in tags {
                    self.tags.get_mut(uid).unwrap().on_pad = false;
                }
                result = TagResult::Gone;
            }
            None if tags.iter().all(|u| self.tags[u].on_pad) => self.set_tags(tags, want),
            None => result = TagResult::Gone,
        }
        self.feed(Input::Tag(op, result));
    }

    /// Judge: no tag is released without a loan of its item at that moment.
    fn set_tags(&mut self, tags: &[Uid], want: Security) {
        for uid in tags {
            if want == Security::Released {
                let content = &self.tags[uid].content;
                let Content::Item { item, .. } = content else { panic!("{uid} is no item") };
                let lent = self.lib.loans.contains_key(item) || self.stands_noted(item);
                assert!(lent, "{item} released without a loan");
            }
            self.tags.get_mut(uid).unwrap().state = want;
        }
    }

    /// The latest about this item is a loan noted here, durable and not posted yet.
    fn stands_noted(&self, item: &ItemId) -> bool {
        let last = self.units.values().rfind(|u| u.item == *item);
        last.is_some_and(|u| matches!(u.outcome, Some(TxnOutcome::LentHere { .. })))
    }

    /// Judge: nothing that changes a state is asked before its intent is durable.
    fn judge_ask(&self, ask: &Ask) {
        let (kind, item) = match ask {
            Ask::Checkout { item, .. } => (JobKind::Checkout, item),
            Ask::Checkin { item, cancel: false, .. } => (JobKind::Checkin, item),
            Ask::Checkin { item, cancel: true, .. } => (JobKind::Cancel, item),
            Ask::Renew { item, .. } => (JobKind::Renew, item),
            _ => return,
        };
        let open = |u: &Unit| {
            u.kind == kind
                && u.item == *item
                && matches!(
                    u.outcome,
                    None | Some(
                        TxnOutcome::Queued { .. }
                            | TxnOutcome::LentHere { .. }
                            | TxnOutcome::Unsure
                    )
                )
        };
        assert!(self.units.values().any(open), "{ask:?} without a durable intent");
    }

    fn judge(&self) {
        let view = self.view();
        self.no_leak(&format!("{view:?}"));
        let mut seen = BTreeSet::new();
        for line in self.lines() {
            assert!(seen.insert(line.id), "line {} twice", line.id);
            match line.state {
                LineState::Queued if matches!(line.note, Note::Due(_)) => self.judge_noted(&line),
                LineState::Borrowed => self.judge_done(&line, JobKind::Checkout),
                LineState::Returned => self.judge_done(&line, JobKind::Checkin),
                _ => {}
            }
        }
        if let Screen::Attract { .. } = view.screen {
            assert!(self.station.patron.is_none(), "a reader stays in memory");
            assert!(self.station.lines.is_empty() && self.station.renewed.is_empty());
        }
        assert!(self.station.lines.len() <= 200 && self.station.tokens.len() <= 400);
        assert!(self.station.asks.len() <= 400 && self.station.detached.len() <= 400);
    }

    /// Judge: a loan is told as noted only when the journal holds it and its tag is released.
    fn judge_noted(&self, line: &Line) {
        let item = ItemId::new(line.title.as_str()).unwrap();
        let noted = |u: &Unit| u.item == item && u.noted.is_some() && u.closed;
        assert!(self.units.values().any(noted), "{line:?} is not in the journal");
        let of_item = |t: &&Tag| matches!(&t.content, Content::Item { item: i, .. } if *i == item);
        let mut tags = self.tags.values().filter(of_item);
        assert!(tags.all(|t| t.state == Security::Released), "{line:?} and its tag is armed");
    }

    /// Judge: done is told only when library, tag and journal all say so.
    fn judge_done(&self, line: &Line, kind: JobKind) {
        let item = ItemId::new(line.title.as_str()).unwrap();
        let lent = self.lib.loans.contains_key(&item);
        assert_eq!(lent, kind == JobKind::Checkout, "{line:?} and the library say otherwise");
        let of_item = |t: &&Tag| matches!(&t.content, Content::Item { item: i, .. } if *i == item);
        let mut tags = self.tags.values().filter(of_item);
        let want = if lent { Security::Released } else { Security::Secured };
        let scanned = self.scanned.contains(&item);
        let right = if self.double_ids {
            tags.any(|t| t.state == want)
        } else {
            tags.all(|t| t.state == want)
        };
        let inside = self.lib.inside.contains(&item);
        assert!(right || scanned || inside, "{line:?} but its tag is not {want:?}");
        let told = |u: &Unit| {
            u.kind == kind
                && u.item == item
                && match &u.outcome {
                    Some(TxnOutcome::Accepted { want, .. }) => want.is_none() || u.closed,
                    // "Yours already", and brought right now.
                    Some(TxnOutcome::Refused { .. }) => u.closed,
                    _ => false,
                }
        };
        assert!(self.units.values().any(told), "{line:?} is not in the journal");
    }

    /// Judge: no name, number or PIN in anything that can be printed or shown.
    fn no_leak(&self, text: &str) {
        for secret in &self.secrets {
            assert!(!text.contains(secret.as_str()), "{secret} leaks: {text}");
        }
    }

    /// Judge, at the end: every tag is what the library says, or on the repair list.
    #[track_caller]
    pub(super) fn judge_tags(&self) {
        let listed: BTreeSet<Uid> =
            self.journal.repairs().unwrap().into_iter().map(|row| row.uid).collect();
        for (uid, tag) in &self.tags {
            let Content::Item { item, .. } = &tag.content else { continue };
            let lent = self.lib.loans.contains_key(item) && !self.lib.inside.contains(item);
            let touched =
                self.units.values().any(|u| u.item == *item) && !self.scanned.contains(item);
            let want = if lent { Security::Released } else { Security::Secured };
            // A loan or return that staff decide: armed is the safe side.
            let staff = |u: &Unit| {
                u.item == *item && matches!(u.outcome, Some(TxnOutcome::ForStaff { .. }))
            };
            // A loan noted here and refused later: the reader has the book, and staff know.
            let noted = |u: &Unit| staff(u) && u.noted.is_some();
            let safe = (tag.state == Security::Secured && self.units.values().any(staff))
                || self.units.values().any(noted);
            assert!(
                safe || !touched || tag.state == want || listed.contains(uid),
                "{item}: lent {lent}, tag {:?}, not on the repair list; {:?}",
                tag.state,
                self.units
            );
        }
    }
}

pub(super) fn item_of(n: u8, parts: u8, part: u8) -> Content {
    Content::Item { item: item(n), parts, part, no_loan: false, whose: None }
}
