//! A tag in memory that is pulled after so many single writes, and images to write on it.

use std::collections::BTreeSet;

use super::BLOCK_LEN;
use crate::rfid::tagdata::{
    self, Element, ElementId, ImageOptions, Model, Parts, SetInformation, TagData, TagError,
    TagImage, TypeOfUsage, Value,
};
use crate::rfid::{LockTarget, ReaderError, ReaderInfo, Seen, TagMemory, TagReader, Uid, Uii};

pub(super) const UID: Uid = Uid::iso15693([0xE0, 0x04, 0x01, 0x10, 0x31, 0x23, 0xAA, 0x26]);

const UNSUPPORTED: ReaderError = ReaderError::Unsupported { code: 1 };

/// One tag on a reader.
#[derive(Clone, Default)]
pub(super) struct MemReader {
    pub(super) memory: Vec<u8>,
    pub(super) dsfid: Option<u8>,
    pub(super) afi: Option<u8>,
    pub(super) eas: Option<bool>,
    pub(super) uii: Option<Uii>,
    pub(super) locked: BTreeSet<u8>,
    /// Whether the reader tells what is locked.
    pub(super) tells_locks: bool,
    /// Single writes (a block, a register, a word of a UII) until the tag is pulled.
    pub(super) writes_left: Option<usize>,
    /// Single writes that are answered and do not happen, counted from the first.
    pub(super) forgets: BTreeSet<usize>,
    /// Words of a UII are written from the last to the first.
    pub(super) words_backwards: bool,
    pub(super) writes: usize,
    pub(super) blocks_written: Vec<u8>,
    pulled: bool,
}

impl MemReader {
    pub(super) fn new(memory: Vec<u8>, dsfid: u8) -> Self {
        Self {
            memory,
            dsfid: Some(dsfid),
            afi: Some(0),
            eas: Some(false),
            tells_locks: true,
            ..Self::default()
        }
    }

    fn here(&self) -> Result<(), ReaderError> {
        if self.pulled { Err(ReaderError::NoTag) } else { Ok(()) }
    }

    /// One single write; whether it happens.
    fn write(&mut self) -> Result<bool, ReaderError> {
        self.here()?;
        if self.writes_left == Some(0) {
            self.pulled = true;
            return Err(ReaderError::NoTag);
        }
        self.writes_left = self.writes_left.map(|left| left - 1);
        self.writes += 1;
        Ok(!self.forgets.contains(&(self.writes - 1)))
    }

    /// The tag is laid down again and stays.
    pub(super) fn lay_again(&mut self) {
        self.pulled = false;
        self.writes_left = None;
    }
}

impl TagReader for MemReader {
    fn identify(&mut self) -> Result<ReaderInfo, ReaderError> {
        Ok(ReaderInfo { model: "memory", firmware: "1".to_owned() })
    }
    fn inventory(&mut self) -> Result<Vec<Seen>, ReaderError> {
        Ok(self.here().map_or(Vec::new(), |()| vec![Seen::iso15693(UID, self.dsfid)]))
    }
    fn read_blocks(&mut self, _: Uid, first: u8, count: u8) -> Result<Vec<u8>, ReaderError> {
        self.here()?;
        let first = usize::from(first) * BLOCK_LEN;
        let range = first..first + usize::from(count) * BLOCK_LEN;
        self.memory.get(range).map(<[u8]>::to_vec).ok_or(ReaderError::NoMemory)
    }
    fn write_blocks(&mut self, _: Uid, first: u8, data: &[u8]) -> Result<(), ReaderError> {
        for (block, bytes) in (first..).zip(data.chunks(BLOCK_LEN)) {
            self.here()?;
            if self.locked.contains(&block) {
                return Err(ReaderError::Locked);
            }
            if self.write()? {
                let at = usize::from(block) * BLOCK_LEN;
                let place = self.memory.get_mut(at..at + BLOCK_LEN).ok_or(ReaderError::NoMemory)?;
                place.copy_from_slice(bytes);
                self.blocks_written.push(block);
            }
        }
        Ok(())
    }
    fn afi(&mut self, _: Uid) -> Result<u8, ReaderError> {
        self.here()?;
        self.afi.ok_or(UNSUPPORTED)
    }
    fn write_afi(&mut self, _: Uid, afi: u8) -> Result<(), ReaderError> {
        self.afi.ok_or(UNSUPPORTED)?;
        if self.write()? {
            self.afi = Some(afi);
        }
        Ok(())
    }
    fn eas(&mut self, _: Uid) -> Result<bool, ReaderError> {
        self.here()?;
        self.eas.ok_or(UNSUPPORTED)
    }
    fn write_eas(&mut self, _: Uid, on: bool) -> Result<(), ReaderError> {
        self.eas.ok_or(UNSUPPORTED)?;
        if self.write()? {
            self.eas = Some(on);
        }
        Ok(())
    }
    fn dsfid(&mut self, _: Uid) -> Result<u8, ReaderError> {
        self.here()?;
        self.dsfid.ok_or(UNSUPPORTED)
    }
    fn write_dsfid(&mut self, _: Uid, dsfid: u8) -> Result<(), ReaderError> {
        self.dsfid.ok_or(UNSUPPORTED)?;
        if self.write()? {
            self.dsfid = Some(dsfid);
        }
        Ok(())
    }
    fn memory(&mut self, _: Uid) -> Result<TagMemory, ReaderError> {
        self.here()?;
        self.dsfid.or(self.uii.as_ref().map(|_| 0)).ok_or(UNSUPPORTED)?;
        let blocks = u16::try_from(self.memory.len() / BLOCK_LEN).unwrap();
        Ok(TagMemory { blocks, block_len: 4, ic_reference: None })
    }
    fn locked(&mut self, _: Uid, first: u8, count: u8) -> Result<Vec<bool>, ReaderError> {
        self.here()?;
        if !self.tells_locks {
            return Err(UNSUPPORTED);
        }
        Ok((first..first + count).map(|n| self.locked.contains(&n)).collect())
    }
    fn lock(&mut self, _: Uid, what: LockTarget) -> Result<(), ReaderError> {
        let LockTarget::Block(block) = what else { return Err(UNSUPPORTED) };
        if self.locked.contains(&block) {
            return Err(ReaderError::Locked);
        }
        if self.write()? {
            self.locked.insert(block);
        }
        Ok(())
    }
    fn uii(&mut self, _: Uid) -> Result<Uii, ReaderError> {
        self.here()?;
        self.uii.clone().ok_or(UNSUPPORTED)
    }
    fn write_uii(&mut self, _: Uid, uii: &Uii) -> Result<(), ReaderError> {
        let mut there = self.uii.clone().ok_or(UNSUPPORTED)?;
        there.bytes.resize(uii.bytes.len().max(there.bytes.len()), 0);
        let mut order: Vec<usize> = (0..=uii.bytes.len() / 2).collect();
        if self.words_backwards {
            order.reverse();
        }
        for word in order {
            if self.write()? {
                match word.checked_sub(1) {
                    None => there.pc = uii.pc,
                    Some(n) => {
                        there.bytes[2 * n..2 * n + 2].copy_from_slice(&uii.bytes[2 * n..2 * n + 2]);
                    }
                }
            }
            let mut seen = there.clone();
            seen.bytes.truncate(usize::from(seen.pc >> 11) * 2);
            self.uii = Some(seen);
        }
        Ok(())
    }
}

/// An item's data in a model that is written.
pub(super) fn item(model: Model, id: &str, owner: &str, part: u16, shelf: &str) -> TagData {
    let mut data = TagData::new(model);
    data.elements.push(Element::text(ElementId::PrimaryItemIdentifier, id));
    if !owner.is_empty() {
        data.elements.push(Element::text(ElementId::OwnerInstitution, owner));
    }
    let usage = Value::Usage(TypeOfUsage(0x10));
    data.elements.push(Element { id: ElementId::TypeOfUsage, value: usage });
    let parts = Parts { in_item: part.max(1), number: part.max(1) };
    data.parts = Some(parts);
    if model == Model::Iso28560Part2 && part > 0 {
        let set = Value::Set(SetInformation::from_parts(parts).unwrap());
        data.elements.push(Element { id: ElementId::SetInformation, value: set });
    }
    if !shelf.is_empty() {
        data.elements.push(Element::text(ElementId::ShelfLocation, shelf));
    }
    data
}

pub(super) fn image(data: &TagData, bytes: usize) -> TagImage {
    tagdata::encode(data, &ImageOptions::new(bytes)).unwrap()
}

/// A usual item of part 2 on a tag of 112 bytes.
pub(super) fn book(id: &str) -> TagImage {
    image(&item(Model::Iso28560Part2, id, "CN-320583-C-KSL", 0, "I247.57/123"), 112)
}

pub(super) fn decode(memory: &[u8], dsfid: Option<u8>) -> Result<TagData, TagError> {
    tagdata::decode(memory, dsfid, None)
}
