//! `jiehuan-tech check-config`: what is wrong with a station's configuration, and where its parts
//! are.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use kiosk::config::{Config, ConfigError, split_address};
use kiosk::sip2::conn::Tls;

/// Reads the file as the station does; prints what it found there.
///
/// # Errors
/// Every problem of the file, one a line, each with what to write.
pub(crate) fn run(file: &Path, mut output: impl Write) -> anyhow::Result<()> {
    let config = load(file)?;
    describe(file, &config, &mut output).context("writing standard output")
}

fn load(file: &Path) -> anyhow::Result<Config> {
    let config = Config::load(file).map_err(|error| match error {
        ConfigError::Syntax { .. } => {
            anyhow::anyhow!("{error}\ncorrect the marked place; docs/config.md lists every key")
        }
        other => other.into(),
    })?;
    let host = config.library.address.as_deref().and_then(split_address).map(|(host, _)| host);
    if let (Some(tls), Some(host)) = (&config.library.tls, host) {
        Tls::load(tls, &host).context("library.tls")?;
    }
    Ok(config)
}

fn describe(file: &Path, config: &Config, output: &mut impl Write) -> std::io::Result<()> {
    let library = match &config.library.address {
        Some(address) if config.library.tls.is_some() => format!("{address}, encrypted"),
        Some(address) => format!("{address}, not encrypted"),
        None => "practice library inside the station".to_owned(),
    };
    let readers = config.readers.iter().enumerate().map(|(number, reader)| {
        let port = match &reader.port {
            Some(port) => port.to_string(),
            None => "simulated inside the station".to_owned(),
        };
        let name = config.reader_name(number);
        format!("{name}: {} on {port}", reader.model.name())
    });
    let readers = readers.collect::<Vec<_>>().join(", ");
    let printer = match &config.printer {
        None => "none".to_owned(),
        Some(printer) => match &printer.port {
            Some(port) => format!("{} on {port}", printer.setup.profile),
            None => format!("{} simulated inside the station", printer.setup.profile),
        },
    };
    writeln!(output, "{}: fine", file.display())?;
    writeln!(output, "station  {}", config.station.id)?;
    writeln!(output, "library  {library}")?;
    writeln!(output, "readers  {readers}")?;
    writeln!(output, "printer  {printer}")?;
    writeln!(output, "journal  {}", config.station.data_dir.display())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<String, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("station.toml");
        std::fs::write(&path, text).unwrap();
        let mut said = Vec::new();
        run(&path, &mut said).map_err(|e| format!("{e:#}"))?;
        Ok(String::from_utf8(said).unwrap())
    }

    #[test]
    fn a_sound_file_is_described() {
        let said = check(
            "[station]\nid = \"S1\"\ndata_dir = \"data\"\nkey_file = \"key\"\n\
             [library]\naddress = \"sip.example:6001\"\nplain_tcp = \"over a trusted network\"\n\
             [reader]\nport = \"serial:/dev/ttyUSB0\"\n",
        )
        .unwrap();
        for part in ["fine", "S1", "sip.example:6001", "serial:/dev/ttyUSB0", "printer  none"] {
            assert!(said.contains(part), "{part:?} not in {said:?}");
        }
    }

    #[test]
    fn certificate_files_are_looked_at() {
        let error = check(
            "[station]\nid = \"S1\"\ndata_dir = \"data\"\nkey_file = \"key\"\n\
             [library]\naddress = \"sip.example:6001\"\n[library.tls]\nca_file = \"ca.pem\"\n",
        )
        .unwrap_err();
        assert!(error.contains("library.tls") && error.contains("ca.pem"), "{error}");
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let error = check(
            "[station]\nid = \"\"\ndata_dir = \"data\"\nkey_file = \"data/key\"\n\
             [library]\naddress = \"nowhere\"\n[panel]\nwidth = 3\n",
        )
        .unwrap_err();
        for part in ["station.id", "station.key_file", "write HOST:PORT", "panel.width"] {
            assert!(error.contains(part), "{part:?} not in {error:?}");
        }
        let error = check("[station]\nidd = \"S1\"\n").unwrap_err();
        assert!(error.contains("idd") && error.contains("docs/config.md"), "{error}");
    }
}
