//! What a tag is to a session.

use drivers::rfid::Seen;
use drivers::rfid::card::CardRule;
use drivers::rfid::tagdata::{self, ElementId, Model, TagData, TagError};

use crate::owners::{OwnerRule, Owners};
use crate::privacy::PatronId;
use crate::session::{Content, ItemId, Rules};

/// Tells contents of tags apart.
#[derive(Debug, Clone)]
pub struct Classify {
    owners: Owners,
    card_uids: CardRule,
}

impl Classify {
    /// From the station's rules.
    #[must_use]
    pub fn new(rules: &Rules) -> Self {
        Self::with_owners(rules, Owners::only(&rules.owners))
    }

    /// From the station's rules, and the owners it knows.
    #[must_use]
    pub fn with_owners(rules: &Rules, owners: Owners) -> Self {
        Self { owners, card_uids: rules.card_uid.clone() }
    }

    /// What a card is of which only the identifier is read.
    #[must_use]
    pub fn card_uid(&self, seen: &Seen) -> Content {
        match self.card_uids.number(seen) {
            Ok(number) => Content::Card(PatronId::new(number.expose())),
            Err(error) => {
                tracing::info!(%error, "card");
                Content::Bad
            }
        }
    }

    /// What a tag is to a session.
    #[must_use]
    pub fn content(&self, data: &Result<TagData, TagError>) -> Content {
        let Ok(data) = data else { return Content::Bad };
        let Some(id) = data.identifier().filter(|_| data.model != Model::Ndef) else {
            return Content::Bad;
        };
        let usage = data.usage();
        if usage.is_some_and(|u| u.is_patron_card()) {
            return Content::Card(PatronId::new(id));
        }
        let whose = self.owners.of_isil(data.text(ElementId::OwnerInstitution));
        if whose.rule == OwnerRule::Refuse && whose.owner.is_empty() {
            return Content::Foreign;
        }
        let Ok(item) = ItemId::new(id.trim()) else { return Content::Bad };
        let (parts, part) = data.parts.map_or((1, 1), parts);
        let no_loan = usage.is_some_and(|u| u.is_not_for_circulation() || u.is_discarded());
        Content::Item { item, parts, part, no_loan, whose: Some(whose) }
    }
}

fn parts(parts: tagdata::Parts) -> (u8, u8) {
    let small = |n: u16| u8::try_from(n).unwrap_or(u8::MAX);
    let (all, this) = (small(parts.in_item), small(parts.number));
    // 0 of 0 and 1 of 1 are both single items in the field.
    if all <= 1 { (1, 1) } else { (all, this) }
}
