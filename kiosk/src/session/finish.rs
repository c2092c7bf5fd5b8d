//! The end of a session: count check, what was done, receipt, and nothing left behind.

use std::time::Duration;

use ui::view::{Advice, Date, Note, Receipt};

use super::line::{ItemLine, Job};
use super::rules::{CountCheck, ReceiptDefault, secs};
use super::types::{Effect, PrintResult, Record, SlipKind, SlipLine, SlipRequest};
use super::{Ask, Asked, Due, ItemId, Phase, PrinterState, Station};
use crate::clock::Now;

/// The finish page.
pub(super) struct FinishPage {
    pub(super) receipt: Receipt,
    since: Duration,
    /// What to print, once asked for; kept for a copy until the session ends.
    slip: SlipRequest,
    from: From,
    /// When a print was asked for.
    printing_since: Duration,
}

/// How long a printer may take; then nobody knows whether it printed.
const PRINT_LIMIT: Duration = Duration::from_secs(30);

/// Where "more" leads back to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Borrow,
    GiveBack,
}

impl FinishPage {
    pub(super) fn is_printing(&self) -> bool {
        self.receipt == Receipt::Printing
    }

    /// The receipt as shown: the symbol is drawn with the names of this station.
    pub(super) fn receipt_view(&self, names: &super::Names) -> Receipt {
        match &self.receipt {
            Receipt::Phone(_) => Receipt::Phone(crate::receipt::qr(&self.slip, names)),
            other => other.clone(),
        }
    }
}

pub(super) fn slip_line(
    title: Option<&str>,
    item: Option<&ItemId>,
    due: &Due,
    queued: bool,
    advice: Option<Advice>,
) -> SlipLine {
    let number = || item.map(ToString::to_string).unwrap_or_default();
    let (due, due_text) = match due {
        Due::Day(day) => (Some(*day), None),
        Due::Text(text) => (None, Some(text.clone())),
        Due::Unknown => (None, None),
    };
    SlipLine { title: title.map_or_else(number, str::to_owned), due, due_text, queued, advice }
}

impl ItemLine {
    fn slip_line(&self) -> SlipLine {
        let (queued, advice) = self.end().map_or((false, None), |end| {
            let advice = match end.note {
                Note::Advice(Advice::SecFail) => Some(Advice::SecFail),
                _ => None,
            };
            (self.noted, advice)
        });
        slip_line(self.title.as_deref(), self.item.as_ref(), &self.due, queued, advice)
    }
}

impl Station {
    /// The reader pressed finish: lines at work end first.
    pub(super) fn want_finish(&mut self, now: Now) {
        self.finishing = Some(now.mono);
        self.try_finish(now);
    }

    pub(super) fn try_finish(&mut self, now: Now) {
        if self.finishing.is_none() || self.lines.iter().any(ItemLine::is_working) {
            return;
        }
        self.finishing = None;
        match &self.phase {
            Phase::Borrow if self.count_wanted() => {
                self.turn_to(Phase::Count { stated: None }, now);
            }
            Phase::Borrow | Phase::GiveBack | Phase::Count { .. } => self.open_finish(now),
            _ => {}
        }
    }

    /// The reader spread the pile: once all books said are found and done with, it goes on.
    pub(super) fn tick_count(&mut self, now: Now) {
        if let Phase::Count { stated: Some(stated) } = self.phase
            && self.found() == stated
        {
            self.want_finish(now);
        }
    }

    fn count_wanted(&self) -> bool {
        let done = self.lines.iter().filter(|l| l.counts()).count();
        match self.rules.count_check {
            CountCheck::Off => false,
            CountCheck::WhenStacked => done > 0 && self.pad.count() >= 2,
            CountCheck::Always => done > 0,
        }
    }

    /// Books the station knows of in this session: done and not done, each once.
    pub(super) fn found(&self) -> u32 {
        let n = self.lines.iter().filter(|l| !l.is_lifted()).count();
        u32::try_from(n).unwrap_or(u32::MAX)
    }

    pub(super) fn count_answered(&mut self, stated: u32, now: Now) {
        let found = self.found();
        let Phase::Count { stated: before } = &mut self.phase else { return };
        if stated == found || before.is_some() {
            // A second answer ends the question: what is missing is said on the finish page.
            self.want_finish(now);
        } else {
            *before = Some(stated);
            self.stir(now);
        }
    }

    pub(super) fn open_finish(&mut self, now: Now) {
        let (from, kind) = match &self.phase {
            Phase::GiveBack => (From::GiveBack, SlipKind::GiveBack),
            Phase::Loans(_) => (From::Borrow, SlipKind::Renew),
            _ => (From::Borrow, SlipKind::Borrow),
        };
        self.drop_list();
        let lines = self.slip_lines();
        let nothing = lines.is_empty();
        if nothing && self.lines.iter().all(ItemLine::is_lifted) {
            return self.end_session(now);
        }
        let slip = SlipRequest {
            kind,
            language: self.language,
            at: now.wall,
            code: self.code.clone(),
            lines,
            copy: false,
        };
        let receipt = if nothing {
            Receipt::None
        } else {
            Receipt::Ask { paper: self.printer == PrinterState::Ready }
        };
        let (since, printing_since) = (now.mono, now.mono);
        let page = FinishPage { receipt, since, slip, from, printing_since };
        self.turn_to(Phase::Finish(page), now);
    }

    /// All that was done in this session, renewals first.
    fn slip_lines(&self) -> Vec<SlipLine> {
        let done = self.lines.iter().filter(|l| l.counts()).map(ItemLine::slip_line);
        self.renewed.iter().cloned().chain(done).collect()
    }

    /// A late answer may add to what was done after the page was opened.
    fn refresh_slip(&mut self) {
        let lines = self.slip_lines();
        let language = self.language;
        if let Phase::Finish(page) = &mut self.phase {
            page.slip.lines = lines;
            page.slip.language = language;
        }
    }

    /// Time's part: a receipt for what came late, and a printer that never says how it ended.
    pub(super) fn tick_finish(&mut self, now: Now) {
        let Phase::Finish(page) = &self.phase else { return };
        let nothing = page.receipt == Receipt::None;
        let mute = page.is_printing() && now.mono >= page.printing_since + PRINT_LIMIT;
        if mute {
            self.on_printed(PrintResult::Unknown, now);
        }
        if nothing && self.lines.iter().any(ItemLine::counts) {
            let paper = self.printer == PrinterState::Ready;
            let Phase::Finish(page) = &mut self.phase else { return };
            page.receipt = Receipt::Ask { paper };
            page.since = now.mono;
        }
    }

    /// Answer to "would you like a receipt?".
    pub(super) fn receipt_wanted(&mut self, want: ReceiptDefault, now: Now) {
        let advice = self.printer_advice();
        self.refresh_slip();
        let Phase::Finish(page) = &mut self.phase else { return };
        page.since = now.mono;
        let again = page.receipt == Receipt::Unknown || matches!(page.receipt, Receipt::Failed(_));
        if !again && !matches!(page.receipt, Receipt::Ask { .. } | Receipt::Phone(_)) {
            return;
        }
        match want {
            ReceiptDefault::None => page.receipt = Receipt::Declined,
            ReceiptDefault::Paper if self.printer != PrinterState::Ready => {
                page.receipt = Receipt::Failed(advice);
            }
            ReceiptDefault::Paper => {
                // Only an unknown outcome can have left paper behind.
                page.slip.copy = page.receipt == Receipt::Unknown;
                page.printing_since = now.mono;
                page.receipt = Receipt::Printing;
                let slip = page.slip.clone();
                let lines = u32::try_from(slip.lines.len()).unwrap_or(u32::MAX);
                let session = slip.code.clone();
                self.push(Effect::Print(slip));
                self.note(vec![Record::Receipt { session, lines, result: None }]);
            }
        }
    }

    /// The receipt goes to the reader's phone.
    pub(super) fn receipt_phone(&mut self, now: Now) {
        self.refresh_slip();
        let Phase::Finish(page) = &mut self.phase else { return };
        page.since = now.mono;
        if matches!(page.receipt, Receipt::Ask { .. } | Receipt::Failed(_) | Receipt::Unknown) {
            page.receipt = Receipt::Phone(ui::view::Qr { side: 0, dark: Vec::new() });
        }
    }

    fn printer_advice(&self) -> Advice {
        if self.printer == PrinterState::NoPaper { Advice::PaperOut } else { Advice::PrintFail }
    }

    pub(super) fn on_printed(&mut self, result: PrintResult, now: Now) {
        if matches!(result, PrintResult::Done | PrintResult::Sent) {
            self.stats.receipts += 1;
        }
        if let PrintResult::Not(state) = result {
            self.printer = state;
        }
        let advice = self.printer_advice();
        let Phase::Finish(page) = &mut self.phase else { return };
        if !page.is_printing() {
            return;
        }
        page.since = now.mono;
        page.receipt = match result {
            PrintResult::Done => Receipt::Printed,
            PrintResult::Sent => Receipt::MaybePrinted,
            PrintResult::Not(_) => Receipt::Failed(advice),
            PrintResult::Unknown => Receipt::Unknown,
        };
        let session = page.slip.code.clone();
        let lines = u32::try_from(page.slip.lines.len()).unwrap_or(u32::MAX);
        self.note(vec![Record::Receipt { session, lines, result: Some(result) }]);
    }

    /// Back to work from the finish page.
    pub(super) fn more(&mut self, now: Now) {
        let Phase::Finish(page) = &self.phase else { return };
        if page.is_printing() {
            return;
        }
        match page.from {
            From::Borrow if self.patron.is_some() => self.open_borrow(now),
            From::Borrow => {}
            From::GiveBack => self.open_return(now),
        }
    }

    /// Seconds to the end by itself.
    pub(super) fn finish_deadline(&self) -> Option<Duration> {
        let Phase::Finish(page) = &self.phase else { return None };
        let times = &self.rules.times;
        match page.receipt {
            Receipt::Printing => Some(page.printing_since + PRINT_LIMIT),
            Receipt::Ask { .. } => Some(page.since + secs(times.receipt_s)),
            _ => Some(page.since + secs(times.finish_s)),
        }
    }

    pub(super) fn finish_timed_out(&mut self, now: Now) {
        let Phase::Finish(page) = &self.phase else { return };
        if page.is_printing() {
            return;
        }
        if matches!(page.receipt, Receipt::Ask { .. })
            && self.rules.receipt_default == ReceiptDefault::Paper
            && self.printer == PrinterState::Ready
        {
            return self.receipt_wanted(ReceiptDefault::Paper, now);
        }
        self.end_session(now);
    }

    /// The earliest due day of what was lent.
    pub(super) fn first_due(&self) -> Option<Date> {
        self.lines
            .iter()
            .filter(|l| l.counts() && matches!(l.job, Job::Borrow | Job::Renew))
            .filter_map(|l| match l.due {
                Due::Day(day) => Some(day),
                Due::Text(_) | Due::Unknown => None,
            })
            .min()
    }

    /// The session is over: nothing of it stays but what the journal is still owed.
    pub(super) fn end_session(&mut self, now: Now) {
        if !self.session_open() {
            return;
        }
        if let Some(patron) = self.patron.take()
            && self.link.online
        {
            self.ask(Asked::Goodbye, Ask::Goodbye { patron: patron.id });
        }
        let lines = std::mem::take(&mut self.lines);
        self.detached.extend(lines.into_iter().filter(ItemLine::is_open));
        self.asks.retain(|_, asked| {
            matches!(
                asked,
                Asked::Line(_)
                    | Asked::Fix(_)
                    | Asked::FixItem(_)
                    | Asked::Renewal(_)
                    | Asked::Fee(_)
            )
        });
        self.turn_to(Phase::Attract, now);
        self.finishing = None;
        self.renewed.clear();
        self.rest();
        self.pad.retire();
        self.stats.sessions += 1;
        self.code = self.codes.pop_front().unwrap_or_default();
        self.push(Effect::Forget);
    }

    /// Language and modes of a station nobody uses.
    pub(super) fn rest(&mut self) {
        self.overlay = None;
        self.language = self.rules.language;
        self.modes = ui::view::Modes::default();
    }
}
