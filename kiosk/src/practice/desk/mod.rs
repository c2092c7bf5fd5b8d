//! The library's desk: one SIP2 request in, one SIP2 answer out, inside one transaction.
//!
//! Facts are read from the store, [`super::rules`] decide, the outcome is written with its ledger
//! entry. The caller commits before the answer leaves.

mod account;
mod fees;
mod holds;
mod items;
mod lend;
mod renew;
mod returns;
mod system;

use jiff::tz::{TimeZone, offset};

use super::model::{Block, Language, LocalTime, Station};
use super::money::Fen;
use super::rules::{Copy, HeldFor, Lent, OwnLoan, Refusal};
use super::store::{Item, Kind, Library, NewEntry, Patron, StoreError, Tx};
use super::texts;
use crate::sip2::codes::Amount;
use crate::sip2::{Request, Response, SipDate, Zone};

pub(super) use system::{Availability, login_response, status_response};

/// Currency told in BH (sip2.md section 6).
const CURRENCY: &str = "CNY";

/// The library's zone against UTC, in hours: Asia/Shanghai, without daylight saving since 1991.
pub(super) const ZONE_HOURS: i8 = 8;

/// Whether a request that repeats one already done is recognised as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// The previous answer is given again when AY and AZ repeat, and a `no block` loan reported
    /// twice counts once.
    #[default]
    Replay,
    /// Every request is worked on anew, as most library systems do (sip2.md section 3).
    Process,
}

/// Circumstances of one request.
pub(super) struct Asked<'a> {
    pub(super) library: &'a Library,
    pub(super) station: &'a Station,
    /// The library's clock.
    pub(super) now: LocalTime,
    /// Language asked for on this connection, before the patron's own.
    pub(super) language: Option<Language>,
    pub(super) duplicates: Duplicates,
    /// Refuses everything that changes something.
    pub(super) refuse: Option<Refusal>,
}

impl Asked<'_> {
    /// The branch the station stands in: by its login location, else the main library.
    fn branch(&self) -> &str {
        self.library
            .branch_of(&self.station.location)
            .or(self.library.branches.first())
            .map_or("", |branch| &branch.code)
    }

    fn institution(&self) -> String {
        self.library.institution.clone()
    }

    fn stamp(&self) -> SipDate {
        SipDate::local(self.now)
    }

    fn language_for(&self, patron: Option<&Patron>) -> Language {
        self.language.or(patron.map(|patron| patron.language)).unwrap_or_default()
    }

    fn say(&self, patron: Option<&Patron>, refusal: Refusal) -> Vec<String> {
        vec![texts::text(self.language_for(patron), refusal.text_key()).to_owned()]
    }

    /// When something reported by the station happened; never after now.
    fn happened(&self, at: SipDate, block: Block) -> LocalTime {
        match block {
            Block::Allowed => self.now,
            Block::No => local_time(at).map_or(self.now, |at| at.min(self.now)),
        }
    }

    fn record(&self, tx: &Tx<'_>, done: &Done<'_>) -> Result<(), StoreError> {
        tx.record(&NewEntry {
            at: self.now,
            event_at: done.event_at,
            kind: done.kind,
            item: done.item,
            patron: done.patron,
            station: self.station,
            branch: done.branch.unwrap_or_else(|| self.branch()),
            block: done.block,
            amount: done.amount,
            reference: done.reference,
        })
    }
}

/// What goes to the ledger.
struct Done<'a> {
    kind: Kind,
    event_at: LocalTime,
    item: Option<&'a str>,
    patron: Option<&'a str>,
    branch: Option<&'a str>,
    block: Block,
    amount: Option<Fen>,
    reference: Option<&'a str>,
}

impl<'a> Done<'a> {
    fn new(kind: Kind, asked: &Asked<'_>) -> Self {
        Self {
            kind,
            event_at: asked.now,
            item: None,
            patron: None,
            branch: None,
            block: Block::Allowed,
            amount: None,
            reference: None,
        }
    }

    fn item(mut self, item: &'a str) -> Self {
        self.item = Some(item);
        self
    }

    fn patron(mut self, patron: &'a str) -> Self {
        self.patron = Some(patron);
        self
    }
}

/// Answers a request. Login, status and resend belong to the connection and give `None`.
pub(super) fn answer(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &Request,
) -> Result<Option<Response>, StoreError> {
    tx.expire_holds(asked.now)?;
    Ok(Some(match request {
        Request::Checkout(request) => lend::checkout(tx, asked, request)?.into(),
        Request::Checkin(request) => returns::checkin(tx, asked, request)?.into(),
        Request::Renew(request) => renew::renew(tx, asked, request)?.into(),
        Request::RenewAll(request) => renew::renew_all(tx, asked, request)?.into(),
        Request::PatronStatus(request) => account::status(tx, asked, request)?.into(),
        Request::PatronInformation(request) => account::information(tx, asked, request)?.into(),
        Request::BlockPatron(request) => account::block(tx, asked, request)?.into(),
        Request::PatronEnable(request) => account::enable(tx, asked, request)?.into(),
        Request::EndSession(request) => account::end_session(asked, request).into(),
        Request::FeePaid(request) => fees::paid(tx, asked, request)?.into(),
        Request::Hold(request) => holds::hold(tx, asked, request)?.into(),
        Request::ItemInformation(request) => items::information(tx, asked, request)?.into(),
        Request::ItemStatusUpdate(request) => items::update(tx, asked, request)?.into(),
        Request::Login(_) | Request::ScStatus(_) | Request::Resend(_) => return Ok(None),
    }))
}

/// Whether a request can change something: these are the ones a lost answer puts in doubt.
pub(super) fn changes(request: &Request) -> bool {
    matches!(
        request,
        Request::Checkout(_)
            | Request::Checkin(_)
            | Request::Renew(_)
            | Request::RenewAll(_)
            | Request::FeePaid(_)
            | Request::Hold(_)
            | Request::BlockPatron(_)
            | Request::PatronEnable(_)
            | Request::ItemStatusUpdate(_)
    )
}

/// An item as the rules see it for one patron.
fn copy_for(tx: &Tx<'_>, item: &Item, patron: &str) -> Result<Copy, StoreError> {
    let lent = match tx.open_loan(&item.barcode)? {
        None => Lent::No,
        Some(loan) if loan.patron.expose() == patron => {
            Lent::Yours(OwnLoan { due: loan.due, renewals: loan.renewals })
        }
        Some(_) => Lent::Other,
    };
    let held = match tx.holds_on(&item.barcode)?.first() {
        None => HeldFor::Nobody,
        Some(hold) if hold.patron.expose() == patron => HeldFor::You,
        Some(_) => HeldFor::Other,
    };
    Ok(Copy {
        circulation: item.circulation,
        age_from: item.age_from,
        loan_days: item.loan_days,
        lent,
        held,
    })
}

/// A date of a station on the library's clock; UTC is converted, any other zone taken as local.
fn local_time(date: SipDate) -> Option<LocalTime> {
    let civil = date.civil()?;
    if date.zone() != Zone::Utc {
        return Some(civil);
    }
    let utc = civil.to_zoned(TimeZone::UTC).ok()?;
    Some(utc.with_time_zone(TimeZone::fixed(offset(ZONE_HOURS))).datetime())
}

fn amount(fen: Fen) -> Amount {
    Amount(fen.to_string())
}

fn block_of(no_block: bool) -> Block {
    if no_block { Block::No } else { Block::Allowed }
}

/// Stored properties, and for a set under one barcode how many pieces it has. The protocol leaves
/// CH free; `parts=4` is this library's own form.
fn properties(item: &Item) -> Option<String> {
    match (item.properties.as_str(), item.parts) {
        ("", 0 | 1) => None,
        ("", parts) => Some(format!("parts={parts}")),
        (stored, 0 | 1) => Some(stored.to_owned()),
        (stored, parts) => Some(format!("parts={parts} {stored}")),
    }
}
