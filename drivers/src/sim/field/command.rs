//! What one ISO 15693 tag does with one request (rfid-data.md sections 6.1 and 6.3).

use super::power::{Powered, State};
use super::rng::Rng;
use super::tag::{BLOCK_LEN, Chip, TagState};
use super::{
    ISO_ALREADY_LOCKED, ISO_LOCKED, ISO_NO_BLOCK, ISO_OPTION, ISO_UNKNOWN, ISO_UNSUPPORTED,
};

/// Manufacturer code of NXP, second byte of its custom commands.
const NXP: u8 = 0x04;
/// IC reference in system information; real values UNCONFIRMED.
const IC_REFERENCE: u8 = 0x01;
/// Identifier of the EAS/AFI password in set password. From the SLIX data sheet as recalled,
/// UNCONFIRMED.
const EAS_AFI_PASSWORD: u8 = 0x10;
/// What a chip with its EAS bit set answers to the EAS alarm (rfid-data.md section 6.1, SLIX).
const EAS_SEQUENCE: [u8; 32] = [
    0x2F, 0xB3, 0x62, 0x70, 0xD5, 0xA7, 0x90, 0x7F, 0xE8, 0xB1, 0x80, 0x38, 0xD2, 0x81, 0x49, 0x76,
    0x82, 0xDA, 0x9A, 0x86, 0x6F, 0xAF, 0x8B, 0xB0, 0xF1, 0x9C, 0xD1, 0x12, 0xA5, 0x72, 0x37, 0xEF,
];

/// A request to one tag, address and manufacturer code taken out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) code: u8,
    pub(super) option: bool,
    pub(super) addressed: bool,
    pub(super) params: &'a [u8],
}

/// Answer data behind the flags; `None` for silence; an ISO 15693 error byte.
pub(super) type Answered = Result<Option<Vec<u8>>, u8>;

/// Whether the command changes memory that outlasts power.
pub(super) fn is_write(code: u8) -> bool {
    matches!(code, 0x21 | 0x22 | 0x24 | 0x27..=0x2A | 0xA2..=0xA4 | 0xA6)
}

/// Blocks a request writes.
pub(super) fn blocks_written(request: Request<'_>) -> u8 {
    match (request.code, request.params) {
        (0x21, _) => 1,
        (0x24, [_, last, ..]) => last.saturating_add(1),
        _ => 0,
    }
}

/// Does a command that changes nothing lasting.
pub(super) fn read(
    tag: &TagState,
    powered: &mut Powered,
    request: Request<'_>,
    rng: &mut Rng,
) -> Answered {
    let nxp = tag.chip.has_eas();
    match (request.code, request.params) {
        (0x02, []) if request.addressed => {
            powered.state = State::Quiet;
            Ok(None)
        }
        (0x20, &[block]) => blocks(tag, block, 1, request.option).map(Some),
        (0x23, &[first, last]) if tag.chip.has_registers() => {
            blocks(tag, first, u16::from(last) + 1, request.option).map(Some)
        }
        (0x25, []) if request.addressed => {
            powered.state = State::Selected;
            Ok(Some(Vec::new()))
        }
        (0x26, []) => {
            powered.state = State::Ready;
            Ok(Some(Vec::new()))
        }
        (0x2B, []) if tag.chip.has_registers() => Ok(Some(system_information(tag))),
        (0x2C, &[first, last]) if tag.chip.has_registers() => {
            let range = range(tag, first, u16::from(last) + 1)?;
            Ok(Some(range.map(|block| lock_byte(tag, block)).collect()))
        }
        (0xA5, _) if nxp => Ok(tag.eas.then(|| EAS_SEQUENCE.to_vec())),
        (0xB2, []) if nxp => {
            let [.., a, b] = rng.next_u64().to_le_bytes();
            powered.random = Some([a, b]);
            Ok(Some(vec![a, b]))
        }
        (0xB3, &[EAS_AFI_PASSWORD, a, b, c, d]) if nxp => password(tag, powered, [a, b, c, d]),
        _ => Err(ISO_UNSUPPORTED),
    }
}

fn range(tag: &TagState, first: u8, count: u16) -> Result<std::ops::Range<u8>, u8> {
    let end = u16::from(first) + count;
    match u8::try_from(end) {
        Ok(end) if usize::from(end) <= tag.blocks.len() => Ok(first..end),
        _ => Err(ISO_NO_BLOCK),
    }
}

fn lock_byte(tag: &TagState, block: u8) -> u8 {
    u8::from(tag.locked.contains(&block))
}

fn blocks(tag: &TagState, first: u8, count: u16, option: bool) -> Result<Vec<u8>, u8> {
    let mut data = Vec::new();
    for block in range(tag, first, count)? {
        if option {
            data.push(lock_byte(tag, block));
        }
        data.extend(tag.blocks[usize::from(block)]);
    }
    Ok(data)
}

fn system_information(tag: &TagState) -> Vec<u8> {
    let mut data = vec![0x0F];
    data.extend(tag.uid.bytes().iter().rev());
    data.extend([tag.dsfid, tag.afi]);
    data.extend([tag.chip.blocks().wrapping_sub(1), BLOCK_LEN as u8 - 1, IC_REFERENCE]);
    data
}

/// The password comes mixed with the random number given out before. A wrong one is answered by
/// an error here; a real SLIX may keep silent until it loses power: UNCONFIRMED.
fn password(tag: &TagState, powered: &mut Powered, mixed: [u8; 4]) -> Answered {
    let Some([r0, r1]) = powered.random else { return Err(ISO_UNKNOWN) };
    let [a, b, c, d] = mixed;
    powered.password_given =
        u32::from_le_bytes([a ^ r0, b ^ r1, c ^ r0, d ^ r1]) == tag.eas_password;
    if powered.password_given { Ok(Some(Vec::new())) } else { Err(ISO_UNKNOWN) }
}

/// Does a command that changes lasting memory.
pub(super) fn write(tag: &mut TagState, powered: Powered, request: Request<'_>) -> Result<(), u8> {
    if tag.chip.needs_write_option() && !request.option {
        return Err(ISO_OPTION);
    }
    let registers = tag.chip.has_registers();
    let nxp = tag.chip.has_eas();
    let closed = !powered.password_given && protection(tag, request.code);
    match (request.code, request.params) {
        (0x21, &[block, ref data @ ..]) if data.len() == BLOCK_LEN => write_run(tag, block, data),
        (0x22, &[block]) if usize::from(block) >= tag.blocks.len() => Err(ISO_NO_BLOCK),
        (0x22, &[block]) => new_lock(tag.locked.insert(block)),
        (0x24, &[first, last, ref data @ ..])
            if tag.chip.writes_multiple() && data.len() == BLOCK_LEN * (usize::from(last) + 1) =>
        {
            write_run(tag, first, data)
        }
        (0x27 | 0xA2..=0xA4, _) if closed => Err(ISO_UNKNOWN),
        (0x27, &[afi]) if registers => change(&mut tag.afi, afi, tag.afi_locked),
        (0x28, []) if registers => lock(&mut tag.afi_locked),
        (0x29, &[dsfid]) if registers => change(&mut tag.dsfid, dsfid, tag.dsfid_locked),
        (0x2A, []) if registers => lock(&mut tag.dsfid_locked),
        (0xA2, []) if nxp => change(&mut tag.eas, true, tag.eas_locked),
        (0xA3, []) if nxp => change(&mut tag.eas, false, tag.eas_locked),
        (0xA4, []) if nxp => lock(&mut tag.eas_locked),
        (0xA6, []) if nxp && !powered.password_given => Err(ISO_UNKNOWN),
        (0xA6, []) if nxp && request.option => lock(&mut tag.afi_protected),
        (0xA6, []) if nxp => lock(&mut tag.eas_protected),
        _ => Err(ISO_UNSUPPORTED),
    }
}

fn protection(tag: &TagState, code: u8) -> bool {
    if code == 0x27 { tag.afi_protected } else { tag.eas_protected }
}

fn write_run(tag: &mut TagState, first: u8, data: &[u8]) -> Result<(), u8> {
    let (contents, _) = data.as_chunks::<BLOCK_LEN>();
    let blocks = range(tag, first, contents.len() as u16)?;
    for (block, content) in blocks.zip(contents) {
        if tag.locked.contains(&block) || tag.chip.is_reserved(block) {
            return Err(ISO_LOCKED);
        }
        tag.blocks[usize::from(block)] = *content;
    }
    Ok(())
}

fn change<T>(place: &mut T, value: T, locked: bool) -> Result<(), u8> {
    if locked {
        return Err(ISO_LOCKED);
    }
    *place = value;
    Ok(())
}

fn lock(place: &mut bool) -> Result<(), u8> {
    new_lock(!std::mem::replace(place, true))
}

fn new_lock(new: bool) -> Result<(), u8> {
    if new { Ok(()) } else { Err(ISO_ALREADY_LOCKED) }
}

/// Whether a custom command is one of this chip's maker.
pub(super) fn is_of_maker(chip: Chip, maker: u8) -> bool {
    maker == NXP && chip.has_eas()
}
