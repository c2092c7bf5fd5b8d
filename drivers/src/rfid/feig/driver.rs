//! [`FeigReader`]: the reader as a [`TagReader`].

use super::link::Link;
use super::profile::{ByteOrder, EasCommands, FeigProfile, MemorySize, Ont};
use super::timing::{LINE, READER_MARGIN};
use super::wire::{
    Command, Eas, HostCommand, IsoError, Record, Reply, Status, SystemInfo, Target, Version,
};
use crate::port::{LineSettings, OpenError, Port, PortSpec};
use crate::rfid::{
    Air, LockTarget, ReaderError, ReaderInfo, Seen, TagMemory, TagReader, UNKNOWN_HERE, Uid,
};

/// Model name in configuration.
pub const MODEL: &str = "feig";

/// Most bytes of blocks in one command, 32 blocks of 4 (FEIG H20800-16e, 0x23 and 0x24).
pub const DATA_MAX: usize = 128;

/// Most replies that one inventory is read in. A reader that goes on saying there is more is not
/// followed.
pub const PAGES_MAX: usize = 64;

/// How often an inventory is begun when the reader says that it did not finish.
pub const INVENTORY_TRIES: u32 = 3;

const BLOCK_LEN: usize = 4;
const BLOCKS_MAX: u8 = (DATA_MAX / BLOCK_LEN) as u8;

/// First byte of ISO 14443A UIDs of 4 bytes that a card draws anew each time (UNCONFIRMED here:
/// readers.md section 6).
const RANDOM_UID: u8 = 0x08;

/// A FEIG OBID reader.
///
/// It sends one command at a time and repeats none that writes; how often to try again is the
/// caller's rule. After an answer that is missing or damaged, the next call first asks the version
/// until it is answered, so that a late answer is never taken for a new one.
///
/// A tag that was listed and is missing is looked for once more after an RF reset: a reader that
/// restarted unnoticed has its ONT back, and hides what it has told.
///
/// More tags than the reader can hold (status 93) are [`ReaderError::TooMany`], and what was
/// listed before is dropped: a list that looks whole and is not would lend half a pile.
pub struct FeigReader<P: Port> {
    link: Link<P>,
    once: Once,
    /// Tags of the last inventory.
    listed: Vec<Uid>,
}

/// Whether the reader tells each tag once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Once {
    /// Not asked yet.
    Unknown,
    /// Yes: the field is reset before each inventory.
    Yes,
    /// No: each inventory is whole.
    No,
}

/// Block and byte of ONT, and its bit (FEIG H20800-16e, CFG5). The address without bit 7 is the
/// block in RAM.
const CFG5: u8 = 5;
const ONT_BYTE: usize = 11;
const ONT_BIT: u8 = 0x01;

impl FeigReader<Box<dyn Port>> {
    /// Opens the port; nothing is sent yet.
    ///
    /// # Errors
    /// [`OpenError`] with what was tried.
    pub fn open(spec: &PortSpec, profile: FeigProfile) -> Result<Self, OpenError> {
        Ok(Self::new(spec.open(LINE, READER_MARGIN)?, spec.line(LINE), profile))
    }
}

/// What an inventory came to.
enum Listed {
    Whole(Vec<Seen>),
    /// The reader could not tell all tags apart.
    Unfinished,
}

impl<P: Port> FeigReader<P> {
    /// Takes an open port with its line, from which time-outs follow.
    pub fn new(port: P, line: LineSettings, profile: FeigProfile) -> Self {
        let once = match profile.ont {
            Ont::Clear => Once::Unknown,
            Ont::On => Once::Yes,
            Ont::Off => Once::No,
        };
        Self { link: Link::new(port, line, profile), once, listed: Vec::new() }
    }

    /// Gives the port back.
    pub fn into_port(self) -> P {
        self.link.into_port()
    }

    fn ask(&mut self, command: &Command) -> Result<Reply, ReaderError> {
        match self.link.ask(command)? {
            Reply::Failed { status, detail, .. } => Err(reader_error(status, &detail)),
            reply => Ok(reply),
        }
    }

    fn host(&mut self, command: HostCommand) -> Result<Reply, ReaderError> {
        self.ask(&Command::Host(command))
    }

    fn done(&mut self, command: &Command) -> Result<(), ReaderError> {
        match self.ask(command)? {
            Reply::Done { .. } => Ok(()),
            _ => Err(OTHER_KIND),
        }
    }

    fn host_done(&mut self, command: HostCommand) -> Result<(), ReaderError> {
        self.done(&Command::Host(command))
    }

    /// An answer that only tells what a reader can; none, or one not understood, is that it cannot.
    fn may_answer(&mut self, command: &Command) -> Result<Option<Reply>, ReaderError> {
        match self.link.ask(command) {
            Err(error) if error.is_gone() => Err(error),
            answer => Ok(answer.ok()),
        }
    }

    /// Clears ONT in the reader's RAM. Tags that are quiet already stay so until the field is
    /// reset.
    fn clear_ont(&mut self) -> Result<Once, ReaderError> {
        let read = self.may_answer(&Command::ReadConfig { address: CFG5 })?;
        let Some(Reply::Config(mut block)) = read else {
            tracing::info!("the reader does not tell its ONT: the field is reset for each look");
            return Ok(Once::Yes);
        };
        let Some(byte) = block.get_mut(ONT_BYTE).filter(|byte| **byte & ONT_BIT != 0) else {
            return Ok(Once::No);
        };
        *byte &= !ONT_BIT;
        match self.may_answer(&Command::WriteConfig { address: CFG5, data: block })? {
            Some(Reply::Done { .. }) => {
                self.done(&Command::RfReset)?;
                Ok(Once::No)
            }
            _ => {
                tracing::info!("the reader keeps its ONT: the field is reset for each look");
                Ok(Once::Yes)
            }
        }
    }

    /// The whole state, from an inventory that is begun again when it could not be finished.
    fn list_whole(&mut self, mut reset: bool) -> Result<Vec<Seen>, ReaderError> {
        for _ in 0..INVENTORY_TRIES {
            if reset {
                self.done(&Command::RfReset)?;
            }
            if let Listed::Whole(seen) = self.list()? {
                return Ok(seen);
            }
            // What was told before the break is quiet, where a tag answers once.
            reset |= self.once == Once::Yes;
        }
        Err(ReaderError::Refused { code: Status::RF_COMMUNICATION.0 })
    }

    fn list(&mut self) -> Result<Listed, ReaderError> {
        let mut seen = Vec::new();
        let mut next = HostCommand::Inventory { notify: None, presence: false };
        for _ in 0..PAGES_MAX {
            let inventory = match self.host(next) {
                Ok(Reply::Inventory(inventory)) => inventory,
                Ok(_) => return Err(OTHER_KIND),
                Err(ReaderError::NoTag) => return Ok(Listed::Whole(seen)),
                Err(error) => return Err(error),
            };
            let order = self.link.profile().card_uid_order;
            add_each_once(&mut seen, &inventory.records, order);
            match inventory.status {
                Status::OK => return Ok(Listed::Whole(seen)),
                Status::MORE_DATA => next = HostCommand::More,
                _ => return Ok(Listed::Unfinished),
            }
        }
        Err(ReaderError::TooMany)
    }

    fn system_info(&mut self, uid: Uid) -> Result<SystemInfo, ReaderError> {
        let wanted = iso15693(uid)?;
        match self.host(HostCommand::SystemInfo(Target::Tag(wanted)))? {
            // On some types only the last four bytes hold.
            Reply::SystemInfo(info) if info.uid.get(4..) == wanted.get(4..) => Ok(info),
            Reply::SystemInfo(_) => Err(ReaderError::Garbled("information about another tag")),
            _ => Err(OTHER_KIND),
        }
    }

    fn read_some(&mut self, tag: [u8; 8], first: u8, count: u8) -> Result<Vec<u8>, ReaderError> {
        let target = Target::Tag(tag);
        let command = HostCommand::ReadBlocks { target, security: false, first, count };
        let Reply::Blocks { size, blocks } = self.host(command)? else { return Err(OTHER_KIND) };
        if usize::from(size) != BLOCK_LEN {
            return Err(ReaderError::Garbled("blocks of another size than 4 bytes"));
        }
        if blocks.len() != usize::from(count) {
            return Err(ReaderError::Garbled("another number of blocks than asked"));
        }
        let mut data: Vec<u8> = blocks.into_iter().flat_map(|block| block.data).collect();
        self.order(&mut data);
        Ok(data)
    }

    /// Between the tag's order and the line's, both ways.
    fn order(&self, data: &mut [u8]) {
        if self.link.profile().block_order == ByteOrder::Reversed {
            data.chunks_mut(BLOCK_LEN).for_each(<[u8]>::reverse);
        }
    }

    fn ask_eas(&mut self, uid: Uid, what: Eas) -> Result<(), ReaderError> {
        let target = Target::Tag(iso15693(uid)?);
        match self.link.profile().eas {
            EasCommands::Nxp => self.host_done(HostCommand::Eas { what, target }),
            EasCommands::None => Err(UNKNOWN_HERE),
        }
    }
}

const OTHER_KIND: ReaderError = ReaderError::Garbled("answer of another kind");

impl<P: Port> TagReader for FeigReader<P> {
    fn identify(&mut self) -> Result<ReaderInfo, ReaderError> {
        match self.ask(&Command::SoftwareVersion)? {
            Reply::Version { version, .. } => {
                Ok(ReaderInfo { model: MODEL, firmware: firmware(&version) })
            }
            _ => Err(OTHER_KIND),
        }
    }

    fn inventory(&mut self) -> Result<Vec<Seen>, ReaderError> {
        if self.once == Once::Unknown {
            self.once = self.clear_ont()?;
        }
        let once = self.once == Once::Yes;
        let mut seen = self.list_whole(once)?;
        let lacks = |seen: &[Seen], uid: &Uid| seen.iter().all(|other| other.uid != *uid);
        let missing: Vec<Uid> =
            self.listed.iter().copied().filter(|uid| lacks(&seen, uid)).collect();
        if !once && !missing.is_empty() {
            seen = self.list_whole(true)?;
            if missing.iter().any(|uid| !lacks(&seen, uid)) && self.link.profile().ont == Ont::Clear
            {
                self.once = Once::Unknown;
            }
        }
        self.listed = seen.iter().map(|seen| seen.uid).collect();
        Ok(seen)
    }

    fn read_blocks(&mut self, uid: Uid, first: u8, count: u8) -> Result<Vec<u8>, ReaderError> {
        let tag = iso15693(uid)?;
        let mut data = Vec::with_capacity(BLOCK_LEN * usize::from(count));
        for (first, count) in parts(first, count)? {
            data.extend(self.read_some(tag, first, count)?);
        }
        Ok(data)
    }

    fn write_blocks(&mut self, uid: Uid, first: u8, data: &[u8]) -> Result<(), ReaderError> {
        let target = Target::Tag(iso15693(uid)?);
        if !data.len().is_multiple_of(BLOCK_LEN) {
            return Err(ReaderError::Refused { code: Status::PARAMETER_RANGE.0 });
        }
        let count = u8::try_from(data.len() / BLOCK_LEN).map_err(|_| ReaderError::NoMemory)?;
        let mut data = data.to_vec();
        self.order(&mut data);
        for ((first, _), some) in parts(first, count)?.into_iter().zip(data.chunks(DATA_MAX)) {
            let size = BLOCK_LEN as u8;
            let command = HostCommand::WriteBlocks { target, first, size, data: some.to_vec() };
            self.host_done(command)?;
        }
        Ok(())
    }

    fn afi(&mut self, uid: Uid) -> Result<u8, ReaderError> {
        Ok(self.system_info(uid)?.afi)
    }

    fn write_afi(&mut self, uid: Uid, afi: u8) -> Result<(), ReaderError> {
        let target = Target::Tag(iso15693(uid)?);
        self.host_done(HostCommand::WriteAfi { target, afi })
    }

    /// A tag with EAS off does not answer the alarm command, so on this reader an absent tag
    /// reads as `false` too (FEIG H60301-3e, 8.3.4).
    fn eas(&mut self, uid: Uid) -> Result<bool, ReaderError> {
        match self.ask_eas(uid, Eas::Alarm) {
            Ok(()) => Ok(true),
            Err(ReaderError::NoTag) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn write_eas(&mut self, uid: Uid, on: bool) -> Result<(), ReaderError> {
        self.ask_eas(uid, if on { Eas::Set } else { Eas::Reset })
    }

    fn write_dsfid(&mut self, uid: Uid, dsfid: u8) -> Result<(), ReaderError> {
        let target = Target::Tag(iso15693(uid)?);
        self.host_done(HostCommand::WriteDsfid { target, dsfid })
    }

    fn dsfid(&mut self, uid: Uid) -> Result<u8, ReaderError> {
        Ok(self.system_info(uid)?.dsfid)
    }

    fn memory(&mut self, uid: Uid) -> Result<TagMemory, ReaderError> {
        let info = self.system_info(uid)?;
        let [size, blocks] = info.memory;
        // Bits 3-0 are the size (readers.md 2.4).
        let (size, blocks) = (size & 0x0F, u16::from(blocks));
        let (block_len, blocks) = match self.link.profile().memory_size {
            MemorySize::MinusOne => (size + 1, blocks + 1),
            MemorySize::Count => (size, blocks),
        };
        Ok(TagMemory { blocks, block_len, ic_reference: Some(info.ic_reference) })
    }

    fn locked(&mut self, uid: Uid, first: u8, count: u8) -> Result<Vec<bool>, ReaderError> {
        let target = Target::Tag(iso15693(uid)?);
        let mut locked = Vec::with_capacity(usize::from(count));
        for (first, count) in parts(first, count)? {
            match self.host(HostCommand::BlockSecurity { target, first, count })? {
                Reply::Security(locks) if locks.len() == usize::from(count) => {
                    // ISO/IEC 15693-3: bit 0 is the lock, the others are reserved.
                    locked.extend(locks.iter().map(|lock| lock & 1 != 0));
                }
                Reply::Security(_) => {
                    return Err(ReaderError::Garbled("another number of blocks than asked"));
                }
                _ => return Err(OTHER_KIND),
            }
        }
        Ok(locked)
    }

    fn lock(&mut self, uid: Uid, what: LockTarget) -> Result<(), ReaderError> {
        let target = Target::Tag(iso15693(uid)?);
        self.host_done(match what {
            LockTarget::Block(first) => HostCommand::LockBlocks { target, first, count: 1 },
            LockTarget::Afi => HostCommand::LockAfi(target),
            LockTarget::Dsfid => HostCommand::LockDsfid(target),
        })
    }
}

/// ISO 14443 cards give their UID only.
fn iso15693(uid: Uid) -> Result<[u8; 8], ReaderError> {
    uid.as_iso15693().ok_or(UNKNOWN_HERE)
}

/// A run of blocks in parts that one command can carry.
fn parts(first: u8, count: u8) -> Result<Vec<(u8, u8)>, ReaderError> {
    let (mut next, mut left) = (first, count);
    let mut parts = Vec::new();
    while left > 0 {
        let some = left.min(BLOCKS_MAX);
        parts.push((next, some));
        left -= some;
        if left > 0 {
            next = next.checked_add(some).ok_or(ReaderError::NoMemory)?;
        }
    }
    Ok(parts)
}

/// Tags and cards of a reply behind those known; one that is known already is passed over. ISO
/// 14443B cards are left out: their PUPI may be new each time.
fn add_each_once(seen: &mut Vec<Seen>, records: &[Record], order: ByteOrder) {
    for record in records {
        let found = match record {
            Record::Iso15693 { dsfid, uid } => {
                Some(Seen::iso15693(Uid::iso15693(*uid), Some(*dsfid)))
            }
            _ => record.card_uid().and_then(|uid| card(uid, order)),
        };
        let Some(found) = found else { continue };
        if seen.iter().all(|other| other.uid != found.uid) {
            seen.push(found);
        }
    }
}

fn card(uid: &[u8], order: ByteOrder) -> Option<Seen> {
    let mut uid = uid.to_vec();
    if order == ByteOrder::Reversed {
        uid.reverse();
    }
    match uid[..] {
        [RANDOM_UID, _, _, _] => None,
        _ => Some(Seen { uid: Uid::new(&uid)?, air: Air::Iso14443, dsfid: None }),
    }
}

/// The status table of readers.md 2.5 in the words of [`ReaderError`]. `detail` is what follows
/// the status; behind 95 it begins with the tag's error byte.
fn reader_error(status: Status, detail: &[u8]) -> ReaderError {
    let code = status.0;
    match status {
        // 02 and 83: the tag is there, and its answer was not understood this time.
        Status::NO_TAG | Status::DATA_FALSE | Status::RF_COMMUNICATION => ReaderError::NoTag,
        Status::WRITE_ERROR => ReaderError::NotWritten,
        Status::ADDRESS_ERROR => ReaderError::NoMemory,
        Status::WRONG_TYPE | Status::UNKNOWN_COMMAND | Status::NOT_AVAILABLE => {
            ReaderError::Unsupported { code }
        }
        Status::BUFFER_OVERFLOW => ReaderError::TooMany,
        Status::ISO15693_ERROR => match detail.first() {
            Some(&error) => tag_error(IsoError(error)),
            None => ReaderError::Refused { code },
        },
        // Also 84, 96 and F1, each with its own code.
        _ => ReaderError::Refused { code },
    }
}

fn tag_error(error: IsoError) -> ReaderError {
    let code = error.0;
    match error {
        IsoError::UNSUPPORTED | IsoError::FORMAT | IsoError::OPTION => {
            ReaderError::Unsupported { code }
        }
        IsoError::NO_BLOCK => ReaderError::NoMemory,
        IsoError::ALREADY_LOCKED | IsoError::LOCKED => ReaderError::Locked,
        IsoError::NOT_PROGRAMMED | IsoError::NOT_LOCKED => ReaderError::NotWritten,
        _ => ReaderError::Refused { code },
    }
}

/// Model and SW-REV, as `CPR.M02 01.04`. Whether SW-REV is meant as decimal or hexadecimal digits
/// is UNCONFIRMED; hexadecimal shows both bytes as they came.
fn firmware(version: &Version) -> String {
    let [high, low] = version.software;
    match model_name(version.model) {
        Some(name) => format!("{name} {high:02X}.{low:02X}"),
        None => format!("type {} {high:02X}.{low:02X}", version.model),
    }
}

/// SW-TYPE (readers.md 2.3).
fn model_name(code: u8) -> Option<&'static str> {
    Some(match code {
        30 => "ISC.M01",
        31 => "ISC.M02",
        40 => "ISC.LR100",
        41 => "ISC.LR200",
        60 => "ISC.PRH101-A",
        61 => "ISC.PRH101-U",
        71 => "ISC.PRH100-U",
        72 => "ISC.PRH100",
        73 => "ISC.MR100-U",
        74 => "ISC.MR100/PR100",
        75 => "ISC.MR200",
        76 => "ISC.MR101-A/PR101-A",
        77 => "ISC.MR102",
        78 => "ISC.MR101-U/PR101-U",
        80 => "CPR.M02",
        81 => "CPR.02",
        82 | 83 => "CPR40",
        84 => "CPR.M03",
        87 => "CPR.04",
        88 => "CPR.04-USB",
        91 => "ISC.LRU1000",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
