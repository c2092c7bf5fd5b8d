//! Library systems that answer wrongly, too much, nothing, always yes or always no: the screen says
//! clearly how things are, staff find an entry, and nothing is lost or done twice.

use tests::rig::until;

use crate::foreign_server::{Asked, BEGIN, Desk, END, Foreign, Library, Reply, borrow, honest};
use crate::site::ZHANG;

/// A bad answer made of the good one.
type Spoil = fn(&str) -> Vec<u8>;

/// A book, what is wrong with the answer about it, and the answer.
type Case = (&'static str, &'static str, Spoil);

/// Answers that are none: the station must find out by itself.
const NO_ANSWERS: [Case; 7] = [
    ("YZ0000124", "empty lines", |_| b"\r\n\r\n\n".to_vec()),
    ("YZ0000125", "free text", |_| "出错了 Error 500\r\n".into()),
    ("YZ0000126", "cut in its fixed part", |good| [&good.as_bytes()[..9], b"\r\n"].concat()),
    ("YZ0000127", "no ASCII in its fixed part", |good| {
        [&good.as_bytes()[..2], &[0xFF, 0xFE, 0x80], &good.as_bytes()[5..]].concat()
    }),
    ("YZ0000128", "larger than any message", |good| {
        [good.trim_end().as_bytes(), &vec![b'x'; 100_000], b"|\r\n"].concat()
    }),
    ("YZ0000129", "cut behind its fixed part", |good| [&good.as_bytes()[..24], b"\r\n"].concat()),
    ("YZ0000130", "zeros", |_| [[0; 64].as_slice(), b"\r\n"].concat()),
];

/// Answers to something else, which must not count.
const STRAY_ANSWERS: [Case; 6] = [
    ("YZ0000131", "about another item", |good| good.replace("YZ0000131", "YZ0000999").into()),
    ("YZ0000133", "of another kind", |good| {
        good.replacen("12", "66", 1).replacen("10", "66", 1).into()
    }),
    ("YZ0000134", "a request", |_| "9900482.00\r\n".into()),
    ("YZ0000135", "send again, for ever", |_| "96AZFEF6\r\n".into()),
    ("YZ0000136", "nothing", |_| Vec::new()),
    ("YZ0000137", "a code nobody knows", |good| format!("77{}", &good[2..]).into()),
];

/// Answers that are odd and right.
const ODD_ANSWERS: [Case; 5] = [
    ("YZ0000138", "twice, with a status behind", |good| {
        format!("{good}{good}98YYYYNN010000{:18}2.00AOYZLIB|\r\n", "").into()
    }),
    ("YZ0000139", "mixed encodings and control characters", |good| {
        let junk = b"\x1B[2J\x07\xC8\xFD\xCC\xE5\xE4\xB8\x89\xFF\xE2\x80\xAE";
        let at = good.find("The ").unwrap();
        [&good.as_bytes()[..at], junk, &good.as_bytes()[at..]].concat()
    }),
    ("YZ0000140", "a title of 16 KiB", |good| good.replace("The ", &"书".repeat(5_461)).into()),
    ("YZ0000141", "fields without end", |good| {
        format!("{}{}\r\n", good.trim_end(), "QQx|AFx|".repeat(1_000)).into()
    }),
    ("YZ0000142", "a greeting before it", |good| format!("welcome\r\n\n{good}").into()),
];

/// Does what is asked and answers it badly, each time.
fn spoiling(
    code: &'static str,
    cases: &'static [Case],
) -> impl FnMut(&mut Library, &Asked) -> Reply + Send {
    move |library, asked| {
        let case = cases.iter().find(|(item, ..)| *item == asked.item());
        match case.filter(|_| asked.code == code) {
            Some((_, _, spoil)) => {
                let good = library.honest(asked).unwrap_or_default();
                Reply::said(spoil(&good))
            }
            None => honest(library, asked),
        }
    }
}

#[track_caller]
fn lends_all(cases: &'static [Case]) {
    let foreign = Foreign::start(spoiling("11", cases));
    let mut desk = Desk::at(&foreign.address);
    desk.does(&format!("{BEGIN}\n{}", borrow()));
    for (n, (item, ..)) in cases.iter().enumerate() {
        desk.does(&format!("lay {item}\nwait borrowed {}\nwait tag {item} released", n + 1));
        desk.until_unit(item, "checkout accepted");
        desk.does(&format!("lift {item}"));
    }
    desk.does(&format!("wait idle\n{END}"));
    let ended = desk.station.end();
    assert_eq!(ended.well().summary()["loans"], cases.len(), "{}", ended.summary());
    for control in ["\\u001b", "\\u0007", "\u{202E}"] {
        assert!(!ended.said().contains(control), "a control character reached the screen");
    }
    for (item, what, _) in cases {
        assert_eq!(foreign.with(|library| library.times("loan", item)), 1, "{what}");
    }
}

#[track_caller]
fn takes_back_all(cases: &'static [Case]) {
    let foreign = Foreign::start(spoiling("09", cases));
    let mut desk = Desk::at(&foreign.address);
    let items: Vec<&str> = cases.iter().map(|(item, ..)| *item).collect();
    let (items, all) = (items.join(" "), cases.len());
    desk.does(&format!(
        "{BEGIN}\n{}\nlay {items}\nwait borrowed {all}\nlift {items}\nwait pad 0\n{END}",
        borrow()
    ));
    until("a second login", || (foreign.logins() == 2).then_some(()));
    desk.does("wait online\ntouch return\nwait return");
    for (item, ..) in cases {
        desk.does(&format!("lay {item}\nwait tag {item} secured"));
        desk.until_unit(item, "checkin accepted");
        desk.does(&format!("lift {item}"));
    }
    desk.does(&format!("wait idle\n{END}"));
    let summary = desk.station.end().well().summary();
    assert_eq!((&summary["returns"], &summary["queued"]), (&all.into(), &0.into()), "{summary}");
    for (item, what, _) in cases {
        assert_eq!(foreign.with(|library| library.times("return", item)), 1, "{what}");
    }
}

#[test]
fn answers_that_are_none_to_loans() {
    lends_all(&NO_ANSWERS);
}

#[test]
fn answers_to_something_else_to_loans() {
    lends_all(&STRAY_ANSWERS);
}

#[test]
fn odd_answers_to_loans() {
    lends_all(&ODD_ANSWERS);
}

#[test]
fn answers_that_are_none_to_returns() {
    takes_back_all(&NO_ANSWERS);
}

#[test]
fn answers_to_something_else_to_returns() {
    takes_back_all(&STRAY_ANSWERS);
}

#[test]
fn odd_answers_to_returns() {
    takes_back_all(&ODD_ANSWERS);
}

const BOOK: &str = "YZ0000143";

#[test]
fn a_card_answered_with_nonsense_is_asked_for_again() {
    let mut left = 1;
    let foreign = Foreign::start(move |library, asked| {
        if asked.code == "63" && left > 0 {
            left -= 1;
            return Reply::said("64 YYYY\r\n");
        }
        honest(library, asked)
    });
    let mut desk = Desk::at(&foreign.address);
    desk.does(&format!("{BEGIN}\ntouch borrow\nwait identify\ncard {ZHANG}\nwait advice ils_down"));
    until("a second login", || (foreign.logins() == 2).then_some(()));
    desk.does(&format!(
        "wait online\ncard {ZHANG}\nwait borrow\nlay {BOOK}\nwait borrowed 1\n{END}"
    ));
    assert_eq!(desk.station.end().well().summary()["loans"], 1);
}

/// Yes to everything, whatever it is.
fn yes(_: &mut Library, asked: &Asked) -> Reply {
    let (item, patron) = (asked.item(), ZHANG);
    let date = "20261126    103000";
    Reply::said(match asked.code.as_str() {
        "93" => "941\r".to_owned(),
        "99" => format!("98YYYYYY999999{date}2.00AOYZLIB|BX{}|\r", "Y".repeat(16)),
        "63" => format!("64{:14}001{date}{}AOYZLIB|AA{patron}|AE|BLY|CQY|\r", "", "0000".repeat(6)),
        "11" => format!("121YYY{date}AOYZLIB|AA{patron}|AB{item}|AJ|AH|\r"),
        "09" => format!("101YYY{date}AOYZLIB|AB{item}|AQ|\r"),
        "29" => format!("301YYY{date}AOYZLIB|AA{patron}|AB{item}|AJ|AH|\r"),
        "17" => format!("18040000{date}AB{item}|AJ|\r"),
        _ => format!("36Y{date}AOYZLIB|AA{patron}|\r"),
    })
}

#[test]
fn a_system_that_says_yes_to_everything() {
    let foreign = Foreign::start(yes);
    let mut desk = Desk::at(&foreign.address);
    desk.does(&format!(
        "{BEGIN}\n{}\nlay {BOOK}\nwait borrowed 1\nexpect tag {BOOK} released\n\
         lift {BOOK}\nwait pad 0\n{END}\n\
         touch return\nwait return\nlay {BOOK}\nwait returned 1\nexpect tag {BOOK} secured\n\
         expect note not_on_loan\nlift {BOOK}\nwait pad 0\n{END}",
        borrow()
    ));
    let summary = desk.station.end().well().summary();
    assert_eq!((&summary["loans"], &summary["returns"]), (&1.into(), &1.into()), "{summary}");
}

/// No to everything but the account.
fn no(_: &mut Library, asked: &Asked) -> Reply {
    let item = asked.item();
    let date = "20261126    103000";
    Reply::said(match asked.code.as_str() {
        "93" => "941\r".to_owned(),
        "99" => format!("98YYYYNN010000{date}2.00AOYZLIB|\r"),
        "63" => format!("64YYYY{:10}001{date}{:24}AOYZLIB|AA|AE|BLN|\r", "", ""),
        "11" => format!("120NNN{date}AOYZLIB|AA|AB{item}|AJ|AH|\r"),
        "09" => format!("100NNN{date}AOYZLIB|AB{item}|AQ|\r"),
        "29" => format!("300NNN{date}AOYZLIB|AA|AB{item}|AJ|AH|\r"),
        "17" => format!("18010000{date}AB{item}|AJ|\r"),
        _ => format!("36N{date}AOYZLIB|AA|\r"),
    })
}

#[test]
fn a_system_that_says_no_to_everything() {
    let foreign = Foreign::start(no);
    let mut desk = Desk::at(&foreign.address);
    desk.does(&format!(
        "{BEGIN}\ntouch borrow\nwait identify\ncard {ZHANG}\nwait advice card_unknown\n\
         touch back\nwait attract\ntouch return\nwait return\nlay {BOOK}\nwait advice ret_no\n\
         expect tag {BOOK} secured"
    ));
    // The reader is told to hand it over, and staff find it.
    desk.until_unit(BOOK, "checkin refused");
    desk.does(&format!("lift {BOOK}\nwait pad 0\ntouch finish\nwait finish\ntouch finish"));
    let summary = desk.station.end().well().summary();
    assert_eq!((&summary["returns"], &summary["queued"]), (&0.into(), &0.into()), "{summary}");
}

/// Takes a return while no library system can be worked with; it is kept.
#[track_caller]
fn keeps_a_return(manner: impl FnMut(&mut Library, &Asked) -> Reply + Send + 'static) {
    let foreign = Foreign::start(manner);
    let mut desk = Desk::at(&foreign.address);
    desk.does("wait reader up\nwait attract");
    // What does not work is said before anybody tries it.
    desk.station.json("a start page that says so", |line| {
        line["screen"] == "attract" && !line["view"]["state_line"].is_null()
    });
    desk.does(&format!(
        "touch return\nwait return\nlay {BOOK}\nwait queued 1\nexpect tag {BOOK} secured"
    ));
    desk.until_unit(BOOK, "checkin queued");
    desk.does(&format!("lift {BOOK}\nwait pad 0\n{END}\nexpect figure in_queue 1"));
    assert_eq!(desk.station.end().well().summary()["queued"], 1);
    assert_eq!(foreign.with(|library| library.times_asked("09", BOOK)), 0);
}

#[test]
fn a_system_that_refuses_the_account() {
    keeps_a_return(|_, _| Reply::said("940\r"));
}

#[test]
fn a_system_that_answers_nothing_but_nonsense() {
    keeps_a_return(|_, _| Reply::said("94\r98Y\r\r64\r\u{0}\r"));
}

#[test]
fn a_system_that_closes_after_each_answer() {
    keeps_a_return(|library, asked| Reply { close: true, ..honest(library, asked) });
}

#[test]
fn a_system_that_closes_after_each_transaction() {
    let foreign = Foreign::start(|library, asked| {
        let reply = honest(library, asked);
        Reply { close: !["93", "99"].contains(&asked.code.as_str()), ..reply }
    });
    let mut desk = Desk::at(&foreign.address);
    desk.does(&format!("{BEGIN}\n{}\nlay {BOOK}\nwait borrowed 1", borrow()));
    desk.until_unit(BOOK, "checkout accepted");
    desk.does(&format!("wait tag {BOOK} released\nlift {BOOK}\nwait pad 0\n{END}"));
    desk.does(&format!("touch return\nwait return\nlay {BOOK}\nwait tag {BOOK} secured"));
    desk.until_unit(BOOK, "checkin accepted");
    desk.does(&format!("lift {BOOK}\nwait pad 0\nwait idle\n{END}"));
    let summary = desk.station.end().well().summary();
    assert_eq!((&summary["loans"], &summary["returns"]), (&1.into(), &1.into()), "{summary}");
    let done = foreign.with(|library| library.done.clone());
    assert_eq!(done, [format!("loan {BOOK}"), format!("return {BOOK}")]);
}

#[test]
fn a_bar_in_a_scanned_code_never_reaches_the_wire() {
    let foreign = Foreign::start(honest);
    let mut desk = Desk::at(&foreign.address);
    desk.does(&format!(
        "{BEGIN}\ntouch borrow\nwait identify\nscan 0200001234|AD1\ncard {ZHANG}\nwait borrow\n\
         scan YZ0000143|BON\nscan YZ0000143|\nlay {BOOK}\nwait borrowed 1\n{END}"
    ));
    assert_eq!(desk.station.end().well().summary()["loans"], 1);
    foreign.with(|library| {
        for asked in &library.asked {
            for bad in ["AD1", "|BON|BON", "YZ0000143||"] {
                assert!(!asked.line.contains(bad), "{bad} in {}", asked.line);
            }
        }
        assert_eq!(library.times_asked("11", BOOK), 1);
    });
}
