//! Frames: `FF LEN OP [STATUS] DATA.. CRC_hi CRC_lo`. LEN counts DATA alone; only what the module
//! says carries a status of two bytes.

use super::Opaque;

/// First byte of every frame.
pub const START: u8 = 0xFF;

/// Most data bytes of one frame: LEN is one byte.
pub const DATA_MAX: usize = 255;

/// Bytes of a host's frame that are not data: start, LEN, OP, CRC (2).
pub const HOST_OVERHEAD: usize = 5;

/// Bytes of a module's frame that are not data: those of the host's and the status (2).
pub const MODULE_OVERHEAD: usize = 7;

/// Most bytes of one frame on the line.
pub const FRAME_MAX: usize = DATA_MAX + MODULE_OVERHEAD;

const CRC_LEN: usize = 2;

/// Who speaks on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The host: frames without a status.
    Host,
    /// The module: frames with one.
    Module,
}

impl Side {
    fn overhead(self) -> usize {
        match self {
            Self::Host => HOST_OVERHEAD,
            Self::Module => MODULE_OVERHEAD,
        }
    }
}

/// One entry for each nibble (readers.md 5.1): polynomial 1021.
const CRC_TABLE: [u16; 16] = [
    0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5, 0x60C6, 0x70E7, 0x8108, 0x9129, 0xA14A, 0xB16B,
    0xC18C, 0xD1AD, 0xE1CE, 0xF1EF,
];

/// The protocol's checksum over LEN to the last data byte.
///
/// The message nibble goes in at the low end of the register, without the 16 zero bits that the
/// usual CCITT-FALSE appends; that is why the two differ.
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    let nibble = |crc: u16, nibble: u8| {
        (crc << 4 | u16::from(nibble & 0xF)) ^ CRC_TABLE[usize::from(crc >> 12)]
    };
    bytes.iter().fold(0xFFFF, |crc, &byte| nibble(nibble(crc, byte >> 4), byte))
}

/// One frame without length and checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Command code.
    pub op: u8,
    /// What the module says of the command; `None` in a host's frame.
    pub status: Option<u16>,
    /// At most [`DATA_MAX`] bytes.
    pub data: Opaque,
}

impl Frame {
    /// A host's frame. Data past [`DATA_MAX`] is cut.
    #[must_use]
    pub fn host(op: u8, mut data: Vec<u8>) -> Self {
        data.truncate(DATA_MAX);
        Self { op, status: None, data: Opaque(data) }
    }

    /// A module's frame. Data past [`DATA_MAX`] is cut.
    #[must_use]
    pub fn module(op: u8, status: u16, mut data: Vec<u8>) -> Self {
        data.truncate(DATA_MAX);
        Self { op, status: Some(status), data: Opaque(data) }
    }

    /// The frame as it goes on the line.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        debug_assert!(self.data.len() <= DATA_MAX);
        let mut out = Vec::with_capacity(self.data.len() + MODULE_OVERHEAD);
        out.extend([START, self.data.len() as u8, self.op]);
        if let Some(status) = self.status {
            out.extend(status.to_be_bytes());
        }
        out.extend_from_slice(&self.data);
        let crc = crc16(&out[1..]);
        out.extend(crc.to_be_bytes());
        out
    }
}

/// Why bytes were passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// They do not start a frame.
    NotAStart,
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

/// Finds one side's frames in a stream cut anywhere.
///
/// After damage it looks for the next start byte inside what it holds, so a good frame behind
/// noise is found. It holds at most [`FRAME_MAX`] bytes.
#[derive(Debug)]
pub struct Decoder {
    side: Side,
    held: Vec<u8>,
}

enum Look {
    Frame(Frame, usize),
    More,
    Not(Skip),
}

impl Decoder {
    /// An empty decoder of what this side says.
    #[must_use]
    pub fn new(side: Side) -> Self {
        Self { side, held: Vec::new() }
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
                Look::Frame(frame, end) => {
                    self.held.drain(..end);
                    out.push(Decoded::Frame(frame));
                }
            }
        }
    }

    fn look(&self) -> Look {
        let Some(&first) = self.held.first() else { return Look::More };
        if first != START {
            return Look::Not(Skip::NotAStart);
        }
        let Some(&len) = self.held.get(1) else { return Look::More };
        let end = usize::from(len) + self.side.overhead();
        let Some(whole) = self.held.get(1..end) else { return Look::More };
        let (covered, crc) = whole.split_at(whole.len() - CRC_LEN);
        if crc16(covered).to_be_bytes() != crc {
            return Look::Not(Skip::BadCrc);
        }
        match (self.side, covered) {
            (Side::Host, [_, op, data @ ..]) => {
                Look::Frame(Frame { op: *op, status: None, data: Opaque(data.to_vec()) }, end)
            }
            (Side::Module, [_, op, high, low, data @ ..]) => {
                let status = Some(u16::from_be_bytes([*high, *low]));
                Look::Frame(Frame { op: *op, status, data: Opaque(data.to_vec()) }, end)
            }
            _ => Look::More,
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
