//! The catalogue: complete, alike in both languages, short enough, and kind.

use std::collections::{BTreeMap, BTreeSet};

use ui::lang::{
    Arg, advice, advice_key, date_paper, date_screen, line_state, note, state_line, words,
};
use ui::view::{Advice, Date, Destination, DeviceKind, Language, LineState, Note, StateLine};

const ZH: &str = include_str!("../lang/zh-CN.ftl");
const EN: &str = include_str!("../lang/en.ftl");
const BOTH: [Language; 2] = [Language::ZhCn, Language::En];

/// Keys and the text below each, as written in the file.
fn messages(source: &str) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut key = String::new();
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        let starts = line.starts_with(|c: char| c.is_ascii_lowercase());
        match line.split_once(" = ") {
            Some((name, value)) if starts => {
                key = name.to_owned();
                assert!(
                    found.insert(key.clone(), value.to_owned()).is_none(),
                    "{key} is there twice"
                );
            }
            _ => {
                if let Some(text) = found.get_mut(&key) {
                    text.push('\n');
                    text.push_str(line);
                }
            }
        }
    }
    found
}

fn variables(text: &str) -> BTreeSet<String> {
    text.split('$')
        .skip(1)
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric()).collect())
        .collect()
}

/// The text with every variable given: 1 chooses the first branch of yes/no selectors.
fn sample(language: Language, key: &str, text: &str, number: i64) -> String {
    const NUMBERS: [&str; 14] = [
        "n", "ok", "no", "used", "left", "max", "want", "got", "all", "secured", "on", "released",
        "page", "renewed",
    ];
    let names = variables(text);
    let args = names
        .iter()
        .map(|name| {
            let arg = if NUMBERS.contains(&name.as_str()) { Arg::N(number) } else { Arg::S("#") };
            (name.as_str(), arg)
        })
        .collect::<Vec<_>>();
    words(language).with(key, &args)
}

fn is_han(c: char) -> bool {
    ('\u{3000}'..='\u{9fff}').contains(&c) || ('\u{ff00}'..='\u{ffef}').contains(&c)
}

#[test]
fn both_files_have_the_same_keys_and_variables() {
    let (zh, en) = (messages(ZH), messages(EN));
    assert!(zh.len() > 300, "the files were not read: {}", zh.len());
    let missing = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>| {
        a.keys().filter(|key| !b.contains_key(*key)).cloned().collect::<Vec<_>>()
    };
    assert_eq!(missing(&zh, &en), Vec::<String>::new(), "not in en.ftl");
    assert_eq!(missing(&en, &zh), Vec::<String>::new(), "not in zh-CN.ftl");
    for (key, text) in &zh {
        assert_eq!(variables(text), variables(&en[key]), "variables of {key}");
    }
}

#[test]
fn every_message_can_be_said_in_full() {
    for (language, source) in [(Language::ZhCn, ZH), (Language::En, EN)] {
        for (key, text) in messages(source) {
            assert!(words(language).has(&key), "{key} does not parse in {}", language.tag());
            for number in [0, 1, 2] {
                let said = sample(language, &key, &text, number);
                assert_ne!(said, key, "{key} says nothing in {}", language.tag());
                assert!(!said.contains(['{', '}', '$']), "{key} is cut: {said}");
            }
        }
    }
}

#[test]
fn english_has_no_chinese_but_the_name_of_the_other_language() {
    for (key, text) in messages(EN) {
        let rest = text.replace("中文", "");
        assert!(!rest.chars().any(is_han), "{key}: {text}");
    }
}

#[test]
fn nobody_is_blamed() {
    for (key, text) in messages(ZH) {
        for word in ["失败", "错误", "非法", "拒绝"] {
            assert!(!text.contains(word), "{key} says {word}");
        }
    }
    for (key, text) in messages(EN) {
        for word in ["invalid", "illegal", "denied", "error", "fail", "administrator"] {
            assert!(!text.to_lowercase().contains(word), "{key} says {word}");
        }
    }
}

#[test]
fn titles_and_bodies_keep_their_length() {
    for (language, source, title, body) in
        [(Language::ZhCn, ZH, 14, 60), (Language::En, EN, 34, 140)]
    {
        for (key, text) in messages(source) {
            let length = sample(language, &key, &text, 2).chars().count();
            let limit = if key.ends_with("-title") { title } else { body };
            assert!(
                length <= limit,
                "{key} is {length} long in {}, {limit} at most",
                language.tag()
            );
        }
    }
}

#[test]
fn plurals_are_english() {
    let said = |n| words(Language::En).with("fin-head-borrowed", &[("n", Arg::N(n))]);
    assert_eq!((said(1), said(3)), ("1 book borrowed".into(), "3 books borrowed".into()));
    let said = words(Language::ZhCn).with("fin-head-borrowed", &[("n", Arg::N(3))]);
    assert_eq!(said, "借好了 3 本");
}

#[test]
fn a_key_nobody_wrote_comes_back_as_itself() {
    assert_eq!(words(Language::En).text("no-such-key"), "no-such-key");
    assert!(!words(Language::En).has("no-such-key"));
}

#[test]
fn dates_follow_the_language() {
    let day = Date { year: 2026, month: 12, day: 6, weekday: 7 };
    assert_eq!(date_screen(day, Language::ZhCn), "12月6日（周日）");
    assert_eq!(date_screen(day, Language::En), "Sun 6 Dec");
    assert_eq!(date_paper(day), "2026-12-06");
    let odd = Date { year: 2026, month: 13, day: 6, weekday: 0 };
    assert_eq!(date_screen(odd, Language::ZhCn), "13月6日");
    assert_eq!(date_screen(odd, Language::En), "6");
}

/// Every advice, with numbers where it has any.
fn all_advice() -> Vec<Advice> {
    use Advice::*;
    vec![
        CardUnread,
        CardUnknown,
        CardExpired,
        CardLost,
        CardBlocked,
        CardIsItem,
        ItemIsCard,
        TwoCards,
        CardOther,
        QrExpired,
        QrUsed,
        PinWrong,
        PinLocked { minutes: 5 },
        Limit,
        OverBy { n: 2 },
        Fees,
        LateItems,
        InLibrary,
        HeldOther,
        OnLoanOther,
        AlreadyYours,
        ItemUnknown,
        Withdrawn,
        Age,
        PartsMissing { all: 4, got: 3 },
        MediaHere,
        TagBad,
        TagForeign,
        SecFail,
        SecFailUndo,
        Lifted,
        RenewHeld,
        RenewMax,
        RenewEarly,
        RetNo,
        RetOther,
        IlsDown,
        OfflineLimit,
        Unsure,
        ReaderDown,
        PaperOut,
        PrintFail,
        QueueFull,
        AskStaff,
    ]
}

#[test]
fn every_advice_has_words() {
    for code in all_advice() {
        // The key is the serialized name of the code with dashes: one list, not two.
        let name = serde_json::to_value(code).unwrap();
        let name = name.as_str().map_or_else(
            || name.as_object().unwrap().keys().next().unwrap().clone(),
            str::to_owned,
        );
        assert_eq!(advice_key(&code), format!("err-{}", name.replace('_', "-")));
        for language in BOTH {
            let said = advice(&code, language);
            assert!(!said.starts_with("err-") && !said.contains('$'), "{code:?}: {said}");
        }
    }
    let said = advice(&Advice::PartsMissing { all: 4, got: 3 }, Language::En);
    assert_eq!(said, "Set of 4, 3 found. Please add the rest");
}

#[test]
fn view_types_become_sentences() {
    let branch = Note::Put(Destination::Transit { branch: "油坊分馆".into() });
    assert_eq!(note(&branch, Language::ZhCn), "这本书属于油坊分馆，请放到转送筐");
    let theirs = |taken_back| Note::Owner { owner: "镇江市图书馆".into(), taken_back };
    assert_eq!(note(&theirs(true), Language::ZhCn), "这本书属于镇江市图书馆，这里只能还");
    assert_eq!(note(&theirs(false), Language::ZhCn), "这本书属于镇江市图书馆，请到那里借还");
    assert_eq!(note(&Note::None, Language::En), "");
    assert_eq!(line_state(LineState::Queued, Language::ZhCn), "已记录，稍后登记");
    let waiting = StateLine::Starting { missing: vec![DeviceKind::Printer, DeviceKind::Library] };
    assert_eq!(state_line(&waiting, Language::ZhCn), "正在等待凭条打印机、图书馆系统");
    assert_eq!(
        state_line(&waiting, Language::En),
        "Waiting for the receipt printer, the library system"
    );
}
