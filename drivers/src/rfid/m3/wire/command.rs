//! Commands, host to reader.

use super::{BODY_MAX, BlockLayout, Fields, Frame, READ_OPTION_RUN, Start, WireError, uid_option};
use crate::rfid::Uid;

/// Command codes (readers.md section 3, table).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the table's")]
pub enum Op {
    Quiet = 0x01,
    ReadBlocks = 0x02,
    GetEas = 0x03,
    WriteBlocks = 0x04,
    WriteBlock = 0x05,
    LockAfi = 0x06,
    WriteLockBlock = 0x07,
    LockBlock = 0x08,
    WriteAfi = 0x09,
    GetAfi = 0x0A,
    WriteDsfid = 0x0B,
    SetEas = 0x0C,
    TagInfo = 0x0D,
    LockDsfid = 0x0E,
    GetDsfid = 0x0F,
    Version = 0x11,
    PassThrough = 0x14,
    ReadUids = 0xFE,
}

impl Op {
    const ALL: [Self; 18] = [
        Self::Quiet,
        Self::ReadBlocks,
        Self::GetEas,
        Self::WriteBlocks,
        Self::WriteBlock,
        Self::LockAfi,
        Self::WriteLockBlock,
        Self::LockBlock,
        Self::WriteAfi,
        Self::GetAfi,
        Self::WriteDsfid,
        Self::SetEas,
        Self::TagInfo,
        Self::LockDsfid,
        Self::GetDsfid,
        Self::Version,
        Self::PassThrough,
        Self::ReadUids,
    ];

    /// The operation of a command code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|op| *op as u8 == code)
    }
}

/// Body of the probe seen on a real 810 (readers.md section 3, capture).
pub(super) const PROBE_BODY: [u8; 3] = [0x04, 0x00, 0x11];

/// One command to the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The `D5` probe that a real 810 answers with its version.
    Probe,
    /// `FE`: list the tags in the field.
    ReadUids {
        /// Application family to ask for; 00 for all.
        afi: u8,
        /// Bits of [`uid_option`], without the protocol bit.
        options: u8,
        /// Protocols to poll, when named.
        protocols: Option<u8>,
    },
    /// `11`: firmware version.
    Version,
    /// `14`: a raw ISO 15693 request.
    PassThrough {
        /// Most answer bytes wanted.
        receive_max: u16,
        /// Control word (meaning in the vendor's document).
        control: u16,
        /// RF byte, when given.
        rf: Option<u8>,
        /// Request without checksum.
        data: Vec<u8>,
    },
    /// `01`: the tag keeps quiet until it leaves the field.
    Quiet(Uid),
    /// `02`: read blocks.
    ReadBlocks {
        /// The tag.
        uid: Uid,
        /// First block.
        first: u8,
        /// How many.
        count: u8,
        /// Option byte, when given.
        options: Option<u8>,
    },
    /// `04`: write blocks.
    WriteBlocks {
        /// The tag.
        uid: Uid,
        /// First block.
        first: u8,
        /// Their content, at most 255 blocks.
        data: Vec<[u8; 4]>,
    },
    /// `05`: write one block.
    WriteBlock {
        /// The tag.
        uid: Uid,
        /// The block.
        block: u8,
        /// Its content.
        data: [u8; 4],
    },
    /// `07`: write one block and lock it for ever.
    WriteLockBlock {
        /// The tag.
        uid: Uid,
        /// The block.
        block: u8,
        /// Its content.
        data: [u8; 4],
    },
    /// `08`: lock one block for ever.
    LockBlock {
        /// The tag.
        uid: Uid,
        /// The block.
        block: u8,
    },
    /// `0A`: read the AFI.
    GetAfi(Uid),
    /// `09`: write the AFI.
    WriteAfi {
        /// The tag.
        uid: Uid,
        /// New value.
        afi: u8,
    },
    /// `06`: lock the AFI for ever.
    LockAfi(Uid),
    /// `03`: check EAS (NXP chips).
    GetEas(Uid),
    /// `0C`: set or reset EAS (NXP chips).
    SetEas {
        /// The tag.
        uid: Uid,
        /// New state.
        on: bool,
    },
    /// `0F`: read the DSFID.
    GetDsfid(Uid),
    /// `0B`: write the DSFID.
    WriteDsfid {
        /// The tag.
        uid: Uid,
        /// New value.
        dsfid: u8,
    },
    /// `0E`: lock the DSFID for ever.
    LockDsfid(Uid),
    /// `0D`: tag information.
    TagInfo {
        /// The tag.
        uid: Uid,
        /// Wanted fields: bit 0 DSFID, 1 AFI, 2 memory, 3 IC reference.
        mask: u8,
    },
    /// A command outside the table, as the `13` seen on a real 810.
    Other {
        /// Start byte.
        start: Start,
        /// Command code.
        code: u8,
        /// What follows it.
        data: Vec<u8>,
    },
}

impl Command {
    /// Command code of the frame.
    #[must_use]
    pub fn code(&self) -> u8 {
        let op = match self {
            Self::Probe => return PROBE_BODY[0],
            Self::Other { code, .. } => return *code,
            Self::ReadUids { .. } => Op::ReadUids,
            Self::Version => Op::Version,
            Self::PassThrough { .. } => Op::PassThrough,
            Self::Quiet(_) => Op::Quiet,
            Self::ReadBlocks { .. } => Op::ReadBlocks,
            Self::WriteBlocks { .. } => Op::WriteBlocks,
            Self::WriteBlock { .. } => Op::WriteBlock,
            Self::WriteLockBlock { .. } => Op::WriteLockBlock,
            Self::LockBlock { .. } => Op::LockBlock,
            Self::GetAfi(_) => Op::GetAfi,
            Self::WriteAfi { .. } => Op::WriteAfi,
            Self::LockAfi(_) => Op::LockAfi,
            Self::GetEas(_) => Op::GetEas,
            Self::SetEas { .. } => Op::SetEas,
            Self::GetDsfid(_) => Op::GetDsfid,
            Self::WriteDsfid { .. } => Op::WriteDsfid,
            Self::LockDsfid(_) => Op::LockDsfid,
            Self::TagInfo { .. } => Op::TagInfo,
        };
        op as u8
    }

    /// The tag addressed, if one is.
    #[must_use]
    pub fn uid(&self) -> Option<Uid> {
        match self {
            Self::Probe
            | Self::ReadUids { .. }
            | Self::Version
            | Self::PassThrough { .. }
            | Self::Other { .. } => None,
            Self::Quiet(uid)
            | Self::GetAfi(uid)
            | Self::LockAfi(uid)
            | Self::GetEas(uid)
            | Self::GetDsfid(uid)
            | Self::LockDsfid(uid)
            | Self::ReadBlocks { uid, .. }
            | Self::WriteBlocks { uid, .. }
            | Self::WriteBlock { uid, .. }
            | Self::WriteLockBlock { uid, .. }
            | Self::LockBlock { uid, .. }
            | Self::WriteAfi { uid, .. }
            | Self::SetEas { uid, .. }
            | Self::WriteDsfid { uid, .. }
            | Self::TagInfo { uid, .. } => Some(*uid),
        }
    }

    /// How the reply to this command lists blocks.
    #[must_use]
    pub fn block_layout(&self) -> BlockLayout {
        match self {
            Self::ReadBlocks { options: Some(o), .. } if o & READ_OPTION_RUN != 0 => {
                BlockLayout::Run
            }
            _ => BlockLayout::Numbered,
        }
    }

    /// The frame of this command.
    ///
    /// Variable parts longer than the protocol can carry are cut to it: 255 blocks, and
    /// [`BODY_MAX`] bytes of raw data.
    #[must_use]
    pub fn to_frame(&self) -> Frame {
        if *self == Self::Probe {
            return Frame { start: Start::Probe, body: PROBE_BODY.to_vec() };
        }
        let start = match self {
            Self::Other { start, .. } => *start,
            _ => Start::Normal,
        };
        let mut body = vec![self.code()];
        if let Some(uid) = self.uid() {
            body.extend_from_slice(uid.bytes());
        }
        self.push_data(&mut body);
        body.truncate(BODY_MAX);
        Frame { start, body }
    }

    fn push_data(&self, body: &mut Vec<u8>) {
        match self {
            Self::ReadUids { afi, options, protocols } => {
                let flag = if protocols.is_some() { uid_option::PROTOCOL } else { 0 };
                body.extend([*afi, options & !uid_option::PROTOCOL | flag]);
                body.extend(protocols);
            }
            Self::PassThrough { receive_max, control, rf, data } => {
                let data = &data[..data.len().min(BODY_MAX - 8)];
                body.extend((data.len() as u16).to_be_bytes());
                body.extend(receive_max.to_be_bytes());
                body.extend(control.to_be_bytes());
                body.extend(rf);
                body.extend(data);
            }
            Self::ReadBlocks { first, count, options, .. } => {
                body.extend([*first, *count]);
                body.extend(options);
            }
            Self::WriteBlocks { first, data, .. } => {
                let data = &data[..data.len().min(usize::from(u8::MAX))];
                body.extend([*first, data.len() as u8, 0]);
                body.extend(data.as_flattened());
            }
            Self::WriteBlock { block, data, .. } | Self::WriteLockBlock { block, data, .. } => {
                body.push(*block);
                body.extend(data);
            }
            Self::LockBlock { block, .. } => body.push(*block),
            Self::WriteAfi { afi, .. } => body.push(*afi),
            Self::SetEas { on, .. } => body.push(u8::from(*on)),
            Self::WriteDsfid { dsfid, .. } => body.push(*dsfid),
            Self::TagInfo { mask, .. } => body.push(*mask),
            Self::Other { data, .. } => body.extend(data),
            Self::Probe
            | Self::Version
            | Self::Quiet(_)
            | Self::GetAfi(_)
            | Self::LockAfi(_)
            | Self::GetEas(_)
            | Self::GetDsfid(_)
            | Self::LockDsfid(_) => {}
        }
    }

    /// Reads a command frame.
    ///
    /// # Errors
    /// [`WireError`] when a code of the table has other fields than the table says.
    pub fn parse(frame: &Frame) -> Result<Self, WireError> {
        if frame.start == Start::Probe && frame.body == PROBE_BODY {
            return Ok(Self::Probe);
        }
        let Some((&code, data)) = frame.body.split_first() else {
            return Err(WireError::Short { op: 0, field: "command code" });
        };
        match Op::from_code(code) {
            Some(op) if frame.start == Start::Normal => Self::parse_known(op, data),
            _ => Ok(Self::Other { start: frame.start, code, data: data.to_vec() }),
        }
    }

    fn parse_known(op: Op, data: &[u8]) -> Result<Self, WireError> {
        let mut f = Fields { op: op as u8, rest: data };
        let command = match op {
            Op::Version => Self::Version,
            Op::ReadUids => Self::parse_read_uids(&mut f)?,
            Op::PassThrough => Self::parse_pass_through(&mut f)?,
            _ => Self::parse_addressed(op, f.uid()?, &mut f)?,
        };
        f.end()?;
        Ok(command)
    }

    fn parse_read_uids(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let (afi, options) = (f.u8("AFI")?, f.u8("options")?);
        let protocols = match options & uid_option::PROTOCOL {
            0 => None,
            _ => Some(f.u8("protocols")?),
        };
        Ok(Self::ReadUids { afi, options: options & !uid_option::PROTOCOL, protocols })
    }

    fn parse_pass_through(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let len = usize::from(f.u16("send length")?);
        let (receive_max, control) = (f.u16("receive length")?, f.u16("control")?);
        let rf = if f.rest.len() > len { Some(f.u8("RF")?) } else { None };
        let data = f.take(len, "data")?.to_vec();
        Ok(Self::PassThrough { receive_max, control, rf, data })
    }

    fn parse_addressed(op: Op, uid: Uid, f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(match op {
            Op::Quiet => Self::Quiet(uid),
            Op::ReadBlocks => {
                let (first, count) = (f.u8("first block")?, f.u8("count")?);
                let options = if f.rest.is_empty() { None } else { Some(f.u8("options")?) };
                Self::ReadBlocks { uid, first, count, options }
            }
            Op::WriteBlocks => {
                let (first, count) = (f.u8("first block")?, f.u8("count")?);
                match f.u8("fill byte")? {
                    0 => {}
                    value => return Err(f.value("fill byte", value)),
                }
                let (data, _) = f.take(4 * usize::from(count), "data")?.as_chunks::<4>();
                Self::WriteBlocks { uid, first, data: data.to_vec() }
            }
            Op::WriteBlock => {
                Self::WriteBlock { uid, block: f.u8("block")?, data: f.array("data")? }
            }
            Op::WriteLockBlock => {
                Self::WriteLockBlock { uid, block: f.u8("block")?, data: f.array("data")? }
            }
            Op::LockBlock => Self::LockBlock { uid, block: f.u8("block")? },
            Op::GetAfi => Self::GetAfi(uid),
            Op::WriteAfi => Self::WriteAfi { uid, afi: f.u8("AFI")? },
            Op::LockAfi => Self::LockAfi(uid),
            Op::GetEas => Self::GetEas(uid),
            Op::SetEas => match f.u8("EAS")? {
                value @ 0..=1 => Self::SetEas { uid, on: value == 1 },
                value => return Err(f.value("EAS", value)),
            },
            Op::GetDsfid => Self::GetDsfid(uid),
            Op::WriteDsfid => Self::WriteDsfid { uid, dsfid: f.u8("DSFID")? },
            Op::LockDsfid => Self::LockDsfid(uid),
            Op::TagInfo => Self::TagInfo { uid, mask: f.u8("mask")? },
            Op::Version | Op::PassThrough | Op::ReadUids => {
                unreachable!("commands without UID are parsed before")
            }
        })
    }
}
