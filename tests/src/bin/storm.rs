//! Storms: a library that goes wrong in every way it can, and judges that compare what is left.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tests::processes::{self, Options, Programs, Role};

/// Breaks a whole library at random and says what was lost: nothing.
///
/// Exit codes: 0 nothing was lost, 1 something was, with its seed, 2 wrong arguments.
#[derive(Debug, Parser)]
#[command(name = "storm")]
struct Args {
    /// Real processes, killed at random moments.
    #[arg(long, required = true)]
    processes: bool,
    /// How many are killed.
    #[arg(long, default_value_t = 20)]
    kills: u32,
    /// Seed of the plan; without it one is drawn and said.
    #[arg(long)]
    seed: Option<u64>,
    /// The report as one line of JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match processes::role() {
        Some(Role::Jiehuan) => return kiosk::cli::main(),
        Some(Role::Sim) => return drivers::sim::cli::main(),
        None => {}
    }
    let args = Args::parse();
    match run(&args) {
        Ok(text) => {
            // A closed terminal changes nothing of what was found.
            let _ = writeln!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            let _ = writeln!(std::io::stderr(), "storm: {text}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<String, String> {
    let programs = tempfile::tempdir().map_err(|error| error.to_string())?;
    let seed = args.seed.unwrap_or_else(processes::draw_seed);
    let options = Options {
        kills: args.kills,
        sessions: 0,
        seed,
        programs: Programs::of_this(programs.path()).map_err(|error| error.to_string())?,
    };
    let report = processes::run(&options).map_err(|failed| failed.to_string())?;
    if args.json {
        serde_json::to_string(&report).map_err(|error| error.to_string())
    } else {
        Ok(report.to_string())
    }
}
