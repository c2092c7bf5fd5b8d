//! [`M6eReader`]: the module as a [`TagReader`].

mod inventory;
mod known;
mod memory;
mod start;

use std::time::Instant;

use self::known::{Known, Trust};
use super::link::Link;
use super::profile::Profile;
use super::timing::{LINE, RESPONSE_MARGIN};
use super::wire::{Command, Reply, Status, VersionInfo};
use crate::port::{OpenError, Port, PortSpec};
use crate::rfid::{LockTarget, ReaderError, ReaderInfo, Seen, TagMemory, TagReader, Uid, Uii};

/// Model name in configuration.
pub const MODEL: &str = "m6e";

/// PC word: an AFI of ISO/IEC 15961 stands in the low byte (the toggle bit).
const PC_HAS_AFI: u16 = 0x0100;

const BLOCK_LEN: usize = 4;
const WORD_LEN: usize = 2;
const WORDS_PER_BLOCK: u32 = 2;

/// Tags that answered the last inventory and are not in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeftOut {
    /// Weaker than the profile allows: beside the pad.
    pub weak: usize,
    /// The TID has no 96 bits, so nothing tells the tag from others.
    pub short_tid: usize,
    /// The TID could not be read: at the edge, or behind another tag.
    pub unread_tid: usize,
}

/// A ThingMagic UHF module.
///
/// It sends one command at a time and repeats none that writes; the module itself tries each for
/// the time-out it carries. The region and everything else is set again whenever an answer was
/// missing, since a module that lost power forgets it.
///
/// A tag is known by its TID, and spoken to by its EPC. Two tags with one EPC cannot be told
/// apart.
pub struct M6eReader<P: Port> {
    link: Link<P>,
    profile: Profile,
    /// Version of the module, once it is set up.
    up: Option<VersionInfo>,
    known: Known,
    left_out: LeftOut,
    /// How many tags the last inventory heard, weak ones too.
    heard: usize,
    /// When its search ended.
    searched: Option<Instant>,
}

impl M6eReader<Box<dyn Port>> {
    /// Opens the port; nothing is sent yet.
    ///
    /// # Errors
    /// [`OpenError`] with what was tried.
    pub fn open(spec: &PortSpec, profile: Profile) -> Result<Self, OpenError> {
        Ok(Self::new(spec.open(LINE, RESPONSE_MARGIN)?, spec.line(LINE).baud, profile))
    }
}

impl<P: Port> M6eReader<P> {
    /// Takes an open port. `baud` is the line's speed in bit/s, from which time-outs follow.
    pub fn new(port: P, baud: u32, profile: Profile) -> Self {
        Self {
            link: Link::new(port, baud),
            profile,
            up: None,
            known: Known::default(),
            left_out: LeftOut::default(),
            heard: 0,
            searched: None,
        }
    }

    /// Gives the port back.
    pub fn into_port(self) -> P {
        self.link.into_port()
    }

    /// What the last inventory left out of its list.
    #[must_use]
    pub fn left_out(&self) -> LeftOut {
        self.left_out
    }

    /// Sends one command to a module that is set up.
    fn ask(&mut self, command: &Command) -> Result<Reply, ReaderError> {
        self.ready()?;
        let reply = self.link.ask(command)?;
        self.check(reply)
    }

    /// What a failed answer means, also for what the module may have forgotten.
    fn check(&mut self, reply: Reply) -> Result<Reply, ReaderError> {
        let Reply::Failed { op, status, .. } = reply else { return Ok(reply) };
        if matches!(status, Status::RADIO_NOT_ON | Status::INVALID_OPCODE | Status::ASSERT) {
            // It has lost power since, or restarted: the next call sets it up again.
            self.up = None;
        }
        tracing::debug!(op, %status, "the module refused");
        Err(reader_error(status))
    }

    fn done(&mut self, command: &Command) -> Result<(), ReaderError> {
        match self.ask(command)? {
            Reply::Done { .. } => Ok(()),
            _ => Err(OTHER_KIND),
        }
    }
}

const OTHER_KIND: ReaderError = ReaderError::Garbled("answer of another kind");

/// A UHF tag has none of this.
const NOT_UHF: ReaderError = ReaderError::Unsupported { code: 0 };

/// A parameter the module would refuse too.
const BAD_PARAMETER: ReaderError = ReaderError::Refused { code: Status::INVALID_PARAMETER.0 as u8 };

impl<P: Port> TagReader for M6eReader<P> {
    fn identify(&mut self) -> Result<ReaderInfo, ReaderError> {
        // Asked anew, so that a module that is gone does not answer from memory.
        let Reply::Version { info, .. } = self.ask(&Command::Version)? else {
            return Err(OTHER_KIND);
        };
        let firmware = info.firmware.map(|byte| format!("{byte:02X}")).join(".");
        Ok(ReaderInfo { model: MODEL, firmware })
    }

    /// Lasts as long as the profile's search, and an access for each tag not known yet.
    fn inventory(&mut self) -> Result<Vec<Seen>, ReaderError> {
        self.list()
    }

    fn heard(&self) -> Option<Instant> {
        self.searched
    }

    fn read_blocks(&mut self, uid: Uid, first: u8, count: u8) -> Result<Vec<u8>, ReaderError> {
        let words = usize::from(count) * BLOCK_LEN / WORD_LEN;
        self.read_user(uid, u32::from(first) * WORDS_PER_BLOCK, words)
    }

    fn write_blocks(&mut self, uid: Uid, first: u8, data: &[u8]) -> Result<(), ReaderError> {
        if !data.len().is_multiple_of(BLOCK_LEN) {
            return Err(BAD_PARAMETER);
        }
        self.write_user(uid, u32::from(first) * WORDS_PER_BLOCK, data)
    }

    /// Read from the tag's PC word.
    ///
    /// # Errors
    /// `Unsupported` when the PC word holds no AFI (toggle bit 0).
    fn afi(&mut self, uid: Uid) -> Result<u8, ReaderError> {
        let pc = self.read_pc(uid)?;
        if pc & PC_HAS_AFI == 0 { Err(NOT_UHF) } else { Ok(pc.to_be_bytes()[1]) }
    }

    /// Written into the tag's PC word, the rest of which stays.
    ///
    /// # Errors
    /// `Unsupported` when the PC word holds no AFI (toggle bit 0).
    fn write_afi(&mut self, uid: Uid, afi: u8) -> Result<(), ReaderError> {
        let pc = self.uii(uid)?.pc;
        if pc & PC_HAS_AFI == 0 {
            return Err(NOT_UHF);
        }
        self.write_pc(uid, pc & 0xFF00 | u16::from(afi))
    }

    fn eas(&mut self, _: Uid) -> Result<bool, ReaderError> {
        Err(NOT_UHF)
    }

    fn write_eas(&mut self, _: Uid, _: bool) -> Result<(), ReaderError> {
        Err(NOT_UHF)
    }

    fn write_dsfid(&mut self, _: Uid, _: u8) -> Result<(), ReaderError> {
        Err(NOT_UHF)
    }

    /// Told by reading the whole user bank; no blocks on a tag without one.
    fn memory(&mut self, uid: Uid) -> Result<TagMemory, ReaderError> {
        let len = self.user_len(uid)?;
        let blocks = u16::try_from(len / BLOCK_LEN).unwrap_or(u16::MAX);
        Ok(TagMemory { blocks, block_len: BLOCK_LEN as u8, ic_reference: None })
    }

    /// Not possible: a UHF tag locks whole banks, and one lock of the bank with the AFI would end
    /// lending.
    fn lock(&mut self, _: Uid, _: LockTarget) -> Result<(), ReaderError> {
        Err(NOT_UHF)
    }

    /// As heard in the last inventory; read from the tag when anything was written since.
    fn uii(&mut self, uid: Uid) -> Result<Uii, ReaderError> {
        let tag = self.tag(uid)?;
        if tag.trust == Trust::Heard { Ok(tag.uii.clone()) } else { self.read_uii(uid) }
    }

    fn write_uii(&mut self, uid: Uid, uii: &Uii) -> Result<(), ReaderError> {
        if usize::from(uii.pc >> 11) * WORD_LEN != uii.bytes.len() {
            return Err(BAD_PARAMETER);
        }
        self.write_changed(uid, uii)
    }
}

/// The status table of readers.md 5.1 in the words of [`ReaderError`]. The code is the low byte,
/// which is different for everything that is not told apart by kind; the log has all of it.
fn reader_error(status: Status) -> ReaderError {
    let code = status.0.to_be_bytes()[1];
    match status {
        Status::NO_TAGS | Status::NO_DATA_READ => ReaderError::NoTag,
        Status::WRITE_FAILED | Status::WRITTEN_LOCK_FAILED | Status::INSUFFICIENT_POWER => {
            ReaderError::NotWritten
        }
        Status::LOCKED => ReaderError::Locked,
        Status::MEMORY_OVERRUN | Status::INVALID_ADDRESS => ReaderError::NoMemory,
        Status::INVALID_OPCODE
        | Status::UNIMPLEMENTED
        | Status::UNSUPPORTED_FEATURE
        | Status::INVALID_PROTOCOL => ReaderError::Unsupported { code },
        _ => ReaderError::Refused { code },
    }
}

#[cfg(test)]
mod tests;
