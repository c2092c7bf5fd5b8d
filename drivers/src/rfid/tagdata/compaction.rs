//! The text compactions of ISO 28560-2, codes 1 to 7 (rfid-data.md 4.2).
//!
//! The minimum lengths bind encoders only: tags in the field carry shorter texts in every code.

use super::bits::{BitReader, BitWriter};

/// Application-defined: bitmap and ISIL, never plain text.
pub(super) const APPLICATION: u8 = 0;
const INTEGER: u8 = 1;
pub(super) const NUMERIC: u8 = 2;
const FIVE_BIT: u8 = 3;
const SIX_BIT: u8 = 4;
const SEVEN_BIT: u8 = 5;
pub(super) const OCTETS: u8 = 6;
pub(super) const UTF8: u8 = 7;

/// Longest integer in bytes; the standard allows 19 digits, which fit a `u64`.
const INTEGER_BYTES_MAX: usize = 8;

/// The data bytes are not a text of the compaction they claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadCompaction;

/// Reads a text.
pub(super) fn unpack(code: u8, data: &[u8]) -> Result<String, BadCompaction> {
    match code {
        INTEGER => integer(data),
        NUMERIC => numeric(data),
        FIVE_BIT => five_bit(data),
        SIX_BIT => Ok(six_bit(data)),
        SEVEN_BIT => seven_bit(data),
        OCTETS => Ok(latin1(data)),
        UTF8 => std::str::from_utf8(data).map(str::to_owned).map_err(|_| BadCompaction),
        _ => Err(BadCompaction),
    }
}

/// ISO 8859-1: every byte is the character of the same number.
pub(super) fn latin1(data: &[u8]) -> String {
    data.iter().map(|&byte| char::from(byte)).collect()
}

fn integer(data: &[u8]) -> Result<String, BadCompaction> {
    if data.len() > INTEGER_BYTES_MAX {
        return Err(BadCompaction);
    }
    if data.is_empty() {
        return Ok(String::new());
    }
    Ok(data.iter().fold(0, |value: u64, &byte| value << 8 | u64::from(byte)).to_string())
}

fn numeric(data: &[u8]) -> Result<String, BadCompaction> {
    let mut text = String::with_capacity(data.len() * 2);
    for (i, &byte) in data.iter().enumerate() {
        let (high, low) = (byte >> 4, byte & 0xF);
        text.push(digit(high)?);
        if low == 0xF && i + 1 == data.len() {
            break;
        }
        text.push(digit(low)?);
    }
    Ok(text)
}

fn digit(nibble: u8) -> Result<char, BadCompaction> {
    char::from_digit(u32::from(nibble), 10).ok_or(BadCompaction)
}

fn five_bit(data: &[u8]) -> Result<String, BadCompaction> {
    let mut reader = BitReader::new(data);
    let mut text = String::with_capacity(data.len() * 8 / 5);
    while let Some(code) = reader.take(5) {
        if code == 0 {
            // Zeros are fill; anything behind them would make this a shortened text.
            return if reader.only_zeros_left() { Ok(text) } else { Err(BadCompaction) };
        }
        text.push(char::from(code | 0x40));
    }
    Ok(text)
}

fn six_bit(data: &[u8]) -> String {
    let mut reader = BitReader::new(data);
    let mut text = String::with_capacity(data.len() * 8 / 6);
    while let Some(code) = reader.take(6) {
        if code == 0b10_0000 && reader.left() == 0 {
            break; // fill of exactly one character
        }
        text.push(char::from(if code & 0x20 == 0 { code | 0x40 } else { code }));
    }
    text
}

fn seven_bit(data: &[u8]) -> Result<String, BadCompaction> {
    let mut reader = BitReader::new(data);
    let mut text = String::with_capacity(data.len() * 8 / 7);
    while let Some(code) = reader.take(7) {
        if code == 0x7F {
            // Not a character of this code; as the last seven bits it is fill.
            return if reader.left() == 0 { Ok(text) } else { Err(BadCompaction) };
        }
        text.push(char::from(code));
    }
    Ok(text)
}

/// Writes a text in the first code that holds it, in the standard's order.
pub(super) fn pack(text: &str) -> (u8, Vec<u8>) {
    let bytes = text.as_bytes();
    let len = bytes.len();
    let all = |fits: fn(&u8) -> bool| bytes.iter().all(fits);
    let digits = len >= 2 && all(u8::is_ascii_digit);
    if digits && len <= 19 && bytes[0] != b'0' {
        let value = bytes.iter().fold(0, |value: u64, &b| value * 10 + u64::from(b - b'0'));
        let be = value.to_be_bytes();
        let leading = be.iter().take_while(|&&b| b == 0).count();
        return (INTEGER, be[leading..].to_vec());
    }
    if digits {
        return (NUMERIC, bits_of(bytes, 4, 0xFF));
    }
    if len >= 3 && all(|b| (0x41..=0x5F).contains(b)) {
        return (FIVE_BIT, bits_of(bytes, 5, 0));
    }
    if len >= 4 && all(|b| (0x20..=0x5F).contains(b)) && !text.ends_with(' ') {
        return (SIX_BIT, bits_of(bytes, 6, 0b1000_0000));
    }
    if len >= 8 && all(|b| *b <= 0x7E) {
        return (SEVEN_BIT, bits_of(bytes, 7, 0xFF));
    }
    let latin: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    match latin {
        Some(latin) => (OCTETS, latin),
        None => (UTF8, bytes.to_vec()),
    }
}

/// The low `width` bits of every character; `fill` stands left-justified behind the last one.
fn bits_of(bytes: &[u8], width: usize, fill: u8) -> Vec<u8> {
    let mut writer = BitWriter::default();
    bytes.iter().for_each(|&byte| writer.put(byte & (0xFF >> (8 - width)), width));
    writer.finish(fill)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rfid::tagdata::testing::hex;

    /// rfid-data.md 4.6 number 4, and the values of numbers 1 to 3 that follow the encoder's order.
    const VALUES: [(&str, u8, &str); 9] = [
        ("1203", INTEGER, "04 B3"),
        ("ABC123456", SIX_BIT, "04 20 F1 CB 3D 35 DA"),
        ("ABC", FIVE_BIT, "08 86"),
        ("091", NUMERIC, "09 1F"),
        ("123456789012", INTEGER, "1C BE 99 1A 14"),
        ("QA268.L55", SIX_BIT, "44 1C B6 E2 E3 35 D6"),
        ("0000001", NUMERIC, "00 00 00 1F"),
        ("DPB000002", SIX_BIT, "11 00 B0 C3 0C 30 CA"),
        ("U664.121/N590/line3", SEVEN_BIT, "AA D9 B3 45 CC 59 31 5F 39 AB 96 0B F6 69 DD 95 9F"),
    ];

    #[test]
    fn published_values_both_ways() {
        for (text, code, bytes) in VALUES {
            assert_eq!(unpack(code, &hex(bytes)).as_deref(), Ok(text));
            assert_eq!(pack(text), (code, hex(bytes)), "{text}");
        }
    }

    #[test]
    fn values_shorter_than_an_encoder_may_write_are_read() {
        for (code, bytes, text) in [
            (SEVEN_BIT, "62 C9 9B 46 AD 9B B8", "12345678"),
            (FIVE_BIT, "10 40", "BA"),
            (SEVEN_BIT, "99 A7 13 06 3F", "Lib01"),
            (NUMERIC, "10", "10"),
            (NUMERIC, "1F", "1"),
            (INTEGER, "05", "5"),
            (OCTETS, "", ""),
            (OCTETS, "E9", "é"),
            (UTF8, "E4 B9 A6", "书"),
        ] {
            assert_eq!(unpack(code, &hex(bytes)).as_deref(), Ok(text));
        }
    }

    #[test]
    fn impossible_data_is_an_error() {
        for (code, bytes) in [
            (APPLICATION, "41"),
            (INTEGER, "01 02 03 04 05 06 07 08 09"),
            (NUMERIC, "1A"),
            (NUMERIC, "F1"),
            (NUMERIC, "1F 10"),
            (FIVE_BIT, "08 01 FF"),
            (SEVEN_BIT, "FF FF"),
            (UTF8, "FF"),
            (8, "41"),
        ] {
            assert_eq!(unpack(code, &hex(bytes)), Err(BadCompaction), "{code} {bytes}");
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text in prop_oneof![
            "[0-9]{0,40}", "[A-Z\\[-_]{0,30}", "[ -_]{0,30}", "[\\x00-\\x7e]{0,30}",
            "[\\x00-\\xff]{0,30}", "\\PC{0,30}",
        ]) {
            let (code, bytes) = pack(&text);
            prop_assert_eq!(unpack(code, &bytes), Ok(text));
        }
    }
}
