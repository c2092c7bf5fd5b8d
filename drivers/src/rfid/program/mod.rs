//! Programming a tag: the one way by which a tag gets new content, for staff and technicians.
//!
//! [`program`] reads what is there, refuses what must not be overwritten, writes in an order in
//! which a tag pulled at any moment decodes as the old item, as the new item or as no item, reads
//! everything back, and only then sets the security state (rfid-data.md section 10, rule 7).
//!
//! How the order keeps a torn tag harmless: block 0 is first overwritten with [`MARK`], which no
//! decoder of any model takes for an item whatever follows; then the other blocks are written and
//! compared, then the DSFID, and block 0 last of all. The writing of block 0 turns "no item" into
//! the new item at once. One changed block alone needs no mark. A UHF tag is marked in the first
//! word of its UII instead ([`UII_MARK`]).
//!
//! Nothing here waits or knows a clock; a reader's own time-outs are all the time it takes.

pub mod batch;
pub mod convert;
mod found;
mod plan;
mod report;
mod run;
mod survey;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod uhf;
pub mod verify;

pub use found::{Content, Found, Occupant};
pub use report::{
    Failure, Left, Outcome, Refusal, Report, Step, StepResult, What, reader_error_name,
};

use super::chip::Chip;
use super::security::{Security, SecurityProfile};
use super::tagdata::TagImage;
use super::{Seen, TagReader, Uid};

/// Bytes of a block, as [`TagReader`] counts them.
pub const BLOCK_LEN: usize = 4;
/// How often one step is tried before it counts as failed. Tags at the edge of the field answer
/// now and then; the public driver of a 3M 810 repeats far oftener (readers.md section 3).
pub const TRIES_MAX: u32 = 4;
/// Content of block 0 while the tag is being written: the end mark of part 2, no version of part
/// 3, no mark of any other model.
pub const MARK: [u8; BLOCK_LEN] = [0; BLOCK_LEN];
/// First word of the UII while a UHF tag is being written: above 64000 and no escape in URN Code
/// 40 (rfid-data.md section 7), an id coding that does not exist in the university format
/// (section 8; that every decoder rejects it is UNCONFIRMED).
pub const UII_MARK: [u8; 2] = [0xFF; 2];

/// What may be overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overwrite {
    /// Blank tags, tags that give no item (damaged, interrupted), and the same item again.
    #[default]
    SameItem,
    /// Anything, another item and a patron's card as well: the operator chose it.
    Anything,
}

/// Whether the blocks that the image names are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LockChoice {
    /// Nothing is locked.
    #[default]
    Never,
    /// They are locked **for ever**, when everything else has succeeded.
    ForEver,
}

/// What to make of a tag.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The tag.
    pub uid: Uid,
    /// Its content.
    pub image: &'a TagImage,
    /// The security state it is left in; `None` leaves AFI and EAS as they are.
    pub security: Option<Security>,
    /// How the site writes that state.
    pub profile: &'a SecurityProfile,
    /// What may be overwritten.
    pub overwrite: Overwrite,
    /// Whether to lock.
    pub lock: LockChoice,
}

impl<'a> Request<'a> {
    /// Writes the image, secured, without overwriting another item and without locking.
    #[must_use]
    pub fn new(uid: Uid, image: &'a TagImage, profile: &'a SecurityProfile) -> Self {
        Self {
            uid,
            image,
            security: Some(Security::Secured),
            profile,
            overwrite: Overwrite::default(),
            lock: LockChoice::default(),
        }
    }
}

/// Programs one tag. Everything that can go wrong is in the report; nothing is written when its
/// outcome is [`Outcome::Refused`].
///
/// A tag that already is as wanted is read and not written ([`Outcome::Unchanged`]).
pub fn program(reader: &mut dyn TagReader, request: &Request<'_>) -> Report {
    let survey = match survey::survey(reader, request) {
        Ok(survey) => survey,
        Err(stop) => return stop.report(request.uid, None),
    };
    let found = survey.found.clone();
    let plan = match plan::plan(&survey, request) {
        Ok(plan) => plan,
        Err(refusal) => return report::Stop::Refused(refusal).report(request.uid, Some(found)),
    };
    run::run(reader, request, &survey, plan)
}

/// Whether an ISO 15693 UID is of an ICODE SLIX2, whose block 79 is a counter (rfid-data.md 6.1).
fn is_slix2(uid: Uid) -> bool {
    uid.as_iso15693().is_some() && Chip::of(&Seen::iso15693(uid, None)) == Chip::IcodeSlix2
}

/// The counter block of an ICODE SLIX2.
const SLIX2_COUNTER: u8 = 79;
