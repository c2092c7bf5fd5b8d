//! Simulated readers with a shelf of books, and the floor of reading them.

use std::time::Duration;

use drivers::rfid::Uid;
use drivers::rfid::security::SecurityProfile;
use drivers::rfid::setup::{ReaderModel, ReaderSetup};
use drivers::rfid::tagdata::{DSFID_PART2, Element, ElementId, Model as TagModel, TagData, part2};
use drivers::sim::field::{Chip, Rng, TagState, air};
use drivers::sim::listen::ListenSpec;
use drivers::sim::reader::{Model, ReaderSim, ReaderSimConfig};
use drivers::sim::tags::PlacedTag;

/// Readers measured.
pub(crate) const MODELS: [ReaderModel; 1] = [ReaderModel::M3];

/// Blocks the floor reads of each tag.
pub(crate) const BLOCKS: u32 = 8;

/// A simulated reader, and how the station is set up for it.
pub(crate) struct Bench {
    pub(crate) model: ReaderModel,
    pub(crate) setup: ReaderSetup,
    pub(crate) security: SecurityProfile,
    pub(crate) sim: ReaderSim,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn start(model: ReaderModel, tags: Vec<PlacedTag>) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let listen = ListenSpec::Pty(dir.path().join("pad"));
        let sim = <Model as clap::ValueEnum>::from_str(model.name(), true).expect("simulated");
        let sim = ReaderSim::start(&ReaderSimConfig::new(sim, listen), tags).expect("a simulator");
        let setup = ReaderSetup::default();
        Self { model, setup, security: security(model), sim, _dir: dir }
    }
}

/// Books with random UIDs; the same in every run.
pub(crate) fn shelf(_model: ReaderModel, n: u32) -> Vec<PlacedTag> {
    let mut rng = Rng::new(7);
    (0..n)
        .map(|i| {
            let [_, _, _, a, b, c, d, e] = rng.next_u64().to_be_bytes();
            let uid = Uid::iso15693([0xE0, 4, 1, a & 0x10 | 0x10, b, c, d, e]);
            let mut data = TagData::new(TagModel::Iso28560Part2);
            data.elements = vec![
                Element::text(ElementId::PrimaryItemIdentifier, format!("YZ{i:07}")),
                Element::text(ElementId::OwnerInstitution, "CN-321182-YZ"),
            ];
            let bytes =
                part2::encode(&data.elements, &part2::Layout::new(112)).expect("fits").bytes;
            let mut tag =
                TagState::new(format!("book{i}"), uid, Chip::IcodeSlix).with_content(&bytes);
            tag.dsfid = DSFID_PART2;
            tag.afi = 0x07;
            tag.eas = true;
            PlacedTag { tag, on_pad: false }
        })
        .collect()
}

/// A station with one simulated reader.
pub(crate) struct Shelf {
    pub(crate) model: ReaderModel,
}

impl Shelf {
    pub(crate) fn security(&self) -> SecurityProfile {
        security(self.model)
    }

    pub(crate) fn station_file(&self) -> String {
        format!(
            "[station]\nid = \"BENCH\"\nbranch = \"YZ-MAIN\"\ndata_dir = \"data\"\n\
             key_file = \"journal.key\"\n[library.profile]\ninstitution_id = \"YZLIB\"\n\
             [reader]\nmodel = \"{}\"\n[security]\neas = {}\n\
             [session]\nowners = [\"CN-321182-YZ\"]\ncount_check = \"off\"\n",
            self.model.name(),
            self.security().eas,
        )
    }
}

/// What carries the security state with this reader: not all can switch EAS.
pub(crate) fn security(_model: ReaderModel) -> SecurityProfile {
    SecurityProfile::default()
}

/// Bytes out and in of one exchange on a reader's line.
#[derive(Clone, Copy)]
struct Talk {
    out: u32,
    back: u32,
}

/// What the exchanges of one reader need on its line.
struct Line {
    byte: Duration,
    /// Pause before a command.
    gap: Duration,
    inventory: Talk,
    inventory_back_per_tag: u32,
    read: Talk,
    write_afi: Talk,
    read_afi: Talk,
    write_eas: Talk,
    read_eas: Talk,
}

impl Line {
    fn time(&self, talk: Talk) -> Duration {
        self.gap + self.byte * (talk.out + talk.back)
    }
}

const fn talk(out: u32, back: u32) -> Talk {
    Talk { out, back }
}

fn line(model: ReaderModel) -> Line {
    match model {
        // 19200 8N1; UID and DSFID per tag; 8 blocks with number and lock byte.
        _ => Line {
            byte: Duration::from_nanos(520_833),
            gap: Duration::ZERO,
            inventory: talk(8, 10),
            inventory_back_per_tag: 9,
            read: talk(16, 64),
            write_afi: talk(15, 15),
            read_afi: talk(14, 16),
            write_eas: talk(15, 15),
            read_eas: talk(14, 16),
        },
    }
}

/// One look at these tags.
pub(crate) fn look_floor(model: ReaderModel, uids: &[Uid]) -> Duration {
    let line = line(model);
    let tags = u32::try_from(uids.len()).expect("few tags");
    line.time(line.inventory)
        + line.byte * line.inventory_back_per_tag * tags
        + air::inventory(uids, air::Family::All).time
}

/// The least time in which these books can become known.
pub(crate) fn pile_floor(model: ReaderModel, uids: &[Uid]) -> Duration {
    let line = line(model);
    let tags = u32::try_from(uids.len()).expect("few tags");
    let read = line.time(line.read) + air::exchange(14, 3 + 4 * BLOCKS);
    look_floor(model, uids) + read * tags
}

/// The least time in which one tag is brought to a state and read back.
pub(crate) fn secure_floor(model: ReaderModel, security: &SecurityProfile) -> Duration {
    let line = line(model);
    let afi = line.time(line.write_afi)
        + air::write(13, air::WRITE_MAX)
        + line.time(line.read_afi)
        + air::exchange(12, 17);
    let eas = line.time(line.write_eas) + air::write(13, air::WRITE_MAX) + line.time(line.read_eas);
    // A tag whose EAS is off does not answer when it is asked.
    afi + if security.eas { eas + air::unanswered(13) } else { Duration::ZERO }
}
