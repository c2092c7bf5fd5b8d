//! FEIG OBID readers: classic-pro (CPR) and i-scan HF (MR, PR) (readers.md section 2).
//!
//! - [`wire`]: frames, commands and replies, without any port.
//! - [`driver`]: [`FeigReader`], the [`TagReader`](super::TagReader) over a port.
//! - [`profile`]: what a site must say of its reader.
//! - [`timing`]: the line in bytes and times.
//! - [`describe`]: traffic for a wire viewer.
//!
//! Sources are FEIG's manuals H20800-16e (CPR), H60301-3e (MR/PR/PRH101) and others, as summarised
//! in readers.md; what they leave open is a field of the profile or said at the constant.

pub mod describe;
pub mod driver;
mod link;
pub mod profile;
pub mod timing;
pub mod wire;

pub use driver::FeigReader;
pub use profile::FeigProfile;
