//! The glue that carries out a session's effects, in the order they come, and feeds the results
//! back.
//!
//! It owns session, journal and pads; all else is behind [`Outside`]: threads at a station, a
//! simulated world in the storm. It waits for nothing and starts nothing.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use drivers::printer::device::{PrinterEvent, SubmitError as PrintError};
use drivers::printer::job::JobId;
use drivers::printer::slip::Slip;
use jiff::civil::DateTime;
use ui::view::{Touch, View};

use super::offline::{self, OfflineWatch};
use super::pads::{Pads, ReaderNo};
use super::reader::{Command, Told};
use super::{StartError, aids, ils, printing};
use crate::clock::Now;
use crate::config::Config;
use crate::journal::{Figures, Journal, JournalError, KeyError};
use crate::session::{
    Aid, Answer as SessionAnswer, Ask, AskId, Effect, Input, LinkState, Names, NoAnswer,
    OfflineRules, PrintResult, PrinterState, Record, Room, SessionCode, Start, Station as Session,
    Stats, TagResult, Token, TxnId,
};
use crate::sip2::SipDate;
use crate::sip2::conn::SubmitError;
use crate::sip2::link::{Answer, LinkStatus, Priority, RequestId};
use crate::sip2::message::Request;
use crate::sip2::profile::Profile;

/// Session codes drawn at once, and how few left ask for more.
const CODES: usize = 16;
const CODES_LOW: usize = 4;
/// How often old units are looked for; no more than `journal::FORGET_MAX` go at once.
const FORGET_EVERY: Duration = Duration::from_secs(600);
/// How often the disk's room is looked at.
const SPACE_LOOK: Duration = Duration::from_secs(5);
/// Pause before a journal that cannot be opened is tried again.
const BROKEN_AGAIN: Duration = Duration::from_secs(10);

/// What the core reaches but does not own. Nothing here waits: what takes time comes back by the
/// core's `*_told` methods.
pub trait Outside {
    /// The moment.
    fn now(&self) -> Now;

    /// Station time of a moment just past.
    fn mono_at(&self, moment: Instant) -> Duration;

    /// Whether effects are still carried out: after a power cut none is.
    fn has_power(&self) -> bool;

    /// So many session codes, drawn at random.
    ///
    /// # Errors
    /// [`KeyError::Random`] when there are no random bytes.
    fn codes(&mut self, n: usize) -> Result<Vec<SessionCode>, KeyError>;

    /// Asks the library system these, in this order; the end of each comes by [`Core::answered`].
    ///
    /// # Errors
    /// [`SubmitError`]; then no end of any comes.
    fn ask(
        &mut self,
        requests: Vec<(RequestId, Request)>,
        priority: Priority,
    ) -> Result<(), SubmitError>;

    /// Tells an RFID reader something; `false` when it cannot be reached.
    fn read(&mut self, number: ReaderNo, command: Command) -> bool;

    /// Prints; `None` without a printer. The outcome comes by [`Core::printer_told`].
    fn print(&mut self, slip: &Slip) -> Option<Result<JobId, PrintError>>;

    /// A session is over: devices forget cards.
    fn forget(&mut self);

    /// These were written to the journal, or why not.
    fn recorded(&mut self, records: &[Record], error: Option<&JournalError>);

    /// The room on the disk changed.
    fn room_told(&mut self, room: Room);

    /// A time the library system told, in the station's zone; `None` where it says nothing of this
    /// clock.
    fn library_time(&self, told: SipDate) -> Option<DateTime>;

    /// The journal broke: closes it and opens what a start would open; `None` when there is nothing
    /// to be opened now. By default it stays as it is.
    fn reopen(&mut self, broken: Journal) -> Option<Journal> {
        Some(broken)
    }

    /// A reader calls for staff.
    fn call_staff(&mut self);

    /// The day that retention goes by; what else is kept for a time goes by it now.
    fn today(&mut self) -> jiff::civil::Date;
}

/// The core. See the module text.
pub struct Core<O> {
    session: Session,
    names: Names,
    profile: Profile,
    sorting: ils::Sorting,
    journal: Journal,
    /// Oldest unit that was open at the start, or the first new one.
    since: u64,
    /// The journal's figures from there, at the start.
    before: Figures,
    /// Days a settled unit is kept.
    keep_days: u16,
    forget_due: Duration,
    offline: OfflineWatch,
    offline_rules: OfflineRules,
    space_due: Duration,
    /// The journal was found damaged: when it is opened anew.
    broken: Option<Duration>,
    /// As the session was last told.
    room: Room,
    /// Writes wanted by the session, not made yet.
    writes: Vec<(Token, Vec<Record>)>,
    /// Background requests wanted by the session, not handed over yet.
    asks: Vec<(RequestId, Request)>,
    pads: Pads,
    readers: usize,
    /// Slips at the printer; with the return, if they go with an item.
    jobs: HashMap<JobId, Option<TxnId>>,
    printer_seen: bool,
    scans: u64,
    online: bool,
    reader_up: bool,
    outside: O,
}

impl<O: Outside> Core<O> {
    /// A station that goes on from what the journal holds. `printing`: there is a printer.
    ///
    /// # Errors
    /// [`StartError`] when the journal cannot be read or there are no random bytes.
    pub fn new(
        config: &Config,
        journal: Journal,
        printing: bool,
        mut outside: O,
    ) -> Result<Self, StartError> {
        // No more than this: it is what makes a journal that opens one that a station starts from.
        let begin = journal.beginning(config.library.profile.fee_dedup)?;
        let (since, before) = (begin.since, begin.before);
        let start = Start {
            next_txn: begin.next_txn,
            open: begin.open,
            repairs: begin.repairs,
            fees: begin.fees,
            codes: outside.codes(CODES)?,
            printer: if printing { PrinterState::Starting } else { PrinterState::None },
            lists: Some(begin.lists),
            newest: begin.newest,
        };
        let offline = OfflineWatch::new(&journal)?;
        Ok(Self {
            session: Session::new(config.session.clone(), start),
            names: config.names(),
            profile: config.library.profile.clone(),
            sorting: config.sorting(),
            journal,
            since,
            before,
            keep_days: config.station.keep_days,
            forget_due: Duration::ZERO,
            offline,
            offline_rules: config.session.offline.clone(),
            space_due: Duration::ZERO,
            broken: None,
            room: Room::All,
            writes: Vec::new(),
            asks: Vec::new(),
            pads: Pads::new(config.readers.iter().map(|reader| reader.model.reads_items())),
            readers: config.readers.len(),
            jobs: HashMap::new(),
            printer_seen: false,
            scans: 0,
            online: false,
            reader_up: false,
            outside,
        })
    }

    /// What is outside.
    #[must_use]
    pub fn outside(&self) -> &O {
        &self.outside
    }

    /// What is outside, to change it.
    pub fn outside_mut(&mut self) -> &mut O {
        &mut self.outside
    }

    /// The screen now.
    #[must_use]
    pub fn view(&self) -> View {
        self.session.view(&self.names, self.outside.now())
    }

    /// When something happens by itself next.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.session.deadline()
    }

    /// Something waits for a device, the journal or the library system.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.session.is_busy()
    }

    /// The session's figures.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.session.stats()
    }

    /// Looks at the pad so far.
    #[must_use]
    pub fn scans(&self) -> u64 {
        self.scans
    }

    /// The link is up.
    #[must_use]
    pub fn is_online(&self) -> bool {
        self.online
    }

    /// A reader of items is up.
    #[must_use]
    pub fn is_reader_up(&self) -> bool {
        self.reader_up
    }

    /// The printer was ready once.
    #[must_use]
    pub fn is_printer_seen(&self) -> bool {
        self.printer_seen
    }

    /// Time passed.
    pub fn wake(&mut self) {
        self.feed(Input::Tick);
    }

    /// A finger or key.
    pub fn touch(&mut self, touch: Touch) {
        self.feed(Input::Touch(touch));
    }

    /// A barcode or QR code.
    pub fn scan(&mut self, text: String) {
        self.feed(Input::Scan(text));
    }

    /// An RFID reader said something.
    pub fn reader_told(&mut self, number: ReaderNo, told: Told) {
        let now = self.outside.now().mono;
        match told {
            Told::Up(up) => {
                let any = self.pads.set_up(number, up, now);
                if self.pads.reads_items(number) {
                    self.reader_up = any;
                    self.feed(Input::Reader { up: any });
                } else {
                    self.feed(Input::Aid { kind: Aid::Cards, up });
                }
            }
            Told::Pad(tags, heard) => {
                self.scans += 1;
                let all = self.pads.looked(number, tags, now);
                self.feed(Input::Pad(all, self.outside.mono_at(heard).min(now)));
            }
            Told::Read(tag) => {
                self.pads.read(number, &tag);
                self.feed(Input::Read(tag));
            }
            Told::Done(op, result) => {
                if let Some(whole) = self.pads.done(number, op, result) {
                    self.feed(Input::Tag(op, whole));
                }
            }
        }
    }

    /// A device besides the pad said something.
    pub fn aid_told(&mut self, kind: Aid, told: aids::Told) {
        self.feed(match told {
            aids::Told::Up(up) => Input::Aid { kind, up },
            aids::Told::Card(patron, proof) => Input::Card(patron, proof),
            aids::Told::Item(number) => Input::Scan(number),
            aids::Told::Neither(advice) => Input::NoCard(advice),
        });
    }

    /// Questions came to their end. What several answers lead to is written to the journal
    /// together.
    pub fn answered(&mut self, ends: impl IntoIterator<Item = Answer>) {
        let now = self.outside.now().wall;
        let inputs = ends.into_iter().map(|end| {
            let id = AskId(end.id.0);
            let local = |told| self.outside.library_time(told);
            Input::Answer(id, ils::answer(end, &self.profile, &self.sorting, now, &local))
        });
        self.feed_all(inputs.collect());
    }

    /// The library link changed.
    pub fn link_told(&mut self, status: &LinkStatus) {
        let online = status.is_online();
        let (time, now) = (status.date_time_sync, self.outside.now().wall);
        let at = self.outside.library_time(time);
        if let Some(told) = self.offline.library_time(time, at, now) {
            self.feed(told);
        }
        self.online = online;
        self.feed(Input::Link(LinkState {
            online,
            checkout_ok: status.checkout_ok || !self.profile.status_flags,
            checkin_ok: status.checkin_ok || !self.profile.status_flags,
            renewal_ok: status.renewal_ok,
            ever: online,
        }));
    }

    /// The printer said something.
    pub fn printer_told(&mut self, event: PrinterEvent) {
        match event {
            PrinterEvent::Outcome { id, outcome } => {
                if let Some(of) = self.jobs.remove(&id) {
                    self.feed(printing::ended(of, printing::result(outcome)));
                }
            }
            PrinterEvent::Health(health) => {
                let state = printing::state(health, self.printer_seen);
                self.printer_seen |= state == PrinterState::Ready;
                self.feed(Input::Printer(state));
            }
            PrinterEvent::PaperLow => tracing::info!("printer paper is near its end"),
        }
    }

    /// What the technician is told about the clock, as the library system's time shows it.
    #[must_use]
    pub fn clock_trouble(&self) -> Option<&str> {
        self.offline.clock_trouble.as_deref()
    }

    /// The disk's room is looked at, and old units go by themselves (patron-experience.md section
    /// 15), while nobody waits.
    pub fn tidy(&mut self) {
        let now = self.outside.now().mono;
        if now >= self.space_due {
            self.space_due = now + SPACE_LOOK;
            self.journal.look_after_space();
            if let Some(input) = self.room_changed() {
                self.feed(input);
            }
        }
        if self.broken.is_some_and(|at| now >= at) && self.session.is_at_rest() {
            self.renew_journal(now);
        }
        // Lists that an import changed reach the session.
        if let Some(lists) = self.offline.lists(&self.journal, now) {
            self.feed(Input::Lists(Box::new(lists)));
        }
        if now < self.forget_due || self.session.is_busy() {
            return;
        }
        self.forget_due = now + FORGET_EVERY;
        let today = self.outside.today();
        offline::forget_lists(&mut self.journal, today, &self.offline_rules);
        match self.journal.forget(today, self.keep_days) {
            Ok(forgotten) => {
                let before = &mut self.before;
                before.receipts = before.receipts.saturating_sub(forgotten.receipts);
                before.receipt_lines = before.receipt_lines.saturating_sub(forgotten.receipt_lines);
            }
            Err(error) => tracing::warn!(%error, "old units cannot be forgotten"),
        }
    }

    /// Goes on with another journal, which is told what is owed: nothing that was noted is lost with
    /// the old one.
    fn renew_journal(&mut self, now: Duration) {
        let Ok(closed) = Journal::closed() else { return };
        let broken = std::mem::replace(&mut self.journal, closed);
        self.broken = None;
        match self.outside.reopen(broken) {
            Some(journal) => self.journal = journal,
            None => return self.broken = Some(now + BROKEN_AGAIN),
        }
        if self.journal.next_txn().is_ok_and(|next| next <= 1) {
            // Nothing in it is of before.
            (self.since, self.before) = (0, Figures::default());
        }
        // Whatever it is, it has to have them: a new one may be opened at the second try only.
        let listed = self.journal.repairs().unwrap_or_default();
        let mut groups = self.session.owed_records(self.outside.now());
        groups.retain(|group| match group.first() {
            Some(Record::Intent { txn, .. } | Record::FeeIntent { txn, .. }) => {
                !self.journal.has(*txn).unwrap_or(false)
            }
            Some(Record::Repair { tags, .. }) => {
                !tags.iter().all(|uid| listed.iter().any(|row| row.uid == *uid))
            }
            _ => true,
        });
        let groups: Vec<&[Record]> = groups.iter().map(Vec::as_slice).collect();
        for error in self.journal.write_all(&groups).iter().filter_map(|r| r.as_ref().err()) {
            tracing::error!(%error, "the journal does not take what is owed");
            self.broken = Some(now + BROKEN_AGAIN);
        }
        self.offline.journal_changed(&self.journal);
    }

    /// What the session must hear of the disk's room.
    fn room_changed(&mut self) -> Option<Input> {
        let room = self.journal.room();
        if room == self.room {
            return None;
        }
        self.room = room;
        self.outside.room_told(room);
        Some(Input::Room(room))
    }

    /// The journal's figures since the start.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let now = self.journal.figures(self.since).unwrap_or_default();
        Figures {
            loans: now.loans.saturating_sub(self.before.loans),
            returns: now.returns.saturating_sub(self.before.returns),
            renewals: now.renewals.saturating_sub(self.before.renewals),
            receipts: now.receipts.saturating_sub(self.before.receipts),
            receipt_lines: now.receipt_lines.saturating_sub(self.before.receipt_lines),
            ..now
        }
    }

    fn feed(&mut self, input: Input) {
        self.feed_all(VecDeque::from([input]));
    }

    /// Gives the session inputs, carries out what it wants, and feeds back what is known at once,
    /// until nothing is left. Writes that follow each other go to the disk together; nothing else
    /// is carried out before they are there, but for what is asked in the background: that is of
    /// units which are in the journal since long. It is handed over together, ahead of the disk.
    fn feed_all(&mut self, mut inputs: VecDeque<Input>) {
        loop {
            if inputs.is_empty() {
                inputs.extend(self.write_out());
            }
            let Some(input) = inputs.pop_front() else { return };
            let effects = self.session.handle(input, self.outside.now());
            for effect in effects {
                if !self.outside.has_power() {
                    self.asks.clear();
                    return self.writes.clear();
                }
                if let Effect::Record(token, records) = effect {
                    self.writes.push((token, records));
                    continue;
                }
                if !matches!(effect, Effect::Ask { background: true, .. }) {
                    inputs.extend(self.write_out());
                }
                inputs.extend(self.carry_out(effect));
            }
            if self.session.codes_left() < CODES_LOW
                && let Ok(codes) = self.outside.codes(CODES)
            {
                inputs.push_back(Input::Codes(codes));
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            // Collected by `feed_all`.
            Effect::Record(..) => None,
            Effect::Ask { id, ask, background } => self.ask(id, &ask, background),
            Effect::SetSecurity { op, tags, want } => {
                let mut whole = None;
                for order in self.pads.write(op, &tags, want) {
                    let command = Command::SetSecurity { op, tags: order.tags, want };
                    let taken = self.outside.read(order.reader, command);
                    if !taken {
                        whole = self.pads.done(order.reader, op, TagResult::ReaderDown);
                    }
                }
                whole.map(|result| Input::Tag(op, result))
            }
            Effect::Print(request) => {
                self.print(&crate::receipt::slip(&request, &self.names), None)
            }
            Effect::PrintSort(request) => {
                let at = self.outside.now().wall;
                let slip = crate::sort_slip::slip(&request, &self.names, &self.sorting.owners, at);
                self.print(&slip, Some(request.txn))
            }
            Effect::CallStaff => {
                tracing::warn!("a reader calls for staff");
                self.outside.call_staff();
                None
            }
            Effect::Forget => {
                self.pads.forget_cards();
                self.outside.forget();
                None
            }
        }
    }

    /// Makes the writes that are wanted, durably, and says how they went.
    fn write_out(&mut self) -> Vec<Input> {
        let asks = std::mem::take(&mut self.asks);
        let mut inputs = self.hand_over(asks, Priority::Background);
        if self.writes.is_empty() {
            return inputs;
        }
        let writes = std::mem::take(&mut self.writes);
        let groups: Vec<&[Record]> = writes.iter().map(|(_, records)| records.as_slice()).collect();
        let results = self.journal.write_all(&groups);
        // The room first: a write that found the disk full changes what may begin.
        inputs.extend(self.room_changed());
        for ((token, records), written) in writes.iter().zip(results) {
            if let Err(error) = &written {
                tracing::error!(%error, "journal write");
                if matches!(error, JournalError::Broken(_)) {
                    self.broken.get_or_insert(self.outside.now().mono);
                }
            }
            self.outside.recorded(records, written.as_ref().err());
            inputs.push(Input::Recorded(*token, written.is_ok()));
        }
        inputs
    }

    fn ask(&mut self, id: AskId, ask: &Ask, background: bool) -> Option<Input> {
        let at = self.session.time_to_tell(self.outside.now());
        let request = ils::request(ask, &self.profile, at);
        let request = (RequestId(id.0), request);
        if background {
            self.asks.push(request);
            return None;
        }
        if ask.leads_to_write() {
            for number in (0..self.readers).filter(|no| self.pads.reads_items(*no)) {
                self.outside.read(number, Command::Expect);
            }
        }
        self.hand_over(vec![request], Priority::Live).pop()
    }

    /// Hands requests to the link; what is known of them at once.
    fn hand_over(&mut self, requests: Vec<(RequestId, Request)>, priority: Priority) -> Vec<Input> {
        if requests.is_empty() {
            return Vec::new();
        }
        let ids: Vec<AskId> = requests.iter().map(|(id, _)| AskId(id.0)).collect();
        let Err(error) = self.outside.ask(requests, priority) else { return Vec::new() };
        tracing::error!(%error, "library link");
        let unsent = |id| Input::Answer(id, Err::<SessionAnswer, _>(NoAnswer::NotSent));
        ids.into_iter().map(unsent).collect()
    }

    fn print(&mut self, slip: &Slip, of: Option<TxnId>) -> Option<Input> {
        match self.outside.print(slip) {
            Some(Ok(id)) => {
                self.jobs.insert(id, of);
                None
            }
            Some(Err(error)) => {
                tracing::error!(%error, "receipt");
                Some(printing::ended(of, PrintResult::Not(PrinterState::Down)))
            }
            None => Some(printing::ended(of, PrintResult::Not(PrinterState::None))),
        }
    }
}

#[cfg(test)]
mod tests;
