//! How a message holds its texts: owned, or borrowed from the line it was read from.

use std::fmt::Debug;
use std::marker::PhantomData;

use super::part::Part;
use super::value::Extra;
use super::{Lent, LentExtra, Repeated};
use crate::privacy::{PatronId, PersonalName, Secret, mask_name, mask_number, mask_secret};
use crate::sip2::codes::{AlertType, Amount, Number, SupportedMessages};
use crate::sip2::date::{DueDate, SipDate};

/// How a message holds its texts: [`Owned`] or [`Borrowed`].
pub trait Form: Debug + Clone + PartialEq + Eq + Default {
    /// A text with a meaning.
    type Of<V: Meaning>: Part + Debug + Clone + PartialEq + Eq + Default;
    /// The texts of a field that may repeat.
    type Many: Part + Debug + Clone + PartialEq + Eq + Default;
    /// Fields without a place of their own.
    type Extra: Debug + Clone + PartialEq + Eq + Default + ExtraFields;
}

/// Writing fields without a place of their own.
pub trait ExtraFields {
    /// Writes them in order.
    fn write(&self, to: &mut crate::sip2::wire::Writer);
}

/// Each value owns its text: messages that are built, kept or sent to another thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Owned;

/// Values lie in the line a message was read from and are decoded when they are asked for; reading
/// allocates nothing for a field with a place. `into_owned` makes the other form of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Borrowed<'a>(PhantomData<&'a str>);

impl Form for Owned {
    type Of<V: Meaning> = V;
    type Many = Vec<String>;
    type Extra = Extra;
}

impl<'a> Form for Borrowed<'a> {
    type Of<V: Meaning> = Lent<'a, V>;
    type Many = Repeated<'a>;
    type Extra = LentExtra<'a>;
}

/// How a form holds a field of an owned type.
pub trait Holds<F: Form> {
    /// The type in that form.
    type As: Part + Debug + Clone + PartialEq + Eq + Default;
}

/// A field of type `T` in the form `F`: `T` itself when owned.
pub type Held<T, F> = <T as Holds<F>>::As;

impl<F: Form, T: Holds<F>> Holds<F> for Option<T> {
    type As = Option<T::As>;
}

impl<F: Form> Holds<F> for Vec<String> {
    type As = F::Many;
}

macro_rules! plain {
    ($($type:ty)+) => {$(
        impl<F: Form> Holds<F> for $type {
            type As = $type;
        }
    )+};
}

plain!(bool u32 SipDate);

/// What the text of a field means.
pub trait Meaning: Debug + Clone + PartialEq + Eq + Default {
    /// Whether the text is about a person, and wiped where a copy of it was made.
    const PRIVATE: bool = false;
    /// Reads a text. Every text has a meaning, if only as itself.
    fn of(text: String) -> Self;
    /// The text on the wire.
    fn text(&self) -> &str;
    /// A text as `Debug` may show it.
    #[must_use]
    fn shown(text: &str) -> String {
        format!("{text:?}")
    }
}

macro_rules! meanings {
    ($($type:ty: $of:expr, $text:expr $(, private $mask:expr)?;)+) => {$(
        impl Meaning for $type {
            $(
                const PRIVATE: bool = true;
                fn shown(text: &str) -> String {
                    let mask: fn(&str) -> String = $mask;
                    format!(concat!(stringify!($type), "({})"), mask(text))
                }
            )?
            #[inline]
            fn of(text: String) -> Self {
                let of: fn(String) -> Self = $of;
                of(text)
            }
            #[inline]
            fn text(&self) -> &str {
                let text: fn(&Self) -> &str = $text;
                text(self)
            }
        }
        impl<F: Form> Holds<F> for $type {
            type As = F::Of<$type>;
        }
    )+};
}

meanings! {
    String: |text| text, |value| value;
    PatronId: PatronId::new, |value| value.expose(), private mask_number;
    Secret: Secret::new, |value| value.expose(), private mask_secret;
    PersonalName: PersonalName::new, |value| value.expose(), private mask_name;
    DueDate: DueDate::new, |value| &value.raw;
    Amount: Amount, |value| &value.0;
    Number: Number, |value| &value.0;
    SupportedMessages: SupportedMessages, |value| &value.0;
    AlertType: AlertType::from_text, |value| value.as_str();
}
