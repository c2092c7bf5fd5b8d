//! `jiehuan-tech reader ...` and `tag write|convert|verify` against simulated readers, as a
//! technician runs them.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::io::Write;
use std::process::{Command, Stdio};

use drivers::rfid::setup::ReaderModel;
use drivers::rfid::{Uid, Uii};
use drivers::sim::field::{Chip, TagState};
use drivers::sim::listen::ListenSpec;
use drivers::sim::reader::{Fault, Model, ReaderSim, ReaderSimConfig};
use drivers::sim::tags::PlacedTag;
use serde_json::Value;

struct Bench {
    model: ReaderModel,
    sim: ReaderSim,
}

struct Said {
    code: Option<i32>,
    lines: Vec<Value>,
    stderr: String,
}

impl Bench {
    /// Two blank tags, `a` lying on the reader; fast, for nothing here is about time.
    fn new(model: ReaderModel) -> Self {
        let uhf = model == ReaderModel::M6e;
        let tag = |n: u8| {
            let id = ["a", "b"][usize::from(n)];
            let mut tag = match uhf {
                true => {
                    let tid = [0xE2, 0x80, 0x11, 0x60, 0x20, 0, 0, 0, 0, 0, 1, n];
                    TagState::new(id, Uid::new(&tid).unwrap(), Chip::Gen2)
                }
                false => {
                    let uid = Uid::iso15693([0xE0, 4, 1, 0x10, 0, 0, 1, n]);
                    TagState::new(id, uid, Chip::IcodeSlix)
                }
            };
            if uhf {
                let bytes = vec![0xE2, 0x80, 0x11, 0x60, 0x20, 0, 0, 0, 0, 0, 2, n];
                tag.uii = Uii { pc: 0x3000, bytes };
            }
            PlacedTag { tag, on_pad: n == 0 }
        };
        let sim = <Model as clap::ValueEnum>::from_str(model.name(), true).unwrap();
        let listen = ListenSpec::Tcp("127.0.0.1:0".to_owned());
        let config = ReaderSimConfig { speed: 5.0, ..ReaderSimConfig::new(sim, listen) };
        Self { model, sim: ReaderSim::start(&config, vec![tag(0), tag(1)]).unwrap() }
    }

    fn run(&self, words: &str) -> Said {
        self.run_with(words, "")
    }

    fn run_with(&self, words: &str, input: &str) -> Said {
        let port = self.sim.port_spec().to_string();
        let mut child = Command::new(env!("CARGO_BIN_EXE_jiehuan-tech"))
            .args(words.split_whitespace())
            .args(["--port", &port, "--model", self.model.name(), "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        Said {
            code: output.status.code(),
            lines: text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    fn well(&self, words: &str) -> Vec<Value> {
        let said = self.run(words);
        assert_eq!(said.code, Some(0), "{words}: {} {:?}", said.stderr, said.lines);
        said.lines
    }
}

/// Readers that write items.
const MODELS: [ReaderModel; 4] =
    [ReaderModel::M3, ReaderModel::Feig, ReaderModel::Pn5180, ReaderModel::M6e];

fn tag_model(model: ReaderModel) -> &'static str {
    if model == ReaderModel::M6e { "iso28560-4" } else { "iso28560-2" }
}

#[test]
fn a_tag_is_written_read_and_verified_with_each_reader() {
    for model in MODELS {
        let bench = Bench::new(model);
        let probed = bench.well("reader probe");
        assert_eq!(probed[0]["model"], model.name());
        let listed = bench.well("reader inventory");
        assert_eq!(listed.len(), 1, "{}", model.name());
        let kind = tag_model(model);
        let write = format!(
            "tag write --tag-model {kind} --identifier YZ0000789 --owner CN-321182-YZ --set 1/2"
        );
        let report = bench.well(&write);
        assert_eq!(report[0]["outcome"], "written", "{report:?}");
        let again = bench.well(&write);
        assert_eq!(again[0]["outcome"], "unchanged", "{}: {again:?}", model.name());
        let read = bench.well("reader read");
        assert_eq!(
            (&read[0]["content"], &read[0]["identifier"]),
            (&"item".into(), &"YZ0000789".into())
        );
        let verified = bench.well(&format!("tag verify --tag-model {kind} --identifier YZ0000789"));
        assert_eq!(verified[0]["problems"], serde_json::json!([]), "{verified:?}");
        assert_eq!(verified[0]["security"], "secured", "{}", model.name());
    }
}

#[test]
fn another_items_tag_is_not_written_without_a_choice() {
    for model in MODELS {
        let bench = Bench::new(model);
        let kind = tag_model(model);
        bench.well(&format!("tag write --tag-model {kind} --identifier YZ0000789"));
        let other = format!("tag write --tag-model {kind} --identifier YZ0000790");
        let refused = bench.run(&other);
        assert_eq!(refused.code, Some(1));
        assert_eq!(refused.lines[0]["outcome"], "refused", "{:?}", refused.lines);
        assert_eq!(refused.lines[0]["reason"], "other_item");
        assert_eq!(bench.well("reader read")[0]["identifier"], "YZ0000789");
        bench.well(&format!("{other} --overwrite"));
        assert_eq!(bench.well("reader read")[0]["identifier"], "YZ0000790");
    }
}

#[test]
fn a_tag_pulled_while_it_is_written_names_nobody_and_can_be_written_again() {
    for model in MODELS {
        let kind = tag_model(model);
        for blocks in 0..4 {
            let bench = Bench::new(model);
            let (name, place) = (model.name(), format!("--tag-model {kind}"));
            let owner = "--owner CN-321182-YZ";
            bench.well(&format!("tag write {place} {owner} --identifier YZ0000789"));
            let fault: Fault = format!("pull a blocks {blocks}").parse().unwrap();
            bench.sim.set_fault(fault).unwrap();
            let other = format!("tag write {place} --identifier YZ0000790 --overwrite");
            let torn = bench.run(&other);
            // A write of few blocks ends before the pull.
            let pulled = !bench.sim.is_on_pad("a");
            assert!(pulled || blocks > 0, "{name}");
            assert_eq!(torn.code, Some(i32::from(pulled)), "{name} {blocks}: {:?}", torn.lines);
            bench.sim.clear_faults().unwrap();
            bench.sim.lay(&["a"]).unwrap();
            let read = bench.well("reader read");
            let found = &read[0]["identifier"];
            let known = found.is_null() || found == "YZ0000789" || found == "YZ0000790";
            assert!(known, "{name} {blocks}: {read:?}");
            bench.well(&other);
            assert_eq!(bench.well("reader read")[0]["identifier"], "YZ0000790");
        }
    }
}

#[test]
fn converting_says_what_is_lost() {
    let bench = Bench::new(ReaderModel::M3);
    bench.well("tag write --identifier YZ0000789 --owner CN-321182-YZ");
    let refused = bench.run("tag convert --to rfid501");
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("owner_institution"), "{}", refused.stderr);
    bench.well("tag convert --to iso28560-3 --lose");
    let read = bench.well("tag verify --tag-model iso28560-3 --identifier YZ0000789");
    assert_eq!(read[0]["problems"], serde_json::json!([]), "{read:?}");
}

#[test]
fn a_disagreeing_security_state_is_found() {
    let bench = Bench::new(ReaderModel::M3);
    bench.well("tag write --identifier YZ0000789");
    let mut tag = bench.sim.tag("a").unwrap();
    tag.eas = false;
    bench.sim.put_tag(tag).unwrap();
    let found = bench.run("tag verify");
    assert_eq!(found.code, Some(1));
    assert_eq!(found.lines[0]["problems"], serde_json::json!(["security_disagrees"]));
}

#[test]
fn locking_is_for_ever_and_must_be_confirmed() {
    let bench = Bench::new(ReaderModel::M3);
    let asked = bench.run("tag write --identifier YZ0000789 --lock");
    assert_eq!(asked.code, Some(2), "{}", asked.stderr);
    assert!(asked.stderr.contains("yes-for-ever"), "{}", asked.stderr);
    bench.well("tag write --identifier YZ0000789 --lock --yes-for-ever");
    assert!(!bench.sim.tag("a").unwrap().locked.is_empty());
    let refused = bench.run("tag write --identifier YZ0000790 --overwrite");
    assert_eq!(refused.lines[0]["reason"], "locked", "{:?}", refused.lines);
}

#[test]
fn a_batch_goes_on_where_it_was_broken_off() {
    let bench = Bench::new(ReaderModel::M3);
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("batch.log");
    let words = format!("tag write --batch --log {}", log.display());
    let said = bench.run_with(&words, "YZ0000001\n");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    // A power cut in the middle of a line loses that line alone, also when it is read again later.
    let mut text = std::fs::read_to_string(&log).unwrap();
    text.push_str("{\"identifier\":\"YZ0");
    std::fs::write(&log, text).unwrap();
    bench.sim.lift(&["a"]).unwrap();
    bench.sim.lay(&["b"]).unwrap();
    for again in [false, true] {
        let said = bench.run_with(&words, "YZ0000001\nYZ0000002\n");
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        assert_eq!(said.lines[0]["prompt"], "done_before");
        match again {
            false => assert_eq!(said.lines.last().unwrap()["progress"]["done"], 2),
            true => assert_eq!(said.lines[1]["prompt"], "done_before"),
        }
    }
    // A log that cannot be read is no empty log: everything would be done twice.
    std::fs::remove_file(&log).unwrap();
    std::fs::create_dir(&log).unwrap();
    let said = bench.run_with(&words, "YZ0000001\n");
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("batch.log"), "{}", said.stderr);
}

#[test]
fn a_tag_in_hand_when_the_power_went_is_gone_on_with() {
    let bench = Bench::new(ReaderModel::M3);
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("batch.log");
    let words = format!("tag write --batch --log {}", log.display());
    let uid = bench.sim.tag("a").unwrap().uid;
    let begun = format!(r#"{{"identifier":"YZ0000001","part":1,"uid":"{uid}","mark":"begun"}}"#);
    std::fs::write(&log, begun + "\n").unwrap();
    bench.sim.lift(&["a"]).unwrap();
    bench.sim.lay(&["b"]).unwrap();
    let said = bench.run_with(&words, "YZ0000001\n");
    assert_eq!(said.lines[0]["prompt"], "begun_before", "{:?}", said.lines);
    assert_eq!(said.lines[0]["uid"], uid.to_string());
    assert!(bench.sim.tag("b").unwrap().blocks.iter().all(|block| *block == [0; 4]));
    bench.sim.lift(&["b"]).unwrap();
    bench.sim.lay(&["a"]).unwrap();
    let said = bench.run_with(&words, "YZ0000001\n");
    assert_eq!(said.lines[0]["outcome"], "written", "{:?}", said.lines);
}

#[test]
fn ten_items_with_a_bad_tag_and_a_break_in_the_middle() {
    const ITEMS: u8 = 10;
    const BAD: u8 = 4;
    for model in MODELS {
        let bench = Bench::new(model);
        bench.sim.lift(&["a"]).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("batch.log");
        let kind = tag_model(model);
        let words = format!("tag write --batch --tag-model {kind} --log {}", log.display());
        let item = |n: u8| format!("YZ00001{n:02}");
        for n in 0..ITEMS {
            let id = format!("n{n}");
            let mut tag = bench.sim.tag("b").unwrap();
            let mut bytes = tag.uid.bytes().to_vec();
            *bytes.last_mut().unwrap() = 100 + n;
            (tag.id, tag.uid) = (id.clone(), Uid::new(&bytes).unwrap());
            bench.sim.add_tag(tag).unwrap();
            bench.sim.lay(&[&id]).unwrap();
            if n == BAD {
                bench.sim.set_fault(format!("pull {id} before").parse().unwrap()).unwrap();
            }
            // Every run is a program of its own: each is a break and a start.
            let said = bench.run_with(&words, &item(n));
            let progress = &said.lines.last().unwrap()["progress"];
            let bad = u8::from(n >= BAD);
            assert_eq!(said.code, Some(i32::from(bad)), "{}: {}", model.name(), said.stderr);
            assert_eq!(
                (&progress["done"], &progress["failed"]),
                (&(n + 1 - bad).into(), &bad.into())
            );
            bench.sim.clear_faults().unwrap();
            bench.sim.lift(&[&id]).unwrap();
        }
        bench.sim.lay(&["b"]).unwrap();
        let all: String = (0..ITEMS).map(|n| item(n) + "\n").collect();
        let said = bench.run_with(&words, &all);
        assert_eq!(said.code, Some(0), "{}: {}", model.name(), said.stderr);
        let written = said.lines.iter().filter(|line| line["outcome"] == "written");
        assert_eq!(written.count(), 1, "the bad one alone: {:?}", said.lines);
        let before = said.lines.iter().filter(|line| line["prompt"] == "done_before");
        assert_eq!(before.count(), usize::from(ITEMS) - 1);
        assert_eq!(bench.well("reader read")[0]["identifier"], item(BAD));
    }
}

#[test]
fn lines_that_are_no_item_are_told_and_passed_over() {
    let bench = Bench::new(ReaderModel::M3);
    let long = "7".repeat(2000);
    let input =
        format!("{long}\n{{\"id\":1}}\n\nA\x07B\n{{\"identifier\":\"YZ7\",\"set\":\"2/3\"}}");
    let said = bench.run_with("tag write --batch", &input);
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    let errors: Vec<&Value> = said.lines.iter().filter_map(|line| line.get("error")).collect();
    assert_eq!(errors, ["bad_input", "bad_input", "bad_item"], "{:?}", said.lines);
    let read = bench.well("reader read");
    assert_eq!(read[0]["identifier"], "YZ7");
}

#[test]
fn the_parts_of_an_item_lie_on_tags_of_their_own() {
    let bench = Bench::new(ReaderModel::M3);
    let dir = tempfile::tempdir().unwrap();
    let words = format!("tag write --batch --parts 2 --log {}", dir.path().join("log").display());
    let uid = bench.sim.tag("a").unwrap().uid;
    let done = format!(r#"{{"identifier":"YZ0000001","part":1,"uid":"{uid}","mark":"done"}}"#);
    std::fs::write(dir.path().join("log"), done + "\n").unwrap();
    let said = bench.run_with(&words, "YZ0000001");
    assert_eq!(said.lines[0]["outcome"], "written", "{:?} {}", said.lines, said.stderr);
    assert_eq!(said.lines.last().unwrap()["progress"]["done"], 1);
    bench.well("tag convert --to iso28560-3");
    assert_eq!(bench.sim.tag("a").unwrap().blocks[0][1..3], [2, 2], "2 parts, part 2, not lost");
}

#[test]
fn the_counter_of_a_slix2_is_not_written_raw() {
    let bench = Bench::new(ReaderModel::M3);
    let uid = Uid::iso15693([0xE0, 4, 1, 0x08, 0, 0, 1, 9]);
    bench.sim.add_tag(TagState::new("s", uid, Chip::IcodeSlix2)).unwrap();
    bench.sim.lift(&["a"]).unwrap();
    bench.sim.lay(&["s"]).unwrap();
    let refused = bench.run("reader write --first 78 --hex 0102030405060708");
    assert!(refused.stderr.contains("counter"), "{}", refused.stderr);
    bench.well("reader write --first 78 --hex 01020304");
}

#[test]
fn data_for_another_kind_of_tag_is_refused() {
    for model in MODELS {
        let bench = Bench::new(model);
        let other = if tag_model(model) == "iso28560-2" { "iso28560-4" } else { "iso28560-2" };
        let said = bench.run(&format!("tag write --tag-model {other} --identifier YZ0000789"));
        assert_eq!(said.lines[0]["reason"], "other_kind_of_tag", "{:?}", said.lines);
    }
}

#[test]
fn raw_blocks_are_written_only_where_no_item_is() {
    let bench = Bench::new(ReaderModel::M3);
    bench.well("reader write --first 2 --hex 0102030405060708");
    assert_eq!(bench.sim.tag("a").unwrap().blocks[3], [5, 6, 7, 8]);
    bench.well("tag write --identifier YZ0000789");
    let refused = bench.run("reader write --first 0 --hex 00000000");
    assert!(refused.stderr.contains("--overwrite"), "{}", refused.stderr);
    bench.sim.lay(&["b"]).unwrap();
    let two = bench.run("reader read");
    assert!(two.stderr.contains("leave one"), "{}", two.stderr);
}

#[test]
fn a_reader_that_is_not_there_says_what_to_look_at() {
    let output = Command::new(env!("CARGO_BIN_EXE_jiehuan-tech"))
        .args(["reader", "probe", "--port", "serial:/dev/not-here"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("plug") && text.contains("3m810"), "{text}");
}
