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

/// What matters of a request while others wait.
#[derive(Clone)]
pub(super) struct Kind {
    keys: Keys,
    pub(super) priority: Priority,
    /// A loan or return noted before: told one at a time, in the order it happened (sip2.md
    /// section 5).
    pub(super) is_post: bool,
}

impl Kind {
    pub(super) fn of(request: &Request, priority: Priority) -> Self {
        let posts = matches!(request, Request::Checkin(_) | Request::Checkout(_));
        let is_post = posts && priority == Priority::Background;
        Self { keys: Keys::of(request), priority, is_post }
    }
}

struct Waiting {
    id: RequestId,
    request: Box<Request>,
    kind: Kind,
    /// When it is given back, unless a link is ready.
    expires: Duration,
}

/// A request that goes to a link.
pub(super) struct Next {
    pub(super) id: RequestId,
    pub(super) request: Box<Request>,
    pub(super) kind: Kind,
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
        let kind = Kind::of(&request, priority);
        self.0.push_back(Waiting { id, request, kind, expires: now + OFFLINE_WAIT });
        true
    }

    /// How many wait.
    pub(super) fn count(&self, of: Priority) -> usize {
        self.0.iter().filter(|waiting| waiting.kind.priority == of).count()
    }

    /// The next request that meets neither one under way nor an earlier one: live first, and
    /// before them what a live one waits for; background only where there is room for it. A post
    /// goes while no other is under way, and unless a live request waits for it, the first one.
    pub(super) fn pop(&mut self, under_way: &[Kind], background: bool) -> Option<Next> {
        let free = |at: usize| {
            let keys = &self.0[at].kind.keys;
            !under_way.iter().any(|other| other.keys.meet(keys))
                && !self.0.iter().take(at).any(|earlier| earlier.kind.keys.meet(keys))
        };
        let posting = under_way.iter().any(|other| other.is_post);
        let alone = |at: usize| !posting || !self.0[at].kind.is_post;
        let first_post = self.0.iter().position(|waiting| waiting.kind.is_post);
        let in_order = |at: usize| !self.0[at].kind.is_post || first_post == Some(at);
        let other = |at: &usize| background && alone(*at) && in_order(*at) && free(*at);
        let mut all = 0..self.0.len();
        let at = if self.count(Priority::Live) == 0 {
            // The library system waits for it: no more is looked at than must be.
            all.find(other)?
        } else {
            let urgent = self.urgent();
            let live = |at: &usize| urgent[*at] && alone(*at) && free(*at);
            all.clone().find(live).or_else(|| all.find(|at| !urgent[*at] && other(at)))?
        };
        let Waiting { id, request, kind, .. } = self.0.remove(at)?;
        Some(Next { id, request, kind })
    }

    /// Which requests are live, or stand before a live one.
    fn urgent(&self) -> Vec<bool> {
        let mut urgent: Vec<bool> =
            self.0.iter().map(|waiting| waiting.kind.priority == Priority::Live).collect();
        for at in (0..urgent.len()).rev() {
            if urgent[at] {
                for (flag, earlier) in urgent.iter_mut().zip(&self.0).take(at) {
                    *flag |= earlier.kind.keys.meet(&self.0[at].kind.keys);
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

    /// Whether a post has waited too long.
    pub(super) fn is_post_expired(&self, now: Duration) -> bool {
        self.0.iter().any(|waiting| waiting.kind.is_post && waiting.expires <= now)
    }

    /// Removes what has waited too long.
    pub(super) fn expired(&mut self, now: Duration) -> Vec<RequestId> {
        let expired: Vec<RequestId> =
            self.0.iter().filter(|waiting| waiting.expires <= now).map(|w| w.id).collect();
        self.0.retain(|waiting| waiting.expires > now);
        expired
    }

    /// Removes the posts.
    pub(super) fn recall(&mut self) -> Vec<RequestId> {
        let recalled = self.0.iter().filter(|w| w.kind.is_post).map(|w| w.id).collect();
        self.0.retain(|waiting| !waiting.kind.is_post);
        recalled
    }

    /// Removes everything.
    pub(super) fn clear(&mut self) -> Vec<RequestId> {
        self.0.drain(..).map(|waiting| waiting.id).collect()
    }
}
