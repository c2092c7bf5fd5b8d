//! Scripts: one step a line (docs/script.md).

use std::time::Duration;

use ui::view::Touch;

/// Most lines of a script.
pub const LINES_MAX: usize = 10_000;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Hold a card at the pad and take it away again.
    Card(String),
    /// Type a PIN and confirm.
    Pin(Pin),
    /// Touch something; the number picks a line, from 1 = topmost.
    Touch(TouchStep),
    /// Lay items on the pad.
    Lay(Vec<String>),
    /// Lift items.
    Lift(Vec<String>),
    /// Scan a barcode.
    Scan(String),
    /// Wait for a state, at most [`super::headless::WAIT_MAX`].
    Wait(Condition),
    /// It must be so now.
    Expect(Condition),
    /// Break or mend something.
    Fault(FaultStep),
    /// Move the clock.
    Sleep(Duration),
}

/// Digits that no `Debug` shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(pub String);

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin(***)")
    }
}

/// A touch by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TouchStep {
    /// Needs no line.
    Plain(Touch),
    /// On the n-th line that offers it, from 1.
    OnLine(LineTouch, usize),
}

/// A touch that belongs to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineTouch {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Take back.
    Undo,
    /// Renew.
    Renew,
}

/// What is waited for or expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// A page by name.
    Screen(String),
    /// So many lines in a state (`borrowed`, `returned`, `renewed`, `queued`, `refused`,
    /// `attention`, `done`); waiting is satisfied by more, expecting is not.
    Lines(String, u64),
    /// So many books seen by the pad.
    Pad(u64),
    /// A sentence of patron-experience.md section 7 is on the screen, by its code.
    Advice(String),
    /// A line's note by name: `due`, `put_shelf`, `put_trolley`, `put_hold_slot`, `put_transit`,
    /// `put_counter`.
    Note(String),
    /// The state line by name, or `none`.
    State(String),
    /// Nothing waits for a device.
    Idle,
    /// The link to the library system.
    Online(bool),
    /// The reader.
    Reader(bool),
    /// The printer.
    Printer(bool),
    /// A tag's security: `released` or `secured`.
    Tag(String, bool),
    /// A figure since start: `loans`, `returns`, `renewals`, `refused`, `queued`, `receipts`,
    /// `repaired`, `sessions`, `journal_open`, `journal_repair`, `central_loans`,
    /// `central_returns`.
    Figure(String, u64),
    /// The receipt's state by name (`ask`, `printed`, `failed` ...).
    Receipt(String),
    /// The language, `zh-CN` or `en`.
    Language(String),
}

/// Something to break or mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultStep {
    /// The network between station and library system.
    Network(bool),
    /// The next write pulls this tag; `true` = the write still took effect.
    Pull(String, bool),
    /// Power cut, and back.
    Power,
    /// The reader: unplugged, plugged, or a fault of its simulator.
    Reader(String),
    /// The printer: a fault of its simulator, or `ok`.
    Printer(String),
    /// The practice library: one of its control lines.
    Practice(String),
}

/// A script that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("script line {line}: {text:?}: {why}; docs/script.md lists the steps")]
pub struct ScriptError {
    /// Line, from 1.
    pub line: usize,
    /// The line as written.
    pub text: String,
    /// What is wrong.
    pub why: String,
}

/// Reads a whole script: steps with their line numbers. Empty lines and `#` are skipped.
///
/// # Errors
/// [`ScriptError`] for the first line not understood.
pub fn parse(text: &str) -> Result<Vec<(usize, Step)>, ScriptError> {
    let mut steps = Vec::new();
    for (at, raw) in text.lines().enumerate() {
        let line = raw.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        let error = |why: String| ScriptError { line: at + 1, text: raw.trim().to_owned(), why };
        if steps.len() >= LINES_MAX {
            return Err(error(format!("more than {LINES_MAX} steps")));
        }
        steps.push((at + 1, step(line).map_err(error)?));
    }
    Ok(steps)
}

fn step(line: &str) -> Result<Step, String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let items = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
    match words[..] {
        ["card", id] => Ok(Step::Card(id.to_owned())),
        ["pin", digits] if digits.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(Step::Pin(Pin(digits.to_owned())))
        }
        ["pin", _] => Err("a PIN has digits only".to_owned()),
        ["touch", ..] => touch(&words[1..]).map(Step::Touch),
        ["lay", _, ..] => Ok(Step::Lay(items(&words[1..]))),
        ["lift", _, ..] => Ok(Step::Lift(items(&words[1..]))),
        ["scan", code] => Ok(Step::Scan(code.to_owned())),
        ["wait", ..] => condition(&words[1..]).map(Step::Wait),
        ["expect", ..] => condition(&words[1..]).map(Step::Expect),
        ["fault", ..] => fault(&words[1..]).map(Step::Fault),
        ["sleep", ms] => {
            let ms = ms.parse().map_err(|_| "sleep takes milliseconds".to_owned())?;
            Ok(Step::Sleep(Duration::from_millis(ms)))
        }
        _ => Err("no such step".to_owned()),
    }
}

/// Names of touches that need no line.
pub const TOUCHES: [(&str, Touch); 23] = [
    ("borrow", Touch::Borrow),
    ("return", Touch::GiveBack),
    ("account", Touch::Account),
    ("language", Touch::Language),
    ("contrast", Touch::Contrast),
    ("large", Touch::LargePrint),
    ("help", Touch::Help),
    ("call_staff", Touch::CallStaff),
    ("back", Touch::Back),
    ("finish", Touch::Finish),
    ("delete", Touch::Delete),
    ("ok", Touch::Ok),
    ("renew_all", Touch::RenewAll),
    ("paper", Touch::Paper),
    ("phone", Touch::Phone),
    ("no_receipt", Touch::NoReceipt),
    ("more", Touch::More),
    ("continue", Touch::Continue),
    ("end", Touch::EndNow),
    ("confirm", Touch::Borrow),
    ("loans", Touch::Account),
    ("giveback", Touch::GiveBack),
    ("print", Touch::Paper),
];

fn touch(words: &[&str]) -> Result<TouchStep, String> {
    let number = |text: &str, most: u8| match text.parse::<u8>() {
        Ok(n) if n <= most => Ok(n),
        _ => Err(format!("{text:?} is not a number up to {most}")),
    };
    let on_line = |kind, n: Option<&&str>| {
        let n =
            n.map_or(Ok(1), |n| n.parse().map_err(|_| format!("{n:?} is not a line number")))?;
        Ok(TouchStep::OnLine(kind, n))
    };
    match words {
        ["digit", d] => Ok(TouchStep::Plain(Touch::Digit(number(d, 9)?))),
        ["count", n] => Ok(TouchStep::Plain(Touch::Count(number(n, 11)?))),
        ["yes", n @ ..] if n.len() < 2 => on_line(LineTouch::Yes, n.first()),
        ["no", n @ ..] if n.len() < 2 => on_line(LineTouch::No, n.first()),
        ["undo", n @ ..] if n.len() < 2 => on_line(LineTouch::Undo, n.first()),
        ["renew", n @ ..] if n.len() < 2 => on_line(LineTouch::Renew, n.first()),
        [name] => TOUCHES
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, touch)| TouchStep::Plain(*touch))
            .ok_or_else(|| format!("nothing to touch is called {name:?}")),
        _ => Err("touch NAME, or touch digit|count|yes|no|undo|renew N".to_owned()),
    }
}

/// Names of pages.
pub const SCREENS: [&str; 11] = [
    "starting", "attract", "choose", "identify", "pin", "borrow", "return", "count", "loans",
    "finish", "trouble",
];
/// Names of line states that can be counted.
pub const LINES: [&str; 9] = [
    "borrowed",
    "returned",
    "renewed",
    "queued",
    "refused",
    "attention",
    "done",
    "lifted",
    "renewable",
];
/// Figures that can be named.
pub const FIGURES: [&str; 12] = [
    "loans",
    "returns",
    "renewals",
    "refusals",
    "in_queue",
    "receipts",
    "repaired",
    "sessions",
    "journal_open",
    "journal_repair",
    "central_loans",
    "central_returns",
];

fn condition(words: &[&str]) -> Result<Condition, String> {
    let count = |n: &str| n.parse::<u64>().map_err(|_| format!("{n:?} is not a number"));
    Ok(match words {
        ["screen", name] | [name] if SCREENS.contains(name) => {
            Condition::Screen((*name).to_owned())
        }
        ["idle"] => Condition::Idle,
        ["online"] => Condition::Online(true),
        ["offline"] => Condition::Online(false),
        ["reader", "up"] => Condition::Reader(true),
        ["reader", "down"] => Condition::Reader(false),
        ["printer", "up"] => Condition::Printer(true),
        ["printer", "down"] => Condition::Printer(false),
        ["pad", n] => Condition::Pad(count(n)?),
        ["advice", code] => Condition::Advice((*code).to_owned()),
        ["note", name] => Condition::Note((*name).to_owned()),
        ["state", name] => Condition::State((*name).to_owned()),
        ["receipt", name] => Condition::Receipt((*name).to_owned()),
        ["language", tag] => Condition::Language((*tag).to_owned()),
        ["tag", item, "released"] => Condition::Tag((*item).to_owned(), true),
        ["tag", item, "secured"] => Condition::Tag((*item).to_owned(), false),
        ["figure", name, n] if FIGURES.contains(name) => {
            Condition::Figure((*name).to_owned(), count(n)?)
        }
        ["figure", ..] => return Err(format!("figures are {}", FIGURES.join(", "))),
        [state] if LINES.contains(state) => Condition::Lines((*state).to_owned(), 1),
        [state, n] if LINES.contains(state) => Condition::Lines((*state).to_owned(), count(n)?),
        _ => return Err("no such state".to_owned()),
    })
}

fn fault(words: &[&str]) -> Result<FaultStep, String> {
    Ok(match words {
        ["network", "off"] => FaultStep::Network(false),
        ["network", "on"] => FaultStep::Network(true),
        ["power", ..] | ["power_cut"] => FaultStep::Power,
        ["pull", item] | ["pull", item, "before"] => FaultStep::Pull((*item).to_owned(), false),
        ["pull", item, "after"] => FaultStep::Pull((*item).to_owned(), true),
        ["paper", "out"] => FaultStep::Printer("paper-out".to_owned()),
        ["paper", "ok"] => FaultStep::Printer("ok".to_owned()),
        ["reader", rest @ ..] if !rest.is_empty() => FaultStep::Reader(rest.join(" ")),
        ["printer", rest @ ..] if !rest.is_empty() => FaultStep::Printer(rest.join(" ")),
        ["practice", rest @ ..] if !rest.is_empty() => FaultStep::Practice(rest.join(" ")),
        _ => {
            return Err("faults are network off|on, paper out|ok, pull ITEM [before|after], \
                        power, reader ..., printer ..., practice ..."
                .to_owned());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_steps_are_understood() {
        for line in [
            "card 0200001234",
            "pin 1234",
            "touch borrow",
            "touch count 3",
            "touch renew 2",
            "touch yes",
            "lay YZ0000789 YZ0000791",
            "lift YZ0000789",
            "scan YZ0000789",
            "wait attract",
            "wait borrowed 3",
            "wait idle",
            "expect advice in_library",
            "expect tag YZ0000789 released",
            "expect figure loans 3",
            "expect state none",
            "fault network off",
            "fault pull YZ0000789 after",
            "fault practice late 200",
            "sleep 16000",
        ] {
            assert_eq!(parse(line).unwrap().len(), 1, "{line}");
        }
        assert!(parse("# only words\n\n   ").unwrap().is_empty());
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for line in
            ["fly", "touch the sky", "wait forever", "sleep long", "pin abcd", "fault x", "lay"]
        {
            let error = parse(&format!("\n{line}")).unwrap_err();
            assert_eq!((error.line, error.text.as_str()), (2, line));
        }
    }

    #[test]
    fn a_pin_is_not_shown() {
        assert!(!format!("{:?}", parse("pin 4711").unwrap()).contains("4711"));
    }
}
