//! The loop's part in the journal: writes, the disk's room, what is kept how long, and the event
//! log beside it.

use std::path::{Path, PathBuf};

use super::{Core, FORGET_EVERY, Health, SPACE_LOOK, State};
use crate::clock::Now;
use crate::config::Config;
use crate::eventlog::{Entry, EventLog};
use crate::journal::JournalError;
use crate::retention::Calendar;
use crate::session::{Input, Record, Room, Token};

/// The event log and the day it is kept by.
pub(super) struct Log {
    events: EventLog,
    calendar: Calendar,
    calendar_file: PathBuf,
    noted: Option<jiff::civil::Date>,
}

impl Log {
    pub(super) fn open(config: &Config, now: Now) -> Self {
        let dir = config.station.data_dir.join("log");
        let calendar_file = dir.join("today");
        let seen = std::fs::read_to_string(&calendar_file).ok();
        let noted = seen.and_then(|day| day.trim().parse().ok());
        let events = EventLog::new(&dir, &config.station.id, config.station.log_days);
        Self { events, calendar: Calendar::new(noted, now), calendar_file, noted }
    }

    fn took(&mut self, now: Now, records: &[Record]) {
        self.today(now);
        self.events.records(self.calendar.believed(), now.wall, records);
    }

    fn event(&mut self, now: Now, entry: &Entry<'_>) {
        self.today(now);
        self.events.write(self.calendar.believed(), now.wall, entry);
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

impl Core {
    /// Makes the writes that are wanted, durably, and says how they went.
    pub(super) fn write_out(&mut self) -> Vec<Input> {
        if self.writes.is_empty() {
            return Vec::new();
        }
        let writes = std::mem::take(&mut self.writes);
        let groups: Vec<&[Record]> = writes.iter().map(|(_, records)| records.as_slice()).collect();
        let results = self.journal.write_all(&groups);
        // The room first: a write that found the disk full changes what may begin.
        let mut inputs: Vec<Input> = self.room_changed().into_iter().collect();
        for ((token, records), result) in writes.iter().zip(results) {
            inputs.push(self.written(*token, records, result));
        }
        inputs
    }

    fn written(
        &mut self,
        token: Token,
        records: &[Record],
        result: Result<(), JournalError>,
    ) -> Input {
        let ok = match result {
            Ok(()) => {
                (self.listeners.journal)(records);
                self.log_records(records);
                self.journal_health.state = State::Up;
                true
            }
            Err(error) => {
                tracing::error!(%error, "journal write");
                self.journal_health.state = State::Down;
                self.journal_health.trouble =
                    format!("{error}; make room, or have the disk looked at");
                false
            }
        };
        Input::Recorded(token, ok)
    }

    /// The log never takes the room that is left for returns.
    fn log_records(&mut self, records: &[Record]) {
        if self.room == Room::All {
            self.records.took(self.clock.now(), records);
        }
    }

    /// An event for the technician.
    pub(super) fn log_event(&mut self, entry: &Entry<'_>) {
        if self.room == Room::All {
            self.records.event(self.clock.now(), entry);
        }
    }

    /// Devices that are in another state than before.
    pub(super) fn log_devices(&mut self, health: &[Health]) {
        for (number, device) in health.iter().enumerate() {
            let before = self.devices.get(number).map(|before| before.state);
            if before == Some(device.state) {
                continue;
            }
            let event = match device.state {
                State::Starting => continue,
                State::Up => "device_up",
                State::Down => "device_down",
                State::Stuck => "device_stuck",
            };
            self.log_event(&Entry { device: Some(&device.name), ..Entry::of(event) });
        }
    }

    pub(super) fn look_after_space(&mut self) {
        let now = self.clock.now().mono;
        if now < self.space_due {
            return;
        }
        self.space_due = now + SPACE_LOOK;
        self.journal.look_after_space();
        if let Some(input) = self.room_changed() {
            self.feed(input);
        }
    }

    /// What the session must hear of the disk's room; the technician is told too.
    fn room_changed(&mut self) -> Option<Input> {
        let room = self.journal.room();
        if room == self.room {
            return None;
        }
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
        if self.room == Room::All || room == Room::All {
            self.records.event(self.clock.now(), &Entry::of(code));
        }
        self.room = room;
        self.journal_health.trouble = trouble.to_owned();
        Some(Input::Room(room))
    }

    /// Old units and logs go by themselves (patron-experience.md section 15), while nobody waits.
    pub(super) fn forget(&mut self) {
        let now = self.clock.now();
        if now.mono < self.forget_due || self.session.is_busy() {
            return;
        }
        self.forget_due = now.mono + FORGET_EVERY;
        let today = self.records.today(now);
        self.records.events.forget(today);
        match self.journal.forget(today, self.keep_days) {
            Ok(forgotten) => {
                let before = &mut self.before;
                before.receipts = before.receipts.saturating_sub(forgotten.receipts);
                before.receipt_lines = before.receipt_lines.saturating_sub(forgotten.receipt_lines);
            }
            Err(error) => tracing::warn!(%error, "old units cannot be forgotten"),
        }
    }
}
