//! The PN532 driver against the simulated chip: a real pty, TCP, and I2C and SPI in this process.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use drivers::port::Port;
use drivers::rfid::card::CardRule;
use drivers::rfid::pn532::{Hsu, Pn532Reader, Pn532Setup, Polled, StdDelay, timing};
use drivers::rfid::setup::{ReaderModel, ReaderSetup};
use drivers::rfid::{Air, ReaderError, TagReader, Uid};
use drivers::sim::field::{Chip, Position, TagState};
use drivers::sim::listen::ListenSpec;
use drivers::sim::reader::pn532::Bench;
use drivers::sim::reader::{Fault, Model, ReaderSim, ReaderSimConfig};
use drivers::sim::tags::PlacedTag;

const PATIENCE: Duration = Duration::from_secs(10);

/// No call may take longer, whatever happens on the line: the chip's set-up and one command, each
/// sent three times, answered late, damaged and asked for again twice.
const CALL_MAX: Duration = Duration::from_secs(6);

const FOUR: [u8; 4] = [0xDE, 0xAD, 0xBE, 0xEF];
const SEVEN: [u8; 7] = [0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66];
const RANDOM: [u8; 4] = [0x08, 0x12, 0x34, 0x56];

fn card(id: &str, uid: &[u8]) -> TagState {
    let chip = if uid.len() == 7 { Chip::MifareDesfire } else { Chip::MifareClassic };
    TagState::new(id, Uid::new(uid).unwrap(), chip)
}

struct Rig {
    sim: ReaderSim,
    _dir: tempfile::TempDir,
}

type HsuReader = Pn532Reader<Hsu<Box<dyn Port>>>;

#[derive(Debug, Clone, Copy)]
enum Line {
    Pty,
    Tcp,
}

fn rig(line: Line, cards: &[(&str, &[u8])]) -> Rig {
    let dir = tempfile::tempdir().unwrap();
    let listen = match line {
        Line::Pty => ListenSpec::Pty(dir.path().join("chip")),
        Line::Tcp => ListenSpec::Tcp("127.0.0.1:0".into()),
    };
    let config = ReaderSimConfig { seed: 42, ..ReaderSimConfig::new(Model::Pn532, listen) };
    let placed = |tag| PlacedTag { tag, on_pad: true };
    let cards = cards.iter().map(|(id, uid)| placed(card(id, uid))).collect();
    Rig { sim: ReaderSim::start(&config, cards).unwrap(), _dir: dir }
}

fn port(rig: &Rig) -> Box<dyn Port> {
    rig.sim.port_spec().open(timing::LINE, PATIENCE).unwrap()
}

fn open(rig: &Rig) -> HsuReader {
    Pn532Reader::new(Hsu::new(port(rig), timing::BAUD), Pn532Setup::default())
}

fn uids(reader: &mut dyn TagReader) -> Vec<Vec<u8>> {
    let seen = within(CALL_MAX, || reader.inventory()).unwrap();
    assert!(seen.iter().all(|s| s.air == Air::Iso14443 && s.dsfid.is_none()));
    seen.iter().map(|s| s.uid.bytes().to_vec()).collect()
}

fn within<T>(limit: Duration, act: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = act();
    assert!(started.elapsed() <= limit, "took {:?}", started.elapsed());
    result
}

/// What every way to the chip must do. `lay` and `lift` move cards by name.
fn lists_cards(reader: &mut dyn TagReader, lay: &dyn Fn(&str), lift: &dyn Fn(&str)) {
    let info = within(CALL_MAX, || reader.identify()).unwrap();
    assert_eq!((info.model, info.firmware.as_str()), ("pn532", "1.6"));
    assert_eq!(uids(reader), Vec::<Vec<u8>>::new());
    lay("four");
    assert_eq!(uids(reader), [FOUR.to_vec()]);
    lay("seven");
    assert_eq!(uids(reader), [FOUR.to_vec(), SEVEN.to_vec()]);
    assert_eq!(uids(reader), [FOUR.to_vec(), SEVEN.to_vec()]);
    lift("four");
    assert_eq!(uids(reader), [SEVEN.to_vec()]);
    lift("seven");
    assert_eq!(uids(reader), Vec::<Vec<u8>>::new());
}

#[test]
fn cards_come_and_go_on_a_serial_line() {
    for line in [Line::Pty, Line::Tcp] {
        let rig = rig(line, &[("four", &FOUR), ("seven", &SEVEN)]);
        rig.sim.lift(&["four", "seven"]).unwrap();
        let lay = |id: &str| rig.sim.lay(&[id]).unwrap();
        let lift = |id: &str| rig.sim.lift(&[id]).unwrap();
        lists_cards(&mut open(&rig), &lay, &lift);
    }
}

/// A chip with two cards beside it.
fn bench() -> Bench {
    let bench = Bench::new(42, vec![card("four", &FOUR), card("seven", &SEVEN)]);
    bench.lift("four");
    bench.lift("seven");
    bench
}

/// I2C and SPI, without and with a wire on IRQ.
fn bus_readers(bench: &Bench) -> Vec<(&'static str, Box<dyn TagReader>)> {
    let setup = Pn532Setup::default();
    let (i2c, spi) = (|| Polled::i2c(bench.i2c(), StdDelay), || Polled::spi(bench.spi(), StdDelay));
    vec![
        ("I2C", Box::new(Pn532Reader::new(i2c(), setup))),
        ("SPI", Box::new(Pn532Reader::new(spi(), setup))),
        ("I2C with IRQ", Box::new(Pn532Reader::new(i2c().with_irq(bench.irq()), setup))),
        ("SPI with IRQ", Box::new(Pn532Reader::new(spi().with_irq(bench.irq()), setup))),
    ]
}

#[test]
fn cards_come_and_go_on_i2c_and_spi() {
    for which in 0..4 {
        let bench = bench();
        let (_, mut reader) = bus_readers(&bench).swap_remove(which);
        let lay = |id: &str| assert!(bench.lay(id));
        let lift = |id: &str| assert!(bench.lift(id));
        lists_cards(&mut *reader, &lay, &lift);
    }
}

#[test]
fn an_irq_wire_saves_the_asking() {
    let [plain, wired] = [0, 2].map(|which| {
        let bench = bench();
        let (_, mut reader) = bus_readers(&bench).swap_remove(which);
        reader.inventory().unwrap();
        let before = bench.transfers();
        reader.inventory().unwrap();
        bench.transfers() - before
    });
    // Command, and status and frame of acknowledge and reply.
    assert_eq!(wired, 5);
    assert!(plain > wired, "{plain}");
}

#[test]
fn random_uids_are_left_out_and_counted() {
    let rig = rig(Line::Pty, &[("random", &RANDOM), ("four", &FOUR)]);
    let mut reader = open(&rig);
    assert_eq!(uids(&mut reader), [FOUR.to_vec()]);
    rig.sim.lift(&["four"]).unwrap();
    assert_eq!(uids(&mut reader), Vec::<Vec<u8>>::new());
    assert_eq!(reader.random_uids_seen(), 2);
}

#[test]
fn a_card_becomes_a_number() {
    let rig = rig(Line::Pty, &[("four", &FOUR)]);
    let seen = open(&rig).inventory().unwrap();
    assert_eq!(CardRule::default().number(&seen[0]).unwrap().expose(), "DEADBEEF");
}

#[test]
fn no_card_is_told_soon_and_with_few_bytes() {
    let rig = rig(Line::Pty, &[]);
    let mut reader = open(&rig);
    reader.inventory().unwrap();
    let before = rig.sim.commands_seen();
    // Twice 5 ms on the air, 27 bytes; the rest is the machine's.
    let found = within(Duration::from_millis(200), || reader.inventory()).unwrap();
    assert_eq!((found, rig.sim.commands_seen() - before), (vec![], 1));
}

/// A command that follows the reply too closely meets a chip that still speaks, and is sent again
/// when its acknowledge is overdue.
#[test]
fn no_command_is_sent_into_the_end_of_a_reply() {
    const ACK_WAIT_MS: u64 = 4_000;
    let rig = rig(Line::Pty, &[("four", &FOUR)]);
    let setup = Pn532Setup { ack_wait_ms: ACK_WAIT_MS, ..Pn532Setup::default() };
    let mut reader = Pn532Reader::new(Hsu::new(port(&rig), timing::BAUD), setup);
    within(Duration::from_millis(ACK_WAIT_MS), || {
        for _ in 0..20 {
            assert_eq!(reader.inventory().unwrap().len(), 1);
        }
    });
}

#[test]
fn cards_have_nothing_but_a_uid() {
    let rig = rig(Line::Pty, &[("four", &FOUR)]);
    let mut reader = open(&rig);
    let uid = Uid::new(&FOUR).unwrap();
    let unsupported = |error| matches!(error, ReaderError::Unsupported { .. });
    assert!(unsupported(reader.read_blocks(uid, 0, 1).unwrap_err()));
    assert!(unsupported(reader.write_blocks(uid, 0, &[0; 4]).unwrap_err()));
    assert!(unsupported(reader.afi(uid).unwrap_err()));
    assert!(unsupported(reader.write_eas(uid, true).unwrap_err()));
    assert!(unsupported(reader.dsfid(uid).unwrap_err()));
    assert_eq!(rig.sim.commands_seen(), 0);
}

#[test]
fn a_deaf_chip_is_silent_and_then_works_again() {
    let rig = rig(Line::Pty, &[("four", &FOUR)]);
    let mut reader = open(&rig);
    reader.identify().unwrap();
    rig.sim.set_fault(Fault::Deaf).unwrap();
    for _ in 0..2 {
        let error = within(CALL_MAX, || reader.inventory()).unwrap_err();
        assert!(matches!(error, ReaderError::Silent { waited_ms: 450.. }), "{error:?}");
    }
    rig.sim.clear_faults().unwrap();
    assert_eq!(uids(&mut reader), [FOUR.to_vec()]);
}

#[test]
fn a_deaf_unplugged_or_late_chip_on_i2c_and_spi() {
    for which in 0..4 {
        let bench = bench();
        bench.lay("four");
        let (name, mut reader) = bus_readers(&bench).swap_remove(which);
        assert_eq!(uids(&mut *reader), [FOUR.to_vec()], "{name}");
        for fault in [Fault::Deaf, Fault::Unplugged, Fault::Slow(Duration::from_millis(700))] {
            bench.set_fault(&fault);
            let error = within(CALL_MAX, || reader.inventory()).unwrap_err();
            assert!(matches!(error, ReaderError::Silent { .. }), "{name}, {fault:?}: {error:?}");
            bench.clear_faults();
            assert_eq!(uids(&mut *reader), [FOUR.to_vec()], "{name} after {fault:?}");
        }
    }
}

#[test]
fn damage_never_becomes_a_card() {
    let rig = rig(Line::Pty, &[("four", &FOUR)]);
    let mut reader = open(&rig);
    reader.identify().unwrap();
    rig.sim.set_fault(Fault::Garbled { per_mille: 10 }).unwrap();
    let before = rig.sim.commands_seen();
    let mut listed = 0;
    for _ in 0..20 {
        match within(CALL_MAX, || reader.inventory()) {
            Ok(seen) => {
                listed += 1;
                assert!(seen.iter().all(|s| s.uid.bytes() == FOUR), "seed {}", rig.sim.seed());
            }
            Err(ReaderError::Garbled(_) | ReaderError::Silent { .. }) => {}
            Err(ReaderError::Unsupported { code: 0x7F }) => {}
            Err(other) => panic!("{other:?}, seed {}", rig.sim.seed()),
        }
    }
    // A listing and a release each; the rest was said again because of damage.
    assert!(rig.sim.commands_seen() - before > 40, "the fault must have shown");
    assert!(listed > 10, "asking again must help: {listed}");
    rig.sim.clear_faults().unwrap();
    assert_eq!(uids(&mut reader), [FOUR.to_vec()]);
}

#[test]
fn damage_on_i2c_and_spi() {
    for which in 0..4 {
        let bench = bench();
        bench.lay("four");
        let (name, mut reader) = bus_readers(&bench).swap_remove(which);
        bench.set_fault(&Fault::Garbled { per_mille: 8 });
        let mut listed = 0;
        for _ in 0..12 {
            match within(CALL_MAX, || reader.inventory()) {
                Ok(seen) => {
                    assert!(seen.iter().all(|s| s.uid.bytes() == FOUR), "{name}");
                    listed += 1;
                }
                Err(error) => assert!(!error.is_gone(), "{name}: {error:?}"),
            }
        }
        assert!(listed > 6, "{name}: {listed}");
        bench.clear_faults();
        assert_eq!(uids(&mut *reader), [FOUR.to_vec()], "{name}");
    }
}

#[test]
fn an_unplugged_chip_is_gone_and_can_be_opened_again() {
    for line in [Line::Pty, Line::Tcp] {
        let rig = rig(line, &[("four", &FOUR)]);
        let mut reader = open(&rig);
        reader.identify().unwrap();
        rig.sim.set_fault(Fault::Unplugged).unwrap();
        let error = within(CALL_MAX, || reader.inventory()).unwrap_err();
        assert!(error.is_gone(), "{line:?}: {error:?}");
        rig.sim.clear_faults().unwrap();
        // It comes back asleep and with the settings of power-up.
        assert_eq!(uids(&mut open(&rig)), [FOUR.to_vec()], "{line:?}");
    }
}

#[test]
fn a_late_answer_never_matches_the_next_command() {
    let rig = rig(Line::Pty, &[("four", &FOUR)]);
    let mut reader = open(&rig);
    assert_eq!(uids(&mut reader), [FOUR.to_vec()]);
    // Each answer comes when the driver has given up on it.
    rig.sim.set_fault(Fault::Slow(Duration::from_millis(700))).unwrap();
    within(CALL_MAX, || reader.inventory()).unwrap_err();
    rig.sim.lift(&["four"]).unwrap();
    rig.sim.clear_faults().unwrap();
    // The card has left: an answer that still says it was there must not be taken.
    for _ in 0..3 {
        assert_eq!(uids(&mut reader), Vec::<Vec<u8>>::new());
    }
}

#[test]
fn somewhat_late_is_good() {
    let rig = rig(Line::Pty, &[("four", &FOUR)]);
    let mut reader = open(&rig);
    rig.sim.set_fault(Fault::Slow(Duration::from_millis(60))).unwrap();
    for _ in 0..3 {
        assert_eq!(uids(&mut reader), [FOUR.to_vec()]);
    }
}

#[test]
fn a_card_at_the_edge_is_there_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let listen = ListenSpec::Pty(dir.path().join("chip"));
    let mut edge = card("edge", &FOUR);
    edge.position = Position::Edge { answers_percent: 50 };
    let config = ReaderSimConfig { seed: 42, ..ReaderSimConfig::new(Model::Pn532, listen) };
    let placed = vec![PlacedTag { tag: edge, on_pad: true }];
    let rig = Rig { sim: ReaderSim::start(&config, placed).unwrap(), _dir: dir };
    let mut reader = open(&rig);
    let times: usize = (0..20).map(|_| uids(&mut reader).len()).sum();
    assert!((1..20).contains(&times), "{times}, seed {}", rig.sim.seed());
}

/// A chip in the settings of power-up waits for ever; an ACK of the host ends that.
#[test]
fn a_chip_left_waiting_by_another_program() {
    let rig = rig(Line::Pty, &[("four", &FOUR)]);
    rig.sim.lift(&["four"]).unwrap();
    let mut line = port(&rig);
    line.write_all(&[0x55, 0x55, 0, 0, 0, 0, 0, 0]).unwrap();
    line.write_all(&[0x00, 0x00, 0xFF, 0x04, 0xFC, 0xD4, 0x4A, 0x01, 0x00, 0xE1, 0x00]).unwrap();
    let mut ack = [0; 6];
    line.read_exact(&mut ack).unwrap();
    assert_eq!(ack, [0, 0, 0xFF, 0, 0xFF, 0]);
    line.set_timeout(Duration::from_millis(200)).unwrap();
    assert!(line.read(&mut [0; 1]).is_err(), "no card, no reply");
    drop(line);

    let mut reader = open(&rig);
    assert_eq!(uids(&mut reader), Vec::<Vec<u8>>::new());
    rig.sim.lay(&["four"]).unwrap();
    assert_eq!(uids(&mut reader), [FOUR.to_vec()]);
}

#[test]
fn waiting_for_ever_ends_when_a_card_comes() {
    let rig = rig(Line::Tcp, &[("four", &FOUR)]);
    rig.sim.lift(&["four"]).unwrap();
    let mut line = port(&rig);
    line.write_all(&[0; 10]).unwrap();
    line.write_all(&[0x00, 0x00, 0xFF, 0x04, 0xFC, 0xD4, 0x4A, 0x01, 0x00, 0xE1, 0x00]).unwrap();
    assert!(rig.sim.wait_commands(1, PATIENCE));
    rig.sim.lay(&["four"]).unwrap();
    let mut answer = [0; 6 + 19];
    line.read_exact(&mut answer).unwrap();
    let listing = [
        0x00, 0x00, 0xFF, 0x0C, 0xF4, 0xD5, 0x4B, 0x01, 0x01, 0x00, 0x04, 0x08, 0x04, 0xDE, 0xAD,
        0xBE, 0xEF, 0x96, 0x00,
    ];
    assert_eq!(answer[6..], listing);
}

#[test]
fn asleep_until_the_wake_up_bytes() {
    let rig = rig(Line::Tcp, &[]);
    let mut line = port(&rig);
    let version = [0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x02, 0x2A, 0x00];
    line.set_timeout(Duration::from_millis(100)).unwrap();
    line.write_all(&[0x00]).unwrap();
    assert!(line.read(&mut [0; 1]).is_err());
    line.write_all(&[0x55, 0x55]).unwrap();
    line.set_timeout(PATIENCE).unwrap();
    line.write_all(&version).unwrap();
    let mut answer = [0; 6 + 13];
    line.read_exact(&mut answer).unwrap();
    assert_eq!(answer[13..17], [0x32, 0x01, 0x06, 0x07]);
}

#[test]
fn a_damaged_command_and_a_repeated_reply() {
    let rig = rig(Line::Tcp, &[]);
    let mut line = port(&rig);
    line.write_all(&[0x55, 0x55]).unwrap();
    line.write_all(&[0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x02, 0x2B, 0x00]).unwrap();
    let mut error = [0; 8];
    line.read_exact(&mut error).unwrap();
    assert_eq!(error, [0x00, 0x00, 0xFF, 0x01, 0xFF, 0x7F, 0x81, 0x00]);
    line.write_all(&[0x00, 0x00, 0xFF, 0x02, 0xFE, 0xD4, 0x02, 0x2A, 0x00]).unwrap();
    let (mut first, mut again) = ([0; 6 + 13], [0; 13]);
    line.read_exact(&mut first).unwrap();
    line.write_all(&[0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00]).unwrap();
    line.read_exact(&mut again).unwrap();
    assert_eq!(first[6..], again);
}

#[test]
fn opened_by_name() {
    let rig = rig(Line::Pty, &[("four", &FOUR)]);
    let setup = ReaderSetup::default();
    let mut reader = setup.open(ReaderModel::Pn532, &rig.sim.port_spec(), None).unwrap();
    assert_eq!(uids(&mut *reader), [FOUR.to_vec()]);
    assert_eq!(ReaderModel::Pn532.name(), reader.identify().unwrap().model);
}

#[cfg(not(feature = "pi"))]
#[test]
fn buses_need_the_feature() {
    for spec in ["i2c:1", "spi:0.0", "lp:/dev/usb/lp0"] {
        let spec: drivers::port::PortSpec = spec.parse().unwrap();
        let opened = ReaderSetup::default().open(ReaderModel::Pn532, &spec, None);
        let Err(error) = opened else { panic!("{spec} opened") };
        assert!(error.to_string().contains("serial:"), "{error}");
    }
}
