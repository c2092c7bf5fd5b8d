//! One book's tag in each model.

use drivers::rfid::Uii;
use drivers::rfid::tagdata::{
    Element, ElementId, ImageOptions, Model, Parts, SetInformation, TagData, TagImage, TypeOfUsage,
    Value, encode, part2, part3,
};

/// User memory of the commonest chips, 28 blocks of 4 bytes.
pub(crate) const MEMORY: usize = 112;

fn elements() -> Vec<Element> {
    vec![
        Element::text(ElementId::PrimaryItemIdentifier, "123456789012"),
        Element { id: ElementId::TypeOfUsage, value: Value::Usage(TypeOfUsage(0x10)) },
        Element::text(ElementId::OwnerInstitution, "US-InU-Mu"),
        Element::text(ElementId::ShelfLocation, "QA268.L55"),
    ]
}

/// ISO 28560-2, with a set.
pub(crate) fn part2_memory() -> Vec<u8> {
    let mut elements = elements();
    let value = Value::Set(SetInformation::from_text("1203"));
    elements.push(Element { id: ElementId::SetInformation, value });
    let encoded = part2::encode(&elements, &part2::Layout::new(MEMORY));
    encoded.expect("the elements fit the tag").bytes
}

/// ISO 28560-3, with a set.
pub(crate) fn part3_memory() -> Vec<u8> {
    let mut tag = TagData::new(Model::Iso28560Part3);
    tag.elements = elements();
    tag.parts = Some(Parts { in_item: 12, number: 3 });
    // The owner of part 3 has no third group.
    tag.elements[2] = Element::text(ElementId::OwnerInstitution, "US-InU");
    part3::encode(&tag, &part3::Layout::new(MEMORY)).expect("the elements fit the tag")
}

/// The same item in a model that has only its identifier and, if it is told, its owner.
pub(crate) fn short(model: Model, owner: Option<&str>) -> TagImage {
    let mut tag = TagData::new(model);
    tag.elements = vec![Element::text(ElementId::PrimaryItemIdentifier, "123456789012")];
    tag.elements.extend(owner.map(|owner| Element::text(ElementId::OwnerInstitution, owner)));
    encode(&tag, &ImageOptions::new(MEMORY)).expect("the elements fit the tag")
}

/// What a UHF tag says of itself.
pub(crate) fn uii(image: &TagImage) -> &Uii {
    image.uii.as_ref().expect("a UHF model has a UII")
}
