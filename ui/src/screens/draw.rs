//! One view into the globals of a window: every property is set or emptied by every view, so
//! nothing of the former one can be left.

use super::Panel;
use super::globals::Globals;
use super::pages::{account, attract, count, finish, frame, identify, layer, pin, work};
use super::touch::touch;
use super::words_set::set_words;
use crate::lang::words;
use crate::view::{Language, Screen, Touch, View};

/// Draws views into one window and remembers what need not be set again.
#[derive(Default)]
pub(super) struct Drawer {
    language: Option<Language>,
    work: work::Shown,
    account: account::Shown,
    finish: finish::Shown,
    layer: layer::Shown,
}

impl Drawer {
    /// Connects the models and the touches; to be called once before the first view.
    pub(super) fn connect(&self, to: &Globals<'_>, on_touch: impl Fn(Touch) + 'static) {
        self.work.connect(to);
        self.account.connect(to);
        self.finish.connect(to);
        self.layer.connect(to);
        to.touched.on_send(move |kind, number| {
            if let Some(event) = touch(kind, number) {
                on_touch(event);
            }
        });
    }

    /// Lays the pages out for a panel.
    #[allow(clippy::cast_precision_loss)] // Panels are far below 2^24 pixels.
    pub(super) fn lay_out(to: &Globals<'_>, panel: Panel) {
        to.theme.set_width(panel.width as f32);
        to.theme.set_height(panel.height as f32);
        to.theme.set_diagonal(panel.diagonal_mm());
    }

    /// Shows `view`.
    pub(super) fn draw(&mut self, to: &Globals<'_>, view: &View) {
        let language = view.language;
        if self.language != Some(language) {
            self.language = Some(language);
            set_words(&to.words, words(language));
        }
        to.theme.set_contrast(view.modes.high_contrast);
        to.theme.set_large(view.modes.large_print);
        frame::apply(to, view);
        attract::apply(to, view);
        identify::apply(to, view);
        pin::apply(to, view);
        let working = match &view.screen {
            Screen::Borrow(work) | Screen::GiveBack(work) => Some(work),
            _ => None,
        };
        self.work.apply(to, working, language);
        count::apply(to, view);
        let loans = if let Screen::Loans(loans) = &view.screen { Some(loans) } else { None };
        self.account.apply(to, loans, language);
        let finished = if let Screen::Finish(finish) = &view.screen { Some(finish) } else { None };
        self.finish.apply(to, finished, language);
        self.layer.apply(to, view);
    }
}
