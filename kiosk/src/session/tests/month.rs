//! A reading point with ten minutes of link a day: after thirty days of loans and returns, power
//! cuts and lost answers, its library has everything once and in order, or staff have it.

use std::collections::BTreeMap;

use drivers::rfid::security::Security;
use ui::view::{LineState, Note, Touch};

use super::library::Fare;
use super::offline::rules;
use super::world::{World, item, uid};
use crate::session::TxnOutcome;

const DAYS: u32 = 30;
const SESSIONS_A_DAY: u32 = 16;
/// Books of the reading point; the pad's world has nine.
const BOOKS: u8 = 9;
const SEEDS: std::ops::Range<u64> = 1..3;

/// Which book is whose, as the readers know it.
type Hands = BTreeMap<u8, Option<usize>>;

const CARDS: [&str; 4] = ["0200001111", "0200002222", "0200003333", "0200004444"];

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

fn leave(w: &mut World) {
    w.lift(&(1..=BOOKS).collect::<Vec<_>>());
    w.secs(3);
    w.touch(Touch::EndNow);
    w.secs(6);
}

/// A reader comes to borrow or to return one book; the power may go in the middle of it.
fn session(w: &mut World, hands: &mut Hands, dice: &mut Dice) {
    let n = 1 + u8::try_from(dice.below(BOOKS.into())).unwrap();
    let reader = usize::try_from(dice.below(CARDS.len() as u64)).unwrap();
    let cut = dice.below(12) == 0;
    w.cut_in = cut.then(|| u32::try_from(dice.below(12)).unwrap());
    let theirs = hands[&n];
    match theirs {
        Some(_) => w.touch(Touch::GiveBack),
        None => w.card(CARDS[reader]),
    }
    if !w.dark {
        w.lay(&[n]);
        w.secs(4);
    }
    let told = !w.dark
        && w.lines().iter().any(|l| match l.state {
            LineState::Queued => theirs.is_some() || matches!(l.note, Note::Due(_)),
            LineState::Borrowed | LineState::Returned => true,
            _ => false,
        });
    if w.dark || cut {
        w.dark = true;
        w.power(dice.below(2) == 0);
        w.secs(31);
    }
    leave(w);
    if told {
        hands.insert(n, if theirs.is_some() { None } else { Some(reader) });
    } else if cut {
        // Not told: the reader looks at the journal's word, as the gate does.
        let last = w.units.values().rfind(|u| u.item == item(n));
        let stands = last.and_then(|u| u.outcome.clone()).is_some_and(|o| {
            matches!(
                o,
                TxnOutcome::LentHere { .. }
                    | TxnOutcome::Queued { .. }
                    | TxnOutcome::Accepted { .. }
            )
        });
        let lent = last.is_some_and(|u| u.kind == crate::session::JobKind::Checkout);
        if stands {
            hands.insert(n, lent.then_some(theirs.unwrap_or(reader)));
        }
    }
}

/// The ten minutes of link.
fn link_window(w: &mut World, dice: &mut Dice) {
    for _ in 0..dice.below(4) {
        w.lib.fares.push_back(match dice.below(3) {
            0 => Fare::LostAfter,
            1 => Fare::LostBefore,
            _ => Fare::NotSent,
        });
    }
    w.scan_ms = 1_000;
    w.link(true);
    let half = 120 + dice.below(300);
    w.secs(half);
    if dice.below(6) == 0 {
        w.dark = true;
        w.power(false);
    }
    w.secs(600 - half);
    w.lib.fares.clear();
    w.link(false);
    w.scan_ms = 100;
}

fn month(seed: u64) -> (usize, usize) {
    let mut rules = rules();
    rules.offline.items_per_day = 50;
    let mut w = World::new(rules);
    w.secrets = CARDS.map(str::to_owned).to_vec();
    let mut dice = Dice(seed);
    let mut hands: Hands = (1..=BOOKS).map(|n| (n, None)).collect();
    for card in CARDS {
        w.card(card);
        w.secs(1);
        w.touch(Touch::EndNow);
    }
    w.link(false);
    w.secs(60);
    for _ in 0..DAYS {
        for _ in 0..SESSIONS_A_DAY {
            session(&mut w, &mut hands, &mut dice);
        }
        link_window(&mut w, &mut dice);
        w.scan_ms = 60_000;
        let spent = u64::from(SESSIONS_A_DAY) * 50 + 600;
        w.secs(86_400 - spent);
        w.scan_ms = 100;
        // The last rare look at the pad comes first.
        w.secs(61);
    }
    w.scan_ms = 1_000;
    w.link(true);
    w.secs(900);
    assert!(w.journal.open_units().unwrap().is_empty(), "seed {seed}");
    let staff =
        w.units.values().filter(|u| matches!(u.outcome, Some(TxnOutcome::ForStaff { .. }))).count();
    assert_eq!(staff, 0, "seed {seed}: a library that takes all leaves staff nothing");
    for (n, reader) in &hands {
        let has = w.lib.loans.get(&item(*n)).map(String::as_str);
        assert_eq!(has, reader.map(|at| CARDS[at]), "seed {seed}, book {n}");
        let want = if reader.is_some() { Security::Released } else { Security::Secured };
        let listed = w.journal.repairs().unwrap().iter().any(|row| row.uid == uid(*n));
        assert!(w.state(*n) == want || listed, "seed {seed}, tag of book {n}");
    }
    assert_eq!(w.lib.twice, 0, "seed {seed}: a loan was posted twice");
    // Ledger and journal agree, unit by unit.
    let (mut loans, mut returns) = (0, 0);
    for unit in w.units.values() {
        if let Some(TxnOutcome::Accepted { .. }) = unit.outcome {
            match unit.kind {
                crate::session::JobKind::Checkout => loans += 1,
                crate::session::JobKind::Checkin => returns += 1,
                _ => {}
            }
        }
    }
    assert_eq!((w.lib.ledger.0, w.lib.ledger.2), (loans, returns), "seed {seed}");
    (usize::try_from(loans).unwrap(), usize::try_from(returns).unwrap())
}

#[test]
fn thirty_days_with_ten_minutes_of_link_a_day_lose_nothing() {
    for seed in SEEDS {
        let (loans, returns) = month(seed);
        assert!(loans > 100 && returns > 100, "seed {seed}: {loans} loans, {returns} returns");
    }
}
