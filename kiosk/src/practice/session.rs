//! One connection as a state machine: a line in, an outcome out. Knows no socket and no clock; the
//! database is handed in.

use tracing::{debug, warn};
use zeroize::Zeroizing;

use super::answer::{self, Trailer, encode};
use super::desk::{self, Asked, Availability, Duplicates};
use super::fault::Faults;
use super::guise::{Guise, Odd};
use super::model::{Language, LocalTime, Station};
use super::rules::Refusal;
use super::store::{Library, Store, StoreError};
use crate::sip2::message::{LoginRequest, ScResendRequest};
use crate::sip2::wire::{Checksum, TERMINATOR, checksum};
use crate::sip2::{Charset, ErrorDetection, Received, Request, Response};

/// Lines in a row that are no message before the connection is closed.
const MAX_BAD_LINES: u32 = 10;

/// What the server asks of AY and AZ in requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChecksumMode {
    /// Every request needs both, and AZ must be right; else 96.
    Strict,
    /// AZ must be right where it is there (as Evergreen and Koha do, sip2.md section 2).
    #[default]
    Checked,
    /// AZ is not looked at.
    Tolerant,
}

/// Settings all connections share.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    pub(super) charset: Charset,
    pub(super) checksum: ChecksumMode,
    pub(super) duplicates: Duplicates,
    /// The library system it is taken for.
    pub(super) guise: Option<Guise>,
    /// Institutions served; empty serves any.
    pub(super) institutions: Vec<String>,
}

/// What follows from a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Bytes to send.
    pub(super) send: Vec<u8>,
    /// Whether the connection is closed then.
    pub(super) close: bool,
}

impl Outcome {
    fn send(send: Vec<u8>) -> Self {
        Self { send, close: false }
    }

    fn close() -> Self {
        Self { send: Vec::new(), close: true }
    }
}

/// The last answer, to give it again.
struct Last {
    /// The line it answers, where that had AY and AZ.
    line: Option<Zeroizing<Vec<u8>>>,
    request: Request,
    response: Response,
    detection: ErrorDetection,
}

/// One connection.
pub(super) struct Session {
    charset: Charset,
    guise: Option<Guise>,
    station: Station,
    logged_in: bool,
    language: Option<Language>,
    /// Whether the station's last readable request carried AY and AZ, or a line that could not be
    /// read ended as such a request does.
    detects: bool,
    last: Option<Last>,
    bad_lines: u32,
}

/// Everything a line is answered with.
pub(super) struct World<'a> {
    pub(super) store: &'a mut Store,
    pub(super) library: &'a Library,
    pub(super) manner: &'a Manner,
    pub(super) faults: &'a mut Faults,
    pub(super) now: LocalTime,
}

impl Session {
    pub(super) fn new(manner: &Manner) -> Self {
        Self {
            charset: manner.charset,
            guise: manner.guise,
            station: Station::default(),
            logged_in: false,
            language: None,
            detects: false,
            last: None,
            bad_lines: 0,
        }
    }

    /// The bytes of 96, with AZ when the station uses it.
    pub(super) fn resend_request(&self) -> Vec<u8> {
        let line: &[u8] = if self.detects { b"96AZFEF6" } else { b"96" };
        [line, self.end()].concat()
    }

    fn end(&self) -> &'static [u8] {
        self.guise.map_or(&[TERMINATOR], Guise::end)
    }

    fn trailer(&self, fault: bool) -> Trailer {
        let is_dp2 = fault || self.guise == Some(Guise::Dp2);
        if is_dp2 { Trailer::Dp2 } else { Trailer::Standard }
    }

    /// Answers one line. A database that fails answers nothing and closes: the station then treats
    /// its request as in doubt, which it is.
    pub(super) fn line(&mut self, world: &mut World<'_>, line: &[u8]) -> Outcome {
        if line.is_empty() {
            self.bad_lines += 1;
            let send = [b"96".as_slice(), self.end()].concat();
            return Outcome { send, close: self.bad_lines >= MAX_BAD_LINES };
        }
        let received = match Request::decode(line, self.charset) {
            Ok(received) => received,
            Err(error) => {
                debug!(%error, "not a request");
                return self.odd_line(line);
            }
        };
        if !acceptable(world.manner.checksum, &received) {
            return self.bad_line(line);
        }
        self.bad_lines = 0;
        if matches!(received.message, Request::Resend(_)) {
            return self.again(world);
        }
        if self.guise.is_some_and(|guise| guise.dies_of(&received.message)) {
            return Outcome::close();
        }
        self.detects = received.sequence.is_some();
        if self.repeats(world.manner, line) {
            return self.again(world);
        }
        let line = self.detects.then(|| Zeroizing::new(line.to_vec()));
        let request = received.message;
        let institution = institution(&request);
        if self.guise.is_some_and(|guise| guise.takes_for_noise(institution, world.library)) {
            return Outcome::send(self.resend_request());
        }
        if world.faults.takes_96(request.code()) {
            return Outcome::send(self.resend_request());
        }
        if world.faults.takes_words(request.code()) {
            return Outcome::send(self.words(self.guise.unwrap_or(Guise::Folio).problem()));
        }
        let detection = received.sequence.map_or(ErrorDetection::Off, ErrorDetection::On);
        match self.work(world, &request) {
            Ok(Worked::Answer(mut response)) => {
                if let Some(guise) = self.guise {
                    if guise.dies_answering(&response) {
                        return Outcome::close();
                    }
                    guise.write(&mut response, !self.station.location.is_empty());
                }
                self.last = Some(Last { line, request, response: *response, detection });
                self.again(world)
            }
            Ok(Worked::LoggedIn(charset)) => {
                let response = desk::login_response(true).into();
                self.last = Some(Last { line, request, response, detection });
                let outcome = self.again(world);
                let usual = self.guise.and_then(Guise::charset_after_login);
                self.charset = charset.or(usual).unwrap_or(self.charset);
                outcome
            }
            Ok(Worked::LoginRefused) => {
                let response: Response = desk::login_response(false).into();
                let mut send = response.encode(self.charset, detection);
                send.extend_from_slice(self.end());
                Outcome { send, close: true }
            }
            Ok(Worked::NotLoggedIn) => Outcome::close(),
            Err(error) => {
                warn!(%error, "request not answered");
                Outcome::close()
            }
        }
    }

    /// A line that is no request at all.
    fn odd_line(&mut self, line: &[u8]) -> Outcome {
        let text = match self.guise.map(Guise::odd) {
            Some(Odd::Close) => return Outcome::close(),
            Some(Odd::Text(text)) => text,
            Some(Odd::Resend) | None => return self.bad_line(line),
        };
        self.bad_lines += 1;
        Outcome { send: self.words(text), close: self.bad_lines >= MAX_BAD_LINES }
    }

    /// A line that is no message.
    fn words(&self, text: &str) -> Vec<u8> {
        let mut send = answer::words(text, self.charset, self.trailer(false));
        send.extend_from_slice(self.end());
        send
    }

    fn bad_line(&mut self, line: &[u8]) -> Outcome {
        self.detects |= checksum::is_sealed(line);
        self.bad_lines += 1;
        Outcome { send: self.resend_request(), close: self.bad_lines >= MAX_BAD_LINES }
    }

    /// Whether it is the last request once more. The whole line is compared: two requests may share
    /// digit and sum.
    fn repeats(&self, manner: &Manner, line: &[u8]) -> bool {
        manner.duplicates == Duplicates::Replay
            && self
                .last
                .as_ref()
                .and_then(|last| last.line.as_ref())
                .is_some_and(|last| last.as_slice() == line)
    }

    /// Sends the last answer, with whatever faults are in force.
    fn again(&self, world: &mut World<'_>) -> Outcome {
        let Some(last) = &self.last else { return Outcome::send(self.resend_request()) };
        let twist = world.faults.twist(last.request.code(), desk::changes(&last.request));
        if twist.silent {
            return Outcome::send(Vec::new());
        }
        if twist.close_before {
            return Outcome::close();
        }
        let trailer = self.trailer(world.faults.dp2);
        let (charset, detection) = (self.charset, last.detection);
        let mut send = encode(&last.response, charset, detection, trailer, twist, self.end());
        if let Some(bytes) = twist.close_mid {
            // Never the whole answer: it would not be a cut.
            send.truncate(bytes.min(send.len() - 1));
        }
        Outcome { send, close: twist.close_mid.is_some() }
    }

    fn work(&mut self, world: &mut World<'_>, request: &Request) -> Result<Worked, StoreError> {
        match request {
            Request::Login(login) => return self.login(world, login),
            Request::ScStatus(_)
                if !self.logged_in && self.guise.is_some_and(Guise::wants_login_first) =>
            {
                return Ok(Worked::NotLoggedIn);
            }
            Request::ScStatus(_) => {
                let availability = match world.faults.offline {
                    true => Availability::Offline,
                    false => Availability::Open,
                };
                let status = desk::status_response(
                    world.library,
                    &self.station,
                    availability,
                    self.language,
                    world.now,
                );
                return Ok(Worked::Answer(Box::new(status.into())));
            }
            _ if world.library.has_accounts && !self.logged_in => return Ok(Worked::NotLoggedIn),
            _ => {}
        }
        self.note_context(request);
        let refuse = self.refuses(world);
        let asked = Asked {
            library: world.library,
            station: &self.station,
            now: world.now,
            language: self.language,
            duplicates: world.manner.duplicates,
            refuse,
        };
        let mut request = request.clone();
        if let Some(guise) = self.guise {
            guise.read(&mut request);
        }
        let answer = world.store.write(|tx| desk::answer(tx, &asked, &request))?;
        // Resend requests never come here; should a new kind be forgotten, 96 is the honest answer.
        let answer = answer.unwrap_or_else(|| ScResendRequest::default().into());
        if matches!(request, Request::EndSession(_)) {
            self.language = None;
        }
        Ok(Worked::Answer(Box::new(answer)))
    }

    fn login(&mut self, world: &mut World<'_>, login: &LoginRequest) -> Result<Worked, StoreError> {
        let user = &login.login_user_id;
        let user = self.guise.map_or_else(|| user.clone(), |guise| guise.user(user));
        let accepted = if world.library.has_accounts {
            let password = login.login_password.expose();
            world.store.write(|tx| tx.login(&user, password))?
        } else {
            Some(None)
        };
        let Some(charset) = accepted else { return Ok(Worked::LoginRefused) };
        self.logged_in = true;
        self.station.login = user;
        self.station.location = login.location_code.clone().unwrap_or_default();
        Ok(Worked::LoggedIn(charset))
    }

    fn refuses(&self, world: &World<'_>) -> Option<Refusal> {
        if world.faults.offline || world.faults.refuse_all {
            return Some(Refusal::Closed);
        }
        let (served, institution) = (&world.manner.institutions, &self.station.institution);
        let other = self.guise.is_some_and(|g| g.refuses_institution(institution, world.library));
        let known = !other && (served.is_empty() || served.contains(institution));
        (!known).then_some(Refusal::Institution)
    }

    /// Language and institution a request names.
    fn note_context(&mut self, request: &Request) {
        let language = match request {
            Request::PatronInformation(request) => Some(request.language),
            Request::PatronStatus(request) => Some(request.language),
            _ => None,
        };
        if let Some(language) = language {
            self.language = Language::from_sip(language);
        }
        if let Some(institution) = institution(request) {
            institution.clone_into(&mut self.station.institution);
        }
    }
}

enum Worked {
    Answer(Box<Response>),
    LoggedIn(Option<Charset>),
    LoginRefused,
    NotLoggedIn,
}

fn acceptable(mode: ChecksumMode, received: &Received<Request>) -> bool {
    let resend = matches!(received.message, Request::Resend(_));
    match (mode, received.checksum) {
        (ChecksumMode::Tolerant, _) | (ChecksumMode::Checked, Checksum::Absent) => true,
        (_, Checksum::Wrong { .. }) | (ChecksumMode::Strict, Checksum::Absent) => false,
        (ChecksumMode::Checked, Checksum::Right) => true,
        (ChecksumMode::Strict, Checksum::Right) => resend || received.sequence.is_some(),
    }
}

fn institution(request: &Request) -> Option<&str> {
    Some(match request {
        Request::BlockPatron(r) => &r.institution_id,
        Request::Checkin(r) => &r.institution_id,
        Request::Checkout(r) => &r.institution_id,
        Request::Hold(r) => &r.institution_id,
        Request::ItemInformation(r) => &r.institution_id,
        Request::ItemStatusUpdate(r) => &r.institution_id,
        Request::PatronStatus(r) => &r.institution_id,
        Request::PatronEnable(r) => &r.institution_id,
        Request::Renew(r) => &r.institution_id,
        Request::EndSession(r) => &r.institution_id,
        Request::FeePaid(r) => &r.institution_id,
        Request::PatronInformation(r) => &r.institution_id,
        Request::RenewAll(r) => &r.institution_id,
        Request::Login(_) | Request::ScStatus(_) | Request::Resend(_) => return None,
    })
}
