//! One command, one answer; the stream of continuous reading; the way back into step.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use super::timing::{self, QUIET_GAP, RESPONSE_MARGIN};
use super::wire::{Command, Decoded, Decoder, Frame, Reply, Side, Skip};
use crate::port::Port;
use crate::rfid::ReaderError;

/// Stop commands sent to get back into step, each waited for longer than any search lasts.
const SETTLE_TRIES: u32 = 2;

/// Bytes taken from the port at once; also bounds the frames that wait, 37 of the shortest.
const READ_CHUNK: usize = 256;

/// Whether an answer to an earlier command, or a record, may still arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// No: the last command was answered.
    In,
    /// Yes: the line was just opened, or the last command got no good answer.
    Out,
}

/// The line to one module.
pub(super) struct Link<P> {
    port: P,
    baud: u32,
    step: Step,
    ear: Ear,
}

/// What has come and not been taken.
struct Ear {
    decoder: Decoder,
    ready: VecDeque<Frame>,
    damage: Option<&'static str>,
    noise: bool,
    last_byte: Instant,
}

impl Ear {
    fn new() -> Self {
        Self {
            decoder: Decoder::new(Side::Module),
            ready: VecDeque::new(),
            damage: None,
            noise: false,
            last_byte: Instant::now(),
        }
    }

    fn take(&mut self, decoded: Vec<Decoded>) {
        for item in decoded {
            match item {
                Decoded::Frame(frame) => self.ready.push_back(frame),
                Decoded::Skipped { why, .. } => match why {
                    Skip::NotAStart => self.noise = true,
                    Skip::Incomplete => self.damage = Some("frame cut short"),
                    Skip::BadCrc => self.damage = Some("checksum"),
                },
            }
        }
    }
}

impl<P: Port> Link<P> {
    pub(super) fn new(port: P, baud: u32) -> Self {
        Self { port, baud, step: Step::Out, ear: Ear::new() }
    }

    pub(super) fn into_port(self) -> P {
        self.port
    }

    /// Whether every command so far was answered.
    pub(super) fn in_step(&self) -> bool {
        self.step == Step::In
    }

    /// Ends whatever the module may be doing. It answers in the order asked, and the version
    /// asked last has a code of its own, so nothing older follows its answer. Gives that answer.
    pub(super) fn settle(&mut self) -> Result<Reply, ReaderError> {
        let mut waited_ms = 0;
        let mut tries = SETTLE_TRIES;
        loop {
            tries -= 1;
            let stopped = self.ask(&Command::StopReading);
            match stopped.and_then(|_| self.ask(&Command::Version)) {
                Err(ReaderError::Silent { waited_ms: more }) if tries == 0 => {
                    return Err(ReaderError::Silent { waited_ms: waited_ms + more });
                }
                Err(ReaderError::Silent { waited_ms: more }) => waited_ms += more,
                Err(error) if tries == 0 || error.is_gone() => return Err(error),
                Err(_) => {}
                Ok(version) => return Ok(version),
            }
        }
    }

    /// Sends one command and returns its answer, which may be [`Reply::Failed`].
    pub(super) fn ask(&mut self, command: &Command) -> Result<Reply, ReaderError> {
        self.step = Step::Out;
        self.port.discard_input().map_err(ReaderError::Gone)?;
        self.ear = Ear::new();
        let started = Instant::now();
        let sending = self.send(command)?;
        let first_by = started + sending + timing::work_time(command) + RESPONSE_MARGIN;
        let all_by = first_by + timing::frame_time(self.baud);
        loop {
            match self.hear(first_by, all_by)? {
                Some(frame) => {
                    if let Some(reply) = consider(command, &frame)? {
                        self.step = Step::In;
                        return Ok(reply);
                    }
                }
                None => return Err(self.nothing(started)),
            }
        }
    }

    fn nothing(&self, started: Instant) -> ReaderError {
        match self.ear.damage {
            Some(what) => ReaderError::Garbled(what),
            None if self.ear.noise => ReaderError::Garbled("no frame in what came"),
            None => silent(started),
        }
    }

    /// Tells the module to stop; what it still says comes out of [`Link::next`]. Until
    /// [`Link::stopped`] is called the line counts as out of step.
    pub(super) fn stop(&mut self) -> Result<(), ReaderError> {
        self.step = Step::Out;
        self.send(&Command::StopReading).map(|_| ())
    }

    /// The answer to [`Link::stop`] was heard.
    pub(super) fn stopped(&mut self) {
        self.step = Step::In;
    }

    /// The next frame of a stream; `None` when none came until then. Damage is passed over: what
    /// it hid is said again in the next search.
    pub(super) fn next(&mut self, until: Instant) -> Result<Option<Reply>, ReaderError> {
        while let Some(frame) = self.hear(until, until)? {
            match Reply::parse(&frame) {
                Ok(reply) => return Ok(Some(reply)),
                Err(error) => tracing::debug!(%error, "a frame of the stream does not fit"),
            }
        }
        Ok(None)
    }

    /// The next good frame. `None` once `first_by` has passed with nothing begun, or `all_by`, or
    /// a gap after damage.
    fn hear(&mut self, first_by: Instant, all_by: Instant) -> Result<Option<Frame>, ReaderError> {
        let mut buf = [0; READ_CHUNK];
        loop {
            if let Some(frame) = self.ear.ready.pop_front() {
                return Ok(Some(frame));
            }
            let now = Instant::now();
            let streaming = first_by == all_by;
            let in_frame =
                self.ear.decoder.pending() > 0 || (self.ear.damage.is_some() && !streaming);
            let until = match in_frame {
                true => all_by.min(self.ear.last_byte + QUIET_GAP),
                false => first_by,
            };
            if now < until {
                if let Some(n) = read_once(&mut self.port, &mut buf, until - now)? {
                    self.ear.last_byte = Instant::now();
                    let decoded = self.ear.decoder.feed(buf.get(..n).unwrap_or(&buf));
                    self.ear.take(decoded);
                }
            } else if self.ear.decoder.pending() > 0 {
                let decoded = self.ear.decoder.flush();
                self.ear.take(decoded);
            } else if !streaming || now >= first_by {
                return Ok(None);
            }
        }
    }

    fn send(&mut self, command: &Command) -> Result<Duration, ReaderError> {
        let frame = command.to_frame().emit();
        let started = Instant::now();
        let sending = timing::line_time(frame.len(), self.baud);
        let mut bytes = &frame[..];
        self.port.set_timeout(sending + RESPONSE_MARGIN).map_err(ReaderError::Gone)?;
        while !bytes.is_empty() {
            match self.port.write(bytes) {
                Ok(0) => return Err(ReaderError::Gone(io::ErrorKind::WriteZero.into())),
                Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if is_timeout(&e) => return Err(silent(started)),
                Err(e) => return Err(ReaderError::Gone(e)),
            }
        }
        self.port.flush().map_err(ReaderError::Gone)?;
        Ok(sending)
    }
}

/// `None` for a frame that answers something else.
fn consider(command: &Command, frame: &Frame) -> Result<Option<Reply>, ReaderError> {
    if frame.op != command.code() {
        tracing::debug!(op = frame.op, "frame that answers another command passed over");
        return Ok(None);
    }
    let reply = Reply::parse(frame).map_err(|error| {
        tracing::debug!(%error, "answer does not fit its command");
        ReaderError::Garbled("fields do not fit the command")
    })?;
    let fits = match (command, &reply) {
        // A module that was not reading may say so in its own way; only the other half of the
        // pair is no answer.
        (Command::StopReading, Reply::Started) | (Command::StartReading { .. }, Reply::Stopped) => {
            false
        }
        (Command::ReadMultiple { .. }, Reply::Tag { .. } | Reply::Report(_)) => false,
        _ => true,
    };
    Ok(fits.then_some(reply))
}

/// `None` when nothing came within `patience`.
fn read_once<P: Port>(
    port: &mut P,
    buf: &mut [u8],
    patience: Duration,
) -> Result<Option<usize>, ReaderError> {
    port.set_timeout(patience.max(Duration::from_millis(1))).map_err(ReaderError::Gone)?;
    match port.read(buf) {
        Ok(0) => Err(ReaderError::Gone(io::ErrorKind::UnexpectedEof.into())),
        Ok(n) => Ok(Some(n)),
        Err(e) if is_timeout(&e) || e.kind() == io::ErrorKind::Interrupted => Ok(None),
        Err(e) => Err(ReaderError::Gone(e)),
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

pub(super) fn silent(started: Instant) -> ReaderError {
    let waited_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    ReaderError::Silent { waited_ms }
}
