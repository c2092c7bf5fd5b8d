//! The command line of `jiehuan`.
//!
//! Exit codes: 0 all well (headless: library system, journal and receipts agree), 1 something did
//! not hold or could not start, 2 the command line was not understood.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use drivers::rfid::setup::ReaderModel;

use crate::demo::app::{self, DemoArgs, RunArgs};
use crate::practice;

/// Self-service circulation for libraries: a station that lends and takes back.
#[derive(Debug, Parser)]
#[command(name = "jiehuan", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// A simulated station with its workbench; without a display, a scripted run with pictures.
    Demo(DemoArgs),
    /// The station of a configuration file.
    Run(RunArgs),
    /// Says everything that is wrong with a configuration file.
    CheckConfig {
        /// The file.
        file: PathBuf,
    },
    /// The journal.
    Journal {
        #[command(subcommand)]
        command: JournalCommand,
    },
    /// The practice library system alone, on a SIP2 port.
    Practice(practice::cli::Args),
    /// Prints the tags of the practice library's books and cards, for `jiehuan-sim reader --tags`.
    PracticeTags {
        /// For which reader: 3m810, feig, pn5180, m6e (UHF tags) or pn532 (cards).
        #[arg(long, default_value = "3m810")]
        model: ReaderModel,
    },
}

#[derive(Debug, Subcommand)]
enum JournalCommand {
    /// Lists units, newest first. Patrons are never listed.
    List {
        /// The station's configuration.
        #[arg(long)]
        config: PathBuf,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        /// Most units listed.
        #[arg(long, default_value_t = 1000)]
        limit: u32,
    },
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("JIEHUAN_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error")),
        )
        .init();
    let done = run(cli.command.unwrap_or(Command::Demo(DemoArgs::default())));
    #[cfg(feature = "screens")]
    crate::demo::window::forget_fonts();
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            app::say_error(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Demo(args) => app::demo(&args),
        Command::Run(args) => app::run(&args),
        Command::CheckConfig { file } => check_config(&file),
        Command::Journal { command: JournalCommand::List { config, json, limit } } => {
            list_journal(&config, json, limit)
        }
        Command::Practice(args) => {
            practice::cli::run(&args)?;
            Ok(true)
        }
        Command::PracticeTags { model } => {
            let today = jiff::Zoned::now().date();
            let file = crate::demo::tags::practice_file(today, model);
            app::say(&file.context("the built-in collection cannot be read")?);
            Ok(true)
        }
    }
}

fn check_config(file: &Path) -> anyhow::Result<bool> {
    let config = crate::config::Config::load(file)?;
    app::say(&format!("{}: fine, station {}", file.display(), config.station.id));
    Ok(true)
}

fn list_journal(file: &Path, json: bool, limit: u32) -> anyhow::Result<bool> {
    use crate::journal::{Journal, Sealer};
    let config = crate::config::Config::load(file)?;
    let path = crate::station::journal_path(&config);
    // Nothing sealed is opened for a list, so it works beside a lost key.
    let journal = Journal::open_read_only(&path, Sealer::ephemeral()?)?;
    for row in journal.list(limit)? {
        if json {
            app::say(&serde_json::to_string(&row)?);
        } else {
            let reason = row.reason.as_deref().unwrap_or("");
            app::say(&format!(
                "{:>6}  {}  {:<8}  {:<14}  {:<10}  tag {:<8}  {}  {reason}",
                row.id, row.at, row.kind, row.item, row.state, row.tag, row.session
            ));
        }
    }
    Ok(true)
}
