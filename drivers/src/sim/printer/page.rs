//! The paper: grows downwards, 8-bit grey, with the margins a real roll has.

/// White paper at either side of the printable width, in dots.
pub const MARGIN_DOTS: usize = 24;
/// Grey of blank thermal paper.
pub const PAPER_GREY: u8 = 0xFA;
/// Grey of a printed dot.
pub const INK_GREY: u8 = 0x1E;
/// Longest paper kept before it counts as a receipt of its own, in dots (about 2.5 m).
pub(super) const HEIGHT_MAX: usize = 20_000;

/// Paper in the making.
#[derive(Debug, Clone)]
pub(super) struct Page {
    dots: usize,
    pixels: Vec<u8>,
}

impl Page {
    /// Blank paper with a printable width in dots.
    pub(super) fn new(dots: usize) -> Self {
        Self { dots, pixels: Vec::new() }
    }

    /// Printable dots.
    pub(super) fn dots(&self) -> usize {
        self.dots
    }

    /// Width of the picture, margins included.
    pub(super) fn width(&self) -> usize {
        self.dots + 2 * MARGIN_DOTS
    }

    /// Rows so far.
    pub(super) fn height(&self) -> usize {
        self.pixels.len() / self.width()
    }

    /// The picture, row by row.
    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Feeds blank paper.
    pub(super) fn feed(&mut self, rows: usize) {
        let rows = rows.min(HEIGHT_MAX.saturating_sub(self.height()));
        self.pixels.resize(self.pixels.len() + rows * self.width(), PAPER_GREY);
    }

    /// Darkens a dot of the printable area by `cover`, 0 to 1. Beyond the paper nothing happens.
    pub(super) fn ink(&mut self, x: usize, y: usize, cover: f32) {
        if x >= self.dots || y >= self.height() {
            return;
        }
        let at = y * self.width() + MARGIN_DOTS + x;
        let full = f32::from(PAPER_GREY - INK_GREY) * cover.clamp(0.0, 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 220")]
        let shade = PAPER_GREY - full as u8;
        self.pixels[at] = self.pixels[at].min(shade);
    }

    /// Prints a solid rectangle.
    pub(super) fn bar(&mut self, x: usize, y: usize, width: usize, height: usize) {
        for row in y..y + height {
            for column in x..x + width {
                self.ink(column, row, 1.0);
            }
        }
    }

    /// Inverts a rectangle, as for white on black.
    pub(super) fn invert(&mut self, x: usize, y: usize, width: usize, height: usize) {
        for row in y..(y + height).min(self.height()) {
            for column in x..(x + width).min(self.dots) {
                let at = row * self.width() + MARGIN_DOTS + column;
                self.pixels[at] = PAPER_GREY - (self.pixels[at].max(INK_GREY) - INK_GREY);
            }
        }
    }
}
