//! Requests waiting for a link, bounded, and which of them may go.

use std::collections::VecDeque;
use std::time::Duration;

use crate::privacy::PatronId;
use crate::sip2::link::{BACKGROUND_QUEUE_MAX, LIVE_QUEUE_MAX, OFFLINE_WAIT, Priority, RequestId};
use crate::sip2::message::Request;

/// What a request is about. Two that share an item or a patron keep their order.
#[derive(Clone, Default)]
pub(super) struct Keys {
    item: Option<String>,
    patron: Option<PatronId>,
}

impl Keys {
    pub(super) fn of(request: &Request) -> Self {
        let (item, patron) = match request {
            Request::Checkout(r) => (Some(&r.item_identifier), Some(&r.patron_identifier)),
            Request::Checkin(r) => (Some(&r.item_identifier), None),
            Request::Renew(r) => (r.item_identifier.as_ref(), Some(&r.patron_identifier)),
            Request::Hold(r) => (r.item_identifier.as_ref(), Some(&r.patron_identifier)),
            Request::ItemInformation(r) => (Some(&r.item_identifier), None),
            Request::ItemStatusUpdate(r) => (Some(&r.item_identifier), None),
            Request::BlockPatron(r) => (None, Some(&r.patron_identifier)),
            Request::PatronStatus(r) => (None, Some(&r.patron_identifier)),
            Request::PatronEnable(r) => (None, Some(&r.patron_identifier)),
            Request::PatronInformation(r) => (None, Some(&r.patron_identifier)),
            Request::RenewAll(r) => (None, Some(&r.patron_identifier)),
            Request::FeePaid(r) => (None, Some(&r.patron_identifier)),
            Request::EndSession(r) => (None, Some(&r.patron_identifier)),
            Request::Login(_) | Request::ScStatus(_) | Request::Resend(_) => (None, None),
        };
        Self { item: item.cloned(), patron: patron.cloned() }
    }

    /// Whether both are about the same item or the same patron. Library systems take numbers
    /// without regard to case and blanks around them, so that is not told apart.
    fn meet(&self, other: &Self) -> bool {
        let same = |a: &str, b: &str| a.trim().eq_ignore_ascii_case(b.trim());
        let item = self.item.as_deref().zip(other.item.as_deref());
        let patron = self.patron.as_ref().zip(other.patron.as_ref());
        item.is_some_and(|(a, b)| same(a, b))
            || patron.is_some_and(|(a, b)| same(a.expose(), b.expose()))
    }
}

struct Waiting {
    id: RequestId,
    request: Box<Request>,
    keys: Keys,
    priority: Priority,
    /// When it is given back, unless a link is ready.
    expires: Duration,
}

/// A request that goes to a link.
pub(super) struct Next {
    pub(super) id: RequestId,
    pub(super) request: Box<Request>,
    pub(super) keys: Keys,
    pub(super) priority: Priority,
}

/// In the order they were handed over.
#[derive(Default)]
pub(super) struct Queue(VecDeque<Waiting>);

impl Queue {
    /// Takes a request. `false` when there is no room.
    pub(super) fn push(
        &mut self,
        id: RequestId,
        request: Box<Request>,
        priority: Priority,
        now: Duration,
    ) -> bool {
        let most = match priority {
            Priority::Live => LIVE_QUEUE_MAX,
            Priority::Background => BACKGROUND_QUEUE_MAX,
        };
        if self.count(priority) >= most {
            return false;
        }
        let keys = Keys::of(&request);
        self.0.push_back(Waiting { id, request, keys, priority, expires: now + OFFLINE_WAIT });
        true
    }

    /// How many wait.
    pub(super) fn count(&self, of: Priority) -> usize {
        self.0.iter().filter(|waiting| waiting.priority == of).count()
    }

    /// The next request that meets neither one under way nor an earlier one: live first, and
    /// before them what a live one waits for; background only where there is room for it.
    pub(super) fn pop(&mut self, under_way: &[Keys], background: bool) -> Option<Next> {
        let free = |at: usize| {
            let keys = &self.0[at].keys;
            !under_way.iter().any(|other| other.meet(keys))
                && !self.0.iter().take(at).any(|earlier| earlier.keys.meet(keys))
        };
        let urgent = self.urgent();
        let at = (0..self.0.len())
            .find(|&at| urgent[at] && free(at))
            .or_else(|| (0..self.0.len()).find(|&at| background && !urgent[at] && free(at)))?;
        let Waiting { id, request, keys, priority, .. } = self.0.remove(at)?;
        Some(Next { id, request, keys, priority })
    }

    /// Which requests are live, or stand before a live one.
    fn urgent(&self) -> Vec<bool> {
        let mut urgent: Vec<bool> =
            self.0.iter().map(|waiting| waiting.priority == Priority::Live).collect();
        if !urgent.contains(&true) {
            return urgent;
        }
        for at in (0..urgent.len()).rev() {
            if urgent[at] {
                for (flag, earlier) in urgent.iter_mut().zip(&self.0).take(at) {
                    *flag |= earlier.keys.meet(&self.0[at].keys);
                }
            }
        }
        urgent
    }

    /// Lets everything wait until then.
    pub(super) fn hold_until(&mut self, expires: Duration) {
        for waiting in &mut self.0 {
            waiting.expires = expires;
        }
    }

    pub(super) fn next_expiry(&self) -> Option<Duration> {
        self.0.iter().map(|waiting| waiting.expires).min()
    }

    /// Removes what has waited too long.
    pub(super) fn expired(&mut self, now: Duration) -> Vec<RequestId> {
        let expired: Vec<RequestId> =
            self.0.iter().filter(|waiting| waiting.expires <= now).map(|w| w.id).collect();
        self.0.retain(|waiting| waiting.expires > now);
        expired
    }

    /// Removes what is in the background and has an order: loans and returns.
    pub(super) fn recall(&mut self) -> Vec<RequestId> {
        let ordered = |waiting: &Waiting| {
            let posts = matches!(*waiting.request, Request::Checkin(_) | Request::Checkout(_));
            posts && waiting.priority == Priority::Background
        };
        let recalled = self.0.iter().filter(|w| ordered(w)).map(|w| w.id).collect();
        self.0.retain(|waiting| !ordered(waiting));
        recalled
    }

    /// Removes everything.
    pub(super) fn clear(&mut self) -> Vec<RequestId> {
        self.0.drain(..).map(|waiting| waiting.id).collect()
    }
}
