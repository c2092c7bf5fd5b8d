//! The station's program, for end-to-end tests.

fn main() -> std::process::ExitCode {
    kiosk::cli::main()
}
