//! Any bytes as what a scanner sends, in any chunking; any keys of a keyboard scanner; any text as
//! a scan, a patron code. Nothing panics, scans stay within their bound, a card is never an item,
//! and no code passes twice.
//!
//! The first byte is the length of the chunks, the second says how the rest is meant.
#![no_main]

use std::time::{Duration, Instant};

use drivers::scanner::intake::{CodeRules, Intake};
use drivers::scanner::keys::{AltMode, KeyAction, KeyDecoder};
use drivers::scanner::line::LineDecoder;
use drivers::scanner::rules::{Kind, ScanPattern, ScanRules};
use drivers::scanner::token::{QrForm, TokenField, TokenGuard, TokenTime, Verdict};
use drivers::scanner::{Reading, SCAN_MAX, Scan, ScanText, Spoilt, TextCode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [chunk, mode, rest @ ..] = input else { return };
    let chunk = usize::from(*chunk).max(1);
    let text = if mode & 1 == 0 { TextCode::Utf8 } else { TextCode::Gb18030 };
    let alt = [AltMode::Refuse, AltMode::Bytes, AltMode::Unicode][usize::from(mode >> 1) % 3];
    let reading = Reading { text, alt, ..Reading::default() };
    let found = if mode & 0x80 == 0 { lines(reading, rest, chunk) } else { keys(reading, rest) };
    for text in found.iter().flatten() {
        assert!((1..=SCAN_MAX).contains(&text.chars()));
        judge(text);
    }
    if let Ok(text) = std::str::from_utf8(rest) {
        judge(&ScanText::new(text));
        code(text);
    }
});

type Found = Vec<Result<ScanText, Spoilt>>;

/// Every chunk is taken before the next, so that nothing is dropped for want of room.
fn lines(reading: Reading, bytes: &[u8], chunk: usize) -> Found {
    let now = Instant::now();
    let one_by_one = |size: usize| {
        let mut decoder = LineDecoder::new(reading.clone());
        let mut found = Found::new();
        for piece in bytes.chunks(size) {
            decoder.feed(piece, now);
            found.extend(std::iter::from_fn(|| decoder.take()));
        }
        decoder.tick(now + Duration::from_secs(9));
        found.extend(std::iter::from_fn(|| decoder.take()));
        found
    };
    // Chunks that cannot hold more ends than may wait.
    let (single, some) = (one_by_one(1), one_by_one(chunk.min(drivers::scanner::READY_MAX)));
    assert_eq!(single, some);
    single
}

/// Three bytes an event: key, what it did, time since the one before in milliseconds.
fn keys(reading: Reading, bytes: &[u8]) -> Found {
    let mut decoder = KeyDecoder::new(reading);
    let mut found = Found::new();
    let mut now = Instant::now();
    for event in bytes.as_chunks::<3>().0 {
        let [key, action, after] = *event;
        now += Duration::from_millis(u64::from(after));
        decoder.feed(u16::from(key), KeyAction::from_value(i32::from(action % 4)), now);
        found.extend(std::iter::from_fn(|| decoder.take()));
    }
    decoder.tick(now + Duration::from_secs(9));
    found.extend(std::iter::from_fn(|| decoder.take()));
    found
}

fn judge(text: &ScanText) {
    let rules =
        ScanRules { cards: vec![ScanPattern::new("02", 10)], ..ScanRules::default() };
    let scans = [
        Some(Scan::plain(text.expose())),
        Intake::new(CodeRules::default()).take(text, Instant::now()).ok().flatten(),
    ];
    for scan in scans.into_iter().flatten() {
        let card = rules.cards.iter().any(|card| card.fits_text(scan.data.expose()));
        assert!(!(card && rules.kind(&scan) == Kind::Item));
        // What is logged of a scan tells its length and nothing else of it.
        let other = Scan { data: ScanText::new("x".repeat(scan.data.chars())), ..scan.clone() };
        assert_eq!(format!("{scan:?}"), format!("{other:?}"));
    }
}

fn code(text: &str) {
    let timed = QrForm {
        fields: vec![TokenField::Patron, TokenField::Time, TokenField::Any],
        ..QrForm::opaque("J")
    };
    for form in [QrForm::opaque("J"), timed] {
        let mut guard = TokenGuard::new(form.clone(), None, [7; 32]);
        let now = TokenTime { wall_s: 1_790_000_000, mono: Instant::now() };
        for text in [text.to_owned(), format!("J{text}")] {
            let Some(token) = form.parse(&text) else { continue };
            if guard.check(&token, now) == Verdict::Fresh {
                assert_eq!(guard.check(&token, now), Verdict::UsedBefore);
            }
        }
    }
}
