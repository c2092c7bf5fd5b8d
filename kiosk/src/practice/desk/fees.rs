//! Payments: 37/38.

use super::lend::wrong_pin;
use super::{Asked, CURRENCY, Done, Duplicates};
use crate::practice::money::Fen;
use crate::practice::rules::Refusal;
use crate::practice::store::{Kind, StoreError, Tx};
use crate::sip2::message::{FeePaidRequest, FeePaidResponse};

pub(super) fn paid(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &FeePaidRequest,
) -> Result<FeePaidResponse, StoreError> {
    let patron = tx.patron(request.patron_identifier.expose(), asked.now)?;
    let outcome = match &patron {
        _ if asked.refuse.is_some() => asked.refuse,
        None => Some(Refusal::CardUnknown),
        Some(patron) if wrong_pin(tx, patron, request.patron_password.as_ref())? => {
            Some(Refusal::PinWrong)
        }
        Some(patron) => book(tx, asked, request, patron.number.expose())?.err(),
    };
    Ok(FeePaidResponse {
        payment_accepted: outcome.is_none(),
        transaction_date: asked.stamp(),
        institution_id: asked.institution(),
        patron_identifier: request.patron_identifier.clone(),
        transaction_id: request.transaction_id.clone(),
        screen_message: outcome
            .map(|refusal| asked.say(patron.as_ref(), refusal))
            .unwrap_or_default(),
        ..FeePaidResponse::default()
    })
}

/// Books a payment once: the same BK for the same patron and amount is accepted again without
/// being booked again (sip2.md section 4, "37"). A library that does not know repetitions books it
/// again, and its ledger shows the number twice.
fn book(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &FeePaidRequest,
    patron: &str,
) -> Result<Result<(), Refusal>, StoreError> {
    let paid = Fen::parse(request.fee_amount.0.trim()).filter(|paid| *paid > Fen::ZERO);
    let Some(paid) = paid.filter(|_| request.currency_type.as_str() == CURRENCY) else {
        return Ok(Err(Refusal::FeeAmount));
    };
    let transaction_id = request.transaction_id.as_deref().filter(|id| !id.is_empty());
    let mut number = transaction_id;
    if let Some(id) = transaction_id
        && let Some((payer, amount)) = tx.payment(id)?
    {
        number = None;
        if asked.duplicates == Duplicates::Replay {
            let same = payer == patron && amount == paid;
            return Ok(if same { Ok(()) } else { Err(Refusal::FeeReused) });
        }
    }
    let fee_id = request.fee_identifier.as_deref().filter(|id| !id.is_empty());
    let fee = match fee_id {
        None => None,
        Some(id) => match tx.fees_of(patron)?.into_iter().find(|fee| fee.id.to_string() == id) {
            None => return Ok(Err(Refusal::FeeNone)),
            Some(fee) => Some(fee),
        },
    };
    let owed = match &fee {
        Some(fee) => fee.amount,
        None => tx.balance(patron)?,
    };
    if paid > owed {
        return Ok(Err(Refusal::FeeAmount));
    }
    tx.add_payment(patron, paid, fee.map(|fee| fee.id), number, asked.now)?;
    let done = Done {
        amount: Some(paid),
        reference: transaction_id,
        ..Done::new(Kind::FeePaid, asked).patron(patron)
    };
    asked.record(tx, &done)?;
    Ok(Ok(()))
}
