//! Settings, and opening by port.

use std::io;
use std::time::Duration;

use serde::Deserialize;

use super::driver::Pn532Reader;
use super::hsu::Hsu;
use super::timing::{ACK_WAIT, LINE, REPLY_MARGIN};
use crate::port::{OpenError, PortSpec, Tap, Tapped};
use crate::rfid::TagReader;

/// Most calls for a card after the first one. More make a poll slow, and 255 would be for ever.
pub const PASSIVE_RETRIES_MAX: u8 = 20;

/// Longest wait that can be set, in milliseconds.
pub const WAIT_MAX_MS: u64 = 5_000;

/// What the PN532's driver must know. The defaults fit a board on a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pn532Setup {
    /// Calls for a card after the first one, at most [`PASSIVE_RETRIES_MAX`].
    pub retries: u8,
    /// Longest wait for an acknowledge, in milliseconds. Raspberry Pi with a slow USB bridge:
    /// 1500.
    pub ack_wait_ms: u64,
    /// The chip's own time for a reply, in milliseconds.
    pub reply_margin_ms: u64,
    /// Speed of an SPI bus, in Hz; at most 5 MHz.
    pub spi_hz: u32,
}

impl Default for Pn532Setup {
    fn default() -> Self {
        let ms = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(WAIT_MAX_MS);
        Self {
            // nfcpy takes 1, libnfc 2.
            retries: 1,
            ack_wait_ms: ms(ACK_WAIT),
            reply_margin_ms: ms(REPLY_MARGIN),
            spi_hz: 1_000_000,
        }
    }
}

impl Pn532Setup {
    pub(super) fn passive_retries(self) -> u8 {
        self.retries.min(PASSIVE_RETRIES_MAX)
    }

    pub(super) fn ack_wait(self) -> Duration {
        Duration::from_millis(self.ack_wait_ms.clamp(1, WAIT_MAX_MS))
    }

    pub(super) fn reply_margin(self) -> Duration {
        Duration::from_millis(self.reply_margin_ms.clamp(1, WAIT_MAX_MS))
    }

    /// Opens the chip: `serial:`, `usb:` and `tcp:` as HSU, `i2c:` and `spi:` on a Raspberry Pi.
    /// Nothing is sent yet. Only a byte line can be watched by a tap.
    ///
    /// # Errors
    /// [`OpenError`] with what was tried; I2C and SPI need the feature `pi`.
    pub fn open(self, spec: &PortSpec, tap: Option<&Tap>) -> Result<Box<dyn TagReader>, OpenError> {
        let failed = |source| OpenError { spec: spec.clone(), source };
        match *spec {
            PortSpec::I2c { bus } => open_i2c(self, bus).map_err(failed),
            PortSpec::Spi { bus, select } => open_spi(self, bus, select).map_err(failed),
            PortSpec::Lp(_) | PortSpec::Pcsc(_) => Err(failed(io::Error::new(
                io::ErrorKind::Unsupported,
                "a PN532 is reached by serial:, usb:, tcp:, i2c: or spi:",
            ))),
            _ => {
                let port = spec.open(LINE, REPLY_MARGIN)?;
                let port = match tap {
                    Some(tap) => Box::new(Tapped::new(port, tap.clone())),
                    None => port,
                };
                let hsu = Hsu::new(port, spec.line(LINE).baud);
                Ok(Box::new(Pn532Reader::new(hsu, self)))
            }
        }
    }
}

#[cfg(feature = "pi")]
fn open_i2c(setup: Pn532Setup, bus: u8) -> io::Result<Box<dyn TagReader>> {
    use super::polled::{Polled, StdDelay};
    let bus = Polled::i2c(crate::pi::i2c(bus)?, StdDelay);
    Ok(Box::new(Pn532Reader::new(bus, setup)))
}

#[cfg(feature = "pi")]
fn open_spi(setup: Pn532Setup, bus: u8, select: u8) -> io::Result<Box<dyn TagReader>> {
    use super::polled::{Polled, StdDelay};
    let device = crate::pi::spi_mode_0(bus, select, setup.spi_hz)?;
    Ok(Box::new(Pn532Reader::new(Polled::spi(device, StdDelay), setup)))
}

#[cfg(not(feature = "pi"))]
fn open_i2c(_: Pn532Setup, _: u8) -> io::Result<Box<dyn TagReader>> {
    Err(without_pi())
}

#[cfg(not(feature = "pi"))]
fn open_spi(_: Pn532Setup, _: u8, _: u8) -> io::Result<Box<dyn TagReader>> {
    Err(without_pi())
}

#[cfg(not(feature = "pi"))]
fn without_pi() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "this program was built without the Raspberry Pi's buses (feature pi): connect the PN532 by serial:, usb: or tcp:",
    )
}
