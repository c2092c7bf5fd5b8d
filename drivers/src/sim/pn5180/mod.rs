//! An NXP PN5180 (readers.md section 4): registers, BUSY, the transceiver, the field.
//!
//! - [`Chip`]: what the pins do, with the moment given from outside; it has no clock.
//! - [`mod@bench`]: the chip in this process behind embedded-hal traits, on a virtual clock.
//!
//! Behind a TCP socket, on the real clock (docs/pn5180-socket.md), `sim::reader` runs it.
//!
//! It shares no codec with the driver.

pub mod bench;
mod chip;
mod command;
mod fault;
mod memory;
mod radio;

pub use chip::Chip;
pub use fault::ChipFault;

#[cfg(test)]
mod tests;
