//! Any bytes as a tag: no panic, no hang, and what was understood is written and read the same.
#![no_main]

use drivers::rfid::tagdata::{
    Coverage, DSFID_PART2, DSFID_PART3, Element, Extent, ImageOptions, Model, Need, TagData,
    TagError, Value, blocks_needed, decode, decode_extent, encode, part2, part3,
};
use libfuzzer_sys::fuzz_target;

const HINTS: [Option<Model>; 5] = [
    None,
    Some(Model::Iso28560Part2),
    Some(Model::Iso28560Part3),
    Some(Model::Rfid501),
    Some(Model::Ndef),
];
const DSFIDS: [Option<u8>; 3] = [None, Some(DSFID_PART2), Some(DSFID_PART3)];
/// Room for anything an input decodes to, in bytes.
const MEMORY: usize = 8192;

fuzz_target!(|memory: &[u8]| {
    for dsfid in DSFIDS {
        for hint in HINTS {
            match decode(memory, dsfid, hint) {
                Ok(tag) => {
                    assert_eq!(tag.coverage, Coverage::Complete);
                    again(tag);
                }
                Err(error) => assert!(!matches!(error, TagError::MoreNeeded { .. })),
            }
            if let Err(TagError::MoreNeeded { at_least }) =
                decode_extent(memory, Extent::Prefix, dsfid, hint)
            {
                assert!(at_least > memory.len());
            }
        }
        if let Need::AtLeast(more) = blocks_needed(memory, dsfid) {
            assert!(more > memory.len());
        }
    }
});

/// Writes the good elements of a tag and reads them back. A refusal to write is an answer too:
/// foreign writers store things that ours does not.
fn again(mut tag: TagData) {
    tag.elements.retain(|element| element.value != Value::Damaged);
    tag.problems.clear();
    match tag.model {
        Model::Iso28560Part2 => {
            let layout = part2::Layout {
                content: part2::ContentRule::AsGiven,
                ..part2::Layout::new(MEMORY)
            };
            let Ok(encoded) = part2::encode(&tag.elements, &layout) else { return };
            let read =
                decode(&encoded.bytes, Some(DSFID_PART2), None).expect("own writing is good");
            assert_eq!(by_oid(read.elements), by_oid(tag.elements));
        }
        Model::Iso28560Part3 => {
            let Ok(image) = part3::encode(&tag, &part3::Layout::new(MEMORY)) else { return };
            let mut read = decode(&image, Some(DSFID_PART3), None).expect("own writing is good");
            assert_eq!(read.problems, []);
            // A library block always starts with a media format.
            let without_media = |element: &Element| element.value != Value::Number(0);
            read.elements.retain(without_media);
            tag.elements.retain(without_media);
            assert_eq!(by_oid(read.elements), by_oid(tag.elements));
            assert_eq!((read.parts, read.blocks), (tag.parts, tag.blocks));
        }
        Model::Rfid501 => {
            let Ok(image) = encode(&tag, &ImageOptions::new(MEMORY)) else { return };
            let read = decode(&image.memory, None, Some(Model::Rfid501)).expect("own writing");
            assert_eq!((read.elements, read.parts), (tag.elements, tag.parts));
            assert_eq!(read.rfid501, tag.rfid501);
        }
        // Nothing of UHF tags is told by one bank; NDEF is only recognised.
        Model::Iso28560Part4 | Model::Gaoxiao | Model::Ndef => {}
    }
}

fn by_oid(mut elements: Vec<Element>) -> Vec<Element> {
    elements.sort_by_key(|element| element.id.oid());
    elements
}
