//! Every message of the station, lost at every point: it is done once, or not at all, or known to
//! be for staff; library system, journal, screen and tag agree. Against library systems that know
//! what comes again and such that do not. The table of docs/reliability.md is what was seen here.

mod practice_support;
mod uncertain_support;

use drivers::rfid::security::Security;
use kiosk::practice::{Duplicates, Guise, Kind};
use kiosk::session::{PaymentId, PaymentState};
use ui::view::{LineState, Screen, Touch};
use uncertain_support::{DEBTOR, Message, PAYMENT, Point, READER, Stand, System};

/// What comes again is known, and the profile says so.
const KNOWS: System = System {
    letter: "A",
    duplicates: Duplicates::Replay,
    guise: None,
    known: true,
    renews: false,
    named: false,
};
/// Every request is worked on.
const WORKS: System = System {
    letter: "B",
    duplicates: Duplicates::Process,
    guise: None,
    known: false,
    renews: false,
    named: false,
};
/// The same, and a loan of one's own is renewed.
const RENEWS: System = System {
    letter: "C",
    duplicates: Duplicates::Process,
    guise: Some(Guise::Alma),
    known: false,
    renews: true,
    named: false,
};
/// The same, and the profile does not say so.
const RENEWS_UNSAID: System = System { letter: "E", renews: false, ..RENEWS };
/// What comes again is known, and the profile does not say so.
const UNSAID: System = System {
    letter: "D",
    duplicates: Duplicates::Replay,
    guise: None,
    known: false,
    renews: false,
    named: false,
};

const MESSAGES: [(Message, &str); 10] = [
    (Message::Checkout, "11 loan"),
    (Message::Checkin, "09 return"),
    (Message::Cancel, "09 undo"),
    (Message::Renew, "29 renewal"),
    (Message::Fee, "37 payment"),
    (Message::Patron, "63 patron"),
    (Message::Item, "17 item"),
    (Message::Goodbye, "35 end"),
    (Message::Login, "93 login"),
    (Message::Status, "99 status"),
];

const POINTS: [(Point, &str); 20] = [
    (Point::Nothing, "nothing goes wrong"),
    (Point::NoByte, "link lost before a byte left"),
    (Point::SomeBytes, "link lost after some bytes"),
    (Point::NotDone, "link lost after all bytes, not done"),
    (Point::Swallowed, "not done, silence"),
    (Point::Lost, "done, link lost"),
    (Point::Silent, "done, silence"),
    (Point::Cut(1), "answer cut after a byte"),
    (Point::Cut(30), "answer cut after 30 bytes"),
    (Point::Cut(usize::MAX), "answer without its last byte"),
    (Point::Garbled, "answer garbled"),
    (Point::GarbledOn, "every answer garbled"),
    (Point::WrongChecksum, "answer with a wrong checksum"),
    (Point::WrongDigit, "answer with a wrong digit"),
    (Point::Late, "answer after the time-out"),
    (Point::Earlier, "an earlier answer before it"),
    (Point::Restart, "done, library system starts again"),
    (Point::PowerSent, "power cut before the answer"),
    (Point::PowerAnswered, "power cut before the outcome is durable"),
    (Point::PowerRecorded, "power cut once it is durable"),
];

/// Most times a message is sent again.
const RETRIES: usize = 3;

/// Longer than any of the waits of the stories below.
const SETTLED_S: u64 = 45;

/// Plays a message with something going wrong, and judges how it ended.
fn play(system: System, message: Message, point: Point) -> String {
    let mut s = begin(system, message, point);
    let story = format!("{} {message:?} {point:?}", system.letter);
    if message.work().is_some() {
        s.secs(SETTLED_S);
        assert!(point == Point::Nothing || s.is_spent(), "{story}: it never came to that");
        judge_work(&mut s, message, &story)
    } else {
        judge_question(&mut s, message, &story)
    }
}

/// The same up to the message itself.
fn begin(system: System, message: Message, point: Point) -> Stand {
    let mut s = Stand::new(system, message);
    if matches!(message, Message::Login | Message::Status) {
        s.arm(message, point);
    }
    s.boot();
    s.secs(4);
    match message {
        Message::Checkout => {
            s.card(READER);
            s.secs(2);
            s.arm(message, point);
            s.lay();
        }
        Message::Checkin => {
            s.touch(Touch::GiveBack);
            s.arm(message, point);
            s.lay();
        }
        Message::Cancel => {
            s.card(READER);
            s.lay();
            s.secs(5);
            s.arm(message, point);
            let line = s.lines().into_iter().find(|line| line.state == LineState::Borrowed);
            s.touch(Touch::Undo(line.expect("it was lent").id));
        }
        Message::Renew => {
            s.touch(Touch::Account);
            s.card(READER);
            s.secs(3);
            s.arm(message, point);
            let Screen::Loans(page) = s.view().screen else { panic!("no list of loans") };
            let loan = page.loans.iter().find(|loan| loan.title == "在外丁");
            s.touch(Touch::Renew(loan.expect("it is listed").id));
        }
        Message::Fee => {
            s.arm(message, point);
            s.pay(250);
            // Told twice by whoever took it.
            s.secs(1);
            s.pay(250);
        }
        Message::Patron | Message::Item => {
            s.arm(message, point);
            s.touch(Touch::Account);
            s.card(READER);
        }
        Message::Goodbye => {
            s.card(READER);
            s.secs(2);
            s.arm(message, point);
            s.touch(Touch::Finish);
        }
        Message::Login | Message::Status => {}
    }
    s
}

fn judge_work(s: &mut Stand, message: Message, story: &str) -> String {
    let (name, kind, item) = message.work().expect("it changes something");
    assert!(s.online, "{story}: not on line again");
    assert!(!s.session().is_busy(), "{story}: never settled");
    let rows = s.rows();
    let ledger = s.ledger();
    let of = |kind: Kind| {
        ledger.iter().filter(|e| e.kind == kind && e.item.as_deref().unwrap_or("") == item).count()
    };
    let done = of(kind);
    let units = |state: &str| rows.iter().filter(|r| r.kind == name && r.state == state).count();
    let (accepted, staff) = (units("accepted"), units("for_staff"));
    let open = rows
        .iter()
        .any(|r| matches!(r.state.as_str(), "intent" | "unsure" | "queued") || r.tag == "pending");
    assert!(!open, "{story}: left open: {rows:?}");
    assert!(done <= 1, "{story}: done {done} times");
    judge_tag(s, message, staff, story);
    if message == Message::Fee {
        judge_payment(s, accepted, story);
    }
    let mut cell = match (done, accepted, staff) {
        (1, 1, 0) => "once".to_owned(),
        (0, 0, 0) => "not done".to_owned(),
        (1, 0, 1) => "staff (done)".to_owned(),
        (0, 0, 1) => "staff (not done)".to_owned(),
        other => panic!("{story}: {other:?}: {rows:?}"),
    };
    let renewed = message != Message::Renew && of(Kind::Renewal) > 0;
    if renewed {
        assert!(of(Kind::Renewal) <= RETRIES, "{story}: renewed more often than it was sent again");
        cell.push_str(", renewed");
    }
    if s.boots == 1 && staff == 0 {
        let (stats, loans) = (s.session().stats(), of(Kind::Loan) - of(Kind::LoanCancelled));
        assert_eq!(stats.loans, loans as u64, "{story}: {stats:?}");
        if message == Message::Renew {
            assert_eq!(stats.renewals, done as u64, "{story}: {stats:?}");
        }
    }
    cell
}

/// The tag is what the library system says, or listed to be brought to it, or, where staff decide,
/// armed.
fn judge_tag(s: &mut Stand, message: Message, staff: usize, story: &str) {
    if matches!(message, Message::Renew | Message::Fee) {
        return;
    }
    let want = if s.is_lent() { Security::Released } else { Security::Secured };
    // A return that was begun and not told does not undo the release of a loan that stands.
    let right = s.tag() == want || (staff > 0 && s.tag() == Security::Secured);
    let listed = !s.journal.repairs().expect("the journal reads").is_empty();
    assert!(right || listed, "{story}: tag {:?}, wanted {want:?}", s.tag());
}

fn judge_payment(s: &mut Stand, accepted: usize, story: &str) {
    let booked = s.ledger().iter().filter(|e| e.reference.as_deref() == Some(PAYMENT)).count();
    assert!(booked <= 1, "{story}: {PAYMENT} was booked {booked} times");
    let state = s.session().payment(&PaymentId::new(PAYMENT).expect("a number"));
    let want = if accepted == 1 { PaymentState::Booked } else { PaymentState::ForStaff };
    assert_eq!(state, Some(want), "{story}");
}

fn judge_question(s: &mut Stand, message: Message, story: &str) -> String {
    s.secs(20);
    let cell = match message {
        Message::Patron => {
            if matches!(s.view().screen, Screen::Loans(_)) {
                "answered"
            } else {
                // Told that the library system is away; the card is shown again.
                s.touch(Touch::Back);
                s.touch(Touch::Account);
                s.card(READER);
                s.secs(10);
                assert!(matches!(s.view().screen, Screen::Loans(_)), "{story}: nobody is known");
                "asked again"
            }
        }
        Message::Item => {
            let Screen::Loans(page) = s.view().screen else { panic!("{story}: no list") };
            assert_eq!(page.loans.len(), 2, "{story}");
            assert!(!page.loading, "{story}: never ended");
            if page.loans.iter().any(|loan| loan.due.is_none()) {
                "number only"
            } else {
                "answered"
            }
        }
        Message::Goodbye => {
            assert!(matches!(s.view().screen, Screen::Attract { .. }), "{story}");
            "ended"
        }
        _ => "on line",
    };
    s.secs(SETTLED_S);
    assert!(s.online, "{story}: not on line again");
    assert!(s.is_spent(), "{story}: it never came to that");
    assert!(s.ledger().is_empty() && s.rows().is_empty(), "{story}: a question changed something");
    cell.to_owned()
}

/// Points that mean something for a message.
fn applies(message: Message, point: Point) -> bool {
    let power = matches!(point, Point::PowerSent | Point::PowerAnswered | Point::PowerRecorded);
    let first = message == Message::Login && point == Point::Earlier;
    if power { message.work().is_some() } else { !first }
}

fn cells(system: System) -> Vec<Vec<String>> {
    let cell = |message: Message, point: Point| match applies(message, point) {
        true => play(system, message, point),
        false => "-".to_owned(),
    };
    let row = |point: Point| MESSAGES.iter().map(|(message, _)| cell(*message, point)).collect();
    POINTS.iter().map(|(point, _)| row(*point)).collect()
}

fn merged(of: &[(&str, &str)]) -> String {
    if of.iter().all(|(_, cell)| *cell == of[0].1) {
        return of[0].1.to_owned();
    }
    of.iter().map(|(letter, cell)| format!("{letter}: {cell}")).collect::<Vec<_>>().join("; ")
}

#[test]
fn the_table_of_the_document_is_what_is_seen() {
    let systems = [KNOWS, WORKS, RENEWS];
    let seen: Vec<Vec<Vec<String>>> = std::thread::scope(|scope| {
        let runs: Vec<_> = systems.map(|system| scope.spawn(move || cells(system))).into();
        runs.into_iter().map(|run| run.join().expect("no story fails")).collect()
    });
    let mut table = String::from("| |");
    for (_, name) in MESSAGES {
        table += &format!(" {name} |");
    }
    table += &format!("\n|{}\n", "---|".repeat(MESSAGES.len() + 1));
    for (at, (_, name)) in POINTS.iter().enumerate() {
        table += &format!("| {name} |");
        for column in 0..MESSAGES.len() {
            let of: Vec<(&str, &str)> = systems
                .iter()
                .zip(&seen)
                .map(|(system, cells)| (system.letter, cells[at][column].as_str()))
                .collect();
            table += &format!(" {} |", merged(&of));
        }
        table += "\n";
    }
    println!("{table}");
    let doc = include_str!("../../docs/reliability.md");
    let begin = "<!-- uncertain answers: begin -->\n";
    let shown = doc.split(begin).nth(1).and_then(|rest| rest.split("\n<!--").next());
    assert_eq!(shown.map(str::trim), Some(table.trim()), "docs/reliability.md says otherwise");
}

#[test]
fn a_system_that_knows_more_than_its_profile_says_does_nothing_twice() {
    for (point, _) in POINTS {
        for (message, _) in MESSAGES.iter().filter(|(m, _)| m.work().is_some()) {
            let cell = play(UNSAID, *message, point);
            assert!(!cell.contains("renewed"), "{message:?} {point:?}: {cell}");
            // A loan made and renewed is one loan, shown with the day it is really due.
            let cell = play(RENEWS_UNSAID, *message, point);
            assert!(!cell.contains("renewed") || *message == Message::Checkout, "{cell}");
        }
    }
}

#[test]
fn an_answer_cut_at_any_byte_is_found_out() {
    for system in [KNOWS, WORKS] {
        for (message, _) in MESSAGES.iter().filter(|(m, _)| m.work().is_some()) {
            // Beyond the longest of these answers the cut is at its last byte.
            for bytes in (0..160).step_by(7) {
                let cell = play(system, *message, Point::Cut(bytes));
                assert_eq!(cell, "once", "{} {message:?} {bytes}", system.letter);
            }
        }
    }
}

#[test]
fn a_payment_that_is_refused_is_for_staff() {
    let mut s = Stand::new(WORKS, Message::Fee);
    s.boot();
    s.secs(4);
    // More than is owed.
    s.pay(99_900);
    s.secs(10);
    let id = PaymentId::new(PAYMENT).expect("a number");
    assert_eq!(s.session().payment(&id), Some(PaymentState::ForStaff));
    let rows = s.rows();
    assert_eq!((rows[0].kind.as_str(), rows[0].state.as_str()), ("fee", "for_staff"));
    assert!(s.ledger().is_empty());
    let unit = s.journal.show(rows[0].id).expect("it reads").expect("it is there");
    assert!(unit.patron.is_some_and(|p| !p.contains(DEBTOR)), "staff see whose, masked");
}

#[test]
fn every_system_known_by_name_does_nothing_twice() {
    let all = Guise::ALL.map(|guise| System {
        letter: guise.name(),
        guise: Some(guise),
        named: true,
        ..WORKS
    });
    std::thread::scope(|scope| {
        for system in all {
            scope.spawn(move || by_name(system));
        }
    });
}

fn by_name(system: System) {
    // Nothing tells damage where checksums do not count.
    let unchecked = system.guise == Some(Guise::Dp2);
    let damage = [Point::Garbled, Point::GarbledOn, Point::WrongChecksum];
    for (message, _) in MESSAGES.iter().filter(|(m, _)| m.work().is_some()) {
        for (point, name) in POINTS.iter().filter(|(p, _)| !(unchecked && damage.contains(p))) {
            let cell = play(system, *message, *point);
            // Evergreen's handler dies of a payment; a renewal and a payment not done may be for staff.
            let may_be_staff = matches!(message, Message::Renew | Message::Fee);
            assert!(
                cell == "once" || (may_be_staff && cell.starts_with("staff")),
                "{} {message:?}, {name}: {cell}",
                system.letter
            );
        }
    }
}

#[test]
fn an_error_told_in_words_is_found_out() {
    let folio = System { letter: "folio", guise: Some(Guise::Folio), named: true, ..KNOWS };
    for (message, name) in MESSAGES {
        for point in [Point::Words, Point::WordsDone] {
            let cell = play(folio, message, point);
            // What 63 and 17 do not tell is for staff.
            let untold = matches!(message, Message::Renew | Message::Fee);
            let ends = message.work().is_none() || cell == "once";
            assert!(ends || (untold && cell.starts_with("staff")), "{name}, {point:?}: {cell}");
        }
    }
}

#[test]
fn a_reader_who_leaves_with_the_book_changes_nothing_of_that() {
    for system in [KNOWS, WORKS] {
        for (message, _) in MESSAGES.iter().filter(|(m, _)| m.work().is_some()) {
            for (point, name) in POINTS {
                for stays_ms in [600, 1_200, 4_000] {
                    let mut s = begin(system, *message, point);
                    s.millis(stays_ms);
                    s.lift();
                    s.touch(Touch::EndNow);
                    s.secs(SETTLED_S);
                    let story = format!("{} {message:?}, {name}, left", system.letter);
                    judge_work(&mut s, *message, &story);
                }
            }
        }
    }
}

#[test]
fn a_payment_waits_for_a_library_system_that_is_away() {
    let mut s = Stand::new(WORKS, Message::Fee);
    s.boot();
    s.secs(4);
    s.away(120);
    s.secs(1);
    assert!(!s.session().takes_payments(), "no money is to be taken now");
    s.pay(250);
    s.secs(30);
    let id = PaymentId::new(PAYMENT).expect("a number");
    assert_eq!(s.session().payment(&id), Some(PaymentState::Open));
    // The power goes meanwhile, and whoever took the money tells it once more.
    s.boot();
    s.secs(1);
    s.pay(250);
    s.secs(240);
    assert_eq!(judge_work(&mut s, Message::Fee, "away"), "once");
    s.pay(250);
    s.secs(5);
    s.boot();
    s.pay(250);
    s.secs(20);
    assert_eq!(judge_work(&mut s, Message::Fee, "told for ever"), "once");
}

#[test]
fn what_is_owed_hours_later_tells_nothing_of_a_payment() {
    let mut s = begin(WORKS, Message::Fee, Point::Lost);
    s.away(3_600);
    s.secs(4_000);
    assert_eq!(judge_work(&mut s, Message::Fee, "an hour"), "staff (done)");
}
