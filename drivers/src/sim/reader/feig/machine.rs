//! What a FEIG reader answers to each command (readers.md 2.3).

use std::time::Duration;

use super::config::Config;
use super::inventory::Inventory;
use super::{FeigClass, FeigOptions};
use crate::sim::field::Field;

pub(super) const OK: u8 = 0x00;
pub(super) const NO_TAG: u8 = 0x01;
pub(super) const WRITE_ERROR: u8 = 0x03;
pub(super) const PARAMETER: u8 = 0x11;
pub(super) const UNKNOWN: u8 = 0x80;
pub(super) const LENGTH: u8 = 0x81;
pub(super) const RF_COMMUNICATION: u8 = 0x83;
pub(super) const OVERFLOW: u8 = 0x93;
pub(super) const MORE_DATA: u8 = 0x94;
pub(super) const ISO_ERROR: u8 = 0x95;

/// Field off in an RF reset (readers.md 2.2).
pub(super) const RF_RESET: Duration = Duration::from_millis(15);

/// SW-REV, D-REV and HW-TYPE of the simulated reader; invented.
const VERSION: [u8; 4] = [0x01, 0x04, 0x00, 0x00];
/// SW-TYPE of CPR.M02 and of MR101-A (readers.md 2.3).
const CPR_M02: u8 = 80;
const MR101: u8 = 76;
/// TR-TYPE bits: ISO 15693, 14443A and 14443B.
const CPR_TAGS: u8 = 0x38;
const MR_TAGS: u8 = 0x08;
/// Receive and transmit buffers, 256 bytes each; invented.
const BUFFERS: [u8; 4] = [0x01, 0x00, 0x01, 0x00];

/// An answer and the time on the air before it.
pub(super) struct Answer {
    pub(super) status: u8,
    pub(super) data: Vec<u8>,
    pub(super) air: Duration,
}

impl Answer {
    pub(super) fn at_once(status: u8, data: impl Into<Vec<u8>>) -> Self {
        Self { status, data: data.into(), air: Duration::ZERO }
    }

    pub(super) fn status(status: u8) -> Self {
        Self::at_once(status, [])
    }
}

pub(super) struct Machine {
    pub(super) options: FeigOptions,
    config: Config,
    pub(super) inventory: Inventory,
    pub(super) selected: Option<[u8; 8]>,
    field_on: bool,
    /// The tags were without power since the last command.
    tags_forgot: bool,
}

impl Machine {
    pub(super) fn new(options: FeigOptions) -> Self {
        Self {
            options,
            config: Config::new(options.ont),
            inventory: Inventory::default(),
            selected: None,
            field_on: true,
            tags_forgot: false,
        }
    }

    pub(super) fn power_off(&mut self) {
        self.config.reload();
        self.inventory = Inventory::default();
        self.selected = None;
        self.field_on = true;
        self.tags_forgot = true;
    }

    pub(super) fn answer(&mut self, body: &[u8], field: &mut Field) -> Answer {
        if std::mem::take(&mut self.tags_forgot) {
            self.inventory.rf_reset(field);
        }
        let Some((&code, data)) = body.split_first() else { return Answer::status(LENGTH) };
        match (code, data) {
            (0x52, [0]) => Answer::status(OK),
            (0x63, []) => {
                self.power_off();
                Answer::status(OK)
            }
            (0x65, []) => Answer::at_once(OK, self.version()),
            (0x66, &[mode]) => self.information(mode),
            (0x69, []) => {
                self.inventory.rf_reset(field);
                self.selected = None;
                self.field_on = true;
                Answer { status: OK, data: Vec::new(), air: RF_RESET }
            }
            (0x6A, &[output @ 0..=2]) => {
                self.field_on = output != 0;
                // Off now or just on again: tags start anew.
                self.tags_forgot = output == 0;
                Answer::status(OK)
            }
            (0x71, data) if data.len() == 8 => Answer::status(OK),
            (0x74, []) => Answer::at_once(OK, [0]),
            (0x80, &[address]) => match self.config.read(address) {
                Ok(block) => Answer::at_once(OK, block),
                Err(status) => Answer::status(status),
            },
            (0x81, &[address, ref block @ ..]) if block.len() == 14 => {
                let block = block.try_into().unwrap_or_default();
                settled(self.config.write(address, block))
            }
            (0x82, &[address]) => settled(self.config.save(address)),
            (0x83, &[address]) => settled(self.config.reset(address)),
            (0xB0, [0x01, mode @ ..]) => self.list(mode, field),
            (0xB0 | 0xB1, _) if !self.field_on => Answer::status(NO_TAG),
            (0xB0, _) => self.host(data, field),
            (0xB1, _) => self.custom(data, field),
            (0x6A, &[_]) => Answer::status(PARAMETER),
            (0x52..=0x83, _) if KNOWN.contains(&code) => Answer::status(LENGTH),
            _ => Answer::status(UNKNOWN),
        }
    }

    fn list(&mut self, mode: &[u8], field: &mut Field) -> Answer {
        match mode {
            _ if !self.field_on => Answer::status(NO_TAG),
            [0x80] => self.inventory.more(&self.options),
            // Presence and notification change when the reader answers, not what; not simulated.
            [0x00] => self.inventory.run(&self.options, self.config.ont(), field),
            [_] => Answer::status(PARAMETER),
            _ => Answer::status(LENGTH),
        }
    }

    fn version(&self) -> Vec<u8> {
        let (model, tags) = match self.options.class {
            FeigClass::Cpr => (CPR_M02, CPR_TAGS),
            FeigClass::Mr => (MR101, MR_TAGS),
        };
        [&VERSION[..], &[model, 0x00, tags]].concat()
    }

    fn information(&self, mode: u8) -> Answer {
        match mode {
            0x00 => Answer::at_once(OK, [&self.version()[..], &BUFFERS].concat()),
            0x80 => {
                // Device, customer; firmware, tag driver, functions; spare. Invented.
                let ids = [0, 0, 0x12, 0x34, 0, 0, 0, 0, 0x01, 0x04, 0, 0, 0, 0, 0, 0];
                Answer::at_once(OK, ids)
            }
            // 03 and 04 exist, but what they tell was not read.
            _ => Answer::status(PARAMETER),
        }
    }
}

const KNOWN: [u8; 12] = [0x52, 0x63, 0x65, 0x66, 0x69, 0x6A, 0x71, 0x74, 0x80, 0x81, 0x82, 0x83];

fn settled(done: Result<(), u8>) -> Answer {
    Answer::status(done.err().unwrap_or(OK))
}

#[cfg(test)]
mod tests;
