//! What the chip answers.

use std::fmt;

use super::{Fields, Frame, Side, TARGETS_MAX, WireError};
use crate::rfid::Uid;

/// SAK bit of a card that knows ISO 14443-4 and so has an ATS.
const SAK_ISO14443_4: u8 = 0x20;

/// Lengths a UID of ISO 14443 type A has, in bytes.
const UID_LENS: [usize; 3] = [4, 7, 10];

/// What the chip says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Firmware {
    /// Chip: 32 for a PN532.
    pub ic: u8,
    /// Firmware version.
    pub version: u8,
    /// Firmware revision.
    pub revision: u8,
    /// Which kinds of card it knows; bit 0 is ISO 14443 type A.
    pub support: u8,
}

/// One card of a listing. `Debug` does not show its number.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// Number by which the chip speaks of it, 1 or 2.
    pub number: u8,
    /// Answer to request, in the chip's order.
    pub atqa: [u8; 2],
    /// Select acknowledge.
    pub sak: u8,
    /// UID of 4, 7 or 10 bytes in transmit order.
    pub uid: Uid,
    /// Answer to select without its length byte; `None` where the chip did not ask for it.
    pub ats: Option<Vec<u8>>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, sak, uid, .. } = self;
        write!(f, "Target({number}, SAK {sak:02X}, UID of {} bytes)", uid.bytes().len())
    }
}

/// A reply to a [`Command`](super::Command).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// `03`.
    Firmware(Firmware),
    /// `13`, `15` and `33`: done; the code of the command.
    Done {
        /// The command's code.
        code: u8,
    },
    /// `45` and `53`.
    Status {
        /// The command's code.
        code: u8,
        /// 0 when it was done.
        status: u8,
    },
    /// `4B`: the cards that answered, at most [`TARGETS_MAX`].
    Targets(Vec<Target>),
}

/// Whether cards of a listing come with their ATS.
#[derive(Clone, Copy)]
enum Ats {
    Told,
    NotAsked,
}

impl Reply {
    /// Code of the command it answers.
    #[must_use]
    pub fn answers(&self) -> u8 {
        match self {
            Self::Firmware(_) => 0x02,
            Self::Done { code } | Self::Status { code, .. } => *code,
            Self::Targets(_) => 0x4A,
        }
    }

    /// As a frame.
    #[must_use]
    pub fn to_frame(&self) -> Frame {
        let mut body = vec![self.answers().wrapping_add(1)];
        match self {
            Self::Firmware(Firmware { ic, version, revision, support }) => {
                body.extend([ic, version, revision, support]);
            }
            Self::Done { .. } => {}
            Self::Status { status, .. } => body.push(*status),
            Self::Targets(targets) => {
                body.push(targets.len() as u8);
                for target in targets {
                    let uid = target.uid.bytes();
                    body.push(target.number);
                    body.extend(target.atqa);
                    body.extend([target.sak, uid.len() as u8]);
                    body.extend(uid);
                    if let Some(ats) = &target.ats {
                        body.push(ats.len() as u8 + 1);
                        body.extend(ats);
                    }
                }
            }
        }
        Frame::Info { side: Side::Chip, body }
    }

    /// Reads a reply.
    ///
    /// The chip asks cards of ISO 14443-4 for their ATS unless it was told not to (SetParameters),
    /// and the reply does not say which; it is read the one way and, where that does not come out
    /// even, the other way.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn parse(frame: &Frame) -> Result<Self, WireError> {
        let Frame::Info { side: Side::Chip, body } = frame else { return Err(WireError::Kind) };
        let mut fields = Fields::of(body)?;
        let code = fields.code.wrapping_sub(1);
        let reply = match fields.code {
            0x03 => {
                let [ic, version, revision, support] = fields.array("firmware version")?;
                Self::Firmware(Firmware { ic, version, revision, support })
            }
            0x13 | 0x15 | 0x33 => Self::Done { code },
            0x45 | 0x53 => Self::Status { code, status: fields.u8("status")? },
            0x4B => {
                let told = targets(fields, Ats::Told);
                return told.or_else(|_| targets(fields, Ats::NotAsked)).map(Self::Targets);
            }
            code => return Err(WireError::Code { code }),
        };
        fields.end()?;
        Ok(reply)
    }
}

fn targets(mut fields: Fields<'_>, ats: Ats) -> Result<Vec<Target>, WireError> {
    let count = fields.u8("number of targets")?;
    if count > TARGETS_MAX {
        return Err(fields.value("number of targets"));
    }
    let mut found = Vec::with_capacity(usize::from(count));
    for nth in 1..=count {
        let target = target(&mut fields, ats)?;
        if target.number != nth {
            return Err(fields.value("target number"));
        }
        found.push(target);
    }
    fields.end()?;
    Ok(found)
}

fn target(fields: &mut Fields<'_>, ats: Ats) -> Result<Target, WireError> {
    let number = fields.u8("target number")?;
    let atqa = fields.array("ATQA")?;
    let sak = fields.u8("SAK")?;
    let len = usize::from(fields.u8("UID length")?);
    if !UID_LENS.contains(&len) {
        return Err(fields.value("UID length"));
    }
    let uid = Uid::new(fields.take(len, "UID")?).ok_or_else(|| fields.value("UID length"))?;
    let ats = match ats {
        Ats::Told if sak & SAK_ISO14443_4 != 0 => {
            let len = fields.u8("ATS length")?;
            let rest = len.checked_sub(1).ok_or_else(|| fields.value("ATS length"))?;
            Some(fields.take(usize::from(rest), "ATS")?.to_vec())
        }
        _ => None,
    };
    Ok(Target { number, atqa, sak, uid, ats })
}
