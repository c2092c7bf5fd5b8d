//! The connection to the library system, encrypted, with a CA made here: what is agreed, and what
//! the technician hears when it is not.

#![allow(clippy::unwrap_used, reason = "a failure here fails the test")]

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use kiosk::practice::{Config, Practice, TlsFiles as ServerFiles};
use kiosk::privacy::PatronId;
use kiosk::sip2::conn::{Event, Tls, TlsFiles};
use kiosk::sip2::message::EndSessionRequest;
use kiosk::sip2::probe::{Options, probe};
use kiosk::sip2::{Outcome, Priority, Profile, RequestId, SipConfig, SipDate, SipHandle};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// Longest wait for anything here.
const PATIENCE: Duration = Duration::from_secs(20);

/// A CA and where its files go.
struct Ca {
    dir: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Ca {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let file = dir.path().join("ca.pem");
        std::fs::write(&file, certificate.pem()).unwrap();
        Self { dir, issuer: Issuer::new(params, key), file }
    }

    /// A certificate for a name, changed before it is signed; its files.
    fn sign(&self, name: &str, change: impl Fn(&mut CertificateParams)) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let file = |kind: &str| self.dir.path().join(format!("{name}-{kind}.pem"));
        std::fs::write(file("cert"), certificate.pem()).unwrap();
        std::fs::write(file("key"), key.serialize_pem()).unwrap();
        (file("cert"), file("key"))
    }
}

fn library(certificate: &(PathBuf, PathBuf), client_ca: Option<&Path>) -> Practice {
    let (cert_file, key_file) = certificate.clone();
    let client_ca_file = client_ca.map(Path::to_owned);
    let tls = Some(ServerFiles { cert_file, key_file, client_ca_file });
    Practice::start(Config { tls, ..Config::default() }).unwrap()
}

fn files(ca: &Path) -> TlsFiles {
    TlsFiles {
        ca_file: ca.to_owned(),
        server_name: None,
        client_cert_file: None,
        client_key_file: None,
    }
}

struct Station {
    handle: SipHandle,
    events: Receiver<Event>,
}

fn station(port: u16, files: Option<&TlsFiles>) -> Station {
    let tls = files.map(|files| Tls::load(files, "127.0.0.1").unwrap());
    let (tell, events) = channel();
    let profile = Profile { institution_id: "YZLIB".to_owned(), ..Profile::default() };
    let config = SipConfig { host: "127.0.0.1".to_owned(), port, tls, profile, links: 1 };
    let handle = SipHandle::start(config, None, None, move |event| {
        // The test may have ended.
        let _ = tell.send(event);
    });
    Station { handle: handle.unwrap(), events }
}

impl Station {
    fn until<T>(&self, what: &str, wanted: impl Fn(Event) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left).unwrap_or_else(|_| panic!("never {what}"));
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    }

    fn trouble(&self) -> String {
        self.until("trouble", |event| match event {
            Event::Trouble(trouble) => Some(trouble),
            Event::Status(status) => {
                assert!(!status.is_online(), "on line though it must not be");
                None
            }
            Event::Answer(_) => None,
        })
    }

    fn is_served(&self) {
        self.until("on line", |event| match event {
            Event::Status(status) => status.is_online().then_some(()),
            _ => None,
        });
        let request = EndSessionRequest {
            patron_identifier: PatronId::new("0200006789"),
            ..EndSessionRequest::default()
        };
        self.handle.request(RequestId(1), request, Priority::Live).unwrap();
        self.until("answered", |event| match event {
            Event::Answer(answer) => {
                assert!(matches!(answer.outcome, Outcome::Answered(_)));
                Some(())
            }
            _ => None,
        });
    }
}

/// What the technician hears of a library system with that certificate.
fn trouble_with(change: impl Fn(&mut CertificateParams), name: &str) -> String {
    let ca = Ca::new();
    let practice = library(&ca.sign(name, change), None);
    let station = station(practice.addr().port(), Some(&files(&ca.file)));
    let trouble = station.trouble();
    assert_eq!(practice.requests(), 0, "nothing of ours was said");
    trouble
}

#[test]
fn a_good_certificate_is_believed_and_requests_are_served() {
    let ca = Ca::new();
    let practice = library(&ca.sign("127.0.0.1", |_| {}), None);
    station(practice.addr().port(), Some(&files(&ca.file))).is_served();
}

#[test]
fn a_certificate_for_the_name_that_was_configured_is_believed() {
    let ca = Ca::new();
    let practice = library(&ca.sign("sip.library.example", |_| {}), None);
    let files = TlsFiles { server_name: Some("sip.library.example".to_owned()), ..files(&ca.file) };
    station(practice.addr().port(), Some(&files)).is_served();
}

#[test]
fn another_ca_is_refused() {
    let (ca, other) = (Ca::new(), Ca::new());
    let practice = library(&ca.sign("127.0.0.1", |_| {}), None);
    let station = station(practice.addr().port(), Some(&files(&other.file)));
    let trouble = station.trouble();
    assert!(trouble.contains("not signed by the CA"), "{trouble}");
    assert_eq!(practice.requests(), 0, "nothing of ours was said");
}

#[test]
fn an_expired_certificate_is_refused() {
    let trouble = trouble_with(
        |params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        },
        "127.0.0.1",
    );
    assert!(trouble.contains("has expired"), "{trouble}");
}

#[test]
fn a_certificate_of_tomorrow_is_refused() {
    let trouble = trouble_with(|params| params.not_before = date_time_ymd(4000, 1, 1), "127.0.0.1");
    assert!(trouble.contains("not valid yet"), "{trouble}");
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let trouble = trouble_with(|_| {}, "other.example");
    assert!(trouble.contains("for another name"), "{trouble}");
}

#[test]
fn a_library_that_wants_certificates_takes_only_those() {
    let ca = Ca::new();
    let practice = library(&ca.sign("127.0.0.1", |_| {}), Some(&ca.file));
    let port = practice.addr().port();
    let without = station(port, Some(&files(&ca.file))).trouble();
    assert!(without.contains("client_cert_file"), "{without}");
    assert_eq!(practice.requests(), 0, "nothing of ours was heard");
    let (cert, key) = ca.sign("station", |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let with =
        TlsFiles { client_cert_file: Some(cert), client_key_file: Some(key), ..files(&ca.file) };
    station(port, Some(&with)).is_served();
}

#[test]
fn a_library_that_speaks_plainly_is_told_nothing() {
    let practice = Practice::start(Config::default()).unwrap();
    let ca = Ca::new();
    let station = station(practice.addr().port(), Some(&files(&ca.file)));
    let trouble = station.trouble();
    assert!(trouble.contains("does not speak TLS"), "{trouble}");
}

#[test]
fn a_station_that_speaks_plainly_is_told_nothing() {
    let ca = Ca::new();
    let practice = library(&ca.sign("127.0.0.1", |_| {}), None);
    let station = station(practice.addr().port(), None);
    station.until("lost", |event| match event {
        Event::Status(status) => {
            assert!(!status.is_online());
            (status.state == kiosk::sip2::LinkState::Offline).then_some(())
        }
        _ => None,
    });
    assert_eq!(practice.requests(), 0);
}

#[test]
fn the_probe_speaks_tls_and_says_why_it_cannot() {
    let ca = Ca::new();
    let practice = library(&ca.sign("127.0.0.1", |_| {}), None);
    let ask = |ca: &Ca| {
        let options = Options {
            host: "127.0.0.1".to_owned(),
            port: practice.addr().port(),
            tls: Some(Tls::load(&files(&ca.file), "127.0.0.1").unwrap()),
            profile: Profile::default(),
            item: None,
            patron: None,
            pin: None,
        };
        let day = jiff::civil::date(2026, 11, 22).at(10, 30, 0, 0);
        probe(&options, SipDate::local(day))
    };
    assert!(ask(&ca).unwrap().status.is_some_and(|status| status.online));
    let error = ask(&Ca::new()).unwrap_err().to_string();
    assert!(error.contains("not signed by the CA"), "{error}");
}

#[test]
fn files_that_make_no_encryption_are_named() {
    let ca = Ca::new();
    let absent = ca.dir.path().join("absent.pem");
    let empty = ca.dir.path().join("empty.pem");
    std::fs::write(&empty, "nothing\n").unwrap();
    let (cert, key) = ca.sign("station", |_| {});
    let half = TlsFiles { client_cert_file: Some(cert.clone()), ..files(&ca.file) };
    let no_key = TlsFiles {
        client_cert_file: Some(cert.clone()),
        client_key_file: Some(cert),
        ..files(&ca.file)
    };
    for (files, part) in [
        (files(&absent), "absent.pem"),
        (files(&empty), "holds no certificate"),
        (files(&key), "holds no certificate"),
        (half, "belong together"),
        (no_key, "PEM"),
    ] {
        let error = Tls::load(&files, "127.0.0.1").unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    let error = Tls::load(&files(&ca.file), "not a name").unwrap_err().to_string();
    assert!(error.contains("server_name"), "{error}");
}
