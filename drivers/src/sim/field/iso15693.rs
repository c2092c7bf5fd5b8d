//! ISO 15693 at frame level: requests, slots, and what a receiver hears of the answers.

use std::time::Duration;

use super::command::{self, Request};
use super::frame::{Heard, Reception, first_difference};
use super::power::State;
use super::tag::{Position, Pull, TagState};
use super::{Field, air};
use crate::rfid::Air;

/// Request flag: high data rate.
pub const HIGH_RATE: u8 = 0x02;
/// Request flag: inventory; gives bits 10 and 20 another meaning.
pub const INVENTORY: u8 = 0x04;
/// Request flag of an inventory: an AFI byte follows.
pub const AFI: u8 = 0x10;
/// Request flag of an inventory: one slot.
pub const ONE_SLOT: u8 = 0x20;
/// Request flag: only the selected tag.
pub const SELECT: u8 = 0x10;
/// Request flag: a UID follows.
pub const ADDRESS: u8 = 0x20;
/// Request flag: option.
pub const OPTION: u8 = 0x40;

/// Bytes of the checksum.
const CRC_LEN: u32 = 2;
/// First slot number that does not exist.
const SLOTS: u8 = 16;
/// An answer that comes so late finds no reader waiting.
pub const LATE_ANSWER: Duration = Duration::from_millis(60);

/// An inventory of 16 slots that goes on with each EOF.
#[derive(Debug)]
pub(super) struct Round {
    slot: u8,
    /// Tags and the slots in which they answer.
    answers: Vec<(usize, u8)>,
}

/// One tag's answer.
#[derive(Debug)]
pub(super) struct Answer {
    index: usize,
    bytes: Vec<u8>,
    after: Duration,
}

impl Field {
    /// Sends an ISO 15693 request, without its checksum, into the field and lets tags act on it.
    /// A request ends the round of an inventory that was going on.
    pub fn request(&mut self, request: &[u8]) -> Reception {
        self.round = None;
        self.owed = None;
        let sent = air::request(request.len() as u32 + CRC_LEN);
        let [flags, code, rest @ ..] = request else { return Reception::nothing(sent) };
        // Low rate and two sub-carriers are not modelled: nobody is heard.
        if flags & HIGH_RATE == 0 || !self.powered {
            return Reception::nothing(sent);
        }
        if flags & INVENTORY != 0 {
            return match code {
                0x01 => self.start_round(*flags, rest, sent),
                _ => Reception::nothing(sent),
            };
        }
        let mut answers = Vec::new();
        for index in self.on_pad.clone() {
            answers.extend(self.ask_tag(index, *flags, *code, rest));
        }
        self.mix(sent, answers)
    }

    /// Sends an EOF alone: the next slot of an inventory, or the answer to a write with option
    /// flag.
    pub fn eof(&mut self) -> Reception {
        let sent = air::FORWARD_EOF;
        if let Some(answer) = self.owed.take() {
            return self.mix(sent, vec![answer]);
        }
        match &mut self.round {
            Some(round) if round.slot + 1 < SLOTS => {
                round.slot += 1;
                self.slot(sent)
            }
            _ => {
                self.round = None;
                Reception::nothing(sent)
            }
        }
    }

    /// Whether the tag hears this and is heard: the dice of an edge tag fall here.
    pub(super) fn answers(&mut self, index: usize) -> bool {
        match self.tags[index].position {
            Position::Middle => true,
            Position::Silent => false,
            Position::Edge { answers_percent } => self.rng.below(100) < u32::from(answers_percent),
            Position::Touching { pair } => {
                let with = Position::Touching { pair };
                self.on_pad.iter().filter(|&&i| self.tags[i].position == with).count() < 2
            }
        }
    }

    fn start_round(&mut self, flags: u8, rest: &[u8], sent: Duration) -> Reception {
        let (afi, rest) = match (flags & AFI != 0, rest) {
            (true, [afi, rest @ ..]) => (*afi, rest),
            (true, []) => return Reception::nothing(sent),
            (false, rest) => (0, rest),
        };
        let Some((mask_bits, mask)) = mask_of(rest) else { return Reception::nothing(sent) };
        let mut answers = Vec::new();
        for index in self.on_pad.clone() {
            let Some(uid) = self.tags[index].uid.as_iso15693().map(u64::from_be_bytes) else {
                continue;
            };
            let under = u64::MAX.checked_shl(mask_bits).map_or(u64::MAX, |high| !high);
            let fits = uid & under == mask & under
                && self.powers[index].state != State::Quiet
                && self.tags[index].chip.air() == Air::Iso15693
                && self.tags[index].is_of_family(afi);
            if fits && self.answers(index) {
                let slot = match flags & ONE_SLOT {
                    0 => uid.checked_shr(mask_bits).unwrap_or(0) as u8 & 0x0F,
                    _ => 0,
                };
                answers.push((index, slot));
                // Whoever takes part in an inventory is selected no more.
                self.powers[index].state = State::Ready;
            }
        }
        self.round = Some(Round { slot: 0, answers });
        let heard = self.slot(sent);
        if flags & ONE_SLOT != 0 {
            self.round = None;
        }
        heard
    }

    fn slot(&mut self, sent: Duration) -> Reception {
        let Some(round) = &self.round else { return Reception::nothing(sent) };
        let now: Vec<usize> =
            round.answers.iter().filter(|(_, slot)| *slot == round.slot).map(|(i, _)| *i).collect();
        // Lifted since the request: gone.
        let now: Vec<usize> = now.into_iter().filter(|i| self.on_pad.contains(i)).collect();
        let answers = now
            .iter()
            .map(|&index| {
                let tag = &self.tags[index];
                let mut bytes = vec![0, tag.dsfid];
                bytes.extend(tag.uid.bytes().iter().rev());
                Answer { index, bytes, after: air::T1 }
            })
            .collect();
        let reception = self.mix(sent, answers);
        if let (Heard::Frame(_), [index]) = (&reception.heard, &now[..])
            && self.tags[*index].behaviour.pull == Some(Pull::AfterInventory)
        {
            self.pull_off(*index);
        }
        reception
    }

    /// Lets one tag act on a request that is no inventory.
    fn ask_tag(&mut self, index: usize, flags: u8, code: u8, rest: &[u8]) -> Option<Answer> {
        if self.tags[index].chip.air() != Air::Iso15693 {
            return None;
        }
        let addressed = flags & ADDRESS != 0;
        let (maker, rest) = match (code, rest) {
            (0xA0.., [maker, rest @ ..]) => (Some(*maker), rest),
            (0xA0.., []) => return None,
            _ => (None, rest),
        };
        let (uid, params) = match addressed {
            true => rest.split_first_chunk::<8>().map(|(uid, rest)| (Some(*uid), rest))?,
            false => (None, rest),
        };
        let mine = match uid {
            Some(mut uid) => {
                uid.reverse();
                self.tags[index].uid.bytes() == uid
            }
            None if flags & SELECT != 0 => self.powers[index].state == State::Selected,
            None => self.powers[index].state != State::Quiet,
        };
        if !mine {
            // Selecting one tag unselects the other.
            if code == 0x25 && addressed && self.powers[index].state == State::Selected {
                self.powers[index].state = State::Ready;
            }
            return None;
        }
        let request = Request { code, option: flags & OPTION != 0, addressed, params };
        let foreign = maker.is_some_and(|m| !command::is_of_maker(self.tags[index].chip, m));
        let answer = match (foreign, command::is_write(code)) {
            (true, _) => self.answers(index).then_some(Err(super::ISO_UNSUPPORTED))?,
            (false, true) => return self.write_tag(index, request),
            (false, false) => {
                if !self.answers(index) {
                    return None;
                }
                command::read(&self.tags[index], &mut self.powers[index], request, &mut self.rng)
            }
        };
        let bytes = match answer {
            Ok(None) => return None,
            Ok(Some(data)) => [&[0], &data[..]].concat(),
            // Without an address nobody complains, or all would at once.
            Err(_) if !addressed && flags & SELECT == 0 => return None,
            Err(code) => vec![1, code],
        };
        Some(Answer { index, bytes, after: air::T1 })
    }

    /// A write with all that may go wrong with it.
    fn write_tag(&mut self, index: usize, request: Request<'_>) -> Option<Answer> {
        let afi = request.code == 0x27;
        if afi && self.afi_fails > 0 {
            // The tag is powered and asked, and the write does not take.
            self.afi_fails -= 1;
            return None;
        }
        let blocks = command::blocks_written(request);
        match self.tags[index].behaviour.pull {
            Some(Pull::BeforeWrite) => {
                self.pull_off(index);
                return None;
            }
            Some(Pull::AfterBlocks(left)) if blocks > left => {
                self.tear(index, request, left);
                return None;
            }
            _ => {}
        }
        if !self.answers(index) {
            return None;
        }
        if afi && self.tags[index].behaviour.afi_fails > 0 {
            self.tags[index].behaviour.afi_fails -= 1;
            return None;
        }
        let powered = self.powers[index];
        let result =
            write_kept_or_not(&mut self.tags[index], |tag| command::write(tag, powered, request));
        let behaviour = &mut self.tags[index].behaviour;
        if let Some(Pull::AfterBlocks(left)) = &mut behaviour.pull {
            *left = left.saturating_sub(blocks);
        }
        if behaviour.pull == Some(Pull::AfterWrite) {
            // What the tag would have said is lost with it.
            self.pull_off(index);
            return None;
        }
        let (bytes, after) = match result {
            Err(code) => (vec![1, code], air::T1),
            Ok(()) if behaviour.late_answers > 0 => {
                behaviour.late_answers -= 1;
                (vec![0], LATE_ANSWER)
            }
            Ok(()) => (vec![0], self.write_time),
        };
        let answer = Answer { index, bytes, after };
        if request.option {
            self.owed =
                Some(Answer { after: air::T1.max(answer.after - self.write_time), ..answer });
            return None;
        }
        Some(answer)
    }

    /// Pulled inside a block write, when `left` more blocks were written.
    fn tear(&mut self, index: usize, request: Request<'_>, left: u8) {
        let powered = self.powers[index];
        if left > 0
            && let [first, _, data @ ..] = request.params
        {
            let some = data.get(..usize::from(left) * super::BLOCK_LEN).unwrap_or(data);
            let params = [&[*first, left - 1], some].concat();
            let torn = Request { params: &params, ..request };
            // The answer is lost with the tag.
            let _ = command::write(&mut self.tags[index], powered, torn);
        }
        self.pull_off(index);
    }

    /// What a receiver hears when these answer at once.
    pub(super) fn mix(&mut self, request: Duration, answers: Vec<Answer>) -> Reception {
        let Some(first) = answers.first() else { return Reception::nothing(request) };
        let longest = answers.iter().map(|a| a.bytes.len()).max().unwrap_or(0) as u32;
        let (wait, answer) = (first.after, air::reply(longest + CRC_LEN));
        let heard = match &answers[..] {
            [one] => {
                let bad = &mut self.tags[one.index].behaviour.bad_crc;
                if *bad > 0 {
                    *bad -= 1;
                    let mut bytes = one.bytes.clone();
                    let at = self.rng.below(longest * 8);
                    bytes[at as usize / 8] ^= 1 << (at % 8);
                    Heard::BadCrc(bytes)
                } else {
                    Heard::Frame(one.bytes.clone())
                }
            }
            [one, others @ ..] => {
                let bit = others.iter().map(|o| first_difference(&one.bytes, &o.bytes)).min();
                let bit = bit.unwrap_or(0);
                Heard::Collision { bit, bytes: self.garbage(&one.bytes, bit) }
            }
            [] => Heard::Nothing,
        };
        Reception { heard, last_bits: 0, crc: true, request, wait, answer }
    }

    /// Good up to a bit, then whatever the receiver makes of two signals.
    pub(super) fn garbage(&mut self, good: &[u8], bit: u16) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for at in usize::from(bit)..bytes.len() * 8 {
            bytes[at / 8] ^= (self.rng.below(2) as u8) << (at % 8);
        }
        bytes
    }
}

/// Mask length in bits and the mask; `None` when the request is not that of an inventory.
fn mask_of(rest: &[u8]) -> Option<(u32, u64)> {
    let (bits, mask) = rest.split_first()?;
    if *bits > 64 || mask.len() != usize::from(*bits).div_ceil(8) {
        return None;
    }
    let mut bytes = [0; 8];
    bytes.get_mut(..mask.len())?.copy_from_slice(mask);
    Some((u32::from(*bits), u64::from_le_bytes(bytes)))
}

/// A write that is acknowledged and forgotten leaves the tag as it was.
fn write_kept_or_not(
    tag: &mut TagState,
    write: impl FnOnce(&mut TagState) -> Result<(), u8>,
) -> Result<(), u8> {
    let before = (tag.behaviour.forgets > 0).then(|| tag.clone());
    let result = write(tag);
    if let (Some(before), Ok(())) = (before, result) {
        *tag = before;
        tag.behaviour.forgets -= 1;
    }
    result
}
