//! A search as the module tells it: rounds, and one record for each tag read.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::sim::field::Field;
use crate::sim::gen2::{Said, air, round};

/// All metadata (flags 01FF), the only form simulated; every capture has it.
pub(super) const ALL: [u8; 2] = [0x01, 0xFF];

/// A search that is going on, or was made.
#[derive(Debug, Clone)]
pub(super) struct Search {
    /// Power, 0.01 dBm.
    pub(super) power: u16,
    /// How long.
    pub(super) time: Duration,
    /// Antenna that sends, and the one that hears.
    pub(super) antenna: u8,
    /// Carrier in kHz.
    pub(super) frequency: u32,
}

/// One reading of a tag.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// Since the search began.
    pub(super) at: Duration,
    pub(super) said: Said,
}

impl Search {
    /// Rounds until the time is over, each tag once in each.
    pub(super) fn run(&self, field: &mut Field) -> Vec<Reading> {
        let mut readings = Vec::new();
        let mut at = air::ROUND_LEAD;
        while at + air::TAG <= self.time {
            for said in round(field, self.power) {
                at += air::TAG;
                if at > self.time {
                    return readings;
                }
                readings.push(Reading { at, said });
            }
            at += air::ROUND_PAUSE;
        }
        readings
    }

    /// A record with all metadata.
    pub(super) fn record(&self, reading: &Reading, count: u8) -> Vec<u8> {
        let mut out = vec![count, reading.said.rssi as u8, self.antenna];
        out.extend(&self.frequency.to_be_bytes()[1..]);
        out.extend((reading.at.as_millis() as u32).to_be_bytes());
        // Phase, Gen2, no data, pins.
        out.extend([0, 0, 5, 0, 0, 0x0F]);
        out.extend(((reading.said.words.len() + 2) as u16 * 8).to_be_bytes());
        out.extend(&reading.said.words);
        out.extend(reading.said.crc.to_be_bytes());
        out
    }
}

/// Each tag once, with how often it was read.
pub(super) fn buffered(search: &Search, readings: &[Reading]) -> Vec<Vec<u8>> {
    let mut told = BTreeSet::new();
    let mut records = Vec::new();
    for reading in readings {
        if told.insert(reading.said.words.clone()) {
            let same = readings.iter().filter(|other| other.said.words == reading.said.words);
            records.push(search.record(reading, same.count().min(255) as u8));
        }
    }
    records
}
