//! The UHF driver against the simulated module, over a real pty and over TCP.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::{Duration, Instant};

use drivers::rfid::m6e::driver::LeftOut;
use drivers::rfid::m6e::profile::{Inventory, Profile, Region, Select};
use drivers::rfid::m6e::wire::Password;
use drivers::rfid::m6e::{M6eReader, timing};
use drivers::rfid::security::{self, Security, SecurityProfile};
use drivers::rfid::{Air, LockTarget, ReaderError, TagReader, Uid, Uii};
use drivers::sim::field::{Chip, Position, Pull, TagState};
use drivers::sim::gen2::air;
use drivers::sim::listen::ListenSpec;
use drivers::sim::reader::{Fault, Model, ReaderSim, ReaderSimConfig};
use drivers::sim::tags::PlacedTag;

/// Tests that are not about time run so much faster than real.
const QUICK: f64 = 20.0;

type Reader = M6eReader<Box<dyn drivers::port::Port>>;

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
    Uid::new(&[0xE2, 0x80, 0x11, 0x30, 0x20, 0, 0x21, 0x23, 0x3C, n, n.wrapping_mul(37), 0xF6])
        .unwrap()
}

/// An ISO 28560-4 item, in the library (rfid-data.md section 7), with another last word each.
fn item(n: u8) -> TagState {
    let mut tag = TagState::new(format!("t{n}"), uid(n), Chip::Gen2);
    let bytes =
        vec![0x15, 0x0C, 0xC6, 0xB7, 0xC6, 0x97, 0xAD, 0xB4, 0x59, 0x64, 0xB3, 0xCF, 0x23, n];
    tag.uii = Uii { pc: 0x3D07, bytes };
    tag.with_content(&[0x06, 0x02, 0x01, 0xD0, 0x14, 0x02, 0x04, n])
}

/// An item of the university format, in the library (rfid-data.md section 8).
fn university(n: u8) -> TagState {
    let mut tag = item(n);
    let bytes = vec![0x17, 0x03, 0, 3, 0x98, 0x13, 0x08, 0x03, 0xF4, 0x04, 0, n];
    tag.uii = Uii { pc: 0x3400, bytes };
    tag
}

/// At 20 times the speed the module searches 20 times as often as it is listened to, so short
/// searches do.
fn quick() -> Profile {
    Profile { dwell_ms: 60, access_timeout_ms: 400, ..Profile::default() }
}

fn rig_at(line: Line, speed: f64, tags: Vec<TagState>) -> Rig {
    let dir = tempfile::tempdir().unwrap();
    let listen = match line {
        Line::Pty => ListenSpec::Pty(dir.path().join("module")),
        Line::Tcp => ListenSpec::Tcp("127.0.0.1:0".into()),
    };
    let config = ReaderSimConfig { speed, seed: 42, ..ReaderSimConfig::new(Model::M6e, listen) };
    let tags = tags.into_iter().map(|tag| PlacedTag { tag, on_pad: true }).collect();
    Rig { sim: ReaderSim::start(&config, tags).unwrap(), _dir: dir }
}

fn open(rig: &Rig, profile: Profile) -> Reader {
    assert_eq!(profile.problem(), None);
    M6eReader::open(&rig.sim.port_spec(), profile).unwrap()
}

fn rig(tags: Vec<TagState>) -> (Rig, Reader) {
    let rig = rig_at(Line::Pty, QUICK, tags);
    let reader = open(&rig, quick());
    (rig, reader)
}

fn listed(reader: &mut Reader) -> Vec<Uid> {
    let mut uids: Vec<Uid> = reader.inventory().unwrap().iter().map(|seen| seen.uid).collect();
    uids.sort();
    uids
}

fn uids(count: u8) -> Vec<Uid> {
    let mut uids: Vec<Uid> = (0..count).map(uid).collect();
    uids.sort();
    uids
}

#[test]
fn piles_are_listed_and_read_over_both_lines_and_both_ways() {
    for line in [Line::Pty, Line::Tcp] {
        for inventory in [Inventory::Continuous, Inventory::Single] {
            for count in [0, 1, 5, 20] {
                let rig = rig_at(line, QUICK, (0..count).map(item).collect());
                let profile = Profile { inventory, dwell_ms: 200, ..quick() };
                let mut reader = open(&rig, profile);
                assert_eq!(reader.identify().unwrap().firmware, "01.03.01.47");
                assert_eq!(listed(&mut reader), uids(count), "{line:?} {inventory:?} {count}");
                assert_eq!(reader.left_out(), LeftOut::default());
                for n in 0..count {
                    let uii = reader.uii(uid(n)).unwrap();
                    assert_eq!((uii.pc, uii.bytes[13]), (0x3D07, n));
                }
            }
        }
    }
}

#[test]
fn a_tag_is_read_once_and_then_remembered() {
    let (rig, mut reader) = rig(vec![item(1), item(2)]);
    listed(&mut reader);
    let before = rig.sim.commands_seen();
    assert_eq!(reader.inventory().unwrap().len(), 2);
    // Start; stop is heard inside the search.
    assert!(rig.sim.commands_seen() - before <= 2, "{}", rig.sim.commands_seen() - before);
    let seen = reader.inventory().unwrap();
    assert!(seen.iter().all(|seen| seen.air == Air::Gen2 && seen.dsfid.is_none()));
}

#[test]
fn user_memory_is_read_and_written() {
    let (rig, mut reader) = rig(vec![item(1), item(2)]);
    let data: Vec<u8> = (100..180).collect();
    reader.write_blocks(uid(1), 3, &data).unwrap();
    assert_eq!(reader.read_blocks(uid(1), 3, 20).unwrap(), data);
    assert_eq!(rig.sim.tag("t1").unwrap().blocks[3], [100, 101, 102, 103]);
    assert_eq!(rig.sim.tag("t2").unwrap().blocks[3], [0; 4]);
    let memory = reader.memory(uid(1)).unwrap();
    assert_eq!((memory.blocks, memory.block_len), (32, 4));
    assert!(reader.read_blocks(uid(1), 0, 0).unwrap().is_empty());
    assert!(matches!(reader.read_blocks(uid(1), 31, 2), Err(ReaderError::NoMemory)));
    assert!(matches!(reader.write_blocks(uid(1), 31, &[0; 8]), Err(ReaderError::NoMemory)));
    assert!(matches!(reader.write_blocks(uid(1), 0, &[0; 5]), Err(ReaderError::Refused { .. })));
    assert!(matches!(reader.read_blocks(uid(9), 0, 1), Err(ReaderError::NoTag)));
    assert!(matches!(reader.eas(uid(1)), Err(ReaderError::Unsupported { .. })));
    let lock = reader.lock(uid(1), LockTarget::Block(0));
    assert!(matches!(lock, Err(ReaderError::Unsupported { .. })));
}

#[test]
fn security_of_both_formats_is_switched_and_read_back() {
    for (select, inventory) in [
        (Select::Epc, Inventory::Continuous),
        (Select::Epc, Inventory::Single),
        (Select::Tid, Inventory::Continuous),
    ] {
        let rig = rig_at(Line::Pty, QUICK, vec![item(1), university(2), item(3)]);
        let mut reader = open(&rig, Profile { select, inventory, ..quick() });
        let profile = SecurityProfile::default();
        for (want, afi, state) in
            [(Security::Released, 0xC2, 0x97), (Security::Secured, 0x07, 0x17)]
        {
            security::apply(&mut reader, uid(1), &profile, want).unwrap();
            security::apply(&mut reader, uid(2), &profile, want).unwrap();
            assert_eq!(rig.sim.tag("t1").unwrap().uii.pc & 0xFBFF, 0x3900 | afi);
            let lent = rig.sim.tag("t2").unwrap().uii;
            assert_eq!((lent.pc & 0xFBFF, lent.bytes[0]), (0x3000, state));
            assert_eq!(rig.sim.tag("t3").unwrap().uii, item(3).uii);
            // Lent or not, it is the same tag.
            assert_eq!(listed(&mut reader).len(), 3);
            for uid in [uid(1), uid(2)] {
                assert!(security::verify(&mut reader, uid, &profile, want).unwrap());
            }
        }
        let foreign = reader.write_afi(uid(2), 0xC2);
        assert!(matches!(foreign, Err(ReaderError::Unsupported { .. })), "toggle bit 0");
        assert!(matches!(reader.afi(uid(2)), Err(ReaderError::Unsupported { .. })));
    }
}

#[test]
fn an_epc_written_anew_keeps_the_tag_known() {
    let (rig, mut reader) = rig(vec![item(1), item(2)]);
    assert_eq!(listed(&mut reader).len(), 2);
    let longer = Uii { pc: 0x41C2, bytes: (1..=16).collect() };
    let shorter = Uii { pc: 0x1000, bytes: vec![9, 8, 7, 6] };
    for uii in [longer, shorter] {
        reader.write_uii(uid(1), &uii).unwrap();
        let read = reader.uii(uid(1)).unwrap();
        assert_eq!((read.pc & 0xFBFF, &read.bytes), (uii.pc, &uii.bytes));
        assert_eq!(listed(&mut reader).len(), 2);
        assert_eq!(reader.uii(uid(1)).unwrap().bytes, uii.bytes);
        assert!(rig.sim.tag("t1").unwrap().uii.bytes.starts_with(&uii.bytes));
    }
    let odd = Uii { pc: 0x1000, bytes: vec![1] };
    assert!(matches!(reader.write_uii(uid(1), &odd), Err(ReaderError::Refused { .. })));
    let huge = Uii { pc: 0xF800, bytes: vec![1; 62] };
    assert!(matches!(reader.write_uii(uid(1), &huge), Err(ReaderError::NoMemory)));
}

#[test]
fn the_access_password_opens_what_it_must() {
    let mut locked = item(1);
    locked.access_password = 0x1234_5678;
    let rig = rig_at(Line::Pty, QUICK, vec![locked]);
    for (password, is) in [(0, "Locked"), (0xBAD, "Refused"), (0x1234_5678, "Ok")] {
        let mut reader = open(&rig, Profile { access_password: Password(password), ..quick() });
        // Reading needs none.
        assert_eq!(reader.read_blocks(uid(1), 0, 1).unwrap(), [0x06, 0x02, 0x01, 0xD0]);
        let result = reader.write_afi(uid(1), 0xC2);
        match (is, &result) {
            ("Locked", Err(ReaderError::Locked))
            | ("Refused", Err(ReaderError::Refused { code: 0x20 }))
            | ("Ok", Ok(())) => {}
            _ => panic!("{is}: {result:?}"),
        }
    }
    assert_eq!(rig.sim.tag("t1").unwrap().uii.pc & 0xFF, 0xC2);
}

#[test]
fn tags_beside_the_pad_are_left_out_by_their_strength() {
    let mut beside = item(2);
    beside.position = Position::Edge { answers_percent: 70 };
    let (rig, mut reader) = rig(vec![item(1), beside]);
    assert_eq!(listed(&mut reader), [uid(1)]);
    assert_eq!(reader.left_out(), LeftOut { weak: 1, ..LeftOut::default() });
    drop(reader);
    let mut all = open(&rig, Profile { rssi_min_dbm: -90, ..quick() });
    assert_eq!(listed(&mut all).len(), 2);
}

#[test]
fn hf_tags_and_tags_without_a_whole_tid_are_not_listed() {
    let hf = TagState::new("hf", "E00401003123AA26".parse().unwrap(), Chip::IcodeSlix);
    let mut short = item(2);
    short.uid = Uid::new(&[0xE2, 0x00, 0x34, 0x12, 0, 0, 0, 1]).unwrap();
    let (_rig, mut reader) = rig(vec![item(1), hf, short]);
    for _ in 0..2 {
        assert_eq!(listed(&mut reader), [uid(1)]);
        assert_eq!(reader.left_out(), LeftOut { short_tid: 1, ..LeftOut::default() });
    }
}

#[test]
fn without_selection_only_a_tag_alone_is_spoken_to() {
    let rig = rig_at(Line::Pty, QUICK, vec![item(1), item(2)]);
    let mut reader = open(&rig, Profile { select: Select::Nothing, ..quick() });
    assert_eq!(listed(&mut reader), []);
    assert_eq!(reader.left_out(), LeftOut { unread_tid: 2, ..LeftOut::default() });
    rig.sim.lift(&["t2"]).unwrap();
    let found = (0..8).any(|_| listed(&mut reader) == [uid(1)]);
    assert!(found, "the TID is tried again");
    reader.write_afi(uid(1), 0xC2).unwrap();
    rig.sim.lay(&["t2"]).unwrap();
    listed(&mut reader);
    assert!(matches!(reader.write_afi(uid(1), 0x07), Err(ReaderError::Refused { .. })));
    assert_eq!(rig.sim.tag("t2").unwrap().uii, item(2).uii);
}

#[test]
fn a_tag_pulled_in_a_security_write() {
    for (pull, afi) in [(Pull::BeforeWrite, 0x07), (Pull::AfterWrite, 0xC2)] {
        let (rig, mut reader) = rig(vec![item(1), item(2)]);
        assert_eq!(listed(&mut reader).len(), 2);
        rig.sim.set_fault(Fault::PullOnWrite { tag: "t1".into(), pull }).unwrap();
        let profile = SecurityProfile::default();
        let error = security::apply(&mut reader, uid(1), &profile, Security::Released).unwrap_err();
        assert!(matches!(error, ReaderError::NotWritten), "{error:?}");
        assert_eq!(rig.sim.tag("t1").unwrap().uii.pc as u8, afi, "{pull:?}");
        assert_eq!(rig.sim.on_pad(), ["t2"]);
        let gone = security::verify(&mut reader, uid(1), &profile, Security::Released);
        assert!(matches!(gone, Err(ReaderError::NoTag)), "{gone:?}");
        // Laid back, it can be put right.
        rig.sim.lay(&["t1"]).unwrap();
        security::apply(&mut reader, uid(1), &profile, Security::Released).unwrap();
    }
}

#[test]
fn a_tag_pulled_while_its_epc_is_written_is_found_again() {
    let (rig, mut reader) = rig(vec![item(1), item(2)]);
    assert_eq!(listed(&mut reader).len(), 2);
    let before = rig.sim.tag("t1").unwrap().uii;
    let pull = Pull::AfterBlocks(1);
    rig.sim.set_fault(Fault::PullOnWrite { tag: "t1".into(), pull }).unwrap();
    let new = Uii { pc: 0x39C2, bytes: vec![0x77; 14] };
    assert!(matches!(reader.write_uii(uid(1), &new), Err(ReaderError::NotWritten)));
    let torn = rig.sim.tag("t1").unwrap().uii;
    assert_eq!((&torn.bytes[..2], &torn.bytes[2..]), (&[0x77; 2][..], &before.bytes[2..]));
    assert!(matches!(reader.uii(uid(1)), Err(ReaderError::NoTag)));
    rig.sim.lay(&["t1"]).unwrap();
    assert_eq!(reader.uii(uid(1)).unwrap().bytes, torn.bytes);
    reader.write_uii(uid(1), &new).unwrap();
    assert_eq!(rig.sim.tag("t1").unwrap().uii, new);
}

#[test]
fn a_torn_user_write_says_so() {
    let (rig, mut reader) = rig(vec![item(1)]);
    listed(&mut reader);
    let before = rig.sim.tag("t1").unwrap().blocks;
    let pull = Pull::AfterBlocks(1);
    rig.sim.set_fault(Fault::PullOnWrite { tag: "t1".into(), pull }).unwrap();
    assert!(matches!(reader.write_blocks(uid(1), 0, &[0xEE; 8]), Err(ReaderError::NotWritten)));
    let after = rig.sim.tag("t1").unwrap().blocks;
    assert_eq!(after[0], [0xEE, 0xEE, before[0][2], before[0][3]], "one word of two");
}

#[test]
fn writes_that_fail_are_not_repeated_by_the_driver() {
    let (rig, mut reader) = rig(vec![item(1)]);
    listed(&mut reader);
    rig.sim.set_fault(Fault::AfiFails { times: 1 }).unwrap();
    let before = rig.sim.commands_seen();
    assert!(matches!(reader.write_afi(uid(1), 0xC2), Err(ReaderError::NotWritten)));
    assert_eq!(rig.sim.commands_seen(), before + 1);
    reader.write_afi(uid(1), 0xC2).unwrap();
    assert_eq!(reader.afi(uid(1)).unwrap(), 0xC2);
}

#[test]
fn a_tag_at_the_edge_is_spoken_to_with_patience() {
    let mut edge = item(1);
    edge.position = Position::Edge { answers_percent: 30 };
    let rig = rig_at(Line::Pty, QUICK, vec![edge]);
    let mut reader = open(&rig, Profile { rssi_min_dbm: -90, ..quick() });
    assert_eq!(listed(&mut reader), [uid(1)], "seed {}", rig.sim.seed());
    for _ in 0..5 {
        assert_eq!(reader.read_blocks(uid(1), 0, 1).unwrap(), [6, 2, 1, 0xD0]);
    }
    let mut silent = item(2);
    silent.position = Position::Silent;
    rig.sim.add_tag(silent).unwrap();
    rig.sim.lay(&["t2"]).unwrap();
    assert_eq!(listed(&mut reader), [uid(1)]);
}

#[test]
fn a_deaf_module_is_silent_and_then_works_again() {
    let (rig, mut reader) = rig(vec![item(1)]);
    listed(&mut reader);
    rig.sim.set_fault(Fault::Deaf).unwrap();
    assert!(matches!(reader.write_afi(uid(1), 0xC2), Err(ReaderError::Silent { .. })));
    assert!(matches!(reader.inventory(), Err(ReaderError::Silent { .. })));
    rig.sim.clear_faults().unwrap();
    reader.write_afi(uid(1), 0xC2).unwrap();
    assert_eq!(listed(&mut reader), [uid(1)]);
}

#[test]
fn deaf_in_the_middle_of_reading() {
    let (rig, mut reader) = rig(vec![item(1)]);
    listed(&mut reader);
    let before = rig.sim.commands_seen();
    let error = std::thread::scope(|scope| {
        let asking = scope.spawn(|| reader.inventory());
        assert!(rig.sim.wait_commands(before + 1, Duration::from_secs(10)));
        rig.sim.set_fault(Fault::Deaf).unwrap();
        asking.join().unwrap()
    });
    assert!(matches!(error, Err(ReaderError::Silent { .. })), "{error:?}");
    rig.sim.clear_faults().unwrap();
    // It still reads without end; stop is the first thing it hears.
    assert_eq!(listed(&mut reader), [uid(1)]);
}

#[test]
fn damage_never_becomes_data() {
    let (rig, mut reader) = rig((0..3).map(item).collect());
    listed(&mut reader);
    let good = reader.read_blocks(uid(1), 0, 8).unwrap();
    rig.sim.set_fault(Fault::Garbled { per_mille: 8 }).unwrap();
    let mut damaged = 0;
    for _ in 0..12 {
        match reader.read_blocks(uid(1), 0, 8) {
            Ok(data) => assert_eq!(data, good),
            Err(ReaderError::Garbled(_) | ReaderError::Silent { .. }) => damaged += 1,
            Err(other) => panic!("{other:?}, seed {}", rig.sim.seed()),
        }
        if let Ok(seen) = reader.inventory() {
            assert!(seen.iter().all(|seen| uids(3).contains(&seen.uid)));
        }
    }
    assert!(damaged > 0, "the fault must have shown, seed {}", rig.sim.seed());
    rig.sim.clear_faults().unwrap();
    assert_eq!(reader.read_blocks(uid(1), 0, 8).unwrap(), good);
}

#[test]
fn an_unplugged_module_starts_in_its_boot_loader() {
    for line in [Line::Pty, Line::Tcp] {
        let rig = rig_at(line, QUICK, vec![item(1)]);
        let mut reader = open(&rig, quick());
        assert_eq!(listed(&mut reader), [uid(1)]);
        rig.sim.set_fault(Fault::Unplugged).unwrap();
        let error = reader.inventory().unwrap_err();
        assert!(error.is_gone(), "{line:?}: {error:?}");
        rig.sim.clear_faults().unwrap();
        // Region, powers and all else are set again.
        assert_eq!(listed(&mut open(&rig, quick())), [uid(1)], "{line:?}");
    }
}

#[test]
fn a_late_answer_never_matches_the_next_command() {
    let (rig, mut reader) = rig(vec![item(1)]);
    listed(&mut reader);
    // The answer comes when the driver has given up.
    rig.sim.set_fault(Fault::Slow(Duration::from_millis(1100))).unwrap();
    assert!(matches!(reader.write_afi(uid(1), 0xC2), Err(ReaderError::Silent { .. })));
    rig.sim.clear_faults().unwrap();
    // Both writes have the same answer; only the second's own may end it.
    rig.sim.set_fault(Fault::AfiFails { times: 1 }).unwrap();
    assert!(matches!(reader.write_afi(uid(1), 0x07), Err(ReaderError::NotWritten)));
    assert_eq!(reader.afi(uid(1)).unwrap(), 0xC2);
}

#[test]
fn settings_the_module_refuses_are_told_at_the_start() {
    let rig = rig_at(Line::Pty, QUICK, vec![item(1)]);
    for (profile, code) in [
        (Profile { region: Region::EuropeM5e, ..quick() }, 0x0B),
        (Profile { read_power_cdbm: 3000, ..quick() }, 0x03),
        (Profile { antenna: 2, ..quick() }, 0x05),
    ] {
        let error = open(&rig, profile).identify().unwrap_err();
        assert!(matches!(error, ReaderError::Refused { code: c } if c == code), "{error:?}");
    }
    let mut weak = open(&rig, Profile { write_power_cdbm: 1000, ..quick() });
    assert!(matches!(weak.write_afi(uid(1), 0xC2), Err(ReaderError::NotWritten)));
}

#[test]
fn a_module_too_hot_is_no_empty_pad() {
    let rig = rig_at(Line::Pty, QUICK, vec![item(1)]);
    let mut reader = open(&rig, Profile { read_power_cdbm: 2700, ..quick() });
    let error = (0..20).find_map(|_| reader.inventory().err());
    assert!(matches!(error, Some(ReaderError::Refused { code: 0x04 })), "{error:?}");
}

/// readers.md section 5: nothing may be faster than line and air together; and the driver may
/// take at most a tenth more.
#[test]
fn not_faster_than_physics_and_not_much_slower() {
    let profile = Profile::default();
    let dwell = Duration::from_millis(u64::from(profile.dwell_ms));
    let byte = timing::line_time(1000, timing::BAUD) / 1000;
    for count in [1_u8, 5, 10, 20] {
        let rig = rig_at(Line::Pty, 1.0, (0..count).map(short_item).collect());
        let mut reader = open(&rig, profile.clone());
        reader.identify().unwrap();
        let started = Instant::now();
        let seen = reader.inventory().unwrap();
        for tag in &seen {
            reader.uii(tag.uid).unwrap();
        }
        let took = started.elapsed();
        assert_eq!(seen.len(), usize::from(count));
        let floor = air::least_time(u32::from(count), dwell, byte);
        let ratio = took.as_secs_f64() / floor.as_secs_f64();
        eprintln!("{count} tags: {took:?}, least {floor:?}, ratio {ratio:.3}");
        assert!(took >= floor, "{count}: {took:?} is faster than {floor:?}");
        // Machines under test are busy; the measured ratio is in docs/readers.md.
        assert!(ratio < 1.6, "{count}: {took:?}, least {floor:?}");
    }
}

/// As most items: a UII of 6 words.
fn short_item(n: u8) -> TagState {
    let mut tag = university(n);
    tag.uii.bytes[10] = 1;
    tag
}
