//! One station's configuration: `station.toml`, documented in docs/config.md.
//!
//! Unknown keys are refused, units stand in the names, and [`Config::check`] lists everything
//! wrong at once in sentences that say what to write.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use drivers::idcard::{IdCardSetup, Lookup};
use drivers::port::PortSpec;
use drivers::printer::profile::PrinterSetup;
use drivers::rfid::security::SecurityProfile;
use drivers::rfid::setup::{ReaderModel, ReaderSetup};
use drivers::scanner::rules::ScanRules;
use drivers::scanner::setup::ScannerSetup;

use crate::owners::{BranchConfig, OwnerConfig, OwnerRule, Owners};
use crate::practice::refusal_map;
use crate::session::{Names, Rules};
use crate::sip2::conn::TlsFiles;
use crate::sip2::pool::LINKS_MAX;
use crate::sip2::profile::{CurrentLocation, Profile, RefusalRule};
use crate::sip2::systems::{System, SystemError};
use crate::station::ils::{self, Sorting};

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Both {
    /// Simplified Chinese.
    #[serde(rename = "zh-CN", default)]
    pub zh_cn: String,
    /// English.
    #[serde(default)]
    pub en: String,
}

impl Both {
    fn pair(&self) -> [String; 2] {
        [self.zh_cn.clone(), self.en.clone()]
    }
}

/// The whole file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// This station.
    pub station: StationConfig,
    /// The library system.
    #[serde(default)]
    pub library: LibraryConfig,
    /// The RFID readers: one `[reader]`, or several `[[reader]]`. Without any, one is simulated.
    #[serde(default = "one_reader", deserialize_with = "one_or_many", rename = "reader")]
    pub readers: Vec<ReaderConfig>,
    /// The barcode and QR scanner; without this section there is none.
    #[serde(default)]
    pub scanner: Option<ScannerConfig>,
    /// The identity card module; without this section there is none.
    #[serde(default)]
    pub id_card: Option<IdCardConfig>,
    /// The receipt printer; without this section there is none.
    #[serde(default)]
    pub printer: Option<PrinterConfig>,
    /// What carries the security state on tags.
    #[serde(default)]
    pub security: SecurityProfile,
    /// Rules of a session.
    #[serde(default)]
    pub session: Rules,
    /// The screen.
    #[serde(default)]
    pub panel: PanelConfig,
    /// Owners of the union; empty: those of `session.owners`.
    #[serde(default, rename = "owner")]
    pub owners: Vec<OwnerConfig>,
    /// Branches of the union; `[[branches]]` is the older name.
    #[serde(default, rename = "branch", alias = "branches")]
    pub branches: Vec<BranchConfig>,
}

/// `[station]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StationConfig {
    /// Name of this station in logs and at the library system.
    pub id: String,
    /// Code of the branch it stands in.
    #[serde(default)]
    pub branch: String,
    /// Rule for items of owners nobody listed; without it they are refused where any is listed.
    #[serde(default)]
    pub default_owner_rule: Option<OwnerRule>,
    /// IANA time zone.
    #[serde(default = "zone")]
    pub zone: String,
    /// The library's name.
    #[serde(default)]
    pub name: Both,
    /// Where it stands.
    #[serde(default)]
    pub place: Both,
    /// When staff are there; printed on slips.
    #[serde(default)]
    pub hours: Both,
    /// Days a settled unit is kept in the journal; what is open or left to staff stays.
    #[serde(default = "keep_days")]
    pub keep_days: u16,
    /// Days the event log is kept.
    #[serde(default = "log_days")]
    pub log_days: u16,
    /// Room kept on the disk for returns, in MiB.
    #[serde(default = "reserve_mib")]
    pub reserve_mib: u32,
    /// Directory of the journal. Relative to the configuration file.
    pub data_dir: PathBuf,
    /// Key that seals patron numbers; must not lie in `data_dir`. Made when absent.
    pub key_file: PathBuf,
}

fn keep_days() -> u16 {
    90
}

fn log_days() -> u16 {
    30
}

/// Most room kept for returns, in MiB.
const RESERVE_MIB_MAX: u32 = 1024;
/// Least: the journal's own log takes as much.
const RESERVE_MIB_MIN: u32 = 4;

/// A return takes about 0.5 KiB, so that this is some ten thousand.
fn reserve_mib() -> u32 {
    16
}

fn zone() -> String {
    "Asia/Shanghai".to_owned()
}

/// Where patrons' data may go unencrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum PlainTcp {
    /// To this machine itself, such as a tunnel on it.
    #[default]
    #[serde(rename = "this machine only")]
    ThisMachine,
    /// Over a network that others vouch for.
    #[serde(rename = "over a trusted network")]
    TrustedNetwork,
}

/// `[library]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LibraryConfig {
    /// `host:port` of the library system; without it the built-in practice library runs.
    pub address: Option<String>,
    /// Practice library: its data file, instead of the built-in collection.
    pub practice_data: Option<PathBuf>,
    /// Practice library: its database; in memory when absent.
    pub practice_database: Option<PathBuf>,
    /// Encryption of the connection.
    pub tls: Option<TlsFiles>,
    /// Where plain TCP may go.
    pub plain_tcp: PlainTcp,
    /// Which system it is: its ways are known (`sip2::systems`), and `profile` says what differs.
    pub system: Option<String>,
    /// `CL` values of the hold shelf.
    pub hold_bins: Vec<String>,
    /// `CL` values for a librarian.
    pub exception_bins: Vec<String>,
    /// Connections at once, 1 to [`LINKS_MAX`]. How many a system allows is the library's to say.
    pub links: usize,
    /// How it speaks.
    pub profile: Profile,
}

impl Default for LibraryConfig {
    fn default() -> Self {
        Self {
            address: None,
            practice_data: None,
            practice_database: None,
            tls: None,
            plain_tcp: PlainTcp::default(),
            system: None,
            hold_bins: Vec::new(),
            exception_bins: Vec::new(),
            links: 1,
            profile: Profile::default(),
        }
    }
}

/// `[reader]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReaderConfig {
    /// Name in logs and in the technician's list; without it `reader` and its number.
    pub name: String,
    /// Model.
    pub model: ReaderModel,
    /// What the model's driver must know.
    pub setup: ReaderSetup,
    /// Where it is connected; `None` = a simulated one inside this process.
    pub port: Option<PortSpec>,
    /// Simulated: tags to play with, instead of the practice collection's.
    pub tags: Option<PathBuf>,
}

fn one_reader() -> Vec<ReaderConfig> {
    vec![ReaderConfig::default()]
}

/// Most readers of one station.
const READERS_MAX: usize = 8;

/// A table, or a list of tables.
fn one_or_many<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Vec<ReaderConfig>, D::Error> {
    use serde::de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
    struct Readers;
    impl<'de> Visitor<'de> for Readers {
        type Value = Vec<ReaderConfig>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("[reader] or several [[reader]]")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            ReaderConfig::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut readers = Vec::new();
            while let Some(reader) = seq.next_element()? {
                if readers.len() >= READERS_MAX {
                    return Err(serde::de::Error::custom(format!(
                        "a station has at most {READERS_MAX} readers"
                    )));
                }
                readers.push(reader);
            }
            Ok(readers)
        }
    }
    d.deserialize_any(Readers)
}

/// `[scanner]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScannerConfig {
    /// Where it is and how it is read.
    pub setup: ScannerSetup,
    /// What scans are. Card numbers are those of `session.cards` unless given here.
    #[serde(default)]
    pub rules: ScanRules,
    /// File with the secret shared with the library's app, for patron codes that carry a proof.
    #[serde(default)]
    pub code_key_file: Option<PathBuf>,
}

/// `[id_card]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdCardConfig {
    /// Where it is and what the library system knows.
    pub setup: IdCardSetup,
    /// File with the site's secret, under which numbers are hashed; the same at all its stations.
    /// Needed unless the library system knows the numbers themselves.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
}

/// `[printer]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrinterConfig {
    /// Where it is connected; `None` = a simulated one inside this process.
    pub port: Option<PortSpec>,
    /// Model or class, and what differs.
    pub setup: PrinterSetup,
    /// A font file of the system for rare characters.
    pub fallback_font: Option<PathBuf>,
}

/// `[panel]`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PanelConfig {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Diagonal in inches: sizes on screen follow from it (15 mm targets).
    pub diagonal_inch: f32,
    /// Whole screen, no frame.
    pub fullscreen: bool,
}

impl Default for PanelConfig {
    fn default() -> Self {
        Self { width: 1080, height: 1920, diagonal_inch: 21.5, fullscreen: false }
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}; give the path of a station.toml")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Not TOML, an unknown key, a value of the wrong kind.
    #[error("{path}: {source}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, column and what was expected.
        source: Box<toml::de::Error>,
    },
    /// Understood, and impossible.
    #[error("{path}:\n  {}", problems.join("\n  "))]
    Impossible {
        /// The file.
        path: PathBuf,
        /// Sentences.
        problems: Vec<String>,
    },
}

impl Config {
    /// Reads and checks a file. Relative paths in it are made relative to it.
    ///
    /// # Errors
    /// [`ConfigError`] with everything wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let mut config: Self = toml::from_str(&text).map_err(|source| ConfigError::Syntax {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let named = config.name_system(&text);
        config.stand_in_branch();
        config.settle(path.parent().unwrap_or(Path::new(".")));
        let mut problems = config.check();
        problems.extend(named.err().map(|error| format!("library.system: {error}")));
        if problems.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError::Impossible { path: path.to_owned(), problems })
        }
    }

    /// Puts the file's own `[library.profile]` over that of the system it names.
    fn name_system(&mut self, text: &str) -> Result<(), SystemError> {
        let Some(name) = &self.library.system else { return Ok(()) };
        let own = text.parse::<toml::Table>()?;
        let own = own.get("library").and_then(|library| library.get("profile"));
        let own = own.and_then(toml::Value::as_table).cloned().unwrap_or_default();
        self.library.profile = System::named(name)?.profile(own)?;
        Ok(())
    }

    /// What the branch says of the wire, where the profile leaves it to the branch.
    fn stand_in_branch(&mut self) {
        let location = self.owners().location().map(str::to_owned);
        let profile = &mut self.library.profile;
        if profile.ap == CurrentLocation::Branch {
            profile.ap = CurrentLocation::Here(self.station.branch.clone());
        }
        if let Some(login) = &mut profile.login
            && login.location.is_none()
        {
            login.location = location;
        }
    }

    fn settle(&mut self, base: &Path) {
        let place = |path: &mut PathBuf| *path = base.join(&*path);
        place(&mut self.station.data_dir);
        place(&mut self.station.key_file);
        for path in self.library.tls.iter_mut().flat_map(TlsFiles::paths) {
            place(path);
        }
        for path in [&mut self.library.practice_data, &mut self.library.practice_database]
            .into_iter()
            .chain(self.readers.iter_mut().map(|reader| &mut reader.tags))
            .chain(self.scanner.iter_mut().map(|scanner| &mut scanner.code_key_file))
            .chain(self.id_card.iter_mut().map(|id_card| &mut id_card.key_file))
            .flatten()
        {
            place(path);
        }
        if self.library.address.is_none() {
            self.use_practice_words();
        }
    }

    /// The practice library's refusals are known by its own table.
    pub fn use_practice_words(&mut self) {
        let known = refusal_map();
        self.library.profile.refusals.extend(
            known
                .into_iter()
                .map(|(contains, code)| RefusalRule { contains, code: code.to_owned() }),
        );
    }

    /// Everything impossible in it, as sentences.
    #[must_use]
    pub fn check(&self) -> Vec<String> {
        let mut problems = self.session.times.problems();
        problems.extend(self.session.offline.problems(self.session.pin));
        if self.station.id.is_empty() {
            problems.push("station.id is empty: give the station a name".to_owned());
        }
        if self.station.keep_days == 0 {
            problems.push("station.keep_days: at least 1".to_owned());
        }
        if self.station.log_days == 0 {
            problems.push("station.log_days: at least 1".to_owned());
        }
        if !(RESERVE_MIB_MIN..=RESERVE_MIB_MAX).contains(&self.station.reserve_mib) {
            problems
                .push(format!("station.reserve_mib: {RESERVE_MIB_MIN} to {RESERVE_MIB_MAX} MiB"));
        }
        if self.station.key_file.starts_with(&self.station.data_dir) {
            problems.push(
                "station.key_file lies inside station.data_dir: a stolen disk must not carry its key; put it elsewhere"
                    .to_owned(),
            );
        }
        if let Err(error) = crate::clock::Clock::new(&self.station.zone) {
            problems.push(format!("station.zone: {error}"));
        }
        if let Some(address) = &self.library.address
            && split_address(address).is_none()
        {
            problems.push(format!("library.address {address:?}: write HOST:PORT"));
        }
        problems.extend(self.library.unencrypted());
        problems.extend(self.owners().problems());
        if !self.owners.is_empty() && !self.session.owners.is_empty() {
            problems.push(
                "session.owners and [[owner]] both say whose items are lent: write an [[owner]] with those isils and rule = \"lend\", and take session.owners out"
                    .to_owned(),
            );
        }
        if !(1..=LINKS_MAX).contains(&self.library.links) {
            problems.push(format!("library.links: 1 to {LINKS_MAX} connections"));
        }
        for key in self.library.profile.unsendable() {
            problems.push(format!(
                "library.profile.{key}: no control characters, no '|' and at most 255 characters, for SIP2 cannot carry more"
            ));
        }
        for rule in &self.library.profile.refusals {
            if ils::advice(&rule.code).is_none() {
                problems.push(format!(
                    "library.profile.refusals: code {:?} is not one of the station's reasons",
                    rule.code
                ));
            }
        }
        problems.extend(self.security.problem().map(str::to_owned));
        let names: Vec<String> = (0..self.readers.len()).map(|n| self.reader_name(n)).collect();
        if let Some(twice) = names.iter().enumerate().find(|(i, n)| names[..*i].contains(n)) {
            problems.push(format!("two readers are called {:?}: give each its own name", twice.1));
        }
        for (number, reader) in self.readers.iter().enumerate() {
            if self.security.eas && reader.setup.lacks_eas(reader.model) {
                problems.push(format!(
                    "{}: this {} reader is set up without EAS; write security.eas = false and let the gate look at AFI",
                    self.reader_name(number),
                    reader.model.name()
                ));
            }
            if let Some(problem) = reader.setup.problem(reader.model) {
                problems.push(format!("{}: {problem}", self.reader_name(number)));
            }
        }
        if let Some(scanner) = &self.scanner {
            let found = scanner.setup.problems().into_iter();
            problems.extend(found.map(|problem| format!("scanner.setup: {problem}")));
            if let Some(form) = &scanner.rules.patron_code {
                let found = form.problems().into_iter();
                problems
                    .extend(found.map(|problem| format!("scanner.rules.patron_code: {problem}")));
            }
        }
        if let Some(id_card) = &self.id_card
            && id_card.setup.lookup == Lookup::Hash
            && id_card.key_file.is_none()
        {
            problems.push(
                "id_card.key_file is missing: numbers are hashed under the site's secret; give its file, or write id_card.setup.lookup = \"number\""
                    .to_owned(),
            );
        }
        if let Some(printer) = &self.printer
            && let Err(error) = printer.setup.resolve()
        {
            problems.push(format!("printer.setup: {error}"));
        }
        let panel = self.panel;
        if !(480..=7680).contains(&panel.width) || !(480..=7680).contains(&panel.height) {
            problems.push("panel.width and panel.height: 480 to 7680 pixels".to_owned());
        }
        if !(5.0..=60.0).contains(&panel.diagonal_inch) {
            problems.push("panel.diagonal_inch: 5 to 60 inches".to_owned());
        }
        problems
    }

    /// What a reader is called.
    #[must_use]
    pub fn reader_name(&self, number: usize) -> String {
        match self.readers.get(number) {
            Some(reader) if !reader.name.is_empty() => reader.name.clone(),
            _ if self.readers.len() > 1 => format!("reader-{}", number + 1),
            _ => "reader".to_owned(),
        }
    }

    /// Names for views and slips.
    #[must_use]
    pub fn names(&self) -> Names {
        Names {
            library: self.station.name.pair(),
            place: self.station.place.pair(),
            hours: self.station.hours.pair(),
            branches: self.owners().names(),
        }
    }

    /// Whose items are lent and taken back here.
    #[must_use]
    pub fn owners(&self) -> Owners {
        let mut owners = self.owners.clone();
        if owners.is_empty() && !self.session.owners.is_empty() {
            let isils = self.session.owners.clone();
            owners.push(OwnerConfig { isils, ..OwnerConfig::default() });
        }
        let unlisted = if owners.is_empty() { OwnerRule::Lend } else { OwnerRule::Refuse };
        let unlisted = self.station.default_owner_rule.unwrap_or(unlisted);
        Owners::new(owners, self.branches.clone(), self.station.branch.clone(), unlisted)
    }

    /// How returns are sorted.
    #[must_use]
    pub fn sorting(&self) -> Sorting {
        Sorting {
            owners: self.owners(),
            hold_bins: self.library.hold_bins.clone(),
            exception_bins: self.library.exception_bins.clone(),
        }
    }
}

impl LibraryConfig {
    /// Why its connection may not be made as it is.
    fn unencrypted(&self) -> Option<String> {
        let (host, _) = split_address(self.address.as_deref()?)?;
        let allowed = is_this_machine(&host)
            || self.tls.is_some()
            || self.plain_tcp == PlainTcp::TrustedNetwork;
        (!allowed).then(|| {
            format!(
                "library.address: readers' numbers and PINs would go to {host:?} unencrypted; add [library.tls] with a ca_file, or write plain_tcp = \"over a trusted network\" if a VPN protects them"
            )
        })
    }
}

/// Whether what is sent to that host stays on this machine.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Host and port of `host:port`.
#[must_use]
pub fn split_address(address: &str) -> Option<(String, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return None;
    }
    Some((host.to_owned(), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "[station]\nid = \"A\"\ndata_dir = \"data\"\nkey_file = \"key\"\n";

    fn load(text: &str) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("station.toml");
        std::fs::write(&path, text).unwrap();
        Config::load(&path)
    }

    #[test]
    fn a_small_file_is_enough() {
        let config = load(SMALL).unwrap();
        assert!(config.station.data_dir.is_absolute());
        assert!(config.library.profile.refusals.len() > 10);
    }

    #[test]
    fn a_site_whose_gate_reads_eas_only_can_say_so() {
        let eas = "[security]\nafi_secured = \"unused\"\nafi_released = \"unused\"\n";
        let security = load(&format!("{SMALL}{eas}")).unwrap().security;
        assert_eq!((security.afi_secured, security.afi_released, security.eas), (None, None, true));
    }

    #[test]
    fn plain_tcp_stays_on_this_machine_unless_a_network_is_vouched_for() {
        let at = |address: &str, more: &str| {
            load(&format!("{SMALL}[library]\naddress = \"{address}\"\n{more}"))
        };
        for address in ["127.0.0.1:6001", "localhost:6001", "[::1]:6001", "127.8.8.8:1"] {
            assert!(at(address, "").is_ok(), "{address}");
        }
        for address in ["sip.example:6001", "10.0.0.5:6001", "[fe80::1]:6001", "localhost.x:1"] {
            assert!(at(address, "").is_err(), "{address}");
            let vouched = "plain_tcp = \"over a trusted network\"\n";
            assert!(at(address, vouched).is_ok(), "{address}");
        }
        let config = at("sip.example:6001", "[library.tls]\nca_file = \"ca.pem\"\n").unwrap();
        assert!(config.library.tls.unwrap().ca_file.is_absolute());
    }

    #[test]
    fn a_named_system_gives_what_the_file_does_not_say() {
        let own = "[library]\nsystem = \"dp2\"\n[library.profile]\ncharset = \"gbk\"\n";
        let profile = load(&format!("{SMALL}{own}")).unwrap().library.profile;
        assert_eq!(profile.charset, crate::sip2::Charset::Gbk);
        assert_eq!(profile.checksum, crate::sip2::profile::ChecksumMode::SendOnly);
    }

    #[test]
    fn a_station_moves_with_one_line() {
        let at = |branch: &str| {
            let station = SMALL.replace("id =", &format!("branch = \"{branch}\"\nid ="));
            let union = "[library.profile]\nap = \"branch\"\nlogin = { user = \"u\", password = \"p\" }\n\
                         [[owner]]\nname = { en = \"Town\" }\nisils = [\"CN-1\"]\ncodes = [\"T\"]\nrule = \"transit\"\n\
                         [[owner]]\nname = { en = \"Xinba\" }\nisils = [\"CN-2\"]\nrule = \"transit\"\n\
                         [[branch]]\ncode = \"MAIN\"\nname = {}\nowner = \"T\"\nlocation = \"CP-1\"\n\
                         [[branch]]\ncode = \"XB\"\nname = {}\nowner = \"CN-2\"\nlocation = \"CP-2\"\n";
            load(&format!("{station}{union}")).unwrap()
        };
        for (branch, location, home, other) in
            [("MAIN", "CP-1", "CN-1", "CN-2"), ("XB", "CP-2", "CN-2", "CN-1")]
        {
            let config = at(branch);
            let profile = &config.library.profile;
            assert_eq!(profile.ap.value(), branch);
            assert_eq!(profile.ap.value_in("OLD"), "OLD", "noted before the station moved");
            assert_eq!(profile.ap.value_in(""), branch);
            assert_eq!(profile.login.as_ref().unwrap().location.as_deref(), Some(location));
            let owners = config.owners();
            assert_eq!(owners.of_isil(Some(home)).rule, OwnerRule::Lend);
            assert_eq!(owners.of_isil(Some(other)).rule, OwnerRule::Transit);
            assert_eq!(owners.of_isil(Some("CN-3")).rule, OwnerRule::Refuse);
        }
    }

    #[test]
    fn older_files_keep_their_owners_and_branches() {
        let old =
            "[session]\nowners = [\"CN-1\"]\n[[branches]]\ncode = \"A\"\nname = { en = \"a\" }\n";
        let config = load(&format!("{SMALL}{old}")).unwrap();
        let owners = config.owners();
        assert_eq!(owners.of_isil(Some("cn-1")).rule, OwnerRule::Lend);
        assert_eq!(owners.of_isil(Some("CN-2")).rule, OwnerRule::Refuse);
        assert_eq!(config.names().branches.len(), 1);
        let station = SMALL.replace("id =", "default_owner_rule = \"return\"\nid =");
        let config = load(&format!("{station}{old}")).unwrap();
        assert_eq!(config.owners().of_isil(Some("CN-2")).rule, OwnerRule::Return);
    }

    #[test]
    fn wrong_files_say_what_to_do() {
        for (more, expected) in [
            ("[reader]\nmodle = \"3m810\"\n", "modle"),
            ("[reader]\nport = \"usb0\"\n", "serial:"),
            ("[session.times]\nidle_s = 1\n", "30 to 300"),
            ("[library]\naddress = \"ils\"\n", "HOST:PORT"),
            ("[library]\naddress = \"sip.example:6001\"\n", "over a trusted network"),
            ("[library]\nlinks = 0\n", "library.links"),
            ("[library]\nlinks = 9\n", "library.links"),
            ("[library]\nplain_tcp = \"yes\"\n", "this machine only"),
            ("[library.profile]\ninstitution_id = \"YZ|LIB\"\n", "institution_id: no control"),
            (
                "[library.profile]\nlogin = { user = \"a\", password = \"b\\r\" }\n",
                "login.password: no control",
            ),
            ("[library]\nsystem = \"kohaa\"\n", "evergreen"),
            ("[library.tls]\nca = \"x\"\n", "ca_file"),
            ("[panel]\nwidth = 1\n", "480"),
            ("[[owner]]\nname = {}\nrule = \"lend\"\n", "give it isils or codes"),
            ("[[owner]]\nname = {}\nisils = [\"A\"]\nrule = \"keep\"\n", "transit"),
            (
                "[session]\nowners = [\"A\"]\n[[owner]]\nname = {}\nisils = [\"A\"]\n",
                "take session.owners out",
            ),
            (
                "[[branch]]\ncode = \"A\"\nname = {}\nowner = \"X\"\n",
                "no code or ISIL of an [[owner]]",
            ),
            ("[session]\nslips = \"there\"\n", "here"),
            ("[session.offline]\nloan_days = 0\n", "1 to 120"),
            ("[session]\npin = \"always\"\n[session.offline]\nlending = true\n", "PIN"),
            ("[security]\nafi_secured = 300\n", "0xFF"),
            ("[security]\nafi_secured = 0xC2\n", "the same"),
            ("[security]\nafi_released = \"unused\"\n", "give both"),
            ("[[library.profile.refusals]]\ncontains = \"x\"\ncode = \"y\"\n", "reasons"),
        ] {
            let error = load(&format!("{SMALL}{more}")).unwrap_err().to_string();
            assert!(error.contains(expected), "{more}: {error}");
        }
        let short = SMALL.replace("id =", "keep_days = 0\nid =");
        assert!(load(&short).unwrap_err().to_string().contains("keep_days"));
        for wrong in ["log_days = 0", "reserve_mib = 3", "reserve_mib = 1025"] {
            let error = load(&SMALL.replace("id =", &format!("{wrong}\nid ="))).unwrap_err();
            let key = wrong.split(' ').next().unwrap();
            assert!(error.to_string().contains(key), "{wrong}: {error}");
        }
        let inside = SMALL.replace("\"key\"", "\"data/key\"");
        assert!(load(&inside).unwrap_err().to_string().contains("elsewhere"));
        let zone = SMALL.replace("id =", "zone = \"Mars/Base\"\nid =");
        assert!(load(&zone).unwrap_err().to_string().contains("Asia/Shanghai"));
        assert!(
            Config::load(Path::new("/nowhere.toml")).unwrap_err().to_string().contains("nowhere")
        );
    }
}
