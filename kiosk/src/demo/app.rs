//! `jiehuan demo` and `jiehuan run`: a rig, and a window, a script, or both.

use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use super::headless::{Failed, Out, Runner, Summary, Watcher};
use super::rig::{Rig, RigOptions};
use super::script;
use crate::clock::Clock;
use crate::config::Config;
use crate::station::{Listeners, Snapshot};

/// `jiehuan demo`.
#[derive(Debug, Default, clap::Args)]
pub struct DemoArgs {
    /// No window: JSON lines on standard output.
    #[arg(long)]
    pub headless: bool,
    /// Steps to run instead of the built-in ones (docs/script.md).
    #[arg(long)]
    pub script: Option<PathBuf>,
    /// Folder for pictures of the screens and receipts.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// `jiehuan run`.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// The station's configuration (docs/config.md).
    #[arg(long)]
    pub config: PathBuf,
    /// No window: JSON lines on standard output; without --script, steps from standard input.
    #[arg(long)]
    pub headless: bool,
    /// Steps to run (docs/script.md), `-` for standard input.
    #[arg(long)]
    pub script: Option<PathBuf>,
    /// Do each step as its line comes on standard input; its end ends the run.
    #[arg(long, requires = "headless", conflicts_with = "script")]
    pub follow: bool,
}

/// The built-in steps.
const DEMO_SCRIPT: &str = include_str!("demo.script");
/// The built-in station.
const DEMO_CONFIG: &str = include_str!("demo.toml");
/// Most bytes of a script.
const SCRIPT_MAX: u64 = 1024 * 1024;
/// Most bytes of one step that is followed.
const STEP_MAX: u64 = 64 * 1024;
/// Where pictures go when no folder is named.
const OUT_DEFAULT: &str = "jiehuan-out";

/// A line for the person at the console.
pub(crate) fn say(text: &str) {
    // A closed pipe is no reason to stop a station.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A line on standard error.
pub(crate) fn say_error(text: &str) {
    let _ = writeln!(std::io::stderr(), "jiehuan: {text}");
}

/// A directory of one run, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let mut salt = [0; 8];
        getrandom::fill(&mut salt).map_err(|e| anyhow::anyhow!("no random bytes: {e}"))?;
        let name = format!("jiehuan-{}", u64::from_le_bytes(salt));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left behind at worst: a journal with sealed numbers in the temporary directory.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn demo_config(scratch: &Path) -> anyhow::Result<Config> {
    let path = scratch.join("station.toml");
    std::fs::write(&path, DEMO_CONFIG)?;
    Ok(Config::load(&path)?)
}

/// Reads a script from a file, `-` for standard input.
fn read_script(path: &Path) -> anyhow::Result<Vec<(usize, script::Step)>> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(SCRIPT_MAX).read_to_string(&mut text)?;
    } else {
        std::fs::File::open(path)
            .with_context(|| format!("cannot read the script {}", path.display()))?
            .take(SCRIPT_MAX)
            .read_to_string(&mut text)
            .with_context(|| format!("the script {} is not text", path.display()))?;
    }
    Ok(script::parse(&text)?)
}

/// `jiehuan demo`. `Ok(false)` when something did not hold.
///
/// # Errors
/// What could not be started, in words that say what to do.
pub fn demo(args: &DemoArgs) -> anyhow::Result<bool> {
    let steps = match &args.script {
        Some(path) => read_script(path)?,
        None => script::parse(DEMO_SCRIPT)?,
    };
    if args.headless {
        return headless_demo(&steps, args.out.as_deref(), Voice::Json);
    }
    #[cfg(feature = "screens")]
    if super::window::has_display() {
        super::window::guard_fonts()?;
        let scratch = Scratch::new()?;
        let config = demo_config(&scratch.0)?;
        match super::window::bench(config, args) {
            Ok(()) => return Ok(true),
            Err(error) => say(&format!("The window could not be opened ({error}).")),
        }
        // A window system that was tried and failed cannot be replaced inside this process.
        drop(scratch);
        return super::window::again_headless(args);
    }
    say("No display found: running the scripted demo without a window.");
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(OUT_DEFAULT));
    headless_demo(&steps, Some(&out), Voice::Person)
}

/// Who listens to a headless run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Voice {
    /// A program: a JSON line a view.
    Json,
    /// A person: a sentence a picture, and the summary.
    Person,
}

fn headless_demo(
    steps: &[(usize, script::Step)],
    out: Option<&Path>,
    voice: Voice,
) -> anyhow::Result<bool> {
    #[cfg(feature = "screens")]
    if out.is_some() {
        super::window::guard_fonts()?;
    }
    let scratch = Scratch::new()?;
    let config = demo_config(&scratch.0)?;
    if let Some(out) = out {
        std::fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    }
    let options = RigOptions { receipts: out.map(|o| o.join("receipts")), ..RigOptions::default() };
    #[cfg(feature = "screens")]
    let mut album = out.map(|o| super::window::Album::new(o, &config.panel)).transpose()?;
    let mut watch = |_line: usize, snapshot: &Snapshot| {
        #[cfg(feature = "screens")]
        if let Some(album) = &mut album {
            album.take(&snapshot.view);
        }
        #[cfg(not(feature = "screens"))]
        let _ = snapshot;
    };
    let summary = play(config, options, Steps::All(steps), voice, &mut watch)?;
    #[cfg(feature = "screens")]
    if let (Some(album), Some(out)) = (&album, out) {
        say_pictures(album.names(), out, voice);
    }
    say(&serde_json::to_string(&summary)?);
    Ok(summary.ok)
}

#[cfg(feature = "screens")]
fn say_pictures(names: &[String], out: &Path, voice: Voice) {
    if voice == Voice::Person {
        say(&format!("Pictures of the screens and receipts are in {}:", out.display()));
        for name in names {
            say(&format!("  {}", out.join(name).display()));
        }
        say(&format!("  {}", out.join("receipts").display()));
    } else {
        let pictures = serde_json::json!({ "pictures": names, "folder": out });
        say(&pictures.to_string());
    }
}

/// Where steps come from.
#[derive(Clone, Copy)]
enum Steps<'a> {
    /// All are known before the first is done.
    All(&'a [(usize, script::Step)]),
    /// One after the other on standard input.
    Followed,
}

/// Does each step as its line comes, until the end of input.
fn follow(runner: &mut Runner<'_>, watch: Watcher<'_>) -> Result<(), Failed> {
    let mut input = std::io::stdin().lock();
    for number in 1.. {
        let mut line = String::new();
        let failed = |why: String| Failed { line: number, why };
        let read = input.by_ref().take(STEP_MAX).read_line(&mut line);
        if read.map_err(|error| failed(error.to_string()))? == 0 {
            break;
        }
        let steps = script::parse(&line).map_err(|error| failed(error.why))?;
        let steps: Vec<_> = steps.into_iter().map(|(_, step)| (number, step)).collect();
        runner.run(&steps, &mut *watch)?;
    }
    Ok(())
}

/// Starts a rig, runs the steps, and sums up.
fn play(
    config: Config,
    options: RigOptions,
    steps: Steps<'_>,
    voice: Voice,
    watch: &mut dyn FnMut(usize, &Snapshot),
) -> anyhow::Result<Summary> {
    let clock = Clock::new(&config.station.zone)?;
    let out = Out::new(Box::new(std::io::stdout()));
    let mut listeners = Listeners::default();
    if voice == Voice::Json {
        let out = out.clone();
        listeners.view = Arc::new(move |view| out.view(view));
    }
    let mut rig = Rig::start(config, clock, listeners, options)?;
    let mut runner = Runner::new(&mut rig);
    let done = match steps {
        Steps::All(steps) => runner.run(steps, watch),
        Steps::Followed => follow(&mut runner, watch),
    };
    let held = match done {
        Ok(()) => true,
        Err(failed) => {
            out.json(&serde_json::json!({ "failed": failed }));
            false
        }
    };
    Ok(runner.summary(held))
}

/// `jiehuan run`. `Ok(false)` when something did not hold.
///
/// # Errors
/// What could not be started, in words that say what to do.
pub fn run(args: &RunArgs) -> anyhow::Result<bool> {
    let config = Config::load(&args.config)?;
    if args.headless {
        let stdin = PathBuf::from("-");
        let script;
        let steps = if args.follow {
            Steps::Followed
        } else {
            script = read_script(args.script.as_ref().unwrap_or(&stdin))?;
            Steps::All(&script)
        };
        let mut watch = |_: usize, _: &Snapshot| {};
        let options = RigOptions::default();
        let summary = play(config, options, steps, Voice::Json, &mut watch)?;
        say(&serde_json::to_string(&summary)?);
        return Ok(summary.ok);
    }
    let steps = args.script.as_deref().map(read_script).transpose()?;
    #[cfg(feature = "screens")]
    {
        super::window::guard_fonts()?;
        super::window::station(config, steps)
    }
    #[cfg(not(feature = "screens"))]
    {
        drop(steps);
        anyhow::bail!("this program was built without screens: add --headless")
    }
}
