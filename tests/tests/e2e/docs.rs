//! The documents against the program.

use std::path::Path;

use kiosk::config::Config;
use kiosk::demo::script::{self, Step};

use crate::site::Site;

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The fenced blocks of one language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let block = |part: &str| part.split("```").next().unwrap().to_owned();
    text.split(&fence).skip(1).map(block).collect()
}

/// Every `word` in backticks in the first column of tables.
fn first_column(text: &str) -> Vec<String> {
    let row =
        |line: &str| line.strip_prefix("| `").map(|_| line.split('|').nth(1).unwrap().to_owned());
    let words =
        |cell: String| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    text.lines().filter_map(row).flat_map(words).collect()
}

fn load(site: &Site, text: &str) -> Result<Config, String> {
    Config::load(Path::new(&site.write("station.toml", text))).map_err(|error| error.to_string())
}

const SMALL: &str = "[station]\nid = \"S1\"\ndata_dir = \"data\"\nkey_file = \"journal.key\"\n";

#[test]
fn the_configuration_examples_load() {
    let site = Site::new();
    let examples = blocks(&document("config.md"), "toml");
    assert_eq!(examples.len(), 4);
    let loaded: Vec<Config> =
        examples.iter().map(|text| load(&site, text).unwrap_or_else(|e| panic!("{e}"))).collect();
    let shape = |c: &Config| {
        let printer = c.printer.as_ref().map(|p| p.port.is_some());
        (c.library.address.is_some(), c.readers[0].port.is_some(), printer)
    };
    assert_eq!(shape(&loaded[0]), (false, false, Some(false)), "all simulated");
    assert_eq!(shape(&loaded[1]), (true, true, Some(true)), "mixed");
    assert_eq!(shape(&loaded[2]), (true, true, Some(true)), "all real");
    assert_eq!(loaded[3], load(&site, SMALL).unwrap(), "the defaults are the documented ones");
}

/// Keys the program takes in one table, from its own words about a wrong one.
fn keys(site: &Site, table: &str) -> Vec<String> {
    let text = match table {
        "station" => format!("{SMALL}zzz = 1\n"),
        "" => format!("zzz = 1\n{SMALL}"),
        _ => format!("{SMALL}{table}\nzzz = 1\n"),
    };
    let error = load(site, &text).unwrap_err();
    let (_, expected) = error.split_once("expected").unwrap_or_else(|| panic!("{table}: {error}"));
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_key_of_the_configuration_is_documented() {
    let site = Site::new();
    let text = document("config.md");
    let documented = first_column(&text);
    for (table, least) in [
        ("station", 8),
        ("[library]", 6),
        ("[library.tls]", 4),
        ("[library.profile]", 12),
        ("[library.profile.timing]", 5),
        ("[reader]", 5),
        ("[reader.setup]", 4),
        ("[reader.setup.feig]", 10),
        ("[scanner]", 3),
        ("[id_card]", 2),
        ("[printer]", 3),
        ("[printer.setup]", 12),
        ("[security]", 3),
        ("[session]", 12),
        ("[session.offline]", 7),
        ("[session.times]", 13),
        ("[panel]", 4),
        ("[[owner]]", 5),
        ("[[branch]]", 5),
    ] {
        let keys = keys(&site, table);
        assert!(keys.len() >= least, "{table}: {keys:?}");
        for key in keys {
            assert!(documented.contains(&key), "{table}: {key} is not in docs/config.md");
        }
    }
    for key in keys(&site, "") {
        assert!(text.contains(&format!("[{key}]")), "[{key}] is not in docs/config.md");
    }
}

#[test]
fn every_documented_refusal_code_is_taken() {
    let site = Site::new();
    let text = document("config.md");
    let from = text.find("`code` is one of").unwrap();
    let list = &text[from..from + text[from..].find("A refusal that fits none").unwrap()];
    let codes: Vec<&str> = list.split('`').skip(3).step_by(2).collect();
    assert_eq!(codes.len(), 22);
    for code in codes {
        let rule = format!("[[library.profile.refusals]]\ncontains = \"x\"\ncode = \"{code}\"\n");
        load(&site, &format!("{SMALL}{rule}")).unwrap_or_else(|e| panic!("{e}"));
    }
}

#[test]
fn the_documented_steps_are_understood() {
    let text = document("script.md");
    let examples = blocks(&text, "script");
    assert_eq!(examples.len(), 6);
    for example in &examples {
        assert!(!script::parse(example).unwrap_or_else(|e| panic!("{e}")).is_empty());
    }
}

#[test]
fn every_name_in_the_tables_of_steps_is_understood() {
    let text = document("script.md");
    let section = |from: &str| {
        let start = text.find(from).unwrap_or_else(|| panic!("no {from}")) + from.len();
        let end = text[start..].find("\n##").map_or(text.len(), |end| start + end);
        &text[start..end]
    };
    // Words in capitals stand for what one writes there.
    let fill = |word: &str| {
        word.replace("ID...", "B1 B2")
            .replace("ID", "B1")
            .replace("figure NAME N", "figure loans 1")
            .replace("screen NAME", "screen attract")
            .replace("TAG", "en")
            .replace("STATE", "idle")
            .replace("WHAT", "power")
            .replace("DIGITS", "1234")
            .replace("NAME", "x")
            .replace("CODE", "11")
            .replace("MS", "5")
            .replace("PER_MILLE", "5")
            .replace("BYTES", "5")
            .replace("FAULT", "x")
            .replace(" N", " 1")
    };
    let understood = |prefix: &str, word: &str| -> Vec<(usize, Step)> {
        let line = format!("{prefix}{}", fill(word));
        script::parse(&line).unwrap_or_else(|e| panic!("{e}"))
    };
    let mut looked = 0;
    for word in first_column(section("\n## Steps\n")) {
        let word = if word == "touch NAME" { "touch back".to_owned() } else { word };
        understood("", &word);
        looked += 1;
    }
    for word in first_column(section("\n### touch\n")) {
        understood("touch ", &word);
        looked += 1;
    }
    let states = section("\n### wait and expect\n");
    let (states, figures) = states.split_once("| figure |").unwrap();
    for word in first_column(states).iter().filter(|word| *word != "NAME") {
        for step in ["wait ", "expect "] {
            understood(step, word);
        }
        looked += 1;
    }
    for word in first_column(figures) {
        understood("expect figure ", &format!("{word} 1"));
        looked += 1;
    }
    for word in first_column(section("\n### fault\n")) {
        understood("fault ", &word);
        looked += 1;
    }
    assert!(looked > 80, "only {looked} names found");
}

#[test]
fn every_name_the_program_knows_is_documented() {
    let text = document("script.md");
    let known = [&script::SCREENS[..], &script::LINES[..], &script::FIGURES[..]].concat();
    let touches = script::TOUCHES.iter().map(|(name, _)| *name);
    for name in known.into_iter().chain(touches) {
        let found = [format!("`{name}`"), format!("`{name} N`")].iter().any(|w| text.contains(w));
        assert!(found, "{name} is not in docs/script.md");
    }
}
