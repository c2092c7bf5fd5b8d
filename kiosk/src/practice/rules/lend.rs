//! Borrowing and renewing.

use jiff::ToSpan;
use jiff::civil::Date;

use super::{Policy, Refusal};
use crate::practice::model::{Block, CardState, Circulation, LocalTime};
use crate::practice::money::Fen;

/// What the rules need to know of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its state.
    pub state: CardState,
    /// Last day of validity.
    pub expires: Date,
    /// Day of birth; `None` counts as grown up.
    pub born: Option<Date>,
    /// Items on loan.
    pub loans: u32,
    /// Items allowed.
    pub loan_limit: u32,
    /// Items overdue.
    pub overdue: u32,
    /// Money owed.
    pub fees: Fen,
    /// Money that may be owed before borrowing stops.
    pub fee_limit: Fen,
}

/// What the rules need to know of an item, seen from one patron.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Whether it circulates.
    pub circulation: Circulation,
    /// Youngest age in years it is lent to.
    pub age_from: Option<u8>,
    /// Its own loan period in days.
    pub loan_days: Option<u16>,
    /// Whether it is on loan.
    pub lent: Lent,
    /// Whose turn it is.
    pub held: HeldFor,
}

/// Where an item is, seen from one patron.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lent {
    /// Not on loan.
    No,
    /// To this patron.
    Yours(OwnLoan),
    /// To somebody else.
    Other,
}

/// A patron's own open loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnLoan {
    /// Due.
    pub due: LocalTime,
    /// Renewals so far.
    pub renewals: u16,
}

/// Who is first in the queue of holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldFor {
    /// No holds.
    Nobody,
    /// This patron.
    You,
    /// Another patron.
    Other,
}

/// What a checkout becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lending {
    /// A new loan.
    Loan {
        /// Due.
        due: LocalTime,
    },
    /// The renewal of the patron's own loan.
    Renewal {
        /// New due time.
        due: LocalTime,
    },
}

impl Card {
    /// Why the card as such cannot be used, whatever the item.
    #[must_use]
    pub fn refusal(&self, today: Date) -> Option<Refusal> {
        match self.state {
            CardState::Lost => Some(Refusal::CardLost),
            CardState::Blocked => Some(Refusal::CardBlocked),
            CardState::Active if self.expires < today => Some(Refusal::CardExpired),
            CardState::Active => None,
        }
    }

    /// Why the account allows nothing more: debts, then overdue items.
    #[must_use]
    pub fn account_refusal(&self, policy: &Policy) -> Option<Refusal> {
        if self.fees > self.fee_limit {
            Some(Refusal::Fees)
        } else if self.overdue > u32::from(policy.overdue_limit) {
            Some(Refusal::LateItems)
        } else {
            None
        }
    }

    fn too_young(&self, age_from: Option<u8>, today: Date) -> bool {
        let (Some(from), Some(born)) = (age_from, self.born) else { return false };
        let mut years = today.year() - born.year();
        if (today.month(), today.day()) < (born.month(), born.day()) {
            years -= 1;
        }
        years < i16::from(from)
    }
}

/// Decides a checkout (11).
///
/// The order of the checks is the order a librarian would explain them in: the card, the item,
/// then the account. With [`Block::No`] the loan has already happened (sip2.md section 5) and only
/// what cannot be recorded is refused: unknown numbers are refused by the caller, a withdrawn item
/// or one lent to somebody else here.
///
/// `promised_due` is the no-block due date, used only with [`Block::No`].
///
/// # Errors
/// The first refusal that applies.
pub fn may_borrow(
    card: &Card,
    copy: &Copy,
    policy: &Policy,
    now: LocalTime,
    block: Block,
    sc_renewal: bool,
    promised_due: Option<LocalTime>,
) -> Result<Lending, Refusal> {
    let today = now.date();
    if block == Block::Allowed
        && let Some(refusal) = card.refusal(today)
    {
        return Err(refusal);
    }
    if matches!(copy.circulation, Circulation::Withdrawn | Circulation::Lost) {
        return Err(Refusal::Withdrawn);
    }
    if copy.lent == Lent::Other {
        return Err(Refusal::OnLoanOther);
    }
    let due = || promised_due.unwrap_or_else(|| due_after(today, loan_days(copy, policy)));
    if block == Block::No {
        return Ok(match copy.lent {
            Lent::Yours(loan) => Lending::Renewal { due: due().max(loan.due) },
            Lent::No | Lent::Other => Lending::Loan { due: due() },
        });
    }
    if copy.circulation == Circulation::NotForLoan {
        return Err(Refusal::InLibrary);
    }
    if let Lent::Yours(_) = copy.lent {
        if !sc_renewal {
            return Err(Refusal::AlreadyYours);
        }
        return may_renew(card, copy, policy, now, block, None).map(|due| Lending::Renewal { due });
    }
    if copy.held == HeldFor::Other {
        return Err(Refusal::HeldOther);
    }
    if card.too_young(copy.age_from, today) {
        return Err(Refusal::Age);
    }
    if let Some(refusal) = card.account_refusal(policy) {
        return Err(refusal);
    }
    if card.loans >= card.loan_limit {
        return Err(Refusal::Limit);
    }
    Ok(Lending::Loan { due: due_after(today, loan_days(copy, policy)) })
}

/// Decides a renewal (29, 65, or 11 on the patron's own loan) and gives the new due time, which is
/// never earlier than the present one.
///
/// # Errors
/// The first refusal that applies.
pub fn may_renew(
    card: &Card,
    copy: &Copy,
    policy: &Policy,
    now: LocalTime,
    block: Block,
    promised_due: Option<LocalTime>,
) -> Result<LocalTime, Refusal> {
    let today = now.date();
    if block == Block::Allowed
        && let Some(refusal) = card.refusal(today)
    {
        return Err(refusal);
    }
    let Lent::Yours(loan) = copy.lent else { return Err(Refusal::RenewNotLent) };
    let days = copy.loan_days.map_or(policy.renew_days, |own| own.min(policy.renew_days));
    if block == Block::No {
        return Ok(promised_due.unwrap_or_else(|| due_after(today, days)).max(loan.due));
    }
    if copy.held == HeldFor::Other {
        return Err(Refusal::RenewHeld);
    }
    if loan.renewals >= policy.max_renewals {
        return Err(Refusal::RenewMax);
    }
    if let Some(refusal) = card.account_refusal(policy) {
        return Err(refusal);
    }
    if let Some(within) = policy.renew_within_days
        && due_after(today, within) < loan.due
    {
        return Err(Refusal::RenewEarly);
    }
    Ok(due_after(today, days).max(loan.due))
}

fn loan_days(copy: &Copy, policy: &Policy) -> u16 {
    copy.loan_days.unwrap_or(policy.loan_days)
}

/// The end of the `days`-th day after `today`: 23:59:00 on the library's clock.
fn due_after(today: Date, days: u16) -> LocalTime {
    today.saturating_add(i64::from(days).days()).at(23, 59, 0, 0)
}
