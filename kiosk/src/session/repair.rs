//! What is owed: returns noted while the library system was away, units whose answer never came,
//! and tags whose security does not say what their loan says.
//!
//! One unit at a time, in the order they happened, behind live readers. Nothing is sent again
//! before it is found out whether it was done.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;
use ui::view::{Advice, LineState, LoanState, Note};

use super::line::{End, Job, Stage};
use super::offline::Remark;
use super::replay::return_remarks;
use super::types::{
    Effect, JobKind, OpId, OpenTxn, Reason, Record, RepairRow, TagResult, TxnId, TxnOutcome,
};
use super::{Answer, Ask, AskId, Asked, Due, ItemAnswer, ItemId, NoAnswer, Recorded, Station};
use crate::clock::Now;

/// Pause before a unit is tried again when no answer came.
const FIX_AGAIN: Duration = Duration::from_secs(5);

/// Most times a unit is posted or asked about without an answer before staff decide: a library
/// system that never answers this question must not keep the link busy for ever.
const POSTS_MAX: u8 = 10;

/// Most times the same unit is tried again at once because the link is back.
const AT_ONCE_MAX: u8 = 3;

/// Most units that wait to be posted or found out: months of a busy station off line.
pub const QUEUE_MAX: usize = 100_000;

/// Above this share of [`QUEUE_MAX`], in percent, only returns are taken (patron-experience.md
/// section 12).
const RETURNS_ONLY_FROM: usize = 90;

/// What is owed.
#[derive(Debug, Default)]
pub(super) struct Fixer {
    /// Oldest first.
    pub(super) owed: VecDeque<Owed>,
    /// The unit being worked on; always the front.
    pub(super) busy: bool,
    /// Not before this moment.
    pub(super) again: Option<Duration>,
    /// What is noted waits for the running session to end, until this moment at most.
    pub(super) hold: Option<Duration>,
    /// Tags to bring right when they are seen.
    pub(super) repairs: BTreeMap<Uid, RepairRow>,
    /// Tags being asked about or written.
    pub(super) fixing: BTreeMap<Uid, Fixing>,
    /// Units whose tags go on the repair list with the first journal write.
    to_list: Vec<(TxnId, ItemId, Vec<Uid>, Security)>,
}

/// What is being done about one tag of the repair list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fixing {
    Asking(AskId),
    Writing(OpId),
}

/// One unit owed.
#[derive(Debug)]
pub(super) struct Owed {
    pub(super) unit: OpenTxn,
    pub(super) step: Step,
    posts: u8,
    /// The line still shown for it, while its session lasts.
    pub(super) line: Option<u32>,
    /// What staff should know, written with how it ended.
    pub(super) remarks: Vec<Remark>,
    /// Of a loan noted here: the due day as the library system has it. Of a renewal: due before it
    /// was asked for; once found out, due now.
    pub(super) due: Due,
}

impl Owed {
    pub(super) fn new(unit: OpenTxn, step: Step, line: Option<u32>) -> Self {
        Self { unit, step, posts: 0, line, remarks: Vec::new(), due: Due::Unknown }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Send it: a return noted earlier, a taking back found not done.
    Post,
    /// Find out whether it was done; `told` = the reader saw that it was noted.
    Find { told: bool },
    /// The patron's list could not tell: look whether the item is here.
    FindItem,
    /// A loan noted here is on loan: to its reader?
    FindTheirs,
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
                Some(TxnOutcome::LentHere { want, .. }) => {
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
            fixer.owed.push_back(Owed::new(unit, step, None));
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
            let told = matches!(o.step, Step::Post | Step::Find { told: true });
            o.unit.promised().is_some() || (o.unit.kind == JobKind::Checkin && told)
        };
        self.owed.iter().filter(noted).count() as u64
    }

    pub(super) fn is_nearly_full(&self) -> bool {
        self.owed.len() > QUEUE_MAX / 100 * RETURNS_ONLY_FROM
    }

    pub(super) fn is_full(&self) -> bool {
        self.owed.len() >= QUEUE_MAX
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
        };
        self.fixer.owe(Owed::new(unit, step, Some(id)));
    }

    /// A renewal's answer never came; `due` is what its loan was due before.
    pub(super) fn fix_renewal(&mut self, unit: OpenTxn, due: Due) {
        let step = Step::Find { told: true };
        self.fixer.owe(Owed { due, ..Owed::new(unit, step, None) });
    }

    /// The link is back.
    pub(super) fn fix_online(&mut self, now: Now) {
        if self.fixer.owed.front().is_none_or(|owed| owed.posts < AT_ONCE_MAX) {
            self.fixer.again = None;
        }
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
        if !self.choose_owed(now) {
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
        let due_known = matches!(owed.due, Due::Day(_));
        let at = self.told_time(unit, now);
        let ask = match (&owed.step, unit.kind, &unit.patron) {
            (step, JobKind::Checkout, Some(_)) if unit.promised().is_some() => {
                let Some(ask) = Self::ask_noted(unit, step, at) else { return };
                ask
            }
            (Step::Post, ..) => Ask::Checkin { item, at, already_done: !cancel, cancel },
            (Step::Find { .. }, JobKind::Checkout, Some(patron)) => {
                Ask::Patron { patron: patron.clone(), pin: None, loans: true }
            }
            (Step::Find { .. }, JobKind::Checkin | JobKind::Cancel, _) | (Step::FindItem, ..) => {
                Ask::Item { item }
            }
            // A renewal leaves no mark but a later due date.
            (Step::Find { .. }, JobKind::Renew, _) if due_known => Ask::Item { item },
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
        let noted = owed.unit.promised().is_some();
        let outcome = match (owed.step.clone(), answer) {
            (_, Ok(answer)) if noted => match Self::noted_answered(owed, answer, now) {
                Some(outcome) => outcome,
                None => return,
            },
            (Step::Post, Ok(Answer::Checkin(a))) if a.ok => {
                if owed.unit.kind == JobKind::Checkin {
                    owed.remarks = return_remarks(&a);
                }
                let want = tagged.then_some(Security::Secured);
                TxnOutcome::Accepted { title: a.title, want }
            }
            (Step::Post, Ok(Answer::Checkin(a))) => {
                TxnOutcome::ForStaff { reason: Reason::words_or(a.message, "return refused") }
            }
            (Step::Find { .. }, Ok(Answer::Item(item))) if owed.unit.kind == JobKind::Renew => {
                let outcome = found_renewal(&owed.due, &item);
                owed.due = item.due;
                outcome
            }
            (Step::FindItem, Ok(Answer::Item(item))) if item.in_library => TxnOutcome::NotSent,
            (Step::Find { told }, Ok(answer)) => match found(&owed.unit, &answer, told) {
                Found::Outcome(outcome) => outcome,
                Found::Post => {
                    owed.step = Step::Post;
                    return;
                }
                Found::AskItem => {
                    owed.step = Step::FindItem;
                    return;
                }
            },
            (step, Err(why)) => {
                if why == NoAnswer::Unknown {
                    if step == Step::Post {
                        owed.step = Step::Find { told: true };
                    }
                    owed.posts += 1;
                    if owed.posts >= POSTS_MAX {
                        return self.fix_for_staff("unsure");
                    }
                }
                // A library system that comes and goes is given minutes, not seconds.
                let pause = FIX_AGAIN * u32::from(owed.posts.max(1));
                self.fixer.again = Some(now.mono + pause);
                return;
            }
            (_, Ok(_)) => TxnOutcome::ForStaff { reason: "unsure".into() },
        };
        let (line, kind) = (owed.line, owed.unit.kind);
        match kind {
            JobKind::Checkout => self.count(line, Job::Borrow, &outcome),
            JobKind::Checkin => self.count(line, Job::GiveBack, &outcome),
            JobKind::Cancel => self.count(line, Job::Cancel { by_reader: false }, &outcome),
            JobKind::Renew => self.count(None, Job::Renew, &outcome),
        }
        self.fix_record(outcome);
    }

    fn fix_record(&mut self, outcome: TxnOutcome) {
        let Some(owed) = self.fixer.owed.front_mut() else { return };
        owed.step = Step::Recording(outcome.clone());
        let txn = owed.unit.txn;
        let mut records = vec![Record::Outcome { txn, outcome: outcome.clone() }];
        records.extend(self.fixer.remarked());
        let Some(owed) = self.fixer.owed.front() else { return };
        let want = match (owed.unit.kind, &outcome) {
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

    /// A tag lies on the pad outside a loan or return: is anything owed for it?
    pub(super) fn fix_seen(&mut self, uid: Uid) {
        let due = self.fixer.repairs.contains_key(&uid) && !self.fixer.fixing.contains_key(&uid);
        if !due || self.is_in_work(uid) {
            return;
        }
        let Some(row) = self.fixer.repairs.get(&uid) else { return };
        let item = row.item.clone();
        if self.fixer.owes_loan(&item) {
            // Off line its noted loan stands; on line the library system hears of it first.
            return self.release_noted(uid);
        }
        if !self.link.online {
            return;
        }
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
    AskItem,
}

/// A later due date is a renewal. The same one may be a renewal too: for staff.
fn found_renewal(before: &Due, item: &ItemAnswer) -> TxnOutcome {
    match (before, &item.due) {
        (Due::Day(before), Due::Day(now)) if item.on_loan && now > before => {
            TxnOutcome::Accepted { title: item.title.clone(), want: None }
        }
        _ => TxnOutcome::ForStaff { reason: "unsure".into() },
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
            } else if patron.known
                && patron.on_loan.is_some_and(|n| n as usize <= patron.loans.len())
            {
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
                Found::Outcome(TxnOutcome::ForStaff { reason: "unsure".into() })
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
