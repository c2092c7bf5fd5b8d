//! Returns: 09/10.

use super::lend::{borrower, within_undo};
use super::{Asked, Done, block_of, properties};
use crate::practice::model::{Block, Language};
use crate::practice::money::Fen;
use crate::practice::rules::{
    Arrival, OpenLoan, Refusal, ReturnDecision, ReturnNote, Routing, decide_return,
};
use crate::practice::store::{ClosedHow, HoldRow, HoldState, Item, Kind, Loan, StoreError, Tx};
use crate::practice::texts;
use crate::sip2::codes::{AlertType, MagneticMedia};
use crate::sip2::message::{CheckinRequest, CheckinResponse};

/// Sort bins told in CL: shelf, hold shelf, transit, exception (sip2.md section 11 uses 1 to 3).
const BIN_SHELF: &str = "1";
const BIN_HOLD: &str = "2";
const BIN_TRANSIT: &str = "3";
const BIN_EXCEPTION: &str = "4";

/// SIP2 fee type of a late return.
const FEE_OVERDUE: &str = "04";

pub(super) fn checkin(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &CheckinRequest,
) -> Result<CheckinResponse, StoreError> {
    if let Some(refusal) = asked.refuse {
        return Ok(refused(asked, request, refusal));
    }
    let Some(item) = tx.item(&request.item_identifier)? else {
        return Ok(refused(asked, request, Refusal::ItemUnknown));
    };
    let loan = tx.open_loan(&item.barcode)?;
    if request.cancel == Some(true) {
        return undo_loan(tx, asked, request, &item, loan);
    }
    let block = block_of(request.no_block);
    let here = here(asked, request);
    let first_hold = tx.holds_on(&item.barcode)?.into_iter().next();
    let arrival = Arrival {
        circulation: item.circulation,
        home: item.home.clone(),
        here: here.to_owned(),
        loan: loan.as_ref().map(|loan| OpenLoan { lent_at: loan.lent_at, due: loan.due }),
        hold_pickup: first_hold.as_ref().map(|hold| hold.pickup.clone()),
        handed_in: asked.happened(request.return_date, block),
    };
    let decision = decide_return(&arrival, &asked.library.policy);
    let loan = loan.filter(|_| decision.closes_loan);
    if decision.ok {
        take_in(tx, asked, &item, &arrival, &decision, loan.as_ref(), first_hold.as_ref(), block)?;
    }
    Ok(respond(asked, &item, &decision, loan.as_ref(), first_hold.as_ref()))
}

/// The branch an item came in at: AP when it names one, else the station's.
fn here<'a>(asked: &'a Asked<'_>, request: &CheckinRequest) -> &'a str {
    match asked.library.branch_of(&request.current_location) {
        Some(branch) => &branch.code,
        None => asked.branch(),
    }
}

#[allow(clippy::too_many_arguments)] // One transaction writes all of it; a struct would only rename the list.
fn take_in(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    item: &Item,
    arrival: &Arrival,
    decision: &ReturnDecision,
    loan: Option<&Loan>,
    hold: Option<&HoldRow>,
    block: Block,
) -> Result<(), StoreError> {
    if let Some(loan) = loan {
        tx.close_loan(loan.id, ClosedHow::Returned, asked.now)?;
        if decision.fee > Fen::ZERO {
            let patron = loan.patron.expose();
            let for_item = Some(item.barcode.as_str());
            tx.add_fee(patron, decision.fee, FEE_OVERDUE, for_item, Some(loan.id), asked.now)?;
        }
    }
    let transit = match &decision.routing {
        Routing::HoldElsewhere(branch) | Routing::Home(branch) => Some(branch.as_str()),
        Routing::Shelf | Routing::HoldHere | Routing::Exception => None,
    };
    // An old return of an item lent again since says nothing about where it is now.
    let overtaken = arrival.loan.is_some() && loan.is_none();
    if !overtaken {
        tx.place_item(&item.barcode, &arrival.here, transit)?;
        match (&decision.routing, hold) {
            (Routing::HoldHere, Some(hold)) if !hold.ready => {
                tx.set_hold_state(hold.id, HoldState::Ready, asked.now)?;
            }
            (Routing::HoldElsewhere(_), Some(hold)) if hold.ready => {
                tx.set_hold_state(hold.id, HoldState::Waiting, asked.now)?;
            }
            _ => {}
        }
    }
    let kind = if loan.is_some() { Kind::Return } else { Kind::TakenIn };
    asked.record(
        tx,
        &Done {
            event_at: arrival.handed_in,
            branch: Some(&arrival.here),
            block,
            patron: loan.map(|loan| loan.patron.expose()),
            ..Done::new(kind, asked).item(&item.barcode)
        },
    )
}

/// 09 with BI=Y: the station could not finish a loan. It ends as if it had never been; an item
/// that is not on loan already is what was asked for.
fn undo_loan(
    tx: &Tx<'_>,
    asked: &Asked<'_>,
    request: &CheckinRequest,
    item: &Item,
    loan: Option<Loan>,
) -> Result<CheckinResponse, StoreError> {
    if loan.as_ref().is_some_and(|loan| !within_undo(asked, loan.made_at)) {
        return Ok(refused(asked, request, Refusal::CancelLate));
    }
    if let Some(loan) = &loan {
        tx.close_loan(loan.id, ClosedHow::Cancelled, asked.now)?;
        if let Some(hold) = loan.filled_hold {
            tx.restore_hold(hold, asked.branch(), asked.now)?;
        }
        let patron = loan.patron.expose();
        let done = Done::new(Kind::LoanCancelled, asked).item(&item.barcode).patron(patron);
        asked.record(tx, &done)?;
    }
    let ok = loan.is_some() || asked.library.policy.checked_in_ok;
    let decision = ReturnDecision {
        ok,
        closes_loan: loan.is_some(),
        routing: if ok { Routing::Shelf } else { Routing::Exception },
        fee: Fen::ZERO,
        late_days: 0,
        note: loan.is_none().then_some(ReturnNote::NotOnLoan),
    };
    Ok(respond(asked, item, &decision, loan.as_ref(), None))
}

fn respond(
    asked: &Asked<'_>,
    item: &Item,
    decision: &ReturnDecision,
    loan: Option<&Loan>,
    hold: Option<&HoldRow>,
) -> CheckinResponse {
    let (bin, alert, destination) = match &decision.routing {
        Routing::Shelf => (BIN_SHELF, None, None),
        Routing::HoldHere => {
            (BIN_HOLD, Some(AlertType::HoldHere), hold.map(|hold| hold.pickup.clone()))
        }
        Routing::HoldElsewhere(branch) => {
            (BIN_TRANSIT, Some(AlertType::HoldElsewhere), Some(branch.clone()))
        }
        Routing::Home(branch) => (BIN_TRANSIT, Some(AlertType::OtherBranch), Some(branch.clone())),
        Routing::Exception => (BIN_EXCEPTION, Some(AlertType::Other), None),
    };
    let held = matches!(decision.routing, Routing::HoldHere | Routing::HoldElsewhere(_));
    CheckinResponse {
        ok: decision.ok,
        resensitize: decision.ok,
        magnetic_media: if decision.ok { MagneticMedia::No } else { MagneticMedia::Unknown },
        alert: alert.is_some(),
        transaction_date: asked.stamp(),
        institution_id: asked.institution(),
        item_identifier: item.barcode.clone(),
        permanent_location: item.home.clone(),
        title_identifier: Some(item.title.clone()),
        sort_bin: Some(bin.to_owned()),
        patron_identifier: loan.map(borrower),
        media_type: Some(item.media.clone()),
        item_properties: properties(item),
        call_number: Some(item.call_number.clone()).filter(|number| !number.is_empty()),
        destination_location: destination,
        hold_patron_id: hold.filter(|_| held).map(|hold| hold.patron.clone()),
        alert_type: alert,
        screen_message: messages(asked, decision),
        ..CheckinResponse::default()
    }
}

/// What the screen says: where to put the item first, then what else there is.
fn messages(asked: &Asked<'_>, decision: &ReturnDecision) -> Vec<String> {
    let language = asked.language.unwrap_or(Language::Zh);
    let name = |code| asked.library.branch_name(code, language);
    let mut lines = Vec::new();
    match &decision.routing {
        Routing::HoldHere => lines.push(texts::text(language, "hold_here").to_owned()),
        Routing::HoldElsewhere(branch) => {
            lines.push(texts::fill(language, "hold_elsewhere", &[("branch", name(branch))]));
        }
        Routing::Home(branch) => {
            lines.push(texts::fill(language, "transit", &[("branch", name(branch))]));
        }
        Routing::Shelf | Routing::Exception => {}
    }
    if let Some(note) = decision.note {
        let key = match note {
            ReturnNote::NotOnLoan => "checked_in",
            ReturnNote::Found => "found",
            ReturnNote::Withdrawn => Refusal::Withdrawn.text_key(),
        };
        lines.push(texts::text(language, key).to_owned());
    }
    if decision.fee > Fen::ZERO {
        let (days, amount) = (decision.late_days.to_string(), decision.fee.to_string());
        let values = [("days", days.as_str()), ("amount", amount.as_str())];
        lines.push(texts::fill(language, "late_fee", &values));
    }
    lines
}

/// A return that is not recorded: unknown item, closed library, undo too late.
fn refused(asked: &Asked<'_>, request: &CheckinRequest, refusal: Refusal) -> CheckinResponse {
    CheckinResponse {
        ok: false,
        resensitize: false,
        magnetic_media: MagneticMedia::Unknown,
        alert: true,
        transaction_date: asked.stamp(),
        institution_id: asked.institution(),
        item_identifier: request.item_identifier.clone(),
        sort_bin: Some(BIN_EXCEPTION.to_owned()),
        alert_type: Some(AlertType::Other),
        screen_message: asked.say(None, refusal),
        ..CheckinResponse::default()
    }
}
