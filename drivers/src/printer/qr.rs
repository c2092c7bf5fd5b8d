//! QR codes: choosing level and module size, and drawing for printers without GS ( k.

use qrcode::{Color, EcLevel, QrCode};

use super::bitmap::Bitmap;

/// Most bytes in one code; 20 titles of an e-receipt stay below (patron-experience.md section 9).
pub const QR_MAX_BYTES: usize = 2048;
/// White modules at each side, which the host has to leave (1.2).
pub const QUIET_MODULES: usize = 4;
/// Largest module, as in the worked job of 1.2.
pub const MODULE_DOTS_MAX: usize = 6;
/// Smallest module phones read from thermal paper at 203 dpi.
pub const MODULE_DOTS_MIN: usize = 2;
/// Below this a stronger level is given up for larger modules.
const MODULE_DOTS_GOOD: usize = 3;

/// Error correction level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// 7 %.
    L,
    /// 15 %.
    M,
}

/// How a code will be printed.
#[derive(Clone)]
pub struct Plan {
    /// Level.
    pub level: Level,
    /// Dots per module.
    pub module_dots: usize,
    /// Dots of the symbol without its quiet zone.
    pub symbol_dots: usize,
    code: QrCode,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plan({:?}, {} modules)", self.level, self.code.width())
    }
}

/// Content that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a QR code of {bytes} bytes does not fit {dots} dots")]
pub struct QrError {
    /// Size of the content.
    pub bytes: usize,
    /// Paper width.
    pub dots: usize,
}

/// Chooses level M with modules up to [`MODULE_DOTS_MAX`], or L where M makes modules too fine.
///
/// # Errors
/// [`QrError`] for nothing, or more than paper of `dots` can show.
pub fn plan(data: &str, dots: usize) -> Result<Plan, QrError> {
    let error = QrError { bytes: data.len(), dots };
    if data.is_empty() || data.len() > QR_MAX_BYTES {
        return Err(error);
    }
    let mut best = None;
    for (level, ec) in [(Level::M, EcLevel::M), (Level::L, EcLevel::L)] {
        let Ok(code) = QrCode::with_error_correction_level(data, ec) else { continue };
        let modules = code.width();
        let module_dots = (dots / (modules + 2 * QUIET_MODULES)).min(MODULE_DOTS_MAX);
        if module_dots >= MODULE_DOTS_MIN {
            best = Some(Plan { level, module_dots, symbol_dots: modules * module_dots, code });
        }
        if module_dots >= MODULE_DOTS_GOOD {
            break;
        }
    }
    best.ok_or(error)
}

impl Plan {
    /// The code with its quiet zone.
    #[must_use]
    pub fn draw(&self) -> Bitmap {
        let modules = self.code.width();
        let side = (modules + 2 * QUIET_MODULES) * self.module_dots;
        let mut picture = Bitmap::new(side, side);
        for (at, color) in self.code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                let (x, y) = (at % modules + QUIET_MODULES, at / modules + QUIET_MODULES);
                let dots = self.module_dots;
                picture.fill(x * dots, y * dots, dots, dots);
            }
        }
        picture
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_codes_are_large_and_large_codes_still_fit() {
        let small = plan("YZ0001234", 576).unwrap();
        assert_eq!((small.level, small.module_dots), (Level::M, 6));
        let text = "小王子 还 2027-01-05\n".repeat(20);
        let large = plan(&text, 384).unwrap();
        assert!(large.draw().width() <= 384, "{large:?}");
        assert!(large.module_dots >= MODULE_DOTS_MIN);
        assert!(plan("", 576).is_err());
        assert!(plan(&"书".repeat(1000), 576).is_err());
    }

    #[test]
    fn the_quiet_zone_is_white_and_the_finder_is_black() {
        let picture = plan("1", 576).unwrap().draw();
        let quiet = QUIET_MODULES * 6;
        assert!(picture.get(quiet, quiet));
        assert!((0..picture.width()).all(|x| (0..quiet).all(|y| !picture.get(x, y))));
    }
}
