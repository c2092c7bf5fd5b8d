//! [`WedgeScanner`]: a scanner that types as a USB keyboard, read from Linux evdev.
//!
//! The device is taken exclusively: otherwise its digits would land in the screen, could be seen
//! there, and could be forged on any keyboard (peripherals.md 3.1). Decoding is in
//! [`keys`](super::keys) and needs no device; only this file does.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

use evdev::raw_stream::RawDevice;
use evdev::{EventSummary, KeyCode, SynchronizationCode};
use rustix::event::{PollFd, PollFlags, Timespec};

use super::gather::Reading;
use super::intake::{CodeRules, Intake};
use super::keys::{KeyAction, KeyDecoder};
use super::{POLL_MAX, Scan, Scanner, ScannerError};

/// Most reads of one [`Scanner::discard`]; a key that is held without end is not followed.
const DISCARD_READS_MAX: u32 = 64;

/// Which input device, written `evdev:PATH` or `evdev:VENDOR:PRODUCT[:SERIAL]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WedgeSpec {
    /// A path, best one of `/dev/input/by-id/` that ends in `-event-kbd`.
    Path(PathBuf),
    /// A USB device, looked for each time it is opened.
    Usb {
        /// Vendor.
        vendor: u16,
        /// Product.
        product: u16,
        /// Serial number, for more than one of a kind.
        serial: Option<String>,
    },
}

/// Text that names no input device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no input device: write evdev:/dev/input/by-id/NAME-event-kbd or evdev:VENDOR:PRODUCT[:SERIAL]"
)]
pub struct WedgeSpecError {
    /// The text as given.
    pub text: String,
}

impl FromStr for WedgeSpec {
    type Err = WedgeSpecError;

    fn from_str(text: &str) -> Result<Self, WedgeSpecError> {
        let bad = || WedgeSpecError { text: text.to_owned() };
        let what = text.strip_prefix("evdev:").ok_or_else(bad)?;
        if what.starts_with('/') {
            return Ok(Self::Path(what.into()));
        }
        let mut words = what.splitn(3, ':');
        let mut id = || {
            let word = words.next().filter(|word| word.len() == 4).ok_or_else(bad)?;
            u16::from_str_radix(word, 16).map_err(|_| bad())
        };
        let (vendor, product) = (id()?, id()?);
        let serial = words.next().map(str::to_owned);
        if serial.as_ref().is_some_and(String::is_empty) {
            return Err(bad());
        }
        Ok(Self::Usb { vendor, product, serial })
    }
}

impl fmt::Display for WedgeSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "evdev:{}", path.display()),
            Self::Usb { vendor, product, serial } => {
                write!(f, "evdev:{vendor:04x}:{product:04x}")?;
                serial.as_ref().map_or(Ok(()), |serial| write!(f, ":{serial}"))
            }
        }
    }
}

/// A keyboard scanner that could not be taken. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum WedgeOpenError {
    /// It is not there, or may not be read.
    #[error("cannot open {spec}: {source}. Plug the scanner in, and give the user group `input`")]
    Open {
        /// What was tried.
        spec: WedgeSpec,
        /// The system's answer.
        source: io::Error,
    },
    /// Another program has it.
    #[error("cannot take {spec} for ourselves: {source}. End the program that holds it")]
    Grab {
        /// What was tried.
        spec: WedgeSpec,
        /// The system's answer.
        source: io::Error,
    },
    /// No keyboard of that vendor and product.
    #[error("there is no keyboard {spec}: plug the scanner in and set it to USB keyboard")]
    NotFound {
        /// What was looked for.
        spec: WedgeSpec,
    },
    /// Several.
    #[error("there are several keyboards {spec}: add the serial number, or name the path")]
    Several {
        /// What was looked for.
        spec: WedgeSpec,
    },
}

/// A scanner that types.
pub struct WedgeScanner {
    device: RawDevice,
    decoder: KeyDecoder,
    intake: Intake,
}

impl WedgeScanner {
    /// Opens the input device and takes it exclusively; it is given back when dropped.
    ///
    /// # Errors
    /// [`WedgeOpenError`].
    pub fn open(
        spec: &WedgeSpec,
        reading: Reading,
        codes: CodeRules,
    ) -> Result<Self, WedgeOpenError> {
        let open = |source| WedgeOpenError::Open { spec: spec.clone(), source };
        let mut device = match spec {
            WedgeSpec::Path(path) => RawDevice::open(path).map_err(open)?,
            WedgeSpec::Usb { .. } => find(spec)?,
        };
        device.grab().map_err(|source| WedgeOpenError::Grab { spec: spec.clone(), source })?;
        // A read must never wait: only `poll` does, with a bound.
        let flags = rustix::fs::fcntl_getfl(&device).map_err(|e| open(e.into()))?;
        rustix::fs::fcntl_setfl(&device, flags | rustix::fs::OFlags::NONBLOCK)
            .map_err(|e| open(e.into()))?;
        Ok(Self { device, decoder: KeyDecoder::new(reading), intake: Intake::new(codes) })
    }

    fn hear(&mut self, patience: Duration) -> Result<(), ScannerError> {
        let mut fds = [PollFd::new(&self.device, PollFlags::IN)];
        let spec = Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(patience.subsec_nanos()),
        };
        match rustix::event::poll(&mut fds, Some(&spec)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => {
                self.fetch()?;
            }
            Err(e) => return Err(ScannerError::Gone(e.into())),
        }
        self.decoder.tick(Instant::now());
        Ok(())
    }

    /// Feeds what has come; how many events.
    fn fetch(&mut self) -> Result<usize, ScannerError> {
        let Self { device, decoder, .. } = self;
        let events = match device.fetch_events() {
            Ok(events) => events,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Ok(0),
            // ENODEV: unplugged.
            Err(e) => return Err(ScannerError::Gone(e)),
        };
        let now = Instant::now();
        let mut count = 0;
        for event in events {
            count += 1;
            match event.destructure() {
                EventSummary::Key(_, key, value) => {
                    decoder.feed(key.code(), KeyAction::from_value(value), now);
                }
                EventSummary::Synchronization(_, SynchronizationCode::SYN_DROPPED, _) => {
                    decoder.lost(now);
                }
                _ => {}
            }
        }
        Ok(count)
    }
}

/// Looks for the keyboard of a USB scanner.
fn find(spec: &WedgeSpec) -> Result<RawDevice, WedgeOpenError> {
    let WedgeSpec::Usb { vendor, product, serial } = spec else {
        return Err(WedgeOpenError::NotFound { spec: spec.clone() });
    };
    let fits = |device: &RawDevice| {
        let id = device.input_id();
        // Scanners have further input devices (volume, power); only one types digits and Enter.
        let types = device
            .supported_keys()
            .is_some_and(|keys| keys.contains(KeyCode::KEY_1) && keys.contains(KeyCode::KEY_ENTER));
        id.vendor() == *vendor
            && id.product() == *product
            && types
            && serial.as_deref().is_none_or(|serial| device.unique_name() == Some(serial))
    };
    let mut found = evdev::raw_stream::enumerate().map(|(_, device)| device).filter(fits);
    let device = found.next().ok_or_else(|| WedgeOpenError::NotFound { spec: spec.clone() })?;
    match found.next() {
        None => Ok(device),
        Some(_) => Err(WedgeOpenError::Several { spec: spec.clone() }),
    }
}

impl Scanner for WedgeScanner {
    fn poll(&mut self, timeout: Duration) -> Result<Option<Scan>, ScannerError> {
        let until = Instant::now() + timeout.min(POLL_MAX);
        loop {
            while let Some(text) = self.decoder.take() {
                if let Some(scan) = self.intake.take(&text?, Instant::now())? {
                    return Ok(Some(scan));
                }
            }
            let now = Instant::now();
            if now >= until {
                return Ok(None);
            }
            let next = self.decoder.quiet_at().map_or(until, |quiet| quiet.min(until));
            self.hear(next.saturating_duration_since(now))?;
        }
    }

    fn discard(&mut self) -> Result<(), ScannerError> {
        for _ in 0..DISCARD_READS_MAX {
            if self.fetch()? == 0 {
                break;
            }
        }
        self.decoder.clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_read_back_as_written() {
        for text in ["evdev:/dev/input/by-id/x-event-kbd", "evdev:05e0:1200", "evdev:05e0:1200:S1"]
        {
            assert_eq!(text.parse::<WedgeSpec>().unwrap().to_string(), text);
        }
        for text in ["", "evdev:", "evdev:x", "evdev:05e0", "evdev:05e0:1200:", "serial:/dev/x"] {
            assert!(text.parse::<WedgeSpec>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_absent_scanner_is_named_with_what_to_do() {
        for (spec, what) in [("evdev:/dev/not-here", "Plug"), ("evdev:fffe:fffe", "plug")] {
            let spec: WedgeSpec = spec.parse().unwrap();
            let error = WedgeScanner::open(&spec, Reading::default(), CodeRules::default());
            let text = error.err().unwrap().to_string();
            assert!(text.contains(&spec.to_string()) && text.contains(what), "{text}");
        }
    }
}
