//! What goes in and out of the session.

use std::time::Duration;

use jiff::civil::DateTime;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;
use ui::view::{Advice, Date, Language, Touch};

use super::fee::{FeeStart, Payment};
use super::lists::{CardHash, CardRow, Lists};
use super::offline::Remark;
use super::{Answer, Ask, AskId, ItemId, LinkState, NoAnswer, PrinterState};
use crate::owners::Whose;
use crate::privacy::PatronId;

/// One unit of work in the journal; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TxnId(pub u64);

/// Names one journal write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(pub u64);

/// Names one security write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpId(pub u64);

/// Six characters in two groups of three that let staff find a session's journal lines
/// (patron-experience.md section 9). Drawn at random outside the session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct SessionCode(pub String);

/// What the station's disk has room for (patron-experience.md section 12). Units under way are
/// always finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Room {
    /// Everything.
    #[default]
    All,
    /// Nothing new is lent or renewed; returns are written from the room kept for them.
    ReturnsOnly,
    /// Nothing new.
    None,
}

/// Everything that can happen to the station.
#[derive(Debug, Clone)]
pub enum Input {
    /// A finger or key.
    Touch(Touch),
    /// A barcode or QR code.
    Scan(String),
    /// What lay on the pad at that time, complete. Sent after every scan of the reader; a reader
    /// that asks each new tag more tells of it later than it heard them.
    Pad(Vec<TagRead>, Duration),
    /// One tag of the pad was read between two looks: it answered just now.
    Read(TagRead),
    /// The library system answered, or will not.
    Answer(AskId, Result<Answer, NoAnswer>),
    /// A journal write is durable (`true`) or failed.
    Recorded(Token, bool),
    /// What the disk has room for.
    Room(Room),
    /// A security write ended.
    Tag(OpId, TagResult),
    /// A slip ended.
    Printed(PrintResult),
    /// The sort slip of that return ended.
    SlipPrinted(TxnId, PrintResult),
    /// The link changed.
    Link(LinkState),
    /// The RFID reader came or went.
    Reader {
        /// It works.
        up: bool,
    },
    /// A device by which readers show who they are or what they have came or went.
    Aid {
        /// Which.
        kind: Aid,
        /// It works.
        up: bool,
    },
    /// A card, or what stands for one, was shown to a device of its own.
    Card(PatronId, Proof),
    /// Money was taken from a patron, to be told to the library system.
    Paid(Payment),
    /// Something was shown that is no card here, and why.
    NoCard(Advice),
    /// The printer changed.
    Printer(PrinterState),
    /// More session codes.
    Codes(Vec<SessionCode>),
    /// The library system told its time (SIP2 98), in the library's zone.
    LibraryTime(DateTime),
    /// The lists for off-line work, after an import changed them.
    Lists(Box<Lists>),
    /// Time passed.
    Tick,
}

/// A device besides the pad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Aid {
    /// Reader of patron cards only.
    Cards,
    /// Identity card module.
    IdCard,
    /// Barcode and QR scanner.
    Scanner,
}

/// What a shown card proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The thing itself was held here.
    Held,
    /// A code that works once, checked here; whose it is only the library system knows.
    Code,
    /// A printed or shown number, which anybody may have copied (peripherals.md 3.1).
    Copied,
}

/// One tag in the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRead {
    /// Its identifier.
    pub uid: Uid,
    /// What it carries.
    pub content: Content,
}

/// What a tag carries, as far as a session cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Not read yet.
    Unread,
    /// A library item of ours.
    Item {
        /// Its number.
        item: ItemId,
        /// Parts of the set, 1 for a single item.
        parts: u8,
        /// Which part this is, from 1.
        part: u8,
        /// Type of usage says it is not to be lent (ISO 28560-1, OID 5: classes 2 and 7).
        no_loan: bool,
        /// Whose it is, where the tag tells.
        whose: Option<Whose>,
    },
    /// A patron card.
    Card(PatronId),
    /// An item of an owner we have no agreement with.
    Foreign,
    /// Unreadable, blank, or not library data.
    Bad,
}

/// How one security write with read-back ended. One result is one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagResult {
    /// Written and read back.
    Done,
    /// The tag did not answer.
    Gone,
    /// It answered, and did not take it.
    Failed,
    /// The reader is gone.
    ReaderDown,
}

/// How a slip ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrintResult {
    /// The printer confirmed the paper.
    Done,
    /// All bytes went to a printer that cannot confirm.
    Sent,
    /// Nothing was printed.
    Not(PrinterState),
    /// Nobody knows.
    Unknown,
}

/// What the loop must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write durably, all or nothing, then feed [`Input::Recorded`].
    Record(Token, Vec<Record>),
    /// Ask the library system, then feed [`Input::Answer`].
    Ask {
        /// Names the question.
        id: AskId,
        /// The question.
        ask: Ask,
        /// Live readers go first.
        background: bool,
    },
    /// Write the security state of these tags and read it back; then feed [`Input::Tag`].
    SetSecurity {
        /// Names the write.
        op: OpId,
        /// The tags: all parts of one item.
        tags: Vec<Uid>,
        /// The state wanted.
        want: Security,
    },
    /// Print a slip, then feed [`Input::Printed`].
    Print(SlipRequest),
    /// Print a slip that goes with a returned item, then feed [`Input::SlipPrinted`].
    PrintSort(SortSlip),
    /// A librarian is called.
    CallStaff,
    /// The session is over: clear what the loop holds of it (print buffers, pad cache of cards).
    Forget,
}

/// What kind of work a journal unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// A loan.
    Checkout,
    /// A return.
    Checkin,
    /// A renewal.
    Renew,
    /// A loan taken back.
    Cancel,
}

/// One line for the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Before anything is sent.
    Intent {
        /// The unit.
        txn: TxnId,
        /// Session.
        session: SessionCode,
        /// Kind.
        kind: JobKind,
        /// Item.
        item: ItemId,
        /// Patron; sealed on disk.
        patron: Option<PatronId>,
        /// Its tags.
        tags: Vec<Uid>,
        /// When it happened.
        at: DateTime,
    },
    /// Before anything is told.
    Outcome {
        /// The unit.
        txn: TxnId,
        /// How it ended.
        outcome: TxnOutcome,
    },
    /// The tags read back as wanted: the unit is closed.
    Secured {
        /// The unit.
        txn: TxnId,
    },
    /// The tags did not: these go on the repair list, and the unit is closed.
    Repair {
        /// The unit.
        txn: TxnId,
        /// Item.
        item: ItemId,
        /// Tags.
        tags: Vec<Uid>,
        /// State wanted.
        want: Security,
    },
    /// A tag on the repair list is right again, or no longer needs to be.
    Repaired {
        /// Tag.
        uid: Uid,
    },
    /// Money was taken; before anything is sent.
    FeeIntent {
        /// The unit.
        txn: TxnId,
        /// Session.
        session: SessionCode,
        /// The payment; its patron is sealed on disk.
        payment: Payment,
        /// When.
        at: DateTime,
    },
    /// 37 is about to be sent: from here on it may have been.
    FeeSent {
        /// The unit.
        txn: TxnId,
        /// What the patron owes before, in hundredths, where the library system told.
        owed: Option<i64>,
        /// When.
        at: DateTime,
    },
    /// Whose the item of a unit is.
    Owner {
        /// The unit.
        txn: TxnId,
        /// The owner's key.
        owner: String,
    },
    /// Where a unit happened, if not where the station stands now.
    Branch {
        /// The unit.
        txn: TxnId,
        /// The branch's code.
        branch: String,
    },
    /// A slip that goes with a returned item was asked for.
    SortSlip {
        /// The return.
        txn: TxnId,
        /// Code of the branch it goes to; empty: held here.
        to: String,
        /// What became of it.
        result: Option<PrintResult>,
    },
    /// Something to be said of a unit besides how it ended.
    Remark {
        /// The unit.
        txn: TxnId,
        /// What.
        remark: Remark,
    },
    /// How a card stands, for off-line work.
    Card {
        /// Its hash.
        card: CardHash,
        /// How it stands.
        row: CardRow,
    },
    /// Whether somebody waits for an item, for off-line work.
    Held {
        /// Item.
        item: ItemId,
        /// When that was told; `None`: nobody waits any more.
        day: Option<jiff::civil::Date>,
    },
    /// A receipt was asked for.
    Receipt {
        /// Session.
        session: SessionCode,
        /// Lines on it.
        lines: u32,
        /// What became of it.
        result: Option<PrintResult>,
    },
}

/// Why the library system said no, or why staff must look.
#[derive(Clone, PartialEq, Eq)]
pub enum Reason {
    /// One of the station's own; in clear in lists.
    Code(String),
    /// The library system's words. They may name a reader, so they are sealed on disk and never
    /// logged.
    Words(String),
}

impl Reason {
    /// The words, or where there are none, a code.
    #[must_use]
    pub fn words_or(words: Option<String>, code: &str) -> Self {
        words.map_or_else(|| code.into(), Self::Words)
    }
}

impl From<&str> for Reason {
    fn from(code: &str) -> Self {
        Self::Code(code.to_owned())
    }
}

/// Without the words.
impl std::fmt::Debug for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => f.write_str(code),
            Self::Words(_) => f.write_str("library_says"),
        }
    }
}

/// How a journal unit ended at the library system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxnOutcome {
    /// Yes; the tags are still to be brought to this state (`None`: leave them).
    Accepted {
        /// Title for staff lists.
        title: Option<String>,
        /// State wanted.
        want: Option<Security>,
    },
    /// No.
    Refused {
        /// Its words, or a code.
        reason: Reason,
    },
    /// Noted here, to be posted when the link is back; the tags are to be brought to this state.
    Queued {
        /// State wanted.
        want: Option<Security>,
    },
    /// Lent here while the library system was away, to be posted when the link is back.
    LentHere {
        /// State wanted of its tags; `None`: they are right.
        want: Option<Security>,
        /// The day the reader was told.
        due: jiff::civil::Date,
    },
    /// It surely never reached the library system.
    NotSent,
    /// Sent, no answer: must be found out.
    Unsure,
    /// Could not be found out, or answered no after the fact: for staff.
    ForStaff {
        /// A code, or the library system's words.
        reason: Reason,
    },
}

/// A journal unit that was open when the station stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTxn {
    /// The unit.
    pub txn: TxnId,
    /// Kind.
    pub kind: JobKind,
    /// Item.
    pub item: ItemId,
    /// Patron.
    pub patron: Option<PatronId>,
    /// Tags.
    pub tags: Vec<Uid>,
    /// When it happened.
    pub at: DateTime,
    /// Last outcome written.
    pub outcome: Option<TxnOutcome>,
    /// `at` was told by a clock nobody believed.
    pub time_unsure: bool,
    /// Branch the station stood in; empty: the one it stands in now, or the journal names none.
    pub branch: String,
}

/// A tag whose security state is not what the loan says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairRow {
    /// Tag.
    pub uid: Uid,
    /// Item.
    pub item: ItemId,
    /// State wanted.
    pub want: Security,
}

/// What a new station starts from.
#[derive(Debug, Default)]
pub struct Start {
    /// First journal unit number not used.
    pub next_txn: u64,
    /// Units left open, oldest first.
    pub open: Vec<OpenTxn>,
    /// Repair list.
    pub repairs: Vec<RepairRow>,
    /// Payments.
    pub fees: FeeStart,
    /// Session codes to begin with.
    pub codes: Vec<SessionCode>,
    /// Whether a printer is configured.
    pub printer: PrinterState,
    /// Lists for off-line work; without them nothing is lent off line.
    pub lists: Option<Lists>,
    /// The newest moment in the journal.
    pub newest: Option<DateTime>,
}

/// Figures since start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Loans the library system confirmed (undone ones taken off).
    pub loans: u64,
    /// Returns the library system confirmed.
    pub returns: u64,
    /// Renewals the library system confirmed.
    pub renewals: u64,
    /// Items and cards refused.
    pub refused: u64,
    /// Loans and returns noted and not posted yet.
    pub queued: u64,
    /// Receipts the printer confirmed or took.
    pub receipts: u64,
    /// Sessions ended.
    pub sessions: u64,
    /// Tags repaired from the repair list.
    pub repaired: u64,
    /// Calls for staff.
    pub staff_calls: u64,
}

/// A slip to print, in data; words are added when it is composed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlipRequest {
    /// What it tells.
    pub kind: SlipKind,
    /// Language of the session at its end.
    pub language: Language,
    /// When.
    pub at: DateTime,
    /// Receipt code.
    pub code: SessionCode,
    /// Lines.
    pub lines: Vec<SlipLine>,
    /// A second print of the same slip.
    pub copy: bool,
}

/// A slip that goes with a returned item, in data: nothing of the reader who brought it or for
/// whom it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortSlip {
    /// The return.
    pub txn: TxnId,
    /// Item number.
    pub item: ItemId,
    /// Title, where known.
    pub title: Option<String>,
    /// Code of the branch it goes to; `None`: held here.
    pub to: Option<String>,
    /// Language at rest: staff read it.
    pub language: Language,
}

/// Head line of a slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlipKind {
    /// Loans.
    Borrow,
    /// Returns.
    GiveBack,
    /// Renewals.
    Renew,
}

/// One line of a slip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlipLine {
    /// Title, or item number.
    pub title: String,
    /// Due day, for loans and renewals.
    pub due: Option<Date>,
    /// Due in words that are no date.
    pub due_text: Option<String>,
    /// Noted, to be registered later.
    pub queued: bool,
    /// The gate may sound.
    pub advice: Option<Advice>,
}
