//! What is wrong is said so that a technician knows what to do; nothing is lost by it.

use std::fs;
use std::net::TcpListener;

use serde_json::{Value, json};
use tests::rig::Process;

use crate::site::{JIEHUAN, Parts, SIM, Site};

/// `user_version` in an SQLite file: four bytes, big end first (SQLite file format, 1.3).
const USER_VERSION: std::ops::Range<usize> = 60..64;

fn run_config(site: &Site, text: &str) -> tests::rig::Ended {
    let config = site.write("station.toml", text);
    site.station(&config, "wait attract").end()
}

const STATION: &str = "[station]\nid = \"S1\"\ndata_dir = \"data\"\nkey_file = \"key\"\n";

#[test]
fn configurations_that_cannot_be_used() {
    let site = Site::new();
    run_config(&site, &format!("{STATION}idd = 1\n")).refused(&["station.toml", "idd", "line 5"]);
    run_config(&site, "[station\n").refused(&["station.toml", "line 1"]);
    run_config(&site, &STATION.replace("\"key\"", "\"data/key\""))
        .refused(&["station.key_file", "put it elsewhere"]);
    run_config(&site, &format!("{STATION}[reader]\nport = \"usb0\"\n")).refused(&[
        "usb0",
        "serial:/dev/",
        "tcp:HOST:PORT",
    ]);
    run_config(&site, &format!("{STATION}[session.times]\nidle_s = 5.0\n"))
        .refused(&["session.times.idle_s", "30 to 300"]);
    let missing = site.text("nowhere.toml");
    Process::run(JIEHUAN, &["run", "--config", &missing, "--headless"])
        .refused(&["nowhere.toml", "give the path of a station.toml"]);
    Process::run(JIEHUAN, &["check-config", &missing]).refused(&["nowhere.toml"]);
}

#[test]
fn files_that_cannot_be_made_or_are_no_key() {
    let site = Site::new();
    site.write("data", "a file where the directory should be");
    run_config(&site, STATION).refused(&["data", "station.data_dir"]);
    fs::remove_file(site.path("data")).unwrap();
    site.write("key", "short");
    run_config(&site, STATION).refused(&["key", "32", "restore the right file"]);
    assert_eq!(fs::read(site.path("key")).unwrap(), b"short");
}

#[test]
fn a_journal_of_a_newer_program_is_left_alone() {
    let site = Site::new();
    let config = site.config(&Parts::default());
    assert_eq!(site.station(&config, "wait attract").end().well().summary()["ok"], true);
    let file = site.path("data/journal.sqlite");
    let mut bytes = fs::read(&file).unwrap();
    assert_eq!(bytes[USER_VERSION], [0, 0, 0, 6], "the version this program writes");
    bytes[USER_VERSION].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&file, &bytes).unwrap();
    let parts = ["version 99", "install the newer program", "nothing was changed"];
    site.station(&config, "wait attract").end().refused(&parts);
    Process::run(JIEHUAN, &["journal", "list", "--config", &config]).refused(&parts);
    assert!(fs::read(&file).unwrap() == bytes, "the file was changed");
}

#[test]
fn a_damaged_journal_is_set_aside_whole_and_returns_go_on() {
    let site = Site::new();
    let config = site.config(&Parts::default());
    assert_eq!(site.station(&config, "wait attract").end().well().summary()["ok"], true);
    let file = site.path("data/journal.sqlite");
    let mut bytes = fs::read(&file).unwrap();
    let half = bytes.len() / 2;
    bytes[100..half].fill(0xA5);
    fs::write(&file, &bytes).unwrap();
    let steps = "wait online\nwait reader up\ntouch return\nwait return\nlay YZ0000102\n\
                 wait returned 1\nlift YZ0000102\nwait pad 0\ntouch finish\nwait finish\n\
                 touch finish\nwait attract";
    let ended = site.station(&config, steps).end();
    assert!(ended.stderr.contains("set aside"), "{}", ended.stderr);
    let summary = ended.summary();
    assert_eq!((&summary["ok"], &summary["returns"]), (&true.into(), &1.into()), "{summary}");
    assert!(fs::read(site.path("data/journal-damaged-1.sqlite")).unwrap() == bytes);
    let devices = fs::read_to_string(site.path("data/devices.json")).unwrap();
    assert!(devices.contains("what was open in it is for staff"), "{devices}");
}

#[test]
fn scripts_that_are_not_understood() {
    let site = Site::new();
    let config = site.config(&Parts::default());
    for (script, parts) in [
        ("wait attract\n\nfly away\n", ["line 3", "fly away", "no such step"]),
        ("touch the sky\n", ["line 1", "touch the sky", "docs/script.md"]),
        ("pin 12ab\n", ["line 1", "digits only", "docs/script.md"]),
    ] {
        site.station(&config, script).end().refused(&parts);
    }
    let gone = site.text("gone.script");
    Process::run(JIEHUAN, &["demo", "--headless", "--script", &gone])
        .refused(&["cannot read the script", "gone.script"]);
    fs::write(site.path("binary.script"), [0xFF, 0xFE, 0x00]).unwrap();
    let binary = site.text("binary.script");
    Process::run(JIEHUAN, &["demo", "--headless", "--script", &binary])
        .refused(&["binary.script", "is not text"]);
}

#[test]
fn a_practice_library_that_cannot_start() {
    let site = Site::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    Process::run(JIEHUAN, &["practice", "--listen", &address]).refused(&[
        &address,
        "is in use",
        "another port",
    ]);

    let data = site.write(
        "library.json",
        r#"{"format": 1, "institution": "Y", "library": {"zh": "图", "en": "L"},
            "classes": [{"code": "a", "zh": "成人", "en": "Adult", "loan_limit": 1, "hold_limit": 1,
                         "fee_limit": "1.00"}],
            "branches": [{"code": "M", "zh": "总", "en": "Main"}],
            "patrons": [{"number": "0200009999", "name": "陈晓东", "pin": "1", "class": "b",
                         "expires": "soon"}],
            "items": [{"barcode": "B1", "title": "T", "owner": "Y", "home": "X"}]}"#,
    );
    let db = site.text("new.sqlite");
    let practice = ["practice", "--listen", "127.0.0.1:0", "--db", &db, "--data"];
    let ended = Process::run(JIEHUAN, &[&practice[..], &[&data]].concat());
    ended.refused(&[
        "library.json: nothing was loaded",
        "items[0] (B1), home",
        "patrons[0], class",
    ]);
    crate::site::no_patron("the error", ended.said().as_bytes());
    let missing = site.text("missing.json");
    Process::run(JIEHUAN, &[&practice[..], &[&missing]].concat())
        .refused(&["missing.json", "check its name"]);
}

#[test]
fn a_simulator_that_cannot_start() {
    let site = Site::new();
    let tags = site.write("tags.json", "{\"tags\":[{\"id\":\"b\"}]}");
    let reader = ["reader", "--model", "3m810", "--listen", "tcp:127.0.0.1:0", "--tags"];
    Process::run(SIM, &[&reader[..], &[&tags]].concat()).refused(&[
        "tags.json",
        "uid",
        "docs/tags-file.md",
    ]);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("tcp:{}", taken.local_addr().unwrap());
    let out = site.text("out");
    Process::run(SIM, &["printer", "--listen", &listen, "--out", &out]).refused(&[&listen[4..]]);
}

/// State line of a view.
fn state(line: &Value) -> &Value {
    &line["view"]["state_line"]
}

#[test]
fn a_reader_that_is_absent_or_goes_is_named_and_found_again() {
    let site = Site::new();
    let reader = site.pad_port();
    let config = site.config(&Parts { reader: Some(&reader), ..Parts::default() });
    let steps = "wait online\nexpect reader down\nwait reader up\nwait state none\n\
                 touch help\nwait state reader_lost\ntouch help\nwait reader up\nwait state none\n";
    let mut station = site.station(&config, steps);
    let absent = json!({ "starting": { "missing": ["reader"] } });
    station.json("the reader's name", |line| *state(line) == absent);
    let (mut pad, _) = site.pad();
    // The script has seen it too.
    station.json("the script's sign", |line| !line["view"]["overlay"].is_null());
    pad.kill();
    // What a killed simulator leaves. Another test's pty may have its number by now, and then the
    // next simulator would not take the link for a leftover.
    fs::remove_file(site.path("pad")).unwrap();
    station.json("the loss of the reader", |line| state(line) == "reader_lost");
    let (_pad, _) = site.pad();
    assert_eq!(station.end().well().summary()["ok"], true);
}
