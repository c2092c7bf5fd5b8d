//! `B0` except the inventory, and the NXP part of `B1` (readers.md 2.4; FEIG H60301-3e, 8.3).

use std::time::Duration;

use super::machine::{
    Answer, ISO_ERROR, LENGTH, Machine, NO_TAG, OK, PARAMETER, RF_COMMUNICATION, UNKNOWN,
    WRITE_ERROR,
};
use crate::rfid::{Air, Uid};
use crate::sim::field::{BlockRead, Field, Lock, OnAir, Register, TagError, air};

/// Most bytes of blocks in one command.
const DATA_LIMIT: usize = 128;
const BLOCK: usize = 4;
const NXP: u8 = 0x04;
/// IC reference told; real values UNCONFIRMED.
const IC_REFERENCE: u8 = 0x01;

/// A request with the lock of blocks asked: flags, command, UID, first, count, checksum.
const SECURITY_REQUEST: u32 = 14;
/// Flags and checksum of its reply.
const SECURITY_REPLY: u32 = 3;

impl Machine {
    pub(super) fn host(&mut self, data: &[u8], field: &mut Field) -> Answer {
        let Some((&sub, rest)) = data.split_first() else { return Answer::status(LENGTH) };
        if sub == 0x25 {
            return self.select(rest, field);
        }
        if !matches!(sub, 0x02 | 0x22..=0x24 | 0x26..=0x2C) {
            return Answer::status(if sub == 0xC0 { NO_TAG } else { UNKNOWN });
        }
        let (mode, uid, rest) = match self.target(rest, field) {
            Ok(target) => target,
            Err(status) => return Answer::status(status),
        };
        let register = |register, field: &mut Field| plain(field.write_register(uid, register));
        match (sub, rest) {
            (0x02, []) => plain(field.quiet(uid)),
            (0x22, &[first, count]) => lock_blocks(uid, first, count, field),
            (0x23, &[first, count]) => self.read(uid, mode & 0x08 != 0, first, count, field),
            (0x24, &[first, count, size, ref data @ ..]) => {
                self.write(uid, (first, count, size), data, field)
            }
            (0x26, []) => {
                wake(uid, field);
                Answer { status: OK, data: Vec::new(), air: air::exchange(12, 3) }
            }
            (0x27, &[afi]) => register(Register::Afi(afi), field),
            (0x28, []) => plain(field.lock(uid, Lock::Afi)),
            (0x29, &[dsfid]) => register(Register::Dsfid(dsfid), field),
            (0x2A, []) => plain(field.lock(uid, Lock::Dsfid)),
            (0x2B, []) => self.information_of(uid, field),
            (0x2C, &[first, count]) => locks(uid, first, count, field),
            _ => Answer::status(LENGTH),
        }
    }

    pub(super) fn custom(&mut self, data: &[u8], field: &mut Field) -> Answer {
        let (sub, rest) = match *data {
            [NXP, sub, ref rest @ ..] => (sub, rest),
            [_, ..] => return Answer::status(PARAMETER),
            [] => return Answer::status(LENGTH),
        };
        let uid = match self.target(rest, field) {
            Ok((_, uid, [])) => uid,
            Ok(_) => return Answer::status(LENGTH),
            Err(status) => return Answer::status(status),
        };
        match sub {
            0xA2 => plain(field.write_register(uid, Register::Eas(true))),
            0xA3 => plain(field.write_register(uid, Register::Eas(false))),
            0xA5 => plain(field.eas_alarm(uid)),
            // A4, locking the bit, is not simulated.
            _ => Answer::status(UNKNOWN),
        }
    }

    /// MODE, the tag meant, and what follows.
    fn target<'a>(&self, data: &'a [u8], field: &Field) -> Result<(u8, Uid, &'a [u8]), u8> {
        let (&mode, rest) = data.split_first().ok_or(LENGTH)?;
        match mode & 0x07 {
            0 => Ok((mode, only_tag(field)?, rest)),
            1 => {
                let (uid, rest) = rest.split_first_chunk::<8>().ok_or(LENGTH)?;
                Ok((mode, Uid::iso15693(*uid), rest))
            }
            2 => Ok((mode, Uid::iso15693(self.selected.ok_or(NO_TAG)?), rest)),
            _ => Err(PARAMETER),
        }
    }

    fn select(&mut self, data: &[u8], field: &mut Field) -> Answer {
        let uid = match *data {
            [0x01, ref uid @ ..] => uid,
            [0x11, 8, ref uid @ ..] => uid,
            [_, ..] => return Answer::status(PARAMETER),
            [] => return Answer::status(LENGTH),
        };
        let Ok(uid) = <[u8; 8]>::try_from(uid) else { return Answer::status(LENGTH) };
        // Any answered request shows that the tag is there.
        let OnAir { result, .. } = field.system_information(Uid::iso15693(uid));
        let here = result != Err(TagError::NoAnswer);
        self.selected = here.then_some(uid);
        let (status, air) =
            if here { (OK, air::exchange(12, 3)) } else { (NO_TAG, air::unanswered(12)) };
        Answer { status, data: Vec::new(), air }
    }

    fn read(&self, uid: Uid, security: bool, first: u8, count: u8, field: &mut Field) -> Answer {
        if count == 0 || usize::from(count) * BLOCK > DATA_LIMIT {
            return Answer::status(PARAMETER);
        }
        let swap = self.options.swap_blocks;
        let read = match security {
            true => field.read_blocks(uid, first, count),
            false => field.read_data(uid, first, count),
        };
        with(read, |blocks| {
            let mut list = vec![count, BLOCK as u8];
            for BlockRead { locked, mut data } in blocks {
                if swap {
                    data.reverse();
                }
                list.push(u8::from(security && locked));
                list.extend(data);
            }
            list
        })
    }

    fn write(
        &self,
        uid: Uid,
        (first, count, size): (u8, u8, u8),
        data: &[u8],
        field: &mut Field,
    ) -> Answer {
        if usize::from(count) * usize::from(size) != data.len() {
            return Answer::status(LENGTH);
        }
        if count == 0 || usize::from(size) != BLOCK || data.len() > DATA_LIMIT {
            return Answer::status(PARAMETER);
        }
        let mut blocks = data.as_chunks::<BLOCK>().0.to_vec();
        if self.options.swap_blocks {
            blocks.iter_mut().for_each(|block| block.reverse());
        }
        let (result, air) = field.write_blocks(uid, first, &blocks);
        let (status, data) = match result {
            Ok(()) => (OK, Vec::new()),
            Err(failure) => match failure.error {
                TagError::Iso(code) => (ISO_ERROR, vec![code, failure.block]),
                // Not one block is known to be written: nothing was there.
                TagError::NoAnswer if failure.block == first => (NO_TAG, Vec::new()),
                TagError::NoAnswer => (WRITE_ERROR, vec![failure.block]),
            },
        };
        Answer { status, data, air }
    }

    fn information_of(&self, uid: Uid, field: &mut Field) -> Answer {
        let less = u8::from(!self.options.memory_counts);
        with(field.system_information(uid), |tag| {
            let memory = [BLOCK as u8 - less, tag.chip.blocks() - less];
            [&[tag.dsfid], uid.bytes(), &[tag.afi], &memory, &[IC_REFERENCE]].concat()
        })
    }
}

/// The tag that a request without address reaches; several answer at once and are not understood.
fn only_tag(field: &Field) -> Result<Uid, u8> {
    let on_pad = field.on_pad();
    let mut here = field
        .tags()
        .iter()
        .filter(|tag| on_pad.contains(&tag.id) && tag.chip.air() == Air::Iso15693);
    match (here.next(), here.next()) {
        (Some(tag), None) => Ok(tag.uid),
        (None, _) => Err(NO_TAG),
        _ => Err(RF_COMMUNICATION),
    }
}

/// Ends quiet for one tag: as if it had left the field and come back.
fn wake(uid: Uid, field: &mut Field) {
    let on_pad = field.on_pad();
    let id = field.tags().iter().find(|tag| tag.uid == uid && on_pad.contains(&tag.id));
    if let Some(id) = id.map(|tag| tag.id.clone()) {
        field.lift(&id);
        field.lay(&id);
    }
}

fn lock_blocks(uid: Uid, first: u8, count: u8, field: &mut Field) -> Answer {
    let mut air = Duration::ZERO;
    for i in 0..count {
        let mut answer = plain(field.lock(uid, Lock::Block(first.wrapping_add(i))));
        air += answer.air;
        if answer.status != OK {
            answer.air = air;
            return answer;
        }
    }
    Answer { status: OK, data: Vec::new(), air }
}

fn locks(uid: Uid, first: u8, count: u8, field: &mut Field) -> Answer {
    let mut answer = with(field.read_blocks(uid, first, count), |blocks| {
        let locks = blocks.iter().map(|block| u8::from(block.locked));
        std::iter::once(count).chain(locks).collect()
    });
    if answer.status == OK {
        // Only the lock bytes cross the air, not the blocks.
        answer.air = air::exchange(SECURITY_REQUEST, SECURITY_REPLY + u32::from(count));
    }
    answer
}

fn plain(done: OnAir<()>) -> Answer {
    with(done, |()| Vec::new())
}

fn with<T>(done: OnAir<T>, data: impl FnOnce(T) -> Vec<u8>) -> Answer {
    let (status, data) = match done.result {
        Ok(value) => (OK, data(value)),
        Err(TagError::NoAnswer) => (NO_TAG, Vec::new()),
        Err(TagError::Iso(code)) => (ISO_ERROR, vec![code]),
    };
    Answer { status, data, air: done.time }
}
