//! An answer on its way to the wire, with what a fault makes of it.

use super::fault::Twist;
use crate::sip2::wire::checksum;
use crate::sip2::{Charset, ErrorDetection, Response};

/// The digit dp2 always answers with (sip2.md section 10).
const DP2_TRAILER: &[u8] = b"|AY4AZ";

/// Bit pattern garbling flips. It turns no printable ASCII character into CR or LF.
const GARBLE: u8 = 0x01;

/// Another one, for when what the first one added and took away is the same.
const GARBLE_MORE: u8 = 0x02;

/// How an answer is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trailer {
    /// As the protocol says.
    Standard,
    /// As dp2 does.
    Dp2,
}

/// The bytes of an answer with its terminator.
pub(super) fn encode(
    response: &Response,
    charset: Charset,
    detection: ErrorDetection,
    trailer: Trailer,
    twist: Twist,
    end: &[u8],
) -> Vec<u8> {
    let detection = match detection {
        ErrorDetection::On(sequence) if twist.wrong_digit => ErrorDetection::On(sequence.next()),
        other => other,
    };
    let mut bytes = match trailer {
        Trailer::Standard => response.encode(charset, detection),
        Trailer::Dp2 => dp2(response, charset),
    };
    if twist.bad_checksum {
        spoil_checksum(&mut bytes);
    }
    if twist.garble {
        garble(&mut bytes);
    }
    bytes.extend_from_slice(end);
    bytes
}

/// The sum of UTF-16 code units before `|AY4AZ`, as DigitalPlatform's server writes it.
fn dp2(response: &Response, charset: Charset) -> Vec<u8> {
    let mut bytes = response.encode(charset, ErrorDetection::Off);
    if bytes.ends_with(b"|") {
        bytes.pop();
    }
    let text = response.encode(Charset::Utf8, ErrorDetection::Off);
    let text = String::from_utf8_lossy(&text);
    dp2_trailer(&mut bytes, text.strip_suffix('|').unwrap_or(&text));
    bytes
}

fn dp2_trailer(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(DP2_TRAILER);
    bytes.extend_from_slice(&checksum::digits(checksum::of_utf16(text)));
}

/// Words that are no message, without an end.
pub(super) fn words(text: &str, charset: Charset, trailer: Trailer) -> Vec<u8> {
    let mut bytes = Vec::new();
    charset.encode_into(text, &mut bytes);
    if trailer == Trailer::Dp2 {
        dp2_trailer(&mut bytes, text);
    }
    bytes
}

/// Changes the last digit of AZ to another one.
fn spoil_checksum(bytes: &mut [u8]) {
    if let Some(last) = bytes.last_mut() {
        *last = if *last == b'0' { b'1' } else { b'0' };
    }
}

/// Flips a bit in every eighth byte of the middle, so that code and trailer stay readable and only
/// the checksum can tell.
fn garble(bytes: &mut [u8]) {
    let end = bytes.len().saturating_sub(checksum::TRAILER_LEN);
    let before = checksum::of(&bytes[..end]);
    let mut last = None;
    for (at, byte) in bytes.iter_mut().enumerate().take(end).skip(3).step_by(8) {
        if byte.is_ascii_alphanumeric() {
            *byte ^= GARBLE;
            last = Some(at);
        }
    }
    if let Some(at) = last.filter(|_| checksum::of(&bytes[..end]) == before) {
        bytes[at] ^= GARBLE_MORE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip2::Sequence;
    use crate::sip2::message::LoginResponse;

    fn login(trailer: Trailer, twist: Twist) -> Vec<u8> {
        let response = LoginResponse { ok: true, ..LoginResponse::default() }.into();
        let detection = ErrorDetection::On(Sequence::new(0).unwrap());
        encode(&response, Charset::Utf8, detection, trailer, twist, b"\r")
    }

    #[test]
    fn dp2_ends_answers_its_own_way() {
        assert_eq!(login(Trailer::Dp2, Twist::default()), b"941|AY4AZFF62\r");
        let line = "301YNN20220224    121816AOCN-110108-1-NLC|AAP001|ABB001|AJ怪物大师|AH2022-02-27|AF成功|AG成功|AY4AZFA86";
        let response = Response::decode(line.as_bytes(), Charset::Utf8).unwrap().message;
        assert_eq!(dp2(&response, Charset::Utf8), line.as_bytes());
    }

    #[test]
    fn what_is_garbled_never_keeps_its_checksum() {
        // One flipped bit up, one down.
        let mut bytes = b"101YNNYY0000000ZAY2AZCF2D".to_vec();
        let before = bytes.clone();
        garble(&mut bytes);
        assert_ne!(bytes, before);
        assert_ne!(checksum::of(&bytes[..16]), checksum::of(&before[..16]));
    }

    #[test]
    fn each_twist_shows_on_the_wire() {
        assert_eq!(login(Trailer::Standard, Twist::default()), b"941AY0AZFDFD\r");
        let digit = Twist { wrong_digit: true, ..Twist::default() };
        assert_eq!(login(Trailer::Standard, digit), b"941AY1AZFDFC\r");
        let sum = Twist { bad_checksum: true, ..Twist::default() };
        assert_eq!(login(Trailer::Standard, sum), b"941AY0AZFDF0\r");
    }
}
