//! Control lines: one line in, one line out, while the simulator runs.
//!
//! | line | does | answer |
//! |---|---|---|
//! | `lay NUMBER [foreigner]` | lays a card with that number | `ok` |
//! | `lift` | takes it off | `ok` |
//! | `fault NAME [ARGS]` | [`Fault`](super::Fault) | `ok` |
//! | `clear` | ends all faults | `ok` |
//! | `commands` | | how many commands came |
//! | `quit` | ends the program | `ok` |

use super::{CardKind, IdCardSim};
use crate::sim::reader::Next;

const HELP: &str =
    "error: write lay NUMBER [foreigner], lift, fault NAME [ARGS], clear, commands or quit";

/// Does one control line and gives the one-line answer, without its line end.
pub fn control(sim: &IdCardSim, line: &str) -> (String, Next) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let done = |result: Result<(), super::SimError>| match result {
        Ok(()) => "ok".to_owned(),
        Err(error) => format!("error: {error}"),
    };
    let answer = match words[..] {
        ["lay", number] => done(sim.lay(number, CardKind::Resident)),
        ["lay", number, "foreigner"] => done(sim.lay(number, CardKind::Foreigner)),
        ["lift"] => {
            sim.lift();
            "ok".to_owned()
        }
        ["fault", ref what @ ..] => match what.join(" ").parse() {
            Ok(fault) => {
                sim.set_fault(fault);
                "ok".to_owned()
            }
            Err(error) => format!("error: {error}"),
        },
        ["clear"] => done(sim.clear_faults()),
        ["commands"] => sim.commands_seen().to_string(),
        ["quit"] => return ("ok".to_owned(), Next::Quit),
        _ => HELP.to_owned(),
    };
    (answer, Next::GoOn)
}
