//! The data file: the built-in one loads, broken ones say why.

use std::collections::HashSet;

use jiff::civil::date;

use super::*;
use crate::practice::model::{CardState, Circulation};

fn today() -> Date {
    date(2026, 11, 22)
}

fn small(change: impl FnOnce(&mut Value)) -> Result<Data, DataError> {
    let mut root: Value = serde_json::from_str(
        r#"{
        "format": 1, "institution": "YZLIB", "library": {"zh": "馆", "en": "Library"},
        "accounts": [{"user": "kiosk01", "password": "s3cret", "charset": "gbk"}],
        "classes": [{"code": "adult", "zh": "成人", "en": "Adult", "loan_limit": 5,
                     "hold_limit": 2, "fee_limit": "10.00"}],
        "branches": [{"code": "A", "zh": "甲", "en": "A"}],
        "patrons": [{"number": "P1", "name": "张", "pin": "1", "class": "adult",
                     "expires": "2030-01-01"}],
        "items": [{"barcode": "B1", "title": "书", "owner": "CN-1", "home": "A"}],
        "loans": [{"item": "B1", "patron": "P1", "lent": "-3", "due": "+4"}],
        "holds": []}"#,
    )
    .unwrap();
    change(&mut root);
    parse("test.json", &root.to_string(), today())
}

fn problems(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let error = small(change).err().expect("the file has a problem");
    error.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn the_built_in_collection_is_believable() {
    let data = parse(COLLECTION_NAME, COLLECTION, today()).unwrap_or_else(|e| panic!("{e}"));
    let titles: HashSet<&str> = data.items.iter().map(|item| item.entry.title.as_str()).collect();
    let han = |text: &str| text.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c));
    let chinese = titles.iter().filter(|title| han(title)).count();
    assert!(chinese >= 200, "{chinese} Chinese titles");
    assert!(titles.len() - chinese >= 100, "{} others", titles.len() - chinese);
    for title in [
        "三体（典藏版）",
        "小王子",
        "平凡的世界 第一部",
        "活着",
        "扬中县志（1991）",
        "草房子",
        "Matilda",
        "红楼梦",
        "The Little Prince",
        "植物与人",
    ] {
        assert!(titles.contains(title), "{title}");
    }
    let item = |barcode: &str| {
        data.items.iter().find(|item| item.entry.barcode == barcode).expect("is there")
    };
    assert_eq!(item("XB0000042").entry.title, "活着");
    assert_eq!(item("XB0000042").entry.home, "XINBA");
    assert!(data.items.iter().any(|item| item.entry.parts == Some(4)));
    assert!(data.items.iter().any(|item| item.entry.loan_days == Some(7)));
    let county = data.items.iter().find(|item| item.entry.title == "扬中县志（1991）").unwrap();
    assert_eq!(county.entry.circulation, Circulation::NotForLoan);
    assert!(data.patrons.len() >= 12 && data.branches.len() >= 5);
    for state in [CardState::Blocked, CardState::Lost] {
        assert!(data.patrons.iter().any(|patron| patron.state == state));
    }
}

#[test]
fn the_example_of_the_page_loads() {
    let page = include_str!("../../../../docs/data-file.md");
    let example = page.split("```json").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let data = parse("docs/data-file.md", example, today()).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((data.patrons.len(), data.items.len(), data.holds.len()), (2, 3, 1));
    assert_eq!(data.items[2].at, "YZ-MAIN");
}

#[test]
fn relative_dates_count_from_today() {
    let data = small(|_| {}).unwrap();
    assert_eq!(data.loans[0].due, date(2026, 11, 26).at(23, 59, 0, 0));
    assert_eq!(data.loans[0].lent_at.date(), date(2026, 11, 19));
}

#[test]
fn problems_name_entry_field_and_remedy() {
    type Change = fn(&mut Value);
    let rows: [(Change, &str); 16] = [
        (|r| r["format"] = 2.into(), "file, format: must be 1"),
        (|r| r["extra"] = 1.into(), "file, extra: is not a known entry"),
        (|r| r["items"][0]["home"] = "Z".into(), "items[0] (B1), home: names no branch (Z)"),
        (|r| r["items"][0]["title"] = "".into(), "items[0] (B1), title: is empty"),
        (|r| r["items"][0]["title"] = "a|b".into(), "which SIP2 cannot carry"),
        (|r| r["items"][0]["colour"] = 1.into(), "items[0] (B1): unknown field `colour`"),
        (|r| r["items"][0]["media"] = "tablet".into(), "unknown variant `tablet`"),
        (|r| r["items"][0]["parts"] = 0.into(), "items[0] (B1), parts: must be 1 or more"),
        (|r| r["patrons"][0]["class"] = "x".into(), "patrons[0], class: names no class"),
        (|r| r["patrons"][0]["expires"] = "soon".into(), "patrons[0], expires: is not a date"),
        (|r| r["loans"][0]["patron"] = "P9".into(), "loans[0] (B1), patron: names no patron"),
        (|r| r["loans"][0]["due"] = "-9".into(), "loans[0] (B1), due: lies before lent"),
        (|r| r["classes"][0]["fee_limit"] = "ten".into(), "classes[0] (adult), fee_limit: is not"),
        (|r| r["accounts"][0]["charset"] = "ebcdic".into(), "accounts[0] (kiosk01): unknown"),
        (|r| r["branches"] = Value::Array(vec![]), "branches: is empty"),
        (|r| r["items"] = 5.into(), "items: must be a list"),
    ];
    for (change, expected) in rows {
        let problems = problems(change);
        assert!(problems.iter().any(|p| p.contains(expected)), "{expected}: {problems:?}");
    }
}

#[test]
fn all_problems_come_at_once_and_bounded() {
    let many = problems(|root| {
        root["items"][0]["home"] = "Z".into();
        root["patrons"][0]["expires"] = "never".into();
        root["loans"][0]["item"] = "B9".into();
    });
    assert!(many.len() >= 3, "{many:?}");
    let error = small(|root| {
        let broken = root["items"][0].clone();
        root["items"] = Value::Array(vec![broken; 200]);
    })
    .err()
    .unwrap();
    assert_eq!((error.problems.len(), error.more), (50, 149));
    assert!(error.to_string().contains("test.json: nothing was loaded, 199 problem(s)"));
}

#[test]
fn messages_name_no_reader() {
    let error = small(|root| {
        root["patrons"][0]["number"] = "0200001234".into();
        root["patrons"][0]["pin"] = "4711".into();
        root["patrons"][0]["name"] = "张三丰".into();
        root["patrons"][0]["class"] = "none".into();
    })
    .err()
    .unwrap();
    let text = format!("{error} {error:?}");
    for private in ["0200001234", "4711", "张三丰"] {
        assert!(!text.contains(private), "{text}");
    }
}

#[test]
fn a_pin_without_quotes_is_not_repeated() {
    let error = small(|root| root["patrons"][0]["pin"] = 4711.into()).err().unwrap();
    let text = error.to_string();
    assert!(text.contains("patrons[0]: a field is of the wrong kind"), "{text}");
    assert!(!text.contains("4711"), "{text}");
}

#[test]
fn what_is_not_json_says_where() {
    let error = parse("x.json", "{\n \"format\": 1,,\n}", today()).err().unwrap();
    assert!(error.to_string().contains("line 2"), "{error}");
    assert!(parse("x.json", "[]", today()).is_err());
    assert!(parse("x.json", "", today()).is_err());
}

#[test]
fn holds_make_sense() {
    let own = problems(|root| {
        root["holds"] = serde_json::json!([{"item": "B1", "patron": "P1", "pickup": "A"}]);
    });
    assert!(own[0].contains("has this item on loan"), "{own:?}");
    let ready = problems(|root| {
        root["holds"] =
            serde_json::json!([{"item": "B1", "patron": "P1", "pickup": "A", "ready": true}]);
    });
    assert!(ready.iter().any(|p| p.contains("holds[0] (B1), ready: needs")), "{ready:?}");
}
