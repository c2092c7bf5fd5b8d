//! Devices besides the pad: card readers, scanners, identity cards.

use ui::view::{Advice, DeviceKind, LineState, Screen, StateLine, Touch};

use super::account::problem;
use super::borrow::plain;
use super::world::{CARD, World, item};
use crate::privacy::PatronId;
use crate::session::{Aid, Input, Proof};

fn card(w: &mut World, number: &str, proof: Proof) {
    w.feed(Input::Card(PatronId::new(number), proof));
    w.secs(1);
}

#[test]
fn a_card_held_to_its_own_reader_opens_borrowing_without_a_pin() {
    let mut w = plain();
    w.secrets.push(CARD.to_owned());
    card(&mut w, CARD, Proof::Held);
    assert_eq!(w.page(), "borrow");
    // The same card again, and another one, change nothing for the reader who is here.
    card(&mut w, CARD, Proof::Held);
    card(&mut w, "0200009999", Proof::Held);
    assert_eq!(w.page(), "borrow");
}

#[test]
fn a_number_that_would_break_a_message_is_no_card() {
    for number in ["0200001234|AFyes", "0200001234\r", "", &"9".repeat(129)] {
        let mut w = plain();
        w.touch(Touch::Borrow);
        card(&mut w, number, Proof::Held);
        assert_eq!(problem(&w), Some(Advice::CardUnread), "{number:?}");
    }
}

#[test]
fn a_copied_number_asks_for_the_pin() {
    let mut w = plain();
    w.secrets.push(CARD.to_owned());
    card(&mut w, CARD, Proof::Copied);
    assert_eq!(w.page(), "pin");
}

#[test]
fn a_code_shown_twice_is_refused_in_words_and_opens_nothing() {
    for advice in [Advice::QrUsed, Advice::QrExpired, Advice::CardOther] {
        let mut w = plain();
        w.feed(Input::NoCard(advice));
        assert_eq!(problem(&w), Some(advice));
        w.until_page("attract");
    }
}

#[test]
fn a_missing_device_is_said_and_takes_nothing_else_away() {
    let mut w = plain();
    w.feed(Input::Aid { kind: Aid::Cards, up: true });
    assert_eq!(w.view().state_line, None);
    w.feed(Input::Aid { kind: Aid::Cards, up: false });
    w.feed(Input::Aid { kind: Aid::Scanner, up: false });
    let devices = vec![DeviceKind::Cards, DeviceKind::Scanner];
    assert_eq!(w.view().state_line, Some(StateLine::Missing { devices }));
    assert!(w.view().services.borrow && w.view().services.giveback);
}

#[test]
fn without_a_pad_books_are_scanned_one_by_one() {
    let mut w = plain();
    w.feed(Input::Aid { kind: Aid::Scanner, up: true });
    w.reader(false);
    w.secs(1);
    assert_eq!(w.view().state_line, Some(StateLine::ScanOnly));
    assert!(matches!(w.view().screen, Screen::Attract { .. }));
    assert!(w.view().services.giveback);
    w.touch(Touch::GiveBack);
    w.scanned.insert(item(1));
    w.feed(Input::Scan(item(1).as_str().to_owned()));
    w.until("returned", 20, |w| w.lines().iter().any(|l| l.state == LineState::Returned));
    // Without the scanner the station rests.
    w.touch(Touch::Finish);
    w.until_page("attract");
    w.feed(Input::Aid { kind: Aid::Scanner, up: false });
    assert!(matches!(w.view().screen, Screen::Trouble { .. }));
}
