use proptest::prelude::*;

use super::*;
use crate::rfid::tagdata::testing::{hex, plain};
use crate::rfid::tagdata::{
    Coverage, DSFID_PART3, Element, ElementId, EncodeError, ExtensionBlock, Extent, Model, Need,
    Parts, Problem, TagData, TagError, TypeOfUsage, Value, blocks_needed, decode as decode_tag,
    decode_extent,
};

/// rfid-data.md 5.4 numbers 1 to 3.
const LDR: &str = "11 01 01 31 31 32 32 33 33 34 34 00 00 00 00 00 00 00 00 51 3E
    44 45 37 30 35 00 00 00 00 00 00";
const CARD: &str = "81 01 01 32 39 33 35 30 30 30 30 30 33 36 34 39 00 00 00 87 93
    52 55 32 39 33 00 00 00 00 00 00";
const THW: &str = "11 01 01 66 6F 6F 62 61 72 00 00 00 00 00 00 00 00 00 00 88 AF
    44 45 35 32 36 00 00 00 00 00 00 00 00 00 00";
const ONE_OF_ONE: Option<Parts> = Some(Parts { in_item: 1, number: 1 });

fn reversed(memory: &[u8]) -> Vec<u8> {
    memory.chunks(4).flat_map(|block| block.iter().rev().copied()).collect()
}

#[track_caller]
fn decoded(memory: &[u8]) -> TagData {
    let tag = decode_tag(memory, Some(DSFID_PART3), None).unwrap();
    assert_eq!(tag.model, Model::Iso28560Part3);
    assert_eq!(decode_tag(memory, None, None).as_ref(), Ok(&tag), "by content");
    tag
}

#[test]
fn worked_examples_decode() {
    for (example, elements) in [
        (LDR, ["1=11223344", "5=10", "3=DE-705"]),
        (CARD, ["1=2935000003649", "5=80", "3=RU-293"]),
        (THW, ["1=foobar", "5=10", "3=DE-526"]),
    ] {
        for memory in [hex(example), reversed(&hex(example))] {
            let tag = decoded(&memory);
            assert_eq!(plain(&tag), elements);
            assert_eq!(tag.parts, ONE_OF_ONE);
            assert_eq!(tag.problems, []);
        }
    }
    assert!(decoded(&hex(CARD)).usage().unwrap().is_patron_card());
}

#[test]
fn worked_examples_encode_byte_for_byte() {
    for (example, nibbles) in [
        (LDR, NibbleOrder::VersionHigh),
        (CARD, NibbleOrder::UsageHigh),
        (THW, NibbleOrder::VersionHigh),
    ] {
        let memory = hex(example);
        let layout = Layout { nibbles, ..Layout::new(memory.len()) };
        let tag = decoded(&memory);
        assert_eq!(encode(&tag, &layout), Ok(memory.clone()));
        let layout = Layout { bytes: ByteOrder::Reversed, ..layout };
        assert_eq!(encode(&tag, &layout), Ok(reversed(&memory)));
    }
}

#[test]
fn a_failed_check_never_gives_an_identifier() {
    for example in [LDR, CARD, THW] {
        let good = hex(example);
        for at in 0..32 {
            let mut bad = good.clone();
            bad[at] ^= 0x01;
            for dsfid in [Some(DSFID_PART3), None] {
                let error = decode_tag(&bad, dsfid, None).unwrap_err();
                // Without DSFID and version nothing tells that it was a basic block.
                let unknown = dsfid.is_none() && at == 0 && example == CARD;
                let name = if unknown { "unknown_format" } else { "bad_crc" };
                assert_eq!(error.name(), name, "byte {at}, DSFID {dsfid:?}");
            }
        }
    }
}

#[test]
fn a_cut_block_is_named() {
    for len in [4, 16, 31] {
        let cut = &hex(LDR)[..len];
        assert_eq!(decode_tag(cut, Some(DSFID_PART3), None), Err(TagError::Truncated));
        // Without a DSFID it must not become the part 2 identifier "1".
        assert_eq!(decode_tag(cut, None, None), Err(TagError::Truncated), "{len}");
        assert_eq!(
            decode_extent(cut, Extent::Prefix, None, None),
            Err(TagError::MoreNeeded { at_least: 36 })
        );
    }
}

/// The basic block of THW with other first bytes and a fitting CRC.
fn basic(change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut block = Basic::read(&hex(THW), ByteOrder::Straight).unwrap();
    change(&mut block.0);
    let crc = block.computed_crc().to_le_bytes();
    block.0[CRC_AT..OWNER_AT].copy_from_slice(&crc);
    block.0.to_vec()
}

#[test]
fn the_half_that_is_not_the_version_is_the_usage() {
    for (byte, usage) in [(0x11, 0x10), (0x12, 0x20), (0x21, 0x20), (0x18, 0x80), (0x01, 0)] {
        let tag = decoded(&basic(|block| block[0] = byte));
        assert_eq!(tag.usage(), Some(TypeOfUsage(usage)), "{byte:02X}");
    }
    for byte in [0x22, 0x08] {
        let memory = basic(|block| block[0] = byte);
        for dsfid in [Some(DSFID_PART3), None] {
            assert_eq!(
                decode_tag(&memory, dsfid, None),
                Err(TagError::UnknownVersion { byte }),
                "{dsfid:?}"
            );
        }
    }
}

#[test]
fn texts_are_cut_stripped_and_understood() {
    let id = |bytes: &[u8]| {
        let memory = basic(|block| {
            block[3..19].fill(0);
            block[3..][..bytes.len()].copy_from_slice(bytes);
        });
        decode_tag(&memory, Some(DSFID_PART3), None).unwrap().identifier().map(str::to_owned)
    };
    assert_eq!(id(b"1234567890123456").as_deref(), Some("1234567890123456"));
    assert_eq!(id(b"12 34  ").as_deref(), Some("12 34"));
    assert_eq!(id(b"12\x0099").as_deref(), Some("12"));
    assert_eq!(id("书1".as_bytes()).as_deref(), Some("书1"));
    assert_eq!(id(b"\xE91").as_deref(), Some("é1"));
    assert_eq!(id(b""), None);
}

#[test]
fn a_valid_block_without_identifier_keeps_its_fields() {
    let tag = decoded(&basic(|block| block[3..19].fill(0)));
    assert_eq!(plain(&tag), ["5=10", "3=DE-526"]);
    assert_eq!(tag.problems, [Problem::NoItemIdentifier]);
}

/// The THW basic block with extension bytes behind it.
fn extended(extension: &str) -> TagData {
    let mut memory = hex(THW)[..BASIC_LEN].to_vec();
    memory.extend(hex(extension));
    decode_tag(&memory, Some(DSFID_PART3), None).unwrap()
}

#[test]
fn extension_blocks_give_their_elements() {
    // rfid-data.md 5.4 number 4.
    assert_eq!(plain(&extended("05 01 00 05 01"))[3..], ["19=1"]);
    // Fillers, a title, an unknown block with a long identifier, the end block, stale bytes.
    let tag = extended("01 01 06 04 00 43 41 00 | 01 07 05 FF 02 00 FD 02 | 00 05 01");
    assert_eq!(plain(&tag)[3..], ["17=A"]);
    assert_eq!(tag.blocks, [ExtensionBlock { id: 0x0205, data: vec![2] }]);
    assert_eq!(tag.problems, []);
    let tag = extended("07 05 FF 02 00 FD 02 | 08 C8 00 80 00 11 22 73");
    assert_eq!(tag.problems, []);
    assert_eq!(
        tag.blocks,
        [
            ExtensionBlock { id: 0x0205, data: vec![2] },
            ExtensionBlock { id: 200, data: vec![0, 0x11, 0x22, 0x73] },
        ]
    );
}

#[test]
fn a_bad_extension_block_costs_only_itself() {
    let title = "06 04 00 43 41 00";
    for (bad, problem) in [
        ("05 01 00 06 01", Problem::BadBlockChecksum { at: 34 }),
        ("02 00", Problem::BadBlockLength { at: 34 }),
        ("03 00 00", Problem::BadBlockLength { at: 34 }),
        ("05 01 FF 00 00", Problem::BadBlockLength { at: 34 }),
    ] {
        let tag = extended(&format!("{bad} {title}"));
        assert_eq!(tag.problems, [problem]);
        assert_eq!(plain(&tag), ["1=foobar", "5=10", "3=DE-526", "17=A"]);
    }
    let tag = extended(&format!("{title} 09 04 00"));
    assert_eq!(tag.problems, [Problem::TruncatedBlock { at: 40 }]);
    assert_eq!(plain(&tag)[3..], ["17=A"]);
    let twice = extended(&format!("{title} 06 04 00 40 42 00"));
    assert_eq!(twice.problems, [Problem::DuplicateElement(ElementId::Title)]);
    assert_eq!(plain(&twice)[3..], ["17=A"]);
}

#[test]
fn a_long_identifier_is_in_the_library_block() {
    let mut tag = TagData::new(Model::Iso28560Part3);
    let long = "CN-110108-1-0123456789";
    tag.elements = vec![
        Element::text(ElementId::PrimaryItemIdentifier, long),
        Element { id: ElementId::TypeOfUsage, value: Value::Usage(TypeOfUsage(0x10)) },
        Element { id: ElementId::MediaFormatOther, value: Value::Number(2) },
        Element::text(ElementId::Title, "A title before nothing else"),
    ];
    tag.parts = ONE_OF_ONE;
    let memory = encode(&tag, &Layout::new(112)).unwrap();
    assert_eq!(memory[3..6], [1, 0, 0]);
    assert_eq!(decoded(&memory), tag);
    // 34 + 5 + 22 bytes hold the library block.
    assert_eq!(blocks_needed(&memory[..32], None), Need::AtLeast(36));
    assert_eq!(blocks_needed(&memory[..36], None), Need::AtLeast(61));
    assert_eq!(blocks_needed(&memory[..64], None), Need::Enough);
    let part = decode_extent(&memory[..64], Extent::Prefix, None, None).unwrap();
    assert_eq!((part.identifier(), part.coverage), (Some(long), Coverage::Partial));
    assert_eq!(
        decode_extent(&memory[..36], Extent::Prefix, None, None),
        Err(TagError::MoreNeeded { at_least: 61 })
    );
    // Damaged, the identifier is not made up from what is left.
    let mut bad = memory.clone();
    bad[45] ^= 1;
    let bad = decode_tag(&bad, None, None).unwrap();
    assert_eq!(bad.identifier(), None);
    assert_eq!(bad.problems, [Problem::BadBlockChecksum { at: 34 }, Problem::NoItemIdentifier]);
    assert!(matches!(encode(&tag, &Layout::new(32)), Err(EncodeError::TooLong { .. })));
}

/// A reader that asks again for what it has would ask for ever.
#[test]
fn what_is_asked_for_is_always_more_than_was_read() {
    let mut tag = TagData::new(Model::Iso28560Part3);
    let long = "CN-110108-1-0123456789";
    tag.elements = vec![
        Element::text(ElementId::PrimaryItemIdentifier, long),
        Element { id: ElementId::TypeOfUsage, value: Value::Usage(TypeOfUsage(0x10)) },
    ];
    tag.parts = ONE_OF_ONE;
    let memory = encode(&tag, &Layout::new(112)).unwrap();
    for memory in [reversed(&memory), memory] {
        for len in 0..memory.len() {
            let read = &memory[..len];
            match decode_extent(read, Extent::Prefix, Some(DSFID_PART3), None) {
                Err(TagError::MoreNeeded { at_least }) => {
                    assert!(at_least > len, "{at_least} of {len} read");
                    assert_eq!(
                        blocks_needed(read, Some(DSFID_PART3)),
                        Need::AtLeast(at_least),
                        "{len} read"
                    );
                }
                part => assert_eq!(part.unwrap().identifier(), Some(long), "{len} read"),
            }
        }
    }
}

#[test]
fn a_short_tag_is_asked_for_the_two_bytes_it_lacks() {
    for memory in [hex(LDR), hex(CARD), reversed(&hex(LDR))] {
        // On a longer tag bytes 32 and 33 are under the check: unread, it proves nothing.
        assert_eq!(blocks_needed(&memory, None), Need::AtLeast(36));
        let prefix = decode_extent(&memory, Extent::Prefix, None, None);
        assert_eq!(prefix, Err(TagError::MoreNeeded { at_least: 36 }));
        assert!(decoded(&memory).identifier().is_some(), "as a whole tag it is read");
        assert_eq!(blocks_needed(&memory[..28], Some(DSFID_PART3)), Need::AtLeast(36));
    }
}

#[test]
fn what_has_no_place_is_refused() {
    let mut tag = decoded(&hex(THW));
    let memory = Layout::new(112);
    let with = |element: Element| {
        let mut tag = tag.clone();
        tag.elements.retain(|other| other.id != element.id);
        tag.elements.push(element);
        encode(&tag, &memory).unwrap_err()
    };
    let owner = |text: &str| with(Element::text(ElementId::OwnerInstitution, text));
    let unstorable = EncodeError::Unstorable(ElementId::OwnerInstitution);
    assert_eq!(owner("CN-110108-1-NLC"), unstorable);
    assert_eq!(owner("O-705"), unstorable);
    assert_eq!(owner("DE-"), unstorable);
    assert_eq!(
        with(Element { id: ElementId::TypeOfUsage, value: Value::Usage(TypeOfUsage(0x13)) }),
        EncodeError::Unstorable(ElementId::TypeOfUsage)
    );
    let local = Element::text(ElementId::LocalDataA, "x");
    assert_eq!(with(local), EncodeError::Unstorable(ElementId::LocalDataA));
    assert_eq!(
        with(Element::text(ElementId::Title, "ends in space ")),
        EncodeError::Unstorable(ElementId::Title)
    );
    tag.blocks.push(ExtensionBlock { id: 3, data: Vec::new() });
    assert_eq!(encode(&tag, &memory), Err(EncodeError::BlockUnstorable(3)));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[!-~]{1,12}", "[!-~][ -~]{0,20}[!-~]", "[一-龥]{1,12}"]
}

prop_compose! {
    fn any_tag()(
        id in prop_oneof!["[0-9]{1,16}", "[A-Z][!-~]{0,30}"],
        class in 0..16_u8,
        parts in any::<(u8, u8)>(),
        owner in prop::option::of("[A-Z]{2}-[A-Za-z0-9:/]{1,11}"),
        media in any::<u8>(),
        owners in prop::option::of(any_text()),
        supplier in prop::collection::vec(prop::option::of(any_text()), 5),
        stage in prop::option::of(any::<u8>()),
        shelf in prop::collection::vec(prop::option::of(any_text()), 4),
        title in prop::option::of(any_text()),
        ill in prop::collection::vec(prop::option::of(any_text()), 3),
        blocks in prop::collection::vec(
            (6..0x100_0000_u32, prop::collection::vec(any::<u8>(), 0..20)), 0..3),
    ) -> TagData {
        let mut tag = TagData::new(Model::Iso28560Part3);
        tag.parts = Some(Parts { in_item: parts.0.into(), number: parts.1.into() });
        let mut add = |oid, value: Option<Value>| {
            tag.elements.extend(value.map(|value| Element { id: ElementId::from_oid(oid), value }));
        };
        add(1, Some(Value::Text(id)));
        add(5, Some(Value::Usage(TypeOfUsage::from_digits(class, 0))));
        add(3, owner.map(Value::Text));
        add(19, Some(Value::Number(media)));
        add(23, owners.map(Value::Text));
        for (oid, text) in [9, 18, 10, 21, 13].into_iter().zip(supplier) {
            add(oid, text.map(Value::Text));
        }
        add(20, stage.map(Value::Number));
        for (oid, text) in [6, 8, 7, 24].into_iter().zip(shelf) {
            add(oid, text.map(Value::Text));
        }
        add(17, title.map(Value::Text));
        for (oid, text) in [11, 12, 25].into_iter().zip(ill) {
            add(oid, text.map(Value::Text));
        }
        tag.blocks = blocks.into_iter().map(|(id, data)| ExtensionBlock { id, data }).collect();
        tag
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(tag in any_tag(), high in any::<bool>(), straight in any::<bool>()) {
        let layout = Layout {
            memory_size: 2048,
            nibbles: if high { NibbleOrder::VersionHigh } else { NibbleOrder::UsageHigh },
            bytes: if straight { ByteOrder::Straight } else { ByteOrder::Reversed },
        };
        let memory = encode(&tag, &layout).unwrap();
        let read = decode_tag(&memory, Some(DSFID_PART3), None).unwrap();
        prop_assert_eq!(&read, &tag);
        prop_assert_eq!(encode(&read, &layout).unwrap(), memory);
    }
}
