//! Sample views of every page, for the gallery, the bench demo and the tests.
#![allow(dead_code, missing_docs, unreachable_pub)]

use ui::lang::{Arg, words};
use ui::view::{
    Advice, Bench, BenchBook, BenchCard, Date, Destination, DeviceKind, Finish, Language, Line,
    LineState, LoanLine, LoanState, Loans, Modes, Note, Overlay, PatronBadge, Picture, Purpose, Qr,
    Receipt, Screen, Services, StateLine, View, Wire, WireLine, Work,
};

pub const DAY: Date = Date { year: 2026, month: 12, day: 22, weekday: 2 };
/// 40 characters of Chinese and of English.
pub const LONG_ZH: &str =
    "中国历代经典散文鉴赏辞典（修订本）上册·先秦两汉魏晋南北朝卷及附录索引全编";
pub const LONG_EN: &str = "The Strange Case of Dr Jekyll and Mr Hyde and Other Tales of Terror";

pub fn view(language: Language, screen: Screen) -> View {
    View {
        language,
        modes: Modes::default(),
        library: "扬中市图书馆".into(),
        place: "总馆一楼 · 3 号机".into(),
        services: Services { borrow: true, giveback: true, account: true },
        state_line: None,
        screen,
        overlay: None,
    }
}

pub fn line(id: u32, title: &str, state: LineState, note: Note) -> Line {
    Line { id, title: title.into(), state, note, question: false, can_undo: false }
}

pub fn patron() -> PatronBadge {
    PatronBadge { masked_name: "张*".into(), on_loan: Some(3), may_borrow: Some(7) }
}

pub fn work(lines: Vec<Line>, pad_count: u32) -> Work {
    let done = lines
        .iter()
        .filter(|l| {
            matches!(l.state, LineState::Borrowed | LineState::Returned | LineState::Renewed)
        })
        .count();
    Work {
        patron: Some(patron()),
        pad_count,
        done: u32::try_from(done).unwrap_or(u32::MAX),
        busy: lines
            .iter()
            .any(|l| matches!(l.state, LineState::Seen | LineState::Asking | LineState::Writing)),
        slow: false,
        notice: None,
        to_confirm: 0,
        lines,
    }
}

pub fn borrow_lines() -> Vec<Line> {
    vec![
        line(5, "活着 / 余华", LineState::Asking, Note::LeaveIt),
        line(4, "三体（典藏版）", LineState::Borrowed, Note::Due(DAY)),
        line(3, "The Little Prince", LineState::Borrowed, Note::Due(DAY)),
        line(2, "平凡的世界　第一部", LineState::Borrowed, Note::Due(DAY)),
        line(1, "扬中县志（1991）", LineState::Refused, Note::Advice(Advice::InLibrary)),
    ]
}

pub fn return_lines() -> Vec<Line> {
    vec![
        line(3, "Matilda", LineState::Returned, Note::Put(Destination::Trolley)),
        line(2, "草房子", LineState::Attention, Note::Put(Destination::HoldSlot)),
        line(
            1,
            "红楼梦",
            LineState::Returned,
            Note::Put(Destination::Transit { branch: "油坊分馆".into() }),
        ),
    ]
}

fn refused() -> Vec<Line> {
    let why = [Advice::HeldOther, Advice::Limit, Advice::OnLoanOther, Advice::TagBad, Advice::Age];
    (1..)
        .zip(why)
        .map(|(id, a)| line(id, "城南旧事", LineState::Refused, Note::Advice(a)))
        .collect()
}

fn twenty() -> Vec<Line> {
    (1..=20)
        .rev()
        .map(|n| line(n, &format!("十万个为什么　第 {n} 册"), LineState::Borrowed, Note::Due(DAY)))
        .collect()
}

fn states() -> Vec<Line> {
    let mut asked = line(9, "繁星·春水", LineState::Attention, Note::Advice(Advice::AlreadyYours));
    asked.question = true;
    let mut undo = line(8, "城南旧事", LineState::Borrowed, Note::Due(DAY));
    undo.can_undo = true;
    vec![
        asked,
        undo,
        line(7, LONG_ZH, LineState::Borrowed, Note::Due(DAY)),
        line(6, LONG_EN, LineState::Writing, Note::LeaveIt),
        line(5, "YZ0000789", LineState::Seen, Note::None),
        line(4, "骆驼祥子", LineState::Lifted, Note::Advice(Advice::Lifted)),
        line(3, "呐喊", LineState::Queued, Note::DueText("2026-12-22".into())),
        line(2, "边城", LineState::Borrowed, Note::Advice(Advice::SecFail)),
    ]
}

fn loans(n: u32) -> Loans {
    let loan = |id: u32| LoanLine {
        id,
        title: ["活着", LONG_EN, "三体（典藏版）", "小王子", "平凡的世界"][id as usize % 5].into(),
        due: Some(DAY),
        days_late: if id == 0 { 3 } else { 0 },
        state: match id {
            1 => LoanState::Renewed,
            2 => LoanState::Refused(Advice::RenewHeld),
            3 => LoanState::Asking,
            _ => LoanState::Renewable,
        },
    };
    Loans {
        patron: patron(),
        loading: false,
        loans: (0..n).map(loan).collect(),
        renewed: (n > 4).then_some((2, 1)),
        busy: false,
    }
}

pub fn qr() -> Qr {
    let side = 33;
    let dark = (0..side * side).map(|i: u32| {
        let (x, y) = (i % side, i / side);
        let eye = |a: u32, b: u32| {
            let (dx, dy) = (x.abs_diff(a), y.abs_diff(b));
            let ring = dx.max(dy);
            (dx <= 4 && dy <= 4).then_some(ring != 2 && ring != 4)
        };
        eye(3, 3)
            .or(eye(side - 4, 3))
            .or(eye(3, side - 4))
            .unwrap_or((x * 7 + y * 13 + x * y) % 5 < 2)
    });
    Qr { side, dark: dark.collect() }
}

pub fn finish(receipt: Receipt) -> Finish {
    Finish {
        borrowed: 4,
        returned: 0,
        renewed: 0,
        queued: 0,
        first_due: Some(DAY),
        not_done: vec![line(
            1,
            "扬中县志（1991）",
            LineState::Refused,
            Note::Advice(Advice::InLibrary),
        )],
        receipt,
        seconds: 10,
    }
}

/// Every page and every odd case, by name.
pub fn cases(language: Language) -> Vec<(&'static str, View)> {
    let v = |screen| view(language, screen);
    let mut all = vec![
        ("starting", v(Screen::Starting)),
        ("attract", v(Screen::Attract { pad_count: 0, pad_left: false })),
        ("attract-left", v(Screen::Attract { pad_count: 2, pad_left: true })),
        ("choose", v(Screen::Choose { pad_count: 3 })),
        ("choose-none", v(Screen::Choose { pad_count: 0 })),
        ("identify", v(Screen::Identify { purpose: Purpose::Borrow, busy: false, problem: None })),
        (
            "identify-busy",
            v(Screen::Identify { purpose: Purpose::Account, busy: true, problem: None }),
        ),
        (
            "identify-problem",
            v(Screen::Identify {
                purpose: Purpose::Borrow,
                busy: false,
                problem: Some(Advice::CardExpired),
            }),
        ),
        ("pin", v(Screen::Pin { typed: 2, tries_left: None, busy: false, problem: None })),
        (
            "pin-problem",
            v(Screen::Pin {
                typed: 0,
                tries_left: Some(2),
                busy: false,
                problem: Some(Advice::PinWrong),
            }),
        ),
        ("borrow", v(Screen::Borrow(work(borrow_lines(), 5)))),
        ("borrow-none", v(Screen::Borrow(work(vec![], 0)))),
        ("borrow-20", v(Screen::Borrow(work(twenty(), 20)))),
        ("borrow-refused", v(Screen::Borrow(work(refused(), 5)))),
        ("borrow-states", v(Screen::Borrow(work(states(), 8)))),
        ("return", v(Screen::GiveBack(Work { patron: None, ..work(return_lines(), 3) }))),
        ("return-none", v(Screen::GiveBack(Work { patron: None, ..work(vec![], 0) }))),
        ("count", v(Screen::Count { found: 3, stated: None })),
        ("count-differ", v(Screen::Count { found: 3, stated: Some(4) })),
        ("loans", v(Screen::Loans(loans(5)))),
        ("loans-none", v(Screen::Loans(loans(0)))),
        ("loans-20", v(Screen::Loans(loans(20)))),
        ("finish", v(Screen::Finish(finish(Receipt::Ask { paper: true })))),
        ("finish-phone", v(Screen::Finish(finish(Receipt::Phone(qr()))))),
        (
            "finish-printed",
            v(Screen::Finish(Finish { not_done: vec![], ..finish(Receipt::Printed) })),
        ),
        ("finish-failed", v(Screen::Finish(finish(Receipt::Failed(Advice::PaperOut))))),
        (
            "finish-refused",
            v(Screen::Finish(Finish {
                borrowed: 0,
                first_due: None,
                not_done: refused(),
                ..finish(Receipt::None)
            })),
        ),
        (
            "finish-mixed",
            v(Screen::Finish(Finish {
                returned: 2,
                renewed: 1,
                not_done: vec![],
                ..finish(Receipt::Ask { paper: false })
            })),
        ),
        (
            "trouble",
            v(Screen::Trouble {
                why: StateLine::Maintenance { nearest: "儿童阅览室门口".into() }
            }),
        ),
    ];
    let mut slow = v(Screen::Borrow(Work { slow: true, ..work(borrow_lines(), 5) }));
    all.push(("borrow-slow", slow.clone()));
    slow.overlay = Some(Overlay::Warn { seconds: 17, unfinished: 1 });
    all.push(("warn", slow.clone()));
    slow.overlay = Some(Overlay::Help { called: false });
    all.push(("help", slow));
    let mut weak = v(Screen::Attract { pad_count: 0, pad_left: false });
    weak.state_line = Some(StateLine::ReturnsOnly);
    weak.services = Services { borrow: false, giveback: true, account: false };
    all.push(("attract-returns", weak.clone()));
    weak.screen = Screen::Starting;
    weak.state_line =
        Some(StateLine::Starting { missing: vec![DeviceKind::Printer, DeviceKind::Library] });
    all.push(("starting-missing", weak));
    all
}

const BOOKS: [&str; 16] = [
    "三体（典藏版）",
    "小王子",
    "平凡的世界",
    "活着",
    "扬中县志",
    "草房子",
    "Matilda",
    "红楼梦",
    "The Little Prince",
    "城南旧事",
    "十万个为什么 第一册",
    "外馆书",
    "Charlotte's Web",
    "骆驼祥子",
    "空标签",
    "边城",
];

pub fn bench(language: Language) -> Bench {
    let card =
        |id: &str, label: &str| BenchCard { id: id.into(), label: label.into(), shown: false };
    Bench {
        cards: vec![card("1", "张三丰"), card("2", "Ada L."), card("3", "过期证")],
        books: (0_u8..)
            .zip(BOOKS)
            .map(|(n, title)| BenchBook {
                id: n.to_string(),
                title: title.into(),
                on_pad: false,
                released: n == 5,
                colour: n,
            })
            .collect(),
        wire: wire_lines(language, 0),
        ..Bench::default()
    }
}

pub fn wire_lines(language: Language, from: usize) -> Vec<WireLine> {
    let w = words(language);
    let say = [
        (
            Wire::Rfid,
            false,
            w.with("wire-rfid-found", &[("n", Arg::N(1))]),
            "00 0E 00 01 00 E0 04 01 00 31 23 AA 26 3C 91",
        ),
        (
            Wire::Journal,
            true,
            w.with(
                "wire-journal-intent",
                &[("what", Arg::S("borrow")), ("item", Arg::S("YZ0000789"))],
            ),
            "",
        ),
        (
            Wire::Sip2,
            true,
            w.with("wire-sip2-11", &[("patron", Arg::S("••••67")), ("item", Arg::S("YZ0000789"))]),
            "31 31 59 4E 32 30 32 36 31 32 30 36 20 20 20 20 31 34 30 32 31 31 32 30 32 36 31 32 32 32 20 20 20 20 31 34 30 32 31 31 41 4F 59 5A 7C 41 41",
        ),
        (
            Wire::Sip2,
            false,
            w.with(
                "wire-sip2-12",
                &[("ok", Arg::N(1)), ("due", Arg::S("2026-12-22")), ("says", Arg::S(""))],
            ),
            "31 32 31 4E 4E 59",
        ),
        (
            Wire::Rfid,
            true,
            w.with(
                "wire-rfid-write-afi",
                &[("afi", Arg::S("C2")), ("uid", Arg::S("E0 04 01 00 31 23 AA 26"))],
            ),
            "0C 00 27 01 E0 04",
        ),
        (Wire::Printer, false, w.with("wire-printer-answer", &[("ok", Arg::N(1))]), "10 04 01"),
    ];
    (from..)
        .zip(say)
        .map(|(n, (wire, out, words, bytes))| WireLine {
            time: format!("14:02:{:02}.{:03}", n / 60 % 60, n * 7 % 1000),
            wire,
            out,
            words,
            bytes: bytes.into(),
        })
        .collect()
}

/// Paper with grey bars for words; longer than `before`.
pub fn paper(before: Option<&Picture>) -> Picture {
    let (width, height) = (576, before.map_or(0, |p| p.height) + 420);
    let grey = (0..width * height)
        .map(|at| {
            let (x, y) = (at % width, at / width % 420);
            let row = y / 30;
            let ink = y % 30 > 6
                && y % 30 < 24
                && x > 40
                && x < 200 + row * 37 % 300
                && (x / 12) % 5 != 4
                && row < 12;
            if ink { 40 } else { 255 }
        })
        .collect();
    Picture { width, height, grey }
}
