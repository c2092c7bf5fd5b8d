//! The units owed to the library system, in the order they happened, and which of them may be told
//! side by side.
//!
//! What was noted is posted in the order it happened (patron-experience.md section 12: one unit's
//! lines in order): a post is handed to the link behind all older ones, and where one of them is
//! not answered the link gives the rest back (`sip2::pool`). What touches the same item is settled
//! in the journal before the next is asked; of one patron, one is asked about at a time. For the
//! rest, at most [`WINDOW`] of the oldest are under way together: the library system answers one
//! request at a time, and the next one is to be there when it is done, not after the journal was
//! written.

use std::collections::VecDeque;

use super::offline::Remark;
use super::types::{JobKind, OpenTxn, TxnId, TxnOutcome};
use super::{Due, ItemId};
use crate::sip2::link::BACKGROUND_QUEUE_MAX;

/// Most units that wait to be posted or found out: months of a busy station off line.
pub const QUEUE_MAX: usize = 100_000;

/// How many of the oldest units may be under way together. Below what the link lets wait, with
/// room for questions about tags.
pub(super) const WINDOW: usize = BACKGROUND_QUEUE_MAX / 4 * 3;

/// One unit owed.
#[derive(Debug)]
pub(super) struct Owed {
    pub(super) unit: OpenTxn,
    pub(super) step: Step,
    /// Asked about or being written.
    pub(super) under_way: bool,
    /// How often no answer came.
    pub(super) posts: u8,
    /// The line still shown for it, while its session lasts.
    pub(super) line: Option<u32>,
    /// What staff should know, written with how it ended.
    pub(super) remarks: Vec<Remark>,
    /// Of a loan noted here: the due day as the library system has it. Of a renewal: due before it
    /// was asked for; once found out, due now.
    pub(super) due: Due,
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
    /// The result is written, or to be.
    Recording(TxnOutcome),
}

impl Owed {
    pub(super) fn new(unit: OpenTxn, step: Step, line: Option<u32>) -> Self {
        let (under_way, posts, remarks, due) = (false, 0, Vec::new(), Due::Unknown);
        Self { unit, step, under_way, posts, line, remarks, due }
    }

    /// Noted here for later, and not settled.
    fn is_noted(&self) -> bool {
        let told = matches!(self.step, Step::Post | Step::Find { told: true });
        self.unit.promised().is_some() || (self.unit.kind == JobKind::Checkin && told)
    }

    fn is_unwritten(&self) -> bool {
        !self.under_way && matches!(self.step, Step::Recording(_))
    }

    /// Nothing noted later is posted before this is: it is neither handed over nor answered.
    fn holds_back(&self) -> bool {
        let posted = self.step == Step::Post && self.under_way;
        self.is_noted() && !posted && !matches!(self.step, Step::Recording(_))
    }
}

/// How many units are so.
#[derive(Debug, Default)]
struct Counts {
    noted: u64,
    under_way: usize,
    /// The journal did not take the result.
    unwritten: usize,
}

impl Counts {
    fn add(&mut self, owed: &Owed) {
        self.noted += u64::from(owed.is_noted());
        self.under_way += usize::from(owed.under_way);
        self.unwritten += usize::from(owed.is_unwritten());
    }

    fn take(&mut self, owed: &Owed) {
        self.noted = self.noted.saturating_sub(u64::from(owed.is_noted()));
        self.under_way = self.under_way.saturating_sub(usize::from(owed.under_way));
        self.unwritten = self.unwritten.saturating_sub(usize::from(owed.is_unwritten()));
    }
}

/// What is owed, oldest first.
#[derive(Debug, Default)]
pub(super) struct Owing {
    units: VecDeque<Owed>,
    counts: Counts,
}

impl Owing {
    /// Takes a unit in its place: in the order in which they happened, which is that of their
    /// numbers. A return whose question came back unsent is told before the loan noted after it.
    pub(super) fn insert(&mut self, owed: Owed) {
        let older = self.units.iter().rposition(|o| o.unit.txn < owed.unit.txn);
        let at = older.map_or(0, |at| at + 1);
        self.counts.add(&owed);
        self.units.insert(at, owed);
    }

    pub(super) fn remove(&mut self, txn: TxnId) -> Option<Owed> {
        let owed = self.units.remove(self.position(txn)?)?;
        self.counts.take(&owed);
        Some(owed)
    }

    /// Changes a unit; `None` when there is no such unit any more.
    pub(super) fn change<T>(&mut self, txn: TxnId, how: impl FnOnce(&mut Owed) -> T) -> Option<T> {
        let owed = self.position(txn).and_then(|at| self.units.get_mut(at))?;
        self.counts.take(owed);
        let result = how(owed);
        self.counts.add(owed);
        Some(result)
    }

    /// Those at work are among the first.
    fn position(&self, txn: TxnId) -> Option<usize> {
        self.units.iter().position(|owed| owed.unit.txn == txn)
    }

    pub(super) fn get(&self, txn: TxnId) -> Option<&Owed> {
        self.position(txn).and_then(|at| self.units.get(at))
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Owed> {
        self.units.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.units.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Loans and returns noted and not posted yet.
    pub(super) fn noted(&self) -> u64 {
        self.counts.noted
    }

    /// Whether any is asked about or being written.
    pub(super) fn at_work(&self) -> bool {
        self.counts.under_way > 0
    }

    /// Whether something that happened to this item is not settled yet.
    pub(super) fn has(&self, item: &ItemId) -> bool {
        self.units.iter().any(|owed| owed.unit.item == *item)
    }

    /// Whether a return of the unit's item that happened after it is owed too.
    pub(super) fn is_returned_since(&self, txn: TxnId) -> bool {
        let Some(at) = self.position(txn) else { return false };
        let item = &self.units[at].unit.item;
        let mut later = self.units.iter().skip(at + 1);
        later.any(|owed| owed.unit.kind == JobKind::Checkin && owed.unit.item == *item)
    }

    /// A unit whose result the journal did not take.
    pub(super) fn unwritten(&self) -> Option<&Owed> {
        let any = self.counts.unwritten > 0;
        any.then(|| self.units.iter().find(|owed| owed.is_unwritten())).flatten()
    }

    /// The oldest unit that fits, and may be told now: nothing about its item is older or under
    /// way, and if it is to be posted, all that was noted before it was.
    pub(super) fn next(&self, fits: impl Fn(&Owed) -> bool) -> Option<&Owed> {
        let mut in_order = true;
        for (at, owed) in self.units.iter().take(WINDOW).enumerate() {
            let turn = !owed.under_way && (in_order || owed.step != Step::Post);
            if turn && fits(owed) && self.is_clear(at, &owed.unit.item) && !self.asks_of(owed) {
                return Some(owed);
            }
            in_order &= !owed.holds_back();
        }
        None
    }

    /// Whether something of the same patron is asked about. One at a time: the patron may be here,
    /// and what they ask stands behind it.
    fn asks_of(&self, owed: &Owed) -> bool {
        let asked = |o: &Owed| o.under_way && !matches!(o.step, Step::Recording(_));
        let same = |o: &Owed| o.unit.patron == owed.unit.patron;
        owed.unit.patron.is_some() && self.units.iter().take(WINDOW).any(|o| asked(o) && same(o))
    }

    /// The oldest unit a reader here waits for, wherever it stands: nothing about its item is
    /// older or under way.
    pub(super) fn awaited(&self, awaited: impl Fn(&Owed) -> bool) -> Option<&Owed> {
        let units = self.units.iter().enumerate();
        units
            .filter(|(_, owed)| !owed.under_way && awaited(owed))
            .find(|(at, owed)| self.is_clear(*at, &owed.unit.item))
            .map(|(_, owed)| owed)
    }

    /// Nothing before this place, and nothing under way behind it, is about the item.
    fn is_clear(&self, at: usize, item: &ItemId) -> bool {
        let mut left = self.counts.under_way;
        for (n, owed) in self.units.iter().enumerate() {
            if n >= at && left == 0 {
                break;
            }
            left = left.saturating_sub(usize::from(owed.under_way));
            if n != at && (n < at || owed.under_way) && owed.unit.item == *item {
                return false;
            }
        }
        true
    }
}
