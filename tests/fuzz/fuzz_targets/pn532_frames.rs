//! Any bytes on the line of a PN532, in any chunking, both directions: every byte comes out once,
//! frames do not depend on the chunking, and what was understood is written and read the same.
//!
//! The first byte is the length of the chunks, the second says how the rest is meant: as it stands
//! on the line, or as bodies (a length byte before each) put into frames with good checksums.
#![no_main]

use drivers::rfid::card::CardRule;
use drivers::rfid::pn532::wire::{
    BODY_MAX, Command, Decoded, Decoder, FRAME_MAX, Frame, Reply, Side,
};
use drivers::rfid::{Air, Seen};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [chunk, mode, rest @ ..] = input else { return };
    let line = if mode & 1 == 0 { rest.to_vec() } else { framed(rest) };
    let chunk = usize::from(*chunk).max(1);

    let (whole, some) = (decode(&line, line.len().max(1)), decode(&line, chunk));
    assert_eq!(bytes(&whole), line);
    assert_eq!(bytes(&some), line);
    assert_eq!(frames(&whole), frames(&some));
    for frame in frames(&whole) {
        understand(frame);
    }
});

/// Bodies, a length byte before each, as frames of both sides in turn. A length of 0 lets one byte
/// pass as noise, one of 255 makes an extended frame.
fn framed(mut rest: &[u8]) -> Vec<u8> {
    let mut line = Vec::new();
    let sides = [Side::Chip, Side::Host].into_iter().cycle();
    for side in sides {
        let Some((&len, more)) = rest.split_first() else { return line };
        let len = if len == 255 { BODY_MAX } else { usize::from(len) };
        let (body, later) = more.split_at(len.min(more.len()));
        rest = later;
        match (body, rest) {
            ([], [noise, later @ ..]) => {
                line.push(*noise);
                rest = later;
            }
            ([], []) => {}
            _ => line.extend(Frame::Info { side, body: body.to_vec() }.emit()),
        }
    }
    line
}

fn decode(line: &[u8], chunk: usize) -> Vec<Decoded> {
    let mut decoder = Decoder::new();
    let mut found = Vec::new();
    for piece in line.chunks(chunk) {
        found.extend(decoder.feed(piece));
        assert!(decoder.pending() < FRAME_MAX);
    }
    found.extend(decoder.flush());
    assert_eq!(decoder.pending(), 0);
    found
}

fn bytes(decoded: &[Decoded]) -> Vec<u8> {
    decoded
        .iter()
        .flat_map(|item| match item {
            Decoded::Frame(frame) => frame.bare(),
            Decoded::Skipped { bytes, .. } => bytes.clone(),
        })
        .collect()
}

fn frames(decoded: &[Decoded]) -> Vec<&Frame> {
    let frame = |item| match item {
        &Decoded::Frame(ref frame) => Some(frame),
        &Decoded::Skipped { .. } => None,
    };
    decoded.iter().filter_map(frame).collect()
}

fn understand(frame: &Frame) {
    if let Ok(command) = Command::parse(frame) {
        assert_eq!(&command.to_frame(), frame);
    }
    let Ok(reply) = Reply::parse(frame) else { return };
    assert_eq!(&reply.to_frame(), frame);
    if let Reply::Targets(targets) = reply {
        for target in targets {
            let seen = Seen { uid: target.uid, air: Air::Iso14443, dsfid: None };
            // Any outcome is good; it must come.
            let _ = CardRule::default().number(&seen);
        }
    }
}
