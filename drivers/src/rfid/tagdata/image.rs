//! What to write on a tag, whatever its model.

use std::ops::Range;

use super::{ElementId, EncodeError, Model, TagData, part2, part3, rfid501, uhf};
use crate::rfid::Uii;

/// The tag to be written, and the site's habits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageOptions {
    /// Bytes of user memory that may be written; leave out a SLIX2's counter block.
    pub memory_size: usize,
    /// Bytes of a block.
    pub block_size: usize,
    /// Elements to get whole blocks of their own, so that these can be locked (part 2 only).
    pub lock: Vec<ElementId>,
    /// Order of the halves of byte 0 (part 3 only).
    pub nibbles: part3::NibbleOrder,
    /// Order of the bytes inside 4-byte blocks (part 3 only).
    pub bytes: part3::ByteOrder,
}

impl ImageOptions {
    /// Nothing to lock, blocks of 4, the standard's orders.
    #[must_use]
    pub fn new(memory_size: usize) -> Self {
        Self {
            memory_size,
            block_size: 4,
            lock: Vec::new(),
            nibbles: part3::NibbleOrder::default(),
            bytes: part3::ByteOrder::default(),
        }
    }
}

/// A tag's content, ready to be written. Stale bytes behind it are cleared.
#[derive(Clone, PartialEq, Eq)]
pub struct TagImage {
    /// User memory from block 0, whole blocks, to its end.
    pub memory: Vec<u8>,
    /// HF: the data storage format identifier that belongs to the model.
    pub dsfid: Option<u8>,
    /// UHF: protocol control word and UII, in the secured state.
    pub uii: Option<Uii>,
    /// Blocks that may be locked for ever, if the operator asks.
    pub lock: Vec<Range<usize>>,
}

impl std::fmt::Debug for TagImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TagImage({} bytes, DSFID {:02X?})", self.memory.len(), self.dsfid)
    }
}

/// Lays a tag's data out in its model.
///
/// # Errors
/// [`EncodeError`]; nothing of it may be written then.
pub fn encode(data: &TagData, options: &ImageOptions) -> Result<TagImage, EncodeError> {
    match data.model {
        Model::Iso28560Part2 => {
            let layout = part2::Layout {
                block_size: options.block_size,
                lock: &options.lock,
                ..part2::Layout::new(options.memory_size)
            };
            let encoded = part2::encode(&data.elements, &layout)?;
            let lock = encoded.lock;
            Ok(TagImage { memory: encoded.bytes, dsfid: Some(super::DSFID_PART2), uii: None, lock })
        }
        Model::Iso28560Part3 => {
            let layout = part3::Layout {
                nibbles: options.nibbles,
                bytes: options.bytes,
                ..part3::Layout::new(options.memory_size)
            };
            let memory = part3::encode(data, &layout)?;
            let dsfid = Some(super::DSFID_PART3);
            Ok(TagImage { memory, dsfid, uii: None, lock: Vec::new() })
        }
        Model::Iso28560Part4 => uhf::encode_part4(data, options),
        Model::Gaoxiao => uhf::encode_gaoxiao(data, options),
        Model::Rfid501 => rfid501::encode(data, options),
        Model::Ndef => Err(EncodeError::ReadOnlyModel(data.model)),
    }
}
