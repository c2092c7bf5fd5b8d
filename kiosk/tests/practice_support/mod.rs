//! A station reduced to raw bytes. It has its own checksum, so that a mistake in the codec shared
//! by both sides cannot cancel out.

#![allow(dead_code)] // Each test binary uses its own part.
#![allow(clippy::unwrap_used)] // Helpers of tests, outside any #[test] function.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use kiosk::practice::{Clock, Config, LocalTime, ManualClock, Practice, Source};

/// Longest wait for anything in these tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A small library whose answers are those of sip2.md section 11.
pub(crate) const DATA: &str = r#"{
  "format": 1,
  "institution": "YZLIB",
  "library": {"zh": "扬中市图书馆", "en": "Yangzhong Library"},
  "rules": {"loan_days": 21, "renew_days": 21, "max_renewals": 2},
  "classes": [
    {"code": "adult", "zh": "成人", "en": "Adult", "loan_limit": 10, "hold_limit": 5, "fee_limit": "10.00"},
    {"code": "child", "zh": "少儿", "en": "Child", "loan_limit": 2, "hold_limit": 1, "fee_limit": "0.00"}
  ],
  "branches": [
    {"code": "YZ-MAIN", "zh": "扬中市图书馆", "en": "Yangzhong Library"},
    {"code": "XINBA", "zh": "新坝分馆", "en": "Xinba Branch"}
  ],
  "patrons": [
    {"number": "0200001234", "name": "张伟", "pin": "1234", "class": "adult", "expires": "2030-01-01"},
    {"number": "0200009999", "name": "Ada Lovelace", "pin": "9999", "class": "adult", "expires": "2030-01-01", "language": "en"},
    {"number": "0200000001", "name": "王小明", "pin": "1", "class": "child", "expires": "2030-01-01", "born": "2017-01-01"},
    {"number": "0200000002", "name": "过期", "pin": "2", "class": "adult", "expires": "2020-01-01"},
    {"number": "0200000003", "name": "停用", "pin": "3", "class": "adult", "expires": "2030-01-01", "state": "blocked"},
    {"number": "0200000004", "name": "挂失", "pin": "4", "class": "adult", "expires": "2030-01-01", "state": "lost"},
    {"number": "0200000005", "name": "欠费", "pin": "5", "class": "adult", "expires": "2030-01-01", "fees": [{"amount": "12.50"}]},
    {"number": "0200000006", "name": "超期", "pin": "6", "class": "adult", "expires": "2030-01-01"},
    {"number": "0200000007", "name": "已满", "pin": "7", "class": "adult", "loan_limit": 1, "expires": "2030-01-01", "fees": [{"amount": "3.50"}]}
  ],
  "items": [
    {"barcode": "YZ0000789", "title": "三体", "owner": "YZLIB", "home": "YZ-MAIN"},
    {"barcode": "XB0000042", "title": "活着", "owner": "YZLIB", "home": "XINBA"},
    {"barcode": "YZ0000001", "title": "扬中县志", "owner": "YZLIB", "home": "YZ-MAIN", "circulation": "not_for_loan"},
    {"barcode": "YZ0000002", "title": "旧书", "owner": "YZLIB", "home": "YZ-MAIN", "circulation": "withdrawn"},
    {"barcode": "YZ0000003", "title": "失书", "owner": "YZLIB", "home": "YZ-MAIN", "circulation": "lost"},
    {"barcode": "YZ0000004", "title": "草房子", "owner": "YZLIB", "home": "YZ-MAIN"},
    {"barcode": "YZ0000005", "title": "白夜行", "owner": "YZLIB", "home": "YZ-MAIN", "age_from": 14},
    {"barcode": "YZ0000006", "title": "光盘", "owner": "YZLIB", "home": "YZ-MAIN", "media": "disc", "parts": 4, "loan_days": 7},
    {"barcode": "YZ0000011", "title": "在外甲", "owner": "YZLIB", "home": "YZ-MAIN"},
    {"barcode": "YZ0000012", "title": "在外乙", "owner": "YZLIB", "home": "YZ-MAIN"},
    {"barcode": "YZ0000013", "title": "在外丙", "owner": "YZLIB", "home": "YZ-MAIN"},
    {"barcode": "YZ0000014", "title": "在外丁", "owner": "YZLIB", "home": "YZ-MAIN"},
    {"barcode": "YZ0000021", "title": "空闲甲", "owner": "YZLIB", "home": "YZ-MAIN"},
    {"barcode": "YZ0000022", "title": "空闲乙", "owner": "YZLIB", "home": "YZ-MAIN"},
    {"barcode": "YZ0000023", "title": "空闲丙", "owner": "YZLIB", "home": "YZ-MAIN"},
    {"barcode": "YZ0000024", "title": "空闲丁", "owner": "YZLIB", "home": "YZ-MAIN"}
  ],
  "loans": [
    {"item": "YZ0000011", "patron": "0200000006", "lent": "2026-10-01", "due": "2026-11-19"},
    {"item": "YZ0000012", "patron": "0200000007", "lent": "2026-11-01", "due": "2026-11-30"},
    {"item": "YZ0000013", "patron": "0200001234", "lent": "2026-11-01", "due": "2026-11-30", "renewals": 2},
    {"item": "YZ0000014", "patron": "0200001234", "lent": "2026-11-01", "due": "2026-11-30"}
  ],
  "holds": [
    {"item": "YZ0000004", "patron": "0200009999", "pickup": "YZ-MAIN", "ready": true},
    {"item": "YZ0000014", "patron": "0200009999", "pickup": "XINBA"},
    {"item": "YZ0000012", "patron": "0200009999", "pickup": "YZ-MAIN"}
  ]
}"#;

/// A running library with [`DATA`] and a clock at 2026-11-22 10:30:00.
pub(crate) struct Library {
    pub(crate) practice: Practice,
    pub(crate) clock: ManualClock,
    _folder: tempfile::TempDir,
}

impl Library {
    pub(crate) fn start() -> Self {
        Self::with(DATA, |_| {})
    }

    pub(crate) fn with(data: &str, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::new(time("2026-11-22T10:30:00"));
        let mut config = Config {
            source: Source::File(write(folder.path(), data)),
            clock: Clock::Manual(clock.clone()),
            ..Config::default()
        };
        change(&mut config);
        let practice = Practice::start(config).unwrap_or_else(|e| panic!("{e}"));
        Self { practice, clock, _folder: folder }
    }

    pub(crate) fn station(&self) -> Station {
        Station::connect(self.practice.addr())
    }

    pub(crate) fn set_time(&self, time: &str) {
        self.clock.set(self::time(time));
    }

    /// Kinds and items of the ledger, for short comparisons.
    pub(crate) fn story(&self) -> Vec<String> {
        let ledger = self.practice.ledger().unwrap();
        let line = |e: &kiosk::practice::LedgerEntry| {
            format!("{} {}", e.kind.name(), e.item.as_deref().unwrap_or("-"))
        };
        ledger.iter().map(line).collect()
    }
}

/// A time written as text.
pub(crate) fn time(text: &str) -> LocalTime {
    text.parse().unwrap()
}

/// Writes a data file.
pub(crate) fn write(folder: &Path, data: &str) -> std::path::PathBuf {
    let path = folder.join("data.json");
    std::fs::write(&path, data).unwrap();
    path
}

/// The checksum of sip2.md section 2, written independently of the codec.
pub(crate) fn az(bytes: &[u8]) -> String {
    let sum: u32 = bytes.iter().map(|&b| u32::from(b)).sum();
    format!("{:04X}", (0x1_0000 - (sum & 0xFFFF)) & 0xFFFF)
}

/// A request with its trailer and terminator.
pub(crate) fn framed(body: &str, digit: u8) -> Vec<u8> {
    let mut bytes = format!("{body}AY{digit}AZ").into_bytes();
    let sum = az(&bytes);
    bytes.extend_from_slice(sum.as_bytes());
    bytes.push(b'\r');
    bytes
}

/// A station on a real socket.
pub(crate) struct Station {
    pub(crate) stream: TcpStream,
    digit: u8,
}

impl Station {
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, digit: 0 }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Bytes up to CR; `None` when the connection ends first.
    pub(crate) fn line(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            match self.stream.read(&mut byte) {
                Ok(1) if byte[0] == b'\r' => return Some(line),
                Ok(1) => line.push(byte[0]),
                Ok(_) => return None,
                Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(e) => panic!("no answer within {PATIENCE:?}: {e}"),
            }
        }
    }

    /// Sends a request with the next digit and gives the answer without its trailer, after
    /// checking digit and checksum.
    pub(crate) fn ask(&mut self, body: &str) -> String {
        let digit = self.digit;
        self.digit = (digit + 1) % 10;
        self.send(&framed(body, digit));
        let line = self.line().expect("the library answers");
        let (rest, sum) = line.split_at(line.len() - 4);
        assert_eq!(az(rest).as_bytes(), sum, "checksum of {:?}", String::from_utf8_lossy(&line));
        let trailer = format!("AY{digit}AZ");
        let body = rest.strip_suffix(trailer.as_bytes()).expect("the digit comes back");
        String::from_utf8(body.to_vec()).unwrap()
    }

    /// Whether the connection is closed by the other side within the bound.
    pub(crate) fn ends(&mut self) -> bool {
        let until = Instant::now() + PATIENCE;
        let mut bytes = [0; 256];
        while Instant::now() < until {
            match self.stream.read(&mut bytes) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(e) => return e.kind() == std::io::ErrorKind::ConnectionReset,
            }
        }
        false
    }

    pub(crate) fn borrow(&mut self, patron: &str, item: &str) -> String {
        self.ask(&format!(
            "11NN20261122    103000                  AOYZLIB|AA{patron}|AB{item}|AC|BON|BIN|"
        ))
    }

    pub(crate) fn give_back(&mut self, item: &str) -> String {
        self.ask(&format!("09N20261122    10300020261122    103000AP|AOYZLIB|AB{item}|AC|BIN|"))
    }

    pub(crate) fn renew(&mut self, patron: &str, item: &str) -> String {
        self.ask(&format!(
            "29NN20261122    103000                  AOYZLIB|AA{patron}|AD|AB{item}|AC|BON|"
        ))
    }

    pub(crate) fn account(
        &mut self,
        patron: &str,
        language: &str,
        position: Option<usize>,
    ) -> String {
        let mut summary = [b' '; 10];
        if let Some(position) = position {
            summary[position] = b'Y';
        }
        let summary = std::str::from_utf8(&summary).unwrap();
        self.ask(&format!("63{language}20261122    103000{summary}AOYZLIB|AA{patron}|AC|AD|"))
    }
}

/// The first value of a variable field; `fixed` is the length of code and fixed part.
pub(crate) fn field<'a>(answer: &'a str, fixed: usize, id: &str) -> Option<&'a str> {
    answer[fixed..].split('|').find_map(|field| field.strip_prefix(id))
}

/// All values of a variable field.
pub(crate) fn fields<'a>(answer: &'a str, fixed: usize, id: &str) -> Vec<&'a str> {
    answer[fixed..].split('|').filter_map(|field| field.strip_prefix(id)).collect()
}

/// Waits for a fact.
pub(crate) fn until(what: &str, mut fact: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !fact() {
        assert!(Instant::now() < end, "{what} did not come true within {PATIENCE:?}");
        std::thread::yield_now();
    }
}
