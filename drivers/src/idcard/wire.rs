//! Frames of the SAM_V module (peripherals.md 3.2).
//!
//! To the module: `AA AA AA 96 69` LenHi LenLo CMD Para CHK. From it: the same with SW1 SW2 SW3 in
//! front of the data. Len counts what follows it, CHK included; CHK is the XOR of everything
//! between preamble and CHK.

use zeroize::{Zeroize, Zeroizing};

/// First bytes of every frame.
pub const PREAMBLE: [u8; 5] = [0xAA, 0xAA, 0xAA, 0x96, 0x69];

/// Preamble and length.
const HEAD: usize = PREAMBLE.len() + 2;

/// Least value of Len in an answer: SW1 to SW3 and CHK.
const LEN_MIN: usize = 4;

/// Most value of Len in an answer: basic data (0508h) with room for a fingerprint of 1024 bytes.
pub const LEN_MAX: usize = 0x0A00;

/// Longest answer, in bytes.
pub const FRAME_MAX: usize = HEAD + LEN_MAX;

/// A command. The card is asked in the order find, select, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// State of the module.
    Status,
    /// Find a card.
    Find,
    /// Select the card found.
    Select,
    /// Read its basic data: text and photo.
    ReadBasic,
}

impl Command {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Status, Self::Find, Self::Select, Self::ReadBasic];

    /// The frame.
    #[must_use]
    pub fn emit(self) -> Vec<u8> {
        let body = match self {
            Self::Status => [0x11, 0xFF],
            Self::Find => [0x20, 0x01],
            Self::Select => [0x20, 0x02],
            Self::ReadBasic => [0x30, 0x01],
        };
        let counted = [0x00, 0x03, body[0], body[1]];
        let check = xor(&counted);
        [&PREAMBLE[..], &counted, &[check]].concat()
    }
}

/// Status code SW3.
pub mod sw3 {
    /// The frame's checksum is wrong.
    pub const CHECKSUM: u8 = 0x10;
    /// The frame's length is wrong.
    pub const LENGTH: u8 = 0x11;
    /// Error in the command.
    pub const COMMAND: u8 = 0x21;
    /// Unknown command.
    pub const UNKNOWN: u8 = 0x24;
    /// Authentication of card and module failed; also 32 and 33.
    pub const AUTHENTICATION: u8 = 0x31;
    /// Card of a wrong kind.
    pub const WRONG_CARD: u8 = 0x40;
    /// Reading failed.
    pub const READ_FAILED: u8 = 0x41;
    /// The module's self-test failed.
    pub const SELF_TEST: u8 = 0x60;
    /// The module is not authorised.
    pub const NOT_AUTHORISED: u8 = 0x66;
    /// No card found, or the one found before did not leave the field.
    pub const NOT_FOUND: u8 = 0x80;
    /// Selecting failed.
    pub const SELECT_FAILED: u8 = 0x81;
    /// Done.
    pub const OK: u8 = 0x90;
    /// The card has no such content.
    pub const NO_CONTENT: u8 = 0x91;
    /// A card was found.
    pub const FOUND: u8 = 0x9F;
}

/// An answer. Its data are a person's: wiped when dropped, never in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// SW1 to SW3; only the last means something.
    pub status: [u8; 3],
    /// What follows.
    pub data: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reply(SW3 {:02X}, {} bytes)", self.code(), self.data.len())
    }
}

impl Reply {
    /// SW3.
    #[must_use]
    pub fn code(&self) -> u8 {
        let [.., code] = self.status;
        code
    }

    /// Whether this can be the answer to `command`: a success has its own code and length, a
    /// refusal has no data. The module does not say what it answers.
    #[must_use]
    pub fn answers(&self, command: Command) -> bool {
        let len = self.data.len();
        match (command, self.code()) {
            (Command::Find, sw3::FOUND) => len == 4,
            (Command::Status, sw3::OK) => len == 0,
            (Command::Select, sw3::OK) => len == 8,
            (Command::ReadBasic, sw3::OK) => len > 8,
            (_, sw3::OK | sw3::FOUND) => false,
            _ => len == 0,
        }
    }

    /// The text block of basic data; `None` when the lengths do not fit.
    #[must_use]
    pub fn text(&self) -> Option<&[u8]> {
        let &[high, low, photo_high, photo_low, ref rest @ ..] = &self.data[..] else {
            return None;
        };
        let text = usize::from(u16::from_be_bytes([high, low]));
        let photo = usize::from(u16::from_be_bytes([photo_high, photo_low]));
        if rest.len() != text + photo {
            return None;
        }
        rest.get(..text)
    }
}

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Damage {
    /// They do not start as one.
    NotAStart,
    /// Impossible length.
    BadLength,
    /// Wrong checksum.
    BadCheck,
}

/// Finds answers in what the module sends, in any pieces. It holds at most [`FRAME_MAX`] bytes
/// and wipes them.
pub struct Decoder {
    bytes: Zeroizing<Vec<u8>>,
    damage: Option<Damage>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Where the next frame stands in the bytes held.
enum Next {
    Frame { len: usize },
    Skip { count: usize, why: Damage },
    More,
}

impl Decoder {
    /// A decoder that heard nothing.
    #[must_use]
    pub fn new() -> Self {
        // Room for everything at once: a buffer that grows leaves copies that nobody wipes.
        Self { bytes: Zeroizing::new(Vec::with_capacity(FRAME_MAX)), damage: None }
    }

    /// Bytes of a frame that is not whole yet.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.bytes.len()
    }

    /// The damage seen, a frame's before noise.
    #[must_use]
    pub fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// Takes bytes and gives the answers that are whole.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Vec<Reply> {
        let mut found = Vec::new();
        loop {
            let room = FRAME_MAX - self.bytes.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.bytes.extend_from_slice(now);
            bytes = later;
            self.parse(&mut found);
            // A full buffer always holds a frame or damage: `parse` makes room.
            if bytes.is_empty() {
                return found;
            }
        }
    }

    fn parse(&mut self, found: &mut Vec<Reply>) {
        loop {
            match next(&self.bytes) {
                Next::More => return,
                Next::Skip { count, why } => {
                    // What follows a damaged frame is noise: the damage says more.
                    self.damage = self.damage.filter(|old| *old != Damage::NotAStart).or(Some(why));
                    self.drop_front(count);
                }
                Next::Frame { len } => {
                    let reply = self.bytes.get(HEAD..len - 1).and_then(|body| {
                        let (status, data) = body.split_first_chunk::<3>()?;
                        Some(Reply { status: *status, data: Zeroizing::new(data.to_vec()) })
                    });
                    found.extend(reply);
                    self.drop_front(len);
                }
            }
        }
    }

    /// Moves the rest to the front and wipes where it stood.
    fn drop_front(&mut self, count: usize) {
        let count = count.min(self.bytes.len());
        let left = self.bytes.len() - count;
        self.bytes.copy_within(count.., 0);
        if let Some(tail) = self.bytes.get_mut(left..) {
            tail.zeroize();
        }
        self.bytes.truncate(left);
    }
}

fn next(bytes: &[u8]) -> Next {
    let start = (0..bytes.len())
        .find(|at| bytes.iter().skip(*at).zip(PREAMBLE).all(|(byte, want)| *byte == want));
    match start {
        None if bytes.is_empty() => return Next::More,
        None => return Next::Skip { count: bytes.len(), why: Damage::NotAStart },
        Some(0) => {}
        Some(count) => return Next::Skip { count, why: Damage::NotAStart },
    }
    let Some(&[high, low]) = bytes.get(PREAMBLE.len()..).and_then(|len| len.first_chunk()) else {
        return Next::More;
    };
    let len = usize::from(u16::from_be_bytes([high, low]));
    if !(LEN_MIN..=LEN_MAX).contains(&len) {
        return Next::Skip { count: 1, why: Damage::BadLength };
    }
    match bytes.get(PREAMBLE.len()..HEAD + len) {
        None => Next::More,
        // CHK included the XOR of a good frame is 0.
        Some(counted) if xor(counted) == 0 => Next::Frame { len: HEAD + len },
        Some(_) => Next::Skip { count: 1, why: Damage::BadCheck },
    }
}

fn xor(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

#[cfg(test)]
mod tests;
