//! The printer's reply stream, piece by piece (1.4).

/// Longest block followed to its `00`; makers' names have tens of bytes.
pub const BLOCK_MAX: usize = 128;
/// Length of a process-id answer, `37 22 d1 d2 d3 d4 00`.
const PROCESS_ID_LEN: usize = 7;

/// One complete thing the printer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Software handshake: go on.
    Xon,
    /// Software handshake: wait.
    Xoff,
    /// Answer to DLE EOT; which one depends on the request.
    RealTime(u8),
    /// Automatic status back.
    Asb([u8; 4]),
    /// Answer to GS r.
    Buffered(u8),
    /// `37 22`: the job with this id has been printed.
    JobDone([u8; 4]),
    /// Any other block, without its `00`.
    Block(Vec<u8>),
}

/// Splits the stream. Never fails: bytes of no meaning are dropped and counted.
#[derive(Debug, Default)]
pub struct Demux {
    block: Vec<u8>,
    asb: Vec<u8>,
    dropped: u64,
}

fn is_real_time(byte: u8) -> bool {
    byte & 0x93 == 0x12
}

fn is_asb_head(byte: u8) -> bool {
    byte & 0x93 == 0x10
}

fn is_follower(byte: u8) -> bool {
    byte & 0x90 == 0x00
}

fn is_block_head(byte: u8) -> bool {
    matches!(byte, 0x35 | 0x37 | 0x3B | 0x3D | 0x5F)
}

impl Demux {
    /// Nothing received yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes dropped since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Forgets an unfinished reply, as after a new connection.
    pub fn reset(&mut self) {
        self.dropped += (self.block.len() + self.asb.len()) as u64;
        self.block.clear();
        self.asb.clear();
    }

    /// Takes bytes in any split and calls `reply` for each complete one.
    pub fn push(&mut self, bytes: &[u8], mut reply: impl FnMut(Reply)) {
        for byte in bytes {
            self.byte(*byte, &mut reply);
        }
    }

    fn byte(&mut self, byte: u8, reply: &mut impl FnMut(Reply)) {
        if !self.asb.is_empty() {
            self.follower(byte, reply);
        } else if !self.block.is_empty() {
            self.in_block(byte, reply);
        } else {
            self.first(byte, reply);
        }
    }

    /// A byte after an ASB head. An ASB is finished before anything else: its followers look like
    /// GS r answers.
    fn follower(&mut self, byte: u8, reply: &mut impl FnMut(Reply)) {
        if is_follower(byte) {
            self.asb.push(byte);
            if let Ok(asb) = <[u8; 4]>::try_from(self.asb.as_slice()) {
                self.asb.clear();
                reply(Reply::Asb(asb));
            }
            return;
        }
        // The head was noise; what followed it is looked at again, then this byte.
        let again = std::mem::take(&mut self.asb);
        self.dropped += 1;
        for byte in &again[1..] {
            self.byte(*byte, reply);
        }
        self.byte(byte, reply);
    }

    fn first(&mut self, byte: u8, reply: &mut impl FnMut(Reply)) {
        match byte {
            0x11 => reply(Reply::Xon),
            0x13 => reply(Reply::Xoff),
            _ if is_block_head(byte) => self.block.push(byte),
            _ if is_real_time(byte) => reply(Reply::RealTime(byte)),
            _ if is_asb_head(byte) => self.asb.push(byte),
            _ if is_follower(byte) => reply(Reply::Buffered(byte)),
            _ => self.dropped += 1,
        }
    }

    /// A byte inside a block. Content is `20..7E`, so anything below is the end or an interruption:
    /// printers insert status into blocks.
    fn in_block(&mut self, byte: u8, reply: &mut impl FnMut(Reply)) {
        match byte {
            0x20..=0x7E if self.block.len() < BLOCK_MAX => self.block.push(byte),
            0x00 if !self.ends_early() => self.finish_block(reply),
            0x11 => reply(Reply::Xon),
            0x13 => reply(Reply::Xoff),
            _ if byte < 0x20 && is_real_time(byte) => reply(Reply::RealTime(byte)),
            _ if byte < 0x20 && is_asb_head(byte) => self.asb.push(byte),
            _ if is_follower(byte) && self.last_is_asb_head() => {
                let head = self.block.pop().expect("a last byte was just seen");
                self.asb.extend([head, byte]);
            }
            _ if self.block.len() >= BLOCK_MAX => {
                self.dropped += self.block.len() as u64 + 1;
                self.block.clear();
            }
            _ => self.dropped += 1,
        }
    }

    /// Whether a `00` here cannot be the end: a process-id answer has a fixed length, and the
    /// byte before may be the head of an ASB that slipped in (`38` is also the digit 8).
    fn ends_early(&self) -> bool {
        self.block.starts_with(&[0x37, 0x22])
            && self.block.len() != PROCESS_ID_LEN - 1
            && self.last_is_asb_head()
    }

    fn last_is_asb_head(&self) -> bool {
        self.block.len() > 1 && self.block.last().is_some_and(|last| is_asb_head(*last))
    }

    fn finish_block(&mut self, reply: &mut impl FnMut(Reply)) {
        let block = std::mem::take(&mut self.block);
        match block.as_slice() {
            &[0x37, 0x22, a, b, c, d] => reply(Reply::JobDone([a, b, c, d])),
            _ => reply(Reply::Block(block)),
        }
    }
}

/// Whether the roll lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paper {
    /// Enough.
    #[default]
    Adequate,
    /// The near-end sensor sees the core: printing goes on (1.4).
    NearEnd,
    /// None.
    Out,
}

/// Why a printer cannot print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Cover open.
    CoverOpen,
    /// Out of paper.
    PaperOut,
    /// Auto-cutter error.
    Cutter,
    /// Head too hot, or another error that goes away by itself.
    HeadHot,
    /// An error the maker calls unrecoverable: switch off, call service.
    Unrecoverable,
    /// A recoverable mechanical error without a finer name.
    Mechanical,
    /// Off line for no reason it names (FEED key held, waiting for recovery).
    OffLine,
    /// Does not answer although the link is up.
    Silent,
    /// No link: unplugged, switched off, no such port.
    Absent,
    /// Data is not taken although the link is up.
    Stuck,
    /// The queue of jobs is full.
    QueueFull,
    /// The driver was stopped.
    Stopped,
}

/// What is known of the printer, from either status scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// Off line.
    pub off_line: bool,
    /// Cover open.
    pub cover_open: bool,
    /// Stopped by paper end or without paper.
    pub paper: Paper,
    /// Some error: ask `10 04 03`.
    pub error: bool,
    /// Auto-cutter.
    pub cutter: bool,
    /// Needs service.
    pub unrecoverable: bool,
    /// Goes away by itself.
    pub auto_recoverable: bool,
    /// Mechanical, recoverable.
    pub mechanical: bool,
}

/// A real-time status request, `10 04 n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// n = 1.
    Printer,
    /// n = 2.
    OffLineCause,
    /// n = 3.
    ErrorCause,
    /// n = 4.
    RollSensor,
}

impl Ask {
    /// The three bytes: never four for these (1.7 shows a crate's stray `00`).
    #[must_use]
    pub fn bytes(self) -> [u8; 3] {
        let n = match self {
            Self::Printer => 1,
            Self::OffLineCause => 2,
            Self::ErrorCause => 3,
            Self::RollSensor => 4,
        };
        [0x10, 0x04, n]
    }
}

impl Status {
    /// Takes the answer to `asked` into account. Bits that old models leave undefined (5 and 6 of
    /// n = 1, 2 of n = 3) are not looked at (1.4).
    pub fn apply(&mut self, asked: Ask, byte: u8) {
        let bit = |mask: u8| byte & mask != 0;
        match asked {
            Ask::Printer => self.off_line = bit(0x08),
            Ask::OffLineCause => {
                self.cover_open = bit(0x04);
                if bit(0x20) {
                    self.paper = Paper::Out;
                } else if self.paper == Paper::Out {
                    self.paper = Paper::Adequate;
                }
                self.error = bit(0x40);
                if !self.error {
                    self.clear_errors();
                }
            }
            Ask::ErrorCause => {
                self.cutter = bit(0x08);
                self.unrecoverable = bit(0x20);
                self.auto_recoverable = bit(0x40);
                self.mechanical = false;
            }
            Ask::RollSensor => {
                // Both bits of a pair belong to one sensor; either is believed.
                self.paper = match (bit(0x60), bit(0x0C)) {
                    (true, _) => Paper::Out,
                    (false, true) => Paper::NearEnd,
                    (false, false) => Paper::Adequate,
                };
            }
        }
    }

    fn clear_errors(&mut self) {
        self.cutter = false;
        self.unrecoverable = false;
        self.auto_recoverable = false;
        self.mechanical = false;
    }

    /// Everything an automatic status says.
    #[must_use]
    pub fn from_asb(asb: [u8; 4]) -> Self {
        let [first, second, third, _] = asb;
        let paper = match (third & 0x0C != 0, third & 0x03 != 0) {
            (true, _) => Paper::Out,
            (false, true) => Paper::NearEnd,
            (false, false) => Paper::Adequate,
        };
        Self {
            off_line: first & 0x08 != 0,
            cover_open: first & 0x20 != 0,
            paper,
            error: second & 0x6C != 0,
            mechanical: second & 0x04 != 0,
            cutter: second & 0x08 != 0,
            unrecoverable: second & 0x20 != 0,
            auto_recoverable: second & 0x40 != 0,
        }
    }

    /// Why nothing can be printed now, the gravest first; near end is no reason.
    #[must_use]
    pub fn trouble(&self) -> Option<Cause> {
        [
            (self.unrecoverable, Cause::Unrecoverable),
            (self.cutter, Cause::Cutter),
            (self.cover_open, Cause::CoverOpen),
            (self.paper == Paper::Out, Cause::PaperOut),
            (self.auto_recoverable, Cause::HeadHot),
            (self.mechanical || self.error, Cause::Mechanical),
            (self.off_line, Cause::OffLine),
        ]
        .into_iter()
        .find_map(|(is, cause)| is.then_some(cause))
    }
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
