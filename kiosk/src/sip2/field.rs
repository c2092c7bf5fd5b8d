//! Ids of variable fields (sip2.md section 7).

use std::fmt;

/// A two-byte field id, `AA` to `ZZ` by custom. Ids the protocol does not know are kept as they are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(pub [u8; 2]);

/// What may be shown of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// May be shown.
    Clear,
    /// A patron's number: the last two characters may be shown.
    PatronNumber,
    /// A name, address, birth date: initials at most.
    Personal,
    /// A password: nothing may be shown.
    Secret,
}

macro_rules! field_ids {
    ($($id:ident $name:literal,)+) => {
        impl FieldId {
            $(
                #[doc = concat!("`", stringify!($id), "`: ", $name, ".")]
                pub const $id: Self = Self(two(stringify!($id)));
            )+

            /// The field's SIP2 name, or `None` for an id not in the reference.
            #[must_use]
            pub fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$id => Some($name),)+
                    _ => None,
                }
            }
        }
    };
}

/// The two bytes of an id written as an identifier.
const fn two(id: &str) -> [u8; 2] {
    let bytes = id.as_bytes();
    assert!(bytes.len() == 2, "a field id has two letters");
    [bytes[0], bytes[1]]
}

field_ids! {
    AA "patron identifier",
    AB "item identifier",
    AC "terminal password",
    AD "patron password",
    AE "personal name",
    AF "screen message",
    AG "print line",
    AH "due date",
    AJ "title identifier",
    AL "blocked card message",
    AM "library name",
    AN "terminal location",
    AO "institution id",
    AP "current location",
    AQ "permanent location",
    AS "hold items",
    AT "overdue items",
    AU "charged items",
    AV "fine items",
    AY "sequence number",
    AZ "checksum",
    BD "home address",
    BE "e-mail address",
    BF "home phone number",
    BG "owner",
    BH "currency type",
    BI "cancel",
    BK "transaction id",
    BL "valid patron",
    BM "renewed items",
    BN "unrenewed items",
    BO "fee acknowledged",
    BP "start item",
    BQ "end item",
    BR "queue position",
    BS "pickup location",
    BT "fee type",
    BU "recall items",
    BV "fee amount",
    BW "expiration date",
    BX "supported messages",
    BY "hold type",
    BZ "hold items limit",
    CA "overdue items limit",
    CB "charged items limit",
    CC "fee limit",
    CD "unavailable hold items",
    CF "hold queue length",
    CG "fee identifier",
    CH "item properties",
    CI "security inhibit",
    CJ "recall date",
    CK "media type",
    CL "sort bin",
    CM "hold pickup date",
    CN "login user id",
    CO "login password",
    CP "location code",
    CQ "valid patron password",
    CR "collection code",
    CS "call number",
    CT "destination location",
    CV "alert type",
    CY "hold patron id",
    DA "hold patron name",
    HS "holding state",
    KC "call number (dp2)",
    KP "current shelf (dp2)",
    KQ "permanent shelf (dp2)",
    PA "patron expiry or access",
    PB "patron birth date",
    PC "patron class",
    PI "patron internet privileges",
    PT "patron group",
    XI "internal id",
    ZY "patron type",
}

impl FieldId {
    /// What may be shown of the value (sip2.md section 7, "Privacy"; `AC` is a password as well).
    #[must_use]
    pub fn privacy(self) -> Privacy {
        match self {
            Self::AD | Self::CO | Self::AC => Privacy::Secret,
            Self::AA | Self::CY => Privacy::PatronNumber,
            Self::AE | Self::BD | Self::BE | Self::BF | Self::PB | Self::DA => Privacy::Personal,
            _ => Privacy::Clear,
        }
    }

    /// Whether the field may occur more than once (sip2.md section 1, "Repeats").
    #[must_use]
    pub fn repeats(self) -> bool {
        matches!(
            self,
            Self::AF
                | Self::AG
                | Self::AS
                | Self::AT
                | Self::AU
                | Self::AV
                | Self::BU
                | Self::CD
                | Self::BM
                | Self::BN
        )
    }

    /// Whether the value is text for people, in which `&#124;` stands for `|`.
    #[must_use]
    pub const fn is_display_text(self) -> bool {
        matches!(self, Self::AF | Self::AG | Self::AJ | Self::AL | Self::AM | Self::AE | Self::DA)
    }
}

impl fmt::Display for FieldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for FieldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
