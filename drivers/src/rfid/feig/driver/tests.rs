use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;
use crate::rfid::feig::profile::Form;
use crate::rfid::feig::wire::{Block, Decoded, Decoder, Inventory};

const TAG: [u8; 8] = [0xE0, 0x04, 0x01, 0x00, 0x31, 0x23, 0xAA, 0x26];
const UID: Uid = Uid::iso15693(TAG);

type Answer = Box<dyn FnMut(&Command) -> Vec<u8> + Send>;

/// Answers each command by a function, except the version request, which it answers itself.
struct Scripted {
    decoder: Decoder,
    answer: Answer,
    waiting: VecDeque<u8>,
    asked: Arc<Mutex<Vec<(Command, Instant)>>>,
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
            let answer = match &command {
                Command::SoftwareVersion => bytes(&version()),
                other => (self.answer)(other),
            };
            self.asked.lock().unwrap().push((command, Instant::now()));
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
    reply.to_frame(Form::Standard, 0).emit()
}

fn version() -> Reply {
    let version = Version {
        software: [1, 4],
        development: 0,
        hardware: 0,
        model: 80,
        tags: 0x38,
        buffers: None,
    };
    Reply::Version { code: 0x65, version }
}

fn failed(command: &Command, status: u8, detail: &[u8]) -> Vec<u8> {
    let status = Status(status);
    bytes(&Reply::Failed { code: command.code(), status, detail: detail.to_vec() })
}

type Asked = Arc<Mutex<Vec<(Command, Instant)>>>;

/// A reader whose time-outs are short, so that silence is soon known.
fn quick() -> FeigProfile {
    FeigProfile { response_time_ms: 100, ont: Ont::Off, ..FeigProfile::default() }
}

fn reader_as(
    profile: FeigProfile,
    answer: impl FnMut(&Command) -> Vec<u8> + Send + 'static,
) -> (FeigReader<Scripted>, Asked) {
    let asked = Arc::default();
    let port = Scripted {
        decoder: Decoder::new(),
        answer: Box::new(answer),
        waiting: VecDeque::new(),
        asked: Arc::clone(&asked),
    };
    (FeigReader::new(port, LINE, profile), asked)
}

fn reader(
    answer: impl FnMut(&Command) -> Vec<u8> + Send + 'static,
) -> (FeigReader<Scripted>, Asked) {
    reader_as(quick(), answer)
}

fn commands(asked: &Asked) -> Vec<Command> {
    let asked = asked.lock().unwrap();
    let all = asked.iter().map(|(command, _)| command.clone());
    all.filter(|command| *command != Command::SoftwareVersion).collect()
}

#[test]
fn identifies() {
    let (mut reader, _) = reader(|_| vec![]);
    let info = reader.identify().unwrap();
    assert_eq!((info.model, info.firmware.as_str()), ("feig", "CPR.M02 01.04"));
}

#[test]
fn status_table() {
    type Is = fn(&ReaderError) -> bool;
    let table: [(u8, &[u8], Is); 21] = [
        (0x01, &[], |e| matches!(e, ReaderError::NoTag)),
        (0x02, &[], |e| matches!(e, ReaderError::NoTag)),
        (0x83, &[], |e| matches!(e, ReaderError::NoTag)),
        (0x03, &[2], |e| matches!(e, ReaderError::NotWritten)),
        (0x04, &[], |e| matches!(e, ReaderError::NoMemory)),
        (0x05, &[], |e| matches!(e, ReaderError::Unsupported { code: 0x05 })),
        (0x80, &[], |e| matches!(e, ReaderError::Unsupported { code: 0x80 })),
        (0x82, &[], |e| matches!(e, ReaderError::Unsupported { code: 0x82 })),
        (0x93, &[], |e| matches!(e, ReaderError::TooMany)),
        (0x08, &[], |e| matches!(e, ReaderError::Refused { code: 0x08 })),
        (0x11, &[], |e| matches!(e, ReaderError::Refused { code: 0x11 })),
        (0x84, &[], |e| matches!(e, ReaderError::Refused { code: 0x84 })),
        (0x96, &[1], |e| matches!(e, ReaderError::Refused { code: 0x96 })),
        (0xF1, &[], |e| matches!(e, ReaderError::Refused { code: 0xF1 })),
        (0x95, &[0x01], |e| matches!(e, ReaderError::Unsupported { code: 0x01 })),
        (0x95, &[0x0F], |e| matches!(e, ReaderError::Refused { code: 0x0F })),
        (0x95, &[0x10], |e| matches!(e, ReaderError::NoMemory)),
        (0x95, &[0x11], |e| matches!(e, ReaderError::Locked)),
        (0x95, &[0x12, 3], |e| matches!(e, ReaderError::Locked)),
        (0x95, &[0x13], |e| matches!(e, ReaderError::NotWritten)),
        (0x95, &[], |e| matches!(e, ReaderError::Refused { code: 0x95 })),
    ];
    for (status, detail, is) in table {
        let (mut reader, asked) = reader(move |command| failed(command, status, detail));
        for error in [
            reader.write_afi(UID, 7).unwrap_err(),
            reader.write_blocks(UID, 0, &[0; 4]).unwrap_err(),
            reader.read_blocks(UID, 0, 1).unwrap_err(),
            reader.afi(UID).unwrap_err(),
            reader.lock(UID, LockTarget::Afi).unwrap_err(),
        ] {
            assert!(is(&error), "{status:02X} {detail:02X?} became {error:?}");
        }
        // One version request to get into step, then each command once: no repeats.
        assert_eq!(asked.lock().unwrap().len(), 6);
    }
}

fn listed(status: Status, records: Vec<Record>) -> Vec<u8> {
    bytes(&Reply::Inventory(Inventory { status, records }))
}

fn tag_record(last: u8) -> Record {
    Record::Iso15693 { dsfid: 6, uid: [0xE0, 4, 1, 0, 0, 0, 0, last] }
}

#[test]
fn all_pages_are_asked_for_and_each_tag_is_listed_once() {
    let mut pages = 0;
    let (mut reader, asked) = reader(move |_| {
        pages += 1;
        let (status, last) = if pages < 3 { (Status::MORE_DATA, pages) } else { (Status::OK, 1) };
        listed(status, vec![tag_record(last), tag_record(9)])
    });
    let seen = reader.inventory().unwrap();
    let last: Vec<u8> = seen.iter().map(|seen| seen.uid.bytes()[7]).collect();
    assert_eq!((last, seen[0].dsfid), (vec![1, 9, 2], Some(6)));
    let first = HostCommand::Inventory { notify: None, presence: false };
    let expected = [first, HostCommand::More, HostCommand::More].map(Command::Host);
    assert_eq!(commands(&asked), expected);
}

#[test]
fn a_reader_that_never_ends_its_list_is_not_followed() {
    let profile = FeigProfile { psst_ms: 0, ..quick() };
    let (mut reader, asked) =
        reader_as(profile, |_| listed(Status::MORE_DATA, vec![tag_record(1)]));
    assert!(matches!(reader.inventory(), Err(ReaderError::TooMany)));
    assert_eq!(commands(&asked).len(), PAGES_MAX);
}

/// A list that ends in an overflow is no list.
#[test]
fn an_overflow_on_a_later_page_is_an_error() {
    let mut first = true;
    let (mut reader, _) = reader(move |command| match std::mem::take(&mut first) {
        true => listed(Status::MORE_DATA, vec![tag_record(1)]),
        false => failed(command, 0x93, &[]),
    });
    assert!(matches!(reader.inventory(), Err(ReaderError::TooMany)));
}

#[test]
fn with_ont_the_field_is_reset_first() {
    let profile = FeigProfile { ont: Ont::On, ..quick() };
    let (mut reader, asked) = reader_as(profile, |command| match command {
        Command::RfReset => bytes(&Reply::Done { code: 0x69 }),
        other => failed(other, 0x01, &[]),
    });
    assert_eq!(reader.inventory().unwrap(), []);
    let inventory = HostCommand::Inventory { notify: None, presence: false };
    assert_eq!(commands(&asked), [Command::RfReset, Command::Host(inventory)]);
}

/// A reader whose ONT, in RAM, is as it was left.
fn with_cfg5(ont: u8, keeps: bool) -> impl FnMut(&Command) -> Vec<u8> {
    let mut block = [0; 14];
    block[11] = 0x04 | ont;
    move |command| match command {
        Command::ReadConfig { address: 5 } => bytes(&Reply::Config(block)),
        Command::WriteConfig { address: 5, data } if !keeps => {
            block = *data;
            bytes(&Reply::Done { code: 0x81 })
        }
        Command::RfReset => bytes(&Reply::Done { code: 0x69 }),
        other => failed(other, if keeps { 0x16 } else { 0x01 }, &[]),
    }
}

#[test]
fn ont_is_cleared_in_ram_once_and_nothing_else_is_changed() {
    let inventory = || Command::Host(HostCommand::Inventory { notify: None, presence: false });
    let read = || Command::ReadConfig { address: 5 };
    let mut wanted = [0; 14];
    wanted[11] = 0x04;
    let write = Command::WriteConfig { address: 5, data: wanted };
    let profile = FeigProfile { ont: Ont::Clear, ..quick() };
    let (mut set, asked) = reader_as(profile, with_cfg5(1, false));
    assert_eq!((set.inventory().unwrap(), set.inventory().unwrap()), (vec![], vec![]));
    // Tags that were quiet already answer only after a reset.
    let reset = Command::RfReset;
    assert_eq!(commands(&asked), [read(), write, reset, inventory(), inventory()]);
    let (mut clear, asked) = reader_as(profile, with_cfg5(0, false));
    clear.inventory().unwrap();
    assert_eq!(commands(&asked), [read(), inventory()]);
}

#[test]
fn a_reader_that_keeps_its_ont_is_reset_for_each_look() {
    let profile = FeigProfile { ont: Ont::Clear, ..quick() };
    let mut answer = with_cfg5(1, true);
    let (mut keeps, asked) = reader_as(profile, move |command| match command {
        Command::Host(_) => failed(command, 0x01, &[]),
        other => answer(other),
    });
    keeps.inventory().unwrap();
    keeps.inventory().unwrap();
    let resets = commands(&asked).iter().filter(|c| **c == Command::RfReset).count();
    assert_eq!(resets, 2);
}

#[test]
fn a_reader_that_restarted_unnoticed_is_set_up_again() {
    let (mut ont, mut quiet, mut looks) = (1, false, 0);
    let profile = FeigProfile { ont: Ont::Clear, ..quick() };
    let (mut reader, asked) = reader_as(profile, move |command| {
        let mut block = [0; 14];
        match command {
            Command::ReadConfig { .. } => {
                block[11] = ont;
                bytes(&Reply::Config(block))
            }
            Command::WriteConfig { data, .. } => {
                ont = data[11] & 1;
                bytes(&Reply::Done { code: 0x81 })
            }
            Command::RfReset => {
                quiet = false;
                bytes(&Reply::Done { code: 0x69 })
            }
            _ if ont == 1 && std::mem::replace(&mut quiet, true) => failed(command, 0x01, &[]),
            _ => {
                looks += 1;
                if looks == 1 {
                    // The power went and came.
                    (ont, quiet) = (1, true);
                }
                listed(Status::OK, vec![tag_record(1)])
            }
        }
    });
    for _ in 0..4 {
        assert_eq!(reader.inventory().unwrap().len(), 1);
    }
    let writes = |c: &&Command| matches!(c, Command::WriteConfig { .. });
    assert_eq!(commands(&asked).iter().filter(writes).count(), 2);
    // One when it is found out, and one each time that it is set.
    assert_eq!(commands(&asked).iter().filter(|c| **c == Command::RfReset).count(), 3);
}

#[test]
fn a_reader_that_does_not_tell_its_ont_works_all_the_same() {
    for answer in [vec![], vec![0x02; 9]] {
        let profile = FeigProfile { ont: Ont::Clear, ..quick() };
        let (mut reader, asked) = reader_as(profile, move |command| match command {
            Command::ReadConfig { .. } => answer.clone(),
            Command::RfReset => bytes(&Reply::Done { code: 0x69 }),
            _ => listed(Status::OK, vec![tag_record(1)]),
        });
        for _ in 0..2 {
            assert_eq!(reader.inventory().unwrap().len(), 1);
        }
        let resets = commands(&asked).iter().filter(|c| **c == Command::RfReset).count();
        assert_eq!(resets, 2, "as though tags answered once");
    }
}

#[test]
fn an_unfinished_inventory_is_begun_again() {
    for (unfinished, whole) in [(2, true), (3, false)] {
        let mut times = 0;
        let (mut reader, asked) = reader(move |_| {
            times += 1;
            let status = if times > unfinished { Status::OK } else { Status::RF_COMMUNICATION };
            listed(status, vec![tag_record(1)])
        });
        match (reader.inventory(), whole) {
            (Ok(seen), true) => assert_eq!(seen.len(), 1),
            (Err(ReaderError::Refused { code: 0x83 }), false) => {}
            (other, _) => panic!("{other:?}"),
        }
        assert_eq!(commands(&asked).len(), 3);
    }
}

#[test]
fn cards_are_told_from_tags() {
    let card = |info, uid: &[u8]| Record::Iso14443A { info, option: 0, uid: uid.to_vec() };
    let (mut reader, _) = reader(move |_| {
        let records = vec![
            card(0, &[0, 0, 0, 0xDE, 0xAD, 0xBE, 0xEF]),
            card(0, &[4, 1, 2, 3, 4, 5, 6]),
            card(4, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
            // Drawn anew each time: not a card to know anybody by.
            card(0, &[0, 0, 0, 8, 1, 2, 3]),
            Record::Iso14443B { protocol: 0, application: [0; 4], pupi: [1; 4] },
            Record::Iso15693 { dsfid: 0, uid: TAG },
        ];
        listed(Status::OK, records)
    });
    let seen = reader.inventory().unwrap();
    let told: Vec<(String, Air)> = seen.iter().map(|s| (s.uid.to_string(), s.air)).collect();
    let card = |uid: &str| (uid.to_owned(), Air::Iso14443);
    let expected = [
        card("DEADBEEF"),
        card("04010203040506"),
        card("0102030405060708090A"),
        ("E00401003123AA26".to_owned(), Air::Iso15693),
    ];
    assert_eq!(told, expected);
    let uid = seen[0].uid;
    assert!(matches!(reader.read_blocks(uid, 0, 1), Err(ReaderError::Unsupported { .. })));
    assert!(matches!(reader.write_afi(uid, 0), Err(ReaderError::Unsupported { .. })));
}

#[test]
fn card_uids_are_turned_where_the_profile_says() {
    let profile = FeigProfile { card_uid_order: ByteOrder::Reversed, ..quick() };
    let (mut reader, _) = reader_as(profile, |_| {
        let card = |uid: [u8; 7]| Record::Iso14443A { info: 0, option: 0, uid: uid.to_vec() };
        listed(Status::OK, vec![card([6, 5, 4, 3, 2, 1, 4]), card([0, 0, 0, 3, 2, 1, 8])])
    });
    let seen: Vec<String> = reader.inventory().unwrap().iter().map(|s| s.uid.to_string()).collect();
    assert_eq!(seen, ["04010203040506"]);
}

fn info(memory: [u8; 2]) -> Reply {
    Reply::SystemInfo(SystemInfo { dsfid: 6, uid: TAG, afi: 7, memory, ic_reference: 1 })
}

#[test]
fn memory_is_counted_as_the_profile_says() {
    for (memory_size, memory) in [(MemorySize::MinusOne, [3, 27]), (MemorySize::Count, [4, 28])] {
        let profile = FeigProfile { memory_size, ..quick() };
        let (mut reader, _) = reader_as(profile, move |_| bytes(&info(memory)));
        let told = reader.memory(UID).unwrap();
        assert_eq!(told, TagMemory { blocks: 28, block_len: 4, ic_reference: Some(1) });
        assert_eq!((reader.afi(UID).unwrap(), reader.dsfid(UID).unwrap()), (7, 6));
    }
    let (mut reader, _) = reader(|_| bytes(&info([3, 27])));
    let other = Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, 1]);
    assert!(matches!(reader.afi(other), Err(ReaderError::Garbled(_))));
}

#[test]
fn long_reads_and_writes_go_in_parts_and_blocks_are_turned() {
    for (block_order, turned) in [(ByteOrder::Reversed, true), (ByteOrder::Straight, false)] {
        let (mut reader, asked) =
            reader_as(FeigProfile { block_order, ..quick() }, move |command| match command {
                Command::Host(HostCommand::ReadBlocks { first, count, .. }) => {
                    let blocks = (*first..first + count).map(|number| {
                        let mut data = vec![number, 1, 2, 3];
                        if turned {
                            data.reverse();
                        }
                        Block { security: 0, data }
                    });
                    bytes(&Reply::Blocks { size: 4, blocks: blocks.collect() })
                }
                other => bytes(&Reply::Done { code: other.code() }),
            });
        let data = reader.read_blocks(UID, 3, 70).unwrap();
        assert_eq!(data, (3..73).flat_map(|n| [n, 1, 2, 3]).collect::<Vec<u8>>());
        reader.write_blocks(UID, 1, &data[..4 * 33]).unwrap();
        let commands = commands(&asked);
        let parts: Vec<_> = commands
            .iter()
            .map(|command| match command {
                Command::Host(HostCommand::ReadBlocks { first, count, .. }) => (*first, *count),
                Command::Host(HostCommand::WriteBlocks { first, size: 4, data, .. }) => {
                    (*first, (data.len() / 4) as u8)
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(parts, [(3, 32), (35, 32), (67, 6), (1, 32), (33, 1)]);
        let Command::Host(HostCommand::WriteBlocks { data, .. }) = &commands[4] else { panic!() };
        assert_eq!(data[..], if turned { [3, 2, 1, 35] } else { [35, 1, 2, 3] });
    }
}

#[test]
fn part_answers_are_refused() {
    let answer = |size: u8, count: usize| {
        let block = Block { security: 0, data: vec![1; usize::from(size)] };
        bytes(&Reply::Blocks { size, blocks: vec![block; count] })
    };
    let (mut short, _) = reader(move |_| answer(4, 1));
    assert!(matches!(short.read_blocks(UID, 0, 2), Err(ReaderError::Garbled(_))));
    let (mut wide, _) = reader(move |_| answer(8, 2));
    assert!(matches!(wide.read_blocks(UID, 0, 2), Err(ReaderError::Garbled(_))));
    let (mut past, asked) = reader(move |_| answer(4, 32));
    assert!(matches!(past.read_blocks(UID, 230, 33), Err(ReaderError::NoMemory)));
    assert!(matches!(past.write_blocks(UID, 250, &[0; 132]), Err(ReaderError::NoMemory)));
    assert!(matches!(past.write_blocks(UID, 0, &[0; 5]), Err(ReaderError::Refused { .. })));
    assert!(commands(&asked).is_empty());
    let (mut locks, _) = reader(|_| bytes(&Reply::Security(vec![0, 1])));
    assert_eq!(locks.locked(UID, 3, 2).unwrap(), [false, true]);
    assert!(matches!(locks.locked(UID, 3, 3), Err(ReaderError::Garbled(_))));
}

#[test]
fn locks_are_the_commands_of_the_table() {
    let (mut reader, asked) = reader(|command| bytes(&Reply::Done { code: command.code() }));
    for what in [LockTarget::Block(5), LockTarget::Afi, LockTarget::Dsfid] {
        reader.lock(UID, what).unwrap();
    }
    let target = Target::Tag(TAG);
    let expected = [
        HostCommand::LockBlocks { target, first: 5, count: 1 },
        HostCommand::LockAfi(target),
        HostCommand::LockDsfid(target),
    ];
    assert_eq!(commands(&asked), expected.map(Command::Host));
}

#[test]
fn eas_is_asked_only_where_the_reader_knows_it() {
    let mut set = false;
    let (mut knows, _) = reader(move |command| {
        let Command::Host(HostCommand::Eas { what, .. }) = command else { panic!("{command:?}") };
        match what {
            Eas::Alarm if !set => return failed(command, 0x01, &[]),
            Eas::Alarm => {}
            other => set = *other == Eas::Set,
        }
        bytes(&Reply::Done { code: 0xB1 })
    });
    for on in [true, false] {
        knows.write_eas(UID, on).unwrap();
        assert_eq!(knows.eas(UID).unwrap(), on);
    }
    let profile = FeigProfile { eas: EasCommands::None, ..quick() };
    let (mut none, asked) = reader_as(profile, |_| panic!("nothing is sent"));
    assert!(matches!(none.eas(UID), Err(ReaderError::Unsupported { .. })));
    assert!(matches!(none.write_eas(UID, true), Err(ReaderError::Unsupported { .. })));
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn answers_to_other_commands_and_of_other_readers_are_passed_over() {
    let profile = FeigProfile { address: 0, ..quick() };
    let (mut reader, _) = reader_as(profile, |_| {
        let mut stream = bytes(&Reply::Done { code: 0x69 });
        stream.extend(info([3, 27]).to_frame(Form::Standard, 5).emit());
        stream.extend(info([7, 15]).to_frame(Form::Advanced, 0).emit());
        stream
    });
    assert_eq!(reader.memory(UID).unwrap().block_len, 8);
}

#[test]
fn only_other_answers_is_silence() {
    let (mut reader, _) = reader(|_| bytes(&Reply::Done { code: 0x69 }));
    let error = reader.afi(UID).unwrap_err();
    let ReaderError::Silent { waited_ms } = error else { panic!("{error:?}") };
    // TR-RESPONSE-TIME and the margin.
    assert!(waited_ms >= 600, "{waited_ms}");
}

#[test]
fn damaged_answers_are_garbled() {
    let good = bytes(&info([3, 27]));
    let mut flipped = good.clone();
    flipped[7] ^= 0x10;
    let cut = good[..9].to_vec();
    for damaged in [flipped, cut, vec![0x55; 16], vec![0x02, 0xFF, 0xFF]] {
        let (mut reader, asked) = reader({
            let (damaged, good) = (damaged.clone(), good.clone());
            let mut first = true;
            move |_| if std::mem::take(&mut first) { damaged.clone() } else { good.clone() }
        });
        let error = reader.afi(UID).unwrap_err();
        assert!(matches!(error, ReaderError::Garbled(_)), "{damaged:02X?}: {error:?}");
        // The next call asks the version first and then works.
        assert_eq!(reader.afi(UID).unwrap(), 7);
        let asked = asked.lock().unwrap();
        let versions = asked.iter().filter(|(c, _)| *c == Command::SoftwareVersion).count();
        assert_eq!((asked.len(), versions), (4, 2));
    }
}

#[test]
fn commands_keep_their_distance_from_answers() {
    let (mut reader, asked) = reader(|_| bytes(&info([3, 27])));
    for _ in 0..5 {
        reader.afi(UID).unwrap();
    }
    let asked = asked.lock().unwrap();
    for pair in asked.windows(2) {
        // The script answers at once, so between commands is between answer and command.
        assert!(pair[1].1 - pair[0].1 >= Duration::from_millis(5));
    }
}

#[test]
#[cfg(feature = "sim")]
fn profiles_are_written_in_words() {
    let text = r#"{"class": "cpr", "frame": "advanced", "address": 1, "block_order": "straight",
        "ont": "off", "psst_ms": 3, "response_time_ms": 2000, "memory_size": "count",
        "card_uid_order": "reversed", "eas": "none"}"#;
    let profile: FeigProfile = serde_json::from_str(text).unwrap();
    assert_eq!((profile.class.tags_max(), profile.frame), (Some(4), Form::Advanced));
    assert_eq!(profile.block_order, ByteOrder::Straight);
    assert_eq!(serde_json::from_str::<FeigProfile>("{}").unwrap(), FeigProfile::default());
    assert!(serde_json::from_str::<FeigProfile>(r#"{"parity": "even"}"#).is_err());
}
