//! Keys of a keyboard wedge → texts.
//!
//! Codes are those of Linux (`input-event-codes.h`), the layout is US: the scanner must be set to
//! it. Letters follow Shift and Caps Lock. A scanner that cannot type a character holds Alt and
//! types its number on the keypad; what these numbers mean is set by [`AltMode`].

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::gather::{Gather, Reading};
use super::{ScanText, Spoilt};

/// What Alt + keypad numbers mean. That scanners send them is known (Datalogic GFS4400,
/// peripherals.md 3.1); what the numbers of other characters than ASCII mean is UNCONFIRMED and
/// differs by model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AltMode {
    /// A scanner that is set up wrongly: the scan is dropped and the reason told.
    #[default]
    Refuse,
    /// Bytes of the character set in `text`: numbers up to 255 are one byte, up to 65535 two, the
    /// higher first (54992 = D6D0, a character of GBK).
    Bytes,
    /// Unicode code points.
    Unicode,
}

/// Most digits of an Alt sequence: a leading 0 and five.
const ALT_DIGITS_MAX: u32 = 6;

/// Key codes that are no characters.
mod code {
    pub(super) const TAB: u16 = 15;
    pub(super) const ENTER: u16 = 28;
    pub(super) const LEFT_CTRL: u16 = 29;
    pub(super) const LEFT_SHIFT: u16 = 42;
    pub(super) const RIGHT_SHIFT: u16 = 54;
    pub(super) const LEFT_ALT: u16 = 56;
    pub(super) const CAPS_LOCK: u16 = 58;
    pub(super) const NUM_LOCK: u16 = 69;
    pub(super) const KEYPAD_ENTER: u16 = 96;
    pub(super) const RIGHT_CTRL: u16 = 97;
}

/// The US layout: code, character, character with Shift.
const LAYOUT: [(u16, u8, u8); 48] = [
    (2, b'1', b'!'),
    (3, b'2', b'@'),
    (4, b'3', b'#'),
    (5, b'4', b'$'),
    (6, b'5', b'%'),
    (7, b'6', b'^'),
    (8, b'7', b'&'),
    (9, b'8', b'*'),
    (10, b'9', b'('),
    (11, b'0', b')'),
    (12, b'-', b'_'),
    (13, b'=', b'+'),
    (16, b'q', b'Q'),
    (17, b'w', b'W'),
    (18, b'e', b'E'),
    (19, b'r', b'R'),
    (20, b't', b'T'),
    (21, b'y', b'Y'),
    (22, b'u', b'U'),
    (23, b'i', b'I'),
    (24, b'o', b'O'),
    (25, b'p', b'P'),
    (26, b'[', b'{'),
    (27, b']', b'}'),
    (30, b'a', b'A'),
    (31, b's', b'S'),
    (32, b'd', b'D'),
    (33, b'f', b'F'),
    (34, b'g', b'G'),
    (35, b'h', b'H'),
    (36, b'j', b'J'),
    (37, b'k', b'K'),
    (38, b'l', b'L'),
    (39, b';', b':'),
    (40, b'\'', b'"'),
    (41, b'`', b'~'),
    (43, b'\\', b'|'),
    (44, b'z', b'Z'),
    (45, b'x', b'X'),
    (46, b'c', b'C'),
    (47, b'v', b'V'),
    (48, b'b', b'B'),
    (49, b'n', b'N'),
    (50, b'm', b'M'),
    (51, b',', b'<'),
    (52, b'.', b'>'),
    (53, b'/', b'?'),
    (57, b' ', b' '),
];

/// The keypad, as with Num Lock on.
const KEYPAD: [(u16, u8); 15] = [
    (55, b'*'),
    (71, b'7'),
    (72, b'8'),
    (73, b'9'),
    (74, b'-'),
    (75, b'4'),
    (76, b'5'),
    (77, b'6'),
    (78, b'+'),
    (79, b'1'),
    (80, b'2'),
    (81, b'3'),
    (82, b'0'),
    (83, b'.'),
    (98, b'/'),
];

fn keypad(code: u16) -> Option<u8> {
    KEYPAD.iter().find(|(c, _)| *c == code).map(|(_, byte)| *byte)
}

/// What a key did (`value` of an `EV_KEY` event).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAction {
    /// 1.
    Press,
    /// 0.
    Release,
    /// 2: the system repeats a key that is held. Types nothing.
    Repeat,
}

impl KeyAction {
    /// From the event's value; any other counts as a repeat.
    #[must_use]
    pub fn from_value(value: i32) -> Self {
        match value {
            0 => Self::Release,
            1 => Self::Press,
            _ => Self::Repeat,
        }
    }
}

/// Keys that are held, and Caps Lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Held {
    left_shift: bool,
    right_shift: bool,
    left_ctrl: bool,
    right_ctrl: bool,
    caps: bool,
}

/// An Alt sequence under way.
#[derive(Debug, Clone, Copy)]
struct Alt {
    value: u32,
    digits: u32,
}

/// Decodes key events. No clock inside: every call tells the moment.
///
/// Held keys and Caps Lock are forgotten after the silence that ends a scan: a release that got
/// lost does not spoil the next reader's scan.
pub struct KeyDecoder {
    gather: Gather,
    held: Held,
    alt: Option<Alt>,
}

impl KeyDecoder {
    /// A decoder with no key held.
    #[must_use]
    pub fn new(reading: Reading) -> Self {
        Self { gather: Gather::new(reading), held: Held::default(), alt: None }
    }

    /// One key event that came at that moment.
    pub fn feed(&mut self, code: u16, action: KeyAction, at: Instant) {
        self.tick(at);
        self.gather.hear(at);
        let press = action == KeyAction::Press;
        match (code, action) {
            (_, KeyAction::Repeat) => {}
            (code::LEFT_SHIFT, _) => self.held.left_shift = press,
            (code::RIGHT_SHIFT, _) => self.held.right_shift = press,
            (code::LEFT_CTRL, _) => self.held.left_ctrl = press,
            (code::RIGHT_CTRL, _) => self.held.right_ctrl = press,
            (code::LEFT_ALT, KeyAction::Press) => self.alt = Some(Alt { value: 0, digits: 0 }),
            (code::LEFT_ALT, KeyAction::Release) => self.end_alt(),
            (_, KeyAction::Release) => {}
            (code::CAPS_LOCK, KeyAction::Press) => self.held.caps = !self.held.caps,
            (code::NUM_LOCK, KeyAction::Press) => {}
            (_, KeyAction::Press) => self.press(code),
        }
    }

    fn press(&mut self, code: u16) {
        if self.alt.is_some() {
            return self.press_in_alt(code);
        }
        let byte = match code {
            code::ENTER | code::KEYPAD_ENTER => b'\r',
            code::TAB => b'\t',
            _ => match self.character(code) {
                Some(byte) => byte,
                None => return self.gather.spoil(Spoilt::UnmappedKey),
            },
        };
        self.gather.push(byte);
    }

    fn character(&self, code: u16) -> Option<u8> {
        let Held { left_shift, right_shift, left_ctrl, right_ctrl, caps } = self.held;
        let Some((_, plain, shifted)) = LAYOUT.iter().find(|(c, ..)| *c == code) else {
            return keypad(code);
        };
        if left_ctrl || right_ctrl {
            // Control characters are typed so: Ctrl + ] is GS (1D), Ctrl + M is CR.
            return match shifted {
                b'A'..=b'Z' => Some(shifted & 0x1F),
                _ if matches!(plain, b'[' | b'\\' | b']') => Some(plain & 0x1F),
                _ => None,
            };
        }
        let upper = (left_shift || right_shift) ^ (caps && plain.is_ascii_lowercase());
        Some(if upper { *shifted } else { *plain })
    }

    fn press_in_alt(&mut self, code: u16) {
        let digit = keypad(code).filter(u8::is_ascii_digit).map(|byte| u32::from(byte - b'0'));
        match (&mut self.alt, digit) {
            (Some(alt), Some(digit)) if alt.digits < ALT_DIGITS_MAX => {
                // At most six digits: never past u32.
                alt.value = alt.value * 10 + digit;
                alt.digits += 1;
            }
            _ => self.gather.spoil(Spoilt::UnmappedKey),
        }
    }

    fn end_alt(&mut self) {
        let Some(Alt { value, digits }) = self.alt.take() else { return };
        if digits == 0 {
            return;
        }
        match (self.gather.reading().alt, char::from_u32(value)) {
            (AltMode::Refuse, _) => self.gather.spoil(Spoilt::AltMode),
            (AltMode::Bytes, _) if value <= 0xFFFF => {
                let [high, low] = [(value >> 8) as u8, value as u8];
                if high > 0 {
                    self.gather.push(high);
                }
                self.gather.push(low);
            }
            (AltMode::Unicode, Some(c)) => self.push_char(c),
            (AltMode::Bytes | AltMode::Unicode, _) => self.gather.spoil(Spoilt::NotText),
        }
    }

    /// In the character set the text will be decoded from.
    fn push_char(&mut self, c: char) {
        let mut buf = [0; 4];
        let utf8 = c.encode_utf8(&mut buf);
        match self.gather.reading().text {
            super::TextCode::Utf8 => utf8.bytes().for_each(|byte| self.gather.push(byte)),
            super::TextCode::Gb18030 => {
                let (bytes, ..) = encoding_rs::GB18030.encode(utf8);
                bytes.iter().for_each(|byte| self.gather.push(*byte));
            }
        }
    }

    /// The system lost events: the scan that was under way is not to be trusted.
    pub fn lost(&mut self, at: Instant) {
        self.tick(at);
        self.gather.hear(at);
        self.gather.spoil(Spoilt::Lost);
        (self.held, self.alt) = (Held::default(), None);
    }

    /// When to call [`tick`](Self::tick), unless a key comes before.
    #[must_use]
    pub fn quiet_at(&self) -> Option<Instant> {
        self.gather.quiet_at()
    }

    /// Time passed.
    pub fn tick(&mut self, now: Instant) {
        if self.gather.tick(now) {
            (self.held, self.alt) = (Held::default(), None);
        }
    }

    /// The next text, or why it was dropped.
    pub fn take(&mut self) -> Option<Result<ScanText, Spoilt>> {
        self.gather.take()
    }

    /// Forgets everything heard.
    pub fn clear(&mut self) {
        self.gather.clear();
        (self.held, self.alt) = (Held::default(), None);
    }
}

#[cfg(test)]
mod tests;
