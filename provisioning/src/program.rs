//! `jiehuan-tech tag write`, `tag convert` and `tag verify`: giving tags their content.
//!
//! Exit codes: 0 all as asked, 1 something could not be done or is not as it should be, 2 wrong
//! arguments.

use std::fs::OpenOptions;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use drivers::rfid::program::batch::{Batch, Entry, Prompt};
use drivers::rfid::program::convert::convert;
use drivers::rfid::program::{
    LockChoice, Outcome, Overwrite, Refusal, Report, Request, program, verify,
};
use drivers::rfid::security::Security;
use drivers::rfid::tagdata::{
    Element, ElementId, ImageOptions, Model, Parts, SetInformation, TagData, TagImage, TypeOfUsage,
    Value, encode,
};
use drivers::rfid::{Seen, Uid};
use serde_json::json;

use crate::reader::{Opened, Place, describe, pick, say};

/// Longest wait for the operator in a batch, for one tag.
const BATCH_WAIT: Duration = Duration::from_secs(120);
/// User memory written to tags that do not say how much they have.
const MEMORY: usize = 112;
/// Longest barcode.
const BARCODE_MAX: u64 = 256;

/// What may be done to a tag.
#[derive(Args)]
pub(crate) struct How {
    /// Write over another item's tag, or a card.
    #[arg(long)]
    overwrite: bool,
    /// Leave the tag released (on loan) instead of secured.
    #[arg(long)]
    released: bool,
    /// Lock the identifier. This is FOR EVER: nothing can undo it.
    #[arg(long, requires = "yes_for_ever")]
    lock: bool,
    /// Confirms --lock.
    #[arg(long)]
    yes_for_ever: bool,
}

#[derive(Args)]
pub(crate) struct WriteArgs {
    #[command(flatten)]
    place: Place,
    /// The tag; without it the only one in the field.
    #[arg(long)]
    uid: Option<Uid>,
    /// Data model: iso28560-2, iso28560-3, iso28560-4, gaoxiao or rfid501.
    #[arg(long, default_value = "iso28560-2")]
    tag_model: Model,
    /// The item's identifier.
    #[arg(long, required_unless_present = "batch", conflicts_with = "batch")]
    identifier: Option<String>,
    /// Owner's ISIL.
    #[arg(long)]
    owner: Option<String>,
    /// Type of usage, two hexadecimal digits.
    #[arg(long, default_value = "10")]
    usage: String,
    /// Part of a set: number/total.
    #[arg(long)]
    set: Option<String>,
    /// One barcode a line on standard input, one tag after the other on the reader.
    #[arg(long)]
    batch: bool,
    /// File in which a batch keeps what was done, to go on after a break.
    #[arg(long, requires = "batch")]
    log: Option<PathBuf>,
    #[command(flatten)]
    how: How,
}

#[derive(Args)]
pub(crate) struct ConvertArgs {
    #[command(flatten)]
    place: Place,
    /// The tag; without it the only one in the field.
    #[arg(long)]
    uid: Option<Uid>,
    /// The new data model.
    #[arg(long)]
    to: Model,
    /// Convert although elements are lost.
    #[arg(long)]
    lose: bool,
    #[command(flatten)]
    how: How,
}

#[derive(Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    place: Place,
    /// The tag; without it the only one in the field.
    #[arg(long)]
    uid: Option<Uid>,
    /// Data model it should have.
    #[arg(long)]
    tag_model: Option<Model>,
    /// Identifier it should have.
    #[arg(long)]
    identifier: Option<String>,
    /// Owner it should have.
    #[arg(long)]
    owner: Option<String>,
}

/// Writes one tag or a batch; whether all is as asked.
///
/// # Errors
/// What could not be done, and what to do.
pub(crate) fn write(
    args: &WriteArgs,
    input: impl BufRead,
    mut output: impl Write,
) -> anyhow::Result<bool> {
    let mut opened = args.place.open()?;
    if args.batch {
        return batch(args, &mut opened, input, &mut output);
    }
    let seen = pick(opened.reader.as_mut(), args.uid)?;
    let identifier = args.identifier.as_deref().unwrap_or_default();
    let image = args.image(identifier)?;
    let report = one(&mut opened, seen.uid, &image, &args.how);
    tell(&report, args.place.json, &mut output)?;
    Ok(report.is_as_asked())
}

impl WriteArgs {
    fn image(&self, identifier: &str) -> anyhow::Result<TagImage> {
        let mut data = TagData::new(self.tag_model);
        data.elements.push(Element::text(ElementId::PrimaryItemIdentifier, identifier));
        if self.tag_model != Model::Rfid501 {
            if let Some(owner) = &self.owner {
                data.elements.push(Element::text(ElementId::OwnerInstitution, owner.clone()));
            }
            let usage = u8::from_str_radix(&self.usage, 16)
                .context("--usage: write two hexadecimal digits, 10 for a book")?;
            let usage = match self.tag_model {
                // This model has the class alone.
                Model::Iso28560Part3 => usage & 0xF0,
                _ => usage,
            };
            let value = Value::Usage(TypeOfUsage(usage));
            data.elements.push(Element { id: ElementId::TypeOfUsage, value });
        }
        data.parts = self.parts()?;
        if let Some(parts) =
            data.parts.filter(|_| !matches!(self.tag_model, Model::Iso28560Part3 | Model::Rfid501))
        {
            let set = SetInformation::from_parts(parts).context("--set: at most 999 parts")?;
            data.elements.push(Element { id: ElementId::SetInformation, value: Value::Set(set) });
        }
        let mut options = ImageOptions::new(MEMORY);
        if self.how.lock {
            options.lock = vec![ElementId::PrimaryItemIdentifier];
        }
        encode(&data, &options).with_context(|| {
            format!("the tag cannot be laid out in {}; try another --tag-model", self.tag_model)
        })
    }

    fn parts(&self) -> anyhow::Result<Option<Parts>> {
        let Some(text) = &self.set else { return Ok(None) };
        let parts = text.split_once('/').and_then(|(number, total)| {
            Some(Parts { number: number.parse().ok()?, in_item: total.parse().ok()? })
        });
        let parts = parts.filter(|p| p.number >= 1 && p.number <= p.in_item);
        Ok(Some(parts.context("--set: write number/total, as 1/3")?))
    }
}

fn one(opened: &mut Opened, uid: Uid, image: &TagImage, how: &How) -> Report {
    let request = Request {
        security: Some(if how.released { Security::Released } else { Security::Secured }),
        overwrite: if how.overwrite { Overwrite::Anything } else { Overwrite::SameItem },
        lock: if how.lock { LockChoice::ForEver } else { LockChoice::Never },
        ..Request::new(uid, image, &opened.security)
    };
    program(opened.reader.as_mut(), &request)
}

/// The report, and for a person what to do.
fn tell(report: &Report, json: bool, output: &mut impl Write) -> anyhow::Result<()> {
    if json {
        return say(output, true, &serde_json::to_value(report)?);
    }
    let line = match &report.outcome {
        Outcome::Written => format!("{}: written and read back", report.uid),
        Outcome::Unchanged => format!("{}: was so already", report.uid),
        Outcome::Refused(Refusal::OtherItem) => format!(
            "{}: carries another item or a card; nothing was written. Add --overwrite to write over it",
            report.uid
        ),
        Outcome::Refused(why) => {
            format!("{}: {why}; nothing was written. Take another tag", report.uid)
        }
        Outcome::Failed(failure) => format!(
            "{}: {} ({}); the tag now reads as {:?}. Lay it in the middle and write it again",
            report.uid, failure.detail, failure.error, failure.left
        ),
    };
    writeln!(output, "{line}").context("writing standard output")?;
    if report.steps.iter().any(|step| step.irreversible && step.tries > 0) {
        writeln!(output, "  locked FOR EVER").context("writing standard output")?;
    }
    Ok(())
}

fn batch(
    args: &WriteArgs,
    opened: &mut Opened,
    mut input: impl BufRead,
    output: &mut impl Write,
) -> anyhow::Result<bool> {
    let mut batch =
        Batch::resume(args.log.as_deref().map(read_log).transpose()?.unwrap_or_default());
    let mut line = String::new();
    loop {
        line.clear();
        let read = std::io::Read::take(&mut input, BARCODE_MAX).read_line(&mut line);
        if read.context("reading standard input")? == 0 {
            break;
        }
        match batch.scanned(&line) {
            Prompt::Scan => continue,
            Prompt::Full => bail!("the batch is full; begin another log"),
            Prompt::DoneBefore { identifier } => {
                let line = json!({ "identifier": identifier, "prompt": "done_before" });
                say(output, args.place.json, &line)?;
                continue;
            }
            _ => {}
        }
        let Some(uid) = await_tag(args, opened, &mut batch, output)? else {
            bail!("no single tag lay on the reader for {} s", BATCH_WAIT.as_secs());
        };
        let report = one(opened, uid, &args.image(line.trim())?, &args.how);
        tell(&report, args.place.json, output)?;
        if let Some(entry) = batch.written(uid, report.is_as_asked())
            && let Some(log) = &args.log
        {
            append(log, &entry)?;
        }
        say(output, args.place.json, &json!({ "progress": batch.progress() }))?;
    }
    Ok(batch.progress().failed == 0)
}

/// Looks until one tag lies there that may be written. Each new prompt is said once.
fn await_tag(
    args: &WriteArgs,
    opened: &mut Opened,
    batch: &mut Batch,
    output: &mut impl Write,
) -> anyhow::Result<Option<Uid>> {
    let until = Instant::now() + BATCH_WAIT;
    let mut said = None;
    while Instant::now() < until {
        let seen = opened.reader.inventory().context("the reader does not answer")?;
        let uids: Vec<Uid> = seen.iter().map(|tag: &Seen| tag.uid).collect();
        let prompt = batch.looked(&uids);
        if let Prompt::Write { uid, .. } = prompt {
            return Ok(Some(uid));
        }
        if said.as_ref() != Some(&prompt) {
            let word = match &prompt {
                Prompt::Lay => "lay",
                Prompt::TakeAway => "take_away",
                Prompt::OneOnly { .. } => "one_only",
                _ => "scan",
            };
            say(output, args.place.json, &json!({ "prompt": word }))?;
            said = Some(prompt);
        }
    }
    Ok(None)
}

fn read_log(path: &Path) -> anyhow::Result<Vec<Entry>> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(Vec::new()) };
    let entry = |(number, line): (usize, &str)| {
        serde_json::from_str(line).with_context(|| {
            format!(
                "{}, line {}: no line of a batch; give another --log",
                path.display(),
                number + 1
            )
        })
    };
    // A line broken off by a power cut stands last; its tag is written once more.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().enumerate().map(entry).collect()
}

fn append(path: &Path, entry: &Entry) -> anyhow::Result<()> {
    let writing = || format!("writing {}", path.display());
    let mut file = OpenOptions::new().create(true).append(true).open(path).with_context(writing)?;
    let line = serde_json::to_string(entry)? + "\n";
    file.write_all(line.as_bytes()).and_then(|()| file.sync_data()).with_context(writing)
}

/// Brings a tag to another data model.
///
/// # Errors
/// What could not be done, and what to do.
pub(crate) fn convert_tag(args: &ConvertArgs, mut output: impl Write) -> anyhow::Result<bool> {
    let mut opened = args.place.open()?;
    let seen = pick(opened.reader.as_mut(), args.uid)?;
    let whole = verify::read_whole(opened.reader.as_mut(), seen.uid, &opened.security)
        .context("the tag could not be read; lay it in the middle and try again")?;
    let data = whole.data.as_ref().map_err(|error| *error).with_context(|| {
        "the tag names no item; write it anew with `jiehuan-tech tag write`".to_owned()
    })?;
    let mut options = ImageOptions::new(whole.memory.len().max(MEMORY.min(whole.memory.len())));
    if args.how.lock {
        options.lock = vec![ElementId::PrimaryItemIdentifier];
    }
    let converted = convert(data, args.to, &options)
        .with_context(|| format!("the tag cannot be laid out in {}", args.to))?;
    let lost: Vec<String> = converted.lost.iter().map(ToString::to_string).collect();
    if !lost.is_empty() && !args.lose {
        bail!(
            "{} has no place for: {}. Nothing was written; add --lose to convert all the same",
            args.to,
            lost.join(", ")
        );
    }
    // The same item: only its model changes. The decoder of the old model still names it.
    let report = one(&mut opened, seen.uid, &converted.image, &args.how);
    tell(&report, args.place.json, &mut output)?;
    if !lost.is_empty() {
        say(&mut output, args.place.json, &json!({ "lost": lost }))?;
    }
    Ok(report.is_as_asked())
}

/// Looks at a tag; whether it is as it should be.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn verify_tag(args: &VerifyArgs, mut output: impl Write) -> anyhow::Result<bool> {
    let mut opened = args.place.open()?;
    let seen = pick(opened.reader.as_mut(), args.uid)?;
    let whole = verify::read_whole(opened.reader.as_mut(), seen.uid, &opened.security)
        .context("the tag could not be read; lay it in the middle and try again")?;
    let expected = verify::Expected {
        model: args.tag_model,
        identifier: args.identifier.clone(),
        owner: args.owner.clone(),
    };
    let problems = verify::problems(&whole, &expected);
    let mut answer = describe(&seen, &whole);
    if let Some(object) = answer.as_object_mut() {
        object.insert("problems".to_owned(), json!(problems));
    }
    say(&mut output, args.place.json, &answer)?;
    Ok(problems.is_empty())
}
