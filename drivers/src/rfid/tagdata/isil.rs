//! ISIL compaction of ISO 28560-2 (rfid-data.md 4.3) and comparison of ISILs.

use super::bits::{BitReader, BitWriter};

/// Whether two ISILs name the same institution: case does not count (ISO 15511).
#[must_use]
pub fn same_isil(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Set {
    Upper,
    Lower,
    Numeric,
}

enum Code {
    Char(char),
    Latch(Set),
    Shift(Set),
}

impl Set {
    fn width(self) -> usize {
        match self {
            Self::Upper | Self::Lower => 5,
            Self::Numeric => 4,
        }
    }

    fn read(self, code: u8) -> Code {
        let letter = |first: u8| Code::Char(char::from(first + code - 1));
        match (self, code) {
            (Self::Upper | Self::Lower, 0) | (Self::Numeric, 10) => Code::Char('-'),
            (Self::Upper, 1..=26) => letter(b'A'),
            (Self::Lower, 1..=26) => letter(b'a'),
            (Self::Numeric, 0..=9) => Code::Char(char::from(b'0' + code)),
            (Self::Upper, 27) | (Self::Numeric, 11) => Code::Char(':'),
            (Self::Lower, 27) => Code::Char('/'),
            (Self::Upper, 28) | (Self::Numeric, 14) => Code::Latch(Self::Lower),
            (Self::Lower, 28) | (Self::Numeric, 12) => Code::Latch(Self::Upper),
            (Self::Upper, 29) | (Self::Numeric, 15..) => Code::Shift(Self::Lower),
            (Self::Lower, 29) | (Self::Numeric, 13) => Code::Shift(Self::Upper),
            (Self::Upper | Self::Lower, 30) => Code::Latch(Self::Numeric),
            (Self::Upper | Self::Lower, 31..) => Code::Shift(Self::Numeric),
        }
    }

    fn code_of(self, c: char) -> Option<u8> {
        let offset = |first: char| u8::try_from(u32::from(c) - u32::from(first)).ok();
        match (self, c) {
            (Self::Upper | Self::Lower, '-') => Some(0),
            (Self::Numeric, '-') => Some(10),
            (Self::Upper, 'A'..='Z') => offset('A').map(|n| n + 1),
            (Self::Lower, 'a'..='z') => offset('a').map(|n| n + 1),
            (Self::Numeric, '0'..='9') => offset('0'),
            (Self::Upper, ':') | (Self::Lower, '/') => Some(27),
            (Self::Numeric, ':') => Some(11),
            _ => None,
        }
    }

    fn latch_to(self, to: Self) -> u8 {
        match (self, to) {
            (Self::Numeric, Self::Upper) => 12,
            (Self::Numeric, _) => 14,
            (_, Self::Numeric) => 30,
            _ => 28,
        }
    }
}

/// Reads an ISIL in any legal choice of latches and shifts.
///
/// Fill is 1 bits; no character's code is all ones, so a tail of ones always ends the text.
/// Every bit string has a reading, so this cannot fail.
pub(super) fn unpack(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    let mut reader = BitReader::new(bytes);
    let mut latched = Set::Upper;
    let mut shifted = None;
    while !reader.only_ones_left() {
        let set = shifted.take().unwrap_or(latched);
        let Some(code) = reader.take(set.width()) else { break };
        match set.read(code) {
            Code::Char(c) => text.push(c),
            Code::Latch(to) => latched = to,
            Code::Shift(to) => shifted = Some(to),
        }
    }
    text
}

/// Packs an ISIL; `None` when a character has no code.
///
/// Latches when this and the next character both need the other set, else shifts, which is the
/// rule of ISO 28560-2 annex C and gives its examples.
pub(super) fn pack(text: &str) -> Option<Vec<u8>> {
    let mut writer = BitWriter::default();
    let mut current = Set::Upper;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let next = rest.clone().next();
        if let Some(code) = current.code_of(c) {
            writer.put(code, current.width());
            continue;
        }
        let (to, code) = set_for(c, next)?;
        let stays =
            next.is_some_and(|next| current.code_of(next).is_none() && to.code_of(next).is_some());
        let latch = current.latch_to(to);
        if stays {
            writer.put(latch, current.width());
            current = to;
        } else {
            // Each shift code follows the latch code of the same set.
            writer.put(latch + 1, current.width());
        }
        writer.put(code, to.width());
    }
    Some(writer.finish(0xFF))
}

/// The set to go to for `c`: one that holds the next character too, where there is a choice.
fn set_for(c: char, next: Option<char>) -> Option<(Set, u8)> {
    let holding = || {
        [Set::Upper, Set::Lower, Set::Numeric]
            .into_iter()
            .filter_map(|set| set.code_of(c).map(|code| (set, code)))
    };
    holding()
        .find(|(set, _)| next.is_some_and(|next| set.code_of(next).is_some()))
        .or_else(|| holding().next())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rfid::tagdata::testing::hex;

    /// rfid-data.md 4.3, first form of each row.
    const TABLE: [(&str, &str); 5] = [
        ("DE-Heu1", "21 40 8E 16 BF 1F"),
        ("US-InU-Mu", "AC C0 9E BA A0 6F 6B"),
        ("CN-110108-1-NLC", "1B 81 E1 10 10 8A 1A C7 30 7F"),
        ("CN-120104-C-YBL", "1B 81 E1 20 10 4A D1 D6 64 4C"),
        ("CN-130103-1-SJZLIB", "1B 81 E1 30 10 3A 1A C9 AB 4C 48 BF"),
    ];

    #[test]
    fn examples_of_the_standard_both_ways() {
        for (isil, bytes) in TABLE {
            assert_eq!(unpack(&hex(bytes)), isil);
            assert_eq!(pack(isil).unwrap(), hex(bytes), "{isil}");
        }
    }

    #[test]
    fn other_legal_choices_are_read() {
        assert_eq!(unpack(&hex("1B 81 E1 20 10 4A C1 83 22 67")), "CN-120104-C-YBL");
        assert_eq!(unpack(&hex("D6 59 3F")), "ZYLS");
        assert_eq!(unpack(&[]), "");
        assert_eq!(unpack(&[0xFF; 9]), "");
    }

    #[test]
    fn case_does_not_count() {
        assert!(same_isil("FI-HELKA", "fi-Helka"));
        assert!(!same_isil("FI-He", "FI-Em"));
    }

    #[test]
    fn characters_outside_the_isil_alphabet_are_refused() {
        for text in ["A B", "A.B", "图书馆", "\0"] {
            assert!(pack(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_isil_reads_back(text in "[A-Za-z0-9/:-]{0,40}") {
            prop_assert_eq!(unpack(&pack(&text).unwrap()), text);
        }
    }
}
