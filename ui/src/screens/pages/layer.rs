//! The layers: "are you still there?" and help.

use std::rc::Rc;

use slint::{ModelRc, VecModel};

use super::work::count;
use crate::lang::{Arg, words};
use crate::screens::globals::Globals;
use crate::screens::rows::sync;
use crate::screens::slint_pages::HelpCard;
use crate::view::{Overlay, Screen, View};

/// The help cards on the layer.
#[derive(Default)]
pub(in crate::screens) struct Shown {
    help: Rc<VecModel<HelpCard>>,
}

impl Shown {
    pub(in crate::screens) fn connect(&self, to: &Globals<'_>) {
        to.layer.set_help(ModelRc::from(self.help.clone()));
    }

    pub(in crate::screens) fn apply(&self, to: &Globals<'_>, view: &View) {
        let words = words(view.language);
        let (seconds, unfinished) = match view.overlay {
            Some(Overlay::Warn { seconds, unfinished }) => (seconds, unfinished),
            _ => (0, 0),
        };
        to.layer.set_seconds(count(seconds));
        to.layer.set_items(match unfinished {
            0 => "".into(),
            n => words.with("warn-items", &[("n", Arg::N(n.into()))]).into(),
        });
        to.layer.set_called(view.overlay == Some(Overlay::Help { called: true }));
        let cards = match view.overlay {
            Some(Overlay::Help { .. }) => topics(&view.screen)
                .map(|kind| HelpCard {
                    kind: kind.into(),
                    title: words.text(&format!("help-{kind}-title")).into(),
                    text: words.text(&format!("help-{kind}")).into(),
                })
                .to_vec(),
            _ => Vec::new(),
        };
        sync(&self.help, cards, |card| card.kind.clone());
    }
}

/// The three topics that help with a page.
fn topics(screen: &Screen) -> [&'static str; 3] {
    match screen {
        Screen::Identify { .. } => ["card", "return", "books"],
        Screen::Pin { .. } => ["pin", "card", "return"],
        Screen::Borrow(_) => ["books", "count", "receipt"],
        Screen::GiveBack(_) => ["return", "count", "receipt"],
        Screen::Count { .. } => ["count", "books", "receipt"],
        Screen::Loans(_) => ["renew", "return", "receipt"],
        Screen::Finish(_) => ["receipt", "books", "return"],
        Screen::Starting
        | Screen::Attract { .. }
        | Screen::Choose { .. }
        | Screen::Trouble { .. } => ["card", "books", "return"],
    }
}
