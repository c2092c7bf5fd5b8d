//! Taking items back.

use jiff::Unit;

use super::Policy;
use crate::practice::model::{Circulation, LocalTime};
use crate::practice::money::Fen;

/// What the rules need to know when an item is handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Whether it circulates.
    pub circulation: Circulation,
    /// Branch it belongs to.
    pub home: String,
    /// Branch of the station.
    pub here: String,
    /// The loan it is on.
    pub loan: Option<OpenLoan>,
    /// Pickup branch of the first hold.
    pub hold_pickup: Option<String>,
    /// When it was handed in (with `no block` the return date).
    pub handed_in: LocalTime,
}

/// An open loan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenLoan {
    /// Lent.
    pub lent_at: LocalTime,
    /// Due.
    pub due: LocalTime,
}

/// Where a returned item goes; alert types of sip2.md section 6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Routing {
    /// Back to the shelf.
    Shelf,
    /// To the hold shelf of this branch (CV 01).
    HoldHere,
    /// To another branch where a patron waits (CV 02).
    HoldElsewhere(String),
    /// To the branch it belongs to (CV 04).
    Home(String),
    /// To a librarian (CV 99).
    Exception,
}

/// What is said about a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnNote {
    /// It was not on loan.
    NotOnLoan,
    /// It was declared lost.
    Found,
    /// It is withdrawn.
    Withdrawn,
}

/// The decision about a return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnDecision {
    /// Whether the return is accepted.
    pub ok: bool,
    /// Whether the open loan ends.
    pub closes_loan: bool,
    /// Where the item goes.
    pub routing: Routing,
    /// Fee for being late.
    pub fee: Fen,
    /// Days late.
    pub late_days: u32,
    /// What is said.
    pub note: Option<ReturnNote>,
}

/// Decides a return (09) of a known item.
///
/// A return reported late (`no block`) that lies before the present loan began does not end that
/// loan: the item has been lent again since.
#[must_use]
pub fn decide_return(arrival: &Arrival, policy: &Policy) -> ReturnDecision {
    if arrival.circulation == Circulation::Withdrawn {
        return ReturnDecision {
            ok: false,
            closes_loan: false,
            routing: Routing::Exception,
            fee: Fen::ZERO,
            late_days: 0,
            note: Some(ReturnNote::Withdrawn),
        };
    }
    let loan = arrival.loan.filter(|loan| loan.lent_at <= arrival.handed_in);
    let found = arrival.circulation == Circulation::Lost;
    let note = match loan {
        _ if found => Some(ReturnNote::Found),
        None => Some(ReturnNote::NotOnLoan),
        Some(_) => None,
    };
    let ok = loan.is_some() || found || policy.checked_in_ok;
    let late_days = loan.map_or(0, |loan| overdue_days(loan.due, arrival.handed_in));
    ReturnDecision {
        ok,
        closes_loan: loan.is_some(),
        routing: if ok && !found { route(arrival) } else { Routing::Exception },
        fee: overdue_fee(late_days, policy),
        late_days,
        note,
    }
}

fn route(arrival: &Arrival) -> Routing {
    match &arrival.hold_pickup {
        Some(pickup) if *pickup == arrival.here => Routing::HoldHere,
        Some(pickup) => Routing::HoldElsewhere(pickup.clone()),
        None if arrival.home == arrival.here => Routing::Shelf,
        None => Routing::Home(arrival.home.clone()),
    }
}

/// Whole days after the due day; 0 on the due day itself.
#[must_use]
pub fn overdue_days(due: LocalTime, at: LocalTime) -> u32 {
    due.date()
        .until((Unit::Day, at.date()))
        .map_or(0, |span| u32::try_from(span.get_days()).unwrap_or(0))
}

/// The fee for a number of days, capped.
#[must_use]
pub fn overdue_fee(days: u32, policy: &Policy) -> Fen {
    let fee = i64::from(days) * i64::from(policy.late_fee_fen_per_day);
    Fen(fee.min(i64::from(policy.late_fee_cap_fen)))
}
