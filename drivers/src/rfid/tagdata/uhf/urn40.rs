//! URN Code 40: three characters in two bytes, with escapes (ISO/TS 28560-4; rfid-data.md
//! section 7).

/// Values of one character.
const RADIX: u16 = 40;
/// Highest word of three characters; what lies above is an escape or nothing.
const WORD_MAX: u16 = 64_000;

const ESCAPE_NUMBER: u8 = 0xFB;
const ESCAPE_ISO_646: u8 = 0xFC;
const ESCAPE_UTF8_2: u8 = 0xFD;
const ESCAPE_UTF8_3: u8 = 0xFE;

/// Fewest digits of a number escape.
const DIGITS_MIN: usize = 9;
/// Most digits of a number escape: four bits more than [`DIGITS_MIN`].
const DIGITS_MAX: usize = DIGITS_MIN + 15;
/// Fewest bytes of a number escape.
const NUMBER_BYTES_MIN: usize = 4;

/// Bytes that are no URN Code 40.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadCode;

fn character(code: u16) -> Option<char> {
    let offset =
        |base: u8, first: u16| u8::try_from(code - first).ok().map(|n| char::from(base + n));
    match code {
        1..=26 => offset(b'A', 1),
        27 => Some('-'),
        28 => Some('.'),
        29 => Some(':'),
        30..=39 => offset(b'0', 30),
        _ => None,
    }
}

fn code(character: char) -> Option<u16> {
    let byte = u8::try_from(character).ok()?;
    Some(match byte {
        b'A'..=b'Z' => u16::from(byte - b'A') + 1,
        b'-' => 27,
        b'.' => 28,
        b':' => 29,
        b'0'..=b'9' => u16::from(byte - b'0') + 30,
        _ => return None,
    })
}

/// Reads a whole text; fill of 00 may stand behind it.
pub(super) fn unpack(bytes: &[u8]) -> Result<String, BadCode> {
    let mut text = String::with_capacity(bytes.len() * 3 / 2);
    let mut rest = bytes;
    loop {
        rest = match rest {
            [] => return Ok(text),
            filled if filled.iter().all(|&b| b == 0) => return Ok(text),
            [ESCAPE_NUMBER, lengths, rest @ ..] => number(*lengths, rest, &mut text)?,
            [ESCAPE_ISO_646, byte, rest @ ..] if byte.is_ascii() => {
                text.push(char::from(*byte));
                rest
            }
            [ESCAPE_UTF8_2, a, b, rest @ ..] => {
                text.push_str(std::str::from_utf8(&[*a, *b]).map_err(|_| BadCode)?);
                rest
            }
            [ESCAPE_UTF8_3, a, b, c, rest @ ..] => {
                text.push_str(std::str::from_utf8(&[*a, *b, *c]).map_err(|_| BadCode)?);
                rest
            }
            [high, low, rest @ ..] => {
                if !triple(u16::from_be_bytes([*high, *low]), &mut text)?
                    && rest.iter().any(|&b| b != 0)
                {
                    return Err(BadCode);
                }
                rest
            }
            [_] => return Err(BadCode),
        };
    }
}

/// Adds the characters of one word; `false` when it ends with fill, so that nothing may follow.
fn triple(word: u16, text: &mut String) -> Result<bool, BadCode> {
    if word > WORD_MAX {
        return Err(BadCode);
    }
    let value = word.checked_sub(1).ok_or(BadCode)?;
    let codes = [value / (RADIX * RADIX), value / RADIX % RADIX, value % RADIX];
    let mut filling = false;
    for code in codes {
        match character(code) {
            Some(_) if filling => return Err(BadCode),
            Some(character) => text.push(character),
            None => filling = true,
        }
    }
    Ok(!filling)
}

fn number<'a>(lengths: u8, rest: &'a [u8], text: &mut String) -> Result<&'a [u8], BadCode> {
    let digits = usize::from(lengths >> 4) + DIGITS_MIN;
    let len = usize::from(lengths & 0xF) + NUMBER_BYTES_MIN;
    let (bytes, rest) = rest.split_at_checked(len).ok_or(BadCode)?;
    let value = bytes
        .iter()
        .try_fold(0_u128, |value, &byte| Some(value.checked_mul(256)? + u128::from(byte)));
    let written = format!("{:0digits$}", value.ok_or(BadCode)?);
    if written.len() != digits {
        return Err(BadCode);
    }
    text.push_str(&written);
    Ok(rest)
}

/// Writes a text, filled with 00 to whole words. `None` for characters outside the basic
/// multilingual plane, which no escape holds.
pub(super) fn pack(text: &str) -> Option<Vec<u8>> {
    let characters: Vec<char> = text.chars().collect();
    let mut bytes = Vec::new();
    let mut rest = &characters[..];
    while !rest.is_empty() {
        let digits = rest.iter().take(DIGITS_MAX).take_while(|c| c.is_ascii_digit()).count();
        if digits > DIGITS_MIN {
            let (run, behind) = rest.split_at(digits);
            push_number(run, &mut bytes);
            rest = behind;
            continue;
        }
        let plain = rest.iter().take(3).map_while(|c| code(*c)).collect::<Vec<_>>();
        let last = plain.len() == rest.len();
        match plain[..] {
            [a, b, c] => push_word(a, b, c, &mut bytes),
            [a, b] if last => push_word(a, b, 0, &mut bytes),
            [a] if last => push_word(a, 0, 0, &mut bytes),
            _ => {
                // Fill stands at the end only, so what does not make three is escaped.
                push_escaped(*rest.first()?, &mut bytes)?;
                rest = &rest[1..];
                continue;
            }
        }
        rest = &rest[plain.len()..];
    }
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    Some(bytes)
}

fn push_word(a: u16, b: u16, c: u16, bytes: &mut Vec<u8>) {
    bytes.extend((RADIX * RADIX * a + RADIX * b + c + 1).to_be_bytes());
}

fn push_number(digits: &[char], bytes: &mut Vec<u8>) {
    let value = digits.iter().fold(0_u128, |n, c| n * 10 + u128::from(c.to_digit(10).unwrap_or(0)));
    let all = value.to_be_bytes();
    let needed = all.len() - all.iter().take_while(|&&b| b == 0).count();
    let len = needed.max(NUMBER_BYTES_MIN);
    let nibble = |n: usize| u8::try_from(n & 0xF).unwrap_or(0);
    bytes.push(ESCAPE_NUMBER);
    bytes.push(nibble(digits.len() - DIGITS_MIN) << 4 | nibble(len - NUMBER_BYTES_MIN));
    bytes.extend(&all[all.len() - len..]);
}

fn push_escaped(character: char, bytes: &mut Vec<u8>) -> Option<()> {
    let mut buf = [0; 4];
    let utf8 = character.encode_utf8(&mut buf).as_bytes();
    bytes.push(match utf8.len() {
        1 => ESCAPE_ISO_646,
        2 => ESCAPE_UTF8_2,
        3 => ESCAPE_UTF8_3,
        _ => return None,
    });
    bytes.extend(utf8);
    Some(())
}
