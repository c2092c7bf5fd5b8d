//! The SAM_V module: what it hears, what it answers, and the card that lies on it.
//!
//! Written apart from the driver's codec and pinned to the same published frames.

use super::card::Card;
use super::faults::{Faults, SimStep};

/// Where the card is in the three steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Laid and not found yet.
    New,
    Found,
    Selected,
    /// Read, or failed: it must leave before it is found again.
    Done,
}

/// The module with what lies on it.
#[derive(Debug, Default)]
pub(super) struct Module {
    card: Option<(Card, Stage)>,
}

impl Module {
    pub(super) fn lay(&mut self, card: Card) {
        self.card = Some((card, Stage::New));
    }

    pub(super) fn lift(&mut self) {
        self.card = None;
    }

    /// The answer to a command (code and parameter), and which step it was.
    pub(super) fn answer(&mut self, command: &Heard, faults: &Faults) -> (SimStep, Vec<u8>) {
        let step = match command {
            Heard::BadSum => return (SimStep::Status, reply(0x10, &[])),
            Heard::Command(0x11, 0xFF) => SimStep::Status,
            Heard::Command(0x20, 0x01) => SimStep::Find,
            Heard::Command(0x20, 0x02) => SimStep::Select,
            Heard::Command(0x30, 0x01) => SimStep::Read,
            Heard::Command(..) => return (SimStep::Status, reply(0x24, &[])),
        };
        let (code, data) = match faults.forced(step) {
            Some(code) => {
                self.fail();
                (code, Vec::new())
            }
            None => self.act(step),
        };
        if step == SimStep::Select && code == 0x90 && faults.pulled {
            self.card = None;
        }
        (step, reply(code, &data))
    }

    fn fail(&mut self) {
        if let Some((_, stage)) = &mut self.card {
            *stage = Stage::Done;
        }
    }

    fn act(&mut self, step: SimStep) -> (u8, Vec<u8>) {
        match (step, &mut self.card) {
            (SimStep::Status, _) => (0x90, Vec::new()),
            (SimStep::Find, Some((_, stage @ (Stage::New | Stage::Found)))) => {
                *stage = Stage::Found;
                (0x9F, vec![0; 4])
            }
            (SimStep::Find, _) => (0x80, Vec::new()),
            (SimStep::Select, Some((_, stage @ Stage::Found))) => {
                *stage = Stage::Selected;
                (0x90, vec![0; 8])
            }
            (SimStep::Select, _) => (0x81, Vec::new()),
            (SimStep::Read, Some((card, stage @ Stage::Selected))) => {
                *stage = Stage::Done;
                (0x90, card.basic_data())
            }
            (SimStep::Read, _) => (0x41, Vec::new()),
        }
    }
}

/// A frame to the host: the sum is kept while it is written.
fn reply(code: u8, data: &[u8]) -> Vec<u8> {
    let len = 3 + data.len() + 1;
    let mut frame = vec![0xAA, 0xAA, 0xAA, 0x96, 0x69];
    let mut sum = 0;
    let body = [(len / 256) as u8, (len % 256) as u8, 0, 0, code];
    for byte in body.iter().chain(data) {
        sum ^= byte;
        frame.push(*byte);
    }
    frame.push(sum);
    frame
}

/// A whole command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Code and parameter.
    Command(u8, u8),
    /// Its checksum is wrong.
    BadSum,
}

/// Hears commands byte by byte.
#[derive(Debug, Default)]
pub(super) struct Ear {
    /// Bytes of the frame heard so far.
    at: usize,
    len: usize,
    sum: u8,
    body: [u8; 2],
}

impl Ear {
    pub(super) fn hear(&mut self, byte: u8) -> Option<Heard> {
        const START: [u8; 5] = [0xAA, 0xAA, 0xAA, 0x96, 0x69];
        if self.at < START.len() {
            let more = START.get(self.at) == Some(&byte);
            // AA may be the third of a run of AAs, or the first.
            self.at = match (more, byte == 0xAA) {
                (true, _) => self.at + 1,
                (false, true) => self.at.min(3),
                (false, false) => 0,
            };
            (self.len, self.sum) = (0, 0);
            return None;
        }
        self.sum ^= byte;
        match self.at {
            5 | 6 => self.len = self.len * 256 + usize::from(byte),
            7 | 8 => self.body = if self.at == 7 { [byte, 0] } else { [self.body[0], byte] },
            _ => {}
        }
        self.at += 1;
        if self.at < 7 || self.at < 7 + self.len.min(16) {
            return None;
        }
        self.at = 0;
        Some(match self.sum {
            0 => Heard::Command(self.body[0], self.body[1]),
            _ => Heard::BadSum,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::card::CardKind;
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex.split_whitespace().map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
    }

    fn say(module: &mut Module, hex: &str) -> Vec<u8> {
        let mut ear = Ear::default();
        let heard: Vec<Heard> = bytes(hex).into_iter().filter_map(|b| ear.hear(b)).collect();
        let [command] = heard[..] else { panic!("{heard:?}") };
        module.answer(&command, &Faults::default()).1
    }

    /// peripherals.md 3.2.
    #[test]
    fn the_published_frames() {
        let mut module = Module::default();
        let status = "AA AA AA 96 69 00 03 11 FF ED";
        let find = "AA AA AA 96 69 00 03 20 01 22";
        let none = bytes("AA AA AA 96 69 00 04 00 00 80 84");
        assert_eq!(say(&mut module, status), bytes("AA AA AA 96 69 00 04 00 00 90 94"));
        assert_eq!(say(&mut module, find), none);
        module.lay(Card::new("321182190001010012", CardKind::Resident).unwrap());
        assert_eq!(say(&mut module, find), bytes("AA AA AA 96 69 00 08 00 00 9F 00 00 00 00 97"));
        assert_eq!(
            say(&mut module, "AA AA AA 96 69 00 03 20 02 21"),
            bytes("AA AA AA 96 69 00 0C 00 00 90 00 00 00 00 00 00 00 00 9C")
        );
        let basic = say(&mut module, "AA AA AA 96 69 00 03 30 01 32");
        assert_eq!((basic.len(), &basic[5..14]), (1295, &bytes("05 08 00 00 90 01 00 04 00")[..]));
        assert_eq!(say(&mut module, find), none, "it must leave first");
    }

    #[test]
    fn damaged_and_unknown_commands() {
        let mut module = Module::default();
        let bad = say(&mut module, "00 AA AA AA AA 96 69 00 03 11 FF EE");
        assert_eq!(bad[9], 0x10);
        let unknown = say(&mut module, "AA AA AA 96 69 00 03 77 FF 8B");
        assert_eq!(unknown[9], 0x24);
    }
}
