//! One frame into the air and what came back.

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::spi::SpiDevice;

use super::chip::{ChipError, Pn5180, Status};
use super::wire::{self, Action, COMMAND_IDLE, COMMAND_TRANSCEIVE, Register, irq};

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing began in time.
    Nothing,
    /// One whole answer, checksum good and removed.
    Frame {
        bytes: Vec<u8>,
        /// Valid bits of the last byte, 0 for all 8.
        last_bits: u8,
    },
    /// Several answers at once; up to that bit the bytes are common to all.
    Collision { bit: u8, bytes: Vec<u8> },
    /// An answer that cannot be trusted.
    Damaged(&'static str),
}

/// How long to wait, in microseconds from the command that sends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// First look: the frame is sent and an answer, if any, has begun.
    pub(super) first_us: u32,
    /// An answer that has not begun by then does not come.
    pub(super) begin_us: u32,
    /// Usual time from its beginning to the end of the answer.
    pub(super) answer_us: u32,
    /// Pause between two looks.
    pub(super) step_us: u32,
}

/// An answer may end so much later than the usual one, in microseconds.
const ANSWER_SLACK_US: u32 = 5_000;
/// Looks of one exchange; with the pauses between them far more than any answer takes.
const LOOKS_MAX: u32 = 5_000;
/// An answer of known length is looked for so much before its end, in microseconds.
const EARLY_US: u32 = 20;

/// One frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) data: &'a [u8],
    /// Bits of the last byte, 0 for all 8.
    pub(super) last_bits: u8,
    /// Registers to set before, besides those every exchange needs.
    pub(super) before: &'a [(Register, Action)],
    pub(super) patience: Patience,
}

impl<SPI, BUSY, RESET, DELAY> Pn5180<SPI, BUSY, RESET, DELAY>
where
    SPI: SpiDevice,
    BUSY: InputPin,
    RESET: OutputPin,
    DELAY: DelayNs,
{
    /// Sends a frame and hears what comes.
    pub(super) fn exchange(&mut self, frame: Frame<'_>) -> Result<Heard, ChipError> {
        let mut actions = vec![
            // Stale RX bits have shown tags that were gone (biologist79/ESPuino pull 428).
            (Register::IrqClear, Action::Write(irq::ALL)),
            // After an answer that never came the receiver waits for ever; idle brings it back
            // without a reset (ATrappmann/PN5180-Library issue 48).
            (Register::SystemConfig, Action::And(COMMAND_IDLE)),
        ];
        actions.extend(frame.before);
        actions.push((Register::SystemConfig, Action::Or(COMMAND_TRANSCEIVE)));
        self.change(&actions)?;
        self.write(&wire::send_data(frame.last_bits, frame.data))?;
        self.hear(frame.patience)
    }

    fn hear(&mut self, patience: Patience) -> Result<Heard, ChipError> {
        self.pause_us(patience.first_us);
        let mut waited_us = patience.first_us;
        let mut begun = false;
        for _ in 0..LOOKS_MAX {
            let status = self.status()?;
            self.check(status)?;
            if status.irq & irq::RX != 0 {
                return self.take(status);
            }
            let mut pause = patience.step_us;
            if status.irq & irq::RX_SOF != 0 && !begun {
                begun = true;
                waited_us = 0;
                pause = patience.answer_us.saturating_sub(EARLY_US).max(patience.step_us);
            }
            let limit =
                if begun { patience.answer_us + ANSWER_SLACK_US } else { patience.begin_us };
            if waited_us >= limit {
                return match (begun, status.irq & irq::TX) {
                    (true, _) => Ok(Heard::Damaged("an answer without end")),
                    (false, 0) => Err(ChipError::NotSent),
                    (false, _) => Ok(Heard::Nothing),
                };
            }
            self.pause_us(pause);
            waited_us += pause;
        }
        Ok(Heard::Damaged("an answer without end"))
    }

    /// What must be looked at before anything else is believed (SpoolSense/spoolsense_scanner
    /// issue 111).
    fn check(&mut self, status: Status) -> Result<(), ChipError> {
        if status.irq & irq::GENERAL_ERROR != 0 {
            let [status] = self.registers([Register::SystemStatus])?;
            return Err(ChipError::Refused { status });
        }
        if !status.rf.field_on {
            return Err(ChipError::FieldOff { hot: status.irq & irq::TEMPERATURE != 0 });
        }
        Ok(())
    }

    fn take(&mut self, status: Status) -> Result<Heard, ChipError> {
        let rx = status.rx;
        if rx.protocol {
            return Ok(Heard::Damaged("a frame against the protocol"));
        }
        if rx.len > wire::RX_MAX {
            return Ok(Heard::Damaged("an answer longer than the buffer"));
        }
        let bytes = match rx.len {
            0 => Vec::new(),
            len => self.read(&wire::READ_DATA, len)?,
        };
        Ok(match rx.collision {
            Some(bit) => Heard::Collision { bit, bytes },
            None if rx.integrity => Heard::Damaged("checksum"),
            None if rx.len == 0 => Heard::Damaged("an answer without bytes"),
            None => Heard::Frame { bytes, last_bits: rx.last_bits },
        })
    }
}
