//! A station's rules, as configuration (`[session]` in station.toml).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use drivers::rfid::card::CardRule;
use ui::view::Language;

use super::lending::OfflineRules;
use super::types::Proof;

/// What to do when the library system said yes and the tag cannot be released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSecurityFail {
    /// The loan stays; the gate may sound; the tag goes on the repair list.
    #[default]
    KeepLoan,
    /// The loan is taken back.
    Undo,
}

/// When a pile is registered (patron-experience.md 5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BorrowCommit {
    /// Each book as soon as it lies still.
    #[default]
    OnPlace,
    /// All at one touch.
    OnConfirm,
}

/// What a book laid on the start screen means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttractItem {
    /// Ask: borrow or return?
    #[default]
    Ask,
    /// Return it.
    Return,
}

/// When the reader is asked how many books they put down (patron-experience.md 5.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountCheck {
    /// Never.
    Off,
    /// When two or more were seen at once.
    #[default]
    WhenStacked,
    /// Always.
    Always,
}

/// When a PIN is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PinRule {
    /// Never.
    Never,
    /// For numbers that were scanned: a printed or shown code is a bearer copy (peripherals.md 3.1).
    #[default]
    Scanned,
    /// Always.
    Always,
}

impl PinRule {
    pub(super) fn asks(self, proof: Proof) -> bool {
        match self {
            Self::Never => false,
            Self::Scanned => proof == Proof::Copied,
            Self::Always => true,
        }
    }
}

/// What an unanswered receipt question means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptDefault {
    /// No paper.
    #[default]
    None,
    /// Paper.
    Paper,
}

/// Where the printer's slips for returned items lie: whether staff or the reader takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slips {
    /// None are printed: the printer stands before readers.
    #[default]
    None,
    /// Transit and hold slips come out here, beside the boxes they go with.
    Here,
}

/// What a scanned item number does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BarcodeItems {
    /// Nothing: items are laid on the pad.
    Never,
    /// Returns only.
    Return,
    /// Loans and returns. A tagged book lent so keeps its security on.
    #[default]
    Both,
}

/// What a patron card's number looks like, so that a card is never taken for a book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardPattern {
    /// First characters.
    #[serde(default)]
    pub prefix: String,
    /// Length in characters.
    pub length: usize,
}

impl CardPattern {
    /// Whether `text` looks like such a card's number.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        text.starts_with(&self.prefix)
            && text.chars().count() == self.length
            && text.chars().all(|c| c.is_ascii_alphanumeric())
    }
}

/// Times in seconds; ranges of patron-experience.md section 4 are checked by `check-config`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Times {
    /// No card: back to the start screen.
    pub identify_s: f64,
    /// No key on the PIN pad.
    pub pin_s: f64,
    /// Nothing happens.
    pub idle_s: f64,
    /// Warning before the end.
    pub warn_s: f64,
    /// The same with unfinished books on the pad.
    pub warn_items_s: f64,
    /// Receipt question.
    pub receipt_s: f64,
    /// Finish page.
    pub finish_s: f64,
    /// A tag lies still.
    pub pad_stable_s: f64,
    /// A tag is gone.
    pub pad_gone_s: f64,
    /// After this, say it takes longer.
    pub busy_s: f64,
    /// No answer from the library system.
    pub ils_s: f64,
    /// A book lifted while its tag was written may come back this long.
    pub put_back_s: f64,
    /// A done loan can be taken back this long.
    pub undo_s: f64,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            identify_s: 30.0,
            pin_s: 45.0,
            idle_s: 60.0,
            warn_s: 20.0,
            warn_items_s: 40.0,
            receipt_s: 10.0,
            finish_s: 10.0,
            pad_stable_s: 0.6,
            pad_gone_s: 1.5,
            busy_s: 2.0,
            ils_s: 10.0,
            put_back_s: 15.0,
            undo_s: 120.0,
        }
    }
}

/// Field name, its value, least and most seconds.
type Range = (&'static str, fn(&Times) -> f64, f64, f64);

/// Allowed ranges, by field name (patron-experience.md section 4; `put_back_s` and
/// `undo_s` have no range there and get one here).
const RANGES: [Range; 13] = [
    ("identify_s", |t| t.identify_s, 15.0, 120.0),
    ("pin_s", |t| t.pin_s, 20.0, 300.0),
    ("idle_s", |t| t.idle_s, 30.0, 300.0),
    ("warn_s", |t| t.warn_s, 20.0, 120.0),
    ("warn_items_s", |t| t.warn_items_s, 20.0, 240.0),
    ("receipt_s", |t| t.receipt_s, 5.0, 60.0),
    ("finish_s", |t| t.finish_s, 5.0, 60.0),
    ("pad_stable_s", |t| t.pad_stable_s, 0.3, 2.0),
    ("pad_gone_s", |t| t.pad_gone_s, 0.5, 5.0),
    ("busy_s", |t| t.busy_s, 2.0, 2.0),
    ("ils_s", |t| t.ils_s, 3.0, 30.0),
    ("put_back_s", |t| t.put_back_s, 5.0, 60.0),
    ("undo_s", |t| t.undo_s, 0.0, 600.0),
];

impl Times {
    /// Every value outside its range, as a sentence that says what to write.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        RANGES
            .iter()
            .filter(|(_, get, low, high)| !(*low..=*high).contains(&get(self)))
            .map(|(name, get, low, high)| {
                format!("session.times.{name} = {} is outside {low} to {high} seconds", get(self))
            })
            .collect()
    }
}

/// Seconds as a duration; the ranges above keep it finite and positive.
pub(super) fn secs(s: f64) -> Duration {
    Duration::try_from_secs_f64(s).unwrap_or_default()
}

/// The rules of one station.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Times.
    pub times: Times,
    /// When a pile is registered.
    pub borrow_commit: BorrowCommit,
    /// What to do when a tag cannot be released.
    pub on_security_fail: OnSecurityFail,
    /// What a book on the start screen means.
    pub attract_item: AttractItem,
    /// When the count is asked for.
    pub count_check: CountCheck,
    /// When a PIN is asked for.
    pub pin: PinRule,
    /// What an unanswered receipt question means.
    pub receipt_default: ReceiptDefault,
    /// Transit and hold slips.
    pub slips: Slips,
    /// What a scanned item number does.
    pub barcode_items: BarcodeItems,
    /// Card numbers.
    pub cards: Vec<CardPattern>,
    /// How the UID of a card becomes its number.
    pub card_uid: CardRule,
    /// ISILs whose items are lent and taken back here, compared without regard to case. Empty:
    /// any, or what `[[owner]]` says.
    pub owners: Vec<String>,
    /// Where a returned item goes: the trolley instead of the shelf.
    pub return_to_trolley: bool,
    /// Work without the library system.
    pub offline: OfflineRules,
    /// Language at rest.
    #[serde(with = "language_tag")]
    pub language: Language,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            times: Times::default(),
            borrow_commit: BorrowCommit::default(),
            on_security_fail: OnSecurityFail::default(),
            attract_item: AttractItem::default(),
            count_check: CountCheck::default(),
            pin: PinRule::default(),
            receipt_default: ReceiptDefault::default(),
            slips: Slips::default(),
            barcode_items: BarcodeItems::default(),
            cards: vec![CardPattern { prefix: "02".to_owned(), length: 10 }],
            card_uid: CardRule::default(),
            owners: Vec::new(),
            return_to_trolley: false,
            offline: OfflineRules::default(),
            language: Language::default(),
        }
    }
}

impl Rules {
    /// Whether a scanned text is a patron card's number.
    #[must_use]
    pub fn is_card(&self, text: &str) -> bool {
        self.cards.iter().any(|pattern| pattern.matches(text))
    }
}

mod language_tag {
    use serde::{Deserialize, Deserializer, Serializer};
    use ui::view::Language;

    pub(super) fn serialize<S: Serializer>(language: &Language, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(language.tag())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Language, D::Error> {
        match String::deserialize(d)?.as_str() {
            "zh-CN" => Ok(Language::ZhCn),
            "en" => Ok(Language::En),
            other => {
                Err(serde::de::Error::custom(format!("language {other:?} is not zh-CN or en")))
            }
        }
    }
}
