//! The wires in plain words, for the workbench. Personal data is blanked before it comes here
//! ([`crate::sip2::describe`]) or masked at once (card numbers in tag memory).

use std::collections::VecDeque;

use drivers::port::Direction;
use drivers::printer::describe::{ReplyReader, Sent, SentReader};
use drivers::printer::status::Reply;
use drivers::rfid::m3::describe::{Described, Describer, What};
use drivers::rfid::m3::wire::ErrorCode;
use drivers::rfid::security::{Security, SecurityProfile};
use ui::lang::{Arg, words};
use ui::view::{Language, Wire, WireLine};

use crate::clock::Clock;
use crate::session::{JobKind, PrintResult, Record, TxnId, TxnOutcome};
use crate::sip2::describe::{Description, describe};
use crate::sip2::wire::Checksum;
use crate::sip2::{Charset, Due, DueDate};

/// Lines kept; older ones are forgotten.
pub(crate) const LINES_MAX: usize = 200;
/// Journal units remembered by their item.
const UNITS_MAX: usize = 64;
/// Bytes shown of one message.
const HEX_MAX: usize = 256;

/// One line: what to say in any language, and the bytes.
struct Entry {
    time: String,
    wire: Wire,
    out: bool,
    say: Vec<Say>,
    bytes: String,
}

/// One sentence: key and arguments.
struct Say {
    key: String,
    args: Vec<(&'static str, Value)>,
}

enum Value {
    N(i64),
    S(String),
}

fn say(key: impl Into<String>, args: Vec<(&'static str, Value)>) -> Say {
    Say { key: key.into(), args }
}

fn s(text: impl Into<String>) -> Value {
    Value::S(text.into())
}

fn n(number: usize) -> Value {
    Value::N(i64::try_from(number).unwrap_or(i64::MAX))
}

/// The catalogue chooses by number: 1 = yes.
fn yes(is: bool) -> Value {
    Value::N(i64::from(is))
}

/// The wire log of one bench.
pub(crate) struct WireLog {
    clock: Clock,
    charset: Charset,
    security: SecurityProfile,
    lines: VecDeque<Entry>,
    rfid: Describer,
    tags: Option<usize>,
    /// The last question was for EAS: a tag without it does not answer (readers.md section 3).
    asked_eas: bool,
    /// Items of the latest journal units, to name them when their outcome comes.
    units: VecDeque<(TxnId, String)>,
    sent: SentReader,
    replies: ReplyReader,
}

impl WireLog {
    pub(crate) fn new(clock: Clock, charset: Charset, security: SecurityProfile) -> Self {
        Self {
            clock,
            charset,
            security,
            lines: VecDeque::new(),
            rfid: Describer::new(),
            tags: None,
            asked_eas: false,
            units: VecDeque::new(),
            sent: SentReader::default(),
            replies: ReplyReader::default(),
        }
    }

    /// The lines in a language, oldest first.
    pub(crate) fn lines(&self, language: Language) -> Vec<WireLine> {
        let words = words(language);
        self.lines
            .iter()
            .map(|entry| WireLine {
                time: entry.time.clone(),
                wire: entry.wire,
                out: entry.out,
                words: entry
                    .say
                    .iter()
                    .map(|say| {
                        let args: Vec<(&str, Arg<'_>)> = say
                            .args
                            .iter()
                            .map(|(name, value)| {
                                let value = match value {
                                    Value::N(n) => Arg::N(*n),
                                    Value::S(text) => Arg::S(text),
                                };
                                (*name, value)
                            })
                            .collect();
                        words.with(&say.key, &args)
                    })
                    .collect::<Vec<_>>()
                    .join("  "),
                bytes: entry.bytes.clone(),
            })
            .collect()
    }

    fn push(&mut self, wire: Wire, out: bool, say: Vec<Say>, bytes: &[u8]) {
        let at = self.clock.now().wall;
        let time = format!(
            "{:02}:{:02}:{:02}.{:03}",
            at.hour(),
            at.minute(),
            at.second(),
            at.subsec_nanosecond() / 1_000_000
        );
        if self.lines.len() >= LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(Entry { time, wire, out, say, bytes: hex(bytes) });
    }

    /// One SIP2 message, raw.
    pub(crate) fn sip(&mut self, direction: Direction, line: &[u8]) {
        let about = describe(line, self.charset);
        let mut says = vec![sip_words(&about)];
        if let (Direction::In, Checksum::Right | Checksum::Wrong { .. }) =
            (direction, about.checksum)
        {
            let right = about.checksum == Checksum::Right;
            let sum = tail_sum(&about.redacted);
            says.push(say("wire-sip2-checksum", vec![("sum", s(sum)), ("ok", yes(right))]));
        }
        self.push(Wire::Sip2, direction == Direction::Out, says, &about.redacted);
    }

    /// Bytes to or from the reader.
    pub(crate) fn reader(&mut self, direction: Direction, bytes: &[u8]) {
        for described in self.rfid.feed(direction, bytes) {
            self.rfid_line(&described);
        }
    }

    fn rfid_line(&mut self, described: &Described) {
        let out = described.direction == Direction::Out;
        let asked_eas = self.asked_eas;
        if out {
            self.asked_eas = matches!(described.what, What::AskEas { .. });
        }
        let words = match &described.what {
            // The pad is asked ten times a second: only news are worth a line.
            What::AskUids { .. } => return,
            What::ReadUids { found } if self.tags == Some(found.len()) => return,
            What::ReadUids { found } => {
                self.tags = Some(found.len());
                say("wire-rfid-found", vec![("n", n(found.len()))])
            }
            What::AskVersion => say("wire-rfid-version", vec![]),
            What::Version(v) => {
                let version = format!("{}.{}.{}.{}", v[0], v[1], v[2], v[3]);
                say("wire-rfid-version-is", vec![("model", s("3M")), ("version", s(version))])
            }
            What::AskBlocks { uid, .. } => say("wire-rfid-read", vec![("uid", s(uid.to_string()))]),
            What::ReadBlocks { count, .. } => {
                // Tag memory may be a reader's card: its bytes are not shown.
                let words = say("wire-rfid-read-ok", vec![("n", n(usize::from(*count)))]);
                return self.push(Wire::Rfid, out, vec![words], &[]);
            }
            What::AskAfi { uid } => say("wire-rfid-read-afi", vec![("uid", s(uid.to_string()))]),
            What::Afi { afi, .. } => {
                let secured = self.security.afi_secured == Some(*afi);
                let args = vec![("afi", s(format!("{afi:02X}"))), ("secured", yes(secured))];
                say("wire-rfid-afi-is", args)
            }
            What::WriteAfi { uid, afi } => {
                let args = vec![("afi", s(format!("{afi:02X}"))), ("uid", s(uid.to_string()))];
                say("wire-rfid-write-afi", args)
            }
            What::AskEas { uid } => say("wire-rfid-read-eas", vec![("uid", s(uid.to_string()))]),
            What::Eas { on, .. } => say("wire-rfid-eas-is", vec![("on", yes(*on))]),
            What::WriteEas { uid, on } => {
                say("wire-rfid-write-eas", vec![("on", yes(*on)), ("uid", s(uid.to_string()))])
            }
            What::Done { .. } => say("wire-rfid-ok", vec![]),
            What::Error { error: ErrorCode::NO_TAG, .. } if asked_eas => {
                say("wire-rfid-eas-is", vec![("on", yes(false))])
            }
            What::Error { error: ErrorCode::NO_TAG, .. } => say("wire-rfid-no-tag", vec![]),
            What::Error { .. } => {
                let code = described.raw.get(4).copied().unwrap_or(0);
                say("wire-rfid-code", vec![("code", s(format!("{code:02X}")))])
            }
            What::WriteBlocks { .. }
            | What::WriteDsfid { .. }
            | What::Other { .. }
            | What::Malformed { .. } => {
                let code = described.raw.get(3).copied().unwrap_or(0);
                say("wire-rfid-other", vec![("code", s(format!("{code:02X}")))])
            }
            What::Noise(_) => return,
        };
        self.push(Wire::Rfid, out, vec![words], &described.raw);
    }

    /// Bytes to or from the printer.
    pub(crate) fn printer(&mut self, direction: Direction, bytes: &[u8]) {
        if direction == Direction::In {
            for reply in self.replies.push(bytes) {
                if let Some(words) = reply_words(&reply) {
                    self.push(Wire::Printer, false, vec![words], bytes);
                }
            }
            return;
        }
        for sent in self.sent.push(bytes) {
            if let Some(words) = sent_words(&sent) {
                self.push(Wire::Printer, true, vec![words], &[]);
            }
        }
    }

    /// Records that are durable.
    pub(crate) fn journal(&mut self, records: &[Record]) {
        for record in records {
            if let Record::Intent { txn, item, .. } = record {
                if self.units.len() >= UNITS_MAX {
                    self.units.pop_front();
                }
                self.units.push_back((*txn, item.to_string()));
            }
            if let Some(words) = self.record_words(record) {
                self.push(Wire::Journal, true, vec![words], &[]);
            }
        }
    }

    fn record_words(&self, record: &Record) -> Option<Say> {
        Some(match record {
            Record::Intent { kind, item, .. } => {
                let what = match kind {
                    JobKind::Checkout => "borrow",
                    JobKind::Checkin | JobKind::Cancel => "return",
                    JobKind::Renew => "renew",
                };
                say("wire-journal-intent", vec![("what", s(what)), ("item", s(item.to_string()))])
            }
            Record::Outcome { txn, outcome } => {
                let ok = match outcome {
                    TxnOutcome::Accepted { .. } => 1,
                    TxnOutcome::Refused { .. } => 0,
                    _ => 2,
                };
                let item =
                    self.units.iter().find(|(unit, _)| unit == txn).map(|(_, item)| item.clone());
                say(
                    "wire-journal-outcome",
                    vec![("ok", Value::N(ok)), ("item", s(item.unwrap_or_default()))],
                )
            }
            Record::Secured { .. } | Record::FeeIntent { .. } | Record::FeeSent { .. } => {
                return None;
            }
            Record::Repair { item, want, .. } => {
                let released = yes(*want == Security::Released);
                say(
                    "wire-journal-secured",
                    vec![("released", released), ("item", s(item.to_string()))],
                )
            }
            Record::Repaired { .. }
            | Record::Remark { .. }
            | Record::Card { .. }
            | Record::Held { .. } => return None,
            Record::Receipt { session, result: Some(PrintResult::Done), .. } => {
                say("wire-journal-receipt", vec![("code", s(session.0.clone()))])
            }
            Record::Receipt { .. }
            | Record::Owner { .. }
            | Record::Branch { .. }
            | Record::SortSlip { .. } => return None,
        })
    }

    /// The station was started again on its journal, which held so many open units.
    pub(crate) fn restarted(&mut self, open: usize) {
        let words = if open == 0 {
            say("wire-journal-clean", vec![])
        } else {
            say("wire-journal-repair", vec![("n", n(open))])
        };
        self.rfid = Describer::new();
        self.tags = None;
        self.push(Wire::Journal, false, vec![words], &[]);
    }
}

fn hex(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(HEX_MAX)];
    let mut text = shown.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(" ");
    if shown.len() < bytes.len() {
        text.push('…');
    }
    text
}

fn tail_sum(line: &[u8]) -> String {
    let tail = &line[line.len().saturating_sub(4)..];
    // Hidden where the sum would give away what is hidden.
    String::from_utf8_lossy(tail).replace('*', "")
}

fn sip_words(about: &Description) -> Say {
    let Ok(code) = about.code else {
        return say("wire-sip2-other", vec![("code", s("?"))]);
    };
    let number = code.number();
    let field = |id: &str| {
        about
            .fields
            .iter()
            .find(|f| f.id.to_string() == id)
            .map(|f| f.value.clone())
            .unwrap_or_default()
    };
    let due = match DueDate::new(field("AH")).parsed {
        Some(Due { date, .. }) => date.to_string(),
        None => field("AH"),
    };
    // First fixed character: ok, online, end; 64 has its answer in BL.
    let ok = match number {
        64 | 24 => field("BL") != "N",
        _ => matches!(about.fixed.as_bytes().first(), Some(b'1' | b'Y')),
    };
    // 64: status 14, language 3, date 18, hold 4, overdue 4, charged 4.
    let charged = about.fixed.get(43..47).unwrap_or("0").trim().parse().unwrap_or(0);
    let renewed = about.fixed.get(1..5).unwrap_or("0").to_owned();
    let unrenewed = about.fixed.get(5..9).unwrap_or("0").to_owned();
    say(
        format!("wire-sip2-{number:02}"),
        vec![
            ("ok", yes(ok)),
            ("patron", s(field("AA"))),
            ("item", s(field("AB"))),
            ("title", s(field("AJ"))),
            ("says", s(field("AF"))),
            ("due", s(due)),
            ("amount", s(field("BV"))),
            ("n", Value::N(charged)),
            ("renewed", s(renewed)),
            ("no", s(unrenewed)),
            ("code", s(format!("{number:02}"))),
        ],
    )
}

fn sent_words(sent: &Sent) -> Option<Say> {
    Some(match sent {
        Sent::Init => say("wire-printer-init", vec![]),
        Sent::Text(text) if text.trim().is_empty() => return None,
        Sent::Text(text) => say("wire-printer-text", vec![("text", s(text.trim()))]),
        Sent::Raster { .. } | Sent::Barcode(_) | Sent::Qr(_) => say("wire-printer-image", vec![]),
        Sent::Cut => say("wire-printer-cut", vec![]),
        Sent::StatusRequest(_) => return None,
        Sent::JobEnd(id) => say("wire-printer-job-ask", vec![("job", s(job(*id)))]),
        Sent::Feed(_)
        | Sent::AutoStatus(_)
        | Sent::Recover(_)
        | Sent::BufferedStatus(_)
        | Sent::Flush(_)
        | Sent::Mode(_)
        | Sent::Unknown(_) => return None,
    })
}

fn reply_words(reply: &Reply) -> Option<Say> {
    match reply {
        Reply::JobDone(id) => Some(say("wire-printer-job-done", vec![("job", s(job(*id)))])),
        // Paper out is 0C in the third byte (peripherals.md 1.4).
        Reply::Asb(asb) => Some(say("wire-printer-answer", vec![("ok", yes(asb[2] & 0x0C == 0))])),
        _ => None,
    }
}

fn job(id: [u8; 4]) -> String {
    String::from_utf8_lossy(&id).into_owned()
}
