//! Texts of variable fields, and fields without a place.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::form::ExtraFields;
use crate::privacy::{Secret, mask_name, mask_number};
use crate::sip2::charset::Charset;
use crate::sip2::field::{FieldId, Privacy};
use crate::sip2::wire::{MessageView, Writer};

/// How [EG] and [KO] write `|` inside a value (sip2.md section 1).
const ESCAPED_DELIMITER: &str = "&#124;";

/// Its first byte, ASCII in every set: without it there is no escape.
const ESCAPE: u8 = b'&';

/// The text of a field: decoded, and in text for people `&#124;` turned back into `|`.
#[must_use]
pub fn decode_text(id: FieldId, bytes: &[u8], charset: Charset) -> Cow<'_, str> {
    let text = charset.decode(bytes);
    if bytes.contains(&ESCAPE) { unescape(id, text) } else { text }
}

fn unescape(id: FieldId, text: Cow<'_, str>) -> Cow<'_, str> {
    if id.is_display_text() && text.contains(ESCAPED_DELIMITER) {
        return Cow::Owned(text.replace(ESCAPED_DELIMITER, "|"));
    }
    text
}

/// One field while a message is read.
#[derive(Clone, Copy)]
pub(crate) struct Piece<'a> {
    pub(crate) id: FieldId,
    pub(crate) charset: Charset,
    /// The line up to its trailer.
    line: &'a [u8],
    /// Its value.
    pub(crate) bytes: &'a [u8],
    /// Where in the line its value begins.
    start: usize,
}

impl<'a> Piece<'a> {
    /// The field whose value stands at `range` of the line.
    #[inline]
    pub(crate) fn of(view: &MessageView<'a>, id: FieldId, range: Range<usize>) -> Self {
        let line = view.before_trailer();
        let start = range.start;
        Self { id, charset: view.charset(), line, bytes: &line[range], start }
    }

    /// Its text.
    #[inline]
    pub(crate) fn text(&self) -> Cow<'a, str> {
        decode_text(self.id, self.bytes, self.charset)
    }

    /// The line up to its trailer.
    pub(crate) fn line(&self) -> &'a [u8] {
        self.line
    }

    /// Whether it belongs into a trailer and stands elsewhere.
    pub(crate) fn is_trailer(&self) -> bool {
        self.id == FieldId::AY || self.id == FieldId::AZ
    }

    /// The fields from this one on, its id included.
    #[inline]
    pub(crate) fn onwards(&self) -> &'a [u8] {
        &self.line[self.begins()..]
    }

    /// Where in the line it begins, with its id.
    #[inline]
    pub(crate) fn begins(&self) -> usize {
        self.start - self.id.0.len()
    }
}

/// Fields without a place of their own on a message, in order. `Debug` masks by field id.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Extra(pub Vec<(FieldId, String)>);

impl Extra {
    /// The first value with this id.
    #[must_use]
    pub fn get(&self, id: FieldId) -> Option<&str> {
        self.0.iter().find(|(found, _)| *found == id).map(|(_, value)| value.as_str())
    }
}

impl Extra {
    /// Appends a field. A stray `AY` or `AZ` is dropped: written again it would break the trailer.
    #[inline(never)]
    pub(crate) fn keep(&mut self, piece: Piece<'_>) {
        if !piece.is_trailer() {
            self.0.push((piece.id, piece.text().into_owned()));
        }
    }
}

impl ExtraFields for Extra {
    fn write(&self, to: &mut Writer) {
        for (id, value) in &self.0 {
            to.field(*id, value);
        }
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked = |(id, value): &(FieldId, String)| (*id, masked_value(*id, value).into_owned());
        f.debug_map().entries(self.0.iter().map(masked)).finish()
    }
}

/// A value as it may be shown.
pub(crate) fn masked_value(id: FieldId, value: &str) -> Cow<'_, str> {
    match id.privacy() {
        Privacy::Clear => Cow::Borrowed(value),
        Privacy::PatronNumber => Cow::Owned(mask_number(value)),
        Privacy::Personal => Cow::Owned(mask_name(value)),
        Privacy::Secret => Cow::Owned(Secret::new(value).masked()),
    }
}
