//! Programming many tags one after the other: a barcode is scanned, one tag is laid down, it is
//! written, and the next comes.
//!
//! Decides only, from scans, looks at the pad and results. What was done is kept by its caller as
//! lines of a log, so that a batch broken off by a power cut goes on without doing anything twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::rfid::Uid;

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
        /// The tag.
        uid: Uid,
    },
    /// Take the tag away.
    TakeAway,
    /// This item was done before: scan it once more to write another tag for it.
    DoneBefore {
        /// The identifier.
        identifier: String,
    },
    /// The batch holds no more items.
    Full,
}

/// How one item ended, as a line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The identifier.
    pub identifier: String,
    /// The tag, as text.
    pub uid: String,
    /// Whether the tag is as asked.
    pub done: bool,
}

/// Counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Progress {
    /// Items written.
    pub done: u32,
    /// Items scanned again and passed over.
    pub skipped: u32,
    /// Items that could not be written.
    pub failed: u32,
}

/// One batch.
#[derive(Debug, Default)]
pub struct Batch {
    done: BTreeMap<String, String>,
    progress: Progress,
    waiting: Option<String>,
    asked: Option<String>,
    /// The tag written last, which must leave before the next.
    last: Option<Uid>,
}

impl Batch {
    /// A batch that goes on where a log ends.
    #[must_use]
    pub fn resume(log: impl IntoIterator<Item = Entry>) -> Self {
        let mut batch = Self::default();
        for entry in log.into_iter().take(ITEMS_MAX) {
            if entry.done {
                batch.done.insert(entry.identifier, entry.uid);
            }
        }
        batch.progress.done = u32::try_from(batch.done.len()).unwrap_or(u32::MAX);
        batch
    }

    /// Counts so far, those of the log included.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// A barcode was scanned.
    pub fn scanned(&mut self, identifier: &str) -> Prompt {
        let identifier = identifier.trim().to_owned();
        if identifier.is_empty() {
            return self.prompt();
        }
        if self.done.len() >= ITEMS_MAX {
            return Prompt::Full;
        }
        let again = self.asked.take().is_some_and(|asked| asked == identifier);
        if self.done.contains_key(&identifier) && !again {
            self.progress.skipped += 1;
            self.waiting = None;
            self.asked = Some(identifier.clone());
            return Prompt::DoneBefore { identifier };
        }
        self.waiting = Some(identifier);
        self.prompt()
    }

    fn prompt(&self) -> Prompt {
        match (&self.waiting, self.last) {
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
        match (&self.waiting, tags) {
            (Some(identifier), [uid]) if self.last.is_none() => {
                Prompt::Write { identifier: identifier.clone(), uid: *uid }
            }
            (Some(_), [_, _, ..]) => Prompt::OneOnly { tags: tags.len() },
            _ => self.prompt(),
        }
    }

    /// A tag was written, or not; the line for the log.
    pub fn written(&mut self, uid: Uid, done: bool) -> Option<Entry> {
        let identifier = self.waiting.take()?;
        let entry = Entry { identifier: identifier.clone(), uid: uid.to_string(), done };
        self.last = Some(uid);
        if done {
            self.progress.done += 1;
            self.done.insert(identifier, entry.uid.clone());
        } else {
            self.progress.failed += 1;
        }
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(n: u8) -> Uid {
        Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, n])
    }

    #[test]
    fn one_barcode_one_tag_one_after_the_other() {
        let mut batch = Batch::default();
        assert_eq!(batch.looked(&[]), Prompt::Scan);
        assert_eq!(batch.scanned(" YZ1\r\n"), Prompt::Lay);
        assert_eq!(batch.looked(&[uid(1), uid(2)]), Prompt::OneOnly { tags: 2 });
        let write = Prompt::Write { identifier: "YZ1".to_owned(), uid: uid(1) };
        assert_eq!(batch.looked(&[uid(1)]), write);
        assert!(batch.written(uid(1), true).unwrap().done);
        // The tag just written must leave before the next is taken for its successor.
        assert_eq!(batch.scanned("YZ2"), Prompt::TakeAway);
        assert_eq!(batch.looked(&[uid(1)]), Prompt::TakeAway);
        assert_eq!(batch.looked(&[]), Prompt::Lay);
        assert!(matches!(batch.looked(&[uid(2)]), Prompt::Write { .. }));
        batch.written(uid(2), false);
        assert_eq!(batch.progress(), Progress { done: 1, skipped: 0, failed: 1 });
    }

    #[test]
    fn a_batch_goes_on_after_a_power_cut_and_does_nothing_twice() {
        let mut batch = Batch::default();
        let mut log = Vec::new();
        for (n, done) in [(1, true), (2, false), (3, true)] {
            batch.scanned(&format!("YZ{n}"));
            batch.looked(&[]);
            batch.looked(&[uid(n)]);
            log.extend(batch.written(uid(n), done));
        }
        let mut batch = Batch::resume(log);
        assert_eq!(batch.progress().done, 2);
        let before = Prompt::DoneBefore { identifier: "YZ1".to_owned() };
        assert_eq!(batch.scanned("YZ1"), before);
        // What failed is written now; what is scanned twice on purpose as well.
        assert_eq!(batch.scanned("YZ2"), Prompt::Lay);
        assert_eq!(batch.scanned("YZ1"), before);
        assert_eq!(batch.scanned("YZ1"), Prompt::Lay);
    }
}
