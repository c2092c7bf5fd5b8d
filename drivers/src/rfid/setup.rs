//! Which reader is fitted and how it is reached: one place for models, names and opening.

use serde::Deserialize;

use super::pn5180::{self, Pn5180Setup};
use super::{TagReader, m3};
use crate::port::{OpenError, Port, PortSpec, Tap, Tapped};

/// Reader models with a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[non_exhaustive]
pub enum ReaderModel {
    /// 3M / Bibliotheca 210 and 810 pads.
    #[default]
    #[serde(rename = "3m810")]
    M3,
    /// A bare NXP PN5180 on SPI.
    #[serde(rename = "pn5180")]
    Pn5180,
}

impl ReaderModel {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::M3, Self::Pn5180];

    /// The name in configuration, on command lines and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::M3 => m3::driver::MODEL,
            Self::Pn5180 => pn5180::driver::MODEL,
        }
    }
}

/// What a reader's driver must know besides where the reader is; each model looks at its own part.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReaderSetup {
    /// How a PN5180 is fitted.
    pub pn5180: Pn5180Setup,
}

impl ReaderSetup {
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
            ReaderModel::Pn5180 => self.pn5180.open(spec, tap)?,
        })
    }
}

/// The port, watched where somebody wants to.
fn tapped(port: Box<dyn Port>, tap: Option<&Tap>) -> Box<dyn Port> {
    match tap {
        Some(tap) => Box::new(Tapped::new(port, tap.clone())),
        None => port,
    }
}
