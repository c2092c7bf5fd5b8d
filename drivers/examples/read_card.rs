//! Shows that a card reader works: its name, and what lies on it once a second.
//!
//!     cargo run -p drivers --example read_card -- pn532 serial:/dev/ttyUSB0 [--show]
//!     cargo run -p drivers --features pcsc --example read_card -- pcsc pcsc:ACR122U
//!
//! Card numbers are only shown when asked for. Ends after a minute.
#![allow(clippy::print_stdout, reason = "a program for a technician's terminal")]

use std::thread::sleep;
use std::time::Duration;

use drivers::port::PortSpec;
use drivers::rfid::setup::{ReaderModel, ReaderSetup};

/// How often the reader is asked, a second apart.
const POLLS: u32 = 60;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, port, rest @ ..] = &args[..] else {
        return Err("write MODEL PORT [--show]".into());
    };
    let model = ReaderModel::ALL.into_iter().find(|known| known.name() == model);
    let model = model.ok_or("no such reader model")?;
    let show = rest.iter().any(|word| word == "--show");
    let mut reader = ReaderSetup::default().open(model, &port.parse::<PortSpec>()?, None)?;
    match reader.identify() {
        Ok(info) => println!("{} {}", info.model, info.firmware),
        Err(error) => println!("{}", chain(&error)),
    }
    for _ in 0..POLLS {
        match reader.inventory() {
            Ok(seen) if show => println!("{seen:?}"),
            Ok(seen) => println!("{} on the reader", seen.len()),
            Err(error) => println!("{}", chain(&error)),
        }
        sleep(Duration::from_secs(1));
    }
    Ok(())
}

fn chain(error: &dyn std::error::Error) -> String {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}
