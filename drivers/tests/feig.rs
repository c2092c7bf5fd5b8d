//! The FEIG driver against the simulated reader, over a real pty and over TCP.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use drivers::port::Port;
use drivers::rfid::feig::profile::{ByteOrder, Class, EasCommands, Form, MemorySize, Ont};
use drivers::rfid::feig::{FeigProfile, FeigReader, timing};
use drivers::rfid::security::{self, Security, SecurityProfile};
use drivers::rfid::setup::{ReaderModel, ReaderSetup};
use drivers::rfid::{Air, LockTarget, ReaderError, TagMemory, TagReader, Uid};
use drivers::sim::field::{Behaviour, Chip, Position, Pull, Rng, TagState, air};
use drivers::sim::listen::ListenSpec;
use drivers::sim::reader::feig::{FeigClass, FeigOptions};
use drivers::sim::reader::{Fault, Model, ReaderSim, ReaderSimConfig};
use drivers::sim::tags::PlacedTag;

/// Tests that are not about time run so much faster than real.
const QUICK: f64 = 20.0;
const PATIENCE: Duration = Duration::from_secs(10);

type Reader = FeigReader<Box<dyn Port>>;

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

fn content(n: u8) -> Vec<u8> {
    (0..32).map(|i| n ^ i).collect()
}

fn tag(n: u8) -> TagState {
    let mut tag = TagState::new(format!("t{n}"), uid(n), Chip::IcodeSlix).with_content(&content(n));
    (tag.afi, tag.eas, tag.dsfid) = (0x07, true, 0x06);
    tag
}

fn rig_at(line: Line, speed: f64, feig: FeigOptions, tags: Vec<TagState>) -> Rig {
    let dir = tempfile::tempdir().unwrap();
    let listen = match line {
        Line::Pty => ListenSpec::Pty(dir.path().join("reader")),
        Line::Tcp => ListenSpec::Tcp("127.0.0.1:0".into()),
    };
    let config =
        ReaderSimConfig { speed, seed: 42, feig, ..ReaderSimConfig::new(Model::Feig, listen) };
    let tags = tags.into_iter().map(|tag| PlacedTag { tag, on_pad: true }).collect();
    Rig { sim: ReaderSim::start(&config, tags).unwrap(), _dir: dir }
}

fn open(rig: &Rig, profile: FeigProfile) -> Reader {
    FeigReader::open(&rig.sim.port_spec(), profile).unwrap()
}

fn rig(tags: Vec<TagState>) -> (Rig, Reader) {
    rig_with(FeigOptions::default(), FeigProfile::default(), tags)
}

fn rig_with(options: FeigOptions, profile: FeigProfile, tags: Vec<TagState>) -> (Rig, Reader) {
    let rig = rig_at(Line::Pty, QUICK, options, tags);
    let reader = open(&rig, profile);
    (rig, reader)
}

/// A reader that is soon known to be silent.
fn impatient() -> FeigProfile {
    FeigProfile { response_time_ms: 200, ..FeigProfile::default() }
}

fn uids(reader: &mut Reader) -> Vec<Uid> {
    let mut uids: Vec<Uid> = reader.inventory().unwrap().iter().map(|s| s.uid).collect();
    uids.sort();
    uids
}

fn expected(count: u8) -> Vec<Uid> {
    let mut expected: Vec<Uid> = (0..count).map(uid).collect();
    expected.sort();
    expected
}

#[test]
fn piles_are_listed_and_read_over_both_lines_in_both_forms_and_orders() {
    let forms = [(Form::Standard, ByteOrder::Reversed), (Form::Advanced, ByteOrder::Straight)];
    for line in [Line::Pty, Line::Tcp] {
        for (frame, block_order) in forms {
            for count in [0, 1, 5, 20] {
                let swap_blocks = block_order == ByteOrder::Reversed;
                let options = FeigOptions { swap_blocks, ..FeigOptions::default() };
                let rig = rig_at(line, QUICK, options, (0..count).map(tag).collect());
                let profile = FeigProfile { frame, block_order, ..FeigProfile::default() };
                let mut reader = open(&rig, profile);
                let firmware = reader.identify().unwrap().firmware;
                assert_eq!(firmware, "ISC.MR101-A/PR101-A 01.04");
                let seen = reader.inventory().unwrap();
                assert!(seen.iter().all(|s| s.dsfid == Some(0x06) && s.air == Air::Iso15693));
                assert_eq!(uids(&mut reader), expected(count), "{line:?}, {frame:?}, {count}");
                for n in 0..count {
                    assert_eq!(reader.read_blocks(uid(n), 0, 8).unwrap(), content(n));
                }
            }
        }
    }
}

/// Why the order must be checked with a known tag: a wrong one is no error anybody sees.
#[test]
fn the_wrong_order_turns_every_block() {
    let profile = FeigProfile { block_order: ByteOrder::Straight, ..FeigProfile::default() };
    let (_rig, mut reader) = rig_with(FeigOptions::default(), profile, vec![tag(1)]);
    let told = reader.read_blocks(uid(1), 0, 8).unwrap();
    let turned: Vec<u8> = content(1).chunks(4).flat_map(|b| b.iter().rev().copied()).collect();
    assert_eq!(told, turned);
}

#[test]
fn the_station_opens_it_by_name() {
    let rig = rig_at(Line::Tcp, QUICK, FeigOptions::default(), vec![tag(1)]);
    let setup = ReaderSetup::default();
    let mut reader = setup.open(ReaderModel::Feig, &rig.sim.port_spec(), None).unwrap();
    assert_eq!(reader.identify().unwrap().model, ReaderModel::Feig.name());
    assert_eq!(reader.inventory().unwrap().len(), 1);
}

#[test]
fn blocks_and_registers_are_written_and_locked() {
    let (rig, mut reader) = rig(vec![tag(1)]);
    let data: Vec<u8> = (100..148).collect();
    reader.write_blocks(uid(1), 3, &data).unwrap();
    assert_eq!(reader.read_blocks(uid(1), 3, 12).unwrap(), data);
    reader.write_dsfid(uid(1), 0x3E).unwrap();
    assert_eq!(reader.dsfid(uid(1)).unwrap(), 0x3E);
    let state = rig.sim.tag("t1").unwrap();
    assert_eq!((state.blocks[3], state.dsfid), ([100, 101, 102, 103], 0x3E));
    assert!(matches!(reader.read_blocks(uid(1), 27, 2), Err(ReaderError::NoMemory)));
    assert!(matches!(reader.write_blocks(uid(1), 27, &[0; 8]), Err(ReaderError::NoMemory)));
    assert!(matches!(reader.afi(uid(9)), Err(ReaderError::NoTag)));

    reader.lock(uid(1), LockTarget::Block(5)).unwrap();
    assert!(matches!(reader.lock(uid(1), LockTarget::Block(5)), Err(ReaderError::Locked)));
    assert_eq!(reader.locked(uid(1), 4, 3).unwrap(), [false, true, false]);
    assert!(matches!(reader.write_blocks(uid(1), 5, &[0; 4]), Err(ReaderError::Locked)));
    reader.lock(uid(1), LockTarget::Afi).unwrap();
    assert!(matches!(reader.write_afi(uid(1), 0xC2), Err(ReaderError::Locked)));
    reader.lock(uid(1), LockTarget::Dsfid).unwrap();
    assert!(matches!(reader.write_dsfid(uid(1), 0x06), Err(ReaderError::Locked)));
}

#[test]
fn memory_is_told_as_the_reader_counts() {
    for (memory_counts, memory_size) in [(false, MemorySize::MinusOne), (true, MemorySize::Count)] {
        let options = FeigOptions { memory_counts, ..FeigOptions::default() };
        let profile = FeigProfile { memory_size, ..FeigProfile::default() };
        let (_rig, mut reader) = rig_with(options, profile, vec![tag(1)]);
        let memory = reader.memory(uid(1)).unwrap();
        assert_eq!(memory, TagMemory { blocks: 28, block_len: 4, ic_reference: Some(1) });
    }
}

#[test]
fn security_is_switched_and_read_back() {
    for (eas_used, commands) in [(false, EasCommands::None), (true, EasCommands::Nxp)] {
        let profile = FeigProfile { eas: commands, ..FeigProfile::default() };
        let (rig, mut reader) = rig_with(FeigOptions::default(), profile, vec![tag(1)]);
        let profile = SecurityProfile { eas: eas_used, ..SecurityProfile::default() };
        for (want, afi, eas) in [(Security::Released, 0xC2, false), (Security::Secured, 0x07, true)]
        {
            security::apply(&mut reader, uid(1), &profile, want).unwrap();
            let state = rig.sim.tag("t1").unwrap();
            assert_eq!((state.afi, state.eas), (afi, eas || !eas_used));
            assert!(security::verify(&mut reader, uid(1), &profile, want).unwrap());
        }
    }
}

#[test]
fn a_chip_without_registers_is_told() {
    let old = TagState::new("old", uid(2), Chip::TagItStandard);
    let (_rig, mut reader) = rig(vec![old]);
    assert!(matches!(reader.afi(uid(2)), Err(ReaderError::Unsupported { .. })));
    assert!(matches!(reader.write_eas(uid(2), true), Err(ReaderError::Unsupported { .. })));
    assert!(!reader.eas(uid(2)).unwrap());
    assert_eq!(reader.read_blocks(uid(2), 0, 8).unwrap(), [0; 32]);
}

#[test]
fn a_long_list_comes_in_pages() {
    for (page_records, commands) in [(7, 3), (10, 2), (20, 1)] {
        let options = FeigOptions { page_records, ont: false, ..FeigOptions::default() };
        let profile = FeigProfile { ont: Ont::Off, ..FeigProfile::default() };
        let (rig, mut reader) = rig_with(options, profile, (0..20).map(tag).collect());
        reader.identify().unwrap();
        let before = rig.sim.commands_seen();
        assert_eq!(uids(&mut reader), expected(20));
        assert_eq!(rig.sim.commands_seen() - before, commands);
    }
}

/// 30 tags do not fit a standard frame; the reader answers a standard command with an advanced one.
#[test]
fn a_reply_too_long_for_a_standard_frame_is_understood() {
    let options = FeigOptions { page_records: 255, ..FeigOptions::default() };
    let (_rig, mut reader) = rig_with(options, FeigProfile::default(), (0..30).map(tag).collect());
    assert_eq!(uids(&mut reader), expected(30));
}

#[test]
fn a_card_reader_says_when_there_are_too_many() {
    let options = FeigOptions { class: FeigClass::Cpr, ..FeigOptions::default() };
    let profile = FeigProfile { class: Class::Cpr, ..FeigProfile::default() };
    let (rig, mut reader) = rig_with(options, profile, (0..5).map(tag).collect());
    assert!(matches!(reader.inventory(), Err(ReaderError::TooMany)));
    rig.sim.lift(&["t4"]).unwrap();
    assert_eq!(uids(&mut reader), expected(4));
    assert_eq!(profile.class.tags_max(), Some(4));
}

#[test]
fn a_card_reader_lists_cards() {
    let options = FeigOptions { class: FeigClass::Cpr, ..FeigOptions::default() };
    let card = |id: &str, uid: &str, chip| TagState::new(id, uid.parse().unwrap(), chip);
    let tags = vec![
        tag(1),
        card("c4", "DEADBEEF", Chip::MifareClassic),
        card("c7", "04010203040506", Chip::MifareDesfire),
        card("phone", "08123456", Chip::MifareClassic),
    ];
    let (_rig, mut reader) = rig_with(options, FeigProfile::default(), tags);
    assert!(reader.identify().unwrap().firmware.starts_with("CPR.M02"));
    for _ in 0..2 {
        let seen = reader.inventory().unwrap();
        let cards = seen.iter().filter(|seen| seen.air == Air::Iso14443);
        let mut cards: Vec<String> = cards.map(|seen| seen.uid.to_string()).collect();
        cards.sort();
        assert_eq!(cards, ["04010203040506", "DEADBEEF"]);
        assert_eq!(seen.len(), 3);
    }
}

#[test]
fn the_whole_state_is_told_whatever_ont_is() {
    let kinds = [(true, Ont::On), (true, Ont::Clear), (false, Ont::Off), (false, Ont::Clear)];
    for (ont, profile) in kinds {
        let options = FeigOptions { ont, ..FeigOptions::default() };
        let profile = FeigProfile { ont: profile, ..FeigProfile::default() };
        let (rig, mut reader) = rig_with(options, profile, (0..3).map(tag).collect());
        for _ in 0..3 {
            assert_eq!(uids(&mut reader), expected(3), "ONT {ont}");
        }
        rig.sim.lift(&["t2"]).unwrap();
        assert_eq!(uids(&mut reader), expected(2), "ONT {ont}");
        // A quiet tag still does what it is asked by name.
        assert_eq!(reader.afi(uid(1)).unwrap(), 0x07);
    }
    // Told wrongly: a tag that is missing is looked for once more with the field reset.
    let profile = FeigProfile { ont: Ont::Off, ..FeigProfile::default() };
    let (_rig, mut reader) = rig_with(FeigOptions::default(), profile, vec![tag(1)]);
    assert_eq!((uids(&mut reader).len(), uids(&mut reader).len()), (1, 1));
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
fn a_deaf_reader_is_silent_and_then_works_again() {
    let (rig, mut reader) = rig(vec![tag(1)]);
    reader.identify().unwrap();
    rig.sim.set_fault(Fault::Deaf).unwrap();
    let error = reader.write_afi(uid(1), 0xC2).unwrap_err();
    // TR-RESPONSE-TIME of 1 s and the margin.
    assert!(matches!(error, ReaderError::Silent { waited_ms: 1500.. }), "{error:?}");
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
fn an_unplugged_reader_is_gone_and_can_be_opened_again() {
    for line in [Line::Pty, Line::Tcp] {
        let rig = rig_at(line, QUICK, FeigOptions::default(), vec![tag(1)]);
        let mut reader = open(&rig, FeigProfile::default());
        // It lists the tag and with ONT keeps it quiet; without power the tag forgets.
        assert_eq!(uids(&mut reader).len(), 1);
        rig.sim.set_fault(Fault::Unplugged).unwrap();
        let error = reader.inventory().unwrap_err();
        assert!(error.is_gone(), "{line:?}: {error:?}");
        let again = FeigReader::open(&rig.sim.port_spec(), FeigProfile::default());
        assert!(again.is_err(), "{line:?}");
        rig.sim.clear_faults().unwrap();
        assert_eq!(uids(&mut open(&rig, FeigProfile::default())).len(), 1, "{line:?}");
    }
}

#[test]
fn a_tag_pulled_in_a_security_write() {
    for (pull, afi) in [(Pull::BeforeWrite, 0x07), (Pull::AfterWrite, 0xC2)] {
        let (rig, mut reader) = rig(vec![tag(1), tag(2)]);
        rig.sim.set_fault(Fault::PullOnWrite { tag: "t1".into(), pull }).unwrap();
        let profile = SecurityProfile { eas: false, ..SecurityProfile::default() };
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
    assert!(matches!(reader.write_blocks(uid(1), 0, &[0xEE; 16]), Err(ReaderError::NotWritten)));
    let after = rig.sim.tag("t1").unwrap().blocks;
    assert_eq!(after[..2], [[0xEE; 4]; 2]);
    assert_eq!(after[2..], before[2..]);
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
    let (rig, mut reader) = rig_with(FeigOptions::default(), impatient(), vec![tag(1)]);
    reader.identify().unwrap();
    // The answer comes when the driver has given up.
    rig.sim.set_fault(Fault::Slow(Duration::from_millis(1000))).unwrap();
    assert!(matches!(reader.write_afi(uid(1), 0xC2), Err(ReaderError::Silent { .. })));
    rig.sim.clear_faults().unwrap();
    // Both writes have the same reply bytes; only the second's own answer may end it.
    rig.sim.set_fault(Fault::AfiFails { times: 1 }).unwrap();
    assert!(matches!(reader.write_afi(uid(1), 0x07), Err(ReaderError::NoTag)));
    assert_eq!(rig.sim.tag("t1").unwrap().afi, 0xC2);
    assert_eq!(reader.afi(uid(1)).unwrap(), 0xC2);
}

const VERSION: [u8; 5] = [0x05, 0xFF, 0x65, 0xE5, 0xCB];
const INVENTORY: [u8; 7] = [0x07, 0xFF, 0xB0, 0x01, 0x00, 0x1C, 0x56];

#[test]
fn damaged_commands_and_those_sent_while_busy_are_ignored() {
    let rig = rig_at(Line::Tcp, 1.0, FeigOptions::default(), (0..5).map(tag).collect());
    let mut port = rig.sim.port_spec().open(timing::LINE, PATIENCE).unwrap();
    let mut damaged = VERSION;
    damaged[4] ^= 1;
    port.write_all(&damaged).unwrap();
    port.write_all(&INVENTORY).unwrap();
    assert!(rig.sim.wait_commands(1, PATIENCE));
    port.write_all(&VERSION).unwrap();
    let mut list = [0; 7 + 5 * 10];
    port.read_exact(&mut list).unwrap();
    assert_eq!(list[..5], [list.len() as u8, 0x00, 0xB0, 0x00, 5]);
    assert_eq!(rig.sim.commands_seen(), 1);
}

fn random_tags(count: u8) -> (Vec<TagState>, Vec<Uid>) {
    let mut rng = Rng::new(42);
    let tags: Vec<TagState> = (0..count)
        .map(|n| {
            let random = (0xE004_0100_0000_0000 | rng.next_u64() >> 24).to_be_bytes();
            TagState::new(format!("t{n}"), Uid::iso15693(random), Chip::IcodeSlix)
        })
        .collect();
    let uids = tags.iter().map(|tag| tag.uid).collect();
    (tags, uids)
}

/// What line, air and PSST need at the least to list these tags and read 8 blocks of each
/// (readers.md section 8), and RF reset, which comes first in either setting of ONT.
fn floor(uids: &[Uid], form: Form) -> Duration {
    let read = timing::read_blocks_line(form, 8).time(timing::LINE) + air::exchange(14, 35);
    let list = timing::inventory_line(form, uids.len()).time(timing::LINE)
        + timing::RF_RESET
        + air::inventory(uids, air::Family::All).time;
    list + (read + Duration::from_millis(5)) * uids.len() as u32
}

/// From the first command to 10 tags known, by 8 blocks each: never faster than physics, and at
/// most a tenth slower on a machine that has time.
#[test]
fn ten_tags_are_known_in_the_time_that_line_and_air_need() {
    const TAGS: u8 = 10;
    const SLOWEST: f64 = 1.10;
    /// Other work on the machine slows single runs.
    const RUNS: u32 = 8;
    for form in [Form::Standard, Form::Advanced] {
        let mut best = f64::INFINITY;
        for _ in 0..RUNS {
            let (tags, uids) = random_tags(TAGS);
            let options = FeigOptions { ont: false, ..FeigOptions::default() };
            let rig = rig_at(Line::Pty, 1.0, options, tags);
            let profile = FeigProfile { ont: Ont::Off, frame: form, ..FeigProfile::default() };
            let mut reader = open(&rig, profile);
            reader.identify().unwrap();

            let started = Instant::now();
            let seen = reader.inventory().unwrap();
            for tag in &seen {
                reader.read_blocks(tag.uid, 0, 8).unwrap();
            }
            let took = started.elapsed();
            assert_eq!(seen.len(), usize::from(TAGS));
            let floor = floor(&uids, form);
            assert!(took >= floor, "{took:?} is faster than {floor:?}");
            best = best.min(took.as_secs_f64() / floor.as_secs_f64());
            if best <= SLOWEST {
                break;
            }
        }
        assert!(best <= SLOWEST, "{form:?}: {best:.3} of the floor in the best of {RUNS} runs");
    }
}

#[test]
fn a_stopped_simulator_does_not_hang_and_frees_its_place() {
    let rig = rig_at(Line::Tcp, 1.0, FeigOptions::default(), (0..20).map(tag).collect());
    let spec = rig.sim.port_spec();
    let mut port = spec.open(timing::LINE, PATIENCE).unwrap();
    port.write_all(&INVENTORY).unwrap();
    assert!(rig.sim.wait_commands(1, PATIENCE));
    let started = Instant::now();
    drop(rig);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(spec.open(timing::LINE, PATIENCE).is_err());
}
