//! The practice library asked by the SIP2 client of another project (crate `sip2`, of the
//! Evergreen community): what both our own sides get wrong alike shows here.
//!
//! Its limits, kept to: no sequence numbers and checksums, and no renewal, hold or end of session.

use std::sync::mpsc::channel;

use sip2::{Client, ParamSet};
use tests::rig::PATIENCE;

use crate::site::{Site, ZHANG};

/// A conversation with a bound: the foreign client itself would wait for ever.
fn talk<T: Send + 'static>(
    address: &str,
    conversation: impl FnOnce(&mut Client) -> T + Send + 'static,
) -> T {
    let address = address.to_owned();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut client = Client::new(&address).unwrap();
        // Nobody listens any more when the test gave up.
        let _ = tell.send(conversation(&mut client));
    });
    told.recv_timeout(PATIENCE).expect("the library answers every message")
}

fn params(item: Option<&str>, patron: Option<&str>) -> ParamSet {
    let mut params = ParamSet::new();
    params.set_institution("YZLIB");
    if let Some(item) = item {
        params.set_item_id(item);
    }
    if let Some(patron) = patron {
        params.set_patron_id(patron);
    }
    params
}

/// Index of "charged items" among the ten summary positions of 63.
const CHARGED: usize = 2;

/// What a patron has on loan.
pub(crate) fn loans_of(address: &str, patron: &str) -> Vec<String> {
    let mut asked = params(None, Some(patron));
    asked.set_summary(CHARGED);
    talk(address, move |client| {
        let answer = client.patron_info(&asked).unwrap();
        assert!(answer.ok(), "the patron is known");
        let fields = answer.msg().fields().iter().filter(|field| field.code() == "AU");
        fields.map(|field| field.value().to_owned()).collect()
    })
}

/// When an item is due, as slips write it: `2026-12-23`.
pub(crate) fn due_of(address: &str, item: &str) -> String {
    let asked = params(Some(item), None);
    talk(address, move |client| {
        let answer = client.item_info(&asked).unwrap();
        let due = answer.value("AH").expect("the item is on loan");
        format!("{}-{}-{}", &due[..4], &due[4..6], &due[6..8])
    })
}

#[test]
fn another_projects_client_finds_everything_in_order() {
    let site = Site::new();
    let (mut practice, address) = site.practice("127.0.0.1:0", &[]);
    talk(&address, |client| {
        let mut account = ParamSet::new();
        account.set_sip_user("kiosk03");
        account.set_sip_pass("practice");
        account.set_location("YZ-MAIN-03");
        assert!(client.login(&account).unwrap().ok(), "login");

        let status = client.sc_status().unwrap();
        assert!(status.ok(), "on line");
        assert_eq!(status.value("AO"), Some("YZLIB"));

        let mut zhang = params(None, Some(ZHANG));
        zhang.set_patron_pwd("1234");
        let patron = client.patron_status(&zhang).unwrap();
        assert!(patron.ok());
        assert_eq!((patron.value("AA"), patron.value("CQ")), (Some(ZHANG), Some("Y")));
        assert_eq!(patron.value("AE"), Some("张三丰"));
        zhang.set_patron_pwd("4321");
        assert_eq!(client.patron_info(&zhang).unwrap().value("CQ"), Some("N"));
        let nobody = client.patron_info(&params(None, Some("0299999999"))).unwrap();
        assert!(!nobody.ok());

        let book = client.item_info(&params(Some("YZ0000789"), None)).unwrap();
        assert_eq!(book.value("AJ"), Some("三体（典藏版）"));
        // Circulation status, the first fixed field: 03 available, 04 charged.
        let status = |answer: &sip2::Message| answer.fixed_fields()[0].value().to_owned();
        assert_eq!(status(book.msg()), "03");

        let both = params(Some("YZ0000789"), Some(ZHANG));
        let lent = client.checkout(&both).unwrap();
        assert!(lent.ok());
        assert_eq!(lent.value("AB"), Some("YZ0000789"));
        assert!(lent.value("AH").is_some_and(|due| !due.is_empty()), "a due date");
        let book = client.item_info(&params(Some("YZ0000789"), None)).unwrap();
        assert_eq!(status(book.msg()), "04");

        let refused = client.checkout(&params(Some("YZ0000117"), Some(ZHANG))).unwrap();
        assert!(!refused.ok(), "not for loan");
        assert!(refused.value("AF").is_some_and(|why| !why.is_empty()), "and why");

        let back = client.checkin(&params(Some("YZ0000789"), None)).unwrap();
        assert!(back.ok());
        assert_eq!(back.value("AQ"), Some("YZ-MAIN"));
        client.disconnect().unwrap();
    });
    practice.kill();
    assert_eq!(site.ledger(), ["loan YZ0000789", "return YZ0000789"]);
}
