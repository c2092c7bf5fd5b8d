//! The identity card driver against the simulated module, over a real pty and over TCP.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::{Duration, Instant};

use drivers::idcard::{
    HashKey, IdCardError, IdCardReader, IdHash, IdKind, IdNumber, Lookup, SHORT_WAIT, Step,
};
use drivers::port::Port;
use drivers::sim::idcard::{CardKind, Fault, IdCardSim, IdCardSimConfig, SimStep, control};
use drivers::sim::listen::ListenSpec;
use drivers::sim::reader::Next;

/// Invented, with a right check digit (peripherals.md 3.2).
const NUMBER: &str = "321182190001010012";
const PATIENCE: Duration = Duration::from_secs(10);
/// Tests that are not about time run so much faster than real.
const QUICK: f64 = 20.0;

type Reader = IdCardReader<Box<dyn Port>>;

#[derive(Debug, Clone, Copy)]
enum Line {
    Pty,
    Tcp,
}

struct Rig {
    sim: IdCardSim,
    // The pty's link lives here.
    _dir: tempfile::TempDir,
}

fn rig_at(line: Line, speed: f64) -> Rig {
    let dir = tempfile::tempdir().unwrap();
    let listen = match line {
        Line::Pty => ListenSpec::Pty(dir.path().join("idcard")),
        Line::Tcp => ListenSpec::Tcp("127.0.0.1:0".into()),
    };
    let config = IdCardSimConfig { speed, ..IdCardSimConfig::new(listen) };
    Rig { sim: IdCardSim::start(&config).unwrap(), _dir: dir }
}

fn open(rig: &Rig, lookup: Lookup) -> Reader {
    IdCardReader::open(&rig.sim.port_spec(), lookup).unwrap()
}

fn rig() -> (Rig, Reader) {
    let rig = rig_at(Line::Pty, QUICK);
    let reader = open(&rig, Lookup::Hash);
    (rig, reader)
}

fn key() -> HashKey {
    HashKey::new(b"a secret of the site".to_vec()).unwrap()
}

fn hash_of(kind: IdKind, number: &str) -> IdHash {
    IdNumber::new(kind, number).unwrap().hashed(&key())
}

fn lay(rig: &Rig) {
    rig.sim.lay(NUMBER, CardKind::Resident).unwrap();
}

/// Reads a card that is laid after a fault was cleared, and leaves the field empty.
fn good_again(rig: &Rig, reader: &mut Reader) {
    rig.sim.clear_faults().unwrap();
    rig.sim.lift();
    assert!(reader.poll(&key()).unwrap().is_none());
    lay(rig);
    assert_eq!(reader.poll(&key()).unwrap(), Some(hash_of(IdKind::Resident, NUMBER)));
    rig.sim.lift();
    assert!(reader.poll(&key()).unwrap().is_none());
}

#[test]
fn a_card_is_read_over_both_lines_at_the_real_speed() {
    for line in [Line::Pty, Line::Tcp] {
        let rig = rig_at(line, 1.0);
        let mut reader = open(&rig, Lookup::Hash);
        reader.status().unwrap();
        assert_eq!(reader.poll(&key()).unwrap(), None);
        lay(&rig);
        let started = Instant::now();
        let hash = reader.poll(&key()).unwrap();
        assert_eq!(hash, Some(hash_of(IdKind::Resident, NUMBER)));
        // 1295 bytes of 10 bits at 115200 bit/s.
        assert!(started.elapsed() >= Duration::from_millis(112), "{:?}", started.elapsed());
    }
}

#[test]
fn the_number_leaves_only_where_the_site_is_set_so() {
    let (rig, mut reader) = rig();
    lay(&rig);
    let error = reader.poll_number().unwrap_err();
    assert!(matches!(error, IdCardError::NumberNotAllowed));
    assert_eq!(rig.sim.commands_seen(), 0, "nothing was asked");
    drop(reader);
    let mut reader = open(&rig, Lookup::Number);
    let number = reader.poll_number().unwrap().unwrap();
    assert_eq!((number.expose(), number.kind()), (NUMBER, IdKind::Resident));
    assert_eq!(format!("{number:?}"), "IdNumber(***)");
}

#[test]
fn a_card_is_read_once_and_again_after_it_left() {
    let (rig, mut reader) = rig();
    lay(&rig);
    assert!(reader.poll(&key()).unwrap().is_some());
    for _ in 0..3 {
        assert_eq!(reader.poll(&key()).unwrap(), None);
    }
    rig.sim.lift();
    assert_eq!(reader.poll(&key()).unwrap(), None);
    lay(&rig);
    assert!(reader.poll(&key()).unwrap().is_some());
}

#[test]
fn a_module_that_finds_a_lying_card_again_gives_it_once() {
    let (rig, mut reader) = rig();
    for want in [true, false, false] {
        // Laid again without a poll between: to the driver the card was found twice in a row.
        lay(&rig);
        assert_eq!(reader.poll(&key()).unwrap().is_some(), want);
    }
}

#[test]
fn a_foreigners_permit() {
    let (rig, mut reader) = rig();
    rig.sim.lay("GBR310012345678", CardKind::Foreigner).unwrap();
    let hash = reader.poll(&key()).unwrap();
    assert_eq!(hash, Some(hash_of(IdKind::Foreigner2017, "GBR310012345678")));
}

#[test]
fn a_wrong_check_digit_and_an_empty_card_give_nothing() {
    let (rig, mut reader) = rig();
    for number in ["321182190001010013", "x"] {
        rig.sim.lay(number, CardKind::Resident).unwrap();
        let error = reader.poll(&key()).unwrap_err();
        assert!(matches!(error, IdCardError::Layout(_)), "{error}");
        assert!(!format!("{error:?} {error}").contains("3211"), "{error:?}");
    }
    good_again(&rig, &mut reader);
}

#[test]
fn half_a_frame() {
    let (rig, mut reader) = rig();
    reader.status().unwrap();
    rig.sim.set_fault(Fault::HalfFrame);
    lay(&rig);
    let error = reader.poll(&key()).unwrap_err();
    assert!(matches!(error, IdCardError::Garbled("frame cut short")), "{error}");
    good_again(&rig, &mut reader);
}

#[test]
fn a_wrong_checksum() {
    let (rig, mut reader) = rig();
    reader.status().unwrap();
    rig.sim.set_fault(Fault::WrongChecksum);
    lay(&rig);
    let error = reader.poll(&key()).unwrap_err();
    assert!(matches!(error, IdCardError::Garbled("checksum")), "{error}");
    good_again(&rig, &mut reader);
}

#[test]
fn status_codes_of_each_step() {
    let (rig, mut reader) = rig();
    reader.status().unwrap();
    for (step, code, want) in [
        (SimStep::Find, 0x80, None),
        (SimStep::Select, 0x81, Some(Step::Select)),
        (SimStep::Select, 0x40, Some(Step::Select)),
        (SimStep::Read, 0x41, Some(Step::Read)),
        (SimStep::Read, 0x31, Some(Step::Read)),
    ] {
        rig.sim.set_fault(Fault::Sw3 { step, code });
        lay(&rig);
        match (reader.poll(&key()), want) {
            (Ok(None), None) => {}
            (Err(error @ IdCardError::Unread { step, code: told }), Some(want)) => {
                assert_eq!((step, told, error.is_lay_again()), (want, code, true));
            }
            other => panic!("{other:?} for {code:02X}"),
        }
        good_again(&rig, &mut reader);
    }
    for step in [SimStep::Find, SimStep::Select, SimStep::Read] {
        rig.sim.set_fault(Fault::Sw3 { step, code: 0x66 });
        lay(&rig);
        let error = reader.poll(&key()).unwrap_err();
        assert!(matches!(error, IdCardError::ModuleUnfit { code: 0x66 }), "{error}");
        good_again(&rig, &mut reader);
    }
    rig.sim.set_fault(Fault::Sw3 { step: SimStep::Find, code: 0x24 });
    let error = reader.poll(&key()).unwrap_err();
    assert!(matches!(error, IdCardError::Refused { step: Step::Find, code: 0x24 }), "{error}");
    good_again(&rig, &mut reader);
}

#[test]
fn a_module_whose_self_test_failed_says_so() {
    let (rig, mut reader) = rig();
    rig.sim.set_fault(Fault::Sw3 { step: SimStep::Status, code: 0x60 });
    let error = reader.status().unwrap_err();
    assert!(matches!(error, IdCardError::ModuleUnfit { code: 0x60 }), "{error}");
}

#[test]
fn a_card_pulled_between_select_and_read() {
    let (rig, mut reader) = rig();
    rig.sim.set_fault(Fault::Pulled);
    lay(&rig);
    let error = reader.poll(&key()).unwrap_err();
    assert!(matches!(error, IdCardError::Unread { step: Step::Read, code: 0x41 }), "{error}");
    assert!(reader.poll(&key()).unwrap().is_none());
    good_again(&rig, &mut reader);
}

#[test]
fn a_late_answer_is_never_taken_for_the_next() {
    let (rig, mut reader) = rig();
    reader.status().unwrap();
    lay(&rig);
    rig.sim.set_fault(Fault::Slow(SHORT_WAIT + Duration::from_millis(300)));
    let started = Instant::now();
    let error = reader.poll(&key()).unwrap_err();
    assert!(matches!(error, IdCardError::Silent { .. }), "{error}");
    assert!(started.elapsed() < PATIENCE);
    // The late "found" arrives while the next poll gets back into step.
    rig.sim.clear_faults().unwrap();
    assert_eq!(reader.poll(&key()).unwrap(), Some(hash_of(IdKind::Resident, NUMBER)));
}

#[test]
fn a_deaf_module_is_silent_in_bounded_time() {
    let (rig, mut reader) = rig();
    rig.sim.set_fault(Fault::Deaf);
    let started = Instant::now();
    let error = reader.poll(&key()).unwrap_err();
    assert!(matches!(error, IdCardError::Silent { .. }), "{error}");
    assert!(started.elapsed() < PATIENCE && !error.is_gone());
    good_again(&rig, &mut reader);
}

#[test]
fn an_unplugged_module_is_gone_and_can_be_opened_again() {
    for line in [Line::Pty, Line::Tcp] {
        let rig = rig_at(line, QUICK);
        let mut reader = open(&rig, Lookup::Hash);
        reader.status().unwrap();
        rig.sim.set_fault(Fault::Unplugged);
        let error = reader.poll(&key()).unwrap_err();
        assert!(error.is_gone(), "{line:?}: {error}");
        rig.sim.clear_faults().unwrap();
        lay(&rig);
        let mut reader = open(&rig, Lookup::Hash);
        assert!(reader.poll(&key()).unwrap().is_some());
    }
}

#[test]
fn control_lines() {
    let (rig, mut reader) = rig();
    let say = |line: &str| control(&rig.sim, line).0;
    assert_eq!(say(&format!("lay {NUMBER}")), "ok");
    assert!(reader.poll(&key()).unwrap().is_some());
    assert_eq!(say("lift"), "ok");
    assert_eq!(say("lay GBR310012345678 foreigner"), "ok");
    assert_eq!(say("commands"), rig.sim.commands_seen().to_string());
    for fault in ["half_frame", "wrong_checksum", "sw3 find 66", "pulled", "slow 5", "deaf"] {
        assert_eq!(say(&format!("fault {fault}")), "ok", "{fault}");
    }
    assert_eq!(say("clear"), "ok");
    for wrong in ["", "lay", "lay 3211821900010100123", "fault sw3 find", "fault x", "scan 1"] {
        assert!(say(wrong).starts_with("error: "), "{wrong}");
    }
    assert_eq!(control(&rig.sim, "quit"), ("ok".to_owned(), Next::Quit));
}
