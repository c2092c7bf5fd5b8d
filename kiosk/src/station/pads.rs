//! Several readers as one pad: what lies on any of them, and which of them writes a tag.
//!
//! Decides only; the loop hands in what readers say and sends out what is returned.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;

use crate::session::{Content, OpId, TagRead, TagResult};

/// How long the books on a lost reader count as lying there; as long as a write waits for it.
const FROZEN_MAX: Duration = Duration::from_secs(60);
/// Most tags whose reader is remembered.
const HOMES_MAX: usize = 1024;
/// Most writes under way.
const WRITES_MAX: usize = 1024;

/// One reader's number, in the order of configuration.
pub type ReaderNo = usize;

#[derive(Debug, Default)]
struct OnePad {
    reads_items: bool,
    up: bool,
    /// When it was lost.
    lost: Option<Duration>,
    tags: Vec<TagRead>,
}

#[derive(Debug)]
struct Write {
    /// Readers that have not answered.
    waiting: Vec<ReaderNo>,
    result: TagResult,
}

/// A part of a security write for one reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    /// Who writes.
    pub(super) reader: ReaderNo,
    /// These tags.
    pub(super) tags: Vec<Uid>,
    /// To this state.
    pub(super) want: Security,
}

/// The union of all pads.
#[derive(Debug)]
pub(super) struct Pads {
    pads: Vec<OnePad>,
    homes: HashMap<Uid, ReaderNo>,
    writes: BTreeMap<u64, Write>,
}

impl Pads {
    /// These readers, none of them up; each reads items, or cards only.
    #[must_use]
    pub(super) fn new(read_items: impl IntoIterator<Item = bool>) -> Self {
        let pad = |reads_items| OnePad { reads_items, ..OnePad::default() };
        Self {
            pads: read_items.into_iter().map(pad).collect(),
            homes: HashMap::new(),
            writes: BTreeMap::new(),
        }
    }

    /// Whether this reader reads items, or cards only.
    pub(super) fn reads_items(&self, reader: ReaderNo) -> bool {
        self.pads.get(reader).is_some_and(|pad| pad.reads_items)
    }

    /// A reader came or went; whether any that reads items works now.
    pub(super) fn set_up(&mut self, reader: ReaderNo, up: bool, now: Duration) -> bool {
        if let Some(pad) = self.pads.get_mut(reader) {
            if !up && pad.up {
                pad.lost = Some(now);
                // A card's number stays in memory no longer than the card is seen.
                pad.tags.retain(|tag| !matches!(tag.content, Content::Card(_)));
            }
            if up {
                pad.lost = None;
            }
            pad.up = up;
        }
        self.pads.iter().any(|pad| pad.up && pad.reads_items)
    }

    /// One reader's complete look; what lies on all of them. A tag seen by two readers is told by
    /// the one that has read it.
    pub(super) fn looked(
        &mut self,
        reader: ReaderNo,
        tags: Vec<TagRead>,
        now: Duration,
    ) -> Vec<TagRead> {
        if self.homes.len() >= HOMES_MAX {
            self.homes.clear();
        }
        for tag in &tags {
            self.homes.insert(tag.uid, reader);
        }
        if let Some(pad) = self.pads.get_mut(reader) {
            pad.tags = tags;
        }
        for pad in &mut self.pads {
            if pad.lost.is_some_and(|since| now.saturating_sub(since) >= FROZEN_MAX) {
                pad.tags.clear();
            }
        }
        self.union()
    }

    /// One tag was read between two looks.
    pub(super) fn read(&mut self, reader: ReaderNo, read: &TagRead) {
        let Some(pad) = self.pads.get_mut(reader) else { return };
        if let Some(tag) = pad.tags.iter_mut().find(|tag| tag.uid == read.uid) {
            tag.content = read.content.clone();
        }
    }

    fn union(&self) -> Vec<TagRead> {
        let mut all: Vec<TagRead> = Vec::new();
        for tag in self.pads.iter().flat_map(|pad| &pad.tags) {
            match all.iter_mut().find(|other| other.uid == tag.uid) {
                Some(other) if other.content == Content::Unread => *other = tag.clone(),
                Some(_) => {}
                None => all.push(tag.clone()),
            }
        }
        all
    }

    /// Cards are forgotten: a session ended.
    pub(super) fn forget_cards(&mut self) {
        for pad in &mut self.pads {
            pad.tags.retain(|tag| !matches!(tag.content, Content::Card(_)));
        }
    }

    /// Splits a write by the readers on which its tags lie. A tag no reader has seen goes to the
    /// first, which finds that it is gone.
    pub(super) fn write(&mut self, op: OpId, tags: &[Uid], want: Security) -> Vec<Order> {
        let mut orders: Vec<Order> = Vec::new();
        for &uid in tags {
            let reader = self.homes.get(&uid).copied().unwrap_or(0);
            match orders.iter_mut().find(|order| order.reader == reader) {
                Some(order) => order.tags.push(uid),
                None => orders.push(Order { reader, tags: vec![uid], want }),
            }
        }
        if self.writes.len() >= WRITES_MAX {
            // Every write is answered in bounded time; this many waiting is a defect elsewhere.
            tracing::error!("too many security writes under way");
            self.writes.pop_first();
        }
        let waiting = orders.iter().map(|order| order.reader).collect();
        self.writes.insert(op.0, Write { waiting, result: TagResult::Done });
        orders
    }

    /// One reader's part of a write ended; the result of the whole when it was the last. One part
    /// that failed makes the whole fail: an item is released whole or not at all.
    pub(super) fn done(
        &mut self,
        reader: ReaderNo,
        op: OpId,
        result: TagResult,
    ) -> Option<TagResult> {
        let write = self.writes.get_mut(&op.0)?;
        write.waiting.retain(|waiting| *waiting != reader);
        write.result = worse(write.result, result);
        if !write.waiting.is_empty() {
            return None;
        }
        self.writes.remove(&op.0).map(|write| write.result)
    }
}

/// The result that asks for more care.
fn worse(a: TagResult, b: TagResult) -> TagResult {
    let rank = |result| match result {
        TagResult::Done => 0,
        TagResult::Failed => 1,
        TagResult::Gone => 2,
        TagResult::ReaderDown => 3,
    };
    if rank(b) > rank(a) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::PatronId;
    use crate::session::ItemId;

    fn uid(n: u8) -> Uid {
        Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, n])
    }

    fn item(n: u8) -> TagRead {
        let item = ItemId::new(format!("YZ{n}")).unwrap();
        TagRead {
            uid: uid(n),
            content: Content::Item { item, parts: 1, part: 1, no_loan: false, whose: None },
        }
    }

    fn unread(n: u8) -> TagRead {
        TagRead { uid: uid(n), content: Content::Unread }
    }

    fn card(n: u8) -> TagRead {
        TagRead { uid: uid(n), content: Content::Card(PatronId::new("0200001234")) }
    }

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn what_lies_on_two_readers_is_one_pile() {
        let mut pads = Pads::new([true, true]);
        assert!(pads.set_up(0, true, secs(0)));
        pads.set_up(1, true, secs(0));
        assert_eq!(pads.looked(0, vec![item(1)], secs(1)), [item(1)]);
        assert_eq!(pads.looked(1, vec![item(2)], secs(1)), [item(1), item(2)]);
        assert_eq!(pads.looked(0, vec![], secs(2)), [item(2)]);
        // At the border of two fields a tag is seen by both and read by one.
        pads.looked(0, vec![unread(3)], secs(3));
        assert_eq!(pads.looked(1, vec![item(3)], secs(3)), [item(3)]);
    }

    #[test]
    fn each_tag_is_written_by_the_reader_that_sees_it() {
        let mut pads = Pads::new([true, true]);
        pads.looked(0, vec![item(1)], secs(1));
        pads.looked(1, vec![item(2), item(3)], secs(1));
        let order = |reader, tags: &[u8]| Order {
            reader,
            tags: tags.iter().map(|n| uid(*n)).collect(),
            want: Security::Released,
        };
        let op = OpId(7);
        let orders = pads.write(op, &[uid(1), uid(2), uid(3)], Security::Released);
        assert_eq!(orders, [order(0, &[1]), order(1, &[2, 3])]);
        assert_eq!(pads.done(1, op, TagResult::Gone), None);
        assert_eq!(pads.done(0, op, TagResult::Done), Some(TagResult::Gone));
        // Late or foreign answers settle nothing twice.
        assert_eq!(pads.done(0, op, TagResult::Done), None);
    }

    #[test]
    fn a_lost_reader_keeps_its_books_for_a_while_and_no_card() {
        let mut pads = Pads::new([true, true]);
        pads.set_up(0, true, secs(0));
        pads.set_up(1, true, secs(0));
        pads.looked(1, vec![item(2), card(9)], secs(1));
        assert!(pads.set_up(1, false, secs(2)));
        assert_eq!(pads.looked(0, vec![], secs(3)), [item(2)]);
        assert_eq!(pads.looked(0, vec![], secs(61)), [item(2)]);
        assert_eq!(pads.looked(0, vec![], secs(62)), []);
        assert!(!pads.set_up(0, false, secs(63)));
    }

    #[test]
    fn a_session_that_ends_leaves_no_card() {
        let mut pads = Pads::new([true, true]);
        pads.looked(1, vec![card(9)], secs(1));
        pads.forget_cards();
        assert_eq!(pads.looked(0, vec![item(1)], secs(1)), [item(1)]);
    }
}
