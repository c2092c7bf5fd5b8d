//! The station's journal: where it lies, how it is opened, and what the technician is told of it.

use std::path::{Path, PathBuf};

use super::StartError;
use super::device::{Health, Role, State};
use crate::config::Config;
use crate::journal::{Journal, JournalError};

/// Where the journal is and how it is opened.
pub(super) struct JournalPlace {
    path: PathBuf,
    key_file: PathBuf,
    reserve_mib: u32,
    branch: String,
}

impl JournalPlace {
    pub(super) fn of(config: &Config) -> Self {
        let station = &config.station;
        Self {
            path: journal_path(config),
            key_file: station.key_file.clone(),
            reserve_mib: station.reserve_mib,
            branch: station.branch.clone(),
        }
    }

    /// The journal, and where a damaged one was set aside.
    pub(super) fn open(&self) -> Result<(Journal, Option<PathBuf>), JournalError> {
        let (mut journal, aside) =
            Journal::open_reserved(&self.path, &self.key_file, self.reserve_mib)?;
        journal.stand_in(&self.branch);
        if let Some(aside) = &aside {
            let aside = aside.display();
            tracing::error!(%aside, "the journal was damaged; it is set aside and a new one begun");
        }
        Ok((journal, aside))
    }
}

/// What the technician is told of a damaged journal.
pub(super) fn set_aside(aside: &Path, open: &str) -> String {
    let aside = aside.display();
    format!("it was damaged: {open}; keep {aside} and have the disk looked at")
}

/// A journal opened for a station, and what it left.
pub(super) fn open_journal(config: &Config) -> Result<(Journal, Health), StartError> {
    let dir = &config.station.data_dir;
    std::fs::create_dir_all(dir)
        .map_err(|source| StartError::DataDir { path: dir.clone(), source })?;
    let place = JournalPlace::of(config);
    let (journal, aside) = place.open()?;
    let trouble = aside.map(|aside| set_aside(&aside, "what was open in it is for staff"));
    let health = Health {
        name: "journal".to_owned(),
        role: Role::Journal,
        model: "sqlite".to_owned(),
        port: place.path.display().to_string(),
        state: State::Up,
        firmware: None,
        opened: 1,
        trouble: trouble.unwrap_or_default(),
    };
    Ok((journal, health))
}

/// Where a station's journal lies.
#[must_use]
pub fn journal_path(config: &Config) -> PathBuf {
    config.station.data_dir.join("journal.sqlite")
}
