//! Items: 17/18, 19/20.

use jiff::ToSpan;

use super::{Asked, Done, properties};
use crate::practice::model::Circulation;
use crate::practice::rules::Refusal;
use crate::practice::store::{HoldRow, Item, Kind, Loan, StoreError, Tx};
use crate::sip2::codes::{CirculationStatus, FeeType, Number, SecurityMarker};
use crate::sip2::message::{
    ItemInformationRequest, ItemInformationResponse, ItemStatusUpdateRequest,
    ItemStatusUpdateResponse,
};
use crate::sip2::{FieldId, SipDate};

pub(super) fn information(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &ItemInformationRequest,
) -> Result<ItemInformationResponse, StoreError> {
    let Some(item) = tx.item(&request.item_identifier)? else {
        return Ok(ItemInformationResponse {
            circulation_status: CirculationStatus::Other,
            security_marker: SecurityMarker::Other,
            fee_type: FeeType::Other,
            transaction_date: asked.stamp(),
            item_identifier: request.item_identifier.clone(),
            screen_message: asked.say(None, Refusal::ItemUnknown),
            ..ItemInformationResponse::default()
        });
    };
    let loan = tx.open_loan(&item.barcode)?;
    let holds = tx.holds_on(&item.barcode)?;
    let shelf = holds.first().filter(|hold| hold.ready);
    let days = i64::from(asked.library.policy.hold_shelf_days);
    let pickup_until = shelf
        .and_then(|hold| hold.ready_since)
        .map(|since| since.date().saturating_add(days.days()).at(23, 59, 0, 0));
    let mut response: ItemInformationResponse = ItemInformationResponse {
        circulation_status: status(&item, loan.as_ref(), shelf),
        security_marker: SecurityMarker::Other,
        fee_type: FeeType::Other,
        transaction_date: asked.stamp(),
        hold_queue_length: Some(Number(holds.len().to_string())),
        due_date: loan.map(|loan| SipDate::local(loan.due).into()),
        hold_pickup_date: pickup_until.map(|until| SipDate::local(until).into()),
        item_identifier: item.barcode.clone(),
        title_identifier: item.title.clone(),
        owner: Some(item.owner.clone()),
        media_type: Some(item.media.clone()),
        permanent_location: Some(item.home.clone()),
        current_location: Some(item.at.clone()),
        item_properties: properties(&item),
        screen_message: match item.circulation {
            Circulation::NotForLoan => asked.say(None, Refusal::InLibrary),
            Circulation::Lost | Circulation::Withdrawn => asked.say(None, Refusal::Withdrawn),
            Circulation::Normal => Vec::new(),
        },
        ..ItemInformationResponse::default()
    };
    if !item.call_number.is_empty() {
        response.extra.0.push((FieldId::CS, item.call_number.clone()));
    }
    if let Some(to) = &item.transit_to {
        response.extra.0.push((FieldId::CT, to.clone()));
    }
    Ok(response)
}

fn status(item: &Item, loan: Option<&Loan>, shelf: Option<&HoldRow>) -> CirculationStatus {
    match item.circulation {
        Circulation::Lost => CirculationStatus::Lost,
        Circulation::Withdrawn => CirculationStatus::Other,
        _ if loan.is_some() => CirculationStatus::Charged,
        _ if shelf.is_some() => CirculationStatus::OnHoldShelf,
        _ if item.transit_to.is_some() => CirculationStatus::InTransit,
        Circulation::NotForLoan => CirculationStatus::Other,
        Circulation::Normal => CirculationStatus::Available,
    }
}

pub(super) fn update(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &ItemStatusUpdateRequest,
) -> Result<ItemStatusUpdateResponse, StoreError> {
    let item = tx.item(&request.item_identifier)?;
    let refusal = match &item {
        _ if asked.refuse.is_some() => asked.refuse,
        None => Some(Refusal::ItemUnknown),
        Some(item) => {
            tx.set_properties(&item.barcode, &request.item_properties)?;
            asked.record(tx, &Done::new(Kind::ItemUpdated, asked).item(&item.barcode))?;
            None
        }
    };
    Ok(ItemStatusUpdateResponse {
        item_properties_ok: refusal.is_none(),
        transaction_date: asked.stamp(),
        item_identifier: request.item_identifier.clone(),
        title_identifier: item.map(|item| item.title),
        item_properties: refusal.is_none().then(|| request.item_properties.clone()),
        screen_message: refusal.map(|refusal| asked.say(None, refusal)).unwrap_or_default(),
        ..ItemStatusUpdateResponse::default()
    })
}
