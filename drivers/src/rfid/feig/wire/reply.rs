//! Replies, reader to host.

use super::{CONFIG_LEN, Command, Fields, Form, Frame, HostCommand, Record, Status, WireError};

/// Answer to `65`, and to `66` mode 00.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// SW-REV.
    pub software: [u8; 2],
    /// D-REV, the development revision.
    pub development: u8,
    /// HW-TYPE.
    pub hardware: u8,
    /// SW-TYPE, which names the reader model.
    pub model: u8,
    /// TR-TYPE: kinds of tags it can read, one bit each.
    pub tags: u16,
    /// Receive and transmit buffer, in bytes; in the answer to `66` only.
    pub buffers: Option<(u16, u16)>,
}

/// Answer to `66` mode 80.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceId {
    /// DEV_ID.
    pub device: [u8; 4],
    /// CUSTOM.
    pub customer: [u8; 4],
    /// FW.
    pub firmware: [u8; 2],
    /// TR_DRV.
    pub tag_driver: [u8; 2],
    /// FNC.
    pub functions: [u8; 2],
    /// Spare bytes.
    pub spare: [u8; 2],
}

/// Answer to an inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// 00 all, 83 unfinished, 94 more can be asked for.
    pub status: Status,
    /// The tags.
    pub records: Vec<Record>,
}

/// One block of a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// SEC-STATUS: 00 open, or not asked for.
    pub security: u8,
    /// Its content, as many bytes as the reply's DB-SIZE.
    pub data: Vec<u8>,
}

/// Answer to `2B`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemInfo {
    /// Data storage format identifier.
    pub dsfid: u8,
    /// The tag. On some types only the last four bytes hold (FEIG H60301-3e, 6.1.12).
    pub uid: [u8; 8],
    /// Application family identifier.
    pub afi: u8,
    /// MEM-SIZE: block size, number of blocks.
    pub memory: [u8; 2],
    /// IC-REF.
    pub ic_reference: u8,
}

/// One answer of the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Status 00 and nothing to tell.
    Done {
        /// Command code.
        code: u8,
    },
    /// Another status.
    Failed {
        /// Command code.
        code: u8,
        /// The status.
        status: Status,
        /// What follows: behind 95 and 96 the error byte, behind a write the failing block.
        detail: Vec<u8>,
    },
    /// Version of the reader.
    Version {
        /// Command code.
        code: u8,
        /// The version.
        version: Version,
    },
    /// Device information.
    Device(DeviceId),
    /// Other information of `66`, as it stands.
    Info(Vec<u8>),
    /// Inputs: bits 0-2 state, bits 4-6 changed since last read.
    Inputs(u8),
    /// A configuration block.
    Config([u8; CONFIG_LEN]),
    /// Tags.
    Inventory(Inventory),
    /// Blocks, in order, with their size.
    Blocks {
        /// DB-SIZE.
        size: u8,
        /// The blocks.
        blocks: Vec<Block>,
    },
    /// System information.
    SystemInfo(SystemInfo),
    /// Locks of blocks: 00 open.
    Security(Vec<u8>),
    /// Card information of a select, as it stands.
    CardInfo(Vec<u8>),
    /// A good answer to a command outside the table.
    Other {
        /// Command code.
        code: u8,
        /// What follows the status.
        data: Vec<u8>,
    },
}

impl Reply {
    /// Reads the reply to `command`.
    ///
    /// # Errors
    /// [`WireError`] when it has another command code or other fields than the table says.
    pub fn parse(frame: &Frame, command: &Command) -> Result<Self, WireError> {
        let op = command.code();
        let mut f = Fields { op, rest: &frame.body };
        match f.u8("command code")? {
            code if code == op => {}
            code => return Err(f.value("command code", code)),
        }
        let status = Status(f.u8("status")?);
        if let Command::Host(HostCommand::Inventory { .. } | HostCommand::More) = command
            && matches!(status, Status::OK | Status::RF_COMMUNICATION | Status::MORE_DATA)
        {
            return parse_inventory(status, &mut f);
        }
        if status != Status::OK {
            return Ok(Self::Failed { code: op, status, detail: f.all().to_vec() });
        }
        let reply = match command {
            Command::SoftwareVersion => {
                Self::Version { code: op, version: parse_version(&mut f, false)? }
            }
            Command::ReaderInfo { mode: 0 } => {
                Self::Version { code: op, version: parse_version(&mut f, true)? }
            }
            Command::ReaderInfo { mode: 0x80 } => Self::Device(parse_device(&mut f)?),
            Command::ReaderInfo { .. } => Self::Info(f.all().to_vec()),
            Command::GetInput => Self::Inputs(f.u8("inputs")?),
            Command::ReadConfig { .. } => Self::Config(f.array("block")?),
            Command::Host(host) => parse_host(op, host, &mut f)?,
            Command::Other { code, .. } => Self::Other { code: *code, data: f.all().to_vec() },
            _ => Self::Done { code: op },
        };
        f.end()?;
        Ok(reply)
    }

    /// Command code this answers.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Done { code }
            | Self::Failed { code, .. }
            | Self::Version { code, .. }
            | Self::Other { code, .. } => *code,
            Self::Device(_) | Self::Info(_) => 0x66,
            Self::Inputs(_) => 0x74,
            Self::Config(_) => 0x80,
            Self::Inventory(_)
            | Self::Blocks { .. }
            | Self::SystemInfo(_)
            | Self::Security(_)
            | Self::CardInfo(_) => 0xB0,
        }
    }

    /// The frame of this reply (for tests and players of recorded traffic).
    #[must_use]
    pub fn to_frame(&self, form: Form, address: u8) -> Frame {
        let status = match self {
            Self::Failed { status, .. } => *status,
            Self::Inventory(inventory) => inventory.status,
            _ => Status::OK,
        };
        let mut body = vec![self.code(), status.0];
        self.push_data(&mut body);
        Frame::new(form, address, body)
    }

    fn push_data(&self, body: &mut Vec<u8>) {
        match self {
            Self::Done { .. } => {}
            Self::Failed { detail: data, .. }
            | Self::Info(data)
            | Self::CardInfo(data)
            | Self::Other { data, .. } => body.extend(data),
            Self::Version { version: v, .. } => {
                body.extend(v.software);
                body.extend([v.development, v.hardware, v.model]);
                body.extend(v.tags.to_be_bytes());
                if let Some((receive, transmit)) = v.buffers {
                    body.extend(receive.to_be_bytes());
                    body.extend(transmit.to_be_bytes());
                }
            }
            Self::Device(id) => {
                body.extend(id.device);
                body.extend(id.customer);
                for pair in [id.firmware, id.tag_driver, id.functions, id.spare] {
                    body.extend(pair);
                }
            }
            Self::Inputs(inputs) => body.push(*inputs),
            Self::Config(block) => body.extend(block),
            Self::Inventory(inventory) => {
                body.push(inventory.records.len() as u8);
                inventory.records.iter().for_each(|record| record.push(body));
            }
            Self::Blocks { size, blocks } => {
                body.extend([blocks.len() as u8, *size]);
                for block in blocks {
                    body.push(block.security);
                    body.extend(&block.data);
                }
            }
            Self::SystemInfo(info) => {
                body.push(info.dsfid);
                body.extend(info.uid);
                body.push(info.afi);
                body.extend(info.memory);
                body.push(info.ic_reference);
            }
            Self::Security(locks) => {
                body.push(locks.len() as u8);
                body.extend(locks);
            }
        }
    }
}

fn parse_inventory(status: Status, f: &mut Fields<'_>) -> Result<Reply, WireError> {
    // An unfinished inventory that found nothing may say nothing.
    let count = if f.rest.is_empty() { 0 } else { f.u8("DATA-SETS")? };
    let records = (0..count).map(|_| Record::parse(f)).collect::<Result<_, _>>()?;
    f.end()?;
    Ok(Reply::Inventory(Inventory { status, records }))
}

fn parse_version(f: &mut Fields<'_>, with_buffers: bool) -> Result<Version, WireError> {
    Ok(Version {
        software: f.array("SW-REV")?,
        development: f.u8("D-REV")?,
        hardware: f.u8("HW-TYPE")?,
        model: f.u8("SW-TYPE")?,
        tags: f.u16("TR-TYPE")?,
        buffers: match with_buffers {
            true => Some((f.u16("RX-BUF")?, f.u16("TX-BUF")?)),
            false => None,
        },
    })
}

fn parse_device(f: &mut Fields<'_>) -> Result<DeviceId, WireError> {
    Ok(DeviceId {
        device: f.array("DEV_ID")?,
        customer: f.array("CUSTOM")?,
        firmware: f.array("FW")?,
        tag_driver: f.array("TR_DRV")?,
        functions: f.array("FNC")?,
        spare: f.array("spare")?,
    })
}

fn parse_host(op: u8, host: &HostCommand, f: &mut Fields<'_>) -> Result<Reply, WireError> {
    Ok(match host {
        HostCommand::ReadBlocks { .. } => {
            let (count, size) = (f.u8("DB-N")?, f.u8("DB-SIZE")?);
            let blocks = (0..count).map(|_| {
                let security = f.u8("SEC-STATUS")?;
                Ok(Block { security, data: f.take(usize::from(size), "DB")?.to_vec() })
            });
            Reply::Blocks { size, blocks: blocks.collect::<Result<_, _>>()? }
        }
        HostCommand::SystemInfo(_) => Reply::SystemInfo(SystemInfo {
            dsfid: f.u8("DSFID")?,
            uid: f.array("UID")?,
            afi: f.u8("AFI")?,
            memory: f.array("MEM-SIZE")?,
            ic_reference: f.u8("IC-REF")?,
        }),
        HostCommand::BlockSecurity { .. } => {
            let count = f.u8("DB-N")?;
            Reply::Security(f.take(usize::from(count), "SEC-STATUS")?.to_vec())
        }
        HostCommand::Select { card_info: true, .. } => Reply::CardInfo(f.all().to_vec()),
        _ => Reply::Done { code: op },
    })
}
