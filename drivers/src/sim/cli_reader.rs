//! `jiehuan-sim reader`: the pad as a program.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use super::listen::{ListenError, ListenSpec};
use super::reader::feig::{FeigClass, FeigOptions};
use super::reader::{self, LINE_MAX, Model, Next, ReaderSim, ReaderSimConfig, SimError};
use super::tags::{self, TagsError};
use crate::port::PortSpec;

/// A control client that says nothing for so long is let go, so that the next can come.
const CONTROL_IDLE: Duration = Duration::from_secs(600);

/// Simulate an RFID reader with tags on it.
///
/// Prints one line when it listens. Then it does control lines from standard input (and from the
/// control socket): lay ID..., lift ID..., pad, fault NAME ARGS, clear, tag ID, commands, quit.
/// Exit codes: 0 ended by `quit`, 1 could not start, 2 wrong arguments.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Reader model.
    #[arg(long)]
    pub model: Model,
    /// FEIG: cpr lists 4 tags at most, mr is a book pad.
    #[arg(long, value_enum, default_value_t)]
    pub feig_class: FeigClass,
    /// FEIG: whether blocks go over the line with their last byte first.
    #[arg(long, default_value_t = true, num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub feig_swap_blocks: bool,
    /// Everything else.
    #[command(flatten)]
    pub common: Common,
}

/// Simulate an NXP PN5180 as SPI over a socket (docs/pn5180-socket.md).
///
/// Like `reader --model pn5180`: the same control lines and exit codes.
#[derive(Debug, clap::Args)]
pub struct Pn5180Args {
    /// What every simulated reader takes.
    #[command(flatten)]
    pub common: Common,
}

impl From<Pn5180Args> for Args {
    fn from(args: Pn5180Args) -> Self {
        Self {
            model: Model::Pn5180,
            feig_class: FeigClass::default(),
            feig_swap_blocks: true,
            common: args.common,
        }
    }
}

/// Arguments of every simulated reader.
#[derive(Debug, clap::Args)]
pub struct Common {
    /// Where to listen: tcp:HOST:PORT (port 0 takes a free one) or pty:PATH.
    #[arg(long)]
    pub listen: ListenSpec,
    /// Tags file (docs/tags-file.md).
    #[arg(long)]
    pub tags: PathBuf,
    /// How many times faster than real; 1 is honest.
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where to take control lines besides standard input: tcp:HOST:PORT.
    #[arg(long)]
    pub control: Option<ListenSpec>,
}

/// Why the program could not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The tags file.
    #[error(transparent)]
    Tags(#[from] TagsError),
    /// The simulator.
    #[error(transparent)]
    Sim(#[from] SimError),
    /// The control address.
    #[error(transparent)]
    Control(#[from] ListenError),
    /// Control lines come by TCP only.
    #[error("--control {0} is not possible: write tcp:HOST:PORT")]
    ControlKind(ListenSpec),
    /// Standard output or a thread failed.
    #[error("the simulator cannot go on: {0}")]
    Io(#[from] io::Error),
}

/// Runs until a `quit` line. The end of standard input does not end it.
///
/// # Errors
/// [`RunError`], which says what to do.
pub fn run(args: &Args) -> Result<(), RunError> {
    let common = &args.common;
    let tags = tags::read(&common.tags)?;
    let config = ReaderSimConfig {
        speed: common.speed,
        seed: common.seed,
        feig: FeigOptions {
            class: args.feig_class,
            swap_blocks: args.feig_swap_blocks,
            ..FeigOptions::default()
        },
        ..ReaderSimConfig::new(args.model, common.listen.clone())
    };
    let control = common.control.as_ref().map(bind_control).transpose()?;
    let sim = Arc::new(ReaderSim::start(&config, tags)?);
    say_where(args, &sim, control.as_ref().map(|(_, addr)| *addr))?;

    let (quit, quitting) = mpsc::sync_channel(1);
    if let Some((listener, _)) = control {
        let (sim, quit) = (Arc::clone(&sim), quit.clone());
        thread::Builder::new()
            .name("sim-control".into())
            .spawn(move || serve_control(&listener, &sim, &quit))?;
    }
    let for_stdin = Arc::clone(&sim);
    thread::Builder::new().name("sim-stdin".into()).spawn(move || {
        serve_lines(io::stdin().lock(), io::stdout(), &for_stdin, &quit);
        // Kept so that the end of standard input does not look like `quit`.
        thread::park();
        drop(quit);
    })?;
    wait_for_quit(&quitting);
    // The threads hold the simulator too; unplugging gives address and path free before the end.
    sim.set_fault(reader::Fault::Unplugged)?;
    Ok(())
}

fn wait_for_quit(quitting: &Receiver<()>) {
    // An error would mean that nobody can say `quit` any more.
    let _ = quitting.recv();
}

fn say_where(args: &Args, sim: &ReaderSim, control: Option<SocketAddr>) -> io::Result<()> {
    let mut line = format!("listening {}", sim.port_spec());
    if let Some(addr) = control {
        line += &format!(" control {}", PortSpec::Tcp(addr.to_string()));
    }
    line +=
        &format!(" model {} speed {} seed {}", args.model.name(), args.common.speed, sim.seed());
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn bind_control(spec: &ListenSpec) -> Result<(TcpListener, SocketAddr), RunError> {
    let ListenSpec::Tcp(addr) = spec else { return Err(RunError::ControlKind(spec.clone())) };
    let failed = |source| ListenError::Tcp { addr: addr.clone(), source };
    let addrs: Vec<SocketAddr> = addr.to_socket_addrs().map_err(failed)?.collect();
    let listener = TcpListener::bind(&addrs[..]).map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    Ok((listener, addr))
}

/// One control client after the other.
fn serve_control(listener: &TcpListener, sim: &ReaderSim, quit: &SyncSender<()>) {
    for client in listener.incoming().flatten() {
        if let Err(error) = serve_client(&client, sim, quit) {
            tracing::debug!(%error, "control client lost");
        }
    }
}

fn serve_client(client: &TcpStream, sim: &ReaderSim, quit: &SyncSender<()>) -> io::Result<()> {
    client.set_read_timeout(Some(CONTROL_IDLE))?;
    client.set_write_timeout(Some(CONTROL_IDLE))?;
    client.set_nodelay(true)?;
    serve_lines(BufReader::new(client), client, sim, quit);
    Ok(())
}

/// Answers each line by one line until the lines end, the other side is gone, or `quit`.
fn serve_lines(
    mut lines: impl BufRead,
    mut out: impl Write,
    sim: &ReaderSim,
    quit: &SyncSender<()>,
) {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = lines.by_ref().take(LINE_MAX as u64).read_until(b'\n', &mut line);
        if !matches!(read, Ok(1..)) {
            return;
        }
        let text = String::from_utf8_lossy(&line);
        if text.trim().is_empty() {
            continue;
        }
        let (answer, next) = reader::control(sim, &text);
        // One write, so that two sources of lines do not mix their answers.
        let sent = out.write_all(format!("{answer}\n").as_bytes()).and_then(|()| out.flush());
        if next == Next::Quit {
            // A full channel means that somebody said it already.
            let _ = quit.try_send(());
            return;
        }
        if sent.is_err() {
            return;
        }
    }
}
