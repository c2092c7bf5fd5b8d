//! Element headers of ISO 28560-2, one step at a time (rfid-data.md 4.1).

use crate::rfid::tagdata::ElementId;

pub(super) const OFFSET_FLAG: u8 = 0x80;
pub(super) const OID_ESCAPE: u8 = 0xF;
/// First OID that needs the second header byte.
pub(super) const FIRST_ESCAPED_OID: u16 = 15;

/// An element whose data is whole.
pub(in crate::rfid::tagdata) struct Raw<'a> {
    pub(in crate::rfid::tagdata) id: ElementId,
    pub(super) compaction: u8,
    pub(super) data: &'a [u8],
    /// Where the next element starts; beyond memory when the padding is cut.
    pub(super) end: usize,
}

/// What stands at a place in memory.
pub(in crate::rfid::tagdata) enum Step<'a> {
    Element(Raw<'a>),
    /// The end mark 00.
    EndMark,
    /// Memory ended where an element or the end mark could stand.
    Exhausted,
    /// Memory ended inside an element.
    Cut {
        id: Option<ElementId>,
        at_least: usize,
    },
}

/// Reads the element that starts at `at`. What the padding holds is not looked at.
pub(in crate::rfid::tagdata) fn step(memory: &[u8], at: usize) -> Step<'_> {
    let Some(&pre) = memory.get(at) else { return Step::Exhausted };
    if pre == 0 {
        return Step::EndMark;
    }
    let mut next = at + 1;
    let oid = match pre & 0xF {
        OID_ESCAPE => {
            let Some(&ext) = memory.get(next) else {
                return Step::Cut { id: None, at_least: next + 2 };
            };
            next += 1;
            FIRST_ESCAPED_OID + u16::from(ext)
        }
        low => u16::from(low),
    };
    let id = ElementId::from_oid(oid);
    let mut padding = 0;
    if pre & OFFSET_FLAG != 0 {
        let Some(&pad) = memory.get(next) else {
            return Step::Cut { id: Some(id), at_least: next + 2 };
        };
        next += 1;
        padding = usize::from(pad);
    }
    let Some(&len) = memory.get(next) else {
        return Step::Cut { id: Some(id), at_least: next + 1 };
    };
    let data = next + 1;
    let data_end = data + usize::from(len);
    match memory.get(data..data_end) {
        Some(data) => {
            Step::Element(Raw { id, compaction: pre >> 4 & 7, data, end: data_end + padding })
        }
        None => Step::Cut { id: Some(id), at_least: data_end },
    }
}
