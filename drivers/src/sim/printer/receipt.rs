//! A finished receipt and its files.

use std::fs;
use std::io::{self, BufWriter};
use std::path::Path;

/// What came out between two cuts.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Every byte that went into it, status requests included.
    pub bytes: Vec<u8>,
    /// Its text as printed; codes and pictures as notes in brackets.
    pub text: String,
    /// Picture width in dots, margins included.
    pub width: usize,
    /// Picture height in dots.
    pub height: usize,
    /// The picture, 8-bit grey, row by row.
    pub pixels: Vec<u8>,
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Receipt({} bytes, {}x{})", self.bytes.len(), self.width, self.height)
    }
}

impl Receipt {
    /// The picture as a PNG file's bytes.
    ///
    /// # Errors
    /// The encoder's, which does not happen for pictures of ours.
    pub fn png(&self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let size = |length: usize| u32::try_from(length).map_err(io::Error::other);
        let mut encoder =
            png::Encoder::new(BufWriter::new(&mut out), size(self.width)?, size(self.height)?);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(io::Error::other)?;
        writer.write_image_data(&self.pixels).map_err(io::Error::other)?;
        writer.finish().map_err(io::Error::other)?;
        Ok(out)
    }

    /// Writes `NNNN.bin`, `NNNN.txt` and `NNNN.png` into a directory that exists.
    ///
    /// # Errors
    /// The file system's.
    pub fn save(&self, dir: &Path, number: usize) -> io::Result<()> {
        fs::write(dir.join(format!("{number:04}.bin")), &self.bytes)?;
        fs::write(dir.join(format!("{number:04}.txt")), &self.text)?;
        // Last: whoever waits for the picture finds the others complete.
        fs::write(dir.join(format!("{number:04}.png")), self.png()?)
    }
}
