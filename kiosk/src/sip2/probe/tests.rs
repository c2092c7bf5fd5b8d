use super::*;
use crate::practice::{Config, Guise, Practice};
use crate::sip2::profile::Login;
use crate::sip2::systems::System;

/// An item, a patron and the institution of the built-in collection.
const ITEM: &str = "YZ0000101";
const PATRON: &str = "0200006789";

fn ask(practice: &Practice, profile: Profile) -> Report {
    let options = Options {
        host: practice.addr().ip().to_string(),
        port: practice.addr().port(),
        tls: None,
        profile: Profile {
            institution_id: practice.library().institution.clone(),
            login: Some(Login {
                user: "probe".to_owned(),
                password: Secret::new("probe".to_owned()),
                location: Some("YZ-MAIN-01".to_owned()),
            }),
            ..profile
        },
        item: Some(ITEM.to_owned()),
        patron: Some(PatronId::new(PATRON)),
        pin: None,
    };
    let today = SipDate::local(jiff::civil::date(2026, 11, 22).at(10, 30, 0, 0));
    probe(&options, today).unwrap()
}

#[test]
fn each_guise_is_known_by_its_signs_and_nothing_is_changed() {
    for guise in Guise::ALL {
        let config = Config { guise: Some(guise), ..Config::default() };
        let practice = Practice::start(config).unwrap();
        let profile = System::named(guise.name()).unwrap().profile(toml::Table::new()).unwrap();
        let report = ask(&practice, profile);
        assert_eq!(report.profile, Some(guise.name()), "{guise:?}: {report:#?}");
        assert_eq!(report.login, Some(true), "{guise:?}");
        assert!(report.item.as_ref().is_some_and(|item| item.known), "{guise:?}: {report:#?}");
        assert!(report.patron.as_ref().is_some_and(|patron| patron.may_borrow), "{guise:?}");
        assert_eq!(practice.ledger().unwrap(), [], "{guise:?}");
    }
}

#[test]
fn a_system_like_no_other_is_not_named() {
    let practice = Practice::start(Config::default()).unwrap();
    let report = ask(&practice, Profile::default());
    assert_eq!(report.profile, None, "{report:#?}");
    assert_eq!(report.settings, Settings { charset: Some("utf-8"), checksum: Some("strict") });
    assert_eq!(report.status.unwrap().supported.len(), SUPPORTED.len());
    assert!(report.round_trip_ms.unwrap().median > 0.0);
}

#[test]
fn nobody_there_is_an_error_and_silence_is_not() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let options = Options {
        host: "127.0.0.1".to_owned(),
        port,
        tls: None,
        profile: Profile::default(),
        item: None,
        patron: None,
        pin: None,
    };
    let today = SipDate::local(jiff::civil::date(2026, 11, 22).at(10, 30, 0, 0));
    let error = probe(&options, today).unwrap_err().to_string();
    assert!(error.contains("no connection to 127.0.0.1"), "{error}");
}

#[test]
fn line_ends_are_told_across_pieces() {
    let mut ends = Ends::default();
    for piece in [&b"941\r"[..], b"\n98", b"x\r\n"] {
        ends.see(piece);
    }
    assert_eq!(ends.name(), Some("cr_lf"));
    ends.see(b"96\r");
    assert_eq!(ends.name(), Some("mixed"));
    assert_eq!(Ends::default().name(), None);
}
