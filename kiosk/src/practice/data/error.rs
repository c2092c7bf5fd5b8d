//! What is wrong with a data file.

use std::fmt;

use serde_json::Value;

/// Most problems spelled out; the rest is counted.
pub(super) const MAX_PROBLEMS: usize = 50;

/// One problem of a data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The entry, like `items[17] (YZ0000123)`. Patrons are named by place only.
    pub entry: String,
    /// The field, empty when it is the whole entry.
    pub field: String,
    /// What is wrong and what to do.
    pub advice: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "{}: {}", self.entry, self.advice),
            field => write!(f, "{}, {field}: {}", self.entry, self.advice),
        }
    }
}

/// A data file that was not loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct DataError {
    /// The file.
    pub file: String,
    /// The first problems, in the order of the file.
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub more: usize,
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len() + self.more;
        write!(f, "{}: nothing was loaded, {count} problem(s):", self.file)?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        if self.more > 0 {
            write!(f, "\n  and {} more", self.more)?;
        }
        Ok(())
    }
}

/// Collects problems up to [`MAX_PROBLEMS`].
pub(super) struct Problems(DataError);

impl Problems {
    pub(super) fn new(file: &str) -> Self {
        Self(DataError { file: file.to_owned(), problems: Vec::new(), more: 0 })
    }

    pub(super) fn add(&mut self, entry: impl Into<String>, field: &str, advice: impl Into<String>) {
        if self.0.problems.len() < MAX_PROBLEMS {
            self.0.problems.push(Problem {
                entry: entry.into(),
                field: field.to_owned(),
                advice: advice.into(),
            });
        } else {
            self.0.more += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.problems.is_empty()
    }

    pub(super) fn into_error(self) -> DataError {
        self.0
    }
}

/// Names an entry by its place and its barcode or code. Patron numbers and PINs are not printed.
pub(super) fn label(list: &str, index: usize, value: &Value) -> String {
    let key = match list {
        "items" => value.get("barcode"),
        "loans" | "holds" => value.get("item"),
        "branches" | "classes" => value.get("code"),
        "accounts" => value.get("user"),
        _ => None,
    };
    match key.and_then(Value::as_str) {
        Some(key) => format!("{list}[{index}] ({key})"),
        None => format!("{list}[{index}]"),
    }
}
