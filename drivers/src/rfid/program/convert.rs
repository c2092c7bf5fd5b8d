//! From one data model to another, with what would be lost on the way.

use std::fmt;

use crate::rfid::tagdata::{
    self, Element, ElementId, EncodeError, ImageOptions, Model, Parts, SetInformation, TagData,
    TagImage, TypeOfUsage, Value, rfid501,
};

/// A tag's data in another model.
#[derive(Debug)]
pub struct Converted {
    /// What to write.
    pub image: TagImage,
    /// What the new model has no place for, or not for its value.
    pub lost: Vec<Lost>,
    /// Elements that the new model must have and the old data did not say: a circulating item.
    pub assumed: Vec<ElementId>,
}

/// Something that does not go along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// A whole element.
    Element(ElementId),
    /// The second digit of the type of usage.
    UsageSubClass,
    /// An extension block of part 3 whose meaning is the library's own.
    Block(u32),
    /// Item type, branch, library and custom number of RFID501.
    Rfid501Fields,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Element(id) => id.fmt(f),
            Self::UsageSubClass => f.write_str("type_of_usage_sub_class"),
            Self::Block(id) => write!(f, "block_{id}"),
            Self::Rfid501Fields => f.write_str("rfid501_fields"),
        }
    }
}

/// Elements without which a tag is of little use: the last to go when the tag is too small.
const KEPT: [ElementId; 4] = [
    ElementId::PrimaryItemIdentifier,
    ElementId::OwnerInstitution,
    ElementId::TypeOfUsage,
    ElementId::SetInformation,
];

/// Lays a tag's data out in `model`, leaving out what it cannot hold; on a tag that is too small,
/// also the last of the elements that do not name the item.
///
/// # Errors
/// [`EncodeError`] when even the identifier cannot be held, or what names the item does not fit.
pub fn convert(
    data: &TagData,
    model: Model,
    options: &ImageOptions,
) -> Result<Converted, EncodeError> {
    let mut data = data.clone();
    data.model = model;
    let mut lost = leave_behind(&mut data);
    move_parts(&mut data, &mut lost);
    let mut assumed = Vec::new();
    // Every round leaves something out or assumes what was not there, so it ends.
    loop {
        match tagdata::encode(&data, options) {
            Ok(image) => return Ok(Converted { image, lost, assumed }),
            Err(EncodeError::NoTypeOfUsage) if data.usage().is_none() => {
                set_usage(&mut data, CIRCULATING);
                assumed.push(ElementId::TypeOfUsage);
            }
            Err(error) => lost.push(give_up(&mut data, error)?),
        }
    }
}

const CIRCULATING: TypeOfUsage = TypeOfUsage(0x10);

fn set_usage(data: &mut TagData, usage: TypeOfUsage) {
    let id = ElementId::TypeOfUsage;
    data.elements.retain(|element| element.id != id);
    data.elements.push(Element { id, value: Value::Usage(usage) });
}

/// Drops what has no meaning in another model, or no value any more.
fn leave_behind(data: &mut TagData) -> Vec<Lost> {
    let mut lost = Vec::new();
    data.elements.retain(|element| {
        let damaged = matches!(element.value, Value::Damaged);
        if damaged {
            lost.push(Lost::Element(element.id));
        }
        // The content parameter is made anew.
        !damaged && element.id != ElementId::ContentParameter
    });
    if data.model != Model::Iso28560Part3 {
        lost.extend(data.blocks.drain(..).map(|block| Lost::Block(block.id)));
    }
    if data.model != Model::Rfid501 {
        let nothing = rfid501::Fields { item_type: 0, branch: 0, library: 0, custom: 0 };
        if data.rfid501.take().is_some_and(|fields| fields != nothing) {
            lost.push(Lost::Rfid501Fields);
        }
    }
    lost
}

/// The parts of a set stand in an element in some models and in a place of their own in others.
fn move_parts(data: &mut TagData, lost: &mut Vec<Lost>) {
    let id = ElementId::SetInformation;
    let Some(parts) = data.parts else { return };
    if has_place_for_parts(data.model) {
        data.elements.retain(|element| element.id != id);
    } else if data.value(id).is_none() && parts != (Parts { in_item: 1, number: 1 }) {
        match SetInformation::from_parts(parts) {
            Some(set) => data.elements.push(Element { id, value: Value::Set(set) }),
            None => lost.push(Lost::Element(id)),
        }
    }
}

fn has_place_for_parts(model: Model) -> bool {
    matches!(model, Model::Iso28560Part3 | Model::Rfid501)
}

/// Leaves out what the encoder refused.
fn give_up(data: &mut TagData, error: EncodeError) -> Result<Lost, EncodeError> {
    let id = match error {
        EncodeError::Unstorable(ElementId::TypeOfUsage)
            if data.model == Model::Iso28560Part3
                && data.usage().is_some_and(|usage| usage.sub_class() != 0) =>
        {
            let class = data.usage().map_or(0, TypeOfUsage::class_digit);
            set_usage(data, TypeOfUsage::from_digits(class, 0));
            return Ok(Lost::UsageSubClass);
        }
        EncodeError::TooManyParts if data.parts.is_some() => {
            data.parts = None;
            return Ok(Lost::Element(ElementId::SetInformation));
        }
        EncodeError::Unstorable(id) | EncodeError::ElementTooLong { id, .. } => Some(id),
        EncodeError::TooLong { .. } => {
            data.elements.iter().map(|element| element.id).rfind(|id| !KEPT.contains(id))
        }
        _ => None,
    };
    let id = id.filter(|id| *id != ElementId::PrimaryItemIdentifier).ok_or(error)?;
    let there = data.elements.len();
    data.elements.retain(|element| element.id != id);
    if data.elements.len() == there { Err(error) } else { Ok(Lost::Element(id)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rfid::tagdata::ExtensionBlock;

    fn item(usage: Option<u8>) -> TagData {
        let mut data = TagData::new(Model::Iso28560Part2);
        data.elements = vec![
            Element::text(ElementId::PrimaryItemIdentifier, "YZ0000789"),
            Element::text(ElementId::OwnerInstitution, "CN-321182-YZ"),
        ];
        if let Some(usage) = usage {
            set_usage(&mut data, TypeOfUsage(usage));
        }
        data
    }

    fn names(converted: &Converted) -> Vec<String> {
        converted.lost.iter().map(Lost::to_string).collect()
    }

    fn read(converted: &Converted) -> TagData {
        tagdata::decode(&converted.image.memory, converted.image.dsfid, None).unwrap()
    }

    #[test]
    fn what_the_new_model_cannot_hold_is_named() {
        let data = item(Some(0x10));
        let options = ImageOptions::new(112);
        let same = convert(&data, Model::Iso28560Part2, &options).unwrap();
        assert_eq!((same.lost.len(), same.assumed.len()), (0, 0));
        let old = convert(&data, Model::Rfid501, &options).unwrap();
        assert_eq!(names(&old), ["owner_institution", "type_of_usage"]);
        assert_eq!(read(&old).identifier(), Some("YZ0000789"));
        let nobody = TagData::new(Model::Iso28560Part2);
        assert!(convert(&nobody, Model::Rfid501, &options).is_err());
    }

    #[test]
    fn parts_of_a_set_go_along_in_both_directions() {
        let options = ImageOptions::new(112);
        let parts = Parts { in_item: 3, number: 2 };
        let mut data = item(Some(0x10));
        data.parts = Some(parts);
        let set = Value::Set(SetInformation::from_parts(parts).unwrap());
        data.elements.push(Element { id: ElementId::SetInformation, value: set });
        let mut there = convert(&data, Model::Iso28560Part3, &options).unwrap();
        assert_eq!((names(&there), read(&there).parts), (vec![], Some(parts)));
        there = convert(&read(&there), Model::Iso28560Part2, &options).unwrap();
        assert_eq!((names(&there), read(&there).parts), (vec![], Some(parts)));
        // RFID501 counts to 15.
        data.parts = Some(Parts { in_item: 16, number: 2 });
        data.elements.retain(|element| element.id == ElementId::PrimaryItemIdentifier);
        let few = convert(&data, Model::Rfid501, &options).unwrap();
        assert_eq!(names(&few), ["set_information"]);
    }

    #[test]
    fn a_type_of_usage_is_cut_or_assumed_and_said() {
        let options = ImageOptions::new(112);
        let sub = convert(&item(Some(0x12)), Model::Iso28560Part3, &options).unwrap();
        assert_eq!(names(&sub), ["type_of_usage_sub_class"]);
        assert_eq!(read(&sub).usage(), Some(TypeOfUsage(0x10)));
        let none = convert(&item(None), Model::Iso28560Part3, &options).unwrap();
        assert_eq!((names(&none), &none.assumed[..]), (vec![], &[ElementId::TypeOfUsage][..]));
    }

    #[test]
    fn what_is_outside_the_elements_is_named_too() {
        let mut data = item(Some(0x10));
        data.blocks = vec![ExtensionBlock { id: 200, data: vec![1] }];
        data.rfid501 = Some(rfid501::Fields { item_type: 1, branch: 2, library: 3, custom: 0 });
        let there = convert(&data, Model::Iso28560Part2, &ImageOptions::new(112)).unwrap();
        assert_eq!(names(&there), ["block_200", "rfid501_fields"]);
    }

    #[test]
    fn a_small_tag_keeps_what_names_the_item() {
        let mut data = item(Some(0x10));
        data.elements.push(Element::text(ElementId::ShelfLocation, "I247.57/12345"));
        data.elements.push(Element::text(ElementId::Title, "A title of some length"));
        let small = convert(&data, Model::Iso28560Part2, &ImageOptions::new(56)).unwrap();
        assert_eq!(names(&small), ["title"]);
        assert_eq!(read(&small).owner(), Some("CN-321182-YZ"));
        assert!(convert(&data, Model::Iso28560Part2, &ImageOptions::new(16)).is_err());
    }
}
