//! Control lines: one line in, one line out, while the simulator runs.
//!
//! | line | does | answer |
//! |---|---|---|
//! | `scan TEXT` | scans a code; an AIM prefix stands in the text | `ok` |
//! | `scan-hex HEX` | the same, as bytes | `ok` |
//! | `fault NAME [ARGS]` | [`Fault`](super::Fault) | `ok` |
//! | `clear` | ends all faults | `ok` |
//! | `sent` | | how many scans were sent |
//! | `quit` | ends the program | `ok` |

use super::ScannerSim;
use crate::sim::reader::Next;

const HELP: &str = "error: write scan TEXT, scan-hex HEX, fault NAME [ARGS], clear, sent or quit";

/// Does one control line and gives the one-line answer, without its line end.
pub fn control(sim: &ScannerSim, line: &str) -> (String, Next) {
    let line = line.trim_end_matches(['\r', '\n']);
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let done = |result: Result<(), super::SimError>| match result {
        Ok(()) => "ok".to_owned(),
        Err(error) => format!("error: {error}"),
    };
    let answer = match (word, rest) {
        ("scan", text) if !text.is_empty() => done(sim.scan(text.as_bytes())),
        ("scan-hex", hex) => match bytes(hex) {
            Some(bytes) => done(sim.scan(&bytes)),
            None => "error: write pairs of hexadecimal digits behind scan-hex".to_owned(),
        },
        ("fault", what) => match what.parse() {
            Ok(fault) => {
                sim.set_fault(fault);
                "ok".to_owned()
            }
            Err(error) => format!("error: {error}"),
        },
        ("clear", "") => done(sim.clear_faults()),
        ("sent", "") => sim.sent().to_string(),
        ("quit", "") => return ("ok".to_owned(), Next::Quit),
        _ => HELP.to_owned(),
    };
    (answer, Next::GoOn)
}

/// Bytes written as pairs of digits, blanks between them or not.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = hex
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect();
    let digits = digits.filter(|digits| !digits.is_empty())?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
