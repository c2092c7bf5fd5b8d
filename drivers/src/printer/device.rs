//! The thread around the spooler: port, clock, bounded channels.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, ErrorKind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::compose::{ComposeError, Composer};
use super::font::Fonts;
use super::job::{Job, JobId, JobIds};
use super::profile::Profile;
use super::slip::Slip;
use super::spooler::{Effect, Feedback, Health, Input, Outcome, Phase, Spooler};
use super::status::Paper;
use crate::port::{LineSettings, Port, PortSpec, Tap, Tapped};

/// Commands waiting for the thread at most.
pub const COMMANDS_MAX: usize = 16;
/// Longest wait for the thread when a handle is dropped; opening a TCP port may take 3 s.
pub const STOP_WAIT: Duration = Duration::from_secs(5);
/// Longest sleep: how late a command or a stop is noticed.
const TURN: Duration = Duration::from_millis(50);
/// Read wait while bytes are still to be written.
const TURN_WRITING: Duration = Duration::from_millis(1);
/// Bytes handed to the port at once.
const WRITE_CHUNK: usize = 1024;
/// Bytes written before replies are looked at.
const WRITE_TURN_MAX: usize = 16 * 1024;

/// What a printer reports. Called on the printer's thread: must not block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrinterEvent {
    /// A job's one outcome.
    Outcome {
        /// Which job, as returned by [`PrinterHandle::submit`].
        id: JobId,
        /// What became of it.
        outcome: Outcome,
    },
    /// The condition changed.
    Health(Health),
    /// The roll is near its end; once per roll.
    PaperLow,
}

/// Receives events.
pub type EventSink = Box<dyn Fn(PrinterEvent) + Send>;

/// Opens the link anew at each try.
pub type Opener = Box<dyn Fn(Duration) -> io::Result<Box<dyn Port>> + Send>;

/// A slip that was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It cannot become a job.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The printer's thread has more commands than it can take.
    #[error("{COMMANDS_MAX} printer commands are waiting already")]
    Busy,
    /// The thread has ended.
    #[error("the printer driver has stopped")]
    Stopped,
}

/// A printer that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The profile needs a font.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// No thread.
    #[error("no thread for the printer: {0}")]
    Thread(#[from] io::Error),
}

enum Command {
    Submit(Job),
    Retry,
}

/// How a read of zero bytes is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZeroRead {
    /// The other end is gone (TCP, serial).
    Gone,
    /// Nothing to read (kernel printer devices answer so).
    Nothing,
}

/// A running printer. Dropping it stops the thread; open jobs get their outcome first.
pub struct PrinterHandle {
    commands: Option<SyncSender<Command>>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
    composer: Composer,
    ids: Mutex<JobIds>,
    health: Arc<Mutex<Health>>,
}

impl fmt::Debug for PrinterHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrinterHandle({:?})", self.health())
    }
}

impl PrinterHandle {
    /// Starts the thread for the printer at `spec`. It reconnects by itself for ever.
    ///
    /// # Errors
    /// [`StartError`] when the profile needs a font that is not there, or there is no thread.
    /// A printer that cannot be reached is no error: it shows in the health.
    pub fn start(
        spec: PortSpec,
        profile: Profile,
        fonts: Fonts,
        tap: Option<Tap>,
        events: EventSink,
    ) -> Result<Self, StartError> {
        let zero = match &spec {
            PortSpec::Lp(_) => ZeroRead::Nothing,
            _ => ZeroRead::Gone,
        };
        let baud = profile.baud;
        let opener = Box::new(move |timeout| {
            let port = spec.open(LineSettings::new(baud), timeout).map_err(|error| {
                tracing::debug!(%error, "printer link");
                error.source
            })?;
            Ok(match &tap {
                Some(tap) => Box::new(Tapped::new(port, Arc::clone(tap))) as Box<dyn Port>,
                None => port,
            })
        });
        Self::start_with(opener, zero, profile, fonts, events)
    }

    /// As [`PrinterHandle::start`], over any transport.
    ///
    /// # Errors
    /// As there.
    pub fn start_with(
        opener: Opener,
        zero: ZeroRead,
        profile: Profile,
        fonts: Fonts,
        events: EventSink,
    ) -> Result<Self, StartError> {
        let spooler = Spooler::new(profile.status, profile.end_marker, Instant::now());
        let composer = Composer::new(profile, fonts)?;
        let health = Arc::new(Mutex::new(Health {
            phase: Phase::Absent,
            paper: Paper::Adequate,
            feedback: Feedback::Answers,
        }));
        let (commands, receiver) = sync_channel(COMMANDS_MAX);
        let (ending, ended) = sync_channel(1);
        let shell = Shell {
            spooler,
            opener,
            zero,
            events,
            port: None,
            out: Vec::new(),
            out_at: 0,
            health: Arc::clone(&health),
        };
        let thread = std::thread::Builder::new().name("printer".to_owned()).spawn(move || {
            shell.run(&receiver);
            drop(ending);
        })?;
        let boot = RandomState::new().build_hasher().finish();
        let ids = Mutex::new(JobIds::new(u32::try_from(boot >> 32).unwrap_or(0)));
        Ok(Self { commands: Some(commands), ended, thread: Some(thread), composer, ids, health })
    }

    /// Composes a slip and hands it to the printer. The outcome comes as an event, exactly once.
    ///
    /// # Errors
    /// [`SubmitError`]; no event follows then.
    pub fn submit(&self, slip: &Slip) -> Result<JobId, SubmitError> {
        let id = self.ids.lock().unwrap_or_else(PoisonError::into_inner).next_id();
        let job = self.composer.compose(slip, id)?;
        self.send(Command::Submit(job))?;
        Ok(id)
    }

    /// Staff have looked after the printer: try again at once.
    ///
    /// # Errors
    /// [`SubmitError::Busy`] or [`SubmitError::Stopped`].
    pub fn retry(&self) -> Result<(), SubmitError> {
        self.send(Command::Retry)
    }

    fn send(&self, command: Command) -> Result<(), SubmitError> {
        use std::sync::mpsc::TrySendError;
        let commands = self.commands.as_ref().ok_or(SubmitError::Stopped)?;
        commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => SubmitError::Busy,
            TrySendError::Disconnected(_) => SubmitError::Stopped,
        })
    }

    /// The printer's condition now.
    #[must_use]
    pub fn health(&self) -> Health {
        *self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The profile in use.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        self.composer.profile()
    }
}

impl Drop for PrinterHandle {
    fn drop(&mut self) {
        self.commands = None;
        // The sender in the thread is dropped at its end; a thread held by a port is left behind.
        if self.ended.recv_timeout(STOP_WAIT) != Err(RecvTimeoutError::Timeout)
            && let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the printer thread panicked");
        }
    }
}

struct Shell {
    spooler: Spooler,
    opener: Opener,
    zero: ZeroRead,
    events: EventSink,
    port: Option<Box<dyn Port>>,
    out: Vec<u8>,
    out_at: usize,
    health: Arc<Mutex<Health>>,
}

impl Shell {
    fn run(mut self, commands: &Receiver<Command>) {
        loop {
            loop {
                match commands.try_recv() {
                    Ok(Command::Submit(job)) => self.input(Input::Submit(job)),
                    Ok(Command::Retry) => self.input(Input::Retry),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return self.input(Input::Stop),
                }
            }
            if self.port.is_some() {
                self.write_turn();
                self.read_turn();
            } else {
                match commands.recv_timeout(self.pause()) {
                    Ok(Command::Submit(job)) => self.input(Input::Submit(job)),
                    Ok(Command::Retry) => self.input(Input::Retry),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return self.input(Input::Stop),
                }
            }
            self.input(Input::Tick);
        }
    }

    /// Time until the spooler wants a tick, within [`TURN`].
    fn pause(&self) -> Duration {
        let until =
            self.spooler.deadline().map_or(TURN, |at| at.saturating_duration_since(Instant::now()));
        until.clamp(TURN_WRITING, TURN)
    }

    fn input(&mut self, input: Input<'_>) {
        self.spooler.handle(input, Instant::now());
        while let Some(effect) = self.spooler.poll_effect() {
            self.effect(effect);
        }
    }

    fn effect(&mut self, effect: Effect) {
        match effect {
            Effect::Open => {
                let opened = (self.opener)(TURN);
                self.forget_writes();
                let up = opened.is_ok();
                self.port = opened.ok();
                let input = if up { Input::LinkUp } else { Input::LinkDown };
                self.spooler.handle(input, Instant::now());
            }
            Effect::Close => {
                self.port = None;
                self.forget_writes();
            }
            Effect::Write(bytes) => self.out.extend_from_slice(&bytes),
            Effect::DropWrites => self.forget_writes(),
            Effect::Outcome { id, outcome } => {
                tracing::info!(%id, ?outcome, "slip");
                (self.events)(PrinterEvent::Outcome { id, outcome });
            }
            Effect::Health(health) => {
                tracing::info!(?health, "printer");
                *self.health.lock().unwrap_or_else(PoisonError::into_inner) = health;
                (self.events)(PrinterEvent::Health(health));
            }
            Effect::PaperLow => (self.events)(PrinterEvent::PaperLow),
        }
    }

    fn forget_writes(&mut self) {
        self.out.clear();
        self.out_at = 0;
    }

    fn lost(&mut self) {
        self.port = None;
        self.forget_writes();
        self.input(Input::LinkDown);
    }

    fn write_turn(&mut self) {
        let mut budget = WRITE_TURN_MAX;
        while self.out_at < self.out.len() && budget > 0 {
            let Some(port) = &mut self.port else { return };
            let end = self.out.len().min(self.out_at + WRITE_CHUNK.min(budget));
            let wait = port.set_timeout(TURN);
            match wait.and_then(|()| port.write(&self.out[self.out_at..end])) {
                Ok(0) => return,
                Ok(count) => {
                    self.out_at += count;
                    budget = budget.saturating_sub(count);
                    if self.out_at >= self.out.len() {
                        self.forget_writes();
                    }
                    self.input(Input::Written(count));
                }
                Err(error) if nothing_yet(&error) => return,
                Err(error) => {
                    tracing::warn!(%error, "writing to the printer");
                    return self.lost();
                }
            }
        }
    }

    fn read_turn(&mut self) {
        let wait = if self.out_at < self.out.len() { TURN_WRITING } else { self.pause() };
        let mut buf = [0; 512];
        let Some(port) = &mut self.port else { return };
        match port.set_timeout(wait).and_then(|()| port.read(&mut buf)) {
            Ok(0) if self.zero == ZeroRead::Nothing => std::thread::sleep(wait),
            Ok(0) => self.lost(),
            Ok(count) => self.input(Input::Bytes(&buf[..count])),
            Err(error) if nothing_yet(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "reading from the printer");
                self.lost();
            }
        }
    }
}

/// Errors that only mean "not now". `StorageFull` is how usblp says paper out (1.5).
fn nothing_yet(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::TimedOut
            | ErrorKind::WouldBlock
            | ErrorKind::Interrupted
            | ErrorKind::StorageFull
    )
}
