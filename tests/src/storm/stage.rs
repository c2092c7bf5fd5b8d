//! What storms of one thread share: a disk, a key, a set-up, a log.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use drivers::printer::compose::Composer;
use drivers::printer::font::Fonts;
use drivers::printer::profile::ProfileName;
use drivers::printer::spooler::Spooler;
use kiosk::config::Config;
use tempfile::TempDir;
use tracing_subscriber::fmt::MakeWriter;

use super::disk::Disk;

const CONFIG: &str = r#"
[station]
id = "STORM"
data_dir = "/data"
key_file = "/key"
name = { zh-CN = "馆", en = "Library" }
[library.profile]
institution_id = "YZLIB"
[printer]
"#;

/// Everything logged since last looked at, in clear.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Hands over what was logged, and forgets it.
    pub fn with(&self, read: impl FnOnce(&str)) {
        let text = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if !text.is_empty() {
            read(&String::from_utf8_lossy(&text));
        }
    }

    /// What takes the log of a thread.
    #[must_use]
    pub fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + 'static {
        tracing_subscriber::fmt()
            .without_time()
            .with_ansi(false)
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(self.clone())
            .finish()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The stage.
pub struct Stage {
    /// The station's disk.
    pub disk: Disk,
    /// The file of its key.
    pub key: std::path::PathBuf,
    /// Its set-up before a script's.
    pub config: Config,
    /// Makes print jobs.
    pub composer: Rc<Composer>,
    /// The moment real-time stamps count from.
    pub origin: Instant,
    /// The log.
    pub log: Log,
    /// What happened, line by line, for whoever looks for a defect; kept only when wanted.
    pub traced: RefCell<Option<Vec<String>>>,
    _dir: TempDir,
}

impl Stage {
    /// A stage for this thread.
    ///
    /// # Errors
    /// In words, when one of its parts cannot be made.
    pub fn new() -> Result<Self, String> {
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut config: Config = toml::from_str(CONFIG).map_err(|error| error.to_string())?;
        config.use_practice_words();
        // It names each job in its end marker: which slip came out is certain.
        let profile = ProfileName::EpsonTmT20ii.profile();
        let fonts = Fonts { primary: None, fallback: None };
        let composer = Composer::new(profile, fonts).map_err(|error| error.to_string())?;
        Ok(Self {
            disk: Disk::new().map_err(|error| error.to_string())?,
            key: dir.path().join("key"),
            config,
            composer: Rc::new(composer),
            origin: Instant::now(),
            log: Log::default(),
            traced: RefCell::new(None),
            _dir: dir,
        })
    }

    /// Notes what happened, when that is wanted.
    pub fn trace(&self, what: impl FnOnce() -> String) {
        if let Some(lines) = self.traced.borrow_mut().as_mut() {
            lines.push(what());
        }
    }

    /// A printer's spooler at its start.
    #[must_use]
    pub fn spooler(&self, now: Instant) -> Spooler {
        let profile = self.composer.profile();
        Spooler::new(profile.status, profile.end_marker, now)
    }
}
