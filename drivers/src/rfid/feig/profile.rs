//! [`FeigProfile`]: what a site must say of its reader, because no answer tells it or no document
//! settles it.

use serde::Deserialize;

pub use super::wire::Form;

/// Which family the reader belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// classic-pro, as CPR.M02 and CPR.04: a reader for one card, not for a pile of books.
    Cpr,
    /// i-scan HF mid range, as MR101, MR102, MR200 and PR101: a book pad.
    #[default]
    Mr,
}

impl Class {
    /// Most tags one inventory can list; `None` where no limit is known. CPR.M02 standard
    /// firmware: 4 (FEIG H20800-16e); MR limits are UNCONFIRMED.
    #[must_use]
    pub fn tags_max(self) -> Option<u8> {
        match self {
            Self::Cpr => Some(4),
            Self::Mr => None,
        }
    }
}

/// In which order the reader gives bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByteOrder {
    /// Last byte first.
    Reversed,
    /// As the tag has them.
    Straight,
}

/// How MEM-SIZE counts (readers.md 2.4 leaves it open, UNCONFIRMED).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemorySize {
    /// As the tag says it: block size and number of blocks less one.
    #[default]
    MinusOne,
    /// Plain counts.
    Count,
}

/// Whether the reader switches EAS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EasCommands {
    /// `B1 04 A2`, `A3` and `A5` (FEIG H60301-3e, 8.3; documented for MR/PR/PRH101 and LR200, for
    /// NXP tags). A reader that does not know them answers 80, which is `Unsupported`.
    #[default]
    Nxp,
    /// Never asked: EAS is `Unsupported`.
    None,
}

/// What is done about ONT, "each tag once" (CFG5 byte 11 bit 0; on in readers from the factory).
///
/// With ONT a listed tag keeps quiet until it leaves or the field is reset, so a list is no whole
/// state. Whether block 5 looks the same on i-scan readers is UNCONFIRMED: readers.md 2.4 has it
/// from a classic-pro manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ont {
    /// The driver clears it in the reader's RAM; the stored configuration stays. A reader that
    /// refuses is treated as `on`.
    #[default]
    Clear,
    /// It is on and stays on: the driver resets the field before each inventory.
    On,
    /// It is off in the reader's stored configuration.
    Off,
}

/// How this site's reader is set up.
///
/// `block_order` and `memory_size` must be checked with a tag of known content and size, and
/// `card_uid_order` with a card of known number, when the station is set up; the others stand in the reader's own configuration (CFG1, CFG5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeigProfile {
    /// Its family.
    pub class: Class,
    /// Form of the commands. Either form of reply is understood.
    pub frame: Form,
    /// COM-ADR; 255 is answered by any reader. Another value only where several readers share a
    /// line: then only that reader's answers are taken.
    pub address: u8,
    /// Order of the 4 bytes of a block. Two public drivers of real readers turn each block
    /// (Biblio-RFID for CPR.M02, and one for a gate), so `reversed` is the default.
    pub block_order: ByteOrder,
    /// Order of bytes in the UID of an ISO 14443A card. UNCONFIRMED; it matters where cards are
    /// known from another make of reader.
    pub card_uid_order: ByteOrder,
    /// What is done about ONT.
    pub ont: Ont,
    /// PSST: pause between an answer and the next command, in ms (CFG1; at most 5 in the reader).
    pub psst_ms: u8,
    /// TR-RESPONSE-TIME: the reader's latest answer to a command to a tag, in ms (CFG1 bytes 6-7
    /// hold it in 100 ms). No time-out is shorter.
    pub response_time_ms: u16,
    /// How the size of a tag's memory is counted.
    pub memory_size: MemorySize,
    /// Whether the reader switches EAS.
    pub eas: EasCommands,
}

impl Default for FeigProfile {
    fn default() -> Self {
        Self {
            class: Class::default(),
            frame: Form::default(),
            address: ANY_READER,
            block_order: ByteOrder::Reversed,
            card_uid_order: ByteOrder::Straight,
            ont: Ont::default(),
            psst_ms: 5,
            response_time_ms: 1000,
            memory_size: MemorySize::default(),
            eas: EasCommands::default(),
        }
    }
}

/// COM-ADR that every reader answers.
pub const ANY_READER: u8 = 255;
