//! From one data model to another, with what would be lost on the way.

use crate::rfid::tagdata::{
    self, ElementId, EncodeError, ImageOptions, Model, TagData, TagImage, Value,
};

/// A tag's data in another model.
#[derive(Debug)]
pub struct Converted {
    /// What to write.
    pub image: TagImage,
    /// Elements the new model has no place for, or not for their value.
    pub lost: Vec<ElementId>,
}

/// Lays a tag's data out in `model`, leaving out what it cannot hold.
///
/// # Errors
/// [`EncodeError`] when even the identifier cannot be held, or the data does not fit.
pub fn convert(
    data: &TagData,
    model: Model,
    options: &ImageOptions,
) -> Result<Converted, EncodeError> {
    let mut data = data.clone();
    data.model = model;
    let mut lost = Vec::new();
    data.elements.retain(|element| {
        let damaged = matches!(element.value, Value::Damaged);
        if damaged {
            lost.push(element.id);
        }
        // The content parameter is made anew.
        !damaged && element.id != ElementId::ContentParameter
    });
    // Every round leaves one element out, so it ends.
    loop {
        match tagdata::encode(&data, options) {
            Ok(image) => return Ok(Converted { image, lost }),
            Err(EncodeError::Unstorable(id) | EncodeError::ElementTooLong { id, .. })
                if id != ElementId::PrimaryItemIdentifier
                    && data.elements.iter().any(|element| element.id == id) =>
            {
                data.elements.retain(|element| element.id != id);
                lost.push(id);
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rfid::tagdata::{Element, TypeOfUsage};

    #[test]
    fn what_the_new_model_cannot_hold_is_named() {
        let mut data = TagData::new(Model::Iso28560Part2);
        let usage = Value::Usage(TypeOfUsage(0x10));
        data.elements = vec![
            Element::text(ElementId::PrimaryItemIdentifier, "YZ0000789"),
            Element::text(ElementId::OwnerInstitution, "CN-321182-YZ"),
            Element { id: ElementId::TypeOfUsage, value: usage },
        ];
        let options = ImageOptions::new(112);
        let same = convert(&data, Model::Iso28560Part2, &options).unwrap();
        assert_eq!(same.lost, []);
        let old = convert(&data, Model::Rfid501, &options).unwrap();
        assert_eq!(old.lost, [ElementId::OwnerInstitution, ElementId::TypeOfUsage]);
        let read = tagdata::decode(&old.image.memory, None, None).unwrap();
        assert_eq!((read.model, read.identifier()), (Model::Rfid501, Some("YZ0000789")));
        let nobody = TagData::new(Model::Iso28560Part2);
        assert!(convert(&nobody, Model::Rfid501, &options).is_err());
    }
}
