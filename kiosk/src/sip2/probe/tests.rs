use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use super::*;
use crate::practice::{Config, Guise, Practice};
use crate::sip2::profile::Login;
use crate::sip2::systems::System;

/// An item, a patron and the institution of the built-in collection.
const ITEM: &str = "YZ0000101";
const PATRON: &str = "0200006789";

fn ask(practice: &Practice, profile: Profile) -> Report {
    ask_at(practice.addr(), practice, profile)
}

fn ask_at(addr: SocketAddr, practice: &Practice, profile: Profile) -> Report {
    let options = Options {
        host: addr.ip().to_string(),
        port: addr.port(),
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

/// The practice library behind somebody who changes every line it says, without its end.
fn behind(practice: &Practice, change: fn(Vec<u8>) -> Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (here, there) = (listener.local_addr().unwrap(), practice.addr());
    std::thread::spawn(move || {
        for asking in listener.incoming() {
            let mut asking = asking.unwrap();
            let mut library = TcpStream::connect(there).unwrap();
            let (mut questions, mut asked) =
                (asking.try_clone().unwrap(), library.try_clone().unwrap());
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut questions, &mut asked);
                let _ = asked.shutdown(std::net::Shutdown::Write);
            });
            std::thread::spawn(move || {
                let (mut framer, mut buffer) = (crate::sip2::wire::Framer::new(), [0; 4096]);
                while let Ok(count @ 1..) = library.read(&mut buffer) {
                    framer.push(&buffer[..count]);
                    while let Some(Ok(line)) = framer.next_line() {
                        let line = [change(line.to_vec()), vec![TERMINATOR]].concat();
                        let _ = asking.write_all(&line);
                    }
                }
                let _ = asking.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    here
}

/// What dp2 says with other words in it.
fn dp2_says(line: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(&line);
    match text.split_once("|AY4AZ") {
        Some((said, _)) if said.contains(from) => {
            let said = said.replace(from, to);
            let sum = checksum::digits(checksum::of_utf16(&said));
            [said.as_bytes(), b"|AY4AZ", &sum].concat()
        }
        _ => line,
    }
}

#[test]
fn a_sign_of_its_own_names_a_system_that_is_set_up_otherwise() {
    type Change = fn(Vec<u8>) -> Vec<u8>;
    let another_wait: Change = |line| dp2_says(line, "010003", "300003");
    for (guise, change, sign) in [
        (Guise::Dp2, another_wait, "timeout=300"),
        // `terminator="CR"` in the account.
        (Guise::Koha, |line| line, "end=cr"),
    ] {
        let config = Config { guise: Some(guise), ..Config::default() };
        let practice = Practice::start(config).unwrap();
        let profile = System::named(guise.name()).unwrap().profile(toml::Table::new()).unwrap();
        let report = ask_at(behind(&practice, change), &practice, profile);
        assert!(report.signs.contains(sign), "{report:#?}");
        assert_eq!(report.profile, Some(guise.name()), "{report:#?}");
    }
}

#[test]
fn a_library_that_tells_no_time_shows_nothing_of_repetitions() {
    let practice = Practice::start(Config::default()).unwrap();
    let no_time = behind(&practice, |line| match line.starts_with(b"98") {
        // Behind the two numbers of three digits.
        true => [&line[..14], &[b'0'; 18], &line[32..]].concat(),
        false => line,
    });
    let profile = Profile::default();
    let report = ask_at(no_time, &practice, profile.clone());
    assert!(!report.signs.iter().any(|sign| sign.starts_with("repeat=")), "{report:#?}");
    assert!(ask(&practice, profile).signs.contains("repeat=replayed"));
}

#[test]
fn digits_are_echoed_fixed_or_absent() {
    let digit = |n| Sequence::new(n).unwrap();
    let of = |pairs: &[(u8, Option<u8>)]| {
        digits(&pairs.iter().map(|(asked, told)| (digit(*asked), told.map(digit))).collect())
    };
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[(1, None), (2, None)]), Some("absent"));
    assert_eq!(of(&[(4, Some(4)), (5, Some(5))]), Some("echoed"));
    assert_eq!(of(&[(3, Some(4)), (4, Some(4)), (5, Some(4))]), Some("fixed"));
    assert_eq!(of(&[(3, Some(4))]), Some("mixed"), "asked once");
    assert_eq!(of(&[(3, Some(4)), (4, Some(5))]), Some("mixed"));
    assert_eq!(of(&[(3, None), (4, Some(4))]), Some("mixed"));
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
