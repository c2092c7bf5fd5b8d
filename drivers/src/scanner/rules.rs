//! [`ScanRules`]: what a scan is, told from its form.
//!
//! ```toml
//! cards = [{ prefix = "02", length = 10 }]
//! items = [{ prefix = "JY", length = 9 }]
//! others = [{ name = "isbn", prefix = "978", length = 13, check = "isbn" }]
//! ```
//!
//! Cards are looked for before everything else: a card must never be taken for a book. `cards`
//! has the form the station's rules have (`[session] cards`).

use serde::{Deserialize, Serialize};

use super::check::CheckRule;
use super::token::{QrForm, Token};
use super::{Scan, Symbology};

/// Characters a number may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charset {
    /// Digits 0 to 9.
    Digits,
    /// ASCII letters and digits.
    #[default]
    Alphanumeric,
    /// Anything.
    Any,
}

impl Charset {
    fn holds(self, c: char) -> bool {
        match self {
            Self::Digits => c.is_ascii_digit(),
            Self::Alphanumeric => c.is_ascii_alphanumeric(),
            Self::Any => true,
        }
    }
}

/// A length in characters: one number, or the least and the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Length {
    /// Exactly so many.
    Exactly(usize),
    /// From the least to the most.
    Between([usize; 2]),
}

impl Length {
    fn holds(self, length: usize) -> bool {
        match self {
            Self::Exactly(exactly) => length == exactly,
            Self::Between([least, most]) => (least..=most).contains(&length),
        }
    }
}

/// What a number looks like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanPattern {
    /// First characters.
    #[serde(default)]
    pub prefix: String,
    /// Length in characters, the prefix included; `[least, most]` for a range.
    pub length: Length,
    /// Characters of the number.
    #[serde(default)]
    pub charset: Charset,
    /// Check digit.
    #[serde(default)]
    pub check: CheckRule,
    /// Kinds of code it may be; empty for all. A scan whose kind the scanner does not tell fits.
    #[serde(default)]
    pub symbologies: Vec<Symbology>,
}

impl ScanPattern {
    /// A number with that beginning and length.
    #[must_use]
    pub fn new(prefix: &str, length: usize) -> Self {
        Self {
            prefix: prefix.to_owned(),
            length: Length::Exactly(length),
            charset: Charset::default(),
            check: CheckRule::default(),
            symbologies: Vec::new(),
        }
    }

    /// Whether the text alone fits.
    #[must_use]
    pub fn fits_text(&self, text: &str) -> bool {
        text.starts_with(&self.prefix)
            && self.length.holds(text.chars().count())
            && text.chars().all(|c| self.charset.holds(c))
            && self.check.holds(text)
    }

    /// Whether the scan fits.
    #[must_use]
    pub fn fits(&self, scan: &Scan) -> bool {
        let kind_fits = self.symbologies.is_empty()
            || scan.symbology.is_none_or(|kind| self.symbologies.contains(&kind));
        kind_fits && self.fits_text(scan.data.expose())
    }
}

/// Something that is neither card nor item, and its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherPattern {
    /// What it is (`payment`, `isbn`), for the station to say or to use.
    pub name: String,
    /// First characters; any of these.
    pub prefix: Prefixes,
    /// Length in characters, the prefix included; `[least, most]` for a range.
    pub length: Length,
    /// Characters of the number.
    #[serde(default)]
    pub charset: Charset,
    /// Check digit.
    #[serde(default)]
    pub check: CheckRule,
}

/// One beginning, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Prefixes {
    /// One.
    One(String),
    /// Any of these.
    Any(Vec<String>),
}

impl OtherPattern {
    fn fits(&self, text: &str) -> bool {
        let starts = match &self.prefix {
            Prefixes::One(prefix) => text.starts_with(prefix.as_str()),
            Prefixes::Any(prefixes) => prefixes.iter().any(|p| text.starts_with(p.as_str())),
        };
        starts
            && self.length.holds(text.chars().count())
            && text.chars().all(|c| self.charset.holds(c))
            && self.check.holds(text)
    }

    /// Payment codes of the wallets, which readers hold before the scanner by mistake: 18 digits
    /// from 10 to 15, and 16 to 24 digits from 25 to 30 (peripherals.md 3.1, UNCONFIRMED).
    #[must_use]
    pub fn payment_codes() -> Vec<Self> {
        let of = |first: std::ops::RangeInclusive<u8>, length| Self {
            name: "payment".to_owned(),
            prefix: Prefixes::Any(first.map(|n| n.to_string()).collect()),
            length,
            charset: Charset::Digits,
            check: CheckRule::None,
        };
        vec![of(10..=15, Length::Exactly(18)), of(25..=30, Length::Between([16, 24]))]
    }
}

/// What a scan is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A patron card's number.
    Card,
    /// A patron's code on a phone, used once; its parts.
    PatronCode(Token),
    /// An item's number.
    Item,
    /// Something named in the rules: refused, or used for what the name says.
    Other(&'a str),
    /// Nothing of these: refused.
    Unknown,
}

/// What scans are, as configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScanRules {
    /// What card numbers look like.
    pub cards: Vec<ScanPattern>,
    /// What else is known; the first that fits names it.
    pub others: Vec<OtherPattern>,
    /// What item numbers look like. Empty: everything that is nothing else.
    pub items: Vec<ScanPattern>,
    /// Patron codes that change.
    pub patron_code: Option<QrForm>,
}

impl Default for ScanRules {
    fn default() -> Self {
        Self {
            cards: Vec::new(),
            others: OtherPattern::payment_codes(),
            items: Vec::new(),
            patron_code: None,
        }
    }
}

impl ScanRules {
    /// What the scan is. Cards and patron codes win over everything.
    #[must_use]
    pub fn kind(&self, scan: &Scan) -> Kind<'_> {
        let text = scan.data.expose();
        if let Some(form) = &self.patron_code
            && form.is_one(text)
        {
            return form.parse(text).map_or(Kind::Unknown, Kind::PatronCode);
        }
        if self.cards.iter().any(|pattern| pattern.fits(scan)) {
            return Kind::Card;
        }
        // A card's number in a code of a kind cards do not have is no card, and no item either.
        if self.cards.iter().any(|pattern| pattern.fits_text(text)) {
            return Kind::Unknown;
        }
        if let Some(other) = self.others.iter().find(|other| other.fits(text)) {
            return Kind::Other(&other.name);
        }
        if self.items.is_empty() || self.items.iter().any(|pattern| pattern.fits(scan)) {
            return Kind::Item;
        }
        Kind::Unknown
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ScanText;
    use super::*;

    fn rules() -> ScanRules {
        let payment = toml::to_string(&ScanRules::default()).unwrap();
        let mut rules: ScanRules = toml::from_str(&payment).unwrap();
        let some: ScanRules = toml::from_str(
            "cards = [{ prefix = '02', length = 10 },
                      { length = 18, check = 'resident_id' },
                      { prefix = '2', length = 14, check = 'codabar14', symbologies = ['codabar'] }]
             items = [{ prefix = 'JY', length = [8, 10] }, { length = 9, charset = 'digits' }]
             others = [{ name = 'isbn', prefix = ['978', '979'], length = 13, check = 'isbn' }]",
        )
        .unwrap();
        rules.cards = some.cards;
        rules.items = some.items;
        rules.others.extend(some.others);
        rules
    }

    fn of(symbology: Symbology, text: &str) -> Scan {
        Scan { symbology: Some(symbology), modifier: Some('0'), data: ScanText::new(text) }
    }

    #[test]
    fn cards_items_and_others() {
        let rules = rules();
        for (text, want) in [
            ("0200001234", Kind::Card),
            ("020000123", Kind::Item),
            ("JY0001234", Kind::Item),
            ("JY00012345678", Kind::Unknown),
            ("9787020002207", Kind::Other("isbn")),
            ("9787020002208", Kind::Unknown),
            // A payment code; with the check digit of an identity card it is a card.
            ("134567890123456789", Kind::Other("payment")),
            ("11010519491231002X", Kind::Card),
            ("281234567890123456", Kind::Other("payment")),
            ("", Kind::Unknown),
            ("https://example.org", Kind::Unknown),
        ] {
            assert_eq!(rules.kind(&Scan::plain(text)), want, "{text}");
        }
    }

    #[test]
    fn a_card_number_in_another_kind_of_code_is_no_item() {
        let rules = rules();
        let number = "21234567890124";
        assert_eq!(rules.kind(&of(Symbology::Codabar, number)), Kind::Card);
        assert_eq!(rules.kind(&Scan::plain(number)), Kind::Card);
        assert_eq!(rules.kind(&of(Symbology::Qr, number)), Kind::Unknown);
    }

    #[test]
    fn with_cards_alone_the_rest_is_an_item_as_the_station_has_it() {
        let rules: ScanRules = toml::from_str("cards = [{ prefix = '02', length = 10 }]").unwrap();
        assert_eq!(rules.kind(&Scan::plain("0200001234")), Kind::Card);
        assert_eq!(rules.kind(&Scan::plain("YZ0001234")), Kind::Item);
    }

    proptest! {
        #[test]
        fn a_card_is_never_an_item(text in "(02)?[0-9A-Za-z书]{6,16}", symbology in proptest::option::of(Just(Symbology::Qr))) {
            let rules = rules();
            let scan = Scan { symbology, modifier: None, data: ScanText::new(text.clone()) };
            let looks_like_card = rules.cards.iter().any(|card| card.fits_text(&text));
            prop_assert!(!(looks_like_card && rules.kind(&scan) == Kind::Item));
        }
    }
}
