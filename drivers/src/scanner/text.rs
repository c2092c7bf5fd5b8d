//! [`ScanText`]: what stood in a code, kept out of logs.

use std::fmt;

use zeroize::Zeroize;

/// Characters read from a code: a patron's number, a token, an item number.
///
/// `Debug` shows the length only; the memory is wiped when it is dropped.
#[derive(Clone, PartialEq, Eq, Default, Zeroize)]
#[zeroize(drop)]
pub struct ScanText(String);

impl ScanText {
    /// Wraps a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The characters themselves. Never into a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Characters, not bytes.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }
}

impl fmt::Debug for ScanText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScanText({} characters)", self.chars())
    }
}
