//! A FEIG OBID reader (readers.md section 2): classic-pro card reader or i-scan book pad.

mod config;
mod frames;
mod host;
mod inventory;
mod machine;

use std::time::{Duration, Instant};

use self::frames::{Ear, Heard, say};
use self::machine::Machine;
use super::protocol::{Protocol, Step};
use crate::sim::field::Field;

/// Usual speed of the line, bit/s (readers.md 2.2).
pub const BAUD: u32 = 38_400;

/// Bit times per byte, 8E1.
pub(super) const BITS_PER_BYTE: u32 = 11;

/// PSST: a command that begins sooner after an answer is lost.
const PSST: Duration = Duration::from_millis(5);

/// Which family is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum FeigClass {
    /// classic-pro: lists 4 tags at most, and ISO 14443A cards too.
    Cpr,
    /// i-scan HF: a book pad, ISO 15693 only.
    #[default]
    Mr,
}

/// What else can be chosen about the simulated reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeigOptions {
    /// Its family.
    pub class: FeigClass,
    /// Whether blocks go over the line with their last byte first.
    pub swap_blocks: bool,
    /// ONT bit of CFG5 from the factory; the host may change it.
    pub ont: bool,
    /// Its address on the line.
    pub address: u8,
    /// Most records in one reply; more are asked for page by page. 24 fill a standard frame;
    /// real limits UNCONFIRMED.
    pub page_records: usize,
    /// Whether MEM-SIZE holds plain counts instead of the tag's numbers, which are one less.
    pub memory_counts: bool,
}

impl Default for FeigOptions {
    fn default() -> Self {
        Self {
            class: FeigClass::default(),
            swap_blocks: true,
            ont: true,
            address: 0,
            page_records: 24,
            memory_counts: false,
        }
    }
}

/// The reader's side of the line.
pub(super) struct FeigReaderSim {
    ear: Ear,
    machine: Machine,
    address: u8,
    psst: Duration,
    /// From when on a command is heard.
    listens_from: Option<Instant>,
}

impl FeigReaderSim {
    /// A reader whose pauses are so much shorter than real.
    pub(super) fn new(options: FeigOptions, speed: f64) -> Self {
        Self {
            ear: Ear::default(),
            machine: Machine::new(options),
            address: options.address,
            psst: PSST.div_f64(speed),
            listens_from: None,
        }
    }
}

impl Protocol for FeigReaderSim {
    fn hear(&mut self, byte: u8, now: Instant) -> Option<Vec<u8>> {
        if self.listens_from.is_some_and(|from| now < from) {
            self.ear = Ear::default();
            return None;
        }
        let Heard { advanced, address, body } = self.ear.hear(byte, now)?;
        if address != self.address && address != 0xFF {
            return None;
        }
        Some([&[u8::from(advanced)], &body[..]].concat())
    }

    fn answer(&mut self, command: &[u8], field: &mut Field) -> Vec<Step> {
        let Some((&advanced, body)) = command.split_first() else { return Vec::new() };
        let answer = self.machine.answer(body, field);
        let code = body.first().copied().unwrap_or_default();
        let content = [&[self.address, code, answer.status], &answer.data[..]].concat();
        vec![Step::new(answer.air, say(advanced == 1, &content))]
    }

    fn said(&mut self, end: Instant) {
        self.listens_from = Some(end + self.psst);
    }

    fn power_off(&mut self) {
        self.ear = Ear::default();
        self.machine.power_off();
        self.listens_from = None;
    }
}
