//! The loop around the session: threads, wires, journal and clock.
//!
//! One thread owns the [`core`]; reader, printer and library link have their own and reach it by
//! one bounded channel of [`Event`]s.

pub mod aids;
pub mod core;
pub mod device;
pub mod ils;
mod offline;
pub mod pads;
mod place;
mod printing;
pub mod reader;
mod records;
pub mod status;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use drivers::idcard::HashKey;
use drivers::port::{PortSpec, Tap};
use drivers::printer::device::{PrinterEvent, PrinterHandle, SubmitError as PrintError};
use drivers::printer::job::JobId;
use drivers::printer::slip::Slip;
use drivers::scanner::rules::ScanPattern;
use drivers::scanner::token::TokenGuard;
use jiff::civil::DateTime;
use ui::view::{Touch, View};
use zeroize::Zeroizing;

use crate::clock::{Clock, Now};
use crate::config::{Config, split_address};
use crate::eventlog::Entry;
use crate::journal::{Figures, Journal, JournalError, KeyError, draw_codes};
use crate::session::{Aid, Record, Room, SessionCode, Stats};
use crate::sip2::SipDate;
use crate::sip2::conn::{Event as SipEvent, SipConfig, SipHandle, SubmitError, Tls, TlsError};
use crate::sip2::link::{Answer, LinkState as LinkPhase, LinkStatus, Priority, RequestId};
use crate::sip2::message::Request;

use self::core::{Core, Outside};
use device::{About, Board, Device, Health, Role, State};
use pads::ReaderNo;
pub use place::journal_path;
use place::{JournalPlace, open_journal, set_aside};
use reader::{Classify, Command, Opener, ReaderWork, Told};

/// Most events waiting for the loop.
const EVENTS_MAX: usize = 1024;
/// Most answers taken together.
const ANSWERS_MAX: usize = 64;
/// Longest sleep of the loop: countdowns are shown by the second.
const TICK: Duration = Duration::from_millis(200);
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
        let mut shell = Shell::new(config, wires, clock, listeners, &events)?;
        let power = Arc::clone(&shell.core.outside().power);
        let thread = std::thread::Builder::new()
            .name("station".to_owned())
            .spawn(move || shell.run(&inbox))?;
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

/// The core and the threads around it.
struct Shell {
    core: Core<Threads>,
    listeners: Listeners,
    shown: Option<View>,
    /// As last written for the technician.
    devices: Vec<Health>,
    devices_file: std::path::PathBuf,
    devices_due: Duration,
}

/// What is outside of the core: devices and library link on their threads, and the real clock.
struct Threads {
    clock: Clock,
    sip: SipHandle,
    board: Board,
    /// The library system, as the technician sees it.
    library: Health,
    /// The journal, likewise.
    journal: Health,
    journal_place: JournalPlace,
    readers: Vec<Device<Command>>,
    aids: Vec<Device<aids::Command>>,
    printer: Option<PrinterHandle>,
    recorded: RecordSink,
    log: records::Log,
    power: Arc<AtomicBool>,
}

impl Outside for Threads {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn mono_at(&self, moment: Instant) -> Duration {
        self.clock.mono_at(moment)
    }

    fn has_power(&self) -> bool {
        self.power.load(Ordering::Relaxed)
    }

    fn codes(&mut self, n: usize) -> Result<Vec<SessionCode>, KeyError> {
        draw_codes(n)
    }

    fn ask(
        &mut self,
        requests: Vec<(RequestId, Request)>,
        priority: Priority,
    ) -> Result<(), SubmitError> {
        self.sip.requests(requests, priority)
    }

    fn read(&mut self, number: ReaderNo, command: Command) -> bool {
        self.readers.get(number).is_some_and(|reader| reader.send(command))
    }

    fn print(&mut self, slip: &Slip) -> Option<Result<JobId, PrintError>> {
        self.printer.as_ref().map(|printer| printer.submit(slip))
    }

    fn forget(&mut self) {
        for reader in &self.readers {
            reader.send(Command::Forget);
        }
        for aid in &self.aids {
            aid.send(aids::Command::Forget);
        }
    }

    fn recorded(&mut self, records: &[Record], error: Option<&JournalError>) {
        match error {
            None => {
                (self.recorded)(records);
                self.log.took(self.clock.now(), records);
                self.journal.state = State::Up;
            }
            Some(error) => {
                self.journal.state = State::Down;
                self.journal.trouble = format!("{error}; make room, or have the disk looked at");
            }
        }
    }

    fn room_told(&mut self, room: Room) {
        self.log.room(self.clock.now(), room).clone_into(&mut self.journal.trouble);
    }

    fn reopen(&mut self, broken: Journal) -> Option<Journal> {
        // Closed before its file is moved: closing works on files by their names.
        drop(broken);
        match self.journal_place.open() {
            Ok((journal, aside)) => {
                if let Some(aside) = aside {
                    self.journal.trouble =
                        set_aside(&aside, "what the station knew to be open is in the new one");
                    self.journal.opened += 1;
                }
                Some(journal)
            }
            Err(error) => {
                tracing::error!(%error, "the journal cannot be opened again");
                None
            }
        }
    }

    fn library_time(&self, told: SipDate) -> Option<DateTime> {
        offline::library_time(told, &self.clock)
    }

    fn call_staff(&mut self) {
        self.log.event(self.clock.now(), &Entry::of("call_staff"));
    }

    fn today(&mut self) -> jiff::civil::Date {
        self.log.forget(self.clock.now())
    }
}

impl Shell {
    fn new(
        config: &Config,
        wires: Wires,
        clock: &Clock,
        listeners: Listeners,
        events: &SyncSender<Event>,
    ) -> Result<Self, StartError> {
        let (journal, journal_health) = open_journal(config)?;
        let printing = config.printer.is_some() && wires.printer.is_some();
        let sip = start_sip(config, &wires.library, clock, &listeners, events)?;
        let board = Board::default();
        let readers = start_readers(config, wires.readers, &board, events)?;
        let aids = start_aids(config, &board, events)?;
        let printer = match (&config.printer, wires.printer) {
            (Some(settings), Some(port)) => {
                Some(printing::start(settings, port, listeners.printer.clone(), events)?)
            }
            _ => None,
        };
        let threads = Threads {
            clock: clock.clone(),
            sip,
            board,
            library: library_health(config, &wires.library),
            journal: journal_health,
            journal_place: JournalPlace::of(config),
            readers,
            aids,
            printer,
            recorded: Arc::clone(&listeners.journal),
            log: records::Log::open(config, clock.now()),
            power: Arc::new(AtomicBool::new(true)),
        };
        Ok(Self {
            core: Core::new(config, journal, printing, threads)?,
            listeners,
            shown: None,
            devices: Vec::new(),
            devices_file: status::path(&config.station.data_dir),
            devices_due: Duration::ZERO,
        })
    }

    fn run(&mut self, inbox: &Receiver<Event>) {
        self.core.wake();
        loop {
            self.show();
            self.core.tidy();
            self.look_after_devices();
            match inbox.recv_timeout(self.patience()) {
                _ if !self.core.outside().has_power() => return,
                Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Event::Sip(SipEvent::Answer(end))) => match self.answered(*end, inbox) {
                    Some(Event::Stop) => return,
                    Some(other) => self.take(other),
                    None => {}
                },
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => self.core.wake(),
            }
        }
    }

    /// Takes an answer and those that wait behind it, so that one write to the journal holds what
    /// they lead to. What came after them, if anything.
    fn answered(&mut self, end: Answer, inbox: &Receiver<Event>) -> Option<Event> {
        let mut ends = vec![end];
        let mut other = None;
        while ends.len() < ANSWERS_MAX && other.is_none() {
            match inbox.try_recv() {
                Ok(Event::Sip(SipEvent::Answer(end))) => ends.push(*end),
                Ok(event) => other = Some(event),
                Err(_) => break,
            }
        }
        self.core.answered(ends);
        other
    }

    fn patience(&self) -> Duration {
        let now = self.core.outside().now().mono;
        self.core
            .deadline()
            .map_or(TICK, |at| at.saturating_sub(now).min(TICK))
            .max(Duration::from_millis(1))
    }

    fn show(&mut self) {
        let view = self.core.view();
        if self.shown.as_ref() != Some(&view) {
            (self.listeners.view)(&view);
            self.shown = Some(view);
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Touch(touch) => self.core.touch(touch),
            Event::Scan(text) => self.core.scan(text),
            Event::Reader(number, told) => self.core.reader_told(number, told),
            Event::Aid(kind, told) => self.core.aid_told(kind, told),
            Event::Sip(event) => self.sip_event(event),
            Event::Printer(event) => self.core.printer_told(event),
            Event::Wake => self.core.wake(),
            Event::Network(on) => {
                if self.core.outside().sip.set_network(on).is_err() {
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

    /// Tells the session of readers that hang or hang no more, and the technician of everything.
    fn look_after_devices(&mut self) {
        let now = self.core.outside().now().mono;
        if now < self.devices_due {
            return;
        }
        self.devices_due = now + DEVICES_LOOK;
        let health = self.health();
        if health == self.devices {
            return;
        }
        for number in 0..self.core.outside().readers.len() {
            let stuck = |list: &[Health]| list.get(number).is_some_and(|h| h.state == State::Stuck);
            match (stuck(&self.devices), stuck(&health)) {
                (false, true) => self.core.reader_told(number, Told::Up(false)),
                (true, false) => {
                    let up = health.get(number).is_some_and(|h| h.state == State::Up);
                    self.core.reader_told(number, Told::Up(up));
                }
                _ => {}
            }
        }
        let threads = self.core.outside_mut();
        threads.log.devices(threads.clock.now(), &self.devices, &health);
        if let Err(error) = status::write(&self.devices_file, &health) {
            tracing::warn!(%error, "the list of devices cannot be written");
        }
        self.devices = health;
    }

    fn snapshot(&mut self) -> Snapshot {
        Snapshot {
            view: self.core.view(),
            busy: self.core.is_busy(),
            stats: self.core.stats(),
            journal: self.core.figures(),
            scans: self.core.scans(),
            online: self.core.is_online(),
            reader: self.core.is_reader_up(),
            devices: self.health(),
            printer: self.core.is_printer_seen(),
            deadline: self.core.deadline(),
        }
    }

    fn health(&self) -> Vec<Health> {
        let threads = self.core.outside();
        let mut health = threads.board.health();
        health.push(threads.library.clone());
        health.push(threads.journal.clone());
        health
    }

    fn sip_event(&mut self, event: SipEvent) {
        match event {
            SipEvent::Answer(end) => self.core.answered([*end]),
            SipEvent::Trouble(trouble) => {
                let library = &mut self.core.outside_mut().library;
                library.state = State::Down;
                library.trouble = trouble;
            }
            SipEvent::Status(status) => {
                let was_online = self.core.is_online();
                self.core.link_told(&status);
                let clock = self.core.clock_trouble().unwrap_or_default().to_owned();
                library_is(&mut self.core.outside_mut().library, &status, was_online, clock);
            }
        }
    }
}

/// The library system's health from the link's status.
fn library_is(library: &mut Health, status: &LinkStatus, was_online: bool, clock: String) {
    match status.state {
        LinkPhase::Online => {
            library.state = State::Up;
            library.opened += u32::from(!was_online);
            library.trouble = clock;
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
    let time: Arc<dyn Fn() -> Duration + Send + Sync> =
        Arc::new(move || shared.mono_at(Instant::now()));
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
    let classify = Classify::with_owners(&config.session, config.owners());
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
