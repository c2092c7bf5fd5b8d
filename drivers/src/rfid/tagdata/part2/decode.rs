//! Reading ISO 28560-2 (rfid-data.md sections 4 and 10).

use super::scan::{Raw, Step, step};
use crate::rfid::tagdata::compaction::{self, APPLICATION, BadCompaction, OCTETS, UTF8};
use crate::rfid::tagdata::element::{Kind, OID_MAX};
use crate::rfid::tagdata::{
    ContentParameter, Coverage, Element, ElementId, Extent, Model, Problem, SetInformation,
    TagData, TagError, TypeOfUsage, Value, is_identifier, isil,
};

/// Reads a whole tag or its first bytes.
pub(in crate::rfid::tagdata) fn decode(memory: &[u8], extent: Extent) -> Result<TagData, TagError> {
    let First { identifier, end, .. } = first_element(memory, extent)?;
    let mut tag = TagData::new(Model::Iso28560Part2);
    // Growing would hold the list twice for a moment.
    tag.elements.reserve_exact(1 + count(memory, end));
    tag.elements.push(Element::text(ElementId::PrimaryItemIdentifier, identifier));
    let mut seen = SeenOids::default();
    seen.insert(ElementId::PrimaryItemIdentifier);
    elements(&mut tag, &mut seen, memory, end, extent);
    compare_with_content_parameter(&mut tag, &seen);
    Ok(tag)
}

/// Adds the elements of a UHF tag's user bank, which has no identifier, to what its UII said
/// (ISO/TS 28560-4).
pub(in crate::rfid::tagdata) fn decode_behind(tag: &mut TagData, memory: &[u8], extent: Extent) {
    let mut seen = SeenOids::default();
    for element in &tag.elements {
        seen.insert(element.id);
    }
    elements(tag, &mut seen, memory, 0, extent);
    let before = tag.problems.len();
    compare_with_content_parameter(tag, &seen);
    // What the UII holds is not named again in the user bank.
    let in_uii = Problem::ElementNotInContentParameter(ElementId::OwnerInstitution);
    let late = tag.problems.split_off(before);
    tag.problems.extend(late.into_iter().filter(|problem| *problem != in_uii));
}

/// Elements from `at` to the end of the data, one that is cut included.
fn count(memory: &[u8], mut at: usize) -> usize {
    let mut count = 0;
    loop {
        match step(memory, at) {
            Step::Element(raw) => at = raw.end,
            Step::Cut { .. } => return count + 1,
            Step::EndMark | Step::Exhausted => return count,
        }
        count += 1;
    }
}

/// Takes elements from `at` to the end of the data.
fn elements(tag: &mut TagData, seen: &mut SeenOids, memory: &[u8], mut at: usize, extent: Extent) {
    let mut last = ElementId::PrimaryItemIdentifier;
    loop {
        match step(memory, at) {
            Step::Element(raw) => {
                take(tag, seen, &raw);
                last = raw.id;
                at = raw.end;
            }
            Step::EndMark => break,
            Step::Exhausted if extent == Extent::Prefix => {
                tag.coverage = Coverage::Partial;
                break;
            }
            Step::Exhausted => {
                if at > memory.len() {
                    tag.problems.push(Problem::Truncated(Some(last)));
                }
                break;
            }
            Step::Cut { .. } if extent == Extent::Prefix => {
                tag.coverage = Coverage::Partial;
                break;
            }
            Step::Cut { id, .. } => {
                cut(tag, seen, id);
                break;
            }
        }
    }
}

/// The first element when it is a whole, usable identifier.
pub(in crate::rfid::tagdata) struct First {
    identifier: String,
    /// Bytes its data has on the tag.
    pub(in crate::rfid::tagdata) data_len: usize,
    /// Where the next element starts.
    pub(in crate::rfid::tagdata) end: usize,
}

/// Reads the first element.
pub(in crate::rfid::tagdata) fn first_element(
    memory: &[u8],
    extent: Extent,
) -> Result<First, TagError> {
    match step(memory, 0) {
        Step::Element(raw) if raw.id == ElementId::PrimaryItemIdentifier => {
            let identifier = identifier(&raw)?;
            Ok(First { identifier, data_len: raw.data.len(), end: raw.end })
        }
        Step::EndMark => Err(TagError::NoItemIdentifier),
        Step::Cut { id: Some(ElementId::PrimaryItemIdentifier), at_least } => Err(match extent {
            Extent::Whole => TagError::Truncated,
            Extent::Prefix => TagError::MoreNeeded { at_least },
        }),
        Step::Exhausted => Err(TagError::Truncated),
        Step::Element(_) | Step::Cut { .. } => Err(TagError::UnknownFormat),
    }
}

fn identifier(raw: &Raw<'_>) -> Result<String, TagError> {
    if raw.data.is_empty() {
        return Err(TagError::NoItemIdentifier);
    }
    let text = compaction::unpack(raw.compaction, raw.data);
    let text = text.map_err(|BadCompaction| TagError::BadCompaction)?;
    if text.trim().is_empty() {
        Err(TagError::NoItemIdentifier)
    } else if is_identifier(&text) {
        Ok(text)
    } else {
        Err(TagError::BadCompaction)
    }
}

/// Whether the end mark, the end of memory or a good element other than the identifier stands
/// at `at`.
pub(in crate::rfid::tagdata) fn is_good_element(
    memory: &[u8],
    at: usize,
    extent: Extent,
) -> Result<bool, TagError> {
    match step(memory, at) {
        Step::EndMark => Ok(true),
        Step::Element(raw) => Ok(raw.id != ElementId::PrimaryItemIdentifier && value(&raw).is_ok()),
        Step::Exhausted if extent == Extent::Prefix => {
            Err(TagError::MoreNeeded { at_least: at + 1 })
        }
        Step::Exhausted => Ok(true),
        Step::Cut { at_least, .. } if extent == Extent::Prefix => {
            Err(TagError::MoreNeeded { at_least })
        }
        Step::Cut { .. } => Ok(false),
    }
}

fn take(tag: &mut TagData, seen: &mut SeenOids, raw: &Raw<'_>) {
    if !seen.insert(raw.id) {
        tag.problems.push(Problem::DuplicateElement(raw.id));
        return;
    }
    let value = value(raw).unwrap_or_else(|BadCompaction| {
        tag.problems.push(Problem::BadCompaction(raw.id));
        Value::Damaged
    });
    if let Value::Set(set) = &value {
        tag.parts = set.parts();
    }
    tag.elements.push(Element { id: raw.id, value });
}

fn cut(tag: &mut TagData, seen: &mut SeenOids, id: Option<ElementId>) {
    tag.problems.push(Problem::Truncated(id));
    if let Some(id) = id
        && seen.insert(id)
    {
        tag.elements.push(Element { id, value: Value::Damaged });
    }
}

fn value(raw: &Raw<'_>) -> Result<Value, BadCompaction> {
    let text = || compaction::unpack(raw.compaction, raw.data);
    Ok(match raw.id.kind() {
        Kind::Text => Value::Text(text_or_empty(raw)?),
        Kind::Isil if raw.compaction == APPLICATION => Value::Text(isil::unpack(raw.data)),
        Kind::Isil => Value::Text(text()?),
        Kind::Bitmap if holds_bytes(raw.compaction) => {
            Value::Content(ContentParameter::from_bytes(raw.data.to_vec()))
        }
        Kind::Bitmap => return Err(BadCompaction),
        Kind::Set => Value::Set(SetInformation::from_text(text_or_empty(raw)?)),
        Kind::Usage => Value::Usage(usage(raw)?),
        Kind::Number => Value::Number(number(raw)?),
        Kind::Raw => Value::Raw { compaction: raw.compaction, bytes: raw.data.to_vec() },
    })
}

/// An element of length 0 is empty in any compaction; real tags have such owners.
fn text_or_empty(raw: &Raw<'_>) -> Result<String, BadCompaction> {
    if raw.data.is_empty() {
        return Ok(String::new());
    }
    compaction::unpack(raw.compaction, raw.data)
}

fn holds_bytes(compaction: u8) -> bool {
    matches!(compaction, APPLICATION | OCTETS | UTF8)
}

/// Vendors write usage 10 as the byte 10, as the digits "10" in any compaction, or as "1".
fn usage(raw: &Raw<'_>) -> Result<TypeOfUsage, BadCompaction> {
    if holds_bytes(raw.compaction)
        && let &[byte] = raw.data
    {
        return Ok(TypeOfUsage(byte));
    }
    let text = compaction::unpack(raw.compaction, raw.data)?;
    let digit = |at: usize| {
        let digit = text.chars().nth(at).and_then(|c| c.to_digit(16));
        digit.and_then(|digit| u8::try_from(digit).ok()).ok_or(BadCompaction)
    };
    match text.len() {
        1 => Ok(TypeOfUsage::from_digits(digit(0)?, 0)),
        2 => Ok(TypeOfUsage::from_digits(digit(0)?, digit(1)?)),
        _ => Err(BadCompaction),
    }
}

fn number(raw: &Raw<'_>) -> Result<u8, BadCompaction> {
    if holds_bytes(raw.compaction)
        && let &[byte] = raw.data
    {
        return Ok(byte);
    }
    compaction::unpack(raw.compaction, raw.data)?.parse().map_err(|_| BadCompaction)
}

fn compare_with_content_parameter(tag: &mut TagData, seen: &SeenOids) {
    let Some(Value::Content(content)) = tag.value(ElementId::ContentParameter) else { return };
    let unnamed = tag
        .elements
        .iter()
        .map(|element| element.id)
        .filter(|id| {
            !matches!(id, ElementId::PrimaryItemIdentifier | ElementId::ContentParameter)
                && !content.names(id.oid())
        })
        .map(Problem::ElementNotInContentParameter);
    let mut found: Vec<Problem> = unnamed.collect();
    // What has not been read cannot be missed.
    if tag.coverage == Coverage::Complete {
        let missing = content.oids().map(ElementId::from_oid).filter(|&id| !seen.contains(id));
        found.extend(missing.map(Problem::ContentParameterElementMissing));
    }
    tag.problems.append(&mut found);
}

const WORD_BITS: usize = 64;
const WORDS: usize = OID_MAX as usize / WORD_BITS + 1;

/// The OIDs met so far.
#[derive(Default)]
struct SeenOids([u64; WORDS]);

impl SeenOids {
    fn place(id: ElementId) -> (usize, u64) {
        let oid = usize::from(id.oid());
        (oid / WORD_BITS, 1 << (oid % WORD_BITS))
    }

    /// `false` when it was there already.
    fn insert(&mut self, id: ElementId) -> bool {
        let (word, bit) = Self::place(id);
        let Some(word) = self.0.get_mut(word) else { return false };
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    fn contains(&self, id: ElementId) -> bool {
        let (word, bit) = Self::place(id);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}
