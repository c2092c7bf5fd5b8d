//! Text for Chinese heads (1.3): cleaning, substitution, two-byte GB18030.

use encoding_rs::GB18030;

/// □, printed for a character nobody can draw (1.3 rule 2).
pub const NO_GLYPH: char = '□';
/// Code of [`NO_GLYPH`].
pub const NO_GLYPH_CODE: [u8; 2] = [0xA1, 0xF5];
/// Printed instead of a one-column character nobody can draw, so that columns stay true.
pub const NO_GLYPH_NARROW: u8 = b'?';

/// Characters with a well-understood stand-in inside the two-byte area.
const SUBSTITUTES: &[(char, &str)] = &[
    ('\u{A5}', "￥"),
    ('\u{A0}', " "),
    ('\u{AD}', ""),
    ('\u{2011}', "-"),
    ('\u{2012}', "-"),
    ('\u{2022}', "·"),
    ('\u{202F}', " "),
    ('\u{2009}', " "),
    ('\u{AB}', "《"),
    ('\u{BB}', "》"),
    ('\u{A9}', "(C)"),
    ('\u{AE}', "(R)"),
    ('\u{2122}', "(TM)"),
    ('\u{BD}', "1/2"),
    ('\u{20AC}', "€"),
];

/// A character's GB18030 code by length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// ASCII.
    One(u8),
    /// The area a hanzi ROM has.
    Two([u8; 2]),
    /// Four bytes: "GB18030" printers print rubbish for it (1.3 rule 1).
    Four,
    /// No code at all.
    None,
}

/// Looks a character up. Control characters have [`Code::None`].
#[must_use]
pub fn code(c: char) -> Code {
    if (' '..='~').contains(&c) {
        return Code::One(c as u8);
    }
    if c.is_control() {
        return Code::None;
    }
    let mut utf8 = [0; 4];
    let (bytes, _, lost) = GB18030.encode(c.encode_utf8(&mut utf8));
    match (&*bytes, lost) {
        (&[lead, trail], false) => Code::Two([lead, trail]),
        (&[_, _, _, _], false) => Code::Four,
        _ => Code::None,
    }
}

/// The whole GB18030 code of a character as a head with four-byte support takes it.
fn full_code(c: char) -> Option<Vec<u8>> {
    let mut utf8 = [0; 4];
    let (bytes, _, lost) = GB18030.encode(c.encode_utf8(&mut utf8));
    (!lost && !c.is_control()).then(|| bytes.into_owned())
}

/// Removes control characters (1.3 rule 3): a title with ESC, GS or DLE in it would be executed.
///
/// Line breaks and tabs become a space so that words stay apart; invisible format characters
/// (byte-order marks, direction marks) go as well.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
            c if c.is_control() => None,
            '\u{FEFF}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' => None,
            '\u{2060}'..='\u{206F}' => None,
            c => Some(c),
        })
        .collect()
}

/// [`clean`], then stand-ins for characters a hanzi ROM lacks (¥ becomes ￥).
#[must_use]
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match SUBSTITUTES.iter().find(|(from, _)| *from == c) {
            Some((_, to)) => out.push_str(to),
            None => out.push(c),
        }
    }
    out
}

/// Whether a head takes four-byte codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FourByte {
    /// It prints rubbish for them (the normal case).
    #[default]
    Unsupported,
    /// It has the glyphs.
    Supported,
}

/// Encodes one line for the hanzi ROM; `None` when a character is outside what the head has.
#[must_use]
pub fn encode(text: &str, four_byte: FourByte) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match (code(c), four_byte) {
            (Code::One(byte), _) => bytes.push(byte),
            (Code::Two(pair), _) => bytes.extend_from_slice(&pair),
            (Code::Four, FourByte::Supported) => bytes.extend(full_code(c)?),
            (Code::Four | Code::None, _) => return None,
        }
    }
    Some(bytes)
}

/// Encodes one line with □ (or `?` for one-column characters) where the head has no glyph.
/// Returns the bytes and how many characters were replaced.
#[must_use]
pub fn encode_lossy(text: &str) -> (Vec<u8>, u32) {
    let mut bytes = Vec::with_capacity(text.len());
    let mut replaced = 0;
    for c in text.chars() {
        match code(c) {
            Code::One(byte) => bytes.push(byte),
            Code::Two(pair) => bytes.extend_from_slice(&pair),
            Code::Four | Code::None => {
                replaced += 1;
                match super::layout::char_columns(c) {
                    0 => {}
                    1 => bytes.push(NO_GLYPH_NARROW),
                    _ => bytes.extend_from_slice(&NO_GLYPH_CODE),
                }
            }
        }
    }
    (bytes, replaced)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_of_the_documented_characters() {
        // 1.3, first table.
        assert_eq!(code('扬'), Code::Two([0xD1, 0xEF]));
        assert_eq!(code('￥'), Code::Two([0xA3, 0xA4]));
        assert_eq!(code('€'), Code::Two([0xA2, 0xE3]));
        assert_eq!(code('·'), Code::Two([0xA1, 0xA4]));
        assert_eq!(code('□'), Code::Two(NO_GLYPH_CODE));
        for (c, bytes) in [
            ('¥', [0x81, 0x30, 0x84, 0x36]),
            ('㐀', [0x81, 0x39, 0xEE, 0x39]),
            ('𠮷', [0x95, 0x34, 0xB2, 0x35]),
        ] {
            assert_eq!(code(c), Code::Four);
            assert_eq!(full_code(c).unwrap(), bytes);
        }
    }

    #[test]
    fn a_yen_sign_is_replaced_and_a_rare_name_asks_for_dots() {
        assert_eq!(encode(&printable("¥5"), FourByte::Unsupported).unwrap(), [0xA3, 0xA4, b'5']);
        assert_eq!(encode("𠮷野家", FourByte::Unsupported), None);
        assert_eq!(
            encode("𠮷", FourByte::Supported).unwrap(),
            [0x95, 0x34, 0xB2, 0x35],
            "only where the profile says so"
        );
        assert_eq!(encode_lossy("㐀a"), (vec![0xA1, 0xF5, b'a'], 1));
        assert_eq!(encode_lossy("ö"), (vec![b'?'], 1));
    }

    #[test]
    fn commands_hidden_in_a_title_are_removed() {
        assert_eq!(clean("a\u{1b}@b\u{1d}V\u{10}\u{4}\u{1}c\u{9b}d\u{7f}\ne"), "a@bVcd e");
    }

    proptest! {
        #[test]
        fn bytes_are_as_many_as_columns_and_never_commands(text in "\\PC{0,60}|.{0,60}") {
            let line = printable(&text);
            let (lossy, _) = encode_lossy(&line);
            prop_assert_eq!(lossy.len(), super::super::layout::columns_of(&line));
            prop_assert!(lossy.iter().all(|byte| *byte >= 0x20));
            if let Some(exact) = encode(&line, FourByte::Unsupported) {
                prop_assert_eq!(exact, lossy);
            }
        }
    }
}
