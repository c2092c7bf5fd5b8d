//! Plays storms; see docs/reliability.md. It starts itself as the product's programs.

use tests::processes::{self, Role};

fn main() -> std::process::ExitCode {
    match processes::role() {
        Some(Role::Jiehuan) => kiosk::cli::main(),
        Some(Role::Sim) => drivers::sim::cli::main(),
        None => tests::storm_cli::main(),
    }
}
