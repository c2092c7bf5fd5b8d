//! The printer's paper at the width of its slot on the bench.

use slint::{Image, Rgb8Pixel, SharedPixelBuffer};

use crate::view::Picture;

/// Width of the paper on the bench, in pixels (`paper.slint` draws it 1:1).
const SHOWN_WIDTH: u32 = 288;
/// Longest paper shown, in pixels: about ten receipts. Older paper is off the desk.
const MOST_ROWS: u32 = 6000;

/// The paper scaled to the slot by averaging, and its height there. A picture whose bytes do not
/// match its size is no paper.
#[allow(clippy::cast_precision_loss)] // At most MOST_ROWS.
pub(super) fn image(picture: &Picture) -> (Image, f32) {
    let bytes = u64::from(picture.width) * u64::from(picture.height);
    if bytes == 0 || u64::try_from(picture.grey.len()).ok() != Some(bytes) {
        return (Image::default(), 0.0);
    }
    let scaled = u64::from(picture.height) * u64::from(SHOWN_WIDTH) / u64::from(picture.width);
    let whole = u32::try_from(scaled.max(1)).unwrap_or(u32::MAX);
    let rows = whole.min(MOST_ROWS);
    let mut buffer = SharedPixelBuffer::<Rgb8Pixel>::new(SHOWN_WIDTH, rows);
    let pixels = buffer.make_mut_slice();
    for (at, pixel) in (0_u32..).zip(pixels.iter_mut()) {
        let (x, y) = (at % SHOWN_WIDTH, at / SHOWN_WIDTH + (whole - rows));
        let grey =
            mean(picture, span(x, SHOWN_WIDTH, picture.width), span(y, whole, picture.height));
        *pixel = Rgb8Pixel::new(grey, grey, grey);
    }
    (Image::from_rgb8(buffer), rows as f32)
}

/// Which of `from` cells fall on cell `at` of `to` cells: at least one.
fn span(at: u32, to: u32, from: u32) -> std::ops::Range<usize> {
    let edge =
        |n: u32| usize::try_from(u64::from(n) * u64::from(from) / u64::from(to)).unwrap_or(0);
    let start = edge(at).min(from as usize - 1);
    start..edge(at + 1).max(start + 1).min(from as usize)
}

fn mean(picture: &Picture, across: std::ops::Range<usize>, down: std::ops::Range<usize>) -> u8 {
    let cells = across.len() * down.len();
    let sum: usize = down
        .flat_map(|row| {
            let start = row * picture.width as usize;
            &picture.grey[start + across.start..start + across.end]
        })
        .map(|grey| usize::from(*grey))
        .sum();
    u8::try_from(sum / cells.max(1)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32, grey: Vec<u8>) -> Picture {
        Picture { width, height, grey: grey.into() }
    }

    #[test]
    fn paper_of_any_size_fits_the_slot() {
        for (width, height, rows) in
            [(576, 400, 200.0), (384, 384, 288.0), (100, 10, 28.0), (1, 1, 288.0), (576, 1, 1.0)]
        {
            let grey = vec![200; (width * height) as usize];
            let (image, shown) = image(&picture(width, height, grey));
            assert!((shown - rows).abs() < 0.5, "{width}x{height} is {shown} rows");
            let pixels = image.to_rgb8().unwrap();
            assert!(pixels.as_slice().iter().all(|p| p.r == 200), "{width}x{height}");
        }
    }

    #[test]
    fn a_picture_of_the_wrong_size_is_no_paper() {
        assert!(image(&picture(10, 10, vec![0; 99])).1 < 0.5);
        assert!(image(&picture(0, 10, vec![])).1 < 0.5);
    }
}
