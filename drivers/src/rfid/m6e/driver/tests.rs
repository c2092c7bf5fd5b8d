use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::timing::BAUD;
use super::*;
use crate::rfid::m6e::wire::{
    Access, Bank, Decoded, Decoder, Op, Opaque, Password, Selection, Side, TagRecord, metadata,
};

type Asked = Arc<Mutex<Vec<Command>>>;
type Answer = Box<dyn FnMut(&Command) -> Vec<Reply> + Send>;

/// Answers settings itself, and each other command by a function.
struct Scripted {
    decoder: Decoder,
    answer: Answer,
    waiting: VecDeque<u8>,
    asked: Asked,
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
            let replies = match settings(&command) {
                Some(reply) => vec![reply],
                None => (self.answer)(&command),
            };
            self.asked.lock().unwrap().push(command);
            self.waiting.extend(replies.iter().flat_map(|reply| reply.to_frame().emit()));
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

/// What a module in its application says to the commands of the start.
fn settings(command: &Command) -> Option<Reply> {
    let info = VersionInfo {
        boot: [0; 4],
        hardware: [0x30, 0, 0, 2],
        date: [0x20, 0x15, 3, 0x10],
        firmware: [1, 3, 1, 0x47],
        protocols: [0, 0, 0, 0x10],
    };
    Some(match command {
        Command::Version => Reply::Version { op: 0x03, info },
        Command::Get { op: Op::GetProgram, .. } => {
            Reply::Done { op: command.code(), data: Opaque(vec![0x52]) }
        }
        Command::StopReading => Reply::Stopped,
        Command::SetRegion(_)
        | Command::SetProtocol(_)
        | Command::SetAntenna { .. }
        | Command::SetSearchAntenna { .. }
        | Command::SetReadPower(_)
        | Command::SetWritePower(_)
        | Command::SetOption { .. } => done(command),
        _ => return None,
    })
}

/// Commands of the start: stop, version, program, version, settings.
const START: usize = 11;

fn done(command: &Command) -> Reply {
    Reply::Done { op: command.code(), data: Opaque::default() }
}

fn failed(op: u8, status: Status) -> Reply {
    Reply::Failed { op, status, data: Opaque::default() }
}

fn uid() -> Uid {
    "E28011302000212333BE04F6".parse().unwrap()
}

const EPC: [u8; 4] = [1, 2, 3, 4];

fn record(epc: &[u8], rssi_dbm: i8) -> TagRecord {
    let pc = ((epc.len() / 2) as u16) << 11 | 0x0107;
    let said = Opaque([&pc.to_be_bytes()[..], epc].concat());
    TagRecord { rssi_dbm, said, protocol: 5, read_count: 1, ..TagRecord::default() }
}

fn tag(epc: &[u8], rssi_dbm: i8) -> Reply {
    let record = record(epc, rssi_dbm);
    Reply::Tag { flags: 0x001B, metadata: metadata::ALL, kind: 1, record }
}

fn reader(
    answer: impl FnMut(&Command) -> Vec<Reply> + Send + 'static,
) -> (M6eReader<Scripted>, Asked) {
    let profile = Profile { dwell_ms: 20, access_timeout_ms: 20, ..Profile::default() };
    reader_with(profile, answer)
}

fn reader_with(
    profile: Profile,
    answer: impl FnMut(&Command) -> Vec<Reply> + Send + 'static,
) -> (M6eReader<Scripted>, Asked) {
    let asked = Arc::default();
    let port = Scripted {
        decoder: Decoder::new(Side::Host),
        answer: Box::new(answer),
        waiting: VecDeque::new(),
        asked: Arc::clone(&asked),
    };
    (M6eReader::new(port, BAUD, profile), asked)
}

/// One tag that is always heard and tells its TID; the rest by a function.
fn with_tag(
    mut rest: impl FnMut(&Command) -> Vec<Reply> + Send + 'static,
) -> (M6eReader<Scripted>, Asked) {
    reader(move |command| match command {
        Command::StartReading { .. } => vec![Reply::Started, tag(&EPC, -50)],
        Command::ReadData { bank: Bank::Tid, .. } => vec![data(uid().bytes())],
        _ => rest(command),
    })
}

fn data(bytes: &[u8]) -> Reply {
    Reply::Data { option: 0x11, data: Opaque(bytes.to_vec()) }
}

#[test]
fn identifies_and_sets_up_once() {
    let (mut reader, asked) = reader(|_| vec![]);
    for _ in 0..2 {
        let info = reader.identify().unwrap();
        assert_eq!((info.model, info.firmware.as_str()), ("m6e", "01.03.01.47"));
    }
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), START + 2);
    let prc = |command: &&Command| **command == Command::SetRegion(6);
    assert_eq!(asked.iter().filter(prc).count(), 1);
}

#[test]
fn status_table() {
    type Is = fn(&ReaderError) -> bool;
    let table: [(u16, Is); 14] = [
        (0x0400, |e| matches!(e, ReaderError::NoTag)),
        (0x0404, |e| matches!(e, ReaderError::NoTag)),
        (0x0406, |e| matches!(e, ReaderError::NotWritten)),
        (0x042B, |e| matches!(e, ReaderError::NotWritten)),
        (0x0423, |e| matches!(e, ReaderError::NoMemory)),
        (0x0409, |e| matches!(e, ReaderError::NoMemory)),
        (0x0424, |e| matches!(e, ReaderError::Locked)),
        (0x0102, |e| matches!(e, ReaderError::Unsupported { code: 0x02 })),
        (0x0109, |e| matches!(e, ReaderError::Unsupported { code: 0x09 })),
        (0x0420, |e| matches!(e, ReaderError::Refused { code: 0x20 })),
        (0x042F, |e| matches!(e, ReaderError::Refused { code: 0x2F })),
        (0x0503, |e| matches!(e, ReaderError::Refused { code: 0x03 })),
        (0x0504, |e| matches!(e, ReaderError::Refused { code: 0x04 })),
        (0x7F00, |e| matches!(e, ReaderError::Refused { code: 0x00 })),
    ];
    for (status, is) in table {
        let (mut reader, asked) =
            with_tag(move |command| vec![failed(command.code(), Status(status))]);
        reader.inventory().unwrap();
        let before = asked.lock().unwrap().len();
        for error in [
            reader.read_blocks(uid(), 0, 1).unwrap_err(),
            reader.write_blocks(uid(), 0, &[0; 4]).unwrap_err(),
            reader.write_afi(uid(), 7).unwrap_err(),
        ] {
            assert!(is(&error), "{status:04X} became {error:?}");
        }
        // Each command once: no repeats. (The UII is read once more after a write.)
        let commands = asked.lock().unwrap().len() - before;
        assert!(commands <= 4, "{status:04X}: {commands}");
    }
}

#[test]
fn a_module_that_forgot_its_region_is_set_up_again() {
    let mut lost = true;
    let (mut reader, asked) = with_tag(move |_| {
        if std::mem::take(&mut lost) {
            vec![failed(0x28, Status::RADIO_NOT_ON)]
        } else {
            vec![data(&[1, 2, 3, 4])]
        }
    });
    assert!(matches!(reader.read_blocks(uid(), 0, 1), Err(ReaderError::Refused { .. })));
    assert_eq!(reader.read_blocks(uid(), 0, 1).unwrap(), [1, 2, 3, 4]);
    let regions = asked.lock().unwrap().iter().filter(|c| c.code() == 0x97).count();
    assert_eq!(regions, 2);
}

#[test]
fn a_tag_told_often_is_listed_once_by_its_strongest_report() {
    let (mut reader, _) = reader(|command| match command {
        Command::StartReading { .. } => {
            let mut said = vec![Reply::Started];
            said.extend([tag(&EPC, -80), tag(&[9; 4], -80), tag(&EPC, -60), tag(&EPC, -70)]);
            said.push(failed(0x22, Status::NO_TAGS));
            said
        }
        _ => vec![data(uid().bytes())],
    });
    let seen = reader.inventory().unwrap();
    assert_eq!(seen.iter().map(|s| s.uid).collect::<Vec<_>>(), [uid()]);
    assert_eq!(reader.left_out(), LeftOut { weak: 1, ..LeftOut::default() });
}

#[test]
fn tags_that_do_not_answer_do_not_hold_up_an_inventory() {
    let (mut reader, asked) = reader(|command| match command {
        Command::StartReading { .. } => {
            let weak = (1..=5).map(|n| tag(&[n; 4], -64));
            std::iter::once(Reply::Started).chain(weak).chain([tag(&EPC, -40)]).collect()
        }
        Command::ReadData { access, .. } => {
            let Selection::Epc(epc) = &access.selection else { panic!("{access:?}") };
            match epc[..] == EPC {
                true => vec![data(uid().bytes())],
                false => vec![failed(0x28, Status::NO_TAGS)],
            }
        }
        _ => vec![],
    });
    let seen = reader.inventory().unwrap();
    assert_eq!(seen.iter().map(|s| s.uid).collect::<Vec<_>>(), [uid()]);
    assert_eq!(reader.left_out(), LeftOut { unread_tid: 5, ..LeftOut::default() });
    let reads = || asked.lock().unwrap().iter().filter(|c| c.code() == 0x28).count();
    assert_eq!(reads(), 3, "the strongest, and two that failed");
    reader.inventory().unwrap();
    assert_eq!(reads(), 5, "two of the others");
}

#[test]
fn trouble_without_a_tag_is_an_error_and_with_one_is_not() {
    for heard in [false, true] {
        let (mut reader, _) = reader(move |command| match command {
            Command::StartReading { .. } => {
                let mut said = vec![Reply::Started, failed(0x22, Status::RETURN_LOSS)];
                said.extend(heard.then(|| tag(&EPC, -50)));
                said
            }
            _ => vec![data(uid().bytes())],
        });
        let result = reader.inventory();
        match heard {
            true => assert_eq!(result.unwrap().len(), 1),
            false => assert!(matches!(result, Err(ReaderError::Refused { code: 0x05 }))),
        }
    }
}

#[test]
fn the_buffer_is_emptied_in_parts() {
    let mut left: Vec<u8> = (1..=5).collect();
    let profile = Profile {
        inventory: crate::rfid::m6e::profile::Inventory::Single,
        dwell_ms: 20,
        ..Profile::default()
    };
    let (mut reader, _) = reader_with(profile, move |command| match command {
        Command::ClearBuffer => vec![done(command)],
        Command::ReadMultiple { flags, .. } => {
            vec![Reply::Found { option: 0, flags: *flags, count: 5 }]
        }
        Command::GetBuffer { metadata } => {
            let some = left.drain(..left.len().min(2)).map(|n| record(&[n; 4], -50));
            vec![Reply::Buffer { metadata: *metadata, option: 0, records: some.collect() }]
        }
        Command::ReadData { access, .. } => {
            let Selection::Epc(epc) = &access.selection else { panic!("{access:?}") };
            let mut tid = uid().bytes().to_vec();
            tid[11] = epc[0];
            vec![data(&tid)]
        }
        _ => vec![],
    });
    assert_eq!(reader.inventory().unwrap().len(), 5);
}

#[test]
fn only_changed_words_are_written_and_the_pc_word_last() {
    let (mut reader, asked) = with_tag(|command| vec![done(command)]);
    reader.inventory().unwrap();
    let before = asked.lock().unwrap().len();
    let want = Uii { pc: 0x19C2, bytes: vec![1, 2, 0x33, 4, 5, 6] };
    reader.write_uii(uid(), &want).unwrap();
    let written: Vec<_> = asked.lock().unwrap()[before..]
        .iter()
        .map(|command| match command {
            Command::WriteData { address, data, access, bank: Bank::Uii, .. } => {
                let Selection::Epc(epc) = &access.selection else { panic!("{access:?}") };
                (*address, data.to_vec(), epc.to_vec())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        written,
        [
            (3, vec![0x33, 4, 5, 6], EPC.to_vec()),
            // The length is still the old one, what it says is new.
            (1, vec![0x19, 0xC2], vec![1, 2, 0x33, 4]),
        ]
    );
}

#[test]
fn the_password_goes_with_writes_alone() {
    let profile =
        Profile { access_password: Password(0x0102_0304), dwell_ms: 20, ..Profile::default() };
    let (mut reader, asked) = reader_with(profile, |command| match command {
        Command::StartReading { .. } => vec![Reply::Started, tag(&EPC, -50)],
        Command::ReadData { words, .. } => vec![data(&uid().bytes()[..usize::from(*words) * 2])],
        _ => vec![done(command)],
    });
    reader.read_blocks(uid(), 0, 2).unwrap();
    reader.write_blocks(uid(), 0, &[0; 4]).unwrap();
    for command in asked.lock().unwrap().iter() {
        match command {
            Command::ReadData { access: Access { password, .. }, .. } => assert_eq!(password.0, 0),
            Command::WriteData { access: Access { password, .. }, .. } => {
                assert_eq!(password.0, 0x0102_0304);
            }
            _ => {}
        }
    }
}

#[test]
fn answers_to_something_else_are_passed_over_and_part_answers_refused() {
    let (mut reader, _) = with_tag(|_| {
        // A late record and another command's answer come first.
        vec![tag(&EPC, -50), failed(0x24, Status::LOCKED), data(&[7, 7, 7, 7])]
    });
    assert_eq!(reader.read_blocks(uid(), 0, 1).unwrap(), [7; 4]);
    let (mut reader, _) = with_tag(|_| vec![data(&[7, 7])]);
    assert!(matches!(reader.read_blocks(uid(), 0, 1), Err(ReaderError::Garbled(_))));
    let (mut reader, _) = with_tag(|_| vec![failed(0x24, Status::LOCKED)]);
    assert!(matches!(reader.read_blocks(uid(), 0, 1), Err(ReaderError::Silent { .. })));
}

#[test]
fn damaged_answers_are_garbled_and_the_line_is_put_right() {
    struct Damaged(Scripted, bool);
    impl Read for Damaged {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n = self.0.read(buf)?;
            if std::mem::take(&mut self.1) {
                buf[n - 1] ^= 0x10;
            }
            Ok(n)
        }
    }
    impl Write for Damaged {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            // After the start, "read" and "stop".
            self.1 =
                buf[2] == Op::ReadData as u8 && self.0.asked.lock().unwrap().len() == START + 2;
            self.0.write(buf)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Port for Damaged {
        fn set_timeout(&mut self, timeout: Duration) -> io::Result<()> {
            self.0.set_timeout(timeout)
        }
        fn discard_input(&mut self) -> io::Result<()> {
            self.0.discard_input()
        }
    }
    let (reader, asked) = with_tag(|_| vec![data(&[1, 2, 3, 4])]);
    let profile = Profile { dwell_ms: 20, access_timeout_ms: 20, ..Profile::default() };
    let mut reader = M6eReader::new(Damaged(reader.into_port(), false), BAUD, profile);
    // The TID's answer is damaged: the whole call fails, and the next works.
    assert!(matches!(reader.inventory(), Err(ReaderError::Garbled("checksum"))));
    assert_eq!(reader.inventory().unwrap().len(), 1);
    let stops = asked.lock().unwrap().iter().filter(|c| **c == Command::StopReading).count();
    assert_eq!(stops, 4, "two to get into step, one in each inventory");
}
