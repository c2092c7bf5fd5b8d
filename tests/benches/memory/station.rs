//! The station's parts in one thread on a virtual clock: core, links, reader's work, printer's
//! spooler, journal and event log on a disk; around them a simulated pad and printer.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use drivers::printer::compose::Composer;
use drivers::printer::device::{PrinterEvent, SubmitError as PrintError};
use drivers::printer::font::Fonts;
use drivers::printer::job::{JobId, JobIds};
use drivers::printer::profile::ProfileName;
use drivers::printer::slip::Slip;
use drivers::printer::spooler::{Effect as PrinterEffect, Input as PrinterInput, Spooler};
use kiosk::clock::Now;
use kiosk::config::Config;
use kiosk::eventlog::{Entry, EventLog};
use kiosk::journal::{Import, Journal, JournalError, KeyError, draw_codes};
use kiosk::retention::Calendar;
use kiosk::session::{Record, Room, SessionCode};
use kiosk::sip2::conn::SubmitError;
use kiosk::sip2::link::Input as LinkInput;
use kiosk::sip2::pool::{Output as PoolOutput, Pool};
use kiosk::sip2::{Framer, Priority, Request, RequestId, SipDate};
use kiosk::station::core::{Core, Outside};
use kiosk::station::device::Work;
use kiosk::station::journal_path;
use kiosk::station::pads::ReaderNo;
use kiosk::station::reader::{Classify, Command, ReaderWork, Told};
use tests::storm::pad::{self, SimReader, Tag, lock};
use tests::storm::paper::Paper;
use tests::storm::ports::{Desk, Order};
use ui::view::{Screen, Touch, View};

use crate::library::{Library, item, patron};

const MILLI: u64 = 1_000;
pub(crate) const SECOND: u64 = 1_000_000;
/// Longest sleep of the station's loop.
const TICK: u64 = 200 * MILLI;
/// Time of bytes on each wire.
const NETWORK: u64 = 8 * MILLI;
const CABLE: u64 = 4 * MILLI;
/// Longest wait of a person for anything.
const PATIENCE: u64 = 30 * SECOND;
/// UIDs of cards begin here.
const CARDS: u32 = 1 << 24;
/// The only connection of the only link.
const LINK: usize = 0;

/// The core's outside: orders kept for the station to carry out, and its event log.
struct Ports {
    desk: Rc<Desk>,
    origin: Instant,
    composer: Composer,
    jobs: JobIds,
    log: EventLog,
    calendar: Calendar,
}

impl Ports {
    fn order(&self, order: Order) {
        self.desk.orders.borrow_mut().push_back(order);
    }
}

impl Outside for Ports {
    fn now(&self) -> Now {
        self.desk.now()
    }

    fn mono_at(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.origin)
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
        for (id, request) in requests {
            self.order(Order::Ask(id, Box::new(request), of));
        }
        Ok(())
    }

    fn read(&mut self, _number: ReaderNo, command: Command) -> bool {
        self.order(Order::Read(command));
        true
    }

    fn print(&mut self, slip: &Slip) -> Option<Result<JobId, PrintError>> {
        let id = self.jobs.next_id();
        Some(self.composer.compose(slip, id).map_err(Into::into).map(|job| {
            self.order(Order::Print(job));
            id
        }))
    }

    fn forget(&mut self) {
        self.order(Order::Forget);
    }

    fn recorded(&mut self, records: &[Record], error: Option<&JournalError>) {
        assert!(error.is_none(), "the journal is written: {error:?}");
        let now = self.now();
        self.calendar.look(now);
        self.log.records(self.calendar.believed(), now.wall, records);
    }

    fn room_told(&mut self, room: Room) {
        panic!("the disk is too full for this: {room:?}");
    }

    fn library_time(&self, told: SipDate) -> Option<jiff::civil::DateTime> {
        told.civil()
    }

    fn call_staff(&mut self) {
        let now = self.now();
        self.log.write(self.calendar.believed(), now.wall, &Entry::of("call_staff"));
    }

    fn today(&mut self) -> jiff::civil::Date {
        let today = self.calendar.look(self.now());
        self.log.forget(today);
        today
    }
}

enum Event {
    /// The number is that of a connection.
    Connected(u64),
    Refused(u64),
    ToLibrary(u64, Vec<u8>),
    ToStation(u64, Vec<u8>),
    Closed(u64),
    /// The reader's next step, unless another was planned.
    Reader(u64),
    Told(Told),
    ToPrinter(Vec<u8>),
    FromPrinter(Vec<u8>),
}

/// The station and what is around it.
pub(crate) struct Station {
    desk: Rc<Desk>,
    origin: Instant,
    core: Core<Ports>,
    pool: Pool,
    /// Messages not whole yet, at the station's side and at the library's.
    framer: Framer,
    heard: Framer,
    pub(crate) library: Library,
    network: bool,
    connection: Option<u64>,
    connections: u64,
    field: pad::Shared,
    reader: ReaderWork,
    told: Arc<Mutex<Vec<Told>>>,
    reader_turn: u64,
    spooler: Spooler,
    paper: Paper,
    events: BTreeMap<(u64, u64), Event>,
    order: u64,
    shown: Option<View>,
    /// When the loop turned last.
    turned: u64,
    /// Slips that came out whole.
    pub(crate) slips: u64,
    /// Views that were another than the one before.
    pub(crate) views: u64,
}

impl Station {
    /// Starts it with its files in `dir`. `cards`: who may borrow without a library system.
    pub(crate) fn start(dir: &Path, config: &Config, library: Library, cards: &[u32]) -> Self {
        let desk = Rc::new(Desk::default());
        let origin = Instant::now();
        let field = pad::Shared::default();
        let told = Arc::<Mutex<Vec<Told>>>::default();
        let composer = Composer::new(
            ProfileName::EpsonTmT20ii.profile(),
            Fonts { primary: None, fallback: None },
        )
        .expect("a composer");
        let profile = composer.profile();
        let spooler = Spooler::new(profile.status, profile.end_marker, origin);
        let settings = &config.station;
        let (mut journal, aside) =
            Journal::open_reserved(&journal_path(config), &settings.key_file, settings.reserve_mib)
                .expect("a journal");
        assert!(aside.is_none(), "it is new");
        journal.stand_in(&settings.branch);
        let cards = cards.iter().map(|&n| patron(n).as_str().into()).collect();
        let import = Import { cards: Some(cards), ..Import::default() };
        journal.import_lists(&import, desk.now().wall.date()).expect("a list");
        let ports = Ports {
            desk: Rc::clone(&desk),
            origin,
            composer,
            jobs: JobIds::new(1),
            log: EventLog::new(&dir.join("log"), &settings.id, settings.log_days),
            calendar: Calendar::new(None, desk.now()),
        };
        let mut station = Self {
            core: Core::new(config, journal, true, ports).expect("a station"),
            pool: Pool::new(&config.library.profile, config.library.links, 1),
            framer: Framer::new(),
            heard: Framer::new(),
            library,
            network: true,
            connection: None,
            connections: 0,
            reader: reader(config, &field, origin, &told),
            field,
            told,
            reader_turn: 0,
            spooler,
            paper: Paper::default(),
            events: BTreeMap::new(),
            order: 0,
            shown: None,
            turned: 0,
            slips: 0,
            views: 0,
            desk,
            origin,
        };
        station.reader.open().expect("the pad is there");
        station.reader.told(true);
        station.tell(0);
        station.later(0, Event::Reader(0));
        station.pool.handle(LinkInput::Tick, Duration::ZERO);
        station.spooler.handle(PrinterInput::Tick, origin);
        station.with_core(Core::wake);
        station.settle();
        station
    }

    /// Microseconds since the start.
    pub(crate) fn now(&self) -> u64 {
        self.desk.mono.get()
    }

    pub(crate) fn core_stats(&self) -> kiosk::session::Stats {
        self.core.stats()
    }

    pub(crate) fn figures(&self) -> kiosk::journal::Figures {
        self.core.figures()
    }

    fn instant(&self) -> Instant {
        self.origin + Duration::from_micros(self.now())
    }

    fn later(&mut self, after: u64, event: Event) {
        self.order += 1;
        self.events.insert((self.now() + after, self.order), event);
    }

    // ---- people

    /// The network to the library system is there, or gone.
    pub(crate) fn set_network(&mut self, on: bool) {
        self.network = on;
        if let Some(id) = self.connection.filter(|_| !on) {
            self.later(NETWORK, Event::Closed(id));
        }
    }

    /// A finger.
    pub(crate) fn touch(&mut self, touch: Touch) {
        self.with_core(|core| core.touch(touch));
        self.settle();
    }

    /// A book is laid down.
    pub(crate) fn lay(&mut self, n: u32, released: bool) {
        let mut field = lock(&self.field);
        field.book(n, &item(n), (1, 1), released);
        field.tags.get_mut(&pad::uid(n)).expect("it was just made").on_pad = true;
    }

    /// A book is taken away.
    pub(crate) fn lift(&mut self, n: u32) -> Tag {
        let mut field = lock(&self.field);
        field.released.clear();
        field.tags.remove(&pad::uid(n)).expect("it lies there")
    }

    /// A card is held at the pad until the page changes.
    pub(crate) fn show_card(&mut self, n: u32, until: fn(&Screen) -> bool) {
        {
            let mut field = lock(&self.field);
            field.card(CARDS + n, &patron(n));
            field.tags.get_mut(&pad::uid(CARDS + n)).expect("it was just made").on_pad = true;
        }
        self.until("the page behind the card", until);
        lock(&self.field).tags.remove(&pad::uid(CARDS + n)).expect("it lies there");
    }

    /// Lets time pass until the page is as wanted; gives the page.
    pub(crate) fn until(&mut self, what: &str, wanted: impl Fn(&Screen) -> bool) -> Screen {
        let end = self.now() + PATIENCE;
        loop {
            let screen = &self.shown.as_ref().expect("something is shown").screen;
            if wanted(screen) {
                return screen.clone();
            }
            assert!(self.now() < end, "{what} does not come: {:?}", self.shown);
            self.step(end);
        }
    }

    /// Lets time pass until a moment.
    pub(crate) fn run_to(&mut self, end: u64) {
        while self.now() < end {
            self.step(end);
        }
    }

    /// Lets time pass.
    pub(crate) fn run_for(&mut self, micros: u64) {
        self.run_to(self.now() + micros);
    }

    // ---- the loop

    /// The next thing that happens, or the end.
    fn step(&mut self, end: u64) {
        let micros = |at: Duration| u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
        let event = self.events.keys().next().map_or(u64::MAX, |key| key.0);
        let deadline = self.core.deadline().map_or(u64::MAX, |at| micros(at) + 1);
        let turn = deadline.min(self.turned + TICK).max(self.turned + MILLI);
        let pool = self.pool.deadline().map_or(u64::MAX, |at| micros(at) + 1);
        let spooler = self.spooler.deadline();
        let spooler =
            spooler.map_or(u64::MAX, |at| micros(at.saturating_duration_since(self.origin)) + 1);
        let next = event.min(turn).min(pool).min(spooler);
        if next > end {
            return self.desk.mono.set(end);
        }
        self.desk.mono.set(next.max(self.now()));
        if event <= self.now() {
            let (_, event) = self.events.pop_first().expect("it was looked at");
            self.happen(event);
        } else if turn <= self.now() {
            self.with_core(Core::wake);
        } else if pool <= self.now() {
            self.pool.handle(LinkInput::Tick, self.desk.now().mono);
        } else {
            self.spooler.handle(PrinterInput::Tick, self.instant());
        }
        self.settle();
    }

    /// One turn of the station's loop.
    fn with_core(&mut self, call: impl FnOnce(&mut Core<Ports>)) {
        call(&mut self.core);
        self.turned = self.now();
        let view = self.core.view();
        if self.shown.as_ref() != Some(&view) {
            self.views += 1;
            self.shown = Some(view);
        }
        self.core.tidy();
    }

    /// Carries out what core, links and spooler want.
    fn settle(&mut self) {
        loop {
            let order = self.desk.orders.borrow_mut().pop_front();
            if let Some(order) = order {
                self.carry_out(order);
            } else if let Some(output) = self.pool.poll_output() {
                self.link_wants(output);
            } else if let Some(effect) = self.spooler.poll_effect() {
                self.printer_wants(effect);
            } else {
                return;
            }
        }
    }

    fn carry_out(&mut self, order: Order) {
        match order {
            Order::Ask(id, request, priority) => {
                let submit = LinkInput::Submit { id, request, priority };
                self.pool.handle(submit, self.desk.now().mono);
            }
            Order::Read(command) => self.command(command),
            Order::Print(job) => self.spooler.handle(PrinterInput::Submit(job), self.instant()),
            Order::Forget => self.command(Command::Forget),
            Order::Recorded(..) => {}
        }
    }

    fn happen(&mut self, event: Event) {
        let (mono, instant) = (self.desk.now().mono, self.instant());
        match event {
            Event::Connected(id) if self.connection == Some(id) => {
                self.pool.heard(LINK, LinkInput::Connected, mono);
            }
            Event::Refused(id) if self.connection == Some(id) => {
                self.connection = None;
                self.pool.heard(LINK, LinkInput::ConnectFailed, mono);
            }
            Event::Closed(id) if self.connection == Some(id) => {
                self.connection = None;
                self.pool.heard(LINK, LinkInput::Closed, mono);
            }
            Event::ToLibrary(id, bytes) if self.connection == Some(id) && self.network => {
                self.library_hears(id, &bytes);
            }
            Event::ToStation(id, bytes) if self.connection == Some(id) && self.network => {
                self.framer.push(&bytes);
                while let Some(line) = self.framer.next_line() {
                    let line = line.expect("an answer of the practice library");
                    self.pool.heard(LINK, LinkInput::Line(line), mono);
                }
            }
            // Of a connection that is gone.
            Event::Connected(_)
            | Event::Refused(_)
            | Event::Closed(_)
            | Event::ToLibrary(..)
            | Event::ToStation(..) => {}
            Event::Reader(turn) if turn == self.reader_turn => self.reader_step(),
            Event::Reader(_) => {}
            Event::Told(told) => self.with_core(|core| core.reader_told(0, told)),
            Event::ToPrinter(bytes) => {
                let heard = self.paper.receive(&bytes);
                self.slips += self.paper.slips.drain(..).count() as u64;
                self.spooler.handle(PrinterInput::Written(bytes.len()), instant);
                if !heard.answer.is_empty() {
                    self.later(CABLE, Event::FromPrinter(heard.answer));
                }
            }
            Event::FromPrinter(bytes) => self.spooler.handle(PrinterInput::Bytes(&bytes), instant),
        }
    }

    // ---- library system

    fn link_wants(&mut self, output: PoolOutput) {
        match output {
            PoolOutput::Connect(_) => {
                self.connections += 1;
                let id = self.connections;
                self.connection = Some(id);
                self.framer.clear();
                self.heard.clear();
                if self.network {
                    self.library.connect();
                    self.later(NETWORK, Event::Connected(id));
                } else {
                    self.later(NETWORK, Event::Refused(id));
                }
            }
            PoolOutput::Send(_, bytes) => {
                if let Some(id) = self.connection {
                    self.later(NETWORK, Event::ToLibrary(id, bytes.to_vec()));
                }
            }
            PoolOutput::Close(_) => self.connection = None,
            PoolOutput::Answer(answer) => self.with_core(|core| core.answered([*answer])),
            PoolOutput::Status(status) => self.with_core(|core| core.link_told(&status)),
        }
    }

    fn library_hears(&mut self, id: u64, bytes: &[u8]) {
        let now = self.desk.civil();
        self.heard.push(bytes);
        let mut answers = Vec::new();
        while let Some(line) = self.heard.next_line() {
            let said = self.library.ask(line.expect("a message of the station"), now);
            assert!(!said.close, "the practice library keeps the connection");
            answers.push(said.send);
        }
        for answer in answers {
            self.later(NETWORK, Event::ToStation(id, answer));
        }
    }

    // ---- devices

    fn command(&mut self, command: Command) {
        self.reader.take(command);
        self.tell(0);
        // It wakes a reader that rests.
        self.reader_turn += 1;
        let turn = self.reader_turn;
        self.later(MILLI, Event::Reader(turn));
    }

    fn reader_step(&mut self) {
        let now = self.now();
        let clock = Arc::clone(&lock(&self.field).clock);
        clock.store(now, Ordering::Relaxed);
        let rest = self.reader.step().expect("the pad stays");
        let took = clock.load(Ordering::Relaxed) - now;
        let rest = rest.map_or(0, |rest| u64::try_from(rest.as_micros()).unwrap_or(u64::MAX));
        self.reader_turn += 1;
        let turn = self.reader_turn;
        self.later(took + rest.max(MILLI), Event::Reader(turn));
        self.tell(took);
    }

    /// Sends on what the reader told.
    fn tell(&mut self, after: u64) {
        let told = std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner));
        for news in told {
            self.later(after, Event::Told(news));
        }
    }

    fn printer_wants(&mut self, effect: PrinterEffect) {
        match effect {
            PrinterEffect::Open => self.spooler.handle(PrinterInput::LinkUp, self.instant()),
            PrinterEffect::Write(bytes) => self.later(CABLE, Event::ToPrinter(bytes)),
            PrinterEffect::Outcome { id, outcome } => {
                self.with_core(|core| core.printer_told(PrinterEvent::Outcome { id, outcome }));
            }
            PrinterEffect::Health(health) => {
                self.with_core(|core| core.printer_told(PrinterEvent::Health(health)));
            }
            PrinterEffect::Close | PrinterEffect::DropWrites => panic!("the printer is lost"),
            PrinterEffect::PaperLow => {}
        }
    }
}

fn reader(
    config: &Config,
    field: &pad::Shared,
    origin: Instant,
    told: &Arc<Mutex<Vec<Told>>>,
) -> ReaderWork {
    let (field, told) = (Arc::clone(field), Arc::clone(told));
    let clock = Arc::clone(&lock(&field).clock);
    let open =
        Box::new(move || SimReader::open(&field, origin).map(|reader| Box::new(reader) as Box<_>));
    let tell = Box::new(move |news| {
        told.lock().unwrap_or_else(PoisonError::into_inner).push(news);
    });
    let time = Box::new(move || Duration::from_micros(clock.load(Ordering::Relaxed)));
    ReaderWork::new(open, None, config.security, Classify::new(&config.session), tell)
        .on_clock(time)
}
