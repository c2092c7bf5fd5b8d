//! From a card's identifier to the number the library system knows.
//!
//! Readers of cards print one and the same UID in many ways: in transmit order or back to front,
//! as hexadecimal or as a decimal number of its four bytes. A library's card numbers were once read
//! by one such reader. A [`CardRule`] says how, once for a station; the canonical form is
//! hexadecimal in transmit order (peripherals.md section 3.3).
//!
//! UNCONFIRMED, so settings: which form a given library's system holds, and in which byte order its
//! old readers made decimal numbers (both are in the field). UNCONFIRMED and therefore refused: a
//! decimal number of a UID with 7 or 10 bytes, of which some readers take the first four bytes and
//! some the last. Where the number is not the UID but stands in a sector or file of the card, this
//! module does not help.
//!
//! A UID can be copied to another card. It names a patron; it does not prove one.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::{Air, Seen};

/// First byte of a random UID of 4 bytes (ISO/IEC 14443-3, recalled; UNCONFIRMED in readers.md).
const RANDOM: u8 = 0x08;

/// Cascade tag: a UID that begins so is the first part of a longer one (ISO/IEC 14443-3, recalled).
const CASCADE: u8 = 0x88;

/// Most characters of a number: the longest a SIP2 message is seen with is far below.
pub const NUMBER_MAX: usize = 64;

/// Digits of a decimal number made of 4 bytes.
const DECIMAL_DIGITS: usize = 10;

/// How a UID is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardForm {
    /// Hexadecimal in transmit order, upper case: `DEADBEEF`.
    #[default]
    Hex,
    /// Hexadecimal back to front: `EFBEADDE`.
    HexReversed,
    /// The 4 bytes as one number, ten decimal digits: `3735928559`. See [`ByteOrder`].
    Decimal,
}

/// Which byte of a decimal number is the most significant one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ByteOrder {
    /// The first on the air.
    #[default]
    Big,
    /// The last on the air.
    Little,
}

/// How a station makes card numbers of UIDs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CardRule {
    /// How the UID is written.
    pub form: CardForm,
    /// For `decimal`: byte order.
    pub byte_order: ByteOrder,
    /// What stands in front of every number.
    pub prefix: String,
    /// Characters behind the prefix, where fixed: zeros are put in front of a shorter number, and
    /// a longer one is refused, since to cut it could make one number of two cards.
    pub length: Option<u8>,
}

/// A patron's card number. `Debug` masks it, and memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq, Zeroize)]
#[zeroize(drop)]
pub struct CardNumber(String);

impl CardNumber {
    /// The number itself, for the library system. Not for logs or screens.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardNumber(masked)")
    }
}

/// Why a tag gives no card number. No text holds the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// The UID is another each time the card is read: phones, some identity cards.
    #[error("the card gives a random number each time")]
    Random,
    /// No card has a UID of that length.
    #[error("a UID of {len} bytes belongs to no card of this kind")]
    Length {
        /// Its length in bytes.
        len: usize,
    },
    /// The reader told only the first part of a longer UID.
    #[error("the reader told only a part of the card's number")]
    Partial,
    /// All bytes are 00 or all are FF.
    #[error("the card has no number of its own")]
    Blank,
    /// A decimal number is made of 4 bytes; the site's rule does not fit this card.
    #[error("a UID of {len} bytes is no decimal number of 4 bytes")]
    NotDecimal {
        /// Its length in bytes.
        len: usize,
    },
    /// The number is longer than the site's rule allows.
    #[error("the number has {len} characters, {max} are allowed")]
    TooLong {
        /// Its length in characters.
        len: usize,
        /// What is allowed.
        max: usize,
    },
}

/// Whether a UID is another one each time: ISO 14443, 4 bytes, the first 08.
///
/// A card of type B gives a PUPI of 4 bytes, which many of them also choose anew; readers that
/// report type B as if it were type A (PC/SC) cannot be told from outside. UNCONFIRMED how common
/// such cards are among patrons.
#[must_use]
pub fn is_random(seen: &Seen) -> bool {
    seen.air == Air::Iso14443 && matches!(*seen.uid.bytes(), [RANDOM, _, _, _])
}

fn check(seen: &Seen) -> Result<(), CardError> {
    let bytes = seen.uid.bytes();
    let known = match seen.air {
        Air::Iso14443 => matches!(bytes.len(), 4 | 7 | 10),
        Air::Iso15693 => bytes.len() == 8,
        Air::Gen2 => bytes.len() == 12,
    };
    if !known {
        return Err(CardError::Length { len: bytes.len() });
    }
    if is_random(seen) {
        return Err(CardError::Random);
    }
    if seen.air == Air::Iso14443 && bytes.first() == Some(&CASCADE) {
        return Err(CardError::Partial);
    }
    if bytes.iter().all(|b| *b == 0x00) || bytes.iter().all(|b| *b == 0xFF) {
        return Err(CardError::Blank);
    }
    Ok(())
}

impl CardRule {
    /// The number of this card.
    ///
    /// # Errors
    /// [`CardError`] for what cannot be the number of a patron.
    pub fn number(&self, seen: &Seen) -> Result<CardNumber, CardError> {
        check(seen)?;
        let bytes = seen.uid.bytes();
        let mut digits = match self.form {
            CardForm::Hex => hex(bytes.iter()),
            CardForm::HexReversed => hex(bytes.iter().rev()),
            CardForm::Decimal => {
                let four: [u8; 4] =
                    bytes.try_into().map_err(|_| CardError::NotDecimal { len: bytes.len() })?;
                let value = match self.byte_order {
                    ByteOrder::Big => u32::from_be_bytes(four),
                    ByteOrder::Little => u32::from_le_bytes(four),
                };
                format!("{value:0DECIMAL_DIGITS$}")
            }
        };
        let number = self.lengthened(&digits);
        digits.zeroize();
        number
    }

    fn lengthened(&self, digits: &str) -> Result<CardNumber, CardError> {
        let max = self.length.map_or(NUMBER_MAX, usize::from);
        if digits.len() > max {
            return Err(CardError::TooLong { len: digits.len(), max });
        }
        let width = self.length.map_or(digits.len(), usize::from);
        let number = CardNumber(format!("{}{digits:0>width$}", self.prefix));
        match number.0.chars().count() {
            len if len > NUMBER_MAX => Err(CardError::TooLong { len, max: NUMBER_MAX }),
            _ => Ok(number),
        }
    }
}

fn hex<'a>(bytes: impl Iterator<Item = &'a u8>) -> String {
    bytes.map(|b| format!("{b:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rfid::Uid;

    fn seen(uid: &[u8]) -> Seen {
        Seen { uid: Uid::new(uid).unwrap(), air: Air::Iso14443, dsfid: None }
    }

    const FOUR: [u8; 4] = [0xDE, 0xAD, 0xBE, 0xEF];
    const SEVEN: [u8; 7] = [0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66];

    fn number(rule: &CardRule, uid: &[u8]) -> Result<String, CardError> {
        rule.number(&seen(uid)).map(|number| number.expose().to_owned())
    }

    fn form(form: CardForm) -> CardRule {
        CardRule { form, ..CardRule::default() }
    }

    #[test]
    fn forms_of_one_card() {
        let little = CardRule { byte_order: ByteOrder::Little, ..form(CardForm::Decimal) };
        for (rule, uid, expected) in [
            (CardRule::default(), &FOUR[..], "DEADBEEF"),
            (form(CardForm::HexReversed), &FOUR, "EFBEADDE"),
            (form(CardForm::Decimal), &FOUR, "3735928559"),
            (little.clone(), &FOUR, "4022250974"),
            (little, &[1, 0, 0, 0], "0000000001"),
            (CardRule::default(), &SEVEN, "04112233445566"),
            (form(CardForm::HexReversed), &SEVEN, "66554433221104"),
        ] {
            assert_eq!(number(&rule, uid).as_deref(), Ok(expected), "{rule:?}");
        }
        let tag = Seen::iso15693(Uid::iso15693([0xE0, 4, 1, 0, 0x31, 0x23, 0xAA, 0x26]), None);
        assert_eq!(CardRule::default().number(&tag).unwrap().expose(), "E00401003123AA26");
    }

    #[test]
    fn prefix_and_length() {
        let rule = CardRule { prefix: "YZ-".into(), length: Some(14), ..CardRule::default() };
        assert_eq!(number(&rule, &FOUR).as_deref(), Ok("YZ-000000DEADBEEF"));
        assert_eq!(number(&rule, &SEVEN).as_deref(), Ok("YZ-04112233445566"));
        let short = CardRule { length: Some(8), ..CardRule::default() };
        assert_eq!(number(&short, &SEVEN), Err(CardError::TooLong { len: 14, max: 8 }));
        let wordy = CardRule { prefix: "读".repeat(60), ..CardRule::default() };
        assert_eq!(number(&wordy, &FOUR), Err(CardError::TooLong { len: 68, max: NUMBER_MAX }));
    }

    #[test]
    fn what_is_no_card_number_is_refused_by_name() {
        let rule = CardRule::default();
        for (uid, error) in [
            (&[0x08, 1, 2, 3][..], CardError::Random),
            (&[1, 2, 3], CardError::Length { len: 3 }),
            (&[1, 2, 3, 4, 5], CardError::Length { len: 5 }),
            (&[0xE0, 4, 1, 0, 0x31, 0x23, 0xAA, 0x26], CardError::Length { len: 8 }),
            (&[0x88, 4, 1, 2], CardError::Partial),
            (&[0; 4], CardError::Blank),
            (&[0xFF; 7], CardError::Blank),
        ] {
            assert_eq!(number(&rule, uid), Err(error), "{error}");
        }
        let decimal = form(CardForm::Decimal);
        assert_eq!(number(&decimal, &SEVEN), Err(CardError::NotDecimal { len: 7 }));
        // 08 in front of a UID of 7 bytes is a maker's number.
        assert!(number(&rule, &[0x08, 1, 2, 3, 4, 5, 6]).is_ok());
    }

    #[test]
    fn debug_is_masked_and_settings_are_checked() {
        let number = CardRule::default().number(&seen(&FOUR)).unwrap();
        assert_eq!(format!("{number:?}"), "CardNumber(masked)");
        let read = |json| serde_json::from_str::<CardRule>(json).map_err(|e| e.to_string());
        let rule = read(r#"{"form":"decimal","byte_order":"little","prefix":"P","length":10}"#);
        let expected = CardRule {
            form: CardForm::Decimal,
            byte_order: ByteOrder::Little,
            prefix: "P".into(),
            length: Some(10),
        };
        assert_eq!(rule, Ok(expected));
        assert!(read(r#"{"form":"octal"}"#).is_err());
        assert!(read(r#"{"from":"hex"}"#).is_err());
        assert_eq!(read("{}"), Ok(CardRule::default()));
    }

    proptest! {
        /// Two cards never get one number.
        #[test]
        fn different_cards_have_different_numbers(a: [u8; 4], b: [u8; 7], c: [u8; 4]) {
            for form in [CardForm::Hex, CardForm::HexReversed, CardForm::Decimal] {
                let rule = CardRule { form, length: Some(20), ..CardRule::default() };
                if let (Ok(one), Ok(other)) = (number(&rule, &a), number(&rule, &c)) {
                    prop_assert_eq!(one == other, a == c);
                }
            }
            let plain = CardRule::default();
            if let (Ok(one), Ok(other)) = (number(&plain, &a), number(&plain, &b)) {
                prop_assert_ne!(one, other);
            }
        }
    }
}
