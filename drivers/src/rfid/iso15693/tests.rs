use proptest::prelude::*;

use super::reply::{self, Found, ReplyError, SystemInformation};
use super::*;

const UID: [u8; 8] = [0xE0, 0x04, 0x01, 0x00, 0x31, 0x23, 0xAA, 0x26];
const TURNED: [u8; 8] = [0x26, 0xAA, 0x23, 0x31, 0x00, 0x01, 0x04, 0xE0];

#[track_caller]
fn check(command: Command, option: bool, head: &[u8], params: &[u8]) {
    let request = Request { uid: UID, option, command };
    let bytes = [head, &TURNED, params].concat();
    assert_eq!(request.emit(), bytes);
    assert_eq!(Request::parse(&bytes), Some(request));
}

/// Layouts of rfid-data.md section 6.3 and readers.md section 4.4.
#[test]
fn requests() {
    check(Command::StayQuiet, false, &[0x22, 0x02], &[]);
    check(Command::ReadSingle(5), false, &[0x22, 0x20], &[5]);
    check(Command::ReadSingle(5), true, &[0x62, 0x20], &[5]);
    check(Command::WriteSingle(5, [1, 2, 3, 4]), true, &[0x62, 0x21], &[5, 1, 2, 3, 4]);
    // The count byte is one less than the number of blocks.
    check(Command::ReadMultiple(0, 7), false, &[0x22, 0x23], &[0, 7]);
    check(Command::WriteAfi(0xC2), false, &[0x22, 0x27], &[0xC2]);
    check(Command::WriteDsfid(6), false, &[0x22, 0x29], &[6]);
    check(Command::SystemInformation, false, &[0x22, 0x2B], &[]);
    check(Command::BlockSecurity(0, 3), false, &[0x22, 0x2C], &[0, 3]);
    check(Command::SetEas, false, &[0x22, 0xA2, 0x04], &[]);
    check(Command::EasAlarm, false, &[0x22, 0xA5, 0x04], &[]);
}

#[test]
fn masks_grow_a_nibble_at_a_time() {
    assert_eq!(inventory(Mask::ALL), [0x06, 0x01, 0x00]);
    let mut mask = Mask::ALL;
    for (depth, slot) in [6, 2, 0xA, 0xA, 3].into_iter().enumerate() {
        mask = mask.with_slot(slot).unwrap();
        assert_eq!(usize::from(mask.bits()), 4 * (depth + 1));
        assert!(mask.fits(UID));
    }
    assert_eq!(inventory(mask), [0x06, 0x01, 20, 0x26, 0xAA, 0x03]);
    assert!(!mask.with_slot(1).unwrap().fits(UID));
    for slot in [2, 1, 3, 0, 0, 1, 0, 4, 0, 0, 0xE] {
        mask = mask.with_slot(slot).unwrap();
    }
    assert_eq!(inventory(mask)[2..], [&[64][..], &TURNED].concat());
    assert_eq!(mask.with_slot(0), None);
}

/// The real answer of readers.md section 4.4 [K].
#[test]
fn the_real_inventory_answer() {
    let reply = [0x00, 0x00, 0xC4, 0x14, 0x94, 0xB5, 0x50, 0x01, 0x04, 0xE0];
    let uid = [0xE0, 0x04, 0x01, 0x50, 0xB5, 0x94, 0x14, 0xC4];
    assert_eq!(Found::parse(&reply), Some(Found { uid, dsfid: 0 }));
    // Garbage of a collision: short, or without E0.
    assert_eq!(Found::parse(&reply[..9]), None);
    assert_eq!(Found::parse(&[0, 0, 0xC4, 0x14, 0x94, 0xB5, 0x50, 0x01, 0x04, 0xA0]), None);
    assert_eq!(Found::parse(&[1, 0x0F]), None);
}

#[test]
fn replies() {
    let blocks = reply::blocks(&[0, 1, 1, 2, 3, 4, 0, 5, 6, 7, 8], 2, true).unwrap();
    assert_eq!((blocks.data, blocks.locked), (vec![1, 2, 3, 4, 5, 6, 7, 8], vec![true, false]));
    assert_eq!(reply::blocks(&[0, 1, 2, 3], 1, false), Err(ReplyError::Length));
    assert_eq!(reply::blocks(&[1, 0x10], 1, false), Err(ReplyError::Tag(0x10)));
    assert_eq!(reply::done(&[0]), Ok(()));
    assert_eq!(reply::done(&[1]), Err(ReplyError::Length));
    assert_eq!(reply::security(&[0, 0, 1], 2), Ok(vec![false, true]));
    let info = [&[0, 0x0F][..], &TURNED, &[0x06, 0x07, 27, 3, 1]].concat();
    let info = SystemInformation::parse(&info).unwrap();
    assert_eq!((info.uid, info.afi, info.memory), (UID, Some(7), Some((28, 4))));
    let bare = SystemInformation::parse(&[&[0, 0x00][..], &TURNED].concat()).unwrap();
    assert_eq!((bare.afi, bare.memory), (None, None));
    assert!(SystemInformation::parse(&[&[0, 0x04][..], &TURNED, &[27]].concat()).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..40), n in 0usize..300) {
        let _ = Found::parse(&bytes);
        let _ = reply::blocks(&bytes, n, n % 2 == 0);
        let _ = reply::security(&bytes, n);
        let _ = reply::done(&bytes);
        if let Ok(info) = SystemInformation::parse(&bytes) {
            prop_assert_eq!(SystemInformation::parse(&info.emit()), Ok(info));
        }
        if let Some(request) = Request::parse(&bytes) {
            prop_assert_eq!(request.emit(), bytes);
        }
    }
}
