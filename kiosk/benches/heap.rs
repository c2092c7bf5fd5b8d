//! Heap that reading a book's tag takes, per model, and a SIP2 message, by a counting allocator.
//!
//! Limits: nothing beyond the result while one tag is read, and 64 KiB for a pile of 20 with their
//! memory; looking at all fields of a message or reading it into its typed form allocates nothing,
//! and a message is built in one allocation, none for a field.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod samples;

use std::hint::black_box;

use allocation_counter::{AllocationInfo, measure};
use drivers::rfid::tagdata::{
    DSFID_PART2, DSFID_PART3, Model, TagData, TagError, TagImage, decode, decode_uhf,
};
use kiosk::sip2::message::Borrowed;
use kiosk::sip2::{Charset, ErrorDetection, MessageView, Request, Response};
use samples::{MEMORY, part2_memory, part3_memory, short, uii};

/// Tags of the pile.
const PILE: usize = 20;
/// Its limit, in bytes.
const PILE_MAX: u64 = 64 * 1024;

type Read<'a> = Box<dyn Fn() -> Result<TagData, TagError> + 'a>;

struct Heap {
    /// Most held at once while the tag is read.
    most: u64,
    /// Held by the result.
    result: u64,
    /// Taken from the allocator, in all.
    total: u64,
    count: u64,
}

fn heap_of(read: &Read<'_>) -> Heap {
    let mut kept = None;
    let AllocationInfo { count_total, bytes_total, bytes_max, bytes_current, .. } =
        measure(|| kept = Some(black_box(read())));
    assert!(kept.is_some_and(|tag| tag.is_ok()), "the tag is whole");
    Heap {
        most: bytes_max,
        result: u64::try_from(bytes_current).expect("a result holds something"),
        total: bytes_total,
        count: count_total,
    }
}

fn reading<'a>(memory: &'a [u8], dsfid: Option<u8>) -> Read<'a> {
    Box::new(move || decode(black_box(memory), dsfid, None))
}

fn reading_uhf(image: &TagImage) -> Read<'_> {
    Box::new(move || decode_uhf(black_box(uii(image)), Some(&image.memory), None))
}

/// Twenty tags read and kept, each with its memory.
fn pile(memory: &[u8], dsfid: Option<u8>) -> u64 {
    let mut kept = Vec::new();
    let heap = measure(|| {
        kept = (0..PILE)
            .map(|_| {
                let memory = memory.to_vec();
                let data = decode(&memory, dsfid, None);
                (memory, data)
            })
            .collect();
    });
    assert_eq!(black_box(&kept).len(), PILE);
    heap.bytes_max
}

fn allocations(run: impl FnOnce()) -> u64 {
    measure(run).count_total
}

/// The examples of the SIP2 reference, all at once.
fn messages() {
    let lines: Vec<&str> =
        include_str!("../src/sip2/golden.txt").lines().filter(|l| !l.starts_with('#')).collect();
    let view = |line: &'static str| {
        MessageView::parse(line.as_bytes(), Charset::Utf8).expect("a golden line")
    };
    let fields: usize = lines.iter().map(|line| view(line).fields().count()).sum();
    let looked_at = allocations(|| {
        for line in &lines {
            black_box(view(line).fields().map(|(_, value)| value.len()).sum::<usize>());
        }
    });
    let on = |line| ErrorDetection::On(view(line).sequence().unwrap_or_default());
    let (mut typed, mut owned, mut built) = (0, 0, 0);
    for line in &lines {
        let view = view(line);
        if let Ok(request) = Request::from_view(&view) {
            typed += allocations(|| drop(black_box(Request::<Borrowed<'_>>::lent(&view))));
            owned += allocations(|| drop(black_box(Request::from_view(&view))));
            built += allocations(|| drop(black_box(request.encode(Charset::Utf8, on(line)))));
        } else if let Ok(response) = Response::from_view(&view) {
            typed += allocations(|| drop(black_box(Response::<Borrowed<'_>>::lent(&view))));
            owned += allocations(|| drop(black_box(Response::from_view(&view))));
            built += allocations(|| drop(black_box(response.encode(Charset::Utf8, on(line)))));
        }
    }
    let messages = u64::try_from(lines.len()).expect("a few dozen");
    println!("Allocations of {messages} SIP2 messages with {fields} fields");
    println!(
        "{:<22} {:>8} {:>10} {:>10} {:>16}",
        "", "all", "a message", "a field", "limit a field"
    );
    // What a message is built into is its own, not a field's.
    let cases = [
        ("view", looked_at, 0, "0"),
        ("read, typed", typed, 0, "0"),
        ("read, owned", owned, 0, "-"),
        ("build", built, messages, "0"),
    ];
    for (name, count, of_messages, limit) in cases {
        println!(
            "{name:<22} {count:>8} {:>10.2} {:>10.2} {limit:>16}",
            count as f64 / messages as f64,
            (count as f64 - of_messages as f64) / fields as f64,
        );
    }
    println!();
}

fn main() {
    let (two, three) = (part2_memory(), part3_memory());
    let rfid501 = short(Model::Rfid501, None);
    let part4 = short(Model::Iso28560Part4, Some("US-InU-Mu"));
    let gaoxiao = short(Model::Gaoxiao, Some("10248"));
    let cases: [(&str, Read<'_>); 7] = [
        ("28560-2 by DSFID", reading(&two, Some(DSFID_PART2))),
        ("28560-2 by content", reading(&two, None)),
        ("28560-3 by DSFID", reading(&three, Some(DSFID_PART3))),
        ("28560-3 by content", reading(&three, None)),
        ("rfid501", reading(&rfid501.memory, None)),
        ("28560-4", reading_uhf(&part4)),
        ("gaoxiao", reading_uhf(&gaoxiao)),
    ];
    println!("Heap of reading one tag of {MEMORY} bytes, in bytes (limit: most = result)");
    println!(
        "{:<22} {:>8} {:>8} {:>8} {:>8} {:>12}",
        "", "most", "result", "ratio", "in all", "allocations"
    );
    for (name, read) in &cases {
        let heap = heap_of(read);
        println!(
            "{name:<22} {:>8} {:>8} {:>8.2} {:>8} {:>12}",
            heap.most,
            heap.result,
            heap.most as f64 / heap.result as f64,
            heap.total,
            heap.count,
        );
    }
    println!();
    println!("{PILE} tags with their memory (limit {PILE_MAX})");
    for (name, bytes) in
        [("28560-2", pile(&two, Some(DSFID_PART2))), ("28560-3", pile(&three, Some(DSFID_PART3)))]
    {
        println!("{name:<22} {bytes:>8} {:>8.2}", bytes as f64 / PILE_MAX as f64);
    }
    println!();
    messages();
}
