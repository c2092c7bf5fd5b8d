//! 3M's alphanumeric layout, called RFID501 (rfid-data.md section 9).

use super::part3::text_field;
use super::{
    Coverage, Element, ElementId, EncodeError, Extent, ImageOptions, Model, Parts, TagData,
    TagError, TagImage, is_identifier,
};

/// Bytes of the layout.
const LEN: usize = 32;
const MARK: u8 = 0x04;
const PARTS_AT: usize = 1;
const ZERO_AT: usize = 2;
const TYPE_AT: usize = 3;
const ID_AT: usize = 4;
const BRANCH_AT: usize = 20;
const CUSTOM_AT: usize = 24;
const TAIL_AT: usize = 28;
/// Low bits of the institution word that are the library; the rest is the branch.
const LIBRARY_BITS: u32 = 20;
/// Values of the type byte: 0 other, 1 book, 2 magazine, 3 bound journal, 4 audio, 5 video,
/// 6 CD, 7 diskette, 8 book and diskette, 9 book and CD, 13 book and audio.
const TYPES: [u8; 11] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13];

/// What only this model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fields {
    /// Kind of item, 3M's own code.
    pub item_type: u8,
    /// Branch number, 12 bits.
    pub branch: u16,
    /// Library number, 20 bits.
    pub library: u32,
    /// Site's own number.
    pub custom: i32,
}

/// Whether the bytes have this layout; 32 of them are needed.
pub(super) fn matches(memory: &[u8]) -> bool {
    let Some(block) = memory.first_chunk::<LEN>() else { return false };
    let (number, total) = (block[PARTS_AT] >> 4, block[PARTS_AT] & 0xF);
    block[0] == MARK
        && number <= total
        && block[ZERO_AT] == 0
        && TYPES.contains(&block[TYPE_AT])
        && block[TAIL_AT..] == [0; LEN - TAIL_AT]
        && is_identifier(&text_field(&block[ID_AT..BRANCH_AT]))
}

/// Reads the layout. Numbers count this part first and the total second, unlike part 3.
pub(super) fn decode(memory: &[u8], extent: Extent) -> Result<TagData, TagError> {
    let Some(block) = memory.first_chunk::<LEN>() else {
        return Err(match extent {
            Extent::Whole => TagError::Truncated,
            Extent::Prefix => TagError::MoreNeeded { at_least: LEN },
        });
    };
    if block[0] != MARK {
        return Err(TagError::UnknownFormat);
    }
    let identifier = text_field(&block[ID_AT..BRANCH_AT]);
    if !is_identifier(&identifier) {
        return Err(TagError::NoItemIdentifier);
    }
    if !matches(memory) {
        return Err(TagError::UnknownFormat);
    }
    let word = |at: usize| [block[at], block[at + 1], block[at + 2], block[at + 3]];
    let institution = u32::from_be_bytes(word(BRANCH_AT));
    let branch = u16::try_from(institution >> LIBRARY_BITS).unwrap_or(u16::MAX);
    let parts = block[PARTS_AT];
    Ok(TagData {
        elements: vec![Element::text(ElementId::PrimaryItemIdentifier, identifier)],
        parts: Some(Parts { in_item: (parts & 0xF).into(), number: (parts >> 4).into() }),
        rfid501: Some(Fields {
            item_type: block[TYPE_AT],
            branch,
            library: institution & ((1 << LIBRARY_BITS) - 1),
            custom: i32::from_be_bytes(word(CUSTOM_AT)),
        }),
        coverage: Coverage::Complete,
        ..TagData::new(Model::Rfid501)
    })
}

/// Most parts: four bits.
const PARTS_MAX: u16 = 15;
/// Branch numbers have 12 bits.
const BRANCH_MAX: u16 = 0xFFF;

/// Writes the layout. What is not given is an item of type other, branch 0, library 0.
pub(super) fn encode(data: &TagData, options: &ImageOptions) -> Result<TagImage, EncodeError> {
    let id = ElementId::PrimaryItemIdentifier;
    let identifier =
        data.identifier().filter(|id| is_identifier(id)).ok_or(EncodeError::NoItemIdentifier)?;
    if let Some(other) = data.elements.iter().find(|element| element.id != id) {
        return Err(EncodeError::Unstorable(other.id));
    }
    let max = BRANCH_AT - ID_AT;
    if identifier.len() > max {
        return Err(EncodeError::ElementTooLong { id, len: identifier.len(), max });
    }
    if options.memory_size < LEN {
        return Err(EncodeError::TooLong { needed: LEN, memory: options.memory_size });
    }
    let parts = data.parts.unwrap_or(Parts { in_item: 1, number: 1 });
    if parts.in_item > PARTS_MAX || parts.number > parts.in_item {
        return Err(EncodeError::TooManyParts);
    }
    let fields = data.rfid501.unwrap_or(Fields { item_type: 0, branch: 0, library: 0, custom: 0 });
    let library_max = (1 << LIBRARY_BITS) - 1;
    if fields.branch > BRANCH_MAX || fields.library > library_max {
        return Err(EncodeError::Unstorable(ElementId::OwnerInstitution));
    }
    let mut memory = vec![0; options.memory_size / 4 * 4];
    let nibble = |n: u16| u8::try_from(n).unwrap_or(0);
    memory[0] = MARK;
    memory[PARTS_AT] = nibble(parts.number) << 4 | nibble(parts.in_item);
    memory[TYPE_AT] = fields.item_type;
    memory[ID_AT..ID_AT + identifier.len()].copy_from_slice(identifier.as_bytes());
    let institution = u32::from(fields.branch) << LIBRARY_BITS | fields.library;
    memory[BRANCH_AT..CUSTOM_AT].copy_from_slice(&institution.to_be_bytes());
    memory[CUSTOM_AT..TAIL_AT].copy_from_slice(&fields.custom.to_be_bytes());
    // What would not read back is not written.
    match decode(&memory, Extent::Whole) {
        Ok(read) if read.identifier() == Some(identifier) => {
            Ok(TagImage { memory, dsfid: None, uii: None, lock: Vec::new() })
        }
        _ => Err(EncodeError::Unstorable(id)),
    }
}
