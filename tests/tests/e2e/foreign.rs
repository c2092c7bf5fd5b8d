//! A station all of whose parts are other processes, reached over SIP2, a pty and TCP.

use serde_json::json;

use crate::sip2_client::{due_of, loans_of};
use crate::site::{Parts, Printer, Site, ZHANG, no_patron};

const STEPS: &str = "
wait online
wait reader up
wait printer up
wait choose
touch borrow
wait identify
wait borrowed 2
expect note due
touch finish
wait count
touch count 2
wait finish
touch paper
wait receipt printed
touch finish
wait attract
wait pad 0
touch return
wait return
wait returned 1
expect note put_hold_slot
touch finish
wait finish
touch paper
wait receipt printed
touch finish
wait attract
wait pad 0
expect figure loans 2
expect figure returns 1
expect figure journal_open 0
expect figure journal_repair 0
";

#[test]
fn books_are_lent_and_taken_back_across_processes() {
    let site = Site::new();
    let (mut practice, library) = site.practice("127.0.0.1:0", &[]);
    let (_pad, mut pad) = site.pad();
    let (_printer, printer) = site.printer();
    let reader = site.pad_port();
    let config = site.config(&Parts {
        library: Some(&library),
        reader: Some(&reader),
        printer: Printer::At(&printer),
    });
    let mut station = site.station(&config, STEPS);
    let ready = |line: &serde_json::Value| {
        line["screen"] == "attract" && line["view"]["state_line"].is_null()
    };
    station.json("station with all its parts", ready);
    assert_eq!(pad.security("YZ0000789"), ("07".to_owned(), true));
    pad.lay(&["YZ0000789", "YZ0000790"]);
    station.screen("identify");
    pad.lay(&[ZHANG]);
    station.screen("borrow");
    pad.lift(&[ZHANG]);
    station.screen("finish");
    station.screen("attract");
    pad.lift(&["YZ0000789", "YZ0000790"]);
    station.screen("return");
    pad.lay(&["YZ0000157"]);
    station.screen("finish");
    station.screen("attract");
    pad.lift(&["YZ0000157"]);
    let ended = station.end();

    assert_eq!(
        ended.well().summary(),
        json!({
            "ok": true, "loans": 2, "returns": 1, "renewals": 0, "refused": 0, "queued": 0,
            "receipts": 2, "central": null, "journal": { "open": 0, "repair": 0 },
        })
    );
    // The library, asked by another program.
    let loans = loans_of(&library, ZHANG);
    assert!(loans.contains(&"YZ0000789".to_owned()), "{loans:?}");
    assert!(loans.contains(&"YZ0000790".to_owned()), "{loans:?}");
    let due = due_of(&library, "YZ0000789");
    practice.kill();
    let mut ledger = site.ledger();
    // The pad tells no order among books laid down together.
    ledger.sort();
    assert_eq!(ledger, ["loan YZ0000789", "loan YZ0000790", "return YZ0000157"]);
    // The tags.
    for (tag, afi, eas) in
        [("YZ0000789", "C2", false), ("YZ0000790", "C2", false), ("YZ0000157", "07", true)]
    {
        assert_eq!(pad.security(tag), (afi.to_owned(), eas), "{tag}");
    }
    // The journal and the paper.
    let accepted = site.journal(&config).iter().filter(|row| row["state"] == "accepted").count();
    assert_eq!(accepted, 3);
    let slip =
        |n: u32| std::fs::read_to_string(site.path(&format!("receipts/{n:04}.txt"))).unwrap();
    for part in ["三体", "小王子", &due, "扬中市图书馆"] {
        assert!(slip(1).contains(part), "{part:?} not on {}", slip(1));
    }
    assert!(slip(2).contains("围城"), "{}", slip(2));
    site.holds_no_patron();
    no_patron("the station's output", ended.said().as_bytes());
}
