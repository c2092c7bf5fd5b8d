//! The pages as a finger, a key and a screen reader meet them; no display needed.

#[path = "../../examples/common/mod.rs"]
mod common;
mod controls;
mod fit;
mod pictures;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery, init_no_event_loop};
use slint::ComponentHandle as _;

use super::Panel;
use super::draw::Drawer;
use super::globals::Globals;
use super::slint_pages as pages;
use crate::view::{Language, Touch, View};

const PANELS: [Panel; 3] = [Panel::DESK, Panel::TABLET, Panel::SMALL];
const BOTH: [Language; 2] = [Language::ZhCn, Language::En];

thread_local! {
    /// The testing backend belongs to one thread, that is to one test.
    static INITIALISED: Cell<bool> = const { Cell::new(false) };
}

/// A station's pages in a window that is nowhere.
struct Station {
    window: pages::StationWindow,
    drawer: Drawer,
    touches: Rc<RefCell<Vec<Touch>>>,
}

impl Station {
    fn new(panel: Panel) -> Self {
        INITIALISED.with(|done| {
            if !done.replace(true) {
                init_no_event_loop();
            }
        });
        let window = pages::StationWindow::new().unwrap();
        let globals = Globals::from(&window);
        Drawer::lay_out(&globals, panel);
        let touches = Rc::new(RefCell::new(Vec::new()));
        let drawer = Drawer::default();
        let heard = touches.clone();
        drawer.connect(&globals, move |touch| heard.borrow_mut().push(touch));
        window.window().set_size(slint::PhysicalSize::new(panel.width, panel.height));
        window.show().unwrap();
        Self { window, drawer, touches }
    }

    fn draw(&mut self, view: &View) {
        self.drawer.draw(&Globals::from(&self.window), view);
        i_slint_backend_testing::mock_elapsed_time(std::time::Duration::from_millis(500));
    }

    /// Every control on the page, once (a control made of parts is found once a part).
    fn controls(&self) -> Vec<ElementHandle> {
        let mut all = ElementQuery::from_root(&self.window)
            .match_descendants()
            .match_accessible_role(AccessibleRole::Button)
            .find_all();
        let mut seen = Vec::new();
        all.retain(|control| {
            let place = control.absolute_position();
            let same = (control.accessible_label(), place.x.to_bits(), place.y.to_bits());
            let new = !seen.contains(&same);
            seen.push(same);
            new
        });
        all
    }

    /// Everything a screen reader could say.
    fn said(&self) -> Vec<String> {
        ElementQuery::from_root(&self.window)
            .match_descendants()
            .find_all()
            .iter()
            .filter_map(|element| element.accessible_label())
            .map(String::from)
            .collect()
    }

    fn touches(&self) -> Vec<Touch> {
        self.touches.take()
    }
}
