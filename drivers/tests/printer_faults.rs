//! Driver and simulator over real transports: every printer fault of peripherals.md section 7.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use drivers::port::{Direction, Port, Tap};
use drivers::printer::describe::{Sent, SentReader};
use drivers::printer::device::{PrinterEvent, PrinterHandle, ZeroRead};
use drivers::printer::font::Fonts;
use drivers::printer::job::JobId;
use drivers::printer::profile::{EndMarker, Profile, ProfileName, StatusSupport};
use drivers::printer::slip::Slip;
use drivers::printer::spooler::{Feedback, Outcome, Phase};
use drivers::printer::status::Cause;
use drivers::sim::printer::{Fault, Listen, PrinterSim, PrinterSimConfig, SimEvent};

/// Bound for facts that come at once.
const SOON: Duration = Duration::from_secs(8);
/// Bound for facts behind the 10 and 15 second limits of 1.5.
const LATER: Duration = Duration::from_secs(40);

struct Desk {
    sim: PrinterSim,
    printer: PrinterHandle,
    events: Receiver<PrinterEvent>,
    seen: Vec<PrinterEvent>,
}

fn slip() -> Slip {
    let mut slip = Slip::new().heading("扬中市图书馆");
    for title in ["植物与人", "小王子", "红楼梦", "三体", "平凡的世界"] {
        slip = slip.columns(title, "还 2027-01-05");
    }
    slip.code128("YZ0001234").qr("YZ0001234").cut()
}

impl Desk {
    fn new(name: ProfileName, faults: &[Fault]) -> Self {
        Self::with(PrinterSimConfig { faults: faults.to_vec(), ..PrinterSimConfig::new(name) })
    }

    fn with(config: PrinterSimConfig) -> Self {
        let profile = config.profile.clone();
        Self::with_profile(config, profile)
    }

    fn with_profile(config: PrinterSimConfig, profile: Profile) -> Self {
        let sim = PrinterSim::start(config).unwrap();
        let (tell, events) = channel();
        let sink = Box::new(move |event| tell.send(event).unwrap_or_default());
        let printer =
            PrinterHandle::start(sim.port_spec(), profile, Fonts::default(), None, sink).unwrap();
        Self { sim, printer, events, seen: Vec::new() }
    }

    fn until<T>(&mut self, limit: Duration, pick: impl Fn(&PrinterEvent) -> Option<T>) -> T {
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(event) = self.events.recv_timeout(left) else {
                panic!("not seen in {limit:?}: {:?} {:?}", self.seen, self.printer.health());
            };
            self.seen.push(event);
            if let Some(found) = pick(&event) {
                return found;
            }
        }
    }

    fn phase(&mut self, limit: Duration, wanted: Phase) {
        self.until(limit, |event| match event {
            PrinterEvent::Health(health) => (health.phase == wanted).then_some(()),
            _ => None,
        });
    }

    fn outcome(&mut self, limit: Duration, wanted: JobId) -> Outcome {
        self.until(limit, |event| match event {
            PrinterEvent::Outcome { id, outcome } => (*id == wanted).then_some(*outcome),
            _ => None,
        })
    }

    fn print(&mut self, limit: Duration) -> Outcome {
        let id = self.printer.submit(&slip()).unwrap();
        self.outcome(limit, id)
    }

    fn printed(&self, count: usize) {
        let receipts = self.sim.wait_receipts(count, SOON);
        assert_eq!(receipts.len(), count);
        for receipt in receipts {
            for part in ["扬中市图书馆", "平凡的世界", "[CODE128 YZ0001234]", "[QR YZ0001234]"]
            {
                assert!(receipt.text.contains(part), "{part} in {}", receipt.text);
            }
        }
        assert_eq!(self.sim.drawer_pulses(), 0);
    }
}

const UNKNOWN_PAPER: Outcome = Outcome::Unknown { cause: Cause::PaperOut };

#[test]
fn a_healthy_printer_says_done() {
    let mut desk = Desk::new(ProfileName::EpsonTmT20ii, &[]);
    assert_eq!(desk.print(SOON), Outcome::Done);
    assert_eq!(desk.print(SOON), Outcome::Done);
    desk.printed(2);
}

#[test]
fn the_same_over_a_pty_and_the_plug_pulled_out() {
    let dir = tempfile::tempdir().unwrap();
    let config = PrinterSimConfig {
        listen: Listen::Pty(dir.path().join("printer")),
        ..PrinterSimConfig::new(ProfileName::EpsonTmT20ii)
    };
    let mut desk = Desk::with(config);
    assert_eq!(desk.print(SOON), Outcome::Done);
    desk.printed(1);
    // ENODEV at byte N.
    desk.sim.set_fault(Fault::DropLinkAfter(60));
    assert!(matches!(desk.print(SOON), Outcome::Unknown { cause: Cause::Absent }));
    desk.phase(SOON, Phase::Ready);
    assert_eq!(desk.print(SOON), Outcome::Done);
}

#[test]
fn silent_is_absent_and_the_slip_is_surely_not_printed() {
    let mut desk = Desk::new(ProfileName::EpsonTmT20ii, &[Fault::Silent]);
    assert_eq!(desk.print(LATER), Outcome::NotPrinted { cause: Cause::Silent });
    assert_eq!(desk.print(SOON), Outcome::NotPrinted { cause: Cause::Absent }, "nobody waits");
    desk.sim.clear_faults();
    desk.phase(LATER, Phase::Ready);
    assert_eq!(desk.print(SOON), Outcome::Done);
    desk.printed(1);
}

#[test]
fn answers_three_seconds_late() {
    let late = Fault::Late(Duration::from_secs(3));
    let mut desk = Desk::new(ProfileName::EpsonTmT20ii, &[late]);
    assert_eq!(desk.print(Duration::from_secs(90)), Outcome::Done);
    desk.printed(1);
}

#[test]
fn paper_out_in_mid_job_is_unknown_and_new_paper_prints_no_rest() {
    let mut desk = Desk::new(ProfileName::EpsonTmT20ii, &[]);
    desk.phase(SOON, Phase::Ready);
    desk.sim.set_fault(Fault::PaperOutAfter(100));
    assert_eq!(desk.print(SOON), UNKNOWN_PAPER);
    desk.phase(SOON, Phase::Blocked(Cause::PaperOut));
    assert_eq!(desk.print(SOON), Outcome::NotPrinted { cause: Cause::PaperOut });
    desk.sim.clear_faults();
    desk.phase(SOON, Phase::Ready);
    assert_eq!(desk.print(SOON), Outcome::Done);
    // Whatever was begun before may have come out; the wanted slip came out once.
    let codes: usize = desk
        .sim
        .wait_receipts(1, SOON)
        .iter()
        .map(|receipt| receipt.text.matches("[QR YZ0001234]").count())
        .sum();
    assert!((1..=2).contains(&codes), "{codes}");
}

#[test]
fn near_end_prints_and_warns_once() {
    let mut desk = Desk::new(ProfileName::EpsonTmT20ii, &[Fault::NearEnd]);
    assert_eq!(desk.print(SOON), Outcome::Done);
    assert_eq!(desk.print(SOON), Outcome::Done);
    let warnings = desk.seen.iter().filter(|event| **event == PrinterEvent::PaperLow).count();
    assert_eq!(warnings, 1);
}

#[test]
fn cover_opened_in_mid_job() {
    let mut desk = Desk::new(ProfileName::EpsonTmT20ii, &[]);
    desk.phase(SOON, Phase::Ready);
    desk.sim.set_fault(Fault::CoverOpenAfter(100));
    assert_eq!(desk.print(SOON), Outcome::Unknown { cause: Cause::CoverOpen });
    desk.sim.clear_faults();
    desk.phase(SOON, Phase::Ready);
    assert_eq!(desk.print(SOON), Outcome::Done);
}

#[test]
fn a_jammed_cutter_is_tried_once_after_the_cover() {
    let mut desk = Desk::new(ProfileName::EpsonTmT20ii, &[Fault::CutterJam]);
    assert_eq!(desk.print(SOON), Outcome::Unknown { cause: Cause::Cutter });
    desk.phase(SOON, Phase::Blocked(Cause::Cutter));
    desk.sim.clear_faults();
    desk.sim.set_fault(Fault::CoverOpen);
    // Each change is reported by automatic status, in order.
    desk.sim.clear_faults();
    desk.phase(SOON, Phase::Ready);
    assert_eq!(desk.print(SOON), Outcome::Done);
}

#[test]
fn split_answers_and_status_inside_a_job_answer() {
    let faults = [Fault::SplitReplies, Fault::AsbInBlock];
    let mut desk = Desk::new(ProfileName::EpsonTmT20ii, &faults);
    assert_eq!(desk.print(SOON), Outcome::Done);
    desk.printed(1);
}

#[test]
fn an_earlier_jobs_answer_is_not_this_ones() {
    let mut desk = Desk::new(ProfileName::EpsonTmT20ii, &[Fault::WrongJobId]);
    assert_eq!(desk.print(LATER), Outcome::Unknown { cause: Cause::Silent });
    // Unknown is not printed again by itself.
    desk.phase(SOON, Phase::Ready);
    desk.printed(1);
}

#[test]
fn a_connection_reset_in_mid_job() {
    let mut desk = Desk::new(ProfileName::EpsonTmT20ii, &[]);
    desk.phase(SOON, Phase::Ready);
    desk.sim.set_fault(Fault::DropLinkAfter(80));
    assert_eq!(desk.print(SOON), Outcome::Unknown { cause: Cause::Absent });
    desk.phase(SOON, Phase::Ready);
    assert_eq!(desk.print(SOON), Outcome::Done);
}

#[test]
fn a_stuck_write_ends_by_itself() {
    let mut desk = Desk::new(ProfileName::EpsonTmT20ii, &[]);
    desk.phase(SOON, Phase::Ready);
    // The check before the job is answered, then nothing is taken any more.
    let mut large = Slip::new();
    for _ in 0..900 {
        large = large.text("中".repeat(400));
    }
    desk.sim.set_fault(Fault::SmallBuffer(512));
    desk.sim.set_fault(Fault::PaperOutAfter(400));
    let id = desk.printer.submit(&large.cut()).unwrap();
    let outcome = desk.outcome(LATER, id);
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    desk.sim.clear_faults();
    desk.phase(LATER, Phase::Ready);
}

#[test]
fn a_dead_link_is_not_waited_for_for_ever() {
    let mut desk = Desk::new(ProfileName::EpsonTmT20ii, &[Fault::StuckWrite]);
    assert_eq!(desk.print(LATER), Outcome::NotPrinted { cause: Cause::Silent });
}

#[test]
fn a_printer_that_never_answers_is_printed_to_blind() {
    let mut profile = ProfileName::Generic80.profile();
    profile.status = StatusSupport::None;
    let config = PrinterSimConfig {
        faults: vec![Fault::NoStatus],
        ..PrinterSimConfig::new(ProfileName::Generic80)
    };
    let mut desk = Desk::with_profile(config, profile);
    assert_eq!(desk.print(SOON), Outcome::Sent);
    assert_eq!(desk.printer.health().feedback, Feedback::Blind);
    desk.printed(1);
}

#[test]
fn blindness_is_found_out() {
    let mut desk = Desk::new(ProfileName::Generic80, &[Fault::NoStatus]);
    assert_eq!(desk.print(LATER), Outcome::Sent);
    desk.printed(1);
}

#[test]
fn the_simple_58_mm_class_prints_codes_it_does_not_know() {
    let mut desk = Desk::new(ProfileName::Pos5890, &[]);
    assert_eq!(desk.print(SOON), Outcome::Done);
    let receipts = desk.sim.wait_receipts(1, SOON);
    let text = &receipts[0].text;
    assert!(text.contains("[picture 384x80]"), "bars: {text}");
    assert!(text.contains("YZ0001234"), "number below the bars: {text}");
    assert!(!text.contains('1') || !text.contains("[CODE128"), "no native codes: {text}");
    for line in text.lines() {
        assert!(drivers::printer::layout::columns_of(line) <= 32, "{line}");
    }
}

#[test]
fn the_paper_is_seen_growing() {
    let (tell, shown) = channel();
    let tell = Mutex::new(tell);
    let config = PrinterSimConfig {
        sink: Some(Arc::new(move |event| {
            tell.lock().unwrap().send(event).unwrap_or_default();
        })),
        ..PrinterSimConfig::new(ProfileName::EpsonTmT20ii)
    };
    let mut desk = Desk::with(config);
    desk.sim.set_fault(Fault::PaperOutAfter(120));
    assert_eq!(desk.print(SOON), UNKNOWN_PAPER);
    // Half a slip is out of the slot and not yet cut.
    let mut rows = 0;
    while rows <= 40 {
        match shown.recv_timeout(SOON).unwrap() {
            SimEvent::Paper { first_row, width, pixels } => {
                assert_eq!(first_row, rows, "rows come in order");
                rows += pixels.len() / width;
            }
            SimEvent::Receipt(receipt) => panic!("cut already: {receipt:?}"),
        }
    }
}

#[test]
fn a_tap_sees_the_job_and_dropping_does_not_hang() {
    let sim = PrinterSim::start(PrinterSimConfig::new(ProfileName::EpsonTmT20ii)).unwrap();
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let copy = Arc::clone(&bytes);
    let tap: Tap = Arc::new(move |direction, piece| {
        if direction == Direction::Out {
            copy.lock().unwrap().extend_from_slice(piece);
        }
    });
    let (tell, events) = channel();
    let printer = PrinterHandle::start(
        sim.port_spec(),
        ProfileName::EpsonTmT20ii.profile(),
        Fonts::default(),
        Some(tap),
        Box::new(move |event| tell.send(event).unwrap_or_default()),
    )
    .unwrap();
    let id = printer.submit(&slip()).unwrap();
    let begun = Instant::now();
    while !events
        .recv_timeout(SOON)
        .is_ok_and(|event| event == PrinterEvent::Outcome { id, outcome: Outcome::Done })
    {
        assert!(begun.elapsed() < SOON);
    }
    let begun = Instant::now();
    drop(printer);
    assert!(begun.elapsed() < Duration::from_secs(2));
    let items = SentReader::default().push(&bytes.lock().unwrap());
    assert!(items.contains(&Sent::JobEnd(id.bytes())), "{items:?}");
}

/// A port as usblp makes it: reads of zero bytes, then the device vanishes.
struct Usb {
    answers: VecDeque<u8>,
    taken: usize,
    vanish_at: usize,
    zero_reads: usize,
}

impl Read for Usb {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.zero_reads += 1;
        if !self.zero_reads.is_multiple_of(3) {
            return Ok(0);
        }
        let Some(byte) = self.answers.pop_front() else { return Ok(0) };
        buf[0] = byte;
        Ok(1)
    }
}

impl Write for Usb {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.taken >= self.vanish_at {
            return Err(io::Error::from_raw_os_error(19)); // ENODEV
        }
        let count = bytes.len().min(self.vanish_at - self.taken);
        self.taken += count;
        for window in bytes[..count].windows(2) {
            if window == [0x10, 0x04] {
                self.answers.push_back(0x12);
            }
        }
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Port for Usb {
    fn set_timeout(&mut self, _timeout: Duration) -> io::Result<()> {
        Ok(())
    }
    fn discard_input(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn reads_of_nothing_are_nothing_and_a_vanished_device_is_unknown() {
    let (tell, events) = channel();
    let mut profile = ProfileName::Generic80.profile();
    profile.status = StatusSupport::Poll;
    profile.end_marker = EndMarker::PaperStatus;
    let printer = PrinterHandle::start_with(
        Box::new(|_| {
            Ok(Box::new(Usb { answers: VecDeque::new(), taken: 0, vanish_at: 60, zero_reads: 0 })
                as Box<dyn Port>)
        }),
        ZeroRead::Nothing,
        profile,
        Fonts::default(),
        Box::new(move |event| tell.send(event).unwrap_or_default()),
    )
    .unwrap();
    let id = printer.submit(&slip()).unwrap();
    let end = Instant::now() + SOON;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match events.recv_timeout(left).unwrap() {
            PrinterEvent::Outcome { id: which, outcome } => {
                assert_eq!(which, id);
                assert_eq!(outcome, Outcome::Unknown { cause: Cause::Absent });
                return;
            }
            PrinterEvent::Health(_) | PrinterEvent::PaperLow => {}
        }
    }
}
