//! A station and a library system in one thread on a virtual clock: the real session, translation,
//! link and journal, the practice library without its sockets, and between them a wire that loses
//! what it is told to lose.

#![allow(clippy::unwrap_used)] // Helpers of tests, outside any #[test] function.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;
use kiosk::clock::Now;
use kiosk::journal::{Journal, Row};
use kiosk::practice::{
    Clock, Config, Direct, DirectLine, Duplicates, Fault, Guise, Kind, LedgerEntry, ManualClock,
    Source, refusal_map,
};
use kiosk::privacy::PatronId;
use kiosk::session::{
    AskId, Content, Effect, Input, ItemId, LinkState, Names, Payment, PaymentId, PrintResult,
    Proof, Record, Rules, SessionCode, Start, Station, TagRead, TagResult,
};
use kiosk::sip2::link::{Input as LinkInput, Link, Output, Priority, RequestId};
use kiosk::sip2::profile::{Login, Profile, RefusalRule, Timing};
use kiosk::sip2::{Code, Framer};
use kiosk::station::ils::{self, Sorting};
use ui::view::{Line, LineState, LoanState, Note, Screen, Touch, View};

use super::practice_support::{DATA, time, write};

/// Way of a message, in milliseconds.
const WAY_MS: u64 = 10;
/// Time between two looks at the pad.
const LOOK_MS: u64 = 500;
/// An answer that comes after the time-out of [`ANSWER_S`].
const LATE_MS: u64 = 3_000;
/// Wait for an answer, in seconds.
const ANSWER_S: u64 = 2;
/// Answers to one message that is damaged each time: 97, the message again, three retries.
const EXCHANGE_ANSWERS: u32 = 12;
/// How long a library system is away that starts again.
const RESTART_MS: u64 = 12_000;
/// How long a station is dark.
const DARK_MS: u64 = 2_000;

/// What happens to one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    Nothing,
    /// The connection breaks before a byte of it left.
    NoByte,
    /// After some bytes.
    SomeBytes,
    /// After all, before it was worked on.
    NotDone,
    /// Nothing comes of it, and the connection stays.
    Swallowed,
    /// Done; the connection breaks instead of an answer.
    Lost,
    /// Done; silence.
    Silent,
    /// Done; the answer breaks off after so many bytes.
    Cut(usize),
    Garbled,
    /// This answer and every repetition of it.
    GarbledOn,
    WrongChecksum,
    WrongDigit,
    /// Done; the answer comes after the time-out.
    Late,
    /// The answer before comes once more in front of it.
    Earlier,
    /// Done; the connection breaks and the library system is away for a while.
    Restart,
    /// Done; the station's power goes before the answer is there.
    PowerSent,
    /// When it is there, before the outcome is durable.
    PowerAnswered,
    /// Once the outcome is durable, before anything follows.
    PowerRecorded,
}

/// What is asked of the library system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Message {
    Login,
    Status,
    Patron,
    Item,
    Goodbye,
    Checkout,
    Checkin,
    Cancel,
    Renew,
    Fee,
}

impl Message {
    fn code(self) -> Code {
        match self {
            Self::Login => Code::Login,
            Self::Status => Code::ScStatus,
            Self::Patron => Code::PatronInformation,
            Self::Item => Code::ItemInformation,
            Self::Goodbye => Code::EndSession,
            Self::Checkout => Code::Checkout,
            Self::Checkin | Self::Cancel => Code::Checkin,
            Self::Renew => Code::Renew,
            Self::Fee => Code::FeePaid,
        }
    }

    fn is(self, line: &[u8]) -> bool {
        let undo = line.windows(4).any(|part| part == b"|BIY");
        line.starts_with(format!("{:02}", self.code().number()).as_bytes())
            && match self {
                Self::Cancel => undo,
                Self::Checkin => !undo,
                _ => true,
            }
    }

    /// Its kind in the journal and in the ledger, and its item.
    pub(crate) fn work(self) -> Option<(&'static str, Kind, &'static str)> {
        match self {
            Self::Checkout => Some(("checkout", Kind::Loan, "YZ0000021")),
            Self::Checkin => Some(("checkin", Kind::Return, "YZ0000011")),
            Self::Cancel => Some(("cancel", Kind::LoanCancelled, "YZ0000021")),
            Self::Renew => Some(("renew", Kind::Renewal, "YZ0000014")),
            Self::Fee => Some(("fee", Kind::FeePaid, "")),
            _ => None,
        }
    }
}

/// How a library system treats what comes again, and what the profile says of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct System {
    pub(crate) letter: &'static str,
    pub(crate) duplicates: Duplicates,
    pub(crate) guise: Option<Guise>,
    pub(crate) known: bool,
    pub(crate) renews: bool,
}

enum Due {
    Session(Input),
    Connected(u64),
    Bytes(u64, Vec<u8>),
    Closed(u64),
}

pub(crate) struct Stand {
    session: Station,
    link: Link,
    pub(crate) library: Direct,
    pub(crate) journal: Journal,
    profile: Profile,
    clock: ManualClock,
    line: Option<DirectLine>,
    /// Counts connections: what was on the way on an older one is gone.
    epoch: u64,
    framer: Framer,
    /// When the library system has answered all it was asked.
    busy_until: u64,
    away_until: u64,
    last_answer: Vec<u8>,
    plan: Option<(Message, Point)>,
    /// The power goes at the next outcome for the journal.
    at_outcome: Option<Point>,
    dark: bool,
    tag: (Uid, ItemId, Security),
    on_pad: bool,
    pub(crate) boots: u32,
    due: BTreeMap<(u64, u64), Due>,
    order: u64,
    now: u64,
    look_at: u64,
    pub(crate) online: bool,
    _folder: tempfile::TempDir,
}

pub(crate) const READER: &str = "0200001234";
pub(crate) const DEBTOR: &str = "0200000005";
pub(crate) const PAYMENT: &str = "P-20261122-0001";

impl Stand {
    pub(crate) fn new(system: System, message: Message) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::new(time("2026-11-22T10:30:00"));
        // One loan of the reader is nobody else's to wait for: it can be renewed.
        let data = DATA
            .replace(r#"{"item": "YZ0000014", "patron": "0200009999", "pickup": "XINBA"},"#, "");
        let config = Config {
            source: Source::File(write(folder.path(), &data)),
            clock: Clock::Manual(clock.clone()),
            duplicates: system.duplicates,
            guise: system.guise,
            ..Config::default()
        };
        let profile = profile(system);
        let item = message.work().map_or("YZ0000021", |(_, _, item)| item);
        let item = ItemId::new(if item.is_empty() { "YZ0000021" } else { item }).unwrap();
        let lent = message == Message::Checkin;
        let state = if lent { Security::Released } else { Security::Secured };
        let uid = Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, 1]);
        Self {
            session: Station::new(Rules::default(), Start::default()),
            link: Link::new(profile.clone(), 0),
            library: Direct::open(&config).unwrap_or_else(|e| panic!("{e}")),
            journal: Journal::in_memory().unwrap(),
            profile,
            clock,
            line: None,
            epoch: 0,
            framer: Framer::new(),
            busy_until: 0,
            away_until: 0,
            last_answer: Vec::new(),
            plan: None,
            at_outcome: None,
            dark: false,
            tag: (uid, item, state),
            on_pad: false,
            boots: 0,
            due: BTreeMap::new(),
            order: 0,
            now: 0,
            look_at: 0,
            online: false,
            _folder: folder,
        }
    }

    /// Something goes wrong with the next message of this kind.
    pub(crate) fn arm(&mut self, message: Message, point: Point) {
        self.plan = Some((message, point));
    }

    /// Whether what was to go wrong went wrong.
    pub(crate) fn is_spent(&self) -> bool {
        self.plan.is_none() && self.at_outcome.is_none()
    }

    /// A station starts from what the journal holds.
    pub(crate) fn boot(&mut self) {
        let start = Start {
            next_txn: self.journal.next_txn().unwrap(),
            open: self.journal.open_units().unwrap(),
            repairs: self.journal.repairs().unwrap(),
            fees: self.journal.fee_start(self.profile.fee_dedup).unwrap(),
            codes: (0..200).map(|n| SessionCode(format!("AAA-{n:03}"))).collect(),
            ..Start::default()
        };
        let rules = Rules { count_check: kiosk::session::CountCheck::Off, ..Rules::default() };
        self.session = Station::new(rules, start);
        self.link = Link::new(self.profile.clone(), 0);
        self.due.clear();
        self.hang_up();
        self.dark = false;
        self.online = false;
        self.boots += 1;
        self.feed(Input::Reader { up: true });
    }

    pub(crate) fn card(&mut self, number: &str) {
        self.feed(Input::Card(PatronId::new(number), Proof::Held));
    }

    pub(crate) fn touch(&mut self, touch: Touch) {
        self.feed(Input::Touch(touch));
    }

    pub(crate) fn lay(&mut self) {
        self.on_pad = true;
    }

    pub(crate) fn lift(&mut self) {
        self.on_pad = false;
    }

    /// The library system is away for so long, from now.
    pub(crate) fn away(&mut self, seconds: u64) {
        self.away_until = self.now + seconds * 1000;
        self.later(0, Due::Closed(self.epoch));
    }

    pub(crate) fn pay(&mut self, amount: i64) {
        let id = PaymentId::new(PAYMENT).unwrap();
        self.feed(Input::Paid(Payment { id, patron: PatronId::new(DEBTOR), amount }));
    }

    pub(crate) fn view(&self) -> View {
        self.session.view(&Names::default(), self.moment())
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        match self.view().screen {
            Screen::Borrow(work) | Screen::GiveBack(work) => work.lines,
            _ => Vec::new(),
        }
    }

    pub(crate) fn session(&self) -> &Station {
        &self.session
    }

    pub(crate) fn tag(&self) -> Security {
        self.tag.2
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        self.journal.page(0).unwrap()
    }

    pub(crate) fn ledger(&mut self) -> Vec<LedgerEntry> {
        self.library.ledger().unwrap()
    }

    pub(crate) fn is_lent(&mut self) -> bool {
        let item = self.tag.1.as_str().to_owned();
        self.library.open_loans().unwrap().iter().any(|loan| loan.item == item)
    }

    /// Month and day the item is due.
    fn due(&mut self) -> Option<(u8, u8)> {
        let item = self.tag.1.as_str().to_owned();
        let loans = self.library.open_loans().unwrap();
        let day = loans.iter().find(|loan| loan.item == item)?.due.date();
        Some((u8::try_from(day.month()).unwrap(), u8::try_from(day.day()).unwrap()))
    }

    fn moment(&self) -> Now {
        let ms = i64::try_from(self.now).unwrap();
        let wall = time("2026-11-22T10:30:00") + jiff::SignedDuration::from_millis(ms);
        Now { mono: Duration::from_millis(self.now), wall }
    }

    pub(crate) fn secs(&mut self, seconds: u64) {
        self.millis(seconds * 1000);
    }

    pub(crate) fn millis(&mut self, ms: u64) {
        let end = self.now + ms;
        loop {
            if self.dark {
                self.now += DARK_MS;
                self.boot();
            }
            let ms = |at: Duration| u64::try_from(at.as_millis()).unwrap() + 1;
            let due = self.due.keys().next().map(|key| key.0);
            let link = self.link.deadline().map(ms);
            let session = self.session.deadline().map(ms);
            let next = [due, link, session].into_iter().flatten().chain([self.look_at]).min();
            let next = next.unwrap().max(self.now);
            if next > end {
                self.now = end;
                return;
            }
            self.now = next;
            self.clock.set(self.moment().wall);
            if due.is_some_and(|at| at <= next) {
                let due = self.due.pop_first().unwrap().1;
                self.happens(due);
            } else if link.is_some_and(|at| at <= next) {
                self.link_input(LinkInput::Tick);
            } else if self.look_at <= next {
                self.look();
            } else {
                self.feed(Input::Tick);
            }
        }
    }

    fn look(&mut self) {
        self.look_at = self.now + LOOK_MS;
        let (uid, item, _) = self.tag.clone();
        let content = Content::Item { item, parts: 1, part: 1, no_loan: false };
        let seen = if self.on_pad { vec![TagRead { uid, content }] } else { Vec::new() };
        self.feed(Input::Pad(seen, Duration::from_millis(self.now)));
    }

    fn later(&mut self, ms: u64, due: Due) {
        self.order += 1;
        self.due.insert((self.now + ms, self.order), due);
    }

    fn happens(&mut self, due: Due) {
        match due {
            Due::Session(input) => self.feed(input),
            Due::Connected(epoch) if epoch == self.epoch && self.now >= self.away_until => {
                self.line = Some(self.library.connect());
                self.link_input(LinkInput::Connected);
            }
            Due::Connected(epoch) if epoch == self.epoch => {
                self.link_input(LinkInput::ConnectFailed);
            }
            Due::Bytes(epoch, bytes) if epoch == self.epoch => self.arrive(&bytes),
            Due::Closed(epoch) if epoch == self.epoch => {
                self.hang_up();
                self.link_input(LinkInput::Closed);
            }
            Due::Connected(_) | Due::Bytes(..) | Due::Closed(_) => {}
        }
    }

    fn hang_up(&mut self) {
        self.line = None;
        self.epoch += 1;
        self.framer = Framer::new();
        self.busy_until = 0;
    }

    fn arrive(&mut self, bytes: &[u8]) {
        self.framer.push(bytes);
        let mut lines = Vec::new();
        while let Some(Ok(line)) = self.framer.next_line() {
            lines.push(line.to_vec());
        }
        for line in lines {
            self.link_input(LinkInput::Line(&line));
        }
    }

    fn link_input(&mut self, input: LinkInput<'_>) {
        self.link.handle(input, Duration::from_millis(self.now));
        while let Some(output) = self.link.poll_output() {
            if self.dark {
                return;
            }
            match output {
                Output::Connect => {
                    self.hang_up();
                    self.later(WAY_MS, Due::Connected(self.epoch));
                }
                Output::Send(bytes) => self.send(&bytes),
                Output::Close => self.hang_up(),
                Output::Answer(end) => {
                    let id = AskId(end.id.0);
                    let wall = self.moment().wall;
                    let answer = ils::answer(*end, &self.profile, &Sorting::default(), wall);
                    self.later(0, Due::Session(Input::Answer(id, answer)));
                }
                Output::Status(status) => {
                    self.online = status.is_online();
                    let link = LinkState {
                        online: self.online,
                        checkout_ok: status.checkout_ok,
                        checkin_ok: status.checkin_ok,
                        renewal_ok: status.renewal_ok,
                        ever: self.online,
                    };
                    self.later(0, Due::Session(Input::Link(link)));
                }
            }
        }
    }

    /// The wire, and what goes wrong on it.
    fn send(&mut self, bytes: &[u8]) {
        let line = bytes.strip_suffix(b"\r").unwrap();
        let hit = self.plan.filter(|(message, _)| message.is(line));
        let point = hit.map_or(Point::Nothing, |(_, point)| point);
        if let Some((message, _)) = hit {
            self.plan = None;
            let fault = match point {
                Point::Garbled => Some(Fault::Garble(1)),
                Point::GarbledOn => Some(Fault::Garble(EXCHANGE_ANSWERS)),
                Point::WrongChecksum => Some(Fault::BadChecksum(1)),
                Point::WrongDigit => Some(Fault::WrongDigit(1)),
                _ => None,
            };
            if let Some(fault) = fault {
                self.library.set_fault(Fault::Only(Some(message.code())));
                self.library.set_fault(fault);
            }
        }
        match point {
            Point::NoByte | Point::SomeBytes | Point::NotDone => {
                return self.later(WAY_MS, Due::Closed(self.epoch));
            }
            Point::Swallowed => return,
            _ => {}
        }
        let Some(connection) = &mut self.line else { return };
        let mut reply = self.library.take(connection, line);
        let way = 2 * WAY_MS + if point == Point::Late { LATE_MS } else { 0 };
        let at = (self.now + way).max(self.busy_until);
        self.busy_until = at;
        let way = at - self.now;
        match point {
            Point::Lost => return self.later(way, Due::Closed(self.epoch)),
            Point::Restart => {
                self.away_until = self.now + RESTART_MS;
                return self.later(way, Due::Closed(self.epoch));
            }
            Point::Silent => return,
            Point::Cut(bytes) => {
                reply.send.truncate(bytes.min(reply.send.len() - 1));
                reply.close = true;
            }
            Point::Earlier => {
                let before = self.last_answer.clone();
                self.later(way, Due::Bytes(self.epoch, before));
            }
            Point::PowerSent => {
                self.dark = true;
                return;
            }
            Point::PowerAnswered | Point::PowerRecorded => self.at_outcome = Some(point),
            _ => {}
        }
        self.last_answer.clone_from(&reply.send);
        self.later(way, Due::Bytes(self.epoch, reply.send));
        if reply.close {
            self.later(way, Due::Closed(self.epoch));
        }
    }

    pub(crate) fn feed(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for effect in self.session.handle(input, self.moment()) {
                if self.dark {
                    return;
                }
                inputs.extend(self.carry_out(effect));
            }
            if self.dark {
                return;
            }
            self.judge_screen();
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Record(token, records) => {
                let ends = records.iter().any(|r| matches!(r, Record::Outcome { .. }));
                let cut = self.at_outcome.filter(|_| ends);
                if cut == Some(Point::PowerAnswered) {
                    self.power_off();
                    return None;
                }
                self.journal.write(&records).unwrap();
                if cut.is_some() {
                    self.power_off();
                    return None;
                }
                Some(Input::Recorded(token, true))
            }
            Effect::Ask { id, ask, background } => {
                let request = ils::request(&ask, &self.profile, self.moment().wall);
                let priority = if background { Priority::Background } else { Priority::Live };
                let (id, request) = (RequestId(id.0), Box::new(request));
                self.link_input(LinkInput::Submit { id, request, priority });
                None
            }
            Effect::SetSecurity { op, want, .. } => {
                if !self.on_pad {
                    return Some(Input::Tag(op, TagResult::Gone));
                }
                assert!(want == Security::Secured || self.is_lent(), "released without a loan");
                self.tag.2 = want;
                Some(Input::Tag(op, TagResult::Done))
            }
            Effect::Print(_) => Some(Input::Printed(PrintResult::Done)),
            Effect::CallStaff | Effect::Forget => None,
        }
    }

    fn power_off(&mut self) {
        self.at_outcome = None;
        self.dark = true;
    }

    /// Nothing is shown as done that is not so.
    fn judge_screen(&mut self) {
        let states: Vec<LineState> = self.lines().iter().map(|line| line.state).collect();
        if states.contains(&LineState::Borrowed) {
            assert!(self.is_lent() && self.tag.2 == Security::Released, "shown as borrowed");
            let due = self.due();
            for line in self.lines() {
                let Note::Due(shown) = line.note else { continue };
                assert_eq!(Some((shown.month, shown.day)), due, "another day than it is due");
            }
        }
        if states.contains(&LineState::Returned) {
            assert!(!self.is_lent() && self.tag.2 == Security::Secured, "shown as returned");
        }
        if let Screen::Loans(page) = self.view().screen
            && page.loans.iter().any(|loan| loan.state == LoanState::Renewed)
        {
            let done = self.ledger().iter().any(|entry| entry.kind == Kind::Renewal);
            assert!(done, "shown as renewed");
        }
    }
}

fn profile(system: System) -> Profile {
    let refusals = refusal_map()
        .into_iter()
        .map(|(contains, code)| RefusalRule { contains, code: code.to_owned() })
        .collect();
    let times = Timing {
        answer_min_s: ANSWER_S,
        answer_max_s: ANSWER_S,
        answer_default_s: ANSWER_S,
        ..Timing::default()
    };
    Profile {
        institution_id: "YZLIB".to_owned(),
        login: Some(Login { user: "kiosk".to_owned(), password: "x".into(), location: None }),
        refusals,
        timing: times,
        replays: system.known,
        renews_own: system.renews,
        fee_dedup: system.known,
        ..Profile::default()
    }
}
