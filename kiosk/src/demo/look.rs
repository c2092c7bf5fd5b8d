//! What a script may look at on the screen: lines, advice, notes, by name.

use serde::Serialize;
use ui::view::{Advice, Destination, Line, LineState, Note, Receipt, Screen, Touch, View};

use super::script::LineTouch;
use crate::station::Snapshot;

pub(super) fn lines(view: &View) -> Vec<&Line> {
    match &view.screen {
        Screen::Borrow(work) | Screen::GiveBack(work) => work.lines.iter().collect(),
        Screen::Finish(finish) => finish.not_done.iter().collect(),
        _ => Vec::new(),
    }
}

pub(super) fn lines_in(view: &View, state: &str) -> u64 {
    let is = |line: &&&Line| match state {
        "done" => matches!(
            line.state,
            LineState::Borrowed | LineState::Returned | LineState::Renewed | LineState::Queued
        ),
        "borrowed" => line.state == LineState::Borrowed,
        "returned" => line.state == LineState::Returned,
        "renewed" => line.state == LineState::Renewed,
        "queued" => line.state == LineState::Queued,
        "refused" => line.state == LineState::Refused,
        "attention" => line.state == LineState::Attention,
        "lifted" => line.state == LineState::Lifted,
        _ => false,
    };
    if let Screen::Loans(loans) = &view.screen {
        let renewed = |l: &&ui::view::LoanLine| match state {
            "renewed" => l.state == ui::view::LoanState::Renewed,
            "refused" => matches!(l.state, ui::view::LoanState::Refused(_)),
            "renewable" => !loans.loading,
            _ => false,
        };
        return loans.loans.iter().filter(renewed).count() as u64;
    }
    lines(view).iter().filter(is).count() as u64
}

pub(super) fn pad_count(view: &View) -> u64 {
    u64::from(match &view.screen {
        Screen::Attract { pad_count, .. } | Screen::Choose { pad_count } => *pad_count,
        Screen::Borrow(work) | Screen::GiveBack(work) => work.pad_count,
        _ => 0,
    })
}

pub(super) fn advice_shown(view: &View) -> Vec<Advice> {
    let mut all: Vec<Advice> = lines(view)
        .iter()
        .filter_map(|l| match l.note {
            Note::Advice(advice) => Some(advice),
            _ => None,
        })
        .collect();
    match &view.screen {
        Screen::Identify { problem, .. } | Screen::Pin { problem, .. } => all.extend(*problem),
        Screen::Borrow(work) | Screen::GiveBack(work) => all.extend(work.notice),
        Screen::Finish(finish) => {
            if let Receipt::Failed(advice) = finish.receipt {
                all.push(advice);
            }
        }
        Screen::Loans(loans) => all.extend(loans.loans.iter().filter_map(|l| match l.state {
            ui::view::LoanState::Refused(advice) => Some(advice),
            _ => None,
        })),
        _ => {}
    }
    all
}

/// The name serde gives a value that is an enum variant.
pub(super) fn variant(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Object(map)) => map.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

pub(super) fn advice_code(advice: &Advice) -> String {
    variant(advice)
}

pub(super) fn note_name(note: &Note) -> &'static str {
    match note {
        Note::None => "none",
        Note::LeaveIt => "leave_it",
        Note::Due(_) => "due",
        Note::DueText(_) => "due_text",
        Note::Put(place) => match place {
            Destination::Shelf => "put_shelf",
            Destination::Trolley => "put_trolley",
            Destination::HoldSlot => "put_hold_slot",
            Destination::Transit { .. } => "put_transit",
            Destination::Counter => "put_counter",
        },
        Note::NotOnLoan(_) => "not_on_loan",
        Note::Advice(_) => "advice",
        Note::LibrarySays(_) => "library_says",
        Note::Owner { taken_back: true, .. } => "owner_return_only",
        Note::Owner { taken_back: false, .. } => "owner_elsewhere",
    }
}

pub(super) fn state_name(view: &View) -> String {
    view.state_line.as_ref().map_or_else(|| "none".to_owned(), variant)
}

pub(super) fn receipt_name(view: &View) -> Option<&'static str> {
    let Screen::Finish(finish) = &view.screen else { return None };
    Some(match finish.receipt {
        Receipt::None => "none",
        Receipt::Ask { .. } => "ask",
        Receipt::Printing => "printing",
        Receipt::Printed => "printed",
        Receipt::MaybePrinted => "maybe_printed",
        Receipt::Failed(_) => "failed",
        Receipt::Unknown => "unknown",
        Receipt::Phone(_) => "phone",
        Receipt::Declined => "declined",
    })
}

pub(super) fn line_touch(kind: LineTouch, n: usize, view: &View) -> Option<Touch> {
    let nth = |ids: Vec<u32>| ids.get(n.checked_sub(1)?).copied();
    let ids = |keep: &dyn Fn(&Line) -> bool| {
        lines(view).into_iter().filter(|l| keep(l)).map(|l| l.id).collect::<Vec<_>>()
    };
    match kind {
        LineTouch::Yes => nth(ids(&|l| l.question)).map(Touch::Yes),
        LineTouch::No => nth(ids(&|l| l.question)).map(Touch::No),
        LineTouch::Undo => nth(ids(&|l| l.can_undo)).map(Touch::Undo),
        LineTouch::Renew => {
            let Screen::Loans(loans) = &view.screen else { return None };
            nth(loans.loans.iter().map(|l| l.id).collect()).map(Touch::Renew)
        }
    }
}

/// What is on the screen, for a message about a step that did not hold.
pub(super) fn found(s: &Snapshot) -> String {
    let states: Vec<String> = lines(&s.view).iter().map(|l| variant(&l.state)).collect();
    format!(
        "page {}, lines [{}], advice {:?}, state {}, busy {}",
        s.view.screen.name(),
        states.join(" "),
        advice_shown(&s.view).iter().map(advice_code).collect::<Vec<_>>(),
        state_name(&s.view),
        s.busy
    )
}
