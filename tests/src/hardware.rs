//! What one real reader on a bench must show. Off by default; one TOML file per rig
//! (tests/rigs/example.toml), named by the environment variable [`RIG`].
//!
//! The same check runs against the simulated readers in every test run, so that it is known to
//! work before a device is there.

use std::path::{Path, PathBuf};

use drivers::port::PortSpec;
use drivers::rfid::security::{self, Security, SecurityProfile};
use drivers::rfid::setup::{ReaderModel, ReaderSetup};
use drivers::rfid::tagdata::{self, TagData};
use drivers::rfid::{Air, ReaderError, TagReader, Uid};
use serde::Deserialize;

/// Environment variable that names a rig's file.
pub const RIG: &str = "JIEHUAN_RIG";

/// Blocks read of a tag; identifiers stand in the first eight.
const BLOCKS: u8 = 8;
/// Times each check of a tag is made: a reader that fails once in ten shows itself.
const ROUNDS: u32 = 10;

/// A reader on a bench and the tags that lie on it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rig {
    /// Reader model.
    pub model: ReaderModel,
    /// Where it is connected.
    pub port: PortSpec,
    /// What its driver must know.
    #[serde(default)]
    pub setup: ReaderSetup,
    /// What carries the security state.
    #[serde(default)]
    pub security: SecurityProfile,
    /// Tags that lie on it, all of them.
    pub tags: Vec<Tag>,
}

/// A tag of known content.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tag {
    /// Its identifier, hexadecimal.
    pub uid: String,
    /// The item it names; left out for cards, of which only the identifier is read.
    #[serde(default)]
    pub item: Option<String>,
    /// Whether its security state may be switched to and fro.
    #[serde(default)]
    pub may_switch: bool,
}

/// What a rig did not show.
#[derive(Debug, thiserror::Error)]
pub enum RigError {
    /// The file.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The reader.
    #[error("{doing}: {source}")]
    Reader {
        /// What was asked of it.
        doing: String,
        /// Its answer.
        source: ReaderError,
    },
    /// Something else than the file says.
    #[error("{0}")]
    Differs(String),
}

impl Rig {
    /// Reads a rig's file.
    ///
    /// # Errors
    /// [`RigError::File`].
    pub fn load(path: &Path) -> Result<Self, RigError> {
        let failed = |why: String| RigError::File { path: path.to_owned(), why };
        let text = std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))?;
        toml::from_str(&text).map_err(|e| failed(e.to_string()))
    }

    /// Opens the reader and checks everything; lines of a report.
    ///
    /// # Errors
    /// The first thing that is not as the file says.
    pub fn check(&self) -> Result<Vec<String>, RigError> {
        let opened = self.setup.open(self.model, &self.port, None);
        let mut reader = opened.map_err(|e| RigError::Differs(e.to_string()))?;
        let info = asked("identify", reader.identify())?;
        let mut report = vec![format!("{} firmware {}", info.model, info.firmware)];
        report.push(self.inventory(reader.as_mut())?);
        for tag in &self.tags {
            report.push(self.tag(reader.as_mut(), tag)?);
        }
        Ok(report)
    }

    fn inventory(&self, reader: &mut dyn TagReader) -> Result<String, RigError> {
        let mut wanted: Vec<&str> = self.tags.iter().map(|tag| tag.uid.as_str()).collect();
        wanted.sort_unstable();
        let mut whole = 0;
        let mut last = Vec::new();
        for _ in 0..ROUNDS {
            last = asked("inventory", reader.inventory())?;
            let mut found: Vec<String> = last.iter().map(|seen| seen.uid.to_string()).collect();
            found.sort_unstable();
            whole += u32::from(found == wanted);
        }
        if whole == 0 {
            let found: Vec<String> = last.iter().map(|seen| seen.uid.to_string()).collect();
            return Err(RigError::Differs(format!("inventory: {found:?}, expected {wanted:?}")));
        }
        Ok(format!("inventory: all {} tags in {whole} of {ROUNDS}", wanted.len()))
    }

    fn tag(&self, reader: &mut dyn TagReader, tag: &Tag) -> Result<String, RigError> {
        let uid: Uid = tag.uid.parse().map_err(|e| RigError::Differs(format!("{e}")))?;
        let Some(item) = &tag.item else { return Ok(format!("{uid}: seen")) };
        let data = self.read(reader, uid)?;
        if data.identifier() != Some(item) {
            return Err(RigError::Differs(format!(
                "{uid}: not the item the file names; if blocks are read backwards, change the \
                 profile's block order"
            )));
        }
        let mut line = format!("{uid}: {item}, {}", data.model);
        if tag.may_switch {
            for want in [Security::Released, Security::Secured] {
                let doing = format!("{uid}: {want:?}");
                asked(&doing, security::apply(reader, uid, &self.security, want))?;
            }
            line += ", released and secured again";
        }
        Ok(line)
    }

    fn read(&self, reader: &mut dyn TagReader, uid: Uid) -> Result<TagData, RigError> {
        let seen = asked("inventory", reader.inventory())?;
        let seen = seen.into_iter().find(|seen| seen.uid == uid);
        let seen = seen.ok_or_else(|| RigError::Differs(format!("{uid}: not seen")))?;
        let decoded = if seen.air == Air::Gen2 {
            let uii = asked("UII", reader.uii(uid))?;
            tagdata::decode_uhf(&uii, None, None)
        } else {
            let memory = asked("read", reader.read_blocks(uid, 0, BLOCKS))?;
            tagdata::decode_extent(&memory, tagdata::Extent::Prefix, seen.dsfid, None)
        };
        decoded.map_err(|e| RigError::Differs(format!("{uid}: {e}")))
    }
}

fn asked<T>(doing: &str, answer: Result<T, ReaderError>) -> Result<T, RigError> {
    answer.map_err(|source| RigError::Reader { doing: doing.to_owned(), source })
}
