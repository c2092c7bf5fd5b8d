//! What the driver must know of a module's site: region, power, and how tags are spoken to.

use serde::Deserialize;

use super::wire::{Password, search_flag};

/// Where the module may send (readers.md 5.1, S7; the European value of an M5e from S9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the table's")]
pub enum Region {
    NorthAmerica,
    EuropeM5e,
    India,
    Japan,
    China,
    Europe,
    Korea,
    Australia,
    NewZealand,
    NorthAmerica2,
    NorthAmerica3,
    Open,
}

impl Region {
    /// The module's number for it.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::NorthAmerica => 0x01,
            Self::EuropeM5e => 0x02,
            Self::India => 0x04,
            Self::Japan => 0x05,
            Self::China => 0x06,
            Self::Europe => 0x08,
            Self::Korea => 0x09,
            Self::Australia => 0x0B,
            Self::NewZealand => 0x0C,
            Self::NorthAmerica2 => 0x0D,
            Self::NorthAmerica3 => 0x0E,
            Self::Open => 0xFF,
        }
    }
}

/// How tags are listed. Both ways were captured with a Nano.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inventory {
    /// Continuous reading for one search; each tag is told when it is read, so the line works
    /// while the search goes on.
    #[default]
    Continuous,
    /// One search into the module's buffer, which is then taken out.
    Single,
}

/// How a command names the tag it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Select {
    /// By its EPC (captured).
    #[default]
    Epc,
    /// By its TID, once that is known (vendor's source; tried on no module yet).
    Tid,
    /// Not at all; refused unless exactly one tag was heard.
    Nothing,
}

/// A module's site. The defaults suit a pad in China.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// Region, by law.
    pub region: Region,
    /// Antenna port, 1 to 4.
    pub antenna: u8,
    /// Power for reading, in 0.01 dBm. UHF reaches metres: as low as the pad allows.
    pub read_power_cdbm: u16,
    /// Power for writing, in 0.01 dBm. Writing needs more than reading.
    pub write_power_cdbm: u16,
    /// Tags heard weaker than this, in dBm, do not lie on the pad.
    pub rssi_min_dbm: i8,
    /// How tags are listed.
    pub inventory: Inventory,
    /// How long one search lasts, in milliseconds: 6 ms for each tag, and time for a second try.
    pub dwell_ms: u16,
    /// Flags of a search (which antennas, fast search and the like).
    pub search_flags: u16,
    /// Whether the module keeps to itself what it has told already; how long it remembers across
    /// searches is UNCONFIRMED.
    pub report_once: bool,
    /// How a command names its tag.
    pub select: Select,
    /// How long the module tries a command to one tag, in milliseconds. A tag that is gone costs
    /// all of it.
    pub access_timeout_ms: u16,
    /// Words written by one command. 2 is the most seen in captures.
    pub write_words: u8,
    /// Access password of the library's tags; 0 for none.
    pub access_password: Password,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            region: Region::China,
            antenna: 1,
            read_power_cdbm: 2000,
            write_power_cdbm: 2300,
            rssi_min_dbm: -65,
            inventory: Inventory::Continuous,
            dwell_ms: 200,
            search_flags: search_flag::USUAL,
            report_once: false,
            select: Select::Epc,
            access_timeout_ms: 250,
            write_words: 2,
            access_password: Password(0),
        }
    }
}

/// Shortest and longest search, in milliseconds.
const DWELL_MS: std::ops::RangeInclusive<u16> = 20..=5000;
/// Longest try of one command to one tag, in milliseconds.
const ACCESS_MS_MAX: u16 = 5000;

impl Profile {
    /// What makes it impossible, in words that say what to write.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        if !(1..=4).contains(&self.antenna) {
            return Some("m6e.antenna: write the number of the port, 1 to 4");
        }
        if !DWELL_MS.contains(&self.dwell_ms) {
            return Some("m6e.dwell_ms: write 20 to 5000");
        }
        if !(20..=ACCESS_MS_MAX).contains(&self.access_timeout_ms) {
            return Some("m6e.access_timeout_ms: write 20 to 5000");
        }
        if !(1..=32).contains(&self.write_words) {
            return Some("m6e.write_words: write 1 to 32");
        }
        if self.search_flags & search_flag::STREAM != 0 {
            return Some("m6e.search_flags: leave out 0x0008, which m6e.inventory decides");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_said() {
        assert_eq!(Profile::default().problem(), None);
        for (profile, word) in [
            (Profile { antenna: 0, ..Profile::default() }, "antenna"),
            (Profile { dwell_ms: 5, ..Profile::default() }, "dwell_ms"),
            (Profile { access_timeout_ms: 0, ..Profile::default() }, "access_timeout_ms"),
            (Profile { write_words: 0, ..Profile::default() }, "write_words"),
            (Profile { search_flags: 0x1B, ..Profile::default() }, "search_flags"),
        ] {
            assert!(profile.problem().is_some_and(|text| text.contains(word)), "{word}");
        }
    }

    #[test]
    fn the_password_is_not_shown() {
        let profile = Profile { access_password: Password(0x1234_5678), ..Profile::default() };
        let shown = format!("{profile:?}");
        assert!(shown.contains("****") && !shown.contains("305419896"), "{shown}");
    }
}
