//! Requests waiting their turn, bounded.

use std::collections::VecDeque;
use std::time::Duration;

use super::timing::OFFLINE_WAIT;
use super::{Priority, RequestId};
use crate::sip2::message::Request;

/// Most live requests waiting: a pile of books and some queries.
pub const LIVE_QUEUE_MAX: usize = 64;

/// Most background requests waiting. The outbox itself is in the journal; this only has to keep
/// the link busy.
pub const BACKGROUND_QUEUE_MAX: usize = 128;

#[derive(Debug)]
struct Waiting {
    id: RequestId,
    request: Box<Request>,
    /// When it is given back, unless the link is ready.
    expires: Duration,
}

/// Two queues, first come first served in each.
#[derive(Debug, Default)]
pub(super) struct Queue {
    live: VecDeque<Waiting>,
    background: VecDeque<Waiting>,
}

impl Queue {
    /// Takes a request. `false` when the queue is full.
    pub(super) fn push(
        &mut self,
        id: RequestId,
        request: Box<Request>,
        priority: Priority,
        now: Duration,
    ) -> bool {
        let (queue, most) = match priority {
            Priority::Live => (&mut self.live, LIVE_QUEUE_MAX),
            Priority::Background => (&mut self.background, BACKGROUND_QUEUE_MAX),
        };
        if queue.len() >= most {
            return false;
        }
        queue.push_back(Waiting { id, request, expires: now + OFFLINE_WAIT });
        true
    }

    /// The next request: live first, but what the outbox has for the same item goes before it
    /// (sip2.md section 5: per-item ordering kept).
    pub(super) fn pop(&mut self) -> Option<(RequestId, Box<Request>)> {
        let next = match self.live.front().and_then(|live| item_of(&live.request)) {
            Some(item) => self
                .background
                .iter()
                .position(|waiting| item_of(&waiting.request) == Some(item))
                .and_then(|at| self.background.remove(at)),
            None => None,
        };
        let next = next.or_else(|| self.live.pop_front()).or_else(|| self.background.pop_front());
        next.map(|waiting| (waiting.id, waiting.request))
    }

    /// Lets everything wait until then.
    pub(super) fn hold_until(&mut self, expires: Duration) {
        for waiting in self.live.iter_mut().chain(&mut self.background) {
            waiting.expires = expires;
        }
    }

    pub(super) fn next_expiry(&self) -> Option<Duration> {
        self.live.iter().chain(&self.background).map(|waiting| waiting.expires).min()
    }

    /// Removes what has waited too long.
    pub(super) fn expired(&mut self, now: Duration) -> Vec<RequestId> {
        let mut expired = Vec::new();
        for queue in [&mut self.live, &mut self.background] {
            queue.retain(|waiting| {
                let keep = waiting.expires > now;
                if !keep {
                    expired.push(waiting.id);
                }
                keep
            });
        }
        expired
    }

    /// Removes everything.
    pub(super) fn clear(&mut self) -> Vec<RequestId> {
        self.live.drain(..).chain(self.background.drain(..)).map(|waiting| waiting.id).collect()
    }
}

/// The item a request is about.
pub(super) fn item_of(request: &Request) -> Option<&str> {
    match request {
        Request::Checkout(request) => Some(&request.item_identifier),
        Request::Checkin(request) => Some(&request.item_identifier),
        Request::Renew(request) => request.item_identifier.as_deref(),
        Request::Hold(request) => request.item_identifier.as_deref(),
        Request::ItemInformation(request) => Some(&request.item_identifier),
        Request::ItemStatusUpdate(request) => Some(&request.item_identifier),
        _ => None,
    }
}
