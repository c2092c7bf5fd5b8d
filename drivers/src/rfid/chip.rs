//! What a tag's chip can do, as far as its UID tells (rfid-data.md section 6.1).

use super::{Air, Seen, TagMemory, Uid};

/// A chip, or its maker where no more can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chip {
    /// NXP ICODE SLI.
    IcodeSli,
    /// NXP ICODE SLIX.
    IcodeSlix,
    /// NXP ICODE SLIX2.
    IcodeSlix2,
    /// NXP ICODE SLIX-S.
    IcodeSlixS,
    /// NXP ICODE SLIX-L.
    IcodeSlixL,
    /// Another ICODE: bits 4-3 of the fourth byte are 11, which occurs and is nowhere named.
    OtherIcode,
    /// TI Tag-it HF-I Standard or Pro.
    TagItStandard,
    /// TI Tag-it HF-I Plus.
    TagItPlus,
    /// ISO 15693 by another maker, with the maker's code.
    Other(u8),
    /// A UHF tag.
    Gen2,
    /// An ISO 14443 card.
    Card,
}

/// Manufacturer codes, the UID's second byte.
const NXP: u8 = 0x04;
const TEXAS_INSTRUMENTS: u8 = 0x07;

impl Chip {
    /// The chip of a tag seen in an inventory.
    #[must_use]
    pub fn of(seen: &Seen) -> Self {
        match seen.air {
            Air::Gen2 => Self::Gen2,
            Air::Iso14443 => Self::Card,
            Air::Iso15693 => Self::of_uid(seen.uid),
        }
    }

    fn of_uid(uid: Uid) -> Self {
        match uid.as_iso15693() {
            // The rule for the bare SLI (00) is UNCONFIRMED.
            Some([0xE0, NXP, 0x01, kind, ..]) => match kind >> 3 & 0b11 {
                0b00 => Self::IcodeSli,
                0b10 => Self::IcodeSlix,
                0b01 => Self::IcodeSlix2,
                _ => Self::OtherIcode,
            },
            Some([0xE0, NXP, 0x02, ..]) => Self::IcodeSlixS,
            Some([0xE0, NXP, 0x03, ..]) => Self::IcodeSlixL,
            Some([0xE0, NXP, ..]) => Self::OtherIcode,
            // UID bits 47-44 are 1100 (FEIG).
            Some([0xE0, TEXAS_INSTRUMENTS, kind, ..]) if kind >> 4 == 0b1100 => Self::TagItStandard,
            Some([0xE0, TEXAS_INSTRUMENTS, ..]) => Self::TagItPlus,
            Some([_, maker, ..]) => Self::Other(maker),
            None => Self::Card,
        }
    }

    /// Name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::IcodeSli => "icode-sli",
            Self::IcodeSlix => "icode-slix",
            Self::IcodeSlix2 => "icode-slix2",
            Self::IcodeSlixS => "icode-slix-s",
            Self::IcodeSlixL => "icode-slix-l",
            Self::OtherIcode => "icode",
            Self::TagItStandard => "tag-it-standard",
            Self::TagItPlus => "tag-it-plus",
            // Codes of ST, Infineon, EM and Fujitsu are UNCONFIRMED.
            Self::Other(0x02) => "st",
            Self::Other(0x05) => "infineon",
            Self::Other(0x08) => "fujitsu",
            Self::Other(0x16) => "em",
            Self::Other(_) => "other",
            Self::Gen2 => "gen2",
            Self::Card => "card",
        }
    }

    /// Its user memory; `None` where the tag must be asked. SLIX-S and SLIX-L are UNCONFIRMED.
    #[must_use]
    pub fn memory(self) -> Option<TagMemory> {
        let blocks = match self {
            Self::IcodeSli | Self::IcodeSlix => 28,
            Self::IcodeSlix2 => 80,
            Self::IcodeSlixS => 40,
            Self::IcodeSlixL | Self::TagItStandard => 8,
            Self::TagItPlus => 64,
            _ => return None,
        };
        Some(TagMemory { blocks, block_len: 4, ic_reference: None })
    }

    /// A block that is no memory: the SLIX2's last one is a counter and must never be written.
    #[must_use]
    pub fn reserved_block(self) -> Option<u8> {
        (self == Self::IcodeSlix2).then_some(79)
    }

    /// Whether it has an EAS bit: NXP's custom commands A2 to A5.
    #[must_use]
    pub fn has_eas(self) -> bool {
        matches!(
            self,
            Self::IcodeSli
                | Self::IcodeSlix
                | Self::IcodeSlix2
                | Self::IcodeSlixS
                | Self::IcodeSlixL
                | Self::OtherIcode
        )
    }

    /// Whether it has AFI, DSFID and system information, and so can carry the security state by
    /// AFI. Each can be locked for ever where it is there, as can every block.
    #[must_use]
    pub fn has_registers(self) -> bool {
        !matches!(self, Self::TagItStandard | Self::Gen2 | Self::Card)
    }

    /// Whether writes need the option flag and an end mark of their own.
    #[must_use]
    pub fn writes_with_option(self) -> bool {
        matches!(self, Self::TagItStandard | Self::TagItPlus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chips_by_their_uid() {
        for (uid, chip) in [
            ("E00401003123AA26", Chip::IcodeSli),
            ("E0040150B59414C4", Chip::IcodeSlix),
            ("E004010812345678", Chip::IcodeSlix2),
            // Seen on a real tag, named nowhere.
            ("E00401586DE02802", Chip::OtherIcode),
            ("E004020012345678", Chip::IcodeSlixS),
            ("E004030012345678", Chip::IcodeSlixL),
            ("E007C00012345678", Chip::TagItStandard),
            ("E007000012345678", Chip::TagItPlus),
            ("E002000012345678", Chip::Other(0x02)),
        ] {
            let seen = Seen::iso15693(uid.parse().unwrap(), None);
            assert_eq!(Chip::of(&seen), chip, "{uid}");
        }
    }

    #[test]
    fn what_each_can_carry() {
        assert_eq!(Chip::IcodeSlix2.reserved_block(), Some(79));
        assert!(Chip::IcodeSlix.has_eas() && !Chip::TagItPlus.has_eas());
        assert!(!Chip::TagItStandard.has_registers() && Chip::TagItPlus.has_registers());
        assert!(Chip::TagItStandard.writes_with_option());
        assert_eq!(Chip::IcodeSlix.memory().map(|m| m.blocks), Some(28));
        assert_eq!(Chip::Other(2).memory(), None);
    }
}
