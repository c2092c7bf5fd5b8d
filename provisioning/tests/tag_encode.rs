//! `jiehuan-tech tag encode`: every worked example of the data models decoded, fed back, and
//! decoded again.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

fn tool(command: &str, line: &Value) -> Value {
    let mut child = Command::new(env!("CARGO_BIN_EXE_jiehuan-tech"))
        .args(["tag", command, "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{line}").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Decodes, encodes what was printed, and decodes that.
#[track_caller]
fn there_and_back(request: Value, expected: &[(&str, Value)]) {
    let first = tool("decode", &request);
    for (key, value) in expected {
        assert_eq!(first[*key], *value, "{key}: {first}");
    }
    let mut encoded = tool("encode", &first);
    assert!(encoded["error"].is_null(), "{encoded}");
    encoded["id"] = request["id"].clone();
    if request["model"].is_string() {
        encoded["model"] = request["model"].clone();
    }
    let mut second = tool("decode", &encoded);
    // What the first writer left out is not left out again, and the other way round.
    let mut first = first;
    for tag in [&mut first, &mut second] {
        let object = tag.as_object_mut().unwrap();
        object.remove("content_parameter");
        object.remove("problems");
    }
    assert_eq!(first, second);
}

#[test]
fn hf_examples() {
    for (memory, id) in [
        (
            "91 00 05 1C BE 99 1A 14 02 01 D0 14 02 04 B3 46 07 44 1C B6 E2 E3 35 D6 83 02 07 AC C0 9E BA A0 6F 6B 00 00",
            "123456789012",
        ),
        (
            "C1 02 07 11 00 B0 C3 0C 30 CA 00 00 02 03 A8 00 08 83 02 03 D6 59 3F 00 00 25 01 10 37 02 10 40 5F 08 05 99 A7 13 06 3F",
            "DPB000002",
        ),
        (
            "21 04 00 00 00 1F 02 01 30 65 01 10 56 11 AA D9 B3 45 CC 59 31 5F 39 AB 96 0B F6 69 DD 95 9F 00",
            "0000001",
        ),
        (
            "11 01 01 31 31 32 32 33 33 34 34 00 00 00 00 00 00 00 00 51 3E 44 45 37 30 35 00 00 00 00 00 00",
            "11223344",
        ),
        (
            "81 01 01 32 39 33 35 30 30 30 30 30 33 36 34 39 00 00 00 87 93 52 55 32 39 33 00 00 00 00 00 00",
            "2935000003649",
        ),
        (
            "11 01 01 66 6F 6F 62 61 72 00 00 00 00 00 00 00 00 00 00 88 AF 44 45 35 32 36 00 00 00 00 00 00 00 00 00 00",
            "foobar",
        ),
        (
            "04 11 00 01 31 33 30 32 30 30 33 37 36 37 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
            "1302003767",
        ),
    ] {
        let request = json!({ "id": 1, "memory": memory });
        there_and_back(request, &[("primary_item_identifier", id.into())]);
    }
}

#[test]
fn uhf_examples() {
    there_and_back(
        json!({ "id": 1, "model": "iso28560-4", "memory": "45C2 141C C04F C70B ADB5 C6E2 DA1D ED4D D319" }),
        &[
            ("primary_item_identifier", "12345678.31".into()),
            ("owner_institution", "CH-000134-1".into()),
            ("afi", "C2".into()),
            ("security", "released".into()),
        ],
    );
    // A right checksum word in front is enough to know a UHF tag.
    there_and_back(
        json!({ "id": 2, "memory": "A362 3D07 150C C6B7 C697 ADB4 5964 B3CF C1C1 23EF" }),
        &[
            ("model", "iso28560-4".into()),
            ("primary_item_identifier", "001".into()),
            ("security", "secured".into()),
        ],
    );
    there_and_back(
        json!({ "id": 3, "memory": "C157 3400 1703 0003 98130803F4040000", "user": "0C02 2808 1004 0001 0001" }),
        &[
            ("model", "gaoxiao".into()),
            ("primary_item_identifier", "32103179".into()),
            ("owner_institution", "10248".into()),
            ("on_loan", false.into()),
            ("version", 4.into()),
        ],
    );
}

#[test]
fn the_annex_is_written_as_published() {
    let line = json!({
        "id": "annex D", "model": "iso28560-2", "memory_size": 36,
        "primary_item_identifier": "123456789012",
        "set_information": "1203",
        "shelf_location": "QA268.L55",
        "owner_institution": "US-InU-Mu",
        "lock": ["primary_item_identifier"],
    });
    let answer = tool("encode", &line);
    assert_eq!(answer["dsfid"], "06");
    assert!(answer["memory"].as_str().unwrap().starts_with("9100051CBE991A14"), "{answer}");
    assert_eq!(answer["lock_blocks"], json!([0, 1]));
}

#[test]
fn what_cannot_be_written_is_named() {
    let check = |line: Value, key: &str, value: &str| {
        let answer = tool("encode", &line);
        assert!(answer[key].as_str().unwrap_or_default().contains(value), "{line}: {answer}");
    };
    check(json!({ "id": 1 }), "detail", "model is missing");
    check(json!({ "id": 1, "model": "ndef" }), "detail", "iso28560-2");
    check(json!({ "id": 1, "model": "iso28560-2" }), "error", "no_item_identifier");
    check(
        json!({ "id": 1, "model": "iso28560-2", "primary_item_identifer": "X" }),
        "detail",
        "primary_item_identifer",
    );
    check(
        json!({ "id": 1, "model": "iso28560-2", "primary_item_identifier": "X".repeat(200) }),
        "error",
        "too_long",
    );
    check(
        json!({ "id": 1, "model": "rfid501", "primary_item_identifier": "X", "title": "T" }),
        "error",
        "unstorable",
    );
}
