//! Time to decode one tag, per model: `cargo bench -p drivers --bench tag_decode`.
#![allow(missing_docs, reason = "criterion's macros generate undocumented items")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use drivers::rfid::tagdata::{
    DSFID_PART2, DSFID_PART3, Element, ElementId, Model, Parts, SetInformation, TagData,
    TypeOfUsage, Value, blocks_needed, decode, part2, part3,
};

/// User memory of the commonest chips, 28 blocks of 4 bytes.
const MEMORY: usize = 112;

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

fn tag_decode(c: &mut Criterion) {
    for (name, memory, dsfid) in
        [("iso28560-2", part2_memory(), DSFID_PART2), ("iso28560-3", part3_memory(), DSFID_PART3)]
    {
        c.bench_function(&format!("{name} by dsfid"), |b| {
            b.iter(|| decode(black_box(&memory), Some(dsfid), None));
        });
        c.bench_function(&format!("{name} by content"), |b| {
            b.iter(|| decode(black_box(&memory), None, None));
        });
        c.bench_function(&format!("{name} blocks needed"), |b| {
            b.iter(|| blocks_needed(black_box(&memory[..32]), Some(dsfid)));
        });
    }
}

criterion_group!(benches, tag_decode);
criterion_main!(benches);
