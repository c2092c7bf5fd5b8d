//! The 3M pad driver against the simulated pad, over a real pty and over TCP.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use drivers::rfid::m3::{M3Reader, timing};
use drivers::rfid::security::{self, Security, SecurityProfile};
use drivers::rfid::{ReaderError, TagReader, Uid};
use drivers::sim::field::{Behaviour, Chip, Position, Pull, Rng, TagState};
use drivers::sim::listen::ListenSpec;
use drivers::sim::reader::{Fault, Model, Next, ReaderSim, ReaderSimConfig, TagFault, control};
use drivers::sim::tags::PlacedTag;

/// Tests that are not about time run so much faster than real.
const QUICK: f64 = 20.0;
const PATIENCE: Duration = Duration::from_secs(10);

type Reader = M3Reader<Box<dyn drivers::port::Port>>;

struct Rig {
    sim: ReaderSim,
    // The pty's link lives here.
    _dir: tempfile::TempDir,
}

#[derive(Debug, Clone, Copy)]
enum Line {
    Pty,
    Tcp,
}

fn uid(n: u8) -> Uid {
    // Spread over the low nibbles as on tags of different reels.
    Uid::iso15693([0xE0, 0x04, 0x01, 0x00, 0x31, n, n.wrapping_mul(37), n.wrapping_mul(91)])
}

fn tag(n: u8) -> TagState {
    let content: Vec<u8> = (0..32).map(|i| n ^ i).collect();
    let mut tag = TagState::new(format!("t{n}"), uid(n), Chip::IcodeSlix).with_content(&content);
    (tag.afi, tag.eas, tag.dsfid) = (0x07, true, 0x06);
    tag
}

fn rig_at(line: Line, speed: f64, tags: Vec<TagState>) -> Rig {
    let dir = tempfile::tempdir().unwrap();
    let listen = match line {
        Line::Pty => ListenSpec::Pty(dir.path().join("pad")),
        Line::Tcp => ListenSpec::Tcp("127.0.0.1:0".into()),
    };
    let config = ReaderSimConfig { speed, seed: 42, ..ReaderSimConfig::new(Model::M3Pad, listen) };
    let tags = tags.into_iter().map(|tag| PlacedTag { tag, on_pad: true }).collect();
    Rig { sim: ReaderSim::start(&config, tags).unwrap(), _dir: dir }
}

fn rig(tags: Vec<TagState>) -> (Rig, Reader) {
    let rig = rig_at(Line::Pty, QUICK, tags);
    let reader = open(&rig);
    (rig, reader)
}

fn open(rig: &Rig) -> Reader {
    M3Reader::open(&rig.sim.port_spec()).unwrap()
}

#[test]
fn piles_are_listed_and_read_over_both_lines() {
    for line in [Line::Pty, Line::Tcp] {
        for count in [0, 1, 5, 20] {
            let rig = rig_at(line, QUICK, (0..count).map(tag).collect());
            let mut reader = open(&rig);
            assert_eq!(reader.identify().unwrap().firmware, "10.3.2.6");
            let mut seen = reader.inventory().unwrap();
            assert!(seen.iter().all(|s| s.dsfid == Some(0x06)));
            seen.sort_by_key(|s| s.uid);
            let mut expected: Vec<Uid> = (0..count).map(uid).collect();
            expected.sort();
            let uids: Vec<Uid> = seen.iter().map(|s| s.uid).collect();
            assert_eq!(uids, expected, "{line:?}, {count} tags");
            for n in 0..count {
                let content: Vec<u8> = (0..32).map(|i| n ^ i).collect();
                assert_eq!(reader.read_blocks(uid(n), 0, 8).unwrap(), content);
            }
        }
    }
}

#[test]
fn blocks_and_registers_are_written() {
    let (rig, mut reader) = rig(vec![tag(1)]);
    let data: Vec<u8> = (100..148).collect();
    reader.write_blocks(uid(1), 3, &data).unwrap();
    assert_eq!(reader.read_blocks(uid(1), 3, 12).unwrap(), data);
    reader.write_dsfid(uid(1), 0x3E).unwrap();
    let state = rig.sim.tag("t1").unwrap();
    assert_eq!((state.blocks[3], state.dsfid), ([100, 101, 102, 103], 0x3E));
    assert!(matches!(reader.read_blocks(uid(1), 27, 2), Err(ReaderError::NoMemory)));
    assert!(matches!(reader.write_blocks(uid(1), 27, &[0; 8]), Err(ReaderError::NoMemory)));
    assert!(matches!(reader.afi(uid(9)), Err(ReaderError::NoTag)));
}

#[test]
fn security_is_switched_and_read_back() {
    let (rig, mut reader) = rig(vec![tag(1)]);
    let profile = SecurityProfile::default();
    for (want, afi, eas) in [(Security::Released, 0xC2, false), (Security::Secured, 0x07, true)] {
        security::apply(&mut reader, uid(1), &profile, want).unwrap();
        let state = rig.sim.tag("t1").unwrap();
        assert_eq!((state.afi, state.eas), (afi, eas));
        assert!(security::verify(&mut reader, uid(1), &profile, want).unwrap());
    }
}

#[test]
fn a_locked_afi_and_a_chip_without_one_are_told_apart() {
    let mut locked = tag(1);
    locked.afi_locked = true;
    locked.locked.insert(2);
    let old = TagState::new("old", uid(2), Chip::TagItStandard);
    let (_rig, mut reader) = rig(vec![locked, old]);
    assert!(matches!(reader.write_afi(uid(1), 0xC2), Err(ReaderError::Locked)));
    assert!(matches!(reader.write_blocks(uid(1), 2, &[0; 4]), Err(ReaderError::Locked)));
    assert!(matches!(reader.afi(uid(2)), Err(ReaderError::Unsupported { .. })));
    assert!(matches!(reader.write_eas(uid(2), true), Err(ReaderError::Unsupported { .. })));
}

#[test]
fn afi_writes_that_fail_are_not_repeated_by_the_driver() {
    let mut stubborn = tag(1);
    stubborn.behaviour.afi_fails = 1;
    let (rig, mut reader) = rig(vec![stubborn]);
    reader.identify().unwrap();
    rig.sim.set_fault(Fault::AfiFails { times: 1 }).unwrap();
    for _ in 0..2 {
        let before = rig.sim.commands_seen();
        assert!(matches!(reader.write_afi(uid(1), 0xC2), Err(ReaderError::NoTag)));
        assert_eq!(rig.sim.commands_seen(), before + 1);
        assert_eq!(rig.sim.tag("t1").unwrap().afi, 0x07);
    }
    reader.write_afi(uid(1), 0xC2).unwrap();
    assert_eq!(rig.sim.tag("t1").unwrap().afi, 0xC2);
}

#[test]
fn a_deaf_pad_is_silent_and_then_works_again() {
    let (rig, mut reader) = rig(vec![tag(1)]);
    reader.identify().unwrap();
    rig.sim.set_fault(Fault::Deaf).unwrap();
    let error = reader.write_afi(uid(1), 0xC2).unwrap_err();
    assert!(matches!(error, ReaderError::Silent { waited_ms: 500.. }), "{error:?}");
    assert_eq!(rig.sim.tag("t1").unwrap().afi, 0x07);
    rig.sim.clear_faults().unwrap();
    reader.write_afi(uid(1), 0xC2).unwrap();
}

#[test]
fn damage_never_becomes_data() {
    let (rig, mut reader) = rig((0..3).map(tag).collect());
    let good = reader.read_blocks(uid(1), 0, 8).unwrap();
    rig.sim.set_fault(Fault::Garbled { per_mille: 8 }).unwrap();
    let mut damaged = 0;
    for _ in 0..12 {
        match reader.read_blocks(uid(1), 0, 8) {
            Ok(data) => assert_eq!(data, good),
            Err(ReaderError::Garbled(_)) => damaged += 1,
            Err(other) => panic!("{other:?}, seed {}", rig.sim.seed()),
        }
    }
    assert!(damaged > 0, "the fault must have shown, seed {}", rig.sim.seed());
    rig.sim.clear_faults().unwrap();
    assert_eq!(reader.read_blocks(uid(1), 0, 8).unwrap(), good);
}

#[test]
fn an_unplugged_pad_is_gone_and_can_be_opened_again() {
    for line in [Line::Pty, Line::Tcp] {
        let rig = rig_at(line, QUICK, vec![tag(1)]);
        let mut reader = open(&rig);
        reader.identify().unwrap();
        rig.sim.set_fault(Fault::Unplugged).unwrap();
        let error = reader.inventory().unwrap_err();
        assert!(error.is_gone(), "{line:?}: {error:?}");
        assert!(M3Reader::open(&rig.sim.port_spec()).is_err(), "{line:?}");
        rig.sim.clear_faults().unwrap();
        assert_eq!(open(&rig).inventory().unwrap().len(), 1, "{line:?}");
    }
}

#[test]
fn unplugged_in_the_middle_of_an_answer() {
    // Real speed: the reply of 20 tags takes 100 ms on the line.
    let rig = rig_at(Line::Pty, 1.0, (0..20).map(tag).collect());
    let mut reader = open(&rig);
    reader.identify().unwrap();
    let before = rig.sim.commands_seen();
    let error = std::thread::scope(|scope| {
        let asking = scope.spawn(|| reader.inventory().unwrap_err());
        assert!(rig.sim.wait_commands(before + 1, PATIENCE));
        rig.sim.set_fault(Fault::Unplugged).unwrap();
        asking.join().unwrap()
    });
    assert!(error.is_gone(), "{error:?}");
}

#[test]
fn a_tag_pulled_in_a_security_write() {
    for (pull, afi) in [(Pull::BeforeWrite, 0x07), (Pull::AfterWrite, 0xC2)] {
        let (rig, mut reader) = rig(vec![tag(1), tag(2)]);
        rig.sim.set_fault(Fault::PullOnWrite { tag: "t1".into(), pull }).unwrap();
        let profile = SecurityProfile::default();
        let error = security::apply(&mut reader, uid(1), &profile, Security::Released).unwrap_err();
        assert!(matches!(error, ReaderError::NoTag), "{error:?}");
        assert_eq!(rig.sim.tag("t1").unwrap().afi, afi, "{pull:?}");
        assert_eq!(rig.sim.on_pad(), ["t2"]);
        // Laid back, it can be put right.
        rig.sim.lay(&["t1"]).unwrap();
        security::apply(&mut reader, uid(1), &profile, Security::Released).unwrap();
    }
}

#[test]
fn a_tag_pulled_in_a_block_write_is_torn() {
    let (rig, mut reader) = rig(vec![tag(1)]);
    let pull = Pull::AfterBlocks(2);
    rig.sim.set_fault(Fault::PullOnWrite { tag: "t1".into(), pull }).unwrap();
    let before = rig.sim.tag("t1").unwrap().blocks;
    assert!(matches!(reader.write_blocks(uid(1), 0, &[0xEE; 16]), Err(ReaderError::NoTag)));
    let after = rig.sim.tag("t1").unwrap().blocks;
    assert_eq!(after[..2], [[0xEE; 4]; 2]);
    assert_eq!(after[2..], before[2..]);
}

#[test]
fn a_tag_that_writes_late_forgets_or_is_damaged() {
    let (rig, mut reader) = rig(vec![tag(1)]);
    let put = |how| rig.sim.set_fault(Fault::Tag { tag: "t1".into(), how, times: 1 }).unwrap();
    put(TagFault::LateAnswer);
    assert!(matches!(reader.write_afi(uid(1), 0xC2), Err(ReaderError::NoTag)));
    assert_eq!(rig.sim.tag("t1").unwrap().afi, 0xC2);
    put(TagFault::Forgets);
    reader.write_afi(uid(1), 0x07).unwrap();
    assert_eq!(reader.afi(uid(1)).unwrap(), 0xC2);
    put(TagFault::BadCrc);
    assert!(matches!(reader.afi(uid(1)), Err(ReaderError::NoTag)));
    rig.sim.set_fault("pull t1 inventory".parse().unwrap()).unwrap();
    assert_eq!(reader.inventory().unwrap().len(), 1);
    assert!(matches!(reader.read_blocks(uid(1), 0, 8), Err(ReaderError::NoTag)));
}

#[test]
fn tags_at_the_edge_silent_and_reported_twice() {
    let mut edge = tag(1);
    edge.position = Position::Edge { answers_percent: 50 };
    let mut silent = tag(2);
    silent.position = Position::Silent;
    let mut twice = tag(3);
    twice.behaviour = Behaviour { duplicate: true, ..Behaviour::default() };
    let (rig, mut reader) = rig(vec![edge, silent, twice]);
    let mut times = [0; 4];
    for _ in 0..30 {
        for seen in reader.inventory().unwrap() {
            times[usize::from(seen.uid.bytes()[5])] += 1;
        }
    }
    assert_eq!((times[2], times[3]), (0, 30));
    assert!((1..30).contains(&times[1]), "{times:?}, seed {}", rig.sim.seed());
}

#[test]
fn a_late_answer_never_matches_the_next_command() {
    let (rig, mut reader) = rig(vec![tag(1)]);
    reader.identify().unwrap();
    // The answer comes when the driver has given up.
    rig.sim.set_fault(Fault::Slow(Duration::from_millis(900))).unwrap();
    assert!(matches!(reader.write_afi(uid(1), 0xC2), Err(ReaderError::Silent { .. })));
    rig.sim.clear_faults().unwrap();
    // Both writes have the same reply bytes; only the second's own answer may end it.
    rig.sim.set_fault(Fault::AfiFails { times: 1 }).unwrap();
    assert!(matches!(reader.write_afi(uid(1), 0x07), Err(ReaderError::NoTag)));
    assert_eq!(rig.sim.tag("t1").unwrap().afi, 0xC2);
    assert_eq!(reader.afi(uid(1)).unwrap(), 0xC2);
}

#[test]
fn a_command_sent_while_busy_is_ignored() {
    let rig = rig_at(Line::Tcp, 1.0, (0..5).map(tag).collect());
    let mut port = rig.sim.port_spec().open(timing::LINE, PATIENCE).unwrap();
    let version = [0xD6, 0x00, 0x03, 0x11, 0x64, 0x20];
    port.write_all(&[0xD6, 0x00, 0x05, 0xFE, 0x00, 0x05, 0xFA, 0x40]).unwrap();
    assert!(rig.sim.wait_commands(1, PATIENCE));
    port.write_all(&version).unwrap();
    let mut list = [0; 10 + 5 * 8];
    port.read_exact(&mut list).unwrap();
    assert_eq!(list[3..5], [0xFE, 0x00]);
    assert_eq!(rig.sim.commands_seen(), 1);
    port.write_all(&version).unwrap();
    let mut answer = [0; 11];
    port.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0xD6, 0, 8, 0x11, 0, 0x0A, 3, 2, 6, 0x35, 0x17]);
    assert_eq!(rig.sim.commands_seen(), 2);
}

/// readers.md section 8: nothing may be faster than line and air together.
#[test]
fn not_faster_than_physics() {
    const TAGS: u8 = 5;
    let mut rng = Rng::new(42);
    let tags: Vec<TagState> = (0..TAGS)
        .map(|n| {
            let random = (0xE004_0100_0000_0000 | rng.next_u64() >> 24).to_be_bytes();
            TagState::new(format!("t{n}"), Uid::iso15693(random), Chip::IcodeSlix)
        })
        .collect();
    let rig = rig_at(Line::Pty, 1.0, tags);
    let mut reader = open(&rig);
    reader.identify().unwrap();

    let started = Instant::now();
    let seen = reader.inventory().unwrap();
    for tag in &seen {
        reader.read_blocks(tag.uid, 0, 8).unwrap();
    }
    let took = started.elapsed();
    assert_eq!(seen.len(), usize::from(TAGS));

    // Section 8: best inventory of 5 tags 30.2 ms, 15.8 ms on the air for each read of 8 blocks.
    // Line, 520.8 us a byte: FE 8 bytes out, 10 and 9 per tag in; 02 16 out, 64 in.
    let tags = f64::from(TAGS);
    let on_air_ms = 30.2 + 15.8 * tags;
    let line_ms = 0.5208 * (8.0 + 10.0 + 9.0 * tags + (16.0 + 64.0) * tags);
    let floor = Duration::from_secs_f64((on_air_ms + line_ms) / 1e3);
    assert!(took >= floor, "{took:?} is faster than {floor:?}");
}

#[test]
fn control_lines_are_answered_in_one_line() {
    let (rig, mut reader) = rig(vec![tag(1), tag(2)]);
    let say = |line: &str| control(&rig.sim, line);
    assert_eq!(say("lift t1 t2"), ("ok".into(), Next::GoOn));
    assert_eq!(reader.inventory().unwrap(), []);
    assert_eq!(say("lay t2"), ("ok".into(), Next::GoOn));
    assert_eq!(say("pad").0, "t2");
    assert!(say("tag t2").0.contains("\"afi\":\"07\""));
    assert_eq!(say("fault pull t2 before").0, "ok");
    assert!(matches!(reader.write_afi(uid(2), 0xC2), Err(ReaderError::NoTag)));
    assert_eq!(say("clear").0, "ok");
    for bad in ["lay", "lay nobody", "fault fire", "fault garbled 1001", "tag x", "lift t1 x"] {
        let answer = say(bad).0;
        assert!(answer.starts_with("error: ") && !answer.contains('\n'), "{bad}: {answer}");
    }
    assert_eq!(say("pad").0, "");
    assert_eq!(say("quit"), ("ok".into(), Next::Quit));
}

#[test]
fn a_stopped_simulator_does_not_hang_and_frees_its_place() {
    let rig = rig_at(Line::Tcp, 1.0, (0..20).map(tag).collect());
    let spec = rig.sim.port_spec();
    let mut port = spec.open(timing::LINE, PATIENCE).unwrap();
    port.write_all(&[0xD6, 0x00, 0x05, 0xFE, 0x00, 0x05, 0xFA, 0x40]).unwrap();
    assert!(rig.sim.wait_commands(1, PATIENCE));
    let started = Instant::now();
    drop(rig);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(spec.open(timing::LINE, PATIENCE).is_err());
}
