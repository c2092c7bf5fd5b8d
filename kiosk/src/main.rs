//! The station's program.
fn main() {}
