use std::collections::HashMap;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::privacy::{PatronId, Secret};
use crate::sip2::charset::Charset;
use crate::sip2::date::SipDate;
use crate::sip2::message::*;
use crate::sip2::profile::Login;
use crate::sip2::wire::checksum;

/// 98 of sip2.md section 11 without its trailer: 30 s, 3 retries, everything but status updates.
const STATUS_98: &str = "98YYYYNY30000320261122    1030002.00AOYZLIB|AMYangzhong Library|BXYYYNYYYYYYYNNNYY|ANYZ-MAIN-01|";

/// A link with its outputs collected, on a clock that stands still until moved.
struct Rig {
    link: Link,
    now: Duration,
    sent: Vec<String>,
    answers: Vec<Answer>,
    states: Vec<LinkState>,
    connects: Vec<Duration>,
    closes: usize,
}

impl Rig {
    fn new(profile: Profile) -> Self {
        let mut rig = Self {
            link: Link::new(profile, 0),
            now: Duration::ZERO,
            sent: Vec::new(),
            answers: Vec::new(),
            states: Vec::new(),
            connects: Vec::new(),
            closes: 0,
        };
        rig.give(Input::Tick);
        rig
    }

    /// Connected and online, without login.
    fn online(profile: Profile) -> Self {
        let mut rig = Self::new(profile);
        rig.give(Input::Connected);
        rig.reply(STATUS_98);
        assert_eq!(rig.state(), LinkState::Online);
        rig.sent.clear();
        rig
    }

    fn give(&mut self, input: Input<'_>) {
        self.link.handle(input, self.now);
        while let Some(output) = self.link.poll_output() {
            match output {
                Output::Connect => self.connects.push(self.now),
                Output::Send(bytes) => self.sent.push(String::from_utf8(bytes.to_vec()).unwrap()),
                Output::Close => self.closes += 1,
                Output::Answer(answer) => self.answers.push(*answer),
                Output::Status(status) => self.states.push(status.state),
            }
        }
        if let Some(deadline) = self.link.deadline() {
            assert!(deadline > self.now, "a deadline already dealt with");
        }
    }

    /// A line with a right trailer and this digit.
    fn sealed(text: &str, digit: char) -> Vec<u8> {
        let mut line = format!("{text}AY{digit}AZ").into_bytes();
        line.extend_from_slice(&checksum::digits(checksum::of(&line)));
        line
    }

    /// The digit of the last message sent.
    fn digit(&self) -> char {
        let last = self.sent.last().unwrap().trim_end();
        char::from(last.as_bytes()[last.len() - 7])
    }

    fn reply(&mut self, text: &str) {
        let line = Self::sealed(text, self.digit());
        self.give(Input::Line(&line));
    }

    fn submit(&mut self, id: u64, request: impl Into<Request>, priority: Priority) {
        let request = Box::new(request.into());
        self.give(Input::Submit { id: RequestId(id), request, priority });
    }

    /// Moves to the next deadline and ticks.
    fn next_deadline(&mut self) -> Duration {
        self.now = self.link.deadline().unwrap();
        self.give(Input::Tick);
        self.now
    }

    fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        while self.link.deadline().is_some_and(|deadline| deadline <= end) {
            self.next_deadline();
        }
        self.now = end;
    }

    fn state(&self) -> LinkState {
        self.link.status().state
    }

    fn outcome(&self, id: u64) -> &Outcome {
        let mut answers = self.answers.iter().filter(|answer| answer.id == RequestId(id));
        let answer = answers.next().unwrap_or_else(|| panic!("request {id} has not ended"));
        assert!(answers.next().is_none(), "request {id} ended twice");
        &answer.outcome
    }
}

fn noon() -> SipDate {
    SipDate::local(date(2026, 11, 22).at(10, 30, 0, 0))
}

fn checkout(item: &str) -> CheckoutRequest {
    CheckoutRequest {
        transaction_date: noon(),
        institution_id: "YZLIB".into(),
        patron_identifier: PatronId::new("0200001234"),
        item_identifier: item.into(),
        ..CheckoutRequest::default()
    }
}

fn checkin(item: &str) -> CheckinRequest {
    CheckinRequest { item_identifier: item.into(), ..CheckinRequest::default() }
}

fn checkout_ok(item: &str) -> String {
    format!("121NNY20261122    103000AOYZLIB|AA0200001234|AB{item}|AJ三体|AH|")
}

fn with_mode(checksum: ChecksumMode) -> Profile {
    Profile { checksum, ..Profile::default() }
}

#[test]
fn a_session_opens_with_login_and_status() {
    let mut rig = Rig::new(Profile {
        login: Some(Login {
            user: "kiosk01".into(),
            password: Secret::new("s3cret"),
            location: Some("YZ-MAIN-01".into()),
        }),
        ..Profile::default()
    });
    assert_eq!(rig.connects, [Duration::ZERO]);
    rig.give(Input::Connected);
    rig.give(Input::Line(b"941AY0AZFDFD"));
    let golden_98 = [STATUS_98, "AY1AZE2A2"].concat();
    rig.give(Input::Line(golden_98.as_bytes()));
    assert_eq!(
        rig.sent,
        ["9300CNkiosk01|COs3cret|CPYZ-MAIN-01|AY0AZF33C\r", "9900482.00AY1AZFC9C\r"]
    );
    assert_eq!(rig.states, [LinkState::Connecting, LinkState::LoggingIn, LinkState::Online]);
    let status = rig.link.status();
    assert!(status.checkin_ok && status.checkout_ok && status.renewal_ok && status.offline_ok);
    assert!(!status.status_update_ok);
    assert_eq!(status.library_name.as_deref(), Some("Yangzhong Library"));
}

#[test]
fn a_profile_without_account_starts_with_99() {
    let mut rig = Rig::new(Profile::default());
    rig.give(Input::Connected);
    assert_eq!(rig.sent.len(), 1);
    assert!(rig.sent[0].starts_with("9900482.00AY0"));
}

#[test]
fn a_refused_login_pauses_for_a_minute_and_says_so() {
    let login = Login { user: "k".into(), password: Secret::new("x"), location: None };
    let mut rig = Rig::new(Profile { login: Some(login), ..Profile::default() });
    rig.give(Input::Connected);
    rig.reply("940");
    assert_eq!((rig.state(), rig.closes), (LinkState::LoginRefused, 1));
    rig.submit(1, checkout("1"), Priority::Live);
    assert_eq!(rig.outcome(1), &Outcome::NotSent);
    assert_eq!(rig.next_deadline(), LOGIN_REFUSED_BACK_OFF);
    assert_eq!(rig.connects.len(), 2);
    rig.give(Input::Connected);
    assert_eq!(rig.state(), LinkState::LoginRefused, "until a login succeeds");
    rig.reply("941");
    rig.reply(STATUS_98);
    assert_eq!(rig.state(), LinkState::Online);
}

#[test]
fn a_library_that_is_closed_is_not_online() {
    let mut rig = Rig::online(Profile::default());
    rig.give(Input::Line(&Rig::sealed(&STATUS_98.replace("98Y", "98N"), '7')));
    assert_eq!(rig.state(), LinkState::LibraryClosed);
    rig.give(Input::Line(&Rig::sealed(STATUS_98, '7')));
    assert_eq!(rig.state(), LinkState::Online);
}

#[test]
fn requests_are_serial_and_digits_wrap() {
    let mut rig = Rig::online(Profile::default());
    for id in 0..12 {
        rig.submit(id, checkout(&id.to_string()), Priority::Live);
    }
    let mut digits = String::new();
    for id in 0..12 {
        assert_eq!(rig.sent.len(), id + 1, "one at a time");
        digits.push(rig.digit());
        rig.reply(&checkout_ok(&id.to_string()));
        let Outcome::Answered(answer) = rig.outcome(id as u64) else { panic!("not answered") };
        let Response::Checkout(answer) = &**answer else { panic!("not a 12") };
        assert_eq!(answer.item_identifier, id.to_string());
    }
    assert_eq!(digits, "123456789012");
    assert!(rig.answers.iter().all(|answer| answer.transmissions == 1 && !answer.raw.0.is_empty()));
}

#[test]
fn a_stale_digit_is_discarded() {
    let mut rig = Rig::online(Profile::default());
    rig.submit(1, checkout("1"), Priority::Live);
    rig.give(Input::Line(&Rig::sealed(&checkout_ok("1"), '8')));
    assert!(rig.answers.is_empty());
    rig.reply(&checkout_ok("1"));
    assert!(matches!(rig.outcome(1), Outcome::Answered(_)));
    assert_eq!(rig.sent.len(), 1);
}

#[test]
fn another_answer_is_stale_and_98_is_applied() {
    let mut rig = Rig::online(Profile::default());
    rig.submit(1, checkout("1"), Priority::Live);
    rig.reply("101YNN20261122    103000AOYZLIB|AB1|AQ|");
    rig.give(Input::Line(&Rig::sealed(&STATUS_98.replace("98YYY", "98YNN"), '0')));
    assert!(rig.answers.is_empty());
    assert!(!rig.link.status().checkout_ok && !rig.link.status().checkin_ok);
    rig.reply(&checkout_ok("1"));
    assert!(matches!(rig.outcome(1), Outcome::Answered(_)));
}

#[test]
fn a_damaged_answer_is_asked_for_again_then_the_request_repeated() {
    let mut rig = Rig::online(Profile::default());
    rig.submit(1, checkout("1"), Priority::Live);
    let damaged = [checkout_ok("1").as_bytes(), b"AY1AZ0000"].concat();
    for _ in 0..4 {
        rig.give(Input::Line(&damaged));
    }
    let request = rig.sent[0].clone();
    let again = "97AZFEF5\r".to_owned();
    // 97, the request, a failed attempt (the request), 97.
    assert_eq!(rig.sent, [request.clone(), again.clone(), request.clone(), request, again]);
    // The answer to 97 may carry any digit.
    rig.give(Input::Line(&Rig::sealed(&checkout_ok("1"), '0')));
    assert!(matches!(rig.outcome(1), Outcome::Answered(_)));
    assert_eq!(rig.answers[0].transmissions, 3);
}

#[test]
fn answers_damaged_for_ever_end_the_connection() {
    let mut rig = Rig::online(Profile::default());
    rig.submit(1, checkout("1"), Priority::Live);
    for _ in 0..100 {
        rig.give(Input::Line(b"121NNY20261122    103000AOX|AY1AZ0000"));
    }
    assert_eq!(rig.outcome(1), &Outcome::Unknown(Unknown::LinkLost));
    assert_eq!((rig.closes, rig.state()), (1, LinkState::Offline));
    assert_eq!(rig.answers[0].transmissions, 8, "four attempts, each repeated once");
}

#[test]
fn a_96_repeats_the_same_bytes_and_counts() {
    let mut rig = Rig::online(Profile::default());
    rig.submit(1, checkout("1"), Priority::Live);
    for line in [&b"96AZFEF6"[..], b"96", b"96AZFEF6"] {
        rig.give(Input::Line(line));
    }
    assert_eq!(rig.sent.len(), 4);
    assert!(rig.sent.iter().all(|bytes| *bytes == rig.sent[0]));
    rig.give(Input::Line(b"96"));
    assert_eq!(rig.outcome(1), &Outcome::Unknown(Unknown::LinkLost));
}

#[test]
fn silence_repeats_the_same_bytes_then_goes_off_line_and_backs_off() {
    let mut rig = Rig::online(Profile::default());
    rig.submit(1, checkout("1"), Priority::Live);
    for _ in 0..4 {
        rig.next_deadline();
    }
    assert_eq!(rig.now, Duration::from_secs(4 * 30));
    assert_eq!(rig.sent.len(), 4);
    assert!(rig.sent.iter().all(|bytes| *bytes == rig.sent[0]));
    assert_eq!(rig.outcome(1), &Outcome::Unknown(Unknown::LinkLost));
    assert_eq!(rig.answers[0].transmissions, 4);
    assert_eq!(rig.state(), LinkState::Offline);

    let mut waits = Vec::new();
    for _ in 0..7 {
        let from = rig.now;
        waits.push((rig.next_deadline() - from).as_secs());
        rig.give(Input::ConnectFailed);
    }
    assert_eq!(waits, [1, 2, 5, 10, 30, 60, 60]);
}

#[test]
fn a_connection_that_never_comes_is_given_up() {
    let mut rig = Rig::new(Profile::default());
    assert_eq!(rig.next_deadline(), CONNECT_TIMEOUT);
    assert_eq!((rig.closes, rig.state()), (1, LinkState::Offline));
}

#[test]
fn a_server_that_asks_for_one_second_gets_eight() {
    let mut rig = Rig::online(Profile::default());
    rig.give(Input::Line(&Rig::sealed(&STATUS_98.replace("300003", "010001"), '0')));
    rig.submit(1, checkout("1"), Priority::Live);
    assert_eq!(rig.next_deadline(), Duration::from_secs(8));
    rig.next_deadline();
    assert_eq!(rig.answers[0].transmissions, 2, "98 allows one retry");
}

#[test]
fn an_unanswered_optional_request_is_not_available_but_not_off_line() {
    let mut rig = Rig::online(Profile::default());
    rig.submit(1, RenewAllRequest::default(), Priority::Live);
    for _ in 0..4 {
        rig.next_deadline();
    }
    assert_eq!(rig.outcome(1), &Outcome::Unknown(Unknown::Unanswered));
    assert_eq!((rig.closes, rig.state()), (0, LinkState::Online));
    assert!(rig.sent.last().unwrap().starts_with("99"), "one 99 finds out whether anyone is there");
    rig.reply(STATUS_98);
    rig.submit(2, checkout("1"), Priority::Live);
    rig.reply(&checkout_ok("1"));
    assert!(matches!(rig.outcome(2), Outcome::Answered(_)));
}

#[test]
fn end_of_session_holds_nobody_up() {
    let mut rig = Rig::online(Profile::default());
    rig.submit(1, EndSessionRequest::default(), Priority::Live);
    rig.submit(2, checkout("1"), Priority::Live);
    assert_eq!(rig.next_deadline(), BEST_EFFORT_TIMEOUT);
    assert_eq!(rig.outcome(1), &Outcome::Unknown(Unknown::Unanswered));
    // The late 36 is stale; the loan goes through.
    rig.give(Input::Line(&Rig::sealed("36Y20261122    103000AOYZLIB|AA1|", '1')));
    rig.reply(&checkout_ok("1"));
    assert!(matches!(rig.outcome(2), Outcome::Answered(_)));
    assert_eq!((rig.sent.len(), rig.state()), (2, LinkState::Online));
}

#[test]
fn live_requests_overtake_the_outbox_except_for_the_same_item() {
    let mut rig = Rig::online(Profile::default());
    rig.submit(1, checkout("A"), Priority::Live);
    rig.submit(2, checkin("B"), Priority::Background);
    rig.submit(3, checkin("C"), Priority::Background);
    rig.submit(4, checkout("C"), Priority::Live);
    rig.submit(5, checkout("D"), Priority::Live);
    let mut order = Vec::new();
    while let Some(id) = rig.link.exchange.as_ref().map(|exchange| exchange.owner) {
        let Owner::Client(RequestId(id)) = id else { panic!("only requests are under way") };
        order.push(id);
        let item = ["", "A", "B", "C", "C", "D"][usize::try_from(id).unwrap()];
        match id {
            2 | 3 => rig.reply(&format!("101YNN20261122    103000AOX|AB{item}|AQ|")),
            _ => rig.reply(&checkout_ok(item)),
        }
    }
    assert_eq!(order, [1, 3, 4, 5, 2]);
}

#[test]
fn a_full_queue_refuses() {
    let mut rig = Rig::online(Profile::default());
    let most = u64::try_from(LIVE_QUEUE_MAX).unwrap();
    for id in 0..=most + 1 {
        rig.submit(id, checkout("1"), Priority::Live);
    }
    assert_eq!(rig.outcome(most + 1), &Outcome::QueueFull);
    assert_eq!(rig.answers.len(), 1);
}

#[test]
fn a_server_closing_idle_connections_is_reached_again_in_time() {
    let mut rig = Rig::online(Profile::default());
    rig.give(Input::Closed);
    rig.submit(1, checkout("1"), Priority::Live);
    assert_eq!(rig.next_deadline(), BACK_OFF[0]);
    rig.give(Input::Connected);
    rig.reply(STATUS_98);
    rig.reply(&checkout_ok("1"));
    assert!(matches!(rig.outcome(1), Outcome::Answered(_)));
}

#[test]
fn requests_without_a_connection_come_back_unsent() {
    let mut rig = Rig::online(Profile::default());
    rig.submit(1, checkout("1"), Priority::Live);
    rig.submit(2, checkout("2"), Priority::Live);
    rig.give(Input::Closed);
    assert_eq!(rig.outcome(1), &Outcome::Unknown(Unknown::LinkLost), "its bytes had left");
    rig.run_for(OFFLINE_WAIT);
    assert_eq!(rig.outcome(2), &Outcome::NotSent);
    assert_eq!(rig.answers[1].transmissions, 0);
    rig.give(Input::ConnectFailed);
    rig.run_for(Duration::from_secs(3));
    rig.give(Input::ConnectFailed);
    rig.run_for(Duration::from_secs(6));
    rig.give(Input::ConnectFailed);
    // The next attempt is further off than anyone waits.
    rig.submit(3, checkout("3"), Priority::Live);
    assert_eq!(rig.outcome(3), &Outcome::NotSent);
}

#[test]
fn the_network_switch_drops_the_connection_and_stays_off() {
    let mut rig = Rig::online(Profile::default());
    rig.submit(1, checkout("1"), Priority::Live);
    rig.give(Input::Network(false));
    assert_eq!(rig.outcome(1), &Outcome::Unknown(Unknown::LinkLost));
    assert_eq!((rig.state(), rig.closes), (LinkState::NetworkOff, 1));
    assert_eq!(rig.link.deadline(), None);
    rig.submit(2, checkout("2"), Priority::Live);
    assert_eq!(rig.outcome(2), &Outcome::NotSent);
    assert!(rig.link.status().offline_ok, "the last 98 stands");
    rig.give(Input::Network(true));
    assert_eq!(rig.connects.len(), 2);
}

#[test]
fn idle_connections_are_asked_now_and_then() {
    let mut rig = Rig::online(Profile::default());
    assert_eq!(rig.next_deadline(), Duration::from_secs(120));
    assert_eq!(rig.sent.len(), 1);
    assert!(rig.sent[0].starts_with("9900482.00AY1"));
    rig.reply(STATUS_98);
    assert_eq!(rig.next_deadline(), Duration::from_secs(240));
    rig.reply(STATUS_98);
    rig.give(Input::Station(ScStatusCode::OutOfPaper));
    assert!(rig.sent[2].starts_with("9910482.00AY3"), "{}", rig.sent[2]);
}

#[test]
fn dp2_answers_are_taken_by_code_and_item() {
    let mut rig = Rig::online(with_mode(ChecksumMode::SendOnly));
    let renew = RenewRequest { item_identifier: Some("B001".into()), ..RenewRequest::default() };
    rig.submit(1, renew, Priority::Live);
    assert!(rig.sent[0].contains("AY1AZ"), "both are sent");
    let answer = "301YNN20220224    121816AOCN-110108-1-NLC|AAP001|ABB001|AJ怪物大师|AH2022-02-27|AF成功|AG成功|AY4AZFA86";
    rig.give(Input::Line(answer.replace("ABB001", "ABB002").as_bytes()));
    assert!(rig.answers.is_empty(), "another item's answer");
    rig.give(Input::Line(answer.as_bytes()));
    assert!(matches!(rig.outcome(1), Outcome::Answered(_)));
    assert_eq!(rig.sent.len(), 1);
}

#[test]
fn free_text_ends_an_optional_request_at_once() {
    let mut rig = Rig::online(with_mode(ChecksumMode::SendOnly));
    rig.submit(1, RenewAllRequest::default(), Priority::Live);
    rig.give(Input::Line("不支持的命令|AY4AZ1234".as_bytes()));
    assert_eq!(rig.outcome(1), &Outcome::Unknown(Unknown::Unanswered));
    assert_eq!(rig.state(), LinkState::Online);
    rig.submit(2, checkout("1"), Priority::Live);
    rig.give(Input::Line("不支持的命令|AY4AZ1234".as_bytes()));
    assert_eq!(rig.answers.len(), 1, "a loan keeps waiting for its answer");
}

#[test]
fn an_error_told_in_words_ends_any_request_once() {
    let folio = || Profile { text_errors: true, replays: true, ..Profile::default() };
    let problem = b"Problem handling request";
    let mut rig = Rig::online(folio());
    rig.submit(1, checkout("1"), Priority::Live);
    rig.give(Input::Line(problem));
    assert_eq!(rig.outcome(1), &Outcome::Unknown(Unknown::Unanswered));
    assert_eq!((rig.sent.len(), rig.closes, rig.state()), (1, 0, LinkState::Online));
    rig.submit(2, renewal(), Priority::Live);
    rig.give(Input::Line(b"500 Internal Server Error"));
    assert_eq!(rig.outcome(2), &Outcome::Unknown(Unknown::Unanswered));
    rig.submit(3, checkout("1"), Priority::Live);
    rig.reply(&checkout_ok("1"));
    assert!(matches!(rig.outcome(3), Outcome::Answered(_)), "the connection lives");
    // Sent twice, it may be told of twice: the second must not meet the next request.
    let mut rig = Rig::online(folio());
    rig.submit(1, checkout("1"), Priority::Live);
    rig.submit(2, checkout("2"), Priority::Live);
    rig.next_deadline();
    assert_eq!(rig.sent.len(), 2, "sent again");
    rig.give(Input::Line(problem));
    assert_eq!(rig.outcome(1), &Outcome::Unknown(Unknown::LinkLost));
    assert_eq!((rig.sent.len(), rig.closes), (2, 1));
    // What is left of a message is damage as before.
    for damaged in [&b"121NN"[..], b"1|AJ|AH|AY1AZ0000", b"\0\0\0", b"12 items"] {
        let mut rig = Rig::online(folio());
        rig.submit(1, checkout("1"), Priority::Live);
        rig.give(Input::Line(damaged));
        assert_eq!(rig.sent.last().unwrap(), "97AZFEF5\r", "{}", damaged.escape_ascii());
    }
    // So are words of a system that does not tell errors so.
    let mut rig = Rig::online(Profile::default());
    rig.submit(1, checkout("1"), Priority::Live);
    rig.give(Input::Line(problem));
    assert_eq!(rig.sent.last().unwrap(), "97AZFEF5\r");
    // No session comes of a status that failed: FOLIO without a service point.
    let mut rig = Rig::new(folio());
    rig.give(Input::Connected);
    rig.give(Input::Line(problem));
    assert_eq!((rig.sent.len(), rig.closes, rig.state()), (1, 1, LinkState::Offline));
    assert_eq!(rig.next_deadline(), BACK_OFF[0]);
}

#[test]
fn patrons_are_told_apart_without_a_digit() {
    let answer = "64              01920261122    103000000000000000000000000000AOX|AA02|AE|";
    let request = || PatronInformationRequest {
        patron_identifier: PatronId::new("01"),
        ..PatronInformationRequest::default()
    };
    let mut rig = Rig::online(with_mode(ChecksumMode::Off));
    rig.submit(1, request(), Priority::Live);
    assert!(!rig.sent[0].contains("AZ"), "nothing is sent");
    rig.give(Input::Line(answer.as_bytes()));
    assert!(rig.answers.is_empty(), "another patron's account");
    rig.give(Input::Line(answer.replace("AA02", "AA01").as_bytes()));
    assert!(matches!(rig.outcome(1), Outcome::Answered(_)));

    let other_number = Profile { patron_echo: false, ..with_mode(ChecksumMode::Off) };
    let mut rig = Rig::online(other_number);
    rig.submit(1, request(), Priority::Live);
    rig.give(Input::Line(answer.as_bytes()));
    assert!(matches!(rig.outcome(1), Outcome::Answered(_)));
}

#[test]
fn answers_without_error_detection_are_accepted() {
    let mut rig = Rig::online(Profile::default());
    rig.submit(1, checkout("1"), Priority::Live);
    rig.give(Input::Line(checkout_ok("1").as_bytes()));
    assert!(matches!(rig.outcome(1), Outcome::Answered(_)));
}

#[test]
fn a_chinese_set_and_crlf_go_on_the_wire() {
    let mut link = Link::new(
        Profile {
            charset: Charset::Gbk,
            terminator: crate::sip2::profile::LineEnd::CrLf,
            ..Profile::default()
        },
        0,
    );
    link.handle(Input::Tick, Duration::ZERO);
    link.handle(Input::Connected, Duration::ZERO);
    link.handle(Input::Line(&Rig::sealed(STATUS_98, '0')), Duration::ZERO);
    let request = Box::new(Request::from(ItemInformationRequest {
        item_identifier: "三体".into(),
        ..ItemInformationRequest::default()
    }));
    link.handle(
        Input::Submit { id: RequestId(1), request, priority: Priority::Live },
        Duration::ZERO,
    );
    let sent: Vec<Vec<u8>> = std::iter::from_fn(|| link.poll_output())
        .filter_map(
            |output| if let Output::Send(bytes) = output { Some(bytes.to_vec()) } else { None },
        )
        .collect();
    let last = sent.last().unwrap();
    assert!(last.windows(7).any(|w| w == b"AB\xC8\xFD\xCC\xE5|"), "{}", last.escape_ascii());
    assert!(last.ends_with(b"\r\n"));
}

#[test]
fn debug_of_a_busy_link_shows_no_one() {
    let mut rig = Rig::online(Profile::default());
    let request = CheckoutRequest { patron_password: Some(Secret::new("471147")), ..checkout("1") };
    rig.submit(1, request.clone(), Priority::Live);
    rig.submit(2, request, Priority::Live);
    let shown = format!("{:?}", rig.link);
    assert!(!shown.contains("471147") && !shown.contains("0200001234"), "{shown}");
    rig.reply(&checkout_ok("1"));
    assert!(!format!("{:?}", rig.answers).contains("0200001234"));
}

/// Something that may happen to a link.
#[derive(Debug, Clone)]
enum Chance {
    Connected,
    Failed,
    Closed,
    Line(Vec<u8>),
    RightAnswer,
    Submit(usize, bool),
    Network(bool),
    Wait(u64),
}

fn chance() -> impl Strategy<Value = Chance> {
    prop_oneof![
        3 => Just(Chance::Connected),
        1 => Just(Chance::Failed),
        1 => Just(Chance::Closed),
        1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Chance::Line),
        1 => prop_oneof![Just("96"), Just("98"), Just("940AY0AZFDFE"), Just("121")]
            .prop_map(|line| Chance::Line(line.into())),
        8 => Just(Chance::RightAnswer),
        6 => (0..4usize, any::<bool>()).prop_map(|(kind, live)| Chance::Submit(kind, live)),
        1 => any::<bool>().prop_map(Chance::Network),
        4 => (0..40_000u64).prop_map(Chance::Wait),
    ]
}

fn right_answer(sent: &str) -> Option<String> {
    let text = match &sent[..2] {
        "93" => "941",
        "99" => STATUS_98,
        "11" => "121NNY20261122    103000AOX|AA1|AB1|AJ|AH|",
        "09" => "101YNN20261122    103000AOX|AB1|AQ|",
        "35" => "36Y20261122    103000AOX|AA1|",
        _ => return None,
    };
    Some(text.to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever happens: every request ends exactly once, a request not sent has no
    /// transmissions, at most one message is new at a time, and no deadline stands still.
    #[test]
    fn every_request_ends_exactly_once(chances in proptest::collection::vec(chance(), 0..120)) {
        let mut rig = Rig::new(Profile::default());
        let mut submitted = 0;
        for chance in chances {
            match chance {
                Chance::Connected => rig.give(Input::Connected),
                Chance::Failed => rig.give(Input::ConnectFailed),
                Chance::Closed => rig.give(Input::Closed),
                Chance::Line(line) => rig.give(Input::Line(&line)),
                Chance::RightAnswer => {
                    if let Some(text) = rig.sent.last().and_then(|sent| right_answer(sent)) {
                        rig.reply(&text);
                    }
                }
                Chance::Submit(kind, live) => {
                    let request: Request = match kind {
                        0 => checkout("1").into(),
                        1 => checkin("1").into(),
                        2 => EndSessionRequest::default().into(),
                        _ => RenewAllRequest::default().into(),
                    };
                    let priority = if live { Priority::Live } else { Priority::Background };
                    rig.submit(submitted, request, priority);
                    submitted += 1;
                }
                Chance::Network(on) => rig.give(Input::Network(on)),
                Chance::Wait(ms) => rig.run_for(Duration::from_millis(ms)),
            }
        }
        rig.give(Input::Stop);
        rig.submit(submitted, checkout("1"), Priority::Live);
        let mut ends: HashMap<RequestId, usize> = HashMap::new();
        for answer in &rig.answers {
            *ends.entry(answer.id).or_default() += 1;
            let sent = matches!(answer.outcome, Outcome::Answered(_) | Outcome::Unknown(_));
            prop_assert_eq!(sent, answer.transmissions > 0);
        }
        prop_assert_eq!(ends.len() as u64, submitted + 1);
        prop_assert!(ends.values().all(|count| *count == 1));
        prop_assert_eq!(rig.state(), LinkState::Stopped);
    }
}

#[test]
fn a_hundred_stations_do_not_come_back_at_once() {
    let back_at = |seed: u64| {
        let mut link = Link::new(Profile::default(), seed);
        link.handle(Input::Tick, Duration::ZERO);
        let mut waits = Vec::new();
        let mut now = Duration::ZERO;
        for wait in BACK_OFF {
            link.handle(Input::ConnectFailed, now);
            let next = link.deadline().unwrap();
            waits.push(next - now);
            assert!(next - now >= wait && next - now < wait + wait / SPREAD, "{:?}", next - now);
            now = next;
            link.handle(Input::Tick, now);
        }
        waits
    };
    let waits: std::collections::BTreeSet<_> = (1..=100).map(|n| back_at(n << 32 | n)).collect();
    assert_eq!(waits.len(), 100, "all of them come back at times of their own");
}

fn renewal() -> RenewRequest {
    let item_identifier = Some("1".to_owned());
    RenewRequest { item_identifier, transaction_date: noon(), ..RenewRequest::default() }
}

fn payment(id: &str) -> FeePaidRequest {
    let transaction_id = Some(id.to_owned());
    FeePaidRequest { transaction_id, transaction_date: noon(), ..FeePaidRequest::default() }
}

#[test]
fn what_cannot_be_told_from_once_is_sent_once() {
    let knows = Profile { replays: true, fee_dedup: true, ..Profile::default() };
    let renews = Profile { renews_own: true, ..Profile::default() };
    for (profile, request, sent) in [
        (Profile::default(), Request::from(renewal()), 1),
        (Profile::default(), payment("P-1").into(), 1),
        (Profile::default(), RenewAllRequest::default().into(), 1),
        (Profile::default(), checkout("1").into(), 4),
        (renews, checkout("1").into(), 1),
        (knows.clone(), renewal().into(), 4),
        (knows, payment("P-1").into(), 4),
    ] {
        let code = format!("{:02}", request.code().number());
        let mut rig = Rig::online(profile);
        rig.submit(1, request, Priority::Live);
        rig.run_for(Duration::from_secs(150));
        assert!(matches!(rig.outcome(1), Outcome::Unknown(_)), "{code}");
        let times = rig.sent.iter().filter(|line| line.starts_with(&code)).count();
        assert_eq!(times, sent, "{code}");
    }
}

#[test]
fn what_did_not_get_through_is_sent_again_unless_it_is_a_payment() {
    for (request, sent) in [(Request::from(renewal()), 2), (payment("P-1").into(), 1)] {
        let code = format!("{:02}", request.code().number());
        let mut rig = Rig::online(Profile::default());
        rig.submit(1, request, Priority::Live);
        rig.give(Input::Line(b"96AZFEF6"));
        rig.run_for(Duration::from_secs(150));
        let times = rig.sent.iter().filter(|line| line.starts_with(&code)).count();
        assert_eq!(times, sent, "{code}: once more, and not again on silence");
    }
    // 96 in answer to 97 says nothing of the renewal.
    let mut rig = Rig::online(Profile::default());
    rig.submit(1, renewal(), Priority::Live);
    rig.give(Input::Line(b"30 damaged AY0AZ0000"));
    assert!(rig.sent.last().unwrap().starts_with("97"));
    rig.give(Input::Line(b"96AZFEF6"));
    assert_eq!(rig.outcome(1), &Outcome::Unknown(Unknown::LinkLost));
}

#[test]
fn an_answer_to_another_payment_is_not_taken_for_this_one() {
    let send_only = Profile { checksum: ChecksumMode::SendOnly, ..Profile::default() };
    let mut rig = Rig::online(send_only);
    rig.submit(1, payment("P-2"), Priority::Live);
    rig.give(Input::Line(b"38Y20261122    103000AOYZLIB|AA|BKP-1|"));
    assert!(rig.answers.is_empty(), "the answer to P-1 came late");
    rig.give(Input::Line(b"38N20261122    103000AOYZLIB|AA|BKP-2|"));
    let Outcome::Answered(response) = rig.outcome(1) else { panic!("not answered") };
    assert!(matches!(&**response, Response::FeePaid(paid) if !paid.payment_accepted));
}
