//! What lies on the pad, and a reader of it: tags with memory and security, pulled away at any
//! moment of a write, half written, or answering too late.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use drivers::rfid::tagdata::{
    self, Element, ElementId, ImageOptions, Model, Parts, TagData, TypeOfUsage, Value,
};
use drivers::rfid::{ReaderError, ReaderInfo, Seen, TagReader, Uid};
use serde::{Deserialize, Serialize};

/// AFI of a book on the shelf and of one on loan (rfid-data.md section 2).
const SECURED: u8 = 0x07;
const RELEASED: u8 = 0xC2;
/// Blocks of a tag.
const BLOCKS: usize = 28;
/// Time of one look, and of one command to a tag.
const LOOK: Duration = Duration::from_millis(60);
const COMMAND: Duration = Duration::from_millis(8);

/// What happens at the next security write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteFault {
    /// Pulled away before it took effect.
    PulledBefore,
    /// Pulled away when it had taken effect.
    PulledAfter,
    /// Pulled away half-way: the AFI is written, the EAS bit is not.
    Torn,
    /// The tag does not take it.
    Refused,
    /// It took effect, and the answer came too late.
    LateAnswer,
}

/// One tag.
#[derive(Debug, Clone)]
pub struct Tag {
    memory: Vec<u8>,
    afi: u8,
    eas: bool,
    /// It lies there.
    pub on_pad: bool,
    /// The number of its item; none on a card.
    pub item: Option<String>,
}

impl Tag {
    /// The gate stays silent.
    #[must_use]
    pub fn is_released(&self) -> bool {
        self.afi == RELEASED && !self.eas
    }

    /// The gate alarms, by both marks.
    #[must_use]
    pub fn is_secured(&self) -> bool {
        self.afi == SECURED && self.eas
    }
}

/// Everything near the pad.
#[derive(Debug, Default)]
pub struct Field {
    /// By UID.
    pub tags: BTreeMap<Uid, Tag>,
    /// Faults of the next writes.
    pub faults: VecDeque<WriteFault>,
    /// Writes whose fault was used.
    pub faulted: u64,
    /// The reader is unplugged.
    pub gone: bool,
    /// A write that was begun and pulled half-way: its second mark fails.
    torn: Option<Uid>,
    /// Tags written towards "released" since last asked.
    pub released: Vec<Uid>,
    /// Where the reader is in time, in microseconds.
    pub clock: Arc<AtomicU64>,
}

/// The field, shared with its reader.
pub type Shared = Arc<Mutex<Field>>;

/// The field; a panic elsewhere leaves plain data behind.
pub fn lock(field: &Shared) -> MutexGuard<'_, Field> {
    field.lock().unwrap_or_else(PoisonError::into_inner)
}

/// UID number `n`.
#[must_use]
pub fn uid(n: u32) -> Uid {
    let [a, b, c, d] = n.to_be_bytes();
    Uid::iso15693([0xE0, 4, 1, 0x10, a, b, c, d])
}

fn data(id: &str, class: u8, parts: Parts) -> TagData {
    let mut data = TagData::new(Model::Iso28560Part3);
    let usage = Value::Usage(TypeOfUsage::from_digits(class, 0));
    data.elements = vec![
        Element::text(ElementId::PrimaryItemIdentifier, id),
        Element { id: ElementId::TypeOfUsage, value: usage },
    ];
    data.parts = Some(parts);
    data
}

impl Field {
    /// Puts a book's tag into the world, or one of several of a set.
    pub fn book(&mut self, n: u32, item: &str, parts: (u16, u16), released: bool) {
        let parts = Parts { in_item: parts.0, number: parts.1 };
        self.add(n, &data(item, 1, parts), Some(item.to_owned()), released);
    }

    /// Puts a card into the world.
    pub fn card(&mut self, n: u32, number: &str) {
        self.add(n, &data(number, 8, Parts { in_item: 1, number: 1 }), None, true);
    }

    fn add(&mut self, n: u32, data: &TagData, item: Option<String>, released: bool) {
        let image = tagdata::encode(data, &ImageOptions::new(BLOCKS * 4));
        let memory = image.map(|image| image.memory).unwrap_or_default();
        let afi = if released { RELEASED } else { SECURED };
        self.tags.insert(uid(n), Tag { memory, afi, eas: !released, on_pad: false, item });
    }

    fn spend(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.clock.fetch_add(micros, Ordering::Relaxed);
    }

    fn there(&mut self, uid: Uid) -> Result<&mut Tag, ReaderError> {
        if self.gone {
            return Err(ReaderError::Gone(io::ErrorKind::BrokenPipe.into()));
        }
        self.spend(COMMAND);
        self.tags.get_mut(&uid).filter(|tag| tag.on_pad).ok_or(ReaderError::NoTag)
    }
}

/// A reader of the field.
pub struct SimReader {
    field: Shared,
    origin: Instant,
}

impl SimReader {
    /// Opens it.
    ///
    /// # Errors
    /// When it is unplugged.
    pub fn open(field: &Shared, origin: Instant) -> Result<Self, String> {
        if lock(field).gone {
            return Err("unplugged".to_owned());
        }
        Ok(Self { field: Arc::clone(field), origin })
    }
}

impl TagReader for SimReader {
    fn identify(&mut self) -> Result<ReaderInfo, ReaderError> {
        Ok(ReaderInfo { model: "storm", firmware: "1".to_owned() })
    }

    fn inventory(&mut self) -> Result<Vec<Seen>, ReaderError> {
        let field = lock(&self.field);
        if field.gone {
            return Err(ReaderError::Gone(io::ErrorKind::BrokenPipe.into()));
        }
        field.spend(LOOK);
        let seen = field.tags.iter().filter(|(_, tag)| tag.on_pad);
        Ok(seen.map(|(uid, _)| Seen::iso15693(*uid, Some(tagdata::DSFID_PART3))).collect())
    }

    fn heard(&self) -> Option<Instant> {
        let micros = lock(&self.field).clock.load(Ordering::Relaxed);
        Some(self.origin + Duration::from_micros(micros))
    }

    fn read_blocks(&mut self, uid: Uid, first: u8, count: u8) -> Result<Vec<u8>, ReaderError> {
        let mut field = lock(&self.field);
        let tag = field.there(uid)?;
        let (from, to) = (usize::from(first) * 4, (usize::from(first) + usize::from(count)) * 4);
        tag.memory.get(from..to).map(<[u8]>::to_vec).ok_or(ReaderError::NoMemory)
    }

    fn write_blocks(&mut self, _uid: Uid, _first: u8, _data: &[u8]) -> Result<(), ReaderError> {
        Err(ReaderError::Locked)
    }

    fn afi(&mut self, uid: Uid) -> Result<u8, ReaderError> {
        lock(&self.field).there(uid).map(|tag| tag.afi)
    }

    fn write_afi(&mut self, uid: Uid, afi: u8) -> Result<(), ReaderError> {
        let mut field = lock(&self.field);
        field.there(uid)?;
        let fault = field.faults.pop_front();
        field.faulted += u64::from(fault.is_some());
        let takes = !matches!(fault, Some(WriteFault::PulledBefore | WriteFault::Refused));
        if takes && afi == RELEASED {
            field.released.push(uid);
        }
        field.torn = (fault == Some(WriteFault::Torn)).then_some(uid);
        let Some(tag) = field.tags.get_mut(&uid) else { return Err(ReaderError::NoTag) };
        if takes {
            tag.afi = afi;
        }
        match fault {
            Some(WriteFault::PulledBefore) => {
                tag.on_pad = false;
                Err(ReaderError::NoTag)
            }
            Some(WriteFault::PulledAfter) => {
                tag.eas = afi == SECURED;
                tag.on_pad = false;
                Err(ReaderError::NoTag)
            }
            Some(WriteFault::Refused) => Err(ReaderError::NotWritten),
            Some(WriteFault::LateAnswer) => Err(ReaderError::Silent { waited_ms: 100 }),
            Some(WriteFault::Torn) | None => Ok(()),
        }
    }

    fn eas(&mut self, uid: Uid) -> Result<bool, ReaderError> {
        lock(&self.field).there(uid).map(|tag| tag.eas)
    }

    fn write_eas(&mut self, uid: Uid, on: bool) -> Result<(), ReaderError> {
        let mut field = lock(&self.field);
        let torn = field.torn.take() == Some(uid);
        let tag = field.there(uid)?;
        if torn {
            tag.on_pad = false;
            return Err(ReaderError::NoTag);
        }
        tag.eas = on;
        if !on {
            field.released.push(uid);
        }
        Ok(())
    }

    fn write_dsfid(&mut self, _uid: Uid, _dsfid: u8) -> Result<(), ReaderError> {
        Err(ReaderError::Locked)
    }
}
