//! Time as the station sees it: one monotonic and one civil clock that move together.
//!
//! State machines never read a clock; they are given a [`Now`]. A script's `sleep` moves the
//! clock forward without waiting, so an idle hour passes in a blink while wires keep their speed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// One moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Time since the station started; never goes back.
    pub mono: Duration,
    /// Civil time in the library's zone; may jump.
    pub wall: DateTime,
}

/// The station's clock. Clones share the same shift.
#[derive(Debug, Clone)]
pub struct Clock {
    started: Instant,
    zone: TimeZone,
    shift_ms: Arc<AtomicU64>,
}

/// A time zone name the built-in database does not have.
#[derive(Debug, thiserror::Error)]
#[error("time zone {name:?} is not known; write a name such as Asia/Shanghai")]
pub struct ZoneError {
    /// The name as configured.
    pub name: String,
}

impl Clock {
    /// A clock starting now, in the zone of that IANA name.
    ///
    /// # Errors
    /// [`ZoneError`] for a name the built-in zone database lacks.
    pub fn new(zone: &str) -> Result<Self, ZoneError> {
        let zone = TimeZone::get(zone).map_err(|_| ZoneError { name: zone.to_owned() })?;
        Ok(Self { started: Instant::now(), zone, shift_ms: Arc::default() })
    }

    /// The moment.
    #[must_use]
    pub fn now(&self) -> Now {
        let wall = jiff::Timestamp::now().to_zoned(self.zone.clone()).datetime();
        let span =
            jiff::SignedDuration::try_from(self.shift()).unwrap_or(jiff::SignedDuration::MAX);
        Now { mono: self.mono_at(Instant::now()), wall: wall.saturating_add(span) }
    }

    /// Station time of a moment just past.
    #[must_use]
    pub fn mono_at(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.started) + self.shift()
    }

    /// Whether a script moved it: then it is ahead of all other clocks.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        !self.shift().is_zero()
    }

    /// A UTC moment in this clock's zone.
    #[must_use]
    pub fn civil(&self, utc: DateTime) -> Option<DateTime> {
        Some(utc.to_zoned(TimeZone::UTC).ok()?.with_time_zone(self.zone.clone()).datetime())
    }

    fn shift(&self) -> Duration {
        Duration::from_millis(self.shift_ms.load(Ordering::Relaxed))
    }

    /// Moves both clocks forward.
    pub fn advance(&self, by: Duration) {
        let ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.shift_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

/// A day as the screens show it.
#[must_use]
pub fn view_date(day: jiff::civil::Date) -> ui::view::Date {
    ui::view::Date {
        year: day.year(),
        month: u8::try_from(day.month()).unwrap_or(1),
        day: u8::try_from(day.day()).unwrap_or(1),
        weekday: u8::try_from(day.weekday().to_monday_one_offset()).unwrap_or(1),
    }
}
