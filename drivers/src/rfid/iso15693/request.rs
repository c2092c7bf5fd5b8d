//! Requests (rfid-data.md sections 6.2 and 6.3).

use super::{BLOCK_LEN, NXP};

const HIGH_RATE: u8 = 0x02;
const INVENTORY: u8 = 0x04;
const ADDRESS: u8 = 0x20;
const OPTION: u8 = 0x40;

/// Bits by which a mask grows: the number of a slot.
const SLOT_BITS: u8 = 4;
/// Bits of a UID, and so of the longest mask.
const UID_BITS: u8 = 64;

/// The low bits of a UID to which an inventory speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mask {
    value: u64,
    bits: u8,
}

impl Mask {
    /// Every tag.
    pub const ALL: Self = Self { value: 0, bits: 0 };

    /// This mask and the number of a slot in front; `None` when the whole UID is said already.
    #[must_use]
    pub fn with_slot(self, slot: u8) -> Option<Self> {
        (self.bits < UID_BITS).then(|| Self {
            value: self.value | u64::from(slot & 0x0F) << self.bits,
            bits: self.bits + SLOT_BITS,
        })
    }

    /// Its length in bits, 0 to 64, a multiple of 4.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.bits
    }

    /// Its bytes, lowest first; half of the last is 0 when the number of nibbles is odd.
    #[must_use]
    pub fn bytes(self) -> Vec<u8> {
        let len = usize::from(self.bits.div_ceil(8));
        self.value.to_le_bytes().into_iter().take(len).collect()
    }

    /// Whether a tag of this UID (`E0` first) answers to it.
    #[must_use]
    pub fn fits(self, uid: [u8; 8]) -> bool {
        let under = u64::MAX.checked_shl(self.bits.into()).map_or(u64::MAX, |high| !high);
        u64::from_be_bytes(uid) & under == self.value
    }
}

/// Asks in 16 slots for all tags that fit.
#[must_use]
pub fn inventory(mask: Mask) -> Vec<u8> {
    let mut bytes = vec![HIGH_RATE | INVENTORY, 0x01, mask.bits()];
    bytes.extend(mask.bytes());
    bytes
}

/// A command to one tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Keep quiet until power is gone. Never answered.
    StayQuiet,
    /// Read one block.
    ReadSingle(u8),
    /// Write one block.
    WriteSingle(u8, [u8; BLOCK_LEN]),
    /// Lock one block for ever.
    LockBlock(u8),
    /// Read blocks: the first, and how many **less one**.
    ReadMultiple(u8, u8),
    /// Select the tag.
    Select,
    /// End quiet and selected.
    ResetToReady,
    /// Write the AFI.
    WriteAfi(u8),
    /// Lock the AFI for ever.
    LockAfi,
    /// Write the DSFID.
    WriteDsfid(u8),
    /// Lock the DSFID for ever.
    LockDsfid,
    /// Get system information.
    SystemInformation,
    /// Get lock states of blocks: the first, and how many **less one**.
    BlockSecurity(u8, u8),
    /// NXP: set EAS.
    SetEas,
    /// NXP: reset EAS.
    ResetEas,
    /// NXP: EAS alarm, answered only while EAS is set.
    EasAlarm,
}

impl Command {
    /// The command byte.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::StayQuiet => 0x02,
            Self::ReadSingle(_) => 0x20,
            Self::WriteSingle(..) => 0x21,
            Self::LockBlock(_) => 0x22,
            Self::ReadMultiple(..) => 0x23,
            Self::Select => 0x25,
            Self::ResetToReady => 0x26,
            Self::WriteAfi(_) => 0x27,
            Self::LockAfi => 0x28,
            Self::WriteDsfid(_) => 0x29,
            Self::LockDsfid => 0x2A,
            Self::SystemInformation => 0x2B,
            Self::BlockSecurity(..) => 0x2C,
            Self::SetEas => 0xA2,
            Self::ResetEas => 0xA3,
            Self::EasAlarm => 0xA5,
        }
    }

    /// Whether the tag changes lasting memory, and may take 20 ms for it.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(
            self,
            Self::WriteSingle(..)
                | Self::LockBlock(_)
                | Self::WriteAfi(_)
                | Self::LockAfi
                | Self::WriteDsfid(_)
                | Self::LockDsfid
                | Self::SetEas
                | Self::ResetEas
        )
    }

    fn params(self) -> Vec<u8> {
        match self {
            Self::ReadSingle(a) | Self::LockBlock(a) | Self::WriteAfi(a) | Self::WriteDsfid(a) => {
                vec![a]
            }
            Self::WriteSingle(block, [a, b, c, d]) => vec![block, a, b, c, d],
            Self::ReadMultiple(first, less) | Self::BlockSecurity(first, less) => {
                vec![first, less]
            }
            _ => Vec::new(),
        }
    }

    fn parse(code: u8, params: &[u8]) -> Option<Self> {
        Some(match (code, params) {
            (0x02, []) => Self::StayQuiet,
            (0x20, &[block]) => Self::ReadSingle(block),
            (0x21, &[block, a, b, c, d]) => Self::WriteSingle(block, [a, b, c, d]),
            (0x22, &[block]) => Self::LockBlock(block),
            (0x23, &[first, less]) => Self::ReadMultiple(first, less),
            (0x25, []) => Self::Select,
            (0x26, []) => Self::ResetToReady,
            (0x27, &[afi]) => Self::WriteAfi(afi),
            (0x28, []) => Self::LockAfi,
            (0x29, &[dsfid]) => Self::WriteDsfid(dsfid),
            (0x2A, []) => Self::LockDsfid,
            (0x2B, []) => Self::SystemInformation,
            (0x2C, &[first, less]) => Self::BlockSecurity(first, less),
            (0xA2, []) => Self::SetEas,
            (0xA3, []) => Self::ResetEas,
            (0xA5, []) => Self::EasAlarm,
            _ => return None,
        })
    }
}

/// A command with its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// The tag's UID, `E0` first.
    pub uid: [u8; 8],
    /// Option flag: with a read, lock bytes come too; with a write, the tag answers after an EOF
    /// of its own.
    pub option: bool,
    /// What it is told.
    pub command: Command,
}

impl Request {
    /// The bytes on the air, without checksum.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let option = if self.option { OPTION } else { 0 };
        let mut bytes = vec![HIGH_RATE | ADDRESS | option, self.command.code()];
        if self.command.code() >= 0xA0 {
            bytes.push(NXP);
        }
        bytes.extend(self.uid.iter().rev());
        bytes.extend(self.command.params());
        bytes
    }

    /// Reads what [`Request::emit`] writes; `None` for anything else.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (flags, code, rest) = match bytes {
            [flags, code, rest @ ..] if *code < 0xA0 => (*flags, *code, rest),
            [flags, code, NXP, rest @ ..] => (*flags, *code, rest),
            _ => return None,
        };
        if flags & !OPTION != HIGH_RATE | ADDRESS {
            return None;
        }
        let (uid, params) = rest.split_first_chunk::<8>()?;
        let mut uid = *uid;
        uid.reverse();
        let command = Command::parse(code, params)?;
        Some(Self { uid, option: flags & OPTION != 0, command })
    }
}
