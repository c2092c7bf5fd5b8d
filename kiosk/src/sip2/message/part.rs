//! Places for fields in a message: put in when it is read, written, made owned. A field stands
//! once, maybe, or often.

use super::form::Meaning;
use super::value::Piece;
use crate::sip2::date::{DATE_LEN, SipDate};
use crate::sip2::field::FieldId;
use crate::sip2::wire::Writer;

/// Decimal digits of the largest `u32`.
const U32_DIGITS: usize = 10;

/// A place for a field, in either form.
pub trait Part {
    /// Writes the field as often as it is there.
    fn write(&self, id: FieldId, to: &mut Writer);
}

/// A place that is filled while a message is read.
pub(crate) trait Take<'a> {
    /// Takes a field. `false` when its text has no meaning here: it goes to `extra` then, so that
    /// nothing is lost.
    fn take(&mut self, piece: Piece<'a>) -> bool;
}

/// A value of a field that may have no meaning.
pub(crate) trait FromPiece<'a>: Sized {
    /// Reads the field.
    fn from_piece(piece: Piece<'a>) -> Option<Self>;
}

/// A borrowed place made owned.
pub(crate) trait IntoOwned<O> {
    fn into_owned(self) -> O;
}

impl<V: Meaning> Part for V {
    #[inline]
    fn write(&self, id: FieldId, to: &mut Writer) {
        to.field(id, self.text());
    }
}

impl<T: Part> Part for Option<T> {
    #[inline]
    fn write(&self, id: FieldId, to: &mut Writer) {
        if let Some(value) = self {
            value.write(id, to);
        }
    }
}

impl Part for Vec<String> {
    #[inline]
    fn write(&self, id: FieldId, to: &mut Writer) {
        for value in self {
            to.field(id, value);
        }
    }
}

impl Part for bool {
    #[inline]
    fn write(&self, id: FieldId, to: &mut Writer) {
        to.field(id, if *self { "Y" } else { "N" });
    }
}

impl Part for SipDate {
    #[inline]
    fn write(&self, id: FieldId, to: &mut Writer) {
        to.field(id, self.as_str());
    }
}

/// Start and end item, 1-based.
impl Part for u32 {
    #[inline]
    fn write(&self, id: FieldId, to: &mut Writer) {
        let mut digits = [0; U32_DIGITS];
        let mut left = *self;
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + u8::try_from(left % 10).expect("a remainder of ten fits");
            left /= 10;
            if left == 0 {
                break;
            }
        }
        to.field(id, std::str::from_utf8(&digits[at..]).expect("only digits are written"));
    }
}

impl<'a, V: Meaning> Take<'a> for V {
    #[inline]
    fn take(&mut self, piece: Piece<'a>) -> bool {
        if self.text().is_empty() {
            *self = Self::of(piece.text().into_owned());
        } else {
            note_repeat(piece.id);
        }
        true
    }
}

impl<'a> Take<'a> for Vec<String> {
    #[inline]
    fn take(&mut self, piece: Piece<'a>) -> bool {
        self.push(piece.text().into_owned());
        true
    }
}

impl<V: Meaning> FromPiece<'_> for V {
    #[inline]
    fn from_piece(piece: Piece<'_>) -> Option<Self> {
        Some(Self::of(piece.text().into_owned()))
    }
}

impl<'a, T: FromPiece<'a>> Take<'a> for Option<T> {
    #[inline]
    fn take(&mut self, piece: Piece<'a>) -> bool {
        // What has no meaning is kept also behind one that has: the order may be changed in writing.
        let value = T::from_piece(piece);
        let meant = value.is_some();
        if self.is_none() {
            *self = value;
        } else if meant {
            note_repeat(piece.id);
        }
        meant
    }
}

// What follows is ASCII, the same bytes in every set.

impl FromPiece<'_> for bool {
    #[inline]
    fn from_piece(piece: Piece<'_>) -> Option<Self> {
        match piece.bytes {
            b"Y" => Some(true),
            b"N" => Some(false),
            _ => None,
        }
    }
}

impl FromPiece<'_> for SipDate {
    fn from_piece(piece: Piece<'_>) -> Option<Self> {
        let fits = piece.bytes.len() == DATE_LEN && piece.bytes.is_ascii();
        fits.then(|| Self::from_bytes(piece.bytes))
    }
}

impl FromPiece<'_> for u32 {
    fn from_piece(piece: Piece<'_>) -> Option<Self> {
        let text = std::str::from_utf8(piece.bytes).ok()?;
        // `+1` and `01` would be written otherwise than they came.
        text.parse().ok().filter(|_| text == "0" || !text.starts_with(['0', '+']))
    }
}

impl<O, T: IntoOwned<O>> IntoOwned<Option<O>> for Option<T> {
    #[inline]
    fn into_owned(self) -> Option<O> {
        self.map(IntoOwned::into_owned)
    }
}

macro_rules! owned_already {
    ($($type:ty)+) => {$(
        impl IntoOwned<$type> for $type {
            #[inline]
            fn into_owned(self) -> $type {
                self
            }
        }
    )+};
}

owned_already!(bool u32 SipDate);

/// A repeated field that may not repeat: the first counts (sip2.md section 1, "Repeats").
#[cold]
#[inline(never)]
pub(crate) fn note_repeat(id: FieldId) {
    tracing::debug!(field = %id, "field repeated, first value kept");
}
