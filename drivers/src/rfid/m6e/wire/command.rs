//! Commands, host to module.

use std::fmt;

use serde::Deserialize;

use super::{Fields, Frame, Opaque, WireError};

/// Command codes (readers.md 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the table's")]
pub enum Op {
    Version = 0x03,
    BootFirmware = 0x04,
    SetBaud = 0x06,
    GetProgram = 0x0C,
    ReadSingle = 0x21,
    ReadMultiple = 0x22,
    WriteEpc = 0x23,
    WriteData = 0x24,
    ReadData = 0x28,
    GetBuffer = 0x29,
    ClearBuffer = 0x2A,
    MultiProtocol = 0x2F,
    GetAntenna = 0x61,
    GetReadPower = 0x62,
    GetProtocol = 0x63,
    GetWritePower = 0x64,
    GetGpio = 0x66,
    GetPowerMode = 0x68,
    SetAntenna = 0x91,
    SetReadPower = 0x92,
    SetProtocol = 0x93,
    SetWritePower = 0x94,
    SetGpio = 0x96,
    SetRegion = 0x97,
    SetPowerMode = 0x98,
    SetOption = 0x9A,
}

impl Op {
    const ALL: [Self; 26] = [
        Self::Version,
        Self::BootFirmware,
        Self::SetBaud,
        Self::GetProgram,
        Self::ReadSingle,
        Self::ReadMultiple,
        Self::WriteEpc,
        Self::WriteData,
        Self::ReadData,
        Self::GetBuffer,
        Self::ClearBuffer,
        Self::MultiProtocol,
        Self::GetAntenna,
        Self::GetReadPower,
        Self::GetProtocol,
        Self::GetWritePower,
        Self::GetGpio,
        Self::GetPowerMode,
        Self::SetAntenna,
        Self::SetReadPower,
        Self::SetProtocol,
        Self::SetWritePower,
        Self::SetGpio,
        Self::SetRegion,
        Self::SetPowerMode,
        Self::SetOption,
    ];

    /// The operation of a command code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|op| *op as u8 == code)
    }
}

/// Bits of a search.
pub mod search_flag {
    /// Use the antennas of the search list, and the usual large tag population (captured).
    pub const USUAL: u16 = 0x0013;
    /// Say each tag as it is read instead of keeping it in the buffer.
    pub const STREAM: u16 = 0x0008;
}

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
    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
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

mod option {
    pub(super) const EPC: u8 = 0x01;
    pub(super) const TID: u8 = 0x02;
    pub(super) const PASSWORD: u8 = 0x05;
    pub(super) const SELECTS: u8 = 0x07;
    pub(super) const METADATA: u8 = 0x10;
    pub(super) const LONG: u8 = 0x20;
}

impl Access {
    /// Option byte and the bytes that say which tag.
    ///
    /// EPC: password, length in bits, EPC (captured with 28 and 23). That 24 carries them between
    /// bank and data, that a password without selection has option 05, and the TID form stand in
    /// the vendor's public source (serial_reader_l3.c, `filterbytes` and
    /// `TMR_SR_cmdGEN2WriteTagData`); tried on no module yet.
    fn emit(&self) -> (u8, Vec<u8>) {
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

    fn parse(byte: u8, f: &mut Fields<'_>) -> Result<Self, WireError> {
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

/// One command to the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `03`: what the module is.
    Version,
    /// `04`: leave the boot loader.
    BootFirmware,
    /// `06`: speed of the line.
    SetBaud(u32),
    /// `21`: read one tag.
    ReadSingle {
        /// Longest search.
        timeout_ms: u16,
    },
    /// `22`: search into the buffer, for the whole time.
    ReadMultiple {
        /// Bits of [`search_flag`].
        flags: u16,
        /// How long to search.
        timeout_ms: u16,
    },
    /// `23`: write a new EPC; the module sets the length in the PC word.
    WriteEpc {
        /// Longest try.
        timeout_ms: u16,
        /// The tag.
        access: Access,
        /// New EPC.
        epc: Opaque,
    },
    /// `24`: write words of a bank.
    WriteData {
        /// Longest try.
        timeout_ms: u16,
        /// The tag.
        access: Access,
        /// The bank.
        bank: Bank,
        /// First word.
        address: u32,
        /// Whole words.
        data: Opaque,
    },
    /// `28`: read words of a bank.
    ReadData {
        /// Longest try.
        timeout_ms: u16,
        /// The tag.
        access: Access,
        /// The bank.
        bank: Bank,
        /// First word.
        address: u32,
        /// How many; 0 for all that follow.
        words: u8,
    },
    /// `29`: take the tags out of the buffer.
    GetBuffer {
        /// Bits of [`metadata`](super::metadata).
        metadata: u16,
    },
    /// `2A`: empty the buffer.
    ClearBuffer,
    /// `2F 01`: read Gen2 tags without end, each told at once.
    StartReading {
        /// Bits of [`search_flag`].
        flags: u16,
        /// Length of one search; a keep-alive follows each.
        timeout_ms: u16,
        /// Bits of [`metadata`](super::metadata).
        metadata: u16,
    },
    /// `2F 02`: end that; answered at the end of the running search (captured).
    StopReading,
    /// `0C`, `61`, `62`, `63`, `64`, `66`, `68`: ask a state or setting.
    Get {
        /// Which.
        op: Op,
        /// What to tell of it.
        data: Opaque,
    },
    /// `91`: sending and receiving antenna for commands to one tag.
    SetAntenna {
        /// Sending.
        tx: u8,
        /// Receiving.
        rx: u8,
    },
    /// `91 02`: the antenna to search with.
    SetSearchAntenna {
        /// Sending.
        tx: u8,
        /// Receiving.
        rx: u8,
    },
    /// `92`: power for reading, in 0.01 dBm.
    SetReadPower(u16),
    /// `93`: protocol; 5 is Gen2.
    SetProtocol(u16),
    /// `94`: power for writing, in 0.01 dBm.
    SetWritePower(u16),
    /// `96`: pins: two bytes set an output, four its direction.
    SetGpio(Opaque),
    /// `97`: region.
    SetRegion(u8),
    /// `98`: power mode.
    SetPowerMode(u8),
    /// `9A 01`: an option of the module.
    SetOption {
        /// Which; 0C is "report each tag once".
        key: u8,
        /// Its value.
        value: u8,
    },
    /// A command outside the table.
    Other {
        /// Command code.
        op: u8,
        /// Its data.
        data: Opaque,
    },
}

/// Head of the continuous reading command: no time-out, kind, search, no flags, Gen2.
const START_HEAD: [u8; 8] = [0x00, 0x00, 0x01, 0x22, 0x00, 0x00, 0x05, 0x07];
const STOP_DATA: [u8; 3] = [0x00, 0x00, 0x02];
/// Protocol number in the commands.
pub(super) const GEN2: u16 = 0x0005;

impl Command {
    /// Command code of the frame.
    #[must_use]
    pub fn code(&self) -> u8 {
        let op = match self {
            Self::Version => Op::Version,
            Self::BootFirmware => Op::BootFirmware,
            Self::SetBaud(_) => Op::SetBaud,
            Self::ReadSingle { .. } => Op::ReadSingle,
            Self::ReadMultiple { .. } => Op::ReadMultiple,
            Self::WriteEpc { .. } => Op::WriteEpc,
            Self::WriteData { .. } => Op::WriteData,
            Self::ReadData { .. } => Op::ReadData,
            Self::GetBuffer { .. } => Op::GetBuffer,
            Self::ClearBuffer => Op::ClearBuffer,
            Self::StartReading { .. } | Self::StopReading => Op::MultiProtocol,
            Self::Get { op, .. } => *op,
            Self::SetAntenna { .. } | Self::SetSearchAntenna { .. } => Op::SetAntenna,
            Self::SetReadPower(_) => Op::SetReadPower,
            Self::SetProtocol(_) => Op::SetProtocol,
            Self::SetWritePower(_) => Op::SetWritePower,
            Self::SetGpio(_) => Op::SetGpio,
            Self::SetRegion(_) => Op::SetRegion,
            Self::SetPowerMode(_) => Op::SetPowerMode,
            Self::SetOption { .. } => Op::SetOption,
            Self::Other { op, .. } => return *op,
        };
        op as u8
    }

    /// Gen2 as the protocol of everything that follows.
    #[must_use]
    pub fn use_gen2() -> Self {
        Self::SetProtocol(GEN2)
    }

    /// The frame of this command. Data longer than a frame holds are cut.
    #[must_use]
    pub fn to_frame(&self) -> Frame {
        Frame::host(self.code(), self.data())
    }

    fn data(&self) -> Vec<u8> {
        match self {
            Self::Version | Self::BootFirmware | Self::ClearBuffer => Vec::new(),
            Self::SetBaud(baud) => baud.to_be_bytes().to_vec(),
            Self::ReadSingle { timeout_ms } => timeout_ms.to_be_bytes().to_vec(),
            Self::ReadMultiple { flags, timeout_ms } => {
                [&[0], &flags.to_be_bytes()[..], &timeout_ms.to_be_bytes()].concat()
            }
            Self::WriteEpc { .. } | Self::WriteData { .. } | Self::ReadData { .. } => {
                self.access_data()
            }
            Self::GetBuffer { metadata } => [&metadata.to_be_bytes()[..], &[0]].concat(),
            Self::StartReading { flags, timeout_ms, metadata } => {
                let mut data = START_HEAD.to_vec();
                data.extend([Op::ReadMultiple as u8, option::METADATA]);
                data.extend(flags.to_be_bytes());
                data.extend(timeout_ms.to_be_bytes());
                data.extend(metadata.to_be_bytes());
                data
            }
            Self::StopReading => STOP_DATA.to_vec(),
            Self::Get { data, .. } | Self::SetGpio(data) | Self::Other { data, .. } => {
                data.to_vec()
            }
            Self::SetAntenna { tx, rx } => vec![*tx, *rx],
            Self::SetSearchAntenna { tx, rx } => vec![2, *tx, *rx],
            Self::SetReadPower(word) | Self::SetProtocol(word) | Self::SetWritePower(word) => {
                word.to_be_bytes().to_vec()
            }
            Self::SetRegion(byte) | Self::SetPowerMode(byte) => vec![*byte],
            Self::SetOption { key, value } => vec![1, *key, *value],
        }
    }

    fn access_data(&self) -> Vec<u8> {
        match self {
            Self::WriteEpc { timeout_ms, access, epc } => {
                let (option, filter) = access.emit();
                let mut data = [&timeout_ms.to_be_bytes()[..], &[option], &filter].concat();
                if option == 0 {
                    // Without a filter one more byte stands here (captured).
                    data.push(0);
                }
                data.extend_from_slice(epc);
                data
            }
            Self::WriteData { timeout_ms, access, bank, address, data } => {
                let (option, filter) = access.emit();
                let mut out = [&timeout_ms.to_be_bytes()[..], &[option]].concat();
                out.extend(address.to_be_bytes());
                out.push(*bank as u8);
                out.extend(filter);
                out.extend_from_slice(data);
                out
            }
            Self::ReadData { timeout_ms, access, bank, address, words } => {
                let (option, filter) = access.emit();
                let option = option | option::METADATA;
                let mut out =
                    [&timeout_ms.to_be_bytes()[..], &[option, 0, 0, *bank as u8]].concat();
                out.extend(address.to_be_bytes());
                out.push(*words);
                out.extend(filter);
                out
            }
            _ => Vec::new(),
        }
    }

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
