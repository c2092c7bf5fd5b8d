//! A ThingMagic UHF module, as a Nano (readers.md section 5 and the logs of S7).
//!
//! It starts in its boot loader, and again after the plug was pulled.

mod frames;
mod machine;
mod search;

use std::time::{Duration, Instant};

use self::frames::{Ear, say};
use self::machine::{Done, Machine};
use super::protocol::{Protocol, Step, WhileBusy};
use crate::sim::field::Field;

/// Usual speed of the line, bit/s (readers.md 5.1).
pub const BAUD: u32 = 115_200;

/// Bit times per byte, 8N1.
pub(super) const BITS_PER_BYTE: u32 = 10;

/// `2F`, no time-out, "stop".
const STOP: [u8; 4] = [0x2F, 0x00, 0x00, 0x02];

/// The module's side of the line.
#[derive(Debug, Default)]
pub(super) struct Module {
    ear: Ear,
    machine: Machine,
    /// Stop was heard inside a search; it is answered at its end (captured).
    stop_heard: bool,
}

/// Time of one byte on the line at its usual speed.
fn byte_time() -> Duration {
    Duration::from_secs(1) * BITS_PER_BYTE / BAUD
}

impl Protocol for Module {
    fn hear(&mut self, byte: u8, now: Instant) -> Option<Vec<u8>> {
        self.ear.hear(byte, now)
    }

    fn answer(&mut self, command: &[u8], field: &mut Field) -> Vec<Step> {
        let Some((&code, data)) = command.split_first() else { return Vec::new() };
        if command == STOP {
            self.stop_heard = false;
        } else if self.machine.is_reading() {
            // What a module does with other commands while it reads is UNCONFIRMED.
            return Vec::new();
        }
        let Done { status, data, time } = self.machine.answer(code, data, field);
        vec![Step::new(time, say(code, status, &data))]
    }

    fn speaks(&self) -> bool {
        self.machine.is_reading()
    }

    fn unasked(&mut self, field: &mut Field) -> Vec<Step> {
        if !self.machine.is_reading() {
            return Vec::new();
        }
        if std::mem::take(&mut self.stop_heard) {
            return self.answer(&STOP, field);
        }
        let mut steps = Vec::new();
        // Records go over the line while the search goes on.
        let mut line_free = Duration::ZERO;
        for (at, status, data) in self.machine.search_and_tell(field) {
            let bytes = say(0x22, status, &data);
            let length = byte_time() * bytes.len() as u32;
            steps.push(Step::new(at.saturating_sub(line_free), bytes));
            line_free = line_free.max(at) + length;
        }
        steps
    }

    fn hear_busy(&mut self, byte: u8) -> WhileBusy {
        if self.ear.hear(byte, Instant::now()).is_some_and(|command| command == STOP) {
            self.stop_heard = self.machine.is_reading();
        }
        WhileBusy::Lost
    }

    fn power_off(&mut self) {
        *self = Self::default();
    }
}
