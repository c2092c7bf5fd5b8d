//! The field at frame level, against layouts of rfid-data.md section 6.
use super::*;
use crate::rfid::Uid;

fn uid(low: u64) -> Uid {
    Uid::iso15693((0xE004_0100_0000_0000 | low).to_be_bytes())
}

fn field(tags: &[(&str, u64, Chip)]) -> Field {
    let mut field = Field::new(3, air::WRITE_MAX);
    for (id, low, chip) in tags {
        field.add(TagState::new(*id, uid(*low), *chip));
        field.lay(id);
    }
    field
}

fn to(code: u8, low: u64, params: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x22, code];
    if code >= 0xA0 {
        bytes.push(4);
    }
    bytes.extend(uid(low).bytes().iter().rev());
    bytes.extend(params);
    bytes
}

fn heard(field: &mut Field, request: &[u8]) -> Heard {
    field.request(request).heard
}

fn frame(bytes: &[u8]) -> Heard {
    Heard::Frame(bytes.to_vec())
}

fn change(field: &mut Field, id: &str, act: impl FnOnce(&mut TagState)) {
    act(field.tag_mut(id).unwrap());
}

#[test]
fn one_slot_of_one_and_of_two() {
    let mut field = field(&[("a", 0x11, Chip::IcodeSlix)]);
    let alone = field.request(&[0x26, 0x01, 0x00]);
    assert_eq!(alone.heard, frame(&[0, 0, 0x11, 0, 0, 0, 0, 1, 4, 0xE0]));
    // readers.md section 8: one tag in one-slot mode takes 5.87 ms.
    assert_eq!(alone.time().as_micros() / 10, 587);
    field.add(TagState::new("b", uid(0x15), Chip::IcodeSlix));
    field.lay("b");
    let Heard::Collision { bit, bytes } = heard(&mut field, &[0x26, 0x01, 0x00]) else { panic!() };
    // Flags, DSFID, then bit 2 of the lowest UID byte.
    assert_eq!((bit, bytes.len()), (18, 10));
}

#[test]
fn slots_go_on_with_each_eof_and_masks_select() {
    let mut field = field(&[
        ("a", 0x21, Chip::IcodeSlix),
        ("b", 0x31, Chip::IcodeSlix),
        ("c", 0x0F, Chip::IcodeSlix),
    ]);
    let mut slots = vec![heard(&mut field, &[0x06, 0x01, 0x00])];
    slots.extend((1..16).map(|_| field.eof().heard));
    assert!(matches!(slots[1], Heard::Collision { .. }));
    assert_eq!(slots[15], frame(&[0, 0, 0x0F, 0, 0, 0, 0, 1, 4, 0xE0]));
    assert_eq!(slots.iter().filter(|s| **s == Heard::Nothing).count(), 14);
    assert_eq!(field.eof().heard, Heard::Nothing);
    let mut slots = vec![heard(&mut field, &[0x06, 0x01, 0x04, 0x01])];
    slots.extend((1..16).map(|_| field.eof().heard));
    assert_eq!(slots[2], frame(&[0, 0, 0x21, 0, 0, 0, 0, 1, 4, 0xE0]));
    assert_eq!(slots[3], frame(&[0, 0, 0x31, 0, 0, 0, 0, 1, 4, 0xE0]));
}

#[test]
fn a_family_and_a_whole_uid_as_mask() {
    let mut field = field(&[("a", 0x21, Chip::IcodeSlix), ("b", 0x31, Chip::IcodeSlix)]);
    change(&mut field, "b", |tag| tag.afi = 0xC2);
    assert!(matches!(heard(&mut field, &[0x36, 0x01, 0xC2, 0x00]), Heard::Frame(_)));
    assert_eq!(heard(&mut field, &[0x36, 0x01, 0x55, 0x00]), Heard::Nothing);
    let whole = [&[0x26, 0x01, 64], &uid(0x31).as_iso15693().unwrap().map(|b| b)[..]].concat();
    assert_eq!(heard(&mut field, &whole), Heard::Nothing, "masks go lowest byte first");
    let mut turned = whole.clone();
    turned[3..].reverse();
    assert!(matches!(heard(&mut field, &turned), Heard::Frame(_)));
    assert_eq!(heard(&mut field, &[0x26, 0x01, 0x09, 0x21]), Heard::Nothing, "mask too short");
}

#[test]
fn quiet_selected_and_ready() {
    let mut field = field(&[("a", 1, Chip::IcodeSlix), ("b", 2, Chip::IcodeSlix)]);
    assert_eq!(heard(&mut field, &to(0x02, 1, &[])), Heard::Nothing);
    assert_eq!(heard(&mut field, &[0x26, 0x01, 0x00]), frame(&[0, 0, 2, 0, 0, 0, 0, 1, 4, 0xE0]));
    // Addressed it still answers.
    assert_eq!(heard(&mut field, &to(0x20, 1, &[0])), frame(&[0; 5]));
    assert_eq!(heard(&mut field, &to(0x25, 1, &[])), frame(&[0]));
    assert_eq!(heard(&mut field, &[0x12, 0x20, 0]), frame(&[0; 5]));
    // Selecting another ends it.
    assert_eq!(heard(&mut field, &to(0x25, 2, &[])), frame(&[0]));
    field.lift("b");
    assert_eq!(heard(&mut field, &[0x12, 0x20, 0]), Heard::Nothing);
    field.set_power(false);
    assert_eq!(heard(&mut field, &to(0x20, 1, &[0])), Heard::Nothing);
    field.set_power(true);
    assert!(matches!(heard(&mut field, &[0x26, 0x01, 0x00]), Heard::Frame(_)));
}

#[test]
fn reads_registers_and_errors() {
    let mut field = field(&[("a", 1, Chip::IcodeSlix)]);
    change(&mut field, "a", |tag| {
        tag.blocks[1] = [1, 2, 3, 4];
        tag.locked.insert(1);
    });
    let mut check = |request: &[u8], reply: &[u8]| {
        assert_eq!(heard(&mut field, request), frame(reply), "{request:02X?}");
    };
    check(&to(0x23, 1, &[0, 1]), &[0, 0, 0, 0, 0, 1, 2, 3, 4]);
    check(&to(0x23, 1, &[27, 1]), &[1, 0x10]);
    check(&to(0x2C, 1, &[0, 1]), &[0, 0, 1]);
    check(&to(0x21, 1, &[1, 9, 9, 9, 9]), &[1, 0x12]);
    check(&to(0x21, 1, &[2, 9, 8, 7, 6]), &[0]);
    check(&to(0x20, 1, &[2]), &[0, 9, 8, 7, 6]);
    check(&to(0x27, 1, &[0xC2]), &[0]);
    check(&to(0x29, 1, &[0x06]), &[0]);
    check(&to(0x2B, 1, &[]), &[0, 0x0F, 1, 0, 0, 0, 0, 1, 4, 0xE0, 6, 0xC2, 27, 3, 1]);
    check(&to(0x28, 1, &[]), &[0]);
    check(&to(0x28, 1, &[]), &[1, 0x11]);
    check(&to(0x27, 1, &[7]), &[1, 0x12]);
    check(&to(0x24, 1, &[0, 0, 1, 2, 3, 4]), &[1, 0x01]);
    check(&to(0x7F, 1, &[]), &[1, 0x01]);
    check(&[0x02, 0x20, 2], &[0, 9, 8, 7, 6]);
    assert_eq!(heard(&mut field, &[0x02, 0x20, 99]), Heard::Nothing);
}

#[test]
fn nxp_commands() {
    let mut field = field(&[("a", 1, Chip::IcodeSlix)]);
    assert_eq!(heard(&mut field, &to(0xA5, 1, &[])), Heard::Nothing);
    assert_eq!(heard(&mut field, &to(0xA2, 1, &[])), frame(&[0]));
    let Heard::Frame(alarm) = heard(&mut field, &to(0xA5, 1, &[])) else { panic!() };
    assert_eq!((alarm.len(), &alarm[..3]), (33, &[0, 0x2F, 0xB3][..]));
    // The EAS is protected after the password, and then needs it.
    assert_eq!(heard(&mut field, &to(0xA6, 1, &[])), frame(&[1, 0x0F]));
    let give = |field: &mut Field, password: u8| {
        let Heard::Frame(random) = heard(field, &to(0xB2, 1, &[])) else { panic!() };
        let (a, b) = (random[1], random[2]);
        heard(field, &to(0xB3, 1, &[0x10, a ^ password, b, a, b]))
    };
    assert_eq!(give(&mut field, 1), frame(&[1, 0x0F]));
    assert_eq!(give(&mut field, 0), frame(&[0]));
    assert_eq!(heard(&mut field, &to(0xA6, 1, &[])), frame(&[0]));
    field.set_power(false);
    field.set_power(true);
    assert_eq!(heard(&mut field, &to(0xA3, 1, &[])), frame(&[1, 0x0F]));
    assert_eq!(give(&mut field, 0), frame(&[0]));
    assert_eq!(heard(&mut field, &to(0xA3, 1, &[])), frame(&[0]));
}

#[test]
fn a_tag_it_writes_with_option_and_an_eof() {
    let mut field = field(&[("ti", 1, Chip::TagItPlus)]);
    let mut write = to(0x21, 1, &[3, 1, 2, 3, 4]);
    assert_eq!(heard(&mut field, &write), frame(&[1, 0x03]));
    write[0] |= 0x40;
    assert_eq!(heard(&mut field, &write), Heard::Nothing);
    assert_eq!(field.eof().heard, frame(&[0]));
    assert_eq!(field.tag("ti").unwrap().blocks[3], [1, 2, 3, 4]);
    assert_eq!(field.write_blocks(uid(1), 4, &[[7; 4]]).0, Ok(()));
    // Torn inside one write of several blocks.
    change(&mut field, "ti", |tag| tag.behaviour.pull = Some(Pull::AfterBlocks(1)));
    let mut write = to(0x24, 1, &[5, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
    write[0] |= 0x40;
    assert_eq!(heard(&mut field, &write), Heard::Nothing);
    assert_eq!(field.eof().heard, Heard::Nothing);
    assert_eq!(field.tag("ti").unwrap().blocks[5..7], [[1; 4], [0; 4]]);
    assert!(field.on_pad().is_empty());
}

#[test]
fn what_goes_wrong_in_the_field() {
    let mut field = field(&[("a", 1, Chip::IcodeSlix), ("b", 2, Chip::IcodeSlix)]);
    // Late: written, and nobody waits any more.
    change(&mut field, "a", |tag| tag.behaviour.late_answers = 1);
    let late = field.request(&to(0x27, 1, &[0xC2]));
    assert!(late.wait > air::WRITE_MAX);
    assert_eq!(field.tag("a").unwrap().afi, 0xC2);
    change(&mut field, "a", |tag| tag.behaviour.late_answers = 1);
    assert_eq!(field.write_register(uid(1), Register::Afi(7)).result, Err(TagError::NoAnswer));
    assert_eq!(field.tag("a").unwrap().afi, 7);
    // Acknowledged and not kept.
    change(&mut field, "a", |tag| tag.behaviour.forgets = 1);
    assert_eq!(heard(&mut field, &to(0x21, 1, &[0, 5, 5, 5, 5])), frame(&[0]));
    assert_eq!(field.tag("a").unwrap().blocks[0], [0; 4]);
    // A damaged answer, once.
    change(&mut field, "a", |tag| tag.behaviour.bad_crc = 1);
    assert!(matches!(heard(&mut field, &to(0x20, 1, &[0])), Heard::BadCrc(_)));
    assert_eq!(heard(&mut field, &to(0x20, 1, &[0])), frame(&[0; 5]));
    // A detuned pair vanishes together and is back when parted.
    for id in ["a", "b"] {
        change(&mut field, id, |tag| tag.position = Position::Touching { pair: 1 });
    }
    assert_eq!(field.inventory(0, Polls::One).0, []);
    field.lift("b");
    assert_eq!(field.inventory(0, Polls::One).0.len(), 1);
    // Gone between inventory and read.
    change(&mut field, "a", |tag| tag.behaviour.pull = Some(Pull::AfterInventory));
    assert_eq!(field.inventory(0, Polls::One).0.len(), 1);
    assert_eq!(heard(&mut field, &to(0x20, 1, &[0])), Heard::Nothing);
}

/// Operations made of frames take exactly what [`air`] computes.
#[test]
fn an_inventory_takes_the_time_of_the_formula() {
    let mut rng = Rng::new(9);
    for count in [0, 1, 5, 20] {
        let lows: Vec<u64> = (0..count).map(|_| rng.next_u64() & 0xFF_FFFF_FFFF).collect();
        let ids: Vec<String> = lows.iter().map(|n| format!("{n:X}")).collect();
        let tags: Vec<_> =
            ids.iter().zip(&lows).map(|(id, n)| (id.as_str(), *n, Chip::IcodeSlix)).collect();
        let (seen, time) = field(&tags).inventory(0, Polls::One);
        let uids: Vec<Uid> = lows.iter().map(|n| uid(*n)).collect();
        let formula = air::inventory(&uids, air::Family::All);
        let found: Vec<Uid> = seen.iter().map(|s| s.uid).collect();
        assert_eq!((found.len(), time), (formula.found.len(), formula.time), "{count}");
    }
}

fn card(field: &mut Field, id: &str, uid: &[u8], chip: Chip) {
    field.add(TagState::new(id, Uid::new(uid).unwrap(), chip));
    field.lay(id);
}

#[test]
fn cards_are_told_apart_bit_by_bit() {
    let mut field = field(&[("book", 1, Chip::IcodeSlix)]);
    assert_eq!(field.request_a(&[0x26], 7, false).heard, Heard::Nothing);
    card(&mut field, "a", &[0xDE, 0xAD, 0xBE, 0xEF], Chip::MifareClassic);
    assert_eq!(field.request_a(&[0x26], 7, false).heard, frame(&[0x04, 0x00]));
    card(&mut field, "b", &[0xDA, 0x01, 0x02, 0x03], Chip::MifareClassic);
    field.set_power(false);
    field.set_power(true);
    assert_eq!(field.request_a(&[0x26], 7, false).heard, frame(&[0x04, 0x00]));
    let Heard::Collision { bit, .. } = field.request_a(&[0x93, 0x20], 0, false).heard else {
        panic!()
    };
    assert_eq!(bit, 2);
    // Bits 0 1 of DE, then the 1 of bit 2: three bits known, 37 come.
    let rest = field.request_a(&[0x93, 0x23, 0x06], 3, false);
    assert_eq!(rest.last_bits, 5);
    let Heard::Frame(bytes) = rest.heard else { panic!() };
    assert_eq!((bytes.len(), bytes[0]), (5, 0xDE >> 3 | 0xAD << 5));
    let bcc = 0xDE ^ 0xAD ^ 0xBE ^ 0xEF;
    let select = [0x93, 0x70, 0xDE, 0xAD, 0xBE, 0xEF, bcc];
    let sak = field.request_a(&select, 0, true);
    assert_eq!((sak.heard, sak.crc), (frame(&[0x08]), true));
    assert_eq!(field.request_a(&[0x50, 0x00], 0, true).heard, Heard::Nothing);
    field.lift("b");
    assert_eq!(field.request_a(&[0x26], 7, false).heard, Heard::Nothing);
    assert_eq!(field.request_a(&[0x52], 7, false).heard, frame(&[0x04, 0x00]));
}

#[test]
fn a_long_uid_comes_in_two_parts_and_a_random_one_changes() {
    let mut field = field(&[]);
    card(&mut field, "a", &[4, 1, 2, 3, 4, 5, 6], Chip::MifareDesfire);
    assert_eq!(field.request_a(&[0x52], 7, false).heard, frame(&[0x44, 0x03]));
    let part = [0x88, 4, 1, 2, 0x88 ^ 4 ^ 1 ^ 2];
    assert_eq!(field.request_a(&[0x93, 0x20], 0, false).heard, frame(&part));
    let select = [&[0x93, 0x70], &part[..]].concat();
    assert_eq!(field.request_a(&select, 0, true).heard, frame(&[0x04]));
    let part = [3, 4, 5, 6, 3 ^ 4 ^ 5 ^ 6];
    assert_eq!(field.request_a(&[0x95, 0x20], 0, false).heard, frame(&part));
    let select = [&[0x95, 0x70], &part[..]].concat();
    assert_eq!(field.request_a(&select, 0, true).heard, frame(&[0x20]));
    field.lift("a");
    card(&mut field, "phone", &[8, 0, 0, 0], Chip::MifareDesfire);
    let mut told = || {
        field.set_power(false);
        field.set_power(true);
        field.request_a(&[0x26], 7, false);
        field.request_a(&[0x93, 0x20], 0, false).heard
    };
    assert_ne!(told(), told());
}
