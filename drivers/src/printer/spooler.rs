//! Whether a slip was printed: the state machine of 1.6, without clock, port or thread.
//!
//! ```text
//! Absent -> Probing -> Ready -> Busy (sending, awaiting the end) -> Ready
//!                 \        \-> Blocked(cause) -> Probing
//!                  \-> Failed(cause): staff
//! ```
//!
//! Every submitted job gets exactly one [`Outcome`] and its bytes are written at most once. An
//! unknown outcome is never printed again from here: a reprint is a new job, marked as a copy by
//! whoever asks for it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::job::{Job, JobId};
pub use super::outcome::{Effect, Feedback, Health, Input, Outcome, Phase};
use super::probe::{FLUSH_BYTES, Probe, Progress, Resync};
use super::profile::{EndMarker, StatusSupport};
use super::status::{Cause, Demux, Paper, Reply, Status};

/// Jobs waiting at most. One per session; more means something else is wrong.
pub const QUEUE_MAX: usize = 8;
/// Wait for the end marker, plus [`END_PER_1000_ROWS`] (1.5).
pub const END_MARKER: Duration = Duration::from_secs(15);
/// Added to [`END_MARKER`] per thousand picture rows (1.5).
pub const END_PER_1000_ROWS: Duration = Duration::from_secs(1);
/// Longest pause between bytes taken by the link while sending.
pub const SEND_STALL: Duration = Duration::from_secs(10);
/// Idle question where automatic status is not known to work (1.5).
pub const IDLE_POLL: Duration = Duration::from_secs(5);
/// Idle question where automatic status works: only to notice a dead link.
pub const IDLE_HEARTBEAT: Duration = Duration::from_secs(30);
/// Question while blocked, hot, or waiting for an end (1.6 rule 7).
pub const BLOCKED_POLL: Duration = Duration::from_secs(2);
/// Longest wait for a hot head (1.6 rule 7).
pub const HEAD_HOT_MAX: Duration = Duration::from_secs(60);
/// How long a check of cover, paper and errors stays good for starting a job.
pub const CHECK_VALID: Duration = Duration::from_secs(1);
/// Pauses before opening the link again (peripherals.md section 6); the last repeats.
pub const BACK_OFF: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

#[derive(Debug)]
struct Flight {
    job: Job,
    sent: usize,
    until: Instant,
    hot_since: Option<Instant>,
}

#[derive(Debug)]
enum State {
    Absent { retry_at: Option<Instant> },
    Probing,
    Ready,
    Busy(Flight),
    Blocked { cause: Cause, since: Instant },
    Failed(Cause),
}

/// What has to be sent before the next job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cleanup {
    Nothing,
    /// A job was interrupted after its last byte: clear the printer's buffers.
    Buffers,
    /// A job was cut off between bytes: fill up a half command first.
    HalfCommand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CutterTry {
    Waiting,
    CoverSeen,
    Used,
}

/// The state machine. Feed [`Input`]s, take [`Effect`]s, come back at [`Spooler::deadline`].
#[derive(Debug)]
pub struct Spooler {
    support: StatusSupport,
    marker: EndMarker,
    state: State,
    queue: VecDeque<Job>,
    effects: VecDeque<Effect>,
    demux: Demux,
    status: Status,
    probe: Option<Probe>,
    next_poll: Instant,
    checked_at: Option<Instant>,
    unwritten: usize,
    open_markers: u32,
    attempts: usize,
    feedback: Feedback,
    ever_answered: bool,
    asb_works: bool,
    cleanup: Cleanup,
    cutter: CutterTry,
    paper_low_told: bool,
    told: Option<Health>,
}

impl Spooler {
    /// A printer not yet looked for; the first tick opens the link.
    #[must_use]
    pub fn new(support: StatusSupport, marker: EndMarker, now: Instant) -> Self {
        Self {
            support,
            marker,
            state: State::Absent { retry_at: Some(now) },
            queue: VecDeque::new(),
            effects: VecDeque::new(),
            demux: Demux::new(),
            status: Status::default(),
            probe: None,
            next_poll: now,
            checked_at: None,
            unwritten: 0,
            open_markers: 0,
            attempts: 0,
            feedback: Feedback::Answers,
            ever_answered: false,
            asb_works: false,
            cleanup: Cleanup::Nothing,
            cutter: CutterTry::Waiting,
            paper_low_told: false,
            told: None,
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, input: Input<'_>, now: Instant) {
        match input {
            Input::LinkUp => self.link_up(now),
            Input::LinkDown => self.link_lost(Cause::Absent, now),
            Input::Bytes(bytes) => self.bytes(bytes, now),
            Input::Written(count) => self.written(count, now),
            Input::Tick => self.tick(now),
            Input::Submit(job) => self.submit(job),
            Input::Retry => self.retry(now),
            Input::Stop => self.abandon(Cause::Stopped),
        }
        self.advance(now);
        self.tell_health();
    }

    /// The next thing to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When a tick is needed at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let state = match &self.state {
            State::Absent { retry_at } => return *retry_at,
            State::Busy(flight) => Some(flight.until),
            State::Blocked { cause: Cause::HeadHot, since } => Some(*since + HEAD_HOT_MAX),
            _ => None,
        };
        let probe = self.probe.as_ref().map(Probe::deadline);
        let poll = (self.probe.is_none() && self.polls()).then_some(self.next_poll);
        [state, probe, poll].into_iter().flatten().min()
    }

    /// The printer's condition.
    #[must_use]
    pub fn health(&self) -> Health {
        let phase = match &self.state {
            State::Absent { .. } => Phase::Absent,
            State::Probing => Phase::Probing,
            State::Ready => Phase::Ready,
            State::Busy(_) => Phase::Busy,
            State::Blocked { cause, .. } => Phase::Blocked(*cause),
            State::Failed(cause) => Phase::Failed(*cause),
        };
        Health { phase, paper: self.status.paper, feedback: self.feedback }
    }

    /// Bytes of no meaning dropped since the start; for diagnostics.
    #[must_use]
    pub fn dropped_bytes(&self) -> u64 {
        self.demux.dropped()
    }

    // ---- link

    fn link_up(&mut self, now: Instant) {
        self.demux.reset();
        self.status = Status { paper: self.status.paper, ..Status::default() };
        self.unwritten = 0;
        self.open_markers = 0;
        self.checked_at = None;
        self.asb_works = false;
        if self.support == StatusSupport::None {
            self.go_blind(now);
        } else {
            self.begin_probing(now);
        }
    }

    fn begin_probing(&mut self, now: Instant) {
        self.state = State::Probing;
        self.start_probe(Resync::Allowed, now);
    }

    fn go_blind(&mut self, now: Instant) {
        self.feedback = Feedback::Blind;
        self.attempts = 0;
        self.enter_ready(now);
    }

    fn enter_ready(&mut self, now: Instant) {
        let asb = matches!(self.support, StatusSupport::Asb | StatusSupport::Detect);
        let arrived = matches!(self.state, State::Probing);
        if asb && arrived && !self.asb_works && self.feedback == Feedback::Answers {
            // So that an opened cover is known before the next slip is wanted.
            self.write(vec![0x1D, 0x61, 0xFF]);
        }
        self.state = State::Ready;
        self.cutter = CutterTry::Waiting;
        self.schedule_poll(now);
    }

    /// The link is gone, or useless: everything open ends, and a new try is planned.
    fn link_lost(&mut self, cause: Cause, now: Instant) {
        self.abandon(cause);
        self.probe = None;
        self.unwritten = 0;
        let pause = BACK_OFF[self.attempts.min(BACK_OFF.len() - 1)];
        self.attempts += 1;
        self.state = State::Absent { retry_at: Some(now + pause) };
    }

    fn drop_link(&mut self, cause: Cause, now: Instant) {
        self.effects.push_back(Effect::DropWrites);
        self.effects.push_back(Effect::Close);
        self.link_lost(cause, now);
    }

    fn retry(&mut self, now: Instant) {
        self.cutter = CutterTry::Waiting;
        match &mut self.state {
            State::Absent { retry_at: Some(at) } => *at = now,
            State::Failed(_) | State::Blocked { .. } => {
                self.cleanup = self.cleanup.max(Cleanup::Buffers);
                self.begin_probing(now);
            }
            _ => {}
        }
    }

    // ---- jobs

    fn submit(&mut self, job: Job) {
        let refused = match &self.state {
            State::Blocked { cause, .. } | State::Failed(cause) => Some(*cause),
            // At the very first try a job waits; after a failed one nobody is kept waiting.
            State::Absent { .. } | State::Probing if self.attempts > 0 => Some(Cause::Absent),
            _ if self.queue.len() >= QUEUE_MAX => Some(Cause::QueueFull),
            _ => None,
        };
        match refused {
            Some(cause) => self.outcome(job.id, Outcome::NotPrinted { cause }),
            None => self.queue.push_back(job),
        }
    }

    fn outcome(&mut self, id: JobId, outcome: Outcome) {
        self.effects.push_back(Effect::Outcome { id, outcome });
    }

    /// Ends the running job and refuses the waiting ones.
    fn abandon(&mut self, cause: Cause) {
        self.end_flight(cause);
        self.refuse_queue(cause);
    }

    fn refuse_queue(&mut self, cause: Cause) {
        while let Some(job) = self.queue.pop_front() {
            self.outcome(job.id, Outcome::NotPrinted { cause });
        }
    }

    /// Ends a running job short of its marker. The state must be replaced by the caller.
    fn end_flight(&mut self, cause: Cause) {
        let State::Busy(flight) = &self.state else { return };
        let (id, sent, all) = (flight.job.id, flight.sent, flight.job.bytes.len());
        if sent == 0 {
            self.outcome(id, Outcome::NotPrinted { cause });
        } else {
            let left = if sent < all { Cleanup::HalfCommand } else { Cleanup::Buffers };
            self.cleanup = self.cleanup.max(left);
            self.outcome(id, Outcome::Unknown { cause });
        }
        self.effects.push_back(Effect::DropWrites);
        self.unwritten = 0;
        self.state = State::Probing;
    }

    /// Starts the next job when the printer is ready, checked, and the line idle.
    fn advance(&mut self, now: Instant) {
        if !matches!(self.state, State::Ready) || self.queue.is_empty() || self.unwritten > 0 {
            return;
        }
        let fresh = self.checked_at.is_some_and(|at| now < at + CHECK_VALID);
        if fresh || self.feedback == Feedback::Blind {
            self.launch(now);
        } else if self.probe.is_none() {
            self.start_probe(Resync::Allowed, now);
        }
    }

    fn launch(&mut self, now: Instant) {
        let Some(job) = self.queue.pop_front() else { return };
        self.probe = None;
        self.checked_at = None;
        if self.marker == EndMarker::PaperStatus {
            self.open_markers += 1;
        }
        self.write(job.bytes.clone());
        self.state = State::Busy(Flight { job, sent: 0, until: now + SEND_STALL, hot_since: None });
    }

    fn write(&mut self, bytes: Vec<u8>) {
        self.unwritten += bytes.len();
        self.effects.push_back(Effect::Write(bytes));
    }

    fn written(&mut self, count: usize, now: Instant) {
        self.unwritten = self.unwritten.saturating_sub(count);
        let State::Busy(flight) = &mut self.state else { return };
        let all = flight.job.bytes.len();
        if flight.sent == all {
            return;
        }
        flight.sent = (flight.sent + count).min(all);
        if flight.sent < all {
            flight.until = now + SEND_STALL;
            return;
        }
        let rows = flight.job.raster_rows.div_ceil(1000);
        flight.until = now + END_MARKER + END_PER_1000_ROWS * rows;
        self.next_poll = now + BLOCKED_POLL;
        if self.feedback == Feedback::Blind {
            let id = flight.job.id;
            self.outcome(id, Outcome::Sent);
            self.enter_ready(now);
        }
    }

    fn finished(&mut self, now: Instant) {
        if let State::Busy(flight) = &self.state {
            let id = flight.job.id;
            self.outcome(id, Outcome::Done);
            self.probe = None;
            self.enter_ready(now);
        }
    }

    // ---- replies

    fn bytes(&mut self, bytes: &[u8], now: Instant) {
        let mut replies = Vec::new();
        self.demux.push(bytes, |reply| replies.push(reply));
        for reply in replies {
            self.reply(reply, now);
        }
    }

    fn reply(&mut self, reply: Reply, now: Instant) {
        // Noise on a one-way line is no answer: nothing was asked.
        let one_way = self.support == StatusSupport::None;
        if one_way || matches!(self.state, State::Absent { .. }) {
            return;
        }
        self.ever_answered = true;
        self.feedback = Feedback::Answers;
        match reply {
            Reply::Asb(asb) => {
                self.asb_works = true;
                self.status = Status::from_asb(asb);
                if let Some(probe) = &mut self.probe {
                    probe.on_asb(now);
                }
                if !matches!(self.state, State::Probing) {
                    self.settle(now);
                }
            }
            Reply::RealTime(byte) => self.real_time(byte, now),
            Reply::JobDone(id) => {
                if self.waits_for_end().is_some_and(|job| job.id.bytes() == id) {
                    self.finished(now);
                }
            }
            Reply::Buffered(_) => self.marker_answer(now),
            Reply::Xon | Reply::Xoff | Reply::Block(_) => {}
        }
    }

    fn waits_for_end(&self) -> Option<&Job> {
        match &self.state {
            State::Busy(flight) if flight.sent == flight.job.bytes.len() => Some(&flight.job),
            _ => None,
        }
    }

    /// GS r answers carry no id: answers still owed to earlier jobs are counted off first.
    fn marker_answer(&mut self, now: Instant) {
        if self.marker != EndMarker::PaperStatus || self.open_markers == 0 {
            return;
        }
        self.open_markers -= 1;
        if self.open_markers == 0 && self.waits_for_end().is_some() {
            self.finished(now);
        }
    }

    fn real_time(&mut self, byte: u8, now: Instant) {
        // Unasked answers occur: picture bytes can look like a request (1.3).
        let Some(mut probe) = self.probe.take() else { return };
        let mut out = Vec::new();
        let progress = probe.on_reply(byte, &mut self.status, now, &mut out);
        self.probe = Some(probe);
        self.probe_progress(progress, out, now);
    }

    fn start_probe(&mut self, resync: Resync, now: Instant) {
        let mut out = Vec::new();
        self.probe = Some(Probe::start(now, resync, &mut out));
        self.write(out);
    }

    fn probe_progress(&mut self, progress: Progress, out: Vec<u8>, now: Instant) {
        if !out.is_empty() {
            self.write(out);
        }
        match progress {
            Progress::Going => {}
            Progress::Complete => {
                self.probe = None;
                self.attempts = 0;
                self.checked_at = Some(now);
                self.schedule_poll(now);
                self.settle(now);
            }
            Progress::Silent => {
                self.probe = None;
                self.silent(now);
            }
        }
    }

    fn silent(&mut self, now: Instant) {
        let detecting = self.support == StatusSupport::Detect && !self.ever_answered;
        if matches!(self.state, State::Busy(_)) {
            // The end marker's own time decides.
            self.next_poll = now + BLOCKED_POLL;
        } else if detecting && matches!(self.state, State::Probing) {
            self.go_blind(now);
        } else {
            self.drop_link(Cause::Silent, now);
        }
    }

    // ---- condition

    /// Draws the consequence of a fresh status.
    fn settle(&mut self, now: Instant) {
        self.watch_roll();
        let Some(cause) = self.status.trouble() else { return self.all_clear(now) };
        match &mut self.state {
            State::Absent { .. } => {}
            State::Busy(flight) => match cause {
                // Goes away by itself, and the job goes on.
                Cause::HeadHot => {
                    let since = *flight.hot_since.get_or_insert(now);
                    flight.until = flight.until.max(since + HEAD_HOT_MAX);
                }
                Cause::OffLine => {}
                _ => {
                    self.end_flight(cause);
                    self.block(cause, now);
                }
            },
            State::Blocked { cause: known, .. } if *known == cause => self.keep_blocked(cause, now),
            State::Failed(known) if *known == cause => {}
            _ => self.block(cause, now),
        }
    }

    fn block(&mut self, cause: Cause, now: Instant) {
        self.refuse_queue(cause);
        self.next_poll = now + BLOCKED_POLL;
        self.state = if cause == Cause::Unrecoverable
            || (cause == Cause::Cutter && self.cutter == CutterTry::Used)
        {
            State::Failed(cause)
        } else {
            State::Blocked { cause, since: now }
        };
        self.keep_blocked(cause, now);
    }

    /// 1.6 rule 6: once staff have opened and closed the cover, one try to recover the cutter.
    fn keep_blocked(&mut self, cause: Cause, now: Instant) {
        if cause != Cause::Cutter {
            return;
        }
        match (self.cutter, self.status.cover_open) {
            (CutterTry::Waiting, true) => self.cutter = CutterTry::CoverSeen,
            // An open question is let finish first; its end comes by here again.
            (CutterTry::CoverSeen, false) if self.probe.is_none() => {
                self.cutter = CutterTry::Used;
                self.cleanup = self.cleanup.max(Cleanup::Buffers);
                self.recover(now);
            }
            _ => {}
        }
    }

    fn all_clear(&mut self, now: Instant) {
        match &mut self.state {
            State::Busy(flight) => flight.hot_since = None,
            State::Absent { .. } => {}
            State::Probing | State::Blocked { .. } | State::Failed(_)
                if self.cleanup > Cleanup::Nothing =>
            {
                self.recover(now);
            }
            State::Probing | State::Blocked { .. } | State::Failed(_) => self.enter_ready(now),
            State::Ready => {}
        }
    }

    /// Clears what an interrupted job left in the printer, so that new paper does not bring out
    /// its rest (1.6 rules 6 and 8), then asks again.
    fn recover(&mut self, now: Instant) {
        let mut bytes = vec![0x10, 0x05, 0x02];
        if self.cleanup == Cleanup::HalfCommand {
            bytes.resize(bytes.len() + FLUSH_BYTES, 0);
        }
        bytes.extend_from_slice(&[0x1B, 0x40]);
        if self.support != StatusSupport::Poll {
            bytes.extend_from_slice(&[0x1D, 0x61, 0xFF]);
        }
        self.cleanup = Cleanup::Nothing;
        self.open_markers = 0;
        self.write(bytes);
        self.begin_probing(now);
    }

    fn watch_roll(&mut self) {
        match self.status.paper {
            Paper::NearEnd if !self.paper_low_told => {
                self.paper_low_told = true;
                self.effects.push_back(Effect::PaperLow);
            }
            Paper::Adequate => self.paper_low_told = false,
            _ => {}
        }
    }

    fn tell_health(&mut self) {
        let health = self.health();
        if self.told != Some(health) {
            self.told = Some(health);
            self.effects.push_back(Effect::Health(health));
        }
    }

    // ---- time

    fn polls(&self) -> bool {
        match &self.state {
            State::Ready | State::Blocked { .. } | State::Failed(_) => {
                self.feedback == Feedback::Answers
            }
            State::Busy(_) => self.feedback == Feedback::Answers && self.waits_for_end().is_some(),
            State::Absent { .. } | State::Probing => false,
        }
    }

    fn schedule_poll(&mut self, now: Instant) {
        let pause = match &self.state {
            State::Blocked { .. } | State::Busy(_) => BLOCKED_POLL,
            State::Ready if self.asb_works => IDLE_HEARTBEAT,
            _ => IDLE_POLL,
        };
        self.next_poll = now + pause;
    }

    fn tick(&mut self, now: Instant) {
        match &mut self.state {
            State::Absent { retry_at } => {
                if retry_at.is_some_and(|at| now >= at) {
                    *retry_at = None;
                    self.effects.push_back(Effect::Open);
                }
                return;
            }
            State::Busy(flight) if now >= flight.until => return self.flight_too_late(now),
            State::Blocked { cause: Cause::HeadHot, since } if now >= *since + HEAD_HOT_MAX => {
                self.state = State::Failed(Cause::HeadHot);
            }
            _ => {}
        }
        if let Some(mut probe) = self.probe.take() {
            let mut out = Vec::new();
            let progress = probe.on_tick(now, self.unwritten == 0, &mut out);
            self.probe = Some(probe);
            self.probe_progress(progress, out, now);
        } else if self.polls() && now >= self.next_poll {
            let busy = matches!(self.state, State::Busy(_));
            self.start_probe(if busy { Resync::Forbidden } else { Resync::Allowed }, now);
        }
    }

    fn flight_too_late(&mut self, now: Instant) {
        if self.waits_for_end().is_none() {
            return self.drop_link(Cause::Stuck, now);
        }
        let cause = self.status.trouble().unwrap_or(Cause::Silent);
        self.end_flight(cause);
        self.begin_probing(now);
    }
}

#[cfg(test)]
#[path = "spooler_tests.rs"]
mod tests;
