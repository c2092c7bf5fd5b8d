//! One item's way through a session.

use std::time::Duration;

use jiff::civil::DateTime;

use drivers::rfid::Uid;
use drivers::rfid::security::Security;
use ui::view::{Advice, Destination, LineState, Note};

use super::types::{JobKind, OpId, Reason, TxnId, TxnOutcome};
use super::{CheckinAnswer, Due, ItemId, LoanAnswer, Sort};
use crate::owners::Whose;
use crate::privacy::PatronId;

/// What is being done with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    Borrow,
    GiveBack,
    /// Renew, from "you have this already".
    Renew,
    /// Take the loan back: because the reader said so, or because the tag could not be released.
    Cancel {
        by_reader: bool,
    },
}

impl Job {
    pub(super) fn kind(self) -> JobKind {
        match self {
            Self::Borrow => JobKind::Checkout,
            Self::GiveBack => JobKind::Checkin,
            Self::Renew => JobKind::Renew,
            Self::Cancel { .. } => JobKind::Cancel,
        }
    }
}

/// Where a line is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// The rest of the set is missing.
    Parts,
    /// Waiting for the reader's "borrow" (`on_confirm`).
    Confirm,
    /// Waiting for the library system to come back.
    Waiting,
    /// Intent being written.
    Intent,
    /// Library system being asked. `overdue`: longer than `t_ils`; its answer still counts.
    Asking { since: Duration, overdue: bool },
    /// Outcome being written; then this comes.
    Outcome(Box<Next>),
    /// Before taking a loan back: the tag being secured.
    UndoSecuring { op: OpId },
    /// Tag being written.
    Securing { op: OpId, tries: u8 },
    /// Lifted while being written: may come back until then, and is tried again after `again`.
    PutBack { until: Duration, again: Duration },
    /// The journal unit being closed; then this is shown.
    Closing(Box<End>),
    /// Settled.
    Ended(End),
}

/// What follows once the outcome is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Bring the tags to this state, then end like this.
    Secure(Security, End),
    /// End at once.
    End(End),
    /// Noted for later: bring the tags to this state, if any.
    Queue(Option<Security>),
    /// Lent here until that day: release the tags.
    Lend(jiff::civil::Date),
    /// Sent without an answer: it is being found out.
    Find,
    /// The loan is taken back.
    Undone,
    /// Wait for the link.
    Wait,
    /// The loan could not be taken back: release the tag again.
    ReleaseAgain,
}

/// How a line is shown when settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) state: LineState,
    pub(super) note: Note,
    pub(super) question: bool,
}

impl End {
    pub(super) fn new(state: LineState, note: Note) -> Self {
        Self { state, note, question: false }
    }
    pub(super) fn refused(advice: Advice) -> Self {
        Self::new(LineState::Refused, Note::Advice(advice))
    }
    pub(super) fn attention(advice: Advice) -> Self {
        Self::new(LineState::Attention, Note::Advice(advice))
    }
    pub(super) fn counts(&self) -> bool {
        matches!(
            self.state,
            LineState::Borrowed | LineState::Returned | LineState::Renewed | LineState::Queued
        )
    }
}

/// One item.
#[derive(Debug)]
pub(super) struct ItemLine {
    pub(super) id: u32,
    pub(super) item: Option<ItemId>,
    pub(super) tags: Vec<Uid>,
    pub(super) parts: u8,
    pub(super) seen_parts: Vec<u8>,
    pub(super) job: Job,
    pub(super) stage: Stage,
    /// Journal unit of the loan, return or renewal.
    pub(super) txn: Option<TxnId>,
    /// When that unit began.
    pub(super) at: Option<DateTime>,
    /// Journal unit of taking the loan back.
    pub(super) cancel: Option<TxnId>,
    /// For whom, while the library system may have to be asked again. Gone when settled.
    pub(super) patron: Option<PatronId>,
    pub(super) title: Option<String>,
    pub(super) due: Due,
    /// The loan is the library system's and this session's.
    pub(super) lent: bool,
    /// The library system let the tag of this loan be released.
    pub(super) release: bool,
    pub(super) taken_back: bool,
    /// The return is noted, to be posted later.
    pub(super) noted: bool,
    /// The tag says it is not to be lent.
    pub(super) no_loan: bool,
    /// Whose it is, where the tag tells.
    pub(super) whose: Option<Whose>,
    /// Its sort slip was asked for: once is all.
    pub(super) slip_asked: bool,
    /// Named by the scanner instead of a tag.
    pub(super) scanned: bool,
    /// Taken back, or tried to: once is enough, a book at the field's edge comes and goes.
    pub(super) undone: bool,
    /// Before taking a loan back, the tag was armed and read back.
    pub(super) armed: bool,
    /// End of the time in which a lifted book may come back; one for all its comings and goings.
    pub(super) put_back: Option<Duration>,
    /// When a waiting line is tried again without a change of the link.
    pub(super) again: Duration,
    pub(super) done_at: Option<Duration>,
    pub(super) want: Option<Security>,
    /// How to end when the tag is as wanted.
    pub(super) goal: Option<End>,
    /// How often the library system was asked for this line.
    pub(super) asked: u8,
}

/// Most times one line asks the library system: a book at the field's edge comes and goes.
pub(super) const ASKS_MAX: u8 = 4;

impl ItemLine {
    pub(super) fn new(id: u32, item: Option<ItemId>, job: Job) -> Self {
        Self {
            id,
            item,
            tags: Vec::new(),
            parts: 1,
            seen_parts: Vec::new(),
            job,
            stage: Stage::Parts,
            txn: None,
            at: None,
            cancel: None,
            patron: None,
            title: None,
            due: Due::Unknown,
            lent: false,
            release: false,
            taken_back: false,
            noted: false,
            no_loan: false,
            whose: None,
            slip_asked: false,
            scanned: false,
            undone: false,
            armed: false,
            put_back: None,
            again: Duration::ZERO,
            done_at: None,
            want: None,
            goal: None,
            asked: 0,
        }
    }

    /// Something is under way that must end before the session may.
    pub(super) fn is_working(&self) -> bool {
        match &self.stage {
            Stage::Parts | Stage::Confirm | Stage::Waiting | Stage::Ended(_) => false,
            Stage::Asking { overdue, .. } => !overdue,
            Stage::Intent
            | Stage::Outcome(_)
            | Stage::UndoSecuring { .. }
            | Stage::Securing { .. }
            | Stage::PutBack { .. }
            | Stage::Closing(_) => true,
        }
    }

    /// A device, the journal or the library system is awaited: not the reader, not time alone.
    pub(super) fn awaits_machine(&self) -> bool {
        self.is_working() && !matches!(self.stage, Stage::PutBack { .. })
    }

    /// Something is still owed to the journal, even past `t_ils`.
    pub(super) fn is_open(&self) -> bool {
        self.is_working() || matches!(self.stage, Stage::Asking { .. })
    }

    pub(super) fn end(&self) -> Option<&End> {
        match &self.stage {
            Stage::Ended(end) => Some(end),
            _ => None,
        }
    }

    pub(super) fn counts(&self) -> bool {
        // A loan that may have been taken back is none that paper could vouch for.
        let lent = self.lent && !matches!(self.job, Job::Cancel { .. });
        self.end().is_some_and(|end| end.counts() || lent || self.taken_back || self.noted)
    }

    /// The journal unit at work.
    pub(super) fn unit(&self) -> Option<TxnId> {
        match self.job {
            Job::Cancel { .. } => self.cancel,
            _ => self.txn,
        }
    }

    pub(super) fn complete(&self) -> bool {
        self.seen_parts.len() >= usize::from(self.parts)
    }

    /// Takes what the library system said of a loan; returns the outcome to record.
    ///
    /// `owed`: this book is on the repair list, lent on an unlucky day and still armed. "You have
    /// this already" then is the loan that entitles it to be released.
    pub(super) fn take_loan(&mut self, answer: LoanAnswer, owed: bool) -> (TxnOutcome, Next) {
        self.title = answer.title.or(self.title.take());
        if answer.ok {
            self.lent = true;
            self.release = answer.release;
            // A loan of before, or this one sent again: the machine cannot tell which, and never
            // takes it back by itself.
            self.undone |= answer.renewed;
            self.due = answer.due;
            let want = (answer.release && !self.tags.is_empty()).then_some(Security::Released);
            let note = if answer.release {
                due_note(&self.due)
            } else {
                // For use in the library only: the gate stays armed and its words are shown.
                answer.message.map_or(Note::Advice(Advice::InLibrary), Note::LibrarySays)
            };
            let end = End::new(LineState::Borrowed, note);
            let next = match want {
                Some(want) => Next::Secure(want, end),
                None => Next::End(end),
            };
            return (TxnOutcome::Accepted { title: self.title.clone(), want }, next);
        }
        let (reason, mut end) = refusal(answer.refusal, answer.message);
        if answer.refusal == Some(Advice::AlreadyYours) {
            if owed {
                let end = End::new(LineState::Borrowed, due_note(&answer.due));
                return (TxnOutcome::Refused { reason }, Next::Secure(Security::Released, end));
            }
            end.state = LineState::Attention;
            end.question = true;
        }
        (TxnOutcome::Refused { reason }, Next::End(end))
    }

    /// Takes what the library system said of a renewal.
    pub(super) fn take_renewal(&mut self, answer: LoanAnswer) -> (TxnOutcome, Next) {
        self.title = answer.title.or(self.title.take());
        if answer.ok {
            self.due = answer.due;
            let end = End::new(LineState::Renewed, due_note(&self.due));
            // A book of one's own on the pad may still be armed from an unlucky day; its loan is
            // certain now, so the tag is brought to it.
            let want = (!self.tags.is_empty()).then_some(Security::Released);
            let next =
                want.map_or_else(|| Next::End(end.clone()), |w| Next::Secure(w, end.clone()));
            return (TxnOutcome::Accepted { title: self.title.clone(), want }, next);
        }
        let (reason, end) = refusal(answer.refusal, answer.message);
        (TxnOutcome::Refused { reason }, Next::End(end))
    }

    /// Takes what the library system said of a return.
    pub(super) fn take_checkin(
        &mut self,
        answer: CheckinAnswer,
        to_trolley: bool,
    ) -> (TxnOutcome, Next) {
        self.title = answer.title.or(self.title.take());
        let want = (answer.secure && !self.tags.is_empty()).then_some(Security::Secured);
        if answer.ok {
            self.taken_back = true;
            let place = destination(self.sent_on(answer.sort), to_trolley);
            let note = if answer.was_on_loan { Note::Put(place) } else { Note::NotOnLoan(place) };
            let end = End::new(LineState::Returned, note);
            let next = match want {
                Some(want) => Next::Secure(want, end),
                None => Next::End(end),
            };
            return (TxnOutcome::Accepted { title: self.title.clone(), want }, next);
        }
        let reason = Reason::words_or(answer.message, "refused");
        (TxnOutcome::Refused { reason }, Next::End(End::attention(Advice::RetNo)))
    }
}

pub(super) fn due_note(due: &Due) -> Note {
    match due {
        Due::Day(day) => Note::Due(*day),
        Due::Text(text) => Note::DueText(text.clone()),
        Due::Unknown => Note::None,
    }
}

fn destination(sort: Sort, to_trolley: bool) -> Destination {
    match sort {
        Sort::Normal if to_trolley => Destination::Trolley,
        Sort::Normal => Destination::Shelf,
        Sort::Hold => Destination::HoldSlot,
        Sort::Transit(branch) => Destination::Transit { branch },
        Sort::Exception => Destination::Counter,
    }
}

pub(super) fn refusal(advice: Option<Advice>, message: Option<String>) -> (Reason, End) {
    match (advice, message) {
        (Some(advice), _) => (Reason::Code(format!("{advice:?}")), End::refused(advice)),
        (None, Some(message)) => (
            Reason::Words(message.clone()),
            End::new(LineState::Refused, Note::LibrarySays(message)),
        ),
        (None, None) => ("no reason given".into(), End::refused(Advice::AskStaff)),
    }
}
