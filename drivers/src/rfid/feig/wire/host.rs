//! Commands to the tags: `B0` (readers.md 2.4) and the NXP part of `B1` (FEIG H60301-3e, 8 and
//! 8.3).

use super::{Fields, WireError};
use crate::rfid::Uid;

/// Manufacturer code of NXP (Philips) in `B1`.
pub const MFR_NXP: u8 = 0x04;

/// Sub-commands of `B0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the table's")]
pub enum Sub {
    Inventory = 0x01,
    StayQuiet = 0x02,
    LockBlocks = 0x22,
    ReadBlocks = 0x23,
    WriteBlocks = 0x24,
    Select = 0x25,
    ResetToReady = 0x26,
    WriteAfi = 0x27,
    LockAfi = 0x28,
    WriteDsfid = 0x29,
    LockDsfid = 0x2A,
    SystemInfo = 0x2B,
    BlockSecurity = 0x2C,
    Halt = 0xC0,
}

impl Sub {
    const ALL: [Self; 14] = [
        Self::Inventory,
        Self::StayQuiet,
        Self::LockBlocks,
        Self::ReadBlocks,
        Self::WriteBlocks,
        Self::Select,
        Self::ResetToReady,
        Self::WriteAfi,
        Self::LockAfi,
        Self::WriteDsfid,
        Self::LockDsfid,
        Self::SystemInfo,
        Self::BlockSecurity,
        Self::Halt,
    ];

    /// The sub-command of a code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|sub| *sub as u8 == code)
    }
}

/// Sub-commands of `B1` for NXP tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Eas {
    /// `A2`: sets the bit.
    Set = 0xA2,
    /// `A3`: resets it.
    Reset = 0xA3,
    /// `A4`: locks it for ever.
    Lock = 0xA4,
    /// `A5`: a tag with the bit set answers; otherwise the status is 01.
    Alarm = 0xA5,
}

impl Eas {
    fn from_code(code: u8) -> Option<Self> {
        [Self::Set, Self::Reset, Self::Lock, Self::Alarm].into_iter().find(|c| *c as u8 == code)
    }
}

/// Which tag is meant: bits 2-0 of MODE and the UID behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// 000: whichever answers.
    Any,
    /// 001: this one.
    Tag([u8; 8]),
    /// 010: the one selected before.
    Selected,
}

impl Target {
    fn mode(self) -> u8 {
        match self {
            Self::Any => 0,
            Self::Tag(_) => 1,
            Self::Selected => 2,
        }
    }

    fn push(self, flags: u8, body: &mut Vec<u8>) {
        body.push(self.mode() | flags);
        if let Self::Tag(uid) = self {
            body.extend(uid);
        }
    }

    /// The target, and the mode's flags, which must be among `known`.
    fn parse(f: &mut Fields<'_>, known: u8) -> Result<(Self, u8), WireError> {
        let mode = f.u8("mode")?;
        let flags = mode & !0x07;
        if flags & !known != 0 {
            return Err(f.value("mode", mode));
        }
        let target = match mode & 0x07 {
            0 => Self::Any,
            1 => Self::Tag(f.array("UID")?),
            2 => Self::Selected,
            _ => return Err(f.value("mode", mode)),
        };
        Ok((target, flags))
    }
}

/// MODE of the inventory: further records of the last one.
const MORE: u8 = 0x80;
/// MODE of the inventory: answer only when a tag comes.
const NOTIFY: u8 = 0x40;
/// MODE of the inventory: PRESC of the manual.
const PRESENCE: u8 = 0x20;
/// MODE of read multiple: with the lock of each block.
const SECURITY: u8 = 0x08;
/// MODE of select: a length stands before the UID.
const UID_LENGTH: u8 = 0x10;
/// MODE of select: answer with card information.
const CARD_INFO: u8 = 0x20;

/// One command to the tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostCommand {
    /// `01`: a new inventory.
    Inventory {
        /// Wait for a tag so long, in 100 ms.
        notify: Option<u8>,
        /// PRESC bit.
        presence: bool,
    },
    /// `01` with MORE: the records that did not fit the reply before.
    More,
    /// `02`: the tag keeps quiet until it leaves the field.
    StayQuiet([u8; 8]),
    /// `22`: locks blocks for ever.
    LockBlocks {
        /// The tag.
        target: Target,
        /// First block.
        first: u8,
        /// How many.
        count: u8,
    },
    /// `23`: reads blocks.
    ReadBlocks {
        /// The tag.
        target: Target,
        /// Whether the lock of each block is asked for.
        security: bool,
        /// First block.
        first: u8,
        /// How many; times the block size at most 128.
        count: u8,
    },
    /// `24`: writes blocks.
    WriteBlocks {
        /// The tag.
        target: Target,
        /// First block.
        first: u8,
        /// Bytes of a block, 1..=255.
        size: u8,
        /// Whole blocks, at most 128 bytes.
        data: Vec<u8>,
    },
    /// `25`: selects a tag.
    Select {
        /// The tag.
        uid: Uid,
        /// Whether its length stands before it.
        with_length: bool,
        /// Whether card information is asked for.
        card_info: bool,
    },
    /// `26`: ends quiet and selected.
    ResetToReady(Target),
    /// `27`: writes the AFI.
    WriteAfi {
        /// The tag.
        target: Target,
        /// New value.
        afi: u8,
    },
    /// `28`: locks the AFI for ever.
    LockAfi(Target),
    /// `29`: writes the DSFID.
    WriteDsfid {
        /// The tag.
        target: Target,
        /// New value.
        dsfid: u8,
    },
    /// `2A`: locks the DSFID for ever.
    LockDsfid(Target),
    /// `2B`: DSFID, AFI, memory.
    SystemInfo(Target),
    /// `2C`: locks of blocks.
    BlockSecurity {
        /// The tag.
        target: Target,
        /// First block.
        first: u8,
        /// How many.
        count: u8,
    },
    /// `C0`: halts an ISO 14443 card.
    Halt(Target),
    /// `B1 04`: the EAS bit of NXP tags.
    Eas {
        /// What to do.
        what: Eas,
        /// The tag.
        target: Target,
    },
}

impl HostCommand {
    /// The fields behind `B0` or `B1`.
    pub(super) fn push(&self, body: &mut Vec<u8>) {
        match self {
            Self::Eas { what, .. } => body.extend([MFR_NXP, *what as u8]),
            _ => body.push(self.sub() as u8),
        }
        let flags = match self {
            Self::Inventory { notify, presence } => {
                let flag = |on, bit| if on { bit } else { 0 };
                body.push(flag(notify.is_some(), NOTIFY) | flag(*presence, PRESENCE));
                return body.extend(notify);
            }
            Self::More => return body.push(MORE),
            Self::StayQuiet(uid) => return Target::Tag(*uid).push(0, body),
            Self::Select { uid, with_length, card_info } => {
                let flag = |on, bit| if on { bit } else { 0 };
                body.push(1 | flag(*with_length, UID_LENGTH) | flag(*card_info, CARD_INFO));
                if *with_length {
                    body.push(uid.bytes().len() as u8);
                }
                return body.extend(uid.bytes());
            }
            Self::ReadBlocks { security: true, .. } => SECURITY,
            _ => 0,
        };
        if let Some(target) = self.target() {
            target.push(flags, body);
        }
        match self {
            Self::LockBlocks { first, count, .. }
            | Self::ReadBlocks { first, count, .. }
            | Self::BlockSecurity { first, count, .. } => body.extend([*first, *count]),
            Self::WriteBlocks { first, size, data, .. } => {
                let count = data.len() / usize::from(*size).max(1);
                body.extend([*first, count as u8, *size]);
                body.extend(data);
            }
            Self::WriteAfi { afi: value, .. } | Self::WriteDsfid { dsfid: value, .. } => {
                body.push(*value);
            }
            _ => {}
        }
    }

    fn sub(&self) -> Sub {
        match self {
            Self::Inventory { .. } | Self::More => Sub::Inventory,
            Self::StayQuiet(_) => Sub::StayQuiet,
            Self::LockBlocks { .. } => Sub::LockBlocks,
            Self::ReadBlocks { .. } => Sub::ReadBlocks,
            Self::WriteBlocks { .. } => Sub::WriteBlocks,
            Self::Select { .. } => Sub::Select,
            Self::ResetToReady(_) => Sub::ResetToReady,
            Self::WriteAfi { .. } => Sub::WriteAfi,
            Self::LockAfi(_) => Sub::LockAfi,
            Self::WriteDsfid { .. } => Sub::WriteDsfid,
            Self::LockDsfid(_) => Sub::LockDsfid,
            Self::SystemInfo(_) => Sub::SystemInfo,
            Self::BlockSecurity { .. } => Sub::BlockSecurity,
            // B1 has codes of its own.
            Self::Halt(_) | Self::Eas { .. } => Sub::Halt,
        }
    }

    /// Which tag is meant, where the command names one in the common way.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        match self {
            Self::LockBlocks { target, .. }
            | Self::ReadBlocks { target, .. }
            | Self::WriteBlocks { target, .. }
            | Self::ResetToReady(target)
            | Self::WriteAfi { target, .. }
            | Self::LockAfi(target)
            | Self::WriteDsfid { target, .. }
            | Self::LockDsfid(target)
            | Self::SystemInfo(target)
            | Self::BlockSecurity { target, .. }
            | Self::Halt(target)
            | Self::Eas { target, .. } => Some(*target),
            Self::StayQuiet(uid) => Some(Target::Tag(*uid)),
            Self::Inventory { .. } | Self::More | Self::Select { .. } => None,
        }
    }

    /// Reads what follows `B0`.
    pub(super) fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let code = f.u8("sub-command")?;
        let sub = Sub::from_code(code).ok_or_else(|| f.value("sub-command", code))?;
        match sub {
            Sub::Inventory => Self::parse_inventory(f),
            Sub::Select => Self::parse_select(f),
            Sub::StayQuiet => match Target::parse(f, 0)? {
                (Target::Tag(uid), _) => Ok(Self::StayQuiet(uid)),
                (other, _) => Err(f.value("mode", other.mode())),
            },
            _ => {
                let known = if sub == Sub::ReadBlocks { SECURITY } else { 0 };
                let (target, flags) = Target::parse(f, known)?;
                Self::parse_addressed(sub, target, flags, f)
            }
        }
    }

    fn parse_inventory(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let mode = f.u8("mode")?;
        match mode {
            MORE => Ok(Self::More),
            // MORE and NTFC exclude each other.
            _ if mode & !(NOTIFY | PRESENCE) != 0 => Err(f.value("mode", mode)),
            _ => {
                let notify =
                    if mode & NOTIFY != 0 { Some(f.u8("notification time")?) } else { None };
                Ok(Self::Inventory { notify, presence: mode & PRESENCE != 0 })
            }
        }
    }

    fn parse_select(f: &mut Fields<'_>) -> Result<Self, WireError> {
        let mode = f.u8("mode")?;
        if mode & !(UID_LENGTH | CARD_INFO) != 1 {
            return Err(f.value("mode", mode));
        }
        let with_length = mode & UID_LENGTH != 0;
        let len = if with_length { f.u8("UID length")? } else { 8 };
        let uid = f.take(usize::from(len), "UID")?;
        let uid = Uid::new(uid).ok_or_else(|| f.value("UID length", len))?;
        Ok(Self::Select { uid, with_length, card_info: mode & CARD_INFO != 0 })
    }

    fn parse_addressed(
        sub: Sub,
        target: Target,
        flags: u8,
        f: &mut Fields<'_>,
    ) -> Result<Self, WireError> {
        let (first, count) = match sub {
            Sub::LockBlocks | Sub::ReadBlocks | Sub::WriteBlocks | Sub::BlockSecurity => {
                (f.u8("first block")?, f.u8("count")?)
            }
            _ => (0, 0),
        };
        Ok(match sub {
            Sub::LockBlocks => Self::LockBlocks { target, first, count },
            Sub::ReadBlocks => {
                Self::ReadBlocks { target, security: flags & SECURITY != 0, first, count }
            }
            Sub::WriteBlocks => {
                let size = f.u8("block size")?;
                if size == 0 {
                    return Err(f.value("block size", size));
                }
                let data = f.take(usize::from(count) * usize::from(size), "data")?.to_vec();
                Self::WriteBlocks { target, first, size, data }
            }
            Sub::ResetToReady => Self::ResetToReady(target),
            Sub::WriteAfi => Self::WriteAfi { target, afi: f.u8("AFI")? },
            Sub::LockAfi => Self::LockAfi(target),
            Sub::WriteDsfid => Self::WriteDsfid { target, dsfid: f.u8("DSFID")? },
            Sub::LockDsfid => Self::LockDsfid(target),
            Sub::SystemInfo => Self::SystemInfo(target),
            Sub::BlockSecurity => Self::BlockSecurity { target, first, count },
            Sub::Halt => Self::Halt(target),
            Sub::Inventory | Sub::StayQuiet | Sub::Select => {
                return Err(f.value("sub-command", sub as u8));
            }
        })
    }

    /// Reads what follows `B1`.
    pub(super) fn parse_custom(f: &mut Fields<'_>) -> Result<Self, WireError> {
        match f.u8("manufacturer")? {
            MFR_NXP => {}
            other => return Err(f.value("manufacturer", other)),
        }
        let code = f.u8("sub-command")?;
        let what = Eas::from_code(code).ok_or_else(|| f.value("sub-command", code))?;
        let (target, _) = Target::parse(f, 0)?;
        Ok(Self::Eas { what, target })
    }
}
