//! The station's own link against the practice library: whatever happens to an answer, a loan is
//! made once or known to be in doubt, and refusals are understood.

mod practice_support;

use std::sync::mpsc::{Receiver, channel};

use kiosk::practice::{Fault, Guise, refusal_map};
use kiosk::sip2::codes::Language;
use kiosk::sip2::conn::{Event, SipConfig, SipHandle};
use kiosk::sip2::link::{Answer, Outcome, Priority, RequestId, Unknown};
use kiosk::sip2::message::CheckoutRequest;
use kiosk::sip2::profile::{Profile, RefusalRule, Timing};
use kiosk::sip2::systems::System;
use kiosk::sip2::{Response, SipDate};
use practice_support::{DATA, Library, PATIENCE};

struct Link {
    handle: SipHandle,
    events: Receiver<Event>,
    profile: Profile,
    next: u64,
}

impl Link {
    fn to(library: &Library) -> Self {
        Self::with(library, Profile::default())
    }

    fn with(library: &Library, profile: Profile) -> Self {
        let refusals = refusal_map()
            .into_iter()
            .map(|(contains, code)| RefusalRule { contains, code: code.to_owned() })
            .collect();
        // One second, so that lost answers do not keep the tests.
        let timing = Timing { answer_min_s: 1, answer_max_s: 1, ..Timing::default() };
        let profile = Profile {
            institution_id: "YZLIB".to_owned(),
            language: Language::CHINESE,
            refusals,
            timing,
            ..profile
        };
        let addr = library.practice.addr();
        let config = SipConfig {
            host: addr.ip().to_string(),
            port: addr.port(),
            tls: None,
            profile: profile.clone(),
            links: 1,
        };
        let (sender, events) = channel();
        let handle = SipHandle::start(config, None, None, move |event| {
            let _ = sender.send(event);
        })
        .expect("a thread can be made");
        let link = Self { handle, events, profile, next: 1 };
        // Until the first 98 the link has nowhere to send to.
        practice_support::until("the station asks for the status", || {
            library.practice.requests() > 0
        });
        link
    }

    fn borrow(&mut self, patron: &str, item: &str) -> Answer {
        let request = CheckoutRequest {
            transaction_date: SipDate::from_bytes(b"20261122    103000"),
            institution_id: "YZLIB".to_owned(),
            patron_identifier: patron.into(),
            item_identifier: item.to_owned(),
            fee_acknowledged: Some(false),
            cancel: Some(false),
            ..CheckoutRequest::default()
        };
        let id = RequestId(self.next);
        self.next += 1;
        self.handle.request(id, request, Priority::Live).expect("there is room");
        loop {
            match self.events.recv_timeout(PATIENCE).expect("every request has its end") {
                Event::Answer(answer) if answer.id == id => return *answer,
                _ => {}
            }
        }
    }
}

fn checkout(answer: &Answer) -> &kiosk::sip2::message::CheckoutResponse {
    match &answer.outcome {
        Outcome::Answered(response) => match response.as_ref() {
            Response::Checkout(response) => response,
            other => panic!("answered by {}", other.code()),
        },
        other => panic!("not answered: {other:?}"),
    }
}

#[test]
fn a_loan_is_made_once_whatever_happens_to_its_answer() {
    let library = Library::start();
    let mut link = Link::to(&library);
    for (fault, item) in [
        (Fault::Garble(1), "YZ0000021"),
        (Fault::BadChecksum(1), "YZ0000022"),
        (Fault::WrongDigit(1), "YZ0000023"),
        (Fault::Answer96(1), "YZ0000024"),
        (Fault::SilentAfterCommit(1), "YZ0000789"),
    ] {
        library.practice.set_fault(fault);
        let answer = link.borrow("0200001234", item);
        let response = checkout(&answer);
        assert!(response.ok && !response.renewal_ok, "{fault}: {answer:?}");
    }
    let story: Vec<String> = ["YZ0000021", "YZ0000022", "YZ0000023", "YZ0000024", "YZ0000789"]
        .map(|item| format!("loan {item}"))
        .to_vec();
    assert_eq!(library.story(), story);
}

#[test]
fn a_connection_lost_before_the_answer_leaves_the_loan_in_doubt() {
    let library = Library::start();
    let mut link = Link::to(&library);
    library.practice.set_fault(Fault::CloseBeforeAnswer(1));
    let answer = link.borrow("0200001234", "YZ0000021");
    assert_eq!(answer.outcome, Outcome::Unknown(Unknown::LinkLost));
    assert_eq!(library.story(), ["loan YZ0000021"], "it was made all the same");
}

/// The profile of a system with an account.
fn system(name: &str, user: &str) -> Profile {
    let login = format!("{{ user = \"{user}\", password = \"x\", location = \"YZ-MAIN-01\" }}");
    let own = toml::from_str(&format!("login = {login}")).expect("a table");
    let system = System::named(name).expect("a system of that name");
    system.profile(own).expect("a profile")
}

#[test]
fn koha_is_sent_nothing_it_would_answer_twice() {
    let library = Library::with(DATA, |config| config.guise = Some(Guise::Koha));
    let mut link = Link::with(&library, system("koha", "kiosk01"));
    for (loans, item) in ["YZ0000021", "YZ0000022"].into_iter().enumerate() {
        let answer = link.borrow("0200001234", item);
        assert!(checkout(&answer).ok && answer.transmissions == 1, "{answer:?}");
        // 93, 99 and the loans: no empty line among them.
        assert_eq!(library.practice.requests(), 3 + u64::try_from(loans).unwrap());
    }
}

#[test]
fn dp2_lets_a_chinese_user_in() {
    let data = DATA.replace(
        r#""classes": ["#,
        r#""accounts": [{"user": "总馆@yz", "password": "x"}], "classes": ["#,
    );
    let library = Library::with(&data, |config| config.guise = Some(Guise::Dp2));
    let mut link = Link::with(&library, system("dp2", "总馆@yz"));
    assert!(checkout(&link.borrow("0200001234", "YZ0000021")).ok);
    assert_eq!(library.practice.ledger().unwrap()[0].station.login, "总馆@yz");
}

#[test]
fn an_error_in_words_leaves_the_loan_in_doubt_and_the_link_up() {
    let library = Library::with(DATA, |config| config.guise = Some(Guise::Folio));
    let mut link = Link::with(&library, system("folio", "kiosk01"));
    library.practice.set_fault(Fault::Words(1));
    // 93, 99 and what is sent for this loan.
    let answer = link.borrow("0200001234", "YZ0000021");
    assert_eq!(answer.outcome, Outcome::Unknown(Unknown::Unanswered));
    assert_eq!((answer.transmissions, library.practice.requests()), (1, 3));
    let again = link.borrow("0200001234", "YZ0000021");
    assert!(checkout(&again).ok);
    assert_eq!(library.practice.requests(), 4, "on the same connection");
    assert_eq!(library.story(), ["loan YZ0000021"]);
}

#[test]
fn refusals_are_understood_through_the_map() {
    let library = Library::start();
    let mut link = Link::to(&library);
    for (patron, item, code) in [
        ("0200000007", "YZ0000021", "limit"),
        ("0200000005", "YZ0000021", "fees"),
        ("0200001234", "YZ0000001", "in_library"),
        ("0200001234", "YZ0000004", "held_other"),
        ("0200001234", "YZ0009999", "item_unknown"),
        ("0200000002", "YZ0000021", "card_expired"),
        // Ada's own language.
        ("0200009999", "YZ0000011", "on_loan_other"),
    ] {
        let answer = link.borrow(patron, item);
        let response = checkout(&answer);
        assert!(!response.ok);
        assert_eq!(link.profile.refusal_code(&response.screen_message), Some(code));
    }
}
