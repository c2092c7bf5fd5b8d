//! Who is here, my loans, the receipt and the end of a session.

use std::time::Duration;

use ui::view::{Advice, LineState, LoanState, Modes, Overlay, Receipt, Screen, Touch};

use super::borrow::plain;
use super::library::Fare;
use super::world::{CARD, OTHER, World, item, uid};
use crate::session::{
    Content, CountCheck, Input, PinRule, PrintResult, ReceiptDefault, Rules, SlipKind,
};

fn loans(w: &World) -> ui::view::Loans {
    match w.view().screen {
        Screen::Loans(loans) => loans,
        other => panic!("{other:?}"),
    }
}

pub(super) fn problem(w: &World) -> Option<Advice> {
    match w.view().screen {
        Screen::Identify { problem, .. } | Screen::Pin { problem, .. } => problem,
        other => panic!("{other:?}"),
    }
}

fn receipt(w: &World) -> Receipt {
    match w.view().screen {
        Screen::Finish(finish) => finish.receipt,
        other => panic!("{other:?}"),
    }
}

fn account(own: &[u8]) -> World {
    let mut w = plain();
    for &n in own {
        w.lib.loans.insert(item(n), CARD.to_owned());
    }
    w.touch(Touch::Account);
    w.card(CARD);
    w
}

#[test]
fn loans_are_listed_and_renewed() {
    let mut w = account(&[1, 2, 3]);
    w.until("listed", 2, |w| !loans(w).loading);
    assert_eq!(loans(&w).loans.len(), 3);
    assert_eq!(loans(&w).patron.masked_name, "张*");
    let id = loans(&w).loans[0].id;
    w.touch(Touch::Renew(id));
    w.touch(Touch::Renew(id));
    w.until("renewed", 2, |w| loans(w).loans.iter().any(|l| l.state == LoanState::Renewed));
    assert_eq!(w.lib.ledger.3, 1);
    w.lib.no_renewal.insert(item(2));
    w.touch(Touch::RenewAll);
    w.until("all", 2, |w| loans(w).renewed == Some((2, 1)));
    assert_eq!((w.lib.ledger.3, w.station.stats().renewals), (2, 2));
    // Back to the books and on to the end: what was renewed is told and printed.
    w.touch(Touch::Back);
    w.touch(Touch::Finish);
    let Screen::Finish(finish) = w.view().screen else { panic!("{}", w.page()) };
    assert_eq!(finish.renewed, 2);
    w.touch(Touch::Paper);
    assert_eq!(w.slips[0].lines.len(), 2);
    assert_eq!(w.slips[0].lines[0].due, Some(super::library::day(28)));
}

#[test]
fn finish_from_the_list_prints_renewals() {
    let mut w = account(&[1]);
    w.touch(Touch::RenewAll);
    w.secs(1);
    w.touch(Touch::Finish);
    w.touch(Touch::Paper);
    assert_eq!((w.slips[0].kind, w.slips[0].lines.len()), (SlipKind::Renew, 1));
}

#[test]
fn a_renewal_without_an_answer_is_never_asked_twice() {
    let mut w = account(&[1]);
    w.secs(1);
    w.lib.fares.push_back(Fare::LostAfter);
    w.touch(Touch::RenewAll);
    w.secs(15);
    assert_eq!(loans(&w).loans[0].state, LoanState::Refused(Advice::Unsure));
    w.touch(Touch::RenewAll);
    w.touch(Touch::Renew(0));
    w.secs(2);
    assert_eq!(w.lib.ledger.3, 1);
}

#[test]
fn a_renewal_of_an_ended_session_is_not_the_next_readers() {
    let mut w = account(&[1]);
    w.lib.loans.insert(item(2), OTHER.to_owned());
    w.secs(1);
    w.lib.fares.push_back(Fare::After(8_000));
    w.touch(Touch::RenewAll);
    w.run(Duration::from_millis(50));
    w.touch(Touch::EndNow);
    w.touch(Touch::Account);
    w.card(OTHER);
    w.secs(9);
    assert!(loans(&w).loans.iter().all(|l| l.state == LoanState::Renewable));
    assert_eq!((w.lib.ledger.3, w.station.stats().renewals), (1, 1));
    assert!(w.journal.open_units().unwrap().is_empty(), "its outcome is written all the same");
}

#[test]
fn leaving_a_list_that_loads_slowly() {
    let mut w = account(&[1, 2]);
    w.lib.fares.push_back(Fare::After(9_000));
    w.touch(Touch::Back);
    assert_eq!(w.page(), "borrow");
    w.touch(Touch::Account);
    assert!(loans(&w).loading);
    w.touch(Touch::Back);
    w.lay(&[5]);
    w.until_line(5, LineState::Borrowed);
}

#[test]
fn cards_that_cannot_borrow() {
    for advice in [Advice::CardExpired, Advice::CardBlocked, Advice::Fees] {
        let mut w = plain();
        w.lib.block = Some(advice);
        w.card(CARD);
        assert_eq!(problem(&w), Some(advice));
        w.until_page("attract");
    }
    let mut w = plain();
    w.secrets.push("0200009999".to_owned());
    w.card("0200009999");
    assert_eq!(problem(&w), Some(Advice::CardUnknown));
    w.link(false);
    w.card(CARD);
    assert_eq!(problem(&w), Some(Advice::IlsDown));
    w.link(true);
    // A card counts anew once it has been away for `t_pad_gone`.
    w.secs(2);
    w.card(CARD);
    assert_eq!(w.page(), "borrow");
    let mut w = plain();
    w.touch(Touch::Borrow);
    w.feed(Input::Scan("\u{7}".to_owned()));
    assert_eq!(problem(&w), Some(Advice::CardUnread));
}

#[test]
fn an_answer_about_one_card_is_never_the_next_ones() {
    let mut w = plain();
    w.lib.fares.push_back(Fare::After(11_000));
    w.touch(Touch::Borrow);
    w.card(CARD);
    w.until("ils_down", 12, |w| problem(w) == Some(Advice::IlsDown));
    w.lib.block = Some(Advice::CardBlocked);
    w.card(OTHER);
    w.secs(2);
    assert_eq!(problem(&w), Some(Advice::CardBlocked), "the second card's own answer");
}

#[test]
fn scenario_13_wrong_pins_lock_one_card() {
    let mut w = World::new(Rules { pin: PinRule::Always, ..Rules::default() });
    w.card(CARD);
    for n in 1..=5 {
        assert_eq!(w.page(), "pin");
        for d in [9, 9, 9] {
            w.touch(Touch::Digit(d));
        }
        w.touch(Touch::Ok);
        w.secs(1);
        if n < 5 {
            let Screen::Pin { tries_left, typed, .. } = w.view().screen else { panic!() };
            assert_eq!((tries_left, typed), (Some(5 - n), 0));
        }
    }
    assert_eq!(problem(&w), Some(Advice::PinLocked { minutes: 5 }));
    w.card(CARD);
    assert_eq!(problem(&w), Some(Advice::PinLocked { minutes: 5 }));
    w.card(OTHER);
    for d in [4, 7, 1, 2] {
        w.touch(Touch::Digit(d));
    }
    w.touch(Touch::Delete);
    w.touch(Touch::Digit(1));
    w.touch(Touch::Ok);
    w.until_page("borrow");
    w.touch(Touch::Finish);
    w.secs(300);
    w.card(CARD);
    assert_eq!(w.page(), "pin");
    w.secs(46);
    assert_eq!(w.page(), "attract");
}

#[test]
fn a_scanned_card_needs_its_pin() {
    let mut w = plain();
    w.feed(Input::Scan(CARD.to_owned()));
    assert_eq!(w.page(), "pin");
    w.touch(Touch::Back);
    assert_eq!(w.page(), "attract");
}

#[test]
fn scenario_17_two_cards() {
    let mut w = plain();
    w.touch(Touch::Borrow);
    w.lib.fares.push_back(Fare::After(100));
    for (n, card) in [(150, CARD), (151, OTHER)] {
        w.tag(n, Content::Card(card.into()));
        w.tags.get_mut(&uid(n)).unwrap().on_pad = true;
    }
    w.secs(1);
    assert_eq!(problem(&w), Some(Advice::TwoCards));
    w.lift(&[151]);
    w.run(Duration::from_millis(1_700));
    assert_eq!(w.page(), "borrow");
    assert_eq!(w.view().overlay, None);
}

fn finished(rules: Rules) -> World {
    let mut w = World::new(Rules { count_check: CountCheck::Off, ..rules });
    w.card(CARD);
    w.lay(&[1]);
    w.until_line(1, LineState::Borrowed);
    w.touch(Touch::Finish);
    w
}

#[test]
fn scenario_7_the_receipt_question_ends_by_itself() {
    let mut w = finished(Rules::default());
    assert_eq!(receipt(&w), Receipt::Ask { paper: true });
    w.run(Duration::from_millis(9_900));
    assert_eq!(w.page(), "finish");
    w.run(Duration::from_millis(300));
    assert_eq!((w.page(), w.slips.len(), w.station.stats().sessions), ("attract", 0, 1));
    let mut w = finished(Rules { receipt_default: ReceiptDefault::Paper, ..Rules::default() });
    w.secs(12);
    assert_eq!((w.slips.len(), receipt(&w)), (1, Receipt::Printed));
    w.secs(12);
    assert_eq!((w.page(), w.station.stats().receipts), ("attract", 1));
}

#[test]
fn a_print_nobody_knows_of_can_be_asked_for_as_a_copy() {
    let mut w = finished(Rules::default());
    w.print = PrintResult::Unknown;
    w.touch(Touch::Paper);
    w.touch(Touch::Paper);
    w.secs(1);
    assert_eq!((w.slips.len(), receipt(&w)), (1, Receipt::Unknown));
    w.print = PrintResult::Sent;
    w.touch(Touch::Paper);
    w.secs(1);
    assert_eq!((w.slips[1].copy, receipt(&w)), (true, Receipt::MaybePrinted));
    w.touch(Touch::Finish);
    assert_eq!(w.page(), "attract");
}

#[test]
fn more_books_after_finish() {
    let mut w = finished(Rules::default());
    w.touch(Touch::More);
    w.lay(&[2]);
    w.until_line(2, LineState::Borrowed);
    w.touch(Touch::Finish);
    w.touch(Touch::Paper);
    assert_eq!(w.slips[0].lines.len(), 2);
}

#[test]
fn help_opens_calls_once_and_closes() {
    let mut w = finished(Rules::default());
    w.touch(Touch::More);
    w.touch(Touch::Help);
    assert_eq!(w.view().overlay, Some(Overlay::Help { called: false }));
    w.touch(Touch::Finish);
    assert_eq!(w.page(), "borrow", "a layer takes the touches");
    for _ in 0..9 {
        w.touch(Touch::CallStaff);
        w.touch(Touch::Back);
    }
    assert_eq!((w.calls, w.station.stats().staff_calls), (1, 1));
    assert_eq!((w.view().overlay, w.page()), (None, "borrow"));
}

#[test]
fn a_start_screen_left_changed_goes_back() {
    let mut w = plain();
    for touch in [Touch::Language, Touch::Contrast, Touch::LargePrint, Touch::Help] {
        w.touch(touch);
    }
    assert_ne!(w.view().modes, Modes::default());
    w.secs(61);
    let view = w.view();
    assert_eq!((view.modes, view.overlay), (Modes::default(), None));
    assert_eq!(view.language, ui::view::Language::ZhCn);
    w.touch(Touch::EndNow);
    assert_eq!(w.station.stats().sessions, 0);
}

#[test]
fn nobody_shows_a_card() {
    let mut w = plain();
    w.touch(Touch::Borrow);
    w.secs(29);
    assert_eq!(w.page(), "identify");
    w.secs(2);
    assert_eq!(w.page(), "attract");
}

#[test]
fn a_journal_down_for_an_outcome_tells_nothing_until_it_is_written() {
    let mut w = plain();
    w.card(CARD);
    w.lib.fares.push_back(Fare::After(500));
    w.lay(&[1]);
    w.until_line(1, LineState::Asking);
    w.run(Duration::from_millis(100));
    w.fail_records = 3;
    w.until("unsure", 3, |w| w.advises(1, Advice::Unsure));
    assert_eq!(w.state(1), drivers::rfid::security::Security::Secured);
    w.until("written and released", 60, |w| w.is(1, LineState::Borrowed));
    assert_eq!(w.lib.ledger.0, 1);
    assert_eq!(w.station.stats().loans, 1);
}

#[test]
fn codes_run_out_and_come_back() {
    let mut w = plain();
    let left = w.station.codes_left();
    w.card(CARD);
    w.touch(Touch::Finish);
    assert_eq!(w.station.codes_left(), left - 1);
}
