//! The practice library without sockets, threads or a clock of its own: for simulations, which
//! hand in each line and the moment.

use super::data;
use super::desk::Duplicates;
use super::fault::{Fault, Faults};
use super::model::LocalTime;
use super::server::{Config, PracticeError};
use super::session::{ChecksumMode, Manner, Session, World};
use super::store::{LedgerEntry, Library, Loan, Location, Store, StoreError};
use crate::sip2::Charset;

/// A practice library in memory.
pub struct InProcess {
    store: Store,
    library: Library,
    manner: Manner,
    faults: Faults,
}

/// One station's connection to it.
pub struct Line(Session);

/// What follows from a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Bytes to send, with terminator; empty for silence.
    pub send: Vec<u8>,
    /// Whether the connection is closed then.
    pub close: bool,
}

impl InProcess {
    /// Fills a database in memory from a data file's text.
    ///
    /// # Errors
    /// [`PracticeError`] for impossible data.
    pub fn open(text: &str, duplicates: Duplicates, now: LocalTime) -> Result<Self, PracticeError> {
        let mut store = Store::open(&Location::Memory)?;
        store.load(data::parse("data", text, now.date())?, now)?;
        let library = store.library()?;
        let manner = Manner {
            charset: Charset::Utf8,
            checksum: ChecksumMode::Checked,
            duplicates,
            guise: None,
            institutions: Vec::new(),
        };
        Ok(Self { store, library, manner, faults: Faults::default() })
    }

    /// The library of a server's settings: its database, guise and faults. Its clock is not used.
    ///
    /// # Errors
    /// [`PracticeError`].
    pub fn of(config: &Config) -> Result<Self, PracticeError> {
        let (store, library) = config.open()?;
        let mut faults = Faults::default();
        for fault in &config.faults {
            faults.set(*fault);
        }
        Ok(Self { store, library, manner: config.manner(), faults })
    }

    /// A new connection.
    #[must_use]
    pub fn connect(&self) -> Line {
        Line(Session::new(&self.manner))
    }

    /// Answers one message, given without its terminator.
    pub fn line(&mut self, line: &mut Line, message: &[u8], now: LocalTime) -> Said {
        let mut world = World {
            store: &mut self.store,
            library: &self.library,
            manner: &self.manner,
            faults: &mut self.faults,
            now,
        };
        let outcome = line.0.line(&mut world, message);
        Said { send: outcome.send, close: outcome.close }
    }

    /// Sets a fault, from the next answer on.
    pub fn set_fault(&mut self, fault: Fault) {
        self.faults.set(fault);
    }

    /// The transactions accepted after that number, at most `limit`, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub fn ledger(&mut self, after: i64, limit: u32) -> Result<Vec<LedgerEntry>, StoreError> {
        self.store.write(|tx| tx.ledger(after, limit))
    }

    /// Every open loan, in the order they were made.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub fn open_loans(&mut self) -> Result<Vec<Loan>, StoreError> {
        self.store.write(|tx| tx.open_loans())
    }
}
