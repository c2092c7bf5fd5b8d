//! Which tag a command is for, and with what password.

use std::fmt;

use serde::Deserialize;

use super::{Fields, Opaque, WireError};

/// A memory bank of a UHF tag (ISO/IEC 18000-63, 6.3.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Bank {
    /// Kill and access password.
    Reserved = 0,
    /// Checksum, PC word, UII.
    Uii = 1,
    /// The chip's own number.
    Tid = 2,
    /// Free for use.
    User = 3,
}

impl Bank {
    pub(super) fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        match f.u8("bank")? {
            0 => Ok(Self::Reserved),
            1 => Ok(Self::Uii),
            2 => Ok(Self::Tid),
            3 => Ok(Self::User),
            value => Err(f.value("bank", value)),
        }
    }
}

/// A tag's access password; 0 means none. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct Password(pub u32);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 == 0 { "none" } else { "****" })
    }
}

/// Which tag a command is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// The first that answers.
    Any,
    /// The one with this EPC (captured with command 28).
    Epc(Opaque),
    /// The one with this TID from its first bit. The fields are those of the vendor's public
    /// source (serial_reader_l3.c, `filterbytes`); no such frame was captured.
    Tid(Opaque),
}

/// A command's tag, and the password it is asked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The tag.
    pub selection: Selection,
    /// The password.
    pub password: Password,
}

/// Bits of the option byte (vendor's source, `TMR_SR_Gen2SingulationOptions`).
pub(super) mod option {
    pub(in super::super) const EPC: u8 = 0x01;
    pub(in super::super) const TID: u8 = 0x02;
    pub(in super::super) const PASSWORD: u8 = 0x05;
    pub(in super::super) const SELECTS: u8 = 0x07;
    pub(in super::super) const METADATA: u8 = 0x10;
    pub(in super::super) const LONG: u8 = 0x20;
}

impl Access {
    /// Option byte and the bytes that say which tag.
    ///
    /// EPC: password, length in bits, EPC (captured with 28 and 23). That 24 carries them between
    /// bank and data, that a password without selection has option 05, and the TID form stand in
    /// the vendor's public source (serial_reader_l3.c, `filterbytes` and
    /// `TMR_SR_cmdGEN2WriteTagData`); tried on no module yet.
    pub(super) fn emit(&self) -> (u8, Vec<u8>) {
        let password = self.password.0.to_be_bytes();
        match &self.selection {
            Selection::Any if self.password.0 == 0 => (0, Vec::new()),
            Selection::Any => (option::PASSWORD, password.to_vec()),
            Selection::Epc(epc) => {
                let (long, mask) = mask(epc);
                (option::EPC | long, [&password[..], &mask].concat())
            }
            Selection::Tid(tid) => {
                let (long, mask) = mask(tid);
                let from_bit = 0_u32.to_be_bytes();
                (option::TID | long, [&password[..], &from_bit, &mask].concat())
            }
        }
    }

    pub(super) fn parse(byte: u8, f: &mut Fields<'_>) -> Result<Self, WireError> {
        let long = byte & option::LONG != 0;
        if byte & !(option::SELECTS | option::LONG | option::METADATA) != 0 {
            return Err(f.value("option", byte));
        }
        let kind = byte & option::SELECTS;
        if kind == 0 && !long {
            return Ok(Self { selection: Selection::Any, password: Password(0) });
        }
        let password = Password(f.u32("password")?);
        let selection = match kind {
            option::PASSWORD if !long && password.0 != 0 => Selection::Any,
            option::EPC => Selection::Epc(parse_mask(long, f)?),
            option::TID => match f.u32("first bit")? {
                0 => Selection::Tid(parse_mask(long, f)?),
                bit => return Err(f.value("first bit", bit as u8)),
            },
            _ => return Err(f.value("option", byte)),
        };
        Ok(Self { selection, password })
    }
}

/// Length in bits and the bytes themselves; a length past one byte sets an option bit.
fn mask(bytes: &[u8]) -> (u8, Vec<u8>) {
    let bits = bytes.len() * 8;
    match u8::try_from(bits) {
        Ok(bits) => (0, [&[bits], bytes].concat()),
        Err(_) => (option::LONG, [&(bits as u16).to_be_bytes()[..], bytes].concat()),
    }
}

fn parse_mask(long: bool, f: &mut Fields<'_>) -> Result<Opaque, WireError> {
    let bits = if long { f.u16("mask length")? } else { u16::from(f.u8("mask length")?) };
    // Whole bytes only, and the long form only where it is needed.
    if bits % 8 != 0 || long != (bits > 255) {
        return Err(f.value("mask length", bits as u8));
    }
    Ok(Opaque(f.take(usize::from(bits / 8), "mask")?.to_vec()))
}
