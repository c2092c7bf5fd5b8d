//! Drawing a line of text as dots, for heads without a glyph for it (1.3 rule 4).

use std::sync::Arc;

use ab_glyph::{Font, FontVec, GlyphId, PxScale, ScaleFont, point};

use super::bitmap::Bitmap;
use super::layout::{char_columns, columns_of, indent};
use super::slip::{Style, Weight};

/// Dots of one column at normal size.
pub const COLUMN_DOTS: usize = 12;
/// Height of a text line at normal size, in dots, as the ROM's characters.
pub const LINE_DOTS: usize = 24;
/// White dots below a drawn line at normal size, which a ROM line gets from the line pitch.
pub const LEADING_DOTS: usize = 6;
/// Share of a dot a glyph must cover to make it black; below one half so thin strokes survive.
const INK: f32 = 0.42;
/// Em size relative to the cell: leaves the ROM-like white edge around a hanzi.
const EM_IN_CELL: f32 = 0.96;

/// Bytes that are no usable font.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {bytes} bytes given as a font are not a TrueType or OpenType face number {face}")]
pub struct FontError {
    /// Size of what was given.
    pub bytes: usize,
    /// Face index in a collection.
    pub face: u32,
}

/// A font to draw lines with.
#[derive(Clone)]
pub struct GlyphFont(Arc<FontVec>);

impl std::fmt::Debug for GlyphFont {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GlyphFont({} glyphs)", self.0.glyph_count())
    }
}

impl GlyphFont {
    /// Reads a font file's bytes.
    ///
    /// # Errors
    /// [`FontError`] when they are none.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, FontError> {
        Self::from_collection(bytes, 0)
    }

    /// Reads face `face` of a collection (`.ttc`).
    ///
    /// # Errors
    /// [`FontError`] when there is no such face.
    pub fn from_collection(bytes: Vec<u8>, face: u32) -> Result<Self, FontError> {
        let length = bytes.len();
        FontVec::try_from_vec_and_index(bytes, face)
            .map(|font| Self(Arc::new(font)))
            .map_err(|_| FontError { bytes: length, face })
    }

    fn glyph(&self, c: char) -> Option<GlyphId> {
        let id = self.0.glyph_id(c);
        (id.0 != 0).then_some(id)
    }
}

/// The caller's fonts in order of preference.
#[derive(Debug, Clone, Default)]
pub struct Fonts {
    /// The product's font.
    pub primary: Option<GlyphFont>,
    /// A larger font of the system for rare characters.
    pub fallback: Option<GlyphFont>,
}

impl Fonts {
    /// Whether anything can be drawn.
    #[must_use]
    pub fn any(&self) -> bool {
        self.primary.is_some() || self.fallback.is_some()
    }

    fn find(&self, c: char) -> Option<(&GlyphFont, GlyphId)> {
        [&self.primary, &self.fallback]
            .into_iter()
            .flatten()
            .find_map(|font| font.glyph(c).map(|id| (font, id)))
    }

    /// Draws one line across paper `dots` wide whose text area has `columns` columns.
    /// Returns the picture and how many characters no font had (drawn as □).
    #[must_use]
    pub fn draw(&self, text: &str, style: Style, columns: usize, dots: usize) -> (Bitmap, u32) {
        let factor = style.size.factor();
        let mut page = Bitmap::new(dots, (LINE_DOTS + LEADING_DOTS) * factor);
        let mut missing = 0;
        let used = columns_of(text) * factor;
        // Alignment is the printer's for ROM text, over all dots; the same here.
        let spare = dots.saturating_sub(used * COLUMN_DOTS);
        let mut x = match indent(used, columns, style.align) {
            0 => 0,
            _ if style.align == super::slip::Align::Right => spare,
            _ => spare / 2,
        };
        let mut cell_start = x;
        for c in text.chars() {
            let width = char_columns(c) * COLUMN_DOTS * factor;
            if width > 0 {
                cell_start = x;
            }
            if c != ' ' {
                let cell = Cell { x: cell_start, width: width.max(COLUMN_DOTS * factor), factor };
                match self.find(c) {
                    Some((font, id)) => cell.glyph(font, id, style.weight, &mut page),
                    None if width > 0 => {
                        missing += 1;
                        cell.missing(&mut page);
                    }
                    None => missing += 1,
                }
            }
            x += width;
        }
        (page, missing)
    }
}

/// The space one character may take.
struct Cell {
    x: usize,
    width: usize,
    factor: usize,
}

impl Cell {
    fn glyph(&self, font: &GlyphFont, id: GlyphId, weight: Weight, page: &mut Bitmap) {
        let font = &*font.0;
        let em = cells(LINE_DOTS * self.factor) * EM_IN_CELL;
        let units = font.units_per_em().unwrap_or(1000.0);
        let height = font.height_unscaled() * em / units;
        let mut scale = PxScale::from(height);
        // A letter wider than its cell (W in a proportional font) is narrowed, not cut.
        let advance = font.as_scaled(scale).h_advance(id);
        let width = cells(self.width);
        if advance > width {
            scale.x *= width / advance;
        }
        let scaled = font.as_scaled(scale);
        let left = cells(self.x) + (width - scaled.h_advance(id)).max(0.0) / 2.0;
        // Baseline of East Asian faces: 0.88 em below the top of the em box.
        let baseline = 0.5 * (cells(LINE_DOTS * self.factor) - em) + 0.88 * em;
        let glyph = id.with_scale_and_position(scale, point(left, baseline));
        let Some(outline) = font.outline_glyph(glyph) else { return };
        let bounds = outline.px_bounds();
        outline.draw(|dx, dy, cover| {
            if cover < INK {
                return;
            }
            let (Some(x), Some(y)) = (offset(bounds.min.x, dx), offset(bounds.min.y, dy)) else {
                return;
            };
            page.set(x, y);
            if weight == Weight::Bold {
                page.set(x + 1, y);
            }
        });
    }

    fn missing(&self, page: &mut Bitmap) {
        let (edge, line) = (2 * self.factor, 2 * self.factor);
        let (left, right) = (self.x + edge, (self.x + self.width).saturating_sub(edge));
        let (top, bottom) = (edge, LINE_DOTS * self.factor - edge);
        let wide = right.saturating_sub(left);
        page.fill(left, top, wide, line);
        page.fill(left, bottom - line, wide, line);
        page.fill(left, top, line, bottom - top);
        page.fill(right.saturating_sub(line), top, line, bottom - top);
    }
}

/// Dot counts are a few hundred: exact in `f32`.
#[expect(clippy::cast_precision_loss, reason = "far below 2^24")]
fn cells(dots: usize) -> f32 {
    dots as f32
}

/// A picture position from an outline's bounds; `None` left of or above the paper.
#[expect(clippy::cast_possible_truncation, reason = "checked and small")]
fn offset(origin: f32, step: u32) -> Option<usize> {
    let origin = origin.floor();
    let at = if origin.is_finite() { origin as i64 + i64::from(step) } else { -1 };
    usize::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printer::slip::{Align, Size};

    fn fonts() -> Fonts {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../assets/fonts/NotoSansCJKsc-Regular-subset.otf"
        );
        let font = GlyphFont::from_bytes(std::fs::read(path).unwrap()).unwrap();
        Fonts { primary: Some(font), fallback: None }
    }

    fn ink(page: &Bitmap, x: std::ops::Range<usize>) -> usize {
        x.map(|x| (0..page.height()).filter(|y| page.get(x, *y)).count()).sum()
    }

    #[test]
    fn hanzi_fill_their_cells_and_stay_inside() {
        let (page, missing) = fonts().draw("扬中", Style::default(), 48, 576);
        assert_eq!(missing, 0);
        assert!(ink(&page, 0..24) > 60, "first character drawn");
        assert!(ink(&page, 24..48) > 30, "second character drawn");
        assert_eq!(ink(&page, 48..576), 0, "nothing beyond");
        assert_eq!((page.width(), page.height()), (576, 30));
    }

    #[test]
    fn a_character_nobody_has_becomes_a_box_and_is_counted() {
        let (page, missing) = fonts().draw("𠮷", Style::default(), 48, 576);
        assert_eq!(missing, 1);
        assert!(page.get(2, 2) && page.get(21, 21) && !page.get(12, 12));
    }

    #[test]
    fn alignment_and_size_are_the_papers() {
        let style = Style { align: Align::Right, size: Size::Double, weight: Weight::Bold };
        let (page, _) = fonts().draw("中", style, 48, 576);
        assert_eq!(page.height(), 60);
        assert_eq!(ink(&page, 0..528), 0);
        assert!(ink(&page, 528..576) > 200);
    }

    #[test]
    fn bytes_that_are_no_font_are_refused() {
        let error = GlyphFont::from_bytes(vec![1, 2, 3]).unwrap_err();
        assert_eq!(error, FontError { bytes: 3, face: 0 });
    }
}
