//! The practice library in the guise of a library system known by name: the deviations of sip2.md
//! section 10 on the wire, so that profiles and the probe meet them. The library behind is the
//! same.

use clap::ValueEnum;

use super::desk::Duplicates;
use super::store::Library;
use crate::sip2::Charset;
use crate::sip2::codes::{Language, MagneticMedia};
use crate::sip2::message::{AcsStatus, CheckinResponse, CheckoutResponse};
use crate::sip2::{Request, Response};

/// Said by Koha of a return of what nobody had.
const NOT_CHECKED_OUT: &str = "Item not checked out";
/// Said by dp2 in every answer that says yes: "done".
const DP2_DONE: &str = "成功";
/// dp2's answer to a code it does not know, in words.
const DP2_UNKNOWN_CODE: &str = "无法识别的消息";
/// FOLIO's answer to what it cannot do: a line that is no message.
const FOLIO_PROBLEM: &str = "Problem handling request";

/// A library system to be taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Guise {
    /// Koha.
    Koha,
    /// Evergreen.
    Evergreen,
    /// FOLIO.
    Folio,
    /// Ex Libris Alma.
    Alma,
    /// Innovative Sierra.
    Sierra,
    /// SirsiDynix Symphony.
    Symphony,
    /// DigitalPlatform dp2.
    Dp2,
    /// A Chinese system that speaks GBK.
    GenericGbk,
}

/// What follows a line that is no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Odd {
    /// 96.
    Resend,
    /// The connection ends.
    Close,
    /// Words, which are no message.
    Text(&'static str),
}

impl Guise {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Koha,
        Self::Evergreen,
        Self::Folio,
        Self::Alma,
        Self::Sierra,
        Self::Symphony,
        Self::Dp2,
        Self::GenericGbk,
    ];

    /// The name of its profile.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Koha => "koha",
            Self::Evergreen => "evergreen",
            Self::Folio => "folio",
            Self::Alma => "alma",
            Self::Sierra => "sierra",
            Self::Symphony => "symphony",
            Self::Dp2 => "dp2",
            Self::GenericGbk => "generic-gbk",
        }
    }

    /// Character set; dp2's is that of code page 936 until the account's own is known.
    pub(super) fn charset(self) -> Charset {
        match self {
            Self::Dp2 | Self::GenericGbk => Charset::Gbk,
            _ => Charset::Utf8,
        }
    }

    /// Character set after a login of an account that has none of its own.
    pub(super) fn charset_after_login(self) -> Option<Charset> {
        (self == Self::Dp2).then_some(Charset::Utf8)
    }

    /// Only FOLIO knows a repetition (sip2.md section 3).
    pub(super) fn duplicates(self) -> Duplicates {
        if self == Self::Folio { Duplicates::Replay } else { Duplicates::Process }
    }

    /// What ends its messages.
    pub(super) fn end(self) -> &'static [u8] {
        if self == Self::Koha { b"\r\n" } else { b"\r" }
    }

    /// Whether it closes the connection when the first message is not 93.
    pub(super) fn wants_login_first(self) -> bool {
        matches!(self, Self::Koha | Self::Evergreen)
    }

    /// What it does with a line that is no request.
    pub(super) fn odd(self) -> Odd {
        match self {
            Self::Evergreen => Odd::Close,
            Self::Folio => Odd::Text(FOLIO_PROBLEM),
            Self::Dp2 => Odd::Text(DP2_UNKNOWN_CODE),
            _ => Odd::Resend,
        }
    }

    /// Whether empty input is answered, by 96 without a checksum. Its lines end with CR or LF, so
    /// that of CR LF the second is one.
    pub(super) fn answers_nothing(self) -> bool {
        self == Self::Koha
    }

    /// An error in words: FOLIO's where it has none of its own.
    pub(super) fn problem(self) -> &'static str {
        match self.odd() {
            Odd::Text(text) => text,
            Odd::Resend | Odd::Close => FOLIO_PROBLEM,
        }
    }

    /// A user name as it came, understood: dp2's is URL-escaped where it is Chinese.
    pub(super) fn user(self, name: &str) -> String {
        if self == Self::Dp2 { unescaped(name) } else { name.to_owned() }
    }

    /// Whether a request is answered by 96 though it is well made: another institution's.
    pub(super) fn takes_for_noise(self, institution: Option<&str>, library: &Library) -> bool {
        self == Self::Symphony && institution.is_some_and(|ao| ao != library.institution)
    }

    /// Whether a request is refused for its institution. dp2 takes none for any.
    pub(super) fn refuses_institution(self, institution: &str, library: &Library) -> bool {
        self == Self::Dp2 && !institution.is_empty() && institution != library.institution
    }

    /// Whether its handler dies of a request, before anything is done.
    pub(super) fn dies_of(self, request: &Request) -> bool {
        self == Self::Evergreen && matches!(request, Request::FeePaid(_))
    }

    /// Whether its handler dies of what it would have to answer: a return of what it has not.
    pub(super) fn dies_answering(self, response: &Response) -> bool {
        let unknown = |m: &CheckinResponse| !m.ok && m.title_identifier.is_none();
        matches!(response, Response::Checkin(m) if self == Self::Evergreen && unknown(m))
    }

    /// A request as this system reads it.
    pub(super) fn read(self, request: &mut Request) {
        match (self, request) {
            // An own loan is renewed whatever the station says (sip2.md section 10, Alma).
            (Self::Alma, Request::Checkout(m)) => m.sc_renewal_policy = true,
            // "No block" is never recognised (sip2.md section 5).
            (Self::Evergreen | Self::Dp2, Request::Checkout(m)) => m.no_block = false,
            (Self::Evergreen | Self::Dp2, Request::Checkin(m)) => m.no_block = false,
            (Self::Evergreen | Self::Dp2, Request::Renew(m)) => m.no_block = false,
            _ => {}
        }
    }

    /// An answer as this system writes it. `located`: the login named a place (CP).
    pub(super) fn write(self, response: &mut Response, located: bool) {
        if let Response::AcsStatus(status) = response {
            self.status(status, located);
        }
        match (self, response) {
            (Self::Koha, Response::Checkin(m)) if m.ok && m.patron_identifier.is_none() => {
                m.ok = false;
                m.alert = true;
                m.screen_message = vec![NOT_CHECKED_OUT.to_owned()];
            }
            (Self::Folio, Response::Checkout(m)) => folio_loan(m),
            (Self::Folio, Response::Checkin(m)) => {
                m.alert = false;
                m.alert_type = None;
                m.destination_location = None;
                m.sort_bin = None;
            }
            (Self::Folio, Response::PatronInformation(m)) => {
                m.charged_items_count = None;
                m.fine_items_count = None;
                m.unavailable_holds_count = None;
            }
            (Self::Alma, response) => alma(response),
            (Self::Sierra, response) => sierra(response),
            (Self::Dp2, response) => dp2(response),
            _ => {}
        }
    }

    fn status(self, status: &mut AcsStatus, located: bool) {
        let (period, retries) = match self {
            Self::Koha => (100, 5),
            Self::Evergreen => (600, 3),
            Self::Dp2 => (10, 3),
            _ => (300, 3),
        };
        status.timeout_period = Some(period);
        status.retries_allowed = Some(retries);
        // Without a service point nothing can be done (sip2.md section 3).
        status.online_status &= self != Self::Folio || located;
    }
}

fn folio_loan(m: &mut CheckoutResponse) {
    m.renewal_ok = false;
    m.magnetic_media = MagneticMedia::Unknown;
    m.fee_type = None;
    m.fee_amount = None;
    m.currency_type = None;
}

fn unescaped(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name;
    while let Some(at) = rest.find('%') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let code = rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(b'%'));
        rest = &rest[at + if code.is_some() { 3 } else { 1 }..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Institution of an answer.
fn institution(response: &mut Response) -> Option<&mut String> {
    Some(match response {
        Response::Checkin(m) => &mut m.institution_id,
        Response::Checkout(m) => &mut m.institution_id,
        Response::Renew(m) => &mut m.institution_id,
        Response::PatronStatus(m) => &mut m.institution_id,
        Response::PatronInformation(m) => &mut m.institution_id,
        Response::EndSession(m) => &mut m.institution_id,
        Response::AcsStatus(m) => &mut m.institution_id,
        _ => return None,
    })
}

fn alma(response: &mut Response) {
    if let Some(ao) = institution(response) {
        *ao = format!("01{ao}_INST");
    }
    match response {
        Response::ItemInformation(m) => {
            m.current_location = None;
            m.item_properties = None;
        }
        Response::Checkin(m) => m.alert = false,
        _ => {}
    }
}

fn sierra(response: &mut Response) {
    if let Some(ao) = institution(response) {
        ao.push(' ');
    }
    match response {
        Response::PatronInformation(m) => {
            m.language = Language(0);
            m.screen_message.extend(["Greetings.", "Sierra"].map(str::to_owned));
        }
        Response::PatronStatus(m) => m.language = Language(0),
        _ => {}
    }
}

fn dp2(response: &mut Response) {
    let (ok, texts) = match response {
        Response::Checkin(m) => (m.ok, &mut m.screen_message),
        Response::Checkout(m) => (m.ok, &mut m.screen_message),
        Response::Renew(m) => (m.ok, &mut m.screen_message),
        _ => return,
    };
    if ok && texts.is_empty() {
        texts.push(DP2_DONE.to_owned());
    }
}
