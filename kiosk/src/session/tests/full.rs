//! A disk that fills, and a queue that does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use drivers::rfid::security::Security::{Released, Secured};
use ui::view::{Advice, LineState, Note, StateLine, Touch};

use super::borrow::plain;
use super::world::{CARD, UP, World, item, uid};
use crate::journal::Journal;
use crate::session::{Input, JobKind, OpenTxn, QUEUE_MAX, Room, Start, Station, TxnId, TxnOutcome};

/// A station whose disk is full but for what its last pages hold.
fn full(reserve: i64) -> (World, Arc<AtomicU64>) {
    let mut w = plain();
    let (journal, free) = Journal::on_full_disk(reserve);
    w.journal = journal;
    w.boot();
    (w, free)
}

fn settled(w: &World, n: u8) -> bool {
    let done = [LineState::Borrowed, LineState::Returned, LineState::Queued, LineState::Attention];
    done.iter().any(|state| w.is(n, *state))
}

#[test]
fn a_disk_full_in_the_middle_of_a_session_loses_nothing_and_takes_returns() {
    let (mut w, free) = full(200);
    w.card(CARD);
    let mut lent = Vec::new();
    for n in 1..=9 {
        w.lay(&[n]);
        w.until("settled", 30, |w| settled(w, n));
        if w.is(n, LineState::Borrowed) {
            lent.push(n);
        } else {
            assert_eq!(w.line(n).note, Note::Advice(Advice::QueueFull));
            assert_eq!(w.state(n), Secured, "not lent, not released");
        }
        w.lift(&[n]);
    }
    assert!(!lent.is_empty() && lent.len() < 9, "{lent:?}");
    assert_eq!(w.journal.room(), Room::ReturnsOnly);
    let loans = w.journal.figures(1).unwrap().loans;
    assert_eq!((w.lib.ledger.0 as usize, loans as usize), (lent.len(), lent.len()));
    // Only returns from here on, and said so.
    w.touch(Touch::Finish);
    w.until_page("attract");
    let view = w.view();
    assert!(view.services.giveback && !view.services.borrow && !view.services.account);
    assert_eq!(view.state_line, Some(StateLine::ReturnsOnly));
    w.touch(Touch::GiveBack);
    w.lay(&lent);
    for &n in &lent {
        w.until_line(n, LineState::Returned);
        assert_eq!(w.state(n), Secured);
    }
    // Returns are as durable as ever: the next start finds nothing open.
    w.boot();
    assert!(w.journal.open_units().unwrap().is_empty());
    assert_eq!(w.journal.figures(1).unwrap().returns as usize, lent.len());
    // Room again.
    free.store(u64::MAX, Ordering::Relaxed);
    w.journal.look_after_space();
    assert_eq!(w.journal.room(), Room::All);
    w.feed(Input::Room(w.journal.room()));
    assert!(w.view().services.borrow);
}

#[test]
fn without_any_room_nothing_is_taken_and_nothing_told() {
    let (mut w, free) = full(1);
    for n in 1..=9 {
        w.lib.loans.insert(item(n), CARD.to_owned());
        w.tags.get_mut(&uid(n)).unwrap().state = Released;
    }
    w.link(false);
    let mut taken = Vec::new();
    for n in 1..=9 {
        w.touch(Touch::GiveBack);
        w.lay(&[n]);
        if w.page() == "return" {
            w.until("settled", 30, |w| settled(w, n));
            if w.is(n, LineState::Queued) {
                taken.push(n);
            } else {
                assert_eq!(w.line(n).note, Note::Advice(Advice::RetNo));
            }
        }
        w.lift(&[n]);
        if w.journal.room() == Room::None {
            break;
        }
    }
    assert_eq!(w.journal.room(), Room::None);
    assert!(!w.view().services.giveback);
    // What was said to be noted is on disk, and nothing else is.
    let open = w.journal.open_units().unwrap();
    let noted = open.iter().filter(|u| matches!(u.outcome, Some(TxnOutcome::Queued { .. })));
    let on_disk: Vec<_> = noted.map(|unit| unit.item.clone()).collect();
    for n in taken {
        assert!(on_disk.contains(&item(n)), "{n} was noted and is not on disk");
    }
    // Somebody makes room, and what waited is written and posted.
    free.store(u64::MAX, Ordering::Relaxed);
    w.journal.look_after_space();
    w.feed(Input::Room(w.journal.room()));
    w.link(true);
    w.until("posted", 120, |w| {
        w.journal.open_units().unwrap().is_empty() && w.view().services.giveback
    });
    assert!(on_disk.iter().all(|item| !w.lib.loans.contains_key(item)));
}

fn queue(units: usize) -> Start {
    let unit = |n: usize| OpenTxn {
        txn: TxnId(n as u64 + 1),
        kind: JobKind::Checkin,
        item: item(9),
        patron: None,
        tags: Vec::new(),
        at: "2026-11-22T10:30:00".parse().unwrap(),
        outcome: Some(TxnOutcome::Queued { want: None }),
        time_unsure: false,
        branch: String::new(),
    };
    let open = (0..units).map(unit).collect();
    Start { next_txn: units as u64 + 1, open, ..Start::default() }
}

#[test]
fn above_nine_tenths_of_the_queue_only_returns_are_taken() {
    let mut w = plain();
    for (units, lends, returns) in [
        (QUEUE_MAX / 10 * 9, true, true),
        (QUEUE_MAX / 10 * 9 + 1, false, true),
        (QUEUE_MAX, false, false),
    ] {
        w.station = Station::new(w.rules.clone(), queue(units));
        let now = w.now();
        w.station.handle(Input::Reader { up: true }, now);
        assert_eq!(w.view().services.giveback, returns, "{units}");
        assert_eq!(w.station.has_room_to_lend(), lends, "{units}");
        w.station.handle(Input::Link(UP), now);
        let services = w.view().services;
        assert_eq!((services.borrow, services.giveback), (lends, true), "{units}: asked at once");
        assert_eq!(w.view().state_line == Some(StateLine::ReturnsOnly), !lends);
    }
}
