//! Commands as read from frames.

use super::access::option;
use super::command::{START_HEAD, STOP_DATA};
use super::{Access, Bank, Command, Fields, Frame, Op, Opaque, WireError};

impl Command {
    /// Reads a host's frame.
    ///
    /// # Errors
    /// [`WireError`] when a code of the table has other fields than the table says.
    pub fn parse(frame: &Frame) -> Result<Self, WireError> {
        if frame.status.is_some() {
            return Err(WireError::Side { op: frame.op });
        }
        let mut f = Fields { op: frame.op, rest: &frame.data };
        let Some(op) = Op::from_code(frame.op) else {
            return Ok(Self::Other { op: frame.op, data: Opaque(f.all()) });
        };
        let command = Self::parse_known(op, &mut f)?;
        f.end()?;
        Ok(command)
    }

    fn parse_known(op: Op, f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(match op {
            Op::Version => Self::Version,
            Op::BootFirmware => Self::BootFirmware,
            Op::SetBaud => Self::SetBaud(f.u32("baud")?),
            Op::ReadSingle => Self::ReadSingle { timeout_ms: f.u16("time-out")? },
            Op::ReadMultiple => match f.u8("option")? {
                0 => Self::ReadMultiple { flags: f.u16("flags")?, timeout_ms: f.u16("time-out")? },
                value => return Err(f.value("option", value)),
            },
            Op::WriteEpc | Op::WriteData | Op::ReadData => Self::parse_access(op, f)?,
            Op::GetBuffer => {
                let metadata = f.u16("metadata")?;
                match f.u8("option")? {
                    0 => Self::GetBuffer { metadata },
                    value => return Err(f.value("option", value)),
                }
            }
            Op::ClearBuffer => Self::ClearBuffer,
            Op::MultiProtocol => Self::parse_reading(f)?,
            Op::GetProgram
            | Op::GetAntenna
            | Op::GetReadPower
            | Op::GetProtocol
            | Op::GetWritePower
            | Op::GetGpio
            | Op::GetPowerMode => Self::Get { op, data: Opaque(f.all()) },
            _ => Self::parse_setting(op, f)?,
        })
    }

    fn parse_setting(op: Op, f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(match op {
            Op::SetAntenna if f.rest.len() == 2 => {
                Self::SetAntenna { tx: f.u8("sending antenna")?, rx: f.u8("receiving antenna")? }
            }
            Op::SetAntenna => match f.u8("option")? {
                2 => Self::SetSearchAntenna {
                    tx: f.u8("sending antenna")?,
                    rx: f.u8("receiving antenna")?,
                },
                value => return Err(f.value("option", value)),
            },
            Op::SetReadPower => Self::SetReadPower(f.u16("power")?),
            Op::SetProtocol => Self::SetProtocol(f.u16("protocol")?),
            Op::SetWritePower => Self::SetWritePower(f.u16("power")?),
            Op::SetGpio => Self::SetGpio(Opaque(f.all())),
            Op::SetRegion => Self::SetRegion(f.u8("region")?),
            Op::SetPowerMode => Self::SetPowerMode(f.u8("mode")?),
            Op::SetOption => match f.u8("kind")? {
                1 => Self::SetOption { key: f.u8("key")?, value: f.u8("value")? },
                value => return Err(f.value("kind", value)),
            },
            _ => return Err(f.value("command code", op as u8)),
        })
    }

    fn parse_access(op: Op, f: &mut Fields<'_>) -> Result<Self, WireError> {
        let timeout_ms = f.u16("time-out")?;
        let byte = f.u8("option")?;
        if (byte & option::METADATA != 0) != (op == Op::ReadData) {
            return Err(f.value("option", byte));
        }
        Ok(match op {
            Op::WriteEpc => {
                let access = Access::parse(byte, f)?;
                if byte == 0 {
                    match f.u8("spare byte")? {
                        0 => {}
                        value => return Err(f.value("spare byte", value)),
                    }
                }
                Self::WriteEpc { timeout_ms, access, epc: Opaque(f.all()) }
            }
            Op::ReadData => {
                match f.u16("metadata")? {
                    0 => {}
                    value => return Err(f.value("metadata", value as u8)),
                }
                let bank = Bank::parse(f)?;
                let (address, words) = (f.u32("address")?, f.u8("words")?);
                let access = Access::parse(byte, f)?;
                Self::ReadData { timeout_ms, access, bank, address, words }
            }
            _ => {
                let address = f.u32("address")?;
                let bank = Bank::parse(f)?;
                let access = Access::parse(byte, f)?;
                Self::WriteData { timeout_ms, access, bank, address, data: Opaque(f.all()) }
            }
        })
    }

    fn parse_reading(f: &mut Fields<'_>) -> Result<Self, WireError> {
        if f.rest == STOP_DATA {
            f.all();
            return Ok(Self::StopReading);
        }
        let head = f.take(START_HEAD.len(), "head")?;
        if head != START_HEAD {
            return Err(f.value("kind", head.get(2).copied().unwrap_or(0)));
        }
        match f.array("search")? {
            [op, option::METADATA] if op == Op::ReadMultiple as u8 => {}
            [value, _] => return Err(f.value("search", value)),
        }
        Ok(Self::StartReading {
            flags: f.u16("flags")?,
            timeout_ms: f.u16("time-out")?,
            metadata: f.u16("metadata")?,
        })
    }
}
