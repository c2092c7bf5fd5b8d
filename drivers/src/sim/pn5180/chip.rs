//! The chip's pins: SPI frames, BUSY, RESET_N, IRQ.

use std::time::Duration;

use super::fault::{ChipFault, Faults};
use super::memory::{self, IRQ_IDLE, IRQ_STATUS, Registers};
use super::radio::Radio;
use crate::sim::field::{Field, Rng};

/// BUSY after any command. UNCONFIRMED.
pub(super) const BUSY_USUAL: Duration = Duration::from_micros(10);
/// BUSY after commands that work on the field or the EEPROM. UNCONFIRMED.
pub(super) const BUSY_LONG: Duration = Duration::from_micros(200);
/// From RESET_N high to IDLE_IRQ. UNCONFIRMED; the public code waits 5 to 10 ms.
const BOOT: Duration = Duration::from_micros(2_500);
/// Longest frame of the host interface, in bytes: 42 register actions, or 260 bytes of data.
pub(super) const FRAME_MAX: usize = 512;

/// A PN5180. The moment is counted from any start and must not go back.
#[derive(Debug)]
pub struct Chip {
    pub(super) registers: Registers,
    pub(super) eeprom: [u8; 255],
    pub(super) radio: Radio,
    /// What the next frame reads.
    pub(super) answer: Option<Vec<u8>>,
    pub(super) busy_until: Duration,
    pub(super) busy_stuck: bool,
    /// RESET_N is low.
    held: bool,
    /// When it has started, if it has not yet.
    starts_at: Option<Duration>,
    pub(super) faults: Faults,
    /// Answers come so much later.
    pub(super) slow: Duration,
    /// Chance of a flipped bit in each byte of an answer, in a thousand.
    pub(super) garbled_per_mille: u16,
    pub(super) rng: Rng,
    pub(super) sends: u64,
}

impl Chip {
    /// A chip that has just got power.
    #[must_use]
    pub fn new(seed: u64, now: Duration) -> Self {
        Self {
            registers: Registers::new(),
            eeprom: memory::eeprom(),
            radio: Radio::default(),
            answer: None,
            busy_until: now,
            busy_stuck: false,
            held: false,
            starts_at: Some(now + BOOT),
            faults: Faults::default(),
            slow: Duration::ZERO,
            garbled_per_mille: 0,
            rng: Rng::new(seed),
            sends: 0,
        }
    }

    /// Puts a fault in force, besides those already in force.
    pub fn put_fault(&mut self, fault: ChipFault) {
        self.faults.put(fault);
    }

    /// Lets every answer come so much later.
    pub fn set_slow(&mut self, late: Duration) {
        self.slow = late;
    }

    /// Gives each byte of an answer a chance in a thousand of a flipped bit.
    pub fn set_garbled(&mut self, per_mille: u16) {
        self.garbled_per_mille = per_mille;
    }

    /// Ends all faults; a BUSY that is stuck stays so until RESET_N.
    pub fn clear_faults(&mut self) {
        self.faults = Faults::default();
        self.slow = Duration::ZERO;
        self.garbled_per_mille = 0;
        self.radio.hot = false;
    }

    /// Frames sent into the air since the start, slots included.
    #[must_use]
    pub fn sends(&self) -> u64 {
        self.sends
    }

    /// Level of BUSY.
    pub fn busy(&mut self, now: Duration) -> bool {
        self.busy_stuck || self.held || now < self.busy_until
    }

    /// Level of IRQ: high while something in IRQ_STATUS is set.
    pub fn irq(&mut self, now: Duration) -> bool {
        self.pass(now);
        self.registers.of(IRQ_STATUS) != 0
    }

    /// Sets RESET_N. While it is low the chip is dead; when it rises the chip starts anew.
    pub fn set_reset(&mut self, high: bool, field: &mut Field, now: Duration) {
        if high && self.held {
            self.start_anew(field, now);
        }
        self.held = !high;
        if self.held {
            self.busy_stuck = false;
            field.set_power(false);
        }
    }

    pub(super) fn start_anew(&mut self, field: &mut Field, now: Duration) {
        field.set_power(false);
        self.registers = Registers::new();
        self.radio = Radio::new(self.radio.hot);
        self.answer = None;
        self.busy_stuck = false;
        self.starts_at = Some(now + BOOT);
        self.busy_until = now + BOOT;
    }

    /// Lets time pass: a start ends, a frame is sent, an answer comes.
    pub(super) fn pass(&mut self, now: Duration) {
        if self.starts_at.is_some_and(|at| at <= now) {
            self.starts_at = None;
            self.registers.raise(IRQ_IDLE);
        }
        self.radio.pass(&mut self.registers, now);
    }

    /// One SPI frame, NSS low to NSS high. `now` is its end. MISO has as many bytes as MOSI.
    pub fn transfer(&mut self, mosi: &[u8], field: &mut Field, now: Duration) -> Vec<u8> {
        let ones = vec![0xFF; mosi.len()];
        if self.faults.deaf || self.busy(now) || self.starts_at.is_some_and(|at| at > now) {
            // It does not listen; what is said now is lost.
            return ones;
        }
        self.pass(now);
        if mosi.iter().all(|byte| *byte == 0xFF) {
            let Some(answer) = self.answer.take() else { return ones };
            self.busy_until = now + BUSY_USUAL;
            return answer.into_iter().chain(std::iter::repeat(0xFF)).take(mosi.len()).collect();
        }
        self.answer = None;
        self.busy_until = now + BUSY_USUAL;
        self.command(mosi, field, now);
        ones
    }
}
