use jiff::civil::date;

use super::*;
use crate::session::{Answer, CheckinAnswer, ItemId, LoanAnswer, Sort};
use crate::sip2::link::{Answer as LinkAnswer, Outcome, RawLine, RequestId};
use crate::sip2::wire::{Checksum, checksum};
use crate::sip2::{Charset, Response};
use crate::station::ils::{self, Sorting};

fn profile(name: &str) -> Profile {
    System::named(name).unwrap().profile(toml::Table::new()).unwrap()
}

fn bytes_of(text: &str, charset: Charset) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\x") {
        charset.encode_into(&rest[..at], &mut bytes);
        bytes.push(u8::from_str_radix(&rest[at + 2..at + 4], 16).unwrap());
        rest = &rest[at + 4..];
    }
    charset.encode_into(rest, &mut bytes);
    bytes
}

fn yes(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

fn number(n: Option<impl ToString>) -> String {
    n.map_or_else(|| "unknown".to_owned(), |n| n.to_string())
}

fn check_of(line: &[u8], charset: Charset, found: Checksum) -> &'static str {
    match found {
        Checksum::Absent => "absent",
        Checksum::Right => "right",
        Checksum::Wrong { .. } if checksum::is_dp2(line, charset) => "dp2",
        Checksum::Wrong { .. } => "wrong",
    }
}

fn loan(answer: &LoanAnswer, facts: &mut BTreeMap<&'static str, String>) {
    facts.insert("lent", yes(answer.ok));
    facts.insert("release", yes(answer.release));
    facts.insert("title", answer.title.clone().unwrap_or_default());
    facts.insert("message", answer.message.clone().unwrap_or_else(|| "none".to_owned()));
    let refusal = answer.refusal.as_ref().map(|advice| format!("{advice:?}"));
    facts.insert("refusal", refusal.unwrap_or_default());
}

fn checkin(answer: &CheckinAnswer, facts: &mut BTreeMap<&'static str, String>) {
    facts.insert("returned", yes(answer.ok));
    facts.insert("on_loan", yes(answer.was_on_loan));
    facts.insert("secure", yes(answer.secure));
    let sort = match &answer.sort {
        Sort::Normal => "normal",
        Sort::Hold => "hold",
        Sort::Exception => "exception",
        Sort::Transit(_) => "transit",
    };
    facts.insert("sort", sort.to_owned());
}

/// Everything the station makes of a line.
fn facts(line: &[u8], profile: &Profile) -> BTreeMap<&'static str, String> {
    let mut facts = BTreeMap::new();
    let Ok(received) = Response::decode(line, profile.charset) else {
        facts.insert("no_message", String::new());
        return facts;
    };
    facts.insert("code", format!("{:02}", received.message.code().number()));
    facts.insert("check", check_of(line, profile.charset, received.checksum).to_owned());
    if let Response::PatronInformation(m) = &received.message {
        facts.insert("holds", number(m.hold_items_count));
        facts.insert("waiting", number(m.unavailable_holds_count));
        facts.insert("held_items", m.hold_items.join(","));
        facts.insert("waiting_items", m.unavailable_hold_items.join(","));
    }
    if let Response::AcsStatus(status) = &received.message {
        let wait = profile.timing.answer_timeout(status.timeout_period);
        facts.insert("wait", wait.as_secs().to_string());
        facts.insert("retries", profile.timing.retries(status.retries_allowed).to_string());
    }
    let outcome = Outcome::Answered(Box::new(received.message));
    let end = LinkAnswer { id: RequestId(1), outcome, transmissions: 1, raw: RawLine::default() };
    let now = date(2026, 11, 22).at(10, 30, 0, 0);
    match ils::answer(end, profile, &Sorting::default(), now, &|told| told.civil()) {
        Ok(Answer::Checkout(answer) | Answer::Renew(answer)) => loan(&answer, &mut facts),
        Ok(Answer::Checkin(answer)) => checkin(&answer, &mut facts),
        Ok(Answer::Patron(patron)) => {
            facts.insert("known", yes(patron.known));
            facts.insert("loans", number(patron.on_loan));
            facts.insert(
                "block",
                patron.block.map(|advice| format!("{advice:?}")).unwrap_or_default(),
            );
            facts.insert("owed", number(patron.owed));
            let items: Vec<&str> = patron.loans.iter().map(ItemId::as_str).collect();
            facts.insert("items", items.join(","));
        }
        _ => {}
    }
    facts
}

/// How a fixture writes a sentence of the station.
fn refusal_name(code: &str) -> String {
    ils::advice(code).map(|advice| format!("{advice:?}")).unwrap_or_default()
}

#[test]
fn every_system_is_understood_as_its_fixtures_say() {
    let mut seen = std::collections::BTreeSet::new();
    for fixture in include_str!("fixtures.txt").lines().filter(|line| !line.starts_with('#')) {
        let [system, line, wanted] = fixture.split(" ~ ").collect::<Vec<_>>()[..] else {
            panic!("not a fixture: {fixture}")
        };
        let profile = profile(system);
        let found = facts(&bytes_of(line, profile.charset), &profile);
        for fact in wanted.split_whitespace() {
            let (name, value) = fact.split_once('=').unwrap_or((fact, ""));
            let value = match name {
                "refusal" | "block" => refusal_name(value),
                _ => value.to_owned(),
            };
            assert_eq!(found.get(name), Some(&value), "{name} of {fixture}: {found:?}");
        }
        seen.insert(system);
    }
    assert_eq!(seen.len(), SYSTEMS.len(), "every system has fixtures");
}

#[test]
fn every_file_is_a_profile_whose_reasons_are_the_stations() {
    for system in SYSTEMS {
        let profile = profile(system.name);
        for rule in &profile.refusals {
            assert!(ils::advice(&rule.code).is_some(), "{}: {}", system.name, rule.code);
        }
        assert!(!system.signs().unwrap().is_empty(), "{}", system.name);
    }
}

#[test]
fn a_sites_own_settings_lie_over_the_systems() {
    let own: toml::Table = toml::from_str(
        "institution_id = \"YZLIB\"\nterminator = \"cr_lf\"\ntiming = { retries_max = 1 }\n\
         refusals = [{ contains = \"mine\", code = \"fees\" }]\n",
    )
    .unwrap();
    let koha = System::named("koha").unwrap().profile(own).unwrap();
    assert_eq!((koha.institution_id.as_str(), koha.patron_echo), ("YZLIB", false));
    assert_eq!(koha.terminator.bytes(), b"\r\n");
    assert_eq!((koha.timing.retries_max, koha.timing.answer_min_s), (1, 8));
    assert_eq!(koha.refusals[0].contains, "mine", "the site's reasons come first");
    assert!(koha.refusals.len() > 3);
    let wrong: toml::Table = toml::from_str("chekcsum = \"off\"").unwrap();
    assert!(System::named("koha").unwrap().profile(wrong).is_err());
    let unknown = System::named("kohaa").unwrap_err().to_string();
    assert!(unknown.contains("koha, evergreen"), "{unknown}");
}

#[test]
fn lines_sent_end_with_cr_alone() {
    for system in SYSTEMS {
        assert_eq!(profile(system.name).terminator.bytes(), b"\r", "{}", system.name);
    }
}

#[test]
fn what_no_block_means_differs_by_system() {
    let flags: Vec<bool> = ["koha", "evergreen", "dp2"].map(|name| profile(name).no_block).into();
    assert_eq!(flags, [true, false, false]);
}
