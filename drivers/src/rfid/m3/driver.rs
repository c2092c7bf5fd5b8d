//! [`M3Reader`]: the pad as a [`TagReader`].

use super::link::Link;
use super::timing::{LINE, RESPONSE_MARGIN};
use super::wire::{Block, BlockLock, Command, ErrorCode, Reply, uid_option};
use crate::port::{OpenError, Port, PortSpec};
use crate::rfid::{LockTarget, ReaderError, ReaderInfo, Seen, TagMemory, TagReader, Uid};

/// Model name in configuration.
pub const MODEL: &str = "3m810";

/// Most blocks read by one command. The public driver of a real 810 asks 8 for stickers and 16
/// for cards (readers.md section 3); a higher limit is UNCONFIRMED.
pub const READ_BLOCKS_MAX: u8 = 16;

/// Most blocks written by one command. No limit is documented; 8 is what the public driver of a
/// real 810 writes.
pub const WRITE_BLOCKS_MAX: usize = 8;

const BLOCK_LEN: usize = 4;

/// What an inventory asks for, the best first; a pad that refuses one is not asked for it again.
///
/// A second poll costs a command to each tag and finds those that the first did not hear; the
/// station looks again anyway.
const INVENTORY_OPTIONS: [u8; 3] = {
    const PLAIN: u8 = uid_option::UID | uid_option::USUAL;
    [PLAIN | uid_option::DSFID | uid_option::SINGLE_POLL, PLAIN | uid_option::DSFID, PLAIN]
};

/// A 3M / Bibliotheca 210 or 810 pad.
///
/// It sends one command at a time and repeats none that writes; how often to try again is the
/// caller's rule. After an answer that is missing or damaged, the next call first asks the
/// version until it is answered, so that a late answer is never taken for a new one.
pub struct M3Reader<P: Port> {
    link: Link<P>,
    /// How many of [`INVENTORY_OPTIONS`] the pad has refused.
    refused: usize,
    /// An inventory was answered since it was opened.
    listed: bool,
}

impl M3Reader<Box<dyn Port>> {
    /// Opens the port; nothing is sent yet.
    ///
    /// # Errors
    /// [`OpenError`] with what was tried.
    pub fn open(spec: &PortSpec) -> Result<Self, OpenError> {
        Ok(Self::new(spec.open(LINE, RESPONSE_MARGIN)?, spec.line(LINE).baud))
    }
}

impl<P: Port> M3Reader<P> {
    /// Takes an open port. `baud` is the line's speed in bit/s, from which time-outs follow.
    pub fn new(port: P, baud: u32) -> Self {
        Self { link: Link::new(port, baud), refused: 0, listed: false }
    }

    /// Gives the port back.
    pub fn into_port(self) -> P {
        self.link.into_port()
    }

    fn ask(&mut self, command: &Command) -> Result<Reply, ReaderError> {
        match self.link.ask(command)? {
            Reply::Failed { error, .. } => Err(reader_error(error)),
            reply => Ok(reply),
        }
    }

    fn done(&mut self, command: &Command) -> Result<(), ReaderError> {
        match self.ask(command)? {
            Reply::Done { .. } => Ok(()),
            _ => Err(OTHER_KIND),
        }
    }

    fn list(&mut self, options: u8) -> Result<Vec<Seen>, ReaderError> {
        match self.ask(&Command::ReadUids { afi: 0, options, protocols: None }) {
            Ok(Reply::Uids { found, .. }) => Ok(each_once(found)),
            Ok(_) => Err(OTHER_KIND),
            Err(ReaderError::NoTag) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The blocks asked for with their lock bytes, at most [`READ_BLOCKS_MAX`] by one command.
    fn run(&mut self, uid: Uid, first: u8, count: u8) -> Result<Vec<Block>, ReaderError> {
        let mut run = Vec::with_capacity(usize::from(count));
        let (mut next, mut left) = (first, count);
        while left > 0 {
            let some = left.min(READ_BLOCKS_MAX);
            let command = Command::ReadBlocks { uid, first: next, count: some, options: None };
            let Reply::Blocks { blocks, .. } = self.ask(&command)? else { return Err(OTHER_KIND) };
            check_run(&blocks, next, some)?;
            run.extend(blocks);
            left -= some;
            if left > 0 {
                next = next.checked_add(some).ok_or(ReaderError::NoMemory)?;
            }
        }
        Ok(run)
    }
}

const OTHER_KIND: ReaderError = ReaderError::Garbled("answer of another kind");

impl<P: Port> TagReader for M3Reader<P> {
    fn identify(&mut self) -> Result<ReaderInfo, ReaderError> {
        let version = match self.ask(&Command::Version) {
            Ok(Reply::Version(version)) => version,
            Ok(_) => return Err(OTHER_KIND),
            // A firmware without 11 may know the probe seen on a real 810.
            Err(ReaderError::Unsupported { .. }) => match self.ask(&Command::Probe)? {
                Reply::Probe { version } => version,
                _ => return Err(OTHER_KIND),
            },
            Err(error) => return Err(error),
        };
        Ok(ReaderInfo { model: MODEL, firmware: version.map(|n| n.to_string()).join(".") })
    }

    fn inventory(&mut self) -> Result<Vec<Seen>, ReaderError> {
        let [rest @ .., plain] = INVENTORY_OPTIONS;
        while let Some(options) = rest.get(self.refused) {
            match self.list(*options) {
                Err(ReaderError::Unsupported { code }) if code == ErrorCode::OPTION.0 => {
                    self.refused += 1;
                }
                Err(error @ ReaderError::Silent { .. }) if !self.listed => {
                    // Old firmware may say nothing at all to an option it does not know.
                    self.refused += 1;
                    return Err(error);
                }
                Ok(found) => {
                    self.listed = true;
                    return Ok(found);
                }
                other => return other,
            }
        }
        self.list(plain)
    }

    fn read_blocks(&mut self, uid: Uid, first: u8, count: u8) -> Result<Vec<u8>, ReaderError> {
        let run = self.run(uid, first, count)?;
        Ok(run.iter().flat_map(|block| block.data).collect())
    }

    fn write_blocks(&mut self, uid: Uid, first: u8, data: &[u8]) -> Result<(), ReaderError> {
        let (blocks, rest) = data.as_chunks::<BLOCK_LEN>();
        if !rest.is_empty() {
            return Err(ReaderError::Refused { code: ErrorCode::PARAMETER.0 });
        }
        if usize::from(first) + blocks.len() > 256 {
            return Err(ReaderError::NoMemory);
        }
        for (i, some) in blocks.chunks(WRITE_BLOCKS_MAX).enumerate() {
            let first = first + (i * WRITE_BLOCKS_MAX) as u8;
            let reply = self.ask(&Command::WriteBlocks { uid, first, data: some.to_vec() })?;
            let Reply::BlocksWritten { next, .. } = reply else { return Err(OTHER_KIND) };
            if next.is_some_and(|next| next != first.wrapping_add(some.len() as u8)) {
                return Err(ReaderError::NotWritten);
            }
        }
        Ok(())
    }

    fn afi(&mut self, uid: Uid) -> Result<u8, ReaderError> {
        match self.ask(&Command::GetAfi(uid))? {
            Reply::Afi { afi, .. } => Ok(afi),
            _ => Err(OTHER_KIND),
        }
    }

    fn write_afi(&mut self, uid: Uid, afi: u8) -> Result<(), ReaderError> {
        self.done(&Command::WriteAfi { uid, afi })
    }

    /// A tag with EAS off does not answer the alarm command, so on this reader an absent tag
    /// reads as `false` too (readers.md section 3).
    fn eas(&mut self, uid: Uid) -> Result<bool, ReaderError> {
        match self.ask(&Command::GetEas(uid)) {
            Ok(Reply::Eas { state, .. }) => Ok(state != 0),
            Ok(_) => Err(OTHER_KIND),
            Err(ReaderError::NoTag) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn write_eas(&mut self, uid: Uid, on: bool) -> Result<(), ReaderError> {
        self.done(&Command::SetEas { uid, on })
    }

    fn write_dsfid(&mut self, uid: Uid, dsfid: u8) -> Result<(), ReaderError> {
        self.done(&Command::WriteDsfid { uid, dsfid })
    }

    fn dsfid(&mut self, uid: Uid) -> Result<u8, ReaderError> {
        match self.ask(&Command::GetDsfid(uid))? {
            Reply::Dsfid { dsfid, .. } => Ok(dsfid),
            _ => Err(OTHER_KIND),
        }
    }

    fn memory(&mut self, uid: Uid) -> Result<TagMemory, ReaderError> {
        let Reply::TagInfo { info, .. } = self.ask(&Command::TagInfo { uid, mask: INFO_MASK })?
        else {
            return Err(OTHER_KIND);
        };
        let memory = info.memory.ok_or(NOT_TOLD)?;
        let block_len = u8::try_from(memory.block_size).map_err(|_| NOT_TOLD)?;
        Ok(TagMemory { blocks: memory.blocks, block_len, ic_reference: info.ic_reference })
    }

    fn locked(&mut self, uid: Uid, first: u8, count: u8) -> Result<Vec<bool>, ReaderError> {
        let run = self.run(uid, first, count)?;
        Ok(run.iter().map(|block| block.lock != BlockLock::Open).collect())
    }

    fn lock(&mut self, uid: Uid, what: LockTarget) -> Result<(), ReaderError> {
        self.done(&match what {
            LockTarget::Block(block) => Command::LockBlock { uid, block },
            LockTarget::Afi => Command::LockAfi(uid),
            LockTarget::Dsfid => Command::LockDsfid(uid),
        })
    }
}

/// Tag information wanted: memory and IC reference (readers.md section 3, `0D`).
const INFO_MASK: u8 = 0b1100;
/// The tag's information has not this field.
const NOT_TOLD: ReaderError = ReaderError::Unsupported { code: 0 };

/// The error table of readers.md section 3 in the words of [`ReaderError`].
fn reader_error(error: ErrorCode) -> ReaderError {
    let code = error.0;
    match error {
        // 15: the tag answered before and not now.
        ErrorCode::NO_TAG | ErrorCode::NOT_READ => ReaderError::NoTag,
        ErrorCode::NOT_WRITTEN => ReaderError::NotWritten,
        ErrorCode::LOCKED => ReaderError::Locked,
        ErrorCode::MEMORY_NOT_AVAILABLE => ReaderError::NoMemory,
        ErrorCode::NOT_IMPLEMENTED
        | ErrorCode::TAG_UNSUPPORTED
        | ErrorCode::TAG_FORMAT
        | ErrorCode::TAG_OPTION
        | ErrorCode::NOT_SUPPORTED
        | ErrorCode::OPTION => ReaderError::Unsupported { code },
        _ => ReaderError::Refused { code },
    }
}

/// The pad may report a UID twice; the first report stays.
fn each_once(found: Vec<Seen>) -> Vec<Seen> {
    let mut once: Vec<Seen> = Vec::with_capacity(found.len());
    for seen in found {
        if once.iter().all(|other| other.uid != seen.uid) {
            once.push(seen);
        }
    }
    once
}

/// Exactly the blocks asked for, in order, each read.
fn check_run(blocks: &[Block], first: u8, count: u8) -> Result<(), ReaderError> {
    if blocks.len() != usize::from(count) {
        return Err(ReaderError::Garbled("another number of blocks than asked"));
    }
    for (i, block) in blocks.iter().enumerate() {
        if usize::from(block.number) != usize::from(first) + i {
            return Err(ReaderError::Garbled("blocks out of order"));
        }
        if let BlockLock::Failed(error) = block.lock {
            return Err(reader_error(error));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
