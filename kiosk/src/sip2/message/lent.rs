//! Values that lie in the line a message was read from.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use zeroize::Zeroize;

use super::form::{ExtraFields, Meaning};
use super::part::{FromPiece, IntoOwned, Part, Take, note_repeat};
use super::value::{Extra, Piece, decode_text, masked_value};
use crate::sip2::charset::Charset;
use crate::sip2::field::FieldId;
use crate::sip2::wire::{Fields, Writer};

/// Fields without a place whose positions are held without an allocation.
const PLACES: usize = 4;

/// Stands for the field of a place that nothing was put in.
const NO_FIELD: FieldId = FieldId(*b"  ");

/// The text of a field, left in the line and decoded when it is asked for. It becomes a `V` when
/// it is owned; until then `Debug` shows of it what that of a `V` would.
pub struct Lent<'a, V: Meaning> {
    bytes: &'a [u8],
    charset: Charset,
    id: FieldId,
    means: PhantomData<V>,
}

impl<V: Meaning> Lent<'_, V> {
    /// The value with a text of its own.
    #[must_use]
    #[inline]
    pub fn into_owned(self) -> V {
        V::of(decode_text(self.id, self.bytes, self.charset).into_owned())
    }

    fn with_text<R>(&self, run: impl FnOnce(&str) -> R) -> R {
        let mut text = decode_text(self.id, self.bytes, self.charset);
        let result = run(&text);
        // The line is wiped by who holds it; a copy was made only by decoding.
        if V::PRIVATE
            && let Cow::Owned(text) = &mut text
        {
            text.zeroize();
        }
        result
    }
}

/// Only what is about nobody is a text without further ado.
impl<'a> Lent<'a, String> {
    /// The text.
    #[must_use]
    pub fn text(&self) -> Cow<'a, str> {
        decode_text(self.id, self.bytes, self.charset)
    }
}

impl<V: Meaning> Clone for Lent<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V: Meaning> Copy for Lent<'_, V> {}

impl<V: Meaning> Default for Lent<'_, V> {
    #[inline]
    fn default() -> Self {
        // Of an empty text nothing is decoded, whatever the field.
        Self { bytes: &[], charset: Charset::Utf8, id: NO_FIELD, means: PhantomData }
    }
}

impl<V: Meaning> PartialEq for Lent<'_, V> {
    fn eq(&self, other: &Self) -> bool {
        self.with_text(|ours| other.with_text(|theirs| ours == theirs))
    }
}

impl<V: Meaning> Eq for Lent<'_, V> {}

impl<V: Meaning> fmt::Debug for Lent<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_text(V::shown))
    }
}

impl<V: Meaning> Part for Lent<'_, V> {
    fn write(&self, id: FieldId, to: &mut Writer) {
        self.with_text(|text| to.field(id, text));
    }
}

impl<'a, V: Meaning> Take<'a> for Lent<'a, V> {
    #[inline]
    fn take(&mut self, piece: Piece<'a>) -> bool {
        if self.bytes.is_empty() {
            *self = Self::of(piece);
        } else {
            note_repeat(piece.id);
        }
        true
    }
}

impl<'a, V: Meaning> Lent<'a, V> {
    #[inline]
    fn of(piece: Piece<'a>) -> Self {
        let Piece { bytes, charset, id, .. } = piece;
        Self { bytes, charset, id, means: PhantomData }
    }
}

impl<'a, V: Meaning> FromPiece<'a> for Lent<'a, V> {
    #[inline]
    fn from_piece(piece: Piece<'a>) -> Option<Self> {
        Some(Self::of(piece))
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
#[derive(Clone, Copy)]
pub struct Repeated<'a> {
    /// The fields from the first of them on.
    fields: &'a [u8],
    charset: Charset,
    id: FieldId,
    count: u32,
}

impl Default for Repeated<'_> {
    #[inline]
    fn default() -> Self {
        Self { fields: &[], charset: Charset::Utf8, id: NO_FIELD, count: 0 }
    }
}

impl<'a> Repeated<'a> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count as usize
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
            .filter(move |(found, _)| *found == id)
            .map(move |(id, bytes)| decode_text(id, bytes, charset))
            .take(count as usize)
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
    fn take(&mut self, piece: Piece<'a>) -> bool {
        if self.count == 0 {
            self.fields = piece.onwards();
            self.charset = piece.charset;
            self.id = piece.id;
        }
        self.count = self.count.saturating_add(1);
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
    #[inline(never)]
    pub(crate) fn keep(&mut self, piece: Piece<'a>) {
        if piece.is_trailer() {
            return;
        }
        self.line = piece.line();
        self.charset = piece.charset;
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
