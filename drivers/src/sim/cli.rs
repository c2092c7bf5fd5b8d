//! The command line of `jiehuan-sim`.
//!
//! Exit codes: 0 ended as asked, 1 could not start (reason on standard error), 2 wrong arguments.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::{cli_reader, idcard, printer, scanner};

/// Simulated library devices on real transports.
#[derive(Parser)]
#[command(name = "jiehuan-sim", version)]
struct Cli {
    #[command(subcommand)]
    device: Device,
}

#[derive(Subcommand)]
enum Device {
    /// An RFID pad.
    Reader(cli_reader::Args),
    /// A bare PN5180 chip, as SPI over a socket.
    Pn5180(cli_reader::Pn5180Args),
    /// A receipt printer.
    Printer(printer::cli::Args),
    /// A barcode and QR scanner on a serial line or TCP.
    Scanner(scanner::cli::Args),
    /// A module for resident identity cards.
    Idcard(idcard::cli::Args),
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Cli::parse().device {
        Device::Reader(args) => cli_reader::run(&args).map_err(|e| e.to_string()),
        Device::Pn5180(args) => cli_reader::run(&args.into()).map_err(|e| e.to_string()),
        Device::Printer(args) => {
            printer::cli::run(args, std::io::stdout()).map_err(|e| e.to_string())
        }
        Device::Scanner(args) => scanner::cli::run(&args).map_err(|e| e.to_string()),
        Device::Idcard(args) => idcard::cli::run(&args).map_err(|e| e.to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "jiehuan-sim: {error}");
            ExitCode::FAILURE
        }
    }
}
