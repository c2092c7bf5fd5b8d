//! `jiehuan-sim scanner`: the scanner as a program.

use std::sync::Arc;

use super::{Fault, ScannerSim, ScannerSimConfig, SimError, Suffix, control};
use crate::sim::control_lines::{ControlError, ControlLines};
use crate::sim::listen::ListenSpec;

/// Simulate a barcode and QR scanner on a serial line or TCP.
///
/// Prints one line when it listens. Then it does control lines from standard input (and from the
/// control socket): scan TEXT, scan-hex HEX, fault NAME ARGS, clear, sent, quit.
/// Exit codes: 0 ended by `quit`, 1 could not start, 2 wrong arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen: tcp:HOST:PORT (port 0 takes a free one) or pty:PATH.
    #[arg(long)]
    pub listen: ListenSpec,
    /// What stands behind each scan.
    #[arg(long, default_value = "cr")]
    pub suffix: Suffix,
    /// Speed of the line, bit/s.
    #[arg(long, default_value_t = 9_600)]
    pub baud: u32,
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
    let lines = ControlLines::bind(args.control.as_ref())?;
    let sim = Arc::new(ScannerSim::start(&ScannerSimConfig {
        listen: args.listen.clone(),
        suffix: args.suffix,
        baud: args.baud,
        seed: args.seed,
    })?);
    lines.say_where(&sim.port_spec(), &format!("baud {} seed {}", args.baud, args.seed))?;
    let for_lines = Arc::clone(&sim);
    lines.serve(move |line| control(&for_lines, line))?;
    // The threads hold the simulator too; unplugging gives address and path free before the end.
    sim.set_fault(Fault::Unplugged);
    Ok(())
}
