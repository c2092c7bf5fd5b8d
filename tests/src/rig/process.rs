//! One process.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{PATIENCE, until};

/// Most lines of one process.
const LINES_MAX: usize = 100_000;

/// A running process; killed when dropped.
pub struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: Vec<String>,
    stderr: Option<JoinHandle<String>>,
}

/// What came of waiting for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A line.
    Line(String),
    /// None in time.
    Nothing,
    /// No more will come.
    Ended,
}

/// A process that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Every line of standard output.
    pub lines: Vec<String>,
    /// Standard error.
    pub stderr: String,
}

impl Process {
    /// Starts a program.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(program: &str, arguments: &[&str]) -> Self {
        Self::start_in(&std::env::temp_dir(), program, arguments)
    }

    /// Starts a program whose temporary files are to lie in `temp`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start_in(temp: &Path, program: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .env("TMPDIR", temp)
            // The tests' own environment must not change what is said.
            .env_remove("JIEHUAN_LOG")
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // What a killed process leaves is still worth reading.
            let _ = stderr.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let name = format!("{} {}", program.rsplit('/').next().unwrap(), arguments.join(" "));
        let stdin = child.stdin.take();
        Self { name, child, stdin, lines, seen: Vec::new(), stderr: Some(stderr) }
    }

    /// Runs a program to its end with nothing on standard input.
    ///
    /// # Panics
    /// When it does not end in time.
    #[must_use]
    pub fn run(program: &str, arguments: &[&str]) -> Ended {
        Self::start(program, arguments).end()
    }

    /// Writes a line to its standard input.
    ///
    /// # Panics
    /// When it no longer reads.
    pub fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("standard input is open until the end");
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).unwrap();
    }

    /// Waits for a line of which `pick` makes something.
    ///
    /// # Panics
    /// When the process ends first or the line does not come within [`PATIENCE`].
    #[track_caller]
    pub fn line<T>(&mut self, what: &str, mut pick: impl FnMut(&str) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    let picked = pick(&line);
                    self.seen.push(line);
                    if let Some(picked) = picked {
                        return picked;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("{}: no {what} within the time; {}", self.name, self.last())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let stderr = self.stderr();
                    panic!("{} ended before {what}: {stderr}; {}", self.name, self.last())
                }
            }
        }
    }

    /// The next line, waiting at most so long.
    #[must_use]
    pub fn next_line(&self, wait: Duration) -> Said {
        match self.lines.recv_timeout(wait) {
            Ok(line) => Said::Line(line),
            Err(RecvTimeoutError::Timeout) => Said::Nothing,
            Err(RecvTimeoutError::Disconnected) => Said::Ended,
        }
    }

    /// Waits for a line of JSON that fits.
    ///
    /// # Panics
    /// As [`Process::line`].
    #[track_caller]
    pub fn json(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.line(what, |line| serde_json::from_str(line).ok().filter(|value| fits(value)))
    }

    /// Waits for a station's page.
    ///
    /// # Panics
    /// As [`Process::line`].
    #[track_caller]
    pub fn screen(&mut self, name: &str) -> Value {
        self.json(&format!("page {name}"), |line| line["screen"] == name)
    }

    fn last(&self) -> String {
        let from = self.seen.len().saturating_sub(3);
        format!("it said last: {:#?}", &self.seen[from..])
    }

    /// Ends it as `kill -9` does, and waits until it is gone.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn kill(&mut self) {
        // An error here means that it ended by itself.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Closes its standard input and waits for its end. One that speaks is at work: a demo paints
    /// fifty pictures, which takes a slow machine longer than anything a fact is waited for.
    ///
    /// # Panics
    /// When it neither speaks nor ends within [`PATIENCE`], or says too many lines.
    #[must_use]
    #[track_caller]
    pub fn end(mut self) -> Ended {
        self.stdin = None;
        let name = self.name.clone();
        loop {
            assert!(self.seen.len() < LINES_MAX, "{name} says more than {LINES_MAX} lines");
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("waited {} s for the end of {name}", PATIENCE.as_secs());
                }
            }
        }
        let status = until(&format!("the end of {name}"), || self.child.try_wait().unwrap());
        let stderr = self.stderr();
        Ended { code: status.code(), lines: std::mem::take(&mut self.seen), stderr }
    }

    fn stderr(&mut self) -> String {
        self.stderr.take().map(|thread| thread.join().unwrap()).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors mean that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The closing line of a headless run.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    #[track_caller]
    pub fn summary(&self) -> Value {
        let last = self.lines.last().unwrap_or_else(|| panic!("no output: {self:?}"));
        serde_json::from_str(last).unwrap()
    }

    /// Everything it said, on both streams.
    #[must_use]
    pub fn said(&self) -> String {
        format!("{}\n{}", self.lines.join("\n"), self.stderr)
    }

    /// It ended well: exit code 0, and nothing to complain about.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn well(&self) -> &Self {
        let failed = self.lines.iter().rev().find(|line| line.contains("\"failed\""));
        assert_eq!(self.code, Some(0), "{failed:?} {:?} {}", self.lines.last(), self.stderr);
        assert_eq!(self.stderr, "");
        self
    }

    /// It refused as a person can understand: exit code 1, all of `parts` on standard error, no
    /// panic.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn refused(&self, parts: &[&str]) -> &Self {
        assert_eq!(self.code, Some(1), "{}", self.said());
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} not in {:?}", self.stderr);
        }
        self
    }
}
