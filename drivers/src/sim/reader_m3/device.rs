//! The pad's own thread: hears bytes at line speed, does commands, answers at line speed.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::faults::Faults;
use super::frames::{Ear, Heard, say};
use super::machine::{self, AfiFailures};
use crate::sim::field::{Field, Rng};
use crate::sim::listen::Endpoint;

/// How long the thread looks at the line before it looks whether something else is wanted.
const LOOK: Duration = Duration::from_millis(10);

/// Waits shorter than this are slept through; longer ones can be broken off.
const SHORT_WAIT: Duration = Duration::from_millis(2);

/// Whether the line is plugged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plug {
    In,
    Out,
}

/// What the thread and its handles share.
pub(super) struct Core {
    pub(super) field: Field,
    pub(super) faults: Faults,
    pub(super) commands_seen: u64,
    /// As wanted by a handle.
    pub(super) plug: Plug,
    /// As it is.
    pub(super) plugged: Plug,
    pub(super) stop: bool,
    pub(super) rng: Rng,
}

pub(super) struct Shared {
    core: Mutex<Core>,
    changed: Condvar,
}

impl Shared {
    pub(super) fn new(core: Core) -> Arc<Self> {
        Arc::new(Self { core: Mutex::new(core), changed: Condvar::new() })
    }

    /// A panic elsewhere leaves plain data behind; it stays usable.
    pub(super) fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something and tells everybody who waits.
    pub(super) fn change<T>(&self, with: impl FnOnce(&mut Core) -> T) -> T {
        let result = with(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Waits until `reached`, at most until `until`; whether it was reached.
    pub(super) fn wait_until(&self, until: Instant, reached: impl Fn(&Core) -> bool) -> bool {
        let mut core = self.lock();
        loop {
            if reached(&core) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            core = self.changed.wait_timeout(core, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The work was broken off: stopped, or the plug pulled.
struct BrokenOff;

pub(super) struct Device {
    pub(super) shared: Arc<Shared>,
    pub(super) endpoint: Endpoint,
    /// Time of one byte on the line.
    pub(super) byte_time: Duration,
    /// Everything is so much faster than real.
    pub(super) speed: f64,
}

impl Device {
    pub(super) fn run(mut self) {
        let mut buf = [0; 1024];
        let mut ear = Ear::default();
        // When the line has carried the last byte heard.
        let mut line_free = Instant::now();
        loop {
            let (stop, plug) = {
                let core = self.shared.lock();
                (core.stop, core.plug)
            };
            if stop {
                return;
            }
            if self.follow_plug(plug) == Plug::Out {
                ear = Ear::default();
                self.shared.wait_until(Instant::now() + LOOK, |core| core.stop);
                continue;
            }
            let n = self.endpoint.read(&mut buf, LOOK);
            let now = Instant::now();
            for &byte in &buf[..n] {
                line_free = line_free.max(now) + self.byte_time;
                if let Some(heard) = ear.hear(byte, now) {
                    // What follows in the same piece comes while the pad is busy: not heard.
                    let _ = self.serve(&heard, line_free);
                    line_free = Instant::now();
                    break;
                }
            }
        }
    }

    fn follow_plug(&mut self, wanted: Plug) -> Plug {
        let now = self.shared.lock().plugged;
        match (now, wanted) {
            (Plug::In, Plug::Out) => self.endpoint.unplug(),
            (Plug::Out, Plug::In) => {
                if let Err(error) = self.endpoint.replug() {
                    tracing::warn!(%error, "the simulated pad cannot be plugged in again");
                    return Plug::Out;
                }
            }
            _ => return now,
        }
        self.shared.change(|core| core.plugged = wanted);
        wanted
    }

    fn serve(&mut self, heard: &Heard, arrived: Instant) -> Result<(), BrokenOff> {
        self.pause_until(arrived)?;
        let Some((frame, wait)) = self.shared.change(|core| {
            core.commands_seen += 1;
            if core.faults.deaf {
                return None;
            }
            let failures = AfiFailures(&mut core.faults.afi_fails);
            let answer = machine::answer(heard, &mut core.field, failures);
            let mut frame = say(answer.start, &answer.body);
            garble(&mut frame, core.faults.garbled_per_mille, &mut core.rng);
            Some((frame, answer.air.div_f64(self.speed) + core.faults.slow))
        }) else {
            return Ok(());
        };
        let begin = arrived + wait;
        self.pause_until(begin)?;
        let mut at = begin;
        for (i, byte) in frame.iter().enumerate() {
            at += self.byte_time;
            self.pause_until(at)?;
            if i + 1 == frame.len() {
                // What came while the pad was busy is not heard; what comes after the last byte is.
                self.endpoint.drain();
            }
            self.endpoint.write(&[*byte]);
        }
        Ok(())
    }

    fn pause_until(&self, until: Instant) -> Result<(), BrokenOff> {
        let broken = |core: &Core| core.stop || core.plug == Plug::Out;
        let left = until.saturating_duration_since(Instant::now());
        if left > SHORT_WAIT {
            if self.shared.wait_until(until, broken) {
                return Err(BrokenOff);
            }
        } else {
            if broken(&self.shared.lock()) {
                return Err(BrokenOff);
            }
            std::thread::sleep(left);
        }
        Ok(())
    }
}

/// Flips one random bit in some bytes.
fn garble(frame: &mut [u8], per_mille: u16, rng: &mut Rng) {
    if per_mille == 0 {
        return;
    }
    for byte in frame {
        if rng.below(1000) < u32::from(per_mille) {
            *byte ^= 1 << rng.below(8);
        }
    }
}
