//! What stands on a slip: words from the catalogue around a [`SlipRequest`]'s data
//! (patron-experience.md section 9). No name, no card number.

use drivers::printer::slip::{Align, Slip, Style};
use qrcode::{EcLevel, QrCode};
use ui::lang::{Arg, Words, date_paper, words};
use ui::view::{Language, Qr};

use crate::session::{Names, SlipKind, SlipLine, SlipRequest};

/// Columns of the e-receipt's text.
const PHONE_COLUMNS: usize = 32;
/// Most titles in one e-receipt code (patron-experience.md section 9).
const PHONE_TITLES_MAX: usize = 20;

/// The slip for a session, in its language.
#[must_use]
pub fn slip(request: &SlipRequest, names: &Names) -> Slip {
    let words = words(request.language);
    let at = usize::from(request.language == Language::En);
    let mut slip = Slip::new();
    if request.copy {
        slip = slip.styled(words.text("receipt-copy"), bold(Align::Center));
    }
    slip = slip
        .styled(names.library[at].clone(), bold(Align::Center))
        .centered(words.text(head_key(request.kind)))
        .centered(names.place[at].clone())
        .columns(
            request.at.strftime("%Y-%m-%d %H:%M").to_string(),
            words.with("receipt-code", &[("code", Arg::S(&request.code.0))]),
        )
        .rule();
    for line in &request.lines {
        slip = slip.columns(line.title.clone(), right(line, request.kind, words));
        if is_noted_loan(line, request.kind) {
            slip = slip.text(words.text("receipt-queued"));
        }
        if line.advice.is_some() {
            slip = slip.text(words.text("receipt-secfail"));
        }
    }
    slip = slip.rule().text(total(request, words));
    if request.kind != SlipKind::GiveBack {
        slip = slip.text(words.text("receipt-renew-hint"));
    }
    if !names.hours[at].is_empty() {
        slip = slip.centered(words.with("receipt-hours", &[("hours", Arg::S(&names.hours[at]))]));
    }
    slip.feed(1).cut()
}

fn bold(align: Align) -> Style {
    Style { align, weight: drivers::printer::slip::Weight::Bold, ..Style::default() }
}

fn head_key(kind: SlipKind) -> &'static str {
    match kind {
        SlipKind::Borrow => "receipt-head-borrow",
        SlipKind::GiveBack => "receipt-head-return",
        SlipKind::Renew => "receipt-head-renew",
    }
}

/// Lent off line: its due day stands, and it is to be registered.
fn is_noted_loan(line: &SlipLine, kind: SlipKind) -> bool {
    line.queued && kind != SlipKind::GiveBack && line.due.is_some()
}

fn right(line: &SlipLine, kind: SlipKind, words: &Words) -> String {
    if line.queued && !is_noted_loan(line, kind) {
        return words.text("receipt-queued");
    }
    if kind == SlipKind::GiveBack {
        return words.text("receipt-returned");
    }
    let date = match (line.due, &line.due_text) {
        (Some(day), _) => date_paper(day),
        (None, Some(text)) => text.clone(),
        (None, None) => return String::new(),
    };
    words.with("receipt-due", &[("date", Arg::S(&date))])
}

fn total(request: &SlipRequest, words: &Words) -> String {
    let n = i64::try_from(request.lines.len()).unwrap_or(i64::MAX);
    let first = request.lines.iter().filter_map(|l| l.due).min();
    match (request.kind, first) {
        (SlipKind::Borrow, Some(first)) => {
            let date = date_paper(first);
            words.with("receipt-total", &[("n", Arg::N(n)), ("date", Arg::S(&date))])
        }
        (SlipKind::Renew, _) => words.with("receipt-total-renew", &[("n", Arg::N(n))]),
        _ => words.with("receipt-total-return", &[("n", Arg::N(n))]),
    }
}

/// The e-receipt's symbol: the same text, no link. An empty symbol when the text does not fit.
#[must_use]
pub fn qr(request: &SlipRequest, names: &Names) -> Qr {
    let mut request = request.clone();
    request.lines.truncate(PHONE_TITLES_MAX);
    let text = slip(&request, names).to_text(PHONE_COLUMNS);
    let text = text.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect::<Vec<_>>();
    symbol(&text.join("\n"))
}

fn symbol(text: &str) -> Qr {
    let Ok(code) = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L) else {
        return Qr { side: 0, dark: Vec::new() };
    };
    let side = u32::try_from(code.width()).unwrap_or(0);
    let dark = code.to_colors().into_iter().map(|c| c == qrcode::Color::Dark).collect();
    Qr { side, dark }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::SessionCode;
    use drivers::printer::layout::columns_of;

    fn request(kind: SlipKind, language: Language) -> SlipRequest {
        let line = |title: &str| SlipLine {
            title: title.to_owned(),
            due: Some(ui::view::Date { year: 2027, month: 1, day: 5, weekday: 2 }),
            due_text: None,
            queued: false,
            advice: None,
        };
        SlipRequest {
            kind,
            language,
            at: "2026-12-06T14:32:00".parse().unwrap(),
            code: SessionCode("7K4-M92".to_owned()),
            lines: vec![line("植物与人"), line("一个特别特别长的书名，长到纸上一行怎么也放不下它")],
            copy: false,
        }
    }

    fn names() -> Names {
        Names {
            library: ["扬中市图书馆".to_owned(), "Yangzhong Library".to_owned()],
            place: [
                "总馆一楼 · 3 号机".to_owned(),
                "Main library, ground floor · Station 3".to_owned(),
            ],
            branches: Vec::new(),
            hours: Default::default(),
        }
    }

    #[test]
    fn no_line_is_wider_than_the_paper_and_no_date_is_cut() {
        for columns in [32, 48] {
            for kind in [SlipKind::Borrow, SlipKind::GiveBack, SlipKind::Renew] {
                for language in [Language::ZhCn, Language::En] {
                    let text = slip(&request(kind, language), &names()).to_text(columns);
                    for line in text.lines() {
                        assert!(columns_of(line) <= columns, "{line:?}");
                    }
                    if kind != SlipKind::GiveBack {
                        assert!(text.matches("2027-01-05").count() >= 2, "{text}");
                    }
                    assert!(text.contains("2026-12-06 14:32"), "the moment is cut: {text}");
                    assert!(!text.contains("receipt-"), "an untranslated key: {text}");
                }
            }
        }
    }

    #[test]
    fn a_loan_noted_off_line_has_its_day_and_says_that_it_is_to_be_registered() {
        for language in [Language::ZhCn, Language::En] {
            let mut noted = request(SlipKind::Borrow, language);
            noted.lines[0].queued = true;
            let text = slip(&noted, &names()).to_text(32);
            let says = words(language).text("receipt-queued");
            assert_eq!(text.matches(&says).count(), 1, "{text}");
            let lines: Vec<&str> = text.lines().collect();
            let at = lines.iter().position(|l| l.contains(&says)).unwrap();
            assert!(lines[..at].iter().any(|l| l.contains("2027-01-05")), "{text}");
        }
    }

    #[test]
    fn the_phone_symbol_holds_the_titles() {
        let qr = qr(&request(SlipKind::Borrow, Language::ZhCn), &names());
        assert_eq!(qr.dark.len(), usize::try_from(qr.side * qr.side).unwrap());
        assert!(qr.side >= 21);
    }
}
