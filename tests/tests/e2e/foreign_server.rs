//! A library system not ours, against a whole station: it speaks as it likes (CRLF, no checksum and
//! no sequence numbers, all flags N, no counts in 64, dates as it likes, fields nobody knows, names
//! before numbers), closes the line on anything it does not know, and dies in mid-answer.
//!
//! Its bytes are written here by hand: nothing of the station's own codec is used, so what both
//! sides of ours get wrong alike shows here.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use tests::rig::{Process, until};

use crate::site::{JIEHUAN, Site, ZHANG};

/// 18 bytes that are no date of the protocol.
const ODD_DATE: &str = "2026-11-26 10:30  ";

/// Bytes of the fixed part of each request it knows, the code included (3M SIP2: 11, 09 ...).
const FIXED: [(&str, usize); 8] =
    [("93", 4), ("99", 10), ("63", 33), ("11", 40), ("09", 39), ("29", 40), ("17", 20), ("35", 20)];

/// One request, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) code: String,
    fields: Vec<String>,
    pub(crate) line: String,
}

impl Asked {
    fn new(line: &str) -> Self {
        let code = line.get(..2).unwrap_or_default().to_owned();
        let fixed = FIXED.iter().find(|(known, _)| *known == code).map_or(2, |(_, n)| *n);
        let rest = line.get(fixed..).unwrap_or_default();
        Self { code, fields: rest.split('|').map(str::to_owned).collect(), line: line.to_owned() }
    }

    fn field(&self, id: &str) -> &str {
        self.fields.iter().find_map(|field| field.strip_prefix(id)).unwrap_or_default()
    }

    pub(crate) fn item(&self) -> &str {
        self.field("AB")
    }
}

/// What goes back.
pub(crate) struct Reply {
    pub(crate) bytes: Vec<u8>,
    /// The line is closed behind it.
    pub(crate) close: bool,
}

impl Reply {
    pub(crate) fn said(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), close: false }
    }

    pub(crate) fn cut(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), close: true }
    }
}

/// Its books.
#[derive(Debug, Default)]
pub(crate) struct Library {
    /// Who has what.
    lent: BTreeMap<String, String>,
    /// What was done: `loan ITEM`, `return ITEM`, `renewal ITEM`.
    pub(crate) done: Vec<String>,
    /// Every request, as it came.
    pub(crate) asked: Vec<Asked>,
}

impl Library {
    /// Does what is asked, and says it in its own way; `None` closes the line.
    pub(crate) fn honest(&mut self, asked: &Asked) -> Option<String> {
        let (item, patron) = (asked.item().to_owned(), asked.field("AA").to_owned());
        let mut done = |what: &str| self.done.push(format!("{what} {item}"));
        Some(match asked.code.as_str() {
            "93" => "941\r\n".to_owned(),
            "99" => format!("98YYYYNN010000{ODD_DATE}2.00QZwhatever|AOYZLIB|AMForeign|\r\n"),
            "63" => {
                let mine = self.lent.iter().filter(|(_, who)| **who == patron);
                let list: String = mine.map(|(item, _)| format!("AU{item} a title|")).collect();
                format!(
                    "64{:14}001{ODD_DATE}{:24}AEWang|AA{patron}|QZ?|{list}BLY|AOYZLIB|\r\n",
                    "", ""
                )
            }
            "11" if self.lent.contains_key(&item) => {
                format!("120NNN{ODD_DATE}AA{patron}|AB{item}|AJ|AH|AFOn loan already|\r\n")
            }
            "11" => {
                done("loan");
                self.lent.insert(item.clone(), patron.clone());
                format!("121NNN{ODD_DATE}AJThe {item}|AEWang|AB{item}|AA{patron}|AH26.12.2026\r\n")
            }
            "09" if self.lent.remove(&item).is_none() => {
                format!("100NNN{ODD_DATE}AB{item}|AFNot on loan|\r\n")
            }
            "09" => {
                done("return");
                format!("101NNN{ODD_DATE}AJThe {item}|AB{item}|AA{patron}|AO|\r\n")
            }
            "29" if self.lent.get(&item) == Some(&patron) => {
                done("renewal");
                format!("301NNN{ODD_DATE}AJThe {item}|AB{item}|AA{patron}|AH1/25/2027|\r\n")
            }
            "29" => format!("300NNN{ODD_DATE}AA{patron}|AB{item}|AJ|AH|AFNot yours|\r\n"),
            "17" => {
                let status = if self.lent.contains_key(&item) { "04" } else { "03" };
                format!("18{status}0000{ODD_DATE}AJThe {item}|AB{item}|\r\n")
            }
            _ => return None,
        })
    }

    /// How often something was done.
    pub(crate) fn times(&self, what: &str, item: &str) -> usize {
        self.done.iter().filter(|done| **done == format!("{what} {item}")).count()
    }

    /// How often something was asked.
    pub(crate) fn times_asked(&self, code: &str, item: &str) -> usize {
        self.asked.iter().filter(|asked| asked.code == code && asked.item() == item).count()
    }
}

/// How it behaves: what it says to each request.
pub(crate) type Manner = dyn FnMut(&mut Library, &Asked) -> Reply + Send;

/// As it is on a good day.
pub(crate) fn honest(library: &mut Library, asked: &Asked) -> Reply {
    library.honest(asked).map_or_else(|| Reply::cut(""), Reply::said)
}

/// A running one. It ends with the test's process.
pub(crate) struct Foreign {
    pub(crate) address: String,
    library: Arc<Mutex<Library>>,
}

impl Foreign {
    pub(crate) fn start(
        manner: impl FnMut(&mut Library, &Asked) -> Reply + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let library = Arc::new(Mutex::new(Library::default()));
        let for_lines = Arc::clone(&library);
        std::thread::spawn(move || {
            let mut manner: Box<Manner> = Box::new(manner);
            for line in listener.incoming().flatten() {
                // A lost line is the station's business.
                let _ = serve(&line, &for_lines, &mut *manner);
            }
        });
        Self { address, library }
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&Library) -> T) -> T {
        look(&self.library.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn logins(&self) -> usize {
        self.with(|library| library.asked.iter().filter(|asked| asked.code == "93").count())
    }
}

fn serve(line: &TcpStream, library: &Mutex<Library>, manner: &mut Manner) -> std::io::Result<()> {
    line.set_nodelay(true)?;
    let mut lines = BufReader::new(line);
    let mut out = line;
    loop {
        let mut bytes = Vec::new();
        if lines.read_until(b'\r', &mut bytes)? == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&bytes);
        let asked = Asked::new(text.trim());
        let reply = {
            let mut library = library.lock().unwrap_or_else(PoisonError::into_inner);
            library.asked.push(asked.clone());
            manner(&mut library, &asked)
        };
        out.write_all(&reply.bytes)?;
        if reply.close {
            return Ok(());
        }
    }
}

/// A station with a simulated pad at a foreign library system, driven step by step.
pub(crate) struct Desk {
    pub(crate) site: Site,
    pub(crate) station: Process,
    pub(crate) config: String,
}

impl Desk {
    pub(crate) fn at(address: &str) -> Self {
        let site = Site::new();
        let config = site.write(
            "station.toml",
            &format!(
                "[station]\nid = \"YZ-E2E-01\"\nbranch = \"YZ-MAIN\"\n\
                 data_dir = \"data\"\nkey_file = \"journal.key\"\n\
                 [library]\naddress = \"{address}\"\n\
                 [library.profile]\ninstitution_id = \"YZLIB\"\nsecurity_flags = \"ignored\"\n\
                 nb_due_date = \"transaction_date\"\n\
                 login = {{ user = \"kiosk01\", password = \"x\" }}\n\
                 timing = {{ answer_min_s = 1, answer_max_s = 1 }}\n\
                 [reader]\nmodel = \"3m810\"\n\
                 [session]\nowners = [\"CN-321182-YZ\"]\ncount_check = \"off\"\n\
                 [session.times]\npad_stable_s = 0.3\npad_gone_s = 0.5\n",
            ),
        );
        let steps = ["run", "--config", &config, "--headless", "--follow"];
        let station = Process::start_in(site.path("").as_path(), JIEHUAN, &steps);
        Self { site, station, config }
    }

    pub(crate) fn does(&mut self, steps: &str) {
        for step in steps.lines().filter(|step| !step.is_empty()) {
            self.station.say(step);
        }
    }

    /// The newest unit of an item, as `kind state`.
    pub(crate) fn unit(&self, item: &str) -> String {
        let rows = self.site.journal(&self.config);
        let row = rows.iter().find(|row| row["item"] == item);
        let word = |name: &str| row.and_then(|row| row[name].as_str()).unwrap_or("no").to_owned();
        format!("{} {}", word("kind"), word("state"))
    }

    /// Waits until the newest unit of an item is so.
    pub(crate) fn until_unit(&self, item: &str, wanted: &str) {
        until(&format!("{item}: {wanted}"), || (self.unit(item) == wanted).then_some(()));
    }
}

pub(crate) const BEGIN: &str = "wait online\nwait reader up\nwait attract";
pub(crate) const END: &str =
    "touch finish\nwait finish\ntouch no_receipt\ntouch finish\nwait attract";

pub(crate) fn borrow() -> String {
    format!("touch borrow\nwait identify\ncard {ZHANG}\nwait borrow")
}

const A: &str = "YZ0000789";
const B: &str = "YZ0000101";

#[test]
fn it_lends_renews_and_takes_back() {
    let foreign = Foreign::start(honest);
    let mut desk = Desk::at(&foreign.address);
    desk.does(&format!(
        "{BEGIN}\n{}\nlay {A} {B}\nwait borrowed 2\nexpect tag {A} released\n\
         expect tag {B} released\nexpect note due\nlift {A} {B}\nwait pad 0\n{END}",
        borrow()
    ));
    // It dies on the end of the session, which it does not know.
    until("a second login", || (foreign.logins() == 2).then_some(()));
    desk.does(&format!(
        "wait online\ntouch account\nwait identify\ncard {ZHANG}\nwait loans\nwait renewable 2\n\
         touch renew_all\nwait renewed 2\n{END}"
    ));
    until("a third login", || (foreign.logins() == 3).then_some(()));
    desk.does(&format!(
        "wait online\ntouch return\nwait return\nlay {A} {B}\nwait returned 2\n\
         expect tag {A} secured\nexpect tag {B} secured\nlift {A} {B}\nwait pad 0\n{END}"
    ));
    let summary = desk.station.end().well().summary();
    for (figure, n) in [("loans", 2), ("renewals", 2), ("returns", 2), ("refused", 0)] {
        assert_eq!(summary[figure], n, "{figure}: {summary}");
    }
    let done = foreign.with(|library| {
        let mut done = library.done.clone();
        done.sort();
        done
    });
    let each = |what: &str| [format!("{what} {B}"), format!("{what} {A}")];
    assert_eq!(done, [each("loan"), each("renewal"), each("return")].concat());
    foreign.with(|library| {
        for asked in library.asked.iter().filter(|asked| ["11", "29"].contains(&&*asked.code)) {
            assert_eq!(asked.line[4..22], asked.line[22..40], "a due date that is no blank");
        }
    });
    desk.site.holds_no_patron();
}

/// Where it dies in an answer: after so many bytes, having done what was asked or not.
const DEATHS: [(&str, usize, bool); 5] = [
    ("YZ0000124", 0, true),
    ("YZ0000125", 1, true),
    ("YZ0000126", 30, true),
    ("YZ0000127", usize::MAX, true),
    ("YZ0000128", 0, false),
];

/// Dies once in the answer to each book of [`DEATHS`].
fn dying(code: &'static str) -> impl FnMut(&mut Library, &Asked) -> Reply + Send {
    move |library, asked| {
        let death = DEATHS.iter().find(|(item, ..)| *item == asked.item());
        let first = library.times_asked(code, asked.item()) == 1;
        match death.filter(|_| asked.code == code && first) {
            Some((_, _, false)) => Reply::cut(""),
            Some((_, after, true)) => {
                let answer = library.honest(asked).unwrap_or_default();
                // All of it but the end of the line.
                let all = answer.trim_end().len();
                Reply::cut(&answer.as_bytes()[..all.min(*after)])
            }
            None => honest(library, asked),
        }
    }
}

#[test]
fn its_death_in_mid_answer_to_a_loan_loses_nothing_and_lends_nothing_twice() {
    let foreign = Foreign::start(dying("11"));
    let mut desk = Desk::at(&foreign.address);
    desk.does(&format!("{BEGIN}\n{}", borrow()));
    for (n, (item, ..)) in DEATHS.iter().enumerate() {
        desk.does(&format!("lay {item}\nwait borrowed {}\nwait tag {item} released", n + 1));
        desk.until_unit(item, "checkout accepted");
    }
    desk.does(&format!("wait idle\n{END}"));
    let summary = desk.station.end().well().summary();
    assert_eq!(summary["loans"], DEATHS.len(), "{summary}");
    for (item, after, done) in DEATHS {
        let (loans, asked) =
            foreign.with(|library| (library.times("loan", item), library.times_asked("11", item)));
        assert_eq!(loans, 1, "{item}: died after {after}");
        // What was found done is not asked for again; what was found not done is, once.
        assert_eq!(asked, if done { 1 } else { 2 }, "{item}: died after {after}");
    }
}

#[test]
fn its_death_in_mid_answer_to_a_return_loses_nothing_and_returns_nothing_twice() {
    let foreign = Foreign::start(dying("09"));
    let mut desk = Desk::at(&foreign.address);
    let items = DEATHS.map(|(item, ..)| item).join(" ");
    desk.does(&format!(
        "{BEGIN}\n{}\nlay {items}\nwait borrowed 5\nlift {items}\nwait pad 0\n{END}",
        borrow()
    ));
    until("a second login", || (foreign.logins() == 2).then_some(()));
    desk.does("wait online\ntouch return\nwait return");
    for (item, ..) in DEATHS {
        desk.does(&format!("lay {item}\nwait tag {item} secured"));
        desk.until_unit(item, "checkin accepted");
    }
    desk.does(&format!("wait idle\n{END}"));
    let summary = desk.station.end().well().summary();
    assert_eq!((&summary["returns"], &summary["queued"]), (&5.into(), &0.into()), "{summary}");
    for (item, after, done) in DEATHS {
        let (returns, asked) = foreign
            .with(|library| (library.times("return", item), library.times_asked("09", item)));
        assert_eq!(returns, 1, "{item}: died after {after}");
        assert_eq!(asked, if done { 1 } else { 2 }, "{item}: died after {after}");
    }
}
