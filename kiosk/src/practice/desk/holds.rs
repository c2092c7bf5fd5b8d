//! Holds: 15/16.

use super::lend::wrong_pin;
use super::{Asked, Done, local_time};
use crate::practice::model::Circulation;
use crate::practice::rules::Refusal;
use crate::practice::store::{HoldRow, HoldState, Item, Kind, Patron, StoreError, Tx};
use crate::sip2::codes::{HoldMode, Number};
use crate::sip2::message::{HoldRequest, HoldResponse};

pub(super) fn hold(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &HoldRequest,
) -> Result<HoldResponse, StoreError> {
    let patron = tx.patron(request.patron_identifier.expose(), asked.now)?;
    let item = wanted(tx, request)?;
    let outcome = decide(tx, asked, request, patron.as_ref(), item.as_ref())?;
    let mut response = HoldResponse {
        transaction_date: asked.stamp(),
        institution_id: asked.institution(),
        patron_identifier: request.patron_identifier.clone(),
        item_identifier: item
            .as_ref()
            .map(|item| item.barcode.clone())
            .or_else(|| request.item_identifier.clone()),
        title_identifier: item.as_ref().map(|item| item.title.clone()),
        ..HoldResponse::default()
    };
    match outcome {
        Ok(pickup) => {
            response.ok = true;
            if let Some(item) = &item {
                response.available =
                    item.transit_to.is_none() && tx.open_loan(&item.barcode)?.is_none();
                response.queue_position = position(tx, item, request)?;
            }
            response.pickup_location = pickup;
            response.expiration_date = request.expiration_date;
        }
        Err(refusal) => response.screen_message = asked.say(patron.as_ref(), refusal),
    }
    Ok(response)
}

/// The copy that is meant: by barcode, else the best copy of a title.
fn wanted(tx: &Tx<'_>, request: &HoldRequest) -> Result<Option<Item>, StoreError> {
    match request.item_identifier.as_deref().filter(|barcode| !barcode.is_empty()) {
        Some(barcode) => tx.item(barcode),
        None => match &request.title_identifier {
            Some(title) => tx.item_by_title(title),
            None => Ok(None),
        },
    }
}

fn position(tx: &Tx<'_>, item: &Item, request: &HoldRequest) -> Result<Option<Number>, StoreError> {
    let queue = tx.holds_on(&item.barcode)?;
    let place = queue.iter().position(|hold| hold.patron == request.patron_identifier);
    Ok(place.map(|place| Number((place + 1).to_string())))
}

/// Does what is asked; the pickup branch of the hold that stands then.
fn decide(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &HoldRequest,
    patron: Option<&Patron>,
    item: Option<&Item>,
) -> Result<Result<Option<String>, Refusal>, StoreError> {
    if let Some(refusal) = asked.refuse {
        return Ok(Err(refusal));
    }
    let Some(patron) = patron else { return Ok(Err(Refusal::CardUnknown)) };
    if wrong_pin(tx, patron, request.patron_password.as_ref())? {
        return Ok(Err(Refusal::PinWrong));
    }
    let Some(item) = item else { return Ok(Err(Refusal::ItemUnknown)) };
    let own = tx.holds_on(&item.barcode)?.into_iter().find(|hold| hold.patron == patron.number);
    match request.hold_mode {
        HoldMode::Add => add(tx, asked, request, patron, item, own.as_ref()),
        HoldMode::Delete => delete(tx, asked, item, own.as_ref()),
        HoldMode::Change => change(tx, asked, request, item, own.as_ref()),
    }
}

/// The pickup branch a request names, the station's when it names none.
fn pickup(asked: &Asked<'_>, request: &HoldRequest) -> Result<String, Refusal> {
    match request.pickup_location.as_deref().filter(|code| !code.is_empty()) {
        None => Ok(asked.branch().to_owned()),
        Some(code) => asked
            .library
            .branch_of(code)
            .map(|branch| branch.code.clone())
            .ok_or(Refusal::HoldBranch),
    }
}

fn add(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &HoldRequest,
    patron: &Patron,
    item: &Item,
    own: Option<&HoldRow>,
) -> Result<Result<Option<String>, Refusal>, StoreError> {
    let number = patron.number.expose();
    let lent = tx.open_loan(&item.barcode)?;
    let refusal = match item.circulation {
        _ if patron.card.refusal(asked.now.date()).is_some() => {
            patron.card.refusal(asked.now.date())
        }
        Circulation::Withdrawn | Circulation::Lost => Some(Refusal::Withdrawn),
        Circulation::NotForLoan => Some(Refusal::InLibrary),
        Circulation::Normal if own.is_some() => Some(Refusal::HoldExists),
        Circulation::Normal if lent.is_some_and(|loan| loan.patron == patron.number) => {
            Some(Refusal::AlreadyYours)
        }
        Circulation::Normal if tx.holds_of(number)?.len() >= patron.hold_limit as usize => {
            Some(Refusal::HoldLimit)
        }
        Circulation::Normal => None,
    };
    let pickup = match refusal.map_or_else(|| pickup(asked, request), Err) {
        Ok(pickup) => pickup,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let expires = request.expiration_date.and_then(local_time);
    tx.add_hold(number, &item.barcode, &pickup, expires, asked.now)?;
    let done = Done::new(Kind::HoldPlaced, asked).item(&item.barcode).patron(number);
    asked.record(tx, &done)?;
    Ok(Ok(Some(pickup)))
}

fn delete(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    item: &Item,
    own: Option<&HoldRow>,
) -> Result<Result<Option<String>, Refusal>, StoreError> {
    let Some(own) = own else { return Ok(Err(Refusal::HoldNone)) };
    tx.set_hold_state(own.id, HoldState::Cancelled, asked.now)?;
    let patron = own.patron.expose();
    let done = Done::new(Kind::HoldCancelled, asked).item(&item.barcode).patron(patron);
    asked.record(tx, &done)?;
    Ok(Ok(None))
}

fn change(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &HoldRequest,
    item: &Item,
    own: Option<&HoldRow>,
) -> Result<Result<Option<String>, Refusal>, StoreError> {
    let Some(own) = own else { return Ok(Err(Refusal::HoldNone)) };
    let pickup = match pickup(asked, request) {
        Ok(pickup) => pickup,
        Err(refusal) => return Ok(Err(refusal)),
    };
    tx.set_pickup(own.id, &pickup)?;
    if own.ready && own.pickup != pickup {
        tx.set_hold_state(own.id, HoldState::Waiting, asked.now)?;
    }
    let patron = own.patron.expose();
    let done = Done::new(Kind::HoldChanged, asked).item(&item.barcode).patron(patron);
    asked.record(tx, &done)?;
    Ok(Ok(Some(pickup)))
}
