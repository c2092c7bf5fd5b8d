//! One reader on a bench, by the file of its rig; and the same check on the simulated ones.

use std::path::PathBuf;

use drivers::rfid::setup::ReaderModel;
use drivers::sim::listen::ListenSpec;
use drivers::sim::reader::{Model, ReaderSim, ReaderSimConfig};
use drivers::sim::tags;
use tests::hardware::{RIG, Rig};
use tests::rig::Process;

use crate::site::{JIEHUAN, Site};

/// Run by hand: `JIEHUAN_RIG=tests/rigs/mine.toml cargo test -p tests --test e2e hardware --
/// --ignored`.
#[test]
#[ignore = "needs a reader on a bench; JIEHUAN_RIG names its file (tests/rigs/example.toml)"]
fn a_real_reader_shows_what_its_file_says() {
    let file = PathBuf::from(std::env::var(RIG).expect("JIEHUAN_RIG names a rig's file"));
    for line in Rig::load(&file).unwrap().check().unwrap() {
        println!("{line}");
    }
}

#[test]
fn the_example_of_a_rig_is_understood() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rigs/example.toml");
    assert_eq!(Rig::load(&file).unwrap().tags.len(), 2);
}

/// A rig's file for a simulated reader with two books, or a card, on it.
fn rig(site: &Site, model: ReaderModel, security: &str) -> (ReaderSim, Rig) {
    let tags = Process::run(JIEHUAN, &["practice-tags", "--model", model.name()]);
    let tags = site.write("tags.json", &tags.well().lines.join("\n"));
    let tags = tags::read(tags.as_ref()).unwrap();
    let sim = <Model as clap::ValueEnum>::from_str(model.name(), true).unwrap();
    let listen = ListenSpec::Tcp("127.0.0.1:0".to_owned());
    let sim = ReaderSim::start(&ReaderSimConfig::new(sim, listen), tags).unwrap();
    let laid: &[&str] =
        if model.reads_items() { &["YZ0000101", "YZ0000102"] } else { &["0200001234/nfc"] };
    sim.lay(laid).unwrap();
    let mut file =
        format!("model = \"{}\"\nport = \"{}\"\n{security}\n", model.name(), sim.port_spec());
    for id in laid {
        file += &format!("[[tags]]\nuid = \"{}\"\n", sim.tag(id).unwrap().uid);
        if model.reads_items() {
            file += &format!("item = \"{id}\"\nmay_switch = true\n");
        }
    }
    let rig = Rig::load(site.write("rig.toml", &file).as_ref()).unwrap();
    (sim, rig)
}

#[track_caller]
fn shows_itself(model: ReaderModel, security: &str) {
    let site = Site::new();
    let (sim, rig) = rig(&site, model, security);
    let report = rig.check().unwrap();
    assert!(report[0].starts_with(model.name()), "{report:?}");
    assert_eq!(report.len(), 2 + rig.tags.len(), "{report:?}");
    // A tag that is not there, and one too many, are noticed.
    sim.lift(&sim.on_pad()).unwrap();
    assert!(rig.check().is_err());
}

#[test]
fn every_simulated_reader_passes_as_a_rig() {
    shows_itself(ReaderModel::M3, "");
    shows_itself(ReaderModel::Feig, "");
    shows_itself(ReaderModel::Pn5180, "");
    shows_itself(ReaderModel::M6e, "");
    shows_itself(ReaderModel::Pn532, "");
}
