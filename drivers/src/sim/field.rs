//! The ISO 15693 field of a reader: which tags lie in it, what they answer, how long it takes.
//!
//! Independent of any reader's protocol. Every operation takes effect at once and says how long
//! it occupies the air; the caller lets that time pass.

pub mod air;
mod rng;
mod tag;
mod uhf;

use std::collections::BTreeSet;
use std::time::Duration;

pub use rng::Rng;
pub use tag::{BLOCK_LEN, Behaviour, Chip, Position, Pull, TagState};

use crate::rfid::{Air, Seen, Uid};

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

// Request lengths in bytes: flags, command, UID (8), parameters, checksum (2). Custom NXP
// commands carry the manufacturer code besides.
const ADDRESSED: u32 = 12;
const ADDRESSED_1: u32 = 13;
const ADDRESSED_2: u32 = 14;
const WRITE_BLOCK: u32 = 17;
const EAS_COMMAND: u32 = 13;
/// Flags, information flags, UID, DSFID, AFI, memory (2), IC reference, checksum.
const SYSTEM_INFORMATION_REPLY: u32 = 17;
/// Flags, 32 bytes, checksum.
const EAS_ALARM_REPLY: u32 = 35;

/// The field and the tags that exist, on the pad or beside it.
#[derive(Debug)]
pub struct Field {
    tags: Vec<TagState>,
    /// Indexes into `tags`, in the order they were laid.
    on_pad: Vec<usize>,
    quiet: BTreeSet<Uid>,
    rng: Rng,
    write_time: Duration,
    /// AFI writes that still fail, whatever the tag.
    afi_fails: u32,
}

impl Field {
    /// An empty field. `write_time` is what a tag takes for one write, at most
    /// [`air::WRITE_MAX`].
    #[must_use]
    pub fn new(seed: u64, write_time: Duration) -> Self {
        Self {
            tags: Vec::new(),
            on_pad: Vec::new(),
            quiet: BTreeSet::new(),
            rng: Rng::new(seed),
            write_time: write_time.min(air::WRITE_MAX),
            afi_fails: 0,
        }
    }

    /// Adds a tag beside the pad. `false` when one of that name exists; nothing changes then.
    pub fn add(&mut self, tag: TagState) -> bool {
        let new = self.tag(&tag.id).is_none();
        if new {
            self.tags.push(tag);
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
        self.quiet.remove(&self.tags[index].uid);
    }

    /// Names of the tags on the pad, in the order they were laid.
    #[must_use]
    pub fn on_pad(&self) -> Vec<String> {
        self.on_pad.iter().map(|&i| self.tags[i].id.clone()).collect()
    }

    /// Whether the tag hears this command and its answer is heard.
    fn answers(&mut self, index: usize) -> bool {
        match self.tags[index].position {
            Position::Middle => true,
            Position::Silent => false,
            Position::Edge { answers_percent } => self.rng.below(100) < u32::from(answers_percent),
        }
    }

    /// The tag of that UID, if it answers now.
    fn addressed(&mut self, uid: Uid) -> Option<usize> {
        let hears = |tag: &TagState| tag.uid == uid && tag.chip.air() == Air::Iso15693;
        let index = self.on_pad.iter().copied().find(|&i| hears(&self.tags[i]))?;
        self.answers(index).then_some(index)
    }

    /// Lists the tags of a family (00 for all).
    pub fn inventory(&mut self, afi: u8, polls: Polls) -> (Vec<Seen>, Duration) {
        let (mut found, mut time) = self.poll(afi, &[]);
        if polls == Polls::Two {
            time += air::unanswered(ADDRESSED) * found.len() as u32;
            let (more, again) = self.poll(afi, &found);
            time += again;
            found.extend(more);
        }
        let mut seen = Vec::new();
        for uid in found {
            let Some(tag) = self.tags.iter().find(|t| t.uid == uid) else { continue };
            let report = Seen::iso15693(uid, Some(tag.dsfid));
            seen.push(report);
            if tag.behaviour.duplicate {
                seen.push(report);
            }
        }
        (seen, time)
    }

    fn poll(&mut self, afi: u8, silenced: &[Uid]) -> (Vec<Uid>, Duration) {
        let family = if afi == 0 { air::Family::All } else { air::Family::Named };
        let mut answering = Vec::new();
        for index in self.on_pad.clone() {
            let tag = &self.tags[index];
            let uid = tag.uid;
            let spoken_to = tag.chip.air() == Air::Iso15693
                && tag.is_of_family(afi)
                && !self.quiet.contains(&uid)
                && !silenced.contains(&uid);
            if spoken_to && self.answers(index) {
                answering.push(uid);
            }
        }
        let run = air::inventory(&answering, family);
        (run.found, run.time)
    }

    /// Tells a tag to keep quiet until it leaves the field.
    pub fn quiet(&mut self, uid: Uid) -> OnAir<()> {
        let time = air::unanswered(ADDRESSED);
        match self.addressed(uid) {
            Some(_) => {
                self.quiet.insert(uid);
                OnAir { result: Ok(()), time }
            }
            None => OnAir { result: Err(TagError::NoAnswer), time },
        }
    }

    /// Reads blocks with their lock state.
    pub fn read_blocks(&mut self, uid: Uid, first: u8, count: u8) -> OnAir<Vec<BlockRead>> {
        let Some(index) = self.addressed(uid) else {
            let time = air::unanswered(ADDRESSED_2);
            return OnAir { result: Err(TagError::NoAnswer), time };
        };
        let tag = &self.tags[index];
        let range = usize::from(first)..usize::from(first) + usize::from(count);
        let Some(blocks) = tag.blocks.get(range) else {
            let time = air::exchange(ADDRESSED_2, 4);
            return OnAir { result: Err(TagError::Iso(ISO_NO_BLOCK)), time };
        };
        let read = blocks
            .iter()
            .enumerate()
            .map(|(i, &data)| BlockRead { locked: tag.locked.contains(&(first + i as u8)), data })
            .collect();
        // With the option flag a lock byte comes with each block.
        let block_len = BLOCK_LEN as u32 + 1;
        let time = if tag.chip.has_registers() {
            air::exchange(ADDRESSED_2, 3 + block_len * u32::from(count))
        } else {
            air::exchange(ADDRESSED_1, 3 + block_len) * u32::from(count)
        };
        OnAir { result: Ok(read), time }
    }

    /// Writes blocks one after the other; those before a failure stay written.
    pub fn write_blocks(
        &mut self,
        uid: Uid,
        first: u8,
        data: &[[u8; BLOCK_LEN]],
    ) -> (Result<(), BlockFailure>, Duration) {
        let mut time = Duration::ZERO;
        let start = self.on_pad.iter().copied().find(|&i| self.tags[i].uid == uid);
        let pull = start.and_then(|i| self.tags[i].behaviour.pull);
        for (i, content) in data.iter().enumerate() {
            let block = first.wrapping_add(i as u8);
            if pull == Some(Pull::BeforeWrite) || pull == Some(Pull::AfterBlocks(i as u8)) {
                self.pull_off(start);
            }
            let written = self.write_block(uid, block, *content);
            time += written.time;
            if let Err(error) = written.result {
                return (Err(BlockFailure { block, error }), time);
            }
        }
        if matches!(pull, Some(Pull::AfterWrite)) {
            self.pull_off(start);
            let block = first.wrapping_add(data.len().saturating_sub(1) as u8);
            return (Err(BlockFailure { block, error: TagError::NoAnswer }), time);
        }
        (Ok(()), time)
    }

    fn pull_off(&mut self, index: Option<usize>) {
        if let Some(index) = index {
            self.tags[index].behaviour.pull = None;
            self.leave(index);
        }
    }

    fn write_block(&mut self, uid: Uid, block: u8, content: [u8; BLOCK_LEN]) -> OnAir<()> {
        let Some(index) = self.addressed(uid) else { return lost_write(WRITE_BLOCK) };
        let tag = &mut self.tags[index];
        let locked = tag.locked.contains(&block) || tag.chip.is_reserved(block);
        let result = match tag.blocks.get_mut(usize::from(block)) {
            None => Err(TagError::Iso(ISO_NO_BLOCK)),
            Some(_) if locked => Err(TagError::Iso(ISO_LOCKED)),
            Some(place) => {
                *place = content;
                Ok(())
            }
        };
        self.written(WRITE_BLOCK, result)
    }

    fn written(&self, request: u32, result: Result<(), TagError>) -> OnAir<()> {
        let time = match result {
            Ok(()) => air::write(request, self.write_time),
            Err(_) => air::exchange(request, 4),
        };
        OnAir { result, time }
    }

    /// Lets the next AFI writes fail, whatever the tag.
    pub fn fail_afi_writes(&mut self, times: u32) {
        self.afi_fails = times;
    }

    /// Writes a register.
    pub fn write_register(&mut self, uid: Uid, register: Register) -> OnAir<()> {
        if matches!(register, Register::Afi(_)) && self.afi_fails > 0 {
            self.afi_fails -= 1;
            // The tag is powered and asked, and the write does not take.
            return lost_write(ADDRESSED_1);
        }
        self.writing(uid, ADDRESSED_1, |tag| match register {
            Register::Eas(on) if tag.chip.has_eas() => {
                tag.eas = on;
                Ok(())
            }
            Register::Afi(_) if tag.behaviour.afi_fails > 0 => {
                tag.behaviour.afi_fails -= 1;
                Err(TagError::NoAnswer)
            }
            Register::Afi(afi) if tag.chip.has_registers() => {
                change(&mut tag.afi, afi, tag.afi_locked)
            }
            Register::Dsfid(dsfid) if tag.chip.has_registers() => {
                change(&mut tag.dsfid, dsfid, tag.dsfid_locked)
            }
            _ => Err(TagError::Iso(ISO_UNSUPPORTED)),
        })
    }

    /// Locks something for ever.
    pub fn lock(&mut self, uid: Uid, what: Lock) -> OnAir<()> {
        let request = if matches!(what, Lock::Block(_)) { ADDRESSED_1 } else { ADDRESSED };
        self.writing(uid, request, |tag| {
            let new = match what {
                Lock::Block(block) if usize::from(block) >= tag.blocks.len() => {
                    return Err(TagError::Iso(ISO_NO_BLOCK));
                }
                Lock::Block(block) => tag.locked.insert(block),
                _ if !tag.chip.has_registers() => return Err(TagError::Iso(ISO_UNSUPPORTED)),
                Lock::Afi => !std::mem::replace(&mut tag.afi_locked, true),
                Lock::Dsfid => !std::mem::replace(&mut tag.dsfid_locked, true),
            };
            if new { Ok(()) } else { Err(TagError::Iso(ISO_ALREADY_LOCKED)) }
        })
    }

    /// One write to one tag, with the pull that may come with it.
    fn writing(
        &mut self,
        uid: Uid,
        request: u32,
        act: impl FnOnce(&mut TagState) -> Result<(), TagError>,
    ) -> OnAir<()> {
        let Some(index) = self.addressed(uid) else { return lost_write(request) };
        match self.tags[index].behaviour.pull {
            Some(pull @ (Pull::BeforeWrite | Pull::AfterWrite)) => {
                if pull == Pull::AfterWrite {
                    // What the tag would have said is lost with it.
                    let _ = act(&mut self.tags[index]);
                }
                self.pull_off(Some(index));
                lost_write(request)
            }
            _ => match act(&mut self.tags[index]) {
                Err(TagError::NoAnswer) => lost_write(request),
                result => self.written(request, result),
            },
        }
    }

    /// Reads AFI, DSFID and the like, as a copy of the tag's state.
    pub fn system_information(&mut self, uid: Uid) -> OnAir<TagState> {
        match self.addressed(uid) {
            None => OnAir { result: Err(TagError::NoAnswer), time: air::unanswered(ADDRESSED) },
            Some(index) if !self.tags[index].chip.has_registers() => OnAir {
                result: Err(TagError::Iso(ISO_UNSUPPORTED)),
                time: air::exchange(ADDRESSED, 4),
            },
            Some(index) => OnAir {
                result: Ok(self.tags[index].clone()),
                time: air::exchange(ADDRESSED, SYSTEM_INFORMATION_REPLY),
            },
        }
    }

    /// The EAS alarm: a tag answers only while its EAS bit is set.
    pub fn eas_alarm(&mut self, uid: Uid) -> OnAir<()> {
        match self.addressed(uid) {
            Some(index) if self.tags[index].eas && self.tags[index].chip.has_eas() => {
                OnAir { result: Ok(()), time: air::exchange(EAS_COMMAND, EAS_ALARM_REPLY) }
            }
            _ => OnAir { result: Err(TagError::NoAnswer), time: air::unanswered(EAS_COMMAND) },
        }
    }
}

impl Field {
    /// ISO 14443 cards that answer now, in the order they were laid.
    pub(crate) fn cards(&mut self) -> Vec<(Uid, Chip)> {
        let mut cards = self.on_pad.clone();
        cards.retain(|&i| self.tags[i].chip.air() == Air::Iso14443 && self.answers(i));
        cards.into_iter().map(|i| (self.tags[i].uid, self.tags[i].chip)).collect()
    }
}

fn lost_write<T>(request: u32) -> OnAir<T> {
    OnAir { result: Err(TagError::NoAnswer), time: air::write_unanswered(request) }
}

fn change(place: &mut u8, value: u8, locked: bool) -> Result<(), TagError> {
    if locked {
        return Err(TagError::Iso(ISO_LOCKED));
    }
    *place = value;
    Ok(())
}

#[cfg(test)]
mod tests;
