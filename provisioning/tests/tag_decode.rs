//! `jiehuan-tech tag decode` as a technician or a script runs it.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

const ANNEX_D: &str = "91 00 05 1C BE 99 1A 14 02 01 D0 14 02 04 B3 46 07 44 1C B6 E2 E3 35 D6
    83 02 07 AC C0 9E BA A0 6F 6B 00 00";

/// Runs the tool; standard output, which must come with exit code 0.
fn run(arguments: &[&str], input: Vec<u8>) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_jiehuan-tech"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Apart, so that neither pipe can fill up while the other is waited for.
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!(output.status.code(), Some(0));
    String::from_utf8(output.stdout).unwrap()
}

fn answers(input: impl Into<Vec<u8>>) -> Vec<Value> {
    run(&["tag", "decode", "--json"], input.into())
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[track_caller]
fn check(request: Value, answer: Value) {
    assert_eq!(answers(request.to_string()), [answer]);
}

#[test]
fn part2_tags() {
    check(
        json!({"id": "a", "memory": ANNEX_D}),
        json!({
            "id": "a", "model": "iso28560-2", "primary_item_identifier": "123456789012",
            "content_parameter": [3, 4, 6], "set_information": "1203", "parts_in_item": 12,
            "part_number": 3, "shelf_location": "QA268.L55", "owner_institution": "US-InU-Mu",
            "problems": [],
        }),
    );
    check(
        json!({"id": 7, "dsfid": "06", "memory": "6101 41 6f 04 01 02 6F0C02BEef 7F0201FF 66 05 41"}),
        json!({
            "id": 7, "model": "iso28560-2", "primary_item_identifier": "A",
            "media_format_other": 2, "undefined_27": "BEEF", "title": null,
            "shelf_location": null, "problems": ["bad_compaction", "truncated"],
        }),
    );
}

#[test]
fn other_models() {
    check(
        json!({"id": "card", "dsfid": "3e", "memory": "81 01 01 32 39 33 35 30 30 30 30 30 33 36
            34 39 00 00 00 87 93 52 55 32 39 33 00 00 00 00 00 00"}),
        json!({
            "id": "card", "model": "iso28560-3", "primary_item_identifier": "2935000003649",
            "type_of_usage": "80", "owner_institution": "RU-293", "parts_in_item": 1,
            "part_number": 1, "problems": [],
        }),
    );
    check(
        json!({"id": "3m", "model": "auto", "memory": "04 11 00 01 31 33 30 32 30 30 33 37 36 37 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"}),
        json!({
            "id": "3m", "model": "rfid501", "primary_item_identifier": "1302003767",
            "parts_in_item": 1, "part_number": 1, "item_type": 1, "branch": 0, "library": 0,
            "custom": 0, "problems": [],
        }),
    );
    check(
        json!({"id": 1, "memory": "E1400E01 0000"}),
        json!({"id": 1, "model": "ndef", "problems": []}),
    );
    check(
        json!({"id": 1, "memory": "00000000", "dsfid": null}),
        json!({"id": 1, "error": "blank"}),
    );
    check(
        json!({"id": 1, "memory": ANNEX_D, "model": "iso28560-3"}),
        json!({"id": 1, "error": "bad_crc"}),
    );
}

#[test]
fn a_bad_line_does_not_end_the_run() {
    let good = r#"{"id":"good","memory":"6101 41","dsfid":"06"}"#;
    let mut input = Vec::new();
    for bad in [
        &b"{"[..],
        b"\xFF\xFE",
        b"[]",
        b"7",
        br#"{"memory":"00"}"#,
        br#"{"id":1}"#,
        br#"{"id":2,"memory":"0"}"#,
        br#"{"id":3,"memory":"0g"}"#,
        br#"{"id":4,"memory":7}"#,
        br#"{"id":5,"memory":"00","dsfid":"1FF"}"#,
        br#"{"id":6,"memory":"00","model":"ndef"}"#,
        "x".repeat(1_000_000).as_bytes(),
        format!(r#"{{"id":7,"memory":"{}"}}"#, "00".repeat(10_000)).as_bytes(),
    ] {
        input.extend(bad);
        input.extend(b"\n\n");
    }
    input.extend(good.as_bytes());
    let answers = answers(input);
    assert_eq!(answers.len(), 14);
    for bad in &answers[..13] {
        assert_eq!(bad["error"], "bad_input", "{bad}");
        assert!(bad["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{bad}");
    }
    let ids: Vec<&Value> = answers[5..11].iter().map(|answer| &answer["id"]).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6].map(|id| json!(id)).iter().collect::<Vec<_>>());
    assert_eq!(answers[13]["primary_item_identifier"], "A");
}

#[test]
fn readable_text_is_aligned() {
    let request = json!({"id": "a", "memory": ANNEX_D}).to_string();
    let text = run(&["tag", "decode"], request.into_bytes());
    let columns: Vec<usize> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.len() - line.trim_start_matches(|c| c != ' ').trim_start().len())
        .collect();
    assert!(columns.len() > 8 && columns.iter().all(|&column| column == columns[0]), "{text}");
    assert!(text.contains("123456789012") && text.contains("3, 4, 6"), "{text}");
}

#[test]
fn wrong_arguments_are_told_from_failures() {
    let status = Command::new(env!("CARGO_BIN_EXE_jiehuan-tech"))
        .args(["tag", "decode", "--xml"])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(2));
}
