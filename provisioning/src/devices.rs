//! `jiehuan-tech devices`: what a station's configuration can name on this machine.
//!
//! Names only: nothing is opened, for opening a port moves its DTR line and may reset a device.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use drivers::port::PortSpec;
use serde::Serialize;
use serialport::SerialPortType;

/// Where the system keeps names of serial ports that stay with the device.
const BY_ID: &str = "/dev/serial/by-id";
/// Where kernel printer devices are.
const USB: &str = "/dev/usb";
/// Kernel printer devices are `lp0`, `lp1` ...
const LP: &str = "lp";

/// What is at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// A serial port.
    Serial,
    /// A kernel printer device.
    Printer,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Device {
    kind: Kind,
    /// What `reader.port` or `printer.port` takes. The name that stays, where there is one.
    port: PortSpec,
    /// The device's own path, which may change at the next start.
    path: PathBuf,
    /// Maker and product, as far as the device says.
    about: String,
}

/// Lists the devices, or says that there are none and what to look at.
///
/// # Errors
/// When the ports cannot be listed or the output cannot be written.
pub(crate) fn run(json: bool, mut output: impl Write) -> anyhow::Result<()> {
    let mut devices = serial(&links(Path::new(BY_ID)))?;
    devices.extend(printers(Path::new(USB)));
    write(&devices, json, &mut output).context("writing standard output")
}

fn write(devices: &[Device], json: bool, output: &mut impl Write) -> std::io::Result<()> {
    for device in devices {
        if json {
            serde_json::to_writer(&mut *output, device)?;
            writeln!(output)?;
        } else {
            writeln!(output, "{}", device.port)?;
            writeln!(output, "    {}  {}", device.path.display(), device.about)?;
        }
    }
    if devices.is_empty() && !json {
        writeln!(
            output,
            "No serial port and no printer device found: check plug and power, and look with \
             `lsusb` whether the system sees the device. A printer or reader on the network is \
             named as tcp:HOST:PORT and not listed here."
        )?;
    }
    output.flush()
}

/// Where Linux lists its terminals. The crate asked below panics where it is not mounted.
const TERMINALS: &str = "/sys/class/tty";

fn serial(stable: &BTreeMap<PathBuf, PathBuf>) -> anyhow::Result<Vec<Device>> {
    if !Path::new(TERMINALS).is_dir() {
        return Ok(Vec::new());
    }
    let ports = serialport::available_ports()
        .context("the system does not list its serial ports; look at /dev/serial/by-id instead")?;
    let device = |port: serialport::SerialPortInfo| {
        let path = PathBuf::from(port.port_name);
        let named = stable.get(&path).unwrap_or(&path).clone();
        let port_spec = PortSpec::serial(named);
        Device { kind: Kind::Serial, port: port_spec, path, about: about(&port.port_type) }
    };
    Ok(ports.into_iter().map(device).collect())
}

fn about(kind: &SerialPortType) -> String {
    match kind {
        SerialPortType::UsbPort(usb) => {
            let ids = format!("USB {:04x}:{:04x}", usb.vid, usb.pid);
            let words = [Some(ids), usb.manufacturer.clone(), usb.product.clone()];
            words.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        SerialPortType::PciPort => "built in".to_owned(),
        SerialPortType::BluetoothPort => "Bluetooth".to_owned(),
        SerialPortType::Unknown => "serial".to_owned(),
    }
}

/// Device path to the name that stays with it. A directory that is not there has none.
fn links(dir: &Path) -> BTreeMap<PathBuf, PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return BTreeMap::new() };
    entries
        .flatten()
        .filter_map(|entry| Some((fs::canonicalize(entry.path()).ok()?, entry.path())))
        .collect()
}

fn printers(dir: &Path) -> Vec<Device> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let is_lp = |path: &PathBuf| {
        let number = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.strip_prefix(LP));
        number.is_some_and(|n| n.parse::<u16>().is_ok())
    };
    let device = |path: PathBuf| Device {
        kind: Kind::Printer,
        port: PortSpec::Lp(path.clone()),
        path,
        about: "USB printer".to_owned(),
    };
    paths.into_iter().filter(is_lp).map(device).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printer_devices_are_found_by_name() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["lp1", "lp0", "lpx", "hiddev0"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let ports: Vec<String> = printers(dir.path()).iter().map(|d| d.port.to_string()).collect();
        let expect = |n: &str| format!("lp:{}", dir.path().join(n).display());
        assert_eq!(ports, [expect("lp0"), expect("lp1")]);
        assert!(printers(&dir.path().join("absent")).is_empty());
    }

    #[test]
    fn a_name_that_stays_is_preferred() {
        let dir = tempfile::tempdir().unwrap();
        let (port, by_id) = (dir.path().join("ttyUSB0"), dir.path().join("by-id"));
        fs::write(&port, "").unwrap();
        fs::create_dir(&by_id).unwrap();
        let name = by_id.join("usb-FTDI_FT232R-if00-port0");
        std::os::unix::fs::symlink(&port, &name).unwrap();
        let found = links(&by_id);
        assert_eq!(found.get(&fs::canonicalize(&port).unwrap()), Some(&name));
    }

    #[test]
    fn devices_are_written_as_configuration_takes_them() {
        let device = Device {
            kind: Kind::Serial,
            port: "serial:/dev/serial/by-id/usb-x".parse().unwrap(),
            path: "/dev/ttyUSB0".into(),
            about: "USB 0403:6001".to_owned(),
        };
        let mut text = Vec::new();
        write(std::slice::from_ref(&device), true, &mut text).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(json["port"], "serial:/dev/serial/by-id/usb-x");
        assert_eq!(json["kind"], "serial");
        let mut text = Vec::new();
        write(&[], false, &mut text).unwrap();
        assert!(String::from_utf8(text).unwrap().contains("check plug and power"));
    }
}
