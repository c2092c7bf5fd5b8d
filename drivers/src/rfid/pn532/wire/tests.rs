use proptest::prelude::*;

use super::*;
use crate::rfid::Uid;

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
}

/// The frames in a stream, in one piece, with nothing but padding beside them.
fn frames(bytes: &[u8]) -> Vec<Frame> {
    let mut decoder = Decoder::new();
    let mut all = decoder.feed(bytes);
    all.extend(decoder.flush());
    let frame = |decoded| match decoded {
        Decoded::Frame(frame) => Some(frame),
        Decoded::Skipped { why: Skip::Padding, .. } => None,
        other => panic!("{other:?}"),
    };
    all.into_iter().filter_map(frame).collect()
}

fn one(bytes: &[u8]) -> Frame {
    let mut all = frames(bytes);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn card(number: u8, uid: &[u8]) -> Target {
    Target { number, atqa: [0x00, 0x04], sak: 0x08, uid: Uid::new(uid).unwrap(), ats: None }
}

fn desfire(number: u8, ats: Option<&[u8]>) -> Target {
    let uid = Uid::new(&[0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66]).unwrap();
    Target { number, atqa: [0x03, 0x44], sak: 0x20, uid, ats: ats.map(<[u8]>::to_vec) }
}

const LIST_ONE: Command = Command::ListTypeA { max: 1 };

/// readers.md section 6: every frame it pins.
#[test]
fn golden_commands() {
    let retries = Retries { atr: 0xFF, psl: 0x01, passive: 0x02 };
    let sam = Command::SamConfiguration { mode: 1, timeout: 0x14, irq: true };
    for (text, command) in [
        ("00 00 FF 02 FE D4 02 2A 00", Command::GetFirmwareVersion),
        ("00 00 FF 05 FB D4 14 01 14 01 02 00", sam),
        ("00 00 FF 04 FC D4 4A 01 00 E1 00", LIST_ONE),
        ("00 00 FF 04 FC D4 4A 02 00 E0 00", Command::ListTypeA { max: 2 }),
        ("00 00 FF 03 FD D4 44 01 E7 00", Command::Deselect { target: 1 }),
        ("00 00 FF 03 FD D4 52 00 DA 00", Command::Release { target: 0 }),
        ("00 00 FF 06 FA D4 32 05 FF 01 02 F3 00", Command::SetRetries(retries)),
        // As libnfc and nfcpy send it.
        ("00 00 FF 03 FD D4 12 00 1A 00", Command::SetParameters(0)),
    ] {
        assert_eq!(command.to_frame().emit(), hex(text), "{command:?}");
        assert_eq!(Command::parse(&one(&hex(text))), Ok(command));
    }
}

#[test]
fn golden_replies() {
    let firmware = Firmware { ic: 0x32, version: 1, revision: 6, support: 7 };
    for (text, reply) in [
        ("00 00 FF 06 FA D5 03 32 01 06 07 E8 00", Reply::Firmware(firmware)),
        ("00 00 FF 02 FE D5 15 16 00", Reply::Done { code: 0x14 }),
        ("00 00 FF 02 FE D5 33 F8 00", Reply::Done { code: 0x32 }),
        (
            "00 00 FF 0C F4 D5 4B 01 01 00 04 08 04 DE AD BE EF 96 00",
            Reply::Targets(vec![card(1, &[0xDE, 0xAD, 0xBE, 0xEF])]),
        ),
        ("00 00 FF 03 FD D5 4B 00 E0 00", Reply::Targets(vec![])),
    ] {
        assert_eq!(reply.to_frame().emit(), hex(text), "{reply:?}");
        assert_eq!(Reply::parse(&one(&hex(text))), Ok(reply));
    }
}

#[test]
fn golden_short_frames() {
    for (text, frame) in [
        ("00 00 FF 00 FF 00", Frame::Ack),
        ("00 00 FF FF 00 00", Frame::Nack),
        ("00 00 FF 01 FF 7F 81 00", Frame::SyntaxError),
    ] {
        assert_eq!(frame.emit(), hex(text));
        assert_eq!(one(&hex(text)), frame);
    }
}

/// A log of libnfc (nfc-tools/libnfc issue 86): acknowledge and reply in one piece.
#[test]
fn captured_acknowledge_and_reply_in_one_piece() {
    let found = frames(&hex("00 00 ff 00 ff 00 00 00 ff 03 fd d5 4b 00 e0 00"));
    assert_eq!(found, [Frame::Ack, Reply::Targets(vec![]).to_frame()]);
}

/// A reply of an ACR122, whose chip is a PN532 (nfc-tools/libnfc issue 476), in a frame.
#[test]
fn captured_listing() {
    let body = hex("4b 01 01 04 00 08 04 82 ac b9 5d");
    let reply = Reply::parse(&Frame::Info { side: Side::Chip, body });
    let mut target = card(1, &[0x82, 0xAC, 0xB9, 0x5D]);
    target.atqa = [0x04, 0x00];
    assert_eq!(reply, Ok(Reply::Targets(vec![target])));
}

#[test]
fn two_cards_with_and_without_ats() {
    let ats = [0x75, 0x77, 0x81, 0x02, 0x80];
    for targets in [
        vec![card(1, &[1, 2, 3, 4]), card(2, &[5, 6, 7, 8])],
        vec![desfire(1, Some(&ats)), card(2, &[5, 6, 7, 8])],
        vec![card(1, &[5, 6, 7, 8]), desfire(2, Some(&ats))],
        vec![desfire(1, None), desfire(2, None)],
        vec![desfire(1, Some(&ats)), desfire(2, Some(&[]))],
        vec![desfire(1, None)],
        vec![card(1, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])],
    ] {
        let reply = Reply::Targets(targets);
        assert_eq!(Reply::parse(&reply.to_frame()), Ok(reply));
    }
}

#[test]
fn impossible_listings_are_refused() {
    for body in [
        "4B",
        "4B 03",
        "4B 01",
        "4B 01 01 00 04 08 04 DE AD BE",
        "4B 01 01 00 04 08 03 DE AD BE",
        "4B 01 01 00 04 08 04 DE AD BE EF 00",
        "4B 01 02 00 04 08 04 DE AD BE EF",
        "4B 01 01 03 44 20 04 DE AD BE EF 00",
        "4B 00 00",
        "45",
        "15 00",
        "77",
    ] {
        let frame = Frame::Info { side: Side::Chip, body: hex(body) };
        assert!(Reply::parse(&frame).is_err(), "{body}");
    }
}

#[test]
fn extended_frames() {
    let body: Vec<u8> = (0..=255).chain(0..8).collect();
    let frame = Frame::Info { side: Side::Chip, body };
    let bytes = frame.emit();
    assert_eq!(bytes[..8], hex("00 00 FF FF FF 01 09 F6"));
    assert_eq!(bytes.len(), FRAME_MAX);
    assert_eq!(one(&bytes), frame);
    // 254 is the last body that a normal frame holds.
    for (len, head) in [(254, "00 00 FF FF 01 D5"), (255, "00 00 FF FF FF 01 00 FF D5")] {
        let frame = Frame::Info { side: Side::Chip, body: vec![7; len] };
        assert!(frame.emit().starts_with(&hex(head)), "{len}");
        assert_eq!(one(&frame.emit()), frame);
    }
}

#[test]
fn damage_is_named_and_a_frame_behind_it_is_found() {
    for (damaged, expected) in [
        ("00 00 FF 03 FD D5 4B 00 E1 00", Skip::BadChecksum),
        ("00 00 FF 03 FC D5 4B 00 E0 00", Skip::BadLength),
        ("00 00 FF 02 FE D6 4B DF 00", Skip::BadSide),
        ("00 00 FF 00 00 00", Skip::BadLength),
        ("00 00 FF FF FF 00 05 FB", Skip::BadLength),
        ("AA BB 00", Skip::NotAStart),
        ("00 00 00", Skip::Padding),
    ] {
        let mut decoder = Decoder::new();
        let mut all = decoder.feed(&[hex(damaged), Frame::Ack.emit()].concat());
        all.extend(decoder.flush());
        let Some(Decoded::Skipped { why, .. }) = all.first() else { panic!("{damaged}: {all:?}") };
        assert_eq!(*why, expected, "{damaged}");
        assert!(all.contains(&Decoded::Frame(Frame::Ack)), "{damaged}");
    }
    let mut decoder = Decoder::new();
    assert_eq!(decoder.feed(&hex("00 FF 03 FD D5")), []);
    assert!(matches!(decoder.flush()[..], [Decoded::Skipped { why: Skip::Incomplete, .. }]));
}

/// Every golden frame cut in two at every place, and byte by byte.
#[test]
fn all_splits() {
    let line = hex(
        "00 00 FF 00 FF 00 00 00 FF 0C F4 D5 4B 01 01 00 04 08 04 DE AD BE EF 96 00 00 00 FF 01 FF 7F 81 00",
    );
    let whole = frames(&line);
    assert_eq!(whole.len(), 3);
    for cut in 0..=line.len() {
        let mut decoder = Decoder::new();
        let mut all = decoder.feed(&line[..cut]);
        all.extend(decoder.feed(&line[cut..]));
        assert_eq!(only_frames(all), whole);
    }
    let mut decoder = Decoder::new();
    let all = line.iter().flat_map(|b| decoder.feed(&[*b])).collect();
    assert_eq!(only_frames(all), whole);
}

fn only_frames(all: Vec<Decoded>) -> Vec<Frame> {
    let frame = |decoded| match decoded {
        Decoded::Frame(frame) => Some(frame),
        Decoded::Skipped { .. } => None,
    };
    all.into_iter().filter_map(frame).collect()
}

#[test]
fn no_card_number_in_debug_texts() {
    let reply = Reply::Targets(vec![card(1, &[0xDE, 0xAD, 0xBE, 0xEF])]);
    let bytes = reply.to_frame().emit();
    let damaged = Decoder::new().feed(&bytes[3..]);
    for text in [format!("{reply:?}"), format!("{:?}", reply.to_frame()), format!("{damaged:?}")] {
        let text = text.to_uppercase();
        assert!(!text.contains("DE") || !text.contains("AD") || !text.contains("EF"), "{text}");
    }
}

fn some_uid() -> impl Strategy<Value = Uid> {
    prop_oneof![
        prop::array::uniform4(any::<u8>()).prop_map(|b| Uid::new(&b).unwrap()),
        prop::array::uniform7(any::<u8>()).prop_map(|b| Uid::new(&b).unwrap()),
        prop::array::uniform10(any::<u8>()).prop_map(|b| Uid::new(&b).unwrap()),
    ]
}

/// Cards as a chip in its usual setting reports them: those of ISO 14443-4 with their ATS.
fn some_targets() -> impl Strategy<Value = Vec<Target>> {
    let ats = prop::collection::vec(any::<u8>(), 0..20);
    let one = (any::<[u8; 2]>(), any::<u8>(), some_uid(), ats).prop_map(|(atqa, sak, uid, ats)| {
        Target { number: 0, atqa, sak, uid, ats: (sak & 0x20 != 0).then_some(ats) }
    });
    prop::collection::vec(one, 0..=2).prop_map(|mut targets| {
        targets.iter_mut().zip(1..).for_each(|(target, number)| target.number = number);
        targets
    })
}

proptest! {
    #[test]
    fn random_bytes_come_out_once(bytes: Vec<u8>, chunk in 1usize..50) {
        let mut decoder = Decoder::new();
        let mut all: Vec<Decoded> = bytes.chunks(chunk).flat_map(|b| decoder.feed(b)).collect();
        prop_assert!(decoder.pending() < FRAME_MAX);
        all.extend(decoder.flush());
        let back: Vec<u8> = all.iter().flat_map(|item| match item {
            Decoded::Frame(frame) => frame.bare(),
            Decoded::Skipped { bytes, .. } => bytes.clone(),
        }).collect();
        prop_assert_eq!(back, bytes);
    }

    #[test]
    fn random_bodies_never_panic(body in prop::collection::vec(any::<u8>(), 1..=BODY_MAX)) {
        for side in [Side::Host, Side::Chip] {
            let frame = Frame::Info { side, body: body.clone() };
            prop_assert_eq!(&one(&frame.emit()), &frame);
            if let Ok(command) = Command::parse(&frame) {
                prop_assert_eq!(command.to_frame(), frame.clone());
            }
            if let Ok(reply) = Reply::parse(&frame) {
                prop_assert_eq!(reply.to_frame(), frame);
            }
        }
    }

    #[test]
    fn listings_read_back(targets in some_targets()) {
        let reply = Reply::Targets(targets);
        prop_assert_eq!(Reply::parse(&reply.to_frame()), Ok(reply));
    }
}
