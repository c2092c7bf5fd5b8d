//! How much of an ISO 28560-2 tag must be read to know what a kiosk asks.

use super::scan::{Step, step};
use crate::rfid::tagdata::{ElementId, Need};

/// Walks the element headers. The content parameter is not relied on (rfid-data.md 4.4): an
/// element counts as absent only when the end mark has been seen.
pub(in crate::rfid::tagdata) fn need(memory: &[u8]) -> Need {
    need_behind(memory, false)
}

/// The same for a UHF tag's user bank, where the UII may have told the owner already.
pub(in crate::rfid::tagdata) fn need_behind(memory: &[u8], owner_known: bool) -> Need {
    let mut wanted = [
        (ElementId::OwnerInstitution, owner_known),
        (ElementId::SetInformation, false),
        (ElementId::TypeOfUsage, false),
    ];
    let mut at = 0;
    while !wanted.iter().all(|(_, seen)| *seen) {
        match step(memory, at) {
            Step::Element(raw) => {
                for (id, seen) in &mut wanted {
                    *seen |= *id == raw.id;
                }
                at = raw.end;
            }
            Step::EndMark => break,
            Step::Exhausted => return Need::AtLeast(at + 1),
            Step::Cut { at_least, .. } => return Need::AtLeast(at_least),
        }
    }
    Need::Enough
}

/// Where the elements end: the end mark's place, or the end of memory. `None` when an element is
/// cut.
pub(in crate::rfid::tagdata) fn end_of_data(memory: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        match step(memory, at) {
            Step::Element(raw) => at = raw.end,
            Step::EndMark | Step::Exhausted => return Some(at),
            Step::Cut { .. } => return None,
        }
    }
}
