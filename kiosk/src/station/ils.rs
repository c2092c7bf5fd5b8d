//! Between a session's questions and SIP2 messages. Pure: no clock, no socket.

use jiff::civil::{Date, DateTime};

use ui::view::Advice;

use crate::clock::view_date;
use crate::owners::Owners;
use crate::session::{
    Answer, Ask, CheckinAnswer, Due, FeeAnswer, ItemAnswer, ItemId, LoanAnswer, NoAnswer,
    PatronAnswer, Sort,
};
use crate::sip2::codes::{
    AlertType, Amount, CirculationStatus, FeeType, FixedText, PatronFlag, PaymentType, Summary,
    SummaryList,
};
use crate::sip2::date::{self, Zone};
use crate::sip2::link::{Answer as LinkAnswer, Outcome};
use crate::sip2::message::{
    CheckinRequest, CheckinResponse, CheckoutRequest, EndSessionRequest, FeePaidRequest,
    ItemInformationRequest, ItemInformationResponse, PatronInformationRequest,
    PatronInformationResponse, RenewRequest,
};
use crate::sip2::profile::{NbDueDate, Profile, SecurityFlags};
use crate::sip2::{DueDate, FieldId, Request, Response, SipDate};

/// Most loans listed by one 63; more than a station shows.
const LIST_MAX: u32 = 100;

/// A time the library system told, in the station's zone; `None` where it cannot be told.
pub type LocalTime<'a> = &'a dyn Fn(SipDate) -> Option<DateTime>;

/// How sort bins and branches of this library system are read.
#[derive(Debug, Clone, Default)]
pub struct Sorting {
    /// Owners and branches, compared with `CT` and `AQ`.
    pub owners: Owners,
    /// `CL` values that mean the hold shelf here.
    pub hold_bins: Vec<String>,
    /// `CL` values that mean a librarian must look.
    pub exception_bins: Vec<String>,
}

/// The message for a question.
#[must_use]
pub fn request(ask: &Ask, profile: &Profile, now: DateTime) -> Request {
    let mut request = plain_request(ask, profile, now);
    if profile.nb_due_date == NbDueDate::TransactionDate {
        match &mut request {
            Request::Checkout(m) => m.nb_due_date = m.nb_due_date.or(Some(m.transaction_date)),
            Request::Renew(m) => m.nb_due_date = m.nb_due_date.or(Some(m.transaction_date)),
            _ => {}
        }
    }
    request
}

fn plain_request(ask: &Ask, profile: &Profile, now: DateTime) -> Request {
    let institution_id = profile.institution_id.clone();
    let terminal = profile.terminal_password.clone();
    let date = SipDate::local(now);
    match ask {
        Ask::Patron { patron, pin, loans } => PatronInformationRequest {
            language: profile.language,
            transaction_date: date,
            summary: if *loans {
                Summary::of(SummaryList::ChargedItems)
            } else {
                Summary::default()
            },
            institution_id,
            patron_identifier: patron.clone(),
            terminal_password: Some(terminal),
            patron_password: Some(pin.clone().unwrap_or_default()),
            start_item: loans.then_some(1),
            end_item: loans.then_some(LIST_MAX),
            ..PatronInformationRequest::default()
        }
        .into(),
        Ask::Checkout { patron, item, at, promised } => CheckoutRequest {
            sc_renewal_policy: false,
            no_block: promised.is_some() && profile.no_block,
            transaction_date: SipDate::local(*at),
            // A no-block loan without one is an ordinary loan to some (sip2.md section 5).
            nb_due_date: promised.map(SipDate::local),
            institution_id,
            patron_identifier: patron.clone(),
            item_identifier: item.to_string(),
            terminal_password: terminal,
            fee_acknowledged: Some(false),
            cancel: Some(false),
            ..CheckoutRequest::default()
        }
        .into(),
        Ask::Checkin { item, at, already_done, cancel, branch } => CheckinRequest {
            no_block: *already_done && profile.no_block,
            transaction_date: date,
            return_date: SipDate::local(*at),
            current_location: profile.ap.value_in(branch).to_owned(),
            institution_id,
            item_identifier: item.to_string(),
            terminal_password: terminal,
            cancel: Some(*cancel),
            ..CheckinRequest::default()
        }
        .into(),
        Ask::Renew { patron, item } => RenewRequest {
            third_party_allowed: false,
            no_block: false,
            transaction_date: date,
            institution_id,
            patron_identifier: patron.clone(),
            item_identifier: Some(item.to_string()),
            terminal_password: Some(terminal),
            fee_acknowledged: Some(false),
            ..RenewRequest::default()
        }
        .into(),
        Ask::Item { item } => ItemInformationRequest {
            transaction_date: date,
            institution_id,
            item_identifier: item.to_string(),
            terminal_password: Some(terminal),
            ..ItemInformationRequest::default()
        }
        .into(),
        Ask::PayFee(payment) => FeePaidRequest {
            transaction_date: date,
            fee_type: FeeType::Other,
            payment_type: PaymentType::from_digits(two_digits(profile.payment_type)),
            currency_type: FixedText::new(profile.currency.letters()),
            fee_amount: Amount::of_minor_units(payment.amount),
            institution_id,
            patron_identifier: payment.patron.clone(),
            terminal_password: Some(terminal),
            transaction_id: Some(payment.id.as_str().to_owned()),
            ..FeePaidRequest::default()
        }
        .into(),
        Ask::Goodbye { patron } => EndSessionRequest {
            transaction_date: date,
            institution_id,
            patron_identifier: patron.clone(),
            terminal_password: Some(terminal),
            ..EndSessionRequest::default()
        }
        .into(),
    }
}

/// The answer to a question, from what the link brought.
///
/// # Errors
/// [`NoAnswer`]; an answer of another kind counts as unknown, because the request was carried. So
/// does a no to what was sent more than once, where repetitions are not known: it may only say
/// that the first was done (sip2.md section 3).
pub fn answer(
    end: LinkAnswer,
    profile: &Profile,
    sorting: &Sorting,
    now: DateTime,
    local: LocalTime<'_>,
) -> Result<Answer, NoAnswer> {
    let doubtful = end.transmissions > 1 && !profile.replays;
    let response = match end.outcome {
        Outcome::Answered(response) => *response,
        Outcome::NotSent | Outcome::QueueFull => return Err(NoAnswer::NotSent),
        Outcome::Unknown(_) => return Err(NoAnswer::Unknown),
    };
    if doubtful && says_no(&response) {
        return Err(NoAnswer::Unknown);
    }
    Ok(match response {
        Response::PatronInformation(m) => Answer::Patron(patron(m, profile, now, local)),
        Response::Checkout(m) => Answer::Checkout(LoanAnswer {
            ok: m.ok,
            release: m.desensitize || m.ok && ignores_flags(profile),
            renewed: m.renewal_ok,
            title: title(&m.title_identifier),
            due: due(&m.due_date, local),
            refusal: (!m.ok).then(|| refusal(profile, &m.screen_message)).flatten(),
            message: said(m.ok, &m.screen_message, profile),
        }),
        Response::Renew(m) => Answer::Renew(LoanAnswer {
            ok: m.ok,
            release: false,
            renewed: m.ok,
            title: title(&m.title_identifier),
            due: due(&m.due_date, local),
            refusal: (!m.ok).then(|| refusal(profile, &m.screen_message)).flatten(),
            message: said(m.ok, &m.screen_message, profile),
        }),
        Response::Checkin(m) => {
            let mut checkin = checkin(&m, profile, sorting);
            // The first of several closed the loan; the last found none.
            checkin.was_on_loan |= doubtful;
            Answer::Checkin(checkin)
        }
        Response::ItemInformation(m) => Answer::Item(item(&m, local)),
        Response::FeePaid(m) => Answer::PayFee(FeeAnswer {
            ok: m.payment_accepted,
            message: message(&m.screen_message),
        }),
        Response::EndSession(_) => Answer::Goodbye,
        _ => return Err(NoAnswer::Unknown),
    })
}

fn says_no(response: &Response) -> bool {
    match response {
        Response::Checkout(m) => !m.ok,
        Response::Renew(m) => !m.ok,
        Response::Checkin(m) => !m.ok,
        _ => false,
    }
}

fn patron(
    m: PatronInformationResponse,
    profile: &Profile,
    now: DateTime,
    local: LocalTime<'_>,
) -> PatronAnswer {
    let known = m.valid_patron.unwrap_or(true);
    let expires = m
        .extra
        .0
        .iter()
        .find(|(id, _)| *id == FieldId::PA)
        .and_then(|(_, text)| DueDate::new(text.trim()).parsed)
        .map(|end| day(&end, local));
    let expired = expires.is_some_and(|end| end < now.date());
    let block = if m.patron_status.has(PatronFlag::CardLost) {
        Some(Advice::CardLost)
    } else if expired {
        Some(Advice::CardExpired)
    } else if m.patron_status.stops_borrowing() {
        Some(reason_to_stop(&m, profile))
    } else {
        None
    };
    PatronAnswer {
        known,
        pin_ok: m.valid_patron_password,
        name: m.personal_name,
        block,
        on_loan: m.charged_items_count.map(u32::from),
        limit: m.charged_items_limit.and_then(|n| n.value()),
        owed: owed(m.currency_type.as_deref(), m.fee_amount.as_ref(), profile),
        // The list is of barcodes, on some systems with text behind (sip2.md section 4).
        loans: m
            .charged_items
            .iter()
            .filter_map(|text| text.split_whitespace().next())
            .filter_map(|number| ItemId::new(number).ok())
            .collect(),
        expires,
    }
}

/// What is owed, in hundredths. Absent is not nothing.
fn owed(currency: Option<&str>, amount: Option<&Amount>, profile: &Profile) -> Option<i64> {
    let ours =
        currency.map(str::trim).is_none_or(|c| c.is_empty() || c == profile.currency.letters());
    amount.filter(|_| ours)?.minor_units()
}

fn two_digits(number: u8) -> [u8; 2] {
    let number = number.min(99);
    [b'0' + number / 10, b'0' + number % 10]
}

fn reason_to_stop(m: &PatronInformationResponse, profile: &Profile) -> Advice {
    let flagged = |flag| m.patron_status.has(flag);
    refusal(profile, &m.screen_message).unwrap_or({
        if flagged(PatronFlag::ExcessiveFines) || flagged(PatronFlag::ExcessiveFees) {
            Advice::Fees
        } else if flagged(PatronFlag::TooManyOverdue) {
            Advice::LateItems
        } else if flagged(PatronFlag::TooManyCharged) {
            Advice::Limit
        } else {
            Advice::CardBlocked
        }
    })
}

fn checkin(m: &CheckinResponse, profile: &Profile, sorting: &Sorting) -> CheckinAnswer {
    // What nobody had is in the library all the same: it came in here, and staff see it.
    let nobody_had_it = !m.ok && profile.was_not_on_loan(&m.screen_message);
    CheckinAnswer {
        ok: m.ok || nobody_had_it,
        secure: m.resensitize || nobody_had_it || m.ok && ignores_flags(profile),
        was_on_loan: m.patron_identifier.is_some(),
        title: m.title_identifier.as_deref().and_then(title),
        sort: sort(m, sorting),
        message: said(m.ok, &m.screen_message, profile),
    }
}

fn ignores_flags(profile: &Profile) -> bool {
    profile.security_flags == SecurityFlags::Ignored
}

/// Sorting decision for a return, first match (sip2.md section 6).
fn sort(m: &CheckinResponse, sorting: &Sorting) -> Sort {
    let elsewhere =
        |code: &Option<String>| code.as_deref().and_then(|code| sorting.owners.elsewhere(code));
    if let Some(bin) = &m.sort_bin {
        if sorting.hold_bins.contains(bin) {
            return Sort::Hold;
        }
        if sorting.exception_bins.contains(bin) {
            return Sort::Exception;
        }
    }
    match &m.alert_type {
        Some(AlertType::HoldHere) => return Sort::Hold,
        Some(AlertType::HoldElsewhere | AlertType::InterLibraryLoan | AlertType::OtherBranch) => {
            let to = elsewhere(&m.destination_location)
                .or_else(|| elsewhere(&Some(m.permanent_location.clone())));
            return to.map_or(Sort::Exception, Sort::Transit);
        }
        // Koha can be told to send the field always (sip2.md section 10).
        Some(AlertType::Unlisted(code)) if code.trim().is_empty() => {}
        Some(AlertType::DataProblem | AlertType::Other | AlertType::Unlisted(_)) => {
            return Sort::Exception;
        }
        Some(AlertType::None) | None => {}
    }
    if let Some(to) = elsewhere(&m.destination_location) {
        return Sort::Transit(to);
    }
    // Whom it is held for is never looked at, only that it is.
    let held = m.hold_patron_id.as_ref().is_some_and(|id| !id.is_empty());
    if held && m.alert_type.is_none() {
        return Sort::Hold;
    }
    if let Some(home) = sorting.owners.way_home(&m.permanent_location) {
        return Sort::Transit(home);
    }
    if m.alert || !m.ok { Sort::Exception } else { Sort::Normal }
}

fn item(m: &ItemInformationResponse, local: LocalTime<'_>) -> ItemAnswer {
    ItemAnswer {
        on_loan: m.circulation_status.is_charged(),
        in_library: m.circulation_status.is_returned(),
        held: held(m),
        title: title(&m.title_identifier),
        due: m.due_date.as_ref().map_or(Due::Unknown, |date| due(date, local)),
    }
}

/// Whether somebody waits for it: the queue's length, or its place on the hold shelf.
fn held(m: &ItemInformationResponse) -> Option<bool> {
    let queue = m.hold_queue_length.as_ref().and_then(|n| n.value()).map(|n| n > 0);
    if m.circulation_status == CirculationStatus::OnHoldShelf { Some(true) } else { queue }
}

fn due(date: &DueDate, local: LocalTime<'_>) -> Due {
    match (&date.parsed, clean(&date.raw)) {
        (Some(parsed), _) => Due::Day(view_date(day(parsed, local))),
        (None, text) if text.is_empty() => Due::Unknown,
        (None, text) => Due::Text(text),
    }
}

/// The day where the station stands: late in UTC it is tomorrow in China. Of a zone nobody knows it
/// is the day as written.
fn day(told: &date::Due, local: LocalTime<'_>) -> Date {
    let at = told.date.to_datetime(told.time.unwrap_or_default());
    let here = (told.zone == Zone::Utc).then(|| local(SipDate::utc(at))).flatten();
    here.map_or(told.date, DateTime::date)
}

fn title(text: &str) -> Option<String> {
    let text = clean(text);
    (!text.is_empty()).then_some(text)
}

/// What the library system has to say besides yes or no.
fn said(ok: bool, texts: &[String], profile: &Profile) -> Option<String> {
    message(texts).filter(|_| !ok || profile.success_messages)
}

fn message(texts: &[String]) -> Option<String> {
    let text =
        texts.iter().map(|t| clean(t)).filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// Text from outside for a screen or slip: no control characters, nothing that turns the order of
/// what stands beside it, no blanks at the ends.
fn clean(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|&c| !c.is_control() && !turns(c)).collect::<String>().trim().to_owned()
}

fn refusal(profile: &Profile, texts: &[String]) -> Option<Advice> {
    profile.refusal_code(texts).and_then(advice)
}

/// The sentence for a reason code of a profile's refusal map (patron-experience.md section 7).
#[must_use]
pub fn advice(code: &str) -> Option<Advice> {
    Some(match code {
        "limit" => Advice::Limit,
        "fees" => Advice::Fees,
        "late_items" => Advice::LateItems,
        "in_library" => Advice::InLibrary,
        "held_other" => Advice::HeldOther,
        "on_loan_other" => Advice::OnLoanOther,
        "already_yours" => Advice::AlreadyYours,
        "item_unknown" => Advice::ItemUnknown,
        "withdrawn" => Advice::Withdrawn,
        "age" => Advice::Age,
        "media_here" => Advice::MediaHere,
        "card_blocked" => Advice::CardBlocked,
        "card_expired" => Advice::CardExpired,
        "card_lost" => Advice::CardLost,
        "card_unknown" => Advice::CardUnknown,
        "pin_wrong" => Advice::PinWrong,
        "renew_held" => Advice::RenewHeld,
        "renew_max" => Advice::RenewMax,
        "renew_early" => Advice::RenewEarly,
        "ret_no" => Advice::RetNo,
        "ils_down" => Advice::IlsDown,
        "ask_staff" => Advice::AskStaff,
        _ => return None,
    })
}

/// Columns told in 99 as the protocol's three digits.
#[must_use]
pub fn print_width(columns: u16) -> FixedText<3> {
    FixedText::new(&format!("{:03}", columns.min(999)))
}

#[cfg(test)]
mod tests;
