//! From state to view, and what touches and time do.

use std::time::Duration;

use ui::view::{
    self, Advice, DeviceKind, LineState, Note, Overlay, PatronBadge, Purpose, Screen, StateLine,
    Touch, View,
};

use super::line::{ItemLine, Job, Stage};
use super::rules::{ReceiptDefault, secs};
use super::types::{Aid, Effect, Proof};
use super::{Phase, PrinterState, Station};
use crate::clock::Now;

/// A call for staff stands this long (`t_help_call`); another touch calls nobody twice.
const CALL_AGAIN: Duration = Duration::from_secs(120);

/// How long the page "starting" may stand for parts that are not there yet; then the start screen
/// names what is missing.
const STARTING_MAX: Duration = Duration::from_secs(8);

/// Names from configuration that a view carries.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// The library's name in both languages: zh-CN, en.
    pub library: [String; 2],
    /// Where the station stands, in both languages.
    pub place: [String; 2],
    /// When staff are there, in both languages; may be empty.
    pub hours: [String; 2],
    /// Branch code and its names.
    pub branches: Vec<(String, [String; 2])>,
}

impl Names {
    fn pick(names: &[String; 2], language: view::Language) -> String {
        match language {
            view::Language::ZhCn => names[0].clone(),
            view::Language::En => names[1].clone(),
        }
    }

    /// The name of a branch or owner; the code itself where the file names none.
    pub(crate) fn branch(&self, code: &str, language: view::Language) -> String {
        self.branches
            .iter()
            .find(|(c, _)| c == code)
            .map_or_else(|| code.to_owned(), |(_, names)| Self::pick(names, language))
    }
}

impl Station {
    /// What is on the screen.
    #[must_use]
    pub fn view(&self, names: &Names, now: Now) -> View {
        View {
            language: self.language,
            modes: self.modes,
            library: Names::pick(&names.library, self.language),
            place: Names::pick(&names.place, self.language),
            services: self.services(),
            state_line: self.state_line(),
            screen: self.screen(names, now),
            overlay: self.overlay_view(now),
        }
    }

    fn state_line(&self) -> Option<StateLine> {
        let mut missing = Vec::new();
        if !self.reader_seen {
            missing.push(DeviceKind::Reader);
        }
        if !self.link.ever {
            missing.push(DeviceKind::Library);
        }
        if self.printer == PrinterState::Starting {
            missing.push(DeviceKind::Printer);
        }
        if !self.reader_up && self.reader_seen {
            let scan = self.can_scan();
            return Some(if scan { StateLine::ScanOnly } else { StateLine::ReaderLost });
        }
        // A library system that is away since the start is no reason to wait for it.
        let alone = self.offline.away && missing == [DeviceKind::Library];
        if !missing.is_empty() && !alone {
            return Some(StateLine::Starting { missing });
        }
        if let Some(limit) = self.offline_limit() {
            return Some(StateLine::Offline { limit });
        }
        let notes = self.journal_ok && self.has_room_to_lend();
        if !self.link.online || !self.link.checkout_ok || !notes {
            return Some(StateLine::ReturnsOnly);
        }
        if matches!(self.printer, PrinterState::NoPaper | PrinterState::Down) {
            return Some(StateLine::NoPaper);
        }
        let resting = self.aids.iter().filter(|(_, up)| !**up);
        let devices: Vec<DeviceKind> = resting.map(|(aid, _)| shown_kind(*aid)).collect();
        (!devices.is_empty()).then_some(StateLine::Missing { devices })
    }

    fn screen(&self, names: &Names, now: Now) -> Screen {
        match &self.phase {
            // Without a pad nothing can be done here; the page goes away by itself.
            Phase::Attract if self.reader_seen && !self.reader_up && !self.can_scan() => {
                Screen::Trouble { why: StateLine::ReaderLost }
            }
            Phase::Attract if now.mono < STARTING_MAX && !(self.reader_seen && self.link.ever) => {
                Screen::Starting
            }
            Phase::Attract => Screen::Attract {
                pad_count: self.pad.count(),
                pad_left: self.pad.has_stale() && self.pad.count() > 0,
            },
            Phase::Choose => Screen::Choose { pad_count: self.pad.count() },
            Phase::Identify(page) => {
                Screen::Identify { purpose: page.purpose, busy: page.busy, problem: page.problem }
            }
            Phase::Pin(page) => Screen::Pin {
                typed: u8::try_from(page.digits.len()).unwrap_or(u8::MAX),
                tries_left: page.tries_left(),
                busy: page.busy,
                problem: page.problem,
            },
            Phase::Borrow => Screen::Borrow(self.work(names, now)),
            Phase::GiveBack => Screen::GiveBack(self.work(names, now)),
            Phase::Count { stated } => Screen::Count { found: self.found(), stated: *stated },
            Phase::Loans(page) => Screen::Loans(page.view(self.badge(), Self::today(now))),
            Phase::Finish(page) => Screen::Finish(view::Finish {
                borrowed: self.count_state(LineState::Borrowed),
                returned: self.count_state(LineState::Returned),
                renewed: u32::try_from(self.renewed.len()).unwrap_or(u32::MAX)
                    + self.count_state(LineState::Renewed),
                queued: self.count_state(LineState::Queued),
                first_due: self.first_due(),
                not_done: self
                    .lines
                    .iter()
                    .filter(|l| !l.counts())
                    .map(|l| self.line_view(l, names, now))
                    .filter(|l| l.state != LineState::Lifted)
                    .collect(),
                receipt: page.receipt_view(names),
                seconds: seconds_left(self.finish_deadline(), now),
            }),
        }
    }

    /// Lines that came to this end; a loan whose gate may sound is a loan.
    fn count_state(&self, state: LineState) -> u32 {
        let n = self
            .lines
            .iter()
            .filter(|l| {
                let kept = l.end().is_some_and(|e| e.state == LineState::Attention);
                l.end().is_some_and(|e| e.state == state)
                    || (kept && l.lent && l.job == Job::Borrow && state == LineState::Borrowed)
                    || (kept && l.taken_back && state == LineState::Returned)
                    || (kept && l.is_noted_loan() && state == LineState::Queued)
            })
            .count();
        u32::try_from(n).unwrap_or(u32::MAX)
    }

    fn work(&self, names: &Names, now: Now) -> view::Work {
        let patron = self.patron.is_some().then(|| self.badge());
        let slow = secs(self.rules.times.busy_s);
        let asking_long = |l: &ItemLine| matches!(l.stage, Stage::Asking { since, .. } if now.mono.saturating_sub(since) >= slow);
        view::Work {
            patron,
            pad_count: self.pad.count(),
            lines: self.lines.iter().rev().map(|l| self.line_view(l, names, now)).collect(),
            done: u32::try_from(self.lines.iter().filter(|l| l.counts()).count())
                .unwrap_or(u32::MAX),
            busy: self.lines.iter().any(ItemLine::is_working),
            slow: self.lines.iter().any(asking_long),
            notice: self.notice(),
            to_confirm: self.to_confirm(),
        }
    }

    fn notice(&self) -> Option<Advice> {
        let own = self.patron.as_ref().map(|p| &p.id);
        if self.pad.cards().any(|card| Some(card) != own) {
            return Some(Advice::ItemIsCard);
        }
        if !self.reader_up {
            return Some(Advice::ReaderDown);
        }
        let link_wanted = matches!(self.phase, Phase::Borrow);
        (link_wanted && !self.link.online && !self.offline.lends).then_some(Advice::IlsDown)
    }

    fn badge(&self) -> PatronBadge {
        self.patron.as_ref().map_or_else(
            || PatronBadge { masked_name: String::new(), on_loan: None, may_borrow: None },
            |p| PatronBadge {
                masked_name: p.masked_name.clone(),
                on_loan: p.on_loan,
                may_borrow: p.limit.zip(p.on_loan).map(|(limit, on)| limit.saturating_sub(on)),
            },
        )
    }

    fn line_view(&self, line: &ItemLine, names: &Names, now: Now) -> view::Line {
        let (state, note, question) = shown(line, self.link.online);
        let note = match note {
            Note::Put(place) => Note::Put(self.named(place, names)),
            Note::NotOnLoan(place) => Note::NotOnLoan(self.named(place, names)),
            Note::Owner { owner, taken_back } => {
                Note::Owner { owner: names.branch(&owner, self.language), taken_back }
            }
            other => other,
        };
        let number = || line.item.as_ref().map(ToString::to_string).unwrap_or_default();
        view::Line {
            id: line.id,
            title: line.title.clone().unwrap_or_else(number),
            state,
            note,
            question,
            can_undo: self.can_undo(line.id, now),
        }
    }

    fn named(&self, place: view::Destination, names: &Names) -> view::Destination {
        match place {
            view::Destination::Transit { branch } => {
                view::Destination::Transit { branch: names.branch(&branch, self.language) }
            }
            other => other,
        }
    }

    fn overlay_view(&self, now: Now) -> Option<Overlay> {
        match &self.overlay {
            Some(Overlay::Warn { unfinished, .. }) => Some(Overlay::Warn {
                seconds: seconds_left(self.warn_until, now),
                unfinished: *unfinished,
            }),
            other => other.clone(),
        }
    }

    pub(super) fn on_touch(&mut self, touch: Touch, now: Now) {
        self.stir(now);
        match touch {
            Touch::Language => return self.switch_language(self.language.other()),
            Touch::Contrast => return self.modes.high_contrast = !self.modes.high_contrast,
            Touch::LargePrint => return self.modes.large_print = !self.modes.large_print,
            Touch::Help => return self.toggle_help(),
            Touch::CallStaff => return self.call_staff(now),
            Touch::EndNow => return self.end_session(now),
            Touch::Continue => return,
            _ => {}
        }
        if self.overlay.is_some() {
            // A layer above the page takes all other touches; back closes it.
            if touch == Touch::Back {
                self.overlay = None;
            }
            return;
        }
        self.touch_page(touch, now);
    }

    fn touch_page(&mut self, touch: Touch, now: Now) {
        match (&self.phase, touch) {
            (Phase::Attract | Phase::Choose, Touch::Borrow) => {
                self.pad.claim();
                self.want_card(Purpose::Borrow, now);
            }
            (Phase::Attract | Phase::Choose | Phase::Identify(_), Touch::GiveBack) => {
                self.pad.claim();
                self.open_return(now);
            }
            (Phase::Attract | Phase::Choose, Touch::Account) => {
                self.want_card(Purpose::Account, now);
            }
            (Phase::Choose | Phase::Identify(_) | Phase::Pin(_), Touch::Back) => {
                self.end_session(now);
            }
            (Phase::Pin(_), _) => self.pin_touch(touch, now),
            (Phase::Borrow, Touch::Borrow) => self.confirm_pile(now),
            (Phase::Borrow, Touch::Account) if self.patron.is_some() && !self.waits(now) => {
                self.list_loans(now);
            }
            (Phase::Borrow | Phase::GiveBack, Touch::Finish | Touch::Back) => self.want_finish(now),
            (Phase::Borrow | Phase::GiveBack, Touch::Yes(id)) => {
                self.answer_question(id, true, now)
            }
            (Phase::Borrow | Phase::GiveBack, Touch::No(id)) => {
                self.answer_question(id, false, now)
            }
            (Phase::Borrow, Touch::Undo(id)) => self.undo_line(id, now),
            (Phase::Count { .. }, Touch::Count(n)) => self.count_answered(u32::from(n), now),
            (Phase::Count { .. }, Touch::Back) => self.open_borrow(now),
            (Phase::Count { .. }, Touch::Finish) => self.want_finish(now),
            (Phase::Loans(_), Touch::Renew(at)) => {
                self.renew_one(usize::try_from(at).unwrap_or(usize::MAX), now);
            }
            (Phase::Loans(_), Touch::RenewAll) => self.renew_all(now),
            (Phase::Loans(page), Touch::Back | Touch::Borrow) if !page.busy() => {
                self.drop_list();
                self.open_borrow(now);
            }
            (Phase::Loans(page), Touch::Finish) if !page.busy() => self.open_finish(now),
            (Phase::Finish(_), Touch::Paper) => self.receipt_wanted(ReceiptDefault::Paper, now),
            (Phase::Finish(_), Touch::NoReceipt) => self.receipt_wanted(ReceiptDefault::None, now),
            (Phase::Finish(_), Touch::Phone) => self.receipt_phone(now),
            (Phase::Finish(_), Touch::More | Touch::Back) => self.more(now),
            (Phase::Finish(page), Touch::Finish) if !page.is_printing() => self.end_session(now),
            _ => {}
        }
    }

    fn want_card(&mut self, purpose: Purpose, now: Now) {
        let lends = purpose == Purpose::Borrow && self.offline.lends;
        let problem = (!self.link.online && !lends).then_some(Advice::IlsDown);
        self.open_identify(purpose, problem, now);
        if let Some(card) = self.pad.fresh_card().cloned() {
            self.card_shown(card, Proof::Held, now);
        }
    }

    fn toggle_help(&mut self) {
        self.overlay = match self.overlay {
            None => Some(Overlay::Help { called: false }),
            Some(Overlay::Help { .. }) => None,
            ref other => other.clone(),
        };
    }

    fn call_staff(&mut self, now: Now) {
        self.overlay = Some(Overlay::Help { called: true });
        if self.called.is_none_or(|at| now.mono.saturating_sub(at) >= CALL_AGAIN) {
            self.called = Some(now.mono);
            self.stats.staff_calls += 1;
            self.push(Effect::CallStaff);
        }
    }

    /// The next moment something happens by itself, always later than the last input.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        [
            self.identify_deadline(),
            self.finish_deadline(),
            self.warn_until,
            self.idle_deadline(),
            self.rest_deadline(),
            self.loans_wait(),
            self.late.again,
            self.fixer.again,
            self.fees.again,
            self.offline_deadline(),
            self.hold_deadline(),
        ]
        .into_iter()
        .flatten()
        .chain(self.lines_deadlines())
        // What was due at the last input was done then, or waits for another input.
        .filter(|at| *at > self.ticked)
        .min()
    }

    /// When a page without a shorter limit of its own warns.
    fn idle_deadline(&self) -> Option<Duration> {
        let page = self.is_working_page() || matches!(self.phase, Phase::Loans(_));
        (page && self.warn_until.is_none()).then(|| self.idle_from + secs(self.rules.times.idle_s))
    }

    /// When a start screen someone changed goes back to how it was.
    fn rest_deadline(&self) -> Option<Duration> {
        let changed = self.overlay.is_some()
            || self.language != self.rules.language
            || self.modes != view::Modes::default();
        (changed && !self.session_open()).then(|| self.idle_from + secs(self.rules.times.idle_s))
    }

    /// The reader waits for the station. Timers stand still, but never longer than `t_ils` for an
    /// answer.
    pub(super) fn waits(&self, now: Now) -> bool {
        self.lines.iter().any(ItemLine::is_working)
            || self.loans_wait().is_some_and(|until| now.mono < until)
            || matches!(&self.phase, Phase::Finish(page) if page.is_printing())
    }

    pub(super) fn tick(&mut self, now: Now) {
        self.fix_start();
        self.tick_late(now);
        self.tick_offline(now);
        self.tick_lines(now);
        self.tick_count(now);
        self.try_finish(now);
        self.tick_finish(now);
        self.tick_identify(now);
        self.work_off(now);
        self.work_fees(now);
        self.stats.queued = self.fixer.owed.noted();
        let due = |at: Option<Duration>| at.is_some_and(|at| now.mono >= at);
        if due(self.finish_deadline()) {
            self.finish_timed_out(now);
        }
        if due(self.identify_deadline()) {
            self.end_session(now);
        }
        if due(self.rest_deadline()) {
            self.rest();
        }
        if !self.waits(now) {
            if due(self.warn_until) {
                self.warned_out(now);
            } else if due(self.idle_deadline()) {
                self.warn(now);
            }
        }
        self.ticked = now.mono;
    }

    fn warn(&mut self, now: Now) {
        let open = self.lines.iter().filter(|l| !l.counts() && on_pad(l, self)).count();
        let unfinished = u32::try_from(open).unwrap_or(u32::MAX);
        let times = &self.rules.times;
        let wait = if unfinished > 0 { times.warn_items_s } else { times.warn_s };
        self.warn_until = Some(now.mono + secs(wait));
        self.overlay = Some(Overlay::Warn { seconds: 0, unfinished });
    }

    /// Nobody answered the warning. What was done is done; a receipt nobody waits for is not
    /// printed.
    fn warned_out(&mut self, now: Now) {
        self.end_session(now);
    }
}

fn on_pad(line: &ItemLine, station: &Station) -> bool {
    line.tags.iter().any(|&uid| station.pad.sees(uid))
}

fn seconds_left(until: Option<Duration>, now: Now) -> u32 {
    until.map_or(0, |at| {
        let left = at.saturating_sub(now.mono);
        u32::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u32::MAX)
    })
}

fn shown(line: &ItemLine, online: bool) -> (LineState, Note, bool) {
    match &line.stage {
        Stage::Parts => {
            let note = if line.parts > 1 {
                Note::Advice(Advice::PartsMissing {
                    all: u32::from(line.parts),
                    got: u32::try_from(line.seen_parts.len()).unwrap_or(u32::MAX),
                })
            } else {
                Note::None
            };
            let state = if line.parts > 1 { LineState::Attention } else { LineState::Seen };
            (state, note, false)
        }
        Stage::Confirm => (LineState::Seen, Note::None, false),
        Stage::Waiting if online => (LineState::Asking, Note::LeaveIt, false),
        Stage::Waiting => (LineState::Attention, Note::Advice(Advice::IlsDown), false),
        Stage::Intent => (LineState::Asking, Note::LeaveIt, false),
        Stage::Asking { overdue: false, .. } => (LineState::Asking, Note::LeaveIt, false),
        Stage::Asking { overdue: true, .. } => {
            (LineState::Attention, Note::Advice(Advice::IlsDown), false)
        }
        Stage::Outcome(_) => (LineState::Asking, Note::LeaveIt, false),
        Stage::UndoSecuring { .. } | Stage::Securing { .. } | Stage::Closing(_) => {
            (LineState::Writing, Note::LeaveIt, false)
        }
        Stage::PutBack { .. } => (LineState::Attention, Note::Advice(Advice::Lifted), false),
        Stage::Ended(end) => (end.state, end.note.clone(), end.question),
    }
}

fn shown_kind(aid: Aid) -> DeviceKind {
    match aid {
        Aid::Cards => DeviceKind::Cards,
        Aid::IdCard => DeviceKind::IdCard,
        Aid::Scanner => DeviceKind::Scanner,
    }
}
