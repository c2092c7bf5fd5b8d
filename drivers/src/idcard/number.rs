//! [`IdNumber`]: the one thing taken from a card, and [`IdHash`]: what is kept of it.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::scanner::check::is_mod11_2;

/// Characters of a number with a check digit (GB 11643).
const RESIDENT_LEN: usize = 18;

/// Characters of a number of the foreigners' permit of 2017: three letters, twelve digits.
const FOREIGNER_LEN: usize = 15;

/// Fewest bytes of a key.
pub const HASH_KEY_MIN: usize = 16;

/// Whose number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdKind {
    /// 18 characters with a check digit: residents, residents of Hong Kong, Macao and Taiwan
    /// (81, 82, 83 first), and foreigners with the permit of 2023 (9 first).
    Resident,
    /// 15 characters: foreigners with the permit of 2017. Its check digit's rule is UNCONFIRMED
    /// and not looked at.
    Foreigner2017,
}

/// Text that is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdNumberError {
    /// Other characters or another length.
    #[error("it has not the form of a number")]
    Form,
    /// A wrong check digit.
    #[error("its check digit is wrong")]
    CheckDigit,
}

/// A number as it stands on a card. `Debug` is masked whole; its memory is wiped when dropped,
/// and it cannot be copied.
pub struct IdNumber {
    characters: Zeroizing<[u8; RESIDENT_LEN]>,
    kind: IdKind,
}

impl IdNumber {
    /// Checks a number's form and, where it has one, its check digit.
    ///
    /// # Errors
    /// [`IdNumberError`].
    pub fn new(kind: IdKind, text: &str) -> Result<Self, IdNumberError> {
        let bytes = text.as_bytes();
        match kind {
            IdKind::Resident => {
                let (digits, last) = bytes.split_at_checked(RESIDENT_LEN - 1).unwrap_or_default();
                let form =
                    digits.iter().all(u8::is_ascii_digit) && matches!(last, [b'0'..=b'9' | b'X']);
                if !form {
                    return Err(IdNumberError::Form);
                }
                if !is_mod11_2(text) {
                    return Err(IdNumberError::CheckDigit);
                }
            }
            IdKind::Foreigner2017 => {
                let (letters, digits) = bytes.split_at_checked(3).unwrap_or_default();
                let form = bytes.len() == FOREIGNER_LEN
                    && letters.iter().all(u8::is_ascii_uppercase)
                    && digits.iter().all(u8::is_ascii_digit);
                if !form {
                    return Err(IdNumberError::Form);
                }
            }
        }
        let mut characters = Zeroizing::new([0; RESIDENT_LEN]);
        characters.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Ok(Self { characters, kind })
    }

    /// Whose number it is.
    #[must_use]
    pub fn kind(&self) -> IdKind {
        self.kind
    }

    /// The number itself, ASCII. Every call is a place where privacy is decided: never into a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        let len = match self.kind {
            IdKind::Resident => RESIDENT_LEN,
            IdKind::Foreigner2017 => FOREIGNER_LEN,
        };
        let characters = self.characters.get(..len).unwrap_or_default();
        std::str::from_utf8(characters).unwrap_or_default()
    }

    /// HMAC-SHA256 of the number's characters under a key. A library that knows numbers and key
    /// computes the same. Without the key a number could be found by trying all of them.
    #[must_use]
    pub fn hashed(&self, key: &HashKey) -> IdHash {
        let mut hash = IdHash(String::with_capacity(64));
        // A key of any length is accepted.
        if let Ok(mac) = Hmac::<Sha256>::new_from_slice(&key.0) {
            let bytes = mac.chain_update(self.expose().as_bytes()).finalize().into_bytes();
            hash.0.extend(bytes.iter().flat_map(|b| [hex(b >> 4), hex(b & 15)]));
        }
        hash
    }
}

fn hex(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0')
}

impl fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdNumber(***)")
    }
}

/// A number under a key: 64 hexadecimal digits. `Debug` shows eight of them, enough to follow one
/// card through a log.
#[derive(Clone, PartialEq, Eq, Hash, Zeroize)]
pub struct IdHash(String);

impl IdHash {
    /// The 64 digits, in small letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for IdHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdHash({}...)", self.0.get(..8).unwrap_or_default())
    }
}

/// A site's secret for hashes. Wiped when dropped, never in `Debug`.
pub struct HashKey(Zeroizing<Vec<u8>>);

/// A key that is too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key for identity cards has {len} bytes: it needs at least {HASH_KEY_MIN}")]
pub struct HashKeyError {
    /// Its length in bytes.
    pub len: usize,
}

impl HashKey {
    /// Takes a secret of at least [`HASH_KEY_MIN`] bytes.
    ///
    /// # Errors
    /// [`HashKeyError`].
    pub fn new(secret: Vec<u8>) -> Result<Self, HashKeyError> {
        let secret = Zeroizing::new(secret);
        match secret.len() {
            len @ 0..HASH_KEY_MIN => Err(HashKeyError { len }),
            _ => Ok(Self(secret)),
        }
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn forms_and_check_digits() {
        let new = |kind, text| IdNumber::new(kind, text).map(|n| n.expose().to_owned());
        for (kind, good) in [
            (IdKind::Resident, "321182190001010012"),
            (IdKind::Resident, "11010519491231002X"),
            (IdKind::Foreigner2017, "GBR310012345678"),
        ] {
            assert_eq!(new(kind, good).as_deref(), Ok(good));
        }
        for (kind, bad, why) in [
            (IdKind::Resident, "321182190001010013", IdNumberError::CheckDigit),
            (IdKind::Resident, "11010519491231002x", IdNumberError::Form),
            (IdKind::Resident, "32118219000101001", IdNumberError::Form),
            (IdKind::Resident, "3211821900010100122", IdNumberError::Form),
            (IdKind::Resident, "", IdNumberError::Form),
            (IdKind::Resident, "书书书书书书", IdNumberError::Form),
            (IdKind::Foreigner2017, "gbr310012345678", IdNumberError::Form),
            (IdKind::Foreigner2017, "GBR3100123456789", IdNumberError::Form),
            (IdKind::Foreigner2017, "321182190001010012", IdNumberError::Form),
        ] {
            assert_eq!(new(kind, bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn nothing_of_a_number_is_shown() {
        let number = IdNumber::new(IdKind::Resident, "321182190001010012").unwrap();
        let key = HashKey::new(vec![7; 32]).unwrap();
        let text = format!("{number:?} {key:?} {:?}", number.hashed(&key));
        assert!(!text.contains("32118") && !text.contains("0012"), "{text}");
        assert!(HashKey::new(vec![7; 15]).is_err());
    }

    #[test]
    fn the_hash_is_that_of_openssl() {
        // printf 321182190001010012 | openssl dgst -sha256 -hmac 0123456789abcdef
        let number = IdNumber::new(IdKind::Resident, "321182190001010012").unwrap();
        let key = HashKey::new(b"0123456789abcdef".to_vec()).unwrap();
        assert_eq!(
            number.hashed(&key).as_str(),
            "d38fdfdf5bfa194acbfd509a69f68979b6decfd732f3964a096f36008a0ea010"
        );
        let other = HashKey::new(b"0123456789abcdeg".to_vec()).unwrap();
        assert_ne!(number.hashed(&key), number.hashed(&other));
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in ".{0,20}") {
            for kind in [IdKind::Resident, IdKind::Foreigner2017] {
                if let Ok(number) = IdNumber::new(kind, &text) {
                    prop_assert_eq!(number.expose(), &text);
                }
            }
        }
    }
}
