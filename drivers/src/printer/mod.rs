//! Receipt printers: the slip, its bytes, and the rules that say whether it was printed.
//!
//! | module | purpose |
//! |---|---|
//! | [`slip`] | what a receipt says, independent of any printer |
//! | [`layout`] | columns: wrapping, cutting, plain text |
//! | [`profile`] | printer models as data |
//! | [`text`] | Chinese text as bytes a head understands |
//! | [`font`], [`bitmap`], [`code128`], [`qr`] | what has to be drawn because a printer cannot |
//! | [`compose`] | slip and profile to one job |
//! | [`status`] | the printer's reply stream |
//! | [`outcome`], [`probe`], [`spooler`] | state machines: is it there, was it printed |
//! | [`device`] | the thread and the port around them |
//! | [`describe`] | both directions in words, for a wire view |
//!
//! Facts: peripherals.md section 1, cited below by its numbers.

pub mod bitmap;
pub mod code128;
pub mod compose;
pub mod describe;
pub mod device;
pub mod font;
pub mod job;
pub mod layout;
pub mod outcome;
pub mod probe;
pub mod profile;
pub mod qr;
pub mod slip;
pub mod spooler;
pub mod status;
pub mod text;
