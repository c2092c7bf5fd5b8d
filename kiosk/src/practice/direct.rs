//! The practice library without sockets and threads: a line in, bytes out. For tests that keep
//! their own time and lose bytes where they like.

use super::fault::{Fault, Faults};
use super::server::{Config, PracticeError};
use super::session::{Manner, Session, World};
use super::store::{LedgerEntry, Library, Loan, Store, StoreError};

/// Ledger entries read at once.
const LEDGER_MAX: u32 = 100_000;

/// A library.
pub struct Direct {
    store: Store,
    library: Library,
    manner: Manner,
    faults: Faults,
    clock: super::Clock,
}

/// One connection to it.
pub struct DirectLine(Session);

/// What follows from a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Bytes it sends.
    pub send: Vec<u8>,
    /// Whether it closes the connection then.
    pub close: bool,
}

impl Direct {
    /// Opens the database, and fills an empty one. Nothing listens.
    ///
    /// # Errors
    /// [`PracticeError`].
    pub fn open(config: &Config) -> Result<Self, PracticeError> {
        let (store, library) = config.open()?;
        let mut faults = Faults::default();
        for fault in &config.faults {
            faults.set(*fault);
        }
        Ok(Self { store, library, manner: config.manner(), faults, clock: config.clock.clone() })
    }

    /// A new connection.
    #[must_use]
    pub fn connect(&self) -> DirectLine {
        DirectLine(Session::new(&self.manner))
    }

    /// Takes one line, without its terminator.
    pub fn take(&mut self, on: &mut DirectLine, line: &[u8]) -> Reply {
        let mut world = World {
            store: &mut self.store,
            library: &self.library,
            manner: &self.manner,
            faults: &mut self.faults,
            now: self.clock.now(),
        };
        let outcome = on.0.line(&mut world, line);
        Reply { send: outcome.send, close: outcome.close }
    }

    /// Sets a fault, from the next answer on.
    pub fn set_fault(&mut self, fault: Fault) {
        self.faults.set(fault);
    }

    /// The accepted transactions, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ledger(&mut self) -> Result<Vec<LedgerEntry>, StoreError> {
        self.store.write(|tx| tx.ledger(0, LEDGER_MAX))
    }

    /// Every open loan.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_loans(&mut self) -> Result<Vec<Loan>, StoreError> {
        self.store.write(|tx| tx.open_loans())
    }
}
