//! IBM code page 850, upper half (Unicode consortium, VENDORS/MICSFT/PC/CP850.TXT).

/// Characters of the bytes 0x80..=0xFF.
#[rustfmt::skip]
const UPPER: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç',
    'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å',
    'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û', 'ù',
    'ÿ', 'Ö', 'Ü', 'ø', '£', 'Ø', '×', 'ƒ',
    'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º',
    '¿', '®', '¬', '½', '¼', '¡', '«', '»',
    '░', '▒', '▓', '│', '┤', 'Á', 'Â', 'À',
    '©', '╣', '║', '╗', '╝', '¢', '¥', '┐',
    '└', '┴', '┬', '├', '─', '┼', 'ã', 'Ã',
    '╚', '╔', '╩', '╦', '╠', '═', '╬', '¤',
    'ð', 'Ð', 'Ê', 'Ë', 'È', 'ı', 'Í', 'Î',
    'Ï', '┘', '┌', '█', '▄', '¦', 'Ì', '▀',
    'Ó', 'ß', 'Ô', 'Ò', 'õ', 'Õ', 'µ', 'þ',
    'Þ', 'Ú', 'Û', 'Ù', 'ý', 'Ý', '¯', '´',
    '\u{AD}', '±', '‗', '¾', '¶', '§', '÷', '¸',
    '°', '¨', '·', '¹', '³', '²', '■', '\u{A0}',
];

/// The character of a byte from 0x80 on; lower bytes are ASCII.
pub(super) fn to_char(byte: u8) -> char {
    byte.checked_sub(0x80).map_or(char::from(byte), |at| UPPER[usize::from(at)])
}

/// The byte of a character, if the page has it.
pub(super) fn from_char(c: char) -> Option<u8> {
    if c.is_ascii() {
        return Some(c as u8);
    }
    let at = UPPER.iter().position(|&upper| upper == c)?;
    u8::try_from(at + 0x80).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_upper_byte_comes_back() {
        for byte in 0x80..=0xFF {
            assert_eq!(from_char(to_char(byte)), Some(byte));
        }
        assert_eq!((to_char(0x80), to_char(0x9B), to_char(0xE1)), ('Ç', 'ø', 'ß'));
    }
}
