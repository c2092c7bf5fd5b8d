//! Byte transports to devices: serial lines, TCP, `/dev/usb/lp*`.
//!
//! A [`Port`] never blocks longer than the time-out last set on it. Where to connect is a
//! [`PortSpec`], written in configuration as one string:
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
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

mod usb;

/// Longest wait for a TCP connection to a device on the local network.
pub const TCP_CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A byte transport with a bounded wait.
///
/// `read` returns `TimedOut` or `WouldBlock` when nothing came within the time-out, `Ok(0)` or an
/// error when the other end is gone. `write` waits at most the time-out for room.
pub trait Port: Read + Write + Send {
    /// Sets the longest wait of one `read` or `write`. Must be above zero.
    ///
    /// # Errors
    /// The transport's own error, as for a closed socket.
    fn set_timeout(&mut self, timeout: Duration) -> io::Result<()>;

    /// Drops bytes already received and not yet read. Bounded; never waits.
    ///
    /// # Errors
    /// The transport's own error.
    fn discard_input(&mut self) -> io::Result<()>;
}

impl<P: Port + ?Sized> Port for Box<P> {
    fn set_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        (**self).set_timeout(timeout)
    }
    fn discard_input(&mut self) -> io::Result<()> {
        (**self).discard_input()
    }
}

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

/// A port that could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open {spec}: {source}")]
pub struct OpenError {
    /// What was tried.
    pub spec: PortSpec,
    /// The system's answer.
    pub source: io::Error,
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
            "i2c" => Ok(Self::I2c { bus: rest.parse().map_err(|_| bad())? }),
            "pcsc" => Ok(Self::Pcsc(rest.to_owned())),
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

impl PortSpec {
    /// A serial line at its driver's usual settings.
    #[must_use]
    pub fn serial(path: impl Into<PathBuf>) -> Self {
        Self::Serial { path: path.into(), line: LineText::default() }
    }

    /// The line as it will be opened by a driver whose device usually has `usual`.
    #[must_use]
    pub fn line(&self, usual: LineSettings) -> LineSettings {
        match self {
            Self::Serial { line, .. } | Self::Usb { line, .. } => LineSettings {
                baud: line.baud.unwrap_or(usual.baud),
                parity: line.parity.unwrap_or(usual.parity),
            },
            _ => usual,
        }
    }

    /// Opens the port. `usual` are the device's line settings, used where the text says nothing.
    ///
    /// # Errors
    /// [`OpenError`] with what was tried; never waits longer than [`TCP_CONNECT_TIMEOUT`].
    pub fn open(&self, usual: LineSettings, timeout: Duration) -> Result<Box<dyn Port>, OpenError> {
        self.open_io(usual, timeout).map_err(|source| OpenError { spec: self.clone(), source })
    }

    fn open_io(&self, usual: LineSettings, timeout: Duration) -> io::Result<Box<dyn Port>> {
        let settings = self.line(usual);
        match self {
            Self::Serial { path, line } => open_serial(path, settings, line.flow, timeout),
            Self::Usb { device, line } => {
                open_serial(&usb::find(device)?, settings, line.flow, timeout)
            }
            Self::Spi { .. } | Self::I2c { .. } | Self::Pcsc(_) => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "this device speaks over a byte line: write serial:, usb: or tcp:",
            )),
            Self::Tcp(addr) => {
                let mut last = io::Error::new(io::ErrorKind::NotFound, "no address for this name");
                for addr in addr.to_socket_addrs()? {
                    match TcpStream::connect_timeout(&addr, TCP_CONNECT_TIMEOUT) {
                        Ok(stream) => {
                            stream.set_nodelay(true)?;
                            let mut port = TcpLine(stream);
                            port.set_timeout(timeout)?;
                            return Ok(Box::new(port));
                        }
                        Err(e) => last = e,
                    }
                }
                Err(last)
            }
            Self::Lp(path) => {
                use rustix::fs::{Mode, OFlags};
                // Non-blocking: usblp otherwise waits without limit while a printer is off line.
                let fd = rustix::fs::open(
                    path,
                    OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC,
                    Mode::empty(),
                )?;
                Ok(Box::new(LpLine { file: File::from(fd), timeout }))
            }
        }
    }
}

fn open_serial(
    path: &Path,
    settings: LineSettings,
    flow: FlowControl,
    timeout: Duration,
) -> io::Result<Box<dyn Port>> {
    let flow = match flow {
        FlowControl::None => serialport::FlowControl::None,
        FlowControl::RtsCts => serialport::FlowControl::Hardware,
        FlowControl::XonXoff => serialport::FlowControl::Software,
    };
    let parity = match settings.parity {
        Parity::None => serialport::Parity::None,
        Parity::Even => serialport::Parity::Even,
        Parity::Odd => serialport::Parity::Odd,
    };
    let port = serialport::new(path.to_string_lossy(), settings.baud)
        .flow_control(flow)
        .parity(parity)
        .timeout(timeout)
        .open_native()
        .map_err(io::Error::from)?;
    Ok(Box::new(SerialLine(port)))
}

struct SerialLine(serialport::TTYPort);

impl Read for SerialLine {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}
impl Write for SerialLine {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }
    fn flush(&mut self) -> io::Result<()> {
        // tcdrain has no time-out and would hang on a held line; the kernel sends by itself.
        Ok(())
    }
}
impl Port for SerialLine {
    fn set_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        serialport::SerialPort::set_timeout(&mut self.0, timeout).map_err(io::Error::from)
    }
    fn discard_input(&mut self) -> io::Result<()> {
        serialport::SerialPort::clear(&self.0, serialport::ClearBuffer::Input)
            .map_err(io::Error::from)
    }
}

struct TcpLine(TcpStream);

impl Read for TcpLine {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}
impl Write for TcpLine {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
impl Port for TcpLine {
    fn set_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        self.0.set_read_timeout(Some(timeout))?;
        self.0.set_write_timeout(Some(timeout))
    }
    fn discard_input(&mut self) -> io::Result<()> {
        self.0.set_nonblocking(true)?;
        let drained = drain(&mut self.0);
        self.0.set_nonblocking(false)?;
        drained
    }
}

struct LpLine {
    file: File,
    timeout: Duration,
}

impl LpLine {
    fn wait(&self, flags: rustix::event::PollFlags) -> io::Result<()> {
        let mut fds = [rustix::event::PollFd::new(&self.file, flags)];
        let until = Instant::now() + self.timeout;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let spec = rustix::event::Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(left.subsec_nanos()),
            };
            match rustix::event::poll(&mut fds, Some(&spec)) {
                Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }
}
impl Read for LpLine {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.wait(rustix::event::PollFlags::IN)?;
        self.file.read(buf)
    }
}
impl Write for LpLine {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.wait(rustix::event::PollFlags::OUT)?;
        self.file.write(buf)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
impl Port for LpLine {
    fn set_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        self.timeout = timeout;
        Ok(())
    }
    fn discard_input(&mut self) -> io::Result<()> {
        drain(&mut self.file)
    }
}

/// Most bytes dropped by one [`Port::discard_input`]; a device that talks without end is not followed.
const DISCARD_MAX: usize = 64 * 1024;

fn drain(from: &mut (impl Read + AsFd)) -> io::Result<()> {
    let mut buf = [0; 1024];
    let mut dropped = 0;
    while dropped < DISCARD_MAX {
        match from.read(&mut buf) {
            Ok(0) => break,
            Ok(n) => dropped += n,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Which way bytes went, seen from the station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Station to device.
    Out,
    /// Device to station.
    In,
}

/// Called with every piece of bytes that crosses a [`Tapped`] port.
pub type Tap = Arc<dyn Fn(Direction, &[u8]) + Send + Sync>;

/// A port whose bytes are shown to a [`Tap`] (the workbench's wire view, traces).
pub struct Tapped<P> {
    inner: P,
    tap: Tap,
}

impl<P: Port> Tapped<P> {
    /// Wraps `inner`.
    pub fn new(inner: P, tap: Tap) -> Self {
        Self { inner, tap }
    }
}
impl<P: Port> Read for Tapped<P> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        (self.tap)(Direction::In, &buf[..n]);
        Ok(n)
    }
}
impl<P: Port> Write for Tapped<P> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(buf)?;
        (self.tap)(Direction::Out, &buf[..n]);
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
impl<P: Port> Port for Tapped<P> {
    fn set_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        self.inner.set_timeout(timeout)
    }
    fn discard_input(&mut self) -> io::Result<()> {
        self.inner.discard_input()
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

    #[test]
    fn an_absent_device_is_named_in_the_error() {
        let spec: PortSpec = "serial:/dev/not-here".parse().unwrap();
        let error = spec.open(LineSettings::new(9600), Duration::from_millis(10)).err().unwrap();
        assert!(error.to_string().contains("/dev/not-here"), "{error}");
    }
}
