//! Between the printer's thread and the session.

use std::sync::mpsc::SyncSender;

use drivers::port::{PortSpec, Tap};
use drivers::printer::device::PrinterHandle;
use drivers::printer::font::{Fonts, GlyphFont};
use drivers::printer::spooler::{Health, Outcome, Phase};
use drivers::printer::status::Cause;

use super::{Event, StartError};
use crate::config::PrinterConfig;
use crate::session::{Input, PrintResult, PrinterState, TxnId};

/// The product's font, for lines no printer ROM can print.
const FONT: &[u8] = include_bytes!("../../../assets/fonts/NotoSansCJKsc-Regular-subset.otf");

pub(super) fn start(
    config: &PrinterConfig,
    port: PortSpec,
    tap: Option<Tap>,
    events: &SyncSender<Event>,
) -> Result<PrinterHandle, StartError> {
    let say = |error: &dyn std::fmt::Display| StartError::Printer(error.to_string());
    let profile = config.setup.resolve().map_err(|e| say(&e))?;
    let fonts = Fonts {
        primary: GlyphFont::from_bytes(FONT.to_vec()).ok(),
        fallback: config.fallback_font.as_deref().and_then(|path| {
            let bytes = std::fs::read(path).ok()?;
            GlyphFont::from_bytes(bytes).ok()
        }),
    };
    let events = events.clone();
    let sink = Box::new(move |event| {
        // The loop may have ended before the printer's thread.
        let _ = events.send(Event::Printer(event));
    });
    PrinterHandle::start(port, profile, fonts, tap, sink).map_err(|e| say(&e))
}

pub(super) fn result(outcome: Outcome) -> PrintResult {
    match outcome {
        Outcome::Done => PrintResult::Done,
        Outcome::Sent => PrintResult::Sent,
        Outcome::Unknown { .. } => PrintResult::Unknown,
        Outcome::NotPrinted { cause } => PrintResult::Not(blocked(cause)),
    }
}

/// What the session is told: of a receipt, or of the slip of that return.
pub(super) fn ended(of: Option<TxnId>, result: PrintResult) -> Input {
    of.map_or(Input::Printed(result), |txn| Input::SlipPrinted(txn, result))
}

fn blocked(cause: Cause) -> PrinterState {
    match cause {
        Cause::CoverOpen | Cause::PaperOut => PrinterState::NoPaper,
        _ => PrinterState::Down,
    }
}

pub(super) fn state(health: Health, seen: bool) -> PrinterState {
    match health.phase {
        Phase::Absent | Phase::Probing if !seen => PrinterState::Starting,
        Phase::Absent | Phase::Probing => PrinterState::Down,
        Phase::Ready | Phase::Busy => PrinterState::Ready,
        Phase::Blocked(cause) | Phase::Failed(cause) => blocked(cause),
    }
}
