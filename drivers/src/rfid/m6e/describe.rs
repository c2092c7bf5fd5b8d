//! Traffic as a list of small descriptions, for a wire viewer.
//!
//! It changes nothing and decides nothing; texts for people are made elsewhere from these. What a
//! tag says of itself is left out, as on a card it is the patron's number.

use super::wire::{
    Bank, Command, Decoded, Decoder, Frame, Op, Reply, Selection, Side, Skip, Status, TagRecord,
};
use crate::port::Direction;
use crate::rfid::Uid;

/// One frame, or bytes that are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Which way it went.
    pub direction: Direction,
    /// The bytes, as they were on the line: in a write with a password that is among them.
    pub raw: Vec<u8>,
    /// What they say.
    pub what: What,
}

/// A tag of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Strength in dBm.
    pub rssi_dbm: i8,
    /// PC word, which holds length and AFI.
    pub pc: u16,
}

/// The content of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Host: which version, which program; leave the boot loader.
    AskVersion,
    /// Module: firmware.
    Version([u8; 4]),
    /// Host: a setting.
    Set {
        /// Command code.
        op: u8,
    },
    /// Host: what a setting is.
    Ask {
        /// Command code.
        op: u8,
    },
    /// Host: begin to read continuously, or search into the buffer.
    Search {
        /// How long one search lasts.
        time_ms: u16,
    },
    /// Host: stop reading.
    Stop,
    /// Host: take the tags out of the buffer, or empty it.
    Buffer,
    /// Module: tags.
    Tags(Vec<Heard>),
    /// Module: so many tags are in the buffer.
    Found {
        /// How many.
        count: u32,
    },
    /// Module: nothing heard in this search; it goes on.
    KeepAlive,
    /// Host: read words.
    Read {
        /// Which bank.
        bank: Bank,
        /// First word.
        address: u32,
        /// How many; 0 for all.
        words: u8,
        /// The tag, where it is named by its TID.
        uid: Option<Uid>,
    },
    /// Module: so many bytes of a bank.
    Data {
        /// How many.
        len: usize,
    },
    /// Host: write words.
    Write {
        /// Which bank.
        bank: Bank,
        /// First word.
        address: u32,
        /// How many words.
        words: usize,
        /// The tag, where it is named by its TID.
        uid: Option<Uid>,
    },
    /// Module: done.
    Done {
        /// Command code.
        op: u8,
    },
    /// Module: refused.
    Failed {
        /// Command code.
        op: u8,
        /// Why.
        status: Status,
    },
    /// A good frame of another command.
    Other {
        /// Command code.
        op: u8,
    },
    /// A frame with a good checksum whose fields do not fit.
    Malformed {
        /// Command code.
        op: u8,
    },
    /// Bytes that are no frame.
    Noise(Skip),
}

/// Keeps the two directions apart.
#[derive(Debug)]
pub struct Describer {
    outgoing: Decoder,
    incoming: Decoder,
}

impl Default for Describer {
    fn default() -> Self {
        Self { outgoing: Decoder::new(Side::Host), incoming: Decoder::new(Side::Module) }
    }
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
        describe_all(direction, decoded)
    }

    /// The line has been quiet in this direction: what is held will not become whole.
    pub fn quiet(&mut self, direction: Direction) -> Vec<Described> {
        let decoded = match direction {
            Direction::Out => self.outgoing.flush(),
            Direction::In => self.incoming.flush(),
        };
        describe_all(direction, decoded)
    }
}

fn describe_all(direction: Direction, decoded: Vec<Decoded>) -> Vec<Described> {
    decoded
        .into_iter()
        .map(|item| match item {
            Decoded::Skipped { bytes, why } => {
                Described { direction, raw: bytes, what: What::Noise(why) }
            }
            Decoded::Frame(frame) => {
                let what = match direction {
                    Direction::Out => command(&frame),
                    Direction::In => reply(&frame),
                };
                Described { direction, raw: frame.emit(), what }
            }
        })
        .collect()
}

fn named(selection: &Selection) -> Option<Uid> {
    match selection {
        Selection::Tid(tid) => Uid::new(tid),
        Selection::Any | Selection::Epc(_) => None,
    }
}

fn command(frame: &Frame) -> What {
    let op = frame.op;
    let Ok(command) = Command::parse(frame) else { return What::Malformed { op } };
    match command {
        Command::Version | Command::BootFirmware | Command::Get { op: Op::GetProgram, .. } => {
            What::AskVersion
        }
        Command::Get { .. } => What::Ask { op },
        Command::ReadSingle { timeout_ms }
        | Command::ReadMultiple { timeout_ms, .. }
        | Command::StartReading { timeout_ms, .. } => What::Search { time_ms: timeout_ms },
        Command::StopReading => What::Stop,
        Command::GetBuffer { .. } | Command::ClearBuffer => What::Buffer,
        Command::ReadData { access, bank, address, words, .. } => {
            What::Read { bank, address, words, uid: named(&access.selection) }
        }
        Command::WriteData { access, bank, address, data, .. } => {
            What::Write { bank, address, words: data.len() / 2, uid: named(&access.selection) }
        }
        Command::WriteEpc { access, epc, .. } => What::Write {
            bank: Bank::Uii,
            address: 2,
            words: epc.len() / 2,
            uid: named(&access.selection),
        },
        Command::Other { .. } => What::Other { op },
        _ => What::Set { op },
    }
}

fn heard(record: &TagRecord) -> Heard {
    Heard { rssi_dbm: record.rssi_dbm, pc: record.uii().unwrap_or_default().pc }
}

fn reply(frame: &Frame) -> What {
    let op = frame.op;
    match Reply::parse(frame) {
        Err(_) => What::Malformed { op },
        Ok(Reply::Failed { op: 0x22, status: Status::NO_TAGS, .. }) => What::KeepAlive,
        Ok(Reply::Failed { op, status, .. }) => What::Failed { op, status },
        Ok(Reply::Version { info, .. }) => What::Version(info.firmware),
        Ok(Reply::Tag { record, .. }) => What::Tags(vec![heard(&record)]),
        Ok(Reply::Buffer { records, .. }) => What::Tags(records.iter().map(heard).collect()),
        Ok(Reply::Found { count, .. }) => What::Found { count },
        Ok(Reply::Data { data, .. }) => What::Data { len: data.len() },
        Ok(Reply::Started | Reply::Stopped | Reply::Done { .. }) => What::Done { op },
        Ok(Reply::Single { .. } | Reply::Report(_)) => What::Other { op },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        check(Out, "FF 00 03 1D 0C", &What::AskVersion);
        check(Out, "FF 01 97 06 4B BB", &What::Set { op: 0x97 });
        check(In, "FF 00 97 00 00 77 9E", &What::Done { op: 0x97 });
        let start = "FF 10 2F 00 00 01 22 00 00 05 07 22 10 00 1B 03 E8 01 FF DD 2B";
        check(Out, start, &What::Search { time_ms: 1000 });
        check(Out, "FF 03 2F 00 00 02 5E 86", &What::Stop);
        check(In, "FF 00 22 04 00 84 E0", &What::KeepAlive);
        check(
            In,
            "FF 1E 22 00 00 10 00 1B 01 FF 01 01 D6 11 0E 08 30 00 00 00 08 00 00 05 00 00 0F 00 \
             30 08 00 CC DD B7 15 73 1A",
            &What::Tags(vec![Heard { rssi_dbm: -42, pc: 0x0800 }]),
        );
        check(
            Out,
            "FF 16 28 03 E8 11 00 00 00 00 00 00 02 02 00 00 00 00 30 48 65 6C 6C 6F 21 76 8D",
            &What::Read { bank: Bank::Reserved, address: 2, words: 2, uid: None },
        );
        check(In, "FF 07 28 00 00 11 00 00 AA BB CC DD 86 C5", &What::Data { len: 4 });
        check(In, "FF 00 23 04 24 94 E5", &What::Failed { op: 0x23, status: Status::LOCKED });
    }

    #[test]
    fn damage_is_shown_with_its_bytes() {
        let mut describer = Describer::new();
        let bytes = hex("00 FF 00 03 00 00 1D 0D");
        let mut found = describer.feed(Direction::In, &bytes);
        found.extend(describer.quiet(Direction::In));
        let raw: Vec<u8> = found.iter().flat_map(|item| item.raw.clone()).collect();
        assert_eq!(raw, bytes);
        assert!(found.iter().all(|item| matches!(item.what, What::Noise(_))), "{found:?}");
    }
}
