//! `jiehuan-tech` as a technician runs it.

use serde_json::Value;
use tests::rig::Process;

use crate::site::{Parts, Printer, Site, TECH};

#[test]
fn a_configuration_is_checked() {
    let site = Site::new();
    let config = site.config(&Parts {
        library: Some("127.0.0.1:6001"),
        printer: Printer::Simulated,
        ..Parts::default()
    });
    let fine = Process::run(TECH, &["check-config", &config]);
    let said = fine.well().lines.join("\n");
    for part in ["fine", "YZ-E2E-01", "127.0.0.1:6001", "simulated", "epson-tm-t20ii"] {
        assert!(said.contains(part), "{part:?} not in {said}");
    }
    let bad = site.write(
        "bad.toml",
        "[station]\nid = \"\"\ndata_dir = \"d\"\nkey_file = \"d/key\"\nzone = \"Mars/Base\"\n",
    );
    Process::run(TECH, &["check-config", &bad]).refused(&[
        "station.id is empty",
        "station.key_file",
        "station.zone",
    ]);
}

#[test]
fn devices_are_listed_or_their_absence_is_said() {
    let lines = Process::run(TECH, &["devices"]).well().lines.clone();
    let listed = Process::run(TECH, &["devices", "--json"]);
    let devices: Vec<Value> =
        listed.well().lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for device in &devices {
        let port = device["port"].as_str().unwrap();
        assert!(lines.iter().any(|line| line == port), "{port} not in {lines:?}");
    }
    if devices.is_empty() {
        assert!(lines.join("\n").contains("check plug and power"), "{lines:?}");
    }
}

#[test]
fn a_tag_is_decoded() {
    let mut tool = Process::start(TECH, &["tag", "decode", "--json"]);
    tool.say(r#"{"id": 1, "memory": "91 00 05 1C BE 99 1A 14 02 01 D0 14 02 04 B3 46 07 44 1C B6 E2 E3 35 D6 83 02 07 AC C0 9E BA A0 6F 6B 00 00"}"#);
    let tag: Value = serde_json::from_str(&tool.end().well().lines[0]).unwrap();
    assert_eq!(tag["primary_item_identifier"], "123456789012");
}
