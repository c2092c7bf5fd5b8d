//! Replies: nothing here trusts a length or a byte.

use super::{BLOCK_LEN, UID_START};

/// A reply that is no answer to what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The tag refused; its error byte (rfid-data.md section 6.3).
    #[error("the tag refused with error {0:#04X}")]
    Tag(u8),
    /// Its length does not fit the request.
    #[error("a reply of the wrong length")]
    Length,
    /// It speaks of another tag.
    #[error("a reply of another tag")]
    OtherTag,
}

/// What stands behind the flags.
///
/// # Errors
/// [`ReplyError::Tag`] when the tag says so, [`ReplyError::Length`] when nothing is there.
pub fn data(reply: &[u8]) -> Result<&[u8], ReplyError> {
    match reply {
        [flags, error, ..] if flags & 0x01 != 0 => Err(ReplyError::Tag(*error)),
        [flags] if flags & 0x01 != 0 => Err(ReplyError::Length),
        [_, data @ ..] => Ok(data),
        [] => Err(ReplyError::Length),
    }
}

/// A reply that says no more than that it is done.
///
/// # Errors
/// As [`data`]; `Length` when more stands in it.
pub fn done(reply: &[u8]) -> Result<(), ReplyError> {
    if data(reply)?.is_empty() { Ok(()) } else { Err(ReplyError::Length) }
}

/// A tag heard in an inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its UID, `E0` first.
    pub uid: [u8; 8],
    /// Its DSFID.
    pub dsfid: u8,
}

impl Found {
    /// Reads a reply to an inventory; `None` for anything that cannot be one, such as what a
    /// receiver makes of a collision.
    #[must_use]
    pub fn parse(reply: &[u8]) -> Option<Self> {
        let [dsfid, uid @ ..] = data(reply).ok()? else { return None };
        let mut uid: [u8; 8] = uid.try_into().ok()?;
        uid.reverse();
        (uid[0] == UID_START).then_some(Self { uid, dsfid: *dsfid })
    }
}

/// Blocks as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocks {
    /// Their bytes, in order.
    pub data: Vec<u8>,
    /// Whether each is locked; empty when that was not asked.
    pub locked: Vec<bool>,
}

/// Reads `count` blocks; `option` whether a lock byte stands before each.
///
/// # Errors
/// As [`data`]; `Length` unless exactly the blocks asked for came.
pub fn blocks(reply: &[u8], count: usize, option: bool) -> Result<Blocks, ReplyError> {
    let data = data(reply)?;
    let len = BLOCK_LEN + usize::from(option);
    if data.len() != count * len {
        return Err(ReplyError::Length);
    }
    let mut blocks = Blocks { data: Vec::with_capacity(count * BLOCK_LEN), locked: Vec::new() };
    for block in data.chunks_exact(len) {
        match (option, block) {
            (true, [lock, content @ ..]) => {
                blocks.locked.push(lock & 0x01 != 0);
                blocks.data.extend(content);
            }
            (_, content) => blocks.data.extend(content),
        }
    }
    Ok(blocks)
}

/// Reads `count` lock bytes.
///
/// # Errors
/// As [`blocks`].
pub fn security(reply: &[u8], count: usize) -> Result<Vec<bool>, ReplyError> {
    let data = data(reply)?;
    match data.len() == count {
        true => Ok(data.iter().map(|lock| lock & 0x01 != 0).collect()),
        false => Err(ReplyError::Length),
    }
}

/// What a tag says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemInformation {
    /// Its UID, `E0` first.
    pub uid: [u8; 8],
    /// DSFID, where the chip has one.
    pub dsfid: Option<u8>,
    /// AFI, where the chip has one.
    pub afi: Option<u8>,
    /// Number of blocks and bytes of a block, where told.
    pub memory: Option<(u16, u8)>,
    /// The maker's reference, where told.
    pub ic_reference: Option<u8>,
}

impl SystemInformation {
    /// Reads the reply.
    ///
    /// # Errors
    /// As [`data`]; `Length` when a field that is announced is missing.
    pub fn parse(reply: &[u8]) -> Result<Self, ReplyError> {
        let [info, rest @ ..] = data(reply)? else { return Err(ReplyError::Length) };
        let (uid, rest) = rest.split_first_chunk::<8>().ok_or(ReplyError::Length)?;
        let mut uid = *uid;
        uid.reverse();
        let mut rest = rest.iter().copied();
        let mut field = |bit: u8| match info & bit {
            0 => Ok(None),
            _ => rest.next().map(Some).ok_or(ReplyError::Length),
        };
        let (dsfid, afi) = (field(0x01)?, field(0x02)?);
        let blocks = field(0x04)?;
        let size = field(0x04)?;
        let memory = blocks.zip(size).map(|(n, size)| (u16::from(n) + 1, (size & 0x1F) + 1));
        Ok(Self { uid, dsfid, afi, memory, ic_reference: field(0x08)? })
    }

    /// Writes it; the other way of [`SystemInformation::parse`].
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let bit = |present: bool, bit: u8| if present { bit } else { 0 };
        let info = bit(self.dsfid.is_some(), 1)
            | bit(self.afi.is_some(), 2)
            | bit(self.memory.is_some(), 4)
            | bit(self.ic_reference.is_some(), 8);
        let mut bytes = vec![0, info];
        bytes.extend(self.uid.iter().rev());
        bytes.extend(self.dsfid);
        bytes.extend(self.afi);
        if let Some((blocks, size)) = self.memory {
            bytes.extend([blocks.wrapping_sub(1) as u8, size.wrapping_sub(1) & 0x1F]);
        }
        bytes.extend(self.ic_reference);
        bytes
    }
}
