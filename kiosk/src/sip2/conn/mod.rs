//! The sockets around the links: one thread, one TCP connection for each link.
//!
//! [`SipHandle`] is used from any thread and never blocks. Everything that is decided stays in
//! [`crate::sip2::pool`] and [`crate::sip2::link`]; here bytes are moved and time is waited for. The connection is encrypted
//! by [`tls`], or plain TCP: to a tunnel on the station, or where the configuration allows it.

mod socket;
pub mod tls;
mod waiting;

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use drivers::port::{Direction, Tap};
use tokio::sync::mpsc;

use socket::{Happened, Socket};
pub use tls::{Tls, TlsError, TlsFiles};
pub use waiting::Clock;
use waiting::Waiting;

use super::codes::ScStatusCode;
use super::link::{Answer, Input, LinkStatus, Priority, RequestId};
use super::message::Request;
use super::pool::{Output, Pool};
use super::profile::Profile;
use super::wire::{FrameError, Framer};

/// Most commands on their way to the link's thread. Above the queues of the link itself, so that
/// those decide what is refused.
const COMMANDS_MAX: usize = 256;

/// Told of an attempt that came to nothing.
const NO_ANSWER: &str = "no answer to the connection; check address and port, the network and its firewall, and whether TLS is spoken there";

/// Told of a connection closed before anything was served.
const CLOSED_EARLY: &str = "the library system closes the connection at once; check the account, whether it lets this station in, and whether it wants TLS";

/// Where the library system is and how it speaks.
#[derive(Debug, Clone)]
pub struct SipConfig {
    /// Host name or address.
    pub host: String,
    /// TCP port. SIP2 has no registered one; 6001 is usual.
    pub port: u16,
    /// Encryption; without it plain TCP.
    pub tls: Option<Tls>,
    /// The library system's ways.
    pub profile: Profile,
    /// Connections at once, held within 1 to [`crate::sip2::pool::LINKS_MAX`].
    pub links: usize,
}

/// What the link tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A request came to its end. Every request taken has exactly one.
    Answer(Box<Answer>),
    /// The status changed.
    Status(Box<LinkStatus>),
    /// Why there is no connection, for the technician; told once while it stays the same.
    Trouble(String),
}

/// A request could not be handed to the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Too many are on their way.
    #[error("more than {COMMANDS_MAX} commands wait for the SIP2 link")]
    Busy,
    /// The link has ended.
    #[error("the SIP2 link has ended")]
    Stopped,
}

enum Command {
    Requests(Vec<(RequestId, Request)>, Priority),
    Station(ScStatusCode),
    Network(bool),
    Stop,
}

/// A running link. Dropping it ends the link without waiting; see [`SipHandle::stop`].
#[derive(Debug)]
pub struct SipHandle {
    commands: mpsc::Sender<Command>,
    thread: Option<JoinHandle<()>>,
}

impl SipHandle {
    /// Starts the link's thread, which connects at once.
    ///
    /// `clock` replaces the real clock (simulation). `tap` is shown every message with its
    /// direction, without terminator: raw, so what comes of it must go through
    /// [`crate::sip2::describe`]. `on_event` is called on the link's thread and must not block.
    ///
    /// # Errors
    /// When the thread or its reactor cannot be made.
    pub fn start(
        config: SipConfig,
        clock: Option<Clock>,
        tap: Option<Tap>,
        on_event: impl FnMut(Event) + Send + 'static,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (commands, inbox) = mpsc::channel(COMMANDS_MAX);
        let pool = Pool::new(&config.profile, config.links, seed());
        let lane = || Lane {
            socket: Socket::new(config.host.clone(), config.port, config.tls.clone()),
            framer: Framer::new(),
            connecting: false,
        };
        let shell = Shell {
            lanes: (0..pool.links()).map(|_| lane()).collect(),
            pool,
            waiting: Waiting::new(clock),
            tap,
            on_event: Box::new(on_event),
            stopped: false,
            trouble: String::new(),
        };
        let thread = std::thread::Builder::new().name("sip2".to_owned()).spawn(move || {
            runtime.block_on(shell.run(inbox));
            // A name being looked up has its own thread and is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self { commands, thread: Some(thread) })
    }

    /// Hands over a request. Its end is an [`Event::Answer`] with the same id.
    ///
    /// # Errors
    /// [`SubmitError`]; then there will be no event.
    pub fn request(
        &self,
        id: RequestId,
        request: impl Into<Request>,
        priority: Priority,
    ) -> Result<(), SubmitError> {
        self.requests(vec![(id, request.into())], priority)
    }

    /// The same for several, in this order. The link's thread is woken once for them.
    ///
    /// # Errors
    /// [`SubmitError`]; then there will be no event of any.
    pub fn requests(
        &self,
        requests: Vec<(RequestId, Request)>,
        priority: Priority,
    ) -> Result<(), SubmitError> {
        self.send(Command::Requests(requests, priority))
    }

    /// Tells the library system of the station's state (printer out of paper).
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn station_status(&self, code: ScStatusCode) -> Result<(), SubmitError> {
        self.send(Command::Station(code))
    }

    /// Switches the network off (the connection is dropped, none is made) or on again.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn set_network(&self, on: bool) -> Result<(), SubmitError> {
        self.send(Command::Network(on))
    }

    /// Ends the link and waits for its thread. Requests not yet ended get their event first. Not
    /// to be called from `on_event`.
    pub fn stop(mut self) {
        self.ask_to_stop();
        // Closes the channel, which ends the thread even when the command found it full.
        self.commands = mpsc::channel(1).0;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the SIP2 link's thread ended by a panic");
        }
    }

    fn send(&self, command: Command) -> Result<(), SubmitError> {
        self.commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SubmitError::Busy,
            mpsc::error::TrySendError::Closed(_) => SubmitError::Stopped,
        })
    }

    fn ask_to_stop(&self) {
        // A full channel ends as well: the thread sees it closed once this handle is gone.
        let _ = self.commands.try_send(Command::Stop);
    }
}

impl Drop for SipHandle {
    fn drop(&mut self) {
        self.ask_to_stop();
    }
}

/// Different in every station. Where the system has no random bytes, waits are the same for all,
/// which does no harm to one.
fn seed() -> u64 {
    getrandom::u64().unwrap_or_default()
}

/// The connection of one link.
struct Lane {
    socket: Socket,
    framer: Framer,
    /// A connection is being made.
    connecting: bool,
}

/// Links, sockets and clock together.
struct Shell {
    pool: Pool,
    /// One for each link.
    lanes: Vec<Lane>,
    waiting: Waiting,
    tap: Option<Tap>,
    on_event: Box<dyn FnMut(Event) + Send>,
    stopped: bool,
    /// As last told.
    trouble: String,
}

impl Shell {
    async fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        self.feed(Input::Tick);
        while !self.stopped {
            poll_fn(|context| self.poll_turn(&mut inbox, context)).await;
        }
        // What was handed over after the end still gets its event.
        inbox.close();
        while let Ok(command) = inbox.try_recv() {
            self.obey(Some(command));
        }
    }

    /// Takes one thing from each connection, what was asked by then, and the time. What the
    /// library system said comes first: it has nothing to do until it is asked the next.
    fn poll_turn(
        &mut self,
        inbox: &mut mpsc::Receiver<Command>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let mut any = Poll::Pending;
        for at in 0..self.lanes.len() {
            if let Poll::Ready(happened) = self.lanes[at].socket.poll_next(context) {
                self.take(at, happened);
                any = Poll::Ready(());
            }
        }
        for _ in 0..COMMANDS_MAX {
            let Poll::Ready(command) = inbox.poll_recv(context) else { break };
            self.obey(command);
            any = Poll::Ready(());
            if self.stopped {
                return any;
            }
        }
        if self.waiting.poll_until(self.pool.deadline(), context).is_ready() {
            self.feed(Input::Tick);
            any = Poll::Ready(());
        }
        any
    }

    fn obey(&mut self, command: Option<Command>) {
        match command {
            Some(Command::Requests(requests, priority)) => {
                for (id, request) in requests {
                    self.feed(Input::Submit { id, request: Box::new(request), priority });
                }
            }
            Some(Command::Station(code)) => self.feed(Input::Station(code)),
            Some(Command::Network(on)) => self.feed(Input::Network(on)),
            Some(Command::Stop) | None => {
                self.feed(Input::Stop);
                self.stopped = true;
            }
        }
    }

    fn take(&mut self, at: usize, happened: Happened) {
        match happened {
            Happened::Connected => {
                self.lanes[at].connecting = false;
                self.trouble.clear();
                self.heard(at, Input::Connected);
            }
            Happened::ConnectFailed(error) => {
                self.lanes[at].connecting = false;
                self.failed(&error);
                self.heard(at, Input::ConnectFailed);
            }
            Happened::Closed(error) => {
                match &error {
                    Some(error) => self.failed(error),
                    None if self.pool.status().is_online() => {
                        tracing::info!(link = at + 1, "connection closed by the library system");
                    }
                    None => self.tell(CLOSED_EARLY),
                }
                self.heard(at, Input::Closed);
            }
            Happened::Received(bytes) => self.receive(at, &bytes),
            Happened::Sent => {}
        }
    }

    fn failed(&mut self, error: &io::Error) {
        match tls::trouble(error) {
            Some(trouble) => self.tell(trouble),
            None => self.tell(&error.to_string()),
        }
    }

    /// Tells what prevents a connection, unless another one serves.
    fn tell(&mut self, trouble: &str) {
        if self.pool.links() > 1 && self.pool.status().is_online() {
            return tracing::info!(trouble, "no further connection to the library system");
        }
        if trouble != self.trouble {
            tracing::warn!(trouble, "no connection to the library system");
            trouble.clone_into(&mut self.trouble);
            (self.on_event)(Event::Trouble(trouble.to_owned()));
        }
    }

    fn receive(&mut self, at: usize, bytes: &[u8]) {
        self.lanes[at].framer.push(bytes);
        // The framer is emptied when the link drops the connection, which ends the loop.
        while let Some(line) = self.lanes[at].framer.next_line() {
            match line.map(<[u8]>::to_vec) {
                Ok(line) => {
                    self.show(Direction::In, &line);
                    self.heard(at, Input::Line(&line));
                }
                Err(error @ FrameError) => {
                    tracing::warn!(%error, "library system");
                    self.heard(at, Input::LineTooLong);
                }
            }
        }
    }

    /// Gives the links an input and carries out what they want.
    fn feed(&mut self, input: Input<'_>) {
        self.pool.handle(input, self.waiting.now());
        self.carry_out();
    }

    /// The same for what happened on the connection of one.
    fn heard(&mut self, at: usize, input: Input<'_>) {
        self.pool.heard(at, input, self.waiting.now());
        self.carry_out();
    }

    /// What goes to the library system first: it works while the station is told.
    fn carry_out(&mut self) {
        let mut events = Vec::new();
        while let Some(output) = self.pool.poll_output() {
            match output {
                Output::Connect(at) => {
                    let lane = &mut self.lanes[at];
                    lane.framer.clear();
                    lane.connecting = true;
                    lane.socket.connect();
                }
                Output::Send(at, bytes) => {
                    self.show(Direction::Out, bytes.trim_ascii_end());
                    self.lanes[at].socket.send(&bytes);
                }
                Output::Close(at) => {
                    if std::mem::take(&mut self.lanes[at].connecting) {
                        self.tell(NO_ANSWER);
                    }
                    self.lanes[at].framer.clear();
                    self.lanes[at].socket.close();
                }
                Output::Answer(answer) => events.push(Event::Answer(answer)),
                Output::Status(status) => {
                    if status.is_online() {
                        self.trouble.clear();
                    }
                    events.push(Event::Status(status));
                }
            }
        }
        for event in events {
            (self.on_event)(event);
        }
    }

    fn show(&self, direction: Direction, line: &[u8]) {
        if let Some(tap) = &self.tap {
            tap(direction, line);
        }
    }
}

#[cfg(test)]
mod tests;
