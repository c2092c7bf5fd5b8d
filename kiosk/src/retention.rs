//! Which day it is for what is deleted by age: a clock that jumps must not delete what is young.

use std::time::Duration;

use jiff::civil::Date;

use crate::clock::Now;

/// A station that was off so many days is believed at once.
const OFF_DAYS: i64 = 7;

/// A clock that jumped further is believed when it has stood so for this long.
const BELIEVED_AFTER: Duration = Duration::from_secs(6 * 3600);

/// A day.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Follows the clock with doubt.
#[derive(Debug)]
pub struct Calendar {
    believed: Date,
    /// When that was.
    at: Duration,
    /// Since when the clock says another day.
    odd_since: Option<Duration>,
}

impl Calendar {
    /// Begins from the day believed last, if that is known.
    #[must_use]
    pub fn new(seen: Option<Date>, now: Now) -> Self {
        let believed = seen.unwrap_or_else(|| now.wall.date());
        Self { believed, at: now.mono, odd_since: None }
    }

    /// The day believed last; things are named after it.
    #[must_use]
    pub fn believed(&self) -> Date {
        self.believed
    }

    /// Today for what is deleted by age: never later than the clock says, nor than is believed.
    pub fn look(&mut self, now: Now) -> Date {
        let wall = now.wall.date();
        let lived = now.mono.saturating_sub(self.at).as_secs() / DAY.as_secs();
        let days = i64::try_from(lived).unwrap_or(i64::MAX).saturating_add(OFF_DAYS);
        let latest = jiff::Span::new().try_days(days);
        let latest = latest.map_or(Date::MAX, |days| self.believed.saturating_add(days));
        if (self.believed..=latest).contains(&wall) {
            self.believe(wall, now);
        } else {
            let since = *self.odd_since.get_or_insert(now.mono);
            if now.mono.saturating_sub(since) >= BELIEVED_AFTER {
                self.believe(wall, now);
            }
        }
        self.believed.min(wall)
    }

    fn believe(&mut self, day: Date, now: Now) {
        *self = Self { believed: day, at: now.mono, odd_since: None };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3600;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn now(hours: u64, wall: &str) -> Now {
        Now { mono: Duration::from_secs(hours * HOUR), wall: day(wall).at(12, 0, 0, 0) }
    }

    #[test]
    fn days_go_by() {
        let mut calendar = Calendar::new(None, now(0, "2026-11-26"));
        assert_eq!(calendar.look(now(12, "2026-11-27")), day("2026-11-27"));
        // Nobody looked for a long time, and the clock went on as it should.
        assert_eq!(calendar.look(now(12 + 100 * 24, "2027-03-07")), day("2027-03-07"));
    }

    #[test]
    fn a_clock_that_jumps_ahead_is_believed_when_it_stays() {
        let mut calendar = Calendar::new(None, now(0, "2026-11-26"));
        assert_eq!(calendar.look(now(1, "2030-01-01")), day("2026-11-26"));
        assert_eq!(calendar.look(now(6, "2030-01-01")), day("2026-11-26"));
        // Set right in time: nothing was deleted, and the doubt begins anew.
        assert_eq!(calendar.look(now(7, "2026-11-26")), day("2026-11-26"));
        assert_eq!(calendar.look(now(8, "2030-01-01")), day("2026-11-26"));
        assert_eq!(calendar.look(now(14, "2030-01-01")), day("2030-01-01"));
    }

    #[test]
    fn a_jump_is_doubted_over_a_restart() {
        let mut calendar = Calendar::new(Some(day("2026-11-26")), now(0, "2030-01-01"));
        assert_eq!(calendar.look(now(0, "2030-01-01")), day("2026-11-26"));
        let mut calendar = Calendar::new(Some(day("2026-11-26")), now(0, "2026-12-03"));
        assert_eq!(calendar.look(now(0, "2026-12-03")), day("2026-12-03"), "a week off");
    }

    #[test]
    fn a_clock_without_battery_begins_in_the_past() {
        let mut calendar = Calendar::new(Some(day("2026-11-26")), now(0, "1970-01-01"));
        assert_eq!(calendar.look(now(0, "1970-01-01")), day("1970-01-01"));
        assert_eq!(calendar.believed(), day("2026-11-26"));
        assert_eq!(calendar.look(now(1, "2026-11-27")), day("2026-11-27"), "set by the network");
        // One that stays in the past is believed too, so that the log goes on under its day.
        calendar.look(now(2, "2026-11-20"));
        assert_eq!(calendar.look(now(9, "2026-11-20")), day("2026-11-20"));
        assert_eq!(calendar.believed(), day("2026-11-20"));
    }

    #[test]
    fn the_ends_of_time_are_no_end() {
        let mut calendar = Calendar::new(Some(Date::MAX), now(0, "2026-11-26"));
        assert_eq!(calendar.look(now(u64::MAX / HOUR, "2026-11-26")), day("2026-11-26"));
    }
}
