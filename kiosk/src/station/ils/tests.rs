//! Where a return goes, from the 10 as it comes over the wire.

use jiff::civil::date;

use super::{Sorting, answer};
use crate::owners::{BranchConfig, OwnerConfig, OwnerRule, Owners};
use crate::session::{Answer, Sort};
use crate::sip2::Response;
use crate::sip2::link::{Answer as LinkAnswer, Outcome, RawLine, RequestId};
use crate::sip2::profile::Profile;

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
    match answer(end, &profile, &sorting, now) {
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
