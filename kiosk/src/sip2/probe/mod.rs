//! Which library system answers at an address, and how well: asks what changes nothing.
//!
//! A connection on which 99 comes before any login; one with login, 99, 17 and 63, on which time,
//! character set and checksums are measured; one for each odd line. Nothing
//! is lent, returned, paid or blocked. What a system shows is a set of *signs* (`end=cr_lf`); the
//! files of [`super::systems`] say which system shows which.

mod talk;

use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::charset::Charset;
use super::codes::{Supported, SupportedMessages};
use super::conn::tls::{self, Tls};
use super::date::SipDate;
use super::message::{
    AcsResendRequest, AcsStatus, ItemInformationRequest, PatronInformationRequest, Request,
    Response, ScStatus,
};
use super::profile::Profile;
use super::systems::{SYSTEMS, SystemError};
use super::wire::{Checksum, ErrorDetection, Sequence, TERMINATOR, checksum};
use crate::privacy::{PatronId, Secret};
use talk::{Ends, Heard, Talk};

/// Wait for an answer to a usual question.
const ANSWER_WAIT: Duration = Duration::from_secs(8);
/// Wait for an answer where silence is one.
const ODD_WAIT: Duration = Duration::from_secs(3);
/// Pause between a question and its repetition, so that a new answer has another time.
const REPEAT_PAUSE: Duration = Duration::from_millis(1_100);
/// Questions of which the round trip is the median.
const ROUNDS: usize = 5;
/// Lines that are no answer before a question counts as not answered.
const STRAY_MAX: usize = 4;
/// A code SIP2 does not have.
const ODD_LINE: &[u8] = b"77";
/// An institution nobody has.
const OTHER_INSTITUTION: &str = "JIEHUAN-PROBE";
/// Fewest points with which a system is named.
const POINTS_MIN: u32 = 4;
/// Least lead before the next system.
const LEAD_MIN: u32 = 2;

/// Where to ask, and with what.
#[derive(Debug, Clone)]
pub struct Options {
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub tls: Option<Tls>,
    /// Account, institution and terminal password count; the rest is measured.
    pub profile: Profile,
    /// An item the library has.
    pub item: Option<String>,
    /// A patron for tests, not a real reader.
    pub patron: Option<PatronId>,
    /// Their PIN.
    pub pin: Option<Secret>,
}

/// Nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No connection.
    #[error("no connection to {address}: {}", why(source))]
    Connect {
        /// Address.
        address: String,
        /// The system's answer.
        source: io::Error,
    },
    /// A file of the program.
    #[error(transparent)]
    System(#[from] SystemError),
}

fn why(error: &io::Error) -> String {
    tls::trouble(error).map_or_else(
        || format!("{error}; check address and port, and whether the library system lets this machine in"),
        str::to_owned,
    )
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Report {
    /// The system whose profile fits; none when no one stands out.
    pub profile: Option<&'static str>,
    /// All systems, the best first.
    pub profiles: Vec<Fit>,
    /// What was seen.
    pub signs: BTreeSet<String>,
    /// How it may be configured.
    pub settings: Settings,
    /// Whether the account was accepted; none when there is none.
    pub login: Option<bool>,
    /// Time from question to answer.
    pub round_trip_ms: Option<RoundTrip>,
    /// What 98 says.
    pub status: Option<Status>,
    /// The known item.
    pub item: Option<ItemFound>,
    /// The test patron.
    pub patron: Option<PatronFound>,
}

/// How well a system fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fit {
    /// System.
    pub name: &'static str,
    /// Weight of its signs that were seen.
    pub points: u32,
    /// Weight of its signs that could be looked for.
    pub of: u32,
}

/// Keys of `[library.profile]` as measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Settings {
    /// `charset`; none when nothing but ASCII came.
    pub charset: Option<&'static str>,
    /// `checksum`.
    pub checksum: Option<&'static str>,
}

/// Milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoundTrip {
    /// Least.
    pub min: f64,
    /// Median.
    pub median: f64,
    /// Most.
    pub max: f64,
}

/// What 98 says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Open for business.
    pub online: bool,
    /// Loans allowed.
    pub checkout: bool,
    /// Returns allowed.
    pub checkin: bool,
    /// Renewals allowed.
    pub renewal: bool,
    /// Off-line transactions accepted later.
    pub offline: bool,
    /// Time-out in tenths of a second.
    pub timeout_tenths: Option<u16>,
    /// Retries.
    pub retries: Option<u16>,
    /// Institution.
    pub institution: String,
    /// Name of the library.
    pub library: Option<String>,
    /// Requests it says it answers.
    pub supported: Vec<&'static str>,
}

/// What 18 says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemFound {
    /// It has a title.
    pub known: bool,
    /// Circulation status, two digits.
    pub status: String,
}

/// What 64 says, and nothing of who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PatronFound {
    /// Known.
    pub valid: Option<bool>,
    /// PIN right.
    pub pin: Option<bool>,
    /// May borrow.
    pub may_borrow: bool,
    /// The list of loans can be counted.
    pub counts_loans: bool,
}

/// Every position of `BX`.
const SUPPORTED: [(Supported, &str); 16] = [
    (Supported::PatronStatus, "23"),
    (Supported::Checkout, "11"),
    (Supported::Checkin, "09"),
    (Supported::BlockPatron, "01"),
    (Supported::ScStatus, "99"),
    (Supported::Resend, "97"),
    (Supported::Login, "93"),
    (Supported::PatronInformation, "63"),
    (Supported::EndSession, "35"),
    (Supported::FeePaid, "37"),
    (Supported::ItemInformation, "17"),
    (Supported::ItemStatusUpdate, "19"),
    (Supported::PatronEnable, "25"),
    (Supported::Hold, "15"),
    (Supported::Renew, "29"),
    (Supported::RenewAll, "65"),
];

/// Asks, and says what answered.
///
/// # Errors
/// [`ProbeError`] when there is no connection. A library system that answers badly is no error:
/// the report says how.
pub fn probe(options: &Options, today: SipDate) -> Result<Report, ProbeError> {
    let mut probe = Probe {
        options,
        today,
        digit: Sequence::default(),
        ends: Ends::default(),
        checks: BTreeSet::new(),
        digits: BTreeSet::new(),
        charsets: BTreeSet::new(),
        times: Vec::new(),
        report: Report::default(),
    };
    probe.early()?;
    if probe.session()? {
        probe.odd()?;
    }
    probe.sum_up()
}

struct Probe<'a> {
    options: &'a Options,
    today: SipDate,
    digit: Sequence,
    ends: Ends,
    checks: BTreeSet<&'static str>,
    /// The digit asked with and the one answered with.
    digits: BTreeSet<(Sequence, Option<Sequence>)>,
    charsets: BTreeSet<&'static str>,
    times: Vec<Duration>,
    report: Report,
}

impl Probe<'_> {
    fn connect(&self) -> Result<Talk, ProbeError> {
        let (host, port) = (&self.options.host, self.options.port);
        let failed = |source| ProbeError::Connect { address: format!("{host}:{port}"), source };
        Talk::connect(host, port, self.options.tls.as_ref()).map_err(failed)
    }

    fn sign(&mut self, name: &str, value: &str) {
        self.report.signs.insert(format!("{name}={value}"));
    }

    fn bytes(&mut self, request: &Request) -> zeroize::Zeroizing<Vec<u8>> {
        self.digit = self.digit.next();
        let charset = self.options.profile.charset;
        request.encode(charset, ErrorDetection::On(self.digit)).into()
    }

    fn status_request(&self) -> Request {
        ScStatus {
            max_print_width: Some(self.options.profile.max_print_width),
            protocol_version: super::codes::FixedText::new("2.00"),
            ..ScStatus::default()
        }
        .into()
    }

    fn item_request(&self, item: &str, institution: &str) -> Request {
        ItemInformationRequest {
            transaction_date: self.today,
            institution_id: institution.to_owned(),
            item_identifier: item.to_owned(),
            terminal_password: Some(self.options.profile.terminal_password.clone()),
            ..ItemInformationRequest::default()
        }
        .into()
    }

    /// 99 before 93, on a connection of its own.
    fn early(&mut self) -> Result<(), ProbeError> {
        let mut talk = self.connect()?;
        let bytes = self.bytes(&self.status_request());
        talk.say(&bytes);
        let said = match talk.hear(ODD_WAIT) {
            Heard::Line(_) => "answered",
            Heard::Closed => "closed",
            Heard::Silent => "silent",
        };
        self.sign("early_status", said);
        Ok(())
    }

    /// Asks and hears the answer; what else comes is passed over. `None`: there was none.
    fn ask(&mut self, talk: &mut Talk, request: &Request) -> Option<Response> {
        let bytes = self.bytes(request);
        let asked = Instant::now();
        talk.say(&bytes);
        for _ in 0..STRAY_MAX {
            let Heard::Line(line) = talk.hear(ANSWER_WAIT) else { return None };
            let charset = charset_of(&line);
            let Ok(received) = Response::decode(&line, charset.unwrap_or(Charset::Ascii)) else {
                continue;
            };
            if request.answer_code().is_some_and(|code| code != received.message.code()) {
                continue;
            }
            self.times.push(asked.elapsed());
            self.checks.insert(match received.checksum {
                Checksum::Right => "right",
                Checksum::Absent => "absent",
                Checksum::Wrong { .. } if is_dp2(&line) => "dp2",
                Checksum::Wrong { .. } => "wrong",
            });
            self.digits.insert((self.digit, received.sequence));
            if let Some(charset) = charset.filter(|_| !line.is_ascii()) {
                self.charsets.insert(charset_name(charset));
            }
            return Some(received.message);
        }
        None
    }

    /// Logs in where there is an account; whether there is a session now.
    fn log_in(&mut self, talk: &mut Talk) -> bool {
        let Some(login) = self.options.profile.login_request() else { return true };
        let ok = match self.ask(talk, &login.into()) {
            Some(Response::Login(answer)) => answer.ok,
            _ => false,
        };
        self.report.login = Some(ok);
        ok
    }

    /// What a station asks every day; whether it was let in.
    fn session(&mut self) -> Result<bool, ProbeError> {
        let mut talk = self.connect()?;
        let in_session = self.log_in(&mut talk);
        // Before a login dp2 speaks another character set.
        self.charsets.clear();
        self.times.clear();
        if in_session {
            self.everyday(&mut talk);
        }
        self.ends = talk.ends;
        Ok(in_session)
    }

    fn everyday(&mut self, talk: &mut Talk) {
        for _ in 0..ROUNDS {
            match self.ask(talk, &self.status_request()) {
                Some(Response::AcsStatus(status)) => self.take_status(status),
                _ => return,
            }
        }
        if let Some(item) = self.options.item.clone() {
            let request = self.item_request(&item, &self.options.profile.institution_id);
            if let Some(Response::ItemInformation(m)) = self.ask(talk, &request) {
                let place = if m.current_location.is_some() { "present" } else { "absent" };
                self.sign("item_place", place);
                let status = String::from_utf8_lossy(&m.circulation_status.digits()).into_owned();
                let known = !m.title_identifier.trim().is_empty();
                self.report.item = Some(ItemFound { known, status });
            }
        }
        if let Some(patron) = self.options.patron.clone() {
            let request = PatronInformationRequest {
                language: self.options.profile.language,
                transaction_date: self.today,
                institution_id: self.options.profile.institution_id.clone(),
                patron_identifier: patron,
                terminal_password: Some(self.options.profile.terminal_password.clone()),
                patron_password: Some(self.options.pin.clone().unwrap_or_default()),
                ..PatronInformationRequest::default()
            };
            if let Some(Response::PatronInformation(m)) = self.ask(talk, &request.into()) {
                let counts = m.charged_items_count.is_some();
                self.sign("counts", if counts { "given" } else { "blank" });
                self.sign("language", &format!("{:03}", m.language.0));
                self.report.patron = Some(PatronFound {
                    valid: m.valid_patron,
                    pin: m.valid_patron_password,
                    may_borrow: !m.patron_status.stops_borrowing(),
                    counts_loans: counts,
                });
            }
        }
        self.repeat(talk);
        talk.say(&self.bytes(&AcsResendRequest::default().into()));
        let said = said(&talk.hear(ODD_WAIT));
        self.sign("again", said);
    }

    fn take_status(&mut self, status: AcsStatus) {
        let institution = status.institution_id.as_str();
        let kind = if institution.ends_with(' ') {
            "padded"
        } else if institution.starts_with(|c: char| c.is_ascii_digit())
            && institution.ends_with("_INST")
        {
            "alma"
        } else {
            "plain"
        };
        self.sign("institution", kind);
        let number = |n: Option<u16>| n.map_or_else(|| "blank".to_owned(), |n| format!("{n:03}"));
        self.sign("timeout", &number(status.timeout_period));
        self.sign("retries", &number(status.retries_allowed));
        self.report.status = Some(Status {
            online: status.online_status,
            checkout: status.checkout_ok,
            checkin: status.checkin_ok,
            renewal: status.renewal_policy,
            offline: status.offline_ok,
            timeout_tenths: status.timeout_period,
            retries: status.retries_allowed,
            institution: status.institution_id,
            library: status.library_name,
            supported: supported(&status.supported_messages),
        });
    }

    /// The same 99 once more, byte for byte: an answer of the same time was kept and given again,
    /// where the clock went on meanwhile. Some tell no time (18 zeros), which shows nothing.
    fn repeat(&mut self, talk: &mut Talk) {
        let bytes = self.bytes(&self.status_request());
        let mut times = Vec::new();
        for pause in [Duration::ZERO, REPEAT_PAUSE] {
            std::thread::sleep(pause);
            talk.say(&bytes);
            let Heard::Line(line) = talk.hear(ANSWER_WAIT) else { return };
            let charset = charset_of(&line).unwrap_or(Charset::Ascii);
            match Response::decode(&line, charset).map(|received| received.message) {
                Ok(Response::AcsStatus(status)) => times.push(status.date_time_sync),
                _ => return,
            }
        }
        let Some(Response::AcsStatus(fresh)) = self.ask(talk, &self.status_request()) else {
            return;
        };
        let kept = times.first() == times.last();
        if !kept || times.first() != Some(&fresh.date_time_sync) {
            self.sign("repeat", if kept { "replayed" } else { "anew" });
        }
    }

    /// What only odd lines show. Any of them may end the connection.
    fn odd(&mut self) -> Result<(), ProbeError> {
        let good = self.bytes(&self.status_request());
        let mut spoilt = good.clone();
        if let Some(last) = spoilt.last_mut() {
            *last = if *last == b'0' { b'1' } else { b'0' };
        }
        // A question behind the empty line, so that nobody waits for silence.
        let nothing = [&[TERMINATOR], good.as_slice()].concat();
        let mut lines = vec![
            ("wrong_checksum", spoilt),
            ("odd_message", ODD_LINE.to_vec().into()),
            ("empty_line", nothing.into()),
        ];
        if let Some(item) = &self.options.item {
            let other = self.item_request(item, OTHER_INSTITUTION);
            lines.insert(0, ("other_institution", self.bytes(&other)));
        }
        for (name, line) in lines {
            let mut talk = self.connect()?;
            let login = self.options.profile.login_request().map(Request::from);
            if let Some(login) = login {
                talk.say(&self.bytes(&login));
                if !matches!(talk.hear(ANSWER_WAIT), Heard::Line(_)) {
                    continue;
                }
            }
            talk.say(&line);
            let said = said(&talk.hear(ODD_WAIT));
            self.sign(name, said);
        }
        Ok(())
    }

    fn sum_up(mut self) -> Result<Report, ProbeError> {
        if let Some(end) = self.ends.name() {
            self.sign("end", end);
        }
        for (name, values) in [
            ("check", self.checks.clone()),
            ("digit", digits(&self.digits).into_iter().collect()),
            ("charset", self.charsets.clone()),
        ] {
            match values.len() {
                0 => {}
                1 => values.iter().for_each(|value| self.sign(name, value)),
                _ => self.sign(name, "mixed"),
            }
        }
        self.report.settings = Settings {
            charset: self.charsets.first().copied().filter(|_| self.charsets.len() == 1),
            checksum: match self.checks.iter().copied().collect::<Vec<_>>()[..] {
                [] => None,
                ["right"] => Some("strict"),
                ["absent"] => Some("off"),
                _ => Some("send_only"),
            },
        };
        self.times.sort_unstable();
        let ms = |time: &Duration| time.as_secs_f64() * 1e3;
        if let (Some(min), Some(max)) = (self.times.first(), self.times.last()) {
            let median = ms(&self.times[self.times.len() / 2]);
            self.report.round_trip_ms = Some(RoundTrip { min: ms(min), median, max: ms(max) });
        }
        self.report.profiles = fits(&self.report.signs)?;
        self.report.profile = stands_out(&self.report.profiles);
        Ok(self.report)
    }
}

/// Systems by how well they fit, the best first.
fn fits(signs: &BTreeSet<String>) -> Result<Vec<Fit>, SystemError> {
    let kind = |sign: &str| sign.split('=').next().map(str::to_owned);
    let looked_for: BTreeSet<_> = signs.iter().map(|sign| kind(sign)).collect();
    let mut fits = Vec::new();
    for system in SYSTEMS {
        let mut fit = Fit { name: system.name, points: 0, of: 0 };
        for (sign, weight) in system.signs()? {
            if looked_for.contains(&kind(&sign)) {
                fit.of += weight;
                fit.points += if signs.contains(&sign) { weight } else { 0 };
            }
        }
        fits.push(fit);
    }
    fits.sort_by_key(|fit| std::cmp::Reverse(fit.points));
    Ok(fits)
}

/// The first, when it shows most of what it should and leads.
fn stands_out(fits: &[Fit]) -> Option<&'static str> {
    let [first, second, ..] = fits else { return None };
    let enough = first.points >= POINTS_MIN && first.points * 3 >= first.of * 2;
    (enough && first.points >= second.points + LEAD_MIN).then_some(first.name)
}

/// How answers are numbered; nothing before one was heard. One digit for ever shows only when it was
/// asked with several.
fn digits(heard: &BTreeSet<(Sequence, Option<Sequence>)>) -> Option<&'static str> {
    let asked: BTreeSet<_> = heard.iter().map(|(asked, _)| asked).collect();
    let answered: BTreeSet<_> = heard.iter().map(|(_, answered)| answered).collect();
    Some(match (answered.first()?, answered.len()) {
        (None, 1) => "absent",
        _ if heard.iter().all(|(asked, answered)| Some(*asked) == *answered) => "echoed",
        (Some(_), 1) if asked.len() > 1 => "fixed",
        _ => "mixed",
    })
}

/// What an odd line met.
fn said(heard: &Heard) -> &'static str {
    let Heard::Line(line) = heard else {
        return if *heard == Heard::Closed { "closed" } else { "silent" };
    };
    let charset = charset_of(line).unwrap_or(Charset::Ascii);
    match Response::decode(line, charset).map(|received| received.message) {
        Ok(Response::Resend(_)) => "resend",
        Ok(_) => "answered",
        Err(_) => "text",
    }
}

fn is_dp2(line: &[u8]) -> bool {
    [Charset::Utf8, Charset::Gbk].into_iter().any(|charset| checksum::is_dp2(line, charset))
}

/// The first set in which the line makes sense.
fn charset_of(line: &[u8]) -> Option<Charset> {
    [Charset::Utf8, Charset::Gbk, Charset::Gb18030]
        .into_iter()
        .find(|charset| !charset.decode(line).contains(char::REPLACEMENT_CHARACTER))
}

fn charset_name(charset: Charset) -> &'static str {
    match charset {
        Charset::Utf8 => "utf-8",
        Charset::Gbk => "gbk",
        Charset::Gb18030 => "gb18030",
        Charset::Cp850 => "cp850",
        Charset::Ascii => "ascii",
    }
}

fn supported(messages: &SupportedMessages) -> Vec<&'static str> {
    SUPPORTED.iter().filter(|(m, _)| messages.supports(*m)).map(|(_, code)| *code).collect()
}

#[cfg(test)]
mod tests;
