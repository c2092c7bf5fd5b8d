//! Plays storms; see docs/reliability.md.

fn main() -> std::process::ExitCode {
    tests::storm_cli::main()
}
