//! The PIN pad: how many digits, never which.

use slint::{ModelRc, SharedString, VecModel};

use crate::lang::{Arg, words};
use crate::screens::globals::Globals;
use crate::view::{Screen, View};

pub(in crate::screens) fn apply(to: &Globals<'_>, view: &View) {
    let Screen::Pin { typed, tries_left, .. } = &view.screen else {
        to.pin.set_typed(0);
        to.pin.set_typed_text("".into());
        to.pin.set_tries("".into());
        return;
    };
    let words = words(view.language);
    to.pin.set_typed(i32::from(*typed));
    to.pin.set_typed_text(words.with("pin-typed", &[("n", Arg::N((*typed).into()))]).into());
    let tries = tries_left.map(|n| words.with("pin-left", &[("n", Arg::N(n.into()))]));
    to.pin.set_tries(tries.unwrap_or_default().into());
    let labels = (0..10)
        .map(|n| SharedString::from(words.with("pin-digit", &[("n", Arg::N(n))])))
        .collect::<VecModel<_>>();
    to.pin.set_digit_labels(ModelRc::new(labels));
}
