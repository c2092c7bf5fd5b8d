//! The control socket of a simulated reader.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::PATIENCE;

/// A connection for control lines.
pub struct Control(BufReader<TcpStream>);

impl Control {
    /// Connects to `HOST:PORT`.
    ///
    /// # Panics
    /// When nobody listens there.
    #[must_use]
    pub fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// Says a line; the answer.
    ///
    /// # Panics
    /// When no answer comes, or an error.
    #[track_caller]
    pub fn ask(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        self.0.read_line(&mut answer).unwrap();
        let answer = answer.trim().to_owned();
        assert!(!answer.is_empty() && !answer.starts_with("error"), "{line}: {answer:?}");
        answer
    }

    /// Lays tags on the pad.
    ///
    /// # Panics
    /// As [`Control::ask`].
    #[track_caller]
    pub fn lay(&mut self, tags: &[&str]) {
        assert_eq!(self.ask(&format!("lay {}", tags.join(" "))), "ok");
    }

    /// Lifts tags.
    ///
    /// # Panics
    /// As [`Control::ask`].
    #[track_caller]
    pub fn lift(&mut self, tags: &[&str]) {
        assert_eq!(self.ask(&format!("lift {}", tags.join(" "))), "ok");
    }

    /// AFI and EAS of a tag.
    ///
    /// # Panics
    /// As [`Control::ask`].
    #[track_caller]
    pub fn security(&mut self, tag: &str) -> (String, bool) {
        let tag: Value = serde_json::from_str(&self.ask(&format!("tag {tag}"))).unwrap();
        (tag["afi"].as_str().unwrap().to_owned(), tag["eas"].as_bool().unwrap())
    }
}
