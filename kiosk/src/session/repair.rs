//! What is owed: returns noted while the library system was away, units whose answer never came,
//! and tags whose security does not say what their loan says.
//!
//! One unit at a time, in the order they happened, behind live readers. Nothing is sent again
//! before it is found out whether it was done.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;
use ui::view::{Advice, LineState, Note};

use super::line::{End, Job, Stage};
use super::types::{
    Effect, JobKind, OpId, OpenTxn, Reason, Record, RepairRow, TagResult, TxnId, TxnOutcome,
};
use super::{Answer, Ask, AskId, Asked, ItemId, NoAnswer, Recorded, Station};
use crate::clock::Now;

/// Pause before a unit is tried again when no answer came.
const FIX_AGAIN: Duration = Duration::from_secs(5);

/// Most times a unit is posted without an answer before staff decide.
const POSTS_MAX: u8 = 10;

/// What is owed.
#[derive(Debug, Default)]
pub(super) struct Fixer {
    /// Oldest first.
    owed: VecDeque<Owed>,
    /// The unit being worked on; always the front.
    busy: bool,
    /// Not before this moment.
    pub(super) again: Option<Duration>,
    /// Tags to bring right when they are seen.
    repairs: BTreeMap<Uid, RepairRow>,
    /// Tags being asked about or written.
    fixing: BTreeMap<Uid, Fixing>,
    /// Units whose tags go on the repair list with the first journal write.
    to_list: Vec<(TxnId, ItemId, Vec<Uid>, Security)>,
}

/// What is being done about one tag of the repair list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fixing {
    Asking(AskId),
    Writing(OpId),
}

/// One unit owed.
#[derive(Debug)]
struct Owed {
    unit: OpenTxn,
    step: Step,
    posts: u8,
    /// The line still shown for it, while its session lasts.
    line: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// Send it: a return noted earlier, a taking back found not done.
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
        for mut unit in open {
            let step = match unit.outcome.clone() {
                // It may have been posted when the power went: found out before it is posted.
                Some(TxnOutcome::Queued { want }) => {
                    fixer.list_at_start(&unit, want);
                    unit.tags.clear();
                    Step::Find { told: true }
                }
                None => Step::Find { told: false },
                Some(TxnOutcome::Unsure) => Step::Find { told: true },
                Some(TxnOutcome::Accepted { want, .. }) => {
                    fixer.list_at_start(&unit, want);
                    continue;
                }
                Some(_) => continue,
            };
            fixer.owed.push_back(Owed { unit, step, posts: 0, line: None });
        }
        fixer
    }

    fn list_at_start(&mut self, unit: &OpenTxn, want: Option<Security>) {
        if let Some(want) = want {
            self.add_repair(&unit.item, &unit.tags, want);
            self.to_list.push((unit.txn, unit.item.clone(), unit.tags.clone(), want));
        }
    }

    /// Returns noted and not posted yet.
    pub(super) fn queued(&self) -> u64 {
        let noted = |o: &&Owed| {
            o.unit.kind == JobKind::Checkin
                && matches!(o.step, Step::Post | Step::Find { told: true })
        };
        self.owed.iter().filter(noted).count() as u64
    }

    pub(super) fn is_writing(&self) -> bool {
        self.busy || !self.fixing.is_empty()
    }

    /// Whether the repair list is writing this tag now.
    pub(super) fn is_writing_tag(&self, uid: Uid) -> bool {
        matches!(self.fixing.get(&uid), Some(Fixing::Writing(_)))
    }

    /// Whether something that happened to this item is not settled yet.
    pub(super) fn owes(&self, item: &ItemId) -> bool {
        self.owed.iter().any(|o| o.unit.item == *item)
    }

    fn owes_return(&self, item: &ItemId) -> bool {
        self.owed.iter().any(|o| o.unit.kind == JobKind::Checkin && o.unit.item == *item)
    }

    /// A line takes these tags: an answer asked for before says nothing any more.
    pub(super) fn forget(&mut self, tags: &[Uid]) {
        self.fixing.retain(|uid, how| !tags.contains(uid) || matches!(how, Fixing::Writing(_)));
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
    /// A return was noted for later, durably.
    pub(super) fn fix_queue(&mut self, id: u32, now: Now) {
        self.owe(id, Step::Post, now);
    }

    /// A unit's answer never came.
    pub(super) fn fix_unsure(&mut self, id: u32, now: Now) {
        self.owe(id, Step::Find { told: true }, now);
    }

    fn owe(&mut self, id: u32, step: Step, now: Now) {
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
        };
        // In the order they began, as after a restart; what is being asked stays in front.
        let first = usize::from(self.fixer.busy);
        let later = self.fixer.owed.iter().skip(first).position(|o| o.unit.txn > txn);
        let place = later.map_or(self.fixer.owed.len(), |at| first + at);
        self.fixer.owed.insert(place, Owed { unit, step, posts: 0, line: Some(id) });
    }

    /// The link is back.
    pub(super) fn fix_online(&mut self, now: Now) {
        self.fixer.again = None;
        self.resume_waiting(now);
        for uid in self.pad.lying() {
            self.fix_seen(uid);
        }
    }

    /// Writes what a restart found, once.
    pub(super) fn fix_start(&mut self) {
        let listed = std::mem::take(&mut self.fixer.to_list);
        let records = listed
            .into_iter()
            .map(|(txn, item, tags, want)| Record::Repair { txn, item, tags, want })
            .collect();
        self.note(records);
    }

    /// Takes the oldest unit owed, when nothing stands in the way.
    pub(super) fn work_off(&mut self, now: Now) {
        if self.fixer.busy || self.fixer.again.is_some_and(|at| now.mono < at) {
            return;
        }
        let Some(owed) = self.fixer.owed.front() else { return };
        if let Step::Recording(outcome) = &owed.step {
            // The journal did not take it: written again, never asked again.
            let outcome = outcome.clone();
            return self.fix_record(outcome);
        }
        let line = owed.line;
        let at_work = self.lines.iter().chain(&self.detached);
        if !self.link.online || at_work.into_iter().any(|l| Some(l.id) == line && l.is_working()) {
            return;
        }
        let unit = &owed.unit;
        let item = unit.item.clone();
        let cancel = unit.kind == JobKind::Cancel;
        let ask = match (&owed.step, unit.kind, &unit.patron) {
            (Step::Post, ..) => Ask::Checkin { item, at: unit.at, already_done: !cancel, cancel },
            (Step::Find { .. }, JobKind::Checkout, Some(patron)) => {
                Ask::Patron { patron: patron.clone(), pin: None, loans: true }
            }
            (Step::Find { .. }, JobKind::Checkin | JobKind::Cancel, _) => Ask::Item { item },
            // A renewal leaves no mark that tells it from the one before; staff decide.
            _ => return self.fix_for_staff("unsure"),
        };
        let txn = unit.txn;
        self.fixer.busy = true;
        self.ask(Asked::Fix(txn), ask);
    }

    fn fix_for_staff(&mut self, reason: &str) {
        self.fix_record(TxnOutcome::ForStaff { reason: reason.into() });
    }

    pub(super) fn fix_answered(&mut self, txn: TxnId, answer: Result<Answer, NoAnswer>, now: Now) {
        self.fixer.busy = false;
        let Some(owed) = self.fixer.owed.front_mut().filter(|o| o.unit.txn == txn) else { return };
        let tagged = !owed.unit.tags.is_empty();
        let outcome = match (owed.step.clone(), answer) {
            (Step::Post, Ok(Answer::Checkin(a))) if a.ok => {
                let want = tagged.then_some(Security::Secured);
                TxnOutcome::Accepted { title: a.title, want }
            }
            (Step::Post, Ok(Answer::Checkin(a))) => {
                TxnOutcome::ForStaff { reason: Reason::words_or(a.message, "return refused") }
            }
            (Step::Find { told }, Ok(answer)) => match found(&owed.unit, &answer, told) {
                Found::Outcome(outcome) => outcome,
                Found::Post => {
                    owed.step = Step::Post;
                    return;
                }
            },
            (step, Err(why)) => {
                if step == Step::Post && why == NoAnswer::Unknown {
                    owed.step = Step::Find { told: true };
                    owed.posts += 1;
                    if owed.posts >= POSTS_MAX {
                        return self.fix_for_staff("unsure");
                    }
                }
                self.fixer.again = Some(now.mono + FIX_AGAIN);
                return;
            }
            (_, Ok(_)) => TxnOutcome::ForStaff { reason: "unsure".into() },
        };
        let (line, kind) = (owed.line, owed.unit.kind);
        match kind {
            JobKind::Checkout => self.count(line, Job::Borrow, &outcome),
            JobKind::Checkin => self.count(line, Job::GiveBack, &outcome),
            JobKind::Cancel => self.count(line, Job::Cancel { by_reader: false }, &outcome),
            JobKind::Renew => {}
        }
        self.fix_record(outcome);
    }

    fn fix_record(&mut self, outcome: TxnOutcome) {
        let Some(owed) = self.fixer.owed.front_mut() else { return };
        owed.step = Step::Recording(outcome.clone());
        let txn = owed.unit.txn;
        let mut records = vec![Record::Outcome { txn, outcome: outcome.clone() }];
        // A loan that could not be taken back stands, and its tag is armed.
        let stands = owed.unit.kind == JobKind::Cancel
            && matches!(outcome, TxnOutcome::ForStaff { .. } | TxnOutcome::NotSent);
        if stands && !owed.unit.tags.is_empty() {
            let (item, tags) = (owed.unit.item.clone(), owed.unit.tags.clone());
            let want = Security::Released;
            self.fixer.add_repair(&item, &tags, want);
            records.push(Record::Repair { txn, item, tags, want });
        }
        self.fixer.busy = true;
        self.record(Recorded::Fix(txn), records);
    }

    pub(super) fn fix_recorded(&mut self, txn: TxnId, ok: bool, now: Now) {
        self.fixer.busy = false;
        if self.fixer.owed.front().is_none_or(|o| o.unit.txn != txn) {
            return;
        }
        if !ok {
            self.fixer.again = Some(now.mono + FIX_AGAIN);
            return;
        }
        let Some(owed) = self.fixer.owed.pop_front() else { return };
        let Step::Recording(outcome) = owed.step else { return };
        let shown = owed.line.filter(|id| self.lines.iter().any(|l| l.id == *id));
        match shown {
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

    /// A tag lies on the pad outside a loan or return: is anything owed for it?
    pub(super) fn fix_seen(&mut self, uid: Uid) {
        let due = self.fixer.repairs.contains_key(&uid) && !self.fixer.fixing.contains_key(&uid);
        if !self.link.online || !due || self.is_in_work(uid) {
            return;
        }
        let Some(row) = self.fixer.repairs.get(&uid) else { return };
        let item = row.item.clone();
        // Between then and now the item may have been returned or lent elsewhere: a tag is
        // released only for a loan that stands today.
        let ask = self.ask(Asked::FixItem(uid), Ask::Item { item });
        self.fixer.fixing.insert(uid, Fixing::Asking(ask));
    }

    pub(super) fn fix_item_answered(
        &mut self,
        uid: Uid,
        ask: AskId,
        answer: Result<Answer, NoAnswer>,
    ) {
        if self.fixer.fixing.get(&uid) != Some(&Fixing::Asking(ask)) {
            return;
        }
        self.fixer.fixing.remove(&uid);
        let (Some(row), Ok(Answer::Item(item))) = (self.fixer.repairs.get(&uid), answer) else {
            return;
        };
        if self.is_in_work(uid) {
            return;
        }
        let want = row.want;
        // A return noted here and not posted yet is a return all the same.
        let on_loan = item.on_loan && !self.fixer.owes_return(&row.item);
        let stands = match want {
            Security::Released => on_loan,
            Security::Secured => !on_loan,
        };
        if stands {
            let op = self.next_op();
            self.fixer.fixing.insert(uid, Fixing::Writing(op));
            self.push(Effect::SetSecurity { op, tags: vec![uid], want });
        } else {
            let records = self.fixer.settle(&[uid]);
            self.note(records);
        }
    }

    /// Returns whether the write was a repair's.
    pub(super) fn fix_tag_done(&mut self, op: OpId, result: TagResult, now: Now) -> bool {
        let found = self.fixer.fixing.iter().find(|(_, how)| **how == Fixing::Writing(op));
        let Some(uid) = found.map(|(&uid, _)| uid) else { return false };
        self.fixer.fixing.remove(&uid);
        if result == TagResult::Done {
            self.stats.repaired += 1;
            let records = self.fixer.settle(&[uid]);
            self.note(records);
        }
        // A line may have waited for this write to end.
        self.resume_waiting(now);
        true
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

enum Found {
    Outcome(TxnOutcome),
    Post,
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
            } else if patron.on_loan.is_some_and(|n| n as usize > patron.loans.len()) {
                // The list is cut short or not given at all: its silence proves nothing.
                Found::Outcome(TxnOutcome::ForStaff { reason: "unsure".into() })
            } else {
                Found::Outcome(TxnOutcome::NotSent)
            }
        }
        (JobKind::Checkin, Answer::Item(item)) => {
            if !item.on_loan {
                done(Security::Secured)
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
        _ => Found::Outcome(TxnOutcome::ForStaff { reason: "unsure".into() }),
    }
}
