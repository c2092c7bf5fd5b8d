//! Storms that found a defect once, made short. Each must pass now.

use std::path::Path;

use tests::storm::script::Script;
use tests::storm::{Report, play, with_stage};

/// Where they lie, one file each.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/storm/scripts");

fn scripts() -> Vec<(String, Script)> {
    let files = std::fs::read_dir(Path::new(SCRIPTS)).expect("the scripts are there");
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a script can be read");
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (name, serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
    };
    let files = files.map(|entry| entry.expect("a script is listed").path());
    files.map(read).collect()
}

#[test]
fn what_failed_once_passes_now() {
    let scripts = scripts();
    assert!(scripts.len() >= 4);
    for (name, script) in scripts {
        let played = with_stage(|stage| {
            play(stage, &script, &mut Report::default()).map_err(|what| (script.seed, what))
        });
        assert_eq!(played, Ok(()), "{name}");
    }
}

#[test]
fn a_script_plays_the_same_twice() {
    let figures = |seed| {
        with_stage(|stage| {
            let mut report = Report::default();
            stage.traced.replace(Some(Vec::new()));
            play(stage, &Script::draw(seed), &mut report).map_err(|what| (seed, what))?;
            let traced = stage.traced.take().unwrap_or_default();
            assert!(traced.len() > 20);
            Ok(traced)
        })
        .unwrap()
    };
    for seed in [3, 5, 8] {
        assert_eq!(figures(seed), figures(seed), "seed {seed}");
    }
}
