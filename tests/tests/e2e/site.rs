//! One library with one station, each part a process of its own, in a directory of its own.

use std::fs;
use std::path::{Path, PathBuf};

use kiosk::practice::{self, Practice};
use serde_json::Value;
use tempfile::TempDir;
use tests::rig::{Control, Process, free_address};

/// The programs under test.
pub(crate) const JIEHUAN: &str = env!("CARGO_BIN_EXE_e2e-jiehuan");
pub(crate) const SIM: &str = env!("CARGO_BIN_EXE_e2e-jiehuan-sim");
pub(crate) const TECH: &str = env!("CARGO_BIN_EXE_e2e-jiehuan-tech");

/// Readers of the built-in collection: number and name.
const PATRONS: [(&str, &str); 6] = [
    ("0200001234", "张三丰"),
    ("0200004567", "Ada Lovelace"),
    ("0200003456", "王小明"),
    ("0200005678", "吴晚秋"),
    ("0200006789", "郑桂英"),
    ("0200009999", "陈晓东"),
];

/// Zhang's card.
pub(crate) const ZHANG: &str = PATRONS[0].0;

/// Where a part is; `None` = simulated inside the station.
#[derive(Default)]
pub(crate) struct Parts<'a> {
    pub(crate) library: Option<&'a str>,
    pub(crate) reader: Option<&'a str>,
    pub(crate) printer: Printer<'a>,
}

#[derive(Default)]
pub(crate) enum Printer<'a> {
    #[default]
    Absent,
    Simulated,
    At(&'a str),
}

/// A directory with everything of one test.
pub(crate) struct Site(TempDir);

impl Site {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Writes a file; its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.text(name)
    }

    /// Writes `station.toml`; its path.
    pub(crate) fn config(&self, parts: &Parts<'_>) -> String {
        let address = parts.library.map(|a| format!("address = \"{a}\"\n")).unwrap_or_default();
        let reader = parts.reader.map(|p| format!("port = \"{p}\"\n")).unwrap_or_default();
        let printer = match parts.printer {
            Printer::Absent => String::new(),
            Printer::Simulated => "[printer]\nsetup.profile = \"epson-tm-t20ii\"\n".to_owned(),
            Printer::At(port) => {
                format!("[printer]\nport = \"{port}\"\nsetup.profile = \"epson-tm-t20ii\"\n")
            }
        };
        let text = format!(
            "[station]\nid = \"YZ-E2E-01\"\nbranch = \"YZ-MAIN\"\n\
             data_dir = \"data\"\nkey_file = \"journal.key\"\n\
             name = {{ zh-CN = \"扬中市图书馆\", en = \"Yangzhong Library\" }}\n\
             [library]\n{address}\
             [library.profile]\ninstitution_id = \"YZLIB\"\n\
             login = {{ user = \"kiosk03\", password = \"practice\", location = \"YZ-MAIN-03\" }}\n\
             [reader]\n{reader}{printer}\
             [session]\nowners = [\"CN-321182-YZ\"]\n"
        );
        self.write("station.toml", &text)
    }

    /// Starts the practice library on its database; its address.
    pub(crate) fn practice(&self, listen: &str, more: &[&str]) -> (Process, String) {
        let db = self.text("practice.sqlite");
        let arguments = [&["practice", "--listen", listen, "--db", &db], more].concat();
        let mut process = Process::start(JIEHUAN, &arguments);
        let address = process
            .line("listening line", |line| line.strip_prefix("listening ").map(str::to_owned));
        (process, address)
    }

    /// A free place for a practice library that is started more than once.
    pub(crate) fn fixed_address() -> String {
        free_address().to_string()
    }

    /// Where [`Site::pad`] listens, as configuration names it.
    pub(crate) fn pad_port(&self) -> String {
        format!("serial:{}", self.text("pad"))
    }

    /// Starts a simulated reader with the practice library's books and cards.
    pub(crate) fn pad(&self) -> (Process, Control) {
        let tags = Process::run(JIEHUAN, &["practice-tags"]);
        let tags = self.write("tags.json", &tags.well().lines.join("\n"));
        let listen = format!("pty:{}", self.text("pad"));
        let mut process = Process::start(
            SIM,
            &["reader", "--model", "3m810", "--listen", &listen, "--tags", &tags]
                .into_iter()
                .chain(["--control", "tcp:127.0.0.1:0"])
                .collect::<Vec<_>>(),
        );
        let control = process.line("listening line", |line| {
            let mut words = line.split_whitespace().skip_while(|word| *word != "control");
            words.nth(1)?.strip_prefix("tcp:").map(str::to_owned)
        });
        (process, Control::connect(&control))
    }

    /// Starts a simulated printer; its port as configuration names it.
    pub(crate) fn printer(&self) -> (Process, String) {
        let out = self.text("receipts");
        let mut process = Process::start(
            SIM,
            &["printer", "--listen", "tcp:127.0.0.1:0", "--out", &out]
                .into_iter()
                .chain(["--profile", "epson-tm-t20ii"])
                .collect::<Vec<_>>(),
        );
        let port = process
            .line("listening line", |line| line.strip_prefix("listening ").map(str::to_owned));
        (process, port)
    }

    /// Starts the station with a script.
    pub(crate) fn station(&self, config: &str, script: &str) -> Process {
        let script = self.write("steps.script", script);
        let steps = ["run", "--config", config, "--headless", "--script", &script];
        // A killed station leaves its simulated reader's link behind.
        Process::start_in(self.0.path(), JIEHUAN, &steps)
    }

    /// The journal as a technician lists it, newest first; empty while there is none.
    pub(crate) fn journal(&self, config: &str) -> Vec<Value> {
        if !self.path("data/journal.sqlite").exists() {
            return Vec::new();
        }
        let listed = Process::run(JIEHUAN, &["journal", "list", "--config", config, "--json"]);
        assert_eq!(listed.code, Some(0), "{}", listed.stderr);
        listed.lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The practice library's ledger as `kind item`, oldest first. Its process must have ended.
    pub(crate) fn ledger(&self) -> Vec<String> {
        let practice = Practice::start(practice::Config {
            database: practice::Location::File(self.path("practice.sqlite")),
            ..practice::Config::default()
        })
        .unwrap();
        let line = |e: &practice::LedgerEntry| {
            format!("{} {}", e.kind.name(), e.item.as_deref().unwrap_or("-"))
        };
        practice.ledger().unwrap().iter().map(line).collect()
    }

    /// The station kept nothing that tells who its readers are.
    #[track_caller]
    pub(crate) fn holds_no_patron(&self) {
        let mut looked = 0;
        for dir in ["data", "receipts"] {
            looked += no_patron_in_files(&self.path(dir));
        }
        assert!(looked > 0, "the station wrote no file");
    }
}

/// Looks into every file below a directory; how many there were.
#[track_caller]
pub(crate) fn no_patron_in_files(dir: &Path) -> usize {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    let mut looked = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            looked += no_patron_in_files(&path);
        } else {
            no_patron(&path.display().to_string(), &fs::read(&path).unwrap());
            looked += 1;
        }
    }
    looked
}

/// No patron's number or name stands in these bytes.
#[track_caller]
pub(crate) fn no_patron(place: &str, bytes: &[u8]) {
    for (number, name) in PATRONS {
        for what in [number, name] {
            let found = bytes.windows(what.len()).any(|window| window == what.as_bytes());
            assert!(!found, "{what} stands in {place}");
        }
    }
}
