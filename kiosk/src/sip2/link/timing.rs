//! Times of the link. What 98 may change is bounded by [`crate::sip2::profile::Timing`].

use std::time::Duration;

/// Waits before the next connection, the last one for ever (sip2.md section 3: 1-2-5-10-30-60 s).
pub const BACK_OFF: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// Wait after a refused login (sip2.md section 3).
pub const LOGIN_REFUSED_BACK_OFF: Duration = Duration::from_secs(60);

/// Longest wait for a TCP connection. Ours: a library network answers in milliseconds, and a
/// patron may be waiting for the "off-line" screen.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a request may wait for a connection before it is given back as not sent. Ours: long
/// enough for a server that closes idle connections (dp2, Koha) to be reached again.
pub const OFFLINE_WAIT: Duration = Duration::from_secs(5);

/// Wait for the answer to 35, which nobody needs (sip2.md section 3: best-effort). Ours: short,
/// because the next patron's first request waits behind it.
pub const BEST_EFFORT_TIMEOUT: Duration = Duration::from_secs(3);

/// A wait grows by less than one part in so many.
pub const SPREAD: u32 = 4;

/// Waits made different from station to station (xorshift).
#[derive(Debug)]
pub(super) struct Jitter(u64);

impl Jitter {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The wait, and up to a [`SPREAD`]th of it more.
    pub(super) fn spread(&mut self, wait: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let part = u32::from(self.0.to_le_bytes()[7]);
        wait + wait * part / (SPREAD * 256)
    }
}
