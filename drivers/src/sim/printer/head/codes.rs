//! Pictures, barcodes and QR codes on the simulated paper.

use qrcode::{Color, EcLevel, QrCode, Version};

use super::super::bars;
use super::super::glyphs::Glyph;
use super::Head;

impl Head {
    fn dots_at(&mut self, stride: usize, data: &[u8], scale: (usize, usize)) {
        if stride == 0 {
            return;
        }
        self.flush();
        self.start_paper();
        let rows = data.len() / stride;
        let width = (stride * 8 * scale.0).min(self.page.dots());
        let (left, top) = (self.left(width), self.page.height());
        self.page.feed(rows * scale.1);
        for (y, row) in data.chunks_exact(stride).enumerate() {
            for x in 0..stride * 8 {
                if row[x / 8] >> (7 - x % 8) & 1 == 1 {
                    self.page.bar(left + x * scale.0, top + y * scale.1, scale.0, scale.1);
                }
            }
        }
        self.note(&format!("[picture {}x{}]", stride * 8, rows));
    }

    /// GS v 0.
    pub(in crate::sim::printer) fn raster(&mut self, m: u8, stride: usize, data: &[u8]) {
        let scale = (1 + usize::from(m & 1), 1 + usize::from(m >> 1 & 1));
        self.dots_at(stride, data, scale);
    }

    /// GS ( L and GS 8 L: store (112) and print (50).
    pub(in crate::sim::printer) fn graphics(&mut self, data: &[u8]) {
        match *data {
            [0x30, 0x70, 0x30, bx, by, _, xl, xh, _, _, ref bits @ ..] => {
                let width = usize::from(xl) + usize::from(xh) * 256;
                if (bx, by) == (1, 1) {
                    self.stored = Some((width.div_ceil(8), bits.to_vec()));
                }
            }
            [0x30, 0x02 | 0x32] => {
                if let Some((stride, bits)) = self.stored.take() {
                    self.dots_at(stride, &bits, (1, 1));
                }
            }
            _ => {}
        }
    }

    /// ESC *: columns of 8 or 24 dots into the line; printed at once here.
    pub(in crate::sim::printer) fn columns_image(&mut self, m: u8, data: &[u8]) {
        let bytes = if m >= 32 { 3 } else { 1 };
        let columns = data.len() / bytes;
        let stride = columns.div_ceil(8);
        let mut rows = vec![0; stride * bytes * 8];
        for (x, column) in data.chunks_exact(bytes).enumerate() {
            for y in 0..bytes * 8 {
                if column[y / 8] >> (7 - y % 8) & 1 == 1 {
                    rows[y * stride + x / 8] |= 0x80 >> (x % 8);
                }
            }
        }
        self.dots_at(stride, &rows, (1, 1));
    }

    /// GS k, CODE128. Nothing is printed for content it cannot hold or that is too wide.
    pub(in crate::sim::printer) fn code128(&mut self, data: &[u8]) {
        self.flush();
        let Some((widths, shown)) = bars::code128(data) else {
            return self.note("[barcode refused]");
        };
        let module = self.barcode.module.clamp(1, 6);
        let total: usize = widths.iter().map(|width| usize::from(*width) * module).sum();
        if total > self.page.dots() {
            return self.note("[barcode too wide]");
        }
        self.start_paper();
        if self.barcode.hri & 1 == 1 {
            self.caption(&shown);
        }
        let (mut x, top) = (self.left(total), self.page.height());
        self.page.feed(self.barcode.height);
        for (at, width) in widths.into_iter().enumerate() {
            let width = usize::from(width) * module;
            if at % 2 == 0 {
                self.page.bar(x, top, width, self.barcode.height);
            }
            x += width;
        }
        self.note(&format!("[CODE128 {shown}]"));
        if self.barcode.hri & 2 == 2 {
            self.caption(&shown);
        }
    }

    /// The text at a barcode, in the plain font.
    fn caption(&mut self, shown: &str) {
        let top = self.page.height();
        self.page.feed(26);
        let mut x = self.left(shown.len() * 12);
        for c in shown.chars() {
            let glyph =
                Glyph { c, width: 12, height: 24, bold: false, underline: 0, inverse: false };
            self.glyphs.print(glyph, x, top + 2, &mut self.page);
            x += 12;
        }
    }

    /// Any other GS k: noted, not drawn.
    pub(in crate::sim::printer) fn unknown_barcode(&mut self, data: &[u8]) {
        self.flush();
        self.note(&format!("[barcode kind {:02X}]", data.first().unwrap_or(&0)));
    }

    /// GS ( k, QR only.
    pub(in crate::sim::printer) fn two_dimensional(&mut self, data: &[u8]) {
        match *data {
            [0x31, 0x43, n] => self.qr_module = usize::from(n.clamp(1, 16)),
            [0x31, 0x45, n] => {
                self.qr_level = match n {
                    0x31 => EcLevel::M,
                    0x32 => EcLevel::Q,
                    0x33 => EcLevel::H,
                    _ => EcLevel::L,
                }
            }
            [0x31, 0x50, 0x30, ref content @ ..] => self.qr_data = content.to_vec(),
            [0x31, 0x51, 0x30] => self.print_qr(),
            _ => {}
        }
    }

    fn print_qr(&mut self) {
        self.flush();
        let Ok(code) = QrCode::with_error_correction_level(&self.qr_data, self.qr_level) else {
            return self.note("[QR refused]");
        };
        let side = code.width() * self.qr_module;
        if side > self.page.dots() || matches!(code.version(), Version::Micro(_)) {
            return self.note("[QR too wide]");
        }
        self.start_paper();
        let (left, top) = (self.left(side), self.page.height());
        self.page.feed(side);
        let modules = code.width();
        for (at, color) in code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                let (x, y) = (at % modules, at / modules);
                let dots = self.qr_module;
                self.page.bar(left + x * dots, top + y * dots, dots, dots);
            }
        }
        let shown = String::from_utf8_lossy(&self.qr_data).into_owned();
        self.note(&format!("[QR {shown}]"));
    }
}
