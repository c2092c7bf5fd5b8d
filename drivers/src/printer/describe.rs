//! Both directions in words, for a wire view. Incremental; never fails.
//!
//! It reads what this crate writes and names the rest by its bytes. Text on a slip is shown as it
//! is printed, so `Debug` keeps it out; the view itself decides who may look.

use std::fmt;

use super::status::{Demux, Reply};

/// Bytes of one unfinished command kept; a longer one is named unknown.
pub const COMMAND_MAX: usize = 256 * 1024;
/// Text shown as one piece at most, in bytes.
const TEXT_MAX: usize = 512;

/// A piece of what goes to the printer.
#[derive(Clone, PartialEq, Eq)]
pub enum Sent {
    /// `1B 40`.
    Init,
    /// Text up to the end of its line, or to the next command.
    Text(String),
    /// A picture, in dots.
    Raster {
        /// Width.
        width: u32,
        /// Height.
        height: u32,
    },
    /// A barcode and its content.
    Barcode(String),
    /// A QR code and its content.
    Qr(String),
    /// Line feeds without text.
    Feed(u8),
    /// A cut.
    Cut,
    /// `10 04 n`.
    StatusRequest(u8),
    /// Automatic status switched on or off.
    AutoStatus(u8),
    /// `10 05 n`: recover from an error.
    Recover(u8),
    /// `1D 72 n`: buffered status, also the end of a job without an id.
    BufferedStatus(u8),
    /// The end of a job with its id.
    JobEnd([u8; 4]),
    /// NUL bytes that fill up an interrupted command.
    Flush(usize),
    /// A mode command without a name here.
    Mode(Vec<u8>),
    /// Bytes of no known meaning.
    Unknown(usize),
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Init => f.write_str("Init"),
            Self::Text(text) => write!(f, "Text({} characters)", text.chars().count()),
            Self::Raster { width, height } => write!(f, "Raster({width}x{height})"),
            Self::Barcode(data) => write!(f, "Barcode({} bytes)", data.len()),
            Self::Qr(data) => write!(f, "Qr({} bytes)", data.len()),
            Self::Feed(lines) => write!(f, "Feed({lines})"),
            Self::Cut => f.write_str("Cut"),
            Self::StatusRequest(n) => write!(f, "StatusRequest({n})"),
            Self::AutoStatus(n) => write!(f, "AutoStatus({n:02X})"),
            Self::Recover(n) => write!(f, "Recover({n})"),
            Self::BufferedStatus(n) => write!(f, "BufferedStatus({n})"),
            Self::JobEnd(id) => write!(f, "JobEnd({})", String::from_utf8_lossy(id)),
            Self::Flush(count) => write!(f, "Flush({count})"),
            Self::Mode(bytes) => write!(f, "Mode({bytes:02X?})"),
            Self::Unknown(count) => write!(f, "Unknown({count})"),
        }
    }
}

/// Reads the bytes to the printer.
#[derive(Debug, Default)]
pub struct SentReader {
    pending: Vec<u8>,
    qr: String,
}

/// What stands at the start of the pending bytes.
enum Parsed {
    /// More bytes are needed.
    Partial,
    /// So many bytes, and what they mean if anything is to be shown.
    Item(usize, Option<Sent>),
}

impl SentReader {
    /// Takes bytes in any split; returns what is complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Sent> {
        self.pending.extend_from_slice(bytes);
        let mut items = Vec::new();
        let mut at = 0;
        while at < self.pending.len() {
            match self.parse(at) {
                Parsed::Partial => break,
                Parsed::Item(count, item) => {
                    at += count.max(1);
                    items.extend(item);
                }
            }
        }
        self.pending.drain(..at.min(self.pending.len()));
        if self.pending.len() > COMMAND_MAX {
            items.push(Sent::Unknown(self.pending.len()));
            self.pending.clear();
        }
        items
    }

    fn parse(&mut self, at: usize) -> Parsed {
        let bytes = &self.pending[at..];
        match bytes[0] {
            0x00 => {
                let count = bytes.iter().take_while(|byte| **byte == 0).count();
                Parsed::Item(count, Some(Sent::Flush(count)))
            }
            0x0A => Parsed::Item(1, Some(Sent::Feed(1))),
            0x10 => real_time(bytes),
            0x1B => escape(bytes),
            0x1C => fixed(bytes, file_separator_len(bytes)),
            0x1D => {
                let parsed = group(bytes);
                if let Parsed::Item(_, Some(Sent::Qr(data))) = &parsed
                    && !data.is_empty()
                {
                    // Stored now, shown when printed.
                    self.qr.clone_from(data);
                    let Parsed::Item(count, _) = parsed else { return parsed };
                    return Parsed::Item(count, None);
                }
                if let Parsed::Item(count, Some(Sent::Qr(_))) = parsed {
                    return Parsed::Item(count, Some(Sent::Qr(std::mem::take(&mut self.qr))));
                }
                parsed
            }
            byte if byte < 0x20 => Parsed::Item(1, Some(Sent::Unknown(1))),
            _ => text(bytes),
        }
    }
}

/// A line of text with its line feed. An unfinished line waits, within bounds.
fn text(bytes: &[u8]) -> Parsed {
    let end = bytes.iter().position(|byte| *byte < 0x20);
    let (length, skip) = match end {
        Some(end) => (end, usize::from(bytes[end] == 0x0A)),
        None if bytes.len() > TEXT_MAX => (bytes.len(), 0),
        None => return Parsed::Partial,
    };
    let shown = encoding_rs::GB18030.decode_without_bom_handling(&bytes[..length]).0.into_owned();
    Parsed::Item(length + skip, Some(Sent::Text(shown)))
}

fn real_time(bytes: &[u8]) -> Parsed {
    match *bytes {
        [_] | [_, 0x04 | 0x05] => Parsed::Partial,
        [_, 0x04, n, ..] => Parsed::Item(3, Some(Sent::StatusRequest(n))),
        [_, 0x05, n, ..] => Parsed::Item(3, Some(Sent::Recover(n))),
        _ => Parsed::Item(1, Some(Sent::Unknown(1))),
    }
}

fn escape(bytes: &[u8]) -> Parsed {
    match *bytes {
        [_] => Parsed::Partial,
        [_, 0x40, ..] => Parsed::Item(2, Some(Sent::Init)),
        [_, 0x64] => Parsed::Partial,
        [_, 0x64, n, ..] => Parsed::Item(3, Some(Sent::Feed(n))),
        [_, 0x32, ..] => fixed(bytes, 2),
        [_, 0x63, ..] => fixed(bytes, 4),
        [_, 0x70, ..] => fixed(bytes, 5),
        _ => fixed(bytes, 3),
    }
}

fn file_separator_len(bytes: &[u8]) -> usize {
    match bytes.get(1) {
        Some(0x26 | 0x2E) => 2,
        Some(0x53) => 4,
        _ => 3,
    }
}

fn fixed(bytes: &[u8], length: usize) -> Parsed {
    match bytes.get(..length) {
        Some(command) => Parsed::Item(length, Some(Sent::Mode(command.to_vec()))),
        None => Parsed::Partial,
    }
}

fn le(low: u8, high: u8) -> usize {
    usize::from(u16::from_le_bytes([low, high]))
}

fn dots(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn group(bytes: &[u8]) -> Parsed {
    match *bytes {
        [_] | [_, 0x61 | 0x72] => Parsed::Partial,
        [_, 0x61, n, ..] => Parsed::Item(3, Some(Sent::AutoStatus(n))),
        [_, 0x72, n, ..] => Parsed::Item(3, Some(Sent::BufferedStatus(n))),
        [_, 0x56] => Parsed::Partial,
        [_, 0x56, m, ..] => {
            let length = if matches!(m, 0x41 | 0x42) { 4 } else { 3 };
            if bytes.len() < length {
                return Parsed::Partial;
            }
            Parsed::Item(length, Some(Sent::Cut))
        }
        [_, 0x6B, ..] => barcode(bytes),
        [_, 0x76, _, _, xl, xh, yl, yh, ..] => {
            let (stride, height) = (le(xl, xh), le(yl, yh));
            let item = Sent::Raster { width: dots(stride * 8), height: dots(height) };
            counted(bytes, 8 + stride * height, Some(item))
        }
        [_, 0x76, ..] => Parsed::Partial,
        [_, 0x28, function, pl, ph, ..] => {
            let length = 5 + le(pl, ph);
            match bytes.get(5..length) {
                Some(data) => Parsed::Item(length, parenthesis(function, data, &bytes[..length])),
                None if length > COMMAND_MAX => Parsed::Item(5, Some(Sent::Unknown(5))),
                None => Parsed::Partial,
            }
        }
        [_, 0x28, ..] => Parsed::Partial,
        _ => fixed(bytes, 3),
    }
}

fn counted(bytes: &[u8], length: usize, item: Option<Sent>) -> Parsed {
    if length > COMMAND_MAX {
        return Parsed::Item(2, Some(Sent::Unknown(2)));
    }
    if bytes.len() < length { Parsed::Partial } else { Parsed::Item(length, item) }
}

fn barcode(bytes: &[u8]) -> Parsed {
    match *bytes {
        [_, _, m, n, ..] if m >= 0x41 => {
            let end = 4 + usize::from(n);
            match bytes.get(4..end) {
                Some(data) => {
                    let data = data.strip_prefix(b"{B").unwrap_or(data);
                    let shown = String::from_utf8_lossy(data).replace("{{", "{");
                    Parsed::Item(end, Some(Sent::Barcode(shown)))
                }
                None => Parsed::Partial,
            }
        }
        [_, _, _, ..] => match bytes[3..].iter().position(|byte| *byte == 0) {
            Some(length) => {
                let shown = String::from_utf8_lossy(&bytes[3..3 + length]).into_owned();
                Parsed::Item(4 + length, Some(Sent::Barcode(shown)))
            }
            None => Parsed::Partial,
        },
        _ => Parsed::Partial,
    }
}

/// `1D 28 x`: `data` is what the length covers.
fn parenthesis(function: u8, data: &[u8], whole: &[u8]) -> Option<Sent> {
    match (function, data) {
        (0x48, &[0x30, 0x30, a, b, c, d]) => Some(Sent::JobEnd([a, b, c, d])),
        (0x6B, [0x31, 0x50, 0x30, content @ ..]) => {
            Some(Sent::Qr(String::from_utf8_lossy(content).into_owned()))
        }
        (0x6B, [0x31, 0x51, ..]) => Some(Sent::Qr(String::new())),
        (0x4C, &[0x30, 0x70, _, _, _, _, xl, xh, yl, yh, ..]) => {
            Some(Sent::Raster { width: dots(le(xl, xh)), height: dots(le(yl, yh)) })
        }
        (0x4C, [0x30, 0x32]) => None,
        _ => Some(Sent::Mode(whole.to_vec())),
    }
}

/// Reads the bytes from the printer: the driver's own splitting, without its state.
#[derive(Debug, Default)]
pub struct ReplyReader(Demux);

impl ReplyReader {
    /// Takes bytes in any split; returns what is complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Reply> {
        let mut replies = Vec::new();
        self.0.push(bytes, |reply| replies.push(reply));
        replies
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printer::compose::Composer;
    use crate::printer::font::Fonts;
    use crate::printer::job::JobId;
    use crate::printer::profile::ProfileName;
    use crate::printer::slip::Slip;
    use proptest::prelude::*;

    fn job(name: ProfileName) -> Vec<u8> {
        let slip = Slip::new().heading("扬中").text("1 红楼梦").code128("YZ1").qr("YZ2").cut();
        let composer = Composer::new(name.profile(), Fonts::default()).unwrap();
        composer.compose(&slip, JobId::from_bytes(*b"0001").unwrap()).unwrap().bytes
    }

    #[test]
    fn a_job_in_words() {
        let mut items = SentReader::default().push(&job(ProfileName::EpsonTmT20ii));
        items.retain(|item| !matches!(item, Sent::Mode(_)));
        assert_eq!(
            items,
            [
                Sent::Init,
                Sent::AutoStatus(0xFF),
                Sent::Text("扬中".into()),
                Sent::Text("1 红楼梦".into()),
                Sent::Barcode("YZ1".into()),
                Sent::Feed(1),
                Sent::Qr("YZ2".into()),
                Sent::Feed(1),
                Sent::Cut,
                Sent::JobEnd(*b"0001"),
            ]
        );
        assert!(!format!("{items:?}").contains('梦'));
    }

    #[test]
    fn pictures_and_requests() {
        let items = SentReader::default().push(&job(ProfileName::Pos5890));
        assert!(items.contains(&Sent::Raster { width: 384, height: 80 }));
        let items = SentReader::default().push(&[0x10, 4, 1, 0x10, 5, 2, 0, 0, 0x1D, 0x72, 1]);
        let expected =
            [Sent::StatusRequest(1), Sent::Recover(2), Sent::Flush(2), Sent::BufferedStatus(1)];
        assert_eq!(items, expected);
        assert_eq!(
            ReplyReader::default().push(b"\x12\x37\x220001\0"),
            [Reply::RealTime(0x12), Reply::JobDone(*b"0001")]
        );
    }

    proptest! {
        #[test]
        fn splits_do_not_change_the_words(at in 0_usize..300) {
            let bytes = job(ProfileName::EpsonTmT20ii);
            let at = at.min(bytes.len());
            let mut reader = SentReader::default();
            let mut items = reader.push(&bytes[..at]);
            items.extend(reader.push(&bytes[at..]));
            prop_assert_eq!(items, SentReader::default().push(&bytes));
        }

        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let mut reader = SentReader::default();
            for piece in bytes.chunks(7) {
                reader.push(piece);
            }
        }
    }
}
