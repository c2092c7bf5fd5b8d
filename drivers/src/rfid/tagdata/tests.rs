//! Recognition across models, and what holds for any bytes at all.

use proptest::prelude::*;

use super::testing::{hex, plain};
use super::*;

const HINTS: [Option<Model>; 5] = [
    None,
    Some(Model::Iso28560Part2),
    Some(Model::Iso28560Part3),
    Some(Model::Rfid501),
    Some(Model::Ndef),
];
const DSFIDS: [Option<u8>; 4] = [None, Some(0), Some(DSFID_PART2), Some(DSFID_PART3)];

/// rfid-data.md section 9.
const THREE_M: &str = "04 11 00 01 31 33 30 32 30 30 33 37 36 37 00 00 00 00 00 00
    00 00 00 00 00 00 00 00 00 00 00 00";

#[test]
fn three_m_tags_are_read() {
    let tag = decode(&hex(THREE_M), None, None).unwrap();
    assert_eq!(tag.model, Model::Rfid501);
    assert_eq!(plain(&tag), ["1=1302003767"]);
    assert_eq!(tag.parts, Some(Parts { in_item: 1, number: 1 }));
    let fields = rfid501::Fields { item_type: 1, branch: 0, library: 0, custom: 0 };
    assert_eq!(tag.rfid501, Some(fields));

    let mut set = hex(THREE_M);
    set[1] = 0x23;
    set[20..28].copy_from_slice(&hex("01 2A BC DE FF FF FF FE"));
    let tag = decode(&set, None, None).unwrap();
    // This part first, the total second: the reverse of part 3.
    assert_eq!(tag.parts, Some(Parts { in_item: 3, number: 2 }));
    let fields = rfid501::Fields { item_type: 1, branch: 0x012, library: 0xABCDE, custom: -2 };
    assert_eq!(tag.rfid501, Some(fields));

    let hint = Some(Model::Rfid501);
    assert_eq!(decode(&hex(THREE_M)[..31], None, hint), Err(TagError::Truncated));
    let mut empty = hex(THREE_M);
    empty[4..20].fill(0);
    assert_eq!(decode(&empty, None, hint), Err(TagError::NoItemIdentifier));
}

#[test]
fn tags_without_library_data_are_named() {
    let mut factory = vec![0x55; 24];
    factory.resize(32, 0);
    for dsfid in DSFIDS {
        for blank in [vec![0; 112], vec![0; 4], factory.clone()] {
            assert_eq!(decode(&blank, dsfid, None), Err(TagError::Blank));
        }
    }
    let ndef = hex("E1 40 0E 01 03 10 D1 01 0C 55 01 65 78 61 6D 70 6C 65 2E 6F 72 67 FE 00");
    let tag = decode(&ndef, None, None).unwrap();
    assert_eq!((tag.model, tag.elements.len()), (Model::Ndef, 0));
    // A part 2 tag may start with E1 too.
    let tag = decode(&hex("E1 03 01 41 00 00 00 00 00 00 00 00"), None, None).unwrap();
    assert_eq!((tag.model, tag.identifier()), (Model::Iso28560Part2, Some("A")));
    for unknown in ["05 01 41 00", "FF FF FF FF", "55 55 55 55 00 00 00 00"] {
        assert_eq!(decode(&hex(unknown), None, None), Err(TagError::UnknownFormat), "{unknown}");
    }
}

#[test]
fn the_dsfid_fixes_the_model() {
    let part2 = hex("61 03 41 42 43 | 65 01 10 | 00");
    assert_eq!(decode(&part2, Some(DSFID_PART3), None), Err(TagError::Truncated));
    let part3 = hex("81 01 01 32 39 33 35 30 30 30 30 30 33 36 34 39 00 00 00 87 93
         52 55 32 39 33 00 00 00 00 00 00");
    // As part 2 this is an identifier in the application's own compaction.
    assert_eq!(decode(&part3, Some(DSFID_PART2), None), Err(TagError::BadCompaction));
    let hinted = decode(&part3, Some(DSFID_PART2), Some(Model::Iso28560Part3)).unwrap();
    assert_eq!(hinted.identifier(), Some("2935000003649"));
}

#[test]
fn models_are_known_by_name() {
    for model in HINTS.into_iter().flatten() {
        assert_eq!(model.name().parse(), Ok(model));
    }
    assert!("iso28560".parse::<Model>().is_err());
}

/// What must hold for any input.
fn check_any(memory: &[u8]) {
    for dsfid in DSFIDS {
        for hint in HINTS {
            match decode(memory, dsfid, hint) {
                Ok(tag) => {
                    assert_eq!(tag.coverage, Coverage::Complete);
                    assert!(tag.identifier().is_none_or(is_identifier));
                    let no_id = tag.problems.contains(&Problem::NoItemIdentifier);
                    assert_eq!(tag.identifier().is_none(), no_id || tag.model == Model::Ndef);
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
            assert!(more > memory.len() && more <= memory.len() + 2 * 255 + 36);
        }
    }
}

/// Reading a tag bit by bit as asked for must end with the same identifier as reading it whole.
fn check_stepwise(memory: &[u8], dsfid: Option<u8>) {
    let mut len = memory.len().min(32);
    let mut steps = 0;
    while let Need::AtLeast(more) = blocks_needed(&memory[..len], dsfid) {
        if len == memory.len() {
            return;
        }
        len = more.next_multiple_of(4).min(memory.len());
        steps += 1;
        assert!(steps <= memory.len());
    }
    let Ok(part) = decode_extent(&memory[..len], Extent::Prefix, dsfid, None) else { return };
    let whole = decode(memory, dsfid, None).unwrap();
    assert_eq!(part.model, whole.model);
    assert_eq!(part.identifier(), whole.identifier());
    assert_eq!(part.owner(), whole.owner());
    assert_eq!(part.usage(), whole.usage());
    assert_eq!(part.parts, whole.parts);
}

const GOOD: [&str; 5] = [
    "91 00 05 1C BE 99 1A 14 02 01 D0 14 02 04 B3 46 07 44 1C B6 E2 E3 35 D6 83 02 07 AC C0 9E BA
     A0 6F 6B 00 00",
    "C1 02 07 11 00 B0 C3 0C 30 CA 00 00 02 03 A8 00 08 83 02 03 D6 59 3F 00 00 25 01 10 37 02 10
     40 5F 08 05 99 A7 13 06 3F",
    "11 01 01 31 31 32 32 33 33 34 34 00 00 00 00 00 00 00 00 51 3E 44 45 37 30 35 00 00 00 00 00
     00",
    "11 01 01 66 6F 6F 62 61 72 00 00 00 00 00 00 00 00 00 00 88 AF 44 45 35 32 36 00 00 00 00 00
     00 00 00 05 01 00 05 01 06 04 00 43 41 00 00",
    THREE_M,
];

proptest! {
    #[test]
    fn any_bytes_are_answered(memory in prop::collection::vec(any::<u8>(), 0..300)) {
        check_any(&memory);
    }

    #[test]
    fn any_bytes_read_stepwise_agree(
        memory in prop::collection::vec(any::<u8>(), 0..300),
        head in 0..8_u8,
    ) {
        let mut memory = memory;
        if let [first, ..] = &mut memory[..] {
            *first = head << 4 | 1;
        }
        DSFIDS.into_iter().for_each(|dsfid| check_stepwise(&memory, dsfid));
    }

    #[test]
    fn damaged_tags_are_answered(
        which in 0..GOOD.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        len in any::<prop::sample::Index>(),
        room in 0..80_usize,
    ) {
        let mut memory = hex(GOOD[which]);
        for (at, byte) in changes {
            let at = at.index(memory.len());
            memory[at] = byte;
        }
        memory.resize(memory.len() + room, 0);
        check_any(&memory);
        DSFIDS.into_iter().for_each(|dsfid| check_stepwise(&memory, dsfid));
        memory.truncate(len.index(memory.len() + 1));
        check_any(&memory);
    }

    #[test]
    fn one_damaged_byte_never_gives_another_part3_identifier(
        at in 0..32_usize, change in 1..=255_u8,
    ) {
        for (which, id) in [(2, "11223344"), (3, "foobar")] {
            let mut memory = hex(GOOD[which]);
            memory[at] ^= change;
            for dsfid in [Some(DSFID_PART3), None] {
                if let Ok(tag) = decode(&memory, dsfid, None) {
                    prop_assert_eq!(tag.identifier(), Some(id));
                }
            }
        }
    }
}
