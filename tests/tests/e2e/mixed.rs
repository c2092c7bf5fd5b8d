//! Some parts real, some simulated inside the station.

use serde_json::Value;
use tests::rig::Process;

use crate::site::{JIEHUAN, Parts, Site, ZHANG};

#[test]
fn a_library_by_network_a_simulated_reader_and_no_printer() {
    let site = Site::new();
    let (mut practice, library) = site.practice("127.0.0.1:0", &[]);
    let config = site.config(&Parts { library: Some(&library), ..Parts::default() });
    // Without --script the steps come from standard input.
    let mut station = Process::start(JIEHUAN, &["run", "--config", &config, "--headless"]);
    station.say(&format!(
        "wait online\nwait reader up\nlay YZ0000789\nwait choose\ntouch borrow\n\
         wait identify\ncard {ZHANG}\nwait borrowed 1\nexpect tag YZ0000789 released\n\
         lift YZ0000789\ntouch finish\nwait finish\ntouch finish\nwait attract\n\
         touch return\nwait return\nlay YZ0000789\nwait returned 1\n\
         expect tag YZ0000789 secured\ntouch finish\nwait finish\ntouch finish\nwait attract"
    ));
    let ended = station.end();
    let summary = ended.well().summary();
    assert_eq!(summary["central"], Value::Null);
    for (figure, n) in [("loans", 1), ("returns", 1), ("receipts", 0), ("refused", 0)] {
        assert_eq!(summary[figure], n, "{figure}: {summary}");
    }
    practice.kill();
    assert_eq!(site.ledger(), ["loan YZ0000789", "return YZ0000789"]);
    site.holds_no_patron();
}

#[test]
fn a_step_for_a_simulated_part_is_refused_by_a_real_one() {
    let site = Site::new();
    let (_practice, library) = site.practice("127.0.0.1:0", &[]);
    let (_pad, _) = site.pad();
    let reader = site.pad_port();
    let config =
        site.config(&Parts { library: Some(&library), reader: Some(&reader), ..Parts::default() });
    for (step, why) in [
        ("lay YZ0000789", "the reader is a real one"),
        ("fault practice clear", "the library system is a real one"),
        ("fault paper out", "the printer is a real one"),
    ] {
        let ended = site.station(&config, step).end();
        assert_eq!(ended.code, Some(1), "{step}");
        let failed = ended.lines.iter().find(|line| line.contains("\"failed\"")).unwrap();
        assert!(failed.contains(why), "{step}: {failed}");
    }
}
