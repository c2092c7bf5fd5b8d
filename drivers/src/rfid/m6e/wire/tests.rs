use proptest::prelude::*;

use super::*;

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
}

fn opaque(text: &str) -> Opaque {
    Opaque(hex(text))
}

fn decode(side: Side, bytes: &[u8]) -> Frame {
    match &Decoder::new(side).feed(bytes)[..] {
        [Decoded::Frame(frame)] => frame.clone(),
        other => panic!("not one frame: {other:?}"),
    }
}

fn command(text: &str, expected: &Command) {
    let frame = decode(Side::Host, &hex(text));
    assert_eq!(&Command::parse(&frame).unwrap(), expected, "{text}");
    assert_eq!(expected.to_frame().emit(), hex(text), "{expected:?}");
}

fn reply(text: &str, expected: &Reply) {
    let frame = decode(Side::Module, &hex(text));
    assert_eq!(&Reply::parse(&frame).unwrap(), expected, "{text}");
    assert_eq!(expected.to_frame().emit(), hex(text), "{expected:?}");
}

fn done(op: u8, data: &str) -> Reply {
    Reply::Done { op, data: opaque(data) }
}

fn failed(op: u8, status: Status) -> Reply {
    Reply::Failed { op, status, data: Opaque::default() }
}

fn get(op: Op, data: &str) -> Command {
    Command::Get { op, data: opaque(data) }
}

/// readers.md 5.2, the captures of an M5e (S9).
#[test]
fn captured_with_an_m5e() {
    let info = VersionInfo {
        boot: [0x07, 0x10, 0x23, 0x00],
        hardware: [0x01, 0x00, 0x00, 0x03],
        date: [0x20, 0x14, 0x10, 0x07],
        firmware: [0x01, 0x07, 0x02, 0x09],
        protocols: [0, 0, 0, 0x10],
    };
    let same = "07 10 23 00 01 00 00 03 20 14 10 07 01 07 02 09 00 00 00 10";
    command("FF 00 04 1D 0B", &Command::BootFirmware);
    reply(&format!("FF 14 04 00 00 {same} 52 51"), &Reply::Version { op: 0x04, info });
    command("FF 00 03 1D 0C", &Command::Version);
    reply(&format!("FF 14 03 00 00 {same} 5B D1"), &Reply::Version { op: 0x03, info });
    command("FF 01 97 02 4B BF", &Command::SetRegion(2));
    reply("FF 00 97 00 00 77 9E", &done(0x97, ""));
    command("FF 02 93 00 05 51 7D", &Command::use_gen2());
    reply("FF 00 93 00 00 37 1A", &done(0x93, ""));
    command("FF 01 62 01 BE BC", &get(Op::GetReadPower, "01"));
    reply("FF 07 62 00 00 01 08 FC 08 FC 03 E8 7A C9", &done(0x62, "01 08 FC 08 FC 03 E8"));
    command("FF 02 92 03 E8 42 B1", &Command::SetReadPower(1000));
    reply("FF 00 92 00 00 27 3B", &done(0x92, ""));
    command("FF 02 21 03 E8 D5 09", &Command::ReadSingle { timeout_ms: 1000 });
    reply(
        "FF 0E 21 00 00 E2 00 32 2F E2 0D F9 31 13 28 B7 E3 D1 00 AA D0",
        &Reply::Single { epc: opaque("E2 00 32 2F E2 0D F9 31 13 28 B7 E3"), tag_crc: 0xD100 },
    );
    reply("FF 00 21 04 00 B4 83", &failed(0x21, Status::NO_TAGS));
}

/// readers.md 5.2, composed frames.
#[test]
fn composed_frames() {
    command("FF 01 97 06 4B BB", &Command::SetRegion(6));
    command("FF 01 97 08 4B B5", &Command::SetRegion(8));
    command("FF 02 92 07 D0 46 89", &Command::SetReadPower(2000));
    command("FF 02 92 0A 8C 4B D5", &Command::SetReadPower(2700));
    command("FF 02 91 01 01 70 3B", &Command::SetAntenna { tx: 1, rx: 1 });
    command("FF 04 06 00 01 C2 00 A4 60", &Command::SetBaud(115_200));
    command("FF 03 9A 01 0C 00 A3 5D", &Command::SetOption { key: 0x0C, value: 0 });
    command("FF 00 2A 1D 25", &Command::ClearBuffer);
    command("FF 01 66 01 BA BC", &get(Op::GetGpio, "01"));
    command("FF 04 96 01 01 01 00 2C 68", &Command::SetGpio(opaque("01 01 01 00")));
    command("FF 02 96 01 01 00 DC", &Command::SetGpio(opaque("01 01")));
    let any = Access { selection: Selection::Any, password: Password(0) };
    command(
        "FF 0B 28 07 D0 10 00 00 03 00 00 00 00 00 AA D7",
        &Command::ReadData {
            timeout_ms: 2000,
            access: any.clone(),
            bank: Bank::User,
            address: 0,
            words: 0,
        },
    );
    command(
        "FF 0A 24 03 E8 00 00 00 00 00 03 00 EE 58 9D",
        &Command::WriteData {
            timeout_ms: 1000,
            access: any,
            bank: Bank::User,
            address: 0,
            data: opaque("00 EE"),
        },
    );
    let start = Command::StartReading { flags: 0x001B, timeout_ms: 1000, metadata: 0x01FF };
    command("FF 10 2F 00 00 01 22 00 00 05 07 22 10 00 1B 03 E8 01 FF DD 2B", &start);
    command("FF 03 2F 00 00 02 5E 86", &Command::StopReading);
}

fn helloish() -> TagRecord {
    TagRecord {
        read_count: 0x11,
        rssi_dbm: -32,
        antenna: 0x11,
        frequency_khz: 919_600,
        timestamp_ms: 8,
        phase: 0,
        protocol: 5,
        data_bits: 0,
        data: Opaque::default(),
        gpio: 0x01,
        said: opaque("1C 00 48 65 6C 6C 6F 21"),
        tag_crc: 0x68A6,
    }
}

/// Logs of the vendor's program with a Nano, in the public repository of S7, folder "Example
/// Communication Logs": continuous reading, "WriteEPC-SpecificTag" and "3-Ant Select".
#[test]
fn captured_while_a_nano_reads_continuously() {
    command("FF 03 91 02 01 01 42 C5", &Command::SetSearchAntenna { tx: 1, rx: 1 });
    reply("FF 00 91 00 00 17 58", &done(0x91, ""));
    reply("FF 00 9A 00 00 A6 33", &done(0x9A, ""));
    command("FF 00 0C 1D 03", &get(Op::GetProgram, ""));
    reply("FF 01 0C 00 00 52 63 03", &done(0x0C, "52"));
    reply("FF 04 2F 00 00 01 22 00 00 6D C3", &Reply::Started);
    reply("FF 01 2F 00 00 02 30 E6", &Reply::Stopped);
    reply("FF 00 22 04 00 84 E0", &failed(0x22, Status::NO_TAGS));
    let record = TagRecord {
        read_count: 1,
        rssi_dbm: -42,
        gpio: 0x0F,
        said: opaque("08 00 CC DD"),
        tag_crc: 0xB715,
        ..helloish()
    };
    let uii = record.uii().unwrap();
    assert_eq!((uii.pc, &uii.bytes[..]), (0x0800, &[0xCC, 0xDD][..]));
    reply(
        "FF 1E 22 00 00 10 00 1B 01 FF 01 01 D6 11 0E 08 30 00 00 00 08 00 00 05 00 00 0F 00 30 \
         08 00 CC DD B7 15 73 1A",
        &Reply::Tag { flags: 0x001B, metadata: 0x01FF, kind: 1, record },
    );
    let record = TagRecord {
        read_count: 1,
        rssi_dbm: -51,
        timestamp_ms: 10,
        gpio: 0x0F,
        said: opaque("30 00 00 00 00 00 00 00 00 00 00 00 15 45"),
        tag_crc: 0xE94A,
        ..helloish()
    };
    assert_eq!(record.uii().unwrap().bytes.len(), 12);
    reply(
        "FF 28 22 00 00 10 00 1B 01 FF 01 01 CD 11 0E 08 30 00 00 00 0A 00 00 05 00 00 0F 00 80 \
         30 00 00 00 00 00 00 00 00 00 00 00 15 45 E9 4A 02 37",
        &Reply::Tag { flags: 0x001B, metadata: 0x01FF, kind: 1, record },
    );
}

/// The same folder, "Access Password Setting", "Read single tag", "WriteData-2": search into the
/// buffer, and memory by EPC.
#[test]
fn captured_with_single_searches() {
    reply("FF 00 2A 00 00 01 E8", &done(0x2A, ""));
    command(
        "FF 05 22 00 00 13 01 F4 2B 19",
        &Command::ReadMultiple { flags: search_flag::USUAL, timeout_ms: 500 },
    );
    reply(
        "FF 07 22 00 00 00 00 13 00 00 00 01 8B 58",
        &Reply::Found { option: 0, flags: 0x0013, count: 1 },
    );
    command("FF 03 29 01 FF 00 1B 03", &Command::GetBuffer { metadata: metadata::ALL });
    reply(
        "FF 20 29 00 00 01 FF 00 01 11 E0 11 0E 08 30 00 00 00 08 00 00 05 00 00 01 00 50 1C 00 \
         48 65 6C 6C 6F 21 68 A6 DC 9C",
        &Reply::Buffer { metadata: metadata::ALL, option: 0, records: vec![helloish()] },
    );
    let by_epc =
        Access { selection: Selection::Epc(opaque("48 65 6C 6C 6F 21")), password: Password(0) };
    command(
        "FF 16 28 03 E8 11 00 00 00 00 00 00 02 02 00 00 00 00 30 48 65 6C 6C 6F 21 76 8D",
        &Command::ReadData {
            timeout_ms: 1000,
            access: by_epc,
            bank: Bank::Reserved,
            address: 2,
            words: 2,
        },
    );
    reply(
        "FF 07 28 00 00 11 00 00 AA BB CC DD 86 C5",
        &Reply::Data { option: 0x11, data: opaque("AA BB CC DD") },
    );
    reply("FF 00 28 04 23 25 89", &failed(0x28, Status::MEMORY_OVERRUN));
    let any = Access { selection: Selection::Any, password: Password(0) };
    command(
        "FF 0C 24 03 E8 00 00 00 00 02 00 EE FF 11 22 4A 8B",
        &Command::WriteData {
            timeout_ms: 1000,
            access: any.clone(),
            bank: Bank::Reserved,
            address: 2,
            data: opaque("EE FF 11 22"),
        },
    );
    reply("FF 00 24 00 00 E0 26", &done(0x24, ""));
    command(
        "FF 06 23 03 E8 00 00 AA BB 62 4E",
        &Command::WriteEpc { timeout_ms: 1000, access: any, epc: opaque("AA BB") },
    );
    reply("FF 00 23 04 24 94 E5", &failed(0x23, Status::LOCKED));
    let by_epc = Access { selection: Selection::Epc(opaque("AA BB CC DD")), password: Password(0) };
    command(
        "FF 12 23 03 E8 01 00 00 00 00 20 AA BB CC DD AA BB CC DD EE FF 2F FA",
        &Command::WriteEpc { timeout_ms: 1000, access: by_epc, epc: opaque("AA BB CC DD EE FF") },
    );
}

#[test]
fn it_is_not_the_usual_checksum() {
    // CRC-16/IBM-3740 of the same is 29B1.
    assert_ne!(crc16(b"123456789"), 0x29B1);
    assert_eq!(crc16(&hex("00 03")), 0x1D0C);
}

#[test]
fn passwords_and_what_tags_say_are_not_shown() {
    let access =
        Access { selection: Selection::Epc(opaque("12 34")), password: Password(0xDEAD_BEEF) };
    let shown =
        format!("{access:?} {:?} {:?}", helloish(), decode(Side::Host, &hex("FF 01 97 06 4B BB")));
    for secret in ["DEAD", "3735928559", "0x12", "18, 52", "48656C", "72, 101"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn split_anywhere_and_damaged_in_front() {
    let good =
        hex("FF 1E 22 00 00 10 00 1B 01 FF 01 01 D6 11 0E 08 30 00 00 00 08 00 00 05 00 00 \
                    0F 00 30 08 00 CC DD B7 15 73 1A");
    for cut in 0..=good.len() {
        let mut decoder = Decoder::new(Side::Module);
        let mut found = decoder.feed(&good[..cut]);
        found.extend(decoder.feed(&good[cut..]));
        assert!(matches!(&found[..], [Decoded::Frame(frame)] if frame.emit() == good), "{cut}");
    }
    let mut stream = hex("00 13 FF FF 04 FF");
    stream.extend(&good);
    let mut decoder = Decoder::new(Side::Module);
    let mut found = decoder.feed(&stream);
    found.extend(decoder.flush());
    let frames = found.iter().filter(|item| matches!(item, Decoded::Frame(_))).count();
    assert_eq!(frames, 1, "{found:?}");
}

fn bytes_of(decoded: &[Decoded]) -> Vec<u8> {
    decoded
        .iter()
        .flat_map(|item| match item {
            Decoded::Frame(frame) => frame.emit(),
            Decoded::Skipped { bytes, .. } => bytes.clone(),
        })
        .collect()
}

proptest! {
    #[test]
    fn every_byte_comes_out_once(
        line in proptest::collection::vec(prop_oneof![Just(0xFF), any::<u8>()], 0..600),
        chunk in 1_usize..40,
        host: bool,
    ) {
        let mut decoder = Decoder::new(if host { Side::Host } else { Side::Module });
        let mut found = Vec::new();
        for piece in line.chunks(chunk) {
            found.extend(decoder.feed(piece));
            prop_assert!(decoder.pending() < FRAME_MAX);
        }
        found.extend(decoder.flush());
        prop_assert_eq!(bytes_of(&found), line);
    }

    #[test]
    fn what_is_understood_is_written_the_same(
        op in prop_oneof![
            Just(0x22_u8), Just(0x23), Just(0x24), Just(0x28), Just(0x29), Just(0x2F), any::<u8>()
        ],
        data in proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(0x10), any::<u8>()], 0..80),
        status in prop_oneof![Just(0_u16), any::<u16>()],
    ) {
        let frame = Frame::host(op, data.clone());
        if let Ok(command) = Command::parse(&frame) {
            prop_assert_eq!(&command.to_frame(), &frame);
        }
        let frame = Frame::module(op, status, data);
        if let Ok(reply) = Reply::parse(&frame) {
            prop_assert_eq!(&reply.to_frame(), &frame);
            if let Reply::Tag { record, .. } = reply {
                let _ = record.uii();
            }
        }
    }
}
