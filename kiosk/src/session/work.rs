//! Borrowing and returning: the pile on the pad becomes lines, and each line goes its way.

use std::time::Duration;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;
use ui::view::{Advice, Language, LineState, Note};

use super::line::{ASKS_MAX, End, ItemLine, Job, Next, Stage, due_note};
use super::pad::PadEvent;
use super::rules::{AttractItem, BarcodeItems, BorrowCommit, OnSecurityFail, secs};
use super::types::{Content, Effect, Record, TagRead, TagResult, TxnOutcome};
use super::{Answer, Ask, Asked, ItemId, NoAnswer, Phase, Recorded, Station};
use crate::clock::Now;

/// Tries of one security write before the line gives up (`t_write`, 3 tries).
const WRITE_TRIES: u8 = 3;

/// Most lines of one session; more books wait for the next.
const LINES_MAX: usize = 100;

impl Station {
    pub(super) fn on_pad(&mut self, tags: Vec<TagRead>, now: Now) {
        self.reader_up = true;
        self.reader_seen = true;
        let times = self.rules.times;
        let events =
            self.pad.scan(tags, now.mono, secs(times.pad_stable_s), secs(times.pad_gone_s));
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
        self.card_shown(patron, false, now);
    }

    fn laid(&mut self, uid: Uid, now: Now) {
        if self.pad.is_stale(uid) {
            return;
        }
        match &self.phase {
            Phase::Borrow => self.take_up(uid, Job::Borrow, now),
            Phase::GiveBack => self.take_up(uid, Job::GiveBack, now),
            Phase::Attract => {
                if self.rules.attract_item == AttractItem::Return {
                    self.open_return(now);
                } else {
                    self.phase = Phase::Choose;
                    self.stir(now);
                }
                self.fix_seen(uid, now);
            }
            _ => self.fix_seen(uid, now),
        }
    }

    fn gone(&mut self, uid: Uid, now: Now) {
        for line in &mut self.lines {
            if !line.tags.contains(&uid) {
                continue;
            }
            if matches!(line.stage, Stage::Parts | Stage::Confirm | Stage::Waiting) {
                line.tags.retain(|&t| t != uid);
                line.seen_parts.clear();
                if line.tags.is_empty() {
                    line.stage = Stage::Ended(End::new(LineState::Lifted, Note::None));
                }
            }
        }
        self.recount_parts();
        let _ = now;
    }

    /// After a part left, which parts of the waiting sets are still there?
    fn recount_parts(&mut self) {
        for line in &mut self.lines {
            if line.stage != Stage::Parts {
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
        self.phase = Phase::Borrow;
        self.stir(now);
        self.pad.drop_missing();
        for uid in self.pad.laid() {
            self.take_up(uid, Job::Borrow, now);
        }
    }

    /// Opens returning, which needs no card.
    pub(super) fn open_return(&mut self, now: Now) {
        self.phase = Phase::GiveBack;
        self.stir(now);
        self.pad.drop_missing();
        for uid in self.pad.laid() {
            self.take_up(uid, Job::GiveBack, now);
        }
    }

    /// A book lies still: a new line, a further part of a set, or an old line come back.
    fn take_up(&mut self, uid: Uid, job: Job, now: Now) {
        let Some(content) = self.pad.content(uid).cloned() else { return };
        let (item, parts, part, no_loan) = match content {
            Content::Item { item, parts, part, no_loan } => (item, parts, part, no_loan),
            Content::Foreign => return self.odd_line(uid, job, Advice::TagForeign),
            Content::Bad => return self.odd_line(uid, job, Advice::TagBad),
            Content::Card(_) | Content::Unread => return,
        };
        if let Some(at) = self.lines.iter().position(|l| l.item.as_ref() == Some(&item)) {
            return self.take_up_again(at, uid, part, now);
        }
        if self.lines.len() >= LINES_MAX {
            return;
        }
        let mut line = ItemLine::new(self.next_line(), Some(item), job);
        line.parts = parts.max(1);
        line.tags.push(uid);
        line.seen_parts.push(part);
        let id = line.id;
        self.lines.push(line);
        if job == Job::Borrow && no_loan {
            return self.end_line(id, End::refused(Advice::InLibrary));
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

    fn take_up_again(&mut self, at: usize, uid: Uid, part: u8, now: Now) {
        let line = &mut self.lines[at];
        if !line.tags.contains(&uid) {
            line.tags.push(uid);
        }
        if !line.seen_parts.contains(&part) {
            line.seen_parts.push(part);
        }
        let id = line.id;
        let again = match &line.stage {
            Stage::Parts => true,
            // Laid down again: the reader may have put things right, so it is asked again.
            Stage::Ended(end) => {
                !line.counts()
                    && line.asked < ASKS_MAX
                    && matches!(end.state, LineState::Refused | LineState::Lifted)
            }
            _ => false,
        };
        if again {
            line.stage = Stage::Parts;
            self.begin_if_complete(id, now);
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

    /// The reader's one touch for the whole pile.
    pub(super) fn confirm_pile(&mut self, now: Now) {
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
        let known = self.lines.iter().position(|l| l.item.as_ref() == Some(&item));
        if known.is_some() || self.lines.len() >= LINES_MAX {
            return;
        }
        let mut line = ItemLine::new(self.next_line(), Some(item), job);
        line.seen_parts.push(1);
        let id = line.id;
        self.lines.push(line);
        self.begin_if_complete(id, now);
    }

    /// Starts a line: intent first.
    fn begin(&mut self, id: u32, now: Now) {
        let online = self.link.online;
        let patron = self.patron.as_ref().map(|p| p.id.clone());
        let txn = self.next_txn();
        let session = self.code.clone();
        let Some(line) = self.line_mut(id) else { return };
        let Some(item) = line.item.clone() else { return };
        if line.job != Job::GiveBack && !online {
            line.stage = Stage::Waiting;
            return;
        }
        line.txn = Some(txn);
        line.stage = Stage::Intent;
        let kind = line.job.kind();
        let tags = line.tags.clone();
        let mut records = vec![Record::Intent {
            txn,
            session,
            kind,
            item,
            patron: if line.job == Job::GiveBack { None } else { patron },
            tags,
            at: now.wall,
        }];
        if line.job == Job::GiveBack && !online {
            let want = (!line.tags.is_empty()).then_some(Security::Secured);
            records.push(Record::Outcome { txn, outcome: TxnOutcome::Queued { want } });
            line.stage = Stage::Outcome(Box::new(queued_next(want)));
            self.stats.queued += 1;
            self.fix_queue(id, now);
        }
        self.record(Recorded::Line(id), records);
    }

    /// The link is back: lines that waited for it go on.
    pub(super) fn resume_waiting(&mut self, now: Now) {
        let waiting: Vec<u32> =
            self.lines.iter().filter(|l| l.stage == Stage::Waiting).map(|l| l.id).collect();
        for id in waiting {
            self.begin(id, now);
        }
    }

    pub(super) fn line_recorded(&mut self, id: u32, ok: bool, now: Now) {
        let Some(line) = self.line_mut(id) else { return };
        match std::mem::replace(&mut line.stage, Stage::Parts) {
            Stage::Intent if ok => self.ask_line(id, now),
            // Nothing was sent: without a journal the station only takes what is already yes.
            Stage::Intent => self.end_line(id, End::attention(Advice::QueueFull)),
            Stage::Outcome(next) if ok => self.go_on(id, *next, now),
            // The library system may have said yes, but it is not on disk: never tell, never
            // release. The intent on disk makes the next start find out.
            Stage::Outcome(_) => self.end_line(id, End::attention(Advice::Unsure)),
            Stage::Closing(end) => {
                line.done_at = Some(now.mono);
                self.end_line(id, *end);
            }
            other => line.stage = other,
        }
    }

    fn ask_line(&mut self, id: u32, now: Now) {
        let patron = self.patron.as_ref().map(|p| p.id.clone());
        let Some(line) = self.line_mut(id) else { return };
        let Some(item) = line.item.clone() else { return };
        let at = now.wall;
        let ask = match (line.job, patron) {
            (Job::Borrow, Some(patron)) => Ask::Checkout { patron, item, at },
            (Job::Renew, Some(patron)) => Ask::Renew { patron, item },
            (Job::GiveBack, _) => Ask::Checkin { item, at, already_done: false, cancel: false },
            (Job::Cancel { .. }, _) => Ask::Checkin { item, at, already_done: false, cancel: true },
            (Job::Borrow | Job::Renew, None) => return,
        };
        line.asked += 1;
        line.stage = Stage::Asking { since: now.mono, overdue: false };
        self.ask(Asked::Line(id), ask);
    }

    pub(super) fn line_answered(&mut self, id: u32, answer: Result<Answer, NoAnswer>, now: Now) {
        let to_trolley = self.rules.return_to_trolley;
        let tags = self.line_mut(id).map(|l| l.tags.clone()).unwrap_or_default();
        let owed = tags.iter().any(|&uid| self.fixer.wants_release(uid));
        let Some(line) = self.line_mut(id) else { return };
        if !matches!(line.stage, Stage::Asking { .. }) {
            return;
        }
        let Some(txn) = line.txn else { return };
        let job = line.job;
        let (outcome, next) = match answer {
            Ok(Answer::Checkout(answer)) => line.take_loan(answer, owed),
            Ok(Answer::Renew(answer)) => line.take_renewal(answer),
            Ok(Answer::Checkin(answer)) => match job {
                Job::Cancel { by_reader } => cancelled(answer.ok, by_reader, !line.tags.is_empty()),
                _ => line.take_checkin(answer, to_trolley),
            },
            Ok(_) | Err(NoAnswer::Unknown) => (TxnOutcome::Unsure, Next::Find),
            Err(NoAnswer::NotSent) if job == Job::GiveBack => {
                let want = (!line.tags.is_empty()).then_some(Security::Secured);
                (TxnOutcome::Queued { want }, queued_next(want))
            }
            Err(NoAnswer::NotSent) => match job {
                Job::Cancel { .. } => (TxnOutcome::NotSent, Next::ReleaseAgain),
                _ => (TxnOutcome::NotSent, Next::Wait),
            },
        };
        self.count(job, &outcome);
        if matches!(outcome, TxnOutcome::Queued { .. }) {
            self.fix_queue(id, now);
        }
        self.set_stage(id, Stage::Outcome(Box::new(next)));
        self.record(Recorded::Line(id), vec![Record::Outcome { txn, outcome }]);
    }

    /// Figures follow the library system's word, not the tag's.
    pub(super) fn count(&mut self, job: Job, outcome: &TxnOutcome) {
        match (job, outcome) {
            (Job::Borrow, TxnOutcome::Accepted { .. }) => {
                self.stats.loans += 1;
                self.patron_has(1);
            }
            (Job::GiveBack, TxnOutcome::Accepted { .. }) => self.stats.returns += 1,
            (Job::Renew, TxnOutcome::Accepted { .. }) => self.stats.renewals += 1,
            (Job::Cancel { .. }, TxnOutcome::Accepted { .. }) => {
                self.stats.loans = self.stats.loans.saturating_sub(1);
                self.patron_has(-1);
            }
            (_, TxnOutcome::Queued { .. }) => self.stats.queued += 1,
            (_, TxnOutcome::Refused { .. }) => self.stats.refused += 1,
            _ => {}
        }
    }

    fn patron_has(&mut self, more: i64) {
        if let Some(n) = self.patron.as_mut().and_then(|p| p.on_loan.as_mut()) {
            *n = u32::try_from((i64::from(*n) + more).max(0)).unwrap_or(u32::MAX);
        }
    }

    fn go_on(&mut self, id: u32, next: Next, now: Now) {
        match next {
            Next::End(end) => {
                if let Some(line) = self.line_mut(id) {
                    line.done_at = Some(now.mono);
                }
                self.end_line(id, end);
            }
            Next::Secure(want, end) => {
                if let Some(line) = self.line_mut(id) {
                    line.want = Some(want);
                    line.goal = Some(end);
                }
                if self.is_detached(id) {
                    // Its session has ended without a "done": the loan stands, the book may be
                    // anywhere; the repair list brings its tag right when it is seen again.
                    return self.give_up_tag(id);
                }
                self.secure(id, 1);
            }
            Next::Find => {
                let Some(line) = self.line_mut(id) else { return };
                let secure = line.job == Job::GiveBack && !line.tags.is_empty();
                line.stage = Stage::Ended(End::attention(Advice::Unsure));
                self.fix_unsure(id, now);
                if secure {
                    // Armed is always safe, whatever the library system did.
                    let tags = self.line_mut(id).map(|l| l.tags.clone()).unwrap_or_default();
                    let op = self.next_op();
                    self.push(Effect::SetSecurity { op, tags, want: Security::Secured });
                }
            }
            Next::Wait => self.set_stage(id, Stage::Waiting),
            Next::ReleaseAgain => {
                if let Some(line) = self.line_mut(id) {
                    line.want = Some(Security::Released);
                    line.job = Job::Borrow;
                    line.goal = Some(End::new(LineState::Borrowed, due_note(&line.due)));
                }
                self.secure(id, 1);
            }
        }
    }

    /// Writes the tags of a line once.
    pub(super) fn secure(&mut self, id: u32, tries: u8) {
        let op = self.next_op();
        let Some(line) = self.line_mut(id) else { return };
        let Some(want) = line.want else { return };
        line.stage = Stage::Securing { op, tries };
        let tags = line.tags.clone();
        self.push(Effect::SetSecurity { op, tags, want });
    }

    pub(super) fn line_tag_done(&mut self, op: super::OpId, result: TagResult, now: Now) {
        let undo = self.lines.iter().find(|l| l.stage == Stage::UndoSecuring { op }).map(|l| l.id);
        if let Some(id) = undo {
            return self.undo_secured(id, result, now);
        }
        let found = self.lines.iter().chain(&self.detached).find_map(|l| match l.stage {
            Stage::Securing { op: o, tries } if o == op => Some((l.id, tries)),
            _ => None,
        });
        let Some((id, tries)) = found else { return };
        match result {
            TagResult::Done => self.tag_right(id),
            // The third failure is the last; a tag that left is asked for once more.
            TagResult::Failed if tries < WRITE_TRIES => self.secure(id, tries + 1),
            TagResult::Failed => self.give_up_tag(id),
            TagResult::Gone | TagResult::ReaderDown => {
                let until = now.mono + secs(self.rules.times.put_back_s);
                self.set_stage(id, Stage::PutBack { until });
            }
        }
    }

    /// A lifted book lies there again: write on.
    fn retry_put_back(&mut self, _now: Now) {
        let back: Vec<u32> = self
            .lines
            .iter()
            .filter(|l| matches!(l.stage, Stage::PutBack { .. }))
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
        let Some(txn) = line.txn else { return };
        line.stage = Stage::Closing(Box::new(end));
        let tags = line.tags.clone();
        let mut records = vec![Record::Secured { txn }];
        records.extend(self.fixer.settle(&tags));
        self.record(Recorded::Line(id), records);
    }

    /// The tag could not be brought right: the loan or return stands, staff will see it.
    fn give_up_tag(&mut self, id: u32) {
        let undo = self.rules.on_security_fail == OnSecurityFail::Undo && !self.is_detached(id);
        let Some(line) = self.line_mut(id) else { return };
        let (Some(txn), Some(item), Some(want)) = (line.txn, line.item.clone(), line.want) else {
            return;
        };
        let tags = line.tags.clone();
        if undo && line.job == Job::Borrow {
            return self.undo_failed_loan(id);
        }
        let end = match line.goal.take() {
            // The loan was already taken back or the return noted; only the gate is unsure.
            Some(end) if want == Security::Secured => match end.state {
                LineState::Queued | LineState::Returned => {
                    End::new(LineState::Attention, Note::Put(ui::view::Destination::Counter))
                }
                _ => end,
            },
            _ => End::attention(Advice::SecFail),
        };
        line.stage = Stage::Closing(Box::new(end));
        self.fixer.add_repair(&item, &tags, want);
        self.record(Recorded::Line(id), vec![Record::Repair { txn, item, tags, want }]);
    }

    /// `sec_fail_undo`: the unit of the loan is closed with its tags armed again, and a unit that
    /// takes it back begins.
    fn undo_failed_loan(&mut self, id: u32) {
        let Some(line) = self.line_mut(id) else { return };
        line.job = Job::Cancel { by_reader: false };
        let op_tags = line.tags.clone();
        let op = self.next_op();
        self.push(Effect::SetSecurity { op, tags: op_tags, want: Security::Secured });
        self.set_stage(id, Stage::UndoSecuring { op });
    }

    /// The reader does not want this one after all.
    pub(super) fn undo_line(&mut self, id: u32, now: Now) {
        if !self.can_undo(id, now) {
            return;
        }
        let op = self.next_op();
        let Some(line) = self.line_mut(id) else { return };
        line.job = Job::Cancel { by_reader: true };
        line.stage = Stage::UndoSecuring { op };
        let tags = line.tags.clone();
        // Armed before the loan is given up: never a silent tag without a loan.
        self.push(Effect::SetSecurity { op, tags, want: Security::Secured });
    }

    pub(super) fn can_undo(&self, id: u32, now: Now) -> bool {
        let limit = secs(self.rules.times.undo_s);
        matches!(self.phase, Phase::Borrow)
            && self.link.online
            && self.lines.iter().any(|l| {
                l.id == id
                    && l.lent
                    && l.job == Job::Borrow
                    && l.end().is_some_and(|e| e.state == LineState::Borrowed)
                    && l.done_at.is_some_and(|at| now.mono.saturating_sub(at) < limit)
                    && !l.tags.is_empty()
                    && l.tags.iter().all(|&t| self.pad.sees(t))
            })
    }

    fn undo_secured(&mut self, id: u32, result: TagResult, now: Now) {
        let session = self.code.clone();
        let old_txn = self.line_mut(id).and_then(|l| l.txn);
        let by_reader = self.line_mut(id).is_some_and(|l| l.job == Job::Cancel { by_reader: true });
        if result != TagResult::Done && by_reader {
            // The tag may be half armed while the loan stands: bring it back to released.
            return self.go_on(id, Next::ReleaseAgain, now);
        }
        let txn = self.next_txn();
        let patron = self.patron.as_ref().map(|p| p.id.clone());
        let Some(line) = self.line_mut(id) else { return };
        let (Some(item), Some(old)) = (line.item.clone(), old_txn) else { return };
        let tags = line.tags.clone();
        line.txn = Some(txn);
        line.stage = Stage::Intent;
        let mut records = Vec::new();
        if !by_reader {
            // Closes the loan's own unit; whether the tag could be armed is the repair list's.
            if result == TagResult::Done {
                records.push(Record::Secured { txn: old });
            } else {
                let (item, tags) = (item.clone(), tags.clone());
                records.push(Record::Repair { txn: old, item, tags, want: Security::Secured });
            }
        }
        records.push(Record::Intent {
            txn,
            session,
            kind: super::JobKind::Cancel,
            item: item.clone(),
            patron,
            tags: tags.clone(),
            at: now.wall,
        });
        if result != TagResult::Done {
            self.fixer.add_repair(&item, &tags, Security::Secured);
        }
        self.record(Recorded::Line(id), records);
    }

    /// Yes or no to "you have this already, renew it?".
    pub(super) fn answer_question(&mut self, id: u32, yes: bool, now: Now) {
        let Some(line) = self.line_mut(id) else { return };
        let Stage::Ended(end) = &mut line.stage else { return };
        if !std::mem::take(&mut end.question) {
            return;
        }
        if yes {
            line.job = Job::Renew;
            self.begin(id, now);
        }
    }

    pub(super) fn end_line(&mut self, id: u32, end: End) {
        if let Some(line) = self.line_mut(id) {
            line.stage = Stage::Ended(end);
        }
        self.detached.retain(ItemLine::is_open);
    }

    fn set_stage(&mut self, id: u32, stage: Stage) {
        if let Some(line) = self.line_mut(id) {
            line.stage = stage;
        }
    }

    fn is_detached(&self, id: u32) -> bool {
        self.detached.iter().any(|l| l.id == id)
    }

    pub(super) fn line_mut(&mut self, id: u32) -> Option<&mut ItemLine> {
        self.lines.iter_mut().chain(&mut self.detached).find(|l| l.id == id)
    }

    /// Time's part: `t_ils` for asks, the put-back limit.
    pub(super) fn tick_lines(&mut self, now: Now) {
        let t_ils = secs(self.rules.times.ils_s);
        let mut late = Vec::new();
        for line in self.lines.iter_mut().chain(&mut self.detached) {
            match &mut line.stage {
                Stage::Asking { since, overdue } if now.mono.saturating_sub(*since) >= t_ils => {
                    *overdue = true;
                }
                Stage::PutBack { until } if now.mono >= *until => late.push(line.id),
                _ => {}
            }
        }
        for id in late {
            self.give_up_tag(id);
        }
    }

    /// The next moment [`Station::tick_lines`] has something to do.
    pub(super) fn lines_deadline(&self) -> Option<Duration> {
        let t_ils = secs(self.rules.times.ils_s);
        let t_busy = secs(self.rules.times.busy_s);
        self.lines
            .iter()
            .chain(&self.detached)
            .flat_map(|l| match &l.stage {
                Stage::Asking { since, overdue: false } => {
                    vec![*since + t_busy, *since + t_ils]
                }
                Stage::PutBack { until } => vec![*until],
                _ => vec![],
            })
            .min()
    }

    pub(super) fn switch_language(&mut self, to: Language) {
        self.language = to;
    }
}

fn queued_next(want: Option<Security>) -> Next {
    let end = End::new(LineState::Queued, Note::None);
    match want {
        Some(want) => Next::Secure(want, end),
        None => Next::End(end),
    }
}

fn cancelled(ok: bool, by_reader: bool, tagged: bool) -> (TxnOutcome, Next) {
    if ok {
        let advice = if by_reader { Note::None } else { Note::Advice(Advice::SecFailUndo) };
        let end = End::new(LineState::Refused, advice);
        return (TxnOutcome::Accepted { title: None, want: None }, Next::End(end));
    }
    let reason = "the loan could not be taken back".to_owned();
    let next = if by_reader && tagged {
        Next::ReleaseAgain
    } else {
        // The tag is armed or on the repair list, the loan stands: staff must see it.
        Next::End(End::attention(Advice::SecFail))
    };
    (TxnOutcome::ForStaff { reason }, next)
}
