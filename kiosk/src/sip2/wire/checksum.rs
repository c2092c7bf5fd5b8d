//! Field `AZ` (sip2.md section 2): the two's complement of the byte sum from the first byte of the
//! code up to and including the letters `AZ`. Bytes as sent, never characters.

use crate::sip2::charset::Charset;

/// Bytes of `AYnAZhhhh`.
pub const TRAILER_LEN: usize = 9;

/// Bytes of `AZhhhh`, which stands alone in 96 and 97.
pub const AZ_LEN: usize = 6;

/// What field `AZ` of a received message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// No `AZ`: error detection is off at the sender.
    Absent,
    /// The sum agrees.
    Right,
    /// The sum does not agree: the message was changed on its way, or the sender sums otherwise.
    Wrong {
        /// As received.
        stated: u16,
        /// As it should be.
        computed: u16,
    },
}

/// The checksum of `bytes`, which end with the letters `AZ`.
#[must_use]
pub fn of(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0u16, |sum, &byte| sum.wrapping_add(u16::from(byte))).wrapping_neg()
}

/// The sum dp2 makes: of the UTF-16 units of the text before its trailer (sip2.md section 10).
#[must_use]
pub fn of_utf16(text: &str) -> u16 {
    text.encode_utf16().fold(0u16, u16::wrapping_add).wrapping_neg()
}

/// Whether a line ends as error detection ends it, right or wrong.
#[must_use]
pub fn is_sealed(line: &[u8]) -> bool {
    line.last_chunk::<AZ_LEN>()
        .is_some_and(|end| end.starts_with(b"AZ") && parse(&end[2..]).is_some())
}

/// Whether a line ends with the sum dp2 makes.
#[must_use]
pub fn is_dp2(line: &[u8], charset: Charset) -> bool {
    let Some((before, trailer)) = line.split_last_chunk::<TRAILER_LEN>() else { return false };
    let Some(before) = before.strip_suffix(b"|").filter(|_| trailer.starts_with(b"AY")) else {
        return false;
    };
    parse(&trailer[TRAILER_LEN - 4..]) == Some(of_utf16(&charset.decode(before)))
}

/// Reads four hexadecimal digits, lower case tolerated.
#[must_use]
#[inline]
pub fn parse(digits: &[u8]) -> Option<u16> {
    if digits.len() != 4 {
        return None;
    }
    digits.iter().try_fold(0u16, |n, &digit| {
        let value = char::from(digit).to_digit(16)?;
        Some(n << 4 | u16::try_from(value).ok()?)
    })
}

/// Writes four upper-case hexadecimal digits.
#[must_use]
pub fn digits(value: u16) -> [u8; 4] {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    [12, 8, 4, 0].map(|shift| HEX[usize::from(value >> shift & 0xF)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_the_reference() {
        assert_eq!(of(b"97AZ"), 0xFEF5);
        assert_eq!(of(b"96AZ"), 0xFEF6);
        assert_eq!(of(b"9300CNkiosk01|COs3cret|CPYZ-MAIN-01|AY0AZ"), 0xF33C);
        assert_eq!(&digits(0xF33C), b"F33C");
        assert_eq!(parse(b"f33c"), Some(0xF33C));
        assert_eq!((parse(b"F33"), parse(b"F33G")), (None, None));
        assert!(is_sealed(b"x|AY4AZ12aF") && is_sealed(b"96AZFEF6"));
        assert!(!is_sealed(b"AZ12G4") && !is_sealed(b"Z1234") && !is_sealed(b"Problem"));
    }
}
