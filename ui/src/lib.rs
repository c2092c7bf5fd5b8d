//! Screens of the station: plain view types, translations, and (feature `screens`) the Slint pages.

pub mod lang;
pub mod view;
