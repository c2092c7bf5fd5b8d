//! Real processes for tests: started, watched line by line, and gone when the test ends.
//!
//! Nothing here waits without a bound, and nothing sleeps: every wait is for a fact.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

mod control;
mod process;

pub use control::Control;
pub use process::{Ended, Process, Said};

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// Longest wait for any one fact. Far above what the slowest machine needs: it only ends tests
/// that would never end.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often a fact that cannot announce itself is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Looks until `fact` is there.
///
/// # Panics
/// When it is not there within [`PATIENCE`]; `what` names it.
#[track_caller]
pub fn until<T>(what: &str, mut fact: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(fact) = fact() {
            return fact;
        }
        assert!(Instant::now() < end, "waited {} s for {what}", PATIENCE.as_secs());
        std::thread::park_timeout(LOOK);
    }
}

/// An address of this machine where nothing listens now.
///
/// # Panics
/// When the system has no port left.
#[must_use]
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
