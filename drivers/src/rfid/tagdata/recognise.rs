//! Which model a tag is of (rfid-data.md section 10).

use super::part3::{BASIC_LEN, Basic, ByteOrder, SHORT_LEN, View};
use super::{Coverage, DSFID_PART2, DSFID_PART3, Extent, Model, TagError, part2, part3, rfid501};

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
    if extent == Extent::Prefix && shape != Shape::No && memory.len() < PART3_LEN {
        return Err(TagError::MoreNeeded { at_least: PART3_LEN });
    }
    if is_part2(memory, extent, shape)? {
        return Ok(Model::Iso28560Part2);
    }
    if rfid501::matches(memory) {
        return Ok(Model::Rfid501);
    }
    if shape == Shape::Likely {
        return Ok(Model::Iso28560Part3); // where decoding names the damage
    }
    Err(TagError::UnknownFormat)
}

/// Shortest identifier, in data bytes, that is believed with a damaged element right behind it.
const SURE_ID_LEN: usize = 4;

/// Whether the first element is a good identifier.
///
/// That alone is not enough: a damaged basic block `11 01 01 ..` reads as the identifier "1",
/// whose length byte is the number of parts. It must not become one. So what looks like a basic
/// block must parse to its end, and behind a short identifier the next element must be good.
fn is_part2(memory: &[u8], extent: Extent, shape: Shape) -> Result<bool, TagError> {
    let first = match part2::first_element(memory, extent) {
        Ok(first) => first,
        Err(more @ TagError::MoreNeeded { .. }) => return Err(more),
        Err(_) => return Ok(false),
    };
    let sure = first.data_len >= SURE_ID_LEN;
    if shape == Shape::Likely {
        let alone = memory.iter().take(BASIC_LEN).skip(part3::CRC_AT).all(|&b| b == 0);
        let Ok(tag) = part2::decode(memory, extent) else { return Ok(false) };
        // Behind the end mark stands stale text at worst. Where that is in the place of a check and
        // an owner, this is a basic block with one byte damaged.
        let clean_end = part2::end_of_data(memory)
            .is_some_and(|end| memory.iter().take(BASIC_LEN).skip(end).all(|&b| b == 0));
        if !tag.problems.is_empty() || !((sure && clean_end) || alone) {
            return Ok(false);
        }
        return match tag.coverage {
            Coverage::Complete => Ok(true),
            Coverage::Partial => Err(TagError::MoreNeeded { at_least: memory.len() + 1 }),
        };
    }
    if sure { Ok(true) } else { part2::is_good_element(memory, first.end, extent) }
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
            && (shape(memory, order) != Shape::No || !is_clean_part2(memory))
    })
}

fn is_clean_part2(memory: &[u8]) -> bool {
    part2::decode(memory, Extent::Whole).is_ok_and(|tag| tag.problems.is_empty())
}

/// How much the bytes look like a basic block, whatever its CRC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    No,
    /// The identifier field could be one: characters, then 00.
    Possible,
    /// As a writer leaves it, but for a few damaged bytes.
    Likely,
}

/// Flaws of a basic block in [`Shape::Likely`]. One damaged byte makes at most one flaw; part 2
/// headers inside the identifier field make more.
const FLAWS_MAX: usize = 2;

fn shape(memory: &[u8], order: ByteOrder) -> Shape {
    let view = View::new(memory, order);
    let mut block = [0; BASIC_LEN];
    view.copy(0, &mut block);
    let [first, parts, part, ..] = block;
    if first >> 4 != 1 && first & 0xF != 1 {
        return Shape::No;
    }
    let id = &block[part3::ID_AT..part3::CRC_AT];
    let id = if id[0] == part3::LONG_ID_MARK { &id[1..] } else { id };
    // Prefix and unit are padded apart from each other.
    let (prefix, unit) = block[part3::OWNER_AT..].split_at(part3::PREFIX_LEN);
    let flaws = usize::from(part > parts) + flaws(id) + flaws(prefix) + flaws(unit);
    if flaws <= FLAWS_MAX && id.iter().any(|b| is_printable(*b)) {
        Shape::Likely
    } else if could_be_text(id) {
        Shape::Possible
    } else {
        Shape::No
    }
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7E)
}

/// Bytes that a field of ASCII characters and 00 fill would not have.
fn flaws(field: &[u8]) -> usize {
    let mut filling = false;
    let mut flaws = 0;
    for &byte in field {
        if byte != 0 && (filling || !is_printable(byte)) {
            flaws += 1;
        }
        filling = byte == 0;
    }
    flaws
}

/// No control characters up to the first 00, then only 00.
fn could_be_text(field: &[u8]) -> bool {
    let end = field.iter().position(|&b| b == 0).unwrap_or(field.len());
    field[..end].iter().all(|&b| b >= 0x20 && b != 0x7F) && field[end..].iter().all(|&b| b == 0)
}
