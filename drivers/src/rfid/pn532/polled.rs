//! I2C and SPI: the host asks whether the chip has something to say.
//!
//! Over the traits of embedded-hal 1.0, so for any board; `crate::pi` opens the buses of a
//! Raspberry Pi. A pin on the chip's IRQ saves the asking: it is low while a frame is ready
//! (SAMConfiguration turns it on).

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{ErrorType, InputPin};
use embedded_hal::i2c::I2c;
use embedded_hal::spi::{Operation, SpiDevice};

use super::bus::{Bus, gone, silent};
use super::timing::{POLL, WAKE_REST};
use super::wire::{Decoded, Decoder, FRAME_MAX};
use crate::rfid::ReaderError;

/// The chip's I2C address, 7 bits (readers.md section 6).
pub const I2C_ADDRESS: u8 = 0x24;

/// Most frames dropped by one [`Bus::discard`]: an acknowledge and a reply, and one more.
const DISCARD_FRAMES_MAX: usize = 3;

/// Longest wait of [`Bus::discard`] for one bus access.
const DISCARD_PATIENCE: Duration = Duration::from_millis(20);

/// One bus transfer each; none waits.
pub trait Transfer: Send {
    /// The bus's own error.
    type Error: fmt::Debug;

    /// Wakes the chip.
    ///
    /// # Errors
    /// The bus's own.
    fn wake(&mut self) -> Result<(), Self::Error>;

    /// Writes a frame.
    ///
    /// # Errors
    /// The bus's own; on I2C also while the chip is busy or asleep.
    fn write(&mut self, frame: &[u8]) -> Result<(), Self::Error>;

    /// Whether a frame is ready.
    ///
    /// # Errors
    /// The bus's own.
    fn ready(&mut self) -> Result<bool, Self::Error>;

    /// Takes the frame that is ready; what lies behind it is anything.
    ///
    /// # Errors
    /// The bus's own.
    fn read(&mut self, frame: &mut [u8]) -> Result<(), Self::Error>;
}

/// Ready byte in front of everything that is read, and the reply to a status request.
const READY: u8 = 0x01;

/// The chip on an I2C bus.
pub struct I2cTransfer<I>(I);

impl<I: I2c + Send> Transfer for I2cTransfer<I> {
    type Error = I::Error;

    /// The first access wakes it; it may go unanswered.
    fn wake(&mut self) -> Result<(), I::Error> {
        self.ready().map(|_| ())
    }

    fn write(&mut self, frame: &[u8]) -> Result<(), I::Error> {
        self.0.write(I2C_ADDRESS, frame)
    }

    fn ready(&mut self) -> Result<bool, I::Error> {
        let mut status = [0];
        self.0.read(I2C_ADDRESS, &mut status)?;
        Ok(status[0] & READY != 0)
    }

    fn read(&mut self, frame: &mut [u8]) -> Result<(), I::Error> {
        let mut bytes = vec![0; frame.len() + 1];
        self.0.read(I2C_ADDRESS, &mut bytes)?;
        // Not ready after all: an empty frame, which is no frame.
        if let Some((status, rest)) = bytes.split_first()
            && status & READY != 0
        {
            frame.copy_from_slice(rest);
        }
        Ok(())
    }
}

/// The chip on an SPI bus in mode 0, at most 5 MHz (1 MHz in readers.md section 6).
///
/// The chip sends the least significant bit first, which the SPI of a Raspberry Pi cannot; every
/// byte is turned round here instead.
pub struct SpiTransfer<S>(S);

/// First byte of a transfer (readers.md section 6).
const SPI_WRITE: u8 = 0x01;
const SPI_STATUS: u8 = 0x02;
const SPI_READ: u8 = 0x03;

impl<S: SpiDevice + Send> SpiTransfer<S> {
    // Write and Read operations only: TransferInPlace of rppal 0.22 sends zeros.
    fn ask(&mut self, what: u8, answer: &mut [u8]) -> Result<(), S::Error> {
        self.0.transaction(&mut [
            Operation::Write(&[what.reverse_bits()]),
            Operation::Read(&mut *answer),
        ])?;
        answer.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        Ok(())
    }
}

impl<S: SpiDevice + Send> Transfer for SpiTransfer<S> {
    type Error = S::Error;

    /// Selected for a while, then asked (readers.md section 6: NSS low for 2 ms).
    fn wake(&mut self) -> Result<(), S::Error> {
        let rest_ns = WAKE_REST.as_nanos() as u32;
        self.0.transaction(&mut [
            Operation::DelayNs(rest_ns),
            Operation::Write(&[SPI_STATUS.reverse_bits()]),
            Operation::Read(&mut [0]),
        ])
    }

    fn write(&mut self, frame: &[u8]) -> Result<(), S::Error> {
        let bytes: Vec<u8> =
            [&[SPI_WRITE], frame].concat().iter().map(|b| b.reverse_bits()).collect();
        self.0.write(&bytes)
    }

    fn ready(&mut self) -> Result<bool, S::Error> {
        let mut status = [0];
        self.ask(SPI_STATUS, &mut status)?;
        // A line held high is no chip.
        Ok(status[0] & READY != 0 && status[0] != 0xFF)
    }

    fn read(&mut self, frame: &mut [u8]) -> Result<(), S::Error> {
        self.ask(SPI_READ, frame)
    }
}

/// No wire on the chip's IRQ.
pub struct NoIrq;

impl ErrorType for NoIrq {
    type Error = Infallible;
}
impl InputPin for NoIrq {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(false)
    }
    /// Always: the chip itself is asked.
    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

/// Waits with the operating system's clock.
pub struct StdDelay;

impl DelayNs for StdDelay {
    fn delay_ns(&mut self, ns: u32) {
        std::thread::sleep(Duration::from_nanos(ns.into()));
    }
}

/// A bus on which the chip is asked.
pub struct Polled<T, D, Q = NoIrq> {
    transfer: T,
    delay: D,
    irq: Q,
}

/// The chip on I2C.
pub type I2cBus<I, D, Q = NoIrq> = Polled<I2cTransfer<I>, D, Q>;
/// The chip on SPI.
pub type SpiBus<S, D, Q = NoIrq> = Polled<SpiTransfer<S>, D, Q>;

impl<I: I2c + Send, D: DelayNs + Send> I2cBus<I, D> {
    /// The chip on this I2C bus, without IRQ.
    pub fn i2c(i2c: I, delay: D) -> Self {
        Self { transfer: I2cTransfer(i2c), delay, irq: NoIrq }
    }
}

impl<S: SpiDevice + Send, D: DelayNs + Send> SpiBus<S, D> {
    /// The chip on this SPI bus, without IRQ.
    pub fn spi(spi: S, delay: D) -> Self {
        Self { transfer: SpiTransfer(spi), delay, irq: NoIrq }
    }
}

impl<T: Transfer, D: DelayNs + Send> Polled<T, D> {
    /// The same with a wire on the chip's IRQ.
    pub fn with_irq<Q: InputPin + Send>(self, irq: Q) -> Polled<T, D, Q> {
        Polled { transfer: self.transfer, delay: self.delay, irq }
    }
}

impl<T: Transfer, D: DelayNs + Send, Q: InputPin + Send> Polled<T, D, Q> {
    /// Tries until it works; the last failure at the end. A chip that is busy or asleep does not
    /// answer its I2C address, and some buses tell that from a broken bus, some do not.
    fn persist<R>(
        &mut self,
        until: Instant,
        mut act: impl FnMut(&mut T) -> Result<R, T::Error>,
    ) -> Result<R, ReaderError> {
        loop {
            match act(&mut self.transfer) {
                Ok(result) => return Ok(result),
                Err(error) if Instant::now() >= until => {
                    return Err(gone(io::Error::other(format!("the bus failed: {error:?}"))));
                }
                Err(_) => self.delay.delay_us(POLL.as_micros() as u32),
            }
        }
    }

    /// A pin that cannot be read is no pin: the chip itself is asked.
    fn ready(&mut self) -> Result<bool, T::Error> {
        if matches!(self.irq.is_low(), Ok(false)) {
            return Ok(false);
        }
        self.transfer.ready()
    }
}

impl<T: Transfer, D: DelayNs + Send, Q: InputPin + Send> Bus for Polled<T, D, Q> {
    fn wake(&mut self) -> Result<(), ReaderError> {
        // Whether it heard shows at the next command.
        let _ = self.transfer.wake();
        self.delay.delay_us(WAKE_REST.as_micros() as u32);
        Ok(())
    }

    fn discard(&mut self) -> Result<(), ReaderError> {
        for _ in 0..DISCARD_FRAMES_MAX {
            let until = Instant::now() + DISCARD_PATIENCE;
            // A chip that does not answer now has nothing to be dropped.
            match self.ready() {
                Ok(true) => {
                    let mut frame = [0; FRAME_MAX];
                    self.persist(until, |transfer| transfer.read(&mut frame))?;
                }
                Ok(false) | Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    fn send(&mut self, frame: &[u8], until: Instant) -> Result<(), ReaderError> {
        let started = Instant::now();
        self.persist(until, |transfer| transfer.write(frame)).map_err(|error| {
            tracing::debug!(%error, "the PN532 did not take a frame");
            silent(started)
        })
    }

    fn receive(&mut self, room: usize, until: Instant) -> Result<Vec<Decoded>, ReaderError> {
        // A chip that does not answer its address may be busy; its silence shows in time.
        while !matches!(self.ready(), Ok(true)) {
            if Instant::now() >= until {
                return Ok(Vec::new());
            }
            self.delay.delay_us(POLL.as_micros() as u32);
        }
        let mut frame = vec![0; room.min(FRAME_MAX)];
        self.persist(until, |transfer| transfer.read(&mut frame))?;
        let mut decoder = Decoder::new();
        let mut found = decoder.feed(&frame);
        found.extend(decoder.flush());
        // What lies behind the frame is anything.
        if let Some(first) = found.iter().position(|item| matches!(item, Decoded::Frame(_))) {
            found.truncate(first + 1);
        }
        Ok(found)
    }
}
