//! Pictures of the screens on a machine without a display: Slint's software renderer draws into
//! memory, with no window system, no installed font and no fontconfig needed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{Platform, WindowAdapter, update_timers_and_animations};
use slint::{ComponentHandle as _, PhysicalSize, Rgb8Pixel};

use super::bench::{BenchDrawer, connect};
use super::draw::Drawer;
use super::globals::Globals;
use super::slint_pages as pages;
use super::{Panel, ScreenError};
use crate::view::{Bench, View};

/// Longer than any movement on a page: a picture shows where things come to rest.
const REST: Duration = Duration::from_secs(1);

/// Size of the workbench's picture; the diagonal plays no part in it.
const BENCH: Panel = Panel { width: 1600, height: 860, diagonal_inch: 20.0 };

thread_local! {
    /// The painters' own clock, moved by [`REST`] for every picture.
    static CLOCK: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// The window made last, for the painter that asked for it.
    static MADE: RefCell<Option<Rc<MinimalSoftwareWindow>>> = const { RefCell::new(None) };
    /// The platform of this thread is the painters'.
    static OURS: Cell<bool> = const { Cell::new(false) };
}

/// The painters' platform: windows are memory, time is ours.
struct Memory;

impl Platform for Memory {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, slint::PlatformError> {
        let window = MinimalSoftwareWindow::new(RepaintBufferType::NewBuffer);
        MADE.set(Some(window.clone()));
        Ok(window)
    }

    fn duration_since_start(&self) -> Duration {
        CLOCK.get()
    }
}

/// A picture, four bytes a pixel, rows from the top.
#[derive(Clone, PartialEq, Eq)]
pub struct Rgba {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// `width * height * 4` bytes: red, green, blue, opacity (always 255).
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Rgba {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rgba({}x{})", self.width, self.height)
    }
}

/// Paints views of a station into memory. Several painters of different panels may live side by
/// side on one thread.
pub struct Painter {
    panel: Panel,
    pages: pages::StationWindow,
    canvas: Canvas,
    drawer: Drawer,
    /// Made for the first picture of a workbench.
    bench: Option<BenchPainter>,
}

/// The workbench in memory.
struct BenchPainter {
    window: pages::WorkbenchWindow,
    canvas: Canvas,
    drawer: Drawer,
    around: BenchDrawer,
}

impl std::fmt::Debug for Painter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Painter({}x{})", self.canvas.size.width, self.canvas.size.height)
    }
}

impl Painter {
    /// Most pixels of a panel: four times a 4K display.
    pub const MOST_PIXELS: u64 = 4 * 3840 * 2160;

    /// A painter for one panel.
    ///
    /// # Errors
    /// [`ScreenError::PlatformTaken`] when the process has windows already,
    /// [`ScreenError::PanelSize`] for a panel that cannot be drawn.
    pub fn new(panel: Panel) -> Result<Self, ScreenError> {
        take_platform()?;
        let pages = pages::StationWindow::new()?;
        let globals = Globals::from(&pages);
        Drawer::lay_out(&globals, panel);
        let drawer = Drawer::default();
        drawer.connect(&globals, |_touch| {});
        let canvas = Canvas::of(panel, || pages.show())?;
        Ok(Self { panel, pages, canvas, drawer, bench: None })
    }

    /// Draws `view` as it looks when every movement has come to rest.
    #[must_use]
    pub fn paint(&mut self, view: &View) -> Rgba {
        self.drawer.draw(&Globals::from(&self.pages), view);
        self.canvas.paint()
    }

    /// Draws the workbench around the station, 1600x860 pixels.
    ///
    /// # Errors
    /// [`ScreenError::Platform`] when the second window in memory cannot be made.
    pub fn paint_bench(&mut self, view: &View, bench: &Bench) -> Result<Rgba, ScreenError> {
        if self.bench.is_none() {
            let window = pages::WorkbenchWindow::new()?;
            let (drawer, around) = connect(&window, self.panel, Box::new(|_| {}), Box::new(|_| {}));
            let canvas = Canvas::of(BENCH, || window.show())?;
            self.bench = Some(BenchPainter { window, canvas, drawer, around });
        }
        let painter = self.bench.as_mut().expect("it was made above");
        painter.drawer.draw(&Globals::from(&painter.window), view);
        painter.around.draw(&painter.window.global(), bench, view.language);
        Ok(painter.canvas.paint())
    }
}

/// For tests that need real fonts around a component of their own.
#[cfg(test)]
pub(super) use Canvas as CanvasForTest;

/// Makes the platform of this thread the painters'.
pub(super) fn take_platform() -> Result<(), ScreenError> {
    if !OURS.get() {
        slint::platform::set_platform(Box::new(Memory)).map_err(|_| ScreenError::PlatformTaken)?;
        OURS.set(true);
    }
    Ok(())
}

/// A window in memory.
pub(super) struct Canvas {
    window: Rc<MinimalSoftwareWindow>,
    size: PhysicalSize,
}

impl Canvas {
    /// The window that `show` opens, at the size of `panel`.
    pub(super) fn of(
        panel: Panel,
        show: impl FnOnce() -> Result<(), slint::PlatformError>,
    ) -> Result<Self, ScreenError> {
        let pixels = u64::from(panel.width) * u64::from(panel.height);
        if pixels == 0 || pixels > Painter::MOST_PIXELS {
            return Err(ScreenError::PanelSize(panel));
        }
        show()?;
        let window = MADE.take().ok_or(ScreenError::PlatformTaken)?;
        let size = PhysicalSize::new(panel.width, panel.height);
        window.set_size(size);
        Ok(Self { window, size })
    }

    /// Three passes: the first brings new elements into being, the second lets what measures
    /// others follow them, the third shows all at rest.
    pub(super) fn paint(&self) -> Rgba {
        let stride = self.size.width as usize;
        let mut pixels = vec![Rgb8Pixel::default(); stride * self.size.height as usize];
        for _pass in 0..3 {
            update_timers_and_animations();
            self.window.request_redraw();
            self.window.draw_if_needed(|renderer| {
                renderer.render(&mut pixels, stride);
            });
            CLOCK.set(CLOCK.get() + REST);
        }
        let bytes = pixels.iter().flat_map(|p| [p.r, p.g, p.b, u8::MAX]).collect();
        Rgba { width: self.size.width, height: self.size.height, bytes }
    }
}
