//! The Slint screens: a station's window ([`StationWindow`]), the workbench ([`BenchWindow`]), and
//! a painter for machines without a display ([`Painter`]).
//!
//! Who sets `slint::platform`: a window leaves it to Slint's backend selector, which does so when
//! the first window of the process is made; the painter sets its own when the first painter of
//! the process is made. It can be set once, so a process has windows or painters, not both;
//! asking for the second is [`ScreenError::PlatformTaken`]. Both must be made and used on the
//! same (main) thread; the handles may go anywhere.

mod bench;
mod draw;
pub mod fonts;
mod globals;
mod pages;
mod painter;
mod rows;
mod station;
#[cfg(test)]
mod tests;
mod touch;

pub use bench::{BenchHandle, BenchWindow};
pub use painter::{Painter, Rgba};
pub use station::{StationHandle, StationWindow};

/// What Slint's compiler made of `ui/ui/*.slint`.
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::todo
)]
mod slint_pages {
    slint::include_modules!();
}

/// What `build.rs` made of the keys used in the pages.
mod words_set {
    include!(concat!(env!("OUT_DIR"), "/words.rs"));
}

/// The panel the pages are laid out for. Sizes of targets and type follow its physical size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Panel {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Diagonal in inches.
    pub diagonal_inch: f32,
}

impl Panel {
    /// 21.5 inch, portrait: the desk station.
    pub const DESK: Self = Self { width: 1080, height: 1920, diagonal_inch: 21.5 };
    /// 10.1 inch, landscape, 1280x800.
    pub const TABLET: Self = Self { width: 1280, height: 800, diagonal_inch: 10.1 };
    /// 10.1 inch, landscape, 1024x600.
    pub const SMALL: Self = Self { width: 1024, height: 600, diagonal_inch: 10.1 };

    /// Smallest diagonal believed, in millimetres: keeps a mistyped 0 from dividing by it.
    const LEAST_DIAGONAL_MM: f32 = 50.0;

    fn diagonal_mm(self) -> f32 {
        (self.diagonal_inch * 25.4).max(Self::LEAST_DIAGONAL_MM)
    }

    /// Pixels a millimetre.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // Panels are far below 2^24 pixels.
    pub fn pixels_per_mm(self) -> f32 {
        (self.width as f32).hypot(self.height as f32) / self.diagonal_mm()
    }
}

/// Why there is no window or picture.
#[derive(Debug)]
#[non_exhaustive]
pub enum ScreenError {
    /// Slint could not open, show or run a window (no display, no backend).
    Platform(slint::PlatformError),
    /// The process already uses Slint in the other way (windows or painters).
    PlatformTaken,
    /// The panel has no pixels, or more than [`Painter::MOST_PIXELS`].
    PanelSize(Panel),
}

impl std::fmt::Display for ScreenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Platform(why) => write!(f, "cannot show the screens: {why}"),
            Self::PlatformTaken => f.write_str("windows and painters cannot share a process"),
            Self::PanelSize(panel) => {
                write!(f, "cannot draw on a panel of {}x{} pixels", panel.width, panel.height)
            }
        }
    }
}

impl std::error::Error for ScreenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Platform(why) => Some(why),
            Self::PlatformTaken | Self::PanelSize(_) => None,
        }
    }
}

impl From<slint::PlatformError> for ScreenError {
    fn from(why: slint::PlatformError) -> Self {
        Self::Platform(why)
    }
}
