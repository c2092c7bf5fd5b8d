//! What can be made to go wrong while the simulator runs.

use std::str::FromStr;
use std::time::Duration;

use crate::sim::field::Rng;

/// One thing that goes wrong until faults are cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Scans have no end mark.
    NoTerminator,
    /// Each scan is held back and goes out with the next, nothing between them.
    Glued,
    /// Scans are repeated up to so many bytes.
    Long(usize),
    /// Bytes come so far apart.
    Slow(Duration),
    /// Scans stop after so many bytes.
    Cut(usize),
    /// Each byte has this chance of one flipped bit.
    Garbled {
        /// Chance in a thousand.
        per_mille: u16,
    },
    /// The line is broken and cannot be opened.
    Unplugged,
}

/// A fault line that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no fault: write no_terminator, glued, long BYTES, slow MS, cut BYTES, garbled PER_MILLE or unplugged"
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
        Ok(match words[..] {
            ["no_terminator"] => Self::NoTerminator,
            ["glued"] => Self::Glued,
            ["long", n] => match n.parse() {
                Ok(n) if n <= super::SCAN_MAX => Self::Long(n),
                _ => return Err(bad()),
            },
            ["slow", ms] => Self::Slow(Duration::from_millis(ms.parse().map_err(|_| bad())?)),
            ["cut", n] => Self::Cut(n.parse().map_err(|_| bad())?),
            ["garbled", chance] => match chance.parse() {
                Ok(per_mille @ 0..=1000) => Self::Garbled { per_mille },
                _ => return Err(bad()),
            },
            ["unplugged"] => Self::Unplugged,
            _ => return Err(bad()),
        })
    }
}

/// The faults in force, except unplugging.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    pub(super) no_terminator: bool,
    pub(super) glued: bool,
    pub(super) long: Option<usize>,
    pub(super) slow: Duration,
    pub(super) cut: Option<usize>,
    pub(super) garbled_per_mille: u16,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        match fault {
            Fault::NoTerminator => self.no_terminator = true,
            Fault::Glued => self.glued = true,
            Fault::Long(n) => self.long = Some(n),
            Fault::Slow(time) => self.slow = time,
            Fault::Cut(n) => self.cut = Some(n),
            Fault::Garbled { per_mille } => self.garbled_per_mille = per_mille,
            Fault::Unplugged => {}
        }
    }

    /// The scan's bytes, repeated where they should be long.
    pub(super) fn lengthen(&self, bytes: &[u8]) -> Vec<u8> {
        match self.long {
            Some(n) => bytes.iter().copied().cycle().take(n).collect(),
            None => bytes.to_vec(),
        }
    }

    /// Flips one random bit in some bytes.
    pub(super) fn garble(&self, bytes: &mut [u8], rng: &mut Rng) {
        for byte in bytes {
            if rng.below(1000) < u32::from(self.garbled_per_mille) {
                *byte ^= 1 << rng.below(8);
            }
        }
    }
}
