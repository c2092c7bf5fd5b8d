//! The words the practice library is described in, shared by data file, store and rules.

use serde::{Deserialize, Serialize};

use crate::sip2;

/// A date and time on the library's own clock (Asia/Shanghai, which has no daylight saving), so
/// values order and subtract plainly.
pub type LocalTime = jiff::civil::DateTime;

/// What may be done with an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Circulation {
    /// Lent to everybody.
    #[default]
    Normal,
    /// Used in the library only.
    NotForLoan,
    /// Declared lost; handing it in is good news.
    Lost,
    /// Taken out of the collection.
    Withdrawn,
}

impl Circulation {
    /// All values, with the names of the data file and the database.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Normal, "normal"),
        (Self::NotForLoan, "not_for_loan"),
        (Self::Lost, "lost"),
        (Self::Withdrawn, "withdrawn"),
    ];

    /// The name in the data file.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(value, _)| *value == self).map_or("normal", |(_, name)| name)
    }

    /// The value of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(value, _)| *value)
    }
}

/// The state of a reader's card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardState {
    /// In use.
    #[default]
    Active,
    /// Blocked by staff or by message 01.
    Blocked,
    /// Reported lost.
    Lost,
}

impl CardState {
    /// All values, with the names of the data file and the database.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Active, "active"), (Self::Blocked, "blocked"), (Self::Lost, "lost")];

    /// The name in the data file.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(value, _)| *value == self).map_or("active", |(_, name)| name)
    }

    /// The value of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(value, _)| *value)
    }
}

/// The language of screen messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Simplified Chinese, SIP2 language 019.
    #[default]
    Zh,
    /// English, SIP2 languages 001, 021 and 024.
    En,
}

impl Language {
    /// The language of a SIP2 language code (sip2.md section 6); `None` for unknown (000) and
    /// languages the practice library has no texts in.
    #[must_use]
    pub fn from_sip(code: sip2::codes::Language) -> Option<Self> {
        match code.0 {
            19 => Some(Self::Zh),
            1 | 21 | 24 => Some(Self::En),
            _ => None,
        }
    }

    /// The SIP2 language code.
    #[must_use]
    pub fn sip(self) -> sip2::codes::Language {
        match self {
            Self::Zh => sip2::codes::Language::CHINESE,
            Self::En => sip2::codes::Language::ENGLISH,
        }
    }

    /// The name in the data file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }
}

/// Whether a request is an ordinary one or reports what already happened while the link was down
/// (`no block`, sip2.md section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Block {
    /// May be refused.
    Allowed,
    /// Already done; refused only when it cannot be recorded at all.
    No,
}

/// The station a request came from, as far as SIP2 tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Station {
    /// Login user (CN), empty without a login.
    pub login: String,
    /// Location code (CP of 93).
    pub location: String,
    /// Institution the station named (AO).
    pub institution: String,
}
