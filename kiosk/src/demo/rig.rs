//! Simulated parts beside a station, started where the configuration names no real ones.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use drivers::port::{PortSpec, Tap};
use drivers::printer::profile::ProfileName;
use drivers::rfid::Uid;
use drivers::rfid::setup::{ReaderModel, ReaderSetup};
use drivers::sim::field::Pull;
use drivers::sim::listen::ListenSpec;
use drivers::sim::printer::{PrinterSim, PrinterSimConfig, SimSink};
use drivers::sim::reader::{Fault as ReaderFault, Model, ReaderSim, ReaderSimConfig};

use super::pads::SimPads;
use super::tags;
use super::trouble::{RigError, from_part};
use crate::clock::Clock;
use crate::config::{Config, ReaderConfig};
use crate::practice::{self, Practice, Source, Tally};
use crate::station::{Event, Listeners, StationHandle, WiredReader, Wires};

/// What else watches the wires.
#[derive(Clone, Default)]
pub struct RigOptions {
    /// Directory for receipts as bytes, text and picture.
    pub receipts: Option<PathBuf>,
    /// Receives the paper as it grows.
    pub paper: Option<SimSink>,
    /// Bytes to and from the reader.
    pub reader_tap: Option<Tap>,
}

/// A station and its simulated parts.
pub struct Rig {
    config: Config,
    clock: Clock,
    listeners: Listeners,
    options: RigOptions,
    practice: Option<Practice>,
    pads: SimPads,
    printer: Option<PrinterSim>,
    station: Option<StationHandle>,
}

static PTY_NUMBER: AtomicU64 = AtomicU64::new(1);

impl Rig {
    /// Starts what is simulated, then the station.
    ///
    /// # Errors
    /// [`RigError`] saying what to change.
    pub fn start(
        config: Config,
        clock: Clock,
        listeners: Listeners,
        options: RigOptions,
    ) -> Result<Self, RigError> {
        let practice = match &config.library.address {
            Some(_) => None,
            None => Some(start_practice(&config)?),
        };
        let readers = config
            .readers
            .iter()
            .map(|reader| match &reader.port {
                Some(_) => Ok(None),
                None => start_reader(reader, &clock).map(Some),
            })
            .collect::<Result<_, RigError>>()?;
        let pads = SimPads::new(readers);
        let printer = match &config.printer {
            Some(printer) if printer.port.is_none() => Some(start_printer(&config, &options)?),
            _ => None,
        };
        let mut rig =
            Self { config, clock, listeners, options, practice, pads, printer, station: None };
        rig.power_on()?;
        Ok(rig)
    }

    /// Starts the station on its journal, as after a power cut.
    ///
    /// # Errors
    /// [`RigError::Start`].
    pub fn power_on(&mut self) -> Result<(), RigError> {
        let library = match (&self.practice, &self.config.library.address) {
            (Some(practice), _) => practice.addr().to_string(),
            (None, Some(address)) => address.clone(),
            (None, None) => String::new(),
        };
        let printer = self.config.printer.as_ref().and_then(|settings| {
            self.printer.as_ref().map(PrinterSim::port_spec).or_else(|| settings.port.clone())
        });
        let readers = self.wired_readers();
        let wires = Wires { readers, printer, library };
        let station =
            StationHandle::start(&self.config, wires, &self.clock, self.listeners.clone())?;
        self.station = Some(station);
        Ok(())
    }

    fn wired_readers(&self) -> Vec<WiredReader> {
        let wired = self.config.readers.iter().enumerate().filter_map(|(number, reader)| {
            let sim = self.pads.sim(number).map(ReaderSim::port_spec);
            let port = sim.or_else(|| reader.port.clone())?;
            let (model, setup) = (reader.model, reader.setup.clone());
            Some(open_reader(model, setup, port, self.options.reader_tap.clone()))
        });
        wired.collect()
    }

    /// Cuts the power: what the station was doing is not finished.
    pub fn power_off(&mut self) {
        if let Some(station) = self.station.take() {
            station.cut();
        }
    }

    /// The station; `None` while the power is off.
    #[must_use]
    pub fn station(&self) -> Option<&StationHandle> {
        self.station.as_ref()
    }

    /// The clock everything here shares.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The configuration in use.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The simulated readers.
    #[must_use]
    pub fn pads(&self) -> &SimPads {
        &self.pads
    }

    /// The simulated printer.
    ///
    /// # Errors
    /// [`RigError::Real`].
    pub fn printer(&self) -> Result<&PrinterSim, RigError> {
        self.printer.as_ref().ok_or(RigError::Real("printer"))
    }

    /// The practice library.
    ///
    /// # Errors
    /// [`RigError::Real`].
    pub fn practice(&self) -> Result<&Practice, RigError> {
        self.practice.as_ref().ok_or(RigError::Real("library system"))
    }

    /// What the practice library booked since start; `None` against another system.
    #[must_use]
    pub fn central(&self) -> Option<Tally> {
        self.practice.as_ref()?.tally(None).ok()
    }

    /// Whether the network between station and library system is on.
    pub fn set_network(&self, on: bool) {
        if let Some(station) = &self.station {
            station.send(Event::Network(on));
        }
    }

    /// The next write to this tag pulls it off the pad.
    ///
    /// # Errors
    /// [`RigError`] for a real reader or an unknown tag.
    pub fn pull_on_write(&self, tag: &str, pull: Pull) -> Result<(), RigError> {
        self.pads.set_fault(&ReaderFault::PullOnWrite { tag: tag.to_owned(), pull })
    }

    /// Unplugs or plugs the readers.
    ///
    /// # Errors
    /// [`RigError`] for a real reader.
    pub fn set_reader_plugged(&self, plugged: bool) -> Result<(), RigError> {
        if plugged {
            self.pads.clear_faults()
        } else {
            self.pads.set_fault(&ReaderFault::Unplugged)
        }
    }

    /// The UID of a simulated tag.
    ///
    /// # Errors
    /// [`RigError`] for a real reader or an unknown tag.
    pub fn uid(&self, tag: &str) -> Result<Uid, RigError> {
        Ok(self.pads.tag(tag)?.uid)
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // The station first: its threads must not meet devices that are half gone.
        self.station = None;
    }
}

fn start_practice(config: &Config) -> Result<Practice, RigError> {
    let library = &config.library;
    let source = match &library.practice_data {
        Some(path) => Source::File(path.clone()),
        None => Source::BuiltIn,
    };
    let database = match &library.practice_database {
        Some(path) => practice::Location::File(path.clone()),
        None => practice::Location::Memory,
    };
    Ok(Practice::start(practice::Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        database,
        source,
        charset: config.library.profile.charset,
        ..practice::Config::default()
    })?)
}

fn start_reader(config: &ReaderConfig, clock: &Clock) -> Result<ReaderSim, RigError> {
    let name = config.model.name();
    let model = <Model as clap::ValueEnum>::from_str(name, true)
        .map_err(|_| from_part(format!("there is no simulated {name}: give its port")))?;
    let tags = match &config.tags {
        Some(path) => drivers::sim::tags::read(path).map_err(from_part)?,
        None => {
            let today = clock.now().wall.date();
            let data =
                tags::collection(today).ok_or_else(|| from_part("no practice collection"))?;
            tags::for_reader(&data, config.model)
        }
    };
    let tcp = ReaderSimConfig::new(model, ListenSpec::Tcp("127.0.0.1:0".to_owned()));
    if model == Model::Pn5180 {
        return ReaderSim::start(&tcp, tags).map_err(from_part);
    }
    // A pty is the true thing; where the system has none, TCP carries the same bytes.
    let number = PTY_NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("jiehuan-pad-{}-{number}", std::process::id()));
    ReaderSim::start(&ReaderSimConfig::new(model, ListenSpec::Pty(path)), tags.clone())
        .or_else(|_| ReaderSim::start(&tcp, tags))
        .map_err(from_part)
}

fn start_printer(config: &Config, options: &RigOptions) -> Result<PrinterSim, RigError> {
    let setup = config.printer.as_ref().map(|p| p.setup.clone()).unwrap_or_default();
    let mut settings = PrinterSimConfig::new(ProfileName::default());
    settings.profile = setup.resolve().map_err(from_part)?;
    settings.out.clone_from(&options.receipts);
    settings.sink.clone_from(&options.paper);
    PrinterSim::start(settings).map_err(from_part)
}

/// How the station reaches a reader.
fn open_reader(
    model: ReaderModel,
    setup: ReaderSetup,
    port: PortSpec,
    tap: Option<Tap>,
) -> WiredReader {
    let spec = port.clone();
    let open = move || setup.open(model, &spec, tap.as_ref()).map_err(|e| e.to_string());
    WiredReader { open: Box::new(open), port }
}
