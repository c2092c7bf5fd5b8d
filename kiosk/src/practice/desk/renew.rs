//! Renewals: 29/30, 65/66.

use super::lend::{Answer, Outcome, Pair, note, ready, wrong_pin};
use super::{Asked, block_of, copy_for, local_time};
use crate::practice::model::{Block, LocalTime};
use crate::practice::rules::{Lent, Refusal, may_renew};
use crate::practice::store::{Item, Kind, Loan, Patron, StoreError, Tx};
use crate::sip2::message::{RenewAllRequest, RenewAllResponse, RenewRequest, RenewResponse};

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

pub(super) fn renew_loan(
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
    let mut response: RenewAllResponse = RenewAllResponse {
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
