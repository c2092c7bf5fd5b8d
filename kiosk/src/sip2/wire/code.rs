//! Message codes and the width of their fixed parts (sip2.md section 4).

use std::fmt;

/// Who sends a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// The self-check unit (SC): this station. Odd codes.
    Station,
    /// The library system (ACS). Even codes.
    Library,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $fixed:literal, $title:literal;)+) => {
        /// A message code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Code {
            $(
                #[doc = concat!($title, " (", stringify!($code), ").")]
                $name = $code,
            )+
        }

        impl Code {
            /// All codes, ascending.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code of a number, if SIP2 2.00 has it.
            #[must_use]
            #[inline]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($code => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// Bytes of the fixed part, after the code.
            #[must_use]
            #[inline]
            pub const fn fixed_len(self) -> usize {
                match self {
                    $(Self::$name => $fixed,)+
                }
            }

            /// The SIP2 name.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)+
                }
            }
        }
    };
}

codes! {
    BlockPatron = 1, 19, "Block Patron";
    Checkin = 9, 37, "Checkin";
    CheckinResponse = 10, 22, "Checkin Response";
    Checkout = 11, 38, "Checkout";
    CheckoutResponse = 12, 22, "Checkout Response";
    Hold = 15, 19, "Hold";
    HoldResponse = 16, 20, "Hold Response";
    ItemInformation = 17, 18, "Item Information";
    ItemInformationResponse = 18, 24, "Item Information Response";
    ItemStatusUpdate = 19, 18, "Item Status Update";
    ItemStatusUpdateResponse = 20, 19, "Item Status Update Response";
    PatronStatus = 23, 21, "Patron Status Request";
    PatronStatusResponse = 24, 35, "Patron Status Response";
    PatronEnable = 25, 18, "Patron Enable";
    PatronEnableResponse = 26, 35, "Patron Enable Response";
    Renew = 29, 38, "Renew";
    RenewResponse = 30, 22, "Renew Response";
    EndSession = 35, 18, "End Patron Session";
    EndSessionResponse = 36, 19, "End Session Response";
    FeePaid = 37, 25, "Fee Paid";
    FeePaidResponse = 38, 19, "Fee Paid Response";
    PatronInformation = 63, 31, "Patron Information";
    PatronInformationResponse = 64, 59, "Patron Information Response";
    RenewAll = 65, 18, "Renew All";
    RenewAllResponse = 66, 27, "Renew All Response";
    Login = 93, 2, "Login";
    LoginResponse = 94, 1, "Login Response";
    RequestScResend = 96, 0, "Request SC Resend";
    RequestAcsResend = 97, 0, "Request ACS Resend";
    AcsStatus = 98, 34, "ACS Status";
    ScStatus = 99, 8, "SC Status";
}

impl Code {
    /// The code as a number, as in the tables of the protocol.
    #[must_use]
    #[inline]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The two digits on the wire.
    #[must_use]
    pub const fn digits(self) -> [u8; 2] {
        let n = self.number();
        [b'0' + n / 10, b'0' + n % 10]
    }

    /// Who sends it.
    #[must_use]
    #[inline]
    pub const fn sender(self) -> Sender {
        if self.number() % 2 == 1 { Sender::Station } else { Sender::Library }
    }

    /// How an answer says yes and no in its first byte, where that decides what became of a
    /// request.
    #[must_use]
    pub const fn yes_no(self) -> Option<[u8; 2]> {
        match self {
            Self::CheckinResponse
            | Self::CheckoutResponse
            | Self::HoldResponse
            | Self::RenewResponse
            | Self::RenewAllResponse
            | Self::LoginResponse => Some(*b"10"),
            Self::FeePaidResponse => Some(*b"YN"),
            _ => None,
        }
    }

    /// Whether the message carries `AY`. The two resend requests never do (sip2.md section 2).
    #[must_use]
    pub const fn has_sequence(self) -> bool {
        !matches!(self, Self::RequestScResend | Self::RequestAcsResend)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.number())
    }
}
