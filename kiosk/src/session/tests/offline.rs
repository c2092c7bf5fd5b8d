//! Hours without the library system (patron-experience.md section 12): what is lent, what is
//! told, and what becomes of it.

use drivers::rfid::security::Security::{Released, Secured};
use jiff::civil::DateTime;
use ui::view::{Advice, LineState, Note, Screen, StateLine, Touch};

use super::account::problem;
use super::library::Fare;
use super::world::{CARD, OTHER, World, Write, item, uid};
use crate::session::{
    Answer, Ask, Content, CountCheck, Input, ItemId, JobKind, NoAnswer, OfflineRules, Proof,
    Record, Room, Rules, TxnOutcome,
};

pub(super) fn rules() -> Rules {
    let offline = OfflineRules { lending: true, ..OfflineRules::default() };
    Rules { count_check: CountCheck::Off, offline, ..Rules::default() }
}

fn world() -> World {
    World::new(rules())
}

/// The card is identified once, on line, and its reader leaves.
fn known(w: &mut World, card: &str) {
    w.card(card);
    w.until_page("borrow");
    leave(w);
}

/// The link goes, and stays away for long enough.
pub(super) fn away(w: &mut World) {
    w.link(false);
    w.secs(31);
}

/// The reader takes the books and goes; the pad is empty for a while.
fn leave(w: &mut World) {
    let all: Vec<u8> = (1..=14).filter(|n| w.tags.contains_key(&uid(*n))).collect();
    w.lift(&all);
    w.secs(2);
    w.touch(Touch::EndNow);
    w.secs(5);
}

fn noted(w: &World, n: u8) -> bool {
    w.is(n, LineState::Queued) && matches!(w.line(n).note, Note::Due(_))
}

fn asked(w: &World, kind: JobKind) -> Vec<ItemId> {
    let of = |ask: &Ask| match (kind, ask) {
        (JobKind::Checkout, Ask::Checkout { item, .. }) => Some(item.clone()),
        (JobKind::Checkin, Ask::Checkin { item, .. }) => Some(item.clone()),
        _ => None,
    };
    w.lib.log.iter().filter_map(of).collect()
}

#[test]
fn a_known_card_borrows_off_line_and_the_library_hears_of_it() {
    let mut w = world();
    known(&mut w, CARD);
    assert!(w.view().services.borrow && w.view().state_line.is_none());
    away(&mut w);
    assert_eq!(w.view().state_line, Some(StateLine::Offline { limit: 2 }));
    assert!(w.view().services.borrow && w.view().services.giveback);
    let lent_at = w.now().wall;
    w.card(CARD);
    assert_eq!(w.page(), "borrow");
    w.lay(&[1]);
    w.until("noted with its day", 20, |w| noted(w, 1));
    let Note::Due(due) = w.line(1).note else { panic!() };
    assert_eq!((due.month, due.day), (12, 6), "14 days from 22 November");
    assert_eq!(w.state(1), Released);
    assert!(w.lib.loans.is_empty());
    w.touch(Touch::Finish);
    w.until_page("finish");
    w.touch(Touch::Paper);
    w.secs(2);
    let line = w.slips[0].lines[0].clone();
    assert!(line.queued && line.due == Some(due), "on paper: its day, and to be registered");
    w.until_page("attract");
    assert_eq!(w.station.stats().queued, 1);
    w.link(true);
    w.secs(5);
    assert_eq!(w.lib.loans.get(&item(1)).map(String::as_str), Some(CARD));
    let posted = w.lib.log.iter().find_map(|ask| match ask {
        Ask::Checkout { at, promised, .. } => Some((*at, *promised)),
        _ => None,
    });
    let (at, promised) = posted.unwrap();
    assert!((at - lent_at).get_days() == 0 && at < lent_at + jiff::Span::new().minutes(1));
    assert_eq!(promised.unwrap().date().to_string(), "2026-12-06");
    assert!(w.journal.open_units().unwrap().is_empty());
    assert_eq!(w.journal.show(1).unwrap().unwrap().patron, None, "the number is gone");
    w.judge_tags();
}

#[test]
fn without_the_library_s_word_only_returns_are_taken() {
    let mut w = World::new(Rules { count_check: CountCheck::Off, ..Rules::default() });
    known(&mut w, CARD);
    away(&mut w);
    assert_eq!(w.view().state_line, Some(StateLine::ReturnsOnly));
    assert!(!w.view().services.borrow && w.view().services.giveback);
    w.card(CARD);
    assert_eq!(problem(&w), Some(Advice::IlsDown));
    assert_eq!(w.journal.list_figures().unwrap().seen, 0, "no card is remembered for nothing");
}

#[test]
fn a_short_loss_lends_nothing_by_itself() {
    let mut w = world();
    w.card(CARD);
    w.link(false);
    w.lay(&[1]);
    w.secs(10);
    assert!(w.advises(1, Advice::IlsDown) && w.state(1) == Secured);
    // After half a minute the same line is noted; the reader need not lift the book.
    w.until("noted", 40, |w| noted(w, 1));
}

#[test]
fn only_cards_that_were_here_and_may_borrow_do() {
    // Never seen.
    let mut w = world();
    away(&mut w);
    w.card(CARD);
    assert_eq!(problem(&w), Some(Advice::OfflineLimit));

    // Blocked when last here.
    let mut w = world();
    known(&mut w, CARD);
    w.lib.block = Some(Advice::Fees);
    w.card(CARD);
    assert_eq!(problem(&w), Some(Advice::Fees));
    leave(&mut w);
    away(&mut w);
    w.card(CARD);
    assert_eq!(problem(&w), Some(Advice::OfflineLimit));

    // Seen, but ninety-one days ago.
    let mut w = world();
    known(&mut w, CARD);
    w.clock_off_s = 91 * 86_400;
    away(&mut w);
    w.card(CARD);
    assert_eq!(problem(&w), Some(Advice::OfflineLimit));

    // A copied number whose PIN nobody can check.
    let mut w = world();
    known(&mut w, CARD);
    away(&mut w);
    w.feed(Input::Card(CARD.into(), Proof::Copied));
    assert_eq!(problem(&w), Some(Advice::OfflineLimit));

    // A code on a phone, whose owner only the library system knows.
    let mut w = world();
    known(&mut w, CARD);
    away(&mut w);
    w.feed(Input::Card(CARD.into(), Proof::Code));
    assert_eq!(problem(&w), Some(Advice::OfflineLimit));

    // Nobody sees an account without the library system.
    leave(&mut w);
    w.touch(Touch::Account);
    assert_eq!(problem(&w), Some(Advice::IlsDown));
}

#[test]
fn two_a_session_and_five_a_day_restarts_included() {
    let mut w = world();
    known(&mut w, CARD);
    known(&mut w, OTHER);
    away(&mut w);
    let mut lent = 0;
    for pile in [[1, 2, 3], [4, 5, 6], [7, 8, 9]] {
        w.card(CARD);
        w.lay(&pile);
        w.secs(4);
        let here = pile.iter().filter(|n| noted(&w, **n)).count();
        lent += here;
        let refused = pile.iter().filter(|n| w.advises(**n, Advice::OfflineLimit)).count();
        assert_eq!(here + refused, 3);
        assert!(here <= 2, "two a session");
        leave(&mut w);
        w.power(true);
        w.secs(31);
    }
    assert_eq!(lent, 5, "five a day");
    w.card(CARD);
    assert_eq!(problem(&w), Some(Advice::OfflineLimit));
    // Another card and another day are not concerned.
    leave(&mut w);
    w.card(OTHER);
    assert_eq!(w.page(), "borrow");
    leave(&mut w);
    w.clock_off_s = 86_400;
    w.card(CARD);
    assert_eq!(w.page(), "borrow");
}

#[test]
fn never_a_held_item_nor_one_without_a_lending_tag() {
    let mut w = world();
    w.lib.holds.insert(item(1));
    w.card(CARD);
    w.lay(&[1]);
    w.until("held", 20, |w| w.advises(1, Advice::HeldOther));
    leave(&mut w);
    w.tag(14, Content::Item { item: item(40), parts: 1, part: 1, no_loan: true, whose: None });
    away(&mut w);
    w.card(CARD);
    w.lay(&[1]);
    w.secs(3);
    assert!(w.advises(1, Advice::HeldOther), "the refusal on line was remembered");
    w.lay(&[14]);
    w.secs(3);
    assert!(w.lines().iter().any(|l| l.note == Note::Advice(Advice::InLibrary)));
    w.feed(Input::Scan(item(2).to_string()));
    w.secs(3);
    assert!(w.advises(2, Advice::OfflineLimit), "a number from the scanner is no tag");
    assert_eq!((w.state(1), w.state(14)), (Secured, Secured));
    assert!(!w.units.values().any(|u| u.noted.is_some()));
    // Once it is lent on line, nobody waits any more.
    leave(&mut w);
    w.link(true);
    w.lib.holds.clear();
    w.card(CARD);
    w.lay(&[1]);
    w.until_line(1, LineState::Borrowed);
    assert_eq!(w.journal.list_figures().unwrap().held, 0);
}

#[test]
fn an_item_lent_off_line_is_not_lent_again_before_it_came_back() {
    let mut w = world();
    known(&mut w, CARD);
    known(&mut w, OTHER);
    away(&mut w);
    w.card(CARD);
    w.lay(&[1]);
    w.until("noted", 20, |w| noted(w, 1));
    leave(&mut w);
    w.card(OTHER);
    w.lay(&[1]);
    w.secs(3);
    assert!(w.advises(1, Advice::OfflineLimit));
    leave(&mut w);
    w.touch(Touch::GiveBack);
    w.lay(&[1]);
    w.until_line(1, LineState::Queued);
    leave(&mut w);
    w.card(OTHER);
    w.lay(&[1]);
    w.until("noted again", 20, |w| noted(w, 1));
    leave(&mut w);
    w.link(true);
    w.secs(10);
    // Loan, return, loan, in this order: the second reader has it.
    assert_eq!(w.lib.loans.get(&item(1)).map(String::as_str), Some(OTHER));
    assert_eq!(w.lib.ledger, (2, 0, 1, 0));
    w.judge_tags();
}

#[test]
fn a_return_whose_question_came_back_unsent_is_told_before_a_later_loan() {
    let mut w = world();
    w.lib.loans.insert(item(1), OTHER.to_owned());
    w.tags.get_mut(&uid(1)).unwrap().state = Released;
    known(&mut w, CARD);
    // Asked, and only after a minute it is known that it never left.
    w.lib.fares.push_back(Fare::UnsentAfter(60_000));
    w.touch(Touch::GiveBack);
    w.lay(&[1]);
    w.secs(11);
    w.lift(&[1]);
    w.touch(Touch::EndNow);
    away(&mut w);
    w.card(CARD);
    w.lay(&[1]);
    w.secs(3);
    assert!(w.advises(1, Advice::OfflineLimit), "how it stands is not known");
    leave(&mut w);
    w.secs(20);
    w.card(CARD);
    w.lay(&[1, 2]);
    w.until("noted, once the return is", 20, |w| noted(w, 1) && noted(w, 2));
    leave(&mut w);
    w.link(true);
    w.secs(10);
    assert_eq!(w.lib.loans.get(&item(1)).map(String::as_str), Some(CARD));
    assert_eq!(asked(&w, JobKind::Checkin), [item(1)]);
    w.judge_tags();
}

#[test]
fn a_card_whose_end_only_a_loan_tells_borrows_nothing_off_line() {
    let mut w = world();
    w.lib.card_over = true;
    w.card(CARD);
    w.lay(&[1]);
    w.until("refused", 20, |w| w.advises(1, Advice::CardExpired));
    leave(&mut w);
    away(&mut w);
    w.card(CARD);
    assert_eq!(problem(&w), Some(Advice::OfflineLimit));
}

#[test]
fn a_refused_loan_is_a_conflict_for_staff_and_its_tag_stays() {
    let mut w = world();
    w.lib.no_block = false;
    known(&mut w, CARD);
    away(&mut w);
    w.card(CARD);
    w.lay(&[1, 2]);
    w.until("noted", 20, |w| noted(w, 1) && noted(w, 2));
    leave(&mut w);
    w.lib.holds.insert(item(1));
    w.link(true);
    w.secs(10);
    let row = w.journal.list(10).unwrap().into_iter().find(|r| r.item == item(1).as_str()).unwrap();
    assert_eq!((row.state.as_str(), row.due.as_deref()), ("for_staff", Some("2026-12-06")));
    let told = crate::journal::sentence(&row, ui::view::Language::En).unwrap();
    assert!(told.contains("waiting") && told.contains("2026-12-06"), "{told}");
    assert_eq!(w.journal.show(row.id).unwrap().unwrap().patron.as_deref(), Some("••••34"));
    assert_eq!(w.state(1), Released, "the reader has the book");
    // The other one is a plain loan, and neither is asked for again.
    assert!(w.lib.loans.contains_key(&item(2)));
    assert_eq!(asked(&w, JobKind::Checkout), [item(1), item(2)]);
    w.power(true);
    w.secs(60);
    assert_eq!(asked(&w, JobKind::Checkout), [item(1), item(2)]);
    w.journal.resolve(row.id, "called the branch").unwrap();
}

#[test]
fn what_the_library_says_besides_yes_is_noted_for_staff() {
    let mut w = world();
    w.lib.loans.insert(item(3), CARD.to_owned());
    w.tags.get_mut(&uid(3)).unwrap().state = Released;
    w.lib.own_due = Some(20);
    known(&mut w, CARD);
    away(&mut w);
    w.card(CARD);
    w.lay(&[1]);
    w.until("noted", 20, |w| noted(w, 1));
    leave(&mut w);
    w.touch(Touch::GiveBack);
    w.lay(&[3]);
    w.until_line(3, LineState::Queued);
    leave(&mut w);
    w.lib.holds.insert(item(3));
    w.link(true);
    w.secs(5);
    let rows = w.journal.list(10).unwrap();
    let remark = |n: u8| {
        let row = rows.iter().find(|r| r.item == item(n).as_str()).unwrap();
        assert_eq!(row.state, "accepted");
        row.remark.clone()
    };
    assert_eq!(remark(1).as_deref(), Some("due_differs"));
    assert_eq!(remark(3).as_deref(), Some("held"));
}

#[test]
fn a_tag_that_does_not_take_the_release_is_told_and_mended_off_line() {
    let mut w = world();
    known(&mut w, CARD);
    away(&mut w);
    w.card(CARD);
    w.writes.extend([Write::Fail; 3]);
    w.lay(&[1]);
    w.until("the gate may sound", 20, |w| w.advises(1, Advice::SecFail));
    w.touch(Touch::Finish);
    w.until_page("finish");
    let Screen::Finish(finish) = w.view().screen else { panic!() };
    assert_eq!((finish.queued, finish.borrowed), (1, 0));
    leave(&mut w);
    w.lift(&[1]);
    w.secs(5);
    // Laid down again, still off line: the noted loan releases it.
    w.lay(&[1]);
    w.secs(5);
    assert_eq!(w.state(1), Released);
    w.lift(&[1]);
    w.link(true);
    w.secs(60);
    assert!(w.journal.repairs().unwrap().is_empty());
    w.judge_tags();
}

#[test]
fn a_loan_the_disk_does_not_take_is_no_loan() {
    let mut w = world();
    known(&mut w, CARD);
    away(&mut w);
    w.card(CARD);
    w.fail_records = 1;
    w.lay(&[1]);
    w.until("not lent", 20, |w| w.advises(1, Advice::QueueFull));
    w.secs(2);
    assert_eq!(w.state(1), Secured);
}

#[test]
fn an_answer_that_never_came_is_found_out_before_it_is_posted_again() {
    for fare in [Fare::LostAfter, Fare::LostBefore, Fare::NotSent] {
        let mut w = world();
        known(&mut w, CARD);
        away(&mut w);
        w.card(CARD);
        w.lay(&[1]);
        w.until("noted", 20, |w| noted(w, 1));
        leave(&mut w);
        w.lib.fares.push_back(fare);
        w.link(true);
        w.secs(60);
        assert_eq!((w.lib.ledger.0, w.lib.twice), (1, 0), "{fare:?}");
        assert!(w.lib.loans.contains_key(&item(1)));
        assert!(w.journal.open_units().unwrap().is_empty(), "{fare:?}");
    }
}

#[test]
fn what_is_noted_waits_for_the_session_and_for_live_readers() {
    let mut w = world();
    known(&mut w, CARD);
    away(&mut w);
    w.touch(Touch::GiveBack);
    w.lay(&[1, 2, 3, 4]);
    w.until_line(4, LineState::Queued);
    leave(&mut w);
    // A reader is here when the link comes back.
    w.card(CARD);
    assert_eq!(w.page(), "borrow");
    w.link(true);
    w.secs(5);
    assert!(asked(&w, JobKind::Checkin).is_empty(), "the running session first");
    w.lay(&[5]);
    w.until_line(5, LineState::Borrowed);
    leave(&mut w);
    w.secs(5);
    assert_eq!(asked(&w, JobKind::Checkin), [item(1), item(2), item(3), item(4)]);

    // Once it has begun it goes on, but never while a reader waits for an answer.
    let mut w = world();
    known(&mut w, CARD);
    away(&mut w);
    w.touch(Touch::GiveBack);
    w.lay(&[1, 2, 3, 4]);
    w.until_line(4, LineState::Queued);
    leave(&mut w);
    w.lib.fares.extend([Fare::After(2_000), Fare::After(2_000)]);
    w.link(true);
    w.secs(1);
    w.lib.log.clear();
    w.card(CARD);
    w.secs(30);
    let first = &w.lib.log[0];
    assert!(matches!(first, Ask::Patron { .. }), "{first:?}");
    assert_eq!(w.station.stats().queued, 0, "and the session holds nothing up");
}

#[test]
fn a_reader_who_waits_for_a_noted_return_is_not_kept_waiting() {
    let mut w = world();
    w.lib.loans.insert(item(2), OTHER.to_owned());
    w.tags.get_mut(&uid(2)).unwrap().state = Released;
    known(&mut w, CARD);
    away(&mut w);
    w.touch(Touch::GiveBack);
    w.lay(&[1, 2]);
    w.until_line(2, LineState::Queued);
    leave(&mut w);
    w.card(CARD);
    w.link(true);
    w.secs(5);
    assert!(asked(&w, JobKind::Checkin).is_empty());
    w.lay(&[2]);
    w.until_line(2, LineState::Borrowed);
    assert_eq!(asked(&w, JobKind::Checkin), [item(1), item(2)], "in the order it happened");
    assert_eq!(w.lib.loans.get(&item(2)).map(String::as_str), Some(CARD));
}

#[test]
fn a_disk_without_room_lends_nothing_off_line() {
    let mut w = world();
    known(&mut w, CARD);
    away(&mut w);
    w.feed(Input::Room(Room::ReturnsOnly));
    w.secs(1);
    assert_eq!(w.view().state_line, Some(StateLine::ReturnsOnly));
    assert!(!w.view().services.borrow && w.view().services.giveback);
    w.card(CARD);
    assert_eq!(problem(&w), Some(Advice::IlsDown));
}

#[test]
fn a_running_session_holds_the_replay_no_longer_than_two_minutes() {
    let mut w = world();
    known(&mut w, CARD);
    away(&mut w);
    w.touch(Touch::GiveBack);
    w.lay(&[1]);
    w.until_line(1, LineState::Queued);
    leave(&mut w);
    w.card(CARD);
    w.link(true);
    for _ in 0..5 {
        w.secs(30);
        w.touch(Touch::Continue);
    }
    assert_eq!(w.page(), "borrow");
    assert_eq!(asked(&w, JobKind::Checkin), [item(1)]);
}

#[test]
fn a_station_that_starts_without_a_link_works() {
    let mut w = world();
    known(&mut w, CARD);
    w.link.online = false;
    w.link.ever = false;
    w.power(true);
    assert!(matches!(w.view().state_line, Some(StateLine::Starting { .. })));
    w.secs(31);
    // Its clock agrees with its journal once something stands in it.
    assert_eq!(w.view().state_line, Some(StateLine::Offline { limit: 2 }));
    assert!(matches!(w.view().screen, Screen::Attract { .. }));
    w.card(CARD);
    w.lay(&[1]);
    w.until("noted", 20, |w| noted(w, 1));
}

#[test]
fn a_clock_nobody_believes_lends_nothing_and_tells_no_date() {
    // Earlier than the newest entry, and before any station was built.
    for off_s in [-86_400, -300 * 86_400 - 30 * 365 * 86_400] {
        let mut w = world();
        known(&mut w, CARD);
        w.card(CARD);
        w.lay(&[2]);
        w.until_line(2, LineState::Borrowed);
        leave(&mut w);
        w.link.online = false;
        w.clock_off_s = off_s;
        w.power(true);
        w.secs(40);
        assert_eq!(w.view().state_line, Some(StateLine::ReturnsOnly), "{off_s}");
        w.card(CARD);
        assert_eq!(problem(&w), Some(Advice::IlsDown));
        w.touch(Touch::GiveBack);
        w.lay(&[2]);
        w.until_line(2, LineState::Queued);
        leave(&mut w);
        let row = &w.journal.list(1).unwrap()[0];
        assert_eq!(row.remark.as_deref(), Some("time_unsure"));
        // The power goes once more; then the library system is back and tells its time.
        w.power(true);
        let library: DateTime = "2026-11-22T12:00:00".parse().unwrap();
        w.feed(Input::LibraryTime(library));
        w.link(true);
        w.secs(10);
        let at = w.lib.log.iter().rev().find_map(|ask| match ask {
            Ask::Checkin { at, .. } => Some(*at),
            _ => None,
        });
        let minute = jiff::Span::new().minutes(1);
        assert!(at.is_some_and(|at| at >= library && at < library + minute), "{at:?}");
    }
}

#[test]
fn the_library_s_time_settles_what_the_journal_cannot() {
    // A clock a day behind: without the library's word it lends under a wrong date.
    let mut w = world();
    known(&mut w, CARD);
    let right = w.now().wall;
    w.feed(Input::LibraryTime(right + jiff::Span::new().days(1)));
    away(&mut w);
    assert_eq!(w.view().state_line, Some(StateLine::ReturnsOnly));
    // Set right, it lends; and a jump is seen without any link.
    w.clock_off_s = 86_400;
    w.secs(1);
    assert_eq!(w.view().state_line, Some(StateLine::Offline { limit: 2 }));
    w.clock_off_s = 86_400 + 3_600;
    w.secs(1);
    assert_eq!(w.view().state_line, Some(StateLine::ReturnsOnly));
}

#[test]
fn what_happens_on_line_is_told_with_the_library_s_time_where_the_clock_is_wrong() {
    for (off_s, right) in [(0, true), (540, true), (-366 * 86_400, false), (3 * 86_400, false)] {
        let mut w = world();
        let library = w.now().wall;
        w.feed(Input::LibraryTime(library));
        w.clock_off_s = off_s;
        w.lib.loans.insert(item(1), CARD.to_owned());
        w.touch(Touch::GiveBack);
        w.lay(&[1]);
        w.until_line(1, LineState::Returned);
        leave(&mut w);
        w.card(CARD);
        w.lay(&[2]);
        w.until_line(2, LineState::Borrowed);
        let mut told = w.lib.log.iter().filter_map(|ask| match ask {
            Ask::Checkin { at, .. } | Ask::Checkout { at, .. } => Some(*at),
            _ => None,
        });
        let told = [told.next().unwrap(), told.next().unwrap()];
        let off = jiff::Span::new().seconds(if right { off_s } else { 0 });
        for at in told {
            let late = at.duration_since(library.checked_add(off).unwrap());
            assert!(late.as_secs() < 60 && !late.is_negative(), "{off_s} s: {at}");
        }
    }
}

#[test]
fn a_return_whose_answer_is_lost_under_a_wrong_clock_is_posted_with_the_library_s_time() {
    let mut w = world();
    let library = w.now().wall;
    w.feed(Input::LibraryTime(library));
    w.clock_off_s = -366 * 86_400;
    w.lib.loans.insert(item(1), CARD.to_owned());
    w.lib.fares.push_back(Fare::LostBefore);
    w.touch(Touch::GiveBack);
    w.lay(&[1]);
    // Asked, and the answer does not come before the link goes.
    w.secs(5);
    w.link(false);
    w.secs(10);
    let unsure = |w: &World| w.journal.open_units().unwrap()[0].outcome.clone();
    assert_eq!(unsure(&w), Some(TxnOutcome::Unsure));
    // The next start knows only what the journal says of it.
    w.power(true);
    w.feed(Input::LibraryTime(library));
    w.link(true);
    w.secs(30);
    let Some(Ask::Checkin { at, .. }) =
        w.lib.log.iter().rfind(|ask| matches!(ask, Ask::Checkin { .. }))
    else {
        panic!("{:?}", w.lib.log)
    };
    assert_eq!(at.date(), library.date());
    assert!(!w.lib.loans.contains_key(&item(1)));
}

#[test]
fn no_time_still_to_come_is_told() {
    let mut w = world();
    w.lib.loans.insert(item(1), CARD.to_owned());
    w.link(false);
    w.clock_off_s = 40 * 86_400;
    w.touch(Touch::GiveBack);
    w.lay(&[1]);
    w.until_line(1, LineState::Queued);
    leave(&mut w);
    let library: DateTime = "2026-11-22T12:00:00".parse().unwrap();
    w.feed(Input::LibraryTime(library));
    w.link(true);
    w.secs(5);
    let Some(Ask::Checkin { at, .. }) = w.lib.log.last() else { panic!("{:?}", w.lib.log) };
    assert_eq!(at.date(), library.date());
}

#[test]
fn answers_of_no_use_change_no_list() {
    let mut w = world();
    w.feed(Input::Answer(crate::session::AskId(9_999), Ok(Answer::Goodbye)));
    w.feed(Input::Answer(crate::session::AskId(9_998), Err(NoAnswer::Unknown)));
    let figures = w.journal.list_figures().unwrap();
    assert_eq!((figures.seen, figures.held), (0, 0));
    // A number the library system does not know is never lent to.
    w.card("0200009999");
    w.secs(1);
    assert_eq!(w.journal.list_figures().unwrap().blocked, 1);
    let write = [Record::Outcome { txn: crate::session::TxnId(1), outcome: TxnOutcome::NotSent }];
    w.journal.write(&write).unwrap();
}
