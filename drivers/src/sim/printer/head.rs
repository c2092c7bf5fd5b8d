//! The simulated print head: modes, the line buffer, and what lands on the paper.

mod codes;

use encoding_rs::{GB18030, WINDOWS_1252};
use qrcode::EcLevel;

use super::glyphs::{Glyph, Glyphs};
use super::interp::Ask;
use super::page::{HEIGHT_MAX, Page};

/// Width of a font A character: one column of the text file.
const COLUMN: usize = 12;
/// Line pitch after power-up: 1/6 inch at 203 dpi is 34; Chinese heads use 30.
const DEFAULT_PITCH: usize = 30;
/// Paper between head and cutter that a cut with feed brings out.
const CUT_FEED: usize = 60;
/// White paper above the first line, left from the cut before.
const TOP_FEED: usize = 40;

/// Code page 0 (PC437) from 80h on.
const PC437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ\
     áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
     └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
     αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{A0}";

/// Code page 1 (katakana) from 80h to 9Fh; A1h to DFh are half-width katakana.
const KATAKANA_BOX: &str = "▁▂▃▄▅▆▇█▏▎▍▌▋▊▉┼┴┬┤├▔─│▕┌┐└┘╭╮╰╯";

/// Barcode settings.
#[derive(Debug, Clone, Copy)]
pub(super) struct BarcodeMode {
    /// Where the text is printed: 0 nowhere, 1 above, 2 below, 3 both.
    pub(super) hri: u8,
    /// Bar height in dots.
    pub(super) height: usize,
    /// Module width in dots.
    pub(super) module: usize,
}

#[derive(Debug, Clone, Copy)]
struct Modes {
    align: u8,
    wide: usize,
    high: usize,
    bold: bool,
    underline: usize,
    inverse: bool,
    narrow_font: bool,
    hanzi: bool,
    hanzi_double: bool,
    pitch: usize,
    page: u8,
}

impl Default for Modes {
    fn default() -> Self {
        Self {
            align: 0,
            wide: 1,
            high: 1,
            bold: false,
            underline: 0,
            inverse: false,
            narrow_font: false,
            // ON at power-up on printers with a Chinese ROM (1.2).
            hanzi: true,
            hanzi_double: false,
            pitch: DEFAULT_PITCH,
            page: 0,
        }
    }
}

/// The head.
#[derive(Debug)]
pub(super) struct Head {
    glyphs: Glyphs,
    page: Page,
    text: String,
    modes: Modes,
    /// Characters with their place on the line, in dots.
    line: Vec<(usize, Glyph)>,
    cursor: usize,
    lead: Option<u8>,
    qr_data: Vec<u8>,
    qr_module: usize,
    qr_level: EcLevel,
    stored: Option<(usize, Vec<u8>)>,
    /// Barcode settings, set by their commands.
    pub(super) barcode: BarcodeMode,
}

impl Head {
    /// At power-up, with paper of so many printable dots.
    pub(super) fn new(dots: usize) -> Self {
        Self {
            glyphs: Glyphs::new(),
            page: Page::new(dots),
            text: String::new(),
            modes: Modes::default(),
            line: Vec::new(),
            cursor: 0,
            lead: None,
            qr_data: Vec::new(),
            qr_module: 3,
            qr_level: EcLevel::L,
            stored: None,
            barcode: BarcodeMode { hri: 0, height: 162, module: 3 },
        }
    }

    /// The paper since the last cut.
    pub(super) fn page(&self) -> &Page {
        &self.page
    }

    /// Whether anything has come out since the last cut.
    pub(super) fn has_paper(&self) -> bool {
        self.page.height() > 0
    }

    /// Takes the paper and its text, as by a cut.
    pub(super) fn take(&mut self) -> (Page, String) {
        self.page.feed(CUT_FEED);
        let blank = Page::new(self.page.dots());
        let page = std::mem::replace(&mut self.page, blank);
        (page, std::mem::take(&mut self.text))
    }

    /// ESC @: modes and the line buffer.
    pub(super) fn initialise(&mut self) {
        self.modes = Modes::default();
        self.discard();
        self.barcode = BarcodeMode { hri: 0, height: 162, module: 3 };
    }

    /// Drops what is not yet printed.
    pub(super) fn discard(&mut self) {
        self.line.clear();
        self.cursor = 0;
        self.lead = None;
        self.stored = None;
    }

    /// A byte that is no command.
    pub(super) fn text_byte(&mut self, byte: u8) {
        if let Some(lead) = self.lead.take() {
            return self.trail(lead, byte);
        }
        match byte {
            0x0A => self.end_line(),
            0x00..0x20 => {}
            0x20..=0x7E => self.put(char::from(byte)),
            0x7F => {}
            _ if self.modes.hanzi && byte >= 0x81 => self.lead = Some(byte),
            _ => {
                let c = match self.modes.page {
                    0 => PC437.chars().nth(usize::from(byte) - 0x80),
                    1 => match byte {
                        0xA1..=0xDF => char::from_u32(0xFF61 + u32::from(byte - 0xA1)),
                        _ => KATAKANA_BOX.chars().nth(usize::from(byte) - 0x80),
                    },
                    16 => WINDOWS_1252.decode(&[byte]).0.chars().next(),
                    _ => None,
                };
                self.put(c.unwrap_or('?'));
            }
        }
    }

    /// The second byte of a hanzi. The ROM has the two-byte area only: a four-byte code comes out
    /// as a gap and a digit (1.3: `81 30 84 36` shows as "0 6").
    fn trail(&mut self, lead: u8, byte: u8) {
        let pair = [lead, byte];
        let (decoded, _, broken) = GB18030.decode(&pair);
        let mut chars = decoded.chars();
        match (chars.next(), chars.next(), broken || byte < 0x40) {
            (Some(c), None, false) => self.put(c),
            _ => {
                self.put(' ');
                self.text_byte(byte);
            }
        }
    }

    fn put(&mut self, c: char) {
        let m = self.modes;
        let han = !c.is_ascii() && m.hanzi;
        let double = han && m.hanzi_double && m.wide == 1 && m.high == 1;
        let (wide, high) = if double { (2, 2) } else { (m.wide, m.high) };
        let cell = match (han, m.narrow_font) {
            (true, _) => 24,
            (false, true) => 9,
            (false, false) => 12,
        };
        let glyph = Glyph {
            c,
            width: cell * wide,
            height: if m.narrow_font && !han { 17 } else { 24 } * high,
            bold: m.bold,
            underline: m.underline,
            inverse: m.inverse,
        };
        if self.cursor + glyph.width > self.page.dots() {
            // The line is full: printed as it is, the rest goes below.
            self.end_line();
        }
        self.line.push((self.cursor, glyph));
        self.cursor += glyph.width;
    }

    fn start_paper(&mut self) {
        if self.page.height() == 0 {
            self.page.feed(TOP_FEED);
        }
    }

    fn left(&self, width: usize) -> usize {
        let spare = self.page.dots().saturating_sub(width);
        match self.modes.align {
            1 => spare / 2,
            2 => spare,
            _ => 0,
        }
    }

    fn end_line(&mut self) {
        self.start_paper();
        let line = std::mem::take(&mut self.line);
        let width = std::mem::take(&mut self.cursor);
        let height = line.iter().map(|(_, glyph)| glyph.height).max().unwrap_or(0);
        let top = self.page.height();
        self.page.feed(height.max(self.modes.pitch));
        let left = self.left(width);
        let mut shown = 0;
        for (at, glyph) in line {
            let x = left + at;
            self.glyphs.print(glyph, x, top + height - glyph.height, &mut self.page);
            let column = x / COLUMN;
            self.text.push_str(&" ".repeat(column.saturating_sub(shown)));
            self.text.push(glyph.c);
            shown = (x + glyph.width) / COLUMN;
        }
        let end = self.text.trim_end_matches(' ').len();
        self.text.truncate(end);
        self.text.push('\n');
    }

    /// Prints a line that has no line feed yet.
    pub(super) fn flush(&mut self) {
        if !self.line.is_empty() {
            self.end_line();
        }
    }

    fn note(&mut self, what: &str) {
        self.text.push_str(what);
        self.text.push('\n');
    }

    // ---- modes

    /// ESC a. Counts only at a line's start.
    pub(super) fn justify(&mut self, n: u8) {
        if self.line.is_empty() {
            self.modes.align = n % 48;
        }
    }
    /// ESC E.
    pub(super) fn bold(&mut self, on: bool) {
        self.modes.bold = on;
    }
    /// ESC - and FS -.
    pub(super) fn underline(&mut self, n: u8) {
        self.modes.underline = usize::from(n % 48).min(2);
    }
    /// ESC M.
    pub(super) fn font(&mut self, n: u8) {
        self.modes.narrow_font = n % 48 == 1;
    }
    /// ESC !.
    pub(super) fn print_mode(&mut self, n: u8) {
        self.modes.narrow_font = n & 1 != 0;
        self.modes.bold = n & 8 != 0;
        self.modes.high = if n & 0x10 != 0 { 2 } else { 1 };
        self.modes.wide = if n & 0x20 != 0 { 2 } else { 1 };
        self.modes.underline = usize::from(n & 0x80 != 0);
    }
    /// ESC t.
    pub(super) fn code_page(&mut self, n: u8) {
        self.modes.page = n;
    }
    /// GS !.
    pub(super) fn size(&mut self, n: u8) {
        self.modes.wide = usize::from((n >> 4) & 7) + 1;
        self.modes.high = usize::from(n & 7) + 1;
    }
    /// ESC $: to a place on the line, in dots.
    pub(super) fn place(&mut self, dots: usize) {
        self.cursor = dots.min(self.page.dots());
    }
    /// ESC \: relative to here; the distance is signed.
    pub(super) fn place_by(&mut self, dots: i16) {
        let here = i64::try_from(self.cursor).unwrap_or(i64::MAX) + i64::from(dots);
        self.place(usize::try_from(here).unwrap_or(0));
    }
    /// GS B.
    pub(super) fn inverse(&mut self, on: bool) {
        self.modes.inverse = on;
    }
    /// FS & and FS .
    pub(super) fn hanzi_mode(&mut self, on: bool) {
        self.modes.hanzi = on;
        self.lead = None;
    }
    /// FS W.
    pub(super) fn hanzi_double(&mut self, on: bool) {
        self.modes.hanzi_double = on;
    }
    /// ESC 3.
    pub(super) fn pitch(&mut self, dots: usize) {
        self.modes.pitch = dots;
    }
    /// ESC 2.
    pub(super) fn default_pitch(&mut self) {
        self.modes.pitch = DEFAULT_PITCH;
    }

    // ---- paper

    /// ESC d.
    pub(super) fn feed_lines(&mut self, n: u8) {
        self.flush();
        self.start_paper();
        self.page.feed(usize::from(n) * self.modes.pitch);
        self.text.push_str(&"\n".repeat(usize::from(n)));
    }
    /// ESC J.
    pub(super) fn feed_dots(&mut self, dots: usize) {
        self.flush();
        self.start_paper();
        self.page.feed(dots);
    }
    /// GS V and ESC i: counts only at a line's start, and a cut of nothing is none.
    pub(super) fn cut(&mut self) -> Option<Ask> {
        (self.line.is_empty() && self.has_paper()).then_some(Ask::Cut)
    }

    /// Whether the paper is too long to go on.
    pub(super) fn too_long(&self) -> bool {
        self.page.height() >= HEIGHT_MAX
    }
}
