//! `jiehuan-sim reader`: the pad as a program.

use std::path::PathBuf;
use std::sync::Arc;

use super::control_lines::{ControlError, ControlLines};
use super::listen::ListenSpec;
use super::reader::feig::{FeigClass, FeigOptions};
use super::reader::{self, Model, ReaderSim, ReaderSimConfig, SimError};
use super::tags::{self, TagsError};

/// Simulate an RFID reader with tags on it.
///
/// Prints one line when it listens. Then it does control lines from standard input (and from the
/// control socket): lay ID..., lift ID..., pad, fault NAME ARGS, clear, tag ID, commands, quit.
/// Exit codes: 0 ended by `quit`, 1 could not start, 2 wrong arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Reader model.
    #[arg(long)]
    pub model: Model,
    /// FEIG: cpr lists 4 tags at most, mr is a book pad.
    #[arg(long, value_enum, default_value_t)]
    pub feig_class: FeigClass,
    /// FEIG: whether blocks go over the line with their last byte first.
    #[arg(long, default_value_t = true, num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub feig_swap_blocks: bool,
    /// Everything else.
    #[command(flatten)]
    pub common: Common,
}

/// Simulate an NXP PN5180 as SPI over a socket (docs/pn5180-socket.md).
///
/// Like `reader --model pn5180`: the same control lines and exit codes.
#[derive(Debug, clap::Args)]
pub struct Pn5180Args {
    /// What every simulated reader takes.
    #[command(flatten)]
    pub common: Common,
}

impl From<Pn5180Args> for Args {
    fn from(args: Pn5180Args) -> Self {
        Self {
            model: Model::Pn5180,
            feig_class: FeigClass::default(),
            feig_swap_blocks: true,
            common: args.common,
        }
    }
}

/// Arguments of every simulated reader.
#[derive(Debug, clap::Args)]
pub struct Common {
    /// Where to listen: tcp:HOST:PORT (port 0 takes a free one) or pty:PATH.
    #[arg(long)]
    pub listen: ListenSpec,
    /// Tags file (docs/tags-file.md).
    #[arg(long)]
    pub tags: PathBuf,
    /// Write the tags back to their file at each change, so that they outlive the simulator.
    #[arg(long)]
    pub keep: bool,
    /// How many times faster than real; 1 is honest.
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where to take control lines besides standard input: tcp:HOST:PORT.
    #[arg(long)]
    pub control: Option<ListenSpec>,
}

/// Why the program could not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The tags file.
    #[error(transparent)]
    Tags(#[from] TagsError),
    /// The simulator.
    #[error(transparent)]
    Sim(#[from] SimError),
    /// The control lines.
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// Runs until a `quit` line. The end of standard input does not end it.
///
/// # Errors
/// [`RunError`], which says what to do.
pub fn run(args: &Args) -> Result<(), RunError> {
    let common = &args.common;
    let tags = tags::read(&common.tags)?;
    let config = ReaderSimConfig {
        speed: common.speed,
        seed: common.seed,
        feig: FeigOptions {
            class: args.feig_class,
            swap_blocks: args.feig_swap_blocks,
            ..FeigOptions::default()
        },
        keep: common.keep.then(|| common.tags.clone()),
        ..ReaderSimConfig::new(args.model, common.listen.clone())
    };
    let control = ControlLines::bind(common.control.as_ref())?;
    let sim = Arc::new(ReaderSim::start(&config, tags)?);
    let what = format!("model {} speed {} seed {}", args.model.name(), common.speed, sim.seed());
    control.say_where(&sim.port_spec(), &what)?;
    let for_lines = Arc::clone(&sim);
    control.serve(move |line| reader::control(&for_lines, line))?;
    // The threads hold the simulator too; unplugging gives address and path free before the end.
    sim.set_fault(reader::Fault::Unplugged)?;
    Ok(())
}
