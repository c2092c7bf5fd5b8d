//! Slip and profile to one job in memory (1.2, 1.3, 1.6 rule 3).
//!
//! The crate `escpos` serves as byte composer: one `Printer` on a memory sink per job, thrown away
//! after, because a failed `print` keeps its instructions (1.7). What it gets wrong never leaves
//! here: cuts, CODE128, status, raster and hanzi mode are our own bytes, QR is always model 2,
//! text is encoded before it sees it, and nothing here can pulse the drawer connector.

use std::cell::RefCell;

use escpos::driver::Driver;
use escpos::errors::PrinterError;
use escpos::printer::Printer;
use escpos::utils::{JustifyMode, Protocol, QRCodeCorrectionLevel, QRCodeModel, QRCodeOption};

use super::bitmap::Bitmap;
use super::font::Fonts;
use super::job::{Job, JobId, Notes};
use super::layout::{Placed, place};
use super::profile::{CodeMode, Cutter, EndMarker, HanziSize, Profile, StatusSupport, TextMode};
use super::slip::{Align, Size, Slip, Style, Weight};
use super::{code128, qr, text};

/// Barcode height in dots: 10 mm at 203 dpi (1.2, worked job).
pub const BARCODE_DOTS: u8 = 80;
/// Barcode module width in dots (1.2, worked job).
pub const BARCODE_MODULE_DOTS: u8 = 2;
/// Lines fed where there is no cutter, to bring the last line past the tear edge.
pub const TEAR_OFF_LINES: u8 = 4;
/// Most elements a slip may have; a receipt has tens.
pub const SLIP_LINES_MAX: usize = 1000;
/// Largest job in bytes: about two metres of picture.
pub const JOB_BYTES_MAX: usize = 2 * 1024 * 1024;

/// A slip that cannot become a job. Text that cannot be encoded is never an error.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// More elements than [`SLIP_LINES_MAX`].
    #[error("a slip of {lines} lines: at most {SLIP_LINES_MAX}")]
    TooLong {
        /// Elements on the slip.
        lines: usize,
    },
    /// More bytes than [`JOB_BYTES_MAX`].
    #[error("a job of {bytes} bytes: at most {JOB_BYTES_MAX}")]
    TooLarge {
        /// Size.
        bytes: usize,
    },
    /// The profile draws text, and no font was given.
    #[error("the printer profile draws text as dots, and no font was given")]
    NoFont,
    /// The byte composer refused a command.
    #[error("composing the job: {0}")]
    Composer(#[from] PrinterError),
}

/// Makes jobs for one printer.
#[derive(Debug, Clone)]
pub struct Composer {
    profile: Profile,
    fonts: Fonts,
}

impl Composer {
    /// For a profile, with the fonts there are. Without a font a character the ROM lacks is
    /// printed as □ and counted.
    ///
    /// # Errors
    /// [`ComposeError::NoFont`] when the profile needs one.
    pub fn new(profile: Profile, fonts: Fonts) -> Result<Self, ComposeError> {
        if profile.text_mode == TextMode::Raster && !fonts.any() {
            return Err(ComposeError::NoFont);
        }
        Ok(Self { profile, fonts })
    }

    /// The profile in use.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The job for a slip.
    ///
    /// # Errors
    /// [`ComposeError`] when the slip is beyond all bounds; nothing was printed then.
    pub fn compose(&self, slip: &Slip, id: JobId) -> Result<Job, ComposeError> {
        if slip.lines.len() > SLIP_LINES_MAX {
            return Err(ComposeError::TooLong { lines: slip.lines.len() });
        }
        let mut sheet = Sheet::new(&self.profile, &self.fonts)?;
        for item in place(slip, usize::from(self.profile.columns), text::printable) {
            sheet.put(item)?;
        }
        let job = sheet.finish(id)?;
        if job.bytes.len() > JOB_BYTES_MAX {
            return Err(ComposeError::TooLarge { bytes: job.bytes.len() });
        }
        Ok(job)
    }
}

/// A sink for the byte composer.
#[derive(Default)]
struct Memory(RefCell<Vec<u8>>);

impl Driver for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }
    fn write(&self, data: &[u8]) -> Result<(), PrinterError> {
        self.0.borrow_mut().extend_from_slice(data);
        Ok(())
    }
    fn read(&self, _buf: &mut [u8]) -> Result<usize, PrinterError> {
        Ok(0)
    }
    fn flush(&self) -> Result<(), PrinterError> {
        Ok(())
    }
}

/// One job in the making: knows the printer's modes, changes only what differs.
struct Sheet<'a> {
    profile: &'a Profile,
    fonts: &'a Fonts,
    out: Printer<Memory>,
    now: Style,
    /// Whether the last thing printed left at least one empty line, as a QR code needs around it.
    open: bool,
    raster_rows: u32,
    notes: Notes,
}

impl<'a> Sheet<'a> {
    fn new(profile: &'a Profile, fonts: &'a Fonts) -> Result<Self, ComposeError> {
        let mut out = Printer::new(Memory::default(), Protocol::default(), None);
        out.init()?;
        // After the initialisation, which may end automatic status (1.2).
        if matches!(profile.status, StatusSupport::Asb | StatusSupport::Detect) {
            out.custom(&[0x1D, 0x61, 0xFF])?;
        }
        if profile.text_mode == TextMode::HanziRom {
            out.custom(&[0x1C, 0x26])?;
        }
        Ok(Self {
            profile,
            fonts,
            out,
            now: Style::default(),
            open: true,
            raster_rows: 0,
            notes: Notes::default(),
        })
    }

    fn put(&mut self, item: Placed) -> Result<(), ComposeError> {
        match item {
            Placed::Line { text, style } => self.line(&text, style),
            Placed::Code128(data) => self.code128(&data),
            Placed::Qr(data) => self.qr(&data),
            Placed::Feed(0) => Ok(()),
            Placed::Feed(lines) => {
                self.out.feeds(lines)?;
                self.open = true;
                Ok(())
            }
            Placed::Cut => self.cut(),
        }
    }

    fn line(&mut self, line: &str, style: Style) -> Result<(), ComposeError> {
        if line.is_empty() {
            self.out.custom(&[0x0A])?;
            self.open = true;
            return Ok(());
        }
        let rom = match self.profile.text_mode {
            TextMode::HanziRom => text::encode(line, self.profile.gb18030_four_byte),
            TextMode::Raster => None,
        };
        match rom {
            Some(bytes) => self.rom_line(bytes, style)?,
            None if self.fonts.any() => self.drawn_line(line, style)?,
            None => {
                let (bytes, replaced) = text::encode_lossy(line);
                self.notes.replaced_characters += replaced;
                self.rom_line(bytes, style)?;
            }
        }
        self.open = false;
        Ok(())
    }

    fn rom_line(&mut self, mut bytes: Vec<u8>, style: Style) -> Result<(), ComposeError> {
        self.set(style)?;
        bytes.push(0x0A);
        self.out.custom(&bytes)?;
        Ok(())
    }

    fn drawn_line(&mut self, line: &str, style: Style) -> Result<(), ComposeError> {
        let (columns, dots) = (usize::from(self.profile.columns), self.dots());
        let (picture, missing) = self.fonts.draw(line, style, columns, dots);
        self.notes.drawn_lines += 1;
        self.notes.replaced_characters += missing;
        self.picture(&picture)
    }

    /// Changes modes. Alignment counts only at a line's start, which is where we always are; a
    /// large size is left before alignment changes and entered after (order of the worked job).
    fn set(&mut self, want: Style) -> Result<(), ComposeError> {
        if self.now.weight == Weight::Bold && want.weight == Weight::Regular {
            self.out.bold(false)?;
        }
        if self.now.size == Size::Double && want.size == Size::Normal {
            self.size(Size::Normal)?;
        }
        self.align(want.align)?;
        if self.now.size == Size::Normal && want.size == Size::Double {
            self.size(Size::Double)?;
        }
        if self.now.weight == Weight::Regular && want.weight == Weight::Bold {
            self.out.bold(true)?;
        }
        self.now = want;
        Ok(())
    }

    fn size(&mut self, size: Size) -> Result<(), ComposeError> {
        let factor = if size == Size::Double { 2 } else { 1 };
        self.out.size(factor, factor)?;
        if self.profile.hanzi_size == HanziSize::OwnCommand {
            self.out.custom(&[0x1C, 0x57, factor - 1])?;
        }
        Ok(())
    }

    fn align(&mut self, align: Align) -> Result<(), ComposeError> {
        if self.now.align != align {
            self.out.justify(match align {
                Align::Left => JustifyMode::LEFT,
                Align::Center => JustifyMode::CENTER,
                Align::Right => JustifyMode::RIGHT,
            })?;
            self.now.align = align;
        }
        Ok(())
    }

    fn code_style(&mut self) -> Result<(), ComposeError> {
        self.set(Style { align: Align::Center, ..Style::default() })
    }

    fn code128(&mut self, data: &str) -> Result<(), ComposeError> {
        let data = text::clean(data);
        let fits =
            code128::modules_in_set_b(&data) * usize::from(BARCODE_MODULE_DOTS) <= self.dots();
        if self.profile.barcode == CodeMode::Native && fits && code128::check(&data).is_ok() {
            return self.native_code128(&data);
        }
        match code128::draw(&data, self.dots(), usize::from(BARCODE_DOTS)) {
            Ok(picture) => {
                self.picture(&picture.centered(self.dots()))?;
                self.centered_text(&data)?;
                self.out.custom(&[0x0A])?;
                self.open = true;
                Ok(())
            }
            Err(_) => self.code_as_text(&data),
        }
    }

    fn native_code128(&mut self, data: &str) -> Result<(), ComposeError> {
        self.code_style()?;
        self.out.custom(&[0x1D, 0x48, 0x02])?;
        self.out.custom(&[0x1D, 0x68, BARCODE_DOTS])?;
        self.out.custom(&[0x1D, 0x77, BARCODE_MODULE_DOTS])?;
        // Set B only: set C bytes could read as real-time commands (1.3, "Trap").
        let mut content = b"{B".to_vec();
        for byte in data.bytes() {
            content.push(byte);
            if byte == b'{' {
                content.push(byte);
            }
        }
        let count = u8::try_from(content.len()).expect("a checked barcode is below 100 bytes");
        self.out.custom(&[0x1D, 0x6B, 0x49, count])?;
        self.out.custom(&content)?;
        // A QR code straight after a barcode did not scan (1.2).
        self.out.custom(&[0x0A])?;
        self.open = true;
        Ok(())
    }

    fn qr(&mut self, data: &str) -> Result<(), ComposeError> {
        let data = qr_content(data);
        let Ok(plan) = qr::plan(&data, self.dots()) else {
            return self.code_as_text(&data);
        };
        if self.profile.qr == CodeMode::Raster {
            self.open = true; // The picture brings its own quiet zone.
            return self.picture(&plan.draw().centered(self.dots()));
        }
        self.code_style()?;
        if !self.open {
            self.out.custom(&[0x0A])?;
        }
        let level = match plan.level {
            qr::Level::L => QRCodeCorrectionLevel::L,
            qr::Level::M => QRCodeCorrectionLevel::M,
        };
        let dots = u8::try_from(plan.module_dots).unwrap_or(BARCODE_MODULE_DOTS);
        self.out.qrcode_option(&data, QRCodeOption::new(QRCodeModel::Model2, dots, level))?;
        self.out.custom(&[0x0A])?;
        self.open = true;
        Ok(())
    }

    fn code_as_text(&mut self, data: &str) -> Result<(), ComposeError> {
        self.notes.codes_as_text += 1;
        for line in data.lines() {
            self.centered_text(line)?;
        }
        Ok(())
    }

    fn centered_text(&mut self, data: &str) -> Result<(), ComposeError> {
        let style = Style { align: Align::Center, ..Style::default() };
        let columns = usize::from(self.profile.columns);
        for line in super::layout::wrap(&text::printable(data), columns) {
            self.line(&line, style)?;
        }
        Ok(())
    }

    fn picture(&mut self, picture: &Bitmap) -> Result<(), ComposeError> {
        // Pictures are as wide as the paper; an alignment would only confuse clones.
        self.set(Style::default())?;
        self.raster_rows =
            self.raster_rows.saturating_add(u32::try_from(picture.height()).unwrap_or(u32::MAX));
        self.out.custom(&picture.commands(self.profile.raster))?;
        Ok(())
    }

    fn cut(&mut self) -> Result<(), ComposeError> {
        match self.profile.cutter {
            Cutter::Partial => self.out.custom(&[0x1D, 0x56, 0x42, 0x00])?,
            Cutter::Full => self.out.custom(&[0x1D, 0x56, 0x41, 0x00])?,
            Cutter::None => self.out.feeds(TEAR_OFF_LINES)?,
        };
        self.open = true;
        Ok(())
    }

    fn finish(mut self, id: JobId) -> Result<Job, ComposeError> {
        if self.profile.status != StatusSupport::None {
            self.out.custom(&end_marker(self.profile.end_marker, id))?;
        }
        self.out.print()?;
        let bytes = self.out.driver().0.into_inner();
        Ok(Job { id, bytes, raster_rows: self.raster_rows, notes: self.notes })
    }

    fn dots(&self) -> usize {
        usize::from(self.profile.dots)
    }
}

/// The bytes that ask the printer to say when a job has come out.
#[must_use]
pub fn end_marker(marker: EndMarker, id: JobId) -> Vec<u8> {
    match marker {
        EndMarker::ProcessId => {
            let mut bytes = vec![0x1D, 0x28, 0x48, 0x06, 0x00, 0x30, 0x30];
            bytes.extend_from_slice(&id.bytes());
            bytes
        }
        EndMarker::PaperStatus => vec![0x1D, 0x72, 0x01],
    }
}

/// A QR code's content without control characters but with its line breaks.
fn qr_content(data: &str) -> String {
    let lines: Vec<String> = data.lines().map(text::clean).collect();
    let mut content = lines.join("\n");
    // The length field is two bytes of p = bytes + 3: it must not read as a real-time command.
    if matches!(content.len() + 3, 0x0410 | 0x0510) {
        content.push(' ');
    }
    content
}

#[cfg(test)]
#[path = "compose_tests.rs"]
mod tests;
