//! Borrow anywhere, return anywhere: one file, and a station that moves with one line of it.

use serde_json::{Value, json};
use tests::rig::{Process, until};

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
wait returned 4
touch finish
wait finish
touch finish
wait attract
wait pad 0
";

/// One of Xinba, one of the main library, and two of its that are held: here and at Xinba.
const BOOKS: [&str; 4] = ["XB0000041", "YZ0000180", "YZ0000157", "YZ0000337"];

/// Takes them back; the slips, sorted.
fn take_back(site: &Site, library: &str, branch: &str, slips: usize) -> (String, Vec<String>) {
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
    // The script waits for the pad; the paper may come later than the reader goes.
    until("slips printed and written down", || {
        let printed = |sums: &Value| ["transit_slips", "hold_slips"].map(|key| sums[key].as_u64());
        let n: u64 = figures(&config).iter().flat_map(printed).flatten().sum();
        (n >= u64::try_from(slips).unwrap()).then_some(())
    });
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
    let held = |item, at| ("预约书", item, at);
    let (to_main, to_xinba) = ("到 总馆", "到 新坝分馆");
    for (branch, wanted, counts) in [
        (
            "YZ-MAIN",
            [
                transit("XB0000041", to_xinba),
                transit("YZ0000337", to_xinba),
                held("YZ0000157", "总馆"),
            ],
            (2, 1),
        ),
        (
            "XINBA",
            [
                transit("YZ0000180", to_main),
                transit("YZ0000157", to_main),
                held("YZ0000337", "新坝分馆"),
            ],
            (2, 1),
        ),
    ] {
        let site = Site::new();
        let (_practice, library) = site.practice("127.0.0.1:0", &[]);
        let (config, slips) = take_back(&site, &library, branch, wanted.len());
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
            ("returns", json!(4)),
            ("transit_slips", json!(counts.0)),
            ("hold_slips", json!(counts.1)),
        ] {
            assert_eq!(sums[0][key], value, "{key}: {sums:?}");
        }
        site.holds_no_patron();
    }
}
