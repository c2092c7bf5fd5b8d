//! The command line of `storm`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::processes::{self, Options, Programs};
use crate::storm::script::Script;
use crate::storm::{Failure, Report, play, run, shorten, with_stage};

/// Plays storms: a real station's core amid simulated devices, network, library system and disk.
#[derive(Debug, Parser)]
#[command(name = "storm", version)]
struct Args {
    /// Seeds to play, the second not included.
    #[arg(long, value_name = "A..B", default_value = "0..1000", value_parser = seeds)]
    seeds: std::ops::Range<u64>,
    /// Plays one seed.
    #[arg(long, conflicts_with_all = ["seeds", "script"])]
    seed: Option<u64>,
    /// Plays a script.
    #[arg(long, value_name = "FILE", conflicts_with = "seeds")]
    script: Option<PathBuf>,
    /// Writes figures as JSON.
    #[arg(long)]
    json: bool,
    /// Prints the script of a seed and plays nothing.
    #[arg(long, requires = "seed")]
    print: bool,
    /// Tells what happens in the storm, line by line.
    #[arg(long)]
    trace: bool,
    /// Plays with real processes, killed at random moments; `--seed` is that of the plan.
    #[arg(long, conflicts_with_all = ["seeds", "script", "print", "trace"])]
    processes: bool,
    /// How many processes are killed.
    #[arg(long, default_value_t = 20, requires = "processes")]
    kills: u32,
    /// Leaves a failing script as long as it is.
    #[arg(long)]
    whole: bool,
    /// Threads; as many as the machine has when left out.
    #[arg(long)]
    threads: Option<usize>,
}

fn seeds(text: &str) -> Result<std::ops::Range<u64>, String> {
    let range = || {
        let (from, to) = text.split_once("..")?;
        Some(from.parse().ok()?..to.parse().ok()?)
    };
    range().ok_or_else(|| "write A..B, such as 0..1000".to_owned())
}

/// Runs the command line.
#[must_use]
pub fn main() -> ExitCode {
    let args = Args::parse();
    let mut out = std::io::stdout().lock();
    // Nobody reads on: there is nothing left to say.
    let mut say = |text: String| drop(writeln!(out, "{text}"));
    if args.processes {
        let (text, code) = match kill(&args) {
            Ok(text) => (text, ExitCode::SUCCESS),
            Err(text) => (text, ExitCode::FAILURE),
        };
        say(text);
        return code;
    }
    let script = match (&args.script, args.seed) {
        (Some(path), _) => match read(path) {
            Ok(script) => Some(script),
            Err(why) => {
                say(why);
                return ExitCode::from(2);
            }
        },
        (None, Some(seed)) => Some(Script::draw(seed)),
        (None, None) => None,
    };
    if let Some(script) = script.as_ref().filter(|_| args.print) {
        say(serde_json::to_string_pretty(script).unwrap_or_default());
        return ExitCode::SUCCESS;
    }
    let threads =
        args.threads.or_else(|| std::thread::available_parallelism().ok().map(Into::into));
    let ended = match script {
        Some(script) if args.trace => {
            let (lines, ended) = traced(&script);
            lines.into_iter().for_each(&mut say);
            ended
        }
        Some(script) => one(script),
        None => run(args.seeds, threads.unwrap_or(1)),
    };
    let ended = match ended {
        Err(failure) if !args.whole && !args.trace => Err(Box::new(shorten(*failure))),
        ended => ended,
    };
    match ended {
        Ok(report) if args.json => {
            say(serde_json::to_string_pretty(&report).unwrap_or_default());
            ExitCode::SUCCESS
        }
        Ok(report) => {
            say(table(&report));
            ExitCode::SUCCESS
        }
        Err(failure) => {
            say(told(&failure, args.json));
            ExitCode::FAILURE
        }
    }
}

fn read(path: &std::path::Path) -> Result<Script, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}

fn one(script: Script) -> Result<Report, Box<Failure>> {
    let seed = script.seed;
    let played = with_stage(|stage| {
        let mut report = Report::default();
        play(stage, &script, &mut report).map_err(|what| (seed, what))?;
        Ok(report)
    });
    played.map_err(|(seed, what)| Box::new(Failure { seed, what, script }))
}

fn traced(script: &Script) -> (Vec<String>, Result<Report, Box<Failure>>) {
    let mut lines = Vec::new();
    let played = with_stage(|stage| {
        stage.traced.replace(Some(Vec::new()));
        let mut report = Report::default();
        let played = play(stage, script, &mut report);
        lines = stage.traced.take().unwrap_or_default();
        played.map_err(|what| (script.seed, what))?;
        Ok(report)
    });
    let fail = |(seed, what)| Box::new(Failure { seed, what, script: script.clone() });
    (lines, played.map_err(fail))
}

fn told(failure: &Failure, json: bool) -> String {
    if json {
        return serde_json::to_string_pretty(failure).unwrap_or_default();
    }
    let script = serde_json::to_string(&failure.script).unwrap_or_default();
    format!(
        "FAILED: {}\nagain: cargo run --release -p tests --bin storm -- --seed {}\n\
         the script, made short, for --script FILE:\n{script}",
        failure.what, failure.seed
    )
}

fn table(report: &Report) -> String {
    let mut rows = vec![
        ("storms".to_owned(), report.storms),
        ("sessions".to_owned(), report.sessions),
        ("virtual hours".to_owned(), report.hours),
        ("claims of the screen".to_owned(), report.claims),
        ("slips".to_owned(), report.slips),
        ("power cuts".to_owned(), report.cuts),
        ("disk writes".to_owned(), report.disk.writes),
        ("disk syncs".to_owned(), report.disk.syncs),
        ("writes lost".to_owned(), report.disk.lost),
        ("writes torn".to_owned(), report.disk.torn),
        ("writes refused".to_owned(), report.disk.refused),
        ("tags on repair lists".to_owned(), report.repairs),
    ];
    let of = |head: &str, name: &str| format!("{head}: {name}");
    rows.extend(report.ledger.iter().map(|(name, count)| (of("ledger", name), *count)));
    rows.extend(report.journal.iter().map(|(name, count)| (of("journal", name), *count)));
    rows.extend(report.faults.iter().map(|(name, count)| (of("fault", name), *count)));
    let lines: Vec<String> = rows.iter().map(|(name, n)| format!("{name:<44}{n:>12}")).collect();
    lines.join("\n")
}

/// Real processes, killed: the report, or what was lost.
fn kill(args: &Args) -> Result<String, String> {
    let programs = tempfile::tempdir().map_err(|error| error.to_string())?;
    let options = Options {
        kills: args.kills,
        sessions: 0,
        seed: args.seed.unwrap_or_else(processes::draw_seed),
        programs: Programs::of_this(programs.path()).map_err(|error| error.to_string())?,
    };
    let report = processes::run(&options).map_err(|failed| failed.to_string())?;
    if args.json {
        serde_json::to_string(&report).map_err(|error| error.to_string())
    } else {
        Ok(report.to_string())
    }
}
