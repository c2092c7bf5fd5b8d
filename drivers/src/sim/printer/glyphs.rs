//! The simulated character ROM: 24 by 24 Han, 12 by 24 ASCII, from the embedded font.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

use super::page::Page;

const FONT: &[u8] = include_bytes!("../../../../assets/fonts/NotoSansCJKsc-Regular-subset.otf");
/// Darkening of thin strokes, as heat spreads on paper.
const HEAT: f32 = 1.35;

/// One character cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Glyph {
    /// The character.
    pub(super) c: char,
    /// Cell width in dots.
    pub(super) width: usize,
    /// Cell height in dots.
    pub(super) height: usize,
    /// Emphasised.
    pub(super) bold: bool,
    /// Underline thickness in dots.
    pub(super) underline: usize,
    /// White on black.
    pub(super) inverse: bool,
}

/// The font.
#[derive(Debug)]
pub(super) struct Glyphs(FontRef<'static>);

impl Glyphs {
    /// Loads the embedded font.
    pub(super) fn new() -> Self {
        Self(FontRef::try_from_slice(FONT).expect("the embedded font is a font"))
    }

    /// Prints a character with its cell's upper left corner at `x`, `y`.
    pub(super) fn print(&self, glyph: Glyph, x: usize, y: usize, page: &mut Page) {
        if glyph.c != ' ' {
            self.outline(glyph, x, y, page);
        }
        if glyph.underline > 0 {
            page.bar(x, y + glyph.height - glyph.underline, glyph.width, glyph.underline);
        }
        if glyph.inverse {
            page.invert(x, y, glyph.width, glyph.height);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "cells are a few hundred dots")]
    fn outline(&self, glyph: Glyph, x: usize, y: usize, page: &mut Page) {
        let id = self.0.glyph_id(glyph.c);
        if id.0 == 0 {
            let (w, h) = (glyph.width.saturating_sub(4), glyph.height.saturating_sub(4));
            page.bar(x + 2, y + 2, w, 2);
            page.bar(x + 2, y + h, w, 2);
            page.bar(x + 2, y + 2, 2, h);
            page.bar(x + w, y + 2, 2, h);
            return;
        }
        // The em box of the font is the square a hanzi ROM has.
        let em = glyph.height as f32 * 0.95;
        let units = self.0.units_per_em().unwrap_or(1000.0);
        let mut scale = PxScale::from(self.0.height_unscaled() * em / units);
        let natural = self.0.as_scaled(scale).h_advance(id);
        let ascii = glyph.c.is_ascii();
        let target = if ascii { glyph.width as f32 } else { glyph.width as f32 * 0.95 };
        let square = glyph.width * 2 == glyph.height || glyph.width == glyph.height;
        if natural > target || !square {
            scale.x *= target / natural.max(1.0);
        }
        let advance = self.0.as_scaled(scale).h_advance(id);
        let left = x as f32 + (glyph.width as f32 - advance) / 2.0;
        let base = y as f32 + glyph.height as f32 * 0.025 + em * 0.88;
        let Some(outline) =
            self.0.outline_glyph(id.with_scale_and_position(scale, point(left, base)))
        else {
            return;
        };
        let bounds = outline.px_bounds();
        outline.draw(|dx, dy, cover| {
            #[expect(clippy::cast_possible_truncation, reason = "page coordinates")]
            let at = (bounds.min.x as i64 + i64::from(dx), bounds.min.y as i64 + i64::from(dy));
            let (Ok(px), Ok(py)) = (usize::try_from(at.0), usize::try_from(at.1)) else { return };
            page.ink(px, py, cover * HEAT);
            if glyph.bold {
                page.ink(px + 1, py, cover * HEAT);
            }
        });
    }
}
