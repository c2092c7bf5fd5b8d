//! SIP2 dates (sip2.md section 1, "Date-time").

use std::fmt;

use jiff::civil::{Date, DateTime, Time};

/// Bytes of a date in a fixed part: `YYYYMMDDZZZZHHMMSS`.
pub const DATE_LEN: usize = 18;

/// The four zone bytes of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// Four blanks: the library's local time, the preferred form.
    Local,
    /// Three blanks and `Z`.
    Utc,
    /// Another zone, kept as written.
    Other([u8; 4]),
}

impl Zone {
    fn bytes(self) -> [u8; 4] {
        match self {
            Self::Local => *b"    ",
            Self::Utc => *b"   Z",
            Self::Other(bytes) => bytes,
        }
    }

    fn from_bytes(bytes: [u8; 4]) -> Self {
        match &bytes {
            b"    " => Self::Local,
            b"   Z" => Self::Utc,
            _ => Self::Other(bytes),
        }
    }
}

/// An 18-byte date as it stands on the wire. Any 18 bytes are held, so that a library system with
/// an odd clock never fails a loan; [`SipDate::civil`] says whether they are a date.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SipDate([u8; DATE_LEN]);

impl SipDate {
    /// 18 blanks: no date.
    pub const BLANK: Self = Self([b' '; DATE_LEN]);

    /// A moment on the library's own clock.
    #[must_use]
    pub fn local(at: DateTime) -> Self {
        Self::with_zone(at, Zone::Local)
    }

    /// A moment in UTC.
    #[must_use]
    pub fn utc(at: DateTime) -> Self {
        Self::with_zone(at, Zone::Utc)
    }

    /// A moment with a zone. Years outside 0..=9999 have no SIP2 form and give [`SipDate::BLANK`].
    #[must_use]
    pub fn with_zone(at: DateTime, zone: Zone) -> Self {
        let Ok(year) = u32::try_from(at.year()) else { return Self::BLANK };
        let two = |n: i8| u32::from(n.unsigned_abs());
        let mut bytes = [b' '; DATE_LEN];
        put_digits(&mut bytes[0..4], year);
        put_digits(&mut bytes[4..6], two(at.month()));
        put_digits(&mut bytes[6..8], two(at.day()));
        bytes[8..12].copy_from_slice(&zone.bytes());
        put_digits(&mut bytes[12..14], two(at.hour()));
        put_digits(&mut bytes[14..16], two(at.minute()));
        put_digits(&mut bytes[16..18], two(at.second()));
        Self(bytes)
    }

    /// Takes up to 18 bytes as they came; missing ones become blanks (Koha strips trailing blanks),
    /// non-ASCII ones `?`.
    #[must_use]
    #[inline]
    pub fn from_bytes(wire: &[u8]) -> Self {
        let mut bytes = match wire.first_chunk() {
            Some(whole) => *whole,
            None => {
                let mut bytes = [b' '; DATE_LEN];
                bytes[..wire.len()].copy_from_slice(wire);
                bytes
            }
        };
        if !bytes.is_ascii() {
            for byte in &mut bytes {
                *byte = if byte.is_ascii() { *byte } else { b'?' };
            }
        }
        Self(bytes)
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; DATE_LEN] {
        &self.0
    }

    /// The same as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII is stored")
    }

    /// Whether there is no date (18 blanks).
    #[must_use]
    #[inline]
    pub fn is_blank(&self) -> bool {
        *self == Self::BLANK
    }

    /// The zone as written.
    #[must_use]
    pub fn zone(&self) -> Zone {
        let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = self.0;
        Zone::from_bytes([a, b, c, d])
    }

    /// Date and time in the zone as written, or `None` when the bytes are no date (blank, zeros).
    #[must_use]
    pub fn civil(&self) -> Option<DateTime> {
        let date =
            civil_date(number(&self.0[0..4])?, number(&self.0[4..6])?, number(&self.0[6..8])?)?;
        let two = |range: std::ops::Range<usize>| i8::try_from(number(&self.0[range])?).ok();
        let time = Time::new(two(12..14)?, two(14..16)?, two(16..18)?, 0).ok()?;
        Some(date.to_datetime(time))
    }
}

impl Default for SipDate {
    fn default() -> Self {
        Self::BLANK
    }
}

impl fmt::Display for SipDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SipDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SipDate({:?})", self.as_str())
    }
}

/// A due date understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The day.
    pub date: Date,
    /// The time of day, where one was given.
    pub time: Option<Time>,
    /// The zone of `date` and `time`.
    pub zone: Zone,
}

/// A date in a variable field (`AH`, `CJ`, `CM`): free text by the protocol, often a date.
/// A loan never fails because it could not be read; then the text itself is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DueDate {
    /// The text as the library system wrote it.
    pub raw: String,
    /// What it means, where it is one of the known forms.
    pub parsed: Option<Due>,
}

impl DueDate {
    /// Reads the 18-byte form, `YYYY-MM-DD`, `DD.MM.YYYY` and `M/D/YYYY[,HH:MM]`.
    pub fn new(raw: impl Into<String>) -> Self {
        let raw = raw.into();
        let parsed = parse_due(raw.trim());
        Self { raw, parsed }
    }
}

impl From<&str> for DueDate {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl From<SipDate> for DueDate {
    fn from(date: SipDate) -> Self {
        Self::new(date.as_str())
    }
}

fn parse_due(text: &str) -> Option<Due> {
    if text.len() == DATE_LEN {
        let date = SipDate::from_bytes(text.as_bytes());
        if let Some(at) = date.civil() {
            return Some(Due { date: at.date(), time: Some(at.time()), zone: date.zone() });
        }
    }
    let (day, time) = match text.split_once([',', ' ', 'T']) {
        Some((day, time)) => (day, Some(parse_time(time.trim())?)),
        None => (text, None),
    };
    Some(Due { date: parse_day(day)?, time, zone: Zone::Local })
}

fn parse_day(text: &str) -> Option<Date> {
    let (separator, [year, month, day]) = match () {
        () if text.contains('-') => ('-', [0, 1, 2]),
        () if text.contains('.') => ('.', [2, 1, 0]),
        () => ('/', [2, 0, 1]),
    };
    let mut parts = text.split(separator).map(|part| number(part.as_bytes()));
    let parts = [parts.next()??, parts.next()??, parts.next()??];
    if text.split(separator).count() != 3 || parts[year] < 1000 {
        return None;
    }
    civil_date(parts[year], parts[month], parts[day])
}

fn parse_time(text: &str) -> Option<Time> {
    let mut parts = text.split(':').map(|part| number(part.as_bytes()));
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let small = |n: u16| i8::try_from(n).ok();
    Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()
}

fn civil_date(year: u16, month: u16, day: u16) -> Option<Date> {
    if year == 0 {
        return None;
    }
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// One to four ASCII digits as a number.
fn number(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 4 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0')))
}

/// Writes `n` in decimal, right-aligned, filled with zeros.
fn put_digits(to: &mut [u8], mut n: u32) {
    for digit in to.iter_mut().rev() {
        *digit = b'0' + u8::try_from(n % 10).expect("a remainder of ten fits");
        n /= 10;
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    #[test]
    fn dates_have_eighteen_bytes() {
        let at = date(2026, 11, 22).at(10, 30, 0, 0);
        assert_eq!(SipDate::local(at).as_str(), "20261122    103000");
        assert_eq!(SipDate::utc(at).as_str(), "20261122   Z103000");
        assert_eq!(SipDate::utc(at).zone(), Zone::Utc);
        assert_eq!(SipDate::local(at).civil(), Some(at));
        assert_eq!(SipDate::from_bytes(b"20261122 EST103000").zone(), Zone::Other(*b" EST"));
    }

    #[test]
    fn what_is_no_date_stays_bytes() {
        assert!(SipDate::from_bytes(b"").is_blank());
        for bytes in
            [&b"000000000000000000"[..], b"20261332    103000", b"20261122    2530\xE4\xB8"]
        {
            assert_eq!(SipDate::from_bytes(bytes).civil(), None);
        }
    }

    #[test]
    fn due_dates_come_in_several_forms() {
        let day = date(2026, 12, 13);
        for text in ["2026-12-13", "13.12.2026", "12/13/2026"] {
            let due = DueDate::from(text).parsed.unwrap();
            assert_eq!((due.date, due.time), (day, None), "{text}");
        }
        let due = DueDate::from("12/13/2026,23:59").parsed.unwrap();
        assert_eq!((due.date, due.time), (day, Some(time(23, 59, 0, 0))));
        let due = DueDate::from("20261213    235900").parsed.unwrap();
        assert_eq!((due.date, due.time), (day, Some(time(23, 59, 0, 0))));
        for text in ["", "下周三", "2026-13-45", "1-2-3", "2026-12-13-1", "99/99/2026", "2026/12"]
        {
            let due = DueDate::from(text);
            assert_eq!((due.raw.as_str(), due.parsed), (text, None));
        }
    }
}
