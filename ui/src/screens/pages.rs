//! One adapter a page: from view types to what the page draws. Sentences with arguments are made
//! here; words without arguments are set once a language.

pub(super) mod account;
pub(super) mod attract;
pub(super) mod count;
pub(super) mod finish;
pub(super) mod frame;
pub(super) mod identify;
pub(super) mod layer;
pub(super) mod pin;
pub(super) mod work;
