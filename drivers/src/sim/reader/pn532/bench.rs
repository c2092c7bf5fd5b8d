//! A PN532 on a bench: I2C and SPI as embedded-hal traits, inside the test's own process.
//!
//! Time is real. Nothing is asked of a thread: what is ready when is noted at the command, and
//! looked at when the host asks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use embedded_hal::digital::{self, InputPin};
use embedded_hal::i2c::{self, I2c};
use embedded_hal::spi::{self, SpiDevice};

use super::frames::{ACK, ERROR, Ear, Heard, say};
use super::machine::{Call, Machine, Outcome};
use super::{ACK_DELAY, THINKING};
use crate::sim::field::{Field, Rng, TagState, air};
use crate::sim::reader::Fault;

/// The chip's 7-bit I2C address.
const ADDRESS: u8 = 0x24;

/// First byte of everything read on I2C, and the SPI status, while a frame is ready.
const READY: u8 = 0x01;

/// What is clocked out behind a frame. Real value UNCONFIRMED; not zero, so that a driver that
/// trusts it is caught.
const FILLER: u8 = 0xA5;

/// How long SPI select must be held to wake the chip (readers.md section 6: 2 ms).
const WAKE_NS: u32 = 2_000_000;

struct State {
    machine: Machine,
    ear: Ear,
    field: Field,
    /// Frames and when they are ready.
    ready: VecDeque<(Instant, Vec<u8>)>,
    waiting: Option<Call>,
    last_reply: Vec<u8>,
    rng: Rng,
    commands_seen: u64,
    transfers: u64,
    deaf: bool,
    unplugged: bool,
    slow: Duration,
    garbled_per_mille: u16,
}

impl State {
    fn hear(&mut self, bytes: &[u8]) {
        let now = Instant::now();
        for &byte in bytes {
            match self.ear.hear(byte, now) {
                Some(Heard::Command(body)) => self.command(&body, now),
                Some(Heard::Ack) => {
                    self.ready.clear();
                    self.waiting = None;
                }
                Some(Heard::Nack) if !self.deaf => {
                    let again = self.last_reply.clone();
                    self.say(now + ACK_DELAY, again);
                }
                Some(Heard::Damaged) if !self.deaf => self.say(now + ACK_DELAY, ERROR.to_vec()),
                _ => {}
            }
        }
    }

    fn command(&mut self, body: &[u8], now: Instant) {
        self.commands_seen += 1;
        self.ready.clear();
        self.waiting = None;
        if self.deaf {
            return;
        }
        let acked = now + ACK_DELAY + self.slow;
        self.say(acked, ACK.to_vec());
        match self.machine.answer(body, &mut self.field) {
            Outcome::Answer(body, air) => {
                self.last_reply = say(&body);
                let reply = self.last_reply.clone();
                self.say(acked + THINKING + air, reply);
            }
            Outcome::Waits(call) => self.waiting = Some(call),
            Outcome::Unknown => self.say(acked + THINKING, ERROR.to_vec()),
        }
    }

    fn say(&mut self, when: Instant, mut bytes: Vec<u8>) {
        for byte in &mut bytes {
            if self.rng.below(1000) < u32::from(self.garbled_per_mille) {
                *byte ^= 1 << self.rng.below(8);
            }
        }
        self.ready.push_back((when, bytes));
    }

    fn is_ready(&mut self) -> bool {
        let now = Instant::now();
        if self.ready.is_empty()
            && let Some(call) = self.waiting.clone()
            && let Some((body, air)) = self.machine.called(&call, &mut self.field)
        {
            self.waiting = None;
            self.last_reply = say(&body);
            let reply = self.last_reply.clone();
            self.say(now + air, reply);
        }
        self.ready.front().is_some_and(|(when, _)| *when <= now)
    }

    /// The frame that is ready, filled up. What the host does not take is lost.
    fn take(&mut self, buf: &mut [u8]) {
        buf.fill(FILLER);
        if self.is_ready()
            && let Some((_, frame)) = self.ready.pop_front()
        {
            for (place, byte) in buf.iter_mut().zip(frame) {
                *place = byte;
            }
        }
    }
}

/// A simulated chip and its handle. Clones are the same chip.
#[derive(Clone)]
pub struct Bench(Arc<Mutex<State>>);

impl Bench {
    /// A chip just powered up, with these cards on it.
    #[must_use]
    pub fn new(seed: u64, cards: Vec<TagState>) -> Self {
        let mut field = Field::new(seed, air::WRITE_MAX);
        for card in cards {
            let id = card.id.clone();
            field.add(card);
            field.lay(&id);
        }
        Self(Arc::new(Mutex::new(State {
            machine: Machine::default(),
            ear: Ear::default(),
            field,
            ready: VecDeque::new(),
            waiting: None,
            last_reply: Vec::new(),
            rng: Rng::new(!seed),
            commands_seen: 0,
            transfers: 0,
            deaf: false,
            unplugged: false,
            slow: Duration::ZERO,
            garbled_per_mille: 0,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chip on an I2C bus.
    #[must_use]
    pub fn i2c(&self) -> SimI2c {
        SimI2c(self.clone())
    }

    /// The chip on an SPI bus that sends the most significant bit first, as a Raspberry Pi's.
    #[must_use]
    pub fn spi(&self) -> SimSpi {
        SimSpi(self.clone())
    }

    /// The chip's IRQ pin.
    #[must_use]
    pub fn irq(&self) -> SimIrq {
        SimIrq(self.clone())
    }

    /// Puts a card on; `false` when there is none of that name.
    pub fn lay(&self, id: &str) -> bool {
        self.lock().field.lay(id)
    }

    /// Takes a card off; `false` when there is none of that name.
    pub fn lift(&self, id: &str) -> bool {
        self.lock().field.lift(id)
    }

    /// Puts a fault in force: deaf, slow, garbled or unplugged; others do nothing here.
    pub fn set_fault(&self, fault: &Fault) {
        let mut state = self.lock();
        match *fault {
            Fault::Deaf => state.deaf = true,
            Fault::Slow(late) => state.slow = late,
            Fault::Garbled { per_mille } => state.garbled_per_mille = per_mille,
            Fault::Unplugged => {
                state.unplugged = true;
                state.machine = Machine::default();
                state.ready.clear();
                state.waiting = None;
            }
            _ => {}
        }
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        let mut state = self.lock();
        (state.deaf, state.unplugged) = (false, false);
        (state.slow, state.garbled_per_mille) = (Duration::ZERO, 0);
    }

    /// Commands with a good checksum since the start.
    #[must_use]
    pub fn commands_seen(&self) -> u64 {
        self.lock().commands_seen
    }

    /// Bus transfers since the start.
    #[must_use]
    pub fn transfers(&self) -> u64 {
        self.lock().transfers
    }
}

/// The chip on I2C.
pub struct SimI2c(Bench);

impl i2c::ErrorType for SimI2c {
    type Error = i2c::ErrorKind;
}

const UNANSWERED: i2c::ErrorKind = i2c::ErrorKind::NoAcknowledge(i2c::NoAcknowledgeSource::Address);

impl I2c for SimI2c {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [i2c::Operation<'_>],
    ) -> Result<(), i2c::ErrorKind> {
        let mut state = self.0.lock();
        state.transfers += 1;
        if state.unplugged || address != ADDRESS {
            return Err(UNANSWERED);
        }
        if state.machine.asleep {
            state.machine.asleep = false;
            return Err(UNANSWERED);
        }
        for operation in operations {
            match operation {
                i2c::Operation::Write(bytes) => state.hear(bytes),
                i2c::Operation::Read(buf) => {
                    let Some((status, frame)) = buf.split_first_mut() else { continue };
                    *status = if state.is_ready() { READY } else { 0 };
                    // A look at the status alone does not take the frame.
                    if !frame.is_empty() && *status == READY {
                        state.take(frame);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The chip on SPI.
pub struct SimSpi(Bench);

impl spi::ErrorType for SimSpi {
    type Error = spi::ErrorKind;
}

impl SpiDevice for SimSpi {
    fn transaction(
        &mut self,
        operations: &mut [spi::Operation<'_, u8>],
    ) -> Result<(), spi::ErrorKind> {
        let mut state = self.0.lock();
        state.transfers += 1;
        let (mut what, mut selected_ns) = (None, 0);
        for operation in operations {
            match operation {
                spi::Operation::DelayNs(ns) => {
                    selected_ns += *ns;
                    std::thread::sleep(Duration::from_nanos((*ns).into()));
                    if selected_ns >= WAKE_NS {
                        state.machine.asleep = false;
                    }
                }
                spi::Operation::Write(bytes) => {
                    let turned: Vec<u8> = bytes.iter().map(|b| b.reverse_bits()).collect();
                    let rest = match (what, turned.split_first()) {
                        (None, Some((first, rest))) => {
                            what = Some(*first);
                            rest
                        }
                        _ => &turned,
                    };
                    if what == Some(0x01) && !state.machine.asleep && !state.unplugged {
                        state.hear(rest);
                    }
                }
                spi::Operation::Read(buf) => {
                    spi_read(&mut state, what, buf);
                }
                // A real bus can; this driver must not, see its comment.
                _ => return Err(spi::ErrorKind::Other),
            }
        }
        Ok(())
    }
}

fn spi_read(state: &mut State, what: Option<u8>, buf: &mut [u8]) {
    match what {
        // Nobody drives the line.
        _ if state.unplugged || state.machine.asleep => buf.fill(0xFF),
        Some(0x02) => buf.fill(if state.is_ready() { READY } else { 0 }),
        Some(0x03) => state.take(buf),
        _ => buf.fill(0xFF),
    }
    buf.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
}

/// The chip's IRQ pin: low while a frame is ready.
pub struct SimIrq(Bench);

impl digital::ErrorType for SimIrq {
    type Error = digital::ErrorKind;
}

impl InputPin for SimIrq {
    fn is_high(&mut self) -> Result<bool, digital::ErrorKind> {
        self.is_low().map(|low| !low)
    }

    fn is_low(&mut self) -> Result<bool, digital::ErrorKind> {
        let mut state = self.0.lock();
        Ok(!state.unplugged && state.is_ready())
    }
}
