//! What a checked data file says.

use jiff::civil::Date;

use super::entries::{AccountEntry, BranchEntry, ItemEntry};
use crate::practice::model::{CardState, Language, LocalTime};
use crate::practice::money::Fen;
use crate::practice::rules::Policy;

/// A checked data file.
pub struct Data {
    /// Institution id told in AO.
    pub institution: String,
    /// Chinese name of the library.
    pub library_zh: String,
    /// English name of the library.
    pub library_en: String,
    /// The rules' figures.
    pub policy: Policy,
    /// Station logins.
    pub accounts: Vec<AccountEntry>,
    /// Branches, the main library first.
    pub branches: Vec<BranchEntry>,
    /// Readers.
    pub patrons: Vec<PatronRecord>,
    /// Items.
    pub items: Vec<ItemRecord>,
    /// Open loans.
    pub loans: Vec<LoanRecord>,
    /// Open holds, first come first served.
    pub holds: Vec<HoldRecord>,
}

/// A reader with the limits of the class.
pub struct PatronRecord {
    /// Number on the card.
    pub number: String,
    /// Name.
    pub name: String,
    /// PIN in the clear, only until it is hashed.
    pub pin: String,
    /// Class code.
    pub class: String,
    /// Items on loan at once.
    pub loan_limit: u32,
    /// Holds at once.
    pub hold_limit: u32,
    /// Money that may be owed.
    pub fee_limit: Fen,
    /// Last day of validity.
    pub expires: Date,
    /// Day of birth.
    pub born: Option<Date>,
    /// State of the card.
    pub state: CardState,
    /// Language.
    pub language: Language,
    /// Money owed: amount, SIP2 fee type, barcode.
    pub fees: Vec<(Fen, String, Option<String>)>,
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRecord {
    /// The entry as written.
    pub entry: ItemEntry,
    /// Branch it stands in.
    pub at: String,
}

/// An open loan.
pub struct LoanRecord {
    /// Barcode.
    pub item: String,
    /// Patron number.
    pub patron: String,
    /// Lent.
    pub lent_at: LocalTime,
    /// Due.
    pub due: LocalTime,
    /// Renewals.
    pub renewals: u16,
}

/// An open hold.
pub struct HoldRecord {
    /// Barcode.
    pub item: String,
    /// Patron number.
    pub patron: String,
    /// Pickup branch.
    pub pickup: String,
    /// On the hold shelf.
    pub ready: bool,
}
