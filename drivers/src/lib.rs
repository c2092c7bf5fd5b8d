//! Library devices: RFID readers and tag data, receipt printers, and their simulators.
//!
//! This crate knows nothing of loans, patrons or screens. Drivers speak a device's real wire
//! protocol over a [`port::Port`]; with feature `sim` the module `sim` answers the same protocols
//! on real transports (pty, TCP).

pub mod idcard;
#[cfg(feature = "pi")]
mod pi;
pub mod port;
pub mod printer;
pub mod rfid;
pub mod scanner;
#[cfg(feature = "sim")]
pub mod sim;
