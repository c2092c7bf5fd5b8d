//! The tags whose TID is known, so that it is read once and not in every inventory.

use crate::rfid::{Uid, Uii};

/// Most tags remembered; far more than lie on a pad. The one not seen for longest makes room.
pub(super) const KNOWN_MAX: usize = 256;

/// After so many inventories without it a tag is forgotten. What lies there later with the same
/// EPC may be another tag.
pub(super) const FORGET_AFTER: u64 = 8;

/// Inventories to wait before a TID that could not be read is tried again, because every try of
/// a tag that does not answer costs the whole access time-out.
const RETRY_AFTER: u64 = 3;

/// Why a tag that answered is not in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoUid {
    /// Its TID has fewer than 96 bits.
    Short,
    /// Its TID could not be read now.
    Unread,
}

/// How much of what is remembered of a tag's UII is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// The tag itself said so after the last write.
    Heard,
    /// It was written and not read since.
    Written,
    /// A write of its EPC failed somewhere on the way.
    Torn,
}

/// One tag.
pub(super) struct Tag {
    pub(super) uid: Result<Uid, NoUid>,
    pub(super) uii: Uii,
    pub(super) trust: Trust,
    /// The inventory that heard it last.
    seen: u64,
    /// The inventory that read its TID, or tried to.
    asked: u64,
}

/// All of them.
#[derive(Default)]
pub(super) struct Known {
    tags: Vec<Tag>,
    round: u64,
}

impl Known {
    /// A new inventory begins.
    pub(super) fn begin(&mut self) {
        self.round += 1;
        let round = self.round;
        self.tags.retain(|tag| tag.seen + FORGET_AFTER >= round);
    }

    /// A tag of this UII was heard. Its identity, when nothing has to be read for it.
    pub(super) fn heard(&mut self, uii: &Uii) -> Option<Result<Uid, NoUid>> {
        let round = self.round;
        let tag = self.tags.iter_mut().find(|tag| tag.uii.bytes == uii.bytes)?;
        tag.seen = round;
        if tag.uid == Err(NoUid::Unread) && tag.asked + RETRY_AFTER < round {
            return None;
        }
        tag.uii.pc = uii.pc;
        tag.trust = Trust::Heard;
        Some(tag.uid)
    }

    /// The TID of a tag heard with this UII was asked for.
    pub(super) fn learn(&mut self, uii: Uii, uid: Result<Uid, NoUid>) {
        self.tags.retain(|tag| tag.uii.bytes != uii.bytes && (uid.is_err() || tag.uid != uid));
        if self.tags.len() >= KNOWN_MAX {
            let oldest = self.tags.iter().enumerate().min_by_key(|(_, tag)| tag.seen);
            if let Some((index, _)) = oldest {
                self.tags.swap_remove(index);
            }
        }
        let round = self.round;
        self.tags.push(Tag { uid, uii, trust: Trust::Heard, seen: round, asked: round });
    }

    /// The tag of this identity.
    pub(super) fn tag(&mut self, uid: Uid) -> Option<&mut Tag> {
        self.tags.iter_mut().find(|tag| tag.uid == Ok(uid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(n: u16) -> Uid {
        let [a, b] = n.to_be_bytes();
        Uid::new(&[0xE2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, a, b]).unwrap()
    }

    fn uii(n: u16) -> Uii {
        Uii { pc: 0x0800, bytes: n.to_be_bytes().to_vec() }
    }

    #[test]
    fn an_epc_that_changes_keeps_its_tag() {
        let mut known = Known::default();
        known.begin();
        known.learn(uii(1), Ok(uid(7)));
        assert_eq!(known.heard(&uii(1)), Some(Ok(uid(7))));
        assert_eq!(known.heard(&uii(2)), None);
        known.learn(uii(2), Ok(uid(7)));
        assert_eq!(known.heard(&uii(1)), None);
        assert_eq!(known.tag(uid(7)).unwrap().uii, uii(2));
    }

    #[test]
    fn what_is_gone_is_forgotten_and_there_is_a_bound() {
        let mut known = Known::default();
        known.begin();
        known.learn(uii(1), Ok(uid(1)));
        for _ in 0..=FORGET_AFTER {
            known.begin();
        }
        assert_eq!(known.heard(&uii(1)), None);
        for n in 0..2 * KNOWN_MAX as u16 {
            known.learn(uii(n), Ok(uid(n)));
        }
        assert_eq!(known.tags.len(), KNOWN_MAX);
    }

    #[test]
    fn a_tid_that_was_not_read_is_tried_again_later() {
        let mut known = Known::default();
        known.begin();
        known.learn(uii(1), Err(NoUid::Unread));
        known.learn(uii(2), Err(NoUid::Short));
        for _ in 0..RETRY_AFTER {
            known.begin();
            assert_eq!(known.heard(&uii(1)), Some(Err(NoUid::Unread)));
            assert_eq!(known.heard(&uii(2)), Some(Err(NoUid::Short)));
        }
        known.begin();
        assert_eq!(known.heard(&uii(1)), None);
        assert_eq!(known.heard(&uii(2)), Some(Err(NoUid::Short)));
    }
}
