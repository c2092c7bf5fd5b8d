//! What the 3M pad answers to each command (readers.md section 3, table).

use std::time::Duration;

use super::frames::Heard;
use crate::rfid::Uid;
use crate::sim::field::{
    Field, ISO_ALREADY_LOCKED, ISO_LOCKED, ISO_NO_BLOCK, Lock, OnAir, Polls, Register, TagError,
};

/// Version of the example in readers.md section 3.
const VERSION: [u8; 4] = [0x0A, 0x03, 0x02, 0x06];
/// Version in the captured probe answer.
const PROBE_VERSION: [u8; 4] = [0x0A, 0x05, 0x00, 0x02];
/// IC reference in tag information; real values UNCONFIRMED.
const IC_REFERENCE: u8 = 0x01;

const NOT_IMPLEMENTED: u8 = 0x02;
const NO_TAG: u8 = 0x06;
const PARAMETER: u8 = 0x32;

/// An answer and the time on the air before it.
pub(super) struct Answer {
    pub(super) start: u8,
    pub(super) body: Vec<u8>,
    pub(super) air: Duration,
}

pub(super) fn answer(heard: &Heard, field: &mut Field) -> Answer {
    let (code, data) = match heard.body.split_first() {
        Some((code, data)) => (*code, data),
        None => (0, &[][..]),
    };
    if heard.start == 0xD5 {
        let known = heard.body == [0x04, 0x00, 0x11];
        let tail = if known { &PROBE_VERSION[..] } else { &[NOT_IMPLEMENTED][..] };
        let body = [&heard.body[..if known { 3 } else { 1 }], tail].concat();
        return Answer { start: 0xD5, body, air: Duration::ZERO };
    }
    let (tail, air) = match code {
        0x11 if data.is_empty() => (ok(&VERSION), Duration::ZERO),
        // Captured on a real 810, meaning unknown.
        0x13 if data == [4, 1, 0, 2, 0, 3, 0, 4, 0] => {
            (ok(&[0x02, 0x01, 0x01, 0x03, 0x02, 0x02, 0x03, 0x00]), Duration::ZERO)
        }
        0xFE => read_uids(data, field),
        0x01..=0x0F => match data.split_first_chunk::<8>() {
            Some((uid, rest)) => addressed(code, Uid::iso15693(*uid), rest, field),
            None => (vec![PARAMETER], Duration::ZERO),
        },
        // 14, the raw request, is not simulated.
        _ => (vec![NOT_IMPLEMENTED], Duration::ZERO),
    };
    Answer { start: 0xD6, body: [&[code], &tail[..]].concat(), air }
}

fn ok(data: &[u8]) -> Vec<u8> {
    [&[0], data].concat()
}

fn read_uids(data: &[u8], field: &mut Field) -> (Vec<u8>, Duration) {
    let (afi, options, iso) = match *data {
        [afi, options] if options & 0x40 == 0 => (afi, options, true),
        [afi, options, protocols] if options & 0x40 != 0 => (afi, options, protocols & 2 != 0),
        _ => return (vec![PARAMETER], Duration::ZERO),
    };
    let polls = if options & 0x20 != 0 { Polls::One } else { Polls::Two };
    let (mut seen, air) = match iso {
        true => field.inventory(afi, polls),
        false => Default::default(),
    };
    seen.truncate(255);
    let mut tail = vec![0, afi, options, seen.len() as u8];
    if options & 0x01 != 0 {
        for tag in seen {
            if options & 0x02 != 0 {
                tail.push(tag.dsfid.unwrap_or(0));
            }
            tail.extend_from_slice(tag.uid.bytes());
        }
    }
    (tail, air)
}

fn addressed(code: u8, uid: Uid, rest: &[u8], field: &mut Field) -> (Vec<u8>, Duration) {
    let register = |field: &mut Field, register| plain(uid, field.write_register(uid, register));
    match (code, rest) {
        (0x01, []) => plain(uid, field.quiet(uid)),
        (0x02, &[first, count]) => read(uid, first, count, 0, field),
        (0x02, &[first, count, options]) => read(uid, first, count, options, field),
        (0x03, []) => with(uid, field.eas_alarm(uid), |()| vec![1]),
        (0x04, &[first, count, 0, ref data @ ..]) if data.len() == 4 * usize::from(count) => {
            write(uid, first, data, field)
        }
        (0x05, &[block, ref data @ ..]) if data.len() == 4 => {
            let (mut tail, air) = write(uid, block, data, field);
            tail.truncate(9);
            (tail, air)
        }
        (0x07, &[block, ref data @ ..]) if data.len() == 4 => {
            let (mut tail, air) = write(uid, block, data, field);
            tail.truncate(9);
            if tail[0] != 0 {
                return (tail, air);
            }
            let (tail, more) = plain(uid, field.lock(uid, Lock::Block(block)));
            (tail, air + more)
        }
        (0x08, &[block]) => plain(uid, field.lock(uid, Lock::Block(block))),
        (0x09, &[afi]) => register(field, Register::Afi(afi)),
        (0x06, []) => plain(uid, field.lock(uid, Lock::Afi)),
        (0x0A, []) => with(uid, field.system_information(uid), |tag| vec![tag.afi]),
        (0x0B, &[dsfid]) => register(field, Register::Dsfid(dsfid)),
        (0x0C, &[on @ 0..=1]) => register(field, Register::Eas(on == 1)),
        (0x0D, &[mask]) => with(uid, field.system_information(uid), |tag| {
            let mut info = vec![mask & 0x0F];
            if mask & 1 != 0 {
                info.push(tag.dsfid);
            }
            if mask & 2 != 0 {
                info.push(tag.afi);
            }
            if mask & 4 != 0 {
                info.extend([4 - 1, tag.chip.blocks() - 1]);
            }
            if mask & 8 != 0 {
                info.push(IC_REFERENCE);
            }
            info
        }),
        (0x0E, []) => plain(uid, field.lock(uid, Lock::Dsfid)),
        (0x0F, []) => with(uid, field.system_information(uid), |tag| vec![tag.dsfid]),
        _ => (vec![PARAMETER], Duration::ZERO),
    }
}

fn read(uid: Uid, first: u8, count: u8, options: u8, field: &mut Field) -> (Vec<u8>, Duration) {
    with(uid, field.read_blocks(uid, first, count), |blocks| {
        let run = options & 0x04 != 0;
        let mut list = if run { vec![first, count] } else { vec![count] };
        for (i, block) in blocks.iter().enumerate() {
            if !run {
                list.push(first + i as u8);
            }
            list.push(u8::from(block.locked));
            list.extend(block.data);
        }
        list
    })
}

fn write(uid: Uid, first: u8, data: &[u8], field: &mut Field) -> (Vec<u8>, Duration) {
    let (blocks, _) = data.as_chunks::<4>();
    let (result, air) = field.write_blocks(uid, first, blocks);
    let tail = match result {
        Ok(()) => {
            let mut tail = ok(uid.bytes());
            tail.push(first.wrapping_add(blocks.len() as u8));
            tail
        }
        Err(failure) => {
            let mut tail = error(uid, failure.error);
            tail.push(failure.block);
            tail
        }
    };
    (tail, air)
}

fn plain(uid: Uid, done: OnAir<()>) -> (Vec<u8>, Duration) {
    with(uid, done, |()| Vec::new())
}

fn with<T>(uid: Uid, done: OnAir<T>, data: impl FnOnce(T) -> Vec<u8>) -> (Vec<u8>, Duration) {
    let tail = match done.result {
        Ok(value) => [ok(uid.bytes()), data(value)].concat(),
        Err(failure) => error(uid, failure),
    };
    (tail, done.time)
}

fn error(uid: Uid, error: TagError) -> Vec<u8> {
    let code = match error {
        TagError::NoAnswer => NO_TAG,
        TagError::Iso(ISO_NO_BLOCK) => 0x11,
        TagError::Iso(ISO_ALREADY_LOCKED | ISO_LOCKED) => 0x12,
        TagError::Iso(code @ 1..=3) => 0x20 + code,
        TagError::Iso(_) => 0x0F,
    };
    [&[code], uid.bytes()].concat()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::frames::{Ear, say};
    use super::*;
    use crate::sim::field::{Chip, TagState, air};

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
    }

    fn pad() -> Field {
        let uid = "E00401003123AA26".parse().unwrap();
        let mut tag = TagState::new("b1", uid, Chip::IcodeSlix)
            .with_content(&[0x91, 0x00, 0x05, 0x1C, 0xBE, 0x99, 0x1A, 0x14]);
        tag.afi = 0xDA;
        let mut field = Field::new(1, air::WRITE_MAX);
        field.add(tag);
        field
    }

    fn check(field: &mut Field, command: &str, reply: &str) {
        let mut ear = Ear::default();
        let now = Instant::now();
        let heard: Vec<_> = hex(command).into_iter().filter_map(|b| ear.hear(b, now)).collect();
        let [heard] = &heard[..] else { panic!("not one command: {command}") };
        let answer = answer(heard, field);
        assert_eq!(say(answer.start, &answer.body), hex(reply), "{command}");
    }

    /// The examples of readers.md section 3, both sides.
    #[test]
    fn examples_of_the_document() {
        let mut field = pad();
        check(&mut field, "D5 00 05 04 00 11 8C 66", "D5 00 09 04 00 11 0A 05 00 02 72 50");
        check(&mut field, "D6 00 03 11 64 20", "D6 00 08 11 00 0A 03 02 06 35 17");
        check(&mut field, "D6 00 05 FE 00 05 FA 40", "D6 00 07 FE 00 00 05 00 C9 7B");
        let write = "D6 00 0C 09 E0 04 01 00 31 23 AA 26 D7 3A F0";
        check(&mut field, write, "D6 00 0C 09 06 E0 04 01 00 31 23 AA 26 30 CC");
        field.lay("b1");
        check(
            &mut field,
            "D6 00 05 FE 00 05 FA 40",
            "D6 00 0F FE 00 00 05 01 E0 04 01 00 31 23 AA 26 94 1A",
        );
        check(
            &mut field,
            "D6 00 0B 0A E0 04 01 00 31 23 AA 26 F8 69",
            "D6 00 0D 0A 00 E0 04 01 00 31 23 AA 26 DA 86 5B",
        );
        check(&mut field, write, "D6 00 0C 09 00 E0 04 01 00 31 23 AA 26 6A 44");
        assert_eq!(field.tag("b1").unwrap().afi, 0xD7);
    }

    fn body(field: &mut Field, command: &str) -> Vec<u8> {
        let heard = Heard { start: 0xD6, body: hex(command) };
        answer(&heard, field).body
    }

    #[test]
    fn rows_without_an_example() {
        let mut field = pad();
        field.lay("b1");
        let uid = "E0 04 01 00 31 23 AA 26";
        let mut check = |command: &str, reply: &str| {
            let command = command.replace("UID", uid);
            assert_eq!(body(&mut field, &command), hex(&reply.replace("UID", uid)), "{command}");
        };
        check("02 UID 00 02", "02 00 UID 02 00 00 91 00 05 1C 01 00 BE 99 1A 14");
        check("02 UID 00 02 04", "02 00 UID 00 02 00 91 00 05 1C 00 BE 99 1A 14");
        check("02 UID 1B 02", "02 11 UID");
        check("04 UID 02 01 00 01 02 03 04", "04 00 UID 03");
        check("04 UID 1B 02 00 01 02 03 04 05 06 07 08", "04 11 UID 1C");
        check("07 UID 03 01 02 03 04", "07 00 UID");
        check("05 UID 03 05 06 07 08", "05 12 UID");
        check("03 UID", "03 06 UID");
        check("0C UID 01", "0C 00 UID");
        check("03 UID", "03 00 UID 01");
        check("0B UID 06", "0B 00 UID");
        check("0F UID", "0F 00 UID 06");
        check("0D UID 0F", "0D 00 UID 0F 06 DA 03 1B 01");
        check("FE 00 07", "FE 00 00 07 01 06 UID");
        check("FE 00 45 01", "FE 00 00 45 00");
        check("01 UID", "01 00 UID");
        check("FE 00 05", "FE 00 00 05 00");
        check("13 04 01 00 02 00 03 00 04 00", "13 00 02 01 01 03 02 02 03 00");
        check("CC", "CC 02");
        check("0A E0", "0A 32");
        check("09 UID", "09 32");
    }
}
