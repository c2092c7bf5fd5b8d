//! The glue that carries out a session's effects, in the order they come, and feeds the results
//! back.
//!
//! It owns session, journal and pads; all else is behind [`Outside`]: threads at a station, a
//! simulated world in the storm. It waits for nothing and starts nothing.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use drivers::printer::device::{PrinterEvent, SubmitError as PrintError};
use drivers::printer::job::JobId;
use drivers::printer::slip::Slip;
use ui::view::{Touch, View};

use super::pads::{Pads, ReaderNo};
use super::reader::{Command, Told};
use super::{StartError, aids, ils, printing};
use crate::clock::Now;
use crate::config::Config;
use crate::journal::{Figures, Journal, JournalError, KeyError};
use crate::session::{
    Aid, Answer as SessionAnswer, Ask, AskId, Effect, Input, LinkState, Names, NoAnswer,
    PrintResult, PrinterState, Record, SessionCode, SlipRequest, Start, Station as Session, Stats,
    TagResult, Token,
};
use crate::sip2::conn::SubmitError;
use crate::sip2::link::{Answer, LinkStatus, Priority, RequestId};
use crate::sip2::message::Request;
use crate::sip2::profile::Profile;

/// Session codes drawn at once, and how few left ask for more.
const CODES: usize = 16;
const CODES_LOW: usize = 4;
/// How often old units are looked for; no more than `journal::FORGET_MAX` go at once.
const FORGET_EVERY: Duration = Duration::from_secs(600);

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

    /// Asks the library system; the end comes by [`Core::answered`].
    ///
    /// # Errors
    /// [`SubmitError`]; then no end comes.
    fn ask(
        &mut self,
        id: RequestId,
        request: Request,
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
    pads: Pads,
    readers: usize,
    jobs: HashMap<JobId, ()>,
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
        let next_txn = journal.next_txn()?;
        let open = journal.open_units()?;
        // What a restart finds open is settled now: it counts from here on, its elders do not.
        let since = open.iter().map(|unit| unit.txn.0).min().unwrap_or(next_txn);
        let before = journal.figures(since)?;
        let start = Start {
            next_txn,
            open,
            repairs: journal.repairs()?,
            codes: outside.codes(CODES)?,
            printer: if printing { PrinterState::Starting } else { PrinterState::None },
        };
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

    /// A question came to its end.
    pub fn answered(&mut self, end: Answer) {
        let now = self.outside.now().wall;
        let answer = if ils::is_echo(&end.outcome, end.transmissions) {
            Err(NoAnswer::Unknown)
        } else {
            ils::answer(end.outcome, &self.profile, &self.sorting, now)
        };
        self.feed(Input::Answer(AskId(end.id.0), answer));
    }

    /// The library link changed.
    pub fn link_told(&mut self, status: &LinkStatus) {
        let online = status.is_online();
        self.online = online;
        self.feed(Input::Link(LinkState {
            online,
            checkout_ok: status.checkout_ok,
            checkin_ok: status.checkin_ok,
            renewal_ok: status.renewal_ok,
            ever: online,
        }));
    }

    /// The printer said something.
    pub fn printer_told(&mut self, event: PrinterEvent) {
        match event {
            PrinterEvent::Outcome { id, outcome } => {
                if self.jobs.remove(&id).is_some() {
                    self.feed(Input::Printed(printing::result(outcome)));
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

    /// Old units go by themselves (patron-experience.md section 15), while nobody waits.
    pub fn tidy(&mut self) {
        let now = self.outside.now();
        if now.mono < self.forget_due || self.session.is_busy() {
            return;
        }
        self.forget_due = now.mono + FORGET_EVERY;
        match self.journal.forget(now.wall.date(), self.keep_days) {
            Ok(forgotten) => {
                let before = &mut self.before;
                before.receipts = before.receipts.saturating_sub(forgotten.receipts);
                before.receipt_lines = before.receipt_lines.saturating_sub(forgotten.receipt_lines);
            }
            Err(error) => tracing::warn!(%error, "old units cannot be forgotten"),
        }
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

    /// Gives the session an input, carries out what it wants, and feeds back what is known at
    /// once, until nothing is left.
    fn feed(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let effects = self.session.handle(input, self.outside.now());
            for effect in effects {
                if !self.outside.has_power() {
                    return;
                }
                if let Some(next) = self.carry_out(effect) {
                    inputs.insert(0, next);
                }
            }
            if self.session.codes_left() < CODES_LOW
                && let Ok(codes) = self.outside.codes(CODES)
            {
                inputs.insert(0, Input::Codes(codes));
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Record(token, records) => Some(self.record(token, &records)),
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
            Effect::Print(request) => self.print(&request),
            Effect::CallStaff => {
                tracing::warn!("a reader calls for staff");
                None
            }
            Effect::Forget => {
                self.pads.forget_cards();
                self.outside.forget();
                None
            }
        }
    }

    fn record(&mut self, token: Token, records: &[Record]) -> Input {
        let written = self.journal.write(records);
        if let Err(error) = &written {
            tracing::error!(%error, "journal write");
        }
        self.outside.recorded(records, written.as_ref().err());
        Input::Recorded(token, written.is_ok())
    }

    fn ask(&mut self, id: AskId, ask: &Ask, background: bool) -> Option<Input> {
        if !background && ask.leads_to_write() {
            for number in (0..self.readers).filter(|no| self.pads.reads_items(*no)) {
                self.outside.read(number, Command::Expect);
            }
        }
        let request = ils::request(ask, &self.profile, self.outside.now().wall);
        let priority = if background { Priority::Background } else { Priority::Live };
        match self.outside.ask(RequestId(id.0), request, priority) {
            Ok(()) => None,
            Err(error) => {
                tracing::error!(%error, "library link");
                Some(Input::Answer(id, Err::<SessionAnswer, _>(NoAnswer::NotSent)))
            }
        }
    }

    fn print(&mut self, request: &SlipRequest) -> Option<Input> {
        let slip = crate::receipt::slip(request, &self.names);
        match self.outside.print(&slip) {
            Some(Ok(id)) => {
                self.jobs.insert(id, ());
                None
            }
            Some(Err(error)) => {
                tracing::error!(%error, "receipt");
                Some(Input::Printed(PrintResult::Not(PrinterState::Down)))
            }
            None => Some(Input::Printed(PrintResult::Not(PrinterState::None))),
        }
    }
}
