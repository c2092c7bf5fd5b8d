//! What the loop does for work off line: the library system's time, and lists that an import
//! changed.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

use crate::clock::Clock;
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

    /// Another journal is used: what is in it is no change by others.
    pub(super) fn journal_changed(&mut self, journal: &Journal) {
        if let Ok(version) = journal.version_of_others() {
            self.version = version;
        }
    }

    /// The library system told a time; `None` when it is none, or no news.
    /// `at`: the same in the station's zone.
    pub(super) fn library_time(
        &mut self,
        told: SipDate,
        at: Option<DateTime>,
        now: DateTime,
    ) -> Option<Input> {
        if self.told == Some(told) || told.is_blank() {
            return None;
        }
        self.told = Some(told);
        let at = at?;
        self.clock_trouble = clock_trouble(now.duration_since(at));
        Some(Input::LibraryTime(at))
    }

    /// The lists, when another process changed them.
    pub(super) fn lists(&mut self, journal: &Journal, now: Duration) -> Option<Lists> {
        if now < self.due {
            return None;
        }
        self.due = now + LISTS_LOOK;
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
pub(super) fn forget_lists(journal: &mut Journal, today: Date, rules: &OfflineRules) {
    if let Err(error) = journal.forget_lists(today, rules) {
        tracing::warn!(%error, "old lists cannot be forgotten");
    }
}

/// In the station's own zone, which is the library's.
pub(super) fn library_time(told: SipDate, clock: &Clock) -> Option<DateTime> {
    // A script's clock runs ahead of everybody else's.
    if clock.is_moved() {
        return None;
    }
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
    use crate::session::{Answer, Ask, ItemId};
    use crate::sip2::link::{Answer as LinkAnswer, Outcome, RawLine, RequestId};
    use crate::sip2::profile::{ChecksumMode, Profile};
    use crate::sip2::systems::System;
    use crate::sip2::{Charset, ErrorDetection, Response};
    use crate::station::ils;

    fn wire(ask: &Ask, profile: &Profile) -> String {
        let now = "2026-11-22T10:30:00".parse().unwrap();
        let request = ils::request(ask, profile, now);
        String::from_utf8(request.encode(Charset::Utf8, ErrorDetection::Off)).unwrap()
    }

    #[test]
    fn a_noted_loan_tells_its_own_moment_and_the_day_the_reader_was_told() {
        let ask = Ask::Checkout {
            patron: "0200001234".into(),
            item: ItemId::new("YZ0000789").unwrap(),
            at: "2026-11-21T22:14:05".parse().unwrap(),
            promised: Some("2026-12-12T23:59:00".parse().unwrap()),
        };
        let named = |name: &str| System::named(name).unwrap().profile(toml::Table::new()).unwrap();
        // sip2.md section 11.
        let koha = wire(&ask, &named("koha"));
        assert!(koha.starts_with("11NY20261121    22140520261212    235900AO"), "{koha}");
        // Where the flag is not honoured it is not sent; the day is, all the same.
        let evergreen = wire(&ask, &named("evergreen"));
        assert!(evergreen.starts_with("11NN20261121    22140520261212    235900AO"), "{evergreen}");
    }

    fn hear(watch: &mut OfflineWatch, told: SipDate, clock: &Clock) -> Option<Input> {
        watch.library_time(told, library_time(told, clock), clock.now().wall)
    }

    fn heard(line: &str) -> Answer {
        let profile = Profile { checksum: ChecksumMode::Off, ..Profile::default() };
        let response = Response::decode(line.as_bytes(), Charset::Utf8).unwrap();
        let now = "2026-11-22T10:30:00".parse().unwrap();
        let end = LinkAnswer {
            id: RequestId(1),
            outcome: Outcome::Answered(Box::new(response.message)),
            transmissions: 1,
            raw: RawLine::default(),
        };
        ils::answer(end, &profile, &ils::Sorting::default(), now, &|told| told.civil()).unwrap()
    }

    #[test]
    fn a_clock_that_is_off_is_measured_and_said_once_per_98() {
        let clock = Clock::new("Asia/Shanghai").unwrap();
        let mut watch = OfflineWatch::default();
        let right = SipDate::local(clock.now().wall);
        assert!(hear(&mut watch, right, &clock).is_some());
        assert_eq!(watch.clock_trouble, None);
        assert!(hear(&mut watch, right, &clock).is_none(), "an old 98 heard of again");
        let hour = jiff::Span::new().hours(1);
        let ahead = SipDate::local(clock.now().wall + hour);
        assert!(hear(&mut watch, ahead, &clock).is_some());
        let said = watch.clock_trouble.clone().unwrap();
        assert!(said.contains("behind") && said.contains("35") && said.contains("zone"), "{said}");
        for none in ["000000000000000000", "20261122 EST103000", "                  "] {
            let told = SipDate::from_bytes(none.as_bytes());
            assert!(hear(&mut watch, told, &clock).is_none(), "{none}");
        }
        // UTC is told in another zone and is the same moment.
        let utc = SipDate::utc(jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).datetime());
        assert!(hear(&mut watch, utc, &clock).is_some());
        assert_eq!(watch.clock_trouble, None);
    }
    #[test]
    fn answers_tell_holds_and_the_end_of_a_card() {
        let item = |line: &str| match heard(line) {
            Answer::Item(item) => item.held,
            other => panic!("{other:?}"),
        };
        let eighteen = |status: &str, more: &str| {
            item(&format!("18{status}00120261122    103000ABYZ0000789|AJ三体|{more}"))
        };
        assert_eq!(eighteen("03", "CF0|"), Some(false));
        assert_eq!(eighteen("04", "CF2|"), Some(true));
        assert_eq!(eighteen("08", ""), Some(true));
        assert_eq!(eighteen("03", ""), None);
        let Answer::Patron(patron) = heard(
            "64              01920261122    103000000000000000000000000000AOYZLIB|AA0200001234|AE|BLY|PA20270131    235900|",
        ) else {
            panic!("64")
        };
        assert_eq!(patron.expires, Some("2027-01-31".parse().unwrap()));
        assert_eq!(patron.block, None);
    }
}
