//! What can be made to go wrong while the simulator runs.

use std::str::FromStr;
use std::time::Duration;

use crate::sim::field::{Behaviour, Pull};
use crate::sim::pn5180::ChipFault;

/// One thing that goes wrong until faults are cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Commands arrive and are neither done nor answered.
    Deaf,
    /// Every answer comes so much later, whatever the speed factor.
    Slow(Duration),
    /// Each byte of an answer has this chance of one flipped bit.
    Garbled {
        /// Chance in a thousand.
        per_mille: u16,
    },
    /// The line is broken and cannot be opened.
    Unplugged,
    /// A tag is pulled off the pad in its next write; the answer is 06.
    PullOnWrite {
        /// The tag's name.
        tag: String,
        /// When in the write.
        pull: Pull,
    },
    /// The next AFI writes fail with 06, whatever the tag.
    AfiFails {
        /// How many.
        times: u32,
    },
    /// A tag does something badly so many times.
    Tag {
        /// The tag's name.
        tag: String,
        /// What it does.
        how: TagFault,
        /// How many times.
        times: u32,
    },
    /// The chip itself does something badly (models that are a chip).
    Chip(ChipFault),
}

/// What one tag can do badly (docs/tags-file.md, `behaviour`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagFault {
    /// Its writes take effect and are answered when the reader has given up.
    LateAnswer,
    /// Its writes are acknowledged and not kept.
    Forgets,
    /// Its answers come with a bad checksum.
    BadCrc,
}

impl TagFault {
    /// Puts it in force for so many times.
    pub(super) fn put(self, behaviour: &mut Behaviour, times: u32) {
        match self {
            Self::LateAnswer => behaviour.late_answers = times,
            Self::Forgets => behaviour.forgets = times,
            Self::BadCrc => behaviour.bad_crc = times,
        }
    }
}

/// A fault line that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no fault: write deaf, slow MS, garbled PER_MILLE, unplugged, pull TAG before|after|inventory|blocks N, afi_fails N, late|forgets|bad_crc TAG N, or chip busy_stuck|reset|hot|general_error N"
)]
pub struct FaultError {
    /// The text as given.
    pub text: String,
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let bad = || FaultError { text: text.to_owned() };
        let words: Vec<&str> = text.split_whitespace().collect();
        let pull = |tag: &str, pull| Self::PullOnWrite { tag: tag.to_owned(), pull };
        Ok(match words[..] {
            ["deaf"] => Self::Deaf,
            ["slow", ms] => Self::Slow(Duration::from_millis(ms.parse().map_err(|_| bad())?)),
            ["garbled", chance] => match chance.parse() {
                Ok(per_mille @ 0..=1000) => Self::Garbled { per_mille },
                _ => return Err(bad()),
            },
            ["unplugged"] => Self::Unplugged,
            ["pull", tag, "before"] => pull(tag, Pull::BeforeWrite),
            ["pull", tag, "after"] => pull(tag, Pull::AfterWrite),
            ["pull", tag, "inventory"] => pull(tag, Pull::AfterInventory),
            ["pull", tag, "blocks", n] => {
                pull(tag, Pull::AfterBlocks(n.parse().map_err(|_| bad())?))
            }
            [how @ ("late" | "forgets" | "bad_crc"), tag, n] => Self::Tag {
                tag: tag.to_owned(),
                how: match how {
                    "late" => TagFault::LateAnswer,
                    "forgets" => TagFault::Forgets,
                    _ => TagFault::BadCrc,
                },
                times: n.parse().map_err(|_| bad())?,
            },
            ["chip", what, n] => {
                let n = n.parse().map_err(|_| bad())?;
                Self::Chip(match what {
                    "busy_stuck" => ChipFault::BusyStuck { after: n },
                    "reset" => ChipFault::Reset { after: n },
                    "hot" => ChipFault::Hot { after: n },
                    "general_error" => ChipFault::GeneralError { times: n },
                    _ => return Err(bad()),
                })
            }
            ["afi_fails", n] => Self::AfiFails { times: n.parse().map_err(|_| bad())? },
            _ => return Err(bad()),
        })
    }
}

/// The faults in force, except unplugging and pulls.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) deaf: bool,
    pub(super) slow: Duration,
    pub(super) garbled_per_mille: u16,
}
