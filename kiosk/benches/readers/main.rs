//! Readers against the floor that air and line set, computed in the same run.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod pile;
mod support;
mod ten_books;

fn main() {
    // Under `cargo test`, which passes no `--bench`, one short round shows that all of it works.
    let bench = std::env::args().any(|argument| argument == "--bench");
    // A name picks one table, as with other benchmarks.
    let named: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|n| n == name);
    if wanted("pile") {
        pile::run(bench);
        println!();
    }
    if wanted("ten_books") {
        ten_books::run(bench);
    }
}
