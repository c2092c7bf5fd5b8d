use std::time::Duration;

use proptest::prelude::*;

use super::super::TextCode;
use super::*;

const KEY_GAP: Duration = Duration::from_millis(2);

/// Types on a scanner's keyboard. Codes are written out here apart from the decoder's table.
struct Typist {
    decoder: KeyDecoder,
    now: Instant,
}

impl Typist {
    fn new(reading: Reading) -> Self {
        Self { decoder: KeyDecoder::new(reading), now: Instant::now() }
    }

    fn key(&mut self, code: u16, value: i32) {
        self.now += KEY_GAP;
        self.decoder.feed(code, KeyAction::from_value(value), self.now);
    }

    fn tap(&mut self, codes: &[u16]) {
        for code in codes {
            self.key(*code, 1);
            self.key(*code, 0);
        }
    }

    /// Alt held while the digits are typed on the keypad.
    fn alt(&mut self, digits: &str) {
        // KP0 to KP9.
        const PAD: [u16; 10] = [82, 79, 80, 81, 75, 76, 77, 71, 72, 73];
        self.key(56, 1);
        for digit in digits.chars() {
            self.tap(&[PAD[digit.to_digit(10).unwrap() as usize]]);
        }
        self.key(56, 0);
    }

    fn shifted(&mut self, codes: &[u16]) {
        self.key(42, 1);
        self.tap(codes);
        self.key(42, 0);
    }

    fn silence(&mut self) {
        self.now += Duration::from_millis(200);
        self.decoder.tick(self.now);
    }

    fn heard(&mut self) -> Vec<Result<String, Spoilt>> {
        std::iter::from_fn(|| self.decoder.take())
            .map(|text| text.map(|text| text.expose().to_owned()))
            .collect()
    }

    fn check(&mut self, want: &[Result<&str, Spoilt>]) {
        let want: Vec<_> = want.iter().map(|w| w.map(str::to_owned)).collect();
        assert_eq!(self.heard(), want);
    }
}

/// KEY_0, KEY_2, then 0001234.
const CARD: [u16; 10] = [11, 3, 11, 11, 11, 11, 2, 3, 4, 5];

fn with(reading: Reading) -> Typist {
    Typist::new(reading)
}

#[test]
fn a_card_ends_with_enter_keypad_enter_tab_or_silence() {
    let mut typist = with(Reading::default());
    for end in [28, 96, 15] {
        typist.tap(&CARD);
        typist.tap(&[end]);
        typist.check(&[Ok("0200001234")]);
    }
    typist.tap(&CARD);
    typist.check(&[]);
    typist.silence();
    typist.check(&[Ok("0200001234")]);
}

#[test]
fn shift_and_caps_lock() {
    let mut typist = with(Reading::default());
    // ] C 0 with Shift for the letter, right Shift for another.
    typist.tap(&[27]);
    typist.shifted(&[46]);
    typist.tap(&[11]);
    typist.key(54, 1);
    typist.tap(&[16, 3]);
    typist.key(54, 0);
    typist.tap(&[16, 28]);
    typist.check(&[Ok("]C0Q@q")]);
    // Caps Lock turns letters only, and Shift turns them back.
    typist.tap(&[58, 46, 3]);
    typist.shifted(&[46, 3]);
    typist.tap(&[58, 46, 28]);
    typist.check(&[Ok("C2c@c")]);
    // A Caps Lock or Shift that was never let go is forgotten with the silence.
    typist.tap(&[58]);
    typist.key(42, 1);
    typist.silence();
    typist.tap(&[46, 28]);
    typist.check(&[Ok("c")]);
}

#[test]
fn the_whole_us_layout() {
    let mut typist = with(Reading::default());
    let rows: [&[u16]; 4] = [
        &[41, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
        &[16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 43],
        &[30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40],
        &[44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 57],
    ];
    for row in rows {
        typist.tap(row);
    }
    typist.tap(&[28]);
    for row in rows {
        typist.shifted(row);
    }
    typist.tap(&[28]);
    typist.tap(&[98, 55, 74, 78, 71, 72, 73, 75, 76, 77, 79, 80, 81, 82, 83, 28]);
    typist.check(&[
        Ok(r"`1234567890-=qwertyuiop[]\asdfghjkl;'zxcvbnm,./ "),
        Ok(r#"~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>? "#),
        Ok("/*-+7894561230."),
    ]);
}

#[test]
fn alt_mode_is_told_as_a_wrong_setting() {
    let mut typist = with(Reading::default());
    for digit in ["048", "050", "048"] {
        typist.alt(digit);
    }
    typist.tap(&[28]);
    typist.check(&[Err(Spoilt::AltMode)]);
    typist.tap(&CARD);
    typist.tap(&[28]);
    typist.check(&[Ok("0200001234")]);
}

#[test]
fn alt_mode_as_bytes_of_gbk_and_utf8_and_as_unicode() {
    let gbk = Reading { alt: AltMode::Bytes, text: TextCode::Gb18030, ..Reading::default() };
    let mut typist = with(gbk);
    // 中 = D6D0 as one number, 文 = CE C4 as two, A as ASCII.
    typist.alt("54992");
    typist.alt("0206");
    typist.alt("0196");
    typist.alt("65");
    typist.tap(&[2, 28]);
    typist.check(&[Ok("中文A1")]);
    let mut typist = with(Reading { alt: AltMode::Bytes, ..Reading::default() });
    for byte in "中".bytes() {
        typist.alt(&byte.to_string());
    }
    typist.tap(&[28]);
    typist.check(&[Ok("中")]);
    typist.alt("200");
    typist.tap(&[28]);
    typist.check(&[Err(Spoilt::NotText)]);
    for text in [TextCode::Utf8, TextCode::Gb18030] {
        let mut typist = with(Reading { alt: AltMode::Unicode, text, ..Reading::default() });
        typist.alt("20013");
        typist.tap(&[28]);
        typist.alt("55296");
        typist.tap(&[28]);
        typist.check(&[Ok("中"), Err(Spoilt::NotText)]);
    }
}

#[test]
fn broken_alt_sequences() {
    let mut typist = with(Reading { alt: AltMode::Bytes, ..Reading::default() });
    typist.alt("");
    typist.tap(&[2, 28]);
    typist.alt("1234567");
    typist.tap(&[28]);
    typist.alt("99999");
    typist.tap(&[28]);
    // A letter while Alt is held.
    typist.key(56, 1);
    typist.tap(&[46]);
    typist.key(56, 0);
    typist.tap(&[28]);
    typist.check(&[
        Ok("1"),
        Err(Spoilt::UnmappedKey),
        Err(Spoilt::NotText),
        Err(Spoilt::UnmappedKey),
    ]);
}

#[test]
fn an_unmapped_key_drops_the_scan_and_only_that() {
    let mut typist = with(Reading::default());
    // F1.
    typist.tap(&[2, 59, 3, 28]);
    typist.tap(&[4, 28]);
    typist.check(&[Err(Spoilt::UnmappedKey), Ok("3")]);
}

#[test]
fn control_characters_of_gs1_codes() {
    let mut typist = with(Reading::default());
    typist.tap(&[2]);
    typist.key(29, 1);
    typist.tap(&[27]);
    typist.key(29, 0);
    typist.tap(&[3]);
    typist.key(97, 1);
    typist.tap(&[50]);
    typist.key(97, 0);
    typist.check(&[Ok("1\u{1d}2")]);
}

#[test]
fn two_scans_glued_in_one_burst() {
    let mut typist = with(Reading::default());
    typist.tap(&CARD);
    typist.tap(&[28]);
    typist.tap(&CARD);
    typist.tap(&[28]);
    typist.check(&[Ok("0200001234"), Ok("0200001234")]);
}

#[test]
fn three_hundred_keys_and_a_held_key() {
    let mut typist = with(Reading::default());
    typist.tap(&[2; 300]);
    typist.tap(&[28, 3, 28]);
    typist.check(&[Err(Spoilt::TooLong), Ok("2")]);
    typist.key(2, 1);
    for _ in 0..20 {
        typist.key(2, 2);
    }
    typist.key(2, 0);
    typist.tap(&[28]);
    typist.check(&[Ok("1")]);
}

#[test]
fn lost_events_drop_the_scan() {
    let mut typist = with(Reading::default());
    typist.tap(&[2, 3]);
    typist.decoder.lost(typist.now);
    typist.tap(&[4, 28, 5, 28]);
    typist.check(&[Err(Spoilt::Lost), Ok("4")]);
}

proptest! {
    #[test]
    fn any_events_never_panic_and_stay_bounded(
        events in proptest::collection::vec((0u16..120, -1i32..4, 0u64..150), 0..800),
        alt in 0u8..3,
    ) {
        let alt = [AltMode::Refuse, AltMode::Bytes, AltMode::Unicode][usize::from(alt)];
        let mut decoder = KeyDecoder::new(Reading { alt, ..Reading::default() });
        let mut now = Instant::now();
        for (code, value, after) in events {
            now += Duration::from_millis(after);
            decoder.feed(code, KeyAction::from_value(value), now);
        }
        decoder.tick(now + Duration::from_secs(1));
        let mut taken = 0;
        while let Some(text) = decoder.take() {
            taken += 1;
            if let Ok(text) = text {
                prop_assert!((1..=256).contains(&text.chars()));
            }
        }
        prop_assert!(taken <= 8);
    }
}
