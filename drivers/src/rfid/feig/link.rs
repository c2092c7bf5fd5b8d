//! One command, one answer, and the way back into step after a failure.

use std::io;
use std::time::{Duration, Instant};

use super::profile::{ANY_READER, FeigProfile};
use super::timing::{self, QUIET_GAP, READER_MARGIN};
use super::wire::{Command, Decoded, Decoder, Frame, Reply, Skip};
use crate::port::{LineSettings, Port};
use crate::rfid::ReaderError;

/// Version requests sent to get back into step, besides those that fill TR-RESPONSE-TIME.
const SETTLE_TRIES: u128 = 3;

/// Bytes taken from the port at once.
const READ_CHUNK: usize = 512;

/// Whether an answer to an earlier command may still arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// No: the last command was answered.
    In,
    /// Yes: the line was just opened, or the last command got no good answer.
    Out,
}

/// The line to one reader.
pub(super) struct Link<P> {
    port: P,
    line: LineSettings,
    profile: FeigProfile,
    step: Step,
    /// When the reader's last byte came.
    heard: Option<Instant>,
}

impl<P: Port> Link<P> {
    pub(super) fn new(port: P, line: LineSettings, profile: FeigProfile) -> Self {
        Self { port, line, profile, step: Step::Out, heard: None }
    }

    pub(super) fn into_port(self) -> P {
        self.port
    }

    pub(super) fn profile(&self) -> &FeigProfile {
        &self.profile
    }

    /// Sends one command and returns its answer, which may be [`Reply::Failed`].
    pub(super) fn ask(&mut self, command: &Command) -> Result<Reply, ReaderError> {
        if self.step == Step::Out {
            self.settle()?;
        }
        self.exchange(command)
    }

    /// A reply names neither sub-command nor tag, so nothing about a late one shows that it is
    /// late. The reader answers in the order asked, so once a version request is answered no
    /// older answer can follow. A late answer to an older version request is harmless: it has a
    /// code no other command has, and always says the same.
    ///
    /// Each try waits [`READER_MARGIN`] and its line time; together they outlast the reader's
    /// longest work.
    fn settle(&mut self) -> Result<(), ReaderError> {
        let longest = Duration::from_millis(u64::from(self.profile.response_time_ms));
        let mut tries = SETTLE_TRIES + longest.as_millis() / READER_MARGIN.as_millis();
        let mut waited_ms = 0;
        loop {
            tries -= 1;
            match self.exchange(&Command::SoftwareVersion) {
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
        self.keep_gap();
        self.port.discard_input().map_err(ReaderError::Gone)?;
        let bytes = command.to_frame(self.profile.frame, self.profile.address).emit();
        let started = Instant::now();
        let sending = timing::line_time(bytes.len(), self.line);
        self.send(&bytes, started, sending + READER_MARGIN)?;
        let first_by = started + sending + timing::answer_time(command, &self.profile);
        let all_by = first_by + timing::line_time(timing::reply_max(command), self.line);
        let mut hearing = Hearing {
            command,
            address: self.profile.address,
            started,
            first_by,
            all_by,
            last_byte: None,
            decoder: Decoder::new(),
        };
        let heard = hearing.listen(&mut self.port);
        self.heard = hearing.last_byte.or(self.heard);
        let reply = heard?;
        self.step = Step::In;
        Ok(reply)
    }

    /// A command that comes sooner than PSST after an answer is lost (readers.md 2.2).
    fn keep_gap(&self) {
        let Some(heard) = self.heard else { return };
        let psst = Duration::from_millis(u64::from(self.profile.psst_ms));
        let left = (heard + psst).saturating_duration_since(Instant::now());
        if !left.is_zero() {
            std::thread::sleep(left);
        }
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
                Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
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
    address: u8,
    started: Instant,
    first_by: Instant,
    all_by: Instant,
    last_byte: Option<Instant>,
    decoder: Decoder,
}

impl Hearing<'_> {
    fn listen<P: Port>(&mut self, port: &mut P) -> Result<Reply, ReaderError> {
        let mut buf = [0; READ_CHUNK];
        let mut noise = false;
        let mut damage = None;
        loop {
            let now = Instant::now();
            let until = match self.last_byte {
                Some(last) if self.decoder.pending() > 0 || damage.is_some() => {
                    self.all_by.min(last + QUIET_GAP)
                }
                _ => self.first_by,
            };
            let decoded = if now < until {
                let Some(n) = read_once(port, &mut buf, until - now)? else { continue };
                self.last_byte = Some(Instant::now());
                self.decoder.feed(buf.get(..n).unwrap_or_default())
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

    /// `None` for a frame that answers something else or comes from another reader.
    fn consider(&self, frame: &Frame) -> Result<Option<Reply>, ReaderError> {
        let of_reader = self.address == ANY_READER || self.address == frame.address;
        if !of_reader || frame.body.first() != Some(&self.command.code()) {
            tracing::debug!(code = ?frame.body.first(), "answer to another command passed over");
            return Ok(None);
        }
        Reply::parse(frame, self.command).map(Some).map_err(|error| {
            tracing::debug!(%error, "reply does not fit its command");
            ReaderError::Garbled("fields do not fit the command")
        })
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
