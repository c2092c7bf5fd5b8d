//! Who is here, by devices of their own: a scanner, codes that work once, identity cards.

use drivers::idcard::{HashKey, IdKind, IdNumber};
use drivers::sim::idcard::{CardKind, IdCardSim, IdCardSimConfig};
use drivers::sim::listen::ListenSpec;
use drivers::sim::scanner::{ScannerSim, ScannerSimConfig};
use serde_json::Value;
use tests::rig::Process;

use crate::site::{Site, ZHANG};

/// A secret of a site, long enough for the key.
const SECRET: &str = "a secret that all stations of one site share";
/// The fictional number of peripherals.md 3.2.
const NUMBER: &str = "321182190001010012";

fn listen() -> ListenSpec {
    ListenSpec::Tcp("127.0.0.1:0".to_owned())
}

fn config(site: &Site, library: &str, devices: &str) -> String {
    site.write(
        "station.toml",
        &format!(
            "[station]\nid = \"YZ-E2E-01\"\nbranch = \"YZ-MAIN\"\n\
             data_dir = \"data\"\nkey_file = \"journal.key\"\n\
             [library]\n{library}\n[library.profile]\ninstitution_id = \"YZLIB\"\n\
             {devices}\n[session]\nowners = [\"CN-321182-YZ\"]\ncount_check = \"off\"\n"
        ),
    )
}

fn advice(line: &Value) -> Option<&str> {
    line["view"]["screen"]["identify"]["problem"].as_str()
}

#[test]
fn a_scanned_card_asks_for_the_pin_and_a_scanned_book_is_lent() {
    let site = Site::new();
    let scanner = ScannerSim::start(&ScannerSimConfig::new(listen())).unwrap();
    let devices = format!("[scanner]\nsetup = {{ port = \"{}\" }}\n", scanner.port_spec());
    let config = config(&site, "", &devices);
    let script = "wait online\nwait reader up\ntouch borrow\nwait identify\nwait pin\npin 1234\n\
                  wait borrow\nwait borrowed 1\ntouch finish\nwait finish\ntouch finish\nwait attract";
    let mut station = site.station(&config, script);
    station.screen("identify");
    scanner.scan(ZHANG.as_bytes()).unwrap();
    station.screen("borrow");
    scanner.scan(b"YZ0000101").unwrap();
    let summary = station.end().well().summary();
    assert_eq!((&summary["loans"], &summary["ok"]), (&1.into(), &true.into()), "{summary}");
    site.holds_no_patron();
}

#[test]
fn a_patrons_code_works_once() {
    let site = Site::new();
    let scanner = ScannerSim::start(&ScannerSimConfig::new(listen())).unwrap();
    let devices = format!(
        "[scanner]\nsetup = {{ port = \"{}\", codes = {{ repeat_ms = 0 }} }}\n\
         rules = {{ patron_code = {{ prefix = \"JH1.\", fields = [\"patron\", \"any\"] }} }}\n",
        scanner.port_spec()
    );
    let config = config(&site, "", &devices);
    // No PIN: such a code cannot be copied and used again.
    let script = "wait online\nwait reader up\ntouch borrow\nwait identify\nwait borrow\n\
                  touch finish\nwait attract\ntouch borrow\nwait identify\n\
                  wait advice qr_used";
    let mut station = site.station(&config, script);
    station.screen("identify");
    let code = format!("JH1.{ZHANG}.7f3a9c");
    scanner.scan(code.as_bytes()).unwrap();
    station.screen("borrow");
    station.screen("identify");
    scanner.scan(code.as_bytes()).unwrap();
    station.json("the refusal", |line| advice(line) == Some("qr_used"));
    station.kill();
    site.holds_no_patron();
}

#[test]
fn an_identity_card_names_its_holder_by_a_hash() {
    let site = Site::new();
    let module = IdCardSim::start(&IdCardSimConfig::new(listen())).unwrap();
    let key = HashKey::new(SECRET.as_bytes().to_vec()).unwrap();
    let hash = IdNumber::new(IdKind::Resident, NUMBER).unwrap().hashed(&key);
    // The library knows its patron by the same hash.
    let built_in = include_str!("../../../kiosk/src/practice/collection.json");
    site.write("library.json", &built_in.replace(ZHANG, hash.as_str()));
    site.write("site.key", SECRET);
    let devices = format!(
        "[id_card]\nsetup = {{ port = \"{}\" }}\nkey_file = \"site.key\"\n",
        module.port_spec()
    );
    let config = config(&site, "practice_data = \"library.json\"", &devices);
    let script = "wait online\nwait reader up\ntouch borrow\nwait identify\nwait borrow\n\
                  lay YZ0000101\nwait borrowed 1\ntouch finish\nwait finish\ntouch finish\n\
                  wait attract\nlift YZ0000101";
    let mut station = site.station(&config, script);
    station.screen("identify");
    module.lay(NUMBER, CardKind::Resident).unwrap();
    let ended = station.end();
    assert_eq!(ended.well().summary()["loans"], 1);
    // The number itself is nowhere, the hash not in clear.
    let said = ended.lines.join("\n") + &ended.stderr;
    for secret in [NUMBER, hash.as_str()] {
        assert!(!said.contains(secret), "{secret} was said");
    }
    let files = ["data", "data/log"].map(|dir| std::fs::read_dir(site.path(dir)).unwrap());
    let files = files.into_iter().flatten().map(|file| file.unwrap().path());
    for file in files.filter(|path| path.is_file()) {
        let bytes = std::fs::read(file).unwrap();
        for secret in [NUMBER.as_bytes(), hash.as_str().as_bytes()] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret), "kept in clear");
        }
    }
}

#[test]
fn devices_that_are_not_there_are_said_and_the_station_serves() {
    let site = Site::new();
    let devices = "[scanner]\nsetup = { port = \"serial:/dev/not-here\" }\n\
                   [[reader]]\n[[reader]]\nname = \"cards\"\nmodel = \"pn532\"\n\
                   port = \"serial:/dev/not-here-either\"\n";
    let config = config(&site, "", devices);
    let script = format!(
        "wait online\nwait reader up\nwait state missing\ncard {ZHANG}\nwait borrow\n\
         lay YZ0000101\nwait borrowed 1\nlift YZ0000101\ntouch finish\nwait finish\ntouch finish\nwait attract"
    );
    let ended = site.station(&config, &script).end();
    assert_eq!(ended.well().summary()["loans"], 1);
    let listed = Process::run(crate::site::TECH, &["devices", "--station", &config, "--json"]);
    let devices: Vec<Value> =
        listed.well().lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let state = |name: &str| {
        devices.iter().find(|d| d["name"] == name).map(|d| d["state"].as_str().unwrap().to_owned())
    };
    assert_eq!(state("reader-1").as_deref(), Some("up"), "{devices:?}");
    assert_eq!(state("cards").as_deref(), Some("down"), "{devices:?}");
    assert_eq!(state("scanner").as_deref(), Some("down"), "{devices:?}");
}
