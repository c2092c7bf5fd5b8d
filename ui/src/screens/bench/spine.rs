//! Titles on spines: Chinese stands upright, one character below the other; Latin lies on its
//! side, as on real shelves. Slint's software renderer does not turn text, so lying titles are
//! drawn here.

use std::collections::HashMap;

use ab_glyph::{Font as _, FontRef, Glyph, ScaleFont as _};
use slint::{Image, Rgba8Pixel, SharedPixelBuffer, SharedString};

/// ASCII and Latin letters of the face the pages use.
const FONT: &[u8] = include_bytes!("../../../../assets/fonts/NotoSansCJKsc-Bold-latin.otf");
/// Height of the letters, in pixels.
const SIZE: f32 = 21.0;
/// Longest lying title, in pixels of the spine's length.
const LONGEST: f32 = 158.0;
/// Most characters standing upright.
const MOST_UPRIGHT: usize = 7;
/// Titles kept drawn; a shelf holds far fewer.
const MOST_KEPT: usize = 500;

/// One title, ready to be put on a spine.
#[derive(Default, Clone)]
pub(super) struct Title {
    /// One character a line; empty when the title lies.
    pub(super) upright: SharedString,
    /// The title on its side; empty when it stands.
    pub(super) turned: Image,
    /// Width of `turned` in pixels.
    pub(super) width: f32,
    /// Height of `turned` in pixels.
    pub(super) height: f32,
}

/// The titles drawn so far.
#[derive(Default)]
pub(super) struct Titles(HashMap<String, Title>);

impl Titles {
    /// `title` ready for a spine.
    pub(super) fn of(&mut self, title: &str) -> &Title {
        if self.0.len() >= MOST_KEPT && !self.0.contains_key(title) {
            self.0.clear();
        }
        self.0.entry(title.to_owned()).or_insert_with(|| {
            if title.chars().any(is_han) {
                Title { upright: upright(title).into(), ..Title::default() }
            } else {
                turned(title)
            }
        })
    }
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// The characters one below the other, without what is in brackets and without blanks.
fn upright(title: &str) -> String {
    let main = title.split(['（', '(', '：', ':', '/']).next().unwrap_or(title);
    let main = if main.trim().is_empty() { title } else { main };
    let mut letters = main.chars().filter(|c| !c.is_whitespace()).collect::<Vec<_>>();
    if letters.len() > MOST_UPRIGHT {
        letters.truncate(MOST_UPRIGHT - 1);
        letters.push('…');
    }
    letters.iter().map(char::to_string).collect::<Vec<_>>().join("\n")
}

/// The title drawn and turned a quarter clockwise.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss // Positions within a picture of a few hundred pixels.
)]
fn turned(title: &str) -> Title {
    let font = FontRef::try_from_slice(FONT).expect("the embedded font is a font");
    let font = font.as_scaled(SIZE);
    let (glyphs, length) = lay(title, |c| {
        let id = font.glyph_id(c);
        (id, font.h_advance(id))
    });
    let high = (font.ascent() - font.descent()).ceil() as u32 + 1;
    let long = length.ceil() as u32 + 2;
    let mut buffer = SharedPixelBuffer::<Rgba8Pixel>::new(high, long);
    let pixels = buffer.make_mut_slice();
    for (id, x) in glyphs {
        let glyph: Glyph = id.with_scale_and_position(SIZE, ab_glyph::point(x, font.ascent()));
        let Some(outline) = font.font.outline_glyph(glyph) else { continue };
        let from = outline.px_bounds().min;
        outline.draw(|dx, dy, cover| {
            let along = dx as f32 + from.x;
            let down = dy as f32 + from.y;
            if along < 0.0 || down < 0.0 {
                return;
            }
            let (along, down) = (along as u32, down as u32);
            if along < long && down < high {
                let at = (along * high + (high - 1 - down)) as usize;
                let alpha = (cover.clamp(0.0, 1.0) * 255.0) as u8;
                let pixel = &mut pixels[at];
                *pixel = Rgba8Pixel::new(255, 255, 255, alpha.max(pixel.a));
            }
        });
    }
    Title {
        turned: Image::from_rgba8(buffer),
        width: high as f32,
        height: long as f32,
        ..Title::default()
    }
}

/// Glyphs with their places, cut with "…" where the title is too long, and the length of all.
fn lay(
    title: &str,
    glyph: impl Fn(char) -> (ab_glyph::GlyphId, f32),
) -> (Vec<(ab_glyph::GlyphId, f32)>, f32) {
    let dots = glyph('…');
    let mut laid = Vec::new();
    let mut x = 0.0;
    for c in title.trim().chars() {
        let (id, advance) = glyph(c);
        if x + advance > LONGEST {
            while x + dots.1 > LONGEST {
                let Some((_, at)) = laid.pop() else { break };
                x = at;
            }
            laid.push((dots.0, x));
            return (laid, x + dots.1);
        }
        laid.push((id, x));
        x += advance;
    }
    (laid, x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_stands_and_latin_lies() {
        let mut titles = Titles::default();
        assert_eq!(titles.of("三体（典藏版）").upright, "三\n体");
        assert_eq!(titles.of("中国历代经典散文鉴赏辞典").upright, "中\n国\n历\n代\n经\n典\n…");
        let lying = titles.of("Matilda").clone();
        assert_eq!(lying.upright, "");
        assert!(lying.height > lying.width, "{}x{}", lying.width, lying.height);
        let drawn = lying.turned.to_rgba8().unwrap();
        assert!(drawn.as_slice().iter().any(|p| p.a > 200), "nothing is drawn");
    }

    #[test]
    fn no_title_is_longer_than_its_spine() {
        let mut titles = Titles::default();
        for title in
            ["", "M", "The Strange Case of Dr Jekyll and Mr Hyde", "WWWWWWWWWWWWWWWWWWWWWWW"]
        {
            assert!(titles.of(title).height <= LONGEST + 3.0, "{title}");
        }
    }
}
