//! One-bit pictures for the head, sent in bands (1.3).

use super::profile::RasterCommand;

/// Most dot rows in one raster command: an abort loses at most one band (1.3).
pub const BAND_ROWS: usize = 128;

/// Black dots on white paper; rows are whole bytes, most significant bit left.
#[derive(Clone, PartialEq, Eq)]
pub struct Bitmap {
    width: usize,
    stride: usize,
    bits: Vec<u8>,
}

impl std::fmt::Debug for Bitmap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bitmap({}x{})", self.width, self.height())
    }
}

impl Bitmap {
    /// White paper of `width` by `height` dots.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        let stride = width.div_ceil(8);
        Self { width, stride, bits: vec![0; stride * height] }
    }

    /// Width in dots.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in dots.
    #[must_use]
    pub fn height(&self) -> usize {
        self.bits.len().checked_div(self.stride).unwrap_or(0)
    }

    /// Blackens a dot; outside the paper nothing happens.
    pub fn set(&mut self, x: usize, y: usize) {
        if x < self.width && y < self.height() {
            self.bits[y * self.stride + x / 8] |= 0x80 >> (x % 8);
        }
    }

    /// Whether a dot is black; outside the paper it is not.
    #[must_use]
    pub fn get(&self, x: usize, y: usize) -> bool {
        x < self.width
            && y < self.height()
            && self.bits[y * self.stride + x / 8] & (0x80 >> (x % 8)) != 0
    }

    /// Blackens a rectangle.
    pub fn fill(&mut self, x: usize, y: usize, width: usize, height: usize) {
        for row in y..y + height {
            for column in x..x + width {
                self.set(column, row);
            }
        }
    }

    /// This picture in the middle of paper `width` dots wide (cut at the right if wider).
    #[must_use]
    pub fn centered(&self, width: usize) -> Self {
        let mut page = Self::new(width, self.height());
        let left = width.saturating_sub(self.width) / 2;
        for y in 0..self.height() {
            for x in 0..self.width.min(width) {
                if self.get(x, y) {
                    page.set(left + x, y);
                }
            }
        }
        page
    }

    /// The printer commands for this picture: bands of at most [`BAND_ROWS`], without real-time
    /// commands among their bytes.
    #[must_use]
    pub fn commands(&self, command: RasterCommand) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bits.len() + 64);
        for band in self.bits.chunks((self.stride * BAND_ROWS).max(1)) {
            let rows = band.len() / self.stride;
            let start = out.len();
            match command {
                RasterCommand::GsV0 => {
                    out.extend_from_slice(&[0x1D, 0x76, 0x30, 0x00]);
                    out.extend_from_slice(&le16(self.stride));
                    out.extend_from_slice(&le16(rows));
                }
                RasterCommand::GsL => {
                    out.extend_from_slice(&[0x1D, 0x28, 0x4C]);
                    out.extend_from_slice(&le16(10 + band.len()));
                    out.extend_from_slice(&[0x30, 0x70, 0x30, 0x01, 0x01, 0x31]);
                    out.extend_from_slice(&le16(self.stride * 8));
                    out.extend_from_slice(&le16(rows));
                }
            }
            let data = out.len();
            out.extend_from_slice(band);
            scrub(&mut out[start..], data - start);
            if command == RasterCommand::GsL {
                out.extend_from_slice(&[0x1D, 0x28, 0x4C, 0x02, 0x00, 0x30, 0x32]);
            }
        }
        out
    }
}

/// Low byte first. Bands are at most 128 rows of 128 bytes, so 16 bits always hold the value.
fn le16(value: usize) -> [u8; 2] {
    u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes()
}

/// Flips one dot wherever picture bytes would read as a real-time command (1.3, "Trap"):
/// `10 04`, `10 05` and `10 14` are obeyed by many heads even inside a picture; the last fires
/// the drawer connector. `from` is where picture bytes begin; a header byte before is considered
/// as the command's first byte but never changed.
pub fn scrub(bytes: &mut [u8], from: usize) {
    for at in from.max(1)..bytes.len() {
        if bytes[at - 1] == 0x10 && matches!(bytes[at], 0x04 | 0x05 | 0x14) {
            // The lowest bit: a single dot at the byte's right end. 05, 04 and 15 result; 05 and
            // 04 are commands themselves, so take the next bit there.
            bytes[at] ^= if bytes[at] == 0x14 { 0x01 } else { 0x02 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn has_real_time_command(bytes: &[u8]) -> bool {
        bytes.windows(2).any(|pair| pair[0] == 0x10 && matches!(pair[1], 0x04 | 0x05 | 0x14))
    }

    #[test]
    fn band_headers_as_documented() {
        // 1.3: 384 dots x 24.
        let line = Bitmap::new(384, 24);
        let bytes = line.commands(RasterCommand::GsV0);
        assert_eq!(&bytes[..8], &[0x1D, 0x76, 0x30, 0x00, 0x30, 0x00, 0x18, 0x00]);
        assert_eq!(bytes.len(), 8 + 1152);
        let bytes = line.commands(RasterCommand::GsL);
        assert_eq!(
            &bytes[..15],
            &[0x1D, 0x28, 0x4C, 0x8A, 0x04, 0x30, 0x70, 0x30, 1, 1, 0x31, 0x80, 0x01, 0x18, 0x00]
        );
        assert_eq!(&bytes[15 + 1152..], &[0x1D, 0x28, 0x4C, 0x02, 0x00, 0x30, 0x32]);
    }

    #[test]
    fn tall_pictures_go_in_bands() {
        let bytes = Bitmap::new(576, 300).commands(RasterCommand::GsV0);
        assert_eq!(bytes.len(), 3 * 8 + 300 * 72);
        assert_eq!(&bytes[8 + 128 * 72..][..8], &[0x1D, 0x76, 0x30, 0, 72, 0, 128, 0]);
        assert_eq!(&bytes[2 * (8 + 128 * 72)..][..8], &[0x1D, 0x76, 0x30, 0, 72, 0, 44, 0]);
    }

    #[test]
    fn a_drawer_pulse_hidden_in_a_picture_is_broken_up() {
        let mut bytes = vec![0x10, 0x14, 0x01, 0x00, 0x01, 0x10, 0x04, 0x01, 0x10, 0x05, 0x02];
        scrub(&mut bytes, 0);
        assert_eq!(bytes, [0x10, 0x15, 0x01, 0x00, 0x01, 0x10, 0x06, 0x01, 0x10, 0x07, 0x02]);
    }

    proptest! {
        #[test]
        fn no_picture_contains_a_real_time_command(
            bits in proptest::collection::vec(
                prop_oneof![Just(0x10_u8), Just(4), Just(5), Just(0x14), any::<u8>()], 0..600),
            gs_l in any::<bool>(),
        ) {
            let stride = 3;
            let rows = bits.len() / stride;
            let mut picture = Bitmap::new(stride * 8, rows);
            picture.bits.copy_from_slice(&bits[..rows * stride]);
            let command = if gs_l { RasterCommand::GsL } else { RasterCommand::GsV0 };
            prop_assert!(!has_real_time_command(&picture.commands(command)));
        }
    }
}
