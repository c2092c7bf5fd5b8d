//! What is on the screen, as plain data; what a finger or key asked for, as plain events.
//!
//! No Slint types, no texts: words come from [`crate::lang`] by key when a view is drawn, so a
//! language switch changes everything at once. Personal names and numbers in here are already
//! masked (`张*`, `••••67`): nothing in a view can identify a reader.

use serde::Serialize;

/// The two languages every station speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
pub enum Language {
    /// Simplified Chinese.
    #[default]
    #[serde(rename = "zh-CN")]
    ZhCn,
    /// English.
    #[serde(rename = "en")]
    En,
}

impl Language {
    /// The other one, as the language button switches.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::ZhCn => Self::En,
            Self::En => Self::ZhCn,
        }
    }

    /// BCP 47 tag, also the name of the translation folder.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::ZhCn => "zh-CN",
            Self::En => "en",
        }
    }
}

/// Ways of showing, for this session only (patron-experience.md section 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Modes {
    /// White on black, yellow main action.
    pub high_contrast: bool,
    /// Body text doubled.
    pub large_print: bool,
}

/// A calendar day, shown by the rules of the language (patron-experience.md section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Date {
    /// Year.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
    /// Day of the week, 1 = Monday to 7 = Sunday.
    pub weekday: u8,
}

/// Everything a screen needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct View {
    /// Language of this moment.
    pub language: Language,
    /// Display modes of this moment.
    pub modes: Modes,
    /// The library's own name, from configuration.
    pub library: String,
    /// Where this station stands, from configuration (`总馆一楼 · 3 号机`).
    pub place: String,
    /// What the reader can do here now.
    pub services: Services,
    /// What does not work now; `None` when all is well.
    pub state_line: Option<StateLine>,
    /// The page.
    pub screen: Screen,
    /// A layer above the page.
    pub overlay: Option<Overlay>,
}

/// What the reader can do here now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Services {
    /// Borrowing.
    pub borrow: bool,
    /// Returning.
    pub giveback: bool,
    /// Loans and renewing.
    pub account: bool,
}

/// What does not work, said on the start screen before the reader finds out
/// (patron-experience.md section 12). Order is urgency: the first that applies is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StateLine {
    /// Out of service; the nearest other station, if configured.
    Maintenance {
        /// Where to go instead; empty when not configured.
        nearest: String,
    },
    /// Devices absent since start are still being looked for.
    Starting {
        /// The devices missing.
        missing: Vec<DeviceKind>,
    },
    /// The RFID pad is gone.
    ReaderLost,
    /// The RFID pad is gone, and books can be scanned one by one.
    ScanOnly,
    /// The library system is away: returns, and a few loans a session.
    Offline {
        /// How many.
        limit: u32,
    },
    /// The library system is away: returns only.
    ReturnsOnly,
    /// No paper or no printer: receipts on the phone.
    NoPaper,
    /// A device for showing who one is does not work; there are other ways.
    Missing {
        /// The devices.
        devices: Vec<DeviceKind>,
    },
}

/// A device a reader would miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// The RFID pad.
    Reader,
    /// The receipt printer.
    Printer,
    /// The reader of patron cards.
    Cards,
    /// The identity card module.
    IdCard,
    /// The barcode scanner.
    Scanner,
    /// The link to the library system.
    Library,
}

/// The pages of patron-experience.md section 5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Screen {
    /// Self-test and first connection.
    Starting,
    /// 5.1: the start screen.
    Attract {
        /// Books lying on the pad that belong to no session (`attract.pad_left` when left over).
        pad_count: u32,
        /// The pile is left from an ended session.
        pad_left: bool,
    },
    /// 5.2: chosen by touch, or books were laid down first: borrow or return?
    Choose {
        /// Books already lying there and read.
        pad_count: u32,
    },
    /// 5.3: show your card.
    Identify {
        /// What the card is wanted for.
        purpose: Purpose,
        /// The library system is being asked.
        busy: bool,
        /// What was wrong with the last card.
        problem: Option<Advice>,
    },
    /// 5.4: PIN pad.
    Pin {
        /// Digits typed so far; the digits themselves never reach the view.
        typed: u8,
        /// Shown from the second try.
        tries_left: Option<u8>,
        /// The library system is being asked.
        busy: bool,
        /// What was wrong with the last try.
        problem: Option<Advice>,
    },
    /// 5.5: borrowing.
    Borrow(Work),
    /// 5.7: returning.
    GiveBack(Work),
    /// 5.6: "How many did you put down?"
    Count {
        /// Found by the station.
        found: u32,
        /// The reader's answer, when it differed.
        stated: Option<u32>,
    },
    /// 5.8: loans and renewing.
    Loans(Loans),
    /// 5.11: finish and receipt.
    Finish(Finish),
    /// 5.14: nothing can be done here now.
    Trouble {
        /// Why.
        why: StateLine,
    },
}

/// What a card is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To borrow.
    Borrow,
    /// To see loans and renew.
    Account,
}

/// A layer above the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlay {
    /// 5.13: are you still there?
    Warn {
        /// Seconds left.
        seconds: u32,
        /// Books on the pad not yet done.
        unfinished: u32,
    },
    /// 5.15: help for the page below.
    Help {
        /// Staff have been called from here.
        called: bool,
    },
}

/// Borrowing or returning in progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Work {
    /// Whose session; `None` when returning, which needs no card.
    pub patron: Option<PatronBadge>,
    /// Books the pad sees now: may disagree with the pile, and must be able to.
    pub pad_count: u32,
    /// Newest first.
    pub lines: Vec<Line>,
    /// Lines done so far: the number in the main button.
    pub done: u32,
    /// Something is being asked or written.
    pub busy: bool,
    /// It takes longer than `t_busy`.
    pub slow: bool,
    /// Something to say about the pad as a whole (a card among the books, parts missing).
    pub notice: Option<Advice>,
    /// Books waiting for the reader's one "borrow" (`borrow_commit = on_confirm`); the main
    /// button then is [`Touch::Borrow`] with this number. 0 = nothing waits.
    pub to_confirm: u32,
}

/// Whose session it is, masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PatronBadge {
    /// `张*`, `A. L.`.
    pub masked_name: String,
    /// Items on loan now, where the library system tells.
    pub on_loan: Option<u32>,
    /// How many more may be borrowed, where the library system tells.
    pub may_borrow: Option<u32>,
}

/// One item's line. Keeps its place while the session lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Stable within the session.
    pub id: u32,
    /// Title when known; the item number before.
    pub title: String,
    /// Shape, word and colour.
    pub state: LineState,
    /// The sentence under the title.
    pub note: Note,
    /// A yes/no question is open on this line (already yours: renew?).
    pub question: bool,
    /// The reader may take this line back.
    pub can_undo: bool,
}

/// State of a line (patron-experience.md section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Tag being read.
    Seen,
    /// Library system being asked.
    Asking,
    /// Security being written.
    Writing,
    /// Lent: library said yes and the tag reads back released.
    Borrowed,
    /// Returned: library said yes and the tag reads back secured.
    Returned,
    /// Renewed.
    Renewed,
    /// Done or not, there is something to read.
    Attention,
    /// Not done.
    Refused,
    /// Taken away before it was done.
    Lifted,
    /// Noted, registered later.
    Queued,
}

/// The sentence under a line's title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// Nothing to say.
    None,
    /// Please leave it.
    LeaveIt,
    /// To be returned by this day.
    Due(Date),
    /// Due by the library system's own words, which were no date we could read.
    DueText(String),
    /// Where to put a returned item.
    Put(Destination),
    /// Returned though it was not on loan; where to put it.
    NotOnLoan(Destination),
    /// A sentence of section 7.
    Advice(Advice),
    /// Another owner's, by its name, and not to be had here.
    Owner {
        /// The owner's name.
        owner: String,
        /// It can be returned here all the same.
        taken_back: bool,
    },
    /// The library system's own sentence, cleaned of control characters.
    LibrarySays(String),
}

/// Where a returned item goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// Return shelf.
    Shelf,
    /// Trolley.
    Trolley,
    /// Someone waits for it: red slot.
    HoldSlot,
    /// Belongs to another branch: transfer box.
    Transit {
        /// The branch's name.
        branch: String,
    },
    /// To a librarian.
    Counter,
}

/// The sentences of patron-experience.md section 7 a reader can meet here. The key in the
/// translations is `err.` and the name in snake case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Card seen, nothing usable.
    CardUnread,
    /// The library system does not know it.
    CardUnknown,
    /// Validity over.
    CardExpired,
    /// Reported lost.
    CardLost,
    /// Any other block.
    CardBlocked,
    /// An item where a card is expected.
    CardIsItem,
    /// A card on the item pad.
    ItemIsCard,
    /// Two patron cards.
    TwoCards,
    /// A card of an issuer without agreement.
    CardOther,
    /// A patron's code that is older than its time.
    QrExpired,
    /// A patron's code that was shown before.
    QrUsed,
    /// PIN not accepted.
    PinWrong,
    /// Too many wrong PINs.
    PinLocked {
        /// Minutes to wait.
        minutes: u32,
    },
    /// Loans allowed used up.
    Limit,
    /// Several over the limit.
    OverBy {
        /// How many over.
        n: u32,
    },
    /// Debt over the limit.
    Fees,
    /// Overdue items block.
    LateItems,
    /// Not for loan.
    InLibrary,
    /// Reserved by another.
    HeldOther,
    /// Still on another account.
    OnLoanOther,
    /// Own loan: renew?
    AlreadyYours,
    /// The library system does not know it.
    ItemUnknown,
    /// Withdrawn or marked lost.
    Withdrawn,
    /// Age rule.
    Age,
    /// Parts of a set missing.
    PartsMissing {
        /// Parts in the set.
        all: u32,
        /// Parts seen.
        got: u32,
    },
    /// This kind of media is lent at the desk.
    MediaHere,
    /// Tag data unreadable.
    TagBad,
    /// Owner not in our union.
    TagForeign,
    /// Loan yes, security write no.
    SecFail,
    /// Security write no, loan cancelled.
    SecFailUndo,
    /// Taken away while writing.
    Lifted,
    /// Renewal: held by another.
    RenewHeld,
    /// Renewal: none left.
    RenewMax,
    /// Renewal: too early.
    RenewEarly,
    /// The library system refuses the return.
    RetNo,
    /// Not our item.
    RetOther,
    /// Link lost.
    IlsDown,
    /// Off-line rule.
    OfflineLimit,
    /// Sent, and the answer never came: staff will look.
    Unsure,
    /// Reader lost.
    ReaderDown,
    /// Printer out of paper.
    PaperOut,
    /// Printer down.
    PrintFail,
    /// The journal cannot be written.
    QueueFull,
    /// Refused without a reason the station knows.
    AskStaff,
}

/// 5.8: loans and renewing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loans {
    /// Whose.
    pub patron: PatronBadge,
    /// Still being fetched.
    pub loading: bool,
    /// By due date, overdue first.
    pub loans: Vec<LoanLine>,
    /// How many renewals were asked for and done, `(ok, no)`, after "renew all".
    pub renewed: Option<(u32, u32)>,
    /// A renewal is being asked.
    pub busy: bool,
}

/// One loan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoanLine {
    /// Stable within the session.
    pub id: u32,
    /// Title, or item number.
    pub title: String,
    /// Due day, where the library system tells one.
    pub due: Option<Date>,
    /// Days late, 0 when not.
    pub days_late: u32,
    /// What can be or was done.
    pub state: LoanState,
}

/// What can be or was done with one loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoanState {
    /// Renewal can be asked for.
    Renewable,
    /// Being asked.
    Asking,
    /// Renewed; `due` is the new day.
    Renewed,
    /// Not renewed, and why.
    Refused(Advice),
}

/// 5.11: what was done in this session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finish {
    /// Lent.
    pub borrowed: u32,
    /// Returned.
    pub returned: u32,
    /// Renewed.
    pub renewed: u32,
    /// Noted, registered later.
    pub queued: u32,
    /// Earliest due day of what was lent.
    pub first_due: Option<Date>,
    /// What was not done, and where it goes.
    pub not_done: Vec<Line>,
    /// Receipt question and its outcome.
    pub receipt: Receipt,
    /// Seconds until the session ends by itself.
    pub seconds: u32,
}

/// The receipt question and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Receipt {
    /// Nothing to print.
    None,
    /// "Would you like a receipt?"
    Ask {
        /// A printer is ready.
        paper: bool,
    },
    /// Sent to the printer, not confirmed yet.
    Printing,
    /// The printer confirmed the paper.
    Printed,
    /// The printer cannot confirm: take it if it came.
    MaybePrinted,
    /// It did not print.
    Failed(Advice),
    /// Nobody knows whether it printed; it can be asked for again as a copy.
    Unknown,
    /// On the phone.
    Phone(Qr),
    /// No receipt wanted.
    Declined,
}

/// A QR symbol without its quiet zone, row by row, `true` = dark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Qr {
    /// Modules per side.
    pub side: u32,
    /// `side * side` modules.
    #[serde(skip)]
    pub dark: Vec<bool>,
}

/// What a finger, key or script asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Touch {
    /// Borrow.
    Borrow,
    /// Return.
    GiveBack,
    /// Loans and renewing.
    Account,
    /// The other language.
    Language,
    /// High contrast on or off.
    Contrast,
    /// Large print on or off.
    LargePrint,
    /// Help on or off.
    Help,
    /// Call a librarian.
    CallStaff,
    /// Back.
    Back,
    /// Finish, or end now on the finish page.
    Finish,
    /// A digit of the PIN pad, 0 to 9.
    Digit(u8),
    /// Delete the last digit.
    Delete,
    /// Confirm the PIN.
    Ok,
    /// Answer to "How many?"; 11 stands for "more".
    Count(u8),
    /// Yes on a line's question.
    Yes(u32),
    /// No on a line's question.
    No(u32),
    /// Take a line back.
    Undo(u32),
    /// Renew one loan.
    Renew(u32),
    /// Renew all.
    RenewAll,
    /// Receipt on paper.
    Paper,
    /// Receipt on the phone.
    Phone,
    /// No receipt.
    NoReceipt,
    /// Go on borrowing or returning from the finish page.
    More,
    /// Still here.
    Continue,
    /// End now, from the warning.
    EndNow,
}

impl Screen {
    /// Name in scripts, tests and headless output.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Attract { .. } => "attract",
            Self::Choose { .. } => "choose",
            Self::Identify { .. } => "identify",
            Self::Pin { .. } => "pin",
            Self::Borrow(_) => "borrow",
            Self::GiveBack(_) => "return",
            Self::Count { .. } => "count",
            Self::Loans(_) => "loans",
            Self::Finish(_) => "finish",
            Self::Trouble { .. } => "trouble",
        }
    }
}

/// The workbench beside the station: what a person plays with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bench {
    /// Cards to show.
    pub cards: Vec<BenchCard>,
    /// Books on the shelf, laid ones included.
    pub books: Vec<BenchBook>,
    /// The paper so far, newest at the bottom; `None` before the first receipt.
    pub paper: Option<Picture>,
    /// The wire, newest last; bounded by the sender.
    pub wire: Vec<WireLine>,
    /// Faults that are on.
    pub faults: Vec<BenchFault>,
    /// The station is being started again after a power cut.
    pub restarting: bool,
}

/// A card chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchCard {
    /// For [`BenchTouch::Card`].
    pub id: String,
    /// Name on the chip (the practice collection's invented readers).
    pub label: String,
    /// Lying at the light now.
    pub shown: bool,
}

/// A book spine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchBook {
    /// For [`BenchTouch::Book`].
    pub id: String,
    /// On the spine.
    pub title: String,
    /// Lying on the pad.
    pub on_pad: bool,
    /// The gate would be silent: lent.
    pub released: bool,
    /// Which colour of the shelf's set.
    pub colour: u8,
}

/// A grey picture, one byte a pixel, 255 = paper.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height` bytes.
    pub grey: std::sync::Arc<[u8]>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

/// One line of the wire view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireLine {
    /// Time of day, `14:02:11.204`.
    pub time: String,
    /// Which wire.
    pub wire: Wire,
    /// Station to device (`true`) or device to station.
    pub out: bool,
    /// Plain words in the language of the moment.
    pub words: String,
    /// Bytes in hex, personal data blanked out; shown on demand.
    pub bytes: String,
}

/// Which wire a line belongs to; one colour each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wire {
    /// Library system.
    Sip2,
    /// RFID reader.
    Rfid,
    /// Printer.
    Printer,
    /// Journal.
    Journal,
}

/// The faults of the workbench.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BenchFault {
    /// The network is off.
    NetworkOff,
    /// The printer has no paper.
    PaperOut,
    /// The reader is unplugged.
    ReaderUnplugged,
    /// The next book is pulled away while its tag is written.
    PullWhileWriting,
    /// The power is cut, and comes back.
    PowerCut,
}

/// What a person did at the workbench.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BenchTouch {
    /// Show or take away a card.
    Card(String),
    /// Lay or lift a book.
    Book(String),
    /// Switch a fault.
    Fault(BenchFault),
    /// Start over: new day, everything back on the shelf.
    Restart,
    /// The bench's own language.
    Language,
    /// Tear the paper off.
    TearPaper,
}
