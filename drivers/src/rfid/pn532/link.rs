//! One command, one answer, and the way back into step after a failure.
//!
//! A command is acknowledged at once and answered when it is done. The host ends a command by an
//! ACK of its own, and asks for a damaged frame again by a NACK (readers.md section 6).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::bus::{Bus, silent};
use super::setup::Pn532Setup;
use super::timing::{ABORT_REST, air_time, reply_room};
use super::wire::{Command, Decoded, FRAME_MAX, Frame, Reply, Retries, Skip};
use crate::rfid::ReaderError;

/// How often one command is sent until it is acknowledged. All commands here can be repeated: none
/// changes a card.
const SEND_TRIES: u32 = 3;

/// How often a damaged reply is asked for again.
const NACK_TRIES: u32 = 2;

/// Length of an ACK frame.
const ACK_ROOM: usize = 6;

/// Most items of one [`Bus::receive`] that are kept; a good exchange has four.
const WAITING_MAX: usize = 16;

/// Longest wait until the chip takes an ACK that ends its command.
const ABORT_PATIENCE: Duration = Duration::from_millis(50);

/// Code of the chip's error frame, for [`ReaderError`].
const SYNTAX_ERROR: u8 = 0x7F;

/// Whether an answer to an earlier command may still arrive, or the chip may be asleep or have
/// lost its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    In,
    Out,
}

/// What came.
enum Heard {
    Ack,
    Reply(Reply),
    SyntaxError,
    Damaged(&'static str),
    Nothing,
}

/// The line to one chip.
pub(super) struct Link<B> {
    bus: B,
    setup: Pn532Setup,
    step: Step,
    waiting: VecDeque<Decoded>,
    /// Whether the last exchange went without damage and repetition.
    smooth: bool,
}

impl<B: Bus> Link<B> {
    pub(super) fn new(bus: B, setup: Pn532Setup) -> Self {
        Self { bus, setup, step: Step::Out, waiting: VecDeque::new(), smooth: true }
    }

    /// Sends one command and returns its reply.
    pub(super) fn ask(&mut self, command: &Command) -> Result<Reply, ReaderError> {
        if self.step == Step::Out {
            self.settle()?;
        }
        let reply = self.exchange(command)?;
        // A repeated command may be answered twice; the second answer must not meet the next call.
        self.step = if self.smooth { Step::In } else { Step::Out };
        Ok(reply)
    }

    /// Ends whatever the chip still does, wakes it and sets it up.
    ///
    /// After the ACK it says nothing more of an older command, and it answers in order: once the
    /// replies to these commands, which have other codes than a listing, are here, nothing older
    /// follows.
    fn settle(&mut self) -> Result<(), ReaderError> {
        self.abort()?;
        self.bus.wake()?;
        // Normal mode; 14 (1 s) is the usual time-out of a mode that is not used; IRQ on.
        self.exchange(&Command::SamConfiguration { mode: 1, timeout: 0x14, irq: true })?;
        let passive = self.setup.passive_retries();
        // ATR for ever and PSL once are the chip's own values; nothing here uses them.
        self.exchange(&Command::SetRetries(Retries { atr: 0xFF, psl: 1, passive }))?;
        // No ATS: it only costs time on the air.
        self.exchange(&Command::SetParameters(0))?;
        Ok(())
    }

    /// Ends a running command.
    fn abort(&mut self) -> Result<(), ReaderError> {
        match self.bus.send(&Frame::Ack.emit(), Instant::now() + ABORT_PATIENCE) {
            // Asleep, perhaps: waking it comes next.
            Ok(()) | Err(ReaderError::Silent { .. }) => {}
            Err(error) => return Err(error),
        }
        std::thread::sleep(ABORT_REST);
        Ok(())
    }

    fn exchange(&mut self, command: &Command) -> Result<Reply, ReaderError> {
        self.step = Step::Out;
        self.smooth = true;
        self.waiting.clear();
        self.bus.discard()?;
        if let Some(reply) = self.deliver(command)? {
            return Ok(reply);
        }
        let result = self.await_reply(command);
        if matches!(result, Err(ReaderError::Silent { .. } | ReaderError::Garbled(_))) {
            self.abort()?;
        }
        result
    }

    /// Sends the command until it is acknowledged. A reply proves that it was heard, too.
    fn deliver(&mut self, command: &Command) -> Result<Option<Reply>, ReaderError> {
        let started = Instant::now();
        let bytes = command.to_frame().emit();
        let mut last = Heard::Nothing;
        for attempt in 0..SEND_TRIES {
            self.smooth &= attempt == 0;
            let until = Instant::now() + self.setup.ack_wait();
            self.bus.send(&bytes, until)?;
            match self.hear(command, ACK_ROOM, until)? {
                Heard::Ack => return Ok(None),
                Heard::Reply(reply) => {
                    self.smooth = false;
                    return Ok(Some(reply));
                }
                other => last = other,
            }
        }
        Err(match last {
            Heard::Damaged(what) => ReaderError::Garbled(what),
            Heard::SyntaxError => ReaderError::Unsupported { code: SYNTAX_ERROR },
            _ => silent(started),
        })
    }

    fn await_reply(&mut self, command: &Command) -> Result<Reply, ReaderError> {
        let started = Instant::now();
        let margin = self.setup.reply_margin();
        let mut until = started + air_time(command, self.setup.passive_retries()) + margin;
        let (mut nacks, mut room) = (NACK_TRIES, reply_room(command));
        loop {
            match self.hear(command, room, until)? {
                Heard::Reply(reply) => return Ok(reply),
                // Of a command that was sent twice.
                Heard::Ack => {}
                Heard::SyntaxError => {
                    return Err(ReaderError::Unsupported { code: SYNTAX_ERROR });
                }
                Heard::Damaged(what) if nacks == 0 => return Err(ReaderError::Garbled(what)),
                Heard::Damaged(_) => {
                    nacks -= 1;
                    // What is too long for the room looks damaged as well.
                    room = FRAME_MAX;
                    self.smooth = false;
                    self.waiting.clear();
                    until = Instant::now() + margin;
                    self.bus.send(&Frame::Nack.emit(), until)?;
                }
                Heard::Nothing => return Err(silent(started)),
            }
        }
    }

    /// The next thing that matters, at most until then.
    fn hear(
        &mut self,
        command: &Command,
        room: usize,
        until: Instant,
    ) -> Result<Heard, ReaderError> {
        let mut damage = None;
        loop {
            while let Some(item) = self.waiting.pop_front() {
                match consider(command, item) {
                    Some(Heard::Damaged(what)) => damage = Some(what),
                    Some(heard) => return Ok(heard),
                    None => {}
                }
            }
            if let Some(what) = damage {
                return Ok(Heard::Damaged(what));
            }
            let came = self.bus.receive(room, until)?;
            if came.is_empty() && Instant::now() >= until {
                return Ok(Heard::Nothing);
            }
            self.waiting.extend(came.into_iter().take(WAITING_MAX));
        }
    }
}

/// `None` for what does not matter.
fn consider(command: &Command, item: Decoded) -> Option<Heard> {
    let frame = match item {
        Decoded::Frame(frame) => frame,
        Decoded::Skipped { why: Skip::Padding, .. } => return None,
        Decoded::Skipped { why, .. } => return Some(Heard::Damaged(damage(why))),
    };
    match frame {
        Frame::Ack => Some(Heard::Ack),
        Frame::SyntaxError => Some(Heard::SyntaxError),
        // The chip sends none; an echo of our own.
        Frame::Nack => None,
        Frame::Info { .. } => match Reply::parse(&frame) {
            Ok(reply) if reply.answers() == command.code() => Some(Heard::Reply(reply)),
            Ok(_) => {
                tracing::debug!("answer to another command passed over");
                None
            }
            Err(super::wire::WireError::Kind) => None,
            Err(error) => {
                tracing::debug!(%error, "reply does not fit its command");
                Some(Heard::Damaged("fields do not fit the command"))
            }
        },
    }
}

fn damage(why: Skip) -> &'static str {
    match why {
        Skip::Padding | Skip::NotAStart => "no frame in what came",
        Skip::Incomplete => "frame cut short",
        Skip::BadLength => "frame length",
        Skip::BadSide => "frame identifier",
        Skip::BadChecksum => "checksum",
    }
}
