//! One command, one answer, and the way back into step after a failure.

use std::io;
use std::time::{Duration, Instant};

use super::timing::{self, QUIET_GAP, RESPONSE_MARGIN};
use super::wire::{Command, Decoded, Decoder, Frame, Reply, Skip};
use crate::port::Port;
use crate::rfid::ReaderError;

/// Version requests sent to get back into step. Each waits [`RESPONSE_MARGIN`] and its line
/// time, together longer than any single command takes.
const SETTLE_TRIES: u32 = 3;

/// Bytes taken from the port at once.
const READ_CHUNK: usize = 256;

/// Whether an answer to an earlier command may still arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// No: the last command was answered.
    In,
    /// Yes: the line was just opened, or the last command got no good answer.
    Out,
}

/// The line to one pad.
pub(super) struct Link<P> {
    port: P,
    baud: u32,
    step: Step,
}

impl<P: Port> Link<P> {
    pub(super) fn new(port: P, baud: u32) -> Self {
        Self { port, baud, step: Step::Out }
    }

    pub(super) fn into_port(self) -> P {
        self.port
    }

    /// Sends one command and returns its answer, which may be [`Reply::Failed`].
    pub(super) fn ask(&mut self, command: &Command) -> Result<Reply, ReaderError> {
        if self.step == Step::Out {
            self.settle()?;
        }
        self.exchange(command)
    }

    /// The reader answers in the order asked and ignores what comes while it is busy, so once a
    /// version request is answered no older answer can follow. A late answer to an older
    /// version request is harmless: it has a code no other command has, and always says the same.
    fn settle(&mut self) -> Result<(), ReaderError> {
        let mut waited_ms = 0;
        let mut tries = SETTLE_TRIES;
        loop {
            tries -= 1;
            match self.exchange(&Command::Version) {
                Ok(_) => return Ok(()),
                Err(ReaderError::Silent { waited_ms: more }) if tries == 0 => {
                    return Err(ReaderError::Silent { waited_ms: waited_ms + more });
                }
                Err(ReaderError::Silent { waited_ms: more }) => waited_ms += more,
                Err(error) if tries == 0 || error.is_gone() => return Err(error),
                Err(_) => {}
            }
        }
    }

    fn exchange(&mut self, command: &Command) -> Result<Reply, ReaderError> {
        self.step = Step::Out;
        self.port.discard_input().map_err(ReaderError::Gone)?;
        let bytes = command.to_frame().emit();
        let started = Instant::now();
        let sending = timing::line_time(bytes.len(), self.baud);
        self.send(&bytes, started, sending + RESPONSE_MARGIN)?;
        let first_by = started + sending + timing::air_time(command) + RESPONSE_MARGIN;
        let all_by = first_by + timing::line_time(timing::reply_max(command), self.baud);
        let reply = Hearing { command, started, first_by, all_by, decoder: Decoder::new() }
            .listen(&mut self.port)?;
        self.step = Step::In;
        Ok(reply)
    }

    fn send(
        &mut self,
        mut bytes: &[u8],
        started: Instant,
        patience: Duration,
    ) -> Result<(), ReaderError> {
        self.port.set_timeout(patience).map_err(ReaderError::Gone)?;
        while !bytes.is_empty() {
            match self.port.write(bytes) {
                Ok(0) => return Err(ReaderError::Gone(io::ErrorKind::WriteZero.into())),
                Ok(n) => bytes = &bytes[n..],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if is_timeout(&e) => return Err(silent(started)),
                Err(e) => return Err(ReaderError::Gone(e)),
            }
        }
        self.port.flush().map_err(ReaderError::Gone)
    }
}

/// Waiting for the answer to one command.
struct Hearing<'a> {
    command: &'a Command,
    started: Instant,
    first_by: Instant,
    all_by: Instant,
    decoder: Decoder,
}

impl Hearing<'_> {
    fn listen<P: Port>(mut self, port: &mut P) -> Result<Reply, ReaderError> {
        let mut buf = [0; READ_CHUNK];
        let mut last_byte = self.started;
        let mut noise = false;
        let mut damage = None;
        loop {
            let now = Instant::now();
            let in_frame = self.decoder.pending() > 0 || damage.is_some();
            let until =
                if in_frame { self.all_by.min(last_byte + QUIET_GAP) } else { self.first_by };
            let decoded = if now < until {
                let Some(n) = read_once(port, &mut buf, until - now)? else { continue };
                last_byte = Instant::now();
                self.decoder.feed(&buf[..n])
            } else if self.decoder.pending() > 0 {
                self.decoder.flush()
            } else if let Some(what) = damage {
                return Err(ReaderError::Garbled(what));
            } else if noise {
                return Err(ReaderError::Garbled("no frame in what came"));
            } else {
                return Err(silent(self.started));
            };
            for item in decoded {
                match item {
                    Decoded::Frame(frame) => {
                        if let Some(reply) = self.consider(&frame)? {
                            return Ok(reply);
                        }
                    }
                    Decoded::Skipped { why, .. } => match why {
                        Skip::NotAStart => noise = true,
                        Skip::BadLength => damage = Some("impossible frame length"),
                        Skip::Incomplete => damage = Some("frame cut short"),
                        Skip::BadCrc => damage = Some("checksum"),
                    },
                }
            }
        }
    }

    /// `None` for a frame that answers something else.
    fn consider(&self, frame: &Frame) -> Result<Option<Reply>, ReaderError> {
        let asked = self.command.to_frame();
        if frame.start != asked.start || frame.body.first() != asked.body.first() {
            tracing::debug!(code = ?frame.body.first(), "answer to another command passed over");
            return Ok(None);
        }
        let reply = Reply::parse(frame, self.command.block_layout()).map_err(|error| {
            tracing::debug!(%error, "reply does not fit its command");
            ReaderError::Garbled("fields do not fit the command")
        })?;
        if answers(self.command, &reply) {
            Ok(Some(reply))
        } else {
            tracing::debug!("answer about something else passed over");
            Ok(None)
        }
    }
}

/// Whether everything the reply echoes is what the command said.
fn answers(command: &Command, reply: &Reply) -> bool {
    match (command, reply) {
        // Some errors carry no UID.
        (_, Reply::Failed { uid: None, .. }) => true,
        (_, Reply::Failed { uid, .. }) => command.uid().is_none() || *uid == command.uid(),
        (
            Command::ReadUids { afi, options, .. },
            Reply::Uids { afi: afi_back, options: options_back, .. },
        ) => afi == afi_back && options == options_back,
        (Command::ReadBlocks { uid, first, .. }, Reply::Blocks { uid: uid_back, blocks, .. }) => {
            uid == uid_back && blocks.first().is_none_or(|block| block.number == *first)
        }
        _ => command.uid() == reply.uid(),
    }
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

fn silent(started: Instant) -> ReaderError {
    let waited_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    ReaderError::Silent { waited_ms }
}
