//! The practice library asked by two foreign kinds of client, in bytes written by hand: one that
//! checks every sequence number and checksum by the protocol's rule, and one that knows neither.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use tests::rig::PATIENCE;

use crate::site::Site;

/// Requests of one visit, without `AY` and `AZ`, and how the answer begins.
const VISIT: [(&str, &str); 9] = [
    ("9300CNkiosk03|COpractice|CPYZ-MAIN-03|", "941"),
    ("9900482.00", "98YYY"),
    ("6301920261122    103000  Y       AOYZLIB|AA0200001234|AC|AD1234|BP1|BQ10|", "64 "),
    (
        "11NN20261122    103000                  AOYZLIB|AA0200001234|ABYZ0000789|AC|AD1234|BON|BIN|",
        "121",
    ),
    ("1720261122    103000AOYZLIB|ABYZ0000789|AC|", "1804"),
    (
        "29NN20261122    103000                  AOYZLIB|AA0200001234|AD1234|ABYZ0000789|AC|BON|",
        "301",
    ),
    ("09N20261122    10300020261122    103000AP|AOYZLIB|ABYZ0000789|AC|BIN|", "101"),
    ("1720261122    103000AOYZLIB|ABYZ0000789|AC|", "1803"),
    ("3520261122    103000AOYZLIB|AA0200001234|AC|AD1234|", "36Y"),
];

struct Client(BufReader<TcpStream>);

impl Client {
    fn at(address: &str) -> Self {
        let line = TcpStream::connect(address).unwrap();
        line.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(line))
    }

    fn asks(&mut self, request: &[u8]) -> Vec<u8> {
        self.0.get_mut().write_all(&[request, b"\r"].concat()).unwrap();
        let mut answer = Vec::new();
        self.0.read_until(b'\r', &mut answer).unwrap();
        assert_eq!(answer.pop(), Some(b'\r'), "an answer ends in CR");
        answer
    }
}

/// All bytes up to `AZ` and the number behind it add up to nothing in 16 bits.
fn sum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum: u16, byte| sum.wrapping_add(u16::from(*byte)))
}

fn detected(request: &str, digit: usize) -> Vec<u8> {
    let text = format!("{request}AY{digit}AZ");
    format!("{text}{:04X}", sum(text.as_bytes()).wrapping_neg()).into()
}

#[track_caller]
fn is_whole(answer: &[u8], digit: usize) {
    let (text, stated) = answer.split_at(answer.len() - 4);
    let stated = u16::from_str_radix(std::str::from_utf8(stated).unwrap(), 16).unwrap();
    let shown = String::from_utf8_lossy(answer);
    assert!(text.ends_with(format!("AY{digit}AZ").as_bytes()), "{shown}");
    assert_eq!(sum(text).wrapping_add(stated), 0, "{shown}");
}

#[track_caller]
fn begins(answer: &[u8], wanted: &str) {
    let shown = String::from_utf8_lossy(answer);
    assert!(answer.starts_with(wanted.as_bytes()), "{wanted} expected: {shown}");
}

#[test]
fn a_client_that_checks_every_digit_and_sum() {
    let site = Site::new();
    let (mut practice, address) = site.practice("127.0.0.1:0", &[]);
    let mut client = Client::at(&address);
    for (n, (request, wanted)) in VISIT.iter().enumerate() {
        // From 7 on, so that the digit wraps.
        let digit = (n + 7) % 10;
        let answer = client.asks(&detected(request, digit));
        begins(&answer, wanted);
        is_whole(&answer, digit);
        // Asked to say it again, it says the same and does nothing.
        assert_eq!(client.asks(b"97AZFEF5"), answer);
    }
    let mut damaged = detected(VISIT[3].0, 6);
    damaged[30] ^= 1;
    assert_eq!(client.asks(&damaged), b"96AZFEF6", "a damaged request is not carried out");
    // The same bytes once more are the same request.
    let request = detected(VISIT[3].0, 6);
    let answer = client.asks(&request);
    assert_eq!(client.asks(&request), answer);
    practice.kill();
    let twice = ["loan YZ0000789", "renewal YZ0000789", "return YZ0000789", "loan YZ0000789"];
    assert_eq!(site.ledger(), twice);
}

#[test]
fn a_client_that_knows_no_digits_and_sums() {
    let site = Site::new();
    let (mut practice, address) = site.practice("127.0.0.1:0", &[]);
    let mut client = Client::at(&address);
    for (request, wanted) in VISIT {
        let answer = client.asks(request.as_bytes());
        begins(&answer, wanted);
        let tail = String::from_utf8_lossy(&answer[answer.len().saturating_sub(9)..]).into_owned();
        assert!(!tail.contains("AZ"), "nothing that the client does not know: {tail}");
    }
    practice.kill();
    let ledger = ["loan YZ0000789", "renewal YZ0000789", "return YZ0000789"];
    assert_eq!(site.ledger(), ledger);
}
