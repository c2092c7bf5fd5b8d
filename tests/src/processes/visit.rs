//! One reader at the station: what they want, and what they do at each page.
//!
//! They act on what the screen says, and touch again what seems not to have been taken; a touch
//! that a page does not know does nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use drivers::sim::field::Rng;
use serde_json::Value;

use super::plant::Plant;

/// Books that go out and come in. Their titles do not stand in one another.
pub(super) const POOL: [&str; 15] = [
    "YZ0000124",
    "YZ0000125",
    "YZ0000126",
    "YZ0000127",
    "YZ0000128",
    "YZ0000129",
    "YZ0000130",
    "YZ0000131",
    "YZ0000133",
    "YZ0000134",
    "YZ0000135",
    "YZ0000136",
    "YZ0000148",
    "YZ0000149",
    "YZ0000165",
];
/// Readers who may borrow.
pub(super) const CARDS: [&str; 4] = ["0200001234", "0200004567", "0200008901", "0200009999"];
/// Most books of one visit.
const BOOKS_MAX: u32 = 3;
/// So many out: the next visit brings some back.
const OUT_MAX: usize = 9;
/// A touch that changed nothing is tried again after so long.
const AGAIN: Duration = Duration::from_millis(400);
/// A page on which nothing moves for so long is left.
const PATIENCE: Duration = Duration::from_millis(3500);

/// Who is believed to have which book.
#[derive(Debug, Default)]
pub(super) struct Lent(BTreeMap<&'static str, &'static str>);

#[derive(Debug)]
enum Goal {
    Borrow { card: &'static str },
    Return,
}

#[derive(Debug)]
pub(super) struct Visit {
    goal: Goal,
    books: Vec<&'static str>,
    paper: bool,
    card_laid: bool,
    books_laid: bool,
    /// The station has left its start page.
    began: bool,
    finished: bool,
    over: bool,
    page: Value,
    page_since: Instant,
    touched: Option<Instant>,
}

impl Visit {
    pub(super) fn new(rng: &mut Rng, lent: &Lent) -> Self {
        let out: Vec<&'static str> = lent.0.keys().copied().collect();
        let back = out.len() >= OUT_MAX || (!out.is_empty() && rng.below(5) < 2);
        let from: Vec<&'static str> = match back {
            true => out,
            false => POOL.iter().copied().filter(|book| !lent.0.contains_key(book)).collect(),
        };
        let goal = match back {
            true => Goal::Return,
            false => Goal::Borrow { card: CARDS[rng.below(CARDS.len() as u32) as usize] },
        };
        let mut books = Vec::new();
        for _ in 0..=rng.below(BOOKS_MAX) {
            let book = from[rng.below(from.len() as u32) as usize];
            if !books.contains(&book) {
                books.push(book);
            }
        }
        Self {
            goal,
            books,
            paper: rng.below(4) > 0,
            card_laid: false,
            books_laid: false,
            began: false,
            finished: false,
            over: false,
            page: Value::Null,
            page_since: Instant::now(),
            touched: None,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    pub(super) fn began(&self) -> bool {
        self.began
    }

    pub(super) fn finished(&self) -> bool {
        self.finished
    }

    /// The station died: the reader takes the books and goes.
    pub(super) fn cut_short(&mut self) {
        self.over |= self.began;
    }

    /// What lay on the pad lies on the new reader too.
    pub(super) fn reader_is_back(&mut self) {
        self.touched = None;
    }

    /// What the reader believes now. Where the visit was cut short this may be wrong, and
    /// somebody comes with a book that is not theirs.
    pub(super) fn tell(&self, lent: &mut Lent) {
        if !self.books_laid {
            return;
        }
        for book in &self.books {
            match self.goal {
                Goal::Borrow { card } => lent.0.insert(book, card),
                Goal::Return => lent.0.remove(book),
            };
        }
    }

    pub(super) fn act(&mut self, line: &Value, plant: &mut Plant) {
        if line.is_null() || self.over {
            return;
        }
        let (name, page) = page(line);
        let now = Instant::now();
        if *page != self.page {
            self.page = page.clone();
            self.page_since = now;
            self.touched = None;
        }
        let still = now - self.page_since > PATIENCE;
        match name {
            "attract" | "choose" => {
                if page["pad_count"] != 0 {
                    leave(plant);
                }
                self.begin(name, still, plant);
            }
            "identify" => self.show_card(still, plant),
            "borrow" | "give_back" => self.work(&page["lines"], still, plant),
            "finish" => self.take_receipt(page, still, plant),
            "count" => self.touch(&format!("count {}", self.books.len().min(11)), plant),
            "starting" | "trouble" => {}
            _ => self.touch("back", plant),
        }
    }

    fn begin(&mut self, name: &str, still: bool, plant: &mut Plant) {
        if self.began && name == "attract" || still {
            // Borrowing waits for the library system: somebody else comes meanwhile.
            self.over = true;
            return self.touch("back", plant);
        }
        match self.goal {
            Goal::Borrow { .. } => self.touch("borrow", plant),
            Goal::Return => self.touch("return", plant),
        }
    }

    fn show_card(&mut self, still: bool, plant: &mut Plant) {
        self.began = true;
        match self.goal {
            Goal::Borrow { card } if !self.card_laid => self.card_laid = plant.lay(&[card]),
            _ if still => self.touch("back", plant),
            _ => {}
        }
    }

    fn work(&mut self, lines: &Value, still: bool, plant: &mut Plant) {
        self.began = true;
        if self.card_laid {
            self.card_laid = !plant.lift(&CARDS);
        }
        if !self.books_laid {
            let books = self.books.clone();
            self.books_laid = plant.lay(&books);
            return;
        }
        let lines = lines.as_array().map(Vec::as_slice).unwrap_or_default();
        let moving = ["seen", "asking", "writing"];
        let done = lines.iter().filter(|line| !moving.iter().any(|state| line["state"] == *state));
        if still || done.count() >= self.books.len() {
            self.touch("finish", plant);
        }
    }

    fn take_receipt(&mut self, page: &Value, still: bool, plant: &mut Plant) {
        self.finished = true;
        let asks = page["receipt"] == "ask" || !page["receipt"]["ask"].is_null();
        let prints = page["receipt"] == "printing";
        match (asks, prints) {
            (true, _) if !still && self.paper => self.touch("paper", plant),
            (true, _) if !still => self.touch("no_receipt", plant),
            (_, true) if !still => {}
            _ => self.touch("finish", plant),
        }
    }

    fn touch(&mut self, what: &str, plant: &mut Plant) {
        if self.touched.is_none_or(|at| at.elapsed() > AGAIN) {
            plant.touch(what);
            self.touched = Some(Instant::now());
        }
    }
}

/// Takes everything off the pad. Where no reader is there, whoever comes next finds it.
pub(super) fn leave(plant: &mut Plant) {
    plant.lift(&[&POOL[..], &CARDS[..]].concat());
}

/// The page of a view, by its name and with what it shows.
fn page(line: &Value) -> (&str, &Value) {
    let screen = &line["view"]["screen"];
    match screen {
        Value::String(name) => (name, screen),
        Value::Object(pages) => {
            pages.iter().next().map_or(("", screen), |(name, page)| (name.as_str(), page))
        }
        _ => ("", screen),
    }
}

/// Books on the pad, on the pages where nobody is at work.
pub(super) fn pad_count(line: &Value) -> Option<u64> {
    match page(line) {
        ("attract" | "choose", page) => page["pad_count"].as_u64(),
        _ => None,
    }
}

/// Leaves any page of a visit that was cut short.
pub(super) fn clear_screen(line: &Value, plant: &mut Plant, visit: &mut Visit) {
    match page(line).0 {
        "attract" | "choose" | "starting" | "trouble" | "" => {}
        "identify" | "pin" => visit.touch("back", plant),
        _ => visit.touch("finish", plant),
    }
}
