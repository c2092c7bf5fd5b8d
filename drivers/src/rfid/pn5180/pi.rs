//! SPI and pins of a Raspberry Pi. It compiles on any Linux; elsewhere opening fails.

use std::io;

use rppal::gpio::{Gpio, InputPin, OutputPin};
use rppal::spi::{Bus, Mode, SimpleHalSpiDevice, SlaveSelect, Spi};

use super::setup::{Pn5180Setup, SPI_HZ_MAX};

fn failed(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

/// Opens bus and pins: mode 0, chip select by the kernel, at most [`SPI_HZ_MAX`].
///
/// # Errors
/// When bus, select or pins do not exist or are taken.
pub(super) fn open(
    setup: &Pn5180Setup,
    bus: u32,
    select: u32,
) -> io::Result<(SimpleHalSpiDevice, InputPin, OutputPin)> {
    let unknown = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, what.to_owned());
    let bus = match bus {
        0 => Bus::Spi0,
        1 => Bus::Spi1,
        _ => return Err(unknown("write SPI bus 0 or 1")),
    };
    let select = match select {
        0 => SlaveSelect::Ss0,
        1 => SlaveSelect::Ss1,
        2 => SlaveSelect::Ss2,
        _ => return Err(unknown("write SPI select 0, 1 or 2")),
    };
    let spi = Spi::new(bus, select, setup.spi_hz.min(SPI_HZ_MAX), Mode::Mode0).map_err(failed)?;
    let gpio = Gpio::new().map_err(failed)?;
    let busy = gpio.get(setup.busy_pin).map_err(failed)?.into_input();
    let reset = gpio.get(setup.reset_pin).map_err(failed)?.into_output_high();
    Ok((SimpleHalSpiDevice::new(spi), busy, reset))
}
