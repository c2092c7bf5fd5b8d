//! CODE128 as dots, for printers without GS k function B (ISO/IEC 15417).

use super::bitmap::Bitmap;

/// Longest content in characters; library item numbers have 8 to 20.
pub const CODE128_MAX: usize = 48;
/// White modules at either side.
pub const QUIET_MODULES: usize = 10;
/// Dots per module, widest first: below 2 a 203 dpi head prints what scanners reject.
const MODULE_DOTS: [usize; 2] = [3, 2];

const START_B: usize = 104;
const START_C: usize = 105;
/// Stop pattern, 13 modules.
const STOP: u16 = 0b1_1000_1110_1011;

/// Symbol values 0 to 105, 11 modules each, first module left, 1 = bar.
#[rustfmt::skip]
pub(crate) const PATTERNS: [u16; 106] = [
    0b11011001100, 0b11001101100, 0b11001100110, 0b10010011000,
    0b10010001100, 0b10001001100, 0b10011001000, 0b10011000100,
    0b10001100100, 0b11001001000, 0b11001000100, 0b11000100100,
    0b10110011100, 0b10011011100, 0b10011001110, 0b10111001100,
    0b10011101100, 0b10011100110, 0b11001110010, 0b11001011100,
    0b11001001110, 0b11011100100, 0b11001110100, 0b11101101110,
    0b11101001100, 0b11100101100, 0b11100100110, 0b11101100100,
    0b11100110100, 0b11100110010, 0b11011011000, 0b11011000110,
    0b11000110110, 0b10100011000, 0b10001011000, 0b10001000110,
    0b10110001000, 0b10001101000, 0b10001100010, 0b11010001000,
    0b11000101000, 0b11000100010, 0b10110111000, 0b10110001110,
    0b10001101110, 0b10111011000, 0b10111000110, 0b10001110110,
    0b11101110110, 0b11010001110, 0b11000101110, 0b11011101000,
    0b11011100010, 0b11011101110, 0b11101011000, 0b11101000110,
    0b11100010110, 0b11101101000, 0b11101100010, 0b11100011010,
    0b11101111010, 0b11001000010, 0b11110001010, 0b10100110000,
    0b10100001100, 0b10010110000, 0b10010000110, 0b10000101100,
    0b10000100110, 0b10110010000, 0b10110000100, 0b10011010000,
    0b10011000010, 0b10000110100, 0b10000110010, 0b11000010010,
    0b11001010000, 0b11110111010, 0b11000010100, 0b10001111010,
    0b10100111100, 0b10010111100, 0b10010011110, 0b10111100100,
    0b10011110100, 0b10011110010, 0b11110100100, 0b11110010100,
    0b11110010010, 0b11011011110, 0b11011110110, 0b11110110110,
    0b10101111000, 0b10100011110, 0b10001011110, 0b10111101000,
    0b10111100010, 0b11110101000, 0b11110100010, 0b10111011110,
    0b10111101110, 0b11101011110, 0b11110101110, 0b11010000100,
    0b11010010000, 0b11010011100,
];

/// Content that cannot be a CODE128 of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Code128Error {
    /// Nothing, or more than [`CODE128_MAX`].
    #[error("{0} characters: a barcode has 1 to {CODE128_MAX}")]
    Length(usize),
    /// A character outside printable ASCII.
    #[error("character {position} is not printable ASCII")]
    Character {
        /// Which one, from 0.
        position: usize,
    },
    /// Too many modules for the paper.
    #[error("{modules} modules do not fit {dots} dots")]
    TooWide {
        /// Modules with quiet zones.
        modules: usize,
        /// Paper width.
        dots: usize,
    },
}

/// Checks that `data` can be a barcode.
///
/// # Errors
/// [`Code128Error`] naming what is wrong.
pub fn check(data: &str) -> Result<(), Code128Error> {
    let length = data.chars().count();
    if length == 0 || length > CODE128_MAX {
        return Err(Code128Error::Length(length));
    }
    match data.chars().position(|c| !(' '..='~').contains(&c)) {
        Some(position) => Err(Code128Error::Character { position }),
        None => Ok(()),
    }
}

/// Bars and spaces of a whole symbol without quiet zones, 1 = bar. Set C when everything is an
/// even number of digits, else set B.
///
/// # Errors
/// As [`check`].
pub fn modules(data: &str) -> Result<Vec<bool>, Code128Error> {
    check(data)?;
    let bytes = data.as_bytes();
    let pairs =
        bytes.len() >= 4 && bytes.len().is_multiple_of(2) && bytes.iter().all(u8::is_ascii_digit);
    let mut values = vec![if pairs { START_C } else { START_B }];
    if pairs {
        values.extend(
            bytes.chunks(2).map(|d| usize::from(d[0] - b'0') * 10 + usize::from(d[1] - b'0')),
        );
    } else {
        values.extend(bytes.iter().map(|byte| usize::from(byte - 0x20)));
    }
    let sum: usize = values.iter().enumerate().map(|(at, value)| value * at.max(1)).sum();
    values.push(sum % 103);
    let mut bars = Vec::with_capacity(values.len() * 11 + 13);
    for value in values {
        bars.extend((0..11).rev().map(|bit| PATTERNS[value] >> bit & 1 == 1));
    }
    bars.extend((0..13).rev().map(|bit| STOP >> bit & 1 == 1));
    Ok(bars)
}

/// Modules the symbol takes when a printer sets it in set B, with quiet zones.
#[must_use]
pub fn modules_in_set_b(data: &str) -> usize {
    (data.len() + 2) * 11 + 13 + 2 * QUIET_MODULES
}

/// Draws the bars, `height` dots high, as wide as fits `dots`.
///
/// # Errors
/// As [`check`], and [`Code128Error::TooWide`].
pub fn draw(data: &str, dots: usize, height: usize) -> Result<Bitmap, Code128Error> {
    let bars = modules(data)?;
    let total = bars.len() + 2 * QUIET_MODULES;
    let module = MODULE_DOTS
        .into_iter()
        .find(|module| total * module <= dots)
        .ok_or(Code128Error::TooWide { modules: total, dots })?;
    let mut picture = Bitmap::new(total * module, height);
    for (at, _) in bars.iter().enumerate().filter(|(_, bar)| **bar) {
        picture.fill((QUIET_MODULES + at) * module, 0, module, height);
    }
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_symbol_of_a_known_number() {
        // "A": start B, 33, check (104 + 33) mod 103 = 34, stop; widths from ISO/IEC 15417.
        let widths = "211214".to_owned() + "111323" + "131123" + "2331112";
        let bars = modules("A").unwrap();
        let mut expected = Vec::new();
        for (at, width) in widths.chars().enumerate() {
            // Every symbol has an even number of elements, so bars are at even places throughout.
            let width = width.to_digit(10).unwrap();
            expected.extend((0..width).map(|_| at % 2 == 0));
        }
        assert_eq!(bars, expected);
    }

    #[test]
    fn digits_take_half_the_room_and_too_much_is_refused() {
        assert_eq!(modules("12345678").unwrap().len(), 11 * 6 + 13);
        assert_eq!(modules("1234567X").unwrap().len(), 11 * 10 + 13);
        assert_eq!(check(""), Err(Code128Error::Length(0)));
        assert_eq!(check("书"), Err(Code128Error::Character { position: 0 }));
        assert!(matches!(
            draw("ABCDEFGHIJKLMNOP", 384, 80),
            Err(Code128Error::TooWide { modules: 231, dots: 384 })
        ));
        assert_eq!(draw("YZ0001234", 384, 80).unwrap().width(), 154 * 2);
    }
}
