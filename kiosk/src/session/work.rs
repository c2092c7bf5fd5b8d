//! A line's way through journal and library system: intent, question, outcome, and what follows.

use std::time::Duration;

use drivers::rfid::security::Security;
use ui::view::{Advice, Destination, Language, LineState, Note};

use super::line::{ASKS_MAX, End, ItemLine, Job, Next, Stage, due_note};
use super::rules::secs;
use super::types::{Record, TxnId, TxnOutcome};
use super::{Answer, Ask, Asked, NoAnswer, Phase, Recorded, Station};
use crate::clock::Now;

/// Pause before a line that surely was not sent is tried again while the link says it is up.
const WAIT_AGAIN: Duration = Duration::from_secs(5);

impl Station {
    /// Starts a line: intent first.
    pub(super) fn begin(&mut self, id: u32, now: Now) {
        let online = self.link.online;
        let patron = self.patron.as_ref().map(|p| p.id.clone());
        let session = self.code.clone();
        let (lends, returns) = (self.has_room_to_lend(), self.has_room_to_return());
        let wanted = self.lines.iter().find(|l| l.id == id).and_then(|l| l.item.clone());
        let Some(item) = wanted else { return };
        // What was begun with this item before ends before: a return noted or a loan not found out
        // yet must not be mixed up with what happens to the item now.
        let overtakes = self.is_asked_about(id, &item);
        let Some(line) = self.lines.iter_mut().find(|l| l.id == id) else { return };
        if !line.tags.iter().all(|&uid| self.pad.content(uid).is_some()) {
            // Taken away while it waited: nothing is lent that is not here.
            return line.lift();
        }
        let writing = line.tags.iter().any(|&uid| self.fixer.is_writing_tag(uid));
        let owed = self.fixer.owed.has(&item);
        if !writing && line.job == Job::Borrow && !online && self.offline.lends {
            return self.begin_offline(id, now);
        }
        if writing || overtakes || (line.job != Job::GiveBack && (!online || owed)) {
            line.stage = Stage::Waiting;
            line.again = now.mono + WAIT_AGAIN;
            return;
        }
        if line.asked >= ASKS_MAX {
            return self.end_line(id, End::attention(Advice::IlsDown));
        }
        match line.job {
            Job::Borrow | Job::Renew if !lends => {
                return self.end_line(id, End::attention(Advice::QueueFull));
            }
            Job::GiveBack if !returns => return self.end_line(id, End::attention(Advice::RetNo)),
            _ => {}
        }
        // What the repair list asked about this tag is overtaken by what happens to it now.
        self.fixer.forget(&line.tags);
        let txn = TxnId(self.ids.txn);
        self.ids.txn += 1;
        line.txn = Some(txn);
        line.at = Some(now.wall);
        line.stage = Stage::Intent;
        line.put_back = None;
        line.patron = if line.job == Job::GiveBack { None } else { patron };
        let mut records = vec![Record::Intent {
            txn,
            session,
            kind: line.job.kind(),
            item,
            patron: line.patron.clone(),
            tags: line.tags.clone(),
            at: now.wall,
        }];
        records.extend(line.owner_record(txn));
        if line.job == Job::GiveBack && (!online || owed) {
            let want = line.secured_if_tagged();
            records.push(Record::Outcome { txn, outcome: TxnOutcome::Queued { want } });
            line.stage = Stage::Outcome(Box::new(Next::Queue(want)));
            records.extend(self.time_mark(txn, now));
        }
        self.record(Recorded::Line(id), records);
    }

    /// Lines that waited for the link, or for a tag write to end, go on.
    pub(super) fn resume_waiting(&mut self, now: Now) {
        let waiting: Vec<u32> =
            self.lines.iter().filter(|l| l.stage == Stage::Waiting).map(|l| l.id).collect();
        for id in waiting {
            self.begin(id, now);
        }
    }

    pub(super) fn line_recorded(&mut self, id: u32, ok: bool, records: Vec<Record>, now: Now) {
        let Some(line) = self.line_mut(id) else { return };
        let stage = std::mem::replace(&mut line.stage, Stage::Parts);
        if !ok {
            return self.line_unrecorded(id, stage, records, now);
        }
        match stage {
            Stage::Intent => self.intent_durable(id, now),
            Stage::Outcome(next) => self.go_on(id, *next, now),
            Stage::Closing(end) => {
                line.done_at = Some(now.mono);
                self.end_line(id, *end);
            }
            other => line.stage = other,
        }
    }

    fn intent_durable(&mut self, id: u32, now: Now) {
        let detached = self.is_detached(id);
        let Some(line) = self.line_mut(id) else { return };
        match line.job {
            Job::Cancel { .. } => self.arm_for_undo(id),
            // Its session ended before anything was sent: nothing is.
            Job::Borrow | Job::Renew if detached => {
                let Some(txn) = line.txn else { return };
                line.stage = Stage::Outcome(Box::new(Next::Wait));
                let outcome = TxnOutcome::NotSent;
                self.record(Recorded::Line(id), vec![Record::Outcome { txn, outcome }]);
            }
            _ => self.ask_line(id, now),
        }
    }

    pub(super) fn ask_line(&mut self, id: u32, now: Now) {
        let at = self.time_to_tell(now);
        let Some(line) = self.line_mut(id) else { return };
        let (Some(item), patron) = (line.item.clone(), line.patron.clone()) else { return };
        let ask = match (line.job, patron) {
            (Job::Borrow, Some(patron)) => Ask::Checkout { patron, item, at, promised: None },
            (Job::Renew, Some(patron)) => Ask::Renew { patron, item },
            (job @ (Job::GiveBack | Job::Cancel { .. }), _) => Ask::Checkin {
                item,
                at,
                already_done: false,
                cancel: job != Job::GiveBack,
                branch: String::new(),
            },
            (Job::Borrow | Job::Renew, None) => {
                return self.end_line(id, End::attention(Advice::AskStaff));
            }
        };
        line.asked = line.asked.saturating_add(1);
        line.stage = Stage::Asking { since: now.mono, overdue: false };
        self.ask(Asked::Line(id), ask);
    }

    pub(super) fn line_answered(&mut self, id: u32, answer: Result<Answer, NoAnswer>, now: Now) {
        let to_trolley = self.rules.return_to_trolley;
        let Some(line) = self.line_mut(id) else { return };
        if !matches!(line.stage, Stage::Asking { .. }) {
            return;
        }
        let job = line.job;
        if let Job::Cancel { .. } = job {
            return self.cancel_answered(id, answer, now);
        }
        let tags = line.tags.clone();
        let owed = tags.iter().any(|&uid| self.fixer.wants_release(uid));
        let Some(line) = self.line_mut(id) else { return };
        let Some(txn) = line.txn else { return };
        let (outcome, next) = match answer {
            Ok(Answer::Checkout(answer)) if job == Job::Borrow => line.take_loan(answer, owed),
            Ok(Answer::Renew(answer)) if job == Job::Renew => line.take_renewal(answer),
            Ok(Answer::Checkin(answer)) if job == Job::GiveBack => {
                line.take_checkin(answer, to_trolley)
            }
            Ok(_) | Err(NoAnswer::Unknown) => (TxnOutcome::Unsure, Next::Find),
            Err(NoAnswer::NotSent) if job == Job::GiveBack => {
                let want = line.secured_if_tagged();
                (TxnOutcome::Queued { want }, Next::Queue(want))
            }
            Err(NoAnswer::NotSent) => (TxnOutcome::NotSent, Next::Wait),
        };
        // "You have this already" on an owed book is no refusal to the reader.
        if !(matches!(outcome, TxnOutcome::Refused { .. }) && matches!(next, Next::Secure(..))) {
            self.count(Some(id), job, &outcome);
        }
        self.set_stage(id, Stage::Outcome(Box::new(next)));
        // What may be posted later, it may be after another start.
        let later = matches!(outcome, TxnOutcome::Queued { .. } | TxnOutcome::Unsure);
        let mut records = vec![Record::Outcome { txn, outcome }];
        records.extend(self.time_mark(txn, now).filter(|_| later && job == Job::GiveBack));
        self.record(Recorded::Line(id), records);
    }

    /// Figures follow the library system's word, not the tag's. `id`: the line it is about.
    pub(super) fn count(&mut self, id: Option<u32>, job: Job, outcome: &TxnOutcome) {
        let here = id.is_some_and(|id| self.lines.iter().any(|l| l.id == id));
        match (job, outcome) {
            (Job::Borrow, TxnOutcome::Accepted { .. }) => {
                self.stats.loans += 1;
                self.patron_has(here, 1);
            }
            (Job::GiveBack, TxnOutcome::Accepted { .. }) => self.stats.returns += 1,
            (Job::Renew, TxnOutcome::Accepted { .. }) => self.stats.renewals += 1,
            (Job::Cancel { .. }, TxnOutcome::Accepted { .. }) => {
                self.stats.loans = self.stats.loans.saturating_sub(1);
                self.patron_has(here, -1);
            }
            (_, TxnOutcome::Refused { .. }) => self.stats.refused += 1,
            _ => {}
        }
    }

    /// Only the reader whose line it is: an old session's answer must not touch the next one's.
    fn patron_has(&mut self, here: bool, more: i64) {
        if let Some(n) = self.patron.as_mut().filter(|_| here).and_then(|p| p.on_loan.as_mut()) {
            *n = u32::try_from((i64::from(*n) + more).max(0)).unwrap_or(u32::MAX);
        }
    }

    pub(super) fn go_on(&mut self, id: u32, next: Next, now: Now) {
        match next {
            Next::End(end) => self.settle_line(id, end, now),
            Next::Secure(want, end) => self.bring_or_list(id, want, end, now),
            Next::Queue(want) => {
                self.fix_queue(id, now);
                if let Some(line) = self.line_mut(id) {
                    line.noted = true;
                }
                let end = End::new(LineState::Queued, Note::None);
                match want {
                    Some(want) => self.bring_or_list(id, want, end, now),
                    None => self.settle_line(id, end, now),
                }
            }
            Next::Lend(due) => {
                self.owe_loan(id, due, now);
                let Some(line) = self.line_mut(id) else { return };
                let end = line.lent_here(due);
                self.bring_or_list(id, Security::Released, end, now);
            }
            Next::Find => {
                self.fix_unsure(id, now);
                let Some(line) = self.line_mut(id) else { return };
                let end = End::attention(Advice::Unsure);
                // Armed is always safe, whatever the library system did.
                match line.secured_if_tagged() {
                    Some(want) if line.job == Job::GiveBack => {
                        self.bring_or_list(id, want, end, now);
                    }
                    _ => self.end_line(id, end),
                }
            }
            Next::Wait => {
                if let Some(line) = self.line_mut(id) {
                    line.stage = Stage::Waiting;
                    line.again = now.mono + WAIT_AGAIN;
                }
            }
            Next::Undone => self.undone(id),
            Next::ReleaseAgain => self.release_again(id, now),
        }
    }

    fn settle_line(&mut self, id: u32, end: End, now: Now) {
        if let Some(line) = self.line_mut(id) {
            line.done_at = Some(now.mono);
        }
        self.end_line(id, end);
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
            line.patron = None;
        }
        self.print_sort_slip(id);
    }

    pub(super) fn set_stage(&mut self, id: u32, stage: Stage) {
        if let Some(line) = self.line_mut(id) {
            line.stage = stage;
        }
    }

    pub(super) fn is_detached(&self, id: u32) -> bool {
        self.detached.iter().any(|l| l.id == id)
    }

    pub(super) fn line_mut(&mut self, id: u32) -> Option<&mut ItemLine> {
        self.lines.iter_mut().chain(&mut self.detached).find(|l| l.id == id)
    }

    /// Time's part: `t_ils` for asks, the put-back limit, another try of what was not sent.
    pub(super) fn tick_lines(&mut self, now: Now) {
        let t_ils = secs(self.rules.times.ils_s);
        let lends = self.link.online || self.offline.lends;
        let mut late = Vec::new();
        let mut again = Vec::new();
        for line in self.lines.iter_mut().chain(&mut self.detached) {
            match &mut line.stage {
                Stage::Asking { since, overdue } if now.mono.saturating_sub(*since) >= t_ils => {
                    *overdue = true;
                }
                Stage::PutBack { until, .. } if now.mono >= *until => late.push(line.id),
                Stage::Waiting
                    if (lends || line.job == Job::GiveBack) && now.mono >= line.again =>
                {
                    again.push(line.id);
                }
                _ => {}
            }
        }
        for id in late {
            self.give_up_tag(id, now);
        }
        for id in again {
            self.begin(id, now);
        }
        self.gather(now);
        self.detached.retain(ItemLine::is_open);
    }

    /// The next moments [`Station::tick_lines`] or a view has something to do.
    pub(super) fn lines_deadlines(&self) -> impl Iterator<Item = Duration> {
        let t_ils = secs(self.rules.times.ils_s);
        let t_busy = secs(self.rules.times.busy_s);
        let online = self.link.online || self.offline.lends;
        self.lines.iter().chain(&self.detached).flat_map(move |l| {
            let moments = match &l.stage {
                Stage::Asking { since, overdue: false } => {
                    [Some(*since + t_busy), Some(*since + t_ils)]
                }
                Stage::PutBack { until, .. } => [Some(*until), None],
                Stage::Waiting if online || l.job == Job::GiveBack => [Some(l.again), None],
                _ => [None, None],
            };
            moments.into_iter().flatten()
        })
    }

    pub(super) fn switch_language(&mut self, to: Language) {
        self.language = to;
    }

    /// Whether lines belong to the page shown.
    pub(super) fn is_working_page(&self) -> bool {
        matches!(self.phase, Phase::Borrow | Phase::GiveBack | Phase::Count { .. })
    }
}

impl ItemLine {
    pub(super) fn secured_if_tagged(&self) -> Option<Security> {
        (!self.tags.is_empty()).then_some(Security::Secured)
    }

    pub(super) fn borrowed(&self) -> End {
        End::new(LineState::Borrowed, due_note(&self.due))
    }
}

/// What a line shows whose tag is not, or not surely, in the state it should be in.
pub(super) fn weaker(end: End) -> End {
    match end.state {
        // Noted with a due day: a loan.
        LineState::Queued if matches!(end.note, Note::Due(_)) => End::attention(Advice::SecFail),
        LineState::Returned | LineState::Queued => hand_over(),
        LineState::Borrowed | LineState::Renewed => End::attention(Advice::SecFail),
        _ => end,
    }
}

/// "Please hand it to a librarian", for what is taken back or noted but not armed.
pub(super) fn hand_over() -> End {
    End::new(LineState::Attention, Note::Put(Destination::Counter))
}
