//! The technician's tool.
//!
//! Exit codes: 0 done, 1 failed while running (reason on standard error), 2 wrong arguments.

mod tag;

use std::io::{self, Write};
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
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Tag(command) => tag::run(&command, io::stdin().lock(), io::stdout().lock()),
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
