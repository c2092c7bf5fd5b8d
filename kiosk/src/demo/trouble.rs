//! What can go wrong with simulated parts beside a station.

use crate::practice;
use crate::station::StartError;

/// Why a rig did not start or do what a script asked.
#[derive(Debug, thiserror::Error)]
pub enum RigError {
    /// The station.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The practice library.
    #[error(transparent)]
    Practice(#[from] practice::PracticeError),
    /// A simulated device.
    #[error("{0}")]
    Sim(String),
    /// The part is real: nobody here can lay a book on it.
    #[error("the {0} is a real one: this step needs a simulated one (leave out its port)")]
    Real(&'static str),
}

/// A simulated device's own error.
pub(super) fn from_part(error: impl std::fmt::Display) -> RigError {
    RigError::Sim(error.to_string())
}
