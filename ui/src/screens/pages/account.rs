//! Loans and renewing.

use std::rc::Rc;

use slint::{ModelRc, VecModel};

use super::work::count;
use crate::lang::{Arg, advice, date_screen, words};
use crate::screens::globals::Globals;
use crate::screens::rows::sync;
use crate::screens::slint_pages::{LoanRow, Sign};
use crate::view::{Language, LoanLine, LoanState, Loans};

/// The loans on the page.
#[derive(Default)]
pub(in crate::screens) struct Shown {
    loans: Rc<VecModel<LoanRow>>,
}

impl Shown {
    pub(in crate::screens) fn connect(&self, to: &Globals<'_>) {
        to.loans.set_loans(ModelRc::from(self.loans.clone()));
    }

    pub(in crate::screens) fn apply(
        &self,
        to: &Globals<'_>,
        loans: Option<&Loans>,
        language: Language,
    ) {
        let page = &to.loans;
        let Some(loans) = loans else {
            page.set_loan_count(0);
            page.set_summary("".into());
            page.set_loading(false);
            page.set_renew_all(false);
            return self.loans.clear();
        };
        let words = words(language);
        page.set_loan_count(i32::try_from(loans.loans.len()).unwrap_or(i32::MAX));
        page.set_loading(loans.loading);
        let summary = loans.renewed.map(|(ok, no)| {
            words.with("renew-some", &[("ok", Arg::N(ok.into())), ("no", Arg::N(no.into()))])
        });
        page.set_summary(summary.unwrap_or_default().into());
        let renewable = loans.loans.iter().any(|loan| loan.state == LoanState::Renewable);
        page.set_renew_all(renewable && !loans.busy);
        let rows = loans.loans.iter().map(|loan| row(loan, language)).collect();
        sync(&self.loans, rows, |row| row.id);
    }
}

fn row(loan: &LoanLine, language: Language) -> LoanRow {
    let words = words(language);
    let day = loan.due.map(|due| date_screen(due, language));
    let renewed = loan.state == LoanState::Renewed;
    let mut due = match (&day, renewed) {
        (Some(day), true) => words.with("line-renewed", &[("date", Arg::S(day))]),
        (Some(day), false) => words.with("line-due", &[("date", Arg::S(day))]),
        (None, true) => words.text("renew-done-short"),
        (None, false) => String::new(),
    };
    if loan.days_late > 0 {
        let late = words.with("loans-late", &[("n", Arg::N(loan.days_late.into()))]);
        due = if due.is_empty() { late } else { format!("{late} · {due}") };
    }
    let (note, sign) = match &loan.state {
        LoanState::Renewable if loan.days_late > 0 => (String::new(), Sign::Look),
        LoanState::Renewable => (String::new(), Sign::Queued),
        LoanState::Asking => (words.text("renew-asking"), Sign::Working),
        LoanState::Renewed => (String::new(), Sign::Done),
        LoanState::Refused(code) => (advice(code, language), Sign::Look),
    };
    let said = if note.is_empty() { due.clone() } else { format!("{due} {note}") };
    LoanRow {
        id: count(loan.id),
        title: loan.title.as_str().into(),
        due: due.into(),
        note: note.into(),
        sign,
        late: loan.days_late > 0,
        renewable: loan.state == LoanState::Renewable,
        renew_label: words.with("renew-name", &[("title", Arg::S(&loan.title))]).into(),
        say: format!("{} {said}", loan.title).into(),
    }
}
