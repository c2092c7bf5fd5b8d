//! Screens of the station: plain view types, translations, and (feature `screens`) the Slint pages.

pub mod lang;
#[cfg(feature = "screens")]
pub mod screens;
pub mod view;

// The samples shared with the examples name this crate from outside.
#[cfg(all(test, feature = "screens"))]
extern crate self as ui;
