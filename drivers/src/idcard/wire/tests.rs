use proptest::prelude::*;

use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
}

/// peripherals.md 3.2, as published.
const FOUND: &str = "AA AA AA 96 69 00 08 00 00 9F 00 00 00 00 97";
const NONE: &str = "AA AA AA 96 69 00 04 00 00 80 84";
const SELECTED: &str = "AA AA AA 96 69 00 0C 00 00 90 00 00 00 00 00 00 00 00 9C";
const STATUS: &str = "AA AA AA 96 69 00 04 00 00 90 94";

#[test]
fn commands_as_published() {
    for (command, hex) in [
        (Command::Status, "AA AA AA 96 69 00 03 11 FF ED"),
        (Command::Find, "AA AA AA 96 69 00 03 20 01 22"),
        (Command::Select, "AA AA AA 96 69 00 03 20 02 21"),
        (Command::ReadBasic, "AA AA AA 96 69 00 03 30 01 32"),
    ] {
        assert_eq!(command.emit(), bytes(hex));
    }
}

#[test]
fn answers_as_published() {
    for (hex, code, len, command) in [
        (FOUND, sw3::FOUND, 4, Command::Find),
        (NONE, sw3::NOT_FOUND, 0, Command::Find),
        (SELECTED, sw3::OK, 8, Command::Select),
        (STATUS, sw3::OK, 0, Command::Status),
    ] {
        let found = Decoder::new().feed(&bytes(hex));
        let [reply] = &found[..] else { panic!("{found:?}") };
        assert_eq!((reply.status, reply.data.len()), ([0, 0, code], len));
        assert!(reply.answers(command));
        let others = Command::ALL.iter().filter(|other| **other != command);
        let refusal = code == sw3::NOT_FOUND;
        assert!(others.map(|other| reply.answers(*other)).all(|answers| answers == refusal));
    }
}

/// An answer to read basic data with a text and a photo of these lengths.
fn basic(text: usize, photo: usize) -> Vec<u8> {
    let len = 3 + 4 + text + photo + 1;
    let mut frame = PREAMBLE.to_vec();
    frame.extend(u16::try_from(len).unwrap().to_be_bytes());
    frame.extend([0, 0, sw3::OK]);
    frame.extend(u16::try_from(text).unwrap().to_be_bytes());
    frame.extend(u16::try_from(photo).unwrap().to_be_bytes());
    frame.extend((0..text + photo).map(|i| (i * 7) as u8));
    frame.push(frame[5..].iter().fold(0, |sum, byte| sum ^ byte));
    frame
}

#[test]
fn basic_data_has_the_length_computed() {
    let frame = basic(0x100, 0x400);
    assert_eq!((frame.len(), &frame[5..7]), (1295, &[0x05, 0x08][..]));
    let found = Decoder::new().feed(&frame);
    assert!(found[0].answers(Command::ReadBasic));
    assert_eq!(found[0].text().unwrap().len(), 256);
    assert_eq!(format!("{:?}", found[0]), "Reply(SW3 90, 1284 bytes)");
}

#[test]
fn lengths_that_do_not_fit_give_no_text() {
    let mut frame = basic(0x100, 0x400);
    frame[11] ^= 1;
    let last = frame.len() - 1;
    frame[last] ^= 1;
    assert_eq!(Decoder::new().feed(&frame)[0].text(), None);
}

#[test]
fn every_split_gives_the_same() {
    let line = bytes(&format!("{FOUND} {SELECTED}"));
    for at in 0..line.len() {
        let mut decoder = Decoder::new();
        let mut found = decoder.feed(&line[..at]);
        found.extend(decoder.feed(&line[at..]));
        assert_eq!(found.len(), 2, "{at}");
        assert_eq!(decoder.pending(), 0);
    }
}

#[test]
fn damage_in_front_of_a_good_frame() {
    for (hex, damage) in [
        ("AA AA 00", Damage::NotAStart),
        ("AA AA AA 96 69 FF FF", Damage::BadLength),
        ("AA AA AA 96 69 00 00", Damage::BadLength),
        ("AA AA AA 96 69 00 04 00 00 80 85", Damage::BadCheck),
    ] {
        let mut decoder = Decoder::new();
        let found = decoder.feed(&bytes(&format!("{hex} {STATUS}")));
        assert_eq!(found.len(), 1, "{hex}");
        assert!(decoder.damage().is_some());
        let mut alone = Decoder::new();
        alone.feed(&bytes(&format!("{hex} 00 00 00 00 00")));
        assert!(alone.damage().is_some_and(|d| d == damage || d == Damage::NotAStart), "{hex}");
    }
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces(line in proptest::collection::vec(any::<u8>(), 0..4000), piece in 1usize..300) {
        let mut decoder = Decoder::new();
        let mut some = Vec::new();
        for piece in line.chunks(piece) {
            some.extend(decoder.feed(piece));
            prop_assert!(decoder.pending() < FRAME_MAX);
        }
        prop_assert_eq!(Decoder::new().feed(&line), some);
    }

    #[test]
    fn frames_between_noise_are_found(noise in proptest::collection::vec(0u8..0xAA, 0..40), text in 0usize..300, photo in 5usize..1100, piece in 1usize..300) {
        let line = [noise.clone(), basic(text, photo), noise, bytes(STATUS)].concat();
        let mut decoder = Decoder::new();
        let found: Vec<Reply> = line.chunks(piece).flat_map(|piece| decoder.feed(piece)).collect();
        prop_assert_eq!(found.len(), 2);
        prop_assert_eq!(found[0].text().map(<[u8]>::len), Some(text));
    }
}
