//! Loans and renewals: 11/12, 29/30, 65/66.

use super::{Asked, Done, block_of, copy_for, local_time, properties};
use crate::practice::desk::Duplicates;
use crate::practice::model::{Block, LocalTime};
use crate::practice::rules::{Lending, Lent, Refusal, may_borrow, may_renew};
use crate::practice::store::{Item, Kind, Loan, Patron, StoreError, Tx};
use crate::privacy::{PatronId, Secret};
use crate::sip2::codes::MagneticMedia;
use crate::sip2::message::{
    CheckoutRequest, CheckoutResponse, RenewAllRequest, RenewAllResponse, RenewRequest,
    RenewResponse,
};
use crate::sip2::{DueDate, SipDate};

/// What 12 and 30 tell.
enum Outcome {
    Lent(LocalTime),
    Renewed(LocalTime),
    Refused(Refusal),
}

/// Patron and item of one request, as far as they exist.
struct Pair {
    patron: Option<Patron>,
    item: Option<Item>,
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
                let filled = crate::practice::store::HoldState::Filled;
                tx.set_hold_state(hold.id, filled, asked.now)?;
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
            renew_loan(tx, asked, &loan, due, event_at, block)?;
            Ok(Outcome::Renewed(due))
        }
    }
}

/// Patron and item when both exist and the PIN, if one was sent, is right.
fn ready<'p>(
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
        tx.set_hold_state(hold.id, crate::practice::store::HoldState::Waiting, asked.now)?;
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

pub(super) fn renew(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &RenewRequest,
) -> Result<RenewResponse, StoreError> {
    let number = request.patron_identifier.expose();
    let barcode = match &request.item_identifier {
        Some(barcode) if !barcode.is_empty() => Some(barcode.clone()),
        _ => lent_title(tx, number, request.title_identifier.as_deref())?,
    };
    let pair = Pair {
        patron: tx.patron(number, asked.now)?,
        item: match &barcode {
            Some(barcode) => tx.item(barcode)?,
            None => None,
        },
    };
    let block = block_of(request.no_block);
    let outcome = match ready(tx, asked, &pair, block, request.patron_password.as_ref())? {
        Err(refusal) => Outcome::Refused(refusal),
        Ok((patron, item)) => {
            let event_at = asked.happened(request.transaction_date, block);
            let promised = request.nb_due_date.and_then(local_time);
            match renew_one(tx, asked, patron, item, block, event_at, promised)? {
                Ok(due) => Outcome::Renewed(due),
                Err(refusal) => Outcome::Refused(refusal),
            }
        }
    };
    let answer = Answer::new(asked, &pair, outcome);
    Ok(RenewResponse {
        ok: answer.ok,
        renewal_ok: answer.renewed,
        magnetic_media: answer.magnetic,
        desensitize: false,
        transaction_date: asked.stamp(),
        institution_id: asked.institution(),
        patron_identifier: request.patron_identifier.clone(),
        item_identifier: barcode.unwrap_or_default(),
        title_identifier: answer.title,
        due_date: answer.due,
        media_type: answer.media,
        item_properties: answer.properties,
        screen_message: answer.screen,
        ..RenewResponse::default()
    })
}

/// The barcode of a patron's loan with this title.
fn lent_title(
    tx: &Tx<'_>,
    patron: &str,
    title: Option<&str>,
) -> Result<Option<String>, StoreError> {
    let Some(title) = title else { return Ok(None) };
    for loan in tx.loans_of(patron)? {
        if tx.item(&loan.item)?.is_some_and(|item| item.title == title) {
            return Ok(Some(loan.item));
        }
    }
    Ok(None)
}

fn renew_one(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    patron: &Patron,
    item: &Item,
    block: Block,
    event_at: LocalTime,
    promised: Option<LocalTime>,
) -> Result<Result<LocalTime, Refusal>, StoreError> {
    let number = patron.number.expose();
    let copy = copy_for(tx, item, number)?;
    if copy.lent == Lent::Other {
        return Ok(Err(Refusal::OnLoanOther));
    }
    let decision =
        may_renew(&patron.card, &copy, &asked.library.policy, asked.now, block, promised);
    let (Ok(due), Some(loan)) = (decision, tx.open_loan(&item.barcode)?) else {
        return Ok(Err(decision.err().unwrap_or(Refusal::RenewNotLent)));
    };
    renew_loan(tx, asked, &loan, due, event_at, block)?;
    Ok(Ok(due))
}

fn renew_loan(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    loan: &Loan,
    due: LocalTime,
    event_at: LocalTime,
    block: Block,
) -> Result<(), StoreError> {
    tx.renew_loan(loan.id, due)?;
    note(tx, asked, Kind::Renewal, &loan.item, loan.patron.expose(), event_at, block)
}

pub(super) fn renew_all(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &RenewAllRequest,
) -> Result<RenewAllResponse, StoreError> {
    let mut response = RenewAllResponse {
        transaction_date: asked.stamp(),
        institution_id: asked.institution(),
        ..RenewAllResponse::default()
    };
    let patron = tx.patron(request.patron_identifier.expose(), asked.now)?;
    let refusal = match &patron {
        _ if asked.refuse.is_some() => asked.refuse,
        None => Some(Refusal::CardUnknown),
        Some(patron) if wrong_pin(tx, patron, request.patron_password.as_ref())? => {
            Some(Refusal::PinWrong)
        }
        Some(patron) => patron.card.refusal(asked.now.date()),
    };
    match (refusal, &patron) {
        (None, Some(patron)) => {
            for loan in tx.loans_of(patron.number.expose())? {
                let Some(item) = tx.item(&loan.item)? else { continue };
                let done = renew_one(tx, asked, patron, &item, Block::Allowed, asked.now, None)?;
                match done {
                    Ok(_) => response.renewed_items.push(loan.item),
                    Err(_) => response.unrenewed_items.push(loan.item),
                }
            }
            response.ok = true;
        }
        (refusal, patron) => {
            let refusal = refusal.unwrap_or(Refusal::CardUnknown);
            response.screen_message = asked.say(patron.as_ref(), refusal);
        }
    }
    response.renewed_count = u16::try_from(response.renewed_items.len()).ok();
    response.unrenewed_count = u16::try_from(response.unrenewed_items.len()).ok();
    Ok(response)
}

fn note(
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
struct Answer {
    ok: bool,
    renewed: bool,
    magnetic: MagneticMedia,
    title: String,
    due: DueDate,
    media: Option<String>,
    properties: Option<String>,
    screen: Vec<String>,
}

impl Answer {
    /// A refusal tells neither due date nor media (sip2.md section 11, `120NUN`).
    fn new(asked: &Asked<'_>, pair: &Pair, outcome: Outcome) -> Self {
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
