//! Second-generation resident identity cards, read by a SAM_V module on a serial line.
//!
//! Only the card's number leaves this driver, and unless a site is set to need the number itself
//! ([`Lookup::Number`]) only its keyed hash. Name, address and photo are never looked at; what
//! came from the card is wiped as soon as the number is out.
//!
//! - `wire`: frames and status codes (peripherals.md 3.2);
//! - `block`: the card's text → the number, for the layouts known;
//! - `number`: [`IdNumber`], [`IdHash`], [`HashKey`];
//! - `driver`: [`IdCardReader`].
//!
//! Some vendors wrap the number alone in frames of their own (`02 LenHi LenLo CA 01 02 LRC 03`,
//! peripherals.md 3.2); their answer is not documented, and they are not supported. Modules on
//! USB HID are not either: the frames are the same, the transport is not a byte line.

mod block;
mod driver;
mod number;
pub mod wire;

use std::io;

use serde::{Deserialize, Serialize};

pub use block::{BlockError, TEXT_LEN, number_of};
pub use driver::{IdCardReader, LINE, READ_WAIT, SHORT_WAIT};
pub use number::{HASH_KEY_MIN, HashKey, HashKeyError, IdHash, IdKind, IdNumber, IdNumberError};

use crate::port::PortSpec;

/// What a site's library system knows of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lookup {
    /// A keyed hash of the number (HMAC-SHA256): the number is forgotten at once.
    #[default]
    Hash,
    /// The number itself. It is handed over once, in a type that is masked and wiped.
    Number,
}

/// One module, as configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdCardSetup {
    /// Where it is.
    pub port: PortSpec,
    /// What the library system knows.
    #[serde(default)]
    pub lookup: Lookup,
}

/// Which of the three steps of reading a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Find a card in the field.
    Find,
    /// Select it.
    Select,
    /// Read its basic data.
    Read,
}

/// Why no card was read.
#[derive(Debug, thiserror::Error)]
pub enum IdCardError {
    /// The card was found and could not be read: lifted too early, held badly, or no identity
    /// card. It must leave the field and be laid again.
    #[error("the card was not read at step {step:?}, code {code:#04X}: lay it again")]
    Unread {
        /// The step that failed.
        step: Step,
        /// The module's status code SW3.
        code: u8,
    },
    /// The card's text is not understood: an unknown layout.
    #[error("the card's text has an unknown layout: {0}")]
    Layout(#[from] BlockError),
    /// The module is not authorised, or its self-test failed: it needs its vendor.
    #[error("the module does not work, code {code:#04X}: it is not authorised or broken")]
    ModuleUnfit {
        /// The module's status code SW3.
        code: u8,
    },
    /// Any other refusal.
    #[error("the module refused step {step:?} with code {code:#04X}")]
    Refused {
        /// The step.
        step: Step,
        /// The module's status code SW3.
        code: u8,
    },
    /// No answer in time.
    #[error("the module did not answer within {waited_ms} ms")]
    Silent {
        /// Time waited, in milliseconds.
        waited_ms: u64,
    },
    /// Bytes came that are not the answer.
    #[error("the module's answer is damaged: {0}")]
    Garbled(&'static str),
    /// The number was asked for where only its hash may leave the driver.
    #[error("this station is set to hashes: the number stays in the driver")]
    NumberNotAllowed,
    /// The line is gone. The driver must be opened again.
    #[error("the line to the module is gone")]
    Gone(#[source] io::Error),
}

impl IdCardError {
    /// Whether the port must be opened again before anything can work.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone(_))
    }

    /// Whether the reader should be asked to lay the card again.
    #[must_use]
    pub fn is_lay_again(&self) -> bool {
        matches!(self, Self::Unread { .. })
    }
}
