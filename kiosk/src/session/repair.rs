//! Tags whose security does not say what their loan says, and what is owed of the time before a
//! restart.
//!
//! `owed` keeps the units that wait for the library system, `posting` tells them.

use std::collections::BTreeMap;
use std::time::Duration;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;

use super::owed::{Owed, Owing, QUEUE_MAX, Step};
use super::types::{
    Effect, JobKind, OpId, OpenTxn, Record, RepairRow, TagResult, TxnId, TxnOutcome,
};
use super::{Answer, Ask, AskId, Asked, ItemId, NoAnswer, Station};
use crate::clock::Now;

/// Above this share of [`QUEUE_MAX`], in percent, only returns are taken (patron-experience.md
/// section 12).
const RETURNS_ONLY_FROM: usize = 90;

/// What is owed.
#[derive(Debug, Default)]
pub(super) struct Fixer {
    pub(super) owed: Owing,
    /// Nothing is told before this moment.
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
            fixer.owed.insert(Owed::new(unit, step, None));
        }
        fixer
    }

    fn list_at_start(&mut self, unit: &OpenTxn, want: Option<Security>) {
        if let Some(want) = want {
            self.add_repair(&unit.item, &unit.tags, want);
            self.to_list.push((unit.txn, unit.item.clone(), unit.tags.clone(), want));
        }
    }

    pub(super) fn is_nearly_full(&self) -> bool {
        self.owed.len() > QUEUE_MAX / 100 * RETURNS_ONLY_FROM
    }

    pub(super) fn is_full(&self) -> bool {
        self.owed.len() >= QUEUE_MAX
    }

    pub(super) fn is_writing(&self) -> bool {
        self.owed.at_work() || !self.fixing.is_empty()
    }

    /// Whether the repair list is writing this tag now.
    pub(super) fn is_writing_tag(&self, uid: Uid) -> bool {
        matches!(self.fixing.get(&uid), Some(Fixing::Writing(_)))
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
    /// Writes what a restart found, once.
    pub(super) fn fix_start(&mut self) {
        let listed = std::mem::take(&mut self.fixer.to_list);
        let records = listed
            .into_iter()
            .map(|(txn, item, tags, want)| Record::Repair { txn, item, tags, want })
            .collect();
        self.note(records);
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
