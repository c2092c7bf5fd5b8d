//! What a reader does next: look, read a new tag, write a security state, or rest.
//!
//! Decides only, from what came of the last step and the time; the thread around it speaks to the
//! device. The rules are few: writes first, for a book waits for them; then new tags; a look at the
//! pad at least every [`SPELL_MAX`], so that what is laid down or taken away meanwhile is noticed. A
//! look cannot be broken off, so none begins while a write is expected at any moment.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use drivers::rfid::security::Security;
use drivers::rfid::tagdata::{self, Extent, Need, TagError};
use drivers::rfid::{Air, Seen, Uid, Uii};

use super::classify::Classify;
use crate::session::{Content, OpId, TagRead};

/// Pause between two looks at the pad while nothing is to be done.
pub(super) const SCAN_PAUSE: Duration = Duration::from_millis(5);
/// Longest spell of reading and writing without a look at the pad.
pub(super) const SPELL_MAX: Duration = Duration::from_secs(2);
/// Longest pause for a write that is expected: a library system near by answers within it, and a
/// slow one keeps nobody from seeing the pad.
pub(super) const EXPECT_MAX: Duration = Duration::from_millis(150);
/// Failed reads of one tag after which it counts as unreadable; at the field's edge a tag comes
/// and goes.
const READ_TRIES: u8 = 6;
/// Looks a tag may be missing before what it held is forgotten.
const FORGET_AFTER: u8 = 8;
/// Blocks read first: item identifier, owner and set fit in most tags (readers.md section 3).
pub(super) const FIRST_BLOCKS: u8 = 8;
/// Most bytes read of one tag.
const READ_MAX: usize = 256;
/// Most tags known at once; a field holds far fewer.
const KNOWN_MAX: usize = 256;
/// Most writes waiting; a session has at most one per line.
const WRITES_MAX: usize = 256;

/// One write asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SecurityWrite {
    pub(super) op: OpId,
    pub(super) tags: Vec<Uid>,
    pub(super) want: Security,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// List the tags in the field.
    Look,
    /// Read blocks of a tag.
    Read { uid: Uid, first: u8, count: u8 },
    /// Ask for what a UHF tag said of itself.
    Uii(Uid),
    /// Write and read back.
    Secure(SecurityWrite),
    /// Nothing for so long, unless something is asked.
    Rest(Duration),
}

/// What the station should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// One complete look.
    Pad(Vec<TagRead>),
    /// One tag was read between two looks.
    Read(TagRead),
}

/// What came of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ReadResult {
    /// The blocks asked for.
    Blocks(Vec<u8>),
    /// The tag has no such blocks.
    NoMemory,
    /// It did not answer, or not well.
    Failed,
}

#[derive(Debug)]
struct Known {
    seen: Seen,
    content: Content,
    tries: u8,
    missing: u8,
    /// Memory read so far of a tag that needs more.
    memory: Vec<u8>,
    uii: Option<Uii>,
}

/// The state of one reader's work.
#[derive(Debug)]
pub(super) struct Plan {
    classify: Classify,
    known: HashMap<Uid, Known>,
    /// Tags of the last look, in the reader's order.
    seen: Vec<Uid>,
    unread: VecDeque<Uid>,
    writes: VecDeque<SecurityWrite>,
    last_look: Option<Duration>,
    /// The last look found tags that are not read yet, or the last step was work: look again
    /// without a pause.
    worked: bool,
    /// A write is expected until then.
    expect_until: Duration,
}

impl Plan {
    pub(super) fn new(classify: Classify) -> Self {
        Self {
            classify,
            known: HashMap::new(),
            seen: Vec::new(),
            unread: VecDeque::new(),
            writes: VecDeque::new(),
            last_look: None,
            worked: false,
            expect_until: Duration::ZERO,
        }
    }

    /// A write may be asked for at any moment from now: a loan or return is under way.
    pub(super) fn expect(&mut self, now: Duration) {
        self.expect_until = now + EXPECT_MAX;
    }

    /// Asks for a write; `false` when too many wait.
    pub(super) fn write(&mut self, write: SecurityWrite) -> bool {
        let room = self.writes.len() < WRITES_MAX;
        if room {
            self.writes.push_back(write);
        }
        room
    }

    /// The reader was lost: the writes that will not be done.
    pub(super) fn lost(&mut self) -> Vec<SecurityWrite> {
        self.unread.clear();
        self.last_look = None;
        self.writes.drain(..).collect()
    }

    /// A session ended: cards are forgotten, and no write is expected.
    pub(super) fn forget_cards(&mut self) {
        self.expect_until = Duration::ZERO;
        self.known.retain(|_, known| !matches!(known.content, Content::Card(_)));
    }

    /// What to do now.
    pub(super) fn next(&mut self, now: Duration) -> Step {
        let since = self.last_look.map(|at| now.saturating_sub(at));
        let Some(since) = since else { return Step::Look };
        if since >= SPELL_MAX {
            return Step::Look;
        }
        if let Some(write) = self.writes.pop_front() {
            self.worked = true;
            return Step::Secure(write);
        }
        while let Some(&uid) = self.unread.front() {
            let Some(known) = self.known.get(&uid).filter(|k| k.content == Content::Unread) else {
                self.unread.pop_front();
                continue;
            };
            self.worked = true;
            return known.next_read(uid);
        }
        let look_at = if self.worked { Duration::ZERO } else { SCAN_PAUSE };
        let pause = look_at.saturating_sub(since).max(self.expect_until.saturating_sub(now));
        if pause.is_zero() { Step::Look } else { Step::Rest(pause.min(SPELL_MAX - since)) }
    }

    /// What a look found.
    pub(super) fn looked(&mut self, seen: &[Seen], now: Duration) -> News {
        self.last_look = Some(now);
        self.worked = false;
        for known in self.known.values_mut() {
            known.missing = known.missing.saturating_add(1);
        }
        self.seen.clear();
        self.unread.clear();
        for tag in seen.iter().take(KNOWN_MAX) {
            let known = self.known.entry(tag.uid).or_insert_with(|| Known::new(*tag));
            known.missing = 0;
            if known.content == Content::Unread {
                if tag.air == Air::Iso14443 {
                    known.content = self.classify.card_uid(tag);
                } else {
                    self.unread.push_back(tag.uid);
                }
            }
            self.seen.push(tag.uid);
        }
        // A card's number stays in memory no longer than the card lies there.
        self.known.retain(|_, known| {
            let card = matches!(known.content, Content::Card(_));
            known.missing < if card { 1 } else { FORGET_AFTER }
        });
        let tag = |uid: &Uid| TagRead {
            uid: *uid,
            content: self.known.get(uid).map_or(Content::Unread, |known| known.content.clone()),
        };
        News::Pad(self.seen.iter().map(tag).collect())
    }

    /// What reading blocks gave. News when the tag is now known.
    pub(super) fn read(&mut self, uid: Uid, result: ReadResult) -> Option<News> {
        let known = self.known.get_mut(&uid)?;
        let extent = match result {
            ReadResult::Blocks(bytes) => {
                known.memory.extend(bytes);
                Extent::Prefix
            }
            ReadResult::NoMemory => Extent::Whole,
            ReadResult::Failed => return self.failed(uid),
        };
        known.content = known.judge(extent, &self.classify);
        if known.content == Content::Unread {
            return None;
        }
        known.memory = Vec::new();
        self.unread.retain(|other| *other != uid);
        Some(News::Read(TagRead { uid, content: known.content.clone() }))
    }

    /// What a UHF tag says of itself; `None` when the reader cannot tell.
    pub(super) fn uii(&mut self, uid: Uid, uii: Option<Uii>) -> Option<News> {
        let Some(uii) = uii else { return self.failed(uid) };
        let known = self.known.get_mut(&uid)?;
        known.uii = Some(uii);
        self.read(uid, ReadResult::Blocks(Vec::new()))
    }

    /// The tag did not answer: the others first, then it again, at the next look.
    fn failed(&mut self, uid: Uid) -> Option<News> {
        self.unread.retain(|other| *other != uid);
        let known = self.known.get_mut(&uid)?;
        known.memory.clear();
        known.tries = known.tries.saturating_add(1);
        if known.tries < READ_TRIES {
            return None;
        }
        known.content = Content::Bad;
        Some(News::Read(TagRead { uid, content: Content::Bad }))
    }
}

impl Known {
    fn new(seen: Seen) -> Self {
        Self { seen, content: Content::Unread, tries: 0, missing: 0, memory: Vec::new(), uii: None }
    }

    fn need(&self) -> Need {
        match &self.uii {
            Some(uii) => tagdata::user_bank_needed(uii, &self.memory),
            None => tagdata::blocks_needed(&self.memory, self.seen.dsfid),
        }
    }

    fn next_read(&self, uid: Uid) -> Step {
        if self.seen.air == Air::Gen2 && self.uii.is_none() {
            return Step::Uii(uid);
        }
        if self.memory.is_empty() {
            return Step::Read { uid, first: 0, count: FIRST_BLOCKS };
        }
        let have = self.memory.len();
        let bytes = match self.need() {
            Need::AtLeast(bytes) => bytes,
            Need::Enough => have,
        };
        let count = bytes.saturating_sub(have).div_ceil(4).max(1);
        let byte = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
        Step::Read { uid, first: byte(have / 4), count: byte(count) }
    }

    /// What the tag is, or `Unread` when more of it must be read.
    fn judge(&self, extent: Extent, classify: &Classify) -> Content {
        if extent == Extent::Prefix
            && let Need::AtLeast(bytes) = self.need()
            && bytes <= READ_MAX
        {
            return Content::Unread;
        }
        let data = match &self.uii {
            Some(uii) => tagdata::decode_uhf_extent(uii, Some(&self.memory), extent, None),
            None => tagdata::decode_extent(&self.memory, extent, self.seen.dsfid, None),
        };
        if matches!(data, Err(TagError::MoreNeeded { .. })) {
            return Content::Bad;
        }
        classify.content(&data)
    }
}

#[cfg(test)]
mod tests;
