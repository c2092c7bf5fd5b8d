//! A pool against a library system of memory, with every interleaving drawn at random.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::privacy::PatronId;
use crate::sip2::link::{LinkState, Unknown};
use crate::sip2::message::*;
use crate::sip2::profile::ChecksumMode;

const STATUS_98: &[u8] = b"98YYYYNY60000320261122    1030002.00AOYZLIB|BXYYYNYYYYYYYNNNYY|";

/// A pool, and what each of its connections has to answer.
struct Rig {
    pool: Pool,
    now: Duration,
    /// Attempts at a connection, not yet decided.
    connecting: Vec<bool>,
    /// Requests sent and not answered, by link.
    open: Vec<Option<String>>,
    /// Every client request in the order it was sent, without its trailer.
    sent: Vec<(usize, String)>,
    answers: Vec<Answer>,
    states: Vec<LinkState>,
}

impl Rig {
    fn new(links: usize) -> Self {
        let profile = Profile { checksum: ChecksumMode::Off, ..Profile::default() };
        let mut rig = Self {
            pool: Pool::new(&profile, links, 0),
            now: Duration::ZERO,
            connecting: vec![false; links],
            open: vec![None; links],
            sent: Vec::new(),
            answers: Vec::new(),
            states: Vec::new(),
        };
        rig.give(Input::Tick);
        rig
    }

    fn online(links: usize) -> Self {
        let mut rig = Self::new(links);
        for at in 0..links {
            rig.connect(at);
        }
        assert_eq!(rig.pool.status().state, LinkState::Online);
        rig
    }

    fn give(&mut self, input: Input<'_>) {
        self.pool.handle(input, self.now);
        self.collect();
    }

    fn heard(&mut self, at: usize, input: Input<'_>) {
        self.pool.heard(at, input, self.now);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(output) = self.pool.poll_output() {
            match output {
                Output::Connect(at) => self.connecting[at] = true,
                Output::Send(at, bytes) => {
                    let text = String::from_utf8(bytes.to_vec()).unwrap();
                    if !text.starts_with("99") {
                        self.sent.push((at, text.clone()));
                    }
                    self.open[at] = Some(text);
                }
                Output::Close(at) => {
                    self.connecting[at] = false;
                    self.open[at] = None;
                }
                Output::Answer(answer) => self.answers.push(*answer),
                Output::Status(status) => self.states.push(status.state),
            }
        }
        if let Some(deadline) = self.pool.deadline() {
            assert!(deadline > self.now, "a deadline already dealt with");
        }
    }

    /// Lets a connection stand and serve.
    fn connect(&mut self, at: usize) {
        assert!(std::mem::take(&mut self.connecting[at]), "link {at} wants no connection");
        self.heard(at, Input::Connected);
        self.answer(at);
    }

    fn answer(&mut self, at: usize) {
        let Some(open) = self.open[at].take() else { return };
        let field = |id: &str| {
            let from = open.find(id).unwrap() + id.len();
            open[from..].split('|').next().unwrap().to_owned()
        };
        let line = match &open[..2] {
            "99" => String::from_utf8(STATUS_98.to_vec()).unwrap(),
            "17" => format!("1803000120261122    103000AB{}|AJ|", field("|AB")),
            "09" => format!("101YNN20261122    103000AOYZLIB|AB{}|AQ|", field("|AB")),
            "11" => format!(
                "121NNY20261122    103000AOYZLIB|AA{}|AB{}|AJ|AH|",
                field("|AA"),
                field("|AB")
            ),
            other => panic!("{other} is not asked here"),
        };
        self.heard(at, Input::Line(line.as_bytes()));
    }

    fn answer_all(&mut self) {
        while let Some(at) = self.open.iter().position(Option::is_some) {
            self.answer(at);
        }
    }

    fn lend(&mut self, id: u64, patron: &str, item: &str, priority: Priority) {
        let request = CheckoutRequest {
            patron_identifier: PatronId::new(patron),
            item_identifier: item.into(),
            ..CheckoutRequest::default()
        };
        self.submit(id, request, priority);
    }

    fn take_back(&mut self, id: u64, item: &str, priority: Priority) {
        let request = CheckinRequest { item_identifier: item.into(), ..CheckinRequest::default() };
        self.submit(id, request, priority);
    }

    fn submit(&mut self, id: u64, request: impl Into<Request>, priority: Priority) {
        let request = Box::new(request.into());
        self.give(Input::Submit { id: RequestId(id), request, priority });
    }

    /// Questions in the background, about different items.
    fn look_up(&mut self, ids: std::ops::RangeInclusive<u64>) {
        for id in ids {
            let request = ItemInformationRequest {
                item_identifier: format!("Q{id}"),
                ..ItemInformationRequest::default()
            };
            self.submit(id, request, Priority::Background);
        }
    }

    /// Returns in the background, of different items.
    fn note(&mut self, ids: std::ops::RangeInclusive<u64>) {
        for id in ids {
            self.take_back(id, &format!("Q{id}"), Priority::Background);
        }
    }

    /// Which answers were told, in that order.
    fn told(&self) -> Vec<u64> {
        self.answers.iter().map(|answer| answer.id.0).collect()
    }

    fn next_deadline(&mut self) {
        if let Some(deadline) = self.pool.deadline() {
            self.now = deadline;
            self.give(Input::Tick);
        }
    }

    /// Items of the client requests sent so far.
    fn items(&self) -> Vec<String> {
        let item = |text: &str| text.split("|AB").nth(1).unwrap().split('|').next().unwrap().into();
        self.sent.iter().map(|(_, text)| item(text)).collect()
    }
}

#[test]
fn different_items_go_side_by_side_and_the_same_one_waits() {
    let mut rig = Rig::online(2);
    rig.take_back(1, "A", Priority::Live);
    rig.take_back(2, " a ", Priority::Live);
    rig.take_back(3, "B", Priority::Live);
    assert_eq!(rig.items(), ["A", "B"]);
    rig.answer(1);
    assert_eq!(rig.items().len(), 2, "the second of the same item still waits");
    rig.answer(0);
    assert_eq!(rig.items(), ["A", "B", " a "]);
}

#[test]
fn the_same_patron_waits() {
    let mut rig = Rig::online(2);
    rig.lend(1, "0200001234", "A", Priority::Live);
    rig.lend(2, "0200001234", "B", Priority::Live);
    assert_eq!(rig.items(), ["A"]);
    rig.answer(0);
    assert_eq!(rig.items(), ["A", "B"]);
}

#[test]
fn a_drain_has_all_links_until_a_reader_comes_and_leaves_one_while_they_stay() {
    let mut rig = Rig::online(3);
    rig.look_up(1..=6);
    assert_eq!(rig.items(), ["Q1", "Q2", "Q3"]);
    rig.take_back(100, "L", Priority::Live);
    rig.answer(0);
    assert_eq!(rig.items().last().unwrap(), "L", "before all that waits");
    rig.answer_all();
    rig.look_up(7..=10);
    assert_eq!(rig.items()[7..], ["Q7", "Q8"], "one link is the reader's");
    rig.answer_all();
    rig.now += READER_STAYS;
    rig.give(Input::Tick);
    rig.answer_all();
    rig.look_up(11..=14);
    assert_eq!(rig.items()[11..], ["Q11", "Q12", "Q13"], "the reader is gone");
}

#[test]
fn posts_go_one_at_a_time_in_their_order_and_questions_beside_them() {
    let mut rig = Rig::online(2);
    rig.note(1..=2);
    rig.look_up(3..=4);
    assert_eq!(rig.items(), ["Q1", "Q3"]);
    rig.answer(1);
    assert_eq!(rig.items()[2..], ["Q4"], "the second post waits for the first");
    rig.answer(0);
    assert_eq!(rig.items()[3..], ["Q2"]);
}

#[test]
fn a_post_whose_patron_is_busy_is_not_passed_by_a_later_one() {
    let mut rig = Rig::online(3);
    rig.lend(1, "0200001234", "A", Priority::Live);
    rig.lend(2, "0200001234", "B", Priority::Background);
    rig.take_back(3, "C", Priority::Background);
    assert_eq!(rig.items(), ["A"]);
    rig.answer_all();
    assert_eq!(rig.items(), ["A", "B", "C"]);
}

#[test]
fn answers_to_the_outbox_are_told_together_before_it_is_used_up() {
    let mut rig = Rig::online(1);
    rig.note(1..=10);
    for _ in 0..4 {
        rig.answer(0);
    }
    assert_eq!(rig.told(), [] as [u64; 0], "four are done, and five wait");
    rig.answer(0);
    assert_eq!(rig.told(), [1, 2, 3, 4, 5]);
    assert_eq!(rig.sent.len(), 6, "the next one is under way meanwhile");
    for _ in 0..5 {
        rig.answer(0);
    }
    assert_eq!(rig.told(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn no_more_answers_are_held_than_told_together() {
    let mut rig = Rig::online(1);
    rig.note(1..=100);
    for _ in 1..TOGETHER_MAX {
        rig.answer(0);
    }
    assert_eq!(rig.told().len(), 0);
    rig.answer(0);
    assert_eq!(rig.told().len(), TOGETHER_MAX);
}

#[test]
fn an_answer_is_held_but_a_moment() {
    let mut rig = Rig::online(1);
    rig.note(1..=10);
    rig.answer(0);
    let from = rig.now;
    rig.next_deadline();
    assert_eq!((rig.told(), rig.now - from), (vec![1], TOGETHER_WAIT));
}

#[test]
fn a_readers_answer_waits_for_none_and_keeps_its_place() {
    let mut rig = Rig::online(1);
    rig.note(1..=10);
    rig.answer(0);
    rig.take_back(100, "L", Priority::Live);
    rig.answer(0);
    assert_eq!(rig.told(), [] as [u64; 0]);
    rig.answer(0);
    assert_eq!(rig.told(), [1, 2, 100]);
}

#[test]
fn a_lost_answer_is_told_before_those_that_were_held() {
    let mut rig = Rig::online(2);
    rig.note(1..=1);
    rig.look_up(2..=2);
    rig.note(3..=9);
    rig.answer(1);
    rig.heard(0, Input::Closed);
    let told = rig.told();
    let (given_back, others) = told.split_at(7);
    assert_eq!(given_back, [3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(others, [1, 2], "the lost one, then the held one");
}

#[test]
fn what_was_held_is_told_at_the_end() {
    let mut rig = Rig::online(1);
    rig.note(1..=10);
    rig.answer(0);
    rig.give(Input::Stop);
    assert_eq!(rig.told().len(), 10);
}

#[test]
fn with_one_link_live_goes_first_after_what_it_waits_for() {
    let mut rig = Rig::online(1);
    for (id, item) in ["A", "B", "C"].into_iter().enumerate() {
        rig.take_back(id as u64, item, Priority::Background);
    }
    rig.lend(10, "0200001234", "C", Priority::Live);
    rig.take_back(11, "D", Priority::Live);
    for _ in 0..5 {
        rig.answer(0);
    }
    assert_eq!(rig.items(), ["A", "C", "C", "D", "B"]);
    assert!(rig.sent[2].1.starts_with("11"), "the queued return went before the loan");
}

#[test]
fn what_waits_behind_an_unanswered_background_request_is_given_back() {
    let mut rig = Rig::online(1);
    for (id, item) in [(1, "A"), (2, "B"), (3, "C")] {
        rig.take_back(id, item, Priority::Background);
    }
    rig.take_back(4, "D", Priority::Live);
    rig.heard(0, Input::Closed);
    let ends: Vec<_> = rig.answers.iter().map(|a| (a.id.0, a.outcome.clone())).collect();
    let unknown = Outcome::Unknown(Unknown::LinkLost);
    assert_eq!(ends, [(2, Outcome::NotSent), (3, Outcome::NotSent), (1, unknown)]);
    rig.answers.clear();
    rig.now += Duration::from_secs(1);
    rig.give(Input::Tick);
    rig.connect(0);
    rig.answer(0);
    let well = |a: &Answer| matches!(a.outcome, Outcome::Answered(_));
    assert!(rig.answers.iter().any(|a| a.id.0 == 4 && well(a)), "a reader's own question is not");
}

/// The station may hand over younger ones before it hears of it.
#[test]
fn what_is_posted_just_behind_those_given_back_is_given_back_too() {
    let mut rig = Rig::online(2);
    rig.note(1..=3);
    rig.heard(0, Input::Closed);
    rig.note(4..=4);
    assert_eq!(rig.told(), [2, 3, 1, 4]);
    rig.look_up(5..=5);
    rig.take_back(6, "L", Priority::Live);
    assert_eq!(rig.items()[1..], ["Q5"], "a question is no post");
    rig.answer_all();
    assert_eq!(rig.items()[2..], ["L"]);
    rig.now += RECALL_HEARD;
    rig.note(7..=7);
    assert_eq!(rig.items().last().unwrap(), "Q7");
}

#[test]
fn what_a_reader_waits_for_is_posted_alone_too() {
    let mut rig = Rig::online(2);
    rig.take_back(1, "A", Priority::Background);
    rig.take_back(2, "B", Priority::Background);
    rig.take_back(3, "C", Priority::Background);
    rig.take_back(4, "C", Priority::Live);
    assert_eq!(rig.items(), ["A"]);
    rig.answer_all();
    assert_eq!(rig.items(), ["A", "C", "C", "B"]);
}

#[test]
fn posts_that_waited_too_long_go_back_together() {
    let mut rig = Rig::online(1);
    rig.take_back(1, "L", Priority::Live);
    rig.note(2..=2);
    rig.heard(0, Input::Closed);
    rig.now += Duration::from_millis(500);
    rig.note(3..=3);
    rig.connecting[0] = false;
    rig.now += OFFLINE_WAIT - Duration::from_millis(500);
    rig.give(Input::Tick);
    assert_eq!(rig.told(), [1, 2, 3]);
}

#[test]
fn a_goodbye_that_is_not_answered_gives_nothing_back() {
    let mut rig = Rig::online(1);
    let goodbye = EndSessionRequest {
        patron_identifier: PatronId::new("0200001234"),
        ..EndSessionRequest::default()
    };
    rig.submit(1, goodbye, Priority::Background);
    rig.take_back(2, "A", Priority::Background);
    rig.open[0] = None;
    rig.next_deadline();
    let ends: Vec<_> = rig.answers.iter().map(|a| (a.id.0, a.outcome.clone())).collect();
    assert_eq!(ends, [(1, Outcome::Unknown(Unknown::Unanswered))]);
    assert!(rig.sent.last().unwrap().1.starts_with("09"), "the return goes on");
}

#[test]
fn one_link_dies_and_the_others_go_on() {
    let mut rig = Rig::online(2);
    rig.take_back(1, "A", Priority::Live);
    rig.take_back(2, "B", Priority::Live);
    rig.take_back(3, "C", Priority::Live);
    rig.heard(0, Input::Closed);
    assert_eq!(rig.pool.status().state, LinkState::Online);
    let [lost] = &rig.answers[..] else { panic!("one end: {:?}", rig.answers) };
    assert_eq!(lost.id, RequestId(1));
    assert!(matches!(lost.outcome, Outcome::Unknown(_)));
    rig.answer(1);
    rig.answer(1);
    assert_eq!(rig.items(), ["A", "B", "C"]);
    assert_eq!(rig.answers.len(), 3);
    assert!(!rig.states.contains(&LinkState::Offline), "{:?}", rig.states);
}

#[test]
fn a_refused_link_is_given_up_with_back_off() {
    let mut rig = Rig::new(2);
    rig.connect(0);
    let mut tries = Vec::new();
    let end = Duration::from_secs(3600);
    while rig.now < end {
        if std::mem::take(&mut rig.connecting[1]) {
            tries.push(rig.now);
            rig.heard(1, Input::Connected);
            rig.heard(1, Input::Closed);
        }
        rig.next_deadline();
        rig.answer(0);
        assert_eq!(rig.pool.status().state, LinkState::Online);
    }
    assert!((3..=9).contains(&tries.len()), "{tries:?}");
    rig.take_back(1, "A", Priority::Live);
    rig.answer(0);
    assert!(matches!(rig.answers[0].outcome, Outcome::Answered(_)));
}

/// dp2 and Koha close a silent connection: it is made again by itself, before the next reader.
#[test]
fn an_idle_close_is_mended_before_the_next_reader() {
    let mut rig = Rig::online(1);
    rig.now += Duration::from_secs(30);
    rig.heard(0, Input::Closed);
    rig.next_deadline();
    rig.connect(0);
    assert!(rig.answers.is_empty() && rig.sent.is_empty());
    rig.take_back(1, "A", Priority::Live);
    rig.answer(0);
    assert!(matches!(rig.answers[0].outcome, Outcome::Answered(_)));
}

#[test]
fn the_network_off_and_on_again() {
    let mut rig = Rig::online(2);
    rig.take_back(1, "A", Priority::Live);
    rig.give(Input::Network(false));
    rig.take_back(2, "B", Priority::Live);
    assert!(matches!(rig.answers[0].outcome, Outcome::Unknown(_)));
    assert_eq!(rig.answers[1].outcome, Outcome::NotSent);
    assert_eq!(rig.pool.status().state, LinkState::NetworkOff);
    rig.give(Input::Network(true));
    rig.connect(0);
    rig.connect(1);
    rig.give(Input::Stop);
    rig.take_back(3, "C", Priority::Live);
    assert_eq!(rig.answers[2].outcome, Outcome::NotSent);
    assert_eq!(rig.pool.deadline(), None);
}

#[derive(Debug, Clone)]
enum Step {
    Lend { patron: u8, item: u8, live: bool },
    Return { item: u8, live: bool },
    Answer(usize),
    Close(usize),
    Connect(usize),
    Refuse(usize),
    Deadline,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3u8, 0..5u8, any::<bool>())
            .prop_map(|(patron, item, live)| Step::Lend { patron, item, live }),
        4 => (0..5u8, any::<bool>()).prop_map(|(item, live)| Step::Return { item, live }),
        8 => (0..4usize).prop_map(Step::Answer),
        1 => (0..4usize).prop_map(Step::Close),
        3 => (0..4usize).prop_map(Step::Connect),
        1 => (0..4usize).prop_map(Step::Refuse),
        1 => Just(Step::Deadline),
    ]
}

proptest! {
    /// Order per item and per patron, one end each, and no two under way that meet.
    #[test]
    fn any_interleaving_keeps_order_and_ends_each_request_once(
        links in 1..=4usize,
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut rig = Rig::new(links);
        // What each request is about, by its number, which its transaction carries in `AC`.
        let mut given: Vec<(String, Option<String>)> = Vec::new();
        for step in steps {
            let id = given.len() as u64;
            let priority = |live| if live { Priority::Live } else { Priority::Background };
            match step {
                Step::Lend { patron, item, live } => {
                    let (patron, item) = (format!("P{patron}"), format!("I{item}"));
                    let request = CheckoutRequest {
                        patron_identifier: PatronId::new(patron.clone()),
                        item_identifier: item.clone(),
                        terminal_password: crate::privacy::Secret::new(id.to_string()),
                        ..CheckoutRequest::default()
                    };
                    given.push((item, Some(patron)));
                    rig.submit(id, request, priority(live));
                }
                Step::Return { item, live } => {
                    let item = format!("I{item}");
                    let request = CheckinRequest {
                        item_identifier: item.clone(),
                        terminal_password: crate::privacy::Secret::new(id.to_string()),
                        ..CheckinRequest::default()
                    };
                    given.push((item, None));
                    rig.submit(id, request, priority(live));
                }
                Step::Answer(at) if at < links => rig.answer(at),
                Step::Close(at) if at < links && !rig.connecting[at] => {
                    rig.heard(at, Input::Closed);
                }
                Step::Connect(at) if at < links && rig.connecting[at] => {
                    rig.connecting[at] = false;
                    rig.heard(at, Input::Connected);
                }
                Step::Refuse(at) if at < links && rig.connecting[at] => {
                    rig.connecting[at] = false;
                    rig.heard(at, Input::ConnectFailed);
                }
                Step::Deadline => rig.next_deadline(),
                _ => {}
            }
        }
        rig.give(Input::Stop);

        let mut ends: HashMap<u64, &Answer> = HashMap::new();
        for answer in &rig.answers {
            prop_assert!(ends.insert(answer.id.0, answer).is_none(), "{:?} ended twice", answer.id);
        }
        prop_assert_eq!(ends.len(), given.len(), "each has an end");
        let number = |text: &str| -> u64 {
            text.split("|AC").nth(1).unwrap().split('|').next().unwrap().parse().unwrap()
        };
        let mut order: Vec<u64> = Vec::new();
        let mut times: HashMap<u64, u16> = HashMap::new();
        for (_, text) in &rig.sent {
            let number = number(text);
            if !order.contains(&number) {
                order.push(number);
            }
            *times.entry(number).or_default() += 1;
        }
        for (id, answer) in &ends {
            let sent = times.get(id).copied().unwrap_or_default();
            prop_assert_eq!(sent, answer.transmissions, "sent by one link alone");
            let refused = matches!(answer.outcome, Outcome::NotSent | Outcome::QueueFull);
            prop_assert_eq!(refused, sent == 0);
        }
        for (at, later) in order.iter().enumerate() {
            for earlier in &order[..at] {
                let (a, b) = (&given[*earlier as usize], &given[*later as usize]);
                let meet = a.0 == b.0 || (a.1.is_some() && a.1 == b.1);
                prop_assert!(!meet || earlier < later, "{later} overtaken by {earlier}");
            }
        }
    }
}
