//! The tags file of the simulator (docs/tags-file.md).

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::field::{BLOCK_LEN, Behaviour, Chip, Position, TagState};
use crate::rfid::{Air, Uid, Uii};

/// Largest tags file read, in bytes.
pub const FILE_MAX: u64 = 16 * 1024 * 1024;

/// A tag and whether it lies on the pad at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedTag {
    /// The tag.
    pub tag: TagState,
    /// Whether it lies on the pad.
    pub on_pad: bool,
}

/// A tags file that cannot be used. Each text says where and what to write.
#[derive(Debug, thiserror::Error)]
pub enum TagsError {
    /// The file cannot be read.
    #[error("cannot read the tags file {path}: {source}. Check the path and that it may be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The file is far larger than any tags file.
    #[error("the tags file {path} is larger than {FILE_MAX} bytes: is it the right file?")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Not the JSON of docs/tags-file.md; the source names field, line and column.
    #[error("tags file {path}: {source}. The format is in docs/tags-file.md")]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        source: serde_json::Error,
    },
    /// A tag that cannot exist.
    #[error("tags file {path}, tag {number} ({id:?}), field {field}: {problem}")]
    Tag {
        /// The file.
        path: PathBuf,
        /// Its place in the list, from 1.
        number: usize,
        /// Its name.
        id: String,
        /// The field.
        field: &'static str,
        /// What is wrong.
        problem: String,
    },
}

/// Bytes written as hexadecimal digits, with spaces as one likes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct HexBytes(Vec<u8>);

impl<'de> Deserialize<'de> for HexBytes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| c.to_digit(16).map(|n| n as u8))
            .collect();
        match digits.as_deref().map(<[u8]>::as_chunks::<2>) {
            Some((pairs, [])) => Ok(Self(pairs.iter().map(|[h, l]| h << 4 | l).collect())),
            _ => Err(D::Error::custom(format!("{text:?} is not an even number of hex digits"))),
        }
    }
}

impl Serialize for HexBytes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let blocks: Vec<String> = self
            .0
            .chunks(BLOCK_LEN)
            .map(|block| block.iter().map(|b| format!("{b:02X}")).collect())
            .collect();
        s.serialize_str(&blocks.join(" "))
    }
}

/// One byte written as two hexadecimal digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct HexByte(u8);

impl<'de> Deserialize<'de> for HexByte {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        match u8::from_str_radix(&text, 16) {
            Ok(value) if text.len() == 2 => Ok(Self(value)),
            _ => Err(D::Error::custom(format!("{text:?} is not two hex digits"))),
        }
    }
}

impl Serialize for HexByte {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&format_args!("{:02X}", self.0))
    }
}

/// 16 bits written as four hexadecimal digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct HexWord(u16);

impl<'de> Deserialize<'de> for HexWord {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        match u16::from_str_radix(&text, 16) {
            Ok(value) if text.len() == 4 => Ok(Self(value)),
            _ => Err(D::Error::custom(format!("{text:?} is not four hex digits"))),
        }
    }
}

impl Serialize for HexWord {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&format_args!("{:04X}", self.0))
    }
}

/// 32 bits written as eight hexadecimal digits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct HexLong(u32);

impl HexLong {
    fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

impl<'de> Deserialize<'de> for HexLong {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        match u32::from_str_radix(&text, 16) {
            Ok(value) if text.len() == 8 => Ok(Self(value)),
            // Not said: it is a password.
            _ => Err(D::Error::custom("a password is eight hex digits")),
        }
    }
}

impl Serialize for HexLong {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&format_args!("{:08X}", self.0))
    }
}

/// A UID written as hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HexUid(Uid);

impl<'de> Deserialize<'de> for HexUid {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map(Self).map_err(D::Error::custom)
    }
}

impl Serialize for HexUid {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TagsFile {
    tags: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    uid: HexUid,
    #[serde(default)]
    chip: Chip,
    #[serde(default)]
    blocks: HexBytes,
    #[serde(default)]
    locked_blocks: BTreeSet<u8>,
    #[serde(default)]
    dsfid: HexByte,
    #[serde(default)]
    dsfid_locked: bool,
    #[serde(default)]
    afi: HexByte,
    #[serde(default)]
    afi_locked: bool,
    #[serde(default)]
    eas: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    eas_locked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pc: Option<HexWord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epc: Option<HexBytes>,
    #[serde(default, skip_serializing_if = "HexLong::is_zero")]
    access_password: HexLong,
    #[serde(default)]
    position: Position,
    #[serde(default)]
    behaviour: Behaviour,
    #[serde(default)]
    on_pad: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Most words of an EPC: five bits of the PC.
const EPC_WORDS_MAX: usize = 31;

/// The PC of an EPC of so many bytes and nothing else said: its length in words, bits 15-11.
fn plain_pc(epc_len: usize) -> u16 {
    ((epc_len / 2) as u16) << 11
}

impl Entry {
    /// The identifier and the fields that only some kinds of tag have.
    fn check_kind(&self) -> Result<(), (&'static str, String)> {
        let air = self.chip.air();
        let lens = self.chip.uid_lens();
        let uid = self.uid.0.bytes();
        if !lens.contains(&uid.len()) {
            let digits: Vec<String> = lens.iter().map(|len| (2 * len).to_string()).collect();
            let digits = digits.join(" or ");
            return Err(("uid", format!("for this chip write {digits} hexadecimal digits")));
        }
        if air == Air::Iso15693 && uid.first() != Some(&0xE0) {
            return Err(("uid", "an ISO 15693 UID begins with E0".into()));
        }
        if air != Air::Gen2 && (self.pc.is_some() || self.epc.is_some()) {
            return Err(("epc", "only chip gen2 has pc and epc; leave them out".into()));
        }
        if air != Air::Gen2 && !self.access_password.is_zero() {
            return Err(("access_password", "only chip gen2 has one; leave it out".into()));
        }
        let epc = self.epc.as_ref().map_or(0, |epc| epc.0.len());
        if !epc.is_multiple_of(2) || epc > 2 * EPC_WORDS_MAX {
            return Err(("epc", format!("write whole words of 2 bytes, at most {EPC_WORDS_MAX}")));
        }
        if let Some(HexWord(pc)) = self.pc
            && pc & 0xF800 != plain_pc(epc)
        {
            let words = epc / 2;
            return Err(("pc", format!("its first 5 bits must be the words of epc, here {words}")));
        }
        let registers = self.dsfid.0 != 0 || self.afi.0 != 0;
        if registers && !self.chip.has_registers() && air != Air::Gen2 {
            return Err(("afi", "this chip has no afi and dsfid; leave them out".into()));
        }
        Ok(())
    }

    fn uii(&self) -> Uii {
        let bytes = self.epc.clone().unwrap_or_default().0;
        let pc = self.pc.map_or(plain_pc(bytes.len()), |pc| pc.0);
        Uii { pc, bytes }
    }

    fn check(&self, earlier: &[Self]) -> Result<(), (&'static str, String)> {
        if self.id.is_empty() || self.id.contains(char::is_whitespace) {
            return Err(("id", "write a name without spaces".into()));
        }
        if earlier.iter().any(|other| other.id == self.id) {
            return Err(("id", "another tag has the same; give each its own".into()));
        }
        self.check_kind()?;
        let blocks = self.chip.blocks();
        let room = usize::from(blocks) * BLOCK_LEN;
        if self.blocks.0.len() > room {
            let len = self.blocks.0.len();
            return Err(("blocks", format!("{len} bytes, but this chip has room for {room}")));
        }
        if let Some(block) = self.locked_blocks.iter().find(|b| **b >= blocks) {
            let problem = match blocks {
                0 => "this chip has no blocks".into(),
                _ => format!("there is no block {block}; this chip has 0 to {}", blocks - 1),
            };
            return Err(("locked_blocks", problem));
        }
        if self.eas && !self.chip.has_eas() {
            return Err(("eas", "this chip has none; leave it out or write false".into()));
        }
        if let Position::Edge { answers_percent: 101.. } = self.position {
            return Err(("position", "answers_percent is 0 to 100".into()));
        }
        Ok(())
    }

    fn place(self) -> PlacedTag {
        let uii = self.uii();
        let mut tag = TagState::new(self.id, self.uid.0, self.chip).with_content(&self.blocks.0);
        tag.uii = uii;
        tag.access_password = self.access_password.0;
        tag.eas_locked = self.eas_locked;
        tag.locked = self.locked_blocks;
        tag.dsfid = self.dsfid.0;
        tag.dsfid_locked = self.dsfid_locked;
        tag.afi = self.afi.0;
        tag.afi_locked = self.afi_locked;
        tag.eas = self.eas;
        tag.position = self.position;
        tag.behaviour = self.behaviour;
        PlacedTag { tag, on_pad: self.on_pad }
    }
}

/// Reads a tags file.
///
/// # Errors
/// [`TagsError`] with file, line or tag, field, and what to write.
pub fn read(path: &Path) -> Result<Vec<PlacedTag>, TagsError> {
    let failed = |source| TagsError::Read { path: path.to_owned(), source };
    if fs::metadata(path).map_err(failed)?.len() > FILE_MAX {
        return Err(TagsError::TooLarge { path: path.to_owned() });
    }
    parse(path, &fs::read_to_string(path).map_err(failed)?)
}

/// Reads the text of a tags file; `path` is for errors only.
///
/// # Errors
/// As [`read`].
pub fn parse(path: &Path, text: &str) -> Result<Vec<PlacedTag>, TagsError> {
    let file: TagsFile = serde_json::from_str(text)
        .map_err(|source| TagsError::Json { path: path.to_owned(), source })?;
    for (i, entry) in file.tags.iter().enumerate() {
        entry.check(&file.tags[..i]).map_err(|(field, problem)| TagsError::Tag {
            path: path.to_owned(),
            number: i + 1,
            id: entry.id.clone(),
            field,
            problem,
        })?;
    }
    Ok(file.tags.into_iter().map(Entry::place).collect())
}

/// Writes a tags file: the whole new one or the whole old one is there at any moment.
///
/// # Errors
/// The system's.
pub fn write(path: &Path, tags: &[TagState], on_pad: &[String]) -> io::Result<()> {
    let lines: Vec<String> =
        tags.iter().map(|tag| to_json(tag, on_pad.contains(&tag.id))).collect();
    let new = path.with_extension("new");
    fs::write(&new, format!("{{\"tags\": [\n{}\n]}}\n", lines.join(",\n")))?;
    fs::rename(&new, path)
}

/// A tag's state as one line of JSON, in the form of the tags file.
#[must_use]
pub fn to_json(tag: &TagState, on_pad: bool) -> String {
    let gen2 = tag.chip.air() == Air::Gen2;
    let entry = Entry {
        id: tag.id.clone(),
        uid: HexUid(tag.uid),
        chip: tag.chip,
        blocks: HexBytes(tag.blocks.concat()),
        locked_blocks: tag.locked.clone(),
        dsfid: HexByte(tag.dsfid),
        dsfid_locked: tag.dsfid_locked,
        afi: HexByte(tag.afi),
        afi_locked: tag.afi_locked,
        eas: tag.eas,
        eas_locked: tag.eas_locked,
        pc: gen2.then_some(HexWord(tag.uii.pc)),
        epc: gen2.then(|| HexBytes(tag.uii.bytes.clone())),
        access_password: HexLong(tag.access_password),
        position: tag.position,
        behaviour: tag.behaviour,
        on_pad,
    };
    serde_json::to_string(&entry).expect("plain fields and text keys always become JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::field::Pull;

    fn read_text(text: &str) -> Result<Vec<PlacedTag>, String> {
        parse(Path::new("tags.json"), text).map_err(|e| e.to_string())
    }

    #[test]
    fn kept_tags_outlive_their_reader() {
        use crate::sim::listen::ListenSpec;
        use crate::sim::reader::{Model, ReaderSim, ReaderSimConfig};

        let doc = include_str!("../../../docs/tags-file.md");
        let example = doc.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tags.json");
        fs::write(&path, example).unwrap();
        let listen = ListenSpec::Tcp("127.0.0.1:0".to_owned());
        let config = ReaderSimConfig {
            keep: Some(path.clone()),
            ..ReaderSimConfig::new(Model::M3Pad, listen)
        };
        let sim = ReaderSim::start(&config, read(&path).unwrap()).unwrap();
        let mut book = sim.tag("book1").unwrap();
        (book.afi, book.eas) = (0xC2, false);
        sim.put_tag(book.clone()).unwrap();
        sim.lay(&["book2"]).unwrap();
        sim.lift(&["book1"]).unwrap();
        // Read while it runs: a reader that is killed says nothing at its end.
        let kept = read(&path).unwrap();
        assert_eq!((&kept[0].tag, kept[0].on_pad), (&book, false));
        assert!(kept[1].on_pad);
        assert_eq!(kept.len(), read_text(example).unwrap().len());
    }

    /// The example of docs/tags-file.md.
    #[test]
    fn the_documents_example() {
        let doc = include_str!("../../../docs/tags-file.md");
        let example = doc.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
        let tags = read_text(example).unwrap();
        let ids: Vec<_> = tags.iter().map(|t| (t.tag.id.as_str(), t.on_pad)).collect();
        let expected = [
            ("book1", true),
            ("book2", false),
            ("edge", true),
            ("twin1", false),
            ("twin2", false),
            ("hotel", false),
            ("card", false),
            ("uhf", false),
        ];
        assert_eq!(ids, expected);
        let first = &tags[0].tag;
        assert_eq!((first.afi, first.dsfid, first.eas), (0x07, 0x06, true));
        assert_eq!(first.blocks[0], [0x91, 0x00, 0x05, 0x1C]);
        assert_eq!(first.blocks.len(), 28);
        assert_eq!(tags[1].tag.behaviour.pull, Some(Pull::AfterBlocks(2)));
        assert_eq!(tags[2].tag.position, Position::Edge { answers_percent: 60 });
        assert_eq!(tags[3].tag.position, Position::Touching { pair: 1 });
        assert_eq!(tags[6].tag.uid.bytes().len(), 7);
        let uhf = &tags[7].tag;
        assert_eq!((uhf.uii.pc, uhf.uii.bytes.len(), uhf.access_password), (0x45C2, 16, 0xBEEF));
    }

    #[test]
    fn what_is_printed_reads_back() {
        let doc = include_str!("../../../docs/tags-file.md");
        let example = doc.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
        for placed in read_text(example).unwrap() {
            let json = to_json(&placed.tag, placed.on_pad);
            assert!(!json.contains('\n'));
            assert_eq!(read_text(&format!(r#"{{"tags":[{json}]}}"#)).unwrap(), [placed]);
        }
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let check = |text: &str, parts: &[&str]| {
            let error = read_text(text).unwrap_err();
            for part in parts {
                assert!(error.contains(part), "{part:?} not in {error:?}");
            }
        };
        let tag = |more: &str| {
            format!("{{\"tags\":[\n{{\"id\":\"b\",\"uid\":\"E00401003123AA26\"{more}}}]}}")
        };
        check("{", &["tags.json", "line 1", "docs/tags-file.md"]);
        check(&tag(",\"afy\":\"07\""), &["afy", "line 2"]);
        check(&tag(",\"afi\":\"7\""), &["two hex digits", "line 2"]);
        check(&tag(",\"blocks\":\"ABC\""), &["hex digits", "line 2"]);
        check("{\"tags\":[{\"id\":\"b\"}]}", &["uid"]);
        check("{\"tags\":[{\"id\":\"b\",\"uid\":\"E0\"}]}", &["16 hexadecimal digits"]);
        check(&tag(",\"locked_blocks\":[28]"), &["tag 1 (\"b\")", "locked_blocks", "0 to 27"]);
        check(&tag(",\"chip\":\"tag-it-plus\",\"eas\":true"), &["eas", "leave it out"]);
        check(&tag(",\"chip\":\"mifare-classic\""), &["uid", "8 or 14 hexadecimal digits"]);
        check(&tag(",\"chip\":\"tag-it-standard\",\"afi\":\"07\""), &["afi", "leave them out"]);
        check(&tag(",\"epc\":\"1234\""), &["epc", "gen2"]);
        check(&tag(",\"access_password\":\"12\""), &["eight hex digits"]);
        let uhf = |more: &str| {
            let uid = "E20034120123456789ABCDEF";
            format!("{{\"tags\":[{{\"id\":\"u\",\"uid\":\"{uid}\",\"chip\":\"gen2\"{more}}}]}}")
        };
        check(&uhf(",\"epc\":\"12\""), &["epc", "words"]);
        check(&uhf(",\"epc\":\"1234\",\"pc\":\"3000\""), &["pc", "here 1"]);
        assert_eq!(read_text(&uhf(",\"epc\":\"1234\"")).unwrap()[0].tag.uii.pc, 0x0800);
        let long = format!(",\"blocks\":\"{}\"", "00".repeat(113));
        check(&tag(&long), &["113 bytes", "112"]);
        let twice = "{\"id\":\"b\",\"uid\":\"E00401003123AA26\"}";
        check(&format!("{{\"tags\":[{twice},{twice}]}}"), &["tag 2", "id"]);
    }
}
