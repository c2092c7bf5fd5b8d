//! Printer models as data (1.1): paper geometry and what a model understands.
//!
//! Values marked UNCONFIRMED in 1.1 are configuration: name a profile and override what differs
//! with [`PrinterSetup`].

use serde::{Deserialize, Serialize};

use super::text::FourByte;

/// How text reaches the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextMode {
    /// GB18030 two-byte codes for the printer's own hanzi ROM.
    HanziRom,
    /// Every line drawn as dots with the caller's font.
    Raster,
}

/// How a double-size hanzi is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HanziSize {
    /// `1D 21` covers hanzi too.
    WithText,
    /// Older heads need `1C 57 01` besides (1.2).
    OwnCommand,
}

/// How a barcode or QR code reaches the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeMode {
    /// By the printer's own command: GS k function B, GS ( k.
    Native,
    /// Drawn by us.
    Raster,
}

/// The command that carries dots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RasterCommand {
    /// `1D 76 30`: the one command clones share.
    GsV0,
    /// `1D 28 4C` store and print.
    GsL,
}

/// What ends a slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cutter {
    /// `1D 56 42 00`: feed and partial cut.
    Partial,
    /// `1D 56 41 00`: feed and full cut.
    Full,
    /// None: the slip is fed to the tear edge.
    None,
}

/// How a job's end is recognised (1.6 rule 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndMarker {
    /// `1D 28 48`: answered with the job's id when the paper is printed.
    ProcessId,
    /// `1D 72 01`: answered without an id when the buffer has come that far.
    PaperStatus,
}

/// What the printer says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusSupport {
    /// Automatic status back and DLE EOT.
    Asb,
    /// DLE EOT only: asked every few seconds.
    Poll,
    /// Asked once per connection; a printer that never answers is printed to blind.
    Detect,
    /// Never answers (one-way link): printed to blind.
    None,
}

/// One printer model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Columns of 12-dot font A.
    pub columns: u16,
    /// Printable dots per line.
    pub dots: u16,
    /// Dots per inch, both ways.
    pub dpi: u16,
    /// How text is printed.
    pub text_mode: TextMode,
    /// How double-size hanzi are asked for.
    pub hanzi_size: HanziSize,
    /// Four-byte GB18030 in the ROM.
    pub gb18030_four_byte: FourByte,
    /// CODE128.
    pub barcode: CodeMode,
    /// QR.
    pub qr: CodeMode,
    /// Command for dots.
    pub raster: RasterCommand,
    /// Cutter.
    pub cutter: Cutter,
    /// End of job.
    pub end_marker: EndMarker,
    /// Status.
    pub status: StatusSupport,
    /// Usual serial speed in bit/s when the port names none.
    pub baud: u32,
}

/// A known model or class, by the name used in configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProfileName {
    /// Epson TM-T88IV and V, 80 mm, 180 dpi.
    EpsonTmT88,
    /// Epson TM-T20II, 80 mm.
    EpsonTmT20ii,
    /// Epson TM-m30III, 80 mm.
    EpsonTmM30iii,
    /// Citizen CT-S651, 80 mm.
    CitizenCtS651,
    /// Seiko RP-F10, 58 mm.
    SeikoRpF10,
    /// Zjiang POS-5890, Netum NT-5890K class, 58 mm: no function B, QR or cutter.
    #[serde(rename = "pos-5890")]
    Pos5890,
    /// Star TSP600 class, switched to its ESC/POS emulation.
    StarTsp600,
    /// An 80 mm Chinese printer of unknown make with hanzi ROM and cutter.
    #[default]
    #[serde(rename = "generic-80")]
    Generic80,
    /// A 58 mm printer of unknown make: everything but text is drawn.
    #[serde(rename = "generic-58")]
    Generic58,
}

impl ProfileName {
    /// Every name.
    pub const ALL: [Self; 9] = [
        Self::EpsonTmT88,
        Self::EpsonTmT20ii,
        Self::EpsonTmM30iii,
        Self::CitizenCtS651,
        Self::SeikoRpF10,
        Self::Pos5890,
        Self::StarTsp600,
        Self::Generic80,
        Self::Generic58,
    ];

    /// The model's data.
    #[must_use]
    pub fn profile(self) -> Profile {
        let mm80 = Profile {
            columns: 48,
            dots: 576,
            dpi: 203,
            text_mode: TextMode::HanziRom,
            hanzi_size: HanziSize::WithText,
            gb18030_four_byte: FourByte::Unsupported,
            barcode: CodeMode::Native,
            qr: CodeMode::Native,
            raster: RasterCommand::GsV0,
            cutter: Cutter::Partial,
            end_marker: EndMarker::ProcessId,
            status: StatusSupport::Asb,
            baud: 115_200,
        };
        let simple = Profile {
            barcode: CodeMode::Raster,
            qr: CodeMode::Raster,
            cutter: Cutter::None,
            end_marker: EndMarker::PaperStatus,
            status: StatusSupport::Detect,
            columns: 32,
            dots: 384,
            ..mm80.clone()
        };
        match self {
            Self::EpsonTmT88 => Profile { columns: 42, dots: 512, dpi: 180, ..mm80 },
            Self::EpsonTmT20ii | Self::EpsonTmM30iii => mm80,
            // 640 dots hold 53 columns; 1.1 gives 48 as the profile value.
            Self::CitizenCtS651 => {
                Profile { dots: 640, end_marker: EndMarker::PaperStatus, ..mm80 }
            }
            Self::SeikoRpF10 => {
                Profile { columns: 36, dots: 432, end_marker: EndMarker::PaperStatus, ..mm80 }
            }
            Self::Pos5890 | Self::Generic58 => simple,
            // Columns UNCONFIRMED in 1.1; 576 dots of 12-dot font make 48.
            Self::StarTsp600 => {
                Profile { end_marker: EndMarker::PaperStatus, status: StatusSupport::Poll, ..mm80 }
            }
            Self::Generic80 => Profile {
                end_marker: EndMarker::PaperStatus,
                status: StatusSupport::Detect,
                ..mm80
            },
        }
    }
}

/// A profile name as configuration writes it, for the command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("printer profile {name:?} is not known; known are {known}")]
pub struct UnknownProfile {
    /// What was asked for.
    pub name: String,
    /// The names there are.
    pub known: String,
}

impl std::fmt::Display for ProfileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::EpsonTmT88 => "epson-tm-t88",
            Self::EpsonTmT20ii => "epson-tm-t20ii",
            Self::EpsonTmM30iii => "epson-tm-m30iii",
            Self::CitizenCtS651 => "citizen-ct-s651",
            Self::SeikoRpF10 => "seiko-rp-f10",
            Self::Pos5890 => "pos-5890",
            Self::StarTsp600 => "star-tsp600",
            Self::Generic80 => "generic-80",
            Self::Generic58 => "generic-58",
        })
    }
}

impl std::str::FromStr for ProfileName {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        Self::ALL.into_iter().find(|known| known.to_string() == name).ok_or_else(|| {
            let known: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
            UnknownProfile { name: name.to_owned(), known: known.join(", ") }
        })
    }
}

/// A profile in configuration: a name and what differs on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrinterSetup {
    /// Model or class.
    pub profile: ProfileName,
    /// Columns of font A, where the printer is set differently.
    pub columns: Option<u16>,
    /// Printable dots per line.
    pub dots: Option<u16>,
    /// How text is printed.
    pub text_mode: Option<TextMode>,
    /// How double-size hanzi are asked for.
    pub hanzi_size: Option<HanziSize>,
    /// Four-byte GB18030 in the ROM.
    pub gb18030_four_byte: Option<FourByte>,
    /// CODE128.
    pub barcode: Option<CodeMode>,
    /// QR.
    pub qr: Option<CodeMode>,
    /// Command for dots.
    pub raster: Option<RasterCommand>,
    /// Cutter.
    pub cutter: Option<Cutter>,
    /// End of job.
    pub end_marker: Option<EndMarker>,
    /// Status.
    pub status: Option<StatusSupport>,
}

/// A profile that cannot describe a printer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Fewer columns than any receipt layout works with, or more than any paper has.
    #[error("{columns} columns: 20 to 80 make sense")]
    Columns {
        /// As configured.
        columns: u16,
    },
    /// Fewer dots than the columns need, or more than any head has.
    #[error("{dots} dots for {columns} columns: needs at least 12 per column and at most 1024")]
    Dots {
        /// As configured.
        dots: u16,
        /// As configured.
        columns: u16,
    },
}

impl PrinterSetup {
    /// The profile with the overrides applied.
    ///
    /// # Errors
    /// [`ProfileError`] when the geometry is impossible.
    pub fn resolve(&self) -> Result<Profile, ProfileError> {
        let base = self.profile.profile();
        let profile = Profile {
            columns: self.columns.unwrap_or(base.columns),
            dots: self.dots.unwrap_or(base.dots),
            dpi: base.dpi,
            text_mode: self.text_mode.unwrap_or(base.text_mode),
            hanzi_size: self.hanzi_size.unwrap_or(base.hanzi_size),
            gb18030_four_byte: self.gb18030_four_byte.unwrap_or(base.gb18030_four_byte),
            barcode: self.barcode.unwrap_or(base.barcode),
            qr: self.qr.unwrap_or(base.qr),
            raster: self.raster.unwrap_or(base.raster),
            cutter: self.cutter.unwrap_or(base.cutter),
            end_marker: self.end_marker.unwrap_or(base.end_marker),
            status: self.status.unwrap_or(base.status),
            baud: base.baud,
        };
        profile.check()?;
        Ok(profile)
    }
}

impl Profile {
    /// Whether the geometry is possible.
    ///
    /// # Errors
    /// [`ProfileError`] naming the value.
    pub fn check(&self) -> Result<(), ProfileError> {
        let (columns, dots) = (self.columns, self.dots);
        if !(20..=80).contains(&columns) {
            return Err(ProfileError::Columns { columns });
        }
        if dots < columns * 12 || dots > 1024 {
            return Err(ProfileError::Dots { dots, columns });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_possible_and_found_by_its_configuration_name() {
        for name in ProfileName::ALL {
            name.profile().check().unwrap();
            assert_eq!(name.to_string().parse::<ProfileName>().unwrap(), name);
        }
        let error = "laser".parse::<ProfileName>().unwrap_err().to_string();
        assert!(error.contains("epson-tm-t20ii"), "{error}");
    }

    #[test]
    fn geometry_as_documented() {
        // 1.1.
        for (name, columns, dots) in [
            (ProfileName::EpsonTmT88, 42, 512),
            (ProfileName::EpsonTmT20ii, 48, 576),
            (ProfileName::CitizenCtS651, 48, 640),
            (ProfileName::SeikoRpF10, 36, 432),
            (ProfileName::Pos5890, 32, 384),
        ] {
            let profile = name.profile();
            assert_eq!((profile.columns, profile.dots), (columns, dots), "{name}");
        }
        let simple = ProfileName::Pos5890.profile();
        assert_eq!((simple.barcode, simple.qr), (CodeMode::Raster, CodeMode::Raster));
        assert_eq!(simple.cutter, Cutter::None);
    }

    #[cfg(feature = "sim")]
    #[test]
    fn configuration_names_are_the_shown_names() {
        for name in ProfileName::ALL {
            assert_eq!(serde_json::to_string(&name).unwrap(), format!("\"{name}\""));
        }
    }

    #[cfg(feature = "sim")]
    #[test]
    fn configuration_overrides_and_refuses_unknown_or_impossible_values() {
        let setup: PrinterSetup =
            serde_json::from_str(r#"{"profile":"pos-5890","text_mode":"raster"}"#).unwrap();
        assert_eq!(setup.resolve().unwrap().text_mode, TextMode::Raster);
        assert!(serde_json::from_str::<PrinterSetup>(r#"{"colums":48}"#).is_err());
    }

    #[test]
    fn impossible_geometry_is_refused() {
        let setup = PrinterSetup { columns: Some(64), ..PrinterSetup::default() };
        assert_eq!(setup.resolve().unwrap_err(), ProfileError::Dots { dots: 576, columns: 64 });
    }
}
