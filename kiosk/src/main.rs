//! The station's program.

fn main() -> std::process::ExitCode {
    kiosk::cli::main()
}
