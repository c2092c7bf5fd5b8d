//! A library system small enough to judge by.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ui::view::{Advice, Date};

use crate::session::{
    Answer, Ask, CheckinAnswer, Due, FeeAnswer, ItemAnswer, ItemId, LoanAnswer, NoAnswer,
    PatronAnswer, PaymentId, Sort,
};

/// How the next question fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fare {
    /// Answered after this many milliseconds.
    After(u64),
    /// It surely never left.
    NotSent,
    /// The same, known only after this many milliseconds.
    UnsentAfter(u64),
    /// Lost on the way: not done, not answered.
    LostBefore,
    /// Done, and the answer lost.
    LostAfter,
}

pub(super) struct Heard {
    pub(super) answer: Result<Answer, NoAnswer>,
    pub(super) after_ms: u64,
}

pub(super) struct Library {
    /// Item and its patron.
    pub(super) loans: BTreeMap<ItemId, String>,
    pub(super) holds: BTreeSet<ItemId>,
    /// For use in the library only: lent without a release.
    pub(super) inside: BTreeSet<ItemId>,
    /// Items of another branch.
    pub(super) away: BTreeMap<ItemId, String>,
    pub(super) limit: u32,
    pub(super) pin: &'static str,
    pub(super) block: Option<Advice>,
    /// What only a loan tells of the card.
    pub(super) card_over: bool,
    pub(super) no_renewal: BTreeSet<ItemId>,
    pub(super) refuse_return: BTreeSet<ItemId>,
    pub(super) refuse_cancel: bool,
    /// Patrons are told without their loans and their number.
    pub(super) hides_loans: bool,
    /// And where they are: with a number that is always none.
    pub(super) counts_none: bool,
    /// What the patron owes, and how often each payment was booked.
    pub(super) owed: i64,
    pub(super) booked: BTreeMap<PaymentId, u32>,
    /// Neither on loan nor in the library's hands, whatever was done.
    pub(super) missing: BTreeSet<ItemId>,
    pub(super) fares: VecDeque<Fare>,
    /// No-block loans are taken whatever stands against them.
    pub(super) no_block: bool,
    /// No-block loans of what the reader had already: some systems take them for renewals.
    pub(super) twice: u64,
    /// The due day of no-block loans, as the library has it.
    pub(super) own_due: Option<u8>,
    /// What was done: loans, loans taken back, returns, renewals.
    pub(super) ledger: (u64, u64, u64, u64),
    pub(super) unsure_renewals: u64,
    pub(super) log: Vec<Ask>,
}

pub(super) fn day(day: u8) -> Date {
    Date { year: 2026, month: 12, day, weekday: 1 }
}

impl Library {
    pub(super) fn new() -> Self {
        Self {
            loans: BTreeMap::new(),
            holds: BTreeSet::new(),
            inside: BTreeSet::new(),
            away: BTreeMap::new(),
            limit: 10,
            pin: "4711",
            block: None,
            card_over: false,
            no_renewal: BTreeSet::new(),
            refuse_return: BTreeSet::new(),
            refuse_cancel: false,
            hides_loans: false,
            counts_none: false,
            owed: 100_000,
            booked: BTreeMap::new(),
            missing: BTreeSet::new(),
            fares: VecDeque::new(),
            no_block: true,
            twice: 0,
            own_due: None,
            ledger: (0, 0, 0, 0),
            unsure_renewals: 0,
            log: Vec::new(),
        }
    }

    pub(super) fn hear(&mut self, ask: &Ask, online: bool) -> Heard {
        if let Ask::Goodbye { .. } = ask {
            return Heard { answer: Ok(Answer::Goodbye), after_ms: 0 };
        }
        if !online {
            return Heard { answer: Err(NoAnswer::NotSent), after_ms: 1 };
        }
        let fare = self.fares.pop_front().unwrap_or(Fare::After(30));
        let (answer, after_ms) = match fare {
            Fare::NotSent => (Err(NoAnswer::NotSent), 5),
            Fare::UnsentAfter(ms) => (Err(NoAnswer::NotSent), ms),
            Fare::LostBefore => (Err(NoAnswer::Unknown), 12_000),
            Fare::LostAfter => {
                let done = self.ledger.3;
                self.serve(ask);
                self.unsure_renewals += self.ledger.3 - done;
                (Err(NoAnswer::Unknown), 12_000)
            }
            Fare::After(ms) => (Ok(self.serve(ask)), ms),
        };
        Heard { answer, after_ms }
    }

    fn serve(&mut self, ask: &Ask) -> Answer {
        self.log.push(ask.clone());
        match ask {
            Ask::Patron { patron, pin, loans } => {
                let who = patron.expose();
                let theirs: Vec<ItemId> =
                    self.loans.iter().filter(|(_, p)| *p == who).map(|(i, _)| i.clone()).collect();
                Answer::Patron(PatronAnswer {
                    known: who != "0200009999",
                    pin_ok: pin.as_ref().map(|p| p.expose() == self.pin),
                    name: "张三丰".into(),
                    block: self.block,
                    on_loan: if self.hides_loans {
                        self.counts_none.then_some(0)
                    } else {
                        u32::try_from(theirs.len()).ok()
                    },
                    limit: Some(self.limit),
                    owed: Some(self.owed),
                    loans: if *loans && !self.hides_loans { theirs } else { Vec::new() },
                    expires: None,
                })
            }
            Ask::Checkout { patron, item, promised, .. } => {
                let mut answer = self.lend(patron.expose(), item, promised.is_some());
                if let (Some(due), None) = (promised, self.own_due) {
                    answer.due = Due::Day(crate::clock::view_date(due.date()));
                }
                Answer::Checkout(answer)
            }
            Ask::Checkin { item, cancel, .. } => Answer::Checkin(self.take_back(item, *cancel)),
            Ask::Renew { patron, item } => {
                let theirs = self.loans.get(item).is_some_and(|p| p == patron.expose());
                let ok = theirs && !self.no_renewal.contains(item);
                self.ledger.3 += u64::from(ok);
                Answer::Renew(said(item, ok, (!ok).then_some(Advice::RenewMax), 28))
            }
            Ask::Item { item } => Answer::Item(ItemAnswer {
                on_loan: self.loans.contains_key(item),
                in_library: !self.loans.contains_key(item) && !self.missing.contains(item),
                held: None,
                title: Some(item.to_string()),
                due: Due::Day(day(20)),
            }),
            Ask::PayFee(payment) => {
                let ok = payment.amount <= self.owed;
                if ok {
                    self.owed -= payment.amount;
                    *self.booked.entry(payment.id.clone()).or_default() += 1;
                }
                Answer::PayFee(FeeAnswer { ok, message: None })
            }
            Ask::Goodbye { .. } => Answer::Goodbye,
        }
    }

    fn lend(&mut self, patron: &str, item: &ItemId, noted: bool) -> LoanAnswer {
        let no_block = noted && self.no_block;
        let have = self.loans.values().filter(|p| *p == patron).count();
        let refusal = match self.loans.get(item) {
            _ if self.card_over => Some(Advice::CardExpired),
            Some(p) if p == patron => {
                self.twice += u64::from(noted);
                Some(Advice::AlreadyYours)
            }
            Some(_) => Some(Advice::OnLoanOther),
            None if no_block => None,
            None if self.holds.contains(item) => Some(Advice::HeldOther),
            None if have >= self.limit as usize => Some(Advice::Limit),
            None => None,
        };
        if refusal.is_none() {
            self.loans.insert(item.clone(), patron.to_owned());
            self.ledger.0 += 1;
        }
        let mut answer = said(item, refusal.is_none(), refusal, 20);
        answer.release &= !self.inside.contains(item);
        answer
    }

    fn take_back(&mut self, item: &ItemId, cancel: bool) -> CheckinAnswer {
        let refused = if cancel { self.refuse_cancel } else { self.refuse_return.contains(item) };
        let mut was_on_loan = false;
        if !refused {
            was_on_loan = self.loans.remove(item).is_some();
            if cancel {
                self.ledger.1 += 1;
            } else {
                self.ledger.2 += 1;
            }
        }
        let sort = match self.away.get(item) {
            _ if self.holds.contains(item) => Sort::Hold,
            Some(branch) => Sort::Transit(branch.clone()),
            None => Sort::Normal,
        };
        let title = Some(item.to_string());
        CheckinAnswer { ok: !refused, secure: true, was_on_loan, title, sort, message: None }
    }
}

fn said(item: &ItemId, ok: bool, refusal: Option<Advice>, on: u8) -> LoanAnswer {
    LoanAnswer {
        ok,
        release: ok,
        renewed: false,
        title: Some(item.to_string()),
        due: Due::Day(day(on)),
        refusal,
        message: None,
    }
}
