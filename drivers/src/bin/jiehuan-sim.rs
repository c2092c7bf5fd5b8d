//! Device simulators as a program.

use clap::Parser;

#[derive(Debug, Parser)]
enum Command {
    /// A receipt printer.
    Printer(drivers::sim::printer::cli::Args),
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Command::parse() {
        Command::Printer(args) => drivers::sim::printer::cli::run(args, std::io::stdout())?,
    }
    Ok(())
}
