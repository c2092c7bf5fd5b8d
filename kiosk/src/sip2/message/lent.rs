//! Values that lie in the line a message was read from.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use zeroize::Zeroize;

use super::form::{ExtraFields, Meaning};
use super::part::{FromText, IntoOwned, Part, Take, note_repeat};
use super::value::{Extra, Piece, decode_text, masked_value};
use crate::sip2::charset::Charset;
use crate::sip2::field::FieldId;
use crate::sip2::wire::{Fields, Writer};

/// Fields without a place whose positions are held without an allocation.
const PLACES: usize = 4;

/// The text of a field, borrowed from the line wherever nothing had to be changed. It becomes a
/// `V` when it is owned; until then `Debug` shows of it what that of a `V` would.
#[derive(Clone)]
pub struct Lent<'a, V: Meaning> {
    text: Cow<'a, str>,
    means: PhantomData<V>,
}

impl<'a, V: Meaning> Lent<'a, V> {
    #[inline]
    fn new(text: Cow<'a, str>) -> Self {
        Self { text, means: PhantomData }
    }

    /// The text itself. For a value about a person, every call is a place where privacy is
    /// decided: never into a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The value with a text of its own.
    #[must_use]
    #[inline]
    pub fn into_owned(mut self) -> V {
        V::of(std::mem::take(&mut self.text).into_owned())
    }
}

impl<V: Meaning> Drop for Lent<'_, V> {
    #[inline]
    fn drop(&mut self) {
        // The line is wiped by who holds it; a copy was made only by decoding.
        if V::PRIVATE
            && let Cow::Owned(text) = &mut self.text
        {
            text.zeroize();
        }
    }
}

/// Only what is about nobody is a text without further ado.
impl Deref for Lent<'_, String> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl<V: Meaning> Default for Lent<'_, V> {
    #[inline]
    fn default() -> Self {
        Self::new(Cow::Borrowed(""))
    }
}

impl<V: Meaning> PartialEq for Lent<'_, V> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<V: Meaning> Eq for Lent<'_, V> {}

impl<V: Meaning> fmt::Debug for Lent<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&V::shown(&self.text))
    }
}

impl<V: Meaning> Part for Lent<'_, V> {
    fn write(&self, id: FieldId, to: &mut Writer) {
        to.field(id, &self.text);
    }
}

impl<'a, V: Meaning> Take<'a> for Lent<'a, V> {
    #[inline]
    fn take(&mut self, piece: &Piece<'_, 'a>) -> bool {
        match (&mut self.text, piece.plain) {
            (Cow::Borrowed(text), Some(plain)) if text.is_empty() => *text = plain,
            (text, _) if text.is_empty() => *text = piece.text(),
            _ => note_repeat(piece.id),
        }
        true
    }
}

impl<'a, V: Meaning> FromText<'a> for Lent<'a, V> {
    #[inline]
    fn from_text(text: Cow<'a, str>) -> Option<Self> {
        Some(Self::new(text))
    }
}

impl<V: Meaning> IntoOwned<V> for Lent<'_, V> {
    #[inline]
    fn into_owned(self) -> V {
        self.into_owned()
    }
}

/// The texts of a field that may repeat, found in the line again when they are asked for: any
/// number of them takes no allocation.
#[derive(Clone, Default)]
pub struct Repeated<'a> {
    /// The fields from the first of them on.
    fields: &'a [u8],
    charset: Charset,
    id: Option<FieldId>,
    count: usize,
}

impl<'a> Repeated<'a> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The texts in order.
    pub fn iter(&self) -> impl Iterator<Item = Cow<'a, str>> {
        let Self { fields, charset, id, count } = *self;
        Fields::new(fields, 0, charset)
            .filter(move |(found, _)| Some(*found) == id)
            .map(move |(id, bytes)| decode_text(id, bytes, charset))
            .take(count)
    }
}

impl PartialEq for Repeated<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Repeated<'_> {}

impl fmt::Debug for Repeated<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Part for Repeated<'_> {
    fn write(&self, id: FieldId, to: &mut Writer) {
        self.iter().for_each(|text| to.field(id, &text));
    }
}

impl<'a> Take<'a> for Repeated<'a> {
    #[inline]
    fn take(&mut self, piece: &Piece<'_, 'a>) -> bool {
        if self.count == 0 {
            self.fields = piece.onwards();
            self.charset = piece.texts.charset();
            self.id = Some(piece.id);
        }
        self.count += 1;
        true
    }
}

impl IntoOwned<Vec<String>> for Repeated<'_> {
    #[inline]
    fn into_owned(self) -> Vec<String> {
        if self.is_empty() {
            return Vec::new();
        }
        self.iter().map(Cow::into_owned).collect()
    }
}

/// Fields without a place of their own on a message, in order, as positions in the line. `Debug`
/// masks by field id.
#[derive(Clone)]
pub struct LentExtra<'a> {
    line: &'a [u8],
    charset: Charset,
    /// Where the first of them begin; those behind the first [`PLACES`] are in `more`.
    first: [usize; PLACES],
    count: usize,
    more: Vec<usize>,
}

impl<'a> LentExtra<'a> {
    /// Notes a field, as [`Extra`] keeps it.
    #[cold]
    pub(crate) fn keep(&mut self, piece: &Piece<'_, 'a>) {
        if piece.is_trailer() {
            return;
        }
        self.line = piece.texts.line();
        self.charset = piece.texts.charset();
        match self.first.get_mut(self.count) {
            Some(place) => *place = piece.begins(),
            None => self.more.push(piece.begins()),
        }
        self.count += 1;
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (FieldId, Cow<'a, str>)> {
        let (line, charset) = (self.line, self.charset);
        let first = &self.first[..self.count.min(PLACES)];
        first
            .iter()
            .chain(&self.more)
            .filter_map(move |&begins| Fields::new(line, begins, charset).next())
            .map(move |(id, bytes)| (id, decode_text(id, bytes, charset)))
    }

    #[inline]
    pub(crate) fn into_owned(self) -> Extra {
        if self.count == 0 {
            return Extra::default();
        }
        Extra(self.iter().map(|(id, text)| (id, text.into_owned())).collect())
    }
}

impl Default for LentExtra<'_> {
    #[inline]
    fn default() -> Self {
        let (charset, first) = (Charset::Utf8, [0; PLACES]);
        Self { line: &[], charset, first, count: 0, more: Vec::new() }
    }
}

impl ExtraFields for LentExtra<'_> {
    fn write(&self, to: &mut Writer) {
        self.iter().for_each(|(id, text)| to.field(id, &text));
    }
}

impl PartialEq for LentExtra<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for LentExtra<'_> {}

impl fmt::Debug for LentExtra<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked = self.iter().map(|(id, text)| (id, masked_value(id, &text).into_owned()));
        f.debug_map().entries(masked).finish()
    }
}
