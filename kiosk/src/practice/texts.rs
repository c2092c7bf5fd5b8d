//! Screen messages (AF) from a small `key=text` resource per language; no text lives in code.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::model::Language;
use super::rules::Refusal;

static ZH: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| read(include_str!("texts/zh.properties")));
static EN: LazyLock<HashMap<&'static str, &'static str>> =
    LazyLock::new(|| read(include_str!("texts/en.properties")));

fn read(source: &'static str) -> HashMap<&'static str, &'static str> {
    source
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, text)| (key.trim(), text.trim()))
        .collect()
}

/// The text of a key; an unknown key answers itself, so that a slip is seen and not silent.
#[must_use]
pub(super) fn text(language: Language, key: &'static str) -> &'static str {
    let table = match language {
        Language::Zh => &*ZH,
        Language::En => &*EN,
    };
    table.get(key).copied().unwrap_or(key)
}

/// A text with its `{name}` places filled.
#[must_use]
pub(super) fn fill(language: Language, key: &'static str, values: &[(&str, &str)]) -> String {
    let mut out = text(language, key).to_owned();
    for (name, value) in values {
        out = out.replace(&format!("{{{name}}}"), value);
    }
    out
}

/// Every refusal text of the practice library in both languages with the code of
/// patron-experience.md section 7 it stands for. A text is all SIP2 offers to tell refusals apart;
/// a station's profile for the practice library is made from this table.
///
/// Refusals that section 7 has no code for (holds, payments, undoing) are left out.
#[must_use]
pub fn refusal_map() -> Vec<(String, &'static str)> {
    let mut map = Vec::new();
    for refusal in Refusal::ALL {
        let Some(code) = refusal.code() else { continue };
        for language in [Language::Zh, Language::En] {
            map.push((text(language, refusal.text_key()).to_owned(), code));
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn both_languages_hold_the_same_keys_and_every_refusal() {
        let keys = |table: &HashMap<&'static str, &'static str>| {
            table.keys().copied().collect::<HashSet<_>>()
        };
        assert_eq!(keys(&ZH), keys(&EN));
        for refusal in Refusal::ALL {
            assert!(ZH.contains_key(refusal.text_key()), "{refusal:?}");
        }
    }

    #[test]
    fn refusal_texts_differ_so_that_a_profile_can_tell_them_apart() {
        let mut seen = HashSet::new();
        for refusal in Refusal::ALL {
            for language in [Language::Zh, Language::En] {
                let text = text(language, refusal.text_key());
                assert!(seen.insert(text), "{text} stands for two refusals");
            }
        }
    }

    /// A profile looks for the text anywhere in AF, without regard to case.
    #[test]
    fn no_refusal_text_hides_in_another_text() {
        let refusals: HashSet<&str> = Refusal::ALL.map(Refusal::text_key).into_iter().collect();
        for table in [&*ZH, &*EN] {
            for key in &refusals {
                for (other, text) in table {
                    let inside = text.to_lowercase().contains(&table[key].to_lowercase());
                    assert!(key == other || !inside, "{key} lies in {other}");
                }
            }
        }
    }

    #[test]
    fn the_map_names_the_codes_of_section_7() {
        let map = refusal_map();
        for (text, code) in [
            ("已达借阅上限", "limit"),
            ("Item checked out to another patron", "on_loan_other"),
            ("这本只能馆内看", "in_library"),
            ("This card has expired", "card_expired"),
            ("Someone is waiting for this item", "renew_held"),
        ] {
            assert!(map.contains(&(text.to_owned(), code)), "{text}");
        }
    }

    #[test]
    fn places_are_filled() {
        let line = fill(Language::En, "late_fee", &[("days", "3"), ("amount", "0.30")]);
        assert_eq!(line, "Overdue by 3 days, fee 0.30 yuan");
    }
}
