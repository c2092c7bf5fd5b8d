//! How long things take on the air (readers.md section 8): ISO 15693, high rate, one
//! subcarrier, forward 1 of 4.
//!
//! Byte times are confirmed by the PN5180 data sheet (S5); start and end marks and t1 to t3 are
//! values of ISO/IEC 15693-2/-3 recalled, UNCONFIRMED.

use std::time::Duration;

use crate::rfid::Uid;

/// One byte, reader to tag.
pub const FORWARD_BYTE: Duration = Duration::from_nanos(302_080);
/// Start mark, reader to tag.
pub const FORWARD_SOF: Duration = Duration::from_nanos(75_520);
/// End mark, reader to tag.
pub const FORWARD_EOF: Duration = Duration::from_nanos(37_760);
/// One byte, tag to reader.
pub const RETURN_BYTE: Duration = Duration::from_nanos(302_080);
/// Start mark, tag to reader.
pub const RETURN_SOF: Duration = Duration::from_nanos(151_040);
/// End mark, tag to reader.
pub const RETURN_EOF: Duration = Duration::from_nanos(151_040);
/// t1: from the request to the answer (4352/fc).
pub const T1: Duration = Duration::from_nanos(320_944);
/// t2: from the answer to the next request (4192/fc).
pub const T2: Duration = Duration::from_nanos(309_145);
/// t3: waiting for an answer that does not come (4384/fc + start mark).
pub const T3: Duration = Duration::from_nanos(474_344);
/// Longest a tag may take to write one block or register before it answers. UNCONFIRMED here.
pub const WRITE_MAX: Duration = Duration::from_millis(20);

/// Slots of an inventory round.
pub const SLOTS: usize = 16;
/// Bits of a UID nibble, by which the mask grows after a collision.
const NIBBLE_BITS: u32 = 4;
/// Nibbles of a UID; two equal UIDs still collide after the last.
const UID_NIBBLES: u32 = 16;

/// Bytes of an inventory reply: flags, DSFID, UID, checksum.
const INVENTORY_REPLY: u32 = 12;

/// A request of so many bytes, flags and checksum included.
#[must_use]
pub fn request(bytes: u32) -> Duration {
    FORWARD_SOF + FORWARD_BYTE * bytes + FORWARD_EOF
}

/// An answer of so many bytes, flags and checksum included.
#[must_use]
pub fn reply(bytes: u32) -> Duration {
    RETURN_SOF + RETURN_BYTE * bytes + RETURN_EOF
}

/// Request, answer, and the pause before the next request.
#[must_use]
pub fn exchange(request_bytes: u32, reply_bytes: u32) -> Duration {
    request(request_bytes) + T1 + reply(reply_bytes) + T2
}

/// A request that nobody answers.
#[must_use]
pub fn unanswered(request_bytes: u32) -> Duration {
    request(request_bytes) + T3
}

/// A write: the tag answers (flags and checksum) after `tag_time`.
#[must_use]
pub fn write(request_bytes: u32, tag_time: Duration) -> Duration {
    request(request_bytes) + tag_time + reply(3) + T2
}

/// A write whose answer does not come within [`WRITE_MAX`].
#[must_use]
pub fn write_unanswered(request_bytes: u32) -> Duration {
    request(request_bytes) + WRITE_MAX
}

/// Whether an inventory names a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// All tags: no AFI byte in the request.
    All,
    /// One AFI byte more.
    Named,
}

/// What a 16-slot inventory did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    /// Tags in the order they were heard.
    pub found: Vec<Uid>,
    /// Rounds of 16 slots.
    pub rounds: u32,
    /// Slots in which two or more answered.
    pub collisions: u32,
    /// Time on the air.
    pub time: Duration,
}

/// A 16-slot inventory of these tags: each answers in the slot of its next UID nibble, lowest
/// first; each slot with a collision becomes a round of its own with one nibble more of mask.
#[must_use]
pub fn inventory(tags: &[Uid], family: Family) -> Inventory {
    let mut result = Inventory::default();
    let mut waiting = vec![(0, tags.to_vec())];
    while let Some((known, group)) = waiting.pop() {
        let collided = round(known, &group, family, &mut result);
        // Last collided slot first on the stack, so that the rounds come in slot order.
        waiting.extend(collided.into_iter().rev().map(|group| (known + 1, group)));
    }
    result
}

fn round(known: u32, group: &[Uid], family: Family, result: &mut Inventory) -> Vec<Vec<Uid>> {
    let mut slots: [Vec<Uid>; SLOTS] = Default::default();
    for uid in group {
        let bits = u64::from_be_bytes(uid.as_iso15693().unwrap_or_default());
        let nibble = bits >> (NIBBLE_BITS * known) & 0xF;
        slots[nibble as usize].push(*uid);
    }
    let mask_bytes = (NIBBLE_BITS * known).div_ceil(8);
    let family_bytes = u32::from(family == Family::Named);
    result.rounds += 1;
    // Flags, command, mask length, checksum; the last slot needs no end mark of its own.
    result.time += request(5 + family_bytes + mask_bytes) - FORWARD_EOF;
    let mut collided = Vec::new();
    for slot in slots {
        result.time += match slot.len() {
            0 => T3,
            _ => T1 + reply(INVENTORY_REPLY) + T2,
        } + FORWARD_EOF;
        match &slot[..] {
            [] => {}
            [uid] => result.found.push(*uid),
            _ => {
                result.collisions += 1;
                // Equal UIDs cannot be told apart; a reader gives up.
                if known + 1 < UID_NIBBLES {
                    collided.push(slot);
                }
            }
        }
    }
    collided
}

#[cfg(test)]
mod tests {
    use super::super::Rng;
    use super::*;

    fn ms(duration: Duration) -> f64 {
        (duration.as_secs_f64() * 1e4).round() / 10.0
    }

    fn uids(low: impl IntoIterator<Item = u64>) -> Vec<Uid> {
        low.into_iter().map(|n| Uid::iso15693((0xE004_0100_0000_0000 | n).to_be_bytes())).collect()
    }

    fn close(duration: Duration, us: f64) -> bool {
        (duration.as_secs_f64() * 1e6 - us).abs() < 0.2
    }

    /// The worked numbers of readers.md section 8.
    #[test]
    fn numbers_of_the_document() {
        assert!(close(request(5), 1623.7));
        assert!(close(reply(12), 3927.0));
        assert!(close(exchange(14, 35), 15_847.4));
        assert!(close(exchange(13, 7), 7087.1));
        assert!(close(T1 + reply(12) + T2 + FORWARD_EOF, 4594.9));
        assert!(close(T3 + FORWARD_EOF, 512.1));
    }

    #[test]
    fn best_cases_of_the_table() {
        let one = inventory(&uids([1]), Family::All);
        assert_eq!((ms(one.time), one.rounds, one.collisions), (13.9, 1, 0));
        let five = inventory(&uids(0..5), Family::All);
        assert_eq!((ms(five.time), five.rounds), (30.2, 1));
        // 15 slots with one tag each and one slot with five.
        let mut twenty = uids(0..15);
        twenty.extend(uids((0..5).map(|n| n << 4 | 0xF)));
        let twenty = inventory(&twenty, Family::All);
        assert_eq!((ms(twenty.time), twenty.rounds, twenty.collisions), (105.6, 2, 1));
        assert_eq!(twenty.found.len(), 20);
    }

    #[test]
    fn means_of_the_table_over_random_uids() {
        let mut rng = Rng::new(1);
        for (n, mean_ms, rounds_mean) in [(5, 38.7, 1.60), (10, 81.8, 3.20), (20, 183.3, 7.48)] {
            const DRAWS: u32 = 4000;
            let (mut time, mut rounds) = (Duration::ZERO, 0);
            for _ in 0..DRAWS {
                let tags = uids((0..n).map(|_| rng.next_u64() & 0xFF_FFFF_FFFF));
                let run = inventory(&tags, Family::All);
                assert_eq!(run.found.len(), tags.len());
                time += run.time;
                rounds += run.rounds;
            }
            let mean = time.as_secs_f64() * 1e3 / f64::from(DRAWS);
            assert!((mean - mean_ms).abs() / mean_ms < 0.02, "{n} tags: {mean} ms");
            let rounds = f64::from(rounds) / f64::from(DRAWS);
            assert!((rounds - rounds_mean).abs() / rounds_mean < 0.03, "{n} tags: {rounds}");
        }
    }

    #[test]
    fn equal_uids_end() {
        let twins = inventory(&uids([7, 7]), Family::All);
        assert_eq!((twins.found.len(), twins.rounds), (0, 16));
    }
}
