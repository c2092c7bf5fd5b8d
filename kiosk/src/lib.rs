//! The station: what happens between a reader's card, the pile of books, the library system,
//! the tags and the paper.

pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod eventlog;
pub mod journal;
mod lists;
pub mod owners;
pub mod practice;
pub mod privacy;
pub mod receipt;
pub mod retention;
pub mod session;
pub mod sip2;
pub mod sort_slip;
pub mod station;
