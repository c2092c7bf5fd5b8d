//! Frames (readers.md 2.1): standard `LENGTH COM-ADR COMMAND .. CRC_lo CRC_hi`, advanced
//! `02 ALEN_hi ALEN_lo COM-ADR COMMAND .. CRC_lo CRC_hi`. Both lengths count every byte of the
//! frame.

/// First byte of an advanced frame. No standard frame has 2 bytes, so the two cannot be mixed up.
pub const STX: u8 = 0x02;

/// Bytes of the shortest standard frame: a command without data.
pub const STANDARD_MIN: usize = 5;
/// Bytes of the longest standard frame.
pub const STANDARD_MAX: usize = 255;
/// Bytes of a standard frame that are not command code, status and data.
pub const STANDARD_OVERHEAD: usize = 4;

/// Bytes of the shortest advanced frame: a command without data. (Replies have a status more,
/// which is the 8 of the manual.)
pub const ADVANCED_MIN: usize = 7;
/// Bytes of an advanced frame that are not command code, status and data.
pub const ADVANCED_OVERHEAD: usize = 6;

/// Most bytes of one frame this codec takes. The protocol allows 65535; the longest defined reply
/// is an inventory of 255 records of 14 bytes (an ISO 14443A card with the long UID): 3580.
pub const FRAME_MAX: usize = 4096;

const CRC_LEN: usize = 2;

const CRC_TABLE: [u16; 256] = crc_table();

const fn crc_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u16;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 != 0 { crc >> 1 ^ 0x8408 } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

/// The protocol's checksum: polynomial 8408 (reflected), preset FFFF, not inverted. It covers
/// everything in front of it, the length included, and goes out low byte first.
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes
        .iter()
        .fold(0xFFFF, |crc: u16, &b| crc >> 8 ^ CRC_TABLE[usize::from(crc.to_le_bytes()[0] ^ b)])
}

/// How a frame gives its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// One length byte; at most [`STANDARD_MAX`] bytes.
    #[default]
    Standard,
    /// [`STX`] and two length bytes.
    Advanced,
}

/// One frame without length and checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// How it gives its length.
    pub form: Form,
    /// COM-ADR: the reader's address; 255 in a command is answered by any.
    pub address: u8,
    /// Command code, in a reply the status, and data; at least one byte.
    pub body: Vec<u8>,
}

impl Frame {
    /// A frame of this form, or an advanced one where the body is too long for a standard one.
    /// A body too long for any is cut to [`FRAME_MAX`].
    #[must_use]
    pub fn new(form: Form, address: u8, mut body: Vec<u8>) -> Self {
        body.truncate(FRAME_MAX - ADVANCED_OVERHEAD);
        let form = match form {
            Form::Standard if body.len() + STANDARD_OVERHEAD <= STANDARD_MAX => Form::Standard,
            _ => Form::Advanced,
        };
        Self { form, address, body }
    }

    /// Bytes of the frame on the line.
    #[must_use]
    pub fn line_len(&self) -> usize {
        self.body.len()
            + match self.form {
                Form::Standard => STANDARD_OVERHEAD,
                Form::Advanced => ADVANCED_OVERHEAD,
            }
    }

    /// The frame as it goes on the line.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let [high, low] = (self.line_len() as u16).to_be_bytes();
        let mut out = match self.form {
            Form::Standard => vec![low],
            Form::Advanced => vec![STX, high, low],
        };
        out.push(self.address);
        out.extend_from_slice(&self.body);
        out.extend(crc16(&out).to_le_bytes());
        out
    }
}

/// Why bytes were passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// They cannot be a length, so they start no frame.
    NotAStart,
    /// An advanced start with an impossible length.
    BadLength,
    /// The line fell quiet inside a frame.
    Incomplete,
    /// A whole frame whose checksum is wrong.
    BadCrc,
}

/// What the decoder made of bytes. Every byte comes out once, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// A frame with a good checksum.
    Frame(Frame),
    /// Bytes that belong to no frame, with the gravest reason among them.
    Skipped {
        /// The bytes.
        bytes: Vec<u8>,
        /// Why.
        why: Skip,
    },
}

/// Finds frames of both forms and both directions in a stream cut anywhere.
///
/// Nearly every byte can be a length, so after damage only silence tells where a frame starts:
/// call [`Decoder::flush`] then. It holds at most [`FRAME_MAX`] bytes.
#[derive(Debug, Default)]
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

    /// Bytes held for a frame that is not whole yet.
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
            self.skip(1, Skip::Incomplete, &mut out);
            self.scan(&mut out);
        }
        out
    }

    /// Leaves `held` empty or at a start that needs more bytes, with room for one more.
    fn scan(&mut self, out: &mut Vec<Decoded>) {
        loop {
            match self.look() {
                Look::More => return,
                Look::Not(why) => self.skip(1, why, out),
                Look::Frame(frame, end) => {
                    self.held.drain(..end);
                    out.push(Decoded::Frame(frame));
                }
            }
        }
    }

    fn look(&self) -> Look {
        let (form, start, end) = match self.held[..] {
            [] | [STX] | [STX, _] => return Look::More,
            [STX, high, low, ..] => {
                (Form::Advanced, 3, usize::from(u16::from_be_bytes([high, low])))
            }
            [len, ..] => (Form::Standard, 1, usize::from(len)),
        };
        match form {
            Form::Standard if end < STANDARD_MIN => return Look::Not(Skip::NotAStart),
            Form::Advanced if !(ADVANCED_MIN..=FRAME_MAX).contains(&end) => {
                return Look::Not(Skip::BadLength);
            }
            _ => {}
        }
        let Some(whole) = self.held.get(..end) else { return Look::More };
        let (covered, crc) = whole.split_at(end - CRC_LEN);
        if crc16(covered).to_le_bytes() != crc {
            return Look::Not(Skip::BadCrc);
        }
        match covered.get(start..) {
            Some(&[address, ref body @ ..]) => {
                Look::Frame(Frame { form, address, body: body.to_vec() }, end)
            }
            _ => Look::Not(Skip::BadLength),
        }
    }

    fn skip(&mut self, n: usize, reason: Skip, out: &mut Vec<Decoded>) {
        let gone = self.held.drain(..n);
        if let Some(Decoded::Skipped { bytes, why }) = out.last_mut() {
            bytes.extend(gone);
            *why = (*why).max(reason);
        } else {
            out.push(Decoded::Skipped { bytes: gone.collect(), why: reason });
        }
    }
}
