//! The reader's own thread: hears bytes at line speed, does commands, answers at line speed.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::faults::Faults;
use super::protocol::{Protocol, Step, WhileBusy};
use crate::sim::field::{Field, Rng, TagState};
use crate::sim::listen::Endpoint;
use crate::sim::pn5180::Chip;
use crate::sim::tags;

/// How long the thread looks at the line before it looks whether something else is wanted.
pub(super) const LOOK: Duration = Duration::from_millis(10);

/// Waits shorter than this are slept through; longer ones can be broken off.
const SHORT_WAIT: Duration = Duration::from_millis(2);

/// Whether the line is plugged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plug {
    In,
    Out,
}

/// The file in which the tags outlive the simulator, as real ones outlive a reader.
pub(super) struct Keeper {
    path: PathBuf,
    tags: Vec<TagState>,
    on_pad: Vec<String>,
}

impl Keeper {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, tags: Vec::new(), on_pad: Vec::new() }
    }

    /// Writes the file when anything has changed.
    fn keep(&mut self, field: &Field) {
        let on_pad = field.on_pad();
        if self.tags == field.tags() && self.on_pad == on_pad {
            return;
        }
        self.tags = field.tags().to_vec();
        self.on_pad = on_pad;
        if let Err(error) = tags::write(&self.path, &self.tags, &self.on_pad) {
            tracing::error!(%error, path = %self.path.display(), "the tags are not kept");
        }
    }
}

/// What the thread and its handles share.
pub(super) struct Core {
    pub(super) field: Field,
    pub(super) keeper: Option<Keeper>,
    /// The chip, when the model is one.
    pub(super) chip: Option<Chip>,
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

    /// Changes something and tells everybody who waits. What tags have kept is on file before the
    /// answer leaves.
    pub(super) fn change<T>(&self, with: impl FnOnce(&mut Core) -> T) -> T {
        let result = {
            let mut core = self.lock();
            let result = with(&mut core);
            let Core { keeper, field, .. } = &mut *core;
            if let Some(keeper) = keeper {
                keeper.keep(field);
            }
            result
        };
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

/// The work was broken off: stopped, the plug pulled, or ended by the host.
struct BrokenOff;

pub(super) struct Device {
    pub(super) shared: Arc<Shared>,
    pub(super) endpoint: Endpoint,
    pub(super) protocol: Box<dyn Protocol>,
    /// Time of one byte on the line.
    pub(super) byte_time: Duration,
    /// Everything is so much faster than real.
    pub(super) speed: f64,
}

impl Device {
    pub(super) fn run(mut self) {
        let mut buf = [0; 1024];
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
            if follow_plug(&self.shared, &mut self.endpoint, plug) == Plug::Out {
                self.protocol.power_off();
                self.shared.wait_until(Instant::now() + LOOK, |core| core.stop);
                continue;
            }
            let look = if self.protocol.speaks() { Duration::ZERO } else { LOOK };
            let n = self.endpoint.read(&mut buf, look);
            let now = Instant::now();
            for &byte in &buf[..n] {
                line_free = line_free.max(now) + self.byte_time;
                if let Some(command) = self.protocol.hear(byte, now) {
                    // What follows in the same piece comes while the reader is busy: not heard.
                    let _ = self.serve(&command, line_free);
                    line_free = Instant::now();
                    break;
                }
            }
            if n == 0 {
                let _ = self.speak_unasked();
            }
        }
    }

    fn serve(&mut self, command: &[u8], arrived: Instant) -> Result<(), BrokenOff> {
        self.pause_until(arrived)?;
        let shared = Arc::clone(&self.shared);
        let (steps, late) = shared.change(|core| {
            core.commands_seen += 1;
            if core.faults.deaf {
                return (Vec::new(), Duration::ZERO);
            }
            (self.protocol.answer(command, &mut core.field), core.faults.slow)
        });
        self.say(steps, arrived, late)
    }

    fn speak_unasked(&mut self) -> Result<(), BrokenOff> {
        let shared = Arc::clone(&self.shared);
        let (steps, late) = shared.change(|core| match core.faults.deaf {
            true => (Vec::new(), Duration::ZERO),
            false => (self.protocol.unasked(&mut core.field), core.faults.slow),
        });
        self.say(steps, Instant::now(), late)
    }

    fn say(&mut self, steps: Vec<Step>, arrived: Instant, late: Duration) -> Result<(), BrokenOff> {
        let mut at = arrived + late;
        let last = steps.len();
        for (number, mut step) in steps.into_iter().enumerate() {
            at += step.after.div_f64(self.speed);
            self.wait_busy(at)?;
            self.shared.change(|core| {
                garble(&mut step.bytes, core.faults.garbled_per_mille, &mut core.rng);
            });
            let len = step.bytes.len();
            for (i, byte) in step.bytes.into_iter().enumerate() {
                at += self.byte_time;
                self.pause_until(at)?;
                if i + 1 == len && number + 1 == last {
                    // What came while the reader was busy is not heard; what comes after the last
                    // byte is.
                    self.hear_busy()?;
                }
                self.endpoint.write(&[byte]);
            }
        }
        if last > 0 {
            self.protocol.said(at);
        }
        Ok(())
    }

    /// Waits between two steps, with an ear for a host that gives up.
    fn wait_busy(&mut self, until: Instant) -> Result<(), BrokenOff> {
        while Instant::now() + LOOK < until {
            self.pause_until(Instant::now() + LOOK)?;
            self.hear_busy()?;
        }
        self.pause_until(until)
    }

    fn hear_busy(&mut self) -> Result<(), BrokenOff> {
        let mut buf = [0; 1024];
        let n = self.endpoint.read(&mut buf, Duration::ZERO);
        for &byte in &buf[..n] {
            if self.protocol.hear_busy(byte) == WhileBusy::Aborts {
                return Err(BrokenOff);
            }
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

/// Pulls the plug or puts it back as wanted; how it is then.
pub(super) fn follow_plug(shared: &Shared, endpoint: &mut Endpoint, wanted: Plug) -> Plug {
    let now = shared.lock().plugged;
    match (now, wanted) {
        (Plug::In, Plug::Out) => endpoint.unplug(),
        (Plug::Out, Plug::In) => {
            if let Err(error) = endpoint.replug() {
                tracing::warn!(%error, "the simulated pad cannot be plugged in again");
                return Plug::Out;
            }
        }
        _ => return now,
    }
    shared.change(|core| core.plugged = wanted);
    wanted
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
