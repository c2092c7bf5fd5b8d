//! [`LineScanner`]: a scanner on a serial line, USB-CDC or TCP.

use std::io;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::gather::Reading;
use super::intake::{CodeRules, Intake};
use super::line::LineDecoder;
use super::{POLL_MAX, Scan, Scanner, ScannerError};
use crate::port::{LineSettings, OpenError, Port, PortSpec};

/// Usual line of a serial scanner, where the port's text says nothing (Zebra and Datalogic
/// defaults); USB-CDC does not look at it.
pub const LINE: LineSettings = LineSettings::new(9_600);

/// Bytes taken from the port at once.
const READ_CHUNK: usize = 256;

/// Shortest wait asked of a port.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// A scanner behind a [`Port`].
pub struct LineScanner<P: Port> {
    port: P,
    decoder: LineDecoder,
    intake: Intake,
}

impl LineScanner<Box<dyn Port>> {
    /// Opens the port. Nothing is ever sent.
    ///
    /// # Errors
    /// [`OpenError`] with what was tried.
    pub fn open(spec: &PortSpec, reading: Reading, codes: CodeRules) -> Result<Self, OpenError> {
        Ok(Self::new(spec.open(LINE, WAIT_MIN)?, reading, codes))
    }
}

impl<P: Port> LineScanner<P> {
    /// Takes an open port.
    pub fn new(port: P, reading: Reading, codes: CodeRules) -> Self {
        Self { port, decoder: LineDecoder::new(reading), intake: Intake::new(codes) }
    }

    /// Waits for bytes at most `patience`.
    fn hear(&mut self, patience: Duration) -> Result<(), ScannerError> {
        let mut buf = Zeroizing::new([0; READ_CHUNK]);
        self.port.set_timeout(patience.max(WAIT_MIN)).map_err(ScannerError::Gone)?;
        let n = match self.port.read(buf.as_mut_slice()) {
            Ok(0) => return Err(ScannerError::Gone(io::ErrorKind::UnexpectedEof.into())),
            Ok(n) => n,
            Err(e) if is_wait(&e) => 0,
            Err(e) => return Err(ScannerError::Gone(e)),
        };
        let now = Instant::now();
        self.decoder.feed(buf.get(..n).unwrap_or_default(), now);
        self.decoder.tick(now);
        Ok(())
    }
}

fn is_wait(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

impl<P: Port> Scanner for LineScanner<P> {
    fn poll(&mut self, timeout: Duration) -> Result<Option<Scan>, ScannerError> {
        let until = Instant::now() + timeout.min(POLL_MAX);
        loop {
            while let Some(text) = self.decoder.take() {
                if let Some(scan) = self.intake.take(&text?, Instant::now())? {
                    return Ok(Some(scan));
                }
            }
            let now = Instant::now();
            if now >= until {
                return Ok(None);
            }
            let next = self.decoder.quiet_at().map_or(until, |quiet| quiet.min(until));
            self.hear(next.saturating_duration_since(now))?;
        }
    }

    fn discard(&mut self) -> Result<(), ScannerError> {
        self.decoder.clear();
        self.port.discard_input().map_err(ScannerError::Gone)
    }
}
