//! What lies on the pad, as a stable set: a tag counts after `t_pad_stable` and is gone after
//! `t_pad_gone` (patron-experience.md section 4).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use drivers::rfid::Uid;

use super::ItemId;
use super::types::{Content, TagRead};

/// Most tags followed at once; a field holds far fewer. More are ignored until some leave.
const PAD_MAX: usize = 64;

/// The pad must be empty this long before what lay there belongs to whoever lays it down again
/// (patron-experience.md section 4).
const LEFT_UNTIL_EMPTY: Duration = Duration::from_secs(2);

/// Most books remembered as left while the pad is never empty; then only those lying there.
const LEFT_MAX: usize = 256;

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
    /// It has claimed to be two things.
    torn: bool,
    /// Left from an ended session: belongs to nobody until a tap.
    stale: bool,
}

/// The set.
#[derive(Debug, Default)]
pub(super) struct Pad {
    tags: BTreeMap<Uid, Lying>,
    /// Books left from an ended session, also while one at the field's edge is not seen. At most
    /// what lay there when it ended.
    left: BTreeSet<Uid>,
    empty_since: Option<Duration>,
}

impl Lying {
    /// Takes what was read now. A tag that was unreadable may become readable; two items under
    /// one identifier are none.
    fn read(&mut self, content: Content, now: Duration) {
        let news = match (&self.content, &content) {
            (_, Content::Unread) | (Content::Item { .. } | Content::Card(_), Content::Bad) => false,
            (old, new) if old == new => false,
            _ => true,
        };
        if !news {
            return;
        }
        let torn = matches!(self.content, Content::Item { .. } | Content::Card(_));
        if self.content != Content::Unread {
            self.since = now;
            self.told = false;
        }
        self.torn |= torn;
        self.content = if self.torn { Content::Bad } else { content };
    }
}

impl Pad {
    /// Takes one complete scan of that time.
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
        let is_gone =
            |lying: &Lying| lying.missing.is_some_and(|since| now.saturating_sub(since) >= gone);
        for tag in seen {
            // A card away for so long is shown anew, even to a reader too slow to look meanwhile.
            // A book is not: it would be called lifted while it lies there.
            let lying = self.tags.get(&tag.uid);
            if lying.is_some_and(|l| matches!(l.content, Content::Card(_)) && is_gone(l)) {
                self.tags.remove(&tag.uid);
            }
            events.extend(self.saw(tag, now, stable));
        }
        self.tags.retain(|&uid, lying| {
            let left = is_gone(lying);
            if left {
                events.push(PadEvent::Gone(uid));
            }
            !left
        });
        self.forget_left(now);
        events
    }

    /// Takes what one tag said between two scans. It lies there, for it answered.
    pub(super) fn read(&mut self, tag: TagRead, now: Duration, stable: Duration) -> Vec<PadEvent> {
        self.saw(tag, now, stable).into_iter().collect()
    }

    fn saw(&mut self, tag: TagRead, now: Duration, stable: Duration) -> Option<PadEvent> {
        let TagRead { uid, content } = tag;
        if !self.tags.contains_key(&uid) && self.tags.len() >= PAD_MAX {
            return None;
        }
        let stale = self.left.contains(&uid);
        let lying = self.tags.entry(uid).or_insert_with(|| Lying {
            content: Content::Unread,
            since: now,
            missing: None,
            told: false,
            torn: false,
            stale,
        });
        lying.missing = None;
        if !(lying.torn && content != Content::Unread) {
            lying.read(content, now);
        }
        if lying.told {
            return None;
        }
        let is_card = matches!(lying.content, Content::Card(_));
        let lies_still =
            lying.content != Content::Unread && now.saturating_sub(lying.since) >= stable;
        lying.told = is_card || lies_still;
        match (is_card, lies_still) {
            (true, _) => Some(PadEvent::Card(uid)),
            (false, true) => Some(PadEvent::Laid(uid)),
            (false, false) => None,
        }
    }

    fn forget_left(&mut self, now: Duration) {
        if self.tags.values().any(|l| l.missing.is_none()) {
            self.empty_since = None;
            return;
        }
        let since = *self.empty_since.get_or_insert(now);
        if now.saturating_sub(since) >= LEFT_UNTIL_EMPTY {
            self.left.clear();
        }
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
            .filter(|(_, l)| l.told && !l.stale && !matches!(l.content, Content::Card(_)))
            .map(|(&uid, _)| uid)
            .collect()
    }

    /// Books that lie still, whosever they are.
    pub(super) fn lying(&self) -> Vec<Uid> {
        let books = |l: &&Lying| l.told && !matches!(l.content, Content::Card(_));
        self.tags.iter().filter(|(_, l)| books(l)).map(|(&uid, _)| uid).collect()
    }

    /// A tag of that item lying still.
    pub(super) fn lying_with(&self, wanted: &ItemId) -> Option<Uid> {
        self.laid().into_iter().find(
            |uid| matches!(self.content(*uid), Some(Content::Item { item, .. }) if item == wanted),
        )
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

    /// Cards seen now.
    pub(super) fn cards(&self) -> impl Iterator<Item = &crate::privacy::PatronId> {
        self.tags.values().filter_map(|l| match &l.content {
            Content::Card(patron) if l.missing.is_none() => Some(patron),
            _ => None,
        })
    }

    /// The card of the reader who is here now, not one left lying by the last.
    pub(super) fn fresh_card(&self) -> Option<&crate::privacy::PatronId> {
        self.tags.values().find_map(|l| match &l.content {
            Content::Card(patron) if l.missing.is_none() && !l.stale => Some(patron),
            _ => None,
        })
    }

    /// A session ended: what lies here is nobody's until a tap.
    pub(super) fn retire(&mut self) {
        if self.left.len() > LEFT_MAX {
            self.left.clear();
        }
        for (&uid, lying) in &mut self.tags {
            lying.stale = true;
            if !matches!(lying.content, Content::Card(_)) {
                self.left.insert(uid);
            }
        }
    }

    /// A new session takes what lies here now. What was just taken away is not waited for: should
    /// it come back, it is a new tag.
    pub(super) fn drop_missing(&mut self) {
        self.tags.retain(|_, lying| lying.missing.is_none());
    }

    /// A reader tapped borrow or return: the books here are theirs. A card left lying is not.
    pub(super) fn claim(&mut self) {
        self.drop_missing();
        self.left.clear();
        for lying in self.tags.values_mut().filter(|l| !matches!(l.content, Content::Card(_))) {
            lying.stale = false;
        }
    }

    /// Whether books of an ended session still lie here.
    pub(super) fn has_stale(&self) -> bool {
        self.tags.values().any(|l| l.stale && !matches!(l.content, Content::Card(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STABLE: Duration = Duration::from_millis(600);
    const GONE: Duration = Duration::from_millis(1500);

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_tag_lies_still_from_when_it_was_heard_not_from_when_it_was_told() {
        let uid = Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, 1]);
        let item = ItemId::new("YZ0000001".to_owned()).unwrap();
        let content = Content::Item { item, parts: 1, part: 1, no_loan: false, whose: None };
        let tag = |content| vec![TagRead { uid, content }];
        let mut pad = Pad::default();
        // A UHF module asks each new tag for its TID: the first look is told late.
        assert_eq!(pad.scan(tag(Content::Unread), ms(200), STABLE, GONE), []);
        let read = TagRead { uid, content: content.clone() };
        assert_eq!(pad.read(read, ms(450), STABLE), []);
        assert_eq!(pad.scan(tag(content.clone()), ms(799), STABLE, GONE), []);
        assert_eq!(pad.scan(tag(content.clone()), ms(800), STABLE, GONE), [PadEvent::Laid(uid)]);
        // Gone counts the same way.
        assert_eq!(pad.scan(vec![], ms(1000), STABLE, GONE), []);
        assert_eq!(pad.scan(vec![], ms(2499), STABLE, GONE), []);
        assert_eq!(pad.scan(vec![], ms(2500), STABLE, GONE), [PadEvent::Gone(uid)]);
    }

    #[test]
    fn a_card_away_for_so_long_is_shown_anew_though_nobody_looked_meanwhile() {
        let uid = Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, 2]);
        let card = Content::Card(crate::privacy::PatronId::new("0200001234"));
        let tag = || vec![TagRead { uid, content: card.clone() }];
        let mut pad = Pad::default();
        assert_eq!(pad.scan(tag(), ms(0), STABLE, GONE), [PadEvent::Card(uid)]);
        pad.retire();
        assert_eq!(pad.scan(vec![], ms(200), STABLE, GONE), []);
        assert_eq!(pad.scan(tag(), ms(1699), STABLE, GONE), []);
        assert!(pad.is_stale(uid), "a moment's miss makes no new reader");
        assert_eq!(pad.scan(vec![], ms(1800), STABLE, GONE), []);
        assert_eq!(pad.scan(tag(), ms(3300), STABLE, GONE), [PadEvent::Card(uid)]);
        assert!(!pad.is_stale(uid));
    }

    #[test]
    fn a_book_that_lies_there_is_not_lifted_by_a_slow_reader() {
        let uid = Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, 3]);
        let item = ItemId::new("YZ0000001".to_owned()).unwrap();
        let content = Content::Item { item, parts: 1, part: 1, no_loan: false, whose: None };
        let tag = || vec![TagRead { uid, content: content.clone() }];
        let mut pad = Pad::default();
        assert_eq!(pad.scan(tag(), ms(0), STABLE, GONE), []);
        assert_eq!(pad.scan(tag(), ms(700), STABLE, GONE), [PadEvent::Laid(uid)]);
        assert_eq!(pad.scan(vec![], ms(900), STABLE, GONE), []);
        assert_eq!(pad.scan(tag(), ms(2900), STABLE, GONE), []);
    }
}
