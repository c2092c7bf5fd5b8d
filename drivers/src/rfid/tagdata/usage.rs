//! Type of usage: what a tag is stuck on (rfid-data.md section 3).

use std::fmt;

/// The type of usage byte: class in the high digit, sub-class in the low one.
///
/// Part 3 tags carry the class only; their sub-class is 0, unspecified.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TypeOfUsage(pub u8);

/// The first digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UsageClass {
    /// 0: not yet in circulation.
    Acquisition,
    /// 1: lent and returned.
    Circulating,
    /// 2: stays in the house.
    NotForCirculation,
    /// 3 and 4: meaning set by the library.
    Local,
    /// 5 and A..F: not defined yet.
    Future,
    /// 6: nothing known.
    NoInformation,
    /// 7: no longer the library's stock.
    Discarded,
    /// 8: a person's card, not an item.
    PatronCard,
    /// 9: equipment of the library.
    Equipment,
}

/// Sub-class of [`UsageClass::Circulating`].
const NO_ISSUE_OFFLINE: u8 = 3;
/// Sub-class of [`UsageClass::Circulating`].
const NO_RETURN_OFFLINE: u8 = 4;
/// Sub-class of [`UsageClass::Circulating`].
const NEITHER_OFFLINE: u8 = 5;

impl TypeOfUsage {
    /// From class and sub-class digits; higher bits are ignored.
    #[must_use]
    pub fn from_digits(class: u8, sub: u8) -> Self {
        Self((class & 0xF) << 4 | sub & 0xF)
    }

    /// The class.
    #[must_use]
    pub fn class(self) -> UsageClass {
        match self.class_digit() {
            0 => UsageClass::Acquisition,
            1 => UsageClass::Circulating,
            2 => UsageClass::NotForCirculation,
            3 | 4 => UsageClass::Local,
            6 => UsageClass::NoInformation,
            7 => UsageClass::Discarded,
            8 => UsageClass::PatronCard,
            9 => UsageClass::Equipment,
            _ => UsageClass::Future,
        }
    }

    /// First digit, 0..15.
    #[must_use]
    pub fn class_digit(self) -> u8 {
        self.0 >> 4
    }

    /// Second digit, 0..15; its meaning depends on the class, 0 is unspecified.
    #[must_use]
    pub fn sub_class(self) -> u8 {
        self.0 & 0xF
    }

    /// A patron's card (8x): log in with it, never lend it.
    #[must_use]
    pub fn is_patron_card(self) -> bool {
        self.class() == UsageClass::PatronCard
    }

    /// Not for circulation (2x): refuse to lend.
    #[must_use]
    pub fn is_not_for_circulation(self) -> bool {
        self.class() == UsageClass::NotForCirculation
    }

    /// Discarded (7x): refuse to lend.
    #[must_use]
    pub fn is_discarded(self) -> bool {
        self.class() == UsageClass::Discarded
    }

    /// Whether it may be lent while the library system cannot be asked (sub-classes 13 and 15
    /// forbid it). Says nothing of other reasons to refuse.
    #[must_use]
    pub fn issue_allowed_offline(self) -> bool {
        self.class() != UsageClass::Circulating
            || !matches!(self.sub_class(), NO_ISSUE_OFFLINE | NEITHER_OFFLINE)
    }

    /// Whether it may be taken back while the library system cannot be asked (sub-classes 14 and
    /// 15 forbid it).
    #[must_use]
    pub fn return_allowed_offline(self) -> bool {
        self.class() != UsageClass::Circulating
            || !matches!(self.sub_class(), NO_RETURN_OFFLINE | NEITHER_OFFLINE)
    }
}

/// Two hexadecimal digits, `10`.
impl fmt::Display for TypeOfUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}
impl fmt::Debug for TypeOfUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypeOfUsage({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kiosk_can_ask_what_it_must_honour() {
        let usage = TypeOfUsage;
        assert!(usage(0x81).is_patron_card() && !usage(0x18).is_patron_card());
        assert!(usage(0x20).is_not_for_circulation() && !usage(0x12).is_not_for_circulation());
        assert!(usage(0x72).is_discarded() && !usage(0x27).is_discarded());
        let offline =
            |byte| (usage(byte).issue_allowed_offline(), usage(byte).return_allowed_offline());
        assert_eq!(offline(0x10), (true, true));
        assert_eq!(offline(0x13), (false, true));
        assert_eq!(offline(0x14), (true, false));
        assert_eq!(offline(0x15), (false, false));
        // 3, 4 and 5 mean this for circulating items only.
        assert_eq!(offline(0x85), (true, true));
        assert_eq!(usage(0xA0).class(), UsageClass::Future);
        assert_eq!(TypeOfUsage::from_digits(1, 0).to_string(), "10");
    }
}
