//! What can be made to go wrong, at run time: by the handle or by a line on standard input.
//!
//! | line | effect |
//! |---|---|
//! | `late 1500` | every answer 1500 ms late; `late 0` ends it |
//! | `silent 2` | the next 2 requests that change something are done, but not answered |
//! | `close 1` | the connection is closed instead of the next answer, after the work was done |
//! | `cut 20` | the next answer breaks off after 20 bytes and the connection is closed |
//! | `garble 3` | bytes inside the next 3 answers are changed |
//! | `digit 1` | the next answer carries a wrong AY digit with a right checksum |
//! | `checksum 1` | the next answer carries a wrong AZ |
//! | `dp2 on` | every answer ends as dp2 ends it, until `dp2 off` (sip2.md section 10) |
//! | `again 2` | the next 2 requests are answered 96 and not worked on |
//! | `words 1` | the next request is answered by an error in words, which are no message, and not worked on |
//! | `refuse on` | everything that changes something is refused, until `refuse off` |
//! | `offline on` | 98 says off line and everything is refused, until `offline off` |
//! | `only 11` | the counted faults above wait for this request code; `only all` ends it |
//! | `clear` | all is well again |
//!
//! Login (93) and status (99) are answered truthfully by all counted faults, unless `only` names
//! them: a station that just connects would use them up.

use std::fmt;
use std::str::FromStr;

use crate::sip2::Code;

/// Longest delay, in milliseconds.
pub const MAX_LATE_MS: u64 = 600_000;

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answer every request this many milliseconds late; 0 ends it.
    Late(u64),
    /// Commit, then say nothing, for this many changing requests.
    SilentAfterCommit(u32),
    /// Do the work, then close instead of answering, for this many requests.
    CloseBeforeAnswer(u32),
    /// Send only this many bytes of the next answer, then close.
    CloseMidAnswer(usize),
    /// Change bytes inside this many answers.
    Garble(u32),
    /// Answer this many requests with another AY digit.
    WrongDigit(u32),
    /// Answer this many requests with a wrong AZ.
    BadChecksum(u32),
    /// End answers as dp2 does.
    NonStandardChecksum(bool),
    /// Answer 96 to this many requests, unworked.
    Answer96(u32),
    /// Answer this many requests by words that are no message, unworked, as FOLIO tells an error.
    Words(u32),
    /// Refuse everything that changes something.
    RefuseAll(bool),
    /// Be off line.
    Offline(bool),
    /// Let the counted faults wait for this request code; `None`: any but 93 and 99.
    Only(Option<Code>),
    /// End all faults.
    Clear,
}

/// A fault line that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "fault {line:?} is not understood: write late MS, silent N, close N, cut BYTES, garble N, digit N, checksum N, dp2 on|off, again N, words N, refuse on|off, offline on|off, only CODE|all or clear"
)]
pub struct FaultError {
    /// The line.
    pub line: String,
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(line: &str) -> Result<Self, FaultError> {
        let bad = || FaultError { line: line.to_owned() };
        let mut words = line.split([' ', '=', '\t']).filter(|word| !word.is_empty());
        let (name, value) = (words.next().ok_or_else(bad)?, words.next());
        if words.next().is_some() {
            return Err(bad());
        }
        let count = || value.unwrap_or("1").parse::<u32>().map_err(|_| bad());
        let switch = || match value {
            None | Some("on") => Ok(true),
            Some("off") => Ok(false),
            Some(_) => Err(bad()),
        };
        Ok(match name {
            "late" => {
                let ms = value.and_then(|text| text.parse().ok()).ok_or_else(bad)?;
                if ms > MAX_LATE_MS {
                    return Err(bad());
                }
                Self::Late(ms)
            }
            "silent" => Self::SilentAfterCommit(count()?),
            "close" => Self::CloseBeforeAnswer(count()?),
            "cut" => {
                Self::CloseMidAnswer(value.and_then(|text| text.parse().ok()).ok_or_else(bad)?)
            }
            "garble" => Self::Garble(count()?),
            "digit" => Self::WrongDigit(count()?),
            "checksum" => Self::BadChecksum(count()?),
            "dp2" => Self::NonStandardChecksum(switch()?),
            "again" => Self::Answer96(count()?),
            "words" => Self::Words(count()?),
            "refuse" => Self::RefuseAll(switch()?),
            "offline" => Self::Offline(switch()?),
            "only" if value == Some("all") => Self::Only(None),
            "only" => {
                let number = value.and_then(|text| text.parse().ok()).ok_or_else(bad)?;
                Self::Only(Some(Code::from_number(number).ok_or_else(bad)?))
            }
            "clear" if value.is_none() => Self::Clear,
            _ => return Err(bad()),
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = |on: bool| if on { "on" } else { "off" };
        match self {
            Self::Late(ms) => write!(f, "late {ms}"),
            Self::SilentAfterCommit(n) => write!(f, "silent {n}"),
            Self::CloseBeforeAnswer(n) => write!(f, "close {n}"),
            Self::CloseMidAnswer(bytes) => write!(f, "cut {bytes}"),
            Self::Garble(n) => write!(f, "garble {n}"),
            Self::WrongDigit(n) => write!(f, "digit {n}"),
            Self::BadChecksum(n) => write!(f, "checksum {n}"),
            Self::NonStandardChecksum(state) => write!(f, "dp2 {}", on(*state)),
            Self::Answer96(n) => write!(f, "again {n}"),
            Self::Words(n) => write!(f, "words {n}"),
            Self::RefuseAll(state) => write!(f, "refuse {}", on(*state)),
            Self::Offline(state) => write!(f, "offline {}", on(*state)),
            Self::Only(Some(code)) => write!(f, "only {code}"),
            Self::Only(None) => f.write_str("only all"),
            Self::Clear => f.write_str("clear"),
        }
    }
}

/// The faults in force.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Faults {
    pub(super) late_ms: u64,
    silent: u32,
    close_before: u32,
    close_mid: Option<usize>,
    garble: u32,
    wrong_digit: u32,
    bad_checksum: u32,
    pub(super) dp2: bool,
    again: u32,
    words: u32,
    pub(super) refuse_all: bool,
    pub(super) offline: bool,
    only: Option<Code>,
}

/// What happens to one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Twist {
    pub(super) silent: bool,
    pub(super) close_before: bool,
    pub(super) close_mid: Option<usize>,
    pub(super) garble: bool,
    pub(super) wrong_digit: bool,
    pub(super) bad_checksum: bool,
}

impl Faults {
    pub(super) fn set(&mut self, fault: Fault) {
        match fault {
            Fault::Late(ms) => self.late_ms = ms.min(MAX_LATE_MS),
            Fault::SilentAfterCommit(n) => self.silent = n,
            Fault::CloseBeforeAnswer(n) => self.close_before = n,
            Fault::CloseMidAnswer(bytes) => self.close_mid = Some(bytes),
            Fault::Garble(n) => self.garble = n,
            Fault::WrongDigit(n) => self.wrong_digit = n,
            Fault::BadChecksum(n) => self.bad_checksum = n,
            Fault::NonStandardChecksum(on) => self.dp2 = on,
            Fault::Answer96(n) => self.again = n,
            Fault::Words(n) => self.words = n,
            Fault::RefuseAll(on) => self.refuse_all = on,
            Fault::Offline(on) => self.offline = on,
            Fault::Only(code) => self.only = code,
            Fault::Clear => *self = Self::default(),
        }
    }

    fn applies(&self, code: Code) -> bool {
        match self.only {
            Some(only) => only == code,
            None => !matches!(code, Code::Login | Code::ScStatus),
        }
    }

    /// Whether this request is answered 96.
    pub(super) fn takes_96(&mut self, code: Code) -> bool {
        self.applies(code) && take(&mut self.again)
    }

    /// Whether this request is answered in words.
    pub(super) fn takes_words(&mut self, code: Code) -> bool {
        self.applies(code) && take(&mut self.words)
    }

    /// What happens to the answer of this request; uses up one of each counted fault.
    pub(super) fn twist(&mut self, code: Code, changes: bool) -> Twist {
        if !self.applies(code) {
            return Twist::default();
        }
        let silent = changes && take(&mut self.silent);
        if silent {
            return Twist { silent, ..Twist::default() };
        }
        if take(&mut self.close_before) {
            return Twist { close_before: true, ..Twist::default() };
        }
        Twist {
            silent: false,
            close_before: false,
            close_mid: self.close_mid.take(),
            garble: take(&mut self.garble),
            wrong_digit: take(&mut self.wrong_digit),
            bad_checksum: take(&mut self.bad_checksum),
        }
    }
}

fn take(count: &mut u32) -> bool {
    let any = *count > 0;
    *count = count.saturating_sub(1);
    any
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_written_as_it_is_read() {
        for fault in [
            Fault::Late(1500),
            Fault::SilentAfterCommit(2),
            Fault::CloseBeforeAnswer(1),
            Fault::CloseMidAnswer(20),
            Fault::Garble(3),
            Fault::WrongDigit(1),
            Fault::BadChecksum(4),
            Fault::NonStandardChecksum(true),
            Fault::Answer96(2),
            Fault::Words(2),
            Fault::RefuseAll(false),
            Fault::Offline(true),
            Fault::Only(Some(Code::Checkout)),
            Fault::Only(None),
            Fault::Clear,
        ] {
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
        assert_eq!("garble".parse(), Ok(Fault::Garble(1)));
        assert_eq!("late=200".parse(), Ok(Fault::Late(200)));
    }

    #[test]
    fn what_is_no_fault_says_what_is() {
        for line in ["", "late", "late soon", "cut", "dp2 maybe", "only 2", "clear 1", "garble 1 2"]
        {
            let error = line.parse::<Fault>().unwrap_err();
            assert!(error.to_string().contains("offline on|off"), "{line}");
        }
    }

    #[test]
    fn counted_faults_spare_login_and_end() {
        let mut faults = Faults::default();
        faults.set(Fault::Garble(1));
        assert!(!faults.twist(Code::Login, false).garble);
        assert!(faults.twist(Code::Checkout, true).garble);
        assert!(!faults.twist(Code::Checkout, true).garble);
        faults.set(Fault::SilentAfterCommit(1));
        assert!(!faults.twist(Code::PatronInformation, false).silent);
        assert!(faults.twist(Code::Checkin, true).silent);
    }
}
