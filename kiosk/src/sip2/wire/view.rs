//! A received message seen in place: nothing is copied, nothing allocated.

use std::ops::Range;

use super::checksum::{self, AZ_LEN, Checksum, TRAILER_LEN};
use super::{Code, DecodeError, Sequence};
use crate::sip2::charset::{Charset, Delimiters};
use crate::sip2::field::FieldId;

/// Bytes of a message code.
const CODE_LEN: usize = 2;

/// Bytes of a field id.
const ID_LEN: usize = 2;

/// One message, borrowed from the line it was received in.
#[derive(Clone, Copy)]
pub struct MessageView<'a> {
    line: &'a [u8],
    code: Code,
    charset: Charset,
    /// Where the variable fields end and the trailer starts.
    end: usize,
    sequence: Option<Sequence>,
    /// The value stated in `AZ`.
    stated: Option<u16>,
}

impl<'a> MessageView<'a> {
    /// Looks at a line without its terminator.
    ///
    /// # Errors
    /// [`DecodeError`] when the line has no known code, its fixed part is too short, or an answer
    /// says neither yes nor no. Checksum
    /// and sequence are not judged here: what they mean is a rule of the link.
    #[inline]
    pub fn parse(line: &'a [u8], charset: Charset) -> Result<Self, DecodeError> {
        let code = code_of(line)?;
        let (end, sequence, stated) = trailer(line);
        let got = end - CODE_LEN;
        let need = code.fixed_len();
        if got < need {
            return Err(DecodeError::FixedTooShort { code, need, got });
        }
        if code.yes_no().is_some_and(|says| !says.contains(&line[CODE_LEN])) {
            return Err(DecodeError::NeitherYesNorNo { code });
        }
        Ok(Self { line, code, charset, end, sequence, stated })
    }

    /// The message code.
    #[must_use]
    #[inline]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The character set given to [`MessageView::parse`].
    #[must_use]
    #[inline]
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// The line as received.
    #[must_use]
    #[inline]
    pub fn line(&self) -> &'a [u8] {
        self.line
    }

    /// The fixed part, exactly as long as the code requires.
    #[must_use]
    #[inline]
    pub fn fixed(&self) -> &'a [u8] {
        &self.line[CODE_LEN..CODE_LEN + self.code.fixed_len()]
    }

    /// The variable fields in order, without `AY` and `AZ` of the trailer.
    #[must_use]
    #[inline]
    pub fn fields(&self) -> Fields<'a> {
        let at = CODE_LEN + self.code.fixed_len();
        Fields::new(self.before_trailer(), at, self.charset)
    }

    /// The line up to `AY` and `AZ`.
    #[inline]
    pub(crate) fn before_trailer(&self) -> &'a [u8] {
        &self.line[..self.end]
    }

    /// The raw value of the first field with this id.
    #[must_use]
    pub fn field(&self, id: FieldId) -> Option<&'a [u8]> {
        self.fields().find(|(found, _)| *found == id).map(|(_, value)| value)
    }

    /// The digit of `AY`.
    #[must_use]
    #[inline]
    pub fn sequence(&self) -> Option<Sequence> {
        self.sequence
    }

    /// What `AZ` says.
    #[must_use]
    pub fn checksum(&self) -> Checksum {
        let Some(stated) = self.stated else { return Checksum::Absent };
        let computed = checksum::of(&self.line[..self.line.len() - 4]);
        if stated == computed { Checksum::Right } else { Checksum::Wrong { stated, computed } }
    }
}

#[inline]
fn code_of(line: &[u8]) -> Result<Code, DecodeError> {
    let &[tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] = line else {
        return Err(DecodeError::NoCode { len: line.len() });
    };
    let code = (tens - b'0') * 10 + (ones - b'0');
    Code::from_number(code).ok_or(DecodeError::UnknownCode { code })
}

/// Finds `AYnAZhhhh`, or `AZhhhh` alone, at the end: where it starts, and what it says.
#[inline]
fn trailer(line: &[u8]) -> (usize, Option<Sequence>, Option<u16>) {
    let body = line.len().saturating_sub(CODE_LEN);
    if body >= TRAILER_LEN
        && let [b'A', b'Y', digit, b'A', b'Z', sum @ ..] = &line[line.len() - TRAILER_LEN..]
        && let (Some(sequence), Some(stated)) = (Sequence::from_ascii(*digit), checksum::parse(sum))
    {
        return (line.len() - TRAILER_LEN, Some(sequence), Some(stated));
    }
    if body >= AZ_LEN
        && let [b'A', b'Z', sum @ ..] = &line[line.len() - AZ_LEN..]
        && let Some(stated) = checksum::parse(sum)
    {
        return (line.len() - AZ_LEN, None, Some(stated));
    }
    (line.len(), None, None)
}

/// Iterator over the variable fields: id and raw value.
///
/// A missing last `|`, a `|` before `AY` and pieces too short to have an id are tolerated
/// (sip2.md section 10, "tolerance list").
#[derive(Clone)]
pub struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    ends: Delimiters<'a>,
}

impl<'a> Fields<'a> {
    /// The fields from `at` on, where one begins.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], at: usize, charset: Charset) -> Self {
        Self { bytes, at, ends: charset.delimiters(bytes, at) }
    }

    /// The next field as its id and where in the line its value stands.
    #[inline]
    pub fn next_range(&mut self) -> Option<(FieldId, Range<usize>)> {
        while self.at < self.bytes.len() {
            let rest = &self.bytes[self.at..];
            let start = self.at + ID_LEN;
            let end = self.ends.next().unwrap_or(self.bytes.len());
            self.at = end + 1;
            if end >= start
                && let [a, b, ..] = *rest
                && a.is_ascii_graphic()
                && b.is_ascii_graphic()
            {
                return Some((FieldId([a, b]), start..end));
            }
        }
        None
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (FieldId, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.bytes;
        self.next_range().map(|(id, range)| (id, &bytes[range]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &[u8]) -> Vec<(String, Vec<u8>)> {
        let view = MessageView::parse(line, Charset::Gbk).unwrap();
        view.fields().map(|(id, value)| (id.to_string(), value.to_vec())).collect()
    }

    #[test]
    fn odd_endings_are_tolerated() {
        let want = vec![("AF".to_owned(), b"x".to_vec())];
        for line in [
            &b"941AFx|AY0AZ0000"[..],
            b"941AFx|AZ0000",
            b"941AFx|",
            b"941AFx",
            b"941|AFx||",
            b"941AFxAY3AZfa86",
        ] {
            assert_eq!(fields(line), want, "{}", line.escape_ascii());
        }
        assert!(fields(b"941|AY4AZFF62").is_empty());
        assert!(fields("941中文|x".as_bytes()).is_empty());
    }

    #[test]
    fn the_trailer_is_judged() {
        let view = MessageView::parse(b"941AY0AZFDFD", Charset::Utf8).unwrap();
        assert_eq!(view.sequence(), Sequence::new(0));
        assert_eq!(view.checksum(), Checksum::Right);
        let view = MessageView::parse(b"941AY0AZfdfd", Charset::Utf8).unwrap();
        assert_eq!(view.checksum(), Checksum::Right);
        let view = MessageView::parse(b"941AY0AZFDFC", Charset::Utf8).unwrap();
        assert_eq!(view.checksum(), Checksum::Wrong { stated: 0xFDFC, computed: 0xFDFD });
        let view = MessageView::parse(b"941", Charset::Utf8).unwrap();
        assert_eq!((view.sequence(), view.checksum()), (None, Checksum::Absent));
    }

    #[test]
    fn what_is_no_message_is_named() {
        let parse = |line: &'static [u8]| MessageView::parse(line, Charset::Utf8).err().unwrap();
        assert_eq!(parse(b""), DecodeError::NoCode { len: 0 });
        assert_eq!(parse("不支持".as_bytes()), DecodeError::NoCode { len: 9 });
        assert_eq!(parse(b"77AOx|"), DecodeError::UnknownCode { code: 77 });
        let short = DecodeError::FixedTooShort { code: Code::CheckoutResponse, need: 22, got: 3 };
        assert_eq!(parse(b"121NN"), short);
        assert_eq!(parse(b"121NNAY1AZ0000"), short);
        let neither = |code| DecodeError::NeitherYesNorNo { code };
        assert_eq!(parse(b"12\xFFNNN20261122    103000"), neither(Code::CheckoutResponse));
        assert_eq!(parse(b"10 NNN20261122    103000"), neither(Code::CheckinResponse));
        assert_eq!(parse(b"38120261122    103000"), neither(Code::FeePaidResponse));
    }
}
