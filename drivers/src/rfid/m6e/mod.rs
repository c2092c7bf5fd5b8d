//! ThingMagic UHF modules: M5e, M6e, Micro, Nano, M7e (readers.md section 5).
//!
//! - [`wire`]: frames, commands and replies, without any port.
//! - [`driver`]: [`M6eReader`], the [`TagReader`](super::TagReader) over a port.
//! - [`describe`]: traffic in words for a wire viewer.
//! - [`profile`]: what the driver must know of region, power and tags.
//! - [`timing`]: how long to wait, and the least time an inventory can take.
//!
//! Everything the driver sends by default was captured from the vendor's own program (logs of
//! S7 and S9), except where a constant says UNCONFIRMED.

pub mod describe;
pub mod driver;
mod link;
pub mod profile;
pub mod timing;
pub mod wire;

pub use driver::M6eReader;
pub use profile::Profile;
