//! Reading what a book's tag holds, per model, against the time its bytes need on the reader's line.
#![allow(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

mod samples;
mod timing;

use std::hint::black_box;
use std::time::Duration;

use drivers::rfid::m3::timing::{BAUD, line_time};
use drivers::rfid::tagdata::{
    DSFID_PART2, DSFID_PART3, Model, TagImage, blocks_needed, decode, decode_uhf,
};
use samples::{MEMORY, part2_memory, part3_memory, short, uii};
use timing::{Case, medians, ratio};

/// Time of one case in one round.
const SPAN: Duration = Duration::from_millis(100);

/// Bytes of the first reading, from which it is told how many more are needed.
const FIRST: usize = 32;

fn reading_uhf(image: &TagImage) -> impl FnMut() {
    decode_uhf(uii(image), Some(&image.memory), None).expect("the tag is whole");
    move || drop(black_box(decode_uhf(black_box(uii(image)), Some(&image.memory), None)))
}

fn reading(memory: &[u8], dsfid: Option<u8>) -> impl FnMut() {
    decode(memory, dsfid, None).expect("the tag is whole");
    move || drop(black_box(decode(black_box(memory), dsfid, None)))
}

fn main() {
    let (two, three) = (part2_memory(), part3_memory());
    let rfid501 = short(Model::Rfid501, None);
    let part4 = short(Model::Iso28560Part4, Some("US-InU-Mu"));
    let gaoxiao = short(Model::Gaoxiao, Some("10248"));
    let (a, b) = (Some(DSFID_PART2), Some(DSFID_PART3));
    let mut cases = [
        Case::new("28560-2 by DSFID", reading(&two, a)),
        Case::new("28560-2 by content", reading(&two, None)),
        Case::new("28560-2 blocks needed", || _ = black_box(blocks_needed(&two[..FIRST], a))),
        Case::new("28560-3 by DSFID", reading(&three, b)),
        Case::new("28560-3 by content", reading(&three, None)),
        Case::new("28560-3 blocks needed", || _ = black_box(blocks_needed(&three[..FIRST], b))),
        Case::new("rfid501", reading(&rfid501.memory, None)),
        Case::new("28560-4", reading_uhf(&part4)),
        Case::new("gaoxiao", reading_uhf(&gaoxiao)),
    ];
    let times = medians(&mut cases, SPAN);

    println!("Tag data, {MEMORY} bytes, median; the line carries {BAUD} bit/s");
    println!("{:<22} {:>12} {:>12} {:>22}", "", "one tag", "tags/s", "times faster than line");
    for (case, time) in cases.iter().zip(&times) {
        println!(
            "{:<22} {:>9.0} ns {:>12.0} {:>22.0}",
            case.name,
            time.as_secs_f64() * 1e9,
            1.0 / time.as_secs_f64(),
            ratio(line_time(MEMORY, BAUD), *time),
        );
    }
    println!();
}
