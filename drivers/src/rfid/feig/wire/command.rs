//! Commands, host to reader (readers.md 2.3).

use super::{Fields, Form, Frame, HostCommand, WireError};

/// Bytes of a configuration block.
pub const CONFIG_LEN: usize = 14;

/// Command codes (readers.md 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the table's")]
pub enum Op {
    BaudDetect = 0x52,
    CpuReset = 0x63,
    SoftwareVersion = 0x65,
    ReaderInfo = 0x66,
    RfReset = 0x69,
    RfOutput = 0x6A,
    SetOutput = 0x71,
    GetInput = 0x74,
    ReadConfig = 0x80,
    WriteConfig = 0x81,
    SaveConfig = 0x82,
    DefaultConfig = 0x83,
    IsoHost = 0xB0,
    IsoCustom = 0xB1,
}

impl Op {
    const ALL: [Self; 14] = [
        Self::BaudDetect,
        Self::CpuReset,
        Self::SoftwareVersion,
        Self::ReaderInfo,
        Self::RfReset,
        Self::RfOutput,
        Self::SetOutput,
        Self::GetInput,
        Self::ReadConfig,
        Self::WriteConfig,
        Self::SaveConfig,
        Self::DefaultConfig,
        Self::IsoHost,
        Self::IsoCustom,
    ];

    /// The operation of a command code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|op| *op as u8 == code)
    }
}

/// One command to the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `52`: answered only at the right speed and parity.
    BaudDetect,
    /// `63`: restarts the reader; the field goes off.
    CpuReset,
    /// `65`: software version.
    SoftwareVersion,
    /// `66`: reader information; mode 00 general, 03 decoder, 04 functions, 80 device.
    ReaderInfo {
        /// Which information.
        mode: u8,
    },
    /// `69`: field off for 15 ms; tags forget that they were told to keep quiet.
    RfReset,
    /// `6A`: antenna output.
    RfOutput {
        /// 00 off, 01 antenna 1, 02 antenna 2.
        output: u8,
    },
    /// `71`: lamps and beeper. Times are in 100 ms; 0 no effect, FFFF until changed.
    SetOutput {
        /// Bits 5-4 beeper, 3-2 red, 1-0 green: 0 unchanged, 1 on, 2 off, 3 flash.
        states: u16,
        /// At the same places: 0 5 Hz, 1 2.5 Hz, 2 1.25 Hz, 3 0.625 Hz.
        rates: u16,
        /// How long the states hold.
        states_time: u16,
        /// OUT_TIME of the manual.
        out_time: u16,
    },
    /// `74`: inputs.
    GetInput,
    /// `80`: one configuration block; bit 7 EEPROM (1) or RAM (0), bits 5-0 the block.
    ReadConfig {
        /// CFG-ADR.
        address: u8,
    },
    /// `81`: writes one configuration block.
    WriteConfig {
        /// CFG-ADR.
        address: u8,
        /// The block.
        data: [u8; CONFIG_LEN],
    },
    /// `82`: RAM to EEPROM; bit 6 all blocks.
    SaveConfig {
        /// CFG-ADR.
        address: u8,
    },
    /// `83`: factory values; bit 7 EEPROM, bit 6 all blocks.
    DefaultConfig {
        /// CFG-ADR.
        address: u8,
    },
    /// `B0` and `B1`: to the tags.
    Host(HostCommand),
    /// A command outside the table.
    Other {
        /// Command code.
        code: u8,
        /// What follows it.
        data: Vec<u8>,
    },
}

impl Command {
    /// Command code of the frame.
    #[must_use]
    pub fn code(&self) -> u8 {
        let op = match self {
            Self::BaudDetect => Op::BaudDetect,
            Self::CpuReset => Op::CpuReset,
            Self::SoftwareVersion => Op::SoftwareVersion,
            Self::ReaderInfo { .. } => Op::ReaderInfo,
            Self::RfReset => Op::RfReset,
            Self::RfOutput { .. } => Op::RfOutput,
            Self::SetOutput { .. } => Op::SetOutput,
            Self::GetInput => Op::GetInput,
            Self::ReadConfig { .. } => Op::ReadConfig,
            Self::WriteConfig { .. } => Op::WriteConfig,
            Self::SaveConfig { .. } => Op::SaveConfig,
            Self::DefaultConfig { .. } => Op::DefaultConfig,
            Self::Host(HostCommand::Eas { .. }) => Op::IsoCustom,
            Self::Host(_) => Op::IsoHost,
            Self::Other { code, .. } => return *code,
        };
        op as u8
    }

    /// The frame of this command. A body too long for the form asked goes out advanced.
    #[must_use]
    pub fn to_frame(&self, form: Form, address: u8) -> Frame {
        let mut body = vec![self.code()];
        match self {
            Self::BaudDetect => body.push(0),
            Self::ReaderInfo { mode } => body.push(*mode),
            Self::RfOutput { output } => body.push(*output),
            Self::SetOutput { states, rates, states_time, out_time } => {
                for number in [states, rates, states_time, out_time] {
                    body.extend(number.to_be_bytes());
                }
            }
            Self::ReadConfig { address }
            | Self::SaveConfig { address }
            | Self::DefaultConfig { address } => body.push(*address),
            Self::WriteConfig { address, data } => {
                body.push(*address);
                body.extend(data);
            }
            Self::Host(host) => host.push(&mut body),
            Self::Other { data, .. } => body.extend(data),
            Self::CpuReset | Self::SoftwareVersion | Self::RfReset | Self::GetInput => {}
        }
        Frame::new(form, address, body)
    }

    /// Reads a command frame.
    ///
    /// # Errors
    /// [`WireError`] when a code of the table has other fields than the table says.
    pub fn parse(frame: &Frame) -> Result<Self, WireError> {
        let Some((&code, data)) = frame.body.split_first() else {
            return Err(WireError::Short { op: 0, field: "command code" });
        };
        let Some(op) = Op::from_code(code) else {
            return Ok(Self::Other { code, data: data.to_vec() });
        };
        let mut f = Fields { op: code, rest: data };
        let command = match op {
            Op::BaudDetect => match f.u8("00")? {
                0 => Self::BaudDetect,
                value => return Err(f.value("00", value)),
            },
            Op::CpuReset => Self::CpuReset,
            Op::SoftwareVersion => Self::SoftwareVersion,
            Op::ReaderInfo => Self::ReaderInfo { mode: f.u8("mode")? },
            Op::RfReset => Self::RfReset,
            Op::RfOutput => Self::RfOutput { output: f.u8("output")? },
            Op::SetOutput => Self::SetOutput {
                states: f.u16("OS")?,
                rates: f.u16("OSF")?,
                states_time: f.u16("OS time")?,
                out_time: f.u16("OUT time")?,
            },
            Op::GetInput => Self::GetInput,
            Op::ReadConfig => Self::ReadConfig { address: f.u8("CFG-ADR")? },
            Op::WriteConfig => {
                Self::WriteConfig { address: f.u8("CFG-ADR")?, data: f.array("block")? }
            }
            Op::SaveConfig => Self::SaveConfig { address: f.u8("CFG-ADR")? },
            Op::DefaultConfig => Self::DefaultConfig { address: f.u8("CFG-ADR")? },
            Op::IsoHost => Self::Host(HostCommand::parse(&mut f)?),
            Op::IsoCustom => Self::Host(HostCommand::parse_custom(&mut f)?),
        };
        f.end()?;
        Ok(command)
    }
}
