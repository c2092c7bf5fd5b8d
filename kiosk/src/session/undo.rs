//! Taking a loan back, because the reader said so or because its tag could not be released.
//!
//! Intent in the journal, tag armed, library system: at no moment is a silent tag without a loan,
//! and a power cut in between is found out at the next start.

use drivers::rfid::security::Security;
use ui::view::{Advice, LineState, Note};

use super::line::{End, Job, Next, Stage};
use super::rules::secs;
use super::types::{Effect, JobKind, Reason, Record, TagResult, TxnOutcome};
use super::{Answer, NoAnswer, Phase, Recorded, Station};
use crate::clock::Now;

impl Station {
    /// The reader does not want this one after all.
    pub(super) fn undo_line(&mut self, id: u32, now: Now) {
        if self.can_undo(id, now) {
            self.begin_undo(id, true, Vec::new(), now);
        }
    }

    pub(super) fn can_undo(&self, id: u32, now: Now) -> bool {
        let limit = secs(self.rules.times.undo_s);
        matches!(self.phase, Phase::Borrow)
            && self.link.online
            && self.lines.iter().any(|l| {
                l.id == id
                    && l.lent
                    && l.job == Job::Borrow
                    && l.end().is_some_and(|e| e.state == LineState::Borrowed)
                    && l.done_at.is_some_and(|at| now.mono.saturating_sub(at) < limit)
                    && !l.tags.is_empty()
                    && l.tags.iter().all(|&t| self.pad.sees(t))
            })
    }

    /// `sec_fail_undo`: the loan's own unit is closed by the repair list, which stays true until
    /// the loan is taken back.
    pub(super) fn undo_failed_loan(&mut self, id: u32, now: Now) {
        let Some(line) = self.line_mut(id) else { return };
        let (Some(txn), Some(item)) = (line.txn, line.item.clone()) else { return };
        let (tags, want) = (line.tags.clone(), Security::Released);
        line.undone = true;
        self.fixer.add_repair(&item, &tags, want);
        self.begin_undo(id, false, vec![Record::Repair { txn, item, tags, want }], now);
    }

    fn begin_undo(&mut self, id: u32, by_reader: bool, mut records: Vec<Record>, now: Now) {
        let session = self.code.clone();
        let patron = self.patron.as_ref().map(|p| p.id.clone());
        let txn = self.next_txn();
        let Some(line) = self.line_mut(id) else { return };
        let Some(item) = line.item.clone() else { return };
        line.cancel = Some(txn);
        line.at = Some(now.wall);
        line.job = Job::Cancel { by_reader };
        line.stage = Stage::Intent;
        line.armed = false;
        line.goal = None;
        let (tags, kind, at) = (line.tags.clone(), JobKind::Cancel, now.wall);
        let owner = line.owner_record(txn);
        records.push(Record::Intent { txn, session, kind, item, patron, tags, at });
        records.extend(owner);
        self.record(Recorded::Line(id), records);
    }

    /// The intent is durable: armed before the loan is given up.
    pub(super) fn arm_for_undo(&mut self, id: u32) {
        let op = self.next_op();
        let Some(line) = self.line_mut(id) else { return };
        line.stage = Stage::UndoSecuring { op };
        let tags = line.tags.clone();
        self.push(Effect::SetSecurity { op, tags, want: Security::Secured });
    }

    pub(super) fn undo_secured(&mut self, id: u32, result: TagResult, now: Now) {
        let Some(line) = self.line_mut(id) else { return };
        line.armed = result == TagResult::Done;
        if !line.armed && line.job == (Job::Cancel { by_reader: true }) {
            // The tag may be half armed while the loan stands: bring it back to released.
            return self.keep_loan(id, TxnOutcome::NotSent);
        }
        self.ask_line(id, now);
    }

    pub(super) fn cancel_answered(&mut self, id: u32, answer: Result<Answer, NoAnswer>, now: Now) {
        let Some(line) = self.line_mut(id) else { return };
        let (Some(txn), Some(item)) = (line.unit(), line.item.clone()) else { return };
        match answer {
            Ok(Answer::Checkin(answer)) if answer.ok => {
                let (job, armed, tags) = (line.job, line.armed, line.tags.clone());
                let outcome = TxnOutcome::Accepted { title: None, want: None };
                self.count(Some(id), job, &outcome);
                let mut records = vec![Record::Outcome { txn, outcome }];
                if armed {
                    records.extend(self.fixer.settle(&tags));
                } else if !tags.is_empty() {
                    let want = Security::Secured;
                    self.fixer.add_repair(&item, &tags, want);
                    records.push(Record::Repair { txn, item, tags, want });
                }
                self.set_stage(id, Stage::Outcome(Box::new(Next::Undone)));
                self.record(Recorded::Line(id), records);
            }
            Ok(Answer::Checkin(answer)) => {
                let reason = Reason::words_or(answer.message, "loan not taken back");
                self.keep_loan(id, TxnOutcome::ForStaff { reason });
            }
            Err(NoAnswer::NotSent) => self.keep_loan(id, TxnOutcome::NotSent),
            Ok(_) | Err(NoAnswer::Unknown) => {
                let outcome = TxnOutcome::Unsure;
                self.set_stage(id, Stage::Outcome(Box::new(Next::Find)));
                let mut records = vec![Record::Outcome { txn, outcome }];
                records.extend(self.time_mark(txn, now));
                self.record(Recorded::Line(id), records);
            }
        }
    }

    /// The loan stands after all, and its tag may be armed: on the repair list first, so that a
    /// power cut loses nothing; then it is released again.
    fn keep_loan(&mut self, id: u32, outcome: TxnOutcome) {
        let Some(line) = self.line_mut(id) else { return };
        let (Some(txn), Some(item)) = (line.unit(), line.item.clone()) else { return };
        let (tags, want) = (line.tags.clone(), Security::Released);
        let next = match line.job {
            Job::Cancel { by_reader: true } => Next::ReleaseAgain,
            // Its tag did not take the release before: staff must see it.
            _ => Next::End(End::attention(Advice::SecFail)),
        };
        line.job = Job::Borrow;
        line.stage = Stage::Outcome(Box::new(next));
        self.fixer.add_repair(&item, &tags, want);
        let records =
            vec![Record::Outcome { txn, outcome }, Record::Repair { txn, item, tags, want }];
        self.record(Recorded::Line(id), records);
    }

    pub(super) fn release_again(&mut self, id: u32, now: Now) {
        let Some(line) = self.line_mut(id) else { return };
        line.job = Job::Borrow;
        let end = line.borrowed();
        self.bring_or_list(id, Security::Released, end, now);
    }

    /// The library system took the loan back.
    pub(super) fn undone(&mut self, id: u32) {
        let Some(line) = self.line_mut(id) else { return };
        let by_reader = line.job == (Job::Cancel { by_reader: true });
        let note = if by_reader { Note::None } else { Note::Advice(Advice::SecFailUndo) };
        line.lent = false;
        line.undone = true;
        self.end_line(id, End::new(LineState::Refused, note));
    }
}
