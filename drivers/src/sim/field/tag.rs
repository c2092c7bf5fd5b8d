//! One simulated tag.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::rfid::{Air, Uid, Uii};

/// Bytes of a block; all chips modelled here have 4.
pub const BLOCK_LEN: usize = 4;

/// Chip kind (rfid-data.md section 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chip {
    /// ICODE SLI: 28 blocks, EAS.
    IcodeSli,
    /// ICODE SLIX: 28 blocks, EAS.
    #[default]
    IcodeSlix,
    /// ICODE SLIX2: 80 blocks of which the last is a counter, EAS.
    IcodeSlix2,
    /// ICODE SLIX-S: 40 blocks (UNCONFIRMED), EAS.
    IcodeSlixS,
    /// ICODE SLIX-L: 8 blocks (UNCONFIRMED), EAS.
    IcodeSlixL,
    /// Tag-it HF-I Plus: 64 blocks, no EAS.
    TagItPlus,
    /// Tag-it HF-I Standard or Pro: 8 blocks, no AFI, DSFID or system information, no EAS.
    TagItStandard,
    /// MIFARE Classic 1K, an ISO 14443A card with a UID of 4 bytes.
    MifareClassic,
    /// MIFARE DESFire, an ISO 14443A card with a UID of 7 bytes.
    MifareDesfire,
    /// A UHF tag (ISO/IEC 18000-63) with a user bank of 32 blocks of 2 words.
    Gen2,
}

impl Chip {
    /// How it speaks through the air.
    #[must_use]
    pub fn air(self) -> Air {
        match self {
            Self::MifareClassic | Self::MifareDesfire => Air::Iso14443,
            Self::Gen2 => Air::Gen2,
            _ => Air::Iso15693,
        }
    }

    /// Blocks of user memory, the SLIX2's counter included.
    #[must_use]
    pub fn blocks(self) -> u8 {
        match self {
            Self::IcodeSli | Self::IcodeSlix => 28,
            Self::IcodeSlix2 => 80,
            Self::IcodeSlixS => 40,
            Self::TagItPlus => 64,
            Self::TagItStandard | Self::IcodeSlixL => 8,
            Self::Gen2 => 32,
            Self::MifareClassic | Self::MifareDesfire => 0,
        }
    }

    /// Whether the block can never be written as data (the SLIX2's counter).
    #[must_use]
    pub fn is_reserved(self, block: u8) -> bool {
        self == Self::IcodeSlix2 && block == 79
    }

    /// Whether the chip has an EAS bit.
    #[must_use]
    pub fn has_eas(self) -> bool {
        matches!(
            self,
            Self::IcodeSli
                | Self::IcodeSlix
                | Self::IcodeSlix2
                | Self::IcodeSlixS
                | Self::IcodeSlixL
        )
    }

    /// Whether the chip writes only with the option flag and answers after an EOF of its own
    /// (Tag-it, rfid-data.md section 6.1).
    #[must_use]
    pub fn needs_write_option(self) -> bool {
        matches!(self, Self::TagItPlus | Self::TagItStandard)
    }

    /// Whether the chip knows write multiple blocks. UNCONFIRMED: no ICODE does.
    #[must_use]
    pub fn writes_multiple(self) -> bool {
        self == Self::TagItPlus
    }

    /// Lengths its identifier may have, in bytes.
    #[must_use]
    pub fn uid_lens(self) -> &'static [usize] {
        match self.air() {
            Air::Iso15693 => &[8],
            Air::Iso14443 => &[4, 7],
            Air::Gen2 => &[12],
        }
    }

    /// Whether the chip has AFI, DSFID and system information, and reads several blocks by one
    /// command. (That the multi-block read goes with the registers is UNCONFIRMED.)
    #[must_use]
    pub fn has_registers(self) -> bool {
        self.air() == Air::Iso15693 && self != Self::TagItStandard
    }
}

/// Where the tag lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Position {
    /// Well inside the field.
    #[default]
    Middle,
    /// At its edge: each command is answered or not.
    Edge {
        /// How many of a hundred commands are answered.
        answers_percent: u8,
    },
    /// On metal, on a CD, or shadowed by another tag: never answers.
    Silent,
    /// In contact with another tag: tags of one pair detune each other, and as long as two of
    /// them lie in the field none answers. One alone answers.
    Touching {
        /// Number of the pair.
        pair: u8,
    },
}

/// When a tag is pulled off the pad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pull {
    /// At the next write of any kind, which does not take effect.
    BeforeWrite,
    /// At the next write of any kind, which takes effect; only the answer is lost.
    AfterWrite,
    /// Inside the next block write, after this many blocks were written.
    AfterBlocks(u8),
    /// As soon as an inventory has listed it.
    AfterInventory,
}

/// What the tag does badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// So many AFI writes fail before one succeeds.
    pub afi_fails: u32,
    /// The reader reports it twice in one inventory.
    pub duplicate: bool,
    /// It is pulled off the pad in a write, or after an inventory.
    pub pull: Option<Pull>,
    /// So many writes take effect and are answered only when the reader has given up.
    pub late_answers: u32,
    /// So many writes are acknowledged and not kept.
    pub forgets: u32,
    /// So many answers come with a bad checksum.
    pub bad_crc: u32,
}

/// A tag with all its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagState {
    /// Name by which tests and control lines speak of it.
    pub id: String,
    /// Unique identifier.
    pub uid: Uid,
    /// Chip kind.
    pub chip: Chip,
    /// Memory, block 0 first.
    pub blocks: Vec<[u8; BLOCK_LEN]>,
    /// Blocks locked for ever.
    pub locked: BTreeSet<u8>,
    /// Application family identifier.
    pub afi: u8,
    /// Whether the AFI is locked for ever.
    pub afi_locked: bool,
    /// Data storage format identifier.
    pub dsfid: u8,
    /// Whether the DSFID is locked for ever.
    pub dsfid_locked: bool,
    /// EAS bit.
    pub eas: bool,
    /// Whether the EAS bit is locked for ever.
    pub eas_locked: bool,
    /// NXP chips: the EAS/AFI password, 0 from the factory (rfid-data.md section 6.1).
    pub eas_password: u32,
    /// NXP chips: whether EAS changes only after the password.
    pub eas_protected: bool,
    /// NXP chips: whether the AFI changes only after the password.
    pub afi_protected: bool,
    /// UHF tags: what stands in bank 01 behind the checksum.
    pub uii: Uii,
    /// UHF tags: access password; 0 means none.
    pub access_password: u32,
    /// Where it lies.
    pub position: Position,
    /// What it does badly.
    pub behaviour: Behaviour,
}

impl TagState {
    /// A blank tag from the factory: zeros, AFI and DSFID 00, EAS off.
    #[must_use]
    pub fn new(id: impl Into<String>, uid: Uid, chip: Chip) -> Self {
        Self {
            id: id.into(),
            uid,
            chip,
            blocks: vec![[0; BLOCK_LEN]; usize::from(chip.blocks())],
            locked: BTreeSet::new(),
            afi: 0,
            afi_locked: false,
            dsfid: 0,
            dsfid_locked: false,
            eas: false,
            eas_locked: false,
            eas_password: 0,
            eas_protected: false,
            afi_protected: false,
            uii: Uii::default(),
            access_password: 0,
            position: Position::Middle,
            behaviour: Behaviour::default(),
        }
    }

    /// The same tag with this content from block 0; bytes past its memory are dropped, a
    /// started block is filled with zeros.
    #[must_use]
    pub fn with_content(mut self, content: &[u8]) -> Self {
        for (block, bytes) in self.blocks.iter_mut().zip(content.chunks(BLOCK_LEN)) {
            *block = [0; BLOCK_LEN];
            block[..bytes.len()].copy_from_slice(bytes);
        }
        self
    }

    /// Whether an inventory for this family is answered (ISO/IEC 15693-3: 00 asks all, X0 a
    /// whole family, anything else exactly that).
    #[must_use]
    pub fn is_of_family(&self, afi: u8) -> bool {
        match afi {
            0 => true,
            _ if !self.chip.has_registers() => false,
            family if family & 0x0F == 0 => self.afi & 0xF0 == family,
            exact => self.afi == exact,
        }
    }
}
