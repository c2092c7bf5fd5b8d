//! NXP PN5180 on SPI (readers.md section 4): a bare chip, so that this driver is the reader.
//!
//! - [`wire`]: host interface commands and registers as bytes.
//! - [`chip`]: the BUSY handshake, registers, reset, RF configuration, over embedded-hal 1.0.
//! - `transceive`: one frame into the air and what came back.
//! - `books`: the 16-slot inventory and requests to one ISO 15693 tag.
//! - `cards`: ISO 14443A cards beside the books.
//! - [`driver`]: [`Pn5180Reader`], the [`TagReader`](super::TagReader).
//! - [`socket`]: the same chip behind a TCP socket (docs/pn5180-socket.md).
//! - `pi`: SPI and pins of a Raspberry Pi, with feature `pi`.

mod books;
mod cards;
pub mod chip;
pub mod driver;
mod recovery;
pub mod setup;
pub mod socket;
mod transceive;
pub mod wire;

pub use driver::Pn5180Reader;
pub use setup::Pn5180Setup;
