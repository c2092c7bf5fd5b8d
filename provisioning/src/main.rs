//! The technician's tool as a program.

fn main() -> std::process::ExitCode {
    provisioning::main()
}
