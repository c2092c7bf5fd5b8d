//! UHF tags (ISO/IEC 18000-63) in the field of a reader: what they answer, how long it takes.
//!
//! Works on the same [`Field`] as the HF readers, and sees only tags of chip `gen2`, as HF readers
//! see only theirs. Every operation takes effect at once and says how long it occupies the air.
//! Collisions are left out: the rate of [`air::TAG`] has them in it.

pub mod air;

use std::time::Duration;

use super::field::{Field, Position, Pull, TagState};
use crate::rfid::Air;

/// Words of a UII the tag has room for: 128 bits and the words before them.
pub const UII_WORDS_MAX: usize = 8;

/// Words of bank 01 before the UII: checksum and PC.
const HEAD_WORDS: usize = 2;

/// PC word: the user bank holds something. The tag itself sets it.
const PC_USER: u16 = 0x0400;

/// What the reader sends with, in 0.01 dBm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Power {
    /// While reading.
    pub read: u16,
    /// While writing.
    pub write: u16,
}

/// Which tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// The first that answers.
    Any,
    /// Whose UII begins so.
    Uii(Vec<u8>),
    /// Whose TID begins so.
    Tid(Vec<u8>),
}

/// Why an operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No tag of that selection answered.
    NoTag,
    /// Past the bank's end.
    Overrun,
    /// Locked, and no password or a locked one.
    Locked,
    /// The password was wrong.
    WrongPassword,
    /// The tag has too little power to write.
    WeakPower,
    /// The write did not take, or the tag was gone before it said so.
    NotWritten,
}

/// How a tag is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Which tag.
    pub selection: Selection,
    /// Its password; 0 when none is sent.
    pub password: u32,
    /// How long the reader tries.
    pub timeout: Duration,
    /// With how much power.
    pub power: Power,
}

/// A tag heard in a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// PC word and UII.
    pub words: Vec<u8>,
    /// Checksum over them.
    pub crc: u16,
    /// Strength in dBm.
    pub rssi: i8,
}

/// Strength of a tag in the middle at 20 dBm, in dBm.
const RSSI_MIDDLE: i32 = -45;
/// Strength at the edge, answering always; 1 less for each 5 percent it answers less.
const RSSI_EDGE: i32 = -60;

fn rssi(tag: &TagState, power: u16) -> i8 {
    let here = match tag.position {
        Position::Edge { answers_percent } => RSSI_EDGE - (100 - i32::from(answers_percent)) / 5,
        _ => RSSI_MIDDLE,
    };
    (here + (i32::from(power) - 2000) / 100).clamp(-127, 0) as i8
}

/// Least power at which a tag answers, and takes a write, in 0.01 dBm. Planning values.
fn needs(tag: &TagState) -> Power {
    match tag.position {
        Position::Edge { .. } => Power { read: 1500, write: 2200 },
        _ => Power { read: 500, write: 1500 },
    }
}

/// CRC-16 of bank 01 (rfid-data.md section 7): polynomial 1021, preset FFFF, inverted.
#[must_use]
pub fn tag_crc(words: &[u8]) -> u16 {
    !words.iter().fold(0xFFFF_u16, |crc, &byte| {
        (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| {
            if crc & 0x8000 != 0 { crc << 1 ^ 0x1021 } else { crc << 1 }
        })
    })
}

/// PC word as the tag tells it, then as much UII as it says.
fn told(tag: &TagState) -> Vec<u8> {
    let used = tag.blocks.iter().any(|block| *block != [0; 4]);
    let pc = tag.uii.pc & !PC_USER | if used { PC_USER } else { 0 };
    let len = usize::from(pc >> 11) * 2;
    let mut words = pc.to_be_bytes().to_vec();
    words.extend(tag.uii.bytes.iter().copied().chain(std::iter::repeat(0)).take(len));
    words
}

/// Names of the UHF tags in the field that have enough power to answer.
fn powered(field: &Field, power: u16) -> Vec<String> {
    let answers = |id: &String| {
        let tag = field.tag(id);
        tag.is_some_and(|tag| tag.chip.air() == Air::Gen2 && needs(tag).read <= power)
    };
    field.on_pad().into_iter().filter(answers).collect()
}

/// The tags that answer in one round, in their order.
pub fn round(field: &mut Field, power: u16) -> Vec<Said> {
    let mut said = Vec::new();
    for id in powered(field, power) {
        if !field.hears(&id) {
            continue;
        }
        if let Some(tag) = field.tag(&id) {
            let words = told(tag);
            let crc = tag_crc(&words);
            said.push(Said { words, crc, rssi: rssi(tag, power) });
        }
    }
    said
}

/// Bytes of a bank as it can be read.
fn bank_bytes(tag: &TagState, bank: u8) -> Vec<u8> {
    match bank {
        0 => [[0; 4], tag.access_password.to_be_bytes()].concat(),
        1 => {
            let words = told(tag);
            let mut bytes = tag_crc(&words).to_be_bytes().to_vec();
            bytes.extend(words);
            // What stands behind the UII's length can be read too.
            let behind = tag.uii.bytes.get(bytes.len().saturating_sub(4)..).unwrap_or_default();
            bytes.extend_from_slice(behind);
            bytes.resize((HEAD_WORDS + UII_WORDS_MAX) * 2, 0);
            bytes
        }
        2 => tag.uid.bytes().to_vec(),
        3 => tag.blocks.concat(),
        _ => Vec::new(),
    }
}

/// Whether the selection means this tag.
fn selects(selection: &Selection, tag: &TagState) -> bool {
    match selection {
        Selection::Any => true,
        Selection::Uii(mask) => tag.uii.bytes.starts_with(mask),
        Selection::Tid(mask) => tag.uid.bytes().starts_with(mask),
    }
}

/// Singles a tag out, trying until the time is over. The tag's name and the time it took.
fn open(field: &mut Field, ask: &Ask) -> (Option<String>, Duration) {
    let mask_bits = match &ask.selection {
        Selection::Any => 0,
        Selection::Uii(mask) | Selection::Tid(mask) => mask.len() as u32 * 8,
    };
    let candidates: Vec<String> = powered(field, ask.power.read)
        .into_iter()
        .filter(|id| field.tag(id).is_some_and(|tag| selects(&ask.selection, tag)))
        .collect();
    let mut time = Duration::ZERO;
    while !candidates.is_empty() && time < ask.timeout {
        for id in &candidates {
            let words = field.tag(id).map_or(0, |tag| u32::from(tag.uii.pc >> 11));
            if field.hears(id) {
                let password = if ask.password == 0 { Duration::ZERO } else { air::password() };
                return (Some(id.clone()), time + air::open(mask_bits, words) + password);
            }
        }
        time += air::open(mask_bits, 6);
    }
    (None, ask.timeout)
}

/// Reads so many words of a bank (0: all that follow).
pub fn read(
    field: &mut Field,
    ask: &Ask,
    bank: u8,
    address: usize,
    words: usize,
) -> (Result<Vec<u8>, Failure>, Duration) {
    let (Some(id), time) = open(field, ask) else { return (Err(Failure::NoTag), ask.timeout) };
    let Some(tag) = field.tag(&id) else { return (Err(Failure::NoTag), ask.timeout) };
    let bytes = bank_bytes(tag, bank);
    if ask.password != 0 && ask.password != tag.access_password {
        return (Err(Failure::WrongPassword), ask.timeout);
    }
    let range = address * 2..if words == 0 { bytes.len() } else { (address + words) * 2 };
    match bytes.get(range).filter(|data| !data.is_empty()) {
        Some(data) => (Ok(data.to_vec()), time + air::read((data.len() / 2) as u32)),
        // The module tries until its time is over (captured).
        None => (Err(Failure::Overrun), ask.timeout),
    }
}

/// Writes words one after the other; those before a failure stay written.
pub fn write(
    field: &mut Field,
    ask: &Ask,
    bank: u8,
    address: usize,
    data: &[[u8; 2]],
) -> (Result<(), Failure>, Duration) {
    let (Some(id), mut time) = open(field, ask) else { return (Err(Failure::NoTag), ask.timeout) };
    let Some(tag) = field.tag(&id) else { return (Err(Failure::NoTag), ask.timeout) };
    if let Err(failure) = may_write(tag, ask) {
        return (Err(failure), ask.timeout);
    }
    let pull = tag.behaviour.pull;
    for (i, word) in data.iter().enumerate() {
        let pulled = match pull {
            Some(Pull::BeforeWrite) => i == 0,
            Some(Pull::AfterBlocks(words)) => i == usize::from(words),
            _ => false,
        };
        if pulled {
            pull_off(field, &id);
            return (Err(Failure::NotWritten), ask.timeout);
        }
        time += air::write(field.write_time());
        if let Err(failure) = write_word(field, &id, bank, address + i, *word) {
            return (Err(failure), ask.timeout);
        }
    }
    if matches!(pull, Some(Pull::AfterWrite)) {
        pull_off(field, &id);
        return (Err(Failure::NotWritten), ask.timeout);
    }
    (Ok(()), time)
}

fn may_write(tag: &TagState, ask: &Ask) -> Result<(), Failure> {
    if ask.password != 0 && ask.password != tag.access_password {
        return Err(Failure::WrongPassword);
    }
    if ask.password != tag.access_password {
        return Err(Failure::Locked);
    }
    if needs(tag).write > ask.power.write { Err(Failure::WeakPower) } else { Ok(()) }
}

fn pull_off(field: &mut Field, id: &str) {
    if let Some(tag) = field.tag_mut(id) {
        tag.behaviour.pull = None;
    }
    field.lift(id);
}

fn write_word(
    field: &mut Field,
    id: &str,
    bank: u8,
    address: usize,
    word: [u8; 2],
) -> Result<(), Failure> {
    let is_pc = bank == 1 && address == 1;
    if is_pc && field.afi_write_fails() {
        return Err(Failure::NotWritten);
    }
    let Some(tag) = field.tag_mut(id) else { return Err(Failure::NoTag) };
    if is_pc && tag.behaviour.afi_fails > 0 {
        tag.behaviour.afi_fails -= 1;
        return Err(Failure::NotWritten);
    }
    match bank {
        0 => write_reserved(tag, address, word),
        1 if tag.afi_locked => Err(Failure::Locked),
        1 => write_uii_bank(tag, address, word),
        2 => Err(Failure::Locked),
        3 => write_user(tag, address, word),
        _ => Err(Failure::Overrun),
    }
}

fn write_reserved(tag: &mut TagState, address: usize, word: [u8; 2]) -> Result<(), Failure> {
    let mut halves = tag.access_password.to_be_bytes();
    match address {
        // The kill password is not simulated.
        0..=1 => {}
        2 => halves[..2].copy_from_slice(&word),
        3 => halves[2..].copy_from_slice(&word),
        _ => return Err(Failure::Overrun),
    }
    tag.access_password = u32::from_be_bytes(halves);
    Ok(())
}

fn write_uii_bank(tag: &mut TagState, address: usize, word: [u8; 2]) -> Result<(), Failure> {
    match address {
        1 => tag.uii.pc = u16::from_be_bytes(word),
        2.. if address < HEAD_WORDS + UII_WORDS_MAX => {
            let at = (address - HEAD_WORDS) * 2;
            let room = tag.uii.bytes.len().max(at + 2);
            tag.uii.bytes.resize(room, 0);
            tag.uii.bytes[at..at + 2].copy_from_slice(&word);
        }
        _ => return Err(Failure::Overrun),
    }
    Ok(())
}

fn write_user(tag: &mut TagState, address: usize, word: [u8; 2]) -> Result<(), Failure> {
    let (block, at) = (address / 2, address % 2 * 2);
    if tag.locked.iter().any(|locked| usize::from(*locked) == block) {
        return Err(Failure::Locked);
    }
    let place = tag.blocks.get_mut(block).ok_or(Failure::Overrun)?;
    place[at..at + 2].copy_from_slice(&word);
    Ok(())
}

/// Writes a whole new UII, and its length into the PC word; toggle bit and AFI become 0.
/// (What a module leaves of them is UNCONFIRMED.)
pub fn write_uii(field: &mut Field, ask: &Ask, uii: &[u8]) -> (Result<(), Failure>, Duration) {
    let (words, _) = uii.as_chunks::<2>();
    let pc = (words.len() as u16) << 11;
    write(field, ask, 1, 1, &[&[pc.to_be_bytes()], words].concat())
}
