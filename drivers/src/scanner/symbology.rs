//! Kinds of codes, and the AIM prefix `]cm` by which a scanner tells them (ISO/IEC 15424).
//!
//! Code characters and modifiers as in the vendors' tables (Zebra DS457, appendix B; NCR 7895;
//! Datalogic Magellan 2200VS) and as zxing writes them; the standard itself was not at hand.

use serde::{Deserialize, Serialize};

/// Length of an AIM prefix in characters: `]`, code character, modifier.
pub const AIM_LEN: usize = 3;

/// Kind of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Symbology {
    /// Code 39, also with full ASCII.
    Code39,
    /// Code 128, also GS1-128.
    Code128,
    /// EAN-13, EAN-8, UPC-A, UPC-E.
    Ean,
    /// Codabar.
    Codabar,
    /// Code 93.
    Code93,
    /// Interleaved 2 of 5.
    Interleaved25,
    /// Straight (discrete) 2 of 5.
    Straight25,
    /// Code 11.
    Code11,
    /// MSI.
    Msi,
    /// GS1 DataBar.
    DataBar,
    /// PDF417.
    Pdf417,
    /// QR code.
    Qr,
    /// Data Matrix.
    DataMatrix,
    /// Aztec.
    Aztec,
    /// MaxiCode.
    MaxiCode,
    /// Han Xin.
    HanXin,
    /// What a vendor sends as `]X`: often an ISBN made of an EAN-13.
    Other,
}

/// Code characters of the prefix.
const AIM: [(char, Symbology); 18] = [
    ('A', Symbology::Code39),
    ('C', Symbology::Code128),
    ('E', Symbology::Ean),
    ('F', Symbology::Codabar),
    ('G', Symbology::Code93),
    ('H', Symbology::Code11),
    ('I', Symbology::Interleaved25),
    ('L', Symbology::Pdf417),
    ('M', Symbology::Msi),
    ('Q', Symbology::Qr),
    ('R', Symbology::Straight25),
    ('S', Symbology::Straight25),
    ('U', Symbology::MaxiCode),
    ('X', Symbology::Other),
    ('d', Symbology::DataMatrix),
    ('e', Symbology::DataBar),
    ('h', Symbology::HanXin),
    ('z', Symbology::Aztec),
];

impl Symbology {
    /// From the code character of an AIM prefix.
    #[must_use]
    pub fn from_aim(code: char) -> Option<Self> {
        AIM.iter().find(|(c, _)| *c == code).map(|(_, symbology)| *symbology)
    }

    /// Whether it can hold the characters of an AIM prefix itself. Those that cannot show two
    /// codes sent as one by a prefix in the middle.
    #[must_use]
    pub fn may_hold_brackets(self) -> bool {
        !matches!(
            self,
            Self::Ean | Self::Codabar | Self::Interleaved25 | Self::Straight25 | Self::Msi
        )
    }
}

/// An AIM prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aim {
    /// Kind of the code.
    pub symbology: Symbology,
    /// Modifier, a digit or a letter; its meaning depends on the kind (`]E4` is an EAN-8).
    pub modifier: char,
}

impl Aim {
    /// Splits the prefix from a text; `None` when it has none that is known.
    #[must_use]
    pub fn split(text: &str) -> Option<(Self, &str)> {
        let rest = text.strip_prefix(']')?;
        let mut chars = rest.chars();
        let symbology = Symbology::from_aim(chars.next()?)?;
        let modifier = chars.next().filter(char::is_ascii_alphanumeric)?;
        Some((Self { symbology, modifier }, chars.as_str()))
    }

    /// Whether a text holds a prefix that is not at its start.
    #[must_use]
    pub fn is_inside(text: &str) -> bool {
        text.char_indices().skip(1).any(|(at, c)| {
            c == ']' && text.get(at..).is_some_and(|tail| Self::split(tail).is_some())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prefixes_of_the_vendors_tables() {
        for (text, symbology, modifier, data) in [
            ("]A7AIMID", Symbology::Code39, '7', "AIMID"),
            ("]C1AIMID", Symbology::Code128, '1', "AIMID"),
            ("]I04123", Symbology::Interleaved25, '0', "4123"),
            ("]F04123", Symbology::Codabar, '0', "4123"),
            ("]E09787020002207", Symbology::Ean, '0', "9787020002207"),
            ("]Q1https://x", Symbology::Qr, '1', "https://x"),
            ("]d1", Symbology::DataMatrix, '1', ""),
        ] {
            assert_eq!(Aim::split(text), Some((Aim { symbology, modifier }, data)), "{text}");
        }
        for text in ["", "]", "]C", "]?0X", "]C 1", "C0123", "]书0", "]C书"] {
            assert_eq!(Aim::split(text), None, "{text}");
        }
    }

    #[test]
    fn a_prefix_in_the_middle_is_seen() {
        assert!(Aim::is_inside("0200001234]C00200005678"));
        assert!(!Aim::is_inside("]C00200005678"));
        assert!(!Aim::is_inside("12]"));
    }

    proptest! {
        #[test]
        fn any_text_is_split_or_left(text in ".{0,20}") {
            if let Some((_, rest)) = Aim::split(&text) {
                prop_assert!(text.ends_with(rest) && rest.len() + AIM_LEN == text.len());
            }
            prop_assert!(!Aim::is_inside(&text) || text.contains(']'));
        }
    }
}
