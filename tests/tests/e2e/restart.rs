//! A station killed in the middle of a loan. Killing a process keeps the page cache: this shows
//! the order of writes, not what survives a power loss.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::rig::{Control, until};

use crate::sip2_client::loans_of;
use crate::site::{Parts, Printer, Site, ZHANG, no_patron};

const BEFORE: &str = "
wait online
wait reader up
wait choose
touch borrow
wait identify
wait borrowed 2
";

const AFTER: &str = "
wait online
wait reader up
wait figure repaired 1
wait idle
expect figure loans 1
expect figure journal_open 0
expect figure journal_repair 0
";

#[test]
fn a_loan_whose_answer_was_lost_with_the_station_is_found_and_its_tag_released() {
    let site = Site::new();
    // The library lends the first book and never says so.
    let (mut practice, library) =
        site.practice("127.0.0.1:0", &["--fault", "only=11", "--fault", "silent=1"]);
    let (_pad, mut pad) = site.pad();
    let reader = site.pad_port();
    let config = site.config(&Parts {
        library: Some(&library),
        reader: Some(&reader),
        printer: Printer::Absent,
    });
    let mut station = site.station(&config, BEFORE);
    station.screen("attract");
    pad.lay(&["YZ0000789"]);
    station.screen("identify");
    pad.lay(&[ZHANG]);
    let intent = |row: &Value| row["kind"] == "checkout" && row["state"] == "intent";
    until("an intent in the journal", || site.journal(&config).iter().any(intent).then_some(()));
    until("the loan at the library", || {
        loans_of(&library, ZHANG).contains(&"YZ0000789".to_owned()).then_some(())
    });
    station.kill();
    // No answer, no release.
    assert_eq!(pad.security("YZ0000789"), ("07".to_owned(), true));
    for file in ["data/journal.sqlite", "data/journal.sqlite-wal"] {
        no_patron(file, &std::fs::read(site.path(file)).unwrap());
    }

    pad.lift(&[ZHANG]);
    let ended = site.station(&config, AFTER).end();
    assert_eq!(ended.well().summary()["ok"], true);
    assert_eq!(pad.security("YZ0000789"), ("C2".to_owned(), false));
    practice.kill();
    assert_eq!(site.ledger(), ["loan YZ0000789"]);
    let journal = site.journal(&config);
    assert_eq!(journal.len(), 1, "{journal:?}");
    assert_eq!(
        (&journal[0]["item"], &journal[0]["state"]),
        (&"YZ0000789".into(), &"accepted".into())
    );
    site.holds_no_patron();
}

const BOOKS: [&str; 3] = ["YZ0000789", "YZ0000790", "YZ0000792"];

/// Changes of the screen after the first borrowing page at which the station is killed: a pile of
/// three passes about ten, from seen to lent.
const MOMENTS: [usize; 6] = [0, 1, 3, 5, 7, 9];

const BORROW: &str = "
wait online
wait reader up
wait choose
touch borrow
wait identify
wait borrowed 3
wait attract
";

/// The pad is emptied by the test when all is well.
const SETTLE: &str = "
wait online
wait reader up
wait pad 3
wait pad 0
wait idle
expect figure journal_open 0
expect figure journal_repair 0
";

#[test]
fn killed_at_any_moment_library_journal_and_tags_agree_afterwards() {
    for moment in MOMENTS {
        let site = Site::new();
        let (mut practice, library) = site.practice("127.0.0.1:0", &[]);
        let (_pad, mut pad) = site.pad();
        let reader = site.pad_port();
        let config = site.config(&Parts {
            library: Some(&library),
            reader: Some(&reader),
            printer: Printer::Absent,
        });
        let mut station = site.station(&config, BORROW);
        station.screen("attract");
        pad.lay(&BOOKS);
        station.screen("identify");
        pad.lay(&[ZHANG]);
        let mut changes = 0;
        // Where two changes were shown as one the pile may be done before.
        while station.screen("borrow")["view"]["screen"]["borrow"]["done"] != BOOKS.len()
            && changes < moment
        {
            changes += 1;
        }
        station.kill();
        pad.lift(&[ZHANG]);

        let mut station = site.station(&config, SETTLE);
        // It has met the whole pile, and so taken up what the first left open.
        station.json("the whole pile", |line| pad_count(line) == 3);
        until(&format!("agreement after a kill at change {moment}"), || {
            let settled = settled(&site.journal(&config));
            (settled && tags_agree(&mut pad, &loans_of(&library, ZHANG))).then_some(())
        });
        pad.lift(&BOOKS);
        let ended = station.end();
        assert_eq!(ended.well().summary()["ok"], true, "killed at change {moment}");

        practice.kill();
        let ledger: BTreeSet<String> = site.ledger().into_iter().collect();
        assert_eq!(ledger, accepted(&site.journal(&config)), "killed at change {moment}");
        site.holds_no_patron();
    }
}

/// Every unit has an outcome, and nothing is owed for its tag.
fn settled(journal: &[Value]) -> bool {
    let open = |row: &Value| ["intent", "unsure"].iter().any(|state| row["state"] == *state);
    let owed = |row: &Value| ["pending", "repair"].iter().any(|tag| row["tag"] == *tag);
    !journal.iter().any(|row| open(row) || owed(row))
}

/// Released if and only if lent.
fn tags_agree(pad: &mut Control, lent: &[String]) -> bool {
    BOOKS.iter().all(|book| {
        let released = pad.security(book) == ("C2".to_owned(), false);
        released == lent.iter().any(|item| item == book)
    })
}

fn pad_count(line: &Value) -> u64 {
    let screen = &line["view"]["screen"];
    let count = |page: &str| screen[page]["pad_count"].as_u64().unwrap_or(0);
    count("attract") + count("choose")
}

fn accepted(journal: &[Value]) -> BTreeSet<String> {
    let done = journal.iter().filter(|row| row["state"] == "accepted");
    done.map(|row| {
        assert_eq!(row["kind"], "checkout");
        format!("loan {}", row["item"].as_str().unwrap())
    })
    .collect()
}
