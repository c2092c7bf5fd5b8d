use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::timing::BAUD;
use super::*;
use crate::rfid::m3::wire::{Decoded, Decoder, Frame, Start};

const UID: Uid = Uid::iso15693([0xE0, 0x04, 0x01, 0x00, 0x31, 0x23, 0xAA, 0x26]);

type Answer = Box<dyn FnMut(&Command) -> Vec<u8> + Send>;

/// Answers each command by a function, except the version request, which it answers itself.
struct Scripted {
    decoder: Decoder,
    answer: Answer,
    waiting: VecDeque<u8>,
    asked: Arc<Mutex<Vec<Command>>>,
}

impl Read for Scripted {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.waiting.is_empty() {
            std::thread::sleep(Duration::from_millis(1));
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.waiting.read(buf)
    }
}
impl Write for Scripted {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        for decoded in self.decoder.feed(buf) {
            let Decoded::Frame(frame) = decoded else { panic!("damaged command") };
            let command = Command::parse(&frame).unwrap();
            let answer = match command {
                Command::Version => bytes(&Reply::Version([10, 3, 2, 6])),
                _ => (self.answer)(&command),
            };
            self.asked.lock().unwrap().push(command);
            self.waiting.extend(answer);
        }
        Ok(buf.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
impl Port for Scripted {
    fn set_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        assert!(timeout > Duration::ZERO);
        Ok(())
    }
    fn discard_input(&mut self) -> io::Result<()> {
        self.waiting.clear();
        Ok(())
    }
}

fn bytes(reply: &Reply) -> Vec<u8> {
    reply.to_frame().emit()
}

fn failed(command: &Command, error: u8) -> Vec<u8> {
    let error = ErrorCode(error);
    bytes(&Reply::Failed { code: command.code(), error, uid: command.uid(), detail: vec![] })
}

fn reader(
    answer: impl FnMut(&Command) -> Vec<u8> + Send + 'static,
) -> (M3Reader<Scripted>, Arc<Mutex<Vec<Command>>>) {
    let asked = Arc::default();
    let port = Scripted {
        decoder: Decoder::new(),
        answer: Box::new(answer),
        waiting: VecDeque::new(),
        asked: Arc::clone(&asked),
    };
    (M3Reader::new(port, BAUD), asked)
}

#[test]
fn identifies() {
    let (mut reader, _) = reader(|_| vec![]);
    let info = reader.identify().unwrap();
    assert_eq!((info.model, info.firmware.as_str()), ("3m810", "10.3.2.6"));
}

#[test]
fn error_table() {
    type Is = fn(&ReaderError) -> bool;
    let table: [(u8, Is); 12] = [
        (0x06, |e| matches!(e, ReaderError::NoTag)),
        (0x11, |e| matches!(e, ReaderError::NoMemory)),
        (0x12, |e| matches!(e, ReaderError::Locked)),
        (0x15, |e| matches!(e, ReaderError::NoTag)),
        (0x16, |e| matches!(e, ReaderError::NotWritten)),
        (0x02, |e| matches!(e, ReaderError::Unsupported { code: 0x02 })),
        (0x21, |e| matches!(e, ReaderError::Unsupported { code: 0x21 })),
        (0x31, |e| matches!(e, ReaderError::Unsupported { code: 0x31 })),
        (0x0F, |e| matches!(e, ReaderError::Refused { code: 0x0F })),
        (0x32, |e| matches!(e, ReaderError::Refused { code: 0x32 })),
        (0xFD, |e| matches!(e, ReaderError::Refused { code: 0xFD })),
        (0xFE, |e| matches!(e, ReaderError::Refused { code: 0xFE })),
    ];
    for (code, is) in table {
        let (mut reader, asked) = reader(move |command| failed(command, code));
        for error in [
            reader.write_afi(UID, 7).unwrap_err(),
            reader.write_blocks(UID, 0, &[0; 4]).unwrap_err(),
            reader.read_blocks(UID, 0, 1).unwrap_err(),
        ] {
            assert!(is(&error), "{code:02X} became {error:?}");
        }
        // One version request to get into step, then each command once: no repeats.
        assert_eq!(asked.lock().unwrap().len(), 4);
    }
}

#[test]
fn an_uid_reported_twice_is_listed_once() {
    let other = Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, 1]);
    let (mut reader, _) = reader(move |_| {
        let seen = |uid| Seen::iso15693(uid, Some(6));
        let found = vec![seen(UID), seen(other), seen(UID)];
        bytes(&Reply::Uids { afi: 0, options: 0x27, found })
    });
    let uids: Vec<Uid> = reader.inventory().unwrap().iter().map(|s| s.uid).collect();
    assert_eq!(uids, [UID, other]);
}

#[test]
fn a_pad_without_an_option_is_asked_without_it() {
    let (mut reader, asked) = reader(|command| match command {
        Command::ReadUids { options: 5, .. } => {
            let found = vec![Seen::iso15693(UID, None)];
            bytes(&Reply::Uids { afi: 0, options: 5, found })
        }
        _ => failed(command, 0x31),
    });
    for _ in 0..2 {
        assert_eq!(reader.inventory().unwrap(), [Seen::iso15693(UID, None)]);
    }
    assert_eq!(asked.lock().unwrap().len(), 5, "version, two refused, and two lists");
}

#[test]
fn no_tag_answers() {
    let (mut reader, _) = reader(|command| failed(command, 0x06));
    assert_eq!(reader.inventory().unwrap(), []);
    assert!(!reader.eas(UID).unwrap());
    assert!(matches!(reader.afi(UID), Err(ReaderError::NoTag)));
}

#[test]
fn answers_about_something_else_are_passed_over() {
    let other = Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, 1]);
    let (mut reader, _) = reader(move |_| {
        let mut stream = bytes(&Reply::Afi { uid: other, afi: 1 });
        stream.extend(bytes(&Reply::Dsfid { uid: UID, dsfid: 2 }));
        stream.extend(bytes(&Reply::Afi { uid: UID, afi: 3 }));
        stream
    });
    assert_eq!(reader.afi(UID).unwrap(), 3);
}

#[test]
fn only_other_answers_is_silence() {
    let (mut reader, _) = reader(|_| bytes(&Reply::Dsfid { uid: UID, dsfid: 2 }));
    let error = reader.afi(UID).unwrap_err();
    let ReaderError::Silent { waited_ms } = error else { panic!("{error:?}") };
    assert!(waited_ms >= 500, "{waited_ms}");
}

#[test]
fn damaged_answers_are_garbled() {
    let good = bytes(&Reply::Afi { uid: UID, afi: 3 });
    let mut flipped = good.clone();
    flipped[7] ^= 0x10;
    let cut = good[..9].to_vec();
    for damaged in [flipped, cut, vec![0x55; 16]] {
        let (mut reader, asked) = reader({
            let damaged = damaged.clone();
            let good = good.clone();
            let mut first = true;
            move |_| if std::mem::take(&mut first) { damaged.clone() } else { good.clone() }
        });
        let error = reader.afi(UID).unwrap_err();
        assert!(matches!(error, ReaderError::Garbled(_)), "{damaged:02X?}: {error:?}");
        // The next call asks the version first and then works.
        assert_eq!(reader.afi(UID).unwrap(), 3);
        let asked = asked.lock().unwrap();
        let versions = asked.iter().filter(|c| **c == Command::Version).count();
        assert_eq!((asked.len(), versions), (4, 2));
    }
}

#[test]
fn long_reads_and_writes_go_in_parts() {
    let block = |number: u8| Block { number, lock: BlockLock::Open, data: [number; 4] };
    let (mut reader, asked) = reader(move |command| match command {
        Command::ReadBlocks { uid, first, count, .. } => bytes(&Reply::Blocks {
            uid: *uid,
            blocks: (*first..first + count).map(block).collect(),
            layout: command.block_layout(),
        }),
        Command::WriteBlocks { uid, first, data } => {
            let next = Some(first + data.len() as u8);
            bytes(&Reply::BlocksWritten { uid: *uid, next })
        }
        _ => panic!("{command:?}"),
    });
    let data = reader.read_blocks(UID, 3, 28).unwrap();
    assert_eq!(data, (3..31).flat_map(|n| [n; 4]).collect::<Vec<u8>>());
    reader.write_blocks(UID, 1, &data[..40]).unwrap();
    let firsts: Vec<_> = asked
        .lock()
        .unwrap()
        .iter()
        .filter_map(|c| match c {
            Command::ReadBlocks { first, count, .. } => Some((*first, *count)),
            Command::WriteBlocks { first, data, .. } => Some((*first, data.len() as u8)),
            _ => None,
        })
        .collect();
    assert_eq!(firsts, [(3, 16), (19, 12), (1, 8), (9, 2)]);
}

#[test]
fn part_answers_are_refused() {
    let answer = |number: u8, lock| {
        let block = Block { number, lock, data: [1; 4] };
        bytes(&Reply::Blocks { uid: UID, blocks: vec![block], layout: Default::default() })
    };
    let (mut short, _) = reader(move |_| answer(0, BlockLock::Open));
    assert!(matches!(short.read_blocks(UID, 0, 2), Err(ReaderError::Garbled(_))));
    let (mut unread, _) = reader(move |_| answer(0, BlockLock::Failed(ErrorCode::NO_TAG)));
    assert!(matches!(unread.read_blocks(UID, 0, 1), Err(ReaderError::NoTag)));
    let (mut past, _) = reader(move |c| failed(c, 0x11));
    assert!(matches!(past.read_blocks(UID, 250, 9), Err(ReaderError::NoMemory)));
    assert!(matches!(past.write_blocks(UID, 255, &[0; 8]), Err(ReaderError::NoMemory)));
    assert!(matches!(past.write_blocks(UID, 0, &[0; 5]), Err(ReaderError::Refused { .. })));
}

#[test]
fn the_older_probe_is_used_when_version_is_unknown() {
    struct NoVersion(VecDeque<u8>);
    impl Read for NoVersion {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.0.read(buf)
        }
    }
    impl Write for NoVersion {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            let frame = match buf[0] {
                0xD5 => Reply::Probe { version: [10, 5, 0, 2] }.to_frame(),
                _ => Frame { start: Start::Normal, body: vec![buf[3], 0x02] },
            };
            self.0.extend(frame.emit());
            Ok(buf.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Port for NoVersion {
        fn set_timeout(&mut self, _: Duration) -> io::Result<()> {
            Ok(())
        }
        fn discard_input(&mut self) -> io::Result<()> {
            self.0.clear();
            Ok(())
        }
    }
    let mut reader = M3Reader::new(NoVersion(VecDeque::new()), BAUD);
    assert_eq!(reader.identify().unwrap().firmware, "10.5.0.2");
}
