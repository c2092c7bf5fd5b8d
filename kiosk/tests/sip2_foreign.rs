//! The codec against another implementation of SIP2, the crate `sip2` (Evergreen's community): a
//! mistake on both our sides cannot cancel out here.

use kiosk::sip2::{Charset, ErrorDetection, MessageView, Request, Response};

/// Messages the other crate has no description of.
const FOREIGN_UNKNOWN: [&str; 6] = ["16", "19", "20", "25", "26", "96"];

fn golden() -> impl Iterator<Item = &'static str> {
    include_str!("../src/sip2/golden.txt").lines().filter(|line| !line.starts_with('#'))
}

/// Our bytes without error detection, which the other crate does not read.
fn ours(line: &str) -> String {
    let (bytes, off) = (line.as_bytes(), ErrorDetection::Off);
    let bytes = match Request::decode(bytes, Charset::Utf8) {
        Ok(request) => request.message.encode(Charset::Utf8, off),
        Err(_) => {
            let response = Response::decode(bytes, Charset::Utf8).expect("one direction fits");
            response.message.encode(Charset::Utf8, off)
        }
    };
    String::from_utf8(bytes).expect("written as UTF-8")
}

#[test]
fn the_other_crate_reads_what_we_write() {
    let mut compared = 0;
    for line in golden() {
        let line = ours(line);
        let Ok(theirs) = sip2::Message::from_sip(&line) else {
            assert!(FOREIGN_UNKNOWN.contains(&&line[..2]), "refused {line}");
            continue;
        };
        let view = MessageView::parse(line.as_bytes(), Charset::Utf8).unwrap();
        let fields: Vec<(String, String)> = view
            .fields()
            .map(|(id, value)| (id.to_string(), String::from_utf8(value.to_vec()).unwrap()))
            .collect();
        let foreign: Vec<(String, String)> =
            theirs.fields().iter().map(|f| (f.code().to_owned(), f.value().to_owned())).collect();
        assert_eq!(fields, foreign, "{line}");
        let fixed: String = theirs.fixed_fields().iter().map(|f| f.value()).collect();
        assert_eq!(view.fixed(), fixed.as_bytes(), "{line}");
        compared += 1;
    }
    assert!(compared >= 38, "only {compared} messages compared");
}

#[test]
fn we_read_what_the_other_crate_writes() {
    for line in golden() {
        let line = ours(line);
        let Ok(theirs) = sip2::Message::from_sip(&line) else { continue };
        // It sorts fields by id, so this is another order of the same message.
        let sorted = sip2::Message::new(
            theirs.spec(),
            sip2::Message::from_sip(&line).unwrap().fixed_fields_mut().drain(..).collect(),
            sip2::Message::from_sip(&line).unwrap().fields_mut().drain(..).collect(),
        );
        assert_eq!(ours(&sorted.to_sip()), line);
    }
}
