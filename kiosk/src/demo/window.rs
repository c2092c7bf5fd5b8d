//! Windows and pictures: the only file of this crate that knows the Slint screens.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::Context;
use ui::screens::{BenchWindow, Painter, Panel, StationWindow, fonts};
use ui::view::{Overlay, Receipt, Screen, View};

use super::app::DemoArgs;
use super::bench::{BenchRunner, Hand, Stage};
use super::headless::Runner;
use super::rig::{Rig, RigOptions};
use super::script::Step;
use crate::clock::Clock;
use crate::config::{Config, PanelConfig};
use crate::station::{Event, Listeners};

/// Most touches waiting; what finds it full is dropped, as a finger faster than a machine is.
const TOUCHES_MAX: usize = 256;
/// Most pictures of one run.
const PICTURES_MAX: usize = 200;

/// Whether a window could be shown at all.
#[must_use]
pub fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(feature = "pi") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// On a machine with fontconfig and no font, starts this program again with a font of its own:
/// the text layout would end the process otherwise.
///
/// # Errors
/// When the program cannot be started again.
pub fn guard_fonts() -> anyhow::Result<()> {
    let Some(env) = fonts::guard() else { return Ok(()) };
    let error = this_program()?.args(std::env::args_os().skip(1)).env(env.name, env.value).exec();
    Err(error).context("cannot start again with a font")
}

/// Removes the font this process was started again with, at its end. An `exec` keeps the process
/// number, which stands in the directory's name: nobody else's is touched.
pub fn forget_fonts() {
    let Some(conf) = std::env::var_os("FONTCONFIG_FILE").map(PathBuf::from) else { return };
    let ours = format!("jiehuan-fonts-{}", std::process::id());
    if let Some(directory) = conf.parent().filter(|d| d.file_name() == Some(ours.as_ref())) {
        // Left behind at worst: a font in the temporary directory.
        let _ = std::fs::remove_dir_all(directory);
    }
}

fn this_program() -> anyhow::Result<Command> {
    Ok(Command::new(std::env::current_exe().context("where is this program?")?))
}

/// The demo again, in a fresh process and without a window.
///
/// # Errors
/// When the program cannot be started again.
pub fn again_headless(args: &DemoArgs) -> anyhow::Result<bool> {
    let mut command = this_program()?;
    command.arg("demo").env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    if let Some(script) = &args.script {
        command.arg("--script").arg(script);
    }
    if let Some(out) = &args.out {
        command.arg("--out").arg(out);
    }
    Ok(command.status().context("cannot start the demo without a window")?.success())
}

fn panel(config: &PanelConfig) -> Panel {
    Panel { width: config.width, height: config.height, diagonal_inch: config.diagonal_inch }
}

/// The workbench, until its window is closed.
///
/// # Errors
/// When there is no window, or the rig does not start.
pub fn bench(config: Config, args: &DemoArgs) -> anyhow::Result<()> {
    let (hands, inbox) = std::sync::mpsc::sync_channel::<Hand>(TOUCHES_MAX);
    let (touches, benches) = (hands.clone(), hands);
    let window = BenchWindow::new(
        panel(&config.panel),
        Box::new(move |touch| {
            let _ = touches.try_send(Hand::Touch(touch));
        }),
        Box::new(move |touch| {
            let _ = benches.try_send(Hand::Bench(touch));
        }),
    )
    .map_err(|e| anyhow::anyhow!("{e}"))?;
    let handle = window.handle();
    let (views, bench) = (handle.clone(), handle);
    let stage = Stage {
        view: Arc::new(move |view| views.show_station(view)),
        bench: Arc::new(move |b| bench.show_bench(b)),
    };
    let receipts = args.out.as_ref().map(|out| out.join("receipts"));
    let runner = BenchRunner::start(config, stage, inbox, receipts)?;
    let ended = window.run().map_err(|e| anyhow::anyhow!("{e}"));
    drop(runner);
    ended
}

/// The station of a configuration in its window, until it is closed; with steps, until they end.
///
/// # Errors
/// When there is no window, or the station does not start.
pub fn station(config: Config, steps: Option<Vec<(usize, Step)>>) -> anyhow::Result<bool> {
    let (touches, inbox) = std::sync::mpsc::sync_channel(TOUCHES_MAX);
    let window = StationWindow::new(
        panel(&config.panel),
        Box::new(move |touch| {
            let _ = touches.try_send(touch);
        }),
    )
    .map_err(|e| anyhow::anyhow!("{e}; add --headless on a machine without a display"))?;
    window.set_full_screen(config.panel.fullscreen);
    let handle = window.handle();
    let shown = handle.clone();
    let listeners =
        Listeners { view: Arc::new(move |view| shown.show(view.clone())), ..Listeners::default() };
    let clock = Clock::new(&config.station.zone)?;
    let mut rig = Rig::start(config, clock, listeners, RigOptions::default())?;
    let sender = rig.station().map(crate::station::StationHandle::sender);
    let fingers = std::thread::Builder::new().name("touches".to_owned()).spawn(move || {
        for touch in inbox {
            if sender.as_ref().is_none_or(|s| s.send(Event::Touch(touch)).is_err()) {
                return;
            }
        }
    })?;
    let player = std::thread::Builder::new().name("script".to_owned()).spawn(move || {
        let Some(steps) = steps else { return (rig, None) };
        let mut runner = Runner::new(&mut rig);
        let held = runner.run(&steps, &mut |_, _| {});
        if let Err(failed) = &held {
            super::app::say_error(&format!("script line {}: {}", failed.line, failed.why));
        }
        let summary = runner.summary(held.is_ok());
        handle.quit();
        (rig, Some(summary))
    })?;
    let ran = window.run().map_err(|e| anyhow::anyhow!("{e}"));
    drop(window);
    let (rig, summary) =
        player.join().map_err(|_| anyhow::anyhow!("the script's thread panicked"))?;
    drop(rig);
    if fingers.join().is_err() {
        tracing::error!("the touch thread panicked");
    }
    ran?;
    match summary {
        Some(summary) => {
            super::app::say(&serde_json::to_string(&summary)?);
            Ok(summary.ok)
        }
        None => Ok(true),
    }
}

/// Pictures of a run: one for each page that looks different from the last.
pub struct Album {
    folder: PathBuf,
    painter: Painter,
    last: Option<View>,
    names: Vec<String>,
}

impl Album {
    /// Paints for this panel into `folder`.
    ///
    /// # Errors
    /// When nothing can be painted here.
    pub fn new(folder: &Path, config: &PanelConfig) -> anyhow::Result<Self> {
        let painter = Painter::new(panel(config)).map_err(|e| anyhow::anyhow!("{e}"))?;
        Ok(Self { folder: folder.to_owned(), painter, last: None, names: Vec::new() })
    }

    /// File names so far.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Takes a picture when the page is worth one: it is settled, and looks new.
    pub fn take(&mut self, view: &View) {
        if !worth(view) || self.last.as_ref() == Some(view) || self.names.len() >= PICTURES_MAX {
            return;
        }
        let name = format!("{:02}-{}.png", self.names.len() + 1, view.screen.name());
        let picture = self.painter.paint(view);
        let path = self.folder.join(&name);
        match save(&path, picture.width, picture.height, &picture.bytes) {
            Ok(()) => {
                self.names.push(name);
                self.last = Some(view.clone());
            }
            Err(error) => super::app::say_error(&format!("{}: {error}", path.display())),
        }
    }
}

/// Pages in the middle of an ask are left out: the next picture shows how it ended.
fn worth(view: &View) -> bool {
    match &view.screen {
        Screen::Borrow(work) | Screen::GiveBack(work) => !work.busy && !work.lines.is_empty(),
        Screen::Identify { busy, .. } => !busy,
        Screen::Loans(loans) => !loans.loading && !loans.busy,
        Screen::Finish(finish) => finish.receipt != Receipt::Printing,
        _ => !matches!(view.overlay, Some(Overlay::Warn { .. })),
    }
}

/// Writes RGBA as PNG.
fn save(path: &Path, width: u32, height: u32, bytes: &[u8]) -> anyhow::Result<()> {
    let file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(bytes)?;
    Ok(())
}
