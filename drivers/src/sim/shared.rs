//! What a simulator's thread and its handles share, with a way to wait for a change.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::listen::Endpoint;

/// Longest wait until the plug is pulled or put back. Threads look every few milliseconds.
const PLUG_PATIENCE: Duration = Duration::from_secs(5);

/// Whether the line is plugged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Plug {
    #[default]
    In,
    Out,
}

/// The part every simulator's state has.
#[derive(Debug, Default)]
pub(super) struct Life {
    /// As wanted by a handle.
    pub(super) plug: Plug,
    /// As it is.
    pub(super) plugged: Plug,
    pub(super) stop: bool,
}

/// A simulator's state.
pub(super) struct State<T> {
    pub(super) life: Life,
    pub(super) core: T,
}

/// A simulator's state between threads.
pub(super) struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

impl<T> Shared<T> {
    pub(super) fn new(core: T) -> Arc<Self> {
        let state = Mutex::new(State { life: Life::default(), core });
        Arc::new(Self { state, changed: Condvar::new() })
    }

    /// A panic elsewhere leaves plain data behind; it stays usable.
    pub(super) fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something and tells everybody who waits.
    pub(super) fn change<R>(&self, with: impl FnOnce(&mut State<T>) -> R) -> R {
        let result = with(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Waits until `reached`, at most until `until`; whether it was reached.
    pub(super) fn wait_until(&self, until: Instant, reached: impl Fn(&State<T>) -> bool) -> bool {
        let mut state = self.lock();
        loop {
            if reached(&state) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state =
                self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Lets so much time pass; false when the thread should stop what it does: the end, or the
    /// plug was pulled.
    pub(super) fn pause(&self, time: Duration) -> bool {
        !self.wait_until(Instant::now() + time, |s| s.life.stop || s.life.plug == Plug::Out)
    }

    /// Pulls the plug or puts it back and waits until it is so; whether it is.
    pub(super) fn set_plug(&self, wanted: Plug) -> bool {
        self.change(|state| state.life.plug = wanted);
        self.wait_until(Instant::now() + PLUG_PATIENCE, |state| state.life.plugged == wanted)
    }

    /// The thread's part of [`set_plug`](Self::set_plug): how the plug is now.
    pub(super) fn follow_plug(&self, endpoint: &mut Endpoint) -> Plug {
        let (now, wanted) = {
            let state = self.lock();
            (state.life.plugged, state.life.plug)
        };
        match (now, wanted) {
            (Plug::In, Plug::Out) => endpoint.unplug(),
            (Plug::Out, Plug::In) => {
                if let Err(error) = endpoint.replug() {
                    tracing::warn!(%error, "the simulated device cannot be plugged in again");
                    return Plug::Out;
                }
            }
            _ => return now,
        }
        self.change(|state| state.life.plugged = wanted);
        wanted
    }
}
