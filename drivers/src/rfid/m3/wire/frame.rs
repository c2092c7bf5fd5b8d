//! Frames: `START LEN_hi LEN_lo CMD .. CRC_hi CRC_lo`, LEN counting the bytes behind it.

/// Smallest LEN: a command code and the checksum.
pub const LEN_MIN: usize = 3;

/// Most body bytes (CMD to the last data byte) this codec handles, in bytes. The largest defined
/// frame is a read-UIDs reply with 255 tags and DSFIDs: 5 + 255 * 9 = 2300.
pub const BODY_MAX: usize = 2400;

/// Bytes of a frame that are not body: start, LEN (2), CRC (2).
pub const FRAME_OVERHEAD: usize = 5;

/// Most bytes of one frame on the line.
pub const FRAME_MAX: usize = BODY_MAX + FRAME_OVERHEAD;

const CRC_LEN: usize = 2;
const HEADER_LEN: usize = 3;

/// First byte of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Start {
    /// `D5`, seen only in the first probe of a real 810 and its answer (purpose of the
    /// different byte unknown).
    Probe = 0xD5,
    /// `D6`, every documented command.
    Normal = 0xD6,
}

impl Start {
    fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0xD5 => Some(Self::Probe),
            0xD6 => Some(Self::Normal),
            _ => None,
        }
    }
}

const CRC_TABLE: [u16; 256] = crc_table();

const fn crc_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = (index as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 != 0 { crc << 1 ^ 0x1021 } else { crc << 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

/// The protocol's checksum: polynomial 1021, most significant bit first, preset FFFF, inverted.
/// It covers LEN to the last data byte, not the start byte.
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    !bytes
        .iter()
        .fold(0xFFFF, |crc: u16, &b| crc << 8 ^ CRC_TABLE[usize::from((crc >> 8) as u8 ^ b)])
}

/// One frame without length and checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// First byte.
    pub start: Start,
    /// Command code and data; at least one byte, at most [`BODY_MAX`].
    pub body: Vec<u8>,
}

impl Frame {
    /// The frame as it goes on the line.
    ///
    /// A body is never longer than [`BODY_MAX`] when it comes from a
    /// [`Command`](super::Command) or [`Decoder`].
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        debug_assert!((1..=BODY_MAX).contains(&self.body.len()));
        let len = (self.body.len() + CRC_LEN) as u16;
        let mut out = Vec::with_capacity(self.body.len() + FRAME_OVERHEAD);
        out.push(self.start as u8);
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(&self.body);
        let crc = crc16(&out[1..]);
        out.extend_from_slice(&crc.to_be_bytes());
        out
    }
}

/// Why bytes were passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// They do not start a frame.
    NotAStart,
    /// A start byte with an impossible length.
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

/// Finds frames in a stream cut anywhere.
///
/// After damage it looks for the next start byte inside what it holds, so a good frame behind
/// noise is found. It holds at most [`FRAME_MAX`] bytes.
#[derive(Debug, Default)]
pub struct Decoder {
    held: Vec<u8>,
}

enum Look {
    Frame(Start, usize),
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
    /// held is searched again behind its start byte; afterwards nothing is held.
    pub fn flush(&mut self) -> Vec<Decoded> {
        let mut out = Vec::new();
        while !self.held.is_empty() {
            self.skip(1, Skip::Incomplete, &mut out);
            self.scan(&mut out);
        }
        out
    }

    /// Leaves `held` empty or at a frame start that needs more bytes, with room for one more.
    fn scan(&mut self, out: &mut Vec<Decoded>) {
        loop {
            match self.look() {
                Look::More => return,
                Look::Not(why) => self.skip(1, why, out),
                Look::Frame(start, end) => {
                    let body = self.held[HEADER_LEN..end - CRC_LEN].to_vec();
                    self.held.drain(..end);
                    out.push(Decoded::Frame(Frame { start, body }));
                }
            }
        }
    }

    fn look(&self) -> Look {
        let Some(&first) = self.held.first() else { return Look::More };
        let Some(start) = Start::from_byte(first) else { return Look::Not(Skip::NotAStart) };
        let &[_, hi, lo, ..] = &self.held[..] else { return Look::More };
        let len = usize::from(u16::from_be_bytes([hi, lo]));
        if !(LEN_MIN..=BODY_MAX + CRC_LEN).contains(&len) {
            return Look::Not(Skip::BadLength);
        }
        let end = HEADER_LEN + len;
        let Some(whole) = self.held.get(1..end) else { return Look::More };
        let (covered, crc) = whole.split_at(whole.len() - CRC_LEN);
        if crc16(covered).to_be_bytes() == crc {
            Look::Frame(start, end)
        } else {
            Look::Not(Skip::BadCrc)
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
