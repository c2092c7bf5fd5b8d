use super::*;
use crate::rfid::{ReaderInfo, Seen};

/// One tag, and what was asked of it.
struct Scripted {
    uii: Uii,
    afi: u8,
    eas: bool,
    /// Writes say that they were done and are not.
    writes_lost: bool,
    asked: Vec<&'static str>,
}

fn with(pc: u16, bytes: &[u8]) -> Scripted {
    let uii = Uii { pc, bytes: bytes.to_vec() };
    Scripted { uii, afi: 0x07, eas: true, writes_lost: false, asked: Vec::new() }
}

impl TagReader for Scripted {
    fn identify(&mut self) -> Result<ReaderInfo, ReaderError> {
        Err(NO_PLACE)
    }
    fn inventory(&mut self) -> Result<Vec<Seen>, ReaderError> {
        Err(NO_PLACE)
    }
    fn read_blocks(&mut self, _: Uid, _: u8, _: u8) -> Result<Vec<u8>, ReaderError> {
        self.asked.push("read_blocks");
        Err(ReaderError::NoTag)
    }
    fn write_blocks(&mut self, _: Uid, _: u8, _: &[u8]) -> Result<(), ReaderError> {
        Err(NO_PLACE)
    }
    fn afi(&mut self, uid: Uid) -> Result<u8, ReaderError> {
        self.asked.push("afi");
        Ok(if is_uhf(uid) { self.uii.pc as u8 } else { self.afi })
    }
    fn write_afi(&mut self, uid: Uid, afi: u8) -> Result<(), ReaderError> {
        self.asked.push("write_afi");
        if self.writes_lost {
            return Ok(());
        }
        match is_uhf(uid) {
            true => self.uii.pc = self.uii.pc & 0xFF00 | u16::from(afi),
            false => self.afi = afi,
        }
        Ok(())
    }
    fn eas(&mut self, _: Uid) -> Result<bool, ReaderError> {
        self.asked.push("eas");
        Ok(self.eas)
    }
    fn write_eas(&mut self, _: Uid, on: bool) -> Result<(), ReaderError> {
        self.asked.push("write_eas");
        self.eas = on;
        Ok(())
    }
    fn write_dsfid(&mut self, _: Uid, _: u8) -> Result<(), ReaderError> {
        Err(NO_PLACE)
    }
    fn uii(&mut self, _: Uid) -> Result<Uii, ReaderError> {
        self.asked.push("uii");
        Ok(self.uii.clone())
    }
    fn write_uii(&mut self, _: Uid, uii: &Uii) -> Result<(), ReaderError> {
        self.asked.push("write_uii");
        if !self.writes_lost {
            self.uii = uii.clone();
        }
        Ok(())
    }
}

const HF: Uid = Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, 1]);

fn uhf() -> Uid {
    "E28011302000212333BE04F6".parse().unwrap()
}

/// rfid-data.md section 8.
const UNIVERSITY: [u8; 12] =
    [0x17, 0x03, 0x00, 0x03, 0x98, 0x13, 0x08, 0x03, 0xF4, 0x04, 0x00, 0x00];

#[test]
fn hf_tags_are_asked_as_ever() {
    let mut reader = with(0, &[]);
    let profile = SecurityProfile::default();
    apply(&mut reader, HF, &profile, Security::Released).unwrap();
    assert_eq!(reader.asked, ["write_afi", "write_eas", "eas", "afi"]);
    assert_eq!((reader.afi, reader.eas), (0xC2, false));
}

#[test]
fn iso_uhf_tags_carry_the_afi_in_the_pc_word() {
    // rfid-data.md section 7.
    let mut reader = with(0x3D07, &[0x15, 0x0C, 0xC6, 0xB7]);
    let profile = SecurityProfile::default();
    apply(&mut reader, uhf(), &profile, Security::Released).unwrap();
    assert_eq!(reader.uii.pc, 0x3DC2);
    assert_eq!(reader.asked, ["uii", "write_afi", "afi"], "no EAS");
    assert!(verify(&mut reader, uhf(), &profile, Security::Released).unwrap());
    assert!(!verify(&mut reader, uhf(), &profile, Security::Secured).unwrap());
}

#[test]
fn university_tags_carry_a_bit() {
    let mut reader = with(0x3400, &UNIVERSITY);
    let profile = SecurityProfile::default();
    assert!(verify(&mut reader, uhf(), &profile, Security::Secured).unwrap());
    apply(&mut reader, uhf(), &profile, Security::Released).unwrap();
    assert_eq!((reader.uii.pc, reader.uii.bytes[0]), (0x3400, 0x97));
    assert_eq!(reader.uii.bytes[1..], UNIVERSITY[1..]);
    apply(&mut reader, uhf(), &profile, Security::Secured).unwrap();
    assert_eq!(reader.uii.bytes, UNIVERSITY);
}

#[test]
fn a_write_that_did_not_hold_is_told() {
    for mut reader in [with(0x3D07, &[0; 14]), with(0x3400, &UNIVERSITY)] {
        reader.writes_lost = true;
        let error =
            apply(&mut reader, uhf(), &SecurityProfile::default(), Security::Released).unwrap_err();
        assert!(matches!(error, ReaderError::NotWritten), "{error:?}");
    }
}

#[test]
fn foreign_tags_are_left_alone() {
    let sgtin = [0x30, 0xF4, 0x25, 0x7B, 0xF4, 0x62, 0x5F, 0x80, 0, 0, 0, 2];
    let factory = [0xE2, 0, 0x4B, 0xA5, 0xF9, 6, 0xC1, 0xB0, 1, 0x8D, 0xCB, 5];
    for (pc, bytes) in [(0x3000, &sgtin[..]), (0x3000, &factory), (0x3005, &UNIVERSITY), (0, &[])] {
        for want in [Security::Released, Security::Secured] {
            let mut reader = with(pc, bytes);
            let profile = SecurityProfile::default();
            let error = apply(&mut reader, uhf(), &profile, want).unwrap_err();
            assert!(matches!(error, ReaderError::Unsupported { .. }), "{error:?}");
            assert_eq!(reader.asked, ["uii"], "nothing is written");
        }
    }
}

#[test]
fn a_site_without_afi_cannot_secure_iso_uhf_tags() {
    let unused = SecurityProfile { afi_secured: None, afi_released: None, eas: true };
    let mut reader = with(0x3D07, &[0; 14]);
    let error = apply(&mut reader, uhf(), &unused, Security::Released).unwrap_err();
    assert!(matches!(error, ReaderError::Unsupported { .. }), "{error:?}");
    let nothing = SecurityProfile { eas: false, ..unused };
    apply(&mut reader, uhf(), &nothing, Security::Released).unwrap();
    assert_eq!(reader.uii.pc, 0x3D07);
}

#[test]
fn a_tag_that_is_gone_is_not_taken_for_one_whose_eas_is_off() {
    let eas_alone = SecurityProfile { afi_secured: None, afi_released: None, eas: true };
    for want in [Security::Released, Security::Secured] {
        let mut reader = with(0, &[]);
        reader.eas = false;
        let answer = verify(&mut reader, HF, &eas_alone, want);
        assert!(matches!(answer, Err(ReaderError::NoTag)), "{answer:?}");
        assert_eq!(reader.asked, ["eas", "read_blocks"]);
    }
}
