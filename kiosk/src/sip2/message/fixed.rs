//! How fixed fields are spelled. The same `bool` is `1`/`0` in one message and `Y`/`N` in another
//! (sip2.md section 1, "Boolean spellings").

use crate::sip2::codes::{
    CirculationStatus, FeeType, FixedText, HoldMode, Language, MagneticMedia, PatronFlags,
    PaymentType, ScStatusCode, SecurityMarker, Summary,
};
use crate::sip2::date::{DATE_LEN, SipDate};

/// One spelling of a fixed field. Reading is total: the width is checked before.
pub(crate) trait FixedKind {
    /// What it means.
    type Value;
    /// Bytes on the wire.
    const WIDTH: usize;
    /// Reads exactly [`FixedKind::WIDTH`] bytes.
    fn read(bytes: &[u8]) -> Self::Value;
    /// Appends exactly [`FixedKind::WIDTH`] bytes.
    fn write(value: &Self::Value, out: &mut Vec<u8>);
}

/// Takes fixed fields off the front of a fixed part.
pub(crate) struct FixedReader<'a>(&'a [u8]);

impl<'a> FixedReader<'a> {
    #[inline]
    pub(crate) fn new(fixed: &'a [u8]) -> Self {
        Self(fixed)
    }

    #[inline]
    pub(crate) fn take<K: FixedKind>(&mut self) -> K::Value {
        let (field, rest) = self.0.split_at(K::WIDTH.min(self.0.len()));
        self.0 = rest;
        K::read(field)
    }
}

/// `1` true, anything else false: a loan counts only when ok is 1.
pub(crate) struct OneZero;
/// `Y` true, anything else false; the obsolete desensitize `U` so becomes N.
pub(crate) struct YesNo;
/// A date that is always there; 18 blanks are [`SipDate::BLANK`].
pub(crate) struct Stamp;
/// A date that may be missing: 18 blanks are `None`.
pub(crate) struct OptionalStamp;
/// A number of exact width, blanks when unknown.
pub(crate) struct Digits<const N: usize>;

impl FixedKind for OneZero {
    type Value = bool;
    const WIDTH: usize = 1;
    #[inline]
    fn read(bytes: &[u8]) -> bool {
        bytes == b"1"
    }
    fn write(value: &bool, out: &mut Vec<u8>) {
        out.push(if *value { b'1' } else { b'0' });
    }
}

impl FixedKind for YesNo {
    type Value = bool;
    const WIDTH: usize = 1;
    #[inline]
    fn read(bytes: &[u8]) -> bool {
        bytes == b"Y"
    }
    fn write(value: &bool, out: &mut Vec<u8>) {
        out.push(if *value { b'Y' } else { b'N' });
    }
}

impl FixedKind for Stamp {
    type Value = SipDate;
    const WIDTH: usize = DATE_LEN;
    #[inline]
    fn read(bytes: &[u8]) -> SipDate {
        SipDate::from_bytes(bytes)
    }
    fn write(value: &SipDate, out: &mut Vec<u8>) {
        out.extend_from_slice(value.as_bytes());
    }
}

impl FixedKind for OptionalStamp {
    type Value = Option<SipDate>;
    const WIDTH: usize = DATE_LEN;
    #[inline]
    fn read(bytes: &[u8]) -> Option<SipDate> {
        Some(SipDate::from_bytes(bytes)).filter(|date| !date.is_blank())
    }
    fn write(value: &Option<SipDate>, out: &mut Vec<u8>) {
        out.extend_from_slice(value.unwrap_or_default().as_bytes());
    }
}

impl<const N: usize> FixedKind for Digits<N> {
    type Value = Option<u16>;
    const WIDTH: usize = N;
    #[inline]
    fn read(bytes: &[u8]) -> Option<u16> {
        if bytes.is_empty() || !bytes.iter().all(u8::is_ascii_digit) {
            return None;
        }
        bytes.iter().try_fold(0u16, |n, d| n.checked_mul(10)?.checked_add(u16::from(d - b'0')))
    }
    fn write(value: &Option<u16>, out: &mut Vec<u8>) {
        let most = 10u32.pow(u32::try_from(N).unwrap_or(9).min(9)) - 1;
        let start = out.len();
        out.resize(start + N, b' ');
        if let Some(value) = value {
            // A count too large for the field is written as the largest that fits.
            let mut left = u32::from(*value).min(most);
            for digit in out[start..].iter_mut().rev() {
                *digit = b'0' + u8::try_from(left % 10).expect("a remainder of ten fits");
                left /= 10;
            }
        }
    }
}

impl FixedKind for Language {
    type Value = Self;
    const WIDTH: usize = 3;
    #[inline]
    fn read(bytes: &[u8]) -> Self {
        Digits::<3>::read(bytes).map_or(Self::UNKNOWN, Self)
    }
    fn write(value: &Self, out: &mut Vec<u8>) {
        Digits::<3>::write(&Some(value.0), out);
    }
}

impl<const N: usize> FixedKind for FixedText<N> {
    type Value = Self;
    const WIDTH: usize = N;
    #[inline]
    fn read(bytes: &[u8]) -> Self {
        Self::from_bytes(bytes)
    }
    fn write(value: &Self, out: &mut Vec<u8>) {
        out.extend_from_slice(value.as_bytes());
    }
}

macro_rules! one_byte {
    ($name:ident { $($variant:ident = $byte:literal,)+ } else $other:ident) => {
        impl FixedKind for $name {
            type Value = Self;
            const WIDTH: usize = 1;
            #[inline]
            fn read(bytes: &[u8]) -> Self {
                match bytes {
                    $([$byte] => Self::$variant,)+
                    _ => Self::$other,
                }
            }
            fn write(value: &Self, out: &mut Vec<u8>) {
                out.push(match value {
                    $(Self::$variant => $byte,)+
                });
            }
        }
    };
}

one_byte!(MagneticMedia { Yes = b'Y', No = b'N', Unknown = b'U', } else Unknown);
one_byte!(ScStatusCode { Ok = b'0', OutOfPaper = b'1', ShuttingDown = b'2', } else Ok);
one_byte!(HoldMode { Add = b'+', Delete = b'-', Change = b'*', } else Add);

macro_rules! two_digits {
    ($($name:ident)+) => {$(
        impl FixedKind for $name {
            type Value = Self;
            const WIDTH: usize = 2;
            #[inline]
            fn read(bytes: &[u8]) -> Self {
                <[u8; 2]>::try_from(bytes).map_or(Self::Unstated, Self::from_digits)
            }
            fn write(value: &Self, out: &mut Vec<u8>) {
                out.extend_from_slice(&value.digits());
            }
        }
    )+};
}

two_digits!(CirculationStatus SecurityMarker FeeType PaymentType);

macro_rules! marks {
    ($name:ident, $width:literal) => {
        impl FixedKind for $name {
            type Value = Self;
            const WIDTH: usize = $width;
            #[inline]
            fn read(bytes: &[u8]) -> Self {
                let mut marks = Self::default();
                for (at, byte) in bytes.iter().enumerate().take($width) {
                    marks.0[at] = *byte == b'Y';
                }
                marks
            }
            fn write(value: &Self, out: &mut Vec<u8>) {
                out.extend(value.0.iter().map(|mark| if *mark { b'Y' } else { b' ' }));
            }
        }
    };
}

marks!(Summary, 10);
marks!(PatronFlags, 14);

#[cfg(test)]
mod tests {
    use super::*;

    fn written<K: FixedKind>(value: &K::Value) -> String {
        let mut out = Vec::new();
        K::write(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_keep_their_width() {
        assert_eq!(written::<Digits<4>>(&Some(12)), "0012");
        assert_eq!(written::<Digits<4>>(&None), "    ");
        assert_eq!(written::<Digits<3>>(&Some(65_535)), "999");
        assert_eq!(Digits::<4>::read(b"0012"), Some(12));
        assert_eq!(Digits::<4>::read(b"  12"), None);
    }

    #[test]
    fn only_the_right_byte_is_true() {
        assert!(OneZero::read(b"1") && !OneZero::read(b"Y") && !OneZero::read(b""));
        assert!(YesNo::read(b"Y") && !YesNo::read(b"U") && !YesNo::read(b"1"));
    }
}
