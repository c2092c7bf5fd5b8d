//! A station killed in the middle of a loan. Killing a process keeps the page cache: this shows
//! the order of writes, not what survives a power loss.

use tests::rig::until;

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
    let intent = |row: &serde_json::Value| row["kind"] == "checkout" && row["state"] == "intent";
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
