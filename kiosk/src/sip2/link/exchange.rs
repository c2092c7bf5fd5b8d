//! One request under way, and what a received message means for it (sip2.md section 2,
//! "Receiving rules").

use std::borrow::Cow;
use std::time::Duration;

use zeroize::Zeroizing;

use super::RequestId;
use super::queue::item_of;
use crate::privacy::PatronId;
use crate::sip2::message::{Borrowed, Lent, Received, Request, Response};
use crate::sip2::wire::{Checksum, Code, DecodeError, Sequence, checksum};

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The link itself: 93.
    Login,
    /// The link itself: 99.
    Status,
    /// The station.
    Client(RequestId),
}

/// What silence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Every library system answers these: silence means it is gone.
    Core,
    /// Some do not answer these although they advertise them (dp2: 23, 01, 25, 15, 65): silence
    /// means "not available", not "off-line" (sip2.md section 4, BX).
    Optional,
    /// 35: silence means nothing.
    BestEffort,
}

impl Weight {
    pub(super) fn of(code: Code) -> Self {
        match code {
            Code::EndSession => Self::BestEffort,
            Code::BlockPatron
            | Code::Hold
            | Code::ItemStatusUpdate
            | Code::PatronStatus
            | Code::PatronEnable
            | Code::FeePaid
            | Code::RenewAll => Self::Optional,
            _ => Self::Core,
        }
    }
}

/// One request under way.
pub(super) struct Exchange {
    pub(super) owner: Owner,
    pub(super) weight: Weight,
    answer: Option<Code>,
    sequence: Sequence,
    /// As sent, with terminator: a retransmission is identical.
    bytes: Zeroizing<Vec<u8>>,
    item: Option<String>,
    patron: Option<PatronId>,
    pub(super) deadline: Duration,
    /// How often the request was sent.
    pub(super) transmissions: u16,
    /// Attempts that failed.
    pub(super) retries: u16,
    /// Damaged answers in this attempt.
    pub(super) damaged: u8,
    /// Whether 97 was sent: its answer may carry any digit.
    pub(super) any_digit: bool,
    /// Never sent again ([`crate::sip2::profile::Profile::sent_once`]).
    pub(super) once: bool,
    /// The number of a payment, `BK`.
    payment: Option<String>,
}

/// Without the bytes, which may hold a PIN.
impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("owner", &self.owner)
            .field("answer", &self.answer)
            .field("sequence", &self.sequence)
            .field("deadline", &self.deadline)
            .field("transmissions", &self.transmissions)
            .finish_non_exhaustive()
    }
}

impl Exchange {
    pub(super) fn new(
        owner: Owner,
        request: &Request,
        bytes: Zeroizing<Vec<u8>>,
        sequence: Sequence,
        deadline: Duration,
    ) -> Self {
        Self {
            owner,
            weight: Weight::of(request.code()),
            answer: request.answer_code(),
            sequence,
            bytes,
            item: item_of(request).map(str::to_owned),
            patron: patron_of(request).cloned(),
            deadline,
            transmissions: 1,
            retries: 0,
            damaged: 0,
            any_digit: false,
            once: false,
            payment: match request {
                Request::FeePaid(request) => request.transaction_id.clone(),
                _ => None,
            },
        }
    }

    /// Whether it must not be sent again even though 96 came.
    pub(super) fn is_doubtful_after_96(&self) -> bool {
        self.once && (self.payment.is_some() || self.damaged > 0)
    }

    /// Whether more than one answer may come: it was sent again, or its answer asked for again.
    pub(super) fn is_repeated(&self) -> bool {
        self.transmissions > 1 || self.any_digit
    }

    /// The same bytes once more, with a new deadline.
    pub(super) fn again(&mut self, deadline: Duration) -> Zeroizing<Vec<u8>> {
        self.deadline = deadline;
        self.transmissions = self.transmissions.saturating_add(1);
        self.bytes.clone()
    }

    /// Whether an answer is about the same payment and the same item. What it does not say cannot
    /// differ.
    fn is_about(&self, response: &Response<Borrowed<'_>>) -> bool {
        if let (Some(ours), Response::FeePaid(paid)) = (&self.payment, response)
            && let Some(theirs) = &paid.transaction_id
            && !same(ours, &theirs.text())
        {
            return false;
        }
        match (&self.item, item_in(response)) {
            (Some(ours), Some(theirs)) => same(ours, &theirs),
            _ => true,
        }
    }

    /// Whether an answer is about the same item, or where none was asked for, the same patron.
    fn echoes(&self, response: &Response<Borrowed<'_>>, patron_echo: bool) -> bool {
        match (&self.item, &self.patron, patron_in(response)) {
            (None, Some(ours), Some(theirs)) if patron_echo => {
                self.is_about(response) && same(ours.expose(), theirs.into_owned().expose())
            }
            _ => self.is_about(response),
        }
    }
}

fn same(ours: &str, theirs: &str) -> bool {
    let (ours, theirs) = (ours.trim(), theirs.trim());
    theirs.is_empty() || ours.eq_ignore_ascii_case(theirs)
}

/// What a received message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The answer.
    Accept,
    /// The answer, without the error detection we use.
    AcceptPlain,
    /// 96: the request did not get through.
    SendAgain,
    /// Its checksum is wrong.
    Damaged,
    /// A 98 nobody asked for.
    StatusUnasked,
    /// An answer to something else.
    Stale,
}

/// What the profile says about judging.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Checksum and digit count.
    pub(super) strict: bool,
    /// `AA` of an answer is the number that was sent.
    pub(super) patron_echo: bool,
}

/// Judges a message.
pub(super) fn judge(
    exchange: Option<&Exchange>,
    received: &Received<Response<Borrowed<'_>>>,
    rules: Rules,
) -> Verdict {
    let strict = rules.strict;
    let is_status = matches!(received.message, Response::AcsStatus(_));
    let damaged = strict && matches!(received.checksum, Checksum::Wrong { .. });
    let Some(exchange) = exchange else {
        return if is_status && !damaged { Verdict::StatusUnasked } else { Verdict::Stale };
    };
    if matches!(received.message, Response::Resend(_)) {
        return Verdict::SendAgain;
    }
    if damaged {
        return Verdict::Damaged;
    }
    if exchange.answer != Some(received.message.code()) {
        return if is_status { Verdict::StatusUnasked } else { Verdict::Stale };
    }
    let digit_counts = strict && !exchange.any_digit;
    match received.sequence {
        // An old answer may carry this digit again: never one about another item.
        Some(digit) if digit_counts && digit == exchange.sequence => {
            if exchange.is_about(&received.message) { Verdict::Accept } else { Verdict::Stale }
        }
        Some(_) if digit_counts => Verdict::Stale,
        // Without a digit to go by, the answer must be about the same thing.
        _ if !exchange.echoes(&received.message, rules.patron_echo) => Verdict::Stale,
        None if strict && received.checksum == Checksum::Absent => Verdict::AcceptPlain,
        _ => Verdict::Accept,
    }
}

/// Whether a line that could not be read is words, not the rest of a message: no code we know before
/// it, nothing of error detection behind it.
pub(super) fn is_text(line: &[u8], error: &DecodeError) -> bool {
    let no_code = matches!(error, DecodeError::NoCode { .. } | DecodeError::UnknownCode { .. });
    no_code && !checksum::is_sealed(line) && !line.iter().any(u8::is_ascii_control)
}

fn patron_of(request: &Request) -> Option<&PatronId> {
    match request {
        Request::BlockPatron(request) => Some(&request.patron_identifier),
        Request::PatronStatus(request) => Some(&request.patron_identifier),
        Request::PatronEnable(request) => Some(&request.patron_identifier),
        Request::PatronInformation(request) => Some(&request.patron_identifier),
        Request::RenewAll(request) => Some(&request.patron_identifier),
        Request::FeePaid(request) => Some(&request.patron_identifier),
        Request::EndSession(request) => Some(&request.patron_identifier),
        _ => None,
    }
}

fn item_in<'a>(response: &Response<Borrowed<'a>>) -> Option<Cow<'a, str>> {
    match response {
        Response::Checkout(response) => Some(response.item_identifier.text()),
        Response::Checkin(response) => Some(response.item_identifier.text()),
        Response::Renew(response) => Some(response.item_identifier.text()),
        Response::Hold(response) => response.item_identifier.map(|item| item.text()),
        Response::ItemInformation(response) => Some(response.item_identifier.text()),
        Response::ItemStatusUpdate(response) => Some(response.item_identifier.text()),
        _ => None,
    }
}

fn patron_in<'a>(response: &Response<Borrowed<'a>>) -> Option<Lent<'a, PatronId>> {
    match response {
        Response::PatronStatus(response) => Some(response.patron_identifier),
        Response::PatronEnable(response) => Some(response.patron_identifier),
        Response::PatronInformation(response) => Some(response.patron_identifier),
        Response::EndSession(response) => Some(response.patron_identifier),
        Response::FeePaid(response) => Some(response.patron_identifier),
        _ => None,
    }
}
