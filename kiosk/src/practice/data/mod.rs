//! The data file of the practice library: JSON, described in `docs/data-file.md`.
//!
//! A file is taken whole or not at all. Every problem is reported at once, each with its entry and
//! field and what to do about it.

mod check;
mod entries;
mod error;
mod records;

use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use entries::{
    AccountEntry, BranchEntry, ClassEntry, FeeEntry, HoldEntry, ItemEntry, LoanEntry, MediaType,
    PatronEntry,
};
pub use error::{DataError, Problem};
pub use records::{Data, HoldRecord, ItemRecord, LoanRecord, PatronRecord};

use error::Problems;

/// The collection that comes with the program: about 320 titles in three libraries and two small
/// branches of Yangzhong.
pub const COLLECTION: &str = include_str!("../collection.json");

/// What messages about the embedded collection call it.
pub const COLLECTION_NAME: &str = "collection.json (built in)";

/// Largest data file read, in bytes.
pub const MAX_FILE_BYTES: u64 = 64 << 20;

/// Most entries in one list of a data file.
pub const MAX_ENTRIES: usize = 500_000;

/// The `format` a data file must name.
pub const FORMAT: u64 = 1;

/// Reads and checks a data file's text. `file` is its name for messages; `today` is the day which
/// relative dates (`+3`, `-40`) count from.
///
/// # Errors
/// [`DataError`] with every problem found, at most fifty of them spelled out.
pub fn parse(file: &str, text: &str, today: Date) -> Result<Data, DataError> {
    let mut problems = Problems::new(file);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut root = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(root)) => root,
        Ok(_) => {
            problems.add("file", "", "must be one JSON object { … }: see docs/data-file.md");
            return Err(problems.into_error());
        }
        Err(e) => {
            problems.add("file", "", format!("is not JSON ({e}): repair it there and try again"));
            return Err(problems.into_error());
        }
    };
    let raw = entries::File {
        format: take(&mut root, "format", &mut problems),
        institution: take(&mut root, "institution", &mut problems),
        library: take(&mut root, "library", &mut problems),
        rules: take(&mut root, "rules", &mut problems),
        accounts: list(&mut root, "accounts", &mut problems),
        classes: list(&mut root, "classes", &mut problems),
        branches: list(&mut root, "branches", &mut problems),
        patrons: list(&mut root, "patrons", &mut problems),
        items: list(&mut root, "items", &mut problems),
        loans: list(&mut root, "loans", &mut problems),
        holds: list(&mut root, "holds", &mut problems),
    };
    for name in root.keys() {
        problems.add("file", name, "is not a known entry: correct its name or remove it");
    }
    let data = check::check(raw, today, &mut problems);
    match data {
        Some(data) if problems.is_empty() => Ok(data),
        _ => Err(problems.into_error()),
    }
}

/// Takes a single entry; a missing one is `None`.
fn take<T: DeserializeOwned>(
    root: &mut Map<String, Value>,
    name: &'static str,
    problems: &mut Problems,
) -> Option<T> {
    let value = root.remove(name)?;
    match serde_json::from_value(value) {
        Ok(entry) => Some(entry),
        Err(e) => {
            problems.add(name, "", format!("{e}: see docs/data-file.md"));
            None
        }
    }
}

/// Takes a list; each entry that cannot be read is a problem of its own. The second part of a pair
/// is the entry's place in the file.
fn list<T: DeserializeOwned>(
    root: &mut Map<String, Value>,
    name: &'static str,
    problems: &mut Problems,
) -> Vec<(usize, T)> {
    let values = match root.remove(name) {
        None => return Vec::new(),
        Some(Value::Array(values)) => values,
        Some(_) => {
            problems.add(name, "", "must be a list [ … ]");
            return Vec::new();
        }
    };
    if values.len() > MAX_ENTRIES {
        problems.add(name, "", format!("has more than {MAX_ENTRIES} entries: split the file"));
        return Vec::new();
    }
    let mut out = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        let label = error::label(name, index, &value);
        match serde_json::from_value(value) {
            Ok(entry) => out.push((index, entry)),
            Err(e) => problems.add(label, "", format!("{}: see docs/data-file.md", told(&e))),
        }
    }
    out
}

/// A reading error without the value that caused it: that may be a PIN or a card number.
fn told(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let names_no_value = ["missing field", "unknown field", "unknown variant"];
    if names_no_value.iter().any(|start| text.starts_with(start)) {
        return text;
    }
    "a field is of the wrong kind: texts need quotes, numbers none".to_owned()
}

#[cfg(test)]
mod tests;
