//! Several links to one library system, as one.
//!
//! A state machine like [`Link`], over one to [`LINKS_MAX`] of them. Requests wait here and go to
//! a link that has nothing under way, so a link never has more than one. What touches the same
//! item or the same patron keeps the order it was handed over in, and so does what is posted in the
//! background: loans and returns noted before, one at a time (sip2.md section 5). Everything else
//! goes side by side. While a reader is here, background requests leave one link to them, or with
//! one link wait for them; else they have all. When one of them is not answered at once, the posts
//! that wait behind it are given back: they were to follow it, and whether they still may is not
//! for the link to say. Answers to the others are told several at a time while more of them waits.
//!
//! The first link is always wanted. The others are made once one is ready, and a library system
//! that allows fewer connections is not pressed: they come back after [`EXTRA_BACK_OFF`].

mod held;
mod queue;

use std::collections::VecDeque;
use std::time::Duration;

use zeroize::Zeroizing;

use super::link::{Answer, Input, Link, LinkStatus, OFFLINE_WAIT, Outcome, Priority, RawLine};
use super::link::{Output as LinkOutput, RequestId, Unknown};
use super::message::Request;
use super::profile::Profile;
use held::Held;
pub use held::{TOGETHER_MAX, TOGETHER_WAIT};
use queue::{Kind, Queue};

/// Most links to one library system.
pub const LINKS_MAX: usize = 8;

/// Waits before a further link is tried again while another serves, the last one for ever. Ours:
/// long, for the reason is most likely a licence for fewer connections (dp2 allows two).
pub const EXTRA_BACK_OFF: [Duration; 3] =
    [Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(600)];

/// A further link that served so long was not refused.
pub const EXTRA_SETTLED: Duration = Duration::from_secs(60);

/// How long after a live request one more is looked for: readers look for books, and read. Ours.
pub const READER_STAYS: Duration = Duration::from_secs(60);

/// How long after posts were given back further ones are given back too: the caller, at its disk
/// just then, may hand over younger ones before it hears of it. Ours: longer than a write takes,
/// and about as long as the first wait for a new connection.
pub const RECALL_HEARD: Duration = Duration::from_secs(1);

/// What a pool wants done; the number is that of the link.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Make a connection; drop any other of this link.
    Connect(usize),
    /// Send these bytes. They may hold a PIN and are wiped when dropped.
    Send(usize, Zeroizing<Vec<u8>>),
    /// Drop the connection, or the attempt at one.
    Close(usize),
    /// Tell the caller.
    Answer(Box<Answer>),
    /// Tell everyone. On line while any link is.
    Status(Box<LinkStatus>),
}

/// What a link has under way.
struct UnderWay {
    id: RequestId,
    kind: Kind,
}

/// One link and what the pool knows of it.
struct Member {
    link: Link,
    under_way: Option<UnderWay>,
    /// A further link that is switched off: when it is tried again.
    again: Option<Duration>,
    /// How often it was refused in a row.
    refusals: usize,
    /// Since when it is ready.
    ready_since: Option<Duration>,
}

/// The state machine. See the module text.
pub struct Pool {
    members: Vec<Member>,
    queue: Queue,
    held: Held,
    /// Until when a reader is taken to be here.
    reader_until: Duration,
    /// From when posts are taken again.
    posts_from: Duration,
    network: bool,
    stopped: bool,
    /// Whether a link was ready after the last input.
    was_ready: bool,
    reported: Option<LinkStatus>,
    outputs: VecDeque<Output>,
}

/// Without requests, which are personal.
impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("links", &self.members.len()).finish_non_exhaustive()
    }
}

impl Pool {
    /// `links` of them, held within 1 to [`LINKS_MAX`]. For `seed` see [`Link::new`].
    #[must_use]
    pub fn new(profile: &Profile, links: usize, seed: u64) -> Self {
        let member = |at: usize| {
            let seed = seed.wrapping_mul(u64::try_from(at).unwrap_or_default() * 2 + 1);
            let mut link = Link::new(profile.clone(), seed);
            if at > 0 {
                link.handle(Input::Network(false), Duration::ZERO);
                while link.poll_output().is_some() {}
            }
            let again = (at > 0).then_some(Duration::ZERO);
            Member { link, under_way: None, again, refusals: 0, ready_since: None }
        };
        Self {
            members: (0..links.clamp(1, LINKS_MAX)).map(member).collect(),
            queue: Queue::default(),
            held: Held::default(),
            reader_until: Duration::ZERO,
            posts_from: Duration::ZERO,
            network: true,
            stopped: false,
            was_ready: false,
            reported: None,
            outputs: VecDeque::new(),
        }
    }

    /// How many links there may be.
    #[must_use]
    pub fn links(&self) -> usize {
        self.members.len()
    }

    /// The status: that of the first link that serves, or else of the first.
    #[must_use]
    pub fn status(&self) -> &LinkStatus {
        let serves = self.members.iter().find(|m| m.link.status().is_online());
        let ready = serves.or_else(|| self.members.iter().find(|m| m.link.is_ready()));
        ready.unwrap_or(&self.members[0]).link.status()
    }

    /// The next thing to do, or `None` until the next input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Tick`] is wanted, if at all.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let links = self.members.iter().filter_map(|member| member.link.deadline());
        let again = self.members.iter().filter_map(|m| m.again).filter(|_| self.may_grow());
        let queue = if self.any_ready() { None } else { self.queue.next_expiry() };
        links.chain(again).chain(queue).chain(self.held.deadline()).min()
    }

    /// What happened to the connection of a link: [`Input::Connected`], [`Input::ConnectFailed`],
    /// [`Input::Closed`], [`Input::Line`] or [`Input::LineTooLong`]. `now` never goes backwards.
    pub fn heard(&mut self, at: usize, input: Input<'_>, now: Duration) {
        if at < self.members.len() {
            self.feed(at, input, now);
            self.advance(now);
        }
    }

    /// Takes every other input.
    pub fn handle(&mut self, input: Input<'_>, now: Duration) {
        match input {
            Input::Submit { id, request, priority } => self.submit(id, request, priority, now),
            Input::Station(code) => self.feed_all(|| Input::Station(code), now),
            Input::Network(on) => self.on_network(on, now),
            Input::Stop => {
                self.stopped = true;
                self.feed_all(|| Input::Stop, now);
            }
            // Nothing that belongs to one connection is taken without its number.
            _ => {}
        }
        self.advance(now);
    }

    fn submit(&mut self, id: RequestId, request: Box<Request>, priority: Priority, now: Duration) {
        if priority == Priority::Live {
            self.reader_until = now + READER_STAYS;
        }
        let early = Kind::of(&request, priority).is_post && now < self.posts_from;
        if self.stopped || early {
            self.not_sent(id);
        } else if !self.queue.push(id, request, priority, now) {
            self.end(id, Outcome::QueueFull);
        }
    }

    fn on_network(&mut self, on: bool, now: Duration) {
        self.network = on;
        if on {
            return self.feed(0, Input::Network(true), now);
        }
        self.feed_all(|| Input::Network(false), now);
        for member in self.members.iter_mut().skip(1) {
            member.again = Some(now);
        }
    }

    fn feed_all(&mut self, input: impl Fn() -> Input<'static>, now: Duration) {
        for at in 0..self.members.len() {
            self.feed(at, input(), now);
        }
    }

    /// Gives a link an input and takes what it puts out.
    fn feed(&mut self, at: usize, input: Input<'_>, now: Duration) {
        self.members[at].link.handle(input, now);
        while let Some(output) = self.members[at].link.poll_output() {
            let output = match output {
                LinkOutput::Connect => Output::Connect(at),
                LinkOutput::Send(bytes) => Output::Send(at, bytes),
                LinkOutput::Close => Output::Close(at),
                LinkOutput::Answer(answer) => {
                    self.ended(at, answer, now);
                    continue;
                }
                // The pool tells its own.
                LinkOutput::Status(_) => continue,
            };
            self.outputs.push_back(output);
        }
    }

    /// A link's request came to its end.
    fn ended(&mut self, at: usize, answer: Box<Answer>, now: Duration) {
        let under_way = self.members[at].under_way.take_if(|of| of.id == answer.id);
        if under_way.is_none_or(|of| of.kind.priority == Priority::Live) {
            self.tell_held();
            return self.outputs.push_back(Output::Answer(answer));
        }
        // A no to what was sent twice may be no answer either.
        let lost = answer.outcome == Outcome::Unknown(Unknown::LinkLost);
        if !lost && answer.transmissions <= 1 {
            return self.held.push(*answer, now);
        }
        // Told first: what follows from the answers must know of it.
        self.recall(now);
        self.outputs.push_back(Output::Answer(answer));
        self.tell_held();
    }

    /// Gives back what was noted and waits.
    fn recall(&mut self, now: Duration) {
        let recalled = self.queue.recall();
        if !recalled.is_empty() {
            self.posts_from = now + RECALL_HEARD;
        }
        for id in recalled {
            self.not_sent(id);
        }
    }

    fn tell_held(&mut self) {
        let told = self.held.take().into_iter().map(|answer| Output::Answer(Box::new(answer)));
        self.outputs.extend(told);
    }

    fn advance(&mut self, now: Duration) {
        for at in 0..self.members.len() {
            if self.members[at].link.deadline().is_some_and(|due| due <= now) {
                self.feed(at, Input::Tick, now);
            }
        }
        self.tend(now);
        let ready = self.any_ready();
        if std::mem::replace(&mut self.was_ready, ready) && !ready {
            self.queue.hold_until(now + OFFLINE_WAIT);
        }
        if ready {
            self.dispatch(now);
        } else {
            self.expire(now);
        }
        if !ready || self.held.is_due(self.queue.count(Priority::Background), now) {
            self.tell_held();
        }
        self.report();
    }

    /// Further links: made once one is ready, given up where they are refused.
    fn tend(&mut self, now: Duration) {
        for at in 0..self.members.len() {
            let others = self.members.iter().enumerate().any(|(n, m)| n != at && m.link.is_ready());
            let member = &mut self.members[at];
            if member.link.is_ready() {
                let since = *member.ready_since.get_or_insert(now);
                if now >= since + EXTRA_SETTLED {
                    member.refusals = 0;
                }
                continue;
            }
            let served = member.ready_since.take();
            if served.is_some_and(|since| now >= since + EXTRA_SETTLED) {
                member.refusals = 0;
            }
            // The first link is never given up, and where none serves, none of those is that were
            // made.
            if at == 0 || !others {
                continue;
            }
            match member.again {
                Some(again) if again <= now && self.network && !self.stopped => {
                    member.again = None;
                    self.feed(at, Input::Network(true), now);
                }
                None if member.link.is_waiting() => {
                    let wait = EXTRA_BACK_OFF[member.refusals.min(EXTRA_BACK_OFF.len() - 1)];
                    member.refusals = member.refusals.saturating_add(1);
                    member.again = Some(now + wait);
                    tracing::info!(link = at + 1, ?wait, "a further link is not to be had");
                    self.feed(at, Input::Network(false), now);
                }
                _ => {}
            }
        }
    }

    fn any_ready(&self) -> bool {
        self.members.iter().any(|member| member.link.is_ready())
    }

    fn may_grow(&self) -> bool {
        self.network && !self.stopped && self.any_ready()
    }

    /// Gives requests to links that have nothing under way.
    fn dispatch(&mut self, now: Duration) {
        for at in 0..self.members.len() {
            if self.members[at].under_way.is_some() || !self.members[at].link.is_free() {
                continue;
            }
            let busy = || self.members.iter().filter_map(|member| member.under_way.as_ref());
            let background = busy().filter(|u| u.kind.priority == Priority::Background).count();
            let ready = self.members.iter().filter(|member| member.link.is_ready()).count();
            let kept = usize::from(now < self.reader_until);
            let room = background < ready.saturating_sub(kept).max(1);
            let kinds: Vec<Kind> = busy().map(|under_way| under_way.kind.clone()).collect();
            let Some(next) = self.queue.pop(&kinds, room) else { return };
            let (id, priority) = (next.id, next.kind.priority);
            self.members[at].under_way = Some(UnderWay { id, kind: next.kind });
            self.feed(at, Input::Submit { id, request: next.request, priority }, now);
        }
    }

    /// Gives back what has waited too long for a connection; at once where none can come in time.
    fn expire(&mut self, now: Duration) {
        let hopeless = self.members.iter().all(|member| member.link.is_hopeless(now));
        if !hopeless && self.queue.is_post_expired(now) {
            self.recall(now);
        }
        let expired = if hopeless { self.queue.clear() } else { self.queue.expired(now) };
        for id in expired {
            self.not_sent(id);
        }
    }

    fn not_sent(&mut self, id: RequestId) {
        self.end(id, Outcome::NotSent);
    }

    fn end(&mut self, id: RequestId, outcome: Outcome) {
        let answer = Answer { id, outcome, transmissions: 0, raw: RawLine::default() };
        self.outputs.push_back(Output::Answer(Box::new(answer)));
    }

    fn report(&mut self) {
        let status = self.status();
        if self.reported.as_ref() != Some(status) {
            let status = status.clone();
            self.reported = Some(status.clone());
            self.outputs.push_back(Output::Status(Box::new(status)));
        }
    }
}

#[cfg(test)]
mod tests;
