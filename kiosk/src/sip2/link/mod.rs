//! The session with the library system: what is sent when, and what an answer means.
//!
//! A state machine of `(input, now) -> outputs + next deadline`, without clock, socket or thread.
//! [`crate::sip2::conn`] drives it. Give an [`Input`] to [`Link::handle`], carry out every
//! [`Output`] of [`Link::poll_output`], and come back with [`Input::Tick`] at [`Link::deadline`].
//!
//! Order of a session (sip2.md section 3): connect, 93 where there is an account, 99, then requests
//! strictly one after the other, 99 when idle. An unanswered request is sent again byte for byte,
//! so that a server with duplicate protection can use it; what remains unanswered is reported as
//! [`Outcome::Unknown`], because the server may well have done it.

mod exchange;
mod io;
mod queue;
mod status;
mod timing;

use std::collections::VecDeque;
use std::time::Duration;

use zeroize::Zeroizing;

use exchange::{Exchange, Owner, Verdict, Weight};
pub use io::{Answer, Input, Outcome, Output, Priority, RawLine, RequestId, Unknown};
use queue::Queue;
pub use queue::{BACKGROUND_QUEUE_MAX, LIVE_QUEUE_MAX};
pub use status::{LinkState, LinkStatus};
use timing::Jitter;
pub use timing::{
    BACK_OFF, BEST_EFFORT_TIMEOUT, CONNECT_TIMEOUT, LOGIN_REFUSED_BACK_OFF, OFFLINE_WAIT, SPREAD,
};

use super::codes::ScStatusCode;
use super::message::{Request, Response, ScStatus};
use super::profile::{ChecksumMode, Profile};
use super::wire::{DecodeError, ErrorDetection, Sequence};

/// Where the session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No connection until then.
    Waiting { until: Duration, refused: bool },
    /// A connection is being made, at most until then.
    Connecting { until: Duration },
    /// 93 is under way.
    LoggingIn,
    /// The first 99 is under way.
    Checking,
    /// Requests are served.
    Ready,
    /// The network is switched off.
    Disabled,
    /// Ended.
    Stopped,
}

/// The state machine. See the module text.
#[derive(Debug)]
pub struct Link {
    profile: Profile,
    phase: Phase,
    /// Connections lost since the last one that reached [`Phase::Ready`].
    failures: usize,
    jitter: Jitter,
    sequence: Sequence,
    exchange: Option<Exchange>,
    queue: Queue,
    answer_timeout: Duration,
    retries: u16,
    station: ScStatusCode,
    /// A 99 is due as soon as nothing else is.
    probe_due: bool,
    /// When the last exchange ended.
    idle_since: Duration,
    /// Whether answers without `AZ` were already logged in this session.
    plain_noted: bool,
    status: LinkStatus,
    reported: Option<LinkStatus>,
    outputs: VecDeque<Output>,
}

impl Link {
    /// A link that connects at the first [`Input::Tick`]. `seed` spreads the waits between
    /// connections, so that a hundred stations do not come back at once; 0 leaves them as they are.
    #[must_use]
    pub fn new(profile: Profile, seed: u64) -> Self {
        Self {
            phase: Phase::Waiting { until: Duration::ZERO, refused: false },
            failures: 0,
            jitter: Jitter::new(seed),
            sequence: Sequence::default(),
            exchange: None,
            queue: Queue::default(),
            answer_timeout: profile.timing.answer_timeout(None),
            retries: profile.timing.retries(None),
            profile,
            station: ScStatusCode::default(),
            probe_due: false,
            idle_since: Duration::ZERO,
            plain_noted: false,
            status: LinkStatus::default(),
            reported: None,
            outputs: VecDeque::new(),
        }
    }

    /// The status as last reported.
    #[must_use]
    pub fn status(&self) -> &LinkStatus {
        &self.status
    }

    /// The next thing to do, or `None` until the next input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Tick`] is wanted, if at all. Never a time already dealt with.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let phase = match self.phase {
            Phase::Waiting { until, .. } | Phase::Connecting { until } => Some(until),
            Phase::Ready if self.exchange.is_none() => Some(self.idle_deadline()),
            _ => None,
        };
        let queue = if self.phase == Phase::Ready { None } else { self.queue.next_expiry() };
        let exchange = self.exchange.as_ref().map(|exchange| exchange.deadline);
        [phase, queue, exchange].into_iter().flatten().min()
    }

    /// Takes an input. `now` never goes backwards.
    pub fn handle(&mut self, input: Input<'_>, now: Duration) {
        if self.phase == Phase::Stopped {
            if let Input::Submit { id, .. } = input {
                self.answer(id, Outcome::NotSent, 0, RawLine::default());
            }
            return;
        }
        match input {
            Input::Connected => self.on_connected(now),
            Input::ConnectFailed | Input::Closed => self.on_closed(now),
            Input::Line(line) => self.on_line(line, now),
            Input::LineTooLong => self.on_unreadable(None, now),
            Input::Submit { id, request, priority } => {
                if !self.queue.push(id, request, priority, now) {
                    self.answer(id, Outcome::QueueFull, 0, RawLine::default());
                }
            }
            Input::Station(code) => {
                self.probe_due |= self.station != code;
                self.station = code;
            }
            Input::Network(on) => self.on_network(on, now),
            Input::Stop => self.end(Phase::Stopped),
            Input::Tick => {}
        }
        self.advance(now);
    }

    /// Does what the time asks for and starts what can be started.
    fn advance(&mut self, now: Duration) {
        if self.exchange.as_ref().is_some_and(|exchange| exchange.deadline <= now) {
            self.attempt_failed(now);
        }
        match self.phase {
            Phase::Waiting { until, .. } if until <= now => {
                self.phase = Phase::Connecting { until: now + CONNECT_TIMEOUT };
                self.outputs.push_back(Output::Connect);
            }
            Phase::Connecting { until } if until <= now => self.drop_connection(now),
            _ => {}
        }
        if self.phase == Phase::Ready {
            self.start_next(now);
        } else {
            self.expire_queue(now);
        }
        self.report();
    }

    fn on_connected(&mut self, now: Duration) {
        if !matches!(self.phase, Phase::Connecting { .. }) {
            return;
        }
        self.sequence = Sequence::default();
        self.plain_noted = false;
        self.answer_timeout = self.profile.timing.answer_timeout(None);
        self.retries = self.profile.timing.retries(None);
        match self.profile.login_request() {
            Some(login) => {
                self.phase = Phase::LoggingIn;
                self.start(Owner::Login, &login.into(), now);
            }
            None => self.check(now),
        }
    }

    /// Sends the first 99 of a session.
    fn check(&mut self, now: Duration) {
        self.phase = Phase::Checking;
        self.send_status(now);
    }

    fn send_status(&mut self, now: Duration) {
        self.probe_due = false;
        let request = ScStatus {
            status_code: self.station,
            max_print_width: Some(self.profile.max_print_width),
            protocol_version: "2.00".into(),
            ..ScStatus::default()
        };
        self.start(Owner::Status, &request.into(), now);
    }

    fn on_closed(&mut self, now: Duration) {
        if self.is_connected() || matches!(self.phase, Phase::Connecting { .. }) {
            self.outputs.push_back(Output::Close);
            self.lost(now);
        }
    }

    /// Whether requests are served, even if 98 says closed.
    pub(super) fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Whether a request handed over now is sent at once.
    pub(super) fn is_free(&self) -> bool {
        self.is_ready() && self.exchange.is_none()
    }

    /// Whether it pauses before another connection.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting { .. })
    }

    /// Whether no connection can come before a request has waited too long.
    pub(super) fn is_hopeless(&self, now: Duration) -> bool {
        match self.phase {
            Phase::Waiting { until, .. } => until > now + OFFLINE_WAIT,
            Phase::Disabled | Phase::Stopped => true,
            _ => false,
        }
    }

    fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::LoggingIn | Phase::Checking | Phase::Ready)
    }

    fn on_network(&mut self, on: bool, now: Duration) {
        match (on, self.phase) {
            (true, Phase::Disabled) => {
                self.failures = 0;
                self.phase = Phase::Waiting { until: now, refused: false };
            }
            (true, _) => {}
            (false, _) => self.end(Phase::Disabled),
        }
    }

    /// Gives the connection up, without a plan to make another.
    fn end(&mut self, phase: Phase) {
        self.outputs.push_back(Output::Close);
        self.abandon_exchange();
        self.phase = phase;
        self.reject_queue();
        self.report();
    }

    /// Closes the connection and waits for the next attempt.
    fn drop_connection(&mut self, now: Duration) {
        self.outputs.push_back(Output::Close);
        self.lost(now);
    }

    fn lost(&mut self, now: Duration) {
        self.abandon_exchange();
        let wait = self.jitter.spread(BACK_OFF[self.failures.min(BACK_OFF.len() - 1)]);
        self.failures = self.failures.saturating_add(1);
        self.phase = Phase::Waiting { until: now + wait, refused: false };
        self.queue.hold_until(now + OFFLINE_WAIT);
    }

    fn abandon_exchange(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            self.end_unknown(&exchange, Unknown::LinkLost);
        }
    }

    fn end_unknown(&mut self, exchange: &Exchange, why: Unknown) {
        if let Owner::Client(id) = exchange.owner {
            let outcome = Outcome::Unknown(why);
            self.answer(id, outcome, exchange.transmissions, RawLine::default());
        }
    }

    fn answer(&mut self, id: RequestId, outcome: Outcome, transmissions: u16, raw: RawLine) {
        let answer = Answer { id, outcome, transmissions, raw };
        self.outputs.push_back(Output::Answer(Box::new(answer)));
    }

    /// Gives back what has waited too long for a connection; at once where none can come in time.
    fn expire_queue(&mut self, now: Duration) {
        if self.is_hopeless(now) {
            return self.reject_queue();
        }
        for id in self.queue.expired(now) {
            self.answer(id, Outcome::NotSent, 0, RawLine::default());
        }
    }

    fn reject_queue(&mut self) {
        for id in self.queue.clear() {
            self.answer(id, Outcome::NotSent, 0, RawLine::default());
        }
    }

    fn idle_deadline(&self) -> Duration {
        self.idle_since + self.profile.timing.status_interval()
    }

    fn start_next(&mut self, now: Duration) {
        if self.exchange.is_some() {
            return;
        }
        if self.probe_due || self.idle_deadline() <= now {
            self.send_status(now);
        } else if let Some((id, request)) = self.queue.pop() {
            self.start(Owner::Client(id), &request, now);
        }
    }

    /// Sends a new message with the next digit.
    fn start(&mut self, owner: Owner, request: &Request, now: Duration) {
        let detection = match self.profile.checksum {
            ChecksumMode::Strict | ChecksumMode::SendOnly => ErrorDetection::On(self.sequence),
            ChecksumMode::Off => ErrorDetection::Off,
        };
        let mut bytes = Zeroizing::new(request.encode(self.profile.charset, detection));
        bytes.extend_from_slice(self.profile.terminator.bytes());
        let weight = Weight::of(request.code());
        let timeout = match weight {
            Weight::BestEffort => BEST_EFFORT_TIMEOUT,
            Weight::Core | Weight::Optional => self.answer_timeout,
        };
        let mut exchange =
            Exchange::new(owner, request, bytes.clone(), self.sequence, now + timeout);
        exchange.once = self.profile.sent_once(request);
        self.sequence = self.sequence.next();
        self.exchange = Some(exchange);
        self.outputs.push_back(Output::Send(bytes));
    }

    /// No answer, or none that can be read.
    fn attempt_failed(&mut self, now: Duration) {
        let once = self.exchange.as_ref().is_some_and(|exchange| exchange.once);
        self.repeat(if once { 0 } else { self.retries }, now);
    }

    /// 96: it did not get through. A payment is not sent again all the same, and 96 in answer to 97
    /// says nothing of the request.
    fn not_understood(&mut self, now: Duration) {
        let once = self.exchange.as_ref().is_some_and(Exchange::is_doubtful_after_96);
        self.repeat(if once { 0 } else { self.retries }, now);
    }

    /// Sends the same bytes again, or gives up when that was done often enough.
    fn repeat(&mut self, retries: u16, now: Duration) {
        let timeout = self.answer_timeout;
        let Some(exchange) = &mut self.exchange else { return };
        let allowed = match exchange.weight {
            Weight::BestEffort => 0,
            Weight::Core | Weight::Optional => retries,
        };
        if exchange.retries >= allowed {
            return self.give_up(now);
        }
        exchange.retries += 1;
        exchange.damaged = 0;
        let bytes = exchange.again(now + timeout);
        self.outputs.push_back(Output::Send(bytes));
    }

    fn give_up(&mut self, now: Duration) {
        let weight = self.exchange.as_ref().map(|exchange| exchange.weight);
        match weight {
            Some(Weight::Core) => self.drop_connection(now),
            Some(Weight::Optional) => {
                self.end_unanswered(now);
                // One 99 tells a server that does not know the request from one that is gone.
                self.probe_due = true;
            }
            Some(Weight::BestEffort) => self.end_unanswered(now),
            None => {}
        }
    }

    fn end_unanswered(&mut self, now: Duration) {
        if let Some(exchange) = self.exchange.take() {
            self.idle_since = now;
            self.end_unknown(&exchange, Unknown::Unanswered);
        }
    }

    fn on_line(&mut self, line: &[u8], now: Duration) {
        let rules = exchange::Rules {
            strict: self.profile.checksum == ChecksumMode::Strict,
            patron_echo: self.profile.patron_echo,
        };
        let received = match Response::decode_lent(line, self.profile.charset) {
            Ok(received) => received,
            Err(error) => {
                tracing::debug!(%error, "unreadable line");
                return self.on_unreadable(Some((line, &error)), now);
            }
        };
        let verdict = exchange::judge(self.exchange.as_ref(), &received, rules);
        match verdict {
            Verdict::Accept => self.accept(received.message.into_owned(), line, now),
            Verdict::AcceptPlain => {
                if !std::mem::replace(&mut self.plain_noted, true) {
                    tracing::warn!("answers carry no checksum although requests do");
                }
                self.accept(received.message.into_owned(), line, now);
            }
            Verdict::SendAgain => self.not_understood(now),
            Verdict::Damaged => self.on_damaged(now),
            Verdict::StatusUnasked => {
                if let Response::AcsStatus(status) = received.message {
                    self.apply_status(&status.into_owned());
                }
            }
            Verdict::Stale => tracing::debug!("stale answer discarded"),
        }
    }

    /// A line that is no message: FOLIO's way to tell any error, dp2's to say that it does not know
    /// a request (sip2.md section 10), and damaged where checksums count otherwise. `line` is none
    /// when it was too long to be kept.
    fn on_unreadable(&mut self, line: Option<(&[u8], &DecodeError)>, now: Duration) {
        let Some(exchange) = &self.exchange else { return };
        let tells_error = self.profile.text_errors
            && line.is_some_and(|(line, error)| exchange::is_text(line, error));
        if tells_error {
            self.on_error_told(now);
        } else if self.profile.checksum == ChecksumMode::Strict {
            self.on_damaged(now);
        } else if line.is_some() && exchange.weight != Weight::Core {
            self.end_unanswered(now);
        }
    }

    /// It was heard and failed: asking again would fail again, and whether it was done is not said.
    fn on_error_told(&mut self, now: Duration) {
        let is_repeated = self.exchange.as_ref().is_some_and(Exchange::is_repeated);
        match self.exchange.as_ref().map(|exchange| exchange.owner) {
            Some(Owner::Client(_)) if !is_repeated => self.end_unanswered(now),
            // Without 93 and 99 there is no session. And what was sent twice may be told of twice:
            // the second time it would be taken for the next request's.
            Some(_) => self.drop_connection(now),
            None => {}
        }
    }

    /// A damaged answer: ask for it again once, then repeat the request once, then count a failed
    /// attempt (sip2.md section 2).
    fn on_damaged(&mut self, now: Duration) {
        let timeout = self.answer_timeout;
        let Some(exchange) = &mut self.exchange else { return };
        exchange.damaged += 1;
        let bytes = match exchange.damaged {
            1 => {
                exchange.any_digit = true;
                exchange.deadline = now + timeout;
                self.resend_request()
            }
            2 if !exchange.once => exchange.again(now + timeout),
            _ => return self.attempt_failed(now),
        };
        self.outputs.push_back(Output::Send(bytes));
    }

    /// 97 with its terminator.
    fn resend_request(&self) -> Zeroizing<Vec<u8>> {
        let request: Request = super::message::AcsResendRequest::default().into();
        let detection = ErrorDetection::On(self.sequence);
        let mut bytes = request.encode(self.profile.charset, detection);
        bytes.extend_from_slice(self.profile.terminator.bytes());
        Zeroizing::new(bytes)
    }

    fn accept(&mut self, response: Response, line: &[u8], now: Duration) {
        let Some(exchange) = self.exchange.take() else { return };
        self.idle_since = now;
        match (exchange.owner, response) {
            (Owner::Client(id), response) => {
                if let Response::AcsStatus(status) = &response {
                    self.apply_status(status);
                }
                let raw = RawLine(line.to_vec());
                self.answer(id, Outcome::Answered(Box::new(response)), exchange.transmissions, raw);
            }
            (Owner::Login, Response::Login(login)) if login.ok => self.check(now),
            (Owner::Login, _) => self.login_refused(now),
            (Owner::Status, Response::AcsStatus(status)) => {
                self.apply_status(&status);
                self.phase = Phase::Ready;
                self.failures = 0;
            }
            (Owner::Status, _) => self.drop_connection(now),
        }
    }

    /// Wrong credentials stay wrong: long pause, distinct status (sip2.md section 3).
    fn login_refused(&mut self, now: Duration) {
        tracing::warn!("the library system refused the station's login");
        self.drop_connection(now);
        self.phase = Phase::Waiting {
            until: now + self.jitter.spread(LOGIN_REFUSED_BACK_OFF),
            refused: true,
        };
    }

    fn apply_status(&mut self, status: &super::message::AcsStatus) {
        self.answer_timeout = self.profile.timing.answer_timeout(status.timeout_period);
        self.retries = self.profile.timing.retries(status.retries_allowed);
        self.status.apply(status);
    }

    /// Reports the status when it changed.
    fn report(&mut self) {
        self.status.state = match self.phase {
            Phase::Waiting { refused: true, .. } => LinkState::LoginRefused,
            Phase::Waiting { .. } => LinkState::Offline,
            Phase::Connecting { .. } if self.reported_refusal() => LinkState::LoginRefused,
            // Attempts after a loss are not shown as progress until something answers.
            Phase::Connecting { .. } if self.failures > 0 => LinkState::Offline,
            Phase::Connecting { .. } => LinkState::Connecting,
            Phase::LoggingIn | Phase::Checking if self.reported_refusal() => {
                LinkState::LoginRefused
            }
            Phase::LoggingIn | Phase::Checking => LinkState::LoggingIn,
            Phase::Ready if self.status.online => LinkState::Online,
            Phase::Ready => LinkState::LibraryClosed,
            Phase::Disabled => LinkState::NetworkOff,
            Phase::Stopped => LinkState::Stopped,
        };
        if self.reported.as_ref() != Some(&self.status) {
            self.reported = Some(self.status.clone());
            self.outputs.push_back(Output::Status(Box::new(self.status.clone())));
        }
    }

    /// Whether the login was refused last time; stays shown until a login succeeds.
    fn reported_refusal(&self) -> bool {
        self.phase != Phase::Checking && self.status.state == LinkState::LoginRefused
    }
}

#[cfg(test)]
mod tests;
