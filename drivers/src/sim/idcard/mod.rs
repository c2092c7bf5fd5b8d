//! A SAM_V module for resident identity cards, on a pty or a TCP port.
//!
//! It answers the three steps as published (peripherals.md 3.2), with cards of invented people. A
//! card that was read, or whose reading failed, is found again only after it was lifted.

mod card;
pub mod cli;
mod control;
mod faults;
mod module;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use card::{Card, CardKind};
pub use control::control;
pub use faults::{Fault, FaultError, SimStep};

use self::faults::Faults;
use self::module::{Ear, Heard, Module};
use super::listen::{Endpoint, ListenError, ListenSpec};
use super::shared::{Plug, Shared};
use crate::port::PortSpec;

/// Usual speed of its line, bit/s.
pub const BAUD: u32 = 115_200;

/// How long the thread looks at the line before it looks whether something else is wanted.
const LOOK: Duration = Duration::from_millis(5);

/// Start bit, 8 data bits, stop bit.
const BITS_PER_BYTE: f64 = 10.0;

/// Bytes written at once: one USB packet of a serial adapter.
const PACKET: usize = 62;

/// What the module and the card need for a step. No document tells: UNCONFIRMED.
fn step_time(step: SimStep) -> Duration {
    Duration::from_millis(match step {
        SimStep::Status => 5,
        SimStep::Find | SimStep::Select => 40,
        SimStep::Read => 600,
    })
}

/// How to run the simulator.
#[derive(Debug, Clone, PartialEq)]
pub struct IdCardSimConfig {
    /// Where to listen.
    pub listen: ListenSpec,
    /// Speed of the line, bit/s.
    pub baud: u32,
    /// Line, module and card are so much faster than real; 1 is honest.
    pub speed: f64,
}

impl IdCardSimConfig {
    /// An honest module listening there.
    #[must_use]
    pub fn new(listen: ListenSpec) -> Self {
        Self { listen, baud: BAUD, speed: 1.0 }
    }
}

/// Why the simulator did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// It cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A number of the configuration makes no sense.
    #[error("baud and speed must be above 0")]
    Config,
    /// The number does not fit on the card.
    #[error("the number does not fit on such a card")]
    Number,
    /// The plug could not be put back: the address or path was taken meanwhile.
    #[error("the simulated module could not be plugged in again at {port}")]
    NotPlugged {
        /// Where.
        port: PortSpec,
    },
    /// The system gave no thread.
    #[error("no thread for the simulator: {0}")]
    Thread(#[source] std::io::Error),
}

#[derive(Default)]
struct Core {
    module: Module,
    faults: Faults,
    commands_seen: u64,
}

/// A running module. Dropping it ends it.
pub struct IdCardSim {
    shared: Arc<Shared<Core>>,
    thread: Option<JoinHandle<()>>,
    port_spec: PortSpec,
}

impl IdCardSim {
    /// Starts a module with no card on it.
    ///
    /// # Errors
    /// [`SimError`] when the place is taken or the configuration makes no sense.
    pub fn start(config: &IdCardSimConfig) -> Result<Self, SimError> {
        if config.baud == 0 || !(config.speed.is_finite() && config.speed > 0.0) {
            return Err(SimError::Config);
        }
        let endpoint = Endpoint::bind(&config.listen)?;
        let port_spec = endpoint.port_spec();
        let shared = Shared::new(Core::default());
        let device = Device {
            shared: Arc::clone(&shared),
            endpoint,
            ear: Ear::default(),
            byte_time: Duration::from_secs_f64(
                BITS_PER_BYTE / f64::from(config.baud) / config.speed,
            ),
            speed: config.speed,
        };
        let thread = std::thread::Builder::new()
            .name("idcard-sim".into())
            .spawn(move || device.run())
            .map_err(SimError::Thread)?;
        tracing::info!(port = %port_spec, "simulated identity card module listens");
        Ok(Self { shared, thread: Some(thread), port_spec })
    }

    /// How a driver reaches it.
    #[must_use]
    pub fn port_spec(&self) -> PortSpec {
        self.port_spec.clone()
    }

    /// Lays a card with that number, in place of one that lies there. The number is not checked.
    ///
    /// # Errors
    /// [`SimError::Number`] when it is too long.
    pub fn lay(&self, number: &str, kind: CardKind) -> Result<(), SimError> {
        let card = Card::new(number, kind).ok_or(SimError::Number)?;
        self.shared.change(|state| state.core.module.lay(card));
        Ok(())
    }

    /// Takes the card off.
    pub fn lift(&self) {
        self.shared.change(|state| state.core.module.lift());
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

    /// Commands heard since the start, also while deaf.
    #[must_use]
    pub fn commands_seen(&self) -> u64 {
        self.shared.lock().core.commands_seen
    }

    /// Waits until so many commands have come; whether they have within `timeout`.
    #[must_use]
    pub fn wait_commands(&self, n: u64, timeout: Duration) -> bool {
        self.shared.wait_until(Instant::now() + timeout, |state| state.core.commands_seen >= n)
    }
}

impl Drop for IdCardSim {
    fn drop(&mut self) {
        self.shared.change(|state| state.life.stop = true);
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has shown itself already.
            let _ = thread.join();
        }
    }
}

/// The module's own thread.
struct Device {
    shared: Arc<Shared<Core>>,
    endpoint: Endpoint,
    ear: Ear,
    byte_time: Duration,
    speed: f64,
}

impl Device {
    fn run(mut self) {
        let mut buf = [0; 256];
        loop {
            if self.shared.lock().life.stop {
                return;
            }
            if self.shared.follow_plug(&mut self.endpoint) == Plug::Out {
                self.ear = Ear::default();
                self.shared.wait_until(Instant::now() + LOOK, |state| state.life.stop);
                continue;
            }
            let n = self.endpoint.read(&mut buf, LOOK);
            for &byte in &buf[..n] {
                if let Some(heard) = self.ear.hear(byte) {
                    // Commands are answered in the order they came.
                    self.serve(&heard);
                }
            }
        }
    }

    fn serve(&mut self, heard: &Heard) {
        let answer = self.shared.change(|state| {
            let core = &mut state.core;
            core.commands_seen += 1;
            if core.faults.deaf {
                return None;
            }
            let (step, answer) = core.module.answer(heard, &core.faults);
            let time = step_time(step).div_f64(self.speed) + core.faults.slow;
            Some((time, core.faults.spoil(answer)))
        });
        let Some((time, answer)) = answer else { return };
        if !self.shared.pause(time) {
            return;
        }
        for packet in answer.chunks(PACKET) {
            if !self.shared.pause(self.byte_time * packet.len() as u32) {
                return;
            }
            self.endpoint.write(packet);
        }
    }
}
