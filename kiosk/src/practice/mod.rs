//! The practice library system: a small but complete library behind a SIP2 server.
//!
//! It is what a fresh station talks to, what staff train on, and the partner of the tests. Patrons,
//! items, branches, loans, holds and fees live in one SQLite database; a built-in collection fills
//! an empty one.
//!
//! - [`data`]: the data file
//! - [`rules`]: the library's decisions, pure
//! - [`store`]: the database and its ledger
//! - `desk`: one request, one answer, one transaction
//! - `guise`: how a library system known by name would say it
//! - `session`: one connection as a state machine
//! - [`fault`]: what can be made to go wrong
//! - [`server`]: sockets and the handle
//! - [`InProcess`]: the same without them, for simulations
//! - [`cli`]: the command line

mod answer;
pub mod cli;
mod clock;
pub mod data;
mod desk;
pub mod fault;
mod guise;
mod in_process;
mod model;
mod money;
pub mod rules;
pub mod server;
mod session;
pub mod store;
mod texts;

pub use clock::{Clock, ManualClock};
pub use desk::Duplicates;
pub use fault::Fault;
pub use guise::Guise;
pub use in_process::{InProcess, Line, Said};
pub use model::{Block, CardState, Circulation, Language, LocalTime, Station};
pub use money::Fen;
pub use server::{Config, Practice, PracticeError, Source, TlsFiles};
pub use session::ChecksumMode;
pub use store::{Kind, LedgerEntry, Location, Tally};
pub use texts::refusal_map;
