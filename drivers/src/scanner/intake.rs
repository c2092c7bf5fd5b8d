//! From a text to a [`Scan`]: prefixes, kinds of codes, lengths, check digits, double scans.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::check::CheckRule;
use super::{Aim, Scan, ScanText, Spoilt, Symbology};

/// The same code again within this time is one scan, in milliseconds (peripherals.md 3.1).
const REPEAT_MS: u64 = 1_500;

/// Whether the scanner sends AIM prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AimUse {
    /// A prefix is understood where one stands.
    #[default]
    IfSent,
    /// A scan without one is dropped.
    Required,
    /// No prefix is looked for: what looks like one belongs to the number.
    None,
}

/// Rules for one kind of code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KindRule {
    /// Check digit the number must carry.
    pub check: CheckRule,
    /// The check digit (one character) is taken off after it was checked.
    pub strip_check: bool,
    /// Codabar: start and stop letter (A to D) are taken off where they are sent.
    pub strip_frame: bool,
    /// Fewest characters, after stripping.
    pub min_length: Option<usize>,
    /// Most characters, after stripping.
    pub max_length: Option<usize>,
}

/// Rules for all codes of one scanner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CodeRules {
    /// AIM prefixes.
    pub aim: AimUse,
    /// Characters the scanner puts before each code, taken off where they stand.
    pub strip_prefix: String,
    /// Characters the scanner puts behind each code, taken off where they stand.
    pub strip_suffix: String,
    /// The same code again within this time is one scan, in milliseconds; 0 lets all through.
    pub repeat_ms: u64,
    /// Kinds that are accepted, with their rules; empty accepts all. A scan whose kind the
    /// scanner does not tell is not judged by this.
    pub kinds: BTreeMap<Symbology, KindRule>,
}

impl Default for CodeRules {
    fn default() -> Self {
        Self {
            aim: AimUse::default(),
            strip_prefix: String::new(),
            strip_suffix: String::new(),
            repeat_ms: REPEAT_MS,
            kinds: BTreeMap::new(),
        }
    }
}

/// The last code, as a hash that says nothing about it, and when it was last seen.
#[derive(Debug, Clone, Copy)]
struct Last {
    hash: u64,
    seen: Instant,
}

/// Applies [`CodeRules`] to texts, in the order they came.
pub struct Intake {
    rules: CodeRules,
    hasher: RandomState,
    last: Option<Last>,
}

impl Intake {
    /// An intake that has seen nothing.
    #[must_use]
    pub fn new(rules: CodeRules) -> Self {
        Self { rules, hasher: RandomState::new(), last: None }
    }

    /// The scan a text means; `None` for the same code again.
    ///
    /// # Errors
    /// [`Spoilt`], why it is dropped.
    pub fn take(&mut self, text: &ScanText, now: Instant) -> Result<Option<Scan>, Spoilt> {
        if self.is_repeat(text, now) {
            return Ok(None);
        }
        self.judge(text.expose()).map(Some)
    }

    /// A code held before the scanner is seen again and again: one scan, until it was away for
    /// the whole time.
    fn is_repeat(&mut self, text: &ScanText, now: Instant) -> bool {
        let hash = self.hasher.hash_one(text.expose());
        let within = Duration::from_millis(self.rules.repeat_ms);
        let again = self
            .last
            .is_some_and(|last| last.hash == hash && now.duration_since(last.seen) < within);
        self.last = Some(Last { hash, seen: now });
        again
    }

    fn judge(&self, text: &str) -> Result<Scan, Spoilt> {
        let rules = &self.rules;
        let text = text.strip_prefix(rules.strip_prefix.as_str()).unwrap_or(text);
        let text = text.strip_suffix(rules.strip_suffix.as_str()).unwrap_or(text);
        let aim = match rules.aim {
            AimUse::None => None,
            AimUse::IfSent | AimUse::Required => Aim::split(text),
        };
        let Some((aim, data)) = aim else {
            return match rules.aim {
                AimUse::Required => Err(Spoilt::NoAim),
                AimUse::IfSent | AimUse::None => whole(text).map(Scan::plain),
            };
        };
        if !aim.symbology.may_hold_brackets() && Aim::is_inside(data) {
            return Err(Spoilt::Glued);
        }
        let data = match (rules.kinds.get(&aim.symbology), rules.kinds.is_empty()) {
            (Some(rule), _) => by_kind(rule, data)?,
            (None, true) => data,
            (None, false) => return Err(Spoilt::KindRefused),
        };
        Ok(Scan {
            symbology: Some(aim.symbology),
            modifier: Some(aim.modifier),
            data: ScanText::new(whole(data)?),
        })
    }
}

/// A prefix with nothing behind it is no scan.
fn whole(data: &str) -> Result<&str, Spoilt> {
    if data.is_empty() { Err(Spoilt::Length) } else { Ok(data) }
}

fn by_kind<'a>(rule: &KindRule, data: &'a str) -> Result<&'a str, Spoilt> {
    let data = if rule.strip_frame { without_frame(data) } else { data };
    if !rule.check.holds(data) {
        return Err(Spoilt::CheckDigit);
    }
    let data = match data.char_indices().next_back() {
        Some((at, _)) if rule.strip_check => data.get(..at).unwrap_or(data),
        _ => data,
    };
    let length = data.chars().count();
    let fits = rule.min_length.is_none_or(|min| length >= min)
        && rule.max_length.is_none_or(|max| length <= max);
    if fits { Ok(data) } else { Err(Spoilt::Length) }
}

fn without_frame(data: &str) -> &str {
    let is_mark = |c: char| matches!(c, 'A'..='D' | 'a'..='d');
    data.strip_prefix(is_mark).and_then(|rest| rest.strip_suffix(is_mark)).unwrap_or(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(rules: &CodeRules, text: &str) -> Result<Option<Scan>, Spoilt> {
        Intake::new(rules.clone()).take(&ScanText::new(text), Instant::now())
    }

    fn data(rules: &CodeRules, text: &str) -> Result<String, Spoilt> {
        take(rules, text).map(|scan| scan.unwrap().data.expose().to_owned())
    }

    fn rules(toml: &str) -> CodeRules {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn prefixes_tell_the_kind() {
        let any = CodeRules::default();
        let scan = take(&any, "]C00200001234").unwrap().unwrap();
        assert_eq!((scan.symbology, scan.modifier), (Some(Symbology::Code128), Some('0')));
        assert_eq!(scan.data.expose(), "0200001234");
        assert_eq!(take(&any, "0200001234").unwrap().unwrap(), Scan::plain("0200001234"));
        assert_eq!(data(&any, "]?00200001234").as_deref(), Ok("]?00200001234"));
        let none = rules("aim = 'none'");
        assert_eq!(data(&none, "]C00200001234").as_deref(), Ok("]C00200001234"));
        let must = rules("aim = 'required'");
        assert_eq!(data(&must, "0200001234"), Err(Spoilt::NoAim));
        assert_eq!(data(&any, "]C0"), Err(Spoilt::Length));
    }

    #[test]
    fn kinds_lengths_and_check_digits() {
        let some = rules(
            "strip_prefix = '~'
             strip_suffix = '~'
             [kinds.code128]
             min_length = 10
             max_length = 10
             [kinds.ean]
             check = 'ean'
             [kinds.codabar]
             check = 'codabar14'
             strip_frame = true
             [kinds.code39]
             check = 'code39_mod43'
             strip_check = true",
        );
        for (text, want) in [
            ("]C00200001234", Ok("0200001234")),
            ("~]C00200001234~", Ok("0200001234")),
            ("]C002000012345", Err(Spoilt::Length)),
            ("]E06291041500213", Ok("6291041500213")),
            ("]E06291041500214", Err(Spoilt::CheckDigit)),
            ("]F0A21234567890124B", Ok("21234567890124")),
            ("]F021234567890124", Ok("21234567890124")),
            ("]F021234567890125", Err(Spoilt::CheckDigit)),
            ("]A0CODE39W", Ok("CODE39")),
            ("]Q1anything", Err(Spoilt::KindRefused)),
        ] {
            assert_eq!(data(&some, text), want.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn glued_codes_of_kinds_without_brackets_are_told() {
        let any = CodeRules::default();
        let glued = "]E06291041500213]E06291041500213";
        assert_eq!(data(&any, glued), Err(Spoilt::Glued));
        assert!(data(&any, "]Q1{[]Q1}").is_ok());
    }

    #[test]
    fn the_same_code_again_is_one_scan() {
        let mut intake = Intake::new(CodeRules::default());
        let start = Instant::now();
        let mut at = |ms: u64, text: &str| {
            intake.take(&ScanText::new(text), start + Duration::from_millis(ms)).unwrap().is_some()
        };
        assert!(at(0, "1"));
        assert!(!at(1400, "1"));
        assert!(!at(2800, "1"));
        assert!(at(2900, "2"));
        assert!(at(3000, "1"));
        assert!(at(4500, "1"));
    }
}
