//! The processes, and the directory they work in.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::visit::{CARDS, POOL};
use crate::rig::{Control, Ended, Process};

/// Ports tried for parts that must keep their address over a restart. Below those that systems
/// give to clients: a client that connects to such a port while nobody listens can meet itself.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
/// How many times faster than real the simulated reader is.
const READER_SPEED: &str = "10";

/// A process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The practice library system.
    Practice,
    /// The simulated reader.
    Reader,
    /// The simulated printer.
    Printer,
    /// The station.
    Station,
}

impl Part {
    /// All, in the order they are started.
    pub const ALL: [Self; 4] = [Self::Practice, Self::Reader, Self::Printer, Self::Station];
}

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Programs {
    /// `jiehuan`.
    pub jiehuan: PathBuf,
    /// `jiehuan-sim`.
    pub sim: PathBuf,
}

/// Which program a process that was started under another name is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `jiehuan`.
    Jiehuan,
    /// `jiehuan-sim`.
    Sim,
}

/// The role of this process, by the name it was started under ([`Programs::of_this`]).
#[must_use]
pub fn role() -> Option<Role> {
    let name = std::env::args_os().next()?;
    match Path::new(&name).file_name()?.to_str()? {
        "jiehuan" => Some(Role::Jiehuan),
        "jiehuan-sim" => Some(Role::Sim),
        _ => None,
    }
}

impl Programs {
    /// This program under other names in `dir`; its `main` must look at [`role`] first.
    ///
    /// # Errors
    /// The system's.
    pub fn of_this(dir: &Path) -> std::io::Result<Self> {
        let this = std::env::current_exe()?;
        let named = |name: &str| {
            let path = dir.join(name);
            std::os::unix::fs::symlink(&this, &path).map(|()| path)
        };
        Ok(Self { jiehuan: named("jiehuan")?, sim: named("jiehuan-sim")? })
    }
}

pub(super) struct Plant {
    dir: PathBuf,
    programs: Programs,
    library: String,
    reader: String,
    printer: String,
    config: PathBuf,
    parts: [Option<Process>; Part::ALL.len()],
    lives: [u32; Part::ALL.len()],
    control: Option<Control>,
    seed: u64,
}

impl Plant {
    pub(super) fn new(dir: PathBuf, programs: Programs, seed: u64) -> Self {
        let mut ports = free_ports();
        let mut address = || format!("127.0.0.1:{}", ports.next().expect("a free port"));
        let (library, reader, printer) = (address(), address(), address());
        let config = dir.join("station.toml");
        std::fs::write(&config, station(&library, &reader, &printer)).expect("the file is written");
        let plant = Self {
            dir,
            programs,
            library,
            reader,
            printer,
            config,
            parts: Default::default(),
            lives: Default::default(),
            control: None,
            seed,
        };
        plant.write_tags();
        plant
    }

    /// The tags of the books and cards that are used here, out of the practice library's.
    fn write_tags(&self) {
        let all = Process::run(text(&self.programs.jiehuan), &["practice-tags"]);
        let all: Value = serde_json::from_str(&all.lines.join("\n")).expect("a tags file");
        let used = |tag: &&Value| {
            let id = tag["id"].as_str().unwrap_or_default();
            POOL.contains(&id) || CARDS.contains(&id)
        };
        let tags: Vec<&Value> = all["tags"].as_array().into_iter().flatten().filter(used).collect();
        assert_eq!(tags.len(), POOL.len() + CARDS.len(), "every book and card has one tag");
        let file = serde_json::json!({ "tags": tags });
        std::fs::write(self.tags_file(), file.to_string()).expect("the file is written");
    }

    pub(super) fn tags_file(&self) -> PathBuf {
        self.dir.join("tags.json")
    }

    pub(super) fn database(&self) -> PathBuf {
        self.dir.join("practice.sqlite")
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.dir.join("data/journal.sqlite")
    }

    /// Where slips lie; one directory a life of the printer.
    pub(super) fn receipts(&self) -> PathBuf {
        self.dir.join("receipts")
    }

    pub(super) fn lives(&self, part: Part) -> u32 {
        self.lives[part as usize]
    }

    pub(super) fn start(&mut self, part: Part) {
        self.lives[part as usize] += 1;
        let process = match part {
            Part::Practice => self.start_practice(),
            Part::Reader => self.start_reader(),
            Part::Printer => self.start_printer(),
            Part::Station => self.start_station(),
        };
        self.parts[part as usize] = Some(process);
    }

    fn start_practice(&self) -> Process {
        let database = self.database();
        let arguments = ["practice", "--listen", &self.library, "--db", text(&database)];
        let mut process = Process::start_in(&self.dir, text(&self.programs.jiehuan), &arguments);
        process.line("listening line", |line| line.starts_with("listening ").then_some(()));
        process
    }

    fn start_reader(&mut self) -> Process {
        let (tags, listen) = (self.tags_file(), format!("tcp:{}", self.reader));
        let seed = self.seed.wrapping_add(u64::from(self.lives(Part::Reader))).to_string();
        let arguments =
            [
                &[
                    "reader",
                    "--model",
                    "3m810",
                    "--listen",
                    &listen,
                    "--tags",
                    text(&tags),
                    "--keep",
                ][..],
                &["--control", "tcp:127.0.0.1:0", "--speed", READER_SPEED, "--seed", &seed],
            ]
            .concat();
        let mut process = Process::start_in(&self.dir, text(&self.programs.sim), &arguments);
        let control = process.line("listening line", |line| {
            let mut words = line.split_whitespace().skip_while(|word| *word != "control");
            words.nth(1)?.strip_prefix("tcp:").map(str::to_owned)
        });
        self.control = Some(Control::connect(&control));
        process
    }

    fn start_printer(&self) -> Process {
        let out = self.receipts().join(format!("{:04}", self.lives(Part::Printer)));
        let listen = format!("tcp:{}", self.printer);
        std::fs::create_dir_all(&out).expect("a directory for slips");
        let arguments = ["printer", "--listen", &listen, "--out", text(&out)];
        let arguments = [&arguments[..], &["--profile", "epson-tm-t20ii"]].concat();
        let mut process = Process::start_in(&self.dir, text(&self.programs.sim), &arguments);
        process.line("listening line", |line| line.starts_with("listening ").then_some(()));
        process
    }

    fn start_station(&self) -> Process {
        let arguments = ["run", "--config", text(&self.config), "--headless", "--follow"];
        Process::start_in(&self.dir, text(&self.programs.jiehuan), &arguments)
    }

    /// Ends it as `kill -9` does.
    pub(super) fn kill(&mut self, part: Part) {
        if let Some(mut process) = self.parts[part as usize].take() {
            process.kill();
        }
        if part == Part::Reader {
            self.control = None;
        }
    }

    /// Lets the station end by itself, with its closing line.
    pub(super) fn end_station(&mut self) -> Ended {
        self.parts[Part::Station as usize].take().expect("the station lives").end()
    }

    pub(super) fn end_all(&mut self) {
        for part in Part::ALL {
            self.kill(part);
        }
    }

    pub(super) fn station(&self) -> Option<&Process> {
        self.parts[Part::Station as usize].as_ref()
    }

    /// Touches something, when there is a station.
    pub(super) fn touch(&mut self, what: &str) {
        if let Some(station) = &mut self.parts[Part::Station as usize] {
            station.say(&format!("touch {what}"));
        }
    }

    /// Lays tags; whether there is a reader to lay them on.
    pub(super) fn lay(&mut self, tags: &[&str]) -> bool {
        self.control.as_mut().map(|control| control.lay(tags)).is_some()
    }

    /// Lifts tags; whether there is a reader.
    pub(super) fn lift(&mut self, tags: &[&str]) -> bool {
        self.control.as_mut().map(|control| control.lift(tags)).is_some()
    }
}

/// Ports of this machine where nothing listens now.
fn free_ports() -> impl Iterator<Item = u16> {
    let from = std::process::id() % u32::from(PORTS.end - PORTS.start);
    let from = PORTS.start + u16::try_from(from).unwrap_or(0);
    (from..PORTS.end)
        .chain(PORTS.start..from)
        .filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of a run are plain text")
}

fn station(library: &str, reader: &str, printer: &str) -> String {
    format!(
        "[station]\nid = \"YZ-STORM-01\"\nbranch = \"YZ-MAIN\"\n\
         data_dir = \"data\"\nkey_file = \"journal.key\"\n\
         name = {{ zh-CN = \"扬中市图书馆\", en = \"Yangzhong Library\" }}\n\
         [library]\naddress = \"{library}\"\n\
         [library.profile]\ninstitution_id = \"YZLIB\"\n\
         login = {{ user = \"kiosk03\", password = \"practice\", location = \"YZ-MAIN-03\" }}\n\
         [reader]\nport = \"tcp:{reader}\"\n\
         [printer]\nport = \"tcp:{printer}\"\nsetup.profile = \"epson-tm-t20ii\"\n\
         [session]\nowners = [\"CN-321182-YZ\"]\ncount_check = \"off\"\n\
         [session.times]\npad_stable_s = 0.3\npad_gone_s = 0.5\n"
    )
}
