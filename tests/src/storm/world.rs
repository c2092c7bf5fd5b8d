//! One station and all around it, in one thread on a virtual clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use drivers::printer::device::PrinterEvent;
use drivers::printer::job::JobIds;
use drivers::printer::spooler::{Effect as PrinterEffect, Input as PrinterInput, Spooler};
use kiosk::config::Config;
use kiosk::journal::{Journal, Row, Sealer};
use kiosk::practice::Fault as LibraryFault;
use kiosk::privacy::PatronId;
use kiosk::session::{
    Aid, AttractItem, BorrowCommit, OnSecurityFail, PinRule, Proof, ReceiptDefault,
};
use kiosk::sip2::Framer;
use kiosk::sip2::link::{Input as LinkInput, Link, Output as LinkOutput};
use kiosk::station::core::Core;
use kiosk::station::device::Work;
use kiosk::station::reader::{Classify, ReaderWork, Told};
use kiosk::station::{StartError, aids};
use ui::view::{Language, Screen, Touch, View};

use super::judge::Judge;
use super::library::{Connection, ITEMS, Library, Lie, PATRONS, SET, item};
use super::pad::{self, Field, SimReader, lock};
use super::paper::Paper;
use super::ports::{Desk, Order, Ports};
use super::rng::Rng;
use super::script::{Act, Fault, Script, Tap};
use super::stage::Stage;

/// Where the station's journal lies on its disk, and the judges' copy.
const JOURNAL: &str = "/data/journal.sqlite";
const COPY: &str = "/judge/journal.sqlite";
/// Most events of one storm: beyond it something goes round in circles.
const EVENTS_MAX: u64 = 400_000;
/// Long enough for every time-out, pause and retry to pass.
const LEFT_ALONE: u64 = 1_200_000_000;
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
    Told(Told),
    ToPrinter(u64, Vec<u8>),
    FromPrinter(Vec<u8>),
    PrinterBroke,
    Boot,
    Heal(Heal),
}

/// How an answer is spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoil {
    Bytes,
    Checksum,
}

/// The checksum's digits stand so far before the end of an answer, its CR included.
const CHECKSUM_AT: usize = 5;

struct Pipe {
    server: Option<Connection>,
    /// When the last bytes of each direction arrive.
    up_at: u64,
    down_at: u64,
    /// An answer held back until the next.
    held: Option<Vec<u8>>,
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
    link: Link,
    framer: Framer,
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
    current: Option<u64>,
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
        let mut library = Library::open(setup.duplicates, &LENT, desk.civil())?;
        let judge = Judge::new(library.lent()?, setup.duplicates);
        let field = Arc::new(Mutex::new(Field::default()));
        {
            let mut field = lock(&field);
            for n in 1..=ITEMS {
                field.book(n, &item(n), (1, 1), LENT.contains(&n));
            }
            field.book(SET, &item(SET), (2, 1), false);
            field.book(SET + 1, &item(SET), (2, 2), false);
            for (n, patron) in (CARDS..).zip(&PATRONS) {
                field.card(n, patron.number);
            }
        }
        let spooler = stage.spooler(origin);
        let mut world = Self {
            stage,
            link: Link::new(config.library.profile.clone(), script.seed | 1),
            desk,
            origin,
            rng: Rng::new(script.seed ^ 0xA5A5_A5A5),
            config,
            printing: setup.printer,
            core: None,
            boots: 0,
            framer: Framer::new(),
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
            current: None,
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

    // ---- power

    /// The station starts from what its disk holds.
    fn boot(&mut self) {
        if self.stage.disk.is_dead() {
            self.stage.disk.power(&mut self.rng);
        }
        self.boots += 1;
        self.desk.booted.set(self.now());
        self.desk.orders.borrow_mut().clear();
        self.current = None;
        self.shown = None;
        self.woken = 0;
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let seed = self.rng.next_u64();
        self.link = Link::new(self.config.library.profile.clone(), seed | 1);
        self.framer.clear();
        self.spooler = self.stage.spooler(self.instant());
        self.trace(|| "starts".to_owned());
        let refused = self.stage.disk.counts().refused;
        let started = self.start(seed);
        match started {
            Ok(core) => self.core = Some(core),
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
        self.link.handle(LinkInput::Tick, self.mono());
        self.spooler.handle(PrinterInput::Tick, self.instant());
        self.with_core(|core| {
            core.aid_told(Aid::Scanner, aids::Told::Up(true));
            core.wake();
        });
    }

    fn start(&mut self, seed: u64) -> Result<Core<Ports>, StartError> {
        let disk = self.stage.disk.clone();
        let sealer = Sealer::from_file(&self.stage.key)?;
        let journal = Journal::open_on(JOURNAL.as_ref(), disk.name(), sealer)?;
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
        self.current = None;
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

    // ---- the station's core

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
                Some(Order::Ask(id, request, priority)) => {
                    let request = Box::new(request);
                    self.link.handle(LinkInput::Submit { id, request, priority }, self.mono());
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

    /// The journal opened afresh: as the worst power cut would leave it, or as it is.
    fn rows(&self, durable: bool) -> Result<(Vec<Row>, BTreeSet<String>), String> {
        let disk = &self.stage.disk;
        if durable {
            disk.copy_durable(JOURNAL, COPY)
        } else {
            disk.copy_now(JOURNAL, COPY)
        }
        let read = || -> Result<_, kiosk::journal::JournalError> {
            let journal = Journal::open_on(COPY.as_ref(), disk.name(), Sealer::ephemeral()?)?;
            let mut rows: Vec<Row> = Vec::new();
            loop {
                let page = journal.page(rows.last().map_or(0, |row| row.id))?;
                if page.is_empty() {
                    break;
                }
                rows.extend(page);
            }
            let repairs = journal.repairs()?.into_iter().map(|row| row.uid.to_string()).collect();
            Ok((rows, repairs))
        };
        disk.aside(read).map_err(|error| error.to_string())
    }

    // ---- the wire

    fn link_outputs(&mut self) {
        while let Some(output) = self.link.poll_output() {
            match output {
                LinkOutput::Connect => self.connect(),
                LinkOutput::Send(bytes) => self.send_up(&bytes),
                LinkOutput::Close => {
                    self.framer.clear();
                    self.current = None;
                }
                LinkOutput::Answer(answer) => self.with_core(|core| core.answered(*answer)),
                LinkOutput::Status(status) => self.with_core(|core| core.link_told(&status)),
            }
        }
    }

    fn connect(&mut self) {
        self.framer.clear();
        let id = self.next_pipe;
        self.next_pipe += 1;
        self.current = Some(id);
        let wait = self.rng.range(2 * MILLI, 40 * MILLI);
        if self.network_up && self.library_up {
            let server = Some(self.library.connect());
            self.pipes.insert(id, Pipe { server, up_at: 0, down_at: 0, held: None });
            self.later(wait, Event::Connected(id));
        } else if self.network_up || self.rng.chance(50) {
            self.later(wait, Event::Refused(id));
        }
        // Otherwise nothing answers at all.
    }

    fn send_up(&mut self, bytes: &[u8]) {
        let Some(id) = self.current.filter(|id| self.pipes.contains_key(id)) else { return };
        let (whole, cut) = take_cut(&mut self.cut_up, bytes);
        let mut at = self.now() + self.rng.range(MILLI, 15 * MILLI);
        at = at.max(self.pipes.get(&id).map_or(0, |pipe| pipe.up_at));
        for part in split(whole, &mut self.rng) {
            self.at(at, Event::ToLibrary(id, part));
            at += self.rng.range(0, 3 * MILLI);
        }
        if let Some(pipe) = self.pipes.get_mut(&id) {
            pipe.up_at = at;
        }
        if cut || !self.network_up {
            self.at(at + 5 * MILLI, Event::Closed(id));
        }
    }

    fn send_down(&mut self, id: u64, bytes: &[u8], close: bool) {
        let (whole, cut) = take_cut(&mut self.cut_down, bytes);
        let whole = if self.network_up { whole } else { &[] };
        let mut at = self.now() + self.rng.range(2 * MILLI, 40 * MILLI) + self.slow;
        at = at.max(self.pipes.get(&id).map_or(0, |pipe| pipe.down_at));
        for part in split(whole, &mut self.rng) {
            self.at(at, Event::ToStation(id, part));
            at += self.rng.range(0, 3 * MILLI);
        }
        if let Some(pipe) = self.pipes.get_mut(&id) {
            pipe.down_at = at;
            if cut || close {
                pipe.server = None;
            }
        }
        if cut || close {
            self.at(at, Event::Closed(id));
        }
    }

    fn library_hears(&mut self, id: u64, bytes: &[u8]) {
        let now = self.desk.civil();
        let Some(pipe) = self.pipes.get_mut(&id) else { return };
        let Some(server) = pipe.server.as_mut().filter(|_| self.library_up) else { return };
        let exchanges = self.library.receive(server, bytes, now);
        for exchange in exchanges {
            self.trace(|| {
                let text = String::from_utf8_lossy;
                format!("{id} > {}\n{id} < {}", text(&exchange.request), text(&exchange.said.send))
            });
            self.judge.heard(id, &exchange);
            match self.library.news() {
                Ok(news) => self.judge.booked(news),
                Err(error) => self.judge.fail(format!("the ledger: {error}")),
            }
            let (mut send, close) = (exchange.said.send, exchange.said.close);
            if send.is_empty() && !close {
                continue;
            }
            self.spoil(&mut send);
            let held = self.pipes.get_mut(&id).and_then(|pipe| pipe.held.take());
            if std::mem::take(&mut self.swapped) && !close {
                if let Some(pipe) = self.pipes.get_mut(&id) {
                    pipe.held = Some(send);
                }
                continue;
            }
            if std::mem::take(&mut self.twice) {
                send = send.repeat(2);
            }
            send.extend(held.unwrap_or_default());
            self.send_down(id, &send, close);
        }
    }

    /// Changes an answer so that its checksum is surely wrong. Login and status are spared: a
    /// station that just connects would use the fault up.
    fn spoil(&mut self, answer: &mut [u8]) {
        if matches!(answer.get(..2), Some(b"94" | b"96" | b"98") | None) {
            return;
        }
        let Some(spoil) = self.spoiled.pop_front() else { return };
        let digits = answer.len().saturating_sub(CHECKSUM_AT);
        let at = match spoil {
            // One changed bit is one the sum sees; several might make up for each other.
            Spoil::Bytes => {
                let readable = |at: &usize| answer[*at].is_ascii_alphanumeric();
                let places: Vec<usize> = (2..digits).filter(readable).collect();
                if places.is_empty() {
                    return;
                }
                *self.rng.pick(&places)
            }
            Spoil::Checksum => digits,
        };
        if let Some(byte) = answer.get_mut(at) {
            *byte ^= 1;
        }
    }

    fn station_hears(&mut self, id: u64, bytes: &[u8]) {
        if self.current != Some(id) {
            return;
        }
        self.framer.push(bytes);
        while let Some(line) = self.framer.next_line() {
            let line = line.map(<[u8]>::to_vec);
            self.judge.answered(id);
            match line {
                Ok(line) => self.link.handle(LinkInput::Line(&line), self.mono()),
                Err(_) => self.link.handle(LinkInput::LineTooLong, self.mono()),
            }
            self.link_outputs();
        }
    }

    fn lose(&mut self, id: u64) {
        self.pipes.remove(&id);
        if self.current == Some(id) {
            self.current = None;
            self.link.handle(LinkInput::Closed, self.mono());
        }
    }

    fn lose_all(&mut self) {
        for id in self.pipes.keys().copied().collect::<Vec<_>>() {
            // A broken network is noticed late, or not before the next time-out.
            let wait = self.rng.range(MILLI, 2 * SECOND);
            if let Some(pipe) = self.pipes.get_mut(&id) {
                pipe.server = None;
            }
            self.later(wait, Event::Closed(id));
        }
    }

    // ---- reader

    fn open_reader(&mut self) {
        let (field, origin) = (Arc::clone(&self.field), self.origin);
        let open = Box::new(move || {
            SimReader::open(&field, origin).map(|reader| Box::new(reader) as Box<_>)
        });
        let told = Arc::clone(&self.told);
        let tell = Box::new(move |news| {
            told.lock().unwrap_or_else(PoisonError::into_inner).push(news);
        });
        let clock = Arc::clone(&lock(&self.field).clock);
        let time = Box::new(move || Duration::from_micros(clock.load(Ordering::Relaxed)));
        let classify = Classify::new(&self.config.session);
        let work = ReaderWork::new(open, None, self.config.security, classify, tell);
        self.reader = Some(work.on_clock(time));
        self.reader_up = false;
        self.try_reader();
    }

    fn try_reader(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        match reader.open() {
            Ok(_) => {
                self.reader_up = true;
                reader.told(true);
                self.kick_reader();
            }
            Err(_) => self.later(SECOND, Event::OpenReader),
        }
        self.tell(MILLI);
    }

    fn kick_reader(&mut self) {
        self.reader_turn += 1;
        let turn = self.reader_turn;
        self.later(MILLI, Event::Reader(turn));
    }

    /// Sends on what the reader told.
    fn tell(&mut self, after: u64) {
        let told: Vec<Told> =
            self.told.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
        for news in told {
            self.later(after, Event::Told(news));
        }
    }

    fn reader_step(&mut self) {
        let now = self.now();
        let clock = Arc::clone(&lock(&self.field).clock);
        clock.store(now, Ordering::Relaxed);
        let Some(reader) = self.reader.as_mut().filter(|_| self.reader_up) else { return };
        let stepped = reader.step();
        let took = clock.load(Ordering::Relaxed) - now;
        {
            let mut field = lock(&self.field);
            self.judge.released(&mut field);
        }
        match stepped {
            Ok(rest) => {
                let quiet = now.saturating_sub(self.pad_changed);
                let pause = match rest {
                    None => 0,
                    // Hours pass in fewer looks.
                    Some(_) if quiet > 30 * SECOND => 2 * SECOND,
                    Some(_) if quiet > 3 * SECOND => 500 * MILLI,
                    Some(rest) => u64::try_from(rest.as_micros()).unwrap_or(0).max(60 * MILLI),
                };
                self.reader_turn += 1;
                let turn = self.reader_turn;
                self.later(took + pause.max(MILLI), Event::Reader(turn));
            }
            Err(_) => {
                self.reader_up = false;
                reader.told(false);
                self.later(took + SECOND, Event::OpenReader);
            }
        }
        self.tell(took);
    }

    // ---- printer

    fn printer_effects(&mut self) {
        while let Some(effect) = self.spooler.poll_effect() {
            self.trace(|| format!("printer {effect:?}"));
            match effect {
                PrinterEffect::Open => {
                    let up = !self.paper.gone && self.printing;
                    self.writes += 1;
                    let input = if up { PrinterInput::LinkUp } else { PrinterInput::LinkDown };
                    self.spooler.handle(input, self.instant());
                }
                PrinterEffect::Close | PrinterEffect::DropWrites => self.writes += 1,
                PrinterEffect::Write(bytes) => {
                    let writes = self.writes;
                    self.later(4 * MILLI, Event::ToPrinter(writes, bytes));
                }
                PrinterEffect::Outcome { id, outcome } => {
                    self.printed(id.bytes(), outcome);
                    self.with_core(|core| core.printer_told(PrinterEvent::Outcome { id, outcome }));
                }
                PrinterEffect::Health(health) => {
                    self.with_core(|core| core.printer_told(PrinterEvent::Health(health)));
                }
                PrinterEffect::PaperLow => {}
            }
        }
    }

    /// The spooler says what became of a slip; the paper says whether that is so.
    fn printed(&mut self, id: [u8; 4], outcome: drivers::printer::spooler::Outcome) {
        use drivers::printer::spooler::Outcome;
        let whole = self.paper.slips.iter().filter(|slip| slip.id == id).count();
        match outcome {
            Outcome::Done if whole != 1 => {
                self.judge.fail(format!("a slip is said to be printed and came out {whole} times"));
            }
            Outcome::NotPrinted { .. } if whole > 0 => {
                self.judge.fail("a slip is said not to be printed and came out");
            }
            _ => {}
        }
    }

    fn printer_hears(&mut self, writes: u64, bytes: Vec<u8>) {
        if writes != self.writes {
            return;
        }
        let before = self.paper.slips.len();
        let heard = self.paper.receive(&bytes);
        for slip in self.paper.slips.iter().skip(before) {
            self.judge.no_trace("paper", &String::from_utf8_lossy(&slip.bytes));
        }
        self.slips += (self.paper.slips.len() - before) as u64;
        self.spooler.handle(PrinterInput::Written(bytes.len()), self.instant());
        if heard.broke {
            self.writes += 1;
            return self.later(MILLI, Event::PrinterBroke);
        }
        if !heard.answer.is_empty() {
            self.later(6 * MILLI, Event::FromPrinter(heard.answer));
        }
    }

    // ---- time

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

    fn from_boot(&self, at: Duration) -> u64 {
        let micros = u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
        self.desk.booted.get().saturating_add(micros).saturating_add(1)
    }

    fn core_at(&self) -> Option<u64> {
        let at = self.from_boot(self.core.as_ref()?.deadline()?);
        // The loop around the core never turns faster.
        Some(at.max(self.woken + MILLI))
    }

    fn link_at(&self) -> Option<u64> {
        self.link.deadline().map(|at| self.from_boot(at))
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
            self.link.handle(LinkInput::Tick, self.mono());
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
            Event::Connected(id) if self.current == Some(id) => {
                self.link.handle(LinkInput::Connected, mono);
            }
            Event::Refused(id) if self.current == Some(id) => {
                self.current = None;
                self.link.handle(LinkInput::ConnectFailed, mono);
            }
            Event::Connected(_) | Event::Refused(_) => {}
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

    // ---- acts

    /// Plays one act.
    pub fn play(&mut self, after: u32, act: Act) {
        self.run_for(u64::from(after) * MILLI);
        self.stage.log.with(|text| self.judge.no_trace("the log", text));
        if self.judge.failure.is_some() {
            return;
        }
        self.trace(|| format!("act {act:?}"));
        match act {
            Act::Tap(tap) => self.tap(tap),
            Act::Card(who) => {
                let who = who % 3;
                self.place(CARDS + who, true);
                self.later(500 * MILLI, Event::Heal(Heal::Card(who)));
            }
            Act::ScanCard(who) => {
                let card = PatronId::new(PATRONS[usize::from(who % 3)].number);
                let told = aids::Told::Card(card, Proof::Copied);
                self.with_core(|core| core.aid_told(Aid::Scanner, told));
            }
            Act::Lay(n) => self.place(n, true),
            Act::LaySet => {
                self.place(SET, true);
                self.place(SET + 1, true);
            }
            Act::Lift(n) => self.place(n, false),
            Act::LiftAll => self.lift_all(),
            Act::Scan(n) => {
                self.judge.scanned(&item(n));
                let told = aids::Told::Item(item(n));
                self.with_core(|core| core.aid_told(Aid::Scanner, told));
            }
            Act::Fault(fault) => self.break_it(fault),
            Act::Wait => {}
        }
    }

    fn place(&mut self, n: u8, on_pad: bool) {
        if let Some(tag) = lock(&self.field).tags.get_mut(&pad::uid(n)) {
            tag.on_pad = on_pad;
        }
        self.pad_changed = self.now();
        if self.core.is_some() {
            self.kick_reader();
        }
    }

    fn lift_all(&mut self) {
        for n in (1..=SET + 1).chain(CARDS..CARDS + 3) {
            self.place(n, false);
        }
    }

    fn tap(&mut self, tap: Tap) {
        let Some(view) = self.shown.clone() else { return };
        for touch in touches(tap, &view) {
            self.with_core(|core| core.touch(touch));
        }
    }

    fn break_it(&mut self, fault: Fault) {
        *self.faults.entry(fault.name()).or_default() += 1;
        let millis = |ms: u32| u64::from(ms) * MILLI;
        let library = |f: LibraryFault, world: &mut Self| world.library.set_fault(f);
        match fault {
            Fault::CutUp(n) => self.cut_up = Some(usize::from(n)),
            Fault::CutDown(n) => self.cut_down = Some(usize::from(n)),
            Fault::NetworkDown(ms) => {
                self.network_up = false;
                self.lose_all();
                self.later(millis(ms), Event::Heal(Heal::Network));
            }
            Fault::Slow(ms) => {
                self.slow = millis(ms);
                self.later(60 * SECOND, Event::Heal(Heal::Speed));
            }
            Fault::Twice => self.twice = true,
            Fault::Swapped => self.swapped = true,
            Fault::Garbled(n) => self.spoiled.extend((0..n).map(|_| Spoil::Bytes)),
            Fault::WrongDigit => library(LibraryFault::WrongDigit(1), self),
            Fault::WrongSum => self.spoiled.push_back(Spoil::Checksum),
            Fault::Silent(n) => library(LibraryFault::SilentAfterCommit(u32::from(n)), self),
            Fault::ClosedBefore => library(LibraryFault::CloseBeforeAnswer(1), self),
            Fault::Again(n) => library(LibraryFault::Answer96(u32::from(n)), self),
            Fault::SaysYes(ms) => {
                self.library.lie = Lie::Yes;
                self.later(millis(ms), Event::Heal(Heal::Truth));
            }
            Fault::SaysNo(ms) => {
                library(LibraryFault::RefuseAll(true), self);
                self.later(millis(ms), Event::Heal(Heal::Refusing));
            }
            Fault::Closes(ms) => {
                self.library.closes = true;
                self.later(millis(ms), Event::Heal(Heal::Closing));
            }
            Fault::SaysOffline(ms) => {
                library(LibraryFault::Offline(true), self);
                self.later(millis(ms), Event::Heal(Heal::Offline));
            }
            Fault::LibraryDown(ms) => {
                self.library_up = false;
                self.lose_all();
                self.later(millis(ms), Event::Heal(Heal::Library));
            }
            Fault::CutAtWrite(n) => self.stage.disk.cut_in(u32::from(n)),
            Fault::PowerCut(ms) => {
                if self.core.is_some() {
                    self.go_dark(millis(ms));
                }
            }
            Fault::DiskFull(ms) => {
                self.stage.disk.full(true);
                self.later(millis(ms), Event::Heal(Heal::Disk));
            }
            Fault::DiskFails(n) => self.stage.disk.fail(u32::from(n)),
            Fault::Write(fault) => lock(&self.field).faults.push_back(fault),
            Fault::ReaderGone(ms) => {
                lock(&self.field).gone = true;
                self.later(millis(ms), Event::Heal(Heal::Reader));
            }
            Fault::PaperOut(ms) => {
                let heard = self.paper.set_out(true);
                self.later(MILLI, Event::FromPrinter(heard.answer));
                self.later(millis(ms), Event::Heal(Heal::Paper));
            }
            Fault::PrinterDies(n) => {
                self.paper.dies_after = Some(usize::from(n));
                self.later(60 * SECOND, Event::Heal(Heal::Printer));
            }
            Fault::PrinterSilent(ms) => {
                self.paper.silent = true;
                self.later(millis(ms), Event::Heal(Heal::Printer));
            }
            Fault::Clock(by) => {
                self.judge.clock_set = true;
                self.desk.wall_ahead.set(self.desk.wall_ahead.get() + i64::from(by));
            }
        }
    }

    fn heal(&mut self, heal: Heal) {
        match heal {
            Heal::Network => self.network_up = true,
            Heal::Speed => self.slow = 0,
            Heal::Truth => self.library.lie = Lie::None,
            Heal::Refusing => self.library.set_fault(LibraryFault::RefuseAll(false)),
            Heal::Closing => self.library.closes = false,
            Heal::Offline => self.library.set_fault(LibraryFault::Offline(false)),
            Heal::Library => self.library_up = true,
            Heal::Disk => self.stage.disk.full(false),
            Heal::Reader => lock(&self.field).gone = false,
            Heal::Paper => {
                let before = self.paper.slips.len();
                let heard = self.paper.set_out(false);
                self.slips += (self.paper.slips.len() - before) as u64;
                self.later(MILLI, Event::FromPrinter(heard.answer));
            }
            Heal::Printer => {
                self.paper.silent = false;
                self.paper.dies_after = None;
            }
            Heal::Card(who) => self.place(CARDS + who, false),
        }
    }

    /// Everything works again and nobody comes: the judges look at what is left.
    pub fn end(&mut self) -> Left {
        for heal in [
            Heal::Network,
            Heal::Speed,
            Heal::Truth,
            Heal::Closing,
            Heal::Library,
            Heal::Disk,
            Heal::Reader,
            Heal::Paper,
            Heal::Printer,
        ] {
            self.heal(heal);
        }
        self.library.set_fault(LibraryFault::Clear);
        self.stage.disk.fail(0);
        self.stage.disk.never_cut();
        (self.cut_up, self.cut_down, self.twice, self.swapped) = (None, None, false, false);
        self.spoiled.clear();
        lock(&self.field).faults.clear();
        self.lift_all();
        self.run_for(LEFT_ALONE);
        self.judge_end()
    }

    fn judge_end(&mut self) -> Left {
        self.stage.log.with(|text| self.judge.no_trace("the log", text));
        if self.judge.failure.is_some() {
            return Left::default();
        }
        match &self.core {
            None => self.judge.fail("the station is not running"),
            Some(core) => {
                if core.is_busy() {
                    self.judge.fail("the station is busy and nobody is there");
                }
                if !matches!(core.view().screen, Screen::Attract { .. }) {
                    let page = core.view().screen.name();
                    self.judge.fail(format!("the page {page} is shown and nobody is there"));
                }
            }
        }
        for patron in PATRONS {
            for secret in [patron.number, patron.name, patron.pin] {
                if let Some(file) = self.stage.disk.holds(secret.as_bytes()) {
                    self.judge.fail(format!("a patron's data is in clear in {file}"));
                }
            }
        }
        match self.rows(false) {
            Ok((rows, repairs)) => {
                {
                    let field = lock(&self.field);
                    self.judge.end(&rows, &repairs, &field);
                }
                Left { rows, repairs: repairs.len() as u64 }
            }
            Err(error) => {
                self.judge.fail(format!("the journal: {error}"));
                Left::default()
            }
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

/// The bytes before the cut, and whether it is there.
fn take_cut<'b>(cut: &mut Option<usize>, bytes: &'b [u8]) -> (&'b [u8], bool) {
    match cut {
        Some(n) if *n < bytes.len() => {
            let before = &bytes[..*n];
            *cut = None;
            (before, true)
        }
        Some(n) => {
            *n -= bytes.len();
            (bytes, false)
        }
        None => (bytes, false),
    }
}

/// As TCP may deliver them.
fn split(bytes: &[u8], rng: &mut Rng) -> Vec<Vec<u8>> {
    if bytes.is_empty() {
        return Vec::new();
    }
    if bytes.len() > 1 && rng.chance(20) {
        let at = usize::try_from(rng.range(1, bytes.len() as u64 - 1)).unwrap_or(1);
        return vec![bytes[..at].to_vec(), bytes[at..].to_vec()];
    }
    vec![bytes.to_vec()]
}

/// The touches a tap stands for on this view.
fn touches(tap: Tap, view: &View) -> Vec<Touch> {
    let lines = match &view.screen {
        Screen::Borrow(work) | Screen::GiveBack(work) => &work.lines[..],
        _ => &[],
    };
    let count = |more: u32| match &view.screen {
        Screen::Count { found, .. } => {
            vec![Touch::Count(u8::try_from((found + more).min(11)).unwrap_or(11))]
        }
        _ => Vec::new(),
    };
    let line = |offers: fn(&ui::view::Line) -> bool, touch: fn(u32) -> Touch| {
        lines.iter().find(|line| offers(line)).map(|line| touch(line.id)).into_iter().collect()
    };
    match tap {
        Tap::Borrow => vec![Touch::Borrow],
        Tap::GiveBack => vec![Touch::GiveBack],
        Tap::Account => vec![Touch::Account],
        Tap::Finish => vec![Touch::Finish],
        Tap::Back => vec![Touch::Back],
        Tap::Paper => vec![Touch::Paper],
        Tap::Phone => vec![Touch::Phone],
        Tap::NoReceipt => vec![Touch::NoReceipt],
        Tap::More => vec![Touch::More],
        Tap::Undo => line(|line| line.can_undo, Touch::Undo),
        Tap::Yes => line(|line| line.question, Touch::Yes),
        Tap::No => line(|line| line.question, Touch::No),
        Tap::Renew => match &view.screen {
            Screen::Loans(loans) => {
                loans.loans.first().map(|loan| Touch::Renew(loan.id)).into_iter().collect()
            }
            _ => Vec::new(),
        },
        Tap::RenewAll => vec![Touch::RenewAll],
        Tap::Count => count(0),
        Tap::CountMore => count(1),
        Tap::Pin(who) => {
            if !matches!(view.screen, Screen::Pin { .. }) {
                return Vec::new();
            }
            let digits = PATRONS[usize::from(who % 3)].pin.bytes();
            digits.map(|digit| Touch::Digit(digit - b'0')).chain([Touch::Ok]).collect()
        }
        Tap::Continue => vec![Touch::Continue],
        Tap::EndNow => vec![Touch::EndNow],
        Tap::Language => vec![Touch::Language, Touch::Language],
    }
}
