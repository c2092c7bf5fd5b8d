//! The text of a card → the number. Nothing else is read.
//!
//! The text has 256 bytes of UTF-16LE, padded with spaces (GA/T 490 as described in
//! peripherals.md 3.2). The letter at byte 248 tells the layout. In all layouts known the number
//! stands at byte 122; the foreigners' permit of 2017 gives it 30 bytes, all others 36. The
//! layouts of `J` and of the permit of 2023 were seen in public code (Johann356/readinfo,
//! PCSCGetData.h) and are UNCONFIRMED; the check digit guards them.

use zeroize::Zeroizing;

use super::{IdKind, IdNumber, IdNumberError};

/// Length of the text in bytes.
pub const TEXT_LEN: usize = 256;

/// Where the number stands.
const NUMBER_AT: usize = 122;
const NUMBER_LEN: usize = 36;
const NUMBER_LEN_2017: usize = 30;

/// Where the letter of the layout stands.
const TYPE_AT: usize = 248;

/// The foreigners' permit of 2017.
const TYPE_2017: u16 = b'I' as u16;

/// Why a text gives no number. Says nothing of what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// It is shorter than [`TEXT_LEN`].
    #[error("the text is too short")]
    Short,
    /// Where the number should stand is none.
    #[error(transparent)]
    Number(#[from] IdNumberError),
}

/// The number in a card's text.
///
/// # Errors
/// [`BlockError`].
pub fn number_of(text: &[u8]) -> Result<IdNumber, BlockError> {
    if text.len() < TEXT_LEN {
        return Err(BlockError::Short);
    }
    let (kind, len) = match unit(text, TYPE_AT) {
        Some(TYPE_2017) => (IdKind::Foreigner2017, NUMBER_LEN_2017),
        _ => (IdKind::Resident, NUMBER_LEN),
    };
    let mut number = Zeroizing::new(String::with_capacity(NUMBER_LEN));
    for at in (NUMBER_AT..NUMBER_AT + len).step_by(2) {
        let unit = unit(text, at).and_then(|unit| u8::try_from(unit).ok());
        match unit.filter(u8::is_ascii) {
            Some(byte) => number.push(char::from(byte)),
            None => return Err(IdNumberError::Form.into()),
        }
    }
    Ok(IdNumber::new(kind, number.trim_end_matches([' ', '\0']))?)
}

/// One UTF-16LE unit.
fn unit(text: &[u8], at: usize) -> Option<u16> {
    text.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A text with these fields at these bytes, padded with spaces.
    fn text(fields: &[(usize, &str)]) -> Vec<u8> {
        let mut text = [0x20, 0x00].repeat(128);
        for (at, field) in fields {
            let bytes: Vec<u8> = field.encode_utf16().flat_map(u16::to_le_bytes).collect();
            text[*at..*at + bytes.len()].copy_from_slice(&bytes);
        }
        text
    }

    #[test]
    fn the_fields_as_published() {
        // 张三 is 20 5F 09 4E.
        let resident =
            text(&[(0, "张三"), (30, "1"), (36, "19000101"), (122, "321182190001010012")]);
        assert_eq!(resident[..6], [0x20, 0x5F, 0x09, 0x4E, 0x20, 0x00]);
        let number = number_of(&resident).unwrap();
        assert_eq!((number.kind(), number.expose()), (IdKind::Resident, "321182190001010012"));
    }

    #[test]
    fn permits() {
        let old = text(&[(0, "LOVELACE, ADA"), (122, "GBR310012345678"), (152, "GBR"), (248, "I")]);
        let number = number_of(&old).unwrap();
        assert_eq!((number.kind(), number.expose()), (IdKind::Foreigner2017, "GBR310012345678"));
        for kind in ["J", "Y", " ", "\0"] {
            let card = text(&[(122, "11010519491231002X"), (248, kind)]);
            assert_eq!(number_of(&card).unwrap().expose(), "11010519491231002X");
        }
        // An old permit read as a card, or the other way round, gives nothing.
        let wrong = text(&[(122, "GBR310012345678")]);
        assert_eq!(number_of(&wrong).unwrap_err(), IdNumberError::Form.into());
    }

    #[test]
    fn what_is_no_number() {
        let wrong = text(&[(122, "321182190001010013")]);
        assert_eq!(number_of(&wrong).unwrap_err(), IdNumberError::CheckDigit.into());
        assert_eq!(number_of(&text(&[])).unwrap_err(), IdNumberError::Form.into());
        assert_eq!(number_of(&text(&[(122, "张三")])).unwrap_err(), IdNumberError::Form.into());
        assert_eq!(number_of(&[0; 255]).unwrap_err(), BlockError::Short);
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = number_of(&bytes);
        }
    }
}
