//! A tag pulled after every single write, for many pairs of old and new content.

use proptest::prelude::*;

use crate::rfid::Uii;
use crate::rfid::program::testing::{MemReader, UID, decode, image, item};
use crate::rfid::program::{
    Content, Left, Outcome, Overwrite, Request, StepResult, UII_MARK, program, uhf,
};
use crate::rfid::security::{Security, SecurityProfile};
use crate::rfid::tagdata::{Model, Parts, TagData, TagError, TagImage, TypeOfUsage, decode_uhf};

/// Bytes of the tags.
const SIZE: usize = 112;

fn content() -> impl Strategy<Value = TagImage> {
    let model = prop_oneof![Just(Model::Iso28560Part2), Just(Model::Iso28560Part3)];
    let id = prop_oneof![
        "[0-9]{1,3}",
        "[1-9][0-9]{7,13}",
        "[A-Z]{1,3}[0-9]{5,9}",
        "[A-Za-z0-9]{8,16}",
        Just("32105000123456".to_owned())
    ];
    let owner = prop_oneof![Just(""), Just("DE-705"), Just("CN-11-NLC"), Just("RU-293")];
    let shelf = prop_oneof![Just(""), Just("I247"), Just("QA268.L55/3")];
    (model, id, owner, 0..3u16, shelf).prop_map(|(model, id, owner, part, shelf)| {
        image(&item(model, &id, owner, part, shelf), SIZE)
    })
}

/// What lies there before: items, blank tags, a tag of our own pulled in the middle, anything.
fn before() -> impl Strategy<Value = (Vec<u8>, u8)> {
    prop_oneof![
        4 => content().prop_map(|image| (image.memory, image.dsfid.unwrap_or(0))),
        1 => content().prop_map(|image| (image.memory, 0)),
        1 => Just((vec![0; SIZE], 0)),
        1 => Just(([vec![0x55; 24], vec![0; SIZE - 24]].concat(), 0)),
        1 => content().prop_map(|mut image| {
            image.memory[..4].fill(0);
            (image.memory, image.dsfid.unwrap_or(0))
        }),
        1 => (proptest::collection::vec(any::<u8>(), SIZE), prop_oneof![Just(0), Just(6), Just(0x3E)]),
    ]
}

/// What names an item; nothing else that a tag says matters without it.
fn named(decoded: Result<TagData, TagError>) -> Option<TagData> {
    decoded.ok().filter(|data| data.identifier().is_some())
}

/// What makes a tag that of one item and no other.
fn item_of(data: &TagData) -> (Option<&str>, Option<&str>, Option<TypeOfUsage>, Option<Parts>) {
    (data.identifier(), data.owner(), data.usage(), data.parts)
}

fn check_torn(
    old: &MemReader,
    new: &TagImage,
    write: &dyn Fn(&mut MemReader) -> crate::rfid::program::Report,
) {
    let mut whole = old.clone();
    let report = write(&mut whole);
    assert!(report.is_as_asked(), "{report:?}");
    let end = |dsfid| named(decode(&new.memory, dsfid));
    for cut in 0..whole.writes {
        let mut reader = old.clone();
        reader.writes_left = Some(cut);
        let report = write(&mut reader);
        let Outcome::Failed(failure) = &report.outcome else { panic!("cut {cut}: {report:?}") };
        // Seen by readers that know the DSFID, and by those that do not.
        for (now, was, will) in [(reader.dsfid, old.dsfid, new.dsfid), (None, None, None)] {
            if let Some(torn) = named(decode(&reader.memory, now)) {
                let was = named(decode(&old.memory, was));
                let mut known = [was, end(will)].into_iter().flatten();
                let found = match old.locked.is_empty() {
                    true => known.any(|known| known == torn),
                    // With block 0 locked there is no mark, and a shelf may be half written.
                    false => known.any(|known| item_of(&known) == item_of(&torn)),
                };
                assert!(found, "cut {cut}: a third item");
            }
        }
        let now = named(decode(&reader.memory, reader.dsfid));
        match failure.left {
            Left::NoItem => assert_eq!(now, None, "cut {cut}"),
            Left::New => assert_eq!(now, end(new.dsfid), "cut {cut}"),
            Left::NoItemOrNew => assert!(now.is_none() || now == end(new.dsfid), "cut {cut}"),
            Left::Before => {
                assert_eq!((&reader.memory, reader.dsfid), (&old.memory, old.dsfid), "cut {cut}");
            }
            Left::BeforeOrNoItem | Left::BeforeOrNew | Left::BeforeNoItemOrNew => {}
        }
        for block in report.blocks_written() {
            let at = usize::from(block) * 4;
            assert_eq!(reader.memory[at..at + 4], new.memory[at..at + 4], "said written");
        }
        assert!(report.steps.iter().any(|step| step.result == StepResult::Failed));
        // Laid down again and programmed again it is good.
        reader.lay_again();
        assert!(write(&mut reader).is_as_asked(), "cut {cut}");
        assert_eq!((&reader.memory, reader.dsfid), (&whole.memory, whole.dsfid));
    }
}

const TID: &str = "E28011302000212333BE04F6";

proptest! {
    #[test]
    fn a_marked_uii_names_nobody(
        pc in any::<u16>(),
        words in proptest::collection::vec(any::<u16>(), 0..31),
        bank in proptest::collection::vec(any::<u8>(), 32),
    ) {
        let mut bytes = UII_MARK.to_vec();
        bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        let pc = (bytes.len() as u16 / 2) << 11 | pc & 0x07FF;
        let uii = Uii { pc, bytes };
        for hint in [None, Some(Model::Iso28560Part4), Some(Model::Gaoxiao)] {
            prop_assert_eq!(named(decode_uhf(&uii, Some(&bank), hint)), None);
        }
    }

    #[test]
    fn a_torn_tag_is_the_old_item_the_new_one_or_none(
        (memory, dsfid) in before(),
        new in content(),
        locked_head in any::<bool>(),
        released in any::<bool>(),
    ) {
        let mut old = MemReader::new(memory, dsfid);
        if locked_head && old.memory[..4] == new.memory[..4] {
            old.locked = [0].into();
        }
        let write = |reader: &mut MemReader| {
            let profile = SecurityProfile::default();
            let mut request = Request::new(UID, &new, &profile);
            request.overwrite = Overwrite::Anything;
            request.security =
                Some(if released { Security::Released } else { Security::Secured });
            program(reader, &request)
        };
        let mut probe = old.clone();
        if !matches!(write(&mut probe).outcome, Outcome::Refused(_)) {
            check_torn(&old, &new, &write);
        } else {
            prop_assert_eq!(probe.writes, 0);
            prop_assert!(!old.locked.is_empty());
        }
    }

    #[test]
    fn a_torn_uhf_tag_is_the_old_uii_the_new_one_or_marked(
        old_words in proptest::collection::vec(any::<u16>(), 0..8),
        new_words in proptest::collection::vec(1..0xF000u16, 1..8),
        old_bank in proptest::collection::vec(any::<u8>(), 32),
        new_bank in proptest::collection::vec(any::<u8>(), 32),
        same_bank in any::<bool>(),
        words_backwards in any::<bool>(),
    ) {
        let uii = |words: &[u16]| Uii {
            pc: (words.len() as u16) << 11 | 0x0107,
            bytes: words.iter().flat_map(|word| word.to_be_bytes()).collect(),
        };
        let (old_uii, new_uii) = (uii(&old_words), uii(&new_words));
        let new_bank = if same_bank { old_bank.clone() } else { new_bank };
        let new = TagImage {
            memory: new_bank.clone(), dsfid: None, uii: Some(new_uii.clone()), lock: vec![],
        };
        let mut tag = MemReader::new(old_bank.clone(), 0);
        (tag.dsfid, tag.afi, tag.eas) = (None, None, None);
        (tag.uii, tag.words_backwards) = (Some(old_uii.clone()), words_backwards);
        let write = |reader: &mut MemReader| {
            let profile = SecurityProfile::default();
            let mut request = Request::new(TID.parse().unwrap(), &new, &profile);
            request.overwrite = Overwrite::Anything;
            program(reader, &request)
        };
        let mut whole = tag.clone();
        prop_assert!(write(&mut whole).is_as_asked());
        prop_assert_eq!(whole.uii.as_ref(), Some(&new_uii));
        prop_assert_eq!(&whole.memory, &new_bank);
        for cut in 0..whole.writes {
            let mut reader = tag.clone();
            reader.writes_left = Some(cut);
            write(&mut reader);
            let now = reader.uii.clone().unwrap();
            let nobody = named(decode_uhf(&now, Some(&reader.memory), None)).is_none()
                && matches!(uhf::content(&now), Content::NoItem(_));
            let is = |uii: &Uii, bank: &[u8]| now == *uii && reader.memory == bank;
            prop_assert!(
                nobody || is(&old_uii, &old_bank) || is(&new_uii, &new_bank),
                "cut {}: {:04X} {:02X?}", cut, now.pc, now.bytes
            );
            reader.lay_again();
            prop_assert!(write(&mut reader).is_as_asked());
            prop_assert_eq!(reader.uii.as_ref(), Some(&new_uii));
        }
    }
}
