//! Any bytes on the line of an identity card module, in any chunking; any bytes as a card's text.
//! Frames do not depend on the chunking, the buffer keeps its bound, and nothing of a card stands
//! in `Debug`.
//!
//! The first byte is the length of the chunks, the second says how the rest is meant: as it stands
//! on the line, or as one body put into a frame with a good checksum.
#![no_main]

use drivers::idcard::wire::{Command, Decoder, FRAME_MAX, LEN_MAX, PREAMBLE, Reply};
use drivers::idcard::{HashKey, number_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [chunk, mode, rest @ ..] = input else { return };
    let line = if mode & 1 == 0 { rest.to_vec() } else { framed(rest) };
    let whole = decode(&line, line.len().max(1));
    assert_eq!(whole, decode(&line, usize::from(*chunk).max(1)));
    for reply in &whole {
        Command::ALL.iter().for_each(|command| {
            let _ = reply.answers(*command);
        });
        if let Some(text) = reply.text() {
            number(text);
        }
        assert!(format!("{reply:?}").len() < 40);
    }
    number(rest);
});

fn framed(body: &[u8]) -> Vec<u8> {
    let body = body.get(..LEN_MAX - 1).unwrap_or(body);
    let len = body.len() as u16 + 1;
    let counted = [&len.to_be_bytes()[..], body].concat();
    let check = counted.iter().fold(0, |sum, byte| sum ^ byte);
    [&PREAMBLE[..], &counted, &[check]].concat()
}

fn decode(line: &[u8], chunk: usize) -> Vec<Reply> {
    let mut decoder = Decoder::new();
    let mut found = Vec::new();
    for piece in line.chunks(chunk) {
        found.extend(decoder.feed(piece));
        assert!(decoder.pending() < FRAME_MAX);
    }
    found
}

fn number(text: &[u8]) {
    let Ok(number) = number_of(text) else { return };
    let key = HashKey::new(vec![7; 32]).expect("long enough");
    assert_eq!(number.hashed(&key).as_str().len(), 64);
    assert!(!format!("{number:?}").contains(number.expose()));
}
