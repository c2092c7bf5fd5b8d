//! What every page shows: where, for whom, what does not work.

use crate::lang::{Arg, advice, state_line, words};
use crate::screens::globals::Globals;
use crate::screens::slint_pages::{Layer, Page, Tone};
use crate::view::{Language, Overlay, PatronBadge, Screen, StateLine, View};

pub(in crate::screens) fn apply(to: &Globals<'_>, view: &View) {
    let station = &to.station;
    station.set_page(page(&view.screen));
    station.set_layer(match view.overlay {
        None => Layer::None,
        Some(Overlay::Warn { .. }) => Layer::Warn,
        Some(Overlay::Help { .. }) => Layer::Help,
    });
    station.set_library(view.library.as_str().into());
    station.set_place(view.place.as_str().into());
    station.set_borrow(view.services.borrow);
    station.set_give_back(view.services.giveback);
    station.set_account(view.services.account);
    let line = match &view.screen {
        Screen::Trouble { why } => Some(why),
        _ => view.state_line.as_ref(),
    };
    let text = line.map(|line| state_line(line, view.language)).unwrap_or_default();
    station.set_state_text(text.into());
    station.set_state_tone(line.map_or(Tone::Quiet, tone));
    let badge = match &view.screen {
        Screen::Borrow(work) => work.patron.as_ref(),
        Screen::Loans(loans) => Some(&loans.patron),
        _ => None,
    };
    station.set_patron(badge.map_or("", |badge| &badge.masked_name).into());
    station.set_patron_more(
        badge.map(|badge| numbers(badge, view.language)).unwrap_or_default().into(),
    );
    let (problem, busy) = match &view.screen {
        Screen::Identify { problem, busy, .. } | Screen::Pin { problem, busy, .. } => {
            (problem.as_ref(), *busy)
        }
        _ => (None, false),
    };
    let problem = problem.map(|code| advice(code, view.language)).unwrap_or_default();
    station.set_problem(problem.into());
    station.set_busy(busy);
}

fn page(screen: &Screen) -> Page {
    match screen {
        Screen::Starting => Page::Starting,
        Screen::Attract { .. } => Page::Attract,
        Screen::Choose { .. } => Page::Choose,
        Screen::Identify { .. } => Page::Identify,
        Screen::Pin { .. } => Page::Pin,
        Screen::Borrow(_) => Page::Borrow,
        Screen::GiveBack(_) => Page::GiveBack,
        Screen::Count { .. } => Page::Count,
        Screen::Loans(_) => Page::Loans,
        Screen::Finish(_) => Page::Finish,
        Screen::Trouble { .. } => Page::Trouble,
    }
}

fn tone(line: &StateLine) -> Tone {
    match line {
        StateLine::Maintenance { .. } | StateLine::ReaderLost => Tone::Stop,
        StateLine::Offline { .. } | StateLine::ReturnsOnly | StateLine::ScanOnly => Tone::Look,
        StateLine::Starting { .. } | StateLine::NoPaper | StateLine::Missing { .. } => Tone::Wait,
    }
}

/// `已借 3 本 · 还可借 7 本`, as far as the library system tells.
fn numbers(badge: &PatronBadge, language: Language) -> String {
    let words = words(language);
    let on_loan = badge.on_loan.map(|n| words.with("work-on-loan", &[("used", Arg::N(n.into()))]));
    let left = badge.may_borrow.map(|n| words.with("work-left", &[("left", Arg::N(n.into()))]));
    on_loan.into_iter().chain(left).collect::<Vec<_>>().join(" · ")
}
