//! The session: everything that happens between a reader and the station, as one state machine.
//!
//! [`Station::handle`] takes an [`Input`] and the moment, and returns [`Effect`]s; the loop around
//! it ([`crate::station`]) carries them out and feeds the results back. Nothing here reads a
//! clock, opens a port, or touches the database.
//!
//! Order of a loan (patron-experience.md section 1, rule 2): intent in the journal, library
//! system, outcome in the journal, tag released and read back, journal closed, screen says done.

mod ask;
mod carry;
mod fee;
mod finish;
mod identify;
mod late;
mod lending;
mod line;
mod lists;
mod loans;
mod offline;
mod owed;
mod pad;
mod pile;
mod posting;
mod repair;
mod replay;
mod rules;
mod show;
mod sorting;
mod tagging;
#[cfg(test)]
mod tests;
mod types;
mod undo;
mod work;

pub use ask::{
    Answer, Ask, AskId, CheckinAnswer, Due, FeeAnswer, ITEM_ID_MAX, ItemAnswer, ItemId,
    ItemIdError, LoanAnswer, NoAnswer, PatronAnswer, Sort,
};
pub use fee::{
    FEES_MAX, FeeStart, OpenFee, PAYMENT_ID_MAX, PAYMENTS_KNOWN_MAX, Payment, PaymentId,
    PaymentIdError, PaymentState,
};
pub use lending::{Never, OfflineRules, Wish};
pub use lists::{CARDS_MAX, CardHash, CardKey, CardRow, HASH_LEN, HELD_MAX, Lists};
pub use offline::Remark;
pub use owed::QUEUE_MAX;
pub use rules::{
    AttractItem, BarcodeItems, BorrowCommit, CardPattern, CountCheck, OnSecurityFail, PinRule,
    ReceiptDefault, Rules, Slips, Times,
};
pub use show::Names;
pub use types::{
    Aid, Content, Effect, Input, JobKind, OpId, OpenTxn, PrintResult, Proof, Reason, Record,
    RepairRow, Room, SessionCode, SlipKind, SlipLine, SlipRequest, SortSlip, Start, Stats, TagRead,
    TagResult, Token, TxnId, TxnOutcome,
};

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use drivers::rfid::Uid;
use ui::view::{Language, Modes, Overlay, Purpose};

use crate::clock::Now;
use crate::privacy::PatronId;

use identify::{Identify, Pin};
use line::ItemLine;
use pad::Pad;
use repair::Fixer;

/// The station's decisions.
pub struct Station {
    rules: Rules,
    phase: Phase,
    patron: Option<Patron>,
    lines: Vec<ItemLine>,
    /// Lines of an ended session whose answer is still out; never shown.
    detached: Vec<ItemLine>,
    pad: Pad,
    fixer: Fixer,
    language: Language,
    modes: Modes,
    overlay: Option<Overlay>,
    link: LinkState,
    reader_up: bool,
    /// Devices besides the pad that were told of, and whether each works.
    aids: BTreeMap<Aid, bool>,
    reader_seen: bool,
    printer: PrinterState,
    journal_ok: bool,
    room: Room,
    code: SessionCode,
    codes: VecDeque<SessionCode>,
    ids: Ids,
    asks: HashMap<AskId, Asked>,
    tokens: HashMap<Token, (Recorded, Vec<Record>)>,
    renewals: HashMap<TxnId, loans::Renewal>,
    /// Renewed from the list in this session.
    renewed: Vec<SlipLine>,
    late: late::Late,
    fees: fee::Fees,
    offline: offline::Offline,
    pins: identify::PinGuard,
    idle_from: Duration,
    /// The moment of the last input.
    ticked: Duration,
    /// When staff were called last.
    called: Option<Duration>,
    warn_until: Option<Duration>,
    /// A reader pressed finish while lines were still at work.
    finishing: Option<Duration>,
    stats: Stats,
    out: Vec<Effect>,
}

/// Which page the session is on.
enum Phase {
    Attract,
    Choose,
    Identify(Identify),
    Pin(Pin),
    Borrow,
    GiveBack,
    Count { stated: Option<u32> },
    Loans(loans::LoansPage),
    Finish(finish::FinishPage),
}

/// Who is here. Dropped, and so wiped, when the session ends.
struct Patron {
    id: PatronId,
    masked_name: String,
    on_loan: Option<u32>,
    limit: Option<u32>,
}

/// Most session codes kept in hand.
const CODES_MAX: usize = 1024;

/// What the link to the library system can do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkState {
    /// Logged in and answering.
    pub online: bool,
    /// Lending is allowed.
    pub checkout_ok: bool,
    /// Returning is allowed.
    pub checkin_ok: bool,
    /// Renewing is allowed.
    pub renewal_ok: bool,
    /// It has been on line at least once since start.
    pub ever: bool,
}

/// What the printer can do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PrinterState {
    /// None is configured.
    #[default]
    None,
    /// Not seen yet.
    Starting,
    /// Ready.
    Ready,
    /// Out of paper or cover open.
    NoPaper,
    /// Gone or broken.
    Down,
}

/// Number sources; all start from the journal or one.
struct Ids {
    txn: u64,
    ask: u64,
    op: u64,
    token: u64,
    line: u32,
}

/// What an answer from the library system is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Identify,
    Line(u32),
    LoansList,
    LoansItem(usize),
    Renewal(TxnId),
    Fix(TxnId),
    FixItem(Uid),
    Fee(TxnId),
    Goodbye,
}

/// What a journal write was for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Recorded {
    Line(u32),
    Renewal(TxnId),
    Fix(TxnId),
    Fee(TxnId),
    /// A yes that the journal did not take at first.
    Late(TxnId),
    /// Nothing waits for it.
    Note,
}

impl Station {
    /// A station at rest, resuming what the journal left open.
    #[must_use]
    pub fn new(rules: Rules, start: Start) -> Self {
        let mut codes: VecDeque<_> = start.codes.into();
        let code = codes.pop_front().unwrap_or_default();
        Self {
            phase: Phase::Attract,
            patron: None,
            lines: Vec::new(),
            detached: Vec::new(),
            pad: Pad::default(),
            fixer: Fixer::new(start.open, start.repairs),
            language: rules.language,
            modes: Modes::default(),
            overlay: None,
            link: LinkState::default(),
            reader_up: false,
            aids: BTreeMap::new(),
            reader_seen: false,
            printer: start.printer,
            journal_ok: true,
            room: Room::All,
            code,
            codes,
            ids: Ids { txn: start.next_txn, ask: 1, op: 1, token: 1, line: 1 },
            asks: HashMap::new(),
            tokens: HashMap::new(),
            renewals: HashMap::new(),
            renewed: Vec::new(),
            late: late::Late::default(),
            fees: fee::Fees::new(start.fees),
            offline: offline::Offline::new(start.lists, start.newest),
            pins: identify::PinGuard::default(),
            idle_from: Duration::ZERO,
            ticked: Duration::ZERO,
            called: None,
            warn_until: None,
            finishing: None,
            stats: Stats::default(),
            out: Vec::new(),
            rules,
        }
    }

    /// Takes one input and returns what to do, in order.
    pub fn handle(&mut self, input: Input, now: Now) -> Vec<Effect> {
        if self.waits(now) {
            // The reader could only wait until now.
            self.idle_from = now.mono;
        }
        match input {
            Input::Touch(touch) => self.on_touch(touch, now),
            Input::Scan(text) => self.on_scan(&text, now),
            Input::Pad(tags, heard) => self.on_pad(tags, heard, now),
            Input::Read(tag) => self.on_read(tag, now),
            Input::Answer(id, answer) => self.on_answer(id, answer, now),
            Input::Recorded(token, ok) => self.on_recorded(token, ok, now),
            Input::Room(room) => self.room = room,
            Input::Tag(op, result) => self.on_tag(op, result, now),
            Input::Printed(result) => self.on_printed(result, now),
            Input::SlipPrinted(txn, result) => self.sort_slip_printed(txn, result),
            Input::Link(link) => self.on_link(link, now),
            Input::Reader { up } => self.on_reader(up, now),
            Input::Aid { kind, up } => self.on_aid(kind, up),
            Input::Card(patron, proof) => self.on_card(patron, proof, now),
            Input::Paid(payment) => self.paid(payment, now),
            Input::NoCard(advice) => self.on_no_card(advice, now),
            Input::Printer(state) => self.printer = state,
            Input::Codes(codes) => self.on_codes(codes),
            Input::LibraryTime(at) => self.on_library_time(at, now),
            Input::Lists(lists) => self.on_lists(*lists),
            Input::Tick => {}
        }
        self.tick(now);
        std::mem::take(&mut self.out)
    }

    /// Figures since start.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Whether anything is under way that waits for a device or the library system: an ask, a
    /// journal write, a tag write, a print, or a line not settled. A script's clock stands still
    /// meanwhile.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.asks.is_empty()
            || !self.tokens.is_empty()
            || self.fixer.is_writing()
            || self.lines.iter().chain(&self.detached).any(ItemLine::awaits_machine)
            || matches!(&self.phase, Phase::Finish(page) if page.is_printing())
    }

    /// How many session codes are left before [`Input::Codes`] must bring more.
    #[must_use]
    pub fn codes_left(&self) -> usize {
        self.codes.len()
    }

    fn push(&mut self, effect: Effect) {
        self.out.push(effect);
    }

    fn ask(&mut self, what: Asked, ask: Ask) -> AskId {
        let background = matches!(what, Asked::Fix(_) | Asked::FixItem(_) | Asked::Goodbye);
        self.ask_with(what, ask, background)
    }

    fn ask_with(&mut self, what: Asked, ask: Ask, background: bool) -> AskId {
        let id = AskId(self.ids.ask);
        self.ids.ask += 1;
        if what != Asked::Goodbye {
            self.asks.insert(id, what);
        }
        self.push(Effect::Ask { id, ask, background });
        id
    }

    fn record(&mut self, what: Recorded, records: Vec<Record>) {
        for note in self.take_notes() {
            self.write(Recorded::Note, note);
        }
        self.write(what, records);
    }

    fn write(&mut self, what: Recorded, records: Vec<Record>) {
        let token = Token(self.ids.token);
        self.ids.token += 1;
        self.tokens.insert(token, (what, records.clone()));
        self.push(Effect::Record(token, records));
    }

    fn next_txn(&mut self) -> TxnId {
        let txn = TxnId(self.ids.txn);
        self.ids.txn += 1;
        txn
    }

    fn next_op(&mut self) -> OpId {
        let op = OpId(self.ids.op);
        self.ids.op += 1;
        op
    }

    fn stir(&mut self, now: Now) {
        self.idle_from = now.mono;
        self.warn_until = None;
        if matches!(self.overlay, Some(Overlay::Warn { .. })) {
            self.overlay = None;
        }
    }

    /// Another page; what was above the old one goes with it.
    fn turn_to(&mut self, phase: Phase, now: Now) {
        self.phase = phase;
        self.overlay = None;
        self.stir(now);
    }

    fn on_codes(&mut self, codes: Vec<SessionCode>) {
        let room = CODES_MAX.saturating_sub(self.codes.len());
        self.codes.extend(codes.into_iter().take(room));
        if self.code == SessionCode::default()
            && let Some(code) = self.codes.pop_front()
        {
            self.code = code;
        }
    }

    fn on_answer(&mut self, id: AskId, answer: Result<Answer, NoAnswer>, now: Now) {
        let asked = self.asks.remove(&id);
        if let Some(asked) = &asked {
            self.learn(asked, &answer, now);
        }
        match asked {
            Some(Asked::Identify) => self.identified(answer, now),
            Some(Asked::Line(line)) => self.line_answered(line, answer, now),
            Some(Asked::LoansList) => self.loans_listed(answer, now),
            Some(Asked::LoansItem(at)) => self.loans_item(at, answer, now),
            Some(Asked::Renewal(txn)) => self.renewal_answered(txn, answer),
            Some(Asked::Fix(txn)) => self.fix_answered(txn, answer, now),
            Some(Asked::FixItem(uid)) => self.fix_item_answered(uid, id, answer),
            Some(Asked::Fee(txn)) => self.fee_answered(txn, answer, now),
            // An answer nobody waits for any more: its session ended and left nothing behind.
            Some(Asked::Goodbye) | None => {}
        }
    }

    fn on_recorded(&mut self, token: Token, ok: bool, now: Now) {
        self.journal_ok = ok;
        if !ok {
            self.journal_failed(now);
        }
        let Some((what, records)) = self.tokens.remove(&token) else { return };
        match what {
            Recorded::Line(line) => self.line_recorded(line, ok, records, now),
            Recorded::Renewal(txn) => self.renewal_recorded(txn, ok, records, now),
            Recorded::Fix(txn) => self.fix_recorded(txn, ok, now),
            Recorded::Fee(txn) => self.fee_recorded(txn, ok, now),
            Recorded::Late(txn) => self.late_recorded(txn, ok, now),
            Recorded::Note if !ok => self.note_later(records),
            Recorded::Note => {}
        }
    }

    fn on_tag(&mut self, op: OpId, result: TagResult, now: Now) {
        if self.fix_tag_done(op, result, now) {
            return;
        }
        self.line_tag_done(op, result, now);
    }

    fn on_link(&mut self, link: LinkState, now: Now) {
        let was = self.link.online;
        self.link = LinkState { ever: link.ever || self.link.ever || link.online, ..link };
        if link.online && !was {
            self.fees.again = None;
            self.hold_replay(now);
            self.fix_online(now);
        } else if was && !link.online {
            self.offline.link_lost(now);
        }
    }

    fn on_reader(&mut self, up: bool, now: Now) {
        self.reader_up = up;
        self.reader_seen |= up;
        if !up {
            self.pad.freeze();
        }
        if self.session_open() {
            self.stir(now);
        }
    }

    fn on_aid(&mut self, kind: Aid, up: bool) {
        self.aids.insert(kind, up);
    }

    /// Books can be scanned one by one.
    fn can_scan(&self) -> bool {
        self.rules.barcode_items != BarcodeItems::Never
            && self.aids.get(&Aid::Scanner) == Some(&true)
    }

    fn session_open(&self) -> bool {
        !matches!(self.phase, Phase::Attract)
    }

    /// What can be done at this station now.
    fn services(&self) -> ui::view::Services {
        let seen = self.reader_up || self.can_scan();
        let lends = self.reader_up || self.rules.barcode_items == BarcodeItems::Both;
        let notes = self.journal_ok && self.has_room_to_lend();
        ui::view::Services {
            borrow: seen
                && lends
                && notes
                && (self.link.online && self.link.checkout_ok || self.offline.lends),
            giveback: seen
                && self.journal_ok
                && self.has_room_to_return()
                && (!self.link.online || self.link.checkin_ok),
            account: self.link.online && notes && (seen || !self.rules.cards.is_empty()),
        }
    }

    /// Whether loans and renewals may begin: the disk has room, and what waits to be posted
    /// leaves room for returns.
    fn has_room_to_lend(&self) -> bool {
        self.room == Room::All && !self.fixer.is_nearly_full()
    }

    /// Whether returns may begin. With the link up they are asked at once, queue or no queue.
    fn has_room_to_return(&self) -> bool {
        self.room != Room::None && (self.link.online || !self.fixer.is_full())
    }

    fn wants_card(&self) -> Option<Purpose> {
        match &self.phase {
            Phase::Attract | Phase::Choose => Some(Purpose::Borrow),
            Phase::Identify(page) if !page.busy => Some(page.purpose),
            _ => None,
        }
    }
}
