//! What stands on a slip: words from the catalogue around a [`SlipRequest`]'s data.

use ui::view::Qr;

use crate::session::SlipRequest;

/// The e-receipt's symbol.
pub fn qr(_slip: &SlipRequest) -> Qr {
    Qr { side: 0, dark: Vec::new() }
}
