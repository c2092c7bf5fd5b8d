//! Controls: named, large enough, and answering to finger and key.

use i_slint_backend_testing::ElementHandle;
use slint::platform::{Key, PointerEventButton, WindowEvent};

use super::*;
use crate::lang::words;
use crate::view::{Modes, Overlay, Receipt, Screen, Work};

/// Fingers need this much, in millimetres (patron-experience.md section 16).
const TARGET_MM: f32 = 15.0;

#[test]
fn every_control_is_named_and_large_enough_for_a_finger() {
    for panel in PANELS {
        let mut station = Station::new(panel);
        let least = TARGET_MM * panel.pixels_per_mm() - 0.5;
        for language in BOTH {
            for (case, view) in common::cases(language) {
                for large_print in [false, true] {
                    let modes = Modes { large_print, high_contrast: false };
                    station.draw(&View { modes, ..view.clone() });
                    let controls = station.controls();
                    assert!(controls.len() >= 3, "{case}: no controls found");
                    for control in controls {
                        let label = control.accessible_label().unwrap_or_default();
                        assert!(!label.is_empty(), "{case} on {panel:?}: a control without a name");
                        let size = control.size();
                        assert!(
                            size.width >= least && size.height >= least,
                            "{case} on {panel:?}, large print {large_print}: {label} is {}x{}, {least} is least",
                            size.width,
                            size.height
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_main_action_is_20_mm_high_and_at_the_right_edge() {
    for panel in PANELS {
        let mut station = Station::new(panel);
        let view =
            common::view(Language::En, Screen::Borrow(common::work(common::borrow_lines(), 5)));
        station.draw(&view);
        let finish = |c: &ElementHandle| c.accessible_label().is_some_and(|l| l == "Finish · 3");
        let main = station.controls().into_iter().find(finish).expect("no main action");
        assert!(main.size().height >= 20.0 * panel.pixels_per_mm() - 0.5, "{panel:?}");
        #[allow(clippy::cast_precision_loss)]
        let (width, height) = (panel.width as f32, panel.height as f32);
        let corner = main.absolute_position();
        assert!(corner.x + main.size().width > width * 0.93, "{panel:?}");
        assert!(corner.y + main.size().height > height * 0.93, "{panel:?}");
        assert!(corner.y + main.size().height <= height, "{panel:?}");
    }
}

fn press(station: &Station, label: &str) -> Vec<Touch> {
    let found = ElementHandle::find_by_accessible_label(&station.window, label)
        .find(|element| element.accessible_role() == Some(AccessibleRole::Button));
    let control = found.unwrap_or_else(|| panic!("no control {label}"));
    control.invoke_accessible_default_action();
    station.touches()
}

fn view_of(case: &str) -> View {
    common::cases(Language::En).into_iter().find(|(name, _)| *name == case).unwrap().1
}

#[test]
fn controls_become_events() {
    let expected: [(&str, &[(&str, Touch)]); 12] = [
        (
            "attract",
            &[
                ("Borrow, Show your card, lay down books", Touch::Borrow),
                ("Return, No card needed, lay down books", Touch::GiveBack),
                ("My loans and renewals", Touch::Account),
                ("Help", Touch::Help),
                ("Language: 中文", Touch::Language),
                ("Large print", Touch::LargePrint),
                ("Contrast", Touch::Contrast),
            ],
        ),
        ("choose", &[("Back", Touch::Back), ("Renew and loans", Touch::Account)]),
        ("identify", &[("Back", Touch::Back), ("Help", Touch::Help)]),
        (
            "pin",
            &[
                ("Digit 0", Touch::Digit(0)),
                ("Digit 7", Touch::Digit(7)),
                ("Delete", Touch::Delete),
                ("OK", Touch::Ok),
            ],
        ),
        (
            "borrow-states",
            &[
                ("Renew 繁星·春水", Touch::Yes(9)),
                ("No 繁星·春水", Touch::No(9)),
                ("Do not borrow this one: 城南旧事", Touch::Undo(8)),
                ("My loans", Touch::Account),
                ("Finish · 3", Touch::Finish),
            ],
        ),
        ("return", &[("Finish · 2", Touch::Finish)]),
        ("count", &[("1", Touch::Count(1)), ("10", Touch::Count(10)), ("More", Touch::Count(11))]),
        (
            "loans",
            &[
                ("Renew 活着", Touch::Renew(0)),
                ("Renew all", Touch::RenewAll),
                ("Finish", Touch::Finish),
            ],
        ),
        (
            "finish",
            &[
                ("Print", Touch::Paper),
                ("To my phone", Touch::Phone),
                ("No thanks", Touch::NoReceipt),
                ("Borrow more", Touch::More),
                ("Finish", Touch::Finish),
            ],
        ),
        ("finish-failed", &[("Print again", Touch::Paper), ("To my phone", Touch::Phone)]),
        ("warn", &[("Continue", Touch::Continue), ("Finish now", Touch::EndNow)]),
        ("help", &[("Call a librarian", Touch::CallStaff), ("Close", Touch::Help)]),
    ];
    for panel in PANELS {
        let mut station = Station::new(panel);
        for (case, controls) in expected {
            station.draw(&view_of(case));
            for (label, touch) in controls {
                assert_eq!(press(&station, label), [*touch], "{label} on {case}, {panel:?}");
            }
        }
    }
}

#[test]
fn what_cannot_be_done_cannot_be_pressed() {
    let mut station = Station::new(Panel::DESK);
    station.draw(&view_of("attract-returns"));
    assert_eq!(press(&station, "Borrow, Show your card, lay down books"), []);
    let still = press(&station, "Return, No card needed, lay down books");
    assert_eq!(still, [Touch::GiveBack]);
}

#[test]
fn a_finger_on_a_tile_borrows() {
    let mut station = Station::new(Panel::SMALL);
    station.draw(&view_of("attract"));
    let label = "Borrow, Show your card, lay down books";
    let tile = ElementHandle::find_by_accessible_label(&station.window, label).next().unwrap();
    tile.mock_single_click(PointerEventButton::Left);
    assert_eq!(station.touches(), [Touch::Borrow]);
}

fn key(station: &Station, key: Key) {
    let window = station.window.window();
    window.dispatch_event(WindowEvent::KeyPressed { text: key.into() });
    window.dispatch_event(WindowEvent::KeyReleased { text: key.into() });
}

#[test]
fn keys_reach_every_control_and_the_main_action_last() {
    for panel in PANELS {
        for (case, last) in [
            ("borrow", Touch::Finish),
            ("finish", Touch::Finish),
            ("warn", Touch::Continue),
            ("pin", Touch::Ok),
        ] {
            let mut station = Station::new(panel);
            station.draw(&view_of(case));
            station.window.window().dispatch_event(WindowEvent::WindowActiveChanged(true));
            let enabled =
                station.controls().iter().filter(|c| c.accessible_enabled() != Some(false)).count();
            let mut heard = Vec::new();
            for _ in 0..enabled {
                key(&station, Key::Tab);
                key(&station, Key::Return);
                heard.extend(station.touches());
            }
            assert_eq!(heard.last(), Some(&last), "{case} on {panel:?}: {heard:?}");
            assert!(heard.contains(&Touch::Language), "{case} on {panel:?}: {heard:?}");
        }
    }
}

#[test]
fn a_language_switch_changes_every_word() {
    let mut station = Station::new(Panel::DESK);
    let mut view = view_of("borrow");
    station.draw(&view);
    let english = station.said().join(" ");
    assert!(english.contains("Borrowed") && english.contains("Help"), "{english}");
    view.language = Language::ZhCn;
    station.draw(&view);
    let chinese = station.said().join(" ");
    assert!(chinese.contains("已借") && chinese.contains("帮助"), "{chinese}");
    for word in ["Borrowed", "Help", "Finish", "Due", "My loans", "allowed"] {
        assert!(!chinese.contains(word), "{word} is still there: {chinese}");
    }
}

#[test]
fn nothing_of_a_reader_is_left_on_the_start_page() {
    let traces = ["张*", "活着", "扬中县志", "The Little Prince", "已借", "Borrowed", "Tue 22 Dec"];
    let mut station = Station::new(Panel::DESK);
    for case in
        ["borrow", "borrow-states", "loans", "finish", "finish-phone", "pin-problem", "warn"]
    {
        station.draw(&view_of(case));
        station.draw(&view_of("attract"));
        let said = station.said().join(" ");
        for trace in traces {
            assert!(!said.contains(trace), "{trace} is left of {case}: {said}");
        }
        let globals = Globals::from(&station.window);
        assert_eq!(globals.station.get_patron(), "");
        assert_eq!(globals.station.get_problem(), "");
        assert_eq!(globals.pin.get_typed(), 0);
        assert_eq!(slint::Model::row_count(&globals.work.get_lines()), 0);
        assert_eq!(slint::Model::row_count(&globals.loans.get_loans()), 0);
        assert_eq!(slint::Model::row_count(&globals.finish.get_not_done()), 0);
        assert_eq!(globals.finish.get_code().size().width, 0);
        assert_eq!(globals.finish.get_headline(), "");
    }
}

#[test]
fn the_layer_hides_the_page_from_touch_and_key() {
    let mut station = Station::new(Panel::DESK);
    let mut view =
        common::view(Language::En, Screen::Finish(common::finish(Receipt::Ask { paper: true })));
    view.overlay = Some(Overlay::Warn { seconds: 5, unfinished: 0 });
    station.draw(&view);
    let labels = station.controls().iter().filter_map(|c| c.accessible_label()).collect::<Vec<_>>();
    assert!(labels.iter().any(|l| l == "Continue"), "{labels:?}");
    assert!(!labels.iter().any(|l| l == "Print"), "{labels:?}");
    let said = station.said().join(" ");
    assert!(said.contains("5 seconds, then back to start"), "{said}");
}

#[test]
fn every_state_is_said_and_announced() {
    let mut station = Station::new(Panel::DESK);
    let lines = common::return_lines();
    let work = Work { patron: None, ..common::work(lines, 3) };
    station.draw(&common::view(Language::En, Screen::GiveBack(work)));
    let said = station.said();
    let line = "草房子: Please read. Someone is waiting for it. Use the red slot";
    assert!(said.iter().any(|s| s == line), "{said:?}");
    let pad = format!("{} 3 books", words(Language::En).text("work-on-pad"));
    assert!(said.contains(&pad), "{said:?}");
}
