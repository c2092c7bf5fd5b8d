//! The link over real loopback sockets, against a server that misbehaves by script.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;
use crate::privacy::{PatronId, Secret};
use crate::sip2::link::{LinkState, Outcome, Unknown};
use crate::sip2::message::{CheckoutRequest, Response};
use crate::sip2::profile::Login;
use crate::sip2::wire::checksum;

/// Longest real wait for anything in these tests.
const PATIENCE: Duration = Duration::from_secs(20);

/// How much faster than real the link's clock runs: its 30 s pass in 0.6 s.
const HASTE: u32 = 50;

const STATUS_98: &str = "98YYYYYY30000320261122    1030002.00AOYZLIB|BXYYYYYYYYYYYYYYYY|";
const LOAN_12: &str = "121NNY20261122    103000AOYZLIB|AA0200001234|AB1|AJ三体|AH|";

/// One connection seen from the server.
struct Peer {
    reader: BufReader<TcpStream>,
    digit: char,
}

impl Peer {
    /// The next message, and its digit kept for the answer.
    fn ask(&mut self) -> String {
        let mut line = Vec::new();
        self.reader.read_until(b'\r', &mut line).unwrap();
        let line = String::from_utf8(line).unwrap();
        if let Some(at) = line.rfind("AY") {
            self.digit = char::from(line.as_bytes()[at + 2]);
        }
        line.trim_end().to_owned()
    }

    fn sealed(&self, text: &str, digit: char) -> Vec<u8> {
        let mut line = format!("{text}AY{digit}AZ").into_bytes();
        line.extend_from_slice(&checksum::digits(checksum::of(&line)));
        line.push(b'\r');
        line
    }

    fn raw(&mut self, bytes: &[u8]) {
        self.reader.get_mut().write_all(bytes).unwrap();
    }

    fn say(&mut self, text: &str) {
        let line = self.sealed(text, self.digit);
        self.raw(&line);
    }

    /// Login and first status.
    fn open(&mut self) {
        assert_eq!(self.ask(), "9300CNkiosk01|COs3cret|AY0AZF6DE");
        self.say("941");
        assert!(self.ask().starts_with("9900482.00AY1"));
        self.say(STATUS_98);
    }

    /// Reads until the station closes.
    fn drain(mut self) {
        let mut rest = Vec::new();
        let _ = std::io::Read::read_to_end(&mut self.reader, &mut rest);
    }
}

/// What the tap was shown.
type Tapped = Arc<Mutex<Vec<(Direction, Vec<u8>)>>>;

type Script = Box<dyn FnOnce(Peer) + Send>;

/// A station against a server that plays one script per connection.
struct Rig {
    handle: SipHandle,
    events: std_mpsc::Receiver<Event>,
    seen: Vec<Event>,
    tapped: Tapped,
    server: JoinHandle<()>,
}

impl Rig {
    fn new(scripts: Vec<Script>) -> Self {
        Self::with_links(1, scripts)
    }

    fn with_links(links: usize, scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let mut playing = VecDeque::new();
            for script in scripts {
                // A further connection comes while the others serve.
                if playing.len() == links {
                    playing.pop_front().map(JoinHandle::join).unwrap().unwrap();
                }
                let (stream, _) = listener.accept().unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                stream.set_nodelay(true).unwrap();
                let peer = Peer { reader: BufReader::new(stream), digit: '0' };
                playing.push_back(std::thread::spawn(move || script(peer)));
            }
            for script in playing {
                script.join().unwrap();
            }
        });
        let profile = Profile {
            login: Some(Login {
                user: "kiosk01".into(),
                password: Secret::new("s3cret"),
                location: None,
            }),
            ..Profile::default()
        };
        let start = Instant::now();
        // Where a test decides when an answer comes, its time must not run out.
        let haste = if links > 1 { 1 } else { HASTE };
        let clock: Clock = Arc::new(move || start.elapsed() * haste);
        let tapped = Tapped::default();
        let tap: Tap = {
            let tapped = Arc::clone(&tapped);
            Arc::new(move |direction, line: &[u8]| {
                tapped.lock().unwrap().push((direction, line.to_vec()));
            })
        };
        let (send, events) = std_mpsc::channel();
        let config = SipConfig { host: "127.0.0.1".into(), port, tls: None, profile, links };
        let handle = SipHandle::start(config, Some(clock), Some(tap), move |event| {
            let _ = send.send(event);
        })
        .unwrap();
        Self { handle, events, seen: Vec::new(), tapped, server }
    }

    fn wait<T>(&mut self, wanted: impl Fn(&Event) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left).unwrap_or_else(|_| {
                panic!("did not happen; seen {:?}", self.seen);
            });
            self.seen.push(event.clone());
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    }

    fn wait_state(&mut self, state: LinkState) {
        self.wait(|event| match event {
            Event::Status(status) if status.state == state => Some(()),
            _ => None,
        });
    }

    fn lend(&self, id: u64) {
        self.lend_item(id, "0200001234", "1");
    }

    fn lend_item(&self, id: u64, patron: &str, item: &str) {
        let request = CheckoutRequest {
            patron_identifier: PatronId::new(patron),
            item_identifier: item.into(),
            ..CheckoutRequest::default()
        };
        self.handle.request(RequestId(id), request, Priority::Live).unwrap();
    }

    fn answer(&mut self, id: u64) -> Answer {
        self.wait(|event| match event {
            Event::Answer(answer) if answer.id == RequestId(id) => Some((**answer).clone()),
            _ => None,
        })
    }

    /// Asks for a loan and expects it done.
    fn lend_well(&mut self, id: u64) -> Answer {
        self.lend(id);
        let answer = self.answer(id);
        let Outcome::Answered(response) = &answer.outcome else { panic!("{answer:?}") };
        let Response::Checkout(loan) = &**response else { panic!("{response:?}") };
        assert!(loan.ok && loan.title_identifier == "三体");
        answer
    }

    fn end(self) {
        self.handle.stop();
        self.server.join().unwrap();
    }
}

#[test]
fn a_close_without_answer_is_unknown_and_the_next_session_logs_in_again() {
    let mut rig = Rig::new(vec![
        Box::new(|mut peer| {
            peer.open();
            assert!(peer.ask().starts_with("11"));
        }),
        Box::new(|mut peer| {
            peer.open();
            peer.ask();
            peer.say(LOAN_12);
            peer.drain();
        }),
    ]);
    rig.wait_state(LinkState::Online);
    rig.lend(1);
    assert_eq!(rig.answer(1).outcome, Outcome::Unknown(Unknown::LinkLost));
    rig.wait_state(LinkState::Online);
    rig.lend_well(2);
    rig.end();
}

#[test]
fn a_late_answer_follows_an_identical_retransmission() {
    let mut rig = Rig::new(vec![Box::new(|mut peer| {
        peer.open();
        let first = peer.ask();
        let second = peer.ask();
        assert_eq!(first, second);
        peer.say(LOAN_12);
        // The answer to the first one comes as well: stale for the next request.
        peer.say(LOAN_12);
        peer.ask();
        peer.say(LOAN_12);
        peer.drain();
    })]);
    rig.wait_state(LinkState::Online);
    assert_eq!(rig.lend_well(1).transmissions, 2);
    assert_eq!(rig.lend_well(2).transmissions, 1);
    rig.end();
}

#[test]
fn silence_ends_off_line() {
    let mut rig = Rig::new(vec![Box::new(|mut peer| {
        peer.open();
        peer.drain();
    })]);
    rig.wait_state(LinkState::Online);
    rig.lend(1);
    let answer = rig.answer(1);
    assert_eq!(answer.outcome, Outcome::Unknown(Unknown::LinkLost));
    assert_eq!(answer.transmissions, 4);
    rig.wait_state(LinkState::Offline);
    rig.end();
}

#[test]
fn wrong_digits_bad_sums_free_text_and_96_are_lived_with() {
    let mut rig = Rig::new(vec![Box::new(|mut peer| {
        peer.open();
        // Wrong digit, then right.
        peer.ask();
        let stale = peer.sealed(LOAN_12, '7');
        peer.raw(&stale);
        peer.say(LOAN_12);
        // Bad sum, then right.
        peer.ask();
        peer.raw(format!("{LOAN_12}AY{}AZ0000\r\n", peer.digit).as_bytes());
        assert_eq!(peer.ask(), "97AZFEF5");
        let again = peer.sealed(LOAN_12, '0');
        peer.raw(&again);
        // 96.
        let first = peer.ask();
        peer.raw(b"96AZFEF6\r");
        assert_eq!(peer.ask(), first);
        peer.say(LOAN_12);
        // Free text.
        peer.ask();
        peer.raw("内部错误\r".as_bytes());
        assert_eq!(peer.ask(), "97AZFEF5");
        let again = peer.sealed(LOAN_12, '0');
        peer.raw(&again);
        peer.drain();
    })]);
    rig.wait_state(LinkState::Online);
    assert_eq!(rig.lend_well(1).transmissions, 1);
    assert_eq!(rig.lend_well(2).transmissions, 1);
    assert_eq!(rig.lend_well(3).transmissions, 2);
    assert_eq!(rig.lend_well(4).transmissions, 1);
    rig.end();
}

#[test]
fn half_an_answer_is_none() {
    let mut rig = Rig::new(vec![
        Box::new(|mut peer| {
            peer.open();
            peer.ask();
            peer.raw(&LOAN_12.as_bytes()[..40]);
        }),
        Box::new(|mut peer| {
            peer.open();
            peer.ask();
            peer.say(LOAN_12);
            peer.drain();
        }),
    ]);
    rig.wait_state(LinkState::Online);
    rig.lend(1);
    assert_eq!(rig.answer(1).outcome, Outcome::Unknown(Unknown::LinkLost));
    rig.wait_state(LinkState::Online);
    rig.lend_well(2);
    rig.end();
}

#[test]
fn an_answer_byte_by_byte_is_one_answer() {
    let mut rig = Rig::new(vec![Box::new(|mut peer| {
        peer.open();
        peer.ask();
        for byte in peer.sealed(LOAN_12, peer.digit) {
            peer.raw(&[byte]);
        }
        peer.drain();
    })]);
    rig.wait_state(LinkState::Online);
    rig.lend_well(1);
    let tapped = Arc::clone(&rig.tapped);
    rig.end();
    let tapped = tapped.lock().unwrap();
    let codes: Vec<_> = tapped.iter().map(|(way, line)| (*way, line[..2].to_vec())).collect();
    let want = [("93", "94"), ("99", "98"), ("11", "12")]
        .into_iter()
        .flat_map(|(out, back)| [(Direction::Out, out.into()), (Direction::In, back.into())]);
    assert_eq!(codes, want.collect::<Vec<(Direction, Vec<u8>)>>());
    assert!(tapped.iter().all(|(_, line)| !line.ends_with(b"\r")));
}

#[test]
fn two_links_are_asked_at_once_and_one_item_keeps_its_order() {
    let (met, meets) = std_mpsc::channel();
    let peer = |met: std_mpsc::Sender<String>, go: std_mpsc::Receiver<()>| -> Script {
        let other_12 = LOAN_12.replace("AA0200001234|AB1|", "AA0200005678|AB3|");
        Box::new(move |mut peer: Peer| {
            peer.open();
            loop {
                let message = peer.ask();
                if message.is_empty() {
                    return;
                }
                // Answered when the test says so: by then both links have been asked.
                let third = message.contains("AB3|");
                met.send(message).unwrap();
                go.recv_timeout(PATIENCE).unwrap();
                peer.say(if third { &other_12 } else { LOAN_12 });
            }
        })
    };
    let (first, first_goes) = std_mpsc::channel();
    let (second, second_goes) = std_mpsc::channel();
    let scripts = vec![peer(met.clone(), first_goes), peer(met, second_goes)];
    let mut rig = Rig::with_links(2, scripts);
    rig.wait_state(LinkState::Online);
    let item = |text: String| text.split("AB").nth(1).unwrap()[..1].to_owned();
    let next = || item(meets.recv_timeout(PATIENCE).unwrap());
    rig.lend_item(1, "0200001234", "1");
    rig.lend_item(2, "0200001234", "1");
    rig.lend_item(3, "0200005678", "3");
    let mut asked = [next(), next()];
    asked.sort();
    assert_eq!(asked, ["1", "3"], "both under way, and the second loan of item 1 waits");
    assert!(meets.try_recv().is_err());
    for go in [&first, &second] {
        go.send(()).unwrap();
    }
    assert_eq!(next(), "1");
    for go in [&first, &second] {
        go.send(()).unwrap();
    }
    for id in 1..=3 {
        let ended = |event: &Event| matches!(event, Event::Answer(answer) if answer.id.0 == id);
        if !rig.seen.iter().any(ended) {
            rig.answer(id);
        }
    }
    let well = |event: &&Event| matches!(event, Event::Answer(answer) if matches!(answer.outcome, Outcome::Answered(_)));
    assert_eq!(rig.seen.iter().filter(well).count(), 3);
    rig.end();
}

#[test]
fn the_network_switch_cuts_and_restores() {
    let mut rig = Rig::new(vec![
        Box::new(|mut peer| {
            peer.open();
            peer.drain();
        }),
        Box::new(|mut peer| {
            peer.open();
            peer.ask();
            peer.say(LOAN_12);
            peer.drain();
        }),
    ]);
    rig.wait_state(LinkState::Online);
    rig.handle.set_network(false).unwrap();
    rig.wait_state(LinkState::NetworkOff);
    rig.lend(1);
    assert_eq!(rig.answer(1).outcome, Outcome::NotSent);
    rig.handle.set_network(true).unwrap();
    rig.wait_state(LinkState::Online);
    rig.lend_well(2);
    rig.end();
}

#[test]
fn stopping_ends_what_is_under_way() {
    let mut rig = Rig::new(vec![Box::new(|mut peer| {
        peer.open();
        peer.ask();
        peer.drain();
    })]);
    rig.wait_state(LinkState::Online);
    rig.lend(1);
    rig.lend(2);
    rig.handle.stop();
    rig.server.join().unwrap();
    let ended: Vec<RequestId> = rig
        .events
        .try_iter()
        .filter_map(|event| if let Event::Answer(answer) = event { Some(answer.id) } else { None })
        .collect();
    assert_eq!(ended, [RequestId(1), RequestId(2)]);
}
