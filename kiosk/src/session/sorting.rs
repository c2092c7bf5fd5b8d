//! Items of other owners, and the slips that go with what comes back.

use ui::view::{Advice, Destination, LineState, Note};

use super::line::{End, ItemLine, Job, Stage};
use super::rules::Slips;
use super::types::{Effect, PrintResult, Record, SortSlip, TxnId};
use super::{PrinterState, Sort, Station};
use crate::owners::{OwnerRule, Whose};

/// Why an item is not lent or not taken back here: it is another owner's, and the rule says so.
pub(super) fn barred(whose: Option<&Whose>, job: Job) -> Option<End> {
    let whose = whose?;
    let taken_back = match (whose.rule, job) {
        (OwnerRule::Lend, _) => return None,
        (OwnerRule::Refuse, _) => false,
        (OwnerRule::Return | OwnerRule::Transit, Job::Borrow) => true,
        (OwnerRule::Return | OwnerRule::Transit, _) => return None,
    };
    if whose.owner.is_empty() {
        return Some(End::refused(Advice::TagForeign));
    }
    let note = Note::Owner { owner: whose.owner.clone(), taken_back };
    Some(End::new(LineState::Refused, note))
}

impl ItemLine {
    /// Whose it is, for the figures.
    pub(super) fn owner_record(&self, txn: TxnId) -> Option<Record> {
        let whose = self.whose.as_ref().filter(|whose| !whose.owner.is_empty())?;
        Some(Record::Owner { txn, owner: whose.owner.clone() })
    }

    /// The library system's word first; where it has none, an owner's item is on its way home.
    pub(super) fn sent_on(&self, sort: Sort) -> Sort {
        match (&self.whose, sort) {
            (Some(whose), Sort::Normal) if whose.rule == OwnerRule::Transit => {
                Sort::Transit(whose.destination.clone())
            }
            (_, sort) => sort,
        }
    }
}

impl Station {
    /// A barred item that has a line: laid again, or its number was scanned before.
    pub(super) fn bar_again(&mut self, at: usize, end: End) {
        let line = &self.lines[at];
        let untouched = matches!(line.stage, Stage::Parts | Stage::Confirm | Stage::Waiting);
        if untouched || line.is_lifted() {
            let id = line.id;
            self.end_line(id, end);
        }
    }

    /// A return that goes elsewhere or is held gets a slip, once it is shown as returned.
    pub(super) fn print_sort_slip(&mut self, id: u32) {
        if self.rules.slips != Slips::Here || self.printer != PrinterState::Ready {
            return;
        }
        let language = self.rules.language;
        let Some(line) = self.line_mut(id) else { return };
        let Some(slip) = line.sort_slip(language) else { return };
        line.slip_asked = true;
        let (txn, to) = (slip.txn, slip.to.clone().unwrap_or_default());
        self.push(Effect::PrintSort(slip));
        self.note(vec![Record::SortSlip { txn, to, result: None }]);
    }

    /// Whatever became of it, it is not printed again by itself: the screen has said where the
    /// item goes.
    pub(super) fn sort_slip_printed(&mut self, txn: TxnId, result: PrintResult) {
        if let PrintResult::Not(state) = result {
            self.printer = state;
        }
        self.note(vec![Record::SortSlip { txn, to: String::new(), result: Some(result) }]);
    }
}

impl ItemLine {
    fn sort_slip(&self, language: ui::view::Language) -> Option<SortSlip> {
        let end = self.end().filter(|end| end.state == LineState::Returned)?;
        let (Note::Put(place) | Note::NotOnLoan(place)) = &end.note else { return None };
        let to = match place {
            Destination::Transit { branch } => Some(branch.clone()),
            Destination::HoldSlot => None,
            _ => return None,
        };
        if self.slip_asked {
            return None;
        }
        let (txn, item, title) = (self.txn?, self.item.clone()?, self.title.clone());
        Some(SortSlip { txn, item, title, to, language })
    }
}
