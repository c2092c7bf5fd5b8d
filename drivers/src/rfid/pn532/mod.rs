//! NXP PN532: patron cards of ISO 14443 type A (readers.md section 6).
//!
//! - [`wire`]: frames, commands and replies, without any port.
//! - [`Hsu`], [`I2cBus`], [`SpiBus`]: the chip's three host interfaces as a [`Bus`].
//! - [`driver`]: [`Pn532Reader`], the [`TagReader`](super::TagReader) over a bus.
//!
//! It reads a card's UID and nothing else of it; what becomes of a UID is
//! [`card`](super::card)'s matter.

mod bus;
pub mod driver;
mod hsu;
mod link;
mod polled;
mod setup;
pub mod timing;
pub mod wire;

pub use bus::Bus;
pub use driver::Pn532Reader;
pub use hsu::Hsu;
pub use polled::{
    I2C_ADDRESS, I2cBus, I2cTransfer, NoIrq, Polled, SpiBus, SpiTransfer, StdDelay, Transfer,
};
pub use setup::{PASSIVE_RETRIES_MAX, Pn532Setup, WAIT_MAX_MS};
