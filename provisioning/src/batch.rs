//! `jiehuan-tech tag write --batch`: one barcode a line, one tag after the other.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use drivers::rfid::Uid;
use drivers::rfid::program::batch::{Batch, Entry, Prompt};
use drivers::rfid::tagdata::Parts;
use serde_json::json;

use crate::program::{Item, WriteArgs, one, tell};
use crate::reader::{Opened, say};
use crate::tag::{Line, next_line};

/// Longest wait for the operator, for one tag.
const TAG_WAIT: Duration = Duration::from_secs(120);
/// Longest line: no barcode and no item comes near it.
const LINE_MAX_BYTES: usize = 1024;

/// Runs until the input ends; whether every item is as asked.
///
/// # Errors
/// What ends the batch: reader, log or streams, or no tag in time. An item that cannot be written is
/// told and counted, and the batch goes on.
pub(crate) fn run(
    args: &WriteArgs,
    opened: &mut Opened,
    mut input: impl BufRead,
    output: &mut impl Write,
) -> anyhow::Result<bool> {
    let (log, entries) = match &args.log {
        Some(path) => {
            let (file, entries) = open_log(path)?;
            (Some((file, path.as_path())), entries)
        }
        None => (None, Vec::new()),
    };
    let batch = Batch::resume(args.parts.unwrap_or(1), entries);
    let mut desk = Desk { args, opened, batch, log, output, unread: 0 };
    loop {
        let line = match next_line(&mut input).context("reading standard input")? {
            Line::End => break,
            Line::Text(line) if line.len() <= LINE_MAX_BYTES => line,
            Line::Text(_) | Line::TooLong => {
                desk.bad_line(&format!("longer than {LINE_MAX_BYTES} bytes"))?;
                continue;
            }
        };
        match item(&line) {
            Ok(None) => {}
            Ok(Some(item)) => desk.item(&item)?,
            Err(why) => desk.bad_line(&why)?,
        }
    }
    Ok(desk.batch.progress().failed == 0 && desk.unread == 0)
}

/// A barcode, or an item as JSON; `None` for a blank line.
fn item(line: &[u8]) -> Result<Option<Item>, String> {
    let text = std::str::from_utf8(line).map_err(|_| "not text".to_owned())?.trim();
    if text.is_empty() {
        Ok(None)
    } else if text.starts_with('{') {
        serde_json::from_str(text).map(Some).map_err(|error| error.to_string())
    } else {
        Ok(Some(Item { identifier: text.to_owned(), ..Item::default() }))
    }
}

/// Where a batch is done.
struct Desk<'a, W: Write> {
    args: &'a WriteArgs,
    opened: &'a mut Opened,
    batch: Batch,
    log: Option<(File, &'a Path)>,
    output: &'a mut W,
    /// Lines that were no barcode.
    unread: u32,
}

impl<W: Write> Desk<'_, W> {
    fn say(&mut self, value: &serde_json::Value) -> anyhow::Result<()> {
        say(self.output, self.args.place.json, value)
    }

    fn bad_line(&mut self, why: &str) -> anyhow::Result<()> {
        self.unread += 1;
        self.say(&json!({ "error": "bad_input", "detail": why }))
    }

    fn item(&mut self, item: &Item) -> anyhow::Result<()> {
        // Before a tag is asked for: what cannot be laid out needs none.
        if let Err(error) = self.args.image(item, self.first_parts()) {
            self.batch.give_up(&item.identifier);
            let detail = format!("{error:#}");
            self.say(&json!({
                "error": "bad_item", "identifier": item.identifier, "detail": detail
            }))?;
            return self.progress();
        }
        match self.batch.scanned(&item.identifier) {
            Prompt::Full => bail!("the batch is full; begin another log"),
            Prompt::DoneBefore { identifier } => {
                return self.say(&json!({ "identifier": identifier, "prompt": "done_before" }));
            }
            Prompt::BegunBefore { identifier, uid } => {
                let uids = self.look()?;
                if !matches!(self.batch.looked(&uids), Prompt::Write { .. }) {
                    return self.say(&json!({
                        "identifier": identifier, "uid": uid, "prompt": "begun_before"
                    }));
                }
            }
            _ => {}
        }
        while self.batch.has_item() {
            self.one_tag(item)?;
        }
        Ok(())
    }

    fn first_parts(&self) -> Option<Parts> {
        self.args.parts.filter(|n| *n > 1).map(|in_item| Parts { in_item, number: 1 })
    }

    fn one_tag(&mut self, item: &Item) -> anyhow::Result<()> {
        let (uid, parts) = self.await_tag()?;
        let image = self.args.image(item, parts)?;
        let begun = self.batch.begin(uid);
        self.append(begun)?;
        let report = one(self.opened, uid, &image, &self.args.how);
        tell(&report, self.args.place.json, self.output)?;
        let written = self.batch.written(uid, report.is_as_asked());
        self.append(written)?;
        self.progress()
    }

    fn progress(&mut self) -> anyhow::Result<()> {
        let progress = self.batch.progress();
        self.say(&json!({ "progress": progress }))
    }

    fn look(&mut self) -> anyhow::Result<Vec<Uid>> {
        let seen = self.opened.reader.inventory().context(
            "the reader does not answer; look at plug and power, then go on with the same --log",
        )?;
        Ok(seen.iter().map(|tag| tag.uid).collect())
    }

    /// Looks until one tag lies there that may be written. Each new prompt is said once.
    fn await_tag(&mut self) -> anyhow::Result<(Uid, Option<Parts>)> {
        let until = Instant::now() + TAG_WAIT;
        let mut said = None;
        while Instant::now() < until {
            let uids = self.look()?;
            let prompt = self.batch.looked(&uids);
            let word = match &prompt {
                Prompt::Write { uid, parts, .. } => return Ok((*uid, *parts)),
                Prompt::Lay => "lay",
                Prompt::TakeAway => "take_away",
                Prompt::OneOnly { .. } => "one_only",
                Prompt::BegunBefore { .. } => "begun_before",
                Prompt::Scan | Prompt::DoneBefore { .. } | Prompt::Full => "scan",
            };
            if said.as_ref() != Some(&prompt) {
                self.say(&json!({ "prompt": word }))?;
                said = Some(prompt);
            }
        }
        bail!(
            "no single tag lay on the reader for {} s; lay one and go on with the same --log",
            TAG_WAIT.as_secs()
        )
    }

    /// The line is on the disk when this returns.
    fn append(&mut self, entry: Option<Entry>) -> anyhow::Result<()> {
        let (Some((file, path)), Some(entry)) = (&mut self.log, entry) else { return Ok(()) };
        let line = serde_json::to_string(&entry)? + "\n";
        file.write_all(line.as_bytes())
            .and_then(|()| file.sync_data())
            .with_context(|| format!("writing {}; look at room and rights", path.display()))
    }
}

/// The log, ready to be gone on with, and its lines. A line broken off by a power cut stands last
/// and is cut off: what it was about is begun at most.
fn open_log(path: &Path) -> anyhow::Result<(File, Vec<Entry>)> {
    let using = || format!("using {} as the log; look at its rights", path.display());
    let mut options = OpenOptions::new();
    let file = options.create(true).append(true).read(true).open(path).with_context(using)?;
    let bytes = std::fs::read(path).with_context(using)?;
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1);
    let (lines, broken) = bytes.split_at(whole);
    let text = std::str::from_utf8(lines)
        .with_context(|| format!("{} is no log; give another --log", path.display()))?;
    let entries = text.lines().enumerate().map(|(at, line)| {
        serde_json::from_str(line).map_err(|error| {
            let number = at + 1;
            anyhow!("{}, line {number}: {error}; give another --log", path.display())
        })
    });
    let entries = entries.collect::<anyhow::Result<Vec<Entry>>>()?;
    if !broken.is_empty() {
        file.set_len(u64::try_from(whole)?).with_context(using)?;
    }
    Ok((file, entries))
}
