use super::*;
use crate::rfid::Uid;

fn uid(n: u8) -> Uid {
    Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, n])
}

fn field(change: impl Fn(&mut TagState)) -> Field {
    let mut field = Field::new(7, air::WRITE_MAX);
    for n in 0..3 {
        let mut tag = TagState::new(format!("t{n}"), uid(n), Chip::IcodeSlix);
        change(&mut tag);
        assert!(field.add(tag));
        assert!(field.lay(&format!("t{n}")));
    }
    field
}

fn listed(field: &mut Field, afi: u8) -> Vec<u8> {
    field.inventory(afi, Polls::Two).0.iter().map(|s| s.uid.bytes()[7]).collect()
}

#[test]
fn tags_come_and_go() {
    let mut field = field(|_| {});
    assert_eq!(listed(&mut field, 0), [0, 1, 2]);
    assert!(field.lift("t1"));
    assert_eq!(listed(&mut field, 0), [0, 2]);
    assert!(!field.lay("nobody"));
    assert_eq!(field.on_pad(), ["t0", "t2"]);
}

#[test]
fn a_family_is_asked_for() {
    let mut field = field(|tag| tag.afi = if tag.id == "t1" { 0x07 } else { 0xC2 });
    assert_eq!(listed(&mut field, 0x07), [1]);
    assert_eq!(listed(&mut field, 0xC0), [0, 2]);
    assert_eq!(listed(&mut field, 0x55), [0; 0]);
}

#[test]
fn quiet_lasts_until_the_tag_leaves() {
    let mut field = field(|_| {});
    field.quiet(uid(1)).result.unwrap();
    assert_eq!(listed(&mut field, 0), [0, 2]);
    field.lift("t1");
    field.lay("t1");
    assert_eq!(listed(&mut field, 0), [0, 1, 2]);
}

#[test]
fn an_edge_tag_answers_sometimes_and_the_same_for_the_same_seed() {
    let run = || {
        let mut field = field(|tag| tag.position = Position::Edge { answers_percent: 50 });
        (0..100).map(|_| field.read_blocks(uid(0), 0, 1).result.is_ok()).collect::<Vec<_>>()
    };
    let answered = run().iter().filter(|ok| **ok).count();
    assert!((25..75).contains(&answered), "{answered}");
    assert_eq!(run(), run());
}

#[test]
fn a_torn_write_leaves_the_first_blocks() {
    let mut field = field(|tag| tag.behaviour.pull = Some(Pull::AfterBlocks(2)));
    let (result, _) = field.write_blocks(uid(0), 4, &[[1; 4], [2; 4], [3; 4]]);
    assert_eq!(result, Err(BlockFailure { block: 6, error: TagError::NoAnswer }));
    assert_eq!(field.tag("t0").unwrap().blocks[4..7], [[1; 4], [2; 4], [0; 4]]);
    assert_eq!(field.on_pad(), ["t1", "t2"]);
    // Laid again it behaves.
    field.lay("t0");
    assert_eq!(field.write_blocks(uid(0), 4, &[[9; 4]]).0, Ok(()));
}

#[test]
fn a_pulled_register_write_takes_effect_or_not() {
    for (pull, afi) in [(Pull::BeforeWrite, 0x00), (Pull::AfterWrite, 0xC2)] {
        let mut field = field(|tag| tag.behaviour.pull = Some(pull));
        let written = field.write_register(uid(0), Register::Afi(0xC2));
        assert_eq!(written.result, Err(TagError::NoAnswer));
        assert_eq!(field.tag("t0").unwrap().afi, afi, "{pull:?}");
        assert_eq!(field.on_pad(), ["t1", "t2"]);
    }
}

#[test]
fn locks_hold() {
    let mut field = field(|_| {});
    field.lock(uid(0), Lock::Afi).result.unwrap();
    field.lock(uid(0), Lock::Block(3)).result.unwrap();
    let locked = Err(TagError::Iso(ISO_LOCKED));
    assert_eq!(field.write_register(uid(0), Register::Afi(1)).result, locked);
    let (result, _) = field.write_blocks(uid(0), 3, &[[1; 4]]);
    assert_eq!(result.unwrap_err().error, TagError::Iso(ISO_LOCKED));
    assert_eq!(field.lock(uid(0), Lock::Afi).result, Err(TagError::Iso(ISO_ALREADY_LOCKED)));
    assert!(field.read_blocks(uid(0), 3, 1).result.unwrap()[0].locked);
}

#[test]
fn afi_writes_fail_and_then_succeed() {
    let mut field = field(|tag| tag.behaviour.afi_fails = 2);
    let mut write = || field.write_register(uid(0), Register::Afi(7)).result.is_ok();
    assert_eq!([write(), write(), write()], [false, false, true]);
}

#[test]
fn eas_is_told_by_silence() {
    let mut field = field(|_| {});
    assert_eq!(field.eas_alarm(uid(0)).result, Err(TagError::NoAnswer));
    field.write_register(uid(0), Register::Eas(true)).result.unwrap();
    assert_eq!(field.eas_alarm(uid(0)).result, Ok(()));
}

#[test]
fn writes_take_their_time() {
    let mut field = field(|_| {});
    let (_, time) = field.write_blocks(uid(0), 0, &[[0; 4]; 8]);
    assert!(time > air::WRITE_MAX * 8, "{time:?}");
}
