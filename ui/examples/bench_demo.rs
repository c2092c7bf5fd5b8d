//! The workbench with made-up data, to try how it feels:
//! `cargo run -p ui --features desktop --example bench_demo`.

mod common;

use std::cell::RefCell;
use std::rc::Rc;

use common::{line, work};
use ui::screens::{BenchHandle, BenchWindow, Panel};
use ui::view::{
    Bench, BenchBook, BenchFault, BenchTouch, Language, LineState, Note, Screen, StateLine, Touch,
    View,
};

struct Desk {
    handle: BenchHandle,
    bench: Bench,
    view: View,
}

impl Desk {
    fn show(&mut self) {
        let on_pad = self.bench.books.iter().filter(|b| b.on_pad).collect::<Vec<&BenchBook>>();
        let card = self.bench.cards.iter().any(|c| c.shown);
        let mut lines = (1..)
            .zip(&on_pad)
            .map(|(id, b)| line(id, &b.title, LineState::Borrowed, Note::Due(common::DAY)))
            .collect::<Vec<_>>();
        lines.reverse();
        let count = u32::try_from(on_pad.len()).unwrap_or(0);
        self.view.screen = match (card, count) {
            (true, _) => Screen::Borrow(work(lines, count)),
            (false, 0) => Screen::Attract { pad_count: 0, pad_left: false },
            (false, _) => Screen::Choose { pad_count: count },
        };
        let no_paper = self.bench.faults.contains(&BenchFault::PaperOut);
        self.view.state_line = no_paper.then_some(StateLine::NoPaper);
        self.handle.show_station(self.view.clone());
        self.handle.show_bench(self.bench.clone());
    }

    fn touch(&mut self, touch: Touch) {
        match touch {
            Touch::Language => self.view.language = self.view.language.other(),
            Touch::Contrast => self.view.modes.high_contrast ^= true,
            Touch::LargePrint => self.view.modes.large_print ^= true,
            Touch::Finish => {
                self.bench.paper = Some(common::paper(self.bench.paper.as_ref()));
            }
            _ => {}
        }
        self.show();
    }

    fn play(&mut self, touch: BenchTouch) {
        match touch {
            BenchTouch::Card(id) => {
                for card in &mut self.bench.cards {
                    card.shown = card.id == id && !card.shown;
                }
            }
            BenchTouch::Book(id) => {
                for book in self.bench.books.iter_mut().filter(|b| b.id == id) {
                    book.on_pad = !book.on_pad;
                    book.released = book.on_pad;
                }
                let said = common::wire_lines(self.view.language, self.bench.wire.len());
                self.bench.wire.extend(said);
            }
            BenchTouch::Fault(fault) => match self.bench.faults.iter().position(|f| *f == fault) {
                Some(at) => {
                    self.bench.faults.remove(at);
                }
                None => self.bench.faults.push(fault),
            },
            BenchTouch::Restart => self.bench = common::bench(self.view.language),
            BenchTouch::Language => self.view.language = self.view.language.other(),
            BenchTouch::TearPaper => self.bench.paper = None,
        }
        self.bench.restarting = self.bench.faults.contains(&BenchFault::PowerCut);
        self.show();
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let desk: Rc<RefCell<Option<Desk>>> = Rc::default();
    let (for_touch, for_bench) = (desk.clone(), desk.clone());
    let window = BenchWindow::new(
        Panel::DESK,
        Box::new(move |touch| {
            if let Some(desk) = for_touch.borrow_mut().as_mut() {
                desk.touch(touch);
            }
        }),
        Box::new(move |touch| {
            if let Some(desk) = for_bench.borrow_mut().as_mut() {
                desk.play(touch);
            }
        }),
    )?;
    let view = common::view(Language::ZhCn, Screen::Starting);
    let bench = common::bench(view.language);
    let mut first = Desk { handle: window.handle(), bench, view };
    first.show();
    desk.replace(Some(first));
    window.run()?;
    Ok(())
}
