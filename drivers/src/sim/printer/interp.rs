//! The simulated printer's reading of ESC/POS, one byte at a time (1.2). Written apart from the
//! driver's composer: what one side gets wrong must not cancel out in the other.

use super::head::Head;

/// Longest command taken; a longer one is dropped, as a printer's buffer would.
const COMMAND_MAX: usize = 512 * 1024;

/// Something beyond paper that a command asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    /// Paper cut.
    Cut,
    /// GS a.
    AutoStatus(u8),
    /// GS r.
    Status(u8),
    /// GS ( H.
    ProcessId([u8; 4]),
    /// GS I.
    Identity(u8),
    /// ESC p: the drawer connector was fired. No receipt may do this.
    Pulse,
}

/// What a printer class lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Everything of 1.2.
    Full,
    /// The 5890 family: no GS k function B, no GS ( k, no GS ( L, no cutter (1.1).
    Simple,
}

/// The command reader.
#[derive(Debug)]
pub(super) struct Interp {
    class: Class,
    command: Vec<u8>,
}

enum Length {
    /// Not known before the next byte.
    More,
    /// The whole command's.
    Whole(usize),
}

impl Interp {
    /// At power-up.
    pub(super) fn new(class: Class) -> Self {
        Self { class, command: Vec::new() }
    }

    /// Forgets a half command.
    pub(super) fn reset(&mut self) {
        self.command.clear();
    }

    /// Takes a byte.
    pub(super) fn byte(&mut self, byte: u8, head: &mut Head) -> Option<Ask> {
        if self.command.is_empty() && !matches!(byte, 0x10 | 0x1B | 0x1C | 0x1D) {
            head.text_byte(byte);
            return None;
        }
        self.command.push(byte);
        match length(&self.command, self.class) {
            Length::Whole(length) if self.command.len() >= length => {
                let command = std::mem::take(&mut self.command);
                run(&command, head)
            }
            _ if self.command.len() > COMMAND_MAX => {
                self.command.clear();
                None
            }
            _ => None,
        }
    }
}

fn le(low: u8, high: u8) -> usize {
    usize::from(low) + usize::from(high) * 256
}

/// How long the command is that begins with these bytes.
fn length(c: &[u8], class: Class) -> Length {
    use Length::{More, Whole};
    let simple = class == Class::Simple;
    let known = match *c {
        [_] => return More,
        [0x10, 0x04 | 0x05, ..] => 3,
        [0x10, 0x14] => return More,
        [0x10, 0x14, 1 | 2, ..] => 5,
        [0x10, 0x14, 8, ..] => 10,
        [0x10, ..] => 2,
        [0x1B, 0x40 | 0x32 | 0x69 | 0x6D | 0x4C | 0x53 | 0x0C | 0x3C, ..] => 2,
        [0x1B, 0x63 | 0x24 | 0x5C, ..] => 4,
        [0x1B, 0x70, ..] => 5,
        [0x1B, 0x57, ..] => 10,
        [0x1B, 0x44, .., 0] if c.len() > 2 => c.len(),
        [0x1B, 0x44, ..] => return More,
        [0x1B, 0x2A, m, nl, nh, ..] => 5 + le(nl, nh) * if m >= 32 { 3 } else { 1 },
        [0x1B, 0x2A, ..] => return More,
        [0x1B..=0x1D, 0x28, _, pl, ph, ..] if !(simple && c[0] == 0x1D) => 5 + le(pl, ph),
        [0x1B..=0x1D, 0x28, ..] if !simple => return More,
        [0x1B, ..] => 3,
        [0x1C, 0x26 | 0x2E, ..] => 2,
        [0x1C, 0x53 | 0x70, ..] => 4,
        [0x1C, ..] => 3,
        [0x1D, 0x56] => return More,
        [0x1D, 0x56, m, ..] if m >= 0x41 => 4,
        [0x1D, 0x6B] => return More,
        [0x1D, 0x6B, 0..=6, .., 0] if c.len() > 3 => c.len(),
        [0x1D, 0x6B, 0..=6, ..] => return More,
        [0x1D, 0x6B, _, ..] if simple => 3,
        [0x1D, 0x6B, _, n, ..] => 4 + usize::from(n),
        [0x1D, 0x6B, ..] => return More,
        [0x1D, 0x76, _, _, xl, xh, yl, yh, ..] => 8 + le(xl, xh) * le(yl, yh),
        [0x1D, 0x76, ..] => return More,
        [0x1D, 0x38, 0x4C, a, b, d, e, ..] => 7 + le(a, b) + le(d, e) * 65536,
        [0x1D, 0x38, ..] => return More,
        [0x1D, 0x4C | 0x57 | 0x50 | 0x24 | 0x5C, ..] => 4,
        [0x1D, 0x3A, ..] => 2,
        [0x1D, ..] => 3,
        _ => c.len(),
    };
    Whole(known)
}

fn run(c: &[u8], head: &mut Head) -> Option<Ask> {
    match c[0] {
        0x1B => escape(c, head),
        0x1C => {
            match *c {
                [_, 0x26] => head.hanzi_mode(true),
                [_, 0x2E] => head.hanzi_mode(false),
                [_, 0x57, n] => head.hanzi_double(n & 1 == 1),
                [_, 0x2D, n] => head.underline(n),
                _ => {}
            }
            None
        }
        0x1D => group(c, head),
        // Real-time commands were obeyed when they arrived.
        _ => None,
    }
}

fn escape(c: &[u8], head: &mut Head) -> Option<Ask> {
    match *c {
        [_, 0x40] => head.initialise(),
        [_, 0x61, n] => head.justify(n),
        [_, 0x45 | 0x47, n] => head.bold(n & 1 == 1),
        [_, 0x2D, n] => head.underline(n),
        [_, 0x4D, n] => head.font(n),
        [_, 0x21, n] => head.print_mode(n),
        [_, 0x74, n] => head.code_page(n),
        [_, 0x64, n] => head.feed_lines(n),
        [_, 0x4A, n] => head.feed_dots(usize::from(n)),
        [_, 0x33, n] => head.pitch(usize::from(n)),
        [_, 0x32] => head.default_pitch(),
        [_, 0x24, low, high] => head.place(le(low, high)),
        [_, 0x5C, low, high] => head.place_by(i16::from_le_bytes([low, high])),
        [_, 0x69 | 0x6D] => return head.cut(),
        [_, 0x70, ..] => return Some(Ask::Pulse),
        [_, 0x2A, m, _, _, ref data @ ..] => head.columns_image(m, data),
        _ => {}
    }
    None
}

fn group(c: &[u8], head: &mut Head) -> Option<Ask> {
    match *c {
        [_, 0x21, n] => head.size(n),
        [_, 0x42, n] => head.inverse(n & 1 == 1),
        [_, 0x48, n] => head.barcode.hri = n % 48,
        [_, 0x68, n] => head.barcode.height = usize::from(n),
        [_, 0x77, n] => head.barcode.module = usize::from(n),
        [_, 0x61, n] => return Some(Ask::AutoStatus(n)),
        [_, 0x72, n] => return Some(Ask::Status(n)),
        [_, 0x49, n] => return Some(Ask::Identity(n)),
        [_, 0x56, ..] => return head.cut(),
        [_, 0x6B, 0x49, _, ref data @ ..] => head.code128(data),
        [_, 0x6B, ref data @ ..] => head.unknown_barcode(data),
        [_, 0x76, 0x30, m, xl, xh, _, _, ref data @ ..] => head.raster(m, le(xl, xh), data),
        [_, 0x38, 0x4C, _, _, _, _, ref data @ ..] => head.graphics(data),
        [_, 0x28, 0x4C, _, _, ref data @ ..] => head.graphics(data),
        [_, 0x28, 0x6B, _, _, ref data @ ..] => head.two_dimensional(data),
        [_, 0x28, 0x48, _, _, 0x30, 0x30, a, b, d, e] => {
            head.flush();
            return Some(Ask::ProcessId([a, b, d, e]));
        }
        _ => {}
    }
    None
}
