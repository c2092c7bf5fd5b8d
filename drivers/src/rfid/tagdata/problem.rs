//! What can be wrong with a tag, by name (rfid-data.md section 10).

use super::{ElementId, MEMORY_MAX};

/// Why a tag gives no data at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// Nothing was ever written.
    #[error("the tag is blank")]
    Blank,
    /// Memory ends before the item identifier or the basic block does.
    #[error("the tag's data is cut off")]
    Truncated,
    /// A part 3 basic block whose check does not hold.
    #[error("the basic block's CRC is {stored:04X}, its data gives {computed:04X}")]
    BadCrc {
        /// As stored on the tag.
        stored: u16,
        /// As computed from the data, bytes in memory order.
        computed: u16,
    },
    /// The item identifier is not a text of the compaction it claims.
    #[error("the item identifier's compaction is broken")]
    BadCompaction,
    /// Neither half of a part 3 block's first byte is the version 1.
    #[error("byte 0 is {byte:02X}: no known version of the basic block")]
    UnknownVersion {
        /// Byte 0.
        byte: u8,
    },
    /// No known data model.
    #[error("the data is of no known model")]
    UnknownFormat,
    /// A known model without an item identifier.
    #[error("the tag carries no item identifier")]
    NoItemIdentifier,
    /// Only with [`Extent::Prefix`](super::Extent::Prefix): nothing can be said yet.
    #[error("at least the first {at_least} bytes of the tag are needed")]
    MoreNeeded {
        /// Bytes from the start of memory; on a smaller tag, all of it.
        at_least: usize,
    },
}

impl TagError {
    /// The error's name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::Truncated => "truncated",
            Self::BadCrc { .. } => "bad_crc",
            Self::BadCompaction => "bad_compaction",
            Self::UnknownVersion { .. } => "unknown_version",
            Self::UnknownFormat => "unknown_format",
            Self::NoItemIdentifier => "no_item_identifier",
            Self::MoreNeeded { .. } => "more_needed",
        }
    }
}

/// Something wrong with a tag that still gives data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Problem {
    /// The element occurs again; the first one counts.
    DuplicateElement(ElementId),
    /// The content parameter names an element that is not there.
    ContentParameterElementMissing(ElementId),
    /// The element is there but the content parameter does not name it.
    ElementNotInContentParameter(ElementId),
    /// The element, or its header (`None`), runs past the end of memory. Nothing behind it was read.
    Truncated(Option<ElementId>),
    /// The element's data is not of the compaction it claims.
    BadCompaction(ElementId),
    /// The XOR of an extension block is not 0; the block was dropped.
    BadBlockChecksum {
        /// Offset of the block in bytes.
        at: u16,
    },
    /// An extension block runs past the end of memory; it was dropped.
    TruncatedBlock {
        /// Offset of the block in bytes.
        at: u16,
    },
    /// An extension block is too short for its own header; it was dropped.
    BadBlockLength {
        /// Offset of the block in bytes.
        at: u16,
    },
    /// A valid basic block without a usable item identifier.
    NoItemIdentifier,
    /// UHF: the user bank holds something that is not this model's; it was not read.
    UnknownUserBank,
}

impl Problem {
    /// The problem's name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DuplicateElement(_) => "duplicate_element",
            Self::ContentParameterElementMissing(_) => "content_parameter_element_missing",
            Self::ElementNotInContentParameter(_) => "element_not_in_content_parameter",
            Self::Truncated(_) => "truncated",
            Self::BadCompaction(_) => "bad_compaction",
            Self::BadBlockChecksum { .. } => "bad_block_checksum",
            Self::TruncatedBlock { .. } => "truncated_block",
            Self::BadBlockLength { .. } => "bad_block_length",
            Self::NoItemIdentifier => "no_item_identifier",
            Self::UnknownUserBank => "unknown_user_bank",
        }
    }

    /// The element concerned, where there is one.
    #[must_use]
    pub fn element(self) -> Option<ElementId> {
        match self {
            Self::DuplicateElement(id)
            | Self::ContentParameterElementMissing(id)
            | Self::ElementNotInContentParameter(id)
            | Self::BadCompaction(id) => Some(id),
            Self::Truncated(id) => id,
            _ => None,
        }
    }
}

// Block offsets are stored as `u16`.
const _: () = assert!(MEMORY_MAX <= u16::MAX as usize);
