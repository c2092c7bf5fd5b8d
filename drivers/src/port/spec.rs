//! Where a device is connected, as one text of configuration.
//!
//! | text | meaning |
//! |---|---|
//! | `serial:/dev/ttyUSB0` | a serial line (also a pty) at the driver's default speed, 8N1 |
//! | `serial:/dev/ttyUSB0@19200` | the same with a speed in bit/s |
//! | `serial:/dev/ttyUSB0@115200/rtscts` | hardware flow control (also `/xonxoff`) |
//! | `serial:/dev/ttyUSB0@38400/even` | with a parity bit (also `/odd`, `/none`) |
//! | `usb:0403:6001:A10KZP3L@19200` | the serial line of a USB device: vendor, product, and its serial number or, where it has none, the USB port it is plugged in (`1-1.3`), or nothing |
//! | `tcp:HOST:PORT` | a TCP connection |
//! | `lp:/dev/usb/lp0` | a kernel printer device |
//! | `spi:0.1` | an SPI chip: bus and chip select; not a byte stream |
//! | `i2c:1` | an I2C bus; not a byte stream |
//! | `pcsc:ACR122U` | a PC/SC card reader, by a part of its name; not a byte stream |

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Serial handshake (ESC/POS printers; readers use none).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FlowControl {
    /// No handshake.
    #[default]
    None,
    /// RTS/CTS.
    RtsCts,
    /// XON/XOFF.
    XonXoff,
}

/// Parity bit of a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Parity {
    /// None.
    #[default]
    None,
    /// Even (FEIG readers).
    Even,
    /// Odd.
    Odd,
}

/// What a port's text says of the line; the driver's own settings hold where it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LineText {
    /// Speed in bit/s.
    pub baud: Option<u32>,
    /// Parity.
    pub parity: Option<Parity>,
    /// Handshake.
    pub flow: FlowControl,
}

/// A device's usual line: 8 data bits, 1 stop bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineSettings {
    /// Speed in bit/s.
    pub baud: u32,
    /// Parity.
    pub parity: Parity,
}

impl LineSettings {
    /// So many bit/s, 8N1.
    #[must_use]
    pub const fn new(baud: u32) -> Self {
        Self { baud, parity: Parity::None }
    }
}

/// A USB device that is a serial line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UsbDevice {
    /// Vendor.
    pub vendor: u16,
    /// Product.
    pub product: u16,
    /// Serial number, or name of the USB port (`1-1.3`) for devices without one.
    pub which: Option<String>,
}

/// Where a device is connected. See the module text for the written form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PortSpec {
    /// A serial line or pty.
    Serial {
        /// Device path.
        path: PathBuf,
        /// What the text says of the line.
        line: LineText,
    },
    /// A serial line behind USB, looked for each time it is opened.
    Usb {
        /// The device.
        device: UsbDevice,
        /// What the text says of the line.
        line: LineText,
    },
    /// A TCP connection, `host:port`.
    Tcp(String),
    /// A kernel printer device.
    Lp(PathBuf),
    /// An SPI chip.
    Spi {
        /// Bus.
        bus: u8,
        /// Chip select.
        select: u8,
    },
    /// An I2C bus.
    I2c {
        /// Bus.
        bus: u8,
    },
    /// A PC/SC card reader whose name contains this.
    Pcsc(String),
}

/// A port description that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "port {text:?} is not understood: write serial:/dev/NAME[@SPEED[/even|/odd][/rtscts|/xonxoff]], usb:VENDOR:PRODUCT[:SERIAL][@SPEED], tcp:HOST:PORT, lp:/dev/usb/lpN, spi:BUS.SELECT, i2c:BUS or pcsc:NAME"
)]
pub struct PortSpecError {
    /// The text as given.
    pub text: String,
}

impl FromStr for LineText {
    type Err = ();

    /// `SPEED[/OPTION...]`, what stands behind the `@`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut words = text.split('/');
        let baud: u32 = words.next().ok_or(())?.parse().map_err(|_| ())?;
        let mut line = Self { baud: Some(baud).filter(|b| *b > 0), ..Self::default() };
        if line.baud.is_none() {
            return Err(());
        }
        for word in words {
            match word {
                "none" => line.parity = Some(Parity::None),
                "even" => line.parity = Some(Parity::Even),
                "odd" => line.parity = Some(Parity::Odd),
                "rtscts" => line.flow = FlowControl::RtsCts,
                "xonxoff" => line.flow = FlowControl::XonXoff,
                _ => return Err(()),
            }
        }
        Ok(line)
    }
}

/// `@SPEED/OPTION...`, or nothing.
impl fmt::Display for LineText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(baud) = self.baud else { return Ok(()) };
        write!(f, "@{baud}")?;
        f.write_str(match self.parity {
            None => "",
            Some(Parity::None) => "/none",
            Some(Parity::Even) => "/even",
            Some(Parity::Odd) => "/odd",
        })?;
        f.write_str(match self.flow {
            FlowControl::None => "",
            FlowControl::RtsCts => "/rtscts",
            FlowControl::XonXoff => "/xonxoff",
        })
    }
}

impl FromStr for UsbDevice {
    type Err = ();

    /// `VENDOR:PRODUCT[:SERIAL]`, numbers of four hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut words = text.splitn(3, ':');
        let mut id = || {
            let word = words.next().filter(|w| w.len() == 4).ok_or(())?;
            u16::from_str_radix(word, 16).map_err(|_| ())
        };
        let (vendor, product) = (id()?, id()?);
        let which = words.next().map(str::to_owned);
        if which.as_ref().is_some_and(String::is_empty) {
            return Err(());
        }
        Ok(Self { vendor, product, which })
    }
}

impl fmt::Display for UsbDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:04x}", self.vendor, self.product)?;
        self.which.as_ref().map_or(Ok(()), |which| write!(f, ":{which}"))
    }
}

/// What stands before an `@`, and the line's settings behind it.
fn with_line(text: &str) -> Result<(&str, LineText), ()> {
    match text.rsplit_once('@') {
        Some((what, line)) => Ok((what, line.parse()?)),
        None => Ok((text, LineText::default())),
    }
}

impl FromStr for PortSpec {
    type Err = PortSpecError;

    fn from_str(text: &str) -> Result<Self, PortSpecError> {
        let bad = || PortSpecError { text: text.to_owned() };
        let (kind, rest) = text.split_once(':').ok_or_else(bad)?;
        if rest.is_empty() {
            return Err(bad());
        }
        match kind {
            "tcp" => {
                let (host, port) = rest.rsplit_once(':').ok_or_else(bad)?;
                if host.is_empty() || port.parse::<u16>().is_err() {
                    return Err(bad());
                }
                Ok(Self::Tcp(rest.to_owned()))
            }
            "lp" => Ok(Self::Lp(rest.into())),
            "serial" => {
                let (path, line) = with_line(rest).map_err(|()| bad())?;
                if path.is_empty() {
                    return Err(bad());
                }
                Ok(Self::Serial { path: path.into(), line })
            }
            "usb" => {
                let (device, line) = with_line(rest).map_err(|()| bad())?;
                Ok(Self::Usb { device: device.parse().map_err(|()| bad())?, line })
            }
            "spi" => {
                let (bus, select) = rest.split_once('.').ok_or_else(bad)?;
                let number = |text: &str| text.parse().map_err(|_| bad());
                Ok(Self::Spi { bus: number(bus)?, select: number(select)? })
            }
            "pcsc" => Ok(Self::Pcsc(rest.to_owned())),
            "i2c" => Ok(Self::I2c { bus: rest.parse().map_err(|_| bad())? }),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for PortSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial { path, line } => write!(f, "serial:{}{line}", path.display()),
            Self::Usb { device, line } => write!(f, "usb:{device}{line}"),
            Self::Tcp(addr) => write!(f, "tcp:{addr}"),
            Self::Lp(path) => write!(f, "lp:{}", path.display()),
            Self::Spi { bus, select } => write!(f, "spi:{bus}.{select}"),
            Self::I2c { bus } => write!(f, "i2c:{bus}"),
            Self::Pcsc(name) => write!(f, "pcsc:{name}"),
        }
    }
}

impl<'de> Deserialize<'de> for PortSpec {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for PortSpec {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_read_back_as_written() {
        for text in [
            "serial:/dev/ttyUSB0",
            "serial:/dev/ttyUSB0@19200",
            "serial:/dev/ttyS1@115200/rtscts",
            "serial:/dev/ttyS1@9600/xonxoff",
            "tcp:127.0.0.1:9100",
            "tcp:[::1]:9100",
            "lp:/dev/usb/lp0",
            "serial:/dev/ttyS0@38400/even",
            "usb:0403:6001",
            "usb:0403:6001:A10KZP3L",
            "usb:1a86:7523:1-1.3@9600",
            "spi:0.1",
            "i2c:1",
            "pcsc:ACS ACR122U PICC",
        ] {
            assert_eq!(text.parse::<PortSpec>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "serial:",
            "tcp:host",
            "tcp::1",
            "usb:x",
            "usb:0403",
            "usb:403:6001",
            "usb:0403:6001:",
            "serial:/dev/x@fast",
            "serial:/d@9/dtr",
            "serial:/d@0",
            "spi:0",
            "i2c:",
        ] {
            assert!(text.parse::<PortSpec>().is_err(), "{text}");
        }
    }
}
