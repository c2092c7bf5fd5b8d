//! Back on line: what was noted is told to the library system, oldest first, behind live readers.
//!
//! `owed` keeps the units and `posting` tells them; here is when and which, how a loan noted off
//! line is posted, and what its answer means.

use std::time::Duration;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;
use jiff::civil::{Date, DateTime};
use ui::view::{Advice, LineState, Note};

use super::line::{End, Stage, due_note, refusal};
use super::offline::Remark;
use super::owed::{Owed, Step};
use super::repair::{Fixer, Fixing};
use super::types::{Effect, JobKind, OpenTxn, TxnId, TxnOutcome};
use super::{Answer, Ask, Asked, CheckinAnswer, Due, ItemId, LoanAnswer, Sort, Station};
use crate::clock::{Now, view_date};
use crate::privacy::PatronId;

/// Longest wait for a running session to end before what is noted is posted.
const HOLD_MAX: Duration = Duration::from_secs(120);

/// Time of day a loan noted off line is due.
const DUE_AT: (i8, i8) = (23, 59);

impl OpenTxn {
    /// The day a reader was told, for a loan noted off line.
    pub(super) fn promised(&self) -> Option<Date> {
        match self.outcome {
            Some(TxnOutcome::LentHere { due, .. }) => Some(due),
            _ => None,
        }
    }
}

impl Fixer {
    /// A loan of this item is noted and not posted yet, and no return after it.
    pub(super) fn owes_loan(&self, item: &ItemId) -> bool {
        let last = self.owed.iter().rev().find(|o| o.unit.item == *item);
        last.is_some_and(|o| o.unit.promised().is_some())
    }

    /// Nobody knows yet how something asked about this item ended.
    pub(super) fn is_unsure(&self, item: &ItemId) -> bool {
        let noted = |o: &Owed| {
            o.step == Step::Post
                || matches!(o.unit.outcome, Some(TxnOutcome::Queued { .. }))
                || o.unit.promised().is_some()
        };
        self.owed.iter().any(|o| o.unit.item == *item && !noted(o))
    }
}

impl Station {
    /// A loan was noted, durably.
    pub(super) fn owe_loan(&mut self, id: u32, due: Date, now: Now) {
        let Some(line) = self.line_mut(id) else { return };
        let (Some(txn), Some(item)) = (line.unit(), line.item.clone()) else { return };
        let want = Some(Security::Released);
        let unit = OpenTxn {
            txn,
            kind: JobKind::Checkout,
            item,
            patron: line.patron.clone(),
            // Its line brings the tags right, or lists them.
            tags: Vec::new(),
            at: now.wall,
            outcome: Some(TxnOutcome::LentHere { want, due }),
            time_unsure: false,
            branch: String::new(),
        };
        self.fixer.owed.insert(Owed::new(unit, Step::Post, Some(id)));
    }

    /// A tag of a loan noted here is still armed, and lies here: released on the noted loan while
    /// the library system is away.
    pub(super) fn release_noted(&mut self, uid: Uid) {
        let wants = self.fixer.repairs.get(&uid).is_some_and(|r| r.want == Security::Released);
        if self.link.online || !wants {
            return;
        }
        let op = self.next_op();
        self.fixer.fixing.insert(uid, Fixing::Writing(op));
        self.push(Effect::SetSecurity { op, tags: vec![uid], want: Security::Released });
    }

    /// The link came back: a running session ends first, within reason.
    pub(super) fn hold_replay(&mut self, now: Now) {
        self.fixer.hold = self.session_open().then_some(now.mono + HOLD_MAX);
    }

    /// When the replay stops waiting for the session.
    pub(super) fn hold_deadline(&self) -> Option<Duration> {
        self.fixer.hold.filter(|_| !self.fixer.owed.is_empty())
    }

    /// A replay that waited for a session goes on when that has ended, or took too long.
    pub(super) fn tend_hold(&mut self, now: Now) {
        if self.fixer.hold.is_some_and(|until| !self.session_open() || now.mono >= until) {
            self.fixer.hold = None;
        }
    }

    /// The unit to be told next, if any may be now, and whether a reader here waits for it.
    ///
    /// What is noted goes out in the order it happened. What the reader here waits for (an answer
    /// that never came) goes before it, unless something about the same item is older.
    pub(super) fn choose_owed(&self) -> Option<(TxnId, bool)> {
        if !self.link.online {
            return None;
        }
        let owed = &self.fixer.owed;
        let txn = |owed: &Owed| owed.unit.txn;
        if self.may_await() {
            let awaited = owed.awaited(|o| {
                o.unit.promised().is_none()
                    && (o.step != Step::Post || o.unit.kind == JobKind::Cancel)
                    && self.is_of_reader_here(o)
                    && !self.is_at_work(o)
            });
            if let Some(awaited) = awaited {
                return Some((txn(awaited), true));
            }
        }
        let live = self
            .asks
            .values()
            .any(|asked| !matches!(asked, Asked::Fix(_) | Asked::FixItem(_) | Asked::Goodbye));
        if live {
            return None;
        }
        // A reader who is here waits for what is noted of an item: then it is told at once.
        let waited = |l: &super::ItemLine| {
            l.stage == Stage::Waiting && l.item.as_ref().is_some_and(|item| owed.has(item))
        };
        let hold = self.fixer.hold.is_some() && !self.lines.iter().any(waited);
        let fits = |o: &Owed| !self.is_at_work(o) && (!hold || self.is_of_reader_here(o));
        owed.next(fits).map(|next| (txn(next), false))
    }

    /// Whether a reader is here who may wait for something owed.
    fn may_await(&self) -> bool {
        !self.lines.is_empty() || matches!(self.phase, super::Phase::Loans(_))
    }

    /// The unit's line still brings its tags right, or waits for its own answer.
    fn is_at_work(&self, owed: &Owed) -> bool {
        let mut lines = self.lines.iter().chain(&self.detached);
        owed.line.is_some() && lines.any(|l| Some(l.id) == owed.line && l.is_working())
    }

    fn is_of_reader_here(&self, owed: &Owed) -> bool {
        owed.line.is_some_and(|id| self.lines.iter().any(|l| l.id == id))
            || self.shows_renewal(&owed.unit)
    }

    /// When a unit happened, as it is told to the library system: never a time that is not
    /// believed, and never one that is still to come.
    pub(super) fn told_time(&self, unit: &OpenTxn, now: Now) -> DateTime {
        let today = self.offline.library_time(now).unwrap_or(now.wall);
        if unit.time_unsure || unit.at > today { today } else { unit.at }
    }

    /// The question for a loan noted off line.
    pub(super) fn ask_noted(unit: &OpenTxn, patron: &PatronId, step: &Step, at: DateTime) -> Ask {
        let (patron, item) = (patron.clone(), unit.item.clone());
        match step {
            // It may have been posted when the power or the answer went. Not on loan: it was not.
            Step::Find { .. } => Ask::Item { item },
            Step::FindTheirs => Ask::Patron { patron, pin: None, loans: true },
            _ => {
                let promised = unit.promised().map(|due| due.at(DUE_AT.0, DUE_AT.1, 0, 0));
                Ask::Checkout { patron, item, at, promised }
            }
        }
    }

    /// What was found out about a noted loan reaches the reader, who is still here.
    pub(super) fn tell_noted(&mut self, id: u32, due: &Due, outcome: &TxnOutcome) {
        let Some(line) = self.line_mut(id) else { return };
        let queued = line.end().is_some_and(|end| end.state == LineState::Queued);
        match outcome {
            TxnOutcome::Accepted { .. } => {
                line.noted = false;
                line.lent = true;
                line.release = true;
                // A loan that is on the reader's slip is not taken back by a touch.
                line.undone = true;
                if *due != Due::Unknown {
                    line.due = due.clone();
                }
                if queued {
                    let end = End::new(LineState::Borrowed, due_note(&line.due));
                    self.end_line(id, end);
                }
            }
            _ => {
                line.noted = false;
                self.end_line(id, End::new(LineState::Attention, Note::Advice(Advice::AskStaff)));
            }
        }
    }
}

impl Owed {
    /// The answer about a loan noted off line: how it ended, or `None` when its next step is set.
    pub(super) fn noted_answered(&mut self, answer: Answer, now: Now) -> Option<TxnOutcome> {
        let due = self.unit.promised()?;
        let done = |title| TxnOutcome::Accepted { title, want: None };
        match (self.step.clone(), answer) {
            (Step::Post, Answer::Checkout(answer)) if answer.ok => {
                self.remarks = loan_remarks(due, &answer, now);
                self.due = answer.due;
                Some(done(answer.title))
            }
            (Step::Post, Answer::Checkout(answer)) => {
                if answer.refusal == Some(Advice::AlreadyYours) {
                    self.remarks = vec![Remark::AlreadyTheirs];
                    // Without a title, as all that was found to be so.
                    return Some(done(None));
                }
                let (reason, _) = refusal(answer.refusal, answer.message);
                Some(TxnOutcome::ForStaff { reason })
            }
            (Step::Find { .. }, Answer::Item(item)) => {
                self.step = if item.on_loan { Step::FindTheirs } else { Step::Post };
                None
            }
            (Step::FindTheirs, Answer::Patron(patron)) => {
                if patron.loans.contains(&self.unit.item) {
                    return Some(done(None));
                }
                if !patron.lists_all() {
                    // Told once more, a loan that is theirs may become a renewal.
                    return Some(TxnOutcome::ForStaff { reason: "unsure".into() });
                }
                // On loan to somebody else: the library system is told, and says what it thinks.
                self.step = Step::Post;
                None
            }
            _ => Some(TxnOutcome::ForStaff { reason: "unsure".into() }),
        }
    }
}

fn loan_remarks(promised: Date, answer: &LoanAnswer, now: Now) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if now.wall.date() > promised {
        remarks.push(Remark::Late);
    }
    if matches!(answer.due, Due::Day(day) if day != view_date(promised)) {
        remarks.push(Remark::DueDiffers);
    }
    if answer.renewed {
        // Some systems take a loan of what the reader had already for a renewal.
        remarks.push(Remark::AlreadyTheirs);
    }
    remarks.extend(answer.message.clone().map(Remark::Says));
    remarks
}

/// What staff should know of a return that was posted later.
pub(super) fn return_remarks(answer: &CheckinAnswer) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if answer.sort == Sort::Hold {
        remarks.push(Remark::Held);
    }
    remarks.extend(answer.message.clone().map(Remark::Says));
    remarks
}
