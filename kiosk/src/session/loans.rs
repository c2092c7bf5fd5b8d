//! My loans, and renewing them.

use ui::view::{self, Advice, LoanLine, LoanState};

use super::line::refusal;
use super::types::{JobKind, Record, TxnId, TxnOutcome};
use super::{Answer, Ask, Asked, Due, ItemId, NoAnswer, Phase, Recorded, Station};
use crate::clock::{Now, view_date};

/// Most loans listed.
const LOANS_MAX: usize = 100;

/// The loans page.
#[derive(Default)]
pub(super) struct LoansPage {
    pub(super) loans: Vec<Loan>,
    pub(super) loading: bool,
    /// Renew-all in progress or done: how many were asked for.
    all: bool,
}

/// One loan.
pub(super) struct Loan {
    item: ItemId,
    title: Option<String>,
    due: Due,
    state: LoanState,
    /// Being renewed: its journal unit and what to show once the outcome is durable.
    txn: Option<TxnId>,
    then: Option<(LoanState, Due)>,
    /// Wanted by renew-all, not asked yet.
    wanted: bool,
}

impl LoansPage {
    pub(super) fn renewed(&self) -> u32 {
        self.count(|s| s == LoanState::Renewed)
    }

    fn count(&self, is: impl Fn(LoanState) -> bool) -> u32 {
        u32::try_from(self.loans.iter().filter(|l| is(l.state)).count()).unwrap_or(u32::MAX)
    }

    fn busy(&self) -> bool {
        self.loans.iter().any(|l| l.state == LoanState::Asking)
    }

    /// Slip lines of what was renewed.
    pub(super) fn slip_lines(&self) -> Vec<super::SlipLine> {
        self.loans
            .iter()
            .filter(|l| l.state == LoanState::Renewed)
            .map(|l| {
                super::finish::slip_line(l.title.as_deref(), Some(&l.item), &l.due, false, None)
            })
            .collect()
    }

    pub(super) fn view(&self, patron: view::PatronBadge, today: view::Date) -> view::Loans {
        let mut rows: Vec<(usize, &Loan)> = self.loans.iter().enumerate().collect();
        rows.sort_by_key(|(at, loan)| (day(&loan.due).is_none(), day(&loan.due), *at));
        view::Loans {
            patron,
            loading: self.loading,
            loans: rows.into_iter().map(|(at, loan)| loan.view(at, today)).collect(),
            renewed: (self.all && !self.busy())
                .then(|| (self.renewed(), self.count(|s| matches!(s, LoanState::Refused(_))))),
            busy: self.busy(),
        }
    }
}

impl Loan {
    fn view(&self, at: usize, today: view::Date) -> LoanLine {
        LoanLine {
            id: u32::try_from(at).unwrap_or(u32::MAX),
            title: self.title.clone().unwrap_or_else(|| self.item.to_string()),
            due: day(&self.due),
            days_late: day(&self.due).map_or(0, |due| days_between(due, today)),
            state: self.state,
        }
    }
}

fn day(due: &Due) -> Option<view::Date> {
    match due {
        Due::Day(day) => Some(*day),
        Due::Text(_) | Due::Unknown => None,
    }
}

/// Whole days from `due` to `today`, 0 when not late.
fn days_between(due: view::Date, today: view::Date) -> u32 {
    let civil = |d: view::Date| {
        jiff::civil::Date::new(
            d.year,
            i8::try_from(d.month).unwrap_or(1),
            i8::try_from(d.day).unwrap_or(1),
        )
    };
    let (Ok(due), Ok(today)) = (civil(due), civil(today)) else { return 0 };
    u32::try_from(due.until(today).map_or(0, |span| span.get_days())).unwrap_or(0)
}

impl Station {
    pub(super) fn open_loans(&mut self, items: Vec<ItemId>, now: Now) {
        let loans = items
            .into_iter()
            .take(LOANS_MAX)
            .map(|item| Loan {
                item,
                title: None,
                due: Due::Unknown,
                state: LoanState::Renewable,
                txn: None,
                then: None,
                wanted: false,
            })
            .collect();
        self.phase = Phase::Loans(LoansPage { loans, loading: true, all: false });
        self.stir(now);
        self.ask_next_item(0);
    }

    /// Titles and dates are asked for one by one: the list of a patron's loans carries numbers.
    fn ask_next_item(&mut self, at: usize) {
        let Phase::Loans(page) = &mut self.phase else { return };
        match page.loans.get(at).map(|l| l.item.clone()) {
            Some(item) => {
                self.ask(Asked::LoansItem(at), Ask::Item { item });
            }
            None => page.loading = false,
        }
    }

    /// A reader who is already here wants to see the loans.
    pub(super) fn list_loans(&mut self, now: Now) {
        let Some(patron) = self.patron.as_ref().map(|p| p.id.clone()) else { return };
        self.phase = Phase::Loans(LoansPage { loading: true, ..LoansPage::default() });
        self.stir(now);
        self.ask(Asked::LoansList, Ask::Patron { patron, pin: None, loans: true });
    }

    pub(super) fn loans_listed(&mut self, answer: Result<Answer, NoAnswer>, now: Now) {
        if !matches!(self.phase, Phase::Loans(_)) {
            return;
        }
        match answer {
            Ok(Answer::Patron(answer)) => self.open_loans(answer.loans, now),
            Ok(_) | Err(_) => {
                if let Phase::Loans(page) = &mut self.phase {
                    page.loading = false;
                }
            }
        }
    }

    pub(super) fn loans_item(&mut self, at: usize, answer: Result<Answer, NoAnswer>, _now: Now) {
        let Phase::Loans(page) = &mut self.phase else { return };
        if let (Some(loan), Ok(Answer::Item(item))) = (page.loans.get_mut(at), answer) {
            loan.title = item.title;
            loan.due = item.due;
        }
        self.ask_next_item(at + 1);
    }

    pub(super) fn renew_one(&mut self, at: usize, now: Now) {
        let session = self.code.clone();
        let txn = self.next_txn();
        let patron = self.patron.as_ref().map(|p| p.id.clone());
        let online = self.link.online;
        let Phase::Loans(page) = &mut self.phase else { return };
        let Some(loan) = page.loans.get_mut(at) else { return };
        if loan.state == LoanState::Asking || loan.state == LoanState::Renewed {
            return;
        }
        if !online {
            loan.state = LoanState::Refused(Advice::IlsDown);
            return;
        }
        loan.state = LoanState::Asking;
        loan.txn = Some(txn);
        let item = loan.item.clone();
        let kind = JobKind::Renew;
        let intent =
            Record::Intent { txn, session, kind, item, patron, tags: Vec::new(), at: now.wall };
        self.record(Recorded::LoansRenew(at), vec![intent]);
    }

    pub(super) fn renew_all(&mut self, now: Now) {
        let Phase::Loans(page) = &mut self.phase else { return };
        page.all = true;
        for loan in &mut page.loans {
            loan.wanted = matches!(loan.state, LoanState::Renewable | LoanState::Refused(_));
        }
        self.renew_wanted(now);
    }

    fn renew_wanted(&mut self, now: Now) {
        let Phase::Loans(page) = &mut self.phase else { return };
        if page.busy() {
            return;
        }
        let Some(at) = page.loans.iter().position(|l| l.wanted) else { return };
        page.loans[at].wanted = false;
        self.renew_one(at, now);
    }

    /// A journal write of a renewal is durable: first its intent, then its outcome.
    pub(super) fn loans_recorded(&mut self, at: usize, ok: bool, now: Now) {
        let patron = self.patron.as_ref().map(|p| p.id.clone());
        let Phase::Loans(page) = &mut self.phase else { return };
        let Some(loan) = page.loans.get_mut(at) else { return };
        match (loan.then.take(), patron) {
            (Some((state, due)), _) if ok => {
                loan.state = state;
                if due != Due::Unknown {
                    loan.due = due;
                }
                self.renew_wanted(now);
            }
            (None, Some(patron)) if ok => {
                let item = loan.item.clone();
                self.ask(Asked::LoansRenew(at), Ask::Renew { patron, item });
            }
            _ => loan.state = LoanState::Refused(Advice::QueueFull),
        }
    }

    pub(super) fn loans_renewed(&mut self, at: usize, answer: Result<Answer, NoAnswer>, _now: Now) {
        let Phase::Loans(page) = &mut self.phase else { return };
        let Some(loan) = page.loans.get_mut(at) else { return };
        let Some(txn) = loan.txn else { return };
        let (outcome, then) = match answer {
            Ok(Answer::Renew(answer)) if answer.ok => (
                TxnOutcome::Accepted { title: answer.title, want: None },
                (LoanState::Renewed, answer.due),
            ),
            Ok(Answer::Renew(answer)) => {
                let advice = answer.refusal.unwrap_or(Advice::AskStaff);
                let (reason, _) = refusal(answer.refusal, answer.message);
                (TxnOutcome::Refused { reason }, (LoanState::Refused(advice), Due::Unknown))
            }
            Err(NoAnswer::NotSent) => {
                (TxnOutcome::NotSent, (LoanState::Refused(Advice::IlsDown), Due::Unknown))
            }
            // A renewal leaves no mark that could be looked up: staff decide, never a guess.
            Ok(_) | Err(NoAnswer::Unknown) => (
                TxnOutcome::ForStaff { reason: "unsure".to_owned() },
                (LoanState::Refused(Advice::Unsure), Due::Unknown),
            ),
        };
        loan.then = Some(then);
        self.count(super::line::Job::Renew, &outcome);
        self.record(Recorded::LoansRenew(at), vec![Record::Outcome { txn, outcome }]);
    }

    pub(super) fn today(now: Now) -> view::Date {
        view_date(now.wall.date())
    }
}
