//! High speed UART: the chip on a serial line.

use std::io;
use std::time::{Duration, Instant};

use super::bus::{Bus, gone, silent};
use super::timing::{self, QUIET_GAP, WAKE_REST};
use super::wire::{Decoded, Decoder, FRAME_MAX};
use crate::port::Port;
use crate::rfid::ReaderError;

/// Bytes that wake the chip: rising edges, then time for its oscillator (readers.md section 6; the
/// length is libnfc's).
const WAKE: [u8; 16] = [0x55, 0x55, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Longest wait for room to send.
const SEND_PATIENCE: Duration = Duration::from_millis(500);

/// Longest wait for the zero behind a frame. It follows within a byte's time, but a USB bridge may
/// hold it back up to 16 ms.
const POSTAMBLE_WAIT: Duration = Duration::from_millis(20);

/// Bytes taken from the port at once.
const READ_CHUNK: usize = 256;

/// A serial line to the chip.
pub struct Hsu<P> {
    port: P,
    baud: u32,
    decoder: Decoder,
}

impl<P: Port> Hsu<P> {
    /// Takes an open port. `baud` is the line's speed in bit/s, from which time-outs follow.
    pub fn new(port: P, baud: u32) -> Self {
        Self { port, baud, decoder: Decoder::new() }
    }

    /// Lets a frame end. It is good from its checksum on, but whoever speaks before its last zero
    /// is out speaks while the chip still does, and may go unheard.
    fn postamble(&mut self, items: &[Decoded]) -> Result<Vec<Decoded>, ReaderError> {
        let ends_in_frame = matches!(items.last(), Some(Decoded::Frame(_)));
        if !ends_in_frame || self.decoder.pending() > 0 {
            return Ok(Vec::new());
        }
        Ok(self.read_once(POSTAMBLE_WAIT)?.unwrap_or_default())
    }

    /// `None` when nothing came within `patience`.
    fn read_once(&mut self, patience: Duration) -> Result<Option<Vec<Decoded>>, ReaderError> {
        let mut buf = [0; READ_CHUNK];
        self.port.set_timeout(patience.max(Duration::from_millis(1))).map_err(gone)?;
        match self.port.read(&mut buf) {
            Ok(0) => Err(gone(io::ErrorKind::UnexpectedEof)),
            Ok(n) => Ok(Some(self.decoder.feed(buf.get(..n).unwrap_or_default()))),
            Err(e) if is_timeout(&e) || e.kind() == io::ErrorKind::Interrupted => Ok(None),
            Err(e) => Err(gone(e)),
        }
    }
}

impl<P: Port> Bus for Hsu<P> {
    fn wake(&mut self) -> Result<(), ReaderError> {
        self.send(&WAKE, Instant::now() + SEND_PATIENCE)?;
        std::thread::sleep(timing::line_time(WAKE.len(), self.baud) + WAKE_REST);
        Ok(())
    }

    fn discard(&mut self) -> Result<(), ReaderError> {
        self.decoder = Decoder::new();
        self.port.discard_input().map_err(gone)
    }

    fn send(&mut self, mut bytes: &[u8], until: Instant) -> Result<(), ReaderError> {
        let started = Instant::now();
        while !bytes.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(silent(started));
            }
            self.port.set_timeout(left.max(Duration::from_millis(1))).map_err(gone)?;
            match self.port.write(bytes) {
                Ok(0) => return Err(gone(io::ErrorKind::WriteZero)),
                Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
                Err(e) if is_timeout(&e) || e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(gone(e)),
            }
        }
        self.port.flush().map_err(gone)
    }

    fn receive(&mut self, _room: usize, until: Instant) -> Result<Vec<Decoded>, ReaderError> {
        // A line that talks without end is left even inside a frame.
        let last = until + timing::line_time(FRAME_MAX, self.baud) + QUIET_GAP;
        let mut heard = Instant::now();
        loop {
            let now = Instant::now();
            // One zero may be the padding behind the frame before.
            let in_frame = self.decoder.pending() > 1;
            let stop = if in_frame { last.min(heard + QUIET_GAP) } else { until };
            if now >= stop {
                return Ok(self.decoder.flush());
            }
            if let Some(mut items) = self.read_once(stop - now)? {
                heard = Instant::now();
                if !items.is_empty() {
                    items.extend(self.postamble(&items)?);
                    return Ok(items);
                }
            }
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}
