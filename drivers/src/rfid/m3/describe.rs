//! Traffic as a list of small descriptions, for a wire viewer.
//!
//! It changes nothing and decides nothing; texts for people are made elsewhere from these.

use super::wire::{
    BlockLayout, BlockLock, Command, Decoded, Decoder, ErrorCode, Frame, Reply, Skip,
};
use crate::port::Direction;
use crate::rfid::{Seen, Uid};

/// One frame, or bytes that are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Which way it went.
    pub direction: Direction,
    /// The bytes, as they were on the line.
    pub raw: Vec<u8>,
    /// What they say.
    pub what: What,
}

/// The content of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Host: list the tags. An AFI of 00 asks for all.
    AskUids {
        /// Family asked for.
        afi: u8,
    },
    /// Reader: the tags, as reported, duplicates included.
    ReadUids {
        /// The tags.
        found: Vec<Seen>,
    },
    /// Host: version or probe.
    AskVersion,
    /// Reader: version.
    Version([u8; 4]),
    /// Host: read blocks.
    AskBlocks {
        /// The tag.
        uid: Uid,
        /// First block.
        first: u8,
        /// How many.
        count: u8,
    },
    /// Reader: blocks.
    ReadBlocks {
        /// The tag.
        uid: Uid,
        /// First block.
        first: u8,
        /// How many.
        count: u8,
        /// Their content.
        data: Vec<u8>,
        /// How many of them are locked.
        locked: usize,
    },
    /// Host: write blocks.
    WriteBlocks {
        /// The tag.
        uid: Uid,
        /// First block.
        first: u8,
        /// How many.
        count: u8,
    },
    /// Host: read the AFI.
    AskAfi {
        /// The tag.
        uid: Uid,
    },
    /// Reader: the AFI.
    Afi {
        /// The tag.
        uid: Uid,
        /// Its AFI.
        afi: u8,
    },
    /// Host: write the AFI.
    WriteAfi {
        /// The tag.
        uid: Uid,
        /// New value.
        afi: u8,
    },
    /// Host: check EAS.
    AskEas {
        /// The tag.
        uid: Uid,
    },
    /// Reader: EAS state.
    Eas {
        /// The tag.
        uid: Uid,
        /// Whether the gate alarms.
        on: bool,
    },
    /// Host: set or reset EAS.
    WriteEas {
        /// The tag.
        uid: Uid,
        /// New state.
        on: bool,
    },
    /// Host: write the DSFID.
    WriteDsfid {
        /// The tag.
        uid: Uid,
        /// New value.
        dsfid: u8,
    },
    /// Reader: the write, lock or quiet command with this code was done.
    Done {
        /// Command code.
        code: u8,
        /// The tag.
        uid: Uid,
    },
    /// Reader: an error.
    Error {
        /// Command code it answers.
        code: u8,
        /// The error.
        error: ErrorCode,
        /// The tag, where named.
        uid: Option<Uid>,
    },
    /// A good frame of another command.
    Other {
        /// Command code.
        code: u8,
        /// The tag, where named.
        uid: Option<Uid>,
    },
    /// A frame with a good checksum whose fields do not fit.
    Malformed {
        /// Command code.
        code: u8,
    },
    /// Bytes that are no frame.
    Noise(Skip),
}

/// Keeps the two directions apart and remembers what a reply needs to be read.
#[derive(Debug, Default)]
pub struct Describer {
    outgoing: Decoder,
    incoming: Decoder,
    layout: BlockLayout,
}

impl Describer {
    /// A describer at the start of the traffic.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of one direction and returns what became whole by them.
    pub fn feed(&mut self, direction: Direction, bytes: &[u8]) -> Vec<Described> {
        let decoded = match direction {
            Direction::Out => self.outgoing.feed(bytes),
            Direction::In => self.incoming.feed(bytes),
        };
        self.describe_all(direction, decoded)
    }

    /// The line has been quiet in this direction: what is held will not become whole.
    pub fn quiet(&mut self, direction: Direction) -> Vec<Described> {
        let decoded = match direction {
            Direction::Out => self.outgoing.flush(),
            Direction::In => self.incoming.flush(),
        };
        self.describe_all(direction, decoded)
    }

    fn describe_all(&mut self, direction: Direction, decoded: Vec<Decoded>) -> Vec<Described> {
        decoded
            .into_iter()
            .map(|item| match item {
                Decoded::Skipped { bytes, why } => {
                    Described { direction, raw: bytes, what: What::Noise(why) }
                }
                Decoded::Frame(frame) => {
                    let what = match direction {
                        Direction::Out => self.command(&frame),
                        Direction::In => self.reply(&frame),
                    };
                    Described { direction, raw: frame.emit(), what }
                }
            })
            .collect()
    }

    fn command(&mut self, frame: &Frame) -> What {
        let Ok(command) = Command::parse(frame) else { return malformed(frame) };
        self.layout = command.block_layout();
        match command {
            Command::ReadUids { afi, .. } => What::AskUids { afi },
            Command::Version | Command::Probe => What::AskVersion,
            Command::ReadBlocks { uid, first, count, .. } => What::AskBlocks { uid, first, count },
            Command::WriteBlocks { uid, first, data } => {
                What::WriteBlocks { uid, first, count: data.len() as u8 }
            }
            Command::WriteBlock { uid, block, .. } | Command::WriteLockBlock { uid, block, .. } => {
                What::WriteBlocks { uid, first: block, count: 1 }
            }
            Command::GetAfi(uid) => What::AskAfi { uid },
            Command::WriteAfi { uid, afi } => What::WriteAfi { uid, afi },
            Command::GetEas(uid) => What::AskEas { uid },
            Command::SetEas { uid, on } => What::WriteEas { uid, on },
            Command::WriteDsfid { uid, dsfid } => What::WriteDsfid { uid, dsfid },
            other => What::Other { code: other.code(), uid: other.uid() },
        }
    }

    fn reply(&self, frame: &Frame) -> What {
        match Reply::parse(frame, self.layout) {
            Err(_) => malformed(frame),
            Ok(Reply::Failed { code, error, uid, .. }) => What::Error { code, error, uid },
            Ok(Reply::Uids { found, .. }) => What::ReadUids { found },
            Ok(Reply::Version(version) | Reply::Probe { version }) => What::Version(version),
            Ok(Reply::Blocks { uid, blocks, .. }) => What::ReadBlocks {
                uid,
                first: blocks.first().map_or(0, |b| b.number),
                count: blocks.len() as u8,
                locked: blocks
                    .iter()
                    .filter(|b| !matches!(b.lock, BlockLock::Open | BlockLock::Failed(_)))
                    .count(),
                data: blocks.iter().flat_map(|b| b.data).collect(),
            },
            Ok(Reply::Afi { uid, afi }) => What::Afi { uid, afi },
            Ok(Reply::Eas { uid, state }) => What::Eas { uid, on: state != 0 },
            Ok(Reply::Done { op, uid }) => What::Done { code: op as u8, uid },
            Ok(reply @ Reply::BlocksWritten { uid, .. }) => What::Done { code: reply.code(), uid },
            Ok(reply) => What::Other { code: reply.code(), uid: reply.uid() },
        }
    }
}

fn malformed(frame: &Frame) -> What {
    What::Malformed { code: frame.body.first().copied().unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID: Uid = Uid::iso15693([0xE0, 0x04, 0x01, 0x00, 0x31, 0x23, 0xAA, 0x26]);

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
    }

    fn check(direction: Direction, text: &str, what: &What) {
        let raw = hex(text);
        let expected = [Described { direction, raw: raw.clone(), what: what.clone() }];
        let mut describer = Describer::new();
        assert_eq!(describer.feed(direction, &raw), expected);
        // Byte by byte, with traffic of the other direction in between.
        let other = match direction {
            Direction::Out => Direction::In,
            Direction::In => Direction::Out,
        };
        let mut found = Vec::new();
        for byte in &raw {
            found.extend(describer.feed(direction, &[*byte]));
            assert_eq!(describer.feed(other, &[0]).len(), 1);
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn golden_frames_in_words() {
        use Direction::{In, Out};
        check(Out, "D6 00 05 FE 00 07 DA 02", &What::AskUids { afi: 0 });
        check(
            In,
            "D6 00 0F FE 00 00 05 01 E0 04 01 00 31 23 AA 26 94 1A",
            &What::ReadUids { found: vec![Seen::iso15693(UID, None)] },
        );
        check(
            Out,
            "D6 00 0D 02 E0 04 01 00 31 23 AA 26 00 08 AD AF",
            &What::AskBlocks { uid: UID, first: 0, count: 8 },
        );
        check(
            Out,
            "D6 00 0C 09 E0 04 01 00 31 23 AA 26 D7 3A F0",
            &What::WriteAfi { uid: UID, afi: 0xD7 },
        );
        check(
            In,
            "D6 00 0C 09 00 E0 04 01 00 31 23 AA 26 6A 44",
            &What::Done { code: 0x09, uid: UID },
        );
        check(
            In,
            "D6 00 0C 09 06 E0 04 01 00 31 23 AA 26 30 CC",
            &What::Error { code: 0x09, error: ErrorCode::NO_TAG, uid: Some(UID) },
        );
        check(
            In,
            "D6 00 0D 0A 00 E0 04 01 00 31 23 AA 26 DA 86 5B",
            &What::Afi { uid: UID, afi: 0xDA },
        );
        check(Out, "D5 00 05 04 00 11 8C 66", &What::AskVersion);
        check(In, "D5 00 09 04 00 11 0A 05 00 02 72 50", &What::Version([10, 5, 0, 2]));
    }

    #[test]
    fn damage_is_shown_with_its_bytes() {
        let mut describer = Describer::new();
        let bytes = hex("00 D6 00 03 11 64 21");
        let found = describer.feed(Direction::In, &bytes);
        assert_eq!(
            found,
            [Described { direction: Direction::In, raw: bytes, what: What::Noise(Skip::BadCrc) }]
        );
    }
}
