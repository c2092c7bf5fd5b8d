//! Commands, host to module.

use super::access::option;
use super::{Access, Bank, Frame, Opaque};

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
pub(super) const START_HEAD: [u8; 8] = [0x00, 0x00, 0x01, 0x22, 0x00, 0x00, 0x05, 0x07];
pub(super) const STOP_DATA: [u8; 3] = [0x00, 0x00, 0x02];
/// Protocol number in the commands.
const GEN2: u16 = 0x0005;

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
}
