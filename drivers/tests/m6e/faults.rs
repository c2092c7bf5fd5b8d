//! Modules that are deaf, damaged, unplugged, late, wrongly set up or too hot.

use super::*;

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
