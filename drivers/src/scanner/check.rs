//! Check digits of numbers in codes.

use serde::{Deserialize, Serialize};

/// Which check digit a number carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckRule {
    /// None.
    #[default]
    None,
    /// EAN-13, EAN-8, UPC-A, UPC-E: weights 1 and 3 (GS1 General Specifications, 7.9).
    Ean,
    /// Code 39: sum of the characters' values modulo 43 (ISO/IEC 16388, annex A).
    Code39Mod43,
    /// 14 digits of library cards and items in Codabar, double-add-double modulo 10: the first
    /// digit is 2 for a patron, 3 for an item.
    Codabar14,
    /// ISBN-10 or ISBN-13 (ISO 2108).
    Isbn,
    /// Number of a resident identity card (GB 11643, ISO 7064 MOD 11-2).
    ResidentId,
}

impl CheckRule {
    /// Whether `text` ends in the right check digit (and has a length the rule knows).
    #[must_use]
    pub fn holds(self, text: &str) -> bool {
        match self {
            Self::None => true,
            Self::Ean => is_ean(text),
            Self::Code39Mod43 => is_code39_mod43(text),
            Self::Codabar14 => text.len() == 14 && is_luhn(text),
            Self::Isbn => isbn13(text).is_some(),
            Self::ResidentId => is_mod11_2(text),
        }
    }
}

/// The digits of a text that has nothing else.
fn digits(text: &str) -> Option<Vec<u32>> {
    text.chars().map(|c| c.to_digit(10)).collect()
}

/// Weights 3 and 1 from the right, the check digit has 1; the sum is a multiple of 10.
fn mod10_weighted(digits: &[u32]) -> bool {
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(i, d)| if i % 2 == 1 { 3 * d } else { *d }).sum();
    sum.is_multiple_of(10)
}

fn is_ean(text: &str) -> bool {
    let Some(digits) = digits(text) else { return false };
    match digits.len() {
        12 | 13 => mod10_weighted(&digits),
        // Eight digits are an EAN-8 or a UPC-E; the check digit of a UPC-E is that of the UPC-A.
        8 => mod10_weighted(&digits) || upc_a(&digits).is_some_and(|long| mod10_weighted(&long)),
        _ => false,
    }
}

/// The twelve digits of a UPC-E of eight (GS1 General Specifications, 5.2.2.4.2).
fn upc_a(short: &[u32]) -> Option<Vec<u32>> {
    let &[system @ (0 | 1), a, b, c, d, e, last, check] = short else { return None };
    let middle = match last {
        0..=2 => [a, b, last, 0, 0, 0, 0, c, d, e],
        3 => [a, b, c, 0, 0, 0, 0, 0, d, e],
        4 => [a, b, c, d, 0, 0, 0, 0, 0, e],
        _ => [a, b, c, d, e, 0, 0, 0, 0, last],
    };
    Some([&[system][..], &middle, &[check]].concat())
}

/// Characters of Code 39 in the order of their values.
const CODE39: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";

fn is_code39_mod43(text: &str) -> bool {
    let values: Option<Vec<usize>> = text.chars().map(|c| CODE39.find(c)).collect();
    match values.as_deref() {
        Some([data @ .., check]) if !data.is_empty() => data.iter().sum::<usize>() % 43 == *check,
        _ => false,
    }
}

/// Every second digit from the right doubled, digits of the products added.
fn is_luhn(text: &str) -> bool {
    let Some(digits) = digits(text) else { return false };
    let twice = |d: u32| if d > 4 { 2 * d - 9 } else { 2 * d };
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(i, d)| if i % 2 == 1 { twice(*d) } else { *d }).sum();
    sum.is_multiple_of(10)
}

/// The ISBN-13 of an ISBN of either length, blanks and hyphens left out; `None` unless its check
/// digit is right. For suggestions: what a reader scans from a bookshop's copy.
#[must_use]
pub fn isbn13(text: &str) -> Option<String> {
    let mut bare = text.chars().filter(|c| !matches!(c, ' ' | '-'));
    let bare: String = bare.by_ref().take(14).collect();
    match bare.len() {
        13 if bare.starts_with("978") || bare.starts_with("979") => is_ean(&bare).then_some(bare),
        10 if is_isbn10(&bare) => {
            let body = format!("978{}", bare.get(..9)?);
            ('0'..='9').map(|check| format!("{body}{check}")).find(|isbn| is_ean(isbn))
        }
        _ => None,
    }
}

/// Weights 10 to 1, X is 10 and only last, sum a multiple of 11.
fn is_isbn10(bare: &str) -> bool {
    let value = |(i, c): (usize, char)| match c {
        'X' | 'x' if i == 9 => Some(10),
        _ => c.to_digit(10),
    };
    let digits: Option<Vec<u32>> = bare.chars().enumerate().map(value).collect();
    digits.is_some_and(|digits| {
        digits.iter().zip((1..=10).rev()).map(|(d, w)| d * w).sum::<u32>().is_multiple_of(11)
    })
}

/// ISO 7064 MOD 11-2 over 18 characters; X is 10 and only last (GB 11643, peripherals.md 3.2).
#[must_use]
pub fn is_mod11_2(text: &str) -> bool {
    const WEIGHTS: [u32; 18] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1];
    if text.len() != WEIGHTS.len() {
        return false;
    }
    let value = |(i, c): (usize, char)| match c {
        'X' if i == 17 => Some(10),
        _ => c.to_digit(10),
    };
    let digits: Option<Vec<u32>> = text.chars().enumerate().map(value).collect();
    digits.is_some_and(|digits| {
        digits.len() == WEIGHTS.len()
            && digits.iter().zip(WEIGHTS).map(|(d, w)| d * w).sum::<u32>() % 11 == 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_with_known_check_digits() {
        for (rule, good) in [
            // GS1 General Specifications, 7.9; Wikipedia's UPC-E and EAN-8 examples.
            (CheckRule::Ean, "6291041500213"),
            (CheckRule::Ean, "73513537"),
            (CheckRule::Ean, "036000291452"),
            (CheckRule::Ean, "04252614"),
            // ISO 2108, ISBN users' manual.
            (CheckRule::Isbn, "978-92-95055-02-5"),
            (CheckRule::Isbn, "0-306-40615-2"),
            (CheckRule::Isbn, "080442957X"),
            // As python-barcode adds it.
            (CheckRule::Code39Mod43, "CODE39W"),
            (CheckRule::Code39Mod43, "CODE 39R"),
            // peripherals.md 3.2.
            (CheckRule::ResidentId, "321182190001010012"),
            // As python-stdnum adds it (luhn).
            (CheckRule::Codabar14, "21234567890124"),
            (CheckRule::None, ""),
        ] {
            assert!(rule.holds(good), "{rule:?} {good}");
        }
        for (rule, bad) in [
            (CheckRule::Ean, "6291041500214"),
            (CheckRule::Ean, ""),
            (CheckRule::Ean, "629104150021X"),
            (CheckRule::Isbn, "6291041500213"),
            (CheckRule::Isbn, "X804429570"),
            (CheckRule::Code39Mod43, "CODE 39W"),
            (CheckRule::Code39Mod43, "code39w"),
            (CheckRule::Code39Mod43, "W"),
            (CheckRule::ResidentId, "321182190001010013"),
            (CheckRule::ResidentId, "32118219000101001书"),
            (CheckRule::Codabar14, "21234567890125"),
        ] {
            assert!(!rule.holds(bad), "{rule:?} {bad}");
        }
    }

    #[test]
    fn both_lengths_of_an_isbn_are_one() {
        assert_eq!(isbn13("0-306-40615-2").as_deref(), Some("9780306406157"));
        assert_eq!(isbn13("9780306406157").as_deref(), Some("9780306406157"));
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(text in ".{0,20}") {
            for rule in [CheckRule::Ean, CheckRule::Code39Mod43, CheckRule::Codabar14, CheckRule::Isbn, CheckRule::ResidentId] {
                prop_assert!(!rule.holds(&text) || text.is_ascii());
            }
        }

        #[test]
        fn one_changed_digit_is_seen(n in 0u64..1_000_000_000_000, at in 0usize..13, by in 1u32..10) {
            let body = format!("{n:012}");
            let good = ('0'..='9').map(|c| format!("{body}{c}")).find(|s| is_ean(s)).unwrap();
            let bad: String = good.chars().enumerate().map(|(i, c)| {
                let d = c.to_digit(10).unwrap();
                char::from_digit(if i == at { (d + by) % 10 } else { d }, 10).unwrap()
            }).collect();
            prop_assert!(!is_ean(&bad));
        }
    }
}
