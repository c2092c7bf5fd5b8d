//! Values about people, wrapped so that they cannot slip into a log, a panic message or a screen.
//!
//! `Debug` and `Display` of every type here are masked; the value is only reached through an
//! explicit `expose()`, and its memory is wiped when dropped. None of them derives serde: what
//! stores or sends a value has to say so by calling `expose()` (sip2.md section 7, "Privacy").

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Shown instead of a secret.
pub const SECRET_MASK: &str = "***";

/// Shown instead of the hidden part of a number.
pub const NUMBER_MASK: &str = "••••";

/// Trailing characters of a number that stay readable, so that staff can tell two cards apart.
const NUMBER_TAIL: usize = 2;

/// Numbers shorter than this are hidden whole: two of three digits would give most of it away.
const NUMBER_TAIL_FROM: usize = 4;

/// Most initials kept of a name.
const INITIALS_MAX: usize = 4;

macro_rules! private_text {
    ($(#[$doc:meta])* $name:ident, $mask:expr) => {
        $(#[$doc])*
        #[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Zeroize)]
        pub struct $name(String);

        impl Drop for $name {
            fn drop(&mut self) {
                // Nothing held, nothing to wipe: most passwords on the wire are empty, and wiping
                // no bytes at no address costs more than reading the field did.
                if self.0.capacity() > 0 {
                    self.0.zeroize();
                }
            }
        }

        impl ZeroizeOnDrop for $name {}

        impl $name {
            /// Wraps a value.
            pub fn new(value: impl Into<String>) -> Self {
                Self(value.into())
            }

            /// The value itself. Every call is a place where privacy is decided: never into a log.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }

            /// Whether nothing is held.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            /// The masked form, as `Display` writes it.
            #[must_use]
            pub fn masked(&self) -> String {
                let mask: fn(&str) -> String = $mask;
                mask(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                Self::new(value)
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self(value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.masked())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.masked())
            }
        }
    };
}

private_text! {
    /// A patron's identifier (SIP2 `AA`, `CY`), usually the card number.
    PatronId, mask_number
}

/// Most characters of a patron's number.
pub const PATRON_ID_MAX: usize = 128;

impl PatronId {
    /// Whether it can be a number at all: not empty, not endless, no control character, no `|`.
    /// What cannot is refused before the wire, never altered into somebody else's.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        is_field(self.expose(), PATRON_ID_MAX) && !self.expose().is_empty()
    }
}

/// Whether a text can stand in a SIP2 field as it is.
#[must_use]
pub fn is_field(text: &str, max: usize) -> bool {
    text.chars().count() <= max && !text.chars().any(|c| c.is_control() || c == '|')
}

private_text! {
    /// A PIN or password (SIP2 `AD`, `AC`, `CO`). Masked whole, its length too.
    Secret, mask_secret
}

private_text! {
    /// A name or another personal detail (SIP2 `AE`, `DA`, `BD`, `BE`, `BF`, `PB`).
    PersonalName, mask_name
}

/// Hides a secret whole; an empty one stays empty, so that a missing PIN can be told.
#[must_use]
pub fn mask_secret(text: &str) -> String {
    if text.is_empty() { String::new() } else { SECRET_MASK.to_owned() }
}

/// Hides a number up to its last two characters: `0200001267` becomes `••••67`.
#[must_use]
pub fn mask_number(text: &str) -> String {
    let count = text.chars().count();
    if count == 0 {
        return String::new();
    }
    let tail = if count < NUMBER_TAIL_FROM { 0 } else { NUMBER_TAIL };
    NUMBER_MASK.chars().chain(text.chars().skip(count - tail)).collect()
}

/// Hides a name: `张三丰` becomes `张*`, `Ada Lovelace` becomes `A. L.`, a number goes by
/// [`mask_number`]. Text without any letter is hidden whole.
#[must_use]
pub fn mask_name(text: &str) -> String {
    let text = text.trim();
    let Some(first) = text.chars().next() else { return String::new() };
    if is_han(first) {
        return format!("{first}*");
    }
    let has_digit = text.chars().any(|c| c.is_ascii_digit());
    if has_digit && !text.chars().any(char::is_alphabetic) {
        return mask_number(text);
    }
    let initials: Vec<String> = text
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter_map(|word| word.chars().next().filter(|c| c.is_alphabetic()))
        .take(INITIALS_MAX)
        .map(|c| format!("{}.", c.to_uppercase()))
        .collect();
    if initials.is_empty() { NUMBER_MASK.to_owned() } else { initials.join(" ") }
}

/// Whether a character is a Han character, written without blanks between names.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_two_digits() {
        assert_eq!(mask_number("0200001267"), "••••67");
        assert_eq!(mask_number("123"), "••••");
        assert_eq!(mask_number(""), "");
        assert_eq!(PatronId::new("0200001267").to_string(), "••••67");
    }

    #[test]
    fn names_keep_family_name_or_initials() {
        assert_eq!(mask_name("张三丰"), "张*");
        assert_eq!(mask_name("Ada Lovelace"), "A. L.");
        assert_eq!(mask_name("lovelace, ada"), "L. A.");
        assert_eq!(mask_name("13800001234"), "••••34");
        assert_eq!(mask_name("+86 138 0000 1234"), "••••34");
        assert_eq!(mask_name("???"), "••••");
    }

    #[test]
    fn debug_never_shows_the_value() {
        let text = format!(
            "{:?} {:?} {:?}",
            PatronId::new("0200001234"),
            Secret::new("4711"),
            PersonalName::new("张三丰")
        );
        assert_eq!(text, "PatronId(••••34) Secret(***) PersonalName(张*)");
    }
}
