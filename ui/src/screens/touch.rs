//! From what a page sends to [`Touch`].

use super::slint_pages::TouchKind;
use crate::view::Touch;

/// The event of a control, or `None` for a number no page sends.
pub(super) fn touch(kind: TouchKind, number: i32) -> Option<Touch> {
    let id = || u32::try_from(number).ok();
    let small = || u8::try_from(number).ok();
    Some(match kind {
        TouchKind::Borrow => Touch::Borrow,
        TouchKind::GiveBack => Touch::GiveBack,
        TouchKind::Account => Touch::Account,
        TouchKind::Language => Touch::Language,
        TouchKind::Contrast => Touch::Contrast,
        TouchKind::LargePrint => Touch::LargePrint,
        TouchKind::Help => Touch::Help,
        TouchKind::CallStaff => Touch::CallStaff,
        TouchKind::Back => Touch::Back,
        TouchKind::Finish => Touch::Finish,
        TouchKind::Digit => Touch::Digit(small().filter(|digit| *digit <= 9)?),
        TouchKind::Delete => Touch::Delete,
        TouchKind::Ok => Touch::Ok,
        TouchKind::Count => Touch::Count(small()?),
        TouchKind::Yes => Touch::Yes(id()?),
        TouchKind::No => Touch::No(id()?),
        TouchKind::Undo => Touch::Undo(id()?),
        TouchKind::Renew => Touch::Renew(id()?),
        TouchKind::RenewAll => Touch::RenewAll,
        TouchKind::Paper => Touch::Paper,
        TouchKind::Phone => Touch::Phone,
        TouchKind::NoReceipt => Touch::NoReceipt,
        TouchKind::More => Touch::More,
        TouchKind::StillHere => Touch::Continue,
        TouchKind::EndNow => Touch::EndNow,
    })
}
