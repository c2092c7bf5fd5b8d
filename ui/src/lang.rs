//! Every word a person reads, in both languages: screens, receipts and the workbench share one
//! catalogue (`ui/lang/*.ftl`, Project Fluent syntax).
//!
//! Keys are those of patron-experience.md sections 6 and 7 with dots and underscores as dashes
//! (`attract.start_hint` is `attract-start-hint`, code `held_other` is `err-held-other`). A key
//! that is not in the catalogue comes back as itself, so a gap shows on the screen instead of
//! hiding; the tests in `ui/tests/catalogue.rs` keep gaps from happening.

mod catalogue;
mod dates;
mod sentences;

pub use catalogue::{Arg, Words, words};
pub use dates::{date_paper, date_screen};
pub use sentences::{advice, advice_key, destination, line_state, note, note_for, state_line};
