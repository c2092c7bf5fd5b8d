//! `jiehuan-tech reader`: one reader, without a station.
//!
//! Exit codes: 0 as asked, 1 it could not be done, 2 wrong arguments.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use drivers::port::PortSpec;
use drivers::rfid::chip::Chip;
use drivers::rfid::program::{Content, verify};
use drivers::rfid::security::SecurityProfile;
use drivers::rfid::setup::{ReaderModel, ReaderSetup};
use drivers::rfid::{Air, ReaderError, Seen, TagReader, Uid};
use serde::Deserialize;
use serde_json::{Value as Json, json};

/// Bytes of a block, as readers count them here.
const BLOCK_LEN: usize = 4;
/// The block of an ICODE SLIX2 that is no memory (rfid-data.md section 6.1).
const SLIX2_COUNTER: usize = 79;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Ask model and firmware; with --model auto, try every model's harmless question.
    Probe(Place),
    /// List the tags in the field.
    Inventory(Place),
    /// Read a tag's memory and say what it is.
    Read(Read),
    /// Write raw blocks and read them back.
    Write(Raw),
}

/// Which reader, and where.
#[derive(Args)]
pub(crate) struct Place {
    /// Where it is connected (docs/config.md, "Ports").
    #[arg(long)]
    pub(crate) port: PortSpec,
    /// Model: 3m810, feig, pn5180, m6e, pn532, pcsc, or auto (for probe).
    #[arg(long, default_value = "auto")]
    pub(crate) model: String,
    /// A file with the model's settings, as [reader.setup] and [security] of a station.
    #[arg(long, value_name = "FILE")]
    pub(crate) setup: Option<PathBuf>,
    /// Answer in JSON instead of readable text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Read {
    #[command(flatten)]
    place: Place,
    /// The tag; without it the only one in the field.
    #[arg(long)]
    uid: Option<Uid>,
}

#[derive(Args)]
pub(crate) struct Raw {
    #[command(flatten)]
    place: Place,
    /// The tag; without it the only one in the field.
    #[arg(long)]
    uid: Option<Uid>,
    /// First block.
    #[arg(long)]
    first: u8,
    /// Whole blocks of 4 bytes, hexadecimal.
    #[arg(long)]
    hex: String,
    /// Write also where a tag names an item or a card.
    #[arg(long)]
    overwrite: bool,
}

/// The file of `--setup`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SetupFile {
    setup: ReaderSetup,
    security: SecurityProfile,
}

/// An open reader.
pub(crate) struct Opened {
    pub(crate) reader: Box<dyn TagReader>,
    pub(crate) security: SecurityProfile,
}

impl Place {
    fn file(&self) -> anyhow::Result<SetupFile> {
        let Some(path) = &self.setup else { return Ok(SetupFile::default()) };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("reading {}; give a file of settings", path.display()))?;
        toml::from_str(&text).with_context(|| in_file(path))
    }

    /// Opens the reader of the model named.
    pub(crate) fn open(&self) -> anyhow::Result<Opened> {
        if self.model == "auto" {
            bail!("write --model; `jiehuan-tech reader probe --port {}` finds it out", self.port);
        }
        let model: ReaderModel = self.model.parse()?;
        let file = self.file()?;
        let reader = file.setup.open(model, &self.port, None).with_context(|| {
            "look at plug and power; `jiehuan-tech devices` lists what is connected".to_owned()
        })?;
        Ok(Opened { reader, security: file.security })
    }
}

fn in_file(path: &Path) -> String {
    format!("{}: correct the marked place; docs/config.md has [reader.setup]", path.display())
}

/// Runs the command.
///
/// # Errors
/// What could not be done, and what to look at.
pub(crate) fn run(command: &Command, mut output: impl Write) -> anyhow::Result<()> {
    match command {
        Command::Probe(place) => probe(place, &mut output),
        Command::Inventory(place) => inventory(place, &mut output),
        Command::Read(read) => self::read(read, &mut output),
        Command::Write(raw) => write(raw, &mut output),
    }
}

/// One JSON object a line, or `key value` lines.
pub(crate) fn say(output: &mut impl Write, json: bool, value: &Json) -> anyhow::Result<()> {
    let written = match value.as_object().filter(|_| !json) {
        None => writeln!(output, "{value}"),
        Some(object) => object.iter().try_for_each(|(key, value)| match value {
            Json::String(text) if !text.chars().any(char::is_control) => {
                writeln!(output, "{key:14}{text}")
            }
            other => writeln!(output, "{key:14}{other}"),
        }),
    };
    written.and_then(|()| output.flush()).context("writing standard output")
}

fn probe(place: &Place, output: &mut impl Write) -> anyhow::Result<()> {
    let file = place.file()?;
    let models: Vec<ReaderModel> = match place.model.as_str() {
        "auto" => ReaderModel::ALL.to_vec(),
        name => vec![name.parse()?],
    };
    let mut tried = Vec::new();
    for model in models {
        // A reader of another make may answer a probe with noise; only a whole answer counts.
        let answer = file
            .setup
            .open(model, &place.port, None)
            .map_err(|error| error.to_string())
            .and_then(|mut reader| reader.identify().map_err(|error| error.to_string()));
        match answer {
            Ok(info) => {
                let answer = json!({
                    "port": place.port.to_string(),
                    "model": info.model,
                    "firmware": info.firmware,
                    "reads_items": model.reads_items(),
                });
                return say(output, place.json, &answer);
            }
            Err(error) => tried.push(format!("{}: {error}", model.name())),
        }
    }
    bail!(
        "no reader answers at {}:\n  {}\nlook at plug, power and speed of the line (PORT@SPEED)",
        place.port,
        tried.join("\n  ")
    )
}

fn air(air: Air) -> &'static str {
    match air {
        Air::Iso15693 => "iso15693",
        Air::Iso14443 => "iso14443",
        Air::Gen2 => "gen2",
    }
}

fn inventory(place: &Place, output: &mut impl Write) -> anyhow::Result<()> {
    let mut opened = place.open()?;
    let seen = opened.reader.inventory().context(NO_ANSWER)?;
    if place.json {
        for tag in &seen {
            let dsfid = tag.dsfid.map(|dsfid| format!("{dsfid:02X}"));
            let line = json!({ "uid": tag.uid.to_string(), "air": air(tag.air), "chip": Chip::of(tag).name(), "dsfid": dsfid });
            say(output, true, &line)?;
        }
        return Ok(());
    }
    for tag in &seen {
        writeln!(output, "{}  {}  {}", tag.uid, air(tag.air), Chip::of(tag).name())
            .context("writing standard output")?;
    }
    writeln!(output, "{} tags", seen.len()).context("writing standard output")
}

const NO_ANSWER: &str = "the reader does not answer; look at plug, power and --model";

/// The tag named, or the only one there.
pub(crate) fn pick(reader: &mut dyn TagReader, wanted: Option<Uid>) -> anyhow::Result<Seen> {
    let seen = reader.inventory().context(NO_ANSWER)?;
    match (wanted, &seen[..]) {
        (Some(uid), _) => match seen.iter().find(|tag| tag.uid == uid) {
            Some(tag) => Ok(*tag),
            None => bail!("the tag {uid} is not in the field; lay it in the middle"),
        },
        (None, [tag]) => Ok(*tag),
        (None, []) => bail!("no tag is in the field; lay one in the middle"),
        (None, many) => {
            let uids: Vec<String> = many.iter().map(|tag| tag.uid.to_string()).collect();
            bail!(
                "{} tags are in the field; leave one, or name it: --uid {}",
                many.len(),
                uids.join(" | ")
            )
        }
    }
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// What is known of a tag, for `reader read` and `tag verify`.
pub(crate) fn describe(seen: &Seen, whole: &verify::Whole) -> Json {
    let mut answer = json!({
        "uid": seen.uid.to_string(),
        "air": air(seen.air),
        "chip": Chip::of(seen).name(),
        "blocks": whole.found.blocks,
        "memory": to_hex(&whole.memory),
        "dsfid": whole.found.dsfid.map(|b| format!("{b:02X}")),
        "afi": whole.found.afi.map(|b| format!("{b:02X}")),
        "eas": whole.found.eas,
        "security": whole.state,
        "locked_blocks": whole.found.locked,
    });
    let card = matches!(&whole.found.content, Content::Occupied(there) if there.card);
    if let (true, Some(object)) = (card, answer.as_object_mut()) {
        // A patron's number stands in it.
        object.remove("memory");
    }
    if let (Some(uii), Some(object), false) = (&whole.uii, answer.as_object_mut(), card) {
        let bank = drivers::rfid::tagdata::uhf::mb01(uii);
        object.insert("uii".to_owned(), to_hex(&bank).into());
    }
    if let (Ok(Json::Object(content)), Some(object)) =
        (serde_json::to_value(&whole.found.content), answer.as_object_mut())
    {
        object.extend(content);
    }
    answer
}

fn read(read: &Read, output: &mut impl Write) -> anyhow::Result<()> {
    let mut opened = read.place.open()?;
    let seen = pick(opened.reader.as_mut(), read.uid)?;
    if seen.air == Air::Iso14443 {
        // Of a card only the identifier is read; it is a patron's and stays here.
        return say(output, read.place.json, &json!({ "air": air(seen.air), "content": "card" }));
    }
    let whole = verify::read_whole(opened.reader.as_mut(), seen.uid, &opened.security)
        .context("the tag could not be read; lay it in the middle and try again")?;
    say(output, read.place.json, &describe(&seen, &whole))
}

fn write(raw: &Raw, output: &mut impl Write) -> anyhow::Result<()> {
    let data = crate::tag::hex(&raw.hex).map_err(|why| anyhow::anyhow!("--hex: {why}"))?;
    if data.is_empty() || !data.len().is_multiple_of(BLOCK_LEN) {
        bail!("--hex: write whole blocks of {BLOCK_LEN} bytes");
    }
    let mut opened = raw.place.open()?;
    let seen = pick(opened.reader.as_mut(), raw.uid)?;
    let last = usize::from(raw.first) + data.len() / BLOCK_LEN - 1;
    if Chip::of(&seen) == Chip::IcodeSlix2 && last >= SLIX2_COUNTER {
        bail!("block {SLIX2_COUNTER} of an ICODE SLIX2 is a counter; write below it");
    }
    let reader = opened.reader.as_mut();
    let whole = verify::read_whole(reader, seen.uid, &opened.security)
        .context("the tag could not be read; lay it in the middle and try again")?;
    if matches!(whole.found.content, Content::Occupied(_)) && !raw.overwrite {
        bail!("the tag names an item or a card; add --overwrite to write over it all the same");
    }
    let blocks = data.len() / BLOCK_LEN;
    let count = u8::try_from(blocks).context("--hex: at most 255 blocks")?;
    reader.write_blocks(seen.uid, raw.first, &data).map_err(explain)?;
    let back = reader.read_blocks(seen.uid, raw.first, count).map_err(explain)?;
    if back != data {
        bail!("the tag does not hold what was written; lay it in the middle and write again");
    }
    let answer = json!({
        "uid": seen.uid.to_string(), "first": raw.first, "blocks": blocks, "written": true
    });
    say(output, raw.place.json, &answer)
}

fn explain(error: ReaderError) -> anyhow::Error {
    let advice = match &error {
        ReaderError::NoTag => "lay the tag in the middle and read it before writing again",
        ReaderError::Locked => "a locked block can never be changed; take another tag",
        ReaderError::NoMemory => "the tag is smaller; look at it with `reader read`",
        _ => "read the tag to see what was written, then try again",
    };
    anyhow::Error::new(error).context(advice)
}
