//! Items of other owners, and the slips that go with returned items.

use drivers::rfid::security::Security::{Released, Secured};
use jiff::civil::date;
use ui::view::{Destination, LineState, Note, Screen, Touch};

use super::world::{CARD, World, item, uid};
use crate::config::Both;
use crate::owners::{BranchConfig, OwnerConfig, OwnerRule, Owners};
use crate::session::{Ask, Content, Names, OfflineRules, PrintResult, PrinterState, Rules, Slips};

const RULES: [(u8, OwnerRule); 4] =
    [(1, OwnerRule::Lend), (2, OwnerRule::Return), (3, OwnerRule::Refuse), (4, OwnerRule::Transit)];

/// A union of owners A1 to A4, each with a branch B1 to B4.
fn union(here: &str) -> Owners {
    let owner = |(n, rule): (u8, OwnerRule)| OwnerConfig {
        name: Both { zh_cn: format!("甲{n}馆"), en: format!("Owner {n}") },
        isils: vec![format!("CN-{n}")],
        codes: vec![format!("A{n}")],
        rule,
        destination: Some(format!("B{n}")),
    };
    let branch = |n: u8| BranchConfig {
        code: format!("B{n}"),
        owner: Some(format!("A{n}")),
        ..BranchConfig::default()
    };
    let branches = RULES.iter().map(|(n, _)| branch(*n)).collect();
    let owners =
        Owners::new(RULES.map(owner).to_vec(), branches, here.to_owned(), OwnerRule::Refuse);
    assert_eq!(owners.problems(), Vec::<String>::new());
    owners
}

/// Books 1 to 4 are of owners 1 to 4, as a tag reader at that branch tells them.
fn world(here: &str, slips: Slips) -> World {
    let mut world = World::new(Rules { slips, ..Rules::default() });
    let owners = union(here);
    world.journal.stand_in(here);
    for n in 1..=4 {
        let whose = Some(owners.of_isil(Some(&format!("cn-{n}"))));
        world.tag(n, Content::Item { item: item(n), parts: 1, part: 1, no_loan: false, whose });
    }
    world
}

fn returning(here: &str, slips: Slips) -> World {
    let mut world = world(here, slips);
    for n in 1..=4 {
        world.lib.loans.insert(item(n), CARD.to_owned());
        world.tags.get_mut(&uid(n)).unwrap().state = Released;
    }
    world.touch(Touch::GiveBack);
    world
}

fn other(n: u8, taken_back: bool) -> Note {
    Note::Owner { owner: format!("A{n}"), taken_back }
}

#[test]
fn what_is_lent_off_line_counts_for_its_owner() {
    let mut w = world("B1", Slips::None);
    w.rules.offline = OfflineRules { lending: true, ..OfflineRules::default() };
    w.boot();
    w.card(CARD);
    w.until_page("borrow");
    w.touch(Touch::Finish);
    w.touch(Touch::Finish);
    w.secs(5);
    w.link(false);
    w.secs(31);
    w.card(CARD);
    w.until_page("borrow");
    w.lay(&[1]);
    w.until_line(1, LineState::Queued);
    let day = date(2026, 11, 22);
    let rows = w.journal.by_branch(day..=day).unwrap();
    assert!(rows.iter().any(|row| (row.owner.as_str(), row.queued) == ("A1", 1)), "{rows:?}");
}

#[test]
fn a_return_noted_before_the_station_moved_is_told_from_where_it_was() {
    let mut w = world("B1", Slips::None);
    w.lib.loans.insert(item(1), CARD.to_owned());
    w.link(false);
    w.touch(Touch::GiveBack);
    w.lay(&[1]);
    w.until_line(1, LineState::Queued);
    w.lift(&[1]);
    w.journal.stand_in("B4");
    w.boot();
    w.link(true);
    w.until("told", 30, |w| !w.lib.loans.contains_key(&item(1)));
    let from = w.lib.log.iter().find_map(|ask| match ask {
        Ask::Checkin { branch, .. } => Some(branch.clone()),
        _ => None,
    });
    assert_eq!(from.as_deref(), Some("B1"));
}

#[test]
fn only_what_may_be_lent_here_is_lent() {
    let mut w = world("B1", Slips::None);
    w.card(CARD);
    w.until_page("borrow");
    w.lay(&[1, 2, 3, 4]);
    w.until_line(1, LineState::Borrowed);
    for (n, taken_back) in [(2, true), (3, false), (4, true)] {
        w.until_line(n, LineState::Refused);
        assert_eq!((w.line(n).note, w.state(n)), (other(n, taken_back), Secured));
    }
    assert_eq!(w.lib.loans.len(), 1, "nothing else was asked for");
    // Laid again, it is as barred as before.
    w.lift(&[4]);
    w.secs(3);
    w.lay(&[4]);
    w.secs(3);
    assert_eq!((w.line(4).note, w.lib.loans.len()), (other(4, true), 1));
    let names = Names { branches: union("B1").names(), ..Names::default() };
    let Screen::Borrow(work) = w.station.view(&names, w.now()).screen else { panic!() };
    let named = Note::Owner { owner: "甲3馆".to_owned(), taken_back: false };
    assert!(work.lines.iter().any(|line| line.note == named), "{:?}", work.lines);
}

#[test]
fn what_comes_back_goes_on_by_its_owners_rule() {
    let mut w = returning("B1", Slips::None);
    w.lay(&[1, 2, 3, 4]);
    for n in [1, 2, 4] {
        w.until_line(n, LineState::Returned);
        assert_eq!(w.state(n), Secured);
    }
    w.until_line(3, LineState::Refused);
    assert_eq!((w.line(3).note, w.state(3)), (other(3, false), Released));
    assert!(w.lib.loans.contains_key(&item(3)));
    assert_eq!(w.line(1).note, Note::Put(Destination::Shelf));
    assert_eq!(w.line(2).note, Note::Put(Destination::Shelf));
    assert_eq!(w.line(4).note, Note::Put(Destination::Transit { branch: "B4".to_owned() }));
    assert!(w.sort_slips.is_empty() && w.slips.is_empty());
}

#[test]
fn a_station_moved_to_another_branch_is_at_home_there() {
    let mut w = returning("B4", Slips::None);
    w.lay(&[4]);
    w.until_line(4, LineState::Returned);
    assert_eq!(w.line(4).note, Note::Put(Destination::Shelf));
    let mut w = world("B4", Slips::None);
    w.card(CARD);
    w.until_page("borrow");
    w.lay(&[4]);
    w.until_line(4, LineState::Borrowed);
}

#[test]
fn the_library_systems_word_comes_before_the_rule() {
    let mut w = returning("B1", Slips::None);
    w.lib.holds.insert(item(4));
    w.lay(&[4]);
    w.until_line(4, LineState::Returned);
    assert_eq!(w.line(4).note, Note::Put(Destination::HoldSlot));
}

#[test]
fn transit_and_hold_slips_are_printed_once_and_name_nobody() {
    for result in [
        PrintResult::Done,
        PrintResult::Sent,
        PrintResult::Unknown,
        PrintResult::Not(PrinterState::NoPaper),
    ] {
        let mut w = returning("B1", Slips::Here);
        w.print = result;
        w.lib.holds.insert(item(1));
        w.lay(&[1]);
        w.until_line(1, LineState::Returned);
        w.secs(2);
        w.feed(crate::session::Input::Printer(PrinterState::Ready));
        w.lay(&[2, 4]);
        w.until_line(2, LineState::Returned);
        w.until_line(4, LineState::Returned);
        w.secs(40);
        let slips: Vec<_> = w.sort_slips.iter().map(|s| (s.item.clone(), s.to.clone())).collect();
        assert_eq!(slips, [(item(1), None), (item(4), Some("B4".to_owned()))], "{result:?}");
        let said = format!("{:?}", w.sort_slips);
        assert!(w.secrets.iter().all(|secret| !said.contains(secret.as_str())), "{said}");
        // Neither a receipt of the reader's, nor printed again after a restart.
        assert!(w.slips.is_empty());
        w.boot();
        w.secs(5);
        assert_eq!((w.sort_slips.len(), w.station.stats().receipts), (2, 0));
        let printed = u64::from(matches!(result, PrintResult::Done | PrintResult::Sent));
        let sums = w.journal.by_branch(date(2026, 11, 22)..=date(2026, 11, 22)).unwrap();
        let slips = |owner: &str| {
            let of = sums.iter().find(|s| s.owner == owner).unwrap();
            (of.hold_slips, of.transit_slips)
        };
        assert_eq!((slips("A1"), slips("A4")), ((printed, 0), (0, printed)), "{result:?}");
    }
}

#[test]
fn a_return_that_went_to_staff_gets_no_slip() {
    let mut w = returning("B1", Slips::Here);
    w.writes.extend([super::world::Write::Fail; 3]);
    w.lay(&[4]);
    w.until_line(4, LineState::Attention);
    w.secs(2);
    assert!(w.sort_slips.is_empty());
    // Nor where there is no paper: the screen says where it goes.
    w.feed(crate::session::Input::Printer(PrinterState::NoPaper));
    w.lib.holds.insert(item(1));
    w.lay(&[1]);
    w.until_line(1, LineState::Returned);
    w.secs(2);
    assert!(w.sort_slips.is_empty());
}

#[test]
fn figures_are_by_branch_and_owner_and_stay_where_they_were() {
    let mut w = returning("B1", Slips::None);
    w.lay(&[1, 4]);
    w.until_line(1, LineState::Returned);
    w.until_line(4, LineState::Returned);
    w.touch(Touch::Finish);
    w.lift(&[1, 4]);
    w.until_page("attract");
    w.journal.stand_in("B4");
    w.card(CARD);
    w.until_page("borrow");
    w.lay(&[1]);
    w.until_line(1, LineState::Borrowed);
    let day = date(2026, 11, 22);
    let sums = w.journal.by_branch(day..=day).unwrap();
    let seen: Vec<_> =
        sums.iter().map(|s| (s.branch.as_str(), s.owner.as_str(), s.loans, s.returns)).collect();
    assert_eq!(seen, [("B1", "A1", 0, 1), ("B1", "A4", 0, 1), ("B4", "A1", 1, 0)]);
    let before = date(2026, 11, 20)..=date(2026, 11, 21);
    assert_eq!(w.journal.by_branch(before).unwrap(), []);
}
