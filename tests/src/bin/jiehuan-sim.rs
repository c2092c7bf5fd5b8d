//! The device simulators, for end-to-end tests.

fn main() -> std::process::ExitCode {
    drivers::sim::cli::main()
}
