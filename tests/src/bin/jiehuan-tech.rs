//! The technician's tool, for end-to-end tests.

fn main() -> std::process::ExitCode {
    provisioning::main()
}
