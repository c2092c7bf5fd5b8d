//! The loop around the session: threads, wires, journal and clock.
//!
//! One thread owns the [`Session`]; reader, printer and library link have their own and reach it
//! by one bounded channel of [`Event`]s. Effects are carried out here in the order they come.

pub mod aids;
pub mod device;
pub mod ils;
pub mod pads;
mod printing;
pub mod reader;
pub mod status;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use drivers::idcard::HashKey;
use drivers::port::{PortSpec, Tap};
use drivers::printer::device::{PrinterEvent, PrinterHandle};
use drivers::printer::job::JobId;
use drivers::scanner::rules::ScanPattern;
use drivers::scanner::token::TokenGuard;
use ui::view::{Touch, View};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::config::{Config, split_address};
use crate::journal::{Figures, Journal, JournalError, KeyError, Sealer, draw_codes};
use crate::session::{
    Aid, Answer, Ask, AskId, Effect, Input, LinkState, Names, NoAnswer, PrintResult, PrinterState,
    Record, Start, Station as Session, Stats, TagResult, Token,
};
use crate::sip2::conn::{Event as SipEvent, SipConfig, SipHandle, Tls, TlsError};
use crate::sip2::link::{LinkState as LinkPhase, LinkStatus, Priority, RequestId};
use crate::sip2::profile::Profile;

use device::{About, Board, Device, Health, Role, State};
use ils::Sorting;
use pads::{Pads, ReaderNo};
use reader::{Classify, Command, Opener, ReaderWork, Told};

/// Most events waiting for the loop.
const EVENTS_MAX: usize = 1024;
/// Longest sleep of the loop: countdowns are shown by the second.
const TICK: Duration = Duration::from_millis(200);
/// Session codes drawn at once, and how few left ask for more.
const CODES: usize = 16;
const CODES_LOW: usize = 4;
/// How often old units are looked for; no more than `journal::FORGET_MAX` go at once.
const FORGET_EVERY: Duration = Duration::from_secs(600);
/// How often the devices' health is looked at.
const DEVICES_LOOK: Duration = Duration::from_secs(1);
/// Longest wait for an answer to [`StationHandle::snapshot`].
const SNAPSHOT_WAIT: Duration = Duration::from_secs(10);

/// Everything that can wake the loop.
#[derive(Debug)]
pub enum Event {
    /// A finger or key.
    Touch(Touch),
    /// A barcode or QR code.
    Scan(String),
    /// An RFID reader.
    Reader(ReaderNo, Told),
    /// A device besides the pad.
    Aid(Aid, aids::Told),
    /// The library link.
    Sip(SipEvent),
    /// The printer.
    Printer(PrinterEvent),
    /// The clock was moved.
    Wake,
    /// The network is switched.
    Network(bool),
    /// Somebody wants to know.
    Query(SyncSender<Snapshot>),
    /// The end.
    Stop,
}

/// The station at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The screen.
    pub view: View,
    /// Something waits for a device, the journal or the library system.
    pub busy: bool,
    /// The session's figures.
    pub stats: Stats,
    /// The journal's figures since start.
    pub journal: Figures,
    /// Looks at the pad so far.
    pub scans: u64,
    /// The link is up.
    pub online: bool,
    /// A reader is up.
    pub reader: bool,
    /// Every device's health.
    pub devices: Vec<Health>,
    /// The printer is ready.
    pub printer: bool,
    /// When something happens by itself next.
    pub deadline: Option<Duration>,
}

/// Receives journal writes.
pub type RecordSink = Arc<dyn Fn(&[Record]) + Send + Sync>;

/// What the bench and the headless mode listen to.
#[derive(Clone)]
pub struct Listeners {
    /// Each new view. Called on the loop's thread; must not block.
    pub view: Arc<dyn Fn(&View) + Send + Sync>,
    /// Each journal write that is durable.
    pub journal: RecordSink,
    /// Bytes to and from the library system.
    pub sip: Option<Tap>,
    /// Bytes to and from the printer.
    pub printer: Option<Tap>,
}

impl Default for Listeners {
    fn default() -> Self {
        Self { view: Arc::new(|_| {}), journal: Arc::new(|_| {}), sip: None, printer: None }
    }
}

/// Where the station's devices are, after simulated ones were started.
pub struct Wires {
    /// The RFID readers, in the order of configuration.
    pub readers: Vec<WiredReader>,
    /// Printer, if any.
    pub printer: Option<PortSpec>,
    /// `host:port` of the library system.
    pub library: String,
}

/// How one reader is reached.
pub struct WiredReader {
    /// Opens it.
    pub open: Opener,
    /// Where it is connected.
    pub port: PortSpec,
}

/// A station that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error(
        "cannot make {path}: {source}; set station.data_dir to a directory the station may write"
    )]
    DataDir {
        /// The directory.
        path: std::path::PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A secret of a device.
    #[error("{path}: {why}")]
    Secret {
        /// Its file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The zone.
    #[error(transparent)]
    Zone(#[from] crate::clock::ZoneError),
    /// The library's address.
    #[error("library.address {0:?}: write HOST:PORT")]
    Address(String),
    /// Encryption.
    #[error("library.tls: {0}")]
    Tls(#[from] TlsError),
    /// The printer's set-up.
    #[error("printer: {0}")]
    Printer(String),
    /// Threads.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// A running station.
pub struct StationHandle {
    events: SyncSender<Event>,
    thread: Option<JoinHandle<()>>,
    clock: Clock,
    power: Arc<AtomicBool>,
}

impl StationHandle {
    /// Opens the journal, starts the device threads and the loop.
    ///
    /// # Errors
    /// [`StartError`]. A device that is absent is no error: it is retried and said on the screen.
    pub fn start(
        config: &Config,
        wires: Wires,
        clock: &Clock,
        listeners: Listeners,
    ) -> Result<Self, StartError> {
        let (events, inbox) = sync_channel(EVENTS_MAX);
        let mut core = Core::new(config, wires, clock, listeners, &events)?;
        let power = Arc::clone(&core.power);
        let thread = std::thread::Builder::new()
            .name("station".to_owned())
            .spawn(move || core.run(&inbox))?;
        Ok(Self { events, thread: Some(thread), clock: clock.clone(), power })
    }

    /// Hands an event to the loop; `false` when it has ended.
    pub fn send(&self, event: Event) -> bool {
        self.events.send(event).is_ok()
    }

    /// A sender for callbacks.
    #[must_use]
    pub fn sender(&self) -> SyncSender<Event> {
        self.events.clone()
    }

    /// The station's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The station now; `None` when the loop has ended or does not answer.
    #[must_use]
    pub fn snapshot(&self) -> Option<Snapshot> {
        let (reply, answer) = sync_channel(1);
        self.events.send(Event::Query(reply)).ok()?;
        answer.recv_timeout(SNAPSHOT_WAIT).ok()
    }

    /// Ends the station and waits for it.
    pub fn stop(mut self) {
        self.end();
    }

    /// Ends it as a power cut does: what waits in its queue is not done any more.
    pub fn cut(self) {
        self.power.store(false, Ordering::Relaxed);
        drop(self);
    }

    fn end(&mut self) {
        // A full queue is drained by the loop, a closed one needs no stop.
        let _ = self.events.send(Event::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the station's thread panicked");
        }
    }
}

impl Drop for StationHandle {
    fn drop(&mut self) {
        self.end();
    }
}

struct Core {
    session: Session,
    names: Names,
    profile: Profile,
    sorting: Sorting,
    journal: Journal,
    /// As the technician sees it.
    journal_health: Health,
    /// Oldest unit that was open at the start, or the first new one.
    since: u64,
    /// The journal's figures from there, at the start.
    before: Figures,
    clock: Clock,
    sip: SipHandle,
    board: Board,
    /// The library system, as the technician sees it.
    library: Health,
    /// As last written for the technician.
    devices: Vec<Health>,
    devices_file: std::path::PathBuf,
    devices_due: Duration,
    readers: Vec<Device<Command>>,
    aids: Vec<Device<aids::Command>>,
    /// Days a settled unit is kept.
    keep_days: u16,
    forget_due: Duration,
    pads: Pads,
    printer: Option<PrinterHandle>,
    jobs: HashMap<JobId, ()>,
    printer_seen: bool,
    listeners: Listeners,
    shown: Option<View>,
    scans: u64,
    online: bool,
    reader_up: bool,
    power: Arc<AtomicBool>,
}

/// A journal opened for a station, and what it left.
fn open_journal(config: &Config) -> Result<(Journal, Health), StartError> {
    let dir = &config.station.data_dir;
    std::fs::create_dir_all(dir)
        .map_err(|source| StartError::DataDir { path: dir.clone(), source })?;
    let sealer = Sealer::from_file(&config.station.key_file)?;
    let path = journal_path(config);
    let (journal, aside) = Journal::open_sound(&path, sealer)?;
    let trouble = aside.map(|aside| {
        let aside = aside.display();
        tracing::error!(%aside, "the journal was damaged; it is set aside and a new one begun");
        format!("it was damaged: what was open in it is for staff; keep {aside} and have the disk looked at")
    });
    let health = Health {
        name: "journal".to_owned(),
        role: Role::Journal,
        model: "sqlite".to_owned(),
        port: path.display().to_string(),
        state: State::Up,
        firmware: None,
        opened: 1,
        trouble: trouble.unwrap_or_default(),
    };
    Ok((journal, health))
}

/// Where a station's journal lies.
#[must_use]
pub fn journal_path(config: &Config) -> std::path::PathBuf {
    config.station.data_dir.join("journal.sqlite")
}

impl Core {
    fn new(
        config: &Config,
        wires: Wires,
        clock: &Clock,
        listeners: Listeners,
        events: &SyncSender<Event>,
    ) -> Result<Self, StartError> {
        let (journal, journal_health) = open_journal(config)?;
        let next_txn = journal.next_txn()?;
        let open = journal.open_units()?;
        // What a restart finds open is settled now: it counts from here on, its elders do not.
        let since = open.iter().map(|unit| unit.txn.0).min().unwrap_or(next_txn);
        let before = journal.figures(since)?;
        let printing = config.printer.is_some() && wires.printer.is_some();
        let start = Start {
            next_txn,
            open,
            repairs: journal.repairs()?,
            codes: draw_codes(CODES)?,
            printer: if printing { PrinterState::Starting } else { PrinterState::None },
        };
        let session = Session::new(config.session.clone(), start);
        let sip = start_sip(config, &wires.library, clock, &listeners, events)?;
        let board = Board::default();
        let readers = start_readers(config, wires.readers, &board, events)?;
        let aids = start_aids(config, &board, events)?;
        let pads = Pads::new(config.readers.iter().map(|reader| reader.model.reads_items()));
        let printer = match (&config.printer, wires.printer) {
            (Some(settings), Some(port)) => {
                Some(printing::start(settings, port, listeners.printer.clone(), events)?)
            }
            _ => None,
        };
        Ok(Self {
            session,
            names: config.names(),
            profile: config.library.profile.clone(),
            sorting: config.sorting(),
            journal,
            journal_health,
            since,
            before,
            clock: clock.clone(),
            sip,
            board,
            library: library_health(config, &wires.library),
            devices: Vec::new(),
            devices_file: status::path(&config.station.data_dir),
            devices_due: Duration::ZERO,
            keep_days: config.station.keep_days,
            forget_due: Duration::ZERO,
            readers,
            aids,
            pads,
            printer,
            jobs: HashMap::new(),
            printer_seen: false,
            listeners,
            shown: None,
            scans: 0,
            online: false,
            reader_up: false,
            power: Arc::new(AtomicBool::new(true)),
        })
    }

    fn run(&mut self, inbox: &Receiver<Event>) {
        self.feed(Input::Tick);
        loop {
            self.show();
            self.look_after_devices();
            self.forget();
            match inbox.recv_timeout(self.patience()) {
                _ if !self.has_power() => return,
                Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => self.feed(Input::Tick),
            }
        }
    }

    fn has_power(&self) -> bool {
        self.power.load(Ordering::Relaxed)
    }

    fn patience(&self) -> Duration {
        let now = self.clock.now().mono;
        self.session
            .deadline()
            .map_or(TICK, |at| at.saturating_sub(now).min(TICK))
            .max(Duration::from_millis(1))
    }

    fn show(&mut self) {
        let view = self.session.view(&self.names, self.clock.now());
        if self.shown.as_ref() != Some(&view) {
            (self.listeners.view)(&view);
            self.shown = Some(view);
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Touch(touch) => self.feed(Input::Touch(touch)),
            Event::Scan(text) => self.feed(Input::Scan(text)),
            Event::Reader(number, told) => self.reader_told(number, told),
            Event::Aid(kind, told) => self.aid_told(kind, told),
            Event::Sip(event) => self.sip_event(event),
            Event::Printer(event) => self.printer_event(event),
            Event::Wake => self.feed(Input::Tick),
            Event::Network(on) => {
                if self.sip.set_network(on).is_err() {
                    tracing::error!("the library link takes no commands");
                }
            }
            Event::Query(reply) => {
                let snapshot = self.snapshot();
                // Whoever asked may have given up; nothing is lost with the answer.
                let _ = reply.try_send(snapshot);
            }
            Event::Stop => {}
        }
    }

    fn reader_told(&mut self, number: ReaderNo, told: Told) {
        let now = self.clock.now().mono;
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
                self.feed(Input::Pad(all, self.clock.mono_at(heard).min(now)));
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

    fn aid_told(&mut self, kind: Aid, told: aids::Told) {
        self.feed(match told {
            aids::Told::Up(up) => Input::Aid { kind, up },
            aids::Told::Card(patron, proof) => Input::Card(patron, proof),
            aids::Told::Item(number) => Input::Scan(number),
            aids::Told::Neither(advice) => Input::NoCard(advice),
        });
    }

    /// Tells the session of readers that hang or hang no more, and the technician of everything.
    fn look_after_devices(&mut self) {
        let now = self.clock.now().mono;
        if now < self.devices_due {
            return;
        }
        self.devices_due = now + DEVICES_LOOK;
        let health = self.health();
        if health == self.devices {
            return;
        }
        for number in 0..self.readers.len() {
            let stuck = |list: &[Health]| list.get(number).is_some_and(|h| h.state == State::Stuck);
            match (stuck(&self.devices), stuck(&health)) {
                (false, true) => self.reader_told(number, Told::Up(false)),
                (true, false) => {
                    let up = health.get(number).is_some_and(|h| h.state == State::Up);
                    self.reader_told(number, Told::Up(up));
                }
                _ => {}
            }
        }
        if let Err(error) = status::write(&self.devices_file, &health) {
            tracing::warn!(%error, "the list of devices cannot be written");
        }
        self.devices = health;
    }

    /// Old units go by themselves (patron-experience.md section 15), while nobody waits.
    fn forget(&mut self) {
        let now = self.clock.now();
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

    fn snapshot(&mut self) -> Snapshot {
        let now = self.clock.now();
        Snapshot {
            view: self.session.view(&self.names, now),
            busy: self.session.is_busy(),
            stats: self.session.stats(),
            journal: self.figures(),
            scans: self.scans,
            online: self.online,
            reader: self.reader_up,
            devices: self.health(),
            printer: self.printer_seen,
            deadline: self.session.deadline(),
        }
    }

    fn health(&self) -> Vec<Health> {
        let mut health = self.board.health();
        health.push(self.library.clone());
        health.push(self.journal_health.clone());
        health
    }

    fn figures(&self) -> Figures {
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

    fn sip_event(&mut self, event: SipEvent) {
        match event {
            SipEvent::Answer(end) => {
                let now = self.clock.now().wall;
                let answer = ils::answer(end.outcome, &self.profile, &self.sorting, now);
                self.feed(Input::Answer(AskId(end.id.0), answer));
            }
            SipEvent::Trouble(trouble) => {
                self.library.state = State::Down;
                self.library.trouble = trouble;
            }
            SipEvent::Status(status) => {
                let online = status.is_online();
                self.library_is(&status);
                self.online = online;
                self.feed(Input::Link(LinkState {
                    online,
                    checkout_ok: status.checkout_ok,
                    checkin_ok: status.checkin_ok,
                    renewal_ok: status.renewal_ok,
                    ever: online,
                }));
            }
        }
    }

    fn library_is(&mut self, status: &LinkStatus) {
        let library = &mut self.library;
        match status.state {
            LinkPhase::Online => {
                library.state = State::Up;
                library.opened += u32::from(!self.online);
                library.trouble.clear();
            }
            LinkPhase::LoginRefused => {
                library.state = State::Down;
                library.trouble =
                    "the library system refuses this station's account; check library.profile.login"
                        .to_owned();
            }
            LinkPhase::LibraryClosed => {
                library.state = State::Down;
                library.trouble = "connected, but it says that it is off line".to_owned();
            }
            LinkPhase::Connecting | LinkPhase::LoggingIn => {}
            _ => library.state = State::Down,
        }
    }

    fn printer_event(&mut self, event: PrinterEvent) {
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

    /// Gives the session an input, carries out what it wants, and feeds back what is known at
    /// once, until nothing is left.
    fn feed(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let effects = self.session.handle(input, self.clock.now());
            for effect in effects {
                if !self.has_power() {
                    return;
                }
                if let Some(next) = self.carry_out(effect) {
                    inputs.insert(0, next);
                }
            }
            if self.session.codes_left() < CODES_LOW
                && let Ok(codes) = draw_codes(CODES)
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
                    let taken = self.readers.get(order.reader).is_some_and(|r| r.send(command));
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
                for reader in &self.readers {
                    reader.send(Command::Forget);
                }
                for aid in &self.aids {
                    aid.send(aids::Command::Forget);
                }
                None
            }
        }
    }

    fn record(&mut self, token: Token, records: &[Record]) -> Input {
        let ok = match self.journal.write(records) {
            Ok(()) => {
                (self.listeners.journal)(records);
                self.journal_health.state = State::Up;
                true
            }
            Err(error) => {
                tracing::error!(%error, "journal write");
                self.journal_health.state = State::Down;
                self.journal_health.trouble =
                    format!("{error}; make room, or have the disk looked at");
                false
            }
        };
        Input::Recorded(token, ok)
    }

    fn ask(&mut self, id: AskId, ask: &Ask, background: bool) -> Option<Input> {
        if !background && ask.leads_to_write() {
            for number in (0..self.readers.len()).filter(|no| self.pads.reads_items(*no)) {
                self.readers[number].send(Command::Expect);
            }
        }
        let request = ils::request(ask, &self.profile, self.clock.now().wall);
        let priority = if background { Priority::Background } else { Priority::Live };
        match self.sip.request(RequestId(id.0), request, priority) {
            Ok(()) => None,
            Err(error) => {
                tracing::error!(%error, "library link");
                Some(Input::Answer(id, Err::<Answer, _>(NoAnswer::NotSent)))
            }
        }
    }

    fn print(&mut self, request: &crate::session::SlipRequest) -> Option<Input> {
        let slip = crate::receipt::slip(request, &self.names);
        let submitted = self.printer.as_ref().map(|printer| printer.submit(&slip));
        match submitted {
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

fn start_sip(
    config: &Config,
    address: &str,
    clock: &Clock,
    listeners: &Listeners,
    events: &SyncSender<Event>,
) -> Result<SipHandle, StartError> {
    let (host, port) =
        split_address(address).ok_or_else(|| StartError::Address(address.to_owned()))?;
    let tls = config.library.tls.as_ref().filter(|_| config.library.address.is_some());
    let tls = tls.map(|files| Tls::load(files, &host)).transpose()?;
    let (profile, links) = (config.library.profile.clone(), config.library.links);
    let sip = SipConfig { host, port, tls, profile, links };
    let shared = clock.clone();
    let time: Arc<dyn Fn() -> Duration + Send + Sync> = Arc::new(move || shared.now().mono);
    let events = events.clone();
    Ok(SipHandle::start(sip, Some(time), listeners.sip.clone(), move |event| {
        // The loop may have ended before the link.
        let _ = events.send(Event::Sip(event));
    })?)
}

fn library_health(config: &Config, address: &str) -> Health {
    let library = &config.library;
    let practice = library.address.is_none().then_some("practice");
    let tls = library.tls.is_some() && practice.is_none();
    Health {
        name: "library".to_owned(),
        role: Role::Library,
        model: practice.or(library.system.as_deref()).unwrap_or("sip2").to_owned(),
        port: format!("{}:{address}", if tls { "tls" } else { "tcp" }),
        state: State::Starting,
        firmware: None,
        opened: 0,
        trouble: String::new(),
    }
}

fn start_readers(
    config: &Config,
    wired: Vec<WiredReader>,
    board: &Board,
    events: &SyncSender<Event>,
) -> Result<Vec<Device<Command>>, StartError> {
    let classify = Classify::new(&config.session);
    let mut readers = Vec::new();
    for (number, wired) in wired.into_iter().enumerate() {
        let model = config.readers.get(number).map(|r| r.model).unwrap_or_default();
        let about = About {
            name: config.reader_name(number),
            role: if model.reads_items() { Role::Pad } else { Role::Cards },
            model: model.name().to_owned(),
            port: wired.port.to_string(),
        };
        let events = events.clone();
        let tell = Box::new(move |told| {
            // The loop may have ended before the reader.
            let _ = events.send(Event::Reader(number, told));
        });
        let work =
            ReaderWork::new(wired.open, Some(wired.port), config.security, classify.clone(), tell);
        readers.push(Device::start(board, about, work)?);
    }
    Ok(readers)
}

/// A secret shared with others, from its file; line ends behind it do not count.
fn secret(path: &std::path::Path) -> Result<Zeroizing<Vec<u8>>, StartError> {
    let why = |source: std::io::Error| StartError::Secret {
        path: path.to_owned(),
        why: format!("{source}; put the site's secret there"),
    };
    let mut bytes = Zeroizing::new(std::fs::read(path).map_err(why)?);
    while bytes.last().is_some_and(u8::is_ascii_whitespace) {
        bytes.pop();
    }
    Ok(bytes)
}

fn start_aids(
    config: &Config,
    board: &Board,
    events: &SyncSender<Event>,
) -> Result<Vec<Device<aids::Command>>, StartError> {
    let tell = |kind| -> aids::Tell {
        let events = events.clone();
        Box::new(move |told| {
            // The loop may have ended before the device.
            let _ = events.send(Event::Aid(kind, told));
        })
    };
    let about = |name: &str, role, model: &str, port: String| About {
        name: name.to_owned(),
        role,
        model: model.to_owned(),
        port,
    };
    let mut started = Vec::new();
    if let Some(scanner) = &config.scanner {
        let mut rules = scanner.rules.clone();
        if rules.cards.is_empty() {
            let cards = &config.session.cards;
            rules.cards = cards.iter().map(|c| ScanPattern::new(&c.prefix, c.length)).collect();
        }
        let key = scanner.code_key_file.as_deref().map(secret).transpose()?;
        let guard = match rules.patron_code.clone() {
            Some(form) => {
                let mut memory = [0; 32];
                getrandom::fill(&mut memory).map_err(std::io::Error::other)?;
                Some(TokenGuard::new(form, key.as_ref().map(|key| key.as_slice()), memory))
            }
            None => None,
        };
        let about = about("scanner", Role::Scanner, "scanner", scanner.setup.port.to_string());
        let work = aids::ScanWork::new(scanner.setup.clone(), rules, guard, tell(Aid::Scanner));
        started.push(Device::start(board, about, work)?);
    }
    if let Some(id_card) = &config.id_card {
        let key = match &id_card.key_file {
            Some(path) => {
                let why = |error: drivers::idcard::HashKeyError| StartError::Secret {
                    path: path.clone(),
                    why: error.to_string(),
                };
                Some(HashKey::new(secret(path)?.to_vec()).map_err(why)?)
            }
            None => None,
        };
        let about = about("id_card", Role::IdCard, "sam_v", id_card.setup.port.to_string());
        let work = aids::IdWork::new(id_card.setup.clone(), key, tell(Aid::IdCard));
        started.push(Device::start(board, about, work)?);
    }
    Ok(started)
}
