//! The devices' health as a file, so that a technician sees a running station's devices without
//! touching them. It holds nothing of any reader of books.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::device::Health;

/// Largest file read back, in bytes; a station has a handful of devices.
const FILE_MAX: u64 = 64 * 1024;

/// Where a station with this data directory writes it.
#[must_use]
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("devices.json")
}

/// Writes the list, whole or not at all.
pub(super) fn write(path: &Path, devices: &[Health]) -> io::Result<()> {
    let new = path.with_extension("json.new");
    fs::write(&new, serde_json::to_vec_pretty(devices)?)?;
    fs::rename(&new, path)
}

/// Reads what a station wrote last.
///
/// # Errors
/// When there is none, or it is no such list.
pub fn read(data_dir: &Path) -> io::Result<Vec<Health>> {
    let path = path(data_dir);
    if fs::metadata(&path)?.len() > FILE_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "too large for a list of devices"));
    }
    Ok(serde_json::from_slice(&fs::read(&path)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::station::device::{Role, State};

    #[test]
    fn a_technician_reads_what_the_station_wrote() {
        let dir = tempfile::tempdir().unwrap();
        assert!(read(dir.path()).is_err());
        let health = Health {
            name: "reader-2".to_owned(),
            role: Role::Pad,
            model: "feig".to_owned(),
            port: "usb:0ab1:0003".to_owned(),
            state: State::Stuck,
            firmware: Some("1.2".to_owned()),
            opened: 3,
            trouble: String::new(),
        };
        write(&path(dir.path()), std::slice::from_ref(&health)).unwrap();
        assert_eq!(read(dir.path()).unwrap(), [health]);
        fs::write(path(dir.path()), "{").unwrap();
        assert!(read(dir.path()).is_err());
    }
}
