//! ISO/TS 28560-4: the owner and the identifier in the UII, the other elements in the user bank
//! (rfid-data.md section 7).

use super::super::part2;
use super::super::{
    DSFID_PART2, Element, ElementId, EncodeError, Extent, Model, Need, Problem, TagData, TagError,
    Value, is_identifier,
};
use super::{Facts, ImageOptions, PC_HAS_AFI, PC_USER_MEMORY, TagImage, pc, urn40};
use crate::rfid::Uii;

/// AFI of a secured item, which a newly written tag gets (rfid-data.md section 2).
const AFI_SECURED: u8 = 0x07;
/// Between owner and identifier.
const SEPARATOR: char = '.';
/// Most characters of an ISIL (biblstandard.dk ISIL structure).
const ISIL_MAX: usize = 16;

/// Owner, if there is one, and identifier. An identifier may hold full stops itself, so the owner
/// must look like an ISIL: a hyphen in it, no more than 16 characters.
fn split(text: &str) -> (Option<&str>, &str) {
    match text.split_once(SEPARATOR) {
        Some((owner, id)) if looks_like_isil(owner) && !id.is_empty() => (Some(owner), id),
        _ => (None, text),
    }
}

fn looks_like_isil(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | ':');
    text.len() <= ISIL_MAX
        && text.contains('-')
        && !text.starts_with('-')
        && text.chars().all(inner)
}

pub(super) fn decode(uii: &Uii, user: Option<&[u8]>, extent: Extent) -> Result<TagData, TagError> {
    let mut text = urn40::unpack(&uii.bytes).map_err(|urn40::BadCode| TagError::BadCompaction)?;
    // The owner's text becomes the owner, the rest the identifier: nothing is copied twice.
    let (owner, identifier) = match split(&text).0.map(str::len) {
        Some(len) => {
            let identifier = text.split_off(len + SEPARATOR.len_utf8());
            text.truncate(len);
            (Some(text), identifier)
        }
        None => (None, text),
    };
    if identifier.trim().is_empty() {
        return Err(TagError::NoItemIdentifier);
    }
    if !is_identifier(&identifier) {
        return Err(TagError::BadCompaction);
    }
    let mut tag = TagData::new(Model::Iso28560Part4);
    tag.elements.push(Element::text(ElementId::PrimaryItemIdentifier, identifier));
    if let Some(owner) = owner {
        tag.elements.push(Element::text(ElementId::OwnerInstitution, owner));
    }
    let [_, afi] = uii.pc.to_be_bytes();
    let afi = (uii.pc & PC_HAS_AFI != 0).then_some(afi);
    tag.uhf = Some(Facts { afi, ..Facts::default() });
    match user {
        None | Some([] | [0, ..]) => {}
        Some([DSFID_PART2, elements @ ..]) => {
            part2::decode_behind(&mut tag, elements, extent);
        }
        Some(_) => tag.problems.push(Problem::UnknownUserBank),
    }
    Ok(tag)
}

/// A set and a type of usage stand in the user bank, if anywhere.
pub(super) fn need(uii: &Uii, user: &[u8]) -> Need {
    if uii.pc & PC_USER_MEMORY == 0 {
        return Need::Enough;
    }
    match user {
        [] => Need::AtLeast(2),
        [DSFID_PART2, elements @ ..] => {
            let owner = urn40::unpack(&uii.bytes).is_ok_and(|text| split(&text).0.is_some());
            match part2::need_behind(elements, owner) {
                Need::AtLeast(bytes) => Need::AtLeast(bytes + 1),
                Need::Enough => Need::Enough,
            }
        }
        _ => Need::Enough,
    }
}

pub(in crate::rfid::tagdata) fn encode(
    data: &TagData,
    options: &ImageOptions,
) -> Result<TagImage, EncodeError> {
    let identifier =
        data.identifier().filter(|id| is_identifier(id)).ok_or(EncodeError::NoItemIdentifier)?;
    let id_element = ElementId::PrimaryItemIdentifier;
    let owner = data.owner().filter(|owner| looks_like_isil(owner));
    let text = match owner {
        Some(owner) => format!("{}{SEPARATOR}{identifier}", owner.to_uppercase()),
        None => identifier.to_owned(),
    };
    // What would read back as something else is not written.
    if split(&text).1 != identifier {
        return Err(EncodeError::Unstorable(id_element));
    }
    let bytes = urn40::pack(&text).ok_or(EncodeError::Unstorable(id_element))?;
    let others: Vec<Element> = data
        .elements
        .iter()
        .filter(|e| e.id != id_element && !(e.id == ElementId::OwnerInstitution && owner.is_some()))
        .filter(|e| !matches!(e.value, Value::Content(_)))
        .cloned()
        .collect();
    let layout = part2::Layout::new(options.memory_size);
    let (memory, used) = match others.is_empty() {
        true => (vec![0; options.memory_size / 2 * 2], false),
        false => (part2::encode_behind(&[DSFID_PART2], &others, &layout)?, true),
    };
    let pc = pc(&bytes, used)? | PC_HAS_AFI | u16::from(AFI_SECURED);
    Ok(TagImage { memory, dsfid: None, uii: Some(Uii { pc, bytes }), lock: Vec::new() })
}
