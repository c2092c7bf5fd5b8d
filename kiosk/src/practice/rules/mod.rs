//! The library's rules as pure decisions: facts in, decision out. No clock, no database.

mod lend;
mod policy;
mod refusal;
mod returns;

pub use lend::{Card, Copy, HeldFor, Lending, Lent, OwnLoan, may_borrow, may_renew};
pub(in crate::practice) use policy::MAX_PERIOD_DAYS;
pub use policy::Policy;
pub use refusal::Refusal;
pub use returns::{
    Arrival, OpenLoan, ReturnDecision, ReturnNote, Routing, decide_return, overdue_days,
    overdue_fee,
};

#[cfg(test)]
mod tests;
