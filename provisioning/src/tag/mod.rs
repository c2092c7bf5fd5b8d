//! `jiehuan-tech tag decode` and `tag encode`: what the bytes of tags say, and back.
//!
//! One JSON object per line of standard input:
//!
//! | key | value |
//! |---|---|
//! | `id` | any JSON value; the answer repeats it |
//! | `memory` | the tag's user memory from block 0, hexadecimal, blanks and any case allowed; of a UHF tag bank 01, with its checksum word or without |
//! | `user` | optional: a UHF tag's user bank |
//! | `dsfid` | optional: the DSFID, hexadecimal |
//! | `model` | optional: `iso28560-2`, `iso28560-3`, `iso28560-4`, `gaoxiao`, `rfid501` or `auto` (the default): a UHF tag is then known by `user` or by the right checksum word of bank 01 |
//!
//! Every line gets one answer in the same order; blank lines are passed over. A line that cannot
//! be understood is answered with the error `bad_input` and the run goes on. The exit code is 0
//! when all lines were answered, whatever the answers, and 1 when reading or writing failed.

mod encode;

use std::io::{self, BufRead, Write};

use anyhow::Context;
use clap::{Args, Subcommand};
use drivers::rfid::tagdata::{self, ElementId, MEMORY_MAX, Model, TagData, Value, uhf};
use serde::Serializer;
use serde_json::Value as Json;

/// Longest input line in bytes: twice the memory of the largest tag, written in hexadecimal with a
/// blank after every byte.
const LINE_MAX_BYTES: usize = 2 * 3 * MEMORY_MAX;
/// Column of the values in readable output.
const VALUE_COLUMN: usize = 40;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Decode tag memory: JSON lines on standard input, one answer per line.
    Decode(Decode),
    /// Encode elements to tag memory: JSON lines on standard input, one answer per line.
    Encode(Decode),
}

#[derive(Args)]
pub(crate) struct Decode {
    /// Answer in JSON lines instead of readable text.
    #[arg(long)]
    json: bool,
}

/// Runs the command between the given streams.
///
/// # Errors
/// When input cannot be read or output cannot be written.
pub(crate) fn run(
    command: &Command,
    mut input: impl BufRead,
    mut output: impl Write,
) -> anyhow::Result<()> {
    let (Decode { json }, reply): (&Decode, fn(&[u8]) -> Answer) = match command {
        Command::Decode(how) => (how, answer),
        Command::Encode(how) => (how, encode::answer),
    };
    loop {
        let answer = match next_line(&mut input).context("reading standard input")? {
            Line::End => break,
            Line::Text(line) if line.trim_ascii().is_empty() => continue,
            Line::Text(line) => reply(&line),
            Line::TooLong => Answer::bad_input(
                Json::Null,
                &format!("the line is longer than {LINE_MAX_BYTES} bytes"),
            ),
        };
        let written =
            if *json { answer.write_json(&mut output) } else { answer.write_text(&mut output) };
        written.context("writing standard output")?;
    }
    output.flush().context("writing standard output")
}

pub(crate) enum Line {
    Text(Vec<u8>),
    /// It was passed over; nothing of it is kept.
    TooLong,
    End,
}

/// The next line, of which at most [`LINE_MAX_BYTES`] are held in memory.
pub(crate) fn next_line(input: &mut impl BufRead) -> io::Result<Line> {
    let mut line = Vec::new();
    let mut too_long = false;
    let mut any = false;
    loop {
        let buffer = match input.fill_buf() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            buffer => buffer?,
        };
        if buffer.is_empty() {
            break;
        }
        any = true;
        let end = buffer.iter().position(|&b| b == b'\n');
        let piece = &buffer[..end.unwrap_or(buffer.len())];
        too_long |= line.len() + piece.len() > LINE_MAX_BYTES;
        if too_long {
            line.clear();
        } else {
            line.extend(piece);
        }
        let used = piece.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            break;
        }
    }
    Ok(match (any, too_long) {
        (false, _) => Line::End,
        (true, true) => Line::TooLong,
        (true, false) => Line::Text(line),
    })
}

/// Keys and values in the order shown.
struct Answer(Vec<(String, Json)>);

impl Answer {
    fn new(id: Json) -> Self {
        Self(vec![("id".to_owned(), id)])
    }

    fn bad_input(id: Json, detail: &str) -> Self {
        Self::new(id).with("error", "bad_input").with("detail", detail)
    }

    fn with(mut self, key: impl Into<String>, value: impl Into<Json>) -> Self {
        self.0.push((key.into(), value.into()));
        self
    }

    fn write_json(&self, output: &mut impl Write) -> io::Result<()> {
        let mut line = Vec::new();
        let pairs = self.0.iter().map(|(key, value)| (key, value));
        serde_json::Serializer::new(&mut line).collect_map(pairs)?;
        line.push(b'\n');
        output.write_all(&line)
    }

    fn write_text(&self, output: &mut impl Write) -> io::Result<()> {
        for (key, value) in &self.0 {
            let value = match value {
                // Quoted all the same when something in it would disturb the lines.
                Json::String(text) if !text.chars().any(char::is_control) => text.clone(),
                Json::Array(values) if values.is_empty() => "-".to_owned(),
                Json::Array(values) => {
                    let words =
                        values.iter().map(|v| v.as_str().map_or(v.to_string(), str::to_owned));
                    words.collect::<Vec<_>>().join(", ")
                }
                other => other.to_string(),
            };
            writeln!(output, "{key:VALUE_COLUMN$}{value}")?;
        }
        writeln!(output)
    }
}

struct Request {
    memory: Vec<u8>,
    user: Option<Vec<u8>>,
    dsfid: Option<u8>,
    model: Option<Model>,
}

fn answer(line: &[u8]) -> Answer {
    let json: Json = match serde_json::from_slice(line) {
        Ok(json) => json,
        Err(error) => return Answer::bad_input(Json::Null, &error.to_string()),
    };
    let id = json.get("id").cloned().unwrap_or(Json::Null);
    match request(&json) {
        Ok(request) => decode(id, &request),
        Err(detail) => Answer::bad_input(id, &detail),
    }
}

fn request(json: &Json) -> Result<Request, String> {
    if !json.is_object() {
        return Err("a line is one JSON object".to_owned());
    }
    if json.get("id").is_none() {
        return Err("id is missing".to_owned());
    }
    let memory = hex(text(json, "memory")?.ok_or("memory is missing")?)
        .map_err(|error| format!("memory: {error}"))?;
    if memory.len() > MEMORY_MAX {
        return Err(format!("memory: no tag has more than {MEMORY_MAX} bytes"));
    }
    let user = text(json, "user")?.map(hex).transpose();
    let user = user.map_err(|error| format!("user: {error}"))?;
    if user.as_ref().is_some_and(|user| user.len() > MEMORY_MAX) {
        return Err(format!("user: no tag has more than {MEMORY_MAX} bytes"));
    }
    let dsfid = match text(json, "dsfid")?.map(hex) {
        None => None,
        Some(Ok(bytes)) if bytes.len() == 1 => Some(bytes[0]),
        Some(_) => return Err("dsfid: write two hexadecimal digits".to_owned()),
    };
    let model =
        match text(json, "model")? {
            None | Some("auto") => None,
            Some(name) => Some(name.parse().ok().filter(|model| *model != Model::Ndef).ok_or(
                "model: write iso28560-2, iso28560-3, iso28560-4, gaoxiao, rfid501 or auto",
            )?),
        };
    Ok(Request { memory, user, dsfid, model })
}

/// A member that is a string; `null` counts as absent.
fn text<'a>(json: &'a Json, key: &str) -> Result<Option<&'a str>, String> {
    match json.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{key}: write a string")),
    }
}

pub(crate) fn hex(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        let digit = c
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
            .ok_or_else(|| format!("{c:?} is not a hexadecimal digit"))?;
        match high.take() {
            None => high = Some(digit),
            Some(high) => bytes.push(high << 4 | digit),
        }
    }
    if high.is_some() {
        return Err("an odd number of hexadecimal digits".to_owned());
    }
    Ok(bytes)
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn decode(id: Json, request: &Request) -> Answer {
    let uhf = match request.model {
        Some(model) => model.is_uhf(),
        None => {
            request.user.is_some() || (request.dsfid.is_none() && uhf::is_mb01(&request.memory))
        }
    };
    let decoded = if uhf {
        uhf::parse_mb01(&request.memory)
            .and_then(|uii| tagdata::decode_uhf(&uii, request.user.as_deref(), request.model))
    } else {
        tagdata::decode(&request.memory, request.dsfid, request.model)
    };
    match decoded {
        Ok(tag) => describe(Answer::new(id), &tag),
        Err(error) => Answer::new(id).with("error", error.name()),
    }
}

fn describe(answer: Answer, tag: &TagData) -> Answer {
    let mut answer = answer.with("model", tag.model.name());
    for element in &tag.elements {
        answer = answer.with(element.id.to_string(), value(&element.value));
        if element.id == ElementId::SetInformation {
            answer = parts(answer, tag);
        }
    }
    if tag.value(ElementId::SetInformation).is_none() {
        answer = parts(answer, tag);
    }
    for (i, block) in tag.blocks.iter().enumerate() {
        let earlier = tag.blocks[..i].iter().filter(|other| other.id == block.id).count();
        let key = match earlier {
            0 => format!("block_{}", block.id),
            // Several blocks of one identifier are allowed; keys must differ.
            n => format!("block_{}_{}", block.id, n + 1),
        };
        answer = answer.with(key, to_hex(&block.data));
    }
    if let Some(fields) = tag.rfid501 {
        answer = answer
            .with("item_type", fields.item_type)
            .with("branch", fields.branch)
            .with("library", fields.library)
            .with("custom", fields.custom);
    }
    if let Some(facts) = tag.uhf {
        answer = uhf_facts(answer, facts);
    }
    let problems: Vec<Json> = tag.problems.iter().map(|problem| problem.name().into()).collect();
    answer.with("problems", problems)
}

/// What only UHF tags have; the security state as the two values of ISO 28560 sites tell it.
fn uhf_facts(answer: Answer, facts: uhf::Facts) -> Answer {
    let mut answer = answer;
    if let Some(afi) = facts.afi {
        answer = answer.with("afi", to_hex(&[afi]));
        match afi {
            0x07 => answer = answer.with("security", "secured"),
            0xC2 => answer = answer.with("security", "released"),
            _ => {}
        }
    }
    if let Some(on_loan) = facts.on_loan {
        let security = if on_loan { "released" } else { "secured" };
        answer = answer.with("on_loan", on_loan).with("security", security);
    }
    if let Some(version) = facts.version {
        answer = answer.with("version", version);
        answer = answer.with("sorting", facts.sorting).with("reserve", facts.reserve);
    }
    answer
}

fn parts(answer: Answer, tag: &TagData) -> Answer {
    match tag.parts {
        Some(parts) => {
            answer.with("parts_in_item", parts.in_item).with("part_number", parts.number)
        }
        None => answer,
    }
}

fn value(value: &Value) -> Json {
    match value {
        Value::Text(text) => text.as_str().into(),
        Value::Content(content) => content.oids().collect::<Vec<_>>().into(),
        Value::Set(set) => set.as_str().into(),
        Value::Usage(usage) => usage.to_string().into(),
        Value::Number(number) => (*number).into(),
        Value::Raw { bytes, .. } => to_hex(bytes).into(),
        Value::Damaged => Json::Null,
    }
}
