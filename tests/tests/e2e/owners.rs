//! Borrow anywhere, return anywhere: one file, and a station that moves with one line of it.

use serde_json::{Value, json};
use tests::rig::Process;

use crate::site::{JIEHUAN, Parts, Printer, Site};

const UNION: &str = r#"
[session]
slips = "here"

[[owner]]
name = { zh-CN = "扬中市图书馆", en = "Yangzhong Library" }
isils = ["CN-321182-YZ"]
codes = ["YZLIB"]

[[branch]]
code = "YZ-MAIN"
owner = "YZLIB"
name = { zh-CN = "总馆", en = "Main" }
location = "YZ-MAIN-03"

[[branch]]
code = "XINBA"
owner = "YZLIB"
name = { zh-CN = "新坝分馆", en = "Xinba" }
location = "XINBA-01"
"#;

const STEPS: &str = "\
wait online
wait reader up
wait printer up
touch return
wait return
wait returned 3
touch finish
wait finish
touch finish
wait attract
wait pad 0
";

/// One of Xinba, one of the main library, and one of its that is held there.
const BOOKS: [&str; 3] = ["XB0000041", "YZ0000180", "YZ0000157"];

/// Takes them back; the slips, sorted.
fn take_back(site: &Site, library: &str, branch: &str) -> (String, Vec<String>) {
    let (_pad, mut pad) = site.pad();
    let (_printer, printer) = site.printer();
    let reader = site.pad_port();
    let config = site.config(&Parts {
        library: Some(library),
        reader: Some(&reader),
        printer: Printer::At(&printer),
    });
    let text = std::fs::read_to_string(&config).unwrap();
    let (text, _) = text.split_once("[session]").unwrap();
    let text = text
        .replace("branch = \"YZ-MAIN\"", &format!("branch = \"{branch}\""))
        .replace(", location = \"YZ-MAIN-03\"", "");
    let config = site.write("station.toml", &format!("{text}{UNION}"));
    let mut station = site.station(&config, STEPS);
    station.screen("return");
    pad.lay(&BOOKS);
    station.screen("finish");
    station.screen("attract");
    pad.lift(&BOOKS);
    station.end().well();
    let mut slips: Vec<String> = std::fs::read_dir(site.path("receipts"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "txt"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    slips.sort();
    (config, slips)
}

fn figures(config: &str) -> Vec<Value> {
    let sums = Process::run(JIEHUAN, &["journal", "figures", "--config", config, "--json"]);
    assert_eq!(sums.code, Some(0), "{}", sums.stderr);
    sums.lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_is_sent_on_at_one_branch_is_at_home_at_the_other() {
    let transit = |item, to| ("转送", item, to);
    for (branch, wanted, counts) in [
        ("YZ-MAIN", [transit("XB0000041", "到 新坝分馆"), ("预约书", "YZ0000157", "总馆")], (1, 1)),
        ("XINBA", [transit("YZ0000157", "到 总馆"), transit("YZ0000180", "到 总馆")], (2, 0)),
    ] {
        let site = Site::new();
        let (_practice, library) = site.practice("127.0.0.1:0", &[]);
        let (config, slips) = take_back(&site, &library, branch);
        assert_eq!(slips.len(), wanted.len(), "{branch}: {slips:?}");
        for (head, item, place) in wanted {
            let slip = slips.iter().find(|slip| slip.contains(item));
            let slip = slip.unwrap_or_else(|| panic!("{branch}: {item} has no slip: {slips:?}"));
            assert!(slip.contains(head) && slip.contains(place), "{branch}: {slip}");
        }
        let sums = figures(&config);
        assert_eq!(sums.len(), 1, "{sums:?}");
        for (key, value) in [
            ("branch", json!(branch)),
            ("owner", json!("YZLIB")),
            ("returns", json!(3)),
            ("transit_slips", json!(counts.0)),
            ("hold_slips", json!(counts.1)),
        ] {
            assert_eq!(sums[0][key], value, "{key}: {sums:?}");
        }
        site.holds_no_patron();
    }
}
