//! What goes into the spooler and what comes out of it (1.6).

use super::job::{Job, JobId};
use super::status::{Cause, Paper};

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The printer said so.
    Done,
    /// Sent to a printer that says nothing: never tell a reader it is printed (1.6 rule 1).
    Sent,
    /// Begun, end unknown: may be on paper, in part or whole. Offer a copy, never repeat.
    Unknown {
        /// What went wrong.
        cause: Cause,
    },
    /// Surely not on paper: no byte left the station.
    NotPrinted {
        /// Why not.
        cause: Cause,
    },
}

/// What the printer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No link.
    Absent,
    /// Being asked.
    Probing,
    /// Waiting for jobs.
    Ready,
    /// Printing.
    Busy,
    /// Cannot print until somebody helps or it cools down.
    Blocked(Cause),
    /// Staff are needed; the driver has tried what it may.
    Failed(Cause),
}

/// Whether the printer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feedback {
    /// It does, or is expected to.
    Answers,
    /// It never has: jobs end as [`Outcome::Sent`].
    Blind,
}

/// The printer's condition, for staff and screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// What it is doing.
    pub phase: Phase,
    /// Paper.
    pub paper: Paper,
    /// Whether it answers.
    pub feedback: Feedback,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Input<'a> {
    /// The link was opened.
    LinkUp,
    /// The link was lost or could not be opened.
    LinkDown,
    /// Bytes came.
    Bytes(&'a [u8]),
    /// The link took this many bytes of what was to be written.
    Written(usize),
    /// Time passed.
    Tick,
    /// A new job.
    Submit(Job),
    /// Staff have looked after the printer: try again at once.
    Retry,
    /// The driver stops: every open job gets its outcome.
    Stop,
}

/// Something to do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Open the link; answer with `LinkUp` or `LinkDown`.
    Open,
    /// Close it; no `LinkDown` follows.
    Close,
    /// Write after everything before.
    Write(Vec<u8>),
    /// Forget everything not yet written.
    DropWrites,
    /// A job's one outcome.
    Outcome {
        /// Which job.
        id: JobId,
        /// What became of it.
        outcome: Outcome,
    },
    /// The condition changed.
    Health(Health),
    /// The roll is near its end: tell staff, once per roll.
    PaperLow,
}
