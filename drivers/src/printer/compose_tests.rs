use super::*;
use crate::printer::font::GlyphFont;
use crate::printer::job::JobIds;
use crate::printer::profile::{ProfileName, RasterCommand};
use proptest::prelude::*;

fn fonts() -> Fonts {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/fonts/NotoSansCJKsc-Regular-subset.otf");
    let font = GlyphFont::from_bytes(std::fs::read(path).unwrap()).unwrap();
    Fonts { primary: Some(font), fallback: None }
}

fn id() -> JobId {
    JobId::from_bytes(*b"0001").unwrap()
}

fn compose(name: ProfileName, slip: &Slip) -> Job {
    Composer::new(name.profile(), fonts()).unwrap().compose(slip, id()).unwrap()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn the_worked_job() {
    // peripherals.md 1.2: 152 bytes, checked there against two foreign programs.
    let golden = "
        1B 40 1D 61 FF 1C 26
        1B 61 01 1D 21 11 D1 EF D6 D0 CA D0 CD BC CA E9 B9 DD 0A
        1D 21 00 1B 61 00
        31 20 BA EC C2 A5 C3 CE 20 20 D3 A6 BB B9 20 32 30 32 36 2D 31 32 2D 32 32 0A
        1B 61 01 1D 48 02 1D 68 50 1D 77 02
        1D 6B 49 0B 7B 42 59 5A 30 30 30 31 32 33 34 0A
        1D 28 6B 04 00 31 41 32 00 1D 28 6B 03 00 31 43 06 1D 28 6B 03 00 31 45 31
        1D 28 6B 0C 00 31 50 30 59 5A 30 30 30 31 32 33 34 1D 28 6B 03 00 31 51 30 0A
        1D 56 42 00 1D 28 48 06 00 30 30 30 30 30 31";
    let golden: Vec<u8> =
        golden.split_whitespace().map(|hex| u8::from_str_radix(hex, 16).unwrap()).collect();
    assert_eq!(golden.len(), 152);
    let slip = Slip::new()
        .heading("扬中市图书馆")
        .text("1 红楼梦  应还 2026-12-22")
        .code128("YZ0001234")
        .qr("YZ0001234")
        .cut();
    let job = compose(ProfileName::EpsonTmT20ii, &slip);
    assert_eq!(job.bytes, golden);
    assert_eq!((job.raster_rows, job.notes), (0, Notes::default()));
}

#[test]
fn printers_without_markers_by_id_get_a_paper_status_request() {
    let job = compose(ProfileName::CitizenCtS651, &Slip::new().text("a").cut());
    assert!(job.bytes.ends_with(&[0x1D, 0x56, 0x42, 0x00, 0x1D, 0x72, 0x01]));
    let mut profile = ProfileName::Generic80.profile();
    profile.status = StatusSupport::None;
    let job = Composer::new(profile, Fonts::default())
        .unwrap()
        .compose(&Slip::new().text("a"), id())
        .unwrap();
    assert_eq!(job.bytes, b"\x1b@\x1c&a\n");
}

#[test]
fn the_simple_58_mm_class_gets_dots_instead_of_codes_and_no_cut() {
    let slip = Slip::new().text("书").code128("YZ0001234").qr("YZ0001234").cut();
    let job = compose(ProfileName::Pos5890, &slip);
    assert!(!contains(&job.bytes, &[0x1D, 0x6B]), "no GS k");
    assert!(!contains(&job.bytes, &[0x1D, 0x28, 0x6B]), "no GS ( k");
    assert!(!contains(&job.bytes, &[0x1D, 0x56]), "no cut");
    assert!(contains(&job.bytes, &[0x1D, 0x76, 0x30, 0x00, 0x30, 0x00, 0x50, 0x00]), "bars");
    assert!(contains(&job.bytes, b"YZ0001234\n"), "text below the bars");
    assert!(job.bytes.ends_with(&[0x1B, 0x64, TEAR_OFF_LINES, 0x1D, 0x72, 0x01]));
}

#[test]
fn a_rare_name_is_drawn_and_without_a_font_it_is_a_counted_box() {
    let slip = Slip::new().text("㐀𠮷 ¥3");
    let job = compose(ProfileName::EpsonTmT20ii, &slip);
    assert_eq!(job.notes, Notes { replaced_characters: 2, drawn_lines: 1, codes_as_text: 0 });
    assert!(contains(&job.bytes, &[0x1D, 0x76, 0x30, 0, 72, 0, 30, 0]));
    let plain = Composer::new(ProfileName::EpsonTmT20ii.profile(), Fonts::default()).unwrap();
    let job = plain.compose(&slip, id()).unwrap();
    assert!(contains(&job.bytes, &[0xA1, 0xF5, 0xA1, 0xF5, b' ', 0xA3, 0xA4, b'3', 0x0A]));
    assert_eq!(job.notes.replaced_characters, 2);
}

#[test]
fn raster_text_needs_a_font_and_uses_it_for_every_line() {
    let mut profile = ProfileName::Generic58.profile();
    profile.text_mode = TextMode::Raster;
    profile.raster = RasterCommand::GsL;
    assert!(matches!(Composer::new(profile.clone(), Fonts::default()), Err(ComposeError::NoFont)));
    let composer = Composer::new(profile, fonts()).unwrap();
    let job = composer.compose(&Slip::new().text("一").text("two"), id()).unwrap();
    assert_eq!(job.notes.drawn_lines, 2);
    assert_eq!(job.raster_rows, 60);
    assert!(!contains(&job.bytes, b"two"));
}

#[test]
fn codes_too_wide_for_the_paper_are_printed_as_text() {
    let long = "A".repeat(30);
    let job = compose(ProfileName::Pos5890, &Slip::new().code128(&long));
    assert_eq!(job.notes.codes_as_text, 1);
    assert!(contains(&job.bytes, long.as_bytes()));
}

#[test]
fn a_slip_beyond_all_bounds_is_refused() {
    let mut slip = Slip::new();
    for _ in 0..=SLIP_LINES_MAX {
        slip = slip.rule();
    }
    let composer = Composer::new(ProfileName::Generic80.profile(), Fonts::default()).unwrap();
    assert!(matches!(composer.compose(&slip, id()), Err(ComposeError::TooLong { lines: 1001 })));
}

/// Walks a job of plain lines and returns each printed line's bytes.
fn text_lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new()];
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            0x1B if bytes[at + 1] == 0x40 => at += 1,
            0x1B | 0x1D => at += 2,
            0x1C => at += 1,
            0x0A => lines.push(Vec::new()),
            byte => lines.last_mut().unwrap().push(byte),
        }
        at += 1;
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// 1.3 rule 5, for every profile that prints from its ROM.
    #[test]
    fn printed_lines_fit_and_no_hanzi_is_split(
        title in "[ -~植物与人小王子¥é，。\u{1b}\u{10}\u{4}]{0,90}",
        profile in proptest::sample::select(ProfileName::ALL.to_vec()),
        double in any::<bool>(),
    ) {
        let size = if double { Size::Double } else { Size::Normal };
        let slip = Slip::new()
            .styled(title.clone(), Style { size, ..Style::default() })
            .columns(title, "还 2027-01-05");
        let mut data = profile.profile();
        data.status = StatusSupport::None;
        let columns = usize::from(data.columns);
        let composer = Composer::new(data, Fonts::default()).unwrap();
        let mut ids = JobIds::new(1);
        let job = composer.compose(&slip, ids.next_id()).unwrap();
        for line in text_lines(&job.bytes) {
            prop_assert!(line.len() <= columns, "{} of {columns}", line.len());
            prop_assert!(line.iter().all(|byte| *byte >= 0x20));
            let (_, _, broken) = encoding_rs::GB18030.decode(&line);
            prop_assert!(!broken, "half a hanzi in {line:02X?}");
        }
    }
}
