//! One tag's memory, security state and EPC, written and read back; also when it is pulled.

use super::*;

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
