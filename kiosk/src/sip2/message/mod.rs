//! Typed messages: one struct per message of sip2.md section 4, in both directions.
//!
//! Encoding writes the fields in the order of sip2.md section 11, fields of no known place last.
//! Decoding never relies on order, keeps unknown fields in `extra`, and fails only when a line is
//! no message at all or its fixed part is too short.
//!
//! Required fields are plain values, written even when empty (`AC|`); optional ones are `Option`;
//! repeatable ones are `Vec`.

mod circulation;
mod fixed;
mod item;
mod patron;
mod system;
mod value;

pub use circulation::*;
pub use item::*;
pub use patron::*;
pub use system::*;
pub use value::{Extra, decode_text};

use super::charset::Charset;
use super::wire::{Checksum, Code, DecodeError, ErrorDetection, MessageView, Sequence, Writer};

/// What every message can do.
pub trait Message: Sized {
    /// Its code.
    const CODE: Code;

    /// Reads a view whose code is [`Message::CODE`]. The view has checked the fixed part.
    fn read(view: &MessageView<'_>) -> Self;

    /// Writes fixed part and fields.
    fn write(&self, to: &mut Writer);

    /// The message's bytes, without terminator.
    #[must_use]
    fn encode(&self, charset: Charset, detection: ErrorDetection) -> Vec<u8> {
        let mut writer = Writer::new(Self::CODE, charset);
        self.write(&mut writer);
        writer.finish(detection)
    }
}

/// A message with what its trailer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received<M> {
    /// The message.
    pub message: M,
    /// The digit of `AY`, where present.
    pub sequence: Option<Sequence>,
    /// What `AZ` says.
    pub checksum: Checksum,
}

/// Defines a message: its struct, and reading and writing in the order of the fields given.
macro_rules! message {
    (
        $(#[$doc:meta])*
        $name:ident = $code:ident
        fixed { $($(#[$fixed_doc:meta])* $fixed:ident: $fixed_type:ty as $kind:ty,)* }
        fields { $($(#[$field_doc:meta])* $field:ident: $field_type:ty = $id:ident,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $name {
            $($(#[$fixed_doc])* pub $fixed: $fixed_type,)*
            $(
                $(#[$field_doc])*
                #[doc = concat!("Field `", stringify!($id), "`.")]
                pub $field: $field_type,
            )*
            /// Fields the protocol does not list on this message, in order.
            pub extra: $crate::sip2::message::Extra,
        }

        const _: () = assert!(
            0 $(+ <$kind as $crate::sip2::message::fixed::FixedKind>::WIDTH)*
                == $crate::sip2::wire::Code::$code.fixed_len(),
            "the fixed fields fill the fixed part"
        );

        impl $crate::sip2::message::Message for $name {
            const CODE: $crate::sip2::wire::Code = $crate::sip2::wire::Code::$code;

            fn read(view: &$crate::sip2::wire::MessageView<'_>) -> Self {
                #[allow(unused_mut)]
                let mut fixed = $crate::sip2::message::fixed::FixedReader::new(view.fixed());
                let mut message = Self {
                    $($fixed: fixed.take::<$kind>(),)*
                    $($field: Default::default(),)*
                    extra: Default::default(),
                };
                let _ = &fixed;
                let texts = $crate::sip2::message::value::Texts::of(view);
                let mut fields = view.fields();
                while let Some((id, range)) = fields.next_range() {
                    let text = texts.field(id, range);
                    match id {
                        $($crate::sip2::field::FieldId::$id => {
                            $crate::sip2::message::value::Slot::put(
                                &mut message.$field, id, text, &mut message.extra,
                            );
                        })*
                        _ => message.extra.keep(id, text),
                    }
                }
                message
            }

            fn write(&self, to: &mut $crate::sip2::wire::Writer) {
                $(<$kind as $crate::sip2::message::fixed::FixedKind>::write(&self.$fixed, to.fixed());)*
                $($crate::sip2::message::value::Slot::write(
                    &self.$field, $crate::sip2::field::FieldId::$id, to,
                );)*
                self.extra.write(to);
            }
        }
    };
}
use message;

/// Defines the enum of all messages of one direction.
macro_rules! direction {
    ($(#[$doc:meta])* $name:ident { $($variant:ident($message:ident),)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $(
                #[doc = concat!("See [`", stringify!($message), "`].")]
                $variant($message),
            )+
        }

        impl $name {
            /// The message code.
            #[must_use]
            pub fn code(&self) -> Code {
                match self {
                    $(Self::$variant(_) => $message::CODE,)+
                }
            }

            /// The message's bytes, without terminator.
            #[must_use]
            pub fn encode(&self, charset: Charset, detection: ErrorDetection) -> Vec<u8> {
                match self {
                    $(Self::$variant(message) => message.encode(charset, detection),)+
                }
            }

            /// Reads a view.
            ///
            /// # Errors
            /// [`DecodeError::WrongDirection`] for a message of the other side.
            pub fn from_view(view: &MessageView<'_>) -> Result<Self, DecodeError> {
                match view.code() {
                    $($message::CODE => Ok(Self::$variant($message::read(view))),)+
                    code => Err(DecodeError::WrongDirection { code }),
                }
            }

            /// Reads a line without its terminator. Checksum and sequence are reported, not judged.
            ///
            /// # Errors
            /// [`DecodeError`] when the line is no message of this direction.
            pub fn decode(line: &[u8], charset: Charset) -> Result<Received<Self>, DecodeError> {
                let view = MessageView::parse(line, charset)?;
                Ok(Received {
                    message: Self::from_view(&view)?,
                    sequence: view.sequence(),
                    checksum: view.checksum(),
                })
            }
        }

        $(
            impl From<$message> for $name {
                fn from(message: $message) -> Self {
                    Self::$variant(message)
                }
            }
        )+
    };
}

direction! {
    /// What the station asks.
    Request {
        BlockPatron(BlockPatronRequest),
        Checkin(CheckinRequest),
        Checkout(CheckoutRequest),
        Hold(HoldRequest),
        ItemInformation(ItemInformationRequest),
        ItemStatusUpdate(ItemStatusUpdateRequest),
        PatronStatus(PatronStatusRequest),
        PatronEnable(PatronEnableRequest),
        Renew(RenewRequest),
        EndSession(EndSessionRequest),
        FeePaid(FeePaidRequest),
        PatronInformation(PatronInformationRequest),
        RenewAll(RenewAllRequest),
        Login(LoginRequest),
        ScStatus(ScStatus),
        Resend(AcsResendRequest),
    }
}

direction! {
    /// What the library system answers.
    Response {
        Checkin(CheckinResponse),
        Checkout(CheckoutResponse),
        Hold(HoldResponse),
        ItemInformation(ItemInformationResponse),
        ItemStatusUpdate(ItemStatusUpdateResponse),
        PatronStatus(PatronStatusResponse),
        PatronEnable(PatronEnableResponse),
        Renew(RenewResponse),
        EndSession(EndSessionResponse),
        FeePaid(FeePaidResponse),
        PatronInformation(PatronInformationResponse),
        RenewAll(RenewAllResponse),
        Login(LoginResponse),
        AcsStatus(AcsStatus),
        Resend(ScResendRequest),
    }
}

impl Request {
    /// The code of the answer, or `None` for 97, which is answered by whatever was said last.
    #[must_use]
    pub fn answer_code(&self) -> Option<Code> {
        answer_code(self.code())
    }
}

/// The code that answers a request code (sip2.md section 4). There is no 02: 01 is answered by 24.
#[must_use]
pub fn answer_code(request: Code) -> Option<Code> {
    match request {
        Code::BlockPatron => Some(Code::PatronStatusResponse),
        Code::ScStatus => Some(Code::AcsStatus),
        Code::RequestAcsResend => None,
        other => Code::from_number(other.number() + 1),
    }
}

#[cfg(test)]
mod tests;
