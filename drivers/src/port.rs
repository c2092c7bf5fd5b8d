//! Byte transports to devices: serial lines, TCP, `/dev/usb/lp*`.
//!
//! A [`Port`] never blocks longer than the time-out last set on it. Where to connect is a
//! [`PortSpec`], written in configuration as one text.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

mod spec;
mod usb;

pub use spec::{FlowControl, LineSettings, LineText, Parity, PortSpec, PortSpecError, UsbDevice};

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

/// A port that could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open {spec}: {source}")]
pub struct OpenError {
    /// What was tried.
    pub spec: PortSpec,
    /// The system's answer.
    pub source: io::Error,
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

    /// Whether the device is plugged in; `None` where the system cannot say.
    #[must_use]
    pub fn is_present(&self) -> Option<bool> {
        match self {
            Self::Serial { path, .. } | Self::Lp(path) => Some(path.exists()),
            Self::Usb { device, .. } => Some(usb::find(device).is_ok()),
            Self::Tcp(_) | Self::Spi { .. } | Self::I2c { .. } | Self::Pcsc(_) => None,
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
    fn an_absent_device_is_named_in_the_error() {
        let spec: PortSpec = "serial:/dev/not-here".parse().unwrap();
        let error = spec.open(LineSettings::new(9600), Duration::from_millis(10)).err().unwrap();
        assert!(error.to_string().contains("/dev/not-here"), "{error}");
    }
}
