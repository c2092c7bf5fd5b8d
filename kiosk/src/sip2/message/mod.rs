//! Typed messages: one struct per message of sip2.md section 4, in both directions.
//!
//! Encoding writes the fields in the order of sip2.md section 11, fields of no known place last.
//! Decoding never relies on order, keeps unknown fields in `extra`, and fails only when a line is
//! no message at all or its fixed part is too short.
//!
//! Required fields are plain values, written even when empty (`AC|`); optional ones are `Option`;
//! repeatable ones are `Vec`.
//!
//! A message is read in its [`Borrowed`] form, whose texts lie in the line and which allocates
//! nothing per field; whoever keeps it makes it [`Owned`], the form meant where none is named.

mod circulation;
mod fixed;
mod form;
mod item;
mod lent;
mod part;
mod patron;
mod system;
mod value;

pub use circulation::*;
pub use form::{Borrowed, ExtraFields, Form, Held, Holds, Meaning, Owned};
pub use item::*;
pub use lent::{Lent, LentExtra, Repeated};
pub use part::Part;
pub use patron::*;
pub use system::*;
pub use value::{Extra, decode_text};

use super::charset::Charset;
use super::wire::{Checksum, Code, DecodeError, ErrorDetection, MessageView, Sequence, Writer};

/// What every message can do.
pub trait Message: Sized {
    /// Its code.
    const CODE: Code;

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

/// Reading, for the two forms.
pub(crate) trait Read<'a>: Message {
    /// Reads a view whose code is [`Message::CODE`] into a message without any field. The view has
    /// checked the fixed part. Filled where it lies: a message is large, and moving it costs as
    /// much as reading it.
    fn fill(&mut self, view: &MessageView<'a>);
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

impl<M> Received<M> {
    fn of(message: M, view: &MessageView<'_>) -> Self {
        Self { message, sequence: view.sequence(), checksum: view.checksum() }
    }
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
        pub struct $name<F: $crate::sip2::message::Form = $crate::sip2::message::Owned> {
            $($(#[$fixed_doc])* pub $fixed: $fixed_type,)*
            $(
                $(#[$field_doc])*
                #[doc = concat!("Field `", stringify!($id), "`.")]
                pub $field: $crate::sip2::message::Held<$field_type, F>,
            )*
            /// Fields the protocol does not list on this message, in order.
            pub extra: F::Extra,
        }

        const _: () = assert!(
            0 $(+ <$kind as $crate::sip2::message::fixed::FixedKind>::WIDTH)*
                == $crate::sip2::wire::Code::$code.fixed_len(),
            "the fixed fields fill the fixed part"
        );

        message!(@read $name $code ['a] $crate::sip2::message::Borrowed<'a>,
            { $($fixed: $kind,)* } { $($field: $id,)* });
        message!(@read $name $code ['a] $crate::sip2::message::Owned,
            { $($fixed: $kind,)* } { $($field: $id,)* });

        impl $name<$crate::sip2::message::Borrowed<'_>> {
            /// The message with texts of its own.
            #[must_use]
            pub fn into_owned(self) -> $name {
                $name {
                    $($fixed: self.$fixed,)*
                    $($field: $crate::sip2::message::part::IntoOwned::into_owned(self.$field),)*
                    extra: self.extra.into_owned(),
                }
            }
        }

        impl<F: $crate::sip2::message::Form> $crate::sip2::message::Message for $name<F> {
            const CODE: $crate::sip2::wire::Code = $crate::sip2::wire::Code::$code;

            fn write(&self, to: &mut $crate::sip2::wire::Writer) {
                $(<$kind as $crate::sip2::message::fixed::FixedKind>::write(&self.$fixed, to.fixed());)*
                $($crate::sip2::message::Part::write(
                    &self.$field, $crate::sip2::field::FieldId::$id, to,
                );)*
                $crate::sip2::message::ExtraFields::write(&self.extra, to);
            }
        }
    };

    // Reading into one form.
    (
        @read $name:ident $code:ident [$line:lifetime] $form:ty,
        { $($fixed:ident: $kind:ty,)* } { $($field:ident: $id:ident,)* }
    ) => {
        impl<$line> $crate::sip2::message::Read<$line> for $name<$form> {
            fn fill(&mut self, view: &$crate::sip2::wire::MessageView<$line>) {
                // Of a known length, so that nothing is asked about it again for each part.
                const FIXED: usize = $crate::sip2::wire::Code::$code.fixed_len();
                if let Some(fixed) = view.fixed().first_chunk::<FIXED>() {
                    #[allow(unused_mut)]
                    let mut fixed = $crate::sip2::message::fixed::FixedReader::new(fixed);
                    $(self.$fixed = fixed.take::<$kind>();)*
                    let _ = &fixed;
                }
                let mut fields = view.fields();
                while let Some((id, range)) = fields.next_range() {
                    let piece = $crate::sip2::message::value::Piece::of(view, id, range);
                    let taken = match id {
                        $($crate::sip2::field::FieldId::$id => {
                            $crate::sip2::message::part::Take::take(&mut self.$field, piece)
                        })*
                        _ => false,
                    };
                    if !taken {
                        self.extra.keep(piece);
                    }
                }
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
        pub enum $name<F: Form = Owned> {
            $(
                #[doc = concat!("See [`", stringify!($message), "`].")]
                $variant($message<F>),
            )+
        }

        impl<F: Form> $name<F> {
            /// The message with this code and nothing in it.
            #[inline]
            fn blank(code: Code) -> Result<Self, DecodeError> {
                match code {
                    $(<$message as Message>::CODE => Ok(Self::$variant(Default::default())),)+
                    code => Err(DecodeError::WrongDirection { code }),
                }
            }

            /// The message code.
            #[must_use]
            pub fn code(&self) -> Code {
                match self {
                    $(Self::$variant(_) => <$message<F> as Message>::CODE,)+
                }
            }

            /// The message's bytes, without terminator.
            #[must_use]
            pub fn encode(&self, charset: Charset, detection: ErrorDetection) -> Vec<u8> {
                match self {
                    $(Self::$variant(message) => message.encode(charset, detection),)+
                }
            }
        }

        impl $name {
            /// Reads a view.
            ///
            /// # Errors
            /// [`DecodeError::WrongDirection`] for a message of the other side.
            pub fn from_view(view: &MessageView<'_>) -> Result<Self, DecodeError> {
                let mut read = Self::blank(view.code());
                match &mut read {
                    $(Ok(Self::$variant(message)) => message.fill(view),)+
                    Err(_) => {}
                }
                read
            }

            /// Reads a line without its terminator. Checksum and sequence are reported, not judged.
            ///
            /// # Errors
            /// [`DecodeError`] when the line is no message of this direction.
            pub fn decode(line: &[u8], charset: Charset) -> Result<Received<Self>, DecodeError> {
                let view = MessageView::parse(line, charset)?;
                Ok(Received::of(Self::from_view(&view)?, &view))
            }
        }

        impl<'a> $name<Borrowed<'a>> {
            /// Reads a view, as `from_view` does, into texts that stay in the
            /// line.
            ///
            /// # Errors
            /// [`DecodeError::WrongDirection`] for a message of the other side.
            pub fn lent(view: &MessageView<'a>) -> Result<Self, DecodeError> {
                let mut read = Self::blank(view.code());
                match &mut read {
                    $(Ok(Self::$variant(message)) => message.fill(view),)+
                    Err(_) => {}
                }
                read
            }

            /// Reads a line without its terminator, as `decode` does, into texts that stay in it.
            ///
            /// # Errors
            /// [`DecodeError`] when the line is no message of this direction.
            pub fn decode_lent(
                line: &'a [u8],
                charset: Charset,
            ) -> Result<Received<Self>, DecodeError> {
                let view = MessageView::parse(line, charset)?;
                Ok(Received::of(Self::lent(&view)?, &view))
            }

            /// The message with texts of its own.
            #[must_use]
            pub fn into_owned(self) -> $name {
                match self {
                    $(Self::$variant(message) => $name::$variant(message.into_owned()),)+
                }
            }
        }

        $(
            impl<F: Form> From<$message<F>> for $name<F> {
                fn from(message: $message<F>) -> Self {
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

impl<F: Form> Request<F> {
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
