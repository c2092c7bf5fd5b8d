//! Bringing tags to the state their loan or return asks for, and what happens when they leave.

use std::time::Duration;

use drivers::rfid::security::Security;
use ui::view::Advice;

use super::line::{End, ItemLine, Job, Stage};
use super::rules::{OnSecurityFail, secs};
use super::types::{Effect, OpId, Record, TagResult};
use super::work::{hand_over, weaker};
use super::{Recorded, Station};
use crate::clock::Now;

/// Tries of one security write before the line gives up (`t_write`, 3 tries).
const WRITE_TRIES: u8 = 3;

/// Pause before a lifted book is written again: one at the field's edge is seen and does not
/// answer, many times a second.
const PUT_BACK_PAUSE: Duration = Duration::from_millis(500);

/// How long a book whose tag was being written waits for a lost reader, longer than a cable takes
/// to be pushed in again.
const READER_BACK: Duration = Duration::from_secs(60);

impl Station {
    /// Brings the tags of a line to a state, then shows `end`.
    pub(super) fn bring(&mut self, id: u32, want: Security, end: End) {
        if let Some(line) = self.line_mut(id) {
            line.want = Some(want);
            line.goal = Some(end);
            line.put_back = None;
        }
        self.secure(id, 1);
    }

    /// The same, minding that the session may have ended.
    ///
    /// Then the loan stands and the book may be anywhere: its tag is released when it is seen
    /// again and the loan still stands, by the repair list. Arming is always safe and done now.
    pub(super) fn bring_or_list(&mut self, id: u32, want: Security, end: End, now: Now) {
        let gone = self.is_detached(id) && (want == Security::Released || !self.all_seen(id));
        if gone {
            if let Some(line) = self.line_mut(id) {
                line.want = Some(want);
                line.goal = Some(end);
            }
            return self.give_up_tag(id, now);
        }
        self.bring(id, want, end);
    }

    fn all_seen(&mut self, id: u32) -> bool {
        let tags = self.line_mut(id).map(|l| l.tags.clone()).unwrap_or_default();
        tags.iter().all(|&uid| self.pad.sees(uid))
    }

    /// Writes the tags of a line once.
    fn secure(&mut self, id: u32, tries: u8) {
        let op = self.next_op();
        let Some(line) = self.line_mut(id) else { return };
        let Some(want) = line.want else { return };
        line.stage = Stage::Securing { op, tries };
        let tags = line.tags.clone();
        self.push(Effect::SetSecurity { op, tags, want });
    }

    pub(super) fn line_tag_done(&mut self, op: OpId, result: TagResult, now: Now) {
        let all = || self.lines.iter().chain(&self.detached);
        if let Some(id) = all().find(|l| l.stage == Stage::UndoSecuring { op }).map(|l| l.id) {
            return self.undo_secured(id, result, now);
        }
        let found = all().find_map(|l| match l.stage {
            Stage::Securing { op: o, tries } if o == op => Some((l.id, tries)),
            _ => None,
        });
        let Some((id, tries)) = found else { return };
        match result {
            TagResult::Done => self.tag_right(id),
            TagResult::Failed if tries < WRITE_TRIES => self.secure(id, tries + 1),
            TagResult::Failed => self.give_up_tag(id, now),
            TagResult::Gone => self.put_back(id, secs(self.rules.times.put_back_s), now),
            TagResult::ReaderDown => self.put_back(id, READER_BACK, now),
        }
    }

    fn put_back(&mut self, id: u32, wait: Duration, now: Now) {
        let Some(line) = self.line_mut(id) else { return };
        let until = *line.put_back.get_or_insert(now.mono + wait);
        if now.mono >= until {
            return self.give_up_tag(id, now);
        }
        line.stage = Stage::PutBack { until, again: now.mono + PUT_BACK_PAUSE };
    }

    /// A lifted book lies there again: write on.
    pub(super) fn retry_put_back(&mut self, now: Now) {
        let back: Vec<u32> = self
            .lines
            .iter()
            .filter(|l| matches!(l.stage, Stage::PutBack { again, .. } if now.mono >= again))
            .filter(|l| l.tags.iter().all(|&t| self.pad.sees(t)))
            .map(|l| l.id)
            .collect();
        for id in back {
            self.secure(id, 1);
        }
    }

    fn tag_right(&mut self, id: u32) {
        let Some(line) = self.line_mut(id) else { return };
        let end = line.goal.take().unwrap_or_else(|| End::attention(Advice::AskStaff));
        let Some(txn) = line.unit() else { return };
        line.stage = Stage::Closing(Box::new(end));
        let tags = line.tags.clone();
        let mut records = vec![Record::Secured { txn }];
        records.extend(self.fixer.settle(&tags));
        self.record(Recorded::Line(id), records);
    }

    /// The tag could not be brought right: the loan or return stands, staff will see it.
    pub(super) fn give_up_tag(&mut self, id: u32, now: Now) {
        let undo = self.rules.on_security_fail == OnSecurityFail::Undo && !self.is_detached(id);
        let Some(line) = self.line_mut(id) else { return };
        let (Some(txn), Some(item), Some(want)) = (line.unit(), line.item.clone(), line.want)
        else {
            return;
        };
        if undo && line.job == Job::Borrow && line.lent && !line.undone {
            return self.undo_failed_loan(id, now);
        }
        let tags = line.tags.clone();
        let end = match line.goal.take() {
            Some(end) if want == Security::Released => weaker(end),
            // Taken back, noted or not known yet, and not armed: never back on the shelf.
            Some(_) => hand_over(),
            None => End::attention(Advice::SecFail),
        };
        line.stage = Stage::Closing(Box::new(end));
        self.fixer.add_repair(&item, &tags, want);
        self.record(Recorded::Line(id), vec![Record::Repair { txn, item, tags, want }]);
    }

    /// Whether a line at work has this tag.
    pub(super) fn is_in_work(&self, uid: drivers::rfid::Uid) -> bool {
        let works = |l: &ItemLine| l.is_open() || l.stage == Stage::Waiting;
        self.lines.iter().chain(&self.detached).any(|l| works(l) && l.tags.contains(&uid))
    }
}
