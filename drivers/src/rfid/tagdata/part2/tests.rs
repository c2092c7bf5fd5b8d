use proptest::prelude::*;

use super::*;
use crate::rfid::tagdata::testing::{hex, plain};
use crate::rfid::tagdata::{
    Coverage, DSFID_PART2, Element, ElementId, EncodeError, Extent, Model, Need, Parts, Problem,
    TagError, Value, blocks_needed, decode as decode_tag, decode_extent,
};

/// rfid-data.md 4.6 number 1 (ISO 28560-2 annex D).
const ANNEX_D: &str = "91 00 05 1C BE 99 1A 14 | 02 01 D0 | 14 02 04 B3 |
    46 07 44 1C B6 E2 E3 35 D6 | 83 02 07 AC C0 9E BA A0 6F 6B 00 00";
/// rfid-data.md 4.6 number 2.
const VENDOR_2: &str = "C1 02 07 11 00 B0 C3 0C 30 CA 00 00 | 02 03 A8 00 08 |
    83 02 03 D6 59 3F 00 00 | 25 01 10 | 37 02 10 40 | 5F 08 05 99 A7 13 06 3F";
/// rfid-data.md 4.6 number 3.
const VENDOR_3: &str = "21 04 00 00 00 1F | 02 01 30 | 65 01 10 |
    56 11 AA D9 B3 45 CC 59 31 5F 39 AB 96 0B F6 69 DD 95 9F | 00";

/// Decodes with and without the DSFID, which must agree.
#[track_caller]
fn check(memory: &str, elements: &[&str], problems: &[Problem]) {
    let memory = hex(memory);
    let tag = decode_tag(&memory, Some(DSFID_PART2), None).unwrap();
    assert_eq!(tag.model, Model::Iso28560Part2);
    assert_eq!(plain(&tag), elements);
    assert_eq!(tag.problems, problems);
    let hinted = decode_tag(&memory, None, Some(Model::Iso28560Part2));
    assert_eq!(hinted, Ok(tag));
}

#[track_caller]
fn refuse(memory: &str, error: TagError) {
    assert_eq!(decode_tag(&hex(memory), Some(DSFID_PART2), None), Err(error), "{memory}");
}

#[test]
fn worked_examples_decode() {
    check(ANNEX_D, &["1=123456789012", "2=[3, 4, 6]", "4=1203", "6=QA268.L55", "3=US-InU-Mu"], &[]);
    check(VENDOR_2, &["1=DPB000002", "2=[3, 5, 7, 23]", "3=ZYLS", "5=10", "7=BA", "23=Lib01"], &[]);
    check(VENDOR_3, &["1=0000001", "2=[5, 6]", "5=10", "6=U664.121/N590/line3"], &[]);
    let tag = decode_tag(&hex(ANNEX_D), None, None).unwrap();
    assert_eq!(tag.parts, Some(Parts { in_item: 12, number: 3 }));
    for example in [ANNEX_D, VENDOR_2, VENDOR_3] {
        let by_content = decode_tag(&hex(example), None, None);
        assert_eq!(by_content, decode_tag(&hex(example), Some(DSFID_PART2), None));
    }
}

#[test]
fn what_real_tags_do_is_tolerated() {
    // rfid-data.md 4.5: usage as byte, digits and ASCII digit; owner as text and of length 0.
    check("61 03 41 42 43 | 65 01 10", &["1=ABC", "5=10"], &[]);
    check("61 03 41 42 43 | 25 01 10", &["1=ABC", "5=10"], &[]);
    check("61 03 41 42 43 | 65 01 32", &["1=ABC", "5=32"], &[]);
    check("61 03 41 42 43 | 65 02 38 31", &["1=ABC", "5=81"], &[]);
    check("61 03 41 42 43 | 05 01 10", &["1=ABC", "5=10"], &[]);
    check("61 03 41 42 43 | 63 06 43 4E 2D 4E 4C 43", &["1=ABC", "3=CN-NLC"], &[]);
    check("61 03 41 42 43 | 03 00", &["1=ABC", "3="], &[]);
    // Stale text behind the end mark.
    check("61 03 41 42 43 | 00 66 02 41 42", &["1=ABC"], &[]);
    // An undefined OID, and one above all that are defined.
    check("61 01 41 | 6F 0C 01 FF | 6F FF 00", &["1=A", "27=6:[FF]", "270=6:[]"], &[]);
    check("61 01 41 | 6F 04 01 01 | 6F 05 01 02", &["1=A", "19=1", "20=2"], &[]);
    // A title as UTF-8; offset flag behind the second OID byte.
    check("61 01 41 | FF 02 01 03 E4 B9 A6 00", &["1=A", "17=书"], &[]);
}

#[test]
fn damage_behind_a_whole_identifier_keeps_it() {
    use ElementId::{OwnerInstitution, ShelfLocation, Title, TypeOfUsage};
    check("61 01 41 | 66 05 41", &["1=A", "6=null"], &[Problem::Truncated(Some(ShelfLocation))]);
    check("61 01 41 | 66", &["1=A", "6=null"], &[Problem::Truncated(Some(ShelfLocation))]);
    check("61 01 41 | 6F", &["1=A"], &[Problem::Truncated(None)]);
    check(
        "61 01 41 | E3 05 01 41 00",
        &["1=A", "3=A"],
        &[Problem::Truncated(Some(OwnerInstitution))],
    );
    check(
        "61 01 41 | 7F 02 01 FF | 65 01 20",
        &["1=A", "17=null", "5=20"],
        &[Problem::BadCompaction(Title)],
    );
    check("61 01 41 | 25 01 1A", &["1=A", "5=null"], &[Problem::BadCompaction(TypeOfUsage)]);
    check("61 01 41 | 06 01 41", &["1=A", "6=null"], &[Problem::BadCompaction(ShelfLocation)]);
}

#[test]
fn doubled_and_unannounced_elements_are_named() {
    use ElementId::{OwnerInstitution, PrimaryItemIdentifier, TypeOfUsage};
    check("61 01 41 | 61 01 42", &["1=A"], &[Problem::DuplicateElement(PrimaryItemIdentifier)]);
    check(
        "61 01 41 | 02 01 A0 | 65 01 10",
        &["1=A", "2=[3, 5]", "5=10"],
        &[Problem::ContentParameterElementMissing(OwnerInstitution)],
    );
    check(
        "61 01 41 | 02 01 80 | 03 00 | 65 01 10",
        &["1=A", "2=[3]", "3=", "5=10"],
        &[Problem::ElementNotInContentParameter(TypeOfUsage)],
    );
}

#[test]
fn a_doubtful_identifier_is_never_returned() {
    refuse("61 04 41 42 43", TagError::Truncated);
    refuse("61", TagError::Truncated);
    refuse("E1 02", TagError::Truncated);
    refuse("21 02 12 3A", TagError::BadCompaction);
    refuse("01 02 12 34", TagError::BadCompaction);
    refuse("61 02 41 0D", TagError::BadCompaction);
    refuse("61 00", TagError::NoItemIdentifier);
    refuse("61 02 20 20", TagError::NoItemIdentifier);
    refuse("00 61 01 41", TagError::NoItemIdentifier);
    refuse("66 01 41 61 01 41", TagError::UnknownFormat);
    refuse("60 01 41", TagError::UnknownFormat);
    refuse("00 00 00 00", TagError::Blank);
    refuse("", TagError::Truncated);
}

#[test]
fn a_prefix_is_not_taken_for_a_cut_tag() {
    let memory = hex(ANNEX_D);
    let whole = decode_tag(&memory, Some(DSFID_PART2), None).unwrap();
    for len in 0..=memory.len() {
        let prefix = &memory[..len];
        match decode_extent(prefix, Extent::Prefix, Some(DSFID_PART2), None) {
            Ok(tag) => {
                assert!(len >= 8, "the identifier ends at byte 8");
                assert_eq!(tag.problems, [], "{len}");
                assert_eq!(tag.coverage, Coverage::Partial, "no end mark in the example");
                assert!(whole.elements.starts_with(&tag.elements));
            }
            Err(error) => {
                assert!(len < 8 && matches!(error, TagError::MoreNeeded { .. }), "{len} {error}");
            }
        }
    }
}

#[test]
fn only_as_many_bytes_as_needed_are_asked_for() {
    let memory = |text: &str| {
        let mut bytes = hex(text);
        bytes.resize(112, 0);
        bytes
    };
    let steps = |memory: &[u8], dsfid| {
        let mut len = 32;
        let mut asked = vec![len];
        while let Need::AtLeast(more) = blocks_needed(&memory[..len], dsfid) {
            assert!(more > len);
            len = more.next_multiple_of(4).min(memory.len());
            asked.push(len);
        }
        asked
    };
    for dsfid in [None, Some(DSFID_PART2)] {
        // The owner ends at 34; no usage, so the end mark must be seen at 36.
        assert_eq!(steps(&memory(ANNEX_D), dsfid), [32, 36, 40]);
        // No set information: the end mark, at 40, must be seen.
        assert_eq!(steps(&memory(VENDOR_2), dsfid), [32, 36, 40, 44]);
        assert_eq!(steps(&memory("61 03 41 42 43 | 65 01 10 | 00"), dsfid), [32]);
        let all = "61 03 41 42 43 | 65 01 10 | 14 02 04 B3 | 03 03 D6 59 3F | 6F 02 40";
        assert_eq!(steps(&memory(all), dsfid), [32]);
    }
}

fn elements(given: &[(u16, &str)]) -> Vec<Element> {
    given
        .iter()
        .map(|&(oid, text)| {
            let id = ElementId::from_oid(oid);
            let value = match oid {
                4 => Value::Set(crate::rfid::tagdata::SetInformation::from_text(text)),
                5 => Value::Usage(crate::rfid::tagdata::TypeOfUsage(
                    u8::from_str_radix(text, 16).unwrap(),
                )),
                _ => Value::Text(text.to_owned()),
            };
            Element { id, value }
        })
        .collect()
}

#[test]
fn worked_examples_encode_byte_for_byte() {
    let annex = elements(&[(1, "123456789012"), (4, "1203"), (6, "QA268.L55"), (3, "US-InU-Mu")]);
    let lock = [ElementId::PrimaryItemIdentifier, ElementId::OwnerInstitution];
    let encoded = encode(&annex, &Layout { lock: &lock, ..Layout::new(36) }).unwrap();
    assert_eq!(encoded.bytes, hex(ANNEX_D));
    assert_eq!(encoded.lock, [0..2, 6..9]);

    let vendor = elements(&[(1, "0000001"), (5, "10"), (6, "U664.121/N590/line3")]);
    let layout = Layout { clear: Clear::LastBlock, ..Layout::new(112) };
    assert_eq!(encode(&vendor, &layout).unwrap().bytes, hex(VENDOR_3));
}

#[test]
fn stale_bytes_are_cleared_as_told() {
    let items = elements(&[(1, "ABC")]);
    let len = |clear| {
        let layout = Layout { clear, content: ContentRule::AsGiven, ..Layout::new(112) };
        let encoded = encode(&items, &layout).unwrap();
        // The end mark gets a block of its own when the data ends with one.
        assert_eq!((encoded.data_len, &encoded.bytes[..5]), (4, &hex("31 02 08 86 00")[..]));
        assert!(encoded.bytes[5..].iter().all(|&b| b == 0));
        encoded.bytes.len()
    };
    assert_eq!(len(Clear::Memory), 112);
    assert_eq!(len(Clear::Previous(30)), 32);
    assert_eq!(len(Clear::Previous(2)), 8);
    assert_eq!(len(Clear::Previous(500)), 112);
    assert_eq!(len(Clear::LastBlock), 8);
}

#[test]
fn what_cannot_be_written_is_refused() {
    let layout = Layout::new(32);
    let refuse = |given: &[(u16, &str)]| encode(&elements(given), &layout).unwrap_err();
    assert_eq!(refuse(&[(3, "DE-1")]), EncodeError::NoItemIdentifier);
    assert_eq!(refuse(&[(1, "")]), EncodeError::NoItemIdentifier);
    assert_eq!(
        refuse(&[(1, "A"), (6, "x"), (6, "y")]),
        EncodeError::DuplicateElement(ElementId::ShelfLocation)
    );
    assert_eq!(refuse(&[(1, "A"), (27, "x")]), EncodeError::Unstorable(ElementId::Undefined(27)));
    assert!(matches!(
        refuse(&[(1, "A"), (17, &"long ".repeat(10))]),
        EncodeError::TooLong { memory: 32, .. }
    ));
    assert!(matches!(
        refuse(&[(1, "A"), (17, &"é".repeat(256))]),
        EncodeError::ElementTooLong { id: ElementId::Title, len: 256, max: 255 }
    ));
    let bad = Layout { block_size: 0, ..layout };
    assert_eq!(encode(&elements(&[(1, "A")]), &bad), Err(EncodeError::BadBlockSize(0)));
}

fn any_value(oid: u16) -> BoxedStrategy<Value> {
    use crate::rfid::tagdata::{SetInformation, TypeOfUsage};
    match oid {
        1 => prop_oneof![
            "[1-9][0-9]{1,18}",
            "[0-9]{1,30}",
            "[A-Z]{1,20}",
            "[!-~]{1,40}",
            "[а-я]{1,20}"
        ]
        .prop_map(Value::Text)
        .boxed(),
        3 | 11 => prop_oneof!["[A-Z]{2}-[A-Za-z0-9:/-]{0,13}", "[ -~]{0,16}"]
            .prop_map(Value::Text)
            .boxed(),
        4 => "([0-9]{2}|[0-9]{4}|[0-9]{6})"
            .prop_map(|digits| Value::Set(SetInformation::from_text(digits)))
            .boxed(),
        5 => any::<u8>().prop_map(|byte| Value::Usage(TypeOfUsage(byte))).boxed(),
        19 | 20 => any::<u8>().prop_map(Value::Number).boxed(),
        27.. => (0..8_u8, prop::collection::vec(any::<u8>(), 0..20))
            .prop_map(|(compaction, bytes)| Value::Raw { compaction, bytes })
            .boxed(),
        _ => prop_oneof!["\\PC{0,20}", "[0-9]{0,20}", "[ -_]{0,30}"].prop_map(Value::Text).boxed(),
    }
}

prop_compose! {
    fn any_elements()(oids in prop::collection::btree_set(3..40_u16, 0..12))
        (identifier in any_value(1), others in oids.into_iter().map(|oid| {
            any_value(oid).prop_map(move |value| Element { id: ElementId::from_oid(oid), value })
        }).collect::<Vec<_>>())
        -> Vec<Element> {
        let id = ElementId::PrimaryItemIdentifier;
        std::iter::once(Element { id, value: identifier }).chain(others).collect()
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        given in any_elements(),
        locked in prop::collection::vec(1..40_u16, 0..4),
        block_size in prop_oneof![Just(4_usize), Just(8), Just(32), 1..=32_usize],
    ) {
        let lock: Vec<ElementId> = locked.into_iter().map(ElementId::from_oid).collect();
        let layout = Layout {
            lock: &lock, block_size, content: ContentRule::AsGiven, ..Layout::new(8192)
        };
        let encoded = encode(&given, &layout).unwrap();
        let tag = decode_tag(&encoded.bytes, Some(DSFID_PART2), None).unwrap();
        prop_assert_eq!(&tag.elements, &given);
        prop_assert_eq!(&tag.problems, &[]);
        let blocks: usize = encoded.lock.iter().map(ExactSizeIterator::len).sum();
        prop_assert!(blocks * block_size <= encoded.data_len);

        let derived = encode(&given, &Layout { content: ContentRule::Derived, ..layout }).unwrap();
        let tag = decode_tag(&derived.bytes, Some(DSFID_PART2), None).unwrap();
        prop_assert_eq!(tag.problems, []);
        prop_assert_eq!(tag.elements.len(), given.len() + 1);
    }
}
