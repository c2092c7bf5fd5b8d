//! Set information: how many parts an item has and which one a tag is on (rfid-data.md section 3).

/// Parts of an item, from element 4 of part 2 or bytes 1 and 2 of part 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Parts {
    /// How many parts make the item; 0 where the writer left it open.
    pub in_item: u16,
    /// Which of them this tag is on, counted from 1; 0 where the writer left it open.
    pub number: u16,
}

/// Element 4 as the characters on the tag, normally 2, 4 or 6 digits.
#[derive(Clone, PartialEq, Eq)]
pub struct SetInformation(String);

impl SetInformation {
    /// Takes the characters as they stand on a tag.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The shortest form that holds `parts`; `None` above 999.
    #[must_use]
    pub fn from_parts(parts: Parts) -> Option<Self> {
        let width = match parts.in_item.max(parts.number) {
            0..=9 => 1,
            10..=99 => 2,
            100..=999 => 3,
            _ => return None,
        };
        Some(Self(format!("{:0width$}{:0width$}", parts.in_item, parts.number)))
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// First half number of parts, second half this part; `None` unless 2, 4 or 6 digits.
    ///
    /// The order is inferred from the example 1203 of ISO 28560-2 annex D (UNCONFIRMED: one
    /// Chinese system reads the halves the other way round).
    #[must_use]
    pub fn parts(&self) -> Option<Parts> {
        let text = &self.0;
        if !matches!(text.len(), 2 | 4 | 6) || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (in_item, number) = text.split_at(text.len() / 2);
        Some(Parts { in_item: in_item.parse().ok()?, number: number.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_total_and_number() {
        let parts = |text: &str| SetInformation::from_text(text).parts();
        assert_eq!(parts("1203"), Some(Parts { in_item: 12, number: 3 }));
        assert_eq!(parts("21"), Some(Parts { in_item: 2, number: 1 }));
        assert_eq!(parts("120003"), Some(Parts { in_item: 120, number: 3 }));
        for odd in ["", "1", "123", "12345678", "1a", "１２"] {
            assert_eq!(parts(odd), None, "{odd}");
        }
        for (in_item, number, text) in [(2, 1, "21"), (12, 3, "1203"), (120, 3, "120003")] {
            let written = SetInformation::from_parts(Parts { in_item, number }).unwrap();
            assert_eq!(written.as_str(), text);
        }
        assert!(SetInformation::from_parts(Parts { in_item: 1000, number: 1 }).is_none());
    }
}
