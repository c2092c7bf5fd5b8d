//! Every row of the rules, as data.

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;
use crate::practice::model::{Block, CardState, Circulation, LocalTime};
use crate::practice::money::Fen;

fn now() -> LocalTime {
    date(2026, 11, 22).at(10, 30, 0, 0)
}

fn end_of(day: Date) -> LocalTime {
    day.at(23, 59, 0, 0)
}

fn card() -> Card {
    Card {
        state: CardState::Active,
        expires: date(2026, 11, 22),
        born: None,
        loans: 0,
        loan_limit: 10,
        overdue: 0,
        fees: Fen::ZERO,
        fee_limit: Fen(1000),
    }
}

fn copy() -> Copy {
    Copy {
        circulation: Circulation::Normal,
        age_from: None,
        loan_days: None,
        lent: Lent::No,
        held: HeldFor::Nobody,
    }
}

fn own(renewals: u16) -> Lent {
    Lent::Yours(OwnLoan { due: end_of(date(2026, 11, 30)), renewals })
}

fn borrow(card: &Card, copy: &Copy, sc_renewal: bool) -> Result<Lending, Refusal> {
    may_borrow(card, copy, &Policy::default(), now(), Block::Allowed, sc_renewal, None)
}

#[test]
fn every_reason_to_refuse_a_loan() {
    type Change = fn(&mut Card, &mut Copy);
    let rows: [(Refusal, Change); 13] = [
        (Refusal::CardLost, |card, _| card.state = CardState::Lost),
        (Refusal::CardBlocked, |card, _| card.state = CardState::Blocked),
        (Refusal::CardExpired, |card, _| card.expires = date(2026, 11, 21)),
        (Refusal::Withdrawn, |_, copy| copy.circulation = Circulation::Withdrawn),
        (Refusal::Withdrawn, |_, copy| copy.circulation = Circulation::Lost),
        (Refusal::InLibrary, |_, copy| copy.circulation = Circulation::NotForLoan),
        (Refusal::OnLoanOther, |_, copy| copy.lent = Lent::Other),
        (Refusal::AlreadyYours, |_, copy| copy.lent = own(0)),
        (Refusal::HeldOther, |_, copy| copy.held = HeldFor::Other),
        (Refusal::Age, |card, copy| {
            (card.born, copy.age_from) = (Some(date(2012, 11, 23)), Some(14));
        }),
        (Refusal::Fees, |card, _| card.fees = Fen(1001)),
        (Refusal::LateItems, |card, _| card.overdue = 1),
        (Refusal::Limit, |card, _| card.loans = 10),
    ];
    for (refusal, change) in rows {
        let (mut card, mut copy) = (card(), copy());
        change(&mut card, &mut copy);
        assert_eq!(borrow(&card, &copy, false), Err(refusal));
    }
}

#[test]
fn what_lies_just_inside_the_limits_is_lent() {
    type Change = fn(&mut Card, &mut Copy);
    let rows: [Change; 6] = [
        |_, _| {},
        |card, _| card.fees = Fen(1000),
        |card, _| card.loans = 9,
        |card, copy| (card.born, copy.age_from) = (Some(date(2012, 11, 22)), Some(14)),
        |_, copy| copy.age_from = Some(14),
        |_, copy| copy.held = HeldFor::You,
    ];
    let due = end_of(date(2026, 12, 22));
    for (row, change) in rows.iter().enumerate() {
        let (mut card, mut copy) = (card(), copy());
        change(&mut card, &mut copy);
        assert_eq!(borrow(&card, &copy, false), Ok(Lending::Loan { due }), "row {row}");
    }
}

#[test]
fn the_reason_a_reader_can_act_on_comes_first() {
    let mut card = card();
    (card.state, card.fees, card.loans) = (CardState::Lost, Fen(9999), 10);
    assert_eq!(borrow(&card, &copy(), false), Err(Refusal::CardLost));
    card.state = CardState::Active;
    let held = Copy { held: HeldFor::Other, ..copy() };
    assert_eq!(borrow(&card, &held, false), Err(Refusal::HeldOther));
    assert_eq!(borrow(&card, &copy(), false), Err(Refusal::Fees));
}

#[test]
fn an_item_has_its_own_period() {
    let copy = Copy { loan_days: Some(7), ..copy() };
    let due = end_of(date(2026, 11, 29));
    assert_eq!(borrow(&card(), &copy, false), Ok(Lending::Loan { due }));
}

#[test]
fn an_own_loan_becomes_a_renewal_when_the_station_permits() {
    let copy = Copy { lent: own(0), ..copy() };
    let full = Card { loans: 10, ..card() };
    let due = end_of(date(2026, 12, 22));
    assert_eq!(borrow(&full, &copy, true), Ok(Lending::Renewal { due }));
    let used_up = Copy { lent: own(2), ..copy };
    assert_eq!(borrow(&full, &used_up, true), Err(Refusal::RenewMax));
}

#[test]
fn every_reason_to_refuse_a_renewal() {
    type Change = fn(&mut Card, &mut Copy, &mut Policy);
    let rows: [(Refusal, Change); 9] = [
        (Refusal::CardLost, |card, _, _| card.state = CardState::Lost),
        (Refusal::CardBlocked, |card, _, _| card.state = CardState::Blocked),
        (Refusal::CardExpired, |card, _, _| card.expires = date(2026, 11, 1)),
        (Refusal::RenewNotLent, |_, copy, _| copy.lent = Lent::No),
        (Refusal::RenewHeld, |_, copy, _| copy.held = HeldFor::Other),
        (Refusal::RenewMax, |_, copy, _| copy.lent = own(2)),
        (Refusal::Fees, |card, _, _| card.fees = Fen(1001)),
        (Refusal::LateItems, |card, _, _| card.overdue = 1),
        // Due on the 30th, renewable from the 23rd; today is the 22nd.
        (Refusal::RenewEarly, |_, _, policy| policy.renew_within_days = Some(7)),
    ];
    for (refusal, change) in rows {
        let (mut card, mut policy) = (card(), Policy::default());
        let mut copy = Copy { lent: own(0), ..copy() };
        change(&mut card, &mut copy, &mut policy);
        let decision = may_renew(&card, &copy, &policy, now(), Block::Allowed, None);
        assert_eq!(decision, Err(refusal));
    }
    let policy = Policy { renew_within_days: Some(8), ..Policy::default() };
    let copy = Copy { lent: own(1), ..copy() };
    let decision = may_renew(&card(), &copy, &policy, now(), Block::Allowed, None);
    assert_eq!(decision, Ok(end_of(date(2026, 12, 22))));
}

#[test]
fn a_renewal_never_shortens_a_loan() {
    let due = end_of(date(2027, 6, 1));
    let copy = Copy { lent: Lent::Yours(OwnLoan { due, renewals: 0 }), ..copy() };
    let policy = Policy::default();
    assert_eq!(may_renew(&card(), &copy, &policy, now(), Block::Allowed, None), Ok(due));
}

#[test]
fn no_block_records_what_has_happened() {
    let promised = end_of(date(2026, 12, 12));
    let card = Card {
        state: CardState::Blocked,
        expires: date(2020, 1, 1),
        fees: Fen(99_999),
        loans: 10,
        overdue: 3,
        ..card()
    };
    let decide = |copy: &Copy| {
        may_borrow(&card, copy, &Policy::default(), now(), Block::No, false, Some(promised))
    };
    let held = Copy { held: HeldFor::Other, circulation: Circulation::NotForLoan, ..copy() };
    assert_eq!(decide(&held), Ok(Lending::Loan { due: promised }));
    assert_eq!(decide(&Copy { lent: Lent::Other, ..copy() }), Err(Refusal::OnLoanOther));
    let gone = Copy { circulation: Circulation::Withdrawn, ..copy() };
    assert_eq!(decide(&gone), Err(Refusal::Withdrawn));
    let yours = Copy { lent: own(2), ..copy() };
    assert_eq!(decide(&yours), Ok(Lending::Renewal { due: promised }));
}

fn arrival() -> Arrival {
    Arrival {
        circulation: Circulation::Normal,
        home: "YZ-MAIN".to_owned(),
        here: "YZ-MAIN".to_owned(),
        loan: Some(OpenLoan {
            lent_at: date(2026, 11, 1).at(9, 0, 0, 0),
            due: end_of(date(2026, 12, 1)),
        }),
        hold_pickup: None,
        handed_in: now(),
    }
}

#[test]
fn every_way_of_a_return() {
    type Change = fn(&mut Arrival);
    let to = |branch: &str| branch.to_owned();
    let rows: [(Change, bool, bool, Routing, Option<ReturnNote>); 9] = [
        (|_| {}, true, true, Routing::Shelf, None),
        (|a| a.here = "XINBA".to_owned(), true, true, Routing::Home(to("YZ-MAIN")), None),
        (|a| a.hold_pickup = Some("YZ-MAIN".to_owned()), true, true, Routing::HoldHere, None),
        (
            |a| a.hold_pickup = Some("YOUFANG".to_owned()),
            true,
            true,
            Routing::HoldElsewhere(to("YOUFANG")),
            None,
        ),
        (|a| a.loan = None, true, false, Routing::Shelf, Some(ReturnNote::NotOnLoan)),
        (
            |a| a.circulation = Circulation::Withdrawn,
            false,
            false,
            Routing::Exception,
            Some(ReturnNote::Withdrawn),
        ),
        (
            |a| a.circulation = Circulation::Lost,
            true,
            true,
            Routing::Exception,
            Some(ReturnNote::Found),
        ),
        (|a| a.circulation = Circulation::NotForLoan, true, true, Routing::Shelf, None),
        // Reported late: handed in before the present loan began.
        (
            |a| a.handed_in = date(2026, 10, 30).at(8, 0, 0, 0),
            true,
            false,
            Routing::Shelf,
            Some(ReturnNote::NotOnLoan),
        ),
    ];
    for (row, (change, ok, closes_loan, routing, note)) in rows.into_iter().enumerate() {
        let mut arrival = arrival();
        change(&mut arrival);
        let decision = decide_return(&arrival, &Policy::default());
        let expected =
            ReturnDecision { ok, closes_loan, routing, fee: Fen::ZERO, late_days: 0, note };
        assert_eq!(decision, expected, "row {row}");
    }
}

#[test]
fn an_item_not_on_loan_can_be_refused_by_policy() {
    let policy = Policy { checked_in_ok: false, ..Policy::default() };
    let decision = decide_return(&Arrival { loan: None, ..arrival() }, &policy);
    assert_eq!((decision.ok, decision.routing), (false, Routing::Exception));
    assert!(decide_return(&arrival(), &policy).ok);
}

#[test]
fn being_late_costs_by_whole_days_up_to_a_cap() {
    let due = end_of(date(2026, 11, 20));
    for (at, days, fee) in [
        (date(2026, 11, 20).at(23, 59, 59, 0), 0, 0),
        (date(2026, 11, 21).at(0, 0, 1, 0), 1, 10),
        (date(2026, 11, 23).at(23, 0, 0, 0), 3, 30),
        (date(2028, 11, 23).at(23, 0, 0, 0), 734, 2000),
    ] {
        assert_eq!(overdue_days(due, at), days);
        assert_eq!(overdue_fee(days, &Policy::default()), Fen(fee));
    }
    let loan = OpenLoan { lent_at: date(2026, 10, 1).at(9, 0, 0, 0), due };
    let decision = decide_return(&Arrival { loan: Some(loan), ..arrival() }, &Policy::default());
    assert_eq!((decision.fee, decision.late_days), (Fen(20), 2));
}

proptest! {
    /// A loan that is allowed is due at the end of a later day, and never allowed beyond the limit.
    #[test]
    fn allowed_loans_keep_the_limit(
        loans in 0u32..20,
        limit in 0u32..20,
        fees in 0i64..3000,
        overdue in 0u32..3,
        days in 1u16..400,
    ) {
        let card = Card { loans, loan_limit: limit, fees: Fen(fees), overdue, ..card() };
        let copy = Copy { loan_days: Some(days), ..copy() };
        let lent = borrow(&card, &copy, true);
        prop_assert_eq!(lent.is_ok(), loans < limit && fees <= 1000 && overdue == 0);
        if let Ok(Lending::Loan { due }) = lent {
            prop_assert_eq!(overdue_days(now(), due), u32::from(days));
        }
    }
}
