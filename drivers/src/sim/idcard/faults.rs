//! What can be made to go wrong while the simulator runs.

use std::str::FromStr;
use std::time::Duration;

/// Which command of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SimStep {
    /// State of the module, or a command that is not known.
    Status,
    /// Find a card.
    Find,
    /// Select it.
    Select,
    /// Read its basic data.
    Read,
}

/// One thing that goes wrong until faults are cleared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answers stop in their middle.
    HalfFrame,
    /// Answers have a wrong checksum.
    WrongChecksum,
    /// A step is answered by this status code.
    Sw3 {
        /// The step.
        step: SimStep,
        /// SW3.
        code: u8,
    },
    /// The card is pulled between select and read.
    Pulled,
    /// Every answer comes so much later.
    Slow(Duration),
    /// Commands are not answered.
    Deaf,
    /// The line is broken and cannot be opened.
    Unplugged,
}

/// A fault line that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no fault: write half_frame, wrong_checksum, sw3 status|find|select|read HEX, pulled, slow MS, deaf or unplugged"
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
            ["half_frame"] => Self::HalfFrame,
            ["wrong_checksum"] => Self::WrongChecksum,
            ["sw3", step, code] => {
                let step = match step {
                    "status" => SimStep::Status,
                    "find" => SimStep::Find,
                    "select" => SimStep::Select,
                    "read" => SimStep::Read,
                    _ => return Err(bad()),
                };
                Self::Sw3 { step, code: u8::from_str_radix(code, 16).map_err(|_| bad())? }
            }
            ["pulled"] => Self::Pulled,
            ["slow", ms] => Self::Slow(Duration::from_millis(ms.parse().map_err(|_| bad())?)),
            ["deaf"] => Self::Deaf,
            ["unplugged"] => Self::Unplugged,
            _ => return Err(bad()),
        })
    }
}

/// The faults in force, except unplugging.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    pub(super) half_frame: bool,
    pub(super) wrong_checksum: bool,
    pub(super) pulled: bool,
    pub(super) deaf: bool,
    pub(super) slow: Duration,
    forced: Vec<(SimStep, u8)>,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        match fault {
            Fault::HalfFrame => self.half_frame = true,
            Fault::WrongChecksum => self.wrong_checksum = true,
            Fault::Pulled => self.pulled = true,
            Fault::Deaf => self.deaf = true,
            Fault::Slow(time) => self.slow = time,
            Fault::Sw3 { step, code } => {
                self.forced.retain(|(other, _)| *other != step);
                self.forced.push((step, code));
            }
            Fault::Unplugged => {}
        }
    }

    pub(super) fn forced(&self, step: SimStep) -> Option<u8> {
        self.forced.iter().find(|(other, _)| *other == step).map(|(_, code)| *code)
    }

    /// What becomes of an answer on its way.
    pub(super) fn spoil(&self, mut answer: Vec<u8>) -> Vec<u8> {
        if self.wrong_checksum
            && let Some(last) = answer.last_mut()
        {
            *last ^= 0x01;
        }
        if self.half_frame {
            answer.truncate(answer.len() / 2);
        }
        answer
    }
}
