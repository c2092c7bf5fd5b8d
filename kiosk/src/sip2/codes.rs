//! Code tables (sip2.md section 6).

use std::fmt;

/// Two-digit codes of a fixed part. What is not in the table is kept as a number; what is not even
/// a number is `Unstated` and written as two blanks.
macro_rules! two_digit_codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)+
            /// A code by local agreement, 0 to 99.
            Local(u8),
            /// Not a number.
            #[default]
            Unstated,
        }

        impl $name {
            /// Reads two digits.
            #[must_use]
            #[inline]
            pub fn from_digits(digits: [u8; 2]) -> Self {
                let [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = digits else { return Self::Unstated };
                match (tens - b'0') * 10 + (ones - b'0') {
                    $($code => Self::$variant,)+
                    other => Self::Local(other),
                }
            }

            /// The two bytes on the wire. A local code above 99 has no wire form and is unstated.
            #[must_use]
            pub fn digits(self) -> [u8; 2] {
                let code = match self {
                    $(Self::$variant => $code,)+
                    Self::Local(code @ 0..=99) => code,
                    Self::Local(_) | Self::Unstated => return *b"  ",
                };
                [b'0' + code / 10, b'0' + code % 10]
            }
        }
    };
}

two_digit_codes! {
    /// Circulation status of an item (18).
    CirculationStatus {
        /// None of the others.
        Other = 1,
        /// On order.
        OnOrder = 2,
        /// Available.
        Available = 3,
        /// Charged.
        Charged = 4,
        /// Charged, not to be recalled yet.
        ChargedNotRecallable = 5,
        /// In process.
        InProcess = 6,
        /// Recalled.
        Recalled = 7,
        /// On the hold shelf.
        OnHoldShelf = 8,
        /// Waiting to be re-shelved.
        ToReshelve = 9,
        /// In transit between branches.
        InTransit = 10,
        /// Claimed returned.
        ClaimedReturned = 11,
        /// Lost.
        Lost = 12,
        /// Missing.
        Missing = 13,
    }
}

impl CirculationStatus {
    /// Whether the item is out on loan.
    #[must_use]
    pub fn is_charged(self) -> bool {
        matches!(self, Self::Charged | Self::ChargedNotRecallable | Self::Recalled)
    }

    /// Whether the library has the item back. An unanswered 09 followed by ok=0 counts as done
    /// then (sip2.md section 3: 03, 08, 09, 10).
    #[must_use]
    pub fn is_returned(self) -> bool {
        matches!(self, Self::Available | Self::OnHoldShelf | Self::ToReshelve | Self::InTransit)
    }
}

two_digit_codes! {
    /// Security marker of an item (18). The protocol has no value for RFID.
    SecurityMarker {
        /// None of the others.
        Other = 0,
        /// No marker.
        None = 1,
        /// Tattle-Tape strip.
        TattleTape = 2,
        /// Whisper Tape.
        WhisperTape = 3,
    }
}

two_digit_codes! {
    /// Fee type (18, 37).
    FeeType {
        /// None of the others.
        Other = 1,
        /// Administrative.
        Administrative = 2,
        /// Damage.
        Damage = 3,
        /// Overdue.
        Overdue = 4,
        /// Processing.
        Processing = 5,
        /// Rental.
        Rental = 6,
        /// Replacement.
        Replacement = 7,
        /// Computer access.
        ComputerAccess = 8,
        /// Hold fee.
        Hold = 9,
    }
}

two_digit_codes! {
    /// Payment type (37). WeChat and Alipay have no standard value: use `Local`.
    PaymentType {
        /// Cash.
        Cash = 0,
        /// VISA.
        Visa = 1,
        /// Credit card.
        CreditCard = 2,
    }
}

/// Magnetic media (10, 12, 30).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MagneticMedia {
    /// The item is magnetic.
    Yes,
    /// It is not.
    No,
    /// The library system does not know.
    #[default]
    Unknown,
}

/// What 99 says of the station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ScStatusCode {
    /// Everything works.
    #[default]
    Ok,
    /// The receipt printer is out of paper.
    OutOfPaper,
    /// The station is about to shut down.
    ShuttingDown,
}

/// What 15 does with a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum HoldMode {
    /// `+`.
    #[default]
    Add,
    /// `-`.
    Delete,
    /// `*`.
    Change,
}

/// A language code of a fixed part, 0 to 999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Language(pub u16);

impl Language {
    /// 000.
    pub const UNKNOWN: Self = Self(0);
    /// 001.
    pub const ENGLISH: Self = Self(1);
    /// 019.
    pub const CHINESE: Self = Self(19);
}

/// Alert type of a return, field `CV` (3M extension; table of sip2.md section 6).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum AlertType {
    /// 00: unknown or none.
    #[default]
    None,
    /// 01: on hold, pickup here.
    HoldHere,
    /// 02: on hold, pickup at the branch in `CT`.
    HoldElsewhere,
    /// 03: on hold for inter-library loan.
    InterLibraryLoan,
    /// 04: belongs to the branch in `CT` or `AQ`.
    OtherBranch,
    /// 98: data problem.
    DataProblem,
    /// 99: other; unknown, withdrawn, lost, extra parts.
    Other,
    /// Anything else, as written. Goes to the exception bin.
    Unlisted(String),
}

impl AlertType {
    /// Reads the value of `CV`.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        match text.as_str() {
            "00" => Self::None,
            "01" => Self::HoldHere,
            "02" => Self::HoldElsewhere,
            "03" => Self::InterLibraryLoan,
            "04" => Self::OtherBranch,
            "98" => Self::DataProblem,
            "99" => Self::Other,
            _ => Self::Unlisted(text),
        }
    }

    /// The value on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::None => "00",
            Self::HoldHere => "01",
            Self::HoldElsewhere => "02",
            Self::InterLibraryLoan => "03",
            Self::OtherBranch => "04",
            Self::DataProblem => "98",
            Self::Other => "99",
            Self::Unlisted(text) => text,
        }
    }
}

/// The lists 63 can ask for, in their positions of field "summary".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SummaryList {
    /// Position 0, answered in `AS`.
    HoldItems,
    /// Position 1, `AT`.
    OverdueItems,
    /// Position 2, `AU`.
    ChargedItems,
    /// Position 3, `AV`.
    FineItems,
    /// Position 4, `BU`.
    RecallItems,
    /// Position 5, `CD`.
    UnavailableHolds,
}

/// Field "summary" of 63: ten positions, at most one marked by a station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Summary(pub [bool; 10]);

impl Summary {
    /// Asks for no list, only for the counts.
    pub const NONE: Self = Self([false; 10]);

    /// Asks for one list.
    #[must_use]
    pub fn of(list: SummaryList) -> Self {
        let mut summary = Self::NONE;
        summary.0[list as usize] = true;
        summary
    }

    /// Whether a list is asked for.
    #[must_use]
    pub fn asks(&self, list: SummaryList) -> bool {
        self.0[list as usize]
    }
}

/// Field "patron status" of 24, 26, 64: fourteen positions.
///
/// Only [`PatronFlags::stops_borrowing`] stops borrowing; the other positions are reasons to
/// display (an active patron can carry one, sip2.md section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PatronFlags(pub [bool; 14]);

/// A position of "patron status".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PatronFlag {
    /// Charge privileges denied.
    ChargeDenied,
    /// Renewal privileges denied.
    RenewalDenied,
    /// Recall privileges denied.
    RecallDenied,
    /// Hold privileges denied.
    HoldDenied,
    /// Card reported lost.
    CardLost,
    /// Too many items charged.
    TooManyCharged,
    /// Too many items overdue.
    TooManyOverdue,
    /// Too many renewals.
    TooManyRenewals,
    /// Too many claims of items returned.
    TooManyClaims,
    /// Too many items lost.
    TooManyLost,
    /// Excessive outstanding fines.
    ExcessiveFines,
    /// Excessive outstanding fees.
    ExcessiveFees,
    /// Recall overdue.
    RecallOverdue,
    /// Too many items billed.
    TooManyBilled,
}

impl PatronFlags {
    /// Whether a position is marked.
    #[must_use]
    pub fn has(&self, flag: PatronFlag) -> bool {
        self.0[flag as usize]
    }

    /// The same with a position marked.
    #[must_use]
    pub fn with(mut self, flag: PatronFlag) -> Self {
        self.0[flag as usize] = true;
        self
    }

    /// Whether the patron may not borrow: positions 0 and 4.
    #[must_use]
    pub fn stops_borrowing(&self) -> bool {
        self.has(PatronFlag::ChargeDenied) || self.has(PatronFlag::CardLost)
    }
}

/// ASCII text of exact width in a fixed part (currency, version, algorithm).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FixedText<const N: usize>([u8; N]);

impl<const N: usize> FixedText<N> {
    /// Takes text, cut or filled with blanks to the width; what is not printable ASCII, and `|`,
    /// becomes a blank.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::from_bytes(text.as_bytes())
    }

    /// The same from bytes.
    #[must_use]
    #[inline]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut out = [b' '; N];
        for (at, &from) in bytes.iter().enumerate().take(N) {
            if from.is_ascii_graphic() && from != b'|' {
                out[at] = from;
            }
        }
        Self(out)
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// The text with its filling blanks.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII is stored")
    }
}

impl<const N: usize> Default for FixedText<N> {
    fn default() -> Self {
        Self([b' '; N])
    }
}

impl<const N: usize> From<&str> for FixedText<N> {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<const N: usize> fmt::Debug for FixedText<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

macro_rules! wire_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
        pub struct $name(pub String);

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

wire_text! {
    /// An amount of money in major units as the library system wrote it, `3.50` (BV, CC).
    Amount
}

impl Amount {
    /// An amount of so many hundredths.
    #[must_use]
    pub fn of_minor_units(hundredths: i64) -> Self {
        let sign = if hundredths < 0 { "-" } else { "" };
        let positive = hundredths.unsigned_abs();
        Self(format!("{sign}{}.{:02}", positive / 100, positive % 100))
    }

    /// The amount in hundredths (fen, cents), or `None` when it is no decimal number of at most two
    /// places. Never through floating point.
    #[must_use]
    pub fn minor_units(&self) -> Option<i64> {
        let text = self.0.trim();
        let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && part.is_empty())
            || part.len() > 2
            || !digits(whole)
            || !digits(part)
        {
            return None;
        }
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let hundredths: i64 = format!("{part:0<2}").parse().ok()?;
        Some(sign * whole.checked_mul(100)?.checked_add(hundredths)?)
    }
}

wire_text! {
    /// A number as the library system wrote it, `0010` (BZ, CA, CB, CF, BR).
    Number
}

impl Number {
    /// Its value, or `None` when it is none.
    #[must_use]
    pub fn value(&self) -> Option<u32> {
        self.0.trim().parse().ok()
    }
}

wire_text! {
    /// Field `BX` of 98: which requests the library system says it answers. It may be short and it
    /// may lie (dp2 marks all sixteen), so an unanswered request must still time out.
    SupportedMessages
}

/// A position of `BX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Supported {
    /// 23.
    PatronStatus,
    /// 11.
    Checkout,
    /// 09.
    Checkin,
    /// 01.
    BlockPatron,
    /// 99.
    ScStatus,
    /// 97.
    Resend,
    /// 93.
    Login,
    /// 63.
    PatronInformation,
    /// 35.
    EndSession,
    /// 37.
    FeePaid,
    /// 17.
    ItemInformation,
    /// 19.
    ItemStatusUpdate,
    /// 25.
    PatronEnable,
    /// 15.
    Hold,
    /// 29.
    Renew,
    /// 65.
    RenewAll,
}

impl SupportedMessages {
    /// Whether a request is advertised. Positions missing from a short field are not.
    #[must_use]
    pub fn supports(&self, message: Supported) -> bool {
        self.0.as_bytes().get(message as usize) == Some(&b'Y')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_decimal() {
        for (text, want) in [
            ("3.50", Some(350)),
            ("3.5", Some(350)),
            ("3", Some(300)),
            (".05", Some(5)),
            ("-1.25", Some(-125)),
            ("", None),
            (".", None),
            ("3.505", None),
            ("3,50", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(Amount::from(text).minor_units(), want, "{text}");
        }
    }

    #[test]
    fn only_two_positions_stop_borrowing() {
        assert!(!PatronFlags::default().with(PatronFlag::RecallDenied).stops_borrowing());
        assert!(PatronFlags::default().with(PatronFlag::ChargeDenied).stops_borrowing());
        assert!(PatronFlags::default().with(PatronFlag::CardLost).stops_borrowing());
    }

    #[test]
    fn codes_outside_the_table_survive() {
        assert_eq!(CirculationStatus::from_digits(*b"03"), CirculationStatus::Available);
        assert_eq!(CirculationStatus::from_digits(*b"47"), CirculationStatus::Local(47));
        assert_eq!(CirculationStatus::from_digits(*b"4x").digits(), *b"  ");
        assert_eq!(PaymentType::Local(130).digits(), *b"  ");
        assert_eq!(PaymentType::Local(6).digits(), *b"06");
    }

    #[test]
    fn a_short_list_of_messages_is_read() {
        let short = SupportedMessages::from("YYN");
        assert!(short.supports(Supported::Checkout));
        assert!(!short.supports(Supported::Checkin) && !short.supports(Supported::RenewAll));
    }
}
