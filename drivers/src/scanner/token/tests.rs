use proptest::prelude::*;

use super::*;

const KEY: &[u8] = b"shared with the library's app";
const NOON: u64 = 1_790_000_000;

fn form() -> QrForm {
    toml::from_str(
        "prefix = 'JH1:'
         fields = ['patron', 'time', 'any', 'mac']",
    )
    .unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// As a library's app would make it.
fn made(patron: &str, at: u64, key: &[u8]) -> String {
    let body = format!("JH1:{patron}.{at}.x7");
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(body.as_bytes());
    format!("{body}.{}", hex(&mac.finalize().into_bytes()[..16]))
}

struct Rig {
    guard: TokenGuard,
    start: Instant,
}

impl Rig {
    fn new(form: QrForm) -> Self {
        assert_eq!(form.problems(), Vec::<String>::new());
        Self { guard: TokenGuard::new(form, Some(KEY), [7; 32]), start: Instant::now() }
    }

    /// Judges a text so many seconds after noon by the clock on the wall, `mono` by the other.
    fn at_both(&mut self, text: &str, after: i64, mono: u64) -> Verdict {
        let token = self.guard.form.parse(text).unwrap();
        let wall_s = NOON.checked_add_signed(after).unwrap();
        let now = TokenTime { wall_s, mono: self.start + Duration::from_secs(mono) };
        self.guard.check(&token, now)
    }

    fn at(&mut self, text: &str, after: i64) -> Verdict {
        self.at_both(text, after, u64::try_from(after.max(0)).unwrap())
    }
}

#[test]
fn a_code_passes_once() {
    let mut rig = Rig::new(form());
    let code = made("0200001234", NOON, KEY);
    assert_eq!(rig.at(&code, 1), Verdict::Fresh);
    assert_eq!(rig.at(&code, 2), Verdict::UsedBefore);
    let next = made("0200001234", NOON + 30, KEY);
    assert_eq!(rig.at(&next, 31), Verdict::Fresh);
    // The same HMAC in capitals or shortened is the same code.
    assert_eq!(
        rig.at(&code.replace(&code[code.len() - 32..], &code[code.len() - 32..].to_uppercase()), 3),
        Verdict::UsedBefore
    );
    assert_eq!(rig.at(&code[..code.len() - 16], 3), Verdict::UsedBefore);
}

#[test]
fn old_future_and_forged() {
    let mut rig = Rig::new(form());
    let code = made("0200001234", NOON, KEY);
    assert_eq!(rig.at(&code, 121), Verdict::TooOld);
    assert_eq!(rig.at(&code, -31), Verdict::InTheFuture);
    assert_eq!(rig.at(&code, -30), Verdict::Fresh);
    assert_eq!(rig.at(&made("0200001234", NOON, b"another key"), 0), Verdict::Forged);
    let other = code.replace("0200001234", "0200001235");
    assert_eq!(rig.at(&other, 0), Verdict::Forged);
    let mut keyless = TokenGuard::new(form(), None, [7; 32]);
    let now = TokenTime { wall_s: NOON, mono: Instant::now() };
    assert_eq!(keyless.check(&form().parse(&code).unwrap(), now), Verdict::Forged);
}

#[test]
fn a_known_hmac_is_accepted() {
    // RFC 4231, test case 2: key "Jefe", data "what do ya want for nothing?".
    let form = QrForm {
        fields: vec![TokenField::Any, TokenField::Mac],
        separator: '|',
        ..QrForm::opaque("what")
    };
    let guard = TokenGuard::new(form.clone(), Some(b"Jefe"), [0; 32]);
    let mac = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let token = form.parse(&format!("what do ya want for nothing?|{mac}")).unwrap();
    assert!(guard.is_genuine(&token));
    let token = form
        .parse("what do ya want for nothing?|W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM")
        .unwrap();
    assert!(guard.is_genuine(&token));
}

#[test]
fn opaque_tokens_are_remembered_by_the_clock_that_is_never_set() {
    let mut rig = Rig::new(QrForm::opaque("LIB"));
    assert_eq!(rig.at_both("LIB-abc", 0, 0), Verdict::Fresh);
    assert_eq!(rig.at_both("LIB-abc", 90_000, 60), Verdict::UsedBefore);
    assert_eq!(rig.at_both("LIB-abc", -90_000, 120), Verdict::UsedBefore);
    assert_eq!(rig.at_both("LIB-abc", 0, 121), Verdict::Fresh);
    assert_eq!(rig.guard.remembered(), 1);
}

#[test]
fn a_clock_that_jumps_ahead_and_back_lets_nothing_pass_twice() {
    let mut rig = Rig::new(form());
    let code = made("1", NOON, KEY);
    assert_eq!(rig.at(&code, 0), Verdict::Fresh);
    let later = made("1", NOON + 86_400, KEY);
    assert_eq!(rig.at(&later, 86_400), Verdict::Fresh);
    assert_eq!(rig.at(&code, 10), Verdict::TooOld);
    assert_eq!(rig.at(&made("1", NOON + 20, KEY), 20), Verdict::Fresh);
}

#[test]
fn steps_are_valid_to_their_end_and_beyond() {
    let steps = QrForm { time: TimeForm::Steps, valid_s: 10, skew_s: 0, ..form() };
    let mut rig = Rig::new(steps);
    let step = NOON / 30;
    let begin = i64::try_from(step * 30).unwrap() - i64::try_from(NOON).unwrap();
    assert_eq!(rig.at(&made("1", step, KEY), begin + 40), Verdict::Fresh);
    assert_eq!(rig.at(&made("2", step, KEY), begin + 41), Verdict::TooOld);
    assert_eq!(rig.at(&made("3", step + 1, KEY), begin + 29), Verdict::InTheFuture);
}

#[test]
fn memory_is_bounded_and_nothing_is_let_through_instead() {
    let mut rig = Rig::new(QrForm::opaque("LIB"));
    for n in 0..USED_MAX {
        assert_eq!(rig.at(&format!("LIB{n}"), 0), Verdict::Fresh);
    }
    assert_eq!(rig.at("LIB-more", 1), Verdict::Full);
    assert_eq!(rig.at("LIB0", 1), Verdict::UsedBefore);
    assert_eq!(rig.at("LIB-more", 200), Verdict::Fresh);
    assert_eq!(rig.guard.remembered(), 1);
}

#[test]
fn what_has_not_the_form_is_no_token() {
    for text in [
        "JH1:",
        "JH1:1.2",
        "JH1:.1790000000.x.00",
        "JH1:1.-5.x.0011223344556677",
        "JH1:1.5.x.00112233445566",
        "JH1:1.5.x.zz",
        "JH1:1.5.x.书",
        "JH2:1.5.x.0011223344556677",
        "JH1:1.99999999999999999999.x.0011223344556677",
    ] {
        assert_eq!(form().parse(text), None, "{text}");
    }
}

#[test]
fn senseless_forms_are_named() {
    for bad in [
        QrForm { prefix: String::new(), ..form() },
        QrForm { fields: vec![TokenField::Mac, TokenField::Time], ..form() },
        QrForm { fields: vec![TokenField::Patron, TokenField::Mac], ..form() },
        QrForm { step_s: 0, ..form() },
        QrForm { valid_s: 0, ..form() },
    ] {
        assert!(!bad.problems().is_empty(), "{bad:?}");
    }
}

#[test]
fn debug_shows_no_token() {
    let token = form().parse(&made("0200001234", NOON, KEY)).unwrap();
    assert_eq!(format!("{token:?}"), format!("Token({} characters)", token.whole().chars()));
    assert_eq!(token.patron().unwrap().expose(), "0200001234");
}

proptest! {
    #[test]
    fn any_text_is_judged(text in ".{0,80}", wall in any::<u64>()) {
        let mut guard = TokenGuard::new(form(), Some(KEY), [7; 32]);
        for text in [text.clone(), format!("JH1:{text}"), format!("JH1:1.{wall}.{text}.0011223344556677")] {
            if let Some(token) = form().parse(&text) {
                let verdict = guard.check(&token, TokenTime { wall_s: wall, mono: Instant::now() });
                prop_assert_eq!(verdict, Verdict::Forged);
            }
        }
    }

    #[test]
    fn no_code_passes_twice_however_the_clock_is_set(moves in proptest::collection::vec((0u64..5, -200i64..200), 1..60)) {
        let mut rig = Rig::new(form());
        let mut passed = std::collections::BTreeSet::new();
        for (n, after) in moves {
            if rig.at(&made("1", NOON + 40 * n, KEY), after) == Verdict::Fresh {
                prop_assert!(passed.insert(n));
            }
        }
    }
}
