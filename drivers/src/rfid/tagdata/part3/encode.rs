//! Writing ISO 28560-3 and DS/INF 163-1 (rfid-data.md section 5).

use super::basic::{
    BASIC_LEN, Basic, CRC_AT, ID_AT, ID_LEN, LONG_ID_MARK, OWNER_AT, PART_AT, PARTS_AT, PREFIX_LEN,
    SHORT_LEN, VERSION, text,
};
use super::blocks::{BLOCK_MAX, HEADER, ID_ESCAPE, LONG_HEADER};
use super::fields::{LIBRARY, STRUCTURES, Structure, structure};
use super::view::{BLOCK, ByteOrder, reverse_blocks};
use crate::rfid::tagdata::{
    ElementId, EncodeError, ExtensionBlock, Parts, TagData, Value, is_identifier,
};

/// Which half of byte 0 is the version. The field is split (rfid-data.md 5.1): follow the site's
/// existing tags. Makes no difference for circulating items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NibbleOrder {
    /// Version in the high half, usage in the low one.
    #[default]
    VersionHigh,
    /// Usage in the high half, version in the low one.
    UsageHigh,
}

/// How to lay the data out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Bytes of user memory; all of it is written, which clears stale bytes.
    pub memory_size: usize,
    /// Order of the halves of byte 0.
    pub nibbles: NibbleOrder,
    /// Order of the bytes inside 4-byte blocks.
    pub bytes: ByteOrder,
}

impl Layout {
    /// The standard's orders.
    #[must_use]
    pub fn new(memory_size: usize) -> Self {
        Self { memory_size, nibbles: NibbleOrder::default(), bytes: ByteOrder::default() }
    }
}

/// Encodes a tag's elements, parts (none stands for 1 of 1) and unstructured blocks into an image
/// of its whole memory. An identifier above 16 bytes goes into the library extension block.
///
/// # Errors
/// [`EncodeError`]: above all elements that this model has no place for, and usage sub-classes.
pub fn encode(data: &TagData, layout: &Layout) -> Result<Vec<u8>, EncodeError> {
    refuse_unstorable(data)?;
    let identifier = data
        .identifier()
        .filter(|id| is_identifier(id) && storable_text(id))
        .ok_or(EncodeError::NoItemIdentifier)?;
    let long = (identifier.len() > ID_LEN).then_some(identifier);
    let mut basic = Basic([0; BASIC_LEN]);
    basic.0[0] = usage(data, layout.nibbles)?;
    parts(data, &mut basic)?;
    match long {
        Some(_) => basic.0[ID_AT] = LONG_ID_MARK,
        None => basic.0[ID_AT..][..identifier.len()].copy_from_slice(identifier.as_bytes()),
    }
    owner(data, &mut basic)?;
    let crc = basic.computed_crc().to_le_bytes();
    basic.0[CRC_AT..OWNER_AT].copy_from_slice(&crc);
    let mut image = basic.0.to_vec();
    for structure in &STRUCTURES {
        append_structured(&mut image, data, structure, long)?;
    }
    for block in &data.blocks {
        append_unstructured(&mut image, block)?;
    }
    fit(&mut image, layout)?;
    if layout.bytes == ByteOrder::Reversed {
        reverse_blocks(&mut image);
    }
    Ok(image)
}

/// Every element must have a place of its own, once.
fn refuse_unstorable(data: &TagData) -> Result<(), EncodeError> {
    let in_basic =
        [ElementId::PrimaryItemIdentifier, ElementId::OwnerInstitution, ElementId::TypeOfUsage];
    for (i, element) in data.elements.iter().enumerate() {
        let id = element.id;
        if data.elements[..i].iter().any(|earlier| earlier.id == id) {
            return Err(EncodeError::DuplicateElement(id));
        }
        let is_byte = |s: &Structure| s.first_byte == Some(id) || s.last_byte == Some(id);
        let is_text = |s: &Structure| s.texts.contains(&id);
        let fits = match &element.value {
            Value::Usage(_) => id == ElementId::TypeOfUsage,
            Value::Number(_) => STRUCTURES.iter().any(is_byte),
            Value::Text(text) => {
                storable_text(text) && (in_basic.contains(&id) || STRUCTURES.iter().any(is_text))
            }
            _ => false,
        };
        if !fits {
            return Err(EncodeError::Unstorable(id));
        }
    }
    Ok(())
}

/// Whether a text reads back as it is: no 00 and no trailing space.
fn storable_text(given: &str) -> bool {
    text(given.as_bytes()) == given
}

fn usage(data: &TagData, nibbles: NibbleOrder) -> Result<u8, EncodeError> {
    let usage = data.usage().ok_or(EncodeError::NoTypeOfUsage)?;
    if usage.sub_class() != 0 {
        return Err(EncodeError::Unstorable(ElementId::TypeOfUsage));
    }
    Ok(match nibbles {
        NibbleOrder::VersionHigh => VERSION << 4 | usage.class_digit(),
        NibbleOrder::UsageHigh => usage.class_digit() << 4 | VERSION,
    })
}

fn parts(data: &TagData, basic: &mut Basic) -> Result<(), EncodeError> {
    let Parts { in_item, number } = data.parts.unwrap_or(Parts { in_item: 1, number: 1 });
    let byte = |n: u16| u8::try_from(n).map_err(|_| EncodeError::TooManyParts);
    basic.0[PARTS_AT] = byte(in_item)?;
    basic.0[PART_AT] = byte(number)?;
    Ok(())
}

/// Stores the owner without the hyphen behind its two-letter prefix. Anything that would not read
/// back as given is refused; the alternative owner in the library block holds it.
fn owner(data: &TagData, basic: &mut Basic) -> Result<(), EncodeError> {
    let Some(owner) = data.owner() else { return Ok(()) };
    let unstorable = EncodeError::Unstorable(ElementId::OwnerInstitution);
    let bytes = owner.as_bytes();
    let (prefix, unit) = match bytes {
        [_, _, b'-', unit @ ..] => (&bytes[..PREFIX_LEN], unit),
        _ => (bytes, &[][..]),
    };
    let room = BASIC_LEN - OWNER_AT - PREFIX_LEN;
    if prefix.len() > PREFIX_LEN || unit.len() > room {
        return Err(unstorable);
    }
    basic.0[OWNER_AT..][..prefix.len()].copy_from_slice(prefix);
    basic.0[OWNER_AT + PREFIX_LEN..][..unit.len()].copy_from_slice(unit);
    if basic.owner() == owner { Ok(()) } else { Err(unstorable) }
}

fn append_structured(
    image: &mut Vec<u8>,
    data: &TagData,
    structure: &Structure,
    long_id: Option<&str>,
) -> Result<(), EncodeError> {
    let long_id = long_id.filter(|_| structure.id == LIBRARY);
    let alternative = ElementId::AlternativeItemIdentifier;
    if long_id.is_some() && data.value(alternative).is_some() {
        // Both want the same field.
        return Err(EncodeError::Unstorable(alternative));
    }
    let number = |id: Option<ElementId>| match data.value(id?)? {
        Value::Number(number) => Some(*number),
        _ => None,
    };
    let (first, last) = (number(structure.first_byte), number(structure.last_byte));
    let field = |id: ElementId| match long_id {
        Some(long) if id == alternative => long,
        _ => data.text(id).unwrap_or(""),
    };
    let used = match last {
        Some(_) => structure.texts.len(),
        None => structure.texts.iter().rposition(|&id| !field(id).is_empty()).map_or(0, |i| i + 1),
    };
    if used == 0 && first.is_none() {
        return Ok(());
    }
    let mut bytes = Vec::new();
    if structure.first_byte.is_some() {
        bytes.push(first.unwrap_or(0));
    }
    for (i, &id) in structure.texts[..used].iter().enumerate() {
        if i > 0 {
            bytes.push(0);
        }
        bytes.extend(field(id).as_bytes());
    }
    if let Some(last) = last {
        bytes.extend([0, last]);
    }
    let max = BLOCK_MAX - HEADER;
    if bytes.len() > max {
        let longest = structure.texts.iter().max_by_key(|&&id| field(id).len());
        let id = *longest.unwrap_or(&alternative);
        return Err(EncodeError::ElementTooLong { id, len: bytes.len(), max });
    }
    append_block(image, structure.id, &bytes);
    Ok(())
}

fn append_unstructured(image: &mut Vec<u8>, block: &ExtensionBlock) -> Result<(), EncodeError> {
    let taken = structure(block.id).is_some() || block.id > 0xFF_FFFF;
    if taken || block.data.len() > BLOCK_MAX - header_len(block.id) {
        return Err(EncodeError::BlockUnstorable(block.id));
    }
    append_block(image, block.id, &block.data);
    Ok(())
}

/// Identifiers from FF00 on need the escape in the place of their high byte.
fn header_len(id: u32) -> usize {
    if id < u32::from(ID_ESCAPE) << 8 { HEADER } else { LONG_HEADER }
}

fn append_block(image: &mut Vec<u8>, id: u32, data: &[u8]) {
    let header = header_len(id);
    let [low, middle, high, _] = id.to_le_bytes();
    // The callers keep blocks within BLOCK_MAX.
    let len = u8::try_from(header + data.len()).unwrap_or(u8::MAX);
    let mut block = vec![len, low];
    if header == HEADER {
        block.push(middle);
    } else {
        block.extend([ID_ESCAPE, middle, high]);
    }
    let xor = block.iter().chain(data).fold(0, |xor, byte| xor ^ byte);
    block.push(xor);
    block.extend(data);
    image.extend(block);
}

/// Cuts or fills the image to the tag's memory; zeros are the end block and clear the rest.
fn fit(image: &mut Vec<u8>, layout: &Layout) -> Result<(), EncodeError> {
    let memory = match layout.bytes {
        ByteOrder::Straight => layout.memory_size,
        ByteOrder::Reversed => layout.memory_size / BLOCK * BLOCK,
    };
    // Bytes 32 and 33 count as 00 on a tag that does not have both.
    let room = if memory < BASIC_LEN { SHORT_LEN } else { memory };
    let used = image.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
    let needed = if image.len() > BASIC_LEN { image.len() } else { used.max(SHORT_LEN) };
    if needed > room || memory < SHORT_LEN {
        return Err(EncodeError::TooLong { needed, memory: layout.memory_size });
    }
    image.resize(memory, 0);
    Ok(())
}
