//! My loans, and renewing them.

use std::time::Duration;

use jiff::civil::DateTime;

use ui::view::{self, Advice, LoanLine, LoanState};

use super::late::never_sent;
use super::line::refusal;
use super::rules::secs;
use super::types::{JobKind, OpenTxn, Record, TxnId, TxnOutcome};
use super::{Answer, Ask, Asked, Due, ItemId, NoAnswer, Phase, Recorded, Station};
use crate::clock::{Now, view_date};
use crate::privacy::PatronId;

/// Most loans listed.
const LOANS_MAX: usize = 100;

/// The loans page.
#[derive(Default)]
pub(super) struct LoansPage {
    pub(super) loans: Vec<Loan>,
    pub(super) loading: bool,
    /// When the library system was asked last.
    asked_at: Duration,
    /// Renew-all in progress or done: how many were asked for.
    all: bool,
}

/// A renewal on its way through journal and library system. It outlives its session, so that its
/// outcome is written, and is known by its journal unit, so that it is never another reader's.
#[derive(Debug)]
pub(super) struct Renewal {
    patron: PatronId,
    item: ItemId,
    /// What the loan was due before; a later day afterwards tells that it was renewed.
    before: Due,
    at: DateTime,
    /// What to show once the outcome is durable.
    then: Option<(LoanState, Due)>,
    /// No answer came: it is found out.
    unsure: bool,
}

impl Renewal {
    fn open_unit(self, txn: TxnId) -> (OpenTxn, Due) {
        let unit = OpenTxn {
            txn,
            kind: JobKind::Renew,
            item: self.item,
            patron: Some(self.patron),
            tags: Vec::new(),
            at: self.at,
            outcome: Some(TxnOutcome::Unsure),
            time_unsure: false,
            branch: String::new(),
        };
        (unit, self.before)
    }
}

/// One loan.
pub(super) struct Loan {
    item: ItemId,
    title: Option<String>,
    due: Due,
    state: LoanState,
    /// Its journal unit, once renewing was tried.
    txn: Option<TxnId>,
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

    pub(super) fn busy(&self) -> bool {
        self.loans.iter().any(|l| l.state == LoanState::Asking)
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
    /// Not while being asked, not twice, and not while nobody knows whether it was done.
    fn may_renew(&self) -> bool {
        match self.state {
            LoanState::Renewable => true,
            LoanState::Refused(advice) => advice != Advice::Unsure,
            LoanState::Asking | LoanState::Renewed => false,
        }
    }

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
                wanted: false,
            })
            .collect();
        let page = LoansPage { loans, loading: true, ..LoansPage::default() };
        self.turn_to(Phase::Loans(page), now);
        self.ask_next_item(0, now);
    }

    /// Titles and dates are asked for one by one: the list of a patron's loans carries numbers.
    fn ask_next_item(&mut self, at: usize, now: Now) {
        let Phase::Loans(page) = &mut self.phase else { return };
        page.asked_at = now.mono;
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
        let page = LoansPage { loading: true, asked_at: now.mono, ..LoansPage::default() };
        self.turn_to(Phase::Loans(page), now);
        self.ask(Asked::LoansList, Ask::Patron { patron, pin: None, loans: true });
    }

    pub(super) fn loans_listed(&mut self, answer: Result<Answer, NoAnswer>, now: Now) {
        if !matches!(self.phase, Phase::Loans(_)) {
            return;
        }
        match answer {
            Ok(Answer::Patron(answer)) => self.open_loans(answer.loans, now),
            // "Nothing on loan" would be a guess: back to the books.
            Ok(_) | Err(_) => self.open_borrow(now),
        }
    }

    /// The reader leaves the list: answers still out are for nobody.
    pub(super) fn drop_list(&mut self) {
        self.asks.retain(|_, asked| !matches!(asked, Asked::LoansList | Asked::LoansItem(_)));
    }

    /// Until when the page waits for the library system without counting the reader's idleness.
    pub(super) fn loans_wait(&self) -> Option<Duration> {
        let Phase::Loans(page) = &self.phase else { return None };
        (page.loading || page.busy()).then(|| page.asked_at + secs(self.rules.times.ils_s))
    }

    pub(super) fn loans_item(&mut self, at: usize, answer: Result<Answer, NoAnswer>, now: Now) {
        let Phase::Loans(page) = &mut self.phase else { return };
        match (page.loans.get_mut(at), answer) {
            (Some(loan), Ok(Answer::Item(item))) => {
                loan.title = item.title;
                // A renewal may have brought a newer day meanwhile.
                if loan.state != LoanState::Renewed {
                    loan.due = item.due;
                }
            }
            // The link is gone: the rest of the list stays with its numbers.
            (_, Err(_)) => return page.loading = false,
            _ => {}
        }
        self.ask_next_item(at + 1, now);
    }

    pub(super) fn renew_one(&mut self, at: usize, now: Now) {
        let session = self.code.clone();
        let Some(patron) = self.patron.as_ref().map(|p| p.id.clone()) else { return };
        let (online, room) = (self.link.online, self.has_room_to_lend());
        let Phase::Loans(page) = &mut self.phase else { return };
        let Some(loan) = page.loans.get_mut(at).filter(|l| l.may_renew()) else { return };
        if self.fixer.owed.has(&loan.item) {
            // A later due day tells whether the one before was done: only while it is the last.
            loan.state = LoanState::Refused(Advice::Unsure);
            return;
        }
        if !online || !room {
            let why = if online { Advice::QueueFull } else { Advice::IlsDown };
            loan.state = LoanState::Refused(why);
            return;
        }
        let txn = TxnId(self.ids.txn);
        self.ids.txn += 1;
        loan.state = LoanState::Asking;
        loan.txn = Some(txn);
        page.asked_at = now.mono;
        let item = loan.item.clone();
        let kind = JobKind::Renew;
        let renewal = Renewal {
            patron: patron.clone(),
            item: item.clone(),
            before: loan.due.clone(),
            at: now.wall,
            then: None,
            unsure: false,
        };
        self.renewals.insert(txn, renewal);
        let (patron, tags, at) = (Some(patron), Vec::new(), now.wall);
        let intent = Record::Intent { txn, session, kind, item, patron, tags, at };
        self.record(Recorded::Renewal(txn), vec![intent]);
    }

    pub(super) fn renew_all(&mut self, now: Now) {
        let Phase::Loans(page) = &mut self.phase else { return };
        page.all = true;
        for loan in &mut page.loans {
            loan.wanted = loan.may_renew();
        }
        self.renew_wanted(now);
    }

    fn renew_wanted(&mut self, now: Now) {
        loop {
            let Phase::Loans(page) = &mut self.phase else { return };
            if page.busy() {
                return;
            }
            let Some(at) = page.loans.iter().position(|l| l.wanted) else { return };
            page.loans[at].wanted = false;
            self.renew_one(at, now);
        }
    }

    /// Whether the reader here looks at the loan that this renewal, without an answer yet, is of.
    pub(super) fn shows_renewal(&self, unit: &OpenTxn) -> bool {
        let shown = |page: &LoansPage| page.loans.iter().any(|loan| loan.item == unit.item);
        unit.kind == JobKind::Renew && matches!(&self.phase, Phase::Loans(page) if shown(page))
    }

    /// Shows how a renewal ended, to the reader whose it is.
    pub(super) fn show_renewal(&mut self, txn: TxnId, state: LoanState, due: Due, now: Now) {
        let Phase::Loans(page) = &mut self.phase else { return };
        let Some(loan) = page.loans.iter_mut().find(|l| l.txn == Some(txn)) else { return };
        loan.state = state;
        if due != Due::Unknown {
            loan.due = due;
        }
        if state == LoanState::Renewed {
            let title = loan.title.as_deref();
            let line = super::finish::slip_line(title, Some(&loan.item), &loan.due, false, None);
            self.renewed.push(line);
        }
        self.renew_wanted(now);
    }

    /// A journal write of a renewal ended: first its intent, then its outcome.
    pub(super) fn renewal_recorded(
        &mut self,
        txn: TxnId,
        ok: bool,
        records: Vec<Record>,
        now: Now,
    ) {
        let Some(renewal) = self.renewals.get_mut(&txn) else { return };
        match renewal.then.take() {
            Some((state, due)) => {
                let unsure = self.renewals.remove(&txn).filter(|r| r.unsure);
                // The intent alone makes the next start find out, and so does the search now,
                // whose outcome must be the last word.
                let searched = unsure.is_some();
                if let Some(renewal) = unsure {
                    let (unit, before) = renewal.open_unit(txn);
                    self.fix_renewal(unit, before);
                }
                // Renewed, but a power cut would not know: never told as done.
                let told = ok || state != LoanState::Renewed;
                let state = if told { state } else { LoanState::Refused(Advice::Unsure) };
                if !ok && !searched {
                    self.note_later(records);
                }
                self.show_renewal(txn, state, due, now);
            }
            None if !ok => {
                self.renewals.remove(&txn);
                self.note_later(never_sent(records));
                let state = LoanState::Refused(Advice::QueueFull);
                self.show_renewal(txn, state, Due::Unknown, now);
            }
            None => self.ask_renewal(txn, now),
        }
    }

    fn ask_renewal(&mut self, txn: TxnId, now: Now) {
        let Some(renewal) = self.renewals.get_mut(&txn) else { return };
        let (patron, item) = (renewal.patron.clone(), renewal.item.clone());
        if let Phase::Loans(page) = &mut self.phase
            && page.loans.iter().any(|l| l.txn == Some(txn))
        {
            page.asked_at = now.mono;
            self.ask(Asked::Renewal(txn), Ask::Renew { patron, item });
        } else {
            // Its session ended before anything was sent: nothing is.
            self.end_renewal(txn, TxnOutcome::NotSent, LoanState::Renewable, Due::Unknown);
        }
    }

    pub(super) fn renewal_answered(&mut self, txn: TxnId, answer: Result<Answer, NoAnswer>) {
        let (outcome, state, due) = match answer {
            Ok(Answer::Renew(answer)) if answer.ok => {
                let outcome = TxnOutcome::Accepted { title: answer.title, want: None };
                (outcome, LoanState::Renewed, answer.due)
            }
            Ok(Answer::Renew(answer)) => {
                let advice = answer.refusal.unwrap_or(Advice::AskStaff);
                let (reason, _) = refusal(answer.refusal, answer.message);
                (TxnOutcome::Refused { reason }, LoanState::Refused(advice), Due::Unknown)
            }
            Err(NoAnswer::NotSent) => {
                (TxnOutcome::NotSent, LoanState::Refused(Advice::IlsDown), Due::Unknown)
            }
            Ok(_) | Err(NoAnswer::Unknown) => {
                if let Some(renewal) = self.renewals.get_mut(&txn) {
                    renewal.unsure = true;
                }
                (TxnOutcome::Unsure, LoanState::Refused(Advice::Unsure), Due::Unknown)
            }
        };
        self.count(None, super::line::Job::Renew, &outcome);
        self.end_renewal(txn, outcome, state, due);
    }

    fn end_renewal(&mut self, txn: TxnId, outcome: TxnOutcome, state: LoanState, due: Due) {
        let Some(renewal) = self.renewals.get_mut(&txn) else { return };
        renewal.then = Some((state, due));
        self.record(Recorded::Renewal(txn), vec![Record::Outcome { txn, outcome }]);
    }

    pub(super) fn today(now: Now) -> view::Date {
        view_date(now.wall.date())
    }
}
