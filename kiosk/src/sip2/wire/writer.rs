//! Writes one message.

use super::{Code, DELIMITER, Sequence, checksum};
use crate::sip2::charset::Charset;
use crate::sip2::field::FieldId;

/// Room reserved for a message; most fit, longer ones grow.
const USUAL_LEN: usize = 256;

/// How a message is protected (sip2.md section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorDetection {
    /// Neither `AY` nor `AZ`.
    Off,
    /// `AY` with this digit, and `AZ`. The resend requests 96 and 97 carry `AZ` alone.
    On(Sequence),
}

/// Appends the parts of one message in order. What would break the framing (`|`, CR, LF in a value)
/// becomes a blank.
pub struct Writer {
    out: Vec<u8>,
    code: Code,
    charset: Charset,
}

impl Writer {
    /// Starts a message.
    #[must_use]
    pub fn new(code: Code, charset: Charset) -> Self {
        let mut out = Vec::with_capacity(USUAL_LEN);
        out.extend_from_slice(&code.digits());
        Self { out, code, charset }
    }

    /// The bytes so far, for the fixed part. Only ASCII of exact width belongs here.
    pub fn fixed(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Appends a variable field.
    pub fn field(&mut self, id: FieldId, value: &str) {
        self.out.extend_from_slice(&id.0);
        if value.bytes().any(breaks_framing) {
            self.blanked(value);
        } else {
            self.charset.encode_into(value, &mut self.out);
        }
        self.out.push(DELIMITER);
    }

    fn blanked(&mut self, value: &str) {
        for (at, piece) in value.split(|c| u8::try_from(c).is_ok_and(breaks_framing)).enumerate() {
            if at > 0 {
                self.out.push(b' ');
            }
            self.charset.encode_into(piece, &mut self.out);
        }
    }

    /// Appends the trailer and gives the message, without terminator.
    #[must_use]
    pub fn finish(mut self, detection: ErrorDetection) -> Vec<u8> {
        if let ErrorDetection::On(sequence) = detection {
            if self.code.has_sequence() {
                self.out.extend_from_slice(&[b'A', b'Y', sequence.ascii()]);
            }
            self.out.extend_from_slice(b"AZ");
            let sum = checksum::of(&self.out);
            self.out.extend_from_slice(&checksum::digits(sum));
        }
        self.out
    }
}

/// Whether a byte inside a value would end the field or the message.
fn breaks_framing(byte: u8) -> bool {
    matches!(byte, DELIMITER | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn framing_bytes_in_values_become_blanks() {
        let mut writer = Writer::new(Code::RequestAcsResend, Charset::Utf8);
        writer.field(FieldId::AF, "a|b\r\nc");
        assert_eq!(writer.finish(ErrorDetection::Off), b"97AFa b  c|");
    }
}
