//! Borrowing.

use drivers::rfid::security::Security::{Released, Secured};
use ui::view::{Advice, LineState, Note, Receipt, Screen, Touch};

use super::library::Fare;
use super::world::{CARD, OTHER, World, Write, item, item_of};
use crate::session::{
    Ask, BorrowCommit, Content, CountCheck, Input, OnSecurityFail, PrinterState, Rules, SlipKind,
};

pub(super) fn plain() -> World {
    World::new(Rules { count_check: CountCheck::Off, ..Rules::default() })
}

fn borrowing(world: &mut World) {
    world.card(CARD);
    assert_eq!(world.page(), "borrow");
}

#[test]
fn scenario_1_books_before_the_card() {
    let mut w = World::new(Rules::default());
    w.lay(&[3, 1, 2]);
    w.secs(2);
    assert_eq!(w.page(), "choose");
    w.card(CARD);
    w.until("three lines done", 2, |w| [1, 2, 3].iter().all(|&n| w.is(n, LineState::Borrowed)));
    w.touch(Touch::Finish);
    assert!(matches!(w.view().screen, Screen::Count { found: 3, stated: None }));
    w.touch(Touch::Count(3));
    let Screen::Finish(finish) = w.view().screen else { panic!("{}", w.page()) };
    assert_eq!((finish.borrowed, finish.not_done.len()), (3, 0));
    assert_eq!(finish.first_due, Some(super::library::day(20)));
    assert_eq!(w.station.stats().loans, 3);
    w.judge_tags();
}

#[test]
fn scenario_2_the_fourth_is_found_after_spreading() {
    let mut w = World::new(Rules::default());
    borrowing(&mut w);
    w.lay(&[1, 2, 3]);
    w.until_line(3, LineState::Borrowed);
    w.touch(Touch::Finish);
    w.touch(Touch::Count(4));
    assert!(matches!(w.view().screen, Screen::Count { found: 3, stated: Some(4) }));
    w.lift(&[1, 2, 3]);
    w.secs(3);
    w.lay(&[1, 2, 3, 4]);
    w.until_page("finish");
    let Screen::Finish(finish) = w.view().screen else { unreachable!() };
    assert_eq!((finish.borrowed, finish.not_done.len()), (4, 0));
    assert_eq!(w.lib.ledger.0, 4);
}

#[test]
fn a_second_wrong_count_ends_the_question() {
    let mut w = World::new(Rules::default());
    borrowing(&mut w);
    w.lay(&[1, 2]);
    w.until_line(2, LineState::Borrowed);
    w.touch(Touch::Finish);
    w.touch(Touch::Count(3));
    w.touch(Touch::Count(3));
    assert_eq!(w.page(), "finish");
}

#[test]
fn scenario_3_lifted_while_writing_and_put_back() {
    let mut w = plain();
    borrowing(&mut w);
    w.writes.push_back(Write::Pulled { took: false });
    w.lay(&[1]);
    w.until_line(1, LineState::Attention);
    assert_eq!(w.line(1).note, Note::Advice(Advice::Lifted));
    w.secs(5);
    w.lay(&[1]);
    w.until_line(1, LineState::Borrowed);
    assert_eq!(w.state(1), Released);
    assert!(w.journal.repairs().unwrap().is_empty());
}

#[test]
fn scenario_3_lifted_while_writing_and_gone() {
    for took in [false, true] {
        let mut w = plain();
        borrowing(&mut w);
        w.writes.push_back(Write::Pulled { took });
        w.lay(&[1]);
        w.until_line(1, LineState::Attention);
        w.until("sec_fail", 17, |w| w.advises(1, Advice::SecFail));
        assert_eq!(w.journal.repairs().unwrap().len(), 1);
        w.touch(Touch::Finish);
        let Screen::Finish(finish) = w.view().screen else { panic!() };
        assert_eq!(finish.borrowed, 1);
        w.judge_tags();
    }
}

#[test]
fn a_book_at_the_edge_that_never_answers_ends_too() {
    let mut w = plain();
    borrowing(&mut w);
    w.lay(&[1]);
    // Seen by every scan, gone for every write.
    for _ in 0..200 {
        w.writes.push_back(Write::Pulled { took: false });
    }
    for _ in 0..400 {
        w.lay(&[1]);
        w.run(std::time::Duration::from_millis(50));
    }
    assert_eq!(w.line(1).note, Note::Advice(Advice::SecFail));
    w.touch(Touch::Finish);
    assert_eq!(w.page(), "finish");
}

#[test]
fn scenario_4_a_tag_that_does_not_take_it_undoes_the_loan() {
    let undo = OnSecurityFail::Undo;
    let mut w = World::new(Rules { on_security_fail: undo, ..Rules::default() });
    borrowing(&mut w);
    w.writes.extend([Write::Fail; 3]);
    w.lay(&[1]);
    w.until_line(1, LineState::Refused);
    assert_eq!(w.line(1).note, Note::Advice(Advice::SecFailUndo));
    assert_eq!(w.lib.ledger, (1, 1, 0, 0));
    assert_eq!((w.state(1), w.station.stats().loans), (Secured, 0));
    assert!(w.journal.repairs().unwrap().is_empty());
    w.touch(Touch::Finish);
    let Screen::Finish(finish) = w.view().screen else { panic!() };
    assert_eq!((finish.borrowed, finish.not_done.len()), (0, 1));
    assert_eq!(finish.receipt, Receipt::None);
}

#[test]
fn an_undo_that_fails_too_leaves_the_tag_on_the_list() {
    for (refuse, fare) in [
        (true, Fare::After(20)),
        (false, Fare::NotSent),
        (false, Fare::LostAfter),
        (false, Fare::LostBefore),
    ] {
        let undo = OnSecurityFail::Undo;
        let mut w = World::new(Rules { on_security_fail: undo, ..Rules::default() });
        borrowing(&mut w);
        w.lib.refuse_cancel = refuse;
        w.lib.fares.extend([Fare::After(20), fare]);
        w.writes.extend([Write::Fail; 3]);
        w.lay(&[1]);
        w.secs(60);
        w.judge_tags();
        let net = w.lib.ledger.0 - w.lib.ledger.1;
        assert_eq!(w.station.stats().loans, net, "{refuse} {fare:?}");
        assert!(w.lib.ledger.1 <= 1);
    }
}

#[test]
fn a_tag_that_does_not_take_it_keeps_the_loan_by_default() {
    let mut w = plain();
    borrowing(&mut w);
    w.writes.extend([Write::Fail; 3]);
    w.lay(&[1]);
    w.until("sec_fail", 3, |w| w.advises(1, Advice::SecFail));
    assert_eq!((w.lib.ledger.0, w.lib.ledger.1), (1, 0));
    // Laid down again elsewhere in the session: "yours already", and brought right.
    w.touch(Touch::Finish);
    w.touch(Touch::NoReceipt);
    w.touch(Touch::Finish);
    assert_eq!(w.page(), "attract");
    w.lift(&[1]);
    w.secs(5);
    borrowing(&mut w);
    w.lay(&[1]);
    w.until_line(1, LineState::Borrowed);
    assert_eq!((w.state(1), w.lib.ledger.0), (Released, 1));
    assert!(w.journal.repairs().unwrap().is_empty());
}

#[test]
fn scenario_5_over_the_limit() {
    let mut w = plain();
    w.lib.limit = 5;
    for n in [7, 8, 9] {
        w.lib.loans.insert(item(n), CARD.to_owned());
    }
    borrowing(&mut w);
    for n in [4, 2, 1, 3] {
        w.lay(&[n]);
        w.run(std::time::Duration::from_millis(900));
    }
    w.secs(2);
    for (n, state) in [(4, LineState::Borrowed), (2, LineState::Borrowed)] {
        assert!(w.is(n, state));
    }
    for n in [1, 3] {
        assert_eq!(w.line(n).note, Note::Advice(Advice::Limit));
        assert_eq!(w.state(n), Secured);
    }
    let Screen::Borrow(work) = w.view().screen else { panic!() };
    let badge = work.patron.unwrap();
    assert_eq!((badge.on_loan, badge.may_borrow), (Some(5), Some(0)));
}

#[test]
fn scenario_6_left_with_one_undone() {
    let mut w = plain();
    w.lib.holds.insert(item(3));
    borrowing(&mut w);
    w.lay(&[1, 2, 3]);
    w.until_line(3, LineState::Refused);
    w.until_line(2, LineState::Borrowed);
    w.secs(55);
    assert_eq!(w.view().overlay, None);
    w.secs(6);
    let warn = |w: &World| match w.view().overlay {
        Some(ui::view::Overlay::Warn { seconds, unfinished }) => (seconds, unfinished),
        other => panic!("{other:?}"),
    };
    assert!(warn(&w).0 > 30 && warn(&w).1 == 1);
    w.touch(Touch::Continue);
    assert_eq!(w.view().overlay, None);
    w.until("the end", 110, |w| w.page() == "attract");
    assert!(matches!(w.view().screen, Screen::Attract { pad_left: true, .. }));
    w.lib.holds.clear();
    w.card(OTHER);
    assert_eq!(w.page(), "borrow");
    w.secs(20);
    assert!(w.lines().is_empty(), "the pile of one reader is lent to nobody else");
    // Not even when it flickers at the edge of the field.
    w.lift(&[3]);
    w.secs(3);
    w.lay(&[3]);
    w.secs(3);
    assert!(w.lines().is_empty());
    // The pad was empty: what is laid down now is this reader's.
    w.lift(&[1, 2, 3]);
    w.secs(4);
    w.lay(&[3]);
    w.until_line(3, LineState::Borrowed);
}

#[test]
fn a_tap_claims_the_pile_left_there_but_not_the_card() {
    let mut w = plain();
    let id = super::world::uid(150);
    w.tag(150, Content::Card(CARD.into()));
    w.tags.get_mut(&id).unwrap().on_pad = true;
    w.lay(&[1]);
    w.until_page("borrow");
    w.until_page("attract");
    w.touch(Touch::Borrow);
    assert_eq!(w.page(), "identify", "the card of the last reader is nobody's");
    w.secs(3);
    assert_eq!(w.page(), "identify");
}

#[test]
fn undo_by_the_reader_arms_first() {
    let mut w = plain();
    borrowing(&mut w);
    w.lay(&[1]);
    w.until_line(1, LineState::Borrowed);
    let line = w.line(1);
    assert!(line.can_undo);
    w.touch(Touch::Undo(line.id));
    w.until_line(1, LineState::Refused);
    assert_eq!((w.state(1), w.lib.ledger, w.station.stats().loans), (Secured, (1, 1, 0, 0), 0));
    let Screen::Borrow(work) = w.view().screen else { panic!() };
    assert_eq!((work.done, work.patron.unwrap().on_loan), (0, Some(0)));
    // At the edge of the field it is not lent again by itself.
    w.lift(&[1]);
    w.secs(3);
    w.lay(&[1]);
    w.secs(3);
    assert_eq!(w.lib.ledger.0, 1);
}

#[test]
fn undo_is_over_after_its_time_and_needs_the_book() {
    let mut w = plain();
    borrowing(&mut w);
    w.lay(&[1]);
    w.until_line(1, LineState::Borrowed);
    w.lift(&[1]);
    w.secs(2);
    assert!(!w.line(1).can_undo);
    w.lay(&[1]);
    w.secs(1);
    assert!(w.line(1).can_undo);
    for _ in 0..4 {
        w.secs(40);
        w.touch(Touch::Continue);
    }
    assert!(!w.line(1).can_undo);
}

#[test]
fn an_undo_pulled_away_or_refused_keeps_loan_and_tag() {
    for refuse in [false, true] {
        let mut w = plain();
        borrowing(&mut w);
        w.lay(&[1]);
        w.until_line(1, LineState::Borrowed);
        w.lib.refuse_cancel = refuse;
        if !refuse {
            w.writes.push_back(Write::Pulled { took: true });
        }
        w.touch(Touch::Undo(w.line(1).id));
        w.secs(1);
        w.lay(&[1]);
        w.until_line(1, LineState::Borrowed);
        assert_eq!((w.state(1), w.lib.ledger.1), (Released, 0));
        assert!(w.journal.repairs().unwrap().is_empty());
    }
}

#[test]
fn one_touch_for_the_whole_pile() {
    let commit = BorrowCommit::OnConfirm;
    let mut w = World::new(Rules { borrow_commit: commit, ..Rules::default() });
    borrowing(&mut w);
    w.tag(10, item_of(8, 2, 1));
    w.tag(11, item_of(8, 2, 2));
    w.lay(&[1, 2, 10, 11]);
    w.secs(3);
    let to_confirm = |w: &World| match w.view().screen {
        Screen::Borrow(work) => work.to_confirm,
        _ => 0,
    };
    assert_eq!((to_confirm(&w), w.lib.ledger.0), (3, 0));
    // One part taken away: the set is no longer whole.
    w.lift(&[11]);
    w.secs(3);
    assert_eq!(to_confirm(&w), 2);
    w.touch(Touch::Borrow);
    w.until_line(2, LineState::Borrowed);
    w.secs(1);
    assert_eq!(w.lib.ledger.0, 2);
    assert_eq!(w.line(8).note, Note::Advice(Advice::PartsMissing { all: 2, got: 1 }));
}

#[test]
fn scenario_11_the_link_goes_during_the_second_of_three() {
    let mut w = plain();
    borrowing(&mut w);
    w.lay(&[1]);
    w.until_line(1, LineState::Borrowed);
    w.lib.fares.push_back(Fare::LostBefore);
    w.lay(&[2]);
    w.until_line(2, LineState::Asking);
    w.run(std::time::Duration::from_millis(100));
    w.link(false);
    w.lay(&[3]);
    w.until("ils_down", 11, |w| w.advises(2, Advice::IlsDown));
    assert_eq!(w.line(3).note, Note::Advice(Advice::IlsDown));
    w.secs(5);
    assert_eq!((w.state(2), w.state(3), w.lib.ledger.0), (Secured, Secured, 1));
    w.link(true);
    w.until_line(3, LineState::Borrowed);
    w.until_line(2, LineState::Borrowed);
    assert_eq!(w.lib.ledger.0, 3);
}

#[test]
fn an_unanswered_loan_found_done_is_released_on_the_pad() {
    let mut w = plain();
    borrowing(&mut w);
    w.lib.fares.push_back(Fare::LostAfter);
    w.lay(&[1]);
    w.until_line(1, LineState::Borrowed);
    assert_eq!((w.lib.ledger.0, w.state(1), w.station.stats().loans), (1, Released, 1));
    assert!(!w.lib.log.iter().filter(|a| matches!(a, Ask::Checkout { .. })).count() > 1);
}

#[test]
fn an_unanswered_loan_found_done_after_the_book_left_is_listed_and_repaired() {
    let mut w = plain();
    borrowing(&mut w);
    w.lib.fares.push_back(Fare::LostAfter);
    w.lay(&[1]);
    w.until_line(1, LineState::Asking);
    w.run(std::time::Duration::from_millis(50));
    w.touch(Touch::EndNow);
    assert_eq!(w.page(), "attract");
    w.lift(&[1]);
    w.secs(8);
    // The next reader's session must not change what is found out.
    w.card(OTHER);
    w.secs(8);
    assert_eq!(w.journal.repairs().unwrap().len(), 1);
    assert_eq!((w.state(1), w.station.stats().loans), (Secured, 1));
    let Screen::Borrow(work) = w.view().screen else { panic!() };
    assert_eq!(work.patron.unwrap().on_loan, Some(0), "not this reader's loan");
    w.touch(Touch::Finish);
    assert_eq!(w.page(), "attract");
    w.lay(&[1]);
    w.until("repaired", 5, |w| w.state(1) == Released);
    w.secs(1);
    assert!(w.journal.repairs().unwrap().is_empty());
    assert_eq!(w.station.stats().repaired, 1);
}

#[test]
fn a_listed_tag_is_not_released_when_the_book_was_returned_meanwhile() {
    let mut w = plain();
    borrowing(&mut w);
    w.writes.extend([Write::Fail; 3]);
    w.lay(&[1]);
    w.until("sec_fail", 3, |w| w.advises(1, Advice::SecFail));
    w.lift(&[1]);
    w.touch(Touch::Finish);
    w.touch(Touch::Finish);
    w.lib.loans.clear();
    w.secs(4);
    w.lay(&[1]);
    w.secs(4);
    assert_eq!(w.state(1), Secured);
    assert!(w.journal.repairs().unwrap().is_empty());
}

#[test]
fn an_unanswered_loan_found_not_done_is_asked_again() {
    let mut w = plain();
    borrowing(&mut w);
    w.lib.fares.push_back(Fare::LostBefore);
    w.lay(&[1]);
    w.until_line(1, LineState::Borrowed);
    assert_eq!(w.lib.ledger.0, 1);
}

#[test]
fn an_answer_after_t_ils_still_counts() {
    let mut w = plain();
    borrowing(&mut w);
    w.lib.fares.push_back(Fare::After(25_000));
    w.lay(&[1]);
    w.until_line(1, LineState::Attention);
    w.touch(Touch::Finish);
    assert_eq!(w.page(), "finish");
    let Screen::Finish(finish) = w.view().screen else { panic!() };
    assert_eq!(finish.receipt, Receipt::None);
    w.until("done late", 20, |w| w.state(1) == Released || w.page() == "attract");
    w.secs(30);
    w.judge_tags();
}

#[test]
fn not_sent_without_a_change_of_the_link_is_tried_again() {
    let mut w = plain();
    borrowing(&mut w);
    w.lib.fares.extend([Fare::NotSent; 2]);
    w.lay(&[1]);
    w.until_line(1, LineState::Borrowed);
    assert_eq!(w.lib.ledger.0, 1);
    w.lib.fares.extend([Fare::NotSent; 9]);
    w.lay(&[2]);
    w.until("given up", 40, |w| w.is(2, LineState::Attention));
}

#[test]
fn scenario_18_the_reader_is_unplugged_with_two_books() {
    let mut w = plain();
    borrowing(&mut w);
    w.lay(&[1]);
    w.until_line(1, LineState::Borrowed);
    w.lay(&[2]);
    w.until_line(2, LineState::Writing);
    w.reader(false);
    w.secs(20);
    assert_eq!(w.lines().len(), 2);
    assert!(w.is(1, LineState::Borrowed));
    assert_eq!(w.view().state_line, Some(ui::view::StateLine::ReaderLost));
    w.reader(true);
    w.until_line(2, LineState::Borrowed);
    assert_eq!(w.view().state_line, None);
}

#[test]
fn scenario_19_a_set_with_a_part_missing() {
    let mut w = plain();
    for part in 1..=4 {
        w.tag(20 + part, item_of(30, 4, part));
    }
    borrowing(&mut w);
    w.lay(&[21, 22, 24]);
    w.secs(3);
    assert_eq!(w.line(30).note, Note::Advice(Advice::PartsMissing { all: 4, got: 3 }));
    assert!(!w.lib.log.iter().any(|a| matches!(a, Ask::Checkout { .. })));
    w.lay(&[23]);
    w.until_line(30, LineState::Borrowed);
    assert_eq!(w.lib.ledger.0, 1);
    assert!((21..=24).all(|n| w.state(n) == Released));
}

#[test]
fn two_sets_of_two() {
    let mut w = plain();
    for (n, set, part) in [(20, 30, 1), (21, 30, 2), (22, 31, 1), (23, 31, 2)] {
        w.tag(n, item_of(set, 2, part));
    }
    borrowing(&mut w);
    w.lay(&[20, 22]);
    w.secs(2);
    assert_eq!(w.lib.ledger.0, 0);
    // One part lifted while writing: put back, both are written.
    w.writes.push_back(Write::Pulled { took: false });
    w.lay(&[21]);
    w.until("lifted", 3, |w| w.advises(30, Advice::Lifted));
    w.lay(&[20, 21, 23]);
    w.until_line(31, LineState::Borrowed);
    w.until_line(30, LineState::Borrowed);
    assert!((20..=23).all(|n| w.state(n) == Released));
}

#[test]
fn a_second_tag_with_the_same_number_is_not_released() {
    let mut w = plain();
    w.double_ids = true;
    w.tag(40, item_of(1, 1, 1));
    borrowing(&mut w);
    w.lay(&[1, 40]);
    w.until_line(1, LineState::Borrowed);
    w.secs(2);
    assert_eq!((w.state(1), w.state(40), w.lib.ledger.0), (Released, Secured, 1));
    assert!(w.lines().iter().any(|l| l.note == Note::Advice(Advice::TagBad)));
}

#[test]
fn tags_that_are_not_to_be_lent() {
    let mut w = plain();
    w.tag(40, Content::Foreign);
    w.tag(41, Content::Bad);
    let no_loan = Content::Item { item: item(42), parts: 1, part: 1, no_loan: true, whose: None };
    w.tag(42, no_loan);
    borrowing(&mut w);
    for _ in 0..3 {
        w.lay(&[40, 41, 42]);
        w.secs(3);
        w.lift(&[40, 41, 42]);
        w.secs(3);
    }
    let notes: Vec<Note> = w.lines().into_iter().map(|l| l.note).collect();
    for advice in [Advice::TagForeign, Advice::TagBad, Advice::InLibrary] {
        assert!(notes.contains(&Note::Advice(advice)), "{notes:?}");
    }
    assert_eq!((notes.len(), w.lib.ledger.0), (3, 0));
    // Read better the second time: the item's line takes the odd one's place.
    w.tags.get_mut(&super::world::uid(41)).unwrap().content = item_of(43, 1, 1);
    w.lay(&[41]);
    w.until_line(43, LineState::Borrowed);
    assert_eq!(w.lines().len(), 3);
}

#[test]
fn for_use_in_the_library_stays_armed() {
    let mut w = plain();
    w.lib.inside.insert(item(1));
    borrowing(&mut w);
    w.lay(&[1]);
    w.until_line(1, LineState::Borrowed);
    assert_eq!(w.state(1), Secured);
}

#[test]
fn yours_already_yes_renews() {
    let mut w = plain();
    for n in [1, 2] {
        w.lib.loans.insert(item(n), CARD.to_owned());
    }
    borrowing(&mut w);
    w.lay(&[1, 2]);
    w.until_line(1, LineState::Attention);
    w.until_line(2, LineState::Attention);
    assert!(w.line(1).question);
    w.touch(Touch::No(w.line(2).id));
    w.touch(Touch::Yes(w.line(1).id));
    w.touch(Touch::Yes(w.line(1).id));
    w.until_line(1, LineState::Renewed);
    assert!(!w.line(2).question);
    assert_eq!((w.lib.ledger.3, w.station.stats().renewals), (1, 1));
    w.touch(Touch::Finish);
    let Screen::Finish(finish) = w.view().screen else { panic!() };
    assert_eq!(finish.renewed, 1);
}

#[test]
fn numbers_from_the_scanner() {
    let mut w = plain();
    w.touch(Touch::Borrow);
    w.feed(Input::Scan(item(50).to_string()));
    let Screen::Identify { problem, .. } = w.view().screen else { panic!() };
    assert_eq!(problem, Some(Advice::CardIsItem));
    w.card(CARD);
    w.feed(Input::Scan(item(50).to_string()));
    w.feed(Input::Scan(item(50).to_string()));
    w.until_line(50, LineState::Borrowed);
    assert_eq!((w.lines().len(), w.lib.ledger.0), (1, 1));
    // Its book laid down afterwards is released too.
    w.scanned.insert(item(1));
    w.feed(Input::Scan(item(1).to_string()));
    w.until_line(1, LineState::Borrowed);
    assert_eq!(w.state(1), Secured);
    w.lay(&[1]);
    w.until("released", 3, |w| w.state(1) == Released);
    w.until_line(1, LineState::Borrowed);
    assert_eq!(w.lib.ledger.0, 2);
}

#[test]
fn scenario_15_language_in_the_middle() {
    let mut w = plain();
    borrowing(&mut w);
    w.lay(&[1]);
    w.until_line(1, LineState::Asking);
    w.touch(Touch::Language);
    w.until_line(1, LineState::Borrowed);
    assert_eq!(w.lines().len(), 1);
    w.touch(Touch::Finish);
    w.touch(Touch::Paper);
    assert_eq!(w.slips[0].language, ui::view::Language::En);
    assert_eq!((w.slips[0].kind, w.slips[0].lines.len()), (SlipKind::Borrow, 1));
    w.until_page("attract");
    assert_eq!(w.view().language, ui::view::Language::ZhCn);
}

#[test]
fn scenario_22_no_paper_then_phone() {
    let mut w = plain();
    borrowing(&mut w);
    w.lay(&[1, 2, 3]);
    w.until("all", 5, |w| [1, 2, 3].iter().all(|&n| w.is(n, LineState::Borrowed)));
    w.touch(Touch::Finish);
    w.print = crate::session::PrintResult::Not(PrinterState::NoPaper);
    w.touch(Touch::Paper);
    w.secs(1);
    let receipt = |w: &World| match w.view().screen {
        Screen::Finish(finish) => finish.receipt,
        _ => Receipt::None,
    };
    assert_eq!(receipt(&w), Receipt::Failed(Advice::PaperOut));
    w.touch(Touch::Phone);
    assert!(matches!(receipt(&w), Receipt::Phone(_)));
    assert_eq!(w.station.stats().receipts, 0);
}
