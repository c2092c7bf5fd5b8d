//! In which order a tag is written. Pure: what is there and what is wanted in, phases out.

use super::found::Content;
use super::report::Refusal;
use super::survey::{Survey, occupant};
use super::{BLOCK_LEN, MARK, Overwrite, Request, uhf};
use crate::rfid::Uii;
use crate::rfid::tagdata;

/// One phase; each is read back before the next begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// Block 0 becomes [`MARK`].
    Mark,
    /// These blocks get their new content, in any order that comes handy.
    Data(Vec<u8>),
    /// These blocks get their new content one by one in this order.
    InOrder(Vec<u8>),
    /// The DSFID.
    Dsfid(u8),
    /// There should be a DSFID and there is no place for it.
    NoDsfid,
    /// Block 0 gets its new content.
    Head,
    /// The UII gets its mark; its other words stay.
    UiiMark(Uii),
    /// The UII behind its mark.
    UiiBehind(Uii),
    /// The whole UII, of which only one word changes.
    UiiHead(Uii),
}

/// Phases up to the security state, or why the tag is not written.
pub(super) fn plan(survey: &Survey, request: &Request<'_>) -> Result<Vec<Phase>, Refusal> {
    guard(survey, request)?;
    let changed = changed(&survey.old, &survey.new);
    let locked: Vec<u8> = match &survey.found.locked {
        Some(locked) => changed.iter().copied().filter(|n| locked.contains(n)).collect(),
        None => Vec::new(),
    };
    if !locked.is_empty() {
        return Err(Refusal::Locked { blocks: locked });
    }
    match (&survey.uii, &request.image.uii) {
        (Some(old), Some(new)) => Ok(uhf_phases(old, &uhf::wanted(new, request), changed)),
        _ => hf_phases(survey, request, changed),
    }
}

/// Another item's tag is not written unless that was chosen.
fn guard(survey: &Survey, request: &Request<'_>) -> Result<(), Refusal> {
    let Content::Occupied(there) = &survey.found.content else { return Ok(()) };
    if request.overwrite == Overwrite::Anything {
        return Ok(());
    }
    let same = match (&survey.uii, &request.image.uii) {
        (Some(old), Some(new)) => uhf::is_same(old, new),
        _ => occupant(&survey.new, request.image.dsfid).is_some_and(|new| there.is_same_item(&new)),
    };
    if same { Ok(()) } else { Err(Refusal::OtherItem) }
}

/// Blocks whose content changes, rising.
pub(super) fn changed(old: &[u8], new: &[u8]) -> Vec<u8> {
    let pairs = old.chunks(BLOCK_LEN).zip(new.chunks(BLOCK_LEN));
    (0..=u8::MAX).zip(pairs).filter_map(|(n, (old, new))| (old != new).then_some(n)).collect()
}

fn hf_phases(
    survey: &Survey,
    request: &Request<'_>,
    changed: Vec<u8>,
) -> Result<Vec<Phase>, Refusal> {
    let mut phases = Vec::new();
    let mut dsfid = None;
    match (request.image.dsfid, survey.found.dsfid) {
        (Some(wanted), Some(there)) if wanted != there => dsfid = Some(Phase::Dsfid(wanted)),
        (Some(wanted), None) if stands_without_dsfid(&survey.new, wanted) => {
            phases.push(Phase::NoDsfid);
        }
        (Some(_), None) => return Err(Refusal::NoDsfid),
        _ => {}
    }
    let is_locked = |n| survey.found.locked.as_ref().is_some_and(|locked| locked.contains(&n));
    if changed.is_empty() {
        phases.extend(dsfid);
    } else if changed.len() == 1 && dsfid.is_none() {
        phases.push(Phase::Data(changed));
    } else if is_locked(0) {
        phases.extend(around_locked_head(survey, request.image.dsfid, &changed, dsfid)?);
    } else {
        if !survey.old.starts_with(&MARK) {
            phases.push(Phase::Mark);
        }
        let behind: Vec<u8> = changed.into_iter().filter(|&n| n != 0).collect();
        if !behind.is_empty() {
            phases.push(Phase::Data(behind));
        }
        phases.extend(dsfid);
        phases.push(Phase::Head);
    }
    Ok(phases)
}

/// Whether the data is recognised by itself as what it is with its DSFID.
fn stands_without_dsfid(new: &[u8], dsfid: u8) -> bool {
    tagdata::decode(new, None, None) == tagdata::decode(new, Some(dsfid), None)
}

/// Block 0 is locked (and stays as it is), so it cannot carry the mark. Tries the orders there
/// are and takes one in which no moment shows a third item.
fn around_locked_head(
    survey: &Survey,
    new_dsfid: Option<u8>,
    changed: &[u8],
    dsfid: Option<Phase>,
) -> Result<Vec<Phase>, Refusal> {
    let rising = changed.to_vec();
    let falling: Vec<u8> = changed.iter().rev().copied().collect();
    let old_dsfid = survey.found.dsfid;
    let after = if dsfid.is_some() { new_dsfid } else { old_dsfid };
    for order in [rising, falling] {
        for dsfid_first in [false, true] {
            let during = if dsfid_first { after } else { old_dsfid };
            if !is_safe(survey, &order, [old_dsfid, during, after]) {
                continue;
            }
            let mut phases = vec![Phase::InOrder(order)];
            let at = if dsfid_first { 0 } else { 1 };
            phases.splice(at..at, dsfid);
            return Ok(phases);
        }
    }
    Err(Refusal::NoSafeOrder)
}

/// Whether the tag reads as old, new or nobody after every single write, by readers that know the
/// DSFID and by those that do not. `dsfids`: before, while and after the blocks are written.
fn is_safe(survey: &Survey, order: &[u8], dsfids: [Option<u8>; 3]) -> bool {
    is_safe_seen_by(survey, order, dsfids) && is_safe_seen_by(survey, order, [None; 3])
}

fn is_safe_seen_by(
    survey: &Survey,
    order: &[u8],
    [before, during, after]: [Option<u8>; 3],
) -> bool {
    let (old, new) = (occupant(&survey.old, before), occupant(&survey.new, after));
    let good = |memory: &[u8], dsfid| match occupant(memory, dsfid) {
        None => true,
        Some(torn) => [&old, &new].into_iter().flatten().any(|known| torn.reads_as(known)),
    };
    let mut memory = survey.old.clone();
    let mut safe = good(&memory, during);
    for &block in order {
        copy_block(&survey.new, &mut memory, block);
        safe &= good(&memory, during);
    }
    safe && good(&memory, after)
}

/// Copies one block between memories of one length.
pub(super) fn copy_block(from: &[u8], to: &mut [u8], block: u8) {
    let place = usize::from(block) * BLOCK_LEN..(usize::from(block) + 1) * BLOCK_LEN;
    if let (Some(from), Some(to)) = (from.get(place.clone()), to.get_mut(place)) {
        to.copy_from_slice(from);
    }
}

/// A block of a UHF tag is two words, which are written apart, so even one of them needs the mark.
fn uhf_phases(old: &Uii, new: &Uii, changed: Vec<u8>) -> Vec<Phase> {
    let words = uhf::differing_words(old, new);
    match (words, changed.len()) {
        (0, 0) => Vec::new(),
        (1, 0) => vec![Phase::UiiHead(new.clone())],
        _ => {
            let mut phases = Vec::new();
            if !old.bytes.is_empty() && uhf::marked(old.clone()) != *old {
                phases.push(Phase::UiiMark(uhf::marked(old.clone())));
            }
            if !changed.is_empty() {
                phases.push(Phase::Data(changed));
            }
            if words > 0 {
                phases.push(Phase::UiiBehind(uhf::marked(new.clone())));
            }
            phases.push(Phase::UiiHead(new.clone()));
            phases
        }
    }
}
