//! UHF tags: ISO/TS 28560-4 and the university-alliance format (rfid-data.md sections 7 and 8).
//!
//! What a tag says comes in two parts: bank 01 (control word and UII) and the user bank.

mod gaoxiao;
mod part4;
#[cfg(test)]
mod tests;
mod urn40;

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{
    EncodeError, Extent, ImageOptions, MEMORY_MAX, Model, Need, TagData, TagError, TagImage,
};
use crate::rfid::Uii;

pub(super) use gaoxiao::encode as encode_gaoxiao;
pub(super) use part4::encode as encode_part4;

/// Control word, bit 8 ("toggle"): the low byte is an ISO application family identifier.
pub const PC_HAS_AFI: u16 = 0x0100;
/// Control word, bit 10: the user bank holds something.
pub const PC_USER_MEMORY: u16 = 0x0400;
/// Bits of the control word above which the UII's length in words stands.
const PC_LEN_SHIFT: u32 = 11;
/// Most words of a UII: five bits.
const UII_WORDS_MAX: usize = 31;
/// First byte of an EPC as it leaves the chip's factory.
const FACTORY: u8 = 0xE2;

/// What only UHF tags have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Facts {
    /// ISO format: the application family identifier, which is the security state.
    pub afi: Option<u8>,
    /// University format: whether the on-loan bit is set.
    pub on_loan: Option<bool>,
    /// University format: version, from 1.
    pub version: Option<u8>,
    /// University format: sorting, 4 bits.
    pub sorting: u8,
    /// University format: reserve, 2 bits.
    pub reserve: u8,
    /// University format: class and state bytes of element 5.
    pub class_and_state: Option<[u8; 2]>,
}

/// The checksum of bank 01 over control word and UII: CRC-16 with polynomial 1021, preset FFFF,
/// inverted (rfid-data.md section 7).
#[must_use]
pub fn crc_word(bytes: &[u8]) -> u16 {
    let crc = bytes.iter().fold(0xFFFF_u16, |crc, &byte| {
        (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| {
            if crc & 0x8000 != 0 { crc << 1 ^ 0x1021 } else { crc << 1 }
        })
    });
    !crc
}

/// Reads bank 01, with its checksum word or without.
///
/// # Errors
/// `Truncated` when the UII is shorter than its control word says, `BadCrc` never: a first word
/// that is not the checksum is the control word.
pub fn parse_mb01(bank: &[u8]) -> Result<Uii, TagError> {
    if let [high, low, rest @ ..] = bank
        && let Some(uii) = uii_at(rest)
        && crc_word(&emit(&uii)) == u16::from_be_bytes([*high, *low])
    {
        return Ok(uii);
    }
    uii_at(bank).ok_or(TagError::Truncated)
}

/// Whether the bytes are a bank 01 with a right checksum word in front.
#[must_use]
pub fn is_mb01(bank: &[u8]) -> bool {
    let [high, low, rest @ ..] = bank else { return false };
    uii_at(rest).is_some_and(|uii| {
        !uii.bytes.is_empty() && crc_word(&emit(&uii)) == u16::from_be_bytes([*high, *low])
    })
}

/// Only as many words as the control word says belong to the UII.
fn uii_at(bytes: &[u8]) -> Option<Uii> {
    let (pc, rest) = bytes.split_first_chunk::<2>()?;
    let pc = u16::from_be_bytes(*pc);
    let len = 2 * usize::from(pc >> PC_LEN_SHIFT);
    Some(Uii { pc, bytes: rest.get(..len)?.to_vec() })
}

fn emit(uii: &Uii) -> Vec<u8> {
    [&uii.pc.to_be_bytes(), &uii.bytes[..]].concat()
}

/// The UII as long as its control word says; `None` when it is cut. A reader may hand over more.
fn whole(uii: &Uii) -> Option<Cow<'_, Uii>> {
    let len = 2 * usize::from(uii.pc >> PC_LEN_SHIFT);
    match uii.bytes.len().cmp(&len) {
        Ordering::Less => None,
        Ordering::Equal => Some(Cow::Borrowed(uii)),
        Ordering::Greater => {
            Some(Cow::Owned(Uii { pc: uii.pc, bytes: uii.bytes.get(..len)?.to_vec() }))
        }
    }
}

/// Bank 01 as the tag holds it: checksum word, control word, UII.
#[must_use]
pub fn mb01(uii: &Uii) -> Vec<u8> {
    let bytes = emit(uii);
    [&crc_word(&bytes).to_be_bytes(), &bytes[..]].concat()
}

/// A control word for this UII, without toggle bit and AFI.
fn pc(bytes: &[u8], user_memory: bool) -> Result<u16, EncodeError> {
    let words = bytes.len() / 2;
    let len = u16::try_from(words).ok().filter(|_| words <= UII_WORDS_MAX);
    let memory = 2 * UII_WORDS_MAX;
    let len = len.ok_or(EncodeError::TooLong { needed: bytes.len(), memory })?;
    Ok(len << PC_LEN_SHIFT | if user_memory { PC_USER_MEMORY } else { 0 })
}

/// Which format a UII is in.
///
/// # Errors
/// `Blank` from the factory, `UnknownFormat` for EPCs of other trades.
pub fn recognise(uii: &Uii) -> Result<Model, TagError> {
    if uii.bytes.iter().all(|&b| b == 0) {
        return Err(TagError::Blank);
    }
    if uii.pc & PC_HAS_AFI != 0 {
        return Ok(Model::Iso28560Part4);
    }
    if uii.bytes.first() == Some(&FACTORY) {
        return Err(TagError::Blank);
    }
    if is_university(uii) { Ok(Model::Gaoxiao) } else { Err(TagError::UnknownFormat) }
}

/// Toggle bit 0, AFI byte 00, and a payload that can be the university format's.
#[must_use]
pub fn is_university(uii: &Uii) -> bool {
    let [_, afi] = uii.pc.to_be_bytes();
    uii.pc & PC_HAS_AFI == 0
        && afi == 0
        && uii.bytes.first() != Some(&FACTORY)
        && gaoxiao::is_plausible(&uii.bytes)
}

/// Reads a UHF tag. `user` is its whole user bank, `None` when it was not read; `hint` fixes the
/// model.
///
/// # Errors
/// [`TagError`]; a partial identifier is never given.
pub fn decode_uhf(
    uii: &Uii,
    user: Option<&[u8]>,
    hint: Option<Model>,
) -> Result<TagData, TagError> {
    decode_uhf_extent(uii, user, Extent::Whole, hint)
}

/// Reads a UHF tag of whose user bank `user` is all or, with [`Extent::Prefix`], the beginning.
///
/// # Errors
/// As [`decode_uhf`].
pub fn decode_uhf_extent(
    uii: &Uii,
    user: Option<&[u8]>,
    extent: Extent,
    hint: Option<Model>,
) -> Result<TagData, TagError> {
    let user = user.map(|user| user.get(..MEMORY_MAX).unwrap_or(user));
    let uii = &whole(uii).ok_or(TagError::Truncated)?;
    let found = recognise(uii);
    let model = match (hint, found) {
        (_, Err(TagError::Blank)) => return Err(TagError::Blank),
        (Some(model), _) => model,
        (None, found) => found?,
    };
    match model {
        Model::Iso28560Part4 => part4::decode(uii, user, extent),
        Model::Gaoxiao => gaoxiao::decode(uii, user, extent),
        _ => Err(TagError::UnknownFormat),
    }
}

/// Whether more of the user bank must be read to know owner, set information and type of usage.
/// `user` is what was read so far, from its first word; ask with none first.
#[must_use]
pub fn user_bank_needed(uii: &Uii, user: &[u8]) -> Need {
    if user.len() >= MEMORY_MAX {
        return Need::Enough;
    }
    let Some(uii) = &whole(uii) else { return Need::Enough };
    match recognise(uii) {
        Ok(Model::Iso28560Part4) => part4::need(uii, user),
        Ok(Model::Gaoxiao) => gaoxiao::need(uii, user),
        _ => Need::Enough,
    }
}

/// The same UII in another security state: the AFI in the control word (ISO format) or the on-loan
/// bit (university format). `None` for anything else.
#[must_use]
pub fn with_state(uii: &Uii, released: bool, afi: u8) -> Option<Uii> {
    let mut uii = uii.clone();
    if uii.pc & PC_HAS_AFI != 0 {
        uii.pc = uii.pc & 0xFF00 | u16::from(afi);
    } else if is_university(&uii) {
        let first = uii.bytes.first_mut()?;
        *first = *first & !gaoxiao::ON_LOAN | if released { gaoxiao::ON_LOAN } else { 0 };
    } else {
        return None;
    }
    Some(uii)
}
