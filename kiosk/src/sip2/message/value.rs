//! Values of variable fields: from text and back, once, maybe, or often.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use crate::privacy::{PatronId, PersonalName, Secret, mask_name, mask_number};
use crate::sip2::charset::Charset;
use crate::sip2::codes::{AlertType, Amount, Number, SupportedMessages};
use crate::sip2::date::{DATE_LEN, DueDate, SipDate};
use crate::sip2::field::{FieldId, Privacy};
use crate::sip2::wire::{MessageView, Writer};

/// How [EG] and [KO] write `|` inside a value (sip2.md section 1).
const ESCAPED_DELIMITER: &str = "&#124;";

/// Its first byte, ASCII in every set: without it there is no escape.
const ESCAPE: u8 = b'&';

/// The text of a field: decoded, and in text for people `&#124;` turned back into `|`.
#[must_use]
pub fn decode_text(id: FieldId, bytes: &[u8], charset: Charset) -> String {
    let text = charset.decode(bytes);
    if bytes.contains(&ESCAPE) { unescape(id, text).into_owned() } else { text.into_owned() }
}

fn unescape(id: FieldId, text: Cow<'_, str>) -> Cow<'_, str> {
    if id.is_display_text() && text.contains(ESCAPED_DELIMITER) {
        return Cow::Owned(text.replace(ESCAPED_DELIMITER, "|"));
    }
    text
}

/// The texts of one message's fields, as [`decode_text`] gives them, borrowed where nothing has to
/// be changed. What is the same for all fields is looked at once: whether the line is good UTF-8
/// as it stands, and whether it can hold an escape at all.
pub(crate) struct Texts<'a> {
    line: &'a [u8],
    charset: Charset,
    whole: Option<&'a str>,
    escapes: bool,
}

impl<'a> Texts<'a> {
    pub(crate) fn of(view: &MessageView<'a>) -> Self {
        let (line, charset) = (view.line(), view.charset());
        let same = charset == Charset::Utf8 || line.is_ascii();
        let whole = if same { std::str::from_utf8(line).ok() } else { None };
        Self { line, charset, whole, escapes: line.contains(&ESCAPE) }
    }

    /// The text of the field whose value stands at `range` of the line.
    #[inline]
    pub(crate) fn field(&self, id: FieldId, range: Range<usize>) -> Cow<'a, str> {
        let text = match self.whole.and_then(|whole| whole.get(range.clone())) {
            Some(text) => Cow::Borrowed(text),
            None => self.charset.decode(&self.line[range]),
        };
        if self.escapes { unescape(id, text) } else { text }
    }
}

/// The value of one field.
pub(crate) trait Value: Default {
    /// Reads text; gives it back when it has no meaning here.
    fn from_text(text: Cow<'_, str>) -> Result<Self, Cow<'_, str>>;
    /// The text on the wire.
    fn text(&self) -> Cow<'_, str>;
}

/// A place for a field in a message: required, optional or repeatable.
pub(crate) trait Slot {
    /// Stores a received value. What has no place here goes to `extra`, so that nothing is lost.
    fn put(&mut self, id: FieldId, text: Cow<'_, str>, extra: &mut Extra);
    /// Writes the field as often as it is there.
    fn write(&self, id: FieldId, to: &mut Writer);
}

impl<V: Value> Slot for V {
    fn put(&mut self, id: FieldId, text: Cow<'_, str>, extra: &mut Extra) {
        if !self.text().is_empty() {
            return note_repeat(id);
        }
        match V::from_text(text) {
            Ok(value) => *self = value,
            Err(text) => extra.keep(id, text),
        }
    }
    fn write(&self, id: FieldId, to: &mut Writer) {
        to.field(id, &self.text());
    }
}

impl<V: Value> Slot for Option<V> {
    fn put(&mut self, id: FieldId, text: Cow<'_, str>, extra: &mut Extra) {
        // What has no meaning is kept also behind one that has: the order may be changed in writing.
        match V::from_text(text) {
            Ok(_) if self.is_some() => note_repeat(id),
            Ok(value) => *self = Some(value),
            Err(text) => extra.keep(id, text),
        }
    }
    fn write(&self, id: FieldId, to: &mut Writer) {
        if let Some(value) = self {
            to.field(id, &value.text());
        }
    }
}

impl<V: Value> Slot for Vec<V> {
    fn put(&mut self, id: FieldId, text: Cow<'_, str>, extra: &mut Extra) {
        match V::from_text(text) {
            Ok(value) => self.push(value),
            Err(text) => extra.keep(id, text),
        }
    }
    fn write(&self, id: FieldId, to: &mut Writer) {
        for value in self {
            to.field(id, &value.text());
        }
    }
}

/// A repeated field that may not repeat: the first counts (sip2.md section 1, "Repeats").
fn note_repeat(id: FieldId) {
    tracing::debug!(field = %id, "field repeated, first value kept");
}

macro_rules! text_values {
    ($($type:ty: $to:expr, $from:expr;)+) => {$(
        impl Value for $type {
            fn from_text(text: Cow<'_, str>) -> Result<Self, Cow<'_, str>> {
                let to: fn(String) -> Self = $to;
                Ok(to(text.into_owned()))
            }
            fn text(&self) -> Cow<'_, str> {
                let from: fn(&Self) -> &str = $from;
                Cow::Borrowed(from(self))
            }
        }
    )+};
}

text_values! {
    String: |text| text, |value| value;
    PatronId: PatronId::new, |value| value.expose();
    Secret: Secret::new, |value| value.expose();
    PersonalName: PersonalName::new, |value| value.expose();
    DueDate: DueDate::new, |value| &value.raw;
    Amount: Amount, |value| &value.0;
    Number: Number, |value| &value.0;
    SupportedMessages: SupportedMessages, |value| &value.0;
}

impl Value for bool {
    fn from_text(text: Cow<'_, str>) -> Result<Self, Cow<'_, str>> {
        match &*text {
            "Y" => Ok(true),
            "N" => Ok(false),
            _ => Err(text),
        }
    }
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(if *self { "Y" } else { "N" })
    }
}

impl Value for SipDate {
    fn from_text(text: Cow<'_, str>) -> Result<Self, Cow<'_, str>> {
        if text.len() == DATE_LEN && text.is_ascii() {
            Ok(Self::from_bytes(text.as_bytes()))
        } else {
            Err(text)
        }
    }
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.as_str())
    }
}

/// Start and end item, 1-based.
impl Value for u32 {
    fn from_text(text: Cow<'_, str>) -> Result<Self, Cow<'_, str>> {
        match text.parse::<Self>() {
            // `+1` and `01` would be written otherwise than they came.
            Ok(value) if text == "0" || !text.starts_with(['0', '+']) => Ok(value),
            _ => Err(text),
        }
    }
    fn text(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_string())
    }
}

/// Field `CV`.
impl Value for AlertType {
    fn from_text(text: Cow<'_, str>) -> Result<Self, Cow<'_, str>> {
        Ok(Self::from_text(text.into_owned()))
    }
    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.as_str())
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

    /// Appends a field. A stray `AY` or `AZ` is dropped: written again it would break the trailer.
    pub(crate) fn keep(&mut self, id: FieldId, text: Cow<'_, str>) {
        if id != FieldId::AY && id != FieldId::AZ {
            self.0.push((id, text.into_owned()));
        }
    }

    pub(crate) fn write(&self, to: &mut Writer) {
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
