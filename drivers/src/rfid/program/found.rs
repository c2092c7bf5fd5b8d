//! What is on a tag before it is written.

use std::fmt;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::rfid::tagdata::{Model, Parts, TagData, TagError, TypeOfUsage, same_isil};

/// What a tag carries and how it is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its content.
    #[serde(flatten)]
    pub content: Content,
    /// Data storage format identifier, where chip and reader have it.
    pub dsfid: Option<u8>,
    /// Application family identifier, where it was asked and is there.
    pub afi: Option<u8>,
    /// EAS bit, where it was asked and is there.
    pub eas: Option<bool>,
    /// Blocks of memory that were looked at.
    pub blocks: u16,
    /// Blocks locked for ever; `None` when the reader does not tell.
    pub locked: Option<Vec<u8>>,
}

/// Content of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// An item or a card.
    Occupied(Occupant),
    /// No item, with the reason's name (`blank`, `bad_crc`, ...: see [`TagError::name`]).
    NoItem(&'static str),
}

impl Content {
    /// What the decoder said.
    #[must_use]
    pub fn of(decoded: &Result<TagData, TagError>) -> Self {
        match decoded {
            Err(error) => Self::NoItem(error.name()),
            Ok(data) => match Occupant::of(data) {
                Some(occupant) => Self::Occupied(occupant),
                // A valid basic block with nothing in it.
                None => Self::NoItem("no_item_identifier"),
            },
        }
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(None)?;
        match self {
            Self::NoItem(why) => map.serialize_entry("content", why)?,
            Self::Occupied(occupant) => {
                map.serialize_entry("content", if occupant.card { "card" } else { "item" })?;
                map.serialize_entry("model", occupant.model)?;
                map.serialize_entry("identifier", &occupant.identifier())?;
                map.serialize_entry("owner", &occupant.owner)?;
            }
        }
        map.end()
    }
}

/// Who a tag belongs to.
///
/// A card's identifier is a patron's number: it is never given out, and `Debug` shows no
/// identifier at all, for an old tag need not say that it is a card.
#[derive(Clone, PartialEq, Eq)]
pub struct Occupant {
    identifier: Option<String>,
    /// Owner's ISIL.
    pub owner: Option<String>,
    /// A patron's card (type of usage 8x).
    pub card: bool,
    /// Name of the data model.
    pub model: &'static str,
    parts: Option<Parts>,
    usage: Option<TypeOfUsage>,
}

impl fmt::Debug for Occupant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Occupant({}, card {}, masked)", self.model, self.card)
    }
}

impl Occupant {
    /// Of a tag's data; `None` when it names nobody. An NDEF tag is somebody's, by no name.
    #[must_use]
    pub fn of(data: &TagData) -> Option<Self> {
        let identifier = data.identifier().map(str::to_owned);
        if identifier.is_none() && data.model != Model::Ndef {
            return None;
        }
        Some(Self {
            identifier,
            owner: data.owner().map(str::to_owned),
            card: data.usage().is_some_and(|usage| usage.is_patron_card()),
            model: data.model.name(),
            parts: data.parts,
            usage: data.usage(),
        })
    }

    /// Somebody whose name cannot be read.
    pub(super) fn unnamed(model: &'static str) -> Self {
        Self { identifier: None, owner: None, card: false, model, parts: None, usage: None }
    }

    /// The item's identifier; `None` for cards and where none can be read.
    #[must_use]
    pub fn identifier(&self) -> Option<&str> {
        self.identifier.as_deref().filter(|_| !self.card)
    }

    /// Whether both are the same item: identifier, kind, and owner where both name one. Other
    /// elements, the model and the part number may differ.
    #[must_use]
    pub fn is_same_item(&self, other: &Self) -> bool {
        let owners = match (&self.owner, &other.owner) {
            (Some(a), Some(b)) => same_isil(a, b),
            _ => true,
        };
        self.identifier.is_some()
            && self.identifier == other.identifier
            && self.card == other.card
            && owners
    }

    /// Whether a torn tag that reads as `self` can be taken for `other`: identifier, owner, type of
    /// usage and part agree. Other elements (shelf, title) may be half written.
    pub(super) fn reads_as(&self, other: &Self) -> bool {
        self.identifier == other.identifier
            && self.owner == other.owner
            && self.usage == other.usage
            && self.parts == other.parts
    }
}
