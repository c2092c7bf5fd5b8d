//! Which scanner is fitted and how it is read: one place for configuration and opening.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::gather::{GAP_MS_RANGE, Reading, SCAN_MAX_LIMIT};
use super::intake::CodeRules;
use super::wedge::{WedgeOpenError, WedgeScanner, WedgeSpec};
use super::{LineScanner, Scanner};
use crate::port::{OpenError, PortSpec};

/// Where the scanner is: an input device (`evdev:...`) or a port (`serial:`, `usb:`, `tcp:`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScannerPort {
    /// A keyboard wedge.
    Wedge(WedgeSpec),
    /// A byte line.
    Line(PortSpec),
}

impl FromStr for ScannerPort {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("evdev:") {
            text.parse().map(Self::Wedge).map_err(|e: super::wedge::WedgeSpecError| e.to_string())
        } else {
            text.parse().map(Self::Line).map_err(|e: crate::port::PortSpecError| e.to_string())
        }
    }
}

impl fmt::Display for ScannerPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wedge(spec) => spec.fmt(f),
            Self::Line(spec) => spec.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for ScannerPort {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for ScannerPort {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// One scanner, as configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScannerSetup {
    /// Where it is.
    pub port: ScannerPort,
    /// How bytes or keys become texts.
    #[serde(default)]
    pub reading: Reading,
    /// Prefixes, kinds of codes, check digits.
    #[serde(default)]
    pub codes: CodeRules,
}

/// A scanner that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ScannerOpenError {
    /// A port.
    #[error(transparent)]
    Line(#[from] OpenError),
    /// An input device.
    #[error(transparent)]
    Wedge(#[from] WedgeOpenError),
}

impl ScannerSetup {
    /// A scanner at that place with the usual rules.
    #[must_use]
    pub fn new(port: ScannerPort) -> Self {
        Self { port, reading: Reading::default(), codes: CodeRules::default() }
    }

    /// Values that make no sense, each as one sentence. They are also kept in range when used.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let Reading { gap_ms, max_length, ends, .. } = &self.reading;
        if !GAP_MS_RANGE.contains(gap_ms) {
            let (least, most) = (GAP_MS_RANGE.start(), GAP_MS_RANGE.end());
            found.push(format!("reading.gap_ms = {gap_ms}: write {least} to {most}"));
        }
        if !(1..=SCAN_MAX_LIMIT).contains(max_length) {
            found.push(format!("reading.max_length = {max_length}: write 1 to {SCAN_MAX_LIMIT}"));
        }
        if ends.is_empty() && self.reading.on_silence == super::OnSilence::Drop {
            found.push("reading.ends is empty and silence drops: no scan can be whole".to_owned());
        }
        for (kind, rule) in &self.codes.kinds {
            if let (Some(min), Some(max)) = (rule.min_length, rule.max_length)
                && min > max
            {
                found.push(format!("codes.kinds.{kind:?}: min_length is above max_length"));
            }
        }
        found
    }

    /// Opens the scanner.
    ///
    /// # Errors
    /// [`ScannerOpenError`], which says what to do.
    pub fn open(&self) -> Result<Box<dyn Scanner>, ScannerOpenError> {
        let (reading, codes) = (self.reading.clone(), self.codes.clone());
        Ok(match &self.port {
            ScannerPort::Line(spec) => Box::new(LineScanner::open(spec, reading, codes)?),
            ScannerPort::Wedge(spec) => Box::new(WedgeScanner::open(spec, reading, codes)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setup_is_read_from_toml() {
        let setup: ScannerSetup = toml::from_str(
            "port = 'evdev:05e0:1200'
             [reading]
             on_silence = 'drop'
             alt = 'bytes'
             text = 'gb18030'
             [codes]
             aim = 'required'
             [codes.kinds.code128]
             min_length = 10",
        )
        .unwrap();
        assert_eq!(setup.port.to_string(), "evdev:05e0:1200");
        assert_eq!(setup.problems(), Vec::<String>::new());
        let text = toml::to_string(&setup).unwrap();
        assert_eq!(toml::from_str::<ScannerSetup>(&text).unwrap(), setup);
        assert!(toml::from_str::<ScannerSetup>("port = 'tcp:1.2.3.4:5'\nspeed = 1").is_err());
        assert!(toml::from_str::<ScannerSetup>("port = 'keyboard'").is_err());
    }

    #[test]
    fn senseless_values_are_named() {
        let mut setup = ScannerSetup::new("tcp:127.0.0.1:1".parse().unwrap());
        setup.reading.gap_ms = 0;
        setup.reading.max_length = 100_000;
        setup.reading.ends.clear();
        setup.reading.on_silence = super::super::OnSilence::Drop;
        assert_eq!(setup.problems().len(), 3);
    }
}
