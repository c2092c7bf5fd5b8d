//! Reading and writing the examples of the SIP2 reference, against the crate `sip2` in the same
//! run. "Times faster" is theirs over ours.
//!
//! "Typed" reads every field into its place in the message; its texts stay in the line and are
//! decoded when asked for, as the link reads an answer before it knows what it is for. "Owned"
//! decodes and copies them as well, as for an answer that is handed on. "View" looks at code, trailer and every field, and places none.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod timing;

use std::hint::black_box;
use std::time::Duration;

use kiosk::sip2::message::Borrowed;
use kiosk::sip2::wire::Sender;
use kiosk::sip2::{Charset, ErrorDetection, MessageView, Request, Response};
use timing::{Case, medians, ratio};

/// Time of one case in one round.
const SPAN: Duration = Duration::from_millis(150);

/// How many times faster than the crate reading into a typed message and writing one must be.
const LIMIT: f64 = 5.0;

/// Messages both sides know.
fn messages() -> Vec<&'static str> {
    include_str!("../src/sip2/golden.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && sip2::Message::from_sip(line).is_ok())
        .collect()
}

#[allow(clippy::large_enum_variant, reason = "as a program would hold it")]
enum Either {
    Request(Request),
    Response(Response),
}

fn looked_at(line: &[u8], charset: Charset) -> MessageView<'_> {
    MessageView::parse(line, charset).expect("a golden line")
}

/// Reads a message as the link does: it knows which way it goes.
fn typed(line: &[u8], charset: Charset) {
    let view = looked_at(line, charset);
    match view.code().sender() {
        Sender::Station => _ = black_box(&Request::<Borrowed<'_>>::lent(&view)),
        Sender::Library => _ = black_box(&Response::<Borrowed<'_>>::lent(&view)),
    }
}

fn owned(line: &str) -> Either {
    let view = looked_at(line.as_bytes(), Charset::Utf8);
    match view.code().sender() {
        Sender::Station => Either::Request(Request::from_view(&view).expect("from the station")),
        Sender::Library => Either::Response(Response::from_view(&view).expect("from the library")),
    }
}

fn build(message: &Either, charset: Charset) -> Vec<u8> {
    match message {
        Either::Request(message) => message.encode(charset, ErrorDetection::Off),
        Either::Response(message) => message.encode(charset, ErrorDetection::Off),
    }
}

/// Walks every field without an allocation.
fn view(line: &str) -> usize {
    let view = looked_at(line.as_bytes(), Charset::Utf8);
    view.fields().map(|(_, value)| value.len()).sum()
}

fn foreign(line: &str) -> sip2::Message {
    sip2::Message::from_sip(line).expect("chosen so")
}

/// Where the cases of building begin.
const BUILD: usize = 5;

fn main() {
    let lines = messages();
    let ours: Vec<Either> = lines.iter().map(|line| owned(line)).collect();
    let theirs: Vec<sip2::Message> = lines.iter().map(|line| foreign(line)).collect();
    let gbk: Vec<Vec<u8>> = ours.iter().map(|message| build(message, Charset::Gbk)).collect();
    let each = |run: fn(&str)| {
        let lines = &lines;
        move || lines.iter().for_each(|line| run(line))
    };
    let mut cases = [
        Case::new("parse, crate sip2", each(|line| _ = black_box(&foreign(line)))),
        Case::new("parse, typed", each(|line| typed(line.as_bytes(), Charset::Utf8))),
        Case::new("parse, typed, GBK", || {
            gbk.iter().for_each(|line| typed(line, Charset::Gbk));
        }),
        Case::new("parse, owned", each(|line| _ = black_box(&owned(line)))),
        Case::new("parse, view", each(|line| _ = black_box(view(line)))),
        Case::new("build, crate sip2", || {
            theirs.iter().for_each(|message| drop(black_box(message.to_sip())));
        }),
        Case::new("build, typed", || {
            ours.iter().for_each(|message| drop(black_box(build(message, Charset::Utf8))));
        }),
        Case::new("build, typed, GBK", || {
            ours.iter().for_each(|message| drop(black_box(build(message, Charset::Gbk))));
        }),
    ];
    let times = medians(&mut cases, SPAN);

    println!(
        "SIP2, {} messages, median (limit of parse, typed and build, typed: {LIMIT:.1} times)",
        lines.len()
    );
    println!("{:<20} {:>12} {:>14} {:>14}", "", "all", "one message", "times faster");
    let count = u32::try_from(lines.len()).expect("a few dozen");
    for (at, (case, time)) in cases.iter().zip(&times).enumerate() {
        let theirs = if at < BUILD { times[0] } else { times[BUILD] };
        println!(
            "{:<20} {:>9.2} µs {:>11.0} ns {:>14.2}",
            case.name,
            time.as_secs_f64() * 1e6,
            (*time).as_secs_f64() * 1e9 / f64::from(count),
            ratio(theirs, *time),
        );
    }
    println!();
}
