//! The workbench's window and its handle.

mod draw;
mod paper;
mod spine;

use std::cell::RefCell;
use std::rc::Rc;

use slint::ComponentHandle as _;

pub(super) use draw::BenchDrawer;

use super::draw::Drawer;
use super::globals::Globals;
use super::slint_pages as pages;
use super::station::{Slot, put, take};
use super::{Panel, ScreenError};
use crate::view::{Bench, BenchFault, BenchTouch, Touch, View};

/// The workbench: a station in a device frame and everything around it that can be played with.
/// Lives on the main thread, which runs it.
pub struct BenchWindow {
    window: pages::WorkbenchWindow,
    view: Slot<View>,
    bench: Slot<Bench>,
}

impl std::fmt::Debug for BenchWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BenchWindow")
    }
}

/// Shows views and the bench in the window from any thread.
#[derive(Clone)]
pub struct BenchHandle {
    window: slint::Weak<pages::WorkbenchWindow>,
    view: Slot<View>,
    bench: Slot<Bench>,
}

impl std::fmt::Debug for BenchHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BenchHandle")
    }
}

impl BenchWindow {
    /// A workbench around a station with this `panel`. Touches of the station go to `on_touch`,
    /// what a person does around it to `on_bench`, both on the main thread: they should pass it
    /// on and return.
    ///
    /// # Errors
    /// [`ScreenError::Platform`] when there is no display.
    pub fn new(
        panel: Panel,
        on_touch: Box<dyn Fn(Touch)>,
        on_bench: Box<dyn Fn(BenchTouch)>,
    ) -> Result<Self, ScreenError> {
        let window = pages::WorkbenchWindow::new()?;
        let (view, bench) = (Slot::<View>::default(), Slot::<Bench>::default());
        let (mut drawer, mut around) = connect(&window, panel, on_touch, on_bench);
        let language = RefCell::new(crate::view::Language::default());
        let newest: RefCell<Option<Bench>> = RefCell::new(None);
        let (weak, new_view, new_bench) = (window.as_weak(), view.clone(), bench.clone());
        let draw = move || {
            let Some(window) = weak.upgrade() else { return };
            let mut redraw = false;
            if let Some(view) = take(&new_view) {
                drawer.draw(&Globals::from(&window), &view);
                redraw = language.replace(view.language) != view.language;
            }
            if let Some(bench) = take(&new_bench) {
                newest.replace(Some(bench));
                redraw = true;
            }
            if let (true, Some(bench)) = (redraw, newest.borrow().as_ref()) {
                around.draw(&window.global(), bench, *language.borrow());
            }
        };
        let draw = Rc::new(RefCell::new(draw));
        Globals::from(&window).feed.on_pull(move || (draw.borrow_mut())());
        Ok(Self { window, view, bench })
    }

    /// For other threads.
    #[must_use]
    pub fn handle(&self) -> BenchHandle {
        BenchHandle {
            window: self.window.as_weak(),
            view: self.view.clone(),
            bench: self.bench.clone(),
        }
    }

    /// Shows the window and runs until it is closed or [`BenchHandle::quit`] is called.
    ///
    /// # Errors
    /// [`ScreenError::Platform`] when the display goes away.
    pub fn run(&self) -> Result<(), ScreenError> {
        Ok(self.window.run()?)
    }
}

/// Connects a workbench component; used by the window and by the painter.
pub(super) fn connect(
    window: &pages::WorkbenchWindow,
    panel: Panel,
    on_touch: Box<dyn Fn(Touch)>,
    on_bench: Box<dyn Fn(BenchTouch)>,
) -> (Drawer, BenchDrawer) {
    let globals = Globals::from(window);
    // The pages take their width and height from the frame; only the true size is the panel's.
    globals.theme.set_diagonal(panel.diagonal_mm());
    let drawer = Drawer::default();
    drawer.connect(&globals, on_touch);
    let data = window.global::<pages::BenchData<'_>>();
    #[allow(clippy::cast_precision_loss)] // Panels are far below 2^24 pixels.
    data.set_panel_width(panel.width as f32);
    #[allow(clippy::cast_precision_loss)]
    data.set_panel_height(panel.height as f32);
    let around = BenchDrawer::default();
    around.connect(&data);
    let tell: Rc<dyn Fn(BenchTouch)> = Rc::from(on_bench);
    let on = tell.clone();
    data.on_card(move |id| on(BenchTouch::Card(id.into())));
    let on = tell.clone();
    data.on_book(move |id| on(BenchTouch::Book(id.into())));
    let on = tell.clone();
    data.on_fault(move |fault| on(BenchTouch::Fault(fault_of(fault))));
    let on = tell.clone();
    data.on_restart(move || on(BenchTouch::Restart));
    let on = tell.clone();
    data.on_language(move || on(BenchTouch::Language));
    data.on_tear(move || tell(BenchTouch::TearPaper));
    (drawer, around)
}

fn fault_of(kind: pages::FaultKind) -> BenchFault {
    match kind {
        pages::FaultKind::Network => BenchFault::NetworkOff,
        pages::FaultKind::Paper => BenchFault::PaperOut,
        pages::FaultKind::Reader => BenchFault::ReaderUnplugged,
        pages::FaultKind::Pull => BenchFault::PullWhileWriting,
        pages::FaultKind::Power => BenchFault::PowerCut,
    }
}

impl BenchHandle {
    /// Shows `view` on the station soon; only the newest is drawn.
    pub fn show_station(&self, view: View) {
        if put(&self.view, view) {
            self.pull();
        }
    }

    /// Shows `bench` around the station soon; only the newest is drawn.
    pub fn show_bench(&self, bench: Bench) {
        if put(&self.bench, bench) {
            self.pull();
        }
    }

    /// Ends [`BenchWindow::run`].
    pub fn quit(&self) {
        // An error means that the event loop has ended already.
        let _ = slint::quit_event_loop();
    }

    fn pull(&self) {
        // An error means that the event loop has ended: nobody is left to see it.
        let _ = self.window.upgrade_in_event_loop(|window| {
            window.global::<pages::Feed<'_>>().invoke_pull();
        });
    }
}
