//! Reading a tag before it is written. No effect on the tag.

use super::found::{Content, Found, Occupant};
use super::report::{Refusal, Stop};
use super::{BLOCK_LEN, Request, SLIX2_COUNTER, TRIES_MAX, is_slix2, uhf};
use crate::rfid::tagdata;
use crate::rfid::{ReaderError, TagReader, UID_MAX, Uid, Uii};

/// Most blocks a tag can have: their number is one byte.
const BLOCKS_MAX: usize = 256;
/// Blocks every library tag has (rfid-data.md 6.1).
const BLOCKS_MIN: usize = 8;

/// A tag as it was read, and the image fitted to its size.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) found: Found,
    /// Memory now, whole blocks.
    pub(super) old: Vec<u8>,
    /// Memory wanted, as long.
    pub(super) new: Vec<u8>,
    /// UHF: what it says now.
    pub(super) uii: Option<Uii>,
}

/// Reads content, registers and locks.
pub(super) fn survey(reader: &mut dyn TagReader, request: &Request<'_>) -> Result<Survey, Stop> {
    let uid = request.uid;
    let image = &request.image.memory;
    let blocks = image.len() / BLOCK_LEN;
    if !image.len().is_multiple_of(BLOCK_LEN) || blocks == 0 || blocks > BLOCKS_MAX {
        return Err(Refusal::BadImage.into());
    }
    let uhf = request.image.uii.is_some();
    if !fits_kind(uid, uhf) {
        return Err(Refusal::OtherKindOfTag.into());
    }
    let size = size(reader, uid, image)?;
    let old = read(reader, uid, size)?;
    let new = fit(image, old.len(), uid, &old)?;
    let (uii, content, dsfid) = if uhf {
        let uii = again(|| reader.uii(uid))?;
        (Some(uii.clone()), uhf::content(&uii), None)
    } else {
        let dsfid = register(reader, uid, |reader| reader.dsfid(uid))?;
        (None, Content::of(&tagdata::decode(&old, dsfid, None)), dsfid)
    };
    let (afi, eas) = if uhf { (None, None) } else { security(reader, request)? };
    let locked = match again(|| reader.locked(uid, 0, count(old.len()))) {
        Ok(locked) => {
            Some((0..=u8::MAX).zip(locked).filter_map(|(n, is)| is.then_some(n)).collect())
        }
        Err(ReaderError::Unsupported { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let blocks = u16::try_from(old.len() / BLOCK_LEN).unwrap_or(u16::MAX);
    let found = Found { content, dsfid, afi, eas, blocks, locked };
    Ok(Survey { found, old, new, uii })
}

/// A UHF tag is known by its TID, an HF tag by the UID of ISO 15693. Data for the one in the memory
/// of the other would be read by nobody, and a UII written beside it would still name the old item.
fn fits_kind(uid: Uid, uhf: bool) -> bool {
    if uhf { uid.bytes().len() == UID_MAX } else { uid.as_iso15693().is_some() }
}

/// Blocks of a memory, which are at most 255 at a time here.
pub(super) fn count(bytes: usize) -> u8 {
    u8::try_from(bytes / BLOCK_LEN).unwrap_or(u8::MAX)
}

/// All the memory of a tag, or as much as a usual one has.
pub(super) fn memory(
    reader: &mut dyn TagReader,
    uid: Uid,
    usual: usize,
) -> Result<Vec<u8>, ReaderError> {
    let image = vec![0; usual * BLOCK_LEN];
    let read = size(reader, uid, &image).and_then(|size| read(reader, uid, size));
    read.map_err(|stop| match stop {
        Stop::Unreadable(error) => error,
        // Blocks of another length cannot be read by this trait.
        Stop::Refused(_) => ReaderError::NoMemory,
    })
}

/// Bytes to read: all the memory the tag says it has, or as much as the image is long.
fn size(reader: &mut dyn TagReader, uid: Uid, image: &[u8]) -> Result<usize, Stop> {
    let blocks = match again(|| reader.memory(uid)) {
        Ok(memory) if usize::from(memory.block_len) != BLOCK_LEN => {
            return Err(Refusal::BlockLength { block_len: memory.block_len }.into());
        }
        Ok(memory) => usize::from(memory.blocks),
        Err(ReaderError::Unsupported { .. } | ReaderError::NoTag) => image.len() / BLOCK_LEN,
        Err(error) => return Err(error.into()),
    };
    // The counter is no memory. The last block of 256 cannot be counted in one command.
    let usable = if is_slix2(uid) { usize::from(SLIX2_COUNTER) } else { usize::from(u8::MAX) };
    Ok(blocks.min(usable) * BLOCK_LEN)
}

/// Reads so many bytes; on a tag without that much, half of it, down to the smallest tag.
fn read(reader: &mut dyn TagReader, uid: Uid, size: usize) -> Result<Vec<u8>, Stop> {
    let mut blocks = count(size);
    loop {
        match again(|| reader.read_blocks(uid, 0, blocks)) {
            Ok(data) => return Ok(data),
            Err(ReaderError::NoMemory) if usize::from(blocks) > BLOCKS_MIN => {
                blocks = (blocks / 2).max(BLOCKS_MIN as u8);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// The image as long as the tag: cut where only clearing is lost, filled up with zeros.
fn fit(image: &[u8], len: usize, uid: Uid, old: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut new = image.to_vec();
    if let Some(tail) = image.get(len..)
        && tail.iter().any(|&b| b != 0)
    {
        if is_slix2(uid) && old.len() == usize::from(SLIX2_COUNTER) * BLOCK_LEN {
            return Err(Refusal::ReservedBlock { block: SLIX2_COUNTER });
        }
        let used = image.iter().rposition(|&b| b != 0).map_or(0, |last| last / BLOCK_LEN + 1);
        let blocks = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
        return Err(Refusal::TooSmall { needed: blocks(used), there: blocks(len / BLOCK_LEN) });
    }
    new.resize(len, 0);
    Ok(new)
}

/// AFI and EAS as far as the request is about them.
fn security(
    reader: &mut dyn TagReader,
    request: &Request<'_>,
) -> Result<(Option<u8>, Option<bool>), Stop> {
    let uid = request.uid;
    if request.security.is_none() {
        return Ok((None, None));
    }
    let afi = match request.profile.afi_secured {
        Some(_) => Some(register(reader, uid, |reader| reader.afi(uid))?.ok_or(Refusal::NoAfi)?),
        None => None,
    };
    let eas = match request.profile.eas {
        true => Some(register(reader, uid, |reader| reader.eas(uid))?.ok_or(Refusal::NoEas)?),
        false => None,
    };
    Ok((afi, eas))
}

/// A register of a tag that answers; `None` when chip or reader has none. A chip that does not
/// know a command may just not answer it, so one that then answers a read has none either.
pub(super) fn register<T>(
    reader: &mut dyn TagReader,
    uid: Uid,
    mut ask: impl FnMut(&mut dyn TagReader) -> Result<T, ReaderError>,
) -> Result<Option<T>, ReaderError> {
    match again(|| ask(reader)) {
        Ok(value) => Ok(Some(value)),
        Err(ReaderError::Unsupported { .. }) => Ok(None),
        Err(ReaderError::NoTag) => match again(|| reader.read_blocks(uid, 0, 1)) {
            Ok(_) => Ok(None),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Asks until it is answered, at most [`TRIES_MAX`] times. Only for what does not write.
pub(super) fn again<T>(mut ask: impl FnMut() -> Result<T, ReaderError>) -> Result<T, ReaderError> {
    let mut tries = 1;
    loop {
        match ask() {
            Err(error) if may_pass(&error) && tries < TRIES_MAX => tries += 1,
            done => return done,
        }
    }
}

/// Whether repeating may help.
pub(super) fn may_pass(error: &ReaderError) -> bool {
    match error {
        ReaderError::NoTag
        | ReaderError::NotWritten
        | ReaderError::Silent { .. }
        | ReaderError::Garbled(_) => true,
        ReaderError::Locked
        | ReaderError::NoMemory
        | ReaderError::Unsupported { .. }
        | ReaderError::Refused { .. }
        | ReaderError::TooMany
        | ReaderError::Gone(_) => false,
    }
}

/// Who a torn or finished tag would be taken for.
pub(super) fn occupant(memory: &[u8], dsfid: Option<u8>) -> Option<Occupant> {
    tagdata::decode(memory, dsfid, None).ok().and_then(|data| Occupant::of(&data))
}
