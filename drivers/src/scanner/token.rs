//! Patron codes that change: QR codes on phones that may be used once.
//!
//! No public document tells the form of such codes; every library's app has its own (UNCONFIRMED
//! as a whole). So the form is configuration: a beginning, fields between separators, a moment,
//! and either an HMAC-SHA256 that the station can check or an opaque token that only the library
//! system understands.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use super::ScanText;

/// Most used tokens remembered. With this many still valid nothing more is accepted: a reader
/// takes seconds for one, so only an attack comes here.
pub const USED_MAX: usize = 4_096;

/// Most fields of a token.
pub const FIELDS_MAX: usize = 16;

/// Fewest bytes of an HMAC that are accepted: 64 bits.
pub const MAC_MIN: usize = 8;

/// Longest memory for used tokens that can be configured, in seconds.
const VALID_S_MAX: u64 = 24 * 3600;

/// One field of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenField {
    /// The patron's number.
    Patron,
    /// When it was made, as [`TimeForm`] says.
    Time,
    /// HMAC-SHA256 of everything before the separator in front of it, hexadecimal or base64url.
    /// Always last.
    Mac,
    /// Random or unknown characters.
    Any,
}

/// How the moment is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeForm {
    /// Seconds since 1970, UTC.
    #[default]
    UnixS,
    /// Milliseconds since 1970, UTC.
    UnixMs,
    /// Steps of `step_s` since 1970, UTC.
    Steps,
}

/// The form of a library's patron codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QrForm {
    /// First characters, by which such a code is known. Must not be empty.
    pub prefix: String,
    /// Character between fields.
    #[serde(default = "default_separator")]
    pub separator: char,
    /// The fields behind the prefix; empty: one opaque token.
    #[serde(default)]
    pub fields: Vec<TokenField>,
    /// How the moment is written.
    #[serde(default)]
    pub time: TimeForm,
    /// Length of a step of [`TimeForm::Steps`], in seconds.
    #[serde(default = "default_step_s")]
    pub step_s: u64,
    /// How old a code may be, in seconds; one without a moment is remembered as used so long.
    #[serde(default = "default_valid_s")]
    pub valid_s: u64,
    /// How far the phone's clock may be ahead, in seconds.
    #[serde(default = "default_skew_s")]
    pub skew_s: u64,
}

fn default_separator() -> char {
    '.'
}
fn default_step_s() -> u64 {
    30
}
fn default_valid_s() -> u64 {
    120
}
fn default_skew_s() -> u64 {
    30
}

/// A patron code, taken apart. `Debug` shows lengths only.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    whole: ScanText,
    patron: Option<ScanText>,
    /// Seconds since 1970 at which it was made.
    made_s: Option<u64>,
    mac: Option<Mark>,
}

/// The HMAC of a token and how many bytes of the text it is about.
#[derive(Clone, PartialEq, Eq)]
struct Mark {
    bytes: Vec<u8>,
    covers: usize,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({} characters)", self.whole.chars())
    }
}

impl Token {
    /// The whole text, for a library system that understands it. Never into a log.
    #[must_use]
    pub fn whole(&self) -> &ScanText {
        &self.whole
    }

    /// The patron's number, where the form has one. Worth nothing before the guard says fresh.
    #[must_use]
    pub fn patron(&self) -> Option<&ScanText> {
        self.patron.as_ref()
    }
}

impl QrForm {
    /// Opaque tokens with that beginning.
    #[must_use]
    pub fn opaque(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            separator: default_separator(),
            fields: Vec::new(),
            time: TimeForm::default(),
            step_s: default_step_s(),
            valid_s: default_valid_s(),
            skew_s: default_skew_s(),
        }
    }

    /// Values that make no sense, each as one sentence.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut found = Vec::new();
        let count = |what| self.fields.iter().filter(|field| **field == what).count();
        let mut say = |wrong: bool, text: &str| {
            if wrong {
                found.push(format!("patron_code: {text}"));
            }
        };
        say(self.prefix.is_empty(), "prefix is empty: every code would be one");
        say(self.fields.len() > FIELDS_MAX, "too many fields");
        say(count(TokenField::Mac) > 1, "mac stands twice");
        say(
            count(TokenField::Mac) == 1 && self.fields.last() != Some(&TokenField::Mac),
            "mac is not the last field",
        );
        say(
            count(TokenField::Mac) == 1 && count(TokenField::Time) == 0,
            "mac without time: a code would be valid for ever",
        );
        say(count(TokenField::Time) > 1 || count(TokenField::Patron) > 1, "a field stands twice");
        say(self.step_s == 0, "step_s is 0");
        say(!(1..=VALID_S_MAX).contains(&self.valid_s), "valid_s is not 1 to 86400");
        found
    }

    /// Whether a text is meant as such a code.
    #[must_use]
    pub fn is_one(&self, text: &str) -> bool {
        !self.prefix.is_empty() && text.starts_with(&self.prefix)
    }

    /// Takes a text apart; `None` when it has not this form.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<Token> {
        let body = text.strip_prefix(&self.prefix).filter(|body| !body.is_empty())?;
        let mut token = Token { whole: ScanText::new(text), patron: None, made_s: None, mac: None };
        if self.fields.is_empty() {
            return Some(token);
        }
        let parts: Vec<&str> = body.split(self.separator).take(FIELDS_MAX + 1).collect();
        if parts.len() != self.fields.len() {
            return None;
        }
        for (field, part) in self.fields.iter().zip(parts) {
            match field {
                TokenField::Any => {}
                TokenField::Patron if part.is_empty() => return None,
                TokenField::Patron => token.patron = Some(ScanText::new(part)),
                TokenField::Time => token.made_s = Some(self.moment(part)?),
                TokenField::Mac => {
                    let covers = text.len().checked_sub(part.len() + self.separator.len_utf8())?;
                    token.mac = Some(Mark { bytes: mac_bytes(part)?, covers });
                }
            }
        }
        Some(token)
    }

    fn moment(&self, text: &str) -> Option<u64> {
        let number: u64 =
            Some(text).filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
        match self.time {
            TimeForm::UnixS => Some(number),
            TimeForm::UnixMs => Some(number / 1000),
            TimeForm::Steps => number.checked_mul(self.step_s),
        }
    }
}

/// Bytes of an HMAC written in hexadecimal or base64url without padding.
fn mac_bytes(text: &str) -> Option<Vec<u8>> {
    const FULL: usize = 32;
    let all_hex = text.bytes().all(|b| b.is_ascii_hexdigit());
    // Base64url that looks like hexadecimal is too rare to matter (22 characters: 1 in 10^10).
    let bytes = if all_hex && text.len().is_multiple_of(2) {
        unpack(text, 4, |c| c.to_digit(16))?
    } else {
        unpack(text, 6, base64url)?
    };
    (MAC_MIN..=FULL).contains(&bytes.len()).then_some(bytes)
}

fn base64url(c: char) -> Option<u32> {
    match c {
        'A'..='Z' => Some(u32::from(c) - u32::from('A')),
        'a'..='z' => Some(u32::from(c) - u32::from('a') + 26),
        '0'..='9' => Some(u32::from(c) - u32::from('0') + 52),
        '-' => Some(62),
        '_' => Some(63),
        _ => None,
    }
}

/// Bytes out of characters of so many bits each; bits left over must be 0.
fn unpack(text: &str, bits: u32, value: impl Fn(char) -> Option<u32>) -> Option<Vec<u8>> {
    let (mut bytes, mut held, mut count) = (Vec::new(), 0u32, 0);
    for c in text.chars() {
        held = held << bits | value(c)?;
        count += bits;
        if count >= 8 {
            count -= 8;
            bytes.push((held >> count) as u8);
            held &= (1 << count) - 1;
        }
    }
    (held == 0 && count < bits).then_some(bytes)
}

/// The moment, both ways of telling it.
#[derive(Debug, Clone, Copy)]
pub struct TokenTime {
    /// Seconds since 1970, UTC, by the station's clock.
    pub wall_s: u64,
    /// By a clock that is never set.
    pub mono: Instant,
}

/// What a token is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Valid and used now for the first time here. An opaque token is still to be judged by the
    /// library system.
    Fresh,
    /// It was used here before.
    UsedBefore,
    /// Older than allowed.
    TooOld,
    /// Made later than now: a clock is wrong.
    InTheFuture,
    /// Its HMAC is wrong, or the station has no key for it.
    Forged,
    /// Too many valid tokens are remembered ([`USED_MAX`]).
    Full,
}

/// Until when a used token is remembered.
#[derive(Debug, Clone, Copy)]
enum Until {
    Wall(u64),
    Mono(Instant),
}

/// Lets every token pass once.
///
/// Used tokens are remembered as hashes under a key of this run, only while they would be valid;
/// never as they are. A restart forgets them: `valid_s` bounds what that can cost. No clock
/// inside.
pub struct TokenGuard {
    form: QrForm,
    mac_key: Option<Zeroizing<Vec<u8>>>,
    memory_key: Zeroizing<[u8; 32]>,
    used: VecDeque<([u8; 16], Until)>,
    /// What would have ended before is too old, even if the clock was set back meanwhile.
    forgotten_s: u64,
}

impl TokenGuard {
    /// A guard for one form. `mac_key` is the secret shared with the library's app; `memory_key`
    /// is random and new in each run.
    #[must_use]
    pub fn new(form: QrForm, mac_key: Option<&[u8]>, memory_key: [u8; 32]) -> Self {
        Self {
            form,
            mac_key: mac_key.map(|key| Zeroizing::new(key.to_vec())),
            memory_key: Zeroizing::new(memory_key),
            used: VecDeque::new(),
            forgotten_s: 0,
        }
    }

    /// Judges a token and, if it is fresh, remembers it as used.
    pub fn check(&mut self, token: &Token, now: TokenTime) -> Verdict {
        if !self.is_genuine(token) {
            return Verdict::Forged;
        }
        self.forget(now);
        let until = match token.made_s {
            Some(made_s) => {
                if made_s > now.wall_s.saturating_add(self.form.skew_s) {
                    return Verdict::InTheFuture;
                }
                let until_s = self.good_until(made_s);
                if now.wall_s > until_s || until_s <= self.forgotten_s {
                    return Verdict::TooOld;
                }
                Until::Wall(until_s)
            }
            None => Until::Mono(now.mono + Duration::from_secs(self.valid_s())),
        };
        let hash = self.hash(token);
        if self.used.iter().any(|(other, _)| *other == hash) {
            return Verdict::UsedBefore;
        }
        if self.used.len() >= USED_MAX {
            return Verdict::Full;
        }
        self.used.push_back((hash, until));
        Verdict::Fresh
    }

    /// How many used tokens are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.used.len()
    }

    fn valid_s(&self) -> u64 {
        self.form.valid_s.clamp(1, VALID_S_MAX)
    }

    /// A step is valid from its beginning to `valid_s` after its end.
    fn good_until(&self, made_s: u64) -> u64 {
        let step = if self.form.time == TimeForm::Steps { self.form.step_s } else { 0 };
        made_s.saturating_add(step).saturating_add(self.valid_s())
    }

    fn forget(&mut self, now: TokenTime) {
        let forgotten_s = &mut self.forgotten_s;
        self.used.retain(|(_, until)| match *until {
            Until::Wall(until_s) if now.wall_s > until_s => {
                *forgotten_s = until_s.max(*forgotten_s);
                false
            }
            Until::Wall(_) => true,
            Until::Mono(until) => now.mono <= until,
        });
    }

    fn is_genuine(&self, token: &Token) -> bool {
        let wanted = self.form.fields.contains(&TokenField::Mac);
        let Some(Mark { bytes, covers }) = &token.mac else { return !wanted };
        let Some(mac) =
            self.mac_key.as_ref().and_then(|key| Hmac::<Sha256>::new_from_slice(key).ok())
        else {
            return false;
        };
        let Some(covered) = token.whole.expose().as_bytes().get(..*covers) else { return false };
        bytes.len() >= MAC_MIN && mac.chain_update(covered).verify_truncated_left(bytes).is_ok()
    }

    fn hash(&self, token: &Token) -> [u8; 16] {
        let mut short = [0; 16];
        // A key of 32 bytes is always accepted; without a hash nothing would ever be fresh twice.
        if let Ok(mac) = Hmac::<Sha256>::new_from_slice(self.memory_key.as_slice()) {
            // What is written differently and means the same is one token: the HMAC is left out.
            let text = token.whole.expose().as_bytes();
            let covers = token.mac.as_ref().map_or(text.len(), |mark| mark.covers);
            let mut full =
                mac.chain_update(text.get(..covers).unwrap_or(text)).finalize().into_bytes();
            short.iter_mut().zip(full.iter()).for_each(|(to, from)| *to = *from);
            full.zeroize();
        }
        short
    }
}

#[cfg(test)]
mod tests;
