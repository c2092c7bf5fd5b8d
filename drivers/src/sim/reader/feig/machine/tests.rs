use std::time::Instant;

use super::super::frames::{Ear, say};
use super::super::{FeigReaderSim, Protocol};
use super::*;
use crate::rfid::Uid;
use crate::sim::field::{Chip, Pull, TagState, air};

const UID: &str = "E0 04 01 00 31 23 AA 26";

fn hex(text: &str) -> Vec<u8> {
    text.replace("UID", UID)
        .split_whitespace()
        .map(|b| u8::from_str_radix(b, 16).unwrap())
        .collect()
}

/// One ICODE SLIX on the pad, as in readers.md 2.6: block i holds 0i 33 22 11, which a reader
/// that swaps tells as 11 22 33 0i.
fn pad() -> Field {
    let content: Vec<u8> = (0..8).flat_map(|i| [i, 0x33, 0x22, 0x11]).collect();
    let uid = "E00401003123AA26".parse().unwrap();
    let tag = TagState::new("b1", uid, Chip::IcodeSlix).with_content(&content);
    let mut field = Field::new(1, air::WRITE_MAX);
    field.add(tag);
    field.lay("b1");
    field
}

fn reader(options: FeigOptions) -> Machine {
    Machine::new(options)
}

fn check(machine: &mut Machine, field: &mut Field, command: &str, reply: &str) {
    let answer = machine.answer(&hex(command), field);
    assert_eq!([&[answer.status], &answer.data[..]].concat(), hex(reply), "{command}");
}

fn on_the_line(reader: &mut FeigReaderSim, field: &mut Field, command: &str, reply: &str) {
    let now = Instant::now();
    let heard: Vec<_> = hex(command).into_iter().filter_map(|b| reader.hear(b, now)).collect();
    let [heard] = &heard[..] else { panic!("not one command: {command}") };
    let steps = reader.answer(heard, field);
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].bytes, hex(reply), "{command}");
}

/// readers.md 2.6, both sides, from frame to frame.
#[test]
fn examples_of_the_document() {
    let mut field = pad();
    let mut reader = FeigReaderSim::new(FeigOptions { ont: false, ..Default::default() }, 1.0);
    let mut check = |command: &str, reply: &str| {
        on_the_line(&mut reader, &mut field, command, reply);
    };
    check("05 FF 69 89 01", "06 00 69 00 F6 FA");
    check("06 FF 52 00 0F 6E", "06 00 52 00 FC A8");
    check("07 FF B0 01 00 1C 56", "11 00 B0 00 01 03 00 UID 85 F8");
    let listed: String = (0..8).map(|i| format!(" 00 11 22 33 0{i}")).collect();
    check("11 FF B0 23 01 UID 00 08 61 A8", &format!("30 00 B0 00 08 04{listed} 34 C6"));
    let content = hex("00 B0 00");
    check("10 FF B0 27 01 UID DA 1D 5A", &text(&say(false, &content)));
    check(
        "1A FF B0 24 01 UID 00 02 04 11 22 33 44 55 66 77 88 78 D5",
        &text(&say(false, &content)),
    );
    field.lift("b1");
    on_the_line(&mut reader, &mut field, "07 FF B0 01 00 1C 56", "06 00 B0 01 5C 63");
    let tag = field.tag("b1").unwrap();
    assert_eq!((tag.afi, tag.blocks[0]), (0xDA, [0x44, 0x33, 0x22, 0x11]));
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X} ")).collect()
}

#[test]
fn an_advanced_command_is_answered_advanced() {
    let mut field = pad();
    let mut reader = FeigReaderSim::new(FeigOptions::default(), 1.0);
    let expected = text(&say(true, &hex("00 B0 00 01 03 00 UID")));
    assert_eq!(hex(&expected)[..3], [2, 0, 0x13]);
    on_the_line(&mut reader, &mut field, "02 00 09 FF B0 01 00 18 43", &expected);
}

#[test]
fn commands_for_another_address_and_too_soon_are_not_heard() {
    let mut reader = FeigReaderSim::new(FeigOptions { address: 7, ..Default::default() }, 1.0);
    let mut hears = |frame: Vec<u8>, now: Instant| {
        frame.into_iter().filter_map(|byte| reader.hear(byte, now)).count()
    };
    let now = Instant::now();
    assert_eq!(hears(say(false, &[8, 0x65]), now), 0);
    assert_eq!(hears(say(false, &[7, 0x65]), now), 1);
    reader.said(now);
    let mut hears = |now: Instant| {
        hex("05 FF 65 E5 CB").into_iter().filter_map(|byte| reader.hear(byte, now)).count()
    };
    assert_eq!(hears(now + Duration::from_micros(4900)), 0);
    assert_eq!(hears(now + Duration::from_micros(5100)), 1);
}

#[test]
fn reader_commands() {
    let (mut field, mut machine) = (pad(), reader(FeigOptions::default()));
    let mut check = |command: &str, reply: &str| check(&mut machine, &mut field, command, reply);
    check("65", "00 01 04 00 00 4C 00 08");
    check("66 00", "00 01 04 00 00 4C 00 08 01 00 01 00");
    check("66 03", "11");
    check("71 00 15 00 00 00 05 00 00", "00");
    check("74", "00 00");
    check("65 00", "81");
    check("6E 01", "80");
    check("42", "80");
    // Field off and on.
    check("6A 00", "00");
    check("B0 01 00", "01");
    check("B0 2B 01 UID", "01");
    check("6A 01", "00");
    check("B0 01 00", "00 01 03 00 UID");
}

#[test]
fn configuration() {
    let (mut field, mut machine) = (pad(), reader(FeigOptions::default()));
    let mut check = |command: &str, reply: &str| check(&mut machine, &mut field, command, reply);
    check("80 01", "00 00 00 08 01 00 00 00 0A 00 00 00 00 00 00");
    check("80 05", "00 00 00 00 00 00 00 00 00 00 00 00 05 00 00");
    check("80 20", "15");
    check("81 20 00 00 00 00 00 00 00 00 00 00 00 00 00 00", "16");
    // ONT off, in RAM: a restart brings the factory's back.
    check("81 05 00 00 00 00 00 00 00 00 00 00 00 04 00 00", "00");
    for _ in 0..2 {
        check("B0 01 00", "00 01 03 00 UID");
    }
    check("63", "00");
    check("80 05", "00 00 00 00 00 00 00 00 00 00 00 00 05 00 00");
    check("B0 01 00", "00 01 03 00 UID");
    check("B0 01 00", "01");
    // Saved, it outlasts one.
    check("81 05 00 00 00 00 00 00 00 00 00 00 00 04 00 00", "00");
    check("82 05", "00");
    check("63", "00");
    check("80 85", "00 00 00 00 00 00 00 00 00 00 00 00 04 00 00");
    check("83 C0", "00");
    check("80 85", "00 00 00 00 00 00 00 00 00 00 00 00 05 00 00");
}

#[test]
fn ont_lists_a_tag_once() {
    let (mut field, mut machine) = (pad(), reader(FeigOptions::default()));
    let mut check = |field: &mut Field, command: &str, reply: &str| {
        check(&mut machine, field, command, reply);
    };
    let listed = "00 01 03 00 UID";
    check(&mut field, "B0 01 00", listed);
    check(&mut field, "B0 01 00", "01");
    check(&mut field, "69", "00");
    check(&mut field, "B0 01 00", listed);
    field.lift("b1");
    field.lay("b1");
    check(&mut field, "B0 01 00", listed);
    check(&mut field, "B0 26 01 UID", "00");
    check(&mut field, "B0 01 00", listed);
}

#[test]
fn tag_commands() {
    let (mut field, mut machine) = (pad(), reader(FeigOptions::default()));
    let mut check = |command: &str, reply: &str| check(&mut machine, &mut field, command, reply);
    check("B0 23 01 UID 00 02", "00 02 04 00 11 22 33 00 00 11 22 33 01");
    check("B0 23 00 01 01", "00 01 04 00 11 22 33 01");
    check("B0 23 02 01 01", "01");
    check("B0 25 01 UID", "00");
    check("B0 23 02 01 01", "00 01 04 00 11 22 33 01");
    check("B0 23 01 UID 1B 02", "95 10");
    check("B0 23 01 UID 00 21", "11");
    check("B0 24 01 UID 03 01 04 01 02 03 04", "00");
    check("B0 24 01 UID 03 02 04 01 02 03 04", "81");
    check("B0 22 01 UID 03 01", "00");
    check("B0 22 01 UID 03 01", "95 11");
    check("B0 24 01 UID 02 02 04 01 02 03 04 05 06 07 08", "95 12 03");
    check("B0 23 09 UID 02 02", "00 02 04 00 01 02 03 04 01 01 02 03 04");
    check("B0 2C 01 UID 02 02", "00 02 00 01");
    check("B0 27 01 UID 07", "00");
    check("B0 29 01 UID 06", "00");
    check("B0 2B 01 UID", "00 06 UID 07 03 1B 01");
    check("B0 28 01 UID", "00");
    check("B0 27 01 UID C2", "95 12");
    check("B0 2A 01 UID", "00");
    check("B0 29 01 UID 3E", "95 12");
    check("B1 04 A5 01 UID", "01");
    check("B1 04 A2 01 UID", "00");
    check("B1 04 A5 01 UID", "00");
    check("B1 04 A3 01 UID", "00");
    check("B1 04 A5 01 UID", "01");
    check("B1 07 A2 01 UID", "11");
    check("B0 02 01 UID", "00");
    check("B0 01 00", "01");
    check("B0 2B 01 E0 00 00 00 00 00 00 01", "01");
    check("B0 27 01 E0", "81");
}

#[test]
fn torn_writes_name_the_block() {
    for (pull, reply) in
        [(Pull::AfterBlocks(1), "03 03"), (Pull::AfterWrite, "03 03"), (Pull::BeforeWrite, "01")]
    {
        let (mut field, mut machine) = (pad(), reader(FeigOptions::default()));
        field.tag_mut("b1").unwrap().behaviour.pull = Some(pull);
        let write = "B0 24 01 UID 02 02 04 01 02 03 04 05 06 07 08";
        check(&mut machine, &mut field, write, reply);
        assert!(field.on_pad().is_empty());
    }
}

fn pile(count: u8, chip: Chip) -> Field {
    let mut field = Field::new(1, air::WRITE_MAX);
    for n in 0..count {
        let uid = Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, n]);
        field.add(TagState::new(format!("t{n}"), uid, chip));
        field.lay(&format!("t{n}"));
    }
    field
}

#[test]
fn records_come_page_by_page() {
    let mut field = pile(5, Chip::IcodeSlix);
    let mut machine = reader(FeigOptions { page_records: 2, ..Default::default() });
    let mut page = |command: &str| {
        let answer = machine.answer(&hex(command), &mut field);
        (answer.status, answer.data.first().copied())
    };
    assert_eq!(page("B0 01 00"), (0x94, Some(2)));
    assert_eq!(page("B0 01 80"), (0x94, Some(2)));
    assert_eq!(page("B0 01 80"), (0x00, Some(1)));
    assert_eq!(page("B0 01 80"), (0x01, None));
}

#[test]
fn a_card_reader_holds_four() {
    let cpr = FeigOptions { class: FeigClass::Cpr, ..Default::default() };
    for (count, status) in [(4, 0x00), (5, 0x93)] {
        let answer = reader(cpr).answer(&hex("B0 01 00"), &mut pile(count, Chip::IcodeSlix));
        assert_eq!((answer.status, answer.data.is_empty()), (status, status != 0));
    }
    let mut field = pad();
    for (id, uid, chip) in
        [("c4", "DEADBEEF", Chip::MifareClassic), ("c7", "04010203040506", Chip::MifareDesfire)]
    {
        field.add(TagState::new(id, uid.parse().unwrap(), chip));
        field.lay(id);
    }
    let answer = reader(cpr).answer(&hex("B0 01 00"), &mut field);
    let cards = "04 00 00 04 01 02 03 04 05 06 04 00 00 00 00 00 DE AD BE EF";
    assert_eq!(answer.data, hex(&format!("03 03 00 UID {cards}")));
}

#[test]
fn damaged_commands_are_not_answered() {
    let mut ear = Ear::default();
    let now = Instant::now();
    for byte in hex("07 FF B0 01 00 1C 57") {
        assert_eq!(ear.hear(byte, now), None);
    }
}
