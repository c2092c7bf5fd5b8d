//! A whole station with any mix of real and simulated parts: for the demo, the workbench, and
//! `run` with simulated devices. The station itself does not know which is which.

pub mod app;
pub mod bench;
pub mod headless;
mod look;
pub mod pads;
pub mod rig;
pub mod script;
pub(crate) mod tags;
mod trouble;
#[cfg(feature = "screens")]
pub mod window;
mod wire;

pub use rig::Rig;
pub use trouble::RigError;
