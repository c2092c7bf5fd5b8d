//! Working without the library system: what may be lent, and whether the clock can be believed
//! (patron-experience.md section 12).

use std::time::Duration;

use drivers::rfid::security::Security;
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use ui::view::{Advice, Purpose};

use super::line::{End, ItemLine, Job, Next, Stage};
use super::lists::{CardRow, Lists};
use super::rules::PinRule;
use super::types::{Record, TxnId, TxnOutcome};
use super::{
    Answer, Asked, ItemId, LoanAnswer, NoAnswer, Patron, PatronAnswer, Phase, Recorded, Sort,
    Station,
};
use crate::clock::{Now, view_date};
use crate::privacy::PatronId;

/// Most units owed with which still more is lent: nine tenths of what a start resumes.
const OWED_LEND_MAX: usize = 90_000;

/// A clock this far from the library system's is wrong: due dates would be, too, around midnight.
const CLOCK_OFF: SignedDuration = SignedDuration::from_mins(10);

/// How far behind the newest journal entry a clock may be: civil time steps back an hour in
/// autumn, and clocks are set by minutes.
const CLOCK_BEHIND: SignedDuration = SignedDuration::from_mins(90);

/// No station worked before; a clock that says so lost its battery.
const YEAR_MIN: i16 = 2026;

/// What may be lent without the library system (`[session.offline]`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OfflineRules {
    /// Whether anything is. The library decides; without its word only returns are taken.
    pub lending: bool,
    /// How long the library system must be away first, in seconds.
    pub after_s: u16,
    /// Most items in one session.
    pub items_per_session: u8,
    /// Most items for one card in a day.
    pub items_per_day: u8,
    /// Days since a card was last identified here, on line.
    pub seen_days: u16,
    /// Days until what is lent is due. UNCONFIRMED for every library: the shortest of its periods.
    pub loan_days: u16,
    /// Days for which it is remembered that an item is held, unless told otherwise.
    pub held_days: u16,
}

impl Default for OfflineRules {
    fn default() -> Self {
        Self {
            lending: false,
            after_s: 30,
            items_per_session: 2,
            items_per_day: 5,
            seen_days: 90,
            loan_days: 14,
            held_days: 30,
        }
    }
}

impl OfflineRules {
    /// What cannot be, as sentences.
    #[must_use]
    pub fn problems(&self, pin: PinRule) -> Vec<String> {
        let ranges: [(&str, u16, u16, u16); 6] = [
            ("after_s", self.after_s, 5, 600),
            ("items_per_session", self.items_per_session.into(), 1, 20),
            ("items_per_day", self.items_per_day.into(), 1, 50),
            ("seen_days", self.seen_days, 1, 366),
            ("loan_days", self.loan_days, 1, 120),
            ("held_days", self.held_days, 1, 366),
        ];
        let outside = |(name, value, low, high): (&str, u16, u16, u16)| {
            (!(low..=high).contains(&value))
                .then(|| format!("session.offline.{name} = {value} is outside {low} to {high}"))
        };
        let mut problems: Vec<String> = ranges.into_iter().filter_map(outside).collect();
        if self.lending && pin == PinRule::Always {
            problems.push(
                "session.offline.lending: with session.pin = \"always\" nothing can be lent off line, because nobody can check a PIN then; write lending = false"
                    .to_owned(),
            );
        }
        problems
    }

    /// Whether this card may borrow without the library system's word.
    ///
    /// # Errors
    /// [`Never`], when not.
    pub fn may_borrow(&self, row: Option<CardRow>, today: Date) -> Result<CardRow, Never> {
        let row = row.ok_or(Never::CardNotKnown)?;
        if row.blocked || row.until.is_some_and(|end| end < today) {
            return Err(Never::CardBlocked);
        }
        let since = jiff::Span::new().days(i64::from(self.seen_days));
        // A card seen in the future was seen under a wrong clock.
        let fresh = row.seen.is_some_and(|seen| {
            seen <= today && today.checked_sub(since).is_ok_and(|first| seen >= first)
        });
        if !(fresh || row.allowed) {
            return Err(Never::CardNotKnown);
        }
        if row.lent_on(today) >= self.items_per_day {
            return Err(Never::DayFull);
        }
        Ok(row)
    }

    /// Whether this loan may be noted, and until when.
    ///
    /// # Errors
    /// [`Never`], when not.
    pub fn may_lend(&self, loan: &Wish<'_>, lists: &Lists, today: Date) -> Result<Date, Never> {
        if !self.lending {
            return Err(Never::Off);
        }
        self.may_borrow(lists.card(loan.card), today)?;
        if loan.in_session >= u32::from(self.items_per_session) {
            return Err(Never::SessionFull);
        }
        if !loan.tagged || loan.no_loan {
            return Err(Never::NotByTag);
        }
        if lists.is_held(loan.item) {
            return Err(Never::Held);
        }
        if loan.owed {
            return Err(Never::Owed);
        }
        let period = jiff::Span::new().days(i64::from(self.loan_days));
        today.checked_add(period).map_err(|_| Never::Off)
    }
}

/// A loan somebody wants while the library system is away.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// Whose.
    pub card: &'a PatronId,
    /// What.
    pub item: &'a ItemId,
    /// All its tags are ours and lie here.
    pub tagged: bool,
    /// A tag says it is not to be lent.
    pub no_loan: bool,
    /// Loans noted in this session.
    pub in_session: u32,
    /// A loan of it is noted, or nobody knows how it stands.
    pub owed: bool,
}

/// Why something is not lent off line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Never {
    /// Lending off line is not wanted here.
    Off,
    /// Not seen lately, and not on the library's list.
    CardNotKnown,
    /// Blocked or expired.
    CardBlocked,
    /// The card had its items for today.
    DayFull,
    /// The session had its items.
    SessionFull,
    /// No tag of ours, or one that forbids it.
    NotByTag,
    /// Somebody waits for it.
    Held,
    /// A loan of it is noted already, or its state is not known.
    Owed,
}

impl Never {
    fn advice(self) -> Advice {
        match self {
            Self::Held => Advice::HeldOther,
            _ => Advice::OfflineLimit,
        }
    }
}

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
            && self.reader_up
            && self.fixer.owed.len() < OWED_LEND_MAX
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
        scanned: bool,
        now: Now,
    ) {
        if purpose != Purpose::Borrow || !self.lends_now(now) {
            return self.card_problem(purpose, Advice::IlsDown, now);
        }
        let pin = match self.rules.pin {
            PinRule::Never => false,
            PinRule::Scanned => scanned,
            PinRule::Always => true,
        };
        let known = self.offline.lists.as_ref().and_then(|lists| lists.card(&card));
        // Nobody can check a PIN now.
        if pin || self.rules.offline.may_borrow(known, now.wall.date()).is_err() {
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
        let tags = line.tags.clone();
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
        records.extend(counted);
        self.record(Recorded::Line(id), records);
    }

    /// Another line still waits for an answer about this item.
    fn is_asked_about(&self, id: u32, item: &ItemId) -> bool {
        let mut others = self.lines.iter().chain(&self.detached);
        others.any(|l| l.id != id && l.is_open() && l.item.as_ref() == Some(item))
    }

    /// What a return noted now needs besides its outcome: a mark that its time is not to be told.
    pub(super) fn time_mark(&self, txn: TxnId, now: Now) -> Option<Record> {
        let remark = Remark::TimeUnsure;
        self.offline.clock_unsure(now).then_some(Record::Remark { txn, remark })
    }

    /// On line, every answer that tells of cards and held items refreshes the lists.
    pub(super) fn learn(&mut self, asked: &Asked, answer: &Result<Answer, NoAnswer>, now: Now) {
        if !self.rules.offline.lending || self.offline.clock_unsure(now) {
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
            Asked::Fix(txn) => self.fixer.patron_of(*txn),
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
            Asked::Fix(txn) => self.fixer.item_of(*txn),
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
