//! What the module answers to each command (readers.md 5.1 and 5.2).

use std::collections::BTreeSet;
use std::time::Duration;

use super::search::{ALL, Search, buffered};
use crate::sim::field::Field;
use crate::sim::gen2::{self, Ask, Failure, Power, Selection};

/// A Nano's version (captured): boot loader, hardware, date, firmware, protocols.
const VERSION: [u8; 20] = [
    0x14, 0x12, 0x08, 0x00, 0x30, 0x00, 0x00, 0x02, 0x20, 0x15, 0x03, 0x10, 0x01, 0x03, 0x01, 0x47,
    0x00, 0x00, 0x00, 0x10,
];
/// Regions a Nano offers (captured).
const REGIONS: [u8; 9] = [0x0D, 0x04, 0x05, 0x06, 0x08, 0x09, 0x0B, 0x0C, 0xFF];
/// Most power of a Nano, 0.01 dBm (captured); the least is 0.
const POWER_MAX: u16 = 2700;
/// From the boot loader into the application. UNCONFIRMED.
const BOOT: Duration = Duration::from_millis(650);
/// At more than this power, 0.01 dBm, the module gets too hot. A planning value.
const HOT_POWER: u16 = 2600;
/// So many searches it endures at that power. A planning value.
const HOT_SEARCHES: u32 = 3;
/// Carrier in the captures, kHz; the hopping is not simulated.
const FREQUENCY: u32 = 919_600;
/// Most data of one frame.
const DATA_MAX: usize = 255;

/// An answer and the time before it.
pub(super) struct Done {
    pub(super) status: u16,
    pub(super) data: Vec<u8>,
    pub(super) time: Duration,
}

fn ok(data: &[u8]) -> Done {
    Done { status: 0, data: data.to_vec(), time: Duration::ZERO }
}

fn fail(status: u16) -> Done {
    Done { status, data: Vec::new(), time: Duration::ZERO }
}

/// The module's state.
#[derive(Debug, Default)]
pub(super) struct Machine {
    /// Out of the boot loader.
    running: bool,
    region: Option<u8>,
    gen2: bool,
    power: Option<Power>,
    antenna: Option<u8>,
    search_antenna: Option<u8>,
    report_once: bool,
    buffer: Vec<Vec<u8>>,
    /// Length of each search while reading continuously.
    reading: Option<Duration>,
    /// Told in this reading.
    told: BTreeSet<Vec<u8>>,
    hot_searches: u32,
}

impl Machine {
    pub(super) fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    fn power(&self) -> Power {
        self.power.unwrap_or(Power { read: POWER_MAX, write: POWER_MAX })
    }

    pub(super) fn answer(&mut self, code: u8, data: &[u8], field: &mut Field) -> Done {
        match (code, data) {
            (0x03, []) => ok(&VERSION),
            // Which program: the low bits say 1 for the boot loader (vendor's source; the others
            // are those captured in the application).
            (0x0C, []) => ok(&[if self.running { 0x52 } else { 0x51 }]),
            (0x04, []) if !self.running => {
                self.running = true;
                Done { time: BOOT, ..ok(&VERSION) }
            }
            // In the boot loader nothing else is known, in the application 04 is not.
            (0x04, []) => fail(0x0101),
            _ if !self.running => fail(0x0101),
            (0x21..=0x28, _) if self.radio().is_some() => fail(self.radio().unwrap_or(0)),
            (0x21, &[high, low]) => self.single(millis(high, low), field),
            (0x22, &[0, _, _, high, low]) => self.search_to_buffer(data, millis(high, low), field),
            (0x23, _) => self.write_epc(data, field),
            (0x24, _) => self.write(data, field),
            (0x28, _) => self.read(data, field),
            (0x29, &[a, b, 0]) if [a, b] == ALL => self.take_buffer(),
            (0x2A, []) => {
                self.buffer.clear();
                ok(&[])
            }
            (0x2F, _) => self.reading(data),
            (0x61..=0x6F, _) => self.get(code, data),
            (0x91..=0x9A, _) => self.set(code, data),
            (0x06, &[0, 1, 0xC2, 0]) => ok(&[]),
            (0x06, _) => fail(0x010A),
            (0x21..=0x2F, _) => fail(0x0105),
            _ => fail(0x0101),
        }
    }

    /// Why the radio cannot be used.
    fn radio(&self) -> Option<u16> {
        match (self.region, self.gen2) {
            (None, _) => Some(0x0405),
            (_, false) => Some(0x0401),
            _ if self.antenna.is_none() => Some(0x0503),
            _ if self.hot_searches > HOT_SEARCHES => Some(0x0504),
            _ => None,
        }
    }

    fn get(&self, code: u8, data: &[u8]) -> Done {
        let Power { read, write } = self.power();
        let asked = if code == 0x62 { read } else { write };
        match (code, data) {
            (0x61, &[what]) => {
                let antenna = self.antenna.unwrap_or(1);
                ok(&[what, antenna, antenna])
            }
            (0x62 | 0x64, [0]) => ok(&[&[0], &asked.to_be_bytes()[..]].concat()),
            (0x62 | 0x64, [1]) => {
                let limits = [asked.to_be_bytes(), POWER_MAX.to_be_bytes(), [0, 0]].concat();
                ok(&[&[1], &limits[..]].concat())
            }
            (0x63, []) => ok(&[0, if self.gen2 { 5 } else { 0 }]),
            (0x67, []) => ok(&[self.region.unwrap_or(0)]),
            (0x68, []) => ok(&[0]),
            _ => fail(0x0105),
        }
    }

    fn set(&mut self, code: u8, data: &[u8]) -> Done {
        match (code, data) {
            // A Nano has one antenna.
            (0x91, &([tx, rx] | [2, tx, rx])) if (tx, rx) != (1, 1) => return fail(0x0105),
            (0x91, [_, _]) => self.antenna = Some(0x11),
            (0x91, [2, _, _]) => self.search_antenna = Some(0x11),
            (0x92 | 0x94, &[high, low]) => {
                let wanted = u16::from_be_bytes([high, low]);
                if wanted > POWER_MAX {
                    return fail(0x0103);
                }
                let Power { read, write } = self.power();
                self.power = Some(match code {
                    0x92 => Power { read: wanted, write },
                    _ => Power { read, write: wanted },
                });
            }
            (0x93, [0, 5]) => self.gen2 = true,
            (0x93, [_, _]) => return fail(0x0402),
            (0x97, &[region]) if REGIONS.contains(&region) => self.region = Some(region),
            (0x97, [_]) => return fail(0x010B),
            (0x98, [_]) | (0x96, [_, _] | [_, _, _, _]) => {}
            (0x9A, &[1, 0x0C, value @ 0..=1]) => self.report_once = value == 1,
            _ => return fail(0x0105),
        }
        ok(&[])
    }

    fn search(&mut self, time: Duration) -> Search {
        if self.power().read > HOT_POWER {
            self.hot_searches += 1;
        }
        let antenna = self.search_antenna.unwrap_or(0x11);
        Search { power: self.power().read, time, antenna, frequency: FREQUENCY }
    }

    fn single(&mut self, time: Duration, field: &mut Field) -> Done {
        let readings = self.search(time).run(field);
        match readings.first() {
            Some(reading) => {
                let mut data = reading.said.words[2..].to_vec();
                data.extend(reading.said.crc.to_be_bytes());
                Done { time: reading.at, ..ok(&data) }
            }
            None => Done { time, ..fail(0x0400) },
        }
    }

    fn search_to_buffer(&mut self, data: &[u8], time: Duration, field: &mut Field) -> Done {
        let search = self.search(time);
        self.buffer = buffered(&search, &search.run(field));
        let count = (self.buffer.len() as u32).to_be_bytes();
        match self.buffer.is_empty() {
            true => Done { time, ..fail(0x0400) },
            false => Done { time, ..ok(&[&data[..3], &count].concat()) },
        }
    }

    /// As many records as one frame holds.
    fn take_buffer(&mut self) -> Done {
        let mut data = vec![ALL[0], ALL[1], 0, 0];
        while let Some(record) = self.buffer.first() {
            if data.len() + record.len() > DATA_MAX {
                break;
            }
            data.extend(self.buffer.remove(0));
            data[3] += 1;
        }
        ok(&data)
    }

    fn reading(&mut self, data: &[u8]) -> Done {
        match *data {
            [0, 0, 2] => {
                self.reading = None;
                ok(&[2])
            }
            [0, 0, 1, 0x22, 0, 0, 5, 7, 0x22, 0x10, _, flags, high, low, a, b]
                if flags & 0x08 != 0 && [a, b] == ALL =>
            {
                if let Some(status) = self.radio() {
                    return fail(status);
                }
                self.reading = Some(millis(high, low));
                self.told.clear();
                ok(&[1, 0x22, 0, 0])
            }
            _ => fail(0x0105),
        }
    }

    /// One search while reading continuously: when, status, and data of each frame of command 22.
    pub(super) fn search_and_tell(&mut self, field: &mut Field) -> Vec<(Duration, u16, Vec<u8>)> {
        let Some(time) = self.reading else { return Vec::new() };
        if let Some(status) = self.radio() {
            return vec![(time, status, Vec::new())];
        }
        let search = self.search(time);
        let mut frames = Vec::new();
        for reading in search.run(field) {
            if self.told.insert(reading.said.words.clone()) || !self.report_once {
                let mut data = vec![0x10, 0x00, 0x1B, ALL[0], ALL[1], 0x01];
                data.extend(search.record(&reading, 1));
                frames.push((reading.at, 0, data));
            }
        }
        frames.push((time, 0x0400, Vec::new()));
        frames
    }

    fn read(&mut self, data: &[u8], field: &mut Field) -> Done {
        let &[high, low, option, 0, 0, bank, a, b, c, d, words, ref filter @ ..] = data else {
            return fail(0x0105);
        };
        let Some((ask, [])) = self.ask(millis(high, low), option & !0x10, filter) else {
            return fail(0x0105);
        };
        let address = u32::from_be_bytes([a, b, c, d]) as usize;
        match gen2::read(field, &ask, bank, address, usize::from(words)) {
            (Ok(read), time) if read.len() + 3 <= DATA_MAX => {
                Done { time, ..ok(&[&[option, 0, 0], &read[..]].concat()) }
            }
            (Ok(_), time) => Done { time, ..fail(0x040B) },
            (Err(failure), time) => Done { time, ..fail(status(failure)) },
        }
    }

    fn write(&mut self, data: &[u8], field: &mut Field) -> Done {
        let &[high, low, option, a, b, c, d, bank, ref rest @ ..] = data else {
            return fail(0x0105);
        };
        let Some((ask, words)) = self.ask(millis(high, low), option, rest) else {
            return fail(0x0105);
        };
        let (words, []) = words.as_chunks::<2>() else { return fail(0x0100) };
        let address = u32::from_be_bytes([a, b, c, d]) as usize;
        let (result, time) = gen2::write(field, &ask, bank, address, words);
        match result {
            Ok(()) => Done { time, ..ok(&[]) },
            Err(failure) => Done { time, ..fail(status(failure)) },
        }
    }

    fn write_epc(&mut self, data: &[u8], field: &mut Field) -> Done {
        let &[high, low, option, ref rest @ ..] = data else { return fail(0x0105) };
        // Without a filter one more byte stands here (captured).
        let rest = if option == 0 { rest.get(1..).unwrap_or_default() } else { rest };
        let Some((ask, epc)) = self.ask(millis(high, low), option, rest) else {
            return fail(0x0105);
        };
        match gen2::write_uii(field, &ask, epc) {
            (Ok(()), time) => Done { time, ..ok(&[]) },
            (Err(failure), time) => Done { time, ..fail(status(failure)) },
        }
    }

    /// Which tag the option and the bytes that follow name; the bytes left over.
    fn ask<'a>(&self, timeout: Duration, option: u8, rest: &'a [u8]) -> Option<(Ask, &'a [u8])> {
        let power = self.power();
        if option == 0 {
            let ask = Ask { selection: Selection::Any, password: 0, timeout, power };
            return Some((ask, rest));
        }
        let (password, rest) = rest.split_first_chunk::<4>()?;
        let password = u32::from_be_bytes(*password);
        let (selection, rest) = match option {
            5 => (Selection::Any, rest),
            1 => {
                let (bits, rest) = rest.split_first()?;
                let (mask, rest) = rest.split_at_checked(usize::from(bits / 8))?;
                (Selection::Uii(mask.to_vec()), rest)
            }
            2 => {
                let (&[0, 0, 0, 0, bits], rest) = rest.split_first_chunk::<5>()? else {
                    return None;
                };
                let (mask, rest) = rest.split_at_checked(usize::from(bits / 8))?;
                (Selection::Tid(mask.to_vec()), rest)
            }
            _ => return None,
        };
        Some((Ask { selection, password, timeout, power }, rest))
    }
}

fn millis(high: u8, low: u8) -> Duration {
    Duration::from_millis(u64::from(u16::from_be_bytes([high, low])))
}

/// 0400, 0423, 0424 were captured for their causes; the others are the table's words.
fn status(failure: Failure) -> u16 {
    match failure {
        Failure::NoTag => 0x0400,
        Failure::Overrun => 0x0423,
        Failure::Locked => 0x0424,
        Failure::WrongPassword => 0x0420,
        Failure::WeakPower => 0x042B,
        Failure::NotWritten => 0x0406,
    }
}

#[cfg(test)]
mod tests;
