//! Time as the links see it, and the one timer that waits for it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::Sleep;

/// Monotonic time since any fixed moment.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// How often a clock given by the caller is looked at, in real time. Such a clock may run faster
/// than the real one, so waiting is done in small pieces.
const CLOCK_LOOK: Duration = Duration::from_millis(20);

/// Shortest wait, against a deadline that would not move.
const WAIT_MIN: Duration = Duration::from_millis(1);

pub(super) struct Waiting {
    clock: Clock,
    /// Longest real wait before the clock is looked at again.
    most: Option<Duration>,
    /// Made with the first wait, which is within the runtime.
    timer: Option<Pin<Box<Sleep>>>,
    /// What the timer is set to.
    aim: Option<Duration>,
}

impl Waiting {
    /// On this clock, or else the real one.
    pub(super) fn new(clock: Option<Clock>) -> Self {
        let (clock, most): (Clock, _) = match clock {
            Some(clock) => (clock, Some(CLOCK_LOOK)),
            None => {
                let start = Instant::now();
                (Arc::new(move || start.elapsed()), None)
            }
        };
        Self { clock, most, timer: None, aim: None }
    }

    pub(super) fn now(&self) -> Duration {
        (self.clock)()
    }

    /// Waits for a deadline, a piece of the way, or for one wanted before that has gone. With each
    /// message the deadline moves on: setting the timer anew for that would cost more than the
    /// message.
    pub(super) fn poll_until(
        &mut self,
        deadline: Option<Duration>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let Some(deadline) = deadline else { return Poll::Pending };
        let now = self.now();
        let aim = self.most.map_or(deadline, |most| deadline.min(now.saturating_add(most)));
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::ZERO)));
        if self.aim.is_none_or(|set| aim < set) {
            let left = aim.saturating_sub(now).max(WAIT_MIN);
            let moment = tokio::time::Instant::now();
            timer.as_mut().reset(moment.checked_add(left).unwrap_or(moment + CLOCK_LOOK));
            self.aim = Some(aim);
        }
        ready!(timer.as_mut().poll(context));
        self.aim = None;
        Poll::Ready(())
    }
}
