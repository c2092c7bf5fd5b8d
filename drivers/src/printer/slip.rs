//! A receipt's content, independent of any printer (patron-experience.md section 9).
//!
//! Slips carry titles and perhaps part of a card number, so `Debug` shows shapes, never text.

use std::fmt;

/// Where a line stands on the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// At the left edge.
    #[default]
    Left,
    /// In the middle.
    Center,
    /// At the right edge.
    Right,
}

/// Character size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Size {
    /// 12 by 24 dots for ASCII, 24 by 24 for Han.
    #[default]
    Normal,
    /// Twice as wide and twice as high.
    Double,
}

impl Size {
    /// Magnification in both directions.
    #[must_use]
    pub fn factor(self) -> usize {
        match self {
            Self::Normal => 1,
            Self::Double => 2,
        }
    }
}

/// Stroke weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weight {
    /// As the font is.
    #[default]
    Regular,
    /// Emphasised.
    Bold,
}

/// How a text line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Position on the paper.
    pub align: Align,
    /// Character size.
    pub size: Size,
    /// Stroke weight.
    pub weight: Weight,
}

/// One element of a slip, from top to bottom.
#[derive(Clone, PartialEq, Eq)]
pub enum SlipLine {
    /// Text, wrapped where it is wider than the paper.
    Text {
        /// The words. Control characters are removed before printing.
        text: String,
        /// Its look.
        style: Style,
    },
    /// Two columns: the left is cut with … to make room, the right is never cut.
    Columns {
        /// Usually a title.
        left: String,
        /// Usually a due date.
        right: String,
    },
    /// A line across the paper.
    Rule,
    /// A CODE128 barcode with its text below, centred.
    Code128(String),
    /// A QR code, centred.
    Qr(String),
    /// Empty lines.
    Feed(u8),
    /// Cuts the paper (feeds to the tear edge on printers without a cutter).
    Cut,
}

impl fmt::Debug for SlipLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { text, style } => {
                write!(f, "Text({} characters, {style:?})", text.chars().count())
            }
            Self::Columns { left, right } => write!(
                f,
                "Columns({} and {} characters)",
                left.chars().count(),
                right.chars().count()
            ),
            Self::Rule => f.write_str("Rule"),
            Self::Code128(data) => write!(f, "Code128({} characters)", data.chars().count()),
            Self::Qr(data) => write!(f, "Qr({} bytes)", data.len()),
            Self::Feed(lines) => write!(f, "Feed({lines})"),
            Self::Cut => f.write_str("Cut"),
        }
    }
}

/// A whole receipt or slip.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Slip {
    /// Elements from top to bottom.
    pub lines: Vec<SlipLine>,
}

impl Slip {
    /// An empty slip.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a plain line at the left.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.styled(text, Style::default())
    }

    /// Adds a line in a given style.
    #[must_use]
    pub fn styled(mut self, text: impl Into<String>, style: Style) -> Self {
        self.lines.push(SlipLine::Text { text: text.into(), style });
        self
    }

    /// Adds a heading: centred, double size.
    #[must_use]
    pub fn heading(self, text: impl Into<String>) -> Self {
        self.styled(
            text,
            Style { align: Align::Center, size: Size::Double, weight: Weight::Regular },
        )
    }

    /// Adds a centred plain line.
    #[must_use]
    pub fn centered(self, text: impl Into<String>) -> Self {
        self.styled(text, Style { align: Align::Center, ..Style::default() })
    }

    /// Adds a two-column line.
    #[must_use]
    pub fn columns(mut self, left: impl Into<String>, right: impl Into<String>) -> Self {
        self.lines.push(SlipLine::Columns { left: left.into(), right: right.into() });
        self
    }

    /// Adds a line across the paper.
    #[must_use]
    pub fn rule(mut self) -> Self {
        self.lines.push(SlipLine::Rule);
        self
    }

    /// Adds a CODE128 barcode.
    #[must_use]
    pub fn code128(mut self, data: impl Into<String>) -> Self {
        self.lines.push(SlipLine::Code128(data.into()));
        self
    }

    /// Adds a QR code.
    #[must_use]
    pub fn qr(mut self, data: impl Into<String>) -> Self {
        self.lines.push(SlipLine::Qr(data.into()));
        self
    }

    /// Adds empty lines.
    #[must_use]
    pub fn feed(mut self, lines: u8) -> Self {
        self.lines.push(SlipLine::Feed(lines));
        self
    }

    /// Adds a cut.
    #[must_use]
    pub fn cut(mut self) -> Self {
        self.lines.push(SlipLine::Cut);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_never_shows_the_words() {
        let slip = Slip::new()
            .heading("扬中市图书馆")
            .columns("红楼梦", "2026-12-22")
            .code128("YZ0001234")
            .qr("secret");
        let shown = format!("{slip:?}");
        for word in ["扬中", "红楼", "2026", "YZ", "secret"] {
            assert!(!shown.contains(word), "{shown}");
        }
    }
}
