//! Login and status: 94, 98.

use super::super::model::{Language, Station};
use super::super::store::Library;
use crate::practice::model::LocalTime;
use crate::sip2::SipDate;
use crate::sip2::codes::{FixedText, SupportedMessages};
use crate::sip2::message::{AcsStatus, LoginResponse};

/// Time a station is told to wait for an answer, in tenths of a second.
const TIMEOUT_TENTHS: u16 = 300;

/// Retries a station is told to make.
const RETRIES: u16 = 3;

/// Every request is answered: sixteen positions (sip2.md section 4, "BX").
const SUPPORTED: &str = "YYYYYYYYYYYYYYYY";

/// What 98 says of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::practice) enum Availability {
    /// Open.
    Open,
    /// Off line (98 with online N).
    Offline,
}

pub(in crate::practice) fn status_response(
    library: &Library,
    station: &Station,
    availability: Availability,
    language: Option<Language>,
    now: LocalTime,
) -> AcsStatus {
    let open = availability == Availability::Open;
    AcsStatus {
        online_status: open,
        checkin_ok: open,
        checkout_ok: open,
        renewal_policy: open,
        status_update_ok: true,
        offline_ok: true,
        timeout_period: Some(TIMEOUT_TENTHS),
        retries_allowed: Some(RETRIES),
        date_time_sync: SipDate::local(now),
        protocol_version: FixedText::new("2.00"),
        institution_id: library.institution.clone(),
        library_name: Some(match language.unwrap_or_default() {
            Language::Zh => library.zh.clone(),
            Language::En => library.en.clone(),
        }),
        supported_messages: SupportedMessages(SUPPORTED.to_owned()),
        terminal_location: Some(station.location.clone()).filter(|place| !place.is_empty()),
        ..AcsStatus::default()
    }
}

pub(in crate::practice) fn login_response(ok: bool) -> LoginResponse {
    LoginResponse { ok, ..LoginResponse::default() }
}
