//! Payments: money that was taken somewhere, told to the library system once (37/38).
//!
//! No payment device or screen is wired to it. What is here is what either needs underneath: a
//! payment is durable before anything is asked, its number (`BK`) is never taken on twice, 37 is
//! sent once, and what its answer did not say is found out from what the patron owes, or left to
//! staff. A library system known to book a number once is told again instead.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::civil::DateTime;

use super::types::{Reason, Record, SessionCode, TxnId, TxnOutcome};
use super::{Answer, Ask, Asked, NoAnswer, Recorded, Station};
use crate::clock::Now;
use crate::privacy::{PatronId, is_field};

/// Most payments under way. More are not taken on: whoever took the money tells them again.
pub const FEES_MAX: usize = 32;

/// Most numbers of payments remembered; the journal refuses older ones, while it keeps them.
pub const PAYMENTS_KNOWN_MAX: usize = 10_000;

/// Longest number of a payment, in characters.
pub const PAYMENT_ID_MAX: usize = 64;

/// Pause before a payment that met no link, no answer or a full disk is gone on with.
const FEE_AGAIN: Duration = Duration::from_secs(5);

/// Most times a payment is asked about, or told again, without an answer before staff decide.
const FEE_TRIES_MAX: u8 = 10;

/// How long what a patron owes tells whether a payment was booked, in minutes. Later, the same
/// amount may have been paid at the desk. Ours.
const OWED_TELLS_MIN: i64 = 15;

/// A payment's number: unique, given by whoever took the money, told as `BK`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PaymentId(String);

/// A text that cannot be a payment's number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a payment's number has 1 to {PAYMENT_ID_MAX} printable characters and no '|'")]
pub struct PaymentIdError;

impl PaymentId {
    /// Takes a number from outside.
    ///
    /// # Errors
    /// [`PaymentIdError`] when it is empty, too long, or cannot stand in a field as it is.
    pub fn new(text: impl Into<String>) -> Result<Self, PaymentIdError> {
        let text = text.into();
        let fine = !text.is_empty() && is_field(&text, PAYMENT_ID_MAX);
        if fine { Ok(Self(text)) } else { Err(PaymentIdError) }
    }

    /// The number as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Money taken from a patron.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its number.
    pub id: PaymentId,
    /// Whose.
    pub patron: PatronId,
    /// How much, in hundredths of the currency's unit (fen).
    pub amount: i64,
}

/// How far a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentState {
    /// In the journal, and being told.
    Open,
    /// The library system has booked it.
    Booked,
    /// Refused, or nobody knows: staff decide.
    ForStaff,
}

/// A payment that was open when the station stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenFee {
    /// The unit.
    pub txn: TxnId,
    /// The payment.
    pub payment: Payment,
    /// When 37 was about to be sent, and what the patron owed then, where that was told. `None`:
    /// surely not sent.
    pub sent: Option<(DateTime, Option<i64>)>,
}

/// What a new station starts from.
#[derive(Debug, Default)]
pub struct FeeStart {
    /// Payments left open, oldest first.
    pub open: Vec<OpenFee>,
    /// Numbers of payments that ended, oldest first.
    pub known: Vec<(PaymentId, PaymentState)>,
    /// The library system books a number once (`fee_dedup`).
    pub dedup: bool,
}

/// Payments under way and their numbers.
#[derive(Debug, Default)]
pub(super) struct Fees {
    /// Oldest first; the front is worked on.
    open: VecDeque<Fee>,
    known: VecDeque<(PaymentId, PaymentState)>,
    dedup: bool,
    busy: bool,
    /// Not before this moment.
    pub(super) again: Option<Duration>,
}

#[derive(Debug)]
struct Fee {
    unit: OpenFee,
    step: Step,
    tries: u8,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// Being written, before anything else; those behind the front too.
    Intent { record: Box<Record>, writing: bool },
    /// Not sent: what the patron owes is asked, to tell later whether it was booked.
    Before,
    /// That it is sent is to be written.
    Sending,
    /// To be sent.
    Pay,
    /// Sent without an answer: what the patron owes now tells.
    Find,
    /// To be written.
    End(TxnOutcome),
}

impl Fees {
    /// What a journal holds of each payment that is open, a group each.
    /// `now` stands for when those not sent were taken.
    pub(super) fn records(&self, now: DateTime) -> impl Iterator<Item = Vec<Record>> {
        let written = |fee: &&Fee| !matches!(fee.step, Step::Intent { .. });
        self.open.iter().filter(written).map(move |fee| {
            let OpenFee { txn, payment, sent } = fee.unit.clone();
            let session = SessionCode::default();
            let at = sent.map_or(now, |(at, _)| at);
            let mut records = vec![Record::FeeIntent { txn, session, payment, at }];
            records.extend(sent.map(|(at, owed)| Record::FeeSent { txn, owed, at }));
            records
        })
    }

    pub(super) fn new(start: FeeStart) -> Self {
        let open = start.open.into_iter().map(|unit| {
            let step = match unit.sent {
                Some(_) if start.dedup => Step::Pay,
                Some(_) => Step::Find,
                None => Step::Before,
            };
            Fee { unit, step, tries: 0 }
        });
        let (open, known) = (open.collect(), start.known.into());
        Self { open, known, dedup: start.dedup, busy: false, again: None }
    }

    fn state(&self, id: &PaymentId) -> Option<PaymentState> {
        let open = self.open.iter().find(|fee| fee.unit.payment.id == *id);
        match open {
            Some(fee) => (!matches!(fee.step, Step::Intent { .. })).then_some(PaymentState::Open),
            None => self.known.iter().rev().find(|(known, _)| known == id).map(|(_, s)| *s),
        }
    }

    fn has(&self, id: &PaymentId) -> bool {
        self.open.iter().any(|fee| fee.unit.payment.id == *id)
            || self.known.iter().any(|(known, _)| known == id)
    }

    fn end(&mut self, outcome: &TxnOutcome) {
        let Some(fee) = self.open.pop_front() else { return };
        let state = match outcome {
            TxnOutcome::Accepted { .. } => PaymentState::Booked,
            _ => PaymentState::ForStaff,
        };
        if self.known.len() >= PAYMENTS_KNOWN_MAX {
            self.known.pop_front();
        }
        self.known.push_back((fee.unit.payment.id, state));
    }
}

impl Station {
    /// How far a payment is; `None` until it is durable, and for numbers never heard or long gone.
    #[must_use]
    pub fn payment(&self, id: &PaymentId) -> Option<PaymentState> {
        self.fees.state(id)
    }

    /// Whether money may be taken now: the station can promise to tell of it.
    #[must_use]
    pub fn takes_payments(&self) -> bool {
        self.link.online && self.journal_ok && self.fees.open.len() < FEES_MAX
    }

    /// Money was taken. A number that was told before is not taken on again.
    pub(super) fn paid(&mut self, payment: Payment, now: Now) {
        let fine = payment.amount > 0 && payment.patron.is_well_formed();
        if !fine || self.fees.has(&payment.id) || self.fees.open.len() >= FEES_MAX {
            return;
        }
        let (txn, session) = (self.next_txn(), self.code.clone());
        let intent = Record::FeeIntent { txn, session, payment: payment.clone(), at: now.wall };
        let unit = OpenFee { txn, payment, sent: None };
        let step = Step::Intent { record: Box::new(intent), writing: false };
        self.fees.open.push_back(Fee { unit, step, tries: 0 });
        self.write_intents();
    }

    /// Money that was taken is on disk at once, whatever the payments before it wait for.
    fn write_intents(&mut self) {
        let mut intents = Vec::new();
        for fee in &mut self.fees.open {
            if let Step::Intent { record, writing } = &mut fee.step
                && !std::mem::replace(writing, true)
            {
                intents.push((fee.unit.txn, Record::clone(record)));
            }
        }
        for (txn, intent) in intents {
            self.record(Recorded::Fee(txn), vec![intent]);
        }
    }

    /// Takes the oldest payment a step further, when nothing stands in the way.
    pub(super) fn work_fees(&mut self, now: Now) {
        if self.fees.again.is_some_and(|at| now.mono < at) {
            return;
        }
        self.write_intents();
        if self.fees.busy {
            return;
        }
        let online = self.link.online;
        let Some(fee) = self.fees.open.front_mut() else { return };
        let (txn, payment) = (fee.unit.txn, fee.unit.payment.clone());
        let write = match &fee.step {
            Step::Intent { .. } => return,
            Step::Sending => {
                let (at, owed) = fee.unit.sent.unwrap_or((now.wall, None));
                Some(Record::FeeSent { txn, owed, at })
            }
            Step::End(outcome) => Some(Record::Outcome { txn, outcome: outcome.clone() }),
            Step::Before | Step::Pay | Step::Find => None,
        };
        if let Some(record) = write {
            self.fees.busy = true;
            return self.record(Recorded::Fee(txn), vec![record]);
        }
        if !online {
            return;
        }
        let ask = match fee.step {
            Step::Pay => Ask::PayFee(payment),
            _ => Ask::Patron { patron: payment.patron, pin: None, loans: false },
        };
        self.fees.busy = true;
        self.ask(Asked::Fee(txn), ask);
    }

    pub(super) fn fee_recorded(&mut self, txn: TxnId, ok: bool, now: Now) {
        if !ok {
            // The money is taken: written again until it is on disk.
            self.fees.again = Some(now.mono + FEE_AGAIN);
        }
        let Some(fee) = self.fees.open.iter_mut().find(|fee| fee.unit.txn == txn) else { return };
        if let Step::Intent { writing, .. } = &mut fee.step {
            *writing = false;
            if ok {
                fee.step = Step::Before;
            }
            return;
        }
        self.fees.busy = false;
        if !ok {
            return;
        }
        match fee.step.clone() {
            Step::Sending => fee.step = Step::Pay,
            Step::End(outcome) => self.fees.end(&outcome),
            Step::Intent { .. } | Step::Before | Step::Pay | Step::Find => {}
        }
    }

    pub(super) fn fee_answered(&mut self, txn: TxnId, answer: Result<Answer, NoAnswer>, now: Now) {
        self.fees.busy = false;
        let dedup = self.fees.dedup;
        let Some(fee) = self.fees.open.front_mut().filter(|f| f.unit.txn == txn) else { return };
        if fee.take(answer, dedup, now) {
            self.fees.again = Some(now.mono + FEE_AGAIN);
        }
    }
}

impl Fee {
    /// Takes an answer; whether there is to be a pause.
    fn take(&mut self, answer: Result<Answer, NoAnswer>, dedup: bool, now: Now) -> bool {
        let unsure = || Step::End(TxnOutcome::ForStaff { reason: "unsure".into() });
        if answer == Err(NoAnswer::Unknown) {
            self.tries = self.tries.saturating_add(1);
        }
        let exhausted = self.tries >= FEE_TRIES_MAX;
        self.step = match (&self.step, answer) {
            (Step::Before, Ok(Answer::Patron(patron))) => {
                self.unit.sent = Some((now.wall, patron.owed));
                Step::Sending
            }
            (Step::Pay, Ok(Answer::PayFee(paid))) if paid.ok => {
                Step::End(TxnOutcome::Accepted { title: None, want: None })
            }
            (Step::Pay, Ok(Answer::PayFee(paid))) => {
                let reason = Reason::words_or(paid.message, "payment refused");
                Step::End(TxnOutcome::ForStaff { reason })
            }
            (Step::Find, Ok(Answer::Patron(patron))) => match self.booked(patron.owed, now) {
                true => Step::End(TxnOutcome::Accepted { title: None, want: None }),
                false => unsure(),
            },
            // Not a byte left; what is owed is asked anew, for it may have changed by then.
            (Step::Pay, Err(NoAnswer::NotSent)) if !dedup => {
                self.step = Step::Before;
                return true;
            }
            (Step::Pay, Ok(_) | Err(NoAnswer::Unknown)) if !dedup => Step::Find,
            (_, Err(NoAnswer::NotSent)) => return true,
            (Step::Before, Err(NoAnswer::Unknown)) if exhausted => {
                Step::End(TxnOutcome::ForStaff { reason: "not told".into() })
            }
            (_, Ok(_) | Err(NoAnswer::Unknown)) if exhausted => unsure(),
            (_, Err(NoAnswer::Unknown)) => return true,
            (_, Ok(_)) => unsure(),
        };
        false
    }

    /// Whether what the patron owes says without doubt that it was booked.
    fn booked(&self, owed: Option<i64>, now: Now) -> bool {
        let Some((at, Some(before))) = self.unit.sent else { return false };
        let minutes = now.wall.duration_since(at).as_mins();
        let left = before.checked_sub(self.unit.payment.amount);
        (0..OWED_TELLS_MIN).contains(&minutes) && left.is_some() && owed == left
    }
}
