//! `jiehuan-sim idcard`: the module as a program.

use std::sync::Arc;

use super::{BAUD, Fault, IdCardSim, IdCardSimConfig, SimError, control};
use crate::sim::control_lines::{ControlError, ControlLines};
use crate::sim::listen::ListenSpec;

/// Simulate a SAM_V module for resident identity cards, with invented cards.
///
/// Prints one line when it listens. Then it does control lines from standard input (and from the
/// control socket): lay NUMBER (or lay NUMBER foreigner), lift, fault NAME ARGS, clear, commands, quit.
/// Exit codes: 0 ended by `quit`, 1 could not start, 2 wrong arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen: tcp:HOST:PORT (port 0 takes a free one) or pty:PATH.
    #[arg(long)]
    pub listen: ListenSpec,
    /// Speed of the line, bit/s.
    #[arg(long, default_value_t = BAUD)]
    pub baud: u32,
    /// How many times faster than real; 1 is honest.
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
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
    let sim = Arc::new(IdCardSim::start(&IdCardSimConfig {
        listen: args.listen.clone(),
        baud: args.baud,
        speed: args.speed,
    })?);
    lines.say_where(&sim.port_spec(), &format!("baud {} speed {}", args.baud, args.speed))?;
    let for_lines = Arc::clone(&sim);
    lines.serve(move |line| control(&for_lines, line))?;
    // The threads hold the simulator too; unplugging gives address and path free before the end.
    sim.set_fault(Fault::Unplugged);
    Ok(())
}
