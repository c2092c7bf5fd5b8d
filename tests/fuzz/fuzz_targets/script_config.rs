//! Any text as one of the files people write: a script, a station's configuration, the practice
//! library's data. No panic, no hang; errors are bounded and name what they are about.
//!
//! The first byte chooses the file; the rest is its text.
#![no_main]

use jiff::civil::date;
use kiosk::config::Config;
use kiosk::demo::script::{self, LINES_MAX, Step};
use kiosk::practice::data;
use libfuzzer_sys::fuzz_target;

/// Most problems of a data file spelled out.
const PROBLEMS_MAX: usize = 50;

fuzz_target!(|input: &[u8]| {
    let Some((&file, bytes)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match file % 3 {
        0 => read_script(text),
        1 => read_config(text),
        _ => read_data(text),
    }
});

fn read_script(text: &str) {
    let lines = text.lines().count();
    match script::parse(text) {
        Ok(steps) => {
            assert!(steps.len() <= LINES_MAX);
            assert!(steps.is_sorted_by(|a, b| a.0 < b.0));
            assert!(steps.iter().all(|(line, _)| (1..=lines).contains(line)));
            for (_, step) in &steps {
                let shown = format!("{step:?}");
                if let Step::Pin(pin) = step {
                    assert!(pin.0.is_empty() || !shown.contains(&pin.0));
                }
            }
        }
        Err(error) => {
            assert!((1..=lines).contains(&error.line));
            assert!(!error.to_string().is_empty());
        }
    }
}

fn read_config(text: &str) {
    match toml::from_str::<Config>(text) {
        Ok(mut config) => {
            let _ = (config.check(), config.names(), config.sorting());
            config.use_practice_words();
            let _ = config.check();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn read_data(text: &str) {
    match data::parse("data.json", text, date(2026, 11, 22)) {
        Ok(data) => assert!(data.items.len() <= data::MAX_ENTRIES),
        Err(error) => {
            assert!((1..=PROBLEMS_MAX).contains(&error.problems.len()));
            assert!(!error.to_string().is_empty());
        }
    }
}
