//! The technician's tool.
//!
//! Exit codes: 0 done, 1 failed while running or found something wrong (reason on standard
//! error), 2 wrong arguments.

mod batch;
mod check;
mod devices;
mod ils;
mod program;
mod reader;
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
    /// Look into RFID tags, and give them content.
    #[command(subcommand)]
    Tag(TagCommand),
    /// Speak to one RFID reader, without a station.
    #[command(subcommand)]
    Reader(reader::Command),
    /// Speak to the library system.
    #[command(subcommand)]
    Ils(ils::Command),
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

#[derive(Subcommand)]
enum TagCommand {
    /// Bytes and elements, without a reader.
    #[command(flatten)]
    Bytes(tag::Command),
    /// Give a tag its content; with --batch, one barcode and one tag after the other.
    Write(program::WriteArgs),
    /// Bring a tag to another data model.
    Convert(program::ConvertArgs),
    /// Say everything that is wrong with a tag.
    Verify(program::VerifyArgs),
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let out = io::stdout().lock();
    let done = match Cli::parse().command {
        Command::Tag(TagCommand::Bytes(command)) => tag::run(&command, io::stdin().lock(), out),
        Command::Tag(TagCommand::Write(args)) => {
            return ended(program::write(&args, io::stdin().lock(), out));
        }
        Command::Tag(TagCommand::Convert(args)) => return ended(program::convert_tag(&args, out)),
        Command::Tag(TagCommand::Verify(args)) => return ended(program::verify_tag(&args, out)),
        Command::Reader(command) => reader::run(&command, out),
        Command::Ils(command) => return ended(ils::run(&command, out)),
        Command::CheckConfig { file } => check::run(&file, out),
        Command::Devices { station: Some(file), json } => status::run(&file, json, out),
        Command::Devices { station: None, json } => devices::run(json, out),
    };
    ended(done.map(|()| true))
}

/// `true` is success; an error is said.
fn ended(done: anyhow::Result<bool>) -> ExitCode {
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nothing is left to say it with when standard error is gone too.
            let _ = writeln!(io::stderr(), "jiehuan-tech: {error:#}");
            ExitCode::FAILURE
        }
    }
}
