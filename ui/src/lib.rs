//! Screens of the station: plain view types, translations, and (feature `screens`) the Slint pages.

pub mod lang;
#[cfg(feature = "screens")]
pub mod screens;
pub mod view;
