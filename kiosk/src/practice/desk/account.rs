//! Patrons: 23/24, 63/64, 01, 25/26, 35/36.

use jiff::civil::Date;

use super::lend::wrong_pin;
use super::{Asked, CURRENCY, Done, amount};
use crate::practice::model::CardState;
use crate::practice::money::Fen;
use crate::practice::rules::Refusal;
use crate::practice::store::{Kind, Patron, StoreError, Tx};
use crate::privacy::{PersonalName, Secret};
use crate::sip2::FieldId;
use crate::sip2::codes::{Number, PatronFlag, PatronFlags, SummaryList};
use crate::sip2::message::{
    BlockPatronRequest, EndSessionRequest, EndSessionResponse, PatronEnableRequest,
    PatronEnableResponse, PatronInformationRequest, PatronInformationResponse, PatronStatusRequest,
    PatronStatusResponse,
};

/// Most list entries answered when the station names no end.
const LIST_MAX: usize = 500;

/// What 24, 26 and 64 have in common.
struct Standing {
    flags: PatronFlags,
    valid: bool,
    password: Option<bool>,
    name: PersonalName,
    fees: Fen,
    screen: Vec<String>,
}

fn standing(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    patron: Option<&Patron>,
    pin: Option<&Secret>,
) -> Result<Standing, StoreError> {
    let Some(patron) = patron else {
        return Ok(Standing {
            flags: all_denied(),
            valid: false,
            password: None,
            name: PersonalName::default(),
            fees: Fen::ZERO,
            screen: asked.say(None, Refusal::CardUnknown),
        });
    };
    let pin = pin.filter(|pin| !pin.is_empty());
    let wrong = wrong_pin(tx, patron, pin)?;
    let today = asked.now.date();
    let refusal = if wrong { Some(Refusal::PinWrong) } else { reason(asked, patron, today) };
    Ok(Standing {
        flags: flags(asked, patron, today),
        valid: true,
        password: pin.map(|_| !wrong),
        name: patron.name.clone(),
        fees: patron.card.fees,
        screen: refusal.map(|refusal| asked.say(Some(patron), refusal)).unwrap_or_default(),
    })
}

/// Why this patron can borrow nothing now.
fn reason(asked: &Asked<'_>, patron: &Patron, today: Date) -> Option<Refusal> {
    let card = &patron.card;
    card.refusal(today)
        .or_else(|| card.account_refusal(&asked.library.policy))
        .or_else(|| (card.loans >= card.loan_limit).then_some(Refusal::Limit))
}

/// The first four positions: nothing is allowed (sip2.md section 4, unknown patron in 24).
fn all_denied() -> PatronFlags {
    PatronFlags::default()
        .with(PatronFlag::ChargeDenied)
        .with(PatronFlag::RenewalDenied)
        .with(PatronFlag::RecallDenied)
        .with(PatronFlag::HoldDenied)
}

/// Position 0 is marked whenever a loan would be refused now, the others tell why (as in the 24
/// of sip2.md section 11).
fn flags(asked: &Asked<'_>, patron: &Patron, today: Date) -> PatronFlags {
    let card = &patron.card;
    if card.refusal(today).is_some() {
        let flags = all_denied();
        return match card.state {
            CardState::Lost => flags.with(PatronFlag::CardLost),
            CardState::Active | CardState::Blocked => flags,
        };
    }
    let mut flags = PatronFlags::default();
    if reason(asked, patron, today).is_some() {
        flags = flags.with(PatronFlag::ChargeDenied);
    }
    if card.account_refusal(&asked.library.policy).is_some() {
        flags = flags.with(PatronFlag::RenewalDenied);
    }
    if card.loans >= card.loan_limit {
        flags = flags.with(PatronFlag::TooManyCharged);
    }
    if card.overdue > u32::from(asked.library.policy.overdue_limit) {
        flags = flags.with(PatronFlag::TooManyOverdue);
    }
    if card.fees > card.fee_limit {
        flags = flags.with(PatronFlag::ExcessiveFines);
    }
    flags
}

pub(super) fn status(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &PatronStatusRequest,
) -> Result<PatronStatusResponse, StoreError> {
    let patron = tx.patron(request.patron_identifier.expose(), asked.now)?;
    let standing = standing(tx, asked, patron.as_ref(), Some(&request.patron_password))?;
    Ok(PatronStatusResponse {
        patron_status: standing.flags,
        language: asked.language_for(patron.as_ref()).sip(),
        transaction_date: asked.stamp(),
        institution_id: asked.institution(),
        patron_identifier: request.patron_identifier.clone(),
        personal_name: standing.name,
        valid_patron: Some(standing.valid),
        valid_patron_password: standing.password,
        currency_type: standing.valid.then(|| CURRENCY.to_owned()),
        fee_amount: standing.valid.then(|| amount(standing.fees)),
        screen_message: standing.screen,
        ..PatronStatusResponse::default()
    })
}

pub(super) fn information(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &PatronInformationRequest,
) -> Result<PatronInformationResponse, StoreError> {
    let number = request.patron_identifier.expose();
    let patron = tx.patron(number, asked.now)?;
    let standing = standing(tx, asked, patron.as_ref(), request.patron_password.as_ref())?;
    let mut response = PatronInformationResponse {
        patron_status: standing.flags,
        language: asked.language_for(patron.as_ref()).sip(),
        transaction_date: asked.stamp(),
        institution_id: asked.institution(),
        patron_identifier: request.patron_identifier.clone(),
        personal_name: standing.name,
        valid_patron: Some(standing.valid),
        valid_patron_password: standing.password,
        screen_message: standing.screen,
        hold_items_count: Some(0),
        overdue_items_count: Some(0),
        charged_items_count: Some(0),
        fine_items_count: Some(0),
        recall_items_count: Some(0),
        unavailable_holds_count: Some(0),
        ..PatronInformationResponse::default()
    };
    let Some(patron) = patron else { return Ok(response) };
    response.hold_items_limit = Some(number_4(patron.hold_limit));
    response.overdue_items_limit = Some(number_4(u32::from(asked.library.policy.overdue_limit)));
    response.charged_items_limit = Some(number_4(patron.card.loan_limit));
    response.currency_type = Some(CURRENCY.to_owned());
    response.fee_amount = Some(amount(standing.fees));
    response.fee_limit = Some(amount(patron.card.fee_limit));
    let expires = patron.card.expires.at(23, 59, 0, 0);
    let expires = crate::sip2::SipDate::local(expires);
    response.extra.0.push((FieldId::PA, expires.as_str().to_owned()));
    response.extra.0.push((FieldId::PC, patron.class.clone()));
    fill_lists(tx, asked, request, &mut response)?;
    if standing.password == Some(false) {
        // What somebody has at home is not told to one who does not know the PIN.
        clear_lists(&mut response);
    }
    Ok(response)
}

fn fill_lists(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &PatronInformationRequest,
    response: &mut PatronInformationResponse,
) -> Result<(), StoreError> {
    let number = request.patron_identifier.expose();
    let loans = tx.loans_of(number)?;
    let charged: Vec<String> = loans.iter().map(|loan| loan.item.clone()).collect();
    let overdue: Vec<String> =
        loans.iter().filter(|loan| loan.due < asked.now).map(|loan| loan.item.clone()).collect();
    let (ready, waiting): (Vec<_>, Vec<_>) =
        tx.holds_of(number)?.into_iter().partition(|hold| hold.ready);
    let ready: Vec<String> = ready.into_iter().map(|hold| hold.item).collect();
    let waiting: Vec<String> = waiting.into_iter().map(|hold| hold.item).collect();
    let fines: Vec<String> = tx
        .fees_of(number)?
        .into_iter()
        .map(|fee| format!("{} {}", fee.item.unwrap_or_else(|| fee.id.to_string()), fee.amount))
        .collect();
    let length = |list: &Vec<String>| u16::try_from(list.len()).ok();
    response.hold_items_count = length(&ready);
    response.overdue_items_count = length(&overdue);
    response.charged_items_count = length(&charged);
    response.fine_items_count = length(&fines);
    response.unavailable_holds_count = length(&waiting);
    let asks = |list| request.summary.asks(list);
    let window = |list: Vec<String>| slice(list, request.start_item, request.end_item);
    if asks(SummaryList::HoldItems) {
        response.hold_items = window(ready);
    }
    if asks(SummaryList::OverdueItems) {
        response.overdue_items = window(overdue);
    }
    if asks(SummaryList::ChargedItems) {
        response.charged_items = window(charged);
    }
    if asks(SummaryList::FineItems) {
        response.fine_items = window(fines);
    }
    if asks(SummaryList::UnavailableHolds) {
        response.unavailable_hold_items = window(waiting);
    }
    Ok(())
}

fn clear_lists(response: &mut PatronInformationResponse) {
    for list in [
        &mut response.hold_items,
        &mut response.overdue_items,
        &mut response.charged_items,
        &mut response.fine_items,
        &mut response.unavailable_hold_items,
    ] {
        list.clear();
    }
}

/// The entries from BP to BQ, counted from 1, both included.
fn slice(list: Vec<String>, first: Option<u32>, last: Option<u32>) -> Vec<String> {
    let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
    let first = first.map_or(1, place).max(1);
    let last = last.map_or(usize::MAX, place);
    list.into_iter().skip(first - 1).take(last.saturating_sub(first - 1).min(LIST_MAX)).collect()
}

/// A limit as four digits (BZ, CA, CB).
fn number_4(value: u32) -> Number {
    Number(format!("{:04}", value.min(9999)))
}

pub(super) fn block(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &BlockPatronRequest,
) -> Result<PatronStatusResponse, StoreError> {
    let number = request.patron_identifier.expose();
    let known = tx.patron(number, asked.now)?;
    let active = known.as_ref().is_some_and(|patron| patron.card.state == CardState::Active);
    if active && asked.refuse.is_none() {
        tx.set_card_state(number, CardState::Blocked)?;
        asked.record(tx, &Done::new(Kind::CardBlocked, asked).patron(number))?;
    }
    let patron = tx.patron(number, asked.now)?;
    let standing = standing(tx, asked, patron.as_ref(), None)?;
    Ok(PatronStatusResponse {
        patron_status: standing.flags,
        language: asked.language_for(patron.as_ref()).sip(),
        transaction_date: asked.stamp(),
        institution_id: asked.institution(),
        patron_identifier: request.patron_identifier.clone(),
        personal_name: standing.name,
        valid_patron: Some(standing.valid),
        screen_message: standing.screen,
        ..PatronStatusResponse::default()
    })
}

/// Lifts a block, never a loss: a lost card stays lost until staff find out who holds it.
pub(super) fn enable(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &PatronEnableRequest,
) -> Result<PatronEnableResponse, StoreError> {
    let number = request.patron_identifier.expose();
    let pin = request.patron_password.as_ref();
    let before = tx.patron(number, asked.now)?;
    if let Some(patron) = &before
        && patron.card.state == CardState::Blocked
        && asked.refuse.is_none()
        && !wrong_pin(tx, patron, pin)?
    {
        tx.set_card_state(number, CardState::Active)?;
        asked.record(tx, &Done::new(Kind::CardEnabled, asked).patron(number))?;
    }
    let patron = tx.patron(number, asked.now)?;
    let standing = standing(tx, asked, patron.as_ref(), pin)?;
    Ok(PatronEnableResponse {
        patron_status: standing.flags,
        language: asked.language_for(patron.as_ref()).sip(),
        transaction_date: asked.stamp(),
        institution_id: asked.institution(),
        patron_identifier: request.patron_identifier.clone(),
        personal_name: standing.name,
        valid_patron: Some(standing.valid),
        valid_patron_password: standing.password,
        screen_message: standing.screen,
        ..PatronEnableResponse::default()
    })
}

pub(super) fn end_session(asked: &Asked<'_>, request: &EndSessionRequest) -> EndSessionResponse {
    EndSessionResponse {
        end_session: true,
        transaction_date: asked.stamp(),
        institution_id: asked.institution(),
        patron_identifier: request.patron_identifier.clone(),
        ..EndSessionResponse::default()
    }
}
