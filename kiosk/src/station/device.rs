//! The supervisor: every device has a thread of its own, is opened again when it is lost, and its
//! health can be asked at any time.
//!
//! A device that hangs holds its own thread and nothing else: nobody waits for it, not even at the
//! station's end, and the [`Board`] says that it is stuck.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Most commands waiting for a device; a session has at most one write per line.
const COMMANDS_MAX: usize = 256;
/// Waits between attempts to open a device (peripherals.md section 6).
const BACK_OFF: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
];
/// How often a device that is away is looked for between attempts: pushing a plug in is noticed at
/// once, however long the wait.
const PRESENCE_LOOK: Duration = Duration::from_millis(500);
/// A turn of a device's thread is bounded well below this; one that takes longer is stuck in the
/// kernel or its driver.
pub const STUCK_AFTER: Duration = Duration::from_secs(15);
/// Longest wait for a device's thread at the end. One that is stuck is left behind.
const END_WAIT: Duration = Duration::from_secs(2);

/// What a device is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// RFID reader of items (and of cards of the same kind).
    Pad,
    /// Reader of patron cards only.
    Cards,
    /// Barcode and QR scanner.
    Scanner,
    /// Resident identity card module.
    IdCard,
    /// Receipt printer.
    Printer,
    /// The library system, which is no device but may be away like one.
    Library,
    /// The journal, likewise.
    Journal,
}

/// How a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not opened yet.
    Starting,
    /// It answers.
    Up,
    /// Away, or does not answer; it is tried again.
    Down,
    /// Its thread hangs in a call that should have ended.
    Stuck,
}

/// What a device says of itself when it is opened.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Firmware version, as the device writes it.
    pub firmware: Option<String>,
}

/// One device's health, for the start screen and the technician.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Its name in configuration.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Model.
    pub model: String,
    /// Where it is connected.
    pub port: String,
    /// How it is.
    pub state: State,
    /// Firmware when last opened.
    pub firmware: Option<String>,
    /// Times it was opened with success since start.
    pub opened: u32,
    /// Why it is down, in the driver's words; empty otherwise.
    pub trouble: String,
}

struct Entry {
    health: Mutex<Health>,
    /// Milliseconds since the board's beginning at which the present turn began; 0 = at rest.
    busy_from: AtomicU64,
}

/// Everybody's health.
#[derive(Clone)]
pub struct Board {
    begin: Instant,
    entries: Arc<Mutex<Vec<Arc<Entry>>>>,
}

impl Default for Board {
    fn default() -> Self {
        Self { begin: Instant::now(), entries: Arc::default() }
    }
}

impl Board {
    /// Every device's health now, in the order they were added.
    #[must_use]
    pub fn health(&self) -> Vec<Health> {
        let now = self.millis();
        lock(&self.entries)
            .iter()
            .map(|entry| {
                let mut health = lock(&entry.health).clone();
                let from = entry.busy_from.load(Ordering::Relaxed);
                let limit = u64::try_from(STUCK_AFTER.as_millis()).unwrap_or(u64::MAX);
                if from > 0 && now.saturating_sub(from) > limit {
                    health.state = State::Stuck;
                }
                health
            })
            .collect()
    }

    fn millis(&self) -> u64 {
        // From 1, so that 0 can mean "at rest".
        u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }

    fn add(&self, about: About) -> Arc<Entry> {
        let health = Health {
            name: about.name,
            role: about.role,
            model: about.model,
            port: about.port,
            state: State::Starting,
            firmware: None,
            opened: 0,
            trouble: String::new(),
        };
        let entry = Arc::new(Entry { health: Mutex::new(health), busy_from: AtomicU64::new(0) });
        lock(&self.entries).push(Arc::clone(&entry));
        entry
    }
}

/// A panic elsewhere leaves plain data behind; it stays usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a device is called and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Its name in configuration.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Model.
    pub model: String,
    /// Where it is connected.
    pub port: String,
}

/// How a turn of a device's work ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// All is well.
    GoOn,
    /// The device is gone or does not answer any more; it must be opened again.
    Lost(String),
}

/// What one device does on its thread. Every call must end within a few seconds.
pub trait Work: Send + 'static {
    /// What can be asked of it.
    type Command: Send + 'static;

    /// Opens the device and asks who it is.
    ///
    /// # Errors
    /// Why not, in words for a technician.
    fn open(&mut self) -> Result<Identity, String>;

    /// One turn: looks at the device and does what is asked. `wait` takes the next command, waiting
    /// at most the time given.
    fn turn(&mut self, inbox: &Inbox<'_, Self::Command>) -> Turn;

    /// The device went up or down.
    fn told(&mut self, up: bool);

    /// A command that comes while the device is away.
    fn refuse(&mut self, command: Self::Command);

    /// Whether the device is plugged in, as far as the system says; `None` when it cannot say.
    fn is_present(&self) -> Option<bool> {
        None
    }
}

/// Where a device's work takes its commands from.
pub struct Inbox<'a, C> {
    commands: &'a Receiver<C>,
    entry: &'a Entry,
    board: &'a Board,
}

impl<C> Inbox<'_, C> {
    /// A command that is there already.
    #[must_use]
    pub fn take(&self) -> Option<C> {
        self.commands.try_recv().ok()
    }

    /// Rests until the next command, at most so long.
    #[must_use]
    pub fn wait(&self, longest: Duration) -> Option<C> {
        self.entry.busy_from.store(0, Ordering::Relaxed);
        let command = self.commands.recv_timeout(longest).ok();
        self.entry.busy_from.store(self.board.millis(), Ordering::Relaxed);
        command
    }

    /// A step is done: the thread is not stuck.
    pub fn alive(&self) {
        self.entry.busy_from.store(self.board.millis(), Ordering::Relaxed);
    }
}

/// A running device thread. Dropping it ends it.
pub struct Device<C> {
    commands: Option<SyncSender<C>>,
    quit: Option<Sender<()>>,
    ended: Receiver<()>,
    name: String,
}

impl<C: Send + 'static> Device<C> {
    /// Starts the thread; the device is opened on it.
    ///
    /// # Errors
    /// When the system has no thread.
    pub fn start<W: Work<Command = C>>(
        board: &Board,
        about: About,
        work: W,
    ) -> std::io::Result<Self> {
        let (commands, receiver) = sync_channel(COMMANDS_MAX);
        let (quit, quitting) = channel();
        // Never sent on: it closes when the thread ends, also by a panic.
        let (end, ended) = channel::<()>();
        let name = about.name.clone();
        let entry = board.add(about);
        let supervised = Supervised {
            work,
            entry,
            board: board.clone(),
            commands: receiver,
            quitting,
            attempt: 0,
        };
        std::thread::Builder::new().name(name.clone()).spawn(move || {
            supervised.run();
            drop(end);
        })?;
        Ok(Self { commands: Some(commands), quit: Some(quit), ended, name })
    }

    /// Hands over a command; `false` when the thread is gone or flooded.
    pub fn send(&self, command: C) -> bool {
        self.commands.as_ref().is_some_and(|c| c.try_send(command).is_ok())
    }
}

impl<C> Drop for Device<C> {
    fn drop(&mut self) {
        self.commands = None;
        self.quit = None;
        if self.ended.recv_timeout(END_WAIT) == Err(RecvTimeoutError::Timeout) {
            tracing::error!(device = self.name, "its thread hangs and is left behind");
        }
    }
}

struct Supervised<W: Work> {
    work: W,
    entry: Arc<Entry>,
    board: Board,
    commands: Receiver<W::Command>,
    quitting: Receiver<()>,
    attempt: usize,
}

/// The station ends.
struct Stopped;

impl<W: Work> Supervised<W> {
    fn run(mut self) {
        loop {
            let trouble = match self.busy(W::open) {
                Ok(identity) => {
                    self.attempt = 0;
                    self.up(identity);
                    match self.serve() {
                        Ok(trouble) => trouble,
                        Err(Stopped) => return,
                    }
                }
                Err(trouble) => trouble,
            };
            self.down(trouble);
            let wait = BACK_OFF[self.attempt.min(BACK_OFF.len() - 1)];
            if self.wait(wait).is_err() {
                return;
            }
            self.attempt += 1;
        }
    }

    /// A call into the device, watched for being stuck.
    fn busy<T>(&mut self, call: impl FnOnce(&mut W) -> T) -> T {
        self.entry.busy_from.store(self.board.millis(), Ordering::Relaxed);
        let result = call(&mut self.work);
        self.entry.busy_from.store(0, Ordering::Relaxed);
        result
    }

    fn is_stopped(&self) -> bool {
        self.quitting.try_recv() == Err(std::sync::mpsc::TryRecvError::Disconnected)
    }

    fn serve(&mut self) -> Result<String, Stopped> {
        loop {
            if self.is_stopped() {
                return Err(Stopped);
            }
            self.entry.busy_from.store(self.board.millis(), Ordering::Relaxed);
            let inbox = Inbox { commands: &self.commands, entry: &self.entry, board: &self.board };
            let turn = self.work.turn(&inbox);
            self.entry.busy_from.store(0, Ordering::Relaxed);
            if let Turn::Lost(trouble) = turn {
                return Ok(trouble);
            }
        }
    }

    fn up(&mut self, identity: Identity) {
        {
            let mut health = lock(&self.entry.health);
            health.state = State::Up;
            health.firmware = identity.firmware;
            health.opened = health.opened.saturating_add(1);
            health.trouble.clear();
            tracing::info!(
                device = health.name,
                model = health.model,
                firmware = health.firmware,
                "up"
            );
        }
        self.work.told(true);
    }

    fn down(&mut self, trouble: String) {
        let news = {
            let mut health = lock(&self.entry.health);
            let news = health.state != State::Down;
            if news {
                tracing::warn!(device = health.name, trouble, "down");
            }
            health.state = State::Down;
            health.trouble = trouble;
            news
        };
        if news {
            self.work.told(false);
        }
    }

    /// Waits without a device; what is asked meanwhile fails at once. Ends early when the device
    /// is plugged in again.
    fn wait(&mut self, wait: Duration) -> Result<(), Stopped> {
        let until = Instant::now() + wait;
        let mut present = self.work.is_present();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.commands.recv_timeout(left.min(PRESENCE_LOOK)) {
                Ok(command) => self.work.refuse(command),
                Err(RecvTimeoutError::Timeout) if left <= PRESENCE_LOOK => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Stopped),
            }
            if self.is_stopped() {
                return Err(Stopped);
            }
            let now = self.work.is_present();
            if present == Some(false) && now == Some(true) {
                return Ok(());
            }
            present = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Sender;

    use super::*;

    /// Longest wait for a fact in these tests.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[derive(Debug, PartialEq, Eq)]
    enum Said {
        Told(bool),
        Refused(u32),
        Did(u32),
    }

    /// A device that follows a script: what each opening gives, and which command loses it.
    struct Scripted {
        openings: Vec<Result<Identity, String>>,
        say: Sender<Said>,
        plugged: Arc<Mutex<Option<bool>>>,
        hang: Option<Receiver<()>>,
    }

    const LOSE: u32 = 666;

    impl Work for Scripted {
        type Command = u32;
        fn open(&mut self) -> Result<Identity, String> {
            if let Some(hang) = &self.hang {
                // Until the test lets go.
                let _ = hang.recv();
            }
            if self.openings.is_empty() { Ok(Identity::default()) } else { self.openings.remove(0) }
        }
        fn turn(&mut self, inbox: &Inbox<'_, u32>) -> Turn {
            match inbox.wait(Duration::from_millis(5)) {
                Some(LOSE) => Turn::Lost("pulled".to_owned()),
                Some(command) => {
                    let _ = self.say.send(Said::Did(command));
                    Turn::GoOn
                }
                None => Turn::GoOn,
            }
        }
        fn told(&mut self, up: bool) {
            let _ = self.say.send(Said::Told(up));
        }
        fn refuse(&mut self, command: u32) {
            let _ = self.say.send(Said::Refused(command));
        }
        fn is_present(&self) -> Option<bool> {
            *lock(&self.plugged)
        }
    }

    struct Rig {
        board: Board,
        device: Device<u32>,
        said: Receiver<Said>,
        plugged: Arc<Mutex<Option<bool>>>,
    }

    fn rig(openings: Vec<Result<Identity, String>>, hang: Option<Receiver<()>>) -> Rig {
        let (say, said) = channel();
        let plugged = Arc::new(Mutex::new(None));
        let work = Scripted { openings, say, plugged: Arc::clone(&plugged), hang };
        let board = Board::default();
        let about = About {
            name: "reader".to_owned(),
            role: Role::Pad,
            model: "3m810".to_owned(),
            port: "tcp:nowhere:1".to_owned(),
        };
        let device = Device::start(&board, about, work).unwrap();
        Rig { board, device, said, plugged }
    }

    #[test]
    fn up_with_its_version_and_down_with_the_reason() {
        let identity = Identity { firmware: Some("10.3.2.6".to_owned()) };
        let rig = rig(vec![Ok(identity), Err("nothing at the port".to_owned())], None);
        assert_eq!(rig.said.recv_timeout(PATIENCE), Ok(Said::Told(true)));
        let health = rig.board.health().remove(0);
        assert_eq!((health.state, health.opened), (State::Up, 1));
        assert_eq!(health.firmware.as_deref(), Some("10.3.2.6"));
        assert!(rig.device.send(7));
        assert_eq!(rig.said.recv_timeout(PATIENCE), Ok(Said::Did(7)));

        assert!(rig.device.send(LOSE));
        assert_eq!(rig.said.recv_timeout(PATIENCE), Ok(Said::Told(false)));
        assert_eq!(rig.board.health()[0].trouble, "pulled");
        // What is asked of a device that is away is answered at once, not kept.
        assert!(rig.device.send(8));
        assert_eq!(rig.said.recv_timeout(PATIENCE), Ok(Said::Refused(8)));
        // The second opening fails without more telling; the third succeeds.
        assert_eq!(rig.said.recv_timeout(PATIENCE), Ok(Said::Told(true)));
        assert_eq!(rig.board.health()[0].opened, 2);
    }

    #[test]
    fn a_plug_pushed_in_again_is_noticed_before_the_wait_ends() {
        let failures = vec![Err("away".to_owned()); 3];
        let rig = rig(failures, None);
        *lock(&rig.plugged) = Some(false);
        assert_eq!(rig.said.recv_timeout(PATIENCE), Ok(Said::Told(false)));
        let begin = Instant::now();
        // Three failures without a plug would take 1 + 2 + 5 s; each look cuts one short.
        while rig.board.health()[0].state != State::Up {
            assert!(begin.elapsed() < PATIENCE, "never opened");
            for present in [false, true] {
                *lock(&rig.plugged) = Some(present);
                let _ = rig.said.recv_timeout(PRESENCE_LOOK * 2);
            }
        }
    }

    #[test]
    fn a_device_that_hangs_holds_nobody() {
        let (let_go, hang) = channel();
        let rig = rig(Vec::new(), Some(hang));
        assert_eq!(rig.board.health()[0].state, State::Starting);
        let begin = Instant::now();
        drop(rig.device);
        assert!(begin.elapsed() < PATIENCE, "the end waited for a hanging device");
        drop(let_go);
    }

    #[test]
    fn a_turn_without_end_is_called_stuck() {
        let board = Board { begin: Instant::now() - STUCK_AFTER * 2, ..Board::default() };
        let about = About {
            name: "pad".to_owned(),
            role: Role::Pad,
            model: "feig".to_owned(),
            port: "usb:0403:6001".to_owned(),
        };
        let entry = board.add(about);
        assert_eq!(board.health()[0].state, State::Starting);
        entry.busy_from.store(1, Ordering::Relaxed);
        assert_eq!(board.health()[0].state, State::Stuck);
        entry.busy_from.store(board.millis(), Ordering::Relaxed);
        assert_eq!(board.health()[0].state, State::Starting);
    }
}
