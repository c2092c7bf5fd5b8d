//! The practice library seen from the wire: dialogues of sip2.md section 11 and every refusal.

mod practice_support;

use kiosk::practice::{Duplicates, refusal_map};
use practice_support::{DATA, Library, Station, field, fields, framed};
use proptest::prelude::*;

/// Code and fixed part of 12, 10 and 30.
const LOAN: usize = 24;

#[test]
fn the_dialogue_of_the_reference_byte_for_byte() {
    let library = Library::start();
    let mut station = library.station();
    for (request, answer) in [
        ("9300CNkiosk01|COs3cret|CPYZ-MAIN-01|AY0AZF33C", "941AY0AZFDFD"),
        (
            "11YN20261122    103000                  AOYZLIB|AA0200001234|ABYZ0000789|AC|AD1234|BON|BIN|AY3AZEA06",
            "121NNY20261122    103000AOYZLIB|AA0200001234|ABYZ0000789|AJ三体|AH20261213    235900|CK001|AY3AZE5FD",
        ),
        (
            "29NN20261122    103000                  AOYZLIB|AA0200001234|AD1234|ABYZ0000789|AC|BON|AY0AZEB60",
            "301YNN20261122    103000AOYZLIB|AA0200001234|ABYZ0000789|AJ三体|AH20261213    235900|CK001|AY0AZE600",
        ),
        (
            "1920261122    103000AOYZLIB|ABYZ0000789|AC|CHafi=07|AY8AZF16A",
            "20120261122    103000ABYZ0000789|AJ三体|CHafi=07|AY8AZ",
        ),
        (
            "3520261122    103000AOYZLIB|AA0200001234|AC|AY9AZF476",
            "36Y20261122    103000AOYZLIB|AA0200001234|AY9AZF51C",
        ),
        ("97AZFEF5", "36Y20261122    103000AOYZLIB|AA0200001234|AY9AZF51C"),
    ] {
        station.send(format!("{request}\r").as_bytes());
        let line = String::from_utf8(station.line().unwrap()).unwrap();
        assert!(line.starts_with(answer), "{line}");
    }
}

#[test]
fn gbk_titles_leave_in_gbk() {
    let library = Library::with(DATA, |config| config.charset = kiosk::sip2::Charset::Gbk);
    let mut station = library.station();
    station.send(b"11YN20261122    103000                  AOYZLIB|AA0200001234|ABYZ0000789|AC|AD1234|BON|BIN|AY3AZEA06\r");
    let line = station.line().unwrap();
    assert!(line.windows(6).any(|w| w == b"AJ\xC8\xFD\xCC\xE5"));
    assert!(line.ends_with(b"AY3AZE6E0"), "the checksum the reference gives for GBK");
}

#[test]
fn status_offers_everything() {
    let library = Library::start();
    let mut station = library.station();
    station.ask("9300CNkiosk01|COx|CPXINBA-02|");
    let status = station.ask("9900482.00");
    assert!(status.starts_with("98YYYYYY30000320261122    1030002.00AOYZLIB|"), "{status}");
    assert_eq!(field(&status, 36, "BX"), Some("YYYYYYYYYYYYYYYY"));
    assert_eq!(field(&status, 36, "AN"), Some("XINBA-02"));
}

#[test]
fn every_refusal_of_a_loan_has_its_text_in_both_languages() {
    let rows = [
        ("0200008888", "YZ0000021", "card_unknown"),
        ("0200000002", "YZ0000021", "card_expired"),
        ("0200000003", "YZ0000021", "card_blocked"),
        ("0200000004", "YZ0000021", "card_lost"),
        ("0200000005", "YZ0000021", "fees"),
        ("0200000006", "YZ0000021", "late_items"),
        ("0200000007", "YZ0000021", "limit"),
        ("0200001234", "YZ0009999", "item_unknown"),
        ("0200001234", "YZ0000002", "withdrawn"),
        ("0200001234", "YZ0000003", "withdrawn"),
        ("0200001234", "YZ0000001", "in_library"),
        ("0200001234", "YZ0000011", "on_loan_other"),
        ("0200001234", "YZ0000013", "already_yours"),
        ("0200001234", "YZ0000004", "held_other"),
        ("0200000001", "YZ0000005", "age"),
    ];
    let map = refusal_map();
    let library = Library::start();
    let mut station = library.station();
    for language in ["019", "001"] {
        for (patron, item, code) in rows {
            station.account(patron, language, None);
            let answer = station.borrow(patron, item);
            assert!(answer.starts_with("120NUN20261122    103000AOYZLIB|"), "{code}: {answer}");
            assert_eq!(field(&answer, LOAN, "AH"), Some(""), "{code}");
            let text = field(&answer, LOAN, "AF").expect("a refusal says why");
            let found = map.iter().find(|(known, _)| known == text).map(|(_, code)| *code);
            assert_eq!(found, Some(code), "{text}");
            assert_eq!(text.is_ascii(), language == "001", "{text}");
        }
    }
    assert_eq!(library.story(), Vec::<String>::new(), "a refusal is not in the ledger");
}

#[test]
fn every_refusal_of_a_renewal() {
    let library = Library::start();
    let mut station = library.station();
    for (patron, item, text) in [
        ("0200001234", "YZ0000013", "续借次数用完了"),
        ("0200001234", "YZ0000014", "有读者在等，不能续"),
        ("0200001234", "YZ0000021", "这本不在您名下，不能续"),
        ("0200001234", "YZ0000012", "这本已借给其他读者"),
        ("0200000006", "YZ0000011", "有书过期未还，还了就可以借"),
    ] {
        let answer = station.renew(patron, item);
        assert!(answer.starts_with("300N"), "{answer}");
        assert_eq!(field(&answer, LOAN, "AF"), Some(text));
    }
    let all = station.ask("6520261122    103000AOYZLIB|AA0200001234|AD1234|AC|BON|");
    assert!(
        all.starts_with("6610000000220261122    103000AOYZLIB|BNYZ0000013|BNYZ0000014|"),
        "{all}"
    );
    station.borrow("0200001234", "YZ0000021");
    let all = station.ask("6520261122    103000AOYZLIB|AA0200001234|AD|AC|BON|");
    assert!(all.starts_with("6610001000220261122    103000AOYZLIB|BMYZ0000021|"), "{all}");
}

#[test]
fn an_own_loan_is_renewed_only_where_the_station_permits() {
    let library = Library::start();
    let mut station = library.station();
    assert!(station.borrow("0200001234", "YZ0000021").starts_with("121NNY"));
    assert!(station.borrow("0200001234", "YZ0000021").starts_with("120NUN"));
    library.set_time("2026-11-24T09:00:00");
    let renewed = station.ask(
        "11YN20261124    090000                  AOYZLIB|AA0200001234|ABYZ0000021|AC|BON|BIN|",
    );
    assert!(renewed.starts_with("121YNY20261124    090000"), "{renewed}");
    assert_eq!(field(&renewed, LOAN, "AH"), Some("20261215    235900"));
    assert_eq!(library.story(), ["loan YZ0000021", "renewal YZ0000021"]);
}

#[test]
fn returns_are_sorted() {
    let library = Library::start();
    let mut station = library.station();
    station.ask("9300CNk|COx|CPYZ-MAIN-01|");
    // Not on loan: ok, nobody named, and said so.
    let answer = station.give_back("YZ0000021");
    assert!(answer.starts_with("101YNN"), "{answer}");
    assert_eq!(field(&answer, LOAN, "AA"), None);
    assert_eq!(field(&answer, LOAN, "AF"), Some("这本没有借出记录"));
    assert_eq!(field(&answer, LOAN, "CL"), Some("1"));
    // Another branch's.
    let answer = station.give_back("XB0000042");
    assert!(answer.starts_with("101YNY"), "{answer}");
    for (id, value) in [("AQ", "XINBA"), ("CT", "XINBA"), ("CV", "04"), ("CL", "3")] {
        assert_eq!(field(&answer, LOAN, id), Some(value), "{id}");
    }
    assert!(field(&answer, LOAN, "AF").unwrap().contains("新坝分馆"));
    // A hold for elsewhere, and one for here.
    let answer = station.give_back("YZ0000014");
    for (id, value) in
        [("AA", "0200001234"), ("CT", "XINBA"), ("CV", "02"), ("CY", "0200009999"), ("CL", "3")]
    {
        assert_eq!(field(&answer, LOAN, id), Some(value), "{id}");
    }
    let answer = station.give_back("YZ0000012");
    for (id, value) in [("CT", "YZ-MAIN"), ("CV", "01"), ("CL", "2")] {
        assert_eq!(field(&answer, LOAN, id), Some(value), "{id}");
    }
    assert!(!answer.contains("Ada"), "the waiting reader's name stays inside");
    // Unknown, withdrawn, lost.
    let answer = station.give_back("YZ0009999");
    assert!(answer.starts_with("100NUY"), "{answer}");
    assert_eq!(field(&answer, LOAN, "CV"), Some("99"));
    let answer = station.give_back("YZ0000002");
    assert!(answer.starts_with("100NUY"), "{answer}");
    assert_eq!(field(&answer, LOAN, "CV"), Some("99"));
    let answer = station.give_back("YZ0000003");
    assert!(answer.starts_with("101YNY"), "{answer}");
    assert_eq!(field(&answer, LOAN, "CV"), Some("99"));
    // The branch of AP counts before that of the login.
    let answer =
        station.ask("09N20261122    10300020261122    103000APXINBA|AOYZLIB|ABXB0000042|AC|BIN|");
    assert!(answer.starts_with("101YNN"), "{answer}");
    let branches: Vec<String> =
        library.practice.ledger().unwrap().into_iter().map(|entry| entry.branch).collect();
    assert_eq!(branches.last().map(String::as_str), Some("XINBA"));
}

#[test]
fn a_library_can_refuse_what_is_not_on_loan() {
    let data = DATA.replace(r#""loan_days": 21"#, r#""checked_in_ok": false, "loan_days": 21"#);
    let library = Library::with(&data, |_| {});
    let mut station = library.station();
    station.account("0200009999", "001", None);
    let answer = station.give_back("YZ0000789");
    assert!(
        answer.starts_with("100NUY20261122    103000AOYZLIB|ABYZ0000789|AQYZ-MAIN|"),
        "{answer}"
    );
    assert_eq!(field(&answer, LOAN, "AF"), Some("Item not checked out"));
    assert_eq!(field(&answer, LOAN, "CV"), Some("99"));
}

#[test]
fn a_late_return_costs_and_the_fee_is_paid_once() {
    let library = Library::start();
    let mut station = library.station();
    let answer = station.give_back("YZ0000011");
    assert_eq!(field(&answer, LOAN, "AF"), Some("这本过期 3 天，费用 0.30 元"));
    let status = station.ask("2301920261122    103000AOYZLIB|AA0200000006|AC|AD6|");
    assert_eq!(field(&status, 37, "BV"), Some("0.30"));
    let pay = |amount: &str, bk: &str, patron: &str| {
        format!("3720261122    1030000400CNYBV{amount}|AOYZLIB|AA{patron}|AC|BK{bk}|")
    };
    let paid = station.ask(&pay("0.10", "K-1", "0200000006"));
    assert_eq!(paid, "38Y20261122    103000AOYZLIB|AA0200000006|BKK-1|");
    assert!(station.ask(&pay("0.10", "K-1", "0200000006")).starts_with("38Y"), "same again");
    let status = station.ask("2301920261122    103000AOYZLIB|AA0200000006|AC|AD|");
    assert_eq!(field(&status, 37, "BV"), Some("0.20"), "booked once");
    for refused in [
        pay("0.20", "K-1", "0200000006"),
        pay("0.10", "K-1", "0200000005"),
        pay("0.30", "K-2", "0200000006"),
        pay("0", "K-3", "0200000006"),
        pay("-1", "K-3", "0200000006"),
        pay("0.20", "K-4", "0200000006").replace("CNYBV", "USDBV"),
        format!("{}CG999|", pay("0.20", "K-5", "0200000006")),
    ] {
        assert!(station.ask(&refused).starts_with("38N"), "{refused}");
    }
    assert!(station.ask(&pay("0.20", "K-6", "0200000006")).starts_with("38Y"));
    assert_eq!(library.story(), ["return YZ0000011", "fee_paid -", "fee_paid -"]);
}

#[test]
fn a_failed_loan_is_undone_without_trace() {
    let library = Library::start();
    let mut station = library.station();
    station.ask("9300CNk|COx|CPYZ-MAIN-01|");
    let undo = "09N20261122    10300020261122    103000AP|AOYZLIB|ABYZ0000004|AC|BIY|";
    // A held item, lent to the one who waited, then undone: the hold stands again.
    assert!(station.borrow("0200009999", "YZ0000004").starts_with("121"));
    library.set_time("2026-11-22T10:39:59");
    let answer = station.ask(undo);
    assert!(answer.starts_with("101YNN"), "{answer}");
    assert!(station.borrow("0200001234", "YZ0000004").starts_with("120"), "held again");
    assert!(station.ask(undo).starts_with("101"), "asked twice, undone once");
    let info = station.ask("1720261122    103000AOYZLIB|ABYZ0000004|AC|");
    assert!(info.starts_with("1808"), "on the hold shelf: {info}");
    assert_eq!(library.story(), ["loan YZ0000004", "loan_cancelled YZ0000004"]);
    // Too late.
    station.borrow("0200001234", "YZ0000021");
    library.set_time("2026-11-22T10:49:59");
    let late = station.ask(&undo.replace("YZ0000004", "YZ0000021"));
    assert!(late.starts_with("100NUY"), "{late}");
    assert_eq!(field(&late, LOAN, "AF"), Some("办理已超过时限，不能撤销"));
}

#[test]
fn a_failed_return_is_undone_with_its_fee() {
    let library = Library::start();
    let mut station = library.station();
    station.give_back("YZ0000011");
    let answer = station.ask(
        "11NN20261122    103000                  AOYZLIB|AA0200000006|ABYZ0000011|AC|BON|BIY|",
    );
    assert!(answer.starts_with("121NNY"), "{answer}");
    assert_eq!(field(&answer, LOAN, "AH"), Some("20261119    235900"));
    let account = station.account("0200000006", "019", Some(1));
    assert_eq!(field(&account, 61, "BV"), Some("0.00"));
    assert_eq!(fields(&account, 61, "AT"), ["YZ0000011"]);
}

#[test]
fn what_happened_off_line_is_recorded_with_its_times() {
    let library = Library::start();
    let mut station = library.station();
    // A blocked card, no matter: it has happened.
    let answer = station.ask(
        "11YY20261121    22140520261212    235900AOYZLIB|AA0200000003|ABYZ0000789|AC|BON|BIN|",
    );
    assert!(answer.starts_with("121NNY"), "{answer}");
    assert_eq!(field(&answer, LOAN, "AH"), Some("20261212    235900"));
    // Reported again on a new connection: counted once.
    let mut again = library.station();
    let answer = again.ask(
        "11YY20261121    22140520261212    235900AOYZLIB|AA0200000003|ABYZ0000789|AC|BON|BIN|",
    );
    assert!(answer.starts_with("121NNY"), "{answer}");
    // In UTC: 18:00 Z is 02:00 of the next day here.
    let answer = again.ask("09Y20261122    10300020261121   Z180000AP|AOYZLIB|ABYZ0000789|AC|BIN|");
    assert!(answer.starts_with("101YNN"), "{answer}");
    // A late return, in the drop before it was due: no fee.
    let answer = again.ask("09Y20261122    10300020261119    233012AP|AOYZLIB|ABYZ0000011|AC|BIN|");
    assert_eq!(fields(&answer, LOAN, "AF"), Vec::<&str>::new());
    let ledger = library.practice.ledger().unwrap();
    let events: Vec<String> = ledger.iter().map(|e| e.event_at.to_string()).collect();
    assert_eq!(events, ["2026-11-21T22:14:05", "2026-11-22T02:00:00", "2026-11-19T23:30:12"]);
    assert!(ledger.iter().all(|entry| entry.block == kiosk::practice::Block::No));
    // What cannot be recorded is refused all the same.
    let answer = again.ask(
        "11YY20261121    22140520261212    235900AOYZLIB|AA0200001234|ABYZ0000012|AC|BON|BIN|",
    );
    assert!(answer.starts_with("120"), "{answer}");
}

#[test]
fn a_return_older_than_the_present_loan_leaves_it_alone() {
    let library = Library::start();
    let mut station = library.station();
    station.borrow("0200001234", "YZ0000021");
    let answer =
        station.ask("09Y20261122    10310020261121    200000AP|AOYZLIB|ABYZ0000021|AC|BIN|");
    assert_eq!(field(&answer, LOAN, "AA"), None, "{answer}");
    let open = library.practice.open_loans().unwrap();
    assert!(open.iter().any(|loan| loan.item == "YZ0000021"));
}

#[test]
fn a_library_without_replay_renews_what_comes_twice() {
    let request = framed(
        "11YN20261122    103000                  AOYZLIB|AA0200001234|ABYZ0000789|AC|BON|BIN|",
        3,
    );
    for (duplicates, second, story) in [
        (Duplicates::Replay, "121N", vec!["loan YZ0000789"]),
        (Duplicates::Process, "121Y", vec!["loan YZ0000789", "renewal YZ0000789"]),
    ] {
        let library = Library::with(DATA, |config| config.duplicates = duplicates);
        let mut station = library.station();
        station.send(&request);
        let first = station.line().unwrap();
        assert!(first.starts_with(b"121N"));
        station.send(&request);
        let repeated = station.line().unwrap();
        assert!(repeated.starts_with(second.as_bytes()), "{duplicates:?}");
        assert_eq!(repeated == first, duplicates == Duplicates::Replay);
        assert_eq!(library.story(), story);
    }
}

#[test]
fn an_account_tells_counts_limits_and_lists() {
    let library = Library::start();
    let mut station = library.station();
    let answer = station.account("0200001234", "019", Some(2));
    assert!(
        answer.starts_with("64              01920261122    103000000000000002000000000000AOYZLIB|"),
        "{answer}"
    );
    assert_eq!(fields(&answer, 61, "AU"), ["YZ0000013", "YZ0000014"]);
    for (id, value) in [
        ("AA", "0200001234"),
        ("AE", "张伟"),
        ("BZ", "0005"),
        ("CA", "0000"),
        ("CB", "0010"),
        ("BL", "Y"),
        ("BH", "CNY"),
        ("BV", "0.00"),
        ("CC", "10.00"),
        ("PA", "20300101    235900"),
        ("PC", "adult"),
    ] {
        assert_eq!(field(&answer, 61, id), Some(value), "{id}");
    }
    let ada = station.account("0200009999", "000", Some(0));
    assert!(
        ada.starts_with("64              00120261122    103000000100000000000000000002AOYZLIB|"),
        "{ada}"
    );
    assert_eq!(fields(&ada, 61, "AS"), ["YZ0000004"]);
    assert_eq!(fields(&station.account("0200009999", "000", Some(5)), 61, "CD").len(), 2);
    let owing = station.account("0200000005", "019", Some(3));
    assert_eq!(fields(&owing, 61, "AV").len(), 1);
    assert!(fields(&owing, 61, "AV")[0].ends_with(" 12.50"), "{owing}");
    // The window of a list, counted from 1.
    let window =
        station.ask("6301920261122    103000  Y       AOYZLIB|AA0200001234|AC|AD1234|BP2|BQ2|");
    assert_eq!(fields(&window, 61, "AU"), ["YZ0000014"]);
    assert_eq!(field(&window, 61, "CQ"), Some("Y"));
    // A wrong PIN is said, and the lists stay closed.
    let wrong = station.ask("6301920261122    103000  Y       AOYZLIB|AA0200001234|AC|AD9|");
    assert_eq!(field(&wrong, 61, "CQ"), Some("N"));
    assert_eq!(fields(&wrong, 61, "AU"), Vec::<&str>::new());
}

#[test]
fn standing_shows_in_the_fourteen_positions() {
    let library = Library::start();
    let mut station = library.station();
    for (patron, flags) in [
        ("0200001234", "              "),
        ("0200008888", "YYYY          "),
        ("0200000002", "YYYY          "),
        ("0200000003", "YYYY          "),
        ("0200000004", "YYYYY         "),
        ("0200000005", "YY        Y   "),
        ("0200000006", "YY    Y       "),
        ("0200000007", "Y    Y        "),
    ] {
        let answer = station.ask(&format!("2301920261122    103000AOYZLIB|AA{patron}|AC|AD|"));
        assert_eq!(&answer[..37], format!("24{flags}01920261122    103000"), "{patron}");
        let known = if patron == "0200008888" { "N" } else { "Y" };
        assert_eq!(field(&answer, 37, "BL"), Some(known));
    }
    let unknown = station.ask("2301920261122    103000AOYZLIB|AA0200008888|AC|AD|");
    assert_eq!(field(&unknown, 37, "AE"), Some(""));
}

#[test]
fn items_tell_where_they_are() {
    let library = Library::start();
    let mut station = library.station();
    for (item, status) in [
        ("YZ0000789", "03"),
        ("YZ0000013", "04"),
        ("YZ0000004", "08"),
        ("YZ0000003", "12"),
        ("YZ0000002", "01"),
        ("YZ0000001", "01"),
        ("YZ0009999", "01"),
    ] {
        let answer = station.ask(&format!("1720261122    103000AOYZLIB|AB{item}|AC|"));
        assert!(answer.starts_with(&format!("18{status}000120261122    103000")), "{answer}");
    }
    let free = station.ask("1720261122    103000AOYZLIB|ABYZ0000789|AC|");
    assert_eq!(
        free,
        "1803000120261122    103000CF0|ABYZ0000789|AJ三体|BGYZLIB|CK001|AQYZ-MAIN|APYZ-MAIN|"
    );
    let held = station.ask("1720261122    103000AOYZLIB|ABYZ0000004|AC|");
    assert_eq!(field(&held, 26, "CM"), Some("20261129    235900"));
    let set = station.ask("1720261122    103000AOYZLIB|ABYZ0000006|AC|");
    assert_eq!(field(&set, 26, "CH"), Some("parts=4"));
    station.give_back("XB0000042");
    let moving = station.ask("1720261122    103000AOYZLIB|ABXB0000042|AC|");
    assert!(moving.starts_with("1810"), "{moving}");
}

#[test]
fn holds_come_and_go() {
    let library = Library::start();
    let mut station = library.station();
    let hold = |mode: &str, patron: &str, item: &str, branch: &str| {
        format!(
            "15{mode}20261122    103000BW20270101    000000|BS{branch}|BY3|AOYZLIB|AA{patron}|AD|AB{item}|AC|BON|"
        )
    };
    let placed = station.ask(&hold("+", "0200001234", "YZ0000789", "YZ-MAIN"));
    assert!(placed.starts_with("161Y20261122    103000"), "{placed}");
    assert_eq!(field(&placed, 22, "BR"), Some("1"));
    let second = station.ask(&hold("+", "0200009999", "YZ0000789", "XINBA"));
    assert_eq!(field(&second, 22, "BR"), Some("2"));
    for (request, text) in [
        (hold("+", "0200001234", "YZ0000789", "YZ-MAIN"), "您已经预约过这本"),
        (hold("+", "0200001234", "YZ0000013", "YZ-MAIN"), "这本已在您名下"),
        (hold("+", "0200001234", "YZ0000021", "MARS"), "没有这个取书地点"),
        (hold("+", "0200001234", "YZ0000001", "YZ-MAIN"), "这本只能馆内看"),
        (hold("-", "0200001234", "YZ0000021", "YZ-MAIN"), "没有找到这个预约"),
        (hold("+", "0200000003", "YZ0000021", "YZ-MAIN"), "这张证暂时不能借书，请到服务台"),
    ] {
        let answer = station.ask(&request);
        assert!(answer.starts_with("160N"), "{answer}");
        assert_eq!(field(&answer, 22, "AF"), Some(text));
    }
    assert!(station.ask(&hold("+", "0200000001", "YZ0000021", "YZ-MAIN")).starts_with("161"));
    let full = station.ask(&hold("+", "0200000001", "YZ0000022", "YZ-MAIN"));
    assert_eq!(field(&full, 22, "AF"), Some("预约数量已满"));
    // The second may not borrow it before the first gives up.
    assert!(station.borrow("0200009999", "YZ0000789").starts_with("120"));
    assert!(station.ask(&hold("*", "0200001234", "YZ0000789", "XINBA")).starts_with("161"));
    assert!(station.ask(&hold("-", "0200001234", "YZ0000789", "XINBA")).starts_with("161"));
    assert!(station.borrow("0200009999", "YZ0000789").starts_with("121"));
    let by_title = station.ask("15+20261122    103000BY2|AOYZLIB|AA0200001234|AD|AJ空闲丁|AC|BON|");
    assert_eq!(field(&by_title, 22, "AB"), Some("YZ0000024"));
}

#[test]
fn a_hold_ends_when_it_is_wanted_no_longer() {
    let library = Library::start();
    let mut station = library.station();
    let placed = station.ask(
        "15+20261122    103000BW20261130    000000|BY3|AOYZLIB|AA0200001234|AD|ABYZ0000789|AC|",
    );
    assert!(placed.starts_with("161Y"), "{placed}");
    assert!(station.borrow("0200009999", "YZ0000789").starts_with("120N"));
    library.set_time("2026-11-30T00:00:01");
    assert!(station.borrow("0200009999", "YZ0000789").starts_with("121N"));
}

/// What the property below does.
#[derive(Debug, Clone, Copy)]
enum Act {
    Borrow(usize, usize),
    GiveBack(usize),
    Undo(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..2usize, 0..4usize).prop_map(|(patron, item)| Act::Borrow(patron, item)),
        (0..4usize).prop_map(Act::GiveBack),
        (0..4usize).prop_map(Act::Undo),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// A library of four items and two patrons agrees with a table of who has what, and its ledger
    /// adds up to it.
    #[test]
    fn the_library_agrees_with_a_table(acts in proptest::collection::vec(act(), 1..40)) {
        const PATRONS: [&str; 2] = ["0200001234", "0200009999"];
        const ITEMS: [&str; 4] = ["YZ0000021", "YZ0000022", "YZ0000023", "YZ0000024"];
        let library = Library::start();
        let mut station = library.station();
        let mut table = [None; 4];
        for act in acts {
            match act {
                Act::Borrow(patron, item) => {
                    let ok = station.borrow(PATRONS[patron], ITEMS[item]).starts_with("121N");
                    prop_assert_eq!(ok, table[item].is_none());
                    table[item] = table[item].or(Some(patron));
                }
                Act::GiveBack(item) => {
                    let answer = station.give_back(ITEMS[item]);
                    let had: Option<usize> = table[item].take();
                    prop_assert_eq!(field(&answer, LOAN, "AA"), had.map(|patron| PATRONS[patron]));
                }
                Act::Undo(item) => {
                    let answer = station.ask(&format!(
                        "09N20261122    10300020261122    103000AP|AOYZLIB|AB{}|AC|BIY|", ITEMS[item]
                    ));
                    prop_assert!(answer.starts_with("101"));
                    table[item] = None;
                }
            }
        }
        let open: Vec<(String, String)> = library.practice.open_loans().unwrap().into_iter()
            .filter(|loan| ITEMS.contains(&loan.item.as_str()))
            .map(|loan| (loan.item.clone(), loan.patron.expose().to_owned()))
            .collect();
        let lent = table.iter().flatten().count();
        prop_assert_eq!(open.len(), lent);
        for (item, patron) in open {
            let at = ITEMS.iter().position(|known| *known == item).unwrap();
            prop_assert_eq!(table[at].map(|p| PATRONS[p]), Some(patron.as_str()));
        }
        let tally = library.practice.tally(None).unwrap();
        prop_assert_eq!((tally.loans - tally.returns - tally.loans_cancelled) as usize, lent);
    }
}

#[test]
fn cards_are_blocked_and_enabled() {
    let library = Library::start();
    let mut station = library.station();
    let blocked =
        station.ask("01N20261122    103000AOYZLIB|ALcard left in reader|AA0200001234|AC|");
    assert!(blocked.starts_with("24YYYY          01920261122    103000"), "{blocked}");
    assert!(station.borrow("0200001234", "YZ0000021").starts_with("120"));
    let wrong = station.ask("2520261122    103000AOYZLIB|AA0200001234|AC|AD9|");
    assert!(wrong.starts_with("26YYYY"), "{wrong}");
    let enabled = station.ask("2520261122    103000AOYZLIB|AA0200001234|AC|AD1234|");
    assert!(
        enabled.starts_with(
            "26              01920261122    103000AOYZLIB|AA0200001234|AE张伟|BLY|CQY|"
        ),
        "{enabled}"
    );
    assert!(station.borrow("0200001234", "YZ0000021").starts_with("121"));
    let lost = station.ask("2520261122    103000AOYZLIB|AA0200000004|AC|AD4|");
    assert!(lost.starts_with("26YYYYY"), "a lost card stays lost: {lost}");
}

#[test]
fn a_wrong_pin_stops_a_loan_and_an_empty_one_does_not() {
    let library = Library::start();
    let mut station = library.station();
    let with = |pin: &str| {
        format!(
            "11NN20261122    103000                  AOYZLIB|AA0200001234|ABYZ0000021|AC|AD{pin}|BON|BIN|"
        )
    };
    let wrong = station.ask(&with("4321"));
    assert_eq!(field(&wrong, LOAN, "AF"), Some("密码不对"));
    assert!(station.ask(&with("")).starts_with("121"));
}

#[test]
fn institutions_can_be_told_apart() {
    let library = Library::with(DATA, |config| config.institutions = vec!["YZLIB".to_owned()]);
    let mut station = library.station();
    let answer = station
        .ask("11NN20261122    103000                  AOELSE|AA0200001234|ABYZ0000021|AC|BON|BIN|");
    assert_eq!(field(&answer, LOAN, "AF"), Some("机构代码不对"));
    assert!(station.borrow("0200001234", "YZ0000021").starts_with("121"));
}

#[test]
fn accounts_gate_the_door_and_choose_the_character_set() {
    let data = DATA.replace(
        r#""classes": ["#,
        r#""accounts": [{"user": "kiosk01", "password": "s3cret", "charset": "gbk"}], "classes": ["#,
    );
    let library = Library::with(&data, |_| {});
    let mut stranger = library.station();
    stranger.send(&framed("1720261122    103000AOYZLIB|ABYZ0000789|AC|", 0));
    assert_eq!(stranger.line(), None, "closed before login");
    let mut wrong = library.station();
    assert_eq!(wrong.ask("9300CNkiosk01|COguess|CPYZ-MAIN-01|"), "940");
    assert!(wrong.ends());
    let mut right = library.station();
    assert!(right.ask("9900482.00").starts_with("98Y"), "status needs no login");
    assert_eq!(right.ask("9300CNkiosk01|COs3cret|CPYZ-MAIN-01|"), "941");
    right.send(&framed("1720261122    103000AOYZLIB|ABYZ0000789|AC|", 2));
    let line = right.line().unwrap();
    assert!(line.windows(6).any(|w| w == b"AJ\xC8\xFD\xCC\xE5"), "GBK after login");
    right.send(&framed(
        "11NN20261122    103000                  AOYZLIB|AA0200001234|ABYZ0000789|AC|BON|BIN|",
        3,
    ));
    assert!(right.line().unwrap().starts_with(b"121"));
    let entry = library.practice.ledger().unwrap().pop().unwrap();
    assert_eq!(
        (entry.station.login.as_str(), entry.station.location.as_str()),
        ("kiosk01", "YZ-MAIN-01")
    );
}

#[test]
fn figures_are_kept_by_station() {
    let library = Library::start();
    let login = |place: &str| {
        let mut station: Station = library.station();
        station.ask(&format!("9300CNk|COx|CP{place}|"));
        station
    };
    let (mut one, mut two) = (login("YZ-MAIN-01"), login("XINBA-01"));
    one.borrow("0200001234", "YZ0000021");
    one.borrow("0200001234", "YZ0000022");
    one.renew("0200001234", "YZ0000021");
    two.give_back("YZ0000022");
    two.give_back("YZ0000023");
    let tally = library.practice.tally(Some("YZ-MAIN-01")).unwrap();
    assert_eq!((tally.loans, tally.renewals, tally.returns), (2, 1, 0));
    let tally = library.practice.tally(Some("XINBA-01")).unwrap();
    assert_eq!((tally.loans, tally.returns, tally.taken_in), (0, 1, 1));
    let tally = library.practice.tally(None).unwrap();
    assert_eq!((tally.loans, tally.renewals, tally.returns), (2, 1, 1));
    let entry = &library.practice.ledger().unwrap()[0];
    assert!(!format!("{entry:?}").contains("0200001234"), "numbers are masked");
}
