//! What the loop does for work off line: the library system's time, and lists that an import
//! changed.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::clock::{Clock, Now};
use crate::journal::{Journal, JournalError};
use crate::session::{Input, Lists, OfflineRules};
use crate::sip2::SipDate;
use crate::sip2::date::Zone;

/// How often it is looked whether an import changed the lists.
const LISTS_LOOK: Duration = Duration::from_secs(5);

/// A clock this far off is said to the technician. Seconds go by between question and answer.
const OFFSET_SAID: SignedDuration = SignedDuration::from_secs(60);

/// The library system's time and the lists' state, as the loop knows them.
#[derive(Debug, Default)]
pub(super) struct OfflineWatch {
    /// The last time told: each is heard of again with every change of the link.
    told: Option<SipDate>,
    /// What the technician is told about the clock.
    pub(super) clock_trouble: Option<String>,
    version: i64,
    due: Duration,
}

impl OfflineWatch {
    pub(super) fn new(journal: &Journal) -> Result<Self, JournalError> {
        Ok(Self { version: journal.version_of_others()?, ..Self::default() })
    }

    /// The library system told a time; `None` when it is none, or no news.
    pub(super) fn library_time(&mut self, told: SipDate, clock: &Clock) -> Option<Input> {
        if self.told == Some(told) || told.is_blank() {
            return None;
        }
        self.told = Some(told);
        // A script's clock runs ahead of everybody else's.
        if clock.is_moved() {
            return None;
        }
        let at = library_time(told, clock)?;
        self.clock_trouble = clock_trouble(clock.now().wall.duration_since(at));
        Some(Input::LibraryTime(at))
    }

    /// The lists, when another process changed them.
    pub(super) fn lists(&mut self, journal: &Journal, now: Now) -> Option<Lists> {
        if now.mono < self.due {
            return None;
        }
        self.due = now.mono + LISTS_LOOK;
        let version = journal.version_of_others().ok()?;
        if version == self.version {
            return None;
        }
        self.version = version;
        match journal.lists() {
            Ok(lists) => Some(lists),
            Err(error) => {
                tracing::warn!(%error, "the lists for off-line work cannot be read");
                None
            }
        }
    }
}

/// Old cards and held items go with old units, where they are kept at all.
pub(super) fn forget_lists(journal: &mut Journal, now: Now, rules: &OfflineRules) {
    if let Err(error) = journal.forget_lists(now.wall.date(), rules) {
        tracing::warn!(%error, "old lists cannot be forgotten");
    }
}

/// In the station's own zone, which is the library's.
fn library_time(told: SipDate, clock: &Clock) -> Option<DateTime> {
    let civil = told.civil()?;
    match told.zone() {
        Zone::Local => Some(civil),
        Zone::Utc => clock.civil(civil),
        Zone::Other(_) => None,
    }
}

fn clock_trouble(ahead: SignedDuration) -> Option<String> {
    let side = if ahead.is_negative() { "behind" } else { "ahead of" };
    (ahead.abs() > OFFSET_SAID).then(|| {
        let seconds = ahead.abs().as_secs();
        format!(
            "the station's clock is {seconds} s {side} the library system's; set its clock and station.zone, or give it a time server"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_measured_and_said_once_per_98() {
        let clock = Clock::new("Asia/Shanghai").unwrap();
        let mut watch = OfflineWatch::default();
        let right = SipDate::local(clock.now().wall);
        assert!(watch.library_time(right, &clock).is_some());
        assert_eq!(watch.clock_trouble, None);
        assert!(watch.library_time(right, &clock).is_none(), "an old 98 heard of again");
        let hour = jiff::Span::new().hours(1);
        let ahead = SipDate::local(clock.now().wall + hour);
        assert!(watch.library_time(ahead, &clock).is_some());
        let said = watch.clock_trouble.clone().unwrap();
        assert!(said.contains("behind") && said.contains("35") && said.contains("zone"), "{said}");
        for none in ["000000000000000000", "20261122 EST103000", "                  "] {
            let told = SipDate::from_bytes(none.as_bytes());
            assert!(watch.library_time(told, &clock).is_none(), "{none}");
        }
        // UTC is told in another zone and is the same moment.
        let utc = SipDate::utc(jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).datetime());
        assert!(watch.library_time(utc, &clock).is_some());
        assert_eq!(watch.clock_trouble, None);
    }
}
