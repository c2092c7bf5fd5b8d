//! What the station remembers for the hours without a library system: cards it has seen and how
//! they stood, and items somebody waits for. No card's number is in here, only keyed hashes.

use std::collections::HashMap;

use hmac::{Hmac, KeyInit, Mac};
use jiff::civil::Date;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::ItemId;
use super::types::Record;
use crate::privacy::PatronId;

/// Most cards remembered; the one not seen longest goes first.
pub const CARDS_MAX: usize = 50_000;

/// Most held items remembered; the one told of longest ago goes first.
pub const HELD_MAX: usize = 20_000;

/// Bytes kept of a card's hash.
pub const HASH_LEN: usize = 16;

/// The key under which cards are hashed, derived from the station's own.
#[derive(Clone)]
pub struct CardKey(Zeroizing<[u8; 32]>);

impl CardKey {
    /// Wraps a key.
    #[must_use]
    pub fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// What stands for a card in the lists: HMAC-SHA256 of its number, cut to [`HASH_LEN`] bytes.
    #[must_use]
    pub fn hash(&self, card: &PatronId) -> CardHash {
        let mut out = [0; HASH_LEN];
        // HMAC takes keys of any length.
        if let Ok(mac) = Hmac::<Sha256>::new_from_slice(self.0.as_slice()) {
            let whole = mac.chain_update(card.expose().as_bytes()).finalize().into_bytes();
            out.copy_from_slice(&whole[..HASH_LEN]);
        }
        CardHash(out)
    }
}

impl std::fmt::Debug for CardKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CardKey")
    }
}

/// A card in the lists.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CardHash(pub [u8; HASH_LEN]);

/// Masked: who has the key could look for a card by it.
impl std::fmt::Debug for CardHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CardHash")
    }
}

/// How a card stood when it was last here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CardRow {
    /// Last identified here, on line.
    pub seen: Option<Date>,
    /// On the library's own list; only an import says so.
    pub allowed: bool,
    /// The library system said that it may not borrow.
    pub blocked: bool,
    /// End of its validity, where the library system tells.
    pub until: Option<Date>,
    /// Day of its last loan off line.
    pub lent_on: Option<Date>,
    /// Loans off line on that day.
    pub lent: u8,
}

impl CardRow {
    /// Loans off line on that day.
    pub(super) fn lent_on(&self, day: Date) -> u8 {
        if self.lent_on == Some(day) { self.lent } else { 0 }
    }
}

/// The lists.
#[derive(Debug, Clone)]
pub struct Lists {
    key: CardKey,
    cards: HashMap<CardHash, CardRow>,
    held: HashMap<ItemId, Date>,
}

impl Lists {
    /// Lists as the journal holds them; what is more than the bounds is not taken.
    #[must_use]
    pub fn new(
        key: CardKey,
        cards: impl IntoIterator<Item = (CardHash, CardRow)>,
        held: impl IntoIterator<Item = (ItemId, Date)>,
    ) -> Self {
        Self {
            key,
            cards: cards.into_iter().take(CARDS_MAX).collect(),
            held: held.into_iter().take(HELD_MAX).collect(),
        }
    }

    /// What is known of a card.
    #[must_use]
    pub fn card(&self, card: &PatronId) -> Option<CardRow> {
        self.cards.get(&self.key.hash(card)).copied()
    }

    /// Whether somebody waits for this item, as last told.
    #[must_use]
    pub fn is_held(&self, item: &ItemId) -> bool {
        self.held.contains_key(item)
    }

    /// Takes what is known of a card now; the line for the journal, if it is news.
    pub(super) fn put_card(&mut self, card: &PatronId, row: CardRow) -> Option<Record> {
        let card = self.key.hash(card);
        if self.cards.get(&card) == Some(&row) {
            return None;
        }
        if self.cards.len() >= CARDS_MAX && !self.cards.contains_key(&card) {
            let oldest = self.cards.iter().min_by_key(|(_, row)| row.seen).map(|(&c, _)| c);
            self.cards.remove(&oldest?);
        }
        self.cards.insert(card, row);
        Some(Record::Card { card, row })
    }

    /// Takes whether somebody waits for an item; the line for the journal, if it is news.
    pub(super) fn put_held(&mut self, item: &ItemId, held: bool, today: Date) -> Option<Record> {
        let known = self.held.get(item).copied();
        let day = held.then_some(today);
        if known == day {
            return None;
        }
        if known.is_none() && self.held.len() >= HELD_MAX {
            let oldest = self.held.iter().min_by_key(|(_, day)| **day).map(|(i, _)| i.clone());
            self.held.remove(&oldest?);
        }
        match day {
            Some(day) => self.held.insert(item.clone(), day),
            None => self.held.remove(item),
        };
        Some(Record::Held { item: item.clone(), day })
    }
}
