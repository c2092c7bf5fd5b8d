//! A barcode scanner on a pty or a TCP port: what is "scanned" goes out at the line's speed.
//!
//! Scanners of this kind only speak; nothing they are sent is looked at. Keyboard wedges are not
//! simulated here: they need a real or virtual input device.

pub mod cli;
mod control;
mod faults;

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use control::control;
pub use faults::{Fault, FaultError};

use self::faults::Faults;
use super::field::Rng;
use super::listen::{Endpoint, ListenError, ListenSpec};
use super::shared::{Plug, Shared};
use crate::port::PortSpec;

/// Most scans that wait for the line or for a client; more are refused.
pub const QUEUE_MAX: usize = 64;

/// Longest scan, in bytes.
pub const SCAN_MAX: usize = 16 * 1024;

/// How long the thread looks at the line before it looks whether something else is wanted.
const LOOK: Duration = Duration::from_millis(5);

/// Start bit, 8 data bits, stop bit.
const BITS_PER_BYTE: f64 = 10.0;

/// What the scanner puts behind each scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Suffix {
    /// Carriage return.
    #[default]
    Cr,
    /// Carriage return, line feed.
    CrLf,
    /// Tabulator.
    Tab,
    /// Nothing.
    None,
}

impl Suffix {
    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Cr => b"\r",
            Self::CrLf => b"\r\n",
            Self::Tab => b"\t",
            Self::None => b"",
        }
    }
}

/// How to run the simulator.
#[derive(Debug, Clone, PartialEq)]
pub struct ScannerSimConfig {
    /// Where to listen.
    pub listen: ListenSpec,
    /// What stands behind each scan.
    pub suffix: Suffix,
    /// Speed of the line, bit/s.
    pub baud: u32,
    /// Seed of everything random.
    pub seed: u64,
}

impl ScannerSimConfig {
    /// An honest scanner listening there.
    #[must_use]
    pub fn new(listen: ListenSpec) -> Self {
        Self { listen, suffix: Suffix::default(), baud: 9_600, seed: 1 }
    }
}

/// Why the simulator did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// It cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The speed makes no sense.
    #[error("baud cannot be 0: write a number above 0")]
    Baud,
    /// The plug could not be put back: the address or path was taken meanwhile.
    #[error("the simulated scanner could not be plugged in again at {port}")]
    NotPlugged {
        /// Where.
        port: PortSpec,
    },
    /// Too many scans wait, or one is too long.
    #[error("no room for this scan: at most {QUEUE_MAX} wait, each of {SCAN_MAX} bytes")]
    Full,
    /// The system gave no thread.
    #[error("no thread for the simulator: {0}")]
    Thread(#[source] std::io::Error),
}

struct Core {
    queue: VecDeque<Vec<u8>>,
    /// The first of two scans that will go out as one.
    held: Option<Vec<u8>>,
    suffix: Suffix,
    faults: Faults,
    sent: u64,
    rng: Rng,
}

/// A running scanner. Dropping it ends it.
pub struct ScannerSim {
    shared: Arc<Shared<Core>>,
    thread: Option<JoinHandle<()>>,
    port_spec: PortSpec,
}

impl ScannerSim {
    /// Starts a scanner.
    ///
    /// # Errors
    /// [`SimError`] when the place is taken or the speed is 0.
    pub fn start(config: &ScannerSimConfig) -> Result<Self, SimError> {
        if config.baud == 0 {
            return Err(SimError::Baud);
        }
        let endpoint = Endpoint::bind(&config.listen)?;
        let port_spec = endpoint.port_spec();
        let shared = Shared::new(Core {
            queue: VecDeque::new(),
            held: None,
            suffix: config.suffix,
            faults: Faults::default(),
            sent: 0,
            rng: Rng::new(config.seed),
        });
        let byte_time = Duration::from_secs_f64(BITS_PER_BYTE / f64::from(config.baud));
        let device = Device { shared: Arc::clone(&shared), endpoint, byte_time };
        let thread = std::thread::Builder::new()
            .name("scanner-sim".into())
            .spawn(move || device.run())
            .map_err(SimError::Thread)?;
        tracing::info!(port = %port_spec, "simulated scanner listens");
        Ok(Self { shared, thread: Some(thread), port_spec })
    }

    /// How a driver reaches it.
    #[must_use]
    pub fn port_spec(&self) -> PortSpec {
        self.port_spec.clone()
    }

    /// Scans a code with these bytes in it; they go out as soon as somebody listens.
    ///
    /// # Errors
    /// [`SimError::Full`].
    pub fn scan(&self, bytes: &[u8]) -> Result<(), SimError> {
        self.shared.change(|state| {
            let core = &mut state.core;
            let mut scan = core.held.take().unwrap_or_default();
            let glue = core.faults.glued && scan.is_empty();
            scan.extend(core.faults.lengthen(bytes));
            if scan.len() > SCAN_MAX || core.queue.len() >= QUEUE_MAX {
                return Err(SimError::Full);
            }
            if glue {
                core.held = Some(scan);
                return Ok(());
            }
            if !core.faults.no_terminator {
                scan.extend(core.suffix.bytes());
            }
            core.faults.garble(&mut scan, &mut core.rng);
            core.queue.push_back(scan);
            Ok(())
        })
    }

    /// Puts a fault in force, besides those already in force. When this returns an unplugged line
    /// is broken.
    pub fn set_fault(&self, fault: Fault) {
        if fault == Fault::Unplugged {
            self.shared.set_plug(Plug::Out);
        } else {
            self.shared.change(|state| state.core.faults.add(fault));
        }
    }

    /// Ends all faults. When this returns the line can be opened again.
    ///
    /// # Errors
    /// [`SimError::NotPlugged`].
    pub fn clear_faults(&self) -> Result<(), SimError> {
        self.shared.change(|state| state.core.faults = Faults::default());
        match self.shared.set_plug(Plug::In) {
            true => Ok(()),
            false => Err(SimError::NotPlugged { port: self.port_spec() }),
        }
    }

    /// Scans sent whole since the start.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.shared.lock().core.sent
    }

    /// Waits until so many scans were sent; whether they were within `timeout`.
    #[must_use]
    pub fn wait_sent(&self, n: u64, timeout: Duration) -> bool {
        self.shared.wait_until(Instant::now() + timeout, |state| state.core.sent >= n)
    }
}

impl Drop for ScannerSim {
    fn drop(&mut self) {
        self.shared.change(|state| state.life.stop = true);
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has shown itself already.
            let _ = thread.join();
        }
    }
}

/// The scanner's own thread.
struct Device {
    shared: Arc<Shared<Core>>,
    endpoint: Endpoint,
    byte_time: Duration,
}

impl Device {
    fn run(mut self) {
        let mut buf = [0; 256];
        loop {
            if self.shared.lock().life.stop {
                return;
            }
            if self.shared.follow_plug(&mut self.endpoint) == Plug::Out {
                self.shared.wait_until(Instant::now() + LOOK, |state| state.life.stop);
                continue;
            }
            // Lets clients come and go; what they say is nothing to a scanner.
            self.endpoint.read(&mut buf, LOOK);
            if self.endpoint.has_client()
                && let Some(scan) = self.shared.lock_next()
            {
                self.send(&scan);
            }
        }
    }

    fn send(&mut self, scan: &[u8]) {
        let faults = self.shared.lock().core.faults.clone();
        let whole = faults.cut.is_none_or(|cut| cut >= scan.len());
        for byte in scan.iter().take(faults.cut.unwrap_or(usize::MAX)) {
            if !self.shared.pause(self.byte_time.max(faults.slow)) {
                return;
            }
            self.endpoint.write(&[*byte]);
        }
        if whole {
            self.shared.change(|state| state.core.sent += 1);
        }
    }
}

impl Shared<Core> {
    fn lock_next(&self) -> Option<Vec<u8>> {
        self.lock().core.queue.pop_front()
    }
}
