//! Replies, reader to host.

use std::fmt;

use super::command::PROBE_BODY;
use super::{BlockLayout, Fields, Frame, Op, Start, WireError, uid_option};
use crate::rfid::{Seen, Uid};

/// The second byte of a reply, when it is not 00 (readers.md section 3, "Errors").
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode(pub u8);

impl ErrorCode {
    /// The reader does not know the command.
    pub const NOT_IMPLEMENTED: Self = Self(0x02);
    /// No transponder answered.
    pub const NO_TAG: Self = Self(0x06);
    /// The tag has no such memory.
    pub const MEMORY_NOT_AVAILABLE: Self = Self(0x11);
    /// Locked for ever.
    pub const LOCKED: Self = Self(0x12);
    /// The block could not be read.
    pub const NOT_READ: Self = Self(0x15);
    /// The block could not be written (weak power).
    pub const NOT_WRITTEN: Self = Self(0x16);
    /// Tag error 01, command not supported.
    pub const TAG_UNSUPPORTED: Self = Self(0x21);
    /// Tag error 02, command not recognised.
    pub const TAG_FORMAT: Self = Self(0x22);
    /// Tag error 03, option not supported.
    pub const TAG_OPTION: Self = Self(0x23);
    /// Not supported.
    pub const NOT_SUPPORTED: Self = Self(0x30);
    /// Option not supported.
    pub const OPTION: Self = Self(0x31);
    /// Bad parameter.
    pub const PARAMETER: Self = Self(0x32);
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ErrorCode({self})")
    }
}

/// Lock byte of one block in a read reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockLock {
    /// 00: may be written.
    Open,
    /// 01: locked by the user.
    User,
    /// 02: locked at the factory.
    Factory,
    /// 03: both.
    Both,
    /// Above 03: this block could not be read, with the reason.
    Failed(ErrorCode),
}

impl BlockLock {
    fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Open,
            1 => Self::User,
            2 => Self::Factory,
            3 => Self::Both,
            code => Self::Failed(ErrorCode(code)),
        }
    }

    fn byte(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::User => 1,
            Self::Factory => 2,
            Self::Both => 3,
            Self::Failed(code) => code.0,
        }
    }
}

/// One block of a read reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Block number.
    pub number: u8,
    /// Its lock, or why it could not be read.
    pub lock: BlockLock,
    /// Its content.
    pub data: [u8; 4],
}

/// Memory size in a tag information reply; on the line both numbers are one less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Bytes per block, 1..=256.
    pub block_size: u16,
    /// Number of blocks, 1..=256.
    pub blocks: u16,
}

/// Fields of a tag information reply; absent ones were not available.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TagInfo {
    /// Data storage format identifier.
    pub dsfid: Option<u8>,
    /// Application family identifier.
    pub afi: Option<u8>,
    /// Memory size.
    pub memory: Option<Memory>,
    /// IC reference.
    pub ic_reference: Option<u8>,
}

/// One answer of the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Answer to the `D5` probe.
    Probe {
        /// Version as four numbers.
        version: [u8; 4],
    },
    /// Any reply whose error byte is not 00.
    Failed {
        /// Command code it answers.
        code: u8,
        /// The error.
        error: ErrorCode,
        /// The tag, where the reply names it.
        uid: Option<Uid>,
        /// What follows the UID, as the failing block of a write.
        detail: Vec<u8>,
    },
    /// `FE`: the tags, as reported, duplicates included.
    Uids {
        /// Echo of the family asked for.
        afi: u8,
        /// Echo of the options; the DSFID bit tells how the records are built.
        options: u8,
        /// The tags.
        found: Vec<Seen>,
    },
    /// `11`: version as four numbers (the first has been `0A` in everything seen).
    Version([u8; 4]),
    /// `14`: a raw answer.
    PassThrough {
        /// Flags of the reader.
        flags: u8,
        /// The tag's answer.
        data: Vec<u8>,
    },
    /// `02`: blocks.
    Blocks {
        /// The tag.
        uid: Uid,
        /// The blocks, in the reply's order.
        blocks: Vec<Block>,
        /// How they were listed.
        layout: BlockLayout,
    },
    /// `04`: blocks written.
    BlocksWritten {
        /// The tag.
        uid: Uid,
        /// Number of the last block plus one, where the reply says it.
        next: Option<u8>,
    },
    /// `0A`: the AFI.
    Afi {
        /// The tag.
        uid: Uid,
        /// Its AFI.
        afi: u8,
    },
    /// `03`: the EAS state.
    Eas {
        /// The tag.
        uid: Uid,
        /// The byte; 0 is off. A tag with EAS off usually answers error 06 instead.
        state: u8,
    },
    /// `0F`: the DSFID.
    Dsfid {
        /// The tag.
        uid: Uid,
        /// Its DSFID.
        dsfid: u8,
    },
    /// `0D`: tag information.
    TagInfo {
        /// The tag.
        uid: Uid,
        /// What is available.
        info: TagInfo,
    },
    /// Every command that answers with the UID alone.
    Done {
        /// What was done.
        op: Op,
        /// The tag.
        uid: Uid,
    },
    /// A good reply to a command outside the table.
    Other {
        /// Start byte.
        start: Start,
        /// Command code.
        code: u8,
        /// What follows the command code (and, for `D6`, the error byte 00).
        data: Vec<u8>,
    },
}

impl Reply {
    /// Reads a reply frame. `layout` is that of the command it should answer
    /// ([`Command::block_layout`](super::Command::block_layout)).
    ///
    /// # Errors
    /// [`WireError`] when a code of the table has other fields than the table says.
    pub fn parse(frame: &Frame, layout: BlockLayout) -> Result<Self, WireError> {
        let Some((&code, rest)) = frame.body.split_first() else {
            return Err(WireError::Short { op: 0, field: "command code" });
        };
        if frame.start == Start::Probe {
            return Ok(match frame.body.strip_prefix(&PROBE_BODY) {
                Some(&[a, b, c, d]) => Self::Probe { version: [a, b, c, d] },
                _ => Self::Other { start: frame.start, code, data: rest.to_vec() },
            });
        }
        let mut f = Fields { op: code, rest };
        let error = f.u8("error code")?;
        if error != 0 {
            return Ok(Self::parse_failed(code, ErrorCode(error), f.rest));
        }
        let Some(op) = Op::from_code(code) else {
            return Ok(Self::Other { start: frame.start, code, data: f.rest.to_vec() });
        };
        let reply = match op {
            Op::ReadUids => Self::parse_uids(&mut f)?,
            Op::Version => Self::Version(f.array("version")?),
            Op::PassThrough => {
                let flags = f.u8("flags")?;
                let len = usize::from(f.u16("length")?);
                Self::PassThrough { flags, data: f.take(len, "data")?.to_vec() }
            }
            _ => Self::parse_addressed(op, layout, &mut f)?,
        };
        f.end()?;
        Ok(reply)
    }

    /// Some errors carry the UID and more (captured: `09 06 UID`), some nothing (`CC 02`).
    fn parse_failed(code: u8, error: ErrorCode, rest: &[u8]) -> Self {
        match rest.split_first_chunk::<8>() {
            Some((uid, detail)) => Self::Failed {
                code,
                error,
                uid: Some(Uid::iso15693(*uid)),
                detail: detail.to_vec(),
            },
            None => Self::Failed { code, error, uid: None, detail: rest.to_vec() },
        }
    }

    fn parse_uids(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let (afi, options, count) = (f.u8("AFI")?, f.u8("options")?, f.u8("count")?);
        let mut found = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let dsfid = match options & uid_option::DSFID {
                0 => None,
                _ => Some(f.u8("DSFID")?),
            };
            found.push(Seen::iso15693(f.uid()?, dsfid));
        }
        Ok(Self::Uids { afi, options, found })
    }

    fn parse_addressed(op: Op, layout: BlockLayout, f: &mut Fields<'_>) -> Result<Self, WireError> {
        let uid = f.uid()?;
        Ok(match op {
            Op::ReadBlocks => Self::Blocks { uid, blocks: parse_blocks(layout, f)?, layout },
            Op::WriteBlocks => {
                let next = if f.rest.is_empty() { None } else { Some(f.u8("next block")?) };
                Self::BlocksWritten { uid, next }
            }
            Op::GetAfi => Self::Afi { uid, afi: f.u8("AFI")? },
            Op::GetEas => Self::Eas { uid, state: f.u8("EAS")? },
            Op::GetDsfid => Self::Dsfid { uid, dsfid: f.u8("DSFID")? },
            Op::TagInfo => Self::TagInfo { uid, info: parse_info(f)? },
            _ => Self::Done { op, uid },
        })
    }

    /// Command code this answers.
    #[must_use]
    pub fn code(&self) -> u8 {
        let op = match self {
            Self::Probe { .. } => return PROBE_BODY[0],
            Self::Failed { code, .. } | Self::Other { code, .. } => return *code,
            Self::Uids { .. } => Op::ReadUids,
            Self::Version(_) => Op::Version,
            Self::PassThrough { .. } => Op::PassThrough,
            Self::Blocks { .. } => Op::ReadBlocks,
            Self::BlocksWritten { .. } => Op::WriteBlocks,
            Self::Afi { .. } => Op::GetAfi,
            Self::Eas { .. } => Op::GetEas,
            Self::Dsfid { .. } => Op::GetDsfid,
            Self::TagInfo { .. } => Op::TagInfo,
            Self::Done { op, .. } => *op,
        };
        op as u8
    }

    /// The tag named in the reply.
    #[must_use]
    pub fn uid(&self) -> Option<Uid> {
        match self {
            Self::Failed { uid, .. } => *uid,
            Self::Blocks { uid, .. }
            | Self::BlocksWritten { uid, .. }
            | Self::Afi { uid, .. }
            | Self::Eas { uid, .. }
            | Self::Dsfid { uid, .. }
            | Self::TagInfo { uid, .. }
            | Self::Done { uid, .. } => Some(*uid),
            Self::Probe { .. }
            | Self::Uids { .. }
            | Self::Version(_)
            | Self::PassThrough { .. }
            | Self::Other { .. } => None,
        }
    }

    /// The frame of this reply (for tests and players of recorded traffic).
    #[must_use]
    pub fn to_frame(&self) -> Frame {
        let (start, mut body) = match self {
            Self::Probe { .. } => (Start::Probe, PROBE_BODY.to_vec()),
            Self::Other { start: Start::Probe, code, .. } => (Start::Probe, vec![*code]),
            Self::Failed { code, error, .. } => (Start::Normal, vec![*code, error.0]),
            _ => (Start::Normal, vec![self.code(), 0]),
        };
        if let Some(uid) = self.uid() {
            body.extend_from_slice(uid.bytes());
        }
        self.push_data(&mut body);
        Frame { start, body }
    }

    fn push_data(&self, body: &mut Vec<u8>) {
        match self {
            Self::Probe { version } | Self::Version(version) => body.extend(version),
            Self::Failed { detail: data, .. } | Self::Other { data, .. } => body.extend(data),
            Self::Uids { afi, options, found } => {
                body.extend([*afi, *options, found.len() as u8]);
                for seen in found {
                    if options & uid_option::DSFID != 0 {
                        body.push(seen.dsfid.unwrap_or(0));
                    }
                    body.extend_from_slice(seen.uid.bytes());
                }
            }
            Self::PassThrough { flags, data } => {
                body.push(*flags);
                body.extend((data.len() as u16).to_be_bytes());
                body.extend(data);
            }
            Self::Blocks { blocks, layout, .. } => {
                if *layout == BlockLayout::Run {
                    body.push(blocks.first().map_or(0, |b| b.number));
                }
                body.push(blocks.len() as u8);
                for block in blocks {
                    if *layout == BlockLayout::Numbered {
                        body.push(block.number);
                    }
                    body.push(block.lock.byte());
                    body.extend(block.data);
                }
            }
            Self::BlocksWritten { next, .. } => body.extend(next),
            Self::Afi { afi: value, .. }
            | Self::Eas { state: value, .. }
            | Self::Dsfid { dsfid: value, .. } => body.push(*value),
            Self::TagInfo { info, .. } => push_info(info, body),
            Self::Done { .. } => {}
        }
    }
}

fn parse_blocks(layout: BlockLayout, f: &mut Fields<'_>) -> Result<Vec<Block>, WireError> {
    let first = match layout {
        BlockLayout::Numbered => None,
        BlockLayout::Run => Some(f.u8("first block")?),
    };
    let count = f.u8("count")?;
    (0..count)
        .map(|i| {
            let number = match first {
                Some(first) => first.wrapping_add(i),
                None => f.u8("block number")?,
            };
            let lock = BlockLock::from_byte(f.u8("lock")?);
            Ok(Block { number, lock, data: f.array("data")? })
        })
        .collect()
}

const HAS_DSFID: u8 = 0x01;
const HAS_AFI: u8 = 0x02;
const HAS_MEMORY: u8 = 0x04;
const HAS_IC_REFERENCE: u8 = 0x08;

fn parse_info(f: &mut Fields<'_>) -> Result<TagInfo, WireError> {
    let available = f.u8("available fields")?;
    let mut info = TagInfo::default();
    if available & HAS_DSFID != 0 {
        info.dsfid = Some(f.u8("DSFID")?);
    }
    if available & HAS_AFI != 0 {
        info.afi = Some(f.u8("AFI")?);
    }
    if available & HAS_MEMORY != 0 {
        let [size, blocks] = f.array("memory")?;
        info.memory =
            Some(Memory { block_size: u16::from(size) + 1, blocks: u16::from(blocks) + 1 });
    }
    if available & HAS_IC_REFERENCE != 0 {
        info.ic_reference = Some(f.u8("IC reference")?);
    }
    Ok(info)
}

fn push_info(info: &TagInfo, body: &mut Vec<u8>) {
    let bit = |present: bool, bit| if present { bit } else { 0 };
    body.push(
        bit(info.dsfid.is_some(), HAS_DSFID)
            | bit(info.afi.is_some(), HAS_AFI)
            | bit(info.memory.is_some(), HAS_MEMORY)
            | bit(info.ic_reference.is_some(), HAS_IC_REFERENCE),
    );
    body.extend(info.dsfid);
    body.extend(info.afi);
    if let Some(memory) = info.memory {
        body.extend([memory.block_size, memory.blocks].map(|n| (n.saturating_sub(1)) as u8));
    }
    body.extend(info.ic_reference);
}
