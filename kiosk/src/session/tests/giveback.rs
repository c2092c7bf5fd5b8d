//! Returning.

use drivers::rfid::security::Security::{Released, Secured};
use ui::view::{Advice, Destination, LineState, Note, Screen, Touch};

use super::library::Fare;
use super::world::{CARD, World, Write, item, item_of, uid};
use crate::session::{Ask, AttractItem, Content, Input, Rules, TxnOutcome};

fn returning() -> World {
    let mut world = World::new(Rules::default());
    for n in 1..=5 {
        world.lib.loans.insert(item(n), CARD.to_owned());
        world.tags.get_mut(&uid(n)).unwrap().state = Released;
    }
    world.touch(Touch::GiveBack);
    assert_eq!(world.page(), "return");
    world
}

#[test]
fn a_pile_comes_back() {
    let mut w = returning();
    w.lay(&[2, 1]);
    w.until_line(1, LineState::Returned);
    w.until_line(2, LineState::Returned);
    assert_eq!(w.line(1).note, Note::Put(Destination::Shelf));
    assert_eq!((w.state(1), w.state(2), w.station.stats().returns), (Secured, Secured, 2));
    w.touch(Touch::Finish);
    let Screen::Finish(finish) = w.view().screen else { panic!() };
    assert_eq!((finish.returned, finish.borrowed), (2, 0));
}

#[test]
fn scenarios_8_9_10_where_it_goes() {
    let mut w = returning();
    w.lib.holds.insert(item(1));
    w.lib.away.insert(item(2), "XB".to_owned());
    w.lay(&[1, 2, 6]);
    for n in [1, 2, 6] {
        w.until_line(n, LineState::Returned);
    }
    assert_eq!(w.line(1).note, Note::Put(Destination::HoldSlot));
    let names = crate::session::Names {
        branches: vec![("XB".to_owned(), ["新坝".to_owned(), "Xinba".to_owned()])],
        ..crate::session::Names::default()
    };
    let Screen::GiveBack(work) = w.station.view(&names, w.now()).screen else { panic!() };
    let transit = Note::Put(Destination::Transit { branch: "新坝".to_owned() });
    assert!(work.lines.iter().any(|l| l.note == transit));
    assert_eq!(w.line(6).note, Note::NotOnLoan(Destination::Shelf));
    assert!([1, 2, 6].iter().all(|&n| w.state(n) == Secured));
    assert_eq!((w.lib.ledger.2, w.station.stats().returns), (3, 3));
}

#[test]
fn a_refused_return_leaves_the_tag() {
    let mut w = returning();
    w.lib.refuse_return.insert(item(1));
    w.lay(&[1]);
    w.until_line(1, LineState::Attention);
    assert_eq!(w.line(1).note, Note::Advice(Advice::RetNo));
    assert_eq!(w.state(1), Released);
}

#[test]
fn a_return_that_cannot_be_armed_goes_to_staff() {
    let mut w = returning();
    w.writes.extend([Write::Fail; 3]);
    w.lay(&[1]);
    w.until_line(1, LineState::Attention);
    assert_eq!(w.line(1).note, Note::Put(Destination::Counter));
    w.touch(Touch::Finish);
    let Screen::Finish(finish) = w.view().screen else { panic!() };
    assert_eq!((finish.returned, finish.not_done.len()), (1, 0));
    w.judge_tags();
    // Repaired when it is seen again.
    w.until_page("attract");
    w.lift(&[1]);
    w.secs(4);
    w.lay(&[1]);
    w.until("armed", 4, |w| w.state(1) == Secured);
}

#[test]
fn a_book_on_the_start_screen_asks_or_returns() {
    let mut w = World::new(Rules::default());
    w.lay(&[1]);
    w.until_page("choose");
    let mut w = World::new(Rules { attract_item: AttractItem::Return, ..Rules::default() });
    w.lay(&[1]);
    w.until_page("return");
    w.until_line(1, LineState::Returned);
}

#[test]
fn noted_while_off_line_and_posted_in_order() {
    let mut w = returning();
    w.link(false);
    for n in [3, 1, 2] {
        w.lay(&[n]);
        w.until_line(n, LineState::Queued);
        assert_eq!(w.state(n), Secured);
    }
    assert_eq!(w.station.stats().queued, 3);
    w.touch(Touch::Finish);
    let Screen::Finish(finish) = w.view().screen else { panic!() };
    assert_eq!((finish.queued, finish.returned), (3, 0));
    w.until_page("attract");
    w.link(true);
    w.until("posted", 10, |w| w.station.stats().queued == 0);
    let posted: Vec<_> = w
        .lib
        .log
        .iter()
        .filter_map(|ask| match ask {
            Ask::Checkin { item, already_done: true, cancel: false, .. } => Some(item.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(posted, [item(3), item(1), item(2)]);
    assert_eq!((w.station.stats().returns, w.lib.ledger.2), (3, 3));
}

#[test]
fn posted_while_still_shown_becomes_returned() {
    let mut w = returning();
    w.link(false);
    w.lay(&[1]);
    w.until_line(1, LineState::Queued);
    w.link(true);
    w.until_line(1, LineState::Returned);
    assert_eq!((w.station.stats().returns, w.station.stats().queued), (1, 0));
}

#[test]
fn scenario_12_the_power_goes_while_the_queue_is_posted() {
    for cut in 1..12 {
        let mut w = returning();
        w.lib.refuse_return.insert(item(2));
        w.link(false);
        w.lay(&[1, 2, 3]);
        w.until_line(3, LineState::Queued);
        w.until("all", 3, |w| w.station.stats().queued == 3);
        w.secs(1);
        w.cut_after = Some(w.durable + cut);
        w.link(true);
        w.secs(10);
        w.link(false);
        w.boot();
        w.link(true);
        w.secs(20);
        assert_eq!(w.station.stats().queued, 0);
        assert_eq!(w.lib.ledger.2, 2, "cut after {cut}: each once");
        let conflicts =
            w.units.values().filter(|u| matches!(u.outcome, Some(TxnOutcome::ForStaff { .. })));
        assert_eq!(conflicts.count(), 1);
    }
}

#[test]
fn an_unanswered_return_is_found_out() {
    for fare in [Fare::LostBefore, Fare::LostAfter] {
        let mut w = returning();
        w.lib.fares.push_back(fare);
        w.lay(&[1]);
        w.until("unsure", 15, |w| w.advises(1, Advice::Unsure));
        w.until_line(1, LineState::Returned);
        assert_eq!((w.state(1), w.lib.ledger.2, w.station.stats().returns), (Secured, 1, 1));
        assert!(!w.lib.loans.contains_key(&item(1)));
    }
}

#[test]
fn a_return_scanned_first_and_laid_then_is_armed() {
    let mut w = returning();
    w.scanned.insert(item(1));
    w.feed(Input::Scan(item(1).to_string()));
    w.until_line(1, LineState::Returned);
    w.lay(&[1]);
    w.until("armed", 3, |w| w.state(1) == Secured);
    assert_eq!(w.lib.ledger.2, 1);
}

#[test]
fn cards_foreign_and_bad_tags_among_the_books() {
    let mut w = returning();
    w.tag(40, Content::Foreign);
    w.tag(41, Content::Bad);
    w.tag(42, Content::Card(CARD.into()));
    w.tag(43, item_of(44, 2, 1));
    w.lay(&[1, 40, 41, 42, 43]);
    w.until_line(1, LineState::Returned);
    let Screen::GiveBack(work) = w.view().screen else { panic!() };
    assert_eq!((work.notice, work.pad_count), (Some(Advice::ItemIsCard), 4));
    assert_eq!(w.line(44).note, Note::Advice(Advice::PartsMissing { all: 2, got: 1 }));
    assert_eq!(work.lines.len(), 4);
    w.lift(&[42]);
    w.secs(3);
    let Screen::GiveBack(work) = w.view().screen else { panic!() };
    assert_eq!(work.notice, None);
}

#[test]
fn returns_go_on_when_a_receipt_question_is_left_open() {
    let mut w = returning();
    w.lay(&[1]);
    w.until_line(1, LineState::Returned);
    w.touch(Touch::Finish);
    w.touch(Touch::More);
    w.lay(&[2]);
    w.until_line(2, LineState::Returned);
    assert_eq!((w.lines().len(), w.lib.ledger.2), (2, 2));
}

#[test]
fn a_journal_that_fails_takes_nothing_and_says_so() {
    let mut w = returning();
    w.fail_records = 1;
    w.lay(&[1]);
    w.until_line(1, LineState::Attention);
    assert_eq!((w.line(1).note, w.lib.ledger.2), (Note::Advice(Advice::RetNo), 0));
    assert_eq!(w.state(1), Released);
    // It recovers by itself.
    w.until("journal", 15, |w| w.view().services.giveback);
    w.lay(&[2]);
    w.until_line(2, LineState::Returned);
}
