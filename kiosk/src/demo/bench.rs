//! The workbench's other half: what a person does there reaches simulators and faults, what the
//! wires carry reaches the screen. Knows no window: it is given where to show things.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use drivers::port::{Direction, Tap};
use drivers::sim::field::Pull;
use drivers::sim::printer::{Fault as PrinterFault, SimEvent};
use drivers::sim::reader::Fault as ReaderFault;
use ui::view::{
    Bench, BenchBook, BenchCard, BenchFault, BenchTouch, Language, Picture, Touch, View,
};

use super::pads::{SimPads, is_in_state};
use super::rig::{Rig, RigOptions};
use super::trouble::RigError;
use super::wire::WireLog;
use crate::clock::Clock;
use crate::config::Config;
use crate::session::Record;
use crate::station::{Event, Listeners};

/// How often the bench looks at its tags and wires.
const LOOK: Duration = Duration::from_millis(60);
/// How long a card is held at the pad.
const CARD_HELD: Duration = Duration::from_millis(1500);
/// How long the dark lasts after a power cut.
const DARK: Duration = Duration::from_millis(1200);
/// Most rows of paper kept on the bench, in dots.
const PAPER_ROWS_MAX: usize = 6000;
/// Rows that come out between two looks: 8 dots a millimetre, about 130 mm/s.
const PAPER_ROWS_A_LOOK: usize = 64;
/// Colours a shelf has.
const COLOURS: usize = 10;

/// Cards on the bench: invented readers of the practice collection.
const CARDS: [&str; 5] = ["0200001234", "0200004567", "0200003456", "0200000007", "0200000034"];
/// Books on the shelf.
const BOOKS: [&str; 18] = [
    "YZ0000789",
    "YZ0000790",
    "YZ0000792",
    "YZ0000111",
    "YZ0000117",
    "YZ0000122",
    "YZ0000118",
    "YZ0000355",
    "YZ0000359",
    "YZ0000791",
    "YZ0000452",
    "XB0000042",
    "YZ0000123",
    "YZ0000157",
    "YZ0000163",
    "YZ0000353",
    "FOREIGN-1",
    "BLANK-1",
];

/// Where the bench shows things. Called on the bench's and the station's threads.
#[derive(Clone)]
pub struct Stage {
    /// The station's screen.
    pub view: Arc<dyn Fn(View) + Send + Sync>,
    /// The bench.
    pub bench: Arc<dyn Fn(Bench) + Send + Sync>,
}

/// What reaches the bench.
#[derive(Debug)]
pub enum Hand {
    /// A touch on the station's screen.
    Touch(Touch),
    /// Something done at the bench.
    Bench(BenchTouch),
}

/// A running bench. Dropping it ends rig and station.
pub struct BenchRunner {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl BenchRunner {
    /// Starts rig and station for `config`; takes what is done from `inbox`. Receipts are also
    /// written to `receipts`, as bytes, text and picture.
    ///
    /// # Errors
    /// [`RigError`].
    pub fn start(
        config: Config,
        stage: Stage,
        inbox: Receiver<Hand>,
        receipts: Option<PathBuf>,
    ) -> Result<Self, RigError> {
        let mut worker = Worker::new(config, stage, receipts)?;
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let thread = std::thread::Builder::new()
            .name("bench".to_owned())
            .spawn(move || worker.run(&inbox, &end))
            .map_err(super::trouble::from_part)?;
        Ok(Self { ended, thread: Some(thread) })
    }
}

impl Drop for BenchRunner {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the bench's thread panicked");
        }
    }
}

/// The paper: what was printed comes out of the slot at a printer's speed.
#[derive(Default)]
struct Paper {
    width: usize,
    /// Rows of all slips not torn off, oldest first.
    rows: Vec<u8>,
    /// Rows that have come out.
    out: usize,
    changed: bool,
}

impl Paper {
    fn add(&mut self, width: usize, pixels: &[u8]) {
        if width != self.width {
            *self = Self { width, ..Self::default() };
        }
        self.rows.extend_from_slice(pixels);
        let over = (self.rows.len() / width.max(1)).saturating_sub(PAPER_ROWS_MAX);
        self.rows.drain(..over * width);
        self.out = self.out.saturating_sub(over);
    }

    /// Time passed: more paper is out.
    fn feed(&mut self) {
        let all = self.rows.len().checked_div(self.width).unwrap_or(0);
        if self.out < all {
            self.out = (self.out + PAPER_ROWS_A_LOOK).min(all);
            self.changed = true;
        }
    }

    fn picture(&self) -> Option<Picture> {
        if self.out == 0 {
            return None;
        }
        Some(Picture {
            width: u32::try_from(self.width).ok()?,
            height: u32::try_from(self.out).ok()?,
            grey: self.rows[..self.out * self.width].into(),
        })
    }
}

struct Worker {
    config: Config,
    stage: Stage,
    receipts: Option<PathBuf>,
    rig: Option<Rig>,
    log: Arc<Mutex<WireLog>>,
    paper: Arc<Mutex<Paper>>,
    picture: Option<Picture>,
    titles: Vec<(String, String)>,
    names: Vec<(String, String)>,
    /// The station's, as last shown: the bench speaks it too.
    language: Arc<Mutex<Language>>,
    faults: Vec<BenchFault>,
    card: Option<(String, Instant)>,
    dark_until: Option<Instant>,
    shown: Option<Bench>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Worker {
    fn new(config: Config, stage: Stage, receipts: Option<PathBuf>) -> Result<Self, RigError> {
        let clock = Clock::new(&config.station.zone).map_err(super::trouble::from_part)?;
        let charset = config.library.profile.charset;
        let log = WireLog::new(clock.clone(), charset, config.security);
        let collection = super::tags::collection(clock.now().wall.date());
        let (titles, names) = collection.map_or_else(Default::default, |data| {
            (
                data.items
                    .iter()
                    .map(|i| (i.entry.barcode.clone(), i.entry.title.clone()))
                    .collect(),
                data.patrons.iter().map(|p| (p.number.clone(), p.name.clone())).collect(),
            )
        });
        let mut worker = Self {
            language: Arc::new(Mutex::new(config.session.language)),
            config,
            stage,
            receipts,
            rig: None,
            log: Arc::new(Mutex::new(log)),
            paper: Arc::default(),
            picture: None,
            titles,
            names,
            faults: Vec::new(),
            card: None,
            dark_until: None,
            shown: None,
        };
        worker.start_rig(clock)?;
        Ok(worker)
    }

    fn start_rig(&mut self, clock: Clock) -> Result<(), RigError> {
        let tap = |log: &Arc<Mutex<WireLog>>, take: fn(&mut WireLog, Direction, &[u8])| -> Tap {
            let log = Arc::clone(log);
            Arc::new(move |direction, bytes: &[u8]| take(&mut lock(&log), direction, bytes))
        };
        let journal = Arc::clone(&self.log);
        let show = Arc::clone(&self.stage.view);
        let language = Arc::clone(&self.language);
        let listeners = Listeners {
            view: Arc::new(move |view| {
                *lock(&language) = view.language;
                show(view.clone());
            }),
            journal: Arc::new(move |records: &[Record]| lock(&journal).journal(records)),
            sip: Some(tap(&self.log, WireLog::sip)),
            printer: Some(tap(&self.log, WireLog::printer)),
        };
        let paper = Arc::clone(&self.paper);
        let options = RigOptions {
            receipts: self.receipts.clone(),
            paper: Some(Arc::new(move |event| {
                if let SimEvent::Receipt(receipt) = event {
                    lock(&paper).add(receipt.width, &receipt.pixels);
                }
            })),
            reader_tap: Some(tap(&self.log, WireLog::reader)),
        };
        self.rig = Some(Rig::start(self.config.clone(), clock, listeners, options)?);
        Ok(())
    }

    fn run(&mut self, inbox: &Receiver<Hand>, end: &AtomicBool) {
        while !end.load(Ordering::Relaxed) {
            match inbox.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Disconnected) => return,
                Ok(Hand::Touch(touch)) => self.station_touch(touch),
                Ok(Hand::Bench(touch)) => self.bench_touch(touch),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.pass();
            self.show();
        }
    }

    /// What time brings: a card is taken back, the light comes on again.
    fn pass(&mut self) {
        let now = Instant::now();
        if let Some((id, until)) = self.card.take() {
            if now < until {
                self.card = Some((id, until));
            } else {
                self.with_pads(|pads| pads.lift(&[id.as_str()]).is_ok());
            }
        }
        if self.dark_until.is_some_and(|until| now >= until) {
            self.dark_until = None;
            self.power_on();
        }
        if self.faults.contains(&BenchFault::PullWhileWriting) && self.with_pads(was_pulled) {
            // It has happened: the switch goes back by itself, the other books keep still.
            self.faults.retain(|f| *f != BenchFault::PullWhileWriting);
            self.arm_pull(false);
        }
    }

    fn with_pads(&self, act: impl FnOnce(&SimPads) -> bool) -> bool {
        self.rig.as_ref().map(Rig::pads).is_some_and(act)
    }

    fn is_released(&self, id: &str) -> bool {
        let Some(rig) = &self.rig else { return false };
        rig.pads().tag(id).is_ok_and(|tag| is_in_state(&tag, &rig.config().security, true))
    }

    fn station_touch(&self, touch: Touch) {
        if let Some(station) = self.rig.as_ref().and_then(Rig::station) {
            station.send(Event::Touch(touch));
        }
    }

    fn bench_touch(&mut self, touch: BenchTouch) {
        match touch {
            BenchTouch::Card(id) => self.card_touch(id),
            BenchTouch::Book(id) => {
                self.with_pads(|pads| {
                    if pads.is_on_pad(&id) {
                        pads.lift(&[id.as_str()]).is_ok()
                    } else {
                        pads.lay(&[id.as_str()]).is_ok()
                    }
                });
            }
            BenchTouch::Fault(fault) => self.fault_touch(fault),
            BenchTouch::Restart => self.restart(),
            BenchTouch::Language => self.station_touch(Touch::Language),
            BenchTouch::TearPaper => {
                *lock(&self.paper) = Paper { changed: true, ..Paper::default() };
            }
        }
    }

    fn card_touch(&mut self, id: String) {
        if let Some((old, _)) = self.card.take() {
            self.with_pads(|pads| pads.lift(&[old.as_str()]).is_ok());
            if old == id {
                return;
            }
        }
        if self.with_pads(|pads| pads.lay(&[id.as_str()]).is_ok()) {
            self.card = Some((id, Instant::now() + CARD_HELD));
        }
    }

    fn fault_touch(&mut self, fault: BenchFault) {
        let on = !self.faults.contains(&fault);
        self.faults.retain(|f| *f != fault);
        if on && fault != BenchFault::PowerCut {
            self.faults.push(fault);
        }
        let Some(rig) = &mut self.rig else { return };
        match fault {
            BenchFault::NetworkOff => rig.set_network(!on),
            BenchFault::PaperOut => {
                if let Ok(printer) = rig.printer() {
                    if on {
                        printer.set_fault(PrinterFault::PaperOut);
                    } else {
                        printer.clear_faults();
                    }
                }
            }
            BenchFault::ReaderUnplugged => {
                if let Err(error) = rig.set_reader_plugged(!on) {
                    tracing::error!(%error, "bench");
                }
            }
            BenchFault::PullWhileWriting => self.arm_pull(on),
            BenchFault::PowerCut if self.dark_until.is_none() => {
                rig.power_off();
                self.dark_until = Some(Instant::now() + DARK);
            }
            BenchFault::PowerCut => {}
        }
    }

    fn arm_pull(&self, on: bool) {
        self.with_pads(|pads| {
            if !on {
                let mended = pads.clear_faults().is_ok();
                // Clearing plugs the line in as well.
                return if self.faults.contains(&BenchFault::ReaderUnplugged) {
                    pads.set_fault(&ReaderFault::Unplugged).is_ok()
                } else {
                    mended
                };
            }
            BOOKS.iter().all(|book| {
                let fault =
                    ReaderFault::PullOnWrite { tag: (*book).to_owned(), pull: Pull::BeforeWrite };
                pads.set_fault(&fault).is_ok()
            })
        });
    }

    fn power_on(&mut self) {
        let Some(rig) = &mut self.rig else { return };
        if let Err(error) = rig.power_on() {
            tracing::error!(%error, "bench");
            return;
        }
        let open = rig
            .station()
            .and_then(crate::station::StationHandle::snapshot)
            .map_or(0, |s| s.journal.open + s.journal.queued);
        lock(&self.log).restarted(usize::try_from(open).unwrap_or(usize::MAX));
        if self.faults.contains(&BenchFault::NetworkOff) {
            rig.set_network(false);
        }
    }

    /// A new day: everything back on the shelf, a new library, an empty journal.
    fn restart(&mut self) {
        self.rig = None;
        self.faults.clear();
        self.card = None;
        self.dark_until = None;
        *lock(&self.paper) = Paper { changed: true, ..Paper::default() };
        // The journal belongs to the library system it was written against.
        if let Err(error) = std::fs::remove_dir_all(&self.config.station.data_dir) {
            tracing::debug!(%error, "bench: no journal to remove");
        }
        let started = Clock::new(&self.config.station.zone)
            .map_err(super::trouble::from_part)
            .and_then(|clock| self.start_rig(clock));
        if let Err(error) = started {
            tracing::error!(%error, "bench");
        }
    }

    fn show(&mut self) {
        let mut paper = lock(&self.paper);
        paper.feed();
        if std::mem::take(&mut paper.changed) {
            self.picture = paper.picture();
        }
        drop(paper);
        let bench = self.bench();
        if self.shown.as_ref() != Some(&bench) {
            (self.stage.bench)(bench.clone());
            self.shown = Some(bench);
        }
    }

    fn bench(&self) -> Bench {
        let on_pad = self.rig.as_ref().map(|rig| rig.pads().on_pad()).unwrap_or_default();
        let name = |list: &[(String, String)], id: &str| {
            list.iter().find(|(known, _)| known == id).map(|(_, name)| name.clone())
        };
        let language = *lock(&self.language);
        let words = ui::lang::words(language);
        Bench {
            cards: CARDS
                .iter()
                .map(|id| BenchCard {
                    id: (*id).to_owned(),
                    label: name(&self.names, id).unwrap_or_else(|| (*id).to_owned()),
                    shown: self.card.as_ref().is_some_and(|(card, _)| card == id),
                })
                .collect(),
            books: BOOKS
                .iter()
                .enumerate()
                .map(|(at, id)| BenchBook {
                    id: (*id).to_owned(),
                    title: name(&self.titles, id).unwrap_or_else(|| match *id {
                        super::tags::FOREIGN => words.text("bench-book-foreign"),
                        _ => words.text("bench-book-blank"),
                    }),
                    on_pad: on_pad.iter().any(|on| on == id),
                    released: self.is_released(id),
                    colour: u8::try_from(at % COLOURS).unwrap_or(0),
                })
                .collect(),
            paper: self.picture.clone(),
            wire: lock(&self.log).lines(language),
            faults: self.faults.clone(),
            restarting: self.dark_until.is_some(),
        }
    }
}

/// All books are armed together, so one that is not any more has been pulled.
fn was_pulled(pads: &SimPads) -> bool {
    BOOKS.iter().any(|book| pads.tag(book).is_ok_and(|tag| tag.behaviour.pull.is_none()))
}
