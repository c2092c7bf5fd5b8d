//! Any bytes as a SIP2 stream in any chunking, every character set, both directions: no panic, and
//! what was understood is written and read the same, and in both forms alike.
//!
//! The first byte is the length of the chunks; the rest is the stream.
#![no_main]

use kiosk::sip2::message::Received;
use kiosk::sip2::wire::{Checksum, FRAME_MAX, FrameError};
use kiosk::sip2::{
    Charset, Code, DecodeError, ErrorDetection, Framer, MessageView, Request, Response, Sequence,
};
use libfuzzer_sys::fuzz_target;

/// How `|` is written inside a text for people; it is turned back when read, so it is the one
/// thing in UTF-8 that is not written as it came.
const ESCAPED_DELIMITER: &[u8] = b"&#124;";

fuzz_target!(|input: &[u8]| {
    let Some((&chunk, stream)) = input.split_first() else { return };
    let lines = split(stream, stream.len());
    assert_eq!(split(stream, usize::from(chunk)), lines);
    for line in lines.iter().flatten() {
        for charset in Charset::ALL {
            look(line, charset);
            again::<Request>(line, charset);
            again::<Response>(line, charset);
        }
    }
});

fn split(stream: &[u8], chunk: usize) -> Vec<Result<Vec<u8>, FrameError>> {
    let mut framer = Framer::new();
    let mut lines = Vec::new();
    for piece in stream.chunks(chunk.max(1)) {
        framer.push(piece);
        while let Some(line) = framer.next_line() {
            lines.push(line.map(<[u8]>::to_vec));
        }
        assert!(framer.pending() <= FRAME_MAX);
    }
    lines
}

/// The borrowed view: every field lies in the line, in order.
fn look(line: &[u8], charset: Charset) {
    let Ok(view) = MessageView::parse(line, charset) else { return };
    let _ = (view.checksum(), view.sequence());
    assert_eq!(view.fixed().len(), view.code().fixed_len());
    let mut fields = view.fields();
    let mut last = 0;
    while let Some((id, range)) = fields.next_range() {
        assert!(last < range.start && range.end <= line.len());
        assert_eq!(line[range.start - 2..range.start], id.0);
        last = range.end;
    }
}

/// One direction.
trait Direction: PartialEq + std::fmt::Debug + Sized {
    fn decode(line: &[u8], charset: Charset) -> Result<Received<Self>, DecodeError>;
    /// The message as read with its texts in the line: its bytes, then made owned.
    fn lent(
        line: &[u8],
        charset: Charset,
        detection: ErrorDetection,
    ) -> Result<(Vec<u8>, Self), DecodeError>;
    fn encode(&self, charset: Charset, detection: ErrorDetection) -> Vec<u8>;
    fn code(&self) -> Code;
}

macro_rules! direction {
    ($($name:ident)+) => {$(
        impl Direction for $name {
            fn decode(line: &[u8], charset: Charset) -> Result<Received<Self>, DecodeError> {
                $name::decode(line, charset)
            }
            fn lent(
                line: &[u8],
                charset: Charset,
                detection: ErrorDetection,
            ) -> Result<(Vec<u8>, Self), DecodeError> {
                let message = $name::decode_lent(line, charset)?.message;
                // Its Debug is what a log would hold: it must not panic either.
                let _ = format!("{message:?}");
                Ok((message.encode(charset, detection), message.into_owned()))
            }
            fn encode(&self, charset: Charset, detection: ErrorDetection) -> Vec<u8> {
                $name::encode(self, charset, detection)
            }
            fn code(&self) -> Code {
                $name::code(self)
            }
        }
    )+};
}

direction!(Request Response);

fn again<M: Direction>(line: &[u8], charset: Charset) {
    let sequence = ErrorDetection::On(Sequence::default());
    let lent = M::lent(line, charset, sequence);
    let first = match M::decode(line, charset) {
        Ok(first) => first,
        Err(error) => return assert_eq!(lent.err(), Some(error)),
    };
    let (bytes, owned) = lent.expect("read in the other form");
    assert_eq!(owned, first.message, "{charset:?}");
    assert_eq!(bytes, first.message.encode(charset, sequence), "{charset:?}");
    // Its Debug is what a log would hold: it must not panic either.
    let _ = format!("{first:?}");
    let first = first.message;
    let (second, bytes) = through_wire(&first, charset);
    let (third, same) = through_wire(&second, charset);
    // What the set lacks has become `?`, once and for all.
    assert_eq!(third, second, "{charset:?}");
    if is_lossless(line, charset) {
        assert_eq!(second, first, "{charset:?}");
        assert_eq!(same, bytes, "{charset:?}");
    }
}

fn through_wire<M: Direction>(message: &M, charset: Charset) -> (M, Vec<u8>) {
    let sequence = Sequence::new(7).expect("a digit");
    let bytes = message.encode(charset, ErrorDetection::On(sequence));
    assert!(!bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n')));
    let read = M::decode(&bytes, charset).expect("own writing is good");
    assert_eq!(read.checksum, Checksum::Right);
    assert_eq!(read.sequence, message.code().has_sequence().then_some(sequence));
    (read.message, bytes)
}

/// Whether everything in the line has a place in the set, so that it is written as it came.
fn is_lossless(line: &[u8], charset: Charset) -> bool {
    let escaped = line.windows(ESCAPED_DELIMITER.len()).any(|part| part == ESCAPED_DELIMITER);
    let known = match charset {
        Charset::Utf8 | Charset::Cp850 => true,
        Charset::Gbk | Charset::Gb18030 | Charset::Ascii => line.is_ascii(),
    };
    known && !escaped
}
