//! What the UHF tags among them need; their air interface is in [`gen2`](crate::sim::gen2).

use std::time::Duration;

use super::Field;

impl Field {
    /// Whether the tag of this name lies here and hears a command now.
    pub(crate) fn hears(&mut self, id: &str) -> bool {
        let index = self.on_pad.iter().copied().find(|&i| self.tags[i].id == id);
        index.is_some_and(|index| self.answers(index))
    }

    /// What a tag takes for one write.
    pub(crate) fn write_time(&self) -> Duration {
        self.write_time
    }

    /// Whether this AFI write fails, whatever the tag; counted as one.
    pub(crate) fn afi_write_fails(&mut self) -> bool {
        let fails = self.afi_fails > 0;
        self.afi_fails = self.afi_fails.saturating_sub(1);
        fails
    }
}
