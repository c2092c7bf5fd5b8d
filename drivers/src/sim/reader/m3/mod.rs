//! A 3M 210/810 pad (readers.md section 3).

mod frames;
mod machine;

use std::time::Instant;

use self::frames::{Ear, Heard, say};
use super::protocol::{Protocol, Step};
use crate::sim::field::Field;

/// Usual speed of the line, bit/s (readers.md section 3).
pub const BAUD: u32 = 19_200;

/// Bit times per byte, 8N1.
pub(super) const BITS_PER_BYTE: u32 = 10;

/// The pad's side of the line.
#[derive(Debug, Default)]
pub(super) struct M3Pad {
    ear: Ear,
}

impl Protocol for M3Pad {
    fn hear(&mut self, byte: u8, now: Instant) -> Option<Vec<u8>> {
        let Heard { start, body } = self.ear.hear(byte, now)?;
        Some([&[start], &body[..]].concat())
    }

    fn answer(&mut self, command: &[u8], field: &mut Field) -> Vec<Step> {
        let Some((&start, body)) = command.split_first() else { return Vec::new() };
        let answer = machine::answer(&Heard { start, body: body.to_vec() }, field);
        vec![Step::new(answer.air, say(answer.start, &answer.body))]
    }

    fn power_off(&mut self) {
        self.ear = Ear::default();
    }
}
