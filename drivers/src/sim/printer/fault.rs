//! What can go wrong with a printer (peripherals.md section 7), as knobs.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// One misbehaviour. Byte counts start when the fault is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Takes bytes, neither prints nor answers.
    Silent,
    /// Every answer comes this much later.
    Late(Duration),
    /// No paper.
    PaperOut,
    /// Paper ends after so many more bytes were printed.
    PaperOutAfter(u64),
    /// The roll is nearly used up.
    NearEnd,
    /// Cover open.
    CoverOpen,
    /// The cover is opened after so many more bytes were printed.
    CoverOpenAfter(u64),
    /// The next cut jams; stays until recovered.
    CutterJam,
    /// The head is too hot.
    HeadHot,
    /// Prints, never answers.
    NoStatus,
    /// The link breaks after so many more bytes.
    DropLinkAfter(u64),
    /// The receive buffer holds only so many bytes.
    SmallBuffer(usize),
    /// Nothing is taken from the link.
    StuckWrite,
    /// Answers arrive byte by byte.
    SplitReplies,
    /// An automatic status is put into the middle of a process-id answer.
    AsbInBlock,
    /// Process-id requests are answered with an earlier job's id.
    WrongJobId,
}

/// A fault name that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "fault {0:?} is not known: silent, late=MS, paper-out, paper-out-after=BYTES, near-end, \
     cover-open, cover-open-after=BYTES, cutter-jam, head-hot, no-status, drop-link-after=BYTES, \
     small-buffer=BYTES, stuck-write, split-replies, asb-in-block, wrong-job-id"
)]
pub struct UnknownFault(pub String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let bad = || UnknownFault(text.to_owned());
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        let number = || value.parse::<u64>().map_err(|_| bad());
        Ok(match name {
            "late" => Self::Late(Duration::from_millis(number()?)),
            "paper-out-after" => Self::PaperOutAfter(number()?),
            "cover-open-after" => Self::CoverOpenAfter(number()?),
            "drop-link-after" => Self::DropLinkAfter(number()?),
            "small-buffer" => Self::SmallBuffer(usize::try_from(number()?).map_err(|_| bad())?),
            _ if !value.is_empty() => return Err(bad()),
            "silent" => Self::Silent,
            "paper-out" => Self::PaperOut,
            "near-end" => Self::NearEnd,
            "cover-open" => Self::CoverOpen,
            "cutter-jam" => Self::CutterJam,
            "head-hot" => Self::HeadHot,
            "no-status" => Self::NoStatus,
            "stuck-write" => Self::StuckWrite,
            "split-replies" => Self::SplitReplies,
            "asb-in-block" => Self::AsbInBlock,
            "wrong-job-id" => Self::WrongJobId,
            _ => return Err(bad()),
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("silent"),
            Self::Late(late) => write!(f, "late={}", late.as_millis()),
            Self::PaperOut => f.write_str("paper-out"),
            Self::PaperOutAfter(bytes) => write!(f, "paper-out-after={bytes}"),
            Self::NearEnd => f.write_str("near-end"),
            Self::CoverOpen => f.write_str("cover-open"),
            Self::CoverOpenAfter(bytes) => write!(f, "cover-open-after={bytes}"),
            Self::CutterJam => f.write_str("cutter-jam"),
            Self::HeadHot => f.write_str("head-hot"),
            Self::NoStatus => f.write_str("no-status"),
            Self::DropLinkAfter(bytes) => write!(f, "drop-link-after={bytes}"),
            Self::SmallBuffer(bytes) => write!(f, "small-buffer={bytes}"),
            Self::StuckWrite => f.write_str("stuck-write"),
            Self::SplitReplies => f.write_str("split-replies"),
            Self::AsbInBlock => f.write_str("asb-in-block"),
            Self::WrongJobId => f.write_str("wrong-job-id"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for text in ["silent", "late=3000", "paper-out-after=80", "small-buffer=64", "cutter-jam"] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
        }
        for text in ["", "late", "late=x", "silent=1", "fire"] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
