//! Why a request is refused.

/// A reason of the library to say no, with its stable codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The patron number is not known.
    CardUnknown,
    /// A PIN was sent and is wrong.
    PinWrong,
    /// The card is reported lost.
    CardLost,
    /// The card is blocked.
    CardBlocked,
    /// The card's validity is over.
    CardExpired,
    /// The patron owes more than the class allows.
    Fees,
    /// Overdue items block further loans.
    LateItems,
    /// The loan limit is reached.
    Limit,
    /// The barcode is not known.
    ItemUnknown,
    /// The item is withdrawn or declared lost.
    Withdrawn,
    /// The item is not for loan.
    InLibrary,
    /// Lent to another patron.
    OnLoanOther,
    /// Already lent to this patron.
    AlreadyYours,
    /// On hold for another patron.
    HeldOther,
    /// The patron is too young for the item.
    Age,
    /// Not renewable: another patron holds it.
    RenewHeld,
    /// Not renewable: renewals used up.
    RenewMax,
    /// Not renewable yet.
    RenewEarly,
    /// Not renewable: not lent to this patron.
    RenewNotLent,
    /// Cancelling comes after the undo window.
    CancelLate,
    /// Nothing was done that could be cancelled.
    CancelNone,
    /// The patron has this hold already.
    HoldExists,
    /// The hold limit is reached.
    HoldLimit,
    /// There is no such hold.
    HoldNone,
    /// The pickup location does not exist.
    HoldBranch,
    /// The amount is zero, unreadable, in another currency or above what is owed.
    FeeAmount,
    /// The transaction number was used for another payment.
    FeeReused,
    /// There is no such fee.
    FeeNone,
    /// The request names an institution the library does not serve (dp2 issue 765).
    Institution,
    /// The library system is closed or refuses everything.
    Closed,
}

impl Refusal {
    /// Every refusal.
    pub const ALL: [Self; 30] = [
        Self::CardUnknown,
        Self::PinWrong,
        Self::CardLost,
        Self::CardBlocked,
        Self::CardExpired,
        Self::Fees,
        Self::LateItems,
        Self::Limit,
        Self::ItemUnknown,
        Self::Withdrawn,
        Self::InLibrary,
        Self::OnLoanOther,
        Self::AlreadyYours,
        Self::HeldOther,
        Self::Age,
        Self::RenewHeld,
        Self::RenewMax,
        Self::RenewEarly,
        Self::RenewNotLent,
        Self::CancelLate,
        Self::CancelNone,
        Self::HoldExists,
        Self::HoldLimit,
        Self::HoldNone,
        Self::HoldBranch,
        Self::FeeAmount,
        Self::FeeReused,
        Self::FeeNone,
        Self::Institution,
        Self::Closed,
    ];

    /// The key of the text in the language resources.
    #[must_use]
    pub fn text_key(self) -> &'static str {
        match self {
            Self::CardUnknown => "card_unknown",
            Self::PinWrong => "pin_wrong",
            Self::CardLost => "card_lost",
            Self::CardBlocked => "card_blocked",
            Self::CardExpired => "card_expired",
            Self::Fees => "fees",
            Self::LateItems => "late_items",
            Self::Limit => "limit",
            Self::ItemUnknown => "item_unknown",
            Self::Withdrawn => "withdrawn",
            Self::InLibrary => "in_library",
            Self::OnLoanOther => "on_loan_other",
            Self::AlreadyYours => "already_yours",
            Self::HeldOther => "held_other",
            Self::Age => "age",
            Self::RenewHeld => "renew_held",
            Self::RenewMax => "renew_max",
            Self::RenewEarly => "renew_early",
            Self::RenewNotLent => "renew_not_lent",
            Self::CancelLate => "cancel_late",
            Self::CancelNone => "cancel_none",
            Self::HoldExists => "hold_exists",
            Self::HoldLimit => "hold_limit",
            Self::HoldNone => "hold_none",
            Self::HoldBranch => "hold_branch",
            Self::FeeAmount => "fee_amount",
            Self::FeeReused => "fee_reused",
            Self::FeeNone => "fee_none",
            Self::Institution => "institution",
            Self::Closed => "closed",
        }
    }

    /// The code of patron-experience.md section 7, where that section has one.
    #[must_use]
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::RenewNotLent
            | Self::CancelLate
            | Self::CancelNone
            | Self::HoldExists
            | Self::HoldLimit
            | Self::HoldNone
            | Self::HoldBranch
            | Self::FeeAmount
            | Self::FeeReused
            | Self::FeeNone
            | Self::Institution => None,
            Self::Closed => Some("ils_down"),
            section_7 => Some(section_7.text_key()),
        }
    }
}
