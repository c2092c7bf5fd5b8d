//! What goes into a link and what comes out of it.

use std::fmt;

use zeroize::Zeroizing;

use super::LinkStatus;
use crate::sip2::codes::ScStatusCode;
use crate::sip2::message::{Request, Response};

/// The caller's name for a request, given back with its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// Who waits for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Priority {
    /// A person in front of the station.
    Live,
    /// The outbox. Overtaken by live requests, except those for the same item.
    Background,
}

/// Why nobody knows what became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unknown {
    /// The connection was lost, or given up after the last retransmission.
    LinkLost,
    /// The library system is there but does not answer this kind of request, although it may
    /// advertise it (dp2): show it as not available.
    Unanswered,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The library system's answer, which may be a refusal.
    Answered(Box<Response>),
    /// Not a byte left the station. Safe to ask again.
    NotSent,
    /// The request left, no answer came: it may have been carried out. Find out (17, 63) before
    /// repeating it (sip2.md section 3).
    Unknown(Unknown),
    /// Not taken: too many requests are waiting.
    QueueFull,
}

/// A line as received, for the journal. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RawLine(pub Vec<u8>);

impl fmt::Debug for RawLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawLine({} bytes)", self.0.len())
    }
}

/// The end of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Which request.
    pub id: RequestId,
    /// What became of it.
    pub outcome: Outcome,
    /// How often the request was sent. Above one, a server without duplicate protection may have
    /// carried it out twice: a loan then comes back as a renewal.
    pub transmissions: u16,
    /// The answer's bytes, empty unless answered. Personal: for the journal only.
    pub raw: RawLine,
}

/// What happens to a link.
#[derive(Debug)]
pub enum Input<'a> {
    /// The connection asked for by [`Output::Connect`] stands.
    Connected,
    /// It could not be made.
    ConnectFailed,
    /// The connection was closed or broke.
    Closed,
    /// A line came, without its terminator.
    Line(&'a [u8]),
    /// A line too long to be a message came.
    LineTooLong,
    /// A request of the station.
    Submit {
        /// Its name.
        id: RequestId,
        /// What is asked.
        request: Box<Request>,
        /// Who waits.
        priority: Priority,
    },
    /// The station's own state changed; told by the next 99, at once.
    Station(ScStatusCode),
    /// Whether the network may be used. `false` drops the connection and stays off.
    Network(bool),
    /// End for good.
    Stop,
    /// A deadline passed.
    Tick,
}

/// What a link wants done.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Make a connection; drop any other.
    Connect,
    /// Send these bytes. They may hold a PIN and are wiped when dropped.
    Send(Zeroizing<Vec<u8>>),
    /// Drop the connection, or the attempt at one. No [`Input::Closed`] is expected for it.
    Close,
    /// Tell the caller.
    Answer(Box<Answer>),
    /// Tell everyone.
    Status(Box<LinkStatus>),
}
