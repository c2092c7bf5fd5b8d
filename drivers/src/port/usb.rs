//! Finding the serial line of a USB device, as Linux lists it below `/sys`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::UsbDevice;

/// Where Linux lists its terminals.
const TERMINALS: &str = "/sys/class/tty";
/// Levels between a terminal and the USB device it belongs to; more are not looked at.
const LEVELS_MAX: usize = 6;

/// The device path (`/dev/ttyUSB0`) of the first terminal that belongs to this device.
///
/// # Errors
/// `NotFound` with what to look at.
pub(super) fn find(device: &UsbDevice) -> io::Result<PathBuf> {
    find_in(Path::new(TERMINALS), device).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            "no such USB device is plugged in; `jiehuan-tech devices` lists those that are",
        )
    })
}

fn find_in(terminals: &Path, wanted: &UsbDevice) -> Option<PathBuf> {
    let mut names: Vec<_> = fs::read_dir(terminals).ok()?.flatten().collect();
    names.sort_by_key(std::fs::DirEntry::file_name);
    names.into_iter().find_map(|entry| {
        let place = fs::canonicalize(entry.path().join("device")).ok()?;
        let usb = place.ancestors().take(LEVELS_MAX).find(|dir| dir.join("idVendor").is_file())?;
        is_device(usb, wanted).then(|| Path::new("/dev").join(entry.file_name()))
    })
}

fn is_device(usb: &Path, wanted: &UsbDevice) -> bool {
    let text = |name: &str| fs::read_to_string(usb.join(name)).ok().map(|t| t.trim().to_owned());
    let id = |name: &str| text(name).and_then(|t| u16::from_str_radix(&t, 16).ok());
    let port = usb.file_name().map(|n| n.to_string_lossy().into_owned());
    let which = wanted.which.as_ref();
    id("idVendor") == Some(wanted.vendor)
        && id("idProduct") == Some(wanted.product)
        && which.is_none_or(|w| text("serial").as_ref() == Some(w) || port.as_ref() == Some(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `/sys` with two equal adapters, one of them without a serial number.
    fn machine() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let bus = dir.path().join("devices/usb1");
        for (port, tty, serial) in [("1-1.3", "ttyUSB0", None), ("1-1.4", "ttyUSB1", Some("A10K"))]
        {
            let usb = bus.join(port);
            let terminal = usb.join(format!("{port}:1.0")).join(tty);
            fs::create_dir_all(&terminal).unwrap();
            fs::write(usb.join("idVendor"), "0403\n").unwrap();
            fs::write(usb.join("idProduct"), "6001\n").unwrap();
            if let Some(serial) = serial {
                fs::write(usb.join("serial"), format!("{serial}\n")).unwrap();
            }
            let class = dir.path().join("tty").join(tty);
            fs::create_dir_all(&class).unwrap();
            std::os::unix::fs::symlink(&terminal, class.join("device")).unwrap();
        }
        dir
    }

    #[test]
    fn equal_adapters_are_told_apart_by_serial_number_or_place() {
        let machine = machine();
        let find = |text: &str| {
            let device: UsbDevice = text.parse().unwrap();
            find_in(&machine.path().join("tty"), &device)
        };
        assert_eq!(find("0403:6001:A10K"), Some("/dev/ttyUSB1".into()));
        assert_eq!(find("0403:6001:1-1.3"), Some("/dev/ttyUSB0".into()));
        assert_eq!(find("0403:6001"), Some("/dev/ttyUSB0".into()));
        assert_eq!(find("0403:6001:B"), None);
        assert_eq!(find("0403:6015"), None);
    }
}
