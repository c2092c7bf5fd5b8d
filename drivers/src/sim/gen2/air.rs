//! How long things take on the air: ISO/IEC 18000-63 (Gen2), Miller 4 at 250 kHz, Tari 25 us.
//!
//! The rate is the module maker's (readers.md section 5, S10) and the pace of rounds is that of
//! the captured logs (S7). Lengths of commands and marks are recalled from the standard, Tari is
//! a usual value: UNCONFIRMED. An access of a tag comes to 17 ms; the logs show 31 ms from
//! request to answer, line and a USB bridge of 16 ms included.

use std::time::Duration;

/// One tag in a round: "up to 170 tags/s" at Miller 4.
pub const TAG: Duration = Duration::from_nanos(5_882_353);
/// From the start of a search to the first tag's slot, so that the first record comes about
/// 10 ms after it (captured: 8 to 10 ms).
pub const ROUND_LEAD: Duration = Duration::from_millis(4);
/// From the end of a round to the next: one tag alone is told every 32 ms (captured).
pub const ROUND_PAUSE: Duration = Duration::from_millis(26);

/// One bit, reader to tag: half of them last one Tari, half two.
const FORWARD_BIT: Duration = Duration::from_nanos(37_500);
/// Delimiter, data-0, RTcal before a command.
const FORWARD_SYNC: Duration = Duration::from_nanos(112_500);
/// One bit, tag to reader: 4 cycles of 250 kHz.
const RETURN_BIT: Duration = Duration::from_nanos(16_000);
/// 10 bits before an answer.
const RETURN_PREAMBLE: Duration = Duration::from_nanos(160_000);
/// T1 and T2: turning around.
const TURN: Duration = Duration::from_nanos(115_000);

const SELECT_BITS: u32 = 45;
const QUERY_BITS: u32 = 22;
const ACK_BITS: u32 = 18;
const REQ_RN_BITS: u32 = 40;
const ACCESS_BITS: u32 = 56;
const READ_BITS: u32 = 58;
const WRITE_BITS: u32 = 66;
const HANDLE_BITS: u32 = 32;

fn forward(bits: u32) -> Duration {
    FORWARD_SYNC + FORWARD_BIT * bits
}

fn answered(bits: u32) -> Duration {
    TURN + RETURN_PREAMBLE + RETURN_BIT * bits
}

/// One tag selected by a mask of so many bits, singled out and opened; its UII has so many words.
#[must_use]
pub fn open(mask_bits: u32, uii_words: u32) -> Duration {
    let select = if mask_bits == 0 { Duration::ZERO } else { forward(SELECT_BITS + mask_bits) };
    select
        + forward(QUERY_BITS)
        + answered(16)
        + forward(ACK_BITS)
        + answered(32 + 16 * uii_words)
        + forward(REQ_RN_BITS)
        + answered(HANDLE_BITS)
}

/// The access password, in two halves, each covered by a number asked for.
#[must_use]
pub fn password() -> Duration {
    (forward(REQ_RN_BITS) + answered(HANDLE_BITS) + forward(ACCESS_BITS) + answered(HANDLE_BITS))
        * 2
}

/// So many words read from a tag that is open.
#[must_use]
pub fn read(words: u32) -> Duration {
    forward(READ_BITS) + answered(33 + 16 * words)
}

/// One word written to a tag that is open; the tag takes `tag_time` for it.
#[must_use]
pub fn write(tag_time: Duration) -> Duration {
    forward(REQ_RN_BITS) + answered(HANDLE_BITS) + forward(WRITE_BITS) + tag_time + answered(33)
}

/// Least time from the start of a search until every tag of a pile is known by TID and UII, with
/// UIIs of 6 words over a line of `byte_time`.
///
/// The search lasts `dwell`, or longer if the tags need it; while it lasts records go over the
/// line beside it, faster than tags answer. Then comes one TID read for each tag that is not
/// known. The user bank is not read: the UII holds the item's id.
#[must_use]
pub fn least_time(tags: u32, dwell: Duration, byte_time: Duration) -> Duration {
    /// Start command and answer, keep-alive and the answer to stop. The stop itself goes over
    /// the line during the search.
    const SEARCH_BYTES: u32 = 21 + 11 + 7 + 8;
    /// Read of 6 words by an EPC of 12 bytes, and its answer.
    const TID_BYTES: u32 = 33 + 22;
    let search = dwell.max(ROUND_LEAD + TAG * tags) + byte_time * SEARCH_BYTES;
    search + (open(96, 6) + read(6) + byte_time * TID_BYTES) * tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_takes_what_the_logs_allow() {
        let access = open(96, 6) + read(6);
        assert!(
            (Duration::from_millis(12)..Duration::from_millis(25)).contains(&access),
            "{access:?}"
        );
        assert_eq!((Duration::from_secs(1).as_nanos() / TAG.as_nanos()) as u32, 169);
        assert_eq!((TAG + ROUND_PAUSE).as_millis(), 31);
    }
}
