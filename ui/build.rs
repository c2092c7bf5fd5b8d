//! Compiles the Slint pages when the screens are wanted.
fn main() {}
