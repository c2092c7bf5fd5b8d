//! Which model a tag is of (rfid-data.md section 10).

use super::part3::{BASIC_LEN, Basic, ByteOrder, SHORT_LEN, View};
use super::{DSFID_PART2, DSFID_PART3, Extent, Model, TagError, part2, part3, rfid501};

/// Bytes 55 at the start of a factory-blank 3M tag (rfid-data.md section 9).
const FACTORY_LEN: usize = 24;
const FACTORY: u8 = 0x55;
/// Bytes that must have been seen before a prefix is called blank.
const BLANK_LEN: usize = SHORT_LEN;
/// First byte of an NFC Forum type 5 capability container.
const NDEF_MAGIC: u8 = 0xE1;
/// Bytes of whole blocks around a part 3 basic block.
const PART3_LEN: usize = BASIC_LEN.next_multiple_of(4);

pub(super) fn recognise(
    memory: &[u8],
    extent: Extent,
    dsfid: Option<u8>,
    hint: Option<Model>,
) -> Result<Model, TagError> {
    if memory.is_empty() {
        return Err(match extent {
            Extent::Whole => TagError::Truncated,
            Extent::Prefix => TagError::MoreNeeded { at_least: BLANK_LEN },
        });
    }
    if is_blank(memory, extent)? {
        return Err(TagError::Blank);
    }
    match (hint, dsfid) {
        (Some(Model::Ndef), _) if !is_ndef(memory) => Err(TagError::UnknownFormat),
        (Some(model), _) => Ok(model),
        (None, Some(DSFID_PART3)) => Ok(Model::Iso28560Part3),
        (None, Some(DSFID_PART2)) => Ok(Model::Iso28560Part2),
        _ => by_content(memory, extent),
    }
}

fn is_blank(memory: &[u8], extent: Extent) -> Result<bool, TagError> {
    let (head, tail) = memory.split_at(memory.len().min(FACTORY_LEN));
    let zeros = |bytes: &[u8]| bytes.iter().all(|&b| b == 0);
    let factory = head.iter().all(|&b| b == FACTORY);
    if !((zeros(head) || factory) && zeros(tail)) {
        return Ok(false);
    }
    if extent == Extent::Prefix && memory.len() < BLANK_LEN {
        return Err(TagError::MoreNeeded { at_least: BLANK_LEN });
    }
    Ok(!factory || head.len() == FACTORY_LEN)
}

fn by_content(memory: &[u8], extent: Extent) -> Result<Model, TagError> {
    if is_ndef(memory) {
        return Ok(Model::Ndef);
    }
    if has_part3_crc(memory) {
        return Ok(Model::Iso28560Part3);
    }
    let shape = shape(memory, ByteOrder::Straight).max(shape(memory, ByteOrder::Reversed));
    if extent == Extent::Prefix && shape >= Shape::Possible && memory.len() < PART3_LEN {
        return Err(TagError::MoreNeeded { at_least: PART3_LEN });
    }
    match part2::first_element(memory, extent) {
        Ok(_) if shape == Shape::Likely && !is_lone_part2(memory, extent) => {
            // A damaged basic block such as 11 01 01 .. also reads as a part 2 identifier "1".
            // It must not become one, so decoding goes on as part 3 and names the damage.
            return Ok(Model::Iso28560Part3);
        }
        Ok(_) => return Ok(Model::Iso28560Part2),
        Err(more @ TagError::MoreNeeded { .. }) => return Err(more),
        Err(_) => {}
    }
    if rfid501::matches(memory) {
        return Ok(Model::Rfid501);
    }
    if shape == Shape::Likely {
        return Ok(Model::Iso28560Part3);
    }
    Err(TagError::UnknownFormat)
}

/// `E1` with the version bits 01. A part 2 tag that starts with `E1` has a fill count there,
/// which stays below 40 on any block size.
fn is_ndef(memory: &[u8]) -> bool {
    matches!(memory, [NDEF_MAGIC, version, ..] if version >> 6 == 1)
}

/// Whether a basic block's CRC holds in either byte order. One part 2 tag in 30 000 fulfils that
/// by chance; it gives itself away by parsing to its end and by an identifier field no writer
/// would fill like that.
fn has_part3_crc(memory: &[u8]) -> bool {
    [ByteOrder::Straight, ByteOrder::Reversed].into_iter().any(|order| {
        Basic::read(memory, order).is_some_and(|basic| basic.holds())
            && (shape(memory, order) >= Shape::Possible || !is_clean_part2(memory, Extent::Whole))
    })
}

fn is_clean_part2(memory: &[u8], extent: Extent) -> bool {
    part2::decode(memory, extent).is_ok_and(|tag| tag.problems.is_empty())
}

/// A part 2 tag with nothing wrong and nothing behind the identifier field of part 3, where a
/// basic block would have its CRC.
fn is_lone_part2(memory: &[u8], extent: Extent) -> bool {
    memory.iter().skip(part3::CRC_AT).all(|&b| b == 0) && is_clean_part2(memory, extent)
}

/// How much the bytes look like a basic block, whatever its CRC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    No,
    /// The identifier field could be one: characters, then 00.
    Possible,
    /// Everything is as a writer would leave it.
    Likely,
}

fn shape(memory: &[u8], order: ByteOrder) -> Shape {
    let view = View::new(memory, order);
    let mut block = [0; BASIC_LEN];
    view.copy(0, &mut block);
    let [first, parts, part, ..] = block;
    let id = &block[part3::ID_AT..part3::CRC_AT];
    let has_version = first >> 4 == 1 || first & 0xF == 1;
    let id = if id[0] == part3::LONG_ID_MARK { &id[1..] } else { id };
    if !has_version || !is_filled_text(id, |b| b >= 0x20 && b != 0x7F) {
        return Shape::No;
    }
    let ascii = |b| matches!(b, 0x20..=0x7E);
    // Prefix and unit are padded apart from each other.
    let (prefix, unit) = block[part3::OWNER_AT..].split_at(part3::PREFIX_LEN);
    let likely = part <= parts
        && id[0] != 0
        && is_filled_text(id, ascii)
        && is_filled_text(prefix, ascii)
        && is_filled_text(unit, ascii);
    if likely { Shape::Likely } else { Shape::Possible }
}

/// Characters up to the first 00, then only 00.
fn is_filled_text(bytes: &[u8], is_character: impl Fn(u8) -> bool) -> bool {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    bytes[..end].iter().all(|&b| is_character(b)) && bytes[end..].iter().all(|&b| b == 0)
}
