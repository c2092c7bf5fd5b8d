//! RFID readers on a pty or a TCP port.
//!
//! [`ReaderSim`] answers one [`Model`]'s protocol byte by byte at the line's speed, with the time
//! on the air that the tags in its field need, and nothing while it is busy.

mod control;
mod device;
mod faults;
pub mod feig;
pub mod m3;
pub mod m6e;
pub mod pn5180;
pub mod pn532;
pub mod protocol;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use control::{LINE_MAX, Next, control};
pub use faults::{Fault, FaultError, TagFault};

use self::device::{Core, Device, Keeper, Plug, Shared};
use self::faults::Faults;
use self::pn5180::ChipDevice;
use self::protocol::Protocol;
use super::field::{Field, Rng, TagState, air};
use super::listen::{Endpoint, ListenError, ListenSpec};
use super::pn5180::Chip;
use super::tags::PlacedTag;
use crate::port::PortSpec;

/// A reader model that can be simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Model {
    /// 3M / Bibliotheca 210 and 810 pads.
    #[value(name = "3m810")]
    M3Pad,
    /// FEIG OBID readers.
    #[value(name = "feig")]
    Feig,
    /// NXP PN532 on a serial line: patron cards.
    #[value(name = "pn532")]
    Pn532,
    /// ThingMagic UHF modules, as a Nano.
    #[value(name = "m6e")]
    M6e,
    /// A bare NXP PN5180, its SPI behind a socket (docs/pn5180-socket.md).
    #[value(name = "pn5180")]
    Pn5180,
}

impl Model {
    /// The name on the command line and in configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::M3Pad => "3m810",
            Self::Feig => "feig",
            Self::Pn532 => "pn532",
            Self::M6e => "m6e",
            Self::Pn5180 => "pn5180",
        }
    }

    /// Usual speed of its line, bit/s.
    #[must_use]
    pub fn baud(self) -> u32 {
        match self {
            Self::M3Pad => m3::BAUD,
            Self::Feig => feig::BAUD,
            Self::Pn532 => pn532::BAUD,
            Self::M6e => m6e::BAUD,
            Self::Pn5180 => pn5180::SPI_HZ,
        }
    }

    /// Bit times of one byte on its line, start, parity and stop bits included.
    fn bits_per_byte(self) -> u32 {
        match self {
            Self::M3Pad => m3::BITS_PER_BYTE,
            Self::Feig => feig::BITS_PER_BYTE,
            Self::Pn532 => pn532::BITS_PER_BYTE,
            Self::M6e => m6e::BITS_PER_BYTE,
            Self::Pn5180 => pn5180::BITS_PER_BYTE,
        }
    }

    /// Its side of a byte line; a bare chip has none.
    fn protocol(self, config: &ReaderSimConfig) -> Option<Box<dyn Protocol>> {
        Some(match self {
            Self::M3Pad => Box::<m3::M3Pad>::default(),
            Self::Feig => Box::new(feig::FeigReaderSim::new(config.feig, config.speed)),
            Self::Pn532 => Box::<pn532::Pn532>::default(),
            Self::M6e => Box::<m6e::Module>::default(),
            Self::Pn5180 => return None,
        })
    }
}

/// Longest wait until the plug is pulled or put back. The thread looks every few milliseconds.
const PLUG_PATIENCE: Duration = Duration::from_secs(5);

/// How to run the simulator.
#[derive(Debug, Clone, PartialEq)]
pub struct ReaderSimConfig {
    /// Which reader.
    pub model: Model,
    /// Where to listen.
    pub listen: ListenSpec,
    /// Speed of the line, bit/s.
    pub baud: u32,
    /// Line and air are so much faster than real; 1 is honest.
    pub speed: f64,
    /// Seed of everything random.
    pub seed: u64,
    /// What a tag takes for one write; at most [`air::WRITE_MAX`], which is the default.
    pub write_time: Duration,
    /// FEIG readers: what else can be chosen.
    pub feig: feig::FeigOptions,
    /// Tags file that is written at each change of a tag; `None` when they end with the simulator.
    pub keep: Option<PathBuf>,
}

impl ReaderSimConfig {
    /// An honest reader listening there.
    #[must_use]
    pub fn new(model: Model, listen: ListenSpec) -> Self {
        Self {
            model,
            listen,
            baud: model.baud(),
            speed: 1.0,
            seed: 1,
            write_time: air::WRITE_MAX,
            feig: feig::FeigOptions::default(),
            keep: None,
        }
    }
}

/// Why the simulator did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// It cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A number of the configuration makes no sense.
    #[error("{field} cannot be {value}: write a number above 0")]
    Config {
        /// The setting.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// No tag of that name.
    #[error("there is no tag {id:?}; there are: {known}")]
    UnknownTag {
        /// The name asked for.
        id: String,
        /// The names that exist.
        known: String,
    },
    /// Two tags of one name.
    #[error("there is a tag {id:?} already: give each its own id")]
    TagExists {
        /// The name.
        id: String,
    },
    /// The plug could not be put back: the address or path was taken meanwhile.
    #[error("the simulated reader could not be plugged in again at {port}")]
    NotPlugged {
        /// Where.
        port: PortSpec,
    },
    /// A fault of a chip for a model that is none.
    #[error("this model is no chip: choose another fault, or the model pn5180")]
    NoChip,
    /// The system gave no thread.
    #[error("no thread for the simulator: {0}")]
    Thread(#[source] std::io::Error),
}

/// Starts the reader's thread: a byte line with a protocol, or a chip.
fn spawn(
    config: &ReaderSimConfig,
    shared: &Arc<Shared>,
    endpoint: Endpoint,
    protocol: Option<Box<dyn Protocol>>,
) -> Result<JoinHandle<()>, SimError> {
    let (shared, speed) = (Arc::clone(shared), config.speed);
    let run: Box<dyn FnOnce() + Send> = match protocol {
        None => {
            let device = ChipDevice { shared, endpoint, speed, started: Instant::now() };
            Box::new(move || device.run())
        }
        Some(protocol) => {
            let bits = f64::from(config.model.bits_per_byte());
            let byte_time = Duration::from_secs_f64(bits / f64::from(config.baud) / speed);
            let device = Device { shared, endpoint, protocol, byte_time, speed };
            Box::new(move || device.run())
        }
    };
    std::thread::Builder::new().name("reader-sim".into()).spawn(run).map_err(SimError::Thread)
}

/// A running reader. Dropping it ends it.
pub struct ReaderSim {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    port_spec: PortSpec,
    seed: u64,
}

impl ReaderSim {
    /// Starts a reader with these tags; those marked so lie on it.
    ///
    /// # Errors
    /// [`SimError`] when the configuration makes no sense, the place is taken, or two tags have
    /// one name.
    pub fn start(config: &ReaderSimConfig, tags: Vec<PlacedTag>) -> Result<Self, SimError> {
        let refuse = |field, value: String| Err(SimError::Config { field, value });
        if !(config.speed.is_finite() && config.speed > 0.0) {
            return refuse("speed", config.speed.to_string());
        }
        if config.baud == 0 {
            return refuse("baud", config.baud.to_string());
        }
        let mut field = Field::new(config.seed, config.write_time);
        for PlacedTag { tag, on_pad } in tags {
            let id = tag.id.clone();
            if !field.add(tag) {
                return Err(SimError::TagExists { id });
            }
            if on_pad {
                field.lay(&id);
            }
        }
        let endpoint = Endpoint::bind(&config.listen)?;
        let port_spec = endpoint.port_spec();
        let protocol = config.model.protocol(config);
        let chip = protocol.is_none().then(|| {
            field.set_power(false);
            Chip::new(!config.seed, Duration::ZERO)
        });
        let shared = Shared::new(Core {
            field,
            keeper: config.keep.clone().map(Keeper::new),
            chip,
            faults: Faults::default(),
            commands_seen: 0,
            plug: Plug::In,
            plugged: Plug::In,
            stop: false,
            // Another sequence than the field's, so that a fault does not move the tags' dice.
            rng: Rng::new(!config.seed),
        });
        let thread = spawn(config, &shared, endpoint, protocol)?;
        tracing::info!(port = %port_spec, seed = config.seed, "simulated reader listens");
        Ok(Self { shared, thread: Some(thread), port_spec, seed: config.seed })
    }

    /// How a driver reaches it.
    #[must_use]
    pub fn port_spec(&self) -> PortSpec {
        self.port_spec.clone()
    }

    /// Seed of everything random, to be shown when a test fails.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Puts tags on the pad, in this order. All or none.
    ///
    /// # Errors
    /// [`SimError::UnknownTag`].
    pub fn lay(&self, ids: &[impl AsRef<str>]) -> Result<(), SimError> {
        self.each(ids, |field, id| field.lay(id))
    }

    /// Takes tags off the pad. All or none.
    ///
    /// # Errors
    /// [`SimError::UnknownTag`].
    pub fn lift(&self, ids: &[impl AsRef<str>]) -> Result<(), SimError> {
        self.each(ids, |field, id| field.lift(id))
    }

    fn each(
        &self,
        ids: &[impl AsRef<str>],
        act: impl Fn(&mut Field, &str) -> bool,
    ) -> Result<(), SimError> {
        self.shared.change(|core| {
            for id in ids {
                known(&core.field, id.as_ref())?;
            }
            for id in ids {
                act(&mut core.field, id.as_ref());
            }
            Ok(())
        })
    }

    /// Names of the tags on the pad, in the order they were laid.
    #[must_use]
    pub fn on_pad(&self) -> Vec<String> {
        self.shared.lock().field.on_pad()
    }

    /// Whether the tag lies on the pad.
    #[must_use]
    pub fn is_on_pad(&self, id: &str) -> bool {
        self.on_pad().iter().any(|on| on == id)
    }

    /// A copy of a tag's present state.
    ///
    /// # Errors
    /// [`SimError::UnknownTag`].
    pub fn tag(&self, id: &str) -> Result<TagState, SimError> {
        known(&self.shared.lock().field, id).cloned()
    }

    /// Gives a tag the state it has got elsewhere, as when a book is moved to this reader. Where it
    /// lies does not change.
    ///
    /// # Errors
    /// [`SimError::UnknownTag`].
    pub fn put_tag(&self, tag: TagState) -> Result<(), SimError> {
        self.shared.change(|core| {
            known(&core.field, &tag.id)?;
            if let Some(old) = core.field.tag_mut(&tag.id.clone()) {
                *old = tag;
            }
            Ok(())
        })
    }

    /// Adds a tag beside the pad.
    ///
    /// # Errors
    /// [`SimError::TagExists`].
    pub fn add_tag(&self, tag: TagState) -> Result<(), SimError> {
        let id = tag.id.clone();
        match self.shared.change(|core| core.field.add(tag)) {
            true => Ok(()),
            false => Err(SimError::TagExists { id }),
        }
    }

    /// Puts a fault in force, besides those already in force. When this returns the fault
    /// holds; an unplugged line is broken.
    ///
    /// # Errors
    /// [`SimError::UnknownTag`].
    pub fn set_fault(&self, fault: Fault) -> Result<(), SimError> {
        let unplug = fault == Fault::Unplugged;
        self.shared.change(|core| {
            if let Some(chip) = &mut core.chip {
                pn5180::put_fault(chip, &fault);
            }
            match fault {
                Fault::Chip(_) if core.chip.is_none() => return Err(SimError::NoChip),
                Fault::Chip(_) => {}
                Fault::Deaf => core.faults.deaf = true,
                Fault::Slow(late) => core.faults.slow = late,
                Fault::Garbled { per_mille } => core.faults.garbled_per_mille = per_mille,
                Fault::Unplugged => core.plug = Plug::Out,
                Fault::AfiFails { times } => core.field.fail_afi_writes(times),
                Fault::PullOnWrite { tag, pull } => {
                    known(&core.field, &tag)?;
                    if let Some(tag) = core.field.tag_mut(&tag) {
                        tag.behaviour.pull = Some(pull);
                    }
                }
                Fault::Tag { tag, how, times } => {
                    known(&core.field, &tag)?;
                    if let Some(tag) = core.field.tag_mut(&tag) {
                        how.put(&mut tag.behaviour, times);
                    }
                }
            }
            Ok::<(), SimError>(())
        })?;
        if unplug { self.await_plug(Plug::Out) } else { Ok(()) }
    }

    /// Ends all faults, also pulls that have not happened. Tags stay where and as they are. When
    /// this returns the line can be opened again.
    ///
    /// # Errors
    /// [`SimError::NotPlugged`].
    pub fn clear_faults(&self) -> Result<(), SimError> {
        self.shared.change(|core| {
            core.faults = Faults::default();
            if let Some(chip) = &mut core.chip {
                chip.clear_faults();
            }
            core.field.fail_afi_writes(0);
            core.plug = Plug::In;
            for tag in core.field.tags_mut() {
                tag.behaviour.pull = None;
                for how in [TagFault::LateAnswer, TagFault::Forgets, TagFault::BadCrc] {
                    how.put(&mut tag.behaviour, 0);
                }
            }
        });
        self.await_plug(Plug::In)
    }

    fn await_plug(&self, wanted: Plug) -> Result<(), SimError> {
        let until = Instant::now() + PLUG_PATIENCE;
        match self.shared.wait_until(until, |core| core.plugged == wanted) {
            true => Ok(()),
            false => Err(SimError::NotPlugged { port: self.port_spec() }),
        }
    }

    /// Commands with a good checksum that came while the pad was not busy, since the start;
    /// counted when the command is whole, before its answer, also while the pad is deaf.
    #[must_use]
    pub fn commands_seen(&self) -> u64 {
        self.shared.lock().commands_seen
    }

    /// Waits until so many commands have come; whether they have within `timeout`.
    #[must_use]
    pub fn wait_commands(&self, n: u64, timeout: Duration) -> bool {
        self.shared.wait_until(Instant::now() + timeout, |core| core.commands_seen >= n)
    }
}

impl Drop for ReaderSim {
    fn drop(&mut self) {
        self.shared.change(|core| core.stop = true);
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has shown itself already.
            let _ = thread.join();
        }
    }
}

fn known<'a>(field: &'a Field, id: &str) -> Result<&'a TagState, SimError> {
    field.tag(id).ok_or_else(|| SimError::UnknownTag {
        id: id.to_owned(),
        known: field.tags().iter().map(|t| t.id.as_str()).collect::<Vec<_>>().join(" "),
    })
}
