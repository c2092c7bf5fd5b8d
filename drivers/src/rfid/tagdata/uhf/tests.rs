use proptest::prelude::*;

use super::super::testing::hex;
use super::super::{
    Element, ElementId, Parts, Problem, SetInformation, TypeOfUsage, Value, encode,
};
use super::*;

const ID: ElementId = ElementId::PrimaryItemIdentifier;
const OWNER: ElementId = ElementId::OwnerInstitution;

fn bank(text: &str) -> Uii {
    parse_mb01(&hex(text)).unwrap()
}

/// The user bank of rfid-data.md section 7.
const USER: &str =
    "06 02 01 D0 14 02 04 B3 46 07 44 1C B6 E2 E3 35 D6 53 08 AB 4D 6C 9D D5 56 CD EB 00";

#[test]
fn checksum_words_of_the_document() {
    assert_eq!(crc_word(&hex("0000")), 0xE2F0);
    assert_eq!(crc_word(&hex("3000 1111 2222 3333 4444 5555 6666")), 0x1835);
    assert_eq!(crc_word(&hex("3400 1703 0003 98130803F4040000")), 0xC157);
}

#[test]
fn iso_examples_of_the_document() {
    let lent = bank("45C2 141C C04F C70B ADB5 C6E2 DA1D ED4D D319");
    let tag = decode_uhf(&lent, None, None).unwrap();
    assert_eq!((tag.model, tag.identifier()), (Model::Iso28560Part4, Some("12345678.31")));
    assert_eq!((tag.owner(), tag.uhf.unwrap().afi), (Some("CH-000134-1"), Some(0xC2)));

    let vendor = "A362 3D07 150C C6B7 C697 ADB4 5964 B3CF C1C1 23EF";
    assert!(is_mb01(&hex(vendor)));
    let shelved = bank(vendor);
    assert_eq!((shelved.pc, shelved.bytes.len()), (0x3D07, 14));
    let tag = decode_uhf(&shelved, None, None).unwrap();
    assert_eq!((tag.owner(), tag.identifier()), (Some("CN-110108-1-NLC"), Some("001")));
    assert_eq!(tag.uhf.unwrap().afi, Some(0x07));
    assert_eq!(mb01(&shelved)[..18], hex(vendor)[..18]);
}

#[test]
fn numbers_are_escaped_and_read_back() {
    assert_eq!(urn40::unpack(&hex("FB 21 02 DD DF 7C 4E")), Ok("12312345678".to_owned()));
    assert_eq!(urn40::pack("12312345678"), Some(hex("FB 21 02 DD DF 7C 4E 00")));
    // Leading zeros are part of the number's digits.
    let packed = urn40::pack("00000000012").unwrap();
    assert_eq!(urn40::unpack(&packed), Ok("00000000012".to_owned()));
}

#[test]
fn what_is_no_urn_code_40_is_named() {
    for bad in
        ["FA 01", "FB 21 02", "FC 80 00 00", "FD C3", "FE FF FF FF", "FF FF", "00 01 14 1C", "14"]
    {
        assert_eq!(urn40::unpack(&hex(bad)), Err(urn40::BadCode), "{bad}");
    }
    // FA00 is the highest word of three characters.
    assert_eq!(urn40::unpack(&hex("FA 00")), Ok("999".to_owned()));
}

#[test]
fn a_user_bank_adds_to_what_the_uii_says() {
    let uii = Uii { pc: 0x0D07, bytes: urn40::pack("12345678").unwrap() };
    let tag = decode_uhf(&uii, Some(&hex(USER)), None).unwrap();
    assert_eq!(tag.owner(), Some("US-InU-Mu"));
    assert_eq!(tag.text(ElementId::ShelfLocation), Some("QA268.L55"));
    assert_eq!(tag.parts, Some(Parts { in_item: 12, number: 3 }));
    assert_eq!(tag.problems, []);
}

#[test]
fn the_user_bank_is_read_only_where_it_can_tell_something() {
    let alone = bank("A362 3D07 150C C6B7 C697 ADB4 5964 B3CF C1C1 23EF");
    assert_eq!(alone.pc & PC_USER_MEMORY, PC_USER_MEMORY);
    assert_eq!(user_bank_needed(&alone, &[]), Need::AtLeast(2));
    let without = Uii { pc: alone.pc & !PC_USER_MEMORY, ..alone.clone() };
    assert_eq!(user_bank_needed(&without, &[]), Need::Enough);
    let user = hex(USER);
    let mut have = 2;
    while let Need::AtLeast(more) = user_bank_needed(&alone, &user[..have.min(user.len())]) {
        assert!(more > have, "asked for what was there");
        have = more;
        assert!(have <= user.len());
    }
    let university = bank("C157 3400 1703 0003 98130803F4040000");
    assert_eq!(user_bank_needed(&university, &[]), Need::AtLeast(1));
    assert_eq!(user_bank_needed(&university, &hex("0C02 2808 1004 0001 0001")), Need::Enough);
}

#[test]
fn university_example_of_the_document() {
    let uii = bank("C157 3400 1703 0003 98130803F4040000");
    let user = hex("0C02 2808 1004 0001 0001");
    let tag = decode_uhf(&uii, Some(&user), None).unwrap();
    assert_eq!((tag.model, tag.identifier()), (Model::Gaoxiao, Some("32103179")));
    assert_eq!((tag.owner(), tag.parts), (Some("10248"), Some(Parts { in_item: 1, number: 1 })));
    let facts = tag.uhf.unwrap();
    assert_eq!((facts.on_loan, facts.version), (Some(false), Some(4)));
    assert_eq!((facts.sorting, facts.reserve), (7, 1));
    assert_eq!(tag.problems, []);
    let image = encode(&tag, &ImageOptions::new(64)).unwrap();
    assert_eq!(image.uii, Some(Uii { pc: 0x3400, ..uii }));
    assert_eq!(image.memory[..user.len()], user);
}

#[test]
fn tags_that_are_not_a_librarys_are_named() {
    let named = |text: &str| decode_uhf(&bank(text), None, None).unwrap_err();
    // As it leaves the factory.
    assert_eq!(named("3000 E200 322F E20D F931 1328 B7E3"), TagError::Blank);
    assert_eq!(named("3000 0000 0000 0000 0000 0000 0000"), TagError::Blank);
    // GS1: SGTIN-96 begins with 30, its second byte is no id coding of ours.
    assert_eq!(named("3000 30F4 257B F4B1 2345 6789 0123"), TagError::UnknownFormat);
    assert_eq!(parse_mb01(&hex("30")), Err(TagError::Truncated));
    assert_eq!(parse_mb01(&hex("3000 E200")), Err(TagError::Truncated));
}

#[test]
fn never_a_partial_identifier() {
    let whole = bank("C157 3400 1703 0003 98130803F4040000");
    for len in 0..whole.bytes.len() - 2 {
        let cut = Uii { pc: whole.pc, bytes: whole.bytes[..len].to_vec() };
        let read = decode_uhf(&cut, None, Some(Model::Gaoxiao));
        assert!(read.is_err(), "{len} bytes gave an identifier");
    }
    // A digit where none can stand.
    let bad = Uii { bytes: hex("1703 0003 98130803 FFFFFFFF"), ..whole };
    assert_eq!(decode_uhf(&bad, None, Some(Model::Gaoxiao)).unwrap_err(), TagError::BadCompaction);
    assert_eq!(decode_uhf(&bad, None, None).unwrap_err(), TagError::UnknownFormat);
    // Cut at a word, an ISO text would still read; the control word says that it is cut.
    let iso = bank("45C2 141C C04F C70B ADB5 C6E2 DA1D ED4D D319");
    for len in 0..iso.bytes.len() {
        let cut = Uii { pc: iso.pc, bytes: iso.bytes[..len].to_vec() };
        assert_eq!(decode_uhf(&cut, None, None).unwrap_err(), TagError::Truncated, "{len}");
    }
}

#[test]
fn damage_in_the_user_bank_keeps_the_identifier() {
    let uii = bank("C157 3400 1703 0003 98130803F4040000");
    let tag = decode_uhf(&uii, Some(&hex("0C02 2808 1004 00")), None).unwrap();
    assert_eq!(tag.identifier(), Some("32103179"));
    assert!(tag.problems.contains(&Problem::Truncated(Some(ElementId::SetInformation))));
    let tag = decode_uhf(&uii, Some(&hex("0C02 2808 0C02 0001 1404 0000")), None).unwrap();
    assert!(tag.problems.contains(&Problem::DuplicateElement(OWNER)));
}

#[test]
fn a_bank_read_in_part_is_not_called_damaged() {
    let uii = bank("C157 3400 1703 0003 98130803F4040000");
    let part = decode_uhf_extent(&uii, Some(&hex("0C02 2808 1004")), Extent::Prefix, None).unwrap();
    assert_eq!((part.owner(), part.problems.len()), (Some("10248"), 0));
    let iso = Uii { pc: 0x0D07, bytes: urn40::pack("12345678").unwrap() };
    let part = decode_uhf_extent(&iso, Some(&hex(USER)[..6]), Extent::Prefix, None).unwrap();
    assert_eq!(part.problems, []);
    // Something else's user bank is named.
    let other = decode_uhf(&iso, Some(&hex("0102")), None).unwrap();
    assert_eq!(other.problems, [Problem::UnknownUserBank]);
}

#[test]
fn a_hint_does_not_make_a_blank_tag_ours() {
    let factory = bank("3000 E200 322F E20D F931 1328 B7E3");
    for hint in [Model::Gaoxiao, Model::Iso28560Part4] {
        assert_eq!(decode_uhf(&factory, None, Some(hint)).unwrap_err(), TagError::Blank);
    }
}

#[test]
fn few_tags_of_other_trades_read_as_a_universitys() {
    // SGTIN-96: header 30, the rest anything; the same numbers in every run.
    let mut state = 1_u64;
    let mut ours = 0;
    const DRAWS: u32 = 20_000;
    for _ in 0..DRAWS {
        let mut bytes = vec![0x30];
        bytes.extend((0..11).map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        }));
        ours += u32::from(is_university(&Uii { pc: 0x3000, bytes }));
    }
    assert!(ours < DRAWS / 20, "{ours} of {DRAWS}");
}

#[test]
fn states_change_without_touching_the_rest() {
    let iso = bank("A362 3D07 150C C6B7 C697 ADB4 5964 B3CF C1C1 23EF");
    let lent = with_state(&iso, true, 0xC2).unwrap();
    assert_eq!((lent.pc, &lent.bytes), (0x3DC2, &iso.bytes));
    let university = bank("C157 3400 1703 0003 98130803F4040000");
    let lent = with_state(&university, true, 0xC2).unwrap();
    assert_eq!((lent.pc, lent.bytes[0]), (0x3400, 0x97));
    assert_eq!(with_state(&lent, false, 0x07), Some(university));
    let factory = bank("3000 E200 322F E20D F931 1328 B7E3");
    assert_eq!(with_state(&factory, true, 0xC2), None);
}

#[test]
fn long_identifiers_of_universities() {
    for id in [
        "A12345678Z",
        "ABC00000000X",
        "ABCDEFGHIJKLM?",
        "12345678901234",
        "X",
        "AB-CD.E",
        "a longer text",
    ] {
        let mut tag = TagData::new(Model::Gaoxiao);
        tag.elements = vec![Element::text(ID, id)];
        let image = encode(&tag, &ImageOptions::new(64)).unwrap();
        let read = decode_uhf(&image.uii.unwrap(), Some(&image.memory), None).unwrap();
        assert_eq!(read.identifier(), Some(id));
    }
}

fn usage(byte: u8) -> Element {
    Element { id: ElementId::TypeOfUsage, value: Value::Usage(TypeOfUsage(byte)) }
}

fn set(parts: Parts) -> Element {
    let set = SetInformation::from_parts(parts).unwrap();
    Element { id: ElementId::SetInformation, value: Value::Set(set) }
}

prop_compose! {
    fn part4_tag()(
        id in "[0-9A-Z.:-]{0,5}[0-9a-zA-Z书]{1,14}",
        owner in proptest::option::of("(CN|DE|US)-[0-9]{1,6}(-[A-Z]{1,3})?"),
        shelf in proptest::option::of("[ -~]{1,12}"),
        number in 1_u16..9,
    ) -> TagData {
        let mut tag = TagData::new(Model::Iso28560Part4);
        tag.elements = vec![Element::text(ID, id)];
        tag.elements.extend(owner.map(|owner| Element::text(OWNER, owner)));
        tag.elements.push(set(Parts { in_item: 9, number }));
        tag.elements.push(usage(0x10));
        tag.elements.extend(shelf.map(|shelf| Element::text(ElementId::ShelfLocation, shelf)));
        tag
    }
}

prop_compose! {
    fn university_tag()(
        id in prop_oneof!["[ -~]{1,7}", "[0-9A-Z]{3}[0-9]{4,10}[ -~]", "[0-9A-Z]{11,13}[ -~]", "[a-z书]{1,8}"],
        owner in proptest::option::of(prop_oneof!["[0-5][0-9]{4}", "9[0-4][0-9]{3}"]),
        number in 1_u16..900,
        byte in prop_oneof![Just(0x10_u8), Just(0x20), Just(0x80)],
        title in proptest::option::of("[a-z书]{1,20}"),
    ) -> TagData {
        let mut tag = TagData::new(Model::Gaoxiao);
        tag.elements = vec![Element::text(ID, id)];
        tag.elements.extend(owner.map(|owner| Element::text(OWNER, owner)));
        tag.elements.push(set(Parts { in_item: 900, number }));
        tag.elements.push(usage(byte));
        tag.elements.extend(title.map(|t| Element::text(ElementId::LocalDataA, t)));
        tag
    }
}

proptest! {
    #[test]
    fn iso_tags_read_back_as_written(tag in part4_tag()) {
        let image = match encode(&tag, &ImageOptions::new(128)) {
            Ok(image) => image,
            // An identifier that would read as an owner and something else, or is blank.
            Err(error) => {
                prop_assert!(matches!(error, EncodeError::Unstorable(_) | EncodeError::NoItemIdentifier));
                return Ok(());
            }
        };
        let uii = image.uii.unwrap();
        prop_assert_eq!(&parse_mb01(&mb01(&uii)).unwrap(), &uii);
        let read = decode_uhf(&uii, Some(&image.memory), None).unwrap();
        prop_assert_eq!(read.identifier(), tag.identifier());
        prop_assert_eq!(read.owner(), tag.owner());
        prop_assert_eq!(read.usage(), tag.usage());
        prop_assert_eq!(read.text(ElementId::ShelfLocation), tag.text(ElementId::ShelfLocation));
        prop_assert_eq!(read.problems, vec![]);
    }

    #[test]
    fn university_tags_read_back_as_written(tag in university_tag()) {
        let image = match encode(&tag, &ImageOptions::new(256)) {
            Ok(image) => image,
            Err(error) => {
                prop_assert!(matches!(error, EncodeError::NoItemIdentifier));
                return Ok(());
            }
        };
        let uii = image.uii.unwrap();
        let read = decode_uhf(&uii, Some(&image.memory), None).unwrap();
        prop_assert_eq!(&read.elements, &tag.elements);
        prop_assert_eq!(read.problems, vec![]);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        pc in any::<u16>(),
        bytes in proptest::collection::vec(any::<u8>(), 0..70),
        user in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let uii = Uii { pc, bytes };
        for hint in [None, Some(Model::Iso28560Part4), Some(Model::Gaoxiao)] {
            if let Ok(tag) = decode_uhf(&uii, Some(&user), hint) {
                prop_assert!(tag.identifier().is_some_and(|id| !id.trim().is_empty()));
            }
        }
        let mut have = 0;
        while let Need::AtLeast(more) = user_bank_needed(&uii, &user[..have.min(user.len())]) {
            prop_assert!(more > have.min(user.len()));
            if more > user.len() { break; }
            have = more;
        }
        let _ = parse_mb01(&user);
    }
}
