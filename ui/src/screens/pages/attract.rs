//! The start page and the choice: what lies on the pad.

use crate::lang::{Arg, words};
use crate::screens::globals::Globals;
use crate::view::{Screen, View};

pub(in crate::screens) fn apply(to: &Globals<'_>, view: &View) {
    let words = words(view.language);
    let (count, text) = match &view.screen {
        Screen::Attract { pad_left: true, pad_count } => {
            (*pad_count, words.text("attract-pad-left"))
        }
        Screen::Attract { pad_count, .. } if *pad_count > 0 => {
            (*pad_count, words.with("attract-pad-count", &[("n", Arg::N((*pad_count).into()))]))
        }
        Screen::Choose { pad_count } if *pad_count > 0 => {
            (*pad_count, words.with("choose-pad", &[("n", Arg::N((*pad_count).into()))]))
        }
        _ => (0, String::new()),
    };
    to.attract.set_pad_count(i32::try_from(count).unwrap_or(i32::MAX));
    to.attract.set_pad_text(text.into());
}
