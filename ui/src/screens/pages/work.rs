//! Borrowing and returning: the pad's number, the lines, the number in the main button.

use std::rc::Rc;

use slint::{ModelRc, VecModel};

use crate::lang::{Arg, advice, line_state, note_for, words};
use crate::screens::globals::Globals;
use crate::screens::rows::sync;
use crate::screens::slint_pages::{LineRow, Sign, Tone};
use crate::view::{Language, Line, LineState, Work};

/// The lines on the page.
#[derive(Default)]
pub(in crate::screens) struct Shown {
    lines: Rc<VecModel<LineRow>>,
}

impl Shown {
    pub(in crate::screens) fn connect(&self, to: &Globals<'_>) {
        to.work.set_lines(ModelRc::from(self.lines.clone()));
    }

    pub(in crate::screens) fn apply(
        &self,
        to: &Globals<'_>,
        work: Option<&Work>,
        language: Language,
    ) {
        let page = &to.work;
        let Some(work) = work else {
            page.set_pad_count(0);
            page.set_unit("".into());
            page.set_line_count(0);
            page.set_done(0);
            page.set_finish_text("".into());
            page.set_confirm(false);
            page.set_hint("".into());
            page.set_notice("".into());
            return self.lines.clear();
        };
        let words = words(language);
        let pad = i64::from(work.pad_count);
        page.set_pad_count(count(work.pad_count));
        page.set_unit(words.with("work-unit", &[("n", Arg::N(pad))]).into());
        page.set_done(count(work.done));
        page.set_confirm(work.to_confirm > 0);
        page.set_finish_text(match (work.to_confirm, work.done) {
            (0, 0) => words.text("finish").into(),
            (0, n) => words.with("finish-n", &[("n", Arg::N(n.into()))]).into(),
            (n, _) => words.with("borrow-n", &[("n", Arg::N(n.into()))]).into(),
        });
        let hint = match (work.busy, work.pad_count) {
            (true, _) => "work-wait",
            (false, 0) => "work-empty",
            (false, _) => "work-same",
        };
        page.set_hint(words.text(hint).into());
        let (notice, tone) = match &work.notice {
            Some(code) => (advice(code, language), Tone::Look),
            None if work.slow => (words.text("work-slow"), Tone::Wait),
            None => (String::new(), Tone::Quiet),
        };
        page.set_notice(notice.into());
        page.set_notice_tone(tone);
        let rows = work.lines.iter().map(|line| row(line, language)).collect::<Vec<_>>();
        page.set_line_count(i32::try_from(rows.len()).unwrap_or(i32::MAX));
        sync(&self.lines, rows, |row| row.id);
    }
}

/// A line as its card shows it.
pub(in crate::screens) fn row(line: &Line, language: Language) -> LineRow {
    let state = line_state(line.state, language);
    let note = note_for(line.state, &line.note, language);
    let say = words(language).with(
        "state-of",
        &[("title", Arg::S(&line.title)), ("state", Arg::S(&state)), ("note", Arg::S(&note))],
    );
    LineRow {
        id: count(line.id),
        title: line.title.as_str().into(),
        note: note.into(),
        state: state.into(),
        say: say.into(),
        sign: sign(line.state),
        question: line.question,
        undo: line.can_undo,
    }
}

fn sign(state: LineState) -> Sign {
    match state {
        LineState::Seen | LineState::Asking | LineState::Writing => Sign::Working,
        LineState::Borrowed | LineState::Returned | LineState::Renewed => Sign::Done,
        LineState::Attention => Sign::Look,
        LineState::Refused => Sign::Stop,
        LineState::Lifted => Sign::Lifted,
        LineState::Queued => Sign::Queued,
    }
}

/// A number of the view as Slint counts.
pub(in crate::screens) fn count(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
