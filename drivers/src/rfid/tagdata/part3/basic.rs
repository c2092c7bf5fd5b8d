//! The basic block of ISO 28560-3 (rfid-data.md 5.1 and 5.2).

use super::view::{ByteOrder, View};
use crate::rfid::tagdata::compaction::latin1;
use crate::rfid::tagdata::{TagError, TypeOfUsage};

/// Bytes of the basic block.
pub(in crate::rfid::tagdata) const BASIC_LEN: usize = 34;
/// Bytes of the basic block on a tag that has only these.
pub(in crate::rfid::tagdata) const SHORT_LEN: usize = 32;
pub(super) const PARTS_AT: usize = 1;
pub(super) const PART_AT: usize = 2;
pub(in crate::rfid::tagdata) const ID_AT: usize = 3;
/// Bytes of the identifier.
pub(super) const ID_LEN: usize = 16;
pub(in crate::rfid::tagdata) const CRC_AT: usize = 19;
pub(in crate::rfid::tagdata) const OWNER_AT: usize = 21;
/// Bytes of the owner's prefix (country).
pub(in crate::rfid::tagdata) const PREFIX_LEN: usize = 2;
pub(super) const VERSION: u8 = 1;
/// First byte of the identifier when the identifier is in the library extension block.
pub(in crate::rfid::tagdata) const LONG_ID_MARK: u8 = 1;

/// A basic block's bytes; 00 stands for what a 32-byte tag does not have.
pub(in crate::rfid::tagdata) struct Basic(pub(super) [u8; BASIC_LEN]);

impl Basic {
    /// `None` when fewer than 32 bytes were read.
    pub(in crate::rfid::tagdata) fn read(memory: &[u8], order: ByteOrder) -> Option<Self> {
        let view = View::new(memory, order);
        let len = if view.len() >= BASIC_LEN { BASIC_LEN } else { SHORT_LEN };
        if view.len() < len {
            return None;
        }
        let mut bytes = [0; BASIC_LEN];
        view.copy(0, &mut bytes[..len]);
        Some(Self(bytes))
    }

    pub(super) fn stored_crc(&self) -> u16 {
        u16::from_le_bytes([self.0[CRC_AT], self.0[CRC_AT + 1]])
    }

    pub(super) fn computed_crc(&self) -> u16 {
        crc(crc(CRC_INIT, &self.0[..CRC_AT]), &self.0[OWNER_AT..])
    }

    /// Whether the check holds.
    pub(in crate::rfid::tagdata) fn holds(&self) -> bool {
        self.stored_crc() == self.computed_crc()
    }

    /// Exactly one half of byte 0 is the version 1 and the other is the usage class.
    pub(super) fn usage(&self) -> Result<TypeOfUsage, TagError> {
        let byte = self.0[0];
        let ((VERSION, class) | (class, VERSION)) = (byte >> 4, byte & 0xF) else {
            return Err(TagError::UnknownVersion { byte });
        };
        Ok(TypeOfUsage::from_digits(class, 0))
    }

    pub(super) fn has_long_id(&self) -> bool {
        self.0[ID_AT] == LONG_ID_MARK
    }

    pub(super) fn identifier(&self) -> String {
        text(&self.0[ID_AT..ID_AT + ID_LEN])
    }

    /// Prefix and unit with the hyphen that the tag leaves out. Empty when there is none.
    ///
    /// How prefixes of one character are stored is UNCONFIRMED; they read as prefix, hyphen, unit.
    pub(super) fn owner(&self) -> String {
        let (prefix, unit) = self.0[OWNER_AT..].split_at(PREFIX_LEN);
        let (prefix, unit) = (text(prefix), text(unit));
        if prefix.is_empty() || unit.is_empty() || prefix.ends_with('-') || unit.starts_with('-') {
            return prefix + &unit;
        }
        format!("{prefix}-{unit}")
    }
}

/// Part 3 text: cut at the first 00, trailing spaces stripped, UTF-8 or else ISO 8859-1.
pub(in crate::rfid::tagdata) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    let bytes = bytes[..end].trim_ascii_end();
    std::str::from_utf8(bytes).map_or_else(|_| latin1(bytes), str::to_owned)
}

const CRC_POLYNOMIAL: u16 = 0x1021;
pub(super) const CRC_INIT: u16 = 0xFFFF;

/// One row per value of a byte, so that a tag costs 32 look-ups.
const CRC_TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut value = 0;
    while value < 256 {
        let mut crc = (value as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ CRC_POLYNOMIAL };
            bit += 1;
        }
        table[value] = crc;
        value += 1;
    }
    table
};

/// CRC-16/IBM-3740, continued from `start`.
pub(super) fn crc(start: u16, bytes: &[u8]) -> u16 {
    bytes.iter().fold(start, |crc, &byte| {
        let [high, _] = crc.to_be_bytes();
        crc << 8 ^ CRC_TABLE[usize::from(high ^ byte)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_is_the_published_one() {
        assert_eq!(crc(CRC_INIT, b"123456789"), 0x29B1);
        assert_eq!(crc(CRC_INIT, b"RFID tag data model"), 0x1AEE);
    }

    #[test]
    fn owner_gets_its_hyphen_once() {
        let owner = |text: &str| {
            let mut basic = Basic([0; BASIC_LEN]);
            basic.0[OWNER_AT..][..text.len()].copy_from_slice(text.as_bytes());
            basic.owner()
        };
        assert_eq!(owner("DE705"), "DE-705");
        assert_eq!(owner("DE-705"), "DE-705");
        assert_eq!(owner("DK"), "DK");
        assert_eq!(owner("\x00\x00705"), "705");
        assert_eq!(owner("O\x00705"), "O-705");
        assert_eq!(owner(""), "");
        assert_eq!(owner("DE705  "), "DE-705");
    }
}
