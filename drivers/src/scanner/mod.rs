//! Barcode and QR scanners: keyboard wedges, serial and USB-CDC lines, TCP.
//!
//! A scanner gives [`Scan`]s. What came damaged, cut or glued is a [`Spoilt`] and is dropped
//! whole: half a number could be another patron's. What a scan means (card, item, something that
//! is refused) is told by [`rules::ScanRules`]; codes that may be used only once are watched by
//! [`token::TokenGuard`]. Nothing here knows of loans.
//!
//! - `gather`, `keys`, `line`: bytes or keys and the moment → texts; no clock, no device.
//! - `intake`: AIM prefix, rules for each kind of code, check digits, double scans.
//! - `wedge`, `port`: the devices.

pub mod check;
mod gather;
pub mod intake;
pub mod keys;
pub mod line;
mod port;
pub mod rules;
pub mod setup;
pub mod symbology;
mod text;
pub mod token;
pub mod wedge;

use std::io;
use std::time::Duration;

pub use gather::{
    GAP_MS_RANGE, OnSilence, READY_MAX, Reading, SCAN_MAX, SCAN_MAX_LIMIT, ScanEnd, TextCode,
};
pub use port::{LINE, LineScanner};
pub use symbology::{Aim, Symbology};
pub use text::ScanText;

/// Longest wait of one [`Scanner::poll`], whatever the caller asks.
pub const POLL_MAX: Duration = Duration::from_secs(60);

/// One code, read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Kind of the code, where the scanner tells it.
    pub symbology: Option<Symbology>,
    /// Modifier of the AIM prefix.
    pub modifier: Option<char>,
    /// What stands in it, without prefixes, suffixes and line ends.
    pub data: ScanText,
}

impl Scan {
    /// A scan by a scanner that does not tell the kind of code.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self { symbology: None, modifier: None, data: ScanText::new(text) }
    }
}

/// Why a scan was dropped. The reader is asked to scan again; the first group means that the
/// scanner has to be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Spoilt {
    /// Keys came as Alt + keypad sequences, and the station is set to refuse them.
    #[error("the scanner types Alt sequences: set it to the US keyboard, or set `alt`")]
    AltMode,
    /// A key that types nothing in the US layout.
    #[error("the scanner typed a key that is no character: set it to the US keyboard")]
    UnmappedKey,
    /// A control character that ends nothing.
    #[error("a control character stands in the scan: set the scanner's suffix to CR")]
    Control,
    /// No AIM prefix, and the station needs one.
    #[error("the scan has no AIM prefix: switch it on in the scanner")]
    NoAim,
    /// The characters are not text in the character set agreed.
    #[error("the scan is no text in the character set of the station")]
    NotText,
    /// More characters than a scan may have.
    #[error("the scan is too long")]
    TooLong,
    /// The scan stopped without its end mark.
    #[error("the scan stopped without its end mark")]
    Unfinished,
    /// Two scans came as one.
    #[error("two scans came as one")]
    Glued,
    /// The system lost key events.
    #[error("the system lost keys of the scan")]
    Lost,
    /// This kind of code is not accepted here.
    #[error("codes of this kind are not accepted")]
    KindRefused,
    /// Shorter or longer than this kind of code may be.
    #[error("the scan has a wrong length")]
    Length,
    /// The check digit is wrong.
    #[error("the scan has a wrong check digit")]
    CheckDigit,
}

/// Why a scanner gave no scan.
#[derive(Debug, thiserror::Error)]
pub enum ScannerError {
    /// A scan came and was dropped. The next may be good.
    #[error(transparent)]
    Spoilt(#[from] Spoilt),
    /// The device is gone (unplugged, closed). It must be opened again.
    #[error("the line to the scanner is gone")]
    Gone(#[source] io::Error),
}

impl ScannerError {
    /// Whether the device must be opened again before anything can work.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone(_))
    }
}

/// A scanner. It speaks unasked; what nobody polls for waits in the system's buffers.
pub trait Scanner: Send {
    /// The next scan; `None` when none came within `timeout` (at most [`POLL_MAX`]).
    ///
    /// # Errors
    /// [`ScannerError`]; after a `Spoilt` the scanner goes on.
    fn poll(&mut self, timeout: Duration) -> Result<Option<Scan>, ScannerError>;

    /// Drops what was scanned and not yet taken, so that nothing of one session is found in the
    /// next. Never waits.
    ///
    /// # Errors
    /// `Gone`.
    fn discard(&mut self) -> Result<(), ScannerError>;
}
