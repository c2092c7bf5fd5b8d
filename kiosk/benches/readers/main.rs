//! Readers against the floor that air and line set, computed in the same run.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod pile;
mod support;
mod ten_books;

fn main() {
    // Under `cargo test`, which passes no `--bench`, one short round shows that all of it works.
    let bench = std::env::args().any(|argument| argument == "--bench");
    pile::run(bench);
    println!();
    ten_books::run(bench);
}
