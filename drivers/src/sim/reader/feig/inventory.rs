//! `B0 01`: which records are listed, and in which replies.

use std::collections::BTreeSet;
use std::time::Duration;

use super::machine::{Answer, MORE_DATA, NO_TAG, OK, OVERFLOW, RF_RESET};
use super::{FeigClass, FeigOptions};
use crate::rfid::{Air, Uid};
use crate::sim::field::{Field, Polls, Position};

/// Most records of the classic-pro standard firmware (readers.md 2.4).
const CPR_RECORDS: usize = 4;

/// Time for asking for ISO 14443A cards. UNCONFIRMED; some REQA, anticollision and halt frames at
/// 106 kbit/s.
const CARD_POLL: Duration = Duration::from_millis(10);

/// Records not told yet, and cards that were told.
#[derive(Default)]
pub(super) struct Inventory {
    pending: Vec<Vec<u8>>,
    /// ISO 14443 cards put to halt; ISO 15693 tags remember themselves.
    halted: BTreeSet<Uid>,
}

impl Inventory {
    /// Without a field tags forget everything.
    pub(super) fn rf_reset(&mut self, field: &mut Field) {
        self.halted.clear();
        let on_pad = field.on_pad();
        for id in &on_pad {
            field.lift(id);
        }
        for id in &on_pad {
            field.lay(id);
        }
    }

    pub(super) fn run(&mut self, options: &FeigOptions, ont: bool, field: &mut Field) -> Answer {
        let mut air = Duration::ZERO;
        if !ont {
            self.rf_reset(field);
            air += RF_RESET;
        }
        let (seen, time) = field.inventory(0, Polls::One);
        air += time;
        self.pending.clear();
        for tag in seen.iter().filter(|seen| seen.air == Air::Iso15693) {
            self.pending.push([&[0x03, tag.dsfid.unwrap_or(0)], tag.uid.bytes()].concat());
            if ont {
                air += field.quiet(tag.uid).time;
            }
        }
        if options.class == FeigClass::Cpr {
            air += CARD_POLL;
            self.list_cards(ont, field);
            if self.pending.len() > CPR_RECORDS {
                self.pending.clear();
                return Answer { status: OVERFLOW, data: Vec::new(), air };
            }
        }
        let mut answer = self.more(options);
        answer.air += air;
        answer
    }

    fn list_cards(&mut self, ont: bool, field: &Field) {
        let on_pad = field.on_pad();
        let cards = field.tags().iter().filter(|tag| {
            on_pad.contains(&tag.id)
                && tag.chip.air() == Air::Iso14443
                && tag.position != Position::Silent
        });
        let here: BTreeSet<Uid> = cards.map(|tag| tag.uid).collect();
        self.halted.retain(|uid| here.contains(uid));
        for uid in here {
            if ont && !self.halted.insert(uid) {
                continue;
            }
            let bytes = uid.bytes();
            // Zeros in front; bit 2 of TR_INFO tells of the longer field.
            let (info, field_len) = if bytes.len() > 7 { (0x04, 10) } else { (0x00, 7) };
            let mut record = vec![0x04, info, 0x00];
            record.resize(3 + field_len - bytes.len().min(field_len), 0);
            record.extend(bytes);
            self.pending.push(record);
        }
    }

    /// The next page.
    pub(super) fn more(&mut self, options: &FeigOptions) -> Answer {
        let count = self.pending.len().min(options.page_records.clamp(1, 255));
        let page: Vec<Vec<u8>> = self.pending.drain(..count).collect();
        let status = match (page.is_empty(), self.pending.is_empty()) {
            (true, _) => NO_TAG,
            (false, true) => OK,
            (false, false) => MORE_DATA,
        };
        let mut data = Vec::new();
        if !page.is_empty() {
            data.push(page.len() as u8);
            data.extend(page.concat());
        }
        Answer { status, data, air: Duration::ZERO }
    }
}
