//! Dates by the rules of patron-experience.md section 8.

use crate::view::{Date, Language};

const ZH_DAYS: [&str; 7] = ["一", "二", "三", "四", "五", "六", "日"];
const EN_DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const EN_MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The day as a screen shows it: `12月6日（周日）`, `Sun 6 Dec`. A month or weekday outside its
/// range (a view made by hand) leaves that part out.
#[must_use]
pub fn date_screen(date: Date, language: Language) -> String {
    let weekday = usize::from(date.weekday).wrapping_sub(1);
    match language {
        Language::ZhCn => {
            let day = format!("{}月{}日", date.month, date.day);
            match ZH_DAYS.get(weekday) {
                Some(name) => format!("{day}（周{name}）"),
                None => day,
            }
        }
        Language::En => {
            let month = EN_MONTHS.get(usize::from(date.month).wrapping_sub(1)).copied();
            let day = date.day.to_string();
            let parts = [EN_DAYS.get(weekday).copied(), Some(day.as_str()), month];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
    }
}

/// The day as paper shows it in both languages: `2026-12-06`.
#[must_use]
pub fn date_paper(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}
