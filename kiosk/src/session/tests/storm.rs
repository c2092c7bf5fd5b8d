//! Anything in any order. A failure prints the shortest sequence found, and proptest keeps its seed
//! under `proptest-regressions`.

use std::time::Duration;

use drivers::rfid::security::Security;
use proptest::prelude::*;
use ui::view::{Advice, Touch};

use super::library::Fare;
use super::world::{CARD, OTHER, World, Write, item, item_of, uid};
use crate::session::{
    AttractItem, BorrowCommit, Content, Input, OfflineRules, OnSecurityFail, Payment, PaymentId,
    PaymentState, PinRule, PrintResult, PrinterState, ReceiptDefault, Rules, SlipKind, TxnOutcome,
};

/// Cases a run; more with `PROPTEST_CASES`.
const CASES: u32 = 96;

#[derive(Debug, Clone)]
enum Act {
    Touch(Touch),
    Lay(u8),
    Lift(u8),
    LiftAll,
    Card(bool),
    Scan(u8),
    ScanText(String),
    Fare(Fare),
    Write(Write),
    FailRecords(u32),
    Link(bool),
    /// The link goes for long enough to work off line.
    Away,
    Reader(bool),
    Print(PrintResult),
    Printer(PrinterState),
    Hold(u8),
    RefuseReturn(u8),
    RefuseCancel(bool),
    Block(bool),
    Pay(u8),
    StrayAnswers,
    PowerCut(bool),
    Wait(u64),
}

fn touch() -> impl Strategy<Value = Touch> {
    prop_oneof![
        1 => Just(Touch::Borrow),
        1 => Just(Touch::GiveBack),
        1 => Just(Touch::Account),
        1 => Just(Touch::Language),
        1 => Just(Touch::Help),
        1 => Just(Touch::CallStaff),
        1 => Just(Touch::Back),
        3 => Just(Touch::Finish),
        1 => (0u8..=10).prop_map(Touch::Digit),
        1 => Just(Touch::Delete),
        1 => Just(Touch::Ok),
        1 => (0u8..=11).prop_map(Touch::Count),
        2 => (0u32..12).prop_map(Touch::Yes),
        1 => (0u32..12).prop_map(Touch::No),
        3 => (0u32..12).prop_map(Touch::Undo),
        1 => (0u32..4).prop_map(Touch::Renew),
        1 => Just(Touch::RenewAll),
        1 => Just(Touch::Paper),
        1 => Just(Touch::Phone),
        1 => Just(Touch::NoReceipt),
        1 => Just(Touch::More),
        1 => Just(Touch::Continue),
        1 => Just(Touch::EndNow),
    ]
}

fn fare() -> impl Strategy<Value = Fare> {
    prop_oneof![
        (0u64..400).prop_map(Fare::After),
        (400u64..30_000).prop_map(Fare::After),
        Just(Fare::NotSent),
        (400u64..60_000).prop_map(Fare::UnsentAfter),
        Just(Fare::LostBefore),
        Just(Fare::LostAfter),
    ]
}

fn print() -> impl Strategy<Value = PrintResult> {
    prop_oneof![
        Just(PrintResult::Done),
        Just(PrintResult::Sent),
        Just(PrintResult::Unknown),
        Just(PrintResult::Not(PrinterState::NoPaper)),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => touch().prop_map(Act::Touch),
        8 => (1u8..=14).prop_map(Act::Lay),
        4 => (1u8..=14).prop_map(Act::Lift),
        1 => Just(Act::LiftAll),
        5 => any::<bool>().prop_map(Act::Card),
        2 => (1u8..=3).prop_map(Act::Scan),
        1 => ".{0,12}".prop_map(Act::ScanText),
        5 => fare().prop_map(Act::Fare),
        4 => prop_oneof![Just(Write::Fail), any::<bool>().prop_map(|took| Write::Pulled { took })]
            .prop_map(Act::Write),
        2 => (1u32..4).prop_map(Act::FailRecords),
        2 => any::<bool>().prop_map(Act::Link),
        2 => Just(Act::Away),
        1 => any::<bool>().prop_map(Act::Reader),
        1 => print().prop_map(Act::Print),
        1 => Just(Act::Printer(PrinterState::Down)),
        1 => (1u8..=9).prop_map(Act::Hold),
        1 => (1u8..=9).prop_map(Act::RefuseReturn),
        1 => any::<bool>().prop_map(Act::RefuseCancel),
        1 => any::<bool>().prop_map(Act::Block),
        2 => (1u8..=9).prop_map(Act::Pay),
        1 => Just(Act::StrayAnswers),
        1 => any::<bool>().prop_map(Act::PowerCut),
        6 => (1u64..3_000).prop_map(Act::Wait),
        2 => (3_000u64..30_000).prop_map(Act::Wait),
        1 => (30_000u64..7_200_000).prop_map(Act::Wait),
    ]
}

fn rules() -> impl Strategy<Value = Rules> {
    (any::<[bool; 6]>()).prop_map(|[confirm, undo, asks, pin, paper, lending]| Rules {
        offline: OfflineRules { lending, ..OfflineRules::default() },
        borrow_commit: if confirm { BorrowCommit::OnConfirm } else { BorrowCommit::OnPlace },
        on_security_fail: if undo { OnSecurityFail::Undo } else { OnSecurityFail::KeepLoan },
        attract_item: if asks { AttractItem::Ask } else { AttractItem::Return },
        pin: if pin { PinRule::Scanned } else { PinRule::Never },
        receipt_default: if paper { ReceiptDefault::Paper } else { ReceiptDefault::None },
        ..Rules::default()
    })
}

fn world(rules: Rules) -> World {
    let lending = rules.offline.lending;
    let mut w = World::new(rules);
    if lending {
        // Cards of before: known here, as on any other day.
        for card in [CARD, OTHER] {
            w.card(card);
            w.touch(Touch::EndNow);
        }
        w.secs(4);
    }
    for (n, set, part) in [(10, 30, 1), (11, 30, 2)] {
        w.tag(n, item_of(set, 2, part));
    }
    w.tag(12, Content::Bad);
    w.tag(13, Content::Foreign);
    w.tag(14, Content::Item { item: item(40), parts: 1, part: 1, no_loan: true, whose: None });
    for n in 5..=7 {
        w.lib.loans.insert(item(n), CARD.to_owned());
        w.tags.get_mut(&uid(n)).unwrap().state = Security::Released;
    }
    w
}

fn play(w: &mut World, act: Act) {
    match act {
        Act::Touch(touch) => w.touch(touch),
        Act::Lay(n) => w.lay(&[n]),
        Act::Lift(n) => w.lift(&[n]),
        Act::LiftAll => w.lift(&(1..=14).collect::<Vec<_>>()),
        Act::Card(own) => w.card(if own { CARD } else { OTHER }),
        Act::Scan(n) => {
            w.scanned.insert(item(n));
            w.feed(Input::Scan(item(n).to_string()));
        }
        Act::ScanText(text) => w.feed(Input::Scan(text)),
        Act::Fare(fare) => w.lib.fares.push_back(fare),
        Act::Write(write) => w.writes.push_back(write),
        Act::FailRecords(n) => w.fail_records = n,
        Act::Link(online) => w.link(online),
        Act::Away => {
            w.link(false);
            w.scan_ms = 1_000;
            w.secs(31);
            w.scan_ms = 100;
        }
        Act::Reader(up) => w.reader(up),
        Act::Print(result) => w.print = result,
        Act::Printer(state) => w.feed(Input::Printer(state)),
        Act::Hold(n) => drop(w.lib.holds.insert(item(n))),
        Act::RefuseReturn(n) => drop(w.lib.refuse_return.insert(item(n))),
        Act::RefuseCancel(refuse) => w.lib.refuse_cancel = refuse,
        Act::Block(block) => w.lib.block = block.then_some(Advice::Fees),
        Act::Pay(n) => {
            let id = PaymentId::new(format!("P-{n}")).unwrap();
            let payment = Payment { id, patron: CARD.into(), amount: 350 };
            w.feed(Input::Paid(payment));
        }
        Act::StrayAnswers => w.stray(),
        Act::PowerCut(took) => w.power(took),
        Act::Wait(ms) => {
            // Hours pass in fewer scans.
            w.scan_ms = (ms / 200).max(100);
            w.run(Duration::from_millis(ms));
            w.scan_ms = 100;
        }
    }
    w.run(Duration::from_millis(120));
}

/// Everybody leaves, and everything works again.
fn leave_alone(w: &mut World) {
    w.lib.fares.clear();
    w.writes.clear();
    w.fail_records = 0;
    w.reader(true);
    w.link(true);
    w.scan_ms = 1_000;
    w.lift(&(1..=14).collect::<Vec<_>>());
    w.secs(900);
}

fn judge_payments(w: &World) {
    assert!(w.lib.booked.values().all(|n| *n == 1), "booked twice: {:?}", w.lib.booked);
    let start = w.journal.fee_start(false).unwrap();
    assert!(start.open.is_empty(), "a payment is still open");
    for id in w.lib.booked.keys() {
        assert!(start.known.iter().any(|(known, _)| known == id), "{id:?} is not in the journal");
    }
    for (id, state) in start.known {
        let booked = w.lib.booked.contains_key(&id);
        assert!(booked || state == PaymentState::ForStaff, "{id:?} is told as booked");
    }
}

fn judge_end(w: &World) {
    judge_payments(w);
    assert_eq!(w.page(), "attract");
    assert!(!w.station.is_busy(), "asks {:?}", w.station.asks);
    assert!(w.station.asks.is_empty() && w.station.tokens.is_empty());
    assert!(w.station.detached.is_empty() && w.station.renewals.is_empty());
    assert!(w.station.deadline().is_none(), "something is still due");
    assert!(w.journal.open_units().unwrap().is_empty(), "{:?}", w.journal.open_units());
    w.judge_tags();
    let (loans, cancels, returns, renewals) = w.lib.ledger;
    let stats = w.station.stats();
    assert_eq!(stats.queued, 0);
    if w.boots > 1 {
        return;
    }
    let units = || w.units.values();
    // Found out afterwards, a loan of before cannot be told from the one that was asked for.
    let found = |o: &TxnOutcome| matches!(o, TxnOutcome::Accepted { title: None, .. });
    let guessed = units().filter(|u| u.outcome.as_ref().is_some_and(found)).count() as u64;
    if !units().any(|u| matches!(u.outcome, Some(TxnOutcome::ForStaff { .. }))) {
        let net = loans.saturating_sub(cancels);
        assert!((net..=net + guessed).contains(&stats.loans), "{stats:?} {:?}", w.units);
        assert_eq!(stats.renewals, renewals);
    }
    // A lost return of a book that was not on loan is found "not on loan": nothing to tell apart.
    assert!(stats.returns >= returns);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn anything_in_any_order(rules in rules(), acts in prop::collection::vec(act(), 1..60)) {
        let mut w = world(rules);
        for act in acts {
            play(&mut w, act);
        }
        leave_alone(&mut w);
        judge_end(&w);
    }
}

#[test]
fn the_world_really_lends_off_line() {
    let offline = OfflineRules { lending: true, ..OfflineRules::default() };
    let mut w = world(Rules { offline, ..Rules::default() });
    for act in [Act::Away, Act::Card(true), Act::Lay(1), Act::Wait(2_000)] {
        play(&mut w, act);
    }
    play(&mut w, Act::Touch(Touch::Finish));
    assert!(w.units.values().any(|u| u.noted.is_some()));
    leave_alone(&mut w);
    judge_end(&w);
    assert_eq!(w.lib.ledger.0, 1);
}

#[test]
fn the_world_really_lends() {
    // The storm above proves little if nothing happens in it.
    let mut w = world(Rules::default());
    for act in [Act::Card(true), Act::Lay(1), Act::Wait(2_000), Act::Touch(Touch::Finish)] {
        play(&mut w, act);
    }
    play(&mut w, Act::Touch(Touch::Paper));
    assert_eq!((w.lib.ledger.0, w.slips[0].kind), (1, SlipKind::Borrow));
    leave_alone(&mut w);
    judge_end(&w);
}
