//! One [`Bench`] into the globals of the workbench.

use std::rc::Rc;
use std::sync::Arc;

use slint::{Image, ModelRc, VecModel};

use super::{paper, spine};
use crate::lang::{Arg, words};
use crate::screens::rows::sync;
use crate::screens::slint_pages::{BenchData, CardChip, Spine, WireRow};
use crate::view::{Bench, BenchBook, BenchCard, BenchFault, Language, Wire, WireLine};

/// Draws the bench and remembers what need not be made again.
#[derive(Default)]
pub(in crate::screens) struct BenchDrawer {
    cards: Rc<VecModel<CardChip>>,
    books: Rc<VecModel<Spine>>,
    wire: Rc<VecModel<WireRow>>,
    /// The pixels of the paper shown: the same picture is not scaled twice.
    paper: Option<Arc<[u8]>>,
    titles: spine::Titles,
}

impl BenchDrawer {
    /// Connects the models; to be called once before the first bench.
    pub(super) fn connect(&self, to: &BenchData<'_>) {
        to.set_cards(ModelRc::from(self.cards.clone()));
        to.set_books(ModelRc::from(self.books.clone()));
        to.set_wire(ModelRc::from(self.wire.clone()));
    }

    /// Shows `bench`.
    pub(in crate::screens) fn draw(
        &mut self,
        to: &BenchData<'_>,
        bench: &Bench,
        language: Language,
    ) {
        sync(&self.cards, bench.cards.iter().map(card).collect(), |card| card.id.clone());
        let books = bench.books.iter().map(|book| self.book(book, language)).collect::<Vec<_>>();
        to.set_book_count(i32::try_from(books.len()).unwrap_or(i32::MAX));
        sync(&self.books, books, |book| book.id.clone());
        to.set_wire_count(i32::try_from(bench.wire.len()).unwrap_or(i32::MAX));
        sync(&self.wire, bench.wire.iter().map(wire).collect(), |row: &WireRow| {
            (row.time.clone(), row.device, row.out, row.bytes.clone())
        });
        let on = |fault| bench.faults.contains(&fault);
        to.set_network_off(on(BenchFault::NetworkOff));
        to.set_paper_out(on(BenchFault::PaperOut));
        to.set_reader_unplugged(on(BenchFault::ReaderUnplugged));
        to.set_pull_while_writing(on(BenchFault::PullWhileWriting));
        to.set_power_cut(on(BenchFault::PowerCut) || bench.restarting);
        to.set_restarting(bench.restarting);
        self.paper(to, bench);
    }

    fn paper(&mut self, to: &BenchData<'_>, bench: &Bench) {
        let Some(picture) = &bench.paper else {
            self.paper = None;
            to.set_paper_height(0.0);
            return to.set_paper(Image::default());
        };
        if self.paper.as_ref().is_some_and(|old| Arc::ptr_eq(old, &picture.grey)) {
            return;
        }
        self.paper = Some(picture.grey.clone());
        let (image, height) = paper::image(picture);
        to.set_paper(image);
        to.set_paper_height(height);
    }

    fn book(&mut self, book: &BenchBook, language: Language) -> Spine {
        let title = self.titles.of(&book.title);
        let place = if book.on_pad { "pad" } else { "shelf" };
        let say = words(language)
            .with("bench-book", &[("title", Arg::S(&book.title)), ("where", Arg::S(place))]);
        Spine {
            id: book.id.as_str().into(),
            title: book.title.as_str().into(),
            upright: title.upright.clone(),
            turned: title.turned.clone(),
            turned_width: title.width,
            turned_height: title.height,
            say: say.into(),
            on_pad: book.on_pad,
            released: book.released,
            colour: i32::from(book.colour),
        }
    }
}

fn card(card: &BenchCard) -> CardChip {
    CardChip { id: card.id.as_str().into(), label: card.label.as_str().into(), shown: card.shown }
}

fn wire(line: &WireLine) -> WireRow {
    WireRow {
        time: line.time.as_str().into(),
        device: match line.wire {
            Wire::Sip2 => 0,
            Wire::Rfid => 1,
            Wire::Printer => 2,
            Wire::Journal => 3,
        },
        out: line.out,
        words: line.words.as_str().into(),
        bytes: line.bytes.as_str().into(),
    }
}
