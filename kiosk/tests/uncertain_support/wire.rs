//! The wire between station and library system, and what goes wrong on it.

use std::time::Duration;

use kiosk::practice::Fault;
use kiosk::session::{AskId, Input, LinkState};
use kiosk::sip2::Framer;
use kiosk::sip2::link::{Input as LinkInput, Output};
use kiosk::station::ils::{self, Sorting};

use super::{Due, Point, Stand};

/// Way of a message, in milliseconds.
const WAY_MS: u64 = 10;
/// An answer that comes after the time-out of the profile.
const LATE_MS: u64 = 3_000;
/// Answers to one message that is damaged each time: 97, the message again, three retries.
const EXCHANGE_ANSWERS: u32 = 12;
/// How long a library system is away that starts again.
const RESTART_MS: u64 = 12_000;

impl Stand {
    pub(super) fn happens(&mut self, due: Due) {
        match due {
            Due::Session(input) => self.feed(input),
            Due::Connected(epoch) if epoch == self.epoch && self.now >= self.away_until => {
                self.line = Some(self.library.connect());
                self.link_input(LinkInput::Connected);
            }
            Due::Connected(epoch) if epoch == self.epoch => {
                self.link_input(LinkInput::ConnectFailed);
            }
            Due::Bytes(epoch, bytes) if epoch == self.epoch => self.arrive(&bytes),
            Due::Closed(epoch) if epoch == self.epoch => {
                self.hang_up();
                self.link_input(LinkInput::Closed);
            }
            Due::Connected(_) | Due::Bytes(..) | Due::Closed(_) => {}
        }
    }

    pub(super) fn hang_up(&mut self) {
        self.line = None;
        self.epoch += 1;
        self.framer = Framer::new();
        self.busy_until = 0;
    }

    pub(super) fn arrive(&mut self, bytes: &[u8]) {
        self.framer.push(bytes);
        let mut lines = Vec::new();
        while let Some(Ok(line)) = self.framer.next_line() {
            lines.push(line.to_vec());
        }
        for line in lines {
            self.link_input(LinkInput::Line(&line));
        }
    }

    pub(super) fn link_input(&mut self, input: LinkInput<'_>) {
        self.link.handle(input, Duration::from_millis(self.now));
        while let Some(output) = self.link.poll_output() {
            if self.dark {
                return;
            }
            match output {
                Output::Connect => {
                    self.hang_up();
                    self.later(WAY_MS, Due::Connected(self.epoch));
                }
                Output::Send(bytes) => self.send(&bytes),
                Output::Close => self.hang_up(),
                Output::Answer(end) => {
                    let id = AskId(end.id.0);
                    let wall = self.moment().wall;
                    let answer =
                        ils::answer(*end, &self.profile, &Sorting::default(), wall, &|told| {
                            told.civil()
                        });
                    self.later(0, Due::Session(Input::Answer(id, answer)));
                }
                Output::Status(status) => {
                    self.online = status.is_online();
                    let link = LinkState {
                        online: self.online,
                        checkout_ok: status.checkout_ok,
                        checkin_ok: status.checkin_ok,
                        renewal_ok: status.renewal_ok,
                        ever: self.online,
                    };
                    self.later(0, Due::Session(Input::Link(link)));
                }
            }
        }
    }

    /// The wire, and what goes wrong on it.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let line = line.strip_suffix(b"\r").unwrap();
        let hit = self.plan.filter(|(message, _)| message.is(line));
        let point = hit.map_or(Point::Nothing, |(_, point)| point);
        if let Some((message, _)) = hit {
            self.plan = None;
            let fault = match point {
                Point::Garbled => Some(Fault::Garble(1)),
                Point::GarbledOn => Some(Fault::Garble(EXCHANGE_ANSWERS)),
                Point::WrongChecksum => Some(Fault::BadChecksum(1)),
                Point::WrongDigit => Some(Fault::WrongDigit(1)),
                Point::Words => Some(Fault::Words(1)),
                _ => None,
            };
            if let Some(fault) = fault {
                self.library.set_fault(Fault::Only(Some(message.code())));
                self.library.set_fault(fault);
            }
        }
        match point {
            Point::NoByte | Point::SomeBytes | Point::NotDone => {
                return self.later(WAY_MS, Due::Closed(self.epoch));
            }
            Point::Swallowed => return,
            _ => {}
        }
        let now = self.moment().wall.with().subsec_nanosecond(0).build().unwrap();
        let Some(connection) = &mut self.line else { return };
        let mut reply = self.library.line(connection, line, now);
        let way = 2 * WAY_MS + if point == Point::Late { LATE_MS } else { 0 };
        let at = (self.now + way).max(self.busy_until);
        self.busy_until = at;
        let way = at - self.now;
        match point {
            Point::Lost => return self.later(way, Due::Closed(self.epoch)),
            Point::Restart => {
                self.away_until = self.now + RESTART_MS;
                return self.later(way, Due::Closed(self.epoch));
            }
            Point::Silent => return,
            Point::Cut(bytes) => {
                reply.send.truncate(bytes.min(reply.send.len().saturating_sub(1)));
                reply.close = true;
            }
            Point::Earlier => {
                let before = self.last_answer.clone();
                self.later(way, Due::Bytes(self.epoch, before));
            }
            Point::PowerSent => {
                self.dark = true;
                return;
            }
            Point::WordsDone => reply.send = b"Problem handling request\r".to_vec(),
            Point::PowerAnswered | Point::PowerRecorded => self.at_outcome = Some(point),
            _ => {}
        }
        self.last_answer.clone_from(&reply.send);
        self.later(way, Due::Bytes(self.epoch, reply.send));
        if reply.close {
            self.later(way, Due::Closed(self.epoch));
        }
    }
}
