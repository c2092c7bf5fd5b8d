//! Device simulators.

pub mod printer;
