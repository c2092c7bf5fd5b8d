use proptest::prelude::*;

use super::*;
use crate::rfid::Uid;

const UID: [u8; 8] = [0xE0, 0x04, 0x01, 0x00, 0x31, 0x23, 0xAA, 0x26];
const UID_TEXT: &str = "E0 04 01 00 31 23 AA 26";
const TAG: Target = Target::Tag(UID);
const INVENTORY: HostCommand = HostCommand::Inventory { notify: None, presence: false };

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
}

fn only_frames(found: Vec<Decoded>) -> Vec<Frame> {
    found
        .into_iter()
        .filter_map(|d| match d {
            Decoded::Frame(frame) => Some(frame),
            Decoded::Skipped { .. } => None,
        })
        .collect()
}

fn frames(bytes: &[u8]) -> Vec<Frame> {
    let mut decoder = Decoder::new();
    let found = decoder.feed(bytes);
    assert_eq!(decoder.pending(), 0);
    only_frames(found)
}

fn the_frame(bytes: &[u8]) -> Frame {
    let [frame] = &frames(bytes)[..] else { panic!("not one frame: {bytes:02X?}") };
    frame.clone()
}

fn check_command_as(form: Form, text: &str, command: &Command) {
    let bytes = hex(text);
    assert_eq!(command.to_frame(form, 0xFF).emit(), bytes, "{command:?}");
    let frame = the_frame(&bytes);
    assert_eq!((frame.form, frame.address), (form, 0xFF));
    assert_eq!(Command::parse(&frame), Ok(command.clone()));
}

fn check_command(text: &str, command: &Command) {
    check_command_as(Form::Standard, text, command);
}

fn check_host(text: &str, command: HostCommand) {
    check_command(text, &Command::Host(command));
}

/// From a reader at address 00.
fn check_reply(text: &str, command: &Command, reply: &Reply) {
    let bytes = hex(text);
    assert_eq!(reply.to_frame(Form::Standard, 0).emit(), bytes, "{reply:?}");
    assert_eq!(Reply::parse(&the_frame(&bytes), command), Ok(reply.clone()));
}

/// readers.md 2.6, the commands. Those of 65, 66, 69, 52 and the inventory are what the public
/// driver of a real CPR.M02 sends (Biblio-RFID, CPRM02.pm).
#[test]
fn commands_of_the_document() {
    check_command("05 FF 65 E5 CB", &Command::SoftwareVersion);
    check_command_as(Form::Advanced, "02 00 07 FF 65 6E 61", &Command::SoftwareVersion);
    check_command("05 FF 69 89 01", &Command::RfReset);
    check_command("06 FF 52 00 0F 6E", &Command::BaudDetect);
    check_command("06 FF 66 00 CD BF", &Command::ReaderInfo { mode: 0 });
    check_command("06 FF 80 05 29 55", &Command::ReadConfig { address: 5 });
    check_command(
        "0D FF 71 00 15 00 00 00 05 00 00 17 B8",
        &Command::SetOutput { states: 0x0015, rates: 0, states_time: 5, out_time: 0 },
    );
    check_host("07 FF B0 01 00 1C 56", INVENTORY);
    check_command_as(Form::Advanced, "02 00 09 FF B0 01 00 18 43", &Command::Host(INVENTORY));
    check_host("07 FF B0 01 80 14 D2", HostCommand::More);
    check_host(
        "11 FF B0 23 01 E0 04 01 00 31 23 AA 26 00 08 61 A8",
        HostCommand::ReadBlocks { target: TAG, security: false, first: 0, count: 8 },
    );
    check_host(
        "1A FF B0 24 01 E0 04 01 00 31 23 AA 26 00 02 04 11 22 33 44 55 66 77 88 78 D5",
        HostCommand::WriteBlocks {
            target: TAG,
            first: 0,
            size: 4,
            data: hex("11 22 33 44 55 66 77 88"),
        },
    );
    check_host(
        "10 FF B0 27 01 E0 04 01 00 31 23 AA 26 DA 1D 5A",
        HostCommand::WriteAfi { target: TAG, afi: 0xDA },
    );
    check_host("0F FF B0 2B 01 E0 04 01 00 31 23 AA 26 4C 6E", HostCommand::SystemInfo(TAG));
}

/// readers.md 2.6, the replies.
#[test]
fn replies_of_the_document() {
    check_reply("06 00 69 00 F6 FA", &Command::RfReset, &Reply::Done { code: 0x69 });
    check_reply("06 00 52 00 FC A8", &Command::BaudDetect, &Reply::Done { code: 0x52 });
    let inventory = Command::Host(INVENTORY);
    let failed = Reply::Failed { code: 0xB0, status: Status::NO_TAG, detail: vec![] };
    check_reply("06 00 B0 01 5C 63", &inventory, &failed);
    let other = [0xE0, 0x04, 0x01, 0x00, 0x31, 0x23, 0xAA, 0x27];
    let record = |uid| Record::Iso15693 { dsfid: 0, uid };
    let found = |records| Reply::Inventory(Inventory { status: Status::OK, records });
    check_reply(
        "1B 00 B0 00 02 03 00 E0 04 01 00 31 23 AA 26 03 00 E0 04 01 00 31 23 AA 27 F7 A5",
        &inventory,
        &found(vec![record(UID), record(other)]),
    );
    check_reply(
        "11 00 B0 00 01 03 00 E0 04 01 00 31 23 AA 26 85 F8",
        &inventory,
        &found(vec![record(UID)]),
    );
    let blocks: Vec<Block> =
        (0..8).map(|i| Block { security: 0, data: vec![0x11, 0x22, 0x33, i] }).collect();
    let listed: String = (0..8).map(|i| format!(" 00 11 22 33 0{i}")).collect();
    let read = HostCommand::ReadBlocks { target: TAG, security: false, first: 0, count: 8 };
    check_reply(
        &format!("30 00 B0 00 08 04{listed} 34 C6"),
        &Command::Host(read),
        &Reply::Blocks { size: 4, blocks },
    );
}

/// Frames between a real reader and its host, kept in a public Arduino sketch that stands in the
/// line between the two: configuration (CFG1 at 38400 8E1 and 400 ms, CFG5 with ONT off, both to
/// EEPROM), restart, and an inventory with its four answers.
#[test]
fn captured_frames() {
    let mut cfg1 = [0; CONFIG_LEN];
    (cfg1[2], cfg1[3], cfg1[5], cfg1[7]) = (0x08, 0x01, 0x05, 0x04);
    let write = |address, data| Command::WriteConfig { address, data };
    check_command(
        "14 FF 81 81 00 00 08 01 00 05 00 04 00 00 00 00 00 00 31 CA",
        &write(0x81, cfg1),
    );
    check_command(
        "14 FF 81 85 00 00 00 00 00 00 00 00 00 00 00 00 00 00 9B A0",
        &write(0x85, [0; CONFIG_LEN]),
    );
    check_reply("06 00 81 00 AF DD", &write(0x81, cfg1), &Reply::Done { code: 0x81 });
    check_command("05 FF 63 D3 AE", &Command::CpuReset);
    check_reply("06 00 63 00 86 07", &Command::CpuReset, &Reply::Done { code: 0x63 });
    let inventory = Command::Host(INVENTORY);
    let listed = |status, records| Reply::Inventory(Inventory { status, records });
    for (last, crc) in [([0x50, 0x24], "80 75"), ([0x4F, 0xBC], "18 7B")] {
        let uid = [0xE0, 0x16, 0x80, 0xFF, 0x08, 0x00, last[0], last[1]];
        check_reply(
            &format!(
                "11 00 B0 00 01 03 00 E0 16 80 FF 08 00 {:02X} {:02X} {crc}",
                last[0], last[1]
            ),
            &inventory,
            &listed(Status::OK, vec![Record::Iso15693 { dsfid: 0, uid }]),
        );
    }
    check_reply("07 00 B0 83 00 B2 2C", &inventory, &listed(Status::RF_COMMUNICATION, vec![]));
    let failed = Reply::Failed { code: 0xB0, status: Status::LENGTH_ERROR, detail: vec![] };
    check_reply("06 00 B0 81 54 E7", &inventory, &failed);
}

/// Frames pinned in the tests of a public .NET driver (Amarok79/InlayTester.Drivers.FeigReader);
/// the version is a CPR40's.
#[test]
fn frames_of_another_driver() {
    assert_eq!(crc16(b"123456789"), 0x6F91);
    let version = Version {
        software: [3, 3],
        development: 0,
        hardware: 0x44,
        model: 0x53,
        tags: 0x0D30,
        buffers: None,
    };
    let reply = Reply::Version { code: 0x65, version };
    check_reply("0D 00 65 00 03 03 00 44 53 0D 30 33 09", &Command::SoftwareVersion, &reply);
    let advanced = hex("02 00 0F 00 65 00 03 03 00 44 53 0D 30 74 69");
    assert_eq!(reply.to_frame(Form::Advanced, 0).emit(), advanced);
    assert_eq!(Reply::parse(&the_frame(&advanced), &Command::SoftwareVersion), Ok(reply));
    let read = Command::ReadConfig { address: 7 };
    assert_eq!(read.to_frame(Form::Standard, 0x12).emit(), hex("06 12 80 07 E5 80"));
    assert_eq!(read.to_frame(Form::Advanced, 0x12).emit(), hex("02 00 08 12 80 07 A0 2D"));
}

/// Rows of readers.md 2.3 and 2.4 without an example frame: the body is pinned, byte by byte.
#[test]
fn bodies_of_commands() {
    let check = |text: &str, command: Command| {
        let frame = command.to_frame(Form::Standard, 0);
        assert_eq!(frame.body, hex(&text.replace("UID", UID_TEXT)), "{command:?}");
        assert_eq!(Command::parse(&frame), Ok(command));
    };
    check("63", Command::CpuReset);
    check("6A 01", Command::RfOutput { output: 1 });
    check("74", Command::GetInput);
    check("82 45", Command::SaveConfig { address: 0x45 });
    check("83 C0", Command::DefaultConfig { address: 0xC0 });
    let data = core::array::from_fn(|i| i as u8);
    check(
        "81 05 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D",
        Command::WriteConfig { address: 5, data },
    );
    let host = |text: &str, command| check(text, Command::Host(command));
    host("B0 01 40 05", HostCommand::Inventory { notify: Some(5), presence: false });
    host("B0 01 20", HostCommand::Inventory { notify: None, presence: true });
    host("B0 02 01 UID", HostCommand::StayQuiet(UID));
    host("B0 22 01 UID 03 01", HostCommand::LockBlocks { target: TAG, first: 3, count: 1 });
    let security = HostCommand::ReadBlocks { target: TAG, security: true, first: 0, count: 2 };
    host("B0 23 09 UID 00 02", security);
    let selected = Target::Selected;
    host(
        "B0 23 02 00 02",
        HostCommand::ReadBlocks { target: selected, security: false, first: 0, count: 2 },
    );
    let uid = Uid::iso15693(UID);
    host("B0 25 01 UID", HostCommand::Select { uid, with_length: false, card_info: false });
    let uid = Uid::new(&[4, 5, 6, 7]).unwrap();
    host(
        "B0 25 31 04 04 05 06 07",
        HostCommand::Select { uid, with_length: true, card_info: true },
    );
    host("B0 26 01 UID", HostCommand::ResetToReady(TAG));
    host("B0 28 01 UID", HostCommand::LockAfi(TAG));
    host("B0 29 01 UID 3E", HostCommand::WriteDsfid { target: TAG, dsfid: 0x3E });
    host("B0 2A 01 UID", HostCommand::LockDsfid(TAG));
    host("B0 2B 00", HostCommand::SystemInfo(Target::Any));
    host("B0 2C 01 UID 00 1C", HostCommand::BlockSecurity { target: TAG, first: 0, count: 28 });
    host("B0 C0 01 UID", HostCommand::Halt(TAG));
    // FEIG H60301-3e, 8 and 8.3: manufacturer, command, mode, UID.
    host("B1 04 A2 01 UID", HostCommand::Eas { what: Eas::Set, target: TAG });
    host("B1 04 A3 01 UID", HostCommand::Eas { what: Eas::Reset, target: TAG });
    host("B1 04 A4 01 UID", HostCommand::Eas { what: Eas::Lock, target: TAG });
    host("B1 04 A5 01 UID", HostCommand::Eas { what: Eas::Alarm, target: TAG });
}

#[test]
fn bodies_of_replies() {
    let check = |text: &str, command: Command, reply: Reply| {
        let body = hex(&text.replace("UID", UID_TEXT));
        let frame = Frame { form: Form::Standard, address: 0, body };
        assert_eq!(Reply::parse(&frame, &command), Ok(reply.clone()), "{text}");
        assert_eq!(reply.to_frame(Form::Standard, 0), frame);
    };
    let host = |text: &str, command, reply| check(text, Command::Host(command), reply);
    let version = |buffers| Version {
        software: [1, 4],
        development: 0,
        hardware: 2,
        model: 80,
        tags: 0x0038,
        buffers,
    };
    // LENGTH 0D and 11 in the document.
    check(
        "65 00 01 04 00 02 50 00 38",
        Command::SoftwareVersion,
        Reply::Version { code: 0x65, version: version(None) },
    );
    check(
        "66 00 01 04 00 02 50 00 38 01 00 02 00",
        Command::ReaderInfo { mode: 0 },
        Reply::Version { code: 0x66, version: version(Some((0x100, 0x200))) },
    );
    let device = DeviceId {
        device: [1, 2, 3, 4],
        customer: [5, 6, 7, 8],
        firmware: [9, 10],
        tag_driver: [11, 12],
        functions: [13, 14],
        spare: [15, 16],
    };
    check(
        "66 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10",
        Command::ReaderInfo { mode: 0x80 },
        Reply::Device(device),
    );
    check("74 00 11", Command::GetInput, Reply::Inputs(0x11));
    check(
        "81 16",
        Command::WriteConfig { address: 63, data: [0; 14] },
        Reply::Failed { code: 0x81, status: Status::CONFIG_WRITE, detail: vec![] },
    );
    let info = SystemInfo { dsfid: 6, uid: UID, afi: 7, memory: [3, 0x1B], ic_reference: 1 };
    host("B0 00 06 UID 07 03 1B 01", HostCommand::SystemInfo(TAG), Reply::SystemInfo(info));
    let security = HostCommand::BlockSecurity { target: TAG, first: 0, count: 2 };
    host("B0 00 02 00 01", security, Reply::Security(vec![0, 1]));
    let write = HostCommand::WriteBlocks { target: TAG, first: 0, size: 4, data: vec![0; 8] };
    let failed = |status, detail: &str| Reply::Failed { code: 0xB0, status, detail: hex(detail) };
    host("B0 03 01", write.clone(), failed(Status::WRITE_ERROR, "01"));
    host("B0 95 12 01", write, failed(Status::ISO15693_ERROR, "12 01"));
    let listed = |status, records| Reply::Inventory(Inventory { status, records });
    let records = vec![
        Record::Iso14443A { info: 0, option: 0, uid: hex("00 00 00 DE AD BE EF") },
        Record::Iso14443A { info: 4, option: 0, uid: hex("01 02 03 04 05 06 07 08 09 0A") },
        Record::Iso14443B { protocol: 1, application: [2; 4], pupi: [3; 4] },
    ];
    host(
        "B0 94 03 04 00 00 00 00 00 DE AD BE EF 04 04 00 01 02 03 04 05 06 07 08 09 0A \
         05 01 02 02 02 02 03 03 03 03",
        INVENTORY,
        listed(Status::MORE_DATA, records),
    );
    host(
        "B0 83 01 03 06 UID",
        HostCommand::More,
        listed(Status::RF_COMMUNICATION, vec![Record::Iso15693 { dsfid: 6, uid: UID }]),
    );
    host("B0 93", INVENTORY, failed(Status::BUFFER_OVERFLOW, ""));
}

#[test]
fn card_uids_lose_their_fill() {
    let card = |info, uid: &str| Record::Iso14443A { info, option: 0, uid: hex(uid) };
    assert_eq!(card(0, "00 00 00 DE AD BE EF").card_uid(), Some(&hex("DE AD BE EF")[..]));
    assert_eq!(card(0, "04 00 00 01 02 03 04").card_uid(), Some(&hex("04 00 00 01 02 03 04")[..]));
    let long = "00 00 00 01 02 03 04 05 06 07";
    assert_eq!(card(4, long).card_uid(), Some(&hex(long)[..]));
    assert_eq!(Record::Iso15693 { dsfid: 0, uid: UID }.card_uid(), None);
}

#[test]
fn wrong_fields_are_named() {
    let command = |text: &str| {
        let frame = Frame { form: Form::Standard, address: 0xFF, body: hex(text) };
        Command::parse(&frame).unwrap_err().to_string()
    };
    assert_eq!(command("B0 27 01 E0 04"), "frame B0 ends inside UID");
    assert_eq!(command("65 00"), "frame 65 has 1 bytes too many");
    assert_eq!(command("B0 01 C0 05"), "frame B0: mode cannot be 0xC0");
    assert_eq!(command("B0 2D 00"), "frame B0: sub-command cannot be 0x2D");
    assert_eq!(command("B1 07 A2 00"), "frame B1: manufacturer cannot be 0x07");
    let reply = |text: &str| {
        let frame = Frame { form: Form::Standard, address: 0, body: hex(text) };
        Reply::parse(&frame, &Command::Host(INVENTORY)).unwrap_err().to_string()
    };
    assert_eq!(reply("65 00"), "frame B0: command code cannot be 0x65");
    assert_eq!(reply("B0 00 01 08 01 02 03 04"), "frame B0: TR-TYPE cannot be 0x08");
    assert_eq!(reply("B0 00 02 03 00 E0 04 01 00 31 23 AA 26"), "frame B0 ends inside TR-TYPE");
}

/// A reply that does not fit a standard frame is advanced, whatever was asked.
#[test]
fn long_frames_are_advanced() {
    let records = vec![Record::Iso15693 { dsfid: 0, uid: UID }; 25];
    let reply = Reply::Inventory(Inventory { status: Status::OK, records });
    let frame = reply.to_frame(Form::Standard, 0);
    assert_eq!((frame.form, frame.line_len()), (Form::Advanced, 259));
    let bytes = frame.emit();
    assert_eq!(bytes[..3], [STX, 0x01, 0x03]);
    assert_eq!(Reply::parse(&the_frame(&bytes), &Command::Host(INVENTORY)), Ok(reply));
}

const STREAM: &str = "06 00 69 00 F6 FA \
    02 00 09 FF B0 01 00 18 43 \
    11 00 B0 00 01 03 00 E0 04 01 00 31 23 AA 26 85 F8";

#[test]
fn any_split_gives_the_same_frames() {
    let bytes = hex(STREAM);
    let whole = frames(&bytes);
    assert_eq!(whole.len(), 3);
    for cut in 0..=bytes.len() {
        let mut decoder = Decoder::new();
        let mut found = decoder.feed(&bytes[..cut]);
        found.extend(decoder.feed(&bytes[cut..]));
        assert_eq!(only_frames(found), whole, "cut at {cut}");
    }
    let mut decoder = Decoder::new();
    let single = bytes.iter().flat_map(|b| decoder.feed(std::slice::from_ref(b))).collect();
    assert_eq!(only_frames(single), whole);
}

#[test]
fn a_good_frame_behind_damage_is_found() {
    let good = hex("06 00 69 00 F6 FA");
    let mut decoder = Decoder::new();
    // Noise, an impossible length, a damaged frame, then the good one.
    let mut bytes = hex("00 04 02 FF FF 05 FF 65 E5 CC");
    bytes.extend(&good);
    // FF is a length too, so only silence shows that it is none.
    let mut found = decoder.feed(&bytes);
    found.extend(decoder.flush());
    let (frames, mut skipped) = (only_frames(found.clone()), Vec::new());
    assert_eq!(frames.iter().map(Frame::emit).collect::<Vec<_>>(), std::slice::from_ref(&good));
    for item in found {
        if let Decoded::Skipped { bytes, .. } = item {
            skipped.extend(bytes);
        }
    }
    assert_eq!(skipped, hex("00 04 02 FF FF 05 FF 65 E5 CC"));

    // A false start that swallows the frame is given up once the line is quiet.
    let mut bytes = hex("02 0F 60");
    bytes.extend(&good);
    assert_eq!(decoder.feed(&bytes), []);
    assert_eq!(only_frames(decoder.flush()), [the_frame(&good)]);
    assert_eq!(decoder.pending(), 0);
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![Just(Target::Any), Just(Target::Selected), any::<[u8; 8]>().prop_map(Target::Tag),]
}

fn eas() -> impl Strategy<Value = Eas> {
    prop_oneof![Just(Eas::Set), Just(Eas::Reset), Just(Eas::Lock), Just(Eas::Alarm)]
}

fn host() -> impl Strategy<Value = HostCommand> {
    let run = || (target(), any::<u8>(), any::<u8>());
    let select = (proptest::collection::vec(any::<u8>(), 1..=12), any::<bool>());
    prop_oneof![
        (any::<Option<u8>>(), any::<bool>())
            .prop_map(|(notify, presence)| HostCommand::Inventory { notify, presence }),
        Just(HostCommand::More),
        any::<[u8; 8]>().prop_map(HostCommand::StayQuiet),
        run().prop_map(|(target, first, count)| HostCommand::LockBlocks { target, first, count }),
        (run(), any::<bool>()).prop_map(|((target, first, count), security)| {
            HostCommand::ReadBlocks { target, security, first, count }
        }),
        (target(), any::<u8>(), proptest::collection::vec(any::<[u8; 4]>(), 0..=32)).prop_map(
            |(target, first, data)| {
                HostCommand::WriteBlocks { target, first, size: 4, data: data.concat() }
            }
        ),
        select.prop_map(|(uid, card_info)| HostCommand::Select {
            uid: Uid::new(&uid).unwrap(),
            with_length: true,
            card_info,
        }),
        (any::<[u8; 8]>(), any::<bool>()).prop_map(|(uid, card_info)| HostCommand::Select {
            uid: Uid::iso15693(uid),
            with_length: false,
            card_info,
        }),
        target().prop_map(HostCommand::ResetToReady),
        (target(), any::<u8>()).prop_map(|(target, afi)| HostCommand::WriteAfi { target, afi }),
        target().prop_map(HostCommand::LockAfi),
        (target(), any::<u8>())
            .prop_map(|(target, dsfid)| HostCommand::WriteDsfid { target, dsfid }),
        target().prop_map(HostCommand::LockDsfid),
        target().prop_map(HostCommand::SystemInfo),
        run().prop_map(|(target, first, count)| HostCommand::BlockSecurity {
            target,
            first,
            count
        }),
        target().prop_map(HostCommand::Halt),
        (eas(), target()).prop_map(|(what, target)| HostCommand::Eas { what, target }),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::BaudDetect),
        Just(Command::CpuReset),
        Just(Command::SoftwareVersion),
        any::<u8>().prop_map(|mode| Command::ReaderInfo { mode }),
        Just(Command::RfReset),
        any::<u8>().prop_map(|output| Command::RfOutput { output }),
        any::<[u16; 4]>().prop_map(|[states, rates, states_time, out_time]| {
            Command::SetOutput { states, rates, states_time, out_time }
        }),
        Just(Command::GetInput),
        any::<u8>().prop_map(|address| Command::ReadConfig { address }),
        (any::<u8>(), any::<[u8; CONFIG_LEN]>())
            .prop_map(|(address, data)| Command::WriteConfig { address, data }),
        any::<u8>().prop_map(|address| Command::SaveConfig { address }),
        any::<u8>().prop_map(|address| Command::DefaultConfig { address }),
        host().prop_map(Command::Host),
        host().prop_map(Command::Host),
        proptest::collection::vec(any::<u8>(), 0..400)
            .prop_map(|data| Command::Other { code: 0x6E, data }),
    ]
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![Just(Form::Standard), Just(Form::Advanced)]
}

proptest! {
    #[test]
    fn commands_emit_and_parse_meet(
        command in command(), form in form(), address: u8, junk in 0u8..2,
    ) {
        let mut bytes = vec![junk];
        bytes.extend(command.to_frame(form, address).emit());
        let found = frames(&bytes);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(found[0].address, address);
        prop_assert_eq!(Command::parse(&found[0]), Ok(command));
    }

    #[test]
    fn what_parses_as_a_reply_emits_the_same_body(
        command in command(),
        status in prop_oneof![
            4 => Just(0u8), 1 => Just(0x94), 1 => Just(0x83), 1 => Just(0x95), 1 => any::<u8>()
        ],
        rest in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..60),
            proptest::collection::vec(prop_oneof![0u8..6, any::<u8>()], 0..60),
        ],
    ) {
        let mut body = vec![command.code(), status];
        body.extend(rest);
        let frame = Frame { form: Form::Standard, address: 0, body };
        if let Ok(reply) = Reply::parse(&frame, &command) {
            // An inventory without a count is written with a count of 0.
            let lossy = matches!(&reply, Reply::Inventory(i) if i.records.is_empty());
            if !lossy {
                prop_assert_eq!(reply.to_frame(Form::Standard, 0), frame);
            }
        }
    }

    #[test]
    fn bytes_never_panic_and_come_out_once(
        pieces in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..80),
                proptest::collection::vec(prop_oneof![Just(0x02u8), Just(0), Just(7)], 0..80),
                (command(), form()).prop_map(|(c, form)| c.to_frame(form, 0xFF).emit()),
            ],
            0..12,
        ),
        asked in command(),
    ) {
        let mut decoder = Decoder::new();
        let mut out = Vec::new();
        for piece in &pieces {
            out.extend(decoder.feed(piece));
            prop_assert!(decoder.pending() < FRAME_MAX);
        }
        out.extend(decoder.flush());
        let mut back = Vec::new();
        for decoded in out {
            match decoded {
                Decoded::Frame(frame) => {
                    let _ = Command::parse(&frame);
                    let _ = Reply::parse(&frame, &asked);
                    back.extend(frame.emit());
                }
                Decoded::Skipped { bytes, .. } => back.extend(bytes),
            }
        }
        prop_assert_eq!(back, pieces.concat());
    }
}
