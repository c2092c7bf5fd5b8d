//! Reading ISO 28560-3 and DS/INF 163-1 (rfid-data.md sections 5 and 10).

use super::basic::{BASIC_LEN, Basic, PART_AT, PARTS_AT, text};
use super::blocks::{BLOCK_MAX, Step, step};
use super::fields::{LIBRARY, Structure, structure};
use super::view::{ByteOrder, View};
use crate::rfid::tagdata::{
    Coverage, Element, ElementId, ExtensionBlock, Extent, Model, Need, Parts, Problem, TagData,
    TagError, Value, is_identifier,
};

/// Reads a whole tag or its first bytes.
pub(in crate::rfid::tagdata) fn decode(memory: &[u8], extent: Extent) -> Result<TagData, TagError> {
    let (basic, order) = checked(memory, extent)?;
    let usage = basic.usage()?;
    let mut tag = TagData::new(Model::Iso28560Part3);
    let parts = Parts { in_item: basic.0[PARTS_AT].into(), number: basic.0[PART_AT].into() };
    tag.parts = Some(parts);
    tag.elements.push(Element { id: ElementId::TypeOfUsage, value: Value::Usage(usage) });
    let owner = basic.owner();
    if !owner.is_empty() {
        tag.elements.push(Element::text(ElementId::OwnerInstitution, owner));
    }
    let view = View::new(memory, order);
    let mut long_id = None;
    extensions(&mut tag, view, extent, basic.has_long_id().then_some(&mut long_id));
    let identifier =
        if basic.has_long_id() { long_id.unwrap_or_default() } else { basic.identifier() };
    if is_identifier(&identifier) {
        tag.elements.insert(0, Element::text(ElementId::PrimaryItemIdentifier, identifier));
    } else if basic.has_long_id() && tag.coverage == Coverage::Partial {
        return Err(more_for_long_id(view));
    } else {
        tag.problems.push(Problem::NoItemIdentifier);
    }
    Ok(tag)
}

/// The block whose check holds, and the order it was found in.
fn checked(memory: &[u8], extent: Extent) -> Result<(Basic, ByteOrder), TagError> {
    let cut = match extent {
        Extent::Whole => TagError::Truncated,
        Extent::Prefix => TagError::MoreNeeded { at_least: BLOCKS_WITH_BASIC },
    };
    if extent == Extent::Prefix && memory.len() < BLOCKS_WITH_BASIC {
        // The check covers 34 bytes. Its last two count as 00 only where the tag has none: with
        // them unread, a check that holds proves nothing.
        return Err(cut);
    }
    let straight = Basic::read(memory, ByteOrder::Straight).ok_or(cut)?;
    if straight.holds() {
        return Ok((straight, ByteOrder::Straight));
    }
    if let Some(reversed) = Basic::read(memory, ByteOrder::Reversed)
        && reversed.holds()
    {
        return Ok((reversed, ByteOrder::Reversed));
    }
    Err(TagError::BadCrc { stored: straight.stored_crc(), computed: straight.computed_crc() })
}

/// Bytes of the whole 4-byte blocks that hold a basic block; less cannot be reversed.
const BLOCKS_WITH_BASIC: usize = BASIC_LEN.next_multiple_of(4);

/// Reads the blocks behind the basic one. With `long_id` the library block's identifier is the
/// primary one and goes there.
fn extensions(
    tag: &mut TagData,
    view: View<'_>,
    extent: Extent,
    mut long_id: Option<&mut Option<String>>,
) {
    let mut buffer = [0; BLOCK_MAX];
    let mut at = BASIC_LEN;
    loop {
        match step(view, at, &mut buffer) {
            Step::Block { id, data, next } => {
                let data = &buffer[data];
                match structure(id) {
                    Some(structure) => fields(tag, structure, data, long_id.as_deref_mut()),
                    None => tag.blocks.push(ExtensionBlock { id, data: data.to_vec() }),
                }
                at = next;
            }
            Step::Filler { next } => at = next,
            Step::Bad { problem, next } => {
                tag.problems.push(problem);
                at = next;
            }
            Step::End => return,
            Step::Exhausted | Step::Cut { .. } if extent == Extent::Prefix => {
                tag.coverage = Coverage::Partial;
                return;
            }
            Step::Exhausted => return,
            Step::Cut { .. } => {
                let at = u16::try_from(at).unwrap_or(u16::MAX);
                tag.problems.push(Problem::TruncatedBlock { at });
                return;
            }
        }
    }
}

fn fields(
    tag: &mut TagData,
    structure: &Structure,
    mut data: &[u8],
    mut long_id: Option<&mut Option<String>>,
) {
    if let Some(id) = structure.first_byte {
        let Some((&byte, rest)) = data.split_first() else { return };
        add(tag, id, Value::Number(byte));
        data = rest;
    }
    for &id in structure.texts {
        let end = data.iter().position(|&b| b == 0).unwrap_or(data.len());
        let field = text(&data[..end]);
        data = data.get(end + 1..).unwrap_or_default();
        if field.is_empty() {
            continue;
        }
        match &mut long_id {
            Some(place) if id == ElementId::AlternativeItemIdentifier => {
                // A second library block does not replace the first one's identifier.
                place.get_or_insert(field);
            }
            _ => add(tag, id, Value::Text(field)),
        }
    }
    if let (Some(id), Some(&byte)) = (structure.last_byte, data.first()) {
        add(tag, id, Value::Number(byte));
    }
}

/// The first of several equal elements counts.
fn add(tag: &mut TagData, id: ElementId, value: Value) {
    if tag.value(id).is_some() {
        tag.problems.push(Problem::DuplicateElement(id));
    } else {
        tag.elements.push(Element { id, value });
    }
}

/// How much of the tag must be read to know identifier, owner, set and usage.
pub(in crate::rfid::tagdata) fn need(memory: &[u8]) -> Need {
    match checked(memory, Extent::Prefix) {
        Err(TagError::MoreNeeded { at_least }) => Need::AtLeast(at_least),
        Ok((basic, order)) if basic.has_long_id() => {
            match more_for_long_id(View::new(memory, order)) {
                TagError::MoreNeeded { at_least } => Need::AtLeast(at_least),
                _ => Need::Enough,
            }
        }
        _ => Need::Enough,
    }
}

/// `MoreNeeded` up to the end of the library block, `NoItemIdentifier` when nothing more helps.
fn more_for_long_id(view: View<'_>) -> TagError {
    let mut buffer = [0; BLOCK_MAX];
    let mut at = BASIC_LEN;
    loop {
        match step(view, at, &mut buffer) {
            Step::Block { id: LIBRARY, .. } | Step::End => return TagError::NoItemIdentifier,
            Step::Block { next, .. } | Step::Filler { next } | Step::Bad { next, .. } => at = next,
            // One byte more than the place, to see the next block's length.
            Step::Exhausted => return TagError::MoreNeeded { at_least: view.to_read(at + 1) },
            Step::Cut { at_least } => {
                return TagError::MoreNeeded { at_least: view.to_read(at_least) };
            }
        }
    }
}
