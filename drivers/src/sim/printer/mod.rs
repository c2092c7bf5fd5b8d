//! A receipt printer that answers ESC/POS on TCP or a pty and shows what it printed.
//!
//! It reads the byte stream by its own interpreter, not by the driver's, and draws to an 8-bit
//! page. Each receipt ends by a cut or by two seconds of silence.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::port::PortSpec;
use crate::printer::profile::{CodeMode, Profile, ProfileName};

mod bars;
pub mod cli;
mod fault;
mod glyphs;
mod head;
mod interp;
mod link;
mod machine;
mod page;
mod receipt;

pub use fault::{Fault, UnknownFault};
pub use link::{Listen, ListenError};
pub use machine::IDLE_END;
pub use page::{INK_GREY, MARGIN_DOTS, PAPER_GREY};
pub use receipt::Receipt;

use interp::Class;
use link::{Heard, Link};
use machine::Machine;

/// Receipts kept in memory; older ones are forgotten (their files stay).
pub const RECEIPTS_MAX: usize = 256;
/// Bytes taken from the link at once.
const READ_MAX: usize = 1024;
/// Pause while the printer takes nothing.
const STUCK_PAUSE: Duration = Duration::from_millis(10);

/// Something to see.
#[derive(Debug, Clone)]
pub enum SimEvent {
    /// The current paper grew: its new rows from the first changed one on.
    Paper {
        /// Row the new rows begin at; 0 starts a new paper.
        first_row: usize,
        /// Picture width in dots.
        width: usize,
        /// 8-bit grey, row by row.
        pixels: Vec<u8>,
    },
    /// A receipt is complete.
    Receipt(Arc<Receipt>),
}

/// Receives events on the simulator's thread: must not block.
pub type SimSink = Arc<dyn Fn(SimEvent) + Send + Sync>;

/// What to simulate.
#[derive(Clone)]
pub struct PrinterSimConfig {
    /// Where to listen.
    pub listen: Listen,
    /// Paper geometry and class.
    pub profile: Profile,
    /// Directory for `NNNN.bin`, `.txt`, `.png`; made if missing.
    pub out: Option<PathBuf>,
    /// Faults from the start.
    pub faults: Vec<Fault>,
    /// Whom to show it to.
    pub sink: Option<SimSink>,
}

impl fmt::Debug for PrinterSimConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrinterSimConfig")
            .field("listen", &self.listen)
            .field("out", &self.out)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

impl PrinterSimConfig {
    /// A healthy printer of a model, on a free local TCP port.
    #[must_use]
    pub fn new(profile: ProfileName) -> Self {
        Self {
            listen: Listen::Tcp("127.0.0.1:0".to_owned()),
            profile: profile.profile(),
            out: None,
            faults: Vec::new(),
            sink: None,
        }
    }
}

/// A simulator that could not start.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The link.
    #[error("simulated printer cannot listen on {listen:?}: {source}")]
    Listen {
        /// What was tried.
        listen: Listen,
        /// The system's answer.
        source: io::Error,
    },
    /// The directory.
    #[error("simulated printer cannot use {path}: {source}", path = path.display())]
    Out {
        /// What was tried.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The thread.
    #[error("no thread for the simulated printer: {0}")]
    Thread(io::Error),
}

struct Shared {
    machine: Mutex<Machine>,
    receipts: Mutex<Vec<Arc<Receipt>>>,
    arrived: Condvar,
    stop: AtomicBool,
}

impl Shared {
    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn receipts(&self) -> MutexGuard<'_, Vec<Arc<Receipt>>> {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running simulated printer. Dropping it stops it.
pub struct PrinterSim {
    shared: Arc<Shared>,
    spec: PortSpec,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for PrinterSim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrinterSim({})", self.spec)
    }
}

impl PrinterSim {
    /// Starts listening.
    ///
    /// # Errors
    /// [`SimError`] with what was tried.
    pub fn start(config: PrinterSimConfig) -> Result<Self, SimError> {
        if let Some(path) = &config.out {
            std::fs::create_dir_all(path)
                .map_err(|source| SimError::Out { path: path.clone(), source })?;
        }
        let link = Link::open(&config.listen)
            .map_err(|source| SimError::Listen { listen: config.listen.clone(), source })?;
        let spec = link.port_spec();
        let now = Instant::now();
        let class =
            if config.profile.barcode == CodeMode::Raster { Class::Simple } else { Class::Full };
        let mut machine = Machine::new(usize::from(config.profile.dots), class, now);
        for fault in &config.faults {
            machine.set_fault(*fault, now);
        }
        let shared = Arc::new(Shared {
            machine: Mutex::new(machine),
            receipts: Mutex::new(Vec::new()),
            arrived: Condvar::new(),
            stop: AtomicBool::new(false),
        });
        let server = Server {
            shared: Arc::clone(&shared),
            link,
            out: config.out,
            sink: config.sink,
            shown_rows: 0,
            count: 0,
        };
        let thread = std::thread::Builder::new()
            .name("printer-sim".to_owned())
            .spawn(move || server.run())
            .map_err(SimError::Thread)?;
        Ok(Self { shared, spec, thread: Some(thread) })
    }

    /// How a driver reaches it.
    #[must_use]
    pub fn port_spec(&self) -> PortSpec {
        self.spec.clone()
    }

    /// Receipts so far, oldest first.
    #[must_use]
    pub fn receipts(&self) -> Vec<Arc<Receipt>> {
        self.shared.receipts().clone()
    }

    /// Waits until there are at least `count` receipts; returns what there is then.
    #[must_use]
    pub fn wait_receipts(&self, count: usize, timeout: Duration) -> Vec<Arc<Receipt>> {
        let receipts = self.shared.receipts();
        let (receipts, _) = self
            .shared
            .arrived
            .wait_timeout_while(receipts, timeout, |receipts| receipts.len() < count)
            .unwrap_or_else(PoisonError::into_inner);
        receipts.clone()
    }

    /// Sets a fault besides those set; byte counts begin now.
    pub fn set_fault(&self, fault: Fault) {
        self.shared.machine().set_fault(fault, Instant::now());
    }

    /// Takes every fault back: paper loaded, cover closed.
    pub fn clear_faults(&self) {
        self.shared.machine().clear_faults(Instant::now());
    }

    /// How often the drawer connector was fired; a receipt must never do that.
    #[must_use]
    pub fn drawer_pulses(&self) -> u64 {
        self.shared.machine().pulses()
    }

    /// Bytes received since the start.
    #[must_use]
    pub fn bytes_received(&self) -> u64 {
        self.shared.machine().received()
    }
}

impl Drop for PrinterSim {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the simulated printer panicked");
        }
    }
}

struct Server {
    shared: Arc<Shared>,
    link: Link,
    out: Option<PathBuf>,
    sink: Option<SimSink>,
    shown_rows: usize,
    count: usize,
}

impl Server {
    fn run(mut self) {
        while !self.shared.stop.load(Ordering::SeqCst) {
            self.hear();
            self.answer();
            self.show();
        }
    }

    fn hear(&mut self) {
        let room = self.shared.machine().room().min(READ_MAX);
        let mut buf = [0; READ_MAX];
        if room == 0 {
            std::thread::sleep(STUCK_PAUSE);
            return self.shared.machine().tick(Instant::now());
        }
        let heard = self.link.read(&mut buf[..room]);
        let mut machine = self.shared.machine();
        let now = Instant::now();
        let cut = match heard {
            Heard::Bytes(count) => {
                machine.receive(&buf[..count], now);
                machine.take_drop()
            }
            Heard::Connected => {
                machine.connected();
                false
            }
            Heard::Nothing => false,
            Heard::Gone => true,
        };
        machine.tick(now);
        drop(machine);
        if cut && let Err(error) = self.link.cut() {
            tracing::warn!(%error, "simulated printer: link not renewed");
        }
    }

    fn answer(&mut self) {
        loop {
            let answer = self.shared.machine().due_answer(Instant::now());
            let Some(bytes) = answer else { return };
            self.link.write(&bytes);
        }
    }

    fn show(&mut self) {
        let (finished, growth) = {
            let mut machine = self.shared.machine();
            let finished = machine.take_finished();
            if !finished.is_empty() {
                self.shown_rows = 0;
            }
            (finished, self.growth(&machine))
        };
        for receipt in finished {
            self.finish(Arc::new(receipt));
        }
        if let Some((rows, event)) = growth {
            self.shown_rows = rows;
            if let Some(sink) = &self.sink {
                sink(event);
            }
        }
    }

    fn growth(&self, machine: &Machine) -> Option<(usize, SimEvent)> {
        self.sink.as_ref()?;
        let page = machine.head().page();
        let (width, rows) = (page.width(), page.height());
        (rows > self.shown_rows).then(|| {
            let pixels = page.pixels()[self.shown_rows * width..].to_vec();
            (rows, SimEvent::Paper { first_row: self.shown_rows, width, pixels })
        })
    }

    fn finish(&mut self, receipt: Arc<Receipt>) {
        self.count += 1;
        if let Some(dir) = &self.out
            && let Err(error) = receipt.save(dir, self.count)
        {
            tracing::warn!(%error, "simulated printer: receipt not written");
        }
        let mut receipts = self.shared.receipts();
        receipts.push(Arc::clone(&receipt));
        if receipts.len() > RECEIPTS_MAX {
            receipts.remove(0);
        }
        drop(receipts);
        self.shared.arrived.notify_all();
        if let Some(sink) = &self.sink {
            sink(SimEvent::Receipt(receipt));
        }
    }
}
