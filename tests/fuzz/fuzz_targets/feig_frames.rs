//! Any bytes on the line of a FEIG reader, in any chunking, both directions: every byte comes out
//! once, frames do not depend on the chunking, and what was understood is written and read the
//! same.
//!
//! The first byte is the length of the chunks, the second says how the rest is meant: as it stands
//! on the line, or as bodies (a length byte before each) put into frames with a good checksum, as
//! chance alone would hardly ever make one; its bit 1 makes those frames advanced.
#![no_main]

use drivers::port::Direction;
use drivers::rfid::feig::describe::{Described, Describer};
use drivers::rfid::feig::wire::{Command, Decoded, Decoder, FRAME_MAX, Form, Frame, Reply};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [chunk, mode, rest @ ..] = input else { return };
    let form = if mode & 2 == 0 { Form::Standard } else { Form::Advanced };
    let line = if mode & 1 == 0 { rest.to_vec() } else { framed(rest, form) };
    let chunk = usize::from(*chunk).max(1);

    let (whole, some) = (decode(&line, line.len().max(1)), decode(&line, chunk));
    assert_eq!(bytes(&whole), line);
    assert_eq!(bytes(&some), line);
    assert_eq!(frames(&whole), frames(&some));
    let mut asked = None;
    for frame in frames(&whole) {
        understand(frame, asked.as_ref());
        asked = Command::parse(frame).ok().or(asked);
    }

    let told = describe(&line, chunk);
    for direction in [Direction::Out, Direction::In] {
        let of_one = told.iter().filter(|item| item.direction == direction);
        let seen: Vec<u8> = of_one.flat_map(|item| item.raw.iter().copied()).collect();
        assert_eq!(seen, line);
    }
});

/// Bodies, a length byte before each, as frames. A length of 0 lets one byte pass as noise.
fn framed(mut rest: &[u8], form: Form) -> Vec<u8> {
    let mut line = Vec::new();
    while let Some((&len, more)) = rest.split_first() {
        let (body, later) = more.split_at(usize::from(len).min(more.len()));
        rest = later;
        match (body, rest) {
            ([], [noise, later @ ..]) => {
                line.push(*noise);
                rest = later;
            }
            ([], []) => {}
            _ => line.extend(Frame::new(form, 0, body.to_vec()).emit()),
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

fn understand(frame: &Frame, asked: Option<&Command>) {
    if let Ok(command) = Command::parse(frame) {
        assert_eq!(&command.to_frame(frame.form, frame.address), frame);
    }
    let Some(asked) = asked else { return };
    if let Ok(reply) = Reply::parse(frame, asked) {
        let again = reply.to_frame(frame.form, frame.address);
        assert_eq!(Reply::parse(&again, asked).as_ref(), Ok(&reply));
    }
}

/// The same bytes in both directions, turn by turn.
fn describe(line: &[u8], chunk: usize) -> Vec<Described> {
    let mut describer = Describer::new();
    let mut told = Vec::new();
    for piece in line.chunks(chunk) {
        for direction in [Direction::Out, Direction::In] {
            told.extend(describer.feed(direction, piece));
        }
    }
    for direction in [Direction::Out, Direction::In] {
        told.extend(describer.quiet(direction));
    }
    told
}
