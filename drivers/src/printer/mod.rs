//! Receipt printers.
