//! The figures the rules work with.

use serde::{Deserialize, Serialize};

/// Longest period accepted, in days.
pub(in crate::practice) const MAX_PERIOD_DAYS: u16 = 3650;

/// The library's figures; the data file's `rules` entry. Anything left out keeps the default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Loan period in days for items without their own.
    pub loan_days: u16,
    /// Renewal period in days, counted from the day of renewal. An item's own shorter period
    /// also shortens its renewal.
    pub renew_days: u16,
    /// Renewals of one loan.
    pub max_renewals: u16,
    /// Renewal is possible from this many days before the due day; `None` = at any time.
    pub renew_within_days: Option<u16>,
    /// More overdue items than this stop further loans and renewals.
    pub overdue_limit: u16,
    /// Fee per day overdue, in fen.
    pub late_fee_fen_per_day: u32,
    /// Most that one overdue loan can cost, in fen.
    pub late_fee_cap_fen: u32,
    /// Whether handing in an item that is not on loan is answered ok (`checked_in_ok` of Koha,
    /// sip2.md section 10).
    pub checked_in_ok: bool,
    /// A loan or return can be undone (BI=Y) for this long, in minutes.
    pub undo_minutes: u16,
    /// A hold waits on the shelf for this long, in days (told in CM).
    pub hold_shelf_days: u16,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            loan_days: 30,
            renew_days: 30,
            max_renewals: 2,
            renew_within_days: None,
            overdue_limit: 0,
            late_fee_fen_per_day: 10,
            late_fee_cap_fen: 2000,
            checked_in_ok: true,
            undo_minutes: 10,
            hold_shelf_days: 7,
        }
    }
}
