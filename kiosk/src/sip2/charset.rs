//! Character sets on the wire (sip2.md section 8).
//!
//! Decoding replaces what cannot be read: a malformed title must never stop a loan. Encoding
//! writes `?` for what the set lacks. Fixed parts and field ids are ASCII in every set.

mod cp850;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::wire::DELIMITER;

/// Written where the character set has no code for a character.
const UNMAPPABLE: u8 = b'?';

/// A library system's character set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Charset {
    /// UTF-8.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// GBK (code page 936), double bytes.
    Gbk,
    /// GB18030, double and four bytes.
    Gb18030,
    /// IBM code page 850, the protocol's default. Carries no Chinese.
    Cp850,
    /// ASCII.
    Ascii,
}

impl Charset {
    /// All sets.
    pub const ALL: [Self; 5] = [Self::Utf8, Self::Gbk, Self::Gb18030, Self::Cp850, Self::Ascii];

    /// Decodes bytes, replacing malformed ones by U+FFFD. Never fails; borrows where it can.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            // Nearly always well-formed, and then checked far faster than by the lossy walk.
            Self::Utf8 => match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => String::from_utf8_lossy(bytes),
            },
            Self::Gbk => encoding_rs::GBK.decode_without_bom_handling(bytes).0,
            Self::Gb18030 => encoding_rs::GB18030.decode_without_bom_handling(bytes).0,
            Self::Cp850 => decode_single(bytes, cp850::to_char),
            Self::Ascii => decode_single(bytes, |_| char::REPLACEMENT_CHARACTER),
        }
    }

    /// Appends `text`, writing `?` for characters the set lacks.
    #[inline]
    pub fn encode_into(self, text: &str, out: &mut Vec<u8>) {
        if self == Self::Utf8 || text.is_ascii() {
            out.extend_from_slice(text.as_bytes());
            return;
        }
        match self {
            Self::Utf8 => {}
            Self::Gbk => encode_multi(encoding_rs::GBK, text, out),
            Self::Gb18030 => encode_multi(encoding_rs::GB18030, text, out),
            Self::Cp850 => {
                out.extend(text.chars().map(|c| cp850::from_char(c).unwrap_or(UNMAPPABLE)))
            }
            Self::Ascii => {
                out.extend(text.chars().map(|c| if c.is_ascii() { c as u8 } else { UNMAPPABLE }));
            }
        }
    }

    /// Position of the next field delimiter, or `None`. `bytes` must start at a character.
    #[must_use]
    pub fn find_delimiter(self, bytes: &[u8]) -> Option<usize> {
        self.delimiters(bytes, 0).next()
    }

    /// Positions of the field delimiters from `at` on, where a character must start.
    ///
    /// In GBK and GB18030 the byte 0x7C also occurs as the second half of a character (U+4E85 is
    /// 81 7C), so these are walked character by character where they are more than ASCII.
    #[inline]
    pub(crate) fn delimiters(self, bytes: &[u8], at: usize) -> Delimiters<'_> {
        let double = match self {
            Self::Gbk | Self::Gb18030 => !bytes.is_ascii(),
            Self::Utf8 | Self::Cp850 | Self::Ascii => false,
        };
        Delimiters { bytes, double, at, found: 0 }
    }
}

/// Bytes of a word.
const WORD: usize = size_of::<u64>();

/// Bytes looked at at a time: as many as a mask has bits, so that the processor seldom has to
/// guess where a field ends.
const BLOCK: usize = u64::BITS as usize;

/// Positions of field delimiters.
#[derive(Clone)]
pub(crate) struct Delimiters<'a> {
    bytes: &'a [u8],
    double: bool,
    /// What lies before is looked at.
    at: usize,
    /// The delimiters not yet told of the block before `at`, the first one lowest.
    found: u64,
}

impl Iterator for Delimiters<'_> {
    type Item = usize;

    // Called where it is, the whole state of the walk would pass through memory for each field.
    #[allow(clippy::inline_always, reason = "the innermost step of reading")]
    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.double {
            let found = next_double(self.bytes, self.at);
            self.at = found.map_or(self.bytes.len(), |at| at + 1);
            return found;
        }
        while self.found == 0 {
            if self.at >= self.bytes.len() {
                return None;
            }
            self.found = delimiters_of(&self.bytes[self.at..]);
            self.at += BLOCK;
        }
        let first = self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some(self.at - BLOCK + first)
    }
}

/// The next delimiter from `at` on. Four-byte GB18030 characters are lead, digit, lead, digit: two
/// pairs, so one rule serves both sets: a lead takes its trail along.
#[inline(never)]
fn next_double(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            DELIMITER => return Some(at),
            0x81..=0xFE if is_trail(bytes.get(at + 1)) => 2,
            _ => 1,
        };
    }
    None
}

/// The delimiters among the first [`BLOCK`] bytes, a bit each. This search is most of what looking
/// at a message costs.
#[inline]
fn delimiters_of(bytes: &[u8]) -> u64 {
    if let Some(block) = bytes.first_chunk::<BLOCK>() {
        let (words, _) = block.as_chunks::<WORD>();
        return words.iter().rev().fold(0, |found, word| found << WORD | delimiters_in(*word));
    }
    let Some(last) = bytes.last_chunk::<WORD>() else {
        return bytes.iter().rev().fold(0, |found, &b| found << 1 | u64::from(b == DELIMITER));
    };
    // The last word may lie over the one before: what is found twice is the same bit.
    let (words, _) = bytes.as_chunks::<WORD>();
    let mut found = delimiters_in(*last) << (bytes.len() - WORD);
    for (at, word) in words.iter().enumerate() {
        found |= delimiters_in(*word) << (at * WORD);
    }
    found
}

/// The delimiters of one word, a bit each.
#[inline]
fn delimiters_in(word: [u8; WORD]) -> u64 {
    const LOWS: u64 = u64::from_le_bytes([0x7F; WORD]);
    const DELIMITERS: u64 = u64::from_le_bytes([DELIMITER; WORD]);
    /// Brings the lowest bit of every byte together in the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    // A delimiter becomes 0. Adding to the low bits carries into the high one of every other byte
    // and never beyond.
    let word = u64::from_le_bytes(word) ^ DELIMITERS;
    let high = !(((word & LOWS) + LOWS) | word | LOWS);
    (high >> 7).wrapping_mul(GATHER) >> (BLOCK - WORD)
}

/// Whether a byte can follow a lead: a GBK trail or the digit of a four-byte character.
fn is_trail(byte: Option<&u8>) -> bool {
    matches!(byte, Some(0x30..=0x39 | 0x40..=0x7E | 0x80..=0xFE))
}

fn decode_single(bytes: &[u8], high: fn(u8) -> char) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => bytes.iter().map(|&b| if b.is_ascii() { char::from(b) } else { high(b) }).collect(),
    }
}

fn encode_multi(set: &'static encoding_rs::Encoding, text: &str, out: &mut Vec<u8>) {
    let (bytes, _, unmappable) = set.encode(text);
    if !unmappable {
        out.extend_from_slice(&bytes);
        return;
    }
    // The crate writes `&#1234;` for a missing character, which a library system would store.
    let mut utf8 = [0; 4];
    for c in text.chars() {
        let (bytes, _, unmappable) = set.encode(c.encode_utf8(&mut utf8));
        if unmappable { out.push(UNMAPPABLE) } else { out.extend_from_slice(&bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(set: Charset, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        set.encode_into(text, &mut out);
        out
    }

    #[test]
    fn gbk_bytes_are_those_of_code_page_936() {
        assert_eq!(encode(Charset::Gbk, "三体"), [0xC8, 0xFD, 0xCC, 0xE5]);
        assert_eq!(Charset::Gbk.decode(&[0xC8, 0xFD, 0xCC, 0xE5]), "三体");
        assert_eq!(encode(Charset::Gbk, "\u{4E85}"), [0x81, 0x7C]);
        assert_eq!(encode(Charset::Gbk, "a😀b"), b"a?b");
    }

    #[test]
    fn delimiters_inside_characters_do_not_split() {
        assert_eq!(Charset::Gbk.find_delimiter(&[0x81, 0x7C, b'|']), Some(2));
        assert_eq!(Charset::Gb18030.find_delimiter(&[0x81, 0x30, 0x81, 0x30, b'|']), Some(4));
        assert_eq!(Charset::Gbk.find_delimiter(&[0x81]), None);
        assert_eq!(Charset::Gbk.find_delimiter(&[0xFF, b'|']), Some(1));
        assert_eq!(Charset::Utf8.find_delimiter("三|".as_bytes()), Some(3));
    }

    #[test]
    fn the_first_delimiter_is_found_wherever_it_stands() {
        // Neighbours of `|` and bytes whose high bit is set must not be taken for it.
        for fill in [b'a', DELIMITER - 1, DELIMITER + 1, DELIMITER | 0x80, 0x00, 0x80, 0xFF] {
            for len in 0..40 {
                let mut bytes = vec![fill; len];
                assert_eq!(Charset::Utf8.find_delimiter(&bytes), None, "{fill:02X} {len}");
                for at in (0..len).rev() {
                    // Those behind it stay.
                    bytes[at] = DELIMITER;
                    assert_eq!(Charset::Utf8.find_delimiter(&bytes), Some(at), "{fill:02X} {len}");
                }
            }
        }
    }

    #[test]
    fn four_byte_characters_survive() {
        let bytes = encode(Charset::Gb18030, "𠮷😀");
        assert_eq!(bytes.len(), 8);
        assert_eq!(Charset::Gb18030.find_delimiter(&bytes), None);
        assert_eq!(Charset::Gb18030.decode(&bytes), "𠮷😀");
    }

    #[test]
    fn single_byte_sets_replace_what_they_lack() {
        assert_eq!(encode(Charset::Cp850, "Brontë 三"), b"Bront\x89 ?");
        assert_eq!(Charset::Cp850.decode(b"Bront\x89"), "Brontë");
        assert_eq!(encode(Charset::Ascii, "Brontë"), b"Bront?");
        assert_eq!(Charset::Ascii.decode(b"Bront\x89"), "Bront\u{FFFD}");
    }
}
