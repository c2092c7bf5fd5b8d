//! What was done to a tag and what was not.

use serde::{Serialize, Serializer};

use super::Found;
use crate::rfid::{ReaderError, Uid};

/// The whole story of one tag.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The tag.
    #[serde(serialize_with = "as_text")]
    pub uid: Uid,
    /// What was on it before; `None` when it could not be read.
    pub found: Option<Found>,
    /// Every step in its order, also those not reached.
    pub steps: Vec<Step>,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

fn as_text<S: Serializer>(uid: &Uid, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(uid)
}

impl Report {
    /// Whether the tag now is as asked.
    #[must_use]
    pub fn is_as_asked(&self) -> bool {
        matches!(self.outcome, Outcome::Written | Outcome::Unchanged)
    }

    /// Blocks known, by reading them back, to hold the new content.
    #[must_use]
    pub fn blocks_written(&self) -> Vec<u8> {
        let steps = self.steps.iter().filter(|step| step.what != What::Mark);
        steps.flat_map(|step| step.confirmed.iter().copied()).collect()
    }
}

/// How the programming of a tag ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Written and read back.
    Written,
    /// It was as asked already; nothing was written.
    Unchanged,
    /// Nothing was written, and nothing will be until something else changes.
    Refused(Refusal),
    /// Something went wrong on the way.
    Failed(Failure),
}

/// Why a tag is not written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Refusal {
    /// It carries another item or a patron's card, and overwriting was not chosen.
    #[error("the tag carries another item or a card")]
    OtherItem,
    /// Blocks that would have to change are locked for ever.
    #[error("blocks {blocks:?} would have to change and are locked for ever")]
    Locked {
        /// Those blocks.
        blocks: Vec<u8>,
    },
    /// The data does not fit.
    #[error("the data needs {needed} blocks, the tag has {there}")]
    TooSmall {
        /// Blocks needed.
        needed: u16,
        /// Blocks there are.
        there: u16,
    },
    /// The data would reach a block that is no memory (the counter of an ICODE SLIX2).
    #[error("the data reaches block {block}, which is a counter on this chip")]
    ReservedBlock {
        /// That block.
        block: u8,
    },
    /// A security state by AFI is wanted; the chip, or the reader, has none (Tag-it Standard).
    #[error("this chip has no AFI and cannot carry the security state")]
    NoAfi,
    /// A security state by EAS is wanted; the chip, or the reader, has none.
    #[error("this chip has no EAS and cannot carry the security state")]
    NoEas,
    /// The data cannot be recognised without a DSFID; the chip, or the reader, has none.
    #[error("this chip has no DSFID, without which the data would not be recognised")]
    NoDsfid,
    /// Block 0 is locked and every order of writing the rest could leave a third item behind.
    #[error("block 0 is locked, and no order of writing is safe against pulling the tag")]
    NoSafeOrder,
    /// Blocks of the tag have another length than 4 bytes.
    #[error("blocks of {block_len} bytes cannot be written")]
    BlockLength {
        /// Their length in bytes.
        block_len: u8,
    },
    /// The data model belongs to another kind of tag: UHF data on HF tags, HF data on UHF tags, or
    /// anything on a card.
    #[error("the data model is not for this kind of tag")]
    OtherKindOfTag,
    /// The image is not whole blocks, or more than 256.
    #[error("the image is not one to 256 whole blocks")]
    BadImage,
}

/// What went wrong, and what the tag is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The step that failed; `None` when the tag could not even be read.
    pub step: Option<What>,
    /// The reader's error, by name ([`reader_error_name`]).
    pub error: &'static str,
    /// Its text.
    pub detail: String,
    /// What the tag decodes as now.
    pub left: Left,
}

/// What a tag decodes as when programming failed. Never a mix of old and new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// As before; nothing was written, or it was written back.
    Before,
    /// As before or as no item: whether the write arrived is not known.
    BeforeOrNoItem,
    /// As no item. Programming it again makes it good.
    NoItem,
    /// As no item or as the new item.
    NoItemOrNew,
    /// As before or as the new item: one write decides, and whether it arrived is not known.
    BeforeOrNew,
    /// As one of the three: block 0 is locked, and the tag did not answer any more.
    BeforeNoItemOrNew,
    /// As the new item; DSFID, security state or locks are not all as asked.
    New,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Makes the tag decode as no item while it is written.
    Mark,
    /// Writes the data blocks and compares them.
    Data,
    /// Writes the DSFID.
    Dsfid,
    /// Writes the UII of a UHF tag behind its mark.
    Uii,
    /// Writes block 0, or the first word of the UII: the tag is the new item from here.
    Identifier,
    /// Writes the AFI.
    Afi,
    /// Switches the EAS bit.
    Eas,
    /// Locks blocks. Irreversible.
    Lock,
    /// Writes back what was there, after a refusal of the tag in the middle.
    Restore,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it does.
    pub what: What,
    /// How it ended.
    pub result: StepResult,
    /// How often it was tried.
    pub tries: u32,
    /// Blocks it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<u8>,
    /// Those of them that were read back as wanted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub confirmed: Vec<u8>,
    /// Whether nothing can undo it.
    pub irreversible: bool,
}

impl Step {
    pub(super) fn new(what: What, blocks: Vec<u8>) -> Self {
        let irreversible = what == What::Lock;
        let result = StepResult::NotReached;
        Self { what, result, tries: 0, blocks, confirmed: Vec::new(), irreversible }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepResult {
    /// Written and read back.
    Done,
    /// It was so already.
    NotNeeded,
    /// The chip, or the reader, does not have it; the tag works without.
    NotThere,
    /// Tried and failed.
    Failed,
    /// An earlier step failed.
    NotReached,
}

/// Name of a reader's error in reports.
#[must_use]
pub fn reader_error_name(error: &ReaderError) -> &'static str {
    match error {
        ReaderError::NoTag => "no_tag",
        ReaderError::NotWritten => "not_written",
        ReaderError::Locked => "locked",
        ReaderError::NoMemory => "no_memory",
        ReaderError::Unsupported { .. } => "unsupported",
        ReaderError::Refused { .. } => "refused",
        ReaderError::Silent { .. } => "silent",
        ReaderError::Garbled(_) => "garbled",
        ReaderError::TooMany => "too_many",
        ReaderError::Gone(_) => "gone",
    }
}

/// Why nothing could be written.
#[derive(Debug)]
pub(super) enum Stop {
    Refused(Refusal),
    Unreadable(ReaderError),
}

impl Stop {
    pub(super) fn report(self, uid: Uid, found: Option<Found>) -> Report {
        let outcome = match self {
            Self::Refused(refusal) => Outcome::Refused(refusal),
            Self::Unreadable(error) => Outcome::Failed(Failure {
                step: None,
                error: reader_error_name(&error),
                detail: error.to_string(),
                left: Left::Before,
            }),
        };
        Report { uid, found, steps: Vec::new(), outcome }
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<ReaderError> for Stop {
    fn from(error: ReaderError) -> Self {
        Self::Unreadable(error)
    }
}
