//! The entries of a data file as they are written.

use serde::Deserialize;

use crate::practice::model::{CardState, Circulation, Language};
use crate::practice::rules::Policy;
use crate::sip2::Charset;

/// A name in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Names {
    pub(super) zh: String,
    pub(super) en: String,
}

/// A station's login.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    /// Login user (CN).
    pub user: String,
    /// Password (CO).
    pub password: String,
    /// Character set after login (`utf-8`, `gbk`, …); the server's own when left out. dp2 changes
    /// the set at login too (sip2.md section 8).
    pub charset: Option<Charset>,
}

/// A class of patrons with its limits.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassEntry {
    /// Code, told in PC.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Items on loan at once.
    pub loan_limit: u32,
    /// Holds at once.
    pub hold_limit: u32,
    /// Money that may be owed before borrowing stops, `10.00`.
    pub fee_limit: String,
}

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BranchEntry {
    /// Code, as in AQ, AP, CT and CP.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
}

/// A reader. Has no `Debug`: name, number and PIN never reach a log.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatronEntry {
    /// Number on the card.
    pub number: String,
    /// Name.
    pub name: String,
    /// PIN; stored only as a salted hash.
    pub pin: String,
    /// Code of the class.
    pub class: String,
    /// Own loan limit instead of the class's.
    pub loan_limit: Option<u32>,
    /// Last day of validity.
    pub expires: String,
    /// Day of birth.
    pub born: Option<String>,
    /// State of the card.
    #[serde(default)]
    pub state: CardState,
    /// Money owed.
    #[serde(default)]
    pub fees: Vec<FeeEntry>,
    /// Language of screen messages when the station asks in none.
    #[serde(default)]
    pub language: Language,
}

/// Money owed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeEntry {
    /// Amount, `3.50`.
    pub amount: String,
    /// SIP2 fee type, `04` overdue when left out.
    #[serde(rename = "type")]
    pub fee_type: Option<String>,
    /// Barcode it is for.
    pub item: Option<String>,
}

/// Kind of medium; the SIP2 media types (CK).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaType {
    /// 000.
    Other,
    /// 001.
    #[default]
    Book,
    /// 002.
    Magazine,
    /// 003.
    BoundJournal,
    /// 004.
    AudioTape,
    /// 005.
    VideoTape,
    /// 006, also DVD.
    Disc,
    /// 009.
    BookWithDisc,
}

impl MediaType {
    /// The SIP2 code (sip2.md section 6).
    #[must_use]
    pub fn sip(self) -> &'static str {
        match self {
            Self::Other => "000",
            Self::Book => "001",
            Self::Magazine => "002",
            Self::BoundJournal => "003",
            Self::AudioTape => "004",
            Self::VideoTape => "005",
            Self::Disc => "006",
            Self::BookWithDisc => "009",
        }
    }
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemEntry {
    /// Barcode.
    pub barcode: String,
    /// Title.
    pub title: String,
    /// Author.
    #[serde(default)]
    pub author: String,
    /// Call number.
    #[serde(default)]
    pub call_number: String,
    /// ISIL of the owner.
    pub owner: String,
    /// Home branch.
    pub home: String,
    /// Branch it stands in now, when not at home.
    pub at: Option<String>,
    /// Medium.
    #[serde(default)]
    pub media: MediaType,
    /// What may be done with it.
    #[serde(default)]
    pub circulation: Circulation,
    /// Youngest age in years.
    pub age_from: Option<u8>,
    /// Own loan period in days.
    pub loan_days: Option<u16>,
    /// Pieces of a set under one barcode; 1 when left out.
    pub parts: Option<u16>,
}

/// An item on loan.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoanEntry {
    /// Barcode.
    pub item: String,
    /// Patron number.
    pub patron: String,
    /// Day it was lent.
    pub lent: String,
    /// Due day.
    pub due: String,
    /// Renewals so far.
    #[serde(default)]
    pub renewals: u16,
}

/// A hold.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldEntry {
    /// Barcode.
    pub item: String,
    /// Patron number.
    pub patron: String,
    /// Pickup branch.
    pub pickup: String,
    /// Whether it waits on the hold shelf already.
    #[serde(default)]
    pub ready: bool,
}

/// The file with its entries, each with its place in the list.
pub(super) struct File {
    pub(super) format: Option<u64>,
    pub(super) institution: Option<String>,
    pub(super) library: Option<Names>,
    pub(super) rules: Option<Policy>,
    pub(super) accounts: Vec<(usize, AccountEntry)>,
    pub(super) classes: Vec<(usize, ClassEntry)>,
    pub(super) branches: Vec<(usize, BranchEntry)>,
    pub(super) patrons: Vec<(usize, PatronEntry)>,
    pub(super) items: Vec<(usize, ItemEntry)>,
    pub(super) loans: Vec<(usize, LoanEntry)>,
    pub(super) holds: Vec<(usize, HoldEntry)>,
}
