//! A chip and its field in this process, behind embedded-hal traits and on a virtual clock: a
//! driver under test runs as fast as it can compute, and every wait is exact.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{self, InputPin, OutputPin};
use embedded_hal::spi::{self, Operation, SpiDevice};

use super::chip::Chip;
use crate::sim::field::Field;

/// One SPI frame as it went over the pins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpiFrame {
    /// Host to chip.
    pub mosi: Vec<u8>,
    /// Chip to host.
    pub miso: Vec<u8>,
}

/// Everything behind the pins.
#[derive(Debug)]
pub struct Inner {
    /// The chip.
    pub chip: Chip,
    /// The field and its tags.
    pub field: Field,
    /// The virtual moment.
    pub now: Duration,
    /// All SPI frames since the start, or since the caller cleared them.
    pub log: Vec<SpiFrame>,
    /// Looks at BUSY since the start.
    pub busy_polls: u64,
    spi_byte: Duration,
}

/// A bench with one chip. Copies are the same chip.
#[derive(Debug, Clone)]
pub struct Bench(Arc<Mutex<Inner>>);

/// Longest time one look at a pin takes on a host. A Raspberry Pi needs far less.
const PIN: Duration = Duration::from_micros(1);
/// Most SPI frames kept in the log.
const LOG_MAX: usize = 100_000;

impl Bench {
    /// A chip with this field, its SPI clocked at `spi_hz`.
    #[must_use]
    pub fn new(mut field: Field, seed: u64, spi_hz: u32) -> Self {
        field.set_power(false);
        Self(Arc::new(Mutex::new(Inner {
            chip: Chip::new(seed, Duration::ZERO),
            field,
            now: Duration::ZERO,
            log: Vec::new(),
            busy_polls: 0,
            spi_byte: Duration::from_nanos(8_000_000_000 / u64::from(spi_hz.max(1))),
        })))
    }

    /// Everything behind the pins, for tests to look at and to change.
    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The virtual moment.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.lock().now
    }

    /// The pins: SPI, BUSY, RESET_N, and a delay that moves the clock.
    #[must_use]
    pub fn pins(&self) -> (Spi, Busy, Reset, Delay) {
        let copy = || self.clone();
        (Spi(copy()), Busy(copy()), Reset(copy()), Delay(copy()))
    }
}

/// SPI with its NSS.
#[derive(Debug)]
pub struct Spi(Bench);

impl spi::ErrorType for Spi {
    type Error = Infallible;
}

impl SpiDevice for Spi {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Infallible> {
        let mut inner = self.0.lock();
        let mut mosi = Vec::new();
        for operation in operations.iter() {
            match operation {
                Operation::Read(buf) => mosi.resize(mosi.len() + buf.len(), 0xFF),
                Operation::Write(bytes) => mosi.extend_from_slice(bytes),
                Operation::Transfer(read, write) => {
                    let end = mosi.len() + read.len().max(write.len());
                    mosi.extend_from_slice(write);
                    mosi.resize(end, 0xFF);
                }
                Operation::TransferInPlace(buf) => mosi.extend_from_slice(buf),
                Operation::DelayNs(ns) => inner.now += Duration::from_nanos((*ns).into()),
            }
        }
        let inner = &mut *inner;
        inner.now += inner.spi_byte * mosi.len() as u32;
        let miso = inner.chip.transfer(&mosi, &mut inner.field, inner.now);
        hand_out(operations, &miso);
        if inner.log.len() < LOG_MAX {
            inner.log.push(SpiFrame { mosi, miso });
        }
        Ok(())
    }
}

fn hand_out(operations: &mut [Operation<'_, u8>], miso: &[u8]) {
    let mut rest = miso.iter().copied();
    for operation in operations {
        match operation {
            Operation::Read(buf) | Operation::TransferInPlace(buf) => {
                buf.iter_mut().zip(&mut rest).for_each(|(to, from)| *to = from);
            }
            Operation::Write(bytes) => rest.by_ref().take(bytes.len()).for_each(drop),
            Operation::Transfer(read, write) => {
                let more = write.len().saturating_sub(read.len());
                read.iter_mut().zip(&mut rest).for_each(|(to, from)| *to = from);
                rest.by_ref().take(more).for_each(drop);
            }
            Operation::DelayNs(_) => {}
        }
    }
}

/// BUSY.
#[derive(Debug)]
pub struct Busy(Bench);

impl digital::ErrorType for Busy {
    type Error = Infallible;
}

impl InputPin for Busy {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        let mut inner = self.0.lock();
        inner.now += PIN;
        inner.busy_polls += 1;
        let now = inner.now;
        Ok(inner.chip.busy(now))
    }
    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|high| !high)
    }
}

/// RESET_N.
#[derive(Debug)]
pub struct Reset(Bench);

impl Reset {
    fn set(&mut self, high: bool) {
        let mut inner = self.0.lock();
        let inner = &mut *inner;
        inner.now += PIN;
        inner.chip.set_reset(high, &mut inner.field, inner.now);
    }
}

impl digital::ErrorType for Reset {
    type Error = Infallible;
}

impl OutputPin for Reset {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.set(false);
        Ok(())
    }
    fn set_high(&mut self) -> Result<(), Infallible> {
        self.set(true);
        Ok(())
    }
}

/// A delay that moves the virtual clock.
#[derive(Debug)]
pub struct Delay(Bench);

impl DelayNs for Delay {
    fn delay_ns(&mut self, ns: u32) {
        self.0.lock().now += Duration::from_nanos(ns.into());
    }
}
