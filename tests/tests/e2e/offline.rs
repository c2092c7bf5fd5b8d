//! The library system goes away and comes back.

use serde_json::Value;

use crate::site::{Parts, Printer, Site};

const TAKE: &str = "
wait online
wait reader up
wait printer up
touch help
wait offline
touch help
touch return
wait return
lay YZ0000163
wait queued 1
expect figure in_queue 1
expect tag YZ0000163 secured
touch finish
wait finish
touch paper
wait receipt printed
touch finish
wait attract
lift YZ0000163
wait pad 0
";

const POST: &str = "
wait online
wait figure returns 1
wait idle
expect figure in_queue 0
expect figure journal_open 0
";

/// The script has seen all parts and waits for the library to go: help is its sign.
fn started(line: &Value) -> bool {
    !line["view"]["overlay"].is_null()
}

fn queued(line: &Value) -> bool {
    let lines = line["view"]["screen"]["give_back"]["lines"].as_array();
    lines.is_some_and(|lines| lines.iter().any(|line| line["state"] == "queued"))
}

fn states(site: &Site, config: &str) -> Vec<String> {
    let word = |v: &Value| v.as_str().unwrap().to_owned();
    let row =
        |r: &Value| format!("{} {} {}", word(&r["kind"]), word(&r["item"]), word(&r["state"]));
    site.journal(config).iter().map(row).collect()
}

#[test]
fn a_return_is_noted_while_the_library_is_away_and_posted_when_it_is_back() {
    let site = Site::new();
    let address = Site::fixed_address();
    let (mut practice, library) = site.practice(&address, &[]);
    let config = site.config(&Parts {
        library: Some(&library),
        printer: Printer::Simulated,
        ..Parts::default()
    });
    let mut station = site.station(&config, &format!("{TAKE}{POST}"));
    station.json("the script's sign", started);
    practice.kill();
    station.json("a return noted", queued);
    assert_eq!(states(&site, &config), ["checkin YZ0000163 queued"]);
    let (mut practice, _) = site.practice(&address, &[]);
    let summary = station.end().well().summary();
    for (figure, n) in [("returns", 1), ("queued", 0), ("receipts", 1), ("loans", 0)] {
        assert_eq!(summary[figure], n, "{figure}: {summary}");
    }
    assert_eq!(states(&site, &config), ["checkin YZ0000163 accepted"]);
    practice.kill();
    assert_eq!(site.ledger(), ["return YZ0000163"]);
}

#[test]
fn what_was_noted_outlives_the_station() {
    let site = Site::new();
    let address = Site::fixed_address();
    let (mut practice, library) = site.practice(&address, &[]);
    let config = site.config(&Parts {
        library: Some(&library),
        printer: Printer::Simulated,
        ..Parts::default()
    });
    let mut station = site.station(&config, TAKE);
    station.json("the script's sign", started);
    practice.kill();
    station.json("a return noted", queued);
    station.kill();
    assert_eq!(states(&site, &config), ["checkin YZ0000163 queued"]);

    let (mut practice, _) = site.practice(&address, &[]);
    let summary = site.station(&config, POST).end().well().summary();
    assert_eq!((&summary["returns"], &summary["queued"]), (&1.into(), &0.into()), "{summary}");
    practice.kill();
    assert_eq!(site.ledger(), ["return YZ0000163"]);
}

const LEND: &str = "
wait online
wait reader up
wait printer up
card 0200001234
wait borrow
touch finish
wait attract
sleep 3000
touch help
wait offline
touch help
sleep 5000
card 0200001234
wait borrow
lay YZ0000101
wait queued 1
expect figure in_queue 1
expect tag YZ0000101 released
touch finish
wait finish
touch paper
wait receipt printed
touch finish
wait attract
lift YZ0000101
wait pad 0
wait online
wait figure loans 1
wait idle
expect figure in_queue 0
expect figure journal_open 0
";

#[test]
fn a_loan_is_noted_while_the_library_is_away_and_is_a_loan_when_it_is_back() {
    let site = Site::new();
    let address = Site::fixed_address();
    let (mut practice, library) = site.practice(&address, &[]);
    let config = site.config(&Parts {
        library: Some(&library),
        printer: Printer::Simulated,
        ..Parts::default()
    });
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}\n[session.offline]\nlending = true\nafter_s = 5\n"))
        .unwrap();
    let mut station = site.station(&config, LEND);
    station.json("the script's sign", started);
    practice.kill();
    let noted = |line: &Value| {
        let lines = line["view"]["screen"]["borrow"]["lines"].as_array();
        lines.is_some_and(|lines| {
            lines.iter().any(|l| l["state"] == "queued" && !l["note"]["due"].is_null())
        })
    };
    station.json("a loan noted with its day", noted);
    assert_eq!(states(&site, &config), ["checkout YZ0000101 queued"]);
    assert!(site.journal(&config)[0]["sentence"].is_string());
    let (mut practice, _) = site.practice(&address, &[]);
    let summary = station.end().well().summary();
    for (figure, n) in [("returns", 0), ("queued", 0), ("receipts", 1), ("loans", 1)] {
        assert_eq!(summary[figure], n, "{figure}: {summary}");
    }
    let row = &site.journal(&config)[0];
    assert_eq!((row["state"].as_str(), row["due"].is_string()), (Some("accepted"), true));
    practice.kill();
    assert_eq!(site.ledger(), ["loan YZ0000101"]);
    site.holds_no_patron();
}
