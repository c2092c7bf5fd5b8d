//! `jiehuan-tech devices --station FILE`: how a running station's devices are, from the list the
//! station keeps beside its journal. Nothing is opened.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use kiosk::config::Config;
use kiosk::station::device::{Health, State};
use kiosk::station::status;

/// Prints the list.
///
/// # Errors
/// When the configuration cannot be used, the station has never run, or the output cannot be
/// written.
pub(crate) fn run(file: &Path, json: bool, mut output: impl Write) -> anyhow::Result<()> {
    let config = Config::load(file)?;
    let devices = status::read(&config.station.data_dir).with_context(|| {
        format!(
            "no list of devices in {}: start the station once (jiehuan run --config {})",
            config.station.data_dir.display(),
            file.display()
        )
    })?;
    for device in &devices {
        let written = if json {
            serde_json::to_writer(&mut output, device)
                .map_err(std::io::Error::from)
                .and_then(|()| writeln!(output))
        } else {
            write_text(device, &mut output)
        };
        written.context("writing standard output")?;
    }
    output.flush().context("writing standard output")
}

fn write_text(device: &Health, output: &mut impl Write) -> std::io::Result<()> {
    let state = match device.state {
        State::Starting => "starting",
        State::Up => "up",
        State::Down => "down",
        State::Stuck => "stuck: unplug it and push it in again",
    };
    let firmware = device.firmware.as_deref().unwrap_or("unknown");
    writeln!(output, "{:<12} {:<8} on {}: {state}", device.name, device.model, device.port)?;
    writeln!(output, "             firmware {firmware}, opened {} times", device.opened)?;
    if !device.trouble.is_empty() {
        writeln!(output, "             {}", device.trouble)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_that_never_ran_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("station.toml");
        std::fs::write(&file, "[station]\nid = \"A\"\ndata_dir = \"data\"\nkey_file = \"key\"\n")
            .unwrap();
        let error = format!("{:#}", run(&file, false, Vec::new()).unwrap_err());
        assert!(error.contains("jiehuan run --config"), "{error}");
    }

    #[test]
    fn each_device_is_named_with_its_state_and_version() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("station.toml");
        std::fs::write(&file, "[station]\nid = \"A\"\ndata_dir = \"data\"\nkey_file = \"key\"\n")
            .unwrap();
        let data = dir.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(
            status::path(&data),
            r#"[{"name":"reader","role":"pad","model":"3m810","port":"serial:/dev/ttyUSB0",
                "state":"down","firmware":"10.3.2.6","opened":2,"trouble":"the line is gone"}]"#,
        )
        .unwrap();
        let mut said = Vec::new();
        run(&file, false, &mut said).unwrap();
        let said = String::from_utf8(said).unwrap();
        for part in ["3m810", "serial:/dev/ttyUSB0", "down", "10.3.2.6", "2 times", "is gone"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let mut lines = Vec::new();
        run(&file, true, &mut lines).unwrap();
        let line: serde_json::Value = serde_json::from_slice(&lines).unwrap();
        assert_eq!(line["state"], "down");
    }
}
