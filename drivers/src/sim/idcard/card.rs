//! Cards with invented people on them.

/// Kind of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardKind {
    /// A resident's card.
    Resident,
    /// The foreigners' permit of 2017.
    Foreigner,
}

/// Text with `units` UTF-16 units, padded with spaces.
type Field<'a> = (&'a str, usize);

/// A card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    text: Vec<u8>,
}

impl Card {
    /// A card with that number, which is not checked; `None` when it does not fit.
    #[must_use]
    pub fn new(number: &str, kind: CardKind) -> Option<Self> {
        let fields: &[Field<'_>] = match kind {
            CardKind::Resident => &[
                ("张三", 15),
                ("1", 1),
                ("01", 2),
                ("19000101", 8),
                ("江苏省句容市", 35),
                (number, 18),
                ("句容市公安局", 15),
                ("20200101", 8),
                ("长期", 8),
                ("", 14),
                ("", 1),
                ("", 3),
            ],
            CardKind::Foreigner => &[
                ("LOVELACE, ADA", 60),
                ("2", 1),
                (number, 15),
                ("GBR", 3),
                ("爱达", 15),
                ("20200101", 8),
                ("20300101", 8),
                ("19000101", 8),
                ("01", 2),
                ("3200", 4),
                ("I", 1),
                ("", 3),
            ],
        };
        let mut text = Vec::with_capacity(256);
        for (value, units) in fields {
            let mut left = *units;
            for unit in value.encode_utf16() {
                left = left.checked_sub(1)?;
                text.extend(unit.to_le_bytes());
            }
            text.extend([0x20, 0x00].repeat(left));
        }
        Some(Self { text })
    }

    /// Lengths, text, and a photo nobody can decode.
    pub(super) fn basic_data(&self) -> Vec<u8> {
        let photo = (0..1024u32).map(|i| ((i * 31) >> 3) as u8);
        [0x01, 0x00, 0x04, 0x00].into_iter().chain(self.text.iter().copied()).chain(photo).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_256_bytes_with_the_number_and_the_letter_in_their_places() {
        for (number, kind, letter) in [
            ("321182190001010012", CardKind::Resident, 0x20),
            ("GBR310012345678", CardKind::Foreigner, b'I'),
        ] {
            let data = Card::new(number, kind).unwrap().basic_data();
            assert_eq!(data.len(), 4 + 256 + 1024);
            assert_eq!((data[4 + 122], data[4 + 248]), (number.as_bytes()[0], letter));
        }
        assert_eq!(Card::new("3211821900010100123", CardKind::Resident), None);
    }
}
