//! Asking a printer how it is: one request at a time, and the way back from silence (1.4, 1.5).
//!
//! An answer does not say which request it belongs to. So only one request is ever open, and after
//! a silence the stream is left to run dry for as long as the printer was late before asking anew.

use std::time::{Duration, Instant};

use super::status::{Ask, Status};

/// Wait for the first answer (1.5).
pub const FIRST_REPLY: Duration = Duration::from_secs(2);
/// Silence after which a printer counts as absent (1.5).
pub const GIVE_UP: Duration = Duration::from_secs(10);
/// Pause between reset sequences while silent (1.5).
pub const RESYNC_EVERY: Duration = Duration::from_secs(1);
/// NUL bytes that fill up an interrupted binary command (1.5).
pub const FLUSH_BYTES: usize = 8192;
/// Added to a printer's lateness while waiting for leftover answers.
const SETTLE: Duration = Duration::from_millis(500);

/// What came of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Not finished.
    Going,
    /// All asked, all answered; the status is fresh.
    Complete,
    /// No answer.
    Silent,
}

/// Whether a silent printer may be sent the reset sequence, which loses a running job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resync {
    /// It may.
    Allowed,
    /// A job is being printed: only ask.
    Forbidden,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Asking { ask: Ask, until: Instant },
    Silent { next: Instant },
    Draining { until: Instant },
}

/// One round of questions.
#[derive(Debug, Clone)]
pub struct Probe {
    phase: Phase,
    started: Instant,
    resync: Resync,
    patience: Duration,
    heard_asb: bool,
}

/// The reset sequence of 1.5: fills up an interrupted command, then initialises and asks for
/// automatic status.
#[must_use]
pub fn resync_bytes() -> Vec<u8> {
    let mut bytes = vec![0; FLUSH_BYTES];
    bytes.extend_from_slice(&[0x1B, 0x40, 0x1D, 0x61, 0xFF]);
    bytes
}

impl Probe {
    /// Begins; `out` receives the first request.
    #[must_use]
    pub fn start(now: Instant, resync: Resync, out: &mut Vec<u8>) -> Self {
        let mut probe = Self {
            phase: Phase::Silent { next: now },
            started: now,
            resync,
            patience: FIRST_REPLY,
            heard_asb: false,
        };
        probe.ask(Ask::Printer, now, out);
        probe
    }

    fn ask(&mut self, ask: Ask, now: Instant, out: &mut Vec<u8>) {
        out.extend_from_slice(&ask.bytes());
        self.phase = Phase::Asking { ask, until: now + self.patience };
    }

    /// A real-time answer arrived.
    pub fn on_reply(
        &mut self,
        byte: u8,
        status: &mut Status,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Progress {
        match self.phase {
            Phase::Asking { ask, .. } => {
                status.apply(ask, byte);
                let next = match ask {
                    Ask::Printer => Ask::OffLineCause,
                    Ask::OffLineCause if status.error => Ask::ErrorCause,
                    Ask::OffLineCause | Ask::ErrorCause => Ask::RollSensor,
                    Ask::RollSensor => return Progress::Complete,
                };
                self.ask(next, now, out);
            }
            Phase::Silent { .. } => self.drain(now),
            Phase::Draining { .. } => {}
        }
        Progress::Going
    }

    /// An automatic status arrived: the printer lives.
    pub fn on_asb(&mut self, now: Instant) {
        self.heard_asb = true;
        if matches!(self.phase, Phase::Silent { .. }) {
            self.drain(now);
        }
    }

    fn drain(&mut self, now: Instant) {
        let late = now.saturating_duration_since(self.started);
        self.patience = (late * 2 + SETTLE).clamp(FIRST_REPLY, GIVE_UP);
        self.phase = Phase::Draining { until: now + late + SETTLE };
    }

    /// Time passed. `idle_line` says that everything written so far has left.
    pub fn on_tick(&mut self, now: Instant, idle_line: bool, out: &mut Vec<u8>) -> Progress {
        match self.phase {
            Phase::Asking { until, .. } if now >= until => {
                if self.heard_asb {
                    // It reports by itself and ignores DLE EOT: that is all there is to know.
                    return Progress::Complete;
                }
                let tried = self.patience != FIRST_REPLY;
                if tried || self.resync == Resync::Forbidden {
                    return Progress::Silent;
                }
                self.phase = Phase::Silent { next: now };
                return self.on_tick(now, idle_line, out);
            }
            Phase::Silent { .. } if now >= self.started + GIVE_UP => return Progress::Silent,
            Phase::Silent { next } if now >= next => {
                if idle_line {
                    out.extend_from_slice(&resync_bytes());
                    out.extend_from_slice(&Ask::Printer.bytes());
                }
                self.phase = Phase::Silent { next: now + RESYNC_EVERY };
            }
            Phase::Draining { until } if now >= until => self.ask(Ask::Printer, now, out),
            _ => {}
        }
        Progress::Going
    }

    /// When [`Probe::on_tick`] has something to do.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        match self.phase {
            Phase::Asking { until, .. } | Phase::Draining { until } => until,
            Phase::Silent { next } => next.min(self.started + GIVE_UP),
        }
    }
}
