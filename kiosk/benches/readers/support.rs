//! Simulated readers with a shelf of books, and the floor of reading and securing them.

use std::time::Duration;

use drivers::rfid::security::SecurityProfile;
use drivers::rfid::setup::{ReaderModel, ReaderSetup};
use drivers::rfid::tagdata::{
    self, DSFID_PART2, Element, ElementId, ImageOptions, Model as TagModel, TagData,
};
use drivers::rfid::{Air, Uid};
use drivers::sim::field::{Chip, Rng, TagState, air};
use drivers::sim::floor::{self, LineShape};
use drivers::sim::gen2;
use drivers::sim::listen::ListenSpec;
use drivers::sim::reader::{Model, ReaderSim, ReaderSimConfig};
use drivers::sim::tags::PlacedTag;

/// Readers of items.
pub(crate) const MODELS: [ReaderModel; 4] =
    [ReaderModel::M3, ReaderModel::Feig, ReaderModel::Pn5180, ReaderModel::M6e];

/// Blocks the floor reads of each tag.
const BLOCKS: u32 = 8;
/// One byte on the line of a UHF module, 115200 8N1.
const UHF_LINE_BYTE: Duration = Duration::from_nanos(86_806);

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
        let listen = match model {
            // Its SPI stands behind a socket.
            ReaderModel::Pn5180 => ListenSpec::Tcp("127.0.0.1:0".to_owned()),
            _ => ListenSpec::Pty(dir.path().join("pad")),
        };
        let sim = <Model as clap::ValueEnum>::from_str(model.name(), true).expect("simulated");
        let sim = ReaderSim::start(&ReaderSimConfig::new(sim, listen), tags).expect("a simulator");
        let (setup, security) = (ReaderSetup::default(), SecurityProfile::default());
        Self { model, setup, security, sim, _dir: dir }
    }
}

/// Books with random UIDs; the same in every run.
pub(crate) fn shelf(model: ReaderModel, n: u32) -> Vec<PlacedTag> {
    let mut rng = Rng::new(7);
    (0..n).map(|i| PlacedTag { tag: book(model, i, &mut rng), on_pad: false }).collect()
}

fn book(model: ReaderModel, i: u32, rng: &mut Rng) -> TagState {
    let [_, _, _, a, b, c, d, e] = rng.next_u64().to_be_bytes();
    let uhf = model.hears(Air::Gen2);
    let mut data =
        TagData::new(if uhf { TagModel::Iso28560Part4 } else { TagModel::Iso28560Part2 });
    data.elements = vec![
        Element::text(ElementId::PrimaryItemIdentifier, format!("YZ{i:07}")),
        Element::text(ElementId::OwnerInstitution, "CN-321182-YZ"),
    ];
    let image = tagdata::encode(&data, &ImageOptions::new(112)).expect("it fits");
    let id = format!("book{i}");
    if uhf {
        let tid = [0xE2, 0x80, 0x11, 0x60, 0x20, 0, 0, a, b, c, d, e];
        let mut tag = TagState::new(id, Uid::new(&tid).expect("12 bytes"), Chip::Gen2);
        tag.uii = image.uii.expect("a UHF model");
        return tag;
    }
    let uid = Uid::iso15693([0xE0, 4, 1, a & 0x10 | 0x10, b, c, d, e]);
    let mut tag = TagState::new(id, uid, Chip::IcodeSlix).with_content(&image.memory);
    tag.dsfid = DSFID_PART2;
    tag.afi = 0x07;
    tag.eas = true;
    tag
}

/// A station with one simulated reader.
pub(crate) struct Shelf {
    pub(crate) model: ReaderModel,
}

impl Shelf {
    pub(crate) fn station_file(&self) -> String {
        format!(
            "[station]\nid = \"BENCH\"\nbranch = \"YZ-MAIN\"\ndata_dir = \"data\"\n\
             key_file = \"journal.key\"\n[library.profile]\ninstitution_id = \"YZLIB\"\n\
             [reader]\nmodel = \"{}\"\n\
             [session]\nowners = [\"CN-321182-YZ\"]\ncount_check = \"off\"\n",
            self.model.name(),
        )
    }
}

fn dwell() -> Duration {
    Duration::from_millis(ReaderSetup::default().m6e.dwell_ms.into())
}

/// One look at these tags.
pub(crate) fn look_floor(model: ReaderModel, uids: &[Uid]) -> Duration {
    match model {
        ReaderModel::M3 => floor::serial(uids, 0, &LineShape::M3).total(),
        ReaderModel::Feig => floor::serial(uids, 0, &LineShape::FEIG).total(),
        ReaderModel::M6e => gen2::air::least_time(0, dwell(), UHF_LINE_BYTE),
        _ => floor::air(uids, 0).total(),
    }
}

/// What a tag waits on average until it can be heard: half a look at an empty reader. A UHF module
/// hears new tags while it searches.
pub(crate) fn wait_floor(model: ReaderModel) -> Duration {
    match model {
        ReaderModel::M6e => Duration::ZERO,
        _ => look_floor(model, &[]) / 2,
    }
}

/// The least time in which these books can become known.
pub(crate) fn pile_floor(model: ReaderModel, uids: &[Uid]) -> Duration {
    match model {
        ReaderModel::M3 => floor::serial(uids, BLOCKS, &LineShape::M3).total(),
        ReaderModel::Feig => floor::serial(uids, BLOCKS, &LineShape::FEIG).total(),
        ReaderModel::M6e => {
            let tags = u32::try_from(uids.len()).expect("few tags");
            gen2::air::least_time(tags, dwell(), UHF_LINE_BYTE)
        }
        _ => floor::air(uids, BLOCKS).total(),
    }
}

/// The least time in which one tag is brought to a state and read back: bytes out and back of each
/// exchange on the line, and its time on the air.
pub(crate) fn secure_floor(model: ReaderModel) -> Duration {
    // A tag whose EAS is off does not answer when it is asked.
    let hf = air::write(13, air::WRITE_MAX) * 2 + air::exchange(12, 17) + air::unanswered(13);
    match model {
        ReaderModel::M3 => LineShape::M3.byte_time * (15 + 15 + 15 + 15 + 14 + 14 + 14 + 16) + hf,
        ReaderModel::Feig => {
            let feig = LineShape::FEIG;
            feig.byte_time * (16 + 6 + 16 + 6 + 15 + 19 + 16 + 6) + feig.gap * 4 + hf
        }
        ReaderModel::M6e => {
            // Written and read by the EPC of 10 words; the word takes what the simulator takes.
            let open = gen2::air::open(160, 10);
            let line = UHF_LINE_BYTE * (40 + 7 + 38 + 9);
            open + gen2::air::write(air::WRITE_MAX) + open + gen2::air::read(1) + line
        }
        _ => hf,
    }
}
