//! A short storm over real processes; `storm --processes --kills 200` is the long one.

use tests::processes::{self, Options, Programs};

use crate::site::{JIEHUAN, SIM};

const KILLS: u32 = 6;
const SESSIONS: u64 = 4;

#[test]
fn processes_are_killed_at_random_and_ledger_journal_tags_and_paper_agree() {
    let programs = Programs { jiehuan: JIEHUAN.into(), sim: SIM.into() };
    let seed = processes::draw_seed();
    let options = Options { kills: KILLS, sessions: SESSIONS, seed, programs };
    let report = processes::run(&options).unwrap_or_else(|failed| panic!("{failed}"));
    assert_eq!(report.kills.values().sum::<u32>(), KILLS, "{report}");
    assert!(report.finished >= SESSIONS && report.figures.units > 0, "{report}");
    assert!(report.figures.loans > 0, "{report}");
}
