//! Device simulators as a program.
fn main() {}
