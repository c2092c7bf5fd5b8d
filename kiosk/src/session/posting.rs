//! What is owed is told to the library system, or found out, behind live readers. Nothing is sent
//! again before it is found out whether it was done.

use std::time::Duration;

use drivers::rfid::security::Security;
use ui::view::{Advice, LineState, LoanState, Note};

use super::line::{End, Job, Stage};
use super::owed::{Owed, Step, WINDOW};
use super::replay::return_remarks;
use super::types::{JobKind, OpenTxn, Reason, Record, TxnId, TxnOutcome};
use super::{Answer, Ask, Asked, Due, ItemAnswer, NoAnswer, Recorded, Station};
use crate::clock::Now;

/// Pause before a unit is tried again when no answer came.
const FIX_AGAIN: Duration = Duration::from_secs(5);

/// Most times a unit is posted or asked about without an answer before staff decide: a library
/// system that never answers this question must not keep the link busy for ever.
const POSTS_MAX: u8 = 10;

/// Most times the same unit is tried again at once because the link is back.
const AT_ONCE_MAX: u8 = 3;

impl Station {
    /// A return was noted for later, durably.
    pub(super) fn fix_queue(&mut self, id: u32, now: Now) {
        self.owe(id, Step::Post, now);
    }

    /// A unit's answer never came.
    pub(super) fn fix_unsure(&mut self, id: u32, now: Now) {
        self.owe(id, Step::Find { told: true }, now);
    }

    fn owe(&mut self, id: u32, step: Step, now: Now) {
        let time_unsure = self.offline.clock_unsure(now);
        let Some(line) = self.line_mut(id) else { return };
        let (Some(txn), Some(item)) = (line.unit(), line.item.clone()) else { return };
        // A return's tags are armed by its line, whatever is found out.
        let tags = if line.job == Job::GiveBack { Vec::new() } else { line.tags.clone() };
        let unit = OpenTxn {
            txn,
            kind: line.job.kind(),
            item,
            patron: line.patron.clone(),
            tags,
            at: line.at.unwrap_or(now.wall),
            outcome: None,
            time_unsure,
            branch: String::new(),
        };
        self.fixer.owed.insert(Owed::new(unit, step, Some(id)));
    }

    /// A renewal's answer never came; `due` is what its loan was due before.
    pub(super) fn fix_renewal(&mut self, unit: OpenTxn, due: Due) {
        let step = Step::Find { told: true };
        self.fixer.owed.insert(Owed { due, ..Owed::new(unit, step, None) });
    }

    /// The link is back.
    pub(super) fn fix_online(&mut self, now: Now) {
        if self.fixer.owed.iter().take(WINDOW).all(|owed| owed.posts < AT_ONCE_MAX) {
            self.fixer.again = None;
        }
        self.resume_waiting(now);
        for uid in self.pad.lying() {
            self.fix_seen(uid);
        }
    }

    /// Tells what may be told now, as much as may be under way together.
    pub(super) fn work_off(&mut self, now: Now) {
        self.tend_hold(now);
        if self.fixer.owed.is_empty() || self.fixer.again.is_some_and(|at| now.mono < at) {
            return;
        }
        while let Some(owed) = self.fixer.owed.unwritten() {
            let txn = owed.unit.txn;
            // The journal did not take it: written again, never asked again.
            self.fix_write(txn);
        }
        while let Some((txn, awaited)) = self.choose_owed() {
            self.tell_owed(txn, awaited, now);
        }
    }

    /// `awaited`: a reader here waits for it, so it does not stand behind what nobody waits for.
    fn tell_owed(&mut self, txn: TxnId, awaited: bool, now: Now) {
        let Some(owed) = self.fixer.owed.get(txn) else { return };
        let unit = &owed.unit;
        let item = unit.item.clone();
        let cancel = unit.kind == JobKind::Cancel;
        let due_known = matches!(owed.due, Due::Day(_));
        let at = self.told_time(unit, now);
        let ask = match (&owed.step, unit.kind, &unit.patron) {
            (step, JobKind::Checkout, Some(patron)) if unit.promised().is_some() => {
                Self::ask_noted(unit, patron, step, at)
            }
            (Step::Post, ..) => {
                let branch = unit.branch.clone();
                Ask::Checkin { item, at, already_done: !cancel, cancel, branch }
            }
            (Step::Find { .. }, JobKind::Checkout, Some(patron)) => {
                Ask::Patron { patron: patron.clone(), pin: None, loans: true }
            }
            (Step::Find { .. }, JobKind::Checkin | JobKind::Cancel, _) | (Step::FindItem, ..) => {
                Ask::Item { item }
            }
            // A renewal leaves no mark but a later due date.
            (Step::Find { .. }, JobKind::Renew, _) if due_known => Ask::Item { item },
            _ => return self.fix_record(txn, unsure()),
        };
        self.fixer.owed.change(txn, |owed| owed.under_way = true);
        self.ask_with(Asked::Fix(txn), ask, !awaited);
    }

    pub(super) fn fix_answered(&mut self, txn: TxnId, answer: Result<Answer, NoAnswer>, now: Now) {
        let heard = self.fixer.owed.change(txn, |owed| {
            owed.under_way = false;
            owed.hear(answer, now)
        });
        match heard {
            Some(Heard::End(mut outcome)) => {
                if let TxnOutcome::Accepted { want, .. } = &mut outcome
                    && *want == Some(Security::Released)
                    && self.fixer.owed.is_returned_since(txn)
                {
                    // Its tag is the return's, which keeps it armed or has it on the repair list.
                    *want = None;
                }
                self.count_owed(txn, &outcome);
                self.fix_record(txn, outcome);
            }
            Some(Heard::TooOften) => self.fix_record(txn, unsure()),
            // Those given back behind it do not shorten its pause.
            Some(Heard::Pause(pause)) => {
                self.fixer.again = self.fixer.again.max(Some(now.mono + pause));
            }
            Some(Heard::Next) | None => {}
        }
    }

    fn count_owed(&mut self, txn: TxnId, outcome: &TxnOutcome) {
        let Some(owed) = self.fixer.owed.get(txn) else { return };
        let (line, job) = match owed.unit.kind {
            JobKind::Checkout => (owed.line, Job::Borrow),
            JobKind::Checkin => (owed.line, Job::GiveBack),
            JobKind::Cancel => (owed.line, Job::Cancel { by_reader: false }),
            JobKind::Renew => (None, Job::Renew),
        };
        self.count(line, job, outcome);
    }

    fn fix_record(&mut self, txn: TxnId, outcome: TxnOutcome) {
        self.fixer.owed.change(txn, |owed| owed.step = Step::Recording(outcome));
        self.fix_write(txn);
    }

    fn fix_write(&mut self, txn: TxnId) {
        self.fixer.owed.change(txn, |owed| owed.under_way = true);
        let Some(owed) = self.fixer.owed.get(txn) else { return };
        let Step::Recording(outcome) = &owed.step else { return };
        let mut records = vec![Record::Outcome { txn, outcome: outcome.clone() }];
        records.extend(owed.remarked());
        let want = match (owed.unit.kind, outcome) {
            // A loan that could not be taken back stands, and its tag is armed.
            (JobKind::Cancel, TxnOutcome::ForStaff { .. } | TxnOutcome::NotSent) => {
                Some(Security::Released)
            }
            // It may have been taken back, and nothing armed it since.
            (JobKind::Checkin, TxnOutcome::ForStaff { .. }) => Some(Security::Secured),
            // It was not, and may have been armed meanwhile.
            (JobKind::Checkin, TxnOutcome::NotSent) => Some(Security::Released),
            _ => None,
        };
        if let Some(want) = want.filter(|_| !owed.unit.tags.is_empty()) {
            let (item, tags) = (owed.unit.item.clone(), owed.unit.tags.clone());
            self.fixer.add_repair(&item, &tags, want);
            records.push(Record::Repair { txn, item, tags, want });
        }
        self.record(Recorded::Fix(txn), records);
    }

    pub(super) fn fix_recorded(&mut self, txn: TxnId, ok: bool, now: Now) {
        if !ok {
            self.fixer.owed.change(txn, |owed| owed.under_way = false);
            self.fixer.again = self.fixer.again.max(Some(now.mono + FIX_AGAIN));
            return;
        }
        let Some(owed) = self.fixer.owed.remove(txn) else { return };
        let Step::Recording(outcome) = owed.step else { return };
        if owed.unit.kind == JobKind::Renew && matches!(outcome, TxnOutcome::Accepted { .. }) {
            return self.show_renewal(txn, LoanState::Renewed, owed.due, now);
        }
        let shown = owed.line.filter(|id| self.lines.iter().any(|l| l.id == *id));
        match shown {
            Some(id) if owed.unit.promised().is_some() => self.tell_noted(id, &owed.due, &outcome),
            Some(id) => self.tell_found(id, &owed.unit, &outcome, now),
            None => {
                if let TxnOutcome::Accepted { want: Some(want), .. } = outcome {
                    let unit = owed.unit;
                    self.list_repair(unit.txn, unit.item, unit.tags, want);
                }
            }
        }
    }

    /// What was found out reaches the reader, who is still here.
    fn tell_found(&mut self, id: u32, unit: &OpenTxn, outcome: &TxnOutcome, now: Now) {
        let Some(line) = self.line_mut(id) else { return };
        match (unit.kind, outcome) {
            (JobKind::Checkout, TxnOutcome::Accepted { want, .. }) => {
                line.lent = true;
                line.release = true;
                // It may be a loan of before: the machine never takes that back by itself.
                line.undone = true;
                let end = line.borrowed();
                match want {
                    Some(want) => self.bring(id, *want, end),
                    None => self.end_line(id, end),
                }
            }
            (JobKind::Checkout, TxnOutcome::NotSent) => self.begin(id, now),
            (JobKind::Checkin, TxnOutcome::Accepted { .. }) => line.found_returned(),
            (JobKind::Checkin, TxnOutcome::ForStaff { .. }) => {
                line.noted = false;
                self.end_line(id, End::attention(Advice::RetNo));
            }
            (JobKind::Cancel, TxnOutcome::Accepted { want, .. }) => {
                self.undone(id);
                let end = self.line_mut(id).and_then(|l| l.end().cloned());
                if let (Some(want), Some(end)) = (want, end) {
                    self.bring(id, *want, end);
                }
            }
            (JobKind::Cancel, TxnOutcome::ForStaff { .. } | TxnOutcome::NotSent) => {
                self.release_again(id, now);
            }
            _ => {}
        }
    }
}

impl super::ItemLine {
    /// A noted return is registered now. Where its tag could not be armed, it stays with staff.
    fn found_returned(&mut self) {
        self.taken_back = true;
        self.noted = false;
        if let Stage::Ended(end) = &mut self.stage
            && (end.state == LineState::Queued || end.note == Note::Advice(Advice::Unsure))
        {
            *end = End::new(LineState::Returned, Note::None);
        }
    }
}

/// What an answer means for the unit it is about.
enum Heard {
    /// It ended so.
    End(TxnOutcome),
    /// Its next step is set.
    Next,
    /// No answer: nothing is asked for so long.
    Pause(Duration),
    /// No answer, once too often.
    TooOften,
}

impl Owed {
    fn hear(&mut self, answer: Result<Answer, NoAnswer>, now: Now) -> Heard {
        let tagged = !self.unit.tags.is_empty();
        let outcome = match (self.step.clone(), answer) {
            (step, Err(why)) => return self.unanswered(&step, why),
            (_, Ok(answer)) if self.unit.promised().is_some() => {
                match self.noted_answered(answer, now) {
                    Some(outcome) => outcome,
                    None => return Heard::Next,
                }
            }
            (Step::Post, Ok(Answer::Checkin(a))) if a.ok => {
                if self.unit.kind == JobKind::Checkin {
                    self.remarks = return_remarks(&a);
                }
                let want = tagged.then_some(Security::Secured);
                TxnOutcome::Accepted { title: a.title, want }
            }
            (Step::Post, Ok(Answer::Checkin(a))) => {
                TxnOutcome::ForStaff { reason: Reason::words_or(a.message, "return refused") }
            }
            (Step::Find { .. }, Ok(Answer::Item(item))) if self.unit.kind == JobKind::Renew => {
                let outcome = found_renewal(&self.due, &item);
                self.due = item.due;
                outcome
            }
            (Step::FindItem, Ok(Answer::Item(item))) if item.in_library => TxnOutcome::NotSent,
            (Step::Find { told }, Ok(answer)) => match found(&self.unit, &answer, told) {
                Found::Outcome(outcome) => outcome,
                Found::Post => {
                    self.step = Step::Post;
                    return Heard::Next;
                }
                Found::AskItem => {
                    self.step = Step::FindItem;
                    return Heard::Next;
                }
            },
            (_, Ok(_)) => unsure(),
        };
        Heard::End(outcome)
    }

    fn unanswered(&mut self, step: &Step, why: NoAnswer) -> Heard {
        if why == NoAnswer::Unknown {
            if *step == Step::Post {
                self.step = Step::Find { told: true };
            }
            self.posts += 1;
            if self.posts >= POSTS_MAX {
                return Heard::TooOften;
            }
        }
        // A library system that comes and goes is given minutes, not seconds.
        Heard::Pause(FIX_AGAIN * u32::from(self.posts.max(1)))
    }

    /// Remarks, as lines for the journal.
    fn remarked(&self) -> impl Iterator<Item = Record> {
        let txn = self.unit.txn;
        self.remarks.iter().map(move |remark| Record::Remark { txn, remark: remark.clone() })
    }
}

fn unsure() -> TxnOutcome {
    TxnOutcome::ForStaff { reason: "unsure".into() }
}

enum Found {
    Outcome(TxnOutcome),
    Post,
    AskItem,
}

/// A later due date is a renewal. The same one may be a renewal too: for staff.
fn found_renewal(before: &Due, item: &ItemAnswer) -> TxnOutcome {
    match (before, &item.due) {
        (Due::Day(before), Due::Day(now)) if item.on_loan && now > before => {
            TxnOutcome::Accepted { title: item.title.clone(), want: None }
        }
        _ => unsure(),
    }
}

/// What the library system's state says of a unit whose answer never came.
fn found(unit: &OpenTxn, answer: &Answer, told: bool) -> Found {
    let tagged = !unit.tags.is_empty();
    let done = |want: Security| {
        Found::Outcome(TxnOutcome::Accepted { title: None, want: tagged.then_some(want) })
    };
    match (unit.kind, answer) {
        (JobKind::Checkout, Answer::Patron(patron)) => {
            if patron.loans.contains(&unit.item) {
                done(Security::Released)
            } else if patron.known && patron.lists_all() {
                Found::Outcome(TxnOutcome::NotSent)
            } else {
                // The list is cut short or not given at all: its silence proves nothing.
                Found::AskItem
            }
        }
        (JobKind::Checkin, Answer::Item(item)) => {
            if item.in_library {
                done(Security::Secured)
            } else if !item.on_loan {
                // Lost, on order, unknown: neither says whether it was taken back.
                Found::Outcome(unsure())
            } else if told {
                // The reader was told it is noted, and the book is armed: it is posted.
                Found::Post
            } else {
                // Power went before anything was said: the book counts as not returned.
                Found::Outcome(TxnOutcome::NotSent)
            }
        }
        // Armed before it was asked; a power cut may have come before that.
        (JobKind::Cancel, Answer::Item(item)) if !item.on_loan => done(Security::Secured),
        (JobKind::Cancel, Answer::Item(_)) if told => Found::Post,
        (JobKind::Cancel, Answer::Item(_)) => Found::Outcome(TxnOutcome::NotSent),
        _ => Found::Outcome(unsure()),
    }
}
