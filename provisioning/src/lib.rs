//! The technician's tool.
//!
//! Exit codes: 0 done, 1 failed while running or found something wrong (reason on standard
//! error), 2 wrong arguments.

mod check;
mod devices;
mod status;
mod tag;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The technician's tool of a Jiehuan station.
#[derive(Parser)]
#[command(name = "jiehuan-tech", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Look into RFID tags.
    #[command(subcommand)]
    Tag(tag::Command),
    /// Say everything that is wrong with a station's configuration (docs/config.md).
    CheckConfig {
        /// The file.
        file: PathBuf,
    },
    /// List serial ports and printer devices of this machine, without opening any; or, with
    /// --station, how a station's own devices are.
    Devices {
        /// A station's configuration: show its devices as it saw them last.
        #[arg(long, value_name = "FILE")]
        station: Option<PathBuf>,
        /// Answer in JSON lines instead of readable text.
        #[arg(long)]
        json: bool,
    },
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let out = io::stdout().lock();
    let done = match Cli::parse().command {
        Command::Tag(command) => tag::run(&command, io::stdin().lock(), out),
        Command::CheckConfig { file } => check::run(&file, out),
        Command::Devices { station: Some(file), json } => status::run(&file, json, out),
        Command::Devices { station: None, json } => devices::run(json, out),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to say it with when standard error is gone too.
            let _ = writeln!(io::stderr(), "jiehuan-tech: {error:#}");
            ExitCode::FAILURE
        }
    }
}
