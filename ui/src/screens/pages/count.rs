//! "How many did you put down?"

use super::work::count;
use crate::lang::{Arg, words};
use crate::screens::globals::Globals;
use crate::view::{Screen, View};

pub(in crate::screens) fn apply(to: &Globals<'_>, view: &View) {
    let Screen::Count { found, stated } = &view.screen else {
        to.count.set_found(0);
        to.count.set_found_text("".into());
        to.count.set_stated(0);
        to.count.set_differ("".into());
        return;
    };
    let words = words(view.language);
    let found_n = Arg::N((*found).into());
    to.count.set_found(count(*found));
    to.count.set_found_text(words.with("count-found", &[("n", found_n)]).into());
    to.count.set_stated(stated.map_or(0, count));
    let differ = stated
        .map(|want| words.with("count-differ", &[("want", Arg::N(want.into())), ("got", found_n)]));
    to.count.set_differ(differ.unwrap_or_default().into());
}
