//! A tag's security state: AFI, EAS, or both, by site (rfid-data.md section 2); on UHF tags the
//! AFI byte of the PC word or the loan bit of the university format.
//!
//! `07` secured and `C2` released are the values of ISO 28560 sites; others are in the field, so
//! they are configuration, checked against the gate.

use serde::{Deserialize, Serialize};

use super::tagdata::uhf;
use super::{ReaderError, TagReader, UID_MAX, Uid, Uii};

/// Whether the gate alarms for an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// The gate alarms: the item belongs to the library's rooms.
    Secured,
    /// The gate is silent: the item is on loan.
    Released,
}

/// Which tag features carry the security state at this site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SecurityProfile {
    /// AFI of a secured item; `None`, written `"unused"`, when AFI is not used.
    #[serde(with = "afi_setting")]
    pub afi_secured: Option<u8>,
    /// AFI of a released item; `None` with the other.
    #[serde(with = "afi_setting")]
    pub afi_released: Option<u8>,
    /// Whether the EAS bit is switched as well.
    pub eas: bool,
}

/// TOML has no word for nothing, and leaving the key out means the default.
mod afi_setting {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged, expecting = "write an AFI from 0x00 to 0xFF, or \"unused\"")]
    enum Setting {
        Value(u8),
        Word(Word),
    }

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        Unused,
    }

    pub(super) fn serialize<S: Serializer>(afi: &Option<u8>, s: S) -> Result<S::Ok, S::Error> {
        afi.map_or(Setting::Word(Word::Unused), Setting::Value).serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u8>, D::Error> {
        Ok(match Setting::deserialize(d)? {
            Setting::Value(afi) => Some(afi),
            Setting::Word(Word::Unused) => None,
        })
    }
}

impl Default for SecurityProfile {
    fn default() -> Self {
        Self { afi_secured: Some(0x07), afi_released: Some(0xC2), eas: true }
    }
}

impl SecurityProfile {
    /// What makes it impossible, in words that say what to write.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        match (self.afi_secured, self.afi_released) {
            (Some(secured), Some(released)) if secured == released => Some(
                "security.afi_secured and security.afi_released are the same: no gate could tell them apart; ask for the gate's setting",
            ),
            (Some(_), None) | (None, Some(_)) => Some(
                "security.afi_secured and security.afi_released: give both, or write \"unused\" for both",
            ),
            _ => None,
        }
    }

    fn afi(&self, want: Security) -> Option<u8> {
        match want {
            Security::Secured => self.afi_secured,
            Security::Released => self.afi_released,
        }
    }
}

/// Writes the wanted state once and reads it back.
///
/// HF: AFI first, then EAS. UHF: the AFI byte of the PC word, or bit 7 of the first UII byte in
/// the university-alliance format; there is no EAS. `Ok` only when every feature read back as
/// wanted. One try: how often to repeat is the caller's rule.
///
/// # Errors
/// `NotWritten` when the read-back disagrees, `Unsupported` for a UHF tag that has no place for
/// the state (cards, other libraries' and shops' tags), otherwise the reader's error. The tag may
/// be left half switched; the caller must repeat or put it on the repair list.
pub fn apply(
    reader: &mut dyn TagReader,
    uid: Uid,
    profile: &SecurityProfile,
    want: Security,
) -> Result<(), ReaderError> {
    let held = if is_uhf(uid) {
        apply_uhf(reader, uid, profile, want)?
    } else {
        if let Some(afi) = profile.afi(want) {
            reader.write_afi(uid, afi)?;
        }
        if profile.eas {
            reader.write_eas(uid, want == Security::Secured)?;
        }
        verify(reader, uid, profile, want)?
    };
    if held { Ok(()) } else { Err(ReaderError::NotWritten) }
}

/// Reads the state back. `Ok(true)` only when every configured feature is as wanted.
///
/// # Errors
/// The reader's error; `NoTag` when the tag is gone; `Unsupported` as [`apply`].
pub fn verify(
    reader: &mut dyn TagReader,
    uid: Uid,
    profile: &SecurityProfile,
    want: Security,
) -> Result<bool, ReaderError> {
    if is_uhf(uid) {
        return verify_uhf(reader, uid, profile, want);
    }
    let eas = if profile.eas { Some(reader.eas(uid)?) } else { None };
    let eas_held = eas.is_none_or(|on| on == (want == Security::Secured));
    match profile.afi(want) {
        Some(afi) if eas_held => Ok(reader.afi(uid)? == afi),
        // A tag that is gone reads as EAS off too. The AFI tells; where none is read, any block.
        _ if eas == Some(false) => reader.read_blocks(uid, 0, 1).map(|_| eas_held),
        _ => Ok(eas_held),
    }
}

/// Where a UHF tag carries the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    /// The AFI byte of the PC word (ISO/TS 28560-4, rfid-data.md section 7).
    Afi,
    /// Bit 7 of the first UII byte, set while on loan (rfid-data.md section 8).
    LoanBit,
}

/// First UII byte of the university format: on loan.
const ON_LOAN: u8 = 0x80;
/// No place on this tag; no code of a device stands behind it.
const NO_PLACE: ReaderError = ReaderError::Unsupported { code: 0 };

/// A UHF tag is known by its TID of 12 bytes; an HF tag has 8, a card at most 10.
fn is_uhf(uid: Uid) -> bool {
    uid.bytes().len() == UID_MAX
}

fn carrier(uii: &Uii) -> Option<Carrier> {
    if uii.pc & uhf::PC_HAS_AFI != 0 {
        Some(Carrier::Afi)
    } else if uhf::is_university(uii) {
        Some(Carrier::LoanBit)
    } else {
        None
    }
}

/// The AFI a UHF tag of ISO format gets; `None` when the site uses no tag security at all. A site
/// that uses EAS alone has nothing a UHF tag could carry.
fn afi_of_uhf(profile: &SecurityProfile, want: Security) -> Result<Option<u8>, ReaderError> {
    match profile.afi(want) {
        None if profile.eas => Err(NO_PLACE),
        afi => Ok(afi),
    }
}

/// Writes the state and reads it back; whether it held.
fn apply_uhf(
    reader: &mut dyn TagReader,
    uid: Uid,
    profile: &SecurityProfile,
    want: Security,
) -> Result<bool, ReaderError> {
    let uii = reader.uii(uid)?;
    match carrier(&uii) {
        Some(Carrier::Afi) => match afi_of_uhf(profile, want)? {
            Some(afi) => {
                reader.write_afi(uid, afi)?;
                Ok(reader.afi(uid)? == afi)
            }
            None => Ok(true),
        },
        Some(Carrier::LoanBit) => {
            let wanted = uhf::with_state(&uii, want == Security::Released, 0).ok_or(NO_PLACE)?;
            reader.write_uii(uid, &wanted)?;
            Ok(reader.uii(uid)?.bytes == wanted.bytes)
        }
        None => Err(NO_PLACE),
    }
}

fn verify_uhf(
    reader: &mut dyn TagReader,
    uid: Uid,
    profile: &SecurityProfile,
    want: Security,
) -> Result<bool, ReaderError> {
    let uii = reader.uii(uid)?;
    match carrier(&uii) {
        Some(Carrier::Afi) => match afi_of_uhf(profile, want)? {
            Some(afi) => Ok(reader.afi(uid)? == afi),
            None => Ok(true),
        },
        Some(Carrier::LoanBit) => {
            let on_loan = uii.bytes.first().is_some_and(|state| state & ON_LOAN != 0);
            Ok(on_loan == (want == Security::Released))
        }
        None => Err(NO_PLACE),
    }
}

#[cfg(test)]
mod tests;
