//! Contrast computed from the theme file: 4.5:1 for text, 3:1 for controls, 7:1 in high contrast
//! (patron-experience.md section 16; formula of WCAG 2.2, "relative luminance").

use std::collections::BTreeMap;

const THEME: &str = include_str!("../ui/theme.slint");

/// `[light, high contrast]` by token.
fn tokens() -> BTreeMap<&'static str, [u32; 2]> {
    THEME
        .lines()
        .filter_map(|line| {
            let rest = line.trim().strip_prefix("out property <color> ")?;
            let (name, value) = rest.split_once(": root.contrast ? ")?;
            let (contrast, light) = value.trim_end_matches(';').split_once(" : ")?;
            let colour = |text: &str| {
                let hex = text.trim_start_matches('#');
                (hex.len() == 6).then(|| u32::from_str_radix(hex, 16).expect("a colour is hex"))
            };
            Some((name, [colour(light)?, colour(contrast)?]))
        })
        .collect()
}

fn luminance(colour: u32) -> f64 {
    let part = |shift: u32| {
        let value = f64::from(colour >> shift & 0xFF) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
}

fn ratio(a: u32, b: u32) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn check(pairs: &[(&str, &str)], least: [f64; 2]) {
    let tokens = tokens();
    assert!(tokens.len() > 20, "the theme was not read: {tokens:?}");
    for (on, under) in pairs {
        for (mode, least) in least.iter().enumerate() {
            let found = ratio(tokens[on][mode], tokens[under][mode]);
            assert!(found >= *least, "{on} on {under}, mode {mode}: {found:.2}, {least} is least");
        }
    }
}

#[test]
fn the_formula_knows_black_and_white() {
    assert!((ratio(0x00_0000, 0xFF_FFFF) - 21.0).abs() < 1e-9);
    assert!((ratio(0x77_7777, 0xFF_FFFF) - 4.48).abs() < 0.01);
}

#[test]
fn text_can_be_read() {
    let pairs = [
        ("ink", "paper"),
        ("ink", "card"),
        ("ink-soft", "paper"),
        ("ink-soft", "card"),
        ("ink-soft", "act-off"),
        ("ink-soft", "act-pale"),
        ("act", "card"),
        ("act", "paper"),
        ("act", "act-pale"),
        ("on-act", "act"),
        ("on-act", "act-down"),
        ("on-seal", "seal"),
        ("done", "done-pale"),
        ("done", "card"),
        ("look", "look-pale"),
        ("look", "card"),
        ("stop", "stop-pale"),
        ("stop", "card"),
        ("wait", "wait-pale"),
        ("wait", "card"),
        ("wait", "paper"),
    ];
    check(&pairs, [4.5, 7.0]);
}

#[test]
fn controls_and_signs_can_be_seen() {
    let pairs = [
        ("act", "paper"),
        ("ink-soft", "paper"),
        ("look", "paper"),
        ("done", "done-pale"),
        ("stop", "stop-pale"),
        ("book-1", "card"),
        ("book-2", "card"),
        ("book-4", "card"),
        ("book-5", "card"),
    ];
    check(&pairs, [3.0, 7.0]);
}

#[test]
fn only_the_theme_names_a_colour() {
    fn look(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                look(&path, found);
            } else if path.file_name().unwrap() != "theme.slint" {
                let text = std::fs::read_to_string(&path).unwrap();
                let named = text.lines().filter(|line| line.contains('#')).map(str::to_owned);
                found.extend(named.map(|line| format!("{}: {line}", path.display())));
            }
        }
    }
    let mut found = Vec::new();
    look(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("ui"), &mut found);
    assert_eq!(found, Vec::<String>::new());
}
