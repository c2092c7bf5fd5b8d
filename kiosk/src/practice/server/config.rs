//! Settings, where the data comes from, and what prevents a start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tracing::info;

use super::encryption::TlsFiles;
use crate::practice::clock::Clock;
use crate::practice::data::{self, DataError};
use crate::practice::desk::Duplicates;
use crate::practice::fault::Fault;
use crate::practice::guise::Guise;
use crate::practice::model::LocalTime;
use crate::practice::session::{ChecksumMode, Manner};
use crate::practice::store::{Library, Location, Store, StoreError};
use crate::sip2::Charset;

/// Silence after which a connection is closed (Koha's sample value, sip2.md section 3).
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// Time from the first byte of a message to its end.
pub const MESSAGE_TIMEOUT: Duration = Duration::from_secs(30);

/// Stations connected at once, unless told otherwise.
pub const CONNECTIONS: usize = 128;

/// Most stations that may be connected at once. Each may hold one message of 64 KiB: 256 MiB.
pub const MAX_CONNECTIONS: usize = 4096;

/// Where the library's data comes from when the database is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Source {
    /// The collection built into the program.
    #[default]
    BuiltIn,
    /// A data file.
    File(PathBuf),
}

/// Settings of a practice library.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Encryption; without it plain TCP.
    pub tls: Option<TlsFiles>,
    /// Database.
    pub database: Location,
    /// What fills an empty database.
    pub source: Source,
    /// Character set; an account may have its own.
    pub charset: Charset,
    /// What is asked of AY and AZ.
    pub checksum: ChecksumMode,
    /// What repeated requests meet.
    pub duplicates: Duplicates,
    /// The library system to be taken for; then its character set and way with repeated requests
    /// count.
    pub guise: Option<Guise>,
    /// Institutions served (AO); empty serves any.
    pub institutions: Vec<String>,
    /// Silence after which a connection is closed.
    pub idle_timeout: Duration,
    /// Time a message may take to arrive.
    pub message_timeout: Duration,
    /// Stations connected at once, held within 1 to [`MAX_CONNECTIONS`].
    pub connections: usize,
    /// The clock.
    pub clock: Clock,
    /// Faults in force from the start.
    pub faults: Vec<Fault>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            database: Location::Memory,
            source: Source::BuiltIn,
            charset: Charset::Utf8,
            checksum: ChecksumMode::Checked,
            duplicates: Duplicates::Replay,
            guise: None,
            institutions: Vec::new(),
            idle_timeout: IDLE_TIMEOUT,
            message_timeout: MESSAGE_TIMEOUT,
            connections: CONNECTIONS,
            clock: Clock::System,
            faults: Vec::new(),
        }
    }
}

impl Config {
    /// The database, filled where it was empty, and the library in it.
    pub(in crate::practice) fn open(&self) -> Result<(Store, Library), PracticeError> {
        let mut store = Store::open(&self.database)?;
        if store.is_empty()? {
            let now = self.clock.now();
            let data = self.source.read(now)?;
            store.load(data, now)?;
        } else if let Source::File(path) = &self.source {
            info!(file = %path.display(), "the database holds a library already, file not read");
        }
        let library = store.library()?;
        Ok((store, library))
    }

    /// What all its connections share.
    pub(in crate::practice) fn manner(&self) -> Manner {
        Manner {
            charset: self.guise.map_or(self.charset, Guise::charset),
            checksum: self.checksum,
            duplicates: self.guise.map_or(self.duplicates, Guise::duplicates),
            guise: self.guise,
            institutions: self.institutions.clone(),
        }
    }
}

/// A practice library that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum PracticeError {
    /// The port is taken.
    #[error("{addr} is in use: stop the program that listens there, or listen on another port")]
    PortInUse {
        /// The address.
        addr: SocketAddr,
    },
    /// The address cannot be used.
    #[error(
        "cannot listen on {addr} ({source}): use an address of this machine, such as 127.0.0.1:6001"
    )]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
    /// Encryption.
    #[error("cannot encrypt ({0}): check the certificate files")]
    Tls(io::Error),
    /// The data file cannot be read.
    #[error("cannot read the data file {path} ({source}): check its name and rights")]
    ReadData {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The data file has problems.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server's thread cannot be started.
    #[error("cannot start the practice library's thread: {0}")]
    Thread(io::Error),
}

impl Source {
    /// Reads and checks the data.
    pub(super) fn read(&self, now: LocalTime) -> Result<data::Data, PracticeError> {
        let today = now.date();
        match self {
            Self::BuiltIn => Ok(data::parse(data::COLLECTION_NAME, data::COLLECTION, today)?),
            Self::File(path) => {
                let failed = |source| PracticeError::ReadData { path: path.clone(), source };
                let length = std::fs::metadata(path).map_err(failed)?.len();
                if length > data::MAX_FILE_BYTES {
                    let too_long =
                        io::Error::other(format!("longer than {} MiB", data::MAX_FILE_BYTES >> 20));
                    return Err(failed(too_long));
                }
                let text = std::fs::read_to_string(path).map_err(failed)?;
                Ok(data::parse(&path.display().to_string(), &text, today)?)
            }
        }
    }
}
