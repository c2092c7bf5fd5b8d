//! Device simulators as a program.

fn main() -> std::process::ExitCode {
    drivers::sim::cli::main()
}
