//! What the PN532 answers to each command.
//!
//! Enough for listing cards by this driver, nfcpy and libnfc: other kinds of card are never there,
//! and an exchange with a card times out. Codes and layouts are those of readers.md section 6 and
//! of nfcpy's table of commands.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::rfid::Uid;
use crate::sim::field::{Chip, Field};

/// IC, version, revision, support (readers.md section 6).
const FIRMWARE: [u8; 4] = [0x32, 0x01, 0x06, 0x07];

/// Calls for a card for ever, the setting after power-up.
const FOR_EVER: u8 = 0xFF;

/// SetParameters flag: ask cards of ISO 14443-4 for their ATS. On after power-up.
const AUTOMATIC_ATS: u8 = 0x10;

/// Status of an exchange with a card that does not answer.
const TIME_OUT: u8 = 0x01;
/// Status of a command about a target that is not listed.
const NO_TARGET: u8 = 0x27;

/// CIU_FIFOData, in which nfcpy looks for the call that nobody answered.
const FIFO_DATA: u16 = 0x6339;
const CALL: u8 = 0x26;

/// One call nobody answers. UNCONFIRMED; ISO 14443-3 gives cards 5 ms after the field came on.
const CALL_AIR: Duration = Duration::from_millis(5);
/// One cascade level: anticollision and select at 106 kbit/s, some 200 bits with their gaps.
const LEVEL_AIR: Duration = Duration::from_millis(3);
/// RATS and ATS.
const ATS_AIR: Duration = Duration::from_millis(5);

/// What becomes of a command.
pub(super) enum Outcome {
    /// An answer after a time on the air.
    Answer(Vec<u8>, Duration),
    /// Answered when a card comes.
    Waits(Call),
    /// Not understood.
    Unknown,
}

/// A call for cards.
#[derive(Debug, Clone)]
pub(super) struct Call {
    max: u8,
    /// Only the card with this UID, where not empty; as on the air, cascade tags included.
    only: Vec<u8>,
}

/// The chip's state.
#[derive(Debug)]
pub(super) struct Machine {
    /// Calls after the first one.
    passive_retries: u8,
    parameters: u8,
    listed: u8,
    registers: BTreeMap<u16, u8>,
    pub(super) asleep: bool,
}

impl Default for Machine {
    /// After power-up: asleep, calling for ever.
    fn default() -> Self {
        Self {
            passive_retries: FOR_EVER,
            parameters: AUTOMATIC_ATS,
            listed: 0,
            registers: BTreeMap::new(),
            asleep: true,
        }
    }
}

impl Machine {
    pub(super) fn answer(&mut self, command: &[u8], field: &mut Field) -> Outcome {
        let Some((&code, data)) = command.split_first() else { return Outcome::Unknown };
        let reply = match (code, data) {
            // Diagnose: the line test says the same again.
            (0x00, [0x00, ..]) => data.to_vec(),
            (0x00, _) => vec![0],
            (0x02, []) => FIRMWARE.to_vec(),
            (0x04, []) => vec![0, 1, 0, 0],
            (0x06, _) => self.read_registers(data),
            (0x08, _) => self.write_registers(data),
            // SetSerialBaudRate: the simulated line has no speed of its own.
            (0x10, [_]) => Vec::new(),
            (0x12, &[flags]) => {
                self.parameters = flags;
                Vec::new()
            }
            (0x14, [1..=4, ..]) => Vec::new(),
            (0x16, [_, ..]) => {
                self.asleep = true;
                vec![0]
            }
            (0x32, &[0x05, _, _, passive]) => {
                self.passive_retries = passive;
                Vec::new()
            }
            (0x32, [0x01 | 0x02 | 0x04 | 0x0A..=0x0D, _, ..]) => Vec::new(),
            (0x40 | 0x42, _) => vec![TIME_OUT],
            (0x44 | 0x52 | 0x54, &[target]) => {
                let known = target <= self.listed;
                if code != 0x54 && target == 0 {
                    self.listed = 0;
                }
                vec![if known { 0 } else { NO_TARGET }]
            }
            (0x4A, &[max @ 1..=2, kind, ref only @ ..]) => {
                return self.list(max, kind, only, field);
            }
            _ => return Outcome::Unknown,
        };
        Outcome::Answer(reply_to(code, &reply), Duration::ZERO)
    }

    fn list(&mut self, max: u8, kind: u8, only: &[u8], field: &mut Field) -> Outcome {
        let call = Call { max, only: only.to_vec() };
        let calls = u32::from(self.passive_retries) + 1;
        if kind == 0
            && let Some((reply, air)) = self.called(&call, field)
        {
            return Outcome::Answer(reply, air);
        }
        if self.passive_retries == FOR_EVER {
            // Other kinds of card never come: the longest bound there is.
            return Outcome::Waits(Call { max: if kind == 0 { max } else { 0 }, ..call });
        }
        self.listed = 0;
        Outcome::Answer(reply_to(0x4A, &[0]), CALL_AIR * calls)
    }

    /// The listing, if somebody answers now.
    pub(super) fn called(&mut self, call: &Call, field: &mut Field) -> Option<(Vec<u8>, Duration)> {
        let mut cards = field.cards();
        cards.retain(|(uid, _)| call.only.is_empty() || on_air(uid) == call.only);
        cards.truncate(usize::from(call.max));
        if cards.is_empty() {
            return None;
        }
        self.listed = cards.len() as u8;
        let mut body = vec![self.listed];
        let mut air = CALL_AIR;
        for (number, (uid, chip)) in (1..).zip(&cards) {
            let uid = uid.bytes();
            air += LEVEL_AIR * uid.len().div_ceil(4) as u32;
            let (atqa, sak, ats): ([u8; 2], u8, &[u8]) = match chip {
                Chip::MifareDesfire => ([0x03, 0x44], 0x20, &[0x06, 0x75, 0x77, 0x81, 0x02, 0x80]),
                _ if uid.len() > 4 => ([0x00, 0x44], 0x08, &[]),
                _ => ([0x00, 0x04], 0x08, &[]),
            };
            body.push(number);
            body.extend(atqa);
            body.extend([sak, uid.len() as u8]);
            body.extend_from_slice(uid);
            if self.parameters & AUTOMATIC_ATS != 0 {
                body.extend_from_slice(ats);
                air += if ats.is_empty() { Duration::ZERO } else { ATS_AIR };
            }
        }
        Some((reply_to(0x4A, &body), air))
    }

    fn read_registers(&self, data: &[u8]) -> Vec<u8> {
        let (addresses, _) = data.as_chunks::<2>();
        let value = |address: &[u8; 2]| match u16::from_be_bytes(*address) {
            FIFO_DATA => CALL,
            other => self.registers.get(&other).copied().unwrap_or(0),
        };
        addresses.iter().map(value).collect()
    }

    fn write_registers(&mut self, data: &[u8]) -> Vec<u8> {
        let (writes, _) = data.as_chunks::<3>();
        for &[high, low, value] in writes {
            self.registers.insert(u16::from_be_bytes([high, low]), value);
        }
        Vec::new()
    }
}

fn reply_to(code: u8, data: &[u8]) -> Vec<u8> {
    [&[code + 1], data].concat()
}

/// A UID as a host asks for it: a cascade tag before each part but the last.
fn on_air(uid: &Uid) -> Vec<u8> {
    match uid.bytes() {
        [a @ .., b, c, d, e] if a.len() == 3 => [&[0x88], a, &[*b, *c, *d, *e]].concat(),
        [a, b, c, d, e, f, rest @ ..] if rest.len() == 4 => {
            [&[0x88, *a, *b, *c, 0x88, *d, *e, *f], rest].concat()
        }
        short => short.to_vec(),
    }
}
