//! The library system at the other end of the wire: the practice library, and the lies it can be
//! made to tell.

use kiosk::practice::{Duplicates, Fault, InProcess, LedgerEntry, Line, Said};
use kiosk::sip2::Framer;

/// Most entries of the ledger taken at once.
const LEDGER_CHUNK: u32 = 1_000;

/// Items every storm plays with.
pub const ITEMS: u8 = 8;
/// One more item, in two parts.
pub const SET: u8 = 20;

/// The number of item `n`.
#[must_use]
pub fn item(n: u8) -> String {
    format!("YZ{n:07}")
}

/// A patron.
#[derive(Debug, Clone, Copy)]
pub struct Patron {
    /// Number on the card.
    pub number: &'static str,
    /// Name.
    pub name: &'static str,
    /// PIN.
    pub pin: &'static str,
}

/// The patrons. Nothing of them may be found anywhere once they are gone.
pub const PATRONS: [Patron; 3] = [
    Patron { number: "0200001234", name: "Xaver Quendelmann", pin: "739146" },
    Patron { number: "0200005678", name: "欧阳若兰", pin: "820517" },
    Patron { number: "0200007531", name: "Wilhelmine Zsigmondy", pin: "604293" },
];

/// How it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lie {
    /// It does not.
    #[default]
    None,
    /// It says yes to everything and does nothing.
    Yes,
}

/// One connection at the library's side.
pub struct Connection {
    line: Line,
    framer: Framer,
}

/// The library.
pub struct Library {
    system: InProcess,
    /// How it lies now.
    pub lie: Lie,
    /// Closes after each answer.
    pub closes: bool,
    seen: i64,
}

/// One message and what the library made of it.
pub struct Exchange {
    /// As it came.
    pub request: Vec<u8>,
    /// What is said.
    pub said: Said,
    /// The answer is a yes that is not so.
    pub lied: bool,
}

impl Library {
    /// A library in which `lent` are on loan to the first patron.
    ///
    /// # Errors
    /// In words, when its data is impossible.
    pub fn open(duplicates: bool, lent: &[u8], now: jiff::civil::DateTime) -> Result<Self, String> {
        let patrons: Vec<String> = PATRONS
            .iter()
            .map(|p| {
                format!(
                    r#"{{"number":"{}","name":"{}","pin":"{}","class":"adult","expires":"2036-12-31","language":"en"}}"#,
                    p.number, p.name, p.pin
                )
            })
            .collect();
        let book = |n: u8, parts: u8| {
            format!(
                r#"{{"barcode":"{}","title":"Book {}","owner":"CN-321182-YZ","home":"YZ-MAIN","parts":{parts}}}"#,
                item(n),
                item(n)
            )
        };
        let books: Vec<String> = (1..=ITEMS).map(|n| book(n, 1)).chain([book(SET, 2)]).collect();
        let loans: Vec<String> = lent
            .iter()
            .map(|n| {
                format!(
                    r#"{{"item":"{}","patron":"{}","lent":"-10","due":"+20"}}"#,
                    item(*n),
                    PATRONS[0].number
                )
            })
            .collect();
        let text = format!(
            r#"{{"format":1,"institution":"YZLIB","library":{{"zh":"馆","en":"Library"}},
            "classes":[{{"code":"adult","zh":"成人","en":"Adult","loan_limit":10,"hold_limit":5,"fee_limit":"10.00"}}],
            "branches":[{{"code":"YZ-MAIN","zh":"馆","en":"Library"}}],
            "patrons":[{}],"items":[{}],"loans":[{}]}}"#,
            patrons.join(","),
            books.join(","),
            loans.join(",")
        );
        let duplicates = if duplicates { Duplicates::Replay } else { Duplicates::Process };
        let system = InProcess::open(&text, duplicates, now).map_err(|e| e.to_string())?;
        Ok(Self { system, lie: Lie::None, closes: false, seen: 0 })
    }

    /// A station connects.
    #[must_use]
    pub fn connect(&self) -> Connection {
        Connection { line: self.system.connect(), framer: Framer::new() }
    }

    /// Sets a fault of the practice library.
    pub fn set_fault(&mut self, fault: Fault) {
        self.system.set_fault(fault);
    }

    /// Takes bytes; what became of each whole message.
    pub fn receive(
        &mut self,
        connection: &mut Connection,
        bytes: &[u8],
        now: jiff::civil::DateTime,
    ) -> Vec<Exchange> {
        connection.framer.push(bytes);
        let mut done = Vec::new();
        while let Some(line) = connection.framer.next_line() {
            let Ok(line) = line.map(<[u8]>::to_vec) else { continue };
            let lie = self.lie == Lie::Yes && is_change(&line);
            let mut said = if lie {
                Said { send: yes(&line), close: false }
            } else {
                self.system.line(&mut connection.line, &line, now)
            };
            said.close |= self.closes && !said.send.is_empty();
            done.push(Exchange { request: line, said, lied: lie });
        }
        done
    }

    /// What was written to the ledger since last asked.
    ///
    /// # Errors
    /// When its database fails.
    pub fn news(&mut self) -> Result<Vec<LedgerEntry>, String> {
        let news = self.system.ledger(self.seen, LEDGER_CHUNK).map_err(|e| e.to_string())?;
        if let Some(last) = news.last() {
            self.seen = last.id;
        }
        Ok(news)
    }

    /// Item and patron of every open loan.
    ///
    /// # Errors
    /// When its database fails.
    pub fn lent(&mut self) -> Result<Vec<(String, String)>, String> {
        let loans = self.system.open_loans().map_err(|e| e.to_string())?;
        Ok(loans.into_iter().map(|l| (l.item, l.patron.expose().to_owned())).collect())
    }
}

/// A loan, return or renewal.
#[must_use]
pub fn is_change(line: &[u8]) -> bool {
    matches!(line.get(..2), Some(b"11" | b"09" | b"29"))
}

/// The value of a field in a message.
#[must_use]
pub fn field(line: &[u8], id: &str) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    // The first field follows the fixed part without a delimiter; AO is always first here.
    let at = text.find(&format!("|{id}"))? + 1 + id.len();
    let rest = &text[at..];
    Some(rest.split('|').next().unwrap_or("").to_owned())
}

/// A yes to anything, put together by hand.
fn yes(line: &[u8]) -> Vec<u8> {
    const DATE: &str = "20261122    100000";
    let get = |id| field(line, id).unwrap_or_default();
    let (item, patron) = (get("AB"), get("AA"));
    let mut answer = match &line[..2] {
        b"09" => format!("101YNN{DATE}AOYZLIB|AB{item}|AQYZ-MAIN|AJBook {item}|"),
        code => {
            let code = if code == b"11" { "12" } else { "30" };
            format!("{code}1NNY{DATE}AOYZLIB|AA{patron}|AB{item}|AJBook {item}|AH20261222|")
        }
    };
    let digit = String::from_utf8_lossy(line)
        .rsplit("AY")
        .next()
        .and_then(|tail| tail.chars().next())
        .filter(char::is_ascii_digit);
    if let Some(digit) = digit {
        answer.push_str(&format!("AY{digit}AZ"));
        let sum = answer.bytes().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(byte)));
        answer.push_str(&format!("{:04X}", sum.wrapping_neg()));
    }
    answer.push('\r');
    answer.into_bytes()
}
