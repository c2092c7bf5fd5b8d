//! The practice library in a process of its own: what it holds grows with its ledger, and is not
//! the station's. It has no clock: each message comes with the moment.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use jiff::civil::DateTime;
use kiosk::practice::{Duplicates, InProcess, Kind, Said};

/// First argument of the program when it is the library.
pub(crate) const LIBRARY: &str = "--library";
/// Most entries of the ledger taken at once.
const LEDGER_CHUNK: u32 = 1_000;
/// Most items for one patron.
const LOANS_MAX: u32 = 500;

/// What the library's ledger holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) loans: u64,
    pub(crate) returns: u64,
    pub(crate) renewals: u64,
    /// Anything else.
    pub(crate) others: u64,
}

/// The number of item `n`.
pub(crate) fn item(n: u32) -> String {
    format!("YZ{n:07}")
}

/// The number of patron `n`.
pub(crate) fn patron(n: u32) -> String {
    format!("02{n:08}")
}

/// A library of so many patrons and items, the first of them on loan to patron 0.
pub(crate) fn data(patrons: u32, items: u32, lent: u32) -> String {
    let person = |n: u32| {
        format!(
            r#"{{"number":"{}","name":"Patron {n}","pin":"739146","class":"adult","expires":"2036-12-31","language":"en"}}"#,
            patron(n)
        )
    };
    let book = |n: u32| {
        format!(
            r#"{{"barcode":"{}","title":"Collected works, volume {n}","owner":"CN-321182-YZ","home":"YZ-MAIN","parts":1}}"#,
            item(n)
        )
    };
    let loan = |n: u32| {
        format!(r#"{{"item":"{}","patron":"{}","lent":"-10","due":"+20"}}"#, item(n), patron(0))
    };
    let all = |f: &dyn Fn(u32) -> String, to: u32| (0..to).map(f).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"format":1,"institution":"YZLIB","library":{{"zh":"馆","en":"Library"}},
        "classes":[{{"code":"adult","zh":"成人","en":"Adult","loan_limit":{LOANS_MAX},"hold_limit":5,"fee_limit":"10.00"}}],
        "branches":[{{"code":"YZ-MAIN","zh":"馆","en":"Library"}}],
        "patrons":[{}],"items":[{}],"loans":[{}]}}"#,
        all(&person, patrons),
        all(&book, items),
        all(&loan, lent),
    )
}

/// The library's side: answers on its standard output until its input ends.
pub(crate) fn serve(data: &Path, now: &str) -> io::Result<()> {
    let other = |error: String| io::Error::other(error);
    let text = std::fs::read_to_string(data)?;
    let now = now.parse().map_err(|error| other(format!("{error}")))?;
    let mut library =
        InProcess::open(&text, Duplicates::Replay, now).map_err(|e| other(e.to_string()))?;
    let mut line = library.connect();
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut order = Vec::new();
    loop {
        order.clear();
        if input.read_until(b'\n', &mut order)? == 0 {
            return Ok(());
        }
        match order.trim_ascii_end() {
            b"connect" => line = library.connect(),
            b"tally" => {
                let Tally { loans, returns, renewals, others } =
                    tally(&mut library).map_err(other)?;
                writeln!(output, "{loans} {returns} {renewals} {others}")?;
            }
            message => {
                let at = message.iter().position(|&byte| byte == b' ').unwrap_or(0);
                let now = std::str::from_utf8(&message[..at]).map_err(io::Error::other)?;
                let now = now.parse().map_err(|error| other(format!("{error}")))?;
                let said = library.line(&mut line, &message[at + 1..], now);
                writeln!(output, "{} {}", u8::from(said.close), said.send.len())?;
                output.write_all(&said.send)?;
            }
        }
        output.flush()?;
    }
}

fn tally(library: &mut InProcess) -> Result<Tally, String> {
    let (mut tally, mut seen) = (Tally::default(), 0);
    loop {
        let entries = library.ledger(seen, LEDGER_CHUNK).map_err(|error| error.to_string())?;
        let Some(last) = entries.last() else { return Ok(tally) };
        seen = last.id;
        for entry in entries {
            match entry.kind {
                Kind::Loan => tally.loans += 1,
                Kind::Return => tally.returns += 1,
                Kind::Renewal => tally.renewals += 1,
                _ => tally.others += 1,
            }
        }
    }
}

/// The library as the station's side sees it.
pub(crate) struct Library {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Library {
    /// Starts this program again as the library.
    pub(crate) fn start(data: &Path, now: DateTime) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut process = Command::new(program)
            .arg(LIBRARY)
            .arg(data)
            .arg(now.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().expect("it was asked for"));
        Self { process, input, output }
    }

    fn order(&mut self, parts: &[&[u8]]) {
        let input = self.input.as_mut().expect("open until the end");
        // One write: a half of a message is none.
        input.write_all(&[&parts.concat()[..], b"\n"].concat()).expect("the library listens");
    }

    fn heard(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the library answers");
        assert!(line.ends_with('\n'), "the library goes on");
        line
    }

    /// A new connection; the one before is gone.
    pub(crate) fn connect(&mut self) {
        self.order(&[b"connect"]);
    }

    /// One message and its answer.
    pub(crate) fn ask(&mut self, message: &[u8], now: DateTime) -> Said {
        self.order(&[now.to_string().as_bytes(), b" ", message]);
        let head = self.heard();
        let (close, length) = head.trim_end().split_once(' ').expect("two numbers");
        let mut send = vec![0; length.parse().expect("a number")];
        self.output.read_exact(&mut send).expect("the library answers");
        Said { send, close: close == "1" }
    }

    /// What its ledger holds.
    pub(crate) fn tally(&mut self) -> Tally {
        self.order(&[b"tally"]);
        let line = self.heard();
        let mut numbers = line.split_whitespace().map(|n| n.parse().expect("a number"));
        let mut next = || numbers.next().expect("four numbers");
        Tally { loans: next(), returns: next(), renewals: next(), others: next() }
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        self.input = None;
        // It ends with its input; what it ended with matters to nobody.
        let _ = self.process.wait();
    }
}
