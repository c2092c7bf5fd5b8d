//! A PN5180 behind a TCP socket (docs/pn5180-socket.md), as embedded-hal devices.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{self, InputPin, OutputPin};
use embedded_hal::spi::{self, Operation, SpiDevice};

use crate::port::{Direction, TCP_CONNECT_TIMEOUT, Tap};

/// Longest wait for an answer of the socket.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

const KIND_TRANSFER: u8 = 0;
const KIND_BUSY: u8 = 1;
const KIND_RESET: u8 = 2;

/// The socket failed, or what came does not fit.
#[derive(Debug, thiserror::Error)]
#[error("the chip's socket failed: {0}")]
pub struct SocketError(#[from] io::Error);

impl spi::Error for SocketError {
    fn kind(&self) -> spi::ErrorKind {
        spi::ErrorKind::Other
    }
}
impl digital::Error for SocketError {
    fn kind(&self) -> digital::ErrorKind {
        digital::ErrorKind::Other
    }
}

type Line = Arc<Mutex<TcpStream>>;

/// Asks once and takes an answer of exactly so many bytes.
fn ask(line: &Line, kind: u8, bytes: &[u8], answer: &mut [u8]) -> Result<(), SocketError> {
    let too_long = |_| io::Error::new(io::ErrorKind::InvalidInput, "more than 65535 bytes");
    let len = u16::try_from(bytes.len()).map_err(too_long)?;
    let mut stream = line.lock().unwrap_or_else(PoisonError::into_inner);
    let request = [&[kind], &len.to_be_bytes()[..], bytes].concat();
    stream.write_all(&request)?;
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    if usize::from(u16::from_be_bytes(head)) != answer.len() {
        return Err(
            io::Error::new(io::ErrorKind::InvalidData, "an answer of another length").into()
        );
    }
    stream.read_exact(answer)?;
    Ok(())
}

/// Opens the socket.
///
/// # Errors
/// When nobody answers there within [`TCP_CONNECT_TIMEOUT`].
pub fn connect(addr: &str) -> io::Result<(SocketSpi, SocketBusy, SocketReset)> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no address for this name");
    for addr in addr.to_socket_addrs()? {
        match TcpStream::connect_timeout(&addr, TCP_CONNECT_TIMEOUT) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
                stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
                let line = Arc::new(Mutex::new(stream));
                return Ok((SocketSpi(line.clone()), SocketBusy(line.clone()), SocketReset(line)));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// NSS, clock and data.
#[derive(Debug)]
pub struct SocketSpi(Line);

impl spi::ErrorType for SocketSpi {
    type Error = SocketError;
}

impl SpiDevice for SocketSpi {
    /// All operations are one frame: NSS stays low between them.
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), SocketError> {
        let mut out = Vec::new();
        for operation in operations.iter() {
            match operation {
                Operation::Read(buf) => out.resize(out.len() + buf.len(), 0xFF),
                Operation::Write(bytes) => out.extend_from_slice(bytes),
                Operation::Transfer(read, write) => {
                    let end = out.len() + read.len().max(write.len());
                    out.extend_from_slice(write);
                    out.resize(end, 0xFF);
                }
                Operation::TransferInPlace(buf) => out.extend_from_slice(buf),
                Operation::DelayNs(_) => {}
            }
        }
        let mut back = vec![0; out.len()];
        ask(&self.0, KIND_TRANSFER, &out, &mut back)?;
        let mut rest = &back[..];
        for operation in operations {
            let (read, len): (&mut [u8], usize) = match operation {
                Operation::Read(buf) | Operation::TransferInPlace(buf) => {
                    let len = buf.len();
                    (buf, len)
                }
                Operation::Write(bytes) => (&mut [], bytes.len()),
                Operation::Transfer(read, write) => {
                    let len = read.len().max(write.len());
                    (read, len)
                }
                Operation::DelayNs(_) => (&mut [], 0),
            };
            let (now, later) = rest.split_at(len.min(rest.len()));
            read.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
            rest = later;
        }
        Ok(())
    }
}

/// BUSY.
#[derive(Debug)]
pub struct SocketBusy(Line);

impl digital::ErrorType for SocketBusy {
    type Error = SocketError;
}

impl InputPin for SocketBusy {
    fn is_high(&mut self) -> Result<bool, SocketError> {
        let mut level = [0];
        ask(&self.0, KIND_BUSY, &[], &mut level)?;
        Ok(level != [0])
    }
    fn is_low(&mut self) -> Result<bool, SocketError> {
        self.is_high().map(|high| !high)
    }
}

/// RESET_N.
#[derive(Debug)]
pub struct SocketReset(Line);

impl digital::ErrorType for SocketReset {
    type Error = SocketError;
}

impl OutputPin for SocketReset {
    fn set_low(&mut self) -> Result<(), SocketError> {
        ask(&self.0, KIND_RESET, &[0], &mut [])
    }
    fn set_high(&mut self) -> Result<(), SocketError> {
        ask(&self.0, KIND_RESET, &[1], &mut [])
    }
}

/// Sleeps.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDelay;

impl DelayNs for SystemDelay {
    fn delay_ns(&mut self, ns: u32) {
        std::thread::sleep(Duration::from_nanos(ns.into()));
    }
    fn delay_us(&mut self, us: u32) {
        std::thread::sleep(Duration::from_micros(us.into()));
    }
    fn delay_ms(&mut self, ms: u32) {
        std::thread::sleep(Duration::from_millis(ms.into()));
    }
}

/// SPI whose frames are shown to a [`Tap`].
pub struct TappedSpi<SPI> {
    spi: SPI,
    tap: Option<Tap>,
}

impl<SPI> TappedSpi<SPI> {
    /// Watches `spi`, where somebody wants to.
    pub fn new(spi: SPI, tap: Option<Tap>) -> Self {
        Self { spi, tap }
    }
}

impl<SPI: spi::ErrorType> spi::ErrorType for TappedSpi<SPI> {
    type Error = SPI::Error;
}

impl<SPI: SpiDevice> SpiDevice for TappedSpi<SPI> {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), SPI::Error> {
        let Some(tap) = &self.tap else { return self.spi.transaction(operations) };
        for operation in operations.iter() {
            if let Operation::Write(bytes) | Operation::Transfer(_, bytes) = operation {
                tap(Direction::Out, bytes);
            }
        }
        self.spi.transaction(operations)?;
        for operation in operations.iter() {
            if let Operation::Read(bytes) | Operation::TransferInPlace(bytes) = operation {
                tap(Direction::In, bytes);
            }
        }
        Ok(())
    }
}
