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
//! | `tcp:HOST:PORT` | a TCP connection |
//! | `lp:/dev/usb/lp0` | a kernel printer device |

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FlowControl {
    /// No handshake.
    #[default]
    None,
    /// RTS/CTS.
    RtsCts,
    /// XON/XOFF.
    XonXoff,
}

/// Where a device is connected. See the module text for the written form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortSpec {
    /// A serial line or pty.
    Serial {
        /// Device path.
        path: PathBuf,
        /// Speed in bit/s, or the driver's default.
        baud: Option<u32>,
        /// Handshake.
        flow: FlowControl,
    },
    /// A TCP connection, `host:port`.
    Tcp(String),
    /// A kernel printer device.
    Lp(PathBuf),
}

/// A port description that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "port {text:?} is not understood: write serial:/dev/NAME[@SPEED[/rtscts|/xonxoff]], tcp:HOST:PORT or lp:/dev/usb/lpN"
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
                let (path, line) = match rest.rsplit_once('@') {
                    Some((path, line)) => (path, Some(line)),
                    None => (rest, None),
                };
                let (baud, flow) = match line {
                    None => (None, FlowControl::None),
                    Some(line) => {
                        let (baud, flow) = line.split_once('/').unwrap_or((line, ""));
                        let flow = match flow {
                            "" => FlowControl::None,
                            "rtscts" => FlowControl::RtsCts,
                            "xonxoff" => FlowControl::XonXoff,
                            _ => return Err(bad()),
                        };
                        (Some(baud.parse().map_err(|_| bad())?), flow)
                    }
                };
                if path.is_empty() || baud == Some(0) {
                    return Err(bad());
                }
                Ok(Self::Serial { path: path.into(), baud, flow })
            }
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for PortSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial { path, baud, flow } => {
                write!(f, "serial:{}", path.display())?;
                if let Some(baud) = baud {
                    write!(f, "@{baud}")?;
                    match flow {
                        FlowControl::None => {}
                        FlowControl::RtsCts => f.write_str("/rtscts")?,
                        FlowControl::XonXoff => f.write_str("/xonxoff")?,
                    }
                }
                Ok(())
            }
            Self::Tcp(addr) => write!(f, "tcp:{addr}"),
            Self::Lp(path) => write!(f, "lp:{}", path.display()),
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
    /// Opens the port. `default_baud` is the device's usual speed, used when the text names none.
    ///
    /// # Errors
    /// [`OpenError`] with what was tried; never waits longer than [`TCP_CONNECT_TIMEOUT`].
    pub fn open(&self, default_baud: u32, timeout: Duration) -> Result<Box<dyn Port>, OpenError> {
        self.open_io(default_baud, timeout)
            .map_err(|source| OpenError { spec: self.clone(), source })
    }

    fn open_io(&self, default_baud: u32, timeout: Duration) -> io::Result<Box<dyn Port>> {
        match self {
            Self::Serial { path, baud, flow } => {
                let flow = match flow {
                    FlowControl::None => serialport::FlowControl::None,
                    FlowControl::RtsCts => serialport::FlowControl::Hardware,
                    FlowControl::XonXoff => serialport::FlowControl::Software,
                };
                let port = serialport::new(path.to_string_lossy(), baud.unwrap_or(default_baud))
                    .flow_control(flow)
                    .timeout(timeout)
                    .open_native()
                    .map_err(io::Error::from)?;
                Ok(Box::new(SerialLine(port)))
            }
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
        ] {
            assert_eq!(text.parse::<PortSpec>().unwrap().to_string(), text);
        }
        for text in
            ["", "serial:", "tcp:host", "tcp::1", "usb:x", "serial:/dev/x@fast", "serial:/d@9/dtr"]
        {
            assert!(text.parse::<PortSpec>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_absent_device_is_named_in_the_error() {
        let spec: PortSpec = "serial:/dev/not-here".parse().unwrap();
        let error = spec.open(9600, Duration::from_millis(10)).err().unwrap();
        assert!(error.to_string().contains("/dev/not-here"), "{error}");
    }
}
