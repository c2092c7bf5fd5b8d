//! RFID tags for the practice collection: its books and its readers' cards.

use std::collections::BTreeSet;

use drivers::rfid::setup::ReaderModel;
use drivers::rfid::tagdata::{
    self, DSFID_PART2, DSFID_PART3, Element, ElementId, ImageOptions, Model, Parts, SetInformation,
    TagData, TagImage, TypeOfUsage, Value, part2, part3,
};
use drivers::rfid::{Air, Uid, Uii};
use drivers::sim::field::{Chip, TagState};
use drivers::sim::tags::PlacedTag;

use crate::practice::data::{COLLECTION, Data, parse};

/// A book of another library, to be refused by name.
pub(crate) const FOREIGN: &str = "FOREIGN-1";
/// A tag fresh from the factory.
pub(crate) const BLANK: &str = "BLANK-1";

/// AFI of a book on the shelf and of one on loan (rfid-data.md section 2).
const AFI_SECURED: u8 = 0x07;
const AFI_RELEASED: u8 = 0xC2;

/// The built-in collection as the practice library loads it today.
pub(crate) fn collection(today: jiff::civil::Date) -> Option<Data> {
    parse("collection.json", COLLECTION, today).ok()
}

/// The practice library's tags as a tags file (docs/tags-file.md), for `jiehuan-sim reader` with
/// that model.
///
/// `None` when the built-in collection cannot be read, which its own tests rule out.
pub(crate) fn practice_file(today: jiff::civil::Date, model: ReaderModel) -> Option<String> {
    let data = collection(today)?;
    let tags: Vec<String> = for_reader(&data, model)
        .iter()
        .map(|t| drivers::sim::tags::to_json(&t.tag, t.on_pad))
        .collect();
    Some(format!("{{\"tags\":[\n{}\n]}}", tags.join(",\n")))
}

/// What a simulated reader of that model can see: the same books and cards, each on tags of its
/// kind.
pub(crate) fn for_reader(data: &Data, model: ReaderModel) -> Vec<PlacedTag> {
    let mut tags = Vec::new();
    if model.hears(Air::Iso15693) {
        tags.extend(all(data));
    }
    if model.hears(Air::Iso14443) {
        tags.extend(nfc_cards(data));
    }
    if model.hears(Air::Gen2) {
        tags.extend(uhf(data));
    }
    tags
}

/// Behind the name of a card that is a chip card instead of a tag.
const NFC: &str = "/nfc";

/// Every reader's card once more as a chip card. Its UID is the number the card bears, as a
/// decimal number of four bytes: set `session.card_uid = { form = "decimal" }`.
fn nfc_cards(data: &Data) -> Vec<PlacedTag> {
    let card = |number: &str| {
        let uid = Uid::new(&number.parse::<u32>().ok()?.to_be_bytes())?;
        let tag = TagState::new(format!("{number}{NFC}"), uid, Chip::MifareClassic);
        Some(PlacedTag { tag, on_pad: false })
    };
    data.patrons.iter().filter_map(|patron| card(&patron.number)).collect()
}

/// Books and cards on UHF tags (ISO/TS 28560-4); set and usage stand in the user bank.
fn uhf(data: &Data) -> Vec<PlacedTag> {
    let mut tags = Vec::new();
    for PlacedTag { tag: hf, .. } in all(data) {
        let memory: Vec<u8> = hf.blocks.concat();
        let mut tag = TagState::new(hf.id.clone(), tid(tags.len()), Chip::Gen2);
        if let Ok(mut data) = tagdata::decode(&memory, Some(hf.dsfid), None) {
            data.model = Model::Iso28560Part4;
            let parts = data.parts.filter(|parts| parts.in_item > 1);
            data.elements.retain(|e| e.id != ElementId::SetInformation);
            if let Some(set) = parts.and_then(SetInformation::from_parts) {
                data.elements
                    .push(Element { id: ElementId::SetInformation, value: Value::Set(set) });
            }
            let options = ImageOptions::new(usize::from(Chip::Gen2.blocks()) * 4);
            if let Ok(TagImage { memory, uii: Some(uii), .. }) = tagdata::encode(&data, &options) {
                tag = tag.with_content(&memory);
                let released = hf.afi == AFI_RELEASED;
                tag.uii = tagdata::uhf::with_state(&uii, released, hf.afi).unwrap_or(uii);
            }
        } else {
            // As it leaves the factory.
            tag.uii = Uii { pc: 0x3000, bytes: [&[0xE2][..], &[0x80; 11]].concat() };
        }
        tags.push(PlacedTag { tag, on_pad: false });
    }
    tags
}

/// A TID of 96 bits: E2, and a serial number at the end.
fn tid(n: usize) -> Uid {
    let [a, b, c, d] = u32::try_from(n).unwrap_or(0).wrapping_add(1).to_be_bytes();
    let bytes = [0xE2, 0x80, 0x11, 0x60, 0x20, 0, 0, 0, a, b, c, d];
    Uid::new(&bytes).unwrap_or(Uid::iso15693([0; 8]))
}

/// A tag for every item, part, and card. What is on loan is released.
pub(crate) fn all(data: &Data) -> Vec<PlacedTag> {
    let lent: BTreeSet<&str> = data.loans.iter().map(|l| l.item.as_str()).collect();
    let mut tags = Vec::new();
    for record in &data.items {
        let entry = &record.entry;
        let released = lent.contains(entry.barcode.as_str());
        let parts = entry.parts.unwrap_or(1).max(1);
        for number in 1..=parts {
            // The first part goes by the item's own number, so that scripts can speak of it.
            let id = if number == 1 {
                entry.barcode.clone()
            } else {
                format!("{}/{number}", entry.barcode)
            };
            // The town branches bought their tags earlier: fixed layout instead of objects, which
            // has no place for the sub-class of usage.
            let fixed = entry.home != "YZ-MAIN" && parts == 1;
            let sub = if fixed { 0 } else { 1 };
            let data = item(&entry.barcode, &entry.owner, Parts { in_item: parts, number }, sub);
            tags.push(place(id, tags.len(), &data, fixed, released));
        }
    }
    for patron in &data.patrons {
        let id = patron.number.clone();
        tags.push(place(id, tags.len(), &card(&patron.number), false, true));
    }
    let foreign = item("SH0001234567", "CN-310101-1-SH", Parts { in_item: 1, number: 1 }, 1);
    tags.push(place(FOREIGN.to_owned(), tags.len(), &foreign, false, true));
    let blank = TagState::new(BLANK, uid(tags.len()), Chip::IcodeSlix);
    tags.push(PlacedTag { tag: blank, on_pad: false });
    tags
}

fn uid(n: usize) -> Uid {
    // ICODE SLIX: E0 04 01, bits 4-3 of the next byte 10 (rfid-data.md section 6.1). Spread over
    // the low bytes, so that anticollision has work to do.
    let [_, _, c, d] = u32::try_from(n).unwrap_or(0).wrapping_mul(0x9E37_79B1).to_be_bytes();
    let [_, _, e, f] = u32::try_from(n).unwrap_or(0).to_be_bytes();
    Uid::iso15693([0xE0, 0x04, 0x01, 0x10, c, d, e, f])
}

fn item(id: &str, owner: &str, parts: Parts, sub_class: u8) -> TagData {
    let mut data = TagData::new(Model::Iso28560Part2);
    data.elements = vec![
        Element::text(ElementId::PrimaryItemIdentifier, id),
        Element::text(ElementId::OwnerInstitution, owner),
        usage(1, sub_class),
    ];
    data.parts = Some(parts);
    if parts.in_item > 1
        && let Some(set) = SetInformation::from_parts(parts)
    {
        data.elements.push(Element { id: ElementId::SetInformation, value: Value::Set(set) });
    }
    data
}

fn card(number: &str) -> TagData {
    let mut data = TagData::new(Model::Iso28560Part2);
    data.elements = vec![Element::text(ElementId::PrimaryItemIdentifier, number), usage(8, 1)];
    data
}

fn usage(class: u8, sub: u8) -> Element {
    let usage = TypeOfUsage::from_digits(class, sub);
    Element { id: ElementId::TypeOfUsage, value: Value::Usage(usage) }
}

fn place(id: String, n: usize, data: &TagData, fixed: bool, released: bool) -> PlacedTag {
    let chip = Chip::IcodeSlix;
    let memory_size = usize::from(chip.blocks()) * 4;
    let whole = || {
        let layout = part2::Layout::new(memory_size);
        part2::encode(&data.elements, &layout).map(|e| e.bytes).unwrap_or_default()
    };
    // An owner too long for the fixed layout keeps to objects.
    let fixed = fixed.then(|| part3::encode(data, &part3::Layout::new(memory_size)).ok()).flatten();
    let (bytes, dsfid) = match fixed {
        Some(bytes) => (bytes, DSFID_PART3),
        None => (whole(), DSFID_PART2),
    };
    let mut tag = TagState::new(id, uid(n), chip).with_content(&bytes);
    tag.dsfid = dsfid;
    tag.afi = if released { AFI_RELEASED } else { AFI_SECURED };
    tag.eas = !released;
    PlacedTag { tag, on_pad: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Content, Rules};
    use crate::station::reader::Classify;
    use drivers::rfid::tagdata::decode;

    #[test]
    fn the_tags_file_holds_the_same_tags() {
        let today = "2026-11-22".parse().unwrap();
        let file = practice_file(today, ReaderModel::M3).unwrap();
        let read = drivers::sim::tags::parse(std::path::Path::new("tags.json"), &file).unwrap();
        assert_eq!(read, all(&collection(today).unwrap()));
    }

    #[test]
    fn every_uhf_book_and_card_reads_back_as_itself() {
        let data = collection("2026-11-22".parse().unwrap()).unwrap();
        let rules = Rules { owners: vec!["CN-321182-YZ".to_owned()], ..Rules::default() };
        let classify = Classify::new(&rules);
        for PlacedTag { tag, .. } in for_reader(&data, ReaderModel::M6e) {
            let decoded = tagdata::decode_uhf(&tag.uii, Some(&tag.blocks.concat()), None);
            match (tag.id.as_str(), classify.content(&decoded)) {
                (FOREIGN, content) => assert_eq!(content, Content::Foreign),
                (BLANK, content) => assert_eq!(content, Content::Bad),
                (id, Content::Card(patron)) => assert_eq!(patron.expose(), id),
                (id, Content::Item { item, .. }) => assert!(id.starts_with(item.as_str())),
                (id, content) => panic!("{id}: {content:?}"),
            }
        }
        let rules = Rules { card_uid: decimal(), ..Rules::default() };
        let classify = Classify::new(&rules);
        for PlacedTag { tag, .. } in for_reader(&data, ReaderModel::Pn532) {
            let seen = drivers::rfid::Seen { uid: tag.uid, air: Air::Iso14443, dsfid: None };
            let Content::Card(patron) = classify.card_uid(&seen) else { panic!("{}", tag.id) };
            assert_eq!(format!("{}{NFC}", patron.expose()), tag.id);
        }
    }

    fn decimal() -> drivers::rfid::card::CardRule {
        drivers::rfid::card::CardRule {
            form: drivers::rfid::card::CardForm::Decimal,
            ..drivers::rfid::card::CardRule::default()
        }
    }

    #[test]
    fn every_book_and_card_reads_back_as_itself() {
        let data = collection("2026-11-22".parse().unwrap()).unwrap();
        let rules = Rules { owners: vec!["CN-321182-YZ".to_owned()], ..Rules::default() };
        let classify = Classify::new(&rules);
        let tags = all(&data);
        let mut models = BTreeSet::new();
        for PlacedTag { tag, .. } in &tags {
            let memory: Vec<u8> = tag.blocks.concat();
            let decoded = decode(&memory, Some(tag.dsfid), None);
            if let Ok(data) = &decoded {
                models.insert(data.model.name());
                assert!(data.problems.is_empty(), "{}: {:?}", tag.id, data.problems);
            }
            match (tag.id.as_str(), classify.content(&decoded)) {
                (FOREIGN, content) => assert_eq!(content, Content::Foreign),
                (BLANK, content) => assert_eq!(content, Content::Bad),
                (id, Content::Card(patron)) => assert_eq!(patron.expose(), id),
                (id, Content::Item { item, .. }) => assert!(id.starts_with(item.as_str())),
                (id, content) => panic!("{id}: {content:?}"),
            }
        }
        assert_eq!(models.len(), 2, "both models are on the shelves: {models:?}");
        let uids: BTreeSet<_> = tags.iter().map(|t| t.tag.uid).collect();
        assert_eq!(uids.len(), tags.len());
    }
}
