//! Every sentence of a line fits its card, measured with the real fonts.

use super::*;
use crate::lang::advice;
use crate::screens::painter::{CanvasForTest, take_platform};
use crate::view::{Advice, LineState, Note};

const ALL: [Advice; 44] = [
    Advice::CardUnread,
    Advice::CardUnknown,
    Advice::CardExpired,
    Advice::CardLost,
    Advice::CardBlocked,
    Advice::CardIsItem,
    Advice::ItemIsCard,
    Advice::TwoCards,
    Advice::CardOther,
    Advice::QrExpired,
    Advice::QrUsed,
    Advice::PinWrong,
    Advice::PinLocked { minutes: 5 },
    Advice::Limit,
    Advice::OverBy { n: 12 },
    Advice::Fees,
    Advice::LateItems,
    Advice::InLibrary,
    Advice::HeldOther,
    Advice::OnLoanOther,
    Advice::AlreadyYours,
    Advice::ItemUnknown,
    Advice::Withdrawn,
    Advice::Age,
    Advice::PartsMissing { all: 12, got: 11 },
    Advice::MediaHere,
    Advice::TagBad,
    Advice::TagForeign,
    Advice::SecFail,
    Advice::SecFailUndo,
    Advice::Lifted,
    Advice::RenewHeld,
    Advice::RenewMax,
    Advice::RenewEarly,
    Advice::RetNo,
    Advice::RetOther,
    Advice::IlsDown,
    Advice::OfflineLimit,
    Advice::Unsure,
    Advice::ReaderDown,
    Advice::PaperOut,
    Advice::PrintFail,
    Advice::QueueFull,
    Advice::AskStaff,
];

#[test]
fn every_advice_fits_its_line_on_every_panel_at_both_sizes() {
    take_platform().unwrap();
    let mut cut = Vec::new();
    for panel in PANELS {
        let probe = pages::LineProbe::new().unwrap();
        let _canvas = CanvasForTest::of(panel, || probe.show()).unwrap();
        let theme = probe.global::<pages::Theme<'_>>();
        #[allow(clippy::cast_precision_loss)]
        theme.set_width(panel.width as f32);
        #[allow(clippy::cast_precision_loss)]
        theme.set_height(panel.height as f32);
        theme.set_diagonal(panel.diagonal_mm());
        for large in [false, true] {
            theme.set_large(large);
            for language in BOTH {
                for code in ALL {
                    let line =
                        common::line(1, common::LONG_ZH, LineState::Refused, Note::Advice(code));
                    probe.set_item(super::super::pages::work::row(&line, language));
                    if probe.get_cut() {
                        cut.push(format!("{panel:?} {large} {}", advice(&code, language)));
                    }
                }
            }
        }
        // The probe itself can see a sentence that does not fit.
        let long = Note::LibrarySays(common::LONG_EN.repeat(9));
        let line = common::line(1, "", LineState::Refused, long);
        probe.set_item(super::super::pages::work::row(&line, Language::En));
        assert!(probe.get_cut(), "the probe sees nothing on {panel:?}");
    }
    assert!(cut.is_empty(), "cut: {cut:#?}");
}
