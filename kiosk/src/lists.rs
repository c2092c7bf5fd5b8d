//! `jiehuan lists`: the library's own lists for off-line work, given to a station.
//!
//! Card numbers are hashed as they are read; the file they came from is for its owner to delete.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use zeroize::Zeroizing;

use crate::cli::existing_journal;
use crate::clock::Clock;
use crate::config::Config;
use crate::demo::app;
use crate::journal::{Import, Journal, Sealer};
use crate::privacy::PatronId;
use crate::session::ItemId;
use crate::station::journal_path;

/// Largest file taken, in bytes: the longest list of the longest numbers.
const FILE_MAX: u64 = 16 * 1024 * 1024;

#[derive(Debug, Subcommand)]
pub(crate) enum ListsCommand {
    /// Takes lists for work without the library system, one number a line. A list replaces the one
    /// imported before; blocked cards are added. A running station knows them within seconds.
    Import {
        /// The station's configuration.
        #[arg(long)]
        config: PathBuf,
        /// Cards that may borrow off line though they were not here lately.
        #[arg(long)]
        cards: Option<PathBuf>,
        /// Cards that may not borrow.
        #[arg(long)]
        blocked: Option<PathBuf>,
        /// Items somebody waits for.
        #[arg(long)]
        holds: Option<PathBuf>,
    },
    /// Says how much the lists hold.
    Show {
        /// The station's configuration.
        #[arg(long)]
        config: PathBuf,
    },
}

pub(crate) fn run(command: &ListsCommand) -> anyhow::Result<bool> {
    match command {
        ListsCommand::Import { config, cards, blocked, holds } => {
            let config = Config::load(config)?;
            anyhow::ensure!(
                cards.is_some() || blocked.is_some() || holds.is_some(),
                "give a file with --cards, --blocked or --holds"
            );
            let import = Import {
                cards: cards.as_deref().map(|path| read(path, card)).transpose()?,
                blocked: blocked.as_deref().map(|path| read(path, card)).transpose()?,
                held: holds.as_deref().map(|path| read(path, item)).transpose()?,
            };
            let path = journal_path(&config);
            anyhow::ensure!(
                path.is_file() && config.station.key_file.is_file(),
                "{}: the station has never run, so there is no key to hash cards with; start it once",
                path.display()
            );
            let today = Clock::new(&config.station.zone)?.now().wall.date();
            let mut journal = Journal::open(&path, Sealer::from_file(&config.station.key_file)?)?;
            journal.import_lists(&import, today)?;
            app::say(&serde_json::to_string(&journal.list_figures()?)?);
            Ok(true)
        }
        ListsCommand::Show { config } => {
            let config = Config::load(config)?;
            // Counting opens nothing sealed.
            let path = existing_journal(&config)?;
            let journal = Journal::open_read_only(&path, Sealer::ephemeral()?)?;
            app::say(&serde_json::to_string(&journal.list_figures()?)?);
            Ok(true)
        }
    }
}

fn card(line: &str) -> Option<PatronId> {
    Some(PatronId::new(line)).filter(PatronId::is_well_formed)
}

fn item(line: &str) -> Option<ItemId> {
    ItemId::new(line).ok()
}

/// One number a line; empty lines do not count. What a line holds is never said.
fn read<T>(path: &Path, take: fn(&str) -> Option<T>) -> anyhow::Result<Vec<T>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let size = file.metadata().map_or(0, |about| about.len());
    anyhow::ensure!(size <= FILE_MAX, "{}: more than {FILE_MAX} bytes", path.display());
    let mut lines = BufReader::new(file.take(FILE_MAX));
    let mut taken = Vec::new();
    let mut line = Zeroizing::new(String::new());
    for number in 1_u64.. {
        line.clear();
        let read = lines
            .read_line(&mut line)
            .with_context(|| format!("{}: line {number} is no UTF-8 text", path.display()))?;
        if read == 0 {
            break;
        }
        let text = line.trim().trim_start_matches('\u{feff}');
        if text.is_empty() {
            continue;
        }
        taken.push(take(text).with_context(|| {
            format!("{}: line {number} is no number; write one number a line", path.display())
        })?);
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_a_line_and_no_number_in_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cards.txt");
        std::fs::write(&path, "\u{feff}0200001234\r\n\n  0200005678  \n").unwrap();
        let cards = read(&path, card).unwrap();
        assert_eq!(cards, ["0200001234".into(), "0200005678".into()]);
        for bad in ["0200001234\n0200|5678\n".as_bytes(), b"0200001234\n\xff\n"] {
            std::fs::write(&path, bad).unwrap();
            let error = format!("{:#}", read(&path, card).unwrap_err());
            assert!(error.contains("line 2") && !error.contains("0200"), "{error}");
        }
    }
}
