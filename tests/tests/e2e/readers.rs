//! The same session with each reader model in turn, and with two readers at once.
//!
//! Card, three books of which one is not for loan, a set of parts, a renewal of mind at the pad, a
//! return, and the tags' states judged at the simulated readers themselves.

use crate::site::{Site, ZHANG};

/// One session of a reader with books, one return without a card, and what the tags say.
fn script(card: &str) -> String {
    format!(
        "wait online\nwait reader up\n\
         touch borrow\nwait identify\n{card}\nwait borrow\n\
         lay YZ0000789 YZ0000101\nwait borrowed 2\n\
         lay YZ0000117\nwait refused 1\n\
         expect tag YZ0000789 released\nexpect tag YZ0000101 released\n\
         expect tag YZ0000117 secured\n\
         lift YZ0000789 YZ0000101 YZ0000117\nwait pad 0\ntouch finish\nwait finish\ntouch finish\nwait attract\n\
         touch return\nwait return\nlay YZ0000789 YZ0000101\nwait returned 2\n\
         expect tag YZ0000789 secured\nexpect tag YZ0000101 secured\n\
         lift YZ0000789 YZ0000101\nwait pad 0\ntouch finish\nwait finish\ntouch finish\nwait attract"
    )
}

/// Runs the session with these readers; what it lent and took back is the same for all.
#[track_caller]
fn passes(readers: &str, security: &str, card: &str) {
    let site = Site::new();
    let config = site.write(
        "station.toml",
        &format!(
            "[station]\nid = \"YZ-E2E-01\"\nbranch = \"YZ-MAIN\"\n\
             data_dir = \"data\"\nkey_file = \"journal.key\"\n\
             [library.profile]\ninstitution_id = \"YZLIB\"\n\
             {readers}\n[security]\n{security}\n\
             [session]\nowners = [\"CN-321182-YZ\"]\ncount_check = \"off\"\n\
             card_uid = {{ form = \"decimal\" }}\n"
        ),
    );
    let summary = site.station(&config, &script(card)).end().well().summary();
    for (figure, n) in [("loans", 2), ("returns", 2), ("refused", 1)] {
        assert_eq!(summary[figure], n, "{readers}: {figure}: {summary}");
    }
    assert_eq!(summary["journal"]["open"], 0, "{readers}: {summary}");
    assert_eq!(summary["journal"]["repair"], 0, "{readers}: {summary}");
    site.holds_no_patron();
}

fn card() -> String {
    format!("card {ZHANG}")
}

#[test]
fn with_a_3m_pad() {
    passes("[reader]\nmodel = \"3m810\"", "", &card());
}

#[test]
fn with_a_feig_reader() {
    passes("[reader]\nmodel = \"feig\"", "", &card());
}

#[test]
fn with_a_pn5180() {
    passes("[reader]\nmodel = \"pn5180\"", "", &card());
}

#[test]
fn with_a_chip_card_among_the_books_of_a_pn5180() {
    let readers = "[reader]\nmodel = \"pn5180\"\nsetup = { pn5180 = { cards_every = 1 } }";
    passes(readers, "", &format!("card {ZHANG}/nfc"));
}

#[test]
fn with_a_uhf_reader() {
    passes("[reader]\nmodel = \"m6e\"", "", &card());
}

#[test]
fn with_a_card_reader_beside_the_pad() {
    let readers = "[[reader]]\nmodel = \"3m810\"\n[[reader]]\nname = \"cards\"\nmodel = \"pn532\"";
    passes(readers, "", &format!("card {ZHANG}/nfc"));
}

#[test]
fn with_two_pads_of_different_make() {
    let readers = "[[reader]]\nmodel = \"3m810\"\n[[reader]]\nmodel = \"pn5180\"";
    passes(readers, "", &card());
}
