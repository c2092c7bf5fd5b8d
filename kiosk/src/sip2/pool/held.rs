//! Answers to background requests, held a moment and told several at a time while more of them
//! waits. Each telling wakes the station, which writes what it was told to the disk: done for each
//! answer, that takes from the library system's answers the time they are waited for in.

use std::time::Duration;

use crate::sip2::link::Answer;

/// Most answers told together.
pub const TOGETHER_MAX: usize = 32;

/// Longest that an answer waits for others to be told with.
pub const TOGETHER_WAIT: Duration = Duration::from_millis(5);

#[derive(Default)]
pub(super) struct Held {
    answers: Vec<Answer>,
    /// When they are told at the latest.
    until: Option<Duration>,
}

impl Held {
    pub(super) fn push(&mut self, answer: Answer, now: Duration) {
        self.until.get_or_insert(now + TOGETHER_WAIT);
        self.answers.push(answer);
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.until
    }

    /// Whether they are told now, with so many background requests waiting: not later than half of
    /// what was there is done, so that the station adds to it before it is used up.
    pub(super) fn is_due(&self, waiting: usize, now: Duration) -> bool {
        let enough = self.answers.len() >= waiting.min(TOGETHER_MAX);
        self.until.is_some_and(|until| enough || until <= now)
    }

    pub(super) fn take(&mut self) -> Vec<Answer> {
        self.until = None;
        std::mem::take(&mut self.answers)
    }
}
