//! What the journal did not take: kept here and written again, so that a disk full for an hour
//! costs nothing but the hour. Nothing is told or released before it is on disk.

use std::collections::VecDeque;
use std::time::Duration;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;
use ui::view::Advice;

use super::line::{End, Job, Next, Stage};
use super::types::{Record, SessionCode, TxnId, TxnOutcome};
use super::work::weaker;
use super::{ItemId, Recorded, Station};
use crate::clock::Now;

/// Pause before the journal is tried again.
const JOURNAL_AGAIN: Duration = Duration::from_secs(10);

/// Most notes kept, and most outcomes. The oldest goes first: what is on disk of its unit lets
/// the next start find it out.
const LATE_MAX: usize = 32;

/// Writes that are still owed to the journal.
#[derive(Debug, Default)]
pub(super) struct Late {
    notes: VecDeque<Vec<Record>>,
    outcomes: VecDeque<LateOutcome>,
    pub(super) again: Option<Duration>,
}

/// A yes of the library system that is not on disk yet.
#[derive(Debug)]
struct LateOutcome {
    line: u32,
    txn: TxnId,
    item: ItemId,
    tags: Vec<Uid>,
    /// What the journal has of the unit, should it be another one by then.
    intent: Record,
    next: Next,
    records: Vec<Record>,
    writing: bool,
}

impl Late {
    /// What a journal holds of each unit whose outcome is kept here, a group each.
    pub(super) fn intents(&self) -> impl Iterator<Item = Vec<Record>> {
        self.outcomes.iter().map(|late| vec![late.intent.clone()])
    }
}

impl Station {
    /// Writes what nobody waits for; when the journal does not take it, later.
    pub(super) fn note(&mut self, records: Vec<Record>) {
        if !records.is_empty() {
            self.record(Recorded::Note, records);
        }
    }

    /// Keeps a note for later.
    pub(super) fn note_later(&mut self, records: Vec<Record>) {
        if records.is_empty() {
            return;
        }
        if self.late.notes.len() >= LATE_MAX {
            self.late.notes.pop_front();
        }
        self.late.notes.push_back(records);
    }

    /// Older notes go before anything new, so that the journal reads in the order of events.
    pub(super) fn take_notes(&mut self) -> VecDeque<Vec<Record>> {
        std::mem::take(&mut self.late.notes)
    }

    pub(super) fn journal_failed(&mut self, now: Now) {
        self.late.again = Some(now.mono + JOURNAL_AGAIN);
    }

    /// The pause is over: everything owed is tried again.
    pub(super) fn tick_late(&mut self, now: Now) {
        if self.late.again.is_none_or(|at| now.mono < at) {
            return;
        }
        self.late.again = None;
        for at in 0..self.late.outcomes.len() {
            let Some(late) = self.late.outcomes.get_mut(at).filter(|l| !l.writing) else {
                continue;
            };
            late.writing = true;
            let (txn, records) = (late.txn, late.records.clone());
            self.record(Recorded::Late(txn), records);
        }
        // Notes go out with the next write; without one, an empty write tries the journal.
        if !self.late.notes.is_empty() || !self.journal_ok {
            self.record(Recorded::Note, Vec::new());
        }
    }

    /// A line's write failed.
    pub(super) fn line_unrecorded(
        &mut self,
        id: u32,
        stage: Stage,
        records: Vec<Record>,
        now: Now,
    ) {
        match stage {
            Stage::Intent => self.intent_failed(id, records),
            Stage::Outcome(next) => self.outcome_failed(id, *next, records, now),
            // The loan or return is true and its tag right, but a power cut would not know:
            // said in the careful words, written later.
            Stage::Closing(end) => {
                self.note_later(records);
                self.end_line(id, weaker(*end));
            }
            other => self.set_stage(id, other),
        }
    }

    /// Nothing was sent: without a journal the station starts nothing new.
    fn intent_failed(&mut self, id: u32, records: Vec<Record>) {
        self.note_later(never_sent(records));
        let Some(line) = self.line_mut(id) else { return };
        let end = match line.job {
            Job::GiveBack => End::attention(Advice::RetNo),
            Job::Borrow | Job::Renew => End::attention(Advice::QueueFull),
            Job::Cancel { by_reader } => {
                line.job = Job::Borrow;
                if by_reader { line.borrowed() } else { End::attention(Advice::SecFail) }
            }
        };
        self.end_line(id, end);
    }

    fn outcome_failed(&mut self, id: u32, next: Next, records: Vec<Record>, now: Now) {
        let outcome = records.iter().find_map(|r| match r {
            Record::Outcome { outcome, .. } => Some(outcome.clone()),
            _ => None,
        });
        match outcome {
            Some(TxnOutcome::Accepted { .. }) => self.keep_outcome(id, next, records),
            Some(TxnOutcome::LentHere { .. }) => {
                // Not noted, so not lent, and its tag stays as it is.
                self.note_later(never_sent(records));
                self.end_line(id, End::attention(Advice::QueueFull));
            }
            Some(TxnOutcome::Queued { .. }) => {
                // Not noted, so not taken: the reader keeps the book or hands it over.
                let owed = if records.iter().any(|r| matches!(r, Record::Intent { .. })) {
                    never_sent(records)
                } else {
                    not_sent(&records)
                };
                self.note_later(owed);
                self.end_line(id, End::attention(Advice::RetNo));
            }
            // The intent alone makes the next start find out, and so does the live search now.
            Some(TxnOutcome::Unsure) => self.go_on(id, next, now),
            _ => {
                self.note_later(records);
                self.go_on(id, next, now);
            }
        }
    }

    /// The library system said yes and the journal does not hold it: nothing is told or released
    /// until it does.
    fn keep_outcome(&mut self, id: u32, next: Next, records: Vec<Record>) {
        let Some(line) = self.line_mut(id) else { return };
        let (Some(txn), Some(item)) = (line.unit(), line.item.clone()) else { return };
        let tags = line.tags.clone();
        let intent = Record::Intent {
            txn,
            session: SessionCode::default(),
            kind: line.job.kind(),
            item: item.clone(),
            patron: line.patron.clone(),
            tags: tags.clone(),
            at: line.at.unwrap_or_default(),
        };
        if self.late.outcomes.len() >= LATE_MAX {
            self.late.outcomes.pop_front();
        }
        let late = LateOutcome { line: id, txn, item, tags, intent, next, records, writing: false };
        self.late.outcomes.push_back(late);
        self.end_line(id, End::attention(Advice::Unsure));
    }

    pub(super) fn late_recorded(&mut self, txn: TxnId, ok: bool, now: Now) {
        let Some(at) = self.late.outcomes.iter().position(|l| l.txn == txn) else { return };
        if !ok {
            self.late.outcomes[at].writing = false;
            return;
        }
        let Some(late) = self.late.outcomes.remove(at) else { return };
        if self.lines.iter().any(|l| l.id == late.line) {
            return self.go_on(late.line, late.next, now);
        }
        if let Next::Secure(want, _) = late.next {
            self.list_repair(txn, late.item, late.tags, want);
        }
    }

    /// Puts tags on the repair list; those lying here are looked at once.
    pub(super) fn list_repair(&mut self, txn: TxnId, item: ItemId, tags: Vec<Uid>, want: Security) {
        if tags.is_empty() {
            return;
        }
        self.fixer.add_repair(&item, &tags, want);
        let seen: Vec<Uid> = tags.iter().copied().filter(|&uid| self.pad.sees(uid)).collect();
        self.note(vec![Record::Repair { txn, item, tags, want }]);
        for uid in seen {
            self.fix_seen(uid);
        }
    }
}

fn not_sent(records: &[Record]) -> Vec<Record> {
    let txn = records.iter().find_map(|r| match r {
        Record::Outcome { txn, .. } => Some(*txn),
        _ => None,
    });
    txn.map(|txn| Record::Outcome { txn, outcome: TxnOutcome::NotSent }).into_iter().collect()
}

/// The same units as tried and not sent, without their patrons.
pub(super) fn never_sent(records: Vec<Record>) -> Vec<Record> {
    let mut out = Vec::new();
    for record in records {
        match record {
            Record::Intent { txn, session, kind, item, tags, at, .. } => {
                out.push(Record::Intent { txn, session, kind, item, patron: None, tags, at });
                out.push(Record::Outcome { txn, outcome: TxnOutcome::NotSent });
            }
            Record::Outcome { .. } | Record::Remark { .. } | Record::Card { .. } => {}
            other => out.push(other),
        }
    }
    out
}
