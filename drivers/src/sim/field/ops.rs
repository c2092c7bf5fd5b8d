//! Whole operations as a reader's firmware does them, made of frames.

use std::time::Duration;

use super::frame::{Heard, Reception};
use super::iso15693::{ADDRESS, AFI, HIGH_RATE, INVENTORY, OPTION};
use super::power::State;
use super::tag::{BLOCK_LEN, Pull, TagState};
use super::{BlockFailure, BlockRead, Field, Lock, OnAir, Polls, Register, TagError, air};
use crate::rfid::{Seen, Uid};

const ADDRESSED: u8 = HIGH_RATE | ADDRESS;
/// Manufacturer code of NXP.
const NXP: u8 = 0x04;
/// Bits by which a mask grows after a collision.
const NIBBLE_BITS: u8 = 4;
/// Bits of a UID.
const UID_BITS: u8 = 64;

/// One answer to an addressed request.
struct Exchange {
    /// What stands behind the flags.
    result: Result<Vec<u8>, TagError>,
    time: Duration,
}

impl Field {
    /// Lists the tags of a family (00 for all).
    pub fn inventory(&mut self, afi: u8, polls: Polls) -> (Vec<Seen>, Duration) {
        let (mut found, mut time) = self.poll(afi);
        if polls == Polls::Two {
            let loud: Vec<usize> = self.loud(&found);
            for seen in &found {
                time += self.request(&addressed(0x02, seen.uid, &[])).time();
            }
            let (more, again) = self.poll(afi);
            time += again;
            found.extend(more.into_iter().filter(|seen| self.is_new(seen.uid, &loud)));
            // No effect on tags that outlasts the inventory.
            for index in loud {
                self.powers[index].state = State::Ready;
            }
        }
        let twice =
            |seen: &Seen| self.tags.iter().any(|t| t.uid == seen.uid && t.behaviour.duplicate);
        let seen = found.iter().flat_map(|seen| vec![*seen; 1 + usize::from(twice(seen))]);
        (seen.collect(), time)
    }

    fn loud(&self, found: &[Seen]) -> Vec<usize> {
        let of = |i: &&usize| found.iter().any(|seen| seen.uid == self.tags[**i].uid);
        self.on_pad.iter().filter(of).copied().collect()
    }

    fn is_new(&self, uid: Uid, loud: &[usize]) -> bool {
        loud.iter().all(|&i| self.tags[i].uid != uid)
    }

    /// 16 slots; each slot with a collision becomes a round of its own with a longer mask.
    fn poll(&mut self, afi: u8) -> (Vec<Seen>, Duration) {
        let mut found = Vec::new();
        let mut time = Duration::ZERO;
        let mut waiting = vec![(0u64, 0u8)];
        while let Some((mask, bits)) = waiting.pop() {
            let mut collided = Vec::new();
            for slot in 0..air::SLOTS as u64 {
                let heard = match slot {
                    0 => self.request(&inventory_request(afi, mask, bits)),
                    _ => self.eof(),
                };
                time += heard.time_with_pause();
                match heard.heard {
                    Heard::Frame(bytes) => found.extend(seen_in(&bytes)),
                    // Equal UIDs cannot be told apart; a reader gives up.
                    Heard::Collision { .. } if bits + NIBBLE_BITS < UID_BITS => {
                        collided.push((mask | slot << bits, bits + NIBBLE_BITS));
                    }
                    _ => {}
                }
            }
            // Last collided slot first on the stack, so that the rounds come in slot order.
            waiting.extend(collided.into_iter().rev());
        }
        (found, time)
    }

    /// Tells a tag to keep quiet until it leaves the field.
    pub fn quiet(&mut self, uid: Uid) -> OnAir<()> {
        let time = self.request(&addressed(0x02, uid, &[])).time();
        let quiet = |i: &usize| self.tags[*i].uid == uid && self.powers[*i].state == State::Quiet;
        let result = self.on_pad.iter().any(quiet).then_some(()).ok_or(TagError::NoAnswer);
        OnAir { result, time }
    }

    /// Reads blocks with their lock state.
    pub fn read_blocks(&mut self, uid: Uid, first: u8, count: u8) -> OnAir<Vec<BlockRead>> {
        self.read(uid, first, count, Locks::Asked)
    }

    /// Reads blocks alone, without asking for locks: a byte less of each on the air.
    pub fn read_data(&mut self, uid: Uid, first: u8, count: u8) -> OnAir<Vec<BlockRead>> {
        self.read(uid, first, count, Locks::NotAsked)
    }

    fn read(&mut self, uid: Uid, first: u8, count: u8, locks: Locks) -> OnAir<Vec<BlockRead>> {
        let form = |request| match locks {
            Locks::Asked => with_option(request),
            Locks::NotAsked => request,
        };
        let block_len = BLOCK_LEN + usize::from(locks == Locks::Asked);
        let multiple = self.chip(uid).is_none_or(super::Chip::has_registers);
        let mut time = Duration::ZERO;
        let mut read = Vec::new();
        let end = u16::from(first) + u16::from(count);
        let requests: Vec<Vec<u8>> = match count.checked_sub(1) {
            None => Vec::new(),
            Some(last) if multiple => vec![form(addressed(0x23, uid, &[first, last]))],
            Some(_) => (u16::from(first)..end)
                .map(|block| form(addressed(0x20, uid, &[block as u8])))
                .collect(),
        };
        for request in requests {
            let done = self.exchange(&request);
            time += done.time;
            match done.result {
                Err(error) => return OnAir { result: Err(error), time },
                Ok(data) => read.extend(data.chunks_exact(block_len).map(|block| {
                    let (lock, bytes) = block.split_at(block_len - BLOCK_LEN);
                    let mut data = [0; BLOCK_LEN];
                    data.copy_from_slice(bytes);
                    BlockRead { locked: lock.iter().any(|&lock| lock != 0), data }
                })),
            }
        }
        OnAir { result: Ok(read), time }
    }

    fn chip(&self, uid: Uid) -> Option<super::Chip> {
        self.on_pad.iter().map(|&i| &self.tags[i]).find(|t| t.uid == uid).map(|t| t.chip)
    }

    /// Writes blocks one after the other; those before a failure stay written.
    pub fn write_blocks(
        &mut self,
        uid: Uid,
        first: u8,
        data: &[[u8; BLOCK_LEN]],
    ) -> (Result<(), BlockFailure>, Duration) {
        let mut time = Duration::ZERO;
        let pulled = self.on_pad.iter().copied().find(|&i| self.tags[i].uid == uid);
        let pull = pulled.and_then(|i| self.tags[i].behaviour.pull);
        let set_pull = |field: &mut Self, pull| {
            if let Some(index) = pulled.filter(|i| field.on_pad.contains(i)) {
                field.tags[index].behaviour.pull = pull;
            }
        };
        for (i, content) in data.iter().enumerate() {
            let block = first.wrapping_add(i as u8);
            if pull == Some(Pull::AfterWrite) {
                // The whole write takes effect, not its first block only.
                set_pull(self, pull.filter(|_| i + 1 == data.len()));
            }
            let written = self.write(uid, 0x21, &[&[block], &content[..]].concat());
            time += written.time;
            if let Err(error) = written.result {
                return (Err(BlockFailure { block, error }), time);
            }
        }
        // A write too short for its pull leaves it for the next.
        set_pull(self, pull);
        (Ok(()), time)
    }

    /// Lets the next AFI writes fail, whatever the tag.
    pub fn fail_afi_writes(&mut self, times: u32) {
        self.afi_fails = times;
    }

    /// Writes a register.
    pub fn write_register(&mut self, uid: Uid, register: Register) -> OnAir<()> {
        match register {
            Register::Afi(afi) => self.write(uid, 0x27, &[afi]),
            Register::Dsfid(dsfid) => self.write(uid, 0x29, &[dsfid]),
            Register::Eas(true) => self.write(uid, 0xA2, &[]),
            Register::Eas(false) => self.write(uid, 0xA3, &[]),
        }
    }

    /// Locks something for ever.
    pub fn lock(&mut self, uid: Uid, what: Lock) -> OnAir<()> {
        match what {
            Lock::Block(block) => self.write(uid, 0x22, &[block]),
            Lock::Afi => self.write(uid, 0x28, &[]),
            Lock::Dsfid => self.write(uid, 0x2A, &[]),
        }
    }

    /// One write to one tag; a reader waits [`air::WRITE_MAX`] for its answer.
    fn write(&mut self, uid: Uid, code: u8, params: &[u8]) -> OnAir<()> {
        let mut request = addressed(code, uid, params);
        let option = self.chip(uid).is_some_and(super::Chip::needs_write_option);
        if option {
            request = with_option(request);
        }
        let mut heard = self.request(&request);
        let mut time = heard.request;
        if option && heard.heard == Heard::Nothing {
            time += self.write_time;
            heard = self.eof();
            time += heard.request;
        }
        let result = answer_in(&heard).map(|_| ());
        time += match result {
            Err(TagError::NoAnswer) => air::WRITE_MAX,
            _ => heard.wait + heard.answer + air::T2,
        };
        OnAir { result, time }
    }

    fn exchange(&mut self, request: &[u8]) -> Exchange {
        let heard = self.request(request);
        Exchange { result: answer_in(&heard), time: heard.time_with_pause() }
    }

    /// Reads AFI, DSFID and the like, as a copy of the tag's state.
    pub fn system_information(&mut self, uid: Uid) -> OnAir<TagState> {
        let Exchange { result, time } = self.exchange(&addressed(0x2B, uid, &[]));
        let tag = self.on_pad.iter().map(|&i| &self.tags[i]).find(|t| t.uid == uid);
        let result = result.and_then(|_| tag.cloned().ok_or(TagError::NoAnswer));
        OnAir { result, time }
    }

    /// The EAS alarm: a tag answers only while its EAS bit is set.
    pub fn eas_alarm(&mut self, uid: Uid) -> OnAir<()> {
        let Exchange { result, time } = self.exchange(&addressed(0xA5, uid, &[]));
        OnAir { result: result.map(|_| ()).map_err(|_| TagError::NoAnswer), time }
    }
}

/// What stands behind the flags of an answer that came in time.
fn answer_in(heard: &Reception) -> Result<Vec<u8>, TagError> {
    match &heard.heard {
        Heard::Frame(bytes) if heard.wait <= air::WRITE_MAX => match &bytes[..] {
            [flags, error, ..] if flags & 1 != 0 => Err(TagError::Iso(*error)),
            [_, data @ ..] => Ok(data.to_vec()),
            [] => Err(TagError::NoAnswer),
        },
        _ => Err(TagError::NoAnswer),
    }
}

fn addressed(code: u8, uid: Uid, params: &[u8]) -> Vec<u8> {
    let mut bytes = vec![ADDRESSED, code];
    if code >= 0xA0 {
        bytes.push(NXP);
    }
    bytes.extend(uid.bytes().iter().rev());
    bytes.extend(params);
    bytes
}

/// Whether a read asks for the lock byte in front of each block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Locks {
    Asked,
    NotAsked,
}

fn with_option(mut request: Vec<u8>) -> Vec<u8> {
    if let Some(flags) = request.first_mut() {
        *flags |= OPTION;
    }
    request
}

fn inventory_request(afi: u8, mask: u64, bits: u8) -> Vec<u8> {
    let mut bytes = vec![HIGH_RATE | INVENTORY, 0x01];
    if afi != 0 {
        bytes[0] |= AFI;
        bytes.push(afi);
    }
    bytes.push(bits);
    bytes.extend(mask.to_le_bytes().iter().take(usize::from(bits).div_ceil(8)));
    bytes
}

fn seen_in(bytes: &[u8]) -> Option<Seen> {
    let [_, dsfid, uid @ ..] = bytes else { return None };
    let mut uid: [u8; 8] = uid.try_into().ok()?;
    uid.reverse();
    Some(Seen::iso15693(Uid::iso15693(uid), Some(*dsfid)))
}
