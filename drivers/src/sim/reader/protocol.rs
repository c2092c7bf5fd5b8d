//! What makes one reader model's simulator: its bytes. Line, faults and control are shared.

use std::time::{Duration, Instant};

use crate::sim::field::Field;

/// Bytes the reader says, after a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Time on the air, and whatever else the reader does before it speaks; counted from the end
    /// of the command or of the step before.
    pub after: Duration,
    /// What it says then; may be empty.
    pub bytes: Vec<u8>,
}

impl Step {
    /// So many bytes after so much time.
    #[must_use]
    pub fn new(after: Duration, bytes: Vec<u8>) -> Self {
        Self { after, bytes }
    }
}

/// What a byte does that comes while the reader is busy with a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhileBusy {
    /// It is lost, as on most readers.
    Lost,
    /// It ends the command; the steps that are left are not said.
    Aborts,
}

/// One reader model's side of the line.
///
/// Written apart from the driver's codec: a shared one would hide its own mistakes.
pub trait Protocol: Send {
    /// Takes one byte. When it completes a command, that command, framing removed, in whatever
    /// form [`Protocol::answer`] understands. Damaged commands are swallowed as the device does.
    fn hear(&mut self, byte: u8, now: Instant) -> Option<Vec<u8>>;

    /// Does a command and says what is answered; no steps for a command without an answer. Every
    /// operation of the field takes effect at once; its time goes into [`Step::after`].
    fn answer(&mut self, command: &[u8], field: &mut Field) -> Vec<Step>;

    /// Whether it has something to say by itself now, and does not wait for a quiet line.
    fn speaks(&self) -> bool {
        false
    }

    /// What the reader says by itself, as in continuous reading. Asked whenever the line is idle.
    fn unasked(&mut self, field: &mut Field) -> Vec<Step> {
        let _ = field;
        Vec::new()
    }

    /// The last byte of an answer went out; `end` is when the line had carried it.
    fn said(&mut self, end: Instant) {
        let _ = end;
    }

    /// Takes one byte that came between the steps of an answer.
    fn hear_busy(&mut self, byte: u8) -> WhileBusy {
        let _ = byte;
        WhileBusy::Lost
    }

    /// The plug was pulled: what it remembered of a command, and settings that do not outlast
    /// power, are gone.
    fn power_off(&mut self);
}
