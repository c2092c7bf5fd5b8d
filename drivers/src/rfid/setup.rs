//! Which reader is fitted and how it is reached: one place for models, names and opening.

use std::io;
use std::str::FromStr;

use serde::Deserialize;

use super::pn5180::{self, Pn5180Setup};
use super::{Air, TagReader, feig, m3, m6e, pn532};
use crate::port::{OpenError, Port, PortSpec, Tap, Tapped};

/// Reader models with a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[non_exhaustive]
pub enum ReaderModel {
    /// 3M / Bibliotheca 210 and 810 pads.
    #[default]
    #[serde(rename = "3m810")]
    M3,
    /// FEIG OBID classic-pro and i-scan HF readers.
    #[serde(rename = "feig")]
    Feig,
    /// NXP PN532: patron cards.
    #[serde(rename = "pn532")]
    Pn532,
    /// A card reader behind PC/SC.
    #[serde(rename = "pcsc")]
    Pcsc,
    /// ThingMagic UHF modules: M5e, M6e, Micro, Nano, M7e.
    #[serde(rename = "m6e")]
    M6e,
    /// A bare NXP PN5180 on SPI.
    #[serde(rename = "pn5180")]
    Pn5180,
}

/// Name of the readers behind PC/SC in configuration; their driver needs the feature `pcsc`.
pub const PCSC_MODEL: &str = "pcsc";

impl ReaderModel {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::M3, Self::Feig, Self::Pn5180, Self::M6e, Self::Pn532, Self::Pcsc];

    /// The name in configuration, on command lines and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::M3 => m3::driver::MODEL,
            Self::Feig => feig::driver::MODEL,
            Self::Pn532 => pn532::driver::MODEL,
            Self::Pcsc => PCSC_MODEL,
            Self::M6e => m6e::driver::MODEL,
            Self::Pn5180 => pn5180::driver::MODEL,
        }
    }
}

impl ReaderModel {
    /// Whether it reads items; the others read patron cards only.
    #[must_use]
    pub fn reads_items(self) -> bool {
        !matches!(self, Self::Pn532 | Self::Pcsc)
    }

    /// Tags it can see.
    #[must_use]
    pub fn hears(self, air: Air) -> bool {
        match self {
            Self::M3 | Self::Feig => air == Air::Iso15693,
            Self::Pn5180 => air != Air::Gen2,
            Self::M6e => air == Air::Gen2,
            Self::Pn532 | Self::Pcsc => air == Air::Iso14443,
        }
    }
}

/// A model name that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a reader model is 3m810, feig, pn5180, m6e, pn532 or pcsc, not {0:?}")]
pub struct ReaderModelError(pub String);

impl FromStr for ReaderModel {
    type Err = ReaderModelError;
    fn from_str(text: &str) -> Result<Self, ReaderModelError> {
        let found = Self::ALL.into_iter().find(|model| model.name() == text);
        found.ok_or_else(|| ReaderModelError(text.to_owned()))
    }
}

/// What a reader's driver must know besides where the reader is; each model looks at its own part.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReaderSetup {
    /// FEIG readers: what the site must say of its reader.
    pub feig: feig::FeigProfile,
    /// PN532.
    pub pn532: pn532::Pn532Setup,
    /// UHF modules.
    pub m6e: m6e::Profile,
    /// How a PN5180 is fitted.
    pub pn5180: Pn5180Setup,
}

impl ReaderSetup {
    /// Whether a reader of that model reads HF items and cannot switch their EAS bit. (A UHF tag has
    /// no such bit; its state stands elsewhere, and the setting does not touch it.)
    #[must_use]
    pub fn lacks_eas(&self, model: ReaderModel) -> bool {
        model == ReaderModel::Feig && self.feig.eas == feig::profile::EasCommands::None
    }

    /// What makes it impossible for that model, in words that say what to write.
    #[must_use]
    pub fn problem(&self, model: ReaderModel) -> Option<String> {
        match model {
            ReaderModel::M6e => self.m6e.problem().map(|problem| format!("setup.{problem}")),
            _ => None,
        }
    }

    /// Opens the reader; nothing is sent yet. With a tap, bytes of the line can be watched.
    ///
    /// # Errors
    /// [`OpenError`] with what was tried.
    pub fn open(
        &self,
        model: ReaderModel,
        spec: &PortSpec,
        tap: Option<&Tap>,
    ) -> Result<Box<dyn TagReader>, OpenError> {
        Ok(match model {
            ReaderModel::M3 => {
                let port = spec.open(m3::timing::LINE, m3::timing::RESPONSE_MARGIN)?;
                let baud = spec.line(m3::timing::LINE).baud;
                Box::new(m3::M3Reader::new(tapped(port, tap), baud))
            }
            ReaderModel::Feig => {
                let port = spec.open(feig::timing::LINE, feig::timing::READER_MARGIN)?;
                let line = spec.line(feig::timing::LINE);
                Box::new(feig::FeigReader::new(tapped(port, tap), line, self.feig))
            }
            ReaderModel::Pn532 => self.pn532.open(spec, tap)?,
            ReaderModel::Pcsc => {
                open_pcsc(spec).map_err(|source| OpenError { spec: spec.clone(), source })?
            }
            ReaderModel::M6e => {
                let port = spec.open(m6e::timing::LINE, m6e::timing::RESPONSE_MARGIN)?;
                let baud = spec.line(m6e::timing::LINE).baud;
                Box::new(m6e::M6eReader::new(tapped(port, tap), baud, self.m6e.clone()))
            }
            ReaderModel::Pn5180 => self.pn5180.open(spec, tap)?,
        })
    }
}

/// PC/SC readers are found by name, not by a line.
fn open_pcsc(spec: &PortSpec) -> io::Result<Box<dyn TagReader>> {
    let unsupported = |text: &str| io::Error::new(io::ErrorKind::Unsupported, text);
    let PortSpec::Pcsc(name) = spec else {
        return Err(unsupported("write pcsc:NAME, a part of the reader's name"));
    };
    #[cfg(feature = "pcsc")]
    return Ok(Box::new(super::pcsc::PcscReader::new(name)?));
    #[cfg(not(feature = "pcsc"))]
    Err(unsupported(&format!(
        "this program was built without PC/SC (feature pcsc), which {name:?} needs"
    )))
}

/// The port, watched where somebody wants to.
fn tapped(port: Box<dyn Port>, tap: Option<&Tap>) -> Box<dyn Port> {
    match tap {
        Some(tap) => Box::new(Tapped::new(port, tap.clone())),
        None => port,
    }
}
