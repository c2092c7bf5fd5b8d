use drivers::rfid::tagdata::{Element, ElementId, Model, TagData, part2};

use super::*;
use crate::session::Rules;

fn uid(n: u8) -> Uid {
    Uid::iso15693([0xE0, 4, 1, 0, 0, 0, 0, n])
}

fn seen(n: u8) -> Seen {
    Seen::iso15693(uid(n), Some(6))
}

fn plan() -> Plan {
    Plan::new(Classify::new(&Rules::default()))
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A part 2 tag's memory with that identifier.
fn memory(id: &str) -> Vec<u8> {
    let mut data = TagData::new(Model::Iso28560Part2);
    data.elements = vec![Element::text(ElementId::PrimaryItemIdentifier, id)];
    part2::encode(&data.elements, &part2::Layout::new(112)).unwrap().bytes
}

fn write(op: u64, n: u8) -> SecurityWrite {
    SecurityWrite { op: OpId(op), tags: vec![uid(n)], want: Security::Released }
}

#[track_caller]
fn looks(plan: &mut Plan, tags: &[u8], now: Duration) -> Vec<TagRead> {
    assert_eq!(plan.next(now), Step::Look);
    let seen: Vec<Seen> = tags.iter().map(|n| seen(*n)).collect();
    match plan.looked(&seen, now) {
        News::Pad(tags) => tags,
        News::Read(_) => panic!("a look tells the whole pad"),
    }
}

#[track_caller]
fn reads(plan: &mut Plan, n: u8, id: &str, now: Duration) -> TagRead {
    assert_eq!(plan.next(now), Step::Read { uid: uid(n), first: 0, count: FIRST_BLOCKS });
    let blocks = memory(id)[..32].to_vec();
    match plan.read(uid(n), ReadResult::Blocks(blocks)) {
        Some(News::Read(tag)) => tag,
        other => panic!("{other:?}"),
    }
}

fn item_of(tag: &TagRead) -> Option<&str> {
    match &tag.content {
        Content::Item { item, .. } => Some(item.as_str()),
        _ => None,
    }
}

#[test]
fn each_new_tag_is_read_once_and_told_at_once() {
    let mut plan = plan();
    let first = looks(&mut plan, &[1, 2], ms(0));
    assert!(first.iter().all(|tag| tag.content == Content::Unread), "first sign before reading");
    assert_eq!(item_of(&reads(&mut plan, 1, "YZ0000001", ms(10))), Some("YZ0000001"));
    assert_eq!(item_of(&reads(&mut plan, 2, "YZ0000002", ms(20))), Some("YZ0000002"));
    // After work the pad is looked at without a pause; then it rests.
    let pad = looks(&mut plan, &[1, 2], ms(30));
    assert_eq!(item_of(&pad[1]), Some("YZ0000002"));
    assert_eq!(plan.next(ms(31)), Step::Rest(SCAN_PAUSE - ms(1)));
    assert_eq!(plan.next(ms(30) + SCAN_PAUSE), Step::Look);
}

#[test]
fn writes_come_before_new_tags_and_looks_are_not_forgotten() {
    let mut plan = plan();
    looks(&mut plan, &[1, 2], ms(0));
    assert!(plan.write(write(1, 9)));
    assert!(plan.write(write(2, 8)));
    assert_eq!(plan.next(ms(10)), Step::Secure(write(1, 9)));
    assert_eq!(plan.next(ms(500)), Step::Secure(write(2, 8)));
    reads(&mut plan, 1, "YZ0000001", ms(600));
    assert!(plan.write(write(3, 7)));
    // A long spell is broken by one look; what waited goes on after it.
    looks(&mut plan, &[1, 2], SPELL_MAX);
    assert_eq!(plan.next(SPELL_MAX + ms(1)), Step::Secure(write(3, 7)));
    reads(&mut plan, 2, "YZ0000002", SPELL_MAX + ms(2));
}

#[test]
fn more_blocks_are_read_only_where_they_are_needed() {
    let mut plan = plan();
    looks(&mut plan, &[1], ms(0));
    let long = "A".repeat(60);
    let memory = memory(&long);
    assert_eq!(plan.next(ms(1)), Step::Read { uid: uid(1), first: 0, count: FIRST_BLOCKS });
    assert_eq!(plan.read(uid(1), ReadResult::Blocks(memory[..32].to_vec())), None);
    let mut have = 32;
    let tag = loop {
        let Step::Read { first, count, .. } = plan.next(ms(2)) else { panic!("not read on") };
        assert_eq!(usize::from(first) * 4, have, "nothing is read twice");
        have += 4 * usize::from(count);
        let blocks = memory[have - 4 * usize::from(count)..have].to_vec();
        if let Some(News::Read(tag)) = plan.read(uid(1), ReadResult::Blocks(blocks)) {
            break tag;
        }
    };
    assert_eq!(item_of(&tag), Some(long.as_str()));
    assert!(have < memory.len(), "read to the end of a tag that needs less");
}

#[test]
fn a_silent_tag_lets_the_others_pass_and_becomes_unreadable_in_the_end() {
    let mut plan = plan();
    let mut now = ms(0);
    for _ in 1..READ_TRIES {
        looks(&mut plan, &[1], now);
        assert!(matches!(plan.next(now), Step::Read { .. }));
        assert_eq!(plan.read(uid(1), ReadResult::Failed), None);
        now += ms(100);
    }
    looks(&mut plan, &[1, 2], now);
    assert!(matches!(plan.next(now), Step::Read { uid: u, .. } if u == uid(1)));
    let news = plan.read(uid(1), ReadResult::Failed);
    assert_eq!(news, Some(News::Read(TagRead { uid: uid(1), content: Content::Bad })));
    reads(&mut plan, 2, "YZ0000002", now);
}

#[test]
fn what_left_is_forgotten_and_a_lost_reader_gives_its_writes_back() {
    let mut plan = plan();
    looks(&mut plan, &[1], ms(0));
    reads(&mut plan, 1, "YZ0000001", ms(1));
    let mut now = ms(100);
    for _ in 0..FORGET_AFTER {
        looks(&mut plan, &[], now);
        now += ms(100);
    }
    let again = looks(&mut plan, &[1], now);
    assert_eq!(again[0].content, Content::Unread);
    assert!(plan.write(write(1, 1)));
    assert_eq!(plan.lost(), [write(1, 1)]);
    // Opened again, it begins with a look.
    assert_eq!(plan.next(now), Step::Look);
}

#[test]
fn no_look_begins_while_a_write_is_expected_and_not_for_ever() {
    let mut plan = plan();
    looks(&mut plan, &[1], ms(0));
    reads(&mut plan, 1, "YZ0000001", ms(10));
    plan.expect(ms(20));
    assert_eq!(plan.next(ms(20)), Step::Rest(EXPECT_MAX));
    assert!(plan.write(write(1, 1)));
    assert_eq!(plan.next(ms(40)), Step::Secure(write(1, 1)), "at once when it is asked for");
    // The library system is slow: the pad is looked at all the same.
    assert_eq!(plan.next(ms(20) + EXPECT_MAX - ms(1)), Step::Rest(ms(1)));
    looks(&mut plan, &[1], ms(20) + EXPECT_MAX);
    // However often it is expected, the pad is not forgotten.
    let mut now = ms(200);
    while plan.next(now) != Step::Look {
        plan.expect(now);
        now += ms(10);
        assert!(now <= ms(200) + SPELL_MAX, "never a look");
    }
    // A session that ends expects nothing.
    looks(&mut plan, &[], now);
    plan.expect(now);
    plan.forget_cards();
    assert_eq!(plan.next(now + SCAN_PAUSE), Step::Look);
}
