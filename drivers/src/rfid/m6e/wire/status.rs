//! What the module says of a command (readers.md 5.1, S8).

use std::fmt;

/// The two status bytes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u16);

#[allow(missing_docs, reason = "the names are the table's")]
impl Status {
    pub const OK: Self = Self(0x0000);
    pub const WRONG_LENGTH: Self = Self(0x0100);
    pub const INVALID_OPCODE: Self = Self(0x0101);
    pub const UNIMPLEMENTED: Self = Self(0x0102);
    pub const POWER_TOO_HIGH: Self = Self(0x0103);
    pub const INVALID_FREQUENCY: Self = Self(0x0104);
    pub const INVALID_PARAMETER: Self = Self(0x0105);
    pub const POWER_TOO_LOW: Self = Self(0x0106);
    pub const UNSUPPORTED_FEATURE: Self = Self(0x0109);
    pub const INVALID_BAUD: Self = Self(0x010A);
    pub const INVALID_REGION: Self = Self(0x010B);
    pub const NO_TAGS: Self = Self(0x0400);
    pub const NO_PROTOCOL: Self = Self(0x0401);
    pub const INVALID_PROTOCOL: Self = Self(0x0402);
    pub const WRITTEN_LOCK_FAILED: Self = Self(0x0403);
    pub const NO_DATA_READ: Self = Self(0x0404);
    pub const RADIO_NOT_ON: Self = Self(0x0405);
    pub const WRITE_FAILED: Self = Self(0x0406);
    pub const INVALID_ADDRESS: Self = Self(0x0409);
    pub const GENERAL_TAG_ERROR: Self = Self(0x040A);
    pub const DATA_TOO_LARGE: Self = Self(0x040B);
    pub const GEN2_OTHER: Self = Self(0x0420);
    pub const MEMORY_OVERRUN: Self = Self(0x0423);
    pub const LOCKED: Self = Self(0x0424);
    pub const INSUFFICIENT_POWER: Self = Self(0x042B);
    pub const NON_SPECIFIC: Self = Self(0x042F);
    pub const RADIO_FREQUENCY: Self = Self(0x0500);
    pub const ANTENNA_MISSING: Self = Self(0x0503);
    pub const TOO_HOT: Self = Self(0x0504);
    pub const RETURN_LOSS: Self = Self(0x0505);
    pub const FEWER_TAGS: Self = Self(0x0600);
    pub const BUFFER_FULL: Self = Self(0x0601);
    pub const DUPLICATE: Self = Self(0x0602);
    pub const UNKNOWN: Self = Self(0x7F00);
    pub const ASSERT: Self = Self(0x7F01);
}

impl Status {
    /// The table's words for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OK => "done",
            Self::WRONG_LENGTH => "wrong data length",
            Self::INVALID_OPCODE => "command not known here",
            Self::UNIMPLEMENTED => "command not built in",
            Self::POWER_TOO_HIGH => "power too high for this module",
            Self::INVALID_FREQUENCY => "frequency not allowed",
            Self::INVALID_PARAMETER => "parameter not allowed",
            Self::POWER_TOO_LOW => "power too low for this module",
            Self::UNSUPPORTED_FEATURE => "feature not supported",
            Self::INVALID_BAUD => "line speed not supported",
            Self::INVALID_REGION => "region not supported by this module",
            Self::NO_TAGS => "no tag answered",
            Self::NO_PROTOCOL => "no protocol set",
            Self::INVALID_PROTOCOL => "protocol not supported",
            Self::WRITTEN_LOCK_FAILED => "written, but the lock failed",
            Self::NO_DATA_READ => "no data read",
            Self::RADIO_NOT_ON => "radio not on: no region set",
            Self::WRITE_FAILED => "the write failed",
            Self::INVALID_ADDRESS => "no such address",
            Self::GENERAL_TAG_ERROR => "general tag error",
            Self::DATA_TOO_LARGE => "data too large",
            Self::GEN2_OTHER => "other error of the tag",
            Self::MEMORY_OVERRUN => "past the tag's memory",
            Self::LOCKED => "the tag's memory is locked",
            Self::INSUFFICIENT_POWER => "too little power at the tag",
            Self::NON_SPECIFIC => "error the tag does not specify",
            Self::RADIO_FREQUENCY => "error of the radio's frequency",
            Self::ANTENNA_MISSING => "no antenna connected",
            Self::TOO_HOT => "module too hot",
            Self::RETURN_LOSS => "antenna reflects too much",
            Self::FEWER_TAGS => "fewer tags than asked for",
            Self::BUFFER_FULL => "tag buffer full",
            Self::DUPLICATE => "tag already in the buffer",
            Self::ASSERT => "the module's program failed",
            _ => "unknown error",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X} ({})", self.0, self.name())
    }
}
