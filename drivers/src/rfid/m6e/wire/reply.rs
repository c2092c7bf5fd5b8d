//! Answers, module to host, and what it says by itself while it reads continuously.

use super::{Fields, Frame, Op, Opaque, Status, TagRecord, WireError};

/// What a module says of itself; each field in the module's own bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionInfo {
    /// Boot loader.
    pub boot: [u8; 4],
    /// Hardware; the first byte is the model.
    pub hardware: [u8; 4],
    /// Date of the firmware, year first.
    pub date: [u8; 4],
    /// Firmware.
    pub firmware: [u8; 4],
    /// Protocols it speaks, a bit each.
    pub protocols: [u8; 4],
}

impl VersionInfo {
    fn parse(f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(Self {
            boot: f.array("boot loader")?,
            hardware: f.array("hardware")?,
            date: f.array("date")?,
            firmware: f.array("firmware")?,
            protocols: f.array("protocols")?,
        })
    }
}

/// One frame of the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Another status than "done"; while reading continuously also the keep-alive (0400).
    Failed {
        /// Command code.
        op: u8,
        /// Why.
        status: Status,
        /// What else it says.
        data: Opaque,
    },
    /// `03`, `04`: version.
    Version {
        /// Command code.
        op: u8,
        /// The version.
        info: VersionInfo,
    },
    /// `21`: one tag.
    Single {
        /// Its EPC.
        epc: Opaque,
        /// The tag's own checksum.
        tag_crc: u16,
    },
    /// `22`: tags in the buffer after a search.
    Found {
        /// Option byte of the command.
        option: u8,
        /// Flags of the command.
        flags: u16,
        /// How many tags.
        count: u32,
    },
    /// `22` while reading continuously: a tag.
    Tag {
        /// Flags of the search.
        flags: u16,
        /// Bits of [`metadata`](super::metadata).
        metadata: u16,
        /// Byte between metadata flags and tag; 01 in every capture.
        kind: u8,
        /// The tag.
        record: TagRecord,
    },
    /// `22` while reading continuously: the module's temperature and the like.
    Report(Opaque),
    /// `29`: tags out of the buffer.
    Buffer {
        /// Bits of [`metadata`](super::metadata).
        metadata: u16,
        /// Option byte of the command.
        option: u8,
        /// The tags.
        records: Vec<TagRecord>,
    },
    /// `28`: words of a bank.
    Data {
        /// Option byte of the command.
        option: u8,
        /// The words.
        data: Opaque,
    },
    /// `2F`: continuous reading has begun.
    Started,
    /// `2F`: continuous reading has ended.
    Stopped,
    /// The command was done; settings asked for are in the data.
    Done {
        /// Command code.
        op: u8,
        /// The answer's data.
        data: Opaque,
    },
}

/// Data length of the answer to a search into the buffer.
const FOUND_LEN: usize = 7;
/// Data length of a temperature report (readers.md 5.2).
const REPORT_LEN: usize = 10;
/// Option byte of everything with metadata.
const OPTION_METADATA: u8 = 0x10;
const STARTED: [u8; 4] = [0x01, 0x22, 0x00, 0x00];
const STOPPED: [u8; 1] = [0x02];

impl Reply {
    /// Command code of the frame.
    #[must_use]
    pub fn code(&self) -> u8 {
        let op = match self {
            Self::Failed { op, .. } | Self::Version { op, .. } | Self::Done { op, .. } => {
                return *op;
            }
            Self::Single { .. } => Op::ReadSingle,
            Self::Found { .. } | Self::Tag { .. } | Self::Report(_) => Op::ReadMultiple,
            Self::Buffer { .. } => Op::GetBuffer,
            Self::Data { .. } => Op::ReadData,
            Self::Started | Self::Stopped => Op::MultiProtocol,
        };
        op as u8
    }

    /// The frame of this answer.
    #[must_use]
    pub fn to_frame(&self) -> Frame {
        let status = match self {
            Self::Failed { status, .. } => *status,
            _ => Status::OK,
        };
        Frame::module(self.code(), status.0, self.data())
    }

    fn data(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Version { info, .. } => {
                let VersionInfo { boot, hardware, date, firmware, protocols } = info;
                out.extend([boot, hardware, date, firmware, protocols].into_iter().flatten());
            }
            Self::Single { epc, tag_crc } => {
                out.extend_from_slice(epc);
                out.extend(tag_crc.to_be_bytes());
            }
            Self::Found { option, flags, count } => {
                out.push(*option);
                out.extend(flags.to_be_bytes());
                out.extend(count.to_be_bytes());
            }
            Self::Tag { flags, metadata, kind, record } => {
                out.push(OPTION_METADATA);
                out.extend(flags.to_be_bytes());
                out.extend(metadata.to_be_bytes());
                out.push(*kind);
                record.push(*metadata, &mut out);
            }
            Self::Buffer { metadata, option, records } => {
                out.extend(metadata.to_be_bytes());
                out.extend([*option, records.len() as u8]);
                for record in records {
                    record.push(*metadata, &mut out);
                }
            }
            Self::Data { option, data } => {
                out.extend([*option, 0, 0]);
                out.extend_from_slice(data);
            }
            Self::Started => out.extend(STARTED),
            Self::Stopped => out.extend(STOPPED),
            Self::Failed { data, .. } | Self::Report(data) | Self::Done { data, .. } => {
                out.extend_from_slice(data);
            }
        }
        out
    }

    /// Reads a module's frame.
    ///
    /// # Errors
    /// [`WireError`] when the fields do not fit the command code.
    pub fn parse(frame: &Frame) -> Result<Self, WireError> {
        let Some(status) = frame.status else { return Err(WireError::Side { op: frame.op }) };
        let mut f = Fields { op: frame.op, rest: &frame.data };
        let reply = match (Status(status), Op::from_code(frame.op)) {
            (Status::OK, Some(op)) => Self::parse_known(op, &mut f)?,
            (Status::OK, None) => Self::Done { op: frame.op, data: Opaque(f.all()) },
            (status, _) => Self::Failed { op: frame.op, status, data: Opaque(f.all()) },
        };
        f.end()?;
        Ok(reply)
    }

    fn parse_known(op: Op, f: &mut Fields<'_>) -> Result<Self, WireError> {
        Ok(match op {
            // A module that is in its application already may answer 04 with nothing.
            Op::Version | Op::BootFirmware if !f.rest.is_empty() => {
                Self::Version { op: op as u8, info: VersionInfo::parse(f)? }
            }
            Op::ReadSingle => {
                let epc = f.take(f.rest.len().saturating_sub(2), "EPC")?.to_vec();
                Self::Single { epc: Opaque(epc), tag_crc: f.u16("tag checksum")? }
            }
            Op::ReadMultiple => Self::parse_search(f)?,
            Op::GetBuffer => {
                let (metadata, option) = (f.u16("metadata")?, f.u8("option")?);
                let count = f.u8("count")?;
                let records: Result<_, _> =
                    (0..count).map(|_| TagRecord::parse(f, metadata)).collect();
                Self::Buffer { metadata, option, records: records? }
            }
            Op::ReadData => {
                let option = f.u8("option")?;
                match f.u16("metadata")? {
                    0 => Self::Data { option, data: Opaque(f.all()) },
                    value => return Err(f.value("metadata", value as u8)),
                }
            }
            Op::MultiProtocol if f.rest == STARTED => {
                f.all();
                Self::Started
            }
            Op::MultiProtocol if f.rest == STOPPED => {
                f.all();
                Self::Stopped
            }
            _ => Self::Done { op: op as u8, data: Opaque(f.all()) },
        })
    }

    fn parse_search(f: &mut Fields<'_>) -> Result<Self, WireError> {
        match f.rest.len() {
            FOUND_LEN => Ok(Self::Found {
                option: f.u8("option")?,
                flags: f.u16("flags")?,
                count: f.u32("count")?,
            }),
            REPORT_LEN => Ok(Self::Report(Opaque(f.all()))),
            _ => {
                match f.u8("option")? {
                    OPTION_METADATA => {}
                    value => return Err(f.value("option", value)),
                }
                let (flags, metadata) = (f.u16("flags")?, f.u16("metadata")?);
                let kind = f.u8("kind")?;
                Ok(Self::Tag { flags, metadata, kind, record: TagRecord::parse(f, metadata)? })
            }
        }
    }
}
