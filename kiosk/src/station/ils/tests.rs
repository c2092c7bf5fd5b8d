//! Where a return goes, and which day is told, from answers as they come over the wire.

use jiff::civil::date;

use super::{Sorting, answer};
use crate::clock::{Clock, view_date};
use crate::owners::{BranchConfig, OwnerConfig, OwnerRule, Owners};
use crate::session::{Answer, Due, Sort};
use crate::sip2::Response;
use crate::sip2::link::{Answer as LinkAnswer, Outcome, RawLine, RequestId};
use crate::sip2::profile::Profile;
use crate::station::offline::library_time;

fn sorted(here: &str, alert: char, more: &str) -> Sort {
    let owner = |code: &str, rule| OwnerConfig {
        isils: vec![format!("CN-{code}")],
        codes: vec![code.to_owned()],
        rule,
        ..OwnerConfig::default()
    };
    let branch = |code: &str, owner: &str| BranchConfig {
        code: code.to_owned(),
        owner: Some(owner.to_owned()),
        ..BranchConfig::default()
    };
    let owners = vec![owner("YZLIB", OwnerRule::Lend), owner("ZJLIB", OwnerRule::Transit)];
    let branches = vec![branch("YZ-MAIN", "YZLIB"), branch("XINBA", "YZLIB")];
    let branches = [branches, vec![branch("ZJ", "ZJLIB")]].concat();
    let sorting = Sorting {
        owners: Owners::new(owners, branches, here.to_owned(), OwnerRule::Lend),
        hold_bins: vec!["H".to_owned()],
        exception_bins: vec!["X".to_owned()],
    };
    let line = format!("101YN{alert}20261122    103000AOYZLIB|ABYZ0000001|AJ书|{more}");
    let profile = Profile::default();
    let received = Response::decode(line.as_bytes(), profile.charset).unwrap();
    let outcome = Outcome::Answered(Box::new(received.message));
    let now = date(2026, 11, 22).at(10, 30, 0, 0);
    let end = LinkAnswer { id: RequestId(1), outcome, transmissions: 1, raw: RawLine::default() };
    match answer(end, &profile, &sorting, now, &|told| told.civil()) {
        Ok(Answer::Checkin(answer)) => answer.sort,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn destinations_follow_bin_alert_destination_and_home() {
    let transit = |to: &str| Sort::Transit(to.to_owned());
    for (alert, more, wanted) in [
        ('N', "AQYZ-MAIN|", Sort::Normal),
        ('N', "AQ|", Sort::Normal),
        ('N', "AQ三楼书库|", Sort::Normal),
        ('N', "AQXINBA|", transit("XINBA")),
        ('N', "AQZJLIB|", transit("ZJLIB")),
        ('N', "AQCN-ZJLIB|", transit("ZJLIB")),
        ('N', "AQYZ-MAIN|CTXINBA|", transit("XINBA")),
        ('N', "AQYZ-MAIN|CTYZLIB|", Sort::Normal),
        ('Y', "AQYZ-MAIN|CV01|", Sort::Hold),
        ('Y', "AQYZ-MAIN|CV02|CTXINBA|CY0200001234|", transit("XINBA")),
        ('Y', "AQXINBA|CV04|", transit("XINBA")),
        ('Y', "AQYZ-MAIN|CV04|", Sort::Exception),
        ('N', "AQYZ-MAIN|CLH|", Sort::Hold),
        ('N', "AQYZ-MAIN|CLX|", Sort::Exception),
        ('Y', "AQYZ-MAIN|CY0200001234|DA张三丰|", Sort::Hold),
        ('Y', "AQYZ-MAIN|CY|", Sort::Exception),
    ] {
        assert_eq!(sorted("YZ-MAIN", alert, more), wanted, "{more}");
    }
}

#[test]
fn at_another_branch_transit_is_home_and_home_is_transit() {
    let transit = |to: &str| Sort::Transit(to.to_owned());
    assert_eq!(sorted("XINBA", 'N', "AQXINBA|"), Sort::Normal);
    assert_eq!(sorted("XINBA", 'N', "AQYZ-MAIN|"), transit("YZ-MAIN"));
    assert_eq!(sorted("XINBA", 'Y', "AQYZ-MAIN|CV04|CTYZ-MAIN|"), transit("YZ-MAIN"));
    assert_eq!(sorted("YZ-MAIN", 'Y', "AQYZ-MAIN|CV04|CTXINBA|"), transit("XINBA"));
}

/// An answer at a station in Shanghai.
fn heard(line: &str) -> Answer {
    let profile = Profile::default();
    let received = Response::decode(line.as_bytes(), profile.charset).unwrap();
    let outcome = Outcome::Answered(Box::new(received.message));
    let end = LinkAnswer { id: RequestId(1), outcome, transmissions: 1, raw: RawLine::default() };
    let now = date(2026, 11, 22).at(10, 30, 0, 0);
    let clock = Clock::new("Asia/Shanghai").unwrap();
    answer(end, &profile, &Sorting::default(), now, &|told| library_time(told, &clock)).unwrap()
}

#[test]
fn days_are_those_of_the_stations_zone() {
    let loan = "121NNY20261122    103000AOYZLIB|AA0200001234|ABYZ0000001|AJ书|AH";
    let renewal = loan.replacen("121NNY", "301YNN", 1);
    let item = "1804000120261122    103000ABYZ0000001|AJ书|AH";
    for (due, day) in [
        ("20261213   Z170000", 14),
        ("20261213   Z155959", 13),
        ("20261213    170000", 13),
        ("20261213 EST170000", 13),
        ("2026-12-13", 13),
    ] {
        let wanted = Due::Day(view_date(date(2026, 12, day)));
        for line in [loan, &renewal, item] {
            let found = match heard(&format!("{line}{due}|")) {
                Answer::Checkout(m) | Answer::Renew(m) => m.due,
                Answer::Item(m) => m.due,
                other => panic!("{line}: {other:?}"),
            };
            assert_eq!(found, wanted, "{line}{due}");
        }
    }
}

#[test]
fn a_card_ends_on_the_day_of_the_stations_zone() {
    let account = "64              01920261122    103000000000000000000000000000AOX|AA1|AE|BLY|PA";
    // Until midnight in UTC the card is good for a day here that has begun.
    for (end, expires, expired) in [
        ("20261121   Z235959", date(2026, 11, 22), false),
        ("20261121    235959", date(2026, 11, 21), true),
    ] {
        let Answer::Patron(patron) = heard(&format!("{account}{end}|")) else { panic!("64") };
        assert_eq!((patron.expires, patron.block.is_some()), (Some(expires), expired), "{end}");
    }
}
