//! What is owed is told side by side, and in order where order counts.

use std::collections::BTreeSet;
use std::time::Duration;

use drivers::rfid::security::Security;
use jiff::civil::date;
use proptest::prelude::*;

use super::world::{UP, item, uid};
use crate::clock::Now;
use crate::privacy::PatronId;
use crate::session::owed::{Owed, Owing, Step, WINDOW};
use crate::session::{
    Answer, Ask, AskId, CheckinAnswer, Due, Effect, Input, ItemAnswer, ItemId, JobKind, LoanAnswer,
    NoAnswer, OpenTxn, PatronAnswer, Record, Rules, Sort, Start, Station, Token, TxnId, TxnOutcome,
};

fn unit(txn: u64, kind: JobKind, item: ItemId, patron: Option<&str>) -> OpenTxn {
    let due = date(2026, 12, 6);
    let outcome = match kind {
        JobKind::Checkout => TxnOutcome::LentHere { want: None, due },
        _ => TxnOutcome::Queued { want: None },
    };
    OpenTxn {
        txn: TxnId(txn),
        kind,
        item,
        patron: patron.map(PatronId::new),
        tags: Vec::new(),
        at: "2026-11-22T09:30:00".parse().unwrap(),
        outcome: Some(outcome),
        time_unsure: false,
        branch: String::new(),
    }
}

/// A station alone, its asks and writes.
struct Desk {
    station: Station,
    ms: u64,
    asks: Vec<(AskId, Ask)>,
    writes: Vec<(Token, Vec<Record>)>,
}

impl Desk {
    fn new(open: Vec<OpenTxn>) -> Self {
        let next_txn = open.len() as u64 + 1;
        let start = Start { next_txn, open, ..Start::default() };
        let station = Station::new(Rules::default(), start);
        let mut desk = Self { station, ms: 0, asks: Vec::new(), writes: Vec::new() };
        desk.feed(Input::Link(UP));
        desk
    }

    fn returns(n: u8) -> Self {
        Self::new((1..=n).map(|n| unit(n.into(), JobKind::Checkin, item(n), None)).collect())
    }

    fn feed(&mut self, input: Input) {
        let mono = Duration::from_millis(self.ms);
        let wall = date(2026, 11, 22).at(10, 0, 0, 0);
        for effect in self.station.handle(input, Now { mono, wall }) {
            match effect {
                Effect::Ask { id, ask, background } => {
                    assert!(background, "live readers go first");
                    self.asks.push((id, ask));
                }
                Effect::Record(token, records) => self.writes.push((token, records)),
                _ => {}
            }
        }
    }

    fn wait(&mut self, ms: u64) {
        self.ms += ms;
        self.feed(Input::Tick);
    }

    /// The items asked about and not answered, in the order they were asked.
    fn out(&self) -> Vec<String> {
        self.asks.iter().filter_map(|(_, ask)| item_of(ask)).collect()
    }

    /// Answers the oldest ask: on loan, returned, lent.
    fn answer(&mut self) -> Ask {
        let (id, ask) = self.asks.remove(0);
        let owed = &self.station.fixer.owed;
        let returned = |item: &ItemId| {
            let unit = owed.iter().find(|o| o.unit.item == *item);
            unit.is_some_and(|o| o.unit.kind == JobKind::Checkin)
        };
        let answer = match &ask {
            // A loan is not posted yet, and neither is a return.
            Ask::Item { item } => Answer::Item(ItemAnswer {
                on_loan: returned(item),
                in_library: false,
                held: None,
                title: None,
                due: Due::Unknown,
            }),
            Ask::Checkin { .. } => Answer::Checkin(CheckinAnswer {
                ok: true,
                secure: true,
                was_on_loan: true,
                title: None,
                sort: Sort::Normal,
                message: None,
            }),
            Ask::Checkout { .. } => Answer::Checkout(LoanAnswer {
                ok: true,
                release: true,
                renewed: false,
                title: None,
                due: Due::Unknown,
                refusal: None,
                message: None,
            }),
            other => panic!("{other:?}"),
        };
        self.feed(Input::Answer(id, Ok(answer)));
        ask
    }

    fn written(&mut self, ok: bool) {
        for (token, _) in std::mem::take(&mut self.writes) {
            self.feed(Input::Recorded(token, ok));
        }
    }

    fn outcomes(&self) -> usize {
        let records = self.writes.iter().flat_map(|(_, records)| records);
        records.filter(|r| matches!(r, Record::Outcome { .. })).count()
    }
}

fn item_of(ask: &Ask) -> Option<String> {
    match ask {
        Ask::Item { item } | Ask::Checkin { item, .. } | Ask::Checkout { item, .. } => {
            Some(item.to_string())
        }
        _ => None,
    }
}

#[test]
fn the_oldest_go_side_by_side_and_the_next_follow_what_is_written() {
    let more = u8::try_from(WINDOW).unwrap() + 9;
    let mut desk = Desk::returns(more);
    let oldest: Vec<String> = (1..=more).take(WINDOW).map(|n| item(n).to_string()).collect();
    assert_eq!(desk.out(), oldest, "as many as may be, oldest first");
    // Found not done, they are posted in the same order, though nothing was written in between.
    for _ in 0..WINDOW {
        desk.answer();
    }
    assert_eq!(desk.out(), oldest);
    assert!(desk.asks.iter().all(|(_, ask)| matches!(ask, Ask::Checkin { .. })));
    for n in 1..=WINDOW {
        desk.answer();
        assert_eq!(desk.outcomes(), n, "each is written, none waits for another");
    }
    assert_eq!(desk.out(), Vec::<String>::new(), "what is not on disk is not settled");
    assert_eq!(desk.station.stats().queued, 9);
    desk.written(true);
    assert_eq!(desk.out().len(), 9);
    while desk.station.is_busy() {
        desk.answer();
        desk.written(true);
    }
    assert!(desk.asks.is_empty() && desk.station.stats().queued == 0);
}

#[test]
fn what_was_noted_is_posted_in_order_and_one_item_is_settled_first() {
    let loan = |txn, n, patron| unit(txn, JobKind::Checkout, item(n), Some(patron));
    let back = |txn, n| unit(txn, JobKind::Checkin, item(n), None);
    let mut desk = Desk::new(vec![
        back(1, 1),
        loan(2, 1, "A"),
        loan(3, 2, "A"),
        back(4, 3),
        loan(5, 4, "B"),
        back(6, 1),
    ]);
    let name = |n| item(n).to_string();
    assert_eq!(desk.out(), [1, 2, 3, 4].map(name), "units 2 and 6 are of item 1");
    for _ in 0..4 {
        desk.answer();
    }
    assert_eq!(desk.out(), [name(1)], "3, 4 and 5 are known not to be posted, and wait for 2");
    desk.answer();
    assert!(desk.out().is_empty(), "unit 1 is answered, and not on disk");
    desk.written(true);
    let mut posted = vec![("back", name(1))];
    while desk.station.is_busy() {
        let ask = desk.answer();
        if !matches!(ask, Ask::Item { .. }) {
            let kind = if matches!(ask, Ask::Checkout { .. }) { "lent" } else { "back" };
            posted.push((kind, item_of(&ask).unwrap()));
        }
        desk.written(true);
    }
    let want = [("back", 1), ("lent", 1), ("lent", 2), ("back", 3), ("lent", 4), ("back", 1)];
    assert_eq!(posted, want.map(|(what, n)| (what, name(n))));
}

/// The loan stands, but its book lies in the library: its tag stays armed.
#[test]
fn a_loan_found_out_behind_its_noted_return_releases_no_tag() {
    let mut loan = unit(1, JobKind::Checkout, item(1), Some("A"));
    let mut back = unit(2, JobKind::Checkin, item(1), None);
    loan.outcome = Some(TxnOutcome::Unsure);
    back.outcome = Some(TxnOutcome::Queued { want: Some(Security::Secured) });
    for unit in [&mut loan, &mut back] {
        unit.tags = vec![uid(1)];
    }
    let mut desk = Desk::new(vec![loan, back]);
    desk.written(true);
    let (id, ask) = desk.asks.remove(0);
    assert!(matches!(ask, Ask::Patron { .. }), "{ask:?}");
    let found = PatronAnswer {
        known: true,
        pin_ok: None,
        name: "".into(),
        block: None,
        on_loan: Some(1),
        limit: None,
        owed: None,
        loans: vec![item(1)],
        expires: None,
    };
    desk.feed(Input::Answer(id, Ok(Answer::Patron(found))));
    let records: Vec<_> = desk.writes.iter().flat_map(|(_, records)| records).collect();
    let done = TxnOutcome::Accepted { title: None, want: None };
    assert_eq!(records, [&Record::Outcome { txn: TxnId(1), outcome: done }]);
    desk.written(true);
    while desk.station.is_busy() {
        desk.answer();
        desk.written(true);
    }
    let wanted = desk.station.fixer.repairs.get(&uid(1)).map(|row| row.want);
    assert_eq!(wanted, Some(Security::Secured));
}

#[test]
fn nothing_is_posted_before_what_is_to_be_found_out_again() {
    let mut desk = Desk::returns(3);
    for _ in 0..3 {
        desk.answer();
    }
    // The first post is not answered; the link gives the others back.
    for (n, (id, _)) in std::mem::take(&mut desk.asks).into_iter().enumerate() {
        let why = if n == 0 { NoAnswer::Unknown } else { NoAnswer::NotSent };
        desk.feed(Input::Answer(id, Err(why)));
    }
    desk.wait(5_001);
    assert!(matches!(desk.asks[..], [(_, Ask::Item { .. })]), "{:?}", desk.out());
    desk.answer();
    assert_eq!(desk.out(), [1, 2, 3].map(|n| item(n).to_string()));
    assert!(desk.asks.iter().all(|(_, ask)| matches!(ask, Ask::Checkin { .. })));
}

#[test]
fn what_is_not_answered_stops_the_rest_from_being_asked() {
    let more = u8::try_from(WINDOW).unwrap() + 2;
    let mut desk = Desk::returns(more);
    let (id, _) = desk.asks.remove(0);
    desk.feed(Input::Answer(id, Err(NoAnswer::Unknown)));
    let out = desk.out();
    assert_eq!(out.len(), WINDOW - 1, "not asked again at once");
    // What is under way comes to its step, and no further question is asked.
    desk.answer();
    desk.written(true);
    assert_eq!(desk.out().len(), WINDOW - 2);
    desk.wait(5_001);
    assert_eq!(desk.out().len(), WINDOW - 1, "unit 2 is posted behind unit 1");
    assert_eq!(desk.out().last(), Some(&item(1).to_string()));
}

#[test]
fn what_comes_back_behind_it_does_not_shorten_the_pause() {
    let mut desk = Desk::returns(3);
    for _ in 0..2 {
        assert_eq!(desk.asks.len(), 3);
        let mut asks = std::mem::take(&mut desk.asks);
        asks.sort_by_key(|(_, ask)| item_of(ask));
        for (n, (id, _)) in asks.into_iter().enumerate() {
            let why = if n == 0 { NoAnswer::Unknown } else { NoAnswer::NotSent };
            desk.feed(Input::Answer(id, Err(why)));
        }
        desk.wait(5_001);
    }
    assert!(desk.asks.is_empty(), "twice without an answer: ten seconds");
    desk.wait(5_000);
    assert_eq!(desk.asks.len(), 3);
}

#[test]
fn a_result_the_journal_does_not_take_is_written_again_and_not_asked_again() {
    let mut desk = Desk::returns(3);
    while !desk.asks.is_empty() {
        desk.answer();
    }
    assert_eq!(desk.outcomes(), 3);
    desk.written(false);
    assert_eq!((desk.outcomes(), desk.out().len()), (0, 0));
    desk.wait(5_001);
    assert_eq!((desk.outcomes(), desk.out().len()), (3, 0));
    desk.written(true);
    assert_eq!(desk.station.stats().queued, 0);
}

#[test]
fn while_a_reader_s_question_is_out_no_more_is_begun() {
    let mut desk = Desk::returns(2);
    desk.station.asks.insert(AskId(9_999), crate::session::Asked::Identify);
    desk.answer();
    assert_eq!(desk.out().len(), 1, "found not done, and not posted yet");
    desk.station.asks.remove(&AskId(9_999));
    desk.wait(1);
    assert_eq!(desk.out().len(), 2);
}

#[derive(Debug, Clone)]
enum Move {
    Insert(u64, u8),
    Remove(u64),
    Flip(u64),
    Step(u64, bool),
}

fn a_move() -> impl Strategy<Value = Move> {
    let txn = 0..40_u64;
    prop_oneof![
        (txn.clone(), 0..6_u8).prop_map(|(txn, item)| Move::Insert(txn, item)),
        txn.clone().prop_map(Move::Remove),
        txn.clone().prop_map(Move::Flip),
        (txn, any::<bool>()).prop_map(|(txn, post)| Move::Step(txn, post)),
    ]
}

proptest! {
    /// Figures and order hold whatever comes and goes, and no two of one item are let go together.
    #[test]
    fn the_units_owed_are_counted_and_in_order(moves in prop::collection::vec(a_move(), 0..120)) {
        let mut owing = Owing::default();
        let mut there = BTreeSet::new();
        for a_move in moves {
            match a_move {
                Move::Insert(txn, n) if there.insert(txn) => {
                    let unit = unit(txn, JobKind::Checkin, item(n), None);
                    owing.insert(Owed::new(unit, Step::Post, None));
                }
                Move::Insert(..) => {}
                Move::Remove(txn) => {
                    prop_assert_eq!(owing.remove(TxnId(txn)).is_some(), there.remove(&txn));
                }
                Move::Flip(txn) => {
                    owing.change(TxnId(txn), |owed| owed.under_way = !owed.under_way);
                }
                Move::Step(txn, true) => {
                    owing.change(TxnId(txn), |owed| owed.step = Step::Post);
                }
                Move::Step(txn, false) => {
                    let step = Step::Recording(TxnOutcome::NotSent);
                    owing.change(TxnId(txn), |owed| owed.step = step);
                }
            }
            let order: Vec<u64> = owing.iter().map(|owed| owed.unit.txn.0).collect();
            prop_assert_eq!(&order, &there.iter().copied().collect::<Vec<_>>());
            let noted = owing.iter().filter(|owed| owed.step == Step::Post).count();
            prop_assert_eq!(owing.noted(), noted as u64);
            prop_assert_eq!(owing.at_work(), owing.iter().any(|owed| owed.under_way));
            let unwritten = |o: &&Owed| !o.under_way && matches!(o.step, Step::Recording(_));
            let oldest = owing.iter().find(unwritten).map(|owed| owed.unit.txn);
            prop_assert_eq!(owing.unwritten().map(|owed| owed.unit.txn), oldest);
            if let Some(next) = owing.next(|_| true) {
                let same = |o: &&Owed| o.unit.item == next.unit.item && o.unit.txn != next.unit.txn;
                let later = |o: &Owed| !o.under_way && o.unit.txn > next.unit.txn;
                let clear = owing.iter().filter(same).all(later);
                prop_assert!(clear, "{:?}", next);
            }
        }
    }
}
