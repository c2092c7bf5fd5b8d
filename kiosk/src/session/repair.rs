//! What is owed: returns noted while the library system was away, units whose answer never came,
//! and tags whose security does not say what their loan says.
//!
//! One unit at a time, in the order they happened, behind live readers. Nothing is sent again
//! before it is found out whether it was done.

use std::collections::{BTreeMap, VecDeque};

use drivers::rfid::Uid;
use drivers::rfid::security::Security;
use ui::view::{Advice, LineState};

use super::line::{End, Job, Stage, due_note};
use super::types::{
    Effect, JobKind, OpId, OpenTxn, Record, RepairRow, TagResult, TxnId, TxnOutcome,
};
use super::{Answer, Ask, Asked, ItemId, NoAnswer, Recorded, Station};
use crate::clock::Now;

/// What is owed.
#[derive(Debug, Default)]
pub(super) struct Fixer {
    /// Oldest first.
    owed: VecDeque<Owed>,
    /// The unit being worked on; always the front.
    busy: bool,
    /// Tags to bring right when they are seen.
    repairs: BTreeMap<Uid, RepairRow>,
    /// Tags being asked about or written.
    fixing: BTreeMap<Uid, Option<OpId>>,
    /// Units whose tags go on the repair list with the first journal write.
    to_list: Vec<(TxnId, ItemId, Vec<Uid>, Security)>,
}

/// One unit owed.
#[derive(Debug)]
struct Owed {
    unit: OpenTxn,
    step: Step,
    /// The line still shown for it, while its session lasts.
    line: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// Post a return noted earlier.
    Post,
    /// Find out whether it was done; `told` = the reader saw that it was noted.
    Find { told: bool },
    /// The result is being written.
    Recording(TxnOutcome),
}

impl Fixer {
    pub(super) fn new(open: Vec<OpenTxn>, repairs: Vec<RepairRow>) -> Self {
        let mut fixer = Self {
            repairs: repairs.into_iter().map(|row| (row.uid, row)).collect(),
            ..Self::default()
        };
        for unit in open {
            let step = match &unit.outcome {
                Some(TxnOutcome::Queued { .. }) => Step::Post,
                None => Step::Find { told: false },
                Some(TxnOutcome::Unsure) => Step::Find { told: true },
                Some(TxnOutcome::Accepted { want: Some(want), .. }) => {
                    let (item, want) = (unit.item.clone(), *want);
                    fixer.add_repair(&item, &unit.tags, want);
                    fixer.to_list.push((unit.txn, item, unit.tags, want));
                    continue;
                }
                Some(_) => continue,
            };
            fixer.owed.push_back(Owed { unit, step, line: None });
        }
        fixer
    }

    /// Returns noted and not posted yet.
    pub(super) fn queued(&self) -> u64 {
        self.owed.iter().filter(|o| o.step == Step::Post).count() as u64
    }

    pub(super) fn is_writing(&self) -> bool {
        self.busy || !self.fixing.is_empty()
    }

    pub(super) fn wants_release(&self, uid: Uid) -> bool {
        self.repairs.get(&uid).is_some_and(|row| row.want == Security::Released)
    }

    pub(super) fn add_repair(&mut self, item: &ItemId, tags: &[Uid], want: Security) {
        for &uid in tags {
            self.repairs.insert(uid, RepairRow { uid, item: item.clone(), want });
        }
    }

    /// These tags were just brought right by a loan or return: what was owed for them is void.
    pub(super) fn settle(&mut self, tags: &[Uid]) -> Vec<Record> {
        tags.iter()
            .filter_map(|uid| self.repairs.remove(uid))
            .map(|row| Record::Repaired { uid: row.uid })
            .collect()
    }
}

impl Station {
    /// A return was noted for later.
    pub(super) fn fix_queue(&mut self, id: u32, now: Now) {
        self.owe(id, Step::Post, now);
    }

    /// A unit's answer never came.
    pub(super) fn fix_unsure(&mut self, id: u32, now: Now) {
        self.owe(id, Step::Find { told: true }, now);
    }

    fn owe(&mut self, id: u32, step: Step, now: Now) {
        let patron = self.patron.as_ref().map(|p| p.id.clone());
        let Some(line) = self.line_mut(id) else { return };
        let (Some(txn), Some(item)) = (line.txn, line.item.clone()) else { return };
        let unit = OpenTxn {
            txn,
            kind: line.job.kind(),
            item,
            patron,
            tags: line.tags.clone(),
            at: now.wall,
            outcome: None,
        };
        self.fixer.owed.push_back(Owed { unit, step, line: Some(id) });
        self.work_off(now);
    }

    /// The link is back.
    pub(super) fn fix_online(&mut self, now: Now) {
        self.resume_waiting(now);
        self.work_off(now);
        for uid in self.pad.laid() {
            self.fix_seen(uid, now);
        }
    }

    /// Writes what a restart found, once.
    pub(super) fn fix_start(&mut self) {
        let listed = std::mem::take(&mut self.fixer.to_list);
        if listed.is_empty() {
            return;
        }
        let records = listed
            .into_iter()
            .map(|(txn, item, tags, want)| Record::Repair { txn, item, tags, want })
            .collect();
        self.record(Recorded::Note, records);
    }

    /// Takes the oldest unit owed, when nothing stands in the way.
    pub(super) fn work_off(&mut self, now: Now) {
        if self.fixer.busy || !self.link.online {
            return;
        }
        let Some(owed) = self.fixer.owed.front() else { return };
        let unit = &owed.unit;
        let item = unit.item.clone();
        let ask = match (&owed.step, unit.kind, &unit.patron) {
            (Step::Post, ..) => {
                Ask::Checkin { item, at: unit.at, already_done: true, cancel: false }
            }
            (Step::Find { .. }, JobKind::Checkout, Some(patron)) => {
                Ask::Patron { patron: patron.clone(), pin: None, loans: true }
            }
            (Step::Find { .. }, JobKind::Checkin | JobKind::Cancel, _) => Ask::Item { item },
            // A renewal leaves no mark that tells it from the one before; staff decide.
            (Step::Find { .. }, JobKind::Renew, _)
            | (Step::Find { .. }, JobKind::Checkout, None) => {
                let outcome = TxnOutcome::ForStaff { reason: "unsure".to_owned() };
                return self.fix_record(outcome);
            }
            (Step::Recording(_), ..) => return,
        };
        let txn = unit.txn;
        self.fixer.busy = true;
        self.ask(Asked::Fix(txn), ask);
        let _ = now;
    }

    pub(super) fn fix_answered(&mut self, txn: TxnId, answer: Result<Answer, NoAnswer>, now: Now) {
        let Some(owed) = self.fixer.owed.front_mut().filter(|o| o.unit.txn == txn) else { return };
        let outcome = match (owed.step.clone(), answer) {
            (Step::Post, Ok(Answer::Checkin(a))) if a.ok => {
                TxnOutcome::Accepted { title: a.title, want: None }
            }
            (Step::Post, Ok(Answer::Checkin(a))) => TxnOutcome::ForStaff {
                reason: a.message.unwrap_or_else(|| "return refused".to_owned()),
            },
            (Step::Post, Err(NoAnswer::Unknown)) => {
                owed.step = Step::Find { told: true };
                self.fixer.busy = false;
                return self.work_off(now);
            }
            (Step::Find { told }, Ok(answer)) => match found(&owed.unit, answer, told) {
                Found::Outcome(outcome) => outcome,
                Found::Post => {
                    owed.step = Step::Post;
                    self.fixer.busy = false;
                    return self.work_off(now);
                }
            },
            // The link went again: the unit waits for its return.
            (_, Err(_)) => {
                self.fixer.busy = false;
                return;
            }
            (_, Ok(_)) => TxnOutcome::ForStaff { reason: "unsure".to_owned() },
        };
        self.fix_record(outcome);
    }

    fn fix_record(&mut self, outcome: TxnOutcome) {
        let Some(owed) = self.fixer.owed.front_mut() else { return };
        owed.step = Step::Recording(outcome.clone());
        let txn = owed.unit.txn;
        self.fixer.busy = true;
        self.record(Recorded::Fix(txn), vec![Record::Outcome { txn, outcome }]);
    }

    pub(super) fn fix_recorded(&mut self, txn: TxnId, ok: bool, now: Now) {
        self.fixer.busy = false;
        if !ok || self.fixer.owed.front().is_none_or(|o| o.unit.txn != txn) {
            return;
        }
        let Some(owed) = self.fixer.owed.pop_front() else { return };
        let Step::Recording(outcome) = owed.step else { return };
        match (&outcome, owed.unit.kind) {
            (TxnOutcome::Accepted { .. }, JobKind::Checkin) => self.count(Job::GiveBack, &outcome),
            (TxnOutcome::Accepted { .. }, JobKind::Checkout) => self.count(Job::Borrow, &outcome),
            (TxnOutcome::Accepted { .. }, JobKind::Cancel) => {
                self.count(Job::Cancel { by_reader: false }, &outcome);
            }
            _ => {}
        }
        self.after_found(owed.line, &owed.unit, outcome, now);
        self.work_off(now);
    }

    /// What was found out reaches the reader, if still here, or the repair list.
    fn after_found(&mut self, line: Option<u32>, unit: &OpenTxn, outcome: TxnOutcome, now: Now) {
        let shown = line.filter(|id| self.lines.iter().any(|l| l.id == *id));
        match (unit.kind, outcome) {
            (JobKind::Checkout, TxnOutcome::Accepted { want: Some(want), .. }) => {
                let Some(id) = shown else {
                    self.fixer.add_repair(&unit.item, &unit.tags, want);
                    let (txn, item, tags) = (unit.txn, unit.item.clone(), unit.tags.clone());
                    return self
                        .record(Recorded::Note, vec![Record::Repair { txn, item, tags, want }]);
                };
                if let Some(line) = self.line_mut(id) {
                    line.lent = true;
                    line.want = Some(want);
                    line.goal = Some(End::new(LineState::Borrowed, due_note(&line.due)));
                }
                self.secure(id, 1);
            }
            (JobKind::Checkout, TxnOutcome::NotSent) => {
                if let Some(line) = shown.and_then(|id| self.line_mut(id)) {
                    line.stage = Stage::Waiting;
                    self.resume_waiting(now);
                }
            }
            (JobKind::Checkin, TxnOutcome::Accepted { .. }) => {
                if let Some(line) = shown.and_then(|id| self.line_mut(id))
                    && let Stage::Ended(end) = &mut line.stage
                {
                    line.taken_back = true;
                    end.state = LineState::Returned;
                    if end.note == ui::view::Note::Advice(Advice::Unsure) {
                        end.note = ui::view::Note::None;
                    }
                }
            }
            _ => {}
        }
    }

    /// A tag lies on the pad outside a loan or return: is anything owed for it?
    pub(super) fn fix_seen(&mut self, uid: Uid, _now: Now) {
        if !self.link.online || self.fixer.fixing.contains_key(&uid) {
            return;
        }
        let Some(row) = self.fixer.repairs.get(&uid) else { return };
        let item = row.item.clone();
        self.fixer.fixing.insert(uid, None);
        // Between then and now the item may have been returned or lent elsewhere: a tag is
        // released only for a loan that stands today.
        self.ask(Asked::FixItem(uid), Ask::Item { item });
    }

    pub(super) fn fix_item_answered(
        &mut self,
        uid: Uid,
        answer: Result<Answer, NoAnswer>,
        _now: Now,
    ) {
        let (Some(row), Ok(Answer::Item(item))) = (self.fixer.repairs.get(&uid), answer) else {
            self.fixer.fixing.remove(&uid);
            return;
        };
        let want = row.want;
        let stands = match want {
            Security::Released => item.on_loan,
            Security::Secured => !item.on_loan,
        };
        if stands {
            let op = self.next_op();
            self.fixer.fixing.insert(uid, Some(op));
            self.push(Effect::SetSecurity { op, tags: vec![uid], want });
        } else {
            self.fixer.fixing.remove(&uid);
            let records = self.fixer.settle(&[uid]);
            self.record(Recorded::Note, records);
        }
    }

    /// Returns whether the write was a repair's.
    pub(super) fn fix_tag_done(&mut self, op: OpId, result: TagResult, _now: Now) -> bool {
        let found = self.fixer.fixing.iter().find(|(_, o)| **o == Some(op)).map(|(&uid, _)| uid);
        let Some(uid) = found else { return false };
        self.fixer.fixing.remove(&uid);
        if result == TagResult::Done {
            self.stats.repaired += 1;
            let records = self.fixer.settle(&[uid]);
            self.record(Recorded::Note, records);
        }
        true
    }
}

enum Found {
    Outcome(TxnOutcome),
    Post,
}

/// What the library system's state says of a unit whose answer never came.
fn found(unit: &OpenTxn, answer: Answer, told: bool) -> Found {
    let done = |want| Found::Outcome(TxnOutcome::Accepted { title: None, want });
    match (unit.kind, answer) {
        (JobKind::Checkout, Answer::Patron(patron)) => {
            if patron.loans.contains(&unit.item) {
                done((!unit.tags.is_empty()).then_some(Security::Released))
            } else {
                Found::Outcome(TxnOutcome::NotSent)
            }
        }
        (JobKind::Checkin, Answer::Item(item)) => {
            if !item.on_loan {
                done(None)
            } else if told {
                // The reader was told it is noted, and the book is armed: it is posted.
                Found::Post
            } else {
                // Power went before anything was said: the book counts as not returned.
                Found::Outcome(TxnOutcome::NotSent)
            }
        }
        (JobKind::Cancel, Answer::Item(item)) if !item.on_loan => done(None),
        _ => Found::Outcome(TxnOutcome::ForStaff { reason: "unsure".to_owned() }),
    }
}
