//! A station and a library system in one thread on a virtual clock: the real session, translation,
//! link and journal, the practice library without its sockets, and between them a wire that loses
//! what it is told to lose.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod judge;
mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;
use kiosk::clock::Now;
use kiosk::journal::{Journal, Row};
use kiosk::practice::{
    Clock, Config, Duplicates, Guise, InProcess, Kind, LedgerEntry, Line as Connection,
    ManualClock, Source, refusal_map,
};
use kiosk::privacy::PatronId;
use kiosk::session::{
    Content, Effect, Input, ItemId, Names, Payment, PaymentId, PrintResult, Proof, Record, Rules,
    SessionCode, Start, Station, TagRead, TagResult,
};
use kiosk::sip2::link::{Input as LinkInput, Link, Priority, RequestId};
use kiosk::sip2::profile::{Login, Profile, RefusalRule, Timing};
use kiosk::sip2::{Code, Framer};
use kiosk::station::ils;
use ui::view::{Line, Screen, Touch, View};

use super::practice_support::{DATA, time, write};

/// Time between two looks at the pad.
const LOOK_MS: u64 = 500;
/// Wait for an answer, in seconds.
const ANSWER_S: u64 = 2;
/// More than any of these stories does.
const LEDGER_MAX: u32 = 1_000;
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
    /// Not done; an error in words.
    Words,
    /// Done; the same.
    WordsDone,
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
    /// Spoken to by the profile of its guise.
    pub(crate) named: bool,
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
    pub(crate) library: InProcess,
    pub(crate) journal: Journal,
    profile: Profile,
    line: Option<Connection>,
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
            clock: Clock::Manual(clock),
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
            library: InProcess::of(&config).unwrap_or_else(|e| panic!("{e}")),
            journal: Journal::in_memory().unwrap(),
            profile,
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
        self.library.ledger(0, LEDGER_MAX).unwrap()
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
        let content = Content::Item { item, parts: 1, part: 1, no_loan: false, whose: None };
        let seen = if self.on_pad { vec![TagRead { uid, content }] } else { Vec::new() };
        self.feed(Input::Pad(seen, Duration::from_millis(self.now)));
    }

    fn later(&mut self, ms: u64, due: Due) {
        self.order += 1;
        self.due.insert((self.now + ms, self.order), due);
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
            Effect::PrintSort(slip) => Some(Input::SlipPrinted(slip.txn, PrintResult::Done)),
            Effect::CallStaff | Effect::Forget => None,
        }
    }

    fn power_off(&mut self) {
        self.at_outcome = None;
        self.dark = true;
    }
}

fn profile(system: System) -> Profile {
    let refusals = refusal_map()
        .into_iter()
        .map(|(contains, code)| RefusalRule { contains, code: code.to_owned() });
    let times = Timing {
        answer_min_s: ANSWER_S,
        answer_max_s: ANSWER_S,
        answer_default_s: ANSWER_S,
        ..Timing::default()
    };
    let mut profile = match system.guise.filter(|_| system.named) {
        Some(guise) => kiosk::sip2::systems::System::named(guise.name())
            .unwrap()
            .profile(toml::Table::new())
            .unwrap(),
        None => Profile {
            replays: system.known,
            renews_own: system.renews,
            fee_dedup: system.known,
            ..Profile::default()
        },
    };
    let location = Some("YZ-MAIN-01".to_owned());
    profile.institution_id = "YZLIB".to_owned();
    profile.login = Some(Login { user: "kiosk".to_owned(), password: "x".into(), location });
    profile.refusals.extend(refusals);
    profile.timing = times;
    profile
}
