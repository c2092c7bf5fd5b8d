//! What was done, what was not, and the receipt.

use std::rc::Rc;

use slint::{Image, ModelRc, Rgb8Pixel, SharedPixelBuffer, VecModel};

use super::work::row;
use crate::lang::{Arg, Words, advice, date_screen, words};
use crate::screens::globals::Globals;
use crate::screens::rows::sync;
use crate::screens::slint_pages::{LineRow, Paper};
use crate::view::{Finish, Language, Qr, Receipt};

/// Light modules around a QR symbol (ISO/IEC 18004, quiet zone).
const QUIET_MODULES: u32 = 4;
/// Modules per side of the largest QR symbol (version 40); a larger one is not drawn.
const MOST_MODULES: u32 = 177;

/// What was not done, on the page.
#[derive(Default)]
pub(in crate::screens) struct Shown {
    not_done: Rc<VecModel<LineRow>>,
}

impl Shown {
    pub(in crate::screens) fn connect(&self, to: &Globals<'_>) {
        to.finish.set_not_done(ModelRc::from(self.not_done.clone()));
    }

    pub(in crate::screens) fn apply(
        &self,
        to: &Globals<'_>,
        finish: Option<&Finish>,
        language: Language,
    ) {
        let page = &to.finish;
        let Some(finish) = finish else {
            page.set_headline("".into());
            page.set_also("".into());
            page.set_date("".into());
            page.set_not_done_text("".into());
            page.set_not_done_count(0);
            page.set_paper(Paper::None);
            page.set_paper_text("".into());
            page.set_again(false);
            page.set_code(Image::default());
            page.set_seconds("".into());
            page.set_more_text("".into());
            page.set_bye("".into());
            return self.not_done.clear();
        };
        let words = words(language);
        let mut done = done(finish, words).into_iter();
        page.set_good(finish.borrowed + finish.returned + finish.renewed + finish.queued > 0);
        page.set_headline(done.next().unwrap_or_else(|| words.text("fin-none-done")).into());
        page.set_also(done.collect::<Vec<_>>().join(" · ").into());
        let date = finish.first_due.map(|date| date_screen(date, language));
        page.set_date(date.unwrap_or_default().into());
        let not_done = finish.not_done.iter().map(|line| row(line, language)).collect::<Vec<_>>();
        page.set_not_done_count(i32::try_from(not_done.len()).unwrap_or(i32::MAX));
        page.set_not_done_text(match not_done.len() {
            0 => "".into(),
            n => words
                .with("fin-notdone", &[("n", Arg::N(i64::try_from(n).unwrap_or(i64::MAX)))])
                .into(),
        });
        sync(&self.not_done, not_done, |row| row.id);
        receipt(to, &finish.receipt, words, language);
        page.set_seconds(match finish.seconds {
            0 => "".into(),
            n => words.with("fin-seconds", &[("n", Arg::N(n.into()))]).into(),
        });
        let (more, bye) = match (finish.borrowed, finish.returned) {
            (0, 0) => ("fin-more", ""),
            (0, _) => ("fin-more-return", "fin-bye-return"),
            _ => ("fin-more-borrow", "fin-bye"),
        };
        page.set_more_text(words.text(more).into());
        page.set_bye(if bye.is_empty() { "".into() } else { words.text(bye).into() });
    }
}

/// What was done: the first as the headline says it, the rest shorter.
fn done(finish: &Finish, words: &Words) -> Vec<String> {
    let all = [
        (finish.borrowed, "fin-head-borrowed", "fin-and-borrowed"),
        (finish.returned, "fin-head-returned", "fin-and-returned"),
        (finish.renewed, "fin-head-renewed", "fin-and-renewed"),
        (finish.queued, "fin-head-queued", "fin-queued"),
    ];
    all.into_iter()
        .filter(|(n, ..)| *n > 0)
        .enumerate()
        .map(|(at, (n, head, and))| {
            words.with(if at == 0 { head } else { and }, &[("n", Arg::N(n.into()))])
        })
        .collect()
}

fn receipt(to: &Globals<'_>, receipt: &Receipt, words: &Words, language: Language) {
    let page = &to.finish;
    page.set_printer(!matches!(receipt, Receipt::Ask { paper: false }));
    page.set_again(matches!(receipt, Receipt::Failed(_) | Receipt::Unknown));
    page.set_code(match receipt {
        Receipt::Phone(qr) => qr_image(qr),
        _ => Image::default(),
    });
    let (paper, text) = match receipt {
        Receipt::None => (Paper::None, String::new()),
        Receipt::Ask { .. } => (Paper::Ask, words.text("fin-receipt")),
        Receipt::Printing => (Paper::Working, words.text("fin-printing")),
        Receipt::Printed => (Paper::Done, words.text("fin-printed")),
        Receipt::MaybePrinted => (Paper::Look, words.text("fin-maybe")),
        Receipt::Failed(code) => (Paper::Look, advice(code, language)),
        Receipt::Unknown => (Paper::Look, words.text("fin-unknown")),
        Receipt::Phone(_) => (Paper::Phone, words.text("fin-scan")),
        Receipt::Declined => (Paper::Done, words.text("fin-declined")),
    };
    page.set_paper(paper);
    page.set_paper_text(text.into());
}

/// The symbol with its quiet zone, one pixel a module; the page enlarges it without blur.
fn qr_image(qr: &Qr) -> Image {
    let modules = usize::try_from(qr.side * qr.side).unwrap_or(usize::MAX);
    if qr.side == 0 || qr.side > MOST_MODULES || qr.dark.len() != modules {
        return Image::default();
    }
    let side = qr.side + 2 * QUIET_MODULES;
    let mut buffer = SharedPixelBuffer::<Rgb8Pixel>::new(side, side);
    let light = Rgb8Pixel::new(255, 255, 255);
    buffer.make_mut_slice().fill(light);
    let stride = side as usize;
    let offset = QUIET_MODULES as usize;
    for (row, modules) in qr.dark.chunks(qr.side as usize).enumerate() {
        let start = (row + offset) * stride + offset;
        for (pixel, dark) in buffer.make_mut_slice()[start..].iter_mut().zip(modules) {
            if *dark {
                *pixel = Rgb8Pixel::new(0, 0, 0);
            }
        }
    }
    Image::from_rgb8(buffer)
}
