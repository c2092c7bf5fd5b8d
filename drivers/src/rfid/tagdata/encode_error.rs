//! Why data cannot be put on a tag.

use super::{ElementId, Model};

/// Data that a model or a tag cannot hold. Nothing was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// No primary item identifier, or one that is blank or has control characters.
    #[error("there is no usable item identifier")]
    NoItemIdentifier,
    /// Part 3 has no place for an unknown type of usage.
    #[error("there is no type of usage")]
    NoTypeOfUsage,
    /// The model has no place for this element, or not for this value of it.
    #[error("{0} cannot be stored in this model as it is")]
    Unstorable(ElementId),
    /// The element, or the block it stands in, is longer than its length byte can say.
    #[error("{id} is too long: {len} bytes, at most {max}")]
    ElementTooLong {
        /// Which element.
        id: ElementId,
        /// Its length in bytes as encoded.
        len: usize,
        /// The most that fits.
        max: usize,
    },
    /// The element was given twice.
    #[error("{0} is given twice")]
    DuplicateElement(ElementId),
    /// Numbers of parts above 255.
    #[error("part numbers above 255 cannot be stored")]
    TooManyParts,
    /// An unstructured extension block that is too long or has a reserved identifier.
    #[error("extension block {0} cannot be stored")]
    BlockUnstorable(u32),
    /// More data than memory.
    #[error("{needed} bytes are needed, the tag has {memory}")]
    TooLong {
        /// Bytes needed.
        needed: usize,
        /// Bytes there are.
        memory: usize,
    },
    /// A block size of 0 or above 32 bytes.
    #[error("blocks of {0} bytes do not exist")]
    BadBlockSize(usize),
    /// A model that is only recognised.
    #[error("tags of the model {0} are not written")]
    ReadOnlyModel(Model),
}

impl EncodeError {
    /// The error's name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoItemIdentifier => "no_item_identifier",
            Self::NoTypeOfUsage => "no_type_of_usage",
            Self::Unstorable(_) => "unstorable",
            Self::ElementTooLong { .. } => "element_too_long",
            Self::DuplicateElement(_) => "duplicate_element",
            Self::TooManyParts => "too_many_parts",
            Self::BlockUnstorable(_) => "block_unstorable",
            Self::TooLong { .. } => "too_long",
            Self::BadBlockSize(_) => "bad_block_size",
            Self::ReadOnlyModel(_) => "read_only_model",
        }
    }
}
