//! A tag's security state: AFI, EAS, or both, by site (rfid-data.md section 2).
//!
//! `07` secured and `C2` released are the values of ISO 28560 sites; others are in the field, so
//! they are configuration, checked against the gate.

use serde::{Deserialize, Serialize};

use super::{ReaderError, TagReader, Uid};

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
/// AFI first, then EAS; `Ok` only when every configured feature read back as wanted. One try:
/// how often to repeat is the caller's rule.
///
/// # Errors
/// `NotWritten` when the read-back disagrees, otherwise the reader's error. The tag may be left
/// half switched; the caller must repeat or put it on the repair list.
pub fn apply(
    reader: &mut dyn TagReader,
    uid: Uid,
    profile: &SecurityProfile,
    want: Security,
) -> Result<(), ReaderError> {
    if let Some(afi) = profile.afi(want) {
        reader.write_afi(uid, afi)?;
    }
    if profile.eas {
        reader.write_eas(uid, want == Security::Secured)?;
    }
    if verify(reader, uid, profile, want)? { Ok(()) } else { Err(ReaderError::NotWritten) }
}

/// Reads the state back. `Ok(true)` only when every configured feature is as wanted.
///
/// # Errors
/// The reader's error; `NoTag` when the tag is gone.
pub fn verify(
    reader: &mut dyn TagReader,
    uid: Uid,
    profile: &SecurityProfile,
    want: Security,
) -> Result<bool, ReaderError> {
    if profile.eas && reader.eas(uid)? != (want == Security::Secured) {
        return Ok(false);
    }
    match profile.afi(want) {
        // Last, because an absent tag reads as EAS off on some readers and only AFI tells.
        Some(afi) => Ok(reader.afi(uid)? == afi),
        None => Ok(true),
    }
}
