//! The university-alliance UHF format of China, 2012 (rfid-data.md section 8).
//!
//! UNCONFIRMED beyond the one published example: where a leading 6 of a five-digit university code
//! was a 9, all codes that begin with 6 are read as 9; the three words of id coding 1 have the
//! characters in 6-bit groups from bit 29 (words 1 and 2) and bit 12 (word 0).

use std::fmt::Write;
use std::ops::ControlFlow;

use super::super::{
    Coverage, Element, ElementId, EncodeError, Extent, Model, Need, Parts, Problem, SetInformation,
    TagData, TagError, TypeOfUsage, Value, is_identifier,
};
use super::{Facts, ImageOptions, TagImage, pc};
use crate::rfid::Uii;

/// First payload byte, bit 7.
pub(super) const ON_LOAN: u8 = 0x80;
/// State, coding and version, bitmap.
const HEAD_LEN: usize = 4;
/// OIDs of the bitmap, from bit 0 upward.
const BITMAP: [u16; 16] = [3, 4, 5, 6, 11, 12, 14, 15, 16, 24, 26, 27, 28, 29, 30, 31];
/// Longest identifier of codings 0 and 1: four bits hold its length, the words hold 14 characters.
const ID_MAX: usize = 14;
/// Longest identifier that coding 0 writes as plain characters.
const PLAIN_MAX_96: usize = 7;
/// Longest identifier that coding 1 writes as plain characters.
const PLAIN_MAX_128: usize = 11;
/// Bytes of the identifier's field in codings 0 and 1.
const FIELD_LEN_96: usize = 8;
const FIELD_LEN_128: usize = 12;
/// What is taken off a character to make 6 bits of it.
const SIX_BIT_BASE: u8 = 0x30;
/// Largest value of an element of the user bank: its length has 10 bits.
const VALUE_MAX: usize = 0x3FF;
/// Version written.
const VERSION: u8 = 4;

/// Whether a payload can be one: a length that goes with its id coding, and an identifier in it
/// that reads. One EPC of another trade in some dozens fulfils that by chance; the library system
/// does not know what it reads as.
pub(super) fn is_plausible(payload: &[u8]) -> bool {
    let len = payload.len() - payload.len().min(HEAD_LEN);
    let coding = payload.get(1).map(|coding| coding >> 6);
    let fits = match coding {
        Some(0) => len == FIELD_LEN_96,
        Some(1) => len == FIELD_LEN_128,
        _ => true,
    };
    fits && identifier(payload).is_ok()
}

fn identifier(payload: &[u8]) -> Result<String, TagError> {
    let (head, field) = payload.split_first_chunk::<HEAD_LEN>().ok_or(TagError::Truncated)?;
    let [_, coding, ..] = *head;
    let identifier = match coding >> 6 {
        0 => id_96(field)?,
        1 => id_128(field)?,
        2 => plain(field)?,
        _ => return Err(TagError::UnknownVersion { byte: coding }),
    };
    if identifier.trim().is_empty() {
        return Err(TagError::NoItemIdentifier);
    }
    if is_identifier(&identifier) { Ok(identifier) } else { Err(TagError::BadCompaction) }
}

pub(super) fn decode(uii: &Uii, user: Option<&[u8]>, extent: Extent) -> Result<TagData, TagError> {
    let identifier = identifier(&uii.bytes)?;
    let (head, _) = uii.bytes.split_first_chunk::<HEAD_LEN>().ok_or(TagError::Truncated)?;
    let [state, coding, bitmap @ ..] = *head;
    let mut tag = TagData::new(Model::Gaoxiao);
    tag.elements.push(Element::text(ElementId::PrimaryItemIdentifier, identifier));
    let mut facts = Facts {
        on_loan: Some(state & ON_LOAN != 0),
        version: Some((coding & 0x3F) + 1),
        sorting: state & 0xF,
        reserve: state >> 4 & 3,
        ..Facts::default()
    };
    if let Some(user) = user {
        take_bank(&mut tag, &mut facts, user, extent);
        compare_with_bitmap(&mut tag, u16::from_be_bytes(bitmap));
    }
    tag.uhf = Some(facts);
    Ok(tag)
}

fn plain(bytes: &[u8]) -> Result<String, TagError> {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| TagError::BadCompaction)?;
    Ok(text.to_owned())
}

fn ascii(bytes: &[u8]) -> Result<String, TagError> {
    match bytes.iter().all(|b| matches!(b, 0x20..=0x7E)) {
        true => Ok(bytes.iter().map(|&b| char::from(b)).collect()),
        false => Err(TagError::BadCompaction),
    }
}

/// So many plain characters and 00 behind them.
fn filled(rest: &[u8], n: usize) -> Result<String, TagError> {
    let (characters, fill) = rest.split_at_checked(n).ok_or(TagError::Truncated)?;
    if fill.iter().all(|&b| b == 0) { ascii(characters) } else { Err(TagError::BadCompaction) }
}

/// Length, and the characters behind it where they stand plain.
fn length(field: &[u8]) -> Result<(usize, &[u8]), TagError> {
    let (&first, rest) = field.split_first().ok_or(TagError::Truncated)?;
    match usize::from(first & 0xF) {
        0 => Err(TagError::NoItemIdentifier),
        n @ 1..=ID_MAX => Ok((n, rest)),
        _ => Err(TagError::BadCompaction),
    }
}

fn word(bytes: &[u8], number: usize) -> Result<u32, TagError> {
    let (words, _) = bytes.as_chunks::<4>();
    words.get(number).map(|w| u32::from_le_bytes(*w)).ok_or(TagError::Truncated)
}

/// A character of 6 bits: 0-9 and A-Z.
fn six(bits: u32) -> Result<char, TagError> {
    let byte = u8::try_from(bits & 0x3F).unwrap_or(0) + SIX_BIT_BASE;
    match byte {
        b'0'..=b'9' | b'A'..=b'Z' => Ok(char::from(byte)),
        _ => Err(TagError::BadCompaction),
    }
}

fn last_character(word: u32) -> Result<char, TagError> {
    let byte = u8::try_from(word >> 4 & 0xFF).unwrap_or(0);
    if matches!(byte, 0x20..=0x7E) { Ok(char::from(byte)) } else { Err(TagError::BadCompaction) }
}

/// Three characters 0-9 A-Z, then digits, the last anything.
fn id_96(field: &[u8]) -> Result<String, TagError> {
    let (n, rest) = length(field)?;
    if n <= PLAIN_MAX_96 {
        return filled(rest, n);
    }
    let (w0, w1) = (word(field, 0)?, word(field, 1)?);
    let mut id = String::with_capacity(n);
    for shift in [24, 18, 12] {
        id.push(six(w0 >> shift)?);
    }
    let fourth = w0 >> 30 | (w1 & 3) << 2;
    let middle = n - 5;
    id.push(char::from_digit(fourth, 10).ok_or(TagError::BadCompaction)?);
    write!(id, "{:0middle$}", w1 >> 2).map_err(|_| TagError::BadCompaction)?;
    id.push(last_character(w0)?);
    // A number with more digits than there are places is none.
    if id.len() == n { Ok(id) } else { Err(TagError::BadCompaction) }
}

fn id_128(field: &[u8]) -> Result<String, TagError> {
    let (n, rest) = length(field)?;
    if n <= PLAIN_MAX_128 {
        return filled(rest, n);
    }
    let (w0, w1, w2) = (word(field, 0)?, word(field, 1)?, word(field, 2)?);
    let mut id = String::with_capacity(n);
    for word in [w2, w1] {
        for shift in [24, 18, 12, 6, 0] {
            id.push(six(word >> shift)?);
        }
    }
    for group in (0..n - 11).rev() {
        id.push(six(w0 >> (12 + 6 * group))?);
    }
    id.push(last_character(w0)?);
    Ok(id)
}

/// Elements of the user bank, in order; what `visit` breaks off is not looked at.
fn walk<'a>(
    bank: &'a [u8],
    mut visit: impl FnMut(ElementId, &'a [u8]) -> ControlFlow<()>,
) -> Walked {
    let mut at = 0;
    loop {
        let Some(&first) = bank.get(at) else { return Walked::Exhausted(at + 1) };
        if first == 0 {
            return Walked::End;
        }
        let Some(&low) = bank.get(at + 1) else { return Walked::Exhausted(at + 2) };
        let len = usize::from(first & 3) << 8 | usize::from(low);
        let Some(value) = bank.get(at + 2..at + 2 + len) else {
            return Walked::Cut(ElementId::from_oid((first >> 2).into()), at + 2 + len);
        };
        if visit(ElementId::from_oid((first >> 2).into()), value).is_break() {
            return Walked::End;
        }
        at += 2 + len;
    }
}

enum Walked {
    End,
    /// The bank ended between elements; so many bytes are needed to go on.
    Exhausted(usize),
    /// It ended inside this element.
    Cut(ElementId, usize),
}

fn take_bank(tag: &mut TagData, facts: &mut Facts, bank: &[u8], extent: Extent) {
    let walked = walk(bank, |id, bytes| {
        if tag.elements.iter().any(|element| element.id == id) {
            tag.problems.push(Problem::DuplicateElement(id));
            return ControlFlow::Continue(());
        }
        let value = value(id, bytes).unwrap_or_else(|| {
            tag.problems.push(Problem::BadCompaction(id));
            Value::Damaged
        });
        if let Value::Set(set) = &value {
            tag.parts = set.parts();
        }
        if let (ElementId::TypeOfUsage, &[class, state]) = (id, bytes) {
            facts.class_and_state = Some([class, state]);
        }
        tag.elements.push(Element { id, value });
        ControlFlow::Continue(())
    });
    match walked {
        Walked::End => {}
        Walked::Cut(..) | Walked::Exhausted(_) if extent == Extent::Prefix => {
            tag.coverage = Coverage::Partial;
        }
        Walked::Cut(id, _) => tag.problems.push(Problem::Truncated(Some(id))),
        Walked::Exhausted(_) => {}
    }
}

fn value(id: ElementId, bytes: &[u8]) -> Option<Value> {
    Some(match (id, bytes) {
        (ElementId::OwnerInstitution, &[high, low]) => {
            let code = u32::from(u16::from_be_bytes([high, low]));
            // Five digits do not fit two bytes when they begin with 9; the writer puts a 6 there.
            let code = if code >= 60_000 { code + 30_000 } else { code };
            Value::Text(format!("{code:05}"))
        }
        (ElementId::SetInformation, &[a, b, c, d]) => {
            let parts =
                Parts { in_item: u16::from_be_bytes([a, b]), number: u16::from_be_bytes([c, d]) };
            Value::Set(SetInformation::from_parts(parts)?)
        }
        (ElementId::TypeOfUsage, &[class, state]) => Value::Usage(usage(class, state)?),
        (ElementId::OwnerInstitution | ElementId::SetInformation | ElementId::TypeOfUsage, _) => {
            return None;
        }
        _ => Value::Text(std::str::from_utf8(bytes).ok()?.to_owned()),
    })
}

/// Class and state in the terms of ISO 28560-1.
fn usage(class: u8, state: u8) -> Option<TypeOfUsage> {
    Some(TypeOfUsage(match (class, state) {
        (0 | 1, 0) => 0x10,
        (0 | 1, 1) => 0x20,
        (0 | 1, 2) => 0x70,
        (0 | 1, 3) => 0x00,
        (2, _) => 0x30,
        (3, _) => 0x80,
        (4, _) => 0x90,
        _ => return None,
    }))
}

fn class_and_state(usage: TypeOfUsage) -> Option<[u8; 2]> {
    Some(match usage.0 {
        0x10 => [0, 0],
        0x20 => [0, 1],
        0x70 => [0, 2],
        0x00 => [0, 3],
        0x30 => [2, 0],
        0x80 => [3, 0],
        0x90 => [4, 0],
        _ => return None,
    })
}

fn compare_with_bitmap(tag: &mut TagData, bitmap: u16) {
    let id = ElementId::PrimaryItemIdentifier;
    let named =
        |oid: u16| BITMAP.iter().position(|&o| o == oid).is_some_and(|b| bitmap >> b & 1 == 1);
    let unnamed = tag.elements.iter().map(|e| e.id).filter(|e| *e != id && !named(e.oid()));
    let mut found: Vec<Problem> = unnamed.map(Problem::ElementNotInContentParameter).collect();
    if tag.coverage == Coverage::Partial {
        // What has not been read cannot be missed.
        tag.problems.append(&mut found);
        return;
    }
    let has = |oid: u16| tag.elements.iter().any(|e| e.id.oid() == oid);
    let missing = BITMAP.iter().filter(|&&oid| named(oid) && !has(oid));
    let missing = missing.map(|&oid| ElementId::from_oid(oid));
    found.extend(missing.map(Problem::ContentParameterElementMissing));
    tag.problems.append(&mut found);
}

/// Owner, set information and type of usage stand in the user bank where the bitmap names them.
pub(super) fn need(uii: &Uii, user: &[u8]) -> Need {
    let Some(&[_, _, high, low]) = uii.bytes.first_chunk::<HEAD_LEN>() else { return Need::Enough };
    let mut wanted = u16::from_be_bytes([high, low]) & 0b111;
    if wanted == 0 {
        return Need::Enough;
    }
    let walked = walk(user, |id, _| {
        if let Some(bit) = BITMAP.iter().position(|&oid| oid == id.oid()) {
            wanted &= !(1 << bit);
        }
        if wanted == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match walked {
        Walked::End => Need::Enough,
        Walked::Exhausted(bytes) | Walked::Cut(_, bytes) => Need::AtLeast(bytes),
    }
}

/// Lays a tag out in 96 bits where its identifier allows, else in 128 bits, else as plain text.
pub(in crate::rfid::tagdata) fn encode(
    data: &TagData,
    options: &ImageOptions,
) -> Result<TagImage, EncodeError> {
    let id = ElementId::PrimaryItemIdentifier;
    let identifier =
        data.identifier().filter(|id| is_identifier(id)).ok_or(EncodeError::NoItemIdentifier)?;
    let (coding, field) = field_96(identifier)
        .map(|field| (0, field))
        .or_else(|| field_128(identifier).map(|field| (1, field)))
        .unwrap_or_else(|| (2, identifier.as_bytes().to_vec()));
    let (memory, bitmap) = bank(data, id, options.memory_size)?;
    let facts = data.uhf.unwrap_or_default();
    let version = facts.version.unwrap_or(VERSION).clamp(1, 64) - 1;
    let state = (facts.reserve & 3) << 4 | facts.sorting & 0xF;
    let mut bytes = vec![state, coding << 6 | version];
    bytes.extend(bitmap.to_be_bytes());
    bytes.extend(field);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    let uii = Uii { pc: pc(&bytes, bitmap != 0)?, bytes };
    // What would read back as a tag of the factory or of another trade is not written.
    if !super::is_university(&uii) {
        return Err(EncodeError::Unstorable(id));
    }
    Ok(TagImage { memory, dsfid: None, uii: Some(uii), lock: Vec::new() })
}

fn is_six(character: u8) -> bool {
    matches!(character, b'0'..=b'9' | b'A'..=b'Z')
}

fn bits(character: u8) -> u32 {
    u32::from(character - SIX_BIT_BASE)
}

fn plain_field(id: &[u8], len: usize) -> Vec<u8> {
    let mut field = vec![u8::try_from(id.len()).unwrap_or(0)];
    field.extend(id);
    field.resize(len, 0);
    field
}

fn printable(id: &[u8]) -> bool {
    id.iter().all(|b| matches!(b, 0x20..=0x7E))
}

fn field_96(id: &str) -> Option<Vec<u8>> {
    let id = id.as_bytes();
    if !printable(id) || id.len() > ID_MAX {
        return None;
    }
    if id.len() <= PLAIN_MAX_96 {
        return Some(plain_field(id, FIELD_LEN_96));
    }
    let [a, b, c, fourth, middle @ .., last] = id else { return None };
    let digits = fourth.is_ascii_digit() && middle.iter().all(u8::is_ascii_digit);
    if ![a, b, c].iter().all(|c| is_six(**c)) || !digits {
        return None;
    }
    let number: u32 = std::str::from_utf8(middle).ok()?.parse().ok()?;
    let fourth = u32::from(fourth - b'0');
    let w0 = (fourth & 3) << 30
        | bits(*a) << 24
        | bits(*b) << 18
        | bits(*c) << 12
        | u32::from(*last) << 4
        | u32::try_from(id.len()).ok()?;
    let w1 = number << 2 | fourth >> 2;
    Some([w0.to_le_bytes(), w1.to_le_bytes()].concat())
}

fn field_128(id: &str) -> Option<Vec<u8>> {
    let id = id.as_bytes();
    if !printable(id) || id.len() > ID_MAX {
        return None;
    }
    if id.len() <= PLAIN_MAX_128 {
        return Some(plain_field(id, FIELD_LEN_128));
    }
    let (last, front) = id.split_last()?;
    if !front.iter().all(|c| is_six(*c)) {
        return None;
    }
    let group = |some: &[u8]| some.iter().fold(0, |word, c| word << 6 | bits(*c));
    let (first, rest) = front.split_at_checked(5)?;
    let (second, tail) = rest.split_at_checked(5)?;
    let w0 = group(tail) << 12 | u32::from(*last) << 4 | u32::try_from(id.len()).ok()?;
    Some([w0.to_le_bytes(), group(second).to_le_bytes(), group(first).to_le_bytes()].concat())
}

/// The user bank of that size, and the bitmap of what stands in it.
fn bank(data: &TagData, id: ElementId, size: usize) -> Result<(Vec<u8>, u16), EncodeError> {
    let mut bank = Vec::new();
    let mut bitmap = 0;
    for element in data.elements.iter().filter(|e| e.id != id) {
        if matches!(element.value, Value::Content(_)) {
            continue;
        }
        let unstorable = EncodeError::Unstorable(element.id);
        let bit = BITMAP.iter().position(|&oid| oid == element.id.oid()).ok_or(unstorable)?;
        if bitmap >> bit & 1 == 1 {
            return Err(EncodeError::DuplicateElement(element.id));
        }
        bitmap |= 1 << bit;
        let value = packed(data, element).ok_or(unstorable)?;
        if value.len() > VALUE_MAX {
            let len = value.len();
            return Err(EncodeError::ElementTooLong { id: element.id, len, max: VALUE_MAX });
        }
        let [high, low] = u16::try_from(value.len()).unwrap_or(0).to_be_bytes();
        bank.push(u8::try_from(element.id.oid()).unwrap_or(0) << 2 | high);
        bank.push(low);
        bank.extend(value);
    }
    let size = size / 2 * 2;
    if bank.len() > size {
        return Err(EncodeError::TooLong { needed: bank.len(), memory: size });
    }
    bank.resize(size, 0);
    Ok((bank, bitmap))
}

fn packed(data: &TagData, element: &Element) -> Option<Vec<u8>> {
    Some(match (element.id, &element.value) {
        (ElementId::OwnerInstitution, Value::Text(text)) => {
            let code: u32 = text.parse().ok().filter(|_| text.len() == 5)?;
            let code = match code {
                90_000..=95_535 => code - 30_000,
                0..=59_999 => code,
                _ => return None,
            };
            u16::try_from(code).ok()?.to_be_bytes().to_vec()
        }
        (ElementId::SetInformation, Value::Set(set)) => {
            let parts = set.parts()?;
            [parts.in_item.to_be_bytes(), parts.number.to_be_bytes()].concat()
        }
        (ElementId::TypeOfUsage, Value::Usage(usage)) => {
            let kept = data.uhf.and_then(|facts| facts.class_and_state);
            let same = |&[class, state]: &[u8; 2]| self::usage(class, state) == Some(*usage);
            kept.filter(same).or_else(|| class_and_state(*usage))?.to_vec()
        }
        (_, Value::Text(text)) => text.as_bytes().to_vec(),
        _ => return None,
    })
}
