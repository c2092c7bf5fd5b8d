//! Login, status and resend: 93/94, 99/98, 96, 97.

use super::fixed::{Digits, OneZero, Stamp, YesNo};
use super::message;
use crate::privacy::Secret;
use crate::sip2::codes::{FixedText, ScStatusCode, SupportedMessages};
use crate::sip2::date::SipDate;

message! {
    /// 93 Login. Algorithms `0` mean plain text, the only ones in use.
    LoginRequest = Login
    fixed {
        /// How the user id is encrypted.
        uid_algorithm: FixedText<1> as FixedText<1>,
        /// How the password is encrypted.
        pwd_algorithm: FixedText<1> as FixedText<1>,
    }
    fields {
        /// The station's user at the library system.
        login_user_id: String = CN,
        /// Its password.
        login_password: Secret = CO,
        /// Where the station stands (FOLIO: service point UUID).
        location_code: Option<String> = CP,
    }
}

message! {
    /// 94 Login Response.
    LoginResponse = LoginResponse
    fixed {
        /// Whether the login was accepted.
        ok: bool as OneZero,
    }
    fields {}
}

message! {
    /// 99 SC Status.
    ScStatus = ScStatus
    fixed {
        /// State of the station.
        status_code: ScStatusCode as ScStatusCode,
        /// Printer columns.
        max_print_width: Option<u16> as Digits<3>,
        /// `2.00`.
        protocol_version: FixedText<4> as FixedText<4>,
    }
    fields {}
}

message! {
    /// 98 ACS Status. Gates what the station offers.
    AcsStatus = AcsStatus
    fixed {
        /// Whether the library system is open for business.
        online_status: bool as YesNo,
        /// Whether returns are allowed.
        checkin_ok: bool as YesNo,
        /// Whether loans are allowed.
        checkout_ok: bool as YesNo,
        /// Whether renewals are allowed.
        renewal_policy: bool as YesNo,
        /// Whether patrons may be blocked by 01.
        status_update_ok: bool as YesNo,
        /// Whether transactions made off-line are accepted later.
        offline_ok: bool as YesNo,
        /// Answer time-out in tenths of a second; 0 off-line, 999 unknown.
        timeout_period: Option<u16> as Digits<3>,
        /// Retries allowed; 999 unknown.
        retries_allowed: Option<u16> as Digits<3>,
        /// The library system's clock; 18 zeros: not supported.
        date_time_sync: SipDate as Stamp,
        /// `2.00`.
        protocol_version: FixedText<4> as FixedText<4>,
    }
    fields {
        /// Institution.
        institution_id: String = AO,
        /// Name of the library.
        library_name: Option<String> = AM,
        /// Requests the library system says it answers.
        supported_messages: SupportedMessages = BX,
        /// The station's place as the library system calls it.
        terminal_location: Option<String> = AN,
        /// Messages for the screen.
        screen_message: Vec<String> = AF,
        /// Lines for the printer.
        print_line: Vec<String> = AG,
    }
}

message! {
    /// 97 Request ACS Resend: the station asks for the last answer again.
    AcsResendRequest = RequestAcsResend
    fixed {}
    fields {}
}

message! {
    /// 96 Request SC Resend: the library system asks for the last request again.
    ScResendRequest = RequestScResend
    fixed {}
    fields {}
}
