use std::time::Instant;

use super::super::frames::{Ear, say};
use super::*;
use crate::rfid::{Uid, Uii};
use crate::sim::field::{Chip, TagState, air};

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
}

/// The tag of the captured logs: "Hello!" and access password AABBCCDD.
fn pad() -> Field {
    let uid = Uid::new(&hex("E2 80 11 30 20 00 21 23 3C BE 04 F6")).unwrap();
    let mut tag = TagState::new("b1", uid, Chip::Gen2);
    tag.uii = Uii { pc: 0x1800, bytes: b"Hello!".to_vec() };
    tag.access_password = 0xAABB_CCDD;
    tag.blocks[0] = [0, 0, 0, 0x01];
    let mut field = Field::new(1, air::WRITE_MAX);
    field.add(tag);
    field.lay("b1");
    field
}

fn check(machine: &mut Machine, field: &mut Field, command: &str, reply: &str) -> Duration {
    let mut ear = Ear::default();
    let now = Instant::now();
    let heard: Vec<_> = hex(command).into_iter().filter_map(|b| ear.hear(b, now)).collect();
    let [heard] = &heard[..] else { panic!("not one command: {command}") };
    let done = machine.answer(heard[0], &heard[1..], field);
    assert_eq!(say(heard[0], done.status, &done.data), hex(reply), "{command}");
    done.time
}

fn ready(field: &mut Field) -> Machine {
    let mut machine = Machine::default();
    for command in ["04", "97 06", "93 00 05", "91 01 01", "91 02 01 01", "92 07 D0", "94 08 FC"] {
        let command = hex(command);
        assert_eq!(machine.answer(command[0], &command[1..], field).status, 0, "{command:02X?}");
    }
    machine
}

/// Both sides of the captured logs, where the simulated module is the captured one.
#[test]
fn captures() {
    let mut field = pad();
    let mut machine = Machine::default();
    let mut check = |command: &str, reply: &str| check(&mut machine, &mut field, command, reply);
    let nano = "14 12 08 00 30 00 00 02 20 15 03 10 01 03 01 47 00 00 00 10";
    check("FF 00 03 1D 0C", &format!("FF 14 03 00 00 {nano} EB FF"));
    assert_eq!(check("FF 00 04 1D 0B", &format!("FF 14 04 00 00 {nano} E2 7F")), BOOT);
    check("FF 00 0C 1D 03", "FF 01 0C 00 00 52 63 03");
    check("FF 04 06 00 01 C2 00 A4 60", "FF 00 06 00 00 E4 06");
    check("FF 01 97 0D 4B B0", "FF 00 97 00 00 77 9E");
    check("FF 02 93 00 05 51 7D", "FF 00 93 00 00 37 1A");
    check("FF 00 63 1D 6C", "FF 02 63 00 00 00 05 21 46");
    check("FF 00 68 1D 67", "FF 01 68 00 00 00 A4 BF");
    check("FF 02 92 0A 8C 4B D5", "FF 00 92 00 00 27 3B");
    check("FF 01 62 01 BE BC", "FF 07 62 00 00 01 0A 8C 0A 8C 00 00 54 B4");
    check("FF 01 62 00 BE BD", "FF 03 62 00 00 00 0A 8C A1 2A");
    check("FF 03 9A 01 0C 00 A3 5D", "FF 00 9A 00 00 A6 33");
    check("FF 03 91 02 01 01 42 C5", "FF 00 91 00 00 17 58");
    check("FF 02 91 01 01 70 3B", "FF 00 91 00 00 17 58");
    check("FF 00 2A 1D 25", "FF 00 2A 00 00 01 E8");
    let time = check("FF 05 22 00 00 13 01 F4 2B 19", "FF 07 22 00 00 00 00 13 00 00 00 01 8B 58");
    assert_eq!(time, Duration::from_millis(500));
    check(
        "FF 16 28 03 E8 11 00 00 00 00 00 00 02 02 00 00 00 00 30 48 65 6C 6C 6F 21 76 8D",
        "FF 07 28 00 00 11 00 00 AA BB CC DD 86 C5",
    );
    check(
        "FF 10 2F 00 00 01 22 00 00 05 07 22 10 00 1B 03 E8 01 FF DD 2B",
        "FF 04 2F 00 00 01 22 00 00 6D C3",
    );
    check("FF 03 2F 00 00 02 5E 86", "FF 01 2F 00 00 02 30 E6");
}

fn status_of(machine: &mut Machine, field: &mut Field, command: &str) -> u16 {
    let command = hex(command);
    machine.answer(command[0], &command[1..], field).status
}

#[test]
fn refusals() {
    let mut field = pad();
    let mut machine = Machine::default();
    assert_eq!(status_of(&mut machine, &mut field, "97 06"), 0x0101, "in the boot loader");
    assert_eq!(status_of(&mut machine, &mut field, "04"), 0);
    assert_eq!(status_of(&mut machine, &mut field, "04"), 0x0101, "in the application");
    assert_eq!(status_of(&mut machine, &mut field, "22 00 00 13 00 64"), 0x0405, "no region");
    let mut machine = ready(&mut field);
    for (command, status) in [
        ("97 02", 0x010B),
        ("93 00 03", 0x0402),
        ("92 0B B8", 0x0103),
        ("91 02 02", 0x0105),
        ("06 00 00 25 80", 0x010A),
        ("EE", 0x0101),
        // Past the user bank; a locked tag; a wrong password; nobody of that name.
        ("28 00 64 10 00 00 03 00 00 00 40 01", 0x0423),
        ("24 00 64 00 00 00 00 00 03 12 34", 0x0424),
        ("24 00 64 05 00 00 00 00 03 00 00 00 01 12 34", 0x0420),
        ("28 00 64 11 00 00 03 00 00 00 00 01 00 00 00 00 10 12 34", 0x0400),
        ("24 00 64 05 00 00 00 00 03 AA BB CC DD 12 34", 0),
        ("24 00 64 05 00 00 00 00 02 AA BB CC DD 12 34", 0x0424),
    ] {
        assert_eq!(status_of(&mut machine, &mut field, command), status, "{command}");
    }
    assert_eq!(field.tag("b1").unwrap().blocks[0], [0x12, 0x34, 0, 0x01]);
    assert_eq!(status_of(&mut machine, &mut field, "94 03 E8"), 0);
    let weak = "24 00 64 05 00 00 00 00 03 AA BB CC DD 12 34";
    assert_eq!(status_of(&mut machine, &mut field, weak), 0x042B);
}

#[test]
fn it_gets_hot_at_full_power() {
    let mut field = pad();
    let mut machine = ready(&mut field);
    assert_eq!(status_of(&mut machine, &mut field, "92 0A 8C"), 0);
    let search = "22 00 00 13 00 64";
    let refused = (0..10).find(|_| status_of(&mut machine, &mut field, search) == 0x0504);
    assert_eq!(refused, Some(HOT_SEARCHES + 1));
}

#[test]
fn a_search_tells_each_round_and_ends_with_a_keep_alive() {
    let mut field = pad();
    let mut machine = ready(&mut field);
    let start = hex("2F 00 00 01 22 00 00 05 07 22 10 00 1B 00 64 01 FF");
    assert_eq!(machine.answer(start[0], &start[1..], &mut field).status, 0);
    let frames = machine.search_and_tell(&mut field);
    // One tag alone every 32 ms, the first after 10 (captured).
    let times: Vec<_> = frames.iter().map(|(at, ..)| at.as_millis()).collect();
    assert_eq!(times, [9, 41, 73, 100]);
    let (_, status, data) = &frames[0];
    assert_eq!((*status, &data[..9]), (0, &hex("10 00 1B 01 FF 01 01 D3 11")[..]));
    // The user bank is used, so the tag sets the bit; its checksum follows the UII.
    assert_eq!(data[22..], hex("00 50 1C 00 48 65 6C 6C 6F 21 68 A6"));
    assert_eq!(frames[3].1, 0x0400);
}
