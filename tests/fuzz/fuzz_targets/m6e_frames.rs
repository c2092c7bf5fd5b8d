//! Any bytes on the line of a UHF module, in any chunking, both directions: every byte comes out
//! once, frames do not depend on the chunking, and what was understood is written the same.
//!
//! The first byte is the length of the chunks, the second says how the rest is meant: as it stands
//! on the line (bit 0 clear) or as frames without checksum (a length byte before each), which
//! chance alone would hardly ever make; bit 1 says whether host or module speaks.
#![no_main]

use drivers::port::Direction;
use drivers::rfid::m6e::describe::Describer;
use drivers::rfid::m6e::wire::{Command, Decoded, Decoder, FRAME_MAX, Frame, Reply, Side};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [chunk, mode, rest @ ..] = input else { return };
    let side = if mode & 2 == 0 { Side::Module } else { Side::Host };
    let line = if mode & 1 == 0 { rest.to_vec() } else { framed(side, rest) };
    let chunk = usize::from(*chunk).max(1);

    let (whole, some) = (decode(side, &line, line.len().max(1)), decode(side, &line, chunk));
    assert_eq!(bytes(&whole), line);
    assert_eq!(bytes(&some), line);
    assert_eq!(frames(&whole), frames(&some));
    for frame in frames(&whole) {
        understand(frame);
    }

    let direction = if side == Side::Host { Direction::Out } else { Direction::In };
    let mut describer = Describer::new();
    let mut told = Vec::new();
    for piece in line.chunks(chunk) {
        told.extend(describer.feed(direction, piece));
    }
    told.extend(describer.quiet(direction));
    let seen: Vec<u8> = told.iter().flat_map(|item| item.raw.iter().copied()).collect();
    assert_eq!(seen, line);
});

/// Frames without checksum, a length byte before each, with one. A length of 0 lets one byte pass
/// as noise.
fn framed(side: Side, mut rest: &[u8]) -> Vec<u8> {
    let mut line = Vec::new();
    while let Some((&len, more)) = rest.split_first() {
        let (body, later) = more.split_at(usize::from(len).min(more.len()));
        rest = later;
        match (side, body, rest) {
            (_, [], [noise, later @ ..]) => {
                line.push(*noise);
                rest = later;
            }
            (Side::Host, [op, data @ ..], _) => {
                line.extend(Frame::host(*op, data.to_vec()).emit());
            }
            (Side::Module, [op, high, low, data @ ..], _) => {
                let status = u16::from_be_bytes([*high, *low]);
                line.extend(Frame::module(*op, status, data.to_vec()).emit());
            }
            (_, noise, _) => line.extend(noise),
        }
    }
    line
}

fn decode(side: Side, line: &[u8], chunk: usize) -> Vec<Decoded> {
    let mut decoder = Decoder::new(side);
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
            Decoded::Frame(frame) => frame.emit(),
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
    if let Ok(reply) = Reply::parse(frame) {
        assert_eq!(&reply.to_frame(), frame);
        if let Reply::Tag { record, .. } = &reply {
            let _ = record.uii();
        }
    }
}
