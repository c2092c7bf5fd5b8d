//! Bytes of one scan, gathered until an end mark or silence.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use encoding_rs::GB18030;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::keys::AltMode;
use super::{ScanText, Spoilt};

/// Most characters a scan may have unless configured otherwise (peripherals.md 3.1).
pub const SCAN_MAX: usize = 256;

/// Most characters that can be configured: a QR code of version 40 holds 2953 bytes.
pub const SCAN_MAX_LIMIT: usize = 2953;

/// Most bytes of one character in the character sets read here.
const CHAR_BYTES: usize = 4;

/// Most scans that wait to be taken. A hand gives one a second; what comes beyond is dropped.
pub const READY_MAX: usize = 8;

/// Usual silence that ends a scan, in milliseconds (peripherals.md 3.1, a design value).
const GAP_MS: u64 = 100;

/// Shortest and longest silence that can be configured, in milliseconds.
pub const GAP_MS_RANGE: std::ops::RangeInclusive<u64> = 10..=5_000;

/// Start of text: some scanners frame a scan with it and ETX.
const STX: u8 = 0x02;
const ETX: u8 = 0x03;

/// An end mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanEnd {
    /// CR, LF, both, or the Enter key.
    Enter,
    /// Tabulator.
    Tab,
    /// ETX (03).
    Etx,
}

/// What silence without an end mark means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSilence {
    /// The scan is whole: the scanner sends no end mark.
    #[default]
    Accept,
    /// The scan is cut and dropped. Right wherever the scanner sends an end mark.
    Drop,
}

/// Character set of what the scanner sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextCode {
    /// UTF-8 (digits and Latin letters are the same in all).
    #[default]
    Utf8,
    /// GB 18030, also GBK and GB 2312.
    Gb18030,
}

/// How bytes or keys become texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reading {
    /// End marks.
    pub ends: Vec<ScanEnd>,
    /// Silence after which a scan is over, in milliseconds; see [`GAP_MS_RANGE`].
    pub gap_ms: u64,
    /// What such silence means.
    pub on_silence: OnSilence,
    /// Most characters of a scan, up to [`SCAN_MAX_LIMIT`].
    pub max_length: usize,
    /// Character set.
    pub text: TextCode,
    /// What Alt + keypad sequences of a keyboard wedge mean.
    pub alt: AltMode,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            ends: vec![ScanEnd::Enter, ScanEnd::Tab],
            gap_ms: GAP_MS,
            on_silence: OnSilence::default(),
            max_length: SCAN_MAX,
            text: TextCode::default(),
            alt: AltMode::default(),
        }
    }
}

impl Reading {
    fn max_chars(&self) -> usize {
        self.max_length.clamp(1, SCAN_MAX_LIMIT)
    }

    fn gap(&self) -> Duration {
        let ms = self.gap_ms.clamp(*GAP_MS_RANGE.start(), *GAP_MS_RANGE.end());
        Duration::from_millis(ms)
    }

    fn ends_with(&self, byte: u8) -> bool {
        let end = match byte {
            b'\r' | b'\n' => ScanEnd::Enter,
            b'\t' => ScanEnd::Tab,
            ETX => ScanEnd::Etx,
            _ => return false,
        };
        self.ends.contains(&end)
    }
}

/// Where one scan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing came since the last end.
    Empty,
    /// Good so far.
    Good,
    /// Its end is awaited only to drop it.
    Bad(Spoilt),
    /// Dropped and reported; what follows up to its end is dropped too.
    Told,
}

/// Gathers the bytes of one scan.
pub(super) struct Gather {
    reading: Reading,
    bytes: Zeroizing<Vec<u8>>,
    state: State,
    last: Option<Instant>,
    ready: VecDeque<Result<ScanText, Spoilt>>,
}

impl Gather {
    pub(super) fn new(reading: Reading) -> Self {
        // Room for everything at once: a buffer that grows leaves copies behind that nobody wipes.
        let room = reading.max_chars() * CHAR_BYTES;
        Self {
            reading,
            bytes: Zeroizing::new(Vec::with_capacity(room)),
            state: State::Empty,
            last: None,
            ready: VecDeque::with_capacity(READY_MAX),
        }
    }

    pub(super) fn reading(&self) -> &Reading {
        &self.reading
    }

    /// Something of the scanner is heard: what was gathered before a silence is over.
    pub(super) fn hear(&mut self, at: Instant) {
        self.tick(at);
        self.last = Some(at);
    }

    /// When silence will end the scan that is being gathered.
    pub(super) fn quiet_at(&self) -> Option<Instant> {
        self.last.map(|last| last + self.reading.gap())
    }

    /// Ends the scan when the silence has lasted; whether it has.
    pub(super) fn tick(&mut self, now: Instant) -> bool {
        if self.quiet_at().is_none_or(|at| now < at) {
            return false;
        }
        if self.reading.on_silence == OnSilence::Drop && self.state == State::Good {
            self.spoil(Spoilt::Unfinished);
        }
        self.end();
        self.last = None;
        true
    }

    pub(super) fn push(&mut self, byte: u8) {
        if self.reading.ends_with(byte) {
            return self.end();
        }
        match byte {
            STX if self.state == State::Empty => return,
            // Separators of GS1 and other data formats.
            0x1C..=0x1E => {}
            0..0x20 | 0x7F => self.spoil(Spoilt::Control),
            _ => {}
        }
        match self.state {
            State::Empty | State::Good => self.state = State::Good,
            State::Bad(_) | State::Told => return,
        }
        if self.bytes.len() >= self.reading.max_chars() * CHAR_BYTES {
            return self.overflow();
        }
        self.bytes.push(byte);
        // Counted as the character set allows: bytes inside a character do not start one.
        if self.bytes.len() > self.reading.max_chars() && self.too_many_chars() {
            self.overflow();
        }
    }

    fn too_many_chars(&self) -> bool {
        match self.reading.text {
            TextCode::Utf8 => {
                self.bytes.iter().filter(|b| **b & 0xC0 != 0x80).count() > self.reading.max_chars()
            }
            // Told at the end, when the text is decoded; the bytes are bounded meanwhile.
            TextCode::Gb18030 => false,
        }
    }

    /// Told at once: a scanner that never stops would otherwise never be noticed.
    fn overflow(&mut self) {
        self.bytes.zeroize();
        self.offer(Err(Spoilt::TooLong));
        self.state = State::Told;
    }

    /// Marks the scan as bad; the first reason stays.
    pub(super) fn spoil(&mut self, why: Spoilt) {
        if matches!(self.state, State::Empty | State::Good) {
            self.bytes.zeroize();
            self.state = State::Bad(why);
        }
    }

    pub(super) fn end(&mut self) {
        match self.state {
            State::Empty | State::Told => {}
            State::Bad(why) => self.offer(Err(why)),
            State::Good => {
                let text = self.decode();
                self.offer(text);
            }
        }
        self.bytes.zeroize();
        self.state = State::Empty;
    }

    fn decode(&self) -> Result<ScanText, Spoilt> {
        let text = match self.reading.text {
            TextCode::Utf8 => {
                std::str::from_utf8(&self.bytes).map_err(|_| Spoilt::NotText)?.to_owned()
            }
            TextCode::Gb18030 => GB18030
                .decode_without_bom_handling_and_without_replacement(&self.bytes)
                .ok_or(Spoilt::NotText)?
                .into_owned(),
        };
        let text = ScanText::new(text);
        if text.chars() > self.reading.max_chars() { Err(Spoilt::TooLong) } else { Ok(text) }
    }

    fn offer(&mut self, text: Result<ScanText, Spoilt>) {
        if self.ready.len() < READY_MAX {
            self.ready.push_back(text);
        } else {
            tracing::debug!("scan dropped: too many wait");
        }
    }

    pub(super) fn take(&mut self) -> Option<Result<ScanText, Spoilt>> {
        self.ready.pop_front()
    }

    /// Drops everything, also what has not ended yet.
    pub(super) fn clear(&mut self) {
        self.bytes.zeroize();
        self.state = State::Empty;
        self.last = None;
        self.ready.clear();
    }
}
