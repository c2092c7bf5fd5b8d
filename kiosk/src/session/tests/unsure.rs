//! What cannot be found out, and payments that meet a journal or a table that is full.
//! `kiosk/tests/uncertain.rs` has every message against every loss.

use drivers::rfid::security::Security::Secured;
use ui::view::{Advice, LineState, Touch};

use super::library::Fare;
use super::world::{CARD, World, item};
use crate::privacy::PatronId;
use crate::session::{
    CountCheck, FEES_MAX, Input, Payment, PaymentId, PaymentState, Rules, TxnOutcome,
};

fn plain() -> World {
    World::new(Rules { count_check: CountCheck::Off, ..Rules::default() })
}

fn for_staff(w: &World) -> usize {
    w.units.values().filter(|u| matches!(u.outcome, Some(TxnOutcome::ForStaff { .. }))).count()
}

fn payment(n: usize) -> Input {
    let id = PaymentId::new(format!("P-{n}")).unwrap();
    Input::Paid(Payment { id, patron: PatronId::new(CARD), amount: 350 })
}

fn state(w: &World, n: usize) -> Option<PaymentState> {
    w.station.payment(&PaymentId::new(format!("P-{n}")).unwrap())
}

#[test]
fn a_list_that_tells_nothing_is_no_proof_that_nothing_was_lent() {
    let both = [(Fare::LostBefore, false), (Fare::LostAfter, true)];
    for ((fare, lent), counts_none) in both.into_iter().flat_map(|b| [(b, false), (b, true)]) {
        let mut w = plain();
        w.lib.hides_loans = true;
        w.lib.counts_none = counts_none;
        w.lib.fares.extend([Fare::After(30), fare]);
        w.card(CARD);
        w.lay(&[1]);
        w.secs(30);
        if lent {
            // On loan, and nobody says to whom.
            assert!(w.advises(1, Advice::Unsure));
            assert_eq!((for_staff(&w), w.state(1), w.lib.ledger.0), (1, Secured, 1));
        } else {
            // It is here, so it was not lent: asked again.
            assert!(w.is(1, LineState::Borrowed));
            assert_eq!((for_staff(&w), w.lib.ledger.0), (0, 1));
        }
    }
}

#[test]
fn an_item_neither_lent_nor_here_leaves_its_return_to_staff() {
    let mut w = plain();
    w.lib.missing.insert(item(1));
    w.lib.fares.push_back(Fare::LostAfter);
    w.touch(Touch::GiveBack);
    w.lay(&[1]);
    w.secs(30);
    assert_eq!((for_staff(&w), w.state(1)), (1, Secured));
    assert!(!w.is(1, LineState::Returned));
}

#[test]
fn a_question_never_answered_is_given_up() {
    let mut w = plain();
    w.lib.loans.insert(item(1), CARD.to_owned());
    w.lib.fares.extend([Fare::LostBefore; 20]);
    w.touch(Touch::GiveBack);
    w.lay(&[1]);
    w.secs(400);
    assert_eq!((for_staff(&w), w.lib.ledger.2), (1, 0));
    assert!(w.lib.fares.len() > 5, "not asked for ever");
    assert_eq!(w.state(1), Secured);
}

#[test]
fn a_payment_is_written_until_the_disk_takes_it() {
    let mut w = plain();
    w.fail_records = 2;
    w.feed(payment(1));
    w.secs(3);
    assert_eq!(state(&w, 1), None, "not promised before it is on disk");
    assert!(w.lib.log.is_empty(), "nothing was asked");
    w.secs(30);
    assert_eq!(state(&w, 1), Some(PaymentState::Booked));
}

#[test]
fn payments_beyond_the_bound_are_not_taken_on() {
    let mut w = plain();
    w.link(false);
    for n in 0..=FEES_MAX {
        w.feed(payment(n));
    }
    w.secs(1);
    assert_eq!(state(&w, FEES_MAX - 1), Some(PaymentState::Open), "on disk, link or no link");
    assert!(!w.station.takes_payments());
    w.link(true);
    w.secs(60);
    assert_eq!(state(&w, FEES_MAX - 1), Some(PaymentState::Booked));
    assert_eq!(state(&w, FEES_MAX), None, "whoever took the money tells it again");
    assert!(w.station.takes_payments());
}

#[test]
fn what_is_no_payment_is_not_taken_on() {
    let mut w = plain();
    for (patron, amount) in [("", 350), ("02|00001234", 350), (CARD, 0), (CARD, -1)] {
        let id = PaymentId::new("P-1").unwrap();
        w.feed(Input::Paid(Payment { id, patron: PatronId::new(patron), amount }));
        w.secs(2);
        assert_eq!(state(&w, 1), None, "{amount}");
    }
    for id in ["", "P|1", "P\r1", &"9".repeat(65)] {
        assert!(PaymentId::new(id).is_err(), "{id:?}");
    }
    assert!(w.lib.log.is_empty());
}
