//! Scanner drivers against the simulated scanner, over a real pty and over TCP.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::{Duration, Instant};

use drivers::scanner::rules::{Kind, ScanRules};
use drivers::scanner::setup::ScannerSetup;
use drivers::scanner::token::{TokenGuard, TokenTime, Verdict};
use drivers::scanner::{OnSilence, Scanner, ScannerError, Spoilt, Symbology};
use drivers::sim::listen::ListenSpec;
use drivers::sim::reader::Next;
use drivers::sim::scanner::{Fault, ScannerSim, ScannerSimConfig, Suffix, control};

const PATIENCE: Duration = Duration::from_secs(10);
/// Longer than any silence that ends a scan here.
const NOTHING: Duration = Duration::from_millis(400);

#[derive(Debug, Clone, Copy)]
enum Line {
    Pty,
    Tcp,
}

struct Rig {
    sim: ScannerSim,
    // The pty's link lives here.
    _dir: tempfile::TempDir,
}

fn rig_with(line: Line, suffix: Suffix) -> Rig {
    let dir = tempfile::tempdir().unwrap();
    let listen = match line {
        Line::Pty => ListenSpec::Pty(dir.path().join("scanner")),
        Line::Tcp => ListenSpec::Tcp("127.0.0.1:0".into()),
    };
    let config = ScannerSimConfig { suffix, ..ScannerSimConfig::new(listen) };
    Rig { sim: ScannerSim::start(&config).unwrap(), _dir: dir }
}

impl Rig {
    fn setup(&self) -> ScannerSetup {
        ScannerSetup::new(self.sim.port_spec().to_string().parse().unwrap())
    }

    fn open(&self) -> Box<dyn Scanner> {
        self.setup().open().unwrap()
    }
}

fn rig() -> (Rig, Box<dyn Scanner>) {
    let rig = rig_with(Line::Pty, Suffix::Cr);
    let scanner = rig.open();
    (rig, scanner)
}

fn text(scanner: &mut dyn Scanner) -> Result<Option<String>, Spoilt> {
    match scanner.poll(PATIENCE) {
        Ok(scan) => Ok(scan.map(|scan| scan.data.expose().to_owned())),
        Err(ScannerError::Spoilt(why)) => Err(why),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn scans_over_both_lines_with_every_suffix() {
    for line in [Line::Pty, Line::Tcp] {
        for suffix in [Suffix::Cr, Suffix::CrLf, Suffix::Tab, Suffix::None] {
            let rig = rig_with(line, suffix);
            let mut scanner = rig.open();
            for code in ["0200001234", "YZ0001234", "https://例.cn/?a=1"] {
                rig.sim.scan(code.as_bytes()).unwrap();
                assert_eq!(text(&mut *scanner), Ok(Some(code.to_owned())), "{line:?} {suffix:?}");
            }
        }
    }
}

#[test]
fn the_aim_prefix_tells_the_kind_and_debug_shows_no_number() {
    let (rig, mut scanner) = rig();
    rig.sim.scan(b"]C00200001234").unwrap();
    let scan = scanner.poll(PATIENCE).unwrap().unwrap();
    assert_eq!(scan.symbology, Some(Symbology::Code128));
    assert_eq!(scan.data.expose(), "0200001234");
    assert!(!format!("{scan:?}").contains("0200001234"));
}

#[test]
fn polling_is_bounded_and_nothing_is_nothing() {
    let (_rig, mut scanner) = rig();
    let started = Instant::now();
    assert_eq!(scanner.poll(Duration::from_millis(50)).unwrap(), None);
    assert!(started.elapsed() < PATIENCE);
}

#[test]
fn no_terminator_is_accepted_or_dropped_as_set() {
    let (rig, mut scanner) = rig();
    rig.sim.set_fault(Fault::NoTerminator);
    rig.sim.scan(b"0200001234").unwrap();
    assert_eq!(text(&mut *scanner), Ok(Some("0200001234".to_owned())));
    drop(scanner);
    let mut setup = rig.setup();
    setup.reading.on_silence = OnSilence::Drop;
    let mut scanner = setup.open().unwrap();
    rig.sim.scan(b"0200001234").unwrap();
    assert_eq!(text(&mut *scanner), Err(Spoilt::Unfinished));
}

#[test]
fn a_cable_pulled_in_mid_scan_gives_no_number() {
    let rig = rig_with(Line::Pty, Suffix::Cr);
    let mut setup = rig.setup();
    setup.reading.on_silence = OnSilence::Drop;
    let mut scanner = setup.open().unwrap();
    rig.sim.set_fault(Fault::Cut(6));
    rig.sim.scan(b"0200001234").unwrap();
    assert_eq!(text(&mut *scanner), Err(Spoilt::Unfinished));
}

#[test]
fn two_scans_glued_are_told_or_fit_no_rule() {
    let (rig, mut scanner) = rig();
    rig.sim.set_fault(Fault::Glued);
    for code in ["]E06291041500213", "]E06291041500213"] {
        rig.sim.scan(code.as_bytes()).unwrap();
    }
    assert_eq!(text(&mut *scanner), Err(Spoilt::Glued));
    // Without prefixes only the form tells: two cards as one are neither card nor item.
    for code in ["0200001234", "0200005678"] {
        rig.sim.scan(code.as_bytes()).unwrap();
    }
    let scan = scanner.poll(PATIENCE).unwrap().unwrap();
    let rules: ScanRules = toml::from_str(
        "cards = [{ prefix = '02', length = 10 }]
         items = [{ prefix = 'YZ', length = 9 }]",
    )
    .unwrap();
    assert_eq!(rules.kind(&scan), Kind::Unknown);
}

#[test]
fn scans_in_a_quick_row_come_one_by_one() {
    let (rig, mut scanner) = rig();
    for code in ["11", "22", "33"] {
        rig.sim.scan(code.as_bytes()).unwrap();
    }
    for code in ["11", "22", "33"] {
        assert_eq!(text(&mut *scanner), Ok(Some(code.to_owned())));
    }
}

#[test]
fn three_hundred_characters_are_refused_and_the_next_scan_is_good() {
    let (rig, mut scanner) = rig();
    rig.sim.set_fault(Fault::Long(300));
    rig.sim.scan(b"0200001234").unwrap();
    assert_eq!(text(&mut *scanner), Err(Spoilt::TooLong));
    rig.sim.clear_faults().unwrap();
    rig.sim.scan(b"0200001234").unwrap();
    assert_eq!(text(&mut *scanner), Ok(Some("0200001234".to_owned())));
    drop(scanner);
    let mut setup = rig.setup();
    setup.reading.max_length = 400;
    let mut scanner = setup.open().unwrap();
    rig.sim.set_fault(Fault::Long(300));
    rig.sim.scan(b"7").unwrap();
    assert_eq!(text(&mut *scanner), Ok(Some("7".repeat(300))));
}

#[test]
fn slow_bytes_are_one_scan() {
    let (rig, mut scanner) = rig();
    rig.sim.set_fault(Fault::Slow(Duration::from_millis(20)));
    rig.sim.scan(b"0200001234").unwrap();
    assert_eq!(text(&mut *scanner), Ok(Some("0200001234".to_owned())));
}

#[test]
fn garbled_scans_never_pass_their_check_digit_unseen() {
    let rig = rig_with(Line::Pty, Suffix::Cr);
    let mut setup = rig.setup();
    setup.codes.aim = drivers::scanner::intake::AimUse::Required;
    setup.codes.repeat_ms = 0;
    setup.codes.kinds = toml::from_str("[ean]\ncheck = 'ean'").unwrap();
    let mut scanner = setup.open().unwrap();
    rig.sim.set_fault(Fault::Garbled { per_mille: 30 });
    for n in 1..=30 {
        rig.sim.scan(b"]E06291041500213").unwrap();
        assert!(rig.sim.wait_sent(n, PATIENCE));
    }
    rig.sim.clear_faults().unwrap();
    rig.sim.scan(b"]E09787020002207").unwrap();
    let mut spoilt = 0;
    loop {
        match text(&mut *scanner) {
            Ok(Some(number)) if number == "9787020002207" => break,
            // One wrong digit is always seen; more may not be, and then the length still is.
            Ok(Some(number)) => assert_eq!(number.len(), 13, "the length of the code"),
            Ok(None) => panic!("the good scan is missing"),
            Err(_) => spoilt += 1,
        }
    }
    assert!(spoilt > 0, "seed 1 garbles some");
}

#[test]
fn what_was_scanned_before_a_session_is_dropped() {
    let (rig, mut scanner) = rig();
    rig.sim.scan(b"0200001234").unwrap();
    assert!(rig.sim.wait_sent(1, PATIENCE));
    scanner.discard().unwrap();
    assert_eq!(scanner.poll(NOTHING).unwrap(), None);
    rig.sim.scan(b"0200005678").unwrap();
    assert_eq!(text(&mut *scanner), Ok(Some("0200005678".to_owned())));
}

#[test]
fn an_unplugged_scanner_is_gone_and_can_be_opened_again() {
    for line in [Line::Pty, Line::Tcp] {
        let rig = rig_with(line, Suffix::Cr);
        let mut scanner = rig.open();
        // TCP: the simulator knows its client once it has served it.
        rig.sim.scan(b"1").unwrap();
        assert_eq!(text(&mut *scanner), Ok(Some("1".to_owned())));
        rig.sim.set_fault(Fault::Unplugged);
        let error = scanner.poll(PATIENCE).unwrap_err();
        assert!(error.is_gone(), "{line:?}: {error}");
        assert!(rig.setup().open().is_err());
        rig.sim.clear_faults().unwrap();
        let mut scanner = rig.open();
        rig.sim.scan(b"2").unwrap();
        assert_eq!(text(&mut *scanner), Ok(Some("2".to_owned())));
    }
}

#[test]
fn a_patron_code_passes_once() {
    let (rig, mut scanner) = rig();
    let rules: ScanRules =
        toml::from_str("patron_code = { prefix = 'LIB:', valid_s = 60 }").unwrap();
    let mut guard = TokenGuard::new(rules.patron_code.clone().unwrap(), None, [7; 32]);
    let start = Instant::now();
    for (after, want) in [(0, Verdict::Fresh), (2, Verdict::UsedBefore)] {
        rig.sim.scan(b"]Q1LIB:8a7b6c").unwrap();
        // Another code between, so that it is no double scan.
        rig.sim.scan(b"]C0YZ0001234").unwrap();
        let scan = scanner.poll(PATIENCE).unwrap().unwrap();
        let Kind::PatronCode(token) = rules.kind(&scan) else { panic!("{scan:?}") };
        let now =
            TokenTime { wall_s: 1_790_000_000 + after, mono: start + Duration::from_secs(after) };
        assert_eq!(guard.check(&token, now), want);
        assert_eq!(rules.kind(&scanner.poll(PATIENCE).unwrap().unwrap()), Kind::Item);
    }
}

#[test]
fn control_lines() {
    let (rig, mut scanner) = rig();
    let say = |line: &str| control(&rig.sim, line).0;
    assert_eq!(say("scan a b"), "ok");
    assert_eq!(text(&mut *scanner), Ok(Some("a b".to_owned())));
    assert_eq!(say("scan-hex 30 32 1D 33"), "ok");
    assert_eq!(text(&mut *scanner), Ok(Some("02\u{1d}3".to_owned())));
    assert!(rig.sim.wait_sent(2, PATIENCE));
    assert_eq!(say("sent"), "2");
    for fault in ["no_terminator", "glued", "long 300", "slow 5", "cut 3", "garbled 10"] {
        assert_eq!(say(&format!("fault {fault}")), "ok", "{fault}");
    }
    assert_eq!(say("clear"), "ok");
    for wrong in ["", "scan", "scan-hex", "scan-hex 3", "scan-hex xx", "fault x", "lay 1"] {
        assert!(say(wrong).starts_with("error: "), "{wrong}");
    }
    assert_eq!(control(&rig.sim, "quit"), ("ok".to_owned(), Next::Quit));
}
