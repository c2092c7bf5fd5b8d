//! A unit in a plain sentence for staff: what is to be done about it, or what to know.

use ui::lang::{Arg, Words, words};
use ui::view::Language;

use super::Row;

/// What staff should know of a unit; `None` where its state says all.
#[must_use]
pub fn sentence(row: &Row, language: Language) -> Option<String> {
    let words = words(language);
    match (row.state.as_str(), row.kind.as_str()) {
        ("for_staff", kind) => Some(conflict(row, kind, words)),
        ("queued", "checkout") => Some(with_due(row, "staff-queued-loan", words)),
        ("queued", _) => Some(words.text("staff-queued-return")),
        ("accepted", _) => remarks(row, words),
        _ => None,
    }
}

fn with_due(row: &Row, key: &str, words: &Words) -> String {
    words.with(key, &[("due", Arg::S(row.due.as_deref().unwrap_or("-")))])
}

fn conflict(row: &Row, kind: &str, words: &Words) -> String {
    let reason = row.reason.as_deref().unwrap_or_default();
    let unsure = reason == "unsure";
    match kind {
        "checkout" if row.due.is_some() && !unsure => {
            let due = row.due.as_deref().unwrap_or("-");
            let why = words.text(why(reason));
            words.with("staff-loan-refused", &[("why", Arg::S(&why)), ("due", Arg::S(due))])
        }
        "checkout" if row.due.is_some() => with_due(row, "staff-loan-noted-unsure", words),
        "checkout" => words.text("staff-loan-unsure"),
        "checkin" if unsure => words.text("staff-return-unsure"),
        "checkin" => words.text("staff-return-refused"),
        "fee" if unsure => words.text("staff-fee-unsure"),
        "fee" => words.text("staff-fee-refused"),
        "renew" => words.text("staff-renewal-unsure"),
        _ => words.text("staff-cancel"),
    }
}

/// The station's own reasons are named as [`ui::view::Advice`] prints them.
fn why(reason: &str) -> &'static str {
    match reason {
        "HeldOther" => "staff-why-held",
        "OnLoanOther" => "staff-why-on-loan",
        "Limit" => "staff-why-limit",
        "Fees" | "LateItems" => "staff-why-fees",
        "CardBlocked" | "CardExpired" | "CardLost" | "CardUnknown" => "staff-why-card",
        "ItemUnknown" | "Withdrawn" | "InLibrary" | "MediaHere" => "staff-why-item",
        "library_says" => "staff-why-words",
        _ => "staff-why-none",
    }
}

fn remarks(row: &Row, words: &Words) -> Option<String> {
    let told: Vec<String> = row
        .remark
        .as_deref()?
        .split(' ')
        .filter_map(|code| {
            let key = match code {
                "time_unsure" => "staff-note-time",
                "held" => "staff-note-held",
                "late" => "staff-note-late",
                "due_differs" => "staff-note-due",
                "already_theirs" => "staff-note-already",
                "library_says" => "staff-note-words",
                _ => return None,
            };
            Some(with_due(row, key, words))
        })
        .collect();
    (!told.is_empty()).then(|| told.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: &str, state: &str, reason: &str, due: Option<&str>, remark: &str) -> Row {
        Row {
            id: 1,
            session: "7K4-M92".to_owned(),
            kind: kind.to_owned(),
            item: "YZ0000001".to_owned(),
            at: "2026-11-22T10:30:00".to_owned(),
            state: state.to_owned(),
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
            title: None,
            tag: "secured".to_owned(),
            due: due.map(str::to_owned),
            remark: (!remark.is_empty()).then(|| remark.to_owned()),
        }
    }

    #[test]
    fn every_conflict_and_note_is_a_sentence_in_both_languages() {
        let due = Some("2026-12-06");
        for language in [Language::ZhCn, Language::En] {
            for reason in [
                "HeldOther",
                "OnLoanOther",
                "Limit",
                "Fees",
                "CardLost",
                "ItemUnknown",
                "library_says",
                "no reason given",
                "unsure",
                "",
            ] {
                for (kind, due) in [
                    ("checkout", due),
                    ("checkout", None),
                    ("checkin", None),
                    ("renew", None),
                    ("fee", None),
                    ("cancel", None),
                ] {
                    let told =
                        sentence(&row(kind, "for_staff", reason, due, ""), language).unwrap();
                    assert!(!told.contains("staff-") && told.chars().count() > 8, "{told}");
                }
            }
            for code in
                ["time_unsure", "held", "late", "due_differs", "already_theirs", "library_says"]
            {
                let told = sentence(&row("checkout", "accepted", "", due, code), language).unwrap();
                assert!(!told.contains("staff-"), "{told}");
            }
            for (kind, due) in [("checkout", due), ("checkin", None)] {
                let told = sentence(&row(kind, "queued", "", due, ""), language).unwrap();
                assert!(!told.contains("staff-"), "{told}");
            }
        }
        let held = sentence(&row("checkout", "for_staff", "HeldOther", due, ""), Language::En);
        let limit = sentence(&row("checkout", "for_staff", "Limit", due, ""), Language::En);
        assert_ne!(held, limit);
        let fee = |reason| sentence(&row("fee", "for_staff", reason, None, ""), Language::En);
        assert!(fee("unsure").unwrap().contains("could not be found out"));
        assert!(fee("not told").unwrap().contains("is not booked"));
        assert!(held.unwrap().contains("2026-12-06"), "the day the reader was told");
        assert_eq!(sentence(&row("checkin", "accepted", "", None, ""), Language::En), None);
    }
}
