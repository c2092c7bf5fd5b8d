//! Amounts of money: whole fen, never floating point.
//!
//! SIP2 writes amounts as a decimal string in major units, `3.50` (sip2.md section 6).

use std::fmt;
use std::ops::{Add, Sub};

/// Largest amount accepted from outside, in fen: ten million yuan. Sums of bounded amounts then
/// cannot overflow.
const MAX_FEN: i64 = 1_000_000_000;

/// An amount in fen, a hundredth of a yuan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Fen(pub i64);

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Reads `3`, `3.5` or `3.50`; no sign, no more than two decimals, at most ten million yuan.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 9 || part.len() > 2 || !digits(whole) || !digits(part)
        {
            return None;
        }
        let yuan: i64 = whole.parse().ok()?;
        let cents = match part.len() {
            0 => 0,
            1 => part.parse::<i64>().ok()? * 10,
            _ => part.parse().ok()?,
        };
        let fen = yuan * 100 + cents;
        (fen <= MAX_FEN).then_some(Self(fen))
    }
}

impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", self.0.abs() / 100, self.0.abs() % 100)
    }
}

impl Add for Fen {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Fen {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_and_print_as_decimals() {
        for (text, fen) in [("0", 0), ("3.50", 350), ("3.5", 350), ("12", 1200), ("0.05", 5)] {
            assert_eq!(Fen::parse(text), Some(Fen(fen)), "{text}");
        }
        for text in ["", ".5", "-1", "1.234", "1,5", "１", "99999999999", "10000000.01", "1.-2"] {
            assert_eq!(Fen::parse(text), None, "{text}");
        }
        assert_eq!(Fen(350).to_string(), "3.50");
        assert_eq!(Fen(-5).to_string(), "-0.05");
    }
}
