//! Harness shared by the end-to-end tests and benchmarks.

pub mod hardware;
pub mod processes;
pub mod rig;
pub mod storm;
pub mod storm_cli;
