use super::*;
use proptest::prelude::*;

fn split(bytes: &[u8], at: usize) -> Vec<Reply> {
    let mut demux = Demux::new();
    let mut replies = Vec::new();
    demux.push(&bytes[..at], |reply| replies.push(reply));
    demux.push(&[], |_| panic!("a read of nothing says nothing"));
    demux.push(&bytes[at..], |reply| replies.push(reply));
    replies
}

fn check(bytes: &[u8], expected: &[Reply]) {
    for at in 0..=bytes.len() {
        assert_eq!(split(bytes, at), expected, "{bytes:02X?} split at {at}");
    }
}

#[test]
fn replies_in_every_split() {
    check(&[0x12], &[Reply::RealTime(0x12)]);
    check(&[0x11, 0x13], &[Reply::Xon, Reply::Xoff]);
    check(&[0x10, 0, 3, 0, 0x0C], &[Reply::Asb([0x10, 0, 3, 0]), Reply::Buffered(0x0C)]);
    check(b"\x37\x220001\0", &[Reply::JobDone(*b"0001")]);
    check(b"\x5fEPSON\0\x16", &[Reply::Block(b"_EPSON".to_vec()), Reply::RealTime(0x16)]);
    // Noise between replies.
    check(&[0x81, 0x12, 0xFF, 0x00], &[Reply::RealTime(0x12), Reply::Buffered(0)]);
    // A head of nothing: what followed counts again.
    check(&[0x10, 0x00, 0x12], &[Reply::Buffered(0), Reply::RealTime(0x12)]);
}

#[test]
fn status_in_the_middle_of_a_job_answer() {
    for asb in [[0x10, 0, 0, 0], [0x38, 0, 0, 0], [0x18, 0, 0x0F, 0], [0x18, 8, 0, 0]] {
        for at in 2..=6 {
            let mut bytes = b"\x37\x220001\0".to_vec();
            for (offset, byte) in asb.iter().enumerate() {
                bytes.insert(at + offset, *byte);
            }
            if asb[0] == 0x38 && at == 5 {
                // "000" + 38 + 00 is itself a complete answer to job "0008": nobody can tell.
                continue;
            }
            check(&bytes, &[Reply::Asb(asb), Reply::JobDone(*b"0001")]);
        }
    }
    check(b"\x37\x2200\x1201\0", &[Reply::RealTime(0x12), Reply::JobDone(*b"0001")]);
}

#[test]
fn dle_eot_answers_as_documented() {
    // 1.4, examples.
    let apply = |asked, byte| {
        let mut status = Status::default();
        status.apply(asked, byte);
        status.trouble()
    };
    assert_eq!(apply(Ask::Printer, 0x12), None);
    assert_eq!(apply(Ask::Printer, 0x16), None, "drawer pin high");
    assert_eq!(apply(Ask::Printer, 0x1A), Some(Cause::OffLine));
    assert_eq!(apply(Ask::OffLineCause, 0x12), None);
    assert_eq!(apply(Ask::OffLineCause, 0x16), Some(Cause::CoverOpen));
    assert_eq!(apply(Ask::OffLineCause, 0x32), Some(Cause::PaperOut));
    assert_eq!(apply(Ask::OffLineCause, 0x36), Some(Cause::CoverOpen));
    assert_eq!(apply(Ask::OffLineCause, 0x52), Some(Cause::Mechanical));
    assert_eq!(apply(Ask::ErrorCause, 0x12), None);
    assert_eq!(apply(Ask::ErrorCause, 0x1A), Some(Cause::Cutter));
    assert_eq!(apply(Ask::ErrorCause, 0x32), Some(Cause::Unrecoverable));
    assert_eq!(apply(Ask::ErrorCause, 0x52), Some(Cause::HeadHot));
    for (byte, paper) in
        [(0x12, Paper::Adequate), (0x1E, Paper::NearEnd), (0x72, Paper::Out), (0x7E, Paper::Out)]
    {
        let mut status = Status::default();
        status.apply(Ask::RollSensor, byte);
        assert_eq!(status.paper, paper, "{byte:02X}");
    }
    assert_eq!(Ask::RollSensor.bytes(), [0x10, 0x04, 0x04]);
}

#[test]
fn automatic_status_as_documented() {
    let check = |asb, trouble, paper| {
        let status = Status::from_asb(asb);
        assert_eq!((status.trouble(), status.paper), (trouble, paper), "{asb:02X?}");
    };
    check([0x10, 0, 0, 0], None, Paper::Adequate);
    check([0x10, 0, 3, 0], None, Paper::NearEnd);
    check([0x38, 0, 0, 0], Some(Cause::CoverOpen), Paper::Adequate);
    check([0x18, 0, 0x0F, 0], Some(Cause::PaperOut), Paper::Out);
    check([0x18, 8, 0, 0], Some(Cause::Cutter), Paper::Adequate);
}

proptest! {
    #[test]
    fn any_bytes_in_any_split_are_taken_alike(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        at in any::<proptest::sample::Index>(),
    ) {
        let whole = split(&bytes, 0);
        prop_assert_eq!(whole, split(&bytes, at.index(bytes.len() + 1)));
    }

    #[test]
    fn after_any_noise_a_reply_is_understood_again(
        noise in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut demux = Demux::new();
        demux.push(&noise, |_| {});
        demux.reset();
        let mut replies = Vec::new();
        demux.push(b"\x37\x220001\0", |reply| replies.push(reply));
        prop_assert_eq!(replies, vec![Reply::JobDone(*b"0001")]);
    }
}
