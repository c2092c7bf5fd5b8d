//! Any bytes on MISO of a PN5180, and any level of BUSY: the driver ends, and never reports a UID
//! that does not begin with E0. The bytes are repeated without end.
#![no_main]

use std::convert::Infallible;

use drivers::rfid::pn5180::{Pn5180Reader, Pn5180Setup};
use drivers::rfid::{TagReader, Uid};
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{self, InputPin, OutputPin};
use embedded_hal::spi::{self, Operation, SpiDevice};
use libfuzzer_sys::fuzz_target;

struct Miso {
    bytes: Vec<u8>,
    at: usize,
}

impl Miso {
    fn next(&mut self) -> u8 {
        self.at = (self.at + 1) % self.bytes.len();
        self.bytes[self.at]
    }
}

impl spi::ErrorType for Miso {
    type Error = Infallible;
}

impl SpiDevice for Miso {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Infallible> {
        for operation in operations {
            if let Operation::Read(buf) | Operation::TransferInPlace(buf) = operation {
                buf.iter_mut().for_each(|byte| *byte = self.next());
            }
        }
        Ok(())
    }
}

struct Pin(bool);

impl digital::ErrorType for Pin {
    type Error = Infallible;
}

impl InputPin for Pin {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.0)
    }
    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.0)
    }
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
    fn set_high(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

struct NoTime;

impl DelayNs for NoTime {
    fn delay_ns(&mut self, _: u32) {}
}

fuzz_target!(|input: &[u8]| {
    let [busy, bytes @ ..] = input else { return };
    if bytes.is_empty() {
        return;
    }
    let spi = Miso { bytes: bytes.to_vec(), at: 0 };
    let setup = Pn5180Setup { cards_every: 1, ..Pn5180Setup::default() };
    let mut reader = Pn5180Reader::new(spi, Pin(*busy == 1), Pin(true), NoTime, setup);
    let uid = Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, 1]);
    let _ = reader.identify();
    if let Ok(seen) = reader.inventory() {
        assert!(seen.iter().filter_map(|s| s.uid.as_iso15693()).all(|uid| uid[0] == 0xE0));
    }
    if let Ok(data) = reader.read_blocks(uid, 0, 8) {
        assert_eq!(data.len(), 32);
    }
    let _ = reader.eas(uid);
    let _ = reader.afi(uid);
    let _ = reader.write_afi(uid, 7);
});
