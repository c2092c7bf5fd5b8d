//! The command line of `jiehuan`.
//!
//! Exit codes: 0 all well (headless: library system, journal and receipts agree), 1 something did
//! not hold or could not start, 2 the command line was not understood.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use drivers::rfid::setup::ReaderModel;

use crate::config::Config;
use crate::demo::app::{self, DemoArgs, RunArgs};
use crate::journal::{Journal, PAGE, Sealer, sentence};
use crate::lists::{self, ListsCommand};
use crate::practice;
use crate::station::journal_path;

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
    /// The lists for work without the library system.
    Lists {
        #[command(subcommand)]
        command: ListsCommand,
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
    /// Shows one unit whole; of its patron's number no more than the end.
    Show {
        /// Its number, as `list` has it.
        id: i64,
        /// The station's configuration.
        #[arg(long)]
        config: PathBuf,
    },
    /// Writes all units, oldest first, one JSON object a line, without patrons.
    Export {
        /// The station's configuration.
        #[arg(long)]
        config: PathBuf,
    },
    /// Sums by branch of the station and owner of the items. Units older than `keep_days` are gone.
    Figures {
        /// The station's configuration.
        #[arg(long)]
        config: PathBuf,
        /// First day; without it, the first there is.
        #[arg(long, default_value = "0001-01-01")]
        from: jiff::civil::Date,
        /// Last day; without it, the last there is.
        #[arg(long, default_value = "9999-12-31")]
        to: jiff::civil::Date,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Says that staff have settled a unit left to them (state `for_staff`).
    Resolve {
        /// Its number, as `list` has it.
        id: i64,
        /// The station's configuration.
        #[arg(long)]
        config: PathBuf,
        /// What was done, for those who ask later. No names or numbers of patrons.
        #[arg(long, value_parser = note)]
        note: String,
    },
}

/// Most characters of a note.
const NOTE_MAX: usize = 500;

fn note(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        1..=NOTE_MAX if !text.chars().any(char::is_control) => Ok(text.to_owned()),
        _ => Err(format!("write 1 to {NOTE_MAX} characters, on one line")),
    }
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
        Command::Journal { command: JournalCommand::Show { id, config } } => show_unit(&config, id),
        Command::Journal { command: JournalCommand::Export { config } } => export_journal(&config),
        Command::Journal { command: JournalCommand::Figures { config, from, to, json } } => {
            show_figures(&config, from..=to, json)
        }
        Command::Journal { command: JournalCommand::Resolve { id, config, note } } => {
            let config = Config::load(&config)?;
            let path = existing_journal(&config)?;
            // Nothing is sealed or opened for it.
            Journal::open(&path, Sealer::ephemeral()?)?.resolve(id, &note)?;
            Ok(true)
        }
        Command::Lists { command } => lists::run(&command),
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
    let config = Config::load(file)?;
    app::say(&format!("{}: fine, station {}", file.display(), config.station.id));
    Ok(true)
}

/// A unit with what staff should know of it, in the station's own language.
#[derive(Debug, serde::Serialize)]
struct Told<'a, T> {
    #[serde(flatten)]
    row: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    sentence: Option<String>,
}

fn list_journal(file: &Path, json: bool, limit: u32) -> anyhow::Result<bool> {
    let config = Config::load(file)?;
    let path = existing_journal(&config)?;
    // Nothing sealed is opened for a list, so it works beside a lost key.
    let journal = Journal::open_read_only(&path, Sealer::ephemeral()?)?;
    for row in journal.list(limit)? {
        let told = sentence(&row, config.session.language);
        if json {
            app::say(&serde_json::to_string(&Told { row: &row, sentence: told })?);
        } else {
            let reason = told.as_deref().or(row.reason.as_deref()).unwrap_or("");
            app::say(&format!(
                "{:>6}  {}  {:<8}  {:<14}  {:<10}  tag {:<8}  {}  {reason}",
                row.id, row.at, row.kind, row.item, row.state, row.tag, row.session
            ));
        }
    }
    Ok(true)
}

/// Where the journal lies. It is looked into, never made by looking.
pub(crate) fn existing_journal(config: &Config) -> anyhow::Result<PathBuf> {
    let path = journal_path(config);
    anyhow::ensure!(
        path.is_file(),
        "{}: there is no journal; the station has never run",
        path.display()
    );
    Ok(path)
}

fn show_unit(file: &Path, id: i64) -> anyhow::Result<bool> {
    let config = Config::load(file)?;
    let path = existing_journal(&config)?;
    // A key that is not there is not made by looking: then the patron stays sealed.
    let sealer = match config.station.key_file.is_file() {
        true => Sealer::from_file(&config.station.key_file)?,
        false => Sealer::ephemeral()?,
    };
    let journal = Journal::open(&path, sealer)?;
    let unit = journal.show(id)?.with_context(|| format!("there is no unit {id}"))?;
    let told = sentence(&unit.row, config.session.language);
    app::say(&serde_json::to_string_pretty(&Told { row: &unit, sentence: told })?);
    Ok(true)
}

fn show_figures(
    file: &Path,
    days: std::ops::RangeInclusive<jiff::civil::Date>,
    json: bool,
) -> anyhow::Result<bool> {
    anyhow::ensure!(days.start() <= days.end(), "--from lies after --to");
    let config = Config::load(file)?;
    let path = existing_journal(&config)?;
    // Opened to write, so that a journal of an older program has the columns.
    let journal = Journal::open(&path, Sealer::ephemeral()?)?;
    for sums in journal.by_branch(days)? {
        if json {
            app::say(&serde_json::to_string(&sums)?);
            continue;
        }
        let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
        app::say(&format!(
            "{:<14}  {:<18}  loans {}  returns {}  renewals {}  refused {}  queued {}  for_staff {}  slips transit {} hold {}",
            or_dash(&sums.branch),
            or_dash(&sums.owner),
            sums.loans,
            sums.returns,
            sums.renewals,
            sums.refused,
            sums.queued,
            sums.for_staff,
            sums.transit_slips,
            sums.hold_slips
        ));
    }
    Ok(true)
}

fn export_journal(file: &Path) -> anyhow::Result<bool> {
    let config = Config::load(file)?;
    let journal = Journal::open_read_only(&existing_journal(&config)?, Sealer::ephemeral()?)?;
    let mut after = 0;
    loop {
        let page = journal.page(after)?;
        for row in &page {
            let sentence = sentence(row, config.session.language);
            app::say(&serde_json::to_string(&Told { row, sentence })?);
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = last.id,
            _ => return Ok(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;

    use super::*;

    #[test]
    fn no_command_throws_away_the_log_of_a_journal_that_is_cut_short() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let config = at("station.toml");
        let text = "[station]\nid = \"S1\"\ndata_dir = \"data\"\nkey_file = \"key\"\n";
        fs::write(&config, text).unwrap();
        Sealer::from_file(&at("key")).unwrap();
        fs::write(at("cards.txt"), "0200001234\n").unwrap();
        fs::create_dir(at("data")).unwrap();
        let (file, log) = (at("data/journal.sqlite"), at("data/journal.sqlite-wal"));
        let cards = at("cards.txt");
        let cards = cards.to_str().unwrap();
        for head in [&b""[..], b"SQLite format 3\0"] {
            for words in [
                &["journal", "list"][..],
                &["journal", "list", "--json"],
                &["journal", "show", "1"],
                &["journal", "export"],
                &["journal", "figures"],
                &["journal", "resolve", "1", "--note", "done"],
                &["lists", "show"],
                &["lists", "import", "--cards", cards],
            ] {
                fs::write(&file, head).unwrap();
                fs::write(&log, [7; 5000]).unwrap();
                let words = std::iter::once("jiehuan").chain(words.iter().copied());
                let mut words: Vec<OsString> = words.map(OsString::from).collect();
                words.extend(["--config".into(), config.clone().into_os_string()]);
                let cli = Cli::try_parse_from(&words).unwrap();
                let error = format!("{:#}", run(cli.command.unwrap()).unwrap_err());
                assert!(error.contains("damaged; start the station"), "{words:?}: {error}");
                assert_eq!(fs::read(&log).unwrap(), [7; 5000], "{words:?}");
                assert_eq!(fs::read(&file).unwrap(), head, "{words:?}");
            }
        }
        fs::remove_file(&file).unwrap();
        let cli = Cli::try_parse_from(
            ["jiehuan", "journal", "list", "--config"]
                .map(OsString::from)
                .into_iter()
                .chain([config.into_os_string()]),
        )
        .unwrap();
        let error = run(cli.command.unwrap()).unwrap_err().to_string();
        assert!(error.contains("has never run"), "{error}");
        assert!(!file.exists(), "nothing is made by looking");
    }
}
