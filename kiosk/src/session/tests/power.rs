//! The power goes at every single event of a loan, a return, a renewal, a taking back: nothing is
//! lost, nothing done twice, and every tag is right in the end or on the repair list.

use drivers::rfid::security::Security::Released;
use ui::view::{LineState, Screen, Touch};

use super::library::Fare;
use super::world::{CARD, World, Write, item, uid};
use crate::session::{CountCheck, OnSecurityFail, Rules, TxnOutcome};

/// More events than any of the stories below has.
const EVENTS: u32 = 400;

/// Plays `story` with the power cut after each number of events; returns how many cuts it took.
fn at_every_event(rules: &Rules, story: impl Fn(&mut World), judge: impl Fn(&World, u32)) -> u32 {
    for cut in 0..EVENTS {
        for took in [false, true] {
            for left in [false, true] {
                let mut w = World::new(rules.clone());
                w.cut_in = Some(cut);
                story(&mut w);
                let whole = !w.dark;
                w.dark = true;
                if left {
                    w.lift(&[1, 2]);
                }
                w.power(took);
                w.scan_ms = 500;
                w.secs(40);
                w.judge_tags();
                judge(&w, cut);
                // It settles, and the next start finds nothing open.
                assert!(w.journal.open_units().unwrap().is_empty(), "cut after {cut}");
                assert!(!w.station.is_busy());
                if whole && took && left {
                    return cut;
                }
            }
        }
    }
    panic!("the story has no end");
}

fn plain() -> Rules {
    Rules { count_check: CountCheck::Off, ..Rules::default() }
}

fn lent(w: &mut World, n: u8) {
    w.lib.loans.insert(item(n), CARD.to_owned());
    w.tags.get_mut(&uid(n)).unwrap().state = Released;
}

#[test]
fn during_a_loan() {
    for fares in
        [vec![], vec![Fare::After(30), Fare::LostAfter], vec![Fare::After(30), Fare::LostBefore]]
    {
        let cuts = at_every_event(
            &plain(),
            |w| {
                w.lib.fares.extend(fares.clone());
                w.card(CARD);
                w.lay(&[1]);
                w.secs(20);
            },
            |w, cut| assert!(w.lib.ledger.0 <= 1, "lent twice, cut after {cut}"),
        );
        assert!(cuts > 5, "{cuts} events only");
    }
}

#[test]
fn during_a_loan_whose_tag_does_not_take_it() {
    at_every_event(
        &Rules { on_security_fail: OnSecurityFail::Undo, ..plain() },
        |w| {
            w.writes.extend([Write::Fail; 3]);
            w.card(CARD);
            w.lay(&[1]);
            w.secs(3);
            // A failing tag is not a failing tag for ever.
            w.writes.clear();
        },
        |w, _| assert!(w.lib.ledger.0 <= 1 && w.lib.ledger.1 <= 1),
    );
}

#[test]
fn during_a_taking_back() {
    at_every_event(
        &plain(),
        |w| {
            w.card(CARD);
            w.lay(&[1]);
            w.secs(3);
            if let Screen::Borrow(work) = w.view().screen
                && let Some(line) = work.lines.first()
            {
                w.touch(Touch::Undo(line.id));
            }
            w.secs(2);
        },
        |w, _| assert!(w.lib.ledger.0 <= 1 && w.lib.ledger.1 <= 1),
    );
}

#[test]
fn during_a_return() {
    for fares in [vec![], vec![Fare::LostAfter], vec![Fare::LostBefore], vec![Fare::NotSent]] {
        at_every_event(
            &plain(),
            |w| {
                lent(w, 1);
                w.lib.fares.extend(fares.clone());
                w.touch(Touch::GiveBack);
                w.lay(&[1]);
                w.secs(20);
            },
            |w, cut| assert!(w.lib.ledger.2 <= 1, "returned twice, cut after {cut}"),
        );
    }
}

#[test]
fn during_a_return_off_line() {
    at_every_event(
        &plain(),
        |w| {
            lent(w, 1);
            w.link(false);
            w.touch(Touch::GiveBack);
            w.lay(&[1]);
            w.secs(2);
            let told = w.is(1, LineState::Queued);
            w.link(true);
            w.secs(2);
            assert!(!told || w.dark || w.lib.ledger.2 == 1);
        },
        |w, _| {
            // Whatever was noted is registered once.
            let noted =
                w.units.values().any(|u| matches!(u.outcome, Some(TxnOutcome::Accepted { .. })));
            assert_eq!(w.lib.ledger.2, u64::from(noted));
        },
    );
}

#[test]
fn during_a_renewal() {
    at_every_event(
        &plain(),
        |w| {
            lent(w, 1);
            w.touch(Touch::Account);
            w.card(CARD);
            w.touch(Touch::RenewAll);
            w.secs(2);
        },
        |w, _| {
            assert!(w.lib.ledger.3 <= 1);
            let staff = w.units.values().any(|u| {
                matches!(u.outcome, Some(TxnOutcome::ForStaff { .. } | TxnOutcome::Accepted { .. }))
            });
            assert!(w.lib.ledger.3 == 0 || staff, "a renewal nobody knows of");
        },
    );
}

#[test]
fn during_a_loan_off_line() {
    for fares in [vec![], vec![Fare::LostAfter], vec![Fare::LostBefore], vec![Fare::NotSent]] {
        at_every_event(
            &super::offline::rules(),
            |w| {
                w.card(CARD);
                w.touch(Touch::EndNow);
                w.scan_ms = 1_000;
                super::offline::away(w);
                w.scan_ms = 100;
                w.secs(2);
                w.card(CARD);
                w.lay(&[1]);
                w.secs(2);
                let told = w.is(1, LineState::Queued);
                w.lib.fares.extend(fares.clone());
                w.link(true);
                w.touch(Touch::EndNow);
                w.secs(40);
                assert!(w.dark || (told && w.lib.ledger.0 == 1));
            },
            |w, cut| {
                // Whatever was noted, durably, is a loan of the library's, once.
                let noted = w.units.values().any(|u| u.noted.is_some());
                assert_eq!(w.lib.ledger.0, u64::from(noted), "cut after {cut}");
                assert_eq!(w.lib.twice, 0, "cut after {cut}");
            },
        );
    }
}
