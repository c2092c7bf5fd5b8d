//! The chip on its pins: BUSY handshake, registers, reset, RF configuration.
//!
//! Generic over embedded-hal 1.0. One SPI transaction is one frame of the host interface; the
//! data sheet lets the host release NSS without waiting for BUSY to rise, and after every frame
//! BUSY must be waited low (readers.md section 4.1).

use std::fmt::Debug;
use std::io;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::spi::SpiDevice;

use super::wire::{self, Action, Register, RxStatus, irq};

/// Longest BUSY, in microseconds. No document gives a bound: UNCONFIRMED.
pub const BUSY_MAX_US: u32 = 100_000;
/// First pause between two looks at BUSY, in microseconds; each is twice the one before, so that
/// a chip behind a socket is not asked often.
const BUSY_POLL_US: u32 = 10;
/// Longest such pause, in microseconds.
const BUSY_POLL_MAX_US: u32 = 1_000;
/// RESET_N low; at least 10 us, 1 to 10 ms in the public code (readers.md section 4.1).
const RESET_LOW_US: u32 = 1_000;
/// Longest start after a reset, in milliseconds. UNCONFIRMED; the public code waits 5 to 10.
const BOOT_MAX_MS: u32 = 50;
/// Longest wait for the field to come up, in milliseconds. UNCONFIRMED.
const RF_ON_MAX_MS: u32 = 20;

/// Why the chip did not do what was asked. Nothing about tags.
#[derive(Debug, thiserror::Error)]
pub enum ChipError {
    /// SPI or a pin failed: the chip cannot be reached.
    #[error("the line to the chip failed: {0}")]
    Line(#[source] io::Error),
    /// BUSY stayed high.
    #[error("the chip was busy for more than {waited_us} us")]
    Busy {
        /// Time waited, in microseconds.
        waited_us: u32,
    },
    /// MISO says nothing but ones: no chip, or one that does not listen.
    #[error("the chip does not answer on SPI")]
    Deaf,
    /// The chip refused a command.
    #[error("the chip refused a command (status {status:#06X})")]
    Refused {
        /// SYSTEM_STATUS.
        status: u32,
    },
    /// The field is off though it was switched on.
    #[error("the field went off")]
    FieldOff {
        /// Whether the chip says that it is too hot.
        hot: bool,
    },
    /// The frame was never sent.
    #[error("the chip did not send")]
    NotSent,
    /// The chip did not start after a reset.
    #[error("the chip did not start")]
    NotStarted,
}

/// IRQ_STATUS, RX_STATUS and RF_STATUS, read at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Status {
    pub(super) irq: u32,
    pub(super) rx: RxStatus,
    pub(super) rf: wire::RfStatus,
}

/// A PN5180 on its pins.
pub struct Pn5180<SPI, BUSY, RESET, DELAY> {
    spi: SPI,
    busy: BUSY,
    reset: RESET,
    delay: DELAY,
}

fn line(error: impl Debug) -> ChipError {
    ChipError::Line(io::Error::other(format!("{error:?}")))
}

impl<SPI, BUSY, RESET, DELAY> Pn5180<SPI, BUSY, RESET, DELAY>
where
    SPI: SpiDevice,
    BUSY: InputPin,
    RESET: OutputPin,
    DELAY: DelayNs,
{
    /// Takes the pins; nothing is sent yet.
    pub fn new(spi: SPI, busy: BUSY, reset: RESET, delay: DELAY) -> Self {
        Self { spi, busy, reset, delay }
    }

    /// Lets time pass.
    pub fn pause_us(&mut self, us: u32) {
        self.delay.delay_us(us);
    }

    fn wait_idle(&mut self) -> Result<(), ChipError> {
        let (mut waited_us, mut pause) = (0, BUSY_POLL_US);
        while self.busy.is_high().map_err(line)? {
            if waited_us >= BUSY_MAX_US {
                return Err(ChipError::Busy { waited_us });
            }
            self.delay.delay_us(pause);
            waited_us += pause;
            pause = (2 * pause).min(BUSY_POLL_MAX_US);
        }
        Ok(())
    }

    /// One frame to the chip.
    ///
    /// # Errors
    /// [`ChipError::Line`], [`ChipError::Busy`].
    pub fn write(&mut self, frame: &[u8]) -> Result<(), ChipError> {
        // NSS is released by the transaction's end, also before a BUSY time-out is found
        // (dbmaxpayne/esphome_qalcosonicnfc pull 28).
        self.spi.write(frame).map_err(line)?;
        self.wait_idle()
    }

    /// One frame to the chip and its answer of so many bytes, at most [`wire::RX_MAX`].
    ///
    /// # Errors
    /// As [`Pn5180::write`].
    pub fn read(&mut self, frame: &[u8], len: usize) -> Result<Vec<u8>, ChipError> {
        self.write(frame)?;
        let mut answer = vec![0xFF; len.min(wire::RX_MAX)];
        self.spi.transfer_in_place(&mut answer).map_err(line)?;
        self.wait_idle()?;
        Ok(answer)
    }

    /// Changes registers, in order.
    ///
    /// # Errors
    /// As [`Pn5180::write`].
    pub fn change(&mut self, actions: &[(Register, Action)]) -> Result<(), ChipError> {
        self.write(&wire::change_all(actions))
    }

    /// Reads registers.
    ///
    /// # Errors
    /// As [`Pn5180::write`]; [`ChipError::Deaf`] when nothing but ones comes.
    pub fn registers<const N: usize>(
        &mut self,
        registers: [Register; N],
    ) -> Result<[u32; N], ChipError> {
        let bytes = self.read(&wire::read_registers(&registers), 4 * N)?;
        if bytes.iter().all(|byte| *byte == 0xFF) {
            return Err(ChipError::Deaf);
        }
        let (words, _) = bytes.as_chunks::<4>();
        let mut values = [0; N];
        for (value, word) in values.iter_mut().zip(words) {
            *value = u32::from_le_bytes(*word);
        }
        Ok(values)
    }

    pub(super) fn status(&mut self) -> Result<Status, ChipError> {
        let [irq, rx, rf] =
            self.registers([Register::IrqStatus, Register::RxStatus, Register::RfStatus])?;
        // Bits that do not exist: another device, or a line that floats.
        if irq & !irq::ALL != 0 {
            return Err(ChipError::Deaf);
        }
        Ok(Status { irq, rx: RxStatus::parse(rx), rf: wire::RfStatus::parse(rf) })
    }

    /// Product and firmware version, major and minor.
    ///
    /// # Errors
    /// As [`Pn5180::write`]; [`ChipError::Deaf`] when the version reads as FF FF (readers.md
    /// section 4.2).
    pub fn versions(&mut self) -> Result<[(u8, u8); 2], ChipError> {
        let bytes = self.read(&wire::read_eeprom(wire::EEPROM_VERSIONS, 6), 6)?;
        match bytes[..] {
            [0xFF, 0xFF, ..] => Err(ChipError::Deaf),
            [minor, major, fw_minor, fw_major, ..] => Ok([(major, minor), (fw_major, fw_minor)]),
            _ => Err(ChipError::Deaf),
        }
    }

    /// Resets the chip by its pin and waits until it has started. Everything is forgotten, the
    /// field is off.
    ///
    /// # Errors
    /// [`ChipError::NotStarted`], and as [`Pn5180::write`].
    pub fn hard_reset(&mut self) -> Result<(), ChipError> {
        self.reset.set_low().map_err(line)?;
        self.delay.delay_us(RESET_LOW_US);
        self.reset.set_high().map_err(line)?;
        let mut last = ChipError::NotStarted;
        for _ in 0..BOOT_MAX_MS {
            self.delay.delay_ms(1);
            match self.wait_idle().and_then(|()| self.status()) {
                Ok(status) if status.irq & irq::IDLE != 0 => return Ok(()),
                Ok(_) | Err(ChipError::Deaf) => {}
                Err(error @ ChipError::Line(_)) => return Err(error),
                Err(error) => {
                    last = error;
                    break;
                }
            }
        }
        Err(last)
    }

    /// Loads an RF configuration; the value of TX_CONFIG it brings.
    ///
    /// # Errors
    /// As [`Pn5180::write`].
    pub fn load_rf(&mut self, load: [u8; 3]) -> Result<u32, ChipError> {
        self.write(&load)?;
        let [tx_config] = self.registers([Register::TxConfig])?;
        Ok(tx_config)
    }

    /// Switches the field on and waits until it is.
    ///
    /// # Errors
    /// [`ChipError::FieldOff`] when it does not come, and as [`Pn5180::write`].
    pub fn rf_on(&mut self) -> Result<(), ChipError> {
        self.change(&[(Register::IrqClear, Action::Write(irq::ALL))])?;
        self.write(&wire::RF_ON)?;
        let mut hot = false;
        for _ in 0..RF_ON_MAX_MS {
            let status = self.status()?;
            hot |= status.irq & irq::TEMPERATURE != 0;
            if status.irq & irq::RF_ON != 0 && status.rf.field_on {
                return Ok(());
            }
            self.delay.delay_ms(1);
        }
        Err(ChipError::FieldOff { hot })
    }

    /// Switches the field off.
    ///
    /// # Errors
    /// As [`Pn5180::write`].
    pub fn rf_off(&mut self) -> Result<(), ChipError> {
        self.write(&wire::RF_OFF)
    }
}
