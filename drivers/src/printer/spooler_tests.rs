use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

fn job(number: u8) -> Job {
    let id = JobId::from_bytes([b'T', b'0', b'0', number + 0x30]).unwrap();
    let bytes = vec![0xE0 + number, 1, 2, 3, 4, 5, 6, 7];
    Job { id, bytes, raster_rows: 0, notes: super::super::job::Notes::default() }
}

/// A spooler with a clock and everything it did.
struct Rig {
    spooler: Spooler,
    now: Instant,
    wire: Vec<u8>,
    outcomes: Vec<(JobId, Outcome)>,
    opens: usize,
    lows: usize,
}

impl Rig {
    fn new(support: StatusSupport, marker: EndMarker) -> Self {
        let now = Instant::now();
        let spooler = Spooler::new(support, marker, now);
        Self { spooler, now, wire: Vec::new(), outcomes: Vec::new(), opens: 0, lows: 0 }
    }

    /// Ready, asked and answered, as a healthy printer.
    fn ready(support: StatusSupport, marker: EndMarker) -> Self {
        let mut rig = Self::new(support, marker);
        rig.input(Input::Tick);
        assert_eq!(rig.opens, 1);
        rig.input(Input::LinkUp);
        rig.answer_probe();
        assert_eq!(rig.phase(), Phase::Ready);
        // The check made on arrival is no longer fresh.
        rig.now += CHECK_VALID;
        rig
    }

    fn phase(&self) -> Phase {
        self.spooler.health().phase
    }

    /// Writes nothing by itself: returns bytes to write, which the caller reports as written.
    fn input(&mut self, input: Input<'_>) {
        self.spooler.handle(input, self.now);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(effect) = self.spooler.poll_effect() {
            match effect {
                Effect::Write(bytes) => self.wire.extend(bytes),
                Effect::DropWrites => self.wire.clear(),
                Effect::Outcome { id, outcome } => self.outcomes.push((id, outcome)),
                Effect::Open => self.opens += 1,
                Effect::PaperLow => self.lows += 1,
                Effect::Close | Effect::Health(_) => {}
            }
        }
    }

    /// Lets the link take everything; returns it.
    fn drain(&mut self) -> Vec<u8> {
        let wire = std::mem::take(&mut self.wire);
        if !wire.is_empty() {
            self.input(Input::Written(wire.len()));
        }
        wire
    }

    /// Answers questions as a printer without trouble until none is asked.
    fn answer_probe(&mut self) {
        for _ in 0..8 {
            if !self.drain().ends_with(&[0x10, 0x04, 1]) && self.spooler.probe.is_none() {
                return;
            }
            self.input(Input::Bytes(&[0x12]));
        }
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.input(Input::Tick);
    }

    /// Brings a job to where all its bytes have left.
    fn sent(&mut self, number: u8) {
        self.input(Input::Submit(job(number)));
        for _ in 0..3 {
            assert_eq!(self.drain().len(), 3, "one question at a time");
            self.input(Input::Bytes(&[0x12]));
        }
        assert_eq!(self.drain(), job(number).bytes);
        assert_eq!(self.phase(), Phase::Busy);
    }

    fn end(&self) -> Outcome {
        assert_eq!(self.outcomes.len(), 1, "{:?}", self.outcomes);
        self.outcomes[0].1
    }
}

const ASB_READY: Input<'static> = Input::Bytes(&[0x10, 0, 0, 0]);
const ASB_PAPER_OUT: Input<'static> = Input::Bytes(&[0x18, 0, 0x0F, 0]);

fn unknown(cause: Cause) -> Outcome {
    Outcome::Unknown { cause }
}

#[test]
fn done_only_on_the_marker_of_this_job() {
    let mut rig = Rig::ready(StatusSupport::Asb, EndMarker::ProcessId);
    rig.sent(1);
    rig.input(Input::Bytes(b"\x37\x22T009\0"));
    rig.input(Input::Bytes(&[0x00]));
    assert!(rig.outcomes.is_empty(), "an answer to an earlier job");
    rig.input(Input::Bytes(b"\x37\x22T001\0"));
    assert_eq!(rig.end(), Outcome::Done);
    assert_eq!(rig.phase(), Phase::Ready);
}

#[test]
fn an_answer_owed_to_an_earlier_job_does_not_end_this_one() {
    let mut rig = Rig::ready(StatusSupport::Poll, EndMarker::PaperStatus);
    rig.sent(1);
    rig.input(Input::Bytes(&[0x00]));
    assert_eq!(rig.outcomes.pop().unwrap().1, Outcome::Done);
    rig.sent(2);
    // Time runs out; the paper request stays unanswered.
    for _ in 0..20 {
        rig.wait(Duration::from_secs(1));
        rig.answer_probe();
    }
    assert_eq!(rig.outcomes.pop().unwrap().1, unknown(Cause::Silent));
    assert!(!rig.wire.windows(8).any(|w| w == job(2).bytes), "not printed again");
}

#[test]
fn paper_end_in_mid_job_is_unknown_and_new_paper_clears_the_buffer_first() {
    let mut rig = Rig::ready(StatusSupport::Asb, EndMarker::ProcessId);
    rig.sent(1);
    rig.input(ASB_PAPER_OUT);
    assert_eq!(rig.end(), unknown(Cause::PaperOut));
    assert_eq!(rig.phase(), Phase::Blocked(Cause::PaperOut));
    rig.drain();
    rig.input(ASB_READY);
    let sent = rig.drain();
    assert!(sent.starts_with(&[0x10, 0x05, 0x02, 0x1B, 0x40, 0x1D, 0x61, 0xFF]), "{sent:02X?}");
    rig.input(Input::Bytes(&[0x12]));
    rig.answer_probe();
    assert_eq!(rig.phase(), Phase::Ready);
    assert_eq!(rig.outcomes.len(), 1);
}

#[test]
fn a_job_is_refused_at_once_while_blocked() {
    let mut rig = Rig::ready(StatusSupport::Asb, EndMarker::ProcessId);
    rig.input(Input::Bytes(&[0x38, 0, 0, 0]));
    rig.input(Input::Submit(job(1)));
    assert_eq!(rig.end(), Outcome::NotPrinted { cause: Cause::CoverOpen });
    rig.input(ASB_READY);
    assert_eq!(rig.phase(), Phase::Ready);
}

#[test]
fn a_link_lost_before_the_first_byte_leaves_no_doubt() {
    let mut rig = Rig::ready(StatusSupport::Asb, EndMarker::ProcessId);
    rig.input(Input::Submit(job(1)));
    for _ in 0..3 {
        rig.drain();
        rig.input(Input::Bytes(&[0x12]));
    }
    assert_eq!(rig.phase(), Phase::Busy);
    rig.input(Input::LinkDown);
    assert_eq!(rig.end(), Outcome::NotPrinted { cause: Cause::Absent });
}

#[test]
fn a_link_lost_after_the_first_byte_is_unknown_and_back_off_grows() {
    let mut rig = Rig::ready(StatusSupport::Asb, EndMarker::ProcessId);
    rig.sent(1);
    rig.input(Input::LinkDown);
    assert_eq!(rig.end(), unknown(Cause::Absent));
    for (at, pause) in [1, 2, 5, 10, 10].into_iter().enumerate() {
        assert_eq!(rig.spooler.deadline(), Some(rig.now + Duration::from_secs(pause)));
        rig.wait(Duration::from_secs(pause));
        assert_eq!(rig.opens, at + 2);
        rig.input(Input::LinkDown);
    }
}

#[test]
fn a_stuck_write_is_given_up() {
    let mut rig = Rig::ready(StatusSupport::Asb, EndMarker::ProcessId);
    rig.input(Input::Submit(job(1)));
    for _ in 0..3 {
        rig.drain();
        rig.input(Input::Bytes(&[0x12]));
    }
    rig.input(Input::Written(3));
    rig.wait(SEND_STALL);
    assert_eq!(rig.end(), unknown(Cause::Stuck));
    assert_eq!(rig.phase(), Phase::Absent);
    // Back again, the half command is filled up before anything else is printed.
    rig.wait(BACK_OFF[0]);
    rig.input(Input::LinkUp);
    let mut flushed = 0;
    for _ in 0..12 {
        flushed += rig.drain().iter().filter(|byte| **byte == 0).count();
        rig.input(Input::Bytes(&[0x12]));
    }
    assert!(flushed >= FLUSH_BYTES, "{flushed}");
    assert_eq!(rig.phase(), Phase::Ready);
}

#[test]
fn silence_gets_the_reset_sequence_and_then_absent() {
    let mut rig = Rig::new(StatusSupport::Asb, EndMarker::ProcessId);
    rig.input(Input::Tick);
    rig.input(Input::LinkUp);
    rig.input(Input::Submit(job(1)));
    assert_eq!(rig.drain(), [0x10, 4, 1]);
    rig.wait(Duration::from_secs(2));
    let reset = rig.drain();
    assert_eq!(&reset[8192..], &[0x1B, 0x40, 0x1D, 0x61, 0xFF, 0x10, 4, 1]);
    for _ in 0..8 {
        rig.wait(Duration::from_secs(1));
        rig.drain();
    }
    assert_eq!(rig.phase(), Phase::Absent);
    assert_eq!(rig.end(), Outcome::NotPrinted { cause: Cause::Silent });
}

#[test]
fn a_printer_that_never_answers_is_printed_to_blind_only_where_that_is_expected() {
    let mut rig = Rig::new(StatusSupport::Detect, EndMarker::PaperStatus);
    rig.input(Input::Tick);
    rig.input(Input::LinkUp);
    for _ in 0..11 {
        rig.drain();
        rig.wait(Duration::from_secs(1));
    }
    assert_eq!(rig.spooler.health().feedback, Feedback::Blind);
    rig.drain();
    rig.input(Input::Submit(job(1)));
    assert_eq!(rig.drain(), job(1).bytes);
    assert_eq!(rig.end(), Outcome::Sent);
}

#[test]
fn noise_on_a_one_way_line_is_no_answer() {
    let mut rig = Rig::new(StatusSupport::None, EndMarker::PaperStatus);
    rig.input(Input::Tick);
    rig.input(Input::LinkUp);
    rig.input(Input::Bytes(&[0x00, 0x12]));
    rig.input(Input::Submit(job(1)));
    assert_eq!(rig.drain(), job(1).bytes);
    assert_eq!(rig.end(), Outcome::Sent);
}

#[test]
fn answers_three_seconds_late_still_lead_to_ready() {
    let mut rig = Rig::new(StatusSupport::Poll, EndMarker::PaperStatus);
    rig.input(Input::Tick);
    rig.input(Input::LinkUp);
    let mut due: VecDeque<Instant> = VecDeque::new();
    for _ in 0..400 {
        let asked = rig.drain().windows(2).filter(|w| *w == [0x10, 0x04]).count();
        for _ in 0..asked {
            due.push_back(rig.now + Duration::from_secs(3));
        }
        if due.front().is_some_and(|at| *at <= rig.now) {
            due.pop_front();
            // 16: drawer pin high to n = 1, cover open to n = 2. Asked by turns it stays apart.
            rig.input(Input::Bytes(&[0x12]));
        }
        assert_ne!(rig.phase(), Phase::Absent);
        if rig.phase() == Phase::Ready {
            return;
        }
        rig.wait(Duration::from_millis(100));
    }
    panic!("never ready: {:?}", rig.spooler);
}

#[test]
fn near_end_warns_once_per_roll_and_stops_nothing() {
    let mut rig = Rig::ready(StatusSupport::Asb, EndMarker::ProcessId);
    for _ in 0..3 {
        rig.input(Input::Bytes(&[0x10, 0, 3, 0]));
    }
    assert_eq!((rig.lows, rig.phase()), (1, Phase::Ready));
    rig.input(ASB_PAPER_OUT);
    rig.input(Input::Bytes(&[0x10, 0, 0, 0]));
    rig.input(Input::Bytes(&[0x10, 0, 3, 0]));
    assert_eq!(rig.lows, 2, "a new roll");
}

#[test]
fn the_cutter_gets_one_try_after_the_cover_was_opened_then_staff() {
    let mut rig = Rig::ready(StatusSupport::Asb, EndMarker::ProcessId);
    rig.sent(1);
    rig.input(Input::Bytes(&[0x18, 8, 0, 0]));
    assert_eq!(rig.end(), unknown(Cause::Cutter));
    rig.drain();
    rig.input(Input::Bytes(&[0x38, 8, 0, 0]));
    assert!(rig.drain().is_empty(), "not while the cover is open");
    rig.input(Input::Bytes(&[0x18, 8, 0, 0]));
    assert!(rig.drain().starts_with(&[0x10, 0x05, 0x02, 0x1B, 0x40]));
    // Still jammed: n = 1 off line, n = 2 error, n = 3 cutter, n = 4 fine.
    for byte in [0x1A, 0x52, 0x1A, 0x12] {
        rig.input(Input::Bytes(&[byte]));
        rig.drain();
    }
    assert_eq!(rig.phase(), Phase::Failed(Cause::Cutter));
    rig.input(Input::Bytes(&[0x38, 8, 0, 0]));
    rig.input(Input::Bytes(&[0x18, 8, 0, 0]));
    assert_eq!(rig.phase(), Phase::Failed(Cause::Cutter), "one try only");
    rig.input(Input::Retry);
    assert_eq!(rig.phase(), Phase::Probing);
}

#[test]
fn a_hot_head_is_waited_for_and_the_job_goes_on() {
    let mut rig = Rig::ready(StatusSupport::Asb, EndMarker::ProcessId);
    rig.sent(1);
    rig.input(Input::Bytes(&[0x18, 0x40, 0, 0]));
    for _ in 0..15 {
        rig.wait(Duration::from_secs(2));
        rig.wire.clear();
        rig.spooler.unwritten = 0;
    }
    assert!(rig.outcomes.is_empty());
    rig.input(ASB_READY);
    rig.input(Input::Bytes(b"\x37\x22T001\0"));
    assert_eq!(rig.end(), Outcome::Done);
}

#[test]
fn the_queue_is_bounded() {
    let mut rig = Rig::ready(StatusSupport::Asb, EndMarker::ProcessId);
    for number in 0..=u8::try_from(QUEUE_MAX).unwrap() {
        rig.input(Input::Submit(job(number)));
    }
    assert_eq!(rig.end(), Outcome::NotPrinted { cause: Cause::QueueFull });
}

#[derive(Debug, Clone)]
enum Act {
    Submit,
    Drain,
    Partial(usize),
    Bytes(Vec<u8>),
    AnswerJob,
    Wait(u64),
    Up,
    Down,
    Retry,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => Just(Act::Submit),
        4 => Just(Act::Drain),
        1 => (1_usize..6).prop_map(Act::Partial),
        6 => Just(Act::Bytes(vec![0x12])),
        1 => proptest::sample::select(vec![
            vec![0x10, 0, 0, 0], vec![0x18, 0, 0x0F, 0], vec![0x38, 0, 0, 0],
            vec![0x18, 8, 0, 0], vec![0x18, 0x40, 0, 0], vec![0x10, 0, 3, 0], vec![0x00],
        ]).prop_map(Act::Bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..6).prop_map(Act::Bytes),
        2 => Just(Act::AnswerJob),
        2 => (0_u64..20_000).prop_map(Act::Wait),
        2 => Just(Act::Up),
        1 => Just(Act::Down),
        1 => Just(Act::Retry),
    ]
}

proptest! {
    /// Model: jobs by number, how often each one's bytes were handed to the link, its outcomes.
    #[test]
    fn each_job_is_written_at_most_once_and_ends_exactly_once(
        acts in proptest::collection::vec(act(), 1..120),
        support in proptest::sample::select(vec![
            StatusSupport::Asb, StatusSupport::Poll, StatusSupport::Detect, StatusSupport::None]),
        marker in proptest::sample::select(vec![EndMarker::ProcessId, EndMarker::PaperStatus]),
    ) {
        let mut now = Instant::now();
        let mut spooler = Spooler::new(support, marker, now);
        let (mut unwritten, mut linked, mut opening) = (0_usize, false, false);
        let mut submitted: Vec<JobId> = Vec::new();
        let mut written: HashMap<u8, u32> = HashMap::new();
        let mut ended: HashMap<JobId, u32> = HashMap::new();
        let mut run = |spooler: &mut Spooler, input: Input<'_>, now: Instant,
                       unwritten: &mut usize, linked: &mut bool, opening: &mut bool| {
            spooler.handle(input, now);
            while let Some(effect) = spooler.poll_effect() {
                match effect {
                    Effect::Write(bytes) => {
                        assert!(*linked, "nothing is written without a link");
                        *unwritten += bytes.len();
                        if bytes[0] >= 0xE0 {
                            *written.entry(bytes[0]).or_default() += 1;
                        }
                    }
                    Effect::DropWrites => *unwritten = 0,
                    Effect::Open => *opening = true,
                    Effect::Close => { *linked = false; *unwritten = 0; }
                    Effect::Outcome { id, .. } => *ended.entry(id).or_default() += 1,
                    Effect::Health(_) | Effect::PaperLow => {}
                }
            }
        };
        for act in acts {
            let input = match &act {
                Act::Submit if submitted.len() < 16 => {
                    let job = job(u8::try_from(submitted.len()).unwrap());
                    submitted.push(job.id);
                    Input::Submit(job)
                }
                Act::Drain if unwritten > 0 => Input::Written(std::mem::take(&mut unwritten)),
                Act::Partial(count) if unwritten > 0 => {
                    let count = (*count).min(unwritten);
                    unwritten -= count;
                    Input::Written(count)
                }
                Act::Bytes(bytes) if linked => Input::Bytes(bytes),
                Act::AnswerJob if linked => Input::Bytes(b"\x37\x22T000\0"),
                Act::Wait(ms) => { now += Duration::from_millis(*ms); Input::Tick }
                Act::Up if opening => { opening = false; linked = true; unwritten = 0; Input::LinkUp }
                Act::Down if opening || linked => {
                    opening = false; linked = false; unwritten = 0; Input::LinkDown
                }
                Act::Retry => Input::Retry,
                _ => Input::Tick,
            };
            run(&mut spooler, input, now, &mut unwritten, &mut linked, &mut opening);
        }
        run(&mut spooler, Input::Stop, now, &mut unwritten, &mut linked, &mut opening);
        for id in &submitted {
            prop_assert_eq!(ended.get(id), Some(&1), "outcomes of {}", id);
        }
        prop_assert_eq!(ended.len(), submitted.len());
        prop_assert!(written.values().all(|count| *count == 1), "{:?}", written);
    }
}
