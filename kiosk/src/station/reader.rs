//! The RFID reader's thread: looks at the pad, reads what is new, writes security states.
//!
//! It decides nothing about loans. A dead or stuck reader never holds the station: the thread
//! alone waits, and says so.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use drivers::rfid::security::{self, Security, SecurityProfile};
use drivers::rfid::tagdata::{self, ElementId, Extent, Model, Need, TagData, TagError};
use drivers::rfid::{ReaderError, Seen, TagReader, Uid};

use crate::privacy::PatronId;
use crate::session::{Content, ItemId, OpId, Rules, TagRead, TagResult};

/// Most commands waiting; a session has at most one write per line.
const COMMANDS_MAX: usize = 256;
/// Pause between two looks at the pad. Commands end it.
const SCAN_PAUSE: Duration = Duration::from_millis(40);
/// Waits between attempts to open a reader (peripherals.md section 6).
const BACK_OFF: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
];
/// Failed looks in a row after which the reader counts as down and is opened again.
const FAILURES_MAX: u32 = 3;
/// Failed reads of one tag after which it counts as unreadable; at the field's edge a tag comes
/// and goes.
const READ_TRIES: u8 = 6;
/// Looks a tag may be missing before what it held is forgotten.
const FORGET_AFTER: u8 = 8;
/// Blocks read first: item identifier, owner and set fit in most tags (readers.md section 3).
const FIRST_BLOCKS: u8 = 8;
/// Most bytes read of one tag.
const READ_MAX: usize = 256;

/// What the loop asks of the reader.
#[derive(Debug)]
pub enum Command {
    /// Bring these tags to a state and read it back.
    SetSecurity {
        /// Names the write.
        op: OpId,
        /// Tags.
        tags: Vec<Uid>,
        /// State.
        want: Security,
    },
    /// A session ended: forget cards.
    Forget,
}

/// What the reader tells the loop.
#[derive(Debug)]
pub enum Told {
    /// It works, or not.
    Up(bool),
    /// One complete look.
    Pad(Vec<TagRead>),
    /// A write ended.
    Done(OpId, TagResult),
}

/// Opens a reader.
pub type Opener = Box<dyn Fn() -> Result<Box<dyn TagReader>, String> + Send>;

/// Tells contents of tags apart.
#[derive(Debug, Clone)]
pub struct Classify {
    owners: Vec<String>,
}

impl Classify {
    /// From the station's rules.
    #[must_use]
    pub fn new(rules: &Rules) -> Self {
        Self { owners: rules.owners.clone() }
    }

    /// What a tag is to a session.
    #[must_use]
    pub fn content(&self, data: &Result<TagData, TagError>) -> Content {
        let Ok(data) = data else { return Content::Bad };
        let Some(id) = data.identifier().filter(|_| data.model != Model::Ndef) else {
            return Content::Bad;
        };
        let usage = data.usage();
        if usage.is_some_and(|u| u.is_patron_card()) {
            return Content::Card(PatronId::new(id));
        }
        if let Some(owner) = data.text(ElementId::OwnerInstitution)
            && !self.owners.is_empty()
            && !owner.is_empty()
            && !self.owners.iter().any(|ours| tagdata::same_isil(ours, owner))
        {
            return Content::Foreign;
        }
        let Ok(item) = ItemId::new(id.trim()) else { return Content::Bad };
        let (parts, part) = data.parts.map_or((1, 1), parts);
        let no_loan = usage.is_some_and(|u| u.is_not_for_circulation() || u.is_discarded());
        Content::Item { item, parts, part, no_loan }
    }
}

fn parts(parts: tagdata::Parts) -> (u8, u8) {
    let small = |n: u16| u8::try_from(n).unwrap_or(u8::MAX);
    let (all, this) = (small(parts.in_item), small(parts.number));
    // 0 of 0 and 1 of 1 are both single items in the field.
    if all <= 1 { (1, 1) } else { (all, this) }
}

/// A running reader thread. Dropping it stops it.
pub struct ReaderThread {
    commands: Option<SyncSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl ReaderThread {
    /// Starts looking. `tell` is called on the reader's thread.
    ///
    /// # Errors
    /// When the system has no thread.
    pub fn start(
        open: Opener,
        security: SecurityProfile,
        classify: Classify,
        tell: Box<dyn Fn(Told) + Send>,
    ) -> std::io::Result<Self> {
        let (commands, receiver) = sync_channel(COMMANDS_MAX);
        let worker = Worker { security, classify, tell, known: HashMap::new(), failures: 0 };
        let thread = std::thread::Builder::new()
            .name("reader".to_owned())
            .spawn(move || worker.run(&open, &receiver))?;
        Ok(Self { commands: Some(commands), thread: Some(thread) })
    }

    /// Hands over a command; `false` when the thread is gone or flooded.
    pub fn send(&self, command: Command) -> bool {
        self.commands.as_ref().is_some_and(|c| c.try_send(command).is_ok())
    }
}

impl Drop for ReaderThread {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the reader thread panicked");
        }
    }
}

#[derive(Debug)]
struct Known {
    content: Content,
    tries: u8,
    missing: u8,
}

struct Worker {
    security: SecurityProfile,
    classify: Classify,
    tell: Box<dyn Fn(Told) + Send>,
    known: HashMap<Uid, Known>,
    failures: u32,
}

/// The command channel closed: the station ends.
struct Stopped;

impl Worker {
    fn run(mut self, open: &Opener, commands: &Receiver<Command>) {
        let mut attempt = 0;
        loop {
            match open() {
                Ok(mut reader) => {
                    self.failures = 0;
                    if self.serve(reader.as_mut(), commands, &mut attempt).is_err() {
                        return;
                    }
                    (self.tell)(Told::Up(false));
                }
                Err(error) => {
                    (self.tell)(Told::Up(false));
                    tracing::debug!(error, "reader");
                }
            }
            if self.wait(BACK_OFF[attempt.min(BACK_OFF.len() - 1)], commands).is_err() {
                return;
            }
            attempt += 1;
        }
    }

    /// Waits without a reader; writes asked for meanwhile fail at once.
    fn wait(&self, wait: Duration, commands: &Receiver<Command>) -> Result<(), Stopped> {
        let until = std::time::Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(std::time::Instant::now());
            match commands.recv_timeout(left) {
                Ok(Command::SetSecurity { op, .. }) => {
                    (self.tell)(Told::Done(op, TagResult::ReaderDown));
                }
                Ok(Command::Forget) => {}
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Err(Stopped),
            }
        }
    }

    /// Looks until the reader is gone (`Ok`) or the station ends.
    fn serve(
        &mut self,
        reader: &mut dyn TagReader,
        commands: &Receiver<Command>,
        attempt: &mut usize,
    ) -> Result<(), Stopped> {
        if let Err(error) = reader.identify() {
            tracing::debug!(%error, "reader does not answer");
            return Ok(());
        }
        *attempt = 0;
        (self.tell)(Told::Up(true));
        loop {
            self.obey(reader, commands)?;
            match reader.inventory() {
                Ok(seen) => {
                    self.failures = 0;
                    self.look(reader, &seen, commands)?;
                }
                Err(error) => {
                    self.failures += 1;
                    if error.is_gone() || self.failures >= FAILURES_MAX {
                        tracing::warn!(%error, "reader lost");
                        return Ok(());
                    }
                }
            }
            match commands.recv_timeout(SCAN_PAUSE) {
                Ok(command) => self.carry_out(reader, command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Stopped),
            }
        }
    }

    fn obey(
        &mut self,
        reader: &mut dyn TagReader,
        commands: &Receiver<Command>,
    ) -> Result<(), Stopped> {
        loop {
            match commands.try_recv() {
                Ok(command) => self.carry_out(reader, command),
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(Stopped),
            }
        }
    }

    fn carry_out(&mut self, reader: &mut dyn TagReader, command: Command) {
        match command {
            Command::SetSecurity { op, tags, want } => {
                let result = self.set_security(reader, &tags, want);
                (self.tell)(Told::Done(op, result));
            }
            Command::Forget => self.known.retain(|_, k| !matches!(k.content, Content::Card(_))),
        }
    }

    fn set_security(&self, reader: &mut dyn TagReader, tags: &[Uid], want: Security) -> TagResult {
        for &uid in tags {
            let result = match security::apply(reader, uid, &self.security, want) {
                Ok(()) => continue,
                Err(ReaderError::NoTag) => TagResult::Gone,
                Err(ReaderError::Gone(_)) => TagResult::ReaderDown,
                Err(error) => {
                    tracing::info!(%uid, %error, "security write");
                    TagResult::Failed
                }
            };
            return result;
        }
        TagResult::Done
    }

    fn look(
        &mut self,
        reader: &mut dyn TagReader,
        seen: &[Seen],
        commands: &Receiver<Command>,
    ) -> Result<(), Stopped> {
        for known in self.known.values_mut() {
            known.missing = known.missing.saturating_add(1);
        }
        let mut news = Vec::new();
        for tag in seen {
            let known = self.known.entry(tag.uid).or_insert(Known {
                content: Content::Unread,
                tries: 0,
                missing: 0,
            });
            known.missing = 0;
            if known.content == Content::Unread {
                news.push(*tag);
            }
        }
        // A card's number stays in memory no longer than the card lies there.
        self.known.retain(|_, k| {
            let limit = if matches!(k.content, Content::Card(_)) { 1 } else { FORGET_AFTER };
            k.missing < limit
        });
        if !news.is_empty() {
            // First sign: something lies there, before it is read.
            self.tell_pad(seen);
        }
        for tag in news {
            self.obey(reader, commands)?;
            let content = self.read(reader, tag);
            if let Some(known) = self.known.get_mut(&tag.uid) {
                known.tries = known.tries.saturating_add(1);
                known.content = content;
                if known.content == Content::Unread && known.tries >= READ_TRIES {
                    known.content = Content::Bad;
                }
            }
        }
        self.tell_pad(seen);
        Ok(())
    }

    fn tell_pad(&self, seen: &[Seen]) {
        let tags = seen
            .iter()
            .map(|tag| TagRead {
                uid: tag.uid,
                content: self.known.get(&tag.uid).map_or(Content::Unread, |k| k.content.clone()),
            })
            .collect();
        (self.tell)(Told::Pad(tags));
    }

    /// Reads only as much as tells what the tag is; `Unread` when it did not answer.
    fn read(&self, reader: &mut dyn TagReader, tag: Seen) -> Content {
        let Ok(mut memory) = reader.read_blocks(tag.uid, 0, FIRST_BLOCKS) else {
            return Content::Unread;
        };
        let mut extent = Extent::Prefix;
        while let Need::AtLeast(bytes) = tagdata::blocks_needed(&memory, tag.dsfid) {
            if bytes > READ_MAX {
                break;
            }
            let first = u8::try_from(memory.len() / 4).unwrap_or(u8::MAX);
            let more = bytes.saturating_sub(memory.len()).div_ceil(4).max(1);
            match reader.read_blocks(tag.uid, first, u8::try_from(more).unwrap_or(u8::MAX)) {
                Ok(bytes) => memory.extend(bytes),
                Err(ReaderError::NoMemory) => {
                    extent = Extent::Whole;
                    break;
                }
                Err(_) => return Content::Unread,
            }
        }
        let data = tagdata::decode_extent(&memory, extent, tag.dsfid, None);
        if matches!(data, Err(TagError::MoreNeeded { .. })) {
            return Content::Bad;
        }
        self.classify.content(&data)
    }
}
