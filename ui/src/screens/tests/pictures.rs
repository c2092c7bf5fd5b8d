//! The painter: real pictures of several panels in one process.

use super::*;
use crate::screens::{Painter, Rgba, ScreenError};
use crate::view::{Modes, Screen};

/// Share of pixels that differ.
fn difference(a: &Rgba, b: &Rgba) -> f64 {
    assert_eq!(a.bytes.len(), b.bytes.len());
    let differing = a.bytes.chunks(4).zip(b.bytes.chunks(4)).filter(|(a, b)| a != b).count();
    #[allow(clippy::cast_precision_loss)]
    let share = differing as f64 / (a.bytes.len() / 4) as f64;
    share
}

#[test]
fn views_become_pictures_on_any_panel() {
    let work = Screen::Borrow(common::work(common::borrow_lines(), 5));
    let borrow = common::view(Language::ZhCn, work);
    let attract = common::view(Language::ZhCn, Screen::Attract { pad_count: 0, pad_left: false });
    let mut small = Painter::new(Panel::SMALL).unwrap();
    let mut tablet = Painter::new(Panel::TABLET).unwrap();
    let first = small.paint(&borrow);
    assert_eq!((first.width, first.height), (1024, 600));
    assert_eq!(first.bytes.len(), 1024 * 600 * 4);
    assert_eq!(tablet.paint(&borrow).width, 1280);
    assert!(difference(&first, &small.paint(&attract)) > 0.1, "two pages look the same");
    assert!(difference(&first, &small.paint(&borrow)) < 1e-9, "the same view looks different");
    let modes = Modes { high_contrast: true, large_print: false };
    let dark = small.paint(&View { modes, ..borrow });
    assert!(difference(&first, &dark) > 0.9, "high contrast looks as before");
    let black = dark.bytes.chunks(4).filter(|p| p[..3] == [0, 0, 0]).count();
    assert!(black > 1024 * 600 / 2, "high contrast is not black");
}

#[test]
fn the_workbench_can_be_painted_too() {
    let mut painter = Painter::new(Panel::DESK).unwrap();
    let view = common::view(Language::En, Screen::Starting);
    let mut bench = common::bench(Language::En);
    let before = painter.paint_bench(&view, &bench).unwrap();
    assert_eq!((before.width, before.height), (1600, 860));
    bench.books[0].on_pad = true;
    let after = painter.paint_bench(&view, &bench).unwrap();
    let changed = difference(&before, &after);
    assert!(changed > 0.0 && changed < 0.05, "{changed} of the picture changed");
}

#[test]
fn a_panel_that_cannot_be_drawn_is_refused() {
    for (width, height) in [(0, 600), (100_000, 100_000)] {
        let panel = Panel { width, height, diagonal_inch: 10.0 };
        assert!(matches!(Painter::new(panel), Err(ScreenError::PanelSize(_))));
    }
}
