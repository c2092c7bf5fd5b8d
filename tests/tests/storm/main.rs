//! Storms in every run of the tests; many more by `cargo run --release -p tests --bin storm`.

mod scripts;

use tests::storm::{Failure, run, shorten};

/// Seeds of every run.
const SEEDS: std::ops::Range<u64> = 0..2_000;
/// The machines that run the tests have two processors.
const THREADS: usize = 2;

fn told(failure: &Failure) -> String {
    format!(
        "{}\nagain: cargo run --release -p tests --bin storm -- --seed {}\n{}",
        failure.what,
        failure.seed,
        serde_json::to_string(&failure.script).unwrap_or_default()
    )
}

#[test]
fn two_thousand_storms_pass() {
    let report =
        run(SEEDS, THREADS).unwrap_or_else(|failure| panic!("{}", told(&shorten(*failure))));
    assert_eq!(report.storms, SEEDS.end - SEEDS.start);
    // Storms in which nothing happens would prove nothing.
    for kind in ["loan", "return", "renewal", "taken_in", "loan_cancelled"] {
        assert!(report.ledger.get(kind).is_some_and(|n| *n > 20), "{kind}: {report:?}");
    }
    for unit in ["checkin accepted", "checkout refused", "checkout not_sent", "renew for_staff"] {
        assert!(report.journal.get(unit).is_some_and(|n| *n > 0), "{unit}: {report:?}");
    }
    assert!(report.slips > 500 && report.claims > 2_000 && report.cuts > 200, "{report:?}");
    assert!(report.disk.torn > 0 && report.disk.lost > 0, "{report:?}");
    assert!(report.faults.len() >= 30, "{report:?}");
}
