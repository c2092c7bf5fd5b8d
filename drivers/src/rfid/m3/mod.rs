//! 3M / Bibliotheca 210 and 810 pads (readers.md section 3).
//!
//! - [`wire`]: frames, commands and replies, without any port.
//! - [`driver`]: [`M3Reader`], the [`TagReader`](super::TagReader) over a port.
//! - [`describe`]: traffic in words for a wire viewer.
//!
//! The protocol is the one of the 3M "RFID Reader Model 210 Protocol Specification 1.0.0" as
//! summarised in readers.md; what that document leaves open is said at the constant concerned.

pub mod describe;
pub mod driver;
mod link;
pub mod timing;
pub mod wire;

pub use driver::M3Reader;
