//! The HF field of a reader: which tags lie in it, what they answer, how long it takes.
//!
//! Independent of any reader's protocol, at two levels over one state of the tags:
//!
//! - frames ([`Field::request`], [`Field::eof`], [`Field::request_a`]): what a receiver hears of
//!   one request, collisions and damaged answers included, for simulated reader chips;
//! - operations ([`Field::inventory`], [`Field::read_blocks`] ...): the same frames in the order
//!   in which a reader's firmware sends them, for simulated readers.
//!
//! Everything takes effect at once and says how long it occupies the air; the caller lets that
//! time pass. A field has no clock.

pub mod air;
mod command;
mod frame;
pub mod iso14443a;
pub mod iso15693;
mod ops;
mod power;
mod rng;
mod tag;
mod uhf;

use std::time::Duration;

pub use frame::{Heard, Reception};
pub use rng::Rng;
pub use tag::{BLOCK_LEN, Behaviour, Chip, Position, Pull, TagState};

use self::iso15693::{Answer, Round};
use self::power::Powered;
use crate::rfid::{Air, Uid};

/// Why a tag did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagError {
    /// No answer.
    NoAnswer,
    /// An ISO 15693 error byte.
    Iso(u8),
}

/// ISO 15693 error 01: command not supported.
pub const ISO_UNSUPPORTED: u8 = 0x01;
/// ISO 15693 error 03: option not supported.
pub const ISO_OPTION: u8 = 0x03;
/// ISO 15693 error 0F: unknown.
pub const ISO_UNKNOWN: u8 = 0x0F;
/// ISO 15693 error 10: no such block.
pub const ISO_NO_BLOCK: u8 = 0x10;
/// ISO 15693 error 11: already locked.
pub const ISO_ALREADY_LOCKED: u8 = 0x11;
/// ISO 15693 error 12: locked, cannot change.
pub const ISO_LOCKED: u8 = 0x12;

/// The outcome of an operation and its time on the air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnAir<T> {
    /// What came of it.
    pub result: Result<T, TagError>,
    /// How long it took.
    pub time: Duration,
}

/// One block as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockRead {
    /// Whether it is locked.
    pub locked: bool,
    /// Its content.
    pub data: [u8; BLOCK_LEN],
}

/// How often an inventory polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polls {
    /// Once.
    One,
    /// Once, then found tags are told to keep quiet and the field is polled again.
    Two,
}

/// A register that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Register {
    /// Application family identifier.
    Afi(u8),
    /// Data storage format identifier.
    Dsfid(u8),
    /// EAS bit.
    Eas(bool),
}

/// Something that can be locked for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// The AFI.
    Afi,
    /// The DSFID.
    Dsfid,
    /// One block.
    Block(u8),
}

/// A failed block write: which block, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockFailure {
    /// The block that failed.
    pub block: u8,
    /// Why.
    pub error: TagError,
}

/// The field and the tags that exist, on the pad or beside it.
#[derive(Debug)]
pub struct Field {
    tags: Vec<TagState>,
    /// What each of `tags` forgets without power.
    powers: Vec<Powered>,
    /// Indexes into `tags`, in the order they were laid.
    on_pad: Vec<usize>,
    /// Whether the reader's field is on.
    powered: bool,
    /// The inventory going on.
    round: Option<Round>,
    /// The answer a tag gives after the next EOF.
    owed: Option<Answer>,
    rng: Rng,
    write_time: Duration,
    /// AFI writes that still fail, whatever the tag.
    afi_fails: u32,
}

impl Field {
    /// An empty field, switched on. `write_time` is what a tag takes for one write, at most
    /// [`air::WRITE_MAX`].
    #[must_use]
    pub fn new(seed: u64, write_time: Duration) -> Self {
        Self {
            tags: Vec::new(),
            powers: Vec::new(),
            on_pad: Vec::new(),
            powered: true,
            round: None,
            owed: None,
            rng: Rng::new(seed),
            write_time: write_time.min(air::WRITE_MAX),
            afi_fails: 0,
        }
    }

    /// Switches the reader's field on or off. Without it no tag answers, and every tag forgets
    /// that it was quiet or selected.
    pub fn set_power(&mut self, on: bool) {
        if !on {
            self.powers.fill(Powered::default());
            self.round = None;
            self.owed = None;
        }
        self.powered = on;
    }

    /// Adds a tag beside the pad. `false` when one of that name exists; nothing changes then.
    pub fn add(&mut self, tag: TagState) -> bool {
        let new = self.tag(&tag.id).is_none();
        if new {
            self.tags.push(tag);
            self.powers.push(Powered::default());
        }
        new
    }

    /// All tags.
    #[must_use]
    pub fn tags(&self) -> &[TagState] {
        &self.tags
    }

    /// The tag of this name.
    #[must_use]
    pub fn tag(&self, id: &str) -> Option<&TagState> {
        self.tags.iter().find(|t| t.id == id)
    }

    /// The tag of this name, to change it.
    pub fn tag_mut(&mut self, id: &str) -> Option<&mut TagState> {
        self.tags.iter_mut().find(|t| t.id == id)
    }

    /// Every tag, to change it.
    pub fn tags_mut(&mut self) -> &mut [TagState] {
        &mut self.tags
    }

    /// Puts a tag on the pad; `false` when there is none of that name.
    pub fn lay(&mut self, id: &str) -> bool {
        let Some(index) = self.tags.iter().position(|t| t.id == id) else { return false };
        if !self.on_pad.contains(&index) {
            self.on_pad.push(index);
        }
        true
    }

    /// Takes a tag off the pad; `false` when there is none of that name.
    pub fn lift(&mut self, id: &str) -> bool {
        let Some(index) = self.tags.iter().position(|t| t.id == id) else { return false };
        self.leave(index);
        true
    }

    fn leave(&mut self, index: usize) {
        self.on_pad.retain(|i| *i != index);
        // Without power a tag forgets that it was told to keep quiet.
        if let Some(powered) = self.powers.get_mut(index) {
            *powered = Powered::default();
        }
    }

    fn pull_off(&mut self, index: usize) {
        if let Some(tag) = self.tags.get_mut(index) {
            tag.behaviour.pull = None;
        }
        self.leave(index);
    }

    /// ISO 14443 cards that answer now, in the order they were laid.
    pub(crate) fn cards(&mut self) -> Vec<(Uid, Chip)> {
        let mut cards = self.on_pad.clone();
        cards.retain(|&i| self.tags[i].chip.air() == Air::Iso14443 && self.answers(i));
        cards.into_iter().map(|i| (self.tags[i].uid, self.tags[i].chip)).collect()
    }

    /// Names of the tags on the pad, in the order they were laid.
    #[must_use]
    pub fn on_pad(&self) -> Vec<String> {
        self.on_pad.iter().map(|&i| self.tags[i].id.clone()).collect()
    }
}

#[cfg(test)]
mod frame_tests;
#[cfg(test)]
mod tests;
