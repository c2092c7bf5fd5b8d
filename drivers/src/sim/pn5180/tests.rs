//! The chip, frame by frame, with the bytes of readers.md section 4.
use std::time::Duration;

use super::bench::{Bench, SpiFrame};
use super::*;
use crate::sim::field::{Field, TagState, air};
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::spi::SpiDevice;

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
}

struct Host {
    bench: Bench,
    pins: (bench::Spi, bench::Busy, bench::Reset, bench::Delay),
}

impl Host {
    fn new(uids: &[&str]) -> Self {
        let mut field = Field::new(1, air::WRITE_MAX);
        for uid in uids {
            field.add(TagState::new(*uid, uid.parse().unwrap(), Default::default()));
            field.lay(uid);
        }
        let bench = Bench::new(field, 1, 7_000_000);
        let pins = bench.pins();
        let mut host = Self { bench, pins };
        host.pause_us(5_000);
        host
    }

    fn pause_us(&mut self, us: u32) {
        self.pins.3.delay_us(us);
    }

    fn say(&mut self, mosi: &str) {
        self.pins.0.write(&hex(mosi)).unwrap();
        // LOAD_RF_CONFIG and RF_ON keep the chip busy for long.
        self.pause_us(if mosi.starts_with('1') { 300 } else { 20 });
    }

    #[track_caller]
    fn check(&mut self, mosi: &str, miso: &str) {
        self.say(mosi);
        let mut answer = vec![0xFF; hex(miso).len()];
        self.pins.0.transfer_in_place(&mut answer).unwrap();
        self.pause_us(20);
        assert_eq!(answer, hex(miso), "{mosi}");
    }

    fn field_on(&mut self) {
        for command in ["11 0D 8D", "16 00"] {
            self.say(command);
        }
        self.pause_us(1_000);
    }

    fn send(&mut self, data: &str) {
        for command in ["00 03 FF FF FF FF", "02 00 F8 FF FF FF", "01 00 03 00 00 00"] {
            self.say(command);
        }
        self.pins.0.write(&hex(data)).unwrap();
    }
}

/// The log of playfultechnology/arduino-rfid-PN5180 issue 1 [K].
#[test]
fn the_real_log() {
    let mut host = Host::new(&["E0040150B59414C4"]);
    host.field_on();
    host.send("09 00 26 01 00");
    host.pause_us(7_000);
    // Clearing, then idle, leaves the idle bit: with SOF, TX and RX 4007.
    host.say("03 03 01 00 00 00 00");
    host.check("04 02", "03 40 00 00");
    host.check("04 13", "0A 00 00 00");
    host.check("0A 00", "00 00 C4 14 94 B5 50 01 04 E0");
    // Idle while transceiving raises the idle bit.
    host.say("02 00 F8 FF FF FF");
    host.check("04 02", "07 40 00 00");
    let log = host.bench.lock().log.clone();
    assert!(log.contains(&SpiFrame { mosi: hex("04 02"), miso: hex("FF FF") }));
}

#[test]
fn a_frame_takes_its_time_on_the_air() {
    let mut host = Host::new(&["E0040150B59414C4"]);
    host.field_on();
    host.send("09 00 26 01 00");
    // 1.62 ms for the request; 0.47 ms later the answer has begun, at 5.87 ms it has ended.
    host.pause_us(1_500);
    host.check("04 02", "00 00 00 00");
    host.pause_us(250);
    host.check("04 02", "02 00 00 00");
    // Waits for data, field on.
    host.check("04 1D", "00 00 02 04");
    host.pause_us(2_000);
    host.check("04 02", "02 40 00 00");
    host.pause_us(2_000);
    host.check("04 02", "03 40 00 00");
}

#[test]
fn commands_that_are_refused() {
    let mut host = Host::new(&[]);
    host.check("04 02", "04 00 00 00");
    // Not waiting to transmit: semantic error.
    host.say("09 00 26 01 00");
    host.check("04 24", "40 00 00 00");
    host.check("04 02", "04 00 02 00");
    host.say("7F 00");
    host.check("04 24", "80 00 00 00");
    host.say("04 77");
    host.check("04 24", "00 01 00 00");
    host.say("00 02 12 34 56 78");
    host.check("04 02", "04 00 02 00");
    host.say("00 03 00 00 02 00");
    host.check("05 02 00", "04 00 00 00 00 00 00 00");
    host.check("07 10 06", "00 04 00 04 00 91");
    host.say("03 01 01 01 00 00 00 01 02 02 00 00 00");
    host.check("04 01", "03 00 00 00");
}

#[test]
fn busy_rises_after_a_frame_and_reset_ends_everything() {
    let mut host = Host::new(&[]);
    host.pins.0.write(&hex("04 02")).unwrap();
    assert!(host.pins.1.is_high().unwrap());
    // A frame while busy is not heard.
    let mut answer = [0xFF; 4];
    host.pins.0.transfer_in_place(&mut answer).unwrap();
    assert_eq!(answer, [0xFF; 4]);
    host.pause_us(100);
    host.bench.lock().chip.put_fault(ChipFault::BusyStuck { after: 0 });
    host.say("09 00");
    host.pause_us(1_000_000);
    assert!(host.pins.1.is_high().unwrap());
    host.pins.2.set_low().unwrap();
    host.pins.2.set_high().unwrap();
    host.pause_us(5_000);
    assert!(host.pins.1.is_low().unwrap());
    host.check("04 02", "04 00 00 00");
}

#[test]
fn a_tag_is_deaf_for_t2_after_an_answer_and_just_after_field_on() {
    let uid = "E0040150B59414C4";
    let mut host = Host::new(&[uid]);
    for command in ["11 0D 8D", "16 00"] {
        host.say(command);
    }
    host.send("09 00 26 01 00");
    host.pause_us(7_000);
    host.check("04 13", "00 00 00 00");
    host.send("09 00 26 01 00");
    host.pause_us(7_000);
    host.check("04 13", "0A 00 00 00");
    // The same again with an answer that has just ended.
    host.send("09 00 26 01 00");
    host.pause_us(5_900);
    host.pins.0.write(&hex("03 03 01 FF FF FF FF 00 03 F8 FF FF FF 00 02 03 00 00 00")).unwrap();
    host.pause_us(15);
    host.pins.0.write(&hex("09 00 26 01 00")).unwrap();
    host.pause_us(7_000);
    // Idle and sent, nothing came.
    host.check("04 02", "06 00 00 00");
}

#[test]
fn slots_and_a_collision() {
    let mut host = Host::new(&["E004010000000021", "E004010000000031"]);
    host.field_on();
    host.send("09 00 06 01 00");
    host.pause_us(3_000);
    host.check("04 02", "02 00 00 00");
    host.say("02 18 3F FB FF FF");
    // Without idle the receiver still waits, and the next frame is refused.
    host.say("09 00");
    host.check("04 24", "40 00 00 00");
    host.send("09 00");
    host.pause_us(6_000);
    // Bit 20 is the first in which 21 and 31 differ; collision, integrity, 10 bytes.
    let rx = 20u32 << 19 | 1 << 18 | 1 << 16 | 10;
    let bytes: Vec<String> = rx.to_le_bytes().iter().map(|b| format!("{b:02X}")).collect();
    host.check("04 13", &bytes.join(" "));
}

#[test]
fn faults_of_the_chip() {
    let mut host = Host::new(&["E0040150B59414C4"]);
    host.field_on();
    host.bench.lock().chip.put_fault(ChipFault::Hot { after: 0 });
    host.send("09 00 26 01 00");
    host.pause_us(3_000);
    host.check("04 02", "02 00 01 00");
    host.check("04 1D", "00 00 00 04");
    host.say("00 03 FF FF FF FF");
    host.say("16 00");
    host.check("04 02", "00 00 01 00");
    host.bench.lock().chip.clear_faults();
    host.say("16 00");
    host.check("04 1D", "00 00 02 04");
    host.bench.lock().chip.put_fault(ChipFault::Reset { after: 0 });
    host.send("09 00 26 01 00");
    host.pause_us(5_000);
    host.check("04 02", "04 00 00 00");
    host.check("04 1D", "00 00 00 00");
    host.bench.lock().chip.put_fault(ChipFault::Deaf);
    host.check("07 10 02", "FF FF");
    assert!(host.bench.now() > Duration::ZERO);
}
