//! Harness shared by the end-to-end tests and benchmarks.

pub mod rig;
