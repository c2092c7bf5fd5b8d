//! The pile on the pad becomes lines: tags laid and lifted, sets, scanned numbers, and the one
//! touch that confirms them.

use std::time::Duration;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;
use ui::view::{Advice, LineState, Note};

use super::line::{ASKS_MAX, End, ItemLine, Job, Stage};
use super::pad::PadEvent;
use super::rules::{AttractItem, BarcodeItems, BorrowCommit, secs};
use super::sorting::barred;
use super::types::{Content, Proof, TagRead};
use super::{ItemId, Phase, Station};
use crate::clock::Now;

/// Most lines of one session; more books wait for the next.
pub(super) const LINES_MAX: usize = 100;

impl Station {
    pub(super) fn on_pad(&mut self, tags: Vec<TagRead>, heard: Duration, now: Now) {
        self.reader_up = true;
        self.reader_seen = true;
        let times = self.rules.times;
        let events = self.pad.scan(tags, heard, secs(times.pad_stable_s), secs(times.pad_gone_s));
        self.pad_changed(events, now);
    }

    /// A tag was read between two looks.
    pub(super) fn on_read(&mut self, tag: TagRead, now: Now) {
        let stable = secs(self.rules.times.pad_stable_s);
        let events = self.pad.read(tag, now.mono, stable);
        self.pad_changed(events, now);
    }

    fn pad_changed(&mut self, events: Vec<PadEvent>, now: Now) {
        for event in events {
            if self.session_open() {
                self.stir(now);
            }
            match event {
                PadEvent::Card(uid) => self.card_seen(uid, now),
                PadEvent::Laid(uid) => self.laid(uid, now),
                PadEvent::Gone(uid) => self.gone(uid, now),
            }
        }
        self.retry_put_back(now);
    }

    fn card_seen(&mut self, uid: Uid, now: Now) {
        if self.pad.is_stale(uid) {
            return;
        }
        let Some(Content::Card(patron)) = self.pad.content(uid) else { return };
        let patron = patron.clone();
        self.card_shown(patron, Proof::Held, now);
    }

    fn laid(&mut self, uid: Uid, now: Now) {
        if self.pad.is_stale(uid) {
            return self.fix_seen(uid);
        }
        match &self.phase {
            // While the reader compares numbers, spreading the pile goes on being read.
            Phase::Borrow | Phase::Count { .. } => self.take_up(uid, Job::Borrow, now),
            Phase::GiveBack => self.take_up(uid, Job::GiveBack, now),
            Phase::Attract if self.rules.attract_item == AttractItem::Return => {
                self.open_return(now);
            }
            Phase::Attract => {
                self.turn_to(Phase::Choose, now);
                self.fix_seen(uid);
            }
            _ => self.fix_seen(uid),
        }
    }

    fn gone(&mut self, uid: Uid, now: Now) {
        for line in &mut self.lines {
            let waits = matches!(line.stage, Stage::Parts | Stage::Confirm | Stage::Waiting);
            if !waits || !line.tags.contains(&uid) {
                continue;
            }
            line.tags.retain(|&t| t != uid);
            if line.scanned {
                continue;
            }
            if line.tags.is_empty() {
                line.lift();
            } else {
                line.stage = Stage::Parts;
            }
        }
        self.recount_parts();
        self.card_gone(now);
    }

    /// After a part left, which parts of the waiting sets are still there?
    fn recount_parts(&mut self) {
        for line in &mut self.lines {
            if line.stage != Stage::Parts || line.scanned {
                continue;
            }
            line.seen_parts = line
                .tags
                .iter()
                .filter_map(|&uid| match self.pad.content(uid) {
                    Some(Content::Item { part, .. }) => Some(*part),
                    _ => None,
                })
                .collect();
        }
    }

    /// Opens borrowing for the reader just identified; what lies there already is read.
    pub(super) fn open_borrow(&mut self, now: Now) {
        self.turn_to(Phase::Borrow, now);
        self.pad.drop_missing();
        for uid in self.pad.laid() {
            self.take_up(uid, Job::Borrow, now);
        }
    }

    /// Opens returning, which needs no card.
    pub(super) fn open_return(&mut self, now: Now) {
        self.turn_to(Phase::GiveBack, now);
        self.pad.drop_missing();
        for uid in self.pad.laid() {
            self.take_up(uid, Job::GiveBack, now);
        }
    }

    /// A book lies still: a new line, a further part of a set, or an old line come back.
    fn take_up(&mut self, uid: Uid, job: Job, now: Now) {
        let Some(content) = self.pad.content(uid).cloned() else { return };
        let (item, parts, part, no_loan, whose) = match content {
            Content::Item { item, parts, part, no_loan, whose } => {
                (item, parts, part, no_loan, whose)
            }
            Content::Foreign => return self.odd_line(uid, job, Advice::TagForeign),
            Content::Bad => return self.odd_line(uid, job, Advice::TagBad),
            Content::Card(_) | Content::Unread => return,
        };
        // A tag that could not be read before and now is: the item's line takes its place.
        self.lines.retain(|l| l.item.is_some() || !l.tags.contains(&uid));
        let barred = barred(whose.as_ref(), job);
        if let Some(at) = self.lines.iter().position(|l| l.item.as_ref() == Some(&item)) {
            if let Some(end) = barred {
                return self.bar_again(at, end);
            }
            return self.take_up_again(at, uid, part, job, now);
        }
        if self.lines.len() >= LINES_MAX {
            return;
        }
        let mut line = ItemLine::new(self.next_line(), Some(item), job);
        line.parts = parts.max(1);
        line.no_loan = no_loan;
        line.whose = whose;
        line.tags.push(uid);
        line.seen_parts.push(part);
        let id = line.id;
        self.lines.push(line);
        if job == Job::Borrow && no_loan {
            self.stats.refused += 1;
            return self.end_line(id, End::refused(Advice::InLibrary));
        }
        if let Some(end) = barred {
            self.stats.refused += 1;
            return self.end_line(id, end);
        }
        self.begin_if_complete(id, now);
    }

    fn next_line(&mut self) -> u32 {
        let id = self.ids.line;
        self.ids.line += 1;
        id
    }

    fn odd_line(&mut self, uid: Uid, job: Job, advice: Advice) {
        if self.lines.iter().any(|l| l.tags.contains(&uid)) || self.lines.len() >= LINES_MAX {
            return;
        }
        let mut line = ItemLine::new(self.next_line(), None, job);
        line.tags.push(uid);
        line.stage = Stage::Ended(End::refused(advice));
        self.stats.refused += 1;
        self.lines.push(line);
    }

    /// A tag of an item that has a line already.
    fn take_up_again(&mut self, at: usize, uid: Uid, part: u8, job: Job, now: Now) {
        let line = &mut self.lines[at];
        let id = line.id;
        if !line.tags.contains(&uid) {
            if line.scanned && line.tags.is_empty() {
                return self.tag_of_scanned(id, uid, job, now);
            }
            let growing = matches!(line.stage, Stage::Parts) || line.is_lifted();
            if !growing || line.seen_parts.contains(&part) {
                // A second tag with the same number and part is a second book or a mislabelled
                // one: one loan releases one tag.
                return self.odd_line(uid, job, Advice::TagBad);
            }
            line.tags.push(uid);
            line.seen_parts.push(part);
        }
        let again = line.stage == Stage::Parts || line.may_go_again();
        if again && !(line.no_loan && job == Job::Borrow) {
            line.job = job;
            line.stage = Stage::Parts;
            self.begin_if_complete(id, now);
        }
    }

    /// The book whose number was scanned lies on the pad: its tag follows its loan or return.
    fn tag_of_scanned(&mut self, id: u32, uid: Uid, job: Job, now: Now) {
        let Some(line) = self.line_mut(id) else { return };
        let settled = line.counts();
        match &line.stage {
            Stage::Parts | Stage::Confirm | Stage::Waiting | Stage::Intent => line.tags.push(uid),
            Stage::Asking { .. } => line.tags.push(uid),
            Stage::Ended(_) if settled => {
                let end = line.end().cloned();
                let want = match end.as_ref().map(|e| e.state) {
                    Some(LineState::Borrowed) if line.lent && line.release => Security::Released,
                    Some(LineState::Returned | LineState::Queued) => Security::Secured,
                    _ => return,
                };
                line.tags.push(uid);
                if let Some(end) = end {
                    self.bring(id, want, end);
                }
            }
            Stage::Ended(_) if line.may_go_again() => {
                line.tags.push(uid);
                line.job = job;
                line.stage = Stage::Parts;
                self.begin_if_complete(id, now);
            }
            // In the middle: taken up when the line has ended.
            _ => {}
        }
    }

    /// A scanned line has ended: the tag laid meanwhile follows.
    pub(super) fn gather(&mut self, now: Now) {
        if !matches!(self.phase, Phase::Borrow | Phase::GiveBack | Phase::Count { .. }) {
            return;
        }
        let wanted: Vec<(u32, ItemId, Job)> = self
            .lines
            .iter()
            .filter(|l| l.scanned && l.tags.is_empty() && l.counts())
            .filter_map(|l| Some((l.id, l.item.clone()?, l.job)))
            .collect();
        for (id, item, job) in wanted {
            if let Some(uid) = self.pad.lying_with(&item) {
                self.tag_of_scanned(id, uid, job, now);
            }
        }
    }

    fn begin_if_complete(&mut self, id: u32, now: Now) {
        let Some(line) = self.line_mut(id) else { return };
        if !line.complete() {
            return;
        }
        let wait = line.job == Job::Borrow && self.rules.borrow_commit == BorrowCommit::OnConfirm;
        if wait {
            self.set_stage(id, Stage::Confirm);
        } else {
            self.begin(id, now);
        }
    }

    /// The reader's one touch for the whole pile, books left from another session included.
    pub(super) fn confirm_pile(&mut self, now: Now) {
        if self.pad.has_stale() {
            self.pad.claim();
            self.open_borrow(now);
        }
        let waiting: Vec<u32> =
            self.lines.iter().filter(|l| l.stage == Stage::Confirm).map(|l| l.id).collect();
        for id in waiting {
            self.begin(id, now);
        }
    }

    /// Number of lines waiting for that touch.
    pub(super) fn to_confirm(&self) -> u32 {
        let n = self.lines.iter().filter(|l| l.stage == Stage::Confirm).count();
        u32::try_from(n).unwrap_or(u32::MAX)
    }

    /// An item number from the scanner, while borrowing or returning.
    pub(super) fn scanned_item(&mut self, item: ItemId, now: Now) {
        let job = match (&self.phase, self.rules.barcode_items) {
            (Phase::Borrow, BarcodeItems::Both) => Job::Borrow,
            (Phase::GiveBack, BarcodeItems::Both | BarcodeItems::Return) => Job::GiveBack,
            _ => return,
        };
        let known = self.lines.iter().any(|l| l.item.as_ref() == Some(&item));
        if known || self.lines.len() >= LINES_MAX {
            return;
        }
        let mut line = ItemLine::new(self.next_line(), Some(item), job);
        line.seen_parts.push(1);
        line.scanned = true;
        let id = line.id;
        self.lines.push(line);
        self.begin_if_complete(id, now);
    }
}

impl ItemLine {
    pub(super) fn is_lifted(&self) -> bool {
        self.end().is_some_and(|e| e.state == LineState::Lifted)
    }

    /// Taken away before anything was asked.
    pub(super) fn lift(&mut self) {
        self.tags.clear();
        self.seen_parts.clear();
        self.patron = None;
        self.stage = Stage::Ended(End::new(LineState::Lifted, Note::None));
    }

    /// Laid down again: the reader may have put things right, so it is asked again.
    fn may_go_again(&self) -> bool {
        !self.counts()
            && !self.undone
            && self.asked < ASKS_MAX
            && self.end().is_some_and(|e| matches!(e.state, LineState::Refused | LineState::Lifted))
    }
}
