//! Show your card: what it is wanted for.

use crate::lang::words;
use crate::screens::globals::Globals;
use crate::view::{Purpose, Screen, View};

pub(in crate::screens) fn apply(to: &Globals<'_>, view: &View) {
    let purpose = match &view.screen {
        Screen::Identify { purpose: Purpose::Borrow, .. } => "ident-borrow",
        Screen::Identify { purpose: Purpose::Account, .. } => "ident-account",
        _ => return to.identify.set_purpose("".into()),
    };
    to.identify.set_purpose(words(view.language).text(purpose).into());
}
