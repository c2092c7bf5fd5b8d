//! Records of an inventory reply (readers.md 2.4).

use super::{Fields, WireError};

/// TR-TYPE of ISO 15693 tags.
const ISO15693: u8 = 0x03;
/// TR-TYPE of ISO 14443A cards.
const ISO14443A: u8 = 0x04;
/// TR-TYPE of ISO 14443B cards.
const ISO14443B: u8 = 0x05;

/// TR_INFO bit of an ISO 14443A record: the UID field has 10 bytes instead of 7.
const LONG_UID: u8 = 0x04;
const UID_FIELD: usize = 7;
const LONG_UID_FIELD: usize = 10;

/// One tag of an inventory. Types 00 (I-Code 1), 06 (I-Code EPC) and 08 (Jewel) have records whose
/// length the sources leave open; a reply with one is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// 03: ISO 15693.
    Iso15693 {
        /// Data storage format identifier.
        dsfid: u8,
        /// `E0` first.
        uid: [u8; 8],
    },
    /// 04: ISO 14443 type A.
    Iso14443A {
        /// TR_INFO; bit 2 tells the length of the UID field.
        info: u8,
        /// OPT_INFO.
        option: u8,
        /// The UID field as it stands, filled with zeros at the front: 7 or 10 bytes.
        uid: Vec<u8>,
    },
    /// 05: ISO 14443 type B.
    Iso14443B {
        /// Protocol byte.
        protocol: u8,
        /// Application data.
        application: [u8; 4],
        /// Pseudo-unique identifier; many cards draw a new one each time.
        pupi: [u8; 4],
    },
}

impl Record {
    pub(super) fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(match f.u8("TR-TYPE")? {
            ISO15693 => Self::Iso15693 { dsfid: f.u8("DSFID")?, uid: f.array("UID")? },
            ISO14443A => {
                let (info, option) = (f.u8("TR_INFO")?, f.u8("OPT_INFO")?);
                let len = if info & LONG_UID != 0 { LONG_UID_FIELD } else { UID_FIELD };
                Self::Iso14443A { info, option, uid: f.take(len, "UID")?.to_vec() }
            }
            ISO14443B => Self::Iso14443B {
                protocol: f.u8("protocol")?,
                application: f.array("application data")?,
                pupi: f.array("PUPI")?,
            },
            other => return Err(f.value("TR-TYPE", other)),
        })
    }

    pub(super) fn push(&self, body: &mut Vec<u8>) {
        match self {
            Self::Iso15693 { dsfid, uid } => {
                body.extend([ISO15693, *dsfid]);
                body.extend(uid);
            }
            Self::Iso14443A { info, option, uid } => {
                body.extend([ISO14443A, *info, *option]);
                body.extend(uid);
            }
            Self::Iso14443B { protocol, application, pupi } => {
                body.extend([ISO14443B, *protocol]);
                body.extend(application);
                body.extend(pupi);
            }
        }
    }

    /// The card's own UID of an ISO 14443A record: 4, 7 or 10 bytes. No UID of 7 bytes starts
    /// with three zeros (its first byte is the chip maker), so those are the fill of a short one.
    #[must_use]
    pub fn card_uid(&self) -> Option<&[u8]> {
        match self {
            Self::Iso14443A { uid, .. } if uid.len() == UID_FIELD => {
                Some(uid.strip_prefix(&[0, 0, 0]).unwrap_or(uid))
            }
            Self::Iso14443A { uid, .. } => Some(uid),
            _ => None,
        }
    }
}
