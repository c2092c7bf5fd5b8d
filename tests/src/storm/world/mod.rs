//! One station and all around it, in one thread on a virtual clock.

mod acts;
mod devices;
mod ending;
mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use drivers::printer::job::JobIds;
use drivers::printer::spooler::{Input as PrinterInput, Spooler};
use kiosk::config::Config;
use kiosk::journal::{Import, Journal, Row, Sealer};
use kiosk::session::{Aid, AttractItem, BorrowCommit, OnSecurityFail, PinRule, ReceiptDefault};
use kiosk::sip2::Framer;
use kiosk::sip2::link::Input as LinkInput;
use kiosk::sip2::pool::{Output, Pool};
use kiosk::station::core::Core;
use kiosk::station::device::Work;
use kiosk::station::reader::{ReaderWork, Told};
use kiosk::station::{StartError, aids};
use ui::view::{Language, View};

use super::judge::Judge;
use super::library::{Connection, ITEMS, Library, PATRONS, SET, item};
use super::pad::{self, Field, lock};
use super::paper::Paper;
use super::ports::{Desk, Order, Ports};
use super::rng::Rng;
use super::script::Script;
use super::stage::Stage;
use wire::Spoil;

/// Where the station's journal lies on its disk.
const JOURNAL: &str = "/data/journal.sqlite";
/// Most events of one storm: beyond it something goes round in circles.
const EVENTS_MAX: u64 = 400_000;
/// Items on loan to the first patron at the start.
pub const LENT: [u8; 3] = [5, 6, 7];
/// UIDs of cards begin here.
const CARDS: u8 = 200;

const MILLI: u64 = 1_000;
const SECOND: u64 = 1_000_000;

/// What heals by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heal {
    Network,
    Speed,
    Truth,
    Refusing,
    Closing,
    Offline,
    Library,
    Disk,
    Reader,
    Paper,
    Printer,
    Card(u8),
}

enum Event {
    Connected(u64),
    Refused(u64),
    ToLibrary(u64, Vec<u8>),
    ToStation(u64, Vec<u8>),
    Closed(u64),
    /// The reader's next step, unless another was planned.
    Reader(u64),
    OpenReader,
    /// The core takes what the pool told.
    Inbox,
    Told(Told),
    ToPrinter(u64, Vec<u8>),
    FromPrinter(Vec<u8>),
    PrinterBroke,
    Boot,
    Heal(Heal),
}

struct Pipe {
    server: Option<Connection>,
    /// Nothing more gets to the library system.
    broken: bool,
    /// When the last bytes of each direction arrive.
    up_at: u64,
    down_at: u64,
    /// An answer held back until the next.
    held: Option<Vec<u8>>,
}

/// The station's end of one connection.
#[derive(Default)]
struct Lane {
    framer: Framer,
    current: Option<u64>,
}

/// The world.
pub struct World<'a> {
    stage: &'a Stage,
    desk: Rc<Desk>,
    origin: Instant,
    rng: Rng,
    config: Config,
    printing: bool,
    core: Option<Core<Ports>>,
    boots: u32,
    pool: Pool,
    lanes: Vec<Lane>,
    /// What the pool told and the core has not taken yet.
    inbox: VecDeque<Output>,
    gathers: bool,
    library: Library,
    library_up: bool,
    network_up: bool,
    slow: u64,
    cut_up: Option<usize>,
    cut_down: Option<usize>,
    twice: bool,
    swapped: bool,
    spoiled: VecDeque<Spoil>,
    pipes: BTreeMap<u64, Pipe>,
    next_pipe: u64,
    field: pad::Shared,
    reader: Option<ReaderWork>,
    reader_up: bool,
    reader_turn: u64,
    pad_changed: u64,
    told: Arc<Mutex<Vec<Told>>>,
    spooler: Spooler,
    paper: Paper,
    writes: u64,
    events: BTreeMap<(u64, u64), (u32, Event)>,
    order: u64,
    count: u64,
    shown: Option<View>,
    /// The core was called since its view was looked at.
    touched: bool,
    woken: u64,
    /// The judges.
    pub judge: Judge,
    /// Slips that came out whole.
    pub slips: u64,
    sessions_seen: u64,
    /// Faults injected, by kind.
    pub faults: BTreeMap<&'static str, u64>,
}

/// What a storm left, for tables.
#[derive(Debug, Clone, Default)]
pub struct Left {
    /// Rows of the journal.
    pub rows: Vec<Row>,
    /// Tags on the repair list.
    pub repairs: u64,
}

/// Seconds without a library system until the station goes on alone.
const OFF_LINE_AFTER_S: u16 = 5;

impl<'a> World<'a> {
    /// A world at its beginning, the station started.
    ///
    /// # Errors
    /// In words, when the world itself is impossible.
    pub fn new(stage: &'a Stage, script: &Script) -> Result<Self, String> {
        stage.disk.format();
        let setup = script.setup;
        let desk = Rc::new(Desk::default());
        let origin = stage.origin;
        let mut config = stage.config.clone();
        let rules = &mut config.session;
        rules.language = Language::En;
        rules.borrow_commit =
            if setup.confirm { BorrowCommit::OnConfirm } else { BorrowCommit::OnPlace };
        rules.on_security_fail =
            if setup.undo { OnSecurityFail::Undo } else { OnSecurityFail::KeepLoan };
        rules.attract_item =
            if setup.returns_at_once { AttractItem::Return } else { AttractItem::Ask };
        rules.pin = if setup.pin { PinRule::Scanned } else { PinRule::Never };
        rules.receipt_default =
            if setup.paper { ReceiptDefault::Paper } else { ReceiptDefault::None };
        rules.offline.lending = setup.lends_off_line;
        rules.offline.after_s = OFF_LINE_AFTER_S;
        let mut library = Library::open(setup.duplicates, &LENT, desk.civil())?;
        let judge = Judge::new(library.lent()?, setup.duplicates);
        let field = Arc::new(Mutex::new(Field::default()));
        {
            let mut field = lock(&field);
            for n in 1..=ITEMS {
                field.book(n.into(), &item(n), (1, 1), LENT.contains(&n));
            }
            field.book(SET.into(), &item(SET), (2, 1), false);
            field.book((SET + 1).into(), &item(SET), (2, 2), false);
            for (n, patron) in (CARDS..).zip(&PATRONS) {
                field.card(n.into(), patron.number);
            }
        }
        let spooler = stage.spooler(origin);
        let mut world = Self {
            stage,
            pool: Pool::new(&config.library.profile, 1, script.seed | 1),
            lanes: (0..setup.links.max(1)).map(|_| Lane::default()).collect(),
            inbox: VecDeque::new(),
            gathers: setup.gathers,
            desk,
            origin,
            rng: Rng::new(script.seed ^ 0xA5A5_A5A5),
            config,
            printing: setup.printer,
            core: None,
            boots: 0,
            library,
            library_up: true,
            network_up: true,
            slow: 0,
            cut_up: None,
            cut_down: None,
            twice: false,
            swapped: false,
            spoiled: VecDeque::new(),
            pipes: BTreeMap::new(),
            next_pipe: 1,
            field,
            reader: None,
            reader_up: false,
            reader_turn: 0,
            pad_changed: 0,
            told: Arc::default(),
            spooler,
            paper: Paper::default(),
            writes: 0,
            events: BTreeMap::new(),
            order: 0,
            count: 0,
            shown: None,
            touched: false,
            woken: 0,
            judge,
            slips: 0,
            sessions_seen: 0,
            faults: BTreeMap::new(),
        };
        world.boot();
        world.run_for(3 * SECOND);
        Ok(world)
    }

    fn now(&self) -> u64 {
        self.desk.mono.get()
    }

    fn mono(&self) -> Duration {
        self.desk.now().mono
    }

    fn instant(&self) -> Instant {
        self.origin + Duration::from_micros(self.now())
    }

    fn trace(&self, what: impl FnOnce() -> String) {
        self.stage
            .trace(|| format!("{:>9} ms, start {}: {}", self.now() / MILLI, self.boots, what()));
    }

    fn later(&mut self, after: u64, event: Event) {
        self.at(self.now() + after, event);
    }

    fn at(&mut self, at: u64, event: Event) {
        self.order += 1;
        self.events.insert((at, self.order), (self.boots, event));
    }

    /// The station starts from what its disk holds.
    fn boot(&mut self) {
        if self.stage.disk.is_dead() {
            self.stage.disk.power(&mut self.rng);
        }
        self.boots += 1;
        self.desk.booted.set(self.now());
        self.desk.orders.borrow_mut().clear();
        self.lanes.fill_with(Lane::default);
        self.inbox.clear();
        self.shown = None;
        self.woken = 0;
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let seed = self.rng.next_u64();
        self.pool = Pool::new(&self.config.library.profile, self.lanes.len(), seed | 1);
        self.spooler = self.stage.spooler(self.instant());
        self.trace(|| "starts".to_owned());
        let refused = self.stage.disk.counts().refused;
        let started = self.start(seed);
        match started {
            Ok(core) => {
                self.core = Some(core);
                if self.boots > 1 {
                    match self.rows(false) {
                        Ok((rows, _)) => self.judge.resumed(&rows),
                        Err(error) => self.judge.fail(format!("the journal: {error}")),
                    }
                }
            }
            Err(error) => {
                // Without power, or on a disk that fails, it is started again; a journal that
                // cannot be used after a power cut would be a loss.
                let disk = &self.stage.disk;
                let excused = disk.is_dead() || disk.counts().refused > refused;
                if !excused {
                    self.judge.fail(format!("the station does not start: {error}"));
                }
                self.stage.disk.kill();
                return self.later(2 * SECOND, Event::Boot);
            }
        }
        self.open_reader();
        self.pool.handle(LinkInput::Tick, self.mono());
        self.spooler.handle(PrinterInput::Tick, self.instant());
        self.with_core(|core| {
            core.aid_told(Aid::Scanner, aids::Told::Up(true));
            core.wake();
        });
    }

    fn start(&mut self, seed: u64) -> Result<Core<Ports>, StartError> {
        let disk = self.stage.disk.clone();
        let sealer = Sealer::from_file(&self.stage.key)?;
        let mut journal = Journal::open_on(JOURNAL.as_ref(), disk.name(), sealer)?;
        if self.boots == 1 && self.config.session.offline.lending {
            let cards = PATRONS.iter().map(|patron| patron.number.into()).collect();
            let import = Import { cards: Some(cards), ..Import::default() };
            journal.import_lists(&import, self.desk.now().wall.date())?;
        }
        let boot = u32::try_from(seed >> 40).unwrap_or(0);
        let ports = Ports {
            desk: Rc::clone(&self.desk),
            disk,
            origin: self.origin,
            composer: self.printing.then(|| Rc::clone(&self.stage.composer)),
            jobs: JobIds::new(boot),
            rng: Rng::new(seed),
        };
        Core::new(&self.config, journal, self.printing, ports)
    }

    /// The power is gone: whatever the station held is gone with it.
    fn go_dark(&mut self, for_micros: u64) {
        self.stage.disk.kill();
        self.core = None;
        self.reader = None;
        self.reader_up = false;
        self.lanes.fill_with(Lane::default);
        self.inbox.clear();
        self.desk.orders.borrow_mut().clear();
        // The printer stays on, as it often does; half a slip stays in it.
        self.events.retain(|_, (_, event)| {
            matches!(event, Event::ToLibrary(..) | Event::Heal(_) | Event::Boot)
        });
        let planned = self.events.values().any(|(_, event)| matches!(event, Event::Boot));
        if !planned {
            self.later(for_micros, Event::Boot);
        }
    }

    fn with_core(&mut self, call: impl FnOnce(&mut Core<Ports>)) {
        if let Some(core) = &mut self.core {
            call(core);
            self.touched = true;
        }
        self.settle();
    }

    /// Carries out what the core wants, looks at the screen, and sees whether the power is gone.
    fn settle(&mut self) {
        if self.core.is_some() && self.stage.disk.is_dead() {
            let dark = self.rng.range(SECOND, 20 * SECOND);
            return self.go_dark(dark);
        }
        if std::mem::take(&mut self.touched) {
            self.show();
        }
        loop {
            let order = self.desk.orders.borrow_mut().pop_front();
            match order {
                Some(Order::Recorded(records, true)) => self.judge.recorded(&records),
                Some(Order::Recorded(records, false)) => self.judge.decided(&records),
                Some(Order::Ask(id, request, priority)) => {
                    self.judge.asked(&request);
                    self.pool.handle(LinkInput::Submit { id, request, priority }, self.mono());
                }
                Some(Order::Read(command)) => {
                    let Some(reader) = &mut self.reader else { continue };
                    if self.reader_up {
                        reader.take(command)
                    } else {
                        reader.refuse(command)
                    }
                    self.pad_changed = self.now();
                    self.kick_reader();
                    self.tell(MILLI);
                }
                Some(Order::Print(job)) => {
                    self.judge.slip(&job.bytes);
                    self.spooler.handle(PrinterInput::Submit(job), self.instant());
                }
                Some(Order::Forget) => {
                    self.sessions_seen += 1;
                    if let Some(reader) = &mut self.reader {
                        reader.take(kiosk::station::reader::Command::Forget);
                    }
                }
                None => break,
            }
        }
        self.link_outputs();
        self.printer_effects();
    }

    fn show(&mut self) {
        let Some(core) = &self.core else { return };
        let view = core.view();
        if self.shown.as_ref() == Some(&view) {
            return;
        }
        let claims = {
            let field = lock(&self.field);
            self.judge.viewed(&view, self.boots, &field)
        };
        self.judge.receipt(&view, self.paper.slips.len());
        if !claims.is_empty() {
            match self.rows(true) {
                Ok((rows, _)) => self.judge.journaled(&claims, &rows),
                Err(error) => self.judge.fail(format!("the journal as it is durable: {error}")),
            }
        }
        self.trace(|| format!("shows {:?}", view.screen));
        self.shown = Some(view);
    }

    /// Lets time pass.
    fn run_for(&mut self, micros: u64) {
        let end = self.now() + micros;
        while self.judge.failure.is_none() {
            let next = self.next_at();
            if next > end {
                break;
            }
            self.count += 1;
            if self.count > EVENTS_MAX {
                return self.judge.fail("the world does not come to rest");
            }
            self.desk.mono.set(next.max(self.now()));
            self.step();
        }
        self.desk.mono.set(end.max(self.now()));
    }

    fn next_at(&self) -> u64 {
        let event = self.events.keys().next().map(|key| key.0);
        if self.core.is_none() {
            return event.unwrap_or(u64::MAX);
        }
        [event, self.core_at(), self.link_at(), self.spooler_at()]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(u64::MAX)
            .max(self.now())
    }

    fn since_boot(&self, at: Duration) -> u64 {
        let micros = u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
        self.desk.booted.get().saturating_add(micros).saturating_add(1)
    }

    fn core_at(&self) -> Option<u64> {
        let at = self.since_boot(self.core.as_ref()?.deadline()?);
        // The loop around the core never turns faster.
        Some(at.max(self.woken + MILLI))
    }

    fn link_at(&self) -> Option<u64> {
        self.pool.deadline().map(|at| self.since_boot(at))
    }

    fn spooler_at(&self) -> Option<u64> {
        if !self.printing {
            return None;
        }
        let at = self.spooler.deadline()?.saturating_duration_since(self.origin);
        Some(u64::try_from(at.as_micros()).unwrap_or(u64::MAX).saturating_add(1))
    }

    fn step(&mut self) {
        let now = self.now();
        if let Some(entry) = self.events.first_entry().filter(|entry| entry.key().0 <= now) {
            let (boot, event) = entry.remove();
            self.happen(boot, event);
        } else if self.core_at().is_some_and(|at| at <= now) {
            self.woken = now;
            self.with_core(Core::wake);
        } else if self.link_at().is_some_and(|at| at <= now) {
            self.pool.handle(LinkInput::Tick, self.mono());
        } else if self.spooler_at().is_some_and(|at| at <= now) {
            self.spooler.handle(PrinterInput::Tick, self.instant());
        }
        if self.core.is_some() {
            self.settle();
        }
    }

    fn happen(&mut self, boot: u32, event: Event) {
        let (mono, instant) = (self.mono(), self.instant());
        match event {
            Event::ToLibrary(id, bytes) => self.library_hears(id, &bytes),
            Event::Boot => self.boot(),
            Event::Heal(heal) => self.heal(heal),
            // What was on its way to a station that is gone.
            _ if boot != self.boots || self.core.is_none() => {}
            Event::Connected(id) => {
                if let Some(at) = self.lane_of(id) {
                    self.pool.heard(at, LinkInput::Connected, mono);
                }
            }
            Event::Refused(id) => {
                if let Some(at) = self.lane_of(id) {
                    self.lanes[at].current = None;
                    self.pool.heard(at, LinkInput::ConnectFailed, mono);
                }
            }
            Event::Inbox => self.take_inbox(),
            Event::ToStation(id, bytes) => self.station_hears(id, &bytes),
            Event::Closed(id) => self.lose(id),
            Event::Reader(turn) if turn == self.reader_turn => self.reader_step(),
            Event::Reader(_) => {}
            Event::OpenReader => self.try_reader(),
            Event::Told(told) => self.with_core(|core| core.reader_told(0, told)),
            Event::ToPrinter(writes, bytes) => self.printer_hears(writes, bytes),
            Event::FromPrinter(bytes) => {
                self.spooler.handle(PrinterInput::Bytes(&bytes), instant);
            }
            Event::PrinterBroke => self.spooler.handle(PrinterInput::LinkDown, instant),
        }
    }

    /// Virtual time so far, in microseconds.
    #[must_use]
    pub fn elapsed(&self) -> u64 {
        self.now()
    }

    /// Sessions that ended.
    #[must_use]
    pub fn sessions(&self) -> u64 {
        self.sessions_seen
    }
}
