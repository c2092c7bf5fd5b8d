//! How a PN5180 is fitted, and how it is opened.

use serde::Deserialize;

use super::driver::Pn5180Reader;
use super::socket::{self, SystemDelay, TappedSpi};
use crate::port::{OpenError, PortSpec, Tap};
use crate::rfid::TagReader;

/// How a PN5180 is fitted. Each field left out keeps its default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pn5180Setup {
    /// GPIO (BCM number) of BUSY; `spi:` ports only.
    pub busy_pin: u8,
    /// GPIO (BCM number) of RESET_N; `spi:` ports only.
    pub reset_pin: u8,
    /// SPI clock, Hz; the chip takes at most [`SPI_HZ_MAX`].
    pub spi_hz: u32,
    /// Cards are looked for in every so many-th inventory; 0 never. A look takes 15 ms with no
    /// card there.
    pub cards_every: u32,
}

/// Fastest SPI clock, Hz (readers.md section 4.1, [D S5]).
pub const SPI_HZ_MAX: u32 = 7_000_000;

impl Default for Pn5180Setup {
    fn default() -> Self {
        Self { busy_pin: 25, reset_pin: 24, spi_hz: SPI_HZ_MAX, cards_every: 0 }
    }
}

impl Pn5180Setup {
    /// Opens the chip: `tcp:` (docs/pn5180-socket.md), or `spi:` with feature `pi`. Nothing is
    /// sent yet. With a tap, every SPI frame can be watched.
    ///
    /// # Errors
    /// [`OpenError`] with what was tried.
    pub fn open(
        &self,
        spec: &PortSpec,
        tap: Option<&Tap>,
    ) -> Result<Box<dyn TagReader>, OpenError> {
        self.open_io(spec, tap).map_err(|source| OpenError { spec: spec.clone(), source })
    }

    fn open_io(&self, spec: &PortSpec, tap: Option<&Tap>) -> std::io::Result<Box<dyn TagReader>> {
        let tap = tap.cloned();
        match spec {
            PortSpec::Tcp(addr) => {
                let (spi, busy, reset) = socket::connect(addr)?;
                let spi = TappedSpi::new(spi, tap);
                Ok(Box::new(Pn5180Reader::new(spi, busy, reset, SystemDelay, self.clone())))
            }
            #[cfg(feature = "pi")]
            PortSpec::Spi { bus, select } => {
                let spi = crate::pi::spi_mode_0(*bus, *select, self.spi_hz.min(SPI_HZ_MAX))?;
                let (busy, reset) = crate::pi::pins(self.busy_pin, self.reset_pin)?;
                let spi = TappedSpi::new(spi, tap);
                Ok(Box::new(Pn5180Reader::new(spi, busy, reset, SystemDelay, self.clone())))
            }
            #[cfg(not(feature = "pi"))]
            PortSpec::Spi { .. } => Err(std::io::Error::new(
                std::io::ErrorKind::Unsupported,
                "this program was built without SPI: build it with feature pi",
            )),
            _ => Err(std::io::Error::new(
                std::io::ErrorKind::InvalidInput,
                "a PN5180 is reached by SPI: write spi:BUS.SELECT, or tcp:HOST:PORT of a simulator",
            )),
        }
    }
}
