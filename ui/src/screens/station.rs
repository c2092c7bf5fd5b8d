//! The station's window and its handle.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use slint::ComponentHandle as _;

use super::draw::Drawer;
use super::globals::Globals;
use super::slint_pages as pages;
use super::{Panel, ScreenError};
use crate::view::{Touch, View};

/// A value on its way to the window: only the newest is kept.
pub(super) type Slot<T> = Arc<Mutex<Option<T>>>;

/// Puts `value` into the slot; `true` when it was empty, so that somebody has to be told.
pub(super) fn put<T>(slot: &Slot<T>, value: T) -> bool {
    slot.lock().unwrap_or_else(PoisonError::into_inner).replace(value).is_none()
}

/// Takes what is in the slot.
pub(super) fn take<T>(slot: &Slot<T>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The station's window. Lives on the main thread, which runs it.
pub struct StationWindow {
    window: pages::StationWindow,
    view: Slot<View>,
}

impl std::fmt::Debug for StationWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StationWindow")
    }
}

/// Shows views in the window from any thread.
#[derive(Clone)]
pub struct StationHandle {
    window: slint::Weak<pages::StationWindow>,
    view: Slot<View>,
}

impl std::fmt::Debug for StationHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StationHandle")
    }
}

impl StationWindow {
    /// A window laid out for `panel`. Touches go to `on_touch` on the main thread: it should pass
    /// them on and return.
    ///
    /// # Errors
    /// [`ScreenError::Platform`] when there is no display.
    pub fn new(panel: Panel, on_touch: Box<dyn Fn(Touch)>) -> Result<Self, ScreenError> {
        let window = pages::StationWindow::new()?;
        let view: Slot<View> = Slot::default();
        let drawer = Drawer::default();
        let globals = Globals::from(&window);
        Drawer::lay_out(&globals, panel);
        drawer.connect(&globals, on_touch);
        let drawer = Rc::new(RefCell::new(drawer));
        let (weak, pending) = (window.as_weak(), view.clone());
        globals.feed.on_pull(move || {
            if let (Some(window), Some(view)) = (weak.upgrade(), take(&pending)) {
                drawer.borrow_mut().draw(&Globals::from(&window), &view);
            }
        });
        Ok(Self { window, view })
    }

    /// Fills the whole display, as on a station; a window on a desk stays a window.
    pub fn set_full_screen(&self, full: bool) {
        self.window.window().set_fullscreen(full);
    }

    /// For other threads.
    #[must_use]
    pub fn handle(&self) -> StationHandle {
        StationHandle { window: self.window.as_weak(), view: self.view.clone() }
    }

    /// Shows the window and runs until it is closed or [`StationHandle::quit`] is called.
    ///
    /// # Errors
    /// [`ScreenError::Platform`] when the display goes away.
    pub fn run(&self) -> Result<(), ScreenError> {
        Ok(self.window.run()?)
    }
}

impl StationHandle {
    /// Shows `view` soon. When views come faster than they are drawn only the newest is drawn.
    /// Does nothing once the window is gone.
    pub fn show(&self, view: View) {
        if put(&self.view, view) {
            // An error means that the event loop has ended: nobody is left to see the view.
            let _ = self.window.upgrade_in_event_loop(|window| {
                window.global::<pages::Feed<'_>>().invoke_pull();
            });
        }
    }

    /// Ends [`StationWindow::run`].
    pub fn quit(&self) {
        // An error means that the event loop has ended already.
        let _ = slint::quit_event_loop();
    }
}
