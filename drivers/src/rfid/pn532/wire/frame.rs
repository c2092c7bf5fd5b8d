//! Frames: `00 | 00 FF LEN LCS TFI PD.. DCS | 00`, and the short ACK, NACK and error frames.
//!
//! LEN counts TFI and PD; LEN + LCS and TFI + PD + DCS are 0 modulo 256. The zeros in front and
//! behind are padding: any number of them is good, also none.

/// Most body bytes (code to the last data byte) this codec handles, in bytes. A PN532 takes LEN up
/// to 265, TFI included (nfcpy, pn532.py, `host_command_frame_max_size`).
pub const BODY_MAX: usize = 264;

/// Bytes of the largest frame from preamble to postamble: preamble, start code (2), `FF FF`,
/// length (2), LCS, TFI, body, DCS, postamble.
pub const FRAME_MAX: usize = BODY_MAX + 11;

const START: [u8; 2] = [0x00, 0xFF];
const ACK: [u8; 2] = [0x00, 0xFF];
const NACK: [u8; 2] = [0xFF, 0x00];
/// LEN and LCS of an extended frame; its length follows in two bytes and a checksum of their own.
/// The layout is the one nfcpy writes and reads (pn53x.py); no captured frame was at hand.
const EXTENDED: [u8; 2] = [0xFF, 0xFF];
/// Largest LEN of a normal frame.
const LEN_NORMAL: usize = 0xFF;
/// Only byte of an error frame.
const ERROR: u8 = 0x7F;

/// Who speaks: the frame identifier TFI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Side {
    /// The host: a command.
    Host = 0xD4,
    /// The chip: a reply.
    Chip = 0xD5,
}

/// One frame without lengths and checksums.
#[derive(Clone, PartialEq, Eq)]
pub enum Frame {
    /// The command was heard. From the host: stop what you are doing.
    Ack,
    /// Say the last frame again.
    Nack,
    /// The chip did not understand a command that it heard.
    SyntaxError,
    /// A command or a reply.
    Info {
        /// Who speaks.
        side: Side,
        /// Code and data; at least one byte, at most [`BODY_MAX`].
        body: Vec<u8>,
    },
}

/// A body may hold a card's number: only code and length are shown.
impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ack => f.write_str("Ack"),
            Self::Nack => f.write_str("Nack"),
            Self::SyntaxError => f.write_str("SyntaxError"),
            Self::Info { side, body } => {
                let code = body.first().copied().unwrap_or_default();
                write!(f, "Info({side:?}, {code:02X}, {} bytes)", body.len())
            }
        }
    }
}

impl Frame {
    /// The frame as it goes on the line, with one zero in front and one behind.
    ///
    /// A body is never longer than [`BODY_MAX`] when it comes from a
    /// [`Command`](super::Command) or [`Decoder`].
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        [&[0x00], &self.bare()[..], &[0x00]].concat()
    }

    /// From the start code to the checksum, without padding.
    #[must_use]
    pub fn bare(&self) -> Vec<u8> {
        let covered = match self {
            Self::Ack => return [START, ACK].concat(),
            Self::Nack => return [START, NACK].concat(),
            Self::SyntaxError => vec![ERROR],
            Self::Info { side, body } => [&[*side as u8], &body[..]].concat(),
        };
        debug_assert!(covered.len() <= BODY_MAX + 1);
        let mut out = START.to_vec();
        match u8::try_from(covered.len()) {
            Ok(len) => out.extend([len, len.wrapping_neg()]),
            Err(_) => {
                let [high, low] = (covered.len() as u16).to_be_bytes();
                out.extend(EXTENDED);
                out.extend([high, low, high.wrapping_add(low).wrapping_neg()]);
            }
        }
        let sum = sum(&covered);
        out.extend(covered);
        out.push(sum.wrapping_neg());
        out
    }
}

fn sum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum: u8, b| sum.wrapping_add(*b))
}

/// Why bytes were passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// Zeros between frames.
    Padding,
    /// They do not start a frame.
    NotAStart,
    /// The line fell quiet inside a frame.
    Incomplete,
    /// A start code with an impossible length, or one whose checksum is wrong.
    BadLength,
    /// Good checksums, but neither host nor chip speaks.
    BadSide,
    /// A whole frame whose checksum is wrong.
    BadChecksum,
}

/// What the decoder made of bytes. Every byte comes out once, in order.
#[derive(Clone, PartialEq, Eq)]
pub enum Decoded {
    /// A frame with good checksums; its bytes were those of [`Frame::bare`].
    Frame(Frame),
    /// Bytes that belong to no frame, with the gravest reason among them.
    Skipped {
        /// The bytes.
        bytes: Vec<u8>,
        /// Why.
        why: Skip,
    },
}

impl std::fmt::Debug for Decoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Frame(frame) => frame.fmt(f),
            Self::Skipped { bytes, why } => write!(f, "Skipped({} bytes, {why:?})", bytes.len()),
        }
    }
}

/// Finds frames in a stream cut anywhere.
///
/// After damage it looks for the next start code inside what it holds, so a good frame behind
/// noise is found. It holds at most [`FRAME_MAX`] bytes.
#[derive(Default)]
pub struct Decoder {
    held: Vec<u8>,
}

enum Look {
    Frame(Frame, usize),
    More,
    Not(Skip),
}

impl Decoder {
    /// An empty decoder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes held for a frame that is not whole yet; one zero may be padding.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.held.len()
    }

    /// Takes the next bytes of the stream, in pieces of any size.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Vec<Decoded> {
        let mut out = Vec::new();
        while !bytes.is_empty() {
            let room = FRAME_MAX - self.held.len();
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.held.extend_from_slice(now);
            bytes = later;
            self.scan(&mut out);
        }
        out
    }

    /// To be called when the line has been quiet: a started frame will not be finished. What is
    /// held is searched again behind its first byte; afterwards nothing is held.
    pub fn flush(&mut self) -> Vec<Decoded> {
        let mut out = Vec::new();
        while !self.held.is_empty() {
            let why = if self.held == [0x00] { Skip::Padding } else { Skip::Incomplete };
            self.skip(why, &mut out);
            self.scan(&mut out);
        }
        out
    }

    /// Leaves `held` empty or at a start that needs more bytes, with room for one more.
    fn scan(&mut self, out: &mut Vec<Decoded>) {
        loop {
            match self.look() {
                Look::More => return,
                Look::Not(why) => self.skip(why, out),
                Look::Frame(frame, end) => {
                    self.held.drain(..end);
                    out.push(Decoded::Frame(frame));
                }
            }
        }
    }

    fn look(&self) -> Look {
        let (lengths, rest) = match self.held[..] {
            [] | [0x00] => return Look::More,
            [0x00, 0xFF] | [0x00, 0xFF, _] => return Look::More,
            [0x00, 0xFF, len, lcs, ref rest @ ..] => ([len, lcs], rest),
            [0x00, ..] => return Look::Not(Skip::Padding),
            _ => return Look::Not(Skip::NotAStart),
        };
        let (len, covered, head) = match (lengths, rest) {
            (ACK, _) => return Look::Frame(Frame::Ack, 4),
            (NACK, _) => return Look::Frame(Frame::Nack, 4),
            (EXTENDED, &[high, low, lcs, ref rest @ ..]) => {
                let len = usize::from(u16::from_be_bytes([high, low]));
                // A short body in a long frame is nothing a chip or host has a reason to send.
                let fits = (LEN_NORMAL + 1..=BODY_MAX + 1).contains(&len);
                if !fits || sum(&[high, low, lcs]) != 0 {
                    return Look::Not(Skip::BadLength);
                }
                (len, rest, 7)
            }
            (EXTENDED, _) => return Look::More,
            ([len, lcs], _) if len == 0 || len.wrapping_add(lcs) != 0 => {
                return Look::Not(Skip::BadLength);
            }
            ([len, _], rest) => (usize::from(len), rest, 4),
        };
        let Some(covered) = covered.get(..=len) else { return Look::More };
        if sum(covered) != 0 {
            return Look::Not(Skip::BadChecksum);
        }
        let end = head + len + 1;
        let side = match *covered {
            [ERROR, _] => return Look::Frame(Frame::SyntaxError, end),
            [0xD4, _, _, ..] => Side::Host,
            [0xD5, _, _, ..] => Side::Chip,
            _ => return Look::Not(Skip::BadSide),
        };
        let body = covered.get(1..len).unwrap_or_default().to_vec();
        Look::Frame(Frame::Info { side, body }, end)
    }

    /// Passes over one byte.
    fn skip(&mut self, reason: Skip, out: &mut Vec<Decoded>) {
        let gone = self.held.drain(..1);
        if let Some(Decoded::Skipped { bytes, why }) = out.last_mut() {
            bytes.extend(gone);
            *why = (*why).max(reason);
        } else {
            out.push(Decoded::Skipped { bytes: gone.collect(), why: reason });
        }
    }
}
