//! Reading and writing the examples of the SIP2 reference, against the crate `sip2` in the same
//! run. "Times faster" is theirs over ours.
//!
//! Both sides read into owned messages ("typed"). "View" is what the station looks at before it
//! knows what a line is for: code, trailer and every field in place, nothing copied.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod timing;

use std::hint::black_box;
use std::time::Duration;

use kiosk::sip2::{Charset, ErrorDetection, MessageView, Request, Response};
use timing::{Case, medians, ratio};

/// Time of one case in one round.
const SPAN: Duration = Duration::from_millis(150);

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

fn typed(line: &str) -> Either {
    let view = MessageView::parse(line.as_bytes(), Charset::Utf8).expect("a golden line");
    match Request::from_view(&view) {
        Ok(request) => Either::Request(request),
        Err(_) => Either::Response(Response::from_view(&view).expect("one direction fits")),
    }
}

fn build(message: &Either) -> Vec<u8> {
    match message {
        Either::Request(message) => message.encode(Charset::Utf8, ErrorDetection::Off),
        Either::Response(message) => message.encode(Charset::Utf8, ErrorDetection::Off),
    }
}

/// Walks every field without an allocation.
fn view(line: &str) -> usize {
    let view = MessageView::parse(line.as_bytes(), Charset::Utf8).expect("a golden line");
    view.fields().map(|(_, value)| value.len()).sum()
}

fn foreign(line: &str) -> sip2::Message {
    sip2::Message::from_sip(line).expect("chosen so")
}

fn main() {
    let lines = messages();
    let ours: Vec<Either> = lines.iter().map(|line| typed(line)).collect();
    let theirs: Vec<sip2::Message> = lines.iter().map(|line| foreign(line)).collect();
    let each = |run: fn(&str)| {
        let lines = &lines;
        move || lines.iter().for_each(|line| run(line))
    };
    let mut cases = [
        Case::new("parse, crate sip2", each(|line| _ = black_box(&foreign(line)))),
        Case::new("parse, typed", each(|line| _ = black_box(&typed(line)))),
        Case::new("parse, view", each(|line| _ = black_box(view(line)))),
        Case::new("build, crate sip2", || {
            theirs.iter().for_each(|message| drop(black_box(message.to_sip())));
        }),
        Case::new("build, typed", || {
            ours.iter().for_each(|message| drop(black_box(build(message))));
        }),
    ];
    let times = medians(&mut cases, SPAN);

    println!("SIP2, {} messages, median", lines.len());
    println!("{:<20} {:>12} {:>14} {:>14}", "", "all", "one message", "times faster");
    let count = u32::try_from(lines.len()).expect("a few dozen");
    for (at, (case, time)) in cases.iter().zip(&times).enumerate() {
        let theirs = if at < 3 { times[0] } else { times[3] };
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
