//! The library's clock.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};

use super::desk::ZONE_HOURS;
use super::model::LocalTime;

/// Where the library takes its time from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's clock, in the library's zone.
    #[default]
    System,
    /// A clock set by hand, for tests and training.
    Manual(ManualClock),
}

/// A clock that stands until it is set. Clones show the same time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<LocalTime>>);

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn new(now: LocalTime) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Sets it.
    pub fn set(&self, now: LocalTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    fn now(&self) -> LocalTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock {
    /// The library's local time, to the second: SIP2 knows no smaller unit.
    #[must_use]
    pub fn now(&self) -> LocalTime {
        let now = match self {
            Self::System => {
                let zone = TimeZone::fixed(offset(ZONE_HOURS));
                Timestamp::now().to_zoned(zone).datetime()
            }
            Self::Manual(clock) => clock.now(),
        };
        now.with().subsec_nanosecond(0).build().expect("zero nanoseconds are always valid")
    }
}
