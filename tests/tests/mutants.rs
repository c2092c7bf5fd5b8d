//! Defects planted in a copy of the sources: the storm must catch each of them, and must let the
//! copy pass without. The product itself knows nothing of this.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Chooses the defect of a run.
const CHOICE: &str = "STORM_MUTANT";
/// Seeds within which a defect must show.
const SEEDS: &str = "0..1500";
/// Seeds without one.
const SOUND: &str = "0..300";

/// One change to a source file. `anchor` stands there exactly once.
struct Patch {
    file: &'static str,
    anchor: &'static str,
    instead: &'static str,
}

/// How the copy asks which defect is wanted.
const ASK: &str = r#"

/// Whether this defect is wanted.
pub(crate) fn mutant(name: &str) -> bool {
    static CHOICE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    CHOICE.get_or_init(|| std::env::var("STORM_MUTANT").unwrap_or_default()) == name
}
"#;

const CORE: &str = "kiosk/src/station/core.rs";
const WORK: &str = "kiosk/src/session/work.rs";

const MUTANTS: [(&str, &[Patch]); 12] = [
    (
        "tell-before-commit",
        &[
            Patch {
                file: CORE,
                anchor: "    reader_up: bool,\n    outside: O,\n}",
                instead: "    reader_up: bool,\n    late: Vec<Record>,\n    outside: O,\n}",
            },
            Patch {
                file: CORE,
                anchor: "            reader_up: false,\n            outside,\n",
                instead: "            reader_up: false,\n            late: Vec::new(),\n            outside,\n",
            },
            Patch {
                file: CORE,
                anchor: "        let results = self.journal.write_all(&groups);\n",
                instead: r#"        let results = if crate::mutant("tell-before-commit") {
            let now = groups.iter().copied().flatten().cloned().collect();
            let late = std::mem::replace(&mut self.late, now);
            let first = self.journal.write(&late);
            std::iter::once(first).chain((1..groups.len()).map(|_| Ok(()))).collect()
        } else {
            self.journal.write_all(&groups)
        };
"#,
            },
        ],
    ),
    (
        "resend-with-a-new-digit",
        &[Patch {
            file: "kiosk/src/sip2/link/exchange.rs",
            anchor: "        self.transmissions = self.transmissions.saturating_add(1);\n",
            instead: r#"        self.transmissions = self.transmissions.saturating_add(1);
        if crate::mutant("resend-with-a-new-digit")
            && let Some(at) = self.bytes.windows(2).rposition(|pair| pair == b"AY")
        {
            self.sequence = self.sequence.next();
            self.bytes[at + 2] = b'0' + (self.bytes[at + 2] - b'0' + 1) % 10;
            let sum = self.bytes[..at + 5].iter().fold(0_u16, |sum, b| sum.wrapping_add(u16::from(*b)));
            let sum = format!("{:04X}", sum.wrapping_neg());
            self.bytes[at + 5..at + 9].copy_from_slice(sum.as_bytes());
        }
"#,
        }],
    ),
    (
        "release-before-the-loan",
        &[Patch {
            file: WORK,
            anchor: "        self.ask(Asked::Line(id), ask);\n",
            instead: r#"        let early = (line.job == Job::Borrow && crate::mutant("release-before-the-loan"))
            .then(|| line.tags.clone());
        self.ask(Asked::Line(id), ask);
        if let Some(tags) = early {
            let op = self.next_op();
            self.push(super::types::Effect::SetSecurity { op, tags, want: Security::Released });
        }
"#,
        }],
    ),
    (
        "no-fsync",
        &[Patch {
            file: "kiosk/src/journal/mod.rs",
            anchor: "        db.pragma_update(None, \"synchronous\", \"FULL\")?;\n",
            instead: "        let how = if crate::mutant(\"no-fsync\") { \"OFF\" } else { \"FULL\" };\n        db.pragma_update(None, \"synchronous\", how)?;\n",
        }],
    ),
    (
        "forgotten-on-reconnect",
        &[Patch {
            file: "kiosk/src/sip2/link/mod.rs",
            anchor: "            self.end_unknown(&exchange, Unknown::LinkLost);\n",
            instead: r#"            match exchange.owner {
                Owner::Client(id) if crate::mutant("forgotten-on-reconnect") => {
                    self.answer(id, Outcome::NotSent, 0, RawLine::default());
                }
                _ => self.end_unknown(&exchange, Unknown::LinkLost),
            }
"#,
        }],
    ),
    (
        "posted-out-of-order",
        &[Patch {
            file: "kiosk/src/session/owed.rs",
            anchor: "        let at = older.map_or(0, |at| at + 1);\n",
            instead: r#"        let at = if crate::mutant("posted-out-of-order") {
            0
        } else {
            older.map_or(0, |at| at + 1)
        };
"#,
        }],
    ),
    (
        "posted-side-by-side",
        &[Patch {
            file: "kiosk/src/session/owed.rs",
            anchor: "        let mut left = self.counts.under_way;\n",
            instead: r#"        if crate::mutant("posted-side-by-side") {
            return true;
        }
        let mut left = self.counts.under_way;
"#,
        }],
    ),
    (
        "posted-on-two-links",
        &[Patch {
            file: "kiosk/src/sip2/pool/queue.rs",
            anchor: "        let posting = under_way.iter().any(|other| other.is_post);\n",
            instead: r#"        let posting = !crate::mutant("posted-on-two-links")
            && under_way.iter().any(|other| other.is_post);
"#,
        }],
    ),
    (
        "told-before-the-tag",
        &[Patch {
            file: WORK,
            anchor: "            Next::Secure(want, end) => self.bring_or_list(id, want, end, now),\n",
            instead: r#"            Next::Secure(_, end) if crate::mutant("told-before-the-tag") => {
                self.settle_line(id, end, now);
            }
            Next::Secure(want, end) => self.bring_or_list(id, want, end, now),
"#,
        }],
    ),
    (
        "an-echo-is-a-no",
        &[Patch {
            file: "kiosk/src/station/ils.rs",
            anchor: "    let doubtful = end.transmissions > 1 && !profile.replays;\n",
            instead: r#"    let echo = crate::mutant("an-echo-is-a-no");
    let doubtful = end.transmissions > 1 && !profile.replays && !echo;
"#,
        }],
    ),
    (
        "patrons-in-clear",
        &[Patch {
            file: "kiosk/src/journal/writing.rs",
            anchor: "            let patron = patron.as_ref().map(|p| sealer.seal(p)).transpose()?;\n",
            instead: r#"            let patron = if crate::mutant("patrons-in-clear") {
                patron.as_ref().map(|p| p.expose().as_bytes().to_vec())
            } else {
                patron.as_ref().map(|p| sealer.seal(p)).transpose()?
            };
"#,
        }],
    ),
    (
        "not-read-back",
        &[Patch {
            file: "kiosk/src/station/reader/mod.rs",
            anchor: "            Err(ReaderError::NoTag) => TagResult::Gone,\n",
            instead: r#"            Err(ReaderError::NoTag) if crate::mutant("not-read-back") => continue,
            Err(ReaderError::NoTag) => TagResult::Gone,
"#,
        }],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file of the project that a build needs, by its path in it.
fn sources() -> Vec<String> {
    let mut found = Vec::new();
    let parts = ["kiosk", "drivers", "ui", "tests", "provisioning", "assets"];
    let mut open: Vec<PathBuf> = parts.map(PathBuf::from).into();
    found.extend(["Cargo.toml", "Cargo.lock"].map(str::to_owned));
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(root().join(&dir)).expect("a directory of the project") {
            let entry = entry.expect("a readable entry");
            let path = dir.join(entry.file_name());
            let kind = entry.file_type().expect("a file or a directory");
            // What builds and fuzzing leave behind is no source.
            let left = ["target", "corpus", "artifacts", "seeds"];
            if kind.is_dir() && !left.iter().any(|name| path.ends_with(name)) {
                open.push(path);
            } else if kind.is_file() {
                found.push(path.to_str().expect("paths are UTF-8").to_owned());
            }
        }
    }
    found
}

/// The project's crates, their version, and that of the copy.
const CRATES: [&str; 5] = ["kiosk", "drivers", "ui", "tests", "provisioning"];
const VERSION: &str = concat!("version = \"", env!("CARGO_PKG_VERSION"), "\"");
const COPY: &str = concat!("version = \"", env!("CARGO_PKG_VERSION"), "-mutant\"");

/// The source with every defect in it, asleep.
fn planted(path: &str, mut text: String) -> String {
    for patch in MUTANTS.iter().flat_map(|(_, patches)| *patches).filter(|p| p.file == path) {
        let found = text.matches(patch.anchor).count();
        assert_eq!(
            found, 1,
            "{path} has changed: this stands there {found} times, so the defect cannot be planted; \
             give the patch in tests/tests/mutants.rs another anchor:\n{}",
            patch.anchor
        );
        text = text.replace(patch.anchor, patch.instead);
    }
    match path {
        "kiosk/src/lib.rs" => text + ASK,
        // Beside the storm of the project itself, in the same directory.
        "tests/Cargo.toml" => text.replace("name = \"storm\"", "name = \"mutant-storm\""),
        // And its crates beside the project's own: of one version, each would be taken for the other.
        "Cargo.toml" => text.replacen(VERSION, COPY, 1),
        "Cargo.lock" => CRATES.iter().fold(text, |text, name| {
            let named = |version| format!("name = \"{name}\"\n{version}");
            text.replace(&named(VERSION), &named(COPY))
        }),
        _ => text,
    }
}

/// Copies the sources, leaving alone what is there already, so that little is built again.
fn copy(to: &Path) {
    let sources = sources();
    clear(to, to, &sources);
    for path in sources {
        let Ok(bytes) = std::fs::read(root().join(&path)) else { continue };
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => planted(&path, text).into_bytes(),
            Err(error) => error.into_bytes(),
        };
        let place = to.join(&path);
        let directory = place.parent().expect("a file lies in a directory");
        std::fs::create_dir_all(directory).expect("a directory for the copy");
        if std::fs::read(&place).ok().as_ref() != Some(&bytes) {
            std::fs::write(&place, bytes).expect("room for the copy");
        }
    }
}

/// Removes what an earlier copy has and the sources have not.
fn clear(root: &Path, at: &Path, sources: &[String]) {
    let Ok(entries) = std::fs::read_dir(at) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            clear(root, &path, sources);
        } else if !sources.iter().any(|source| root.join(source) == path) {
            std::fs::remove_file(&path).expect("the copy is ours");
        }
    }
}

/// Builds the copy; the program.
fn build(dir: &Path) -> PathBuf {
    // What is not ours is built already, there.
    let target =
        Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/tmp lies in target");
    let built = Command::new(env!("CARGO"))
        .current_dir(dir)
        .args(["build", "--offline", "-p", "tests", "--bin", "mutant-storm"])
        .env("CARGO_TARGET_DIR", target)
        .output()
        .expect("cargo starts");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target.join("debug/mutant-storm")
}

fn storm(program: &Path, mutant: &str, seeds: &str) -> Output {
    Command::new(program)
        .args(["--seeds", seeds, "--threads", "2", "--whole", "--json"])
        .env(CHOICE, mutant)
        .output()
        .expect("the storm starts")
}

#[test]
fn every_planted_defect_is_caught() {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
    copy(&dir);
    let program = build(&dir);
    let sound = storm(&program, "", SOUND);
    let told = String::from_utf8_lossy(&sound.stdout);
    assert!(sound.status.success(), "without a defect: {told}");
    let mut missed = Vec::new();
    for (name, _) in MUTANTS {
        let run = storm(&program, name, SEEDS);
        let failure = serde_json::from_slice::<serde_json::Value>(&run.stdout).unwrap_or_default();
        match (run.status.code(), failure["what"].as_str()) {
            (Some(1), Some(what)) => println!("{name}: seed {}: {what}", failure["seed"]),
            (code, _) => {
                missed.push(format!("{name}: {code:?} {}", String::from_utf8_lossy(&run.stderr)))
            }
        }
    }
    assert!(missed.is_empty(), "not caught within seeds {SEEDS}: {missed:#?}");
}
