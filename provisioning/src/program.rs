//! `jiehuan-tech tag write`, `tag convert` and `tag verify`: giving tags their content.
//!
//! Exit codes: 0 all as asked, 1 something could not be done or is not as it should be, 2 wrong
//! arguments.

use std::io::{BufRead, Write};
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use drivers::rfid::Uid;
use drivers::rfid::program::convert::convert;
use drivers::rfid::program::{
    LockChoice, Outcome, Overwrite, Refusal, Report, Request, program, verify,
};
use drivers::rfid::security::Security;
use drivers::rfid::tagdata::{
    Element, ElementId, ImageOptions, Model, Parts, SetInformation, TagData, TagImage, TypeOfUsage,
    Value, encode,
};
use serde::Deserialize;
use serde_json::json;

use crate::batch;
use crate::reader::{Opened, Place, describe, pick, say};

/// User memory written to tags that do not say how much they have.
const MEMORY: usize = 112;

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
    pub(crate) place: Place,
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
    /// One barcode, or one item as JSON, a line on standard input, one tag after the other on the
    /// reader.
    #[arg(long)]
    batch: bool,
    /// Every item of the batch has so many parts, and gets a tag for each.
    #[arg(long, requires = "batch", conflicts_with = "set",
          value_parser = clap::value_parser!(u16).range(1..=PARTS_MAX))]
    pub(crate) parts: Option<u16>,
    /// File in which a batch keeps what was done, to go on after a break.
    #[arg(long, requires = "batch")]
    pub(crate) log: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) how: How,
}

/// Most parts of an item, as part 3 counts them.
const PARTS_MAX: i64 = 255;

/// One item to write: what is not given is as the options say.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    /// Its identifier.
    pub(crate) identifier: String,
    /// Owner's ISIL.
    #[serde(default)]
    pub(crate) owner: Option<String>,
    /// Type of usage, two hexadecimal digits.
    #[serde(default)]
    pub(crate) usage: Option<String>,
    /// Part of a set: number/total.
    #[serde(default)]
    pub(crate) set: Option<String>,
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
        return batch::run(args, &mut opened, input, &mut output);
    }
    let identifier = args.identifier.clone().unwrap_or_default();
    let image = args.image(&Item { identifier, ..Item::default() }, None)?;
    let seen = pick(opened.reader.as_mut(), args.uid)?;
    let report = one(&mut opened, seen.uid, &image, &args.how);
    tell(&report, args.place.json, &mut output)?;
    Ok(report.is_as_asked())
}

impl WriteArgs {
    /// The item laid out; `parts` tells which part of it, unless the item does.
    pub(crate) fn image(&self, item: &Item, parts: Option<Parts>) -> anyhow::Result<TagImage> {
        let mut data = TagData::new(self.tag_model);
        let id = ElementId::PrimaryItemIdentifier;
        data.elements.push(Element::text(id, item.identifier.as_str()));
        if self.tag_model != Model::Rfid501 {
            if let Some(owner) = item.owner.as_ref().or(self.owner.as_ref()) {
                data.elements.push(Element::text(ElementId::OwnerInstitution, owner.clone()));
            }
            let usage = u8::from_str_radix(item.usage.as_ref().unwrap_or(&self.usage), 16)
                .context("usage: write two hexadecimal digits, 10 for a book")?;
            if self.tag_model == Model::Iso28560Part3 && usage & 0x0F != 0 {
                bail!(
                    "usage {usage:02X}: this model has the first digit alone; write {:X}0",
                    usage >> 4
                );
            }
            let value = Value::Usage(TypeOfUsage(usage));
            data.elements.push(Element { id: ElementId::TypeOfUsage, value });
        }
        data.parts = match item.set.as_ref().or(self.set.as_ref()) {
            Some(text) => Some(set(text)?),
            None => parts,
        };
        if let Some(parts) =
            data.parts.filter(|_| !matches!(self.tag_model, Model::Iso28560Part3 | Model::Rfid501))
        {
            let set = SetInformation::from_parts(parts).context("set: at most 999 parts")?;
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
}

/// `number/total`.
fn set(text: &str) -> anyhow::Result<Parts> {
    let parts = text.split_once('/').and_then(|(number, total)| {
        Some(Parts { number: number.parse().ok()?, in_item: total.parse().ok()? })
    });
    let parts = parts.filter(|p| p.number >= 1 && p.number <= p.in_item);
    parts.context("set: write number/total, as 1/3")
}

pub(crate) fn one(opened: &mut Opened, uid: Uid, image: &TagImage, how: &How) -> Report {
    let request = Request {
        security: Some(if how.released { Security::Released } else { Security::Secured }),
        overwrite: if how.overwrite { Overwrite::Anything } else { Overwrite::SameItem },
        lock: if how.lock { LockChoice::ForEver } else { LockChoice::Never },
        ..Request::new(uid, image, &opened.security)
    };
    program(opened.reader.as_mut(), &request)
}

/// The report, and for a person what to do.
pub(crate) fn tell(report: &Report, json: bool, output: &mut impl Write) -> anyhow::Result<()> {
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
    let mut options = ImageOptions::new(whole.memory.len());
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
    let assumed: Vec<String> = converted.assumed.iter().map(ToString::to_string).collect();
    if !(lost.is_empty() && assumed.is_empty()) {
        say(&mut output, args.place.json, &json!({ "lost": lost, "assumed": assumed }))?;
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        args: WriteArgs,
    }

    fn image(usage: &str, model: &str) -> anyhow::Result<TagImage> {
        let place = ["x", "--port", "serial:/dev/ttyUSB0", "--model", "3m810"];
        let item = ["--identifier", "YZ0000789", "--tag-model", model, "--usage", usage];
        let args = Program::try_parse_from(place.iter().chain(&item))?.args;
        let item = Item { identifier: "YZ0000789".to_owned(), ..Item::default() };
        args.image(&item, None)
    }

    #[test]
    fn a_usage_the_model_cannot_hold_is_refused_not_cut() {
        assert!(image("10", "iso28560-3").is_ok());
        assert!(image("12", "iso28560-2").is_ok());
        let error = image("12", "iso28560-3").unwrap_err().to_string();
        assert!(error.contains("write 10"), "{error}");
    }
}
