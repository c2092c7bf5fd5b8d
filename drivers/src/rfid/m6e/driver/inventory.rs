//! Which tags answer, and which of them lie on the pad.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use super::known::NoUid;
use super::{LeftOut, M6eReader, OTHER_KIND, WORD_LEN};
use crate::port::Port;
use crate::rfid::m6e::link::silent;
use crate::rfid::m6e::profile::{Inventory, Select};
use crate::rfid::m6e::timing::{OVERTIME, RESPONSE_MARGIN, STOP_LEAD};
use crate::rfid::m6e::wire::{
    Access, Bank, Command, Opaque, Password, Reply, Selection, Status, TagRecord, metadata,
    search_flag,
};
use crate::rfid::{Air, ReaderError, Seen, UID_MAX, Uid, Uii};

/// Most different tags one search keeps; more than any pad holds.
const HEARD_MAX: usize = 512;

/// TIDs that may fail to be read in one inventory, each at the cost of the whole access time-out.
/// The strongest tags are asked first, so those left are weaker still; they have their turn in the
/// next inventory.
const LOST_MAX: u32 = 2;

/// Protocol number of Gen2 in a record.
const GEN2: u8 = 5;

/// One tag of a search.
struct Heard {
    uii: Uii,
    /// Strongest report of it.
    rssi_dbm: i8,
}

/// What a search brought.
#[derive(Default)]
struct Search {
    heard: Vec<Heard>,
    /// The last trouble the module told of besides.
    trouble: Option<Status>,
}

impl Search {
    fn add(&mut self, record: &TagRecord) {
        let Some(uii) = record.uii().filter(|_| record.protocol == GEN2) else { return };
        if let Some(tag) = self.heard.iter_mut().find(|tag| tag.uii.bytes == uii.bytes) {
            tag.rssi_dbm = tag.rssi_dbm.max(record.rssi_dbm);
            tag.uii.pc = uii.pc;
        } else if self.heard.len() < HEARD_MAX {
            self.heard.push(Heard { uii, rssi_dbm: record.rssi_dbm });
        }
    }

    /// One frame while the module reads continuously; whether it has ended.
    fn take(&mut self, reply: &Reply) -> bool {
        match reply {
            Reply::Tag { record, .. } => self.add(record),
            // The keep-alive after each search.
            Reply::Failed { status: Status::NO_TAGS, .. } => {}
            Reply::Failed { status, .. } => {
                tracing::warn!(%status, "the module says while reading");
                self.trouble = Some(*status);
            }
            Reply::Stopped => return true,
            _ => {}
        }
        false
    }
}

impl<P: Port> M6eReader<P> {
    pub(super) fn list(&mut self) -> Result<Vec<Seen>, ReaderError> {
        self.ready()?;
        let mut search = match self.profile.inventory {
            Inventory::Continuous => self.read_continuously()?,
            Inventory::Single => self.read_into_buffer()?,
        };
        if let (true, Some(status)) = (search.heard.is_empty(), search.trouble) {
            // An empty pad would be a lie.
            return Err(super::reader_error(status));
        }
        self.heard = search.heard.len();
        self.searched = Some(Instant::now());
        self.known.begin();
        let mut left_out = LeftOut::default();
        let mut list: Vec<Seen> = Vec::with_capacity(search.heard.len());
        let mut lost = 0;
        search.heard.sort_by_key(|tag| Reverse(tag.rssi_dbm));
        for tag in search.heard {
            if tag.rssi_dbm < self.profile.rssi_min_dbm {
                left_out.weak += 1;
                continue;
            }
            match self.identity(tag.uii, &mut lost)? {
                Ok(uid) if list.iter().any(|seen| seen.uid == uid) => {}
                Ok(uid) => list.push(Seen { uid, air: Air::Gen2, dsfid: None }),
                Err(NoUid::Short) => left_out.short_tid += 1,
                Err(NoUid::Unread) => left_out.unread_tid += 1,
            }
        }
        if left_out != self.left_out {
            tracing::info!(?left_out, "UHF tags that are not listed");
        }
        self.left_out = left_out;
        Ok(list)
    }

    /// The TID of a tag heard with this UII, read when it is not known; `lost` counts those that
    /// could not be read.
    fn identity(&mut self, uii: Uii, lost: &mut u32) -> Result<Result<Uid, NoUid>, ReaderError> {
        if let Some(known) = self.known.heard(&uii) {
            return Ok(known);
        }
        if *lost >= LOST_MAX {
            return Ok(Err(NoUid::Unread));
        }
        let uid = self.read_tid(&uii)?;
        *lost += u32::from(uid == Err(NoUid::Unread));
        self.known.learn(uii, uid);
        Ok(uid)
    }

    fn read_tid(&mut self, uii: &Uii) -> Result<Result<Uid, NoUid>, ReaderError> {
        let selection = match self.profile.select {
            Select::Nothing if self.heard == 1 => Selection::Any,
            Select::Nothing => return Ok(Err(NoUid::Unread)),
            Select::Epc | Select::Tid => Selection::Epc(Opaque(uii.bytes.clone())),
        };
        // The TID is never behind the password.
        let access = Access { selection, password: Password(0) };
        let reply = self.link.ask(&Command::ReadData {
            timeout_ms: self.profile.access_timeout_ms,
            access,
            bank: Bank::Tid,
            address: 0,
            words: (UID_MAX / WORD_LEN) as u8,
        })?;
        match reply {
            Reply::Data { data, .. } if data.len() == UID_MAX => {
                Ok(Uid::new(&data).ok_or(NoUid::Short))
            }
            Reply::Data { .. } => Ok(Err(NoUid::Short)),
            Reply::Failed { status: Status::MEMORY_OVERRUN, .. } => {
                tracing::warn!("a UHF tag has a TID of fewer than 96 bits: it cannot be used");
                Ok(Err(NoUid::Short))
            }
            Reply::Failed { status, .. }
                if status.0 >> 8 == 4 && status != Status::RADIO_NOT_ON =>
            {
                tracing::debug!(%status, "the TID of a UHF tag was not read");
                Ok(Err(NoUid::Unread))
            }
            other => match self.check(other) {
                Ok(_) => Err(OTHER_KIND),
                Err(error) => Err(error),
            },
        }
    }

    /// One search of continuous reading. The module hears "stop" at the end of the search in
    /// which it comes (captured), so it is told a little before that.
    fn read_continuously(&mut self) -> Result<Search, ReaderError> {
        let dwell = Duration::from_millis(u64::from(self.profile.dwell_ms));
        let start = Command::StartReading {
            flags: self.profile.search_flags | search_flag::STREAM,
            timeout_ms: self.profile.dwell_ms,
            metadata: metadata::ALL,
        };
        let started = match self.link.ask(&start)? {
            Reply::Started => Instant::now(),
            other => {
                self.check(other)?;
                return Err(OTHER_KIND);
            }
        };
        let mut search = Search::default();
        let stop_at = started + dwell.saturating_sub(STOP_LEAD.min(dwell / 4));
        while let Some(reply) = self.link.next(stop_at)? {
            search.take(&reply);
        }
        self.link.stop()?;
        // It may have heard us just too late, and then searches once more.
        let ended_by = started + dwell * 2 + OVERTIME + RESPONSE_MARGIN;
        while let Some(reply) = self.link.next(ended_by)? {
            if search.take(&reply) {
                self.link.stopped();
                return Ok(search);
            }
        }
        Err(silent(started))
    }

    /// One search into the buffer, then all that is in it.
    fn read_into_buffer(&mut self) -> Result<Search, ReaderError> {
        self.done(&Command::ClearBuffer)?;
        let command = Command::ReadMultiple {
            flags: self.profile.search_flags,
            timeout_ms: self.profile.dwell_ms,
        };
        let count = match self.link.ask(&command)? {
            Reply::Found { count, .. } => usize::try_from(count).unwrap_or(HEARD_MAX),
            Reply::Failed { status: Status::NO_TAGS, .. } => 0,
            other => {
                self.check(other)?;
                return Err(OTHER_KIND);
            }
        };
        let mut search = Search::default();
        let mut taken = 0;
        while taken < count.min(HEARD_MAX) {
            let command = Command::GetBuffer { metadata: metadata::ALL };
            let Reply::Buffer { records, .. } = self.ask(&command)? else {
                return Err(OTHER_KIND);
            };
            if records.is_empty() {
                break;
            }
            taken += records.len();
            for record in &records {
                search.add(record);
            }
        }
        Ok(search)
    }
}
