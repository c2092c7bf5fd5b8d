//! `jiehuan-sim printer`: the simulator as a program.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use super::{Fault, Listen, PrinterSim, PrinterSimConfig, SimError, SimEvent};
use crate::printer::profile::ProfileName;

/// Arguments of `jiehuan-sim printer`.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Where to listen: tcp:HOST:PORT or pty:PATH.
    #[arg(long)]
    pub listen: Listen,
    /// Directory for each receipt's NNNN.bin, NNNN.txt and NNNN.png.
    #[arg(long)]
    pub out: PathBuf,
    /// Printer model or class.
    #[arg(long, default_value_t)]
    pub profile: ProfileName,
    /// A fault from the start, such as paper-out or late=3000. May be repeated.
    #[arg(long)]
    pub fault: Vec<Fault>,
}

/// Runs until the process is ended. Writes the port to use and each receipt's number to `shown`.
///
/// # Errors
/// [`SimError`] when it cannot start.
pub fn run(args: Args, mut shown: impl Write + Send) -> Result<(), SimError> {
    let (tell, told) = std::sync::mpsc::sync_channel(64);
    let config = PrinterSimConfig {
        listen: args.listen,
        out: Some(args.out),
        faults: args.fault,
        sink: Some(Arc::new(move |event| {
            // A full channel loses a line on the terminal, never a receipt.
            if let SimEvent::Receipt(receipt) = event {
                tell.try_send(receipt).ok();
            }
        })),
        ..PrinterSimConfig::new(args.profile)
    };
    let sim = PrinterSim::start(config)?;
    say(writeln!(shown, "listening {}", sim.port_spec()).and_then(|()| shown.flush()));
    for (number, receipt) in told.iter().enumerate() {
        let line = writeln!(
            shown,
            "receipt {:04} {} bytes {}x{}",
            number + 1,
            receipt.bytes.len(),
            receipt.width,
            receipt.height
        );
        say(line.and_then(|()| shown.flush()));
    }
    Ok(())
}

/// A closed terminal does not stop a printer.
fn say(written: io::Result<()>) {
    if let Err(error) = written {
        tracing::debug!(%error, "simulated printer: nobody reads along");
    }
}
