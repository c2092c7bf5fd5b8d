//! The way back after the chip did not do what was asked, rung by rung (readers.md section 4.6).

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::spi::SpiDevice;

use super::chip::ChipError;
use super::driver::{Mode, Pn5180Reader};
use super::wire::{self, Action, COMMAND_IDLE, Register, irq};
use crate::rfid::ReaderError;

/// Failures one after the other after which the chip is said to be faulty.
pub const FAILURES_MAX: u32 = 3;
/// Field off so long, so that every tag loses power, in microseconds (readers.md section 4.6).
const RF_OFF_US: u32 = 15_000;
/// From field on until tags answer, in microseconds: 1 ms (ISO/IEC 15693-3, UNCONFIRMED) and a
/// little.
pub(super) const POWER_UP_US: u32 = 1_100;

/// Code in [`ReaderError::Refused`]: the chip is too hot and has switched its field off. The
/// number is that of its IRQ bit.
pub const CODE_TOO_HOT: u8 = 16;
/// Code in [`ReaderError::Refused`]: the chip refused a command. The number is that of its IRQ
/// bit.
pub const CODE_GENERAL_ERROR: u8 = 17;
/// Code in [`ReaderError::Refused`]: the field does not stay on. The number is that of the IRQ
/// bit.
pub const CODE_FIELD_OFF: u8 = 8;

/// Whether an operation may be done again after a failure of the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It only reads.
    Yes,
    /// It may have written: the caller must find out first.
    No,
}

impl<SPI, BUSY, RESET, DELAY> Pn5180Reader<SPI, BUSY, RESET, DELAY>
where
    SPI: SpiDevice,
    BUSY: InputPin,
    RESET: OutputPin,
    DELAY: DelayNs,
{
    /// Does something on a chip that is ready, and brings the chip back when it fails.
    pub(super) fn on_chip<T>(
        &mut self,
        repeat: Repeat,
        mut act: impl FnMut(&mut Self) -> Result<T, ChipError>,
    ) -> Result<T, ReaderError> {
        loop {
            let started = self.ready();
            let repeat = if started.is_err() { Repeat::Yes } else { repeat };
            let error = match started.and_then(|()| act(self)) {
                Ok(value) => {
                    self.failures = 0;
                    return Ok(value);
                }
                Err(error) => error,
            };
            if let ChipError::Line(source) = error {
                self.mode = Mode::Unknown;
                return Err(ReaderError::Gone(source));
            }
            self.failures += 1;
            let faulty = self.failures >= FAILURES_MAX;
            tracing::debug!(%error, failures = self.failures, "PN5180 failed");
            self.recover(&error);
            if faulty {
                // The next call begins with a reset.
                self.failures = 0;
                self.mode = Mode::Unknown;
            }
            if faulty || repeat == Repeat::No {
                return Err(reader_error(&error));
            }
        }
    }

    /// One rung. What fails here shows again in the next attempt.
    fn recover(&mut self, error: &ChipError) {
        self.pause_due = false;
        let reset =
            matches!(error, ChipError::Busy { .. } | ChipError::Deaf | ChipError::NotStarted);
        let done = if reset || self.failures >= FAILURES_MAX {
            // Only the pin helps a chip that hangs; the RF configuration is loaded anew
            // afterwards (dbmaxpayne/esphome_qalcosonicnfc pull 28).
            self.mode = Mode::Unknown;
            Ok(())
        } else if self.failures > 1 || matches!(error, ChipError::FieldOff { .. }) {
            self.mode = Mode::FieldOff;
            self.chip.rf_off()
        } else {
            self.chip.change(&[
                (Register::IrqClear, Action::Write(irq::ALL)),
                (Register::SystemConfig, Action::And(COMMAND_IDLE)),
            ])
        };
        if let Err(error) = done {
            tracing::debug!(%error, "PN5180 recovery failed");
            self.mode = Mode::Unknown;
        }
    }

    /// Makes sure that the field is on and configured for books.
    fn ready(&mut self) -> Result<(), ChipError> {
        if self.mode == Mode::Unknown {
            self.chip.hard_reset()?;
            // A chip that hears nothing would otherwise show as a field that does not come.
            let [_, firmware] = self.chip.versions()?;
            if firmware < FIRMWARE_USUAL {
                let (major, minor) = firmware;
                tracing::warn!(major, minor, "old PN5180 firmware: update it before use");
            }
            self.mode = Mode::FieldOff;
        } else if self.mode == Mode::FieldOff {
            self.chip.pause_us(RF_OFF_US);
        }
        if self.mode == Mode::FieldOff {
            self.tx_config = self.chip.load_rf(wire::LOAD_ISO15693)?;
            self.chip.rf_on()?;
            self.chip.pause_us(POWER_UP_US);
            self.pause_due = false;
            self.mode = Mode::Books;
        }
        Ok(())
    }
}

/// Oldest firmware whose notes were read (readers.md section 4.6), major and minor.
const FIRMWARE_USUAL: (u8, u8) = (3, 8);

fn reader_error(error: &ChipError) -> ReaderError {
    match error {
        ChipError::Busy { waited_us } => {
            ReaderError::Silent { waited_ms: u64::from(waited_us / 1000) }
        }
        ChipError::Refused { .. } => ReaderError::Refused { code: CODE_GENERAL_ERROR },
        ChipError::FieldOff { hot: true } => ReaderError::Refused { code: CODE_TOO_HOT },
        ChipError::FieldOff { hot: false } => ReaderError::Refused { code: CODE_FIELD_OFF },
        ChipError::Line(_) | ChipError::Deaf | ChipError::NotStarted | ChipError::NotSent => {
            ReaderError::Silent { waited_ms: 0 }
        }
    }
}
