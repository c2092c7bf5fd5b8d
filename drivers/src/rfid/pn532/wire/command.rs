//! What the host asks.

use super::{Fields, Frame, Side, WireError};

/// Most cards the chip can list at once (readers.md section 6).
pub const TARGETS_MAX: u8 = 2;

/// Kind of card asked for by InListPassiveTarget: ISO 14443 type A at 106 kbit/s.
pub const TYPE_A_106: u8 = 0x00;

/// RFConfiguration item 5: how often the chip tries again (FF: for ever).
const ITEM_RETRIES: u8 = 0x05;

/// How often the chip repeats, each FF for ever (RFConfiguration item 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Attribute requests of active targets.
    pub atr: u8,
    /// Parameter selection of active targets.
    pub psl: u8,
    /// Calls for a card after the first one.
    pub passive: u8,
}

/// A command, code first on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// `02`: who are you.
    GetFirmwareVersion,
    /// `12`: flags; bit 4 asks cards that know ISO 14443-4 for their ATS.
    SetParameters(u8),
    /// `14`: how the security module, which is not fitted, is used. Normal mode is 1.
    SamConfiguration {
        /// Mode.
        mode: u8,
        /// Time-out of the virtual card mode, in units of 50 ms.
        timeout: u8,
        /// Whether the IRQ pin shows that an answer is ready.
        irq: bool,
    },
    /// `32`, item 5.
    SetRetries(Retries),
    /// `44`: tells a target to keep quiet; it can be selected again.
    Deselect {
        /// Number the listing gave; 0 for all.
        target: u8,
    },
    /// `4A`: lists cards of ISO 14443 type A, 106 kbit/s.
    ListTypeA {
        /// Most cards, 1 to [`TARGETS_MAX`].
        max: u8,
    },
    /// `52`: forgets a target.
    Release {
        /// Number the listing gave; 0 for all.
        target: u8,
    },
}

impl Command {
    /// Its code; the reply has the next one.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::GetFirmwareVersion => 0x02,
            Self::SetParameters(_) => 0x12,
            Self::SamConfiguration { .. } => 0x14,
            Self::SetRetries(_) => 0x32,
            Self::Deselect { .. } => 0x44,
            Self::ListTypeA { .. } => 0x4A,
            Self::Release { .. } => 0x52,
        }
    }

    /// As a frame.
    #[must_use]
    pub fn to_frame(&self) -> Frame {
        let mut body = vec![self.code()];
        match *self {
            Self::GetFirmwareVersion => {}
            Self::SetParameters(flags) => body.push(flags),
            Self::SamConfiguration { mode, timeout, irq } => {
                body.extend([mode, timeout, u8::from(irq)]);
            }
            Self::SetRetries(Retries { atr, psl, passive }) => {
                body.extend([ITEM_RETRIES, atr, psl, passive]);
            }
            Self::ListTypeA { max } => body.extend([max, TYPE_A_106]),
            Self::Deselect { target } | Self::Release { target } => body.push(target),
        }
        Frame::Info { side: Side::Host, body }
    }

    /// Reads a command.
    ///
    /// # Errors
    /// [`WireError`] for anything that [`Command::to_frame`] does not write.
    pub fn parse(frame: &Frame) -> Result<Self, WireError> {
        let Frame::Info { side: Side::Host, body } = frame else { return Err(WireError::Kind) };
        let mut fields = Fields::of(body)?;
        let command = match fields.code {
            0x02 => Self::GetFirmwareVersion,
            0x12 => Self::SetParameters(fields.u8("flags")?),
            0x14 => {
                let [mode, timeout, irq] = fields.array("SAM configuration")?;
                let irq = match irq {
                    0 => false,
                    1 => true,
                    _ => return Err(fields.value("IRQ")),
                };
                Self::SamConfiguration { mode, timeout, irq }
            }
            0x32 => {
                let [item, atr, psl, passive] = fields.array("retries")?;
                if item != ITEM_RETRIES {
                    return Err(fields.value("item"));
                }
                Self::SetRetries(Retries { atr, psl, passive })
            }
            0x44 => Self::Deselect { target: fields.u8("target")? },
            0x4A => {
                let [max, kind] = fields.array("listing")?;
                if !(1..=TARGETS_MAX).contains(&max) || kind != TYPE_A_106 {
                    return Err(fields.value("listing"));
                }
                Self::ListTypeA { max }
            }
            0x52 => Self::Release { target: fields.u8("target")? },
            code => return Err(WireError::Code { code }),
        };
        fields.end()?;
        Ok(command)
    }
}
