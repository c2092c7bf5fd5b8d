//! The wire between station and library system: split segments, delays, losses, spoiled answers.

use kiosk::sip2::link::Input as LinkInput;
use kiosk::sip2::pool::Output;

use super::super::rng::Rng;
use super::{Event, Lane, MILLI, Pipe, SECOND, World};

/// Longest that the core takes over other things before it takes what the link told.
const INBOX_WAIT: u64 = 60 * MILLI;

/// How an answer is spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoil {
    Bytes,
    Checksum,
}

/// The checksum's digits stand so far before the end of an answer, its CR included.
const CHECKSUM_AT: usize = 5;

impl World<'_> {
    pub(super) fn link_outputs(&mut self) {
        while let Some(output) = self.pool.poll_output() {
            match output {
                Output::Connect(at) => self.connect(at),
                Output::Send(at, bytes) => self.send_up(at, &bytes),
                Output::Close(at) => self.lanes[at] = Lane::default(),
                told @ (Output::Answer(_) | Output::Status(_)) => {
                    self.inbox.push_back(told);
                    if !self.gathers {
                        self.take_inbox();
                    } else if self.inbox.len() == 1 {
                        let wait = self.rng.range(0, INBOX_WAIT);
                        self.later(wait, Event::Inbox);
                    }
                }
            }
        }
    }

    /// The core takes what it was told, answers that follow each other together.
    pub(super) fn take_inbox(&mut self) {
        let mut ends = Vec::new();
        while let Some(told) = self.inbox.pop_front() {
            match told {
                Output::Answer(answer) => ends.push(*answer),
                Output::Status(status) => {
                    let ends = std::mem::take(&mut ends);
                    self.with_core(|core| {
                        core.answered(ends);
                        core.link_told(&status);
                    });
                }
                _ => {}
            }
        }
        self.with_core(|core| core.answered(ends));
    }

    /// Which link has this connection now.
    pub(super) fn lane_of(&self, id: u64) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.current == Some(id))
    }

    fn connect(&mut self, at: usize) {
        let id = self.next_pipe;
        self.next_pipe += 1;
        self.lanes[at] = Lane { current: Some(id), ..Lane::default() };
        let wait = self.rng.range(2 * MILLI, 40 * MILLI);
        if self.network_up && self.library_up {
            let server = Some(self.library.connect());
            self.pipes.insert(id, Pipe { server, broken: false, up_at: 0, down_at: 0, held: None });
            self.later(wait, Event::Connected(id));
        } else if self.network_up || self.rng.chance(50) {
            self.later(wait, Event::Refused(id));
        }
        // Otherwise nothing answers at all.
    }

    fn send_up(&mut self, lane: usize, bytes: &[u8]) {
        let open = |id: &u64| self.pipes.get(id).is_some_and(|pipe| !pipe.broken);
        let Some(id) = self.lanes[lane].current.filter(open) else { return };
        let (whole, cut) = take_cut(&mut self.cut_up, bytes);
        let mut at = self.now() + self.rng.range(MILLI, 15 * MILLI);
        at = at.max(self.pipes.get(&id).map_or(0, |pipe| pipe.up_at));
        for part in split(whole, &mut self.rng) {
            self.at(at, Event::ToLibrary(id, part));
            at += self.rng.range(0, 3 * MILLI);
        }
        if let Some(pipe) = self.pipes.get_mut(&id) {
            pipe.up_at = at;
            pipe.broken = cut || !self.network_up;
        }
        if cut || !self.network_up {
            self.at(at + 5 * MILLI, Event::Closed(id));
        }
    }

    pub(super) fn send_down(&mut self, id: u64, bytes: &[u8], close: bool) {
        let (whole, cut) = take_cut(&mut self.cut_down, bytes);
        let whole = if self.network_up { whole } else { &[] };
        let mut at = self.now() + self.rng.range(2 * MILLI, 40 * MILLI) + self.slow;
        at = at.max(self.pipes.get(&id).map_or(0, |pipe| pipe.down_at));
        for part in split(whole, &mut self.rng) {
            self.at(at, Event::ToStation(id, part));
            at += self.rng.range(0, 3 * MILLI);
        }
        if let Some(pipe) = self.pipes.get_mut(&id) {
            pipe.down_at = at;
            if cut || close {
                pipe.server = None;
            }
        }
        if cut || close {
            self.at(at, Event::Closed(id));
        }
    }

    pub(super) fn library_hears(&mut self, id: u64, bytes: &[u8]) {
        let now = self.desk.civil();
        let Some(pipe) = self.pipes.get_mut(&id) else { return };
        let Some(server) = pipe.server.as_mut().filter(|_| self.library_up) else { return };
        let exchanges = self.library.receive(server, bytes, now);
        for exchange in exchanges {
            self.trace(|| {
                let text = String::from_utf8_lossy;
                format!("{id} > {}\n{id} < {}", text(&exchange.request), text(&exchange.said.send))
            });
            self.judge.heard(id, &exchange);
            match self.library.news() {
                Ok(news) => self.judge.booked(news),
                Err(error) => self.judge.fail(format!("the ledger: {error}")),
            }
            let (mut send, close) = (exchange.said.send, exchange.said.close);
            if send.is_empty() && !close {
                continue;
            }
            self.spoil(&mut send);
            let held = self.pipes.get_mut(&id).and_then(|pipe| pipe.held.take());
            if std::mem::take(&mut self.swapped) && !close {
                if let Some(pipe) = self.pipes.get_mut(&id) {
                    pipe.held = Some(send);
                }
                continue;
            }
            if std::mem::take(&mut self.twice) {
                send = send.repeat(2);
            }
            send.extend(held.unwrap_or_default());
            self.send_down(id, &send, close);
        }
    }

    /// Changes an answer so that its checksum is surely wrong. Login and status are spared: a
    /// station that just connects would use the fault up.
    pub(super) fn spoil(&mut self, answer: &mut [u8]) {
        if matches!(answer.get(..2), Some(b"94" | b"96" | b"98") | None) {
            return;
        }
        let Some(spoil) = self.spoiled.pop_front() else { return };
        let digits = answer.len().saturating_sub(CHECKSUM_AT);
        let at = match spoil {
            // One changed bit is one the sum sees; several might make up for each other.
            Spoil::Bytes => {
                let readable = |at: &usize| answer[*at].is_ascii_alphanumeric();
                let places: Vec<usize> = (2..digits).filter(readable).collect();
                if places.is_empty() {
                    return;
                }
                *self.rng.pick(&places)
            }
            Spoil::Checksum => digits,
        };
        if let Some(byte) = answer.get_mut(at) {
            *byte ^= 1;
        }
    }

    pub(super) fn station_hears(&mut self, id: u64, bytes: &[u8]) {
        let Some(at) = self.lane_of(id) else { return };
        self.lanes[at].framer.push(bytes);
        while let Some(line) = self.lanes[at].framer.next_line() {
            let line = line.map(<[u8]>::to_vec);
            self.judge.answered(id);
            match line {
                Ok(line) => self.pool.heard(at, LinkInput::Line(&line), self.mono()),
                Err(_) => self.pool.heard(at, LinkInput::LineTooLong, self.mono()),
            }
            self.link_outputs();
        }
    }

    pub(super) fn lose(&mut self, id: u64) {
        self.pipes.remove(&id);
        if let Some(at) = self.lane_of(id) {
            self.lanes[at].current = None;
            self.pool.heard(at, LinkInput::Closed, self.mono());
        }
    }

    pub(super) fn lose_all(&mut self) {
        for id in self.pipes.keys().copied().collect::<Vec<_>>() {
            // A broken network is noticed late, or not before the next time-out.
            let wait = self.rng.range(MILLI, 2 * SECOND);
            if let Some(pipe) = self.pipes.get_mut(&id) {
                pipe.server = None;
            }
            self.later(wait, Event::Closed(id));
        }
    }
}

/// The bytes before the cut, and whether it is there.
fn take_cut<'b>(cut: &mut Option<usize>, bytes: &'b [u8]) -> (&'b [u8], bool) {
    match cut {
        Some(n) if *n < bytes.len() => {
            let before = &bytes[..*n];
            *cut = None;
            (before, true)
        }
        Some(n) => {
            *n -= bytes.len();
            (bytes, false)
        }
        None => (bytes, false),
    }
}

/// As TCP may deliver them.
fn split(bytes: &[u8], rng: &mut Rng) -> Vec<Vec<u8>> {
    if bytes.is_empty() {
        return Vec::new();
    }
    if bytes.len() > 1 && rng.chance(20) {
        let at = usize::try_from(rng.range(1, bytes.len() as u64 - 1)).unwrap_or(1);
        return vec![bytes[..at].to_vec(), bytes[at..].to_vec()];
    }
    vec![bytes.to_vec()]
}
