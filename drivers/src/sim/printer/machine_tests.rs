use super::*;
use proptest::prelude::*;

fn print(class: Class, bytes: &[u8]) -> (Machine, Vec<u8>, Vec<Receipt>) {
    let now = Instant::now();
    let mut machine = Machine::new(384, class, now);
    machine.receive(bytes, now);
    let answers = std::iter::from_fn(|| machine.due_answer(now)).flatten().collect();
    machine.tick(now + IDLE_END);
    let receipts = machine.take_finished();
    (machine, answers, receipts)
}

#[test]
fn four_byte_codes_come_out_as_gaps_and_digits() {
    // 1.3: the code of U+00A5 shows as "0 6".
    let (_, _, receipts) = print(Class::Full, &[0x81, 0x30, 0x84, 0x36, 0x0A]);
    assert_eq!(receipts[0].text.trim(), "0 6");
}

#[test]
fn a_picture_with_a_hidden_drawer_pulse_fires_it() {
    let mut picture = vec![0x1D, 0x76, 0x30, 0, 5, 0, 1, 0];
    picture.extend([0x10, 0x14, 0x01, 0x00, 0x01]);
    let (machine, _, receipts) = print(Class::Full, &picture);
    assert_eq!(machine.pulses(), 1);
    assert_eq!(receipts[0].text, "[picture 40x1]\n", "and it is printed as well");
}

#[test]
fn questions_are_answered_as_documented() {
    let ask = [
        &[0x10, 4, 1, 0x10, 4, 2, 0x10, 4, 3, 0x10, 4, 4][..],
        &[0x1D, 0x61, 0xFF, 0x1D, 0x72, 1, 0x1D, 0x49, 0x42],
        b"\x1d(H\x06\x00000001",
    ]
    .concat();
    let (_, answers, receipts) = print(Class::Full, &ask);
    assert_eq!(answers, b"\x16\x12\x12\x12\x10\0\0\0\0_JIEHUAN\0\x37\x220001\0");
    assert!(receipts.is_empty(), "questions are no receipt");
}

#[test]
fn conditions_show_in_both_schemes() {
    let now = Instant::now();
    for (fault, n, byte, asb) in [
        (Fault::PaperOut, 4, 0x72, [0x18, 0, 0x0F, 0]),
        (Fault::NearEnd, 4, 0x1E, [0x10, 0, 0x03, 0]),
        (Fault::CoverOpen, 2, 0x16, [0x38, 0, 0, 0]),
        (Fault::HeadHot, 3, 0x52, [0x18, 0x40, 0, 0]),
    ] {
        let mut machine = Machine::new(384, Class::Full, now);
        machine.receive(&[0x1D, 0x61, 0xFF], now);
        assert_eq!(machine.due_answer(now).unwrap(), [0x10, 0, 0, 0]);
        machine.set_fault(fault, now);
        assert_eq!(machine.due_answer(now).unwrap(), asb, "{fault}");
        machine.receive(&[0x10, 4, n], now);
        assert_eq!(machine.due_answer(now).unwrap(), [byte], "{fault}");
    }
}

#[test]
fn a_printer_without_function_b_prints_its_data_as_text() {
    let (_, _, receipts) = print(Class::Simple, b"\x1dkI\x05{BYZ1\n");
    assert_eq!(receipts[0].text, "[barcode kind 49]\n{BYZ1\n");
    let (_, _, receipts) = print(Class::Full, b"\x1dkI\x05{BYZ1\n");
    assert_eq!(receipts[0].text, "[CODE128 YZ1]\n\n");
}

#[test]
fn off_line_keeps_the_buffer_and_recovery_clears_it() {
    let now = Instant::now();
    let mut machine = Machine::new(384, Class::Full, now);
    machine.set_fault(Fault::PaperOutAfter(3), now);
    machine.receive(b"abc\ndef\n", now);
    assert!(!machine.head().has_paper(), "out of paper within the line");
    machine.clear_faults(now);
    machine.tick(now + IDLE_END);
    assert_eq!(machine.take_finished()[0].text, "abc\ndef\n", "goes on with new paper");
    machine.set_fault(Fault::PaperOut, now);
    machine.receive(b"ghi\n\x10\x05\x02", now);
    machine.clear_faults(now);
    machine.tick(now + IDLE_END);
    assert!(machine.take_finished().is_empty(), "cleared");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_taken(
        bytes in proptest::collection::vec(
            prop_oneof![
                any::<u8>(),
                proptest::sample::select(vec![0x10_u8, 0x1B, 0x1C, 0x1D, 0x28, 0x6B, 0x76, 0x30]),
            ],
            0..300,
        ),
        simple in any::<bool>(),
    ) {
        let class = if simple { Class::Simple } else { Class::Full };
        for receipt in print(class, &bytes).2 {
            prop_assert_eq!(receipt.pixels.len(), receipt.width * receipt.height);
            prop_assert!(receipt.png().is_ok());
        }
    }
}
