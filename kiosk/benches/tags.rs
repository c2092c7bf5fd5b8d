//! Reading what a book's tag holds, per model, against the time its bytes need on the reader's line.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod timing;

use std::hint::black_box;
use std::time::Duration;

use drivers::rfid::Uii;
use drivers::rfid::m3::timing::{BAUD, line_time};
use drivers::rfid::tagdata::{
    DSFID_PART2, DSFID_PART3, Element, ElementId, ImageOptions, Model, Parts, SetInformation,
    TagData, TagImage, TypeOfUsage, Value, blocks_needed, decode, decode_uhf, encode, part2, part3,
};
use timing::{Case, medians, ratio};

/// Time of one case in one round.
const SPAN: Duration = Duration::from_millis(100);

/// User memory of the commonest chips, 28 blocks of 4 bytes.
const MEMORY: usize = 112;

/// Bytes of the first reading, from which it is told how many more are needed.
const FIRST: usize = 32;

fn elements() -> Vec<Element> {
    vec![
        Element::text(ElementId::PrimaryItemIdentifier, "123456789012"),
        Element { id: ElementId::TypeOfUsage, value: Value::Usage(TypeOfUsage(0x10)) },
        Element::text(ElementId::OwnerInstitution, "US-InU-Mu"),
        Element::text(ElementId::ShelfLocation, "QA268.L55"),
    ]
}

fn part2_memory() -> Vec<u8> {
    let mut elements = elements();
    let value = Value::Set(SetInformation::from_text("1203"));
    elements.push(Element { id: ElementId::SetInformation, value });
    let encoded = part2::encode(&elements, &part2::Layout::new(MEMORY));
    encoded.expect("the elements fit the tag").bytes
}

fn part3_memory() -> Vec<u8> {
    let mut tag = TagData::new(Model::Iso28560Part3);
    tag.elements = elements();
    tag.parts = Some(Parts { in_item: 12, number: 3 });
    // The owner of part 3 has no third group.
    tag.elements[2] = Element::text(ElementId::OwnerInstitution, "US-InU");
    part3::encode(&tag, &part3::Layout::new(MEMORY)).expect("the elements fit the tag")
}

/// The same item in a model that has only its identifier and, if it is told, its owner.
fn short(model: Model, owner: Option<&str>) -> TagImage {
    let mut tag = TagData::new(model);
    tag.elements = vec![Element::text(ElementId::PrimaryItemIdentifier, "123456789012")];
    tag.elements.extend(owner.map(|owner| Element::text(ElementId::OwnerInstitution, owner)));
    encode(&tag, &ImageOptions::new(MEMORY)).expect("the elements fit the tag")
}

fn uii(image: &TagImage) -> &Uii {
    image.uii.as_ref().expect("a UHF model has a UII")
}

fn reading_uhf(image: &TagImage) -> impl FnMut() {
    decode_uhf(uii(image), Some(&image.memory), None).expect("the tag is whole");
    move || drop(black_box(decode_uhf(black_box(uii(image)), Some(&image.memory), None)))
}

fn reading(memory: &[u8], dsfid: Option<u8>) -> impl FnMut() {
    decode(memory, dsfid, None).expect("the tag is whole");
    move || drop(black_box(decode(black_box(memory), dsfid, None)))
}

fn main() {
    let (two, three) = (part2_memory(), part3_memory());
    let rfid501 = short(Model::Rfid501, None);
    let part4 = short(Model::Iso28560Part4, Some("US-InU-Mu"));
    let gaoxiao = short(Model::Gaoxiao, Some("10248"));
    let (a, b) = (Some(DSFID_PART2), Some(DSFID_PART3));
    let mut cases = [
        Case::new("28560-2 by DSFID", reading(&two, a)),
        Case::new("28560-2 by content", reading(&two, None)),
        Case::new("28560-2 blocks needed", || _ = black_box(blocks_needed(&two[..FIRST], a))),
        Case::new("28560-3 by DSFID", reading(&three, b)),
        Case::new("28560-3 by content", reading(&three, None)),
        Case::new("28560-3 blocks needed", || _ = black_box(blocks_needed(&three[..FIRST], b))),
        Case::new("rfid501", reading(&rfid501.memory, None)),
        Case::new("28560-4", reading_uhf(&part4)),
        Case::new("gaoxiao", reading_uhf(&gaoxiao)),
    ];
    let times = medians(&mut cases, SPAN);

    println!("Tag data, {MEMORY} bytes, median; the line carries {BAUD} bit/s");
    println!("{:<22} {:>12} {:>12} {:>22}", "", "one tag", "tags/s", "times faster than line");
    for (case, time) in cases.iter().zip(&times) {
        println!(
            "{:<22} {:>9.0} ns {:>12.0} {:>22.0}",
            case.name,
            time.as_secs_f64() * 1e9,
            1.0 / time.as_secs_f64(),
            ratio(line_time(MEMORY, BAUD), *time),
        );
    }
    println!();
}
