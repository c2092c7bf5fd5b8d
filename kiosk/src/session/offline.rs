//! Working without the library system: since when, whether the clock can be believed, and the loan
//! that is noted (patron-experience.md section 12). What may be lent is decided in `lending`.

use std::time::Duration;

use drivers::rfid::security::Security;
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use ui::view::{Advice, Purpose};

use super::lending::Wish;
use super::line::{End, ItemLine, Job, Next, Stage};
use super::lists::{CardRow, Lists};
use super::types::{Proof, Record, TxnId, TxnOutcome};
use super::{
    Answer, Asked, ItemId, LoanAnswer, NoAnswer, Patron, PatronAnswer, Phase, Recorded, Sort,
    Station,
};
use crate::clock::{Now, view_date};
use crate::privacy::PatronId;

/// A clock this far from the library system's is wrong: due dates would be, too, around midnight.
const CLOCK_OFF: SignedDuration = SignedDuration::from_mins(10);

/// How far behind the newest journal entry a clock may be: civil time steps back an hour in
/// autumn, and clocks are set by minutes.
const CLOCK_BEHIND: SignedDuration = SignedDuration::from_mins(90);

/// No station worked before; a clock that says so lost its battery.
const YEAR_MIN: i16 = 2026;

/// Where the station stands without a link.
#[derive(Debug, Default)]
pub(super) struct Offline {
    /// When the link was lost, or the station started.
    since: Duration,
    /// Away for so long that off-line work began.
    pub(super) away: bool,
    /// Loans may be noted now.
    pub(super) lends: bool,
    pub(super) lists: Option<Lists>,
    /// The library system's time, and the station's moment when it was told.
    told: Option<(Duration, DateTime)>,
    /// The latest moment the journal or this run knows.
    newest: Option<DateTime>,
}

impl Offline {
    pub(super) fn new(lists: Option<Lists>, newest: Option<DateTime>) -> Self {
        Self { lists, newest, ..Self::default() }
    }

    /// The library system's time now, as far as it was ever told.
    pub(super) fn library_time(&self, now: Now) -> Option<DateTime> {
        let (when, told) = self.told?;
        let passed = SignedDuration::try_from(now.mono.saturating_sub(when)).ok()?;
        Some(told.saturating_add(passed))
    }

    /// The clock cannot be believed: it differs from the library system's, or, before that was
    /// ever told, from all that happened here.
    pub(super) fn clock_unsure(&self, now: Now) -> bool {
        if let Some(library) = self.library_time(now) {
            return now.wall.duration_since(library).abs() > CLOCK_OFF;
        }
        let behind =
            self.newest.is_some_and(|newest| newest.duration_since(now.wall) > CLOCK_BEHIND);
        behind || now.wall.year() < YEAR_MIN
    }

    pub(super) fn link_lost(&mut self, now: Now) {
        self.since = now.mono;
    }
}

impl Station {
    /// The library system told its time.
    pub(super) fn on_library_time(&mut self, at: DateTime, now: Now) {
        self.offline.told = Some((now.mono, at));
    }

    /// New lists, after an import.
    pub(super) fn on_lists(&mut self, lists: Lists) {
        self.offline.lists = Some(lists);
    }

    fn away_at(&self) -> Duration {
        self.offline.since + Duration::from_secs(u64::from(self.rules.offline.after_s))
    }

    /// When off-line work begins.
    pub(super) fn offline_deadline(&self) -> Option<Duration> {
        (!self.link.online && !self.offline.away).then(|| self.away_at())
    }

    /// Time's part.
    pub(super) fn tick_offline(&mut self, now: Now) {
        self.offline.away = !self.link.online && now.mono >= self.away_at();
        if !self.offline.clock_unsure(now) {
            let newest = self.offline.newest.map_or(now.wall, |newest| newest.max(now.wall));
            // Once the library system has told its time, an entry from a wrong day counts no more.
            let known = self.offline.told.is_some();
            self.offline.newest = Some(if known { now.wall } else { newest });
        }
        let lent = self.offline.lends;
        self.offline.lends = self.lends_now(now);
        if self.offline.lends && !lent {
            self.resume_waiting(now);
        }
    }

    fn lends_now(&self, now: Now) -> bool {
        self.offline.away
            && self.rules.offline.lending
            && self.offline.lists.is_some()
            && self.journal_ok
            && self.has_room_to_lend()
            && self.reader_up
            && !self.offline.clock_unsure(now)
    }

    /// How many one session may borrow off line, while anything may be.
    pub(super) fn offline_limit(&self) -> Option<u32> {
        self.offline.lends.then(|| u32::from(self.rules.offline.items_per_session))
    }

    /// A card is shown and nobody can be asked.
    pub(super) fn card_offline(
        &mut self,
        purpose: Purpose,
        card: PatronId,
        proof: Proof,
        now: Now,
    ) {
        if purpose != Purpose::Borrow || !self.lends_now(now) {
            return self.card_problem(purpose, Advice::IlsDown, now);
        }
        let known = self.offline.lists.as_ref().and_then(|lists| lists.card(&card));
        // Nobody can check a PIN now, nor whose code that is (peripherals.md 3.1).
        let needs_link = self.rules.pin.asks(proof) || proof == Proof::Code;
        if needs_link || self.rules.offline.may_borrow(known, now.wall.date()).is_err() {
            return self.card_problem(purpose, Advice::OfflineLimit, now);
        }
        let (on_loan, limit) = (None, None);
        self.patron = Some(Patron { masked_name: card.masked(), id: card, on_loan, limit });
        self.open_borrow(now);
    }

    /// A loan is wanted and nobody can be asked: noted, durably, with the day it is due.
    pub(super) fn begin_offline(&mut self, id: u32, now: Now) {
        let today = now.wall.date();
        let noted = self.lines.iter().filter(|l| l.is_noted_loan()).count();
        let in_session = u32::try_from(noted).unwrap_or(u32::MAX);
        let Some(line) = self.lines.iter().find(|l| l.id == id) else { return };
        let (Some(item), Some(patron)) = (line.item.clone(), self.patron.as_ref()) else { return };
        let card = patron.id.clone();
        let wish = Wish {
            card: &card,
            item: &item,
            tagged: !line.scanned && !line.tags.is_empty() && line.complete(),
            no_loan: line.no_loan,
            in_session,
            owed: self.fixer.owes_loan(&item)
                || self.fixer.is_unsure(&item)
                || self.is_asked_about(id, &item),
        };
        let Some(lists) = self.offline.lists.as_mut() else { return };
        let due = match self.rules.offline.may_lend(&wish, lists, today) {
            Ok(due) => due,
            Err(never) => {
                self.stats.refused += 1;
                return self.end_line(id, End::refused(never.advice()));
            }
        };
        let mut row = lists.card(&card).unwrap_or_default();
        row.lent = row.lent_on(today).saturating_add(1);
        row.lent_on = Some(today);
        let counted = lists.put_card(&card, row);
        let (txn, session) = (self.next_txn(), self.code.clone());
        let Some(line) = self.line_mut(id) else { return };
        let (tags, owner) = (line.tags.clone(), line.owner_record(txn));
        let outcome = TxnOutcome::LentHere { want: Some(Security::Released), due };
        line.txn = Some(txn);
        line.put_back = None;
        line.patron = Some(card.clone());
        line.stage = Stage::Outcome(Box::new(Next::Lend(due)));
        let (kind, patron, at) = (Job::Borrow.kind(), Some(card), now.wall);
        self.fixer.forget(&tags);
        let mut records = vec![
            Record::Intent { txn, session, kind, item, patron, tags, at },
            Record::Outcome { txn, outcome },
        ];
        records.extend(owner);
        records.extend(counted);
        self.record(Recorded::Line(id), records);
    }

    /// Another line still waits for an answer about this item.
    pub(super) fn is_asked_about(&self, id: u32, item: &ItemId) -> bool {
        let mut others = self.lines.iter().chain(&self.detached);
        others.any(|l| l.id != id && l.is_open() && l.item.as_ref() == Some(item))
    }

    /// The time a message tells that goes out now: never one that is not believed where the
    /// library system has told its own.
    #[must_use]
    pub fn time_to_tell(&self, now: Now) -> DateTime {
        let library = self.offline.library_time(now);
        library.filter(|_| self.offline.clock_unsure(now)).unwrap_or(now.wall)
    }

    /// What a return noted now needs besides its outcome: a mark that its time is not to be told.
    pub(super) fn time_mark(&self, txn: TxnId, now: Now) -> Option<Record> {
        let remark = Remark::TimeUnsure;
        self.offline.clock_unsure(now).then_some(Record::Remark { txn, remark })
    }

    /// On line, every answer that tells of cards and held items refreshes the lists.
    pub(super) fn learn(&mut self, asked: &Asked, answer: &Result<Answer, NoAnswer>, now: Now) {
        // What room is left on the disk is for returns.
        let room = self.has_room_to_lend();
        if !self.rules.offline.lending || !room || self.offline.clock_unsure(now) {
            return;
        }
        let Ok(answer) = answer else { return };
        let today = now.wall.date();
        let news = match (asked, answer) {
            (Asked::Identify, Answer::Patron(patron)) => self.learn_card(patron, today),
            // A 64 may be clean where only 12 tells that the card is over (sip2.md section 6).
            (_, Answer::Checkout(LoanAnswer { refusal: Some(why), .. })) if is_of_card(*why) => {
                self.learn_block(asked)
            }
            _ => held(answer).and_then(|held| {
                let item = self.item_of(asked)?;
                self.offline.lists.as_mut()?.put_held(&item, held, today)
            }),
        };
        self.note(news.into_iter().collect());
    }

    fn learn_card(&mut self, answer: &PatronAnswer, today: Date) -> Option<Record> {
        let Phase::Identify(page) = &self.phase else { return None };
        let (card, proved) = page.proves(answer)?;
        let lists = self.offline.lists.as_mut()?;
        let mut row = lists.card(&card).unwrap_or_default();
        row.blocked = !answer.known || answer.block.is_some();
        row.until = answer.expires;
        if proved && answer.known {
            row.seen = Some(today);
        }
        lists.put_card(&card, row)
    }

    fn learn_block(&mut self, asked: &Asked) -> Option<Record> {
        let mut lines = self.lines.iter().chain(&self.detached);
        let card = match asked {
            Asked::Line(id) => lines.find(|l| l.id == *id).and_then(|l| l.patron.clone()),
            Asked::Fix(txn) => self.fixer.owed.get(*txn).and_then(|o| o.unit.patron.clone()),
            _ => None,
        }?;
        let lists = self.offline.lists.as_mut()?;
        let row = CardRow { blocked: true, ..lists.card(&card).unwrap_or_default() };
        lists.put_card(&card, row)
    }

    fn item_of(&self, asked: &Asked) -> Option<ItemId> {
        let mut lines = self.lines.iter().chain(&self.detached);
        match asked {
            Asked::Line(id) => lines.find(|l| l.id == *id).and_then(|l| l.item.clone()),
            Asked::Fix(txn) => self.fixer.owed.get(*txn).map(|o| o.unit.item.clone()),
            _ => None,
        }
    }
}

fn is_of_card(why: Advice) -> bool {
    matches!(
        why,
        Advice::CardBlocked | Advice::CardExpired | Advice::CardLost | Advice::CardUnknown
    )
}

/// Whether somebody waits for the item, where an answer tells.
fn held(answer: &Answer) -> Option<bool> {
    match answer {
        Answer::Checkout(LoanAnswer { ok: true, .. }) => Some(false),
        Answer::Checkout(LoanAnswer { refusal: Some(Advice::HeldOther), .. }) => Some(true),
        Answer::Checkin(checkin) if checkin.ok => match checkin.sort {
            Sort::Hold => Some(true),
            Sort::Normal => Some(false),
            Sort::Transit(_) | Sort::Exception => None,
        },
        Answer::Item(item) => item.held,
        _ => None,
    }
}

impl ItemLine {
    /// Noted as lent, or being noted.
    pub(super) fn is_noted_loan(&self) -> bool {
        let noting = matches!(&self.stage, Stage::Outcome(next) if matches!(**next, Next::Lend(_)));
        self.job == Job::Borrow && (self.noted || noting)
    }

    /// How a noted loan is shown: with its day, and that it is to be registered.
    pub(super) fn lent_here(&mut self, due: Date) -> End {
        let day = view_date(due);
        self.noted = true;
        self.due = super::Due::Day(day);
        End::new(ui::view::LineState::Queued, ui::view::Note::Due(day))
    }
}

/// What is to be said of a unit besides how it ended.
#[derive(Clone, PartialEq, Eq)]
pub enum Remark {
    /// Its time is not to be believed.
    TimeUnsure,
    /// Somebody waits for the item.
    Held,
    /// Registered after the day it was due.
    Late,
    /// The library system's due day is not the one the reader was told.
    DueDiffers,
    /// The reader had it on loan already.
    AlreadyTheirs,
    /// The library system's words with a yes. They may name a reader: sealed on disk.
    Says(String),
}

impl Remark {
    /// As it stands in lists.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TimeUnsure => "time_unsure",
            Self::Held => "held",
            Self::Late => "late",
            Self::DueDiffers => "due_differs",
            Self::AlreadyTheirs => "already_theirs",
            Self::Says(_) => "library_says",
        }
    }
}

/// Without the words.
impl std::fmt::Debug for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}
