//! The event log beside the journal, and the day by which things are kept.

use std::path::{Path, PathBuf};

use super::device::{Health, State};
use crate::clock::Now;
use crate::config::Config;
use crate::eventlog::{Entry, EventLog};
use crate::retention::Calendar;
use crate::session::{Record, Room};

/// The event log and the day it is kept by.
pub(super) struct Log {
    events: EventLog,
    calendar: Calendar,
    calendar_file: PathBuf,
    noted: Option<jiff::civil::Date>,
    /// The log never takes the room that is left for returns.
    room: Room,
}

impl Log {
    pub(super) fn open(config: &Config, now: Now) -> Self {
        let dir = config.station.data_dir.join("log");
        let calendar_file = dir.join("today");
        let seen = std::fs::read_to_string(&calendar_file).ok();
        let noted = seen.and_then(|day| day.trim().parse().ok());
        let events = EventLog::new(&dir, &config.station.id, config.station.log_days);
        Self { events, calendar: Calendar::new(noted, now), calendar_file, noted, room: Room::All }
    }

    pub(super) fn took(&mut self, now: Now, records: &[Record]) {
        if self.room == Room::All {
            self.today(now);
            self.events.records(self.calendar.believed(), now.wall, records);
        }
    }

    /// An event for the technician.
    pub(super) fn event(&mut self, now: Now, entry: &Entry<'_>) {
        if self.room == Room::All {
            self.today(now);
            self.events.write(self.calendar.believed(), now.wall, entry);
        }
    }

    /// The room on the disk changed: what the technician is told.
    pub(super) fn room(&mut self, now: Now, room: Room) -> &'static str {
        let (trouble, code) = match room {
            Room::All => ("", "disk_room"),
            Room::ReturnsOnly => {
                ("the disk is nearly full: only returns are taken; make room", "disk_returns_only")
            }
            Room::None => {
                ("the disk is full: nothing is lent or taken back; make room", "disk_full")
            }
        };
        tracing::warn!(code, "room on the disk");
        // Written while there is still room for it, or again.
        if room == Room::All {
            self.room = room;
        }
        self.event(now, &Entry::of(code));
        self.room = room;
        trouble
    }

    /// Devices that are in another state than before.
    pub(super) fn devices(&mut self, now: Now, before: &[Health], health: &[Health]) {
        for (number, device) in health.iter().enumerate() {
            if before.get(number).map(|before| before.state) == Some(device.state) {
                continue;
            }
            let event = match device.state {
                State::Starting => continue,
                State::Up => "device_up",
                State::Down => "device_down",
                State::Stuck => "device_stuck",
            };
            self.event(now, &Entry { device: Some(&device.name), ..Entry::of(event) });
        }
    }

    /// Old days of the log go.
    pub(super) fn forget(&mut self, now: Now) -> jiff::civil::Date {
        let today = self.today(now);
        self.events.forget(today);
        today
    }

    /// The day that retention goes by; noted for the next start.
    fn today(&mut self, now: Now) -> jiff::civil::Date {
        let today = self.calendar.look(now);
        let believed = self.calendar.believed();
        if self.noted != Some(believed) {
            write_day(&self.calendar_file, believed);
            self.noted = Some(believed);
        }
        today
    }
}

/// A day that cannot be written is begun anew at the next start.
fn write_day(path: &Path, day: jiff::civil::Date) {
    let new = path.with_extension("new");
    let written = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    let written = written
        .and_then(|()| std::fs::write(&new, day.to_string()))
        .and_then(|()| std::fs::rename(&new, path));
    if let Err(error) = written {
        tracing::warn!(%error, "the day cannot be noted");
    }
}
