//! Reading and writing the examples of the SIP2 reference, against the crate `sip2` in the same
//! run. The ratio at the end is ours over theirs; below one is faster.

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use criterion::Criterion;
use kiosk::sip2::{Charset, ErrorDetection, MessageView, Request, Response};

/// Messages both sides know.
fn messages() -> Vec<&'static str> {
    include_str!("../src/sip2/golden.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && sip2::Message::from_sip(line).is_ok())
        .collect()
}

enum Either {
    Request(Box<Request>),
    Response(Box<Response>),
}

fn typed(line: &str) -> Either {
    match MessageView::parse(line.as_bytes(), Charset::Utf8) {
        Ok(view) => match Request::from_view(&view) {
            Ok(request) => Either::Request(Box::new(request)),
            Err(_) => {
                let response = Response::from_view(&view).expect("one direction fits");
                Either::Response(Box::new(response))
            }
        },
        Err(error) => panic!("{line}: {error}"),
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

/// Time of many rounds over all messages.
fn time(mut round: impl FnMut()) -> Duration {
    const ROUNDS: u32 = 2000;
    let start = Instant::now();
    (0..ROUNDS).for_each(|_| round());
    start.elapsed() / ROUNDS
}

fn main() {
    let lines = messages();
    let ours: Vec<Either> = lines.iter().map(|line| typed(line)).collect();
    let theirs: Vec<sip2::Message> = lines.iter().map(|line| foreign(line)).collect();

    let mut view_all = || {
        for line in &lines {
            black_box(view(line));
        }
    };
    let mut parse_all = || lines.iter().for_each(|line| drop(black_box(typed(line))));
    let mut parse_foreign = || lines.iter().for_each(|line| drop(black_box(foreign(line))));
    let mut build_all = || ours.iter().for_each(|message| drop(black_box(build(message))));
    let mut build_foreign = || theirs.iter().for_each(|message| drop(black_box(message.to_sip())));

    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("sip2/view", |b| b.iter(&mut view_all));
    criterion.bench_function("sip2/parse", |b| b.iter(&mut parse_all));
    criterion.bench_function("sip2/parse_foreign", |b| b.iter(&mut parse_foreign));
    criterion.bench_function("sip2/build", |b| b.iter(&mut build_all));
    criterion.bench_function("sip2/build_foreign", |b| b.iter(&mut build_foreign));
    criterion.final_summary();

    let (viewed, parsed, built) = (time(view_all), time(parse_all), time(build_all));
    let (parsed_foreign, built_foreign) = (time(parse_foreign), time(build_foreign));
    let ratio = |ours: Duration, theirs: Duration| ours.as_secs_f64() / theirs.as_secs_f64();
    let mut out = std::io::stdout().lock();
    // A closed pipe is no reason for a benchmark to fail.
    let _ = writeln!(
        out,
        "{} messages: view {viewed:?} (ratio {:.2}), parse {parsed:?} against {parsed_foreign:?} \
         (ratio {:.2}), build {built:?} against {built_foreign:?} (ratio {:.2})",
        lines.len(),
        ratio(viewed, parsed_foreign),
        ratio(parsed, parsed_foreign),
        ratio(built, built_foreign),
    );
}
