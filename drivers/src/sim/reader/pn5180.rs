//! A PN5180 behind a socket (docs/pn5180-socket.md), on the real clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::device::{Core, LOOK, Plug, Shared, follow_plug};
use super::faults::Fault;
use crate::sim::listen::Endpoint;
use crate::sim::pn5180::{Chip, ChipFault};

/// Speed of the simulated SPI, bit/s; the socket itself is slower.
pub const SPI_HZ: u32 = 7_000_000;
/// Bits of a byte on SPI.
pub(super) const BITS_PER_BYTE: u32 = 8;

const TRANSFER: u8 = 0;
const BUSY: u8 = 1;
const RESET: u8 = 2;
const IRQ: u8 = 3;

/// Kind and length.
const HEAD: usize = 3;
/// A request that is not whole by then was left by a client that is gone.
const PARTIAL_MAX: Duration = Duration::from_secs(1);

/// The thread of one chip.
pub(super) struct ChipDevice {
    pub(super) shared: Arc<Shared>,
    pub(super) endpoint: Endpoint,
    /// Everything on the air is so much faster than real.
    pub(super) speed: f64,
    pub(super) started: Instant,
}

impl ChipDevice {
    pub(super) fn run(mut self) {
        let mut chunk = [0; 4096];
        let mut heard = Vec::new();
        let mut last = Instant::now();
        loop {
            let (stop, plug) = {
                let core = self.shared.lock();
                (core.stop, core.plug)
            };
            if stop {
                return;
            }
            if follow_plug(&self.shared, &mut self.endpoint, plug) == Plug::Out {
                heard.clear();
                self.lose_power();
                self.shared.wait_until(Instant::now() + LOOK, |core| core.stop);
                continue;
            }
            let n = self.endpoint.read(&mut chunk, LOOK);
            if n == 0 && last.elapsed() > PARTIAL_MAX {
                heard.clear();
                continue;
            }
            if n > 0 {
                last = Instant::now();
            }
            heard.extend_from_slice(&chunk[..n]);
            while let Some((kind, bytes)) = take_request(&mut heard) {
                let answer = self.serve(kind, &bytes);
                self.endpoint.write(&framed(&answer));
            }
        }
    }

    fn now(&self) -> Duration {
        self.started.elapsed().mul_f64(self.speed)
    }

    fn lose_power(&self) {
        let now = self.now();
        let mut core = self.shared.lock();
        let Core { chip, field, .. } = &mut *core;
        if let Some(chip) = chip {
            chip.set_reset(false, field, now);
            chip.set_reset(true, field, now);
        }
    }

    fn serve(&self, kind: u8, bytes: &[u8]) -> Vec<u8> {
        let now = self.now();
        self.shared.change(|core| {
            let Core { chip, field, commands_seen, .. } = core;
            let Some(chip) = chip else { return Vec::new() };
            let answer = match (kind, bytes) {
                (TRANSFER, mosi) => chip.transfer(mosi, field, now),
                (BUSY, _) => vec![u8::from(chip.busy(now))],
                (RESET, [level, ..]) => {
                    chip.set_reset(*level != 0, field, now);
                    Vec::new()
                }
                (IRQ, _) => vec![u8::from(chip.irq(now))],
                _ => Vec::new(),
            };
            *commands_seen = chip.sends();
            answer
        })
    }
}

/// One whole request at the front, if there is one. A request is at most 64 KiB, and so is what
/// waits here.
fn take_request(heard: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let &[kind, high, low, ..] = &heard[..] else { return None };
    let end = HEAD + usize::from(u16::from_be_bytes([high, low]));
    let bytes = heard.get(HEAD..end)?.to_vec();
    heard.drain(..end);
    Some((kind, bytes))
}

fn framed(answer: &[u8]) -> Vec<u8> {
    let len = u16::try_from(answer.len()).unwrap_or(u16::MAX);
    [&len.to_be_bytes(), answer.get(..usize::from(len)).unwrap_or(answer)].concat()
}

/// What a reader's fault is on a bare chip; whether it is one.
pub(super) fn put_fault(chip: &mut Chip, fault: &Fault) {
    match fault {
        Fault::Deaf => chip.put_fault(ChipFault::Deaf),
        Fault::Slow(late) => chip.set_slow(*late),
        Fault::Garbled { per_mille } => chip.set_garbled(*per_mille),
        Fault::Chip(fault) => chip.put_fault(*fault),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_whole_or_not_at_all() {
        let mut heard = vec![0, 0, 2, 4, 2, 1, 0];
        assert_eq!(take_request(&mut heard), Some((0, vec![4, 2])));
        assert_eq!(take_request(&mut heard), None);
        heard.push(0);
        assert_eq!(take_request(&mut heard), Some((1, vec![])));
        assert!(heard.is_empty());
        assert_eq!(framed(&[1]), [0, 1, 1]);
    }
}
