//! Bytes of a serial line → texts.

use std::time::Instant;

use super::gather::{Gather, Reading};
use super::{ScanText, Spoilt};

/// Decodes what a scanner sends on a line. No clock inside: every call tells the moment.
pub struct LineDecoder(Gather);

impl LineDecoder {
    /// A decoder with nothing heard yet.
    #[must_use]
    pub fn new(reading: Reading) -> Self {
        Self(Gather::new(reading))
    }

    /// Bytes that came at that moment.
    pub fn feed(&mut self, bytes: &[u8], at: Instant) {
        if !bytes.is_empty() {
            self.0.hear(at);
        }
        bytes.iter().for_each(|byte| self.0.push(*byte));
    }

    /// When to call [`tick`](Self::tick), unless bytes come before.
    #[must_use]
    pub fn quiet_at(&self) -> Option<Instant> {
        self.0.quiet_at()
    }

    /// Time passed.
    pub fn tick(&mut self, now: Instant) {
        self.0.tick(now);
    }

    /// The next text, or why it was dropped.
    pub fn take(&mut self) -> Option<Result<ScanText, Spoilt>> {
        self.0.take()
    }

    /// Forgets everything heard.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::gather::{OnSilence, READY_MAX, SCAN_MAX, TextCode};
    use super::*;

    fn all(decoder: &mut LineDecoder) -> Vec<Result<String, Spoilt>> {
        std::iter::from_fn(|| decoder.take())
            .map(|text| text.map(|text| text.expose().to_owned()))
            .collect()
    }

    fn check(reading: Reading, bytes: &[u8], want: &[Result<&str, Spoilt>]) {
        let mut decoder = LineDecoder::new(reading);
        let now = Instant::now();
        decoder.feed(bytes, now);
        decoder.tick(now + Duration::from_secs(1));
        let want: Vec<_> = want.iter().map(|w| w.map(str::to_owned)).collect();
        assert_eq!(all(&mut decoder), want);
    }

    #[test]
    fn end_marks() {
        for end in ["\r", "\n", "\r\n", "\t", ""] {
            check(Reading::default(), format!("0200001234{end}").as_bytes(), &[Ok("0200001234")]);
        }
        check(Reading::default(), b"\r\n\r\n", &[]);
        let etx = Reading { ends: vec![super::super::ScanEnd::Etx], ..Reading::default() };
        check(etx, b"\x0212\x03", &[Ok("12")]);
    }

    #[test]
    fn two_scans_in_one_piece() {
        check(Reading::default(), b"11\r\n22\r\n", &[Ok("11"), Ok("22")]);
    }

    #[test]
    fn without_end_mark() {
        let reading = Reading { on_silence: OnSilence::Drop, ..Reading::default() };
        check(reading, b"0200001234", &[Err(Spoilt::Unfinished)]);
    }

    #[test]
    fn slow_bytes_are_one_scan_and_very_slow_ones_are_pieces() {
        let mut decoder = LineDecoder::new(Reading::default());
        let mut now = Instant::now();
        for byte in b"123456" {
            decoder.feed(&[*byte], now);
            now += Duration::from_millis(90);
        }
        decoder.tick(now + Duration::from_millis(100));
        assert_eq!(all(&mut decoder), [Ok("123456".to_owned())]);
        decoder.feed(b"12", now);
        decoder.feed(b"34\r", now + Duration::from_millis(101));
        assert_eq!(all(&mut decoder), [Ok("12".to_owned()), Ok("34".to_owned())]);
    }

    #[test]
    fn three_hundred_characters_are_told_at_once_and_swallowed() {
        let mut decoder = LineDecoder::new(Reading::default());
        let now = Instant::now();
        decoder.feed(&[b'7'; 300], now);
        assert_eq!(all(&mut decoder), [Err(Spoilt::TooLong)]);
        decoder.feed(&[b'7'; 3000], now);
        decoder.feed(b"\r12\r", now);
        assert_eq!(all(&mut decoder), [Ok("12".to_owned())]);
        let most = "7".repeat(SCAN_MAX);
        check(Reading::default(), format!("{most}\r").as_bytes(), &[Ok(&most)]);
        let wide = Reading { max_length: 300, ..Reading::default() };
        check(wide, &[b'7'; 300], &[Ok(&"7".repeat(300))]);
    }

    #[test]
    fn han_text_and_what_is_none() {
        let gb = Reading { text: TextCode::Gb18030, ..Reading::default() };
        check(gb.clone(), b"\xBD\xE8\xBB\xB9\r", &[Ok("借还")]);
        check(gb, b"\xBD\r", &[Err(Spoilt::NotText)]);
        check(Reading::default(), "借还\r".as_bytes(), &[Ok("借还")]);
        check(Reading::default(), b"\xBD\xE8\r", &[Err(Spoilt::NotText)]);
        let most = "借".repeat(SCAN_MAX);
        check(Reading::default(), most.as_bytes(), &[Ok(&most)]);
        check(Reading::default(), "借".repeat(SCAN_MAX + 1).as_bytes(), &[Err(Spoilt::TooLong)]);
    }

    #[test]
    fn control_characters() {
        check(Reading::default(), b"12\x1d34\r", &[Ok("12\u{1d}34")]);
        check(Reading::default(), b"12\x0734\r56\r", &[Err(Spoilt::Control), Ok("56")]);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces(bytes in proptest::collection::vec(any::<u8>(), 0..600), piece in 1usize..50) {
            let now = Instant::now();
            let mut whole = LineDecoder::new(Reading::default());
            let mut some = LineDecoder::new(Reading::default());
            let mut found = Vec::new();
            for bytes in bytes.chunks(piece) {
                some.feed(bytes, now);
                found.extend(all(&mut some));
            }
            whole.feed(&bytes, now);
            for decoder in [&mut whole, &mut some] {
                decoder.tick(now + Duration::from_secs(9));
            }
            found.extend(all(&mut some));
            let whole = all(&mut whole);
            // The one piece is bounded by what may wait.
            prop_assert!(whole.len() <= READY_MAX);
            prop_assert!(found.starts_with(&whole));
        }
    }
}
