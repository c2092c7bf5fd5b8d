//! What lies on the pad, as a stable set: a tag counts after `t_pad_stable` and is gone after
//! `t_pad_gone` (patron-experience.md section 4).

use std::collections::BTreeMap;
use std::time::Duration;

use drivers::rfid::Uid;

use super::types::{Content, TagRead};

/// Most tags followed at once; a field holds far fewer. More are ignored until some leave.
const PAD_MAX: usize = 64;

/// A change of the stable set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PadEvent {
    /// The tag lies still and is read.
    Laid(Uid),
    /// A card was seen: at once, cards are only held near.
    Card(Uid),
    /// It has been away long enough.
    Gone(Uid),
}

#[derive(Debug)]
struct Lying {
    content: Content,
    since: Duration,
    missing: Option<Duration>,
    told: bool,
    /// Left from an ended session: belongs to nobody until a tap.
    stale: bool,
}

/// The set.
#[derive(Debug, Default)]
pub(super) struct Pad {
    tags: BTreeMap<Uid, Lying>,
}

impl Pad {
    /// Takes one complete scan.
    pub(super) fn scan(
        &mut self,
        seen: Vec<TagRead>,
        now: Duration,
        stable: Duration,
        gone: Duration,
    ) -> Vec<PadEvent> {
        let mut events = Vec::new();
        for lying in self.tags.values_mut() {
            lying.missing.get_or_insert(now);
        }
        for TagRead { uid, content } in seen {
            if !self.tags.contains_key(&uid) && self.tags.len() >= PAD_MAX {
                continue;
            }
            let lying = self.tags.entry(uid).or_insert_with(|| Lying {
                content: Content::Unread,
                since: now,
                missing: None,
                told: false,
                stale: false,
            });
            lying.missing = None;
            if content != Content::Unread {
                lying.content = content;
            }
            if lying.told {
                continue;
            }
            if matches!(lying.content, Content::Card(_)) {
                lying.told = true;
                events.push(PadEvent::Card(uid));
            } else if lying.content != Content::Unread && now.saturating_sub(lying.since) >= stable
            {
                lying.told = true;
                events.push(PadEvent::Laid(uid));
            }
        }
        self.tags.retain(|&uid, lying| {
            let left = lying.missing.is_some_and(|since| now.saturating_sub(since) >= gone);
            if left {
                events.push(PadEvent::Gone(uid));
            }
            !left
        });
        events
    }

    /// The reader is away: nothing is gone until it looks again.
    pub(super) fn freeze(&mut self) {
        for lying in self.tags.values_mut() {
            lying.missing = None;
        }
    }

    /// What a tag carries.
    pub(super) fn content(&self, uid: Uid) -> Option<&Content> {
        self.tags.get(&uid).map(|lying| &lying.content)
    }

    /// Whether the last scan saw it.
    pub(super) fn sees(&self, uid: Uid) -> bool {
        self.tags.get(&uid).is_some_and(|lying| lying.missing.is_none())
    }

    /// Whether it belongs to an ended session.
    pub(super) fn is_stale(&self, uid: Uid) -> bool {
        self.tags.get(&uid).is_some_and(|lying| lying.stale)
    }

    /// Tags that lie still and belong to nobody's past session, cards left out.
    pub(super) fn laid(&self) -> Vec<Uid> {
        self.tags
            .iter()
            .filter(|(_, l)| l.told && !l.stale && l.missing.is_none())
            .filter(|(_, l)| !matches!(l.content, Content::Card(_)))
            .map(|(&uid, _)| uid)
            .collect()
    }

    /// Books seen now: the parts of a set count once, cards not at all.
    pub(super) fn count(&self) -> u32 {
        let mut items = std::collections::BTreeSet::new();
        let mut other = 0;
        for lying in self.tags.values().filter(|l| l.missing.is_none()) {
            match &lying.content {
                Content::Item { item, .. } => {
                    items.insert(item);
                }
                Content::Card(_) => {}
                Content::Unread | Content::Foreign | Content::Bad => other += 1,
            }
        }
        u32::try_from(items.len()).unwrap_or(u32::MAX).saturating_add(other)
    }

    /// Whether any card lies there besides `own`.
    pub(super) fn cards(&self) -> impl Iterator<Item = &crate::privacy::PatronId> {
        self.tags.values().filter_map(|l| match &l.content {
            Content::Card(patron) if l.missing.is_none() => Some(patron),
            _ => None,
        })
    }

    /// A session ended: what lies here is nobody's until a tap.
    pub(super) fn retire(&mut self) {
        for lying in self.tags.values_mut() {
            lying.stale = true;
        }
    }

    /// A new session takes what lies here now. What was just taken away is not waited for: should
    /// it come back, it is a new tag.
    pub(super) fn drop_missing(&mut self) {
        self.tags.retain(|_, lying| lying.missing.is_none());
    }

    /// A reader tapped borrow or return: what lies here is theirs.
    pub(super) fn claim(&mut self) {
        self.drop_missing();
        for lying in self.tags.values_mut() {
            lying.stale = false;
        }
    }

    /// Whether books of an ended session still lie here.
    pub(super) fn has_stale(&self) -> bool {
        self.tags.values().any(|l| l.stale && !matches!(l.content, Content::Card(_)))
    }
}
