//! The sentences of view types: which key, which arguments.

use super::catalogue::{Arg, words};
use super::dates::date_screen;
use crate::view::{Advice, Destination, DeviceKind, Language, LineState, Note, StateLine};

/// The catalogue key of an advice: `err-` and its code of patron-experience.md section 7.
#[must_use]
pub fn advice_key(advice: &Advice) -> &'static str {
    match advice {
        Advice::CardUnread => "err-card-unread",
        Advice::CardUnknown => "err-card-unknown",
        Advice::CardExpired => "err-card-expired",
        Advice::CardLost => "err-card-lost",
        Advice::CardBlocked => "err-card-blocked",
        Advice::CardIsItem => "err-card-is-item",
        Advice::ItemIsCard => "err-item-is-card",
        Advice::TwoCards => "err-two-cards",
        Advice::CardOther => "err-card-other",
        Advice::QrExpired => "err-qr-expired",
        Advice::QrUsed => "err-qr-used",
        Advice::PinWrong => "err-pin-wrong",
        Advice::PinLocked { .. } => "err-pin-locked",
        Advice::Limit => "err-limit",
        Advice::OverBy { .. } => "err-over-by",
        Advice::Fees => "err-fees",
        Advice::LateItems => "err-late-items",
        Advice::InLibrary => "err-in-library",
        Advice::HeldOther => "err-held-other",
        Advice::OnLoanOther => "err-on-loan-other",
        Advice::AlreadyYours => "err-already-yours",
        Advice::ItemUnknown => "err-item-unknown",
        Advice::Withdrawn => "err-withdrawn",
        Advice::Age => "err-age",
        Advice::PartsMissing { .. } => "err-parts-missing",
        Advice::MediaHere => "err-media-here",
        Advice::TagBad => "err-tag-bad",
        Advice::TagForeign => "err-tag-foreign",
        Advice::SecFail => "err-sec-fail",
        Advice::SecFailUndo => "err-sec-fail-undo",
        Advice::Lifted => "err-lifted",
        Advice::RenewHeld => "err-renew-held",
        Advice::RenewMax => "err-renew-max",
        Advice::RenewEarly => "err-renew-early",
        Advice::RetNo => "err-ret-no",
        Advice::RetOther => "err-ret-other",
        Advice::IlsDown => "err-ils-down",
        Advice::OfflineLimit => "err-offline-limit",
        Advice::Unsure => "err-unsure",
        Advice::ReaderDown => "err-reader-down",
        Advice::PaperOut => "err-paper-out",
        Advice::PrintFail => "err-print-fail",
        Advice::QueueFull => "err-queue-full",
        Advice::AskStaff => "err-ask-staff",
    }
}

/// The sentence of an advice.
#[must_use]
pub fn advice(advice: &Advice, language: Language) -> String {
    let words = words(language);
    let key = advice_key(advice);
    match advice {
        Advice::PinLocked { minutes } => words.with(key, &[("n", Arg::N((*minutes).into()))]),
        Advice::OverBy { n } => words.with(key, &[("n", Arg::N((*n).into()))]),
        Advice::PartsMissing { all, got } => {
            words.with(key, &[("all", Arg::N((*all).into())), ("got", Arg::N((*got).into()))])
        }
        _ => words.text(key),
    }
}

/// Where a returned item goes, as a sentence.
#[must_use]
pub fn destination(destination: &Destination, language: Language) -> String {
    let words = words(language);
    match destination {
        Destination::Shelf => words.text("ret-shelf"),
        Destination::Trolley => words.text("ret-trolley"),
        Destination::HoldSlot => words.text("ret-hold"),
        Destination::Transit { branch } => words.with("ret-transit", &[("branch", Arg::S(branch))]),
        Destination::Counter => words.text("ret-counter"),
    }
}

/// The sentence under a line's title; empty for [`Note::None`]. A day is a due day; use
/// [`note_for`] where a line may be a renewal.
#[must_use]
pub fn note(note: &Note, language: Language) -> String {
    let words = words(language);
    match note {
        Note::None => String::new(),
        Note::LeaveIt => words.text("state-writing"),
        Note::Due(date) => {
            words.with("line-due", &[("date", Arg::S(&date_screen(*date, language)))])
        }
        Note::DueText(text) => words.with("line-due", &[("date", Arg::S(text))]),
        Note::Put(place) => destination(place, language),
        Note::NotOnLoan(place) => {
            words.with("ret-notloan-then", &[("put", Arg::S(&destination(place, language)))])
        }
        Note::Advice(code) => advice(code, language),
        Note::LibrarySays(text) => text.clone(),
        Note::Owner { owner, taken_back } => {
            let key = if *taken_back { "owner-return-only" } else { "owner-elsewhere" };
            words.with(key, &[("owner", Arg::S(owner))])
        }
    }
}

/// The sentence under a line's title, knowing the line's state: a renewed line says to which
/// day, and "please leave it" is not said twice when the state says it already.
#[must_use]
pub fn note_for(state: LineState, what: &Note, language: Language) -> String {
    match (state, what) {
        (LineState::Renewed, Note::Due(date)) => {
            words(language).with("line-renewed", &[("date", Arg::S(&date_screen(*date, language)))])
        }
        (LineState::Renewed, Note::DueText(text)) => {
            words(language).with("line-renewed", &[("date", Arg::S(text))])
        }
        (LineState::Writing, Note::LeaveIt) => words(language).text("state-asking"),
        _ => note(what, language),
    }
}

/// The word of a line's state (patron-experience.md section 3).
#[must_use]
pub fn line_state(state: LineState, language: Language) -> String {
    words(language).text(match state {
        LineState::Seen => "state-seen",
        LineState::Asking => "state-asking",
        LineState::Writing => "state-writing",
        LineState::Borrowed => "state-borrowed",
        LineState::Returned => "state-returned",
        LineState::Renewed => "state-renewed",
        LineState::Attention => "state-attention",
        LineState::Refused => "state-refused",
        LineState::Lifted => "state-lifted",
        LineState::Queued => "state-queued",
    })
}

/// What does not work today, as the start screen says it (patron-experience.md section 12).
#[must_use]
pub fn state_line(line: &StateLine, language: Language) -> String {
    let words = words(language);
    match line {
        StateLine::Maintenance { nearest } if nearest.is_empty() => {
            words.text("today-maintenance-alone")
        }
        StateLine::Maintenance { nearest } => {
            words.with("today-maintenance", &[("nearest", Arg::S(nearest))])
        }
        StateLine::Starting { missing } if missing.is_empty() => words.text("today-starting-alone"),
        StateLine::Starting { missing } => {
            words.with("today-starting", &[("what", Arg::S(&devices(missing, language)))])
        }
        StateLine::Missing { devices: missing } => {
            words.with("today-missing", &[("what", Arg::S(&devices(missing, language)))])
        }
        StateLine::ReaderLost => words.text("today-reader-lost"),
        StateLine::ScanOnly => words.text("today-scan-only"),
        StateLine::Offline { limit } => {
            words.with("today-offline", &[("n", Arg::N(i64::from(*limit)))])
        }
        StateLine::ReturnsOnly => words.text("today-returns-only"),
        StateLine::NoPaper => words.text("today-no-paper"),
    }
}

fn devices(kinds: &[DeviceKind], language: Language) -> String {
    let names = kinds.iter().map(|kind| device(*kind, language)).collect::<Vec<_>>();
    let words = words(language);
    // A separator that ends in a blank loses it in `text`; English needs one.
    let separator = match language {
        Language::ZhCn => words.text("list-sep"),
        Language::En => format!("{} ", words.text("list-sep")),
    };
    names.join(&separator)
}

fn device(kind: DeviceKind, language: Language) -> String {
    words(language).text(match kind {
        DeviceKind::Reader => "device-reader",
        DeviceKind::Printer => "device-printer",
        DeviceKind::Cards => "device-cards",
        DeviceKind::IdCard => "device-id-card",
        DeviceKind::Scanner => "device-scanner",
        DeviceKind::Library => "device-library",
    })
}
