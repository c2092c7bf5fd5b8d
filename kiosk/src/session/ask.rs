//! What a session asks of the library system, in its own words.
//!
//! The wire (SIP2) is one way to answer; [`crate::station::ils`] translates. Keeping the two
//! apart lets the session's rules be tested without a byte of protocol.

use jiff::civil::DateTime;

use ui::view::{Advice, Date};

use super::fee::Payment;
use crate::privacy::{PatronId, PersonalName, Secret, is_field};

/// An item's number: the primary item identifier of its tag, the barcode on its cover, SIP2 `AB`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemId(String);

/// Longest item number accepted from a tag or scanner, in characters.
pub const ITEM_ID_MAX: usize = 64;

/// A text that cannot be an item number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an item number has 1 to {ITEM_ID_MAX} printable characters and no '|'")]
pub struct ItemIdError;

impl ItemId {
    /// Takes a number from outside.
    ///
    /// # Errors
    /// [`ItemIdError`] when it is empty, too long, or holds a control character or the SIP2
    /// delimiter `|`: such a text is refused before the wire, never altered.
    pub fn new(text: impl Into<String>) -> Result<Self, ItemIdError> {
        let text = text.into();
        let fine = !text.is_empty() && is_field(&text, ITEM_ID_MAX);
        if fine { Ok(Self(text)) } else { Err(ItemIdError) }
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ItemId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names one question to the library system; unique while the station runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AskId(pub u64);

/// A question or instruction to the library system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Who is this, may they borrow, and what do they have?
    Patron {
        /// The number on the card.
        patron: PatronId,
        /// The PIN, when the station asked for one.
        pin: Option<Secret>,
        /// Whether the loans are wanted as a list.
        loans: bool,
    },
    /// Lend.
    Checkout {
        /// To whom.
        patron: PatronId,
        /// What.
        item: ItemId,
        /// When the reader laid it down.
        at: DateTime,
        /// Lent while the library system was away (no-block): until when, as the reader was told.
        promised: Option<DateTime>,
    },
    /// Take back.
    Checkin {
        /// What.
        item: ItemId,
        /// When it came in.
        at: DateTime,
        /// It came in while the library system was away (no-block).
        already_done: bool,
        /// Undo a loan just made.
        cancel: bool,
        /// Branch it came in at; empty: where the station stands now.
        branch: String,
    },
    /// Renew.
    Renew {
        /// For whom.
        patron: PatronId,
        /// What.
        item: ItemId,
    },
    /// What is the state of this item?
    Item {
        /// Which.
        item: ItemId,
    },
    /// Book this payment.
    PayFee(Payment),
    /// The reader has gone. Best effort; its answer is not waited for.
    Goodbye {
        /// Who.
        patron: PatronId,
    },
}

impl Ask {
    /// Whether a yes is followed by a security write.
    #[must_use]
    pub fn leads_to_write(&self) -> bool {
        matches!(self, Self::Checkout { .. } | Self::Checkin { .. })
    }
}

/// What the library system answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`Ask::Patron`].
    Patron(PatronAnswer),
    /// To [`Ask::Checkout`].
    Checkout(LoanAnswer),
    /// To [`Ask::Checkin`].
    Checkin(CheckinAnswer),
    /// To [`Ask::Renew`].
    Renew(LoanAnswer),
    /// To [`Ask::Item`].
    Item(ItemAnswer),
    /// To [`Ask::PayFee`].
    PayFee(FeeAnswer),
    /// To [`Ask::Goodbye`].
    Goodbye,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// The question surely never left: asking again is safe.
    NotSent,
    /// It left, and nothing came back: it may have been done.
    Unknown,
}

/// A patron, as the library system sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatronAnswer {
    /// The library system knows this number.
    pub known: bool,
    /// The PIN was right; `None` when not checked.
    pub pin_ok: Option<bool>,
    /// The name; masked before it reaches a view.
    pub name: PersonalName,
    /// Why this patron cannot borrow, if so.
    pub block: Option<Advice>,
    /// Items on loan.
    pub on_loan: Option<u32>,
    /// Most items allowed on loan.
    pub limit: Option<u32>,
    /// What they owe, in hundredths of the currency's unit, where it was told.
    pub owed: Option<i64>,
    /// The loans, when asked for.
    pub loans: Vec<ItemId>,
    /// End of the card's validity, where told.
    pub expires: Option<jiff::civil::Date>,
}

impl PatronAnswer {
    /// Whether what is not in the list of loans is not on loan to them. A count of none under an
    /// empty list proves nothing: some systems fill neither (sip2.md section 10, FOLIO).
    #[must_use]
    pub fn lists_all(&self) -> bool {
        self.on_loan.is_some_and(|n| n > 0 && n as usize <= self.loans.len())
    }
}

/// Answer to a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeAnswer {
    /// Booked.
    pub ok: bool,
    /// The library system's own sentence.
    pub message: Option<String>,
}

/// Answer to a loan or renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoanAnswer {
    /// Yes.
    pub ok: bool,
    /// The tag's security is to be switched off. `false` with `ok` means use in the library only.
    pub release: bool,
    /// It was on loan to this patron already, and was renewed.
    pub renewed: bool,
    /// Title.
    pub title: Option<String>,
    /// Due day.
    pub due: Due,
    /// Why not, where the station knows the library system's words.
    pub refusal: Option<Advice>,
    /// The library system's own sentence.
    pub message: Option<String>,
}

/// When a loan is due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Due {
    /// Not told.
    #[default]
    Unknown,
    /// A day.
    Day(Date),
    /// Words that are no date we can read.
    Text(String),
}

/// Answer to a return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckinAnswer {
    /// Accepted.
    pub ok: bool,
    /// The tag's security is to be switched on.
    pub secure: bool,
    /// It had been on loan.
    pub was_on_loan: bool,
    /// Title.
    pub title: Option<String>,
    /// Where it goes.
    pub sort: Sort,
    /// The library system's own sentence.
    pub message: Option<String>,
}

/// Where a returned item goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// Back to the shelves of this branch.
    Normal,
    /// Someone waits for it here.
    Hold,
    /// To the branch of that code.
    Transit(String),
    /// To a librarian.
    Exception,
}

/// Answer about one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemAnswer {
    /// On loan to somebody.
    pub on_loan: bool,
    /// In the library's hands (available, on the hold shelf, waiting to be shelved, in transit).
    pub in_library: bool,
    /// Whether somebody waits for it, where told.
    pub held: Option<bool>,
    /// Title.
    pub title: Option<String>,
    /// Due day, when on loan.
    pub due: Due,
}
