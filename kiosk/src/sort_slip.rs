//! Transit and hold slips: what goes with a returned item (patron-experience.md section 9).
//!
//! Nothing on them comes from a patron, not even as a keyed hash: the same mark on two slips would
//! tie one reader's books together for everybody at the shelf. Staff scan the item number, and the
//! library system says for whom it is.

use drivers::printer::code128;
use drivers::printer::slip::{Align, Slip, Style, Weight};
use jiff::civil::DateTime;
use ui::lang::{Arg, words};

use crate::owners::Owners;
use crate::session::{Names, SortSlip};

/// Widest barcode in modules: it fits the narrowest paper, 384 dots, with its quiet zones.
const BARS_MAX: usize = 340;

/// The slip for a returned item.
#[must_use]
pub fn slip(request: &SortSlip, names: &Names, owners: &Owners, at: DateTime) -> Slip {
    let words = words(request.language);
    let branch = |code: &str| names.branch(code, request.language);
    let head = if request.to.is_some() { "receipt-transit-head" } else { "receipt-hold-head" };
    let bold = Style { align: Align::Center, weight: Weight::Bold, ..Style::default() };
    let mut slip = Slip::new().styled(words.text(head), bold);
    let here = branch(owners.here());
    if let Some(to) = &request.to {
        if !here.is_empty() {
            slip = slip.text(words.with("receipt-transit-from", &[("branch", Arg::S(&here))]));
        }
        slip = slip.text(words.with("receipt-transit-to", &[("branch", Arg::S(&branch(to)))]));
    } else if !here.is_empty() {
        slip = slip.centered(here);
    }
    slip = slip.text(at.strftime("%Y-%m-%d %H:%M").to_string()).rule();
    if let Some(title) = &request.title {
        slip = slip.text(title.clone());
    }
    let item = request.item.to_string();
    slip = slip.text(words.with("receipt-item", &[("item", Arg::S(&item))]));
    if code128::modules(&item).is_ok_and(|bars| bars.len() <= BARS_MAX) {
        slip = slip.code128(item);
    }
    slip.feed(1).cut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{ItemId, TxnId};
    use drivers::printer::layout::columns_of;
    use ui::view::Language;

    #[test]
    fn slips_say_where_what_and_when_and_fit_the_paper() {
        let names = Names {
            branches: vec![
                ("YZ-MAIN".to_owned(), ["总馆".to_owned(), "Main".to_owned()]),
                ("XB".to_owned(), ["新坝分馆".to_owned(), "Xinba".to_owned()]),
            ],
            ..Names::default()
        };
        let here = "YZ-MAIN".to_owned();
        let owners = Owners::new(Vec::new(), Vec::new(), here, crate::owners::OwnerRule::Lend);
        let at = "2026-12-06T14:32:00".parse().unwrap();
        for (language, to, said) in [
            (Language::ZhCn, Some("XB"), ["转送", "从 总馆", "到 新坝分馆"]),
            (Language::En, Some("XB"), ["Transfer", "From Main", "To Xinba"]),
            (Language::ZhCn, None, ["预约书", "总馆", "条码"]),
            (Language::En, None, ["On hold", "Main", "Item"]),
        ] {
            let request = SortSlip {
                txn: TxnId(1),
                item: ItemId::new("YZ0000001").unwrap(),
                title: Some("一个特别特别长的书名，长到纸上一行怎么也放不下它".to_owned()),
                to: to.map(str::to_owned),
                language,
            };
            for columns in [32, 48] {
                let text = slip(&request, &names, &owners, at).to_text(columns);
                for words in said.iter().chain(&["YZ0000001", "2026-12-06 14:32"]) {
                    assert!(text.contains(words), "{words}: {text}");
                }
                assert!(text.lines().all(|line| columns_of(line) <= columns), "{text}");
                assert!(!text.contains("receipt-"), "{text}");
            }
        }
    }
}
