//! The practice library's server: faults on a real socket, restarts, many and hostile clients.

mod practice_support;

use std::io::Write;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use kiosk::practice::server::CONNECTIONS;
use kiosk::practice::{
    ChecksumMode, Clock, Config, Fault, Guise, Kind, Location, ManualClock, Practice, Source,
};
use practice_support::{DATA, Library, Station, az, field, framed, until, write};
use proptest::prelude::*;

const LOAN: &str =
    "11NN20261122    103000                  AOYZLIB|AA0200001234|ABYZ0000021|AC|BON|BIN|";
const ITEM: &str = "1720261122    103000AOYZLIB|ABYZ0000789|AC|";

#[test]
fn late_answers_come_late() {
    let library = Library::start();
    let mut station = library.station();
    library.practice.set_fault(Fault::Late(300));
    let asked = Instant::now();
    assert!(station.ask(ITEM).starts_with("18"));
    assert!(asked.elapsed() >= Duration::from_millis(300));
}

#[test]
fn silence_after_the_commit_leaves_the_loan_made() {
    let library = Library::start();
    let mut station = library.station();
    library.practice.set_fault(Fault::SilentAfterCommit(1));
    let request = framed(LOAN, 3);
    station.send(&request);
    until("the loan is in the ledger", || library.story() == ["loan YZ0000021"]);
    // The first line that comes answers the repetition, and the loan is still one.
    station.send(&request);
    let line = station.line().unwrap();
    assert!(line.starts_with(b"121NNY") && line.windows(3).any(|w| w == b"AY3"));
    // Nothing else was said: the next line answers the next request.
    station.send(&framed(ITEM, 4));
    assert!(station.line().unwrap().starts_with(b"18"));
    assert_eq!(library.story(), ["loan YZ0000021"]);
}

#[test]
fn closing_before_the_answer_leaves_the_loan_made() {
    let library = Library::start();
    let mut station = library.station();
    library.practice.set_fault(Fault::CloseBeforeAnswer(1));
    station.send(&framed(LOAN, 3));
    assert_eq!(station.line(), None);
    let mut again = library.station();
    let info = again.ask("1720261122    103000AOYZLIB|ABYZ0000021|AC|");
    assert!(info.starts_with("1804"), "{info}");
    assert!(again.ask(ITEM).starts_with("18"), "the fault is used up");
}

#[test]
fn an_answer_breaks_off() {
    let library = Library::start();
    let mut station = library.station();
    library.practice.set_fault(Fault::CloseMidAnswer(20));
    station.send(&framed(ITEM, 0));
    let mut got = Vec::new();
    std::io::Read::read_to_end(&mut station.stream, &mut got).unwrap();
    assert_eq!(got, b"1803000120261122    ");
}

#[test]
fn garbled_answers_fail_their_checksum_and_97_brings_the_good_one() {
    let library = Library::start();
    let mut station = library.station();
    let good = station.ask(ITEM);
    library.practice.set_fault(Fault::Garble(1));
    station.send(&framed(ITEM, 5));
    let line = station.line().unwrap();
    let (rest, sum) = line.split_at(line.len() - 4);
    assert_ne!(az(rest).as_bytes(), sum);
    station.send(b"97AZFEF5\r");
    let line = String::from_utf8(station.line().unwrap()).unwrap();
    assert!(line.starts_with(&good) && line[good.len()..].starts_with("AY5AZ"), "{line}");
}

#[test]
fn the_wrong_digit_comes_with_a_right_checksum() {
    let library = Library::start();
    let mut station = library.station();
    library.practice.set_fault(Fault::WrongDigit(1));
    station.send(&framed(ITEM, 9));
    let line = station.line().unwrap();
    let (rest, sum) = line.split_at(line.len() - 4);
    assert_eq!(az(rest).as_bytes(), sum);
    assert!(rest.ends_with(b"AY0AZ"));
    station.send(&framed(ITEM, 1));
    assert!(station.line().unwrap().windows(5).any(|w| w == b"AY1AZ"));
}

#[test]
fn the_checksum_alone_is_wrong() {
    let library = Library::start();
    let mut station = library.station();
    let good = station.ask(ITEM);
    library.practice.set_fault(Fault::BadChecksum(1));
    station.send(&framed(ITEM, 1));
    let line = station.line().unwrap();
    assert!(line.starts_with(good.as_bytes()));
    let (rest, sum) = line.split_at(line.len() - 4);
    assert_ne!(az(rest).as_bytes(), sum);
}

#[test]
fn dp2_ends_answers_its_own_way() {
    let library = Library::start();
    let mut station = library.station();
    library.practice.set_fault(Fault::NonStandardChecksum(true));
    station.send(&framed("9300CNk|COx|", 0));
    assert_eq!(station.line().unwrap(), b"941|AY4AZFF62");
    station.send(&framed(ITEM, 1));
    let line = String::from_utf8(station.line().unwrap()).unwrap();
    assert!(line.contains("APYZ-MAIN|AY4AZ"), "{line}");
    library.practice.set_fault(Fault::Clear);
    station.send(&framed(ITEM, 2));
    assert!(station.line().unwrap().windows(5).any(|w| w == b"AY2AZ"));
}

#[test]
fn answer_96_does_no_work() {
    let library = Library::start();
    let mut station = library.station();
    library.practice.set_fault(Fault::Answer96(2));
    let request = framed(LOAN, 3);
    for _ in 0..2 {
        station.send(&request);
        assert_eq!(station.line().unwrap(), b"96AZFEF6");
    }
    assert!(library.story().is_empty());
    station.send(&request);
    assert!(station.line().unwrap().starts_with(b"121N"));
    assert_eq!(library.story(), ["loan YZ0000021"]);
}

#[test]
fn everything_is_refused() {
    let library = Library::start();
    let mut station = library.station();
    library.practice.set_fault(Fault::RefuseAll(true));
    for (answer, refused) in [
        (station.borrow("0200001234", "YZ0000021"), "120N"),
        (station.give_back("YZ0000013"), "100N"),
        (station.renew("0200001234", "YZ0000013"), "300N"),
        (station.ask("6520261122    103000AOYZLIB|AA0200001234|AC|"), "660"),
        (station.ask("1920261122    103000AOYZLIB|ABYZ0000789|AC|CHx|"), "200"),
        (station.ask("3720261122    1030000400CNYBV1.00|AOYZLIB|AA0200000005|BKx|"), "38N"),
        (station.ask("15+20261122    103000AOYZLIB|AA0200001234|ABYZ0000789|"), "160"),
    ] {
        assert!(answer.starts_with(refused), "{answer}");
        assert!(answer.contains("AF系统暂停服务|"), "{answer}");
    }
    assert!(station.ask("9900482.00").starts_with("98Y"), "the line itself is open");
    assert!(library.story().is_empty());
}

#[test]
fn off_line_says_so() {
    let library = Library::start();
    let mut station = library.station();
    library.practice.set_fault(Fault::Offline(true));
    assert!(station.ask("9900482.00").starts_with("98NNNNYY"));
    assert!(station.borrow("0200001234", "YZ0000021").starts_with("120N"));
    library.practice.set_fault(Fault::Offline(false));
    assert!(station.ask("9900482.00").starts_with("98YYYY"));
}

#[test]
fn a_fault_can_wait_for_one_kind_of_request() {
    let library = Library::start();
    let mut station = library.station();
    for line in ["only 11", "again 1"] {
        library.practice.set_fault(line.parse().unwrap());
    }
    assert!(station.ask(ITEM).starts_with("18"));
    station.send(&framed(LOAN, 5));
    assert_eq!(station.line().unwrap(), b"96AZFEF6");
}

#[test]
fn checksums_are_asked_for_in_three_ways() {
    let wrong = format!("{ITEM}AY1AZ0000\r");
    let plain = format!("{ITEM}\r");
    let right = framed(ITEM, 1);
    for (mode, to_wrong, to_plain) in [
        (ChecksumMode::Strict, "96AZFEF6", "96AZFEF6"),
        (ChecksumMode::Checked, "96AZFEF6", "18"),
        (ChecksumMode::Tolerant, "18", "18"),
    ] {
        let library = Library::with(DATA, |config| config.checksum = mode);
        let mut station = library.station();
        for (request, answer) in
            [(right.as_slice(), "18"), (wrong.as_bytes(), to_wrong), (plain.as_bytes(), to_plain)]
        {
            station.send(request);
            let line = String::from_utf8(station.line().unwrap()).unwrap();
            assert!(line.starts_with(answer), "{mode:?}: {line}");
            if request == plain.as_bytes() && answer == "18" {
                assert!(line.ends_with('|'), "no trailer asked, none given: {line}");
            }
        }
    }
}

fn config(folder: &std::path::Path, db: &str) -> Config {
    Config {
        database: Location::File(folder.join(db)),
        source: Source::File(write(folder, DATA)),
        clock: Clock::Manual(ManualClock::new(practice_support::time("2026-11-22T10:30:00"))),
        ..Config::default()
    }
}

#[test]
fn everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = config(folder.path(), "library.db");
    let first = Practice::start(settings.clone()).unwrap();
    let addr = first.addr();
    let mut station = Station::connect(addr);
    assert!(station.borrow("0200001234", "YZ0000021").starts_with("121N"));
    station.give_back("YZ0000011");
    let before = first.ledger().unwrap();
    let open = first.open_loans().unwrap();
    first.stop();
    assert!(station.ends(), "connections end with the server");
    // The same port at once, and a data file that is gone is not missed.
    std::fs::remove_file(folder.path().join("data.json")).unwrap();
    let second = Practice::start(Config { listen: addr, ..settings }).unwrap();
    assert_eq!(second.ledger().unwrap(), before);
    assert_eq!(second.open_loans().unwrap(), open);
    assert_eq!(second.tally(None).unwrap().loans, 0, "figures count from this start");
    assert!(second.ledger_since_start().unwrap().is_empty());
    let mut station = Station::connect(addr);
    assert!(station.borrow("0200001234", "YZ0000021").starts_with("120N"), "still lent");
    let status = station.ask("2301920261122    103000AOYZLIB|AA0200000006|AC|AD6|");
    assert_eq!(field(&status, 37, "BV"), Some("0.30"), "the fee is kept");
    assert_eq!(field(&status, 37, "CQ"), Some("Y"), "the PIN is kept");
}

#[test]
fn what_is_answered_is_committed() {
    let folder = tempfile::tempdir().unwrap();
    let library = Practice::start(config(folder.path(), "seen.db")).unwrap();
    let mut station = Station::connect(library.addr());
    // Another connection to the file sees committed transactions only.
    let other = rusqlite::Connection::open(folder.path().join("seen.db")).unwrap();
    for (number, item) in ["YZ0000021", "YZ0000022", "YZ0000023"].iter().enumerate() {
        assert!(station.borrow("0200001234", item).starts_with("121N"));
        let count: u32 = other
            .query_row("SELECT count(*) FROM ledger WHERE kind = 'loan'", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count as usize, number + 1);
    }
}

#[test]
fn a_failing_database_answers_nothing_and_keeps_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let library = Practice::start(config(folder.path(), "full.db")).unwrap();
    let other = rusqlite::Connection::open(folder.path().join("full.db")).unwrap();
    // Stands for a full disk: the last statement of a loan fails.
    other
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON ledger
             BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END;",
        )
        .unwrap();
    let mut station = Station::connect(library.addr());
    station.send(&framed(LOAN, 0));
    assert_eq!(station.line(), None, "closed without an answer");
    assert!(library.open_loans().unwrap().iter().all(|loan| loan.item != "YZ0000021"));
    other.execute_batch("DROP TRIGGER full").unwrap();
    let mut station = Station::connect(library.addr());
    assert!(station.borrow("0200001234", "YZ0000021").starts_with("121N"));
}

#[test]
fn the_database_holds_no_pin() {
    let folder = tempfile::tempdir().unwrap();
    let data = DATA.replace(r#""pin": "1234""#, r#""pin": "PIN-SEEN-4711""#);
    let source = Source::File(write(folder.path(), &data));
    let settings = Config { source, ..config(folder.path(), "library.db") };
    std::fs::write(folder.path().join("data.json"), &data).unwrap();
    Practice::start(settings).unwrap().stop();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "json") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        assert!(!bytes.windows(13).any(|w| w == b"PIN-SEEN-4711"), "{}", path.display());
    }
}

#[test]
fn what_prevents_a_start_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let error = |settings: Config| Practice::start(settings).err().unwrap().to_string();
    let running = Practice::start(config(folder.path(), "one.db")).unwrap();
    let taken = error(Config { listen: running.addr(), ..config(folder.path(), "two.db") });
    assert!(taken.contains("in use") && taken.contains("another port"), "{taken}");
    let foreign_addr = error(Config {
        listen: "192.0.2.1:6001".parse().unwrap(),
        ..config(folder.path(), "three.db")
    });
    assert!(foreign_addr.contains("an address of this machine"), "{foreign_addr}");
    let missing = Source::File(folder.path().join("none.json"));
    let missing = error(Config { source: missing, ..Config::default() });
    assert!(missing.contains("none.json") && missing.contains("check its name"), "{missing}");
    let broken = Source::File(write(folder.path(), "{\"format\": 1}"));
    let broken = error(Config { source: broken, ..Config::default() });
    assert!(broken.contains("nothing was loaded") && broken.contains("branches"), "{broken}");
    std::fs::write(
        folder.path().join("text.db"),
        "not a database, but long enough to be read as one. ".repeat(50),
    )
    .unwrap();
    let text = error(config(folder.path(), "text.db"));
    assert!(text.contains("not a practice library database"), "{text}");
    let folder_missing = Location::File(folder.path().join("no/such/dir.db"));
    let folder_missing = error(Config { database: folder_missing, ..Config::default() });
    assert!(folder_missing.contains("--db"), "{folder_missing}");
}

#[test]
fn a_database_of_a_newer_version_or_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    Practice::start(config(folder.path(), "new.db")).unwrap().stop();
    let path = folder.path().join("new.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 2);
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    let newer = Practice::start(config(folder.path(), "new.db")).err().unwrap().to_string();
    assert!(newer.contains("version 99") && newer.contains("update the program"), "{newer}");
    let other = rusqlite::Connection::open(folder.path().join("other.db")).unwrap();
    other.execute_batch("CREATE TABLE mine (x)").unwrap();
    drop(other);
    let other = Practice::start(config(folder.path(), "other.db")).err().unwrap().to_string();
    assert!(other.contains("not a practice library database"), "{other}");
}

#[test]
fn a_database_of_before_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let library = Practice::start(config(folder.path(), "old.db")).unwrap();
    Station::connect(library.addr()).borrow("0200001234", "YZ0000021");
    library.stop();
    let db = rusqlite::Connection::open(folder.path().join("old.db")).unwrap();
    db.execute_batch("ALTER TABLE ledger DROP COLUMN reference; PRAGMA user_version = 1;").unwrap();
    drop(db);
    let library = Practice::start(config(folder.path(), "old.db")).unwrap();
    let ledger = library.ledger().unwrap();
    assert_eq!((ledger.len(), ledger[0].reference.clone()), (1, None));
}

#[test]
fn the_ledger_cannot_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let library = Practice::start(config(folder.path(), "kept.db")).unwrap();
    Station::connect(library.addr()).borrow("0200001234", "YZ0000021");
    library.stop();
    let db = rusqlite::Connection::open(folder.path().join("kept.db")).unwrap();
    for change in ["DELETE FROM ledger", "UPDATE ledger SET kind = 'return'"] {
        assert!(db.execute(change, []).is_err(), "{change}");
    }
}

#[test]
fn fifty_stations_at_once_lose_nothing() {
    const STATIONS: usize = 50;
    const ROUNDS: usize = 4;
    let items: Vec<String> = (0..STATIONS * ROUNDS).map(|n| format!("T{n:05}")).collect();
    let rows: Vec<String> = items
        .iter()
        .map(|b| format!(r#"{{"barcode": "{b}", "title": "t", "owner": "o", "home": "YZ-MAIN"}},"#))
        .collect();
    let data = DATA
        .replace(r#""items": ["#, &format!(r#""items": [{}"#, rows.concat()))
        .replace(r#""loan_limit": 10"#, r#""loan_limit": 1000"#);
    let library = Library::with(&data, |_| {});
    std::thread::scope(|scope| {
        for (number, own) in items.chunks(ROUNDS).enumerate() {
            let library = &library;
            scope.spawn(move || {
                let mut station = library.station();
                station.ask(&format!("9300CNk{number}|COx|CPYZ-MAIN-{number:02}|"));
                for item in own {
                    assert!(station.borrow("0200001234", item).starts_with("121N"), "{item}");
                }
                // Everybody wants this one.
                station.borrow("0200001234", "YZ0000789");
                assert!(station.give_back(&own[0]).starts_with("101"));
            });
        }
    });
    let tally = library.practice.tally(None).unwrap();
    let expected = (STATIONS * ROUNDS + 1, STATIONS);
    assert_eq!((tally.loans as usize, tally.returns as usize), expected);
    let ledger = library.practice.ledger().unwrap();
    let one = ledger.iter().filter(|e| e.item.as_deref() == Some("YZ0000789")).count();
    assert_eq!(one, 1, "lent to one station only");
    for (number, own) in items.chunks(ROUNDS).enumerate() {
        let place = format!("YZ-MAIN-{number:02}");
        let here = ledger.iter().filter(|e| e.station.location == place && e.kind == Kind::Loan);
        assert!(here.count() >= own.len(), "{place}");
    }
}

#[test]
fn one_station_too_many_is_told_so() {
    let library = Library::start();
    let mut stations: Vec<Station> = (0..CONNECTIONS)
        .map(|_| {
            let mut station = library.station();
            assert!(station.ask(ITEM).starts_with("18"));
            station
        })
        .collect();
    let mut extra = library.station();
    let told = String::from_utf8(extra.line().unwrap()).unwrap();
    assert!(told.starts_with("98NNNN") && told.contains("AF连接太多"), "{told}");
    assert!(extra.ends());
    // One leaves, one can come.
    let leaving = stations.pop().unwrap();
    leaving.stream.shutdown(Shutdown::Both).unwrap();
    drop(leaving);
    until("there is room again", || {
        let mut station = library.station();
        let _ = station.stream.write_all(&framed(ITEM, 0));
        station.line().is_some_and(|line| line.starts_with(b"18"))
    });
}

#[test]
fn silent_and_slow_clients_are_closed() {
    let library = Library::with(DATA, |config| {
        config.idle_timeout = Duration::from_millis(200);
        config.message_timeout = Duration::from_millis(200);
    });
    let mut silent = library.station();
    assert!(silent.ends());
    let mut slow = library.station();
    // A byte now and then never finishes a message and must not keep the line open.
    let until = Instant::now() + practice_support::PATIENCE;
    let mut writer = slow.stream.try_clone().unwrap();
    let drip = std::thread::spawn(move || {
        while Instant::now() < until && writer.write_all(b"1").is_ok() {
            std::thread::park_timeout(Duration::from_millis(20));
        }
    });
    assert!(slow.ends());
    drip.join().unwrap();
    assert!(library.station().ask(ITEM).starts_with("18"), "others are served");
}

#[test]
fn an_endless_request_is_answered_96_and_closed() {
    let library = Library::start();
    let mut station = library.station();
    let mut writer = station.stream.try_clone().unwrap();
    let flood = std::thread::spawn(move || {
        let piece = [b'A'; 4096];
        for _ in 0..20 {
            if writer.write_all(&piece).is_err() {
                return;
            }
        }
    });
    assert_eq!(station.line().as_deref(), Some(&b"96"[..]));
    flood.join().unwrap();
    assert!(station.ends());
}

#[test]
fn nonsense_is_answered_96_and_ends_after_ten_lines() {
    let library = Library::start();
    let mut station = library.station();
    for line in ["hello", "77AOx|", "11YN", "121NNY", "\u{4E09}"] {
        station.send(format!("{line}\r\n").as_bytes());
        assert_eq!(station.line().unwrap(), b"96", "nothing has shown error detection: {line}");
    }
    assert!(station.ask(ITEM).starts_with("18"), "a good one starts anew");
    for _ in 0..10 {
        station.send(b"nonsense\r");
        assert_eq!(station.line().unwrap(), b"96AZFEF6");
    }
    assert!(station.ends());
}

#[test]
fn a_line_that_ends_as_error_detection_does_is_answered_alike() {
    let library = Library::start();
    let mut station = library.station();
    for (line, answer) in
        [("hello", &b"96"[..]), ("77AOx|AY1AZ0000", b"96AZFEF6"), ("hello", b"96AZFEF6")]
    {
        station.send(format!("{line}\r").as_bytes());
        assert_eq!(station.line().unwrap(), answer, "{line}");
    }
    station.send(format!("{ITEM}\r").as_bytes());
    assert!(station.line().unwrap().starts_with(b"18"));
    station.send(b"hello\r");
    assert_eq!(station.line().unwrap(), b"96", "its last request carried none");
}

#[test]
fn two_requests_of_the_same_digit_and_sum_are_two() {
    let library = Library::start();
    let mut station = library.station();
    let back = |item: &str| {
        framed(&format!("09N20261122    10300020261122    103000AP|AOYZLIB|AB{item}|AC|BIN|"), 0)
    };
    let (one, other) = (back("YZ0000012"), back("YZ0000021"));
    assert_eq!(one[one.len() - 10..], other[other.len() - 10..]);
    for (request, item) in [(&one, &b"ABYZ0000012|"[..]), (&other, b"ABYZ0000021|")] {
        station.send(request);
        let line = station.line().unwrap();
        assert!(line.windows(item.len()).any(|w| w == item), "{}", line.escape_ascii());
    }
    assert_eq!(library.story(), ["return YZ0000012", "taken_in YZ0000021"]);
}

#[test]
fn in_koha_s_guise_empty_input_is_answered() {
    let library = Library::with(DATA, |config| config.guise = Some(Guise::Koha));
    let mut station = library.station();
    let request = framed("9300CNkiosk01|COx|CPYZ-MAIN-01|", 0);
    station.send(&[&request[..], b"\n"].concat());
    assert!(station.line().unwrap().starts_with(b"941"));
    assert_eq!(station.line().unwrap(), b"\n96", "of CR LF the second is an empty line");
}

#[test]
fn an_error_in_words_does_no_work() {
    let library = Library::with(DATA, |config| config.guise = Some(Guise::Folio));
    let mut station = library.station();
    station.ask("9300CNkiosk01|COx|CPYZ-MAIN-01|");
    library.practice.set_fault("words".parse().unwrap());
    station.send(&framed(LOAN, 3));
    assert_eq!(station.line().unwrap(), b"Problem handling request");
    assert!(library.story().is_empty());
    assert!(station.ask(ITEM).starts_with("18"), "the fault is used up");
}

#[test]
fn terminators_and_pieces_of_all_kinds_are_read() {
    let library = Library::start();
    let mut station = library.station();
    let request = framed(ITEM, 1);
    for piece in request.chunks(1) {
        station.send(piece);
    }
    assert!(station.line().unwrap().starts_with(b"18"));
    let (body, _) = request.split_at(request.len() - 1);
    station.send(&[b"\n\r\n", body, b"\r\n", body, b"\n"].concat());
    for _ in 0..2 {
        assert!(station.line().unwrap().starts_with(b"18"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Random bytes, also behind a valid start, neither stop the server nor reach the ledger.
    #[test]
    fn random_bytes_do_no_harm(
        bytes in proptest::collection::vec(any::<u8>(), 0..2000),
        code in proptest::sample::select(vec!["11", "09", "63", "29", "37", "15", "93", ""]),
    ) {
        static LIBRARY: std::sync::LazyLock<Library> = std::sync::LazyLock::new(Library::start);
        let mut station = LIBRARY.station();
        let _ = station.stream.write_all(code.as_bytes());
        let _ = station.stream.write_all(&bytes);
        let _ = station.stream.write_all(b"\r");
        let _ = station.stream.shutdown(Shutdown::Write);
        prop_assert!(station.ends());
        prop_assert!(LIBRARY.station().ask(ITEM).starts_with("18"));
        prop_assert!(LIBRARY.practice.ledger().unwrap().is_empty());
    }
}
