//! Programming many tags one after the other: a barcode is scanned, one tag is laid down, it is
//! written, and the next comes. An item of several parts gets a tag for each.
//!
//! Decides only, from scans, looks at the pad and results. What was done is kept by its caller as
//! lines of a log, so that a batch broken off by a power cut goes on without doing anything twice.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::rfid::Uid;
use crate::rfid::tagdata::Parts;

/// Most items of one batch.
pub const ITEMS_MAX: usize = 100_000;

/// What the operator must do, or the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// Scan the next barcode.
    Scan,
    /// Lay one blank tag, or this item's own, on the reader.
    Lay,
    /// More than one tag lies there: leave one.
    OneOnly {
        /// How many lie there.
        tags: usize,
    },
    /// Write this identifier on this tag.
    Write {
        /// The identifier.
        identifier: String,
        /// Which of the item's tags; `None` for an item of one part.
        parts: Option<Parts>,
        /// The tag.
        uid: Uid,
    },
    /// Take the tag away.
    TakeAway,
    /// This item was done before: scan it once more to write other tags for it.
    DoneBefore {
        /// The identifier.
        identifier: String,
    },
    /// The batch was broken off while this item's tag was written: lay that one, or scan the item
    /// once more to take another.
    BegunBefore {
        /// The identifier.
        identifier: String,
        /// The tag, as text.
        uid: String,
    },
    /// The batch holds no more items.
    Full,
}

/// What a line of the log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Writing begins; without a later line it is not known how it ended.
    Begun,
    /// The tag is as asked.
    Done,
    /// It is not.
    Failed,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The identifier.
    pub identifier: String,
    /// Which part of the item, from 1.
    pub part: u16,
    /// The tag, as text.
    pub uid: String,
    /// What happened.
    pub mark: Mark,
}

/// Counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Progress {
    /// Items with all their tags written.
    pub done: usize,
    /// Items scanned again and passed over.
    pub skipped: u32,
    /// Items that could not be written and have not been since.
    pub failed: usize,
}

/// The item in hand.
#[derive(Debug)]
struct Current {
    identifier: String,
    part: u16,
    /// The only tag that may be taken: its writing was begun before a break.
    only: Option<String>,
}

/// One batch.
#[derive(Debug)]
pub struct Batch {
    parts_in_item: u16,
    /// Parts done of each item.
    done: BTreeMap<String, BTreeSet<u16>>,
    failed: BTreeSet<String>,
    begun: BTreeMap<(String, u16), String>,
    skipped: u32,
    current: Option<Current>,
    /// What was asked about last: the same scan again is a yes.
    asked: Option<String>,
    /// The tag written last, which must leave before the next.
    last: Option<Uid>,
}

impl Default for Batch {
    fn default() -> Self {
        Self::resume(1, [])
    }
}

impl Batch {
    /// A batch of items with so many parts (at least 1), one tag each, that goes on where a log
    /// ends.
    #[must_use]
    pub fn resume(parts_in_item: u16, log: impl IntoIterator<Item = Entry>) -> Self {
        let mut batch = Self {
            parts_in_item: parts_in_item.max(1),
            done: BTreeMap::new(),
            failed: BTreeSet::new(),
            begun: BTreeMap::new(),
            skipped: 0,
            current: None,
            asked: None,
            last: None,
        };
        for entry in log {
            batch.note(&entry);
        }
        batch
    }

    fn note(&mut self, entry: &Entry) {
        let item = (entry.identifier.clone(), entry.part);
        match entry.mark {
            Mark::Begun => {
                self.begun.insert(item, entry.uid.clone());
            }
            Mark::Done => {
                self.begun.remove(&item);
                self.failed.remove(&item.0);
                self.done.entry(item.0).or_default().insert(item.1);
            }
            Mark::Failed => {
                self.begun.remove(&item);
                self.failed.insert(item.0);
            }
        }
    }

    /// Counts so far, those of the log included.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let whole = self.done.keys().filter(|id| self.missing(id).is_none());
        Progress { done: whole.count(), skipped: self.skipped, failed: self.failed.len() }
    }

    /// The first part of an item that has no tag yet.
    fn missing(&self, identifier: &str) -> Option<u16> {
        let done = self.done.get(identifier);
        (1..=self.parts_in_item).find(|part| done.is_none_or(|done| !done.contains(part)))
    }

    /// A barcode was scanned.
    pub fn scanned(&mut self, identifier: &str) -> Prompt {
        let identifier = identifier.trim().to_owned();
        if identifier.is_empty() {
            return self.prompt();
        }
        self.current = None;
        if self.done.len() + self.failed.len() >= ITEMS_MAX {
            return Prompt::Full;
        }
        let again = self.asked.take().is_some_and(|asked| asked == identifier);
        let part = match self.missing(&identifier) {
            Some(part) => part,
            None if again => {
                self.skipped = self.skipped.saturating_sub(1);
                self.done.remove(&identifier);
                1
            }
            None => {
                self.skipped = self.skipped.saturating_add(1);
                self.asked = Some(identifier.clone());
                return Prompt::DoneBefore { identifier };
            }
        };
        let only = self.begun.get(&(identifier.clone(), part)).filter(|_| !again).cloned();
        self.current = Some(Current { identifier: identifier.clone(), part, only: only.clone() });
        match only {
            Some(uid) => {
                self.asked = Some(identifier.clone());
                Prompt::BegunBefore { identifier, uid }
            }
            None => self.prompt(),
        }
    }

    fn prompt(&self) -> Prompt {
        match (&self.current, self.last) {
            (None, _) => Prompt::Scan,
            (Some(_), Some(_)) => Prompt::TakeAway,
            (Some(_), None) => Prompt::Lay,
        }
    }

    /// One look at the reader.
    pub fn looked(&mut self, tags: &[Uid]) -> Prompt {
        if self.last.is_some_and(|last| !tags.contains(&last)) {
            self.last = None;
        }
        match (&self.current, tags) {
            (Some(_), [_, _, ..]) => Prompt::OneOnly { tags: tags.len() },
            (Some(current), [uid]) if self.last.is_none() => match &current.only {
                Some(only) if *only != uid.to_string() => Prompt::BegunBefore {
                    identifier: current.identifier.clone(),
                    uid: only.clone(),
                },
                _ => Prompt::Write {
                    identifier: current.identifier.clone(),
                    parts: self.parts(current.part),
                    uid: *uid,
                },
            },
            _ => self.prompt(),
        }
    }

    fn parts(&self, number: u16) -> Option<Parts> {
        let in_item = self.parts_in_item;
        (in_item > 1).then_some(Parts { in_item, number })
    }

    /// A tag is about to be written; the line for the log, which must be safe before the tag is
    /// touched.
    pub fn begin(&mut self, uid: Uid) -> Option<Entry> {
        let entry = self.entry(uid, Mark::Begun)?;
        self.note(&entry);
        Some(entry)
    }

    /// A tag was written, or not; the line for the log. The next part of an item comes by itself.
    pub fn written(&mut self, uid: Uid, done: bool) -> Option<Entry> {
        let entry = self.entry(uid, if done { Mark::Done } else { Mark::Failed })?;
        self.note(&entry);
        self.last = Some(uid);
        self.asked = None;
        self.current = self.missing(&entry.identifier).filter(|_| done).map(|part| Current {
            identifier: entry.identifier.clone(),
            part,
            only: None,
        });
        Some(entry)
    }

    fn entry(&self, uid: Uid, mark: Mark) -> Option<Entry> {
        let Current { identifier, part, .. } = self.current.as_ref()?;
        Some(Entry { identifier: identifier.clone(), part: *part, uid: uid.to_string(), mark })
    }

    /// The item cannot be written on any tag: it is counted as failed and left.
    pub fn give_up(&mut self, identifier: &str) {
        self.current = None;
        self.failed.insert(identifier.trim().to_owned());
    }

    /// Whether an item is in hand that needs a tag.
    #[must_use]
    pub fn has_item(&self) -> bool {
        self.current.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(n: u8) -> Uid {
        Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, n])
    }

    fn write(identifier: &str, n: u8, parts: Option<(u16, u16)>) -> Prompt {
        let parts = parts.map(|(number, in_item)| Parts { in_item, number });
        Prompt::Write { identifier: identifier.to_owned(), parts, uid: uid(n) }
    }

    #[test]
    fn one_barcode_one_tag_one_after_the_other() {
        let mut batch = Batch::default();
        assert_eq!(batch.looked(&[]), Prompt::Scan);
        assert_eq!(batch.scanned(" YZ1\r\n"), Prompt::Lay);
        assert_eq!(batch.looked(&[uid(1), uid(2)]), Prompt::OneOnly { tags: 2 });
        assert_eq!(batch.looked(&[uid(1)]), write("YZ1", 1, None));
        assert_eq!(batch.written(uid(1), true).unwrap().mark, Mark::Done);
        // The tag just written must leave before the next is taken for its successor.
        assert_eq!(batch.scanned("YZ2"), Prompt::TakeAway);
        assert_eq!(batch.looked(&[uid(1)]), Prompt::TakeAway);
        assert_eq!(batch.looked(&[]), Prompt::Lay);
        assert_eq!(batch.looked(&[uid(2)]), write("YZ2", 2, None));
        batch.written(uid(2), false);
        assert_eq!(batch.progress(), Progress { done: 1, skipped: 0, failed: 1 });
        // On another tag it is done, and failed no longer.
        batch.scanned("YZ2");
        assert_eq!(batch.looked(&[uid(3)]), write("YZ2", 3, None));
        batch.written(uid(3), true);
        assert_eq!(batch.progress(), Progress { done: 2, skipped: 0, failed: 0 });
    }

    #[test]
    fn a_batch_goes_on_after_a_power_cut_and_does_nothing_twice() {
        let mut batch = Batch::default();
        let mut log = Vec::new();
        for (n, done) in [(1, true), (2, false), (3, true)] {
            batch.scanned(&format!("YZ{n}"));
            batch.looked(&[]);
            batch.looked(&[uid(n)]);
            log.extend(batch.begin(uid(n)));
            log.extend(batch.written(uid(n), done));
        }
        let mut batch = Batch::resume(1, log);
        assert_eq!(batch.progress(), Progress { done: 2, skipped: 0, failed: 1 });
        let before = Prompt::DoneBefore { identifier: "YZ1".to_owned() };
        assert_eq!(batch.scanned("YZ1"), before);
        // What failed is written now; what is scanned twice on purpose as well.
        assert_eq!(batch.scanned("YZ2"), Prompt::Lay);
        assert_eq!(batch.scanned("YZ1"), before);
        assert_eq!(batch.progress().skipped, 2);
        assert_eq!(batch.scanned("YZ1"), Prompt::Lay);
        assert_eq!(batch.progress().skipped, 1);
    }

    #[test]
    fn a_tag_begun_before_the_break_is_the_one_to_go_on_with() {
        let mut batch = Batch::default();
        batch.scanned("YZ1");
        let log = batch.begin(uid(1));
        let begun = Prompt::BegunBefore { identifier: "YZ1".to_owned(), uid: uid(1).to_string() };
        for take_another in [false, true] {
            let mut batch = Batch::resume(1, log.clone());
            assert_eq!(batch.scanned("YZ1"), begun);
            assert_eq!(batch.looked(&[uid(2)]), begun);
            if take_another {
                assert_eq!(batch.scanned("YZ1"), Prompt::Lay);
                assert_eq!(batch.looked(&[uid(2)]), write("YZ1", 2, None));
            } else {
                assert_eq!(batch.looked(&[uid(1)]), write("YZ1", 1, None));
            }
        }
    }

    #[test]
    fn every_part_of_an_item_gets_its_tag_also_over_a_break() {
        let mut batch = Batch::resume(3, []);
        batch.scanned("YZ1");
        assert_eq!(batch.looked(&[uid(1)]), write("YZ1", 1, Some((1, 3))));
        let mut log: Vec<Entry> = batch.written(uid(1), true).into_iter().collect();
        assert_eq!(batch.looked(&[uid(1)]), Prompt::TakeAway, "not part 2 on the tag of part 1");
        assert_eq!(batch.looked(&[]), Prompt::Lay);
        assert_eq!(batch.looked(&[uid(2)]), write("YZ1", 2, Some((2, 3))));
        log.extend(batch.written(uid(2), true));
        assert_eq!(batch.progress().done, 0, "an item is done with its last part");
        let mut batch = Batch::resume(3, log);
        assert_eq!(batch.scanned("YZ1"), Prompt::Lay);
        assert_eq!(batch.looked(&[uid(3)]), write("YZ1", 3, Some((3, 3))));
        batch.written(uid(3), true);
        assert_eq!((batch.progress().done, batch.has_item()), (1, false));
    }
}
