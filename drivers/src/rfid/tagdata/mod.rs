//! Library tag data: ISO 28560-2, ISO 28560-3 with the Danish model, and recognition of others.
//!
//! [`decode`] takes a tag's memory and answers [`TagData`], the same type for every model, or a
//! [`TagError`] by name. An item identifier is given only when it is whole and, for part 3, when
//! the basic block's CRC holds. Nothing here panics or runs longer than the memory is long.
//!
//! A reader that fetches blocks as needed asks [`blocks_needed`] with what it has, and decodes
//! with [`Extent::Prefix`]. All rules are those of rfid-data.md sections 3 to 5, 9 and 10.

mod bits;
mod compaction;
mod element;
mod encode_error;
mod image;
mod isil;
pub mod part2;
pub mod part3;
mod problem;
mod recognise;
pub mod rfid501;
mod set;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod uhf;
mod usage;

use std::fmt;
use std::str::FromStr;

pub use element::{ContentParameter, Element, ElementId, OID_MAX, Value};
pub use encode_error::EncodeError;
pub use image::{ImageOptions, TagImage, encode};
pub use isil::same_isil;
pub use problem::{Problem, TagError};
pub use set::{Parts, SetInformation};
pub use uhf::{decode_uhf, decode_uhf_extent, user_bank_needed};
pub use usage::{TypeOfUsage, UsageClass};

/// DSFID of ISO 28560-2 tags (rfid-data.md section 2).
pub const DSFID_PART2: u8 = 0x06;
/// DSFID of ISO 28560-3 tags (GOST R ISO 28560-3, 5.1).
pub const DSFID_PART3: u8 = 0x3E;

/// Most bytes of a tag that are looked at: 256 blocks of 32 bytes, all that ISO 15693 can address.
pub const MEMORY_MAX: usize = 256 * 32;

/// A data model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Model {
    /// ISO 28560-2, GB/T 35660.2: object encoding.
    Iso28560Part2,
    /// ISO 28560-3, DS/INF 163-1: fixed layout.
    Iso28560Part3,
    /// 3M's alphanumeric layout from before the standard.
    Rfid501,
    /// NFC Forum type 5: recognised so that it can be refused by name, not read.
    Ndef,
    /// ISO/TS 28560-4: UHF tags by the standard.
    Iso28560Part4,
    /// The university-alliance UHF format of China.
    Gaoxiao,
}

impl Model {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Iso28560Part2,
        Self::Iso28560Part3,
        Self::Iso28560Part4,
        Self::Gaoxiao,
        Self::Rfid501,
        Self::Ndef,
    ];

    /// Whether tags of this model are UHF tags, read by [`decode_uhf`].
    #[must_use]
    pub fn is_uhf(self) -> bool {
        matches!(self, Self::Iso28560Part4 | Self::Gaoxiao)
    }

    /// The name in reports and configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Iso28560Part2 => "iso28560-2",
            Self::Iso28560Part3 => "iso28560-3",
            Self::Rfid501 => "rfid501",
            Self::Ndef => "ndef",
            Self::Iso28560Part4 => "iso28560-4",
            Self::Gaoxiao => "gaoxiao",
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A model name that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a tag data model is iso28560-2, iso28560-3, iso28560-4, gaoxiao, rfid501 or ndef, not {0:?}"
)]
pub struct ModelError(pub String);

impl FromStr for Model {
    type Err = ModelError;
    fn from_str(text: &str) -> Result<Self, ModelError> {
        Self::ALL
            .into_iter()
            .find(|model| model.name() == text)
            .ok_or_else(|| ModelError(text.to_owned()))
    }
}

/// How much of the tag the bytes given are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extent {
    /// All of its user memory: data that runs past the end is truncated.
    Whole,
    /// The first bytes only: what runs past the end has just not been read.
    Prefix,
}

/// Whether all elements of the tag were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coverage {
    /// Up to the end of the data.
    Complete,
    /// The bytes given ended first: elements not listed may still be on the tag.
    Partial,
}

/// An extension block of part 3 whose content is not defined; kept as it stands on the tag.
#[derive(Clone, PartialEq, Eq)]
pub struct ExtensionBlock {
    /// Block identifier, 24 bits at most.
    pub id: u32,
    /// Data behind the block's header.
    pub data: Vec<u8>,
}

impl fmt::Debug for ExtensionBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExtensionBlock({}, {} bytes)", self.id, self.data.len())
    }
}

/// What a tag says, whatever its model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagData {
    /// The model found.
    pub model: Model,
    /// Elements, each at most once, the item identifier first.
    pub elements: Vec<Element>,
    /// From element 4 (part 2), bytes 1 and 2 (part 3) or byte 1 (RFID501).
    pub parts: Option<Parts>,
    /// Extension blocks of part 3 that hold no known elements, in tag order.
    pub blocks: Vec<ExtensionBlock>,
    /// Fields that only RFID501 has.
    pub rfid501: Option<rfid501::Fields>,
    /// What only UHF tags have.
    pub uhf: Option<uhf::Facts>,
    /// Everything wrong, in the order found.
    pub problems: Vec<Problem>,
    /// Whether the whole tag was read.
    pub coverage: Coverage,
}

impl TagData {
    /// Nothing but a model: what an encoder's caller fills.
    #[must_use]
    pub fn new(model: Model) -> Self {
        Self {
            model,
            elements: Vec::new(),
            parts: None,
            blocks: Vec::new(),
            rfid501: None,
            uhf: None,
            problems: Vec::new(),
            coverage: Coverage::Complete,
        }
    }

    /// The value of an element that is on the tag.
    #[must_use]
    pub fn value(&self, id: ElementId) -> Option<&Value> {
        self.elements.iter().find(|element| element.id == id).map(|element| &element.value)
    }

    /// The characters of an element that is on the tag and holds text.
    #[must_use]
    pub fn text(&self, id: ElementId) -> Option<&str> {
        match self.value(id)? {
            Value::Text(text) => Some(text),
            Value::Set(set) => Some(set.as_str()),
            _ => None,
        }
    }

    /// The primary item identifier: of an item, or of a patron on a card.
    #[must_use]
    pub fn identifier(&self) -> Option<&str> {
        self.text(ElementId::PrimaryItemIdentifier)
    }

    /// The owner's ISIL; `None` when absent or empty.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.text(ElementId::OwnerInstitution).filter(|owner| !owner.is_empty())
    }

    /// The type of usage; `None` when the tag does not say or it cannot be read.
    #[must_use]
    pub fn usage(&self) -> Option<TypeOfUsage> {
        match self.value(ElementId::TypeOfUsage)? {
            Value::Usage(usage) => Some(*usage),
            _ => None,
        }
    }
}

/// Reads the whole memory of a tag, block 0 byte 0 first.
///
/// `hint` fixes the model; otherwise `dsfid` does when it is [`DSFID_PART2`] or [`DSFID_PART3`];
/// otherwise the data itself tells (rfid-data.md section 10).
///
/// # Errors
/// [`TagError`], never [`TagError::MoreNeeded`].
pub fn decode(memory: &[u8], dsfid: Option<u8>, hint: Option<Model>) -> Result<TagData, TagError> {
    decode_extent(memory, Extent::Whole, dsfid, hint)
}

/// Reads a tag of which `memory` is all or, with [`Extent::Prefix`], the beginning.
///
/// # Errors
/// [`TagError`]; [`TagError::MoreNeeded`] when a prefix does not hold the item identifier.
pub fn decode_extent(
    memory: &[u8],
    extent: Extent,
    dsfid: Option<u8>,
    hint: Option<Model>,
) -> Result<TagData, TagError> {
    let memory = memory.get(..MEMORY_MAX).unwrap_or(memory);
    match recognise::recognise(memory, extent, dsfid, hint)? {
        Model::Iso28560Part2 => part2::decode(memory, extent),
        Model::Iso28560Part3 => part3::decode(memory, extent),
        Model::Rfid501 => rfid501::decode(memory, extent),
        Model::Ndef => Ok(TagData::new(Model::Ndef)),
        // The bytes of one bank say nothing; see [`decode_uhf`].
        Model::Iso28560Part4 | Model::Gaoxiao => Err(TagError::UnknownFormat),
    }
}

/// How much of a tag must be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// The bytes given suffice.
    Enough,
    /// At least this many bytes from the start of memory, always more than were given. On a
    /// smaller tag: all of it, to be decoded as [`Extent::Whole`].
    AtLeast(usize),
}

/// Whether the first bytes of a tag tell item identifier, owner, set information and type of
/// usage, or that it has none. Start with 8 blocks (32 bytes); a few header bytes are looked at.
#[must_use]
pub fn blocks_needed(first_bytes: &[u8], dsfid: Option<u8>) -> Need {
    if first_bytes.len() >= MEMORY_MAX {
        return Need::Enough;
    }
    match recognise::recognise(first_bytes, Extent::Prefix, dsfid, None) {
        Ok(Model::Iso28560Part2) => part2::need(first_bytes),
        Ok(Model::Iso28560Part3) => part3::need(first_bytes),
        Ok(_) => Need::Enough,
        Err(TagError::MoreNeeded { at_least }) => Need::AtLeast(at_least),
        Err(_) => Need::Enough,
    }
}

/// Whether a text can be an identifier: not blank, and without control characters, which no
/// identifier has and which would break the lines of other protocols.
fn is_identifier(text: &str) -> bool {
    !text.trim().is_empty() && !text.chars().any(char::is_control)
}
