//! Loans: 11/12, and what 12 and 30 have in common.

use super::{Asked, Done, block_of, copy_for, local_time, properties};
use crate::practice::desk::Duplicates;
use crate::practice::model::{Block, LocalTime};
use crate::practice::rules::{Lending, Refusal, may_borrow};
use crate::practice::store::{HoldState, Item, Kind, Loan, Patron, StoreError, Tx};
use crate::privacy::{PatronId, Secret};
use crate::sip2::codes::MagneticMedia;
use crate::sip2::message::{CheckoutRequest, CheckoutResponse};
use crate::sip2::{DueDate, SipDate};

/// What 12 and 30 tell.
pub(super) enum Outcome {
    Lent(LocalTime),
    Renewed(LocalTime),
    Refused(Refusal),
}

/// Patron and item of one request, as far as they exist.
pub(super) struct Pair {
    pub(super) patron: Option<Patron>,
    pub(super) item: Option<Item>,
}

pub(super) fn checkout(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &CheckoutRequest,
) -> Result<CheckoutResponse, StoreError> {
    let pair = Pair {
        patron: tx.patron(request.patron_identifier.expose(), asked.now)?,
        item: tx.item(&request.item_identifier)?,
    };
    let outcome = match (&pair.patron, &pair.item) {
        (Some(patron), Some(item)) if request.cancel == Some(true) => {
            undo_return(tx, asked, patron, item)?
        }
        _ => lend(tx, asked, request, &pair)?,
    };
    let answer = Answer::new(asked, &pair, outcome);
    Ok(CheckoutResponse {
        ok: answer.ok,
        renewal_ok: answer.renewed,
        magnetic_media: answer.magnetic,
        desensitize: answer.ok,
        transaction_date: asked.stamp(),
        institution_id: asked.institution(),
        patron_identifier: request.patron_identifier.clone(),
        item_identifier: request.item_identifier.clone(),
        title_identifier: answer.title,
        due_date: answer.due,
        media_type: answer.media,
        item_properties: answer.properties,
        screen_message: answer.screen,
        ..CheckoutResponse::default()
    })
}

fn lend(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &CheckoutRequest,
    pair: &Pair,
) -> Result<Outcome, StoreError> {
    let block = block_of(request.no_block);
    let (patron, item) = match ready(tx, asked, pair, block, request.patron_password.as_ref())? {
        Ok(both) => both,
        Err(refusal) => return Ok(Outcome::Refused(refusal)),
    };
    let number = patron.number.expose();
    let copy = copy_for(tx, item, number)?;
    let event_at = asked.happened(request.transaction_date, block);
    let promised = request.nb_due_date.and_then(local_time);
    let decision = may_borrow(
        &patron.card,
        &copy,
        &asked.library.policy,
        asked.now,
        block,
        request.sc_renewal_policy,
        promised,
    );
    match decision {
        Err(refusal) => Ok(Outcome::Refused(refusal)),
        Ok(Lending::Loan { due }) => {
            let own = tx.holds_on(&item.barcode)?.into_iter().find(|h| h.patron == patron.number);
            if let Some(hold) = &own {
                tx.set_hold_state(hold.id, HoldState::Filled, asked.now)?;
            }
            let filled = own.map(|hold| hold.id);
            tx.add_loan(&item.barcode, number, event_at, due, asked.now, filled)?;
            tx.place_item(&item.barcode, asked.branch(), None)?;
            note(tx, asked, Kind::Loan, &item.barcode, number, event_at, block)?;
            Ok(Outcome::Lent(due))
        }
        Ok(Lending::Renewal { due }) => {
            let loan = tx.open_loan(&item.barcode)?;
            let Some(loan) = loan else { return Ok(Outcome::Refused(Refusal::RenewNotLent)) };
            let reported_again = block == Block::No && loan.lent_at == event_at;
            if reported_again && asked.duplicates == Duplicates::Replay {
                return Ok(Outcome::Lent(loan.due));
            }
            super::renew::renew_loan(tx, asked, &loan, due, event_at, block)?;
            Ok(Outcome::Renewed(due))
        }
    }
}

/// Patron and item when both exist and the PIN, if one was sent, is right.
pub(super) fn ready<'p>(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    pair: &'p Pair,
    block: Block,
    pin: Option<&Secret>,
) -> Result<Result<(&'p Patron, &'p Item), Refusal>, StoreError> {
    if let Some(refusal) = asked.refuse {
        return Ok(Err(refusal));
    }
    let Some(patron) = &pair.patron else { return Ok(Err(Refusal::CardUnknown)) };
    if block == Block::Allowed && wrong_pin(tx, patron, pin)? {
        return Ok(Err(Refusal::PinWrong));
    }
    let Some(item) = &pair.item else {
        let card = patron.card.refusal(asked.now.date()).filter(|_| block == Block::Allowed);
        return Ok(Err(card.unwrap_or(Refusal::ItemUnknown)));
    };
    Ok(Ok((patron, item)))
}

/// Whether a PIN was sent and is wrong. An empty one was not sent: stations send `AD|`.
pub(super) fn wrong_pin(
    tx: &Tx<'_>,
    patron: &Patron,
    pin: Option<&Secret>,
) -> Result<bool, StoreError> {
    match pin.filter(|pin| !pin.is_empty()) {
        None => Ok(false),
        Some(pin) => Ok(!tx.pin_matches(patron.number.expose(), pin.expose())?),
    }
}

/// 11 with BI=Y: the station could not take an item back after all.
fn undo_return(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    patron: &Patron,
    item: &Item,
) -> Result<Outcome, StoreError> {
    if let Some(refusal) = asked.refuse {
        return Ok(Outcome::Refused(refusal));
    }
    if let Some(open) = tx.open_loan(&item.barcode)? {
        return Ok(match open.patron == patron.number {
            true => Outcome::Lent(open.due),
            false => Outcome::Refused(Refusal::OnLoanOther),
        });
    }
    let returned = tx.last_returned(&item.barcode)?.filter(|loan| loan.patron == patron.number);
    let Some(loan) = returned else { return Ok(Outcome::Refused(Refusal::CancelNone)) };
    let fresh = loan.closed_at.is_some_and(|at| within_undo(asked, at));
    if !fresh {
        return Ok(Outcome::Refused(Refusal::CancelLate));
    }
    tx.reopen_loan(loan.id)?;
    tx.cancel_fees_of_loan(loan.id, asked.now)?;
    tx.place_item(&item.barcode, asked.branch(), None)?;
    for hold in tx.holds_on(&item.barcode)?.iter().filter(|hold| hold.ready) {
        tx.set_hold_state(hold.id, HoldState::Waiting, asked.now)?;
    }
    let number = patron.number.expose();
    note(tx, asked, Kind::ReturnCancelled, &item.barcode, number, asked.now, Block::Allowed)?;
    Ok(Outcome::Lent(loan.due))
}

/// Whether something recorded at `at` can still be undone.
pub(super) fn within_undo(asked: &Asked<'_>, at: LocalTime) -> bool {
    let window = jiff::SignedDuration::from_mins(i64::from(asked.library.policy.undo_minutes));
    asked.now.duration_since(at) < window
}

pub(super) fn note(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    kind: Kind,
    item: &str,
    patron: &str,
    event_at: LocalTime,
    block: Block,
) -> Result<(), StoreError> {
    let done = Done::new(kind, asked).item(item).patron(patron);
    asked.record(tx, &Done { event_at, block, ..done })
}

/// The parts 12 and 30 have in common.
pub(super) struct Answer {
    pub(super) ok: bool,
    pub(super) renewed: bool,
    pub(super) magnetic: MagneticMedia,
    pub(super) title: String,
    pub(super) due: DueDate,
    pub(super) media: Option<String>,
    pub(super) properties: Option<String>,
    pub(super) screen: Vec<String>,
}

impl Answer {
    /// A refusal tells neither due date nor media (sip2.md section 11, `120NUN`).
    pub(super) fn new(asked: &Asked<'_>, pair: &Pair, outcome: Outcome) -> Self {
        let title = pair.item.as_ref().map(|item| item.title.clone()).unwrap_or_default();
        let (due, renewed) = match outcome {
            Outcome::Lent(due) => (due, false),
            Outcome::Renewed(due) => (due, true),
            Outcome::Refused(refusal) => {
                return Self {
                    ok: false,
                    renewed: false,
                    magnetic: MagneticMedia::Unknown,
                    title,
                    due: DueDate::default(),
                    media: None,
                    properties: None,
                    screen: asked.say(pair.patron.as_ref(), refusal),
                };
            }
        };
        Self {
            ok: true,
            renewed,
            magnetic: MagneticMedia::No,
            title,
            due: SipDate::local(due).into(),
            media: pair.item.as_ref().map(|item| item.media.clone()),
            properties: pair.item.as_ref().and_then(properties),
            screen: Vec::new(),
        }
    }
}

/// The number of a loan's borrower, for the answer to a return.
pub(super) fn borrower(loan: &Loan) -> PatronId {
    loan.patron.clone()
}
