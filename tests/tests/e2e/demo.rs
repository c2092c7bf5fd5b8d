//! `jiehuan demo --headless`.

use serde_json::{Value, json};
use tests::rig::Process;

use crate::site::{JIEHUAN, Site, no_patron, no_patron_in_files};

#[test]
fn the_demo_lends_and_takes_back_and_everybody_agrees() {
    let site = Site::new();
    let out = site.text("out");
    let temp = site.path("temp");
    std::fs::create_dir(&temp).unwrap();
    let demo = ["demo", "--headless", "--out", &out];
    let ended = Process::start_in(&temp, JIEHUAN, &demo).end();
    ended.well();
    let left: Vec<_> = std::fs::read_dir(&temp).unwrap().collect();
    assert!(left.is_empty(), "the demo left {left:?}");
    assert_eq!(
        ended.summary(),
        json!({
            "ok": true, "loans": 8, "returns": 3, "renewals": 1, "refused": 1, "queued": 0,
            "receipts": 3, "central": { "loans": 8, "returns": 3 },
            "journal": { "open": 0, "repair": 0 },
        })
    );
    let views: Vec<Value> =
        ended.lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for page in ["attract", "choose", "identify", "borrow", "count", "return", "loans", "finish"] {
        assert!(views.iter().any(|view| view["screen"] == page), "never on page {page}");
    }
    no_patron("the demo's output", ended.said().as_bytes());
    // Bytes, text and picture of three receipts.
    assert_eq!(no_patron_in_files(&site.path("out/receipts")), 9);
}

#[test]
fn neither_card_number_nor_pin_is_said_anywhere() {
    let site = Site::new();
    let script = site.write(
        "pin.script",
        "wait online\nwait reader up\ntouch borrow\nwait identify\nscan 0200001234\n\
         pin 9876\nwait advice pin_wrong\npin 1234\nwait borrow\nlay YZ0000789\n\
         wait borrowed 1\nlift YZ0000789\ntouch finish\nwait finish\ntouch no_receipt\n\
         touch finish\nwait attract\nwait pad 0\n",
    );
    let ended = Process::run(JIEHUAN, &["demo", "--headless", "--script", &script]);
    ended.well();
    assert_eq!(ended.summary()["loans"], 1);
    no_patron("the output", ended.said().as_bytes());
    for pin in ["1234", "9876"] {
        assert!(!ended.said().contains(pin), "the PIN {pin} was said");
    }
}

#[test]
fn power_cut_and_paper_end_in_the_demo() {
    let site = Site::new();
    let script = site.write(
        "cut.script",
        "wait online\nwait reader up\nwait printer up\nlay YZ0000789\nwait choose\n\
         touch borrow\nwait identify\ncard 0200001234\nwait borrowed 1\nfault power\n\
         wait online\nwait reader up\nwait printer up\nwait attract\n\
         expect tag YZ0000789 released\nlift YZ0000789\nwait pad 0\n\
         fault paper out\nwait state no_paper\nfault paper ok\nwait state none\n",
    );
    let ended = Process::run(JIEHUAN, &["demo", "--headless", "--script", &script]);
    let summary = ended.well().summary();
    assert_eq!((&summary["loans"], &summary["central"]["loans"]), (&json!(1), &json!(1)));
}

#[test]
fn a_step_that_does_not_hold_is_named_and_fails_the_run() {
    let site = Site::new();
    let script = site.write("no.script", "wait online\n\nexpect figure loans 7\n");
    let ended = Process::run(JIEHUAN, &["demo", "--headless", "--script", &script]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.summary()["ok"], false);
    let failed: Vec<&String> = ended.lines.iter().filter(|l| l.contains("\"failed\"")).collect();
    assert!(failed.len() == 1 && failed[0].contains("\"line\":3"), "{failed:?}");
}
