//! The same session with a library system of each name: a station that is told only the name and
//! its account lends and takes back against the practice library in that guise.

use crate::site::{Site, ZHANG};

fn script() -> String {
    format!(
        "wait online\nwait reader up\n\
         touch borrow\nwait identify\ncard {ZHANG}\nwait borrow\n\
         lay YZ0000789 YZ0000101\nwait borrowed 2\n\
         expect tag YZ0000789 released\nexpect tag YZ0000101 released\n\
         lift YZ0000789 YZ0000101\nwait pad 0\ntouch finish\nwait finish\ntouch finish\nwait attract\n\
         touch return\nwait return\nlay YZ0000789 YZ0000101 YZ0000102\nwait returned 3\n\
         expect tag YZ0000789 secured\nexpect tag YZ0000101 secured\nexpect tag YZ0000102 secured\n\
         lift YZ0000789 YZ0000101 YZ0000102\nwait pad 0\ntouch finish\nwait finish\ntouch finish\nwait attract"
    )
}

#[track_caller]
fn passes(system: &str) {
    let site = Site::new();
    let (mut practice, library) = site.practice("127.0.0.1:0", &["--guise", system]);
    let config = site.write(
        "station.toml",
        &format!(
            "[station]\nid = \"YZ-E2E-01\"\nbranch = \"YZ-MAIN\"\n\
             data_dir = \"data\"\nkey_file = \"journal.key\"\n\
             [library]\naddress = \"{library}\"\nsystem = \"{system}\"\n\
             [library.profile]\ninstitution_id = \"YZLIB\"\n\
             login = {{ user = \"kiosk01\", password = \"x\", location = \"YZ-MAIN-01\" }}\n\
             [reader]\nmodel = \"3m810\"\n\
             [session]\nowners = [\"CN-321182-YZ\"]\ncount_check = \"off\"\n",
        ),
    );
    let summary = site.station(&config, &script()).end().well().summary();
    for (figure, n) in [("loans", 2), ("returns", 3), ("refused", 0), ("queued", 0)] {
        assert_eq!(summary[figure], n, "{system}: {figure}: {summary}");
    }
    assert_eq!(summary["journal"]["open"], 0, "{system}: {summary}");
    assert_eq!(summary["journal"]["repair"], 0, "{system}: {summary}");
    practice.kill();
    let mut ledger = site.ledger();
    ledger.retain(|entry| !entry.ends_with("YZ0000102"));
    ledger.sort();
    let wanted = ["loan YZ0000101", "loan YZ0000789", "return YZ0000101", "return YZ0000789"];
    assert_eq!(ledger, wanted, "{system}");
    site.holds_no_patron();
}

#[test]
fn with_koha() {
    passes("koha");
}

#[test]
fn with_evergreen() {
    passes("evergreen");
}

#[test]
fn with_folio() {
    passes("folio");
}

#[test]
fn with_alma() {
    passes("alma");
}

#[test]
fn with_sierra() {
    passes("sierra");
}

#[test]
fn with_symphony() {
    passes("symphony");
}

#[test]
fn with_dp2() {
    passes("dp2");
}

#[test]
fn with_a_system_that_speaks_gbk() {
    passes("generic-gbk");
}
