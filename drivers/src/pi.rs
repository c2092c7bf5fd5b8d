//! Buses and pins of a Raspberry Pi. The only file that names rppal.
//!
//! rppal compiles on any Linux and says so when the machine is no Raspberry Pi.

use std::io;

use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::I2c;
use embedded_hal::spi::SpiDevice;
use rppal::spi::{Bus, Mode, SimpleHalSpiDevice, SlaveSelect, Spi};

/// An I2C bus, `/dev/i2c-N`.
///
/// The PN532 holds the clock while it thinks, which the BCM283x does badly: where frames are
/// damaged, lower the speed (`dtparam=i2c_arm_baudrate=`) or wire HSU or SPI.
///
/// # Errors
/// The system's answer, as when the bus is not turned on.
pub(crate) fn i2c(bus: u8) -> io::Result<impl I2c + Send + 'static> {
    rppal::i2c::I2c::with_bus(bus).map_err(io::Error::other)
}

/// An SPI chip in mode 0, most significant bit first: bus 0 to 6, chip select 0 to 2.
///
/// # Errors
/// The system's answer, or a number the machine does not have.
pub(crate) fn spi_mode_0(
    bus: u8,
    select: u8,
    hz: u32,
) -> io::Result<impl SpiDevice + Send + 'static> {
    let unknown = || io::Error::new(io::ErrorKind::InvalidInput, "no such SPI bus or chip select");
    let bus = match bus {
        0 => Bus::Spi0,
        1 => Bus::Spi1,
        2 => Bus::Spi2,
        3 => Bus::Spi3,
        4 => Bus::Spi4,
        5 => Bus::Spi5,
        6 => Bus::Spi6,
        _ => return Err(unknown()),
    };
    let select = match select {
        0 => SlaveSelect::Ss0,
        1 => SlaveSelect::Ss1,
        2 => SlaveSelect::Ss2,
        _ => return Err(unknown()),
    };
    let spi = Spi::new(bus, select, hz, Mode::Mode0).map_err(io::Error::other)?;
    Ok(SimpleHalSpiDevice::new(spi))
}

/// One pin that is read and one that is driven, high at first; numbers as GPIO names them.
///
/// # Errors
/// The system's answer, or a pin that is taken.
pub(crate) fn pins(
    input: u8,
    output: u8,
) -> io::Result<(impl InputPin + Send + 'static, impl OutputPin + Send + 'static)> {
    let gpio = rppal::gpio::Gpio::new().map_err(io::Error::other)?;
    let input = gpio.get(input).map_err(io::Error::other)?.into_input();
    let output = gpio.get(output).map_err(io::Error::other)?.into_output_high();
    Ok((input, output))
}
