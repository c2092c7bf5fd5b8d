mod torn;

use super::testing::{MemReader, UID, book, decode, image, item};
use super::*;
use crate::rfid::tagdata::{self, DSFID_PART2, ElementId, ImageOptions, Model};

fn run(reader: &mut MemReader, image: &TagImage, change: impl FnOnce(&mut Request<'_>)) -> Report {
    let profile = SecurityProfile::default();
    let mut request = Request::new(UID, image, &profile);
    change(&mut request);
    program(reader, &request)
}

fn results(report: &Report) -> Vec<(What, StepResult)> {
    report.steps.iter().map(|step| (step.what, step.result)).collect()
}

#[test]
fn a_blank_tag_becomes_a_secured_book_and_stays_so() {
    let mut reader = MemReader::new(vec![0; 112], 0);
    let book = book("32105000123456");
    let report = run(&mut reader, &book, |_| {});
    assert_eq!(report.outcome, Outcome::Written);
    let done = StepResult::Done;
    // No mark: block 0 of a blank tag is one.
    assert_eq!(
        results(&report),
        [
            (What::Data, done),
            (What::Dsfid, done),
            (What::Identifier, done),
            (What::Afi, done),
            (What::Eas, done)
        ]
    );
    assert_eq!((reader.dsfid, reader.afi, reader.eas), (Some(6), Some(0x07), Some(true)));
    assert_eq!(reader.memory, book.memory);
    let writes = reader.writes;
    let again = run(&mut reader, &book, |_| {});
    assert_eq!((again.outcome, reader.writes), (Outcome::Unchanged, writes));
}

#[test]
fn the_same_item_is_written_only_where_it_differs_and_stale_bytes_go() {
    let long = item(Model::Iso28560Part2, "32105000123456", "CN-320583-C-KSL", 0, "I247.57/123456");
    let mut reader = MemReader::new(image(&long, 256).memory, DSFID_PART2);
    let short = book("32105000123456");
    let report = run(&mut reader, &short, |_| {});
    assert_eq!(report.outcome, Outcome::Written);
    assert!(reader.memory.starts_with(&short.memory));
    assert!(reader.memory[112..].iter().all(|&b| b == 0));
    let same: Vec<u8> = (1..112 / 4)
        .filter(|&n| {
            let at = usize::from(n) * 4;
            image(&long, 256).memory[at..at + 4] == short.memory[at..at + 4]
        })
        .collect();
    assert!(!same.is_empty() && same.iter().all(|n| !reader.blocks_written.contains(n)));
}

#[test]
fn another_items_tag_is_refused_by_name_and_taken_when_chosen() {
    let old = book("32105000999999");
    let mut reader = MemReader::new(old.memory.clone(), DSFID_PART2);
    let new = book("32105000123456");
    let report = run(&mut reader, &new, |_| {});
    assert_eq!(report.outcome, Outcome::Refused(Refusal::OtherItem));
    assert_eq!((reader.writes, &reader.memory), (0, &old.memory));
    let Some(Found { content: Content::Occupied(there), .. }) = &report.found else {
        panic!("{report:?}")
    };
    assert_eq!(there.identifier(), Some("32105000999999"));
    assert!(!format!("{report:?}").contains("999999"), "Debug is masked");
    let report = run(&mut reader, &new, |request| request.overwrite = Overwrite::Anything);
    assert!(report.is_as_asked());
    assert_eq!(decode(&reader.memory, reader.dsfid).unwrap().identifier(), Some("32105000123456"));
}

#[test]
fn a_patrons_card_is_refused_without_its_number() {
    let mut card = item(Model::Iso28560Part2, "P0012345", "", 0, "");
    card.elements.retain(|element| element.id != ElementId::TypeOfUsage);
    card.elements.push(tagdata::Element {
        id: ElementId::TypeOfUsage,
        value: tagdata::Value::Usage(tagdata::TypeOfUsage(0x81)),
    });
    let mut reader = MemReader::new(image(&card, 112).memory, DSFID_PART2);
    // The same number on a book is not the same thing.
    let report = run(&mut reader, &book("P0012345"), |_| {});
    assert_eq!(report.outcome, Outcome::Refused(Refusal::OtherItem));
    assert!(!format!("{report:?}").contains("0012345"));
    let Some(Found { content: Content::Occupied(there), .. }) = report.found else { panic!() };
    assert!(there.card && there.identifier().is_none());
}

#[test]
fn locked_blocks_that_would_change_are_refused_before_anything_is_written() {
    let mut reader = MemReader::new(book("32105000999999").memory, DSFID_PART2);
    reader.locked = [1, 27].into();
    let report = run(&mut reader, &book("32105000123456"), |r| r.overwrite = Overwrite::Anything);
    assert_eq!(report.outcome, Outcome::Refused(Refusal::Locked { blocks: vec![1] }));
    assert_eq!(reader.writes, 0);
}

#[test]
fn a_lock_the_reader_did_not_tell_is_met_and_everything_put_back() {
    let old = book("32105000999999");
    let mut reader = MemReader::new(old.memory.clone(), DSFID_PART2);
    (reader.locked, reader.tells_locks) = ([3].into(), false);
    let new = image(&item(Model::Iso28560Part3, "ABCDEFGH12345", "DE-705", 0, "SHELF"), 112);
    let report = run(&mut reader, &new, |r| r.overwrite = Overwrite::Anything);
    let Outcome::Failed(failure) = &report.outcome else { panic!("{report:?}") };
    assert_eq!((failure.error, failure.left), ("locked", Left::Before));
    assert_eq!((&reader.memory, reader.dsfid), (&old.memory, Some(DSFID_PART2)));
    assert_eq!(report.steps.last().unwrap().what, What::Restore);
}

#[test]
fn behind_a_locked_identifier_the_rest_is_written() {
    let old = item(Model::Iso28560Part2, "123456789012", "US-InU-Mu", 0, "QA268.L55");
    let new = item(Model::Iso28560Part2, "123456789012", "US-InU-Mu", 0, "QA300.A1");
    let options =
        ImageOptions { lock: vec![ElementId::PrimaryItemIdentifier], ..ImageOptions::new(112) };
    let (old, new) =
        (tagdata::encode(&old, &options).unwrap(), tagdata::encode(&new, &options).unwrap());
    let mut reader = MemReader::new(old.memory.clone(), DSFID_PART2);
    reader.locked = [0, 1].into();
    assert!(run(&mut reader, &new, |_| {}).is_as_asked());
    assert_eq!(reader.memory, new.memory);
}

#[test]
fn locking_is_last_and_said_to_be_for_ever() {
    let data = item(Model::Iso28560Part2, "123456789012", "US-InU-Mu", 0, "QA268.L55");
    let options =
        ImageOptions { lock: vec![ElementId::PrimaryItemIdentifier], ..ImageOptions::new(112) };
    let image = tagdata::encode(&data, &options).unwrap();
    let mut reader = MemReader::new(vec![0; 112], 0);
    assert!(run(&mut reader, &image, |_| {}).is_as_asked());
    assert!(reader.locked.is_empty(), "not asked");
    let report = run(&mut reader, &image, |r| r.lock = LockChoice::ForEver);
    assert_eq!(report.outcome, Outcome::Written);
    let last = report.steps.last().unwrap();
    assert_eq!((last.what, last.irreversible), (What::Lock, true));
    assert_eq!(reader.locked.iter().copied().collect::<Vec<_>>(), last.confirmed);
    assert_eq!(reader.locked, [0, 1].into());
    let again = run(&mut reader, &image, |r| r.lock = LockChoice::ForEver);
    assert_eq!(again.outcome, Outcome::Unchanged);
}

#[test]
fn a_chip_without_afi_says_so() {
    let mut reader = MemReader::new(vec![0; 32], 0);
    (reader.dsfid, reader.afi, reader.eas) = (None, None, None);
    let small = image(&item(Model::Iso28560Part2, "32105000123456", "", 0, ""), 32);
    let report = run(&mut reader, &small, |_| {});
    assert_eq!(report.outcome, Outcome::Refused(Refusal::NoAfi));
    assert_eq!(reader.writes, 0);
    let report = run(&mut reader, &small, |request| request.security = None);
    assert_eq!(report.outcome, Outcome::Written);
    assert!(results(&report).contains(&(What::Dsfid, StepResult::NotThere)));
    assert_eq!(decode(&reader.memory, None).unwrap().identifier(), Some("32105000123456"));
    // Data that only a DSFID tells from another model is not left to guessing.
    let long = book("32105000123456");
    let report = run(&mut reader, &long, |request| request.security = None);
    assert!(matches!(report.outcome, Outcome::Refused(Refusal::TooSmall { there: 8, .. })));
}

#[test]
fn data_for_another_kind_of_tag_is_refused() {
    let hf = book("32105000123456");
    let uhf = TagImage {
        uii: Some(crate::rfid::Uii { pc: 0x1107, bytes: vec![0x14, 0x1C, 0xC0, 0x4F] }),
        ..hf.clone()
    };
    let profile = SecurityProfile::default();
    let mut reader = MemReader::new(vec![0; 112], 0);
    for (uid, image) in [
        (UID, &uhf),
        ("E28011302000212333BE04F6".parse().unwrap(), &hf),
        ("04A1B2C3D4E5F6".parse().unwrap(), &hf),
    ] {
        let report = program(&mut reader, &Request::new(uid, image, &profile));
        assert_eq!(report.outcome, Outcome::Refused(Refusal::OtherKindOfTag), "{uid}");
    }
    assert_eq!(reader.writes, 0);
}

#[test]
fn the_counter_of_a_slix2_is_never_written() {
    let slix2 = Uid::iso15693([0xE0, 0x04, 0x01, 0x08, 0x31, 0x23, 0xAA, 0x26]);
    let mut reader = MemReader::new(vec![0xAA; 320], 0);
    let mut image = image(&item(Model::Iso28560Part2, "32105000123456", "", 0, ""), 320);
    let profile = SecurityProfile::default();
    assert!(program(&mut reader, &Request::new(slix2, &image, &profile)).is_as_asked());
    assert_eq!(reader.memory[316..], [0xAA; 4]);
    assert!(!reader.blocks_written.contains(&79) && reader.blocks_written.contains(&78));
    image.memory[318] = 1;
    let report = program(&mut reader, &Request::new(slix2, &image, &profile));
    assert_eq!(report.outcome, Outcome::Refused(Refusal::ReservedBlock { block: 79 }));
}

#[test]
fn writes_that_do_not_hold_are_repeated_within_bounds() {
    let new = book("32105000123456");
    for forgotten in 0..26 {
        let mut reader = MemReader::new(book("32105000999999").memory, DSFID_PART2);
        reader.forgets = [forgotten].into();
        let report = run(&mut reader, &new, |r| r.overwrite = Overwrite::Anything);
        assert!(report.is_as_asked(), "{forgotten}: {report:?}");
        assert_eq!(reader.memory, new.memory);
    }
    let mut reader = MemReader::new(vec![0; 112], 0);
    reader.forgets = (0..1000).collect();
    let report = run(&mut reader, &new, |_| {});
    let Outcome::Failed(failure) = &report.outcome else { panic!() };
    assert_eq!((failure.step, failure.error), (Some(What::Data), "not_written"));
    assert_eq!((report.steps[0].tries, failure.left), (TRIES_MAX, Left::Before));
    assert!(report.blocks_written().is_empty());
}

#[test]
fn a_report_is_json_with_stable_names() {
    let mut reader = MemReader::new(book("32105000999999").memory, DSFID_PART2);
    let report = run(&mut reader, &book("32105000123456"), |_| {});
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["outcome"].as_str(), Some("refused"));
    assert_eq!(json["reason"].as_str(), Some("other_item"));
    assert_eq!(json["found"]["content"].as_str(), Some("item"));
    assert_eq!(json["found"]["identifier"].as_str(), Some("32105000999999"));
}
