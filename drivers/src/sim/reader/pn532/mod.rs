//! A PN532 (readers.md section 6): on a serial line as a [`Protocol`], on I2C and SPI inside a test
//! through the traits of embedded-hal ([`Bench`]).

mod bench;
mod frames;
mod machine;

use std::time::{Duration, Instant};

pub use self::bench::{Bench, SimI2c, SimIrq, SimSpi};
use self::frames::{ACK, ERROR, Ear, Heard, say};
use self::machine::{Call, Machine, Outcome};
use super::protocol::{Protocol, Step, WhileBusy};
use crate::sim::field::Field;

/// Usual speed of the line, bit/s.
pub const BAUD: u32 = 115_200;

/// Bit times per byte, 8N1.
pub(super) const BITS_PER_BYTE: u32 = 10;

/// From the end of a command to its acknowledge. UNCONFIRMED; the limit is 15 ms.
const ACK_DELAY: Duration = Duration::from_millis(1);

/// From the acknowledge to the reply of a command that needs no card. UNCONFIRMED.
const THINKING: Duration = Duration::from_millis(1);

/// Rising edges on the line that wake the chip: one `55` byte has five (with its stop bit), a zero
/// byte one. That five are needed is UNCONFIRMED; 55 55 (libnfc) and ten zeros (nfcpy) both wake it.
const WAKE_EDGES: u32 = 5;

/// The chip's side of the serial line.
#[derive(Debug, Default)]
pub(super) struct Pn532 {
    machine: Machine,
    ear: Ear,
    /// Rising edges heard while asleep.
    edges: u32,
    /// A call that is answered when a card comes.
    waiting: Option<Call>,
    /// Said when the line is idle: repetitions and error frames.
    pending: Option<Vec<u8>>,
    last_reply: Vec<u8>,
}

/// Rising edges of one byte on an idle line: start bit low, least significant bit first, stop bit.
fn rising_edges(byte: u8) -> u32 {
    let line = u32::from(byte) << 1 | 1 << 9;
    (line & !(line << 1)).count_ones()
}

impl Pn532 {
    fn reply(&mut self, body: &[u8]) -> Vec<u8> {
        self.last_reply = say(body);
        self.last_reply.clone()
    }
}

impl Protocol for Pn532 {
    fn hear(&mut self, byte: u8, now: Instant) -> Option<Vec<u8>> {
        if self.machine.asleep {
            self.edges += rising_edges(byte);
            if self.edges < WAKE_EDGES {
                return None;
            }
            self.machine.asleep = false;
            self.edges = 0;
        }
        match self.ear.hear(byte, now)? {
            Heard::Command(body) => {
                self.waiting = None;
                self.pending = None;
                Some(body)
            }
            Heard::Ack => {
                self.waiting = None;
                self.pending = None;
                None
            }
            Heard::Nack => {
                self.pending = Some(self.last_reply.clone());
                None
            }
            // An error frame for a wrong checksum is UNCONFIRMED; a chip that says nothing is
            // asked again just so.
            Heard::Damaged => {
                self.pending = Some(ERROR.to_vec());
                None
            }
        }
    }

    fn answer(&mut self, command: &[u8], field: &mut Field) -> Vec<Step> {
        let ack = Step::new(ACK_DELAY, ACK.to_vec());
        match self.machine.answer(command, field) {
            Outcome::Answer(body, air) => {
                let reply = self.reply(&body);
                vec![ack, Step::new(THINKING + air, reply)]
            }
            Outcome::Waits(call) => {
                self.waiting = Some(call);
                vec![ack]
            }
            Outcome::Unknown => vec![ack, Step::new(THINKING, ERROR.to_vec())],
        }
    }

    fn unasked(&mut self, field: &mut Field) -> Vec<Step> {
        if let Some(bytes) = self.pending.take() {
            return vec![Step::new(Duration::ZERO, bytes)];
        }
        let Some(call) = &self.waiting else { return Vec::new() };
        let Some((body, air)) = self.machine.called(call, field) else { return Vec::new() };
        self.waiting = None;
        let reply = self.reply(&body);
        vec![Step::new(air, reply)]
    }

    fn hear_busy(&mut self, byte: u8) -> WhileBusy {
        match self.ear.hear(byte, Instant::now()) {
            Some(Heard::Ack) => WhileBusy::Aborts,
            _ => WhileBusy::Lost,
        }
    }

    fn power_off(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        for (byte, edges) in [(0x55, 5), (0x00, 1), (0xFF, 1), (0x0F, 2)] {
            assert_eq!(rising_edges(byte), edges, "{byte:02X}");
        }
    }
}
