//! The PN5180 driver against the simulated chip: through embedded-hal traits on a virtual clock,
//! and over the socket on the real one.
#![cfg(feature = "sim")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::time::Duration;

use embedded_hal::spi::{Operation, SpiDevice};
use proptest::prelude::*;

use drivers::port::PortSpec;
use drivers::rfid::pn5180::driver::{CODE_GENERAL_ERROR, CODE_TOO_HOT};
use drivers::rfid::pn5180::{Pn5180Reader, Pn5180Setup};
use drivers::rfid::security::{self, Security, SecurityProfile};
use drivers::rfid::setup::{ReaderModel, ReaderSetup};
use drivers::rfid::{Air, LockTarget, ReaderError, Seen, TagReader, Uid};
use drivers::sim::field::{Behaviour, Chip, Field, Position, Pull, Rng, TagState, air};
use drivers::sim::floor;
use drivers::sim::listen::ListenSpec;
use drivers::sim::pn5180::ChipFault;
use drivers::sim::pn5180::bench::{self, Bench};
use drivers::sim::reader::{Fault, Model, ReaderSim, ReaderSimConfig, TagFault};
use drivers::sim::tags::PlacedTag;

type Reader = Pn5180Reader<bench::Spi, bench::Busy, bench::Reset, bench::Delay>;

const SPI_HZ: u32 = 7_000_000;

/// Tags of one reel: the low digits count.
fn reel(n: u64) -> Uid {
    Uid::iso15693((0xE004_0100_3123_0000 | n).to_be_bytes())
}

fn random(rng: &mut Rng) -> Uid {
    Uid::iso15693((0xE004_0100_0000_0000 | rng.next_u64() >> 24).to_be_bytes())
}

fn content(uid: Uid) -> Vec<u8> {
    (0..32).map(|i| uid.bytes().iter().fold(i, |sum, b| sum ^ b.rotate_left(1))).collect()
}

fn tag(id: &str, uid: Uid, chip: Chip) -> TagState {
    let mut tag = TagState::new(id, uid, chip).with_content(&content(uid));
    if chip.has_registers() {
        (tag.afi, tag.dsfid, tag.eas) = (0x07, 0x06, chip.has_eas());
    }
    tag
}

fn book(n: u64) -> TagState {
    tag(&format!("t{n}"), reel(n), Chip::IcodeSlix)
}

fn rig_with(tags: Vec<TagState>, setup: Pn5180Setup) -> (Bench, Reader) {
    let mut field = Field::new(7, air::WRITE_MAX);
    for tag in tags {
        let id = tag.id.clone();
        assert!(field.add(tag) && field.lay(&id));
    }
    let bench = Bench::new(field, 7, SPI_HZ);
    let (spi, busy, reset, delay) = bench.pins();
    (bench, Pn5180Reader::new(spi, busy, reset, delay, setup))
}

fn rig(tags: Vec<TagState>) -> (Bench, Reader) {
    rig_with(tags, Pn5180Setup::default())
}

fn state(bench: &Bench, id: &str) -> TagState {
    bench.lock().field.tag(id).unwrap().clone()
}

fn change(bench: &Bench, id: &str, act: impl FnOnce(&mut TagState)) {
    act(bench.lock().field.tag_mut(id).unwrap());
}

fn fault(bench: &Bench, fault: ChipFault) {
    bench.lock().chip.put_fault(fault);
}

fn uids(seen: &[Seen]) -> Vec<Uid> {
    let mut uids: Vec<Uid> = seen.iter().map(|s| s.uid).collect();
    uids.sort();
    uids
}

fn piles() -> Vec<(&'static str, Vec<Uid>)> {
    let mut rng = Rng::new(42);
    let mut piles = Vec::new();
    for count in [1, 5, 10, 20] {
        piles.push(("reel", (0..count).map(reel).collect::<Vec<_>>()));
        piles.push(("random", (0..count).map(|_| random(&mut rng)).collect()));
    }
    piles
}

/// Time from field on until all are listed and 8 blocks of each are read, and the tags' floor.
fn time_to_know(pile: &[Uid]) -> (Duration, floor::Floor) {
    let tags = pile.iter().enumerate();
    let (bench, mut reader) =
        rig(tags.map(|(i, uid)| tag(&format!("t{i}"), *uid, Chip::IcodeSlix)).collect());
    reader.start().unwrap();
    // Field on is behind us by the time tags need to wake; count that too.
    let before = bench.now() - Duration::from_millis(1);
    let seen = reader.inventory().unwrap();
    for seen in &seen {
        assert_eq!(reader.read_blocks(seen.uid, 0, 8).unwrap(), content(seen.uid));
    }
    let mut expected = pile.to_vec();
    expected.sort();
    assert_eq!(uids(&seen), expected);
    (bench.now() - before, floor::air(pile, 8))
}

/// readers.md section 8: never faster than physics, and hardly slower.
#[test]
fn piles_are_known_in_hardly_more_than_their_time_on_the_air() {
    for (kind, pile) in piles() {
        let (took, floor) = time_to_know(&pile);
        let ratio = floor.ratio(took);
        println!(
            "{kind} {} tags: {took:?}, floor {:?}, ratio {ratio:.3}",
            pile.len(),
            floor.total()
        );
        assert!(took >= floor.total(), "{kind} {}", pile.len());
        // What starting costs weighs more on few tags.
        let limit = if pile.len() < 10 { 1.15 } else { 1.10 };
        assert!(ratio <= limit, "{kind} {}: {ratio}", pile.len());
    }
}

#[test]
fn an_inventory_without_collision_costs_one_round_and_no_field_cycle() {
    let (bench, mut reader) = rig((0..8).map(book).collect());
    reader.inventory().unwrap();
    let sends = bench.lock().chip.sends();
    let logged = bench.lock().log.len();
    assert_eq!(reader.inventory().unwrap().len(), 8);
    assert_eq!(bench.lock().chip.sends() - sends, 16);
    let log = bench.lock().log[logged..].to_vec();
    assert!(log.iter().all(|frame| !matches!(frame.mosi[0], 0x11 | 0x16 | 0x17)));
    // Four frames a slot, two more where a tag is read.
    assert!(log.len() <= 16 * 5 + 8 * 4, "{}", log.len());
}

/// MOSI bytes of readers.md section 4.4, and the real answer [K].
#[test]
fn golden_bytes() {
    let uid: Uid = "E0040150B59414C4".parse().unwrap();
    let (bench, mut reader) = rig(vec![TagState::new("k", uid, Chip::IcodeSlix)]);
    assert_eq!(uids(&reader.inventory().unwrap()), [uid]);
    assert_eq!(reader.identify().unwrap().firmware, "4.0");
    let log = bench.lock().log.clone();
    let said = |mosi: &[u8]| log.iter().any(|frame| frame.mosi == mosi);
    for mosi in [
        &[0x11, 0x0D, 0x8D][..],
        &[0x16, 0x00],
        &[0x09, 0x00, 0x06, 0x01, 0x00],
        &[0x09, 0x00],
        &[0x05, 0x02, 0x13, 0x1D],
        &[0x0A, 0x00],
        &[0x07, 0x10, 0x06],
    ] {
        assert!(said(mosi), "{mosi:02X?}");
    }
    let real = [0x00, 0x00, 0xC4, 0x14, 0x94, 0xB5, 0x50, 0x01, 0x04, 0xE0];
    assert!(log.iter().any(|frame| frame.miso == real));
    // IRQ 00004007 and 10 bytes, as in the log.
    assert!(log.iter().any(|frame| frame.miso.starts_with(&[7, 0x40, 0, 0, 0x0A, 0, 0, 0])));
}

#[test]
fn deep_collisions_are_told_apart_and_equal_uids_end() {
    // They differ only in the highest nibbles that may differ.
    let deep = |n: u64| Uid::iso15693((0xE004_0100_0000_1234 | n << 32).to_be_bytes());
    let tags = (0..4).map(|n| tag(&format!("d{n}"), deep(n), Chip::IcodeSlix)).collect();
    let (_, mut reader) = rig(tags);
    assert_eq!(reader.inventory().unwrap().len(), 4);
    let twins =
        vec![tag("a", reel(1), Chip::IcodeSlix), tag("b", reel(1), Chip::IcodeSlix), book(2)];
    let (bench, mut reader) = rig(twins);
    assert_eq!(uids(&reader.inventory().unwrap()), [reel(2)]);
    assert!(bench.lock().chip.sends() <= 16 * 17);
}

#[test]
fn garbage_never_becomes_a_uid() {
    let mut rng = Rng::new(5);
    for draw in 0..40 {
        let pile: Vec<Uid> = (0..20).map(|_| random(&mut rng)).collect();
        let tags = pile.iter().enumerate();
        let tags = tags.map(|(i, uid)| {
            let mut tag = tag(&format!("t{i}"), *uid, Chip::IcodeSlix);
            tag.behaviour.bad_crc = i as u32 % 3;
            tag
        });
        let (_, mut reader) = rig(tags.collect());
        let seen = reader.inventory().unwrap();
        assert!(seen.iter().all(|s| pile.contains(&s.uid)), "draw {draw}");
        assert_eq!(seen.len(), 20, "a damaged answer is asked for again, draw {draw}");
    }
}

#[test]
fn everything_a_tag_can_do() {
    let (bench, mut reader) = rig(vec![book(1), tag("sli2", reel(2), Chip::IcodeSlix2)]);
    let uid = reel(1);
    assert_eq!((reader.afi(uid).unwrap(), reader.dsfid(uid).unwrap()), (0x07, 0x06));
    let memory = reader.memory(uid).unwrap();
    assert_eq!((memory.blocks, memory.block_len), (28, 4));
    assert_eq!(reader.memory(reel(2)).unwrap().blocks, 80);
    let data: Vec<u8> = (100..148).collect();
    reader.write_blocks(uid, 3, &data).unwrap();
    assert_eq!(reader.read_blocks(uid, 3, 12).unwrap(), data);
    assert_eq!(reader.read_blocks(reel(2), 0, 79).unwrap().len(), 4 * 79);
    assert!(reader.read_blocks(uid, 0, 0).unwrap().is_empty());
    reader.write_dsfid(uid, 0x3E).unwrap();
    assert_eq!(state(&bench, "t1").dsfid, 0x3E);
    let profile = SecurityProfile::default();
    for (want, afi, eas) in [(Security::Released, 0xC2, false), (Security::Secured, 0x07, true)] {
        security::apply(&mut reader, uid, &profile, want).unwrap();
        let now = state(&bench, "t1");
        assert_eq!((now.afi, now.eas), (afi, eas));
        assert!(security::verify(&mut reader, uid, &profile, want).unwrap());
    }
    reader.lock(uid, LockTarget::Block(2)).unwrap();
    assert_eq!(reader.locked(uid, 1, 3).unwrap(), [false, true, false]);
    reader.lock(uid, LockTarget::Afi).unwrap();
    assert!(matches!(reader.write_afi(uid, 1), Err(ReaderError::Locked)));
    assert!(matches!(reader.lock(uid, LockTarget::Afi), Err(ReaderError::Locked)));
    assert!(matches!(reader.write_blocks(uid, 2, &[0; 4]), Err(ReaderError::Locked)));
    assert!(matches!(reader.read_blocks(uid, 27, 2), Err(ReaderError::NoMemory)));
    assert!(matches!(reader.read_blocks(uid, 250, 20), Err(ReaderError::NoMemory)));
    assert!(matches!(reader.afi(reel(9)), Err(ReaderError::NoTag)));
    let eas_alone = SecurityProfile { afi_secured: None, afi_released: None, eas: true };
    for want in [Security::Released, Security::Secured] {
        let absent = security::verify(&mut reader, reel(9), &eas_alone, want);
        assert!(matches!(absent, Err(ReaderError::NoTag)), "absent is not off");
    }
}

#[test]
fn tag_it_writes_with_its_own_eof_and_reads_block_by_block() {
    let ti = |n: u8| Uid::iso15693([0xE0, 0x07, 0, 0, 0, 0, 0, n]);
    let tags = vec![tag("plus", ti(1), Chip::TagItPlus), tag("old", ti(2), Chip::TagItStandard)];
    let (bench, mut reader) = rig(tags);
    for (n, id) in [(1, "plus"), (2, "old")] {
        reader.write_blocks(ti(n), 1, &[1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
        assert_eq!(state(&bench, id).blocks[1..3], [[1, 2, 3, 4], [5, 6, 7, 8]]);
        assert!(matches!(reader.eas(ti(n)), Err(ReaderError::Unsupported { .. })));
    }
    reader.write_afi(ti(1), 0xC2).unwrap();
    assert!(matches!(reader.afi(ti(2)), Err(ReaderError::Unsupported { .. })));
    assert_eq!(reader.read_blocks(ti(2), 1, 2).unwrap(), [1, 2, 3, 4, 5, 6, 7, 8]);
    // That it has no read multiple is remembered: two requests for two blocks.
    let sends = bench.lock().chip.sends();
    reader.read_blocks(ti(2), 1, 2).unwrap();
    assert_eq!(bench.lock().chip.sends() - sends, 2);
    assert_eq!(reader.locked(ti(2), 0, 2).unwrap(), [false, false]);
}

#[test]
fn cards_lie_beside_books() {
    let card = |id: &str, uid: &[u8], chip| TagState::new(id, Uid::new(uid).unwrap(), chip);
    let mut tags: Vec<TagState> = (0..3).map(book).collect();
    tags.push(card("hotel", &[0xDE, 0xAD, 0xBE, 0xEF], Chip::MifareClassic));
    tags.push(card("other", &[0xDA, 0xAD, 0x01, 0x02], Chip::MifareClassic));
    tags.push(card("patron", &[4, 1, 2, 3, 4, 5, 6], Chip::MifareDesfire));
    tags.push(card("phone", &[8, 1, 2, 3], Chip::MifareDesfire));
    let setup = Pn5180Setup { cards_every: 3, ..Pn5180Setup::default() };
    let (bench, mut reader) = rig_with(tags.clone(), setup);
    for round in 0..7 {
        let seen = reader.inventory().unwrap();
        let cards: Vec<Seen> = seen.into_iter().filter(|s| s.air == Air::Iso14443).collect();
        let expected = ["04010203040506", "DAAD0102", "DEADBEEF"];
        let told: Vec<String> = uids(&cards).iter().map(Uid::to_string).collect();
        assert_eq!(told, expected, "round {round}");
        assert_eq!(reader.random_cards(), 1);
    }
    // Lifted, they are gone with the next look; books stay.
    for id in ["hotel", "other", "patron", "phone"] {
        bench.lock().field.lift(id);
    }
    for _ in 0..3 {
        reader.inventory().unwrap();
    }
    assert_eq!(uids(&reader.inventory().unwrap()), [reel(0), reel(1), reel(2)]);
    assert_eq!(reader.random_cards(), 0);
    let card = Uid::new(&[0xDE, 0xAD, 0xBE, 0xEF]).unwrap();
    assert!(matches!(reader.afi(card), Err(ReaderError::Unsupported { .. })));
    // Without looking, no card is seen.
    let (_, mut reader) = rig(tags);
    assert_eq!(reader.inventory().unwrap().len(), 3);
}

#[test]
fn tags_at_the_edge_silent_and_touching() {
    let mut edge = book(1);
    edge.position = Position::Edge { answers_percent: 50 };
    let mut silent = book(2);
    silent.position = Position::Silent;
    let mut pair = [book(3), book(4)];
    pair.iter_mut().for_each(|tag| tag.position = Position::Touching { pair: 1 });
    let [one, other] = pair;
    let (bench, mut reader) = rig(vec![edge, silent, one, other, book(5)]);
    let mut times = [0; 6];
    for _ in 0..30 {
        for seen in reader.inventory().unwrap() {
            times[usize::from(seen.uid.bytes()[7])] += 1;
        }
    }
    assert_eq!((times[2], times[3], times[4], times[5]), (0, 0, 0, 30));
    assert!((1..30).contains(&times[1]), "{times:?}");
    bench.lock().field.lift("t4");
    assert!(uids(&reader.inventory().unwrap()).contains(&reel(3)));
}

#[test]
fn tags_pulled_late_forgetful_or_damaged() {
    let (bench, mut reader) = rig(vec![book(1)]);
    let behave = |with: Behaviour| change(&bench, "t1", |tag| tag.behaviour = with);
    let usual = Behaviour::default();
    // Two reads damaged, the third good; then more than is tried.
    behave(Behaviour { bad_crc: 2, ..usual });
    assert_eq!(reader.read_blocks(reel(1), 0, 8).unwrap(), content(reel(1)));
    behave(Behaviour { bad_crc: 3, ..usual });
    assert!(matches!(reader.read_blocks(reel(1), 0, 8), Err(ReaderError::Garbled(_))));
    // A damaged answer to a write is not repeated.
    behave(Behaviour { bad_crc: 1, ..usual });
    let sends = bench.lock().chip.sends();
    assert!(matches!(reader.write_afi(reel(1), 0xC2), Err(ReaderError::Garbled(_))));
    assert_eq!(bench.lock().chip.sends() - sends, 1);
    assert_eq!(reader.afi(reel(1)).unwrap(), 0xC2);
    behave(Behaviour { late_answers: 1, ..usual });
    assert!(matches!(reader.write_afi(reel(1), 0x07), Err(ReaderError::NoTag)));
    assert_eq!(reader.afi(reel(1)).unwrap(), 0x07);
    behave(Behaviour { forgets: 1, ..usual });
    reader.write_afi(reel(1), 0xC2).unwrap();
    assert_eq!(reader.afi(reel(1)).unwrap(), 0x07);
    behave(Behaviour { afi_fails: 1, ..usual });
    assert!(matches!(reader.write_afi(reel(1), 0xC2), Err(ReaderError::NoTag)));
    reader.write_afi(reel(1), 0xC2).unwrap();
    behave(Behaviour { pull: Some(Pull::AfterBlocks(2)), ..usual });
    assert!(matches!(reader.write_blocks(reel(1), 0, &[0xEE; 16]), Err(ReaderError::NoTag)));
    let blocks = state(&bench, "t1").blocks;
    assert_eq!((blocks[1], blocks[2][..] == content(reel(1))[8..12]), ([0xEE; 4], true));
    bench.lock().field.lay("t1");
    behave(Behaviour { pull: Some(Pull::AfterInventory), ..usual });
    assert_eq!(reader.inventory().unwrap().len(), 1);
    assert!(matches!(reader.read_blocks(reel(1), 0, 8), Err(ReaderError::NoTag)));
    assert_eq!(reader.inventory().unwrap(), []);
}

#[test]
fn the_chip_comes_back_by_itself() {
    for after in [0, 1, 7, 20] {
        for what in [ChipFault::BusyStuck { after }, ChipFault::Reset { after }] {
            let (bench, mut reader) = rig((0..10).map(book).collect());
            reader.start().unwrap();
            fault(&bench, what);
            assert_eq!(reader.inventory().unwrap().len(), 10, "{what:?}");
            assert_eq!(reader.read_blocks(reel(3), 0, 8).unwrap(), content(reel(3)), "{what:?}");
            assert_eq!(reader.inventory().unwrap().len(), 10, "{what:?}");
        }
    }
    for times in 1..3 {
        let (bench, mut reader) = rig(vec![book(1)]);
        reader.start().unwrap();
        fault(&bench, ChipFault::GeneralError { times });
        assert_eq!(reader.inventory().unwrap().len(), 1, "{times}");
    }
}

#[test]
fn after_busy_the_chip_is_reset_and_configured_anew() {
    let (bench, mut reader) = rig(vec![book(1)]);
    reader.start().unwrap();
    fault(&bench, ChipFault::BusyStuck { after: 0 });
    let logged = bench.lock().log.len();
    reader.read_blocks(reel(1), 0, 8).unwrap();
    let log = bench.lock().log[logged..].to_vec();
    assert!(log.iter().any(|frame| frame.mosi == [0x11, 0x0D, 0x8D]));
}

#[test]
fn a_write_is_not_repeated_when_the_chip_fails() {
    let (bench, mut reader) = rig(vec![book(1)]);
    reader.start().unwrap();
    fault(&bench, ChipFault::BusyStuck { after: 0 });
    let error = reader.write_afi(reel(1), 0xC2).unwrap_err();
    assert!(matches!(error, ReaderError::Silent { waited_ms: 100.. }), "{error:?}");
    assert_eq!(reader.afi(reel(1)).unwrap(), 0xC2, "it was sent; only the answer is lost");
    reader.write_afi(reel(1), 0x07).unwrap();
}

#[test]
fn faults_that_stay_are_told_and_end() {
    let (bench, mut reader) = rig(vec![book(1)]);
    reader.start().unwrap();
    fault(&bench, ChipFault::Hot { after: 3 });
    let error = reader.inventory().unwrap_err();
    assert!(matches!(error, ReaderError::Refused { code: CODE_TOO_HOT }), "{error:?}");
    bench.lock().chip.clear_faults();
    assert_eq!(reader.inventory().unwrap().len(), 1);
    fault(&bench, ChipFault::GeneralError { times: 100 });
    let error = reader.inventory().unwrap_err();
    assert!(matches!(error, ReaderError::Refused { code: CODE_GENERAL_ERROR }), "{error:?}");
    bench.lock().chip.clear_faults();
    fault(&bench, ChipFault::Deaf);
    let error = reader.identify().unwrap_err();
    assert!(matches!(error, ReaderError::Silent { .. }), "{error:?}");
    bench.lock().chip.clear_faults();
    assert_eq!(reader.inventory().unwrap().len(), 1);
}

/// MISO that says the same bytes again and again.
struct Noise {
    bytes: Vec<u8>,
    at: usize,
}

impl embedded_hal::spi::ErrorType for Noise {
    type Error = std::convert::Infallible;
}

impl SpiDevice for Noise {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Self::Error> {
        for operation in operations {
            if let Operation::Read(buf) | Operation::TransferInPlace(buf) = operation {
                for byte in buf.iter_mut() {
                    self.at = (self.at + 1) % self.bytes.len();
                    *byte = self.bytes[self.at];
                }
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn noise_on_miso_ends_and_is_no_tag(bytes in proptest::collection::vec(any::<u8>(), 1..40)) {
        let (_, busy, reset, delay) = Bench::new(Field::new(1, air::WRITE_MAX), 1, SPI_HZ).pins();
        let setup = Pn5180Setup { cards_every: 1, ..Pn5180Setup::default() };
        let mut reader = Pn5180Reader::new(Noise { bytes, at: 0 }, busy, reset, delay, setup);
        let _ = reader.identify();
        if let Ok(seen) = reader.inventory() {
            let books = seen.iter().filter_map(|s| s.uid.as_iso15693());
            prop_assert!(books.into_iter().all(|uid| uid[0] == 0xE0));
        }
        if let Ok(data) = reader.read_blocks(reel(1), 0, 8) {
            prop_assert_eq!(data.len(), 32);
        }
        let _ = reader.eas(reel(1));
        let _ = reader.write_afi(reel(1), 7);
    }
}

// Over the socket.

fn socket_rig(tags: Vec<TagState>) -> (ReaderSim, Box<dyn TagReader>) {
    let listen = ListenSpec::Tcp("127.0.0.1:0".into());
    let config = ReaderSimConfig::new(Model::Pn5180, listen);
    let tags = tags.into_iter().map(|tag| PlacedTag { tag, on_pad: true }).collect();
    let sim = ReaderSim::start(&config, tags).unwrap();
    let reader = open(&sim.port_spec());
    (sim, reader)
}

fn open(spec: &PortSpec) -> Box<dyn TagReader> {
    ReaderSetup::default().open(ReaderModel::Pn5180, spec, None).unwrap()
}

#[test]
fn a_pile_over_the_socket() {
    let (sim, mut reader) = socket_rig((0..20).map(book).collect());
    assert_eq!(reader.identify().unwrap().firmware, "4.0");
    let seen = reader.inventory().unwrap();
    assert_eq!(uids(&seen), (0..20).map(reel).collect::<Vec<_>>());
    for seen in seen.iter().take(3) {
        assert_eq!(reader.read_blocks(seen.uid, 0, 8).unwrap(), content(seen.uid));
    }
    reader.write_afi(reel(1), 0xC2).unwrap();
    assert_eq!(sim.tag("t1").unwrap().afi, 0xC2);
    sim.lift(&["t1", "t2"]).unwrap();
    assert!(matches!(reader.afi(reel(1)), Err(ReaderError::NoTag)));
    assert_eq!(reader.inventory().unwrap().len(), 18);
    assert!(sim.commands_seen() > 32);
}

#[test]
fn faults_over_the_socket() {
    let (sim, mut reader) = socket_rig(vec![book(1)]);
    reader.identify().unwrap();
    let tell = |text: &str| sim.set_fault(text.parse().unwrap()).unwrap();
    tell("chip busy_stuck 3");
    assert_eq!(reader.inventory().unwrap().len(), 1);
    tell("chip reset 3");
    assert_eq!(reader.inventory().unwrap().len(), 1);
    sim.set_fault(Fault::Tag { tag: "t1".into(), how: TagFault::Forgets, times: 1 }).unwrap();
    reader.write_afi(reel(1), 0xC2).unwrap();
    assert_eq!(reader.afi(reel(1)).unwrap(), 0x07);
    tell("deaf");
    assert!(matches!(reader.inventory(), Err(ReaderError::Silent { .. })));
    sim.clear_faults().unwrap();
    assert_eq!(reader.inventory().unwrap().len(), 1);
    tell("unplugged");
    assert!(reader.inventory().unwrap_err().is_gone());
    sim.clear_faults().unwrap();
    assert_eq!(open(&sim.port_spec()).inventory().unwrap().len(), 1);
}

#[test]
fn ports_that_a_chip_does_not_have() {
    for text in ["serial:/dev/ttyUSB0", "i2c:1", "tcp:127.0.0.1:1"] {
        let spec: PortSpec = text.parse().unwrap();
        let error = ReaderSetup::default().open(ReaderModel::Pn5180, &spec, None).err().unwrap();
        assert!(error.to_string().contains(text), "{error}");
    }
}
