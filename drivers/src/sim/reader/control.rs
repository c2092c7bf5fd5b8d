//! Control lines: one line in, one line out, while the simulator runs.
//!
//! | line | does | answer |
//! |---|---|---|
//! | `lay ID...` | puts tags on the pad | `ok` |
//! | `lift ID...` | takes tags off | `ok` |
//! | `pad` | | names on the pad, in one line |
//! | `fault NAME [ARGS]` | [`Fault`](super::Fault) | `ok` |
//! | `clear` | ends all faults | `ok` |
//! | `tag ID` | | the tag as JSON |
//! | `commands` | | how many commands came |
//! | `quit` | ends the program | `ok` |
//!
//! A line that is not understood changes nothing and is answered `error: ...`.

use super::{ReaderSim, SimError};
use crate::sim::tags;

/// Longest control line, in bytes.
pub const LINE_MAX: usize = 64 * 1024;

/// What to do after a control line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Go on.
    GoOn,
    /// End the program.
    Quit,
}

/// Does one control line and gives the one-line answer, without its line end.
pub fn control(sim: &ReaderSim, line: &str) -> (String, Next) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let done = |result: Result<(), SimError>| result.map(|()| "ok".to_owned());
    let answer = match words[..] {
        ["lay", ref ids @ ..] if !ids.is_empty() => done(sim.lay(ids)),
        ["lift", ref ids @ ..] if !ids.is_empty() => done(sim.lift(ids)),
        ["pad"] => Ok(sim.on_pad().join(" ")),
        ["fault", ref what @ ..] => match what.join(" ").parse() {
            Ok(fault) => done(sim.set_fault(fault)),
            Err(error) => return (format!("error: {error}"), Next::GoOn),
        },
        ["clear"] => done(sim.clear_faults()),
        ["tag", id] => sim.tag(id).map(|tag| tags::to_json(&tag, sim.is_on_pad(id))),
        ["commands"] => Ok(sim.commands_seen().to_string()),
        ["quit"] => return ("ok".to_owned(), Next::Quit),
        _ => {
            let help = "error: write lay ID..., lift ID..., pad, fault NAME [ARGS], clear, tag ID, commands or quit";
            return (help.to_owned(), Next::GoOn);
        }
    };
    (answer.unwrap_or_else(|error| format!("error: {error}")), Next::GoOn)
}
