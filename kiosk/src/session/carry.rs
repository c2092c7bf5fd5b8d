//! A journal that broke at work: what the station still knows of it goes into a new one.

use super::offline::Remark;
use super::owed::{Owed, Step};
use super::types::{OpenTxn, Record, SessionCode, TxnId, TxnOutcome};
use super::{Asked, Phase, Station};
use crate::clock::Now;

impl Station {
    /// Nobody is here, and nothing of an ended session is at work. What of it the journal did not
    /// take waits for another journal.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        matches!(self.phase, Phase::Attract)
            && self.lines.is_empty()
            && self.tokens.is_empty()
            && self.detached.is_empty()
            && !self.asks.values().any(|of| matches!(of, Asked::Renewal(_)))
    }

    /// What a new journal must hold so that a later start goes on from it: units that are owed, the
    /// repair list and payments, a group each. How a unit's session was called is not known here any
    /// more.
    #[must_use]
    pub fn owed_records(&self, now: Now) -> Vec<Vec<Record>> {
        let owed = self.fixer.owed.iter().map(unit_records);
        let repairs = self.fixer.repairs.values().map(|row| {
            let (item, tags) = (row.item.clone(), vec![row.uid]);
            // Of no unit: the one it came from is in the old journal.
            vec![Record::Repair { txn: TxnId(0), item, tags, want: row.want }]
        });
        owed.chain(self.late.intents()).chain(repairs).chain(self.fees.records(now.wall)).collect()
    }
}

fn unit_records(owed: &Owed) -> Vec<Record> {
    let unit = &owed.unit;
    let OpenTxn { txn, kind, item, patron, tags, at, .. } = unit.clone();
    let session = SessionCode::default();
    let mut records = vec![Record::Intent { txn, session, kind, item, patron, tags, at }];
    if !unit.branch.is_empty() {
        records.push(Record::Branch { txn, branch: unit.branch.clone() });
    }
    if owed.step != (Step::Find { told: false }) {
        let outcome = unit.outcome.clone().unwrap_or(TxnOutcome::Unsure);
        records.push(Record::Outcome { txn, outcome });
    }
    if unit.time_unsure {
        records.push(Record::Remark { txn, remark: Remark::TimeUnsure });
    }
    records
}
